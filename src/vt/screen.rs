//! The screen as its users see it.

use super::cell::{Cell as Packed, CellView, Extra, Tables};
use super::damage::Damage;
use super::event::{MAX_EVENTS, ScreenEvent};
use super::history::History;
use super::modes::Modes;
use super::pack;
use super::row::Row;
use super::state::{CursorShape, State};
use super::style::Style;
use crate::ids::Size;
use std::collections::VecDeque;

/// Most reply bytes kept until they are taken; a program that asks without reading its answers
/// loses later ones.
const MAX_REPLIES: usize = 1 << 20;

/// A program's screen: both grids, scrollback, modes, the parser's unfinished sequence.
#[derive(Debug, Clone)]
pub struct Screen {
    pub(super) st: State,
    /// The shown grid.
    pub(super) rows: VecDeque<Row>,
    /// The hidden grid: the main screen while the alternate one is shown, else the alternate one,
    /// empty until it is first used.
    pub(super) hidden: VecDeque<Row>,
    pub(super) history: History,
    pub(super) tables: Tables,
    /// Number of the pen's extra in `tables`.
    pub(super) pen_extra: u16,
    pub(super) damage: Damage,
    /// The command at work ended with BEL, and so do its answers (xterm and tmux do the same).
    pub(super) reply_bel: bool,
}

/// The cursor as it is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorView {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// DECTCEM.
    pub visible: bool,
    /// DECSCUSR.
    pub shape: CursorShape,
    /// Whether it blinks.
    pub blinking: bool,
}

/// A cell of a `Line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The grapheme cluster; empty for a right half, a space when blank.
    pub text: String,
    /// Columns: 0 for a right half, 1, 2.
    pub width: u8,
    /// Its look.
    pub style: Style,
    /// Where it leads.
    pub link: Option<String>,
}

/// A line of the screen or of the scrollback, unpacked. Cells never written at its end are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The cells.
    pub cells: Vec<Cell>,
    /// The text goes on in the next line.
    pub wrapped: bool,
}

/// A row of empty rows.
pub(super) fn blank_rows(n: usize) -> VecDeque<Row> {
    (0..n).map(|_| Row::default()).collect()
}

impl Screen {
    /// An empty screen of `size` that keeps at most `history_limit` lines of scrollback.
    pub fn new(size: Size, history_limit: usize) -> Screen {
        let st = State::new(size);
        Screen {
            rows: blank_rows(st.rows),
            hidden: VecDeque::new(),
            history: History::new(history_limit),
            tables: Tables::default(),
            pen_extra: 0,
            damage: Damage::everything(),
            reply_bel: false,
            st,
        }
    }

    /// Its size in cells.
    pub fn size(&self) -> Size {
        Size { cols: self.st.cols as u16, rows: self.st.rows as u16 }
    }

    /// A number that changes when the cells of visible row `y` do, and goes with the row when it scrolls.
    /// Equal numbers are equal cells, in all screens of this process, so any number of readers can tell
    /// what is new to them. Never 0.
    pub fn row_version(&self, y: u16) -> u64 {
        self.damage.version(y)
    }

