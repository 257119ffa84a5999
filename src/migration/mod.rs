//! The handover as two state machines without I/O.
