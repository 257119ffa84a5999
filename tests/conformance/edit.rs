//! Inserting, deleting, scrolling, repeating: ICH DCH IL DL SU SD SL SR DECIC DECDC REP IRM DECALN.

use super::host::Host;

const FOUR: [&str; 4] = ["abcdefgh", "ijklmnop", "qrstuvwx", "yz012345"];

fn four() -> Host {
    let mut h = Host::new();
    h.put(1, 1, &FOUR);
    h
}

/// With rows 2 to 3 and columns 3 to 6 as margins.
fn boxed() -> Host {
    let mut h = four();
    h.columns(3, 6).csi("2;3r");
    h
}

#[test]
fn insert_characters() {
    four().go(3, 1).csi("@").is_at(3, 1).shows(1, 1, &["ab cdefgh"]);
    four().go(3, 1).csi("3@").shows(1, 1, &["ab   cdefgh"]);
    let mut h = Host::new();
    h.go(78, 1).send("abc").go(79, 1).csi("@").shows(78, 1, &["a b"]).csi("99@").shows(78, 1, &["a  "]);
    boxed().go(4, 2).csi("@").shows(1, 2, &["ijk lmop "]);
    boxed().go(4, 2).csi("99@").shows(1, 2, &["ijk   op "]);
    boxed().go(2, 2).csi("@").shows(1, 2, &["ijklmnop"]);
    boxed().go(7, 2).csi("@").shows(1, 2, &["ijklmnop"]);
    // The rows' margins mean nothing to it.
    boxed().go(4, 1).csi("@").shows(1, 1, &["abc degh"]);
}

#[test]
fn delete_characters() {
    four().go(3, 1).csi("P").is_at(3, 1).shows(1, 1, &["abdefgh "]);
    four().go(3, 1).csi("3P").shows(1, 1, &["abfgh   "]);
    four().go(3, 1).csi("99P").shows(1, 1, &["ab      "]);
    boxed().go(4, 2).csi("P").shows(1, 2, &["ijkmn op"]);
    boxed().go(4, 2).csi("99P").shows(1, 2, &["ijk   op"]);
    boxed().go(2, 2).csi("P").shows(1, 2, &["ijklmnop"]);
    boxed().go(7, 2).csi("P").shows(1, 2, &["ijklmnop"]);
    boxed().go(4, 1).csi("P").shows(1, 1, &["abcef gh"]);
}

#[test]
fn insert_mode() {
    four().csi("4h").go(3, 1).send("XY").is_at(5, 1).shows(1, 1, &["abXYcdefgh"]);
    four().csis(&["4h", "4l"]).go(3, 1).send("X").shows(1, 1, &["abXdefgh"]);
    boxed().csi("4h").go(4, 2).send("X").shows(1, 2, &["ijkXlmop"]);
    // What leaves the last column is lost and does not wrap.
    let mut h = Host::new();
    h.go(79, 1).send("ab").csi("4h").go(79, 1).send("X").shows(79, 1, &["Xa"]).shows(1, 2, &[" "]);
}

#[test]
fn insert_lines() {
    four().go(3, 2).csi("L").is_at(1, 2).shows(
        1,
        1,
        &["abcdefgh", "        ", "ijklmnop", "qrstuvwx", "yz012345"],
    );
    four().go(3, 2).csi("2L").shows(1, 1, &["abcdefgh", "        ", "        ", "ijklmnop"]);
    let mut h = Host::new();
    h.put(1, 24, &["ab", "cd"]).go(1, 24).csi("L").shows(1, 24, &["  ", "ab"]).csi("99L").shows(
        1,
        24,
        &["  ", "  "],
    );
    boxed().go(4, 2).csi("L").is_at(3, 2).shows(1, 1, &["abcdefgh", "ij    op", "qrklmnwx", "yz012345"]);
    boxed().go(4, 2).csi("9L").shows(1, 1, &["abcdefgh", "ij    op", "qr    wx", "yz012345"]);
    for (x, y) in [(4, 1), (4, 4), (2, 2), (7, 2)] {
        boxed().go(x, y).csi("L").is_at(x.into(), y.into()).shows(1, 1, &FOUR);
    }
}

#[test]
fn delete_lines() {
    four().go(3, 2).csi("M").is_at(1, 2).shows(1, 1, &["abcdefgh", "qrstuvwx", "yz012345", "        "]);
    four().go(3, 2).csi("2M").shows(1, 1, &["abcdefgh", "yz012345", "        "]);
    four().go(3, 2).csi("99M").shows(1, 1, &["abcdefgh", "        ", "        "]);
    boxed().go(4, 2).csi("M").is_at(3, 2).shows(1, 1, &["abcdefgh", "ijstuvop", "qr    wx", "yz012345"]);
    for (x, y) in [(4, 1), (4, 4), (2, 2), (7, 2)] {
        boxed().go(x, y).csi("M").is_at(x.into(), y.into()).shows(1, 1, &FOUR);
    }
}

