//! ptrace(2) with the states of a traced thread as types.
//!
//! A thread is `Running` or `Stopped`; only a `Stopped` one can be asked anything, and resuming consumes it.
//! All calls must come from the OS thread that seized: the kernel answers ESRCH to any other.
//!
//! Dropping either value does nothing. When the tracing OS thread ends, the kernel lets every tracee go
//! (or kills it, under `options::EXIT_KILL`).

use super::arch_x86_64::{Registers, WORDS};
use super::memory::RemotePtr;
use std::io;
use std::time::{Duration, Instant};

/// A thread's number as this process sees it.
pub type Tid = i32;

/// PTRACE_O_* of linux/ptrace.h.
pub mod options {
    /// System-call stops are `SIGTRAP | 0x80`, so that no signal can be taken for one. Always set here.
    pub const SYSGOOD: i32 = 1;
    /// Stop at, and seize the child of, fork(2).
    pub const FORK: i32 = 2;
    /// The same for vfork(2).
    pub const VFORK: i32 = 4;
    /// The same for clone(2).
    pub const CLONE: i32 = 8;
    /// Stop when execve(2) has succeeded.
    pub const EXEC: i32 = 0x10;
    /// Stop at the beginning of exit.
    pub const EXIT: i32 = 0x40;
    /// The tracee is killed when its tracer ends.
    pub const EXIT_KILL: i32 = 0x10_0000;
}

/// PTRACE_EVENT_* of linux/ptrace.h.
pub mod event {
    /// fork(2) in the tracee.
    pub const FORK: i32 = 1;
    /// vfork(2).
    pub const VFORK: i32 = 2;
    /// clone(2).
    pub const CLONE: i32 = 3;
    /// execve(2) succeeded.
    pub const EXEC: i32 = 4;
    /// About to exit.
    pub const EXIT: i32 = 6;
    /// Stopped by PTRACE_INTERRUPT, by job control, or new-born.
    pub const STOP: i32 = 128;
}

const PTRACE_GETREGSET: u32 = 0x4204;
const PTRACE_SETREGSET: u32 = 0x4205;
const PTRACE_SEIZE: u32 = 0x4206;
const PTRACE_INTERRUPT: u32 = 0x4207;
const PTRACE_PEEKSIGINFO: u32 = 0x4209;
const PTRACE_GETSIGMASK: u32 = 0x420a;
const PTRACE_SETSIGMASK: u32 = 0x420b;
const PTRACE_GET_RSEQ_CONFIGURATION: u32 = 0x420f;
const NT_X86_XSTATE: usize = 0x202;
/// Room for an XSAVE area: AVX-512 is 2.7 KiB, AMX tiles 11 KiB.
const XSTATE_MAX: usize = 16 * 1024;
/// Bytes of a `siginfo_t`.
pub const SIGINFO: usize = 128;
/// Stops that may come before an injected system call has ended, before it is taken for a fault.
const STRAY_STOPS_MAX: usize = 64;

/// Why a tracing operation failed.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The kernel refused a request.
    #[error("{what}, thread {tid}: {source}")]
    Request {
        /// The request.
        what: &'static str,
        /// The thread.
        tid: Tid,
        /// The kernel's answer.
        source: io::Error,
    },
    /// No stop came in time; a vfork(2) parent waits for its child without being interruptible (P-16).
    #[error("thread {tid} did not stop in {waited_ms} ms")]
    Deadline {
        /// The thread.
        tid: Tid,
        /// How long was waited, ms.
        waited_ms: u64,
    },
    /// It ended; the raw wait status.
    #[error("thread {tid} ended (wait status {status:#x})")]
    Ended {
        /// The thread.
        tid: Tid,
        /// Raw wait status.
        status: i32,
    },
    /// It stopped in a way that the operation cannot explain.
    #[error("thread {tid} stopped unexpectedly (wait status {status:#x})")]
    Strange {
        /// The thread.
        tid: Tid,
        /// Raw wait status.
        status: i32,
    },
}

impl TraceError {
    /// The errno of a refused request.
    pub fn errno(&self) -> Option<i32> {
        match self {
            TraceError::Request { source, .. } => source.raw_os_error(),
            TraceError::Deadline { .. } | TraceError::Ended { .. } | TraceError::Strange { .. } => None,
        }
    }
}

