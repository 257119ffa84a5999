//! Many system calls in another process for the price of one stop: a loop of 56 bytes in a page of its
//! own (the park) works through a table of calls and writes down their results.
//!
//! A stop costs about 7 µs and one call by [`Stopped::call`] needs two; emacs needs some 2,000 calls.
//! The loop ends in `int3`. The SIGTRAP it raises is kept from the process; the kernel resets the
//! action of a forced signal only if it is blocked or ignored (P-1), so SIGTRAP is neither while
//! batches run.

use crate::sys::arch_x86_64::Registers;
use crate::sys::memory::{ProcessMemory, RemotePtr};
use crate::sys::ptrace::{Resume, Running, Stop, Stopped, TraceError, event};

/// The loop: r12 is the table, r13 the number of entries.
#[rustfmt::skip]
const CODE: [u8; 56] = [
    0x4d, 0x85, 0xed,             // top: test r13, r13
    0x74, 0x32,                   // jz done
    0x49, 0x8b, 0x04, 0x24,       // mov rax, [r12]
    0x49, 0x8b, 0x7c, 0x24, 0x08, // mov rdi, [r12+8]
    0x49, 0x8b, 0x74, 0x24, 0x10, // mov rsi, [r12+16]
    0x49, 0x8b, 0x54, 0x24, 0x18, // mov rdx, [r12+24]
    0x4d, 0x8b, 0x54, 0x24, 0x20, // mov r10, [r12+32]
    0x4d, 0x8b, 0x44, 0x24, 0x28, // mov r8, [r12+40]
    0x4d, 0x8b, 0x4c, 0x24, 0x30, // mov r9, [r12+48]
    0x0f, 0x05,                   // syscall
    0x49, 0x89, 0x44, 0x24, 0x38, // mov [r12+56], rax
    0x49, 0x83, 0xc4, 0x40,       // add r12, 64
    0x49, 0xff, 0xcd,             // dec r13
    0xeb, 0xc9,                   // jmp top
    0xcc,                         // done: int3
];
/// Bytes of one entry of the table.
const ENTRY: usize = 64;
/// Where in the park the data of calls begins; the code is before.
const DATA: u64 = 4096;

/// r13 and r12 in `struct user_regs_struct`.
const R13: usize = 2;
const R12: usize = 3;

/// What a call of a batch must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything but an error.
    Success,
    /// Exactly this.
    Exactly(i64),
    /// Nothing depends on it.
    Anything,
}

#[derive(Debug)]
struct Call {
    what: String,
    expect: Expect,
}

