//! The user's own `ssh` program: how it is called, and what its complaints mean.
//!
//! Owns the argument list and the classification of stderr. qmux accepts no host keys, asks for no
//! passwords and reads no key: whatever ssh cannot do without asking becomes an answer for the user.

use super::{Options, TransportError};
use crate::ids::HostName;
use crate::protocol::keeper::Trouble;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// ssh's ConnectTimeout, s.
pub const CONNECT_TIMEOUT_S: u32 = 5;
/// How long the shared connection to a host stays open unused, s.
pub const CONTROL_PERSIST_S: u32 = 600;
/// Longest ControlPath, bytes: ssh binds `PATH.` and 16 random characters first, and a socket path has at
/// most 107 (observed with OpenSSH 9.2: "too long for Unix domain socket").
pub const CONTROL_PATH_MAX: usize = 90;

/// Whether `host` may be given to ssh: a name ssh would take as an option, or one with blanks or control
/// characters, is refused before any program sees it.
pub fn check_host(host: &HostName) -> Result<(), TransportError> {
    let name = host.0.as_str();
    let strange = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\'' | '"' | '\\' | '`' | '$');
    if name.is_empty() || name.len() > HostName::MAX || name.starts_with('-') || name.chars().any(strange) {
        return Err(TransportError::BadHost(name.chars().take(HostName::MAX).collect()));
    }
    Ok(())
}

/// Where the shared connection to `host` has its socket; `None` if no such path is short enough.
pub fn control_path(dir: &Path, host: &HostName) -> Option<PathBuf> {
    let hash = blake3::hash(host.0.as_bytes()).to_hex();
    let path = dir.join(&hash[..16]);
    (path.as_os_str().as_bytes().len() <= CONTROL_PATH_MAX).then_some(path)
}

/// The whole command line that runs `qmux ARGS…` on `host` without asking anything of anybody.
pub fn argv(host: &HostName, args: &[String], options: &Options) -> Result<Vec<String>, TransportError> {
    check_host(host)?;
    let mut argv = options.ssh.clone();
    argv.push("-T".into());
    for option in [
        "BatchMode=yes".to_string(),
        format!("ConnectTimeout={}", options.connect_timeout_s),
        // A dead link is noticed after 15 s; until then a short outage heals by itself.
        "ServerAliveInterval=5".into(),
        "ServerAliveCountMax=3".into(),
        "LogLevel=ERROR".into(),
        "EscapeChar=none".into(),
        "ClearAllForwardings=yes".into(),
        "ForwardAgent=no".into(),
        "ForwardX11=no".into(),
        "PermitLocalCommand=no".into(),
        // A RemoteCommand in the user's config would collide with ours.
        "RemoteCommand=none".into(),
    ] {
        argv.extend(["-o".to_string(), option]);
    }
    argv.extend(sharing(host, options));
    argv.extend(["--".to_string(), host.0.clone(), remote_command(&options.remote_program, args)]);
    Ok(argv)
}

/// The command line of `qmux connect HOST`: opens the shared connection, for which ssh may ask the user at
/// the terminal; afterwards everything else goes through it without asking.
pub fn connect_argv(host: &HostName, options: &Options) -> Result<Vec<String>, TransportError> {
    check_host(host)?;
    let mut argv = options.ssh.clone();
    argv.extend(["-T".to_string(), "-o".into(), format!("ConnectTimeout={}", options.connect_timeout_s)]);
    argv.extend(["-o".to_string(), "RemoteCommand=none".into()]);
    argv.extend(sharing(host, options));
    argv.extend(["--".to_string(), host.0.clone(), "true".into()]);
    Ok(argv)
}

fn sharing(host: &HostName, options: &Options) -> Vec<String> {
    let path = options.ssh_dir.as_deref().and_then(|dir| control_path(dir, host));
    let Some(path) = path else { return vec!["-o".into(), "ControlPath=none".into()] };
    // `%` begins a token in ControlPath.
    let path = path.to_string_lossy().replace('%', "%%");
    vec![
        "-o".into(),
        "ControlMaster=auto".into(),
        "-o".into(),
        format!("ControlPath={path}"),
        "-o".into(),
        format!("ControlPersist={CONTROL_PERSIST_S}"),
    ]
}

/// One word list for whatever login shell there is (sh, fish, csh): a single-quoted script for `sh`, which
/// looks where installers put programs that a non-interactive PATH does not have.
fn remote_command(program: &str, args: &[String]) -> String {
    let script = r#"PATH="$PATH:$HOME/.local/bin:$HOME/.cargo/bin"; exec "$0" "$@""#;
    let mut line = format!("exec sh -c {} {}", quote(script), quote(program));
    for arg in args {
        line.push(' ');
        line.push_str(&quote(arg));
    }
    line
}

/// A word for a POSIX shell.
fn quote(word: &str) -> String {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b'@');
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What is the matter when ssh, or what it ran, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The name means nothing to ssh.
    CannotResolve,
    /// No answer in time.
    Timeout,
    /// Nobody listens there.
    Refused,
    /// The network does not lead there.
    NoRoute,
    /// Its key is not in the user's known hosts.
    KeyUnknown,
    /// Its key is another than the known one.
    KeyChanged,
    /// ssh would have had to ask: password, passphrase, second factor.
    PasswordWanted,
    /// The host lets the user in, and has no qmux.
    QmuxMissing,
    /// The connection was there and broke.
    Broken,
    /// Its end without a word (exit status 0).
    Closed,
    /// Anything else: the last line said, and the exit status.
    Other(String, Option<i32>),
}

