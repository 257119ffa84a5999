//! The whole program: the real binary on a real pty, its screen read back.

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use qmux::ids::Size;
use std::time::Instant;
use support::session::{PROMPT, Qmux};
use support::{PATIENCE, wait_until};

fn size(cols: u16, rows: u16) -> Size {
    Size { cols, rows }
}

/// A line of shell that ends when the terminal has this size. (Keys and a resize have no order.)
fn until_size(rows_cols: &str) -> String {
    format!(
        "clear; until [ \"$(stty size)\" = \"{rows_cols}\" ]; do sleep 0.05; done; echo size is $(stty size)"
    )
}

#[test]
fn first_start_is_a_shell_with_a_status_line() {
    let qmux = Qmux::new();
    let mut term = qmux.term(&[]);
    term.wait_text(PROMPT);
    term.wait_for("a status line that names session and window", Instant::now() + PATIENCE, |s| {
        let line = s.line_text(s.history_len() + 23);
        line.contains('0') && line.contains("bash")
    });
    term.type_keys("echo $((6*7)) $TERM\r");
    term.wait_text("42 tmux-256color");
    term.type_keys("stty size\r");
    term.wait_text("23 80");
    term.type_keys("exit\r");
    assert_eq!(term.wait_exit(), 0);
    assert!(term.screen_text().contains("[exited]"), "{}", term.screen_text());
}

#[test]
fn detached_session_is_found_listed_and_attached() {
    let qmux = Qmux::new();
    assert_eq!(qmux.run(&["has-session", "-t", "work"]).code, 1, "no server yet");
    qmux.ok(&["new-session", "-d", "-s", "work", "-x", "90", "-y", "30"]);
    assert_eq!(qmux.run(&["has-session", "-t", "work"]).code, 0);
    assert_eq!(qmux.run(&["has-session", "-t", "play"]).code, 1);
    assert!(qmux.ok(&["list-sessions"]).starts_with("work: 1 windows (created "), "{}", qmux.ok(&["ls"]));
    qmux.wait_pane("work", PROMPT);
    qmux.ok(&["send-keys", "-t", "work", "echo seen $((40+2))", "Enter"]);
    qmux.wait_pane("work", "seen 42");
    let mut term = qmux.term(&["attach-session", "-t", "work"]);
    term.wait_text("seen 42");
    assert_eq!(
        qmux.ok(&["list-clients", "-F", "#{client_session} #{client_width}x#{client_height}"]),
        "work 80x24"
    );
    term.prefix("d");
    assert_eq!(term.wait_exit(), 0);
    assert!(term.screen_text().contains("[detached (from session work)]"), "{}", term.screen_text());
    assert_eq!(qmux.ok(&["list-clients"]), "");
}

#[test]
fn terminal_is_put_back_after_detach_signal_and_lost_server() {
    type End = fn(&Qmux, &support::term::Term);
    let ends: [(&str, End); 4] = [
        ("detach", |_, term| term.prefix("d")),
        ("SIGTERM", |_, term| kill(Pid::from_raw(term.pid() as i32), Signal::SIGTERM).expect("kill")),
        ("server killed", |qmux, _| kill(Pid::from_raw(qmux.server_pid()), Signal::SIGKILL).expect("kill")),
        ("kill-server", |qmux, _| {
            qmux.ok(&["kill-server"]);
        }),
    ];
    for (name, end) in ends {
        let qmux = Qmux::new();
        let mut term = qmux.attached();
        assert!(term.raw(), "{name}: raw while attached");
        assert!(term.with_screen(|s| s.modes().alternate), "{name}: alternate screen while attached");
        end(&qmux, &term);
        term.wait_exit();
        assert!(term.cooked(), "{name}: cooked again");
        wait_until("the last output", || term.closed().then_some(()));
        term.with_screen(|screen| {
            let modes = screen.modes();
            assert!(!modes.alternate && !modes.bracketed_paste && !modes.focus_events, "{name}");
            assert!(screen.cursor().visible, "{name}: cursor");
        });
    }
}

