//! The native engine: ptrace, /proc and nothing else.
mod batch;
pub mod init;
mod open;
mod plan;
mod skeleton;
