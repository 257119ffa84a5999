//! Pictures for a client's terminal: which of them it has, and the commands that give it the others.
//!
//! Cells say where they are shown (`vt::pictures`); here only their contents and sizes go out, once.

use super::cells::{Grid, Tables};
use super::scene::{Content, PaneView, Scene};
use super::writer::Writer;
use crate::ids::PaneId;
use crate::vt::{Picture, Screen, Sixel, encode_base64, part_of};
use std::collections::BTreeMap;
use std::io::Write as _;

/// Most bytes of a picture in one command: what terminals take.
const CHUNK: usize = 4096;

/// Bytes of a frame from which on no other picture is put into it; the next frame has the rest. With the largest one
/// (2 million pixels in base64) it stays below what a message to a client may have.
const FRAME_MAX: usize = 2 << 20;

/// What a terminal was given of a pane's pictures.
#[derive(Debug, Default)]
struct Given {
    /// The pane's pictures as a whole, when they were last looked at.
    version: u64,
    /// By what they are called outside.
    serials: BTreeMap<u32, u64>,
}

/// A rectangle of a sixel picture on the terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    picture: u32,
    serial: u64,
    /// Column and row of the picture that is at its corner.
    from: (u32, u32),
    /// Place on the terminal.
    at: (u16, u16),
    size: (u16, u16),
}

/// What a terminal was given.
#[derive(Debug, Default)]
pub struct Sent {
    given: BTreeMap<PaneId, Given>,
    /// Sixel pictures as they were drawn last.
    drawn: Vec<Piece>,
    /// Some did not fit into the frame.
    unfinished: bool,
}

impl Sent {
    /// Nothing is known of the terminal any more.
    pub fn forget(&mut self) {
        self.given.clear();
        self.drawn.clear();
    }

    /// The next frame has more, though nothing may have changed.
    pub fn unfinished(&self) -> bool {
        self.unfinished
    }

    /// Everything on the terminal was erased; what it was given it still has.
    pub fn cleared(&mut self) {
        self.drawn.clear();
    }

    /// Draws sixel pictures over the cells that stand for them, as far as they are not there. What has become of
    /// others' cells has been written over them.
    pub fn draw_over(
        &mut self,
        scene: &Scene<'_>,
        (grid, tables): (&Grid, &Tables),
        cell: (u16, u16),
        writer: &mut Writer,
        out: &mut Vec<u8>,
    ) {
        let screens = panes(scene).filter_map(|pane| screen_of(&pane.content));
        let known: BTreeMap<u32, &Picture> =
            screens.flat_map(|s| s.pictures()).filter(|p| p.sixel).map(|p| (p.outer, p)).collect();
        self.unfinished = false;
        if known.is_empty() {
            return self.drawn.clear();
        }
        // The last row is left out: a terminal that goes to the next row after a picture would scroll.
        let mut pieces = pieces(grid, tables, &known, scene.size.rows.saturating_sub(1));
        let mut left = Vec::new();
        for piece in pieces.iter().filter(|piece| !self.drawn.contains(piece)) {
            let Some(picture) = known.get(&piece.picture) else { continue };
            if out.len() > FRAME_MAX {
                left.push(*piece);
                continue;
            }
            let Some(sixel) = Sixel::decode(&picture.data) else { continue };
            let own = (usize::from(picture.cell.0), usize::from(picture.cell.1));
            let there = |n: u16, own: usize| if n == 0 { own } else { usize::from(n) };
            let (w, h) = (there(cell.0, own.0), there(cell.1, own.1));
            let from = (piece.from.0 as usize * w, piece.from.1 as usize * h);
            let size = (usize::from(piece.size.0) * w, usize::from(piece.size.1) * h);
            writer.move_to(piece.at.0, piece.at.1, out);
            out.extend(sixel.encode(from, size, [(own.0, w), (own.1, h)]));
            writer.forget();
        }
        self.unfinished = !left.is_empty();
        pieces.retain(|piece| !left.contains(piece));
        self.drawn = pieces;
    }

    /// Gives the terminal what it lacks of the pictures of all panes, and takes away what is gone.
    pub fn send_all(&mut self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        self.unfinished = false;
        panes(scene).for_each(|pane| self.send(pane, out));
    }