/// Why a thread is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// By PTRACE_INTERRUPT, or new-born: inside the kernel's signal handling.
    Interrupted,
    /// By job control: SIGSTOP, SIGTSTP, SIGTTIN or SIGTTOU.
    JobControl(i32),
    /// At the entry or exit of a system call.
    SystemCall,
    /// About to get this signal.
    Signal(i32),
    /// At one of the events asked for by options.
    Event(i32),
}

impl Stop {
    fn from_status(status: i32) -> Stop {
        let signal = libc::WSTOPSIG(status);
        match status >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => Stop::SystemCall,
            0 => Stop::Signal(signal),
            event::STOP => match signal {
                libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => Stop::JobControl(signal),
                _ => Stop::Interrupted,
            },
            other => Stop::Event(other),
        }
    }
}

/// How to let a stopped thread go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Until something else stops it.
    Run,
    /// To the next entry or exit of a system call.
    ToSystemCall,
}

/// What a wait found.
#[derive(Debug)]
pub enum Waited {
    /// Stopped.
    Stopped(Stopped),
    /// Ended; the raw wait status. It is reaped.
    Ended(i32),
}

/// A traced thread that runs, or may be running.
#[derive(Debug)]
pub struct Running {
    tid: Tid,
}

/// A traced thread that stands still until it is resumed.
#[derive(Debug)]
pub struct Stopped {
    tid: Tid,
    stop: Stop,
    /// Events seen while a remote call ran: (PTRACE_EVENT_*, its message).
    events: Vec<(i32, u64)>,
    /// Signals taken off the thread while a remote call ran; the caller owes them to it.
    held: Vec<i32>,
}

fn request(what: &'static str, request: u32, tid: Tid, addr: usize, data: usize) -> Result<i64, TraceError> {
    // SAFETY: callers pass in `addr` and `data` either plain numbers or addresses of buffers that outlive the
    // call and have the size the request writes.
    let result = unsafe { libc::ptrace(request, tid, addr, data) };
    if result == -1 {
        return Err(TraceError::Request { what, tid, source: io::Error::last_os_error() });
    }
    Ok(result)
}

/// Waits for `tid` to stop or end; without a deadline for ever.
fn wait_status(tid: Tid, deadline: Option<Instant>) -> Result<i32, TraceError> {
    let started = Instant::now();
    let flags = libc::__WALL | if deadline.is_some() { libc::WNOHANG } else { 0 };
    let mut tries = 0u32;
    loop {
        let mut status = 0;
        // SAFETY: `status` is a live i32.
        let got = unsafe { libc::waitpid(tid, &mut status, flags) };
        if got == tid {
            return Ok(status);
        }
        if got < 0 {
            let source = io::Error::last_os_error();
            if source.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(TraceError::Request { what: "waitpid", tid, source });
        }
        if deadline.is_some_and(|d| Instant::now() >= d) {
            return Err(TraceError::Deadline { tid, waited_ms: started.elapsed().as_millis() as u64 });
        }
        // Stops come within microseconds: give the processor away first, sleep only when that was not enough.
        tries += 1;
        if tries < 40 {
            std::thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_micros(u64::from(tries.min(400)) * 2));
        }
    }
}

impl Running {
    /// Starts tracing `tid` without stopping it. `options` are those of [`options`]; SYSGOOD is added.
    ///
    /// EPERM: a zombie, already traced, undumpable, or of another user (P-15). ESRCH: gone.
    pub fn seize(tid: Tid, options: i32) -> Result<Running, TraceError> {
        request("PTRACE_SEIZE", PTRACE_SEIZE, tid, 0, (options | options::SYSGOOD) as usize)?;
        Ok(Running { tid })
    }

    /// A thread that is traced by this OS thread already: one that a traced clone made, or one resumed.
    pub fn adopt(tid: Tid) -> Running {
        Running { tid }
    }

    /// Its number.
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// Asks it to stop; [`Running::wait`] tells when it has.
    pub fn interrupt(&self) -> Result<(), TraceError> {
        request("PTRACE_INTERRUPT", PTRACE_INTERRUPT, self.tid, 0, 0).map(drop)
    }

