//! Making open files of every kind, and putting them at chosen numbers. For processes that build
//! another process's descriptor table: here numbers, not owners, are the subject, so these take
//! and return raw numbers. A wrong number gives EBADF, never memory unsafety; the callers own
//! their whole table.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn check(rc: libc::c_int) -> io::Result<libc::c_int> {
    if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(rc) }
}

fn check_long(rc: libc::c_long) -> io::Result<i32> {
    if rc < 0 { Err(io::Error::last_os_error()) } else { Ok(rc as i32) }
}

/// A path as C wants it; EINVAL with a NUL inside.
pub fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

/// open(2) with the flags as they are, close-on-exec added.
pub fn open(path: &Path, flags: i32, mode: u32) -> io::Result<RawFd> {
    let path = c_path(path)?;
    // SAFETY: the path is a live C string.
    check(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, mode) })
}

/// close(2).
pub fn close(fd: RawFd) {
    // SAFETY: a number; see the module's words on ownership.
    unsafe { libc::close(fd) };
}

/// Closes all from `first` to `last`, both included.
pub fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    check_long(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop)
}

/// dup3(2): `to` is replaced. Equal numbers only set the flag.
pub fn put_at(from: RawFd, to: RawFd, cloexec: bool) -> io::Result<()> {
    if from == to {
        return set_cloexec(to, cloexec);
    }
    // SAFETY: numbers only.
    check(unsafe { libc::dup3(from, to, if cloexec { libc::O_CLOEXEC } else { 0 }) }).map(drop)
}

/// A close-on-exec duplicate at the first free number from `least` on.
pub fn move_up(fd: RawFd, least: RawFd) -> io::Result<RawFd> {
    // SAFETY: numbers only.
    let new = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) })?;
    close(fd);
    Ok(new)
}

/// F_SETFD.
pub fn set_cloexec(fd: RawFd, on: bool) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, if on { libc::FD_CLOEXEC } else { 0 }) }).map(drop)
}

/// F_SETFL.
pub fn set_status_flags(fd: RawFd, flags: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) }).map(drop)
}

/// F_SETOWN_EX: kind is F_OWNER_TID 0, F_OWNER_PID 1 or F_OWNER_PGRP 2.
pub fn set_owner(fd: RawFd, kind: i32, pid: i32) -> io::Result<()> {
    let owner = [kind, pid];
    // SAFETY: struct f_owner_ex is two ints.
    check(unsafe { libc::fcntl(fd, 15, owner.as_ptr()) }).map(drop)
}

/// F_SETSIG.
pub fn set_owner_signal(fd: RawFd, signal: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::fcntl(fd, 10, signal) }).map(drop)
}

/// lseek(2) from the start.
pub fn seek(fd: RawFd, position: u64) -> io::Result<()> {
    // SAFETY: numbers only.
    if unsafe { libc::lseek(fd, position as libc::off_t, libc::SEEK_SET) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Writes all of it.
pub fn write_all(fd: RawFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        // SAFETY: the slice is live and only read.
        let n = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        if n < 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        bytes = &bytes[n as usize..];
    }
    Ok(())
}

/// Reads to the end of file.
pub fn read_to_end(fd: RawFd) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut buffer = [0u8; 65536];
    loop {
        // SAFETY: the buffer is live and writable for its length.
        let n = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
        match n {
            0 => return Ok(out),
            n if n > 0 => out.extend_from_slice(&buffer[..n as usize]),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// A close-on-exec pipe: reading end, writing end.
pub fn pipe() -> io::Result<(RawFd, RawFd)> {
    let mut fds = [-1; 2];
    // SAFETY: room for two numbers.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((fds[0], fds[1]))
}

/// F_SETPIPE_SZ. EPERM above the user's limit.
pub fn set_pipe_capacity(fd: RawFd, bytes: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_SETPIPE_SZ, bytes as libc::c_int) }).map(drop)
}

/// A close-on-exec pair of unix sockets of this kind.
pub fn socket_pair(kind: i32) -> io::Result<(RawFd, RawFd)> {
    let mut fds = [-1; 2];
    // SAFETY: room for two numbers.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, fds.as_mut_ptr()) })?;
    Ok((fds[0], fds[1]))
}

/// A close-on-exec socket, not connected.
pub fn socket(family: i32, kind: i32) -> io::Result<RawFd> {
    // SAFETY: numbers only.
    check(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) })
}

