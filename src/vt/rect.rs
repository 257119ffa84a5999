//! Rectangular operations of the VT420: copy, fill, erase, change attributes, checksum.

use super::cell::Cell;
use super::csi::Csi;
use super::edit::Erasure;
use super::screen::Screen;
use super::state::Protection;
use super::style::Attrs;

/// A rectangle of the screen, inclusive.
#[derive(Debug, Clone, Copy)]
struct Rectangle {
    top: usize,
    left: usize,
    bottom: usize,
    right: usize,
}

impl Screen {
    /// Reads `top ; left ; bottom ; right` from parameter `i` on; relative to the margins in
    /// origin mode. `None` if it is empty.
    fn rectangle(&self, csi: &Csi, i: usize) -> Option<Rectangle> {
        self.extent(csi, i).filter(|r| r.left <= r.right)
    }

    /// The same of a stretch of text, which may end left of where it begins.
    fn extent(&self, csi: &Csi, i: usize) -> Option<Rectangle> {
        let st = &self.st;
        let (x0, y0, x1, y1) = if st.modes.origin {
            (st.left, st.top, st.right, st.bottom)
        } else {
            (0, 0, st.cols - 1, st.rows - 1)
        };
        let at = |n: usize, origin: usize, max: usize, default: usize| match csi.raw(n) {
            0 => default,
            v => (origin + usize::from(v) - 1).min(max),
        };
        let r = Rectangle {
            top: at(i, y0, y1, y0),
            left: at(i + 1, x0, x1, x0),
            bottom: at(i + 2, y0, y1, y1),
            right: at(i + 3, x0, x1, x1),
        };
        (r.top <= r.bottom).then_some(r)
    }

    /// The cells of the rectangle that the first parameters give, row by row.
    pub(super) fn cells_within(&self, csi: &Csi) -> Option<Vec<Cell>> {
        let r = self.rectangle(csi, 0)?;
        let rows = self.rows.range(r.top..=r.bottom);
        Some(rows.flat_map(|row| (r.left..=r.right).map(|x| row.get(x))).collect())
    }

    /// DECERA. Nothing is protected from it, as in xterm.
    pub(super) fn erase_rectangle(&mut self, csi: &Csi) {
        self.erase_within(csi, Erasure { spares: false, keeps_look: false });
    }

    /// DECSERA: what DECSCA protects stays.
    pub(super) fn erase_rectangle_selectively(&mut self, csi: &Csi) {
        self.erase_within(csi, Erasure { spares: self.st.protection == Protection::Dec, keeps_look: true });
    }

    fn erase_within(&mut self, csi: &Csi, how: Erasure) {
        if let Some(r) = self.rectangle(csi, 0) {
            for y in r.top..=r.bottom {
                self.erase(y, r.left, r.right + 1, how);
            }
        }
    }

    /// DECFRA.
    pub(super) fn fill_rectangle(&mut self, csi: &Csi) {
        let c = csi.raw(0);
        let printable = (32..127).contains(&c) || (160..256).contains(&c);
        let Some(r) = self.rectangle(csi, 1).filter(|_| printable) else { return };
        let cell = self.pen_cell().with_char(u32::from(c));
        for y in r.top..=r.bottom {
            let row = &mut self.rows[y];
            row.split_wide(r.left, r.right + 1);
            row.reach(r.right + 1);
            row.cells[r.left..=r.right].fill(cell);
            row.simple &= c < 127 && cell.has_default_style();
            self.damage.mark(y as u16);
        }
    }

    /// DECCRA; pages are ignored.
    pub(super) fn copy_rectangle(&mut self, csi: &Csi) {
        let Some(r) = self.rectangle(csi, 0) else { return };
        let st = &self.st;
        let (x0, y0, x1, y1) = if st.modes.origin {
            (st.left, st.top, st.right, st.bottom)
        } else {
            (0, 0, st.cols - 1, st.rows - 1)
        };
        let (top, left) = (y0 + csi.or(5, 1) - 1, x0 + csi.or(6, 1) - 1);
        if top > y1 || left > x1 {
            return;
        }
        let height = (r.bottom + 1 - r.top).min(y1 + 1 - top);
        let width = (r.right + 1 - r.left).min(x1 + 1 - left);
        let copied: Vec<Vec<_>> = (r.top..r.top + height)
            .map(|y| (r.left..r.left + width).map(|x| self.rows[y].get(x)).collect())
            .collect();
        for (i, mut cells) in copied.into_iter().enumerate() {
            // Halves of wide characters cut by the edge become spaces.
            if cells[0].is_right_half() {
                cells[0] = cells[0].with_char(u32::from(b' '));
            }
            if let Some(last) = cells.last_mut().filter(|c| c.is_wide()) {
                *last = last.with_char(u32::from(b' '));
            }
            let row = &mut self.rows[top + i];
            row.split_wide(left, left + width);
            row.reach(left + width);
            row.cells[left..left + width].copy_from_slice(&cells);
            row.simple = false;
            self.damage.mark((top + i) as u16);
        }
    }

