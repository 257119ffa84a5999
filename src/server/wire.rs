//! Bytes on their way out of the server: to clients, keepers and ptys.
//!
//! A write is tried at once, so that a keystroke or a frame costs no task switch; what the other side
//! does not take waits in the queue and goes out when it is ready again.

use crate::protocol::FrameReader;
use crate::sys::pollable;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::Rc;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Notify;

/// Where an [`Outbox`] writes to.
pub(super) enum Sink {
    /// A client's or a local keeper's socket.
    Socket(Rc<UnixStream>),
    /// A pty master.
    Master(Rc<AsyncFd<OwnedFd>>),
    /// Whatever [`drain_to`] was given; nothing can be written at once.
    Task,
}

/// Most bytes that wait for a sink that takes none; beyond it the sink counts as dead (a client) or new
/// bytes are refused (a pty).
pub(super) const OUTBOX_MAX: usize = 64 << 20;

/// Bytes read at a time from a stream at first, and at most.
const READ_FIRST: usize = 4 << 10;
const READ_MOST: usize = 64 << 10;

/// Where a task reads its stream into. There is one for each pane and client, most of which say little: it is
/// small until a read fills it.
pub(super) struct ReadBuffer(Vec<u8>);

impl ReadBuffer {
    pub(super) fn new() -> ReadBuffer {
        ReadBuffer(vec![0; READ_FIRST])
    }

    /// To read into.
    pub(super) fn space(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Gives `n` bytes, which were read, to `frames`.
    pub(super) fn feed(&mut self, frames: &mut FrameReader, n: usize) {
        frames.feed(&self.0[..n]);
        if n == self.0.len() && n < READ_MOST {
            self.0.resize(n * 2, 0);
        }
    }
}

/// A queue of bytes to one sink.
pub(super) struct Outbox {
    sink: Sink,
    queue: RefCell<VecDeque<u8>>,
    wake: Notify,
    closed: Cell<bool>,
}

impl Outbox {
    pub(super) fn new(sink: Sink) -> Rc<Outbox> {
        Rc::new(Outbox {
            sink,
            queue: RefCell::new(VecDeque::new()),
            wake: Notify::new(),
            closed: Cell::new(false),
        })
    }

    /// Sends `bytes`, now or as soon as the sink takes them. `false`: the queue is full, nothing was taken.
    pub(super) fn push(&self, bytes: &[u8]) -> bool {
        let mut queue = self.queue.borrow_mut();
        let mut rest = bytes;
        if queue.is_empty() {
            while !rest.is_empty() {
                match self.try_write(rest) {
                    Ok(n) if n > 0 => rest = &rest[n..],
                    // An error shows up in the draining task or at the reader; the bytes have nowhere to go.
                    _ => break,
                }
            }
        }
        if rest.is_empty() {
            return true;
        }
        if queue.len() + rest.len() > OUTBOX_MAX {
            return false;
        }
        queue.extend(rest);
        self.wake.notify_one();
        true
    }

    /// Takes back what the sink has not taken yet.
    pub(super) fn take_waiting(&self) -> Vec<u8> {
        self.queue.borrow_mut().drain(..).collect()
    }

    /// A copy of it.
    pub(super) fn unsent(&self) -> Vec<u8> {
        self.queue.borrow().iter().copied().collect()
    }

    /// Bytes waiting.
    pub(super) fn waiting(&self) -> usize {
        self.queue.borrow().len()
    }

    /// No more bytes will come: the draining task ends when the queue is empty.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.wake.notify_one();
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.sink {
            Sink::Socket(socket) => socket.try_write(bytes),
            Sink::Master(master) => Ok(nix::unistd::write(master.get_ref(), bytes)?),
            Sink::Task => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    async fn writable(&self) -> io::Result<()> {
        match &self.sink {
            Sink::Socket(socket) => socket.writable().await,
            Sink::Master(master) => pollable::writable(master.as_fd()).await,
            Sink::Task => Ok(()),
        }
    }
}

/// Waits until nothing is left in any of them. For a server that ends: nobody waits for it then.
pub(super) async fn emptied(outboxes: &[Rc<Outbox>]) {
    for out in outboxes {
        while out.waiting() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// Takes the queue's bytes to the sink until it is closed or broken.
pub(super) async fn drain(outbox: Rc<Outbox>) {
    loop {
        while outbox.waiting() == 0 {
            if outbox.closed.get() {
                return;
            }
            outbox.wake.notified().await;
        }
        let written = {
            let mut queue = outbox.queue.borrow_mut();
            let written = outbox.try_write(queue.as_slices().0);
            if let Ok(n) = written {
                queue.drain(..n);
            }
            written
        };
        match written {
            Ok(n) if n > 0 => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                if outbox.writable().await.is_err() {
                    return;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => {
                outbox.closed.set(true);
                outbox.queue.borrow_mut().clear();
                return;
            }
        }
    }
}

/// As [`drain`] for a sink of kind [`Sink::Task`].
pub(super) async fn drain_to(outbox: Rc<Outbox>, mut writer: impl AsyncWrite + Unpin) {
    loop {
        while outbox.waiting() == 0 {
            if outbox.closed.get() {
                // Dropping the writer is the end of file the other side waits for.
                return;
            }
            outbox.wake.notified().await;
        }
        let chunk: Vec<u8> = outbox.queue.borrow_mut().drain(..).collect();
        if writer.write_all(&chunk).await.is_err() || writer.flush().await.is_err() {
            outbox.closed.set(true);
            outbox.queue.borrow_mut().clear();
            return;
        }
    }
}
