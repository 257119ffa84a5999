//! Bytes of the outer terminal to keys, mouse events and answers.

use super::{Input, Key, KeyCode, Mods, Mouse, MouseKind, Reply};
use crate::vt::colors::parse_color;
use crate::vt::osc::decode_base64;

/// Longest control sequence, in bytes.
const MAX_CSI: usize = 256;
/// Longest OSC or DCS answer, in bytes.
const MAX_STRING: usize = 2 << 20;
/// Longest paste handed on in one piece, in bytes.
const MAX_PASTE: usize = 16 << 20;

const PASTE_END: &[u8] = b"\x1b[201~";
const ESC: u8 = 0x1b;

/// Turns bytes into inputs, keeping what is not complete yet.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Between the brackets of a paste: the bytes so far.
    paste: Option<Vec<u8>>,
}

/// What the start of the buffer holds.
enum Step {
    /// An input of so many bytes.
    Done(usize, Option<Input>),
    /// More bytes are needed.
    More,
}

impl Decoder {
    /// A decoder that waits for the first byte.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Whether bytes wait for more: start the escape-time clock, then `flush`.
    pub fn pending(&self) -> bool {
        !self.buffer.is_empty() && self.paste.is_none()
    }

    /// Takes bytes and appends what they mean.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        self.buffer.extend_from_slice(bytes);
        self.drain(false, out);
    }

    /// The escape-time is over: what waits means what it means now. A lone ESC is Escape.
    pub fn flush(&mut self, out: &mut Vec<Input>) {
        self.drain(true, out);
    }

    fn drain(&mut self, flush: bool, out: &mut Vec<Input>) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut at = 0;
        while at < buffer.len() {
            if self.paste.is_some() {
                let n = self.paste_bytes(&buffer[at..], out);
                at += n;
                if n == 0 {
                    break;
                }
                continue;
            }
            match step(&buffer[at..], flush) {
                Step::More => break,
                Step::Done(n, Some(Input::Paste(_))) => {
                    self.paste = Some(Vec::new());
                    at += n;
                }
                Step::Done(n, input) => {
                    out.extend(input);
                    at += n.max(1);
                }
            }
        }
        self.buffer = buffer[at..].to_vec();
    }

    /// Takes pasted bytes up to the closing bracket; 0 when all that is there may be its start.
    fn paste_bytes(&mut self, bytes: &[u8], out: &mut Vec<Input>) -> usize {
        let Some(paste) = &mut self.paste else { return 0 };
        if let Some(end) = memchr::memmem::find(bytes, PASTE_END) {
            paste.extend_from_slice(&bytes[..end]);
            out.extend(self.paste.take().map(Input::Paste));
            return end + PASTE_END.len();
        }
        // The end may be the start of the bracket.
        let held = (1..PASTE_END.len()).rev().find(|n| bytes.ends_with(&PASTE_END[..*n])).unwrap_or(0);
        let n = bytes.len() - held;
        paste.extend_from_slice(&bytes[..n]);
        if paste.len() > MAX_PASTE {
            out.push(Input::Paste(std::mem::take(paste)));
        }
        n
    }
}

fn key(n: usize, code: KeyCode, mods: Mods) -> Step {
    Step::Done(n, Some(Input::Key(Key { code, mods })))
}

fn raw(bytes: &[u8]) -> Step {
    Step::Done(bytes.len(), Some(Input::Raw(bytes.to_vec())))
}

fn step(bytes: &[u8], flush: bool) -> Step {
    if bytes[0] != ESC {
        return plain(bytes, flush);
    }
    let more = |step: Step| match step {
        // What is cut off is a modified key after all.
        Step::More if flush => alt(bytes, flush),
        step => step,
    };
    match bytes.get(1) {
        None if flush => key(1, KeyCode::Escape, Mods::empty()),
        None => Step::More,
        Some(b'[') => more(csi(bytes, flush)),
        Some(b'O') => more(ss3(bytes)),
        Some(b']') => more(string(bytes, true)),
        Some(b'P' | b'_' | b'^' | b'X') => more(string(bytes, false)),
        Some(_) => alt(bytes, flush),
    }
}

