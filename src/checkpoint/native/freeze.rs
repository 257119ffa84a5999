//! Making a process tree stand still and letting it go on as if nothing had happened.
//!
//! Owns the traced threads, what they were doing, and everything borrowed from them (registers, signal masks,
//! bytes of memory): dropping a [`FrozenTree`] gives all of it back.

use super::arch_x86_64 as arch;
use super::belong::{gone_is_empty, walk};
use super::proc;
use crate::checkpoint::CheckpointError;
use crate::sys::arch_x86_64::{Registers, SYSCALL_INSTRUCTION};
use crate::sys::memory::{ProcessMemory, RemotePtr};
use crate::sys::ptrace::{self, Resume, Running, Stop, Stopped, Tid, TraceError, Waited, options};
use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

/// One try at stopping everything; a vfork(2) parent stops only after its child has run on (P-16).
const ATTEMPT: Duration = Duration::from_millis(250);
/// Pause between tries, in which a vfork child can reach its exec.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);
/// How long a thaw waits for a thread that never stopped; it must be let go through a stop.
const STRAGGLER: Duration = Duration::from_secs(10);
/// How long killed threads may take to end.
const DEATH: Duration = Duration::from_secs(10);
/// Most passes over the tree before it counts as one that multiplies too fast.
const PASSES_MAX: usize = 1000;
/// Most threads of one tree.
pub const THREADS_MAX: usize = 20_000;
/// Bytes lent by the stack below the red zone for the results of injected calls.
const SCRATCH: u64 = 1024;
const RED_ZONE: u64 = 128;

/// A thread that stands still.
#[derive(Debug)]
pub struct FrozenThread {
    /// Its number on this host.
    pub tid: Tid,
    /// General registers at the stop.
    pub registers: Registers,
    /// Blocked signals, as the program set them.
    pub mask: u64,
    /// A signal is pending that it does not block.
    pub deliverable: bool,
    /// The stopping signal of a job-control stop.
    pub job_stop: Option<i32>,
    state: Option<State>,
    /// Registers or mask are not the program's at the moment.
    disturbed: bool,
}

#[derive(Debug)]
enum State {
    Running(Running),
    Stopped(Stopped),
}

impl FrozenThread {
    /// The tracee, which is stopped for as long as the tree is frozen.
    pub fn tracee(&mut self) -> Result<&mut Stopped, CheckpointError> {
        match &mut self.state {
            Some(State::Stopped(stopped)) => Ok(stopped),
            _ => Err(CheckpointError::Strange(format!("thread {} is not stopped", self.tid))),
        }
    }

    /// Notes what the thread was doing, once it has stopped.
    fn note(&mut self, stopped: Stopped, rseq_at: &ProcessMemory) -> Result<(), TraceError> {
        self.job_stop = match stopped.stop() {
            Stop::JobControl(signal) => Some(signal),
            Stop::Interrupted | Stop::SystemCall | Stop::Signal(_) | Stop::Event(_) => None,
        };
        self.registers = stopped.registers()?;
        self.mask = stopped.sigmask()?;
        if arch::may_be_spurious(&self.registers) {
            let status = proc::Status::read(&format!("/proc/{}/task/{0}", self.tid)).unwrap_or_default();
            self.deliverable = status.pending & !status.blocked != 0;
        }
        abort_critical_section(&stopped, rseq_at, &mut self.registers);
        self.state = Some(State::Stopped(stopped));
        Ok(())
    }
}

/// A thread stopped inside a restartable sequence must go on at its abort handler: the kernel would see to that,
/// but it looks at the place the thread resumes from, which is the injected system call.
fn abort_critical_section(stopped: &Stopped, memory: &ProcessMemory, registers: &mut Registers) {
    const RSEQ_CS: u64 = 8;
    const START_IP: u64 = 8;
    let Ok((area, size, _, _)) = stopped.rseq() else { return };
    if area == 0 || size == 0 {
        return;
    }
    let Ok(descriptor) = memory.read_u64(RemotePtr::new(area + RSEQ_CS)) else { return };
    if descriptor == 0 {
        return;
    }
    let field = |n: u64| memory.read_u64(RemotePtr::new(descriptor + START_IP + 8 * n));
    if let (Ok(start), Ok(length), Ok(abort)) = (field(0), field(1), field(2))
        && registers.ip().wrapping_sub(start) < length
    {
        registers.set_ip(abort);
    }
}

