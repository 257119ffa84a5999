//! Titles: OSC 0 1 2, their reports and stack (window operations 20 to 23), XTSMTITLE and XTRMTITLE.

use super::host::Host;

fn title(h: &mut Host) -> String {
    let answer = h.ask("\x1b[21t");
    answer.strip_prefix("\x1b]l").and_then(|a| a.strip_suffix("\x1b\\")).expect("a title").to_owned()
}

fn icon(h: &mut Host) -> String {
    let answer = h.ask("\x1b[20t");
    answer.strip_prefix("\x1b]L").and_then(|a| a.strip_suffix("\x1b\\")).expect("an icon name").to_owned()
}

fn both(h: &mut Host) -> (String, String) {
    (title(h), icon(h))
}

fn pair(title: &str, icon: &str) -> (String, String) {
    (title.to_owned(), icon.to_owned())
}

#[test]
fn set_and_told() {
    let mut h = Host::with("\x1b]0;both\x1b\\");
    assert_eq!(both(&mut h), pair("both", "both"));
    h.send("\x1b]1;icon\x07\x1b]2;tîtle; with more\x07");
    assert_eq!(both(&mut h), pair("tîtle; with more", "icon"));
}

#[test]
fn pushed_and_popped() {
    let named = |pushes: &[&str], pops: &[&str]| {
        let mut h = Host::with("\x1b]1;icon\x07\x1b]2;title\x07");
        h.csis(pushes).send("\x1b]0;new\x07").csis(pops);
        both(&mut h)
    };
    assert_eq!(named(&["22;0t"], &["23;0t"]), pair("title", "icon"));
    assert_eq!(named(&["22t"], &["23t"]), pair("title", "icon"));
    assert_eq!(named(&["22;0t"], &["23;1t"]), pair("new", "icon"));
    assert_eq!(named(&["22;0t"], &["23;2t"]), pair("title", "new"));
    assert_eq!(named(&["22;1t"], &["23;1t"]), pair("new", "icon"));
    assert_eq!(named(&["22;2t"], &["23;2t"]), pair("title", "new"));
    assert_eq!(named(&["22;1t", "22;2t"], &["23;0t"]), pair("title", "icon"));
    assert_eq!(named(&[], &["23;0t"]), pair("new", "new"));
    // Several deep.
    let mut h = Host::new();
    for n in 1..=3 {
        h.send(&format!("\x1b]0;{n}\x07")).csi("22;0t");
    }
    h.send("\x1b]0;x\x07");
    for n in [3, 2, 1] {
        h.csi("23;0t");
        assert_eq!(title(&mut h), n.to_string());
    }
}

#[test]
fn in_hexadecimal() {
    let hex = "C3A4"; // ä
    // Set in hex.
    let mut h = Host::with(&format!("\x1b[>0t\x1b]2;{hex}\x07"));
    assert_eq!(title(&mut h), "ä");
    // Told in hex.
    h.csi(">1t");
    assert_eq!(title(&mut h), hex);
    h.csi(">0T").send("\x1b]2;ä\x07");
    assert_eq!(title(&mut h), hex);
    h.csi(">1T");
    assert_eq!(title(&mut h), "ä");
    let mut h = Host::with(&format!("\x1b[>0;1t\x1b]1;{hex}\x07"));
    assert_eq!(icon(&mut h), hex);
    // The UTF-8 modes: text is UTF-8 here anyway.
    let mut h = Host::with("\x1b[>2;3t\x1b]2;ä\x07");
    assert_eq!(title(&mut h), "ä");
}
