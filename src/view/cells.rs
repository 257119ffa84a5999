//! The client's cells: what its terminal is to show, or shows now.
//!
//! A cell is small and comparable; grapheme clusters of several code points and hyperlinks are numbers
//! into side tables of the same client. Knows nothing of where the cells come from.

use crate::ids::Size;
use crate::vt::{Attrs, Color, Style};
use std::collections::HashMap;
use unicode_width::UnicodeWidthStr as _;

/// Clusters and links kept before the tables are started anew, which costs one full drawing.
const TABLES_MAX: usize = 8192;

/// Longest hyperlink passed on to the outer terminal, in bytes (as kitty and VTE accept).
pub const LINK_MAX: usize = 2083;

/// A code point, or with the top bit the number of a cluster. 0 is the right half of a wide cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Glyph(u32);

const CLUSTER: u32 = 1 << 31;

impl Glyph {
    /// A blank.
    pub const SPACE: Glyph = Glyph(b' ' as u32);
    /// What stands in the right half of a wide cell.
    pub const RIGHT_HALF: Glyph = Glyph(0);

    /// The code point, unless it is a cluster or a right half.
    pub fn as_char(self) -> Option<char> {
        if self.0 == 0 { None } else { char::from_u32(self.0) }
    }
}

impl From<char> for Glyph {
    fn from(c: char) -> Glyph {
        Glyph(u32::from(c))
    }
}

/// One cell. Its style is kept in words: whole rows of cells are compared with every key.
#[derive(Debug, Clone, Copy, Eq)]
pub struct Cell {
    /// What stands in it.
    pub glyph: Glyph,
    fg: u32,
    bg: u32,
    underline: u32,
    attrs: Attrs,
    /// Number of its hyperlink in [`Tables`], 0 for none.
    pub link: u16,
    /// Columns: 0 for a right half, 1, 2.
    pub width: u8,
}

impl PartialEq for Cell {
    /// Without branches: nearly all cells that are compared are equal.
    #[inline]
    fn eq(&self, other: &Cell) -> bool {
        let words = (self.glyph.0 ^ other.glyph.0)
            | (self.fg ^ other.fg)
            | (self.bg ^ other.bg)
            | (self.underline ^ other.underline);
        let halves = (self.attrs.0 ^ other.attrs.0) | (self.link ^ other.link);
        words | u32::from(halves) | u32::from(self.width ^ other.width) == 0
    }
}

/// Attributes that show on a blank.
const SHOWS_ON_BLANK: Attrs =
    Attrs(Attrs::REVERSE.0 | Attrs::ANY_UNDERLINE.0 | Attrs::STRIKE.0 | Attrs::OVERLINE.0);

impl Cell {
    /// Blank in the terminal's own colours.
    pub const BLANK: Cell =
        Cell { glyph: Glyph::SPACE, fg: 0, bg: 0, underline: 0, attrs: Attrs::empty(), link: 0, width: 1 };

    /// A narrow cell; what cannot be seen on a blank is left out, so that equal looks are equal cells.
    pub fn new(glyph: Glyph, style: Style) -> Cell {
        let mut cell = Cell { glyph, link: 0, width: 1, ..Cell::BLANK };
        cell.set_style(style);
        cell.canonical();
        cell
    }

    /// What stands in the second column of this wide cell.
    #[inline]
    pub fn right_half(self) -> Cell {
        Cell { glyph: Glyph::RIGHT_HALF, width: 0, ..self }
    }

    /// How it looks.
    #[inline]
    pub fn style(&self) -> Style {
        let [fg, bg, underline] = [self.fg, self.bg, self.underline].map(Color::unpack);
        Style { fg, bg, underline, attrs: self.attrs }
    }

    /// Makes it look so.
    #[inline]
    pub fn set_style(&mut self, style: Style) {
        [self.fg, self.bg, self.underline] = [style.fg, style.bg, style.underline].map(Color::pack);
        self.attrs = style.attrs;
    }

    /// Leaves out what cannot be seen on a blank.
    #[inline]
    pub fn canonical(&mut self) {
        if self.glyph == Glyph::SPACE && self.link == 0 && !self.attrs.intersects(SHOWS_ON_BLANK) {
            (self.fg, self.underline, self.attrs) = (0, 0, Attrs::empty());
        }
    }

    /// Whether erasing with this cell's background makes it.
    #[inline]
    pub fn erasable(&self) -> bool {
        self.glyph == Glyph::SPACE && self.link == 0 && self.attrs.is_empty()
    }

    /// Whether its background is the terminal's own.
    #[inline]
    pub fn has_default_bg(&self) -> bool {
        self.bg == 0
    }
}

/// The side tables of one client.
#[derive(Debug, Default)]
pub struct Tables {
    clusters: Vec<Box<str>>,
    cluster_numbers: HashMap<Box<str>, u32>,
    links: Vec<Box<str>>,
    link_numbers: HashMap<Box<str>, u16>,
}

