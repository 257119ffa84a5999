//! Builds the tree of an image, stopped, and lets it run.
//!
//! The order: files that travelled into the store; checks; the init role makes namespaces, terminal
//! and skeleton; each process executes its program and is stopped; its address space is replaced;
//! memory comes from the stream; then, children before parents, threads, timers, signals and
//! credentials; job-stopped processes are stopped and their parents' reports of it taken away.
//! Until [`Restored::resume`] everything is traced with exit-kill.

use super::batch::{self, Batch, BatchError, Begun};
use super::carried::Placed;
use super::freeze::wait_for_stop;
use super::init::{InitRequest, path};
use super::nursery::Nursery;
use super::space::{self, Park};
use super::vdso::{HostVdso, Vdso};
use super::{carried, fill, fitness, person, refill};
use crate::checkpoint::image::{FileChunk, Section};
use crate::checkpoint::model::{FileKind, Manifest, Pid, ProcState, Process, TreeImage, Uts, VmaKind};
use crate::checkpoint::store::{FileStore, Incoming};
use crate::checkpoint::{
    CheckpointError, ContentHash, ImageError, ImageReader, RestoreOptions, Restored, RestoredRoot, Sabotage,
    Tier,
};
use crate::sys::arch_x86_64::Registers;
use crate::sys::memory::{PAGE, ProcessMemory, RemotePtr};
use crate::sys::ptrace::{Resume, Stop, Stopped};
use crate::sys::{fdtable, prctl, ptmx, signals};
use std::collections::{BTreeMap, HashMap};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Instant;

/// Signals blocked while a process is built: all but SIGTRAP, which ends a batch.
const BUILDING_MASK: u64 = !(1 << (libc::SIGTRAP - 1));
/// Question of PR_TIMER_CREATE_RESTORE_IDS.
const PR_TIMER_CREATE_RESTORE_IDS_GET: u64 = 2;

fn failed(what: impl Into<String>) -> impl FnOnce(BatchError) -> CheckpointError {
    let what = what.into();
    move |error| CheckpointError::Strange(format!("{what}: {error}"))
}

/// Builds the tree of an image, stopped. Reads the image to its end.
pub fn restore(
    image: &mut ImageReader<'_>,
    options: &RestoreOptions,
) -> Result<Box<dyn Restored>, CheckpointError> {
    let deadline = Instant::now() + options.timeout;
    let store = FileStore::open(&options.cache)
        .map_err(CheckpointError::system(format!("open the cache {}", options.cache.display())))?;
    let Some(Section::Manifest(manifest)) = image.next_section()? else {
        return Err(ImageError::Altered { section: "manifest".into() }.into());
    };
    let Some(Section::Tree(tree)) = image.next_section()? else {
        return Err(ImageError::Altered { section: "tree".into() }.into());
    };
    let (shipped, mut section) = take_files(image, &tree, &store)?;
    let placed = Placed::put(&tree, &shipped, &store)?;
    let mapped = fitness::check(&manifest, &tree, &shipped, &store)?;
    let request = request(&manifest, &tree, mapped, &options.sabotage);
    let mut build = Build::start(request, &manifest, &tree, options, deadline)?;
    build.replace_spaces()?;
    let mut screen = Vec::new();
    while let Some(now) = section {
        match now {
            Section::Pages(pages) => fill::pages(&build.living, &pages)?,
            Section::Precopied(named) => {
                fill::precopied(&build.living, &named, options.precopied.as_deref())?;
            }
            Section::Screen(bytes) => screen = bytes,
            Section::End(_) => {}
            Section::Manifest(_) | Section::Tree(_) | Section::FileContent(_) => {
                return Err(ImageError::Altered { section: "order of sections".into() }.into());
            }
        }
        section = image.next_section()?;
    }
    build.finish(screen, placed)
}

type Shipped = HashMap<ContentHash, PathBuf>;

