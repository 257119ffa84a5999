//! One client's terminal: what it shows now, and the bytes that make it show a scene.
//!
//! While the structure of the scene stays (which panes where, borders, overlays), only rows whose version
//! changed are composed; a row that went elsewhere on the screen is scrolled there by the terminal.

use super::caps::{Caps, Pictures};
use super::cells::{Grid, Tables};
use super::scene::{Bar, Borders, Content, Cursor, Mouse, Outer, PaneView, Scene};
use super::writer::{self, Columns, Writer};
use super::{big, borders, compose, frame, line};
use crate::ids::{PaneId, Size};
use crate::mux::layout::Rect;
use crate::vt::{CursorShape, Screen, Style};

/// A frame shorter than this is one write and shows no half state: it needs no brackets.
const BRACKET_MIN: usize = 96;

/// Rows that have to come out right by scrolling before the sequences for it pay.
const SCROLL_MIN: usize = 2;

/// What decides where things are. While it stays, drawing is row by row.
#[derive(Debug)]
struct Structure {
    panes: Vec<Where>,
    borders: Borders,
    bar_rows: Vec<u16>,
}

/// What was last composed of a row of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Its version; 0 is no row's.
    version: u64,
    /// The pane's column from where the row is blank in `next`.
    blank: u16,
}

/// A pane, its place, what of it is shown there and in which colours.
type Where = (PaneId, Rect, (u16, u16), Style);

impl Structure {
    fn panes<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = Where> + 'a {
        scene.panes.iter().map(|pane| (pane.id, pane.rect, pane.from, pane.style))
    }

    fn of(scene: &Scene<'_>) -> Structure {
        Structure {
            panes: Structure::panes(scene).collect(),
            borders: scene.borders.clone(),
            bar_rows: scene.bars.iter().map(|bar| bar.y).collect(),
        }
    }

    fn is_of(&self, scene: &Scene<'_>) -> bool {
        self.panes.iter().copied().eq(Structure::panes(scene))
            && self.borders == *scene.borders
            && self.bar_rows.iter().copied().eq(scene.bars.iter().map(|bar| bar.y))
    }
}

/// What a client's terminal shows.
#[derive(Debug)]
pub struct ClientView {
    size: Size,
    writer: Writer,
    tables: Tables,
    shown: Grid,
    next: Grid,
    /// Columns of each row that may have changed.
    dirty: Vec<Columns>,
    structure: Option<Structure>,
    /// For each pane of the structure, the rows in `next`; empty when it shows no screen.
    seen: Vec<Vec<Seen>>,
    bars: Vec<(Bar, Vec<line::Range>)>,
    cursor: Option<Cursor>,
    cursor_shown: bool,
    outer: Outer,
    title: Option<String>,
    /// The terminal's contents and modes are not known.
    lost: bool,
    /// Turns off what other capabilities turned on.
    farewell: Vec<u8>,
    /// The one pane whose changes this frame draws; `None` for all.
    pub(super) only: Option<PaneId>,
    /// A pane holds its drawing (synchronised output).
    held: bool,
    release: bool,
    body: Vec<u8>,
    /// The pictures its terminal has, of each pane.
    pictures: super::pictures::Sent,
    /// The chrome of the last frame of a client of `Mux`.
    pub(super) kept: Option<super::render::Kept>,
}

impl ClientView {
    /// A terminal in the state in which the client leaves it on attaching: alternate screen, all modes at
    /// their defaults.
    pub fn new(size: Size, caps: Caps) -> ClientView {
        ClientView {
            size,
            writer: Writer::new(caps, size),
            tables: Tables::default(),
            shown: Grid::new(size),
            next: Grid::new(size),
            dirty: vec![Columns::NONE; usize::from(size.rows)],
            structure: None,
            seen: Vec::new(),
            bars: Vec::new(),
            cursor: None,
            cursor_shown: true,
            outer: Outer::default(),
            title: None,
            lost: true,
            farewell: Vec::new(),
            only: None,
            held: false,
            release: false,
            body: Vec::new(),
            pictures: super::pictures::Sent::default(),
            kept: None,
        }
    }

    /// What the terminal shows is not known any more; the next frame draws everything and sets every mode.
    pub fn invalidate(&mut self) {
        self.lost = true;
        self.pictures.forget();
    }

