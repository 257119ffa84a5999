//! Key echo, floods of output and scrollback memory: qmux beside tmux, interleaved, medians.
//!
//! The outer terminal is a bare pty that reads as fast as it can and parses nothing, so that what is
//! measured is the multiplexer.

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
            if tail.windows(mark.len()).any(|window| window == mark) {
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

    fn command(&self, args: &[&str]) -> String {
        let mut command = Command::new(program(self.kind));
        environment(&self.dir, |key, value| {
            command.env(key, value);
        });
        let output = command.args(args).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    fn resident_kib(&self) -> u64 {
        let pid = self.command(&["display-message", "-p", "#{pid}"]);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("VmRSS");
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
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

/// Seconds for `cat` of a large file in a 200x50 pane, until the line after it is drawn.
fn flood(table: &mut Table, name: &str, file: &Path) {
    let mut sides = [Kind::Qmux, Kind::Tmux].map(|kind| {
        let mut side = Multiplexer::start(kind, &["sh", "-c", "stty -echo; echo be''gin; exec sh -s"]);
        side.wait(b"begin");
        (side, Vec::new())
    });
    for run in 0..runs(5) {
        for (side, times) in &mut sides {
            let line = format!("cat {}; printf '\\033[m\\nfl%sd-{run}-over\\n' oo\r", file.display());
            let started = Instant::now();
            side.type_keys(line.as_bytes());
            side.wait(format!("flood-{run}-over").as_bytes());
            times.push(started.elapsed().as_secs_f64());
        }
    }
    let [(_, ours), (_, theirs)] = &mut sides;
    table.row(name, "s", median(ours), median(theirs));
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
    let mut table = Table::new("qmux", "tmux");
    key_echo(&mut table);
    flood(&mut table, "100 MB of plain text", &file("plain"));
    flood(&mut table, "100 MB of dense colour", &file("colour"));
    scrollback(&mut table, "10 000 full lines of 200 columns", &file("full"));
    table.print();
    let _ = std::fs::remove_dir_all(&dir);
}
