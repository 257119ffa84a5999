//! Before anything is touched: what in the tree cannot move, what will be lost, what it weighs. Also the slow
//! preparations (hashes, mapping flags, inode paths) that must not happen while the tree stands still.

use super::belong;
use super::dump::Prepared;
use super::fds::{self, Files, Scope};
use super::inodes::{Inodes, watches};
use super::mapped::HashCache;
use super::mappings::{Describer, Segments};
use super::pane::Pane;
use super::precopy::Private;
use super::proc;
use super::view::{self, View};
use super::{carried, init, ipc, own};
use crate::checkpoint::model::FileKind;
use crate::checkpoint::{Assessment, CARRY_MAX, CheckpointError, Identity, Place, Refusal};
use std::collections::BTreeMap;
use std::io;
use std::io::Read;
use std::time::Duration;

const END_IT: &str = "End it first";

/// A tree looked at while it runs.
pub struct Look {
    /// For the destination and the user.
    pub assessment: Assessment,
    /// For the dump.
    pub prepared: Prepared,
}

/// How often the tree is looked at before a pipe counts as shared with a process outside of it, and the pause between.
const LOOKS: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Looks at the tree under `root`. Processes that end meanwhile are passed over.
pub fn look(root: i32, pane: &Pane, cut: bool, hashes: &HashCache) -> Result<Look, CheckpointError> {
    for _ in 1..LOOKS {
        match look_once(root, pane, cut, hashes) {
            // The tree runs: a child that was born or ended between two readings held the other end. One outside stays.
            Err(CheckpointError::Refused(refusal)) if refusal.code == "outside-pipe" => {
                std::thread::sleep(PAUSE)
            }
            seen => return seen,
        }
    }
    look_once(root, pane, cut, hashes)
}

fn look_once(root: i32, pane: &Pane, cut: bool, hashes: &HashCache) -> Result<Look, CheckpointError> {
    let walked = belong::walk(root).map_err(|_| CheckpointError::Gone { pid: root, status: None })?;
    let mut view = View::default();
    let mut live = Vec::new();
    let mut assessment = Assessment::default();
    for &(pid, _) in &walked {
        let dir = format!("/proc/{pid}");
        let (Ok(status), Ok(stat)) = (proc::Status::read(&dir), proc::Stat::read(&dir)) else { continue };
        view.add(pid, &status);
        for tid in proc::threads(pid).unwrap_or_default() {
            if let Ok(status) = proc::Status::read(&format!("{dir}/task/{tid}")) {
                view.add_thread(tid, &status);
            }
        }
        assessment.processes.push((pid, view.name(pid).to_string()));
        if matches!(stat.state, b'Z' | b'X') {
            if proc::threads(pid).is_ok_and(|threads| threads.len() > 1) {
                let cause = "its first thread has ended while others go on";
                return Err(view.refusal("dead-leader", pid, "", cause, END_IT).into());
            }
            continue;
        }
        assessment.memory_bytes += status.private_bytes;
        live.push((pid, status));
    }
    if assessment.processes.first().is_none_or(|first| first.0 != root) {
        return Err(CheckpointError::Gone { pid: root, status: None });
    }
    ipc::check(&live.iter().map(|(pid, _)| *pid).collect::<Vec<_>>(), &view)?;
    for (pid, status) in &live {
        check_process(root, *pid, status, &view)?;
    }
    let pids: Vec<i32> = live.iter().map(|(pid, _)| *pid).collect();
    let mut prepared = Prepared { inodes: inodes_of(&pids), ..Prepared::default() };
    let scope = Scope { view: &view, pane: pane.index, cut, frozen: false };
    let mut files = fds::collect(&pids, &scope, &mut prepared.inodes)?;
    look_at_mappings(&pids, &view, &mut files, hashes, &mut prepared)?;
    assessment.mapped = prepared.table.files.clone();
    assessment.places = places(&files, &pids, hashes);
    assessment.warnings = files.warnings;
    assessment.warnings.dedup();
    Ok(Look { assessment, prepared })
}

fn look_at_mappings(
    pids: &[i32],
    view: &View,
    files: &mut Files,
    hashes: &HashCache,
    prepared: &mut Prepared,
) -> Result<(), CheckpointError> {
    let mut segments = Segments::default();
    let mut all = Vec::new();
    for &pid in pids {
        let (Ok(maps), Ok(flags)) = (proc::maps(pid), proc::vm_flags(pid)) else { continue };
        files.add_mapped(&maps);
        all.push((pid, maps, flags));
    }
    for (pid, maps, flags) in all {
        let layout = Describer {
            view,
            hashes,
            table: &mut prepared.table,
            segments: &mut segments,
            memfds: &files.memfds,
        }
        .layout(pid, &maps, &flags)?;
        let inner = view.inner(pid).unwrap_or(pid);
        prepared.private.push(Private { pid, inner, ranges: layout.private });
        // The process may have ended by now; then the dump does not ask for it.
        let _ = prepared.table.of_exe(pid, hashes);
        prepared.flags.insert(pid, flags);
    }
    Ok(())
}

