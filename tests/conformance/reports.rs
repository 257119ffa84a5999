//! What the terminal tells of itself: DA1 DA2 DA3 DECID XTVERSION, DSR, DECRQSS, DECCIR, XTGETTCAP, window
//! reports, and that a lower conformance level (DECSCL) takes away what came later.

use super::host::{ESC, Host, ST};

#[test]
fn device_attributes() {
    for question in ["\x1b[c", "\x1b[0c", "\x1bZ", "\u{9a}"] {
        let attributes = Host::new().numbers(question, "?", "c");
        assert_eq!(attributes[0], 65, "a VT525");
        for has in [6, 18, 21, 22, 28] {
            assert!(attributes.contains(&has), "{has} in {attributes:?}");
        }
    }
    assert_eq!(Host::new().ask("\x1b[1c"), "");
    for question in ["\x1b[>c", "\x1b[>0c"] {
        let second = Host::new().numbers(question, ">", "c");
        assert_eq!((second.len(), second[2]), (3, 0));
    }
    assert_eq!(Host::new().dcs("\x1b[=c").len(), "!|00000000".len());
    assert!(Host::new().dcs("\x1b[>q").starts_with(">|qmux "));
}

#[test]
fn device_status() {
    let mut h = Host::new();
    assert_eq!(h.ask("\x1b[5n"), "\x1b[0n");
    h.go(7, 3);
    assert_eq!(h.ask("\x1b[6n"), "\x1b[3;7R");
    assert_eq!(h.ask("\x1b[?6n"), "\x1b[?3;7;1R");
    for (question, answer) in [
        ("?15", "?13n"),
        ("?25", "?20n"),
        ("?26", "?27;1;0;0n"),
        ("?55", "?50n"),
        ("?53", "?50n"),
        ("?56", "?57;0n"),
        ("?62", "0*{"),
        ("?75", "?70n"),
        ("?85", "?83n"),
    ] {
        assert_eq!(h.ask(&format!("{ESC}[{question}n")), format!("{ESC}[{answer}"), "{question}");
    }
    assert_eq!(h.dcs("\x1b[?63;123n"), "123!~0000");
    // In origin mode positions count from the margins.
    h.columns(5, 9).csis(&["3;9r", "?6h", "2;2H"]);
    assert_eq!(h.ask("\x1b[6n"), "\x1b[2;2R");
}

#[test]
fn settings() {
    let mut h = Host::new();
    h.csis(&["2;9r", "?69h", "3;70s", "5 q", "1\"q", "1;4;38;5;99m"]);
    for (what, value) in [
        ("r", "2;9"),
        ("s", "3;70"),
        (" q", "5"),
        ("\"q", "1"),
        ("\"p", "65;1"),
        ("m", "0;1;4;38:5:99"),
        ("t", "25"),
        ("$|", "80"),
        ("*|", "25"),
        ("*x", "0"),
        // No status line, so output goes to the main display.
        ("$~", "0"),
        ("$}", "0"),
    ] {
        assert_eq!(h.setting(what), value, "{what}");
    }
    assert_eq!(h.dcs(&format!("{ESC}P$qz{ST}")), "0$r");
    for (style, told) in [("1", "1"), ("2", "2"), ("3", "3"), ("4", "4"), ("6", "6")] {
        h.csi(&format!("{style} q"));
        assert_eq!(h.setting(" q"), told);
    }
    for extent in ["1", "2", "0"] {
        h.csi(&format!("{extent}*x"));
        assert_eq!(h.setting("*x"), extent);
    }
    // SPA is not what DECSCA set.
    assert_eq!(Host::with("\x1bV").setting("\"q"), "0");
}

#[test]
fn presentation_state() {
    let mut h = Host::new();
    h.csis(&["1;4;5;7m", "1\"q", "3;5r", "?6h"]).go(2, 2).send("\x1b(0\x0e");
    let told = "2;2;1;O;A;A;1;0;@;0BBB";
    assert_eq!(h.dcs("\x1b[1$w"), format!("1$u{told}"));
    // DECRSPS brings all of it back after it has changed.
    h.csis(&["m", "0\"q", "?6l"]).go(9, 9).send("\x1b(A\x0f");
    assert_eq!(h.dcs("\x1b[1$w"), "1$u9;9;1;@;@;@;0;0;@;ABBB");
    h.send(&format!("\x1bP1$t{told}{ST}"));
    assert_eq!(h.dcs("\x1b[1$w"), format!("1$u{told}"));
    h.is_at(2, 2).csi("?6l").go(1, 1).send("\x0fq").csi("r");
    assert_eq!((h.setting("m"), h.setting("\"q")), ("0;1;4;5;7".into(), "1".into()));
    h.csi("m").send("\x1b(B").go(1, 1);
    assert_eq!(h.0.cell(0, 0).text, "─");
    // A pending wrap too, at the last column only; nonsense changes nothing.
    h.go(1, 1).send(&format!("\x1bP1$t3;80;1;@;@;H;0;0;@;BBBB{ST}x")).is_at(2, 4);
    h.send(&format!("\x1bP1$t3;9;1;@;@;H;0;0;@;BBBB{ST}x")).is_at(10, 3);
    for nonsense in ["", "1;1", "x;1;1;@;@;@;0;0;@;BBBB", "1;1;1;0;@;@;0;0;@;BBBB"] {
        h.send(&format!("\x1bP1$t{nonsense}{ST}")).is_at(10, 3);
    }
}

