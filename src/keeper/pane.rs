//! The pane a keeper keeps: its terminal, its first process, input not yet taken.

use super::info;
use crate::ids::Size;
use crate::protocol::keeper::{PaneSpec, SavedTermios};
use crate::pty::{Launch, Modes, Pty, PtyError};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Input held for a program that does not read, in bytes; beyond it the server's stream waits.
pub const INPUT_MAX: usize = 16 << 20;

/// Time a hung-up pane is given before its terminal is closed on it, when it is not to be killed.
const HANGUP_WAIT: Duration = Duration::from_secs(3);

/// Where the exit status of the first process comes from.
#[derive(Debug)]
pub enum Root {
    /// Our child.
    Child,
    /// A child of the init role of a restored tree, which says it over this descriptor.
    Restored(OwnedFd),
    /// Of a restored tree whose channel went with an earlier keeper: this (pidfd_open(2)) says when it has
    /// ended, and nobody how.
    Watched(OwnedFd),
}

/// A living (or just ended) pane.
#[derive(Debug)]
pub struct Pane {
    /// Its terminal.
    pub pty: Pty,
    /// Its first process, by the numbers of this process's namespace.
    pub pid: i32,
    /// Who reaps it.
    pub root: Root,
    /// What it runs, for people.
    pub title: String,
    /// Input the terminal has not taken yet.
    pub input: VecDeque<u8>,
    /// Every slave is closed.
    pub eof: bool,
    /// When what is left of a killed pane gets SIGKILL (`true`) or loses its terminal (`false`).
    pub ending: Option<(Instant, bool)>,
}

impl Pane {
    /// Starts a program.
    pub fn spawn(spec: &PaneSpec) -> Result<Pane, PtyError> {
        let launch = Launch {
            argv: spec.argv.clone(),
            cwd: spec.cwd.clone(),
            env: spec.env.clone(),
            clear_env: spec.clear_env,
        };
        let (pty, pid) = Pty::spawn(&launch, Size::new(spec.size.cols, spec.size.rows))?;
        Ok(Pane::new(pty, pid, Root::Child, spec.argv.join(" ")))
    }

    /// A pane out of its parts.
    pub fn new(pty: Pty, pid: i32, root: Root, title: String) -> Pane {
        Pane { pty, pid, root, title, input: VecDeque::new(), eof: false, ending: None }
    }

    /// Modes of the terminal, as the protocol carries them.
    pub fn termios(&self) -> Option<SavedTermios> {
        let Modes { iflag, oflag, cflag, lflag, cc, ispeed, ospeed } = self.pty.modes().ok()?;
        Some(SavedTermios { iflag, oflag, cflag, lflag, cc, ispeed, ospeed })
    }

    /// Hands the terminal what it takes of the input now.
    pub fn write_input(&mut self) -> io::Result<()> {
        while !self.input.is_empty() {
            let (front, _) = self.input.as_slices();
            match self.pty.write(front) {
                Ok(n) => drop(self.input.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // Every slave is closed: nobody will ever read it.
                Err(e) if e.raw_os_error() == Some(nix::libc::EIO) => self.input.clear(),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Sends a signal to the foreground group (or, without one, to the first process).
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let signal = Signal::try_from(signal).map_err(io::Error::from)?;
        match self.pty.foreground() {
            Some(group) => kill(Pid::from_raw(-group), signal)?,
            None => kill(Pid::from_raw(self.pid), signal)?,
        }
        Ok(())
    }

    /// Hangs up: SIGHUP and SIGCONT to every process; what is left after `grace_ms` gets SIGKILL (0: never,
    /// it loses its terminal instead).
    pub fn hang_up(&mut self, grace_ms: u32, now: Instant) {
        self.signal_all(&[Signal::SIGHUP, Signal::SIGCONT]);
        self.ending = Some(match grace_ms {
            0 => (now + HANGUP_WAIT, false),
            ms => (now + Duration::from_millis(ms.into()), true),
        });
    }

    /// Sends signals to the whole tree, orphans included.
    pub fn signal_all(&self, signals: &[Signal]) {
        let mut tree = info::descendants(self.pid);
        tree.insert(0, self.pid);
        if matches!(self.root, Root::Child) {
            // Orphans were given to us, the subreaper; there is nothing else below us.
            tree.extend(
                info::descendants(std::process::id() as i32)
                    .into_iter()
                    .filter(|p| !tree.contains(p))
                    .collect::<Vec<_>>(),
            );
        }
        for pid in tree {
            for signal in signals {
                // Gone meanwhile, or another user's by way of sudo: the rest still gets it.
                let _ = kill(Pid::from_raw(pid), *signal);
            }
        }
    }
}

/// Name of a terminal, as the programs on it have it.
pub fn tty_name(master: BorrowedFd<'_>) -> String {
    crate::sys::ptmx::index(master).map(|n| format!("/dev/pts/{n}")).unwrap_or_default()
}

/// When a process was started, clock ticks since boot; `None` for one that is dead or a zombie.
pub fn start_time(pid: i32) -> Option<u64> {
    match info::stat(pid)? {
        info::Stat { state: 'Z' | 'X' | 'x', .. } => None,
        stat => Some(stat.started),
    }
}

/// Waits a moment until a killed process is gone.
pub fn wait_dead(pid: i32) {
    let patience = Instant::now() + Duration::from_secs(5);
    while start_time(pid).is_some() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills a tree by its root, whoever its parent is.
pub fn kill_tree(root: i32) {
    let mut tree = info::descendants(root);
    tree.insert(0, root);
    for pid in tree {
        // Gone meanwhile is as good.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}