#[test]
fn scroll_up_and_down() {
    four().go(3, 2).csi("S").is_at(3, 2).shows(1, 1, &["ijklmnop", "qrstuvwx", "yz012345", "        "]);
    four().csi("3S").shows(1, 1, &["yz012345", "        "]);
    four().csi("99S").shows(1, 1, &["        "; 4]);
    for down in ["T", "^"] {
        four().go(3, 2).csi(down).is_at(3, 2).shows(1, 1, &["        ", "abcdefgh", "ijklmnop"]);
        four().csi(&format!("2{down}")).shows(1, 1, &["        ", "        ", "abcdefgh"]);
        four().csi(&format!("99{down}")).shows(1, 1, &["        "; 4]);
        // Wherever the cursor is, the region scrolls.
        boxed().go(1, 1).csi(down).is_at(1, 1).shows(1, 1, &["abcdefgh", "ij    op", "qrklmnwx", "yz012345"]);
    }
    boxed().go(80, 25).csi("S").shows(1, 1, &["abcdefgh", "ijstuvop", "qr    wx", "yz012345"]);
    boxed().go(4, 2).csi("9S").shows(1, 1, &["abcdefgh", "ij    op", "qr    wx", "yz012345"]);
    // More parameters are xterm's highlight tracking, not SD.
    four().csi("1;2;3;4;5T").shows(1, 1, &FOUR);
}

#[test]
fn scroll_left_and_right() {
    four().csi(" @").shows(1, 1, &["bcdefgh ", "jklmnop "]);
    four().csi("2 A").shows(1, 1, &["  abcdef", "  ijklmn"]);
    boxed().go(4, 2).csi(" @").shows(1, 1, &["abcdefgh", "ijlmn op", "qrtuv wx", "yz012345"]);
    boxed().go(4, 2).csi(" A").shows(1, 1, &["abcdefgh", "ij klmop", "qr stuwx", "yz012345"]);
    boxed().go(1, 1).csi(" @").shows(1, 1, &FOUR);
}

#[test]
fn insert_and_delete_columns() {
    four().go(3, 2).csi("'}").is_at(3, 2).shows(1, 1, &["ab cdefgh", "ij klmnop", "qr stuvwx"]);
    four().go(3, 2).csi("2'~").shows(1, 1, &["abefgh  ", "ijmnop  ", "qruvwx  "]);
    boxed().go(4, 2).csi("'}").shows(1, 1, &["abcdefgh", "ijk lmop", "qrs tuwx", "yz012345"]);
    boxed().go(4, 2).csi("99'}").shows(1, 1, &["abcdefgh", "ijk   op", "qrs   wx", "yz012345"]);
    boxed().go(4, 2).csi("'~").shows(1, 1, &["abcdefgh", "ijkmn op", "qrsuv wx", "yz012345"]);
    boxed().go(4, 2).csi("99'~").shows(1, 1, &["abcdefgh", "ijk   op", "qrs   wx", "yz012345"]);
    for (x, y) in [(4, 1), (4, 4), (2, 2), (7, 2)] {
        boxed().go(x, y).csi("'}").shows(1, 1, &FOUR);
        boxed().go(x, y).csi("'~").shows(1, 1, &FOUR);
    }
}

#[test]
fn repeat() {
    Host::new().send("a").csi("b").is_at(3, 1).shows(1, 1, &["aa "]);
    Host::new().send("a").csi("3b").shows(1, 1, &["aaaa "]);
    Host::new().go(79, 1).send("a").csi("3b").is_at(3, 2).shows(79, 1, &["aa"]).shows(1, 2, &["aa"]);
    let mut h = Host::new();
    h.columns(3, 6).csi("2;3r").go(5, 3).send("a").csi("4b").is_at(6, 3).shows(1, 2, &["    aa", "  aaa "]);
    // Only what stands right before it, so after another function, or REP itself, nothing.
    for between in ["\x1b[m", "\x1b[2b", "\r", "\x07", "\x1b7", "\x1b[c"] {
        let after = |more: &str| {
            let mut h = Host::with("a");
            h.send(between).send(more).answers();
            h.at()
        };
        assert_eq!(after("\x1b[3b"), after(""), "{between:?}");
    }
    // An accent belongs to what it stands on.
    let mut h = Host::with("e\u{301}\x1b[b");
    h.is_at(3, 1);
    assert_eq!(h.0.cell(1, 0).text, "e\u{301}");
}

#[test]
fn alignment_test() {
    let mut h = Host::new();
    h.columns(3, 6).csi("2;3r").go(9, 9).send("\x1b#8").is_at(1, 1);
    h.shows(1, 1, &["EEE"]).shows(80, 25, &["E"]);
    assert_eq!((h.setting("r"), h.setting("s")), ("1;25".into(), "1;80".into()));
}

#[test]
fn regions_that_make_no_sense_are_ignored() {
    for region in ["5;5r", "6;5r", "26;27r"] {
        let mut h = Host::new();
        h.csi("2;9r").go(3, 3).csi(region).is_at(3, 3);
        assert_eq!(h.setting("r"), "2;9", "{region}");
    }
    for margins in ["5;5s", "6;5s", "81;90s"] {
        let mut h = Host::new();
        h.columns(2, 9).go(3, 3).csi(margins).is_at(3, 3);
        assert_eq!(h.setting("s"), "2;9", "{margins}");
    }
    // Absent, zero and too large are the edges.
    for (region, set) in [("r", "1;25"), ("0;5r", "1;5"), ("3r", "3;25"), ("3;0r", "3;25"), ("3;99r", "3;25")]
    {
        let mut h = Host::new();
        h.csi("2;9r").csi(region);
        assert_eq!(h.setting("r"), set, "{region}");
    }
    for (margins, set) in [("s", "1;80"), ("0;5s", "1;5"), ("3s", "3;80"), ("3;999s", "3;80")] {
        let mut h = Host::new();
        h.columns(2, 9).csi(margins);
        assert_eq!(h.setting("s"), set, "{margins}");
    }
}