#[test]
fn splits_are_drawn_and_take_keys_where_the_focus_is() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.prefix("%");
    term.wait_for("two prompts side by side", Instant::now() + PATIENCE, |s| {
        let line = s.line_text(s.history_len());
        line.matches(PROMPT).count() == 2 && line.contains('│')
    });
    assert_eq!(
        qmux.ok(&["list-panes", "-F", "#{pane_index} #{pane_width}x#{pane_height} #{pane_active}"]),
        "0 40x23 0\n1 39x23 1"
    );
    term.type_keys("echo right; stty size\r");
    qmux.wait_pane("work:0.1", "23 39");
    assert!(!qmux.capture("work:0.0").contains("right"));
    term.prefix("\x1b[D");
    wait_until("the left pane to be active", || (qmux.ask("work", "#{pane_index}") == "0").then_some(()));
    term.prefix("\"");
    wait_until("a third pane", || (qmux.ok(&["list-panes"]).lines().count() == 3).then_some(()));
    term.type_keys("stty size\r");
    qmux.wait_pane("work:0.1", "11 40");
    qmux.ok(&["select-pane", "-t", "work:0.2"]);
    qmux.ok(&["resize-pane", "-t", "work:0.2", "-x", "30"]);
    assert_eq!(qmux.ask("work:0.2", "#{pane_width}"), "30");
    qmux.ok(&["send-keys", "-t", "work:0.2", &until_size("23 30"), "Enter"]);
    qmux.wait_pane("work:0.2", "size is 23 30");
    qmux.ok(&["kill-pane", "-t", "work:0.1"]);
    assert_eq!(qmux.ok(&["list-panes"]).lines().count(), 2);
    term.type_keys("exit\r");
    wait_until("one pane", || (qmux.ok(&["list-panes"]).lines().count() == 1).then_some(()));
    assert_eq!(qmux.ask("work", "#{pane_width}x#{pane_height}"), "80x23");
}

#[test]
fn windows_are_made_chosen_and_closed() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    qmux.ok(&["new-window", "-t", "work", "-n", "second"]);
    term.wait_text("second");
    term.type_keys("echo in-second\r");
    qmux.wait_pane("work:1", "in-second\n");
    term.prefix("0");
    term.wait_no_text("in-second");
    wait_until("the first window to be current", || {
        (qmux.ask("work", "#{window_index}") == "0").then_some(())
    });
    term.prefix("c");
    wait_until("three windows", || (qmux.ok(&["list-windows"]).lines().count() == 3).then_some(()));
    term.prefix("n");
    wait_until("the first window", || (qmux.ask("work", "#{window_index}") == "0").then_some(()));
    qmux.ok(&["select-window", "-t", "work:second"]);
    term.wait_text("in-second");
    qmux.ok(&["kill-window", "-t", "work:1"]);
    term.wait_no_text("second");
    qmux.ok(&["kill-session", "-t", "work"]);
    wait_until("no process left", || qmux.processes().is_empty().then_some(()));
}

