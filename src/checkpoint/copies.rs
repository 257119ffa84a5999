//! Pages of memory that travelled while the tree still ran. Both sides of a move keep them: the source to see, when
//! the tree stands still, which have changed since; the destination to fill the copy with those that have not.
//!
//! Content is compared with content: no page counts as unchanged because a kernel's dirty bit says so.

use super::image::{Pages, Space};
use super::model::Pid;
use super::{ImageError, ImageReader, image::Section};
use crate::sys::memory::{PAGE, Run};
use std::collections::HashMap;

/// Most bytes kept of one tree. What is beyond travels while the tree stands still.
pub const COPIES_MAX: usize = 256 << 20;

/// The pages, by process (its own number) and address.
#[derive(Debug, Default)]
pub struct PageCopies {
    at: HashMap<(Pid, u64), (u32, u32)>,
    pieces: Vec<Vec<u8>>,
    bytes: usize,
    sum: [u8; 16],
}

impl PageCopies {
    /// Keeps a piece; a page kept before is replaced. False: that is beyond the limit, or not made of whole pages of
    /// a process, and nothing of it is kept.
    pub fn add(&mut self, pages: Pages) -> bool {
        let Space::Process(pid) = pages.space else { return false };
        let whole = pages.runs.iter().all(|&(start, len)| start % PAGE == 0 && len % PAGE == 0);
        if !whole || self.bytes + pages.bytes.len() > COPIES_MAX {
            return false;
        }
        let piece = self.pieces.len() as u32;
        let mut offset = 0;
        for (start, len) in pages.runs {
            for at in (start..start + len).step_by(PAGE as usize) {
                self.at.insert((pid, at), (piece, offset));
                offset += PAGE as u32;
            }
        }
        self.bytes += pages.bytes.len();
        self.pieces.push(pages.bytes);
        true
    }

    /// True when `length` bytes more are not beyond the limit.
    pub fn has_room(&self, length: usize) -> bool {
        self.bytes + length <= COPIES_MAX
    }

    /// The page at this address as it was last kept.
    pub fn page(&self, pid: Pid, address: u64) -> Option<&[u8]> {
        let &(piece, offset) = self.at.get(&(pid, address))?;
        self.pieces.get(piece as usize)?.get(offset as usize..offset as usize + PAGE as usize)
    }

    /// The pages of these stretches, as few slices as possible, each with the stretches it fills. `None`: one of
    /// them is not here.
    pub fn slices(&self, pid: Pid, runs: &[(u64, u64)]) -> Option<Vec<(Vec<Run>, &[u8])>> {
        let mut out: Vec<(Vec<Run>, u32, u32, u32)> = Vec::new();
        for &(start, len) in runs {
            if len % PAGE != 0 {
                return None;
            }
            for address in (start..start.checked_add(len)?).step_by(PAGE as usize) {
                let &(piece, offset) = self.at.get(&(pid, address))?;
                match out.last_mut() {
                    Some((runs, last, _, end)) if *last == piece && *end == offset => {
                        *end += PAGE as u32;
                        match runs.last_mut() {
                            Some(run) if run.start + run.len == address => run.len += PAGE,
                            _ => runs.push(Run { start: address, len: PAGE }),
                        }
                    }
                    _ => out.push((
                        vec![Run { start: address, len: PAGE }],
                        piece,
                        offset,
                        offset + PAGE as u32,
                    )),
                }
            }
        }
        out.into_iter()
            .map(|(runs, piece, from, to)| {
                Some((runs, self.pieces.get(piece as usize)?.get(from as usize..to as usize)?))
            })
            .collect()
    }

    /// The stream they came in is complete, and this is its last checksum: what an image that counts on them names
    /// them by.
    pub fn complete(&mut self, sum: [u8; 16]) {
        self.sum = sum;
    }

    /// The name of the stream they came in.
    pub fn sum(&self) -> [u8; 16] {
        self.sum
    }

    /// Those of a stream that was kept in a file; files in it are passed over.
    pub fn read(mut image: ImageReader<'_>) -> Result<PageCopies, ImageError> {
        let mut copies = PageCopies::default();
        while let Some(section) = image.next_section()? {
            if let Section::Pages(pages) = section
                && !copies.add(pages)
            {
                return Err(ImageError::Altered { section: "pages".into() });
            }
        }
        copies.complete(image.sum());
        Ok(copies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(runs: &[(u64, u64)], fill: &[u8]) -> Pages {
        let bytes = fill.iter().flat_map(|&b| vec![b; PAGE as usize]).collect();
        Pages { space: Space::Process(7), runs: runs.to_vec(), bytes }
    }

    #[test]
    fn the_last_copy_of_a_page_counts_and_one_that_never_came_is_not_made_up() {
        let mut copies = PageCopies::default();
        assert!(copies.add(piece(&[(PAGE, 2 * PAGE), (9 * PAGE, PAGE)], &[1, 2, 3])));
        assert!(copies.add(piece(&[(2 * PAGE, PAGE)], &[4])));
        assert_eq!(copies.page(7, 2 * PAGE).unwrap()[0], 4);
        assert_eq!(copies.page(8, 2 * PAGE), None, "another process");
        let found = copies.slices(7, &[(PAGE, 2 * PAGE), (9 * PAGE, PAGE)]).unwrap();
        let told: Vec<(u64, u64, u8)> =
            found.iter().map(|(runs, bytes)| (runs[0].start, bytes.len() as u64, bytes[0])).collect();
        assert_eq!(told, [(PAGE, PAGE, 1), (2 * PAGE, PAGE, 4), (9 * PAGE, PAGE, 3)]);
        assert!(copies.slices(7, &[(PAGE, 3 * PAGE)]).is_none());
        assert!(copies.slices(7, &[(u64::MAX - 4095, 2 * PAGE)]).is_none());
    }

    #[test]
    fn what_came_in_one_piece_goes_in_at_once() {
        let mut copies = PageCopies::default();
        assert!(copies.add(piece(&[(PAGE, 2 * PAGE), (9 * PAGE, PAGE)], &[1, 2, 3])));
        let found = copies.slices(7, &[(PAGE, 2 * PAGE), (9 * PAGE, PAGE)]).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, [Run { start: PAGE, len: 2 * PAGE }, Run { start: 9 * PAGE, len: PAGE }]);
        assert_eq!(found[0].1.len() as u64, 3 * PAGE);
    }

    #[test]
    fn only_whole_pages_of_processes_are_kept() {
        let mut copies = PageCopies::default();
        assert!(!copies.add(piece(&[(PAGE + 1, PAGE)], &[1])));
        assert!(!copies.add(Pages { space: Space::Shared(0), ..piece(&[(PAGE, PAGE)], &[1]) }));
        assert_eq!(copies.page(7, PAGE), None);
    }
}
