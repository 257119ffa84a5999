//! Moving the cursor, erasing, scrolling.

use super::pack;
use super::row::Row;
use super::screen::Screen;
use super::state::Protection;
use super::style::Attrs;

/// A way of erasing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Erasure {
    /// Protected cells stay.
    pub spares: bool,
    /// Colours and attributes stay (selective erasure, DEC STD 070).
    pub keeps_look: bool,
}

impl Screen {
    // ---- cursor ----

    /// Puts the cursor at a column and row of the whole screen.
    #[inline]
    pub(super) fn move_absolute(&mut self, x: usize, y: usize) {
        self.st.x = x.min(self.st.cols - 1);
        self.st.y = y.min(self.st.rows - 1);
        self.st.pending_wrap = false;
    }

    /// CUP: counted from the margins in origin mode.
    #[inline]
    pub(super) fn move_to(&mut self, row: usize, column: usize) {
        if self.st.modes.origin {
            let y = (self.st.top + row).min(self.st.bottom);
            let x = (self.st.left + column).min(self.st.right);
            self.move_absolute(x, y);
        } else {
            self.move_absolute(column, row);
        }
    }

    pub(super) fn column(&mut self, column: usize) {
        let (origin, left, right) = (self.st.modes.origin, self.st.left, self.st.right);
        let x = if origin { (left + column).min(right) } else { column };
        self.move_absolute(x, self.st.y);
    }

    pub(super) fn line_absolute(&mut self, row: usize) {
        let (origin, top, bottom) = (self.st.modes.origin, self.st.top, self.st.bottom);
        let y = if origin { (top + row).min(bottom) } else { row };
        self.move_absolute(self.st.x, y);
    }

    pub(super) fn column_relative(&mut self, n: usize) {
        let limit = if self.st.modes.origin { self.st.right } else { self.st.cols - 1 };
        self.move_absolute((self.st.x + n).min(limit), self.st.y);
    }

    pub(super) fn line_relative(&mut self, n: usize) {
        let limit = if self.st.modes.origin { self.st.bottom } else { self.st.rows - 1 };
        self.move_absolute(self.st.x, (self.st.y + n).min(limit));
    }

    pub(super) fn up(&mut self, n: usize) {
        let limit = if self.st.y >= self.st.top { self.st.top } else { 0 };
        self.move_absolute(self.st.x, self.st.y.saturating_sub(n).max(limit));
    }

    pub(super) fn down(&mut self, n: usize) {
        let inside = self.st.y <= self.st.bottom;
        let limit = if inside { self.st.bottom } else { self.st.rows - 1 };
        self.move_absolute(self.st.x, (self.st.y + n).min(limit));
    }

    pub(super) fn right(&mut self, n: usize) {
        let inside = self.st.x <= self.st.right;
        let limit = if inside { self.st.right } else { self.st.cols - 1 };
        self.move_absolute((self.st.x + n).min(limit), self.st.y);
    }

    /// CUB, going round the left edge in the reverse wraparound modes.
    pub(super) fn left(&mut self, n: usize) {
        let modes = &self.st.modes;
        if modes.wrap && (modes.reverse_wrap || modes.extended_reverse_wrap) {
            return self.left_around(n);
        }
        let limit = if self.st.x >= self.st.left { self.st.left } else { 0 };
        self.move_absolute(self.st.x.saturating_sub(n).max(limit), self.st.y);
    }

    fn left_around(&mut self, n: usize) {
        let far = self.st.modes.extended_reverse_wrap;
        // A pending wrap counts as a position of its own: the first step only takes it back.
        let mut n = if self.st.pending_wrap { n - 1 } else { n };
        self.st.pending_wrap = false;
        n = n.min(self.st.cols * self.st.rows);
        for _ in 0..n {
            let (x, y) = (self.st.x, self.st.y);
            let start = if x >= self.st.left { self.st.left } else { 0 };
            if x > start {
                self.st.x -= 1;
            } else if y == self.st.top || y == 0 {
                if !far {
                    return;
                }
                self.move_absolute(
                    self.st.right,
                    if y == 0 && y != self.st.top { self.st.rows - 1 } else { self.st.bottom },
                );
            } else if far || self.rows[y - 1].wrapped {
                self.move_absolute(self.st.right, y - 1);
            } else {
                return;
            }
        }
    }

    pub(super) fn backspace(&mut self) {
        self.left(1);
    }