impl Tables {
    /// The glyph of a cell's text; control characters, which no cell should hold, become blanks.
    #[inline]
    pub fn glyph(&mut self, text: &str) -> Glyph {
        if let &[byte] = text.as_bytes() {
            return if byte < 0x20 || byte == 0x7f { Glyph::SPACE } else { Glyph(u32::from(byte)) };
        }
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (None, _) => Glyph::SPACE,
            (Some(c), None) if c.is_control() => Glyph::SPACE,
            (Some(c), None) => Glyph::from(c),
            (Some(_), Some(_)) => self.cluster(text),
        }
    }

    fn cluster(&mut self, text: &str) -> Glyph {
        if let Some(number) = self.cluster_numbers.get(text) {
            return Glyph(CLUSTER | number);
        }
        let number = u32::try_from(self.clusters.len()).unwrap_or(0);
        self.clusters.push(text.into());
        self.cluster_numbers.insert(text.into(), number);
        Glyph(CLUSTER | number)
    }

    /// The text of a cluster; `None` for a plain code point.
    pub fn cluster_text(&self, glyph: Glyph) -> Option<&str> {
        if glyph.0 & CLUSTER == 0 {
            return None;
        }
        self.clusters.get((glyph.0 & !CLUSTER) as usize).map(|text| &**text)
    }

    /// The number of a hyperlink; 0 for one that is too long or holds what would end its sequence.
    pub fn link(&mut self, uri: &str) -> u16 {
        if let Some(number) = self.link_numbers.get(uri) {
            return *number;
        }
        if uri.is_empty() || uri.len() > LINK_MAX || uri.chars().any(char::is_control) {
            return 0;
        }
        let Ok(number) = u16::try_from(self.links.len() + 1) else { return 0 };
        self.links.push(uri.into());
        self.link_numbers.insert(uri.into(), number);
        number
    }

    /// The hyperlink of a number.
    pub fn link_uri(&self, number: u16) -> Option<&str> {
        self.links.get(usize::from(number).checked_sub(1)?).map(|uri| &**uri)
    }

    /// Whether it is time to [`clear`](Self::clear) them, and everything made with them.
    pub fn full(&self) -> bool {
        self.clusters.len() > TABLES_MAX || self.links.len() > TABLES_MAX
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Tables::default();
    }
}

/// A rectangle of cells.
#[derive(Debug, Clone)]
pub struct Grid {
    size: Size,
    cells: Vec<Cell>,
}

impl Grid {
    /// Blank.
    pub fn new(size: Size) -> Grid {
        Grid { size, cells: vec![Cell::BLANK; usize::from(size.cols) * usize::from(size.rows)] }
    }

    /// Its size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// One row; outside it is empty.
    #[inline]
    pub fn row(&self, y: u16) -> &[Cell] {
        let cols = usize::from(self.size.cols);
        let from = usize::from(y) * cols;
        self.cells.get(from..from + cols).unwrap_or(&[])
    }

    /// One row to write to; outside it is empty.
    #[inline]
    pub fn row_mut(&mut self, y: u16) -> &mut [Cell] {
        let cols = usize::from(self.size.cols);
        let from = usize::from(y) * cols;
        self.cells.get_mut(from..from + cols).unwrap_or(&mut [])
    }

    /// Everything blank.
    pub fn clear(&mut self) {
        self.cells.fill(Cell::BLANK);
    }

    /// Puts one cell, two columns of it when it is wide. A wide cell that is cut by it, or that the right
    /// edge cuts, becomes a blank: a half never stands alone.
    pub fn put(&mut self, x: u16, y: u16, mut cell: Cell) {
        let row = self.row_mut(y);
        let x = usize::from(x);
        if x >= row.len() || cell.width == 0 {
            return;
        }
        let wide = cell.width == 2;
        if wide && x + 1 >= row.len() {
            cell = Cell { glyph: Glyph::SPACE, width: 1, ..cell };
            split(row, x);
            row[x] = cell;
            return;
        }
        split(row, x);
        if wide {
            split(row, x + 1);
            row[x + 1] = cell.right_half();
        }
        row[x] = cell;
    }

    /// Fills `width` columns of row `y`.
    pub fn fill(&mut self, x: u16, y: u16, width: u16, cell: Cell) {
        for at in x..x.saturating_add(width).min(self.size.cols) {
            self.put(at, y, cell);
        }
    }

    /// Writes text from (x, y) on, at most `width` columns of it; the number of columns used.
    pub fn text(&mut self, tables: &mut Tables, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let mut used = 0;
        for (cluster, columns) in clusters(text) {
            if used + columns > width {
                break;
            }
            if columns > 0 {
                let mut cell = Cell::new(tables.glyph(cluster), style);
                cell.width = u8::try_from(columns).unwrap_or(1);
                self.put(x + used, y, cell);
            }
            used += columns;
        }
        used
    }

