//! Scrollback: packed lines in chunks, addressed by a stable line number.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bytes after which a chunk is sealed.
const CHUNK_BYTES: usize = 32 * 1024;
/// Lines after which a chunk is sealed.
const CHUNK_LINES: usize = 256;

/// Consecutive packed lines in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Chunk {
    /// How many lines were pushed before its first.
    first: u64,
    #[serde(with = "serde_bytes")]
    data: Vec<u8>,
    /// Where each line ends in `data`.
    ends: Vec<u32>,
}

impl Chunk {
    /// What `first` of the next chunk is.
    fn end(&self) -> u64 {
        self.first + self.ends.len() as u64
    }

    fn line(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        self.data.get(start..self.ends[i] as usize).unwrap_or(&[])
    }
}

/// The lines that left the top of the main screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    chunks: VecDeque<Chunk>,
    /// Lines of the first chunk that are gone already.
    skipped: usize,
    len: usize,
    limit: usize,
    /// Stable number of the oldest kept line.
    base: u64,
}

impl History {
    pub fn new(limit: usize) -> History {
        History { chunks: VecDeque::new(), skipped: 0, len: 0, limit, base: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }
    pub fn base(&self) -> u64 {
        self.base
    }
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the limit and drops what is beyond it.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.enforce();
    }

    /// Appends a line that `write` packs at the end of the buffer it gets.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.limit == 0 {
            self.base += 1;
            return;
        }
        let full =
            self.chunks.back().is_none_or(|c| c.data.len() >= CHUNK_BYTES || c.ends.len() >= CHUNK_LINES);
        if full {
            if let Some(last) = self.chunks.back_mut() {
                last.data.shrink_to_fit();
                last.ends.shrink_to_fit();
            }
            // After a full one another is likely: grown by doubling, each would leave the allocator a hole.
            let (first, room) = self.chunks.back().map_or((0, 0), |last| (last.end(), last.data.len() + 256));
            self.chunks.push_back(Chunk { first, data: Vec::with_capacity(room), ..Chunk::default() });
        }
        if let Some(chunk) = self.chunks.back_mut() {
            write(&mut chunk.data);
            chunk.ends.push(chunk.data.len() as u32);
            self.len += 1;
        }
        if self.len > self.limit {
            self.enforce();
        }
    }

    /// Takes back the newest line.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        if self.len == 0 {
            return None;
        }
        let chunk = self.chunks.back_mut()?;
        let line = chunk.line(chunk.ends.len() - 1).to_vec();
        chunk.ends.pop();
        chunk.data.truncate(chunk.ends.last().map_or(0, |e| *e as usize));
        self.len -= 1;
        if chunk.ends.is_empty() {
            self.chunks.pop_back();
        }
        if self.len == 0 {
            self.chunks.clear();
            self.skipped = 0;
        }
        Some(line)
    }

    fn enforce(&mut self) {
        while self.len > self.limit {
            self.len -= 1;
            self.base += 1;
            self.skipped += 1;
            if self.chunks.front().is_some_and(|c| self.skipped >= c.ends.len()) {
                self.chunks.pop_front();
                self.skipped = 0;
            }
        }
    }

    /// Gives the oldest kept line another number.
    pub fn rebase(&mut self, base: u64) {
        self.base = base;
    }

    /// Drops every line; the numbers go on.
    pub fn clear(&mut self) {
        self.base += self.len as u64;
        self.len = 0;
        self.skipped = 0;
        self.chunks.clear();
    }

    /// The packed line `index`, counted from the oldest.
    pub fn line(&self, index: usize) -> Option<&[u8]> {
        if index >= self.len {
            return None;
        }
        let number = self.chunks.front()?.first + (self.skipped + index) as u64;
        let chunk = &self.chunks[self.chunks.partition_point(|c| c.end() <= number)];
        Some(chunk.line((number - chunk.first) as usize))
    }

    /// All packed lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().flat_map(|c| (0..c.ends.len()).map(move |i| c.line(i))).skip(self.skipped)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|c| c.data.capacity() + c.ends.capacity() * 4).sum()
    }

    /// Whether the parts fit each other; a snapshot from elsewhere may not.
    pub fn is_sound(&self) -> bool {
        let lines: usize = self.chunks.iter().map(|c| c.ends.len()).sum();
        lines.checked_sub(self.skipped) == Some(self.len)
            && self.len <= self.limit
            && self.chunks.iter().all(|c| !c.ends.is_empty() && c.first < u64::MAX >> 1)
            && self.chunks.iter().zip(self.chunks.iter().skip(1)).all(|(a, b)| a.end() == b.first)
            && self
                .chunks
                .iter()
                .all(|c| c.ends.is_sorted() && c.ends.last().is_none_or(|e| *e as usize <= c.data.len()))
    }
}
