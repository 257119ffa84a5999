use super::*;

#[test]
fn alternate_screen_keeps_the_main_one() {
    let mut s = screen(5, 2, "ab\x1b[?1049h");
    assert!(s.modes().alternate);
    assert_eq!((rows(&s), at(&s)), (vec!["".to_owned(), "".to_owned()], (2, 0)));
    s.advance(b"\x1b[Hxyz\r\n1\r\n2");
    assert_eq!(s.history_len(), 0);
    s.advance(b"\x1b[?1049l");
    assert_eq!((rows(&s), at(&s)), (vec!["ab".to_owned(), "".to_owned()], (2, 0)));
    // 47 keeps what was on it, 1047 clears it on leaving.
    let mut s = screen(5, 1, "\x1b[?47hq\x1b[?47l\x1b[?47h");
    assert_eq!(rows(&s), ["q"]);
    s.advance(b"\x1b[?47l\x1b[?1047h\x1b[?1047l\x1b[?47h");
    assert_eq!(rows(&s), [""]);
}

#[test]
fn saved_cursor_holds_everything() {
    let mut s = screen(9, 4, "\x1b[2;4r\x1b[?6h\x1b(0\x1b[1;31m\x1b[2;3H\x1b7");
    s.advance(b"\x1b[?6l\x1b(B\x1b[0m\x1b[H\x1b8q");
    assert_eq!(s.cell(2, 2).text, "─");
    assert_eq!(s.cell(2, 2).style.fg, Color::Indexed(1));
    assert!(s.modes().origin);
    // The pending wrap too.
    let s = screen(3, 2, "abc\x1b7\x1b[H\x1b8d");
    assert_eq!(rows(&s), ["abc", "d"]);
    // Without a save it goes home.
    assert_eq!(at(&screen(9, 4, "\x1b[2;2H\x1b8")), (0, 0));
}

#[test]
fn mouse_and_other_modes_are_kept() {
    let s = screen(9, 4, "\x1b[?1;1002;1006;2004;1004;2026h\x1b=\x1b[4h");
    let m = s.modes();
    assert_eq!((m.mouse, m.mouse_encoding), (MouseMode::Button, MouseEncoding::Sgr));
    assert!(m.app_cursor && m.bracketed_paste && m.focus_events && m.synchronized);
    assert!(m.app_keypad && m.insert);
    let s = screen(9, 4, "\x1b[?1003;1016h\x1b[?1003;1016l");
    assert_eq!(s.modes(), &Modes::default());
}

#[test]
fn kitty_stacks_are_per_screen() {
    let mut s = screen(9, 4, "\x1b[>1u\x1b[>5u");
    assert_eq!(s.modes().kitty_flags, 5);
    s.advance(b"\x1b[?1049h");
    assert_eq!(s.modes().kitty_flags, 0);
    s.advance(b"\x1b[=3u\x1b[=8;2u\x1b[=1;3u\x1b[?u");
    assert_eq!((s.modes().kitty_flags, replies(&mut s).as_str()), (10, "\x1b[?10u"));
    s.advance(b"\x1b[?1049l\x1b[<u");
    assert_eq!(s.modes().kitty_flags, 1);
    s.advance(b"\x1b[<9u");
    assert_eq!(s.modes().kitty_flags, 0);
}

#[test]
fn modify_other_keys() {
    let mut s = screen(9, 4, "\x1b[>4;2m\x1b[?4m");
    assert_eq!((s.modes().modify_other_keys, replies(&mut s).as_str()), (2, "\x1b[>4;2m"));
    s.advance(b"\x1b[>4n");
    assert_eq!(s.modes().modify_other_keys, 0);
}

#[test]
fn private_modes_are_saved_and_restored() {
    let s = screen(9, 4, "\x1b[?2004h\x1b[?2004s\x1b[?2004l\x1b[?2004r");
    assert!(s.modes().bracketed_paste);
}

#[test]
fn soft_reset_and_full_reset() {
    let s = screen(9, 4, "ab\x1b[1m\x1b[2;3r\x1b[?6h\x1b[4h\x1b[?25l\x1b[!p");
    assert_eq!(s.modes(), &Modes::default());
    assert_eq!((s.scroll_region(), rows(&s)[0].as_str()), ((0, 3), "ab"));
    let mut s = screen(9, 4, "ab\x1b[1m\x1b[?1049h\x1b[?2004h\x1b[3g\x1b]4;1;#fff\x07\x1bc");
    assert_eq!(s.modes(), &Modes::default());
    assert_eq!((rows(&s)[0].as_str(), at(&s)), ("", (0, 0)));
    s.advance(b"\tx");
    assert_eq!(s.cell(8, 0).text, "x");
    assert_eq!(s.palette(1), None);
}

#[test]
fn events_reach_the_outside() {
    let mut s = screen(20, 4, "");
    s.advance(b"\x07\x1b]2;title\x07\x1b]7;file://h/tmp\x1b\\\x1b]52;c;aGVsbG8=\x07");
    s.advance(b"\x1b]52;p;?\x07\x1b]9;note\x07\x1b]777;notify;a;b\x07\x1b]9;4;1;50\x07");
    s.advance(b"\x1bPtmux;\x1b\x1b]1337;x\x1b\x1b\\\x1b\\\x1bkname\x1b\\\x1b]133;D;3\x07");
    s.advance(b"\x1b_Gi=1;AAAA\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\end");
    let text = |t: &str| t.to_owned();
    assert_eq!(
        s.take_events(),
        [
            ScreenEvent::Bell,
            ScreenEvent::Title(text("title")),
            ScreenEvent::Path(text("file://h/tmp")),
            ScreenEvent::Clipboard { selection: text("c"), data: b"hello".to_vec() },
            ScreenEvent::ClipboardQuery { selection: text("p") },
            ScreenEvent::Notify(text("note")),
            ScreenEvent::Notify(text("a: b")),
            ScreenEvent::Progress { state: 1, percent: 50 },
            ScreenEvent::Passthrough(b"\x1b]1337;x\x1b\\".to_vec()),
            ScreenEvent::WindowName(text("name")),
            ScreenEvent::Prompt { mark: Prompt::End(Some(3)), line: 0 },
        ]
    );
    assert_eq!((rows(&s)[0].as_str(), s.path()), ("end", "file://h/tmp"));
}

#[test]
fn title_stack() {
    let mut s = screen(9, 4, "\x1b]0;a\x07\x1b[22;0t\x1b]2;b\x07");
    assert_eq!((s.title(), s.icon_name()), ("b", "a"));
    s.advance(b"\x1b[23;0t");
    assert_eq!(s.title(), "a");
    s.advance(b"\x1b[21t");
    assert_eq!(replies(&mut s), "\x1b]la\x1b\\");
}

#[test]
fn cursor_style() {
    let s = screen(9, 4, "\x1b[5 q\x1b[?25l");
    let c = s.cursor();
    assert_eq!((c.shape, c.blinking, c.visible), (CursorShape::Bar, true, false));
}

#[test]
fn a_string_cut_short_does_nothing() {
    let mut s = screen(20, 1, "\x1b]2;no\x18ok");
    assert_eq!((s.title(), rows(&s)[0].as_str()), ("", "ok"));
    s.advance(b"\x1b]2;no\x1b[31m!\x1b[3\x1a?");
    assert_eq!((s.title(), rows(&s)[0].as_str()), ("", "ok!?"));
    assert_eq!(s.cell(2, 0).style.fg, Color::Indexed(1));
    // Controls inside a sequence act at once.
    assert_eq!(rows(&screen(20, 2, "a\x1b[\r\n3Cb")), ["a", "   b"]);
}
