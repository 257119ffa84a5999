//! The screen and its scrollback as text (`capture-pane`).

use super::cell::Tables;
use super::dcs::{attrs_text, color_text};
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
        for y in from..=to {
            let mut tables = Tables::default();
            let rows = if options.alternate { &self.hidden } else { &self.rows };
            let empty = Row::default();
            if y < 0 {
                let packed = self.history.line((history + y) as usize).unwrap_or(&[]);
                let row = pack::unpack(packed, &mut tables);
                self.capture_row(&row, &tables, options, &mut out);
            } else {
                let row = rows.get(y as usize).unwrap_or(&empty);
                self.capture_row(row, &self.tables, options, &mut out);
            }
        }
        out
    }

    fn capture_row(&self, row: &Row, tables: &Tables, options: CaptureOptions, out: &mut String) {
        let keep = options.keep_trailing || options.join;
        let used = if keep {
            row.used()
        } else {
            let text = |c: &super::cell::Cell| !matches!(tables.text(*c), " ");
            row.cells.iter().rposition(text).map_or(0, |i| i + 1)
        };
        let mut last = Style::default();
        let mut link = None;
        for cell in &row.cells[..used] {
            if options.escapes {
                let style = tables.style(*cell);
                if style != last {
                    write_style(out, last, style);
                    last = style;
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
        if last != Style::default() {
            out.push_str("\x1b[0m");
        }
        if !(options.join && row.wrapped) {
            out.push('\n');
        }
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

/// Writes the SGR that leads from one style to another.
fn write_style(out: &mut String, from: Style, to: Style) {
    let mut text = String::new();
    let mut from = from;
    if !to.attrs.contains(from.attrs) {
        text.push_str(";0");
        from = Style::default();
    }
    attrs_text(&mut text, to.attrs.without(from.attrs));
    for (old, new, base) in [(from.fg, to.fg, 30), (from.bg, to.bg, 40), (from.underline, to.underline, 50)] {
        if old == new {
            continue;
        }
        match new {
            Color::Default => text.push_str(&format!(";{}", base + 9)),
            color => color_text(&mut text, color, base),
        }
    }
    out.push_str("\x1b[");
    out.push_str(text.trim_start_matches(';'));
    out.push('m');
}
