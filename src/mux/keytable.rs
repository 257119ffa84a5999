//! Key tables: what a key or a mouse event is bound to.

use crate::command::Command;
use crate::vt::keys::{self, Key, KeyCode, Mods};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Most key tables and most bindings in one.
pub const MAX_TABLES: usize = 1024;

/// Where on the screen a mouse event was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MouseArea {
    /// In a pane.
    Pane,
    /// On a border.
    Border,
    /// On the list of windows in the status line.
    Status,
    /// On its left part.
    StatusLeft,
    /// On its right part.
    StatusRight,
    /// Elsewhere on it.
    StatusDefault,
}

/// What the mouse did, as key tables name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MouseAction {
    /// `MouseDown1`.
    Down(u8),
    /// `MouseUp1`.
    Up(u8),
    /// `MouseDrag1`.
    Drag(u8),
    /// `MouseDragEnd1`.
    DragEnd(u8),
    /// `SecondClick1`.
    Second(u8),
    /// `DoubleClick1`.
    Double(u8),
    /// `TripleClick1`.
    Triple(u8),
    /// `WheelUp`.
    WheelUp,
    /// `WheelDown`.
    WheelDown,
    /// `MouseMove`.
    Move,
}

/// Something that can be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// A key.
    Key(Key),
    /// A mouse event, with its modifiers.
    Mouse(MouseAction, MouseArea, Mods),
    /// `Any`: what nothing else is bound to.
    Any,
    /// `FocusIn`.
    FocusIn,
    /// `FocusOut`.
    FocusOut,
}

const AREAS: [(&str, MouseArea); 6] = [
    ("Pane", MouseArea::Pane),
    ("Border", MouseArea::Border),
    ("StatusLeft", MouseArea::StatusLeft),
    ("StatusRight", MouseArea::StatusRight),
    ("StatusDefault", MouseArea::StatusDefault),
    ("Status", MouseArea::Status),
];

fn action(text: &str) -> Option<MouseAction> {
    match text {
        "WheelUp" => return Some(MouseAction::WheelUp),
        "WheelDown" => return Some(MouseAction::WheelDown),
        "MouseMove" => return Some(MouseAction::Move),
        _ => {}
    }
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (name, number) = text.split_at(text.len() - digits);
    let n: u8 = number.parse().ok().filter(|n| (1..=11).contains(n))?;
    Some(match name {
        "MouseDown" => MouseAction::Down(n),
        "MouseUp" => MouseAction::Up(n),
        "MouseDragEnd" => MouseAction::DragEnd(n),
        "MouseDrag" => MouseAction::Drag(n),
        "SecondClick" => MouseAction::Second(n),
        "DoubleClick" => MouseAction::Double(n),
        "TripleClick" => MouseAction::Triple(n),
        _ => return None,
    })
}

/// Keys that are no characters in the order tmux numbers them; function keys come after the first one.
const SPECIAL: [KeyCode; 13] = [
    KeyCode::Backspace,
    KeyCode::F(1),
    KeyCode::Insert,
    KeyCode::Delete,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::PageDown,
    KeyCode::PageUp,
    KeyCode::BackTab,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Left,
    KeyCode::Right,
];

/// The keypad in that order.
const KEYPAD: &str = "/*-789+456123\n0.";

/// The place of a key among keys with the same modifiers, as tmux 3.3 numbers them: ASCII, what the mouse does,
/// keys without a character, the keypad, other characters.
fn code_rank(code: KeyCode) -> u32 {
    let known = |at: Option<usize>| at.map_or(u32::from(u8::MAX), |at| at as u32);
    match code {
        KeyCode::Tab => 9,
        KeyCode::Enter => 13,
        KeyCode::Escape => 27,
        KeyCode::Char(c) if c.is_ascii() => u32::from(c),
        KeyCode::Char(c) => 0x3000 + u32::from(c),
        KeyCode::F(n) => 0x1100 + u32::from(n),
        KeyCode::Kp(c) => 0x2200 + known(KEYPAD.find(c)),
        KeyCode::Other(n) => 0x2000_0000 + u32::from(n),
        other => match SPECIAL.iter().position(|s| *s == other) {
            Some(0) => 0x1000,
            at => 0x2000 + known(at),
        },
    }
}

fn mouse_rank(action: MouseAction, area: MouseArea) -> u32 {
    let (kind, button) = match action {
        MouseAction::Move => (0, 0),
        MouseAction::Down(n) => (1, n),
        MouseAction::Up(n) => (2, n),
        MouseAction::Drag(n) => (3, n),
        MouseAction::DragEnd(n) => (4, n),
        MouseAction::WheelUp => (5, 0),
        MouseAction::WheelDown => (6, 0),
        MouseAction::Second(n) => (7, n),
        MouseAction::Double(n) => (8, n),
        MouseAction::Triple(n) => (9, n),
    };
    let area = match area {
        MouseArea::Pane => 0,
        MouseArea::Status => 1,
        MouseArea::StatusLeft => 2,
        MouseArea::StatusRight => 3,
        MouseArea::StatusDefault => 4,
        MouseArea::Border => 5,
    };
    0x800 + kind * 0x80 + u32::from(button) * 8 + area
}

