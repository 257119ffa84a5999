//! Open files of other processes, taken by pidfd_getfd(2) and asked from outside: owners, pipes, terminals,
//! sockets.
//!
//! A descriptor taken this way shares offset, flags and queue with the process it came from: nothing here
//! moves an offset or sets O_NONBLOCK on it (P-27).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Turns -1 into the errno.
fn check(result: libc::c_long) -> io::Result<i64> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn owned(fd: libc::c_long) -> io::Result<OwnedFd> {
    let fd = check(fd)?;
    // SAFETY: the kernel has just made this descriptor for us and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// A handle on a process (pidfd_open(2)).
pub fn pidfd_open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: plain numbers.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
}

/// A duplicate of descriptor `fd` of the process behind `pidfd` (pidfd_getfd(2)); close-on-exec.
pub fn pidfd_getfd(pidfd: BorrowedFd<'_>, fd: i32) -> io::Result<OwnedFd> {
    // SAFETY: plain numbers.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), fd, 0) })
}

/// Sends `signal` to the process behind `pidfd`.
pub fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    // SAFETY: plain numbers and a null siginfo.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, 0usize, 0) })
        .map(drop)
}

/// True when two descriptors, of one or two processes, are one open file description (KCMP_FILE).
pub fn same_file(pid1: i32, fd1: i32, pid2: i32, fd2: i32) -> io::Result<bool> {
    // SAFETY: plain numbers.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, pid1, pid2, 0, fd1, fd2) };
    Ok(check(order)? == 0)
}

/// True when descriptor `open` (process, number) is the file of a registration of the epoll set `epoll` (process,
/// number): the `nth`, counted from 0, of those made under the number `number` (KCMP_EPOLL_TFD).
pub fn is_watched(open: (i32, i32), epoll: (i32, i32), number: i32, nth: u32) -> io::Result<bool> {
    const KCMP_EPOLL_TFD: i32 = 7;
    // struct kcmp_epoll_slot
    let slot = [epoll.1 as u32, number as u32, nth];
    // SAFETY: the kernel reads the slot, which lives through the call.
    let order =
        unsafe { libc::syscall(libc::SYS_kcmp, open.0, epoll.0, KCMP_EPOLL_TFD, open.1, slot.as_ptr()) };
    Ok(check(order)? == 0)
}

/// What two processes may share, as kcmp(2) numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// One address space.
    Memory = 1,
    /// One descriptor table.
    Files = 2,
    /// One cwd, umask and root.
    Fs = 3,
}

/// True when two processes share that.
pub fn shares(pid1: i32, pid2: i32, what: Shared) -> io::Result<bool> {
    // SAFETY: plain numbers.
    let order = unsafe { libc::syscall(libc::SYS_kcmp, pid1, pid2, what as i32, 0, 0) };
    Ok(check(order)? == 0)
}

/// Robust futex list of a thread: (head, length).
pub fn robust_list(tid: i32) -> io::Result<(u64, u64)> {
    let (mut head, mut len) = (0u64, 0u64);
    // SAFETY: both out-pointers are live u64s (a pointer and a size_t on this machine).
    check(unsafe { libc::syscall(libc::SYS_get_robust_list, tid, &raw mut head, &raw mut len) })?;
    Ok((head, len))
}

/// Scheduling policy and priority of a thread.
pub fn scheduling(tid: i32) -> io::Result<(i32, i32)> {
    // SAFETY: all-zero is a valid sched_param.
    let mut param: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: plain number.
    let policy = check(i64::from(unsafe { libc::sched_getscheduler(tid) }))? as i32;
    // SAFETY: `param` is live.
    check(i64::from(unsafe { libc::sched_getparam(tid, &mut param) }))?;
    Ok((policy, param.sched_priority))
}

fn fcntl(fd: BorrowedFd<'_>, command: i32, arg: usize) -> io::Result<i32> {
    // SAFETY: `arg` is a plain number, or the address of a live value of the type `command` wants.
    check(i64::from(unsafe { libc::fcntl(fd.as_raw_fd(), command, arg) })).map(|v| v as i32)
}

/// Owner for SIGIO: (0 thread, 1 process, 2 group; number as this process sees it). `None` when unset.
pub fn owner(fd: BorrowedFd<'_>) -> io::Result<Option<(i32, i32)>> {
    const F_GETOWN_EX: i32 = 16;
    let mut got = [0i32; 2];
    fcntl(fd, F_GETOWN_EX, got.as_mut_ptr() as usize)?;
    Ok((got[1] != 0).then_some((got[0], got[1])))
}