/// What is open by its path, and where the processes are.
fn places(files: &Files, pids: &[i32], hashes: &HashCache) -> Vec<Place> {
    let mut all: BTreeMap<Vec<u8>, Place> = BTreeMap::new();
    for file in &files.files {
        let FileKind::Path { path, size, directory, .. } = &file.kind else { continue };
        let new = || place(path.clone(), if *directory { 0 } else { *size }, *directory);
        let place = all.entry(path.clone()).or_insert_with(new);
        place.writing |= !*directory && carried::writes(file.flags);
        place.locks.extend(file.locks.iter().cloned());
        place.appends &= !carried::writes(file.flags) || carried::appends(file.flags);
    }
    for place in all.values_mut().filter(|place| place.writing) {
        let Ok(file) = std::fs::File::open(init::path(&place.path)) else { continue };
        let Ok(meta) = file.metadata() else { continue };
        (place.size, place.identity) = (meta.len(), Identity::of(&meta));
        if meta.len() <= CARRY_MAX {
            place.hash = hashes.hash(&file).ok().map(|(hash, _)| hash);
        }
    }
    for path in pids.iter().filter_map(|pid| proc::link(&format!("/proc/{pid}/cwd")).ok()) {
        all.entry(path.clone()).or_insert_with(|| place(path, 0, true));
    }
    all.into_values().collect()
}

fn place(path: Vec<u8>, size: u64, directory: bool) -> Place {
    let own = own::is(init::path(&path));
    let identity = Identity::default();
    Place {
        path,
        directory,
        writing: false,
        appends: !directory,
        own,
        locks: Vec::new(),
        size,
        identity,
        hash: None,
    }
}

/// Learns the paths the tree has to do with, and looks for watched inodes that are not among them.
fn inodes_of(pids: &[i32]) -> Inodes {
    let mut inodes = Inodes::default();
    let mut watched = Vec::new();
    let mut tops = Vec::new();
    for &pid in pids {
        if let Ok(cwd) = proc::link(&format!("/proc/{pid}/cwd")) {
            inodes.learn(&cwd);
            tops.push(cwd);
        }
        for fd in proc::descriptors(pid).unwrap_or_default() {
            let Ok(link) = proc::link(&format!("/proc/{pid}/fd/{fd}")) else { continue };
            if link.first() == Some(&b'/') {
                inodes.learn(&link);
            } else if link.ends_with(b"inotify")
                && let Ok(info) = proc::FdInfo::read(pid, fd)
            {
                watched.extend(watches(&info));
            }
        }
    }
    let missing: Vec<(u64, u64)> = watched
        .iter()
        .filter(|watch| inodes.path(watch).is_none())
        .map(|watch| (watch.dev, watch.ino))
        .collect();
    if !missing.is_empty() {
        tops.sort();
        tops.dedup();
        for top in tops {
            inodes.search(&top, missing.clone());
        }
    }
    inodes
}

fn check_process(root: i32, pid: i32, status: &proc::Status, view: &View) -> Result<(), Box<Refusal>> {
    let me = nix::unistd::geteuid().as_raw();
    if me != 0 && status.uid.iter().any(|&uid| uid != me) {
        let owner = nix::unistd::User::from_uid(status.uid[1].into()).ok().flatten();
        let cause = format!(
            "it runs as {} and only root may move it",
            owner.map_or(format!("user {}", status.uid[1]), |user| user.name)
        );
        return Err(view.refusal("other-user", pid, "", &cause, "Finish it first"));
    }
    if status.tracer != 0 {
        let tracer = view::program(status.tracer);
        let cause = format!("{tracer} (pid {}) traces it", status.tracer);
        return Err(view.refusal("traced", pid, &tracer, &cause, "Detach the debugger first"));
    }
    if status.seccomp != 0 {
        let cause = "its system calls are filtered (seccomp), which cannot be reproduced";
        return Err(view.refusal("seccomp", pid, "", cause, END_IT));
    }
    match std::fs::File::open(format!("/proc/{pid}/mem")) {
        // /proc belongs to root for an undumpable process, and for one that has just given its memory back.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied && has_memory(pid) => {
            let cause = "it does not let its memory be read (it is undumpable, or was started set-user-id)";
            return Err(view.refusal("undumpable", pid, "", cause, END_IT));
        }
        _ => {}
    }
    check_program(pid, view)?;
    check_namespaces(root, pid, view)
}

fn has_memory(pid: i32) -> bool {
    proc::Status::read(&format!("/proc/{pid}")).is_ok_and(|status| status.has_memory)
}

/// ELFCLASS64 in the program's header.
fn check_program(pid: i32, view: &View) -> Result<(), Box<Refusal>> {
    let mut head = [0; 5];
    let read =
        std::fs::File::open(format!("/proc/{pid}/exe")).and_then(|mut file| file.read_exact(&mut head));
    if read.is_ok() && head != *b"\x7fELF\x02" {
        return Err(view.refusal("32-bit", pid, "", "it is not a 64-bit program", END_IT));
    }
    match proc::link(&format!("/proc/{pid}/root")) {
        Ok(root) if root != b"/" => {
            let object = String::from_utf8_lossy(&root).into_owned();
            Err(view.refusal("chroot", pid, &object, "it lives in a changed root directory", END_IT))
        }
        _ => Ok(()),
    }
}

/// The tree must live in one set of namespaces; those that a restore does not make anew must be ours. The host's name
/// is restored as the root sees it, so its namespace may be the tree's own.
fn check_namespaces(root: i32, pid: i32, view: &View) -> Result<(), Box<Refusal>> {
    let of = |who: &str, kind: &str| proc::link(&format!("/proc/{who}/ns/{kind}")).ok();
    let (root, own) = (root.to_string(), pid.to_string());
    let kinds = [
        ("pid", &*root),
        ("mnt", &*root),
        ("user", &*root),
        ("time", &*root),
        ("net", "self"),
        ("ipc", "self"),
        ("uts", &*root),
    ];
    for (kind, reference) in kinds {
        if let (Some(mine), Some(theirs)) = (of(reference, kind), of(&own, kind))
            && mine != theirs
        {
            let cause = format!("it lives in a {kind} namespace of its own (a container)");
            return Err(view.refusal(
                "namespace",
                pid,
                kind,
                &cause,
                "End it first; containers move by their own tools",
            ));
        }
    }
    Ok(())
}
