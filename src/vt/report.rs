//! Answers: device attributes, status reports, modes, sizes, versions.

use super::csi::Csi;
use super::screen::{Screen, is_dark};
use std::fmt::Arguments;

/// What XTVERSION and DA2 say.
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Screen {
    /// Replies `CSI body`, with the one-byte CSI after S8C1T.
    pub(super) fn reply_csi(&mut self, body: Arguments<'_>) {
        let intro: &[u8] = if self.st.eight_bit { b"\x9b" } else { b"\x1b[" };
        self.reply(&[intro, body.to_string().as_bytes()].concat());
    }

    /// Replies `DCS body ST`.
    pub(super) fn reply_dcs(&mut self, body: &str) {
        let (intro, end): (&[u8], &[u8]) =
            if self.st.eight_bit { (b"\x90", b"\x9c") } else { (b"\x1bP", b"\x1b\\") };
        self.reply(&[intro, body.as_bytes(), end].concat());
    }

    /// Replies `OSC body ST`, with BEL for ST if the question had it.
    pub(super) fn reply_osc(&mut self, body: &str) {
        let (intro, end): (&[u8], &[u8]) =
            if self.st.eight_bit { (b"\x9d", b"\x9c") } else { (b"\x1b]", b"\x1b\\") };
        let end = if self.reply_bel { b"\x07" } else { end };
        self.reply(&[intro, body.as_bytes(), end].concat());
    }

    /// DA1: a VT525 with sixel (4) where the terminal outside has it, selective erase (6), windowing (18), horizontal scrolling (21), colour
    /// (22), rectangles (28), clipboard (52).
    pub(super) fn primary_attributes(&mut self) {
        let sixel = if self.draws().sixel { "4;" } else { "" };
        self.reply_csi(format_args!("?65;{sixel}6;18;21;22;28;52c"));
    }

    /// DA2: type 84 (`T`, as tmux says), the version as one number.
    pub(super) fn secondary_attributes(&mut self, csi: &Csi) {
        if csi.raw(0) == 0 {
            let version = VERSION.split('.').fold(0u32, |n, part| n * 100 + part.parse().unwrap_or(0));
            self.reply_csi(format_args!(">84;{version};0c"));
        }
    }

    /// DA3: unit id, the letters `qmux` in hex.
    pub(super) fn tertiary_attributes(&mut self, csi: &Csi) {
        if csi.raw(0) == 0 {
            self.reply_dcs("!|716D7578");
        }
    }

    /// XTVERSION.
    pub(super) fn report_version(&mut self) {
        self.reply_dcs(&format!(">|qmux {VERSION}"));
    }

    /// DSR without a private mark.
    pub(super) fn device_status(&mut self, what: u16) {
        match what {
            5 => self.reply_csi(format_args!("0n")),
            6 => {
                let (x, y) = self.reported_position();
                self.reply_csi(format_args!("{y};{x}R"));
            }
            _ => {}
        }
    }

    /// Column and row as CPR counts them.
    fn reported_position(&self) -> (usize, usize) {
        let st = &self.st;
        let (left, top) = if st.modes.origin { (st.left, st.top) } else { (0, 0) };
        (st.x.saturating_sub(left) + 1, st.y.saturating_sub(top) + 1)
    }

    /// DSR with `?`. Reports that came with a later terminal are silent at a lower level.
    pub(super) fn private_status(&mut self, csi: &Csi) {
        let what = csi.raw(0);
        let since = match what {
            6 | 996 => 1,
            15 | 25 | 26 => 2,
            53 | 55 | 56 => 3,
            _ => 4,
        };
        if !self.at_level(since) {
            return;
        }
        match what {
            6 => {
                let (x, y) = self.reported_position();
                // The page came with the VT420.
                let page = if self.at_level(4) { ";1" } else { "" };
                self.reply_csi(format_args!("?{y};{x}{page}R"));
            }
            // No printer; user-defined keys may be defined (and are ignored); keyboard North
            // American; no locator.
            15 => self.reply_csi(format_args!("?13n")),
            25 => self.reply_csi(format_args!("?20n")),
            26 => {
                let more = if self.at_level(4) { ";0;0" } else { "" };
                self.reply_csi(format_args!("?27;1{more}n"));
            }
            53 | 55 => self.reply_csi(format_args!("?50n")),
            56 => self.reply_csi(format_args!("?57;0n")),
            62 => self.reply_csi(format_args!("0*{{")),
            63 => self.reply_dcs(&format!("{}!~0000", csi.raw(1))),
            75 => self.reply_csi(format_args!("?70n")),
            85 => self.reply_csi(format_args!("?83n")),
            996 => self.report_color_scheme(),
            _ => {}
        }
    }

    /// `CSI ? 997 ; 1 n` dark or `2` light.
    pub(super) fn report_color_scheme(&mut self) {
        let bg = self.st.dynamic[1].unwrap_or(self.st.outer_bg);
        self.reply_csi(format_args!("?997;{}n", if is_dark(bg) { 1 } else { 2 }));
    }

    /// DECREQTPARM: no parity, eight bits, 38400 baud both ways.
    pub(super) fn report_parameters(&mut self, n: u16) {
        if n <= 1 {
            self.reply_csi(format_args!("{};1;1;128;128;1;0x", n + 2));
        }
    }

    /// DECRQM: 1 set, 2 reset, 4 permanently reset, 0 unknown.
    pub(super) fn request_mode(&mut self, private: u8, number: u16) {
        let modes = &self.st.modes;
        let (mark, state) = match (private, number) {
            (b'?', 1048) => ("?", Some(self.st.saved[usize::from(modes.alternate)].set)),
            (b'?', 95) if !self.at_level(5) => ("?", None),
            (b'?', 69) if !self.at_level(4) => ("?", None),
            (b'?', _) => ("?", modes.private(number)),
            (0, _) => ("", modes.ansi(number)),
            _ => return,
        };
        let value = match state {
            Some(true) => 1,
            Some(false) => 2,
            None if never_set(private, number) => 4,
            None => 0,
        };
        self.reply_csi(format_args!("{mark}{number};{value}$y"));
    }

    /// DECRQPSR: 1 DECCIR, 2 DECTABSR.
    pub(super) fn presentation_report(&mut self, what: u16) {
        match what {
            1 => {
                let (x, y) = self.reported_position();
                let modes = &self.st.modes;
                let flags = 0x40
                    | u8::from(modes.origin)
                    | u8::from(self.st.charsets.single == Some(2)) << 1
                    | u8::from(self.st.charsets.single == Some(3)) << 2
                    | u8::from(self.st.pending_wrap) << 3;
                let sgr = self.presentation_attributes();
                let protect = 0x40 | u8::from(self.protects_selectively());
                let sets = &self.st.charsets;
                let names: String = sets.g.iter().map(|set| set.name()).collect();
                let body = format!(
                    "1$u{y};{x};1;{};{};{};{};{};@;{names}",
                    sgr as char, protect as char, flags as char, sets.gl, sets.gr,
                );
                self.reply_dcs(&body);
            }
            2 => {
                let stops: Vec<String> =
                    (0..self.st.cols).filter(|x| self.st.tabs[*x]).map(|x| (x + 1).to_string()).collect();
                self.reply_dcs(&format!("2$u{}", stops.join("/")));
            }
            _ => {}
        }
    }

    fn presentation_attributes(&self) -> u8 {
        use super::style::Attrs;
        let attrs = self.st.pen.attrs;
        0x40 | u8::from(attrs.contains(Attrs::BOLD))
            | u8::from(attrs.intersects(Attrs::ANY_UNDERLINE)) << 1
            | u8::from(attrs.contains(Attrs::BLINK)) << 2
            | u8::from(attrs.contains(Attrs::REVERSE)) << 3
    }

    /// XTSMGRAPHICS: number of colours (1) and size (2) of sixel pictures, to be read (1, 4) and not to be changed;
    /// status 1 is an error in the item, 2 in what is to be done with it.
    pub(super) fn graphics_attributes(&mut self, csi: &Csi) {
        let (item, reads) = (csi.raw(0), matches!(csi.raw(1), 1 | 4));
        match item {
            1 | 2 if self.draws().sixel && !reads => self.reply_csi(format_args!("?{item};2;0S")),
            1 if self.draws().sixel => self.reply_csi(format_args!("?1;0;256S")),
            2 if self.draws().sixel => {
                let st = &self.st;
                let (w, h) = (usize::from(st.modes.cell_pixels.0), usize::from(st.modes.cell_pixels.1));
                let (w, h) = (st.cols * w, st.rows * h);
                self.reply_csi(format_args!("?2;0;{w};{h}S"));
            }
            _ => self.reply_csi(format_args!("?{item};1;0S")),
        }
    }

    /// Mode 2048: `CSI 48 ; rows ; columns ; height ; width t`.
    pub(super) fn report_size_in_band(&mut self) {
        let st = &self.st;
        let (w, h) = (usize::from(st.modes.cell_pixels.0), usize::from(st.modes.cell_pixels.1));
        let body = format!("48;{};{};{};{}t", st.rows, st.cols, st.rows * h, st.cols * w);
        self.reply_csi(format_args!("{body}"));
    }
}

/// Modes of ECMA-48 and of DEC's terminals that are known and have no meaning in a pane: keyboard
/// hardware, printers, status displays, pages, writing direction.
fn never_set(private: u8, number: u16) -> bool {
    match private {
        0 => matches!(number, 1 | 5 | 7 | 10 | 11 | 13..=19),
        _ => matches!(number, 34 | 36 | 57..=61 | 64 | 68 | 73 | 81 | 96..=104 | 106 | 108..=117),
    }
}