/// Puts the files of an image into the store; returns them and the first section after them.
fn take_files(
    image: &mut ImageReader<'_>,
    tree: &TreeImage,
    store: &FileStore,
) -> Result<(Shipped, Option<Section>), CheckpointError> {
    let along = carried::list(tree).map(|(path, size, hash)| (hash, (path, size)));
    let names: HashMap<ContentHash, (&[u8], u64)> =
        along.chain(tree.mapped.iter().map(|file| (file.hash, (file.path.as_slice(), file.size)))).collect();
    let mut shipped = HashMap::new();
    let mut open: Option<Incoming> = None;
    let finish = |incoming: Incoming, shipped: &mut Shipped| {
        let hash = incoming.hash();
        let name = names.get(&hash).map_or(&b""[..], |file| file.0);
        let place =
            incoming.finish(path(name)).map_err(CheckpointError::system("keep a file that travelled"))?;
        shipped.insert(hash, place);
        Ok::<(), CheckpointError>(())
    };
    loop {
        let section = image.next_section()?;
        let Some(Section::FileContent(FileChunk { hash, offset, size, bytes })) = section else {
            if let Some(incoming) = open.take() {
                finish(incoming, &mut shipped)?;
            }
            return Ok((shipped, section));
        };
        if open.as_ref().is_some_and(|incoming| incoming.hash() != hash)
            && let Some(incoming) = open.take()
        {
            finish(incoming, &mut shipped)?;
        }
        if names.get(&hash).is_none_or(|file| file.1 != size) {
            return Err(ImageError::Altered { section: "file content".into() }.into());
        }
        let incoming = match &mut open {
            Some(incoming) => incoming,
            None => {
                let begun = store.receive(hash, size);
                open.insert(begun.map_err(CheckpointError::system("keep a file that travelled"))?)
            }
        };
        incoming.write(offset, &bytes).map_err(CheckpointError::system("keep a file that travelled"))?;
    }
}

/// What the init role is asked for; the tier is filled in later.
fn request(
    manifest: &Manifest,
    tree: &TreeImage,
    mapped: Vec<Option<PathBuf>>,
    sabotage: &Sabotage,
) -> InitRequest {
    let mut open_mapped: BTreeMap<u32, bool> = BTreeMap::new();
    let mut uses: BTreeMap<u32, usize> = BTreeMap::new();
    let watched = tree.files.iter().flat_map(|file| match &file.kind {
        FileKind::Epoll { targets, .. } => targets.as_slice(),
        _ => &[],
    });
    let mut highest = watched.map(|target| target.0).max().unwrap_or(0).max(255);
    for process in &tree.processes {
        highest = process.fds.iter().map(|fd| fd.fd).max().unwrap_or(0).max(highest);
        for vma in &process.vmas {
            match vma.kind {
                VmaKind::Private(file, _) => {
                    open_mapped.entry(file).or_insert(false);
                }
                VmaKind::Shared(file, _) => {
                    *open_mapped.entry(file).or_insert(false) |= vma.prot & libc::PROT_WRITE as u32 != 0;
                }
                VmaKind::SharedAnonymous(segment, _) => *uses.entry(segment).or_insert(0) += 1,
                _ => {}
            }
        }
    }
    let has_file = |segment: &u32| tree.shm_file.get(*segment as usize).copied().flatten().is_some();
    let open_shm = uses.iter().filter(|(s, n)| **n > 1 || has_file(s)).map(|(s, _)| *s).collect();
    let mut slim = tree.clone();
    slim.vdso.clear();
    if manifest.host == super::dump::empty_manifest().host {
        // Nobody on this host will use a socket again that nobody answers at.
        for file in &mut slim.files {
            if let FileKind::Disconnected { listening: Some(listening), .. } = &mut file.kind {
                listening.file = (0, 0);
            }
        }
    }
    for process in &mut slim.processes {
        process.vmas.clear();
        process.mm.auxv.clear();
        for thread in &mut process.threads {
            thread.xstate.clear();
        }
    }
    InitRequest {
        tier: Tier::User,
        tree: slim,
        mapped,
        open_mapped: open_mapped.into_iter().collect(),
        open_shm,
        base: highest + 1,
        inside: (manifest.uid, manifest.gid),
        clocks_ns: (manifest.monotonic_ns, manifest.boottime_ns),
        uts: manifest.uts.clone(),
        leave_termios: sabotage.no_termios,
        probe: false,
    }
}

