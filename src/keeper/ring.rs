//! Output that may have to be told again: the newest bytes, bounded, by their place in the stream.

use std::collections::VecDeque;

/// Bytes of output kept while no server is attached.
pub const RING: usize = 256 << 10;
/// Bytes a server may leave unseen before no more is read for it; it says what it has seen far more often.
pub const UNSEEN_MAX: usize = 4 << 20;

/// A bounded queue of bytes that forgets its oldest.
#[derive(Debug, Default)]
pub struct Ring {
    bytes: VecDeque<u8>,
    /// Bytes before those.
    start: u64,
    /// Bytes that some server has seen, or that were on their way to one that does not say.
    given: u64,
}

impl Ring {
    /// Adds output nobody reads, forgetting the oldest beyond [`RING`].
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(RING);
        self.bytes.drain(..over);
        self.start += over as u64;
    }

    /// Adds output that is on its way to a server which will say that it has seen it.
    pub fn push_sent(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        self.given = self.end();
    }

    /// Counts output that is not kept.
    pub fn pass(&mut self, bytes: usize) {
        self.forget(self.end());
        self.start += bytes as u64;
        self.given = self.start;
    }

    /// Bytes not yet seen.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A server has seen everything before this place.
    pub fn forget(&mut self, upto: u64) {
        let n = upto.saturating_sub(self.start).min(self.bytes.len() as u64);
        self.bytes.drain(..n as usize);
        self.start += n;
        self.given = self.given.max(self.start);
    }

    /// Everything from `seen` on (without one: that no server was given), its place, and how many bytes
    /// before it were forgotten.
    pub fn since(&mut self, seen: Option<u64>) -> (Vec<u8>, u64, u64) {
        let wanted = seen.unwrap_or(self.given).min(self.end());
        self.forget(wanted);
        let bytes = self.bytes.iter().copied().collect();
        self.given = self.end();
        (bytes, self.start, self.start.saturating_sub(wanted))
    }

    /// Nobody will say what of it has been seen: it holds no memory from here.
    pub fn forget_all(&mut self) {
        self.start = self.end();
        self.given = self.start;
        self.bytes = VecDeque::new();
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_bytes_are_kept_and_the_lost_are_counted() {
        let mut ring = Ring::default();
        let all: Vec<u8> = (0..RING + 1000).map(|i| (i % 251) as u8).collect();
        for part in all.chunks(7777) {
            ring.push(part);
        }
        assert_eq!(ring.since(None), (all[1000..].to_vec(), 1000, 1000));
        ring.forget_all();
        assert_eq!(ring.since(None), (vec![], all.len() as u64, 0));
        ring.push(&all);
        assert_eq!(ring.since(None).2, 1000);
    }

    #[test]
    fn what_was_on_its_way_is_told_again_from_where_it_was_seen() {
        let mut ring = Ring::default();
        ring.push_sent(b"abcdef");
        ring.forget(2);
        assert_eq!(ring.since(Some(4)), (b"ef".to_vec(), 4, 0));
        // A server that has lost count gets what none was given.
        assert_eq!(ring.since(None), (vec![], 6, 0));
        ring.push(b"gh");
        assert_eq!(ring.since(None), (b"gh".to_vec(), 6, 0));
        assert_eq!(ring.since(Some(99)), (vec![], 8, 0), "a place that is not yet");
        ring.pass(10);
        assert_eq!(ring.since(Some(8)), (vec![], 18, 10), "what is not kept cannot be told again");
    }
}
