//! Files known by their content: those that travelled with an image, kept for the next time, and a
//! memory of what the files of this host hash to.
//!
//! The directory is the user's own (0700). A file in it is named by its BLAKE3; beside it
//! `HASH.path` says what it was called where it came from, so that a later host is asked for that
//! name first.

use super::ContentHash;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

/// Most remembered hashes; beyond that the memory starts anew.
const MEMO_MAX: usize = 20_000;
/// A file changed more recently than this could change again without its time showing it.
const SETTLED: Duration = Duration::from_secs(2);

/// What tells one state of one file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Identity {
    fn of(metadata: &fs::Metadata) -> Identity {
        let ns = |s: i64, n: i64| i128::from(s) * 1_000_000_000 + i128::from(n);
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    fn line(&self, hash: &ContentHash) -> String {
        let Identity { device, inode, size, modified_ns, changed_ns } = self;
        format!("{device} {inode} {size} {modified_ns} {changed_ns} {}\n", hex(hash))
    }

    fn parse(line: &str) -> Option<(Identity, ContentHash)> {
        let mut words = line.split(' ');
        let identity = Identity {
            device: words.next()?.parse().ok()?,
            inode: words.next()?.parse().ok()?,
            size: words.next()?.parse().ok()?,
            modified_ns: words.next()?.parse().ok()?,
            changed_ns: words.next()?.parse().ok()?,
        };
        Some((identity, unhex(words.next()?)?))
    }
}

/// The store of one user on one host.
#[derive(Debug)]
pub struct FileStore {
    dir: PathBuf,
    memo: Mutex<HashMap<Identity, ContentHash>>,
}

impl FileStore {
    /// The usual place: `$XDG_CACHE_HOME/qmux`, else `~/.cache/qmux`.
    pub fn default_dir() -> Option<PathBuf> {
        let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache"))).map(|p| p.join("qmux"))
    }

    /// Opens or makes the store. Refuses a directory of another user; takes others' rights to it away.
    pub fn open(dir: impl Into<PathBuf>) -> io::Result<FileStore> {
        let dir = dir.into();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let metadata = fs::symlink_metadata(&dir)?;
        if !metadata.is_dir() || metadata.uid() != nix::unistd::geteuid().as_raw() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{} is not a directory of this user", dir.display()),
            ));
        }
        if metadata.mode() & 0o077 != 0 {
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))?;
        }
        let memo = read_memo(&dir.join("hashes"));
        Ok(FileStore { dir, memo: Mutex::new(memo) })
    }

    /// BLAKE3 of a file's content; read only when it is not remembered.
    pub fn hash_of(&self, path: &Path) -> io::Result<ContentHash> {
        self.hash_file(&File::open(path)?)
    }

    /// The same for an open file; its offset is not moved.
    pub fn hash_file(&self, file: &File) -> io::Result<ContentHash> {
        let identity = Identity::of(&file.metadata()?);
        if let Some(hash) = self.memo.lock().ok().and_then(|memo| memo.get(&identity).copied()) {
            return Ok(hash);
        }
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 256 << 10];
        let mut at = 0;
        loop {
            match file.read_at(&mut buffer, at)? {
                0 => break,
                n => {
                    hasher.update(&buffer[..n]);
                    at += n as u64;
                }
            }
        }
        let hash = *hasher.finalize().as_bytes();
        if Identity::of(&file.metadata()?) == identity {
            self.remember(identity, hash);
        }
        Ok(hash)
    }

    fn remember(&self, identity: Identity, hash: ContentHash) {
        let age = |ns: i128| {
            SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(ns).unwrap_or(0)))
        };
        let settled = |ns| age(ns).is_ok_and(|age| age > SETTLED);
        if !settled(identity.modified_ns) || !settled(identity.changed_ns) {
            return;
        }
        let Ok(mut memo) = self.memo.lock() else { return };
        let file = self.dir.join("hashes");
        if memo.len() >= MEMO_MAX {
            memo.clear();
            let _ = fs::remove_file(&file);
        }
        memo.insert(identity, hash);
        // A memory only: without it the file is read again.
        let appended = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file);
        if let Ok(mut file) = appended {
            let _ = file.write_all(identity.line(&hash).as_bytes());
        }
    }

    /// Notes that a tree which had this file open for writing has gone, and what the file is like now.
    pub fn note_left(&self, path: &Path) -> io::Result<()> {
        let identity = Identity::of(&fs::symlink_metadata(path)?);
        let note = self.left(path);
        let fresh = note.with_extension(std::process::id().to_string());
        fs::write(&fresh, identity.line(&[0; 32]))?;
        fs::rename(fresh, note)
    }

    /// True when nobody has touched the file since a tree left it: the tree's own is newer.
    pub fn is_as_left(&self, path: &Path) -> bool {
        let Ok(meta) = fs::symlink_metadata(path) else { return false };
        let note = || fs::read_to_string(self.left(path)).ok();
        let left = || note().and_then(|line| Some(Identity::parse(line.trim_end())?.0));
        meta.is_file() && left() == Some(Identity::of(&meta))
    }

    /// The store may be one for several hosts, whose files are not.
    fn left(&self, path: &Path) -> PathBuf {
        let mut name = nix::unistd::gethostname().unwrap_or_default().into_vec();
        name.push(0);
        name.extend_from_slice(path.as_os_str().as_bytes());
        self.dir.join(format!("left-{}", hex(blake3::hash(&name).as_bytes())))
    }

    fn place(&self, hash: &ContentHash) -> PathBuf {
        self.dir.join(hex(hash))
    }

    /// The stored file with this content. Its content is compared, as for every other file.
    pub fn get(&self, hash: &ContentHash) -> Option<PathBuf> {
        let path = self.place(hash);
        (self.hash_of(&path).ok()? == *hash).then_some(path)
    }

    /// Where a file with this content is here: under the name it had, or in the store.
    pub fn find(&self, path: &Path, hash: &ContentHash) -> Option<PathBuf> {
        if self.hash_of(path).is_ok_and(|found| found == *hash) {
            return Some(path.to_path_buf());
        }
        self.get(hash)
    }

    /// For a file of the store: the name it had where it came from.
    pub fn original_path(&self, path: &Path) -> Option<PathBuf> {
        if path.parent() != Some(&self.dir) {
            return None;
        }
        let mut name = path.file_name()?.to_os_string();
        name.push(".path");
        let bytes = fs::read(self.dir.join(name)).ok()?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
    }

    /// Begins to take in a file of this content and size.
    pub fn receive(&self, hash: ContentHash, size: u64) -> io::Result<Incoming> {
        let temporary = self.dir.join(format!(".{}.{}", hex(&hash), std::process::id()));
        let _ = fs::remove_file(&temporary);
        let file =
            fs::OpenOptions::new().write(true).read(true).create_new(true).mode(0o700).open(&temporary)?;
        Ok(Incoming { temporary, to: self.place(&hash), hash, size, file: Some(file) })
    }
}

