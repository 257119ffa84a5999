//! The address space of a restored process: everything of the freshly executed program goes, every
//! mapping of the image comes, at its place; then the kernel's own idea of code, heap and stack.

use super::batch::{Batch, Expect};
use super::init::InitRequest;
use super::vdso::Vdso;
use crate::checkpoint::CheckpointError;
use crate::checkpoint::model::{Mm, Process, Vma, VmaKind};
use crate::sys::memory::PAGE;

/// End of user addresses with four-level page tables; what lies above is only given on request.
const TASK_END: u64 = 0x7fff_ffff_f000;
/// Lowest address the park may have.
const PARK_LOWEST: u64 = 0x1000_0000;
const PR_SET_MM: u64 = 35;
const PR_SET_MM_MAP: u64 = 14;
const MADV_GUARD_INSTALL: u64 = 102;

/// One line of /proc/PID/maps, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// `[vdso]`, a path, or nothing.
    pub name: String,
}

/// Mappings of a process.
pub fn mappings(pid: &str) -> Result<Vec<Mapping>, CheckpointError> {
    let path = format!("/proc/{pid}/maps");
    let text = std::fs::read_to_string(&path).map_err(CheckpointError::system(format!("read {path}")))?;
    let parse = |line: &str| {
        let mut words = line.splitn(6, ' ');
        let (start, end) = words.next()?.split_once('-')?;
        Some(Mapping {
            start: u64::from_str_radix(start, 16).ok()?,
            end: u64::from_str_radix(end, 16).ok()?,
            name: words.nth(4).unwrap_or("").trim_start().to_owned(),
        })
    };
    text.lines()
        .map(|line| parse(line).ok_or_else(|| CheckpointError::Strange(format!("a line of {path}: {line}"))))
        .collect()
}

/// Where the park, and for a while the kernel's special mappings, lie in one process.
#[derive(Debug, Clone, Copy)]
pub struct Park {
    /// First address of the page of code.
    pub start: u64,
    /// Bytes for code, calls and data.
    pub size: u64,
    /// Bytes set aside behind it for vdso and vvar.
    pub aside: u64,
}

impl Park {
    /// First address after all of it.
    pub fn end(&self) -> u64 {
        self.start + self.size + self.aside
    }

    /// Finds a place that is free now and in the image.
    pub fn find(size: u64, aside: u64, now: &[Mapping], image: &[Vma]) -> Option<Park> {
        let needed = size + aside;
        let mut busy: Vec<(u64, u64)> = now.iter().map(|m| (m.start, m.end)).collect();
        busy.extend(image.iter().map(|v| (v.start, v.end)));
        let start = gap(&mut busy, needed)?;
        Some(Park { start, size, aside })
    }
}

/// Lowest stretch of `needed` bytes that touches none of `busy`, with a page to spare on both sides.
fn gap(busy: &mut [(u64, u64)], needed: u64) -> Option<u64> {
    busy.sort_unstable();
    let mut at = PARK_LOWEST;
    for &(start, end) in busy.iter() {
        if at + needed + PAGE <= start {
            break;
        }
        at = at.max(end + PAGE);
    }
    (at + needed < TASK_END).then_some(at)
}

/// Free room in the image's address space, for a vdso that cannot have the old one's place.
pub fn free_place(image: &[Vma], park: Park, needed: u64) -> Option<u64> {
    let mut busy: Vec<(u64, u64)> = image.iter().map(|v| (v.start, v.end)).collect();
    busy.push((park.start, park.end()));
    gap(&mut busy, needed)
}

/// The kernel's special mappings of this process as they are now, lowest first.
pub fn special(now: &[Mapping]) -> Vec<&Mapping> {
    now.iter().filter(|m| matches!(m.name.as_str(), "[vdso]" | "[vvar]" | "[vvar_vclock]")).collect()
}

