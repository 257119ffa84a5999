//! Pictures of kitty's graphics protocol and sixel, kept as text: a picture is stored as the program sent it, and where
//! it is shown stand cells of U+10EEEE with marks for row and column, which the outer terminal fills with it.
//!
//! So a picture scrolls, is overwritten, wraps, is captured and moves to other hosts as text does. Owns the store, the
//! subset of commands that makes sense for it, and the cells; knows nothing of who draws them.

use super::cell::Cell;
use super::osc::decode_base64;
use super::screen::Screen;
use super::sixel::Sixel;
use super::style::Color;
use serde::{Deserialize, Serialize};

/// Largest picture, bytes of base64.
pub const MAX_PICTURE: usize = 4 << 20;
/// Most of all pictures of a screen together; the oldest go first.
pub const MAX_PICTURES_BYTES: usize = 4 << 20;
/// Most pictures of a screen.
pub const MAX_PICTURES: usize = 64;
/// Most rows and columns of a picture: what there are marks for.
const MAX_CELLS: u32 = 256;

/// What stands in a cell of a picture, followed by marks.
pub const PLACEHOLDER: char = '\u{10eeee}';

/// Identifiers that qmux gives out begin with this byte, and go on with the screen's and the picture's number.
const OWN_IDS: u32 = 0x51 << 24;
/// The same for sixel pictures: their cells are told by it from others.
const SIXEL_IDS: u32 = 0x52 << 24;

/// Combining characters that stand for 0, 1, 2 … (kitty's rowcolumn-diacritics.txt), as ranges.
const MARKS: &[(u32, u32)] = &[
    (0x305, 0x305),
    (0x30d, 0x30e),
    (0x310, 0x310),
    (0x312, 0x312),
    (0x33d, 0x33f),
    (0x346, 0x346),
    (0x34a, 0x34c),
    (0x350, 0x352),
    (0x357, 0x357),
    (0x35b, 0x35b),
    (0x363, 0x36f),
    (0x483, 0x487),
    (0x592, 0x595),
    (0x597, 0x599),
    (0x59c, 0x5a1),
    (0x5a8, 0x5a9),
    (0x5ab, 0x5ac),
    (0x5af, 0x5af),
    (0x5c4, 0x5c4),
    (0x610, 0x617),
    (0x657, 0x65b),
    (0x65d, 0x65e),
    (0x6d6, 0x6dc),
    (0x6df, 0x6e2),
    (0x6e4, 0x6e4),
    (0x6e7, 0x6e8),
    (0x6eb, 0x6ec),
    (0x730, 0x730),
    (0x732, 0x733),
    (0x735, 0x736),
    (0x73a, 0x73a),
    (0x73d, 0x73d),
    (0x73f, 0x741),
    (0x743, 0x743),
    (0x745, 0x745),
    (0x747, 0x747),
    (0x749, 0x74a),
    (0x7eb, 0x7f1),
    (0x7f3, 0x7f3),
    (0x816, 0x819),
    (0x81b, 0x823),
    (0x825, 0x827),
    (0x829, 0x82d),
    (0x951, 0x951),
    (0x953, 0x954),
    (0xf82, 0xf83),
    (0xf86, 0xf87),
    (0x135d, 0x135f),
    (0x17dd, 0x17dd),
    (0x193a, 0x193a),
    (0x1a17, 0x1a17),
    (0x1a75, 0x1a7c),
    (0x1b6b, 0x1b6b),
    (0x1b6d, 0x1b73),
    (0x1cd0, 0x1cd2),
    (0x1cda, 0x1cdb),
    (0x1ce0, 0x1ce0),
    (0x1dc0, 0x1dc1),
    (0x1dc3, 0x1dc9),
    (0x1dcb, 0x1dcc),
    (0x1dd1, 0x1de6),
    (0x1dfe, 0x1dfe),
    (0x20d0, 0x20d1),
    (0x20d4, 0x20d7),
    (0x20db, 0x20dc),
    (0x20e1, 0x20e1),
    (0x20e7, 0x20e7),
    (0x20e9, 0x20e9),
    (0x20f0, 0x20f0),
    (0x2cef, 0x2cf1),
    (0x2de0, 0x2dff),
    (0xa66f, 0xa66f),
    (0xa67c, 0xa67d),
    (0xa6f0, 0xa6f1),
    (0xa8e0, 0xa8e5),
];

/// The mark for a number below 256.
fn mark(n: u32) -> char {
    let mut left = n;
    for (first, last) in MARKS {
        let len = last - first + 1;
        if left < len {
            return char::from_u32(first + left).unwrap_or('\u{305}');
        }
        left -= len;
    }
    '\u{305}'
}

