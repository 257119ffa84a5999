//! Bytes to actions: the ground state's fast path, and cutting out escape sequences and strings.
//!
//! An escape sequence is collected until its final byte and then parsed whole, by `vte` or by the
//! shortcut of `csi::scan`; so nothing of the parser's state is hidden in a library, and the
//! unfinished sequence travels with the screen as the bytes it has so far.

use super::csi::{self, Csi};
use super::event::ScreenEvent;
use super::screen::Screen;
use super::state::{Parser, StringKind};

/// Longest escape sequence, in bytes; a longer one is swallowed.
const MAX_SEQUENCE: usize = 512;
/// Longest OSC, in bytes: 1 MiB of clipboard in base64 and its header.
const MAX_OSC: usize = (1 << 20) * 4 / 3 + 4096;
/// Longest DCS, in bytes.
const MAX_DCS: usize = 1 << 20;

/// Longest command of the graphics protocol, in bytes: a picture may come in one.
const MAX_GRAPHICS: usize = super::pictures::MAX_PICTURE + 4096;

/// Longest window name, in bytes.
const MAX_NAME: usize = 4096;

const ESC: u8 = 0x1b;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
/// ST as one byte.
const ST: u8 = 0x9c;
/// First of the two bytes U+009C has in UTF-8.
const ST_LEAD: u8 = 0xc2;

/// Length of the run of printable ASCII at the start.
#[inline]
fn printable_ascii(bytes: &[u8]) -> usize {
    let mut n = 0;
    for chunk in bytes.chunks_exact(32) {
        if !chunk.iter().fold(true, |all, b| all & (b.wrapping_sub(0x20) < 0x5f)) {
            break;
        }
        n += 32;
    }
    n + bytes[n..].iter().position(|b| b.wrapping_sub(0x20) >= 0x5f).unwrap_or(bytes.len() - n)
}

/// Length of the run without controls at the start.
#[inline]
fn text_run(bytes: &[u8]) -> usize {
    let control = |b: &u8| *b < 0x20 || *b == 0x7f;
    let mut n = 0;
    for chunk in bytes.chunks_exact(32) {
        if chunk.iter().fold(false, |any, b| any | control(b)) {
            break;
        }
        n += 32;
    }
    n + bytes[n..].iter().position(control).unwrap_or(bytes.len() - n)
}

impl Screen {
    /// Takes what the program wrote. Never fails: what is not understood has no effect.
    pub fn advance(&mut self, bytes: &[u8]) {
        let before = (self.st.x, self.st.y);
        let mut i = 0;
        while i < bytes.len() {
            i += match &self.st.parser {
                Parser::Ground => self.ground(&bytes[i..]),
                Parser::Utf8(_) => self.utf8(bytes[i]),
                Parser::Escape(_) => self.escape(bytes[i]),
                Parser::String { .. } => self.string(&bytes[i..]),
            };
        }
        self.damage.cursor |= before != (self.st.x, self.st.y);
        self.sweep_tables();
    }

    /// Takes bytes in ground state until it is left; says how many.
    fn ground(&mut self, bytes: &[u8]) -> usize {
        let mut i = 0;
        while let Some(&b) = bytes.get(i) {
            match b {
                0x20..=0x7e => {
                    let n = printable_ascii(&bytes[i..]);
                    self.print_ascii(&bytes[i..i + n]);
                    i += n;
                }
                ESC => {
                    if let Some((csi, n)) = csi::scan(&bytes[i + 1..]) {
                        self.csi(&csi);
                        i += 1 + n;
                    } else {
                        self.st.parser = Parser::Escape(vec![ESC]);
                        return i + 1;
                    }
                }
                0..=0x1f => {
                    self.execute(b);
                    i += 1;
                }
                0x7f => i += 1,
                0x80.. => {
                    i += self.ground_text(&bytes[i..]);
                    if self.st.parser != Parser::Ground {
                        return i;
                    }
                }
            }
        }
        i
    }

