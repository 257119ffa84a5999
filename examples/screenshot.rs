//! A terminal's bytes as a picture: `screenshot WxH [--light] < bytes > picture.svg`.
//!
//! For looking at what qmux draws: capture what an outer terminal receives (`script`, a test), give the
//! size, view the SVG.

use qmux::ids::Size;
use qmux::vt::{Attrs, Color, Screen, Style};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

/// Pixels of one cell.
const CELL: (u32, u32) = (9, 19);

/// The sixteen, as a modern terminal has them.
const SIXTEEN: [u32; 16] = [
    0x1d1f21, 0xcc6666, 0x8abe6f, 0xd7a65f, 0x5f87d7, 0xb294bb, 0x6fb3b8, 0xc5c8c6, 0x707880, 0xe88080,
    0xa8d58c, 0xf0c674, 0x81a2be, 0xc9a8d8, 0x8abeb7, 0xffffff,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut size = Size::new(80, 24);
    let mut light = false;
    for word in std::env::args().skip(1) {
        match word.split_once('x') {
            Some((cols, rows)) => size = Size::new(cols.parse()?, rows.parse()?),
            None => light = word == "--light",
        }
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let mut screen = Screen::new(size, 0);
    screen.advance(&bytes);
    std::io::stdout().write_all(svg(&screen, light)?.as_bytes())?;
    Ok(())
}

fn rgb(color: Color, default: u32) -> u32 {
    match color {
        Color::Default => default,
        Color::Indexed(n @ 0..16) => SIXTEEN[usize::from(n)],
        Color::Indexed(n @ 16..232) => {
            let n = u32::from(n - 16);
            let level = |step: u32| if step == 0 { 0 } else { 55 + 40 * step };
            level(n / 36) << 16 | level(n / 6 % 6) << 8 | level(n % 6)
        }
        Color::Indexed(n) => {
            let grey = 8 + (u32::from(n) - 232) * 10;
            grey << 16 | grey << 8 | grey
        }
        Color::Rgb(r, g, b) => u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
    }
}

fn colours(style: Style, light: bool) -> (u32, u32) {
    let (default_fg, default_bg) = if light { (0x2c3440, 0xfdfdfd) } else { (0xc8ccd4, 0x15171e) };
    let (fg, bg) = (rgb(style.fg, default_fg), rgb(style.bg, default_bg));
    if style.attrs.contains(Attrs::REVERSE) { (bg, fg) } else { (fg, bg) }
}

fn svg(screen: &Screen, light: bool) -> Result<String, std::fmt::Error> {
    let size = screen.size();
    let (w, h) = (u32::from(size.cols) * CELL.0, u32::from(size.rows) * CELL.1);
    let mut out = String::new();
    writeln!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}">"#)?;
    writeln!(out, r#"<g font-family="DejaVu Sans Mono, monospace" font-size="15" xml:space="preserve">"#)?;
    for y in 0..size.rows {
        for x in 0..size.cols {
            let cell = screen.cell(x, y);
            if cell.width == 0 {
                continue;
            }
            let (fg, bg) = colours(cell.style, light);
            let (left, top) = (u32::from(x) * CELL.0, u32::from(y) * CELL.1);
            let width = CELL.0 * u32::from(cell.width);
            writeln!(
                out,
                r##"<rect x="{left}" y="{top}" width="{width}" height="{}" fill="#{bg:06x}" shape-rendering="crispEdges"/>"##,
                CELL.1
            )?;
            text(&mut out, cell.text, cell.style, fg, (left, top, width))?;
        }
    }
    let cursor = screen.cursor();
    if cursor.visible {
        let (left, top) = (u32::from(cursor.x) * CELL.0, u32::from(cursor.y) * CELL.1);
        writeln!(
            out,
            r##"<rect x="{left}" y="{top}" width="{}" height="{}" fill="#d0d4dc" opacity="0.6"/>"##,
            CELL.0, CELL.1
        )?;
    }
    writeln!(out, "</g></svg>")?;
    Ok(out)
}

fn text(out: &mut String, text: &str, style: Style, fg: u32, at: (u32, u32, u32)) -> std::fmt::Result {
    let (left, top, width) = at;
    let attrs = style.attrs;
    if text != " " {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let weight = if attrs.contains(Attrs::BOLD) { r#" font-weight="bold""# } else { "" };
        let slant = if attrs.contains(Attrs::ITALIC) { r#" font-style="italic""# } else { "" };
        let faint = if attrs.contains(Attrs::DIM) { r#" opacity="0.6""# } else { "" };
        writeln!(
            out,
            r##"<text x="{left}" y="{}" fill="#{fg:06x}"{weight}{slant}{faint}>{escaped}</text>"##,
            top + 15
        )?;
    }
    for (wanted, y) in [(Attrs::ANY_UNDERLINE, 17), (Attrs::STRIKE, 10), (Attrs::OVERLINE, 1)] {
        if attrs.intersects(wanted) {
            writeln!(
                out,
                r##"<rect x="{left}" y="{}" width="{width}" height="1" fill="#{fg:06x}"/>"##,
                top + y
            )?;
        }
    }
    Ok(())
}