impl Trigger {
    /// The place in a list, as tmux 3.3 has it: by modifiers (Alt, Ctrl, Shift), then by key.
    pub fn rank(&self) -> (u8, u32) {
        let of = |mods: Mods| {
            [(Mods::ALT, 1), (Mods::CTRL, 2), (Mods::SHIFT, 4)]
                .iter()
                .map(|(m, bit)| if mods.contains(*m) { *bit } else { 0 })
                .sum()
        };
        match self {
            // A letter with Ctrl is its control character there.
            Trigger::Key(Key { code: KeyCode::Char(c), mods })
                if mods.contains(Mods::CTRL) && c.is_ascii() =>
            {
                (of(mods.without(Mods::CTRL)), u32::from(*c) & 0x1f)
            }
            Trigger::Key(key) => (of(key.mods), code_rank(key.code)),
            Trigger::FocusIn => (0, 0x700),
            Trigger::FocusOut => (0, 0x701),
            Trigger::Any => (0, 0x702),
            Trigger::Mouse(action, area, mods) => (of(*mods), mouse_rank(*action, *area)),
        }
    }

    /// By tmux's name: `C-b`, `M-Left`, `MouseDown1Pane`, `Any`.
    pub fn parse(name: &str) -> Option<Trigger> {
        match name {
            "Any" => return Some(Trigger::Any),
            "FocusIn" => return Some(Trigger::FocusIn),
            "FocusOut" => return Some(Trigger::FocusOut),
            _ => {}
        }
        let mut mods = Mods::empty();
        let mut rest = name;
        loop {
            let (m, after) = match rest.as_bytes() {
                [b'C', b'-', ..] => (Mods::CTRL, &rest[2..]),
                [b'M', b'-', ..] => (Mods::ALT, &rest[2..]),
                [b'S', b'-', ..] => (Mods::SHIFT, &rest[2..]),
                _ => break,
            };
            mods.insert(m);
            rest = after;
        }
        for (suffix, area) in AREAS {
            if let Some(a) = rest.strip_suffix(suffix).and_then(action) {
                return Some(Trigger::Mouse(a, area, mods));
            }
        }
        keys::parse_name(name).map(Trigger::Key)
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::Key(k) => f.write_str(&keys::name(*k)),
            Trigger::Any => f.write_str("Any"),
            Trigger::FocusIn => f.write_str("FocusIn"),
            Trigger::FocusOut => f.write_str("FocusOut"),
            Trigger::Mouse(a, area, mods) => {
                for (m, sign) in [(Mods::CTRL, "C-"), (Mods::ALT, "M-"), (Mods::SHIFT, "S-")] {
                    if mods.contains(m) {
                        f.write_str(sign)?;
                    }
                }
                match a {
                    MouseAction::Down(n) => write!(f, "MouseDown{n}")?,
                    MouseAction::Up(n) => write!(f, "MouseUp{n}")?,
                    MouseAction::Drag(n) => write!(f, "MouseDrag{n}")?,
                    MouseAction::DragEnd(n) => write!(f, "MouseDragEnd{n}")?,
                    MouseAction::Second(n) => write!(f, "SecondClick{n}")?,
                    MouseAction::Double(n) => write!(f, "DoubleClick{n}")?,
                    MouseAction::Triple(n) => write!(f, "TripleClick{n}")?,
                    MouseAction::WheelUp => f.write_str("WheelUp")?,
                    MouseAction::WheelDown => f.write_str("WheelDown")?,
                    MouseAction::Move => f.write_str("MouseMove")?,
                }
                let name = AREAS.iter().find(|(_, a)| a == area).map_or("", |(n, _)| n);
                f.write_str(name)
            }
        }
    }
}

/// What a key does.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The commands.
    pub commands: Arc<[Command]>,
    /// `-r`: usable again without the prefix for `repeat-time`.
    pub repeat: bool,
    /// `-N`.
    pub note: Option<String>,
}

impl Binding {
    /// The commands as `list-keys` prints them.
    pub fn print(&self) -> String {
        super::commands::bind_key::print(&self.commands, " \\; ")
    }
}

/// All tables.
#[derive(Debug, Clone, Default)]
pub struct KeyTables {
    tables: BTreeMap<String, BTreeMap<Trigger, Binding>>,
}

impl KeyTables {
    /// What a trigger does in a table.
    pub fn get(&self, table: &str, trigger: Trigger) -> Option<&Binding> {
        self.tables.get(table)?.get(&trigger)
    }

    /// Whether there is such a table.
    pub fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Binds. False: there are too many tables.
    pub fn bind(&mut self, table: &str, trigger: Trigger, binding: Binding) -> bool {
        if !self.has(table) && self.tables.len() >= MAX_TABLES {
            return false;
        }
        self.tables.entry(table.to_owned()).or_default().insert(trigger, binding);
        true
    }

    /// Unbinds.
    pub fn unbind(&mut self, table: &str, trigger: Trigger) {
        if let Some(t) = self.tables.get_mut(table) {
            t.remove(&trigger);
        }
    }

    /// Unbinds all of a table. False: no such table.
    pub fn clear(&mut self, table: &str) -> bool {
        self.tables.remove(table).is_some()
    }

    /// Tables with their bindings, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeMap<Trigger, Binding>)> {
        self.tables.iter().map(|(n, t)| (n.as_str(), t))
    }
}
