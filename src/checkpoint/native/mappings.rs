//! The mappings of a process as the image describes them, and which memory behind them has to travel.

use super::mapped::{HashCache, Table};
use super::proc::{Map, VmFlags};
use super::view::View;
use crate::checkpoint::model::{FileId, Vma, VmaKind};
use crate::checkpoint::{CheckpointError, Refusal};
use std::collections::HashMap;

/// Shared anonymous memory of the whole tree.
#[derive(Debug, Default)]
pub struct Segments {
    by_inode: HashMap<((u32, u32), u64), u32>,
    /// Of each segment: bytes, and the memfd it is the memory of.
    pub list: Vec<(u64, Option<FileId>)>,
    /// Where each part can be read: segment, offset, process on this host, address, bytes.
    pub parts: Vec<Part>,
}

/// A mapping of a part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which segment.
    pub segment: u32,
    /// Offset in it, bytes.
    pub offset: u64,
    /// Process on this host.
    pub pid: i32,
    /// Address there.
    pub address: u64,
    /// Bytes.
    pub len: u64,
}

impl Segments {
    fn of(&mut self, pid: i32, map: &Map, memfds: &HashMap<(u64, u64), FileId>) -> VmaKind {
        let device = nix::sys::stat::makedev(u64::from(map.device.0), u64::from(map.device.1));
        let segment = *self.by_inode.entry((map.device, map.inode)).or_insert_with(|| {
            self.list.push((0, memfds.get(&(device, map.inode)).copied()));
            self.list.len() as u32 - 1
        });
        let len = map.end - map.start;
        let bytes = &mut self.list[segment as usize].0;
        *bytes = (*bytes).max(map.offset + len);
        self.parts.push(Part { segment, offset: map.offset, pid, address: map.start, len });
        VmaKind::SharedAnonymous(segment, map.offset)
    }

    /// Parts that together hold every byte that some process maps, each byte once, without those of memfds.
    pub fn to_read(&self) -> Vec<Part> {
        let mut parts = self.parts.clone();
        parts.sort_by_key(|part| (part.segment, part.offset));
        let mut out: Vec<Part> = Vec::new();
        let mut reached: HashMap<u32, u64> = HashMap::new();
        for mut part in parts {
            if self.list[part.segment as usize].1.is_some() {
                continue;
            }
            let done = reached.entry(part.segment).or_insert(0);
            let skip = done.saturating_sub(part.offset).min(part.len);
            part.offset += skip;
            part.address += skip;
            part.len -= skip;
            if part.len > 0 {
                *done = part.offset + part.len;
                out.push(part);
            }
        }
        out
    }
}

/// The mappings of one process.
#[derive(Debug, Default)]
pub struct Layout {
    /// As the image lists them.
    pub vmas: Vec<Vma>,
    /// Private mappings whose written pages travel: start and end.
    pub private: Vec<(u64, u64)>,
    /// Mappings of lost files, all of whose pages travel.
    pub whole: Vec<(u64, u64)>,
}

/// What is needed to describe mappings.
pub struct Describer<'a> {
    /// Names for refusals.
    pub view: &'a View,
    /// Hashes of files.
    pub hashes: &'a HashCache,
    /// Files found so far.
    pub table: &'a mut Table,
    /// Shared memory found so far.
    pub segments: &'a mut Segments,
    /// Open memfds, and files that are written to through memory.
    pub memfds: &'a HashMap<(u64, u64), FileId>,
}

