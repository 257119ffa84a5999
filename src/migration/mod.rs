//! The handover as two state machines without I/O: [`Source`] and [`Destination`].
//!
//! Owns the rules of `docs/architecture.md` section 5 and nothing else. Must not know ptrace, ssh, files,
//! clocks or `mux`: what happened comes in as a value, what is to be done goes out as a value, and the
//! keeper that drives a machine does it.
//!
//! Contract with the driver:
//! - Outputs are carried out **one after the other, in order**; one is finished (a record is on disk, a
//!   message is handed to the link) before the next begins. Crashes may fall between any two of them.
//! - [`SourceCommand::Precopy`], `Freeze`, `Dump`, `Seal` and [`DestinationCommand::Consider`], `Restore`,
//!   `Resume` are begun, and answered later by an input. All other commands are finished when the driver
//!   goes on, and end whatever was begun before; a late answer to that is ignored.
//! - A record that cannot be written (disk full): what was to follow it is dropped. The destination hears
//!   `JournalFailed`; the source hears `EngineFailed` for Begin, `Peer(Gone)` for Commit (it has not been
//!   said, so nobody can act on it), and nothing for others, whose outputs go on.
//! - A message sent while the link is down may be dropped. Messages arrive in order or the link is cut.
//! - `now_ms` is any clock that does not go back. [`Source::next_deadline_ms`] says when a `Tick` is due.

pub mod destination;
pub mod journal;
pub mod report;
pub mod source;

#[cfg(test)]
mod explore;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod tests;

pub use destination::{Destination, DestinationCommand, DestinationInput, DestinationOutput};
pub use journal::{Journal, JournalError, Record, Root};
pub use report::{Report, Whereabouts};
pub use source::{Order, Source, SourceCommand, SourceInput, SourceOutput};

use serde::{Deserialize, Serialize};

/// What a keeper that restarts finds of the process tree that its journal names by pid and start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fate {
    /// All processes on record are there, untraced.
    Alive,
    /// Some are.
    Partly,
    /// None is.
    Dead,
}

/// A human's choice against the rules (`qmux move --resolve`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Resolution {
    /// The pane shall run where this keeper is.
    Here,
    /// It runs at the other side: what is here ends.
    There,
}

/// Longest wait for the answer to an offer, ms: the other side hashes what it maps meanwhile.
pub const OFFER_TIMEOUT_MS: u64 = 20_000;
/// Longest wait for Ready after the last byte of the image, ms.
pub const READY_TIMEOUT_MS: u64 = 60_000;
/// Commit and Query are said again after this time without an answer, ms.
pub const REPEAT_MS: u64 = 1_000;
/// After this time without a decision the pane is shown as undecided, ms. Nothing is decided by it.
pub const UNDECIDED_AFTER_MS: u64 = 10_000;
