//! The connection to a server: frames in, frames out, descriptors riding on them. Never blocks.

use crate::protocol::keeper::{FromKeeper, ToKeeper};
use crate::protocol::{FrameError, FrameReader, Received, encode};
use crate::sys::fdpass;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Bytes waiting to be sent above which no more output is read from the pane: a flood then stops in the
/// kernel and blocks the program that makes it.
pub const HIGH_WATER: usize = 256 << 10;

/// Messages shorter than this are put together before they are sent.
const COALESCE: usize = 16 << 10;

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The other end has closed it.
    #[error("the server closed the connection")]
    Closed,
    /// The socket failed.
    #[error("connection to the server: {0}")]
    Io(#[from] io::Error),
    /// It does not speak our language.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

struct Chunk {
    bytes: Vec<u8>,
    sent: usize,
    fd: Option<OwnedFd>,
}

/// A connection that may or may not have said `Attach` yet.
pub struct Link {
    socket: UnixStream,
    reader: FrameReader,
    out: VecDeque<Chunk>,
    queued: usize,
    /// The server reads and writes the master itself.
    pub has_master: bool,
    /// The server counts both streams and says what it has seen.
    pub counts: bool,
}

impl Link {
    /// Takes over an accepted connection.
    pub fn new(socket: UnixStream) -> io::Result<Link> {
        socket.set_nonblocking(true)?;
        Ok(Link {
            socket,
            reader: FrameReader::new(),
            out: VecDeque::new(),
            queued: 0,
            has_master: false,
            counts: false,
        })
    }

    /// For poll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Bytes not yet taken by the kernel.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Queues a message.
    pub fn send(&mut self, message: &FromKeeper) {
        match self.out.back_mut() {
            Some(last) if last.fd.is_none() && last.bytes.len() < COALESCE => {
                let before = last.bytes.len();
                encode(message, &mut last.bytes);
                self.queued += last.bytes.len() - before;
            }
            _ => self.push(message, None),
        }
    }

    /// Queues a message with a descriptor riding on its first byte.
    pub fn send_with(&mut self, message: &FromKeeper, fd: OwnedFd) {
        self.push(message, Some(fd));
    }

    fn push(&mut self, message: &FromKeeper, fd: Option<OwnedFd>) {
        let mut bytes = Vec::new();
        encode(message, &mut bytes);
        self.queued += bytes.len();
        self.out.push_back(Chunk { bytes, sent: 0, fd });
    }

    /// Hands the kernel what it takes now.
    pub fn flush(&mut self) -> Result<(), LinkError> {
        while let Some(chunk) = self.out.front_mut() {
            let riding: Vec<BorrowedFd<'_>> = chunk.fd.iter().map(|fd| fd.as_fd()).collect();
            match fdpass::send(self.socket.as_fd(), &chunk.bytes[chunk.sent..], &riding) {
                Ok(n) => {
                    chunk.fd = None;
                    chunk.sent += n;
                    self.queued -= n;
                    if chunk.sent == chunk.bytes.len() {
                        self.out.pop_front();
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// Reads once, at most `buf`; whether anything was there. Messages then come from [`Self::next`].
    pub fn fill(&mut self, buf: &mut [u8]) -> Result<bool, LinkError> {
        // A plain read: descriptors a peer might send ride into nothing.
        match nix::unistd::read(&self.socket, buf) {
            Ok(0) => Err(LinkError::Closed),
            Ok(n) => {
                self.reader.feed(&buf[..n]);
                Ok(true)
            }
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(false),
            Err(e) => Err(io::Error::from(e).into()),
        }
    }

    /// The next whole message that has arrived; unknown ones are skipped.
    pub fn next(&mut self) -> Result<Option<ToKeeper>, LinkError> {
        loop {
            match self.reader.next_message::<ToKeeper>()? {
                None => return Ok(None),
                Some(Received::Known(m)) => return Ok(Some(m)),
                Some(Received::Unknown(_)) => {}
            }
        }
    }
}
