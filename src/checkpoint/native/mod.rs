//! The native engine: ptrace, /proc and nothing else.
//!
//! Dump side: `belong` says which processes are the tree, `assess` looks, `freeze` stops, `dump` describes; `fds`, `sockets`, `mappings`, `pages` and `pane`
//! each own one kind of thing. Everything asked of a process by a system call on its behalf goes through
//! `freeze::Injector`, which gives back what it borrowed. `precopy` sends memory ahead while the tree runs.
//!
//! Restore side: `restore` leads; `fitness` asks whether this host will do; `nursery` is the keeper's end and
//! `init`, `open`, `plan`, `skeleton` the other end of the process that makes namespaces, files and the bare tree;
//! `carried` puts files that come along, unasked those in folders that `own` knows; `listen` makes listening sockets, `epoll` registrations; `fill` puts memory in;
//! `space`, `vdso` and `person` make each process itself, by `batch`es of calls; `refill` gives typed input back.

pub mod arch_x86_64;
pub mod assess;
mod batch;
mod belong;
mod carried;
pub mod dump;
pub mod engine;
mod epoll;
pub mod fds;
mod fill;
pub mod fitness;
pub mod freeze;
pub mod init;
pub mod inodes;
mod ipc;
mod listen;
pub mod mapped;
pub mod mappings;
mod nursery;
mod open;
pub mod own;
pub mod pages;
pub mod pane;
mod person;
mod plan;
mod precopy;
pub mod proc;
mod refill;
pub mod restore;
mod skeleton;
pub mod sockets;
mod space;
mod vdso;
pub mod view;

pub use engine::NativeEngine;
