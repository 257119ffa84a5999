use super::*;

#[test]
fn text_wraps_and_scrolls_into_the_history() {
    let s = screen(5, 2, "abcdefg\r\nx\r\ny");
    assert_eq!(rows(&s), ["x", "y"]);
    assert_eq!(history(&s), ["abcde", "fg"]);
    assert!(s.wrapped(0) && !s.wrapped(1));
    assert_eq!(at(&s), (1, 1));
}

#[test]
fn the_last_column_waits_with_the_wrap() {
    let mut s = screen(3, 2, "abc");
    assert_eq!((at(&s), s.pending_wrap()), ((2, 0), true));
    s.advance(b"\r\x1b[2C!");
    assert_eq!(rows(&s), ["ab!", ""]);
    // Without autowrap the last column is overwritten.
    let s = screen(3, 2, "\x1b[?7labcdef");
    assert_eq!(rows(&s), ["abf", ""]);
}

#[test]
fn cursor_moves_stop_at_the_edges() {
    let s = screen(10, 5, "\x1b[99;99H\x1b[2A\x1b[3D");
    assert_eq!(at(&s), (6, 2));
    let s = screen(10, 5, "\x1b[3;3H\x1b[99A\x1b[99D");
    assert_eq!(at(&s), (0, 0));
    let s = screen(10, 5, "\x1b[4G\x1b[3d\x1b[2a\x1b[1e");
    assert_eq!(at(&s), (5, 3));
    let s = screen(10, 5, "\x1b[3;3H\x1b[E\x1b[2F");
    assert_eq!(at(&s), (0, 1));
}