#[test]
fn targets_name_panes_windows_and_sessions_as_in_tmux() {
    let qmux = Qmux::new();
    qmux.ok(&["new-session", "-d", "-s", "alpha", "-n", "one"]);
    qmux.ok(&["new-session", "-d", "-s", "beta"]);
    qmux.ok(&["split-window", "-h", "-t", "alpha:one.0"]);
    let format = "#{session_name}:#{window_index}.#{pane_index}";
    for (target, expected) in
        [("alpha:one.1", "alpha:0.1"), ("alpha:0.0", "alpha:0.0"), ("=beta:", "beta:0.0"), ("be", "beta:0.0")]
    {
        assert_eq!(qmux.ask(target, format), expected, "{target}");
    }
    let pane = qmux.ask("alpha:0.0", "#{pane_id}");
    let window = qmux.ask("alpha", "#{window_id}");
    let session = qmux.ask("beta", "#{session_id}");
    assert_eq!(qmux.ask(&pane, format), "alpha:0.0");
    assert_eq!(qmux.ask(&window, "#{window_name}"), "one");
    assert_eq!(qmux.ask(&session, "#{session_name}"), "beta");
    let said = qmux.run(&["select-pane", "-t", "%99"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("%99"), "{said:?}");
}

/// Four panes in two windows with something on their screens; what they are, and what they show.
fn four_panes(qmux: &Qmux) -> (String, [String; 4]) {
    qmux.ok(&["split-window", "-h", "-t", "work:edit"]);
    qmux.ok(&["new-window", "-t", "work", "-n", "logs"]);
    qmux.ok(&["split-window", "-v", "-t", "work:logs"]);
    for (n, pane) in FOUR.iter().enumerate() {
        qmux.wait_pane(pane, PROMPT);
        qmux.ok(&["send-keys", "-t", pane, &format!("kept=value{n}; echo before-$kept shell $$"), "Enter"]);
        qmux.wait_pane(pane, &format!("before-value{n} shell"));
    }
    (qmux.ok(&["list-panes", "-a", "-F", FACTS]), FOUR.map(|pane| qmux.capture(pane)))
}

const FOUR: [&str; 4] = ["work:edit.0", "work:edit.1", "work:logs.0", "work:logs.1"];
const FACTS: &str =
    "#{session_name}:#{window_index}:#{window_name}.#{pane_index} #{pane_width}x#{pane_height} #{pane_pid}";

#[test]
fn killed_server_loses_no_pane() {
    let qmux = Qmux::new();
    let mut term = qmux.term_sized(size(120, 40), &["new-session", "-s", "work", "-n", "edit"]);
    term.wait_text(PROMPT);
    let (before, _) = four_panes(&qmux);
    let old_server = qmux.server_pid();
    kill(Pid::from_raw(old_server), Signal::SIGKILL).expect("kill");
    term.wait_exit();

    let term = qmux.term_sized(size(120, 40), &["attach-session", "-t", "work"]);
    term.wait_text("logs");
    assert_ne!(qmux.server_pid(), old_server);
    assert_eq!(qmux.ok(&["list-panes", "-a", "-F", FACTS]), before);
    for (n, pane) in FOUR.iter().enumerate() {
        qmux.ok(&["send-keys", "-t", pane, "echo after-$kept", "Enter"]);
        qmux.wait_pane(pane, &format!("after-value{n}"));
    }
    term.wait_text("after-value");
}

#[test]
fn killed_server_loses_no_screen() {
    let qmux = Qmux::new();
    let mut term = qmux.term_sized(size(120, 40), &["new-session", "-s", "work", "-n", "edit"]);
    term.wait_text(PROMPT);
    let (_, screens) = four_panes(&qmux);
    kill(Pid::from_raw(qmux.server_pid()), Signal::SIGKILL).expect("kill");
    term.wait_exit();
    let term = qmux.term_sized(size(120, 40), &["attach-session", "-t", "work"]);
    term.wait_text("before-value");
    for (n, pane) in FOUR.iter().enumerate() {
        assert_eq!(qmux.capture(pane), screens[n], "{pane}");
    }
}

#[test]
fn output_made_while_no_server_lives_is_kept() {
    let qmux = Qmux::new();
    let mut term = qmux.attached();
    let go = qmux.home().join("go");
    term.type_keys(format!(
        "until [ -e {} ]; do sleep 0.05; done; echo made-alone; touch done\r",
        go.display()
    ));
    term.wait_text("sleep 0.05");
    kill(Pid::from_raw(qmux.server_pid()), Signal::SIGKILL).expect("kill");
    term.wait_exit();
    std::fs::write(&go, "").expect("a file");
    wait_until("the shell to go on", || qmux.home().join("done").exists().then_some(()));
    let term = qmux.term(&["attach"]);
    term.wait_text("made-alone");
}

#[test]
fn resize_reaches_the_programs_and_reflows() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.type_keys("printf 'x%.0s' {1..70}; echo END\r");
    term.wait_text("xxxEND");
    term.resize(size(50, 20));
    term.wait_for("the long line wrapped", Instant::now() + PATIENCE, |s| {
        let text = support::term::text_of(s);
        text.lines().any(|line| line.chars().count() == 50 && line.chars().all(|c| c == 'x'))
            && text.lines().any(|line| line.ends_with("xEND") && line.len() == 23)
    });
    term.type_keys(until_size("19 50") + "\r");
    term.wait_text("size is 19 50");
    term.resize(size(100, 30));
    term.type_keys(until_size("29 100") + "\r");
    term.wait_text("size is 29 100");
}

