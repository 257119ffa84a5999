//! A process tree on a pty that a test types into, reads, freezes, carries through an image and
//! brings back.
#![allow(dead_code)] // Each test binary uses its own part.
#![allow(clippy::unwrap_used)] // A failed step is a failed test.

use crate::user::{Ground, MARK, helper, kill_marked, new_mark};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use qmux::checkpoint::native::{NativeEngine, fitness, restore};
use qmux::checkpoint::store::FileStore;
use qmux::checkpoint::{
    AssessOptions, CheckpointError, Checkpointer, DumpOptions, FreezeOptions, ImageReader, ImageWriter,
    RestoreOptions, Sabotage, Ship, TtyHint,
};
use qmux::ids::Size;
use qmux::pty::{Launch, Pty};
use qmux::vt::Screen;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a fact may take to come true.
const PATIENCE: Duration = Duration::from_secs(40);
/// Rows and columns of every test terminal.
pub const SIZE: Size = Size { cols: 80, rows: 24 };

/// A private directory, removed in the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("qmux-restore-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The tree.
pub struct Tree {
    pub master: OwnedFd,
    pub pid: i32,
    pub screen: Screen,
    /// Everything written since the last round trip.
    pub written: Vec<u8>,
    /// Of a restored tree: tells how its root ended.
    exit: Option<OwnedFd>,
    engine: NativeEngine,
    cache: PathBuf,
    /// Time of the last restore from the first byte of the image to ready.
    pub restore_time: Duration,
    /// Put every mapped file into the image.
    pub ship_all: bool,
    /// Connections to the outside may be cut.
    pub cut: bool,
    /// Time of the last dump, frozen.
    pub dump_time: Duration,
    /// In the environment of all its processes.
    mark: String,
}

impl Tree {
    pub fn spawn(scratch: &Scratch, argv: &[&str]) -> Tree {
        let mark = new_mark();
        let launch = Launch {
            argv: argv.iter().map(|s| (*s).to_owned()).collect(),
            cwd: scratch.0.to_str().unwrap().to_owned(),
            env: [
                ("TERM", "xterm-256color"),
                ("LC_ALL", "C.UTF-8"),
                ("PS1", "ready> "),
                ("HOME", scratch.0.to_str().unwrap()),
                (MARK, &mark),
            ]
            .into_iter()
            .map(|(k, v)| (k.to_owned(), Some(v.to_owned())))
            .chain([("ENV".to_owned(), None), ("PROMPT_COMMAND".to_owned(), None)])
            .collect(),
            clear_env: false,
        };
        let (pty, pid) = Pty::spawn(&launch, SIZE).unwrap();
        let master = pty.duplicate().unwrap();
        Tree {
            master,
            pid,
            screen: Screen::new(SIZE, 1000),
            written: Vec::new(),
            exit: None,
            engine: NativeEngine::new(),
            cache: scratch.0.join("cache"),
            restore_time: Duration::ZERO,
            dump_time: Duration::ZERO,
            ship_all: false,
            cut: false,
            mark,
        }
    }

