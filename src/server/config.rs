//! The user and his configuration files, as the server finds them when it starts.

use super::Server;
use crate::mux::{Event, Failure};
use crate::view::theme;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

/// Largest configuration file that is read, in bytes.
const FILE_MAX: u64 = 16 << 20;

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

/// `$HOME`, else what the user database says.
pub(super) fn home() -> String {
    let from_passwd = || {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok()??;
        Some(user.dir.to_string_lossy().into_owned())
    };
    std::env::var("HOME").ok().filter(|h| !h.is_empty()).or_else(from_passwd).unwrap_or_default()
}

/// The home directories of `~NAME`: those of the local user database.
pub(super) fn homes() -> std::collections::BTreeMap<String, String> {
    let text = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let home = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        Some((name.to_owned(), fields.nth(4)?.to_owned()))
    };
    text.lines().filter_map(home).collect()
}

/// The user's name, empty if the user database does not know it.
pub(super) fn user_name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
    user.map(|u| u.name).unwrap_or_default()
}

/// Reads the files of `-f`, or the usual ones, and the theme they name.
pub(super) fn load(server: &Rc<Server>, named: &[String]) {
    let mut files = Vec::new();
    let mut unread = Vec::new();
    let wanted = if named.is_empty() { usual() } else { named.iter().map(PathBuf::from).collect() };
    for path in wanted {
        match read(&path) {
            Ok(text) => files.push((path.to_string_lossy().into_owned(), text)),
            Err(e) if named.is_empty() && e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => unread.push(format!("{}: {e}", path.display())),
        }
    }
    let mut core = server.core.borrow_mut();
    core.mux.load_config(Instant::now(), &files);
    server.settle(&mut core);
}

fn read(path: &std::path::Path) -> io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_MAX {
        return Err(io::Error::other("longer than 16 MiB"));
    }
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

/// qmux's own file if there is one, else tmux's: the system's, then the user's.
fn usual() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let config = xdg.unwrap_or_else(|| home.join(".config"));
    let own = [home.join(".qmux.conf"), config.join("qmux/qmux.conf")];
    let tmux = [home.join(".tmux.conf"), config.join("tmux/tmux.conf")];
    let first = |list: [PathBuf; 2]| list.into_iter().find(|p| p.exists());
    match first(own) {
        Some(file) => vec![file],
        None => [Some(PathBuf::from("/etc/tmux.conf")), first(tmux)].into_iter().flatten().collect(),
    }
}

/// Loads the theme that the option `theme` names, if it is not the one in force.
pub(super) fn follow_theme(server: &Rc<Server>, core: &mut super::Core) {
    let chosen = core.mux.wanted_theme();
    let name = if chosen.is_empty() && core.mux.as_tmux() { theme::TMUX.to_owned() } else { chosen };
    if core.theme.as_ref() == Some(&name) {
        return;
    }
    let dir = theme::user_dir(&|name| std::env::var(name).ok());
    match theme::load(&name, dir.as_deref()) {
        Ok(found) => core.mux.set_theme(found.options()),
        Err(error) => {
            let text = format!("{error}. The theme stays as it is.");
            core.mux.handle(Instant::now(), Event::Notice { pane: None, text, error: true });
        }
    }
    core.theme = Some(name);
    server.settle(core);
}

/// All themes that can be read, as `Job::Themes` wants them.
pub(super) fn themes(server: &Server) -> String {
    let dir = theme::user_dir(&|name| std::env::var(name).ok());
    let current = server.core.borrow().theme.clone().unwrap_or_default();
    let current = if current.is_empty() { theme::DEFAULT.to_owned() } else { current };
    let read = |name: &String| {
        let found = theme::load(name, dir.as_deref()).ok()?;
        Some(serde_json::json!({
            "name": name,
            "light": found.light(),
            "current": *name == current,
            "swatch": found.swatch(),
            "options": found.options(),
        }))
    };
    let all: Vec<serde_json::Value> = theme::names(dir.as_deref()).iter().filter_map(read).collect();
    serde_json::Value::Array(all).to_string()
}

/// `default-shell` has to be an absolute path of a program that can be run and is not qmux itself.
pub(super) fn check_shell(path: &str) -> Result<String, Failure> {
    let file = Path::new(path);
    let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let runs = std::fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if file.is_absolute() && runs && !matches!(name, "qmux" | "tmux") {
        return Ok(String::new());
    }
    Err(Failure::new(1, "shell", format!("not a suitable shell: {path}")))
}

/// Whether there is a theme of this name that can be read.
pub(super) fn check_theme(name: &str) -> Result<String, Failure> {
    let dir = theme::user_dir(&|name| std::env::var(name).ok());
    match theme::load(name, dir.as_deref()) {
        Ok(_) => Ok(String::new()),
        Err(error) => Err(Failure::new(1, "theme", format!("{error}. The theme stays as it is."))),
    }
}
