//! What makes a process itself besides its memory: descriptors' flags, signal actions, threads,
//! timers, limits, pending signals and credentials, as batches of calls made in the process.

use super::batch::{Batch, Expect};
use super::init::InitRequest;
use crate::checkpoint::model::{Creds, LockKind, PosixTimer, ProcState, Process, SigAction, Thread};
use crate::checkpoint::{Sabotage, Tier};
use crate::sys::prctl::{Capabilities, capset_arguments};

const PR_TIMER_CREATE_RESTORE_IDS: u64 = 77;
/// Most timers made and deleted on an old kernel to reach a wanted id.
const TIMER_IDS_MAX: i32 = 4096;
/// Pending signals taken away before the program's own are put in; more kinds cannot have arisen.
const DRAINS: usize = 4;
const CAP_LAST: u32 = 40;
const KERNEL_MASK: u64 = 8;

/// Everything that needs no memory yet: flags of descriptors, signal actions.
pub fn early(batch: &mut Batch, process: &Process, sabotage: &Sabotage) {
    for fd in process.fds.iter().filter(|fd| fd.cloexec) {
        let args = [fd.fd as u64, libc::F_SETFD as u64, libc::FD_CLOEXEC as u64];
        batch.call(format!("close-on-exec of {}", fd.fd), libc::SYS_fcntl, &args, Expect::Success);
    }
    for (signal, action) in (1..).zip(&process.sigactions) {
        let unchangeable = signal == libc::SIGKILL || signal == libc::SIGSTOP;
        // SIGTRAP ends the batches and must stay as it is till the last of them.
        let skip = unchangeable || signal == libc::SIGTRAP || *action == SigAction::default();
        if skip || (signal == libc::SIGIO && sabotage.no_sigio_action) {
            continue;
        }
        let at = batch.words(&[action.handler, action.flags, action.restorer, action.mask]);
        let args = [signal as u64, at, 0, KERNEL_MASK];
        batch.call(format!("action of signal {signal}"), libc::SYS_rt_sigaction, &args, Expect::Success);
    }
}

/// The deferred action of SIGTRAP: arguments of rt_sigaction but for the address of its 32 bytes.
pub fn trap_action(process: &Process) -> Option<&SigAction> {
    process.sigactions.get(libc::SIGTRAP as usize - 1).filter(|action| **action != SigAction::default())
}

/// One clone3 for each thread but the leader; each is born stopped.
pub fn threads(batch: &mut Batch, process: &Process) {
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM;
    for thread in process.threads.iter().skip(1) {
        let tid = batch.data(&thread.tid.to_le_bytes());
        // flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
        let args = [flags as u64, 0, 0, 0, 0, 0, 0, 0, tid, 1, 0];
        let at = batch.words(&args);
        let what = format!("make thread {}", thread.tid);
        batch.call(
            what,
            libc::SYS_clone3,
            &[at, (args.len() * 8) as u64],
            Expect::Exactly(i64::from(thread.tid)),
        );
    }
}

/// What belongs to one thread and may be set while others are still bare.
pub fn thread(batch: &mut Batch, thread: &Thread, park: u64, sabotage: &Sabotage) {
    let (sp, flags, size) = thread.altstack;
    // SS_ONSTACK says where the thread is now and cannot be set: it follows from its stack pointer.
    let stack = batch.words(&[sp, u64::from(flags as u32 & !1), size]);
    batch.call("sigaltstack", libc::SYS_sigaltstack, &[stack, 0], Expect::Success);
    let tid = i64::from(thread.tid);
    batch.call("set_tid_address", libc::SYS_set_tid_address, &[thread.clear_tid], Expect::Exactly(tid));
    let (head, length) = thread.robust_list;
    if head != 0 {
        batch.call("set_robust_list", libc::SYS_set_robust_list, &[head, length], Expect::Success);
    }
    let (area, size, signature, flags) = thread.rseq;
    if area != 0 {
        // For the control test: an area that goes away with the park, as a restorer's own would (P-14).
        let area = if sabotage.stale_rseq { park + 2048 } else { area };
        let args = [area, u64::from(size), u64::from(flags), u64::from(signature)];
        batch.call("rseq", libc::SYS_rseq, &args, Expect::Success);
    }
    let mut name = thread.comm.clone();
    name.truncate(15);
    name.push(0);
    let name = batch.data(&name);
    batch.call("name", libc::SYS_prctl, &[libc::PR_SET_NAME as u64, name], Expect::Success);
    let (policy, priority) = thread.sched;
    if policy != 0 {
        let parameter = batch.data(&priority.to_le_bytes());
        // Real-time classes need a right that this user may not have here.
        let args = [0, policy as u64, parameter];
        batch.call("scheduling", libc::SYS_sched_setscheduler, &args, Expect::Anything);
    }
}