/// Signal sent instead of SIGIO (F_GETSIG), 0 for SIGIO itself.
pub fn io_signal(fd: BorrowedFd<'_>) -> io::Result<i32> {
    const F_GETSIG: i32 = 11;
    fcntl(fd, F_GETSIG, 0)
}

/// Capacity of a pipe, bytes.
pub fn pipe_capacity(fd: BorrowedFd<'_>) -> io::Result<u32> {
    fcntl(fd, libc::F_GETPIPE_SZ, 0).map(|n| n as u32)
}

/// Seals of a memfd.
pub fn seals(fd: BorrowedFd<'_>) -> io::Result<u32> {
    fcntl(fd, libc::F_GET_SEALS, 0).map(|n| n as u32)
}

/// What is in a pipe, without taking it out: tee(2) into a pipe of our own, which is then read.
///
/// `from` must be a reading end. At most the pipe's capacity comes back.
pub fn pipe_content(from: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    let capacity = pipe_capacity(from)? as usize;
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(i64::from(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) }))?;
    // SAFETY: pipe2 has just made both and nobody else owns them.
    let (read, write) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    // tee needs one slot here for each there, since it starts from the beginning every time.
    let _ = fcntl(std::os::fd::AsFd::as_fd(&write), libc::F_SETPIPE_SZ, capacity);
    // SAFETY: plain numbers.
    let copied = unsafe {
        libc::tee(from.as_raw_fd(), write.as_raw_fd(), capacity.max(1 << 20), libc::SPLICE_F_NONBLOCK)
    };
    if copied < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::WouldBlock { Ok(Vec::new()) } else { Err(error) };
    }
    let mut content = vec![0; copied as usize];
    let mut done = 0;
    while done < content.len() {
        let rest = &mut content[done..];
        // SAFETY: `rest` is a live buffer of that length.
        let got =
            check(unsafe { libc::read(read.as_raw_fd(), rest.as_mut_ptr().cast(), rest.len()) } as i64)?;
        if got == 0 {
            break;
        }
        done += got as usize;
    }
    content.truncate(done);
    Ok(content)
}

/// `revents` of poll(2) for `events`, without waiting. POLLHUP on a pipe's reading end: no writer is left;
/// POLLERR on a writing end: no reader is left.
pub fn poll_now(fd: BorrowedFd<'_>, events: i16) -> io::Result<i16> {
    let mut entry = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one live pollfd.
    check(i64::from(unsafe { libc::poll(&mut entry, 1, 0) }))?;
    Ok(entry.revents)
}

/// `struct termios2` of asm-generic/termbits.h, field for field.
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

const TCGETS2: libc::c_ulong = 0x802C_542A;
const TCSETS2: libc::c_ulong = 0x402C_542B;
const TIOCGDEV: libc::c_ulong = 0x8004_5432;
const TIOCGPTPEER: libc::c_ulong = 0x5441;

fn ioctl<T>(fd: BorrowedFd<'_>, request: libc::c_ulong, value: &mut T) -> io::Result<i32> {
    // SAFETY: every caller in this file pairs `request` with the type the kernel reads or writes for it.
    check(i64::from(unsafe { libc::ioctl(fd.as_raw_fd(), request, value as *mut T) })).map(|v| v as i32)
}

/// Modes of a terminal; on a pty master those of its slave.
pub fn termios(fd: BorrowedFd<'_>) -> io::Result<Termios2> {
    let mut got = Termios2::default();
    ioctl(fd, TCGETS2, &mut got)?;
    Ok(got)
}

/// Sets the modes of a terminal at once (TCSANOW).
pub fn set_termios(fd: BorrowedFd<'_>, mut to: Termios2) -> io::Result<()> {
    ioctl(fd, TCSETS2, &mut to).map(drop)
}

/// rows, cols, xpixel, ypixel.
pub fn winsize(fd: BorrowedFd<'_>) -> io::Result<[u16; 4]> {
    let mut got = [0u16; 4];
    ioctl(fd, libc::TIOCGWINSZ, &mut got)?;
    Ok(got)
}

/// Sets rows, cols, xpixel, ypixel; SIGWINCH goes to the foreground group when they differ.
pub fn set_winsize(fd: BorrowedFd<'_>, mut to: [u16; 4]) -> io::Result<()> {
    ioctl(fd, libc::TIOCSWINSZ, &mut to).map(drop)
}

/// Bytes that can be read (FIONREAD); on a terminal in canonical mode, those of whole lines.
pub fn readable_bytes(fd: BorrowedFd<'_>) -> io::Result<usize> {
    let mut got = 0i32;
    ioctl(fd, libc::FIONREAD, &mut got)?;
    Ok(got.max(0) as usize)
}

