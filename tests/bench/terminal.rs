//! Key echo, floods of output, memory and commands: qmux beside tmux, interleaved, medians.
//!
//! The outer terminal is a bare pty that reads as fast as it can and parses nothing, so that what is
//! measured is the multiplexer. Where a pty alone can do the same, its time stands beside as the limit.
//!
//! Words after `--` choose parts: echo, flood, scrollback, memory, commands. None is all.

#[path = "stats/mod.rs"]
mod stats;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use stats::{Table, median, percentile, runs};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const COLS: u16 = 200;
const ROWS: u16 = 50;
const FLOOD_BYTES: usize = 100_000_000;
const LIMIT: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Qmux,
    Tmux,
}

/// A multiplexer of its own with one pane, on a pty nobody looks at.
struct Multiplexer {
    kind: Kind,
    dir: PathBuf,
    chunks: Receiver<Vec<u8>>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Multiplexer {
    fn start(kind: Kind, argv: &[&str]) -> Multiplexer {
        let name = if kind == Kind::Qmux { "qmux" } else { "tmux" };
        let dir = PathBuf::from(format!("/tmp/qmux-bench-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&dir, private).expect("permissions");
        let config = dir.join("conf");
        std::fs::write(&config, "set -g history-limit 10000\nset -g status off\n").expect("a file");
        let size = PtySize { rows: ROWS, cols: COLS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut command = CommandBuilder::new(program(kind));
        command.arg("-f");
        command.arg(&config);
        command.args(["new-session", "-s", "bench", "--"]);
        command.args(argv);
        environment(&dir, |key, value| command.env(key, value));
        for name in ["TMUX", "TMUX_PANE", "QMUX"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (send, chunks) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0u8; 1 << 16];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Multiplexer { kind, dir, chunks, writer, _master: pair.master, child }
    }

    fn type_keys(&mut self, keys: &[u8]) {
        self.writer.write_all(keys).and_then(|()| self.writer.flush()).expect("it reads keys");
    }

    /// Waits until `mark` has been drawn (in one piece, perhaps across reads).
    fn wait(&mut self, mark: &[u8]) {
        let deadline = Instant::now() + LIMIT;
        let mut tail: Vec<u8> = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let chunk = self.chunks.recv_timeout(left).unwrap_or_else(|_| {
                panic!("{:?} was not drawn; last: {}", String::from_utf8_lossy(mark), tail.escape_ascii())
            });
            tail.extend_from_slice(&chunk);
            if memchr::memmem::find(&tail, mark).is_some() {
                return;
            }
            let surplus = tail.len().saturating_sub(4096);
            tail.drain(..surplus);
        }
    }

    /// Takes in what comes until nothing has come for `quiet`.
    fn drain(&mut self, quiet: Duration) {
        while self.chunks.recv_timeout(quiet).is_ok() {}
    }

    /// Takes in so many bytes.
    fn take_in(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let chunk = self.chunks.recv_timeout(LIMIT).expect("it goes on drawing");
            bytes = bytes.saturating_sub(chunk.len());
        }
    }

    fn command(&self, args: &[&str]) -> String {
        let mut command = Command::new(program(self.kind));
        environment(&self.dir, |key, value| {
            command.env(key, value);
        });
        let output = command.args(args).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    fn server_pid(&self) -> String {
        self.command(&["display-message", "-p", "#{pid}"])
    }

    fn resident_kib(&self) -> u64 {
        field_kib(&format!("/proc/{}/status", self.server_pid()), "VmRSS")
    }

    /// Memory that is the server's alone.
    fn private_kib(&self) -> u64 {
        private_kib(&self.server_pid())
    }

    /// Seconds of processor time of the server and the attached client so far.
    fn processor_s(&self) -> f64 {
        let client = self.child.process_id().expect("a process").to_string();
        ticks(&self.server_pid()) + ticks(&client)
    }
}

impl Drop for Multiplexer {
    fn drop(&mut self) {
        self.command(&["kill-server"]);
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A line of a file of `NAME: N kB` lines under /proc.
fn field_kib(path: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).expect("the process lives");
    let line = text.lines().find(|line| line.starts_with(name)).expect("a line of that name");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

fn private_kib(pid: &str) -> u64 {
    let path = format!("/proc/{pid}/smaps_rollup");
    field_kib(&path, "Private_Clean") + field_kib(&path, "Private_Dirty")
}

/// User and system time of a process, in seconds (USER_HZ is 100 on every Linux).
fn ticks(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let after_name = stat.rsplit(')').next().expect("fields");
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    [11, 12].map(|i| fields[i].parse::<f64>().expect("a number")).iter().sum::<f64>() / 100.0
}

fn program(kind: Kind) -> String {
    match kind {
        Kind::Qmux => std::env::var("QMUX_TEST_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_qmux").into()),
        Kind::Tmux => "tmux".into(),
    }
}

fn environment(dir: &Path, mut set: impl FnMut(&str, &str)) {
    let dir = dir.to_str().expect("a path of text");
    for key in ["XDG_RUNTIME_DIR", "TMUX_TMPDIR", "HOME"] {
        set(key, dir);
    }
    set("TERM", "xterm-256color");
    set("LANG", "C.UTF-8");
    set("LC_ALL", "C.UTF-8");
    set("SHELL", "/bin/sh");
}

/// Milliseconds from a key to its echo on the outer terminal, in blocks that take turns.
fn key_echo(table: &mut Table) {
    const BLOCK: usize = 50;
    let mut sides = [Kind::Qmux, Kind::Tmux].map(|kind| {
        let mut side = Multiplexer::start(kind, &["sh", "-c", "echo be''gin; exec cat"]);
        side.wait(b"begin");
        side.drain(Duration::from_millis(200));
        (side, Vec::new())
    });
    for block in 0..runs(10) {
        for (side, times) in &mut sides {
            for n in 0..BLOCK {
                let key = b'a' + ((block * BLOCK + n) % 26) as u8;
                let started = Instant::now();
                side.type_keys(&[key]);
                side.wait(&[key]);
                times.push(started.elapsed().as_secs_f64() * 1e3);
                side.drain(Duration::from_millis(3));
            }
            side.type_keys(b"\r");
            side.drain(Duration::from_millis(20));
        }
    }
    let [(_, ours), (_, theirs)] = &mut sides;
    table.row("key echo, median", "ms", median(ours), median(theirs));
    table.row("key echo, 99th percentile", "ms", percentile(ours, 0.99), percentile(theirs, 0.99));
}

/// Milliseconds from a key to its echo while the pane beside it scrolls as fast as it can.
fn flood_echo(table: &mut Table, file: &Path) {
    // Characters that neither the flood nor escape sequences hold.
    const KEYS: &[u8] = b"%^+_|:";
    const BLOCK: usize = 16;
    let mut sides = [Kind::Qmux, Kind::Tmux].map(|kind| (kind, Vec::new()));
    for _ in 0..runs(5) {
        for (kind, times) in &mut sides {
            let mut side = Multiplexer::start(*kind, &["sh", "-c", "echo be''gin; exec cat"]);
            side.wait(b"begin");
            let flood = format!("while :; do cat {}; done", file.display());
            side.command(&["split-window", "-d", "-h", &flood]);
            // Drawn in pieces: nothing but its amount tells that it is there.
            side.take_in(100_000);
            for n in 0..BLOCK {
                let key = KEYS[n % KEYS.len()];
                let started = Instant::now();
                side.type_keys(&[key]);
                side.wait(&[key]);
                times.push(started.elapsed().as_secs_f64() * 1e3);
                std::thread::sleep(Duration::from_millis(20));
                while side.chunks.try_recv().is_ok() {}
            }
        }
    }
    let [(_, ours), (_, theirs)] = &mut sides;
    table.row("key echo beside a flood, median", "ms", median(ours), median(theirs));
    table.row("the same, 90th percentile", "ms", percentile(ours, 0.9), percentile(theirs, 0.9));
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

/// Seconds for `cat` of a large file in a 200x50 pane, until the line after it is drawn.
fn flood(table: &mut Table, name: &str, file: &Path) {
    let mut sides = [Kind::Qmux, Kind::Tmux].map(|kind| {
        let mut side = Multiplexer::start(kind, &["sh", "-c", "stty -echo; echo be''gin; exec sh -s"]);
        side.wait(b"begin");
        (side, Vec::new(), Vec::new())
    });
    let mut limit = Vec::new();
    for run in 0..runs(5) {
        limit.push(raw_pty_s(file));
        for (side, times, processor) in &mut sides {
            let before = side.processor_s();
            let line = format!("cat {}; printf '\\033[m\\nfl%sd-{run}-over\\n' oo\r", file.display());
            let started = Instant::now();
            side.type_keys(line.as_bytes());
            side.wait(format!("flood-{run}-over").as_bytes());
            times.push(started.elapsed().as_secs_f64());
            processor.push(side.processor_s() - before);
        }
    }
    let [(_, ours, our_processor), (_, theirs, their_processor)] = &mut sides;
    table.limited(name, "s", median(ours), median(theirs), median(&mut limit));
    let label = "  processor time, server and client";
    table.row(label, "s", median(our_processor), median(their_processor));
}

/// MiB that 10 000 full lines of 200 columns add to the server.
fn scrollback(table: &mut Table, name: &str, file: &Path) {
    let grown = [Kind::Qmux, Kind::Tmux].map(|kind| {
        let mut times: Vec<f64> = (0..runs(3))
            .map(|_| {
                let mut side =
                    Multiplexer::start(kind, &["sh", "-c", "stty -echo; echo be''gin; exec sh -s"]);
                side.wait(b"begin");
                let before = side.resident_kib();
                side.type_keys(format!("cat {}; printf 'o%s\\n' ver\r", file.display()).as_bytes());
                side.wait(b"over");
                (side.resident_kib() - before) as f64 / 1024.0
            })
            .collect();
        median(&mut times)
    });
    table.row(name, "MiB", grown[0], grown[1]);
}

/// Private memory of the server with one pane and with many; what a pane costs besides.
fn memory(table: &mut Table) {
    const PANES: usize = 100;
    let found = [Kind::Qmux, Kind::Tmux].map(|kind| {
        let mut side = Multiplexer::start(kind, &["sh", "-c", "echo be''gin; exec cat"]);
        side.wait(b"begin");
        let one = side.private_kib() as f64 / 1024.0;
        for _ in 1..PANES {
            side.command(&["new-window", "-d", "exec cat"]);
        }
        while side
            .command(&["list-panes", "-s", "-F", "#{pane_tty}"])
            .lines()
            .filter(|l| !l.is_empty())
            .count()
            < PANES
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let many = side.private_kib() as f64 / 1024.0;
        (one, many, keepers_kib(&side.dir))
    });
    let [(our_one, our_many, keepers), (their_one, their_many, _)] = found;
    table.row("private memory, 1 pane", "MiB", our_one, their_one);
    table.row("private memory, 100 panes", "MiB", our_many, their_many);
    let each = keepers.iter().sum::<u64>() as f64 / keepers.len().max(1) as f64 / 1024.0;
    table.row("  and in each pane's keeper", "MiB", each, f64::NAN);
}

/// Private memory of every keeper under this runtime directory.
fn keepers_kib(dir: &Path) -> Vec<u64> {
    let wanted = format!("XDG_RUNTIME_DIR={}", dir.display());
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let keeper = |pid: &String| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let env = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        words.split(|b| *b == 0).nth(1) == Some(b"keeper")
            && env.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes())
    };
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|pid| pid.bytes().all(|b| b.is_ascii_digit()))
        .filter(keeper)
        .map(|pid| private_kib(&pid))
        .collect()
}

/// Milliseconds of what is started from a shell, and of the first picture.
fn commands(table: &mut Table) {
    const NAMES: [&str; 5] = [
        "first paint",
        "has-session",
        "list-sessions",
        "new-session -d until listed, no server",
        "200 times new-window -d",
    ];
    let mut times = [Kind::Qmux, Kind::Tmux].map(|kind| (kind, NAMES.map(|_| Vec::new())));
    for run in 0..runs(7) {
        for (kind, times) in &mut times {
            let mut took =
                |at: usize, started: Instant| times[at].push(started.elapsed().as_secs_f64() * 1e3);
            let started = Instant::now();
            let mut side = Multiplexer::start(*kind, &["sh", "-c", "echo be''gin; exec cat"]);
            side.wait(b"begin");
            took(0, started);
            side.drain(Duration::from_millis(30));
            for (at, args) in [(1, &["has-session", "-t", "bench"][..]), (2, &["list-sessions"][..])] {
                for _ in 0..5 {
                    let started = Instant::now();
                    side.command(args);
                    took(at, started);
                }
            }
            if run < runs(7).min(3) {
                let started = Instant::now();
                for _ in 0..200 {
                    side.command(&["new-window", "-d", "exec cat"]);
                }
                took(4, started);
            }
            side.command(&["kill-server"]);
            while side.command(&["list-sessions"]).contains("bench") {}
            let started = Instant::now();
            side.command(&["new-session", "-d", "-s", "listed", "exec cat"]);
            while !side.command(&["list-sessions"]).contains("listed") {}
            took(3, started);
        }
    }
    let [(_, ours), (_, theirs)] = &mut times;
    for (at, name) in NAMES.iter().enumerate() {
        table.row(name, "ms", median(&mut ours[at]), median(&mut theirs[at]));
    }
}

fn write_file(path: &Path, bytes: usize, mut line: impl FnMut(usize) -> String) {
    let mut text = String::with_capacity(bytes + 4096);
    let mut n = 0;
    while text.len() < bytes {
        text += &line(n);
        n += 1;
    }
    std::fs::write(path, text).expect("room for the file");
}

fn plain_line(n: usize) -> String {
    const WORDS: [&str; 12] = [
        "the", "quick", "brown", "terminal", "moves", "over", "lazy", "hosts", "while", "nobody", "is",
        "typing",
    ];
    let words = (0..5 + n % 17).map(|i| WORDS[(n * 7 + i * 5) % WORDS.len()]);
    format!("{n:08} {}\n", words.collect::<Vec<_>>().join(" "))
}

fn coloured_line(n: usize) -> String {
    let cell = |i: usize| {
        let (r, g, b) = ((n * 3 + i) % 256, (n + i * 5) % 256, (i * 11) % 256);
        let letter = char::from(b'A' + ((n + i) % 26) as u8);
        match i % 3 {
            0 => format!("\x1b[38;2;{r};{g};{b}m{letter}"),
            1 => format!("\x1b[1;48;5;{r}m{letter}"),
            _ => format!("\x1b[0;{}m{letter}", 30 + i % 8),
        }
    };
    (0..60).map(cell).collect::<String>() + "\x1b[m\n"
}

fn full_line(n: usize) -> String {
    format!("{n:08}{}\n", "abcdefghijklmnop".repeat(12))
}

fn main() {
    let dir = PathBuf::from(format!("/tmp/qmux-bench-files-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let file = |name: &str| dir.join(name);
    write_file(&file("plain"), FLOOD_BYTES, plain_line);
    write_file(&file("colour"), FLOOD_BYTES, coloured_line);
    write_file(&file("full"), 10_050 * 201, full_line);
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |part: &str| chosen.is_empty() || chosen.iter().any(|word| word == part);
    let mut table = Table::new("qmux", "tmux");
    if wanted("echo") {
        key_echo(&mut table);
        flood_echo(&mut table, &file("plain"));
    }
    if wanted("flood") {
        flood(&mut table, "100 MB of plain text", &file("plain"));
        flood(&mut table, "100 MB of dense colour", &file("colour"));
    }
    if wanted("scrollback") {
        scrollback(&mut table, "10 000 full lines of 200 columns", &file("full"));
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