/// Takes stops of children that were reported once already, and all signals that the rebuilding
/// caused; then puts the process's own pending signals back.
pub fn signals(batch: &mut Batch, process: &Process, all: &[Process], sabotage: &Sabotage) {
    let told = process.pending.iter().any(|info| signal_of(info) == libc::SIGCHLD);
    let stopped = |p: &&Process| p.ppid == process.pid && matches!(p.state, ProcState::Stopped(_));
    if !told && !sabotage.keep_stop_reports {
        for child in all.iter().filter(stopped) {
            let how = (libc::WUNTRACED | libc::WNOHANG) as u64;
            let args = [child.pid as u64, 0, how, 0];
            let expect = Expect::Exactly(i64::from(child.pid));
            batch.call(format!("take the stop of {}", child.pid), libc::SYS_wait4, &args, expect);
        }
    }
    let everything = batch.words(&[u64::MAX]);
    let now = batch.words(&[0, 0]);
    if !sabotage.keep_stop_reports {
        for _ in 0..DRAINS {
            let args = [everything, 0, now, KERNEL_MASK];
            batch.call("drain signals", libc::SYS_rt_sigtimedwait, &args, Expect::Anything);
        }
    }
    for info in &process.pending {
        let at = batch.data(info);
        let args = [process.pid as u64, signal_of(info) as u64, at];
        batch.call("queue a signal", libc::SYS_rt_sigqueueinfo, &args, Expect::Success);
    }
}

/// Pending signals of one thread; only it may queue them with a kernel's code.
pub fn thread_signals(batch: &mut Batch, process: &Process, thread: &Thread) {
    for info in &thread.pending {
        let at = batch.data(info);
        let args = [process.pid as u64, thread.tid as u64, signal_of(info) as u64, at];
        batch.call("queue a signal", libc::SYS_rt_tgsigqueueinfo, &args, Expect::Success);
    }
}

fn signal_of(info: &[u8]) -> i32 {
    info.first_chunk::<4>().map_or(0, |bytes| i32::from_le_bytes(*bytes))
}

/// Interval timers, and POSIX timers with the ids they had (P-26).
pub fn timers(batch: &mut Batch, process: &Process, ids_can_be_chosen: bool) {
    for (which, (interval, value)) in (0..).zip(process.itimers) {
        if value != 0 || interval != 0 {
            let split = |us: u64| [us / 1_000_000, us % 1_000_000];
            let [a, b] = split(interval);
            // No time left with an interval: its signal is pending, and taking that starts it again. A
            // value of 0 would switch it off instead.
            let [c, d] = split(value.max(1));
            let at = batch.words(&[a, b, c, d]);
            batch.call("setitimer", libc::SYS_setitimer, &[which, at, 0], Expect::Success);
        }
    }
    if process.timers.is_empty() {
        return;
    }
    if ids_can_be_chosen {
        batch.call(
            "choose timer ids",
            libc::SYS_prctl,
            &[PR_TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0],
            Expect::Success,
        );
        for timer in &process.timers {
            let id = batch.data(&timer.id.to_le_bytes());
            create(batch, timer, id);
        }
        batch.call(
            "choose no more",
            libc::SYS_prctl,
            &[PR_TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0],
            Expect::Success,
        );
    } else {
        by_counting(batch, &process.timers);
    }
    for timer in &process.timers {
        let split = |ns: u64| [ns / 1_000_000_000, ns % 1_000_000_000];
        let [a, b] = split(timer.interval_ns);
        let [c, d] = split(timer.value_ns);
        let at = batch.words(&[a, b, c, d]);
        let args = [timer.id as u64, 0, at, 0];
        batch.call(format!("arm timer {}", timer.id), libc::SYS_timer_settime, &args, Expect::Success);
    }
}