#[test]
fn two_clients_see_the_same_and_both_type() {
    let qmux = Qmux::new();
    let one = qmux.attached();
    let mut two = qmux.term_sized(size(100, 30), &["attach", "-t", "work"]);
    two.wait_text(PROMPT);
    wait_until("two clients", || (qmux.ok(&["list-clients"]).lines().count() == 2).then_some(()));
    one.type_keys("echo from-$((0+1))\r");
    two.wait_text("from-1");
    two.type_keys("echo from-$((1+1))\r");
    one.wait_text("from-2");
    two.prefix("d");
    two.wait_exit();
    one.type_keys("echo still-$((1+2))\r");
    one.wait_text("still-3");
}

#[test]
fn wide_characters_colours_and_links_come_through_unchanged() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    let text = "printf '\\033[1;4:3;38;2;10;20;30mA\\033[0m \\346\\274\\242\\345\\255\\227 e\\314\\201 \\360\\237\\221\\215\\360\\237\\217\\275 \\033[7;48;5;200mB\\033[0m|\\n'\r";
    term.type_keys("clear\r");
    term.type_keys(text);
    term.wait_for("the styled line", Instant::now() + PATIENCE, |s| {
        (0..s.size().rows)
            .any(|y| s.cell(0, y).text == "A" && s.line_text(s.history_len() + usize::from(y)).ends_with('|'))
    });
    term.with_screen(|s| {
        use qmux::vt::{Attrs, Color};
        let y = (0..s.size().rows).find(|&y| s.cell(0, y).text == "A").expect("just waited for");
        let a = s.cell(0, y).style;
        assert_eq!(a.fg, Color::Rgb(10, 20, 30));
        assert!(a.attrs.contains(Attrs::BOLD) && a.attrs.contains(Attrs::CURLY_UNDERLINE), "{a:?}");
        assert_eq!((s.cell(2, y).text, s.cell(2, y).width), ("漢", 2));
        assert_eq!(s.cell(7, y).text, "e\u{301}");
        assert_eq!((s.cell(9, y).text, s.cell(9, y).width), ("👍🏽", 2));
        let b = s.cell(12, y);
        assert_eq!((b.text, b.style.bg), ("B", Color::Indexed(200)));
        assert!(b.style.attrs.contains(Attrs::REVERSE));
    });
}

#[test]
fn nonsense_is_refused_with_a_reason_and_harms_nothing() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    for args in [
        &["frobnicate"][..],
        &["new-window", "--no-such-flag"],
        &["select-window", "-t", "work:77"],
        &["kill-pane", "-t", "nowhere:9.9"],
        &["resize-pane", "-x", "much"],
        &["new-session", "-d", "-s", "work"],
        &["attach", "-t", "no-such-session"],
        &["move", "pane"],
        &["move", "3", "hostB"],
    ] {
        let said = qmux.run(args);
        assert!(said.code != 0 && !said.err.trim().is_empty(), "{args:?}: {said:?}");
        assert!(!said.err.contains("panicked"), "{args:?}: {said:?}");
    }
    // Bytes no terminal sends, then bytes no program prints.
    term.type_keys(b"\x1b[<999999999;-1;0M\x1b[200~\xff\xfe\x1b[\x1bO\x1bP\x18\x1b[201~\x15");
    let noise = "import random, sys; random.seed(7); sys.stdout.buffer.write(random.randbytes(200000))";
    term.type_keys(format!("\rpython3 -c '{noise}'; printf '\\030\\033\\134\\033c'; clear; echo al''ive\r"));
    term.wait_text("alive");
    assert_eq!(qmux.ok(&["list-panes"]).lines().count(), 1);
}

