//! Layout strings, `bb62,159x48,0,0{79x48,0,0,1,79x48,80,0,2}`, both ways.

use super::{Axis, Cell, Layout, MAX_DEPTH, Node, Rect};
use crate::ids::PaneId;
use std::fmt::Write;

/// A layout string that cannot be used; the words are tmux's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutTextError {
    /// Not of the form, or the checksum is wrong.
    #[error("invalid layout")]
    Invalid,
    /// Parts do not add up to their parent.
    #[error("size mismatch after applying layout")]
    SizeMismatch,
    /// The window has more panes than the string.
    #[error("have {have} panes but need {need}")]
    TooFew {
        /// Panes in the window.
        have: usize,
        /// Panes in the string.
        need: usize,
    },
}

fn checksum(text: &str) -> u16 {
    text.bytes().fold(0u16, |sum, b| sum.rotate_right(1).wrapping_add(u16::from(b)))
}

fn write(cell: &Cell, out: &mut String) {
    let Rect { x, y, w, h } = cell.rect;
    // Writing into a String cannot fail.
    let _ = write!(out, "{w}x{h},{x},{y}");
    match &cell.node {
        Node::Pane(p) => {
            let _ = write!(out, ",{}", p.0);
        }
        Node::Split(axis, parts) => {
            let (open, close) = match axis {
                Axis::LeftRight => ('{', '}'),
                Axis::TopBottom => ('[', ']'),
            };
            out.push(open);
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(part, out);
            }
            out.push(close);
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn number(&mut self) -> Option<u16> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let n = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some(n)
    }

    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A cell whose panes are numbered in order; the numbers in the string are of another time.
    fn cell(&mut self, next: &mut u32, depth: usize) -> Option<Cell> {
        if depth > MAX_DEPTH {
            return None;
        }
        let w = self.number()?;
        self.eat('x').then_some(())?;
        let h = self.number()?;
        self.eat(',').then_some(())?;
        let x = self.number()?;
        self.eat(',').then_some(())?;
        let y = self.number()?;
        let rect = Rect { x, y, w, h };
        if w == 0 || h == 0 {
            return None;
        }
        let axis = if self.eat('{') {
            Some((Axis::LeftRight, '}'))
        } else if self.eat('[') {
            Some((Axis::TopBottom, ']'))
        } else {
            None
        };
        if let Some((axis, close)) = axis {
            let mut parts = Vec::new();
            loop {
                parts.push(self.cell(next, depth + 1)?);
                if !self.eat(',') {
                    break;
                }
            }
            (self.eat(close) && parts.len() > 1).then_some(())?;
            return Some(Cell { rect, node: Node::Split(axis, parts) });
        }
        // `,ID` belongs to this pane unless what follows is the next cell's `WxH`.
        let before = self.rest;
        if self.eat(',') && (self.number().is_none() || self.rest.starts_with('x')) {
            self.rest = before;
        }
        *next += 1;
        Some(Cell { rect, node: Node::Pane(PaneId(*next - 1)) })
    }
}

fn adds_up(cell: &Cell) -> bool {
    let Node::Split(axis, parts) = &cell.node else { return true };
    let across = axis.across();
    let sum: u32 = parts.iter().map(|c| u32::from(axis.of(&c.rect)) + 1).sum();
    sum == u32::from(axis.of(&cell.rect)) + 1
        && parts.iter().all(|c| across.of(&c.rect) == across.of(&cell.rect) && adds_up(c))
}

impl Layout {
    /// The layout string, with its checksum.
    pub fn to_text(&self) -> String {
        let mut body = String::new();
        write(&self.root, &mut body);
        format!("{:04x},{body}", checksum(&body))
    }

    /// The layout a string describes, filled with these panes in order. When the string has more places than
    /// there are panes, the last places are closed, as in tmux.
    pub fn from_text(text: &str, panes: &[PaneId]) -> Result<Layout, LayoutTextError> {
        let (sum, body) = text.split_once(',').ok_or(LayoutTextError::Invalid)?;
        let sum = u16::from_str_radix(sum, 16).map_err(|_| LayoutTextError::Invalid)?;
        if sum != checksum(body) {
            return Err(LayoutTextError::Invalid);
        }
        let mut reader = Reader { rest: body };
        let mut count = 0;
        let root = reader.cell(&mut count, 0).filter(|_| reader.rest.is_empty());
        let mut layout = Layout { root: root.ok_or(LayoutTextError::Invalid)? };
        if !adds_up(&layout.root) {
            return Err(LayoutTextError::SizeMismatch);
        }
        let need = count as usize;
        if panes.len() > need {
            return Err(LayoutTextError::TooFew { have: panes.len(), need });
        }
        for surplus in panes.len()..need {
            if !layout.close(PaneId(surplus as u32)) {
                return Err(LayoutTextError::Invalid);
            }
        }
        layout.map_panes(|p| panes[p.0 as usize]);
        layout.root.place_parts();
        Ok(layout)
    }
}
