//! Completion of qmux's command line in the shells themselves, on a pty, by the Tab key.

mod support;

use qmux::ids::Size;
use support::session::Qmux;
use support::term::Term;

/// A shell with the completions loaded, `qmux` on its path, and the prompt shown.
fn shell(qmux: &Qmux, argv: &[&str], load: &str) -> Term {
    let bin = qmux.home().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder");
    std::os::unix::fs::symlink(support::qmux(), bin.join("qmux")).expect("a link");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let term = qmux.spawn(Size { cols: 120, rows: 40 }, argv, &[("PATH", &path)]);
    term.type_keys(format!("{load}\r"));
    term.wait_text("loaded");
    term
}

/// A verb by its beginning, the only session by its beginning, and an option.
fn completes(qmux: &Qmux, term: &Term) {
    qmux.ok(&["new-session", "-d", "-s", "workshop"]);
    term.type_keys("qmux att\t");
    term.wait_text("qmux attach-session");
    term.type_keys("-t works\t");
    term.wait_text("qmux attach-session -t workshop");
    term.type_keys("\x15qmux set -g display-panes-ac\t");
    term.wait_text("display-panes-active-colour");
    // No candidate of ours: names of files.
    std::fs::write(qmux.home().join("extra.conf"), "").expect("a file");
    term.type_keys("\x15qmux source-file extra\t");
    term.wait_text("qmux source-file extra.conf");
}

/// Readline cuts words at colons, and zsh takes them for the end of a word: the whole target is there all the same.
fn completes_a_target(qmux: &Qmux, term: &Term) {
    qmux.ok(&["new-window", "-d", "-t", "workshop:73"]);
    term.type_keys("\x15qmux select-window -t workshop:7\t");
    term.wait_text("select-window -t workshop:73");
}

#[test]
fn bash() {
    let qmux = Qmux::new();
    let load = "source <(qmux completions bash) && echo load''ed";
    let term = shell(&qmux, &["bash", "--norc"], load);
    completes(&qmux, &term);
    completes_a_target(&qmux, &term);
}

#[test]
fn zsh() {
    let qmux = Qmux::new();
    let load = "autoload -U compinit && compinit -D -u && source <(qmux completions zsh) && echo load''ed";
    let term = shell(&qmux, &["zsh", "-f"], load);
    completes(&qmux, &term);
    completes_a_target(&qmux, &term);
}

#[test]
fn fish() {
    let qmux = Qmux::new();
    let term = shell(&qmux, &["fish", "--no-config"], "qmux completions fish | source && echo load''ed");
    completes(&qmux, &term);
}

#[test]
fn what_is_no_shell_is_refused() {
    let said = Qmux::new().run(&["completions", "tcsh"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("tcsh") && said.err.contains("fish"), "{said:?}");
    let said = Qmux::new().run(&["man"]);
    assert!(said.code == 0 && said.out.starts_with(".TH QMUX 1"), "{}", said.err);
}

/// The terminal of the tests answers as qmux's own panes do; without one the rest is judged all the same.
#[test]
fn the_doctor_asks_the_terminal_and_puts_it_back() {
    let qmux = Qmux::new();
    let term = qmux.spawn(Size { cols: 120, rows: 40 }, &["bash", "--norc"], &[]);
    let program = support::qmux();
    term.type_keys(format!(
        "{} doctor; echo en''ded $?; stty -a | grep -o '[ -]icanon'\r",
        program.display()
    ));
    term.wait_text("ended");
    term.wait_text(" icanon");
    let text = term.screen_text();
    assert!(text.contains("kitty keyboard: the terminal has it"), "{text}");
    let said = qmux.run(&["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let found = found.as_array().expect("a list");
    let missing = found.iter().any(|f| f["level"] == "missing");
    assert_eq!(said.code, i32::from(missing), "{said:?}");
    let level =
        |subject: &str| found.iter().find(|f| f["subject"] == subject).expect(subject)["level"].clone();
    assert_eq!(level("terminal"), "less", "there was none");
    assert_eq!(level("ssh"), "good", "the tests need it");
    assert_eq!(qmux.run(&["doctor", "--nonsense"]).code, 2);
    assert_eq!(qmux.run(&["doctor", "one", "two"]).code, 2);
}

#[test]
fn the_doctor_misses_ssh() {
    let qmux = Qmux::new();
    let program = support::qmux();
    let program = program.to_str().expect("a path of text");
    let mut term =
        qmux.spawn(Size { cols: 120, rows: 40 }, &[program, "doctor"], &[("QMUX_SSH", "/nowhere/ssh")]);
    assert_eq!(term.wait_exit(), 1);
    let text = term.screen_text();
    assert!(text.contains("MISSING ssh: cannot start /nowhere/ssh"), "{text}");
}
