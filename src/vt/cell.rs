//! Cells and the side tables for what does not fit in one: grapheme clusters of several code
//! points, underline colours, links.

use super::style::{Attrs, Color, Style};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Longest cluster kept in one cell, in bytes; code points beyond it are dropped.
pub(super) const MAX_CLUSTER: usize = 64;
/// Clusters or extras interned before the tables are swept.
const SWEEP_AT: usize = 4096;
/// Most extras at once: cells hold 16 bits.
const MAX_EXTRAS: usize = 60_000;

const WIDTH_SHIFT: u32 = 29;
const CLUSTER: u32 = 1 << 31;
const PAYLOAD: u32 = (1 << WIDTH_SHIFT) - 1;

/// One cell of a visible row: 16 bytes.
///
/// `ch` holds the code point or, with the top bit, the number of a cluster; two bits say the width
/// (0 single, 1 wide, 2 right half of a wide one). A `ch` of 0 was never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cell {
    pub ch: u32,
    pub fg: u32,
    pub bg: u32,
    pub attrs: Attrs,
    pub extra: u16,
}

impl Cell {
    /// Never written, default colours.
    pub const BLANK: Cell = Cell { ch: 0, fg: 0, bg: 0, attrs: Attrs::empty(), extra: 0 };

    #[inline]
    pub fn with_char(self, c: u32) -> Cell {
        Cell { ch: c, ..self }
    }
    #[inline]
    pub fn wide(self) -> Cell {
        Cell { ch: self.ch & !(3 << WIDTH_SHIFT) | 1 << WIDTH_SHIFT, ..self }
    }
    #[inline]
    pub fn right_half(self) -> Cell {
        Cell { ch: 2 << WIDTH_SHIFT, ..self }
    }
    #[inline]
    pub fn is_wide(self) -> bool {
        self.ch >> WIDTH_SHIFT & 3 == 1
    }
    #[inline]
    pub fn is_right_half(self) -> bool {
        self.ch >> WIDTH_SHIFT & 3 == 2
    }
    #[inline]
    pub fn is_cluster(self) -> bool {
        self.ch & CLUSTER != 0
    }
    /// The code point, or the number of the cluster.
    #[inline]
    pub fn payload(self) -> u32 {
        self.ch & PAYLOAD
    }
    #[inline]
    pub fn cluster(self, number: u32) -> Cell {
        Cell { ch: self.ch & (3 << WIDTH_SHIFT) | CLUSTER | number & PAYLOAD, ..self }
    }
    /// Whether it was never written since its erasure (its colours may still differ).
    #[inline]
    pub fn is_empty(self) -> bool {
        self.ch == 0
    }
    /// Columns: 0 for a right half, 1, 2.
    #[inline]
    pub fn width(self) -> u8 {
        [1, 2, 0, 1][(self.ch >> WIDTH_SHIFT & 3) as usize]
    }
    /// Whether both would be drawn the same but for the text.
    #[inline]
    pub fn same_style(self, other: Cell) -> bool {
        self.fg == other.fg && self.bg == other.bg && self.attrs == other.attrs && self.extra == other.extra
    }
    #[inline]
    pub fn has_default_style(self) -> bool {
        self.same_style(Cell::BLANK)
    }
}

/// A hyperlink of OSC 8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The `id=` parameter, empty when none was given.
    pub id: Box<str>,
    /// Where it leads.
    pub uri: Box<str>,
}

/// What few cells have and so is kept beside them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(super) struct Extra {
    /// Packed underline colour.
    pub underline: u32,
    pub link: Option<Link>,
}

/// Side tables of one screen; cells hold indices into them.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    clusters: Vec<Arc<str>>,
    cluster_numbers: HashMap<Arc<str>, u32>,
    extras: Vec<Extra>,
    extra_numbers: HashMap<Extra, u16>,
    sweep_clusters_at: usize,
    sweep_extras_at: usize,
}

impl Default for Tables {
    fn default() -> Self {
        Tables {
            clusters: Vec::new(),
            cluster_numbers: HashMap::new(),
            extras: vec![Extra::default()],
            extra_numbers: HashMap::from([(Extra::default(), 0)]),
            sweep_clusters_at: SWEEP_AT,
            sweep_extras_at: SWEEP_AT,
        }
    }
}

impl Tables {
    /// Number of a cluster's text.
    pub fn cluster(&mut self, text: &str) -> u32 {
        if let Some(n) = self.cluster_numbers.get(text) {
            return *n;
        }
        let n = self.clusters.len() as u32;
        let text: Arc<str> = text.into();
        self.clusters.push(text.clone());
        self.cluster_numbers.insert(text, n);
        n
    }

