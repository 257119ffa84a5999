//! How fast the terminal core takes output: MB per CPU second of one thread, parse and screen.
//!
//! `cargo bench --bench vt_throughput`. The streams are those of the measurements the aims come
//! from: plain lines, dense SGR, unicode, cursor addressing.

use qmux::ids::Size;
use qmux::vt::Screen;
use std::time::Duration;

/// Bytes of each stream.
const STREAM: usize = 8 << 20;
/// Bytes given to one `advance`, as read from a pty.
const PIECE: usize = 64 * 1024;
/// Runs of which the median is told.
const RUNS: usize = 5;

fn repeated(mut piece: impl FnMut(usize, &mut String)) -> Vec<u8> {
    let mut text = String::with_capacity(STREAM + 4096);
    let mut i = 0;
    while text.len() < STREAM {
        piece(i, &mut text);
        i += 1;
    }
    text.into_bytes()
}

fn plain() -> Vec<u8> {
    repeated(|i, out| {
        let words = "the quick brown fox jumps over the lazy dog and runs away from the angry bear ";
        out.push_str(&format!("{i:08} {}{}\r\n", words, &words[..i % 70]));
    })
}

fn sgr() -> Vec<u8> {
    repeated(|i, out| {
        for word in 0..12 {
            let (a, b) = ((i * 7 + word * 13) % 256, (i + word) % 8);
            match word % 3 {
                0 => out.push_str(&format!("\x1b[1;38;5;{a}mword{word}\x1b[0m ")),
                1 => out.push_str(&format!("\x1b[3{b};4{}mab\x1b[m", 7 - b)),
                _ => out.push_str(&format!("\x1b[38;2;{a};{b};99mx{word}\x1b[39m")),
            }
        }
        out.push_str("\r\n");
    })
}

fn unicode() -> Vec<u8> {
    repeated(|i, out| {
        out.push_str("漢字かな交じり文 — größer, naïve; ąęśćź Ελληνικά кириллица ");
        if i % 4 == 0 {
            out.push_str("👍🏽 👨\u{200d}👩\u{200d}👧 🇩🇪 e\u{301} ❤\u{fe0f}");
        }
        out.push_str("한국어 텍스트\r\n");
    })
}

fn cursor() -> Vec<u8> {
    repeated(|i, out| {
        let (y, x) = (i * 31 % 50 + 1, i * 17 % 180 + 1);
        out.push_str(&format!("\x1b[{y};{x}Hitem {}\x1b[K\x1b[{}Ax\x1b[3C*", i % 100, i % 5 + 1));
    })
}

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
    for (name, stream, aim) in
        [("plain", plain(), 300), ("sgr", sgr(), 80), ("unicode", unicode(), 120), ("cursor", cursor(), 150)]
    {
        println!("{name:8} {:5.0} MB per CPU second (aim {aim})", measure(&stream));
    }
}
