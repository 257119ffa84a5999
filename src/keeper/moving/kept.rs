//! The image of a pane that arrives, kept in a file until the pane runs here.
//!
//! A keeper that dies with a ready copy takes the copy with it; the one that takes its place builds another
//! from this. It is for killed processes, not for a host that loses power (the journal beside the sockets
//! would be gone, too): nothing is synced. Where it cannot be kept the move goes on without.

use super::files::home_dir;
use crate::ids::{Epoch, LifeId, MoveId};
use crate::protocol::migration::Part;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// Larger images are not kept, bytes: writing them a second time would cost more than it may save.
const KEPT_MAX: u64 = 1 << 30;

/// One image, and what came ahead of it; its file has its name once it is whole.
#[derive(Debug)]
pub struct KeptImage {
    path: PathBuf,
    fresh: PathBuf,
    ahead: PathBuf,
    file: Option<File>,
    ahead_file: Option<File>,
    bytes: u64,
}

/// `$XDG_STATE_HOME/qmux/arriving`, ours alone.
fn directory() -> Option<PathBuf> {
    let home = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let dir = home.or_else(|| Some(home_dir()?.join(".local/state")))?.join("qmux/arriving");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).ok()?;
    Some(dir)
}

impl KeptImage {
    /// Names the image of a move into the keeper of this life and epoch; touches no file yet. `None`: this
    /// user has no place for it.
    pub fn new(life: LifeId, epoch: Epoch, move_id: MoveId) -> Option<KeptImage> {
        let path = directory()?.join(format!("{life}.{}.{move_id}.image", epoch.0));
        let (fresh, ahead) = (path.with_extension("part"), path.with_extension("ahead"));
        Some(KeptImage { fresh, ahead, path, file: None, ahead_file: None, bytes: 0 })
    }

    /// Where it is, if it is whole, and where what came ahead of it is, if anything did.
    pub fn whole(&self) -> Option<(PathBuf, Option<PathBuf>)> {
        let ahead = self.ahead.exists().then(|| self.ahead.clone());
        self.path.exists().then(|| (self.path.clone(), ahead))
    }

    /// Appends to a part.
    pub fn add(&mut self, part: Part, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > KEPT_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let (file, path) = match part {
            Part::Precopy => (&mut self.ahead_file, &self.ahead),
            Part::Image => (&mut self.file, &self.fresh),
        };
        let file = match file {
            Some(file) => file,
            None => {
                let fresh =
                    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
                file.insert(fresh)
            }
        };
        file.write_all(bytes)
    }

    /// All of it has come.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.file.take() {
            Some(_) => std::fs::rename(&self.fresh, &self.path),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Nobody needs it any more.
    pub fn remove(&mut self) {
        (self.file, self.ahead_file) = (None, None);
        for path in [&self.fresh, &self.path, &self.ahead] {
            // Not there is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}
