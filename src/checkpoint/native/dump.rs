//! A frozen tree as an image: processes, threads, timers, signals, identities. Descriptors, mappings and memory
//! are described by their own files.

use super::arch_x86_64 as arch;
use super::carried;
use super::fds::{self, Files, Scope};
use super::freeze::{FrozenProcess, FrozenThread, FrozenTree, Injector};
use super::inodes::Inodes;
use super::mapped::{HashCache, Table};
use super::mappings::{Describer, Layout, Segments};
use super::pages;
use super::pane::Pane;
use super::precopy;
use super::precopy::Private;
use super::proc;
use super::view::View;
use crate::checkpoint::image::Space;
use crate::checkpoint::model::*;
use crate::checkpoint::{CheckpointError, DumpOptions, ImageWriter, PageCopies, Stats};
use crate::sys::descriptors::{self, Shared};
use crate::sys::memory::RemotePtr;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

const SIGNALS: i32 = 64;
const PR_GET_PDEATHSIG: u64 = 2;
const PR_GET_DUMPABLE: u64 = 3;
const PR_GET_SECUREBITS: u64 = 27;
const PR_GET_CHILD_SUBREAPER: u64 = 37;
const PR_GET_TID_ADDRESS: u64 = 40;
/// SS_ONSTACK: where the thread is just now, not a setting.
const SS_ONSTACK: i32 = 1;
/// Offset of XCR0 in the software-reserved bytes of an XSAVE area (asm/ptrace.h, USER_XSTATE_FX_SW_WORDS).
const XCR0_IN_XSTATE: usize = 464;

/// What was found out before the freeze.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Files behind mappings.
    pub table: Table,
    /// Mapping flags of each process.
    pub flags: HashMap<i32, Vec<proc::VmFlags>>,
    /// Paths of watched inodes.
    pub inodes: Inodes,
    /// Private memory of each process.
    pub private: Vec<Private>,
    /// What of it was sent ahead.
    pub copies: Option<PageCopies>,
}

/// One dump under way.
pub struct Dumper<'a> {
    /// The tree.
    pub tree: &'a mut FrozenTree,
    /// Its terminal.
    pub pane: &'a Pane,
    /// What was found out before.
    pub prepared: &'a mut Prepared,
    /// Hashes known.
    pub hashes: &'a HashCache,
    /// Outside connections may be cut.
    pub cut: bool,
}

/// The image's description of a tree, and where its memory is.
pub struct Described {
    tree: TreeImage,
    manifest: Manifest,
    layouts: HashMap<i32, Layout>,
    segments: Segments,
}