#[test]
fn usage_errors_have_the_promised_classes() {
    let qmux = Qmux::new();
    let _term = qmux.attached();
    let said = qmux.run(&["move", "pane"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("Move where?"), "{said:?}");
    let said = qmux.run(&["move", "3", "hostB"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("Move what? pane, window or session."), "{said:?}");
    let said = qmux.run(&["move", "pane", "hostB", "-t", "%99"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("No pane %99. Panes: %0"), "{said:?}");
    let said = qmux.run(&["move", "pane", "no-such-host-at-all.invalid", "-t", "work"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("Nothing was moved"), "{said:?}");
}

#[test]
fn exit_status_of_the_program_ends_pane_and_client() {
    let qmux = Qmux::new();
    let mut term =
        qmux.term(&["new-session", "-s", "brief", "--", "sh", "-c", "echo hello; read line; exit 3"]);
    term.wait_text("hello");
    term.type_keys("\r");
    assert_eq!(term.wait_exit(), 0);
    wait_until("everything to end", || qmux.processes().is_empty().then_some(()));
}

#[test]
fn mouse_click_gives_focus() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    qmux.ok(&["set-option", "-g", "mouse", "on"]);
    qmux.ok(&["split-window", "-h", "-t", "work"]);
    wait_until("the right pane to be active", || (qmux.ask("work", "#{pane_index}") == "1").then_some(()));
    term.wait_for("mouse reporting", Instant::now() + PATIENCE, |s| {
        s.modes().mouse != qmux::vt::MouseMode::Off
    });
    term.type_keys("\x1b[<0;5;5M\x1b[<0;5;5m");
    wait_until("the left pane to be active", || (qmux.ask("work", "#{pane_index}") == "0").then_some(()));
}

#[test]
fn keys_and_pastes_reach_the_program_as_it_wants_them() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.type_keys("clear; stty -echo; cat -v; stty echo\r");
    wait_until("cat to run", || (qmux.ask("work", "#{pane_current_command}") == "cat").then_some(()));
    term.type_keys("\x1b[A\x1bOP\x1b[1;5C\x1b[3~ grün 漢字\r");
    term.wait_text("^[[A^[OP^[[1;5C^[[3~ grM-CM-<n");
    term.type_keys("\x04");
    term.wait_cursor_line("the prompt", |line| line.trim_end().ends_with(PROMPT));
    // bash asks for bracketed paste: what is pasted is not run.
    term.type_keys("\x1b[200~touch pasted\r\x1b[201~");
    term.wait_text("touch pasted");
    assert!(!qmux.home().join("pasted").exists());
    term.type_keys("\r");
    wait_until("the pasted line to run when told", || qmux.home().join("pasted").exists().then_some(()));
}

/// What a conformance suite does in a pane: it asks, waits for the answer, asks again.
const REPORTS: &str = r#"
stty raw -echo
printf '\033[2J\033[3;1HAB\033[5n'
IFS= read -r -t 20 -d n ready || exit 1
sums=
for i in 1 2 3 4 5 6 7 8 9 10; do
    for x in 1 2 3; do
        printf '\033[%d;1;3;%d;3;%d*y' "$i" "$x" "$x"
        IFS= read -r -t 20 -d '\' sum || exit 1
        sum=${sum#*"!~"}
        sums=$sums${sum:0:4}
    done
done
# And several at once: they come in order.
printf '\033[c\033[6n\033[?7$p\033P$qr\033\\\\\033[9;1;3;1;3;2*y\033[5n'
IFS= read -r -t 20 -d n all || exit 1
stty sane
printf '\033[H%s\r\n%q\r\ndone\r\n' "$sums" "$all"
"#;

#[test]
fn reports_are_answered_in_time_and_in_order() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    std::fs::write(qmux.home().join("reports"), REPORTS).expect("the script is written");
    term.type_keys("bash ./reports\r");
    term.wait_text("done");
    let text = qmux.capture("work").replace('\n', "");
    // 'A', 'B' and a cell never written, each negated.
    assert!(text.contains(&"FFBFFFBEFFE0".repeat(10)), "{text}");
    let answers = ["E[?65;", "E[3;3R", "E[?7;1$y", "EP1$r1;", "EP9!~FF7D", "E[0"];
    let mut from = 0;
    for answer in answers {
        let at = text[from..]
            .find(answer)
            .unwrap_or_else(|| panic!("{answer} after {:?} in {text}", &text[..from]));
        from += at + answer.len();
    }
}

#[test]
fn programs_learn_the_colours_of_the_users_terminal() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    // The user turns to a light scheme: the terminal tells so, is asked for its colours, and answers.
    term.with_screen_mut(|s| s.set_colors((0x11, 0x22, 0x33), (0xee, 0xdd, 0xcc)));
    let script = "stty raw -echo\nprintf '\\033]11;?\\033\\134'\nIFS= read -r -t 20 -d '\\' a\nstty sane\nprintf '%q\\n' \"$a\"\n";
    std::fs::write(qmux.home().join("ask"), script).expect("the script is written");
    wait_until("the pane to be told of the colours", || {
        term.type_keys("clear; bash ./ask; echo as''ked\r");
        wait_until("an answer", || qmux.capture("work").contains("asked").then_some(()));
        qmux.capture("work").contains("rgb:eeee/dddd/cccc").then_some(())
    });
}

#[test]
fn flood_in_one_pane_does_not_slow_the_other() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    qmux.ok(&["split-window", "-h", "-t", "work"]);
    qmux.wait_pane("work:0.1", PROMPT);
    qmux.ok(&["send-keys", "-t", "work:0.0", "yes", "Enter"]);
    qmux.wait_pane("work:0.0", "y\ny\ny");
    for n in 0..20 {
        let started = Instant::now();
        term.type_keys(format!("echo key''{n}\r"));
        qmux.wait_pane("work:0.1", &format!("key{n}\n"));
        assert!(started.elapsed().as_millis() < 1000, "answer {n} took {:?}", started.elapsed());
    }
    qmux.ok(&["send-keys", "-t", "work:0.0", "C-c"]);
    wait_until("the flood to end", || {
        (qmux.ask("work:0.0", "#{pane_current_command}") == "bash").then_some(())
    });
}

