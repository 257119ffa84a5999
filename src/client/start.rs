//! Reaching the server: its socket's path, connecting, starting it on demand.
//!
//! Two clients that find no server at the same moment start one: the second waits on the lock file
//! and then finds the first one's.

use super::args::Args;
use crate::transport::runtime::{self, RuntimeError};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a started server to answer.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// Between two tries to reach a server that is starting. It answers some milliseconds after its start,
/// and the user waits for it.
const START_POLL: Duration = Duration::from_micros(300);

/// Most bytes of the server's log shown when it ended at its start.
const LOG_TAIL: u64 = 2000;

/// Why there is no server to talk to. The texts are tmux's where scripts match on them.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody listens, and the command is none that starts a server.
    #[error("no server running on {0}")]
    NoServer(PathBuf),
    /// The socket cannot be connected to.
    #[error("error connecting to {path} ({source})")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The lock, the log or the process cannot be made.
    #[error("cannot start the server: {what}: {source}")]
    Start {
        /// What was being made.
        what: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// It ended before it answered.
    #[error("the server ended while starting ({status}); nothing was changed{log}")]
    Ended {
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it wrote, on a line of its own.
        log: String,
    },
    /// It runs and does not answer.
    #[error("the server (process {pid}) does not answer on {path} after {seconds} s; see {log}")]
    Silent {
        /// Its process.
        pid: u32,
        /// The socket.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },
    /// The runtime directory cannot be used, or the socket is somebody else's.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
}

/// The socket the flags and the environment mean: `-S`, `-L`, the server this process runs in
/// (`$QMUX`, or `$TMUX` when called tmux: `socket,pid,session`), else `default`.
pub fn socket_path(args: &Args, as_tmux: bool) -> Result<PathBuf, StartError> {
    if let Some(path) = &args.socket_path {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return Ok(runtime::socket_path(path)?);
    }
    if args.socket_name.is_none() {
        let inside = std::env::var("QMUX").ok().filter(|value| !value.is_empty());
        let inside = inside.or_else(|| as_tmux.then(|| std::env::var("TMUX").ok()).flatten());
        if let Some(path) =
            inside.as_deref().and_then(|value| value.split(',').next()).filter(|p| !p.is_empty())
        {
            return Ok(runtime::socket_path(path.into())?);
        }
    }
    let name = args.socket_name.as_deref().unwrap_or("default");
    Ok(runtime::runtime_dir()?.server_socket(name)?)
}

/// A connection to the server at `path`, and whether it was started for us. `may_start` says that it may be.
pub fn connect(
    path: &Path,
    args: &Args,
    may_start: bool,
    as_tmux: bool,
) -> Result<(UnixStream, bool), StartError> {
    match UnixStream::connect(path) {
        Ok(stream) => return checked(stream).map(|stream| (stream, false)),
        Err(error) if nobody_there(&error) => {}
        Err(source) => return Err(StartError::Connect { path: path.into(), source }),
    }
    if !may_start || args.no_start {
        return Err(StartError::NoServer(path.into()));
    }
    let _lock = lock(path)?;
    // Under the lock: somebody may have started it while we waited.
    match UnixStream::connect(path) {
        Ok(stream) => return checked(stream).map(|stream| (stream, false)),
        // A dead server's socket file would stop the new one from binding.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(start_error(path))?;
        }
        Err(_) => {}
    }
    let (child, log) = spawn(path, args, as_tmux)?;
    wait_for(path, child, &log).map(|stream| (stream, true))
}

fn nobody_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// The server must be ours (or root's): a socket in a shared directory may be anybody's.
fn checked(stream: UnixStream) -> Result<UnixStream, StartError> {
    runtime::check_peer(&stream)?;
    Ok(stream)
}

fn start_error(path: &Path) -> impl Fn(io::Error) -> StartError + use<> {
    let what = path.display().to_string();
    move |source| StartError::Start { what: what.clone(), source }
}

fn lock(path: &Path) -> Result<Flock<File>, StartError> {
    let lock_path = path.with_extension("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .map_err(start_error(&lock_path))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| start_error(&lock_path)(errno.into()))
}

/// Starts `qmux --role-server`, which makes a session of its own first thing. What it writes to standard
/// error goes to a log beside the socket.
fn spawn(path: &Path, args: &Args, as_tmux: bool) -> Result<(Child, PathBuf), StartError> {
    let log_path = path.with_extension("log");
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&log_path)
        .map_err(start_error(&log_path))?;
    let exe = std::env::current_exe().map_err(start_error(Path::new("/proc/self/exe")))?;
    let mut command = Command::new(&exe);
    command.arg0("qmux").arg("--role-server").arg(path);
    if as_tmux {
        command.arg("--as-tmux");
        if let Some(name) = path.file_stem().filter(|_| args.socket_path.is_none()) {
            command.arg("--tmux-link").arg(runtime::tmux_socket_dir().join(name));
        }
    }
    command.arg("--start-dir").arg(super::working_directory());
    for file in &args.config_files {
        // The server's working directory is `/`, so that it holds no file system busy.
        command.arg("-f").arg(std::path::absolute(file).unwrap_or_else(|_| file.into()));
    }
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let child = command.spawn().map_err(start_error(&exe))?;
    Ok((child, log_path))
}

fn wait_for(path: &Path, mut child: Child, log: &Path) -> Result<UnixStream, StartError> {
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        if let Ok(stream) = UnixStream::connect(path) {
            return checked(stream);
        }
        // It may have handed over to a process of its own and ended well: then the socket still comes.
        if let Ok(Some(status)) = child.try_wait()
            && !status.success()
        {
            return Err(StartError::Ended { status, log: log_tail(log) });
        }
        if Instant::now() >= deadline {
            return Err(StartError::Silent {
                pid: child.id(),
                path: path.into(),
                seconds: START_PATIENCE.as_secs(),
                log: log.into(),
            });
        }
        std::thread::sleep(START_POLL);
    }
}

/// The last lines of the log, each on its own line; empty when there is none.
fn log_tail(log: &Path) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().ok().filter(|text| !text.is_empty()).map_or(String::new(), |text| format!("\n{text}"))
}