/// A file on its way into the store. Dropped unfinished: it is removed.
#[derive(Debug)]
pub struct Incoming {
    temporary: PathBuf,
    to: PathBuf,
    hash: ContentHash,
    size: u64,
    file: Option<File>,
}

impl Incoming {
    /// The content it is to have.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// Writes a piece.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if offset.checked_add(bytes.len() as u64).is_none_or(|end| end > self.size) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        match &self.file {
            Some(file) => file.write_all_at(bytes, offset),
            None => Err(io::Error::from(io::ErrorKind::NotConnected)),
        }
    }

    /// Puts it in its place, if it is what it was said to be. `original` is the name it had.
    pub fn finish(mut self, original: &Path) -> io::Result<PathBuf> {
        let Some(mut file) = self.file.take() else {
            return Err(io::Error::from(io::ErrorKind::NotConnected));
        };
        let mut hasher = blake3::Hasher::new();
        io::Seek::rewind(&mut file)?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => {
                    hasher.update(&buffer[..n]);
                }
            }
        }
        if *hasher.finalize().as_bytes() != self.hash {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a file that travelled was altered"));
        }
        // Closed before it can be executed: a file open for writing cannot be (ETXTBSY).
        drop(file);
        fs::set_permissions(&self.temporary, fs::Permissions::from_mode(0o500))?;
        let mut name = self.to.file_name().map(|n| n.to_os_string()).unwrap_or_default();
        name.push(".path");
        fs::write(self.to.with_file_name(name), original.as_os_str().as_bytes())?;
        fs::rename(&self.temporary, &self.to)?;
        Ok(self.to.clone())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After a rename there is nothing under this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn read_memo(path: &Path) -> HashMap<Identity, ContentHash> {
    let mut text = String::new();
    let limit = (MEMO_MAX * 200) as u64;
    if File::open(path).and_then(|f| f.take(limit).read_to_string(&mut text)).is_err() {
        return HashMap::new();
    }
    text.lines().filter_map(Identity::parse).take(MEMO_MAX).collect()
}

fn hex(hash: &ContentHash) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<ContentHash> {
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (i, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(i * 2..i * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("qmux-store-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn test_a_file_that_travelled_is_found_by_content_and_knows_its_old_name() {
        let dir = scratch("travel");
        let store = FileStore::open(&dir).unwrap();
        let content = b"some library".repeat(1000);
        let hash = *blake3::hash(&content).as_bytes();
        assert_eq!(store.find(Path::new("/nowhere/lib.so"), &hash), None);
        let mut incoming = store.receive(hash, content.len() as u64).unwrap();
        incoming.write(5, &content[5..]).unwrap();
        incoming.write(0, &content[..5]).unwrap();
        let path = incoming.finish(Path::new("/nowhere/lib.so")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(store.find(Path::new("/nowhere/lib.so"), &hash), Some(path.clone()));
        assert_eq!(store.original_path(&path), Some(PathBuf::from("/nowhere/lib.so")));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn test_altered_content_is_refused_and_leaves_nothing() {
        let dir = scratch("altered");
        let store = FileStore::open(&dir).unwrap();
        let hash = *blake3::hash(b"right").as_bytes();
        let mut incoming = store.receive(hash, 5).unwrap();
        assert!(incoming.write(3, b"too long").is_err());
        incoming.write(0, b"wrong").unwrap();
        assert_eq!(incoming.finish(Path::new("/x")).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(store.get(&hash), None);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn test_a_changed_file_is_read_again_though_its_name_was_remembered() {
        let dir = scratch("memo");
        let store = FileStore::open(&dir).unwrap();
        // Old enough to be remembered, and the memory outlives the value.
        let first = store.hash_of(Path::new("/bin/sh")).unwrap();
        let again = FileStore::open(&dir).unwrap();
        assert!(again.memo.lock().unwrap().values().any(|h| *h == first));
        let file = dir.join("f");
        fs::write(&file, "one").unwrap();
        assert_eq!(again.hash_of(&file).unwrap(), *blake3::hash(b"one").as_bytes());
        fs::write(&file, "two").unwrap();
        assert_eq!(again.hash_of(&file).unwrap(), *blake3::hash(b"two").as_bytes());
        fs::remove_dir_all(dir).unwrap();
    }
}
