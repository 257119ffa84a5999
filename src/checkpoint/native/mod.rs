//! The native engine: dump and restore by ptrace from outside, without a blob in the process.
pub mod init;
mod open;
mod plan;
mod skeleton;
