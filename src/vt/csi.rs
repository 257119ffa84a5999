//! Control sequences: `CSI … final`.

use super::screen::Screen;

/// Most parameters of a sequence, as in `vte`.
const MAX_PARAMS: usize = 32;

/// A parsed control sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Csi {
    /// `<`, `=`, `>`, `?` or 0.
    pub private: u8,
    /// The intermediate byte or 0.
    pub intermediate: u8,
    /// The final byte.
    pub last: u8,
    params: [u16; MAX_PARAMS],
    len: usize,
    /// Bit n: parameter n was written after a colon.
    colons: u32,
}

impl Csi {
    fn empty() -> Csi {
        Csi { private: 0, intermediate: 0, last: 0, params: [0; MAX_PARAMS], len: 0, colons: 0 }
    }

    /// From `vte`'s form; `None` for more intermediates than any known sequence has.
    pub fn from_vte(params: &vte::Params, inter: &[u8], action: char) -> Option<Csi> {
        let mut csi = Csi { last: u8::try_from(action).ok()?, ..Csi::empty() };
        for byte in inter {
            match byte {
                b'<'..=b'?' if csi.private == 0 => csi.private = *byte,
                _ if csi.intermediate == 0 => csi.intermediate = *byte,
                _ => return None,
            }
        }
        for param in params {
            for (i, value) in param.iter().enumerate() {
                csi.params[csi.len] = *value;
                if i > 0 {
                    csi.colons |= 1 << csi.len;
                }
                csi.len += 1;
            }
        }
        Some(csi)
    }

    /// All parameters; an absent one is 0.
    pub fn params(&self) -> &[u16] {
        &self.params[..self.len]
    }

    /// Parameter `i`, 0 when absent.
    pub fn raw(&self, i: usize) -> u16 {
        if i < self.len { self.params[i] } else { 0 }
    }

    /// Parameter `i`, `default` when absent or 0.
    pub fn or(&self, i: usize, default: usize) -> usize {
        match self.raw(i) {
            0 => default,
            n => usize::from(n),
        }
    }

    /// Whether parameter `i` was written after a colon.
    pub fn is_sub(&self, i: usize) -> bool {
        i < MAX_PARAMS && self.colons >> i & 1 != 0
    }
}

/// Reads a whole simple sequence from the bytes after ESC and says how long it is. Anything
/// unusual (a control inside, the end of the bytes, too many parameters) is left to the slow path.
#[inline]
pub(super) fn scan(bytes: &[u8]) -> Option<(Csi, usize)> {
    if bytes.first() != Some(&b'[') {
        return None;
    }
    let mut csi = Csi::empty();
    let mut i = 1;
    if let Some(b @ b'<'..=b'?') = bytes.get(1) {
        csi.private = *b;
        i = 2;
    }
    let mut value = 0u16;
    loop {
        let b = *bytes.get(i)?;
        i += 1;
        match b {
            b'0'..=b'9' => value = value.saturating_mul(10).saturating_add(u16::from(b - b'0')),
            b';' | b':' => {
                // The last slot is for the parameter the final byte ends.
                if csi.len == MAX_PARAMS - 1 {
                    return None;
                }
                csi.params[csi.len] = value;
                csi.len += 1;
                value = 0;
                if b == b':' {
                    csi.colons |= 1 << csi.len;
                }
            }
            0x40..=0x7e => {
                csi.params[csi.len] = value;
                csi.len += 1;
                csi.last = b;
                return Some((csi, i));
            }
            0x20..=0x2f => {
                let last = *bytes.get(i)?;
                if !(0x40..=0x7e).contains(&last) {
                    return None;
                }
                csi.params[csi.len] = value;
                csi.len += 1;
                csi.intermediate = b;
                csi.last = last;
                return Some((csi, i + 1));
            }
            _ => return None,
        }
    }
}

impl Screen {
    /// Performs a control sequence.
    pub(super) fn csi(&mut self, csi: &Csi) {
        match (csi.private, csi.intermediate) {
            (0, 0) => self.csi_plain(csi),
            (b'?', 0) => self.csi_private(csi),
            (b'>', 0) => self.csi_greater(csi),
            (b'=', 0) => match csi.last {
                b'c' if self.at_level(4) => self.tertiary_attributes(csi),
                b'u' => self.kitty_set(csi),
                _ => {}
            },
            (b'<', 0) if csi.last == b'u' => self.kitty_pop(csi.or(0, 1)),
            (private, b'$') if csi.last == b'p' && self.at_level(3) => self.request_mode(private, csi.raw(0)),
            (0, intermediate) => self.csi_intermediate(intermediate, csi),
            _ => {}
        }
        // REP repeats what stands right before it, not what stood before another function.
        self.st.last_printed.clear();
    }