/// The number a mark stands for.
fn number_of(mark: char) -> Option<u32> {
    let code = u32::from(mark);
    let mut before = 0;
    for (first, last) in MARKS {
        if (*first..=*last).contains(&code) {
            return Some(before + code - first);
        }
        before += last - first + 1;
    }
    None
}

/// One cell of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What the picture is called outside.
    pub picture: u32,
    /// Which of its cells.
    pub column: u32,
    /// Which of its rows of cells.
    pub row: u32,
}

/// What a cell with this text and foreground is of a picture, if it has all three marks.
pub fn part_of(text: &str, foreground: Color) -> Option<Part> {
    let mut marks = text.strip_prefix(PLACEHOLDER)?.chars().map(number_of);
    let (row, column, high) = (marks.next()??, marks.next()??, marks.next()??);
    let Color::Rgb(r, g, b) = foreground else { return None };
    Some(Part { picture: u32::from_be_bytes([high as u8, r, g, b]), column, row })
}

/// Whether a cell with this text is of a sixel picture.
pub fn is_sixel_part(text: &str) -> bool {
    text.starts_with(PLACEHOLDER) && text.ends_with(mark(SIXEL_IDS >> 24)) && text.chars().count() == 4
}

/// What the terminal outside draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draws {
    /// Pictures of kitty's protocol, where their placeholders stand.
    pub kitty: bool,
    /// Sixel pictures, or what can be made of them.
    pub sixel: bool,
}

/// A picture as the program sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Picture {
    /// What the program calls it; 0 is no name.
    id: u32,
    /// `I=`: the name the program asked for one by.
    number: u32,
    /// What it is called outside.
    pub outer: u32,
    /// `f=100`, or format and size.
    pub keys: String,
    /// Base64; of a sixel picture what stood between DCS and ST.
    #[serde(with = "serde_bytes")]
    pub data: Vec<u8>,
    /// It is a sixel picture.
    pub sixel: bool,
    /// Size in pixels.
    pixels: (u32, u32),
    /// Pixels of a cell when it was shown.
    pub cell: (u16, u16),
    /// Columns and rows it fills; zero while it is shown nowhere.
    pub cells: (u32, u32),
    /// Grows with every change: whoever has drawn it knows by this that it is another.
    pub serial: u64,
}

/// All of a screen, and what of one has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pictures {
    all: Vec<Picture>,
    coming: Option<Coming>,
    next: u32,
    serial: u64,
    /// Distinguishes this screen's pictures from those of others in the outer terminal.
    screen: u32,
    /// What the outer terminal draws.
    shown: Draws,
}

/// A picture whose last part has not come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Coming {
    command: Command,
    #[serde(with = "serde_bytes")]
    data: Vec<u8>,
    too_large: bool,
}

/// The keys of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Command {
    /// `a`: t transmit, T and show, p show, q query, d delete.
    action: u8,
    /// `t`: d direct; others are files.
    medium: u8,
    /// `d`: what to delete.
    what: u8,
    /// `o`: z compressed.
    compression: u8,
    format: u32,
    id: u32,
    number: u32,
    placement: u32,
    width: u32,
    height: u32,
    columns: u32,
    rows: u32,
    quiet: u32,
    more: bool,
    /// `U=1`: the program writes the cells itself.
    virtual_placement: bool,
    /// `C=1`: the cursor stays.
    stay: bool,
    /// Whether it said more than that it goes on.
    begins: bool,
}

impl Command {
    fn parse(text: &[u8]) -> Command {
        let mut c = Command { action: b't', medium: b'd', what: b'a', format: 32, ..Command::default() };
        for pair in text.split(|b| *b == b',').take(64) {
            let Some((key, value)) = pair.split_first_chunk::<2>() else { continue };
            let letter = value.first().copied().unwrap_or(0);
            let number = std::str::from_utf8(value).ok().and_then(|v| v.parse::<u32>().ok()).unwrap_or(0);
            if key[1] != b'=' {
                continue;
            }
            c.begins |= !matches!(key[0], b'm' | b'q');
            match key[0] {
                b'a' => c.action = letter,
                b't' => c.medium = letter,
                b'd' => c.what = letter,
                b'o' => c.compression = letter,
                b'f' => c.format = number,
                b'i' => c.id = number,
                b'I' => c.number = number,
                b'p' => c.placement = number,
                b's' => c.width = number,
                b'v' => c.height = number,
                b'c' => c.columns = number,
                b'r' => c.rows = number,
                b'q' => c.quiet = number,
                b'm' => c.more = number == 1,
                b'U' => c.virtual_placement = number == 1,
                b'C' => c.stay = number == 1,
                _ => {}
            }
        }
        c
    }
}