/// N of the slave `/dev/pts/N` of a pty master.
pub fn pty_index(master: BorrowedFd<'_>) -> io::Result<u32> {
    let mut got = 0u32;
    ioctl(master, libc::TIOCGPTN, &mut got)?;
    Ok(got)
}

/// Foreground process group, asked of a pty master (a stranger to the session may not ask the slave).
pub fn foreground_group(master: BorrowedFd<'_>) -> io::Result<i32> {
    let mut got = 0i32;
    ioctl(master, libc::TIOCGPGRP, &mut got)?;
    Ok(got)
}

/// Opens the slave of a pty master, in whatever devpts it lives; not made a controlling terminal,
/// non-blocking, a description of its own.
pub fn open_slave(master: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: plain numbers; the answer is a new descriptor.
    owned(i64::from(unsafe { libc::ioctl(master.as_raw_fd(), TIOCGPTPEER, flags) }))
}

/// Device number (major, minor) of the terminal behind a descriptor, also one opened as /dev/tty.
pub fn terminal_device(fd: BorrowedFd<'_>) -> io::Result<(u32, u32)> {
    let mut got = 0u32;
    ioctl(fd, TIOCGDEV, &mut got)?;
    // new_encode_dev of linux/kdev_t.h.
    Ok(((got >> 8) & 0xfff, (got & 0xff) | ((got >> 12) & 0xfff00)))
}

fn socket_option(fd: BorrowedFd<'_>, level: i32, option: i32) -> io::Result<i32> {
    let mut value = 0i32;
    let mut len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: `value` and `len` are live and agree in size.
    let result =
        unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, (&raw mut value).cast(), &mut len) };
    check(i64::from(result))?;
    Ok(value)
}

fn set_socket_option(fd: BorrowedFd<'_>, level: i32, option: i32, value: i32) -> io::Result<()> {
    let len = size_of::<i32>() as libc::socklen_t;
    // SAFETY: `value` is live and `len` is its size.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const value).cast(), len) };
    check(i64::from(result)).map(drop)
}

/// What a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketKind {
    /// AF_*.
    pub family: i32,
    /// SOCK_*.
    pub kind: i32,
    /// IPPROTO_*.
    pub protocol: i32,
    /// listen(2) was called.
    pub listening: bool,
}

/// Family, type, protocol and whether it listens.
pub fn socket_kind(fd: BorrowedFd<'_>) -> io::Result<SocketKind> {
    Ok(SocketKind {
        family: socket_option(fd, libc::SOL_SOCKET, libc::SO_DOMAIN)?,
        kind: socket_option(fd, libc::SOL_SOCKET, libc::SO_TYPE)?,
        protocol: socket_option(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL)?,
        listening: socket_option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).unwrap_or(0) != 0,
    })
}

/// State of a TCP socket (`TCP_ESTABLISHED` is 1, `TCP_CLOSE` 7, `TCP_LISTEN` 10).
pub fn tcp_state(fd: BorrowedFd<'_>) -> io::Result<u8> {
    let mut info = [0u8; 256];
    let mut len = info.len() as libc::socklen_t;
    // SAFETY: `info` and `len` are live and agree in size; tcpi_state is the first byte.
    let result = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &mut len,
        )
    };
    check(i64::from(result))?;
    Ok(info[0])
}

/// Address of the other end as raw `sockaddr` bytes; `None` when not connected.
pub fn peer_address(fd: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let mut address = vec![0u8; 128];
    let mut len = address.len() as libc::socklen_t;
    // SAFETY: `address` is as long as `len` says and suitably large for any sockaddr.
    let result = unsafe { libc::getpeername(fd.as_raw_fd(), address.as_mut_ptr().cast(), &mut len) };
    if result < 0 {
        return None;
    }
    address.truncate(len as usize);
    Some(address)
}

/// Address of this end as raw `sockaddr` bytes.
pub fn own_address(fd: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let mut address = vec![0u8; 128];
    let mut len = address.len() as libc::socklen_t;
    // SAFETY: `address` is as long as `len` says and suitably large for any sockaddr.
    let result = unsafe { libc::getsockname(fd.as_raw_fd(), address.as_mut_ptr().cast(), &mut len) };
    if result < 0 {
        return None;
    }
    address.truncate(len as usize);
    Some(address)
}

/// Data waiting in a unix socket, message by message (a stream is one message).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SocketQueue {
    /// The messages.
    pub messages: Vec<Vec<u8>>,
    /// Descriptors were passed in one of them (SCM_RIGHTS): they are not in `messages`.
    pub descriptors: bool,
}

