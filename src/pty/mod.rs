//! One pseudo-terminal: portable-pty and termios behind one type.
//!
//! Owns the master, whether it was opened here or came from the checkpoint engine with a restored
//! tree. Knows nothing of screens or panes.

use crate::ids::Size;
use crate::sys::tty;
use portable_pty::{CommandBuilder, PtySize};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use termios::Termios;

/// Why a pseudo-terminal could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum PtyError {
    /// No pseudo-terminal to be had.
    #[error("cannot open a pseudo-terminal: {0}")]
    Open(String),
    /// The program did not start.
    #[error("cannot start {program}: {cause}")]
    Spawn {
        /// What was to be started.
        program: String,
        /// What the kernel or portable-pty said.
        cause: String,
    },
    /// An operation on the master failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> PtyError {
    move |source| PtyError::Io { what, source }
}

/// What to start on a new pseudo-terminal.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Program and arguments; empty for the user's login shell, called `-NAME`.
    pub argv: Vec<String>,
    /// Working directory; the home directory if it does not exist.
    pub cwd: String,
    /// Names to set, or with `None` to remove.
    pub env: Vec<(String, Option<String>)>,
    /// Start from an empty environment, not from this process's.
    pub clear_env: bool,
}

/// Terminal modes as the `termios` crate reads them; speeds are termios codes. The line discipline is
/// not in it: the crate hides it, and a pane has N_TTY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Modes {
    pub iflag: u32,
    pub oflag: u32,
    pub cflag: u32,
    pub lflag: u32,
    pub cc: [u8; 32],
    pub ispeed: u32,
    pub ospeed: u32,
}

/// The master end of a pseudo-terminal, non-blocking. The flag belongs to the open file description:
/// whoever is passed the master shares it.
#[derive(Debug)]
pub struct Pty {
    master: OwnedFd,
    /// Slave as the programs on it name it.
    tty: String,
}

impl Pty {
    /// Opens a pseudo-terminal and starts a program on it, as leader of a session it controls. Returns
    /// its pid; the caller is the parent and waits for it.
    pub fn spawn(launch: &Launch, size: Size) -> Result<(Pty, i32), PtyError> {
        let pair = portable_pty::native_pty_system()
            .openpty(pty_size(size))
            .map_err(|e| PtyError::Open(format!("{e:#}")))?;
        // portable-pty's own writer sends newline and EOT when dropped, and its reader hides EIO:
        // the master is duplicated and theirs is closed.
        let raw = pair.master.as_raw_fd().ok_or_else(|| PtyError::Open("it has no descriptor".into()))?;
        let master = tty::duplicate(raw).map_err(io_error("dup of the pty master"))?;
        let tty = pair.master.tty_name().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
        let program = launch.argv.first().cloned().unwrap_or_else(|| "the login shell".into());
        let child = pair
            .slave
            .spawn_command(command(launch))
            .map_err(|e| PtyError::Spawn { program: program.clone(), cause: format!("{e:#}") })?;
        let pid =
            child.process_id().ok_or_else(|| PtyError::Spawn { program, cause: "it has no pid".into() })?;
        let pty = Pty::adopt(master, tty)?;
        Ok((pty, pid as i32))
    }

    /// Takes over a master made elsewhere, e.g. in the namespace of a restored tree, where its slave is
    /// called `tty`.
    pub fn adopt(master: OwnedFd, tty: String) -> Result<Pty, PtyError> {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        let flags =
            fcntl(&master, FcntlArg::F_GETFL).map_err(io::Error::from).map_err(io_error("F_GETFL"))?;
        let flags = OFlag::from_bits_retain(flags) | OFlag::O_NONBLOCK;
        fcntl(&master, FcntlArg::F_SETFL(flags)).map_err(io::Error::from).map_err(io_error("F_SETFL"))?;
        Ok(Pty { master, tty })
    }

