//! Moves between two real keeper processes with a fake engine: every fault point on either side, and after each
//! exactly one pane answers a keystroke.
//!
//! This program is also the keeper: started as `moves keeper …` it has that role, with the fake engine.

mod fake;
#[path = "../keeper/harness.rs"]
mod harness;
mod relay;
mod scenes;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "keeper") {
        return qmux::keeper::run_with(&args[1..], fake::engines);
    }
    if args.iter().any(|a| a == "--list") {
        for (name, _) in scenes::all() {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = args.iter().filter(|a| !a.starts_with('-')).collect();
    let mut failed = Vec::new();
    let mut count = 0;
    for (name, scene) in scenes::all() {
        if !wanted.is_empty() && !wanted.iter().any(|w| name.contains(w.as_str())) {
            continue;
        }
        count += 1;
        let ok = std::panic::catch_unwind(std::panic::AssertUnwindSafe(scene)).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        if !ok {
            failed.push(name);
        }
    }
    println!("\ntest result: {} of {count} failed {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
