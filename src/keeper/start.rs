//! From a command of the server's to a process of its own: detached, listening, alone.
//!
//! No fork without exec: the first stage starts this binary again as the second, waits for its word
//! and ends; the second becomes a session leader without a terminal.

use super::daemon::{Keeper, Seat};
use super::moving::Engines;
use super::standby::{self, Wire};
use super::{KeeperError, io_error};
use crate::ids::{Epoch, LifeId};
use crate::transport::runtime::{Runtime, runtime_dir};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the second stage says when it listens.
pub const READY: &str = "ready";
/// Longest line taken from the second stage, in bytes.
pub const READY_LINE_MAX: u64 = 4096;

/// The second stage's arguments, for whoever is first stage: it says [`READY`] (or why not) in one line on
/// standard output, and is on its own from there.
pub fn detached_args(life: LifeId, epoch: Epoch) -> [String; 6] {
    ["keeper", "--detached", "--life", &life.to_string(), "--epoch", &epoch.0.to_string()].map(String::from)
}

/// Starts the detached keeper of `life` at `epoch` in this process's runtime directory and returns its
/// socket, which answers already. One that is there already is the one. Blocks for the few milliseconds
/// that takes.
pub fn start_daemon(life: LifeId, epoch: Epoch) -> Result<PathBuf, KeeperError> {
    let socket = runtime_dir()?.keeper_socket(life, epoch)?;
    if UnixStream::connect(&socket).is_ok() {
        return Ok(socket);
    }
    let exe = std::env::current_exe().map_err(io_error("own binary"))?;
    let mut child = Command::new(exe)
        .args(detached_args(life, epoch))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()
        .map_err(io_error("starting the keeper"))?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out.take(READY_LINE_MAX))
            .read_line(&mut line)
            .map_err(io_error("the keeper's first word"))?;
    }
    if line.trim_end() == READY {
        // It is not waited for: it outlives us, and init takes it over.
        return Ok(socket);
    }
    let _ = child.wait();
    Err(KeeperError::Start(if line.is_empty() {
        "it ended without a word".into()
    } else {
        line.trim_end().into()
    }))
}

/// Second stage: detach, listen, start the keeper, stand by.
pub(super) fn detached(life: LifeId, epoch: Epoch, engines: Engines) -> Result<(), KeeperError> {
    let runtime = runtime_dir()?;
    let stood_by = detach(runtime.clone(), life, epoch)
        .and_then(|seat| standby::stand_by(seat, engines, || silence(&runtime)));
    if let Err(error) = &stood_by {
        // The first stage tells the user; our own stderr leads nowhere.
        let _ = writeln!(std::io::stdout(), "{error}");
    }
    stood_by
}

fn detach(runtime: Runtime, life: LifeId, epoch: Epoch) -> Result<Seat, KeeperError> {
    close_inherited();
    let errno = |what: &'static str| move |e: nix::errno::Errno| io_error(what)(e.into());
    nix::unistd::setsid().map_err(errno("setsid"))?;
    std::env::set_current_dir("/").map_err(io_error("cd /"))?;
    be_parent(c"qmux-standby")?;
    let socket = runtime.keeper_socket(life, epoch)?;
    let listener = listen(&socket)?;
    Ok(Seat { runtime, life, epoch, socket, listener })
}

/// What a process needs that may have to keep a pane.
fn be_parent(name: &std::ffi::CStr) -> Result<(), KeeperError> {
    let errno = |what: &'static str| move |e: nix::errno::Errno| io_error(what)(e.into());
    // Orphans of the pane become our children, so that they can be counted, moved and reaped.
    nix::sys::prctl::set_child_subreaper(true).map_err(errno("PR_SET_CHILD_SUBREAPER"))?;
    // A binary with file capabilities starts undumpable, and an undumpable one may not trace (P-22).
    nix::sys::prctl::set_dumpable(true).map_err(errno("PR_SET_DUMPABLE"))?;
    nix::sys::prctl::set_name(name).map_err(errno("PR_SET_NAME"))
}

/// Third stage, below the standby: standard input is the listening socket, standard output the wire to the
/// standby. Keeps the pane until it has ended.
pub(super) fn attended(life: LifeId, epoch: Epoch, engines: Engines) -> Result<(), KeeperError> {
    let own =
        |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned().map_err(io_error("the standby's gifts"));
    let (listener, wire) = (own(std::io::stdin().as_fd())?, own(std::io::stdout().as_fd())?);
    let mut first_word = Wire::new(own(std::io::stdout().as_fd())?);
    let keeper = prepare(life, epoch, listener.into())
        .and_then(|seat| Keeper::new(seat, engines, Wire::new(wire), None));
    first_word.ready(&keeper.as_ref().map(|_| ()).map_err(ToString::to_string));
    drop(first_word);
    keeper?.run()
}

fn prepare(life: LifeId, epoch: Epoch, listener: UnixListener) -> Result<Seat, KeeperError> {
    let errno = |e: nix::errno::Errno| io_error("standard input")(e.into());
    be_parent(c"qmux-keeper")?;
    let runtime = runtime_dir()?;
    let null = std::fs::File::open("/dev/null").map_err(io_error("/dev/null"))?;
    nix::unistd::dup2_stdin(&null).map_err(errno)?;
    silence(&runtime)?;
    let socket = runtime.keeper_socket(life, epoch)?;
    Ok(Seat { runtime, life, epoch, socket, listener })
}

/// Closes everything above stderr that whoever started us left open: a terminal or socket of the server's
/// kept open here would outlive it.
fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> =
        entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).filter(|fd| *fd > 2).collect();
    for fd in open {
        // One of them was the directory just read, closed already: EBADF is expected.
        let _ = nix::unistd::close(fd);
    }
}

/// Binds the socket, taking the place of one whose keeper is dead.
fn listen(socket: &Path) -> Result<UnixListener, KeeperError> {
    if UnixStream::connect(socket).is_ok() {
        return Err(KeeperError::Taken(socket.to_path_buf()));
    }
    match std::fs::remove_file(socket) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(io_error(socket.display().to_string())(e));
        }
        _ => {}
    }
    let listener = UnixListener::bind(socket).map_err(io_error(socket.display().to_string()))?;
    listener.set_nonblocking(true).map_err(io_error("the keeper's socket"))?;
    Ok(listener)
}

/// Standard output to nowhere, standard error to the common log of the keepers.
fn silence(runtime: &Runtime) -> Result<(), KeeperError> {
    let errno = |e: nix::errno::Errno| io_error("standard descriptors")(e.into());
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null").map_err(io_error("/dev/null"))?;
    nix::unistd::dup2_stdout(&null).map_err(errno)?;
    let log = runtime.keepers_dir().join("keeper.log");
    let log = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(log);
    nix::unistd::dup2_stderr(log.as_ref().unwrap_or(&null)).map_err(errno)
}