    /// Waits until it stops or ends; with a deadline the error [`TraceError::Deadline`] leaves it running.
    pub fn wait(&self, deadline: Option<Instant>) -> Result<Waited, TraceError> {
        let status = wait_status(self.tid, deadline)?;
        if libc::WIFSTOPPED(status) {
            Ok(Waited::Stopped(Stopped {
                tid: self.tid,
                stop: Stop::from_status(status),
                events: Vec::new(),
                held: Vec::new(),
            }))
        } else {
            Ok(Waited::Ended(status))
        }
    }

    /// [`Running::wait`] where an end is an error.
    pub fn wait_stopped(&self, deadline: Option<Instant>) -> Result<Stopped, TraceError> {
        match self.wait(deadline)? {
            Waited::Stopped(stopped) => Ok(stopped),
            Waited::Ended(status) => Err(TraceError::Ended { tid: self.tid, status }),
        }
    }
}

impl Stopped {
    /// Its number.
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// Why it is stopped.
    pub fn stop(&self) -> Stop {
        self.stop
    }

    /// Replaces the tracing options; SYSGOOD is added.
    pub fn set_options(&self, options: i32) -> Result<(), TraceError> {
        let options = (options | options::SYSGOOD) as usize;
        request("PTRACE_SETOPTIONS", libc::PTRACE_SETOPTIONS, self.tid, 0, options).map(drop)
    }

    /// Message of the event it is stopped at: the new tid of a clone, the former tid of an exec.
    pub fn event_message(&self) -> Result<u64, TraceError> {
        let mut message: libc::c_ulong = 0;
        let to = &raw mut message as usize;
        request("PTRACE_GETEVENTMSG", libc::PTRACE_GETEVENTMSG, self.tid, 0, to)?;
        Ok(message)
    }

    /// General registers.
    pub fn registers(&self) -> Result<Registers, TraceError> {
        let mut words = [0u64; WORDS];
        request("PTRACE_GETREGS", libc::PTRACE_GETREGS, self.tid, 0, words.as_mut_ptr() as usize)?;
        Ok(Registers(words))
    }

    /// Sets the general registers.
    pub fn set_registers(&self, registers: &Registers) -> Result<(), TraceError> {
        let from = registers.0.as_ptr() as usize;
        request("PTRACE_SETREGS", libc::PTRACE_SETREGS, self.tid, 0, from).map(drop)
    }

    /// FPU, SSE, AVX … state as an XSAVE area of the length the kernel gives.
    pub fn xstate(&self) -> Result<Vec<u8>, TraceError> {
        let mut area = vec![0u8; XSTATE_MAX];
        let mut iov = libc::iovec { iov_base: area.as_mut_ptr().cast(), iov_len: area.len() };
        let to = &raw mut iov as usize;
        request("PTRACE_GETREGSET", PTRACE_GETREGSET, self.tid, NT_X86_XSTATE, to)?;
        area.truncate(iov.iov_len);
        Ok(area)
    }

    /// Sets the FPU … state; the kernel wants exactly its own length (P-34).
    pub fn set_xstate(&self, area: &[u8]) -> Result<(), TraceError> {
        let mut iov = libc::iovec { iov_base: area.as_ptr().cast_mut().cast(), iov_len: area.len() };
        let from = &raw mut iov as usize;
        request("PTRACE_SETREGSET", PTRACE_SETREGSET, self.tid, NT_X86_XSTATE, from).map(drop)
    }

    /// Blocked signals, bit 0 is signal 1; inside ppoll and pselect the mask from before the call.
    pub fn sigmask(&self) -> Result<u64, TraceError> {
        let mut mask = 0u64;
        request("PTRACE_GETSIGMASK", PTRACE_GETSIGMASK, self.tid, 8, &raw mut mask as usize)?;
        Ok(mask)
    }

    /// Sets the blocked signals.
    pub fn set_sigmask(&self, mask: u64) -> Result<(), TraceError> {
        request("PTRACE_SETSIGMASK", PTRACE_SETSIGMASK, self.tid, 8, &raw const mask as usize).map(drop)
    }

