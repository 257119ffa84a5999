//! Erasing and protection: ED EL ECH, DECSED DECSEL, DECSCA, SPA and EPA.

use super::host::Host;

fn filled() -> Host {
    let mut h = Host::new();
    h.put(1, 1, &["abcde", "fghij", "klmno"]).go(3, 2);
    h
}

#[test]
fn display() {
    for default in ["J", "0J"] {
        filled().csi(default).is_at(3, 2).shows(1, 1, &["abcde", "fg   ", "     "]);
    }
    filled().csi("1J").is_at(3, 2).shows(1, 1, &["     ", "   ij", "klmno"]);
    filled().csi("2J").is_at(3, 2).shows(1, 1, &["     ", "     ", "     "]);
    // Margins mean nothing to it.
    filled().columns(2, 3).csi("2;3r").go(3, 2).csi("J").shows(1, 1, &["abcde", "fg   ", "     "]);
    filled().csi("9J").shows(1, 1, &["abcde", "fghij", "klmno"]);
}

#[test]
fn saved_lines() {
    let mut h = Host::with(&"line\r\n".repeat(40));
    assert!(h.0.history_len() > 0);
    h.csi("3J");
    assert_eq!(h.0.history_len(), 0);
    h.shows(1, 1, &["line"]);
}

#[test]
fn line() {
    for default in ["K", "0K"] {
        filled().csi(default).is_at(3, 2).shows(1, 1, &["abcde", "fg   ", "klmno"]);
    }
    filled().csi("1K").shows(1, 1, &["abcde", "   ij", "klmno"]);
    filled().csi("2K").is_at(3, 2).shows(1, 1, &["abcde", "     ", "klmno"]);
    filled().columns(2, 4).csi("2;3r").go(3, 2).csi("K").shows(1, 1, &["abcde", "fg   ", "klmno"]);
}

#[test]
fn characters() {
    filled().csi("X").is_at(3, 2).shows(1, 2, &["fg ij"]);
    filled().csi("2X").shows(1, 2, &["fg  j"]);
    filled().csi("99X").shows(1, 1, &["abcde", "fg   ", "klmno"]);
    // Not the margins: ECH erases to the end of the line.
    filled().columns(2, 3).go(3, 2).csi("3X").shows(1, 2, &["fg   "]);
    // A pending wrap ends.
    Host::new().go(80, 1).send("a").csi("X").send("c").is_at(80, 1).shows(80, 1, &["c"]);
}

/// `aBc` with B written as the controls say.
fn guarded(on: &str, off: &str) -> Host {
    let mut h = Host::with(&format!("a{on}B{off}c"));
    h.send(&format!("\r\nd{on}E{off}f"));
    h.go(2, 1);
    h
}

fn by_decsca() -> Host {
    guarded("\x1b[1\"q", "\x1b[0\"q")
}

fn by_spa() -> Host {
    guarded("\x1bV", "\x1bW")
}

#[test]
fn selective_erasure_spares_what_decsca_protects() {
    by_decsca().csi("?J").shows(1, 1, &["aB ", " E "]);
    by_decsca().go(3, 2).csi("?1J").shows(1, 1, &[" B ", " E "]);
    by_decsca().csi("?2J").shows(1, 1, &[" B ", " E "]);
    by_decsca().csi("?K").shows(1, 1, &["aB ", "dEf"]);
    by_decsca().go(3, 1).csi("?1K").shows(1, 1, &[" B ", "dEf"]);
    by_decsca().csi("?2K").shows(1, 1, &[" B ", "dEf"]);
    by_decsca().csi("1;1;2;3${").shows(1, 1, &[" B ", " E "]);
    // DECSCA 2 protects nothing, like 0.
    Host::with("\x1b[1\"q\x1b[2\"qa").go(1, 1).csi("?J").shows(1, 1, &[" "]);
    // What was protected stays so until it is overwritten.
    Host::with("\x1b[1\"qa\x1b[0\"q").go(1, 1).csi("?J").shows(1, 1, &["a"]).send("b").csi("?2J").shows(
        1,
        1,
        &[" "],
    );
    // Without protection it erases like the others; the cursor stays.
    filled().csi("?J").is_at(3, 2).shows(1, 1, &["abcde", "fg   ", "     "]);
    filled().csi("?2K").is_at(3, 2).shows(1, 1, &["abcde", "     ", "klmno"]);
    // SGR 0 leaves the protection on.
    Host::with("\x1b[1\"q\x1b[0ma").go(1, 1).csi("?J").shows(1, 1, &["a"]);
}

#[test]
fn plain_erasure_does_not_know_decsca() {
    for erase in ["J", "K", "2X", "2J", "2K"] {
        by_decsca().csi(erase).shows(2, 1, &["  "]);
    }
    by_decsca().go(3, 2).csi("1J").shows(1, 1, &["   ", "   "]);
    by_decsca().go(3, 1).csi("1K").shows(1, 1, &["   ", "dEf"]);
    by_decsca().csi("1;1;2;3$z").shows(1, 1, &["   ", "   "]);
    by_decsca().csi("37;1;1;2;3$x").shows(1, 1, &["%%%", "%%%"]);
}

#[test]
fn guarded_areas_withstand_plain_erasure() {
    by_spa().csi("J").shows(1, 1, &["aB ", " E "]);
    by_spa().go(3, 2).csi("1J").shows(1, 1, &[" B ", " E "]);
    by_spa().csi("2J").shows(1, 1, &[" B ", " E "]);
    by_spa().csi("K").shows(1, 1, &["aB ", "dEf"]);
    by_spa().go(3, 1).csi("1K").shows(1, 1, &[" B ", "dEf"]);
    by_spa().csi("2K").shows(1, 1, &[" B ", "dEf"]);
    by_spa().csi("9X").shows(1, 1, &["aB ", "dEf"]);
    // xterm's rule for the selective and the rectangular ones.
    by_spa().csi("?2J").shows(1, 1, &[" B ", " E "]);
    by_spa().csi("1;1;2;3${").shows(1, 1, &["   ", "   "]);
    by_spa().csi("1;1;2;3$z").shows(1, 1, &["   ", "   "]);
    // The last kind of protection asked for decides: DECSCA ends that of the guarded area.
    by_spa().csi("0\"q").csi("2J").shows(1, 1, &["   ", "   "]);
    // In rows and columns beyond what was written, colour is erased to the background.
    let mut h = by_spa();
    h.csis(&["44m", "2J"]);
    assert_eq!(h.0.cell(5, 0).style.bg, qmux::vt::Color::Indexed(4));
    assert_eq!(h.0.cell(1, 0).style.bg, qmux::vt::Color::Default);
}