#[test]
fn erasing_in_line_and_display() {
    let full = "abcde\r\nfghij\r\nklmno\x1b[2;3H";
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[K"))), ["abcde", "fg", "klmno"]);
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[1K"))), ["abcde", "   ij", "klmno"]);
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[2K"))), ["abcde", "", "klmno"]);
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[J"))), ["abcde", "fg", ""]);
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[1J"))), ["", "   ij", "klmno"]);
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[2J"))), ["", "", ""]);
    assert_eq!(rows(&screen(5, 3, &format!("{full}\x1b[2X"))), ["abcde", "fg  j", "klmno"]);
    let mut s = screen(5, 1, "a\r\nb\r\nc\r\n");
    assert_eq!(s.history_len(), 3);
    s.advance(b"\x1b[3J");
    assert_eq!((s.history_len(), s.history_base()), (0, 3));
}

#[test]
fn erasing_keeps_the_background() {
    let s = screen(4, 2, "\x1b[44m\x1b[2J\x1b[0mx");
    assert_eq!(s.cell(3, 1).style.bg, Color::Indexed(4));
    assert_eq!(s.cell(0, 0).style.bg, Color::Default);
}

#[test]
fn inserting_and_deleting() {
    assert_eq!(rows(&screen(5, 1, "abcde\x1b[2G\x1b[2@")), ["a  bc"]);
    assert_eq!(rows(&screen(5, 1, "abcde\x1b[2G\x1b[2P")), ["ade"]);
    assert_eq!(rows(&screen(5, 1, "abcde\x1b[2G\x1b[4hXY")), ["aXYbc"]);
    let three = "a\r\nb\r\nc\x1b[2;1H";
    assert_eq!(rows(&screen(5, 3, &format!("{three}\x1b[L"))), ["a", "", "b"]);
    let s = screen(5, 3, &format!("{three}\x1b[M"));
    assert_eq!(rows(&s), ["a", "c", ""]);
    assert_eq!(s.history_len(), 0);
}

#[test]
fn scroll_region_scrolls_alone() {
    let s = screen(5, 4, "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nX");
    assert_eq!(rows(&s), ["a", "c", "X", "d"]);
    assert_eq!(s.history_len(), 0);
    let s = screen(5, 4, "a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[2;1H\x1bMX");
    assert_eq!(rows(&s), ["a", "X", "b", "d"]);
    let s = screen(5, 4, "a\r\nb\r\nc\r\nd\x1b[2S");
    assert_eq!(
        (rows(&s), history(&s)),
        (vec!["c".into(), "d".into(), "".into(), "".into()], vec!["a".into(), "b".into()])
    );
    assert_eq!(rows(&screen(5, 3, "a\r\nb\r\nc\x1b[T")), ["", "a", "b"]);
}

#[test]
fn origin_mode_counts_from_the_margins() {
    let s = screen(10, 6, "\x1b[2;5r\x1b[?6h\x1b[2;2HX");
    assert_eq!(rows(&s)[2], " X");
    let s = screen(10, 6, "\x1b[2;5r\x1b[?6h\x1b[99;1HX");
    assert_eq!(rows(&s)[4], "X");
}

#[test]
fn left_and_right_margins_hold() {
    let filled = "abcdef\r\nghijkl\r\nmnopqr";
    let margins = "\x1b[?69h\x1b[2;4s";
    // Text wraps between them.
    let s = screen(6, 3, &format!("{margins}\x1b[1;2Hwxyz"));
    assert_eq!(rows(&s), [" wxy", " z", ""]);
    // Scrolling moves only what is between them.
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[S"));
    assert_eq!(rows(&s), ["ahijef", "gnopkl", "m   qr"]);
    assert_eq!(s.history_len(), 0);
    // Inserting stops at the right one.
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;2H\x1b[@"));
    assert_eq!(rows(&s)[0], "a bcef");
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;2H\x1b[P"));
    assert_eq!(rows(&s)[0], "acd ef");
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;2H\x1b['}}"));
    assert_eq!(rows(&s), ["a bcef", "g hikl", "m noqr"]);
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;2H\x1b['~"));
    assert_eq!(rows(&s), ["acd ef", "gij kl", "mop qr"]);
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;2H\x1b[L"));
    assert_eq!(rows(&s), ["a   ef", "gbcdkl", "mhijqr"]);
    // Carriage return goes to the left one; back index shifts there.
    assert_eq!(at(&screen(6, 3, &format!("{margins}\x1b[1;4H\r"))), (1, 0));
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;2H\x1b6"));
    assert_eq!(rows(&s)[0], "a bcef");
    let s = screen(6, 3, &format!("{filled}{margins}\x1b[1;4H\x1b9"));
    assert_eq!(rows(&s)[0], "acd ef");
}

#[test]
fn tab_stops() {
    assert_eq!(at(&screen(40, 1, "\t\tx")), (17, 0));
    assert_eq!(at(&screen(40, 1, "\x1b[3g\x1b[5G\x1bH\r\t")), (4, 0));
    assert_eq!(at(&screen(40, 1, "\x1b[20G\x1b[2Z")), (8, 0));
    assert_eq!(at(&screen(40, 1, "\x1b[3I")), (24, 0));
    assert_eq!(at(&screen(20, 1, "\x1b[99I")), (19, 0));
    assert_eq!(at(&screen(40, 1, "\x1b[9G\x1b[g\r\t")), (16, 0));
}

#[test]
fn reverse_wraparound() {
    assert_eq!(at(&screen(5, 3, "abcdefg\x1b[?45h\x1b[4D")), (3, 0));
    assert_eq!(at(&screen(5, 3, "abc\r\nx\x1b[?45h\x1b[4D")), (0, 1));
    assert_eq!(at(&screen(5, 3, "abc\r\nx\x1b[?1045h\x1b[3D")), (3, 0));
}

#[test]
fn rep_and_alignment() {
    assert_eq!(rows(&screen(8, 1, "ab\x1b[3b")), ["abbbb"]);
    assert_eq!(rows(&screen(8, 1, "世\x1b[2b")), ["世世世"]);
    assert_eq!(rows(&screen(3, 2, "\x1b#8")), ["EEE", "EEE"]);
}

#[test]
fn charsets() {
    assert_eq!(rows(&screen(8, 1, "\x1b(0lqk\x1b(Bq")), ["┌─┐q"]);
    assert_eq!(rows(&screen(8, 1, "\x1b)0\x0eq\x0fq")), ["─q"]);
    assert_eq!(rows(&screen(8, 1, "\x1b*0\x1bNqq")), ["─q"]);
    assert_eq!(rows(&screen(8, 1, "\x1b+0\x1bOqq\x1boq\x1bnq")), ["─q─q"]);
    assert_eq!(rows(&screen(8, 1, "\x1b(A#")), ["£"]);
}

#[test]
fn selective_erase_spares_the_protected() {
    let text = "a\x1b[1\"qb\x1b[0\"qc";
    assert_eq!(rows(&screen(5, 1, &format!("{text}\x1b[?2J"))), [" b"]);
    assert_eq!(rows(&screen(5, 1, &format!("{text}\x1b[?2K"))), [" b"]);
    assert_eq!(rows(&screen(5, 1, &format!("{text}\x1b[1;1;1;5${{"))), [" b"]);
    assert_eq!(rows(&screen(5, 1, &format!("{text}\x1b[2J"))), [""]);
    // SGR 0 does not end the protection.
    assert_eq!(rows(&screen(5, 1, "\x1b[1\"q\x1b[mb\x1b[?2J")), ["b"]);
}

#[test]
fn rectangles() {
    let text = "abcd\r\nefgh\r\nijkl";
    let s = screen(4, 3, &format!("{text}\x1b[1;1;2;2;1;2;3$v"));
    assert_eq!(rows(&s), ["abcd", "efab", "ijef"]);
    let s = screen(4, 3, &format!("{text}\x1b[88;2;2;3;3$x"));
    assert_eq!(rows(&s), ["abcd", "eXXh", "iXXl"]);
    let s = screen(4, 3, &format!("{text}\x1b[2;2;3;3$z"));
    assert_eq!(rows(&s), ["abcd", "e  h", "i  l"]);
    let s = screen(4, 3, &format!("{text}\x1b[2*x\x1b[1;1;2;2;1;4$r"));
    assert_eq!(s.cell(1, 1).style.attrs, Attrs::BOLD | Attrs::UNDERLINE);
    assert_eq!(s.cell(2, 1).style.attrs, Attrs::empty());
    let s = screen(4, 3, &format!("{text}\x1b[2*x\x1b[1;1;1;1;7$t\x1b[1;1;1;2;7$t"));
    assert_eq!(s.cell(0, 0).style.attrs, Attrs::empty());
    assert_eq!(s.cell(1, 0).style.attrs, Attrs::REVERSE);
    // As a stream the extent runs over the line end.
    let s = screen(4, 3, &format!("{text}\x1b[1;3;2;2;1$r"));
    assert!(s.cell(3, 0).style.attrs.contains(Attrs::BOLD));
    assert!(s.cell(0, 1).style.attrs.contains(Attrs::BOLD));
    assert!(!s.cell(2, 1).style.attrs.contains(Attrs::BOLD));
}

#[test]
fn columns_scroll_sideways() {
    assert_eq!(rows(&screen(4, 1, "abcd\x1b[2 @")), ["cd"]);
    assert_eq!(rows(&screen(4, 1, "abcd\x1b[ A")), [" abc"]);
}

#[test]
fn damage_says_what_changed() {
    let mut s = screen(10, 4, "a\r\nb\r\nc\r\nd");
    assert!(s.take_damage().all);
    assert!(s.take_damage().is_empty());
    s.advance(b"\x1b[2;1Hx");
    let d = s.take_damage();
    assert_eq!(d.rows().collect::<Vec<_>>(), [1]);
    assert!(d.cursor && !d.all);
    s.advance(b"\x1b[4;1H\ny");
    let d = s.take_damage();
    assert_eq!(d.scrolls, [Scroll { top: 0, bottom: 3, lines: 1 }]);
    assert_eq!(d.rows().collect::<Vec<_>>(), [3]);
    s.advance(b"\n\n\n\n\n");
    assert!(s.take_damage().all);
}

#[test]
fn limits_hold() {
    // A sequence, a string, a title stack without end.
    let mut s = screen(10, 2, "\x1b[");
    s.advance("1;".repeat(10_000).as_bytes());
    s.advance(b"Hok");
    assert_eq!(rows(&s), ["ok", ""]);
    s.advance(b"\x1b]0;");
    s.advance(&vec![b'x'; 3 << 20]);
    s.advance(b"\x07ok");
    assert_eq!((rows(&s)[0].as_str(), s.title()), ("okok", ""));
    for _ in 0..1000 {
        s.advance(b"\x1b[22t\x1b[>1u\x1b[6n\x07");
    }
    assert!(s.st.title_stack.len() <= 32 && s.st.kitty[0].len() <= 16);
    for i in 0..20_000u32 {
        s.advance(format!("\x1b]8;;http://x/{i}\x1b\\a").as_bytes());
    }
    for i in 0..20_000u32 {
        let c = char::from_u32(0x4e00 + i).expect("a CJK character");
        s.advance(format!("{c}\u{301}").as_bytes());
    }
    assert!(s.tables.is_small());
}

#[test]
fn clearing_the_whole_screen_keeps_it_in_the_scrollback() {
    let s = screen(5, 3, "a\r\nb\x1b[H\x1b[2Jc");
    assert_eq!((history(&s), rows(&s)[0].as_str()), (vec!["a".to_owned(), "b".to_owned()], "c"));
    assert_eq!(screen(5, 3, "a\r\nb\x1b[H\x1b[J").history_len(), 2);
    assert_eq!(screen(5, 3, "a\r\nb\x1b[2;1H\x1b[J").history_len(), 0);
    assert_eq!(screen(5, 3, "a\x1b[H\x1b[?2J").history_len(), 0);
    assert_eq!(screen(5, 3, "\x1b[?1049ha\x1b[2J").history_len(), 0);
    let mut s = screen(5, 3, "a");
    s.set_scroll_on_clear(false);
    s.advance(b"\x1b[2J");
    assert_eq!(s.history_len(), 0);
}

#[test]
fn scrollback_lines_are_found_by_number() {
    let mut s = Screen::new(Size { cols: 40, rows: 2 }, 2000);
    for i in 0..3000 {
        s.advance(format!("{i} {}\r\n", "x".repeat(i % 27)).as_bytes());
    }
    assert_eq!(s.history_len(), 2000);
    for index in 0..2000 {
        let number = s.history_base() as usize + index;
        assert_eq!(s.line_text(index).split(' ').next(), Some(number.to_string().as_str()));
    }
}
