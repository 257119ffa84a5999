//! Whether this host can take a tree, and where on it the files are that the tree maps: asked before
//! anything is frozen at the source, and again before anything is built.

use super::init::path;
use super::{carried, own};
use crate::checkpoint::model::{Cpu, FileKind, Manifest, MappedFile, Process, TreeImage, VmaKind};
use crate::checkpoint::store::FileStore;
use crate::checkpoint::{CheckpointError, ContentHash, Refusal};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Contents that this host lacks and the image must bring.
pub fn missing_files(mapped: &[MappedFile], store: &FileStore) -> Vec<ContentHash> {
    let mut seen = HashSet::new();
    let here = |file: &MappedFile| {
        let by_name = !file.deleted && store.hash_of(path(&file.path)).is_ok_and(|hash| hash == file.hash);
        by_name || store.get(&file.hash).is_some()
    };
    mapped.iter().filter(|file| seen.insert(file.hash) && !here(file)).map(|file| file.hash).collect()
}

/// Everything that can be known to be wrong before building. Gives what [`locate`] does.
pub fn check(
    manifest: &Manifest,
    tree: &TreeImage,
    shipped: &HashMap<ContentHash, PathBuf>,
    store: &FileStore,
) -> Result<Vec<Option<PathBuf>>, CheckpointError> {
    host(manifest)?;
    user(manifest)?;
    places(tree, store)?;
    locate(tree, shipped, store)
}

fn unfit(why: String) -> CheckpointError {
    CheckpointError::Unfit(why)
}

/// Machine and CPU.
pub fn host(manifest: &Manifest) -> Result<(), CheckpointError> {
    let arch = std::env::consts::ARCH;
    if manifest.arch != arch {
        return Err(unfit(format!("it is for {}, and this is {arch}", manifest.arch)));
    }
    let here = super::dump::host_cpu();
    cpu(&manifest.cpu, &here).map_err(unfit)
}

/// What a process that chose its code paths on one CPU may miss on another.
pub fn cpu(there: &Cpu, here: &Cpu) -> Result<(), String> {
    let have: BTreeSet<&str> = here.flags.iter().map(String::as_str).collect();
    let lacking: Vec<&str> =
        there.flags.iter().map(String::as_str).filter(|f| matters(f) && !have.contains(f)).collect();
    if !lacking.is_empty() {
        return Err(format!("this CPU lacks {}, which a running program may rely on", lacking.join(" ")));
    }
    // 0 is an image whose source could not say. The kernel takes only areas of exactly its own size (P-34).
    if there.xsave_size != 0 && here.xsave_size != 0 && there.xsave_size != here.xsave_size {
        return Err(format!(
            "its register area has {} bytes and this CPU's has {}",
            there.xsave_size, here.xsave_size
        ));
    }
    Ok(())
}

/// Flags of /proc/cpuinfo that stand for instructions a program can use, not for what the kernel does.
fn matters(flag: &str) -> bool {
    const EXACT: [&str; 40] = [
        "fxsr",
        "mmx",
        "sse",
        "sse2",
        "pni",
        "ssse3",
        "sse4_1",
        "sse4_2",
        "sse4a",
        "popcnt",
        "aes",
        "pclmulqdq",
        "movbe",
        "f16c",
        "fma",
        "fma4",
        "xop",
        "tbm",
        "abm",
        "bmi1",
        "bmi2",
        "rdrand",
        "rdseed",
        "adx",
        "sha_ni",
        "gfni",
        "vaes",
        "vpclmulqdq",
        "erms",
        "fsrm",
        "xsave",
        "xsaveopt",
        "xsavec",
        "fsgsbase",
        "rdpid",
        "cx16",
        "lahf_lm",
        "movdiri",
        "movdir64b",
        "rdtscp",
    ];
    EXACT.contains(&flag) || flag.starts_with("avx") || flag.starts_with("amx") || flag.starts_with("sha")
}

/// Only its owner may bring a tree back, known by name: numbers differ between hosts.
fn user(manifest: &Manifest) -> Result<(), CheckpointError> {
    let own = nix::unistd::geteuid();
    if own.is_root() {
        return Ok(());
    }
    let name = nix::unistd::User::from_uid(own).ok().flatten().map(|u| u.name);
    match name {
        Some(name) if name != manifest.user => Err(unfit(format!(
            "it belongs to {}, and you are {name}; only its owner can restore it",
            manifest.user
        ))),
        // A user without a name (a container): then only the number can be compared.
        None if own.as_raw() != manifest.uid => {
            Err(unfit(format!("it belongs to {} and you are user {own}", manifest.user)))
        }
        _ => Ok(()),
    }
}

fn program(process: &Process) -> String {
    process.threads.first().map_or_else(String::new, |t| String::from_utf8_lossy(&t.comm).into_owned())
}

fn refusal(process: &Process, code: &str, object: &Path, cause: String, cure: &str) -> CheckpointError {
    CheckpointError::from(Refusal {
        code: code.into(),
        pid: process.pid,
        program: program(process),
        object: object.display().to_string(),
        cause,
        cure: cure.into(),
    })
}

const MISSING: &str = "--with-files copies it";
const DIFFERS: &str = "It is not overwritten: move it away there, or close it";

