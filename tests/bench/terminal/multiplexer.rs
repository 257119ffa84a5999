//! A multiplexer on a pty that nobody looks at: typing into it, waiting for what it draws, its cost.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The terminal's columns and rows.
pub const COLS: u16 = 200;
pub const ROWS: u16 = 50;
/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(300);
/// What a slow terminal takes, bytes a second.
const SLOW: usize = 500_000;

/// Which multiplexer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Ours.
    Qmux,
    /// tmux, as the machine has it.
    Tmux,
}

/// A multiplexer of its own with one pane, on a pty nobody looks at.
pub struct Multiplexer {
    kind: Kind,
    /// Its runtime directory and home.
    pub dir: PathBuf,
    slow: Arc<AtomicBool>,
    chunks: Receiver<Vec<u8>>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Multiplexer {
    /// Starts one with a session of one pane.
    pub fn start(kind: Kind, argv: &[&str]) -> Multiplexer {
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
        let slow = Arc::new(AtomicBool::new(false));
        let slowly = slow.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0u8; 1 << 16];
            let mut next = Instant::now();
            loop {
                let most = if slowly.load(Ordering::Relaxed) { 1000 } else { buffer.len() };
                let Ok(n @ 1..) = reader.read(&mut buffer[..most]) else { return };
                if slowly.load(Ordering::Relaxed) {
                    // A line that carries so much, whose time not used is not saved up.
                    next = next.max(Instant::now()) + Duration::from_secs_f64(n as f64 / SLOW as f64);
                    std::thread::sleep(next.saturating_duration_since(Instant::now()));
                }
                if send.send(buffer[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Multiplexer { kind, dir, slow, chunks, writer, _master: pair.master, child }
    }

    /// Types.
    pub fn type_keys(&mut self, keys: &[u8]) {
        self.writer.write_all(keys).and_then(|()| self.writer.flush()).expect("it reads keys");
    }

    /// Waits until `mark` has been drawn (in one piece, perhaps across reads).
    pub fn wait(&mut self, mark: &[u8]) {
        self.look_for(mark, &mut 0);
    }

    fn look_for(&mut self, mark: &[u8], bytes: &mut usize) {
        let deadline = Instant::now() + LIMIT;
        let mut tail: Vec<u8> = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let chunk = self.chunks.recv_timeout(left).unwrap_or_else(|_| {
                panic!("{:?} was not drawn; last: {}", String::from_utf8_lossy(mark), tail.escape_ascii())
            });
            *bytes += chunk.len();
            tail.extend_from_slice(&chunk);
            if memchr::memmem::find(&tail, mark).is_some() {
                return;
            }
            let surplus = tail.len().saturating_sub(4096);
            tail.drain(..surplus);
        }
    }

    /// Takes in what comes until nothing has come for `quiet`.
    pub fn drain(&mut self, quiet: Duration) {
        while self.chunks.recv_timeout(quiet).is_ok() {}
    }

    /// Takes in so many bytes.
    pub fn take_in(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let chunk = self.chunks.recv_timeout(LIMIT).expect("it goes on drawing");
            bytes = bytes.saturating_sub(chunk.len());
        }
    }

    /// Runs a command and returns what it prints.
    pub fn command(&self, args: &[&str]) -> String {
        let mut command = Command::new(program(self.kind));
        environment(&self.dir, |key, value| {
            command.env(key, value);
        });
        let output = command.args(args).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// The server's process.
    pub fn server_pid(&self) -> String {
        self.command(&["display-message", "-p", "#{pid}"])
    }

    /// Takes in what has been drawn; whether there was any.
    pub fn has_drawn(&mut self) -> bool {
        self.chunks.try_recv().is_ok()
    }

    /// From now on the terminal takes no more than [`SLOW`] bytes a second.
    pub fn slow_down(&self) {
        self.slow.store(true, Ordering::Relaxed);
    }

    /// How many bytes are drawn from now until `mark` is.
    pub fn bytes_until(&mut self, mark: &[u8]) -> usize {
        let mut bytes = 0;
        self.look_for(mark, &mut bytes);
        bytes
    }

    /// Memory that is the server's alone.
    pub fn private_kib(&self) -> u64 {
        private_kib(&self.server_pid())
    }

    /// Seconds of processor time of the server and the attached client so far.
    pub fn processor_s(&self) -> f64 {
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

pub fn private_kib(pid: &str) -> u64 {
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

pub fn program(kind: Kind) -> String {
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

/// Private memory of every keeper under this runtime directory.
pub fn keepers_kib(dir: &Path) -> Vec<u64> {
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
