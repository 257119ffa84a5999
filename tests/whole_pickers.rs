//! The command palette, the session picker and the choice of a theme on a real terminal.

#![allow(clippy::unwrap_used)]

mod support;

use support::session::{PROMPT, Qmux};
use support::term::Term;
use support::{quote, wait_until};

fn background(term: &Term, x: usize, y: usize) -> String {
    format!("{:?}", term.cells().rows[y][x].2.bg)
}

/// A terminal whose last row is the status line: the welcome over it goes with a key.
fn without_welcome(qmux: &Qmux) -> Term {
    let term = qmux.attached();
    term.type_keys("\r");
    term.wait_no_text("Welcome");
    term
}

#[test]
fn the_palette_is_searched_and_runs_what_is_taken() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.prefix("P");
    term.wait_text(" commands ");
    term.type_keys("split rig");
    term.wait_text("nothing fits");
    term.type_keys("\x15splitw");
    term.wait_text("Split a pane in two");
    term.type_keys("\r");
    term.wait_no_text(" commands ");
    wait_until("two panes", || (qmux.ok(&["list-panes"]).lines().count() == 2).then_some(()));
    // With words: the command prompt has its name.
    term.prefix("P");
    term.type_keys("rename-win\r");
    term.wait_text(":rename-window");
    term.type_keys("notes\r");
    wait_until("the new name", || (qmux.ask("work", "#{window_name}") == "notes").then_some(()));
}

#[test]
fn the_session_picker_shows_what_a_session_shows_now() {
    let qmux = Qmux::new();
    let term = qmux.term_sized(qmux::ids::Size::new(110, 30), &["new-session", "-s", "work"]);
    term.wait_text(PROMPT);
    qmux.ok(&["new-session", "-d", "-s", "elsewhere", "-x", "60", "-y", "20"]);
    qmux.wait_pane("elsewhere", PROMPT);
    // A pane on disk, found where the session is.
    qmux.ok(&["new-window", "-d", "-t", "work", "-n", "stored", "exec sleep 1000"]);
    let file = qmux.home().join("kept.qmux");
    let said = qmux.run(&["checkpoint", "pane", "-t", "work:stored", "-o", file.to_str().unwrap()]);
    let can_store = said.code == 0;
    if !can_store {
        println!("SKIPPED the stored pane: {}", said.err.trim());
    }
    term.prefix("S");
    term.wait_text(" sessions ");
    if can_store {
        term.wait_text("kept.qmux");
    }
    term.type_keys("else");
    term.wait_text("elsewhere");
    // It is alive.
    qmux.ok(&["send-keys", "-t", "elsewhere", &format!("printf '%s%s\\n' seen -{}", quote("here")), "Enter"]);
    term.wait_text("seen-here");
    term.type_keys("\r");
    term.wait_no_text(" sessions ");
    wait_until("the other session", || {
        (qmux.ok(&["list-clients", "-F", "#{client_session}"]) == "elsewhere").then_some(())
    });
    term.prefix("S");
    term.wait_text(" sessions ");
    term.type_keys("work");
    term.type_keys("\x18");
    term.wait_text("kill-session work? (y/n)");
    term.type_keys("y");
    wait_until("one session", || (qmux.ok(&["list-sessions", "-F", "#S"]) == "elsewhere").then_some(()));
    term.type_keys("\x15fresh\r");
    wait_until("a new session", || {
        (qmux.ok(&["list-clients", "-F", "#{client_session}"]) == "fresh").then_some(())
    });
}

#[test]
fn a_theme_is_tried_on_the_whole_screen_and_put_back_or_kept() {
    let qmux = Qmux::new();
    let term = without_welcome(&qmux);
    let bar = || background(&term, 50, 23);
    let midnight = bar();
    term.prefix("T");
    term.wait_text(" themes ");
    term.type_keys("paper");
    wait_until("the other theme's bar", || (bar() != midnight).then_some(()));
    let paper = bar();
    term.type_keys("\x03");
    term.wait_no_text(" themes ");
    assert_eq!(bar(), midnight);
    assert_eq!(qmux.ok(&["show-options", "-gv", "theme"]), "");
    term.prefix("T");
    term.wait_text(" themes ");
    term.type_keys("paper\r");
    term.wait_no_text(" themes ");
    wait_until("the option", || (qmux.ok(&["show-options", "-gv", "theme"]) == "paper").then_some(()));
    assert_eq!(bar(), paper);
}

#[test]
fn the_theme_follows_the_terminals_background() {
    let qmux = Qmux::new();
    let term = without_welcome(&qmux);
    let bar = || background(&term, 50, 23);
    let first = bar();
    qmux.ok(&["set-option", "-g", "theme-light", "paper"]);
    let refused = qmux.run(&["set-option", "-g", "theme-dark", "nosuch"]);
    assert!(refused.code != 0 && refused.err.contains("no theme \"nosuch\""), "{refused:?}");
    // The terminal answers the question for its background, then says that its scheme has changed.
    term.type_keys("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    let light = wait_until("the light theme", || Some(bar()).filter(|now| *now != first));
    qmux.ok(&["set-option", "-g", "theme-dark", "ember"]);
    assert_eq!(bar(), light);
    term.type_keys("\x1b[?997;1n\x1b]11;rgb:0000/0000/0000\x1b\\");
    let dark = wait_until("the dark theme", || Some(bar()).filter(|now| *now != light));
    assert_ne!(dark, first, "ember, not the default");
}

#[test]
fn a_session_is_written_to_a_layout_file_and_opened_from_it() {
    let qmux = Qmux::new();
    qmux.ok(&["new-session", "-d", "-s", "one", "-n", "edit", "-x", "100", "-y", "30"]);
    assert!(qmux.ok(&["list-layouts"]).contains("There are no layouts"));
    qmux.ok(&["split-window", "-h", "-t", "one", "-l", "30%", "exec sleep 1000"]);
    qmux.ok(&["new-window", "-t", "one", "-n", "logs", "-c", "/tmp"]);
    qmux.ok(&["save-layout", "-t", "one", "kept"]);
    let again = qmux.run(&["save-layout", "-t", "one", "kept"]);
    assert!(again.code != 0 && again.err.contains("was left as it is"), "{again:?}");
    qmux.ok(&["save-layout", "-f", "-t", "one", "kept"]);
    assert_eq!(qmux.ok(&["list-layouts"]), "kept: 2 windows, 3 panes");
    let term =
        qmux.term_sized(qmux::ids::Size::new(100, 31), &["new-session", "-s", "two", "--layout", "kept"]);
    term.wait_text("logs");
    let facts = "#I:#W.#P #{pane_width}x#{pane_height} #{pane_start_command}";
    let panes = |session: &str| qmux.ok(&["list-panes", "-s", "-t", session, "-F", facts]);
    wait_until("the same panes", || (panes("two") == panes("one")).then_some(()));
    qmux.wait_pane("two:logs", PROMPT);
    wait_until("its directory", || (qmux.ask("two:logs", "#{pane_current_path}") == "/tmp").then_some(()));
    let wrong = qmux.home().join("wrong.toml");
    std::fs::write(&wrong, "[[window]]\nsplit = \"x\"\npanes = [{}]\n").unwrap();
    let said = qmux.run(&["load-layout", "-t", "two", "wrong.toml"]);
    assert!(said.code == 1 && said.err.contains("wrong.toml: line 2: split is"), "{said:?}");
}