/// A process that stands still, or a zombie.
#[derive(Debug)]
pub struct FrozenProcess {
    /// Its pid on this host.
    pub pid: i32,
    /// Its parent in the tree, 0 for none.
    pub ppid: i32,
    /// Its threads, the leader first; none for a zombie.
    pub threads: Vec<FrozenThread>,
    /// Its memory; `None` for a zombie.
    pub memory: Option<ProcessMemory>,
    /// Bytes to be put back before it runs.
    borrowed: Vec<(RemotePtr, Vec<u8>)>,
}

impl FrozenProcess {
    /// True for one that has ended and was not waited for.
    pub fn is_zombie(&self) -> bool {
        self.threads.is_empty()
    }

    /// Stopped by job control with this signal.
    pub fn job_stop(&self) -> Option<i32> {
        self.threads.first().and_then(|thread| thread.job_stop)
    }

    /// Prepares thread number `index` for system calls on its behalf.
    pub fn inject(&mut self, index: usize, maps: &[proc::Map]) -> Result<Injector<'_>, CheckpointError> {
        let pid = self.pid;
        let memory = self.memory.as_ref().ok_or(CheckpointError::Gone { pid, status: None })?;
        let thread = self
            .threads
            .get_mut(index)
            .ok_or_else(|| CheckpointError::Strange(format!("process {pid} has no thread {index}")))?;
        let at = call_site(memory, maps).ok_or_else(|| {
            CheckpointError::Strange(format!("process {pid} has no system-call instruction"))
        })?;
        let scratch = scratch_place(thread.registers.sp(), maps)
            .ok_or_else(|| CheckpointError::Strange(format!("process {pid} has no writable memory")))?;
        let mut saved = vec![0; SCRATCH as usize];
        memory
            .read(scratch, &mut saved)
            .map_err(CheckpointError::system(format!("reading the stack of {pid}")))?;
        self.borrowed.push((scratch, saved));
        if !thread.disturbed {
            thread.disturbed = true;
            thread
                .tracee()?
                .set_sigmask(u64::MAX)
                .map_err(CheckpointError::trace(format!("blocking signals of {pid}")))?;
        }
        Ok(Injector { thread, memory, at, scratch })
    }

    /// Puts back the bytes that injected calls have used. Registers and masks follow at the thaw.
    pub fn give_back_memory(&mut self) {
        if let Some(memory) = &self.memory {
            for (at, bytes) in self.borrowed.drain(..).rev() {
                // Only a process that has died meanwhile refuses this, and then it does not matter.
                let _ = memory.write(at, &bytes);
            }
        }
    }
}

/// A `syscall` instruction in the process: the vdso always holds one.
pub fn call_site(memory: &ProcessMemory, maps: &[proc::Map]) -> Option<RemotePtr> {
    let vdso = maps.iter().find(|map| map.path == b"[vdso]");
    let others = maps.iter().filter(|map| map.prot & 4 != 0 && map.path != b"[vsyscall]");
    vdso.into_iter().chain(others).find_map(|map| {
        let mut code = vec![0; (map.end - map.start).min(1 << 20) as usize];
        memory.read(RemotePtr::new(map.start), &mut code).ok()?;
        let at = memchr::memmem::find(&code, &SYSCALL_INSTRUCTION)?;
        Some(RemotePtr::new(map.start + at as u64))
    })
}

/// Writable private memory for results: below the red zone of the stack, or wherever there is some.
fn scratch_place(stack: u64, maps: &[proc::Map]) -> Option<RemotePtr> {
    let wanted = stack.wrapping_sub(RED_ZONE + SCRATCH) & !15;
    let fits = |map: &&proc::Map| map.prot & 3 == 3 && !map.shared && map.end - map.start >= SCRATCH;
    let on_stack = maps.iter().find(|map| fits(map) && map.start <= wanted && wanted + SCRATCH <= map.end);
    on_stack
        .map(|_| RemotePtr::new(wanted))
        .or_else(|| maps.iter().find(fits).map(|map| RemotePtr::new(map.start)))
}

/// A thread about to execute system calls for us.
#[derive(Debug)]
pub struct Injector<'a> {
    thread: &'a mut FrozenThread,
    memory: &'a ProcessMemory,
    at: RemotePtr,
    /// Scratch memory in the process, 1 KiB, writable.
    pub scratch: RemotePtr,
}

