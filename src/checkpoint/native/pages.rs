//! Memory out of frozen processes into the image, in bounded pieces.

use super::mappings::Part;
use crate::checkpoint::image::{CHUNK_MAX, RUNS_MAX, Space};
use crate::checkpoint::{CheckpointError, ImageWriter};
use crate::sys::memory::{self, PAGE, Populated, ProcessMemory, RemotePtr, Run};

/// One past the highest address of a 47-bit user address space.
const USER_END: u64 = 0x7fff_ffff_f000;

/// Written private pages and guards of a process inside the given mappings.
///
/// The pages are a snapshot of the moment: called again later it gives the next round.
pub fn written(pid: i32, mappings: &[(u64, u64)]) -> Result<Populated, CheckpointError> {
    let failed = || CheckpointError::system(format!("reading the page table of {pid}"));
    match memory::populated(pid, 0, USER_END) {
        Ok(all) => Ok(Populated { pages: clip(&all.pages, mappings), guards: all.guards }),
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL)) => {
            let mut found = Populated::default();
            for &(start, end) in mappings {
                let one = memory::populated_by_entries(pid, start, end).map_err(failed())?;
                found.pages.extend(one.pages);
            }
            Ok(found)
        }
        Err(e) => Err(failed()(e)),
    }
}

/// The parts of ascending `runs` that lie in ascending `ranges`; a run over two ranges is cut.
fn clip(runs: &[Run], ranges: &[(u64, u64)]) -> Vec<Run> {
    let mut out = Vec::with_capacity(runs.len());
    let mut first = 0;
    for run in runs {
        let end = run.start + run.len;
        while ranges.get(first).is_some_and(|range| range.1 <= run.start) {
            first += 1;
        }
        for &(low, high) in ranges[first..].iter().take_while(|range| range.0 < end) {
            let start = run.start.max(low);
            let len = end.min(high).saturating_sub(start);
            if len > 0 {
                out.push(Run { start, len });
            }
        }
    }
    out
}

/// Cuts stretches into batches that fit a section: at most [`CHUNK_MAX`] bytes, at most [`RUNS_MAX`] stretches.
pub fn batches(runs: &[Run]) -> Vec<Vec<Run>> {
    let mut out = Vec::new();
    let mut batch: Vec<Run> = Vec::new();
    let mut size = 0;
    for run in runs {
        let mut rest = *run;
        while rest.len > 0 {
            if size == CHUNK_MAX || batch.len() == RUNS_MAX {
                out.push(std::mem::take(&mut batch));
                size = 0;
            }
            let len = rest.len.min((CHUNK_MAX - size) as u64);
            batch.push(Run { start: rest.start, len });
            size += len as usize;
            rest = Run { start: rest.start + len, len: rest.len - len };
        }
    }
    if !batch.is_empty() {
        out.push(batch);
    }
    out
}

/// Bytes of these stretches.
pub fn size(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.len as usize).sum()
}

/// True when both together do not fit a section.
pub fn too_many(some: &[Run], more: &[Run]) -> bool {
    size(some) + size(more) > CHUNK_MAX || some.len() + more.len() > RUNS_MAX
}

/// Stretches as the image lists them.
pub fn listed(runs: &[Run]) -> Vec<(u64, u64)> {
    runs.iter().map(|run| (run.start, run.len)).collect()
}

/// Writes these stretches of a process's memory; the bytes written.
pub fn write_private(
    out: &mut ImageWriter<'_>,
    space: Space,
    memory: &ProcessMemory,
    runs: &[Run],
    compress: bool,
) -> Result<u64, CheckpointError> {
    let mut buffer = Vec::new();
    for batch in batches(runs) {
        buffer.resize(size(&batch), 0);
        memory.read_runs(&batch, &mut buffer).map_err(unreadable(memory.pid()))?;
        out.pages(space, &listed(&batch), &buffer, compress)?;
    }
    Ok(size(runs) as u64)
}

/// The error of memory that cannot be read.
pub fn unreadable(pid: i32) -> impl FnOnce(std::io::Error) -> CheckpointError {
    CheckpointError::system(format!("reading the memory of {pid}"))
}

