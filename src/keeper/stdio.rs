//! `qmux keeper --stdio`: a dumb splice between stdio and a keeper's socket on this host.
//!
//! It is what ssh runs. It understands nothing of what passes, and ends when either side does; the keeper
//! stays.

use super::{KeeperError, io_error, start};
use crate::ids::{Epoch, LifeId};
use crate::transport::runtime::runtime_dir;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Bytes moved at once.
const PIECE: usize = 64 << 10;

/// Connects to the keeper of `life` (of `epoch`, or the newest) and splices; with `new` starts it first.
pub(super) fn run(life: LifeId, epoch: Option<Epoch>, new: bool) -> Result<(), KeeperError> {
    let runtime = runtime_dir()?;
    let stream = if new {
        let socket = start::start_daemon(life, epoch.unwrap_or_default())?;
        UnixStream::connect(&socket).map_err(io_error(socket.display().to_string()))?
    } else {
        let wanted = |found: Epoch| epoch.is_none_or(|e| e == found);
        // Newest epoch first: of two keepers of one life the higher epoch is the pane.
        runtime
            .keeper_sockets()?
            .into_iter()
            .filter(|(l, e, _)| *l == life && wanted(*e))
            .find_map(|(_, _, socket)| UnixStream::connect(socket).ok())
            .ok_or(KeeperError::None(life))?
    };
    crate::transport::runtime::check_peer(&stream)?;
    splice(&stream).map_err(io_error("splice"))
}

fn splice(stream: &UnixStream) -> io::Result<()> {
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let mut buf = vec![0; PIECE];
    let mut input_open = true;
    loop {
        let mut fds = [
            PollFd::new(stream.as_fd(), PollFlags::POLLIN),
            PollFd::new(stdin.as_fd(), if input_open { PollFlags::POLLIN } else { PollFlags::empty() }),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => continue,
            other => other?,
        };
        let happened = |fd: &PollFd<'_>| fd.revents().is_some_and(|r| !r.is_empty());
        let (from_keeper, from_stdin) = (happened(&fds[0]), input_open && happened(&fds[1]));
        // Whole pieces are written with blocking calls, one direction at a time: neither end waits for
        // the other before it reads (keeper and server both queue), so this cannot lock up.
        if from_keeper && !copy(stream.as_fd(), stdout.as_fd(), &mut buf)? {
            return Ok(());
        }
        if from_stdin && !copy(stdin.as_fd(), stream.as_fd(), &mut buf)? {
            input_open = false;
            stream.shutdown(Shutdown::Write)?;
        }
    }
}

/// Moves one piece; `false` at the end of `from`.
fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<bool> {
    let n = match nix::unistd::read(from, buf) {
        Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => return Ok(true),
        other => other?,
    };
    let mut rest = &buf[..n];
    while !rest.is_empty() {
        match nix::unistd::write(to, rest) {
            Err(nix::errno::Errno::EINTR) => {}
            Err(nix::errno::Errno::EAGAIN) => wait_writable(to)?,
            other => rest = &rest[other?..],
        }
    }
    Ok(n > 0)
}

/// Stdio may be somebody's non-blocking socket: the flag is theirs and is left alone.
fn wait_writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], PollTimeout::NONE) {
        Err(nix::errno::Errno::EINTR) => Ok(()),
        other => other.map(|_| ()).map_err(Into::into),
    }
}