    /// The cell at column `x` of row `y` of the shown screen; blank outside.
    pub fn cell(&self, x: u16, y: u16) -> CellView<'_> {
        let cell = self.rows.get(usize::from(y)).map_or(Packed::BLANK, |r| r.get(usize::from(x)));
        CellView {
            text: self.tables.text(cell),
            width: cell.width(),
            style: self.tables.style(cell),
            link: self.tables.link(cell.extra).map(|l| &*l.uri),
        }
    }

    /// Calls `f` with every cell of row `y` of the shown screen that was written or erased in a colour, right
    /// halves included. Beyond the last of them the row is blank up to the width of the screen.
    pub fn for_each_cell(&self, y: u16, mut f: impl FnMut(u16, CellView<'_>)) {
        let empty = Row::default();
        let row = self.rows.get(usize::from(y)).unwrap_or(&empty);
        let mut last = Packed::BLANK;
        let mut style = Style::default();
        for (x, cell) in row.cells.iter().take(self.st.cols).copied().enumerate() {
            if !cell.same_style(last) {
                style = self.tables.style(cell);
                last = cell;
            }
            let link = self.tables.link(cell.extra).map(|l| &*l.uri);
            f(x as u16, CellView { text: self.tables.text(cell), width: cell.width(), style, link });
        }
    }

    /// Lines of scrollback.
    pub fn history_len(&self) -> usize {
        self.history.len()
    }

    /// Stable number of the oldest kept line; line `i` of `line` has number `history_base() + i`.
    pub fn history_base(&self) -> u64 {
        self.history.base()
    }

    /// Most lines of scrollback kept.
    pub fn history_limit(&self) -> usize {
        self.history.limit()
    }

    /// Bytes the scrollback takes.
    pub fn history_bytes(&self) -> usize {
        self.history.bytes()
    }

    /// Changes how many lines of scrollback are kept, dropping the oldest.
    pub fn set_history_limit(&mut self, n: usize) {
        self.history.set_limit(n);
    }

    /// Drops the scrollback.
    pub fn clear_history(&mut self) {
        self.history.clear();
    }

    /// Takes the links from all that is on the screen; its text stays.
    pub fn forget_hyperlinks(&mut self) {
        self.tables.forget_links();
        self.st.pen.link = None;
        self.refresh_pen();
        self.damage.mark_all();
    }

    /// Line `index` counted from the oldest line of scrollback; the shown screen follows it. Empty
    /// beyond the end.
    pub fn line(&self, index: usize) -> Line {
        match self.history.line(index) {
            Some(packed) => {
                let mut tables = Tables::default();
                let row = pack::unpack(packed, &mut tables);
                unpacked(&row, &tables)
            }
            None => self.visible_row(index).map_or_else(Line::default, |row| unpacked(row, &self.tables)),
        }
    }

    fn visible_row(&self, index: usize) -> Option<&Row> {
        self.rows.get(index.checked_sub(self.history.len())?)
    }

    /// The text of line `index`, blanks at its end left out.
    pub fn line_text(&self, index: usize) -> String {
        let mut text = String::new();
        if let Some(packed) = self.history.line(index) {
            pack::text(packed, &mut text);
        } else if let Some(row) = self.visible_row(index) {
            row_text(row, &self.tables, &mut text);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// Whether the text of line `index` goes on in the next.
    pub fn wrapped(&self, index: usize) -> bool {
        match self.history.line(index) {
            Some(packed) => pack::is_wrapped(packed),
            None => self.visible_row(index).is_some_and(|row| row.wrapped),
        }
    }

    /// The cursor.
    pub fn cursor(&self) -> CursorView {
        CursorView {
            x: self.st.x as u16,
            y: self.st.y as u16,
            visible: self.st.modes.cursor_visible,
            shape: self.st.cursor_shape,
            blinking: self.st.modes.cursor_blink,
        }
    }

    /// Whether the last column was written and the next character wraps first.
    pub fn pending_wrap(&self) -> bool {
        self.st.pending_wrap
    }

    /// The modes.
    pub fn modes(&self) -> &Modes {
        &self.st.modes
    }

    /// First and last row of the scroll region.
    pub fn scroll_region(&self) -> (u16, u16) {
        (self.st.top as u16, self.st.bottom as u16)
    }

    /// The title (OSC 0, 2).
    pub fn title(&self) -> &str {
        &self.st.title
    }

    /// The icon name (OSC 0, 1).
    pub fn icon_name(&self) -> &str {
        &self.st.icon_name
    }

    /// The current directory as told by OSC 7: a `file://` URL or a path.
    pub fn path(&self) -> &str {
        &self.st.path
    }

    /// The colour palette entry `n` became, if a program set it (OSC 4).
    pub fn palette(&self, n: u8) -> Option<(u8, u8, u8)> {
        self.st.palette.get(&u16::from(n)).copied()
    }

    /// The default foreground a program set (OSC 10).
    pub fn default_fg(&self) -> Option<(u8, u8, u8)> {
        self.st.dynamic[0]
    }

    /// The default background a program set (OSC 11).
    pub fn default_bg(&self) -> Option<(u8, u8, u8)> {
        self.st.dynamic[1]
    }

    /// The cursor's colour a program set (OSC 12).
    pub fn cursor_color(&self) -> Option<(u8, u8, u8)> {
        self.st.dynamic[2]
    }

    /// Takes the bytes to write to the program's terminal: answers to its questions.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.st.replies)
    }

    /// Takes what the program asked of the world since the last call.
    pub fn take_events(&mut self) -> Vec<ScreenEvent> {
        std::mem::take(&mut self.st.events)
    }

    /// Takes what changed since the last call.
    pub fn take_damage(&mut self) -> Damage {
        self.damage.take()
    }

    /// What colour queries answer while no program set them: the outer terminal's colours.
    pub fn set_colors(&mut self, fg: (u8, u8, u8), bg: (u8, u8, u8)) {
        let was_dark = is_dark(self.st.outer_bg);
        self.st.outer_fg = fg;
        self.st.outer_bg = bg;
        if self.st.modes.color_scheme_updates && was_dark != is_dark(bg) {
            self.report_color_scheme();
        }
    }

    /// Whether clearing the whole main screen moves its text to the scrollback first, as tmux's
    /// option scroll-on-clear says. On by default.
    pub fn set_scroll_on_clear(&mut self, on: bool) {
        self.st.scroll_on_clear = on;
    }

    /// Whether programs may go to the alternate screen (tmux's option alternate-screen) and set the title
    /// (allow-set-title). Both on by default.
    pub fn set_allowed(&mut self, alternate: bool, titles: bool) {
        (self.st.no_alternate, self.st.no_titles) = (!alternate, !titles);
    }

    /// Size of a cell in pixels, for the window reports.
    pub fn set_cell_pixels(&mut self, w: u16, h: u16) {
        self.st.modes.cell_pixels = (w.max(1), h.max(1));
    }

    pub(super) fn event(&mut self, event: ScreenEvent) {
        let flood = event == ScreenEvent::Bell && self.st.events.last() == Some(&ScreenEvent::Bell);
        if !flood && self.st.events.len() < MAX_EVENTS {
            self.st.events.push(event);
        }
    }

    pub(super) fn reply(&mut self, bytes: &[u8]) {
        if self.st.replies.len() + bytes.len() <= MAX_REPLIES {
            self.st.replies.extend_from_slice(bytes);
        }
    }

    /// The cell the next character is written with, its text aside.
    #[inline]
    pub(super) fn pen_cell(&self) -> Packed {
        let pen = &self.st.pen;
        Packed { ch: 0, fg: pen.fg, bg: pen.bg, attrs: pen.attrs, extra: self.pen_extra }
    }

    /// The cell an erasure leaves: the background colour stays.
    #[inline]
    pub(super) fn blank_cell(&self) -> Packed {
        Packed { bg: self.st.pen.bg, ..Packed::BLANK }
    }

    /// Brings `pen_extra` up to date after the pen's underline colour or link changed.
    pub(super) fn refresh_pen(&mut self) {
        let pen = &self.st.pen;
        self.pen_extra = if pen.underline == 0 && pen.link.is_none() {
            0
        } else {
            self.tables.extra(Extra { underline: pen.underline, link: pen.link.clone() })
        };
    }

    /// Drops what no cell uses from the side tables when they have grown.
    pub(super) fn sweep_tables(&mut self) {
        if self.tables.wants_sweep() {
            let rows = self.rows.iter_mut().chain(self.hidden.iter_mut());
            self.tables.sweep(rows.flat_map(|r| r.cells.iter_mut()));
            self.refresh_pen();
        }
    }
}

/// Whether a colour is nearer to black than to white.
pub(super) fn is_dark((r, g, b): (u8, u8, u8)) -> bool {
    // Rec. 601 weights, in thousandths.
    299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) < 128_000
}

fn unpacked(row: &Row, tables: &Tables) -> Line {
    let cells = row
        .cells
        .iter()
        .map(|cell| Cell {
            text: tables.text(*cell).to_owned(),
            width: cell.width(),
            style: tables.style(*cell),
            link: tables.link(cell.extra).map(|l| l.uri.to_string()),
        })
        .collect();
    Line { cells, wrapped: row.wrapped }
}

pub(super) fn row_text(row: &Row, tables: &Tables, out: &mut String) {
    for cell in &row.cells {
        out.push_str(tables.text(*cell));
    }
}
