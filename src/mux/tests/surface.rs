//! What tmux 3.7 has and 3.3 has not: orders, parts of borders one can click, options that came later.

use super::*;

#[test]
fn lists_are_sorted_and_turned() {
    let mut w = World::new();
    w.ok("new-session -d -s bb -n one -x 80 -y 24");
    w.ok("new-session -d -s aa -n two -x 40 -y 10");
    w.ok("new-window -t bb -n zz");
    w.ok("new-window -t bb -n mm");
    let flat = |w: &mut World, line: &str| w.ok(line).split_whitespace().collect::<Vec<_>>().join(" ");
    for (order, sessions, windows) in [
        ("", "aa bb", "one zz mm"),
        ("-O index", "bb aa", "one zz mm"),
        ("-O index -r", "aa bb", "mm zz one"),
        ("-O name", "aa bb", "mm one zz"),
        ("-O name -r", "bb aa", "zz one mm"),
        ("-O creation", "bb aa", "one zz mm"),
        // Alone it turns nothing.
        ("-r", "aa bb", "one zz mm"),
    ] {
        assert_eq!(flat(&mut w, &format!("ls {order} -F #S")), sessions, "{order}");
        assert_eq!(flat(&mut w, &format!("lsw -t bb {order} -F #W")), windows, "{order}");
    }
    assert_eq!(flat(&mut w, "lsw -a -O size -F #W"), "two mm one zz");
    w.ok("split-window -t bb:0 -l 5");
    assert_eq!(flat(&mut w, "lsp -t bb:0 -O size -F #P"), "1 0");
    for verb in ["ls", "lsw", "lsp", "lsb", "lsc"] {
        assert_eq!(w.fails(&format!("{verb} -O nosuch")), "invalid sort order", "{verb}");
    }
    for (name, data) in [("x", "a"), ("y", "bbbb")] {
        w.ok(&format!("set-buffer -b {name} {data}"));
    }
    assert_eq!(flat(&mut w, "lsb -F #{buffer_name}"), "y x");
    assert_eq!(flat(&mut w, "lsb -O size -F #{buffer_name}"), "x y");
    assert_eq!(flat(&mut w, "lsb -O size -r -F #{buffer_name}"), "y x");
}

#[test]
fn what_is_pasted_cannot_play_the_keyboard() {
    let mut w = World::with_session();
    let data = "a\u{1b}[31m\u{1}\tx\r\u{7f}é";
    w.start_argv(&["set-buffer", "-b", "b", data].map(str::to_owned));
    w.ok("paste-buffer -b b");
    assert_eq!(w.take_written(0), "a^[[31m^A\tx\r^?é");
    w.ok("paste-buffer -S -b b");
    assert_eq!(w.take_written(0), data);
}

#[test]
fn the_prefix_waits_as_long_as_its_option_says() {
    let (mut w, c) = attached();
    w.ok("set -g prefix-timeout 300");
    w.type_in(c, b"\x02");
    w.after(200);
    assert!(w.mux.client(c).unwrap().prefix_pressed());
    w.after(200);
    assert!(!w.mux.client(c).unwrap().prefix_pressed());
    w.type_in(c, b"x");
    assert_eq!(w.take_written(0), "x");
    w.ok("set -g prefix-timeout 0");
    w.type_in(c, b"\x02");
    w.after(100_000);
    assert!(w.mux.client(c).unwrap().prefix_pressed());
}

#[test]
fn the_pane_under_the_pointer_becomes_active_where_wanted() {
    let (mut w, c) = attached();
    w.ok("set -g mouse on");
    w.ok("split-window -h");
    let pane = |w: &mut World| w.show("#{pane_id}");
    // SGR: 35 is motion without a button.
    w.type_in(c, b"\x1b[<35;5;5M");
    assert_eq!(pane(&mut w), "%1", "the option is off");
    w.ok("set -g focus-follows-mouse on");
    w.type_in(c, b"\x1b[<35;5;5M");
    assert_eq!(pane(&mut w), "%0");
    w.type_in(c, b"\x1b[<35;70;5M");
    assert_eq!(pane(&mut w), "%1");
}

