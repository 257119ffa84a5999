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
    /// Above the slider of a scroll bar.
    ScrollbarUp,
    /// On it.
    ScrollbarSlider,
    /// Below it.
    ScrollbarDown,
    /// On a part of a format that `range=control|N` marks.
    Control(u8),
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

const AREAS: [(&str, MouseArea); 9] = [
    ("Pane", MouseArea::Pane),
    ("Border", MouseArea::Border),
    ("StatusLeft", MouseArea::StatusLeft),
    ("StatusRight", MouseArea::StatusRight),
    ("StatusDefault", MouseArea::StatusDefault),
    ("Status", MouseArea::Status),
    ("ScrollbarUp", MouseArea::ScrollbarUp),
    ("ScrollbarSlider", MouseArea::ScrollbarSlider),
    ("ScrollbarDown", MouseArea::ScrollbarDown),
];

/// `Control3` and the like.
fn control(text: &str) -> Option<(&str, MouseArea)> {
    let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at))?;
    let (rest, number) = text.split_at(at);
    Some((rest.strip_suffix("Control")?, MouseArea::Control(number.parse().ok()?)))
}

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

/// The place of a key among keys with the same modifiers, as tmux 3.7 numbers them: characters, keys without one,
/// the keypad, what the mouse does.
fn code_rank(code: KeyCode) -> u32 {
    let known = |at: Option<usize>| at.map_or(u32::from(u8::MAX), |at| at as u32);
    match code {
        KeyCode::Tab => 9,
        KeyCode::Enter => 13,
        KeyCode::Escape => 27,
        KeyCode::Char(c) => u32::from(c),
        KeyCode::F(n) => SPECIAL_BASE + 1 + u32::from(n),
        KeyCode::Kp(c) => SPECIAL_BASE + 0x200 + known(KEYPAD.find(c)),
        KeyCode::Other(n) => 0x2000_0000 + u32::from(n),
        other => match SPECIAL.iter().position(|s| *s == other) {
            Some(0) => SPECIAL_BASE,
            at => SPECIAL_BASE + 0x100 + known(at),
        },
    }
}

/// Behind the last character of Unicode.
const SPECIAL_BASE: u32 = 0x11_0000;

fn mouse_rank(action: MouseAction, area: MouseArea) -> u32 {
    let (kind, button) = match action {
        MouseAction::Move => (0, 0),
        MouseAction::Down(n) => (1, n),
        MouseAction::Up(n) => (2, n),
        MouseAction::Drag(n) => (3, n),
        MouseAction::DragEnd(n) => (4, n),
        MouseAction::WheelDown => (5, 0),
        MouseAction::WheelUp => (6, 0),
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
        MouseArea::ScrollbarUp => 6,
        MouseArea::ScrollbarSlider => 7,
        MouseArea::ScrollbarDown => 8,
        MouseArea::Control(n) => 9 + u32::from(n),
    };
    SPECIAL_BASE + 0x1000 + kind * 0x400 + u32::from(button) * 0x20 + area
}

impl Trigger {
    /// The place in a list, as tmux 3.7 has it: by modifiers (Alt, Ctrl, Shift), then by key.
    pub fn rank(&self) -> (u8, u32) {
        let of = |mods: Mods| {
            [(Mods::ALT, 1), (Mods::CTRL, 2), (Mods::SHIFT, 4)]
                .iter()
                .map(|(m, bit)| if mods.contains(*m) { *bit } else { 0 })
                .sum()
        };
        match self {
            Trigger::Key(key) => (of(key.mods), code_rank(key.code)),
            Trigger::FocusIn => (0, SPECIAL_BASE - 3),
            Trigger::FocusOut => (0, SPECIAL_BASE - 2),
            Trigger::Any => (0, SPECIAL_BASE - 1),
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
        if let Some((action, area)) = control(rest).and_then(|(name, area)| Some((action(name)?, area))) {
            return Some(Trigger::Mouse(action, area, mods));
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
                if let MouseArea::Control(n) = area {
                    return write!(f, "Control{n}");
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