/// Reads ssh's stderr and exit status. ssh itself ends with 255; other numbers are of what it ran.
pub fn classify(stderr: &str, exit: Option<i32>) -> Problem {
    let says = |words: &[&str]| words.iter().any(|w| stderr.contains(w));
    if exit == Some(127) {
        return Problem::QmuxMissing;
    }
    // "changed" first: ssh ends with "Host key verification failed." in both cases.
    if says(&["IDENTIFICATION HAS CHANGED", "differs from the key for the IP address"]) {
        return Problem::KeyChanged;
    }
    if says(&["Host key verification failed", "host key is known for", "authenticity of host"]) {
        return Problem::KeyUnknown;
    }
    if says(&["Could not resolve hostname", "Name or service not known"]) {
        return Problem::CannotResolve;
    }
    if says(&["Permission denied (", "Too many authentication failures", "No more authentication methods"]) {
        return Problem::PasswordWanted;
    }
    if says(&["Connection refused"]) {
        return Problem::Refused;
    }
    if says(&["No route to host", "Network is unreachable", "Host is down"]) {
        return Problem::NoRoute;
    }
    if says(&[
        "server not responding",
        "Broken pipe",
        "closed by remote host",
        "Connection reset",
        "Timeout, server",
    ]) {
        return Problem::Broken;
    }
    if says(&["timed out", "banner exchange"]) {
        return Problem::Timeout;
    }
    let last = stderr.lines().rev().map(str::trim).find(|l| !l.is_empty()).unwrap_or("");
    if last.is_empty() && exit == Some(0) {
        return Problem::Closed;
    }
    Problem::Other(last.chars().filter(|c| !c.is_control()).take(200).collect(), exit)
}

impl Problem {
    /// The answer for the user. `known` are host names a mistyped one could have meant.
    pub fn trouble(&self, host: &HostName, known: &[String]) -> Trouble {
        let make = |class: u8, code: &str, cause: String, cure: String| Trouble {
            class,
            code: code.into(),
            cause,
            cure,
        };
        let none = String::new;
        match self {
            Problem::CannotResolve => {
                let cause = format!("No host \"{host}\" (ssh cannot resolve it).");
                let cure = closest(&host.0, known).map_or(none(), |k| format!("Did you mean {k}?"));
                make(2, "no-host", cause, cure)
            }
            Problem::Timeout => {
                let cause = format!("{host} did not answer in {CONNECT_TIMEOUT_S} s (ssh: timeout).");
                make(4, "timeout", cause, none())
            }
            Problem::Refused => {
                make(4, "refused", format!("{host} takes no connections (ssh: connection refused)."), none())
            }
            Problem::NoRoute => {
                make(4, "no-route", format!("{host} did not answer (ssh: no route to host)."), none())
            }
            Problem::KeyUnknown | Problem::KeyChanged => {
                let (code, what) = match self {
                    Problem::KeyChanged => ("key-changed", "it is not the one known"),
                    _ => ("key-unknown", "it is not known yet"),
                };
                let cause = format!("ssh refuses {host}'s key ({what}). qmux never accepts keys for you.");
                make(4, code, cause, format!("Check it, then `ssh {host}` once."))
            }
            Problem::PasswordWanted => {
                let cause = format!("ssh cannot log in to {host} without asking you.");
                make(4, "password", cause, format!("Open a way in first: `qmux connect {host}`."))
            }
            Problem::QmuxMissing => {
                let cause = format!("{host} has no qmux >= {}.", env!("CARGO_PKG_VERSION"));
                let cure = format!("`qmux setup {host}` copies this one to your home there.");
                make(4, "no-qmux", cause, cure)
            }
            Problem::Broken => make(4, "link", format!("The connection to {host} broke."), none()),
            Problem::Closed => make(4, "closed", format!("{host} closed the connection."), none()),
            Problem::Other(last, exit) => {
                let status = exit.map_or(none(), |code| format!(" (exit status {code})"));
                let said = if last.is_empty() { "no reason given" } else { last };
                make(4, "ssh", format!("The connection to {host} ended: {said}{status}."), none())
            }
        }
    }
}

/// Most lines of a `~/.ssh/config` looked at.
const SSH_CONFIG_LINES_MAX: usize = 20_000;

/// The host names of an ssh config: words of `Host` lines without patterns.
pub fn config_hosts(text: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    for line in text.lines().take(SSH_CONFIG_LINES_MAX) {
        let line = line.trim().replacen('=', " ", 1);
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|w| w.eq_ignore_ascii_case("host")) {
            let plain = words.filter(|w| !w.contains(['*', '?', '!']) && w.len() <= HostName::MAX);
            hosts.extend(plain.map(|w| w.trim_matches('"').to_string()));
        }
    }
    hosts
}

/// The candidate a mistyped word most likely means: at most a third of its letters wrong, swapped
/// neighbours counted once.
pub fn closest<'a>(word: &str, candidates: &'a [String]) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let near = candidates.iter().map(|c| (distance(word, c), c.as_str()));
    near.filter(|(d, _)| (1..=allowed).contains(d)).min().map(|(_, c)| c)
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours, case ignored.
fn distance(a: &str, b: &str) -> usize {
    let lower = |s: &str| s.chars().take(64).flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (a, b) = (lower(a), lower(b));
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests;
