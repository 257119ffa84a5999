//! Which processes are the tree of a pane: its first process, all below it, and those orphans that belong to it.
//!
//! A program that makes itself a daemon (a tmux server) gives up its parent, and the kernel hands it to the next
//! reaper. Where the pane came by a move, that is the first process of its namespace, which reaps nothing else, and
//! everything in the namespace is the tree. Where the pane began, it is the keeper; there an orphan belongs to the
//! tree that is in one of its sessions, or has no terminal of its own and has one of the tree's open, or the other end
//! of one of its pipes or connections. A daemon that nobody in the pane talks to (an agent) stays: other panes may use it.

use super::proc;
use crate::sys::descriptors;
use std::collections::{HashSet, VecDeque};
use std::io;

/// The processes of a tree and their parents in it (0 for the root and for orphans), parents first.
pub fn walk(root: i32) -> io::Result<Vec<(i32, i32)>> {
    let mut tree = below(root)?;
    let Some(reaper) = Reaper::of(root) else { return Ok(tree) };
    let mut candidates = proc::children(reaper.pid).unwrap_or_default();
    candidates.retain(|pid| !tree.iter().any(|(known, _)| known == pid));
    // One that is taken in may bring others.
    let mut grown = !candidates.is_empty();
    while std::mem::take(&mut grown) {
        let ties = if reaper.all { Ties::default() } else { Ties::of(tree.iter().map(|(pid, _)| *pid)) };
        let mut left = Vec::new();
        for pid in std::mem::take(&mut candidates) {
            let family = below(pid)?;
            if reaper.all || ties.bind(&family) {
                tree.extend(family);
                grown = true;
            } else {
                left.push(pid);
            }
        }
        candidates = left;
        grown &= !candidates.is_empty();
    }
    Ok(tree)
}

/// A process and everything below it. One that has ended has nothing below it.
fn below(root: i32) -> io::Result<Vec<(i32, i32)>> {
    let mut found = vec![(root, 0)];
    let mut seen = HashSet::from([root]);
    let mut queue = VecDeque::from([root]);
    while let Some(pid) = queue.pop_front() {
        for child in proc::children(pid).or_else(gone_is_empty)? {
            if seen.insert(child) {
                found.push((child, pid));
                queue.push_back(child);
            }
        }
    }
    Ok(found)
}

/// A process that is gone has no children.
pub fn gone_is_empty(error: io::Error) -> io::Result<Vec<i32>> {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ESRCH) => Ok(Vec::new()),
        _ => Err(error),
    }
}

/// Who takes the orphans of a tree.
struct Reaper {
    pid: i32,
    /// It is there for this tree alone.
    all: bool,
}

impl Reaper {
    fn of(root: i32) -> Option<Reaper> {
        let pid = proc::Stat::read(&format!("/proc/{root}")).ok()?.ppid();
        let all = proc::Status::read(&format!("/proc/{pid}"))
            .is_ok_and(|s| s.ns_pid.len() > 1 && s.ns_pid.last() == Some(&1));
        (all || pid == std::process::id() as i32).then_some(Reaper { pid, all })
    }
}

/// What ties a process to the tree.
#[derive(Default)]
struct Ties {
    sessions: HashSet<i32>,
    /// Names of pipes, sockets and terminals.
    links: HashSet<Vec<u8>>,
}

impl Ties {
    fn of(tree: impl Iterator<Item = i32>) -> Ties {
        let mut ties = Ties::default();
        for pid in tree {
            ties.sessions.extend(session(pid));
            ties.links.extend(links(pid));
        }
        ties
    }

    /// Whether one of these processes belongs to the tree.
    fn bind(&self, family: &[(i32, i32)]) -> bool {
        let shared = |link: &Vec<u8>| {
            self.links.contains(link)
                || socket(link)
                    .and_then(|inode| descriptors::unix_socket(inode).ok())
                    .filter(|found| found.peer != 0)
                    .is_some_and(|found| self.links.contains(format!("socket:[{}]", found.peer).as_bytes()))
        };
        if family.iter().any(|&(pid, _)| session(pid).is_some_and(|s| self.sessions.contains(&s))) {
            return true;
        }
        // Whoever has a terminal, our session, a namespace of its own, or is a child of ours that has not executed its
        // program yet, is no daemon of the tree's: an engine may have several trees, and helpers.
        let own = std::process::id() as i32;
        let words = |pid: i32| proc::read(&format!("/proc/{pid}/cmdline")).ok();
        let stranger = |pid| has_terminal(pid) || session(pid) == session(own) || words(pid) == words(own);
        let contained = || family.iter().any(|&(pid, _)| namespace(pid) != namespace(own));
        let daemon = family.first().is_some_and(|&(pid, _)| !stranger(pid)) && !contained();
        daemon && family.iter().any(|&(pid, _)| links(pid).iter().any(shared))
    }
}

fn namespace(pid: i32) -> Option<Vec<u8>> {
    proc::link(&format!("/proc/{pid}/ns/pid")).ok()
}

fn has_terminal(pid: i32) -> bool {
    proc::Stat::read(&format!("/proc/{pid}")).is_ok_and(|stat| stat.terminal().is_some())
}

fn session(pid: i32) -> Option<i32> {
    proc::Stat::read(&format!("/proc/{pid}")).map(|stat| stat.session()).ok()
}

/// Names of its open pipes, sockets and terminals. A master's name says nothing: all have the same.
fn links(pid: i32) -> Vec<Vec<u8>> {
    let open = proc::descriptors(pid).unwrap_or_default();
    let names = open.iter().filter_map(|fd| proc::link(&format!("/proc/{pid}/fd/{fd}")).ok());
    names.filter(|name| KINDS.iter().any(|kind| name.starts_with(kind)) && name != b"/dev/pts/ptmx").collect()
}

const KINDS: [&[u8]; 3] = [b"pipe:[", b"socket:[", b"/dev/pts/"];

fn socket(link: &[u8]) -> Option<u64> {
    let number = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::{Command, Stdio};

    #[test]
    fn the_other_end_of_a_pipe_or_a_connection_is_a_tie() {
        let sleeping = |stdin: Stdio| {
            Command::new("setsid").args(["sleep", "1000"]).stdin(stdin).spawn().expect("setsid(1)")
        };
        let (here, there) = UnixStream::pair().expect("a pair");
        let mut connected = sleeping(OwnedFd::from(there).into());
        let mut piped = sleeping(Stdio::piped());
        let mut stranger = sleeping(Stdio::null());
        let family = |pid: u32| [(pid as i32, 0)];
        // The sleepers are in sessions of their own once setsid(1) has done its part.
        for child in [&connected, &piped, &stranger] {
            while session(child.id() as i32) == session(std::process::id() as i32) {
                std::thread::yield_now();
            }
        }
        // Standard output and error of all of us may be one pipe.
        let mine = links(std::process::id() as i32);
        let common = links(stranger.id() as i32);
        let mut ties = Ties { sessions: HashSet::new(), links: mine.into_iter().collect() };
        ties.links.retain(|link| !common.contains(link));
        assert!(ties.bind(&family(connected.id())) && ties.bind(&family(piped.id())));
        assert!(!ties.bind(&family(stranger.id())));
        drop(here);
        for child in [&mut connected, &mut piped, &mut stranger] {
            child.kill().expect("it is ours");
            child.wait().expect("it is ours");
        }
    }
}