impl Dumper<'_> {
    /// Writes the whole image. `pending` is what had been typed ahead. Figures, and the files that can be written to.
    pub fn dump(
        &mut self,
        out: &mut ImageWriter<'_>,
        options: &DumpOptions,
        pending: &[u8],
    ) -> Result<(Stats, Vec<PathBuf>), CheckpointError> {
        let started = Instant::now();
        let mut described = self.describe(options)?;
        described.tree.tty.pending_input = pending.to_vec();
        out.manifest(&described.manifest)?;
        out.tree(&described.tree)?;
        // The reader builds processes meanwhile.
        out.flush()?;
        let metadata_us = started.elapsed().as_micros() as u64;
        let mut file_bytes = self.prepared.table.ship(out, &options.ship)?;
        file_bytes += carried::ship(&described.tree, out)?;
        let started = Instant::now();
        let memory_bytes = self.memory(out, &described, options)?;
        let memory_us = started.elapsed().as_micros() as u64;
        if !options.screen.is_empty() {
            out.screen(&options.screen)?;
        }
        out.end()?;
        let stats = Stats {
            processes: self.tree.processes.len() as u32,
            threads: self.tree.processes.iter().map(|p| p.threads.len() as u32).sum(),
            memory_bytes,
            file_bytes,
            freeze_us: 0,
            metadata_us,
            memory_us,
        };
        Ok((stats, carried::written(&described.tree)))
    }

    fn describe(&mut self, options: &DumpOptions) -> Result<Described, CheckpointError> {
        let root = self.tree.processes[0].pid;
        let mut statuses = HashMap::new();
        let mut view = View::default();
        for process in &self.tree.processes {
            let dir = format!("/proc/{}", process.pid);
            let status =
                proc::Status::read(&dir).map_err(CheckpointError::system(format!("reading {dir}")))?;
            view.add(process.pid, &status);
            for thread in process.threads.iter().skip(1) {
                let dir = format!("{dir}/task/{}", thread.tid);
                let status =
                    proc::Status::read(&dir).map_err(CheckpointError::system(format!("reading {dir}")))?;
                view.add_thread(thread.tid, &status);
            }
            statuses.insert(process.pid, status);
        }
        self.check_unshared(&view)?;
        let live: Vec<i32> = self.tree.processes.iter().filter(|p| !p.is_zombie()).map(|p| p.pid).collect();
        let scope = Scope { view: &view, pane: self.pane.index, cut: self.cut, frozen: true };
        let mut files = fds::collect(&live, &scope, &mut self.prepared.inodes)?;
        let mut maps = HashMap::new();
        for &pid in &live {
            let failed = || format!("reading the mappings of {} (pid {pid})", view.name(pid));
            let of_pid = proc::maps(pid).map_err(CheckpointError::system(failed()))?;
            files.add_mapped(&of_pid);
            maps.insert(pid, of_pid);
        }
        carried::identify(&mut files, &options.carry, self.hashes)?;
        let memfds = std::mem::take(&mut files.memfds);
        let (mut segments, mut layouts) = (Segments::default(), HashMap::new());
        let mut processes = Vec::new();
        let mut vdso = Vec::new();
        for process in &mut self.tree.processes {
            let status = &statuses[&process.pid];
            if process.is_zombie() {
                processes.push(zombie(process, status, &view)?);
                continue;
            }
            let (image, layout) = live_process(
                process,
                status,
                maps.get(&process.pid).map_or(&[], Vec::as_slice),
                &view,
                &mut files,
                &mut Describer {
                    view: &view,
                    hashes: self.hashes,
                    table: &mut self.prepared.table,
                    segments: &mut segments,
                    memfds: &memfds,
                },
                self.prepared.flags.get(&process.pid).map_or(&[], Vec::as_slice),
            )?;
            if vdso.is_empty() {
                vdso = read_vdso(process, &layout.vmas)?;
            }
            processes.push(image);
            layouts.insert(process.pid, layout);
        }
        add_placeholders(&mut processes);
        let mut manifest = manifest(root, &statuses[&root], &view, &processes[0], options)?;
        manifest.uts = Some(ask_names(&mut self.tree.processes[0])?);
        let tty = self.pane.describe(root, &view)?;
        let (shm, shm_file) = segments.list.iter().copied().unzip();
        let mapped = self.prepared.table.files.clone();
        let tree = TreeImage { processes, files: files.files, mapped, tty, shm, shm_file, vdso };
        Ok(Described { tree, manifest, layouts, segments })
    }

    /// Two processes on one address space (clone(2) with CLONE_VM but without CLONE_THREAD) would come back as
    /// two address spaces; so would shared descriptor tables.
    fn check_unshared(&self, view: &View) -> Result<(), CheckpointError> {
        for process in self.tree.processes.iter().filter(|p| !p.is_zombie() && p.ppid != 0) {
            let alive = |pid: i32| self.tree.processes.iter().any(|p| p.pid == pid && !p.is_zombie());
            if !alive(process.ppid) {
                continue;
            }
            for what in [Shared::Memory, Shared::Files, Shared::Fs] {
                if descriptors::shares(process.pid, process.ppid, what).unwrap_or(false) {
                    let cause = "it shares its memory or descriptors with its parent process";
                    let cure = "Try again; a program that always does so cannot be moved";
                    return Err(view.refusal("shared-process", process.pid, "", cause, cure).into());
                }
            }
        }
        Ok(())
    }

    fn memory(
        &mut self,
        out: &mut ImageWriter<'_>,
        described: &Described,
        options: &DumpOptions,
    ) -> Result<u64, CheckpointError> {
        let compress = options.compress;
        let known = self.prepared.copies.as_ref().filter(|_| options.precopied);
        let mut total = 0;
        for (process, image) in self.tree.processes.iter().zip(&described.tree.processes) {
            let (Some(memory), Some(layout)) = (&process.memory, described.layouts.get(&process.pid)) else {
                continue;
            };
            let space = Space::Process(image.pid);
            let written = pages::written(process.pid, &layout.private)?;
            total += match known {
                Some(copies) => {
                    precopy::write_changed(out, image.pid, memory, &written.pages, copies, compress)?
                }
                None => pages::write_private(out, space, memory, &written.pages, compress)?,
            };
            for &(start, end) in &layout.whole {
                total += pages::write_nonzero(out, space, memory, (start, end - start, start), compress)?;
            }
        }
        for part in described.segments.to_read() {
            let process = self.tree.processes.iter().find(|p| p.pid == part.pid);
            let Some(memory) = process.and_then(|p| p.memory.as_ref()) else { continue };
            let space = Space::Shared(part.segment);
            total += pages::write_nonzero(out, space, memory, pages::of_part(&part), compress)?;
        }
        Ok(total)
    }
}

