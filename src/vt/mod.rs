//! Bytes to screen, keys to bytes. A screen is one serde value; nothing here knows ptys, panes or clients.
