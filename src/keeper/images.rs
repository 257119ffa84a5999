//! Files a pane was written to, found by how they begin.
//!
//! Looks into directories it is told of, not below them, and opens ordinary files only: a fifo or a device there
//! is left alone.

use crate::checkpoint::image::MAGIC;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

/// Most entries of one directory looked at.
const ENTRIES_MAX: usize = 2000;

/// Paths and lengths of the images in these directories, by path.
pub fn images_in(dirs: &[String]) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir) else { continue };
        for entry in entries.flatten().take(ENTRIES_MAX) {
            let Some(bytes) = entry.metadata().ok().filter(|m| m.is_file()).map(|m| m.len()) else {
                continue;
            };
            let path = entry.path();
            if begins_as_image(&path)
                && let Some(text) = path.to_str()
            {
                found.push((text.to_owned(), bytes));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn begins_as_image(path: &std::path::Path) -> bool {
    // Not blocking: it may have become a fifo since it was looked at.
    let open = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let mut magic = [0; MAGIC.len()];
    open.and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == MAGIC
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_begin_as_an_image_are_found() {
        let dir = std::env::temp_dir().join(format!("qmux-images-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("below")).unwrap();
        std::fs::write(dir.join("a.qmux"), [&MAGIC[..], b"more"].concat()).unwrap();
        std::fs::write(dir.join("notes.qmux"), b"qmux").unwrap();
        nix::unistd::mkfifo(&dir.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let name = dir.to_str().unwrap().to_owned();
        let found = images_in(&[name.clone(), name.clone(), "/no/such/dir".into()]);
        assert_eq!(found, [(format!("{name}/a.qmux"), 12)]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
