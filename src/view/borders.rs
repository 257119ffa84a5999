//! The lines between panes: which cell joins which neighbours, in which characters and colours.

use super::cells::{Cell, Grid, Tables, clusters};
use super::line;
use super::scene::{Borders, Label, Lines, PaneView};
use crate::ids::Size;
use crate::mux::layout::Rect;
use crate::vt::{Attrs, Style};

const UP: usize = 1;
const DOWN: usize = 2;
const LEFT: usize = 4;
const RIGHT: usize = 8;

/// Characters by the sum of the neighbours they join.
fn character(lines: Lines, joins: usize) -> char {
    const SINGLE: [char; 16] =
        ['─', '│', '│', '│', '─', '┘', '┐', '┤', '─', '└', '┌', '├', '─', '┴', '┬', '┼'];
    const DOUBLE: [char; 16] =
        ['═', '║', '║', '║', '═', '╝', '╗', '╣', '═', '╚', '╔', '╠', '═', '╩', '╦', '╬'];
    const HEAVY: [char; 16] =
        ['━', '┃', '┃', '┃', '━', '┛', '┓', '┫', '━', '┗', '┏', '┣', '━', '┻', '┳', '╋'];
    const SIMPLE: [char; 16] =
        ['-', '|', '|', '|', '-', '+', '+', '+', '-', '+', '+', '+', '-', '+', '+', '+'];
    match lines {
        Lines::Single => SINGLE[joins],
        Lines::Double => DOUBLE[joins],
        Lines::Heavy => HEAVY[joins],
        Lines::Simple => SIMPLE[joins],
        // A pane's number stands there, see `number`.
        Lines::Spaces | Lines::Number => ' ',
    }
}

/// The cells of the client's terminal that belong to no pane.
struct Free {
    size: Size,
    area: Rect,
    taken: Vec<bool>,
}