/// The vdso's contents, for a destination whose own is another.
fn read_vdso(process: &FrozenProcess, vmas: &[Vma]) -> Result<Vec<u8>, CheckpointError> {
    let (Some(memory), Some(vma)) = (&process.memory, vmas.iter().find(|v| v.kind == VmaKind::Vdso)) else {
        return Ok(Vec::new());
    };
    let mut bytes = vec![0; (vma.end - vma.start) as usize];
    memory
        .read(RemotePtr::new(vma.start), &mut bytes)
        .map_err(CheckpointError::system("reading the vdso"))?;
    Ok(bytes)
}

fn zombie(process: &FrozenProcess, status: &proc::Status, view: &View) -> Result<Process, CheckpointError> {
    let dir = format!("/proc/{}", process.pid);
    let stat = proc::Stat::read(&dir).map_err(CheckpointError::system(format!("reading {dir}")))?;
    let mut image = empty_process(status, ProcState::Zombie(stat.exit_code()));
    image.ppid = view.inner(process.ppid).unwrap_or(0);
    Ok(image)
}

/// A process without anything but its numbers.
fn empty_process(status: &proc::Status, state: ProcState) -> Process {
    let own = |numbers: &[i32]| numbers.last().copied().unwrap_or(0);
    Process {
        pid: own(&status.ns_pid),
        ppid: 0,
        pgid: own(&status.ns_pgid),
        sid: own(&status.ns_sid),
        ctty: None,
        state,
        exe: 0,
        cwd: b"/".to_vec(),
        umask: status.umask,
        creds: Creds {
            uid: status.uid,
            gid: status.gid,
            groups: status.groups.clone(),
            caps: status.caps,
            securebits: 0,
        },
        rlimits: Vec::new(),
        nice: 0,
        oom_score_adj: 0,
        dumpable: 1,
        no_new_privs: status.no_new_privs,
        pdeathsig: 0,
        subreaper: false,
        mm: Mm::default(),
        vmas: Vec::new(),
        sigactions: Vec::new(),
        pending: Vec::new(),
        itimers: [(0, 0); 3],
        timers: Vec::new(),
        fds: Vec::new(),
        guards: Vec::new(),
        threads: Vec::new(),
    }
}

