//! Everything of a screen that is not cells, as one serde value.

use super::cell::Link;
use super::charset::Charsets;
use super::event::ScreenEvent;
use super::modes::Modes;
use super::style::Attrs;
use crate::ids::Size;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Shape of the cursor (DECSCUSR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum CursorShape {
    /// The terminal's own (DECSCUSR 0).
    #[default]
    Default,
    /// 1, 2.
    Block,
    /// 3, 4.
    Underline,
    /// 5, 6.
    Bar,
}

/// What protects cells from erasure, by which control they were protected last. One at a time, as in
/// xterm: protection by SPA withstands every erasure but the rectangular ones, protection by DECSCA
/// the selective ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Protection {
    #[default]
    Off,
    /// SPA (ISO 6429).
    Iso,
    /// DECSCA.
    Dec,
}

/// What the next character is written with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Pen {
    /// Packed foreground.
    pub fg: u32,
    /// Packed background.
    pub bg: u32,
    pub attrs: Attrs,
    /// Packed underline colour.
    pub underline: u32,
    pub link: Option<Link>,
}

/// What DECSC keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct SavedCursor {
    pub x: usize,
    pub y: usize,
    pub pen: Pen,
    pub pending_wrap: bool,
    pub origin: bool,
    pub charsets: Charsets,
    /// Whether anything was saved at all (DECRQM 1048).
    #[serde(default)]
    pub set: bool,
}

/// Kinds of control strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StringKind {
    Osc,
    Dcs,
    Apc,
    /// An APC that begins with `G`, which is not kept: a command of kitty's graphics protocol.
    Graphics,
    /// `ESC k`: screen's window name.
    Name,
    /// PM and SOS.
    Other,
}

/// Where the parser stands between two calls of `advance`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Parser {
    #[default]
    Ground,
    /// The first bytes of a character.
    Utf8(#[serde(with = "serde_bytes")] Vec<u8>),
    /// An escape sequence, from its ESC; controls inside it were executed and are not in it.
    Escape(#[serde(with = "serde_bytes")] Vec<u8>),
    /// A control string.
    String {
        kind: StringKind,
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
        /// The last byte was an ESC that may begin ST.
        escape: bool,
        /// It grew beyond its limit and is thrown away.
        overlong: bool,
    },
}

/// The dynamic colours a program can set with OSC 10 to 19.
pub(super) const DYNAMIC_COLORS: usize = 10;

/// Which attributes XTPUSHSGR keeps: bit n for its parameter n + 1.
pub(super) type SgrMask = u32;

/// The colours a program set.
pub(super) type Colors = (BTreeMap<u16, Rgb>, [Option<Rgb>; DYNAMIC_COLORS]);

/// A colour as red, green, blue.
pub(super) type Rgb = (u8, u8, u8);

/// All but the cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub cols: usize,
    pub rows: usize,
    pub x: usize,
    pub y: usize,
    /// The last column was written and the next character wraps first.
    pub pending_wrap: bool,
    pub pen: Pen,
    pub charsets: Charsets,
    /// Saved cursor of the main and of the alternate screen.
    pub saved: [SavedCursor; 2],
    /// First and last row of the scroll region.
    pub top: usize,
    pub bottom: usize,
    /// First and last column of the margins.
    pub left: usize,
    pub right: usize,
    /// Tab stops by column.
    pub tabs: Vec<bool>,
    pub modes: Modes,
    /// Values of XTSAVE.
    pub saved_modes: BTreeMap<u16, bool>,
    pub title: String,
    pub icon_name: String,
    pub path: String,
    /// Titles and icon names pushed by `CSI 22 t`.
    pub title_stack: Vec<(String, String)>,
    pub cursor_shape: CursorShape,
    /// Stacks of kitty keyboard flags of the main and of the alternate screen; the last is in force.
    pub kitty: [Vec<u8>; 2],
    /// OSC 4 from 0, OSC 5 from 256.
    pub palette: BTreeMap<u16, Rgb>,
    /// OSC 10 to 19.
    pub dynamic: [Option<Rgb>; DYNAMIC_COLORS],
    /// Colours of the outer terminal, for answers.
    pub outer_fg: Rgb,
    pub outer_bg: Rgb,
    /// DECSCL: 61 to 65.
    pub level: u16,
    pub protection: Protection,
    /// Pens pushed by XTPUSHSGR, each with the attributes it asked to keep.
    pub sgr_stack: Vec<(SgrMask, Pen)>,
    /// Palettes and dynamic colours pushed by XTPUSHCOLORS.
    pub color_stack: Vec<Colors>,
    /// How many of `color_stack` are in use: popping leaves them to be picked up again.
    pub color_depth: usize,
    /// S8C1T.
    pub eight_bit: bool,
    /// DECSACE 2: DECCARA and DECRARA act on the rectangle, else on the stream.
    pub rectangle_extent: bool,
    /// DECSACE as it was written: 0 and 1 mean the same, but are told apart by DECRQSS.
    pub extent: u8,
    /// XTCHECKSUM.
    pub checksum_flags: u16,
    /// Clearing the whole main screen moves its text to the scrollback (tmux's scroll-on-clear).
    pub scroll_on_clear: bool,
    /// The alternate screen is out of bounds.
    pub no_alternate: bool,
    /// So is the title.
    pub no_titles: bool,
    /// Cluster REP repeats.
    pub last_printed: String,
    /// XTSMTITLE flags: 1 set in hex, 2 query in hex, 4 set in UTF-8, 8 query in UTF-8.
    pub title_modes: u8,
    pub pictures: super::pictures::Pictures,
    pub parser: Parser,
    #[serde(with = "serde_bytes")]
    pub replies: Vec<u8>,
    pub events: Vec<ScreenEvent>,
}

impl Default for State {
    fn default() -> Self {
        State::new(Size { cols: 80, rows: 24 })
    }
}

impl State {
    pub fn new(size: Size) -> State {
        let size = Size::new(size.cols, size.rows);
        let (cols, rows) = (usize::from(size.cols), usize::from(size.rows));
        State {
            cols,
            rows,
            x: 0,
            y: 0,
            pending_wrap: false,
            pen: Pen::default(),
            charsets: Charsets::default(),
            saved: Default::default(),
            top: 0,
            bottom: rows - 1,
            left: 0,
            right: cols - 1,
            tabs: default_tabs(cols),
            modes: Modes::default(),
            saved_modes: BTreeMap::new(),
            title: String::new(),
            icon_name: String::new(),
            path: String::new(),
            title_stack: Vec::new(),
            cursor_shape: CursorShape::Default,
            kitty: Default::default(),
            palette: BTreeMap::new(),
            dynamic: [None; DYNAMIC_COLORS],
            outer_fg: (0xff, 0xff, 0xff),
            outer_bg: (0, 0, 0),
            level: 65,
            protection: Protection::Off,
            sgr_stack: Vec::new(),
            color_stack: Vec::new(),
            color_depth: 0,
            eight_bit: false,
            rectangle_extent: false,
            extent: 0,
            checksum_flags: 0,
            scroll_on_clear: true,
            no_alternate: false,
            no_titles: false,
            last_printed: String::new(),
            title_modes: 0,
            pictures: super::pictures::Pictures::default(),
            parser: Parser::Ground,
            replies: Vec::new(),
            events: Vec::new(),
        }
    }
}

/// A stop every eight columns.
pub(super) fn default_tabs(cols: usize) -> Vec<bool> {
    (0..cols).map(|x| x > 0 && x % 8 == 0).collect()
}
