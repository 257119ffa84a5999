//! Attached clients: keys byte by byte, prompts, messages, copy mode, the mouse.

use super::*;

#[test]
fn keys_go_to_the_pane_and_the_prefix_to_commands() {
    let (mut w, c) = attached();
    assert_eq!(w.show("#{window_width}x#{window_height}"), "80x24");
    for b in b"ls\r" {
        w.type_in(c, &[*b]);
    }
    assert_eq!(w.take_written(0), "ls\r");
    w.type_in(c, b"\x02");
    assert!(w.mux.client(c).unwrap().prefix_pressed());
    w.type_in(c, b"c");
    assert_eq!(w.show("#{session_windows} #I"), "2 1");
    w.type_in(c, b"\x02%\x02\"");
    assert_eq!(w.show("#{window_panes}"), "3");
    w.type_in(c, b"\x02\x02");
    assert_eq!(w.take_written(3), "\u{2}", "the prefix twice sends it");
    w.type_in(c, b"\x02Zx");
    assert_eq!(w.take_written(3), "x", "an unbound key after the prefix is lost");
    w.type_in(c, b"\x02d");
    assert!(
        w.effects.iter().any(
            |e| matches!(e, Effect::Detach { message, .. } if message == "detached (from session work)")
        )
    );
    assert!(!w.mux.client(c).unwrap().attached);
}

#[test]
fn repeatable_keys_need_no_second_prefix_for_a_while() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02%");
    let width = |w: &mut World| w.show("#{pane_width}").parse::<i32>().unwrap();
    let before = width(&mut w);
    w.type_in(c, b"\x02\x1b[1;5D\x1b[1;5D");
    assert_eq!(width(&mut w), before + 2);
    w.after(600);
    w.type_in(c, b"\x1b[1;5D");
    assert_eq!(width(&mut w), before + 2, "repeat-time is over");
    assert_eq!(w.take_written(1), "\x1b[1;5D");
    w.type_in(c, b"\x02\x1b[1;5Dq");
    assert_eq!(w.take_written(1), "q", "another key ends the repeat and is typed");
}

#[test]
fn a_lone_escape_waits_for_escape_time() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x1b");
    assert_eq!(w.take_written(0), "");
    assert!(w.mux.next_deadline().is_some());
    w.after(20);
    assert_eq!(w.take_written(0), "\x1b");
    w.type_in(c, b"\x1b[");
    w.type_in(c, b"A");
    assert_eq!(w.take_written(0), "\x1b[A");
}

#[test]
fn the_command_prompt_edits_remembers_and_runs() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02:");
    let prompt = |w: &World| w.mux.client(c).unwrap().prompt.as_ref().map(|p| (p.text.clone(), p.input()));
    assert_eq!(prompt(&w), Some((":".into(), String::new())));
    w.type_in(c, b"rename-windoww \x7f\x7f x\x01\x05y\r");
    assert_eq!(w.show("#W"), "xy");
    w.type_in(c, b"\x02:\x1b[A");
    assert_eq!(prompt(&w).unwrap().1, "rename-window xy");
    w.type_in(c, b"\x03");
    assert_eq!(prompt(&w), None);
    w.type_in(c, b"\x02,\x15tty \"; kill-server\r");
    assert_eq!(w.show("#W"), "tty \"; kill-server", "an answer in a block stays one word");
    w.type_in(c, b"\x02:foo\r");
    assert_eq!(w.mux.client(c).unwrap().message.as_ref().unwrap().text, "Unknown command: foo");
    w.after(800);
    assert!(w.mux.client(c).unwrap().message.is_none());
    w.type_in(c, b"\x02:list-comm\t\x03");
}

#[test]
fn releases_and_modifiers_alone_are_for_programs_that_asked() {
    let (mut w, c) = attached();
    // Control-B, then Shift on the way to `%`: the prefix waits for a key.
    w.type_in(c, b"\x1b[98;5u\x1b[98;5:3u\x1b[57441;2u\x1b[37u\x1b[57441;1:3u");
    assert_eq!(w.show("#{window_panes}"), "2");
    w.type_in(c, b"\x1b[97u\x1b[97;1:2u\x1b[97;1:3u\x1b[57441u");
    assert_eq!(w.take_written(1), "aa");
    w.output(1, "\x1b[>11u");
    w.type_in(c, b"\x1b[97u\x1b[97;1:2u\x1b[97;1:3u\x1b[57441u");
    assert_eq!(w.take_written(1), "\x1b[97u\x1b[97;1:2u\x1b[97;1:3u\x1b[57441u");
}

