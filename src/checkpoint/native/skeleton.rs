//! The processes of a tree before they are themselves: each gets its number, parent, session, group,
//! terminal and descriptors, says it is ready, waits to be traced and executes its program, whose
//! memory the keeper then replaces.

use super::epoll;
use super::init::{Doing, InitError, InitRequest, path, report, tag};
use super::open::Opened;
use super::plan::{Node, Plan, Role};
use crate::checkpoint::model::{FileId, FileKind, FileLock, LockKind, Pid, ProcState, Process};
use crate::sys::clone3::{self, Forked, Parent, SingleThreaded};
use crate::sys::{fdpass, fdtable, prctl, ptmx, shared::SharedCounters, signals};
use std::ffi::CString;
use std::os::fd::RawFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a process waits for the others, at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// Counters of [`SharedCounters`].
mod counter {
    /// Exist and have made their group, if they lead one.
    pub const BORN: usize = 0;
    /// Are in their group.
    pub const GROUPED: usize = 1;
    /// Have their descriptors.
    pub const PLACED: usize = 2;
    /// Have failed.
    pub const FAILED: usize = 3;
}

/// What every process of the skeleton knows.
pub struct Skeleton<'a> {
    /// The request.
    pub request: &'a InitRequest,
    /// Order of births.
    pub plan: &'a Plan,
    /// Files opened for all.
    pub opened: &'a Opened,
    /// Counters shared by all.
    pub counters: SharedCounters,
    /// Channel to the keeper.
    pub control: RawFd,
    /// Pipe with one byte for each process, when it is traced.
    pub go: RawFd,
    /// Only this thread.
    pub proof: SingleThreaded,
}

/// Forks the roots of the plan; returns the pid of the tree's root in this namespace.
pub fn bear(skeleton: &Skeleton<'_>) -> Result<Pid, InitError> {
    let mut root = 0;
    for &index in &skeleton.plan.roots {
        let pid = skeleton.fork(index)?;
        if skeleton.plan.nodes[index].role == Role::Process(0) {
            root = pid;
        }
    }
    Ok(root)
}