impl Injector<'_> {
    /// Executes one system call; the raw result, `-errno` on failure.
    pub fn call(&mut self, number: i64, args: [u64; 6]) -> Result<i64, CheckpointError> {
        let tid = self.thread.tid;
        let at = self.at;
        self.thread
            .tracee()?
            .call(at, number, args)
            .map_err(CheckpointError::trace(format!("system call {number} in thread {tid}")))
    }

    /// Executes one that must succeed.
    pub fn expect(
        &mut self,
        what: &'static str,
        number: i64,
        args: [u64; 6],
    ) -> Result<i64, CheckpointError> {
        let result = self.call(number, args)?;
        if result < 0 {
            let source = io::Error::from_raw_os_error(-result as i32);
            return Err(CheckpointError::System { what: format!("{what} in {}", self.thread.tid), source });
        }
        Ok(result)
    }

    /// The first `N` words of the scratch memory.
    pub fn words<const N: usize>(&self) -> Result<[u64; N], CheckpointError> {
        let mut bytes = vec![0; N * 8];
        self.memory
            .read(self.scratch, &mut bytes)
            .map_err(CheckpointError::system("reading the result of an injected call"))?;
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Ok(words)
    }

    /// Writes to the scratch memory.
    pub fn put(&self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.memory
            .write(self.scratch, bytes)
            .map_err(CheckpointError::system("writing the argument of an injected call"))
    }
}

/// A tree that stands still. Dropped: it runs on.
#[derive(Debug)]
pub struct FrozenTree {
    root: i32,
    /// Parents before children, the root first.
    pub processes: Vec<FrozenProcess>,
    /// EXIT_KILL is set.
    sealed: bool,
}

impl FrozenTree {
    /// Stops the tree under `root`, all threads, all descendants.
    pub fn freeze(root: i32, timeout: Duration) -> Result<FrozenTree, CheckpointError> {
        let deadline = Instant::now() + timeout;
        loop {
            let attempt = (Instant::now() + ATTEMPT).min(deadline);
            match FrozenTree::attempt(root, attempt) {
                Err(CheckpointError::Trace { source: TraceError::Deadline { .. }, .. })
                    if Instant::now() < deadline =>
                {
                    std::thread::sleep(BETWEEN_ATTEMPTS);
                }
                other => return other,
            }
        }
    }

    fn attempt(root: i32, deadline: Instant) -> Result<FrozenTree, CheckpointError> {
        let mut tree = FrozenTree { root, processes: Vec::new(), sealed: false };
        let mut order = Vec::new();
        for _ in 0..PASSES_MAX {
            order = walk(root).map_err(CheckpointError::system(format!("reading the children of {root}")))?;
            let fresh = tree.seize_new(&order)?;
            tree.wait_new(deadline)?;
            if fresh == 0 {
                break;
            }
        }
        let place: HashMap<i32, (usize, i32)> =
            order.iter().enumerate().map(|(at, &(pid, ppid))| (pid, (at, ppid))).collect();
        // What is not in the last walk has ended.
        tree.processes.retain(|process| place.contains_key(&process.pid));
        for process in &mut tree.processes {
            process.ppid = place[&process.pid].1;
        }
        tree.processes.sort_by_key(|process| place[&process.pid].0);
        for process in tree.processes.iter_mut().filter(|process| process.memory.is_some()) {
            // What was opened before it stood still is another program's if it has executed one since.
            process.memory = open_memory(process.pid)?;
        }
        match tree.processes.first() {
            Some(first) if first.pid == root && !first.is_zombie() => Ok(tree),
            _ => Err(CheckpointError::Gone { pid: root, status: None }),
        }
    }

    /// Seizes and interrupts every thread not known yet; how many new threads and zombies there were.
    fn seize_new(&mut self, order: &[(i32, i32)]) -> Result<usize, CheckpointError> {
        let mut fresh = 0;
        for &(pid, ppid) in order {
            let at = match self.processes.iter().position(|p| p.pid == pid) {
                Some(at) if self.processes[at].is_zombie() => continue,
                Some(at) => at,
                None => {
                    let Ok(stat) = proc::Stat::read(&format!("/proc/{pid}")) else { continue };
                    let alone = proc::threads(pid).is_ok_and(|threads| threads.len() <= 1);
                    let dead = matches!(stat.state, b'Z' | b'X') && alone;
                    let memory = if dead { None } else { open_memory(pid)? };
                    if !dead && memory.is_none() {
                        // It is ending: the next pass sees what it has become.
                        fresh += 1;
                        continue;
                    }
                    let process =
                        FrozenProcess { pid, ppid, threads: Vec::new(), memory, borrowed: Vec::new() };
                    fresh += usize::from(dead);
                    self.processes.push(process);
                    if dead {
                        continue;
                    }
                    self.processes.len() - 1
                }
            };
            fresh += self.processes[at].seize_new()?;
            let total: usize = self.processes.iter().map(|p| p.threads.len()).sum();
            if total > THREADS_MAX {
                return Err(CheckpointError::Strange(format!("more than {THREADS_MAX} threads")));
            }
        }
        Ok(fresh)
    }

