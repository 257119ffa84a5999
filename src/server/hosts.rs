//! Other hosts as the server knows them: who there is, which is best, what to say when one is not
//! reached.

use super::Server;
use super::links::KeeperAddress;
use crate::ids::{HostName, PaneId};
use crate::mux::Failure;
use crate::placement;
use crate::transport::ssh;
use std::io::{self, Read};
use std::rc::Rc;

/// 16 bytes of the kernel's randomness (random(4)).
pub(super) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes));
    if read.is_err() {
        // Without /dev/urandom names only have to differ, not to be secret.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = (now.as_nanos() ^ (u128::from(std::process::id()) << 96)).to_le_bytes();
    }
    bytes
}

/// `$SHELL`, else what the user database says, else /bin/sh.
pub(super) fn login_shell() -> String {
    let usable = |s: &String| s.starts_with('/') && std::path::Path::new(s).exists();
    let from_passwd = || {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok()??;
        Some(user.shell.to_string_lossy().into_owned())
    };
    std::env::var("SHELL")
        .ok()
        .filter(usable)
        .or_else(|| from_passwd().filter(usable))
        .unwrap_or_else(|| "/bin/sh".into())
}

/// The user's name, empty if the user database does not know it.
pub(super) fn user_name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
    user.map(|u| u.name).unwrap_or_default()
}
