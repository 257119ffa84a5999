//! Whether the files and folders a tree has to do with are on this host, the same; and which of those that are
//! not may come along (`--with-files`).
//!
//! Asked with the offer, while the pane runs. Under the freeze the engine asks again: a file may have changed.

use super::trouble;
use crate::checkpoint::native::own;
use crate::checkpoint::store::FileStore;
use crate::checkpoint::{CARRY_MAX, Identity};
use crate::ids::HostName;
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::{Offer, OfferedPlace, WARNINGS_MAX};
use crate::sys::fdtable;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Names listed in one refusal; the rest is counted.
const NAMES: usize = 4;

/// Where nothing can be copied to.
const OF_THE_KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// The files that are to come along, or why the pane cannot live here.
pub fn check<'o>(
    offer: &'o Offer,
    host: &HostName,
    store: &FileStore,
) -> Result<Vec<&'o OfferedPlace>, Trouble> {
    let (mut missing, mut older, mut others, mut carry) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for place in &offer.places {
        locks_are_free(place, offer, host)?;
        match look(place, store) {
            Found::Same => {}
            Found::Nothing | Found::Older if comes_by_itself(place) => carry.push(place),
            Found::Nothing => missing.push(place),
            Found::Older => older.push(place),
            // It goes on there, as a log does.
            Found::Other if place.own && place.appends => {}
            Found::Other => others.push(place),
        }
    }
    if !others.is_empty() {
        let cause = format!("{host} has {}, and not the same as on {}", list(&others), offer.from);
        let mut why = trouble(3, "file-differs", cause);
        why.cure = "It is not overwritten: move it away there, then `--with-files` copies this one".into();
        return Err(why);
    }
    if missing.is_empty() && older.is_empty() {
        fits(&carry, host)?;
        return Ok(carry);
    }
    let mut why = match missing.is_empty() {
        false => trouble(3, "file-missing", format!("{host} has no {}", list(&missing))),
        true => {
            let cause =
                format!("{host} has {} as it was before it was changed on {}", list(&older), offer.from);
            trouble(3, "file-older", cause)
        }
    };
    if let Some(lost) = missing.iter().find(|place| !can_be_copied(place)) {
        why.cure = match lost.directory {
            true => format!("Make {} there, or leave it first", name(lost)),
            false => format!("Make the folder of {} there, or close it first", name(lost)),
        };
        return Err(why);
    }
    if !offer.with_files {
        let them = if missing.len() + older.len() == 1 { "it" } else { "them" };
        why.cure = format!("`--with-files` copies {them}");
        return Err(why);
    }
    for place in &older {
        nothing_else_is_left(place, offer, host, store)?;
    }
    carry.append(&mut missing);
    carry.append(&mut older);
    fits(&carry, host)?;
    Ok(carry)
}

/// A lock changes hands only by being let go, and the tree here has it as long as it may have to go on there. Where
/// this host sees that lock, or another one in its way, the tree cannot live with its own.
fn locks_are_free(place: &OfferedPlace, offer: &Offer, host: &HostName) -> Result<(), Trouble> {
    if place.locks.is_empty() {
        return Ok(());
    }
    let path = path(place);
    let both = std::fs::OpenOptions::new().read(true).write(true).open(path);
    let Ok(file) = both.or_else(|_| std::fs::File::open(path)) else { return Ok(()) };
    for lock in &place.locks {
        // Taken for a moment: nothing else asks both kinds of locks on every file system. Closed, it is free again.
        let tried = fdtable::lock(file.as_raw_fd(), lock.whole, true, lock.exclusive, lock.start, lock.len);
        let held = tried.is_err_and(|e| matches!(e.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)));
        if held {
            let cause = format!(
                "A lock on {} is held, which {host} sees as well as {}, and no lock changes hosts unbroken",
                name(place),
                offer.from
            );
            let mut why = trouble(3, "file-locked", cause);
            why.cure = "Let go of it first".into();
            return Err(why);
        }
    }
    Ok(())
}

/// A file that is replaced by its newer state must not find what belongs to the older one beside it: a data base
/// would be rolled back by a journal that the program has long taken away.
fn nothing_else_is_left(
    place: &OfferedPlace,
    offer: &Offer,
    host: &HostName,
    store: &FileStore,
) -> Result<(), Trouble> {
    let Some(folder) = path(place).parent() else { return Ok(()) };
    let comes = |file: &Path| offer.places.iter().any(|other| path(other) == file);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let Some(stale) = entries.map(|e| e.path()).find(|file| !comes(file) && store.is_as_left(file)) else {
        return Ok(());
    };
    let cause = format!(
        "{host} still has {} as it was before {} was changed on {}, and the program has it no longer open",
        stale.display(),
        name(place),
        offer.from
    );
    let mut why = trouble(3, "file-older", cause);
    why.cure = "Move it away there".into();
    Err(why)
}

