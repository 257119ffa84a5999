//! Setting modes, switching screens, saving and restoring the cursor, resets.

use super::csi::Csi;
use super::modes::{Modes, MouseEncoding, MouseMode};
use super::screen::{Screen, blank_rows};
use super::state::{CursorShape, Protection, SavedCursor, State};
use super::style::Attrs;
use crate::ids::Size;

/// Most entries of the kitty keyboard stacks; pushing more drops the oldest (kitty's rule).
const MAX_KITTY_STACK: usize = 16;
/// Private modes XTSAVE keeps at once.
const MAX_SAVED_MODES: usize = 256;

impl Screen {
    pub(super) fn ansi_modes(&mut self, csi: &Csi, on: bool) {
        for n in csi.params() {
            if let Some(flag) = self.st.modes.ansi_flag(*n) {
                *flag = on;
            }
        }
    }

    pub(super) fn private_modes(&mut self, csi: &Csi, on: bool) {
        for n in csi.params() {
            self.private_mode(*n, on);
        }
    }

    /// Sets or resets one DEC private mode with all it brings about.
    pub(super) fn private_mode(&mut self, number: u16, on: bool) {
        let beyond = number == 69 && !self.at_level(4) || number == 95 && !self.at_level(5);
        if beyond {
            return;
        }
        // Who is there already may go back; who was not let in has nothing to go back from.
        let shut = self.st.no_alternate && (on || !self.st.modes.alternate);
        if shut && matches!(number, 47 | 1047 | 1049) {
            return;
        }
        let modes = &mut self.st.modes;
        match number {
            3 => self.columns_mode(on),
            6 => {
                modes.origin = on;
                self.move_to(0, 0);
            }
            9 => modes.mouse = if on { MouseMode::X10 } else { MouseMode::Off },
            1000 => modes.mouse = if on { MouseMode::Normal } else { MouseMode::Off },
            1002 => modes.mouse = if on { MouseMode::Button } else { MouseMode::Off },
            1003 => modes.mouse = if on { MouseMode::Any } else { MouseMode::Off },
            1005 => set_encoding(modes, MouseEncoding::Utf8, on),
            1006 => set_encoding(modes, MouseEncoding::Sgr, on),
            1015 => set_encoding(modes, MouseEncoding::Urxvt, on),
            1016 => set_encoding(modes, MouseEncoding::SgrPixels, on),
            69 => {
                modes.left_right_margins = on;
                (self.st.left, self.st.right) = (0, self.st.cols - 1);
            }
            47 => self.show_alternate(on),
            1047 => {
                if !on && self.st.modes.alternate {
                    self.clear_screen();
                }
                self.show_alternate(on);
            }
            1048 if on => self.save_cursor(),
            1048 => self.restore_cursor(),
            1049 if on => {
                if !self.st.modes.alternate {
                    self.save_cursor();
                    self.show_alternate(true);
                }
                self.clear_screen();
            }
            1049 => {
                if self.st.modes.alternate {
                    self.clear_screen();
                    self.show_alternate(false);
                }
                self.restore_cursor();
            }
            _ => self.flag_mode(number, on),
        }
    }

    fn flag_mode(&mut self, number: u16, on: bool) {
        let Some(flag) = self.st.modes.private_flag(number) else { return };
        let changed = *flag != on;
        *flag = on;
        match number {
            5 if changed => self.damage.mark_all(),
            7 => self.st.pending_wrap &= on,
            12 | 25 => self.damage.cursor = true,
            2048 if on => self.report_size_in_band(),
            _ => {}
        }
    }

    /// DECCOLM: the width belongs to the layout, but the rest of its effects are had.
    fn columns_mode(&mut self, on: bool) {
        if !self.st.modes.allow_columns {
            return;
        }
        self.st.modes.columns_132 = on;
        (self.st.top, self.st.bottom) = (0, self.st.rows - 1);
        (self.st.left, self.st.right) = (0, self.st.cols - 1);
        self.st.modes.left_right_margins = false;
        if !self.st.modes.no_clear_on_columns {
            self.clear_screen();
        }
        self.move_absolute(0, 0);
    }

    pub(super) fn clear_screen(&mut self) {
        let (blank, cols) = (self.blank_cell(), self.st.cols);
        for row in &mut self.rows {
            row.clear_with(cols, blank);
        }
        self.damage.mark_all();
    }

    /// Shows the alternate or the main screen. The cursor stays where it is.
    fn show_alternate(&mut self, on: bool) {
        if self.st.modes.alternate == on {
            return;
        }
        self.st.modes.alternate = on;
        if self.hidden.is_empty() {
            self.hidden = blank_rows(self.st.rows);
        }
        std::mem::swap(&mut self.rows, &mut self.hidden);
        if !on && self.hidden.iter().all(|row| row.cells.is_empty()) {
            // An unused alternate screen takes no memory.
            self.hidden.clear();
        }
        self.st.modes.kitty_flags = self.kitty_top();
        self.damage.mark_all();
    }