/// Tiers this user may have, the best first; [`attempt`] says which of them this host allows.
pub fn candidates() -> [Tier; 2] {
    match nix::unistd::geteuid().is_root() {
        true => [Tier::Root, Tier::User],
        false => [Tier::User, Tier::FileCapability],
    }
}

fn capable() -> bool {
    prctl::capabilities().is_ok_and(|c| c.permitted >> prctl::CAP_CHECKPOINT_RESTORE & 1 == 1)
}

/// One process of the tree while it is built.
pub(super) struct Living<'t> {
    pub(super) process: &'t Process,
    stopped: Option<Stopped>,
    pub(super) memory: ProcessMemory,
    park: Park,
    vdso: Vdso,
}

struct Build<'t> {
    tree: &'t TreeImage,
    request: InitRequest,
    nursery: Nursery,
    master: OwnedFd,
    host: HostVdso,
    sabotage: Sabotage,
    /// In the order of the image: parents first.
    living: Vec<Living<'t>>,
    /// User and group of the image and of this host, where they differ.
    mapped_ids: MappedIds,
}

impl<'t> Build<'t> {
    fn start(
        mut request: InitRequest,
        manifest: &Manifest,
        tree: &'t TreeImage,
        options: &RestoreOptions,
        deadline: Instant,
    ) -> Result<Build<'t>, CheckpointError> {
        let mut nursery = None;
        let mut last = CheckpointError::Unfit("no way to restore with the old process numbers".into());
        let mut mapped_ids = (None, None);
        for tier in candidates().into_iter().filter(|tier| *tier != Tier::FileCapability || capable()) {
            request.tier = tier;
            request.inside = (manifest.uid, manifest.gid);
            if tier == Tier::Root {
                mapped_ids = root_ids(manifest)?;
                request.inside.0 = mapped_ids.0.map_or(manifest.uid, |ids: (u32, u32)| ids.1);
            }
            match Nursery::start(&options.helper, &request, deadline) {
                Ok(started) => {
                    nursery = Some(started);
                    break;
                }
                Err(error) => last = error,
            }
        }
        let Some(mut nursery) = nursery else { return Err(last) };
        one_user(request.tier, manifest, tree)?;
        let alive: Vec<&Process> = tree.processes.iter().filter(|p| lives(p)).collect();
        let (master, mut stopped) = nursery.deliver(alive.len())?;
        let mut build = Build {
            tree,
            request,
            nursery,
            master,
            host: HostVdso::read()?,
            sabotage: options.sabotage,
            living: Vec::new(),
            mapped_ids,
        };
        for process in alive {
            let stopped = stopped
                .remove(&process.pid)
                .ok_or_else(|| CheckpointError::Strange(format!("process {} was not made", process.pid)))?;
            build.take_over(process, stopped)?;
        }
        Ok(build)
    }

    /// Makes the park in a process that stands before its first instruction.
    fn take_over(&mut self, process: &'t Process, mut stopped: Stopped) -> Result<(), CheckpointError> {
        let what = || format!("take process {} over", process.pid);
        let traced = CheckpointError::trace(what());
        let pid = stopped.tid();
        stopped.set_sigmask(BUILDING_MASK).map_err(CheckpointError::trace(what()))?;
        let now = space::mappings(&pid.to_string())?;
        let special: u64 = space::special(&now).iter().map(|m| m.end - m.start).sum();
        let park = Park::find(park_size(process), special, &now, &process.vmas)
            .ok_or_else(|| CheckpointError::Unfit(format!("process {} leaves no room", process.pid)))?;
        let vdso = Vdso::plan(&now, &process.vmas, park, &self.tree.vdso, &self.host)?;
        let at = now
            .iter()
            .find(|m| m.name == "[vdso]")
            .map(|m| RemotePtr::new(m.start + self.host.syscall))
            .ok_or_else(|| CheckpointError::Unfit("the new process has no vdso".into()))?;
        let prot = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u64;
        let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE) as u64;
        let args = [park.start, park.size, prot, flags, u64::MAX, 0];
        let got = stopped.call(at, libc::SYS_mmap, args).map_err(traced)?;
        if got != park.start as i64 {
            let error = std::io::Error::from_raw_os_error(-got as i32);
            return Err(CheckpointError::system(what())(error));
        }
        let memory = ProcessMemory::open(pid).map_err(CheckpointError::system(what()))?;
        batch::install(&memory, park.start).map_err(CheckpointError::system(what()))?;
        self.living.push(Living { process, stopped: Some(stopped), memory, park, vdso });
        Ok(())
    }

    /// Replaces all address spaces; the processes work at it at the same time.
    fn replace_spaces(&mut self) -> Result<(), CheckpointError> {
        let mut begun: Vec<Option<Begun>> = Vec::new();
        for living in &mut self.living {
            let process = living.process;
            let stopped = living.stopped.take().ok_or_else(|| lost(process.pid))?;
            let now = space::mappings(&stopped.tid().to_string())?;
            let mut batch = Batch::new(living.park.start, living.park.size);
            space::replace(&mut batch, &self.request, process, living.park, &now, &living.vdso);
            person::early(&mut batch, process, &self.sabotage);
            let what = format!("replace the memory of process {}", process.pid);
            begun.push(Some(batch.begin(&living.memory, stopped).map_err(failed(what))?));
        }
        for (living, begun) in self.living.iter_mut().zip(begun) {
            let what = format!("replace the memory of process {}", living.process.pid);
            if let Some(begun) = begun {
                let (stopped, _) = begun.finish(&living.memory).map_err(failed(what))?;
                living.stopped = Some(stopped);
            }
            if let Some((at, bytes)) = living.vdso.redirected(&self.tree.vdso, &self.host) {
                living
                    .memory
                    .write(RemotePtr::new(at), &bytes)
                    .map_err(CheckpointError::system("redirect the old vdso"))?;
            }
        }
        Ok(())
    }

    /// Everything after memory, children before parents, so that a parent can take its children's stops.
    fn finish(mut self, screen: Vec<u8>, placed: Placed) -> Result<Box<dyn Restored>, CheckpointError> {
        let hard: Vec<(u64, u64)> = (0..16).map(|r| fdtable::limit(r).unwrap_or((0, 0))).collect();
        let ids = self.timer_ids_can_be_chosen();
        let mut threads: Vec<Stopped> = Vec::new();
        let mut root = 0;
        while let Some(mut living) = self.living.pop() {
            let process = living.process;
            let stopped = living.stopped.take().ok_or_else(|| lost(process.pid))?;
            let outer = stopped.tid();
            if self.living.is_empty() {
                root = outer;
            }
            let mut made = self.make_whole(&living, stopped, &hard, ids)?;
            let tids: Vec<i32> = made.iter().skip(1).map(Stopped::tid).collect();
            self.nursery.add_traced(&tids);
            if matches!(process.state, ProcState::Stopped(_)) {
                made = stop_job(outer, made)?;
            }
            threads.extend(made);
        }
        Ok(Box::new(Tree {
            inner_pid: self.tree.processes.first().map_or(0, |p| p.pid),
            pid: root,
            tier: self.request.tier,
            master: self.master,
            nursery: self.nursery,
            threads,
            pending_input: self.tree.tty.pending_input.clone(),
            screen,
            placed,
        }))
    }

    fn timer_ids_can_be_chosen(&self) -> bool {
        prctl::timer_ids(PR_TIMER_CREATE_RESTORE_IDS_GET).is_ok()
    }

    /// Threads, timers, signals, credentials, registers of one process. The leader comes first.
    fn make_whole(
        &self,
        living: &Living<'_>,
        stopped: Stopped,
        hard: &[(u64, u64)],
        ids_can_be_chosen: bool,
    ) -> Result<Vec<Stopped>, CheckpointError> {
        let (process, park) = (living.process, living.park);
        let what = || format!("process {}", process.pid);
        let leader = process.threads.first().ok_or_else(|| lost(process.pid))?;
        // First what needs rights, then the threads' own calls, which end with giving rights up.
        let mut batch = Batch::new(park.start, park.size);
        space::guards(&mut batch, process);
        person::threads(&mut batch, process);
        person::late(&mut batch, &self.request, process, hard);
        person::signals(&mut batch, process, &self.tree.processes, &self.sabotage);
        person::timers(&mut batch, process, ids_can_be_chosen);
        let born = batch.begin(&living.memory, stopped).map_err(failed(what()))?;
        let (mut stopped, outcome) = born.finish(&living.memory).map_err(failed(what()))?;
        let mut made = Vec::new();
        for (tid, thread) in outcome.threads.iter().zip(process.threads.iter().skip(1)) {
            let what = || format!("thread {} of process {}", thread.tid, process.pid);
            let bare = crate::sys::ptrace::Running::adopt(*tid)
                .wait_stopped(None)
                .map_err(CheckpointError::trace(what()))?;
            let registers = bare.registers().map_err(CheckpointError::trace(what()))?;
            bare.set_registers(&batch::at_rest(registers, park.start))
                .map_err(CheckpointError::trace(what()))?;
            let mut batch = Batch::new(park.start, park.size);
            person::thread(&mut batch, thread, park.start, &self.sabotage);
            person::thread_signals(&mut batch, process, thread);
            self.credentials(&mut batch, process);
            let begun = batch.begin(&living.memory, bare).map_err(failed(what()))?;
            let (bare, _) = begun.finish(&living.memory).map_err(failed(what()))?;
            made.push(bare);
        }
        let mut batch = Batch::new(park.start, park.size);
        person::thread(&mut batch, leader, park.start, &self.sabotage);
        person::thread_signals(&mut batch, process, leader);
        self.credentials(&mut batch, process);
        person::last(&mut batch, process);
        let trap =
            person::trap_action(process).map(|a| batch.words(&[a.handler, a.flags, a.restorer, a.mask]));
        let begun = batch.begin(&living.memory, stopped).map_err(failed(what()))?;
        (stopped, _) = begun.finish(&living.memory).map_err(failed(what()))?;
        self.leave(living, &mut stopped, trap)?;
        for (thread, stopped) in process.threads.iter().zip(std::iter::once(&stopped).chain(&made)) {
            set_state(stopped, thread).map_err(CheckpointError::trace(what()))?;
        }
        made.insert(0, stopped);
        Ok(made)
    }

    fn credentials(&self, batch: &mut Batch, process: &Process) {
        let (uid, gid) = self.mapped_ids;
        person::credentials(batch, self.request.tier, &process.creds, uid, gid);
    }

    /// Removes the park, by calls from the vdso, and brings the leader where registers can be set.
    fn leave(
        &self,
        living: &Living<'_>,
        stopped: &mut Stopped,
        trap: Option<u64>,
    ) -> Result<(), CheckpointError> {
        let what = || format!("finish process {}", living.process.pid);
        let Some(at) = living.vdso.syscall(&self.host).map(RemotePtr::new) else {
            return Err(CheckpointError::Unfit(format!("process {} has no vdso", living.process.pid)));
        };
        let mut call = |number, args| -> Result<(), CheckpointError> {
            let got = stopped.call(at, number, args).map_err(CheckpointError::trace(what()))?;
            if got < 0 {
                let error = std::io::Error::from_raw_os_error(-got as i32);
                return Err(CheckpointError::system(what())(error));
            }
            Ok(())
        };
        if let Some(action) = trap {
            call(libc::SYS_rt_sigaction, [libc::SIGTRAP as u64, action, 0, 8, 0, 0])?;
        }
        let park = living.park;
        call(libc::SYS_munmap, [park.start, park.end() - park.start, 0, 0, 0, 0])?;
        stopped.to_signal_stop().map_err(CheckpointError::trace(what()))
    }
}

