//! System calls that have no safe wrapper elsewhere: the only `unsafe` of the project. Knows nothing of qmux.
#![allow(unsafe_code)]

pub mod arch_x86_64;
pub mod clock;
pub mod descriptors;
pub mod fdpass;
pub mod memory;
pub mod ptrace;
pub mod tty;
