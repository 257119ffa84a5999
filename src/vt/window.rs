//! Window operations (`CSI … t`), titles.

use super::csi::Csi;
use super::event::ScreenEvent;
use super::screen::Screen;

/// Most titles on the stack; pushing more drops the oldest.
const MAX_TITLES: usize = 32;
/// Longest title kept, in bytes.
pub(super) const MAX_TITLE: usize = 4096;

/// Set and query in hexadecimal (XTSMTITLE).
const SET_HEX: u8 = 1;
const QUERY_HEX: u8 = 2;

/// Text of a title: valid UTF-8 without controls, cut at the limit.
pub(super) fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TITLE)]);
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A title or name from a program: none when it is not UTF-8 throughout, and nothing in it begins a command when it
/// is shown in a format.
fn name(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8(bytes.get(..MAX_TITLE).map_or(bytes, |cut| whole(cut)).to_vec()).ok()?;
    Some(clean(text.as_bytes()).replace("#(", "_("))
}

/// Without the beginning of a character that was cut off.
fn whole(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(e) if e.error_len().is_none() => &bytes[..e.valid_up_to()],
        _ => bytes,
    }
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
    text.chunks_exact(2).map(|p| digit(p[0]) << 4 | digit(p[1])).collect()
}

/// Uppercase hexadecimal.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

impl Screen {
    /// Sets the title, as OSC 2 does.
    pub fn set_title(&mut self, title: &str) {
        let title = clean(title.as_bytes());
        if title != self.st.title {
            self.st.title.clone_from(&title);
            self.event(ScreenEvent::Title(title));
        }
    }

    fn set_icon_name(&mut self, name: &str) {
        if name != self.st.icon_name {
            name.clone_into(&mut self.st.icon_name);
            self.event(ScreenEvent::IconName(name.to_owned()));
        }
    }

    /// OSC 0, 1, 2.
    pub(super) fn osc_title(&mut self, icon: bool, title: bool, text: &[u8]) {
        if self.st.no_titles {
            return;
        }
        let hex = self.st.title_modes & SET_HEX != 0;
        let Some(text) = (if hex { name(&from_hex(text)) } else { name(text) }) else { return };
        if icon {
            self.set_icon_name(&text);
        }
        if title {
            self.set_title(&text);
        }
    }

    /// `ESC k`.
    pub(super) fn window_name(&mut self, name: &[u8]) {
        if let Some(name) = self::name(name) {
            self.event(ScreenEvent::WindowName(name));
        }
    }

    /// XTSMTITLE and XTRMTITLE.
    pub(super) fn title_modes(&mut self, csi: &Csi, on: bool) {
        for n in csi.params().iter().filter(|n| **n < 4) {
            let bit = 1 << n;
            self.st.title_modes = if on { self.st.title_modes | bit } else { self.st.title_modes & !bit };
        }
    }

    /// Reports and the title stack; what would change a window is the layout's business.
    pub(super) fn window_operation(&mut self, csi: &Csi) {
        let (cols, rows) = (self.st.cols, self.st.rows);
        let (w, h) = (usize::from(self.st.modes.cell_pixels.0), usize::from(self.st.modes.cell_pixels.1));
        match csi.raw(0) {
            11 => self.reply_csi(format_args!("1t")),
            13 => self.reply_csi(format_args!("3;0;0t")),
            14 => self.reply_csi(format_args!("4;{};{}t", rows * h, cols * w)),
            15 => self.reply_csi(format_args!("5;{};{}t", rows * h, cols * w)),
            16 => self.reply_csi(format_args!("6;{h};{w}t")),
            18 => self.reply_csi(format_args!("8;{rows};{cols}t")),
            19 => self.reply_csi(format_args!("9;{rows};{cols}t")),
            20 => self.report_title("L", false),
            21 => self.report_title("l", true),
            22 => self.push_title(csi.raw(1)),
            23 => self.pop_title(csi.raw(1)),
            _ => {}
        }
    }

    fn report_title(&mut self, mark: &str, title: bool) {
        let text = if title { &self.st.title } else { &self.st.icon_name };
        let hex = self.st.title_modes & QUERY_HEX != 0;
        let text = if hex { to_hex(text.as_bytes()) } else { text.clone() };
        self.reply_osc(&format!("{mark}{text}"));
    }

    /// 0 both, 1 the icon name, 2 the title. There is one stack: what is not pushed is taken from
    /// the entry before, so that a later pop of both brings back each as it was pushed (xterm).
    fn push_title(&mut self, what: u16) {
        if self.st.title_stack.len() == MAX_TITLES {
            self.st.title_stack.remove(0);
        }
        let mut entry = (self.st.title.clone(), self.st.icon_name.clone());
        match (self.st.title_stack.last(), what) {
            (Some((title, _)), 1) => entry.0.clone_from(title),
            (Some((_, icon)), 2) => entry.1.clone_from(icon),
            _ => {}
        }
        self.st.title_stack.push(entry);
    }

    /// 0 both, 1 the icon name, 2 the title.
    fn pop_title(&mut self, what: u16) {
        if let Some((title, icon)) = self.st.title_stack.pop() {
            if what != 2 {
                self.set_icon_name(&icon);
            }
            if what != 1 {
                self.set_title(&title);
            }
        }
    }
}