impl Describer<'_> {
    /// Describes the mappings of `pid`; `flags` are those of smaps, perhaps of a moment ago.
    pub fn layout(&mut self, pid: i32, maps: &[Map], flags: &[VmFlags]) -> Result<Layout, CheckpointError> {
        let mut layout = Layout::default();
        for map in maps {
            let at = flags.partition_point(|f| f.end <= map.start);
            let known = flags.get(at).filter(|f| f.start < map.end);
            let kind = self.kind(pid, map)?;
            if let Some(refusal) = known.and_then(|f| self.unmovable(pid, map, f, &kind)) {
                return Err(refusal.into());
            }
            match kind {
                VmaKind::Anonymous if map.inode != 0 && !map.shared => {
                    layout.whole.push((map.start, map.end))
                }
                VmaKind::Anonymous | VmaKind::Private(..) => layout.private.push((map.start, map.end)),
                VmaKind::Shared(..)
                | VmaKind::SharedAnonymous(..)
                | VmaKind::Vdso
                | VmaKind::Vvar
                | VmaKind::VvarVclock
                | VmaKind::Vsyscall => {}
            }
            layout.vmas.push(Vma {
                start: map.start,
                end: map.end,
                prot: map.prot,
                kind,
                growsdown: known.map_or(map.path == b"[stack]", |f| f.growsdown),
                advice: known.map_or(0, |f| f.advice),
            });
        }
        Ok(layout)
    }

    fn unmovable(&self, pid: i32, map: &Map, flags: &VmFlags, kind: &VmaKind) -> Option<Box<Refusal>> {
        let kernels = matches!(kind, VmaKind::Vdso | VmaKind::Vvar | VmaKind::VvarVclock | VmaKind::Vsyscall);
        let path = String::from_utf8_lossy(&map.path).into_owned();
        let refuse = |code, cause| Some(self.view.refusal(code, pid, &path, cause, "End it first"));
        if flags.device && !kernels {
            return refuse("device-memory", "it has memory of a device mapped");
        }
        if flags.hugetlb {
            return refuse("huge-pages", "it uses reserved huge pages");
        }
        if flags.userfault {
            return refuse("userfaultfd", "it handles page faults of its own");
        }
        None
    }

    fn kind(&mut self, pid: i32, map: &Map) -> Result<VmaKind, CheckpointError> {
        let path = map.path.as_slice();
        let refuse = |view: &View, code: &str, cause: &str| {
            let object = String::from_utf8_lossy(path).into_owned();
            CheckpointError::from(view.refusal(code, pid, &object, cause, "End it first"))
        };
        match path {
            b"[vdso]" => return Ok(VmaKind::Vdso),
            b"[vvar]" => return Ok(VmaKind::Vvar),
            b"[vvar_vclock]" => return Ok(VmaKind::VvarVclock),
            b"[vsyscall]" => return Ok(VmaKind::Vsyscall),
            b"[uprobes]" => return Err(refuse(self.view, "uprobes", "the kernel traces it with uprobes")),
            _ => {}
        }
        if path.starts_with(b"/SYSV") && map.deleted {
            return Err(refuse(self.view, "system-v-ipc", "it uses System V shared memory"));
        }
        if path.starts_with(b"/[aio]") {
            return Err(refuse(self.view, "aio", "it uses kernel asynchronous I/O"));
        }
        if path.starts_with(b"anon_inode:") || path.starts_with(b"socket:") {
            return Err(refuse(self.view, "device-memory", "it has memory of a kernel object mapped"));
        }
        if map.inode == 0 {
            return Ok(VmaKind::Anonymous);
        }
        if path.starts_with(b"/anon_hugepage") {
            return Err(refuse(self.view, "huge-pages", "it uses reserved huge pages"));
        }
        let zero = path.starts_with(b"/dev/zero") || path.starts_with(b"[anon_shmem:");
        if map.shared && (zero || map.deleted) {
            return Ok(self.segments.of(pid, map, self.memfds));
        }
        if zero {
            return Ok(VmaKind::Anonymous);
        }
        let device = nix::sys::stat::makedev(u64::from(map.device.0), u64::from(map.device.1));
        if map.shared && self.memfds.contains_key(&(device, map.inode)) {
            return Ok(self.segments.of(pid, map, self.memfds));
        }
        if path.starts_with(b"/dev/") && !path.starts_with(b"/dev/shm/") {
            return Err(refuse(self.view, "device-memory", "it has a device mapped"));
        }
        match self.table.of_map(pid, map, self.hashes) {
            Some(id) if map.shared => Ok(VmaKind::Shared(id, map.offset)),
            Some(id) => Ok(VmaKind::Private(id, map.offset)),
            None if map.shared => Ok(self.segments.of(pid, map, self.memfds)),
            // The file cannot be had any more: its pages travel, and the mapping becomes plain memory.
            None => Ok(VmaKind::Anonymous),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_memory_is_read_once_whoever_maps_it() {
        let mut segments = Segments { list: vec![(0x5000, None), (0x1000, Some(3))], ..Segments::default() };
        let part = |segment, offset, pid, address, len| Part { segment, offset, pid, address, len };
        segments.parts = vec![
            part(0, 0, 10, 0x10_000, 0x3000),
            part(0, 0, 11, 0x20_000, 0x3000),
            part(0, 0x2000, 12, 0x30_000, 0x3000),
            part(1, 0, 10, 0x40_000, 0x1000),
        ];
        assert_eq!(
            segments.to_read(),
            vec![part(0, 0, 10, 0x10_000, 0x3000), part(0, 0x3000, 12, 0x31_000, 0x2000)]
        );
    }
}
