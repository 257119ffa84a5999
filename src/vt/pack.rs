//! Lines packed for the scrollback and for snapshots: UTF-8 plus style runs.
//!
//! Layout of a line: one byte of flags; the length of the text (varint); the text; then, when
//! `STYLED`, style runs to the end of the line. In the text a byte below 0x20 is a mark: the text
//! of a cell never holds one.

use super::cell::{Cell, Extra, Link, MAX_CLUSTER, Tables};
use super::row::Row;
use super::style::Attrs;

/// The text goes on in the next line.
const WRAPPED: u8 = 1;
/// Style runs follow the text.
const STYLED: u8 = 2;
/// One byte per cell, no marks.
const ASCII: u8 = 4;

/// Mark: a cell never written.
const MARK_EMPTY: u8 = 0;
/// Mark: the next code point is wide.
const MARK_WIDE: u8 = 1;
/// Mark: a cluster in one column; its length in bytes follows.
const MARK_CLUSTER: u8 = 2;
/// Mark: a cluster in two columns; its length in bytes follows.
const MARK_WIDE_CLUSTER: u8 = 3;
/// Mark: many cells never written; their number (varint) follows.
const MARK_EMPTY_RUN: u8 = 4;

/// Most columns unpacked from one line: longer is not ours.
const MAX_COLUMNS: usize = 1 << 20;

const HAS_FG: u8 = 1;
const HAS_BG: u8 = 2;
const HAS_ATTRS: u8 = 4;
const HAS_UNDERLINE: u8 = 8;
const HAS_LINK: u8 = 16;
/// The link of the run before.
const SAME_LINK: u8 = 32;

fn put_varint(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Reads what the functions above wrote; every read past the end gives zero or nothing, so that a
/// damaged line is short, not fatal.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((b, rest)) => {
                self.0 = rest;
                *b
            }
            None => 0,
        }
    }
    fn varint(&mut self) -> usize {
        let mut n = 0usize;
        for shift in (0..28).step_by(7) {
            let b = self.byte();
            n |= usize::from(b & 0x7f) << shift;
            if b < 0x80 {
                break;
            }
        }
        n
    }
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        head
    }
    fn str(&mut self) -> &'a str {
        let n = self.varint();
        std::str::from_utf8(self.take(n)).unwrap_or("")
    }
    fn color(&mut self) -> u32 {
        let tag = self.byte();
        match tag {
            1 => 1 << 24 | u32::from(self.byte()),
            2 => {
                let c = self.take(3);
                c.iter().fold(2, |n, b| n << 8 | u32::from(*b))
            }
            // A palette entry below 200 is its own tag: most colours take one byte.
            n => 1 << 24 | u32::from(n.saturating_sub(3)),
        }
    }
}

fn put_color(out: &mut Vec<u8>, color: u32) {
    match color >> 24 {
        1 if (color as u8) < 200 => out.push(color as u8 + 3),
        1 => out.extend([1, color as u8]),
        _ => out.extend([2, (color >> 16) as u8, (color >> 8) as u8, color as u8]),
    }
}

/// Appends row `row` to `out`.
pub(super) fn pack(row: &Row, tables: &Tables, out: &mut Vec<u8>) {
    let wrapped = if row.wrapped { WRAPPED } else { 0 };
    if row.simple {
        let used = row.used();
        let cells = &row.cells[..used];
        out.push(wrapped | ASCII);
        put_varint(out, used);
        out.extend(cells.iter().map(|c| c.ch as u8));
        return;
    }
    pack_styled(&row.cells[..row.used()], wrapped, tables, out);
}

fn pack_styled(cells: &[Cell], wrapped: u8, tables: &Tables, out: &mut Vec<u8>) {
    let flags_at = out.len();
    out.push(0);
    let text_at = out.len();
    let mut flags = wrapped;
    let ascii = cells.iter().all(|c| c.ch < 0x80);
    if ascii {
        flags |= ASCII;
        put_varint(out, cells.len());
        out.extend(cells.iter().map(|c| c.ch as u8));
    } else {
        // The length goes before the text and is known only after: two bytes nearly always do.
        out.extend([0, 0]);
        pack_text(cells, tables, out);
        let len = out.len() - text_at - 2;
        if len < 1 << 14 {
            out[text_at] = len as u8 | 0x80;
            out[text_at + 1] = (len >> 7) as u8;
        } else {
            let mut head = Vec::with_capacity(4);
            put_varint(&mut head, len);
            out.splice(text_at..text_at + 2, head);
        }
    }
    if cells.iter().any(|c| !c.has_default_style()) {
        flags |= STYLED;
        pack_runs(cells, tables, out);
    }
    out[flags_at] = flags;
}