/// Replaces the whole address space. `specials` are the kernel's mappings now; `vdso` says where they go.
pub fn replace(
    batch: &mut Batch,
    request: &InitRequest,
    process: &Process,
    park: Park,
    now: &[Mapping],
    vdso: &Vdso,
) {
    let specials = special(now);
    let mremap = (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED) as u64;
    let mut aside = Vec::new();
    let mut at = park.start + park.size;
    for mapping in &specials {
        let size = mapping.end - mapping.start;
        let args = [mapping.start, size, size, mremap, at];
        batch.call(
            format!("set {} aside", mapping.name),
            libc::SYS_mremap,
            &args,
            Expect::Exactly(at as i64),
        );
        aside.push((at, size, mapping.name.as_str()));
        at += size;
    }
    batch.call("unmap below", libc::SYS_munmap, &[0, park.start], Expect::Success);
    let above = [park.end(), TASK_END - park.end()];
    batch.call("unmap above", libc::SYS_munmap, &above, Expect::Success);
    for (at, size, name) in aside {
        let to = vdso.place_of(name);
        if let Some(to) = to {
            let args = [at, size, size, mremap, to];
            batch.call(format!("move {name}"), libc::SYS_mremap, &args, Expect::Exactly(to as i64));
        }
    }
    for vma in &process.vmas {
        map(batch, request, vma, vdso);
    }
    for vma in &process.vmas {
        advise(batch, vma);
    }
    markers(batch, &process.mm);
}

fn map(batch: &mut Batch, request: &InitRequest, vma: &Vma, vdso: &Vdso) {
    let fixed = libc::MAP_FIXED_NOREPLACE;
    let private = fixed | libc::MAP_PRIVATE;
    let anonymous = libc::MAP_ANONYMOUS;
    let none = u64::MAX;
    let (mut flags, fd, offset) = match vma.kind {
        VmaKind::Anonymous => (private | anonymous, none, 0),
        VmaKind::Private(file, offset) => (private, request.mapped_fd(file) as u64, offset),
        VmaKind::Shared(file, offset) => (fixed | libc::MAP_SHARED, request.mapped_fd(file) as u64, offset),
        VmaKind::SharedAnonymous(segment, offset) if request.open_shm.contains(&segment) => {
            (fixed | libc::MAP_SHARED, request.shm_fd(segment) as u64, offset)
        }
        VmaKind::SharedAnonymous(..) => (fixed | libc::MAP_SHARED | anonymous, none, 0),
        // An old vdso that this kernel's differs from stays as plain memory, to be redirected.
        VmaKind::Vdso if vdso.is_foreign() => (private | anonymous, none, 0),
        VmaKind::Vdso | VmaKind::Vvar | VmaKind::VvarVclock | VmaKind::Vsyscall => return,
    };
    if vma.growsdown {
        flags |= libc::MAP_GROWSDOWN;
    }
    if vma.advice & advice::NO_RESERVE != 0 {
        flags |= libc::MAP_NORESERVE;
    }
    let size = vma.end - vma.start;
    let args = [vma.start, size, u64::from(vma.prot), flags as u64, fd, offset];
    let what = format!("map {:#x}-{:#x} {:?}", vma.start, vma.end, vma.kind);
    batch.call(what, libc::SYS_mmap, &args, Expect::Exactly(vma.start as i64));
}

/// Bits of [`Vma::advice`].
mod advice {
    pub const DONT_FORK: u32 = 1;
    pub const NO_RESERVE: u32 = 2;
    pub const DONT_DUMP: u32 = 4;
    pub const WIPE_ON_FORK: u32 = 8;
    pub const HUGE: u32 = 16;
    pub const NO_HUGE: u32 = 32;
    pub const MERGEABLE: u32 = 64;
    pub const LOCKED: u32 = 128;
}