/// ESC before another key: Alt.
fn alt(bytes: &[u8], flush: bool) -> Step {
    match bytes.get(1) {
        Some(&ESC) => match bytes.get(2) {
            // rxvt's Alt with a cursor key; otherwise Escape was pressed before this.
            Some(b'[' | b'O') => match step(&bytes[1..], flush) {
                Step::Done(n, Some(Input::Key(mut k))) if n > 2 => {
                    k.mods |= Mods::ALT;
                    Step::Done(n + 1, Some(Input::Key(k)))
                }
                Step::More => Step::More,
                Step::Done(..) => key(1, KeyCode::Escape, Mods::empty()),
            },
            None if !flush => Step::More,
            // As tmux.
            _ => key(2, KeyCode::Escape, Mods::ALT),
        },
        Some(_) => match plain(&bytes[1..], flush) {
            Step::Done(n, Some(Input::Key(mut k))) => {
                k.mods |= Mods::ALT;
                Step::Done(n + 1, Some(Input::Key(k)))
            }
            Step::More => Step::More,
            Step::Done(..) => key(1, KeyCode::Escape, Mods::empty()),
        },
        None => key(1, KeyCode::Escape, Mods::empty()),
    }
}

/// A key without an escape sequence.
fn plain(bytes: &[u8], flush: bool) -> Step {
    let b = bytes[0];
    match b {
        b'\t' => key(1, KeyCode::Tab, Mods::empty()),
        b'\r' => key(1, KeyCode::Enter, Mods::empty()),
        0x7f => key(1, KeyCode::Backspace, Mods::empty()),
        0 => key(1, KeyCode::Char(' '), Mods::CTRL),
        1..=26 => key(1, KeyCode::Char(char::from(b + 0x60)), Mods::CTRL),
        0x1c..=0x1f => key(1, KeyCode::Char(char::from(b + 0x40)), Mods::CTRL),
        0x20..=0x7e => key(1, KeyCode::Char(char::from(b)), Mods::empty()),
        _ => {
            let len = match b {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return raw(&bytes[..1]),
            };
            let have = &bytes[..len.min(bytes.len())];
            match std::str::from_utf8(have) {
                Ok(text) => match text.chars().next() {
                    Some(c) => key(len, KeyCode::Char(c), Mods::empty()),
                    None => raw(&bytes[..1]),
                },
                Err(e) if e.error_len().is_none() && !flush => Step::More,
                Err(_) => raw(&bytes[..1]),
            }
        }
    }
}

/// xterm's and kitty's modifier parameter: the bits plus one.
fn mods_of(parameter: u32) -> Mods {
    Mods(parameter.saturating_sub(1) as u8 & 63)
}

fn ss3(bytes: &[u8]) -> Step {
    let mut at = 2;
    let mut mods = Mods::empty();
    // Old terminals put a modifier between.
    if let (Some(d @ b'2'..=b'8'), Some(b'A'..=b'Z')) = (bytes.get(2), bytes.get(3)) {
        mods = mods_of(u32::from(d - b'0'));
        at = 3;
    }
    let Some(&b) = bytes.get(at) else { return Step::More };
    let code = match b {
        b'A'..=b'F' | b'H' | b'P'..=b'S' => match letter_key(b) {
            Some(code) => code,
            None => return alt(bytes, true),
        },
        b'M' => KeyCode::Kp('\n'),
        b'X' => KeyCode::Kp('='),
        b'I' => KeyCode::Kp('\t'),
        b' ' => KeyCode::Kp(' '),
        b'j'..=b'y' => KeyCode::Kp(char::from(b - b'j' + b'*')),
        b'a'..=b'd' => {
            // rxvt's Control with a cursor key.
            mods |= Mods::CTRL;
            [KeyCode::Up, KeyCode::Down, KeyCode::Right, KeyCode::Left][usize::from(b - b'a')]
        }
        _ => return key(2, KeyCode::Char('O'), Mods::ALT),
    };
    key(at + 1, code, mods)
}

/// Keys whose sequence ends in a letter.
fn letter_key(b: u8) -> Option<KeyCode> {
    Some(match b {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'E' => KeyCode::Kp('5'),
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(b - b'P' + 1),
        _ => return None,
    })
}

/// Keys whose sequence ends in `~`.
fn tilde_key(n: u32) -> Option<KeyCode> {
    Some(match n {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F((n - 10) as u8),
        17..=21 => KeyCode::F((n - 11) as u8),
        23..=26 => KeyCode::F((n - 12) as u8),
        28 | 29 => KeyCode::F((n - 13) as u8),
        31..=34 => KeyCode::F((n - 14) as u8),
        _ => return None,
    })
}

/// A control sequence taken apart.
struct Csi<'a> {
    mark: u8,
    /// Parameters with their parts after colons.
    params: Vec<Vec<u32>>,
    intermediate: u8,
    last: u8,
    bytes: &'a [u8],
}

