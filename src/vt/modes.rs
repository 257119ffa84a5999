//! The modes a program can set, as plain fields, and the table from mode numbers to them.

use serde::{Deserialize, Serialize};

/// Which mouse events the program asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum MouseMode {
    /// None.
    #[default]
    Off,
    /// Presses only (mode 9).
    X10,
    /// Presses and releases (mode 1000).
    Normal,
    /// And motion while a button is down (mode 1002).
    Button,
    /// And all motion (mode 1003).
    Any,
}

/// How mouse events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum MouseEncoding {
    /// `CSI M` and three bytes.
    #[default]
    X10,
    /// The three as UTF-8 characters (mode 1005).
    Utf8,
    /// `CSI <` (mode 1006).
    Sgr,
    /// `CSI <` in pixels (mode 1016).
    SgrPixels,
    /// `CSI` decimal `M` (mode 1015).
    Urxvt,
}

/// The modes of one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Modes {
    /// The alternate screen is shown (47, 1047, 1049).
    pub alternate: bool,
    /// Cursor keys send SS3 (DECCKM, 1).
    pub app_cursor: bool,
    /// Keypad keys send SS3 (DECKPAM, 66).
    pub app_keypad: bool,
    /// 2004.
    pub bracketed_paste: bool,
    /// 1004.
    pub focus_events: bool,
    /// IRM, 4.
    pub insert: bool,
    /// DECAWM, 7.
    pub wrap: bool,
    /// DECOM, 6.
    pub origin: bool,
    /// 9, 1000, 1002, 1003.
    pub mouse: MouseMode,
    /// 1005, 1006, 1015, 1016.
    pub mouse_encoding: MouseEncoding,
    /// 2026: the drawing waits, the parsing never does.
    pub synchronized: bool,
    /// Flags of the kitty keyboard protocol in force on the shown screen.
    pub kitty_flags: u8,
    /// xterm's modifyOtherKeys: 0, 1 or 2.
    pub modify_other_keys: u8,
    /// DECTCEM, 25.
    pub cursor_visible: bool,
    /// att610, 12.
    pub cursor_blink: bool,
    /// DECSCNM, 5.
    pub reverse_video: bool,
    /// 45.
    pub reverse_wrap: bool,
    /// 1045.
    pub extended_reverse_wrap: bool,
    /// LNM, 20.
    pub newline: bool,
    /// DECLRMM, 69.
    pub left_right_margins: bool,
    /// DECCOLM, 3 (kept for DECRQM; the size belongs to the layout and does not change).
    pub columns_132: bool,
    /// 40: DECCOLM may clear the screen.
    pub allow_columns: bool,
    /// DECNCSM, 95: DECCOLM does not clear the screen.
    pub no_clear_on_columns: bool,
    /// 41: a tab after the last column wraps.
    pub more_fix: bool,
    /// Font shifting by keys, 35: kept, a pane has no fonts.
    pub font_shifting: bool,
    /// DECPFF, 18.
    pub print_form_feed: bool,
    /// DECPEX, 19.
    pub print_extent: bool,
    /// DECNRCM, 42.
    pub national_charsets: bool,
    /// 44.
    pub margin_bell: bool,
    /// 1007: the wheel sends arrows on the alternate screen.
    pub alternate_scroll: bool,
    /// 1036.
    pub meta_sends_escape: bool,
    /// 1039.
    pub alt_sends_escape: bool,
    /// 2027: full grapheme segmentation.
    pub grapheme_clusters: bool,
    /// 2048: size changes are told in band.
    pub in_band_resize: bool,
    /// 2031: colour scheme changes are told.
    pub color_scheme_updates: bool,
    /// DECBKM, 67: Backspace sends BS.
    pub backarrow_bs: bool,
    /// DECARM, 8.
    pub autorepeat: bool,
    /// DECSCLM, 4.
    pub smooth_scroll: bool,
    /// KAM, 2.
    pub keyboard_locked: bool,
    /// SRM, 12 (ANSI): set means no local echo.
    pub no_local_echo: bool,
    /// 1034.
    pub eight_bit_input: bool,
    /// 1070: sixel registers private.
    pub private_sixel_colors: bool,
    /// Width and height of a cell in pixels: no mode, but mouse events in pixels need it.
    pub cell_pixels: (u16, u16),
}

