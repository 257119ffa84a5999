//! The screen and its scrollback as text (`capture-pane`).

use super::cell::{Cell, Tables};
use super::dcs::attrs_text;
use super::pack;
use super::row::Row;
use super::screen::Screen;
use super::style::{Color, Style};

/// How to capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureOptions {
    /// Write colours and attributes as escape sequences (`-e`).
    pub escapes: bool,
    /// Join wrapped lines, keeping the blanks at their ends (`-J`).
    pub join: bool,
    /// Keep blanks at the ends of lines (`-N`).
    pub keep_trailing: bool,
    /// Say before each line what is special about it (`-F`).
    pub flags: bool,
    /// Capture the screen that is not shown (`-a`); it has no scrollback.
    pub alternate: bool,
}

impl Screen {
    /// Lines `from..=to` as text, a newline after each; 0 is the first visible line, negative
    /// numbers are scrollback, out of range is clamped.
    pub fn capture(&self, from: i64, to: i64, options: CaptureOptions) -> String {
        let history = if options.alternate { 0 } else { self.history.len() as i64 };
        let last = self.st.rows as i64 - 1;
        let from = from.clamp(-history, last);
        let to = to.clamp(from, last);
        let mut out = String::new();
        let mut last = Style::default();
        for y in from..=to {
            let mut tables = Tables::default();
            let rows = if options.alternate { &self.hidden } else { &self.rows };
            let empty = Row::default();
            if y < 0 {
                let packed = self.history.line((history + y) as usize).unwrap_or(&[]);
                let row = pack::unpack(packed, &mut tables);
                self.capture_row(&row, &tables, options, &mut last, &mut out);
            } else {
                let row = rows.get(y as usize).unwrap_or(&empty);
                self.capture_row(row, &self.tables, options, &mut last, &mut out);
            }
        }
        out
    }

    /// Writes a row. The style it ends with holds for the next one, as in tmux.
    fn capture_row(
        &self,
        row: &Row,
        tables: &Tables,
        options: CaptureOptions,
        last: &mut Style,
        out: &mut String,
    ) {
        if options.flags {
            write_flags(out, row, tables);
        }
        let keep = options.join || options.keep_trailing;
        let (begin, used) = (out.len(), if keep { row.used() } else { seen(row, tables) });
        let end = if options.join { used } else { allotted(used, self.st.cols) };
        let mut link = None;
        for x in 0..end {
            let cell = row.cells.get(x).unwrap_or(&Cell::BLANK);
            if options.escapes {
                let style = tables.style(*cell);
                if style != *last {
                    write_style(out, *last, style);
                    *last = style;
                }
                let target = tables.link(cell.extra);
                if target != link {
                    write_link(out, target);
                    link = target;
                }
            }
            out.push_str(tables.text(*cell));
        }
        if link.is_some() {
            write_link(out, None);
        }
        if !keep {
            let kept = out[begin..].trim_end_matches(' ').len();
            out.truncate(begin + kept);
        }
        if !(options.join && row.wrapped) {
            out.push('\n');
        }
    }
}

/// Whether a row goes on in the next one, has links, or has cells that need more than a byte and a palette's colour.
fn write_flags(out: &mut String, row: &Row, tables: &Tables) {
    let begin = out.len();
    if row.wrapped {
        out.push('W');
    }
    let linked = |cell: &Cell| tables.link(cell.extra).is_some();
    if row.cells.iter().any(linked) {
        out.push('H');
    }
    let rgb = |color: Color| matches!(color, Color::Rgb(..));
    let large = |cell: &Cell| {
        let style = tables.style(*cell);
        let text = tables.text(*cell);
        !text.is_ascii()
            || linked(cell)
            || rgb(style.fg)
            || rgb(style.bg)
            || style.underline != Color::Default
    };
    if row.cells.iter().any(large) {
        out.push('X');
    }
    if out.len() == begin {
        out.push('-');
    }
    out.push(' ');
}

/// How many cells up to the last that is no plain blank.
fn seen(row: &Row, tables: &Tables) -> usize {
    let is_seen = |cell: &Cell| {
        tables.text(*cell) != " "
            || tables.style(*cell) != Style::default()
            || tables.link(cell.extra).is_some()
    };
    row.cells.iter().rposition(is_seen).map_or(0, |i| i + 1)
}

/// How many cells tmux holds for a row of which so many are used: a quarter of the width, half or all of it. What
/// follows the text says where its style ends.
fn allotted(used: usize, cols: usize) -> usize {
    match used {
        0 => 0,
        _ if used < cols / 4 => cols / 4,
        _ if used < cols / 2 => cols / 2,
        _ => cols.max(used),
    }
}

fn write_link(out: &mut String, link: Option<&super::cell::Link>) {
    let (id, uri) = link.map_or(("", ""), |l| (&*l.id, &*l.uri));
    out.push_str("\x1b]8;");
    if !id.is_empty() {
        out.push_str("id=");
        out.push_str(id);
    }
    out.push(';');
    out.push_str(uri);
    out.push_str("\x1b\\");
}

/// Writes what leads from one style to another: one sequence for the attributes and one for each colour.
fn write_style(out: &mut String, from: Style, to: Style) {
    let mut from = from;
    let mut sequence = |parameters: &str| {
        if !parameters.is_empty() {
            out.push_str("\x1b[");
            out.push_str(parameters.trim_start_matches(';'));
            out.push('m');
        }
    };
    let mut attrs = String::new();
    if !to.attrs.contains(from.attrs) || (from.underline != to.underline && to.underline == Color::Default) {
        attrs.push_str(";0");
        from = Style::default();
    }
    attrs_text(&mut attrs, to.attrs.without(from.attrs));
    sequence(&attrs);
    for (old, new, base) in [(from.fg, to.fg, 30), (from.bg, to.bg, 40), (from.underline, to.underline, 50)] {
        if old != new {
            sequence(&colour(new, base));
        }
    }
}

/// A colour's parameters, in the older form with semicolons.
fn colour(color: Color, base: u16) -> String {
    match color {
        Color::Default => (base + 9).to_string(),
        Color::Indexed(n @ 0..=7) if base < 50 => (base + u16::from(n)).to_string(),
        Color::Indexed(n @ 8..=15) if base < 50 => (base + 52 + u16::from(n)).to_string(),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}
