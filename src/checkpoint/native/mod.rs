//! The native engine: ptrace, /proc and nothing else.
pub mod init;
mod open;
mod plan;
mod skeleton;
