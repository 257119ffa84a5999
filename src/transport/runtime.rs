//! Where qmux keeps its sockets and journals on this host, and who may use them.
//!
//! Owns the paths of the runtime directory and their permissions. Must not know what is said over
//! the sockets nor what the journals hold.
//!
//! ```text
//! $XDG_RUNTIME_DIR/qmux | /tmp/qmux-UID      0700, ours            the runtime directory
//!   NAME.sock                                0600                  a server (-L NAME)
//!   keepers/LIFE.EPOCH.sock                  0600                  a keeper
//!   keepers/LIFE.move                        0600                  the journal of its last move
//!   ssh/HASH                                 0600                  ssh's shared connection (ControlPath)
//!   local/NAME/…                             the same again: the second qmux `local:NAME`
//! ```
//!
//! A process belongs to the qmux `local:NAME` when its environment has `QMUX_LOCAL=NAME`; without the
//! variable it belongs to the machine's own one, which is also reached as [`MAIN_LOCAL`].

use crate::ids::{Epoch, HostName, LifeId};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Name of the environment variable that says which `local:NAME` a process belongs to.
pub const LOCAL_VARIABLE: &str = "QMUX_LOCAL";

/// `local:main` is the qmux without a `QMUX_LOCAL`, so that a second one can name it.
pub const MAIN_LOCAL: &str = "main";

/// Longest NAME of `local:NAME` and of `-L NAME`, in bytes.
pub const NAME_MAX: usize = 32;

/// Longest path a unix socket can be bound to or reached by, in bytes: `sun_path` has 108 with its NUL
/// (unix(7)).
pub const SOCKET_PATH_MAX: usize = 107;

/// Why the runtime directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A directory cannot be made or looked at.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Somebody else made it.
    #[error("{path} belongs to user {owner}, not to you ({me}); remove it or set XDG_RUNTIME_DIR")]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Our effective uid.
        me: u32,
    },
    /// Not a directory, or others may enter it.
    #[error("{path} must be a directory only you can enter (mode 0700, it has {mode:04o})")]
    Open {
        /// The directory.
        path: PathBuf,
        /// Permission bits found.
        mode: u32,
    },
    /// A name that cannot be a file name.
    #[error("bad name {0:?}: use up to 32 letters, digits, '-', '_', '.', not beginning with '.' or '-'")]
    BadName(String),
    /// No unix socket can have this path.
    #[error("{0} is too long for a socket (107 bytes); set XDG_RUNTIME_DIR to a shorter path")]
    TooLong(PathBuf),
    /// The other end of a socket is another user.
    #[error("the other end of the socket is user {peer}, not you ({me})")]
    Peer {
        /// Its uid.
        peer: u32,
        /// Our effective uid.
        me: u32,
    },
}

/// The runtime directory of one qmux on this host; it exists and is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    base: PathBuf,
    local: Option<String>,
}

/// Path of the machine's runtime directory: `$XDG_RUNTIME_DIR/qmux` when that variable names a directory
/// of ours, else `/tmp/qmux-UID`. Makes and checks nothing.
pub fn base_dir() -> PathBuf {
    let me = me();
    base_dir_from(std::env::var_os("XDG_RUNTIME_DIR").as_deref(), me, |dir| {
        std::fs::metadata(dir).is_ok_and(|m| m.is_dir() && m.uid() == me)
    })
}

/// [`base_dir`] with its sources given. `usable` says whether a directory exists and is ours: after `su`
/// the variable still names the directory of somebody else.
fn base_dir_from(xdg: Option<&OsStr>, uid: u32, usable: impl Fn(&Path) -> bool) -> PathBuf {
    match xdg.map(Path::new) {
        Some(dir) if dir.is_absolute() && usable(dir) => dir.join("qmux"),
        _ => PathBuf::from(format!("/tmp/qmux-{uid}")),
    }
}

