//! System calls that have no safe wrapper elsewhere: the only `unsafe` of the project. Knows nothing of qmux.
#![allow(unsafe_code)]

pub mod arch_x86_64;
pub mod channel;
pub mod child;
pub mod clock;
pub mod clone3;
pub mod descriptors;
pub mod fdpass;
pub mod fdtable;
pub mod inherited;
pub mod ipc;
pub mod memory;
pub mod namespace;
pub mod pollable;
pub mod prctl;
pub mod ptmx;
pub mod ptrace;
pub mod shared;
pub mod signals;
pub mod tty;
