//! Memory of another process: pointers that cannot be dereferenced here, bulk reads and writes, and the
//! kernel's list of which pages hold anything.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;

/// Size of a page, bytes. x86_64 has no other for ordinary mappings.
pub const PAGE: u64 = 4096;

/// Most iovecs one process_vm_readv(2) takes (`UIO_MAXIOV`).
const IOV_MAX: usize = 1024;

/// An address in another process. It has no operation that reads or writes through it in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemotePtr(u64);

impl RemotePtr {
    /// The null pointer.
    pub const NULL: RemotePtr = RemotePtr(0);

    /// A pointer to this address.
    pub fn new(addr: u64) -> Self {
        RemotePtr(addr)
    }

    /// Its address.
    pub fn addr(self) -> u64 {
        self.0
    }

    /// The address `bytes` further on.
    pub fn offset(self, bytes: u64) -> Self {
        RemotePtr(self.0.wrapping_add(bytes))
    }

    /// True for address 0.
    pub fn is_null(self) -> bool {
        self.0 == 0
    }
}

/// A stretch of memory: first address and length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub len: u64,
}

/// The memory of one process, addressed by its pid as this process sees it.
#[derive(Debug)]
pub struct ProcessMemory {
    pid: i32,
    mem: File,
}

impl ProcessMemory {
    /// Opens `/proc/PID/mem` for reading and writing (needs ptrace rights over the process).
    pub fn open(pid: i32) -> io::Result<Self> {
        let mem = File::options().read(true).write(true).open(format!("/proc/{pid}/mem"))?;
        Ok(ProcessMemory { pid, mem })
    }

    /// Fills `buffer` from `from`. Fails when any byte cannot be read.
    pub fn read(&self, from: RemotePtr, buffer: &mut [u8]) -> io::Result<()> {
        self.read_runs(&[Run { start: from.addr(), len: buffer.len() as u64 }], buffer)
    }

    /// Writes `bytes` to `to`, through read-only protections too (as ptrace does).
    pub fn write(&self, to: RemotePtr, bytes: &[u8]) -> io::Result<()> {
        self.write_runs(&[Run { start: to.addr(), len: bytes.len() as u64 }], bytes)
    }

