//! Moving the cursor: CUU CUD CUF CUB CNL CPL CHA CUP HVP HPA HPR VPA VPR, the C0 controls, IND NEL RI,
//! DECBI DECFI, saved cursors, reverse wraparound.

use super::host::Host;

/// Margins used throughout: rows 4 to 8, columns 5 to 10.
fn boxed() -> Host {
    let mut h = Host::new();
    h.columns(5, 10).csi("4;8r");
    h
}

#[test]
fn relative_moves_take_one_step_by_default() {
    for (control, x, y) in [("A", 5, 9), ("B", 5, 11), ("C", 6, 10), ("D", 4, 10), ("E", 1, 11), ("F", 1, 9)]
    {
        Host::new().go(5, 10).csi(control).is_at(x, y);
        Host::new().go(5, 10).csi(&format!("0{control}")).is_at(x, y);
    }
    Host::new().go(5, 10).csis(&["a", "e"]).is_at(6, 11);
}

#[test]
fn relative_moves_take_the_steps_they_are_told() {
    for (control, x, y) in [("A", 5, 7), ("B", 5, 13), ("C", 8, 10), ("D", 2, 10), ("E", 1, 13), ("F", 1, 7)]
    {
        Host::new().go(5, 10).csi(&format!("3{control}")).is_at(x, y);
    }
    Host::new().go(5, 10).csis(&["3a", "3e"]).is_at(8, 13);
}

#[test]
fn relative_moves_stop_at_the_edges() {
    for (control, x, y) in [("A", 5, 1), ("B", 5, 25), ("C", 80, 10), ("D", 1, 10), ("E", 1, 25), ("F", 1, 1)]
    {
        Host::new().go(5, 10).csi(&format!("999{control}")).is_at(x, y);
    }
    Host::new().go(5, 10).csis(&["999a", "999e"]).is_at(80, 25);
}

#[test]
fn relative_moves_stop_at_margins_they_begin_inside() {
    for (control, x, y) in [("A", 7, 4), ("B", 7, 8), ("C", 10, 6), ("D", 5, 6), ("E", 5, 8), ("F", 5, 4)] {
        boxed().go(7, 6).csi(&format!("99{control}")).is_at(x, y);
    }
    // HPR and VPR know no margins.
    boxed().go(7, 6).csis(&["3a", "1e"]).is_at(10, 7);
    boxed().go(7, 6).csis(&["99a", "99e"]).is_at(80, 25);
}

#[test]
fn relative_moves_that_begin_outside_the_margins_stop_at_the_edges_or_at_the_far_margin() {
    // Above and below.
    boxed().go(7, 2).csi("99A").is_at(7, 1);
    boxed().go(7, 2).csi("99B").is_at(7, 8);
    boxed().go(7, 12).csi("99B").is_at(7, 25);
    boxed().go(7, 12).csi("99A").is_at(7, 4);
    // Left and right.
    boxed().go(2, 6).csi("99D").is_at(1, 6);
    boxed().go(2, 6).csi("99C").is_at(10, 6);
    boxed().go(20, 6).csi("99C").is_at(80, 6);
    boxed().go(20, 6).csi("99D").is_at(5, 6);
    boxed().go(7, 12).csi("99E").is_at(5, 25);
    boxed().go(7, 2).csi("99F").is_at(5, 1);
}

#[test]
fn absolute_moves() {
    Host::new().csi("6;3H").is_at(3, 6).csi("H").is_at(1, 1);
    Host::new().csi("6;3f").is_at(3, 6).csi("f").is_at(1, 1);
    Host::new().csi("6H").is_at(1, 6).csi(";7H").is_at(7, 1).csi("0;0H").is_at(1, 1);
    Host::new().csi("999;999H").is_at(80, 25).csi("999;999f").is_at(80, 25);
    for column in ["G", "`"] {
        Host::new().go(5, 6).csi(column).is_at(1, 6);
        Host::new().go(5, 6).csi(&format!("9{column}")).is_at(9, 6);
        Host::new().go(5, 6).csi(&format!("0{column}")).is_at(1, 6);
        Host::new().go(5, 6).csi(&format!("999{column}")).is_at(80, 6);
    }
    Host::new().go(5, 6).csi("d").is_at(5, 1).csi("9d").is_at(5, 9).csi("999d").is_at(5, 25);
}