#[test]
fn capabilities() {
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02X}")).collect::<String>();
    let mut h = Host::new();
    assert_eq!(h.dcs(&format!("{ESC}P+q{}{ST}", hex("Co"))), format!("1+r{}={}", hex("Co"), hex("256")));
    assert_eq!(h.dcs(&format!("{ESC}P+q{}{ST}", hex("nope"))), format!("0+r{}", hex("nope")));
    assert_eq!(h.dcs(&format!("{ESC}P+q{}{ST}", hex("Tc"))), format!("1+r{}", hex("Tc")));
    assert_eq!(h.dcs(&format!("{ESC}P+qzz{ST}")), "0+r");
}

#[test]
fn window_sizes() {
    let mut h = Host::new();
    h.0.set_cell_pixels(10, 20);
    for (question, answer) in [
        ("11t", "1t"),
        ("13t", "3;0;0t"),
        ("14t", "4;500;800t"),
        ("15t", "5;500;800t"),
        ("16t", "6;20;10t"),
        ("18t", "8;25;80t"),
        ("19t", "9;25;80t"),
    ] {
        assert_eq!(h.ask(&format!("{ESC}[{question}")), format!("{ESC}[{answer}"));
    }
    // What would change the window is the layout's business: nothing happens, nothing is said.
    for change in
        ["1t", "2t", "3;1;1t", "4;100;100t", "8;10;20t", "9;1t", "10;1t", "24t", "36t", "132$|", "10*|"]
    {
        h.csi(change);
    }
    assert_eq!(h.ask("\x1b[18t"), "\x1b[8;25;80t");
    h.put(79, 25, &["ok"]).shows(79, 25, &["ok"]);
}

#[test]
fn terminal_parameters() {
    assert_eq!(Host::new().ask("\x1b[x"), "\x1b[2;1;1;128;128;1;0x");
    assert_eq!(Host::new().ask("\x1b[1x"), "\x1b[3;1;1;128;128;1;0x");
}

#[test]
fn levels_take_away_what_came_later() {
    let at = |level: u16| {
        let mut h = Host::new();
        h.csi(&format!("{level};1\"p"));
        h
    };
    assert_eq!(at(64).setting("\"p"), "64;1");
    // DECRQM came with the VT300.
    assert_eq!(at(62).ask("\x1b[4$p"), "");
    assert_eq!(at(62).ask("\x1b[?7$p"), "");
    assert_eq!(at(63).ask("\x1b[4$p"), "\x1b[4;2$y");
    // Left and right margins, rectangles, checksums, column operations with the VT420.
    let mut h = at(63);
    h.csis(&["?69h", "5;6s"]).go(5, 1).send("abc").is_at(8, 1);
    assert_eq!(h.ask("\x1b[1;1;1;1;1;1*y"), "");
    assert_eq!(h.ask("\x1b[?69$p"), "\x1b[?69;0$y");
    assert_eq!(h.ask("\x1b[?6n"), "\x1b[?1;8R");
    h.csis(&["1;5;1;5$z", "'~"]).go(5, 2).send("\x1b6").is_at(5, 2);
    h.csi("64;1\"p").shows(5, 1, &["abc"]);
    let mut h = at(64);
    h.columns(5, 6).go(5, 1).send("abc").is_at(6, 2);
    // DECNCSM with the VT500.
    assert_eq!(at(64).mode(95), 0);
    assert_eq!(at(65).mode(95), 2);
    // Nonsense changes nothing.
    assert_eq!(at(60).setting("\"p"), "65;1");
    assert_eq!(at(66).setting("\"p"), "65;1");
    // Setting a level resets softly: what is on the screen stays.
    let mut h = Host::with("x\x1b[4h\x1b[3;5r");
    h.csi("64;1\"p").shows(1, 1, &["x"]);
    assert_eq!((h.ansi_mode(4), h.setting("r")), (2, "1;25".into()));
}

#[test]
fn eight_bit_controls() {
    let mut h = Host::with("\x1b G");
    h.send("\x1b[5n");
    assert_eq!(h.0.take_replies(), b"\x9b0n");
    h.send("\x1bP$qr\x1b\\");
    assert_eq!(h.0.take_replies(), b"\x901$r1;25r\x9c");
    h.send("\x1b]10;?\x1b\\");
    assert!(h.0.take_replies().starts_with(b"\x9d10;rgb:"));
    h.send("\x1b F\x1b[5n");
    assert_eq!(h.0.take_replies(), b"\x1b[0n");
    // DECSCL asks for them too.
    Host::with("\x1b[62;0\"p").send("\x1b[5n");
    let mut h = Host::with("\x1b[64;2\"p\x1b[5n");
    assert_eq!(h.0.take_replies(), b"\x9b0n");
}
