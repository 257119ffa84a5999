//! A terminal for tests: runs a program on a real pty, keeps its screen through `qmux::vt`, types keys.
//!
//! Tests wait for facts on the screen and never for time; when a fact does not come, the panic shows
//! the screen as it is.

use super::PATIENCE;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use qmux::ids::Size;
use qmux::vt::{CursorView, Screen, Style};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Bytes of raw output kept for the failure message.
const TRANSCRIPT_KEPT: usize = 800;

struct State {
    screen: Screen,
    transcript: Vec<u8>,
    bytes_read: u64,
    closed: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

type SharedWriter = Arc<Mutex<Box<dyn Write + Send>>>;

/// A program on a pty and the screen it draws.
pub struct Term {
    shared: Arc<Shared>,
    writer: SharedWriter,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

/// Text, width in columns, style, link.
pub type PictureCell = (String, u8, Style, Option<String>);

/// Everything a user sees: text, widths, attributes, links, cursor. Equal means byte for byte equal.
#[derive(Clone, PartialEq)]
pub struct Picture {
    pub rows: Vec<Vec<PictureCell>>,
    pub cursor: Option<(u16, u16)>,
}

impl Picture {
    /// What is on `screen` now. A hidden cursor has no place.
    pub fn of(screen: &Screen) -> Picture {
        let size = screen.size();
        let rows = (0..size.rows)
            .map(|y| {
                (0..size.cols)
                    .map(|x| {
                        let cell = screen.cell(x, y);
                        (cell.text.to_string(), cell.width, cell.style, cell.link.map(str::to_string))
                    })
                    .collect()
            })
            .collect();
        let CursorView { x, y, visible, .. } = screen.cursor();
        Picture { rows, cursor: visible.then_some((x, y)) }
    }

    /// Rows `from..to` only, with the cursor when it is in them.
    pub fn rows(&self, from: usize, to: usize) -> Picture {
        let inside = |y: u16| (from..to).contains(&usize::from(y));
        Picture {
            rows: self.rows[from..to.min(self.rows.len())].to_vec(),
            cursor: self.cursor.filter(|(_, y)| inside(*y)),
        }
    }

