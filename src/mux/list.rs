//! A list that covers a pane, to choose one entry from (`choose-tree`, `choose-buffer`, `choose-client`).
//!
//! Owns the choice; the command to run with it is made by the caller's template.

use std::collections::BTreeSet;

/// Most rows kept.
pub const MAX_ITEMS: usize = 10_000;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// How deep it is indented.
    pub depth: u8,
    /// The target that names it, put for `%%` in the template.
    pub target: String,
    /// Its name, which stands before the text.
    pub label: String,
    /// What is shown; may hold `#[style]`.
    pub text: String,
}

/// The list and where in it the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListMode {
    /// What is listed.
    pub kind: ListKind,
    /// The rows.
    pub items: Vec<ListItem>,
    /// The row chosen.
    pub current: usize,
    /// First row shown.
    pub top: usize,
    /// Rows that can be shown.
    pub rows: usize,
    /// Command with `%%` for the chosen target.
    pub template: String,
    /// The window was zoomed for the list and is to be unzoomed after it.
    pub unzoom: bool,
    /// The targets that are tagged.
    pub tagged: BTreeSet<String>,
    /// The filter let nothing through, so all is shown.
    pub no_matches: bool,
}

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Sessions, windows and panes.
    Tree,
    /// Paste buffers.
    Buffers,
    /// Clients.
    Clients,
    /// Options, to be changed.
    Options,
}

impl ListMode {
    /// Moves the choice by `by` rows, kept inside.
    pub fn step(&mut self, by: i64) {
        let last = self.items.len().saturating_sub(1) as i64;
        self.current = (self.current as i64 + by).clamp(0, last.max(0)) as usize;
        self.follow();
    }

    /// Scrolls so that the chosen row is shown.
    pub fn follow(&mut self) {
        let rows = self.rows.max(1);
        if self.current < self.top {
            self.top = self.current;
        } else if self.current >= self.top + rows {
            self.top = self.current + 1 - rows;
        }
    }

    /// Tags the chosen row or takes its tag away, and goes on to the next.
    pub fn tag(&mut self) {
        let Some(item) = self.items.get(self.current) else { return };
        if !self.tagged.remove(&item.target) {
            self.tagged.insert(item.target.clone());
        }
        self.step(1);
    }

    /// Rows without a line below them are gone; the choice stays in the list.
    pub fn remove(&mut self, gone: &[String]) {
        self.items.retain(|item| !gone.contains(&item.target));
        self.tagged.retain(|target| !gone.contains(target));
        self.step(0);
    }

    /// The rows shown now, with their positions.
    pub fn shown(&self) -> impl Iterator<Item = (usize, &ListItem)> {
        self.items.iter().enumerate().skip(self.top).take(self.rows.max(1))
    }
}
