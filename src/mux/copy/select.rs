//! Selecting in copy mode: by cells, words and lines, and the text of what is selected.
//!
//! One end of a selection follows the cursor; by words and lines it goes to their ends.

use super::{CopyMode, MAX_COPY, Point};

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

/// Which end of a selection follows the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// None (`stop-selection`).
    Nothing,
    /// The end.
    End,
    /// The start (`other-end`).
    Start,
}

/// A selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// One end: where it began, unless the ends were swapped.
    pub start: Point,
    /// The other end.
    pub end: Point,
    /// What it grows by.
    pub by: SelectBy,
    /// What moves with the cursor.
    pub follows: Follows,
    /// The cursor when a word or line was selected: on which side of it the cursor is, decides the direction.
    origin: Point,
    /// The word or line selected first, always part of the selection.
    first: (Point, Point),
    /// By word or line: the cursor goes to the beginnings of lines, not to their ends.
    backward: bool,
}

impl CopyMode {
    /// The selection's ends in order; columns as selected, not yet ordered for rectangles.
    pub fn selection_range(&self) -> Option<(Point, Point)> {
        let s = self.selection?;
        Some(if s.start <= s.end { (s.start, s.end) } else { (s.end, s.start) })
    }

    /// Columns of a rectangle: from, and behind the last. The column of the cursor is left out with emacs keys
    /// when it is on the right.
    fn rectangle_columns(&self) -> Option<(u16, u16)> {
        let s = self.selection?;
        let fixed = if s.follows == Follows::Start { s.end.x } else { s.start.x };
        let moving = match s.follows {
            Follows::Nothing => s.end.x,
            _ => self.cursor.x,
        };
        Some(if fixed < moving {
            (fixed, moving.saturating_add(u16::from(self.vi)))
        } else {
            (moving, fixed.saturating_add(1))
        })
    }

    /// Whether a cell is selected. For drawing.
    pub fn is_selected(&self, line: usize, x: u16) -> bool {
        let Some((a, b)) = self.selection_range() else { return false };
        if line < a.line || line > b.line {
            return false;
        }
        if self.rectangle {
            return self.rectangle_columns().is_some_and(|(from, to)| x >= from && x < to);
        }
        let p = Point { line, x };
        // emacs keys: the cell under the cursor is not part of the selection.
        p >= a && (p < b || (p == b && self.vi))
    }

    /// The selected text: lines that the terminal wrapped are joined, blanks behind the ends of lines left out.
    pub fn selected_text(&self) -> Option<String> {
        let (a, b) = self.selection_range()?;
        let vi = u16::from(self.vi);
        let columns = if self.rectangle { self.rectangle_columns() } else { None };
        let mut out = String::new();
        let last = self.lines().saturating_sub(1);
        for line in a.line..=b.line.min(last) {
            let cells = self.screen.line(line);
            let (from, to) = columns.unwrap_or((
                if line == a.line { a.x } else { 0 },
                if line == b.line { b.x.saturating_add(vi) } else { u16::MAX },
            ));
            let length = if cells.wrapped { self.screen.size().cols } else { self.length(line) };
            let to = to.min(length);
            for (x, cell) in cells.cells.iter().enumerate() {
                if x >= usize::from(from) && x < usize::from(to) {
                    out.push_str(&cell.text);
                }
            }
            if !cells.wrapped || to != length {
                out.push('\n');
            }
            if out.len() > MAX_COPY {
                break;
            }
        }
        // With vi keys a selection that reaches behind a line's last character has its end, too.
        let behind = self.vi && columns.is_none() && b.x.saturating_add(1) > self.length(b.line.min(last));
        if !behind && out.ends_with('\n') {
            out.pop();
        }
        (!out.is_empty()).then_some(out)
    }

    /// Begins a selection at the cursor.
    pub fn begin(&mut self, by: SelectBy) {
        let p = self.cursor;
        let first = (p, p);
        let (follows, backward) = (Follows::End, false);
        self.selection = Some(Selection { start: p, end: p, by, follows, origin: p, first, backward });
    }

    /// Forgets the selection.
    pub fn clear(&mut self) {
        self.selection = None;
    }

    /// Keeps the selection where it is while the cursor goes on.
    pub fn stop(&mut self) {
        if let Some(s) = &mut self.selection {
            (s.follows, s.by) = (Follows::Nothing, SelectBy::Char);
        }
    }