fn pack_text(cells: &[Cell], tables: &Tables, out: &mut Vec<u8>) {
    let mut empty = 0usize;
    for cell in cells {
        if cell.is_empty() {
            empty += 1;
            continue;
        }
        if empty > 0 {
            put_empty(&mut empty, out);
        }
        if cell.is_right_half() {
            continue;
        }
        if cell.is_cluster() {
            let text = tables.cluster_text(cell.payload());
            out.push(if cell.is_wide() { MARK_WIDE_CLUSTER } else { MARK_CLUSTER });
            put_varint(out, text.len());
            out.extend_from_slice(text.as_bytes());
        } else {
            if cell.is_wide() {
                out.push(MARK_WIDE);
            }
            put_char(out, cell.payload());
        }
    }
    put_empty(&mut empty, out);
}

/// Appends a code point as UTF-8. Arrays of known length: a copy of unknown length is a call.
#[inline]
fn put_char(out: &mut Vec<u8>, c: u32) {
    let tail = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
    match c {
        0..=0x7f => out.push(c as u8),
        0x80..=0x7ff => out.extend_from_slice(&[0xc0 | (c >> 6) as u8, tail(0)]),
        0x800..=0xffff => out.extend_from_slice(&[0xe0 | (c >> 12) as u8, tail(6), tail(0)]),
        _ => out.extend_from_slice(&[0xf0 | (c >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

fn put_empty(empty: &mut usize, out: &mut Vec<u8>) {
    match std::mem::take(empty) {
        0 => {}
        n @ 1..=2 => out.extend(std::iter::repeat_n(MARK_EMPTY, n)),
        n => {
            out.push(MARK_EMPTY_RUN);
            put_varint(out, n);
        }
    }
}

fn pack_runs(cells: &[Cell], tables: &Tables, out: &mut Vec<u8>) {
    let mut last_link: Option<&Link> = None;
    let mut i = 0;
    while i < cells.len() {
        let pen = cells[i];
        let n = cells[i..].iter().take_while(|c| c.same_style(pen)).count();
        i += n;
        put_varint(out, n);
        let extra = tables.extra_of(pen.extra);
        let mut flags = 0;
        let mut set = |on: bool, bit: u8| flags |= if on { bit } else { 0 };
        set(pen.fg != 0, HAS_FG);
        set(pen.bg != 0, HAS_BG);
        set(!pen.attrs.is_empty(), HAS_ATTRS);
        set(extra.underline != 0, HAS_UNDERLINE);
        if let Some(link) = &extra.link {
            set(true, if last_link == Some(link) { SAME_LINK } else { HAS_LINK });
        }
        out.push(flags);
        if pen.fg != 0 {
            put_color(out, pen.fg);
        }
        if pen.bg != 0 {
            put_color(out, pen.bg);
        }
        if !pen.attrs.is_empty() {
            put_varint(out, usize::from(pen.attrs.0));
        }
        if extra.underline != 0 {
            put_color(out, extra.underline);
        }
        if let (true, Some(link)) = (flags & HAS_LINK != 0, &extra.link) {
            for s in [&link.id, &link.uri] {
                put_varint(out, s.len());
                out.extend_from_slice(s.as_bytes());
            }
            last_link = Some(link);
        }
    }
}

/// Whether a packed line goes on in the next.
pub(super) fn is_wrapped(line: &[u8]) -> bool {
    line.first().is_some_and(|f| f & WRAPPED != 0)
}

/// Columns of a packed line when that is known without unpacking it.
pub(super) fn simple_columns(line: &[u8]) -> Option<usize> {
    let mut reader = Reader(line);
    (reader.byte() & ASCII != 0).then(|| reader.varint())
}

/// Appends the text of a packed line, blanks as spaces, without its styles.
pub(super) fn text(line: &[u8], out: &mut String) {
    let mut reader = Reader(line);
    let flags = reader.byte();
    let len = reader.varint();
    let bytes = reader.take(len);
    if flags & ASCII != 0 {
        out.extend(bytes.iter().map(|b| if *b == 0 { ' ' } else { char::from(*b) }));
        return;
    }
    let mut reader = Reader(bytes);
    while let Some(first) = reader.0.first().copied() {
        match first {
            MARK_EMPTY => {
                reader.byte();
                out.push(' ');
            }
            MARK_EMPTY_RUN => {
                reader.byte();
                let n = reader.varint().min(MAX_COLUMNS);
                out.extend(std::iter::repeat_n(' ', n));
            }
            MARK_WIDE => {
                reader.byte();
            }
            MARK_CLUSTER | MARK_WIDE_CLUSTER => {
                reader.byte();
                out.push_str(reader.str());
            }
            _ => {
                let end = reader.0.iter().position(|b| *b < 0x20).unwrap_or(reader.0.len());
                out.push_str(std::str::from_utf8(reader.take(end)).unwrap_or(""));
            }
        }
    }
}

/// Rebuilds the row.
pub(super) fn unpack(line: &[u8], tables: &mut Tables) -> Row {
    let mut reader = Reader(line);
    let flags = reader.byte();
    let len = reader.varint();
    let bytes = reader.take(len);
    let mut row = Row { cells: Vec::new(), wrapped: flags & WRAPPED != 0, simple: true };
    if flags & ASCII != 0 {
        row.cells.extend(bytes.iter().map(|b| Cell::BLANK.with_char(u32::from(b & 0x7f))));
    } else {
        row.simple = false;
        unpack_text(bytes, tables, &mut row.cells);
    }
    if flags & STYLED != 0 {
        row.simple = false;
        unpack_runs(&mut reader, tables, &mut row.cells);
    }
    row
}

fn unpack_text(bytes: &[u8], tables: &mut Tables, cells: &mut Vec<Cell>) {
    let mut reader = Reader(bytes);
    while let Some(first) = reader.0.first().copied() {
        if cells.len() > MAX_COLUMNS {
            return;
        }
        match first {
            MARK_EMPTY => {
                reader.byte();
                cells.push(Cell::BLANK);
            }
            MARK_EMPTY_RUN => {
                reader.byte();
                let n = reader.varint().min(MAX_COLUMNS);
                cells.resize(cells.len() + n, Cell::BLANK);
            }
            MARK_CLUSTER | MARK_WIDE_CLUSTER => {
                reader.byte();
                let text = reader.str();
                let text = if text.len() > MAX_CLUSTER { " " } else { text };
                let cell = Cell::BLANK.cluster(tables.cluster(text));
                push_cell(cell, first == MARK_WIDE_CLUSTER, cells);
            }
            _ => {
                if first == MARK_WIDE {
                    reader.byte();
                }
                let c = next_char(&mut reader);
                push_cell(Cell::BLANK.with_char(c.into()), first == MARK_WIDE, cells);
            }
        }
    }
}

fn push_cell(cell: Cell, wide: bool, cells: &mut Vec<Cell>) {
    if wide {
        cells.push(cell.wide());
        cells.push(Cell::BLANK.right_half());
    } else {
        cells.push(cell);
    }
}

fn next_char(reader: &mut Reader<'_>) -> char {
    let len = match reader.0.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..) => 4,
        _ => 1,
    };
    let bytes = reader.take(len);
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|s| s.chars().next())
        .filter(|c| *c >= ' ')
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unpack_runs(reader: &mut Reader<'_>, tables: &mut Tables, cells: &mut [Cell]) {
    let mut at = 0;
    let mut link: Option<Link> = None;
    while !reader.0.is_empty() && at < cells.len() {
        let n = reader.varint();
        let flags = reader.byte();
        let has = |bit: u8| flags & bit != 0;
        let fg = if has(HAS_FG) { reader.color() } else { 0 };
        let bg = if has(HAS_BG) { reader.color() } else { 0 };
        let attrs = if has(HAS_ATTRS) { Attrs(reader.varint() as u16) } else { Attrs::empty() };
        let underline = if has(HAS_UNDERLINE) { reader.color() } else { 0 };
        if has(HAS_LINK) {
            let id = reader.str().into();
            link = Some(Link { id, uri: reader.str().into() });
        }
        let own = if has(HAS_LINK | SAME_LINK) { link.clone() } else { None };
        let extra =
            if underline == 0 && own.is_none() { 0 } else { tables.extra(Extra { underline, link: own }) };
        let end = (at + n).min(cells.len());
        for cell in &mut cells[at..end] {
            *cell = Cell { fg, bg, attrs, extra, ch: cell.ch };
        }
        at = end;
    }
}
