//! Keys, mouse events and pastes to the bytes a program in a pane expects, by its modes.

use super::{Key, KeyCode, KeyEvent, Mods, Mouse, MouseKind};
use crate::vt::{Modes, MouseEncoding, MouseMode};

/// Flags of the kitty keyboard protocol.
const DISAMBIGUATE: u8 = 1;
const EVENT_TYPES: u8 = 2;
const ALTERNATE_KEYS: u8 = 4;
const ALL_AS_ESCAPES: u8 = 8;
const WITH_TEXT: u8 = 16;

/// The bytes of a key press. Empty for a key that the modes cannot express.
pub fn encode(key: Key, modes: &Modes) -> Vec<u8> {
    encode_event(key, KeyEvent::Press, modes)
}

/// The bytes of what happened to a key. Empty for a release nobody asked for.
pub fn encode_event(key: Key, event: KeyEvent, modes: &Modes) -> Vec<u8> {
    let told = modes.kitty_flags & EVENT_TYPES != 0;
    if event == KeyEvent::Release && !told {
        return Vec::new();
    }
    let shown = if told { event } else { KeyEvent::Press };
    if modes.kitty_flags != 0
        && let Some(bytes) = kitty(key, shown, modes.kitty_flags)
    {
        return bytes;
    }
    if event == KeyEvent::Release {
        return Vec::new();
    }
    let key = match key.code {
        // Legacy encodings have no Meta, Super or Hyper; Meta is what Alt stands for.
        _ if key.mods.contains(Mods::META) => Key::new(key.code, key.mods.without(Mods::META) | Mods::ALT),
        _ => key,
    };
    let mods = key.mods.without(Mods::SUPER | Mods::HYPER);
    let key = Key { mods, ..key };
    if modes.modify_other_keys > 0
        && let Some(bytes) = modified_other(key, modes.modify_other_keys)
    {
        return bytes;
    }
    legacy(key, modes)
}

/// xterm's modifier parameter.
fn parameter(mods: Mods) -> u8 {
    mods.0 + 1
}

/// The control character of `c`, if it has one.
fn control(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' => c as u8 - 0x60,
        'A'..='Z' => c as u8 - 0x40,
        ' ' | '@' | '2' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' => 0x1e,
        '_' | '7' | '/' | '-' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return None,
    })
}

fn legacy(key: Key, modes: &Modes) -> Vec<u8> {
    let Key { code, mods } = key;
    let ctrl = mods.contains(Mods::CTRL);
    let one = |b: u8| with_alt(mods, &[b]);
    match code {
        KeyCode::Char(c) => match control(c).filter(|_| ctrl) {
            Some(b) => one(b),
            None => with_alt(mods, c.encode_utf8(&mut [0; 4]).as_bytes()),
        },
        KeyCode::Enter if modes.newline => with_alt(mods, b"\r\n"),
        KeyCode::Enter => one(b'\r'),
        KeyCode::Tab => one(b'\t'),
        KeyCode::BackTab => with_alt(mods, b"\x1b[Z"),
        KeyCode::Backspace => one(if modes.backarrow_bs != ctrl { 0x08 } else { 0x7f }),
        KeyCode::Escape => one(0x1b),
        KeyCode::Kp(c) => keypad(c, mods, modes),
        KeyCode::F(n) => function_key(n, mods),
        KeyCode::Other(_) => Vec::new(),
        _ => cursor_key(code, mods, modes.app_cursor),
    }
}

fn with_alt(mods: Mods, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1);
    if mods.contains(Mods::ALT) {
        out.push(0x1b);
    }
    out.extend_from_slice(bytes);
    out
}

/// The final letter of a cursor key; Home and End have one too.
fn letter(code: KeyCode) -> Option<char> {
    Some(match code {
        KeyCode::Up => 'A',
        KeyCode::Down => 'B',
        KeyCode::Right => 'C',
        KeyCode::Left => 'D',
        KeyCode::End => 'F',
        KeyCode::Home => 'H',
        _ => return None,
    })
}