    /// DECCARA sets, DECRARA reverses attributes.
    pub(super) fn change_attributes(&mut self, csi: &Csi, reverse: bool) {
        let stream = !self.st.rectangle_extent;
        let Some(r) = self.extent(csi, 0) else { return };
        if r.left > r.right && !(stream && r.top < r.bottom) {
            return;
        }
        for y in r.top..=r.bottom {
            // Without DECSACE 2 the extent is the text from the first to the last position.
            let from = if stream && y > r.top { 0 } else { r.left };
            let to = if stream && y < r.bottom { self.st.cols - 1 } else { r.right };
            let row = &mut self.rows[y];
            row.reach(to + 1);
            row.simple = false;
            for cell in &mut row.cells[from..=to] {
                if stream && cell.is_empty() {
                    continue;
                }
                for i in 4..csi.params().len().max(5) {
                    cell.attrs = changed(cell.attrs, csi.raw(i), reverse);
                }
            }
            row.trim();
            self.damage.mark(y as u16);
        }
    }

    /// DECSACE.
    pub(super) fn set_extent(&mut self, n: u16) {
        if n <= 2 {
            self.st.extent = n as u8;
            self.st.rectangle_extent = n == 2;
        }
    }

    /// DECRQCRA: the sum of the characters and their attributes, as xterm (from patch 334 on)
    /// makes it and by the bits of XTCHECKSUM. By default it is negated and blanks are left out but
    /// for the first cell, so that one cell alone is always told.
    pub(super) fn request_checksum(&mut self, csi: &Csi) {
        let flags = self.st.checksum_flags;
        let mut sum = 0u32;
        let mut first = true;
        if let Some(r) = self.rectangle(csi, 2) {
            for y in r.top..=r.bottom {
                for x in r.left..=r.right {
                    let cell = self.rows[y].get(x);
                    let value = self.cell_checksum(cell);
                    let counts = if flags & checksum::NO_TRIM != 0 {
                        !cell.is_empty() || flags & checksum::DRAWN == 0
                    } else {
                        first || value != u32::from(b' ') || cell != Cell::BLANK
                    };
                    sum = sum.wrapping_add(if counts { value } else { 0 });
                    first = false;
                }
            }
        }
        let sum = if flags & checksum::POSITIVE != 0 { sum } else { sum.wrapping_neg() };
        self.reply_dcs(&format!("{}!~{:04X}", csi.raw(0), sum & 0xffff));
    }

    /// What a cell adds. Protection is no attribute one sees and adds nothing (newer xterms add 4).
    fn cell_checksum(&self, cell: Cell) -> u32 {
        let flags = self.st.checksum_flags;
        let mut chars = self.tables.text(cell).chars().map(u32::from);
        let value = if flags & checksum::BYTE != 0 { chars.sum() } else { chars.next().unwrap_or(0) & 0xff };
        if flags & checksum::NO_ATTRIBUTES != 0 {
            return value;
        }
        let bits = [
            (Attrs::HIDDEN, 0x08),
            (Attrs::ANY_UNDERLINE, 0x10),
            (Attrs::REVERSE, 0x20),
            (Attrs::BLINK, 0x40),
            (Attrs::BOLD, 0x80),
        ];
        let set = bits.iter().filter(|(attrs, _)| cell.attrs.intersects(*attrs));
        set.fold(value, |sum, (_, bit)| sum + bit)
    }
}

/// Bits of XTCHECKSUM (ctlseqs).
mod checksum {
    /// The sum is not negated.
    pub const POSITIVE: u16 = 1;
    /// Attributes add nothing.
    pub const NO_ATTRIBUTES: u16 = 2;
    /// Blanks are counted.
    pub const NO_TRIM: u16 = 4;
    /// With the former: cells never written are not.
    pub const DRAWN: u16 = 8;
    /// Whole code points, combining ones too, not their low eight bits.
    pub const BYTE: u16 = 16;
}

/// One parameter of DECCARA or DECRARA.
fn changed(attrs: Attrs, parameter: u16, reverse: bool) -> Attrs {
    const FOUR: Attrs = Attrs(Attrs::BOLD.0 | Attrs::UNDERLINE.0 | Attrs::BLINK.0 | Attrs::REVERSE.0);
    let (bits, on) = match parameter {
        0 => (FOUR, reverse),
        1 => (Attrs::BOLD, true),
        4 => (Attrs::UNDERLINE, true),
        5 => (Attrs::BLINK, true),
        7 => (Attrs::REVERSE, true),
        8 => (Attrs::HIDDEN, true),
        22 if !reverse => (Attrs::BOLD, false),
        24 if !reverse => (Attrs::ANY_UNDERLINE, false),
        25 if !reverse => (Attrs::BLINK, false),
        27 if !reverse => (Attrs::REVERSE, false),
        28 if !reverse => (Attrs::HIDDEN, false),
        _ => return attrs,
    };
    match (reverse, on) {
        (true, _) => Attrs(attrs.0 ^ bits.0),
        (false, true) => attrs | bits,
        (false, false) => attrs.without(bits),
    }
}
