//! Colours: OSC 4, 5, 10 to 19 and their resets, every form of a colour, xterm's stack of palettes.

use super::host::Host;

fn asked(h: &mut Host, what: &str) -> String {
    let answer = h.ask(&format!("\x1b]{what};?\x1b\\"));
    let body = answer.strip_prefix(&format!("\x1b]{what};")).and_then(|a| a.strip_suffix("\x1b\\"));
    body.unwrap_or_else(|| panic!("{answer:?} answers {what}")).to_owned()
}

/// The colour `spec` gives palette entry 0.
fn read(spec: &str) -> String {
    let mut h = Host::with(&format!("\x1b]4;0;rgb:01/02/03\x1b\\\x1b]4;0;{spec}\x1b\\"));
    asked(&mut h, "4;0")
}

#[test]
fn forms_of_a_colour() {
    for (spec, color) in [
        ("rgb:f0f0/8080/0808", "rgb:f0f0/8080/0808"),
        ("rgb:f0/80/08", "rgb:f0f0/8080/0808"),
        ("rgb:f/8/0", "rgb:ffff/8888/0000"),
        ("rgb:fff/800/000", "rgb:ffff/7f7f/0000"),
        ("RGB:1/2/3", "rgb:1111/2222/3333"),
        ("#f80", "rgb:f0f0/8080/0000"),
        ("#f08008", "rgb:f0f0/8080/0808"),
        ("#f00800080", "rgb:f0f0/8080/0808"),
        ("#f00080000800", "rgb:f0f0/8080/0808"),
        ("rgbi:1/1/1", "rgb:ffff/ffff/ffff"),
        // X's forms are as on the monitor libX11 knows: its three colours begin to be seen at 9, 19, 14.
        ("rgbi:0/0.5/1", "rgb:0909/bbbb/ffff"),
        ("rgbi:0/0/0", "rgb:0000/0000/0000"),
        ("CIEXYZ:0.9497/1/1.406", "rgb:ffff/ffff/ffff"),
        ("CIEXYZ:0.38106/0.2073/0.02134", "rgb:ffff/1313/0e0e"),
        ("CIExyY:0.3127/0.329/0.3", "rgb:a9a9/9797/8787"),
        ("CIELab:100/0/0", "rgb:ffff/ffff/ffff"),
        ("CIELab:50/0/0", "rgb:8383/7d7d/7e7e"),
        ("CIELab:50/0.1/-0.1", "rgb:8989/7878/8d8d"),
        ("CIELab:0/0/0", "rgb:0000/0000/0000"),
        ("CIELuv:50/0/0", "rgb:8383/7d7d/7e7e"),
        ("CIELuv:50/0.2/0.1", "rgb:9b9b/7676/7373"),
        ("CIELuv:0/10/10", "rgb:0000/0000/0000"),
        ("TekHVC:0/50/0", "rgb:8383/7d7d/7e7e"),
        ("TekHVC:0/100/0", "rgb:ffff/ffff/ffff"),
        ("TekHVC:0/0/0", "rgb:0000/0000/0000"),
        // What the monitor cannot show is shown with less chroma; what is as light as white is white.
        ("CIEXYZ:0.4/0.2/0", "rgb:fafa/1313/3333"),
        ("CIEXYZ:0.1/0.4/0", "rgb:0909/c5c5/6868"),
        ("CIEXYZ:1/1/1", "rgb:ffff/ffff/ffff"),
        ("red", "rgb:ffff/0000/0000"),
        ("Dark Slate Gray", "rgb:2f2f/4f4f/4f4f"),
        ("darkslategrey", "rgb:2f2f/4f4f/4f4f"),
        ("LightGoldenrod3", "rgb:cdcd/bebe/7070"),
        ("gray50", "rgb:7f7f/7f7f/7f7f"),
        ("grey100", "rgb:ffff/ffff/ffff"),
    ] {
        assert_eq!(read(spec), color, "{spec}");
    }
    for nonsense in [
        "",
        "rgb:",
        "rgb:1/2",
        "rgb:g/0/0",
        "rgb:11111/0/0",
        "#12",
        "#12345",
        "#ggg",
        "nocolour",
        "red0",
        "red5",
        "gray101",
        "rgbi:1/1",
        "rgbi:x/0/0",
        "CIEXYZ:1/1/1/1",
        "CIEzzz:1/1/1",
        "rgbi:nan/1/1",
        "CIExyY:1/0/1",
        "CIEXYZ:1/1.1/1",
        "CIELab:101/0/0",
        "TekHVC:0/50/-1",
    ] {
        assert_eq!(read(nonsense), "rgb:0101/0202/0303", "{nonsense:?} changes nothing");
    }
    // A hue of TekHVC near the best red is reddish, one opposite is not.
    let part = |color: &str, i: usize| {
        u16::from_str_radix(color[4..].split('/').nth(i).expect("three"), 16).expect("hex")
    };
    let red = read("TekHVC:0/50/60");
    assert!(part(&red, 0) > part(&red, 1) && part(&red, 0) > part(&red, 2), "{red}");
    let not = read("TekHVC:180/50/60");
    assert!(part(&not, 0) < part(&not, 1), "{not}");
}