/// A call that did not give what it must.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The tracing failed.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The park could not be written or read.
    #[error("memory of the process: {0}")]
    Memory(#[from] std::io::Error),
    /// A call failed.
    #[error("{what}: {source}")]
    Call {
        /// Which.
        what: String,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// A call gave something else.
    #[error("{what}: got {got}, expected {expected}")]
    Unexpected {
        /// Which.
        what: String,
        /// Its result.
        got: i64,
        /// What it had to be.
        expected: i64,
    },
    /// More than the park holds.
    #[error("{0} bytes of calls and data do not fit")]
    TooLarge(usize),
}

/// Calls to be made, with the data they point to.
#[derive(Debug)]
pub struct Batch {
    park: u64,
    size: u64,
    data: Vec<u8>,
    table: Vec<u8>,
    calls: Vec<Call>,
}

/// What came of a batch.
#[derive(Debug)]
pub struct Outcome {
    /// Result of each call.
    #[cfg_attr(not(test), expect(dead_code, reason = "every result was checked when it came"))]
    pub results: Vec<i64>,
    /// Threads born, in the order of their birth.
    pub threads: Vec<i32>,
}

impl Batch {
    /// An empty one for a park of `size` bytes at `park`.
    pub fn new(park: u64, size: u64) -> Batch {
        Batch { park, size, data: Vec::new(), table: Vec::new(), calls: Vec::new() }
    }

    /// Puts bytes into the park; their address there, aligned to 16.
    pub fn data(&mut self, bytes: &[u8]) -> u64 {
        self.data.resize(self.data.len().next_multiple_of(16), 0);
        let at = self.park + DATA + self.data.len() as u64;
        self.data.extend_from_slice(bytes);
        at
    }

    /// The same for words.
    pub fn words(&mut self, words: &[u64]) -> u64 {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self.data(&bytes)
    }

    /// Adds a call.
    pub fn call(&mut self, what: impl Into<String>, number: libc::c_long, args: &[u64], expect: Expect) {
        let mut entry = [0u64; ENTRY / 8];
        entry[0] = number as u64;
        for (place, value) in entry[1..7].iter_mut().zip(args) {
            *place = *value;
        }
        self.table.extend(entry.iter().flat_map(|w| w.to_le_bytes()));
        self.calls.push(Call { what: what.into(), expect });
    }

    fn table_at(&self) -> u64 {
        self.park + DATA + self.data.len().next_multiple_of(16) as u64
    }

    /// Starts the calls in a thread; [`Begun::finish`] waits for them.
    pub fn begin(self, memory: &ProcessMemory, stopped: Stopped) -> Result<Begun, BatchError> {
        let table_at = self.table_at();
        let bytes = (table_at - self.park) as usize + self.table.len();
        if bytes as u64 > self.size {
            return Err(BatchError::TooLarge(bytes));
        }
        if !self.data.is_empty() {
            memory.write(RemotePtr::new(self.park + DATA), &self.data)?;
        }
        if !self.table.is_empty() {
            memory.write(RemotePtr::new(table_at), &self.table)?;
        }
        let mut registers = stopped.registers()?;
        registers.set_ip(self.park);
        // No call in progress: otherwise the kernel might rewind the instruction pointer (P-3).
        registers.set_call_number(-1);
        registers.0[R12] = table_at;
        registers.0[R13] = self.calls.len() as u64;
        stopped.set_registers(&registers)?;
        let running = stopped.resume(Resume::Run, 0)?;
        Ok(Begun { batch: self, running })
    }
}

/// A batch under way.
#[derive(Debug)]
pub struct Begun {
    batch: Batch,
    running: Running,
}

impl Begun {
    /// Waits for the end and checks every result. A call that failed leaves the thread stopped and is
    /// an error: the tree is given up then.
    pub fn finish(self, memory: &ProcessMemory) -> Result<(Stopped, Outcome), BatchError> {
        let mut threads = Vec::new();
        let mut stopped = self.running.wait_stopped(None)?;
        loop {
            match stopped.stop() {
                Stop::Signal(libc::SIGTRAP) => break,
                Stop::Event(event::CLONE) => threads.push(stopped.event_message()? as i32),
                Stop::Interrupted | Stop::JobControl(_) | Stop::SystemCall | Stop::Event(_) => {}
                Stop::Signal(signal) => {
                    return Err(TraceError::Strange { tid: stopped.tid(), status: signal << 8 | 0x7f }.into());
                }
            }
            stopped = stopped.resume(Resume::Run, 0)?.wait_stopped(None)?;
        }
        let mut table = vec![0; self.batch.table.len()];
        if !table.is_empty() {
            memory.read(RemotePtr::new(self.batch.table_at()), &mut table)?;
        }
        let (entries, _) = table.as_chunks::<ENTRY>();
        let mut results = Vec::with_capacity(entries.len());
        for (entry, call) in entries.iter().zip(&self.batch.calls) {
            let (words, _) = entry.as_chunks::<8>();
            let got = i64::from_le_bytes(words[ENTRY / 8 - 1]);
            check(call, got)?;
            results.push(got);
        }
        Ok((stopped, Outcome { results, threads }))
    }
}

fn check(call: &Call, got: i64) -> Result<(), BatchError> {
    match call.expect {
        Expect::Anything => Ok(()),
        Expect::Success | Expect::Exactly(_) if (-4095..0).contains(&got) => Err(BatchError::Call {
            what: call.what.clone(),
            source: std::io::Error::from_raw_os_error(-got as i32),
        }),
        Expect::Exactly(expected) if got != expected => {
            Err(BatchError::Unexpected { what: call.what.clone(), got, expected })
        }
        Expect::Success | Expect::Exactly(_) => Ok(()),
    }
}

/// Writes the loop into a fresh park.
pub fn install(memory: &ProcessMemory, park: u64) -> std::io::Result<()> {
    memory.write(RemotePtr::new(park), &CODE)
}

/// Registers with which a new thread waits for its first batch.
pub fn at_rest(mut registers: Registers, park: u64) -> Registers {
    registers.set_ip(park);
    registers.set_call_number(-1);
    registers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ptrace::options;
    use std::process::Command;
    use std::time::{Duration, Instant};

    /// Address and bytes of the vdso of a process.
    fn vdso_of(pid: i32) -> u64 {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let line = maps.lines().find(|l| l.ends_with("[vdso]")).unwrap();
        u64::from_str_radix(line.split('-').next().unwrap(), 16).unwrap()
    }

    #[test]
    fn test_a_batch_makes_its_calls_in_another_process_and_reports_a_failure_by_name() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = child.id() as i32;
        let running = Running::seize(pid, options::EXIT_KILL).unwrap();
        running.interrupt().unwrap();
        let mut stopped = running.wait_stopped(Some(Instant::now() + Duration::from_secs(10))).unwrap();
        let memory = ProcessMemory::open(pid).unwrap();
        let vdso = vdso_of(pid);
        let mut code = vec![0; 4096];
        memory.read(RemotePtr::new(vdso), &mut code).unwrap();
        let at = vdso + code.windows(2).position(|w| w == [0x0f, 0x05]).unwrap() as u64;
        let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
        let park = stopped
            .call(RemotePtr::new(at), libc::SYS_mmap, [0, 65536, 7, flags, u64::MAX, 0])
            .unwrap() as u64;
        install(&memory, park).unwrap();
        let mut batch = Batch::new(park, 65536);
        batch.call("getpid", libc::SYS_getpid, &[], Expect::Exactly(i64::from(pid)));
        let name = batch.data(b"batched\0");
        batch.call("name", libc::SYS_prctl, &[libc::PR_SET_NAME as u64, name], Expect::Success);
        for _ in 0..500 {
            batch.call("getppid", libc::SYS_getppid, &[], Expect::Success);
        }
        let (stopped, outcome) = batch.begin(&memory, stopped).unwrap().finish(&memory).unwrap();
        assert_eq!(outcome.results[501], i64::from(std::process::id()));
        assert_eq!(std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap(), "batched\n");
        let mut batch = Batch::new(park, 65536);
        batch.call("close nothing", libc::SYS_close, &[9999], Expect::Success);
        let error = batch.begin(&memory, stopped).unwrap().finish(&memory).unwrap_err();
        assert!(error.to_string().starts_with("close nothing: Bad file descriptor"), "{error}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