/// The number of a key that ends in `~`.
fn tilde(code: KeyCode) -> Option<u8> {
    Some(match code {
        KeyCode::Insert => 2,
        KeyCode::Delete => 3,
        KeyCode::PageUp => 5,
        KeyCode::PageDown => 6,
        KeyCode::F(n @ 5) => n + 10,
        KeyCode::F(n @ 6..=10) => n + 11,
        KeyCode::F(n @ 11..=14) => n + 12,
        KeyCode::F(n @ 15..=16) => n + 13,
        KeyCode::F(n @ 17..=20) => n + 14,
        _ => return None,
    })
}

fn cursor_key(code: KeyCode, mods: Mods, application: bool) -> Vec<u8> {
    if mods.is_empty() {
        return match (code, letter(code)) {
            // What tmux-256color says of Home and End.
            (KeyCode::Home, _) => b"\x1b[1~".to_vec(),
            (KeyCode::End, _) => b"\x1b[4~".to_vec(),
            (_, Some(c)) if application => format!("\x1bO{c}").into_bytes(),
            (_, Some(c)) => format!("\x1b[{c}").into_bytes(),
            _ => tilde(code).map_or_else(Vec::new, |n| format!("\x1b[{n}~").into_bytes()),
        };
    }
    with_parameter(code, mods)
}

fn with_parameter(code: KeyCode, mods: Mods) -> Vec<u8> {
    let m = parameter(mods);
    match (letter(code), tilde(code)) {
        (Some(c), _) => format!("\x1b[1;{m}{c}").into_bytes(),
        (_, Some(n)) => format!("\x1b[{n};{m}~").into_bytes(),
        _ => Vec::new(),
    }
}

fn function_key(n: u8, mods: Mods) -> Vec<u8> {
    match (n, mods.is_empty()) {
        (1..=4, true) => vec![0x1b, b'O', b'O' + n],
        (1..=4, false) => format!("\x1b[1;{}{}", parameter(mods), char::from(b'O' + n)).into_bytes(),
        (_, true) => tilde(KeyCode::F(n)).map_or_else(Vec::new, |n| format!("\x1b[{n}~").into_bytes()),
        _ => with_parameter(KeyCode::F(n), mods),
    }
}

fn keypad(c: char, mods: Mods, modes: &Modes) -> Vec<u8> {
    if modes.app_keypad && mods.is_empty() {
        let last = match c {
            '\n' => 'M',
            '=' => 'X',
            ' ' => ' ',
            '*'..='9' => char::from(c as u8 - b'*' + b'j'),
            _ => return Vec::new(),
        };
        return format!("\x1bO{last}").into_bytes();
    }
    let c = if c == '\n' { '\r' } else { c };
    with_alt(mods, c.encode_utf8(&mut [0; 4]).as_bytes())
}

/// modifyOtherKeys: `CSI 27 ; mods ; code ~` for what has no code of its own (level 1) or for any
/// modified character (level 2). `None` leaves the key to the legacy form.
fn modified_other(key: Key, level: u8) -> Option<Vec<u8>> {
    let Key { code, mods } = key;
    if mods.is_empty() {
        return None;
    }
    let (number, shifted) = match code {
        // xterm tells the character typed, so shift shows in it too.
        KeyCode::Char(c) if mods.contains(Mods::SHIFT) => (c.to_ascii_uppercase().into(), false),
        KeyCode::Char(c) => (u32::from(c), false),
        KeyCode::Enter => (13, false),
        KeyCode::Tab => (9, false),
        KeyCode::BackTab if !mods.is_empty() => (9, true),
        KeyCode::Escape if level == 2 => (27, false),
        KeyCode::Backspace if level == 2 => (127, false),
        _ => return None,
    };
    let mods = if shifted { mods | Mods::SHIFT } else { mods };
    let ctrl = mods.contains(Mods::CTRL);
    if let (1, KeyCode::Char(c)) = (level, code) {
        // Alt alone and control characters keep their known form.
        let known = if ctrl { control(c).is_some() && !mods.contains(Mods::SHIFT) } else { true };
        if known {
            return None;
        }
    }
    if let KeyCode::Char(_) = code
        && mods.without(Mods::SHIFT).is_empty()
    {
        return None;
    }
    Some(format!("\x1b[27;{};{number}~", parameter(mods)).into_bytes())
}