#[test]
fn client_that_does_not_read_holds_up_nobody() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    let stuck = qmux.term(&["attach", "-t", "work"]);
    stuck.wait_text(PROMPT);
    kill(Pid::from_raw(stuck.pid() as i32), Signal::SIGSTOP).expect("kill");
    term.type_keys("clear; seq 1 300000; echo al''l through\r");
    term.wait_text("all through");
    kill(Pid::from_raw(stuck.pid() as i32), Signal::SIGCONT).expect("kill");
    stuck.wait_text("all through");
}

#[test]
fn config_is_read_and_a_typo_is_named() {
    let qmux = Qmux::new();
    let config = qmux.home().join("my.conf");
    std::fs::write(
        &config,
        "set -g status-lft x\nset -g history-limit 777\nbind-key g new-window -n from-config\n",
    )
    .expect("a file");
    let config = config.to_str().expect("text");
    let term = qmux.term(&["-f", config, "new-session", "-s", "work"]);
    term.wait_text("my.conf:1");
    assert_eq!(qmux.ok(&["show-options", "-gv", "history-limit"]), "777");
    // Whatever shows the complaint goes away by a key.
    term.type_keys("q");
    term.wait_text(PROMPT);
    term.prefix("g");
    term.wait_text("from-config");
}

#[test]
fn themes_change_the_status_line() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    let style = || term.with_screen(|s| s.cell(0, 23).style);
    let first = style();
    let names: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/themes"))
        .expect("themes/")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_string()))
        .filter(|name| name != "common")
        .collect();
    assert!(names.len() >= 4, "{names:?}");
    let mut looks = std::collections::HashSet::new();
    for name in &names {
        qmux.ok(&["set-option", "-g", "theme", name]);
        assert_eq!(qmux.ok(&["show-options", "-gv", "theme"]), *name);
        let mut last = (term.bytes_read(), Instant::now());
        wait_until("the new look", || {
            let now = term.bytes_read();
            if now != last.0 {
                last = (now, Instant::now());
            }
            (last.1.elapsed().as_millis() > 100).then_some(())
        });
        looks.insert(style());
    }
    assert!(looks.len() > 1, "all themes look like {first:?}");
    assert_ne!(qmux.run(&["set-option", "-g", "theme", "no-such-theme"]).code, 0);
}

