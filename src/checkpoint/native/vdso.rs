//! The kernel's code page in each process. On the same kernel it is simply moved to its old place. On
//! another, the old code stays where programs have pointers to it, and each of its functions is
//! overwritten with a jump to the same function of the new one, which lives elsewhere.

use super::space::{self, Mapping, Park};
use crate::checkpoint::CheckpointError;
use crate::checkpoint::model::{Vma, VmaKind};
use crate::sys::arch_x86_64::SYSCALL_INSTRUCTION;
use crate::sys::memory::{ProcessMemory, RemotePtr};
use std::collections::BTreeMap;

/// `mov rax, imm64; jmp rax`.
const JUMP: usize = 12;
/// Largest vdso looked at, bytes.
const VDSO_MAX: u64 = 1 << 20;

/// This kernel's vdso.
#[derive(Debug)]
pub struct HostVdso {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Offset of a `syscall` instruction in it.
    pub syscall: u64,
}

impl HostVdso {
    /// Reads this process's own: all processes of a kernel have the same bytes.
    pub fn read() -> Result<HostVdso, CheckpointError> {
        let maps = space::mappings("self")?;
        let Some(vdso) = maps.iter().find(|m| m.name == "[vdso]") else {
            return Err(CheckpointError::Unfit("this kernel gives its processes no vdso".into()));
        };
        let mut bytes = vec![0; (vdso.end - vdso.start).min(VDSO_MAX) as usize];
        ProcessMemory::open(std::process::id() as i32)
            .and_then(|memory| memory.read(RemotePtr::new(vdso.start), &mut bytes))
            .map_err(CheckpointError::system("read the vdso"))?;
        let syscall = bytes
            .windows(SYSCALL_INSTRUCTION.len())
            .position(|w| w == SYSCALL_INSTRUCTION)
            .ok_or_else(|| CheckpointError::Unfit("this kernel's vdso makes no system call".into()))?;
        Ok(HostVdso { bytes, syscall: syscall as u64 })
    }
}

/// Where the special mappings of one process go.
#[derive(Debug)]
pub struct Vdso {
    places: BTreeMap<String, u64>,
    /// Old address, if the image's vdso is another kernel's.
    foreign: Option<u64>,
}

impl Vdso {
    /// Works out the places for a process with mappings `now` and `image`.
    pub fn plan(
        now: &[Mapping],
        image: &[Vma],
        park: Park,
        image_vdso: &[u8],
        host: &HostVdso,
    ) -> Result<Vdso, CheckpointError> {
        let specials = space::special(now);
        let saved = |name: &str| {
            let wanted = match name {
                "[vdso]" => VmaKind::Vdso,
                "[vvar]" => VmaKind::Vvar,
                _ => VmaKind::VvarVclock,
            };
            image.iter().find(|v| v.kind == wanted)
        };
        let alike = image_vdso == host.bytes
            && specials.iter().all(|m| saved(&m.name).is_some_and(|v| v.end - v.start == m.end - m.start));
        let mut places = BTreeMap::new();
        if alike {
            for mapping in specials {
                if let Some(vma) = saved(&mapping.name) {
                    places.insert(mapping.name.clone(), vma.start);
                }
            }
            return Ok(Vdso { places, foreign: None });
        }
        let Some(old) = saved("[vdso]") else {
            // A process without one has no pointers to it; it goes away with the park.
            return Ok(Vdso { places, foreign: None });
        };
        // The new code reaches its data relative to itself: the distances must stay.
        let (Some(first), Some(last)) = (specials.first(), specials.last()) else {
            return Err(CheckpointError::Unfit("the new process has no vdso".into()));
        };
        let at = space::free_place(image, park, last.end - first.start)
            .ok_or_else(|| CheckpointError::Unfit("no room for the vdso".into()))?;
        for mapping in &specials {
            places.insert(mapping.name.clone(), at + (mapping.start - first.start));
        }
        Ok(Vdso { places, foreign: Some(old.start) })
    }

    /// New address of a special mapping; None leaves it behind.
    pub fn place_of(&self, name: &str) -> Option<u64> {
        self.places.get(name).copied()
    }

    /// The old code stays as plain memory.
    pub fn is_foreign(&self) -> bool {
        self.foreign.is_some()
    }

    /// Address of a `syscall` instruction once everything is in place.
    pub fn syscall(&self, host: &HostVdso) -> Option<u64> {
        self.place_of("[vdso]").map(|at| at + host.syscall)
    }