#[test]
fn absolute_moves_ignore_margins_but_for_origin_mode() {
    boxed().csi("1;1H").is_at(1, 1).csi("20;30H").is_at(30, 20).csis(&["2G", "2d"]).is_at(2, 2);
    // In origin mode they are counted from the margins and stay within; so are the reports.
    let mut h = boxed();
    h.csi("?6h").is_at(1, 1).csi("2;3H").is_at(3, 2).send("X").csi("99;99H").is_at(6, 5).send("Y");
    h.csis(&["2G", "3d"]).is_at(2, 3).send("Z").csi("3`").send("W");
    h.csi("?6l").is_at(1, 1).shows(7, 5, &["X"]).shows(10, 8, &["Y"]).shows(6, 6, &["ZW"]);
}

#[test]
fn margins_put_the_cursor_home() {
    Host::new().go(9, 9).csi("3;5r").is_at(1, 1);
    Host::new().csi("?69h").go(9, 9).csi("3;5s").is_at(1, 1);
    let mut h = boxed();
    h.csi("?6h").go(2, 2).csi("5;7r").is_at(1, 1).csi("?6l").csi("?6h").send("X").csi("?6l").shows(
        5,
        5,
        &["X"],
    );
}

#[test]
fn carriage_return_goes_to_the_margin_it_is_right_of() {
    Host::new().go(3, 3).send("\r").is_at(1, 3);
    boxed().go(7, 6).send("\r").is_at(5, 6);
    boxed().go(30, 6).send("\r").is_at(5, 6);
    boxed().go(5, 6).send("\r").is_at(5, 6);
    boxed().go(3, 6).send("\r").is_at(1, 6);
    boxed().csi("?6h").go(3, 2).send("\r").is_at(1, 2);
}

#[test]
fn backspace_stops_where_it_must() {
    Host::new().go(3, 3).send("\x08").is_at(2, 3).send("\x08\x08\x08").is_at(1, 3);
    boxed().go(6, 6).send("\x08\x08").is_at(5, 6);
    boxed().go(4, 6).send("\x08").is_at(3, 6).send("\x08\x08\x08").is_at(1, 6);
    // A pending wrap is no column of its own.
    let mut h = Host::new();
    h.go(79, 1).send("ab\x08X").shows(79, 1, &["Xb"]);
}

#[test]
fn line_feeds_scroll_the_region_they_are_in() {
    for feed in ["\n", "\x0b", "\x0c", "\x1bD"] {
        Host::new().go(5, 3).send(feed).is_at(5, 4);
        // At the bottom of the screen.
        let mut h = Host::new();
        h.put(1, 24, &["ab", "cd"]).go(3, 25).send(feed).is_at(3, 25).shows(1, 23, &["ab", "cd", "  "]);
        // At the bottom margin, and above it.
        let mut h = Host::new();
        h.put(1, 3, &["ab", "cd", "ef", "gh"]).csi("4;5r").go(3, 4).send(feed).is_at(3, 5);
        h.shows(1, 3, &["ab", "cd", "ef"]).send(feed).is_at(3, 5).shows(1, 3, &["ab", "ef", "  ", "gh"]);
        // Below the region the cursor goes down to the last row and nothing scrolls.
        let mut h = Host::new();
        h.put(1, 24, &["ab", "cd"]).csi("4;5r").go(3, 24).send(feed).is_at(3, 25);
        h.send(feed).is_at(3, 25).shows(1, 24, &["ab", "cd"]);
        // Beside the columns' margins nothing scrolls.
        let mut h = Host::new();
        h.put(1, 7, &["abcdefghijkl", "mnopqrstuvwx"]).columns(5, 10).csi("4;8r");
        h.go(2, 8).send(feed).is_at(2, 8).go(12, 8).send(feed).is_at(12, 8);
        h.shows(1, 7, &["abcdefghijkl", "mnopqrstuvwx"]);
        h.go(6, 8).send(feed).shows(1, 7, &["abcdqrstuvkl", "mnop      wx"]);
    }
}

