//! How fast the terminal core takes output: MB per CPU second of one thread, parse and screen.
//!
//! `cargo bench --bench vt_throughput`. The streams are those of the measurements the aims come
//! from: plain lines, dense SGR, unicode, cursor addressing.

#[path = "streams/mod.rs"]
mod streams;

use qmux::ids::Size;
use qmux::vt::Screen;
use std::time::Duration;
use streams::Kind;

/// Bytes of each stream.
const STREAM: usize = 8 << 20;
/// Bytes given to one `advance`, as read from a pty.
const PIECE: usize = 64 * 1024;
/// Runs of which the median is told.
const RUNS: usize = 5;

/// CPU time of this thread.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Duration::from_nanos(ns)
}

fn measure(stream: &[u8]) -> f64 {
    let mut rates: Vec<f64> = (0..RUNS)
        .map(|_| {
            let mut screen = Screen::new(Size { cols: 200, rows: 50 }, 2000);
            let start = cpu();
            for piece in stream.chunks(PIECE) {
                screen.advance(piece);
                std::hint::black_box(screen.take_damage());
            }
            stream.len() as f64 / 1e6 / (cpu() - start).as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[RUNS / 2]
}

fn main() {
    for (kind, aim) in Kind::ALL.into_iter().zip([300, 80, 120, 150]) {
        // As a terminal's driver hands it on (ONLCR).
        let stream = String::from_utf8_lossy(&kind.bytes(STREAM)).replace('\n', "\r\n").into_bytes();
        println!("{:18} {:5.0} MB per CPU second (aim {aim})", kind.name(), measure(&stream));
    }
}
