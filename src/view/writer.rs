//! The one writer: what the terminal shows, what it is to show, and the fewest bytes in between.
//!
//! Tracks the terminal's cursor and pen. After a character whose width terminals disagree about the
//! cursor counts as unknown and the next move is absolute, so that one wrong width stays in its row.

use super::caps::{Caps, Colours, Pictures};
use super::cells::{Cell, Glyph, Grid, Tables};
use crate::ids::Size;
use crate::vt::{Attrs, Color, PLACEHOLDER, Style, is_sixel_part};

/// Equal cells between two changes that are written again rather than jumped over: `CSI n C` has four bytes.
const REWRITE_MAX: usize = 3;

/// Shortest run of blanks in the middle of a row that ECH and a jump beat.
const ERASE_MIN: usize = 10;

/// What stands for a part of a picture on a terminal that has none.
const NO_PICTURE: char = '░';

/// Shortest run of one character that REP beats.
const REPEAT_MIN: usize = 6;

/// Columns of a row that may have changed: `from` up to but not including `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    from: u16,
    to: u16,
}

impl Columns {
    /// None.
    pub const NONE: Columns = Columns { from: u16::MAX, to: 0 };
    /// All.
    pub const ALL: Columns = Columns { from: 0, to: u16::MAX };

    /// With `from..to`, and what is between.
    #[must_use]
    pub fn with(self, from: u16, to: u16) -> Columns {
        Columns { from: self.from.min(from), to: self.to.max(to) }
    }
}

/// What is known of the terminal's state, and the rules for changing it.
#[derive(Debug)]
pub struct Writer {
    caps: Caps,
    size: Size,
    /// Where the cursor is; `None` when that is not certain.
    cursor: Option<(u16, u16)>,
    /// The pen, reduced to what the terminal can do; `None` when not known.
    pen: Option<Style>,
    /// Number of the open hyperlink.
    link: u16,
    /// Scratch for the two ways to change the pen.
    change: Vec<u8>,
    afresh: Vec<u8>,
}