    /// For a foreign vdso: the old bytes with their functions redirected, and where they go.
    pub fn redirected(&self, old: &[u8], host: &HostVdso) -> Option<(u64, Vec<u8>)> {
        let (at, new) = (self.foreign?, self.place_of("[vdso]")?);
        let mut bytes = old.to_vec();
        let to = functions(&host.bytes);
        for (name, offset) in functions(old) {
            let offset = offset as usize;
            // A function this kernel lacks keeps its old code: it reads a data page that is not there
            // and faults, rather than returning a wrong time in silence.
            if let (Some(target), Some(place)) = (to.get(&name), bytes.get_mut(offset..offset + JUMP)) {
                place[..2].copy_from_slice(&[0x48, 0xb8]);
                place[2..10].copy_from_slice(&(new + target).to_le_bytes());
                place[10..].copy_from_slice(&[0xff, 0xe0]);
            }
        }
        Some((at, bytes))
    }
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    word(bytes, at).map(u64::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    word(bytes, at).map(u32::from_le_bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    word(bytes, at).map(u16::from_le_bytes)
}

/// Dynamic functions of a 64-bit ELF image as it lies in memory: name and offset.
pub fn functions(elf: &[u8]) -> BTreeMap<Vec<u8>, u64> {
    functions_of(elf).unwrap_or_default()
}

fn functions_of(elf: &[u8]) -> Option<BTreeMap<Vec<u8>, u64>> {
    const SHT_DYNSYM: u32 = 11;
    const STT_FUNC: u8 = 2;
    const SYMBOL: usize = 24;
    if elf.get(..5)? != b"\x7fELF\x02" {
        return None;
    }
    let base = load_base(elf)?;
    let sections = u64_at(elf, 40)? as usize;
    let (size, count) = (u16_at(elf, 58)? as usize, u16_at(elf, 60)? as usize);
    let mut found = BTreeMap::new();
    for index in 0..count {
        let header = sections + index * size;
        if u32_at(elf, header + 4)? != SHT_DYNSYM {
            continue;
        }
        let (offset, length) = (u64_at(elf, header + 24)? as usize, u64_at(elf, header + 32)? as usize);
        let strings = sections + u32_at(elf, header + 40)? as usize * size;
        let strings = u64_at(elf, strings + 24)? as usize;
        for at in (offset..offset.checked_add(length)?).step_by(SYMBOL) {
            let name = elf.get(strings + u32_at(elf, at)? as usize..)?;
            let name = &name[..name.iter().position(|b| *b == 0)?];
            let (info, section, value) = (*elf.get(at + 4)?, u16_at(elf, at + 6)?, u64_at(elf, at + 8)?);
            if info & 15 == STT_FUNC && section != 0 && !name.is_empty() {
                found.insert(name.to_vec(), value.wrapping_sub(base));
            }
        }
    }
    Some(found)
}

/// Address the image was linked for: of its first loaded segment.
fn load_base(elf: &[u8]) -> Option<u64> {
    const PT_LOAD: u32 = 1;
    let headers = u64_at(elf, 32)? as usize;
    let (size, count) = (u16_at(elf, 54)? as usize, u16_at(elf, 56)? as usize);
    (0..count)
        .map(|i| headers + i * size)
        .find(|&at| u32_at(elf, at) == Some(PT_LOAD))
        .and_then(|at| Some(u64_at(elf, at + 16)?.wrapping_sub(u64_at(elf, at + 8)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special(start: u64, end: u64, name: &str) -> Mapping {
        Mapping { start, end, name: name.into() }
    }

    fn vma(start: u64, end: u64, kind: VmaKind) -> Vma {
        Vma { start, end, prot: 5, kind, growsdown: false, advice: 0 }
    }

    #[test]
    fn test_this_kernels_functions_are_found() {
        let host = HostVdso::read().unwrap();
        let functions = functions(&host.bytes);
        assert!(functions.contains_key(&b"__vdso_clock_gettime"[..]), "{functions:?}");
        assert!(functions.values().all(|offset| (*offset as usize) < host.bytes.len()));
    }

    #[test]
    fn test_the_same_vdso_goes_home_and_another_is_redirected() {
        let host = HostVdso::read().unwrap();
        let size = host.bytes.len() as u64;
        let now =
            [special(0x7000_0000, 0x7000_4000, "[vvar]"), special(0x7000_4000, 0x7000_4000 + size, "[vdso]")];
        let image = [
            vma(0x5000_0000, 0x5000_4000, VmaKind::Vvar),
            vma(0x5000_4000, 0x5000_4000 + size, VmaKind::Vdso),
        ];
        let park = Park { start: 0x1000_0000, size: 0x4000, aside: 0x8000 };
        let same = Vdso::plan(&now, &image, park, &host.bytes, &host).unwrap();
        assert!(!same.is_foreign());
        assert_eq!(same.place_of("[vdso]"), Some(0x5000_4000));
        let mut other = host.bytes.clone();
        *other.last_mut().unwrap() ^= 1;
        let foreign = Vdso::plan(&now, &image, park, &other, &host).unwrap();
        assert!(foreign.is_foreign());
        let new = foreign.place_of("[vdso]").unwrap();
        assert_eq!(foreign.place_of("[vvar]"), Some(new - 0x4000));
        let (at, bytes) = foreign.redirected(&other, &host).unwrap();
        assert_eq!(at, 0x5000_4000);
        let offset = functions(&host.bytes)[&b"__vdso_clock_gettime"[..]];
        let place = &bytes[offset as usize..offset as usize + JUMP];
        assert_eq!(place[..2], [0x48, 0xb8]);
        assert_eq!(place[2..10], (new + offset).to_le_bytes());
        assert_eq!(place[10..], [0xff, 0xe0]);
    }
}
