//! What holds for any input.

use super::super::keys::Decoder;
use super::*;
use proptest::prelude::*;

/// Pieces programs are made of, so that random streams reach deep.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let n = 0u16..40;
    prop_oneof![
        4 => "[ -~]{1,30}".prop_map(String::into_bytes),
        2 => "[a-z世界é👍❤\u{fe0f}\u{200d}\u{301}🇩🇪\u{1f3fd}각]{1,8}".prop_map(String::into_bytes),
        3 => prop::sample::select(vec!["\r\n", "\n", "\r", "\t", "\x08", "\x07", "\x1bM", "\x1bD", "\x1bE", "\x1b7", "\x1b8", "\x1bc", "\x1b#8", "\x1b6", "\x1b9", "\x0e", "\x0f", "\x1b(0", "\x1b(B", "\x1bH", "\x1bV", "\x1bW", "\x1b G", "\x1b F"])
            .prop_map(|s| s.as_bytes().to_vec()),
        6 => (prop::collection::vec(n.clone(), 0..7), prop::sample::select(b"ABCDEFGHIJKLMPSTXZ@`abcdefgmnrstu^".to_vec()))
            .prop_map(|(p, c)| csi("", &p, "", c)),
        2 => (prop::sample::select(vec![1u16, 3, 5, 6, 7, 25, 40, 45, 47, 69, 1000, 1006, 1045, 1047, 1048, 1049, 2004, 2026, 2027, 2048]), any::<bool>())
            .prop_map(|(p, on)| csi("?", &[p], "", if on { b'h' } else { b'l' })),
        2 => (prop::collection::vec(n.clone(), 0..9), prop::sample::select(vec!["$v", "$x", "$z", "${", "$r", "$t", "'}", "'~", " @", " A", "*x", "*y", "\"q", "\"p", "!p", " q", "#{", "#}", "#P", "#Q", "#|", "#y"]))
            .prop_map(|(p, end)| csi("", &p, &end[..1], end.as_bytes()[1])),
        1 => (n.clone(), prop::sample::select(vec!["]2;t\x07", "]8;;u\x1b\\", "]8;;\x07", "]4;1;#123\x07", "]52;c;aGk=\x07", "P$qm\x1b\\", "Ptmux;\x1b\x1b[m\x1b\\", "_x\x1b\\", "]133;A\x07"]))
            .prop_map(|(_, s)| format!("\x1b{s}").into_bytes()),
        // Strings and their one-byte ends, which are ends only after S8C1T.
        1 => prop::sample::select(vec![&b"\x9d2;a\xe2\x9c\x9cb\x9c"[..], b"\x9fhid\xc2\x9c", b"\x90$qm\x9c", b"\x1b_Gi=1;AA\x1b\\", b"\x1bPq#0~~-~~\x1b\\", b"\x9b3C"])
            .prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn csi(mark: &str, params: &[u16], intermediate: &str, last: u8) -> Vec<u8> {
    let params: Vec<String> = params.iter().map(u16::to_string).collect();
    format!("\x1b[{mark}{}{intermediate}{}", params.join(";"), char::from(last)).into_bytes()
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..40).prop_map(|v| v.concat())
}

fn fresh(cols: u16, rows: u16) -> Screen {
    Screen::new(Size { cols, rows }, 30)
}

