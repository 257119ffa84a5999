//! Boxes over the panes: floating panes, popups, menus.

use super::cells::{Cell, Glyph, Grid, Tables};
use super::compose;
use super::line;
use super::scene::{BoxView, Frame, FrameLines};
use crate::mux::layout::Rect;
use crate::vt::Style;
use ratatui::buffer::Buffer;
use ratatui::symbols::border::{DOUBLE, PLAIN, ROUNDED, Set, THICK};
use ratatui::widgets::{Block, Widget as _};

const SIMPLE: Set<'static> = Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const PADDED: Set<'static> = Set {
    top_left: " ",
    top_right: " ",
    bottom_left: " ",
    bottom_right: " ",
    vertical_left: " ",
    vertical_right: " ",
    horizontal_top: " ",
    horizontal_bottom: " ",
};

/// The characters of a border, and those where a rule meets it.
fn set(lines: FrameLines) -> (Set<'static>, [char; 3]) {
    match lines {
        FrameLines::Single => (PLAIN, ['├', '─', '┤']),
        FrameLines::Rounded => (ROUNDED, ['├', '─', '┤']),
        FrameLines::Double => (DOUBLE, ['╠', '═', '╣']),
        FrameLines::Heavy => (THICK, ['┣', '━', '┫']),
        FrameLines::Simple => (SIMPLE, ['+', '-', '+']),
        FrameLines::Padded => (PADDED, [' ', ' ', ' ']),
    }
}

/// Draws a box with what is in it.
pub fn draw(grid: &mut Grid, tables: &mut Tables, view: &BoxView<'_>) {
    let (rect, frame) = (view.rect, view.frame);
    if rect.w == 0 || rect.h == 0 {
        return;
    }
    let area = ratatui::layout::Rect::new(0, 0, rect.w, rect.h);
    if let Some(lines) = frame.lines {
        let mut buffer = Buffer::empty(area);
        Block::bordered().border_set(set(lines).0).render(area, &mut buffer);
        compose::widget(grid, tables, &buffer, (rect.x, rect.y), frame.border);
        title(grid, tables, rect, frame);
    }
    if let Some(pane) = &view.pane {
        compose::pane(grid, tables, pane);
        return;
    }
    if frame.filled {
        fill(grid, tables, view);
    }
    let inside = if frame.lines.is_some() { rect.inside() } else { rect };
    for (y, row) in (inside.y..inside.bottom()).zip(&frame.rows) {
        match row {
            Some((text, key, style)) => {
                // A blank at each end; the key stands at the right.
                let end = if key.is_empty() { String::new() } else { format!("#[align=right]({key}) ") };
                let text = format!(" {text}{end}");
                compose::bar(grid, tables, inside.x, y, inside.w, &text, *style);
            }
            None => rule(grid, tables, rect, y, frame),
        }
    }
}

/// What a picker has besides a border: rules, texts, the picture of a window.
fn fill(grid: &mut Grid, tables: &mut Tables, view: &BoxView<'_>) {
    let (rect, frame) = (view.rect, view.frame);
    let inside = if frame.lines.is_some() { rect.inside() } else { rect };
    let blank = Cell::new(Glyph::SPACE, frame.style);
    for y in inside.y..inside.bottom() {
        grid.fill(inside.x, y, inside.w, blank);
    }
    if frame.lines.is_some() && rect.w > 8 {
        let room = rect.w - 4;
        let cut = super::cells::width(&frame.footer) > room;
        // Keys that are cut in the middle help nobody: the count alone is kept.
        let short = frame.footer.split(" · ").next().unwrap_or_default();
        let text = if cut { format!("{short} ") } else { frame.footer.clone() };
        let columns = super::cells::width(&text).min(room);
        let x = rect.right() - 2 - columns;
        compose::bar(grid, tables, x, rect.bottom() - 1, columns, &text, frame.border);
    }
    for y in &frame.rules {
        rule(grid, tables, rect, *y, frame);
    }
    if let Some((panes, borders)) = &view.preview {
        super::borders::draw(grid, tables, borders, panes, borders.area);
        for pane in panes {
            compose::pane(grid, tables, pane);
        }
    }
    if let Some((x, y, rows)) = frame.divider {
        let line = match frame.lines.unwrap_or_default() {
            FrameLines::Single | FrameLines::Rounded => '│',
            FrameLines::Double => '║',
            FrameLines::Heavy => '┃',
            FrameLines::Simple => '|',
            FrameLines::Padded => ' ',
        };
        for y in y..y + rows {
            put(grid, tables, (x, y), line, frame.border);
        }
    }
    for line in &frame.texts {
        compose::bar(grid, tables, line.x, line.y, line.room, &line.text, line.style);
    }
    if let Some((x, y, rows, first, all)) = frame.scroll {
        compose::scrollbar(grid, tables, (x, y, rows), (first, all), (frame.border, ["│", "┃"]));
    }
}

fn put(grid: &mut Grid, tables: &mut Tables, (x, y): (u16, u16), c: char, style: Style) {
    let cell = Cell::new(tables.glyph(c.encode_utf8(&mut [0; 4])), style);
    grid.put(x, y, cell);
}

fn title(grid: &mut Grid, tables: &mut Tables, rect: Rect, frame: &Frame) {
    if frame.title.is_empty() || rect.w < 4 {
        return;
    }
    let room = usize::from(rect.w - 2);
    let columns = super::cells::width(&crate::format::style::plain(&frame.title));
    if usize::from(columns) > room || frame.title.contains("align=") {
        compose::bar(grid, tables, rect.x + 1, rect.y, columns.min(rect.w - 2), &frame.title, frame.border);
        return;
    }
    for (x, cell) in (rect.x + 1..).zip(line::plain(&frame.title, frame.border, tables)) {
        grid.put(x, rect.y, cell);
    }
}

fn rule(grid: &mut Grid, tables: &mut Tables, rect: Rect, y: u16, frame: &Frame) {
    let (_, [left, across, right]) = set(frame.lines.unwrap_or_default());
    let (from, to) = (rect.x, rect.right().saturating_sub(1));
    for x in from..=to {
        let c = match x {
            x if x == from && frame.lines.is_some() => left,
            x if x == to && frame.lines.is_some() => right,
            _ => across,
        };
        put(grid, tables, (x, y), c, frame.border);
    }
}
