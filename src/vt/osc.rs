//! Operating system commands: titles, colours, links, clipboard, notifications, prompt marks.

use super::cell::Link;
use super::colors::{palette_color, parse_color, rgb_text};
use super::event::{Prompt, ScreenEvent};
use super::screen::Screen;
use super::window::clean;

/// Longest link target or id, in bytes; kitty's and VTE's limit is about this.
const MAX_URI: usize = 2083;
/// Longest directory, in bytes.
const MAX_PATH: usize = 4096 + 256;
/// Largest clipboard, in bytes.
const MAX_CLIPBOARD: usize = 1 << 20;

/// The palette's number of the first special colour (bold, underline, blink, reverse, italic).
const SPECIAL: u16 = 256;
/// How many special colours there are.
const SPECIAL_COLORS: u16 = 5;

/// Splits at the first `;`.
fn cut(data: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b';', data) {
        Some(i) => (&data[..i], &data[i + 1..]),
        None => (data, &[]),
    }
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl Screen {
    /// Performs the command `data`, from its number on.
    pub(super) fn osc(&mut self, data: &[u8]) {
        let (command, rest) = cut(data);
        let Some(command) = number(command) else { return };
        match command {
            0 => self.osc_title(true, true, rest),
            1 => self.osc_title(true, false, rest),
            2 => self.osc_title(false, true, rest),
            4 => self.palette_colors(4, 0, rest),
            5 => self.palette_colors(5, SPECIAL, rest),
            7 if rest.len() <= MAX_PATH => {
                self.st.path = clean(rest);
                self.event(ScreenEvent::Path(self.st.path.clone()));
            }
            8 => self.hyperlink(rest),
            9 => self.notify_or_progress(rest),
            10..=19 => self.dynamic_colors(command as usize - 10, rest),
            52 => self.clipboard(rest),
            104 => self.reset_palette(0, rest),
            105 => self.reset_palette(SPECIAL, rest),
            110..=119 => {
                self.st.dynamic[command as usize - 110] = None;
                self.event(ScreenEvent::Colors);
            }
            133 => self.prompt(rest),
            777 => {
                let mut parts = rest.splitn(3, |b| *b == b';');
                if parts.next() == Some(b"notify") {
                    let title = clean(parts.next().unwrap_or_default());
                    let body = clean(parts.next().unwrap_or_default());
                    let both = [title, body].into_iter().filter(|s| !s.is_empty());
                    self.event(ScreenEvent::Notify(both.collect::<Vec<_>>().join(": ")));
                }
            }
            _ => {}
        }
    }

    /// OSC 8: `params ; uri`.
    fn hyperlink(&mut self, rest: &[u8]) {
        let (params, uri) = cut(rest);
        self.sweep_tables();
        self.st.pen.link = None;
        if !uri.is_empty() && uri.len() <= MAX_URI && params.len() <= MAX_URI {
            let id = params.split(|b| *b == b':').find_map(|p| p.strip_prefix(b"id="));
            self.st.pen.link =
                Some(Link { id: clean(id.unwrap_or_default()).into(), uri: clean(uri).into() });
        }
        self.refresh_pen();
    }

    /// OSC 9: a notification (iTerm2) or, as `4;state;percent`, progress (ConEmu).
    fn notify_or_progress(&mut self, rest: &[u8]) {
        let Some(progress) = rest.strip_prefix(b"4;") else {
            return self.event(ScreenEvent::Notify(clean(rest)));
        };
        let (state, percent) = cut(progress);
        if let Some(state @ 0..=4) = number(state) {
            let percent = number(percent).unwrap_or(0).min(100) as u8;
            self.event(ScreenEvent::Progress { state: state as u8, percent });
        }
    }

    /// OSC 4 and 5: pairs of index and colour or `?`.
    fn palette_colors(&mut self, command: u16, base: u16, rest: &[u8]) {
        let mut parts = rest.split(|b| *b == b';');
        let mut changed = false;
        while let (Some(index), Some(spec)) = (parts.next(), parts.next()) {
            let Some(n) = number(index).and_then(|n| u16::try_from(n).ok()) else { continue };
            let index = n.saturating_add(base);
            if index >= SPECIAL + SPECIAL_COLORS {
                continue;
            }
            if spec == b"?" {
                let color = self.st.palette.get(&index).copied();
                let color = color.unwrap_or_else(|| match u8::try_from(index) {
                    Ok(index) => palette_color(index),
                    Err(_) => self.dynamic_color(0),
                });
                self.reply_osc(&format!("{command};{n};{}", rgb_text(color)));
            } else if let Some(color) = parse_color(spec) {
                self.st.palette.insert(index, color);
                changed = true;
            }
        }
        if changed {
            self.colors_changed();
        }
    }

    /// OSC 104 and 105: the named entries, or all of the kind.
    fn reset_palette(&mut self, base: u16, rest: &[u8]) {
        if rest.is_empty() {
            self.st.palette.retain(|index, _| (*index >= SPECIAL) != (base >= SPECIAL));
        }
        for index in rest.split(|b| *b == b';').filter_map(number) {
            let index = u16::try_from(index).unwrap_or(u16::MAX).saturating_add(base);
            self.st.palette.remove(&index);
        }
        self.colors_changed();
    }

    /// OSC 10 to 19: the following commands' colours may follow in the same string.
    fn dynamic_colors(&mut self, first: usize, rest: &[u8]) {
        let mut changed = false;
        let last = self.st.dynamic.len();
        for (i, spec) in (first..last).zip(rest.split(|b| *b == b';')) {
            if spec == b"?" {
                let color = self.dynamic_color(i);
                self.reply_osc(&format!("{};{}", i + 10, rgb_text(color)));
            } else if let Some(color) = parse_color(spec) {
                self.st.dynamic[i] = Some(color);
                changed = true;
            }
        }
        if changed {
            self.colors_changed();
        }
    }

    /// Foreground for text, cursor, pointer foreground, highlight foreground; background for the
    /// rest.
    fn dynamic_color(&self, i: usize) -> (u8, u8, u8) {
        let st = &self.st;
        st.dynamic[i].unwrap_or(match i {
            0 | 2 | 3 | 5 | 7 | 8 => st.dynamic[0].unwrap_or(st.outer_fg),
            _ => st.dynamic[1].unwrap_or(st.outer_bg),
        })
    }

    fn colors_changed(&mut self) {
        self.damage.mark_all();
        self.event(ScreenEvent::Colors);
    }

    /// OSC 52: `selection ; base64` or `?`.
    fn clipboard(&mut self, rest: &[u8]) {
        let (selection, data) = cut(rest);
        let selection: String = selection
            .iter()
            .filter(|b| b"cpqs01234567".contains(b))
            .map(|b| char::from(*b))
            .take(16)
            .collect();
        let selection = if selection.is_empty() { "c".to_owned() } else { selection };
        if data == b"?" {
            return self.event(ScreenEvent::ClipboardQuery { selection });
        }
        // What is no base64 clears the selection (xterm's rule).
        let data = decode_base64(data).unwrap_or_default();
        if data.len() <= MAX_CLIPBOARD {
            self.event(ScreenEvent::Clipboard { selection, data });
        }
    }

    /// OSC 133.
    fn prompt(&mut self, rest: &[u8]) {
        let (kind, arguments) = cut(rest);
        let mark = match kind {
            b"A" => Prompt::Start,
            b"B" => Prompt::Input,
            b"C" => Prompt::Output,
            b"D" => {
                let (status, _) = cut(arguments);
                let status = std::str::from_utf8(status).ok().and_then(|s| s.parse().ok());
                Prompt::End(status)
            }
            _ => return,
        };
        let line = self.history_base() + (self.history_len() + self.st.y) as u64;
        self.event(ScreenEvent::Prompt { mark, line });
    }
}

/// Base64 (RFC 4648) with padding.
pub fn encode_base64(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(data.len().div_ceil(3) * 4);
    for chunk in data.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(char::from(DIGITS[(n >> (18 - 6 * i)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Decodes base64 (RFC 4648), padding optional; `None` if it is anything else.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut n) = (0u32, 0);
    let text = text.trim_ascii_end();
    let end = text.iter().rposition(|b| *b != b'=').map_or(0, |i| i + 1);
    for b in &text[..end] {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        n += 6;
        if n >= 8 {
            n -= 8;
            out.push((bits >> n) as u8);
        }
    }
    // Six bits left over are no byte.
    (n < 6).then_some(out)
}
