//! Rectangles: DECCRA DECFRA DECERA DECSERA DECCARA DECRARA DECSACE, DECRQCRA and XTCHECKSUM.

use super::host::Host;

const FOUR: [&str; 4] = ["abcdefgh", "ijklmnop", "qrstuvwx", "yz012345"];

fn four() -> Host {
    let mut h = Host::new();
    h.put(1, 1, &FOUR).go(7, 4);
    h
}

/// What DECERA, DECSERA and DECFRA share: `fill(rectangle)` leaves `c` in it.
fn fills(fill: impl Fn(&str) -> String, c: char) {
    let show = |rows: [&str; 4]| rows.map(|row| row.replace('.', &c.to_string()));
    let expect = |h: &mut Host, rows: [&str; 4]| {
        let rows = show(rows);
        h.shows(1, 1, &rows.each_ref().map(|r| &r[..]));
    };
    // The rectangle, the cursor where it was.
    let mut h = four();
    h.csi(&fill("2;3;3;5")).is_at(7, 4);
    expect(&mut h, ["abcdefgh", "ij...nop", "qr...vwx", "yz012345"]);
    // Empty ones do nothing.
    for nothing in ["3;3;2;5", "2;5;3;3"] {
        let mut h = four();
        h.csi(&fill(nothing));
        expect(&mut h, FOUR);
    }
    // Absent is the edge, and what is beyond it is cut.
    let mut h = four();
    h.csi(&fill("2;3"));
    expect(&mut h, ["abcdefgh", "ij......", "qr......", "yz......"]);
    assert_eq!(h.cell(80, 25), c);
    let mut h = four();
    h.csi(&fill("3;3;99;999"));
    expect(&mut h, ["abcdefgh", "ijklmnop", "qr......", "yz......"]);
    // Margins mean nothing, but for origin mode.
    let mut h = four();
    h.columns(2, 4).csi("2;3r").csi(&fill("1;1;2;2"));
    expect(&mut h, ["..cdefgh", "..klmnop", "qrstuvwx", "yz012345"]);
    let mut h = four();
    h.columns(2, 4).csi("2;3r").csi("?6h").csi(&fill("1;1;2;2")).csi("?6l");
    expect(&mut h, ["abcdefgh", "i..lmnop", "q..tuvwx", "yz012345"]);
}

#[test]
fn erase() {
    fills(|r| format!("{r}$z"), ' ');
}

#[test]
fn erase_selectively() {
    fills(|r| format!("{r}${{"), ' ');
}

#[test]
fn fill() {
    fills(|r| format!("37;{r}$x"), '%');
    // It takes the pen; controls are no characters to fill with.
    let mut h = four();
    h.csis(&["1;31m", "88;1;1;1;2$x", "m", "7;2;1;2;2$x", "130;2;1;2;2$x"]);
    h.csi("233;4;1;4;1$x").shows(1, 2, &["ij"]);
    assert_eq!(h.0.cell(0, 0).text, "X");
    assert!(h.0.cell(0, 0).style.attrs.contains(qmux::vt::Attrs::BOLD));
    assert_eq!(h.0.cell(1, 0).style.fg, qmux::vt::Color::Indexed(1));
    assert_eq!(h.0.cell(0, 3).text, "é");
}

#[test]
fn copy() {
    four().csi("1;1;2;3;1;3;5;1$v").is_at(7, 4).shows(
        1,
        1,
        &["abcdefgh", "ijklmnop", "qrstabcx", "yz01ijk5"],
    );
    // Over itself, both ways.
    four().csi("1;1;3;3;1;2;2;1$v").shows(1, 1, &["abcdefgh", "iabcmnop", "qijkuvwx", "yqrs2345"]);
    four().csi("2;2;4;4;1;1;1;1$v").shows(1, 1, &["jkldefgh", "rstlmnop", "z01tuvwx", "yz012345"]);
    // The target is cut at the edge, the source too.
    let mut h = four();
    h.csi("1;1;2;3;1;25;79;1$v").shows(79, 25, &["ab"]);
    four().csi("3;6;99;999;1;1;1;1$v").shows(1, 1, &["vwx     ", "345     ", "        "]);
    // An empty source does nothing; nor do margins, but for origin mode.
    four().csi("2;1;1;3;1;3;5;1$v").shows(1, 1, &FOUR);
    four().csi("1;4;2;3;1;3;5;1$v").shows(1, 1, &FOUR);
    let mut h = four();
    h.columns(2, 6).csi("2;4r").csi("1;1;1;2;1;3;5;1$v").shows(1, 1, &["abcdefgh", "ijklmnop", "qrstabwx"]);
    let mut h = four();
    h.columns(2, 6).csi("2;4r").csi("?6h").csi("1;1;1;2;1;2;3;1$v").csi("?6l");
    h.shows(1, 1, &["abcdefgh", "ijklmnop", "qrsjkvwx", "yz012345"]);
}