fn live_process(
    process: &mut FrozenProcess,
    status: &proc::Status,
    maps: &[proc::Map],
    view: &View,
    files: &mut Files,
    describer: &mut Describer<'_>,
    flags: &[proc::VmFlags],
) -> Result<(Process, Layout), CheckpointError> {
    let pid = process.pid;
    let dir = format!("/proc/{pid}");
    let failed =
        |what: &str| CheckpointError::system(format!("reading {what} of {} (pid {pid})", view.name(pid)));
    if process.threads[0].tid != pid {
        let cause = "its first thread has ended while others go on";
        return Err(view.refusal("dead-leader", pid, "", cause, "End it first").into());
    }
    if !process.threads.iter().all(|thread| thread.registers.is_64_bit()) {
        return Err(view.refusal("32-bit", pid, "", "it runs 32-bit code", "End it first").into());
    }
    let stat = proc::Stat::read(&dir).map_err(failed("the state"))?;
    let layout = describer.layout(pid, maps, flags)?;
    let mut image = empty_process(status, process.job_stop().map_or(ProcState::Running, ProcState::Stopped));
    image.ppid = view.inner(process.ppid).unwrap_or(0);
    image.ctty = stat.terminal().filter(|t| (136..144).contains(&t.0)).map(|t| (t.0 - 136) * 256 + t.1);
    image.exe = describer.table.of_exe(pid, describer.hashes)?;
    image.cwd = proc::link(&format!("{dir}/cwd")).map_err(failed("the directory"))?;
    if let Some(stem) = image.cwd.strip_suffix(b" (deleted)") {
        image.cwd = stem.to_vec();
        files.warnings.push(format!("{} is in a directory that was deleted", view.name(pid)));
    }
    image.rlimits = proc::limits(pid).map_err(failed("the limits"))?;
    image.nice = stat.nice();
    image.oom_score_adj = proc::read(&format!("{dir}/oom_score_adj"))
        .ok()
        .and_then(|text| String::from_utf8_lossy(&text).trim().parse().ok())
        .unwrap_or(0);
    let [
        start_code,
        end_code,
        start_stack,
        start_data,
        end_data,
        start_brk,
        arg_start,
        arg_end,
        env_start,
        env_end,
    ] = stat.layout();
    image.mm = Mm {
        start_code,
        end_code,
        start_data,
        end_data,
        start_brk,
        brk: 0,
        start_stack,
        arg_start,
        arg_end,
        env_start,
        env_end,
        auxv: proc::read(&format!("{dir}/auxv")).map_err(failed("the auxiliary vector"))?,
    };
    image.fds = files.tables.remove(&pid).unwrap_or_default();
    let guards = pages::written(pid, &[])?.guards;
    image.guards = guards.iter().map(|run| (run.start, run.len)).collect();
    let timers = proc::timers(pid).map_err(failed("the timers"))?;
    ask_process(process, maps, status, view, &timers, &mut image)?;
    for index in 0..process.threads.len() {
        image.threads.push(thread_image(process, index, maps, view)?);
    }
    process.give_back_memory();
    image.vmas = layout.vmas.clone();
    Ok((image, layout))
}

/// What only the process itself can be asked: by system calls on its behalf in the leader.
fn ask_process(
    process: &mut FrozenProcess,
    maps: &[proc::Map],
    status: &proc::Status,
    view: &View,
    timers: &[proc::Timer],
    image: &mut Process,
) -> Result<(), CheckpointError> {
    let pending = process.threads[0]
        .tracee()?
        .pending(true)
        .map_err(CheckpointError::trace("reading pending signals"))?;
    image.pending = pending.iter().map(|info| serde_bytes::ByteBuf::from(info.to_vec())).collect();
    let mut leader = process.inject(0, maps)?;
    image.mm.brk = leader.expect("brk", libc::SYS_brk, [0; 6])? as u64;
    image.sigactions = sigactions(&mut leader, status.caught | status.ignored)?;
    for (which, value) in image.itimers.iter_mut().enumerate() {
        let args = [which as u64, leader.scratch.addr(), 0, 0, 0, 0];
        leader.expect("getitimer", libc::SYS_getitimer, args)?;
        let [interval_s, interval_us, value_s, value_us] = leader.words()?;
        *value = (interval_s * 1_000_000 + interval_us, value_s * 1_000_000 + value_us);
    }
    for timer in timers {
        image.timers.push(posix_timer(&mut leader, timer, view)?);
    }
    let option = |leader: &mut Injector<'_>, option: u64| {
        leader.expect("prctl", libc::SYS_prctl, [option, 0, 0, 0, 0, 0])
    };
    image.dumpable = option(&mut leader, PR_GET_DUMPABLE)? as i32;
    image.creds.securebits = option(&mut leader, PR_GET_SECUREBITS)? as u32;
    let to_scratch = |leader: &mut Injector<'_>, option: u64| -> Result<i32, CheckpointError> {
        leader.put(&[0; 8])?;
        let args = [option, leader.scratch.addr(), 0, 0, 0, 0];
        leader.expect("prctl", libc::SYS_prctl, args)?;
        Ok(leader.words::<1>()?[0] as i32)
    };
    image.pdeathsig = to_scratch(&mut leader, PR_GET_PDEATHSIG)?;
    image.subreaper = to_scratch(&mut leader, PR_GET_CHILD_SUBREAPER)? != 0;
    Ok(())
}