impl Skeleton<'_> {
    /// Forks one node; only the parent returns.
    fn fork(&self, index: usize) -> Result<Pid, InitError> {
        let node = &self.plan.nodes[index];
        // A helper's number only has to keep out of the way, and outside a namespace it cannot choose.
        let wanted = (self.request.tier.isolates() || node.role != Role::Courier).then_some(node.number);
        let forked = match clone3::fork_as(self.proof, wanted, Parent::Caller) {
            Err(e) if e.raw_os_error() == Some(libc::EEXIST) => return Err(InitError::Taken(node.number)),
            forked => forked.doing(|| format!("make process {}", node.number))?,
        };
        match forked {
            Forked::Parent(pid) => Ok(pid),
            Forked::Child => {
                let error = match self.live(node) {
                    Ok(code) => clone3::exit_now(code),
                    Err(error) => error,
                };
                if let Ok(channel) = crate::sys::tty::duplicate(self.control) {
                    use std::os::fd::AsFd;
                    report(channel.as_fd(), &error);
                }
                self.counters.increment(counter::FAILED);
                clone3::exit_now(1)
            }
        }
    }

    fn live(&self, node: &Node) -> Result<i32, InitError> {
        let mut helpers = Vec::new();
        let mut bear = |children: &[usize]| -> Result<(), InitError> {
            for &child in children {
                let pid = self.fork(child)?;
                if !matches!(self.plan.nodes[child].role, Role::Process(_)) {
                    helpers.push(pid);
                }
            }
            Ok(())
        };
        bear(&node.early)?;
        if node.leads_session {
            nix::unistd::setsid().doing(|| format!("start session {}", node.number))?;
            if let Some(tty) = node.takes_tty {
                let slave = self.slave(tty)?;
                ptmx::take_controlling(slave)
                    .doing(|| format!("give session {} its terminal", node.number))?;
            }
        }
        if node.gives_up_tty {
            self.give_up_tty()?;
        }
        if node.group == node.number && !node.leads_session && node.role != Role::Courier {
            join_group(0, node.group)?;
        }
        bear(&node.late)?;
        if node.role == Role::Courier {
            return Ok(0);
        }
        self.arrive(counter::BORN, self.plan.lasting())?;
        if node.group != node.number {
            join_group(0, node.group)?;
        }
        self.arrive(counter::GROUPED, self.plan.lasting())?;
        if let (Some(group), Some(tty)) = (node.foreground, node.takes_tty) {
            // A group without members any more cannot be set, and does not matter.
            let _ = ptmx::set_foreground(self.slave(tty)?, group);
        }
        let process = match node.role {
            Role::Process(process) => Some(&self.request.tree.processes[process]),
            Role::Holder | Role::Courier => None,
        };
        match process {
            Some(process) => match process.state {
                ProcState::Zombie(status) => {
                    self.await_placed()?;
                    self.collect(&helpers, &[])?;
                    Ok(die_like(status))
                }
                _ => {
                    self.place(process)?;
                    self.counters.increment(counter::PLACED);
                    self.await_placed()?;
                    self.collect(&helpers, &self.zombie_children(process.pid))?;
                    self.become_program(process)
                }
            },
            None => {
                self.await_placed()?;
                self.collect(&helpers, &[])?;
                Ok(0)
            }
        }
    }

    fn slave(&self, tty: u32) -> Result<RawFd, InitError> {
        self.opened.slaves.get(&tty).copied().ok_or_else(|| {
            InitError::Request(format!("/dev/pts/{tty} is a controlling terminal and not in the tree"))
        })
    }

    fn give_up_tty(&self) -> Result<(), InitError> {
        let tty = fdtable::open(Path::new("/dev/tty"), libc::O_RDWR | libc::O_NOCTTY, 0)
            .doing(|| "open /dev/tty".into())?;
        ptmx::drop_controlling(tty).doing(|| "give up the terminal".into())?;
        fdtable::close(tty);
        Ok(())
    }

    /// Counts itself in and waits for the others.
    fn arrive(&self, which: usize, total: u32) -> Result<(), InitError> {
        self.counters.increment(which);
        self.wait_for(which, total)
    }

    fn wait_for(&self, which: usize, total: u32) -> Result<(), InitError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.counters.get(counter::FAILED) > 0 {
                return Err(InitError::Elsewhere);
            }
            let seen = self.counters.get(which);
            if seen >= total {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(InitError::Request(format!(
                    "only {seen} of {total} processes came to step {which}"
                )));
            }
            self.counters.wait_change(which, seen, Duration::from_millis(50));
        }
    }

    fn await_placed(&self) -> Result<(), InitError> {
        let living = self
            .plan
            .nodes
            .iter()
            .filter(|n| match n.role {
                Role::Process(i) => !matches!(self.request.tree.processes[i].state, ProcState::Zombie(_)),
                Role::Holder | Role::Courier => false,
            })
            .count();
        self.wait_for(counter::PLACED, living as u32)
    }

    fn zombie_children(&self, pid: Pid) -> Vec<Pid> {
        let dead = |p: &&Process| p.ppid == pid && matches!(p.state, ProcState::Zombie(_));
        self.request.tree.processes.iter().filter(dead).map(|p| p.pid).collect()
    }

    /// Reaps helpers, and waits until zombies are dead without reaping them.
    fn collect(&self, helpers: &[Pid], zombies: &[Pid]) -> Result<(), InitError> {
        use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
        use nix::unistd::Pid as NixPid;
        for &pid in helpers {
            waitpid(NixPid::from_raw(pid), None).doing(|| format!("reap helper {pid}"))?;
        }
        for &pid in zombies {
            waitid(Id::Pid(NixPid::from_raw(pid)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
                .doing(|| format!("wait for {pid}"))?;
        }
        Ok(())
    }

    /// First living process that has this file open: it does what is to be done once.
    fn is_first_holder(&self, process: &Process, file: FileId) -> bool {
        let living = |p: &&Process| !matches!(p.state, ProcState::Zombie(_) | ProcState::Placeholder);
        self.request
            .tree
            .processes
            .iter()
            .filter(living)
            .find(|p| p.fds.iter().any(|fd| fd.file == file))
            .is_some_and(|p| p.pid == process.pid)
    }

    /// Descriptors, folder, umask.
    fn place(&self, process: &Process) -> Result<(), InitError> {
        let tree = &self.request.tree;
        for fd in &process.fds {
            let kind = &tree.files[fd.file as usize].kind;
            if let FileKind::PidFd { pid } = kind {
                let made = fdtable::pid_fd(*pid).doing(|| format!("pidfd of {pid}"))?;
                fdtable::put_at(made, fd.fd, false).doing(|| format!("put a pidfd at {}", fd.fd))?;
                fdtable::close(made);
                continue;
            }
            // Close-on-exec comes after the exec that is still to come.
            fdtable::put_at(self.request.file_fd(fd.file), fd.fd, false)
                .doing(|| format!("put a file at {}", fd.fd))?;
        }
        for fd in &process.fds {
            let file = &tree.files[fd.file as usize];
            self.locks(fd.fd, &file.locks, self.is_first_holder(process, fd.file))?;
            // Once for all its numbers: mio has its epoll set under two.
            let first = process.fds.iter().find(|other| other.file == fd.file).is_some_and(|f| f.fd == fd.fd);
            if !first || !self.is_first_holder(process, fd.file) {
                continue;
            }
            if let FileKind::Epoll { .. } = &file.kind {
                epoll::watch(self.request, process, fd.file)?;
            }
            // A thread's own number does not exist yet; the keeper sets such an owner later.
            if let Some((kind, pid)) = file.owner
                && (kind != 0 || tree.processes.iter().any(|p| p.pid == pid))
            {
                // ESRCH: the owner is gone already, and then nobody gets the signal, as before.
                let _ = fdtable::set_owner(fd.fd, kind, pid);
            }
            if file.signal != 0 {
                fdtable::set_owner_signal(fd.fd, file.signal).doing(|| "F_SETSIG".into())?;
            }
            if file.flags as i32 & libc::O_ASYNC != 0 {
                fdtable::set_status_flags(fd.fd, file.flags as i32).doing(|| "set O_ASYNC".into())?;
            }
        }
        let folder = path(&process.cwd);
        std::env::set_current_dir(folder).doing(|| format!("enter {}", folder.display()))?;
        fdtable::set_umask(process.umask);
        Ok(())
    }

    fn locks(&self, fd: RawFd, locks: &[FileLock], first: bool) -> Result<(), InitError> {
        for lock in locks {
            // POSIX locks go when any descriptor of the file is closed in the process, as exec will do with
            // the high ones; the keeper takes them afterwards.
            let mine = first && lock.kind != LockKind::Posix;
            if mine {
                fdtable::lock(
                    fd,
                    lock.kind == LockKind::Flock,
                    lock.kind == LockKind::OpenFile,
                    lock.exclusive,
                    lock.start,
                    lock.len,
                )
                .doing(|| format!("lock descriptor {fd} again"))?;
            }
        }
        Ok(())
    }

    /// Says it is ready, waits to be traced, and executes the program.
    fn become_program(&self, process: &Process) -> Result<i32, InitError> {
        // Only now: what helpers and zombies left behind is not the program's.
        signals::drain();
        if let Some(&(soft, hard)) = process.rlimits.get(libc::RLIMIT_STACK as usize)
            && let Ok((_, most)) = fdtable::limit(libc::RLIMIT_STACK)
        {
            // The kernel leaves room for the stack according to the limit at exec.
            let _ = fdtable::set_limit(libc::RLIMIT_STACK, soft.min(most), hard.min(most));
        }
        if !nix::unistd::geteuid().is_root() {
            // After the exec an ordinary user has only what is ambient, and threads need their numbers (P-18).
            prctl::raise_ambient(prctl::CAP_CHECKPOINT_RESTORE)
                .doing(|| "keep CAP_CHECKPOINT_RESTORE".into())?;
        }
        let program = self
            .request
            .mapped
            .get(process.exe as usize)
            .and_then(Option::as_ref)
            .ok_or_else(|| InitError::Request(format!("process {} has no program", process.pid)))?;
        let argv = [CString::new("qmux-restore").expect("no NUL in it")];
        let channel = crate::sys::tty::duplicate(self.control).doing(|| "duplicate the channel".into())?;
        let mut packet = vec![tag::READY];
        packet.extend_from_slice(&process.pid.to_le_bytes());
        {
            use std::os::fd::AsFd;
            fdpass::send(channel.as_fd(), &packet, &[]).doing(|| "report".into())?;
        }
        drop(channel);
        if !fdtable::read_byte(self.go).doing(|| "wait to be traced".into())? {
            return Err(InitError::Elsewhere);
        }
        let mut error = fdtable::execute(program, &argv, &[]);
        if error.raw_os_error() == Some(libc::ENOENT) && program.exists() {
            error = execute_without_interpreter(program, &argv);
        }
        Err(InitError::Io { what: format!("execute {}", program.display()), source: error })
    }
}

fn join_group(pid: Pid, group: Pid) -> Result<(), InitError> {
    use nix::unistd::{Pid as NixPid, setpgid};
    setpgid(NixPid::from_raw(pid), NixPid::from_raw(group)).doing(|| format!("enter group {group}"))
}

/// Ends as the zombie had ended. Returns the exit code where it had one.
fn die_like(status: i32) -> i32 {
    let signal = status & 0x7f;
    if signal != 0 {
        let _ = fdtable::set_limit(libc::RLIMIT_CORE, 0, 0);
        signals::unblock(signal);
        let _ = signals::send(std::process::id() as i32, signal);
    }
    status >> 8 & 0xff
}

/// Executes a copy of a program that names no interpreter. The program's own is absent on this host (another
/// libc), which makes execve(2) fail, and it is not needed: no instruction runs before the memory is replaced.
fn execute_without_interpreter(program: &Path, argv: &[CString]) -> std::io::Error {
    let copy = || {
        let mut bytes = std::fs::read(program)?;
        forget_interpreter(&mut bytes).ok_or(std::io::ErrorKind::NotFound)?;
        let fd = fdtable::memfd(c"qmux-program")?;
        fdtable::write_all(fd, &bytes)?;
        Ok(fd)
    };
    match copy() {
        Ok(fd) => fdtable::execute(Path::new(&format!("/proc/self/fd/{fd}")), argv, &[]),
        Err(error) => error,
    }
}

/// Makes the PT_INTERP header of a 64-bit little-endian ELF file a PT_NULL (elf(5)); `None` when it has none.
fn forget_interpreter(elf: &mut [u8]) -> Option<()> {
    const PT_INTERP: u32 = 3;
    let word = |at: usize| elf.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes);
    let table = usize::try_from(u64::from_le_bytes(elf.get(32..40)?.try_into().ok()?)).ok()?;
    let (size, count) = (usize::from(word(54)?), usize::from(word(56)?));
    for index in 0..count {
        let at = table.checked_add(index * size)?;
        let kind = elf.get_mut(at..at.checked_add(4)?)?;
        if u32::from_le_bytes(kind.try_into().ok()?) == PT_INTERP {
            kind.fill(0);
            return Some(());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_only_the_interpreter_is_forgotten_and_a_mutilated_program_harms_nothing() {
        let mut program = std::fs::read("/bin/sh").unwrap();
        let before = program.clone();
        forget_interpreter(&mut program).unwrap();
        assert_eq!(program.iter().zip(&before).filter(|(a, b)| a != b).count(), 1);
        assert_eq!(forget_interpreter(&mut program), None);
        for length in 0..200 {
            forget_interpreter(&mut before[..length].to_vec());
        }
    }
}
