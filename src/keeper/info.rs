//! What a pane is doing, out of /proc, and its process tree.

use crate::protocol::keeper::PaneInfo;
use std::os::fd::BorrowedFd;

/// Most processes of a tree looked at.
pub const TREE_MAX: usize = 10_000;
/// Longest command name reported, in bytes.
const NAME_MAX: usize = 256;

/// What the pane with this pty master and first process is doing. Cheap: one ioctl and two reads of
/// /proc. `tty` is its terminal as its programs name it.
pub fn of(master: BorrowedFd<'_>, pid: i32, tty: &str) -> PaneInfo {
    let group = nix::unistd::tcgetpgrp(master).ok().map(|p| p.as_raw()).filter(|p| *p > 0);
    // The group may outlive its leader: then the pane's first process speaks for it.
    let leader = group.filter(|g| exists(*g)).unwrap_or(pid);
    let command = command(leader).or_else(|| command(pid)).unwrap_or_default();
    let path = cwd(leader).or_else(|| cwd(pid)).unwrap_or_default();
    PaneInfo { command, path, pid, tty: tty.to_string() }
}

fn exists(pid: i32) -> bool {
    std::fs::exists(format!("/proc/{pid}")).unwrap_or(false)
}

fn cwd(pid: i32) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    Some(path.to_string_lossy().into_owned())
}

/// Name of a program as tmux shows it: the last part of its first word, without the `-` of a login shell.
fn command(pid: i32) -> Option<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let word = line.split(|b| *b == 0).next().unwrap_or_default();
    let word = String::from_utf8_lossy(word);
    let name = word.strip_prefix('-').unwrap_or(&word);
    let name = name.rsplit('/').next().unwrap_or(name);
    // Some programs write a whole sentence into their first word ("sshd: user [priv]").
    let name = name.split(' ').next().unwrap_or(name);
    if name.is_empty() {
        return std::fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|s| s.trim_end().to_string());
    }
    Some(name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect())
}

/// Of /proc/PID/stat what is needed here.
pub struct Stat {
    /// Field 3.
    pub state: char,
    /// Field 9, the kernel's PF_ flags.
    pub flags: u64,
    /// Field 22, clock ticks since boot.
    pub started: u64,
}

/// What the kernel says of a process; `None` if there is none.
pub fn stat(pid: i32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold spaces and brackets; what follows the last one does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        flags: fields.get(6)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// Whether SIGKILL has been sent to a process that has not begun to die of it.
pub fn is_being_killed(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let pending = |line: &str| {
        let set = line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:"))?;
        u64::from_str_radix(set.trim(), 16).ok()
    };
    let kill = 1 << (nix::libc::SIGKILL - 1);
    status.lines().filter_map(pending).any(|set| set & kill != 0)
}

/// Children of every thread of a process.
fn children(pid: i32) -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut found = Vec::new();
    for task in tasks.flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(list.split_ascii_whitespace().filter_map(|n| n.parse::<i32>().ok()));
    }
    found
}

/// Every descendant of `pid`, itself not; parents before children; at most [`TREE_MAX`].
pub fn descendants(pid: i32) -> Vec<i32> {
    let mut all = children(pid);
    let mut next = 0;
    while next < all.len() && all.len() < TREE_MAX {
        let more = children(all[next]);
        all.extend(more);
        next += 1;
    }
    all
}