    pub fn cluster_text(&self, number: u32) -> &str {
        self.clusters.get(number as usize).map_or(" ", |s| s)
    }

    /// Number of an extra; 0, plain, when the table is full of live ones.
    pub fn extra(&mut self, extra: Extra) -> u16 {
        if let Some(n) = self.extra_numbers.get(&extra) {
            return *n;
        }
        if self.extras.len() >= MAX_EXTRAS {
            return 0;
        }
        let n = self.extras.len() as u16;
        self.extras.push(extra.clone());
        self.extra_numbers.insert(extra, n);
        n
    }

    pub fn extra_of(&self, number: u16) -> &Extra {
        self.extras.get(usize::from(number)).unwrap_or(&self.extras[0])
    }

    pub fn link(&self, number: u16) -> Option<&Link> {
        if number == 0 { None } else { self.extra_of(number).link.as_ref() }
    }

    /// Makes every cell part of no link. The numbers cells hold stay.
    pub fn forget_links(&mut self) {
        self.extras.iter_mut().for_each(|extra| extra.link = None);
        let numbered = self.extras.iter().cloned().zip(0..);
        // Of equal ones the first is taken from now on.
        let mut numbers = HashMap::new();
        numbered.for_each(|(extra, n)| {
            numbers.entry(extra).or_insert(n);
        });
        self.extra_numbers = numbers;
    }

    /// Whether the tables stay near what a small screen needs.
    #[cfg(test)]
    pub fn is_small(&self) -> bool {
        self.clusters.len() <= 2 * SWEEP_AT && self.extras.len() <= 2 * SWEEP_AT
    }

    /// Whether enough was interned that a sweep may pay.
    #[inline]
    pub fn wants_sweep(&self) -> bool {
        self.clusters.len() >= self.sweep_clusters_at || self.extras.len() >= self.sweep_extras_at
    }

    /// Keeps only what `cells` use and renumbers them.
    pub fn sweep<'a>(&mut self, cells: impl Iterator<Item = &'a mut Cell>) {
        let old = std::mem::take(self);
        for cell in cells {
            if cell.is_cluster() {
                let n = self.cluster(old.cluster_text(cell.payload()));
                *cell = cell.cluster(n);
            }
            if cell.extra != 0 {
                cell.extra = self.extra(old.extra_of(cell.extra).clone());
            }
        }
        self.sweep_clusters_at = SWEEP_AT.max(self.clusters.len() * 2);
        self.sweep_extras_at = SWEEP_AT.max((self.extras.len() * 2).min(MAX_EXTRAS - 1));
    }

    /// The style of a cell as seen from outside.
    pub fn style(&self, cell: Cell) -> Style {
        Style {
            fg: Color::unpack(cell.fg),
            bg: Color::unpack(cell.bg),
            underline: if cell.extra == 0 {
                Color::Default
            } else {
                Color::unpack(self.extra_of(cell.extra).underline)
            },
            attrs: cell.attrs.without(Attrs::PROTECTED),
        }
    }

    /// The text of a cell: empty for a right half, a space for one never written.
    #[inline]
    pub fn text(&self, cell: Cell) -> &str {
        if cell.is_cluster() {
            self.cluster_text(cell.payload())
        } else if cell.is_right_half() {
            ""
        } else {
            char_str(cell.payload())
        }
    }
}

/// Code points in one block of the table below; every boundary of UTF-8 length is a multiple.
const BLOCK: usize = 128;
const BLOCKS: usize = 0x11_0000 / BLOCK;

/// A code point as a string that lives for ever, so that views of cells can lend it; a space for 0.
/// Blocks of the table are made when first asked for.
#[inline]
fn char_str(ch: u32) -> &'static str {
    static TABLE: [OnceLock<Box<str>>; BLOCKS] = [const { OnceLock::new() }; BLOCKS];
    let ch = if ch == 0 { 0x20 } else { ch as usize };
    let Some(slot) = TABLE.get(ch / BLOCK) else { return " " };
    let block = slot.get_or_init(|| {
        let first = (ch / BLOCK * BLOCK) as u32;
        (first..first + BLOCK as u32).filter_map(char::from_u32).collect()
    });
    let len = block.len() / BLOCK;
    let at = ch % BLOCK * len;
    // A block of surrogates is empty.
    block.get(at..at + len).filter(|s| !s.is_empty()).unwrap_or(" ")
}

/// A cell as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellView<'a> {
    /// The grapheme cluster; empty for the right half of a wide one, a space when blank.
    pub text: &'a str,
    /// Columns: 0 for a right half, 1, 2.
    pub width: u8,
    /// Its look.
    pub style: Style,
    /// Where it leads, if it is part of a hyperlink.
    pub link: Option<&'a str>,
}
