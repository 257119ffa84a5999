//! What an epoll set watches: which open file each registration means, and how to make it again.
//!
//! The kernel keys a registration by the open file and the number it had, and keeps it until the last descriptor of
//! that file is closed. So the number may mean another file by now, or none, and several registrations can have one
//! number. Must not know how descriptors are found.

use super::init::{Doing, InitError, InitRequest};
use super::proc::FdInfo;
use crate::checkpoint::model::{FileId, FileKind, Process};
use crate::sys::{descriptors, fdtable};
use std::collections::HashMap;
use std::os::fd::RawFd;

/// A registration: number, events, data.
pub type Target = (i32, u32, u64);

/// The registrations of an epoll set, in the kernel's order.
pub fn targets(info: &FdInfo) -> Vec<Target> {
    info.lines.iter().filter_map(|line| target(line)).collect()
}

/// `tfd: 5 events: 19 data: 5  pos:0 ino:1c sdev:d`
fn target(line: &str) -> Option<Target> {
    let mut words = line.strip_prefix("tfd:")?.split_ascii_whitespace();
    let fd = words.next()?.parse().ok()?;
    let mut value = |name: &str| (words.next()? == name).then(|| words.next()).flatten();
    let events = u32::from_str_radix(value("events:")?, 16).ok()?;
    let data = u64::from_str_radix(value("data:")?, 16).ok()?;
    Some((fd, events, data))
}

/// Which open file of the tree each registration means; None for one that is open only outside of it, whose events
/// nobody can bring along. `epoll` and `open` name a descriptor of each file: process and number.
pub fn files(epoll: (i32, i32), targets: &[Target], open: &[(i32, i32)]) -> Vec<Option<FileId>> {
    let mut met: HashMap<i32, u32> = HashMap::new();
    let mut file = |&(number, ..): &Target| {
        let same_number = met.entry(number).or_insert(0);
        let nth = *same_number;
        *same_number += 1;
        let is = |at: &usize| descriptors::is_watched(open[*at], epoll, number, nth).unwrap_or(false);
        // Nearly always the number is still what it was.
        let likely = (0..open.len()).filter(|&at| open[at].1 == number);
        let rest = (0..open.len()).filter(|&at| open[at].1 != number);
        likely.chain(rest).find(is).map(|at| at as FileId)
    };
    targets.iter().map(&mut file).collect()
}

/// Makes the registrations of the epoll set `id` again, in `process`, whose descriptors are in place.
pub fn watch(request: &InitRequest, process: &Process, id: FileId) -> Result<(), InitError> {
    let FileKind::Epoll { targets, files } = &request.tree.files[id as usize].kind else { return Ok(()) };
    // The process's own number for it may be lent below.
    let epoll = request.file_fd(id);
    for (at, &(number, events, data)) in targets.iter().enumerate() {
        let now = process.fds.iter().find(|fd| fd.fd == number).map(|fd| fd.file);
        // Images of before say only the number.
        let Some(file) = files.as_ref().map_or(now, |files| files.get(at).copied().flatten()) else {
            continue;
        };
        let lent = now != Some(file);
        if lent && !lend(request, process, file, number)? {
            continue;
        }
        fdtable::epoll_add(epoll, number, events, data).doing(|| format!("watch {number} by epoll"))?;
        match now {
            Some(now) if lent => put_back(request, now, number)?,
            None => fdtable::close(number),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Puts an open file to a number for a moment; false where this process cannot have it.
fn lend(request: &InitRequest, process: &Process, file: FileId, number: RawFd) -> Result<bool, InitError> {
    let from = match process.fds.iter().find(|fd| fd.file == file) {
        Some(fd) => fd.fd,
        // Each process makes its own.
        None if is_pidfd(request, file) => return Ok(false),
        None => request.file_fd(file),
    };
    fdtable::put_at(from, number, true).doing(|| format!("lend the number {number}"))?;
    Ok(true)
}

fn put_back(request: &InitRequest, file: FileId, number: RawFd) -> Result<(), InitError> {
    if let Some(FileKind::PidFd { pid }) = request.tree.files.get(file as usize).map(|file| &file.kind) {
        let made = fdtable::pid_fd(*pid).doing(|| format!("pidfd of {pid}"))?;
        fdtable::put_at(made, number, false).doing(|| format!("put a pidfd at {number}"))?;
        fdtable::close(made);
        return Ok(());
    }
    fdtable::put_at(request.file_fd(file), number, false).doing(|| format!("put a file at {number}"))
}

fn is_pidfd(request: &InitRequest, file: FileId) -> bool {
    request.tree.files.get(file as usize).is_some_and(|file| matches!(file.kind, FileKind::PidFd { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        assert_eq!(
            target("tfd:        5 events:       19 data: 7f0000000005  pos:0 ino:1c sdev:d"),
            Some((5, 0x19, 0x7f00_0000_0005))
        );
        assert_eq!(target("inotify wd:1"), None);
    }

    #[test]
    fn a_registration_is_of_the_file_it_was_made_for() {
        let me = std::process::id() as i32;
        let own = |fd: RawFd| fdtable::move_up(fd, 500).unwrap();
        let (one, two) = (own(fdtable::event_fd(false).unwrap()), own(fdtable::event_fd(false).unwrap()));
        let epoll = own(fdtable::epoll().unwrap());
        let number = own(fdtable::event_fd(false).unwrap());
        for (file, data) in [(one, 1), (two, 2)] {
            fdtable::put_at(file, number, true).unwrap();
            fdtable::epoll_add(epoll, number, libc::EPOLLIN as u32, data).unwrap();
        }
        let targets = targets(&FdInfo::read(me, epoll).unwrap());
        assert_eq!(targets.iter().map(|t| t.0).collect::<Vec<_>>(), [number, number]);
        let found = files((me, epoll), &targets, &[(me, one), (me, two), (me, epoll)]);
        let data: Vec<_> = targets.iter().map(|t| t.2).collect();
        assert_eq!(found, data.iter().map(|&data| Some(data as u32 - 1)).collect::<Vec<_>>());
        assert_eq!(files((me, epoll), &targets, &[(me, epoll)]), [None, None]);
        for fd in [one, two, epoll, number] {
            fdtable::close(fd);
        }
    }
}