    /// Prints text that begins with a byte above 0x7f; says how much it took.
    fn ground_text(&mut self, bytes: &[u8]) -> usize {
        let run = text_run(bytes);
        // Only a C1 control can stop the printing, and then the rest is validated again.
        match std::str::from_utf8(&bytes[..run]) {
            Ok(text) => self.print_text(text),
            Err(error) => {
                let valid = error.valid_up_to();
                if valid > 0 {
                    let text = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
                    return self.print_text(text);
                }
                match error.error_len() {
                    Some(_) if self.st.eight_bit && (0x80..0xa0).contains(&bytes[0]) => {
                        self.c1(bytes[0]);
                        1
                    }
                    Some(n) => {
                        self.print_char(char::REPLACEMENT_CHARACTER);
                        n
                    }
                    None if run < bytes.len() => {
                        self.print_char(char::REPLACEMENT_CHARACTER);
                        run
                    }
                    None => {
                        self.st.parser = Parser::Utf8(bytes.to_vec());
                        run
                    }
                }
            }
        }
    }

    /// Goes on with a character cut by the end of the bytes before.
    fn utf8(&mut self, byte: u8) -> usize {
        let Parser::Utf8(mut partial) = std::mem::take(&mut self.st.parser) else { return 0 };
        partial.push(byte);
        match std::str::from_utf8(&partial) {
            Ok(text) => {
                self.print_text(text);
                1
            }
            Err(error) if error.error_len().is_none() => {
                self.st.parser = Parser::Utf8(partial);
                1
            }
            Err(_) => {
                self.print_char(char::REPLACEMENT_CHARACTER);
                0
            }
        }
    }

    /// A C1 control does what its two-byte form does.
    pub(super) fn c1(&mut self, control: u8) {
        self.st.parser = Parser::Escape(vec![ESC]);
        self.escape(control - 0x40);
    }

    /// One byte of an escape sequence.
    fn escape(&mut self, byte: u8) -> usize {
        let Parser::Escape(pending) = &mut self.st.parser else { return 0 };
        match byte {
            CAN | SUB => self.st.parser = Parser::Ground,
            ESC => {
                pending.clear();
                pending.push(ESC);
            }
            0..=0x1f => self.execute(byte),
            0x7f.. => {}
            0x20..=0x2f => push_bounded(pending, byte),
            _ if pending.len() == 1 => self.escape_second(byte),
            0x30..=0x3f if pending[1] == b'[' => push_bounded(pending, byte),
            _ => {
                pending.push(byte);
                self.dispatch();
            }
        }
        1
    }

    /// The byte after ESC, intermediates aside.
    fn escape_second(&mut self, byte: u8) {
        let Parser::Escape(pending) = &mut self.st.parser else { return };
        let kind = match byte {
            b'[' => return pending.push(byte),
            b']' => StringKind::Osc,
            b'P' => StringKind::Dcs,
            b'_' => StringKind::Apc,
            b'k' => StringKind::Name,
            b'X' | b'^' => StringKind::Other,
            _ => {
                pending.push(byte);
                return self.dispatch();
            }
        };
        self.st.parser = Parser::String { kind, data: Vec::new(), escape: false, overlong: false };
    }

    /// Parses and performs the complete sequence collected.
    fn dispatch(&mut self) {
        let Parser::Escape(sequence) = std::mem::take(&mut self.st.parser) else { return };
        if sequence.len() <= MAX_SEQUENCE {
            vte::Parser::new().advance(&mut Performer(self), &sequence);
        }
    }