fn advise(batch: &mut Batch, vma: &Vma) {
    let table = [
        (advice::DONT_FORK, libc::MADV_DONTFORK),
        (advice::DONT_DUMP, libc::MADV_DONTDUMP),
        (advice::WIPE_ON_FORK, libc::MADV_WIPEONFORK),
        (advice::HUGE, libc::MADV_HUGEPAGE),
        (advice::NO_HUGE, libc::MADV_NOHUGEPAGE),
        (advice::MERGEABLE, libc::MADV_MERGEABLE),
    ];
    let size = vma.end - vma.start;
    if matches!(vma.kind, VmaKind::Vdso | VmaKind::Vvar | VmaKind::VvarVclock | VmaKind::Vsyscall) {
        return;
    }
    for (bit, how) in table {
        if vma.advice & bit != 0 {
            // A kernel built without huge or merged pages refuses, and nothing depends on them.
            let expect = match bit {
                advice::DONT_FORK | advice::WIPE_ON_FORK => Expect::Success,
                _ => Expect::Anything,
            };
            let args = [vma.start, size, how as u64];
            batch.call(format!("madvise {how} at {:#x}", vma.start), libc::SYS_madvise, &args, expect);
        }
    }
    if vma.advice & advice::LOCKED != 0 {
        // Limits on locked memory may be lower here; the memory itself is there.
        batch.call("mlock", libc::SYS_mlock, &[vma.start, size], Expect::Anything);
    }
}

/// Guard areas are put in when the contents are (they would drop pages already there).
pub fn guards(batch: &mut Batch, process: &Process) {
    for &(start, size) in &process.guards {
        // Kernels before 6.13 do not know it; the area is then readable memory instead of a trap.
        batch.call("guard", libc::SYS_madvise, &[start, size, MADV_GUARD_INSTALL], Expect::Anything);
    }
}

/// PR_SET_MM_MAP; without the exe link it needs no capability (P-17).
fn markers(batch: &mut Batch, mm: &Mm) {
    let auxv = batch.data(&mm.auxv);
    let last = mm.auxv.len() as u64 | u64::from(u32::MAX) << 32;
    let map = [
        mm.start_code,
        mm.end_code,
        mm.start_data,
        mm.end_data,
        mm.start_brk,
        mm.brk,
        mm.start_stack,
        mm.arg_start,
        mm.arg_end,
        mm.env_start,
        mm.env_end,
        auxv,
        last,
    ];
    let at = batch.words(&map);
    let args = [PR_SET_MM, PR_SET_MM_MAP, at, (map.len() * 8) as u64, 0];
    batch.call("PR_SET_MM_MAP", libc::SYS_prctl, &args, Expect::Success);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(start: u64, end: u64) -> Mapping {
        Mapping { start, end, name: String::new() }
    }

    fn vma(start: u64, end: u64) -> Vma {
        Vma { start, end, prot: 3, kind: VmaKind::Anonymous, growsdown: false, advice: 0 }
    }

    #[test]
    fn test_the_park_touches_neither_what_is_nor_what_comes() {
        let now = [mapping(0x1000_0000, 0x1000_8000), mapping(0x7fff_0000_0000, 0x7fff_0001_0000)];
        let image = [vma(0x0040_0000, 0x0050_0000), vma(0x1000_9000, 0x1002_0000)];
        let park = Park::find(0x4000, 0x2000, &now, &image).unwrap();
        assert_eq!(park.start, 0x1002_1000);
        assert_eq!(park.end(), 0x1002_7000);
        let low = Park::find(0x4000, 0x2000, &[], &image).unwrap();
        assert_eq!(low.start, PARK_LOWEST);
    }

    #[test]
    fn test_own_mappings_are_understood() {
        let maps = mappings("self").unwrap();
        let vdso = maps.iter().find(|m| m.name == "[vdso]").unwrap();
        assert!(vdso.end > vdso.start && vdso.start % PAGE == 0);
        assert!(!special(&maps).is_empty());
        assert!(maps.iter().any(|m| m.name.starts_with('/')));
    }
}
