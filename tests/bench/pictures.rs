//! Pictures of real runs, for the README and to be looked at: a vim that moves between two hosts (root),
//! splits, copy mode, the pickers, and every theme. `cargo bench --bench pictures -- DIR` writes SVG files to DIR
//! (default docs/pictures); with `QMUX_PICTURES=here` those that need no test hosts.

#[path = "../support/mod.rs"]
mod support;

use qmux::ids::Size;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::lab::Lab;
use support::session::{PROMPT, Qmux};
use support::stage::Stage;
use support::svg;
use support::term::{Picture, Term};

const CHAPTER: &str = "# Chapter 3: The ship of Theseus\n\n\
    If every plank is replaced while she sails,\nis she the same ship when she comes home?\n\n\
    The harbour master says yes:\nher log has no gap, and nobody went ashore.\n";

fn main() {
    let dir = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let dir =
        PathBuf::from(dir.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures").into()));
    std::fs::create_dir_all(&dir).expect("a directory for the pictures");
    pickers(&dir);
    splits_and_themes(&dir);
    if std::env::var_os("QMUX_PICTURES").is_some_and(|what| what == "here") {
        println!("left out as asked: move.svg");
    } else if nix::unistd::geteuid().is_root() {
        moving_vim(&dir);
    } else {
        println!("SKIPPED move.svg: test hosts need root");
    }
}

fn save(dir: &Path, name: &str, frames: &[(&str, &Picture)]) {
    let path = dir.join(name);
    std::fs::write(&path, svg::stack(frames)).expect("the picture is written");
    println!("{}", path.display());
}

/// What is shown when nothing has been drawn for a while.
fn at_rest(term: &Term) -> Picture {
    let mut last = (term.bytes_read(), Instant::now());
    support::wait_until("rest", || {
        let now = term.bytes_read();
        if now != last.0 {
            last = (now, Instant::now());
        }
        (last.1.elapsed() > Duration::from_millis(300)).then_some(())
    });
    term.cells()
}

fn moving_vim(dir: &Path) {
    let lab = Lab::up(&["hostA", "hostB"]);
    let stage = Stage::set(&lab, "ana");
    stage.home().write("ana", "/shared/ana/chapter3.md", CHAPTER);
    stage.term.resize(Size { cols: 76, rows: 14 });
    stage.run("clear; vim chapter3.md");
    stage.wait("nobody went ashore");
    stage.term.type_keys("Go\rThe owner is not so sure.\x1b");
    stage.wait("not so sure");
    let before = at_rest(&stage.term);
    stage.move_to("hostB");
    stage.wait_status("hostB");
    stage.term.type_keys("A But he goes on typing.\x1b");
    stage.wait("goes on typing");
    let after = at_rest(&stage.term);
    save(
        dir,
        "move.svg",
        &[
            ("unsaved text in vim, on hostA", &before),
            ("after  qmux move pane hostB  : same window, same undo, now on hostB", &after),
        ],
    );
}

/// Splits, copy mode, the palette, the session picker and the choice of a theme, on one world.
fn pickers(dir: &Path) {
    let qmux = Qmux::new();
    let size = Size { cols: 100, rows: 28 };
    std::fs::write(qmux.home().join("chapter3.md"), CHAPTER).expect("a file");
    qmux.ok(&["new-session", "-d", "-s", "mail", "-n", "inbox", "-x", "100", "-y", "27"]);
    qmux.ok(&["new-session", "-d", "-s", "simulation", "-n", "run", "-x", "100", "-y", "27"]);
    qmux.ok(&["split-window", "-h", "-t", "simulation:run"]);
    qmux.ok(&["send-keys", "-t", "mail:0", "clear; printf 'From  Ana\\nRe    the draft\\n'", "Enter"]);
    let count = "clear; for i in 1 2 3 4 5 6; do echo \"step $i  residual 1e-$i\"; done";
    qmux.ok(&["send-keys", "-t", "simulation:run.0", count, "Enter"]);
    qmux.ok(&["send-keys", "-t", "simulation:run.1", "clear; vim -n chapter3.md", "Enter"]);
    let term = qmux.term_sized(size, &["new-session", "-s", "thesis", "-n", "write"]);
    term.wait_text(PROMPT);
    std::fs::write(qmux.home().join("chapter3.md"), CHAPTER).expect("a file");
    qmux.ok(&["new-window", "-d", "-t", "thesis", "-n", "build"]);
    qmux.ok(&["split-window", "-h", "-t", "thesis:write"]);
    qmux.ok(&["split-window", "-v", "-t", "thesis:write.1"]);
    qmux.wait_pane("thesis:write.2", PROMPT);
    qmux.ok(&["send-keys", "-t", "thesis:write.0", "vim -n chapter3.md", "Enter"]);
    qmux.ok(&["send-keys", "-t", "thesis:write.1", "clear; seq 1 40 | sed 's/^/line /'", "Enter"]);
    qmux.ok(&["send-keys", "-t", "thesis:write.2", "clear; seq 1 8 | sed 's/^/step /'", "Enter"]);
    qmux.wait_pane("thesis:write.2", "step 8");
    qmux.wait_pane("thesis:write.0", "went ashore");
    term.type_keys("\r");
    support::wait_until("the welcome to go", || (!term.screen_text().contains("Welcome")).then_some(()));
    save(dir, "splits.svg", &[("", &at_rest(&term))]);
    qmux.ok(&["select-pane", "-t", "thesis:write.1"]);
    qmux.ok(&["copy-mode", "-t", "thesis:write.1"]);
    term.type_keys("\x13line 3");
    term.type_keys("\r\x00");
    term.type_keys("\x1b[B\x1b[B\x1b[C\x1b[C");
    save(dir, "copy-mode.svg", &[("", &at_rest(&term))]);
    term.type_keys("q");
    qmux.ok(&["select-pane", "-t", "thesis:write.0"]);
    term.prefix("P");
    term.wait_text("commands");
    term.type_keys("win");
    save(dir, "palette.svg", &[("", &at_rest(&term))]);
    term.type_keys("\x03");
    term.prefix("S");
    term.wait_text("sessions");
    term.type_keys("sim");
    save(dir, "session-picker.svg", &[("", &at_rest(&term))]);
    term.type_keys("\x03");
    term.prefix("T");
    term.wait_text("themes");
    let dark = at_rest(&term);
    term.type_keys("paper");
    save(dir, "choose-theme.svg", &[("", &dark), ("", &at_rest(&term))]);
    term.type_keys("\x03");
}

fn splits_and_themes(dir: &Path) {
    let qmux = Qmux::new();
    let term = qmux.term_sized(Size { cols: 100, rows: 28 }, &["new-session", "-s", "thesis", "-n", "write"]);
    term.wait_text(PROMPT);
    std::fs::write(qmux.home().join("chapter3.md"), CHAPTER).expect("a file");
    qmux.ok(&["new-window", "-d", "-t", "thesis", "-n", "build"]);
    qmux.ok(&["split-window", "-h", "-t", "thesis:write"]);
    qmux.ok(&["split-window", "-v", "-t", "thesis:write.1"]);
    qmux.wait_pane("thesis:write.2", PROMPT);
    qmux.ok(&["send-keys", "-t", "thesis:write.0", "vim -n chapter3.md", "Enter"]);
    qmux.ok(&[
        "send-keys",
        "-t",
        "thesis:write.1",
        "clear; ls --color=always -la /usr/share/vim | head -8",
        "Enter",
    ]);
    qmux.ok(&["send-keys", "-t", "thesis:write.2", "clear; seq 1 8 | sed 's/^/step /'", "Enter"]);
    qmux.wait_pane("thesis:write.2", "step 8");
    qmux.wait_pane("thesis:write.0", "went ashore");
    let mut names: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/themes"))
        .expect("themes/")
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_string()))
        .filter(|name| name != "common")
        .collect();
    names.sort();
    // A message goes with the next key.
    term.type_keys("\r");
    support::wait_until("the welcome to go", || (!term.screen_text().contains("Welcome")).then_some(()));
    for name in names {
        qmux.ok(&["set-option", "-g", "theme", &name]);
        let picture = at_rest(&term);
        save(dir, &format!("theme-{name}.svg"), &[(&name, &picture)]);
    }
}
