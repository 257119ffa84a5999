//! Character sets G0 to G3.

use serde::{Deserialize, Serialize};

/// A 94-character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Charset {
    /// `B`.
    #[default]
    Ascii,
    /// `0`: DEC special graphics.
    Graphics,
    /// `A`: only `#` differs.
    British,
}

/// U+25AE..: what 0x5f to 0x7e mean in DEC special graphics (VT100 user guide, table 3-9).
const GRAPHICS: [char; 32] = [
    '\u{a0}', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼',
    '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

impl Charset {
    /// The set a designation's final byte names.
    pub fn named(byte: u8) -> Charset {
        match byte {
            b'0' | b'2' => Charset::Graphics,
            b'A' => Charset::British,
            _ => Charset::Ascii,
        }
    }

    /// The final byte that designates it.
    pub fn name(self) -> char {
        match self {
            Charset::Ascii => 'B',
            Charset::Graphics => '0',
            Charset::British => 'A',
        }
    }

    /// The character a byte of this set means.
    pub fn map(self, c: char) -> char {
        match (self, c) {
            (Charset::Graphics, '\u{5f}'..='\u{7e}') => GRAPHICS[c as usize - 0x5f],
            (Charset::British, '#') => '£',
            _ => c,
        }
    }
}

/// The designated sets and which are invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Charsets {
    /// G0 to G3.
    pub g: [Charset; 4],
    /// Which of them is in GL.
    pub gl: u8,
    /// Which of them is in GR (kept, but UTF-8 has no GR).
    pub gr: u8,
    /// The set of the next character only (SS2, SS3).
    pub single: Option<u8>,
}

impl Charsets {
    /// Whether ASCII text means itself.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.single.is_none() && self.g[usize::from(self.gl & 3)] == Charset::Ascii
    }

    /// The character to print for `c`; uses up a single shift.
    pub fn map(&mut self, c: char) -> char {
        let set = self.single.take().unwrap_or(self.gl);
        if c.is_ascii() { self.g[usize::from(set & 3)].map(c) } else { c }
    }
}
