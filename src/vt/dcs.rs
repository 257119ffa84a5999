//! Device control strings: DECRQSS, XTGETTCAP, DECRSPS, tmux's passthrough, sixel.

use super::charset::Charset;
use super::event::ScreenEvent;
use super::screen::Screen;
use super::state::CursorShape;
use super::style::{Attrs, Color, Style};
use super::window::to_hex;
use std::fmt::Write as _;

/// Longest name asked for by XTGETTCAP, in hexadecimal digits.
const MAX_CAPABILITY: usize = 128;

impl Screen {
    /// Performs the string `data`, from after DCS.
    pub(super) fn dcs(&mut self, data: &[u8]) {
        if let Some(inner) = data.strip_prefix(b"tmux;") {
            let mut bytes = Vec::with_capacity(inner.len());
            let mut rest = inner.iter();
            while let Some(b) = rest.next() {
                bytes.push(*b);
                if *b == 0x1b && rest.as_slice().first() == Some(&0x1b) {
                    rest.next();
                }
            }
            if !self.wrapped_pictures(&bytes) {
                self.event(ScreenEvent::Passthrough(bytes));
            }
        } else if let Some(what) = data.strip_prefix(b"$q") {
            self.request_setting(what);
        } else if let Some(names) = data.strip_prefix(b"+q") {
            self.request_capabilities(names);
        } else if let Some(cursor) = data.strip_prefix(b"1$t") {
            self.restore_presentation(cursor);
        } else if let Some(stops) = data.strip_prefix(b"2$t") {
            self.restore_tabs(stops);
        } else {
            self.sixel(data);
        }
    }

    /// DECRQSS.
    fn request_setting(&mut self, what: &[u8]) {
        let st = &self.st;
        let value = match what {
            b"m" => format!("{}m", self.sgr_text()),
            b"r" => format!("{};{}r", st.top + 1, st.bottom + 1),
            b"s" => format!("{};{}s", st.left + 1, st.right + 1),
            b" q" => {
                let blink = usize::from(!st.modes.cursor_blink);
                let n = match st.cursor_shape {
                    CursorShape::Default if !st.modes.cursor_blink => 0,
                    CursorShape::Default | CursorShape::Block => 1 + blink,
                    CursorShape::Underline => 3 + blink,
                    CursorShape::Bar => 5 + blink,
                };
                format!("{n} q")
            }
            b"\"q" => format!("{}\"q", u8::from(self.protects_selectively())),
            b"\"p" => format!("{};{}\"p", st.level, if st.eight_bit { 0 } else { 1 }),
            // An extent of 2 may come from a snapshot that did not have the number yet.
            b"*x" => format!("{}*x", if st.rectangle_extent { 2 } else { st.extent }),
            // There is no status line: its type is "none", and output goes to the main display.
            b"$~" => "0$~".to_owned(),
            b"$}" => "0$}".to_owned(),
            b"t" => format!("{}t", st.rows),
            b"$|" => format!("{}$|", st.cols),
            b"*|" => format!("{}*|", st.rows),
            _ => return self.reply_dcs("0$r"),
        };
        self.reply_dcs(&format!("1$r{value}"));
    }

    /// The parameters of an SGR that makes the pen what it is.
    fn sgr_text(&self) -> String {
        let pen = &self.st.pen;
        style_text(Style {
            fg: Color::unpack(pen.fg),
            bg: Color::unpack(pen.bg),
            underline: Color::unpack(pen.underline),
            attrs: pen.attrs,
        })
    }

    /// XTGETTCAP: names in hexadecimal, separated by `;`.
    fn request_capabilities(&mut self, names: &[u8]) {
        for name in names.split(|b| *b == b';').take(64) {
            if name.len() > MAX_CAPABILITY || !name.iter().all(u8::is_ascii_hexdigit) {
                self.reply_dcs("0+r");
                continue;
            }
            let hex = String::from_utf8_lossy(name).into_owned();
            let plain: Vec<u8> = hex
                .as_bytes()
                .chunks_exact(2)
                .filter_map(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok())
                .collect();
            match capability(&plain) {
                Some("") => self.reply_dcs(&format!("1+r{hex}")),
                Some(value) => self.reply_dcs(&format!("1+r{hex}={}", to_hex(value.as_bytes()))),
                None => self.reply_dcs(&format!("0+r{hex}")),
            }
        }
    }

    /// DECRSPS of the cursor: what DECCIR told, `row;column;page;rendition;attributes;flags;GL;GR;sizes;sets`.
    fn restore_presentation(&mut self, report: &[u8]) {
        let fields: Vec<&[u8]> = report.splitn(10, |b| *b == b';').collect();
        let [row, column, _, rendition, attributes, flags, gl, gr, _, sets] = fields[..] else { return };
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<usize>().ok();
        // Bits are the lower ones of a character from 0x40 on.
        let bits = |field: &[u8]| field.first().filter(|b| **b & 0xf0 == 0x40).copied();
        let (Some(row), Some(column), Some(rendition), Some(attributes), Some(flags)) =
            (number(row), number(column), bits(rendition), bits(attributes), bits(flags))
        else {
            return;
        };
        for (bit, attrs) in
            [(1, Attrs::BOLD), (2, Attrs::ANY_UNDERLINE), (4, Attrs::BLINK), (8, Attrs::REVERSE)]
        {
            self.st.pen.attrs.remove(attrs);
            if rendition & bit != 0 {
                self.st.pen.attrs.insert(if bit == 2 { Attrs::UNDERLINE } else { attrs });
            }
        }
        self.set_protected(u16::from(attributes & 1));
        let sets_in = &mut self.st.charsets;
        for (slot, name) in sets_in.g.iter_mut().zip(sets) {
            *slot = Charset::named(*name);
        }
        (sets_in.gl, sets_in.gr) =
            (number(gl).map_or(0, |n| n as u8 & 3), number(gr).map_or(0, |n| n as u8 & 3));
        sets_in.single = if flags & 2 != 0 {
            Some(2)
        } else if flags & 4 != 0 {
            Some(3)
        } else {
            None
        };
        self.st.modes.origin = flags & 1 != 0;
        self.move_to(row.saturating_sub(1), column.saturating_sub(1));
        let st = &mut self.st;
        st.pending_wrap = flags & 8 != 0 && (st.x == st.cols - 1 || st.x == st.right);
        self.refresh_pen();
    }

