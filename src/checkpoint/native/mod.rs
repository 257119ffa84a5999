//! The native engine: ptrace, /proc and nothing else.
//!
//! Dump side: `assess` looks, `freeze` stops, `dump` describes; `fds`, `sockets`, `mappings`, `pages` and `pane`
//! each own one kind of thing. Everything asked of a process by a system call on its behalf goes through
//! `freeze::Injector`, which gives back what it borrowed.

pub mod arch_x86_64;
pub mod assess;
mod batch;
pub mod dump;
pub mod engine;
pub mod fds;
pub mod freeze;
pub mod init;
pub mod inodes;
pub mod mapped;
pub mod mappings;
mod open;
pub mod pages;
pub mod pane;
mod plan;
pub mod proc;
mod skeleton;
pub mod sockets;
pub mod view;

pub use engine::NativeEngine;