    /// Bytes of a control string; says how many were taken.
    fn string(&mut self, bytes: &[u8]) -> usize {
        let Parser::String { kind, data, escape, overlong } = &mut self.st.parser else { return 0 };
        if std::mem::take(escape) {
            match bytes[0] {
                b'\\' => {
                    self.end_string();
                    return 1;
                }
                // tmux's passthrough doubles the ESCs of what it wraps.
                ESC if *kind == StringKind::Dcs && data.starts_with(b"tmux;") => {
                    push_string(*kind, data, overlong, &[ESC, ESC]);
                    return 1;
                }
                // Any other sequence cancels the string and is itself performed.
                _ => {
                    self.st.parser = Parser::Escape(vec![ESC]);
                    return 0;
                }
            }
        }
        let (osc, eight_bit) = (*kind == StringKind::Osc, self.st.eight_bit);
        let end = (0..bytes.len()).find(|i| match bytes[*i] {
            ESC | CAN | SUB => true,
            0x07 => osc,
            // After S8C1T the one byte ends a string, if it is no part of a character.
            ST => eight_bit && !is_continuation(data, &bytes[..*i]),
            _ => false,
        });
        let n = end.unwrap_or(bytes.len());
        let skipped =
            usize::from(*kind == StringKind::Apc && data.is_empty() && bytes[..n].starts_with(b"G"));
        if skipped > 0 {
            *kind = StringKind::Graphics;
        }
        push_string(*kind, data, overlong, &bytes[skipped..n]);
        match end.map(|at| bytes[at]) {
            None => return n,
            Some(ESC) => *escape = true,
            Some(ST) => {
                // U+009C is the same control, written in two bytes.
                if data.last() == Some(&ST_LEAD) {
                    data.pop();
                }
                self.end_string();
            }
            Some(0x07) => {
                self.reply_bel = true;
                self.end_string();
                self.reply_bel = false;
            }
            Some(_) => self.st.parser = Parser::Ground,
        }
        n + 1
    }

    fn end_string(&mut self) {
        if let Parser::String { kind, data, overlong: false, .. } = std::mem::take(&mut self.st.parser) {
            match kind {
                StringKind::Osc => self.osc(&data),
                StringKind::Dcs => self.dcs(&data),
                StringKind::Name => self.window_name(&data),
                StringKind::Graphics => self.graphics(&data),
                StringKind::Apc | StringKind::Other => {}
            }
        }
    }

    /// A C0 control.
    pub(super) fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' | 0x0b | 0x0c => {
                self.linefeed();
                if self.st.modes.newline {
                    self.carriage_return();
                }
            }
            b'\r' => self.carriage_return(),
            0x08 => self.backspace(),
            b'\t' => self.tab(1),
            0x07 => self.event(ScreenEvent::Bell),
            0x0e => self.st.charsets.gl = 1,
            0x0f => self.st.charsets.gl = 0,
            0x05 => self.reply(b""),
            _ => {}
        }
        self.st.last_printed.clear();
    }
}

/// Collects a byte; one beyond the limit only marks the sequence as too long.
fn push_bounded(pending: &mut Vec<u8>, byte: u8) {
    if pending.len() <= MAX_SEQUENCE {
        pending.push(byte);
    }
}

/// Whether a byte in 0x80..0xc0 after `before` and `now` is the rest of a character that is not U+009C.
fn is_continuation(before: &[u8], now: &[u8]) -> bool {
    let mut back = now.iter().rev().chain(before.iter().rev()).take(3).enumerate();
    let lead = back.find(|(_, b)| !(0x80..0xc0).contains(*b));
    lead.is_some_and(|(i, b)| match *b {
        0xc3..0xe0 => i < 1,
        0xe0..0xf0 => i < 2,
        0xf0..0xf8 => i < 3,
        _ => false,
    })
}

/// Collects bytes of a string. Of strings that are swallowed only their last three are kept, which
/// tell whether a character is unfinished.
fn push_string(kind: StringKind, data: &mut Vec<u8>, overlong: &mut bool, bytes: &[u8]) {
    let limit = match kind {
        StringKind::Osc => MAX_OSC,
        StringKind::Dcs => MAX_DCS,
        StringKind::Graphics => MAX_GRAPHICS,
        StringKind::Name => MAX_NAME,
        StringKind::Apc | StringKind::Other => {
            let rest = &bytes[bytes.len().saturating_sub(3)..];
            data.extend_from_slice(rest);
            data.drain(..data.len().saturating_sub(3));
            return;
        }
    };
    if *overlong || data.len() + bytes.len() > limit {
        *overlong = true;
        *data = Vec::new();
    } else {
        data.extend_from_slice(bytes);
    }
}

/// Receives the one sequence that `dispatch` hands to `vte`.
struct Performer<'a>(&'a mut Screen);

impl vte::Perform for Performer<'_> {
    fn csi_dispatch(&mut self, params: &vte::Params, inter: &[u8], ignore: bool, action: char) {
        if !ignore && let Some(csi) = Csi::from_vte(params, inter, action) {
            self.0.csi(&csi);
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        if !ignore {
            self.0.esc(intermediates, byte);
        }
    }
}