fn create(batch: &mut Batch, timer: &PosixTimer, id: u64) {
    let mut event = [0u64; 8];
    event[0] = timer.value;
    event[1] = u64::from(timer.signal as u32) | u64::from(timer.notify as u32) << 32;
    event[2] = u64::from(timer.tid as u32);
    let event = batch.words(&event);
    let args = [timer.clock as i64 as u64, event, id];
    batch.call(format!("make timer {}", timer.id), libc::SYS_timer_create, &args, Expect::Success);
}

/// Older kernels count ids up from 0 in each new process: make them all, delete those not wanted.
fn by_counting(batch: &mut Batch, timers: &[PosixTimer]) {
    let last = timers.iter().map(|t| t.id).max().unwrap_or(0).min(TIMER_IDS_MAX);
    for id in 0..=last {
        let at = batch.data(&[0; 4]);
        match timers.iter().find(|t| t.id == id) {
            Some(timer) => create(batch, timer, at),
            None => {
                let args = [libc::CLOCK_MONOTONIC as u64, 0, at];
                batch.call("count timer ids", libc::SYS_timer_create, &args, Expect::Success);
                batch.call("count timer ids", libc::SYS_timer_delete, &[id as u64], Expect::Success);
            }
        }
    }
}

/// Limits, priority, and the high descriptors that only served the rebuilding.
pub fn late(batch: &mut Batch, request: &InitRequest, process: &Process, hard: &[(u64, u64)]) {
    for (fd, owner) in late_owners(request, process) {
        let at = batch.data(&[owner.0.to_le_bytes(), owner.1.to_le_bytes()].concat());
        // F_SETOWN_EX; a thread that has ended since gets nothing, as before.
        batch.call("owner of a file", libc::SYS_fcntl, &[fd as u64, 15, at], Expect::Anything);
    }
    let high = [request.base as u64, u64::from(u32::MAX), 0];
    batch.call("close helpers", libc::SYS_close_range, &high, Expect::Success);
    posix_locks(batch, request, process);
    for (resource, &(soft, most)) in (0..).zip(&process.rlimits) {
        let allowed = hard.get(resource as usize).map_or(most, |limit| limit.1);
        let at = batch.words(&[soft.min(allowed), most.min(allowed)]);
        // prlimit64 on itself: on another uid it would need CAP_SYS_RESOURCE (P-24).
        let args = [0, resource, at, 0];
        batch.call(format!("limit {resource}"), libc::SYS_prlimit64, &args, Expect::Anything);
    }
    if process.nice != 0 {
        // A higher priority than 0 may be forbidden here.
        let args = [libc::PRIO_PROCESS as u64, 0, process.nice as i64 as u64];
        batch.call("nice", libc::SYS_setpriority, &args, Expect::Anything);
    }
    if process.subreaper {
        batch.call("subreaper", libc::SYS_prctl, &[libc::PR_SET_CHILD_SUBREAPER as u64, 1], Expect::Success);
    }
    if process.no_new_privs {
        batch.call(
            "no_new_privs",
            libc::SYS_prctl,
            &[libc::PR_SET_NO_NEW_PRIVS as u64, 1, 0, 0, 0],
            Expect::Success,
        );
    }
}

/// Locks that belong to the process; only now, for closing any descriptor of a file gives them up.
fn posix_locks(batch: &mut Batch, request: &InitRequest, process: &Process) {
    for fd in &process.fds {
        let Some(file) = request.tree.files.get(fd.file as usize) else { continue };
        for lock in file.locks.iter().filter(|l| l.kind == LockKind::Posix && l.pid == process.pid) {
            let kind = if lock.exclusive { libc::F_WRLCK } else { libc::F_RDLCK };
            // struct flock: l_type and l_whence (SEEK_SET) as 16 bits each, then start, length, pid.
            let at = batch.words(&[kind as u64, lock.start, lock.len, 0]);
            let args = [fd.fd as u64, libc::F_SETLK as u64, at];
            batch.call(format!("lock descriptor {}", fd.fd), libc::SYS_fcntl, &args, Expect::Success);
        }
    }
}

/// Owners that are threads, which did not exist when the descriptors were made.
fn late_owners(request: &InitRequest, process: &Process) -> Vec<(i32, (i32, i32))> {
    let is_process = |pid| request.tree.processes.iter().any(|p| p.pid == pid);
    process
        .fds
        .iter()
        .filter_map(|fd| Some((fd.fd, request.tree.files.get(fd.file as usize)?.owner?)))
        .filter(|(_, (kind, tid))| {
            *kind == 0 && !is_process(*tid) && process.threads.iter().any(|t| t.tid == *tid)
        })
        .collect()
}