#[test]
fn panes_are_told_of_the_terminal_they_are_shown_on() {
    let mut w = World::new();
    let asked = |w: &mut World, client| {
        let mine = |e: &Effect| matches!(e, Effect::Terminal { client: c, bytes } if *c == client && bytes.ends_with(b"\x1b[c"));
        w.effects.iter().any(mine)
    };
    let c = w.attach("new-session -s work", Size::new(80, 25));
    assert!(asked(&mut w, c), "a terminal is asked what it is");
    // Until it answers, white on black; then its colours, in panes made before and after.
    w.output(0, "\x1b]11;?\x07");
    assert_eq!(w.take_written(0), "\x1b]11;rgb:0000/0000/0000\x07");
    w.output(0, "\x1b[?2031h");
    w.type_in(c, b"\x1b]10;rgb:1111/1111/1111\x1b\\\x1b]11;rgb:fafa/fafa/fafa\x07");
    assert_eq!(w.take_written(0), "\x1b[?997;2n", "light now, for who asked to be told");
    w.output(0, "\x1b]11;?\x07");
    assert_eq!(w.take_written(0), "\x1b]11;rgb:fafa/fafa/fafa\x07");
    w.ok("split-window -t work");
    w.output(1, "\x1b]10;?\x07");
    assert_eq!(w.take_written(1), "\x1b]10;rgb:1111/1111/1111\x07");
    // Another scheme: the colours are asked for again.
    w.effects.clear();
    w.type_in(c, b"\x1b[?997;1n");
    let again = |e: &Effect| matches!(e, Effect::Terminal { bytes, .. } if bytes.starts_with(b"\x1b]10;?"));
    assert!(w.effects.iter().any(again));
    // The cells are as large as those of the terminal.
    w.event(Event::ClientCell { client: c, pixels: (11, 22) });
    w.output(0, "\x1b[16t");
    assert_eq!(w.take_written(0), "\x1b[6;22;11t");
    // Answers are no input.
    w.type_in(c, b"\x1b[?62;22c\x1b[>0;276;0c\x1bP>|foot(1.16)\x1b\\\x1b[?1u\x1b[?2026;2$y");
    assert_eq!((w.take_written(0), w.take_written(1)), (String::new(), String::new()));
    let answers = &w.mux.client(c).unwrap().answers;
    assert_eq!((answers.version.as_deref(), answers.sync), (Some("foot(1.16)"), Some(true)));
    assert!(answers.kitty_keys && answers.primary == [62, 22]);
}

#[test]
fn killing_asks_first() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02%\x02xn");
    assert_eq!(w.show("#{window_panes}"), "2");
    w.type_in(c, b"\x02x");
    assert_eq!(w.mux.client(c).unwrap().prompt.as_ref().unwrap().text, "kill-pane 1? (y/n) ");
    w.type_in(c, b"y");
    assert_eq!(w.show("#{window_panes}"), "1");
    assert_eq!(w.killed, [PaneId(1)]);
}

#[test]
fn pane_numbers_choose_a_pane() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02%\x02q");
    assert!(w.mux.client(c).unwrap().overlay.is_some());
    w.type_in(c, b"0");
    assert_eq!(w.show("#P"), "0");
    w.type_in(c, b"\x02q");
    w.after(1100);
    assert!(w.mux.client(c).unwrap().overlay.is_none());
}

#[test]
fn copy_mode_scrolls_searches_selects_and_pastes() {
    let (mut w, c) = attached();
    w.ok("setw -g mode-keys vi");
    for i in 0..100 {
        w.output(0, &format!("line {i} alpha\r\n"));
    }
    w.type_in(c, b"\x02[");
    assert_eq!(w.show("#{pane_mode}"), "copy-mode");
    w.type_in(c, b"g");
    assert_eq!(w.show("#{copy_cursor_line}"), "line 0 alpha");
    w.type_in(c, b"/line 42\r");
    assert_eq!(w.show("#{copy_cursor_line}"), "line 42 alpha");
    w.type_in(c, b"ww ee\r");
    assert_eq!(w.show("#{pane_mode}"), "", "Enter copies and leaves");
    assert_eq!(w.ok("show-buffer"), "alpha\nline");
    w.type_in(c, b"\x02[gV\r\x02]");
    assert_eq!(w.ok("show-buffer"), "line 0 alpha");
    assert_eq!(w.take_written(0), "line 0 alpha\r");
    assert!(
        w.effects
            .iter()
            .any(|e| matches!(e, Effect::Terminal { bytes, .. } if bytes.starts_with(b"\x1b]52;;")))
    );
    w.type_in(c, b"\x02[");
    w.type_in(c, &[0x15; 3]);
    assert_ne!(w.show("#{scroll_position}"), "0");
    w.type_in(c, b"q");
    assert_eq!(w.show("#{pane_in_mode}"), "0");
}

