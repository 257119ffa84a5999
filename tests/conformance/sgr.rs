//! SGR as DECRQSS tells it, and xterm's stack of pens.

use super::host::Host;

#[test]
fn every_attribute_and_its_end() {
    for (on, told, off) in [
        ("1", "1", "22"),
        ("2", "2", "22"),
        ("3", "3", "23"),
        ("4", "4", "24"),
        ("4:1", "4", "4:0"),
        ("21", "4:2", "24"),
        ("4:2", "4:2", "24"),
        ("4:3", "4:3", "24"),
        ("4:4", "4:4", "24"),
        ("4:5", "4:5", "24"),
        ("5", "5", "25"),
        ("7", "7", "27"),
        ("8", "8", "28"),
        ("9", "9", "29"),
        ("53", "53", "55"),
        ("31", "31", "39"),
        ("42", "42", "49"),
        ("93", "93", "39"),
        ("104", "104", "49"),
        ("38;5;200", "38:5:200", "39"),
        ("48:5:200", "48:5:200", "49"),
        ("38;2;1;2;3", "38:2::1:2:3", "39"),
        ("48:2:1:2:3", "48:2::1:2:3", "49"),
        ("48:2::1:2:3", "48:2::1:2:3", "49"),
        ("58;5;9", "58:5:9", "59"),
        ("58:2::1:2:3", "58:2::1:2:3", "59"),
    ] {
        let mut h = Host::new();
        assert_eq!(h.csi(&format!("{on}m")).setting("m"), format!("0;{told}"), "{on}");
        assert_eq!(h.csi(&format!("{off}m")).setting("m"), "0", "{on} then {off}");
        assert_eq!(h.csi(&format!("{on}m")).csi("m").setting("m"), "0");
    }
    // What is not understood takes nothing else with it.
    assert_eq!(Host::with("\x1b[1;38;5m").setting("m"), "0;1");
    assert_eq!(Host::with("\x1b[1;99;3m").setting("m"), "0;1;3");
}

#[test]
fn pens_are_pushed_and_popped() {
    let mut h = Host::with("\x1b[1;3;31;44m");
    h.csis(&["#{", "0;4m", "#}"]);
    assert_eq!(h.setting("m"), "0;1;3;31;44");
    // Only what was named comes back.
    h.csis(&["1;30#{", "0;4;32;45m", "#}"]);
    assert_eq!(h.setting("m"), "0;1;4;31;45");
    h.csi("#}");
    assert_eq!(h.setting("m"), "0;1;4;31;45");
    // Ten at most.
    let mut h = Host::new();
    for n in 0..12 {
        h.csi(&format!("38;5;{}m", 100 + n)).csi("#p");
    }
    for _ in 0..10 {
        h.csi("#q");
    }
    assert_eq!(h.setting("m"), "0;38:5:100");
}

#[test]
fn what_a_rectangle_has_in_common() {
    let mut h = Host::with("\x1b[1;4;31ma\x1b[0;1;31mb\x1b[0;1;32mc");
    assert_eq!(h.ask("\x1b[1;1;1;2#|"), "\x1b[0;1;31m");
    assert_eq!(h.ask("\x1b[1;1;1;3#|"), "\x1b[0;1m");
    assert_eq!(h.ask("\x1b[1;1;1;1#|"), "\x1b[0;1;4;31m");
}