/// How the tree's root sees this host called; all of the tree live in one UTS namespace (`assess`).
fn ask_names(process: &mut FrozenProcess) -> Result<Uts, CheckpointError> {
    /// Bytes of each field of `struct new_utsname` (linux/utsname.h), the last one NUL.
    const FIELD: usize = 65;
    const WORDS: usize = (6 * FIELD).div_ceil(8);
    let pid = process.pid;
    let maps = proc::maps(pid).map_err(CheckpointError::system(format!("reading the mappings of {pid}")))?;
    let mut leader = process.inject(0, &maps)?;
    leader.expect("uname", libc::SYS_uname, [leader.scratch.addr(), 0, 0, 0, 0, 0])?;
    let bytes: Vec<u8> = leader.words::<WORDS>()?.iter().flat_map(|word| word.to_le_bytes()).collect();
    let field = |n: usize| bytes[n * FIELD..][..FIELD].iter().copied().take_while(|b| *b != 0).collect();
    // sysname, nodename, release, version, machine, domainname.
    Ok(Uts { node: field(1), domain: field(5) })
}

/// Actions of all signals; only those that are not the default are asked for.
fn sigactions(leader: &mut Injector<'_>, set: u64) -> Result<Vec<SigAction>, CheckpointError> {
    let mut all = vec![SigAction::default(); SIGNALS as usize];
    for signal in (1..=SIGNALS).filter(|signal| set >> (signal - 1) & 1 == 1) {
        let args = [signal as u64, 0, leader.scratch.addr(), 8, 0, 0];
        leader.expect("rt_sigaction", libc::SYS_rt_sigaction, args)?;
        let [handler, flags, restorer, mask] = leader.words()?;
        all[signal as usize - 1] = SigAction { handler, flags, restorer, mask };
    }
    Ok(all)
}

fn posix_timer(
    leader: &mut Injector<'_>,
    timer: &proc::Timer,
    view: &View,
) -> Result<PosixTimer, CheckpointError> {
    let args = [timer.id as u64, leader.scratch.addr(), 0, 0, 0, 0];
    leader.expect("timer_gettime", libc::SYS_timer_gettime, args)?;
    let [interval_s, interval_ns, value_s, value_ns] = leader.words()?;
    let overrun = leader.call(libc::SYS_timer_getoverrun, [timer.id as u64, 0, 0, 0, 0, 0])?;
    Ok(PosixTimer {
        id: timer.id,
        clock: timer.clock,
        notify: timer.notify,
        signal: timer.signal,
        value: timer.value,
        tid: view.inner(timer.target).unwrap_or(0),
        interval_ns: interval_s * 1_000_000_000 + interval_ns,
        value_ns: value_s * 1_000_000_000 + value_ns,
        overrun: overrun.max(0) as i32,
    })
}

fn thread_image(
    process: &mut FrozenProcess,
    index: usize,
    maps: &[proc::Map],
    view: &View,
) -> Result<Thread, CheckpointError> {
    let pid = process.pid;
    let FrozenThread { tid, registers, mask, deliverable, .. } = process.threads[index];
    let failed = |what: &str| CheckpointError::trace(format!("reading {what} of thread {tid}"));
    let tracee = process.threads[index].tracee()?;
    let xstate = tracee.xstate().map_err(failed("the FPU state"))?;
    let pending = tracee.pending(false).map_err(failed("pending signals"))?;
    let rseq = tracee.rseq().map_err(failed("the rseq area"))?;
    let mut injector = process.inject(index, maps)?;
    let at = injector.scratch.addr();
    injector.expect("sigaltstack", libc::SYS_sigaltstack, [0, at, 0, 0, 0, 0])?;
    let [sp, flags, size] = injector.words()?;
    let altstack = (sp, flags as i32 & !SS_ONSTACK, size);
    injector.expect("prctl", libc::SYS_prctl, [PR_GET_TID_ADDRESS, at, 0, 0, 0, 0])?;
    let [clear_tid] = injector.words()?;
    process.give_back_memory();
    let comm = proc::read(&format!("/proc/{pid}/task/{tid}/comm"))
        .map_err(CheckpointError::system(format!("reading the name of thread {tid}")))?;
    Ok(Thread {
        tid: view.inner(tid).unwrap_or(tid),
        comm: comm.strip_suffix(b"\n").unwrap_or(&comm).to_vec(),
        regs: arch::resume_elsewhere(registers, deliverable).0.to_vec(),
        xstate,
        sigmask: mask,
        pending: pending.iter().map(|info| serde_bytes::ByteBuf::from(info.to_vec())).collect(),
        altstack,
        clear_tid,
        robust_list: descriptors::robust_list(tid).unwrap_or((0, 0)),
        rseq,
        sched: descriptors::scheduling(tid).unwrap_or((0, 0)),
    })
}

