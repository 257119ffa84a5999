//! A visible row.

use super::cell::Cell;

/// A row: cells beyond the end of `cells` were never written. That keeps empty rows free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub cells: Vec<Cell>,
    /// The text goes on in the next row.
    pub wrapped: bool,
    /// Every cell is ASCII or empty, one column, default style: nothing to split, quick to pack.
    pub simple: bool,
}

impl Default for Row {
    fn default() -> Self {
        Row { cells: Vec::new(), wrapped: false, simple: true }
    }
}

impl Row {
    /// The cell at `x`, blank beyond what was written.
    #[inline]
    pub fn get(&self, x: usize) -> Cell {
        self.cells.get(x).copied().unwrap_or(Cell::BLANK)
    }

    /// Makes `cells[..len]` exist.
    #[inline]
    pub fn reach(&mut self, len: usize) {
        if self.cells.len() < len {
            self.cells.resize(len, Cell::BLANK);
        }
    }

    /// Empties the row, keeping its memory.
    #[inline]
    pub fn clear(&mut self) {
        self.cells.clear();
        self.wrapped = false;
        self.simple = true;
    }

    /// Fills the whole row of `cols` cells with an erased cell.
    pub fn clear_with(&mut self, cols: usize, blank: Cell) {
        self.clear();
        if blank != Cell::BLANK {
            self.cells.resize(cols, blank);
            self.simple = false;
        }
    }

    /// Before cells `from..to` are overwritten: a wide character half inside loses its other half.
    #[inline]
    pub fn split_wide(&mut self, from: usize, to: usize) {
        if self.simple {
            return;
        }
        if from > 0 && self.get(from).is_right_half() {
            self.cells[from - 1] = self.cells[from - 1].with_char(u32::from(b' '));
        }
        if to > 0 && to < self.cells.len() && self.cells[to].is_right_half() {
            self.cells[to] = self.cells[to].with_char(u32::from(b' '));
        }
    }

    /// A wide character whose halves lie on both sides of column `at` becomes two spaces.
    pub fn cut(&mut self, at: usize) {
        if !self.simple && at > 0 && self.get(at).is_right_half() {
            self.cells[at - 1] = self.cells[at - 1].with_char(u32::from(b' '));
            self.cells[at] = self.cells[at].with_char(u32::from(b' '));
        }
    }

    /// Writes printable ASCII at `x`. The caller keeps it inside the row.
    #[inline]
    pub fn write_ascii(&mut self, x: usize, text: &[u8], pen: Cell) {
        let end = x + text.len();
        if !self.simple {
            self.split_wide(x, end);
        } else if !pen.has_default_style() {
            self.simple = false;
        }
        if x == self.cells.len() {
            self.cells.extend(text.iter().map(|b| pen.with_char(u32::from(*b))));
            return;
        }
        self.reach(end);
        for (cell, b) in self.cells[x..end].iter_mut().zip(text) {
            *cell = pen.with_char(u32::from(*b));
        }
    }

    /// Erases `from..to` (at most `cols`) to `blank`.
    pub fn erase(&mut self, from: usize, to: usize, blank: Cell) {
        if from >= to {
            return;
        }
        self.split_wide(from, to);
        if blank == Cell::BLANK {
            let len = self.cells.len();
            if to >= len {
                self.cells.truncate(from);
            } else {
                self.cells[from..to].fill(blank);
            }
        } else {
            self.reach(to);
            self.cells[from..to].fill(blank);
            self.simple = false;
        }
    }

    /// Shifts `x..end` right by `n`, filling with `blank`; what leaves `end` is lost.
    pub fn insert(&mut self, x: usize, n: usize, end: usize, blank: Cell) {
        if x >= end || n == 0 {
            return;
        }
        let n = n.min(end - x);
        if x >= self.cells.len() && blank == Cell::BLANK {
            return;
        }
        self.cut(x);
        self.cut(end - n);
        self.cut(end);
        self.reach(end);
        self.cells.copy_within(x..end - n, x + n);
        self.cells[x..x + n].fill(blank);
        self.simple &= blank == Cell::BLANK;
        self.trim();
    }

    /// Shifts `x + n..end` left to `x`, filling the end with `blank`.
    pub fn delete(&mut self, x: usize, n: usize, end: usize, blank: Cell) {
        if x >= end || n == 0 {
            return;
        }
        let n = n.min(end - x);
        self.cut(x);
        self.cut(x + n);
        self.cut(end);
        self.reach(end);
        self.cells.copy_within(x + n..end, x);
        self.cells[end - n..end].fill(blank);
        self.simple &= blank == Cell::BLANK;
        self.trim();
    }

    /// Drops blank cells at the end.
    pub fn trim(&mut self) {
        while self.cells.last() == Some(&Cell::BLANK) {
            self.cells.pop();
        }
    }

    /// Cells up to the last one written or coloured.
    pub fn used(&self) -> usize {
        self.cells.iter().rposition(|c| *c != Cell::BLANK).map_or(0, |i| i + 1)
    }

    /// Cuts or leaves the row so that it fits `cols`.
    pub fn fit(&mut self, cols: usize) {
        if self.cells.len() > cols {
            self.cut(cols);
            self.cells.truncate(cols);
        }
    }
}