    /// The terminal has another size.
    pub fn resize(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            self.shown = Grid::new(size);
            self.next = Grid::new(size);
            self.dirty = vec![Columns::NONE; usize::from(size.rows)];
            self.writer.resize(size);
            self.lost = true;
        }
    }

    /// The size it draws for.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What the terminal can do.
    pub fn caps(&self) -> &Caps {
        self.writer.caps()
    }

    /// The terminal can do this, as is known now. If it was thought to do something else, the next frame
    /// draws everything.
    pub fn set_caps(&mut self, caps: Caps) {
        if *self.caps() != caps {
            // What was turned on in the words of the capabilities of before goes off in them.
            if self.outer.key_flags != 0 {
                extended_keys(self.writer.caps(), 0, &mut self.farewell);
            }
            self.writer.set_caps(caps);
            self.lost = true;
        }
    }

    /// Whether a pane's drawing was held back because its program said so (mode 2026): draw again when it
    /// changes, and after a while with [`release_hold`](Self::release_hold) in any case.
    pub fn held(&self) -> bool {
        self.held
    }

    /// Pictures are left for the next frame: draw again when this one has been taken.
    pub fn unfinished(&self) -> bool {
        self.pictures.unfinished()
    }

    /// The next frame draws what was held back: the program has kept it for too long.
    pub fn release_hold(&mut self) {
        self.release = true;
    }

    /// The parts of the status lines that the mouse can point at: row, and columns with their meaning.
    pub fn status_ranges(&self) -> impl Iterator<Item = (u16, &line::Range)> {
        self.bars
            .iter()
            .filter(|(bar, _)| bar.status)
            .flat_map(|(bar, ranges)| ranges.iter().map(|r| (bar.y, r)))
    }

    /// Appends the bytes that make the terminal show the scene; none when it does.
    pub fn draw(&mut self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        self.resize(scene.size);
        if self.tables.full() {
            self.tables.clear();
            self.lost = true;
        }
        if self.caps().pictures == Pictures::Placeholders {
            self.pictures.send_all(scene, out);
        }
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        if self.lost {
            self.start_over(&mut body);
        }
        self.compose(scene, &mut body);
        writer::rows(&mut self.writer, &mut self.shown, &self.next, &mut self.dirty, &self.tables, &mut body);
        self.writer.rest(&mut body);
        if let Pictures::Sixel(w, h) = self.caps().pictures {
            self.pictures.draw_over(scene, (&self.next, &self.tables), (w, h), &mut self.writer, &mut body);
        }
        self.frame(scene, &mut body, out);
        self.body = body;
        self.release = false;
    }

    /// Whether the panes, the cursor or the modes of this scene are not those of the last frame. Borders and
    /// bars are taken to be the same.
    pub(super) fn differs(&self, scene: &Scene<'_>) -> bool {
        let held = |pane: &PaneView<'_>| match &pane.content {
            Content::Screen(screen) => screen.modes().synchronized && !self.release,
            Content::Copy(_) | Content::List(_) | Content::Clock { .. } => false,
        };
        self.lost
            || self.pictures.unfinished()
            || self.structure.is_none()
            || !scene.boxes.is_empty()
            || self.outer != scene.outer
            || self.cursor_shown != scene.cursor.is_some()
            || (scene.cursor.is_some() && self.cursor != scene.cursor)
            || scene.panes.len() != self.seen.len()
            || scene.panes.iter().zip(&self.seen).any(|(pane, seen)| !held(pane) && !unchanged(pane, seen))
    }

    /// Everything erased and every mode off, as far as is known of either.
    fn start_over(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.farewell);
        self.writer.forget();
        self.writer.clear(out);
        self.pictures.cleared();
        self.shown.clear();
        self.structure = None;
        self.cursor = None;
        self.cursor_shown = false;
        out.extend_from_slice(b"\x1b[?25l");
        if self.caps().cursor_shape {
            out.extend_from_slice(b"\x1b[0 q");
        }
        if self.caps().mouse {
            out.extend_from_slice(b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l");
        }
        if self.caps().paste {
            out.extend_from_slice(b"\x1b[?2004l");
        }
        if self.caps().focus {
            out.extend_from_slice(b"\x1b[?1004l");
        }
        extended_keys(self.caps(), 0, out);
        self.outer = Outer::default();
        self.title = None;
        self.lost = false;
    }

    /// Puts the pieces together: brackets around what is long, the cursor, modes.
    fn frame(&mut self, scene: &Scene<'_>, body: &mut Vec<u8>, out: &mut Vec<u8>) {
        self.modes(&scene.outer, body);
        self.set_title(scene.title, body);
        let drawn = body.len();
        let long = drawn >= BRACKET_MIN;
        if long && self.caps().sync {
            out.extend_from_slice(b"\x1b[?2026h");
        }
        // Without synchronised output the cursor would be seen running about.
        let hide = long && !self.caps().sync && self.cursor_shown;
        if hide {
            out.extend_from_slice(b"\x1b[?25l");
            self.cursor_shown = false;
        }
        out.append(body);
        self.place_cursor(scene.cursor, out);
        if long && self.caps().sync {
            out.extend_from_slice(b"\x1b[?2026l");
        }
    }

    fn place_cursor(&mut self, cursor: Option<Cursor>, out: &mut Vec<u8>) {
        let inside = cursor.filter(|c| c.x < self.size.cols && c.y < self.size.rows);
        let Some(cursor) = inside else {
            if self.cursor_shown {
                out.extend_from_slice(b"\x1b[?25l");
                self.cursor_shown = false;
            }
            return;
        };
        self.writer.move_to(cursor.x, cursor.y, out);
        let looks = |c: Cursor| (c.shape, c.blinking);
        if self.cursor.map(looks).unwrap_or((CursorShape::Default, false)) != looks(cursor)
            && self.caps().cursor_shape
        {
            out.extend_from_slice(cursor_sequence(cursor));
        }
        self.cursor = Some(cursor);
        if !self.cursor_shown {
            out.extend_from_slice(b"\x1b[?25h");
            self.cursor_shown = true;
        }
    }

    fn modes(&mut self, outer: &Outer, out: &mut Vec<u8>) {
        let caps = *self.caps();
        let before = std::mem::replace(&mut self.outer, *outer);
        if caps.mouse && before.mouse != outer.mouse {
            mouse(before.mouse, outer.mouse, out);
        }
        let mut switch = |number: &str, able: bool, was: bool, is: bool| {
            if able && was != is {
                out.extend_from_slice(b"\x1b[?");
                out.extend_from_slice(number.as_bytes());
                out.push(if is { b'h' } else { b'l' });
            }
        };
        switch("2004", caps.paste, before.paste, outer.paste);
        switch("1004", caps.focus, before.focus, outer.focus);
        if before.key_flags != outer.key_flags {
            extended_keys(&caps, outer.key_flags, out);
        }
    }

    fn set_title(&mut self, title: Option<&str>, out: &mut Vec<u8>) {
        let Some(title) = title.filter(|_| self.caps().title) else { return };
        if self.title.as_deref() != Some(title) {
            out.extend_from_slice(b"\x1b]0;");
            out.extend(title.chars().filter(|c| !c.is_control()).collect::<String>().bytes());
            out.extend_from_slice(b"\x07");
            self.title = Some(title.to_owned());
        }
    }

    fn compose(&mut self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let plain = scene.numbers.is_empty() && scene.boxes.is_empty();
        if !plain || !self.structure.as_ref().is_some_and(|structure| structure.is_of(scene)) {
            self.compose_all(scene);
            // What lies over the panes is not in their row versions: the next frame starts over, too.
            self.structure = plain.then(|| Structure::of(scene));
        } else {
            self.compose_changes(scene, out);
        }
    }

    fn compose_all(&mut self, scene: &Scene<'_>) {
        self.next.clear();
        self.mark(0, self.size.rows);
        self.held = false;
        self.seen.clear();
        let bars = |y: u16| scene.bars.iter().any(|bar| bar.y == y);
        let top = (0..self.size.rows).find(|y| !bars(*y)).unwrap_or(self.size.rows);
        let bottom = (top..self.size.rows).find(|y| bars(*y)).unwrap_or(self.size.rows);
        let place = Rect { x: 0, y: top, w: self.size.cols, h: bottom - top };
        borders::draw(&mut self.next, &mut self.tables, scene.borders, &scene.panes, place);
        for pane in &scene.panes {
            compose::pane(&mut self.next, &mut self.tables, pane);
            self.seen.push(seen_now(pane));
        }
        for number in scene.numbers {
            big::draw(&mut self.next, &mut self.tables, number);
        }
        for view in &scene.boxes {
            frame::draw(&mut self.next, &mut self.tables, view);
        }
        self.bars.clear();
        for bar in scene.bars {
            let ranges = self.draw_bar(bar);
            self.bars.push((bar.clone(), ranges));
        }
    }

    fn draw_bar(&mut self, bar: &Bar) -> Vec<line::Range> {
        compose::bar(&mut self.next, &mut self.tables, 0, bar.y, self.size.cols, &bar.text, bar.style)
    }

    fn compose_changes(&mut self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        self.held &= self.only.is_some();
        for (at, pane) in scene.panes.iter().enumerate() {
            if self.only.is_some_and(|only| only != pane.id) {
                continue;
            }
            let Content::Screen(screen) = &pane.content else {
                self.redraw_pane(at, pane);
                continue;
            };
            // A banner lies over the rows, and rows that were never seen are drawn with everything.
            if pane.banner.is_some() || self.seen[at].is_empty() {
                self.redraw_pane(at, pane);
            } else if screen.modes().synchronized && !self.release {
                self.held |= !unchanged(pane, &self.seen[at]);
            } else {
                self.screen_changes(at, pane, screen, out);
            }
        }
        for at in 0..scene.bars.len() {
            let y = usize::from(scene.bars[at].y);
            // A message without a status line lies over a pane: what the pane changed there it covers again.
            let covered = self.dirty.get(y).is_some_and(|columns| *columns != Columns::NONE);
            if covered || self.bars[at].0 != scene.bars[at] {
                let ranges = self.draw_bar(&scene.bars[at]);
                self.mark(scene.bars[at].y, scene.bars[at].y.saturating_add(1));
                self.bars[at] = (scene.bars[at].clone(), ranges);
            }
        }
    }

    fn redraw_pane(&mut self, at: usize, pane: &PaneView<'_>) {
        compose::pane(&mut self.next, &mut self.tables, pane);
        self.seen[at] = seen_now(pane);
        self.mark(pane.rect.y, pane.rect.bottom());
    }

    fn mark(&mut self, from: u16, to: u16) {
        let to = usize::from(to).min(self.dirty.len());
        self.dirty[usize::from(from).min(to)..to].fill(Columns::ALL);
    }

    fn mark_columns(&mut self, y: u16, from: u16, to: u16) {
        if let Some(columns) = self.dirty.get_mut(usize::from(y)) {
            *columns = columns.with(from, to);
        }
    }

    fn screen_changes(&mut self, at: usize, pane: &PaneView<'_>, screen: &Screen, out: &mut Vec<u8>) {
        if unchanged(pane, &self.seen[at]) {
            return;
        }
        let mut seen = std::mem::take(&mut self.seen[at]);
        if pane.rect.x == 0
            && pane.rect.w >= self.size.cols
            && let Some((top, bottom, lines)) = scrolled(&seen, pane, screen)
        {
            self.scroll(pane.rect.y + top, pane.rect.y + bottom, lines, out);
            let region = &mut seen[usize::from(top)..=usize::from(bottom)];
            shift(region, lines, pane.rect.w);
        }
        for (y, row) in (0_u16..).zip(&mut seen) {
            let version = screen.row_version(y + pane.from.1);
            if row.version != version {
                let before = row.blank;
                let blank = compose::screen_row(&mut self.next, &mut self.tables, pane, screen, y, before);
                *row = Seen { version, blank };
                self.mark_columns(pane.rect.y + y, pane.rect.x, pane.rect.x + before.max(blank));
            }
        }
        self.seen[at] = seen;
    }

    fn scroll(&mut self, top: u16, bottom: u16, lines: i32, out: &mut Vec<u8>) {
        self.writer.scroll(top, bottom, lines, out);
        self.shown.scroll(top, bottom, lines);
        self.next.scroll(top, bottom, lines);
        let region = &mut self.dirty[usize::from(top)..=usize::from(bottom)];
        let count = (lines.unsigned_abs() as usize).min(region.len());
        // Rows that were dirty before stay so where they went.
        if lines > 0 {
            region.rotate_left(count);
        } else {
            region.rotate_right(count);
        }
    }
}