    /// The text alone, trailing blanks trimmed.
    pub fn text(&self) -> String {
        let line = |row: &Vec<PictureCell>| {
            let text: String = row.iter().map(|cell| cell.0.as_str()).collect();
            text.trim_end().to_string()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// What differs, for a person; empty when nothing does.
    pub fn difference(&self, other: &Picture) -> String {
        let mut out = String::new();
        if self.cursor != other.cursor {
            out += &format!("cursor {:?} / {:?}\n", self.cursor, other.cursor);
        }
        if self.rows.len() != other.rows.len() {
            out += &format!("{} rows / {} rows\n", self.rows.len(), other.rows.len());
        }
        for (y, (a, b)) in self.rows.iter().zip(&other.rows).enumerate() {
            if let Some(x) = (0..a.len().max(b.len())).find(|&x| a.get(x) != b.get(x)) {
                let text = |row: &[PictureCell]| {
                    row.iter().map(|cell| cell.0.as_str()).collect::<String>().trim_end().to_string()
                };
                out += &format!("row {y} from column {x}:\n  {}\n  {}\n", text(a), text(b));
                out += &format!("  {:?}\n  {:?}\n", a.get(x), b.get(x));
            }
        }
        out
    }
}

impl Term {
    /// Starts `argv` on a new pty of `size`, with this process's environment changed by `env`.
    pub fn spawn(size: Size, argv: &[&str], env: &[(&str, &str)], cwd: &Path) -> Term {
        let pty_size = PtySize { rows: size.rows, cols: size.cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(pty_size).expect("a pty");
        let mut command = CommandBuilder::new(argv[0]);
        command.args(&argv[1..]);
        command.cwd(cwd);
        // A test must not find the tmux or qmux it may itself run in.
        for name in ["TMUX", "TMUX_PANE", "QMUX", "QMUX_PANE"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().expect("a reader");
        let writer: SharedWriter = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let state =
            State { screen: Screen::new(size, 2000), transcript: Vec::new(), bytes_read: 0, closed: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let (for_reader, answers) = (shared.clone(), writer.clone());
        std::thread::spawn(move || read_output(reader, &for_reader, &answers));
        Term { shared, writer, master: pair.master, child }
    }

    /// Types these bytes.
    pub fn type_keys(&self, keys: impl AsRef<[u8]>) {
        let mut writer = self.writer.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // A program that has ended does not read; the test finds out by what it waits for.
        let _ = writer.write_all(keys.as_ref()).and_then(|()| writer.flush());
    }

    /// Types C-b and `key`, at the pace of hands: a multiplexer takes keys less than a millisecond apart for
    /// pasted text, in which no key is a command (tmux's `assume-paste-time`).
    pub fn prefix(&self, key: &str) {
        for keys in ["\x02", key] {
            std::thread::sleep(Duration::from_millis(5));
            self.type_keys(keys);
        }
        std::thread::sleep(Duration::from_millis(5));
    }

    /// Waits until `fact` holds for the screen. Panics, showing the screen, at `deadline`.
    #[track_caller]
    pub fn wait_for(&self, what: &str, deadline: Instant, mut fact: impl FnMut(&Screen) -> bool) {
        let mut state = self.shared.lock();
        loop {
            if fact(&state.screen) {
                return;
            }
            let now = Instant::now();
            if now >= deadline || state.closed {
                let why = if state.closed { "the program ended" } else { "time is over" };
                let (text, raw) = (text_of(&state.screen), state.transcript.escape_ascii().to_string());
                drop(state);
                panic!("{what}: {why}. Screen:\n{}\nlast output: {raw}", framed(&text));
            }
            let left = deadline.saturating_duration_since(now).min(Duration::from_millis(500));
            state = match self.shared.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits until `text` stands somewhere on the screen.
    #[track_caller]
    pub fn wait_text(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        self.wait_for(&format!("{text:?} on the screen"), deadline, |s| text_of(s).contains(text));
    }

    /// Waits until `text` is nowhere on the screen.
    #[track_caller]
    pub fn wait_no_text(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        self.wait_for(&format!("no {text:?} on the screen"), deadline, |s| !text_of(s).contains(text));
    }

    /// Waits until the text of the line the cursor is in satisfies `fact`.
    #[track_caller]
    pub fn wait_cursor_line(&self, what: &str, mut fact: impl FnMut(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        self.wait_for(what, deadline, |s| {
            let y = usize::from(s.cursor().y);
            fact(text_of(s).lines().nth(y).unwrap_or(""))
        });
    }

    /// Waits until the program has ended; its exit code.
    #[track_caller]
    pub fn wait_exit(&mut self) -> u32 {
        let child = &mut self.child;
        super::wait_until("the program to end", || child.try_wait().expect("wait")).exit_code()
    }

    /// Whether the program has closed its terminal.
    pub fn closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// The text on the screen, one line per row, trailing blanks trimmed.
    pub fn screen_text(&self) -> String {
        text_of(&self.shared.lock().screen)
    }

    /// Text, attributes, links and cursor.
    pub fn cells(&self) -> Picture {
        Picture::of(&self.shared.lock().screen)
    }

    /// Changes something of the terminal, as its user could.
    pub fn with_screen_mut<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        change(&mut self.shared.lock().screen)
    }

    /// Looks at the screen.
    pub fn with_screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(&self.shared.lock().screen)
    }

    /// Bytes the program has written so far: "nothing was drawn" is a fact.
    pub fn bytes_read(&self) -> u64 {
        self.shared.lock().bytes_read
    }

    /// Changes the size, as a user pulling the window's corner does.
    pub fn resize(&self, size: Size) {
        self.shared.lock().screen.resize(size);
        let pty_size = PtySize { rows: size.rows, cols: size.cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(pty_size).expect("resize");
    }

    /// Whether the terminal is cooked: the kernel echoes and gathers lines, as for a shell.
    pub fn cooked(&self) -> bool {
        let flags = self.master.get_termios().expect("termios of the pty").local_flags.bits();
        flags & libc::ECHO != 0 && flags & libc::ICANON != 0
    }

    /// Whether the terminal is raw: no echo, no lines, no signals.
    pub fn raw(&self) -> bool {
        let flags = self.master.get_termios().expect("termios of the pty").local_flags.bits();
        flags & (libc::ECHO | libc::ICANON | libc::ISIG) == 0
    }

    /// Process id of what was started.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process started by us")
    }

    /// Kills what was started with SIGKILL, as a lost terminal line would leave it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_output(mut reader: Box<dyn Read + Send>, shared: &Shared, answers: &SharedWriter) {
    let mut buffer = [0u8; 65536];
    loop {
        // Linux says EIO when the last process has closed the slave.
        let n = reader.read(&mut buffer).unwrap_or(0);
        let mut state = shared.lock();
        if n == 0 {
            state.closed = true;
            shared.changed.notify_all();
            return;
        }
        state.bytes_read += n as u64;
        state.screen.advance(&buffer[..n]);
        let _ = state.screen.take_events();
        let replies = state.screen.take_replies();
        state.transcript.extend_from_slice(&buffer[..n]);
        let surplus = state.transcript.len().saturating_sub(TRANSCRIPT_KEPT);
        state.transcript.drain(..surplus);
        drop(state);
        shared.changed.notify_all();
        if !replies.is_empty() {
            let mut writer = answers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let _ = writer.write_all(&replies).and_then(|()| writer.flush());
        }
    }
}

/// The visible text of `screen`.
pub fn text_of(screen: &Screen) -> String {
    let first = screen.history_len();
    let rows = usize::from(screen.size().rows);
    (first..first + rows).map(|i| screen.line_text(i)).collect::<Vec<_>>().join("\n")
}

fn framed(text: &str) -> String {
    text.lines().map(|line| format!("  |{line}\n")).collect()
}
