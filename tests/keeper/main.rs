//! The real keeper daemon over its real socket, with real programs on real pseudo-terminals.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;
mod native;
mod pane;
#[path = "../moves/relay.rs"]
mod relay;
