//! Two byte streams to another qmux: unix socket, ssh, memory. Knows nothing of what is said over them.
pub mod runtime;
