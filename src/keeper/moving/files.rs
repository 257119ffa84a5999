//! Images in files: written whole or not at all, started once.

use super::journal::sync_directory;
use super::trouble;
use super::worker::image_trouble;
use crate::checkpoint::image::Section;
use crate::checkpoint::{ImageReader, PageCopies};
use crate::ids::ImageId;
use crate::protocol::keeper::Trouble;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes written at once.
const PIECE: usize = 1 << 20;
/// Longest title taken from an image, in characters.
const TITLE_MAX: usize = 256;

/// An image on its way to a file: nothing has its name before it is whole and on disk.
pub struct NewImage {
    path: PathBuf,
    fresh: PathBuf,
    file: Option<BufWriter<File>>,
}

impl NewImage {
    /// Begins beside `path`, 0600.
    pub fn create(path: &Path) -> Result<NewImage, Trouble> {
        if !path.is_absolute() || path.file_name().is_none() {
            return Err(trouble(2, "path", format!("{} is no absolute path of a file", path.display())));
        }
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".new.{}", std::process::id()));
        let fresh = path.with_file_name(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(|e| not_written(path, &e))?;
        Ok(NewImage { path: path.into(), fresh, file: Some(BufWriter::with_capacity(PIECE, file)) })
    }

    /// Where the image goes.
    pub fn writer(&mut self) -> impl Write + '_ {
        Whole(self.file.as_mut())
    }

    /// Makes it durable and gives it its name. Its own name and its size in bytes.
    pub fn finish(mut self) -> Result<(ImageId, u64), Trouble> {
        let wrong = |e: io::Error| not_written(&self.path, &e);
        let Some(writer) = self.file.take() else {
            return Err(trouble(1, "image", "The image was written twice"));
        };
        let mut file = writer.into_inner().map_err(|e| not_written(&self.path, e.error()))?;
        file.sync_all().map_err(wrong)?;
        let bytes = file.metadata().map_err(wrong)?.len();
        file.rewind().map_err(wrong)?;
        let (id, _) = beginning(&mut BufReader::new(file))?;
        std::fs::rename(&self.fresh, &self.path).map_err(wrong)?;
        sync_directory(&self.path).map_err(wrong)?;
        Ok((id, bytes))
    }
}

impl Drop for NewImage {
    fn drop(&mut self) {
        // Renamed by now, or not wanted.
        let _ = std::fs::remove_file(&self.fresh);
    }
}

struct Whole<'a>(Option<&'a mut BufWriter<File>>);

impl Write for Whole<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |file| file.flush())
    }
}

fn not_written(path: &Path, error: &io::Error) -> Trouble {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    trouble(3, if full { "disk-full" } else { "image-file" }, format!("{}: {error}", path.display()))
}

/// Name of the image, and title of what is in it.
fn beginning(input: &mut impl Read) -> Result<(ImageId, String), Trouble> {
    let damaged = || trouble(6, "image", "The image has no proper beginning");
    match ImageReader::new(input).next_section().map_err(|e| image_trouble(&e))? {
        Some(Section::Manifest(manifest)) => {
            let title = manifest.title.chars().filter(|c| !c.is_control()).take(TITLE_MAX).collect();
            manifest.image_id.parse().map(|id| (id, title)).map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

/// Opens an image to be restored. Refused: somebody else's, one others may write, one already started here
/// (unless `clone`). Gives its name, the title of what is in it, and its bytes.
pub fn open_image(path: &Path, clone: bool) -> Result<(ImageId, String, BufReader<File>), Trouble> {
    let wrong = |e: io::Error| trouble(6, "image-file", format!("{}: {e}", path.display()));
    let mut file = File::open(path).map_err(wrong)?;
    let meta = file.metadata().map_err(wrong)?;
    let me = nix::unistd::geteuid().as_raw();
    if meta.uid() != me {
        let cause = format!("{} belongs to user {}, not to you", path.display(), meta.uid());
        return Err(trouble(6, "other-owner", cause));
    }
    if meta.mode() & 0o022 != 0 {
        let cause =
            format!("{} could be written by others (mode {:04o})", path.display(), meta.mode() & 0o7777);
        return Err(trouble(6, "writable-by-others", cause));
    }
    let (id, title) = beginning(&mut BufReader::new(&mut file))?;
    file.rewind().map_err(wrong)?;
    if !clone && let Some(when) = started(&started_dir()?, id) {
        return Err(already_started(&when));
    }
    Ok((id, title, BufReader::with_capacity(PIECE, file)))
}

/// Memory that came ahead of an image, out of the file it was kept in.
pub fn read_ahead(path: &Path) -> Result<PageCopies, Trouble> {
    let file = File::open(path).map_err(|e| trouble(6, "image-file", format!("{}: {e}", path.display())))?;
    PageCopies::read(ImageReader::new(BufReader::with_capacity(PIECE, file))).map_err(|e| image_trouble(&e))
}

fn already_started(when: &str) -> Trouble {
    let mut why = trouble(6, "already-started", format!("This image was already started {when}"));
    why.cure = "`--clone` if you mean it".into();
    why
}

/// Where is noted which images have been started: `$XDG_STATE_HOME/qmux/started`.
fn started_dir() -> Result<PathBuf, Trouble> {
    let home = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let home = home.or_else(|| Some(home_dir()?.join(".local/state")));
    let dir = home.ok_or_else(|| trouble(1, "no-home", "There is no home directory"))?.join("qmux/started");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .map_err(|e| trouble(3, "state", format!("{}: {e}", dir.display())))?;
    Ok(dir)
}

/// Our home directory, by `$HOME` or the password database.
pub fn home_dir() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    home.or_else(|| Some(nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??.dir))
}

fn started(dir: &Path, id: ImageId) -> Option<String> {
    let text = std::fs::read_to_string(dir.join(id.to_string())).ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(200).collect())
}

/// Notes that an image is started now, which only one keeper can do for an image: the file is made or it is
/// there. With `clone` it may be there.
pub fn mark_started(id: ImageId, host: &str, clone: bool) -> Result<(), Trouble> {
    let dir = started_dir()?;
    let path = dir.join(id.to_string());
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => write!(file, "on {host} at {}", clock(now))
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_directory(&path))
            .map_err(|e| trouble(3, "state", format!("{}: {e}", path.display()))),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && clone => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Err(already_started(&started(&dir, id).unwrap_or_default()))
        }
        Err(e) => Err(trouble(3, "state", format!("{}: {e}", path.display()))),
    }
}

/// Takes the note back: the image did not come to life after all.
pub fn unmark_started(id: ImageId) {
    if let Ok(dir) = started_dir() {
        let _ = std::fs::remove_file(dir.join(id.to_string()));
    }
}

/// `14:02` in local time.
fn clock(unix_s: u64) -> String {
    let local = unix_s as i64 + i64::from(crate::sys::clock::utc_offset_s(unix_s as i64));
    format!("{:02}:{:02}", local.rem_euclid(86_400) / 3600, local.rem_euclid(3600) / 60)
}
