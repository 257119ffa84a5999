//! Puts the memory of an image into the processes that are being built: what comes with it, and what came ahead of it.

use super::restore::{Living, lost};
use crate::checkpoint::copies::PageCopies;
use crate::checkpoint::image::{Pages, Precopied, Space};
use crate::checkpoint::model::{Process, VmaKind};
use crate::checkpoint::{CheckpointError, ImageError};
use crate::sys::memory::{RemotePtr, Run};

/// Writes one section of memory.
pub fn pages(all: &[Living<'_>], pages: &Pages) -> Result<(), CheckpointError> {
    let runs: Vec<Run> = pages.runs.iter().map(|&(start, len)| Run { start, len }).collect();
    match pages.space {
        Space::Process(pid) => {
            let living = all.iter().find(|l| l.process.pid == pid).ok_or_else(|| lost(pid))?;
            inside(&runs, living.process)?;
            write(living, &runs, &pages.bytes)
        }
        Space::Shared(segment) => fill_segment(all, segment, &runs, &pages.bytes),
    }
}

/// Writes memory that came ahead, which must be of the stream that the image names and have all of it.
pub fn precopied(
    all: &[Living<'_>],
    named: &Precopied,
    copies: Option<&PageCopies>,
) -> Result<(), CheckpointError> {
    let altered = || ImageError::Altered { section: "precopied".into() };
    let copies = copies.filter(|copies| copies.sum() == named.stream).ok_or_else(altered)?;
    let Space::Process(pid) = named.space else { return Err(altered().into()) };
    let living = all.iter().find(|l| l.process.pid == pid).ok_or_else(|| lost(pid))?;
    let runs: Vec<Run> = named.runs.iter().map(|&(start, len)| Run { start, len }).collect();
    inside(&runs, living.process)?;
    for (runs, bytes) in copies.slices(pid, &named.runs).ok_or_else(altered)? {
        write(living, &runs, bytes)?;
    }
    Ok(())
}

fn write(living: &Living<'_>, runs: &[Run], bytes: &[u8]) -> Result<(), CheckpointError> {
    let what = || format!("fill the memory of process {}", living.process.pid);
    living.memory.write_runs(runs, bytes).map_err(|e| CheckpointError::system(what())(e))
}

/// Memory of a shared segment goes in through any mapping that shows it.
fn fill_segment(all: &[Living<'_>], segment: u32, runs: &[Run], bytes: &[u8]) -> Result<(), CheckpointError> {
    let mut rest = bytes;
    for run in runs {
        let mut at = run.start;
        while at < run.start + run.len {
            let shows = all.iter().find_map(|living| {
                living.process.vmas.iter().find_map(|vma| match vma.kind {
                    VmaKind::SharedAnonymous(id, offset)
                        if id == segment && at >= offset && at < offset + (vma.end - vma.start) =>
                    {
                        Some((living, vma.start + (at - offset), vma.end))
                    }
                    _ => None,
                })
            });
            let Some((living, address, end)) = shows else {
                return Err(CheckpointError::Strange(format!("nothing shows shared segment {segment}")));
            };
            let len = (run.start + run.len - at).min(end - address);
            let (piece, others) = rest.split_at_checked(len as usize).unwrap_or((rest, &[]));
            living
                .memory
                .write(RemotePtr::new(address), piece)
                .map_err(CheckpointError::system("fill shared memory"))?;
            rest = others;
            at += len;
        }
    }
    Ok(())
}

/// Contents may only go where the image says that something is mapped.
fn inside(runs: &[Run], process: &Process) -> Result<(), CheckpointError> {
    for run in runs {
        let end = run.start.checked_add(run.len);
        let mut at = run.start;
        let first = process.vmas.partition_point(|vma| vma.end <= at);
        for vma in &process.vmas[first..] {
            if vma.start > at || Some(at) >= end {
                break;
            }
            at = vma.end;
        }
        if end.is_none_or(|end| at < end) {
            return Err(ImageError::Altered { section: "pages".into() }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::model::Vma;

    #[test]
    fn test_memory_may_only_go_where_something_is_mapped() {
        let vma =
            |start, end| Vma { start, end, prot: 3, kind: VmaKind::Anonymous, growsdown: false, advice: 0 };
        let process = Process {
            vmas: vec![vma(0x1000, 0x3000), vma(0x3000, 0x4000), vma(0x6000, 0x7000)],
            ..Process::default()
        };
        let ok = |start, len| inside(&[Run { start, len }], &process).is_ok();
        assert!(ok(0x1000, 0x3000) && ok(0x2000, 0x1000) && ok(0x6000, 0x1000));
        assert!(!ok(0x0, 0x1000) && !ok(0x3000, 0x2000) && !ok(0x5000, 0x2000) && !ok(0x7000, 0x1000));
        assert!(!ok(0x6000, u64::MAX));
    }
}
