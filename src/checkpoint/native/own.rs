//! Files that a user has on each host apart, by where they are: runtime, state and cache folders. What programs keep
//! there for themselves (locks, logs, sockets, counters) travels with them unasked.
//!
//! Must not know what is open.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

/// Folders below which every user makes one of his own.
const COMMON: [&str; 2] = ["/tmp", "/var/tmp"];
const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o022;

/// True for a path inside of a folder of ours that is meant for one host's runtime data, state or cache.
pub fn is(path: &Path) -> bool {
    if !plain(path) {
        return false;
    }
    let inside = |dir: &Path| path.starts_with(dir) && path != dir;
    folders().iter().any(|dir| inside(dir)) || COMMON.iter().any(|top| in_own_folder(Path::new(top), path))
}

/// `top/NAME/…`, where NAME is a folder that only we can write to.
fn in_own_folder(top: &Path, path: &Path) -> bool {
    let Ok(rest) = path.strip_prefix(top) else { return false };
    let mut names = rest.components();
    match (names.next(), names.next()) {
        (Some(first), Some(_)) => is_ours(&top.join(first)),
        _ => false,
    }
}

fn folders() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let home = set("HOME");
    let below_home = |name: &str| home.as_ref().map(|home| home.join(name));
    let run = PathBuf::from(format!("/run/user/{}", nix::unistd::geteuid()));
    [
        set("XDG_RUNTIME_DIR"),
        Some(run),
        set("XDG_STATE_HOME").or_else(|| below_home(".local/state")),
        set("XDG_CACHE_HOME").or_else(|| below_home(".cache")),
    ]
    .into_iter()
    .flatten()
    .filter(|dir| plain(dir) && dir.parent().is_some())
    .collect()
}

fn plain(path: &Path) -> bool {
    path.is_absolute() && path.components().all(|c| matches!(c, Component::RootDir | Component::Normal(_)))
}

/// A folder, no link, that is ours and that nobody else can write to.
fn is_ours(dir: &Path) -> bool {
    std::fs::symlink_metadata(dir).is_ok_and(|meta| {
        meta.is_dir() && meta.uid() == nix::unistd::geteuid().as_raw() && meta.mode() & OTHERS_WRITE == 0
    })
}

/// Where everybody may make folders and nobody can take away another's.
fn is_common(dir: &Path) -> bool {
    std::fs::symlink_metadata(dir)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == 0 && meta.mode() & STICKY != 0)
}

/// The folders above `path` that are missing here, the topmost first; None where they may not be made, because what
/// they would be in is not ours.
pub fn missing_folders(path: &Path) -> Option<Vec<PathBuf>> {
    if !plain(path) {
        return None;
    }
    let mut missing = Vec::new();
    for dir in path.ancestors().skip(1) {
        if std::fs::symlink_metadata(dir).is_ok() {
            missing.reverse();
            let here = is_ours(dir) || (is_common(dir) && !missing.is_empty());
            return here.then_some(missing);
        }
        missing.push(dir.to_path_buf());
    }
    None
}

/// Makes the folders above `path` that are missing, for us alone; those made.
pub fn make_folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(missing) = missing_folders(path) else { return Err(io::ErrorKind::PermissionDenied.into()) };
    for dir in &missing {
        std::fs::DirBuilder::new().mode(0o700).create(dir)?;
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_of_ours_below_tmp_is_our_own_and_nothing_else_there() {
        let dir = PathBuf::from(format!("/tmp/qmux-own-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("deep")).unwrap();
        assert!(is(&dir.join("socket")) && is(&dir.join("deep/lock")));
        assert!(!is(Path::new("/tmp/file")) && !is(&dir) && !is(&dir.join("../other/file")));
        assert!(!is(Path::new("/etc/passwd")) && !is(Path::new("relative")));
        assert_eq!(missing_folders(&dir.join("a/b/file")), Some(vec![dir.join("a"), dir.join("a/b")]));
        assert_eq!(missing_folders(&dir.join("file")), Some(vec![]));
        assert_eq!(missing_folders(Path::new("/tmp/file")), None);
        let other = dir.with_extension("other");
        assert_eq!(missing_folders(&other.join("file")), Some(vec![other.clone()]));
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(!is(&dir.join("socket")), "others could have put it there");
        assert_eq!(missing_folders(&dir.join("a/file")), None);
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        let link = dir.join("link");
        std::os::unix::fs::symlink("/usr", &link).unwrap();
        assert_eq!(missing_folders(&link.join("file")), None);
        assert_eq!(make_folders(&dir.join("x/y/file")).unwrap(), [dir.join("x"), dir.join("x/y")]);
        assert_eq!(std::fs::metadata(dir.join("x/y")).unwrap().mode() & 0o777, 0o700);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
