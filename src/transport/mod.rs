//! Two byte streams to another qmux: unix socket, ssh, memory. Knows nothing of what is said over them.
//!
//! A [`Link`] is a reader, a writer and an [`End`]: when the reader is at its end, `end.why()` says what
//! became of the link in words a user can act on.

pub mod memory;
pub mod runtime;
pub mod ssh;
pub mod survey;
pub mod unix;

use crate::ids::HostName;
use crate::protocol::keeper::Trouble;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

/// Bytes that come.
pub type Reader = Box<dyn AsyncRead + Unpin + Send>;
/// Bytes that go.
pub type Writer = Box<dyn AsyncWrite + Unpin + Send>;

/// Most bytes of a program's stderr that are kept: the last ones, where ssh says what was wrong.
pub const STDERR_MAX: usize = 8192;

/// How long [`End::why`] waits for a program to end whose output has ended, and for its last words, ms.
const LAST_WORDS_MS: u64 = 500;

/// A connection to another qmux. Dropping it ends the program it goes through.
pub struct Link {
    /// Bytes from the other side.
    pub reader: Reader,
    /// Bytes to the other side; not buffered here.
    pub writer: Writer,
    /// Keeps the link open; says why it ended.
    pub end: End,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("end", &self.end).finish_non_exhaustive()
    }
}

/// The part of a [`Link`] that knows its end. Must live as long as the link is used.
#[derive(Debug)]
pub struct End {
    host: Option<HostName>,
    child: Option<(Child, JoinHandle<()>, LastWords)>,
}

/// What a program has said on stderr, its last [`STDERR_MAX`] bytes.
type LastWords = Arc<Mutex<Vec<u8>>>;

/// Why there is no link, or none any more.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Not a name that may be given to ssh.
    #[error("{0:?} is not a host name")]
    BadHost(String),
    /// The runtime directory cannot be used.
    #[error(transparent)]
    Runtime(#[from] runtime::RuntimeError),
    /// Nobody listens at a socket.
    #[error("cannot connect to {path}: {source}")]
    Connect {
        /// Its path.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// Its name.
        program: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// ssh, or what it ran there, ended.
    #[error("{host}: {problem:?}")]
    Ssh {
        /// The host.
        host: HostName,
        /// What was the matter.
        problem: ssh::Problem,
    },
    /// The other side closed the link.
    #[error("the other side closed the connection")]
    Closed,
}

impl TransportError {
    /// For users: why and what to do (`docs`: moving.md section 5). `known` are the hosts a mistyped name
    /// could have meant.
    pub fn trouble(&self, known: &[String]) -> Trouble {
        let make = |class: u8, code: &str, cause: String, cure: &str| Trouble {
            class,
            code: code.into(),
            cause,
            cure: cure.into(),
        };
        match self {
            TransportError::BadHost(name) => {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
                make(2, "bad-host", format!("\"{shown}\" is not a host name."), "")
            }
            TransportError::Ssh { host, problem } => problem.trouble(host, known),
            TransportError::Runtime(e) => make(4, "runtime", format!("{e}."), ""),
            TransportError::Connect { .. } | TransportError::Spawn { .. } => {
                make(4, "connect", format!("{self}."), "")
            }
            TransportError::Closed => make(4, "closed", "The other side closed the connection.".into(), ""),
        }
    }
}

impl End {
    /// Why the link ended, once the reader has. Waits at most a second for the program's own words.
    pub async fn why(mut self) -> TransportError {
        let Some((mut child, listener, words)) = self.child.take() else { return TransportError::Closed };
        let patience = Duration::from_millis(LAST_WORDS_MS);
        let status = timeout(patience, child.wait()).await.ok().and_then(Result::ok);
        // A program in the background may hold stderr open for hours: what came until now must do.
        let abort = listener.abort_handle();
        if timeout(patience, listener).await.is_err() {
            abort.abort();
        }
        let stderr = words.lock().map(|kept| kept.clone()).unwrap_or_default();
        let host = self.host.take().unwrap_or(HostName(String::new()));
        let problem = ssh::classify(&String::from_utf8_lossy(&stderr), status.and_then(|s| s.code()));
        TransportError::Ssh { host, problem }
    }

    /// Pid of the program the link goes through.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(|(child, _, _)| child.id())
    }
}