/// Folders and files that are found again by their path.
fn places(tree: &TreeImage, store: &FileStore) -> Result<(), CheckpointError> {
    let mut folders = BTreeMap::new();
    for process in tree.processes.iter().filter(|p| !p.vmas.is_empty()) {
        folders.entry(process.cwd.as_slice()).or_insert(process);
    }
    for (folder, process) in folders {
        let folder = path(folder);
        if !folder.is_dir() {
            let cause = format!("its working directory {} is not on this host", folder.display());
            return Err(refusal(
                process,
                "file-missing",
                folder,
                cause,
                "Make it here, or leave it there first.",
            ));
        }
    }
    for (index, file) in tree.files.iter().enumerate() {
        let FileKind::Path { path: name, size, directory, hash, .. } = &file.kind else { continue };
        let segment = tree.shm_file.iter().position(|file| file.is_some_and(|id| id as usize == index));
        let shows =
            |kind: &VmaKind| matches!(kind, VmaKind::SharedAnonymous(s, _) if Some(*s as usize) == segment);
        let holds = |p: &&Process| {
            p.fds.iter().any(|fd| fd.file as usize == index)
                || (segment.is_some() && p.vmas.iter().any(|vma| shows(&vma.kind)))
        };
        let Some(process) = tree.processes.iter().find(holds) else { continue };
        let name = path(name);
        let Ok(metadata) = std::fs::metadata(name) else {
            let cause = format!("{} is open and not on this host", name.display());
            return Err(refusal(process, "file-missing", name, cause, MISSING));
        };
        if metadata.is_dir() != *directory {
            let cause = format!("{} is something else on this host", name.display());
            return Err(refusal(process, "file-differs", name, cause, DIFFERS));
        }
        // What is written through memory changes without its times saying so: it is read.
        let content = || match segment {
            Some(_) => std::fs::File::open(name).and_then(|mut file| {
                let mut hasher = blake3::Hasher::new();
                std::io::copy(&mut file, &mut hasher).map(|_| *hasher.finalize().as_bytes())
            }),
            None => store.hash_of(name),
        };
        let same = || hash.is_none_or(|hash| content().is_ok_and(|found| found == hash));
        let goes_on_there = carried::appends(file.flags) && own::is(name);
        let compared = carried::writes(file.flags) && metadata.is_file() && !goes_on_there;
        if compared && (metadata.len() != *size || !same()) {
            let cause = format!("{} is open for writing and differs on this host", name.display());
            return Err(refusal(process, "file-differs", name, cause, DIFFERS));
        }
    }
    Ok(())
}

/// Where each mapped file that is used is on this host: under its own name if the content is the same,
/// else as it came along or in the store. None for those that nothing uses.
pub fn locate(
    tree: &TreeImage,
    shipped: &HashMap<ContentHash, PathBuf>,
    store: &FileStore,
) -> Result<Vec<Option<PathBuf>>, CheckpointError> {
    let mut places = vec![None; tree.mapped.len()];
    for process in tree.processes.iter().filter(|p| !p.vmas.is_empty()) {
        let shared = process.vmas.iter().filter_map(|vma| match vma.kind {
            VmaKind::Shared(file, _) => Some((file, true)),
            VmaKind::Private(file, _) => Some((file, false)),
            _ => None,
        });
        for (index, shared) in shared.chain([(process.exe, false)]) {
            let Some(file) = tree.mapped.get(index as usize) else {
                return Err(CheckpointError::Strange(format!("mapped file {index} is not in the image")));
            };
            let slot = &mut places[index as usize];
            let name = path(&file.path);
            if slot.is_none() {
                *slot = match store.hash_of(name) {
                    Ok(hash) if hash == file.hash && !file.deleted => Some(name.to_path_buf()),
                    _ => shipped.get(&file.hash).cloned().or_else(|| store.get(&file.hash)),
                };
            }
            let Some(place) = slot else {
                let cause = format!("{} is not on this host with the same content", name.display());
                return Err(refusal(
                    process,
                    "file-missing",
                    name,
                    cause,
                    "It has to travel with the image.",
                ));
            };
            if shared && place != name {
                let cause = format!("{} is mapped for sharing and differs on this host", name.display());
                return Err(refusal(process, "file-differs", name, cause, DIFFERS));
            }
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(flags: &[&str], xsave_size: u32) -> Cpu {
        Cpu { xfeatures: 7, xsave_size, flags: flags.iter().map(|f| (*f).to_string()).collect() }
    }

    #[test]
    fn test_a_cpu_must_have_what_the_program_may_use_and_no_more() {
        let here = with(&["avx", "avx2", "fma"], 832);
        assert_eq!(cpu(&with(&["avx", "fma"], 832), &here), Ok(()));
        assert_eq!(cpu(&with(&["avx", "arat", "pti", "hypervisor"], 832), &here), Ok(()));
        let error = cpu(&with(&["avx", "avx512f", "aes"], 832), &here).unwrap_err();
        assert!(error.contains("lacks avx512f aes"), "{error}");
        let error = cpu(&with(&["avx"], 2696), &here).unwrap_err();
        assert!(error.contains("2696") && error.contains("832"), "{error}");
    }

    #[test]
    fn test_only_files_without_the_same_content_are_asked_for() {
        let dir = std::env::temp_dir().join(format!("qmux-fitness-{}", std::process::id()));
        let store = FileStore::open(&dir).unwrap();
        let file = |name: &str, hash| MappedFile {
            path: name.as_bytes().to_vec(),
            hash,
            size: 1,
            mode: 0o755,
            deleted: false,
        };
        let same = store.hash_of(Path::new("/bin/sh")).unwrap();
        let mapped = [
            file("/bin/sh", same),
            file("/bin/cat", [1; 32]),
            file("/nowhere", [2; 32]),
            file("/x", [2; 32]),
        ];
        assert_eq!(missing_files(&mapped, &store), vec![[1; 32], [2; 32]]);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