    pub(super) fn save_modes(&mut self, csi: &Csi) {
        for n in csi.params() {
            if let Some(on) = self.st.modes.private(*n)
                && self.st.saved_modes.len() < MAX_SAVED_MODES
            {
                self.st.saved_modes.insert(*n, on);
            }
        }
    }

    pub(super) fn restore_modes(&mut self, csi: &Csi) {
        for n in csi.params() {
            if let Some(on) = self.st.saved_modes.get(n).copied() {
                self.private_mode(*n, on);
            }
        }
    }

    // ---- saved cursor ----

    pub(super) fn save_cursor(&mut self) {
        let st = &mut self.st;
        let mut pen = st.pen.clone();
        pen.link = None;
        st.saved[usize::from(st.modes.alternate)] = SavedCursor {
            x: st.x,
            y: st.y,
            pen,
            pending_wrap: st.pending_wrap,
            origin: st.modes.origin,
            charsets: st.charsets,
            set: true,
        };
    }

    pub(super) fn restore_cursor(&mut self) {
        let st = &mut self.st;
        let saved = st.saved[usize::from(st.modes.alternate)].clone();
        let link = st.pen.link.take();
        st.pen = saved.pen;
        st.pen.link = link;
        st.charsets = saved.charsets;
        st.modes.origin = saved.origin;
        st.x = saved.x.min(st.cols - 1);
        st.y = saved.y.min(st.rows - 1);
        if st.modes.origin {
            // The margins may be others by now, and origin mode keeps the cursor within them.
            st.x = st.x.clamp(st.left, st.right);
            st.y = st.y.clamp(st.top, st.bottom);
        }
        st.pending_wrap = saved.pending_wrap && saved.x == st.x;
        self.refresh_pen();
    }

    // ---- margins ----

    pub(super) fn set_rows_margin(&mut self, csi: &Csi) {
        let top = csi.or(0, 1) - 1;
        let bottom = csi.or(1, self.st.rows).min(self.st.rows) - 1;
        if top < bottom {
            (self.st.top, self.st.bottom) = (top, bottom);
            self.move_to(0, 0);
        }
    }

    pub(super) fn set_columns_margin(&mut self, csi: &Csi) {
        let left = csi.or(0, 1) - 1;
        let right = csi.or(1, self.st.cols).min(self.st.cols) - 1;
        if left < right {
            (self.st.left, self.st.right) = (left, right);
            self.move_to(0, 0);
        }
    }

    // ---- keyboard protocols ----

    fn kitty_stack(&mut self) -> &mut Vec<u8> {
        &mut self.st.kitty[usize::from(self.st.modes.alternate)]
    }

    fn kitty_top(&mut self) -> u8 {
        self.kitty_stack().last().copied().unwrap_or(0)
    }

    pub(super) fn kitty_push(&mut self, flags: u16) {
        let stack = self.kitty_stack();
        if stack.len() == MAX_KITTY_STACK {
            stack.remove(0);
        }
        stack.push(flags as u8 & 31);
        self.st.modes.kitty_flags = self.kitty_top();
    }

    pub(super) fn kitty_pop(&mut self, n: usize) {
        let stack = self.kitty_stack();
        stack.truncate(stack.len().saturating_sub(n));
        self.st.modes.kitty_flags = self.kitty_top();
    }

    /// `CSI = flags ; mode u`: 1 sets, 2 adds, 3 takes away.
    pub(super) fn kitty_set(&mut self, csi: &Csi) {
        let flags = csi.raw(0) as u8 & 31;
        let now = self.kitty_top();
        let new = match csi.or(1, 1) {
            1 => flags,
            2 => now | flags,
            3 => now & !flags,
            _ => return,
        };
        let stack = self.kitty_stack();
        match stack.last_mut() {
            Some(top) => *top = new,
            None => stack.push(new),
        }
        self.st.modes.kitty_flags = new;
    }

    pub(super) fn kitty_query(&mut self) {
        let flags = self.st.modes.kitty_flags;
        self.reply_csi(format_args!("?{flags}u"));
    }

    /// XTMODKEYS: of the resources only modifyOtherKeys (4) is kept.
    pub(super) fn set_modify_other_keys(&mut self, csi: &Csi) {
        match csi.params() {
            [4, level, ..] => self.st.modes.modify_other_keys = (*level).min(2) as u8,
            [4] | [0] | [] => self.st.modes.modify_other_keys = 0,
            _ => {}
        }
    }

