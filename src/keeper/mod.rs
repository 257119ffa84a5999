//! The process that owns one pane.