    /// The master.
    pub fn master(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    /// Another descriptor of the same master.
    pub fn duplicate(&self) -> Result<OwnedFd, PtyError> {
        self.master.try_clone().map_err(io_error("dup of the pty master"))
    }

    /// The slave, as the programs on it name it: `/dev/pts/4`.
    pub fn tty(&self) -> &str {
        &self.tty
    }

    /// Reads output. `Ok(0)`: every slave is closed (the kernel says EIO). `WouldBlock`: nothing there
    /// now, and the kernel has looked in its own buffers before saying so (n_tty_read flushes them).
    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match nix::unistd::read(&self.master, buf) {
            Ok(n) => Ok(n),
            Err(nix::errno::Errno::EIO) => Ok(0),
            Err(e) => Err(e.into()),
        }
    }

    /// Writes input; how much the terminal took.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(&self.master, bytes)?)
    }

    /// Window size now.
    pub fn size(&self) -> Result<Size, PtyError> {
        let ws = tty::window_size(&self.master).map_err(io_error("TIOCGWINSZ"))?;
        Ok(Size::new(ws.0, ws.1))
    }

    /// Sets the window size; the kernel sends SIGWINCH to the foreground group if it differs.
    pub fn resize(&self, size: Size) -> Result<(), PtyError> {
        tty::set_window_size(&self.master, size.cols, size.rows).map_err(io_error("TIOCSWINSZ"))
    }

    /// Modes of the slave, read through the master (the kernel redirects it: tty_mode_ioctl).
    pub fn modes(&self) -> Result<Modes, PtyError> {
        let t = Termios::from_fd(self.master.as_raw_fd()).map_err(io_error("tcgetattr"))?;
        Ok(Modes {
            iflag: t.c_iflag,
            oflag: t.c_oflag,
            cflag: t.c_cflag,
            lflag: t.c_lflag,
            cc: t.c_cc,
            ispeed: termios::cfgetispeed(&t),
            ospeed: termios::cfgetospeed(&t),
        })
    }

    /// Sets the modes of the slave through the master: needs no access to the slave, and no process on it.
    pub fn set_modes(&self, modes: &Modes) -> Result<(), PtyError> {
        let fd = self.master.as_raw_fd();
        let mut t = Termios::from_fd(fd).map_err(io_error("tcgetattr"))?;
        t.c_iflag = modes.iflag;
        t.c_oflag = modes.oflag;
        t.c_cflag = modes.cflag;
        t.c_lflag = modes.lflag;
        t.c_cc = modes.cc;
        termios::cfsetispeed(&mut t, modes.ispeed).map_err(io_error("input speed"))?;
        termios::cfsetospeed(&mut t, modes.ospeed).map_err(io_error("output speed"))?;
        termios::tcsetattr(fd, termios::TCSANOW, &t).map_err(io_error("tcsetattr"))
    }

    /// Foreground process group, by the numbers of this process's pid namespace; `None` without one.
    pub fn foreground(&self) -> Option<i32> {
        // On the master TIOCGPGRP answers for the slave's session, whoever asks.
        nix::unistd::tcgetpgrp(&self.master).ok().map(|p| p.as_raw()).filter(|p| *p > 0)
    }
}

fn pty_size(size: Size) -> PtySize {
    PtySize { rows: size.rows, cols: size.cols, pixel_width: 0, pixel_height: 0 }
}

/// A program's file where there is no PATH to look for it in: execvp(3) has one of its own then, portable-pty has not.
fn found(launch: &Launch, program: &str) -> String {
    let given = launch.env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.is_some());
    let inherited = !launch.clear_env && std::env::var_os("PATH").is_some();
    if program.contains('/') || given.unwrap_or(inherited) {
        return program.to_owned();
    }
    let files = ["/usr/local/bin", "/usr/bin", "/bin"].map(|dir| format!("{dir}/{program}"));
    files.into_iter().find(|file| Path::new(file).exists()).unwrap_or_else(|| program.to_owned())
}

fn command(launch: &Launch) -> CommandBuilder {
    let mut builder = match launch.argv.split_first() {
        None => CommandBuilder::new_default_prog(),
        Some((program, arguments)) => {
            let mut b = CommandBuilder::new(found(launch, program));
            b.args(arguments);
            b
        }
    };
    if launch.clear_env {
        builder.env_clear();
    }
    for (name, value) in &launch.env {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    builder.cwd(&launch.cwd);
    builder
}

#[cfg(test)]
mod tests;