impl Free {
    fn new(size: Size, area: Rect, panes: &[PaneView<'_>]) -> Free {
        let mut taken = vec![false; usize::from(size.cols) * usize::from(size.rows)];
        for pane in panes {
            for y in pane.rect.y..pane.rect.bottom().min(size.rows) {
                let row = usize::from(y) * usize::from(size.cols);
                let from = usize::from(pane.rect.x.min(size.cols));
                let to = usize::from(pane.rect.right().min(size.cols));
                taken[row + from..row + to].fill(true);
            }
        }
        Free { size, area, taken }
    }

    /// Whether the cell is a border.
    fn is(&self, x: Option<u16>, y: Option<u16>) -> bool {
        let (Some(x), Some(y)) = (x, y) else { return false };
        self.area.contains(x, y)
            && x < self.size.cols
            && y < self.size.rows
            && !self.taken[usize::from(y) * usize::from(self.size.cols) + usize::from(x)]
    }

    fn joins(&self, x: u16, y: u16) -> usize {
        let mut joins = 0;
        for (bit, nx, ny) in [
            (UP, Some(x), y.checked_sub(1)),
            (DOWN, Some(x), y.checked_add(1)),
            (LEFT, x.checked_sub(1), Some(y)),
            (RIGHT, x.checked_add(1), Some(y)),
        ] {
            if self.is(nx, ny) {
                joins |= bit;
            }
        }
        joins
    }
}

/// Draws everything in the area that belongs to no pane, the labels, and what of `place` is outside the area.
pub fn draw(grid: &mut Grid, tables: &mut Tables, borders: &Borders, panes: &[PaneView<'_>], place: Rect) {
    let size = grid.size();
    let area = borders.area;
    // Where the terminal is larger than the window, the window has a border there, too.
    let edge = Rect {
        w: area.w + u16::from(place.right() > area.right()),
        h: area.h + u16::from(place.bottom() > area.bottom()),
        ..area
    };
    let free = Free::new(size, edge, panes);
    for y in place.y..place.bottom().min(size.rows) {
        for x in place.x..place.right().min(size.cols) {
            if !edge.contains(x, y) {
                grid.put(x, y, Cell::new(borders.fill.unwrap_or('·').into(), borders.outside));
            } else if free.is(Some(x), Some(y)) {
                let inside = area.contains(x, y);
                let c = arrow(borders, x, y)
                    .filter(|_| inside)
                    .or_else(|| number(borders, panes, x, y))
                    .unwrap_or_else(|| character(borders.lines, free.joins(x, y)));
                let style = if inside { style_at(borders, panes, x, y) } else { borders.outside };
                grid.put(x, y, Cell::new(c.into(), style));
            }
        }
    }
    for label in &borders.labels {
        draw_label(grid, tables, label);
    }
}

/// Whether a border cell lies beside a pane, or at its corner.
fn beside(pane: Rect, x: u16, y: u16) -> bool {
    let near = |at: u16, from: u16, to: u16| at + 1 >= from && at <= to;
    near(x, pane.x, pane.right()) && near(y, pane.y, pane.bottom())
}

/// The style of a border cell: the active pane's beside it, reversed beside the marked one, whose text stays as it is.
fn style_at(borders: &Borders, panes: &[PaneView<'_>], x: u16, y: u16) -> Style {
    let active = borders.active.is_some_and(|active| touches(borders, active, panes, x, y));
    let mut style = if active { borders.active_style } else { borders.style };
    let text = |l: &Label| !l.vertical && l.y == y && x >= l.x && x < l.x + l.room + 2;
    if borders.marked.is_some_and(|marked| beside(marked, x, y)) && !borders.labels.iter().any(text) {
        style.attrs.insert(Attrs::REVERSE);
    }
    style
}

/// Whether a border cell is coloured for the active pane: it lies beside it. Of exactly two panes both
/// touch the whole border; then the half towards the active one's side is coloured, as in tmux.
fn touches(borders: &Borders, active: Rect, panes: &[PaneView<'_>], x: u16, y: u16) -> bool {
    if !beside(active, x, y) {
        return false;
    }
    let [a, b] = panes else { return true };
    if !borders.halves {
        return true;
    }
    let other = if a.rect == active { b.rect } else { a.rect };
    let first = |at: u16, from: u16, length: u16| at <= from + length / 2;
    if x == active.right() && other.x > x {
        // Active at the left: the upper half.
        first(y, active.y, active.h)
    } else if x + 1 == active.x && other.right() <= x {
        !first(y, active.y, active.h)
    } else if y == active.bottom() && other.y > y {
        first(x, active.x, active.w)
    } else if y + 1 == active.y && other.bottom() <= y {
        !first(x, active.x, active.w)
    } else {
        true
    }
}

/// The arrows of `pane-border-indicators`: one near the beginning of each side, pointing at the active pane.
fn arrow(borders: &Borders, x: u16, y: u16) -> Option<char> {
    let active = borders.active.filter(|_| borders.arrows)?;
    match (x, y) {
        (x, y) if y == active.y + 1 && x == active.right() => Some('←'),
        (x, y) if y == active.y + 1 && x + 1 == active.x => Some('→'),
        (x, y) if x == active.x + 1 && y == active.bottom() => Some('↑'),
        (x, y) if x == active.x + 1 && y + 1 == active.y => Some('↓'),
        _ => None,
    }
}

/// With `pane-border-lines number` a border cell shows the index of the oldest pane it lies beside.
fn number(borders: &Borders, panes: &[PaneView<'_>], x: u16, y: u16) -> Option<char> {
    if borders.lines != Lines::Number {
        return None;
    }
    let owner = panes.iter().filter(|pane| beside(pane.rect, x, y)).min_by_key(|pane| pane.id)?;
    let index = borders.order.iter().position(|id| *id == owner.id)? + borders.first_index;
    char::from_digit((index % 10) as u32, 10)
}

fn draw_label(grid: &mut Grid, tables: &mut Tables, label: &Label) {
    if label.vertical {
        // A vertical line has room for one column: wide characters are left out.
        let text = crate::format::style::plain(&label.text);
        let letters = clusters(&text).filter(|(_, columns)| *columns == 1);
        for (y, (letter, _)) in (label.y..label.y.saturating_add(label.room)).zip(letters) {
            let cell = Cell::new(tables.glyph(letter), label.style);
            grid.put(label.x, y, cell);
        }
        return;
    }
    let cells = line::plain(&label.text, label.style, tables);
    for (x, cell) in (label.x..label.x.saturating_add(label.room)).zip(cells) {
        if cell.width > 0 && (cell.width == 1 || x + 1 < label.x.saturating_add(label.room)) {
            grid.put(x, label.y, cell);
        }
    }
}

/// Where the name of a pane's host goes: on the line above it, or below, or beside it downwards; nowhere
/// when the pane has no border.
pub fn host_label(pane: Rect, area: Rect, text: &str, style: Style) -> Option<Label> {
    let width = super::cells::width(text);
    let (right, bottom) = (area.right(), area.bottom());
    let horizontal = |y: u16| {
        let room = pane.w.saturating_sub(2);
        let x = pane.right().saturating_sub(width.min(room) + 1).max(pane.x);
        Label { x, y, room, vertical: false, text: text.to_owned(), style }
    };
    let vertical = |x: u16| Label {
        x,
        y: pane.y + 1,
        room: pane.h.saturating_sub(2),
        vertical: true,
        text: text.to_owned(),
        style,
    };
    if pane.y > area.y {
        Some(horizontal(pane.y - 1))
    } else if pane.bottom() < bottom {
        Some(horizontal(pane.bottom()))
    } else if pane.x > area.x {
        Some(vertical(pane.x - 1))
    } else if pane.right() < right {
        Some(vertical(pane.right()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PaneId;
    use crate::view::scene::Content;
    use crate::vt::{Color, Screen};

    fn rect(x: u16, y: u16, w: u16, h: u16) -> Rect {
        Rect { x, y, w, h }
    }

    fn drawn(rects: &[Rect], borders: Borders, size: Size) -> (Vec<String>, Grid) {
        let screen = Screen::new(size, 0);
        let panes: Vec<PaneView<'_>> = rects
            .iter()
            .zip(1..)
            .map(|(rect, id)| PaneView {
                id: PaneId(id),
                rect: *rect,
                from: (0, 0),
                content: Content::Screen(&screen),
                style: Style::default(),
                banner: None,
            })
            .collect();
        let mut grid = Grid::new(size);
        draw(
            &mut grid,
            &mut Tables::default(),
            &borders,
            &panes,
            Rect { x: 0, y: 0, w: size.cols, h: size.rows },
        );
        let text = (0..size.rows)
            .map(|y| grid.row(y).iter().filter_map(|cell| cell.glyph.as_char()).collect())
            .collect();
        (text, grid)
    }

    fn borders(area: Rect) -> Borders {
        let red = Style { fg: Color::Indexed(1), ..Style::default() };
        Borders { area, active_style: red, halves: true, ..Borders::default() }
    }

    #[test]
    fn lines_join() {
        let panes = [rect(0, 0, 3, 5), rect(4, 0, 2, 2), rect(7, 0, 2, 2), rect(4, 3, 5, 2)];
        let (text, _) = drawn(&panes, borders(rect(0, 0, 9, 5)), Size::new(9, 5));
        assert_eq!(text, ["   │  │  ", "   │  │  ", "   ├──┴──", "   │     ", "   │     "]);
        let lines = Borders { lines: Lines::Double, ..borders(rect(0, 0, 9, 5)) };
        assert_eq!(drawn(&panes, lines, Size::new(9, 5)).0[2], "   ╠══╩══");
    }

    #[test]
    fn a_smaller_window_has_a_border_and_dots_outside() {
        let (text, _) = drawn(&[rect(0, 0, 3, 1)], borders(rect(0, 0, 3, 1)), Size::new(5, 2));
        assert_eq!(text, ["   │·", "───┘·"]);
    }

    #[test]
    fn of_two_panes_half_the_border_says_which_is_active() {
        let panes = [rect(0, 0, 2, 4), rect(3, 0, 2, 4)];
        let coloured = |active: Rect| {
            let borders = Borders { active: Some(active), ..borders(rect(0, 0, 5, 4)) };
            let (_, grid) = drawn(&panes, borders, Size::new(5, 4));
            (0..4).map(|y| grid.row(y)[2].style().fg != Color::Default).collect::<Vec<_>>()
        };
        assert_eq!(coloured(panes[0]), [true, true, true, false]);
        assert_eq!(coloured(panes[1]), [false, false, false, true]);
    }

    #[test]
    fn with_more_panes_the_whole_side_is_coloured() {
        let panes = [rect(0, 0, 2, 4), rect(3, 0, 2, 4), rect(6, 0, 2, 4)];
        let borders = Borders { active: Some(panes[0]), ..borders(rect(0, 0, 8, 4)) };
        let (_, grid) = drawn(&panes, borders, Size::new(8, 4));
        assert!((0..4).all(|y| grid.row(y)[2].style().fg == Color::Indexed(1)));
        assert!((0..4).all(|y| grid.row(y)[5].style().fg == Color::Default));
    }

    #[test]
    fn arrows_numbers_and_the_mark() {
        let panes = [rect(0, 0, 2, 4), rect(3, 0, 4, 2), rect(3, 3, 4, 1)];
        let base = || borders(rect(0, 0, 7, 4));
        let arrows = Borders { active: Some(panes[1]), arrows: true, ..base() };
        let (text, _) = drawn(&panes, arrows, Size::new(7, 4));
        assert_eq!(text, ["  │    ", "  →    ", "  ├─↑──", "  │    "]);
        // The oldest pane beside a cell counts, whatever its place in the window.
        let order = vec![PaneId(3), PaneId(1), PaneId(2)];
        let numbers = Borders { lines: Lines::Number, order, ..base() };
        let (text, _) = drawn(&panes, numbers, Size::new(7, 4));
        assert_eq!(text, ["  1    ", "  1    ", "  12222", "  1    "]);
        let marked = Borders { marked: Some(panes[2]), ..base() };
        let (_, grid) = drawn(&panes, marked, Size::new(7, 4));
        let reversed = |x: usize, y: u16| grid.row(y)[x].style().attrs.contains(Attrs::REVERSE);
        assert!(reversed(2, 3) && reversed(2, 2) && reversed(5, 2) && !reversed(2, 1));
    }

    #[test]
    fn a_host_is_named_on_whatever_border_there_is() {
        let area = rect(0, 0, 20, 10);
        let style = Style::default();
        let at = |pane| host_label(pane, area, " hostB ", style).map(|l| (l.x, l.y, l.vertical));
        assert_eq!(at(rect(0, 5, 20, 5)), Some((12, 4, false)), "above");
        assert_eq!(at(rect(0, 0, 20, 4)), Some((12, 4, false)), "below");
        assert_eq!(at(rect(10, 0, 10, 10)), Some((9, 1, true)), "at the left");
        assert_eq!(at(rect(0, 0, 9, 10)), Some((9, 1, true)), "at the right");
        assert_eq!(at(area), None);
        let label = host_label(rect(3, 0, 2, 6), rect(0, 0, 5, 6), "ab", style).unwrap();
        let borders = Borders { labels: vec![label], ..borders(rect(0, 0, 5, 6)) };
        let (text, _) = drawn(&[rect(0, 0, 2, 6), rect(3, 0, 2, 6)], borders, Size::new(5, 6));
        assert_eq!(text.iter().map(|row| row.chars().nth(2).unwrap()).collect::<String>(), "│ab│││");
    }
}
