//! Open files that the other host lacks and the user lets come along (`--with-files`): hashed and read while the
//! tree stands still, and put to their paths before anything of the tree exists.
//!
//! Never overwrites: what is at a path already is for `fitness` to compare. Must not know who decides what
//! comes along.

use super::fds::Files;
use super::init::path;
use super::mapped::HashCache;
use super::own;
use crate::checkpoint::model::{Carried, FileId, FileKind, TreeImage};
use crate::checkpoint::store::FileStore;
use crate::checkpoint::{CARRY_MAX, CheckpointError, ContentHash, ImageWriter, image};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const O_ACCMODE: u32 = libc::O_ACCMODE as u32;

/// True for a description through which the file can be written.
pub fn writes(flags: u32) -> bool {
    flags & libc::O_ACCMODE as u32 != libc::O_RDONLY as u32 && flags & libc::O_PATH as u32 == 0
}

/// True for a description that only adds to the file, whatever it holds.
pub fn appends(flags: u32) -> bool {
    let appending = (libc::O_APPEND | libc::O_WRONLY) as u32;
    flags & (O_ACCMODE | libc::O_APPEND as u32) == appending
}

/// Notes the content, as it is now, of files that can be written to and of those that come along (`carry`, by
/// path). A file that cannot be read by us, or is too large, is compared by its size alone.
pub fn identify(files: &mut Files, carry: &[Vec<u8>], hashes: &HashCache) -> Result<(), CheckpointError> {
    let mut total = 0;
    let mut counted = HashSet::new();
    let mapped: HashSet<FileId> = files.memfds.values().copied().collect();
    for (id, file) in files.files.iter_mut().enumerate() {
        let writes = writes(file.flags);
        let FileKind::Path { path: name, size, hash, directory, carried, .. } = &mut file.kind else {
            continue;
        };
        if *directory {
            if carry.contains(name) {
                let mode = std::fs::metadata(path(name)).map_or(0o700, |meta| meta.mode() & 0o777);
                *carried = Some(Carried { mode, modified_ns: 0 });
            }
            continue;
        }
        if carry.contains(name) {
            let failed = |e| CheckpointError::system(format!("reading {}", path(name).display()))(e);
            let (content, state, length) = look(path(name)).map_err(failed)?;
            total += if counted.insert(content) { length } else { 0 };
            if total > CARRY_MAX {
                let why = format!("the files to come along have grown beyond {} MB", CARRY_MAX / 1_000_000);
                return Err(CheckpointError::Strange(why));
            }
            (*hash, *carried, *size) = (Some(content), Some(state), length);
        } else if mapped.contains(&(id as FileId)) {
            // Written to through memory: its times do not say whether it has changed.
            *hash = (*size <= CARRY_MAX).then(|| look(path(name)).ok()).flatten().map(|found| found.0);
        } else if writes && *size <= CARRY_MAX {
            *hash = File::open(path(name)).and_then(|f| hashes.hash(&f)).ok().map(|(hash, _)| hash);
        }
    }
    Ok(())
}

fn look(name: &Path) -> io::Result<(ContentHash, Carried, u64)> {
    let mut file = File::open(name)?;
    // What was written through memory may be known to this host alone, on a shared file system.
    file.sync_data()?;
    let meta = file.metadata()?;
    let mut hasher = blake3::Hasher::new();
    let length = io::copy(&mut file, &mut hasher)?;
    let modified_ns = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    Ok((*hasher.finalize().as_bytes(), Carried { mode: meta.mode() & 0o777, modified_ns }, length))
}

/// Path, size and content of each file that comes along, each content once.
pub fn list(tree: &TreeImage) -> impl Iterator<Item = (&[u8], u64, ContentHash)> {
    let mut seen = HashSet::new();
    tree.files.iter().filter_map(move |file| match &file.kind {
        FileKind::Path { path, size, hash: Some(hash), carried: Some(_), .. } => {
            seen.insert(*hash).then_some((path.as_slice(), *size, *hash))
        }
        _ => None,
    })
}

/// Writes the contents; the bytes written. If somebody outside of the tree has changed a file meanwhile, the
/// receiver finds that it is not what was promised.
pub fn ship(tree: &TreeImage, out: &mut ImageWriter<'_>) -> Result<u64, CheckpointError> {
    let mut total = 0;
    let mut buffer = vec![0; image::CHUNK_MAX];
    for (name, size, hash) in list(tree) {
        let failed = |e| CheckpointError::system(format!("reading {}", path(name).display()))(e);
        let mut input = File::open(path(name)).map_err(failed)?;
        let mut offset = 0;
        // An empty file is a chunk, too.
        loop {
            let want = buffer.len().min((size - offset) as usize);
            input.read_exact(&mut buffer[..want]).map_err(failed)?;
            out.file_chunk(hash, offset, size, &buffer[..want])?;
            offset += want as u64;
            if offset == size {
                break;
            }
        }
        total += size;
    }
    Ok(total)
}

