//! Private memory sent while the tree runs, and the difference when it stands still.
//!
//! A page that is read while it is written may come out torn: what counts is that the page sent is the page kept, and
//! that at the end each page of the frozen tree is compared with the one kept.

use super::pages;
use crate::checkpoint::copies::PageCopies;
use crate::checkpoint::image::{Pages, Precopied, Space};
use crate::checkpoint::model::Pid;
use crate::checkpoint::{CheckpointError, ImageWriter};
use crate::sys::memory::{PAGE, ProcessMemory, Run};

/// Most times the whole memory is looked through.
const ROUNDS: usize = 3;
/// Bytes that changed during a round below which another is not worth it: they are sent in some ms.
const SETTLED: u64 = 1 << 20;

/// Where a process has private memory.
#[derive(Debug, Clone)]
pub struct Private {
    /// Its pid on this host.
    pub pid: i32,
    /// Its own number.
    pub inner: Pid,
    /// Start and end of its private mappings.
    pub ranges: Vec<(u64, u64)>,
}

/// Sends the memory of running processes, then what has changed meanwhile, until that is little. Keeps in `copies`
/// what was sent. Processes that end and mappings that go are passed over. The bytes sent.
pub fn send(
    out: &mut ImageWriter<'_>,
    processes: &[Private],
    copies: &mut PageCopies,
    compress: bool,
) -> Result<u64, CheckpointError> {
    let mut total = 0;
    for _ in 0..ROUNDS {
        let mut sent = 0;
        for process in processes {
            sent += send_one(out, process, copies, compress)?;
        }
        total += sent;
        if sent < SETTLED {
            break;
        }
    }
    Ok(total)
}

fn send_one(
    out: &mut ImageWriter<'_>,
    process: &Private,
    copies: &mut PageCopies,
    compress: bool,
) -> Result<u64, CheckpointError> {
    let Ok(memory) = ProcessMemory::open(process.pid) else { return Ok(0) };
    let Ok(written) = pages::written(process.pid, &process.ranges) else { return Ok(0) };
    let mut sent = 0;
    for mut batch in pages::batches(&written.pages) {
        let mut bytes = vec![0; pages::size(&batch)];
        if memory.read_runs(&batch, &mut bytes).is_err() {
            (batch, bytes) = readable(&memory, &batch);
        }
        let (_, changed, bytes) = sort_out(process.inner, &batch, &bytes, copies);
        if changed.is_empty() {
            continue;
        }
        if !copies.has_room(bytes.len()) {
            break;
        }
        let (space, runs) = (Space::Process(process.inner), pages::listed(&changed));
        out.pages(space, &runs, &bytes, compress)?;
        sent += bytes.len() as u64;
        copies.add(Pages { space, runs, bytes });
    }
    Ok(sent)
}

/// Those of the stretches that can be read, with their contents: some of the memory has just gone.
fn readable(memory: &ProcessMemory, runs: &[Run]) -> (Vec<Run>, Vec<u8>) {
    let (mut left, mut bytes) = (Vec::new(), Vec::new());
    for run in runs {
        let mut piece = vec![0; run.len as usize];
        if memory.read_runs(&[*run], &mut piece).is_ok() {
            left.push(*run);
            bytes.extend(piece);
        }
    }
    (left, bytes)
}

/// Stretches that are as they were kept, those that are not, and the contents of the latter.
fn sort_out(pid: Pid, runs: &[Run], bytes: &[u8], copies: &PageCopies) -> (Vec<Run>, Vec<Run>, Vec<u8>) {
    let (mut same, mut changed, mut contents) = (Vec::new(), Vec::new(), Vec::new());
    let starts = runs.iter().flat_map(|run| (run.start..run.start + run.len).step_by(PAGE as usize));
    for (address, page) in starts.zip(bytes.chunks(PAGE as usize)) {
        let list: &mut Vec<Run> = match copies.page(pid, address) {
            Some(kept) if kept == page => &mut same,
            _ => {
                contents.extend_from_slice(page);
                &mut changed
            }
        };
        match list.last_mut() {
            Some(last) if last.start + last.len == address => last.len += PAGE,
            _ => list.push(Run { start: address, len: PAGE }),
        }
    }
    (same, changed, contents)
}