/// The rows that a pane shows, drawn just now; empty when it shows no screen.
fn seen_now(pane: &PaneView<'_>) -> Vec<Seen> {
    match &pane.content {
        Content::Screen(screen) if pane.banner.is_none() => (0..pane.rect.h)
            .map(|y| Seen { version: screen.row_version(y + pane.from.1), blank: pane.rect.w })
            .collect(),
        Content::Screen(_) | Content::Copy(_) | Content::List(_) | Content::Clock { .. } => Vec::new(),
    }
}

/// Whether the versions are those of the rows that a pane shows.
fn unchanged(pane: &PaneView<'_>, seen: &[Seen]) -> bool {
    match &pane.content {
        Content::Screen(screen) if pane.banner.is_none() => {
            seen.len() == usize::from(pane.rect.h)
                && seen.iter().zip(pane.from.1..).all(|(row, y)| screen.row_version(y) == row.version)
        }
        // What else there may be changes with the chrome.
        Content::Screen(_) | Content::Copy(_) | Content::List(_) | Content::Clock { .. } => true,
    }
}

/// Moves what was seen as the terminal moves its rows; those that come in are of no version and to be blanked.
fn shift(rows: &mut [Seen], lines: i32, width: u16) {
    let fresh = Seen { version: 0, blank: width };
    let count = (lines.unsigned_abs() as usize).min(rows.len());
    if lines > 0 {
        rows.rotate_left(count);
        let kept = rows.len() - count;
        rows[kept..].fill(fresh);
    } else {
        rows.rotate_right(count);
        rows[..count].fill(fresh);
    }
}