#[test]
fn next_line_goes_to_the_margin() {
    Host::new().go(5, 3).send("\x1bE").is_at(1, 4);
    boxed().go(7, 6).send("\x1bE").is_at(5, 7);
    let mut h = Host::new();
    h.put(1, 25, &["ab"]).send("\x1bE").is_at(1, 25).shows(1, 24, &["ab", "  "]);
}

#[test]
fn reverse_index_scrolls_down_at_the_top() {
    Host::new().go(5, 3).send("\x1bM").is_at(5, 2);
    let mut h = Host::new();
    h.put(1, 1, &["ab", "cd"]).go(5, 1).send("\x1bM").is_at(5, 1).shows(1, 1, &["  ", "ab", "cd"]);
    let mut h = Host::new();
    h.put(1, 3, &["ab", "cd", "ef", "gh"]).csi("4;5r").go(3, 5).send("\x1bM").is_at(3, 4);
    h.send("\x1bM").is_at(3, 4).shows(1, 3, &["ab", "  ", "cd", "gh"]);
    // Above the region it stops at the first row.
    let mut h = Host::new();
    h.put(1, 1, &["ab"]).csi("4;5r").go(3, 2).send("\x1bM\x1bM\x1bM").is_at(3, 1).shows(1, 1, &["ab"]);
    let mut h = Host::new();
    h.put(1, 4, &["abcdefghijkl", "mnopqrstuvwx"]).columns(5, 10).csi("4;8r");
    h.go(2, 4).send("\x1bM").is_at(2, 4).go(12, 4).send("\x1bM").is_at(12, 4);
    h.go(6, 4).send("\x1bM").is_at(6, 4).shows(1, 4, &["abcd      kl", "mnopefghijwx"]);
}

#[test]
fn back_and_forward_index() {
    Host::new().go(5, 6).send("\x1b6").is_at(4, 6);
    Host::new().go(5, 6).send("\x1b9").is_at(6, 6);
    // Outside the margins they only move, and stop at the screen's edges.
    boxed().go(5, 2).send("\x1b6").is_at(5, 2);
    boxed().go(1, 6).send("\x1b6").is_at(1, 6);
    boxed().go(4, 6).send("\x1b6").is_at(3, 6);
    boxed().go(80, 6).send("\x1b9").is_at(80, 6);
    boxed().go(11, 6).send("\x1b9").is_at(12, 6);
    // At the margin the region shifts.
    let text = ["abcdefgh", "ijklmnop", "qrstuvwx"];
    let mut h = Host::new();
    h.put(1, 1, &text).columns(3, 6).csi("2;3r").go(3, 2).send("\x1b6").is_at(3, 2);
    h.shows(1, 1, &["abcdefgh", "ij klmop", "qr stuwx"]);
    let mut h = Host::new();
    h.put(1, 1, &text).columns(3, 6).csi("2;3r").go(6, 2).send("\x1b9").is_at(6, 2);
    h.shows(1, 1, &["abcdefgh", "ijlmn op", "qrtuv wx"]);
    let mut h = Host::new();
    h.put(1, 1, &text).go(1, 2).send("\x1b6").shows(1, 1, &[" abcdefg", " ijklmno", " qrstuvw"]);
}

#[test]
fn wrapping_at_the_last_column() {
    // The cursor waits in the last column and the next character takes the wrap.
    let mut h = Host::new();
    h.go(80, 1).send("a").is_at(80, 1).send("b").is_at(2, 2).shows(80, 1, &["a"]).shows(1, 2, &["b"]);
    // Between margins, and beside them.
    let mut h = boxed();
    h.go(9, 4).send("abcd").is_at(7, 5).shows(9, 4, &["ab "]).shows(5, 5, &["cd"]);
    let mut h = boxed();
    h.go(79, 4).send("abc").shows(79, 4, &["ab"]);
    // Without autowrap the last column is overwritten.
    let mut h = Host::new();
    h.csi("?7l").go(79, 1).send("abcd").is_at(80, 1).shows(79, 1, &["ad"]).shows(1, 2, &["  "]);
    let mut h = boxed();
    h.csi("?7l").go(9, 4).send("abcd").shows(9, 4, &["ad "]);
    // A move takes the wait away, a tab does not.
    Host::new().go(80, 1).send("a\x1b[D").is_at(79, 1);
    let mut h = Host::new();
    h.go(80, 1).send("a\tb").is_at(2, 2).shows(1, 2, &["b"]);
}