/// Writes these stretches of a frozen process: by name where they are as they were sent ahead, else themselves. The
/// bytes of memory they stand for.
pub fn write_changed(
    out: &mut ImageWriter<'_>,
    pid: Pid,
    memory: &ProcessMemory,
    runs: &[Run],
    copies: &PageCopies,
    compress: bool,
) -> Result<u64, CheckpointError> {
    let space = Space::Process(pid);
    let mut buffer = Vec::new();
    let (mut unsent, mut contents) = (Vec::new(), Vec::new());
    for batch in pages::batches(runs) {
        buffer.resize(pages::size(&batch), 0);
        memory.read_runs(&batch, &mut buffer).map_err(pages::unreadable(memory.pid()))?;
        let (same, changed, bytes) = sort_out(pid, &batch, &buffer, copies);
        // Few sections rather than many: changed pages lie scattered.
        if pages::too_many(&unsent, &changed) {
            out.pages(space, &pages::listed(&unsent), &contents, compress)?;
            unsent.clear();
            contents.clear();
        }
        unsent.extend(changed);
        contents.extend(bytes);
        for runs in pages::listed(&same).chunks(crate::checkpoint::image::RUNS_MAX) {
            out.precopied(&Precopied { stream: copies.sum(), space, runs: runs.to_vec() })?;
        }
    }
    if !unsent.is_empty() {
        out.pages(space, &pages::listed(&unsent), &contents, compress)?;
    }
    Ok(pages::size(runs) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::ImageReader;
    use crate::checkpoint::image::Section;
    use crate::checkpoint::native::dump::empty_manifest;

    /// Pages of this process that nobody else writes to.
    fn own_pages(count: usize) -> (Vec<u8>, u64) {
        let memory: Vec<u8> =
            (0..(count + 1) * PAGE as usize).map(|i| (i / PAGE as usize + 1) as u8).collect();
        let start = (memory.as_ptr() as u64).next_multiple_of(PAGE);
        (memory, start)
    }

    #[test]
    fn only_what_has_changed_travels_twice() {
        let (mut source, start) = own_pages(300);
        let offset = (start - source.as_ptr() as u64) as usize;
        let end = start + 300 * PAGE;
        let me = std::process::id() as i32;
        let own = Private { pid: me, inner: 7, ranges: vec![(start, end)] };
        let mut ahead = Vec::new();
        let mut writer = ImageWriter::new(&mut ahead);
        let mut copies = PageCopies::default();
        let sent = send(&mut writer, &[own], &mut copies, true).unwrap();
        assert_eq!(sent, 300 * PAGE, "a second round finds nothing new");
        writer.end().unwrap();
        copies.complete(writer.sum());
        drop(writer);

        source[offset + 5 * PAGE as usize + 17] ^= 0xff;
        source[offset + 299 * PAGE as usize] ^= 0xff;
        let memory = ProcessMemory::open(me).unwrap();
        let mut image = Vec::new();
        let mut writer = ImageWriter::new(&mut image);
        writer.manifest(&empty_manifest()).unwrap();
        let all = [Run { start, len: 300 * PAGE }];
        write_changed(&mut writer, 7, &memory, &all, &copies, false).unwrap();
        writer.end().unwrap();
        drop(writer);
        assert!(image.len() < 5 * PAGE as usize, "{} bytes", image.len());

        // The other side: what came ahead and what came then are the memory as it is.
        let kept = PageCopies::read(ImageReader::new(&ahead[..])).unwrap();
        let mut rebuilt = vec![0; 300 * PAGE as usize];
        let mut put = |at: u64, bytes: &[u8]| {
            rebuilt[(at - start) as usize..][..bytes.len()].copy_from_slice(bytes);
        };
        let mut reader = ImageReader::new(&image[..]);
        while let Some(section) = reader.next_section().unwrap() {
            match section {
                Section::Precopied(named) => {
                    assert_eq!(named.stream, kept.sum());
                    for (runs, bytes) in kept.slices(7, &named.runs).unwrap() {
                        let mut rest = bytes;
                        for run in runs {
                            put(run.start, &rest[..run.len as usize]);
                            rest = &rest[run.len as usize..];
                        }
                    }
                }
                Section::Pages(pages) => {
                    let mut rest = &pages.bytes[..];
                    for (at, len) in pages.runs {
                        put(at, &rest[..len as usize]);
                        rest = &rest[len as usize..];
                    }
                }
                _ => {}
            }
        }
        assert_eq!(rebuilt, source[offset..][..300 * PAGE as usize]);
    }
}
