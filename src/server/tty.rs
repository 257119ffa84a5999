//! A client's terminal in the server's hands: keys in, frames out, no process in between.
//!
//! The client has passed the descriptor and has it back when it says so. Until then it neither reads nor writes.
//! Nothing is read or written here while something that the client has said is unread, its end as well: however
//! late this process comes to it, no frame follows what the client does to the terminal after its word.
//! Knows no frames and no keys, only bytes.

use super::{Server, clients};
use crate::ids::ClientId;
use crate::protocol::questions;
use crate::sys::pollable;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{MsgFlags, recv};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::rc::Rc;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::sync::Notify;

/// Bytes read at a time; the kernel gives no more of a terminal.
const READ_MAX: usize = 4096;

/// Bytes that may wait for a terminal that takes none, besides a frame: bells and clipboards beyond are dropped.
const UNSENT_MAX: usize = 4 << 20;

/// The terminal.
pub(super) struct Tty {
    fd: AsyncFd<OwnedFd>,
    client: Rc<UnixStream>,
    unsent: RefCell<VecDeque<u8>>,
    wake: Notify,
    over: Cell<bool>,
    /// Answers to the last questions are on their way.
    awaited: Cell<bool>,
}

impl Tty {
    /// Takes the terminal that came from `client`. An error if it is none, or one that blocks.
    pub(super) fn new(fd: OwnedFd, client: Rc<UnixStream>) -> io::Result<Rc<Tty>> {
        let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL)?);
        if !fd.is_terminal() || !flags.contains(OFlag::O_NONBLOCK) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(Rc::new(Tty {
            fd: pollable::readable(fd)?,
            client,
            unsent: RefCell::new(VecDeque::new()),
            wake: Notify::new(),
            over: Cell::new(false),
            awaited: Cell::new(false),
        }))
    }

    /// Writes bytes, what the terminal does not take now as soon as it does. Whether all of it is through.
    pub(super) fn write(&self, bytes: &[u8]) -> bool {
        let mut unsent = self.unsent.borrow_mut();
        if self.over.get() || unsent.len() > UNSENT_MAX {
            return unsent.is_empty();
        }
        if questions::asks(bytes) {
            self.awaited.set(true);
        }
        let mut rest = bytes;
        if unsent.is_empty() && !self.client_has_spoken() {
            while !rest.is_empty() {
                match nix::unistd::write(self.fd.get_ref(), rest) {
                    Ok(n) => rest = &rest[n..],
                    Err(Errno::EINTR) => {}
                    // Full, or gone: which of them, the task finds out.
                    Err(_) => break,
                }
            }
        }
        unsent.extend(rest);
        if !unsent.is_empty() {
            self.wake.notify_one();
        }
        unsent.is_empty()
    }

    /// What is not written yet, and whether answers are awaited: for [`Tty::go_on`].
    pub(super) fn hand_over(&self) -> (i32, Vec<u8>, bool) {
        let unsent = self.unsent.borrow().iter().copied().collect();
        (self.fd.get_ref().as_raw_fd(), unsent, self.awaited.get())
    }

    /// Goes on where another program stopped.
    pub(super) fn go_on(&self, unsent: &[u8], awaited: bool) {
        self.unsent.borrow_mut().extend(unsent);
        self.awaited.set(awaited);
    }

    /// Whether all that was written is through.
    pub(super) fn is_drained(&self) -> bool {
        self.unsent.borrow().is_empty()
    }

    /// Lets the terminal go: no byte is read or written after this. Whether answers of it are on their way.
    pub(super) fn let_go(&self) -> bool {
        self.over.set(true);
        self.unsent.borrow_mut().clear();
        self.wake.notify_one();
        self.awaited.get()
    }

    /// Whether something of the client's is unread: it may want its terminal back, or be gone.
    fn client_has_spoken(&self) -> bool {
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        recv(self.client.as_raw_fd(), &mut [0], flags) != Err(Errno::EAGAIN)
    }
}

/// What became of one look at the terminal.
enum Step {
    /// Nothing is left to do now.
    Done,
    /// Others come first: after keys, or because the client has something to say.
    Yield,
    /// The terminal is gone. The client, which has it open too, says so and ends.
    Lost,
}

/// Reads the terminal's keys and writes what did not go out at once, until it is let go.
pub(super) async fn serve(server: Rc<Server>, id: ClientId, tty: Rc<Tty>) {
    let mut buffer = [0; READ_MAX];
    while !tty.over.get() {
        let unsent = !tty.is_drained();
        let step = tokio::select! {
            biased;
            () = tty.wake.notified() => Step::Done,
            ready = tty.fd.readable() => match ready {
                Ok(mut ready) => {
                    let step = read_keys(&server, id, &tty, &mut buffer);
                    if matches!(step, Step::Done) {
                        ready.clear_ready();
                    }
                    step
                }
                Err(_) => Step::Lost,
            },
            ready = pollable::writable(tty.fd.as_fd()), if unsent => match ready {
                Ok(_) if tty.client_has_spoken() => Step::Yield,
                Ok(()) => {
                    let mut unsent = tty.unsent.borrow_mut();
                    let written = nix::unistd::write(tty.fd.get_ref(), unsent.as_slices().0);
                    match written {
                        Ok(n) => {
                            unsent.drain(..n);
                            Step::Done
                        }
                        Err(Errno::EAGAIN | Errno::EINTR) => Step::Done,
                        Err(_) => Step::Lost,
                    }
                }
                Err(_) => Step::Lost,
            },
        };
        match step {
            Step::Done => {}
            Step::Yield => tokio::task::yield_now().await,
            Step::Lost => return,
        }
        if unsent && tty.is_drained() && !tty.over.get() {
            clients::drained(&server, id);
        }
    }
}

/// Takes what was typed. Done when that was all there was: a read that is given less than it has room for has
/// emptied the terminal, and what comes later makes it readable anew (`n_tty_read` and `n_tty_receive_buf` of
/// drivers/tty/n_tty.c: it takes all up to the head it saw, every byte received after that wakes the pollers).
fn read_keys(server: &Rc<Server>, id: ClientId, tty: &Tty, buffer: &mut [u8]) -> Step {
    if tty.client_has_spoken() {
        return Step::Yield;
    }
    match nix::unistd::read(tty.fd.get_ref(), buffer) {
        Ok(n) if n > 0 => {
            take(server, id, tty, &buffer[..n]);
            if n < buffer.len() { Step::Done } else { Step::Yield }
        }
        Err(Errno::EAGAIN) => Step::Done,
        Err(Errno::EINTR) => Step::Yield,
        Ok(_) | Err(_) => Step::Lost,
    }
}

fn take(server: &Rc<Server>, id: ClientId, tty: &Tty, keys: &[u8]) {
    if tty.awaited.get() && questions::has_last_answer(keys) {
        tty.awaited.set(false);
    }
    clients::input(server, id, keys);
}