fn set_state(
    stopped: &Stopped,
    thread: &crate::checkpoint::model::Thread,
) -> Result<(), crate::sys::ptrace::TraceError> {
    if !thread.xstate.is_empty() {
        stopped.set_xstate(&thread.xstate)?;
    }
    if let Some(registers) = Registers::from_words(&thread.regs) {
        stopped.set_registers(&registers)?;
    }
    stopped.set_sigmask(thread.sigmask)
}

fn lives(process: &Process) -> bool {
    matches!(process.state, ProcState::Running | ProcState::Stopped(_))
}

pub(super) fn lost(pid: Pid) -> CheckpointError {
    CheckpointError::Strange(format!("process {pid} is not in the tree"))
}

/// Bytes for code, calls and their data: every call is 64, most data 16 to 256.
fn park_size(process: &Process) -> u64 {
    let calls = process.vmas.len() * 3 + process.fds.len() * 2 + process.guards.len() + 512;
    let data = process.threads.len() * 1024
        + process.timers.iter().map(|t| t.id.max(0) as usize + 1).max().unwrap_or(0) * 256
        + process.pending.len() * 256
        + process.creds.groups.len() * 4
        + (64 << 10);
    ((calls * 64 + data) as u64 + 2 * PAGE).next_multiple_of(PAGE)
}