    /// A little-endian u64.
    pub fn read_u64(&self, from: RemotePtr) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.read(from, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Reads all runs, one after the other, into `buffer`, whose length must be their sum.
    ///
    /// process_vm_readv(2) stops short at PROT_NONE and does not say where (P-13); what it left is read
    /// through `/proc/PID/mem`, which ignores protections.
    pub fn read_runs(&self, runs: &[Run], buffer: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        let mut rest = runs;
        while !rest.is_empty() {
            let batch = &rest[..rest.len().min(IOV_MAX)];
            rest = &rest[batch.len()..];
            let total: usize = batch.iter().map(|run| run.len as usize).sum();
            let target = buffer
                .get_mut(done..done + total)
                .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
            let got = vm_readv(self.pid, batch, target).unwrap_or(0);
            each_left(batch, got, |address, range| self.mem.read_exact_at(&mut target[range], address))?;
            done += total;
        }
        Ok(())
    }

    /// Writes `bytes` over all runs in order; their sum must be `bytes.len()`.
    pub fn write_runs(&self, runs: &[Run], bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        let mut rest = runs;
        while !rest.is_empty() {
            let batch = &rest[..rest.len().min(IOV_MAX)];
            rest = &rest[batch.len()..];
            let total: usize = batch.iter().map(|run| run.len as usize).sum();
            let source =
                bytes.get(done..done + total).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
            let put = vm_writev(self.pid, batch, source).unwrap_or(0);
            each_left(batch, put, |address, range| self.mem.write_all_at(&source[range], address))?;
            done += total;
        }
        Ok(())
    }

    /// The process this memory belongs to.
    pub fn pid(&self) -> i32 {
        self.pid
    }
}

/// Calls `copy(address, range in the local buffer)` for everything after the first `done` bytes of `runs`.
fn each_left(
    runs: &[Run],
    done: usize,
    mut copy: impl FnMut(u64, std::ops::Range<usize>) -> io::Result<()>,
) -> io::Result<()> {
    let mut at = 0;
    for run in runs {
        let end = at + run.len as usize;
        if end > done {
            let skip = done.saturating_sub(at);
            copy(run.start + skip as u64, at + skip..end)?;
        }
        at = end;
    }
    Ok(())
}

fn remote_iovecs(runs: &[Run]) -> Vec<libc::iovec> {
    runs.iter()
        .map(|run| libc::iovec { iov_base: run.start as *mut libc::c_void, iov_len: run.len as usize })
        .collect()
}

fn vm_readv(pid: i32, runs: &[Run], buffer: &mut [u8]) -> io::Result<usize> {
    let remote = remote_iovecs(runs);
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: `local` covers exactly the caller's mutable buffer; the remote addresses are only ever used by
    // the kernel in the other process.
    let got = unsafe { libc::process_vm_readv(pid, &local, 1, remote.as_ptr(), remote.len() as u64, 0) };
    usize::try_from(got).map_err(|_| io::Error::last_os_error())
}

fn vm_writev(pid: i32, runs: &[Run], bytes: &[u8]) -> io::Result<usize> {
    let remote = remote_iovecs(runs);
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: the kernel only reads from `local`, which covers exactly the caller's slice; the remote addresses
    // are only ever used by the kernel in the other process.
    let put = unsafe { libc::process_vm_writev(pid, &local, 1, remote.as_ptr(), remote.len() as u64, 0) };
    usize::try_from(put).map_err(|_| io::Error::last_os_error())
}

/// `PAGE_IS_*` of linux/fs.h, what PAGEMAP_SCAN says of a page.
pub mod page {
    /// A file's page (page cache, or shared memory).
    pub const FILE: u64 = 1 << 2;
    /// In memory.
    pub const PRESENT: u64 = 1 << 3;
    /// In swap.
    pub const SWAPPED: u64 = 1 << 4;
    /// The shared zero page.
    pub const PFNZERO: u64 = 1 << 5;
    /// A guard of MADV_GUARD_INSTALL (newer kernels).
    pub const GUARD: u64 = 1 << 8;
}

#[repr(C)]
#[derive(Default)]
struct PmScanArg {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

const PAGEMAP_SCAN: libc::c_ulong = 0xC060_6610;
const SCAN_REGIONS: usize = 4096;

/// Which pages of a process hold something that no file gives back.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Populated {
    /// Private pages with contents of their own, ascending, adjacent ones joined.
    pub pages: Vec<Run>,
    /// Guard areas of MADV_GUARD_INSTALL.
    pub guards: Vec<Run>,
}

/// Lists the private, populated pages in `[start, end)` of `pid`: anonymous ones and written copies of file
/// pages; not untouched file pages, not the zero page.
///
/// PAGEMAP_SCAN (Linux 6.7) where the kernel has it, else the 8-byte entries of `/proc/PID/pagemap`, which
/// cannot tell the zero page from others (the caller may drop pages that are all zero).
pub fn populated(pid: i32, start: u64, end: u64) -> io::Result<Populated> {
    let pagemap = File::open(format!("/proc/{pid}/pagemap"))?;
    match scan(pagemap.as_raw_fd(), start, end, page::GUARD) {
        // A kernel before 6.15 does not know PAGE_IS_GUARD and refuses the mask.
        Err(e) if e.raw_os_error() == Some(libc::EINVAL) => match scan(pagemap.as_raw_fd(), start, end, 0) {
            Err(e) if matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENOTTY)) => Err(e),
            other => other,
        },
        other => other,
    }
}

/// True when this kernel has PAGEMAP_SCAN.
pub fn has_pagemap_scan() -> bool {
    File::open("/proc/self/pagemap").and_then(|f| scan(f.as_raw_fd(), 0, PAGE, 0)).is_ok()
}