/// How links are opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The ssh program and arguments before ours ([`ssh_words`]).
    pub ssh: Vec<String>,
    /// Name or path of qmux on the other host; `QMUX_REMOTE`, or `qmux`, looked for in `PATH`, `~/.local/bin`
    /// and `~/.cargo/bin` there.
    pub remote_program: String,
    /// Path of our own binary, for `local:NAME`.
    pub own_program: PathBuf,
    /// Directory for shared connections ([`runtime::Runtime::ssh_dir`]); `None` shares none.
    pub ssh_dir: Option<PathBuf>,
    /// ssh's ConnectTimeout, s.
    pub connect_timeout_s: u32,
}

fn words_of(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The ssh program and arguments before ours: `QMUX_SSH`, split at blanks, or `ssh`.
pub fn ssh_words() -> Vec<String> {
    let own = words_of("QMUX_SSH");
    own.map_or(vec!["ssh".into()], |words| words.split_whitespace().map(str::to_string).collect())
}

impl Options {
    /// From the environment and this process's runtime directory.
    pub fn from_env(runtime: &runtime::Runtime) -> Result<Options, TransportError> {
        Ok(Options {
            ssh: ssh_words(),
            remote_program: words_of("QMUX_REMOTE").unwrap_or_else(|| "qmux".into()),
            // Not current_exe(): that path leads nowhere once the binary has been replaced by a newer one.
            own_program: PathBuf::from("/proc/self/exe"),
            ssh_dir: Some(runtime.ssh_dir()?),
            connect_timeout_s: ssh::CONNECT_TIMEOUT_S,
        })
    }
}

/// Runs `qmux ARGS…` on `host` and returns its stdin and stdout as a link. Returns as soon as the program is
/// started; a host that cannot be reached shows as the end of the reader.
///
/// `local:NAME` runs our own binary on this machine with `QMUX_LOCAL=NAME`, without ssh.
pub fn open(host: &HostName, args: &[String], options: &Options) -> Result<Link, TransportError> {
    let mut command = match host.local() {
        Some(name) => {
            runtime::check_name(name)?;
            let mut command = Command::new(&options.own_program);
            command.arg0("qmux").args(args);
            match name {
                runtime::MAIN_LOCAL => command.env_remove(runtime::LOCAL_VARIABLE),
                name => command.env(runtime::LOCAL_VARIABLE, name),
            };
            command
        }
        None => {
            let argv = ssh::argv(host, args, options)?;
            let mut command = Command::new(&argv[0]);
            command.args(&argv[1..]);
            command
        }
    };
    link_through(&mut command, host)
}

/// Starts a program and makes its stdin and stdout a link.
fn link_through(command: &mut Command, host: &HostName) -> Result<Link, TransportError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    // Its own process group: ^C at a terminal the server was started from must not cut links.
    let spawned = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = spawned.map_err(|source| TransportError::Spawn { program, source })?;
    let missing = "asked for as a pipe three lines above";
    let writer = child.stdin.take().expect(missing);
    let reader = child.stdout.take().expect(missing);
    let words = LastWords::default();
    let listener = tokio::spawn(listen(child.stderr.take().expect(missing), words.clone()));
    Ok(Link {
        reader: Box::new(reader),
        writer: Box::new(writer),
        end: End { host: Some(host.clone()), child: Some((child, listener, words)) },
    })
}

/// Keeps the end of what a program says.
async fn listen(mut stderr: ChildStderr, words: LastWords) {
    let mut buffer = [0u8; 1024];
    while let Ok(n @ 1..) = stderr.read(&mut buffer).await {
        let Ok(mut kept) = words.lock() else { return };
        kept.extend_from_slice(&buffer[..n]);
        let surplus = kept.len().saturating_sub(STDERR_MAX);
        kept.drain(..surplus);
    }
}