/// Only root can give processes different owners.
fn one_user(tier: Tier, manifest: &Manifest, tree: &TreeImage) -> Result<(), CheckpointError> {
    if tier == Tier::Root {
        return Ok(());
    }
    match tree.processes.iter().find(|p| lives(p) && p.creds.uid.iter().any(|uid| *uid != manifest.uid)) {
        None => Ok(()),
        Some(process) => Err(CheckpointError::Unfit(format!(
            "process {} runs as user {}, and only root can restore that",
            process.pid, process.creds.uid[1]
        ))),
    }
}

/// Change of a user's numbers.
type MappedIds = (Option<(u32, u32)>, Option<(u32, u32)>);

/// As root: the numbers that the image's user has on this host.
fn root_ids(manifest: &Manifest) -> Result<MappedIds, CheckpointError> {
    if manifest.uid == 0 {
        return Ok((None, None));
    }
    match nix::unistd::User::from_name(&manifest.user).ok().flatten() {
        Some(user) => Ok((Some((manifest.uid, user.uid.as_raw())), Some((manifest.gid, user.gid.as_raw())))),
        None => Err(CheckpointError::Unfit(format!("there is no user {} on this host", manifest.user))),
    }
}

/// Brings a process into a job-control stop, before its first instruction. SIGSTOP, because the
/// terminal's stops are ignored in an orphaned group; the leader takes it and the others join in.
fn stop_job(pid: i32, threads: Vec<Stopped>) -> Result<Vec<Stopped>, CheckpointError> {
    let traced = || CheckpointError::trace(format!("stop job {pid}"));
    signals::send(pid, libc::SIGSTOP).map_err(CheckpointError::system(format!("stop job {pid}")))?;
    let mut out = Vec::new();
    for mut thread in threads {
        loop {
            let deliver = match thread.stop() {
                Stop::JobControl(_) => break,
                Stop::Signal(libc::SIGSTOP) => libc::SIGSTOP,
                _ => 0,
            };
            thread =
                thread.resume(Resume::Run, deliver).map_err(traced())?.wait_stopped(None).map_err(traced())?;
        }
        out.push(thread);
    }
    Ok(out)
}