impl Csi<'_> {
    fn get(&self, i: usize) -> u32 {
        self.sub(i, 0)
    }
    fn sub(&self, i: usize, j: usize) -> u32 {
        self.params.get(i).and_then(|p| p.get(j)).copied().unwrap_or(0)
    }
    fn numbers(&self) -> Vec<u16> {
        self.params.iter().map(|p| p.first().copied().unwrap_or(0) as u16).collect()
    }
}

fn csi(bytes: &[u8], flush: bool) -> Step {
    // X10 mouse: three bytes (or characters) follow; linux console: F1 to F5 are `[[A` to `[[E`.
    if bytes.get(2) == Some(&b'M') {
        return x10_mouse(bytes);
    }
    if bytes.get(2) == Some(&b'[') {
        return match bytes.get(3) {
            Some(b @ b'A'..=b'E') => key(4, KeyCode::F(b - b'A' + 1), Mods::empty()),
            None if !flush => Step::More,
            _ => key(2, KeyCode::Char('['), Mods::ALT),
        };
    }
    let body = &bytes[2..];
    // rxvt ends shifted keys with `$`, which is no final byte.
    let end = body.iter().position(|b| (0x40..=0x7e).contains(b) || *b < 0x20);
    let end = match end {
        Some(end) if end > 0 && body[end] < 0x20 && body[end - 1] == b'$' => end - 1,
        Some(end) if body[end] < 0x20 => return key(2, KeyCode::Char('['), Mods::ALT),
        Some(end) => end,
        None if body.len() > MAX_CSI => return raw(bytes),
        None if flush && body.last() == Some(&b'$') => body.len() - 1,
        None => return Step::More,
    };
    let n = end + 3;
    let (mark, rest) = match body.first() {
        Some(b @ b'<'..=b'?') if end > 0 => (*b, &body[1..end]),
        _ => (0, &body[..end]),
    };
    let digits = rest.iter().position(|b| (0x20..=0x2f).contains(b)).unwrap_or(rest.len());
    let number = |text: &[u8]| {
        text.iter()
            .fold(0u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b.wrapping_sub(b'0').min(9))))
    };
    let csi = Csi {
        mark,
        params: rest[..digits]
            .split(|b| *b == b';')
            .map(|p| p.split(|b| *b == b':').map(number).collect())
            .collect(),
        intermediate: rest.get(digits).copied().unwrap_or(0),
        last: body[end],
        bytes: &bytes[..n],
    };
    match csi.mark {
        0 => Step::Done(n, csi_key(&csi)),
        b'<' => Step::Done(n, sgr_mouse(&csi)),
        _ => Step::Done(n, csi_reply(&csi)),
    }
}

fn csi_key(csi: &Csi<'_>) -> Option<Input> {
    // The kitty protocol's event type stands behind the modifiers.
    match (key_of_csi(csi)?, csi.sub(1, 1)) {
        (Input::Key(key), 2) => Some(Input::Repeat(key)),
        (Input::Key(key), 3) => Some(Input::Release(key)),
        (input, _) => Some(input),
    }
}

fn key_of_csi(csi: &Csi<'_>) -> Option<Input> {
    let mods = mods_of(csi.get(1));
    let found = |code: KeyCode, mods: Mods| Some(Input::Key(Key { code, mods }));
    match csi.last {
        b'R' if csi.get(0) != 1 || csi.get(1) > 16 || csi.get(1) < 2 => {
            let (row, column) = (csi.get(0) as u16, csi.get(1) as u16);
            if csi.params.len() == 2 {
                return Some(Input::Reply(Reply::Cursor(row, column)));
            }
            found(KeyCode::F(3), mods)
        }
        b'Z' => found(KeyCode::BackTab, mods.without(Mods::SHIFT)),
        b'I' => Some(Input::Focus(true)),
        b'O' => Some(Input::Focus(false)),
        b'u' => unicode_key(csi),
        b't' if csi.params.len() > 1 => Some(Input::Reply(Reply::Window(csi.numbers()))),
        b'M' => urxvt_mouse(csi),
        b'~' => match csi.get(0) {
            27 => Some(Input::Key(typed(csi.get(2), mods)?)),
            200 => Some(Input::Paste(Vec::new())),
            n => match tilde_key(n) {
                // rxvt has no F13 to F20: they are F3 to F10 with shift, to tmux too.
                Some(KeyCode::F(f @ 13..=20)) => found(KeyCode::F(f - 10), mods | Mods::SHIFT),
                Some(code) => found(code, mods),
                None => Some(Input::Raw(csi.bytes.to_vec())),
            },
        },
        // rxvt: the final byte tells the modifier.
        b'^' => found(tilde_key(csi.get(0))?, Mods::CTRL),
        b'$' => found(tilde_key(csi.get(0))?, Mods::SHIFT),
        b'@' => found(tilde_key(csi.get(0))?, Mods::CTRL | Mods::SHIFT),
        b @ b'a'..=b'd' => {
            let keys = [KeyCode::Up, KeyCode::Down, KeyCode::Right, KeyCode::Left];
            found(keys[usize::from(b - b'a')], Mods::SHIFT)
        }
        b => match letter_key(b).filter(|_| csi.intermediate == 0) {
            Some(code) => found(code, mods),
            None => Some(Input::Raw(csi.bytes.to_vec())),
        },
    }
}

