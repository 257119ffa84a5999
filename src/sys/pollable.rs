//! Descriptors for the event loop.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers `fd` with the current tokio loop for reading. It must be non-blocking. Not for writing: a terminal
/// reports room each time its other side has read, which would wake the loop once more for every key.
pub fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    register(fd, Interest::READABLE)
}

/// Waits until `fd` takes bytes, or is broken. A duplicate is registered as long as it is waited for.
pub async fn writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    let waiting = register(fd.try_clone_to_owned()?, Interest::WRITABLE)?;
    waiting.writable().await.map(drop)
}

fn register(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the loop needs the descriptor to stay open, and to be the same one, for as long as it is
    // registered. AsyncFd owns the OwnedFd and deregisters before it closes it; OwnedFd always gives the
    // same descriptor.
    Ok(unsafe { AsyncFd::register_with_interest(fd, interest) }?)
}