/// Writes every page of `len` bytes at `address` that can be read and is not all zero, under the addresses
/// `shown` and on; the bytes written. For memory whose page table does not tell what is in it: shared segments,
/// and mappings of lost files.
pub fn write_nonzero(
    out: &mut ImageWriter<'_>,
    space: Space,
    memory: &ProcessMemory,
    (address, len, shown): (u64, u64, u64),
    compress: bool,
) -> Result<u64, CheckpointError> {
    let mut buffer = vec![0; CHUNK_MAX];
    let mut total = 0;
    let mut at = 0;
    while at < len {
        let size = ((len - at) as usize).min(CHUNK_MAX);
        let piece = &mut buffer[..size];
        if memory.read(RemotePtr::new(address + at), piece).is_err() {
            // Part of it lies beyond the end of its file: page by page, and what cannot be read is not there.
            for (index, page) in piece.chunks_mut(PAGE as usize).enumerate() {
                let from = RemotePtr::new(address + at + index as u64 * PAGE);
                if memory.read(from, page).is_err() {
                    page.fill(0);
                }
            }
        }
        let (mut list, mut bytes) = (Vec::<(u64, u64)>::new(), Vec::new());
        for (index, page) in piece.chunks(PAGE as usize).enumerate() {
            if page.iter().all(|&b| b == 0) {
                continue;
            }
            let start = shown + at + index as u64 * PAGE;
            match list.last_mut() {
                Some(last) if last.0 + last.1 == start => last.1 += page.len() as u64,
                _ => list.push((start, page.len() as u64)),
            }
            bytes.extend_from_slice(page);
        }
        if !list.is_empty() {
            out.pages(space, &list, &bytes, compress)?;
        }
        total += bytes.len() as u64;
        at += size as u64;
    }
    Ok(total)
}

/// Address, bytes and image address of a part of a shared segment, for [`write_nonzero`].
pub fn of_part(part: &Part) -> (u64, u64, u64) {
    (part.address, part.len, part.offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{ImageReader, image::Section};

    #[test]
    fn runs_are_cut_at_mappings() {
        let run = |start, len| Run { start, len };
        let runs = [run(0, 10), run(20, 30), run(90, 10)];
        assert_eq!(
            clip(&runs, &[(5, 25), (30, 40), (45, 60)]),
            [run(5, 5), run(20, 5), run(30, 10), run(45, 5)]
        );
    }

    #[test]
    fn memory_comes_out_in_bounded_pieces_and_whole() {
        let me = std::process::id() as i32;
        let memory = ProcessMemory::open(me).unwrap();
        let source: Vec<u8> = (0..3 * CHUNK_MAX + 100).map(|i| (i % 251) as u8).collect();
        let base = source.as_ptr() as u64;
        let runs = [Run { start: base, len: 70 }, Run { start: base + 100, len: 3 * CHUNK_MAX as u64 }];
        let mut image = Vec::new();
        let mut writer = ImageWriter::new(&mut image);
        writer.manifest(&crate::checkpoint::native::dump::empty_manifest()).unwrap();
        write_private(&mut writer, Space::Process(1), &memory, &runs, false).unwrap();
        writer.end().unwrap();
        drop(writer);
        let mut reader = ImageReader::new(image.as_slice());
        let mut seen = 0;
        while let Some(section) = reader.next_section().unwrap() {
            let Section::Pages(pages) = section else { continue };
            let mut at = 0;
            for (start, len) in pages.runs {
                let offset = (start - base) as usize;
                assert_eq!(pages.bytes[at..at + len as usize], source[offset..offset + len as usize]);
                at += len as usize;
                seen += len;
            }
        }
        assert_eq!(seen, 70 + 3 * CHUNK_MAX as u64);
    }

    #[test]
    fn zero_pages_stay_at_home() {
        let me = std::process::id() as i32;
        let memory = ProcessMemory::open(me).unwrap();
        let mut source = vec![0u8; 5 * PAGE as usize];
        let start = (source.as_ptr() as u64).next_multiple_of(PAGE);
        let at = (start - source.as_ptr() as u64) as usize;
        source[at + PAGE as usize] = 7;
        let mut image = Vec::new();
        let mut writer = ImageWriter::new(&mut image);
        let bytes =
            write_nonzero(&mut writer, Space::Shared(0), &memory, (start, 4 * PAGE, 0), false).unwrap();
        assert_eq!(bytes, PAGE);
        assert_eq!(source[at + PAGE as usize], 7);
    }
}
