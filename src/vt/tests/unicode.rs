use super::*;

#[test]
fn wide_characters_take_two_cells() {
    let s = screen(6, 2, "a世b");
    assert_eq!((s.cell(1, 0).text, s.cell(1, 0).width), ("世", 2));
    assert_eq!((s.cell(2, 0).text, s.cell(2, 0).width), ("", 0));
    assert_eq!(s.cell(3, 0).text, "b");
    // One that does not fit goes to the next row whole.
    let s = screen(3, 2, "ab世");
    assert_eq!(rows(&s), ["ab", "世"]);
    assert!(s.wrapped(0));
}

#[test]
fn half_of_a_wide_character_is_never_left() {
    for edit in [
        "\x1b[2GX",
        "\x1b[3GX",
        "\x1b[3G\x1b[K",
        "\x1b[2G\x1b[X",
        "\x1b[3G\x1b[@",
        "\x1b[3G\x1b[P",
        "\x1b[1;3;1;3$z",
        "\x1b[1;3;1;3;1;1;5$v",
    ] {
        let s = screen(6, 1, &format!("a世b{edit}"));
        for x in 0..6 {
            let wide = s.cell(x, 0).width == 2;
            let half = x < 5 && s.cell(x + 1, 0).width == 0;
            assert_eq!(wide, half, "column {x} after {edit:?}: {:?}", rows(&s));
        }
    }
}

#[test]
fn clusters_stay_in_one_cell() {
    for (text, width) in [
        ("e\u{301}", 1),
        ("e\u{301}\u{302}", 1),
        ("👍🏽", 2),
        ("👨\u{200d}👩\u{200d}👧", 2),
        ("🇩🇪", 2),
        ("❤\u{fe0f}", 2),
        ("☺\u{fe0f}", 2),
        ("1\u{fe0f}\u{20e3}", 2),
        ("각", 2),
        ("각", 2),
        ("🏳\u{fe0f}\u{200d}🌈", 2),
    ] {
        let s = screen(10, 1, &format!("{text}x"));
        assert_eq!((s.cell(0, 0).text, s.cell(0, 0).width), (text, width), "{text:?}");
        assert_eq!(s.cell(u16::from(width), 0).text, "x", "{text:?}");
    }
    // Two flags are two cells, a third indicator stands alone.
    let s = screen(10, 1, "🇩🇪🇫🇷🇮");
    assert_eq!([s.cell(0, 0).text, s.cell(2, 0).text, s.cell(4, 0).text], ["🇩🇪", "🇫🇷", "🇮"]);
    // A spacing mark is a column of its own to programs that count with wcwidth...
    let s = screen(10, 1, "नि");
    assert_eq!(at(&s), (2, 0));
    // ...and with mode 2027 the rules of Unicode hold in full.
    let s = screen(10, 1, "\x1b[?2027hका");
    assert_eq!(s.cell(0, 0).text, "का");
}

#[test]
fn a_combining_mark_reaches_the_pending_column() {
    let s = screen(3, 2, "abe\u{301}");
    assert_eq!(s.cell(2, 0).text, "e\u{301}");
    assert_eq!(at(&s), (2, 0));
    // A lone mark has nowhere to go.
    assert_eq!(rows(&screen(3, 1, "\u{301}a")), ["a"]);
}

#[test]
fn broken_utf8_becomes_replacement_characters() {
    let mut s = Screen::new(Size { cols: 10, rows: 1 }, 0);
    s.advance(b"a\xffb\xe4\xb8c\xc3");
    s.advance(b"\xa9");
    assert_eq!(rows(&s), ["a\u{fffd}b\u{fffd}cé"]);
}

#[test]
fn c1_controls_work_as_characters() {
    assert_eq!(rows(&screen(10, 2, "a\u{85}b\u{9b}1;5HX")), ["a   X", "b"]);
    // U+009C ends no string: elsewhere its bytes may be part of a character.
    let mut s = screen(10, 1, "");
    s.advance("\u{9d}2;hi\u{9c}".as_bytes());
    assert_eq!(s.title(), "");
    s.advance(b"\x1b\\");
    assert_eq!(s.title(), "hi");
}

#[test]
fn shortcuts_to_the_width_agree_with_the_tables() {
    use unicode_width::UnicodeWidthChar;
    for c in ('\u{a0}'..=char::MAX).filter(|c| *c != '\u{ad}') {
        let expected = c.width().unwrap_or(0).min(2);
        assert_eq!(super::super::print::char_width(c), expected, "U+{:04X}", u32::from(c));
    }
}
