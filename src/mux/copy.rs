//! Copy mode: a frozen picture of a pane with a cursor, a selection and a search.
//!
//! Owns motion and selection over a `Screen` taken when the mode was entered; what a copied text is used for
//! is decided by its caller. Lines are counted from the oldest line of the picture, from 0.

mod motion;
mod search;

use crate::ids::Size;
use crate::vt::Screen;

/// Longest text taken out of one selection, in bytes.
pub const MAX_COPY: usize = 64 * 1024 * 1024;

/// What a selection grows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelectBy {
    /// Single cells.
    #[default]
    Char,
    /// Whole words.
    Word,
    /// Whole lines.
    Line,
}

/// A selection: from the anchor to the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Where it began.
    pub anchor: Point,
    /// Its other end once it no longer follows the cursor (`stop-selection`).
    pub end: Option<Point>,
    /// What it grows by.
    pub by: SelectBy,
}

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
    /// The mark of `set-mark`.
    pub mark: Option<Point>,
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
    /// Column wanted by vertical motion.
    pub(crate) want_x: u16,
    /// Where an incremental search began.
    pub(crate) search_origin: Option<Point>,
    pub(crate) wrap_search: bool,
}

impl CopyMode {
    /// Over this picture, cursor where the program's was.
    pub fn new(screen: Screen, vi: bool, separators: String) -> CopyMode {
        let at = screen.cursor();
        let cursor = Point { line: screen.history_len() + usize::from(at.y), x: at.x };
        let mut mode = CopyMode {
            screen,
            view: false,
            scroll: 0,
            cursor,
            selection: None,
            rectangle: false,
            search: None,
            mark: None,
            exit_at_bottom: false,
            hide_position: false,
            vi,
            separators,
            count: 0,
            jump: None,
            want_x: at.x,
            search_origin: None,
            wrap_search: true,
        };
        mode.keep_column();
        mode
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

    /// The selection's ends in order, both included; columns as selected, not yet ordered for rectangles.
    pub fn selection_range(&self) -> Option<(Point, Point)> {
        let s = self.selection?;
        let end = s.end.unwrap_or(self.cursor);
        let (mut a, mut b) = if s.anchor <= end { (s.anchor, end) } else { (end, s.anchor) };
        match s.by {
            SelectBy::Char => {}
            SelectBy::Word => {
                a = self.word_start(a);
                b = self.word_end(b);
            }
            SelectBy::Line => {
                a.x = 0;
                b.x = self.screen.size().cols - 1;
            }
        }
        Some((a, b))
    }

    /// Whether a cell is selected. For drawing.
    pub fn is_selected(&self, line: usize, x: u16) -> bool {
        let Some((a, b)) = self.selection_range() else { return false };
        if line < a.line || line > b.line {
            return false;
        }
        if self.rectangle {
            let (left, right) = (a.x.min(b.x), a.x.max(b.x));
            return x >= left && x <= right;
        }
        let p = Point { line, x };
        // emacs keys: the cell under the cursor is not part of the selection.
        p >= a && (p < b || (p == b && self.takes_last()))
    }

    /// Whether the selection includes the cell at its end: with vi keys and for words and lines.
    pub(crate) fn takes_last(&self) -> bool {
        self.vi || self.selection.is_some_and(|s| s.by != SelectBy::Char)
    }

    /// Whether a cell belongs to a search match: `Some(true)` when it is the match at the cursor.
    pub fn match_at(&self, line: usize, x: u16) -> Option<bool> {
        let matches = &self.search.as_ref()?.matches;
        let p = Point { line, x };
        let after = matches.partition_point(|(at, _)| *at <= p);
        let (at, width) = matches.get(after.checked_sub(1)?)?;
        (at.line == line && x < at.x.saturating_add(*width)).then_some(*at == self.cursor)
    }

    /// The selected text: lines that the terminal wrapped are joined, trailing blanks of lines are left out.
    pub fn selected_text(&self) -> Option<String> {
        let (a, b) = self.selection_range()?;
        let mut out = String::new();
        let last = self.lines().saturating_sub(1);
        for line in a.line..=b.line.min(last) {
            let cells = self.screen.line(line);
            let (from, to) = if self.rectangle {
                (a.x.min(b.x), a.x.max(b.x).saturating_add(u16::from(self.takes_last())))
            } else {
                let from = if line == a.line { a.x } else { 0 };
                let to =
                    if line == b.line { b.x.saturating_add(u16::from(self.takes_last())) } else { u16::MAX };
                (from, to)
            };
            let mut text = String::new();
            for (x, cell) in cells.cells.iter().enumerate() {
                if x >= usize::from(from) && x < usize::from(to) {
                    text.push_str(&cell.text);
                }
            }
            let to_end = usize::from(to) >= cells.cells.len();
            let joined = cells.wrapped && to_end && !self.rectangle && line != b.line;
            out.push_str(if joined { &text } else { text.trim_end_matches(' ') });
            let whole_last =
                line == b.line && !self.rectangle && self.selection.is_some_and(|s| s.by == SelectBy::Line);
            if (line != b.line && !joined) || whole_last {
                out.push('\n');
            }
            if out.len() > MAX_COPY {
                break;
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// Begins a selection at the cursor.
    pub fn begin(&mut self, by: SelectBy) {
        self.selection = Some(Selection { anchor: self.cursor, end: None, by });
    }

    /// Forgets the selection.
    pub fn clear(&mut self) {
        self.selection = None;
    }

    /// Keeps the selection where it is while the cursor goes on.
    pub fn stop(&mut self) {
        let cursor = self.cursor;
        if let Some(s) = &mut self.selection {
            s.end = Some(s.end.unwrap_or(cursor));
        }
    }

    /// Puts the cursor at the other end of the selection.
    pub fn other_end(&mut self) {
        if let Some(s) = &mut self.selection {
            std::mem::swap(&mut s.anchor, &mut self.cursor);
            self.follow();
        }
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
