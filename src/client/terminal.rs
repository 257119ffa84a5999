//! The user's terminal: into raw mode and the alternate screen, and back whatever happens.
//!
//! Owns the saved modes. They are put back by [`Terminal::leave`], by its drop, and by the panic hook,
//! whichever comes first; when the server has the terminal, after the connection to it. Knows nothing of what is
//! drawn.

use crate::ids::Size;
use crate::protocol::client::ToServer;
use crate::protocol::{frame, questions};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::stat::Mode;
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// Enter the alternate screen with everything in it at its default: what the first frame assumes.
/// The title is saved on the terminal's stack (XTWINOPS 22), as tmux's `smcup` users expect.
const ENTER: &[u8] = b"\x1b[22;0;0t\x1b[?1049h\x1b(B\x0f\x1b[m\x1b[r\x1b[H\x1b[2J";

/// Every mode a frame can have set goes off, then the alternate screen is left. It starts with ST and
/// CAN so that a frame cut in the middle of a sequence swallows nothing of it.
const LEAVE: &[u8] = b"\x1b\\\x18\
\x1b[?2026l\
\x1b]8;;\x1b\\\
\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l\
\x1b[?1004l\x1b[?2004l\x1b[?2031l\
\x1b[=0;1u\x1b[>4m\
\x1b[?1l\x1b>\
\x1b[?6l\x1b[?69l\x1b[r\x1b[4l\x1b[?7h\
\x1b(B\x0f\x1b[m\
\x1b[0 q\x1b]112\x1b\\\
\x1b[?1049l\x1b[?25h\x1b[m\
\x1b[23;0;0t";

/// Longest wait for the terminal to take [`LEAVE`]: a stuck terminal must not keep the client alive.
const LEAVE_PATIENCE: Duration = Duration::from_secs(2);

/// Longest wait for the server to close a connection that has been ended from here.
const PART_PATIENCE: Duration = Duration::from_millis(500);

/// What has to be put back.
struct Saved {
    tty: OwnedFd,
    termios: Termios,
    /// The connection to the server, while the terminal is in the server's hands.
    server: Option<UnixStream>,
}

/// The one terminal in raw mode, reachable from the panic hook.
static SAVED: Mutex<Option<Saved>> = Mutex::new(None);

/// Why a terminal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Standard input is not a terminal.
    #[error("not a terminal")]
    NotATerminal,
    /// The kernel refused.
    #[error("{0}")]
    System(#[from] nix::Error),
}

/// The terminal on standard input.
#[derive(Debug)]
pub struct Terminal {
    tty: OwnedFd,
    /// The descriptor is ours alone and does not block; otherwise it shares its description with the
    /// shell's, whose blocking mode is not ours to change.
    own_description: bool,
}

impl Terminal {
    /// Takes the terminal on standard input, opened anew where possible, so that it can be made
    /// non-blocking: the flag lives in the open file description, and the inherited one is also the
    /// shell's.
    pub fn open() -> Result<Terminal, TerminalError> {
        let stdin = io::stdin();
        let path = nix::unistd::ttyname(stdin.as_fd()).map_err(|_| TerminalError::NotATerminal)?;
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        match nix::fcntl::open(&path, flags, Mode::empty()) {
            Ok(tty) => Ok(Terminal { tty, own_description: true }),
            // The name may be unreachable from here (another mount namespace, su to another user).
            Err(_) => {
                let tty = nix::unistd::dup(stdin.as_fd())?;
                Ok(Terminal { tty, own_description: false })
            }
        }
    }

    /// Raw mode and the alternate screen. Undone by [`leave`](Self::leave), by drop and by a panic.
    pub fn enter(&self) -> Result<(), TerminalError> {
        hook_panics();
        let termios = tcgetattr(&self.tty)?;
        let mut raw = termios.clone();
        cfmakeraw(&mut raw);
        // Saved before it is changed: there is no moment in which it could be lost.
        *lock() = Some(Saved { tty: self.tty.try_clone().map_err(to_errno)?, termios, server: None });
        tcsetattr(&self.tty, SetArg::TCSANOW, &raw)?;
        write_patiently(self.tty.as_fd(), ENTER, LEAVE_PATIENCE);
        Ok(())
    }

