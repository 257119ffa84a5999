//! Mapped files the destination lacks, sent while the pane still runs.
//!
//! Stream: for each file its BLAKE3 (32 bytes), its size (`u64` LE), its content. The receiver keeps each under
//! its hash, once that has been found right.

use super::trouble;
use crate::protocol::keeper::Trouble;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Largest file carried, in bytes.
pub const FILE_MAX: u64 = 4 << 30;
/// Bytes copied at once.
const PIECE: usize = 64 << 10;

/// A file to send.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// BLAKE3 of its content.
    pub hash: [u8; 32],
    /// Where it was mapped from.
    pub path: Vec<u8>,
    /// Size in bytes.
    pub size: u64,
}

/// Name of a kept file: its hash in hexadecimal.
pub fn kept_at(cache: &Path, hash: &[u8; 32]) -> PathBuf {
    cache.join(hash.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

/// Sends files.
pub fn send(files: &[Wanted], out: &mut impl Write) -> Result<(), Trouble> {
    for wanted in files {
        let path = Path::new(std::ffi::OsStr::from_bytes(&wanted.path));
        let changed = |what: &str| {
            trouble(3, "file-changed", format!("{} {what} while it was being sent", path.display()))
        };
        let mut file = File::open(path)
            .map_err(|e| trouble(3, "file-unreadable", format!("{}: {e}", path.display())))?
            .take(wanted.size);
        let lost = |e: io::Error| trouble(4, "precopy", e.to_string());
        out.write_all(&wanted.hash).map_err(lost)?;
        out.write_all(&wanted.size.to_le_bytes()).map_err(lost)?;
        let mut buf = vec![0; PIECE];
        let mut left = wanted.size;
        while left > 0 {
            let n = file.read(&mut buf).map_err(|e| changed(&e.to_string()))?;
            if n == 0 {
                return Err(changed("became shorter"));
            }
            out.write_all(&buf[..n]).map_err(lost)?;
            left -= n as u64;
        }
    }
    Ok(())
}

/// Takes files in and keeps them in `cache`. Ends with the stream.
pub fn receive(input: &mut impl Read, cache: &Path) -> Result<(), Trouble> {
    let truncated = |_: io::Error| trouble(6, "truncated", "The files on their way are not complete");
    let mut buf = vec![0; PIECE];
    loop {
        let mut hash = [0; 32];
        // The end of the stream may come here and nowhere else.
        match input.read(&mut hash[..1]).map_err(truncated)? {
            0 => return Ok(()),
            _ => input.read_exact(&mut hash[1..]).map_err(truncated)?,
        }
        let mut size = [0; 8];
        input.read_exact(&mut size).map_err(truncated)?;
        let size = u64::from_le_bytes(size);
        if size > FILE_MAX {
            return Err(trouble(6, "too-large", format!("A file of {size} bytes is announced")));
        }
        let kept = kept_at(cache, &hash);
        let fresh = kept.with_extension(format!("{}.new", std::process::id()));
        let written = keep_one(input, &fresh, size, &mut buf);
        let done = written.and_then(|found| {
            if found != hash {
                return Err(trouble(6, "altered", "A file on its way is not what it says it is"));
            }
            std::fs::rename(&fresh, &kept).map_err(|e| no_room(&e))
        });
        if let Err(why) = done {
            let _ = std::fs::remove_file(&fresh);
            return Err(why);
        }
    }
}

fn no_room(error: &io::Error) -> Trouble {
    trouble(3, "disk-full", format!("Files on their way cannot be kept: {error}"))
}

fn keep_one(input: &mut impl Read, path: &Path, size: u64, buf: &mut [u8]) -> Result<[u8; 32], Trouble> {
    // Executable: the restored program is run from it.
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o700)
        .open(path)
        .map_err(|e| no_room(&e))?;
    let mut hasher = blake3::Hasher::new();
    let mut left = size;
    while left > 0 {
        let most = buf.len().min(left as usize);
        let n = input.read(&mut buf[..most]).map_err(|e| trouble(6, "truncated", e.to_string()))?;
        if n == 0 {
            return Err(trouble(6, "truncated", "The files on their way are not complete"));
        }
        hasher.update(&buf[..n]);
        file.write_all(&buf[..n]).map_err(|e| no_room(&e))?;
        left -= n as u64;
    }
    Ok(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_arrive_under_their_hash_and_a_false_one_does_not() {
        let dir = std::env::temp_dir().join(format!("qmux-precopy-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let source = dir.join("source");
        let content = vec![7u8; 200_000];
        std::fs::write(&source, &content).unwrap();
        let hash = *blake3::hash(&content).as_bytes();
        let path = source.as_os_str().as_bytes().to_vec();
        let mut stream = Vec::new();
        let wanted = Wanted { hash, path: path.clone(), size: content.len() as u64 };
        send(&[wanted.clone(), wanted], &mut stream).unwrap();
        receive(&mut &stream[..], &dir).unwrap();
        assert_eq!(std::fs::read(kept_at(&dir, &hash)).unwrap(), content);
        assert_eq!(receive(&mut &stream[..stream.len() - 1], &dir).unwrap_err().code, "truncated");
        let mut stream = Vec::new();
        send(&[Wanted { hash: [1; 32], path: path.clone(), size: 5 }], &mut stream).unwrap();
        assert_eq!(receive(&mut &stream[..], &dir).unwrap_err().code, "altered");
        assert!(!kept_at(&dir, &[1; 32]).exists());
        let longer = Wanted { hash, path, size: 300_000 };
        assert_eq!(send(&[longer], &mut Vec::new()).unwrap_err().code, "file-changed");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
