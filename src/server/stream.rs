//! What passes between this server and a keeper elsewhere, counted: after a broken link neither side's bytes
//! are lost or told twice. A pane on this host needs none of it: its master is in the server's hand.
//!
//! Counts belong to one keeper process. When another one answers (the pane has moved, its keeper was killed)
//! input that was on its way is given up: typing a line twice would be worse than losing it.

use crate::protocol::keeper::{Mark, Seen, ToKeeper};
use crate::protocol::{Bytes, MAX_CHUNK};
use std::collections::VecDeque;

/// Most input on its way to a keeper, in bytes; beyond it what is typed is refused.
const SENT_MAX: usize = 16 << 20;
/// Output taken in between two words on it, in bytes.
const SEEN_STEP: u64 = 64 << 10;

/// The two streams of a pane.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Stream {
    /// Whose counts these are; 0: a keeper that does not count, or none yet.
    keeper: u64,
    /// Input on its way, and how much came before it.
    sent: VecDeque<u8>,
    sent_from: u64,
    /// Output taken in, and of that what the keeper has been told.
    seen: u64,
    told: u64,
}

impl Stream {
    /// For `Attach`.
    pub(super) fn seen(&self) -> Seen {
        Seen { keeper: self.keeper, output: self.seen }
    }

    /// A keeper has answered, with `ring` bytes of output; what is to be said to it first.
    pub(super) fn begin(&mut self, mark: Option<Mark>, ring: usize) -> Vec<ToKeeper> {
        let Some(mark) = mark else {
            *self = Stream::default();
            return Vec::new();
        };
        if mark.keeper != self.keeper {
            *self = Stream { keeper: mark.keeper, sent_from: mark.input, ..Stream::default() };
        }
        self.seen = mark.output + ring as u64;
        self.told = self.told.max(mark.output);
        self.taken(mark.input);
        let again: Vec<u8> = self.sent.iter().copied().collect();
        messages(self.sent_from, &again).collect()
    }

    /// Input to be sent now: the messages for it; `None` if too much is on its way.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Option<Vec<ToKeeper>> {
        if self.keeper == 0 {
            return Some(bytes.chunks(MAX_CHUNK).map(|c| ToKeeper::Input(Bytes::from(c))).collect());
        }
        if self.sent.len() + bytes.len() > SENT_MAX {
            return None;
        }
        let at = self.sent_from + self.sent.len() as u64;
        self.sent.extend(bytes);
        Some(messages(at, bytes).collect())
    }

    /// The keeper has so much of the input.
    pub(super) fn taken(&mut self, upto: u64) {
        let n = upto.saturating_sub(self.sent_from).min(self.sent.len() as u64);
        self.sent.drain(..n as usize);
        self.sent_from += n;
    }

    /// Output has come; what to say to the keeper, now and then.
    pub(super) fn got(&mut self, bytes: usize) -> Option<ToKeeper> {
        self.seen += bytes as u64;
        if self.keeper == 0 || self.seen - self.told < SEEN_STEP {
            return None;
        }
        self.told = self.seen;
        Some(ToKeeper::OutputSeen { upto: self.seen })
    }
}

fn messages(at: u64, bytes: &[u8]) -> impl Iterator<Item = ToKeeper> {
    let place = move |i: usize| at + (i * MAX_CHUNK) as u64;
    bytes
        .chunks(MAX_CHUNK)
        .enumerate()
        .map(move |(i, chunk)| ToKeeper::InputAt { at: place(i), bytes: Bytes::from(chunk) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(keeper: u64, input: u64, output: u64) -> Option<Mark> {
        Some(Mark { keeper, input, output })
    }

    fn at(at: u64, bytes: &[u8]) -> Vec<ToKeeper> {
        vec![ToKeeper::InputAt { at, bytes: Bytes::from(bytes) }]
    }

    #[test]
    fn what_the_same_keeper_has_not_got_is_sent_again_and_nothing_else() {
        let mut stream = Stream::default();
        assert_eq!(stream.begin(mark(7, 100, 0), 0), vec![]);
        assert_eq!(stream.send(b"abc"), Some(at(100, b"abc")));
        assert_eq!(stream.send(b"def"), Some(at(103, b"def")));
        stream.taken(101);
        // The link breaks and heals.
        assert_eq!(stream.begin(mark(7, 104, 0), 0), at(104, b"ef"));
        assert_eq!(stream.begin(mark(7, 106, 0), 0), vec![]);
        assert_eq!(stream.send(b"g"), Some(at(106, b"g")));
        // Another keeper: it is not known what of it the pane has got.
        assert_eq!(stream.begin(mark(8, 0, 0), 0), vec![]);
        assert_eq!(stream.send(b"h"), Some(at(0, b"h")));
    }

    #[test]
    fn output_is_counted_across_links() {
        let mut stream = Stream::default();
        assert_eq!(stream.seen(), Seen { keeper: 0, output: 0 });
        stream.begin(mark(7, 0, 50), 10);
        assert_eq!(stream.got(5), None);
        assert_eq!(stream.seen(), Seen { keeper: 7, output: 65 });
        assert_eq!(stream.got(SEEN_STEP as usize), Some(ToKeeper::OutputSeen { upto: 65 + SEEN_STEP }));
        stream.begin(mark(7, 0, 65 + SEEN_STEP), 3);
        assert_eq!(stream.seen().output, 68 + SEEN_STEP);
    }

    #[test]
    fn a_keeper_that_does_not_count_gets_plain_input() {
        let mut stream = Stream::default();
        stream.begin(None, 0);
        assert_eq!(stream.send(b"x"), Some(vec![ToKeeper::Input(Bytes::from(&b"x"[..]))]));
        assert_eq!(stream.got(1 << 20), None);
    }
}