    /// Pending signals of the thread, or of the whole process when `shared`, oldest first; they stay pending.
    pub fn pending(&self, shared: bool) -> Result<Vec<[u8; SIGINFO]>, TraceError> {
        #[repr(C)]
        struct PeekArgs {
            off: u64,
            flags: u32,
            nr: i32,
        }
        const BATCH: usize = 32;
        let mut all = Vec::new();
        loop {
            let args = PeekArgs { off: all.len() as u64, flags: u32::from(shared), nr: BATCH as i32 };
            let mut batch = vec![[0u8; SIGINFO]; BATCH];
            let (addr, data) = (&raw const args as usize, batch.as_mut_ptr() as usize);
            let got = request("PTRACE_PEEKSIGINFO", PTRACE_PEEKSIGINFO, self.tid, addr, data)? as usize;
            all.extend_from_slice(&batch[..got.min(BATCH)]);
            if got < BATCH {
                return Ok(all);
            }
        }
    }

    /// The registered rseq area: (address, size, signature, flags); address 0 when there is none.
    pub fn rseq(&self) -> Result<(u64, u32, u32, u32), TraceError> {
        #[repr(C)]
        #[derive(Default)]
        struct Configuration {
            pointer: u64,
            size: u32,
            signature: u32,
            flags: u32,
            pad: u32,
        }
        let mut got = Configuration::default();
        let (size, to) = (size_of::<Configuration>(), &raw mut got as usize);
        match request("PTRACE_GET_RSEQ_CONFIGURATION", PTRACE_GET_RSEQ_CONFIGURATION, self.tid, size, to) {
            Ok(_) => Ok((got.pointer, got.size, got.signature, got.flags)),
            // A kernel without rseq: nothing can be registered.
            Err(e) if e.errno() == Some(libc::EIO) => Ok((0, 0, 0, 0)),
            Err(e) => Err(e),
        }
    }

    /// Lets it go on, delivering `signal` if not 0.
    pub fn resume(self, how: Resume, signal: i32) -> Result<Running, TraceError> {
        self.go(how, signal)?;
        Ok(Running { tid: self.tid })
    }

    fn go(&self, how: Resume, signal: i32) -> Result<(), TraceError> {
        let (what, number) = match how {
            Resume::Run => ("PTRACE_CONT", libc::PTRACE_CONT),
            Resume::ToSystemCall => ("PTRACE_SYSCALL", libc::PTRACE_SYSCALL),
        };
        request(what, number, self.tid, 0, signal as usize).map(drop)
    }

    /// Ends the tracing: it runs on, or stops again at once if job control had stopped it.
    pub fn detach(self, signal: i32) -> Result<(), TraceError> {
        request("PTRACE_DETACH", libc::PTRACE_DETACH, self.tid, 0, signal as usize).map(drop)
    }

    /// Executes one system call in the thread through the `syscall` instruction at `at` and returns its raw
    /// result (`-errno` on failure). General registers and why it is stopped change; signals should be blocked.
    ///
    /// Two PTRACE_SYSCALL stops and never a single step, which would raise a forced SIGTRAP (P-1).
    /// fork, clone and exec events on the way are kept for [`Stopped::take_events`]; a signal that cannot be
    /// blocked (SIGSTOP) is taken off and kept for [`Stopped::take_held_signals`].
    pub fn call(&mut self, at: RemotePtr, number: i64, args: [u64; 6]) -> Result<i64, TraceError> {
        let mut registers = self.registers()?;
        registers.set_call(at, number, args);
        self.set_registers(&registers)?;
        self.until_call_stop()?;
        self.until_call_stop()?;
        Ok(self.registers()?.result())
    }

    /// Resumes to the next system-call stop, noting what else stops it on the way.
    fn until_call_stop(&mut self) -> Result<(), TraceError> {
        for _ in 0..STRAY_STOPS_MAX {
            self.go(Resume::ToSystemCall, 0)?;
            let status = wait_status(self.tid, None)?;
            if !libc::WIFSTOPPED(status) {
                return Err(TraceError::Ended { tid: self.tid, status });
            }
            self.stop = Stop::from_status(status);
            match self.stop {
                Stop::SystemCall => return Ok(()),
                Stop::Interrupted | Stop::JobControl(_) => {}
                Stop::Event(event) => {
                    let message = self.event_message()?;
                    self.events.push((event, message));
                }
                // A fault in injected code is ours, not the program's: nothing sensible can follow.
                Stop::Signal(libc::SIGSEGV | libc::SIGBUS | libc::SIGILL) => {
                    return Err(TraceError::Strange { tid: self.tid, status });
                }
                Stop::Signal(signal) => self.held.push(signal),
            }
        }
        Err(TraceError::Strange { tid: self.tid, status: 0 })
    }