    #[inline]
    pub(super) fn carriage_return(&mut self) {
        let inside = self.st.x >= self.st.left || self.st.modes.origin;
        self.st.x = if inside { self.st.left } else { 0 };
        self.st.pending_wrap = false;
    }

    /// Down one line, scrolling at the bottom margin. The column stays.
    #[inline]
    pub(super) fn linefeed(&mut self) {
        self.st.pending_wrap = false;
        if self.st.y == self.st.bottom {
            if self.st.x >= self.st.left && self.st.x <= self.st.right {
                self.scroll_up(self.st.top, self.st.bottom, 1);
            }
        } else if self.st.y + 1 < self.st.rows {
            self.st.y += 1;
        }
    }

    /// RI: up one line, scrolling at the top margin.
    pub(super) fn reverse_linefeed(&mut self) {
        self.st.pending_wrap = false;
        if self.st.y == self.st.top {
            if self.st.x >= self.st.left && self.st.x <= self.st.right {
                self.scroll_down(self.st.top, self.st.bottom, 1);
            }
        } else if self.st.y > 0 {
            self.st.y -= 1;
        }
    }

    // ---- tabs ----

    pub(super) fn tab(&mut self, n: usize) {
        if self.st.pending_wrap && self.st.modes.more_fix && self.st.modes.wrap {
            // Mode 41: more(1) counts on a tab that wraps.
            self.wrap();
        }
        let limit = self.write_end() - 1;
        for _ in 0..n.min(self.st.cols) {
            let next = (self.st.x + 1..limit).find(|x| self.st.tabs[*x]);
            self.st.x = next.unwrap_or(limit.max(self.st.x));
        }
        // A pending wrap survives a tab, as in xterm: the cursor has not moved.
        self.st.pending_wrap &= self.st.x == limit;
    }

    pub(super) fn tab_back(&mut self, n: usize) {
        let limit = if self.st.modes.origin { self.st.left } else { 0 };
        for _ in 0..n.min(self.st.cols) {
            let before = (limit..self.st.x).rev().find(|x| self.st.tabs[*x]);
            self.st.x = before.unwrap_or(limit.min(self.st.x));
        }
        self.st.pending_wrap = false;
    }

    pub(super) fn set_tab(&mut self) {
        self.st.tabs[self.st.x] = true;
    }

    pub(super) fn clear_tabs(&mut self, what: u16) {
        match what {
            0 => self.st.tabs[self.st.x] = false,
            3 => self.st.tabs.fill(false),
            _ => {}
        }
    }

    // ---- erasing ----

    /// How ED, EL and ECH erase.
    pub(super) fn plain_erasure(&self) -> Erasure {
        Erasure { spares: self.st.protection == Protection::Iso, keeps_look: false }
    }

    /// How DECSED and DECSEL erase.
    pub(super) fn selective_erasure(&self) -> Erasure {
        Erasure { spares: self.st.protection != Protection::Off, keeps_look: true }
    }

    /// Erases columns `from..to` of row `y`.
    pub(super) fn erase(&mut self, y: usize, from: usize, to: usize, how: Erasure) {
        let blank = self.blank_cell();
        let to = to.min(self.st.cols);
        let row = &mut self.rows[y];
        let spared = |row: &Row, x: usize| how.spares && row.get(x).attrs.contains(Attrs::PROTECTED);
        if how.keeps_look {
            for x in from..to.min(row.cells.len()) {
                if !row.cells[x].is_empty() && !spared(row, x) {
                    row.split_wide(x, x + 1);
                    row.cells[x] = row.cells[x].with_char(u32::from(b' '));
                }
            }
        } else {
            let mut x = from;
            while x < to {
                let end = if how.spares { (x..to).find(|x| spared(row, *x)).unwrap_or(to) } else { to };
                row.erase(x, end, blank);
                if end == self.st.cols {
                    row.wrapped = false;
                }
                x = end + 1;
            }
        }
        self.damage.mark(y as u16);
    }

    fn erase_row(&mut self, y: usize, how: Erasure) {
        if how.spares || how.keeps_look {
            return self.erase(y, 0, self.st.cols, how);
        }
        let blank = self.blank_cell();
        self.rows[y].clear_with(self.st.cols, blank);
        self.damage.mark(y as u16);
    }

    pub(super) fn erase_line(&mut self, what: u16, how: Erasure) {
        let (x, y, cols) = (self.st.x, self.st.y, self.st.cols);
        match what {
            0 => self.erase(y, x, cols, how),
            1 => self.erase(y, 0, x + 1, how),
            2 => self.erase(y, 0, cols, how),
            _ => return,
        }
        self.st.pending_wrap = false;
    }

