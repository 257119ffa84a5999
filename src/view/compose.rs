//! A scene drawn into cells.

use super::cells::{Cell, Glyph, Grid, Tables};
use super::scene::{Content, CopyView, ListView, PaneView};
use super::{big, line};
use crate::mux::layout::Rect;
use crate::vt::{Attrs, CellView, Color, Screen, Style};

/// Row `y` of a pane's rectangle, from its program's screen. The row is known to be blank from its column `blank`
/// on; returns from where it is now.
pub fn screen_row(
    grid: &mut Grid,
    tables: &mut Tables,
    pane: &PaneView<'_>,
    screen: &Screen,
    y: u16,
    blank: u16,
) -> u16 {
    let (from_x, from_y) = pane.from;
    let mut row = Row::new(grid, pane.rect, y, pane.style, screen.modes().reverse_video);
    screen.for_each_cell(y + from_y, |x, cell| {
        if let Some(x) = x.checked_sub(from_x) {
            row.put(tables, x, &cell);
        }
    });
    // In reverse video a blank is not what it was before and will be after.
    if row.flip {
        row.finish();
        return pane.rect.w;
    }
    row.blank_until(usize::from(blank).min(row.cells.len()));
    u16::try_from(row.next).unwrap_or(u16::MAX)
}

/// Writes the cells of one row of a rectangle.
struct Row<'a> {
    cells: &'a mut [Cell],
    next: usize,
    style: Style,
    flip: bool,
}

