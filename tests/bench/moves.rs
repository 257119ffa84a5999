//! How long vim and emacs stand still, and how long the command takes, in a move between two test hosts.
//! Needs root. The pass marks are those of the project's specification.

#[path = "stats/mod.rs"]
mod stats;
#[path = "../support/mod.rs"]
mod support;

use stats::{median, percentile, runs};
use std::time::Instant;
use support::lab::Lab;
use support::stage::Stage;

fn main() {
    if !nix::unistd::geteuid().is_root() {
        println!("SKIPPED moves: test hosts need root");
        return;
    }
    println!("{:24} {:>10} {:>10} {:>10} {:>10}", "", "frozen ms", "worst", "done ms", "worst");
    for user in ["ana", "root"] {
        program(user, "vim", "vim text", "\"text\" ", "ihello\x1b", 60.0, 400.0);
        program(user, "emacs", "emacs -nw -Q text", "some words", "hello ", 150.0, f64::NAN);
    }
}

fn program(
    user: &'static str,
    name: &str,
    line: &str,
    ready: &str,
    keys: &str,
    frozen_mark: f64,
    done_mark: f64,
) {
    let lab = Lab::up(&["hostA", "hostB"]);
    let stage = Stage::set(&lab, user);
    stage.home().write(user, &stage.path("text"), &"some words of the text\n".repeat(200));
    stage.run(line);
    stage.wait(ready);
    // emacs compiles its own Lisp at first, with children whose temporary files are on one host only.
    stage.wait_alone(name);
    stage.term.type_keys(keys);
    stage.wait("hello");
    // The first move opens the ssh connection; the marks are for an open one.
    stage.move_to("hostB");
    stage.move_to(".");
    let (mut frozen, mut done) = (Vec::new(), Vec::new());
    for _ in 0..runs(10) {
        for host in ["hostB", "."] {
            let started = Instant::now();
            let said = stage.ok(&["move", "pane", host, "-t", "work", "--json"]);
            done.push(started.elapsed().as_secs_f64() * 1e3);
            frozen.push(pause_ms(&said));
        }
    }
    let row =
        [median(&mut frozen), percentile(&mut frozen, 1.0), median(&mut done), percentile(&mut done, 1.0)];
    let verdict = |value: f64, mark: f64| match value <= mark {
        _ if mark.is_nan() => String::new(),
        true => format!("(<= {mark} reached)"),
        false => format!("(<= {mark} MISSED)"),
    };
    println!(
        "{:24} {:>10.1} {:>10.1} {:>10.1} {:>10.1}  {} {}",
        format!("{name} as {user}"),
        row[0],
        row[1],
        row[2],
        row[3],
        verdict(row[0], frozen_mark),
        verdict(row[2], done_mark)
    );
}

/// The pause in a move's report.
fn pause_ms(json: &str) -> f64 {
    let report: serde_json::Value = serde_json::from_str(json).expect("--json prints JSON");
    report["pause_ms"].as_f64().expect("pause_ms in the report")
}
