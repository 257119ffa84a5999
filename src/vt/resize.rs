//! Changing the size. The main screen and its scrollback are wrapped anew, as tmux does it; the
//! alternate screen is cut or extended, because its programs redraw.

use super::cell::Cell;
use super::history::History;
use super::pack;
use super::row::Row;
use super::screen::Screen;
use super::state::default_tabs;
use crate::ids::Size;
use std::collections::VecDeque;

/// A place in a grid: column, row, and whether the wrap is pending there.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
    pending: bool,
}

impl Screen {
    /// Gives the screen another size. Margins go back to the whole screen.
    pub fn resize(&mut self, size: Size) {
        let size = Size::new(size.cols, size.rows);
        if size == self.size() {
            return;
        }
        let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
        let (old_cols, old_rows) = (self.st.cols, self.st.rows);
        let alternate = self.st.modes.alternate;
        let shown = Place { x: self.st.x, y: self.st.y, pending: self.st.pending_wrap };
        let saved = &self.st.saved[0];
        let left = Place { x: saved.x, y: saved.y, pending: saved.pending_wrap };

        let mut main = std::mem::take(if alternate { &mut self.hidden } else { &mut self.rows });
        let at = if alternate { left } else { shown };
        let mut at = Place { y: at.y.min(old_rows - 1), ..at };
        if cols != old_cols {
            at = self.reflow(&mut main, at, old_rows, cols);
        }
        at = self.fit_height(&mut main, at, rows);
        at.x = at.x.min(cols - 1);

        let mut other = std::mem::take(if alternate { &mut self.rows } else { &mut self.hidden });
        let other_y = if other.is_empty() { 0 } else { cut(&mut other, shown.y, cols, rows) };
        if alternate {
            (self.rows, self.hidden) = (other, main);
            self.st.saved[0].x = at.x;
            self.st.saved[0].y = at.y;
            self.st.saved[0].pending_wrap = at.pending;
            self.st.x = shown.x.min(cols - 1);
            self.st.y = other_y;
            self.st.pending_wrap = shown.pending && shown.x == self.st.x && cols == old_cols;
        } else {
            (self.rows, self.hidden) = (main, other);
            (self.st.x, self.st.y, self.st.pending_wrap) = (at.x, at.y, at.pending);
        }
        self.adopt_size(cols, rows);
    }

    /// What of the state depends on the size.
    fn adopt_size(&mut self, cols: usize, rows: usize) {
        let st = &mut self.st;
        (st.cols, st.rows) = (cols, rows);
        (st.top, st.bottom) = (0, rows - 1);
        (st.left, st.right) = (0, cols - 1);
        let known = st.tabs.len().min(cols);
        st.tabs.truncate(cols);
        st.tabs.extend_from_slice(&default_tabs(cols)[known..]);
        for saved in &mut st.saved {
            saved.x = saved.x.min(cols - 1);
            saved.y = saved.y.min(rows - 1);
        }
        self.damage.mark_all();
        self.damage.cursor = true;
        if self.st.modes.in_band_resize {
            self.report_size_in_band();
        }
    }

    /// Wraps scrollback and `rows` anew to `cols` columns, the height unchanged; says where the
    /// cursor is then.
    fn reflow(&mut self, rows: &mut VecDeque<Row>, at: Place, height: usize, cols: usize) -> Place {
        // Empty rows below the cursor are room, not text.
        while rows.len() > at.y + 1 && rows.back().is_some_and(|r| r.used() == 0 && !r.wrapped) {
            rows.pop_back();
        }
        let was_full = rows.len() == height;
        let old = std::mem::replace(&mut self.history, History::new(usize::MAX));
        let mut out = Rewrap { cols, cells: Vec::new(), marks: Vec::new(), open: false, changed: false };
        // The marks follow a place through the wrapping: the screen's first cell, the cursor.
        let (mut first, mut cursor) = (None, None);
        for packed in old.lines() {
            let whole = !pack::is_wrapped(packed) && !out.open;
            if whole && pack::simple_columns(packed).is_some_and(|n| n <= cols) {
                self.history.push(|data| data.extend_from_slice(packed));
                continue;
            }
            let row = pack::unpack(packed, &mut self.tables);
            self.rewrap(&mut out, &row);
        }
        for (y, row) in rows.drain(..).enumerate() {
            if y == 0 {
                first = Some(out.mark(0));
            }
            if y == at.y {
                cursor = Some(out.mark(at.x + usize::from(at.pending)));
            }
            self.rewrap(&mut out, &row);
        }
        if out.open {
            self.finish_line(&mut out);
        }
        let place = |mark: Option<usize>| mark.and_then(|m| out.marks[m].placed).unwrap_or((0, 0));
        let total = self.history.len();
        let mut start = place(first).1.min(total.saturating_sub(1));
        if was_full || total - start > height {
            start = total.saturating_sub(height);
        }
        while self.history.len() > start {
            if let Some(packed) = self.history.pop() {
                rows.push_front(pack::unpack(&packed, &mut self.tables));
            }
        }
        rows.resize_with(height, Row::default);
        self.history.set_limit(old.limit());
        // Lines wrapped anew are other lines: numbers of old ones must not name them.
        let base = if out.changed { old.base() + old.len() as u64 } else { old.base() };
        self.history.rebase(base);
        let (x, line) = place(cursor);
        let y = line.saturating_sub(start).min(height - 1);
        Place { x: x.min(cols - 1), y, pending: x >= cols }
    }