impl Default for Modes {
    fn default() -> Self {
        Modes {
            alternate: false,
            app_cursor: false,
            app_keypad: false,
            bracketed_paste: false,
            focus_events: false,
            insert: false,
            wrap: true,
            origin: false,
            mouse: MouseMode::Off,
            mouse_encoding: MouseEncoding::X10,
            synchronized: false,
            kitty_flags: 0,
            modify_other_keys: 0,
            cursor_visible: true,
            cursor_blink: false,
            reverse_video: false,
            reverse_wrap: false,
            extended_reverse_wrap: false,
            newline: false,
            left_right_margins: false,
            columns_132: false,
            allow_columns: false,
            no_clear_on_columns: false,
            more_fix: false,
            font_shifting: false,
            print_form_feed: false,
            print_extent: false,
            national_charsets: false,
            margin_bell: false,
            alternate_scroll: true,
            meta_sends_escape: true,
            alt_sends_escape: true,
            grapheme_clusters: false,
            in_band_resize: false,
            color_scheme_updates: false,
            backarrow_bs: false,
            autorepeat: true,
            smooth_scroll: false,
            keyboard_locked: false,
            no_local_echo: true,
            eight_bit_input: false,
            private_sixel_colors: true,
            cell_pixels: (8, 16),
        }
    }
}

impl Modes {
    /// The field of a DEC private mode that is nothing but a flag.
    pub(super) fn private_flag(&mut self, number: u16) -> Option<&mut bool> {
        Some(match number {
            1 => &mut self.app_cursor,
            4 => &mut self.smooth_scroll,
            5 => &mut self.reverse_video,
            7 => &mut self.wrap,
            8 => &mut self.autorepeat,
            12 => &mut self.cursor_blink,
            18 => &mut self.print_form_feed,
            19 => &mut self.print_extent,
            25 => &mut self.cursor_visible,
            35 => &mut self.font_shifting,
            40 => &mut self.allow_columns,
            41 => &mut self.more_fix,
            42 => &mut self.national_charsets,
            44 => &mut self.margin_bell,
            45 => &mut self.reverse_wrap,
            66 => &mut self.app_keypad,
            67 => &mut self.backarrow_bs,
            95 => &mut self.no_clear_on_columns,
            1004 => &mut self.focus_events,
            1007 => &mut self.alternate_scroll,
            1034 => &mut self.eight_bit_input,
            1036 => &mut self.meta_sends_escape,
            1039 => &mut self.alt_sends_escape,
            1045 => &mut self.extended_reverse_wrap,
            1070 => &mut self.private_sixel_colors,
            2004 => &mut self.bracketed_paste,
            2026 => &mut self.synchronized,
            2027 => &mut self.grapheme_clusters,
            2031 => &mut self.color_scheme_updates,
            2048 => &mut self.in_band_resize,
            _ => return None,
        })
    }

    /// The field of an ANSI mode.
    pub(super) fn ansi_flag(&mut self, number: u16) -> Option<&mut bool> {
        Some(match number {
            2 => &mut self.keyboard_locked,
            4 => &mut self.insert,
            12 => &mut self.no_local_echo,
            20 => &mut self.newline,
            _ => return None,
        })
    }

    /// Whether a private mode is set; `None` for one that is not kept. Mouse modes are one choice
    /// of several, so they are answered from it.
    pub(super) fn private(&self, number: u16) -> Option<bool> {
        Some(match number {
            3 => self.columns_132,
            6 => self.origin,
            9 => self.mouse == MouseMode::X10,
            47 | 1047 | 1049 => self.alternate,
            69 => self.left_right_margins,
            1000 => self.mouse == MouseMode::Normal,
            1002 => self.mouse == MouseMode::Button,
            1003 => self.mouse == MouseMode::Any,
            1005 => self.mouse_encoding == MouseEncoding::Utf8,
            1006 => self.mouse_encoding == MouseEncoding::Sgr,
            1015 => self.mouse_encoding == MouseEncoding::Urxvt,
            1016 => self.mouse_encoding == MouseEncoding::SgrPixels,
            _ => *self.clone().private_flag(number)?,
        })
    }

    /// Whether an ANSI mode is set; `None` for one that is not kept.
    pub(super) fn ansi(&self, number: u16) -> Option<bool> {
        self.clone().ansi_flag(number).map(|flag| *flag)
    }
}
