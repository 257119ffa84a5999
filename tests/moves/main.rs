//! Moves between two real keeper processes with a fake engine: every fault point on either side, and after each
//! exactly one pane answers a keystroke.
//!
//! This program is also the keeper: started as `moves keeper …` it has that role, with the fake engine.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;
#[path = "../keeper/harness.rs"]
mod harness;
mod relay;
mod scenes;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    let chosen: Vec<_> = scenes::all()
        .into_iter()
        .filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())))
        .collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    // A scene mostly waits: more of them at once than there are processors.
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some((name, scene)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let ok = std::panic::catch_unwind(std::panic::AssertUnwindSafe(scene)).is_ok();
                    println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
                    if !ok {
                        failed.lock().unwrap().push(name.clone());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    let passed = chosen.len() - failed.len();
    println!("\ntest result: {verdict}. {passed} passed; {} failed; 0 ignored", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
