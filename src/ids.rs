//! Names of things: panes, windows, sessions, clients, hosts, moves, epochs.
//!
//! Owns the identifiers every other module speaks in, and knows nothing of any of them.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $sigil:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }
    };
}

numbered!(
    /// A pane, `%3`. Unique in one server for its life; kept on every host the pane moves to.
    PaneId, "%"
);
numbered!(
    /// A window, `@2`.
    WindowId, "@"
);
numbered!(
    /// A session, `$1`.
    SessionId, "$"
);
numbered!(
    /// A connected client.
    ClientId, "client-"
);
numbered!(
    /// Work handed to the world by `mux`; its answer comes back under the same number.
    RequestId, "request-"
);

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64, pub u64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}{:016x}", self.0, self.1)
            }
        }
        impl std::str::FromStr for $name {
            type Err = BadId;
            /// Reads the 32 hexadecimal digits that `Display` writes.
            fn from_str(s: &str) -> Result<Self, BadId> {
                if s.len() != 32 || !s.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(BadId);
                }
                let half = |t: &str| u64::from_str_radix(t, 16).map_err(|_| BadId);
                Ok(Self(half(&s[..16])?, half(&s[16..])?))
            }
        }
        impl $name {
            /// A new one from 16 bytes of the caller's randomness.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                let n = u128::from_le_bytes(bytes);
                Self((n >> 64) as u64, n as u64)
            }
        }
    };
}

random_id!(
    /// The life of one pane over all hosts and servers: the name its keepers are found by.
    LifeId
);
random_id!(
    /// One move of one pane.
    MoveId
);
random_id!(
    /// One checkpoint image.
    ImageId
);

/// Not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadId;

/// Counts the moves of a pane. Of two records of one life the higher epoch is the pane and the
/// lower is history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch after one more move.
    pub fn next(self) -> Epoch {
        Epoch(self.0 + 1)
    }
}

/// A host as the user names it: whatever `ssh HOST` reaches, or `local:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostName(pub String);

impl HostName {
    /// Longest name accepted, in bytes (a DNS name has at most 253; a user and `@` may stand before it).
    pub const MAX: usize = 320;

    /// The NAME of `local:NAME`, a second qmux on this machine that needs no ssh.
    pub fn local(&self) -> Option<&str> {
        self.0.strip_prefix("local:")
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A terminal's size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

impl Size {
    /// Largest side accepted from outside, in cells; larger is clamped.
    pub const MAX: u16 = 10_000;

    /// A size with both sides in `1..=MAX`.
    pub fn new(cols: u16, rows: u16) -> Self {
        Size { cols: cols.clamp(1, Self::MAX), rows: rows.clamp(1, Self::MAX) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ExitStatus {
    /// It called exit with this code.
    Code(i32),
    /// It was killed by this signal.
    Signal(i32),
}