/// `CSI code:shifted:base ; mods:event ; text u`.
fn unicode_key(csi: &Csi<'_>) -> Option<Input> {
    let mods = mods_of(csi.get(1));
    let text = csi.get(2);
    let shifted = csi.sub(0, 1);
    let code = csi.get(0);
    let only_shift = mods.without(Mods::SHIFT).is_empty();
    let mut found = if only_shift && text >= 0x20 && text != 0x7f {
        typed(text, Mods::empty())?
    } else if shifted > 0 && mods.contains(Mods::SHIFT) && !mods.contains(Mods::CTRL) {
        typed(shifted, mods.without(Mods::SHIFT))?
    } else {
        typed(code, mods)?
    };
    if let Some(code) = functional(code) {
        found = Key { code, mods };
    }
    Some(Input::Key(found))
}

/// The key that types code point `code` with modifiers, as modifyOtherKeys and kitty tell it.
fn typed(code: u32, mods: Mods) -> Option<Key> {
    let shift = mods.contains(Mods::SHIFT);
    Some(match code {
        9 if shift => Key::new(KeyCode::BackTab, mods.without(Mods::SHIFT)),
        9 => Key::new(KeyCode::Tab, mods),
        13 => Key::new(KeyCode::Enter, mods),
        27 => Key::new(KeyCode::Escape, mods),
        8 | 127 => Key::new(KeyCode::Backspace, mods),
        _ => {
            let c = char::from_u32(code)?;
            if !mods.contains(Mods::CTRL) && !shift {
                Key::new(KeyCode::Char(c), mods)
            } else if !mods.contains(Mods::CTRL) {
                // The shift is in the character.
                let mut upper = c.to_uppercase();
                let c = upper.next().filter(|_| upper.next().is_none()).unwrap_or(c);
                Key::new(KeyCode::Char(c), mods.without(Mods::SHIFT))
            } else {
                // With control the shift stays a modifier: `C-S-a` in whichever protocol.
                Key::new(KeyCode::Char(c.to_ascii_lowercase()), mods)
            }
        }
    })
}

