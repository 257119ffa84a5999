//! Descriptors for the event loop.

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers `fd` with the current tokio loop for reading and writing. It must be non-blocking.
pub fn register(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    let both = Interest::READABLE | Interest::WRITABLE;
    // SAFETY: the loop needs the descriptor to stay open, and to be the same one, for as long as it is
    // registered. AsyncFd owns the OwnedFd and deregisters before it closes it; OwnedFd always gives the
    // same descriptor.
    Ok(unsafe { AsyncFd::register_with_interest(fd, both) }?)
}