    /// Copies the screen down to its last text to the scrollback.
    fn keep_screen(&mut self) {
        let used = self.rows.iter().rposition(|row| row.used() > 0).map_or(0, |y| y + 1);
        for row in self.rows.iter().take(used) {
            let tables = &self.tables;
            self.history.push(|out| pack::pack(row, tables, out));
        }
    }

    pub(super) fn erase_display(&mut self, what: u16, how: Erasure) {
        let (y, rows) = (self.st.y, self.st.rows);
        let whole = what == 2 || what == 0 && y == 0 && self.st.x == 0;
        if whole && !how.keeps_look && self.st.scroll_on_clear && !self.st.modes.alternate {
            self.keep_screen();
        }
        match what {
            0 => {
                self.erase_line(0, how);
                for y in y + 1..rows {
                    self.erase_row(y, how);
                }
            }
            1 => {
                for y in 0..y {
                    self.erase_row(y, how);
                }
                self.erase_line(1, how);
            }
            2 => {
                for y in 0..rows {
                    self.erase_row(y, how);
                }
            }
            3 if !how.keeps_look => self.history.clear(),
            _ => return,
        }
        self.st.pending_wrap = false;
    }

    pub(super) fn erase_chars(&mut self, n: usize) {
        let (x, y) = (self.st.x, self.st.y);
        self.erase(y, x, (x + n).min(self.st.cols), self.plain_erasure());
        self.st.pending_wrap = false;
    }

    // ---- inserting and deleting ----

    /// Whether the cursor is within the left and right margins.
    fn in_columns(&self) -> bool {
        self.st.x >= self.st.left && self.st.x <= self.st.right
    }

    fn in_region(&self) -> bool {
        self.in_columns() && self.st.y >= self.st.top && self.st.y <= self.st.bottom
    }

    pub(super) fn insert_chars(&mut self, n: usize) {
        self.st.pending_wrap = false;
        if self.in_columns() {
            let blank = self.blank_cell();
            self.rows[self.st.y].insert(self.st.x, n, self.st.right + 1, blank);
            self.damage.mark(self.st.y as u16);
        }
    }

    pub(super) fn delete_chars(&mut self, n: usize) {
        self.st.pending_wrap = false;
        if self.in_columns() {
            let blank = self.blank_cell();
            self.rows[self.st.y].delete(self.st.x, n, self.st.right + 1, blank);
            self.damage.mark(self.st.y as u16);
        }
    }

    pub(super) fn insert_lines(&mut self, n: usize) {
        self.st.pending_wrap = false;
        if self.in_region() {
            self.scroll_down(self.st.y, self.st.bottom, n);
            self.st.x = self.st.left;
        }
    }

    pub(super) fn delete_lines(&mut self, n: usize) {
        self.st.pending_wrap = false;
        if self.in_region() {
            self.scroll_region_up(self.st.y, self.st.bottom, n);
            self.st.x = self.st.left;
        }
    }

    /// DECIC.
    pub(super) fn insert_columns(&mut self, n: usize) {
        if self.in_region() {
            self.shift_columns(self.st.x, n, true);
        }
    }

    /// DECDC.
    pub(super) fn delete_columns(&mut self, n: usize) {
        if self.in_region() {
            self.shift_columns(self.st.x, n, false);
        }
    }

    /// SL.
    pub(super) fn scroll_left(&mut self, n: usize) {
        if self.in_region() {
            self.shift_columns(self.st.left, n, false);
        }
    }

    /// SR.
    pub(super) fn scroll_right(&mut self, n: usize) {
        if self.in_region() {
            self.shift_columns(self.st.left, n, true);
        }
    }

    fn shift_columns(&mut self, x: usize, n: usize, insert: bool) {
        let blank = self.blank_cell();
        let end = self.st.right + 1;
        for y in self.st.top..=self.st.bottom {
            if insert {
                self.rows[y].insert(x, n, end, blank);
            } else {
                self.rows[y].delete(x, n, end, blank);
            }
            self.rows[y].wrapped = false;
        }
        self.damage.mark_rows(self.st.top as u16, self.st.bottom as u16);
    }

