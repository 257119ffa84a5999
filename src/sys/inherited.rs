//! Descriptors this process was started with.

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Takes a descriptor that the program that ran before this one in the same process left open for it, by its number,
/// and makes it close-on-exec. Each number may be taken once. An error if there is no such descriptor.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    if number < 3 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: borrowed for one system call, which says EBADF if the number names nothing.
    let flags = fcntl(unsafe { BorrowedFd::borrow_raw(number) }, FcntlArg::F_GETFD)?;
    // One that is close-on-exec was opened by this program itself, so it has an owner already.
    if FdFlag::from_bits_truncate(flags).contains(FdFlag::FD_CLOEXEC) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: it is open, and came over exec(2): nothing in this program owns it, and from here on it is marked, so
    // that it is not taken again.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl(&fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd, IntoRawFd};

    #[test]
    fn only_what_was_left_open_is_taken_and_only_once() {
        assert!(take(0).is_err() && take(1 << 20).is_err());
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(take(file.as_raw_fd()).is_err(), "ours: it has an owner");
        fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
        let number = file.into_raw_fd();
        let taken = take(number).unwrap();
        assert_eq!(taken.as_raw_fd(), number);
        assert!(take(number).is_err());
    }
}