/// Binds a unix socket to a path, or to an abstract name (which begins with a zero byte); an empty name: to one
/// that the kernel chooses.
pub fn bind_unix(fd: RawFd, name: &[u8]) -> io::Result<()> {
    // SAFETY: all zero is a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    if name.len() >= address.sun_path.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in address.sun_path.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    let zero_ended = usize::from(name.first().is_some_and(|&b| b != 0));
    let len = std::mem::offset_of!(libc::sockaddr_un, sun_path) + name.len() + zero_ended;
    // SAFETY: `address` is live, and `len` is at most its size: the name is shorter than the path's array.
    check(unsafe { libc::bind(fd, (&raw const address).cast(), len as libc::socklen_t) }).map(drop)
}

/// listen(2) with as long a queue as the system allows.
pub fn listen(fd: RawFd) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::listen(fd, libc::SOMAXCONN) }).map(drop)
}

/// send(2) of one message without SIGPIPE; all of it or an error.
pub fn send_message(fd: RawFd, bytes: &[u8]) -> io::Result<()> {
    let mut sent = 0;
    loop {
        let rest = &bytes[sent..];
        // SAFETY: the slice is live and only read.
        let n = unsafe {
            libc::send(fd, rest.as_ptr().cast(), rest.len(), libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT)
        };
        if n < 0 {
            return Err(io::Error::last_os_error());
        }
        sent += n as usize;
        if sent >= bytes.len() {
            return Ok(());
        }
    }
}

/// Room for data queued in a socket, bytes; bounded by the system's limit.
pub fn set_send_buffer(fd: RawFd, bytes: usize) -> io::Result<()> {
    let size = bytes as libc::c_int;
    // SAFETY: the option value is an int that lives through the call.
    check(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, (&raw const size).cast(), 4) })
        .map(drop)
}

/// shutdown(2): SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2.
pub fn shutdown(fd: RawFd, how: i32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::shutdown(fd, how) }).map(drop)
}

/// eventfd(2), close-on-exec.
pub fn event_fd(semaphore: bool) -> io::Result<RawFd> {
    let flags = libc::EFD_CLOEXEC | if semaphore { libc::EFD_SEMAPHORE } else { 0 };
    // SAFETY: numbers only.
    check(unsafe { libc::eventfd(0, flags) })
}

/// signalfd(2) for a kernel-sized mask, close-on-exec.
pub fn signal_fd(mask: u64) -> io::Result<RawFd> {
    // SAFETY: the kernel reads eight bytes.
    check_long(unsafe { libc::syscall(libc::SYS_signalfd4, -1, &raw const mask, 8, libc::SFD_CLOEXEC) })
}

/// timerfd_create(2), close-on-exec.
pub fn timer_fd(clock: i32) -> io::Result<RawFd> {
    // SAFETY: numbers only.
    check(unsafe { libc::timerfd_create(clock, libc::TFD_CLOEXEC) })
}

/// Arms a timerfd: time to the first expiry and interval, ns.
pub fn arm_timer_fd(fd: RawFd, value_ns: u64, interval_ns: u64) -> io::Result<()> {
    let part = |ns: u64| libc::timespec {
        tv_sec: (ns / 1_000_000_000) as libc::time_t,
        tv_nsec: (ns % 1_000_000_000) as libc::c_long,
    };
    let spec = libc::itimerspec { it_interval: part(interval_ns), it_value: part(value_ns) };
    // SAFETY: the spec lives through the call, the old one is not asked for.
    check(unsafe { libc::timerfd_settime(fd, 0, &raw const spec, std::ptr::null_mut()) }).map(drop)
}

/// Puts expirations not yet read back into a timerfd. ENOTTY without CONFIG_CHECKPOINT_RESTORE.
pub fn set_timer_fd_ticks(fd: RawFd, ticks: u64) -> io::Result<()> {
    const TFD_IOC_SET_TICKS: libc::c_ulong = 0x4008_5400;
    // SAFETY: the kernel reads one u64.
    check(unsafe { libc::ioctl(fd, TFD_IOC_SET_TICKS, &raw const ticks) }).map(drop)
}

/// epoll_create1(2), close-on-exec.
pub fn epoll() -> io::Result<RawFd> {
    // SAFETY: numbers only.
    check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// EPOLL_CTL_ADD with the program's own data word.
pub fn epoll_add(epoll: RawFd, fd: RawFd, events: u32, data: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events, u64: data };
    // SAFETY: the event lives through the call.
    check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) }).map(drop)
}