/// The runtime directory this process belongs to, made if need be (`QMUX_LOCAL` is honoured).
pub fn runtime_dir() -> Result<Runtime, RuntimeError> {
    match std::env::var(LOCAL_VARIABLE) {
        Ok(name) if !name.is_empty() => Runtime::local(&name),
        _ => Runtime::main(),
    }
}

fn me() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Whether `name` may stand in a file name of ours: see [`RuntimeError::BadName`].
pub fn check_name(name: &str) -> Result<(), RuntimeError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > NAME_MAX || name.starts_with(['.', '-']) || !name.bytes().all(plain) {
        return Err(RuntimeError::BadName(name.to_string()));
    }
    Ok(())
}

impl Runtime {
    /// The machine's own qmux.
    pub fn main() -> Result<Runtime, RuntimeError> {
        Runtime::at(&base_dir(), None)
    }

    /// The second qmux `local:NAME`; [`MAIN_LOCAL`] is the machine's own.
    pub fn local(name: &str) -> Result<Runtime, RuntimeError> {
        Runtime::at(&base_dir(), Some(name))
    }

    /// Under a given base directory (tests; [`base_dir`] is everybody else's). Makes it, 0700.
    pub fn at(base: &Path, local: Option<&str>) -> Result<Runtime, RuntimeError> {
        private_dir(base)?;
        let local = local.filter(|name| *name != MAIN_LOCAL);
        if let Some(name) = local {
            check_name(name)?;
            private_dir(&base.join("local"))?;
            private_dir(&base.join("local").join(name))?;
        }
        let runtime = Runtime { base: base.to_path_buf(), local: local.map(str::to_string) };
        private_dir(&runtime.keepers_dir())?;
        Ok(runtime)
    }

    /// The directory itself.
    pub fn dir(&self) -> PathBuf {
        match &self.local {
            Some(name) => self.base.join("local").join(name),
            None => self.base.clone(),
        }
    }

    /// The NAME when this is `local:NAME`.
    pub fn local_name(&self) -> Option<&str> {
        self.local.as_deref()
    }

    /// How this qmux is named as a host: `local:NAME`, or the kernel's host name.
    pub fn host(&self) -> HostName {
        match &self.local {
            Some(name) => HostName(format!("local:{name}")),
            None => {
                let name = nix::unistd::gethostname().unwrap_or_default();
                HostName(name.to_string_lossy().chars().filter(|c| !c.is_control()).take(253).collect())
            }
        }
    }

    /// Socket of the server called NAME (`-L NAME`; tmux's default name is `default`).
    pub fn server_socket(&self, name: &str) -> Result<PathBuf, RuntimeError> {
        check_name(name)?;
        socket_path(self.dir().join(format!("{name}.sock")))
    }

    /// Where the keepers' sockets and journals are.
    pub fn keepers_dir(&self) -> PathBuf {
        self.dir().join("keepers")
    }

    /// Socket of the keeper that has this life at this epoch.
    pub fn keeper_socket(&self, life: LifeId, epoch: Epoch) -> Result<PathBuf, RuntimeError> {
        socket_path(self.keepers_dir().join(format!("{life}.{}.sock", epoch.0)))
    }

    /// The life and epoch a file name in [`Runtime::keepers_dir`] stands for; `None` for other files.
    pub fn parse_keeper_socket(file_name: &OsStr) -> Option<(LifeId, Epoch)> {
        let (life, epoch) = file_name.to_str()?.strip_suffix(".sock")?.split_once('.')?;
        Some((life.parse().ok()?, Epoch(epoch.parse().ok()?)))
    }

    /// Every keeper socket there is, the highest epoch of a life first. A socket file is no proof that
    /// its keeper lives: connect to know.
    pub fn keeper_sockets(&self) -> Result<Vec<(LifeId, Epoch, PathBuf)>, RuntimeError> {
        let dir = self.keepers_dir();
        let io_error = |source| RuntimeError::Io { path: dir.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&dir).map_err(io_error)? {
            let entry = entry.map_err(io_error)?;
            if let Some((life, epoch)) = Runtime::parse_keeper_socket(&entry.file_name()) {
                found.push((life, epoch, entry.path()));
            }
        }
        found.sort_by_key(|(life, epoch, _)| (*life, std::cmp::Reverse(*epoch)));
        Ok(found)
    }

