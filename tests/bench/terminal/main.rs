//! Key echo, floods of output, memory and commands: qmux beside tmux, interleaved, medians.
//!
//! The outer terminal is a bare pty that reads as fast as it can and parses nothing, so that what is
//! measured is the multiplexer. Where a pty alone can do the same, its time stands beside as the limit.
//!
//! Words after `--` choose parts: echo, flood, scrollback, memory, commands. None is all.

#[path = "../stats/mod.rs"]
mod stats;
#[path = "../streams/mod.rs"]
mod streams;

mod multiplexer;

use multiplexer::{COLS, Kind, Multiplexer, ROWS, keepers_kib};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use stats::{Table, median, percentile, runs};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const BOTH: [Kind; 2] = [Kind::Qmux, Kind::Tmux];
const MB: f64 = 1e6;
/// Printed when a flood is over, turned by one letter with each.
const MARK: &str = "zywvusrqpo";
/// A shell that reads commands from the terminal and echoes nothing.
const SILENT_SHELL: &[&str] = &["sh", "-c", "stty -echo; echo be''gin; exec sh -s"];
const CAT: &[&str] = &["sh", "-c", "echo be''gin; exec cat"];

fn started(kind: Kind, argv: &[&str]) -> Multiplexer {
    let mut side = Multiplexer::start(kind, argv);
    side.wait(b"begin");
    side.drain(Duration::from_millis(200));
    side
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds from a key to its echo on the outer terminal, in blocks that take turns.
fn key_echo(table: &mut Table) {
    const BLOCK: usize = 25;
    let mut sides = BOTH.map(|kind| (started(kind, CAT), Vec::new()));
    for block in 0..runs(40) {
        for (side, times) in &mut sides {
            for n in 0..BLOCK {
                let key = b'a' + ((block * BLOCK + n) % 26) as u8;
                let started = Instant::now();
                side.type_keys(&[key]);
                side.wait(&[key]);
                times.push(ms(started));
                side.drain(Duration::from_millis(3));
            }
            side.type_keys(b"\r");
            side.drain(Duration::from_millis(20));
        }
    }
    let [(_, ours), (_, theirs)] = &mut sides;
    table.row("key echo, median", "ms", "<= tmux, <= 0.3", median(ours), median(theirs));
    table.row("  99th percentile", "ms", "<= 1", percentile(ours, 0.99), percentile(theirs, 0.99));
}

/// Milliseconds from a key to its echo while the pane beside it scrolls as fast as it can; `slow`: on a terminal
/// that takes 500 KB a second.
fn flood_echo(table: &mut Table, file: &Path, slow: bool) {
    // Characters that neither the flood nor escape sequences hold.
    const KEYS: &[u8] = b"%^+_|:";
    const BLOCK: usize = 16;
    let mut sides = BOTH.map(|kind| (kind, Vec::new()));
    for _ in 0..runs(5) {
        for (kind, times) in &mut sides {
            let mut side = started(*kind, CAT);
            let flood = format!("while :; do cat {}; done", file.display());
            side.command(&["split-window", "-d", "-h", &flood]);
            // Drawn in pieces: nothing but its amount tells that it is there.
            side.take_in(100_000);
            if slow {
                side.slow_down();
                side.take_in(500_000);
            }
            for n in 0..BLOCK {
                let key = KEYS[n % KEYS.len()];
                while side.has_drawn() {}
                let started = Instant::now();
                side.type_keys(&[key]);
                side.wait(&[key]);
                times.push(ms(started));
                std::thread::sleep(Duration::from_millis(if slow { 200 } else { 20 }));
            }
        }
    }
    let [(_, ours), (_, theirs)] = &mut sides;
    let (name, aim) = if slow {
        ("the same, the terminal takes 500 KB/s", "<= 5")
    } else {
        ("key echo beside a flood, median", "<= 0.6")
    };
    table.row(name, "ms", aim, median(ours), median(theirs));
    table.row("  90th percentile", "ms", "", percentile(ours, 0.9), percentile(theirs, 0.9));
}

/// Seconds for `cat` of a file through a pty that is read and thrown away.
fn raw_pty_s(file: &Path) -> f64 {
    let size = PtySize { rows: ROWS, cols: COLS, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pty");
    let mut command = CommandBuilder::new("cat");
    command.arg(file);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let started = Instant::now();
    let mut child = pair.slave.spawn_command(command).expect("cat starts");
    drop(pair.slave);
    let mut buffer = vec![0u8; 1 << 16];
    while let Ok(1..) = reader.read(&mut buffer) {}
    let seconds = started.elapsed().as_secs_f64();
    child.wait().expect("cat ends");
    seconds
}

/// `cat` of a file in a 200x50 pane, until the line after it is drawn: wall time in units of a bare pty's, processor
/// time of server and client for 100 MB, bytes drawn for a byte printed.
fn flood(table: &mut Table, kind: streams::Kind, file: &Path, bytes: f64) {
    let mut sides = BOTH.map(|kind| (started(kind, SILENT_SHELL), Vec::new(), Vec::new(), Vec::new()));
    let mut limit = Vec::new();
    for run in 0..runs(5) {
        limit.push(raw_pty_s(file));
        for (side, times, processor, drawn) in &mut sides {
            let before = side.processor_s();
            // No letter of it is where one like it was before: it is drawn whole.
            let (head, tail) = MARK.split_at(run % MARK.len());
            let mark = [tail, head].concat();
            let (first, rest) = mark.split_at(1);
            let line =
                format!("cat {}; printf '\\033[m\\033[H\\033[2J{first}%s\\n' {rest}\r", file.display());
            let started = Instant::now();
            side.type_keys(line.as_bytes());
            let out = side.bytes_until(mark.as_bytes());
            times.push(started.elapsed().as_secs_f64());
            processor.push((side.processor_s() - before) / bytes * 100.0 * MB);
            drawn.push(out as f64 / bytes);
        }
    }
    let (wall, cpu, out) = match kind {
        streams::Kind::Plain => ("<= 1.4", "<= 0.6", ""),
        streams::Kind::Sgr => ("<= 2.5", "<= 1.5", "<= 0.01"),
        streams::Kind::Unicode => ("<= 2.0", "<= 1.2", ""),
        streams::Kind::Cursor => ("<= 3.0", "<= 1.3", ""),
    };
    let raw = median(&mut limit);
    let [(_, ours, our_cpu, our_out), (_, theirs, their_cpu, their_out)] = &mut sides;
    table.row(&format!("cat of {}", kind.name()), "/pty", wall, median(ours) / raw, median(theirs) / raw);
    table.row("  processor time, 100 MB", "s", cpu, median(our_cpu), median(their_cpu));
    table.row("  bytes drawn for one printed", "", out, median(our_out), median(their_out));
}

/// Bytes that each of 10 000 full lines of 200 columns adds to the server.
fn scrollback(table: &mut Table, coloured: bool, file: &Path) {
    const LINES: f64 = 10_000.0;
    let [ours, theirs] = BOTH.map(|kind| {
        let mut times: Vec<f64> = (0..runs(3))
            .map(|_| {
                let mut side = started(kind, SILENT_SHELL);
                // What is allocated once: buffers, the screen's rows.
                side.type_keys(format!("head -n 300 {}; printf 'wa%s\\n' rm\r", file.display()).as_bytes());
                side.wait(b"warm");
                let before = side.private_kib();
                side.type_keys(format!("cat {}; printf 'o%s\\n' ver\r", file.display()).as_bytes());
                side.wait(b"over");
                (side.private_kib() - before) as f64 * 1024.0 / LINES
            })
            .collect();
        median(&mut times)
    });
    let (name, aim) = if coloured { ("coloured", "<= 400") } else { ("plain", "<= 250") };
    table.row(&format!("a line of scrollback, {name}"), "B", aim, ours, theirs);
}

/// Private memory of the server with one pane and with 200; what a pane costs besides; how long they take.
fn memory(table: &mut Table) {
    const PANES: usize = 200;
    let found = BOTH.map(|kind| {
        let side = started(kind, CAT);
        let one = side.private_kib() as f64 / 1024.0;
        let began = Instant::now();
        for _ in 1..PANES {
            side.command(&["new-window", "-d", "exec cat"]);
        }
        let windows = began.elapsed().as_secs_f64();
        let listed = |side: &Multiplexer| {
            let list = side.command(&["list-panes", "-s", "-F", "#{pane_tty}"]);
            list.lines().filter(|line| !line.is_empty()).count()
        };
        while listed(&side) < PANES {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut lists: Vec<f64> = (0..11)
            .map(|_| {
                let began = Instant::now();
                side.command(&["list-panes", "-a"]);
                ms(began)
            })
            .collect();
        let many = side.private_kib() as f64 / 1024.0;
        (one, many, keepers_kib(&side.dir), windows, median(&mut lists))
    });
    let [(our_one, our_many, keepers, ours, our_list), (their_one, their_many, _, theirs, their_list)] =
        found;
    table.row("private memory, 1 pane", "MiB", "<= 2", our_one, their_one);
    table.row("private memory, 200 panes", "MiB", "<= 8", our_many, their_many);
    let each = keepers.iter().sum::<u64>() as f64 / PANES as f64 / 1024.0;
    table.row("  and each pane's keeper and standby", "MiB", "<= 0.3", each, f64::NAN);
    table.row("199 times new-window -d", "s", "<= 0.8", ours, theirs);
    table.row("list-panes of 200", "ms", "<= 4", our_list, their_list);
}

/// Milliseconds from ^C on `yes` to what is printed after it.
fn interrupt(table: &mut Table) {
    let mut sides = BOTH.map(|kind| (kind, Vec::new()));
    for _ in 0..runs(9) {
        for (kind, times) in &mut sides {
            let mut side =
                started(*kind, &["sh", "-c", "echo be''gin; trap : INT; yes; echo st''opped; exec cat"]);
            side.take_in(100_000);
            let began = Instant::now();
            side.type_keys(b"\x03");
            side.wait(b"stopped");
            times.push(ms(began));
        }
    }
    let [(_, ours), (_, theirs)] = &mut sides;
    table.row("^C on yes to what follows", "ms", "<= 3", median(ours), median(theirs));
}

/// Milliseconds of what is started from a shell, and of the first picture.
fn commands(table: &mut Table) {
    const NAMES: [(&str, &str); 4] = [
        ("new-session -d until listed, no server", "<= 10"),
        ("list-sessions", "<= 2.2"),
        ("has-session", "<= 5"),
        ("first paint, no server", "<= 5"),
    ];
    let mut times = BOTH.map(|kind| (kind, NAMES.map(|_| Vec::new())));
    for _ in 0..runs(9) {
        for (kind, times) in &mut times {
            let mut took = |at: usize, started: Instant| times[at].push(ms(started));
            let began = Instant::now();
            let mut side = Multiplexer::start(*kind, CAT);
            side.wait(b"begin");
            took(3, began);
            side.drain(Duration::from_millis(30));
            for (at, args) in [(1, &["list-sessions"][..]), (2, &["has-session", "-t", "bench"][..])] {
                for _ in 0..5 {
                    let began = Instant::now();
                    side.command(args);
                    took(at, began);
                }
            }
            side.command(&["kill-server"]);
            while side.command(&["list-sessions"]).contains("bench") {}
            let began = Instant::now();
            side.command(&["new-session", "-d", "-s", "listed", "exec cat"]);
            while !side.command(&["list-sessions"]).contains("listed") {}
            took(0, began);
        }
    }
    let [(_, ours), (_, theirs)] = &mut times;
    for (at, (name, aim)) in NAMES.iter().enumerate() {
        table.row(name, "ms", aim, median(&mut ours[at]), median(&mut theirs[at]));
    }
}

fn main() {
    let dir = PathBuf::from(format!("/tmp/qmux-bench-files-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let write = |name: &str, bytes: Vec<u8>| {
        let path = dir.join(name);
        std::fs::write(&path, &bytes).expect("room for the file");
        (path, bytes.len() as f64)
    };
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |part: &str| chosen.is_empty() || chosen.iter().any(|word| word == part);
    let mut table = Table::new("qmux", "tmux");
    if wanted("echo") {
        let (file, _) = write("beside", streams::Kind::Plain.bytes(25_000_000));
        key_echo(&mut table);
        flood_echo(&mut table, &file, false);
        flood_echo(&mut table, &file, true);
        interrupt(&mut table);
    }
    if wanted("flood") {
        for kind in streams::Kind::ALL {
            let (file, bytes) = write("flood", kind.bytes(25_000_000));
            flood(&mut table, kind, &file, bytes);
        }
    }
    if wanted("scrollback") {
        for coloured in [false, true] {
            let (file, _) = write("lines", streams::full_lines(10_050, coloured));
            scrollback(&mut table, coloured, &file);
        }
    }
    if wanted("memory") {
        memory(&mut table);
    }
    if wanted("commands") {
        commands(&mut table);
    }
    table.print();
    let _ = std::fs::remove_dir_all(&dir);
}
