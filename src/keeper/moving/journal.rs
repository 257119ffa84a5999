//! The journal of a keeper's move as a file: appended, on disk before anything follows from it.

use crate::ids::MoveId;
use crate::migration::{Journal, JournalError, Record};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// One keeper's journal, made when the first record is written.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    file: Option<File>,
}

impl JournalFile {
    /// At this path; touches nothing yet.
    pub fn new(path: PathBuf) -> JournalFile {
        JournalFile { path, file: None }
    }

    /// Appends a record and waits until it is on disk.
    pub fn append(&mut self, move_id: MoveId, record: &Record) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let made = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
                sync_directory(&self.path)?;
                self.file.insert(made)
            }
        };
        file.write_all(record.to_line(move_id).as_bytes())?;
        file.sync_data()
    }

    /// Takes the file away: both sides know how the move ended.
    pub fn remove(&mut self) {
        if self.file.take().is_some() {
            // A journal too many says Done or Aborted to whoever reads it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A new name is on disk only when its directory is.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Why an earlier keeper's journal is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be read.
    #[error("the journal cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The journal an earlier keeper of this life and epoch left, if any.
pub fn read(path: &Path) -> Result<Option<Journal>, ReadError> {
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut bytes = Vec::new();
    // One byte more than allowed, so that too long shows.
    file.take(crate::migration::journal::JOURNAL_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(Journal::parse(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Epoch;

    #[test]
    fn what_is_appended_is_read_back_by_another_keeper() {
        let path = std::env::temp_dir().join(format!("qmux-journal-{}", std::process::id()));
        let id = MoveId(1, 2);
        assert_eq!(read(&path).unwrap(), None);
        let mut journal = JournalFile::new(path.clone());
        journal.append(id, &Record::Commit { epoch: Epoch(3) }).unwrap();
        journal.append(id, &Record::Done).unwrap();
        let records = read(&path).unwrap().unwrap().of(id);
        assert_eq!(records, [Record::Commit { epoch: Epoch(3) }, Record::Done]);
        journal.remove();
        assert!(!path.exists());
    }
}