    /// Journal of the move in which the keeper of `life` at `epoch` gives its pane away
    /// (named by its own epoch) or gets it (named by the epoch it will have).
    pub fn journal(&self, life: LifeId, epoch: Epoch) -> PathBuf {
        self.keepers_dir().join(format!("{life}.{}.move", epoch.0))
    }

    /// Directory of ssh's shared connections, made if need be. Of the machine's own qmux also for a
    /// `local:NAME`, so that both use one connection.
    pub fn ssh_dir(&self) -> Result<PathBuf, RuntimeError> {
        let dir = self.base.join("ssh");
        private_dir(&dir)?;
        Ok(dir)
    }
}

/// Where tmux has its sockets: `$TMUX_TMPDIR/tmux-UID`, in `/tmp` without the variable.
pub fn tmux_socket_dir() -> PathBuf {
    let parent = std::env::var_os("TMUX_TMPDIR").filter(|dir| !dir.is_empty());
    Path::new(&parent.unwrap_or_else(|| "/tmp".into())).join(format!("tmux-{}", me()))
}

/// A symbolic link where tmux would have the socket of a server that was started as `tmux`, for tools that look
/// there. Dropped, it is gone.
#[derive(Debug)]
pub struct TmuxLink(PathBuf);

impl TmuxLink {
    /// Makes the link; `None` when the directory is not ours alone, or when a socket is there (a tmux's, say).
    pub fn make(link: &Path, socket: &Path) -> Option<TmuxLink> {
        private_dir(link.parent()?).ok()?;
        // A link of ours that was left behind names nothing, or a server of ours that is gone.
        if std::fs::symlink_metadata(link).is_ok_and(|m| m.is_symlink()) && !link.exists()
            || std::fs::read_link(link).is_ok_and(|to| to == socket)
        {
            std::fs::remove_file(link).ok()?;
        }
        std::os::unix::fs::symlink(socket, link).ok()?;
        Some(TmuxLink(link.to_path_buf()))
    }
}