#[test]
fn parts_of_a_border_have_keys_of_their_own() {
    let (mut w, c) = attached();
    w.ok("set -g mouse on");
    w.ok("set -g pane-border-status top");
    w.ok("split-window -v");
    // The default border ends in "[z][x]": the first zooms, the second asks whether to kill.
    let row = w.show("#{pane_top}").parse::<u16>().unwrap();
    let zoomed = |w: &mut World| w.show("#{window_zoomed_flag}");
    // Text begins two columns in and ends two before the right edge of 80 columns.
    w.type_in(c, format!("\x1b[<0;74;{row}M\x1b[<0;74;{row}m").as_bytes());
    assert_eq!(zoomed(&mut w), "1");
    w.ok("resize-pane -Z");
    w.type_in(c, format!("\x1b[<0;77;{row}M\x1b[<0;77;{row}m").as_bytes());
    assert!(w.mux.client(c).unwrap().overlay.is_some(), "it asks");
    w.type_in(c, b"y");
    assert_eq!(w.show("#{window_panes}"), "1");
    // A place of one's own, bound by its number.
    w.ok("bind -n MouseDown1Control3 rename-window clicked");
    w.ok("set -g pane-border-format '#[range=control|3]here#[norange]'");
    w.type_in(c, b"\x1b[<0;4;1M");
    assert_eq!(w.show("#W"), "clicked");
    assert_eq!(w.fails("bind MouseDown1Control10 x"), "unknown key: MouseDown1Control10");
}

#[test]
fn programs_are_kept_from_the_alternate_screen_and_the_title_where_wanted() {
    let mut w = World::with_session();
    w.ok("set -g alternate-screen off");
    w.ok("set -g allow-set-title off");
    w.output(0, "\x1b[?1049h\x1b]2;mine\x07");
    assert_eq!(w.show("#{alternate_on} #{pane_title}"), "0 hostA");
    w.ok("set -gu alternate-screen");
    w.ok("set -gu allow-set-title");
    w.output(0, "\x1b[?1049h\x1b]2;mine\x07");
    assert_eq!(w.show("#{alternate_on} #{pane_title}"), "1 mine");
    // One that is there when it is forbidden finds its way back; one that never came there stays where it is.
    w.ok("set -g alternate-screen off");
    w.output(0, "\x1b[?1049l");
    assert_eq!(w.show("#{alternate_on}"), "0");
    w.output(0, "\x1b[7;9H\x1b[?1049h\x1b[?1049l");
    assert_eq!(w.show("#{cursor_x},#{cursor_y}"), "8,6");
}

#[test]
fn a_clear_keeps_what_was_seen_unless_told_otherwise() {
    let mut w = World::with_session();
    w.output(0, "seen\r\n\x1b[H\x1b[2J");
    assert_eq!(w.show("#{history_size}"), "1");
    w.ok("set -g scroll-on-clear off");
    w.output(0, "seen\r\n\x1b[H\x1b[2J");
    assert_eq!(w.show("#{history_size}"), "1");
    // A pane that comes later obeys, too.
    w.ok("new-window");
    w.output(1, "seen\r\n\x1b[H\x1b[2J");
    assert_eq!(w.show("#{history_size}"), "0");
}