    fn csi_plain(&mut self, csi: &Csi) {
        let n = csi.or(0, 1);
        match csi.last {
            b'm' => self.sgr(csi),
            b'H' | b'f' => self.move_to(n - 1, csi.or(1, 1) - 1),
            b'A' => self.up(n),
            b'B' => self.down(n),
            b'C' => self.right(n),
            b'D' => self.left(n),
            b'E' => {
                self.down(n);
                self.carriage_return();
            }
            b'F' => {
                self.up(n);
                self.carriage_return();
            }
            b'G' | b'`' => self.column(n - 1),
            b'a' => self.column_relative(n),
            b'd' => self.line_absolute(n - 1),
            b'e' => self.line_relative(n),
            b'I' => self.tab(n),
            b'Z' => self.tab_back(n),
            b'J' => self.erase_display(csi.raw(0), self.plain_erasure()),
            b'K' => self.erase_line(csi.raw(0), self.plain_erasure()),
            b'X' => self.erase_chars(n),
            b'@' => self.insert_chars(n),
            b'P' => self.delete_chars(n),
            b'L' => self.insert_lines(n),
            b'M' => self.delete_lines(n),
            b'S' => self.scroll_up_command(n),
            b'T' if csi.params().len() <= 1 => self.scroll_down_command(n),
            b'^' => self.scroll_down_command(n),
            b'b' => self.repeat(n),
            b'c' if csi.raw(0) == 0 => self.primary_attributes(),
            b'g' => self.clear_tabs(csi.raw(0)),
            b'h' => self.ansi_modes(csi, true),
            b'l' => self.ansi_modes(csi, false),
            b'n' => self.device_status(csi.raw(0)),
            b'r' => self.set_rows_margin(csi),
            b's' if self.st.modes.left_right_margins && self.at_level(4) => self.set_columns_margin(csi),
            b's' => self.save_cursor(),
            b'u' => self.restore_cursor(),
            b't' => self.window_operation(csi),
            b'x' => self.report_parameters(csi.raw(0)),
            _ => {}
        }
    }

    fn csi_private(&mut self, csi: &Csi) {
        match csi.last {
            b'h' => self.private_modes(csi, true),
            b'l' => self.private_modes(csi, false),
            b'J' => self.erase_display(csi.raw(0), self.selective_erasure()),
            b'K' => self.erase_line(csi.raw(0), self.selective_erasure()),
            b'n' => self.private_status(csi),
            b's' => self.save_modes(csi),
            b'r' => self.restore_modes(csi),
            b'u' => self.kitty_query(),
            b'W' if csi.raw(0) == 5 => self.st.tabs = super::state::default_tabs(self.st.cols),
            b'm' if csi.raw(0) == 4 => self.query_modify_other_keys(),
            b'S' => self.graphics_attributes(csi),
            _ => {}
        }
    }

    fn csi_greater(&mut self, csi: &Csi) {
        match csi.last {
            b'c' => self.secondary_attributes(csi),
            b'q' if csi.raw(0) == 0 => self.report_version(),
            b'm' => self.set_modify_other_keys(csi),
            b'n' if csi.raw(0) == 4 => self.st.modes.modify_other_keys = 0,
            b'u' => self.kitty_push(csi.raw(0)),
            b't' => self.title_modes(csi, true),
            b'T' => self.title_modes(csi, false),
            _ => {}
        }
    }

    /// Whether the terminal works at a level (DECSCL) that has what asks: 2 to 5.
    pub(super) fn at_level(&self, level: u16) -> bool {
        self.st.level >= 60 + level
    }

    fn csi_intermediate(&mut self, intermediate: u8, csi: &Csi) {
        match (intermediate, csi.last) {
            (b' ', b'q') => self.set_cursor_style(csi.raw(0)),
            (b' ', b'@') => self.scroll_left(csi.or(0, 1)),
            (b' ', b'A') => self.scroll_right(csi.or(0, 1)),
            (b'!', b'p') => self.soft_reset(),
            (b'"', b'p') => self.set_level(csi),
            (b'"', b'q') => self.set_protected(csi.raw(0)),
            (b'#', _) => self.xterm_stacks(csi),
            (b'$', b'w') if self.at_level(3) => self.presentation_report(csi.raw(0)),
            (b'$' | b'*' | b'\'', _) if self.at_level(4) => self.csi_level_4(intermediate, csi),
            _ => {}
        }
    }

    /// What came with the VT420.
    fn csi_level_4(&mut self, intermediate: u8, csi: &Csi) {
        match (intermediate, csi.last) {
            (b'\'', b'}') => self.insert_columns(csi.or(0, 1)),
            (b'\'', b'~') => self.delete_columns(csi.or(0, 1)),
            (b'*', b'x') => self.set_extent(csi.raw(0)),
            (b'*', b'y') => self.request_checksum(csi),
            (b'$', b'v') => self.copy_rectangle(csi),
            (b'$', b'x') => self.fill_rectangle(csi),
            (b'$', b'z') => self.erase_rectangle(csi),
            (b'$', b'{') => self.erase_rectangle_selectively(csi),
            (b'$', b'r') => self.change_attributes(csi, false),
            (b'$', b't') => self.change_attributes(csi, true),
            _ => {}
        }
    }

    /// `CSI … #`: xterm's stacks of pens and colours.
    fn xterm_stacks(&mut self, csi: &Csi) {
        match csi.last {
            b'y' => self.st.checksum_flags = csi.raw(0),
            b'{' | b'p' => self.push_sgr(csi),
            b'}' | b'q' => self.pop_sgr(),
            b'|' => self.report_sgr(csi),
            b'P' => self.push_colors(csi.raw(0)),
            b'Q' => self.pop_colors(csi.raw(0)),
            b'R' => self.report_colors(),
            _ => {}
        }
    }
}