    /// Back to what it was before [`enter`](Self::enter); nothing when that has happened already.
    pub fn leave(&self) {
        restore();
    }

    /// Whether it may be passed to the server, which must never block on it: only a description of our own.
    pub fn can_be_passed(&self) -> bool {
        self.own_description
    }

    /// The terminal is in the hands of the server at the other end of `server`; `None`: in ours again. A panic
    /// ends the connection before it puts the terminal back, so that no frame can follow.
    pub fn is_in_hands_of(&self, server: Option<&UnixStream>) -> io::Result<()> {
        let server = server.map(UnixStream::try_clone).transpose()?;
        if let Some(saved) = lock().as_mut() {
            saved.server = server;
        }
        Ok(())
    }

    /// Size in cells and, when the terminal tells, of one cell in pixels.
    pub fn size() -> Option<(Size, Option<(u16, u16)>)> {
        let window = crossterm::terminal::window_size().ok()?;
        if window.columns == 0 || window.rows == 0 {
            return None;
        }
        let cell = (window.width / window.columns, window.height / window.rows);
        let pixels = (cell.0 > 0 && cell.1 > 0).then_some(cell);
        Some((Size::new(window.columns, window.rows), pixels))
    }

    /// Most bytes to give to one `write(2)`: a shared description may block, so it gets little.
    pub fn write_limit(&self) -> usize {
        if self.own_description { 64 * 1024 } else { 512 }
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn to_errno(error: io::Error) -> nix::Error {
    error.raw_os_error().map_or(nix::Error::EIO, nix::Error::from_raw)
}

fn lock() -> std::sync::MutexGuard<'static, Option<Saved>> {
    SAVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Longest wait for the answers that are on their way when the client leaves: a far terminal's way there and back.
const ANSWER_PATIENCE: Duration = Duration::from_millis(300);

/// Answers are on their way.
static AWAITED: AtomicBool = AtomicBool::new(false);

/// Asks the terminal on standard input, and returns all it says until it has answered DA1, which ends the
/// questions. `None` when it is no terminal or keeps silent. What the user types meanwhile is lost.
pub fn ask(asked: &[u8]) -> Option<Vec<u8>> {
    let terminal = Terminal::open().ok()?;
    let termios = tcgetattr(&terminal.tty).ok()?;
    let mut raw = termios.clone();
    cfmakeraw(&mut raw);
    tcsetattr(&terminal.tty, SetArg::TCSANOW, &raw).ok()?;
    write_patiently(terminal.as_fd(), &[asked, questions::LAST_QUESTION].concat(), LEAVE_PATIENCE);
    let heard = last_answers(terminal.as_fd(), LEAVE_PATIENCE);
    let _ = tcsetattr(&terminal.tty, SetArg::TCSANOW, &termios);
    questions::has_last_answer(&heard).then_some(heard)
}

/// These bytes go to the terminal; they may ask it something.
pub fn asks(bytes: &[u8]) {
    if questions::asks(bytes) {
        awaits();
    }
}

/// Answers are on their way to questions that somebody else asked.
pub fn awaits() {
    AWAITED.store(true, Ordering::Relaxed);
}

/// These bytes came from the terminal; they may end its answers.
pub fn hears(bytes: &[u8]) {
    if AWAITED.load(Ordering::Relaxed) && questions::has_last_answer(bytes) {
        AWAITED.store(false, Ordering::Relaxed);
    }
}

/// Takes the answers that nobody waits for any more, so that the shell does not get them as typed.
fn swallow_answers(tty: BorrowedFd<'_>) {
    last_answers(tty, ANSWER_PATIENCE);
}

/// What the terminal says until it has answered DA1, is gone, or `patience` has passed.
fn last_answers(tty: BorrowedFd<'_>, patience: Duration) -> Vec<u8> {
    let deadline = Instant::now() + patience;
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    while !questions::has_last_answer(&heard) {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match nix::poll::poll(&mut [PollFd::new(tty, PollFlags::POLLIN)], timeout) {
            Ok(n) if n > 0 => match nix::unistd::read(tty, &mut buffer) {
                Ok(n) if n > 0 => heard.extend_from_slice(&buffer[..n]),
                Err(nix::Error::EINTR) => {}
                _ => break,
            },
            Err(nix::Error::EINTR) if !left.is_zero() => {}
            _ => break,
        }
    }
    heard
}

/// Puts back what is saved, once.
fn restore() {
    let Some(Saved { tty, termios, server }) = lock().take() else { return };
    if let Some(server) = server {
        part_from(&server);
    }
    write_patiently(tty.as_fd(), LEAVE, LEAVE_PATIENCE);
    if AWAITED.swap(false, Ordering::Relaxed) {
        swallow_answers(tty.as_fd());
    }
    // TCSANOW, because TCSADRAIN waits for ever on a stopped terminal. Output processing is off until
    // here, so the sequences above are not touched by it whichever comes first.
    let _ = tcsetattr(&tty, SetArg::TCSANOW, &termios);
}

/// Ends the connection from our side and waits until the server has ended it too: it writes nothing while
/// something from us is unread, the end as well.
fn part_from(mut server: &UnixStream) {
    let _ = server.write_all(&frame(&ToServer::TakeBack));
    let _ = server.shutdown(Shutdown::Write);
    let deadline = Instant::now() + PART_PATIENCE;
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match nix::poll::poll(&mut [PollFd::new(server.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(n) if n > 0 => match server.read(&mut buffer) {
                Ok(n) if n > 0 => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => return,
            },
            Err(nix::Error::EINTR) if !left.is_zero() => {}
            _ => return,
        }
    }
}

/// A panic anywhere in the client puts the terminal back before the message is printed, so that the
/// message is seen on the user's own screen.
fn hook_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            earlier(info);
        }));
    });
}

