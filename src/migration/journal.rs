//! What a keeper writes down about a move, so that its successor after a crash can go by it.
//!
//! Owns the records and their text form: one JSON object a line, each naming its move. Must not know
//! files: the driver appends lines, with fsync, and hands the bytes back at restart.

use crate::ids::{Epoch, HostName, LifeId, MoveId};
use serde::{Deserialize, Serialize};

/// Largest journal read, in bytes; a move needs less than 2 KiB.
pub const JOURNAL_MAX: usize = 1 << 20;

/// The root process of a tree, by what does not come again on one boot of a host: pid and start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Root {
    /// Pid in the keeper's own pid namespace.
    pub pid: i32,
    /// Field 22 of /proc/PID/stat: clock ticks since boot.
    pub started: u64,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// Source, before the tree is frozen.
    Begin {
        /// The pane.
        life: LifeId,
        /// Its epoch here.
        epoch: Epoch,
        /// This host.
        from: HostName,
        /// The other one.
        to: HostName,
        /// The tree.
        root: Root,
    },
    /// Source, when the tree is sealed: from here on it does not thaw unless the destination has no copy.
    Commit {
        /// The pane's epoch at the destination.
        epoch: Epoch,
    },
    /// Source, before it unseals: the destination has no copy, or a human chose.
    TakingBack {
        /// Which of both, for people.
        why: String,
    },
    /// Source: the destination has it, the tree here was let go.
    Done,
    /// Source: the tree runs on here.
    Aborted {
        /// For people.
        why: String,
    },
    /// Destination, before the first byte is taken.
    Receive {
        /// The pane.
        life: LifeId,
        /// Its epoch here, if it arrives.
        epoch: Epoch,
        /// The other host.
        from: HostName,
        /// This one.
        to: HostName,
    },
    /// Destination: restored and stopped.
    Ready {
        /// The copy.
        root: Root,
    },
    /// Destination: has heard Commit; resumes next.
    Committed {
        /// The pane's epoch here.
        epoch: Epoch,
    },
    /// Destination: has resumed.
    Running,
    /// Destination: has no copy and will never have one of this move.
    Discarded {
        /// For people.
        why: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "move")]
    move_id: String,
    #[serde(flatten)]
    record: Record,
}

impl Record {
    /// The line to append, with its line end.
    pub fn to_line(&self, move_id: MoveId) -> String {
        let line = Line { move_id: move_id.to_string(), record: self.clone() };
        let mut text = serde_json::to_string(&line).expect("plain fields always encode as JSON");
        text.push('\n');
        text
    }
}

/// Why a journal cannot be believed. The move is then undecided.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Larger than [`JOURNAL_MAX`].
    #[error("the journal has {0} bytes, more than any move writes")]
    TooLong(usize),
    /// A whole line that is no record.
    #[error("line {line} of the journal is damaged: {why}")]
    Damaged {
        /// Counted from 1.
        line: usize,
        /// What the decoder said.
        why: String,
    },
}

/// Everything a journal holds, in the order it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journal {
    entries: Vec<(MoveId, Record)>,
}

impl Journal {
    /// Reads a journal. A last line without its end was being written when the keeper died: it is not
    /// there (its record had not been finished, so nothing after it was done).
    pub fn parse(bytes: &[u8]) -> Result<Journal, JournalError> {
        if bytes.len() > JOURNAL_MAX {
            return Err(JournalError::TooLong(bytes.len()));
        }
        let whole = Journal::whole(bytes);
        let mut entries = Vec::new();
        let lines = bytes[..whole].split(|&b| b == b'\n').enumerate().filter(|(_, l)| !l.is_empty());
        for (number, line) in lines {
            let damaged = |why: String| JournalError::Damaged { line: number + 1, why };
            let line: Line = serde_json::from_slice(line).map_err(|e| damaged(e.to_string()))?;
            let move_id = line.move_id.parse().map_err(|_| damaged("bad move number".into()))?;
            entries.push((move_id, line.record));
        }
        Ok(Journal { entries })
    }

    /// Length of the whole lines, in bytes: a driver that goes on writing a journal after a crash cuts the
    /// file to this first, or the next record would be one line with the torn one.
    pub fn whole(bytes: &[u8]) -> usize {
        bytes.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1)
    }

    /// The records of one move.
    pub fn of(&self, move_id: MoveId) -> Vec<Record> {
        self.entries.iter().filter(|(id, _)| *id == move_id).map(|(_, r)| r.clone()).collect()
    }

    /// The move last written about, with its records: the one a restart has to deal with.
    pub fn last(&self) -> Option<(MoveId, Vec<Record>)> {
        self.entries.last().map(|(id, _)| (*id, self.of(*id)))
    }

    /// The tree on record for a move: of its `Begin`, or of its last `Ready`.
    pub fn root_of(&self, move_id: MoveId) -> Option<Root> {
        self.of(move_id).iter().rev().find_map(|record| match record {
            Record::Begin { root, .. } | Record::Ready { root } => Some(*root),
            Record::Commit { .. }
            | Record::TakingBack { .. }
            | Record::Done
            | Record::Aborted { .. }
            | Record::Receive { .. }
            | Record::Committed { .. }
            | Record::Running
            | Record::Discarded { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Record> {
        let (from, to) = (HostName("a".into()), HostName("b".into()));
        let root = Root { pid: 7, started: 99 };
        let life = LifeId(1, 2);
        vec![
            Record::Begin { life, epoch: Epoch(0), from: from.clone(), to: to.clone(), root },
            Record::Commit { epoch: Epoch(1) },
            Record::TakingBack { why: "line\nbreak".into() },
            Record::Done,
            Record::Aborted { why: "\"".into() },
            Record::Receive { life, epoch: Epoch(1), from, to },
            Record::Ready { root },
            Record::Committed { epoch: Epoch(1) },
            Record::Running,
            Record::Discarded { why: String::new() },
        ]
    }

    #[test]
    fn records_come_back_and_a_torn_last_line_is_not_there() {
        let text: String = all().iter().map(|r| r.to_line(MoveId(3, 4))).collect();
        assert_eq!(text.lines().count(), all().len());
        assert_eq!(Journal::parse(text.as_bytes()).unwrap().of(MoveId(3, 4)), all());
        let ends: Vec<usize> = text.match_indices('\n').map(|(i, _)| i + 1).collect();
        for cut in 0..text.len() {
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(Journal::parse(&text.as_bytes()[..cut]).unwrap().of(MoveId(3, 4)), all()[..whole]);
        }
    }

    #[test]
    fn the_last_move_is_the_one_that_counts() {
        let text = Record::Done.to_line(MoveId(1, 1)) + &Record::Running.to_line(MoveId(2, 2));
        let journal = Journal::parse(text.as_bytes()).unwrap();
        assert_eq!(journal.last(), Some((MoveId(2, 2), vec![Record::Running])));
        assert_eq!(journal.of(MoveId(1, 1)), [Record::Done]);
    }

    #[test]
    fn a_damaged_line_is_an_error() {
        let text = format!("{}garbage\n", Record::Done.to_line(MoveId(1, 1)));
        assert!(matches!(Journal::parse(text.as_bytes()), Err(JournalError::Damaged { line: 2, .. })));
        assert!(matches!(Journal::parse(&vec![b'x'; JOURNAL_MAX + 1]), Err(JournalError::TooLong(_))));
    }
}
