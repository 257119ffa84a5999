//! Writing characters.

use super::attach::is_pictographic;
use super::cell::Cell;
use super::screen::Screen;
use unicode_width::UnicodeWidthChar;

/// Columns of a code point: 0, 1 or 2.
#[inline]
pub(super) fn char_width(c: char) -> usize {
    match c {
        '\0'..='\u{2ff}' => 1,
        // Blocks of one width throughout, without a look into the tables: Greek, Cyrillic and
        // Armenian between their combining marks, dashes and quotes, box drawing; kana, CJK
        // ideographs, Hangul syllables, fullwidth forms.
        '\u{370}'..='\u{482}' | '\u{48a}'..='\u{590}' => 1,
        '\u{2010}'..='\u{2027}' | '\u{2500}'..='\u{257f}' => 1,
        '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}' => 2,
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff60}' => 2,
        _ => c.width().unwrap_or(0).min(2),
    }
}

impl Screen {
    /// One past the last column the cursor may write to from where it is.
    #[inline]
    pub(super) fn write_end(&self) -> usize {
        if self.st.x <= self.st.right { self.st.right + 1 } else { self.st.cols }
    }

    /// Prints printable ASCII.
    #[inline]
    pub(super) fn print_ascii(&mut self, text: &[u8]) {
        if !self.st.charsets.is_plain() || self.st.modes.insert {
            for b in text {
                self.print_char(char::from(*b));
            }
            return;
        }
        let mut rest = text;
        let pen = self.pen_cell();
        while !rest.is_empty() {
            if self.st.pending_wrap {
                if self.st.modes.wrap {
                    self.wrap();
                } else {
                    // Every further character overwrites the last column.
                    rest = &rest[rest.len() - 1..];
                    self.st.pending_wrap = false;
                }
            }
            let end = self.write_end();
            let (x, y) = (self.st.x, self.st.y);
            let n = rest.len().min(end - x);
            let (now, later) = rest.split_at(n);
            let row = &mut self.rows[y];
            row.write_ascii(x, now, pen);
            self.damage.mark(y as u16);
            if x + n == end {
                row.wrapped = row.wrapped && end < self.st.cols;
                self.st.x = end - 1;
                self.st.pending_wrap = true;
            } else {
                self.st.x = x + n;
            }
            rest = later;
        }
        if let Some(last) = text.last() {
            self.st.last_printed.clear();
            self.st.last_printed.push(char::from(*last));
        }
    }

