//! fork with a chosen pid. The raw system call, because libc's fork cannot choose.

use std::io;

/// Proof that this process has one thread: a forked copy of a many-threaded process could wait for
/// ever on a lock held by a thread that was not copied.
#[derive(Debug, Clone, Copy)]
pub struct SingleThreaded(());

impl SingleThreaded {
    /// Counts the threads of this process; `None` if there is more than one.
    pub fn check() -> Option<SingleThreaded> {
        let tasks = std::fs::read_dir("/proc/self/task").ok()?.count();
        (tasks == 1).then_some(SingleThreaded(()))
    }
}

/// Which side of the fork this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forked {
    /// The new process.
    Child,
    /// The old one, with the pid of the new one in its own pid namespace.
    Parent(i32),
}

/// Who becomes the parent of the new process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The caller.
    Caller,
    /// The caller's parent: the new process is a sibling.
    CallersParent,
}

#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Forks; with `pid` the new process gets exactly that number in the caller's pid namespace.
///
/// EPERM without CAP_CHECKPOINT_RESTORE in the user namespace that owns the pid namespace, EEXIST
/// if the number is in use (also as a group or session), clone(2).
pub fn fork_as(_proof: SingleThreaded, pid: Option<i32>, parent: Parent) -> io::Result<Forked> {
    let wanted = pid.unwrap_or(0);
    let args = CloneArgs {
        flags: match parent {
            Parent::Caller => 0,
            Parent::CallersParent => libc::CLONE_PARENT as u64,
        },
        // With CLONE_PARENT the kernel takes the caller's own exit signal and wants zero here.
        exit_signal: match parent {
            Parent::Caller => libc::SIGCHLD as u64,
            Parent::CallersParent => 0,
        },
        set_tid: match pid {
            Some(_) => std::ptr::from_ref(&wanted) as u64,
            None => 0,
        },
        set_tid_size: u64::from(pid.is_some()),
        ..CloneArgs::default()
    };
    // SAFETY: without CLONE_VM the child gets a copy of this address space and goes on from here on
    // its own copy of the stack; the token says no other thread can have held a lock. `args` and
    // `wanted` live until the call has returned.
    let result =
        unsafe { libc::syscall(libc::SYS_clone3, &raw const args, std::mem::size_of::<CloneArgs>()) };
    match result {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid as i32)),
    }
}

/// Ends this process at once: no destructors, no atexit handlers, which belong to the process that
/// was copied.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: always sound; never returns.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_threads_are_noticed() {
        // The test harness runs this in a thread of its own, so there are at least two.
        assert!(SingleThreaded::check().is_none());
    }
}