/// How to scroll what was seen to what a pane shows now; see [`moved`].
fn scrolled(seen: &[Seen], pane: &PaneView<'_>, screen: &Screen) -> Option<(u16, u16, i32)> {
    let rows = || (pane.from.1..).zip(seen).map(|(y, row)| (row.version, screen.row_version(y)));
    // A single row that changed, as every key makes one, came from nowhere.
    if rows().filter(|(old, new)| old != new).take(SCROLL_MIN).count() < SCROLL_MIN {
        return None;
    }
    let (old, new): (Vec<u64>, Vec<u64>) = rows().unzip();
    moved(&old, &new)
}

/// The largest stretch of rows that went up (positive) or down together: first and last row of the region
/// to scroll, and by how many lines. `None` when scrolling saves nothing.
fn moved(old: &[u64], new: &[u64]) -> Option<(u16, u16, i32)> {
    if old.len() != new.len() {
        return None;
    }
    let stayed = |y: usize| old[y] == new[y];
    let mut best: Option<(usize, usize, i32)> = None;
    let mut y = 0;
    while y < new.len() {
        let from = if stayed(y) { None } else { old.iter().position(|v| *v == new[y]) };
        let Some(from) = from else {
            y += 1;
            continue;
        };
        let count = old[from..].iter().zip(&new[y..]).take_while(|(a, b)| a == b).count();
        let (top, bottom) = (from.min(y), from.max(y) + count - 1);
        // Rows of the region that stood still would have to be drawn again.
        let lost = (top..=bottom).filter(|row| stayed(*row)).count();
        let saved = count.saturating_sub(lost);
        let lines = i32::try_from(from).ok()? - i32::try_from(y).ok()?;
        if saved >= SCROLL_MIN && best.is_none_or(|(top, bottom, _)| count > bottom - top) {
            best = Some((top, bottom, lines));
        }
        y += count;
    }
    let (top, bottom, lines) = best?;
    Some((u16::try_from(top).ok()?, u16::try_from(bottom).ok()?, lines))
}