    fn send(&mut self, pane: &PaneView<'_>, out: &mut Vec<u8>) {
        let Some(screen) = screen_of(&pane.content) else { return };
        let version = screen.pictures_version();
        if version == 0 && !self.given.contains_key(&pane.id) {
            return;
        }
        let given = self.given.entry(pane.id).or_default();
        if given.version == version {
            return;
        }
        given.version = version;
        let shown = || screen.pictures().iter().filter(|p| p.cells.0 > 0);
        given.serials.retain(|id, _| {
            let stays = shown().any(|p| p.outer == *id);
            if !stays {
                // Writing to a vector cannot fail.
                let _ = write!(out, "\x1b_Ga=d,d=I,q=2,i={id}\x1b\\");
            }
            stays
        });
        for picture in shown() {
            if given.serials.get(&picture.outer) == Some(&picture.serial) {
                continue;
            }
            if out.len() > FRAME_MAX {
                // No picture's: it is looked at again.
                given.version = 0;
                self.unfinished = true;
                return;
            }
            given.serials.insert(picture.outer, picture.serial);
            transmit(picture, out);
        }
    }
}

/// All panes of a scene: those of the window, and those in boxes.
fn panes<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = &'a PaneView<'a>> {
    let boxed = scene.boxes.iter().flat_map(|view| {
        let preview = view.preview.iter().flat_map(|(panes, _)| panes);
        view.pane.iter().chain(preview)
    });
    scene.panes.iter().chain(boxed)
}

/// The screen whose cells a pane shows.
fn screen_of<'a>(content: &'a Content<'_>) -> Option<&'a Screen> {
    match content {
        Content::Screen(screen) => Some(screen),
        Content::Copy(copy) => Some(copy.screen),
        Content::List(_) | Content::Clock { .. } => None,
    }
}

/// The rectangles of pictures that the cells show.
fn pieces(grid: &Grid, tables: &Tables, known: &BTreeMap<u32, &Picture>, rows: u16) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for y in 0..rows {
        let mut run: Option<Piece> = None;
        for (x, cell) in (0_u16..).zip(grid.row(y)) {
            let part = tables.cluster_text(cell.glyph).and_then(|text| part_of(text, cell.style().fg));
            let part = part.and_then(|part| Some((part, known.get(&part.picture)?.serial)));
            match (&mut run, part) {
                (Some(r), Some((p, _)))
                    if r.picture == p.picture
                        && r.from.1 == p.row
                        && r.from.0 + u32::from(r.size.0) == p.column =>
                {
                    r.size.0 += 1;
                }
                (_, part) => {
                    run.take().into_iter().for_each(|run| join(&mut all, run));
                    run = part.map(|(p, serial)| Piece {
                        picture: p.picture,
                        serial,
                        from: (p.column, p.row),
                        at: (x, y),
                        size: (1, 1),
                    });
                }
            }
        }
        run.into_iter().for_each(|run| join(&mut all, run));
    }
    all
}

/// Adds a row of cells to the rectangle that it goes on, or as one of its own.
fn join(all: &mut Vec<Piece>, run: Piece) {
    let above = all.iter_mut().rev().find(|p| {
        (p.picture, p.from.0, p.at.0, p.size.0) == (run.picture, run.from.0, run.at.0, run.size.0)
            && p.at.1 + p.size.1 == run.at.1
            && p.from.1 + u32::from(p.size.1) == run.from.1
    });
    match above {
        Some(piece) => piece.size.1 += 1,
        None => all.push(run),
    }
}

/// The picture, and that it may be shown in as many cells as the program wanted.
fn transmit(picture: &Picture, out: &mut Vec<u8>) {
    let Picture { outer, cells: (columns, rows), .. } = picture;
    let drawn;
    let (keys, data) = match picture.sixel {
        false => (picture.keys.clone(), &picture.data),
        true => {
            let Some(sixel) = Sixel::decode(&picture.data) else { return };
            // Up to the edges of its cells, so that no pixel is stretched.
            let pixels = |cells: u32, cell: u16| (cells as usize).saturating_mul(usize::from(cell));
            let (w, h) = (pixels(*columns, picture.cell.0), pixels(*rows, picture.cell.1));
            let rgba = sixel.rgba(w, h);
            let h = rgba.len() / 4 / w.max(1);
            drawn = encode_base64(&rgba).into_bytes();
            (format!("f=32,s={w},v={h}"), &drawn)
        }
    };
    let mut chunks = data.chunks(CHUNK).peekable();
    let mut head = format!("a=t,q=2,i={outer},{keys},");
    while let Some(chunk) = chunks.next() {
        let more = u8::from(chunks.peek().is_some());
        let _ = write!(out, "\x1b_G{head}m={more};");
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\x1b\\");
        head = "q=2,".to_owned();
    }
    let _ = write!(out, "\x1b_Ga=p,U=1,q=2,i={outer},c={columns},r={rows}\x1b\\");
}
