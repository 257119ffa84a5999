//! The process that owns one pane: pseudo-terminal, process tree, exit status, its moves.
//!
//! Forms of the role, all hidden from users:
//!
//! ```text
//! qmux keeper --daemon --life LIFE [--epoch N]        start the detached keeper; exit 0 when it listens
//! qmux keeper --stdio LIFE [--epoch N] [--new]        splice stdio to that keeper (--new: start it first)
//! qmux keeper --sample                                this host's load as one line of JSON
//! qmux keeper --hello                                 this version as one line of JSON
//! ```
//!
//! The daemon is two processes: the standby, which waits, and below it the keeper itself, a single-threaded
//! poll loop (a second thread exists only while an engine works).
//! Must not know `mux`, `view` or clients.

mod attach;
mod daemon;
pub mod faults;
mod images;
pub mod info;
mod link;
mod meta;
mod moving;
mod pane;
mod ring;
mod standby;
mod start;
mod stdio;

pub use images::images_in;
pub use meta::{Found, KeeperRecord, SERVER_VARIABLE, find};
pub use moving::Engines;
pub use start::{READY, READY_LINE_MAX, detached_args, start_daemon};

use crate::ids::{BadId, Epoch, LifeId};
use crate::transport::runtime::{RuntimeError, runtime_dir};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a keeper could not be started or reached.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// Its place among the sockets.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Its terminal.
    #[error(transparent)]
    Pty(#[from] crate::pty::PtyError),
    /// The kernel refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The detached keeper said why it cannot be.
    #[error("the keeper did not start: {0}")]
    Start(String),
    /// Another keeper has this life and epoch.
    #[error("a keeper already answers at {0}")]
    Taken(PathBuf),
    /// There is none of that life.
    #[error("no keeper of {0} here")]
    None(LifeId),
    /// The role was called wrongly.
    #[error("qmux keeper: {0}")]
    Usage(String),
}

pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> KeeperError {
    let what = what.into();
    move |source| KeeperError::Io { what, source }
}

impl From<BadId> for KeeperError {
    fn from(_: BadId) -> Self {
        KeeperError::Usage("LIFE is 32 hexadecimal digits".into())
    }
}

/// What the arguments after `qmux keeper` ask for.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Daemon { life: LifeId, epoch: Epoch },
    Detached { life: LifeId, epoch: Epoch },
    Attended { life: LifeId, epoch: Epoch },
    Stdio { life: LifeId, epoch: Option<Epoch>, new: bool },
    Sample,
    Hello,
}

fn parse(args: &[String]) -> Result<Form, KeeperError> {
    let usage = |text: &str| KeeperError::Usage(text.into());
    let mut form = None;
    let mut life: Option<LifeId> = None;
    let mut epoch = None;
    let mut new = false;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| KeeperError::Usage(format!("{arg} wants a value")));
        match arg.as_str() {
            "--daemon" | "--detached" | "--attended" | "--sample" | "--hello" => form = Some(arg.as_str()),
            "--stdio" => {
                form = Some("--stdio");
                life = Some(value()?.parse()?);
            }
            "--life" => life = Some(value()?.parse()?),
            "--epoch" => {
                epoch = Some(Epoch(value()?.parse().map_err(|_| usage("--epoch wants a number"))?));
            }
            "--new" => new = true,
            other => return Err(KeeperError::Usage(format!("unknown argument {other:?}"))),
        }
    }
    let life = life.ok_or_else(|| usage("--life LIFE is missing"));
    Ok(match form {
        Some("--daemon") => Form::Daemon { life: life?, epoch: epoch.unwrap_or_default() },
        Some("--detached") => Form::Detached { life: life?, epoch: epoch.unwrap_or_default() },
        Some("--attended") => Form::Attended { life: life?, epoch: epoch.unwrap_or_default() },
        Some("--stdio") => Form::Stdio { life: life?, epoch, new },
        Some("--sample") => Form::Sample,
        Some("--hello") => Form::Hello,
        _ => return Err(usage("one of --daemon, --stdio, --sample, --hello")),
    })
}

/// The role: `args` are those after `qmux keeper`.
pub fn run(args: &[String]) -> ExitCode {
    run_with(args, engines)
}

/// The engines of this qmux.
fn engines(name: &str) -> Option<Box<dyn crate::checkpoint::Checkpointer>> {
    match name {
        "native" => Some(Box::new(crate::checkpoint::native::NativeEngine::new())),
        _ => None,
    }
}

/// The role with engines of the caller's.
pub fn run_with(args: &[String], engines: Engines) -> ExitCode {
    let done = parse(args).and_then(|form| match form {
        Form::Daemon { life, epoch } => start::start_daemon(life, epoch).map(|_| ()),
        Form::Detached { life, epoch } => start::detached(life, epoch, engines),
        Form::Attended { life, epoch } => start::attended(life, epoch, engines),
        Form::Stdio { life, epoch, new } => stdio::run(life, epoch, new),
        Form::Sample => print_line(&sample()),
        Form::Hello => print_line(&hello()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // Over ssh this is the server's only way to learn the cause; a closed stderr is no reason to panic.
            let _ = writeln!(io::stderr(), "qmux: {error}");
            match error {
                KeeperError::Usage(_) => ExitCode::from(2),
                KeeperError::None(_) => ExitCode::from(4),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn print_line(line: &str) -> Result<(), KeeperError> {
    use std::io::Write;
    writeln!(io::stdout(), "{line}").map_err(io_error("standard output"))
}

fn sample() -> String {
    let panes = runtime_dir().ok().and_then(|r| r.keeper_sockets().ok()).map_or(0, |sockets| sockets.len());
    crate::placement::Sample::gather(|path| std::fs::read_to_string(path).ok(), panes as u32).to_json()
}

fn hello() -> String {
    serde_json::json!({ "qmux": env!("CARGO_PKG_VERSION"), "arch": std::env::consts::ARCH }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_ascii_whitespace().map(String::from).collect()
    }

    #[test]
    fn forms_are_told_apart() {
        let life = LifeId(1, 2);
        let parsed = |text: &str| parse(&words(text)).map_err(|e| e.to_string());
        assert_eq!(
            parsed(&format!("--daemon --life {life} --epoch 3")),
            Ok(Form::Daemon { life, epoch: Epoch(3) })
        );
        assert_eq!(
            parsed(&format!("--stdio {life} --new")),
            Ok(Form::Stdio { life, epoch: None, new: true })
        );
        assert_eq!(parsed("--hello"), Ok(Form::Hello));
        for wrong in ["", "--daemon", "--stdio xyz", "--stdio", "--epoch x --hello", "--what"] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