    fn wait_new(&mut self, deadline: Instant) -> Result<(), CheckpointError> {
        let root = self.root;
        for process in &mut self.processes {
            let Some(memory) = &process.memory else { continue };
            let mut ended = Vec::new();
            for thread in &mut process.threads {
                let Some(State::Running(running)) = &thread.state else { continue };
                let failed = CheckpointError::trace(format!("stopping thread {}", thread.tid));
                match wait_interrupted(running, deadline) {
                    Ok(Waited::Stopped(stopped)) => thread.note(stopped, memory).map_err(failed)?,
                    Ok(Waited::Ended(status)) => ended.push((thread.tid, status)),
                    Err(e) => return Err(failed(e)),
                }
            }
            process.threads.retain(|thread| ended.iter().all(|&(tid, _)| tid != thread.tid));
            if let Some(&(_, status)) = ended.iter().find(|&&(tid, _)| tid == root) {
                return Err(CheckpointError::Gone { pid: root, status: Some(status) });
            }
        }
        // A process whose threads have all ended is looked at again by the next pass, as a zombie or not at all.
        self.processes.retain(|process| process.memory.is_none() || !process.threads.is_empty());
        Ok(())
    }

    /// Ties the tree's life to this OS thread: when it ends, the tree dies.
    pub fn set_exit_kill(&mut self, on: bool) -> Result<(), CheckpointError> {
        let options = if on { options::EXIT_KILL } else { 0 };
        for thread in self.processes.iter_mut().flat_map(|p| &mut p.threads) {
            let tid = thread.tid;
            thread
                .tracee()?
                .set_options(options)
                .map_err(CheckpointError::trace(format!("sealing thread {tid}")))?;
        }
        self.sealed = on;
        Ok(())
    }

    /// The tree may run again when it is dropped, even if [`FrozenTree::set_exit_kill`] failed for a thread.
    pub fn unseal(&mut self) {
        self.sealed = false;
    }