#[test]
fn the_mouse_focuses_scrolls_drags_and_passes_through() {
    let (mut w, c) = attached();
    w.ok("set -g mouse on");
    w.type_in(c, b"\x02%");
    assert_eq!(w.show("#P"), "1");
    w.type_in(c, b"\x1b[<0;5;5M\x1b[<0;5;5m");
    assert_eq!(w.show("#P"), "0", "a click gives the pane the keyboard");
    w.type_in(c, b"\x1b[<0;41;5M\x1b[<32;31;5M\x1b[<0;31;5m");
    assert_eq!(w.show("#{pane_width}"), "30", "the border follows the button");
    w.type_in(c, b"\x1b[<64;5;5M");
    assert_eq!(w.show("#{pane_mode}"), "copy-mode", "the wheel scrolls back");
    w.type_in(c, b"q");
    w.output(0, "\x1b[?1000h\x1b[?1006h");
    w.type_in(c, b"\x1b[<64;5;5M");
    assert_eq!(w.take_written(0), "\x1b[<64;5;5M", "a program that asked for the mouse gets it");
    w.type_in(c, b"\x02c");
    w.type_in(c, b"\x1b[<0;9;25M\x1b[<0;9;25m");
    assert_eq!(w.show("#I"), "0", "a click on a window's name goes there");
}

#[test]
fn output_of_commands_is_shown_over_the_pane() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02?");
    assert_eq!(w.show("#{pane_mode}"), "view-mode");
    w.type_in(c, b"q");
    assert_eq!(w.show("#{pane_mode}"), "");
    w.type_in(c, b"\x02w");
    assert_eq!(w.show("#{pane_mode}"), "tree-mode");
    w.type_in(c, b"q");
}

#[test]
fn the_latest_client_decides_the_size() {
    let (mut w, a) = attached();
    let b = w.attach("attach -t work", Size::new(100, 31));
    assert_eq!(w.show("#{window_width}x#{window_height}"), "100x30");
    w.type_in(a, b"x");
    assert_eq!(w.show("#{window_width}x#{window_height}"), "80x24");
    w.event(Event::ClientResized { client: b, size: Size::new(60, 20) });
    assert_eq!(w.show("#{window_width}x#{window_height}"), "60x19");
    w.event(Event::ClientGone { client: b });
    assert_eq!(w.show("#{window_width}x#{window_height}"), "80x24");
    assert!(
        w.effects.iter().any(|e| matches!(e, Effect::Resize { size, .. } if *size == Size::new(100, 30)))
    );
}

#[test]
fn bells_and_activity_mark_windows() {
    let (mut w, _c) = attached();
    w.ok("setw -g monitor-activity on");
    w.ok("new-window");
    w.output(0, "x\x07");
    assert_eq!(w.ok("list-windows -F #{window_raw_flags}"), "#!-\n*");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Terminal { bytes, .. } if bytes == b"\x07")));
    w.ok("select-window -t 0");
    assert_eq!(w.ok("list-windows -F #{window_raw_flags}"), "*\n-");
}

#[test]
fn windows_are_named_after_their_program() {
    let (mut w, _c) = attached();
    let info = PaneInfo { command: "vim".into(), path: "/x".into(), pid: 9, tty: "/dev/pts/0".into() };
    assert!(w.mux.wants_info(PaneId(0)));
    w.event(Event::PaneInfo { pane: PaneId(0), info });
    assert_eq!(w.show("#W #{pane_current_path}"), "vim /x");
    // Not more often than twice a second, and then with what is there by then.
    for command in ["cc", "make"] {
        let info = PaneInfo { command: command.into(), ..PaneInfo::default() };
        w.event(Event::PaneInfo { pane: PaneId(0), info });
    }
    assert_eq!(w.show("#W"), "vim");
    let due = w.mux.next_deadline().expect("the name waits");
    assert!(due <= w.now + std::time::Duration::from_millis(500));
    w.after(500);
    assert_eq!(w.show("#W"), "make");
    w.ok("rename-window mine");
    let info = PaneInfo { command: "less".into(), ..PaneInfo::default() };
    w.event(Event::PaneInfo { pane: PaneId(0), info });
    assert_eq!(w.show("#W"), "mine");
}

