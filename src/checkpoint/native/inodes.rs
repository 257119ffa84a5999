//! Finding the path of an inode that inotify watches: the kernel tells the inode only.

use super::proc;
use crate::sys::descriptors;
use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Most directory entries looked at in a search.
const SEARCH_MAX: usize = 20_000;

/// Paths of inodes met so far, by (st_dev, st_ino).
#[derive(Debug, Default, Clone)]
pub struct Inodes {
    known: HashMap<(u64, u64), Vec<u8>>,
}

/// One line `inotify wd:…` of fdinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Watch descriptor.
    pub wd: i32,
    /// IN_* bits.
    pub mask: u32,
    /// st_dev as stat(2) gives it.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Kernel file handle: type and bytes.
    pub handle: Option<(i32, Vec<u8>)>,
}

/// Parses the watches of an inotify descriptor.
pub fn watches(info: &proc::FdInfo) -> Vec<Watch> {
    info.lines.iter().filter_map(|line| parse_watch(line)).collect()
}

fn parse_watch(line: &str) -> Option<Watch> {
    let rest = line.strip_prefix("inotify ")?;
    let field = |name: &str| {
        rest.split_ascii_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix(':'))
    };
    let hex = |name: &str| u64::from_str_radix(field(name)?, 16).ok();
    // The kernel's own device number: 12 bits major, 20 bits minor.
    let device = hex("sdev")?;
    let bytes = field("f_handle").map(|text| {
        text.as_bytes()
            .chunks(2)
            .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect::<Vec<u8>>()
    });
    Some(Watch {
        wd: hex("wd")? as i32,
        mask: hex("mask")? as u32,
        dev: nix::sys::stat::makedev(device >> 20, device & 0xf_ffff),
        ino: hex("ino")?,
        handle: hex("fhandle-type").map(|kind| kind as i32).zip(bytes),
    })
}

impl Inodes {
    /// Learns a path and the directories above it.
    pub fn learn(&mut self, path: &[u8]) {
        for path in Path::new(std::ffi::OsStr::from_bytes(path)).ancestors() {
            if let Ok(meta) = fs::metadata(path) {
                self.known
                    .entry((meta.dev(), meta.ino()))
                    .or_insert_with(|| path.as_os_str().as_bytes().to_vec());
            }
        }
    }

    /// The path of a watched inode, if it is known or the kernel opens its handle for us (root).
    pub fn path(&mut self, watch: &Watch) -> Option<Vec<u8>> {
        let key = (watch.dev, watch.ino);
        if let Some(path) = self.known.get(&key)
            && fs::metadata(std::ffi::OsStr::from_bytes(path))
                .is_ok_and(|meta| (meta.dev(), meta.ino()) == key)
        {
            return Some(path.clone());
        }
        let path = by_handle(watch)?;
        self.known.insert(key, path.clone());
        Some(path)
    }

    /// Looks for inodes under a directory; bounded, slow: never while a tree is frozen.
    pub fn search(&mut self, top: &[u8], mut wanted: Vec<(u64, u64)>) {
        let mut queue = std::collections::VecDeque::from([std::path::PathBuf::from(
            std::ffi::OsString::from_vec(top.to_vec()),
        )]);
        let mut seen = 0;
        while let Some(dir) = queue.pop_front() {
            let Ok(entries) = fs::read_dir(&dir) else { continue };
            for entry in entries.flatten() {
                seen += 1;
                let Ok(meta) = entry.metadata() else { continue };
                let key = (meta.dev(), meta.ino());
                if let Some(at) = wanted.iter().position(|w| *w == key) {
                    wanted.swap_remove(at);
                    self.known.insert(key, entry.path().into_os_string().into_vec());
                }
                if wanted.is_empty() || seen > SEARCH_MAX {
                    return;
                }
                if meta.is_dir() {
                    queue.push_back(entry.path());
                }
            }
        }
    }
}

fn by_handle(watch: &Watch) -> Option<Vec<u8>> {
    let (kind, bytes) = watch.handle.as_ref()?;
    let mounts = proc::read("/proc/self/mountinfo").ok()?;
    let mounts = String::from_utf8_lossy(&mounts).into_owned();
    for line in mounts.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(device), Some(point)) = (words.nth(2), words.nth(1)) else { continue };
        let Some((major, minor)) = device.split_once(':') else { continue };
        let (Ok(major), Ok(minor)) = (major.parse(), minor.parse()) else { continue };
        if nix::sys::stat::makedev(major, minor) != watch.dev {
            continue;
        }
        let Ok(mount) = fs::File::open(point) else { continue };
        let Ok(file) = descriptors::open_by_handle(mount.as_fd(), *kind, bytes) else { continue };
        let path = proc::link(&format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
        return (!path.ends_with(b" (deleted)")).then_some(path);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_line_is_read() {
        let line = "inotify wd:2 ino:27ae4 sdev:800002 mask:3cc ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:e47a0200a3b1c2d3";
        let watch = parse_watch(line).unwrap();
        assert_eq!((watch.wd, watch.mask, watch.ino), (2, 0x3cc, 0x27ae4));
        assert_eq!(watch.dev, nix::sys::stat::makedev(8, 2));
        assert_eq!(watch.handle, Some((1, vec![0xe4, 0x7a, 2, 0, 0xa3, 0xb1, 0xc2, 0xd3])));
    }

    #[test]
    fn an_inode_under_a_directory_is_found() {
        let dir = std::env::temp_dir().join(format!("qmux-inodes-{}", std::process::id()));
        fs::create_dir_all(dir.join("a/b")).unwrap();
        let meta = fs::metadata(dir.join("a/b")).unwrap();
        let mut inodes = Inodes::default();
        inodes.search(dir.as_os_str().as_bytes(), vec![(meta.dev(), meta.ino())]);
        let watch = Watch { wd: 1, mask: 1, dev: meta.dev(), ino: meta.ino(), handle: None };
        assert_eq!(inodes.path(&watch).unwrap(), dir.join("a/b").as_os_str().as_bytes());
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(inodes.path(&watch), None);
    }
}