    /// Adds a row to the logical line, and writes the line out when the row ends it.
    fn rewrap(&mut self, out: &mut Rewrap, row: &Row) {
        out.cells.extend_from_slice(&row.cells[..row.used()]);
        out.open = row.wrapped;
        if row.wrapped {
            // Whether the joint stays where it is shows only if the width is another.
            out.changed = true;
        } else {
            self.finish_line(out);
        }
    }

    /// Writes the collected logical line as rows of the new width.
    fn finish_line(&mut self, out: &mut Rewrap) {
        let cells = std::mem::take(&mut out.cells);
        let mut start = 0;
        loop {
            let mut end = (start + out.cols).min(cells.len());
            if cells.get(end).is_some_and(|c| c.is_right_half()) && end > start + 1 {
                end -= 1;
            }
            let last = end == cells.len();
            let mut row = Row { cells: cells[start..end].to_vec(), wrapped: !last, simple: false };
            if out.cols == 1 {
                // No room for a wide character.
                for cell in &mut row.cells {
                    if cell.is_wide() || cell.is_right_half() {
                        *cell = cell.with_char(u32::from(b' '));
                    }
                }
            }
            let line = self.history.len();
            for mark in &mut out.marks {
                if mark.placed.is_none() && (mark.offset < end || last) {
                    mark.placed = Some((mark.offset.saturating_sub(start), line));
                }
            }
            out.changed |= !last;
            let tables = &self.tables;
            self.history.push(|data| pack::pack(&row, tables, data));
            if last {
                break;
            }
            start = end;
        }
    }

    /// Makes the main screen `height` rows high: lines below the cursor are cut first, then the
    /// top goes to the scrollback; growing takes lines back from it (tmux's order).
    fn fit_height(&mut self, rows: &mut VecDeque<Row>, at: Place, height: usize) -> Place {
        let mut y = at.y;
        if rows.len() > height {
            rows.truncate(height.max(y + 1));
            while rows.len() > height {
                if let Some(row) = rows.pop_front() {
                    let tables = &self.tables;
                    self.history.push(|data| pack::pack(&row, tables, data));
                }
                y = y.saturating_sub(1);
            }
        }
        while rows.len() < height {
            let Some(packed) = self.history.pop() else { break };
            rows.push_front(pack::unpack(&packed, &mut self.tables));
            y += 1;
        }
        rows.resize_with(height, Row::default);
        Place { y, ..at }
    }
}

/// A line being wrapped anew.
struct Rewrap {
    cols: usize,
    /// The logical line so far.
    cells: Vec<Cell>,
    marks: Vec<Mark>,
    /// The last row was wrapped: its line is not written yet.
    open: bool,
    /// Whether any line came out in other rows than it went in.
    changed: bool,
}

/// A place followed through the wrapping.
struct Mark {
    /// Cells from the start of its logical line.
    offset: usize,
    /// Column and line once known.
    placed: Option<(usize, usize)>,
}

impl Rewrap {
    /// Follows the place `x` columns into the row that comes next.
    fn mark(&mut self, x: usize) -> usize {
        self.marks.push(Mark { offset: self.cells.len() + x, placed: None });
        self.marks.len() - 1
    }
}

/// Cuts or extends a grid without wrapping; says where row `y` is then.
fn cut(rows: &mut VecDeque<Row>, y: usize, cols: usize, height: usize) -> usize {
    let mut y = y.min(rows.len().saturating_sub(1));
    for row in rows.iter_mut() {
        row.fit(cols);
        row.wrapped = false;
    }
    if rows.len() > height {
        rows.truncate(height.max(y + 1));
        while rows.len() > height {
            rows.pop_front();
            y = y.saturating_sub(1);
        }
    }
    rows.resize_with(height, Row::default);
    y.min(height - 1)
}
