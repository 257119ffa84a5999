//! What the tests of the whole program share: a terminal that is read back, and test hosts.

// Every test file includes this module and uses its own part of it.
#![allow(dead_code)]

pub mod lab;
pub mod session;
pub mod stage;
pub mod svg;
pub mod term;

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a fact may take to come true before a test gives up. Never waited for when all is well.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The qmux under test: `QMUX_TEST_BIN`, or the one cargo built for this test.
pub fn qmux() -> PathBuf {
    match std::env::var_os("QMUX_TEST_BIN") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_BIN_EXE_qmux")),
    }
}

/// How often a round trip is made: `QMUX_TEST_ROUNDS`, or `usual`.
pub fn rounds(usual: u32) -> u32 {
    std::env::var("QMUX_TEST_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Asks `fact` until it gives a value; panics with `what` when `PATIENCE` is over.
#[track_caller]
pub fn wait_until<T>(what: &str, mut fact: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = fact() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// One word for a shell.
pub fn quote(word: &str) -> String {
    if !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./=:,@%+".contains(&b)) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
