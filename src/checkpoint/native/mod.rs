//! The native engine: ptrace, /proc and nothing else.