/// Paths of the files that the tree can write to: what it leaves behind when it goes.
pub fn written(tree: &TreeImage) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = tree
        .files
        .iter()
        .filter(|file| writes(file.flags))
        .filter_map(|file| match &file.kind {
            FileKind::Path { path: name, directory: false, .. } => Some(path(name).to_path_buf()),
            _ => None,
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Files put to their paths. Dropped before [`Placed::keep`]: they are taken away again, so that a restore that
/// failed leaves nothing.
#[derive(Debug, Default)]
pub struct Placed(Vec<Put>);

/// One thing done, and how to undo it.
#[derive(Debug)]
enum Put {
    Folder(PathBuf),
    File {
        name: PathBuf,
        identity: (u64, u64),
    },
    /// In place of what the tree had left here, which waits under another name.
    Newer {
        name: PathBuf,
        older: PathBuf,
        identity: (u64, u64),
    },
}

impl Placed {
    /// Puts each file and folder that comes along where nothing is, or what the tree itself has left there. `shipped`
    /// says where the content is.
    pub fn put(
        tree: &TreeImage,
        shipped: &HashMap<ContentHash, PathBuf>,
        store: &FileStore,
    ) -> Result<Placed, CheckpointError> {
        let mut placed = Placed::default();
        for file in &tree.files {
            match &file.kind {
                FileKind::Path { path: name, hash, directory, carried: Some(state), .. } => {
                    let name = path(name);
                    let content = hash.and_then(|hash| shipped.get(&hash));
                    let put = match (directory, content) {
                        (true, _) => placed.folder(name, state),
                        (false, Some(content)) => placed.file(content, name, state, store),
                        (false, None) => Ok(()),
                    };
                    put.map_err(CheckpointError::system(format!("copying {}", name.display())))?;
                }
                // Without its folder a socket cannot have its name, with which a program does without.
                FileKind::Disconnected { listening: Some(listening), .. } if listening.own => {
                    let _ = placed.folders_above(path(&listening.name));
                }
                _ => {}
            }
        }
        Ok(placed)
    }

    fn folders_above(&mut self, name: &Path) -> io::Result<()> {
        if name.parent().is_some_and(|folder| !folder.exists()) {
            self.0.extend(own::make_folders(name)?.into_iter().map(Put::Folder));
        }
        Ok(())
    }

    fn folder(&mut self, name: &Path, state: &Carried) -> io::Result<()> {
        if std::fs::symlink_metadata(name).is_ok() {
            return Ok(());
        }
        self.folders_above(name)?;
        std::fs::DirBuilder::new().mode(state.mode & 0o777).create(name)?;
        self.0.push(Put::Folder(name.into()));
        Ok(())
    }

    fn file(&mut self, content: &Path, name: &Path, state: &Carried, store: &FileStore) -> io::Result<()> {
        if std::fs::symlink_metadata(name).is_err() {
            self.folders_above(name)?;
            let identity = place(content, name, state, |fresh| std::fs::hard_link(fresh, name))?;
            self.0.push(Put::File { name: name.into(), identity });
        } else if store.is_as_left(name) {
            let older = hidden(name, "older")?;
            let _ = std::fs::remove_file(&older);
            std::fs::hard_link(name, &older)?;
            let identity = place(content, name, state, |fresh| std::fs::rename(fresh, name));
            let identity = identity.inspect_err(|_| drop(std::fs::remove_file(&older)))?;
            self.0.push(Put::Newer { name: name.into(), older, identity });
        }
        Ok(())
    }

    /// The tree lives: the files stay.
    pub fn keep(mut self) {
        for put in self.0.drain(..) {
            if let Put::Newer { older, .. } = put {
                let _ = std::fs::remove_file(older);
            }
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        let still = |name: &Path, identity: &(u64, u64)| {
            std::fs::symlink_metadata(name).is_ok_and(|m| (m.dev(), m.ino()) == *identity)
        };
        for put in self.0.iter().rev() {
            // What cannot be undone stays where it is; nothing else is lost by it.
            let _ = match put {
                Put::Folder(name) => std::fs::remove_dir(name),
                Put::File { name, identity } if still(name, identity) => std::fs::remove_file(name),
                Put::Newer { name, older, identity } if still(name, identity) => std::fs::rename(older, name),
                Put::Newer { older, .. } => std::fs::remove_file(older),
                Put::File { .. } => Ok(()),
            };
        }
    }
}

/// A name beside `name` for something that is there for a moment.
fn hidden(name: &Path, what: &str) -> io::Result<PathBuf> {
    let plain = name.is_absolute() && !name.components().any(|c| c == std::path::Component::ParentDir);
    let Some(last) = name.file_name().filter(|_| plain) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(last);
    hidden.push(format!(".qmux.{what}.{}", std::process::id()));
    Ok(name.with_file_name(hidden))
}

/// A copy of `content`, whole at once, brought to `name` by `bring`: a link is never made over a file.
fn place(
    content: &Path,
    name: &Path,
    state: &Carried,
    bring: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<(u64, u64)> {
    let fresh = hidden(name, "new")?;
    let filled = fill(content, &fresh, state);
    let placed = filled.and_then(|identity| bring(&fresh).map(|()| identity));
    let _ = std::fs::remove_file(&fresh);
    placed
}

fn fill(content: &Path, fresh: &Path, state: &Carried) -> io::Result<(u64, u64)> {
    let mut input = File::open(content)?;
    let mut output = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(fresh)?;
    io::copy(&mut input, &mut output)?;
    output.flush()?;
    output.set_permissions(std::fs::Permissions::from_mode(state.mode & 0o777))?;
    if let Ok(ns) = u64::try_from(state.modified_ns) {
        output.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(ns))?;
    }
    output.sync_all()?;
    let meta = output.metadata()?;
    Ok((meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::model::OpenFile;
    use crate::checkpoint::{ImageReader, image::Section};
    use std::os::unix::ffi::OsStrExt;

    fn open(name: &Path, flags: i32) -> OpenFile {
        let kind = FileKind::Path {
            path: name.as_os_str().as_bytes().to_vec(),
            pos: 0,
            size: std::fs::metadata(name).unwrap().len(),
            directory: false,
            hash: None,
            carried: None,
        };
        OpenFile { flags: flags as u32, owner: None, signal: 0, locks: Vec::new(), kind }
    }

    #[test]
    fn a_file_comes_along_as_it_was_and_is_gone_again_unless_it_is_kept() {
        let dir = std::env::temp_dir().join(format!("qmux-carried-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (here, other, empty) = (dir.join("here"), dir.join("other"), dir.join("empty"));
        for (file, content) in [(&here, "content"), (&other, "written"), (&empty, "")] {
            std::fs::write(file, content).unwrap();
        }
        std::fs::set_permissions(&here, std::fs::Permissions::from_mode(0o640)).unwrap();
        let modified = std::fs::metadata(&here).unwrap().modified().unwrap();
        let files = [open(&here, libc::O_RDONLY), open(&other, libc::O_RDWR), open(&empty, libc::O_RDONLY)];
        let mut tree_files = Files::default();
        tree_files.files = files.to_vec();
        let mut files = tree_files;
        let carry = [&here, &empty].map(|name| name.as_os_str().as_bytes().to_vec());
        identify(&mut files, &carry, &HashCache::default()).unwrap();
        let tree = TreeImage { files: files.files, ..TreeImage::default() };
        let hash = |file: &OpenFile| match &file.kind {
            FileKind::Path { hash, carried, .. } => (*hash, carried.is_some()),
            other => panic!("{other:?}"),
        };
        assert_eq!(hash(&tree.files[0]), (Some(*blake3::hash(b"content").as_bytes()), true));
        assert_eq!(hash(&tree.files[1]), (Some(*blake3::hash(b"written").as_bytes()), false));

        let mut bytes = Vec::new();
        let mut out = ImageWriter::new(&mut bytes);
        assert_eq!(ship(&tree, &mut out).unwrap(), 7);
        out.end().unwrap();
        drop(out);
        let mut shipped = HashMap::new();
        let mut image = ImageReader::new(&bytes[..]);
        while let Some(Section::FileContent(chunk)) = image.next_section().unwrap() {
            let at = dir.join(format!("stored-{}", shipped.len()));
            std::fs::write(&at, &chunk.bytes).unwrap();
            shipped.insert(chunk.hash, at);
        }
        assert_eq!(shipped.len(), 2);

        std::fs::remove_file(&empty).unwrap();
        std::fs::write(&here, "what was here").unwrap();
        let store = FileStore::open(dir.join("cache")).unwrap();
        drop(Placed::put(&tree, &shipped, &store).unwrap());
        assert_eq!(std::fs::read(&here).unwrap(), b"what was here", "never overwritten, never removed");
        assert!(!empty.exists(), "taken away again");
        std::fs::remove_file(&here).unwrap();
        Placed::put(&tree, &shipped, &store).unwrap().keep();
        assert_eq!(std::fs::read(&here).unwrap(), b"content");
        // What the tree has left here is older than what it brings along; anything else is somebody's.
        std::fs::write(&here, "as it was").unwrap();
        store.note_left(&here).unwrap();
        drop(Placed::put(&tree, &shipped, &store).unwrap());
        assert_eq!(std::fs::read(&here).unwrap(), b"as it was", "put back");
        store.note_left(&here).unwrap();
        std::fs::write(&here, "and then changed").unwrap();
        Placed::put(&tree, &shipped, &store).unwrap().keep();
        assert_eq!(std::fs::read(&here).unwrap(), b"and then changed");
        store.note_left(&here).unwrap();
        Placed::put(&tree, &shipped, &store).unwrap().keep();
        assert_eq!(std::fs::read(&here).unwrap(), b"content");
        let meta = std::fs::metadata(&here).unwrap();
        assert_eq!((meta.mode() & 0o777, meta.modified().unwrap()), (0o640, modified));
        assert!(empty.exists());
        let hidden = std::fs::read_dir(&dir)
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().as_bytes().starts_with(b"."));
        assert_eq!(hidden.count(), 0, "nothing is left over");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