/// Width and height in the header of a PNG file.
fn png_size(base64: &[u8]) -> Option<(u32, u32)> {
    // Signature, length, `IHDR`, width, height: 24 bytes are 32 characters.
    let head = decode_base64(base64.get(..32)?)?;
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    (head.starts_with(b"\x89PNG\r\n\x1a\n") && head.get(12..16)? == b"IHDR").then_some(())?;
    Some((number(16)?, number(20)?)).filter(|(w, h)| *w > 0 && *h > 0)
}

impl Screen {
    /// The pictures it has.
    pub fn pictures(&self) -> &[Picture] {
        &self.st.pictures.all
    }

    /// Changes with every change of them.
    pub fn pictures_version(&self) -> u64 {
        self.st.pictures.serial
    }

    /// What the terminal it is shown on draws; `number` distinguishes this screen from others there.
    pub fn set_pictures(&mut self, shown: Draws, number: u32) {
        (self.st.pictures.shown, self.st.pictures.screen) = (shown, number & 0xfff);
    }

    /// Pictures that a program wrapped for tmux's passthrough, because it took us for tmux: they are kept as if they were
    /// not wrapped, and so reach terminals that are attached later, too. `false`: it was something else, or the terminal
    /// is not known to draw them.
    pub(super) fn wrapped_pictures(&mut self, bytes: &[u8]) -> bool {
        let draws = self.draws();
        let mut rest = bytes;
        let mut found: Vec<(bool, &[u8])> = Vec::new();
        while !rest.is_empty() {
            let Some(end) = rest.windows(2).position(|pair| pair == b"\x1b\\") else { return false };
            let one = &rest[..end];
            match (one.strip_prefix(b"\x1b_G"), one.strip_prefix(b"\x1bP")) {
                (Some(command), _) if draws.kitty => found.push((true, command)),
                (None, Some(data)) if draws.sixel && Sixel::begins(data) => found.push((false, data)),
                _ => return false,
            }
            rest = &rest[end + 2..];
        }
        for (kitty, data) in &found {
            if *kitty { self.graphics(data) } else { self.sixel(data) }
        }
        !found.is_empty()
    }

    pub(super) fn draws(&self) -> Draws {
        self.st.pictures.shown
    }

    /// Takes a sixel picture, if `data` is one, and shows it from the cursor on. The cursor stays in its column and goes
    /// to the row of the upper edge of the band the picture ended in (as on a VT340, and in xterm).
    pub(super) fn sixel(&mut self, data: &[u8]) {
        let Some(decoded) = Sixel::decode(data) else { return };
        let pictures = &mut self.st.pictures;
        let outer = pictures.own_id() & 0x00ff_ffff | SIXEL_IDS;
        pictures.all.retain(|p| p.outer != outer);
        let pixels = (decoded.width as u32, decoded.height as u32);
        let picture = Picture { outer, sixel: true, data: data.to_vec(), pixels, ..Picture::default() };
        pictures.all.push(picture);
        pictures.bound();
        let (at, x) = (pictures.all.len() - 1, self.st.x);
        self.show_picture(at, &Command::default());
        (self.st.x, self.st.pending_wrap) = (x, false);
        let last = self.st.pictures.all.get(at).map_or(0, |p| p.cells.1.saturating_sub(1) as usize);
        let end = (decoded.end / usize::from(self.st.modes.cell_pixels.1)).min(MAX_CELLS as usize);
        self.st.y = self.st.y.saturating_sub(last.saturating_sub(end));
        (last..end).for_each(|_| self.linefeed());
    }

