//! Other hosts as the server knows them: who there is, which is best, what to say when one is not
//! reached.

use super::Server;
use crate::ids::{HostName, PaneId};
use crate::mux::Failure;
use crate::placement;
use crate::transport::{self, TransportError, runtime};
use std::io::Read;
use std::rc::Rc;

/// Exit status of `qmux keeper --stdio` when there is no such keeper (`KeeperError::None`).
const NO_KEEPER: i32 = 4;

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

/// Host names somebody may mean: `hosts.toml`, then the user's ssh config.
pub(super) fn names(server: &Server) -> Vec<String> {
    let mut names: Vec<String> = server.hosts_file().hosts.iter().map(|h| h.name.0.clone()).collect();
    let config = std::env::var_os("HOME").map(|h| std::path::Path::new(&h).join(".ssh/config"));
    if let Some(text) = config.and_then(|path| std::fs::read_to_string(path).ok()) {
        names.extend(transport::ssh::config_hosts(&text));
    }
    names.dedup();
    names
}

/// The answer for the user when a way to a host is not there.
pub(super) fn failure(server: &Server, error: &TransportError) -> Failure {
    use transport::ssh::Problem;
    if let TransportError::Ssh { host, problem: Problem::Other(_, Some(NO_KEEPER)) } = error {
        let text = format!("{host} has no keeper of this pane any more.");
        return Failure { class: 4, code: "no-keeper", text };
    }
    let trouble = error.trouble(&names(server));
    let text = format!("{} {}", trouble.cause, trouble.cure).trim().to_string();
    Failure { class: trouble.class, code: "host", text }
}

/// Where `move` is to go: `None` is this host.
pub(super) fn resolve(server: &Server, host: &HostName) -> Result<Option<HostName>, Failure> {
    let here = server.runtime.host();
    if host.0 == "." || *host == here {
        return Ok(None);
    }
    let is_main = host.local() == Some(runtime::MAIN_LOCAL);
    if is_main && server.runtime.local_name().is_none() {
        return Ok(None);
    }
    if host.local().is_none() {
        transport::ssh::check_host(host).map_err(|e| failure(server, &e))?;
    }
    Ok(Some(host.clone()))
}