    /// Moves rows `top..=bottom` by `lines` (up when positive); rows that come in are blank.
    pub fn scroll(&mut self, top: u16, bottom: u16, lines: i32) {
        let cols = usize::from(self.size.cols);
        let Some(region) = self.cells.get_mut(usize::from(top) * cols..(usize::from(bottom) + 1) * cols)
        else {
            return;
        };
        let shift = (lines.unsigned_abs() as usize).saturating_mul(cols).min(region.len());
        if lines > 0 {
            region.copy_within(shift.., 0);
            let kept = region.len() - shift;
            region[kept..].fill(Cell::BLANK);
        } else {
            let kept = region.len() - shift;
            region.copy_within(..kept, shift);
            region[..shift].fill(Cell::BLANK);
        }
    }
}

/// Before the cell at `x` is overwritten: the other half of a wide one there becomes a blank.
fn split(row: &mut [Cell], x: usize) {
    let cell = row[x];
    let other = match cell.width {
        0 => x.checked_sub(1),
        2 => Some(x + 1).filter(|at| *at < row.len()),
        _ => None,
    };
    if let Some(at) = other {
        row[at] = Cell::new(Glyph::SPACE, row[at].style());
    }
}

/// Grapheme clusters and their columns (0, 1 or 2); control characters are left out.
pub fn clusters(text: &str) -> impl Iterator<Item = (&str, u16)> {
    use unicode_segmentation::UnicodeSegmentation as _;
    text.graphemes(true).filter(|cluster| !cluster.chars().any(char::is_control)).map(|cluster| {
        let columns = if cluster.len() == 1 { 1 } else { cluster.width().min(2) };
        (cluster, u16::try_from(columns).unwrap_or(2))
    })
}

/// Columns that text takes.
pub fn width(text: &str) -> u16 {
    clusters(text).fold(0_u16, |sum, (_, columns)| sum.saturating_add(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(grid: &Grid, tables: &Tables, y: u16) -> String {
        grid.row(y)
            .iter()
            .map(|cell| match cell.glyph.as_char() {
                Some(c) => c.to_string(),
                None if cell.width == 0 => "<".into(),
                None => tables.cluster_text(cell.glyph).unwrap_or("?").to_owned(),
            })
            .collect()
    }

    #[test]
    fn half_of_a_wide_cell_never_stands_alone() {
        let mut grid = Grid::new(Size::new(6, 1));
        let mut tables = Tables::default();
        assert_eq!(grid.text(&mut tables, 0, 0, 6, "日本x", Style::default()), 5);
        assert_eq!(show(&grid, &tables, 0), "日<本<x ");
        grid.put(1, 0, Cell::new('a'.into(), Style::default()));
        assert_eq!(show(&grid, &tables, 0), " a本<x ");
        grid.put(2, 0, Cell::new('b'.into(), Style::default()));
        assert_eq!(show(&grid, &tables, 0), " ab x ");
        grid.text(&mut tables, 5, 0, 2, "日", Style::default());
        assert_eq!(show(&grid, &tables, 0), " ab x ", "cut by the right edge");
    }

    #[test]
    fn clusters_are_one_cell() {
        let mut grid = Grid::new(Size::new(6, 1));
        let mut tables = Tables::default();
        assert_eq!(grid.text(&mut tables, 0, 0, 6, "e\u{301}👨‍👩‍👧!", Style::default()), 4);
        assert_eq!(show(&grid, &tables, 0), "e\u{301}👨‍👩‍👧<!  ");
    }

    #[test]
    fn text_stops_where_a_wide_character_has_no_room() {
        let mut grid = Grid::new(Size::new(6, 1));
        let mut tables = Tables::default();
        assert_eq!(grid.text(&mut tables, 0, 0, 3, "ab日", Style::default()), 2);
    }

    #[test]
    fn rows_scroll_both_ways_inside_a_region() {
        let mut grid = Grid::new(Size::new(1, 5));
        let mut tables = Tables::default();
        for (y, text) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            grid.text(&mut tables, 0, y as u16, 1, text, Style::default());
        }
        let all = |grid: &Grid| (0..5).map(|y| show(grid, &tables, y)).collect::<String>();
        grid.scroll(1, 3, 1);
        assert_eq!(all(&grid), "acd e");
        grid.scroll(0, 4, -2);
        assert_eq!(all(&grid), "  acd");
        grid.scroll(0, 4, 9);
        assert_eq!(all(&grid), "     ");
    }

    #[test]
    fn a_link_that_would_end_its_own_sequence_is_dropped() {
        let mut tables = Tables::default();
        assert_eq!(tables.link("http://x/\x1b\\evil"), 0);
        let number = tables.link("http://x/");
        assert_eq!(tables.link("http://x/"), number);
        assert_eq!(tables.link_uri(number), Some("http://x/"));
        assert_eq!(tables.link_uri(0), None);
    }
}