/// A rebuilt tree that stands still.
struct Tree {
    threads: Vec<Stopped>,
    master: OwnedFd,
    pid: i32,
    inner_pid: i32,
    tier: Tier,
    pending_input: Vec<u8>,
    screen: Vec<u8>,
    /// Before the files: it kills what is left.
    nursery: Nursery,
    placed: Placed,
}

impl Restored for Tree {
    fn root(&self) -> i32 {
        self.pid
    }

    fn master(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    fn screen(&self) -> &[u8] {
        &self.screen
    }

    fn resume(self: Box<Self>) -> Result<RestoredRoot, CheckpointError> {
        // Before anything runs: what was typed first must be read first.
        refill::refill(self.master.as_fd(), &self.pending_input)?;
        let Tree { threads, pid, inner_pid, tier, nursery, placed, .. } = *self;
        let exit = nursery.release()?;
        placed.keep();
        for thread in threads {
            let tid = thread.tid();
            let job = matches!(thread.stop(), Stop::JobControl(_));
            match thread.detach(0) {
                // Its parent follows it and must not find it running.
                Ok(()) if job => wait_for_stop(tid),
                Ok(()) => {}
                // Killed meanwhile from outside: then that is how it ends.
                Err(e) if e.errno() == Some(libc::ESRCH) => {}
                Err(e) => return Err(CheckpointError::trace(format!("let thread {tid} run"))(e)),
            }
        }
        // No SIGWINCH: what the program has drawn is still on the screen, which travels with the pane; programs
        // that get one for nothing clear messages and answer prompts (docs/architecture.md, section 5). Where no
        // screen travelled the caller makes them draw anew: `nudge`.
        Ok(RestoredRoot { pid, inner_pid, tier, exit })
    }

    fn discard(self: Box<Self>) {
        drop(self);
    }
}

/// How long a program has to see the other size before it gets the true one back. Both changes within
/// the program's own delay would look to it like none.
const NUDGE_PAUSE: std::time::Duration = std::time::Duration::from_millis(80);

/// Makes programs draw anew, also those that ignore a SIGWINCH when the size is the old one: one row less, and
/// a moment later the true size again; the kernel sends a SIGWINCH each time. Takes 80 ms. No key should be
/// on its way: a program that reads one with the signal pending may lose it (nano 7.2 does).
pub fn nudge(master: BorrowedFd<'_>) -> Result<(), CheckpointError> {
    let system = CheckpointError::system;
    let size = ptmx::size(master).map_err(system("read the terminal's size"))?;
    let mut other = size;
    other[0] = if size[0] > 1 { size[0] - 1 } else { 2 };
    ptmx::set_size(master, other).map_err(system("set the terminal's size"))?;
    std::thread::sleep(NUDGE_PAUSE);
    ptmx::set_size(master, size).map_err(system("set the terminal's size"))
}

/// Tries each way to restore on this host; the reason where it fails.
pub fn tiers(helper: &std::path::Path) -> Vec<(Tier, Result<(), String>)> {
    let all = [Tier::Root, Tier::User, Tier::FileCapability];
    all.into_iter().map(|tier| (tier, attempt(helper, tier).map_err(|e| e.to_string()))).collect()
}

/// Makes the namespaces of one tier and nothing in them; the error says what the host forbids.
pub fn attempt(helper: &std::path::Path, tier: Tier) -> Result<(), CheckpointError> {
    let root = nix::unistd::geteuid().is_root();
    match tier {
        Tier::Root if !root => return Err(CheckpointError::Unfit("this is not root".into())),
        Tier::FileCapability if !capable() => {
            let why = "qmux has no CAP_CHECKPOINT_RESTORE (setcap cap_checkpoint_restore+ep on it)";
            return Err(CheckpointError::Unfit(why.into()));
        }
        Tier::Root | Tier::User | Tier::FileCapability => {}
    }
    let request = InitRequest {
        tier,
        tree: TreeImage::default(),
        mapped: Vec::new(),
        open_mapped: Vec::new(),
        open_shm: Vec::new(),
        base: 256,
        inside: (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw()),
        clocks_ns: crate::sys::namespace::clocks(),
        // No host is called so: the namespace for names is tried too.
        uts: Some(Uts { node: b"(probe)".to_vec(), domain: Vec::new() }),
        leave_termios: false,
        probe: true,
    };
    let deadline = Instant::now() + std::time::Duration::from_secs(5);
    Nursery::start(helper, &request, deadline)?.probed()
}