    /// Performs a command of the graphics protocol, from after its `G`.
    pub(super) fn graphics(&mut self, text: &[u8]) {
        let (keys, payload) = match text.iter().position(|b| *b == b';') {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &[][..]),
        };
        let command = Command::parse(keys);
        let mut coming = match self.st.pictures.coming.take() {
            Some(coming) if !command.begins => coming,
            _ => Coming { command: command.clone(), ..Coming::default() },
        };
        coming.too_large |= coming.data.len() + payload.len() > MAX_PICTURE;
        if coming.too_large {
            coming.data = Vec::new();
        } else {
            coming.data.extend(payload.iter().filter(|b| !b.is_ascii_whitespace()));
        }
        if command.more && matches!(coming.command.action, b't' | b'T') {
            self.st.pictures.coming = Some(coming);
            return;
        }
        let Coming { command, data, too_large } = coming;
        match command.action {
            b't' | b'T' | b'q' => {
                let done = match too_large {
                    true => Err("EFBIG:the picture is too large"),
                    false => self.transmit(&command, data),
                };
                self.graphics_answer(&command, done);
            }
            b'p' => {
                let at = self.st.pictures.find(&command);
                let done =
                    at.ok_or("ENOENT:there is no such picture").map(|at| self.show_picture(at, &command));
                self.graphics_answer(&command, done);
            }
            b'd' => self.delete_pictures(&command),
            _ => self.graphics_answer(&command, Err("EINVAL:not supported")),
        }
    }

    /// An answer, if the program wants one and there is a terminal that draws.
    fn graphics_answer(&mut self, command: &Command, done: Result<(), &str>) {
        let asked = command.id != 0 || command.number != 0;
        let quiet = command.quiet > u32::from(done.is_err());
        if !self.st.pictures.shown.kitty || !asked || quiet {
            return;
        }
        let id = match (command.id, self.st.pictures.find(command)) {
            (0, Some(at)) => self.st.pictures.all[at].id,
            (id, _) => id,
        };
        let mut keys = format!("i={id}");
        for (key, value) in [("I", command.number), ("p", command.placement)] {
            if value != 0 {
                keys.push_str(&format!(",{key}={value}"));
            }
        }
        let words = done.err().unwrap_or("OK");
        self.reply(format!("\x1b_G{keys};{words}\x1b\\").as_bytes());
    }

    /// Takes a picture that has come whole.
    fn transmit(&mut self, command: &Command, data: Vec<u8>) -> Result<(), &'static str> {
        if command.medium != b'd' {
            // A file is of the host the program runs on; the terminal may be on another.
            return Err("EINVAL:only pictures in the stream itself");
        }
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        if !data.iter().all(plain) {
            return Err("EINVAL:no base64");
        }
        let compressed = match command.compression {
            0 => "",
            b'z' => ",o=z",
            _ => return Err("EINVAL:unknown compression"),
        };
        let (keys, pixels) = match command.format {
            100 => match png_size(&data) {
                Some(size) => ("f=100".to_owned(), size),
                None => return Err("EBADPNG:no header"),
            },
            f @ (24 | 32) if command.width > 0 && command.height > 0 => {
                let (w, h) = (command.width, command.height);
                (format!("f={f},s={w},v={h}{compressed}"), (w, h))
            }
            _ => return Err("EINVAL:format or size"),
        };
        if command.action == b'q' {
            return Ok(());
        }
        let pictures = &mut self.st.pictures;
        if let Some(at) = pictures.find(command).filter(|_| command.id != 0) {
            pictures.all.remove(at);
        }
        let outer = pictures.own_id();
        // Asked for a name, qmux gives its own.
        let id = if command.id == 0 && command.number != 0 { outer } else { command.id };
        pictures.serial += 1;
        let (number, serial) = (command.number, pictures.serial);
        pictures.all.push(Picture { id, number, outer, keys, data, pixels, serial, ..Picture::default() });
        pictures.bound();
        if command.action == b'T'
            && let Some(at) = pictures.all.len().checked_sub(1)
        {
            self.show_picture(at, command);
        }
        Ok(())
    }

    fn show_picture(&mut self, at: usize, command: &Command) {
        let (w, h) = self.st.modes.cell_pixels;
        let (w, h) = (u32::from(w), u32::from(h));
        let pictures = &mut self.st.pictures;
        pictures.serial += 1;
        let serial = pictures.serial;
        let Some(picture) = pictures.all.get_mut(at) else { return };
        let (px, py) = picture.pixels;
        // One that is told makes the other keep the proportions.
        let scaled = |own: u32, cell: u32, told: u32, other: u32, other_cell: u32| {
            let pixels = u128::from(told) * u128::from(other_cell) * u128::from(own);
            u32::try_from(pixels.div_ceil(u128::from(other.max(1)) * u128::from(cell))).unwrap_or(u32::MAX)
        };
        let (columns, rows) = match (command.columns, command.rows) {
            (0, 0) => (px.div_ceil(w), py.div_ceil(h)),
            (c, 0) => (c, scaled(py, h, c, px, w)),
            (0, r) => (scaled(px, w, r, py, h), r),
            told => told,
        };
        picture.cells = (columns.clamp(1, MAX_CELLS), rows.clamp(1, MAX_CELLS));
        picture.serial = serial;
        picture.cell = self.st.modes.cell_pixels;
        let ((columns, rows), outer) = (picture.cells, picture.outer);
        if command.virtual_placement {
            if picture.id != 0 {
                picture.outer = picture.id;
            }
            // Its cells may be there already.
            self.damage.mark_all();
        } else {
            self.write_picture(outer, columns as usize, rows as usize, command.stay);
        }
    }

    /// Writes the cells of a picture from the cursor on; what goes beyond the right edge is cut.
    fn write_picture(&mut self, outer: u32, columns: usize, rows: usize, stay: bool) {
        let (x, y) = (self.st.x, self.st.y);
        let end = self.write_end();
        let shown = columns.min(end.saturating_sub(x));
        self.st.pending_wrap = false;
        for r in 0..rows {
            if r > 0 {
                if stay && (self.st.y == self.st.bottom || self.st.y + 1 >= self.st.rows) {
                    break;
                }
                self.linefeed();
                self.st.x = x;
            }
            let here = self.st.y;
            for c in 0..shown {
                let text: String =
                    [PLACEHOLDER, mark(r as u32), mark(c as u32), mark(outer >> 24)].into_iter().collect();
                let cluster = self.tables.cluster(&text);
                let fg = id_color(outer).pack();
                let row = &mut self.rows[here];
                row.split_wide(x + c, x + c + 1);
                row.reach(x + c + 1);
                row.simple = false;
                row.cells[x + c] = Cell { fg, ..Cell::BLANK }.cluster(cluster);
            }
            self.damage.mark(here as u16);
        }
        if stay {
            (self.st.x, self.st.y) = (x, y);
        } else {
            self.advance_cursor(x + shown, end);
        }
    }

    fn delete_pictures(&mut self, command: &Command) {
        let (what, free) = (command.what.to_ascii_lowercase(), command.what.is_ascii_uppercase());
        let pictures = &self.st.pictures;
        let gone: Vec<u32> = match what {
            b'a' => pictures.all.iter().filter(|p| p.cells.0 > 0).map(|p| p.outer).collect(),
            b'i' | b'n' => pictures.find(command).map(|at| pictures.all[at].outer).into_iter().collect(),
            _ => return,
        };
        for outer in &gone {
            self.clear_picture(*outer);
        }
        let pictures = &mut self.st.pictures;
        pictures.serial += 1;
        if free {
            pictures.all.retain(|p| !gone.contains(&p.outer));
        } else {
            let shown = pictures.all.iter_mut().filter(|p| gone.contains(&p.outer));
            shown.for_each(|p| p.cells = (0, 0));
        }
    }

    /// Blanks the cells of a picture on the screen; those of the scrollback stay, and show nothing.
    fn clear_picture(&mut self, outer: u32) {
        let (fg, high) = (id_color(outer).pack(), mark(outer >> 24));
        for y in 0..self.rows.len() {
            let mut changed = false;
            for x in 0..self.rows[y].cells.len() {
                let cell = self.rows[y].cells[x];
                let text = self.tables.text(cell);
                let own = outer >> 24 == 0 || text.ends_with(high);
                if cell.fg == fg && own && text.starts_with(PLACEHOLDER) {
                    self.rows[y].cells[x] = Cell::BLANK;
                    changed = true;
                }
            }
            if changed {
                self.damage.mark(y as u16);
            }
        }
    }
}