/// Groups and sessions whose leader has ended need someone with that number to be made at all.
fn add_placeholders(processes: &mut Vec<Process>) {
    let present: HashSet<Pid> = processes.iter().map(|p| p.pid).collect();
    let mut added = HashSet::new();
    let mut extra = Vec::new();
    let sessions = processes.iter().map(|p| (p.sid, p.sid));
    let groups = processes.iter().map(|p| (p.pgid, p.sid));
    for (number, sid) in sessions.chain(groups) {
        if number != 0 && !present.contains(&number) && added.insert(number) {
            let numbers = proc::Status {
                ns_pid: vec![number],
                ns_pgid: vec![number],
                ns_sid: vec![sid],
                ..proc::Status::default()
            };
            extra.push(empty_process(&numbers, ProcState::Placeholder));
        }
    }
    processes.append(&mut extra);
}

fn manifest(
    root: i32,
    status: &proc::Status,
    view: &View,
    image: &Process,
    options: &DumpOptions,
) -> Result<Manifest, CheckpointError> {
    let mut random = [0; 16];
    let failed = || CheckpointError::system("reading /dev/urandom");
    let mut source = std::fs::File::open("/dev/urandom").map_err(failed())?;
    std::io::Read::read_exact(&mut source, &mut random).map_err(failed())?;
    let (monotonic, boottime) = proc::clock_offsets(root);
    let clock = |id| {
        nix::time::clock_gettime(id)
            .map(|t| i128::from(t.tv_sec()) * 1_000_000_000 + i128::from(t.tv_nsec()))
            .unwrap_or(0)
    };
    let xstate = image.threads.first().map_or(&[][..], |thread| thread.xstate.as_slice());
    let mut made = empty_manifest();
    made.image_id = crate::ids::ImageId::from_random(random).to_string();
    made.cpu.xsave_size = xstate.len() as u32;
    made.cpu.xfeatures = xstate
        .get(XCR0_IN_XSTATE..XCR0_IN_XSTATE + 8)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u64::from_le_bytes);
    made.uid = status.uid[0];
    made.gid = status.gid[0];
    made.user = nix::unistd::User::from_uid(made.uid.into()).ok().flatten().map_or(String::new(), |u| u.name);
    made.created_ms = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64);
    made.monotonic_ns = clock(nix::time::ClockId::CLOCK_MONOTONIC) + monotonic;
    made.boottime_ns = clock(nix::time::ClockId::CLOCK_BOOTTIME) + boottime;
    made.root = image.pid;
    made.title = if options.title.is_empty() { view.name(root).to_string() } else { options.title.clone() };
    Ok(made)
}

/// A manifest of this host and of no tree.
pub fn empty_manifest() -> Manifest {
    let name = nix::sys::utsname::uname().ok();
    let text = |part: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        name.as_ref().map_or(String::new(), |n| part(n).to_string_lossy().into_owned())
    };
    Manifest {
        image_id: String::new(),
        qmux: env!("CARGO_PKG_VERSION").into(),
        host: text(|n| n.nodename()),
        kernel: text(|n| n.release()),
        arch: text(|n| n.machine()),
        cpu: host_cpu(),
        uid: 0,
        gid: 0,
        user: String::new(),
        created_ms: 0,
        monotonic_ns: 0,
        boottime_ns: 0,
        uts: None,
        root: 0,
        title: String::new(),
    }
}

/// The CPU of this host. All processors are taken to be alike; /proc/cpuinfo's first is read, once in the life of
/// the process: the kernel writes it anew for each processor, and a tree may be standing still.
pub fn host_cpu() -> Cpu {
    static CPU: std::sync::OnceLock<Cpu> = std::sync::OnceLock::new();
    CPU.get_or_init(read_cpu).clone()
}

fn read_cpu() -> Cpu {
    let text = proc::read("/proc/cpuinfo").unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find(|line| line.starts_with("flags"));
    let mut flags: Vec<String> = line
        .and_then(|line| line.split_once(':'))
        .map(|(_, flags)| flags.split_ascii_whitespace().map(str::to_string).collect())
        .unwrap_or_default();
    flags.sort_unstable();
    let (xfeatures, xsave_size) = crate::sys::arch_x86_64::xsave();
    Cpu { xfeatures, xsave_size, flags }
}
