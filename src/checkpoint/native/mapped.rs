//! Files behind mappings and executables: found, hashed before the freeze, read for shipping.

use super::proc::Map;
use crate::checkpoint::model::{MappedFile, MappedId};
use crate::checkpoint::{CheckpointError, ContentHash, ImageWriter, Ship, image};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Most hashes remembered; emacs maps about 120 files.
const CACHE_MAX: usize = 10_000;

/// Identity of a file's content as far as stat(2) can tell: device, inode, mtime in ns, size.
type Stamp = (u64, u64, i128, u64);

/// Hashes of files by their stamp, for the life of an engine: one move, one checkpoint.
#[derive(Debug, Default)]
pub struct HashCache {
    known: Mutex<HashMap<Stamp, ContentHash>>,
}

impl HashCache {
    /// BLAKE3 of an open file, computed only if a file with its stamp was not seen before.
    pub fn hash(&self, file: &File) -> io::Result<(ContentHash, std::fs::Metadata)> {
        let meta = file.metadata()?;
        let mtime = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
        let stamp = (meta.dev(), meta.ino(), mtime, meta.size());
        let known = || self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(hash) = known().get(&stamp) {
            return Ok((*hash, meta));
        }
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 20];
        let mut file = file;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            };
        }
        let hash = *hasher.finalize().as_bytes();
        let mut known = known();
        if known.len() >= CACHE_MAX {
            known.clear();
        }
        known.insert(stamp, hash);
        Ok((hash, meta))
    }
}

/// The table of mapped files of one tree.
#[derive(Debug, Default, Clone)]
pub struct Table {
    /// As the image lists them.
    pub files: Vec<MappedFile>,
    /// Where each can be read on this host now.
    sources: Vec<PathBuf>,
    by_key: HashMap<Key, Option<MappedId>>,
}

/// A file as maps names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    device: (u32, u32),
    inode: u64,
    path: Vec<u8>,
}

impl Table {
    /// The file behind a mapping of `pid`; `None` when it cannot be opened (deleted, and we are not root).
    pub fn of_map(&mut self, pid: i32, map: &Map, hashes: &HashCache) -> Option<MappedId> {
        let key = Key { device: map.device, inode: map.inode, path: map.path.clone() };
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let path = Path::new(std::ffi::OsStr::from_bytes(&map.path));
        let by_path = PathBuf::from(format!("/proc/{pid}/root")).join(path.strip_prefix("/").unwrap_or(path));
        let by_map = PathBuf::from(format!("/proc/{pid}/map_files/{:x}-{:x}", map.start, map.end));
        let found = [(by_path, false), (by_map, true)].into_iter().find_map(|(source, deleted)| {
            let file = File::open(&source).ok()?;
            let meta = file.metadata().ok()?;
            (meta.is_file() && meta.ino() == map.inode)
                .then(|| self.add(&map.path, source, &file, deleted, hashes))?
        });
        self.by_key.insert(key, found);
        found
    }

    /// The executable of `pid`.
    pub fn of_exe(&mut self, pid: i32, hashes: &HashCache) -> Result<MappedId, CheckpointError> {
        let source = PathBuf::from(format!("/proc/{pid}/exe"));
        let failed = || CheckpointError::system(format!("reading the program of {pid}"));
        let link = super::proc::link(&format!("/proc/{pid}/exe")).map_err(failed())?;
        let (path, deleted) = match link.strip_suffix(b" (deleted)") {
            Some(stem) => (stem, true),
            None => (link.as_slice(), false),
        };
        let file = File::open(&source).map_err(failed())?;
        self.add(path, source, &file, deleted, hashes)
            .ok_or_else(|| CheckpointError::Strange(format!("the program of {pid} cannot be read")))
    }

    fn add(
        &mut self,
        path: &[u8],
        source: PathBuf,
        file: &File,
        deleted: bool,
        hashes: &HashCache,
    ) -> Option<MappedId> {
        let (hash, meta) = hashes.hash(file).ok()?;
        if let Some(at) = self.files.iter().position(|f| f.hash == hash && f.path == path) {
            return Some(at as MappedId);
        }
        self.files.push(MappedFile {
            path: path.to_vec(),
            hash,
            size: meta.size(),
            mode: meta.mode() & 0o7777,
            deleted,
        });
        self.sources.push(source);
        Some((self.files.len() - 1) as MappedId)
    }

    /// Writes the contents of the wanted files, each once; the bytes written.
    pub fn ship(&self, out: &mut ImageWriter<'_>, ship: &Ship) -> Result<u64, CheckpointError> {
        let mut total = 0;
        let mut done = std::collections::HashSet::new();
        for (file, source) in self.files.iter().zip(&self.sources) {
            if !ship.wants(&file.hash) || !done.insert(file.hash) {
                continue;
            }
            let name = String::from_utf8_lossy(&file.path).into_owned();
            let failed = || CheckpointError::system(format!("reading {name}"));
            let mut input = File::open(source).map_err(failed())?;
            let mut buffer = vec![0; image::CHUNK_MAX];
            let mut offset = 0;
            while offset < file.size {
                let want = buffer.len().min((file.size - offset) as usize);
                input.read_exact(&mut buffer[..want]).map_err(failed())?;
                out.file_chunk(file.hash, offset, file.size, &buffer[..want])?;
                offset += want as u64;
            }
            total += file.size;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::native::proc;

    #[test]
    fn files_behind_this_process_are_found_and_hashed_once() {
        let me = std::process::id() as i32;
        let (mut table, hashes) = (Table::default(), HashCache::default());
        let maps = proc::maps(me).unwrap();
        let exe = table.of_exe(me, &hashes).unwrap();
        let of_map: Vec<_> = maps
            .iter()
            .filter(|m| m.inode != 0 && m.path == table.files[exe as usize].path)
            .map(|m| table.clone().of_map(me, m, &hashes))
            .collect();
        assert!(!of_map.is_empty());
        assert!(of_map.iter().all(|id| *id == Some(exe)), "{of_map:?}");
        let libc = maps.iter().find(|m| m.path.ends_with(b"/libc.so.6")).unwrap();
        let id = table.of_map(me, libc, &hashes).unwrap();
        let content = std::fs::read(std::ffi::OsStr::from_bytes(&libc.path)).unwrap();
        assert_eq!(table.files[id as usize].hash, *blake3::hash(&content).as_bytes());
    }
}