/// What must be true of a screen whatever happened.
fn assert_sound(s: &Screen) {
    let size = s.size();
    assert_eq!(s.rows.len(), usize::from(size.rows));
    assert!(s.cursor().x < size.cols && s.cursor().y < size.rows);
    assert!(s.history_len() <= s.history_limit());
    for (y, row) in s.rows.iter().chain(&s.hidden).enumerate() {
        assert!(row.cells.len() <= usize::from(size.cols));
        for x in 0..row.cells.len() {
            let wide = row.cells[x].is_wide();
            let half = row.get(x + 1).is_right_half();
            assert_eq!(wide, half, "row {y} column {x}");
            if row.simple {
                let c = row.cells[x];
                assert!(c.has_default_style() && c.ch < 0x7f, "row {y} column {x} is not simple");
            }
        }
        assert!(!row.get(0).is_right_half());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_screen(bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut whole = fresh(12, 5);
        whole.advance(&bytes);
        let mut cuts: Vec<usize> = cuts.iter().map(|i| i.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut parts = fresh(12, 5);
        let mut from = 0;
        for cut in cuts {
            parts.advance(&bytes[from..cut]);
            from = cut;
        }
        parts.advance(&bytes[from..]);
        prop_assert!(parts.snapshot() == whole.snapshot());
        let mut single = fresh(12, 5);
        for b in &bytes {
            single.advance(&[*b]);
        }
        prop_assert!(single.snapshot() == whole.snapshot());
    }

    #[test]
    fn restoring_and_going_on_is_going_on(bytes in stream(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(bytes.len() + 1);
        let mut s = fresh(12, 5);
        s.advance(&bytes[..cut]);
        let mut t = Screen::from_snapshot(&s.snapshot()).expect("a snapshot just taken");
        prop_assert!(t.snapshot() == s.snapshot(), "not restored");
        s.advance(&bytes[cut..]);
        t.advance(&bytes[cut..]);
        prop_assert!(t.snapshot() == s.snapshot());
    }

    #[test]
    fn nothing_breaks_a_screen(bytes in stream(), more in stream(), cols in 1u16..30, rows in 1u16..12) {
        let mut s = fresh(12, 5);
        s.advance(&bytes);
        assert_sound(&s);
        s.resize(Size { cols, rows });
        assert_sound(&s);
        s.advance(&more);
        assert_sound(&s);
        s.resize(Size { cols: rows, rows: cols });
        assert_sound(&s);
    }

    #[test]
    fn reflow_keeps_the_text(lines in prop::collection::vec("[a-z世 ]{0,30}", 1..8), cols in 2u16..40) {
        let input = lines.join("\r\n");
        let mut s = Screen::new(Size { cols: 20, rows: 60 }, 1000);
        s.advance(input.as_bytes());
        let all = CaptureOptions { join: true, ..CaptureOptions::default() };
        let text = |s: &Screen| s.capture(i64::MIN, i64::MAX, all).trim_end().to_owned();
        let before = text(&s);
        s.resize(Size { cols, rows: 60 });
        prop_assert_eq!(text(&s), &before[..]);
        s.resize(Size { cols: 20, rows: 60 });
        prop_assert_eq!(text(&s), &before[..]);
    }

    /// A picture kept by applying the damage equals the screen.
    #[test]
    fn damage_misses_nothing(chunks in prop::collection::vec(stream(), 1..6)) {
        let mut s = fresh(12, 6);
        let picture = |s: &Screen| -> Vec<Vec<(String, Style)>> {
            (0..6).map(|y| (0..12).map(|x| (s.cell(x, y).text.to_owned(), s.cell(x, y).style)).collect()).collect()
        };
        let mut shown = picture(&s);
        let _ = s.take_damage();
        // A version names one content for ever.
        let mut versions = std::collections::HashMap::new();
        for chunk in chunks {
            s.advance(&chunk);
            for y in 0..6u16 {
                let content = &picture(&s)[usize::from(y)];
                let known = versions.entry(s.row_version(y)).or_insert_with(|| content.clone());
                prop_assert_eq!(known, content, "row {}", y);
            }
            let damage = s.take_damage();
            let now = picture(&s);
            for scroll in &damage.scrolls {
                let region = usize::from(scroll.top)..=usize::from(scroll.bottom);
                let n = scroll.lines.unsigned_abs() as usize;
                if scroll.lines > 0 { shown[region].rotate_left(n) } else { shown[region].rotate_right(n) }
            }
            for y in 0..6u16 {
                if damage.row(y) {
                    shown[usize::from(y)].clone_from(&now[usize::from(y)]);
                }
            }
            prop_assert_eq!(&shown, &now);
        }
    }

    #[test]
    fn no_input_breaks_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(bytes.len() + 1);
        let mut d = Decoder::new();
        let mut out = Vec::new();
        d.feed(&bytes[..cut], &mut out);
        d.feed(&bytes[cut..], &mut out);
        let mut whole = Vec::new();
        let mut e = Decoder::new();
        e.feed(&bytes, &mut whole);
        prop_assert_eq!(out, whole);
        let mut rest = Vec::new();
        d.flush(&mut rest);
        prop_assert!(!d.pending());
    }
}