#[test]
fn reverse_wraparound_follows_wrapped_lines() {
    // Mode 45 and autowrap: back over the lines that were wrapped, no further.
    for back in ["\x08", "\x1b[D"] {
        let mut h = Host::new();
        h.csi("?45h").go(80, 1).send("ab").go(1, 2).send(back).is_at(80, 1);
        Host::new().csi("?45h").go(1, 2).send(back).is_at(1, 2);
        Host::new().csi("?45h").csi("?7l").go(80, 1).send("ab").go(1, 2).send(back).is_at(1, 2);
        Host::new().go(80, 1).send("ab").go(1, 2).send(back).is_at(1, 2);
        // The first step back from a pending wrap stays where it is.
        Host::new()
            .csi("?45h")
            .go(79, 1)
            .send("ab")
            .is_at(80, 1)
            .send(back)
            .is_at(80, 1)
            .send(back)
            .is_at(79, 1);
        Host::new().csi("?45h").send(back).is_at(1, 1);
    }
    // 1045: over any line, and from the top to the bottom.
    Host::new().csi("?1045h").go(1, 2).send("\x08").is_at(80, 1);
    Host::new().csi("?1045h").send("\x08").is_at(80, 25);
    Host::new().csi("?1045h").go(2, 3).csi("82D").is_at(80, 1);
    boxed().csi("?1045h").go(5, 6).send("\x08").is_at(10, 5);
    boxed().csi("?1045h").go(5, 4).send("\x08").is_at(10, 8);
    boxed().csi("?1045h").go(1, 6).send("\x08").is_at(10, 5);
}

#[test]
fn cursors_are_saved_and_come_back() {
    for (save, restore) in [("\x1b7", "\x1b8"), ("\x1b[s", "\x1b[u"), ("\x1b[?1048h", "\x1b[?1048l")] {
        Host::new().go(5, 6).send(save).go(1, 1).send(restore).is_at(5, 6);
        // Nothing saved: home, and origin mode off.
        Host::new().csi("?6h").go(5, 6).send(restore).is_at(1, 1);
        // Origin mode, protection, attributes and charsets belong to it; insert mode does not.
        let mut h = Host::new();
        h.csis(&["4;9r", "?6h", "2;2H", "1m", "1\"q"]).send("\x1b(0").send(save);
        h.csis(&["?6l", "m", "0\"q", "4h"]).send("\x1b(B").send(restore);
        assert_eq!((h.mode(6), h.ansi_mode(4)), (1, 1));
        assert_eq!((h.setting("m"), h.setting("\"q")), ("0;1".into(), "1".into()));
        h.is_at(2, 2);
        h.csis(&["?6l", "4l", "m"]).go(1, 1).send("q");
        assert_eq!(h.0.cell(0, 0).text, "─");
        // The wait for the wrap comes back, autowrap itself does not belong to it.
        let mut h = Host::new();
        h.go(80, 1).send("a").send(save).go(1, 9).csi("?7l").send(restore).is_at(80, 1);
        assert_eq!(h.mode(7), 2);
        h.csi("?7h").send("b").is_at(2, 2);
    }
    // In origin mode it comes back within the margins, as they are then.
    let mut h = boxed();
    h.csi("?6h").go(6, 5).send("\x1b7").csi("?6l").csis(&["6;7r", "7;8s"]).send("\x1b8").is_at(2, 2);
    // Each screen has its own.
    let mut h = Host::new();
    h.go(5, 6).send("\x1b7").csi("?47h").go(7, 8).send("\x1b7").csi("?47l").send("\x1b8").is_at(5, 6);
    h.csi("?47h").send("\x1b8").is_at(7, 8);
    // With DECLRMM on, CSI s sets margins.
    boxed().go(7, 7).csi("s").is_at(1, 1);
}
