//! Pseudo-terminals at the level the pty layer does not reach: chosen numbers, all kernel modes,
//! sessions and foreground groups (ioctl_tty(2)).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// `struct termios2` of asm-generic/termbits.h.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Termios2 {
    pub iflag: u32,
    pub oflag: u32,
    pub cflag: u32,
    pub lflag: u32,
    pub line: u8,
    pub cc: [u8; 19],
    pub ispeed: u32,
    pub ospeed: u32,
}

const TCGETS2: libc::c_ulong = 0x802c_542a;
const TCSETS2: libc::c_ulong = 0x402c_542b;
const TIOCGPTPEER: libc::c_ulong = 0x5441;

fn check(rc: libc::c_int) -> io::Result<libc::c_int> {
    if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(rc) }
}

/// Modes of a terminal; on a master, those of its slave.
pub fn modes(fd: BorrowedFd<'_>) -> io::Result<Termios2> {
    let mut out = Termios2::default();
    // SAFETY: the kernel writes one termios2.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), TCGETS2, &raw mut out) })?;
    Ok(out)
}

/// Sets the modes at once, nothing drained or flushed; on a master, those of its slave.
pub fn set_modes(fd: BorrowedFd<'_>, modes: &Termios2) -> io::Result<()> {
    // SAFETY: the kernel reads one termios2.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), TCSETS2, std::ptr::from_ref(modes)) }).map(drop)
}

/// rows, columns, x and y pixels.
pub fn size(fd: BorrowedFd<'_>) -> io::Result<[u16; 4]> {
    let mut out = [0u16; 4];
    // SAFETY: struct winsize is four u16 in this order.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, out.as_mut_ptr()) })?;
    Ok(out)
}

/// Sets rows, columns, x and y pixels; a change sends SIGWINCH to the foreground group.
pub fn set_size(fd: BorrowedFd<'_>, size: [u16; 4]) -> io::Result<()> {
    // SAFETY: struct winsize is four u16 in this order, only read.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSWINSZ, size.as_ptr()) }).map(drop)
}

/// N of a master's `/dev/pts/N`.
pub fn index(master: BorrowedFd<'_>) -> io::Result<u32> {
    let mut n: libc::c_uint = 0;
    // SAFETY: the kernel writes one unsigned int.
    check(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTN, &raw mut n) })?;
    Ok(n)
}

/// Lets a master's slave be opened.
pub fn unlock(master: BorrowedFd<'_>) -> io::Result<()> {
    let off: libc::c_int = 0;
    // SAFETY: the kernel reads one int.
    check(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const off) }).map(drop)
}

/// Opens the slave of a master wherever its devpts is mounted; does not become the controlling terminal.
pub fn open_peer(master: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: a plain ioctl with an integer argument that returns a new descriptor.
    let fd = check(unsafe { libc::ioctl(master.as_raw_fd(), TIOCGPTPEER, flags) })?;
    // SAFETY: just made by the kernel for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Makes the terminal `fd` the controlling one of this session leader.
pub fn take_controlling(fd: RawFd) -> io::Result<()> {
    // SAFETY: integer argument; a bad number gives EBADF.
    check(unsafe { libc::ioctl(fd, libc::TIOCSCTTY, 0) }).map(drop)
}

/// Gives the controlling terminal up; of a leader, the whole session loses it.
pub fn drop_controlling(fd: RawFd) -> io::Result<()> {
    // SAFETY: no argument; a bad number gives EBADF.
    check(unsafe { libc::ioctl(fd, libc::TIOCNOTTY) }).map(drop)
}

/// tcsetpgrp(3) on the caller's controlling terminal.
pub fn set_foreground(fd: RawFd, group: i32) -> io::Result<()> {
    // SAFETY: the kernel reads one pid_t.
    check(unsafe { libc::ioctl(fd, libc::TIOCSPGRP, &raw const group) }).map(drop)
}

/// Sets exclusive use, packet mode or nothing: `TIOCPKT` on a master.
pub fn set_packet_mode(master: RawFd, on: bool) -> io::Result<()> {
    let value = libc::c_int::from(on);
    // SAFETY: the kernel reads one int.
    check(unsafe { libc::ioctl(master, libc::TIOCPKT, &raw const value) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn test_modes_and_size_set_through_the_master_show_on_the_slave() {
        let master = std::fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").expect("ptmx");
        unlock(master.as_fd()).expect("unlock");
        let slave = open_peer(master.as_fd()).expect("peer");
        let mut raw = modes(slave.as_fd()).expect("modes");
        raw.lflag &= !(libc::ICANON | libc::ECHO);
        raw.cc[libc::VMIN] = 7;
        set_modes(master.as_fd(), &raw).expect("set");
        assert_eq!(modes(slave.as_fd()).expect("modes"), raw);
        set_size(master.as_fd(), [11, 60, 1, 2]).expect("size");
        assert_eq!(size(slave.as_fd()).expect("size"), [11, 60, 1, 2]);
        let link = std::fs::read_link(format!("/proc/self/fd/{}", slave.as_raw_fd())).expect("link");
        assert_eq!(link.to_string_lossy(), format!("/dev/pts/{}", index(master.as_fd()).expect("index")));
    }
}
