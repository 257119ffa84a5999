use super::super::keys::*;
use super::*;

fn decode(bytes: &[u8]) -> Vec<Input> {
    let mut d = Decoder::new();
    let mut out = Vec::new();
    d.feed(bytes, &mut out);
    d.flush(&mut out);
    assert!(!d.pending(), "{bytes:?} left something behind");
    out
}

fn names(bytes: &[u8]) -> Vec<String> {
    decode(bytes)
        .into_iter()
        .map(|i| match i {
            Input::Key(k) => name(k),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn keys_are_decoded() {
    for (bytes, expected) in [
        (&b"aA!"[..], &["a", "A", "!"][..]),
        ("é世".as_bytes(), &["é", "世"]),
        (b"\r\t\x7f\x08", &["Enter", "Tab", "BSpace", "C-h"]),
        (b"\x01\x1a\x00\x1c\x1f", &["C-a", "C-z", "C-Space", "C-\\", "C-_"]),
        (b"\x1b", &["Escape"]),
        (b"\x1ba\x1b\x01", &["M-a", "C-M-a"]),
        ("\x1bé".as_bytes(), &["M-é"]),
        (b"\x1b\x1b", &["M-Escape"]),
        (b"\x1b\x1b[A", &["M-Up"]),
        (b"\x1b[A\x1bOB\x1b[1;5C\x1b[1;4D", &["Up", "Down", "C-Right", "M-S-Left"]),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1bOH", &["Home", "End", "Home", "End", "Home", "Home"]),
        (b"\x1b[2~\x1b[3;5~\x1b[5~\x1b[6;2~", &["IC", "C-DC", "PPage", "S-NPage"]),
        (b"\x1bOP\x1b[1;2Q\x1b[15~\x1b[24;3~\x1b[[A", &["F1", "S-F2", "F5", "M-F12", "F1"]),
        (b"\x1b[Z\x1b[27;2;9~", &["BTab", "BTab"]),
        (b"\x1bOM\x1bOp\x1bOk", &["KPEnter", "KP0", "KP+"]),
        (b"\x1b[27;5;13~\x1b[27;6;65~", &["C-Enter", "C-S-a"]),
        (b"\x1b[97;5u\x1b[97:65;2u\x1b[13;2u\x1b[27u", &["C-a", "A", "S-Enter", "Escape"]),
        (
            b"\x1b[97;1:3u\x1b[1;5:2A",
            &["Release(Key { code: Char('a'), mods: Mods(0) })", "Repeat(Key { code: Up, mods: Mods(4) })"],
        ),
        (b"\x1b[24~\x1b[25~\x1b[29~\x1b[34~", &["F12", "S-F3", "S-F6", "S-F10"]),
        (b"\x1b[57399u\x1b[57419u\x1b[57376u\x1b[57358u", &["KP0", "Up", "F13", "Key57358"]),
        (b"\x1b[", &["M-["]),
        (b"\x1bO", &["M-O"]),
        (b"\x1b]", &["M-]"]),
        (b"\x1b[3^\x1b[3$\x1b[a\x1bOa", &["C-DC", "S-DC", "S-Up", "C-Up"]),
    ] {
        assert_eq!(names(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn mouse_paste_focus_and_answers_are_decoded() {
    let mouse = |x, y, button, kind, mods| Input::Mouse(Mouse { x, y, button, kind, mods });
    assert_eq!(
        decode(b"\x1b[<0;3;4M\x1b[<0;3;4m\x1b[<32;5;6M\x1b[<35;5;6M\x1b[<65;1;1M\x1b[<20;1;1M"),
        [
            mouse(2, 3, 0, MouseKind::Down, Mods::empty()),
            mouse(2, 3, 0, MouseKind::Up, Mods::empty()),
            mouse(4, 5, 0, MouseKind::Drag, Mods::empty()),
            mouse(4, 5, 3, MouseKind::Move, Mods::empty()),
            mouse(0, 0, 65, MouseKind::Wheel, Mods::empty()),
            mouse(0, 0, 0, MouseKind::Down, Mods::SHIFT | Mods::CTRL),
        ]
    );
    assert_eq!(decode(b"\x1b[M #$"), [mouse(2, 3, 0, MouseKind::Down, Mods::empty())]);
    assert_eq!(decode(b"\x1b[34;10;20M"), [mouse(9, 19, 2, MouseKind::Down, Mods::empty())]);
    assert_eq!(
        decode(b"\x1b[200~a\x1b[31m\rb\x1b[201~c"),
        [Input::Paste(b"a\x1b[31m\rb".to_vec()), Input::Key(Key::plain(KeyCode::Char('c'))),]
    );
    assert_eq!(decode(b"\x1b[I\x1b[O"), [Input::Focus(true), Input::Focus(false)]);
    assert_eq!(
        decode(b"\x1b[?62;4c\x1b[>0;276;0c\x1bP>|foot 1\x1b\\\x1b[?1u\x1b]11;rgb:ff/80/00\x07\x1b[?2026;2$y\x1b[12;34R\x1b[?997;1n\x1b[4;600;800t"),
        [
            Input::Reply(Reply::Primary(vec![62, 4])),
            Input::Reply(Reply::Secondary(vec![0, 276, 0])),
            Input::Reply(Reply::Version("foot 1".into())),
            Input::Reply(Reply::KittyFlags(1)),
            Input::Reply(Reply::Color(11, (255, 128, 0))),
            Input::Reply(Reply::Mode(2026, 2)),
            Input::Reply(Reply::Cursor(12, 34)),
            Input::Reply(Reply::ColorScheme { dark: true }),
            Input::Reply(Reply::Window(vec![4, 600, 800])),
        ]
    );
}

#[test]
fn pieces_wait_for_each_other() {
    let whole = "x\x1b[1;5Cé\x1b[200~paste\x1b[201~\x1b[<0;3;4M\x1b]11;rgb:1/2/3\x1b\\y".as_bytes();
    let mut expected = Vec::new();
    Decoder::new().feed(whole, &mut expected);
    let mut d = Decoder::new();
    let mut out = Vec::new();
    for b in whole {
        d.feed(&[*b], &mut out);
    }
    assert_eq!(out, expected);
    // A lone ESC waits for the escape-time.
    let mut out = Vec::new();
    d.feed(b"\x1b", &mut out);
    assert!(out.is_empty() && d.pending());
    d.flush(&mut out);
    assert_eq!(out, [Input::Key(Key::plain(KeyCode::Escape))]);
}

#[test]
fn escape_and_a_key_in_one_burst_are_alt_as_in_tmux() {
    let names = |bytes: &[u8]| -> Vec<String> {
        let mut out = Vec::new();
        Decoder::new().feed(bytes, &mut out);
        let named = |i: &Input| match i {
            Input::Key(k) => name(*k),
            other => format!("{other:?}"),
        };
        out.iter().map(named).collect()
    };
    assert_eq!(names(b"\x1b\x02c"), ["C-M-b", "c"]);
    assert_eq!(names(b"\x1b\x1b\x02c"), ["M-Escape", "C-b", "c"]);
    assert_eq!(names(b"\x1b\x1b[A"), ["M-Up"]);
    assert_eq!(names(b"\x1b\x1b\x1b[A"), ["M-Escape", "Up"]);
}

#[test]
fn names_go_both_ways() {
    for text in [
        "a", "A", "C-b", "M-x", "C-M-Left", "S-Up", "BSpace", "Enter", "Escape", "Space", "C-Space", "Tab",
        "BTab", "NPage", "PPage", "Home", "End", "IC", "DC", "F1", "F12", "S-F3", "KP5", "KPEnter", "KP*",
        "M-é", "C-\\", "C-_", "-", "M--", "C-M-S-DC", "%", "\"", "Key57358",
    ] {
        let key = parse_name(text).unwrap_or_else(|| panic!("{text} is a name"));
        assert_eq!(name(key), text);
    }
    for (alias, same) in [
        ("^b", "C-b"),
        ("PageUp", "PPage"),
        ("PgDn", "NPage"),
        ("Delete", "DC"),
        ("c-B", "C-b"),
        ("S-a", "A"),
        ("S-Tab", "BTab"),
        ("enter", "Enter"),
        ("0x41", "A"),
        ("0x01", "C-a"),
        ("0x1f", "C-_"),
        ("0x0d", "Enter"),
        ("0x7f", "BSpace"),
        ("C-[", "Escape"),
        ("C-i", "Tab"),
    ] {
        assert_eq!(parse_name(alias), parse_name(same), "{alias}");
    }
    for bad in ["", "F0", "F99", "X-a", "Nope", "C-", "KPx", "0xzz"] {
        assert_eq!(parse_name(bad), None, "{bad:?}");
    }
}

fn sent(key: &str, modes: &Modes) -> String {
    let key = parse_name(key).unwrap_or_else(|| panic!("{key} is a name"));
    String::from_utf8(encode(key, modes)).expect("UTF-8")
}

#[test]
fn keys_are_encoded_for_plain_programs() {
    let plain = Modes::default();
    for (key, bytes) in [
        ("a", "a"),
        ("é", "é"),
        ("C-a", "\x01"),
        ("M-a", "\x1ba"),
        ("C-M-a", "\x1b\x01"),
        ("C-Space", "\0"),
        ("Enter", "\r"),
        ("Tab", "\t"),
        ("BTab", "\x1b[Z"),
        ("BSpace", "\x7f"),
        ("C-BSpace", "\x08"),
        ("Escape", "\x1b"),
        ("Up", "\x1b[A"),
        ("C-Up", "\x1b[1;5A"),
        ("M-S-Left", "\x1b[1;4D"),
        ("Home", "\x1b[1~"),
        ("End", "\x1b[4~"),
        ("C-Home", "\x1b[1;5H"),
        ("IC", "\x1b[2~"),
        ("DC", "\x1b[3~"),
        ("PPage", "\x1b[5~"),
        ("S-NPage", "\x1b[6;2~"),
        ("F1", "\x1bOP"),
        ("S-F1", "\x1b[1;2P"),
        ("F5", "\x1b[15~"),
        ("F12", "\x1b[24~"),
        ("KP5", "5"),
        ("KPEnter", "\r"),
    ] {
        assert_eq!(sent(key, &plain), bytes, "{key}");
    }
    let app = Modes { app_cursor: true, app_keypad: true, newline: true, ..Modes::default() };
    for (key, bytes) in
        [("Up", "\x1bOA"), ("C-Up", "\x1b[1;5A"), ("KP5", "\x1bOu"), ("KPEnter", "\x1bOM"), ("Enter", "\r\n")]
    {
        assert_eq!(sent(key, &app), bytes, "{key}");
    }
}

#[test]
fn keys_are_encoded_for_newer_protocols() {
    let level = |n| Modes { modify_other_keys: n, ..Modes::default() };
    for (key, one, two) in [
        ("C-a", "\x01", "\x1b[27;5;97~"),
        ("M-a", "\x1ba", "\x1b[27;3;97~"),
        ("C-Enter", "\x1b[27;5;13~", "\x1b[27;5;13~"),
        ("C-;", "\x1b[27;5;59~", "\x1b[27;5;59~"),
        ("A", "A", "A"),
        ("Enter", "\r", "\r"),
        ("C-Up", "\x1b[1;5A", "\x1b[1;5A"),
    ] {
        assert_eq!((sent(key, &level(1)).as_str(), sent(key, &level(2)).as_str()), (one, two), "{key}");
    }
    let kitty = |flags| Modes { kitty_flags: flags, ..Modes::default() };
    for (key, disambiguate, all) in [
        ("a", "a", "\x1b[97u"),
        ("A", "A", "\x1b[97;2u"),
        ("C-a", "\x1b[97;5u", "\x1b[97;5u"),
        ("M-A", "\x1b[97;4u", "\x1b[97;4u"),
        ("Escape", "\x1b[27u", "\x1b[27u"),
        ("Enter", "\r", "\x1b[13u"),
        ("S-Enter", "\x1b[13;2u", "\x1b[13;2u"),
        ("Up", "\x1b[A", "\x1b[A"),
        ("C-Up", "\x1b[1;5A", "\x1b[1;5A"),
        ("F3", "\x1b[13~", "\x1b[13~"),
        ("BTab", "\x1b[Z", "\x1b[9;2u"),
        ("KP5", "\x1b[57404u", "\x1b[57404u"),
        ("F13", "\x1b[57376u", "\x1b[57376u"),
        ("DC", "\x1b[3~", "\x1b[3~"),
    ] {
        assert_eq!(
            (sent(key, &kitty(1)).as_str(), sent(key, &kitty(9)).as_str()),
            (disambiguate, all),
            "{key}"
        );
    }
    assert_eq!(sent("A", &kitty(8 | 4 | 16)), "\x1b[97:65;2;65u");
    assert_eq!(sent("a", &kitty(8 | 16)), "\x1b[97;;97u");
}

#[test]
fn what_is_encoded_is_decoded() {
    for modes in [
        Modes::default(),
        Modes { kitty_flags: 31, ..Modes::default() },
        Modes { modify_other_keys: 2, ..Modes::default() },
    ] {
        for text in [
            "a",
            "A",
            "C-b",
            "M-x",
            "C-M-Left",
            "S-Up",
            "BSpace",
            "Enter",
            "Escape",
            "Tab",
            "BTab",
            "NPage",
            "Home",
            "IC",
            "F1",
            "S-F3",
            "F12",
            "C-M-a",
            "C-M-S-Left",
        ] {
            let key = parse_name(text).expect("a name");
            assert_eq!(decode(&encode(key, &modes)), [Input::Key(key)], "{text} {}", modes.kitty_flags);
        }
    }
}

#[test]
fn control_and_shift_are_one_key_in_every_protocol() {
    let key = parse_name("C-S-a").expect("a name");
    for modes in
        [Modes { kitty_flags: 1, ..Modes::default() }, Modes { modify_other_keys: 2, ..Modes::default() }]
    {
        assert_eq!(decode(&encode(key, &modes)), [Input::Key(key)]);
    }
    assert_eq!(encode(key, &Modes { modify_other_keys: 2, ..Modes::default() }), b"\x1b[27;6;65~");
}

#[test]
fn mouse_is_encoded() {
    let m = |kind, button| Mouse { x: 2, y: 3, button, kind, mods: Mods::CTRL };
    let modes = |mouse, mouse_encoding| Modes { mouse, mouse_encoding, ..Modes::default() };
    let sent = |mouse: Mouse, modes: &Modes| String::from_utf8(encode_mouse(mouse, modes)).expect("UTF-8");
    let sgr = modes(MouseMode::Any, MouseEncoding::Sgr);
    assert_eq!(sent(m(MouseKind::Down, 0), &sgr), "\x1b[<16;3;4M");
    assert_eq!(sent(m(MouseKind::Up, 0), &sgr), "\x1b[<16;3;4m");
    assert_eq!(sent(m(MouseKind::Drag, 2), &sgr), "\x1b[<50;3;4M");
    assert_eq!(sent(m(MouseKind::Move, 3), &sgr), "\x1b[<51;3;4M");
    assert_eq!(sent(m(MouseKind::Wheel, 64), &sgr), "\x1b[<80;3;4M");
    let old = modes(MouseMode::Normal, MouseEncoding::X10);
    assert_eq!(sent(m(MouseKind::Down, 0), &old), "\x1b[M0#$");
    assert_eq!(sent(m(MouseKind::Up, 0), &old), "\x1b[M3#$");
    assert_eq!(sent(m(MouseKind::Drag, 0), &old), "");
    assert_eq!(sent(m(MouseKind::Down, 0), &modes(MouseMode::X10, MouseEncoding::X10)), "\x1b[M #$");
    assert_eq!(sent(m(MouseKind::Down, 0), &modes(MouseMode::Normal, MouseEncoding::Urxvt)), "\x1b[48;3;4M");
    assert_eq!(sent(m(MouseKind::Down, 0), &Modes::default()), "");
    let pixels = Modes { cell_pixels: (10, 20), ..modes(MouseMode::Any, MouseEncoding::SgrPixels) };
    assert_eq!(sent(m(MouseKind::Down, 0), &pixels), "\x1b[<16;26;71M");
}

#[test]
fn paste_and_focus_are_encoded() {
    let on = Modes { bracketed_paste: true, focus_events: true, ..Modes::default() };
    let off = Modes::default();
    assert_eq!(encode_paste(b"a\nb\x1b[201~c", &on), b"\x1b[200~a\nbc\x1b[201~");
    assert_eq!(encode_paste(b"a\nb\r\nc", &off), b"a\rb\rc");
    assert_eq!(encode_focus(true, &on), b"\x1b[I");
    assert_eq!(encode_focus(false, &off), b"");
}

#[test]
fn kitty_events_are_told_to_who_asked() {
    let key = |text: &str| parse_name(text).expect("a key");
    let told = |flags: u8, text: &str, event: KeyEvent| {
        let modes = Modes { kitty_flags: flags, ..Modes::default() };
        String::from_utf8(encode_event(key(text), event, &modes)).expect("ASCII")
    };
    use KeyEvent::{Press, Release, Repeat};
    for (flags, name, event, bytes) in [
        // Nobody asked: repeats are presses, releases nothing.
        (0, "a", Repeat, "a"),
        (0, "a", Release, ""),
        (1, "C-a", Repeat, "\x1b[97;5u"),
        (1, "C-a", Release, ""),
        // Text stays text but for its release; Enter, Tab and Backspace have none.
        (3, "a", Press, "a"),
        (3, "a", Release, "\x1b[97;1:3u"),
        (3, "A", Release, "\x1b[97;2:3u"),
        (3, "C-a", Repeat, "\x1b[97;5:2u"),
        (3, "Enter", Press, "\r"),
        (3, "Enter", Release, ""),
        (3, "Up", Press, "\x1b[A"),
        (3, "Up", Repeat, "\x1b[1;1:2A"),
        (3, "Up", Release, "\x1b[1;1:3A"),
        (3, "F5", Release, "\x1b[15;1:3~"),
        (3, "F3", Release, "\x1b[13;1:3~"),
        (3, "Escape", Release, "\x1b[27;1:3u"),
        // All keys as escapes: those too, and modifiers alone.
        (11, "Enter", Release, "\x1b[13;1:3u"),
        (11, "a", Repeat, "\x1b[97;1:2u"),
        (31, "A", Press, "\x1b[97:65;2;65u"),
        (31, "A", Release, "\x1b[97:65;2:3u"),
        (31, "a", Press, "\x1b[97;;97u"),
        (11, "Key57441", Press, "\x1b[57441u"),
        (3, "Key57441", Press, ""),
        (1, "Key57441", Press, ""),
    ] {
        assert_eq!(told(flags, name, event), bytes, "flags {flags}, {name}, {event:?}");
    }
    // What is asked of the outer terminal is enough to tell it.
    assert_eq!([0, 1, 2, 3, 4, 8, 11, 16].map(outer_flags), [0, 1, 3, 3, 1, 29, 31, 1]);
    // And what it sends is understood, whatever it is asked for.
    let decoded = |bytes: &str| decode(bytes.as_bytes());
    assert_eq!(decoded("\x1b[97:65;2;65u"), [Input::Key(key("A"))]);
    assert_eq!(decoded("\x1b[97;;97u"), [Input::Key(key("a"))]);
    assert_eq!(decoded("\x1b[97;1:2;97u"), [Input::Repeat(key("a"))]);
    assert_eq!(decoded("\x1b[57441;2:3u"), [Input::Release(Key::new(KeyCode::Other(57441), Mods::SHIFT))]);
    assert!(Key::plain(KeyCode::Other(57441)).is_modifier() && !key("a").is_modifier());
}
