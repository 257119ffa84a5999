//! Modes: that each is told (DECRQM), kept (XTSAVE, XTRESTORE) and does what it says.

use super::host::Host;

/// Every private mode that can be set.
const PRIVATE: [u16; 45] = [
    1, 4, 5, 6, 7, 8, 9, 12, 18, 19, 25, 40, 41, 42, 44, 45, 47, 66, 67, 69, 95, 1000, 1002, 1003, 1004,
    1005, 1006, 1007, 1015, 1016, 1034, 1036, 1039, 1045, 1047, 1049, 1070, 2004, 2026, 2027, 2031, 2048,
    1048, 3, 35,
];

#[test]
fn private_modes_are_told() {
    for n in PRIVATE.into_iter().filter(|n| *n != 1048) {
        let mut h = Host::with("\x1b[?40h");
        h.csi(&format!("?{n}h")).answers();
        assert_eq!(h.mode(n), 1, "mode {n} set");
        h.csi(&format!("?{n}l"));
        assert_eq!(h.mode(n), 2, "mode {n} reset");
    }
    let mut h = Host::new();
    assert_eq!(h.mode(1048), 2);
    assert_eq!(h.csi("?1048h").mode(1048), 1);
    assert_eq!(h.mode(4711), 0);
    // Known, and never set in a pane.
    for n in [34, 36, 57, 58, 60, 61, 64, 68, 73, 81, 96, 97, 98, 99, 100, 101, 102, 103, 104, 106] {
        assert_eq!(h.csi(&format!("?{n}h")).mode(n), 4, "mode {n}");
    }
}

#[test]
fn ansi_modes_are_told() {
    for n in [2, 4, 12, 20] {
        let mut h = Host::new();
        assert_eq!(h.csi(&format!("{n}h")).ansi_mode(n), 1);
        assert_eq!(h.csi(&format!("{n}l")).ansi_mode(n), 2);
    }
    for n in [1, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19] {
        assert_eq!(Host::new().csi(&format!("{n}h")).ansi_mode(n), 4);
    }
    assert_eq!(Host::new().ansi_mode(99), 0);
}

#[test]
fn private_modes_are_saved_and_restored() {
    for n in PRIVATE.into_iter().filter(|n| *n != 1048) {
        for (kept, other, state) in [('h', 'l', 1), ('l', 'h', 2)] {
            let mut h = Host::with("\x1b[?40h");
            h.csis(&[&format!("?{n}{kept}"), &format!("?{n}s"), &format!("?{n}{other}"), &format!("?{n}r")])
                .answers();
            assert_eq!(h.mode(n), state, "mode {n}");
        }
    }
    // Several at once, and those never saved stay.
    let mut h = Host::with("\x1b[?7;25s\x1b[?7;25l\x1b[?7;25;2004r");
    assert_eq!((h.mode(7), h.mode(25), h.mode(2004)), (1, 1, 2));
}

#[test]
fn newline_mode() {
    Host::new().csi("20h").go(5, 3).send("\n").is_at(1, 4);
    Host::new().csis(&["20h", "20l"]).go(5, 3).send("\n").is_at(5, 4);
}

#[test]
fn alternate_screens() {
    // 47 keeps what is on it; 1047 clears it when it is left; 1049 when it is entered, and saves the cursor.
    let mut h = Host::with("main");
    h.csi("?47h").is_at(5, 1).shows(1, 1, &["    "]).go(1, 1).send("alt").csi("?47l").is_at(4, 1).shows(
        1,
        1,
        &["main"],
    );
    h.csi("?47h").shows(1, 1, &["alt "]).csi("?47l");
    h.csi("?1047h").shows(1, 1, &["alt "]).csi("?1047l").shows(1, 1, &["main"]).csi("?47h").shows(
        1,
        1,
        &["    "],
    );
    let mut h = Host::with("main");
    h.csi("?1049h").is_at(5, 1).shows(1, 1, &["    "]).put(1, 3, &["alt"]).csi("?1049l").is_at(5, 1).shows(
        1,
        1,
        &["main"],
    );
    h.csi("?1049h").shows(1, 3, &["   "]);
    // Nothing of it becomes scrollback.
    let mut h = Host::new();
    h.csi("?1049h").send(&"line\r\n".repeat(60)).csi("?1049l");
    assert_eq!(h.0.history_len(), 0);
}

#[test]
fn columns_mode_does_all_but_the_width() {
    // Only if allowed.
    let mut h = Host::with("x");
    h.csi("?3h").shows(1, 1, &["x"]);
    assert_eq!(h.mode(3), 2);
    for set in ["?3h", "?3l"] {
        let mut h = Host::with("\x1b[?40hx");
        h.columns(2, 30).csis(&["2;9r", "5;5H", set]).is_at(1, 1).shows(1, 1, &[" "]);
        assert_eq!((h.setting("r"), h.setting("s")), ("1;25".into(), "1;80".into()));
        assert_eq!(h.numbers("\x1b[18t", "", "t"), [8, 25, 80]);
        // DECNCSM: without clearing.
        Host::with("\x1b[?40;95hx").csi(set).is_at(1, 1).shows(1, 1, &["x"]);
    }
}

#[test]
fn margins_mode_off_takes_the_margins_away() {
    let mut h = Host::new();
    h.columns(5, 10).csi("?69l").go(9, 1).send("abc").is_at(12, 1);
    assert_eq!(h.setting("s"), "1;80");
    // Without the mode DECSLRM is SCOSC.
    Host::new().csi("5;10s").go(9, 1).send("abc").is_at(12, 1);
}

#[test]
fn size_changes_and_colour_schemes_are_told_in_band() {
    let mut h = Host::new();
    h.0.set_cell_pixels(10, 20);
    assert_eq!(h.ask("\x1b[?2048h"), "\x1b[48;25;80;500;800t");
    h.0.resize(qmux::ids::Size { cols: 90, rows: 30 });
    assert_eq!(h.answers(), "\x1b[48;30;90;600;900t");
    h.0.set_colors((0, 0, 0), (255, 255, 255));
    assert_eq!(h.ask("\x1b[?996n"), "\x1b[?997;2n");
    h.csi("?2031h").0.set_colors((255, 255, 255), (0, 0, 0));
    assert_eq!(h.answers(), "\x1b[?997;1n");
}

#[test]
fn synchronised_output_holds_the_drawing_not_the_answers() {
    let mut h = Host::with("\x1b[?2026hx");
    h.is_at(2, 1).shows(1, 1, &["x"]);
    assert!(h.0.modes().synchronized);
}