impl Drop for TmuxLink {
    fn drop(&mut self) {
        // Somebody else may have put something else there meanwhile.
        if std::fs::symlink_metadata(&self.0).is_ok_and(|m| m.is_symlink()) {
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

/// Makes `path` 0700 if it is missing and checks that it is a directory of ours that others cannot enter.
/// Parents are not made.
pub fn private_dir(path: &Path) -> Result<(), RuntimeError> {
    let io_error = |source| RuntimeError::Io { path: path.to_path_buf(), source };
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(io_error(e)),
    }
    // lstat, not stat: in /tmp anybody may have put a symlink where our directory should be.
    let meta = std::fs::symlink_metadata(path).map_err(io_error)?;
    if meta.uid() != me() {
        return Err(RuntimeError::NotOurs { path: path.to_path_buf(), owner: meta.uid(), me: me() });
    }
    if !meta.is_dir() || meta.mode() & 0o077 != 0 {
        return Err(RuntimeError::Open { path: path.to_path_buf(), mode: meta.mode() & 0o7777 });
    }
    Ok(())
}

/// `path`, if a unix socket can have it.
pub fn socket_path(path: PathBuf) -> Result<PathBuf, RuntimeError> {
    if path.as_os_str().as_bytes().len() > SOCKET_PATH_MAX {
        return Err(RuntimeError::TooLong(path));
    }
    Ok(path)
}

/// Checks who is at the other end of a connected unix socket: ourselves, or root (who could read our
/// memory anyway). Both ends call it: a server for its clients, a client for its server.
pub fn check_peer(socket: &impl AsFd) -> Result<(), RuntimeError> {
    let peer = getsockopt(socket, PeerCredentials)
        .map_err(|e| RuntimeError::Io { path: PathBuf::from("(socket)"), source: e.into() })?
        .uid();
    if peer == me() || peer == 0 { Ok(()) } else { Err(RuntimeError::Peer { peer, me: me() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("qmux-rt-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn the_base_is_the_users_runtime_directory_or_tmp() {
        let usable = |d: &Path| d == Path::new("/run/user/7");
        assert_eq!(base_dir_from(Some(OsStr::new("/run/user/7")), 7, usable), Path::new("/run/user/7/qmux"));
        assert_eq!(base_dir_from(Some(OsStr::new("/run/user/8")), 7, usable), Path::new("/tmp/qmux-7"));
        assert_eq!(base_dir_from(Some(OsStr::new("run")), 7, |_| true), Path::new("/tmp/qmux-7"));
        assert_eq!(base_dir_from(None, 7, usable), Path::new("/tmp/qmux-7"));
    }

    #[test]
    fn a_tmux_link_takes_nobodys_place_and_goes_with_its_server() {
        let base = scratch("link");
        let runtime = Runtime::at(&base, None).unwrap();
        let link = base.join("tmux-0/work");
        // Left behind by a server that was killed.
        private_dir(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(base.join("gone.sock"), &link).unwrap();
        let socket = runtime.server_socket("work").unwrap();
        std::fs::write(&socket, "").unwrap();
        let made = TmuxLink::make(&link, &socket).unwrap();
        assert_eq!(std::fs::read_link(&link).unwrap(), socket);
        drop(made);
        assert!(std::fs::symlink_metadata(&link).is_err());
        // A tmux's socket stays, and is not ours to remove.
        std::fs::write(&link, "tmux").unwrap();
        assert!(TmuxLink::make(&link, &socket).is_none());
        assert_eq!(std::fs::read(&link).unwrap(), b"tmux");
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn directories_are_made_private_and_open_ones_are_refused() {
        let base = scratch("private");
        let runtime = Runtime::at(&base, Some("b")).unwrap();
        for dir in [base.clone(), runtime.dir(), runtime.keepers_dir(), runtime.ssh_dir().unwrap()] {
            assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o7777, 0o700, "{dir:?}");
        }
        assert_eq!(runtime.host(), HostName("local:b".into()));
        std::fs::set_permissions(&base, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(Runtime::at(&base, None), Err(RuntimeError::Open { mode: 0o755, .. })));
        std::fs::remove_dir_all(&base).unwrap();
        let target = scratch("target");
        std::fs::DirBuilder::new().mode(0o700).create(&target).unwrap();
        std::os::unix::fs::symlink(&target, &base).unwrap();
        assert!(
            matches!(Runtime::at(&base, None), Err(RuntimeError::Open { .. })),
            "a symlink is not followed"
        );
        std::fs::remove_file(&base).unwrap();
        std::fs::remove_dir_all(&target).unwrap();
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        for bad in ["", "..", ".x", "a/b", "-x", "a b", "a\n", &"x".repeat(33)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name("work-1_a.b").is_ok());
    }

    #[test]
    fn keeper_sockets_are_found_newest_epoch_first() {
        let base = scratch("sockets");
        let runtime = Runtime::at(&base, None).unwrap();
        let life = LifeId(1, 2);
        for epoch in [0, 10, 9] {
            std::fs::write(runtime.keeper_socket(life, Epoch(epoch)).unwrap(), "").unwrap();
        }
        std::fs::write(runtime.journal(life, Epoch(9)), "").unwrap();
        let epochs: Vec<u64> = runtime.keeper_sockets().unwrap().iter().map(|(_, e, _)| e.0).collect();
        assert_eq!(epochs, [10, 9, 0]);
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn a_path_no_socket_can_have_is_refused() {
        let base = scratch(&"x".repeat(80));
        let runtime = Runtime::at(&base, None).unwrap();
        assert!(matches!(runtime.keeper_socket(LifeId(1, 2), Epoch(0)), Err(RuntimeError::TooLong(_))));
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn our_own_socket_pair_is_us() {
        let (a, _b) = std::os::unix::net::UnixStream::pair().unwrap();
        check_peer(&a).unwrap();
    }
}