/// Credentials of one thread: they are per thread, and whatever helped the rebuilding goes (P-23).
pub fn credentials(
    batch: &mut Batch,
    tier: Tier,
    creds: &Creds,
    mapped_uid: Option<(u32, u32)>,
    mapped_gid: Option<(u32, u32)>,
) {
    if tier != Tier::Root {
        batch.call(
            "drop ambient capabilities",
            libc::SYS_prctl,
            &[libc::PR_CAP_AMBIENT as u64, libc::PR_CAP_AMBIENT_CLEAR_ALL as u64, 0, 0, 0],
            Expect::Anything,
        );
        capset(batch, Capabilities::default());
        return;
    }
    let uid = |id: u32| u64::from(mapped_uid.filter(|m| m.0 == id).map_or(id, |m| m.1));
    let gid = |id: u32| u64::from(mapped_gid.filter(|m| m.0 == id).map_or(id, |m| m.1));
    let [inheritable, permitted, effective, bounding, ambient] = creds.caps;
    let ordinary = creds.uid.iter().any(|id| *id != 0);
    for cap in (0..=CAP_LAST).filter(|cap| bounding >> cap & 1 == 0) {
        batch.call(
            "bounding set",
            libc::SYS_prctl,
            &[libc::PR_CAPBSET_DROP as u64, u64::from(cap), 0, 0, 0],
            Expect::Anything,
        );
    }
    if creds.securebits != 0 {
        let args = [libc::PR_SET_SECUREBITS as u64, u64::from(creds.securebits), 0, 0, 0];
        batch.call("securebits", libc::SYS_prctl, &args, Expect::Success);
    }
    let groups: Vec<u8> = creds.groups.iter().flat_map(|g| (gid(*g) as u32).to_le_bytes()).collect();
    let at = batch.data(&groups);
    batch.call("setgroups", libc::SYS_setgroups, &[creds.groups.len() as u64, at], Expect::Success);
    let [r, e, s, f] = creds.gid.map(gid);
    batch.call("setresgid", libc::SYS_setresgid, &[r, e, s], Expect::Success);
    batch.call("setfsgid", libc::SYS_setfsgid, &[f], Expect::Anything);
    if ordinary && permitted != 0 {
        batch.call(
            "keep capabilities",
            libc::SYS_prctl,
            &[libc::PR_SET_KEEPCAPS as u64, 1, 0, 0, 0],
            Expect::Success,
        );
    }
    if ordinary {
        let [r, e, s, f] = creds.uid.map(uid);
        batch.call("setresuid", libc::SYS_setresuid, &[r, e, s], Expect::Success);
        batch.call("setfsuid", libc::SYS_setfsuid, &[f], Expect::Anything);
    }
    // Anything: a host's root may have fewer capabilities than the one where this was root.
    let caps = Capabilities { effective, permitted, inheritable };
    let at = batch.data(&capset_arguments(caps));
    batch.call("capset", libc::SYS_capset, &[at, at + 8], Expect::Anything);
    for cap in (0..=CAP_LAST).filter(|cap| ambient >> cap & 1 == 1) {
        let args = [libc::PR_CAP_AMBIENT as u64, libc::PR_CAP_AMBIENT_RAISE as u64, u64::from(cap), 0, 0];
        batch.call("ambient capability", libc::SYS_prctl, &args, Expect::Anything);
    }
}

fn capset(batch: &mut Batch, caps: Capabilities) {
    let at = batch.data(&capset_arguments(caps));
    batch.call("capset", libc::SYS_capset, &[at, at + 8], Expect::Success);
}

/// What a change of credentials resets, so it comes last of all.
pub fn last(batch: &mut Batch, process: &Process) {
    if process.pdeathsig != 0 {
        let args = [libc::PR_SET_PDEATHSIG as u64, process.pdeathsig as u64, 0, 0, 0];
        batch.call("pdeathsig", libc::SYS_prctl, &args, Expect::Success);
    }
    // Only 0 and 1 can be set; 2 comes from the system for setuid programs.
    let dumpable = u64::from(process.dumpable == 1);
    batch.call(
        "dumpable",
        libc::SYS_prctl,
        &[libc::PR_SET_DUMPABLE as u64, dumpable, 0, 0, 0],
        Expect::Success,
    );
}
