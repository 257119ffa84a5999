//! The real keeper daemon over its real socket, with real programs on real pseudo-terminals.

mod harness;
mod native;
mod pane;
#[path = "../moves/relay.rs"]
mod relay;