    /// DECRSPS of tab stops.
    fn restore_tabs(&mut self, stops: &[u8]) {
        self.st.tabs.fill(false);
        let stops = stops.split(|b| *b == b'/').filter_map(|s| std::str::from_utf8(s).ok());
        for column in stops.filter_map(|s| s.parse::<usize>().ok()) {
            if let Some(stop) = column.checked_sub(1).and_then(|x| self.st.tabs.get_mut(x)) {
                *stop = true;
            }
        }
    }
}

/// Attributes and their SGR parameters.
const ATTR_CODES: [(Attrs, &str); 13] = [
    (Attrs::BOLD, "1"),
    (Attrs::DIM, "2"),
    (Attrs::ITALIC, "3"),
    (Attrs::UNDERLINE, "4"),
    (Attrs::DOUBLE_UNDERLINE, "4:2"),
    (Attrs::CURLY_UNDERLINE, "4:3"),
    (Attrs::DOTTED_UNDERLINE, "4:4"),
    (Attrs::DASHED_UNDERLINE, "4:5"),
    (Attrs::BLINK, "5"),
    (Attrs::REVERSE, "7"),
    (Attrs::HIDDEN, "8"),
    (Attrs::STRIKE, "9"),
    (Attrs::OVERLINE, "53"),
];

/// The parameters of an SGR that makes a default pen this style.
pub(super) fn style_text(style: Style) -> String {
    let mut text = String::from("0");
    attrs_text(&mut text, style.attrs);
    color_text(&mut text, style.fg, 30);
    color_text(&mut text, style.bg, 40);
    color_text(&mut text, style.underline, 50);
    text
}

/// Appends the SGR parameters of a colour; `base` is 30, 40 or 50 (underline).
pub(super) fn color_text(out: &mut String, color: Color, base: u16) {
    let result = match color {
        Color::Default => Ok(()),
        Color::Indexed(n @ 0..=7) if base < 50 => write!(out, ";{}", base + u16::from(n)),
        Color::Indexed(n @ 8..=15) if base < 50 => write!(out, ";{}", base + 52 + u16::from(n)),
        Color::Indexed(n) => write!(out, ";{}:5:{n}", base + 8),
        Color::Rgb(r, g, b) => write!(out, ";{}:2::{r}:{g}:{b}", base + 8),
    };
    // Writing to a String cannot fail.
    debug_assert!(result.is_ok());
}

/// The SGR parameters of a set of attributes, each after a `;`.
pub(super) fn attrs_text(out: &mut String, attrs: Attrs) {
    for (attr, code) in ATTR_CODES {
        if attrs.contains(attr) {
            out.push(';');
            out.push_str(code);
        }
    }
}

/// What terminfo says of us; an empty value is a flag that is set.
fn capability(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"TN" | b"name" => "tmux-256color",
        b"Co" | b"colors" => "256",
        b"RGB" => "8",
        b"Tc" | b"Su" => "",
        b"Ms" => "\x1b]52;%p1%s;%p2%s\x07",
        b"Smulx" => "\x1b[4:%p1%dm",
        b"Setulc" => "\x1b[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%d%;m",
        b"Ss" => "\x1b[%p1%d q",
        b"Se" => "\x1b[0 q",
        b"kcuu1" | b"ku" => "\x1bOA",
        b"kcud1" | b"kd" => "\x1bOB",
        b"kcuf1" | b"kr" => "\x1bOC",
        b"kcub1" | b"kl" => "\x1bOD",
        b"khome" | b"kh" => "\x1b[1~",
        b"kend" | b"@7" => "\x1b[4~",
        b"kbs" | b"kb" => "\x7f",
        b"kich1" | b"kI" => "\x1b[2~",
        b"kdch1" | b"kD" => "\x1b[3~",
        b"kpp" | b"kP" => "\x1b[5~",
        b"knp" | b"kN" => "\x1b[6~",
        b"kf1" | b"k1" => "\x1bOP",
        b"kf2" | b"k2" => "\x1bOQ",
        b"kf3" | b"k3" => "\x1bOR",
        b"kf4" | b"k4" => "\x1bOS",
        b"kf5" | b"k5" => "\x1b[15~",
        b"kf6" | b"k6" => "\x1b[17~",
        b"kf7" | b"k7" => "\x1b[18~",
        b"kf8" | b"k8" => "\x1b[19~",
        b"kf9" | b"k9" => "\x1b[20~",
        b"kf10" | b"k;" => "\x1b[21~",
        b"kf11" | b"F1" => "\x1b[23~",
        b"kf12" | b"F2" => "\x1b[24~",
        _ => return None,
    })
}
