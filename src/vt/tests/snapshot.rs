use super::*;

/// A screen with something of everything.
fn rich() -> Screen {
    let mut s = screen(
        20,
        4,
        "one\r\n\x1b[1;38;2;1;2;3mtwo\x1b[0m\r\n世界e\u{301}\r\n\x1b]8;;u\x07l\x1b]8;;\x07\r\nfive",
    );
    s.advance(b"\x1b]2;t\x07\x1b[22t\x1b[>5u\x1b[?1049h\x1b[>1uvim\x1b[2;3r\x1b[?69h\x1b[2;9s\x1b7");
    s.advance(b"\x1b)0\x1b]4;3;#abc\x07\x1b[?1;1006;1002s\x1b[3g\x1b[4:3;58;5;3m\x1b[1\"qx");
    s
}

fn restored(s: &Screen) -> Screen {
    Screen::from_snapshot(&s.snapshot()).expect("a snapshot just taken")
}

#[test]
fn a_snapshot_is_the_screen() {
    let s = rich();
    let t = restored(&s);
    assert_eq!(t.snapshot(), s.snapshot());
    assert_eq!(
        (rows(&t), history(&t), t.cursor(), t.modes()),
        (rows(&s), history(&s), s.cursor(), s.modes())
    );
    assert!(t.damage.all);
}

#[test]
fn going_on_after_a_restore_is_going_on() {
    // Every place in a stream, inside sequences, strings and characters too.
    let tail = "\x1b[1;31mx\x1b[?25l\x1b]2;né\x1b\\世\x1b]52;c;aGk=\x07\x1b(0q\x1bP$qm\x1b\\\x1b[\r6n\x1bPtmux;\x1b\x1b[5n\x1b\\\x1b[?1049l$ ";
    let mut straight = rich();
    straight.advance(tail.as_bytes());
    for cut in 0..tail.len() {
        let mut s = rich();
        s.advance(&tail.as_bytes()[..cut]);
        let mut t = restored(&s);
        t.advance(&tail.as_bytes()[cut..]);
        assert_eq!(t.snapshot(), straight.snapshot(), "cut at {cut}");
    }
}

#[test]
fn damaged_snapshots_are_refused_or_harmless() {
    let good = rich().snapshot();
    assert!(Screen::from_snapshot(&good[..good.len() / 2]).is_err());
    assert!(Screen::from_snapshot(b"").is_err());
    for i in 0..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 0x15;
        if let Ok(mut s) = Screen::from_snapshot(&bad) {
            s.advance(b"\x1b[3;3Hx\x1b[2J\x1b8y\x1b[?1049lz\r\n\r\n\r\n\r\n\r\n\t\t");
            s.resize(Size { cols: 7, rows: 3 });
            let _ = (rows(&s), history(&s), s.snapshot());
        }
    }
}
