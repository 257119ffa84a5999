//! Control strings: that what is in APC, PM, SOS and unknown DCS and OSC is never shown, how strings end,
//! C1 controls of either form, character sets.

use super::host::Host;

#[test]
fn strings_show_nothing() {
    for intro in
        ["\x1b_", "\x1b^", "\x1bX", "\x1bP", "\x1b]", "\u{9f}", "\u{9e}", "\u{98}", "\u{90}", "\u{9d}"]
    {
        Host::with(&format!("a{intro}hidden 😀 text\x1b\\b")).is_at(3, 1).shows(1, 1, &["ab  "]);
    }
    // BEL ends OSC and no other.
    Host::with("a\x1b]hidden\x07b").shows(1, 1, &["ab "]);
    Host::with("a\x1b_hidden\x07more\x1b\\b").shows(1, 1, &["ab  "]);
    // CAN and SUB break a string off, and so does another sequence, which is done.
    Host::with("a\x1bPhid\x18b").shows(1, 1, &["ab "]);
    Host::with("a\x1bPhid\x1ab").shows(1, 1, &["ab "]);
    Host::with("a\x1b_hid\x1b[3Cb").is_at(6, 1);
}

#[test]
fn eight_bit_strings() {
    // After S8C1T the controls are single bytes.
    for (intro, end) in [(0x9f, 0x9c), (0x9e, 0x9c), (0x98, 0x9c), (0x90, 0x9c), (0x9d, 0x9c)] {
        let mut h = Host::with("\x1b G");
        h.send_bytes(&[b'a', intro]).send("hidden").send_bytes(&[end]).send("b").send("\x1b F");
        h.is_at(3, 1).shows(1, 1, &["ab "]);
        // U+009C is the same control.
        let mut h = Host::with("\x1b G");
        h.send_bytes(&[b'a', intro]).send("hidden\u{9c}b\x1b F").shows(1, 1, &["ab "]);
    }
    // A byte of a character is none.
    let mut h = Host::with("\x1b G\x1b]2;ß✜😜\u{9c}\x1b F");
    assert_eq!(h.ask("\x1b[21t"), "\x1b]lß✜😜\x1b\\");
}

#[test]
fn c1_controls() {
    for (control, x, y) in [("\u{84}", 5, 4), ("\u{85}", 1, 4), ("\u{8d}", 5, 2), ("\u{9b}2D", 3, 3)] {
        Host::new().go(5, 3).send(control).is_at(x, y);
    }
    Host::new().go(5, 3).send("\u{88}").go(1, 3).send("\t").is_at(5, 3);
    let raw: [(&[u8], i64, i64); 3] = [(b"\x84", 5, 4), (b"\x85", 1, 4), (b"\x8d", 5, 2)];
    for (control, x, y) in raw {
        Host::with("\x1b G").go(5, 3).send_bytes(control).send("\x1b F").is_at(x, y);
    }
    // Without S8C1T such bytes are broken text.
    Host::new().send_bytes(b"\x84").is_at(2, 1);
}

#[test]
fn character_sets() {
    let text = |input: &str| {
        let h = Host::with(input);
        (0..3).map(|x| h.0.cell(x, 0).text.to_owned()).collect::<String>()
    };
    assert_eq!(text("\x1b(0lqk"), "┌─┐");
    assert_eq!(text("\x1b)0l\x0eq\x0fk"), "l─k");
    assert_eq!(text("\x1b(A#~#"), "£~£");
    // SS2 and SS3 for one character, LS2 and LS3 until the next shift.
    assert_eq!(text("\x1b*0q\x1bNqq"), "q─q");
    assert_eq!(text("\x1b+0q\x1bOqq"), "q─q");
    assert_eq!(text("\x1b*0\x1bnqq\x0fq"), "──q");
    assert_eq!(text("\x1b+0\x1boqq\x0fq"), "──q");
    assert_eq!(text("\x1b(0q\x1b(Bqq"), "─qq");
}

#[test]
fn unknown_sequences_do_nothing() {
    for unknown in [
        "\x1b[99z",
        "\x1b[?1;2;3y",
        "\x1b[1'z",
        "\x1b%G",
        "\x1b#3",
        "\x1bl",
        "\x1b[>1;2X",
        "\x1b[1;2+|",
        "\x1b Z",
    ] {
        let mut h = Host::with("a");
        assert_eq!(h.ask(unknown), "", "{unknown:?}");
        h.is_at(2, 1).shows(1, 1, &["a "]);
    }
}

#[test]
fn pictures_leave_nothing_but_their_cells() {
    let sixel = format!("\x1bPq\"1;1;8;12#0;2;100;0;0{}-#0!8~\x1b\\", "#0!8~$".repeat(50));
    let kitty = format!("\x1b_Ga=T,f=24,s=1,v=1,m=1;{}\x1b\\\x1b_Gm=0;AAAA\x1b\\", "QUJD".repeat(1000));
    // Longer than anything that is kept.
    let huge = format!("\x1bPq{}\x1b\\", "~".repeat((1 << 20) + 5000));
    let iterm = format!("\x1b]1337;File=inline=1:{}\x07", "QUJD".repeat(1000));
    // A sixel picture leaves the cursor in its column, on its last row: here the letter stands on it.
    for picture in [sixel, huge, iterm] {
        let mut h = Host::with(&format!("a{picture}b"));
        h.is_at(3, 1).shows(1, 1, &["ab  "]).shows(1, 2, &["    "]);
        assert_eq!(h.answers(), "");
    }
    let mut h = Host::with(&format!("a{kitty}b"));
    h.is_at(4, 1);
    assert_eq!(h.answers(), "");
    // Nobody claims what is not there: no sixel (4) in DA1, no graphics geometry, no answer to kitty's query.
    assert!(!Host::new().numbers("\x1b[c", "?", "c").contains(&4));
    assert_eq!(Host::new().ask("\x1b[?2;1;0S"), "\x1b[?2;1;0S");
    assert_eq!(Host::new().ask("\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"), "");
}

#[test]
fn placeholders_of_kitty_pictures_stay_whole() {
    // A picture sent through tmux's passthrough is shown where these stand: row and column as combining
    // marks, its number in the foreground (kitty's graphics protocol, Unicode placeholders).
    let h = Host::with("\x1b[38;2;0;0;42m\u{10eeee}\u{305}\u{30d}\u{10eeee}\u{305}\u{30e}\x1b[39m");
    let (first, second) = (h.0.cell(0, 0), h.0.cell(1, 0));
    assert_eq!((first.text, first.width), ("\u{10eeee}\u{305}\u{30d}", 1));
    assert_eq!((second.text, second.style.fg), ("\u{10eeee}\u{305}\u{30e}", qmux::vt::Color::Rgb(0, 0, 42)));
}