#[test]
fn palette_entries() {
    let mut h = Host::new();
    let first = asked(&mut h, "4;0");
    h.send("\x1b]4;0;#f0f0f0;200;#0f0f0f\x1b\\");
    assert_eq!(
        h.ask("\x1b]4;0;?;200;?\x1b\\"),
        "\x1b]4;0;rgb:f0f0/f0f0/f0f0\x1b\\\x1b]4;200;rgb:0f0f/0f0f/0f0f\x1b\\"
    );
    h.send("\x1b]104;0\x1b\\");
    assert_eq!((asked(&mut h, "4;0"), asked(&mut h, "4;200")), (first.clone(), "rgb:0f0f/0f0f/0f0f".into()));
    h.send("\x1b]4;0;#f0f0f0\x1b\\\x1b]104\x1b\\");
    assert_eq!((asked(&mut h, "4;0"), asked(&mut h, "4;200")), (first, "rgb:ffff/0000/d7d7".into()));
    assert_eq!(h.ask("\x1b]4;999;?\x1b\\"), "");
}

#[test]
fn special_colours() {
    for n in 0..5 {
        let mut h = Host::new();
        let first = asked(&mut h, &format!("5;{n}"));
        h.send(&format!("\x1b]5;{n};#aabbcc\x1b\\"));
        assert_eq!(asked(&mut h, &format!("5;{n}")), "rgb:aaaa/bbbb/cccc");
        // OSC 4 counts them after the palette.
        assert_eq!(asked(&mut h, &format!("4;{}", 256 + n)), "rgb:aaaa/bbbb/cccc");
        h.send(&format!("\x1b]105;{n}\x1b\\"));
        assert_eq!(asked(&mut h, &format!("5;{n}")), first);
        h.send(&format!("\x1b]4;{};#aabbcc\x1b\\\x1b]104;{}\x1b\\", 256 + n, 256 + n));
        assert_eq!(asked(&mut h, &format!("5;{n}")), first);
        h.send(&format!("\x1b]5;{n};#aabbcc\x1b\\\x1b]105\x1b\\"));
        assert_eq!(asked(&mut h, &format!("5;{n}")), first);
    }
}

#[test]
fn dynamic_colours() {
    for n in 10..=19 {
        let mut h = Host::new();
        let first = asked(&mut h, &n.to_string());
        h.send(&format!("\x1b]{n};#aabbcc\x1b\\"));
        assert_eq!(asked(&mut h, &n.to_string()), "rgb:aaaa/bbbb/cccc");
        h.send(&format!("\x1b]{}\x1b\\", n + 100));
        assert_eq!(asked(&mut h, &n.to_string()), first);
    }
    // Further colours in one string belong to the numbers that follow.
    let mut h = Host::with("\x1b]10;#010101;#020202;#030303\x1b\\");
    assert_eq!(
        h.ask("\x1b]11;?;?\x1b\\"),
        "\x1b]11;rgb:0202/0202/0202\x1b\\\x1b]12;rgb:0303/0303/0303\x1b\\"
    );
    // The answer ends as the question did.
    assert_eq!(h.ask("\x1b]10;?\x07"), "\x1b]10;rgb:0101/0101/0101\x07");
}

#[test]
fn palettes_are_pushed_and_popped() {
    let mut h = Host::with("\x1b]4;1;#111111\x1b\\\x1b]11;#222222\x1b\\");
    h.csi("#P").send("\x1b]4;1;#999999\x1b\\\x1b]11;#999999\x1b\\");
    assert_eq!(h.ask("\x1b[#R"), "\x1b[1;1#Q");
    h.csi("#Q");
    assert_eq!(
        (asked(&mut h, "4;1"), asked(&mut h, "11")),
        ("rgb:1111/1111/1111".into(), "rgb:2222/2222/2222".into())
    );
    assert_eq!(h.ask("\x1b[#R"), "\x1b[0;1#Q");
    // By number, without pushing.
    h.csi("3#P").send("\x1b]4;1;#999999\x1b\\").csi("3#Q");
    assert_eq!(asked(&mut h, "4;1"), "rgb:1111/1111/1111");
    assert_eq!(h.ask("\x1b[#R"), "\x1b[0;3#Q");
    h.csis(&["#Q", "9#Q", "11#P"]);
    assert_eq!(h.ask("\x1b[#R"), "\x1b[0;3#Q");
}