/// Appends a decimal number.
fn number(n: impl Into<u32>, out: &mut Vec<u8>) {
    let mut n = n.into();
    let mut digits = [0_u8; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `CSI n letter`, without the number when it is 1.
fn csi(n: u16, letter: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[");
    if n != 1 {
        number(n, out);
    }
    out.push(letter);
}

fn digits(n: u16) -> usize {
    match n {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        _ => 4,
    }
}

impl Writer {
    /// Nothing is known of the terminal yet.
    pub fn new(caps: Caps, size: Size) -> Writer {
        Writer { caps, size, cursor: None, pen: None, link: 0, change: Vec::new(), afresh: Vec::new() }
    }

    /// The terminal can do something else than was thought. What it shows must be drawn anew.
    pub fn set_caps(&mut self, caps: Caps) {
        self.caps = caps;
    }

    /// The capabilities it writes for.
    pub fn caps(&self) -> &Caps {
        &self.caps
    }

    /// The terminal has another size: what it did to the cursor is not known.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.cursor = None;
    }

    /// Something else wrote to the terminal.
    pub fn forget(&mut self) {
        self.cursor = None;
        self.pen = None;
        self.link = 0;
    }

    /// Default pen, full scroll region, everything erased.
    pub fn clear(&mut self, out: &mut Vec<u8>) {
        if self.caps.hyperlinks {
            out.extend_from_slice(b"\x1b]8;;\x1b\\");
        }
        out.extend_from_slice(b"\x1b[m\x1b[r\x1b[H\x1b[2J");
        self.cursor = Some((0, 0));
        self.pen = Some(Style::default());
        self.link = 0;
    }

    /// Scrolls rows `top..=bottom` by `lines`, up when positive, filling with the default background.
    pub fn scroll(&mut self, top: u16, bottom: u16, lines: i32, out: &mut Vec<u8>) {
        self.pen(Style::default(), out);
        let count = u16::try_from(lines.unsigned_abs()).unwrap_or(u16::MAX);
        let whole = top == 0 && bottom + 1 >= self.size.rows;
        if !whole {
            out.extend_from_slice(b"\x1b[");
            number(top + 1, out);
            out.push(b';');
            number(bottom + 1, out);
            out.push(b'r');
        }
        csi(count, if lines > 0 { b'S' } else { b'T' }, out);
        if !whole {
            out.extend_from_slice(b"\x1b[r");
            // DECSTBM moves the cursor home.
            self.cursor = Some((0, 0));
        }
    }

    /// Moves the cursor by the shortest way there is.
    pub fn move_to(&mut self, x: u16, y: u16, out: &mut Vec<u8>) {
        if self.cursor == Some((x, y)) {
            return;
        }
        let relative = self.cursor.filter(|(cx, cy)| {
            // Absolute costs at most 4 + digits; from another column and row it is never beaten by much.
            *cy == y || (*cx == x && y.abs_diff(*cy) < 10) || (x == 0 && y == *cy + 1)
        });
        match relative {
            Some((_, cy)) if x == 0 && cy == y => out.push(b'\r'),
            Some((cx, cy)) if x == 0 && y == cy + 1 && cx != 0 => out.extend_from_slice(b"\r\n"),
            Some((cx, cy)) if cx == x && y == cy + 1 => out.push(b'\n'),
            Some((cx, cy)) if cx == x && y > cy => csi(y - cy, b'B', out),
            Some((cx, cy)) if cx == x && y < cy => csi(cy - y, b'A', out),
            Some((cx, _)) if x > cx => {
                let by = x - cx;
                if digits(by) <= digits(x + 1) { csi(by, b'C', out) } else { csi(x + 1, b'G', out) }
            }
            Some((cx, _)) if cx - x <= 3 => out.extend(std::iter::repeat_n(8, usize::from(cx - x))),
            Some((cx, _)) => {
                let by = cx - x;
                if digits(by) < digits(x + 1) { csi(by, b'D', out) } else { csi(x + 1, b'G', out) }
            }
            None => {
                out.extend_from_slice(b"\x1b[");
                if x > 0 || y > 0 {
                    number(y + 1, out);
                }
                if x > 0 {
                    out.push(b';');
                    number(x + 1, out);
                }
                out.push(b'H');
            }
        }
        self.cursor = Some((x, y));
    }

    /// Default pen and no hyperlink open: what a frame leaves behind.
    pub fn rest(&mut self, out: &mut Vec<u8>) {
        self.hyperlink(0, &Tables::default(), out);
    }

    /// Makes row `y` of the terminal, which shows `old`, show `new`, and `old` what it shows then. Nothing differs
    /// outside of `columns`.
    pub fn row(
        &mut self,
        y: u16,
        (old, new): (&mut [Cell], &[Cell]),
        columns: Columns,
        tables: &Tables,
        out: &mut Vec<u8>,
    ) {
        let to = usize::from(columns.to).min(new.len());
        let from = usize::from(columns.from).min(to);
        let pairs = || old[from..to].iter().zip(&new[from..to]);
        let Some(first) = pairs().position(|(a, b)| a != b).map(|at| from + at) else { return };
        let last = pairs().rposition(|(a, b)| a != b).map_or(first, |at| from + at);
        self.changes(y, (old, new), (first, last), tables, out);
        old[first..=last].copy_from_slice(&new[first..=last]);
    }

    /// Writes what differs between `old` and `new`, which is between the columns `first` and `last`.
    fn changes(
        &mut self,
        y: u16,
        (old, new): (&[Cell], &[Cell]),
        (first, last): (usize, usize),
        tables: &Tables,
        out: &mut Vec<u8>,
    ) {
        let (end, tail) = self.tail(new, first, last);
        let mut x = first;
        while x < end {
            if old[x] == new[x] {
                let gap = old[x..end].iter().zip(&new[x..end]).take_while(|(a, b)| a == b).count();
                if x + gap >= end {
                    break;
                }
                if !self.cheap_to_rewrite(&new[x..x + gap], x, y) {
                    x += gap;
                    continue;
                }
            }
            // A gap may end in a wide character's middle only if the character itself is in the gap.
            self.move_to(column(x), y, out);
            x += self.run(&new[x..end], tables, out);
        }
        if let Some(from) = tail {
            self.move_to(column(from), y, out);
            self.pen(Style { bg: new[from].style().bg, ..Style::default() }, out);
            self.hyperlink(0, tables, out);
            out.extend_from_slice(b"\x1b[K");
        }
    }

    /// Where the cells to write one by one end, and from where EL makes the rest of the row, if that is
    /// shorter.
    fn tail(&self, new: &[Cell], first: usize, last: usize) -> (usize, Option<usize>) {
        let end = last + 1;
        let blank = &new[last];
        if !self.can_erase(blank) {
            return (end, None);
        }
        let from =
            new[first..=last].iter().rposition(|cell| cell != blank).map_or(first, |at| first + at + 1);
        let shorter = end - from > 3 && new[end..].iter().all(|cell| cell == blank);
        if shorter { (from, Some(from)) } else { (end, None) }
    }

    fn can_erase(&self, cell: &Cell) -> bool {
        cell.erasable() && (self.caps.bce || cell.has_default_bg())
    }

    /// Whether equal cells are fewer bytes than a jump over them.
    fn cheap_to_rewrite(&self, gap: &[Cell], x: usize, y: u16) -> bool {
        gap.len() <= REWRITE_MAX
            && self.cursor == Some((column(x), y))
            && gap.iter().all(|cell| {
                cell.link == self.link
                    && self.pen == Some(reduce(&self.caps, cell.style()))
                    && cell.glyph.as_char().is_some_and(|c| c.is_ascii())
            })
    }

    /// Writes the cell under the cursor, or a run of equal ones; how many columns that was.
    fn run(&mut self, cells: &[Cell], tables: &Tables, out: &mut Vec<u8>) -> usize {
        let cell = self.without_picture(cells[0], tables);
        let same = cells.iter().take_while(|other| **other == cell).count();
        if same >= ERASE_MIN && self.can_erase(&cell) {
            self.pen(cell.style(), out);
            self.hyperlink(0, tables, out);
            csi(column(same), b'X', out);
            return same;
        }
        self.pen(cell.style(), out);
        self.hyperlink(cell.link, tables, out);
        self.glyph(&cell, tables, out);
        let ascii = cell.glyph.as_char().is_some_and(|c| c.is_ascii_graphic() || c == ' ');
        if self.caps.rep && ascii && same >= REPEAT_MIN && self.cursor.is_some() {
            csi(column(same - 1), b'b', out);
            self.advance(same - 1);
            return same;
        }
        usize::from(cell.width.max(1))
    }

    /// What to write for a cell: a shade for a part of a picture that the terminal cannot draw, a blank for one that
    /// is drawn over it.
    fn without_picture(&self, cell: Cell, tables: &Tables) -> Cell {
        let sixel = match self.caps.pictures {
            Pictures::Unknown | Pictures::Placeholders => return cell,
            Pictures::No => false,
            Pictures::Sixel(..) => tables.cluster_text(cell.glyph).is_some_and(is_sixel_part),
        };
        if !is_picture(&cell, tables) {
            return cell;
        }
        let style = Style { bg: cell.style().bg, ..Style::default() };
        let mut shade = Cell::new(if sixel { Glyph::SPACE } else { NO_PICTURE.into() }, style);
        shade.link = cell.link;
        shade
    }

    fn glyph(&mut self, cell: &Cell, tables: &Tables, out: &mut Vec<u8>) {
        let cluster = tables.cluster_text(cell.glyph);
        if !self.caps.utf8 {
            let plain = cell.glyph.as_char().map_or('_', ascii_stand_in);
            out.push(plain as u8);
            if cell.width == 2 {
                out.push(plain as u8);
            }
        } else if let Some(text) = cluster {
            out.extend_from_slice(text.as_bytes());
        } else {
            let c = cell.glyph.as_char().unwrap_or(' ');
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.advance(usize::from(cell.width.max(1)));
        // Terminals disagree about the width of clusters.
        let sure = self.caps.pictures == Pictures::Placeholders && is_picture(cell, tables);
        if cluster.is_some() && self.caps.utf8 && !sure {
            self.cursor = None;
        }
    }

    fn advance(&mut self, columns: usize) {
        self.cursor = self.cursor.and_then(|(x, y)| {
            let x = usize::from(x) + columns;
            // In the last column the terminal holds the cursor back; where that is, is better not relied on.
            (x < usize::from(self.size.cols)).then(|| (column(x), y))
        });
    }

    /// Opens this hyperlink, or closes the open one with 0.
    fn hyperlink(&mut self, link: u16, tables: &Tables, out: &mut Vec<u8>) {
        if link == self.link || !self.caps.hyperlinks {
            return;
        }
        match tables.link_uri(link) {
            Some(uri) => {
                // The id keeps the parts of one link together that are drawn at different times.
                out.extend_from_slice(b"\x1b]8;id=q");
                number(link, out);
                out.push(b';');
                out.extend_from_slice(uri.as_bytes());
                out.extend_from_slice(b"\x1b\\");
            }
            None => out.extend_from_slice(b"\x1b]8;;\x1b\\"),
        }
        self.link = link;
    }

    /// Makes the terminal draw in this style.
    pub fn pen(&mut self, style: Style, out: &mut Vec<u8>) {
        let style = reduce(&self.caps, style);
        if self.pen == Some(style) {
            return;
        }
        self.afresh.clear();
        parameters(&self.caps, Style::default(), style, &mut self.afresh);
        if let Some(pen) = self.pen {
            self.change.clear();
            off(pen, style, &mut self.change);
            parameters(&self.caps, after_off(pen, style), style, &mut self.change);
            // A reset is `0;` less its zero: one byte.
            if self.change.len() <= self.afresh.len() + 1 && !self.change.is_empty() {
                sgr(&self.change, out);
                self.pen = Some(style);
                return;
            }
        }
        if self.afresh.is_empty() {
            out.extend_from_slice(b"\x1b[m");
        } else {
            self.afresh.insert(0, b';');
            sgr(&self.afresh, out);
        }
        self.pen = Some(style);
    }
}

fn is_picture(cell: &Cell, tables: &Tables) -> bool {
    cell.glyph.as_char() == Some(PLACEHOLDER)
        || tables.cluster_text(cell.glyph).is_some_and(|text| text.starts_with(PLACEHOLDER))
}

fn sgr(parameters: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[");
    out.extend_from_slice(parameters);
    out.push(b'm');
}

fn column(x: usize) -> u16 {
    u16::try_from(x).unwrap_or(u16::MAX)
}

/// A character for a terminal without UTF-8, in tmux's manner.
fn ascii_stand_in(c: char) -> char {
    match c {
        ' '..='~' => c,
        '─' | '━' | '═' | '╌' | '┄' => '-',
        '│' | '┃' | '║' | '╎' | '┆' => '|',
        '┌'..='╋' | '╒'..='╬' | '╭'..='╰' => '+',
        '·' | '•' => '.',
        _ => '_',
    }
}

/// The style as far as the terminal can show it.
fn reduce(caps: &Caps, mut style: Style) -> Style {
    if !caps.underlines {
        if style.attrs.intersects(Attrs::ANY_UNDERLINE) {
            style.attrs = style.attrs.without(Attrs::ANY_UNDERLINE) | Attrs::UNDERLINE;
        }
        style.underline = Color::Default;
    }
    if !caps.overline {
        style.attrs.remove(Attrs::OVERLINE);
    }
    if !caps.strike {
        style.attrs.remove(Attrs::STRIKE);
    }
    style.fg = super::colours::reduce(style.fg, caps.colours);
    style.underline = super::colours::reduce(style.underline, caps.colours);
    let bg = super::colours::reduce(style.bg, caps.colours);
    // Without colours a background is all that tells a selection or a status line from the rest.
    if caps.colours == Colours::Mono && style.bg != Color::Default {
        style.attrs.insert(Attrs::REVERSE);
    }
    style.bg = bg;
    style
}

/// Attributes and the SGR parameter that sets each.
const ON: [(Attrs, &[u8]); 13] = [
    (Attrs::BOLD, b"1"),
    (Attrs::DIM, b"2"),
    (Attrs::ITALIC, b"3"),
    (Attrs::UNDERLINE, b"4"),
    (Attrs::DOUBLE_UNDERLINE, b"4:2"),
    (Attrs::CURLY_UNDERLINE, b"4:3"),
    (Attrs::DOTTED_UNDERLINE, b"4:4"),
    (Attrs::DASHED_UNDERLINE, b"4:5"),
    (Attrs::BLINK, b"5"),
    (Attrs::REVERSE, b"7"),
    (Attrs::HIDDEN, b"8"),
    (Attrs::STRIKE, b"9"),
    (Attrs::OVERLINE, b"53"),
];

/// Attributes that one SGR parameter clears together.
const OFF: [(Attrs, &[u8]); 8] = [
    (Attrs(Attrs::BOLD.0 | Attrs::DIM.0), b"22"),
    (Attrs::ITALIC, b"23"),
    (Attrs::ANY_UNDERLINE, b"24"),
    (Attrs::BLINK, b"25"),
    (Attrs::REVERSE, b"27"),
    (Attrs::HIDDEN, b"28"),
    (Attrs::STRIKE, b"29"),
    (Attrs::OVERLINE, b"55"),
];

fn parameter(text: &[u8], out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b';');
    }
    out.extend_from_slice(text);
}

/// The groups of attributes in which `from` has something that `to` has not.
fn groups_off(from: Style, to: Style) -> impl Iterator<Item = (Attrs, &'static [u8])> {
    OFF.into_iter().filter(move |(group, _)| {
        let had = Attrs(from.attrs.0 & group.0);
        !to.attrs.contains(had)
    })
}

fn off(from: Style, to: Style, out: &mut Vec<u8>) {
    for (_, text) in groups_off(from, to) {
        parameter(text, out);
    }
}

fn after_off(from: Style, to: Style) -> Style {
    groups_off(from, to).fold(from, |style, (group, _)| Style { attrs: style.attrs.without(group), ..style })
}

/// The parameters that add to `from` what `to` has more, and change its colours.
fn parameters(caps: &Caps, from: Style, to: Style, out: &mut Vec<u8>) {
    let added = to.attrs.without(from.attrs);
    if !added.is_empty() {
        for (attr, text) in ON {
            if added.contains(attr) {
                parameter(text, out);
            }
        }
    }
    if to.fg != from.fg {
        colour(to.fg, 30, out);
    }
    if to.bg != from.bg {
        colour(to.bg, 40, out);
    }
    if to.underline != from.underline && caps.underlines {
        match to.underline {
            Color::Default => parameter(b"59", out),
            Color::Indexed(n) => {
                parameter(b"58:5:", out);
                number(n, out);
            }
            Color::Rgb(r, g, b) => {
                parameter(b"58:2::", out);
                number(r, out);
                out.push(b':');
                number(g, out);
                out.push(b':');
                number(b, out);
            }
        }
    }
}

/// A colour; `base` is 30 for the foreground and 40 for the background.
fn colour(colour: Color, base: u16, out: &mut Vec<u8>) {
    if !out.is_empty() {
        out.push(b';');
    }
    match colour {
        Color::Default => number(base + 9, out),
        Color::Indexed(n @ 0..8) => number(base + u16::from(n), out),
        Color::Indexed(n @ 8..16) => number(base + 52 + u16::from(n), out),
        Color::Indexed(n) => {
            number(base + 8, out);
            out.extend_from_slice(b";5;");
            number(n, out);
        }
        Color::Rgb(r, g, b) => {
            number(base + 8, out);
            out.extend_from_slice(b";2;");
            number(r, out);
            out.push(b';');
            number(g, out);
            out.push(b';');
            number(b, out);
        }
    }
}

/// Makes a terminal that shows `shown` show `next`, in the columns that are marked, and notes that it does.
pub fn rows(
    writer: &mut Writer,
    shown: &mut Grid,
    next: &Grid,
    dirty: &mut [Columns],
    tables: &Tables,
    out: &mut Vec<u8>,
) {
    for (y, columns) in (0_u16..).zip(dirty.iter_mut()) {
        let columns = std::mem::replace(columns, Columns::NONE);
        if columns != Columns::NONE {
            writer.row(y, (shown.row_mut(y), next.row(y)), columns, tables, out);
        }
    }
}