/// Looks into the receive queue of a unix socket without taking anything out.
///
/// Messages are walked by SO_PEEK_OFF, which is put back afterwards. `limit` bounds the bytes returned; beyond
/// it the error is `OutOfMemory`.
pub fn socket_queue(fd: BorrowedFd<'_>, kind: i32, limit: usize) -> io::Result<SocketQueue> {
    const SO_PEEK_OFF: i32 = 42;
    let before = socket_option(fd, libc::SOL_SOCKET, SO_PEEK_OFF).unwrap_or(-1);
    set_socket_option(fd, libc::SOL_SOCKET, SO_PEEK_OFF, 0)?;
    let mut queue = SocketQueue::default();
    let result = peek_all(fd, kind, limit, &mut queue);
    set_socket_option(fd, libc::SOL_SOCKET, SO_PEEK_OFF, before)?;
    result.map(|()| queue)
}

fn peek_all(fd: BorrowedFd<'_>, kind: i32, limit: usize, queue: &mut SocketQueue) -> io::Result<()> {
    let stream = kind == libc::SOCK_STREAM;
    let mut total = 0;
    // One datagram can be as long as the sender's buffer; a stream is taken piece by piece.
    let mut buffer = vec![0u8; if stream { 64 * 1024 } else { limit.min(4 << 20) }];
    loop {
        let mut iov = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: all-zero is a valid msghdr (no name, no control).
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_iov = &mut iov;
        header.msg_iovlen = 1;
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        // For a unix stream MSG_TRUNC in `flags` has no meaning; it is left out to be sure.
        let flags = if stream { flags & !libc::MSG_TRUNC } else { flags };
        // SAFETY: `header` points to one live iovec over `buffer`.
        let got = unsafe { libc::recvmsg(fd.as_raw_fd(), &mut header, flags) };
        if got < 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::EAGAIN | libc::ENOTCONN | libc::EINVAL) => Ok(()),
                _ => Err(error),
            };
        }
        queue.descriptors |= header.msg_flags & libc::MSG_CTRUNC != 0;
        let got = got as usize;
        total += got;
        if total > limit || got > buffer.len() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if got == 0 {
            return Ok(());
        }
        match queue.messages.last_mut() {
            Some(last) if stream => last.extend_from_slice(&buffer[..got]),
            _ => queue.messages.push(buffer[..got].to_vec()),
        }
    }
}

/// What sock_diag(7) says of one unix socket.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct UnixSocket {
    /// Inode of the peer; 0 when there is none (any more).
    pub peer: u64,
    /// Directions shut down: 1 receive, 2 send.
    pub shutdown: u8,
    /// It has a name (bound to a path or an abstract name).
    pub named: bool,
    /// Its peer is a connection that was not accepted yet.
    pub pending: bool,
}

/// Asks NETLINK_SOCK_DIAG for the unix socket with this inode in our network namespace.
pub fn unix_socket(inode: u64) -> io::Result<UnixSocket> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NETLINK_SOCK_DIAG: i32 = 4;
    const SHOW_NAME: u32 = 1;
    const SHOW_PEER: u32 = 4;
    let inode = u32::try_from(inode).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // SAFETY: plain numbers; the answer is a new descriptor.
    let socket = owned(i64::from(unsafe {
        libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
    }))?;
    // nlmsghdr { len, type, flags, seq, pid } + unix_diag_req { family, protocol, pad, states, ino, show, cookie[2] }
    let mut message = Vec::with_capacity(40);
    message.extend_from_slice(&40u32.to_ne_bytes());
    message.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend_from_slice(&(libc::NLM_F_REQUEST as u16).to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[libc::AF_UNIX as u8, 0, 0, 0]);
    for word in [u32::MAX, inode, SHOW_NAME | SHOW_PEER, u32::MAX, u32::MAX] {
        message.extend_from_slice(&word.to_ne_bytes());
    }
    // SAFETY: `message` is a live buffer of that length; a netlink socket without address sends to the kernel.
    check(unsafe { libc::send(socket.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) } as i64)?;
    let mut answer = [0u8; 4096];
    // SAFETY: `answer` is a live buffer of that length.
    let got =
        check(unsafe { libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) } as i64)?
            as usize;
    parse_unix_diag(&answer[..got])
}