impl<'a> Row<'a> {
    fn new(grid: &'a mut Grid, rect: Rect, y: u16, style: Style, flip: bool) -> Row<'a> {
        let row = grid.row_mut(rect.y + y);
        let end = usize::from(rect.right()).min(row.len());
        let start = usize::from(rect.x).min(end);
        Row { cells: &mut row[start..end], next: 0, style, flip }
    }

    /// The style of a program's cell on this client: the pane's own colours for the defaults.
    #[inline]
    fn looks(&self, mut style: Style) -> Style {
        if style.fg == Color::Default {
            style.fg = self.style.fg;
        }
        if style.bg == Color::Default {
            style.bg = self.style.bg;
        }
        if self.flip {
            style.attrs = Attrs(style.attrs.0 ^ Attrs::REVERSE.0);
        }
        style
    }

    #[inline]
    fn put(&mut self, tables: &mut Tables, x: u16, cell: &CellView<'_>) {
        let x = usize::from(x);
        if x >= self.cells.len() || x < self.next || cell.width == 0 {
            return;
        }
        let style = self.looks(cell.style);
        // A right half without its left one is at the left edge of what is shown.
        self.blank_until(x);
        let link = cell.link.map_or(0, |uri| tables.link(uri));
        if cell.width == 2 && x + 1 >= self.cells.len() {
            self.cells[x] = Cell::new(Glyph::SPACE, style);
            self.next = x + 1;
            return;
        }
        let mut glyph = tables.glyph(cell.text);
        // A cluster that became wide in the last column has one cell; drawn, it would run over the border.
        if cell.width == 1 && glyph.as_char().is_none() && super::cells::width(cell.text) > 1 {
            glyph = Glyph::SPACE;
        }
        let mut new = Cell::BLANK;
        (new.glyph, new.link, new.width) = (glyph, link, cell.width);
        new.set_style(style);
        if cell.width == 2 {
            self.cells[x + 1] = new.right_half();
        } else {
            new.canonical();
        }
        self.cells[x] = new;
        self.next = x + usize::from(cell.width);
    }

    fn blank_until(&mut self, x: usize) {
        if self.next < x {
            let blank = Cell::new(Glyph::SPACE, self.looks(Style::default()));
            self.cells[self.next..x].fill(blank);
        }
    }

    fn finish(mut self) {
        self.blank_until(self.cells.len());
    }
}

/// All of a pane.
pub fn pane(grid: &mut Grid, tables: &mut Tables, pane: &PaneView<'_>) {
    match &pane.content {
        Content::Screen(screen) => {
            for y in 0..pane.rect.h {
                screen_row(grid, tables, pane, screen, y, pane.rect.w);
            }
        }
        Content::Copy(copy) => copy_mode(grid, tables, pane, copy),
        Content::List(list) => list_mode(grid, tables, pane, list),
        Content::Clock { text, style } => {
            blank(grid, pane.rect, pane.style);
            let number = super::scene::Number {
                rect: pane.rect,
                text: text.clone(),
                corner: String::new(),
                style: *style,
                marked: true,
            };
            big::draw(grid, tables, &number);
        }
    }
    if let Some((text, style)) = &pane.banner {
        let y = pane.rect.bottom().saturating_sub(1);
        bar(grid, tables, pane.rect.x, y, pane.rect.w, text, *style);
    }
}

fn blank(grid: &mut Grid, rect: Rect, style: Style) {
    let cell = Cell::new(Glyph::SPACE, style);
    for y in rect.y..rect.bottom() {
        grid.fill(rect.x, y, rect.w, cell);
    }
}

fn copy_mode(grid: &mut Grid, tables: &mut Tables, pane: &PaneView<'_>, copy: &CopyView<'_>) {
    for y in 0..pane.rect.h {
        let number = copy.top + usize::from(y + pane.from.1);
        let line = copy.screen.line(number);
        let mut row = Row::new(grid, pane.rect, y, pane.style, false);
        for (x, cell) in (0_u16..).zip(&line.cells) {
            let style = (copy.marks)(number, x).unwrap_or(cell.style);
            let view = CellView { text: &cell.text, width: cell.width, style, link: cell.link.as_deref() };
            if let Some(x) = x.checked_sub(pane.from.0) {
                row.put(tables, x, &view);
            }
        }
        row.finish();
        // A selection shows on what was never written, too.
        let written = u16::try_from(line.cells.len()).unwrap_or(u16::MAX);
        for x in written.max(pane.from.0)..pane.from.0.saturating_add(pane.rect.w) {
            if let Some(style) = (copy.marks)(number, x) {
                grid.put(pane.rect.x + x - pane.from.0, pane.rect.y + y, Cell::new(Glyph::SPACE, style));
            }
        }
    }
    if let Some((text, style)) = &copy.position {
        let cells = line::plain(text, *style, tables);
        let width = u16::try_from(cells.len()).unwrap_or(u16::MAX);
        if width < pane.rect.w {
            for (x, cell) in (pane.rect.right() - width..).zip(cells) {
                grid.put(x, pane.rect.y, cell);
            }
        }
    }
}

fn list_mode(grid: &mut Grid, tables: &mut Tables, pane: &PaneView<'_>, list: &ListView) {
    blank(grid, pane.rect, pane.style);
    for (at, text) in list.rows.iter().enumerate().take(usize::from(pane.rect.h)) {
        let y = pane.rect.y + u16::try_from(at).unwrap_or(0);
        let style = if list.chosen == Some(at) { list.chosen_style } else { pane.style };
        bar(grid, tables, pane.rect.x, y, pane.rect.w, text, style);
    }
    if let Some(note) = list.note.as_ref().filter(|_| list.rows.len() < usize::from(pane.rect.h)) {
        bar(grid, tables, pane.rect.x, pane.rect.bottom() - 1, pane.rect.w, note, pane.style);
    }
    let (first, length) = list.position;
    if length > list.rows.len() && pane.rect.w > 1 {
        let at = (pane.rect.right() - 1, pane.rect.y, pane.rect.h);
        scrollbar(grid, tables, at, (first, length), (pane.style, ["║", "█"]));
    }
}

/// A bar of so many rows at a place, which shows where in a longer list its first row is.
pub fn scrollbar(
    grid: &mut Grid,
    tables: &mut Tables,
    (x, y, rows): (u16, u16, u16),
    (first, length): (usize, usize),
    (style, [track, thumb]): (Style, [&str; 2]),
) {
    use ratatui::buffer::Buffer;
    use ratatui::widgets::{Scrollbar, ScrollbarOrientation, ScrollbarState, StatefulWidget as _};
    let area = ratatui::layout::Rect::new(0, 0, 1, rows);
    let mut buffer = Buffer::empty(area);
    let shown = usize::from(rows);
    let mut state =
        ScrollbarState::new(length.saturating_sub(shown)).position(first).viewport_content_length(shown);
    Scrollbar::new(ScrollbarOrientation::VerticalRight)
        .begin_symbol(None)
        .end_symbol(None)
        .track_symbol(Some(track))
        .thumb_symbol(thumb)
        .render(area, &mut buffer, &mut state);
    widget(grid, tables, &buffer, (x, y), style);
}

/// Puts what ratatui widgets drew at a place; their default colours are those of `base`.
pub fn widget(
    grid: &mut Grid,
    tables: &mut Tables,
    buffer: &ratatui::buffer::Buffer,
    at: (u16, u16),
    base: Style,
) {
    let area = buffer.area;
    for y in 0..area.height {
        for x in 0..area.width {
            let from = &buffer[(area.x + x, area.y + y)];
            let text = from.symbol();
            let columns = super::cells::width(text);
            if columns == 0 {
                continue;
            }
            let mut cell = Cell::new(tables.glyph(text), widget_style(from, base));
            cell.width = u8::try_from(columns.min(2)).unwrap_or(1);
            grid.put(at.0 + x, at.1 + y, cell);
        }
    }
}

fn widget_style(cell: &ratatui::buffer::Cell, base: Style) -> Style {
    use ratatui::style::Modifier;
    const MODIFIERS: [(Modifier, Attrs); 8] = [
        (Modifier::BOLD, Attrs::BOLD),
        (Modifier::DIM, Attrs::DIM),
        (Modifier::ITALIC, Attrs::ITALIC),
        (Modifier::UNDERLINED, Attrs::UNDERLINE),
        (Modifier::SLOW_BLINK, Attrs::BLINK),
        (Modifier::REVERSED, Attrs::REVERSE),
        (Modifier::HIDDEN, Attrs::HIDDEN),
        (Modifier::CROSSED_OUT, Attrs::STRIKE),
    ];
    let mut attrs = base.attrs;
    for (modifier, attr) in MODIFIERS {
        if cell.modifier.contains(modifier) {
            attrs.insert(attr);
        }
    }
    Style { fg: widget_colour(cell.fg, base.fg), bg: widget_colour(cell.bg, base.bg), attrs, ..base }
}

fn widget_colour(colour: ratatui::style::Color, base: Color) -> Color {
    use ratatui::style::Color as Theirs;
    match colour {
        Theirs::Reset => base,
        Theirs::Black => Color::Indexed(0),
        Theirs::Red => Color::Indexed(1),
        Theirs::Green => Color::Indexed(2),
        Theirs::Yellow => Color::Indexed(3),
        Theirs::Blue => Color::Indexed(4),
        Theirs::Magenta => Color::Indexed(5),
        Theirs::Cyan => Color::Indexed(6),
        Theirs::Gray => Color::Indexed(7),
        Theirs::DarkGray => Color::Indexed(8),
        Theirs::LightRed => Color::Indexed(9),
        Theirs::LightGreen => Color::Indexed(10),
        Theirs::LightYellow => Color::Indexed(11),
        Theirs::LightBlue => Color::Indexed(12),
        Theirs::LightMagenta => Color::Indexed(13),
        Theirs::LightCyan => Color::Indexed(14),
        Theirs::White => Color::Indexed(15),
        Theirs::Rgb(r, g, b) => Color::Rgb(r, g, b),
        Theirs::Indexed(n) => Color::Indexed(n),
    }
}

/// A line of text with `#[style]` over `width` columns; its ranges, from `x` on.
pub fn bar(
    grid: &mut Grid,
    tables: &mut Tables,
    x: u16,
    y: u16,
    width: u16,
    text: &str,
    style: Style,
) -> Vec<line::Range> {
    let (cells, ranges) = line::layout(text, width, style, tables);
    for (x, cell) in (x..).zip(cells) {
        if cell.width > 0 {
            grid.put(x, y, cell);
        }
    }
    ranges
}
