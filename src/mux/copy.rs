//! Copy mode: a frozen picture of a pane with a cursor, a selection and a search.
//!
//! Owns motion and selection over a `Screen` taken when the mode was entered; what a copied text is used for
//! is decided by its caller. Lines are counted from the oldest line of the picture, from 0.

mod motion;
mod search;
mod select;

pub use select::{Follows, SelectBy, Selection};

use crate::ids::Size;
use crate::vt::Screen;

/// Longest text taken out of one selection, in bytes.
pub const MAX_COPY: usize = 64 * 1024 * 1024;

/// A cell of the picture; ordered by line, then column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Point {
    /// Line, 0 is the oldest.
    pub line: usize,
    /// Column.
    pub x: u16,
}

/// What `f`, `F`, `t`, `T` looked for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jump {
    pub(crate) target: char,
    pub(crate) forward: bool,
    pub(crate) before: bool,
}

/// A search in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The text looked for.
    pub text: String,
    /// Direction of the last search.
    pub forward: bool,
    /// All places, in order: where, and how many columns wide.
    pub matches: Vec<(Point, u16)>,
}

/// A pane's copy or view mode.
#[derive(Debug)]
pub struct CopyMode {
    /// The picture.
    pub screen: Screen,
    /// View mode: the picture is a command's output; `q` leaves, nothing is refreshed.
    pub view: bool,
    /// Lines scrolled back from the bottom.
    pub scroll: usize,
    /// The cursor, in the picture.
    pub cursor: Point,
    /// The selection.
    pub selection: Option<Selection>,
    /// The selection is a rectangle.
    pub rectangle: bool,
    /// The search in force.
    pub search: Option<Search>,
    /// What was looked for in this pane before, and whether as plain text: to be found again upwards.
    pub(crate) remembered: Option<(String, bool)>,
    /// The mark of `set-mark`.
    pub mark: Option<Point>,
    /// Where `jump-to-mark` goes before there is a mark: where the cursor was at first.
    pub(crate) entry: Point,
    /// Leave when scrolled to the bottom (`copy-mode -e`).
    pub exit_at_bottom: bool,
    /// Hide the position in the corner (`copy-mode -H`).
    pub hide_position: bool,
    /// vi keys: the cursor does not go past the last character of a line.
    pub vi: bool,
    /// Characters that end a word.
    pub separators: String,
    /// Repeat count typed so far.
    pub count: u32,
    pub(crate) jump: Option<Jump>,
    /// Where the last step up or down left a line: the column, and the column where that line ended. Another
    /// step goes back to it from the end of a line, and from behind a line's end to the ends of others.
    pub(crate) left_at: (u16, u16),
    /// Lines where the shell said that a prompt (false) or a command's output (true) begins.
    pub(crate) prompts: Vec<(usize, bool)>,
    /// The line that `recentre-top-bottom` moved last, and where it is: 0 centre, 1 top, 2 bottom.
    pub(crate) recentred: Option<(usize, u8)>,
    /// Where an incremental search began.
    pub(crate) search_origin: Option<Point>,
    pub(crate) wrap_search: bool,
}

impl CopyMode {
    /// Over this picture, cursor where the program's was.
    pub fn new(screen: Screen, vi: bool, separators: String) -> CopyMode {
        let at = screen.cursor();
        let cursor = Point { line: screen.history_len() + usize::from(at.y), x: at.x };
        CopyMode {
            screen,
            view: false,
            scroll: 0,
            cursor,
            selection: None,
            rectangle: false,
            search: None,
            remembered: None,
            mark: None,
            entry: cursor,
            exit_at_bottom: false,
            hide_position: false,
            vi,
            separators,
            count: 0,
            jump: None,
            left_at: (0, 0),
            prompts: Vec::new(),
            recentred: None,
            search_origin: None,
            wrap_search: true,
        }
    }

    /// Size of what is shown.
    pub fn size(&self) -> Size {
        self.screen.size()
    }

    /// Lines in the picture.
    pub fn lines(&self) -> usize {
        self.screen.history_len() + usize::from(self.screen.size().rows)
    }

    /// The line shown at the top.
    pub fn top_line(&self) -> usize {
        self.screen.history_len().saturating_sub(self.scroll)
    }

    /// Where to draw the cursor: column and row of what is shown.
    pub fn cursor_on_screen(&self) -> (u16, u16) {
        let rows = self.screen.size().rows;
        let y = self.cursor.line.saturating_sub(self.top_line()).min(usize::from(rows - 1));
        (self.cursor.x.min(self.screen.size().cols - 1), y as u16)
    }

    /// Whether a cell belongs to a search match: `Some(true)` when it is the match at the cursor.
    pub fn match_at(&self, line: usize, x: u16) -> Option<bool> {
        let matches = &self.search.as_ref()?.matches;
        let p = Point { line, x };
        let after = matches.partition_point(|(at, _)| *at <= p);
        let (at, width) = matches.get(after.checked_sub(1)?)?;
        // A match may go on in the next row of a wrapped line. With emacs keys the cursor is behind its match.
        let behind = |p: Point| (p.line - at.line) * usize::from(self.screen.size().cols) + usize::from(p.x);
        let end = usize::from(at.x) + usize::from(*width);
        let current = *at == self.cursor || (!self.vi && self.cursor >= *at && behind(self.cursor) == end);
        (behind(p) < end).then_some(current)
    }

    /// The pane has another size: the picture reflows, the cursor stays inside.
    pub fn resize(&mut self, size: Size) {
        self.screen.resize(size);
        self.selection = None;
        self.search = None;
        self.scroll = self.scroll.min(self.screen.history_len());
        let lines = self.lines();
        self.cursor.line = self.cursor.line.min(lines.saturating_sub(1));
        self.cursor.x = self.cursor.x.min(size.cols.saturating_sub(1));
        self.entry = self.cursor;
        self.follow();
    }

    /// Scrolls so that the cursor is shown.
    pub(crate) fn follow(&mut self) {
        let rows = usize::from(self.screen.size().rows);
        let top = self.top_line();
        let history = self.screen.history_len();
        if self.cursor.line < top {
            self.scroll = history.saturating_sub(self.cursor.line);
        } else if self.cursor.line >= top + rows {
            self.scroll = history.saturating_sub(self.cursor.line + 1 - rows);
        }
    }
}