    pub(super) fn query_modify_other_keys(&mut self) {
        let level = self.st.modes.modify_other_keys;
        self.reply_csi(format_args!(">4;{level}m"));
    }

    // ---- look of the cursor, protection ----

    pub(super) fn set_cursor_style(&mut self, n: u16) {
        let (shape, blink) = match n {
            0 => (CursorShape::Default, false),
            1 => (CursorShape::Block, true),
            2 => (CursorShape::Block, false),
            3 => (CursorShape::Underline, true),
            4 => (CursorShape::Underline, false),
            5 => (CursorShape::Bar, true),
            6 => (CursorShape::Bar, false),
            _ => return,
        };
        self.st.cursor_shape = shape;
        self.st.modes.cursor_blink = blink;
        self.damage.cursor = true;
    }

    /// SPA.
    pub(super) fn start_guarded_area(&mut self) {
        self.st.protection = Protection::Iso;
        self.st.pen.attrs.insert(Attrs::PROTECTED);
    }

    /// Whether what is written now withstands selective erasure (DECSCA 1).
    pub(super) fn protects_selectively(&self) -> bool {
        self.st.protection == Protection::Dec && self.st.pen.attrs.contains(Attrs::PROTECTED)
    }

    /// DECSCA.
    pub(super) fn set_protected(&mut self, n: u16) {
        self.st.protection = Protection::Dec;
        match n {
            0 | 2 => self.st.pen.attrs.remove(Attrs::PROTECTED),
            1 => self.st.pen.attrs.insert(Attrs::PROTECTED),
            _ => {}
        }
    }

    // ---- resets ----

    /// DECSCL: sets the level and resets softly.
    pub(super) fn set_level(&mut self, csi: &Csi) {
        let level = csi.raw(0);
        if (61..=65).contains(&level) {
            self.soft_reset();
            self.st.level = level;
            self.st.eight_bit = level > 61 && csi.raw(1) != 1;
        }
    }

    /// DECSTR.
    pub(super) fn soft_reset(&mut self) {
        let st = &mut self.st;
        let fresh = Modes::default();
        st.modes.cursor_visible = true;
        st.modes.insert = false;
        st.modes.origin = false;
        st.modes.wrap = fresh.wrap;
        st.modes.reverse_wrap = false;
        st.modes.extended_reverse_wrap = false;
        st.modes.keyboard_locked = false;
        st.modes.app_cursor = false;
        st.modes.app_keypad = false;
        // With the margins goes the mode that allows those of the columns (DEC STD 070).
        st.modes.left_right_margins = false;
        (st.top, st.bottom) = (0, st.rows - 1);
        (st.left, st.right) = (0, st.cols - 1);
        st.pending_wrap = false;
        st.pen = Default::default();
        st.protection = Protection::Off;
        st.checksum_flags = 0;
        st.charsets = Default::default();
        st.saved[usize::from(st.modes.alternate)] = SavedCursor::default();
        self.refresh_pen();
        self.damage.cursor = true;
    }

    /// RIS. The scrollback, the size and what the outer terminal told stay; so do answers on
    /// their way.
    pub(super) fn full_reset(&mut self) {
        let old = &mut self.st;
        let size = Size { cols: old.cols as u16, rows: old.rows as u16 };
        let mut st = State::new(size);
        st.replies = std::mem::take(&mut old.replies);
        st.events = std::mem::take(&mut old.events);
        st.title = std::mem::take(&mut old.title);
        st.icon_name = std::mem::take(&mut old.icon_name);
        st.path = std::mem::take(&mut old.path);
        (st.outer_fg, st.outer_bg) = (old.outer_fg, old.outer_bg);
        st.modes.cell_pixels = old.modes.cell_pixels;
        st.scroll_on_clear = old.scroll_on_clear;
        (st.no_alternate, st.no_titles) = (old.no_alternate, old.no_titles);
        st.pictures = std::mem::take(&mut old.pictures).emptied();
        let recolored = !old.palette.is_empty() || old.dynamic.iter().any(Option::is_some);
        self.st = st;
        self.rows = blank_rows(self.st.rows);
        self.hidden.clear();
        self.pen_extra = 0;
        self.damage.mark_all();
        self.damage.cursor = true;
        if recolored {
            self.event(super::event::ScreenEvent::Colors);
        }
    }
}

fn set_encoding(modes: &mut Modes, encoding: MouseEncoding, on: bool) {
    if on {
        modes.mouse_encoding = encoding;
    } else if modes.mouse_encoding == encoding {
        modes.mouse_encoding = MouseEncoding::X10;
    }
}