#[test]
fn a_tiled_window_has_no_more_columns_than_wanted() {
    let mut w = World::with_session();
    for _ in 0..4 {
        w.ok("split-window");
        w.ok("select-layout tiled");
    }
    let columns = |w: &mut World| {
        let lefts = w.ok("lsp -F #{pane_left}");
        lefts.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(columns(&mut w), 2);
    w.ok("set -w tiled-layout-max-columns 1");
    w.ok("select-layout tiled");
    assert_eq!(columns(&mut w), 1);
}

#[test]
fn even_parts_differ_by_a_cell_and_the_first_are_the_larger() {
    let mut w = World::with_session();
    for _ in 0..4 {
        w.ok("split-window -h");
        w.ok("select-layout even-horizontal");
    }
    assert_eq!(
        w.ok("lsp -F #{pane_width}").split_whitespace().collect::<Vec<_>>(),
        ["16", "15", "15", "15", "15"]
    );
}

#[test]
fn a_program_tells_how_far_it_is() {
    let mut w = World::with_session();
    assert_eq!(w.show("#{pane_pb_state} #{pane_pb_progress}"), "hidden 0");
    w.output(0, "\x1b]9;4;1;40\x07");
    assert_eq!(w.show("#{pane_pb_state} #{pane_pb_progress}"), "normal 40");
    w.output(0, "\x1b]9;4;2;50\x07");
    assert_eq!(w.show("#{pane_pb_state}"), "error");
    w.output(0, "\x1b]9;4;0;0\x07");
    assert_eq!(w.show("#{pane_pb_state}"), "hidden");
}

#[test]
fn a_session_that_joins_a_group_begins_at_its_first_window() {
    let mut w = World::with_session();
    w.ok("new-window");
    w.ok("new-session -d -s other -t work");
    assert_eq!(w.ok("ls -F '#S #{active_window_index} #{window_linked_sessions}'"), "other 0 1\nwork 1 1");
}

#[test]
fn copy_mode_goes_from_prompt_to_prompt() {
    let mut w = World::with_session();
    for i in 0..40 {
        w.output(
            0,
            &format!(
                "\x1b]133;A\x07$ \x1b]133;B\x07cmd {i}\r\n\x1b]133;C\x07out {i}\r\nmore\r\n\x1b]133;D;0\x07"
            ),
        );
    }
    w.ok("copy-mode");
    let go = |w: &mut World, what: &str| {
        w.ok(&format!("send-keys -X {what}"));
        w.show("#{copy_cursor_line}")
    };
    assert_eq!(go(&mut w, "previous-prompt"), "$ cmd 39");
    assert_eq!(go(&mut w, "previous-prompt"), "$ cmd 38");
    assert_eq!(go(&mut w, "previous-prompt -o"), "out 37");
    w.ok("send-keys -N 30 -X previous-prompt");
    assert_eq!(w.show("#{copy_cursor_line}"), "$ cmd 8");
    assert_eq!(go(&mut w, "next-prompt"), "$ cmd 9");
    assert_eq!(go(&mut w, "next-prompt -o"), "out 9");
}

#[test]
fn copy_mode_puts_its_line_where_wanted() {
    let mut w = World::with_session();
    (0..100).for_each(|i| w.output(0, &format!("a line of some length {i}\r\n")));
    w.ok("copy-mode");
    w.ok("send-keys -X goto-line 40");
    let at = |w: &mut World, what: &str| {
        w.ok(&format!("send-keys -X {what}"));
        (w.show("#{copy_cursor_y}"), w.show("#{copy_cursor_line}"))
    };
    let (_, line) = at(&mut w, "middle-line");
    for (what, row) in [
        ("scroll-top", "0"),
        ("scroll-bottom", "23"),
        ("recentre-top-bottom", "12"),
        ("recentre-top-bottom", "0"),
        ("recentre-top-bottom", "23"),
        ("recentre-top-bottom", "12"),
    ] {
        assert_eq!(at(&mut w, what), (row.to_owned(), line.clone()), "{what}");
    }
    at(&mut w, "cursor-centre-horizontal");
    assert_eq!(w.show("#{copy_cursor_x}"), "40");
    assert_eq!(at(&mut w, "top-line").0, "0");
    assert_eq!(at(&mut w, "cursor-centre-vertical").0, "12");
}

#[test]
fn a_window_larger_than_its_client_is_seen_in_parts() {
    let (mut w, c) = attached();
    let big = w.attach("attach -t work", Size::new(160, 51));
    w.ok("set -g window-size largest");
    w.ok("set -g mouse on");
    w.ok("split-window -h");
    w.event(Event::ClientGone { client: big });
    w.ok("resize-window -x 160 -y 50");
    let small = w.mux.client(c).unwrap().name.clone();
    let look = |w: &mut World| {
        let format = "#{window_bigger} #{window_offset_x},#{window_offset_y}";
        let id = w.start_argv(&["display-message", "-p", "-c", &small, format].map(str::to_owned));
        w.said(id).out.trim_end().to_owned()
    };
    // The right pane is active: its cursor is at column 81.
    assert_eq!(look(&mut w), "1 41,0");
    w.ok(&format!("refresh-client -t {small} -L 100"));
    assert_eq!(look(&mut w), "1 0,0");
    w.ok(&format!("refresh-client -t {small} -R 30"));
    w.ok(&format!("refresh-client -t {small} -D 100"));
    assert_eq!(look(&mut w), "1 30,26");
    w.ok(&format!("refresh-client -t {small} -U"));
    assert_eq!(look(&mut w), "1 30,25");
    // A click is on what is seen there.
    w.type_in(c, b"\x1b[<0;20;5M\x1b[<0;20;5m");
    assert_eq!(w.show("#P"), "0");
    w.type_in(c, b"\x1b[<0;70;5M\x1b[<0;70;5m");
    assert_eq!(w.show("#P"), "1");
    w.ok(&format!("refresh-client -t {small} -c"));
    assert_eq!(look(&mut w), "1 41,0");
    assert_eq!(w.fails(&format!("refresh-client -t {small} -L x")), "adjustment invalid");
}