#[test]
fn any_bytes_from_a_terminal_are_survived() {
    let (mut w, c) = attached();
    w.ok("set -g mouse on");
    let mut state = 12345u64;
    for round in 0..400 {
        let mut bytes = Vec::new();
        for _ in 0..40 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            bytes.push((state >> 33) as u8);
        }
        if round % 3 == 0 {
            bytes.splice(0..0, b"\x02".iter().copied());
        }
        // Nothing here may end the session, so that the test goes on.
        bytes.retain(|b| !matches!(b, b'd' | b'y' | b'&' | b'x'));
        w.type_in(c, &bytes);
        w.after(700);
    }
}

#[test]
fn a_drag_begins_where_the_button_went_down() {
    let mut w = World::with_session();
    w.ok("set -g mouse on");
    let client = w.attach("attach -t work", Size::new(80, 25));
    w.output(0, "one two\r\nthree four");
    // One report of motion only: terminals leave cells out.
    for bytes in ["\x1b[<0;5;1M", "\x1b[<32;6;2M", "\x1b[<0;6;2m"] {
        w.type_in(client, bytes.as_bytes());
    }
    assert_eq!(w.ok("show-buffer"), "two\nthree");
    w.ok("split-window -h");
    assert_eq!(w.show("#{pane_left}"), "41");
    for bytes in ["\x1b[<0;41;3M", "\x1b[<32;31;3M", "\x1b[<0;31;3m"] {
        w.type_in(client, bytes.as_bytes());
    }
    assert_eq!(w.show("#{pane_left}"), "31");
}

#[test]
fn without_the_option_the_mouse_is_the_active_programs() {
    let mut w = World::with_session();
    w.ok("split-window -h");
    let client = w.attach("attach -t work", Size::new(80, 25));
    w.output(1, "\x1b[?1002h\x1b[?1006h");
    w.type_in(client, b"\x1b[<0;45;5M");
    assert_eq!(w.take_written(1), "\x1b[<0;4;5M");
    w.type_in(client, b"\x1b[<0;5;5M");
    assert_eq!((w.take_written(0), w.take_written(1)), (String::new(), String::new()));
    assert_eq!(w.show("#{pane_id}"), "%1", "and no click changes the focus");
}

/// Column and row of the copy cursor after some `send-keys -X`.
fn copied_to(w: &mut World, commands: &[&str]) -> String {
    for c in commands {
        w.ok(&format!("send-keys -X {c}"));
    }
    w.show("#{copy_cursor_x},#{copy_cursor_y} #{scroll_position} #{copy_cursor_word}")
}

#[test]
fn the_copy_cursor_goes_where_tmuxs_goes() {
    let mut w = World::new();
    w.ok("new-session -d -s c -x 10 -y 4");
    // `wrapped` is on two rows; an empty line follows.
    w.output(0, "one two\r\nab cd wrapped x\r\n\r\nlong line\r\n");
    w.ok("copy-mode");
    // From the end of a line to the ends of others.
    assert_eq!(copied_to(&mut w, &["cursor-up"]), "9,2 0 ");
    assert_eq!(copied_to(&mut w, &["cursor-up", "cursor-up"]), "5,0 0 ");
    assert_eq!(copied_to(&mut w, &["cursor-left", "previous-word"]), "6,0 1 wrapped");
    // Behind a word that a row's end cuts.
    assert_eq!(copied_to(&mut w, &["next-word-end"]), "3,1 1 x");
    assert_eq!(copied_to(&mut w, &["history-top", "middle-line"]), "0,1 2 ab");
    w.ok("send-keys -X begin-selection");
    w.ok("send-keys -X end-of-line");
    assert_eq!(w.show("#{selection_end_x}"), "5");
    w.ok("send-keys -X copy-selection-and-cancel mine");
    assert_eq!(w.ok("list-buffers -F #{buffer_name}"), "mine0");
}
