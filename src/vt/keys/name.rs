//! tmux's key names.

use super::{Key, KeyCode, Mods};

/// Names of keys; the first of several is what `name` writes.
const NAMES: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Escape", KeyCode::Escape),
    ("Space", KeyCode::Char(' ')),
    ("Tab", KeyCode::Tab),
    ("BTab", KeyCode::BackTab),
    ("BSpace", KeyCode::Backspace),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PPage", KeyCode::PageUp),
    ("PageUp", KeyCode::PageUp),
    ("PgUp", KeyCode::PageUp),
    ("NPage", KeyCode::PageDown),
    ("PageDown", KeyCode::PageDown),
    ("PgDn", KeyCode::PageDown),
    ("IC", KeyCode::Insert),
    ("Insert", KeyCode::Insert),
    ("DC", KeyCode::Delete),
    ("Delete", KeyCode::Delete),
    ("KPEnter", KeyCode::Kp('\n')),
    ("KP/", KeyCode::Kp('/')),
    ("KP*", KeyCode::Kp('*')),
    ("KP-", KeyCode::Kp('-')),
    ("KP+", KeyCode::Kp('+')),
    ("KP.", KeyCode::Kp('.')),
    ("KP=", KeyCode::Kp('=')),
    ("KP,", KeyCode::Kp(',')),
];

/// Highest function key.
const MAX_FUNCTION: u8 = 35;

/// Reads a key name as tmux does: modifiers `C-`, `M-`, `S-` (and `^` for control), then a
/// character, a name, or `0x` and a code point in hexadecimal.
pub fn parse_name(s: &str) -> Option<Key> {
    let mut mods = Mods::empty();
    let mut rest = s;
    if rest.len() > 1
        && let Some(after) = rest.strip_prefix('^')
    {
        mods |= Mods::CTRL;
        rest = after;
    }
    while let (Some(letter), Some('-')) = (rest.chars().next(), rest.chars().nth(1)) {
        if rest.len() < 3 {
            break;
        }
        mods |= match letter {
            'C' | 'c' => Mods::CTRL,
            'M' | 'm' => Mods::ALT,
            'S' | 's' => Mods::SHIFT,
            _ => return None,
        };
        rest = &rest[2..];
    }
    if let Some(byte) = rest.strip_prefix("0x").and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
        // What a terminal sends for a key with control.
        match byte {
            0x7f => return Some(normal(KeyCode::Backspace, mods)),
            1..=26 => return Some(normal(KeyCode::Char(char::from(byte + 0x60)), mods | Mods::CTRL)),
            0..=31 => return Some(normal(KeyCode::Char(char::from(byte + 0x40)), mods | Mods::CTRL)),
            _ => {}
        }
    }
    let code = code_of(rest)?;
    Some(normal(code, mods))
}

fn code_of(name: &str) -> Option<KeyCode> {
    let mut chars = name.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(KeyCode::Char(c));
    }
    if let Some((_, code)) = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        return Some(*code);
    }
    if let Some(hex) = name.strip_prefix("0x") {
        let c = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
        return (!c.is_control()).then_some(KeyCode::Char(c));
    }
    if let Some(n) = name.strip_prefix("Key") {
        return Some(KeyCode::Other(n.parse().ok()?));
    }
    if let Some(digit) = name.strip_prefix("KP").or(name.strip_prefix("kp")) {
        let mut chars = digit.chars();
        let c = chars.next().filter(char::is_ascii_digit)?;
        return chars.next().is_none().then_some(KeyCode::Kp(c));
    }
    let n = name.strip_prefix(['F', 'f'])?.parse().ok()?;
    (1..=MAX_FUNCTION).contains(&n).then_some(KeyCode::F(n))
}

/// One form for keys that several names mean, the one the decoder makes.
fn normal(code: KeyCode, mods: Mods) -> Key {
    match code {
        KeyCode::Tab if mods.contains(Mods::SHIFT) => Key::new(KeyCode::BackTab, mods.without(Mods::SHIFT)),
        KeyCode::Char('@') if mods.contains(Mods::CTRL) => Key::new(KeyCode::Char(' '), mods),
        KeyCode::Char('[') if mods == Mods::CTRL => Key::plain(KeyCode::Escape),
        KeyCode::Char('i') if mods == Mods::CTRL => Key::plain(KeyCode::Tab),
        KeyCode::Char('m') if mods == Mods::CTRL => Key::plain(KeyCode::Enter),
        KeyCode::Char(c) if mods.contains(Mods::CTRL) => {
            Key::new(KeyCode::Char(c.to_ascii_lowercase()), mods)
        }
        KeyCode::Char(c) if mods.contains(Mods::SHIFT) && c.is_ascii_lowercase() => {
            Key::new(KeyCode::Char(c.to_ascii_uppercase()), mods.without(Mods::SHIFT))
        }
        _ => Key::new(code, mods),
    }
}

/// Writes a key's name as tmux does.
pub fn name(key: Key) -> String {
    let mut out = String::new();
    for (mods, prefix) in [(Mods::CTRL, "C-"), (Mods::ALT, "M-"), (Mods::SHIFT, "S-")] {
        if key.mods.contains(mods) {
            out.push_str(prefix);
        }
    }
    if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == key.code) {
        out.push_str(name);
        return out;
    }
    match key.code {
        KeyCode::Char(c) => out.push(c),
        KeyCode::F(n) => out.push_str(&format!("F{n}")),
        KeyCode::Kp(c) => out.push_str(&format!("KP{c}")),
        KeyCode::Other(n) => out.push_str(&format!("Key{n}")),
        // Every other key is in the table.
        _ => {}
    }
    out
}
