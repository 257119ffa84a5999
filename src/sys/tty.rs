//! Window size of a terminal (tty_ioctl(2)), which no crate here covers from a borrowed descriptor.

use nix::libc::winsize;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

nix::ioctl_read_bad!(tiocgwinsz, nix::libc::TIOCGWINSZ, winsize);
nix::ioctl_write_ptr_bad!(tiocswinsz, nix::libc::TIOCSWINSZ, winsize);

/// Columns and rows.
pub fn window_size(fd: impl AsFd) -> io::Result<(u16, u16)> {
    let mut ws = winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel writes one winsize into the one given; the descriptor is borrowed for the call.
    unsafe { tiocgwinsz(fd.as_fd().as_raw_fd(), &mut ws) }?;
    Ok((ws.ws_col, ws.ws_row))
}

/// Sets columns and rows; pixels become unknown (0).
pub fn set_window_size(fd: impl AsFd, cols: u16, rows: u16) -> io::Result<()> {
    let ws = winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel reads one winsize; the descriptor is borrowed for the call.
    unsafe { tiocswinsz(fd.as_fd().as_raw_fd(), &ws) }?;
    Ok(())
}

/// A close-on-exec duplicate of a descriptor known only by number (portable-pty's accessor). `EBADF` if
/// it is not open.
pub fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(nix::libc::EBADF));
    }
    // SAFETY: the number is only looked up by the kernel for the length of this call; a closed one
    // gives EBADF and nothing is assumed about its owner.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed.try_clone_to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_number_is_refused() {
        assert_eq!(duplicate(-1).unwrap_err().raw_os_error(), Some(nix::libc::EBADF));
        assert_eq!(duplicate(1_000_000).unwrap_err().raw_os_error(), Some(nix::libc::EBADF));
    }
}
