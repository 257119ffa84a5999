//! Keys and mouse events: types shared by the decoder, the encoder and the names.

use serde::{Deserialize, Serialize};
use std::ops::{BitOr, BitOrAssign};

mod decode;
mod encode;
mod name;

pub use decode::Decoder;
pub use encode::{encode, encode_event, encode_focus, encode_mouse, encode_paste, outer_flags};
pub use name::{name, parse_name};

/// A set of modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mods(pub u8);

impl Mods {
    /// Shift.
    pub const SHIFT: Mods = Mods(1);
    /// Alt, tmux's Meta.
    pub const ALT: Mods = Mods(2);
    /// Control.
    pub const CTRL: Mods = Mods(4);
    /// Super, the logo key.
    pub const SUPER: Mods = Mods(8);
    /// Hyper.
    pub const HYPER: Mods = Mods(16);
    /// Meta where it is not Alt.
    pub const META: Mods = Mods(32);

    /// None.
    pub const fn empty() -> Mods {
        Mods(0)
    }
    /// Whether none is held.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether all of `other` are held.
    pub const fn contains(self, other: Mods) -> bool {
        self.0 & other.0 == other.0
    }
    /// Adds `other`.
    pub fn insert(&mut self, other: Mods) {
        self.0 |= other.0;
    }
    /// Takes `other` away.
    pub fn remove(&mut self, other: Mods) {
        self.0 &= !other.0;
    }
    /// The set without `other`.
    #[must_use]
    pub const fn without(self, other: Mods) -> Mods {
        Mods(self.0 & !other.0)
    }
}

impl BitOr for Mods {
    type Output = Mods;
    fn bitor(self, other: Mods) -> Mods {
        Mods(self.0 | other.0)
    }
}

impl BitOrAssign for Mods {
    fn bitor_assign(&mut self, other: Mods) {
        self.0 |= other.0;
    }
}

/// A key without its modifiers. Shift is part of the character for `Char`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyCode {
    /// A character, as typed: `A`, not shift and `a`.
    Char(char),
    /// Return.
    Enter,
    /// Tab.
    Tab,
    /// Shift-Tab, tmux's `BTab`.
    BackTab,
    /// Backspace.
    Backspace,
    /// Escape.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// A function key, from 1.
    F(u8),
    /// A key of the keypad by what stands on it; Enter is `\n`, the middle key without number
    /// lock is `5`.
    Kp(char),
    /// A key without a text or a name of its own, by its number in the kitty protocol (57358 to
    /// 57454: Caps Lock, media keys, modifiers).
    Other(u16),
}

/// A key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// The modifiers held.
    pub mods: Mods,
}

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: KeyCode) -> Key {
        Key { code, mods: Mods::empty() }
    }
    /// A key with modifiers.
    pub const fn new(code: KeyCode, mods: Mods) -> Key {
        Key { code, mods }
    }
    /// Whether it is nothing but a modifier (Shift, Control, Alt, Super, Hyper, Meta, AltGr; caps, scroll and
    /// number lock), as the kitty protocol tells them.
    pub const fn is_modifier(self) -> bool {
        matches!(self.code, KeyCode::Other(57358..=57360 | 57441..=57454))
    }
    /// Control and a character.
    pub const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), mods: Mods::CTRL }
    }
}

/// What happened to a key. Only the kitty protocol tells (its flag 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyEvent {
    /// It went down.
    #[default]
    Press,
    /// It is held and repeats.
    Repeat,
    /// It went up.
    Release,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MouseKind {
    /// A button went down.
    Down,
    /// A button went up.
    Up,
    /// It moved with a button down.
    Drag,
    /// It moved.
    Move,
    /// The wheel turned one notch.
    Wheel,
}

/// A mouse event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mouse {
    /// Column from 0.
    pub x: u16,
    /// Row from 0.
    pub y: u16,
    /// 0 left, 1 middle, 2 right, 3 none, 64 wheel up, 65 wheel down, 66 left, 67 right, 128 and
    /// on the extra buttons.
    pub button: u8,
    /// What happened.
    pub kind: MouseKind,
    /// The modifiers held (shift, alt and control are told).
    pub mods: Mods,
}

/// An answer of the outer terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// DA1: its parameters.
    Primary(Vec<u16>),
    /// DA2: its parameters.
    Secondary(Vec<u16>),
    /// XTVERSION: name and version as sent.
    Version(String),
    /// The kitty keyboard flags in force.
    KittyFlags(u8),
    /// OSC 10 (foreground), 11 (background), 12 (cursor): the command and the colour.
    Color(u16, (u8, u8, u8)),
    /// OSC 4: palette entry and colour.
    Palette(u8, (u8, u8, u8)),
    /// DECRPM: private mode and state (0 unknown, 1 set, 2 reset, 3 and 4 for ever).
    Mode(u16, u8),
    /// CPR: row and column from 1.
    Cursor(u16, u16),
    /// Colour scheme: whether it is dark.
    ColorScheme {
        /// Dark.
        dark: bool,
    },
    /// OSC 52: the selection letters and the decoded contents.
    Clipboard(String, Vec<u8>),
    /// `CSI 4/6/8 ; … t`: the window report's parameters.
    Window(Vec<u16>),
    /// A DCS answer not named above (XTGETTCAP, DECRQSS), without introducer and terminator.
    Dcs(Vec<u8>),
    /// Of the graphics protocol: the picture's identifier, and whether all is well.
    Graphics(u32, bool),
}

/// What came from the outer terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed, or repeats where nobody asked which.
    Key(Key),
    /// A held key repeats.
    Repeat(Key),
    /// A key went up.
    Release(Key),
    /// The mouse.
    Mouse(Mouse),
    /// Pasted bytes, the brackets taken off.
    Paste(Vec<u8>),
    /// The terminal got or lost the focus.
    Focus(bool),
    /// An answer.
    Reply(Reply),
    /// Bytes that are none of these.
    Raw(Vec<u8>),
}