/// The flags of the kitty protocol to ask the outer terminal for, so that a program with `flags` in
/// force can be told all it wants.
pub fn outer_flags(flags: u8) -> u8 {
    match flags {
        0 => 0,
        // Without the text and the shifted key, what a key types could not be told apart any more.
        _ if flags & ALL_AS_ESCAPES != 0 => flags | DISAMBIGUATE | ALTERNATE_KEYS | WITH_TEXT,
        _ => flags & EVENT_TYPES | DISAMBIGUATE,
    }
}

/// The kitty form; `None` leaves the key to the legacy form.
fn kitty(key: Key, event: KeyEvent, flags: u8) -> Option<Vec<u8>> {
    let all = flags & ALL_AS_ESCAPES != 0;
    if flags & (DISAMBIGUATE | ALL_AS_ESCAPES) == 0 {
        return None;
    }
    let Key { code, mods } = key;
    let up = event == KeyEvent::Release;
    let text_only = mods.without(Mods::SHIFT).is_empty() && !all;
    let (number, mods, shifted) = match code {
        KeyCode::Char(_) if text_only && !up => return None,
        // So that a shell left in this mode still takes a line; their release is not told either.
        KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace | KeyCode::BackTab if mods.is_empty() && !all => {
            return if up { Some(Vec::new()) } else { None };
        }
        KeyCode::Char(c) => {
            // The key is named by what it types without shift.
            let mut lower = c.to_lowercase();
            let base = lower.next().filter(|_| lower.next().is_none()).unwrap_or(c);
            let mods = if base == c { mods } else { mods | Mods::SHIFT };
            (u32::from(base), mods, (base != c).then_some(c))
        }
        KeyCode::Enter => (13, mods, None),
        KeyCode::Tab => (9, mods, None),
        KeyCode::BackTab => (9, mods | Mods::SHIFT, None),
        KeyCode::Backspace => (127, mods, None),
        KeyCode::Escape => (27, mods, None),
        KeyCode::F(n @ 13..=35) => (57376 + u32::from(n) - 13, mods, None),
        KeyCode::Kp(c) => (keypad_number(c)?, mods, None),
        // Modifiers pressed alone are keys only where all keys are.
        _ if key.is_modifier() && !all => return Some(Vec::new()),
        KeyCode::Other(n) => (u32::from(n), mods, None),
        _ => return Some(kitty_legacy_key(code, mods, event)),
    };
    let mut out = format!("\x1b[{number}");
    if let (true, Some(c)) = (flags & ALTERNATE_KEYS != 0, shifted) {
        out.push_str(&format!(":{}", u32::from(c)));
    }
    let text = match code {
        KeyCode::Char(c) if flags & WITH_TEXT != 0 && mods.without(Mods::SHIFT).is_empty() && !up => {
            Some(u32::from(c))
        }
        _ => None,
    };
    let modifiers = modifiers(mods, event);
    if modifiers.is_some() || text.is_some() {
        out.push(';');
        out.push_str(&modifiers.unwrap_or_default());
    }
    if let Some(text) = text {
        out.push_str(&format!(";{text}"));
    }
    out.push('u');
    Some(out.into_bytes())
}

/// The parameter of modifiers and event; `None` when both go without saying.
fn modifiers(mods: Mods, event: KeyEvent) -> Option<String> {
    match event {
        KeyEvent::Press if mods.is_empty() => None,
        KeyEvent::Press => Some(parameter(mods).to_string()),
        KeyEvent::Repeat => Some(format!("{}:2", parameter(mods))),
        KeyEvent::Release => Some(format!("{}:3", parameter(mods))),
    }
}

/// Keys that keep their old final byte in the kitty protocol, always with CSI.
fn kitty_legacy_key(code: KeyCode, mods: Mods, event: KeyEvent) -> Vec<u8> {
    let last = match code {
        KeyCode::F(1) => Some('P'),
        KeyCode::F(2) => Some('Q'),
        KeyCode::F(4) => Some('S'),
        _ => letter(code),
    };
    // F3 as `R` would look like a cursor report.
    let number = if code == KeyCode::F(3) { Some(13) } else { tilde(code) };
    let text = match (last, number, modifiers(mods, event)) {
        (Some(c), _, None) => format!("\x1b[{c}"),
        (Some(c), _, Some(m)) => format!("\x1b[1;{m}{c}"),
        (None, Some(n), None) => format!("\x1b[{n}~"),
        (None, Some(n), Some(m)) => format!("\x1b[{n};{m}~"),
        (None, None, _) => String::new(),
    };
    text.into_bytes()
}

