//! qmux: a terminal multiplexer whose panes can move to another machine alive.
//!
//! Three roles in one binary: the client (a user's terminal), the server (sessions, windows, panes,
//! drawing) and the keeper (one per pane: owns the pty and the process tree, checkpoints and restores
//! it). `docs/architecture.md` holds the table of who may use whom; `tests/architecture.rs` checks it.

pub mod checkpoint;
pub mod client;
pub mod command;
pub mod doctor;
pub mod format;
pub mod ids;
pub mod keeper;
pub mod manual;
pub mod migration;
pub mod mux;
pub mod placement;
pub mod protocol;
pub mod pty;
pub mod server;
pub mod sys;
pub mod transport;
pub mod view;
pub mod vt;
