//! What one client is to see, as plain data: panes in their places, borders, bars, the cursor and the
//! modes of the outer terminal.
//!
//! Made from `Mux` in the sibling module `build`, drawn by `compose`; knows neither.

use crate::ids::{PaneId, Size};
use crate::mux::layout::Rect;
use crate::vt::{CursorShape, Screen, Style};

/// Everything a client sees.
pub struct Scene<'a> {
    /// The client's terminal.
    pub size: Size,
    /// The panes, in coordinates of the client's terminal.
    pub panes: Vec<PaneView<'a>>,
    /// The lines between them.
    pub borders: &'a Borders,
    /// Status lines, and a message or prompt instead of one.
    pub bars: &'a [Bar],
    /// Large texts over the panes (`display-panes`).
    pub numbers: &'a [Number],
    /// Boxes over the panes, the topmost last: floating panes, a popup, a menu.
    pub boxes: Vec<BoxView<'a>>,
    /// The cursor; `None` hides it.
    pub cursor: Option<Cursor>,
    /// What the outer terminal is to report.
    pub outer: Outer,
    /// The outer terminal's title, when it is to be set.
    pub title: Option<&'a str>,
}

/// One pane.
pub struct PaneView<'a> {
    /// Which.
    pub id: PaneId,
    /// Where, inside the client's terminal.
    pub rect: Rect,
    /// Column and row of the pane's screen that is at the rectangle's corner.
    pub from: (u16, u16),
    /// What is shown in it.
    pub content: Content<'a>,
    /// Colours that stand for the program's defaults (`window-style`).
    pub style: Style,
    /// A line over its last row: where it is moving, that its link is broken.
    pub banner: Option<(String, Style)>,
}

/// A box over the panes.
pub struct BoxView<'a> {
    /// Its place, border included.
    pub rect: Rect,
    /// Its looks and what is in it, besides a pane.
    pub frame: &'a Frame,
    /// The pane in it.
    pub pane: Option<PaneView<'a>>,
    /// The picture of a window in it: its panes, and the lines between them.
    pub preview: Option<(Vec<PaneView<'a>>, &'a Borders)>,
}

/// A box's border and lines of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// What its border is made of; `None` for no border.
    pub lines: Option<FrameLines>,
    /// The border's style.
    pub border: Style,
    /// Its inside.
    pub style: Style,
    /// On the upper border; may hold `#[style]`.
    pub title: String,
    /// The lines of a menu: text, the key at its right end, its style; `None` is a rule.
    pub rows: Vec<Option<(String, String, Style)>>,
    /// On the lower border.
    pub footer: String,
    /// Its inside is blank where nothing is drawn.
    pub filled: bool,
    /// Lines of text at places of the terminal.
    pub texts: Vec<TextLine>,
    /// Rows of rules across it.
    pub rules: Vec<u16>,
    /// A rule from top to bottom: column, first row, rows.
    pub divider: Option<(u16, u16, u16)>,
    /// Where in a longer list the rows are: column, first row, rows, first entry, entries.
    pub scroll: Option<(u16, u16, u16, usize, usize)>,
}

/// A line of text at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Columns it fills.
    pub room: u16,
    /// The text; may hold `#[style]`.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// Which characters a box is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameLines {
    /// ┌─┐
    #[default]
    Single,
    /// ╭─╮
    Rounded,
    /// ╔═╗
    Double,
    /// ┏━┓
    Heavy,
    /// +-+
    Simple,
    /// Blanks.
    Padded,
}

/// What is shown in a pane.
pub enum Content<'a> {
    /// The program's screen.
    Screen(&'a Screen),
    /// Lines with marks: copy mode.
    Copy(CopyView<'a>),
    /// A list to choose from.
    List(ListView),
    /// The time in large digits.
    Clock {
        /// `12:34`.
        text: String,
        /// How.
        style: Style,
    },
}

/// What a marked cell looks like, by line and column.
pub type Marks<'a> = Box<dyn Fn(usize, u16) -> Option<Style> + 'a>;

/// Copy mode: lines of a picture from some line on.
pub struct CopyView<'a> {
    /// The picture.
    pub screen: &'a Screen,
    /// Its line at the top of the pane.
    pub top: usize,
    /// The style of selected cells and search matches.
    pub marks: Marks<'a>,
    /// The text at the top right with its style: the position.
    pub position: Option<(String, Style)>,
}

/// A list with one row chosen.
pub struct ListView {
    /// The rows shown; may hold `#[style]`.
    pub rows: Vec<String>,
    /// Which of them is the chosen one.
    pub chosen: Option<usize>,
    /// How that looks.
    pub chosen_style: Style,
    /// First row's position in the whole list, and the whole list's length.
    pub position: (usize, usize),
    /// What is to be said of it, on the last line when that is free.
    pub note: Option<String>,
}

/// Which characters lines are drawn with (`pane-border-lines`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lines {
    /// ─ │
    #[default]
    Single,
    /// ═ ║
    Double,
    /// ━ ┃
    Heavy,
    /// - |
    Simple,
    /// Blanks.
    Spaces,
    /// The panes' numbers.
    Number,
}

/// The lines between panes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Borders {
    /// The window's part of the client's terminal.
    pub area: Rect,
    /// Their characters.
    pub lines: Lines,
    /// Their style.
    pub style: Style,
    /// The style beside the active pane.
    pub active_style: Style,
    /// The active pane's place.
    pub active: Option<Rect>,
    /// Of the border between two panes only half has the active pane's colour.
    pub halves: bool,
    /// Arrows that point to the active pane.
    pub arrows: bool,
    /// The marked pane's place.
    pub marked: Option<Rect>,
    /// The window's panes in their order, and the index of the first (`pane-base-index`).
    pub order: Vec<PaneId>,
    /// See `order`.
    pub first_index: usize,
    /// Texts on them.
    pub labels: Vec<Label>,
    /// What is outside of the window, when the client's terminal is larger.
    pub outside: Style,
    /// The character there (`fill-character`); a dot without.
    pub fill: Option<char>,
}

/// A text on a border, or a host's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Left column or, when vertical, the column.
    pub x: u16,
    /// Row or, when vertical, the top row.
    pub y: u16,
    /// Room for it.
    pub room: u16,
    /// One letter below the other.
    pub vertical: bool,
    /// The text; may hold `#[style]`.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// A line across the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Row.
    pub y: u16,
    /// The text, with `#[style]`.
    pub text: String,
    /// What it starts from.
    pub style: Style,
    /// Its ranges are for the mouse.
    pub status: bool,
}

/// A large text in the middle of a place, and a small one in its corner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The place.
    pub rect: Rect,
    /// The large text: digits and colons.
    pub text: String,
    /// The small text, top right.
    pub corner: String,
    /// Its colour is the foreground.
    pub style: Style,
    /// The large text is drawn in signs of its own colour, not in blanks.
    pub marked: bool,
}

/// The cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// How it looks.
    pub shape: CursorShape,
    /// Whether it blinks.
    pub blinking: bool,
}

/// Which mouse reports the outer terminal sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Mouse {
    /// None.
    #[default]
    Off,
    /// Buttons.
    Normal,
    /// Buttons, and motion while one is down.
    Button,
    /// All motion.
    Any,
}

/// Modes of the outer terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outer {
    /// Mouse reports.
    pub mouse: Mouse,
    /// Bracketed paste.
    pub paste: bool,
    /// Focus reports.
    pub focus: bool,
    /// Keys in a form that tells more of them apart: flags of the kitty protocol, 0 for none.
    pub key_flags: u8,
}