    /// Puts the cursor at the other end of the selection, which then follows it.
    pub fn other_end(&mut self) {
        let Some(s) = &mut self.selection else { return };
        s.backward = !s.backward;
        s.follows = if s.follows == Follows::End { Follows::Start } else { Follows::End };
        self.cursor = if s.follows == Follows::Start { s.start } else { s.end };
        self.follow();
    }

    /// After a step up or down: lines selected as a whole have the cursor at their ends.
    pub(super) fn line_end_of_selection(&mut self) {
        let Some(s) = self.selection.filter(|s| s.by != SelectBy::Char) else { return };
        self.cursor.x = match (s.backward, self.rectangle) {
            (true, _) => 0,
            (false, true) => self.screen.size().cols,
            (false, false) => self.length(self.cursor.line),
        };
    }

    /// Before a step: the cursor crosses the line that was selected first.
    pub(super) fn cross_selection(&mut self, up: bool) {
        let line = self.cursor.line;
        let crosses = self.selection.is_some_and(|s| {
            s.by != SelectBy::Char
                && if up { !s.backward && line == s.start.line } else { s.backward && line == s.end.line }
        });
        if crosses {
            self.other_end();
        }
    }

    /// The selection follows the cursor.
    pub(crate) fn extend_selection(&mut self) {
        let Some(mut s) = self.selection else { return };
        let mut at = self.cursor;
        let mut start = s.follows == Follows::Start;
        if s.follows == Follows::Nothing {
            return;
        }
        match s.by {
            SelectBy::Char => {}
            SelectBy::Word => {
                start = s.origin > at;
                if start {
                    at = self.word_begin(at);
                    s.end = s.first.1;
                } else {
                    if at.x >= self.length(at.line) || !self.blank_at(self.next_cell(at)) {
                        at = self.word_end_from(at, false);
                    }
                    s.start = s.first.0;
                }
            }
            SelectBy::Line => {
                start = s.origin.line > at.line;
                if start {
                    at.x = 0;
                    s.end = s.first.1;
                } else {
                    at.line = at.line.max(s.first.1.line);
                    at.x = self.length(at.line);
                    s.start = s.first.0;
                }
            }
        }
        if start {
            s.start = at;
        } else {
            s.end = at;
        }
        self.selection = Some(s);
    }

    /// `select-word`: the word around the cursor, which goes to its end.
    pub(crate) fn select_word(&mut self) {
        let origin = self.cursor;
        self.rectangle = false;
        let start = self.word_begin(origin);
        self.cursor = start;
        self.begin(SelectBy::Word);
        // A word of one character ends where it is.
        if start.x >= self.length(start.line) || !self.blank_at(self.next_cell(start)) {
            self.cursor = self.word_end_from(start, false);
        }
        self.selected_first(origin, start);
    }

    /// `select-line`: the cursor's line and the `n` - 1 below; the cursor goes to the end.
    pub(crate) fn select_line(&mut self, n: usize) {
        let origin = self.cursor;
        self.rectangle = false;
        self.start_of_line();
        let start = self.cursor;
        self.begin(SelectBy::Line);
        self.whole_end_of_line();
        for _ in 1..n {
            self.down(1);
            self.whole_end_of_line();
        }
        self.selected_first(origin, start);
    }

    /// The text from the cursor, or from the beginning of its line, to the end of the line `n` - 1 further down.
    pub(crate) fn line_text(&mut self, whole: bool, n: usize) -> Option<String> {
        if whole {
            self.start_of_line();
        }
        let rectangle = std::mem::take(&mut self.rectangle);
        self.begin(SelectBy::Char);
        for _ in 1..n {
            self.down(1);
        }
        self.whole_end_of_line();
        self.extend_selection();
        let mut text = self.selected_text();
        (self.selection, self.rectangle) = (None, rectangle);
        // With vi keys the end of a line is its last character (3.7).
        if self.vi
            && n == 1
            && let Some(t) = &mut text
            && t.ends_with('\n')
        {
            t.pop();
        }
        text
    }

    fn selected_first(&mut self, origin: Point, start: Point) {
        let end = self.cursor;
        if let Some(s) = &mut self.selection {
            (s.start, s.end, s.first) = (start, end, (start, end));
            s.origin = if origin.line > end.line { end } else { Point { x: origin.x.min(end.x), ..origin } };
        }
        self.follow();
    }
}