/// What the user has on each host apart, if its folder is there or can be made without meddling with others'.
fn comes_by_itself(place: &OfferedPlace) -> bool {
    let folders = || match path(place).parent() {
        Some(folder) => folder.is_dir() || own::missing_folders(path(place)).is_some(),
        None => false,
    };
    place.own && !of_the_kernel(path(place)) && folders()
}

/// For the user: this file is copied.
pub fn comes_along(place: &&OfferedPlace, host: &HostName) -> String {
    let done = if place.directory { "made on" } else { "copied to" };
    format!("{} is {done} {host}.", list(&[place]))
}

enum Found {
    Same,
    Nothing,
    /// What the tree itself has left here.
    Older,
    Other,
}

fn look(place: &OfferedPlace, store: &FileStore) -> Found {
    let path = path(place);
    let Ok(meta) = std::fs::metadata(path) else { return Found::Nothing };
    if meta.is_dir() != place.directory {
        return Found::Other;
    }
    // One file on a shared file system may change as we look; the engine looks again when it cannot.
    let known = Identity { inode: place.inode, made_ns: place.made_ns };
    if !place.writing || Identity::of(&meta).may_be(&known) {
        return Found::Same;
    }
    let same = || place.hash.is_none_or(|hash| store.hash_of(path).is_ok_and(|found| found == hash));
    match meta.len() == place.size && same() {
        true => Found::Same,
        false if store.is_as_left(path) => Found::Older,
        false => Found::Other,
    }
}

fn path(place: &OfferedPlace) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(&place.path))
}

fn of_the_kernel(path: &Path) -> bool {
    OF_THE_KERNEL.iter().any(|dir| path.starts_with(dir))
}

fn can_be_copied(place: &OfferedPlace) -> bool {
    let path = path(place);
    path.is_absolute() && !place.directory && !of_the_kernel(path) && path.parent().is_some_and(Path::is_dir)
}

/// Whether the limit and the disk let all of them in.
fn fits(files: &[&OfferedPlace], host: &HostName) -> Result<(), Trouble> {
    let total: u64 = files.iter().map(|place| place.size).sum();
    if total > CARRY_MAX || files.len() > WARNINGS_MAX {
        let limit = format!("at most {WARNINGS_MAX} files of {} together", amount(CARRY_MAX));
        let cause = format!(
            "{} files of {} would have to be copied to {host}; `--with-files` takes {limit}",
            files.len(),
            amount(total)
        );
        let mut why = trouble(3, "files-size", cause);
        why.cure = "Copy them there first".into();
        return Err(why);
    }
    for folder in files.iter().filter_map(|place| path(place).parent()) {
        // A file system that does not say what is free is tried.
        let Ok(disk) = nix::sys::statvfs::statvfs(folder) else { continue };
        let free = disk.blocks_available() * disk.fragment_size();
        if free < total {
            let (free, needed) = (amount(free), amount(total));
            let cause = format!("{host} has {free} free in {}, this needs {needed}", folder.display());
            let mut why = trouble(3, "disk", cause);
            why.cure = "Make room there".into();
            return Err(why);
        }
    }
    Ok(())
}

fn name(place: &OfferedPlace) -> String {
    String::from_utf8_lossy(&place.path).into_owned()
}