/// inotify_init1(2), close-on-exec.
pub fn inotify() -> io::Result<RawFd> {
    // SAFETY: numbers only.
    check(unsafe { libc::inotify_init1(libc::IN_CLOEXEC) })
}

/// inotify_add_watch(2); the watch descriptor.
pub fn inotify_add(fd: RawFd, path: &Path, mask: u32) -> io::Result<i32> {
    let path = c_path(path)?;
    // SAFETY: the path is a live C string.
    check(unsafe { libc::inotify_add_watch(fd, path.as_ptr(), mask) })
}

/// Makes the next watch of an inotify get this number (INOTIFY_IOC_SETNEXTWD).
pub fn inotify_set_next(fd: RawFd, watch: i32) -> io::Result<()> {
    const INOTIFY_IOC_SETNEXTWD: libc::c_ulong = 0x4004_4900;
    // SAFETY: integer argument.
    check(unsafe { libc::ioctl(fd, INOTIFY_IOC_SETNEXTWD, libc::c_long::from(watch)) }).map(drop)
}

/// memfd_create(2), close-on-exec, sealable.
pub fn memfd(name: &CStr) -> io::Result<RawFd> {
    // SAFETY: the name is a live C string.
    check(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) })
}

/// F_ADD_SEALS.
pub fn add_seals(fd: RawFd, seals: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, seals as libc::c_int) }).map(drop)
}

/// ftruncate(2).
pub fn set_len(fd: RawFd, bytes: u64) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::ftruncate(fd, bytes as libc::off_t) }).map(drop)
}

/// pidfd_open(2); close-on-exec.
pub fn pid_fd(pid: i32) -> io::Result<RawFd> {
    // SAFETY: numbers only.
    check_long(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
}

/// Replaces this process's program. Returns only on failure.
pub fn execute(path: &Path, argv: &[CString], environment: &[CString]) -> io::Error {
    let path = match c_path(path) {
        Ok(path) => path,
        Err(error) => return error,
    };
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|s| s.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
    };
    let (argv, environment) = (pointers(argv), pointers(environment));
    // SAFETY: both arrays end with a null and point to live C strings.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Sets a resource limit of this process, soft and hard; u64::MAX is none.
pub fn set_limit(resource: u32, soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the limit lives through the call, only read.
    check(unsafe { libc::setrlimit(resource, &raw const limit) }).map(drop)
}

/// Soft and hard limit of this process.
pub fn limit(resource: u32) -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one rlimit.
    check(unsafe { libc::getrlimit(resource, &raw mut limit) })?;
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Sets the umask; the one before.
pub fn set_umask(mask: u32) -> u32 {
    // SAFETY: a number only; cannot fail.
    unsafe { libc::umask(mask as libc::mode_t) }
}

/// Waits until there is something to read, at most this long.
pub fn wait_readable(fd: RawFd, limit_ms: i32) -> io::Result<()> {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one live pollfd.
    check(unsafe { libc::poll(&raw mut poll, 1, limit_ms) }).map(drop)
}

/// Waits for one byte; false at end of file.
pub fn read_byte(fd: RawFd) -> io::Result<bool> {
    let mut byte = 0u8;
    loop {
        // SAFETY: one live byte to be written.
        match unsafe { libc::read(fd, (&raw mut byte).cast(), 1) } {
            1 => return Ok(true),
            0 => return Ok(false),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

/// Takes a lock without waiting: flock(2), or with `open_file` F_OFD_SETLK, else F_SETLK.
pub fn lock(
    fd: RawFd,
    flock: bool,
    open_file: bool,
    exclusive: bool,
    start: u64,
    len: u64,
) -> io::Result<()> {
    if flock {
        let how = if exclusive { libc::LOCK_EX } else { libc::LOCK_SH };
        // SAFETY: numbers only.
        return check(unsafe { libc::flock(fd, how | libc::LOCK_NB) }).map(drop);
    }
    let lock = libc::flock {
        l_type: if exclusive { libc::F_WRLCK } else { libc::F_RDLCK } as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start as libc::off_t,
        l_len: len as libc::off_t,
        l_pid: 0,
    };
    let command = if open_file { libc::F_OFD_SETLK } else { libc::F_SETLK };
    // SAFETY: the struct lives through the call.
    check(unsafe { libc::fcntl(fd, command, &raw const lock) }).map(drop)
}
