//! How a cell looks: colours and attributes.

use serde::{Deserialize, Serialize};
use std::ops::{BitOr, BitOrAssign};

/// A colour as programs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Color {
    /// The terminal's own foreground or background.
    #[default]
    Default,
    /// An entry of the 256-colour palette.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// Tag bits of a packed colour; the low 24 bits hold the index or the three components.
const TAG_INDEXED: u32 = 1 << 24;
const TAG_RGB: u32 = 2 << 24;

impl Color {
    /// The colour in one word, as cells hold it; 0 is [`Color::Default`].
    #[inline]
    pub fn pack(self) -> u32 {
        match self {
            Color::Default => 0,
            Color::Indexed(n) => TAG_INDEXED | u32::from(n),
            Color::Rgb(r, g, b) => TAG_RGB | u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
        }
    }

    /// Undoes [`pack`](Self::pack).
    #[inline]
    pub fn unpack(word: u32) -> Color {
        match word >> 24 {
            0 => Color::Default,
            1 => Color::Indexed(word as u8),
            _ => Color::Rgb((word >> 16) as u8, (word >> 8) as u8, word as u8),
        }
    }
}

/// A set of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attrs(pub u16);

impl Attrs {
    /// SGR 1.
    pub const BOLD: Attrs = Attrs(1);
    /// SGR 2.
    pub const DIM: Attrs = Attrs(1 << 1);
    /// SGR 3.
    pub const ITALIC: Attrs = Attrs(1 << 2);
    /// SGR 4.
    pub const UNDERLINE: Attrs = Attrs(1 << 3);
    /// SGR 21 or 4:2.
    pub const DOUBLE_UNDERLINE: Attrs = Attrs(1 << 4);
    /// SGR 4:3.
    pub const CURLY_UNDERLINE: Attrs = Attrs(1 << 5);
    /// SGR 4:4.
    pub const DOTTED_UNDERLINE: Attrs = Attrs(1 << 6);
    /// SGR 4:5.
    pub const DASHED_UNDERLINE: Attrs = Attrs(1 << 7);
    /// SGR 5 or 6.
    pub const BLINK: Attrs = Attrs(1 << 8);
    /// SGR 7.
    pub const REVERSE: Attrs = Attrs(1 << 9);
    /// SGR 8.
    pub const HIDDEN: Attrs = Attrs(1 << 10);
    /// SGR 9.
    pub const STRIKE: Attrs = Attrs(1 << 11);
    /// SGR 53.
    pub const OVERLINE: Attrs = Attrs(1 << 12);
    /// DECSCA 1: selective erase leaves the cell alone. Never part of a `Style` seen from outside.
    pub(super) const PROTECTED: Attrs = Attrs(1 << 13);
    /// Every kind of underline; at most one of them is set in a style made by SGR.
    pub const ANY_UNDERLINE: Attrs = Attrs(0b1_1111 << 3);

    /// No attribute.
    pub const fn empty() -> Attrs {
        Attrs(0)
    }
    /// Whether none is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether all of `other` are set.
    pub const fn contains(self, other: Attrs) -> bool {
        self.0 & other.0 == other.0
    }
    /// Whether any of `other` is set.
    pub const fn intersects(self, other: Attrs) -> bool {
        self.0 & other.0 != 0
    }
    /// Sets all of `other`.
    pub fn insert(&mut self, other: Attrs) {
        self.0 |= other.0;
    }
    /// Clears all of `other`.
    pub fn remove(&mut self, other: Attrs) {
        self.0 &= !other.0;
    }
    /// The set without `other`.
    #[must_use]
    pub const fn without(self, other: Attrs) -> Attrs {
        Attrs(self.0 & !other.0)
    }
}

impl BitOr for Attrs {
    type Output = Attrs;
    fn bitor(self, other: Attrs) -> Attrs {
        Attrs(self.0 | other.0)
    }
}

impl BitOrAssign for Attrs {
    fn bitor_assign(&mut self, other: Attrs) {
        self.0 |= other.0;
    }
}

/// Colours and attributes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Style {
    /// Foreground.
    pub fg: Color,
    /// Background.
    pub bg: Color,
    /// Colour of the underline; `Default` follows the foreground.
    pub underline: Color,
    /// Attributes.
    pub attrs: Attrs,
}
