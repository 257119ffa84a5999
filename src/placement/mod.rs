//! Which host, and why.
//!
//! Owns load samples, the list of hosts in `hosts.toml`, the formula of `auto` and the table of
//! `qmux hosts`. Must not know how a sample of another host is fetched. The formula is explained in
//! `docs/placement.md`.

pub mod choose;
pub mod hosts;
pub mod sample;
pub mod table;

pub use choose::{Candidate, Choice, NoHost, State, choose};
pub use hosts::{Host, HostsError, HostsFile};
pub use sample::Sample;
