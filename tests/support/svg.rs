//! Pictures of terminals as SVG, for the README and for looking at themes.

use super::term::{Picture, PictureCell};
use qmux::vt::{Attrs, Color, Style};
use std::fmt::Write;

const CELL_WIDTH: f64 = 8.4;
const CELL_HEIGHT: f64 = 17.0;
const FONT_SIZE: f64 = 14.0;
const MARGIN: f64 = 10.0;
const CAPTION_HEIGHT: f64 = 28.0;
const FOREGROUND: (u8, u8, u8) = (0xd8, 0xdb, 0xe0);
const BACKGROUND: (u8, u8, u8) = (0x17, 0x19, 0x1f);
const CURSOR: (u8, u8, u8) = (0xe8, 0xc0, 0x60);

/// The sixteen colours a terminal names, as most terminals show them.
const NAMED: [(u8, u8, u8); 16] = [
    (0x1e, 0x20, 0x27),
    (0xe0, 0x6c, 0x75),
    (0x98, 0xc3, 0x79),
    (0xe5, 0xc0, 0x7b),
    (0x61, 0xaf, 0xef),
    (0xc6, 0x78, 0xdd),
    (0x56, 0xb6, 0xc2),
    (0xc8, 0xcc, 0xd4),
    (0x5c, 0x63, 0x70),
    (0xf0, 0x80, 0x88),
    (0xb0, 0xd8, 0x90),
    (0xf0, 0xd0, 0x90),
    (0x80, 0xc4, 0xff),
    (0xd8, 0x90, 0xf0),
    (0x70, 0xd0, 0xd8),
    (0xff, 0xff, 0xff),
];

/// Terminals one below the other, each with a caption over it.
pub fn stack(frames: &[(&str, &Picture)]) -> String {
    let columns =
        frames.iter().flat_map(|(_, picture)| picture.rows.first()).map(Vec::len).max().unwrap_or(0);
    let width = columns as f64 * CELL_WIDTH + 2.0 * MARGIN;
    let mut body = String::new();
    let mut top = MARGIN;
    for (caption, picture) in frames {
        if !caption.is_empty() {
            let _ = writeln!(
                body,
                "<text x='{MARGIN}' y='{:.1}' fill='#7d8590' font-family='sans-serif' font-size='15'>{}</text>",
                top + 16.0,
                escaped(caption)
            );
            top += CAPTION_HEIGHT;
        }
        draw(&mut body, picture, top);
        top += picture.rows.len() as f64 * CELL_HEIGHT + 2.0 * MARGIN;
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:.0} {top:.0}' width='{width:.0}' \
         height='{top:.0}' font-family='DejaVu Sans Mono, Menlo, Consolas, monospace' font-size='{FONT_SIZE}'>\n\
         {body}</svg>\n"
    )
}

fn draw(body: &mut String, picture: &Picture, top: f64) {
    let columns = picture.rows.first().map_or(0, Vec::len);
    let (width, height) = (columns as f64 * CELL_WIDTH, picture.rows.len() as f64 * CELL_HEIGHT);
    let _ = writeln!(
        body,
        "<rect x='{:.1}' y='{:.1}' width='{:.1}' height='{:.1}' rx='6' fill='{}'/>",
        MARGIN - 5.0,
        top - 5.0,
        width + 10.0,
        height + 10.0,
        hex(BACKGROUND)
    );
    for (y, row) in picture.rows.iter().enumerate() {
        let y_top = top + y as f64 * CELL_HEIGHT;
        let mut x = 0;
        while x < row.len() {
            let cursor = picture.cursor == Some((x as u16, y as u16));
            let style = row[x].2;
            let mut end = x + 1;
            let alone = |cell: &PictureCell| cell.1 != 1 || !cell.0.is_ascii();
            if !cursor && !alone(&row[x]) {
                let more = |at: usize| {
                    at < row.len()
                        && row[at].2 == style
                        && !alone(&row[at])
                        && picture.cursor != Some((at as u16, y as u16))
                };
                while more(end) {
                    end += 1;
                }
            } else if row[x].1 == 2 {
                end = x + 2;
            }
            let text: String = row[x..end.min(row.len())].iter().map(|cell| cell.0.as_str()).collect();
            draw_run(body, &text, (end - x) as f64, style, cursor, MARGIN + x as f64 * CELL_WIDTH, y_top);
            x = end;
        }
    }
}

fn draw_run(body: &mut String, text: &str, cells: f64, style: Style, cursor: bool, x: f64, y: f64) {
    let mut foreground = rgb(style.fg, FOREGROUND);
    let mut background = rgb(style.bg, BACKGROUND);
    if style.attrs.contains(Attrs::REVERSE) {
        std::mem::swap(&mut foreground, &mut background);
    }
    if cursor {
        (foreground, background) = (BACKGROUND, CURSOR);
    }
    let width = cells * CELL_WIDTH;
    if background != BACKGROUND {
        let fill = hex(background);
        let _ = writeln!(
            body,
            "<rect x='{x:.1}' y='{y:.1}' width='{width:.1}' height='{CELL_HEIGHT}' fill='{fill}' \
             shape-rendering='crispEdges'/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut extra = String::new();
    if style.attrs.contains(Attrs::BOLD) {
        extra += " font-weight='bold'";
    }
    if style.attrs.contains(Attrs::ITALIC) {
        extra += " font-style='italic'";
    }
    if style.attrs.contains(Attrs::DIM) {
        extra += " opacity='0.6'";
    }
    if style.attrs.contains(Attrs::UNDERLINE) {
        extra += " text-decoration='underline'";
    }
    let _ = writeln!(
        body,
        "<text x='{x:.1}' y='{:.1}' fill='{}' textLength='{width:.1}' lengthAdjust='spacingAndGlyphs' \
         xml:space='preserve'{extra}>{}</text>",
        y + CELL_HEIGHT - 4.0,
        hex(foreground),
        escaped(text)
    );
}

fn rgb(color: Color, default: (u8, u8, u8)) -> (u8, u8, u8) {
    match color {
        Color::Default => default,
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(n @ 0..16) => NAMED[usize::from(n)],
        Color::Indexed(n @ 16..232) => {
            let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
            let n = n - 16;
            (level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        Color::Indexed(n) => {
            let grey = 8 + 10 * (n - 232);
            (grey, grey, grey)
        }
    }
}

fn hex((r, g, b): (u8, u8, u8)) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
