//! Waiting for children. nix's `waitpid` gives an error, and loses the child, when it was killed by a
//! real-time signal; this does not.

use std::io;

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It called exit with this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
}

/// Reaps one ended child without waiting: `pid`, or any with -1. `None` if none has ended or there are
/// none. Must not be called while another thread of this process traces: stops of its tracees would be
/// swallowed here (wait_consider_task treats the whole thread group as the tracer).
pub fn reap(pid: i32) -> io::Result<Option<(i32, Ended)>> {
    loop {
        let mut status = 0;
        // SAFETY: the kernel writes one int into the one given.
        let got = unsafe { libc::waitpid(pid, &mut status, libc::WNOHANG) };
        if got == 0 {
            return Ok(None);
        }
        if got < 0 {
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EINTR) => continue,
                Some(libc::ECHILD) => return Ok(None),
                _ => return Err(error),
            }
        }
        if let Some(ended) = ended(status) {
            return Ok(Some((got, ended)));
        }
    }
}

/// What a raw wait status says; `None` if it is of a process that only stopped.
pub fn ended(status: i32) -> Option<Ended> {
    if libc::WIFEXITED(status) {
        return Some(Ended::Code(libc::WEXITSTATUS(status)));
    }
    libc::WIFSIGNALED(status).then(|| Ended::Signal(libc::WTERMSIG(status)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn codes_and_even_real_time_signals_are_told() {
        for (script, wanted) in [("exit 7", Ended::Code(7)), ("kill -40 $$", Ended::Signal(40))] {
            #[expect(clippy::zombie_processes, reason = "reap() below is what waits for it")]
            let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
            let pid = child.id() as i32;
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
            let ended = loop {
                if let Some(ended) = reap(pid).unwrap() {
                    break ended;
                }
                assert!(std::time::Instant::now() < deadline);
                std::thread::yield_now();
            };
            assert_eq!(ended, (pid, wanted));
            assert_eq!(reap(pid).unwrap(), None, "it is reaped once");
        }
    }
}
