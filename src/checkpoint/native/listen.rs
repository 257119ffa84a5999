//! Unix sockets that listen: made anew, under their name where nothing is in the way.

use super::init::{Doing, InitError, path};
use crate::checkpoint::Identity;
use crate::checkpoint::model::Listening;
use crate::sys::fdtable;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

/// A socket of this kind that listens, at its name if it can be had: a program that waits for connections goes on
/// waiting in any case. The file is made over to `owner`.
pub fn again(kind: i32, listening: &Listening, owner: Option<(u32, u32)>) -> Result<RawFd, InitError> {
    let fd = fdtable::socket(libc::AF_UNIX, kind).doing(|| "make a socket".into())?;
    if named(fd, listening, owner).is_err() {
        // Without a name listen(2) is refused; the kernel finds an abstract one.
        fdtable::bind_unix(fd, b"").doing(|| "name a socket".into())?;
    }
    fdtable::listen(fd).doing(|| "let a socket listen".into())?;
    Ok(fd)
}

fn named(fd: RawFd, listening: &Listening, owner: Option<(u32, u32)>) -> io::Result<()> {
    if listening.name.first() == Some(&0) {
        return fdtable::bind_unix(fd, &listening.name);
    }
    let name = path(&listening.name);
    if !name.is_absolute() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    take_away_leftover(name, listening)?;
    // Nobody else's before it has its own permissions.
    let before = fdtable::set_umask(0o177);
    let bound = fdtable::bind_unix(fd, &listening.name);
    fdtable::set_umask(before);
    bound?;
    if let Some((user, group)) = owner {
        std::os::unix::fs::lchown(name, Some(user), Some(group))?;
    }
    std::fs::set_permissions(name, std::fs::Permissions::from_mode(listening.mode & 0o777))
}

/// Removes a socket that a program left that has ended, or moved away. Not the very file of the source on a
/// shared file system: the move may yet be given up, and then it is used again.
fn take_away_leftover(name: &Path, listening: &Listening) -> io::Result<()> {
    let Ok(meta) = std::fs::symlink_metadata(name) else { return Ok(()) };
    let source = Identity { inode: listening.file.0, made_ns: listening.file.1 };
    let own = meta.file_type().is_socket() && meta.uid() == nix::unistd::geteuid().as_raw();
    if !own || Identity::of(&meta).may_be(&source) {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    match try_to_connect(name) {
        Err(Errno::ECONNREFUSED) => std::fs::remove_file(name),
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}

/// Never waits: a frozen program's queue may be full.
fn try_to_connect(name: &Path) -> nix::Result<()> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    connect(fd.as_raw_fd(), &UnixAddr::new(name)?)
}