#[test]
fn pane_moves_to_a_local_host_and_back() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    std::fs::write(qmux.home().join("text"), "some words\n").expect("a file");
    term.type_keys("kept=remembered; vim -n text\r");
    term.wait_text("some words");
    term.type_keys("imore \x1b");
    term.wait_text("more some words");
    for (to, place) in [("local:side", "local:side"), (".", "")] {
        let said = qmux.ok(&["move", "pane", to, "-t", "work"]);
        assert!(said.contains("is now on") && said.contains(place), "{said}");
        term.type_keys("A!\x1b");
        term.wait_text("words!");
        term.type_keys("u");
        term.wait_no_text("words!");
    }
    term.type_keys("A, saved\x1b:wq\r");
    term.wait_cursor_line("the prompt", |line| line.trim_end().ends_with(PROMPT));
    term.type_keys("clear; echo $kept; cat text\r");
    term.wait_text("remembered\nmore some words, saved");
}

#[test]
fn a_pane_that_is_there_already_is_told_as_json_when_that_is_asked_for() {
    let qmux = Qmux::new();
    qmux.ok(&["new-session", "-d", "-s", "work"]);
    qmux.wait_pane("work", PROMPT);
    for question in [&["--json"][..], &["--dry-run", "--json"]] {
        let said = qmux.ok(&[&["move", "pane", ".", "-t", "work"][..], question].concat());
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!(said["code"], "already-there", "{said}");
    }
}

/// A pane that is killed while its keeper is being started leaves nobody behind: neither a keeper nor its shell.
#[test]
fn panes_killed_as_they_start_leave_no_process() {
    let qmux = Qmux::new();
    for _ in 0..10 {
        qmux.ok(&[
            "new-session",
            "-d",
            ";",
            "split-window",
            "-d",
            ";",
            "new-window",
            "-d",
            ";",
            "kill-server",
        ]);
    }
    qmux.ok(&[
        "new-session",
        "-d",
        "-s",
        "last",
        ";",
        "new-window",
        "-d",
        "-n",
        "gone",
        ";",
        "kill-window",
        "-t",
        "gone",
    ]);
    qmux.wait_pane("last", PROMPT);
    // The last start counts; those before it end.
    let again = ["respawn-pane", "-k", "-t", "last", ";"].repeat(4);
    qmux.ok(&again[..again.len() - 1]);
    qmux.wait_pane("last", PROMPT);
    wait_until("one shell", || {
        let shells = qmux.processes().into_iter().filter(|pid| {
            std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "bash")
        });
        (shells.count() == 1).then_some(())
    });
    qmux.ok(&["kill-server"]);
    wait_until("every process to end", || qmux.processes().is_empty().then_some(()));
}
