//! Output nobody reads at present: the newest bytes, bounded.

use std::collections::VecDeque;

/// Bytes of output kept while no server is attached.
pub const RING: usize = 256 << 10;

/// A bounded queue of bytes that forgets its oldest.
#[derive(Debug, Default)]
pub struct Ring {
    bytes: VecDeque<u8>,
    lost: u64,
}

impl Ring {
    /// Adds output, forgetting the oldest beyond [`RING`].
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = &bytes[bytes.len().saturating_sub(RING)..];
        let over = (self.bytes.len() + kept.len()).saturating_sub(RING);
        self.bytes.drain(..over);
        self.lost += (over + bytes.len() - kept.len()) as u64;
        self.bytes.extend(kept);
    }

    /// Everything, oldest first, and how many bytes were forgotten before it. The ring is empty afterwards
    /// and holds no memory.
    pub fn take(&mut self) -> (Vec<u8>, u64) {
        let bytes = std::mem::take(&mut self.bytes).into();
        (bytes, std::mem::take(&mut self.lost))
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
        assert_eq!(ring.take(), (all[1000..].to_vec(), 1000));
        assert_eq!(ring.take(), (vec![], 0));
        ring.push(&all);
        assert_eq!(ring.take(), (all[1000..].to_vec(), 1000));
    }
}
