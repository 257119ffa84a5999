//! The native engine: ptrace, /proc and nothing else.
mod batch;
pub mod fitness;
pub mod init;
mod nursery;
mod open;
mod person;
mod plan;
mod refill;
pub mod restore;
mod skeleton;
mod space;
mod vdso;