fn keypad_number(c: char) -> Option<u32> {
    Some(match c {
        '0'..='9' => 57399 + u32::from(c) - u32::from('0'),
        '.' => 57409,
        '/' => 57410,
        '*' => 57411,
        '-' => 57412,
        '+' => 57413,
        '\n' => 57414,
        '=' => 57415,
        ',' => 57416,
        _ => return None,
    })
}

/// The bytes of a mouse event; empty when the program did not ask for it.
pub fn encode_mouse(m: Mouse, modes: &Modes) -> Vec<u8> {
    let wanted = match modes.mouse {
        MouseMode::Off => false,
        MouseMode::X10 => m.kind == MouseKind::Down && m.button < 3,
        MouseMode::Normal => !matches!(m.kind, MouseKind::Drag | MouseKind::Move),
        MouseMode::Button => m.kind != MouseKind::Move,
        MouseMode::Any => true,
    };
    if !wanted {
        return Vec::new();
    }
    let mut code = u32::from(m.button);
    if matches!(m.kind, MouseKind::Drag | MouseKind::Move) {
        code += 32;
    }
    if modes.mouse != MouseMode::X10 {
        for (mods, bit) in [(Mods::SHIFT, 4), (Mods::ALT, 8), (Mods::CTRL, 16)] {
            if m.mods.contains(mods) {
                code += bit;
            }
        }
    }
    let up = m.kind == MouseKind::Up;
    let (x, y) = (u32::from(m.x) + 1, u32::from(m.y) + 1);
    // The older encodings do not tell which button went up.
    let old = if up { code & !3 | 3 } else { code };
    match modes.mouse_encoding {
        MouseEncoding::Sgr => sgr_mouse(code, x, y, up),
        MouseEncoding::SgrPixels => {
            let (w, h) = modes.cell_pixels;
            // The middle of the cell: where in it the pointer was is not known.
            let pixel = |n: u16, size: u16| u32::from(n) * u32::from(size) + u32::from(size) / 2 + 1;
            sgr_mouse(code, pixel(m.x, w), pixel(m.y, h), up)
        }
        MouseEncoding::Urxvt => format!("\x1b[{};{x};{y}M", old + 32).into_bytes(),
        MouseEncoding::X10 | MouseEncoding::Utf8 => {
            let utf8 = modes.mouse_encoding == MouseEncoding::Utf8;
            let limit = if utf8 { 2015 } else { 223 };
            if x > limit || y > limit {
                return Vec::new();
            }
            let mut out = b"\x1b[M".to_vec();
            for n in [old, x, y] {
                match char::from_u32(n + 32) {
                    Some(c) if utf8 => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                    _ => out.push((n + 32) as u8),
                }
            }
            out
        }
    }
}

fn sgr_mouse(code: u32, x: u32, y: u32, up: bool) -> Vec<u8> {
    format!("\x1b[<{code};{x};{y}{}", if up { 'm' } else { 'M' }).into_bytes()
}

/// The bytes of a paste: in brackets if the program asked for them, else with carriage returns for
/// newlines, as if typed.
pub fn encode_paste(bytes: &[u8], modes: &Modes) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    if modes.bracketed_paste {
        out.extend_from_slice(b"\x1b[200~");
        // A closing bracket inside would let the rest pass for typed commands.
        let mut rest = bytes;
        while let Some(at) = memchr::memmem::find(rest, b"\x1b[201~") {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at + 6..];
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(b"\x1b[201~");
        return out;
    }
    let mut last = 0;
    for b in bytes {
        match b {
            b'\n' if last == b'\r' => {}
            b'\n' => out.push(b'\r'),
            b => out.push(*b),
        }
        last = *b;
    }
    out
}

/// The bytes that tell the focus came or went; empty when the program did not ask.
pub fn encode_focus(focused: bool, modes: &Modes) -> Vec<u8> {
    match (modes.focus_events, focused) {
        (false, _) => Vec::new(),
        (true, true) => b"\x1b[I".to_vec(),
        (true, false) => b"\x1b[O".to_vec(),
    }
}
