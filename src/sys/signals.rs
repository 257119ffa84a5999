//! Signals of this process, without handlers.

use std::io;

/// Blocks every signal of the calling thread; kernel-sized set, so the ones libc hides too.
pub fn block_all() {
    let all = u64::MAX;
    // SAFETY: the kernel reads eight bytes; the old mask is not asked for.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const all,
            std::ptr::null_mut::<u64>(),
            8,
        );
    }
}

/// Lets one signal through again.
pub fn unblock(signal: i32) {
    let set = 1u64 << (signal - 1);
    // SAFETY: as above.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_UNBLOCK,
            &raw const set,
            std::ptr::null_mut::<u64>(),
            8,
        );
    }
}

/// Puts every signal back to its default action (the Rust runtime ignores SIGPIPE).
pub fn default_all() {
    for signal in 1..=64 {
        let action = [0u64; 4];
        // SAFETY: an all-zero kernel_sigaction is SIG_DFL with no flags; no handler is installed.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, action.as_ptr(), std::ptr::null_mut::<u64>(), 8);
        }
    }
}

/// Takes every pending signal away.
pub fn drain() {
    let all = u64::MAX;
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        // SAFETY: set and timeout are live; no siginfo is asked for.
        let rc = unsafe {
            libc::syscall(
                libc::SYS_rt_sigtimedwait,
                &raw const all,
                std::ptr::null_mut::<libc::siginfo_t>(),
                &raw const now,
                8,
            )
        };
        if rc < 0 {
            return;
        }
    }
}

/// A close-on-exec, non-blocking signalfd for one (blocked) signal.
pub fn descriptor_for(signal: i32) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::FromRawFd;
    let set = 1u64 << (signal - 1);
    // SAFETY: the kernel reads eight bytes of mask; a new descriptor comes back.
    let fd = unsafe {
        libc::syscall(libc::SYS_signalfd4, -1, &raw const set, 8, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made by the kernel for us.
    Ok(unsafe { std::os::fd::OwnedFd::from_raw_fd(fd as i32) })
}

/// Sends a signal to a process, or with a negative number to a group.
pub fn send(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: plain numbers.
    if unsafe { libc::kill(pid, signal) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