fn scan(pagemap: RawFd, start: u64, end: u64, guard: u64) -> io::Result<Populated> {
    let mut found = Populated::default();
    let mut regions = vec![PageRegion::default(); SCAN_REGIONS];
    let mut at = start;
    while at < end {
        let mut arg = PmScanArg {
            size: size_of::<PmScanArg>() as u64,
            start: at,
            end,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            category_inverted: page::FILE | page::PFNZERO,
            category_mask: page::FILE | page::PFNZERO,
            category_anyof_mask: page::PRESENT | page::SWAPPED,
            return_mask: guard,
            ..PmScanArg::default()
        };
        // SAFETY: `arg` is the 96-byte struct pm_scan_arg of linux/fs.h; its `vec` points to `vec_len` regions
        // that live until after the call.
        let count = unsafe { libc::ioctl(pagemap, PAGEMAP_SCAN, &mut arg) };
        if count < 0 {
            return Err(io::Error::last_os_error());
        }
        for region in &regions[..count as usize] {
            let run = Run { start: region.start, len: region.end - region.start };
            let list = if region.categories & guard != 0 { &mut found.guards } else { &mut found.pages };
            push_joined(list, run);
        }
        if arg.walk_end <= at {
            break;
        }
        at = arg.walk_end;
    }
    Ok(found)
}

/// The same answer from `/proc/PID/pagemap` entries, for one mapping at a time (a whole address space would be
/// half a terabyte of entries).
pub fn populated_by_entries(pid: i32, start: u64, end: u64) -> io::Result<Populated> {
    const ENTRIES: usize = 8192;
    let pagemap = File::open(format!("/proc/{pid}/pagemap"))?;
    let mut found = Populated::default();
    let mut buffer = vec![0u8; ENTRIES * 8];
    let mut at = start;
    while at < end {
        let pages = (((end - at) / PAGE) as usize).min(ENTRIES);
        let bytes = &mut buffer[..pages * 8];
        pagemap.read_exact_at(bytes, at / PAGE * 8)?;
        for (index, entry) in bytes.as_chunks::<8>().0.iter().enumerate() {
            let entry = u64::from_le_bytes(*entry);
            let populated = entry >> 62 != 0;
            let file = entry >> 61 & 1 == 1;
            if populated && !file {
                push_joined(&mut found.pages, Run { start: at + index as u64 * PAGE, len: PAGE });
            }
        }
        at += pages as u64 * PAGE;
    }
    Ok(found)
}

fn push_joined(list: &mut Vec<Run>, run: Run) {
    match list.last_mut() {
        Some(last) if last.start + last.len == run.start => last.len += run.len,
        _ => list.push(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pages: usize) -> Vec<u8> {
        (0..pages * PAGE as usize).map(|i| (i / 7) as u8 | 1).collect()
    }

    #[test]
    fn reads_and_writes_its_own_memory_in_runs() {
        let me = std::process::id() as i32;
        let memory = ProcessMemory::open(me).unwrap();
        let source = filled(2);
        let base = source.as_ptr() as u64;
        let runs = [Run { start: base + 10, len: 20 }, Run { start: base + 5000, len: 3 }];
        let mut got = vec![0; 23];
        memory.read_runs(&runs, &mut got).unwrap();
        assert_eq!(got[..20], source[10..30]);
        assert_eq!(got[20..], source[5000..5003]);
    }

    #[test]
    fn what_the_bulk_call_left_is_copied_from_the_right_place() {
        let runs = [Run { start: 100, len: 10 }, Run { start: 200, len: 10 }];
        let mut calls = Vec::new();
        each_left(&runs, 4, |address, range| {
            calls.push((address, range));
            Ok(())
        })
        .unwrap();
        assert_eq!(calls, vec![(104, 4..10), (200, 10..20)]);
    }

    #[test]
    fn populated_pages_are_found_both_ways() {
        let me = std::process::id() as i32;
        let source = filled(8);
        let start = (source.as_ptr() as u64).next_multiple_of(PAGE);
        let end = start + 4 * PAGE;
        let by_entries = populated_by_entries(me, start, end).unwrap();
        assert_eq!(by_entries.pages, vec![Run { start, len: 4 * PAGE }]);
        if has_pagemap_scan() {
            assert_eq!(populated(me, start, end).unwrap().pages, by_entries.pages);
        }
    }
}