#[test]
fn attributes_are_changed_and_reversed() {
    use qmux::vt::Attrs;
    let look = |h: &Host, x: u16, y: u16| h.0.cell(x - 1, y - 1).style.attrs;
    // DECSACE 2: the rectangle. Else the text from its first to its last position.
    let mut h = four();
    h.csis(&["2*x", "1;2;2;3;1;4$r"]);
    assert_eq!(look(&h, 2, 1), Attrs::BOLD | Attrs::UNDERLINE);
    assert_eq!((look(&h, 4, 1), look(&h, 1, 2)), (Attrs::empty(), Attrs::empty()));
    assert_eq!(h.setting("*x"), "2");
    let mut h = four();
    h.csis(&["1*x", "1;7;2;2;7$r"]);
    let reversed: Vec<(u16, u16)> = (1..=2)
        .flat_map(|y| (1..=8).map(move |x| (x, y)))
        .filter(|(x, y)| look(&h, *x, *y) == Attrs::REVERSE)
        .collect();
    assert_eq!(reversed, [(7, 1), (8, 1), (1, 2), (2, 2)]);
    let mut h = four();
    h.csis(&["2*x", "1;1;1;2;1$r", "1;2;1;3;1;5$t"]);
    assert_eq!(look(&h, 1, 1), Attrs::BOLD);
    assert_eq!((look(&h, 2, 1), look(&h, 3, 1)), (Attrs::BLINK, Attrs::BOLD | Attrs::BLINK));
    h.csi("1;1;1;3;22;25$r");
    assert_eq!(look(&h, 3, 1), Attrs::empty());
    h.shows(1, 1, &FOUR);
}

#[test]
fn checksums_are_xterms() {
    // The negated sum; a blank alone is a space, whether written or not; attributes are added.
    let mut h = Host::with("A \x1b[1mA\x1b[0;7mA\x1b[0;5mA\x1b[0;4mA\x1b[0;8mA");
    let cells: Vec<u16> = (1..=8).map(|x| h.checksum(1, x, 1, x).wrapping_neg()).collect();
    assert_eq!(cells, [0x41, 0x20, 0xc1, 0x61, 0x81, 0x51, 0x49, 0x20]);
    // Of several, blanks never written count only in front.
    let mut h = Host::with("ab c");
    assert_eq!(h.checksum(1, 1, 1, 80).wrapping_neg(), 0x61 + 0x62 + 0x20 + 0x63);
    assert_eq!(h.checksum(2, 1, 3, 80).wrapping_neg(), 0x20);
    assert_eq!(h.checksum(3, 1, 2, 80), 0);
    // Protection is seen by nobody, and by no checksum.
    assert_eq!(Host::with("\x1b[1\"qA").cell(1, 1), 'A');
    // The low eight bits of a character, without what combines with it.
    assert_eq!(Host::with("é").checksum(1, 1, 1, 1).wrapping_neg(), 0xe9);
    assert_eq!(Host::with("e\u{301}").checksum(1, 1, 1, 1).wrapping_neg(), 0x65);
    assert_eq!(Host::with("→").checksum(1, 1, 1, 1).wrapping_neg(), 0x92);
}

#[test]
fn checksums_by_the_bits_of_xtchecksum() {
    let sum = |flags: u16, text: &str, right: u16| {
        let mut h = Host::with(text);
        h.csi(&format!("{flags}#y"));
        h.checksum(1, 1, 1, right)
    };
    assert_eq!(sum(1, "AB", 2), 0x83);
    assert_eq!(sum(3, "\x1b[1mAB", 2), 0x83);
    assert_eq!(sum(1, "A", 4), 0x41);
    assert_eq!(sum(5, "A", 4), 0x41 + 3 * 0x20);
    assert_eq!(sum(13, "A ", 4), 0x41 + 0x20);
    assert_eq!(sum(17, "→e\u{301}", 2), ((0x2192 + 0x65 + 0x301) & 0xffff) as u16);
    // What conformance suites set xterm to (its resource checksumExtension: 23).
    assert_eq!(sum(23, "\x1b[1;7mA", 1), 0x41);
    assert_eq!(sum(23, "", 1), 0x20);
}