    /// Prints text without C0 controls; stops after a C1 control, which may begin a sequence. Says
    /// how many bytes were taken.
    pub(super) fn print_text(&mut self, text: &str) -> usize {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c.is_ascii() {
                let n = rest.bytes().position(|b| b >= 0x80).unwrap_or(rest.len());
                self.print_ascii(&rest.as_bytes()[..n]);
                rest = &rest[n..];
                continue;
            }
            let n = self.print_run(rest);
            if n > 0 {
                rest = &rest[n..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            if c < '\u{a0}' {
                self.c1(c as u32 as u8);
                break;
            }
            self.print_char(c);
        }
        text.len() - rest.len()
    }

    /// Prints as many characters as go into this row one after another; says how many bytes they
    /// have. None when the first needs a closer look: it may join the cell before, be a control,
    /// wrap, or a mode is set that few set.
    fn print_run(&mut self, text: &str) -> usize {
        let modes = &self.st.modes;
        if !self.st.charsets.is_plain() || modes.insert || modes.grapheme_clusters {
            return 0;
        }
        if self.st.pending_wrap {
            return 0;
        }
        let (start, end, pen) = (self.st.x, self.write_end(), self.pen_cell());
        let row = &mut self.rows[self.st.y];
        let mut x = start;
        let mut last = None;
        let mut rest = text.chars();
        let mut taken = 0;
        while let Some(c) = rest.next() {
            let width = char_width(c);
            let special = c >= '\u{7f}' && (c < '\u{a0}' || is_pictographic(c));
            if width == 0 || special || x + width > end {
                break;
            }
            if x == start {
                row.simple = false;
                row.split_wide(x, x);
                row.reach(x);
                row.cells.reserve(end - x);
            }
            let cell = pen.with_char(u32::from(c));
            if x + width > row.cells.len() {
                row.cells.truncate(x);
                if width == 2 {
                    row.cells.extend_from_slice(&[cell.wide(), cell.right_half()]);
                } else {
                    row.cells.push(cell);
                }
            } else {
                if row.get(x + width).is_right_half() {
                    row.split_wide(x, x + width);
                }
                row.cells[x] = if width == 2 { cell.wide() } else { cell };
                if width == 2 {
                    row.cells[x + 1] = cell.right_half();
                }
            }
            x += width;
            last = Some(c);
            taken = text.len() - rest.as_str().len();
        }
        let Some(last) = last else { return 0 };
        if x == end {
            row.wrapped = row.wrapped && end < self.st.cols;
        }
        self.damage.mark(self.st.y as u16);
        self.advance_cursor(x, end);
        self.st.last_printed.clear();
        self.st.last_printed.push(last);
        taken
    }

    /// Prints one character that is no control.
    pub(super) fn print_char(&mut self, c: char) {
        let c = if self.st.charsets.is_plain() { c } else { self.st.charsets.map(c) };
        let width = char_width(c);
        if (width == 0 || self.may_join(c)) && self.attach(c, width) {
            return;
        }
        if width == 0 {
            return;
        }
        self.put(c, width);
        self.st.last_printed.clear();
        self.st.last_printed.push(c);
    }

    /// Writes a character of one or two columns at the cursor.
    fn put(&mut self, c: char, width: usize) {
        if self.st.pending_wrap && self.st.modes.wrap {
            self.wrap();
        }
        self.st.pending_wrap = false;
        let mut end = self.write_end();
        if self.st.x + width > end {
            // A wide character does not fit in the last column.
            if self.st.modes.wrap && end - self.line_start() >= width {
                let blank = self.blank_cell();
                self.rows[self.st.y].erase(self.st.x, end, blank);
                self.damage.mark(self.st.y as u16);
                self.wrap();
                end = self.write_end();
            } else if end >= width {
                self.st.x = end - width;
            }
            if self.st.x + width > end {
                return;
            }
        }
        let (x, y) = (self.st.x, self.st.y);
        let (pen, blank) = (self.pen_cell(), self.blank_cell());
        let row = &mut self.rows[y];
        if self.st.modes.insert {
            row.insert(x, width, end, blank);
        }
        row.split_wide(x, x + width);
        row.reach(x + width);
        row.simple = row.simple && width == 1 && c.is_ascii() && pen.has_default_style();
        let cell = pen.with_char(u32::from(c));
        if width == 2 {
            row.cells[x] = cell.wide();
            row.cells[x + 1] = cell.right_half();
        } else {
            row.cells[x] = cell;
        }
        self.damage.mark(y as u16);
        if x + width == end {
            row.wrapped = row.wrapped && end < self.st.cols;
        }
        self.advance_cursor(x + width, end);
    }

    /// Puts the cursor after what was written.
    pub(super) fn advance_cursor(&mut self, x: usize, end: usize) {
        if x >= end {
            self.st.x = end - 1;
            self.st.pending_wrap = true;
        } else {
            self.st.x = x;
            self.st.pending_wrap = false;
        }
    }

    /// Where a wrapped line goes on.
    fn line_start(&self) -> usize {
        if self.st.x >= self.st.left && self.st.x <= self.st.right { self.st.left } else { 0 }
    }

    /// Goes to the next line because this one is full.
    pub(super) fn wrap(&mut self) {
        self.st.pending_wrap = false;
        let (start, end) = (self.line_start(), self.write_end());
        if start == 0 && end == self.st.cols {
            self.rows[self.st.y].wrapped = true;
        }
        self.linefeed();
        self.st.x = start;
    }

    /// The column of the character before the cursor, if there is one in this row.
    pub(super) fn previous_column(&self) -> Option<usize> {
        let x = if self.st.pending_wrap { self.st.x } else { self.st.x.checked_sub(1)? };
        let right_half = self.rows[self.st.y].get(x).is_right_half();
        if right_half { x.checked_sub(1) } else { Some(x) }
    }

    /// REP: prints the last character again.
    pub(super) fn repeat(&mut self, n: usize) {
        let text = self.st.last_printed.clone();
        // Nothing new happens once the whole screen is filled with it.
        let mut n = if text.is_empty() { 0 } else { n.min(self.st.cols * (self.st.rows + 1)) };
        if let ([c], true) = (text.as_bytes(), text.is_ascii()) {
            // In runs: a few bytes that ask for a screenful must not cost more than one.
            let run = [*c; 256];
            while n > 0 {
                let now = n.min(run.len());
                self.print_ascii(&run[..now]);
                n -= now;
            }
            return;
        }
        for _ in 0..n {
            self.print_text(&text);
        }
    }

    /// Fills the screen with `E` (DECALN).
    pub(super) fn alignment_test(&mut self) {
        let (cols, rows) = (self.st.cols, self.st.rows);
        (self.st.top, self.st.bottom) = (0, rows - 1);
        (self.st.left, self.st.right) = (0, cols - 1);
        self.move_absolute(0, 0);
        for row in &mut self.rows {
            row.clear();
            row.cells.resize(cols, Cell::BLANK.with_char(u32::from(b'E')));
        }
        self.damage.mark_all();
    }
}
