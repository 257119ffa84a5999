use super::*;

fn resized(mut s: Screen, cols: u16, rows: u16) -> Screen {
    s.resize(Size { cols, rows });
    s
}

#[test]
fn narrower_wraps_and_wider_joins() {
    let s = screen(8, 3, "abcdefgh12\r\n$ x");
    let s = resized(s, 4, 3);
    assert_eq!(
        (history(&s), rows(&s)),
        (vec!["abcd".into()], vec!["efgh".into(), "12".into(), "$ x".to_owned()])
    );
    assert_eq!(at(&s), (3, 2));
    assert!(s.wrapped(0) && s.wrapped(1) && !s.wrapped(2));
    let s = resized(s, 20, 3);
    assert_eq!((history(&s).len(), rows(&s)[0].as_str(), rows(&s)[1].as_str()), (0, "abcdefgh12", "$ x"));
    assert_eq!(at(&s), (3, 1));
}

#[test]
fn the_scrollback_reflows_too() {
    let s = screen(4, 2, "abcdefghij\r\nx\r\ny\r\nz");
    assert_eq!(history(&s), ["abcd", "efgh", "ij", "x"]);
    let s = resized(s, 10, 2);
    assert_eq!(
        (history(&s), rows(&s)),
        (vec!["abcdefghij".into(), "x".into()], vec!["y".into(), "z".to_owned()])
    );
    let s = resized(s, 5, 2);
    assert_eq!(history(&s), ["abcde", "fghij", "x"]);
}

#[test]
fn wide_characters_are_not_torn() {
    let s = resized(screen(6, 3, "世界人"), 5, 3);
    assert_eq!(rows(&s), ["世界", "人", ""]);
    let s = resized(s, 6, 3);
    assert_eq!(rows(&s), ["世界人", "", ""]);
    // One column has no room for any.
    let s = resized(s, 1, 9);
    assert!((0..9).all(|y| s.cell(0, y).width == 1));
}

#[test]
fn lower_and_higher() {
    let s = screen(5, 4, "a\r\nb\r\nc\r\nd");
    let s = resized(s, 5, 2);
    assert_eq!(
        (history(&s), rows(&s), at(&s)),
        (vec!["a".into(), "b".into()], vec!["c".into(), "d".to_owned()], (1, 1))
    );
    let s = resized(s, 5, 4);
    assert_eq!(
        (history(&s).len(), rows(&s), at(&s)),
        (0, vec!["a".into(), "b".into(), "c".into(), "d".to_owned()], (1, 3))
    );
    // Room below the cursor goes first.
    let s = resized(screen(5, 4, "a\r\nb"), 5, 2);
    assert_eq!((history(&s).len(), rows(&s)), (0, vec!["a".into(), "b".to_owned()]));
}

#[test]
fn the_alternate_screen_is_cut_and_the_main_one_reflows_behind_it() {
    let mut s = screen(8, 2, "abcdefgh\r\n$ \x1b[?1049h\x1b[H12345678\r\nx");
    s.resize(Size { cols: 4, rows: 3 });
    assert_eq!(rows(&s), ["1234", "x", ""]);
    s.advance(b"\x1b[?1049l");
    assert_eq!(rows(&s), ["abcd", "efgh", "$"]);
    assert_eq!(at(&s), (2, 2));
}

#[test]
fn a_full_line_keeps_its_cursor() {
    let s = resized(screen(4, 3, "abcd"), 2, 3);
    assert_eq!(
        (rows(&s), at(&s), s.pending_wrap()),
        (vec!["ab".into(), "cd".into(), "".to_owned()], (1, 1), true)
    );
    let s = resized(s, 4, 3);
    assert_eq!((at(&s), s.pending_wrap()), ((3, 0), true));
}

#[test]
fn line_numbers_change_only_with_the_lines() {
    let s = screen(10, 2, "a\r\nb\r\nc\r\nd");
    let base = s.history_base();
    let s = resized(s, 12, 2);
    assert_eq!((s.history_base(), s.line_text(0)), (base, "a".to_owned()));
    let s = resized(screen(4, 2, "abcdef\r\nb\r\nc\r\nd"), 12, 2);
    assert!(s.history_base() >= 3);
}

#[test]
fn the_history_limit_holds() {
    let mut s = Screen::new(Size { cols: 10, rows: 2 }, 5);
    for i in 0..20 {
        s.advance(format!("line {i}\r\n").as_bytes());
    }
    assert_eq!((s.history_len(), s.history_base(), s.line_text(0).as_str()), (5, 14, "line 14"));
    s.resize(Size { cols: 3, rows: 2 });
    assert_eq!(s.history_len(), 5);
    s.set_history_limit(2);
    assert_eq!(s.history_len(), 2);
}

#[test]
fn clusters_underlines_and_links_are_wrapped_whole() {
    let text = "e\u{301}👍🏽\x1b[4:3;58:2::1:2:3;53m❤\u{fe0f}\x1b]8;;https://a\x07🇩🇪x\x1b]8;;\x07\x1b[m!";
    let mut s = screen(20, 3, text);
    let cells = |s: &Screen| -> Vec<(String, u8, Style, Option<String>)> {
        (0..s.history_len() + usize::from(s.size().rows))
            .flat_map(|i| s.line(i).cells)
            .filter(|c| c.width > 0 && c.text != " ")
            .map(|c| (c.text, c.width, c.style, c.link))
            .collect()
    };
    let before = cells(&s);
    assert_eq!(before.iter().map(|c| &c.0[..]).collect::<String>(), "e\u{301}👍🏽❤\u{fe0f}🇩🇪x!");
    assert_eq!(before[3].2.underline, Color::Rgb(1, 2, 3));
    assert!(before[3].2.attrs.contains(Attrs::CURLY_UNDERLINE | Attrs::OVERLINE));
    assert_eq!(before[3].3.as_deref(), Some("https://a"));
    for cols in [3, 2, 5, 20] {
        s.resize(Size { cols, rows: 3 });
        assert_eq!(cells(&s), before, "at {cols} columns");
    }
}