    /// DECBI: back a column, shifting at the left margin.
    pub(super) fn back_index(&mut self) {
        self.st.pending_wrap = false;
        if self.st.x == self.st.left {
            if self.st.y >= self.st.top && self.st.y <= self.st.bottom {
                self.shift_columns(self.st.left, 1, true);
            }
        } else {
            self.st.x = self.st.x.saturating_sub(1);
        }
    }

    /// DECFI: forward a column, shifting at the right margin.
    pub(super) fn forward_index(&mut self) {
        self.st.pending_wrap = false;
        if self.st.x == self.st.right {
            if self.st.y >= self.st.top && self.st.y <= self.st.bottom {
                self.shift_columns(self.st.left, 1, false);
            }
        } else if self.st.x + 1 < self.st.cols {
            self.st.x += 1;
        }
    }

    // ---- scrolling ----

    pub(super) fn scroll_up_command(&mut self, n: usize) {
        self.scroll_up(self.st.top, self.st.bottom, n);
    }

    pub(super) fn scroll_down_command(&mut self, n: usize) {
        self.scroll_down(self.st.top, self.st.bottom, n);
    }

    fn full_width(&self) -> bool {
        self.st.left == 0 && self.st.right == self.st.cols - 1
    }

    /// Scrolls rows `top..=bottom` up; what leaves the top of the main screen becomes scrollback.
    pub(super) fn scroll_up(&mut self, top: usize, bottom: usize, n: usize) {
        if top == 0 && self.full_width() && !self.st.modes.alternate {
            for y in 0..n.min(bottom + 1) {
                let (row, tables) = (&self.rows[y], &self.tables);
                self.history.push(|out| pack::pack(row, tables, out));
            }
        }
        self.scroll_region_up(top, bottom, n);
    }

    /// Scrolls rows `top..=bottom` up without keeping what leaves.
    fn scroll_region_up(&mut self, top: usize, bottom: usize, n: usize) {
        let n = n.min(bottom + 1 - top);
        if !self.full_width() {
            return self.scroll_box(top, bottom, n, true);
        }
        let (blank, cols) = (self.blank_cell(), self.st.cols);
        let whole = top == 0 && bottom + 1 == self.rows.len();
        for _ in 0..n {
            let row = if whole { self.rows.pop_front() } else { self.rows.remove(top) };
            let mut row = row.unwrap_or_default();
            row.clear_with(cols, blank);
            if whole {
                self.rows.push_back(row);
            } else {
                self.rows.insert(bottom, row);
            }
        }
        self.damage.scroll(top as u16, bottom as u16, n as i32);
    }

    pub(super) fn scroll_down(&mut self, top: usize, bottom: usize, n: usize) {
        let n = n.min(bottom + 1 - top);
        if !self.full_width() {
            return self.scroll_box(top, bottom, n, false);
        }
        let (blank, cols) = (self.blank_cell(), self.st.cols);
        for _ in 0..n {
            let mut row = self.rows.remove(bottom).unwrap_or_default();
            row.clear_with(cols, blank);
            self.rows.insert(top, row);
        }
        // The row that moved below the region no longer continues where it did.
        if let Some(row) = self.rows.get_mut(bottom) {
            row.wrapped = false;
        }
        self.damage.scroll(top as u16, bottom as u16, -(n as i32));
    }

    /// Scrolls the part of the rows between the left and right margins.
    fn scroll_box(&mut self, top: usize, bottom: usize, n: usize, up: bool) {
        let (left, right) = (self.st.left, self.st.right);
        let blank = self.blank_cell();
        for y in top..=bottom {
            self.rows[y].cut(left);
            self.rows[y].cut(right + 1);
            self.rows[y].wrapped = false;
        }
        let height = bottom + 1 - top;
        for i in 0..height {
            let to = if up { top + i } else { bottom - i };
            if i + n < height {
                let from = if up { to + n } else { to - n };
                self.copy_cells(from, to, left, right + 1);
            } else {
                self.rows[to].erase(left, right + 1, blank);
            }
        }
        self.damage.mark_rows(top as u16, bottom as u16);
    }

    /// Copies columns `left..end` of one row to another.
    fn copy_cells(&mut self, from: usize, to: usize, left: usize, end: usize) {
        let cells: Vec<_> = (left..end).map(|x| self.rows[from].get(x)).collect();
        let simple = self.rows[from].simple;
        let row: &mut Row = &mut self.rows[to];
        row.reach(end);
        row.cells[left..end].copy_from_slice(&cells);
        row.simple &= simple;
        row.trim();
    }
}
