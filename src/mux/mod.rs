//! Sessions, windows, layouts, panes, clients, options, key tables. No fd, no clock, no thread.