/// The foreground that names a picture: the lower bytes of its identifier.
fn id_color(id: u32) -> Color {
    let [_, r, g, b] = id.to_be_bytes();
    Color::Rgb(r, g, b)
}

impl Pictures {
    /// Without pictures, as after a reset; the terminal is the same.
    pub(super) fn emptied(self) -> Pictures {
        let Pictures { next, serial, screen, shown, .. } = self;
        Pictures { all: Vec::new(), coming: None, next, serial: serial + 1, screen, shown }
    }

    fn find(&self, command: &Command) -> Option<usize> {
        let fits = |p: &Picture| match (command.id, command.number) {
            (0, 0) => false,
            (0, number) => p.number == number,
            (id, _) => p.id == id,
        };
        self.all.iter().rposition(fits)
    }

    fn own_id(&mut self) -> u32 {
        self.next = (self.next + 1) & 0xfff;
        OWN_IDS | self.screen << 12 | self.next
    }

    /// Keeps to the limits; the latest stays.
    fn bound(&mut self) {
        let bytes = |all: &[Picture]| all.iter().map(|p| p.data.len()).sum::<usize>();
        while self.all.len() > 1 && (self.all.len() > MAX_PICTURES || bytes(&self.all) > MAX_PICTURES_BYTES) {
            self.all.remove(0);
        }
    }
}
