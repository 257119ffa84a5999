//! Sessions, windows, layouts, panes, clients, options, key tables: everything qmux knows, in one value.
//!
//! Events go in, effects come out. No file descriptor, no clock, no thread, no `async`.

pub mod event;
pub mod layout;
pub(crate) mod words;
