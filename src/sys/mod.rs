//! System calls that have no safe wrapper elsewhere: the only `unsafe` of the project. Knows nothing of qmux.
#![allow(unsafe_code)]

pub mod child;
pub mod clock;
pub mod fdpass;
pub mod tty;