    /// Reads what is there; answers the terminal's questions.
    pub fn pump(&mut self, wait: Duration) -> bool {
        let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::try_from(wait).unwrap()).unwrap() == 0 {
            return false;
        }
        let mut buffer = [0; 65536];
        let Ok(n) = nix::unistd::read(&self.master, &mut buffer) else { return false };
        if n == 0 {
            return false;
        }
        self.written.extend_from_slice(&buffer[..n]);
        self.screen.advance(&buffer[..n]);
        let replies = self.screen.take_replies();
        if !replies.is_empty() {
            self.type_bytes(&replies);
        }
        true
    }

    pub fn type_bytes(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = nix::unistd::write(&self.master, rest).unwrap();
            rest = &rest[n..];
        }
    }

    pub fn keys(&self, text: &str) {
        self.type_bytes(text.as_bytes());
    }

    pub fn text(&self) -> String {
        let lines = self.screen.history_len()..self.screen.history_len() + usize::from(SIZE.rows);
        lines.map(|i| self.screen.line_text(i)).collect::<Vec<_>>().join("\n")
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn wait(&mut self, what: &str, fact: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if fact(&self.text()) {
                return;
            }
            assert!(Instant::now() < deadline, "in vain for {what}; the screen:\n{}", self.text());
            self.pump(Duration::from_millis(20));
        }
    }

    #[track_caller]
    pub fn wait_text(&mut self, text: &str) {
        self.wait(text, |screen| screen.contains(text));
    }

    /// Waits until the leader of the foreground group runs this program.
    #[track_caller]
    pub fn wait_foreground(&mut self, program: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let group = nix::unistd::tcgetpgrp(&self.master).unwrap();
            let name = std::fs::read_to_string(format!("/proc/{group}/comm")).unwrap_or_default();
            if name.trim_end() == program {
                return;
            }
            assert!(Instant::now() < deadline, "{name} stays in front; the screen:\n{}", self.text());
            self.pump(Duration::from_millis(5));
        }
    }

    /// Reads until nothing has come for a while and the tree sleeps: the fact before a freeze that the
    /// screen is what the program meant.
    pub fn settle(&mut self) {
        while self.pump(Duration::from_millis(60)) {}
    }

    pub fn dump(&mut self) -> Vec<u8> {
        let tty = TtyHint { master: Some(self.master.as_fd()) };
        let found = self.engine.assess(self.pid, tty, &AssessOptions { cut: self.cut }).unwrap();
        let store = FileStore::open(&self.cache).unwrap();
        let ship = if self.ship_all {
            Ship::All
        } else {
            Ship::Only(fitness::missing_files(&found.mapped, &store).into_iter().collect())
        };
        let start = Instant::now();
        let options = FreezeOptions { cut: self.cut, ..FreezeOptions::default() };
        let mut frozen = self.engine.freeze(self.pid, tty, &options).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ImageWriter::new(&mut bytes);
        frozen.dump(&mut writer, &DumpOptions { ship, ..DumpOptions::default() }).unwrap();
        drop(writer);
        self.dump_time = start.elapsed();
        frozen.seal().unwrap().release();
        bytes
    }

    pub fn options(&self, sabotage: Sabotage) -> RestoreOptions {
        let mut options = RestoreOptions::new(&self.cache);
        options.helper = helper();
        options.timeout = PATIENCE;
        options.sabotage = sabotage;
        options
    }

    /// Freeze, dump, kill, restore, run.
    #[track_caller]
    pub fn round_trip(&mut self) {
        self.round_trip_with(Sabotage::default(), b"");
    }

    /// The same with keys typed after the freeze would have begun: they lie in the queue.
    #[track_caller]
    pub fn round_trip_with(&mut self, sabotage: Sabotage, typed_ahead: &[u8]) {
        if !typed_ahead.is_empty() {
            self.type_bytes(typed_ahead);
        }
        let image = self.dump();
        self.restore(&image, sabotage).unwrap();
    }

    pub fn restore(&mut self, image: &[u8], sabotage: Sabotage) -> Result<(), CheckpointError> {
        let start = Instant::now();
        let restored = self.engine.restore(&mut ImageReader::new(image), &self.options(sabotage))?;
        self.restore_time = start.elapsed();
        self.master = restored.master().try_clone_to_owned().unwrap();
        let root = restored.resume()?;
        self.pid = root.pid;
        self.exit = Some(root.exit);
        self.written.clear();
        Ok(())
    }

    pub fn nudge(&self) {
        restore::nudge(self.master.as_fd()).unwrap();
    }

    /// Raw wait status of the root, once it has ended.
    #[track_caller]
    pub fn wait_exit(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        let Some(exit) = self.exit.as_ref().map(|fd| fd.try_clone().unwrap()) else {
            panic!("only restored trees tell");
        };
        loop {
            assert!(Instant::now() < deadline, "it does not end; the screen:\n{}", self.text());
            let mut fds = [PollFd::new(exit.as_fd(), PollFlags::POLLIN)];
            if poll(&mut fds, PollTimeout::from(10u8)).unwrap() == 1 {
                let mut status = [0; 4];
                assert_eq!(nix::unistd::read(&exit, &mut status).unwrap(), 4, "pid 1 ended without a word");
                return i32::from_le_bytes(status);
            }
            self.pump(Duration::from_millis(1));
        }
    }

    pub fn modes(&self) -> qmux::sys::ptmx::Termios2 {
        qmux::sys::ptmx::modes(self.master.as_fd()).unwrap()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // The namespace's pid 1 ends with the last process; a hangup alone may be ignored.
        let own = self.pid;
        kill_marked(&self.mark);
        if self.exit.is_none() {
            let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(own), None);
        }
    }
}

/// The parent of a process; `None` when there is no such process.
pub fn parent(pid: i32) -> Option<i32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// A process and all below it.
pub fn descendants(pid: i32) -> Vec<i32> {
    let mut all = vec![pid];
    let mut at = 0;
    while at < all.len() {
        for task in std::fs::read_dir(format!("/proc/{}/task", all[at])).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_ascii_whitespace().filter_map(|w| w.parse::<i32>().ok()));
        }
        at += 1;
    }
    all
}

/// Runs this very test as an ordinary user, with the binaries where that user can read them.
/// True in the child: go on with the test.
pub fn also_as_user(test: &str) -> bool {
    if !nix::unistd::geteuid().is_root() {
        return true;
    }
    let output = Ground::new(None).tests(&["--exact", test, "--test-threads=1"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test} as an ordinary user: {}\n{text}{errors}", output.status);
    assert!(text.contains("1 passed"), "{text}");
    false
}