/// Keys of the kitty protocol in the private use area.
fn functional(code: u32) -> Option<KeyCode> {
    Some(match code {
        57376..=57398 => KeyCode::F((code - 57376 + 13) as u8),
        57399..=57408 => KeyCode::Kp(char::from(b'0' + (code - 57399) as u8)),
        57409 => KeyCode::Kp('.'),
        57410 => KeyCode::Kp('/'),
        57411 => KeyCode::Kp('*'),
        57412 => KeyCode::Kp('-'),
        57413 => KeyCode::Kp('+'),
        57414 => KeyCode::Kp('\n'),
        57415 => KeyCode::Kp('='),
        57416 => KeyCode::Kp(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        57427 => KeyCode::Kp('5'),
        57358..=57454 => KeyCode::Other(code as u16),
        _ => return None,
    })
}

/// A mouse event from the button code the protocols share, and a position from 1.
fn mouse(code: u32, x: u32, y: u32, up: bool) -> Option<Input> {
    let mut mods = Mods::empty();
    for (bit, m) in [(4, Mods::SHIFT), (8, Mods::ALT), (16, Mods::CTRL)] {
        if code & bit != 0 {
            mods |= m;
        }
    }
    let button = (code & 3 | code & 0xc0) as u8;
    let motion = code & 32 != 0;
    let kind = match () {
        () if (64..68).contains(&button) => MouseKind::Wheel,
        () if motion && button == 3 => MouseKind::Move,
        () if motion => MouseKind::Drag,
        () if up || button == 3 => MouseKind::Up,
        () => MouseKind::Down,
    };
    // The wheel has no release; some terminals send one.
    if kind == MouseKind::Wheel && up {
        return None;
    }
    let (x, y) = (x.saturating_sub(1) as u16, y.saturating_sub(1) as u16);
    Some(Input::Mouse(Mouse { x, y, button, kind, mods }))
}

fn sgr_mouse(csi: &Csi<'_>) -> Option<Input> {
    match csi.last {
        b'M' | b'm' => mouse(csi.get(0), csi.get(1), csi.get(2), csi.last == b'm'),
        _ => Some(Input::Raw(csi.bytes.to_vec())),
    }
}

fn urxvt_mouse(csi: &Csi<'_>) -> Option<Input> {
    mouse(csi.get(0).checked_sub(32)?, csi.get(1), csi.get(2), false)
}

fn x10_mouse(bytes: &[u8]) -> Step {
    let Some([code, x, y]) = bytes.get(3..6).and_then(|b| <[u8; 3]>::try_from(b).ok()) else {
        return Step::More;
    };
    let value = |b: u8| u32::from(b.saturating_sub(32));
    Step::Done(6, mouse(value(code), value(x), value(y), false))
}

fn csi_reply(csi: &Csi<'_>) -> Option<Input> {
    let reply = match (csi.mark, csi.intermediate, csi.last) {
        (b'?', 0, b'c') => Reply::Primary(csi.numbers()),
        (b'>', 0, b'c') => Reply::Secondary(csi.numbers()),
        (b'?', 0, b'u') => Reply::KittyFlags(csi.get(0) as u8),
        (b'?', b'$', b'y') => Reply::Mode(csi.get(0) as u16, csi.get(1) as u8),
        (b'?', 0, b'R') => Reply::Cursor(csi.get(0) as u16, csi.get(1) as u16),
        (b'?', 0, b'n') if csi.get(0) == 997 => Reply::ColorScheme { dark: csi.get(1) == 1 },
        _ => return Some(Input::Raw(csi.bytes.to_vec())),
    };
    Some(Input::Reply(reply))
}

/// OSC, DCS, APC, PM, SOS: answers.
fn string(bytes: &[u8], osc: bool) -> Step {
    let body = &bytes[2..];
    let mut at = 0;
    let (end, n) = loop {
        let Some(i) = body[at..].iter().position(|b| *b == ESC || osc && *b == 7) else {
            return if bytes.len() > MAX_STRING { raw(bytes) } else { Step::More };
        };
        let i = at + i;
        match (body[i], body.get(i + 1)) {
            (7, _) => break (i, i + 3),
            (_, Some(b'\\')) => break (i, i + 4),
            (_, None) => return Step::More,
            // Not an answer after all: Alt and the character, then other keys.
            _ if i == 0 => return alt(bytes, true),
            _ => at = i + 1,
        }
    };
    let body = &body[..end];
    let input = match bytes[1] {
        b']' => osc_reply(body),
        b'P' => match body.strip_prefix(b">|") {
            Some(version) => {
                Some(Input::Reply(Reply::Version(String::from_utf8_lossy(version).into_owned())))
            }
            None => Some(Input::Reply(Reply::Dcs(body.to_vec()))),
        },
        b'_' if body.starts_with(b"G") => Some(Input::Reply(graphics_reply(&body[1..]))),
        _ => Some(Input::Raw(bytes[..n].to_vec())),
    };
    Step::Done(n, input)
}

/// `i=31;OK`.
fn graphics_reply(body: &[u8]) -> Reply {
    let at = body.iter().position(|b| *b == b';').unwrap_or(body.len());
    let keys = body[..at].split(|b| *b == b',');
    let id = keys.filter_map(|key| std::str::from_utf8(key.strip_prefix(b"i=")?).ok()?.parse().ok()).next();
    Reply::Graphics(id.unwrap_or(0), body[at..].starts_with(b";OK"))
}

fn osc_reply(body: &[u8]) -> Option<Input> {
    let raw = || {
        let bytes = [b"\x1b]", body, b"\x1b\\"].concat();
        Some(Input::Raw(bytes))
    };
    let mut parts = body.splitn(3, |b| *b == b';');
    let number = |p: Option<&[u8]>| std::str::from_utf8(p?).ok()?.parse::<u16>().ok();
    let Some(command) = number(parts.next()) else { return raw() };
    let reply = match command {
        10..=19 => parts.next().and_then(parse_color).map(|c| Reply::Color(command, c)),
        4 => {
            let index = number(parts.next()).and_then(|n| u8::try_from(n).ok());
            let color = parts.next().and_then(parse_color);
            index.zip(color).map(|(i, c)| Reply::Palette(i, c))
        }
        52 => {
            let selection = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
            parts.next().and_then(decode_base64).map(|data| Reply::Clipboard(selection, data))
        }
        _ => None,
    };
    reply.map(Input::Reply).or_else(raw)
}
