//! Large digits, five columns by five rows, as `clock-mode` and `display-panes` draw them.

use super::cells::{Cell, Glyph, Grid, Tables};
use super::scene::Number;
use crate::vt::{Color, Style};

/// Columns and rows of one digit.
pub const SIDE: u16 = 5;

/// Rows of a character, each five bits, the leftmost highest.
fn rows(c: char) -> [u8; 5] {
    match c {
        '0' => [0b11111, 0b10001, 0b10001, 0b10001, 0b11111],
        '1' => [0b00001, 0b00001, 0b00001, 0b00001, 0b00001],
        '2' => [0b11111, 0b00001, 0b11111, 0b10000, 0b11111],
        '3' => [0b11111, 0b00001, 0b11111, 0b00001, 0b11111],
        '4' => [0b10001, 0b10001, 0b11111, 0b00001, 0b00001],
        '5' => [0b11111, 0b10000, 0b11111, 0b00001, 0b11111],
        '6' => [0b11111, 0b10000, 0b11111, 0b10001, 0b11111],
        '7' => [0b11111, 0b00001, 0b00001, 0b00001, 0b00001],
        '8' => [0b11111, 0b10001, 0b11111, 0b10001, 0b11111],
        '9' => [0b11111, 0b10001, 0b11111, 0b00001, 0b11111],
        ':' => [0b00000, 0b00100, 0b00000, 0b00100, 0b00000],
        'A' => [0b11111, 0b10001, 0b11111, 0b10001, 0b10001],
        'P' => [0b11111, 0b10001, 0b11111, 0b10000, 0b10000],
        'M' => [0b10001, 0b11011, 0b10101, 0b10001, 0b10001],
        _ => [0; 5],
    }
}

/// Draws the text large in the middle of its place, or as plain text where it has no room.
pub fn draw(grid: &mut Grid, tables: &mut Tables, number: &Number) {
    let place = number.rect;
    let characters = u16::try_from(number.text.chars().count()).unwrap_or(u16::MAX);
    let width = characters.saturating_mul(SIDE + 1).saturating_sub(1);
    let text_style = Style { bg: Color::Default, ..number.style };
    let corner_width = super::cells::width(&number.corner);
    if corner_width < place.w {
        grid.text(tables, place.right() - corner_width, place.y, corner_width, &number.corner, text_style);
    }
    if width > place.w || SIDE > place.h {
        let small = super::cells::width(&number.text).min(place.w);
        let (x, y) = (place.x + (place.w - small) / 2, place.y + place.h / 2);
        grid.text(tables, x, y, small, &number.text, text_style);
        return;
    }
    // A sign that is not seen where colours are, and is what is seen where there are none.
    let sign = if number.marked { '#'.into() } else { Glyph::SPACE };
    let fg = if number.marked { number.style.fg } else { Color::Default };
    let block = Cell::new(sign, Style { fg, bg: number.style.fg, ..Style::default() });
    let top = place.y + (place.h - SIDE) / 2;
    let mut left = place.x + (place.w - width) / 2;
    for c in number.text.chars() {
        for (y, bits) in (top..).zip(rows(c)) {
            for column in (0..SIDE).filter(|column| bits >> (SIDE - 1 - column) & 1 == 1) {
                grid.put(left + column, y, block);
            }
        }
        left += SIDE + 1;
    }
}