fn cursor_sequence(cursor: Cursor) -> &'static [u8] {
    match (cursor.shape, cursor.blinking) {
        (CursorShape::Default, _) => b"\x1b[0 q",
        (CursorShape::Block, true) => b"\x1b[1 q",
        (CursorShape::Block, false) => b"\x1b[2 q",
        (CursorShape::Underline, true) => b"\x1b[3 q",
        (CursorShape::Underline, false) => b"\x1b[4 q",
        (CursorShape::Bar, true) => b"\x1b[5 q",
        (CursorShape::Bar, false) => b"\x1b[6 q",
    }
}

/// From one kind of mouse reports to another. The kinds are switches of their own in the terminal, and only
/// the last one set counts; the form (1006) goes with all of them.
fn mouse(from: Mouse, to: Mouse, out: &mut Vec<u8>) {
    let number = |kind: Mouse| match kind {
        Mouse::Off => None,
        Mouse::Normal => Some(&b"1000"[..]),
        Mouse::Button => Some(&b"1002"[..]),
        Mouse::Any => Some(&b"1003"[..]),
    };
    let mut switch = |number: &[u8], on: bool| {
        out.extend_from_slice(b"\x1b[?");
        out.extend_from_slice(number);
        out.push(if on { b'h' } else { b'l' });
    };
    if let Some(number) = number(from) {
        switch(number, false);
    }
    if let Some(number) = number(to) {
        switch(number, true);
        if from == Mouse::Off {
            switch(b"1006", true);
        }
    } else {
        switch(b"1006", false);
    }
}

/// kitty's keyboard protocol with `flags`, or else xterm's modifyOtherKeys if there are any.
fn extended_keys(caps: &Caps, flags: u8, out: &mut Vec<u8>) {
    if caps.kitty_keys {
        out.extend_from_slice(format!("\x1b[={flags};1u").as_bytes());
    } else if caps.modify_other_keys {
        out.extend_from_slice(if flags != 0 { b"\x1b[>4;2m" } else { b"\x1b[>4m" });
    }
}

#[cfg(test)]
mod tests;