    /// Events seen by remote calls since the last time: (PTRACE_EVENT_*, message).
    pub fn take_events(&mut self) -> Vec<(i32, u64)> {
        std::mem::take(&mut self.events)
    }

    /// Signals taken off the thread by remote calls since the last time.
    pub fn take_held_signals(&mut self) -> Vec<i32> {
        std::mem::take(&mut self.held)
    }

    /// Brings a thread from a system-call stop into the kernel's signal handling, where registers that are set
    /// take part in the restart of an interrupted system call (P-4). Executes no instruction of the program.
    pub fn to_signal_stop(&mut self) -> Result<(), TraceError> {
        if matches!(self.stop, Stop::Interrupted | Stop::JobControl(_)) {
            return Ok(());
        }
        for _ in 0..STRAY_STOPS_MAX {
            request("PTRACE_INTERRUPT", PTRACE_INTERRUPT, self.tid, 0, 0)?;
            self.go(Resume::Run, 0)?;
            let status = wait_status(self.tid, None)?;
            if !libc::WIFSTOPPED(status) {
                return Err(TraceError::Ended { tid: self.tid, status });
            }
            self.stop = Stop::from_status(status);
            match self.stop {
                Stop::Interrupted | Stop::JobControl(_) => return Ok(()),
                Stop::Signal(signal) => self.held.push(signal),
                Stop::SystemCall | Stop::Event(_) => {}
            }
        }
        Err(TraceError::Strange { tid: self.tid, status: 0 })
    }
}

/// Sends `signal` to one thread (tgkill(2)).
pub fn kill_thread(pid: i32, tid: Tid, signal: i32) -> io::Result<()> {
    // SAFETY: plain numbers.
    match unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Reaps traced threads after SIGKILL: each `tid` until it is gone or the deadline passes.
///
/// The leader of a process is not waitable before its other traced threads are reaped (P-2), so they go round
/// with WNOHANG until none is left. Returns those that were still there.
pub fn reap(tids: &[Tid], deadline: Instant) -> Vec<Tid> {
    let mut left = tids.to_vec();
    loop {
        left.retain(|&tid| {
            let mut status = 0;
            // SAFETY: `status` is a live i32.
            let got = unsafe { libc::waitpid(tid, &mut status, libc::__WALL | libc::WNOHANG) };
            let gone = got < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD);
            let dead = got == tid && (libc::WIFEXITED(status) || libc::WIFSIGNALED(status));
            !(gone || dead)
        });
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        std::thread::sleep(Duration::from_micros(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn stops_are_told_apart() {
        assert_eq!(Stop::from_status(0x80_057f), Stop::Interrupted);
        assert_eq!(Stop::from_status(0x80_137f), Stop::JobControl(libc::SIGSTOP));
        assert_eq!(Stop::from_status(0x00_857f), Stop::SystemCall);
        assert_eq!(Stop::from_status(0x00_0a7f), Stop::Signal(libc::SIGUSR1));
        assert_eq!(Stop::from_status(0x03_057f), Stop::Event(event::CLONE));
    }

    #[test]
    fn a_thread_that_does_not_stop_is_reported_not_waited_for() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let running = Running::seize(child.id() as i32, 0).unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(matches!(running.wait(Some(soon)), Err(TraceError::Deadline { .. })));
        running.interrupt().unwrap();
        let stopped = running.wait_stopped(Some(Instant::now() + Duration::from_secs(10))).unwrap();
        assert_eq!(stopped.stop(), Stop::Interrupted);
        assert!(stopped.registers().unwrap().is_64_bit());
        assert!(stopped.xstate().unwrap().len() >= 576);
        stopped.detach(0).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