    /// Kills every process and reaps what is ours to reap: the traced threads, and among them the root if it is
    /// our child. Zombies of the tree go when their parents do.
    pub fn kill(mut self) {
        self.sealed = false;
        let mut tids = Vec::new();
        for process in &mut self.processes {
            if !process.is_zombie() {
                // Only ESRCH can come back: it is dead already.
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(process.pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
            // Non-leaders first: the leader is not waitable before them.
            tids.extend(process.threads.iter().skip(1).map(|t| t.tid));
            tids.extend(process.threads.first().map(|t| t.tid));
            process.threads.clear();
            process.borrowed.clear();
        }
        ptrace::reap(&tids, Instant::now() + DEATH);
    }

    fn let_go(&mut self) {
        for process in &mut self.processes {
            process.give_back_memory();
        }
        let mut stragglers = Vec::new();
        // Children first: a parent that runs again finds its stopped job stopped.
        for process in self.processes.iter_mut().rev() {
            let (pid, job_stop) = (process.pid, process.job_stop());
            for mut thread in process.threads.drain(..) {
                match thread.state.take() {
                    Some(State::Stopped(stopped)) => release(pid, &mut thread, stopped),
                    Some(State::Running(running)) => {
                        stragglers.push((process.memory.as_ref(), thread, running))
                    }
                    None => {}
                }
            }
            if job_stop.is_some() {
                wait_for_stop(pid);
            }
        }
        // The others run now, so whatever kept these from stopping can end.
        let deadline = Instant::now() + STRAGGLER;
        while !stragglers.is_empty() && Instant::now() < deadline {
            stragglers.retain_mut(|(memory, thread, running)| {
                let Ok(Waited::Stopped(stopped)) = wait_interrupted(running, Instant::now()) else {
                    return is_alive(running.tid());
                };
                if let Some(memory) = memory {
                    let _ = thread.note(stopped, memory);
                }
                if let Some(State::Stopped(stopped)) = thread.state.take() {
                    release(memory.map_or(0, ProcessMemory::pid), thread, stopped);
                }
                false
            });
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

fn is_alive(tid: Tid) -> bool {
    proc::Stat::read(&format!("/proc/{tid}")).is_ok_and(|stat| !matches!(stat.state, b'Z' | b'X'))
}

/// Waits for the stop that was asked for. A signal that was being delivered at that moment stops the thread first:
/// it is delivered (its handler's frame is made, nothing of it runs) and the stop follows.
fn wait_interrupted(running: &Running, deadline: Instant) -> Result<Waited, TraceError> {
    loop {
        match running.wait(Some(deadline))? {
            Waited::Stopped(stopped) => match stopped.stop() {
                Stop::Signal(signal) => {
                    stopped.resume(Resume::Run, signal)?;
                }
                _ => return Ok(Waited::Stopped(stopped)),
            },
            ended => return Ok(ended),
        }
    }
}

/// Lets one thread run on as it was. Failures mean that it has been killed meanwhile.
fn release(pid: i32, thread: &mut FrozenThread, mut stopped: Stopped) {
    let registers = arch::resume_here(thread.registers, thread.deliverable);
    if thread.disturbed || registers != thread.registers {
        let _ = stopped.to_signal_stop();
        let _ = stopped.set_registers(&registers);
    }
    if thread.disturbed {
        let _ = stopped.set_sigmask(thread.mask);
    }
    for signal in stopped.take_held_signals() {
        let _ = ptrace::kill_thread(pid, thread.tid, signal);
    }
    let _ = stopped.detach(0);
}

impl Drop for FrozenTree {
    fn drop(&mut self) {
        if self.sealed {
            // Sealed: a tree that may already live elsewhere must not run here.
            let root = self.root;
            std::mem::replace(self, FrozenTree { root, processes: Vec::new(), sealed: false }).kill();
        } else {
            self.let_go();
        }
    }
}

impl FrozenProcess {
    fn seize_new(&mut self) -> Result<usize, CheckpointError> {
        let mut fresh = 0;
        let threads = match proc::threads(self.pid) {
            Ok(threads) => threads,
            Err(e) => gone_is_empty(e)
                .map_err(CheckpointError::system(format!("reading the threads of {}", self.pid)))?,
        };
        for tid in threads {
            if self.threads.iter().any(|thread| thread.tid == tid) {
                continue;
            }
            let running = match Running::seize(tid, 0) {
                Ok(running) => running,
                // Ended, or ending: the next pass sees what it has become.
                Err(e) if e.errno() == Some(libc::ESRCH) => continue,
                Err(e) if e.errno() == Some(libc::EPERM) && is_dead(self.pid, tid) => continue,
                Err(e) => return Err(CheckpointError::trace(format!("tracing thread {tid}"))(e)),
            };
            fresh += 1;
            let interrupted = running.interrupt();
            self.threads.push(FrozenThread {
                tid,
                registers: Registers([0; crate::sys::arch_x86_64::WORDS]),
                mask: 0,
                deliverable: false,
                job_stop: None,
                state: Some(State::Running(running)),
                disturbed: false,
            });
            match interrupted {
                Err(e) if e.errno() != Some(libc::ESRCH) => {
                    return Err(CheckpointError::trace(format!("stopping thread {tid}"))(e));
                }
                _ => {}
            }
        }
        Ok(fresh)
    }
}

fn is_dead(pid: i32, tid: i32) -> bool {
    match proc::Stat::read(&format!("/proc/{pid}/task/{tid}")) {
        Ok(stat) => matches!(stat.state, b'Z' | b'X'),
        Err(_) => true,
    }
}

fn open_memory(pid: i32) -> Result<Option<ProcessMemory>, CheckpointError> {
    match ProcessMemory::open(pid) {
        Ok(memory) => Ok(Some(memory)),
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => Ok(None),
        // A process that has given up its memory belongs to root as far as /proc goes, until it is a zombie.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied && has_no_memory(pid) => Ok(None),
        Err(e) => Err(CheckpointError::system(format!("opening the memory of {pid}"))(e)),
    }
}

fn has_no_memory(pid: i32) -> bool {
    let sizes = proc::read(&format!("/proc/{pid}/statm")).unwrap_or_default();
    sizes.is_empty() || sizes.starts_with(b"0 ")
}

/// Longest wait for a job to be in its stop again, once it is let go.
const STOP_AGAIN: Duration = Duration::from_millis(50);

/// A job-stopped process that is let go runs through the kernel into its stop. Waits until it is there, so that
/// nobody finds it running.
pub fn wait_for_stop(pid: i32) {
    let deadline = Instant::now() + STOP_AGAIN;
    while proc::Stat::read(&format!("/proc/{pid}"))
        .is_ok_and(|stat| !matches!(stat.state, b'T' | b'Z' | b'X'))
        && Instant::now() < deadline
    {
        std::thread::yield_now();
    }
}