/// Writes all, waiting while the terminal is full, but not longer than `patience` in all. A terminal
/// that is gone cannot be helped: errors end it.
fn write_patiently(tty: BorrowedFd<'_>, mut bytes: &[u8], patience: Duration) {
    let deadline = Instant::now() + patience;
    while !bytes.is_empty() {
        match nix::unistd::write(tty, bytes) {
            Ok(0) => return,
            Ok(n) => bytes = &bytes[n..],
            Err(nix::Error::EINTR) => {}
            Err(nix::Error::EAGAIN) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
                let _ = nix::poll::poll(&mut [PollFd::new(tty, PollFlags::POLLOUT)], timeout);
            }
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_awaited_from_the_question_to_the_last_of_them() {
        let awaited = || AWAITED.load(Ordering::Relaxed);
        asks(b"\x1b]52;c;aGk=\x07");
        assert!(!awaited(), "that asks nothing");
        asks(b"\x1b[>q\x1b[c");
        hears(b"keys\x1b[A\x1b[?2026;2$y\x1b[?1u");
        assert!(awaited());
        hears(b"\x1b[?2026;2$y\x1b[?62;22c");
        assert!(!awaited());
    }

    #[test]
    fn what_comes_after_the_end_is_taken_away() {
        let (from, to) = nix::unistd::pipe().expect("a pipe");
        nix::unistd::write(&to, b"\x1bP>|far 1\x1b\\\x1b[?62;22c").expect("room in the pipe");
        swallow_answers(from.as_fd());
        let mut left = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
        assert_eq!(nix::poll::poll(&mut left, PollTimeout::ZERO), Ok(0), "nothing is left");
        // A terminal that is gone is not waited for.
        drop(to);
        swallow_answers(from.as_fd());
    }
}
