//! What the dumper knows about the tree as a whole: names for messages, and the translation from this host's
//! numbers to the tree's own.

use super::proc;
use crate::checkpoint::Refusal;
use std::collections::HashMap;

/// Names and numbers of a tree.
#[derive(Debug, Default)]
pub struct View {
    names: HashMap<i32, String>,
    inner: HashMap<i32, i32>,
}

impl View {
    /// Learns a process: its name, and its pid, group, session and threads in the tree's own numbers.
    pub fn add(&mut self, pid: i32, status: &proc::Status) {
        for numbers in [&status.ns_pid, &status.ns_pgid, &status.ns_sid] {
            if let (Some(&here), Some(&there)) = (numbers.first(), numbers.last())
                && here != 0
            {
                self.inner.insert(here, there);
            }
        }
        self.names.entry(pid).or_insert_with(|| program(pid));
    }

    /// Learns a thread that is not a leader.
    pub fn add_thread(&mut self, tid: i32, status: &proc::Status) {
        if let Some(&there) = status.ns_pid.last() {
            self.inner.insert(tid, there);
        }
    }

    /// The tree's own number for a pid, tid, group or session of this host.
    pub fn inner(&self, number: i32) -> Option<i32> {
        self.inner.get(&number).copied()
    }

    /// Name of a process.
    pub fn name(&self, pid: i32) -> &str {
        self.names.get(&pid).map_or("?", String::as_str)
    }

    /// A refusal about process `pid`.
    pub fn refusal(&self, code: &str, pid: i32, object: &str, cause: &str, cure: &str) -> Box<Refusal> {
        Box::new(Refusal {
            code: code.into(),
            pid,
            program: self.name(pid).into(),
            object: object.into(),
            cause: cause.into(),
            cure: cure.into(),
        })
    }
}

/// Name of a program for people: the last part of its first argument, or what the kernel calls it.
pub fn program(pid: i32) -> String {
    let argv = proc::read(&format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let first = argv.split(|&b| b == 0).next().unwrap_or_default();
    let name = first.rsplit(|&b| b == b'/').next().unwrap_or_default();
    if name.is_empty() {
        let comm = proc::read(&format!("/proc/{pid}/comm")).unwrap_or_default();
        return String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    }
    String::from_utf8_lossy(name.trim_ascii()).into_owned()
}