fn list(places: &[&OfferedPlace]) -> String {
    let shown = places.iter().take(NAMES).map(|place| match place.directory {
        true => name(place),
        false => format!("{} ({})", name(place), amount(place.size)),
    });
    let shown: Vec<String> = shown.collect();
    match places.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Bytes for people.
pub fn amount(bytes: u64) -> String {
    let of = |unit: f64| bytes as f64 / unit;
    match bytes {
        1 => "1 byte".into(),
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{:.1} KB", of(1e3)),
        1_000_000..1_000_000_000 => format!("{:.0} MB", of(1e6)),
        _ => format!("{:.1} GB", of(1e9)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::consider;
    use super::*;
    use crate::protocol::migration::OfferedLock;
    use std::path::PathBuf;

    struct Ground(PathBuf, FileStore);

    impl Ground {
        fn new(name: &str) -> Ground {
            let dir = std::env::temp_dir().join(format!("qmux-places-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            let store = FileStore::open(dir.join("store")).unwrap();
            Ground(dir, store)
        }

        /// A file of the offer, written to at its source with this content.
        fn place(&self, name: &str, content: &str) -> OfferedPlace {
            OfferedPlace {
                path: self.0.join(name).as_os_str().as_bytes().to_vec(),
                directory: false,
                writing: true,
                appends: false,
                own: false,
                locks: vec![],
                size: content.len() as u64,
                inode: 0,
                made_ns: 0,
                hash: Some(*blake3::hash(content.as_bytes()).as_bytes()),
            }
        }

        fn check(&self, places: Vec<OfferedPlace>, with_files: bool) -> Result<Vec<Vec<u8>>, Trouble> {
            let offer = Offer { places, with_files, ..consider::tests::offer() };
            let carry = check(&offer, &HostName("b".into()), &self.1)?;
            Ok(carry.into_iter().map(|place| place.path.clone()).collect())
        }
    }

    impl Drop for Ground {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_missing_file_is_named_with_its_size_and_comes_along_when_that_is_allowed() {
        let ground = Ground::new("missing");
        let place = ground.place("journal", "begun\n");
        let why = ground.check(vec![place.clone()], false).unwrap_err();
        let path = String::from_utf8(place.path.clone()).unwrap();
        assert_eq!((why.class, why.code.as_str()), (3, "file-missing"));
        assert_eq!(why.cause, format!("b has no {path} (6 bytes)"));
        assert_eq!(why.cure, "`--with-files` copies it");
        assert_eq!(ground.check(vec![place.clone()], true).unwrap(), std::slice::from_ref(&place.path));
        assert_eq!(comes_along(&&place, &HostName("b".into())), format!("{path} (6 bytes) is copied to b."));
    }

    #[test]
    fn what_cannot_be_copied_is_refused_all_the_same() {
        let ground = Ground::new("never");
        let refused = |place| ground.check(vec![place], true).unwrap_err();
        let folder = OfferedPlace { directory: true, ..ground.place("folder", "") };
        assert!(refused(folder).cure.starts_with("Make /"));
        assert!(refused(ground.place("no/folder/file", "x")).cure.starts_with("Make the folder of"));
        let kernels = OfferedPlace { path: b"/proc/none".to_vec(), ..ground.place("", "") };
        assert_eq!(refused(kernels).code, "file-missing");
        let large = OfferedPlace { size: CARRY_MAX + 1, ..ground.place("large", "") };
        let why = refused(large);
        assert_eq!((why.class, why.code.as_str()), (3, "files-size"));
        assert!(why.cause.contains("at most 32 files of 64 MB together"), "{}", why.cause);
    }

    #[test]
    fn only_a_file_that_is_written_to_must_be_the_same() {
        let ground = Ground::new("differs");
        std::fs::write(ground.0.join("f"), "theirs").unwrap();
        let ours = ground.place("f", "ours!!");
        for with_files in [false, true] {
            let why = ground.check(vec![ours.clone()], with_files).unwrap_err();
            assert_eq!((why.class, why.code.as_str()), (3, "file-differs"));
            assert!(why.cause.contains("/f (6 bytes)") && why.cure.contains("not overwritten"), "{why:?}");
        }
        assert_eq!(std::fs::read(ground.0.join("f")).unwrap(), b"theirs");
        let reading = OfferedPlace { writing: false, ..ours.clone() };
        let folder = OfferedPlace { directory: true, ..reading.clone() };
        assert!(ground.check(vec![reading, ground.place("f", "theirs")], false).unwrap().is_empty());
        assert_eq!(ground.check(vec![folder], false).unwrap_err().code, "file-differs");
        let Identity { inode, made_ns } = Identity::of(&std::fs::metadata(ground.0.join("f")).unwrap());
        let shared = OfferedPlace { inode, made_ns, ..ours.clone() };
        assert!(ground.check(vec![shared], false).unwrap().is_empty());
        // What the tree has left here may be replaced when that is allowed, as it is then.
        ground.1.note_left(&ground.0.join("f")).unwrap();
        let why = ground.check(vec![ours.clone()], false).unwrap_err();
        assert_eq!((why.code.as_str(), why.cure.as_str()), ("file-older", "`--with-files` copies it"));
        assert!(why.cause.ends_with("/f (6 bytes) as it was before it was changed on a"), "{}", why.cause);
        assert_eq!(ground.check(vec![ours.clone()], true).unwrap(), std::slice::from_ref(&ours.path));
        std::fs::write(ground.0.join("f-journal"), "old").unwrap();
        ground.1.note_left(&ground.0.join("f-journal")).unwrap();
        let why = ground.check(vec![ours.clone()], true).unwrap_err();
        assert!(why.code == "file-older" && why.cause.contains("/f-journal as it was"), "{why:?}");
        std::fs::write(ground.0.join("f"), "theirs").unwrap();
        // Two hosts set up alike number their files alike.
        let other = OfferedPlace { inode, made_ns: made_ns ^ 1, ..ours };
        assert_eq!(ground.check(vec![other], false).unwrap_err().code, "file-differs");
    }

    #[test]
    fn a_lock_that_is_seen_here_does_not_come_along() {
        let ground = Ground::new("locks");
        std::fs::write(ground.0.join("f"), "same").unwrap();
        let whole = OfferedLock { whole: true, exclusive: true, start: 0, len: 0 };
        let range = OfferedLock { whole: false, exclusive: true, start: 10, len: 5 };
        let shared = OfferedLock { exclusive: false, ..range };
        let with = |lock| vec![OfferedPlace { locks: vec![lock], ..ground.place("f", "same") }];
        for lock in [whole, range, shared] {
            assert!(ground.check(with(lock), false).unwrap().is_empty());
        }
        let other = std::fs::OpenOptions::new().read(true).write(true).open(ground.0.join("f")).unwrap();
        fdtable::lock(other.as_raw_fd(), true, true, true, 0, 0).unwrap();
        let why = ground.check(with(whole), false).unwrap_err();
        assert_eq!(
            (why.class, why.code.as_str(), why.cure.as_str()),
            (3, "file-locked", "Let go of it first")
        );
        assert!(why.cause.contains("/f is held, which b sees as well as a"), "{}", why.cause);
        assert!(ground.check(with(range), false).is_ok(), "the kinds do not know of each other");
        fdtable::lock(other.as_raw_fd(), false, true, false, 12, 1).unwrap();
        assert_eq!(ground.check(with(range), false).unwrap_err().code, "file-locked");
        assert!(ground.check(with(shared), false).is_ok());
    }

    #[test]
    fn the_users_own_of_each_host_comes_unasked_and_what_only_appends_goes_on_there() {
        let ground = Ground::new("own");
        let lock = OfferedPlace { own: true, ..ground.place("lock", "") };
        let folder =
            OfferedPlace { directory: true, ..OfferedPlace { own: true, ..ground.place("new/folder", "") } };
        let deep = OfferedPlace { own: true, ..ground.place("new/folder/file", "x") };
        let all = [&lock, &folder, &deep].map(|place| place.path.clone());
        let offered = vec![lock.clone(), folder.clone(), deep];
        assert_eq!(ground.check(offered, false).unwrap(), all);
        assert!(comes_along(&&folder, &HostName("b".into())).ends_with("/new/folder is made on b."));
        let kernels = OfferedPlace { path: b"/dev/x/y".to_vec(), ..lock.clone() };
        assert_eq!(ground.check(vec![kernels], false).unwrap_err().code, "file-missing");
        std::fs::write(ground.0.join("lock"), "somebody's").unwrap();
        assert_eq!(ground.check(vec![lock.clone()], false).unwrap_err().code, "file-differs");
        ground.1.note_left(&ground.0.join("lock")).unwrap();
        assert_eq!(ground.check(vec![lock.clone()], false).unwrap(), std::slice::from_ref(&lock.path));
        std::fs::write(ground.0.join("lock"), "somebody else's").unwrap();
        let log = OfferedPlace { appends: true, ..lock };
        assert!(ground.check(vec![log.clone()], false).unwrap().is_empty());
        let elsewhere = OfferedPlace { own: false, ..log };
        assert_eq!(ground.check(vec![elsewhere], false).unwrap_err().code, "file-differs");
    }

    #[test]
    fn amounts_are_said_as_people_say_them() {
        let said = [0, 1, 999, 1500, 300_000_000, 2_100_000_000].map(amount);
        assert_eq!(said, ["0 bytes", "1 byte", "999 bytes", "1.5 KB", "300 MB", "2.1 GB"]);
    }
}
