//! What is sent while the pane still runs: mapped files the destination lacks, and memory. The receiver keeps each
//! file in its store, under its hash, once that has been found right, and memory at hand.

use super::trouble;
use crate::checkpoint::image::{FileChunk, Section};
use crate::checkpoint::store::{FileStore, Incoming};
use crate::checkpoint::{ContentHash, ImageReader, PageCopies};
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::OfferedFile;
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Names and sizes of the files that were offered, by content.
pub type Offered = HashMap<ContentHash, OfferedFile>;

/// Takes files in and keeps them; only what was offered is taken. Gives the memory that came.
pub fn receive(input: impl Read, offered: &Offered, store: &FileStore) -> Result<PageCopies, Trouble> {
    let mut image = ImageReader::new(input);
    let mut copies = PageCopies::default();
    let mut open: Option<Incoming> = None;
    loop {
        let section = image.next_section().map_err(|e| trouble(6, "files", e.to_string()))?;
        let Some(Section::FileContent(FileChunk { hash, offset, size, bytes })) = section else {
            close(open.take(), offered)?;
            match section {
                Some(Section::End(_)) | None => {
                    copies.complete(image.sum());
                    return Ok(copies);
                }
                Some(Section::Pages(pages)) => {
                    if !copies.add(pages) {
                        return Err(trouble(6, "memory", "More memory came ahead than is taken"));
                    }
                    continue;
                }
                Some(_) => {
                    return Err(trouble(6, "files", "Something else came with the files on their way"));
                }
            }
        };
        if open.as_ref().is_none_or(|incoming| incoming.hash() != hash) {
            close(open.take(), offered)?;
            if offered.get(&hash).is_none_or(|file| file.size != size) {
                return Err(trouble(6, "files", "A file came that was not offered"));
            }
            open = Some(store.receive(hash, size).map_err(|e| no_room(&e))?);
        }
        if let Some(incoming) = &mut open {
            incoming.write(offset, &bytes).map_err(|e| no_room(&e))?;
        }
    }
}

fn close(open: Option<Incoming>, offered: &Offered) -> Result<(), Trouble> {
    let Some(incoming) = open else { return Ok(()) };
    let name = offered.get(&incoming.hash()).map_or(&b""[..], |file| &file.path);
    incoming.finish(Path::new(std::ffi::OsStr::from_bytes(name))).map(drop).map_err(|e| no_room(&e))
}

fn no_room(error: &io::Error) -> Trouble {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    trouble(
        3,
        if full { "disk-full" } else { "files" },
        format!("Files on their way cannot be kept: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::ImageWriter;

    fn stream(files: &[(ContentHash, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut image = ImageWriter::new(&mut bytes);
        for (hash, content) in files {
            let half = content.len() / 2;
            image.file_chunk(*hash, 0, content.len() as u64, &content[..half]).unwrap();
            image.file_chunk(*hash, half as u64, content.len() as u64, &content[half..]).unwrap();
        }
        image.end().unwrap();
        drop(image);
        bytes
    }

    #[test]
    fn files_are_kept_by_content_and_false_or_unasked_ones_are_not() {
        let dir = std::env::temp_dir().join(format!("qmux-precopy-{}", std::process::id()));
        let store = FileStore::open(&dir).unwrap();
        let (first, second) = (vec![7u8; 200_000], vec![9u8; 10]);
        let hash = |content: &[u8]| *blake3::hash(content).as_bytes();
        let offered: Offered = [&first, &second]
            .iter()
            .map(|c| (hash(c), OfferedFile { path: b"/x/y".to_vec(), hash: hash(c), size: c.len() as u64 }))
            .collect();
        let whole = stream(&[(hash(&first), &first), (hash(&second), &second)]);
        receive(&whole[..], &offered, &store).unwrap();
        for content in [&first, &second] {
            assert_eq!(&std::fs::read(store.get(&hash(content)).unwrap()).unwrap(), content);
        }
        assert!(receive(&whole[..whole.len() - 1], &offered, &store).is_err());
        let other = vec![1u8; 10];
        assert!(receive(&stream(&[(hash(&other), &other)])[..], &offered, &store).is_err(), "not offered");
        let false_one = stream(&[(hash(&second), &other)]);
        assert!(receive(&false_one[..], &offered, &store).is_err(), "not what it says");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