fn word(bytes: &[u8], at: usize) -> io::Result<u32> {
    bytes
        .get(at..at + 4)
        .and_then(|b| b.try_into().ok())
        .map(u32::from_ne_bytes)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse_unix_diag(bytes: &[u8]) -> io::Result<UnixSocket> {
    const NLMSG_ERROR: u32 = 2;
    const HEADER: usize = 16;
    const DIAG: usize = 16;
    let len = (word(bytes, 0)? as usize).min(bytes.len());
    if word(bytes, 4)? & 0xffff == NLMSG_ERROR {
        return Err(io::Error::from_raw_os_error(-(word(bytes, HEADER)? as i32)));
    }
    let mut socket = UnixSocket::default();
    let mut at = HEADER + DIAG;
    while at + 4 <= len {
        let head = word(bytes, at)?;
        let (size, kind) = ((head & 0xffff) as usize, head >> 16);
        if size < 4 {
            break;
        }
        match kind {
            0 => socket.named = size > 4,
            2 => socket.peer = u64::from(word(bytes, at + 4)?),
            6 => socket.shutdown = *bytes.get(at + 4).unwrap_or(&0),
            _ => {}
        }
        at += size.next_multiple_of(4);
    }
    Ok(socket)
}

/// Directory or file behind a kernel file handle as fdinfo of inotify prints it; needs CAP_DAC_READ_SEARCH.
/// `mount` is any descriptor on the same filesystem; the answer is an O_PATH descriptor.
pub fn open_by_handle(mount: BorrowedFd<'_>, kind: i32, handle: &[u8]) -> io::Result<OwnedFd> {
    let mut raw = Vec::with_capacity(8 + handle.len());
    raw.extend_from_slice(&(handle.len() as u32).to_ne_bytes());
    raw.extend_from_slice(&kind.to_ne_bytes());
    raw.extend_from_slice(handle);
    let flags = libc::O_PATH | libc::O_CLOEXEC;
    // SAFETY: `raw` is a struct file_handle: length, type, bytes.
    owned(unsafe { libc::syscall(libc::SYS_open_by_handle_at, mount.as_raw_fd(), raw.as_ptr(), flags) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    fn inode(fd: BorrowedFd<'_>) -> u64 {
        std::fs::metadata(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap().ino()
    }

    #[test]
    fn a_pipes_content_is_seen_and_stays() {
        let (mut read, mut write) = std::io::pipe().unwrap();
        assert_eq!(pipe_content(read.as_fd()).unwrap(), b"");
        write.write_all(b"first").unwrap();
        write.write_all(b"second").unwrap();
        assert_eq!(pipe_content(read.as_fd()).unwrap(), b"firstsecond");
        assert_eq!(pipe_content(read.as_fd()).unwrap(), b"firstsecond");
        drop(write);
        assert_ne!(poll_now(read.as_fd(), libc::POLLIN).unwrap() & libc::POLLHUP, 0);
        let mut all = String::new();
        read.read_to_string(&mut all).unwrap();
        assert_eq!(all, "firstsecond");
    }

    #[test]
    fn a_sockets_queue_is_seen_and_stays() {
        let (mut a, mut b) = UnixStream::pair().unwrap();
        b.write_all(b"one").unwrap();
        b.write_all(b"two").unwrap();
        let queue = socket_queue(a.as_fd(), libc::SOCK_STREAM, 1 << 20).unwrap();
        assert_eq!(queue, SocketQueue { messages: vec![b"onetwo".to_vec()], descriptors: false });
        let mut got = [0; 6];
        a.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"onetwo");

        let (a, b) = UnixDatagram::pair().unwrap();
        b.send(b"one").unwrap();
        b.send(b"three").unwrap();
        let queue = socket_queue(a.as_fd(), libc::SOCK_DGRAM, 1 << 20).unwrap();
        assert_eq!(queue.messages, vec![b"one".to_vec(), b"three".to_vec()]);
        let mut got = [0; 16];
        assert_eq!(a.recv(&mut got).unwrap(), 3);
    }

    #[test]
    fn the_kernel_names_a_unix_sockets_peer() {
        let (a, b) = UnixStream::pair().unwrap();
        let (one, two) = (inode(a.as_fd()), inode(b.as_fd()));
        assert_eq!(unix_socket(one).unwrap().peer, two);
        a.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(unix_socket(one).unwrap().shutdown, 2);
        drop(b);
        assert_eq!(unix_socket(one).unwrap().peer, 0);
    }

    #[test]
    fn descriptors_are_taken_from_a_process_and_compared() {
        let me = std::process::id() as i32;
        let (read, _write) = std::io::pipe().unwrap();
        let pidfd = pidfd_open(me).unwrap();
        let copy = pidfd_getfd(pidfd.as_fd(), read.as_raw_fd()).unwrap();
        assert!(same_file(me, read.as_raw_fd(), me, copy.as_raw_fd()).unwrap());
        assert!(!same_file(me, read.as_raw_fd(), me, _write.as_raw_fd()).unwrap());
    }
}
