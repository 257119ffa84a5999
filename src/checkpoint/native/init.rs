//! The hidden role `qmux --role-init`: a single-threaded process that makes the namespaces and the
//! terminal of a restored tree, lets the skeleton of the tree be born (`skeleton`), and stays as
//! its pid 1: it reaps, reports how the tree's root ended, and ends with the last process.
//!
//! It traces nobody; all memory and register work is done by the keeper from outside.

use super::open;
use super::plan::{Plan, PlanError};
use super::skeleton::{self, Skeleton};
use crate::checkpoint::Tier;
use crate::checkpoint::model::{Pid, TreeImage, Uts};
use crate::sys::clone3::{self, Forked, Parent, SingleThreaded};
use crate::sys::ptmx::{self, Termios2};
use crate::sys::{channel, fdpass, fdtable, namespace, prctl, shared::SharedCounters, signals};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the init role is to build; sent by the keeper in a memfd.
#[derive(Debug, Serialize, Deserialize)]
pub struct InitRequest {
    /// Rights.
    pub tier: Tier,
    /// The tree without mappings and thread states.
    pub tree: TreeImage,
    /// Where each mapped file is on this host; None where nothing maps or executes it here.
    pub mapped: Vec<Option<PathBuf>>,
    /// Which of them to open for mapping: (index, for writing too).
    pub open_mapped: Vec<(u32, bool)>,
    /// Shared anonymous segments that need a file so that several mappings can share them.
    pub open_shm: Vec<u32>,
    /// First high descriptor number.
    pub base: i32,
    /// uid and gid the processes saw at the source.
    pub inside: (u32, u32),
    /// CLOCK_MONOTONIC and CLOCK_BOOTTIME to go on from, ns.
    pub clocks_ns: (i128, i128),
    /// What the host is to be called in the tree.
    pub uts: Option<Uts>,
    /// For tests: leave the modes of the terminal as a new one has them.
    pub leave_termios: bool,
    /// Only try the namespaces and report.
    pub probe: bool,
}

impl InitRequest {
    /// Descriptor number of an open file description during the building.
    pub fn file_fd(&self, file: u32) -> RawFd {
        self.base + file as i32
    }

    /// Descriptor number of a mapped file; kept through exec.
    pub fn mapped_fd(&self, mapped: u32) -> RawFd {
        self.base + (self.tree.files.len() + mapped as usize) as i32
    }

    /// Descriptor number of a shared segment; kept through exec.
    pub fn shm_fd(&self, segment: u32) -> RawFd {
        self.base + (self.tree.files.len() + self.mapped.len() + segment as usize) as i32
    }

    /// First number above all of those.
    pub fn end_fd(&self) -> RawFd {
        self.shm_fd(self.tree.shm.len() as u32)
    }
}

/// First byte of each packet between keeper and init.
pub mod tag {
    /// keeper → init: the request, with a memfd.
    pub const REQUEST: u8 = b'Q';
    /// pid 1 → keeper: it lives (its pid comes with the packet).
    pub const HELLO: u8 = b'H';
    /// pid 1 → keeper: the pty master.
    pub const MASTER: u8 = b'M';
    /// process → keeper: placed, waiting to be traced; its own pid follows.
    pub const READY: u8 = b'R';
    /// anybody → keeper: what failed, as text.
    pub const ERROR: u8 = b'E';
    /// keeper → pid 1: the tree runs; outlive the keeper. After this the one packet that pid 1 sends has
    /// no tag: it is the raw wait status of the tree's root, 4 bytes, little-endian.
    pub const RUN: u8 = b'G';
}

/// Largest packet, bytes.
pub const PACKET_MAX: usize = 4096;
/// Largest request taken, bytes.
const REQUEST_MAX: usize = 512 << 20;

/// What can fail in the init role; its text goes to the keeper.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A system call refused.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// The tree has a shape that cannot be rebuilt.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The request cannot be read.
    #[error("request: {0}")]
    Request(String),
    /// A number the tree needs belongs to another process, group or session.
    #[error("its process number {0} is in use here, and without a user namespace it can have no other")]
    Taken(Pid),
    /// Another process of the skeleton failed and has said why.
    #[error("another process failed")]
    Elsewhere,
}

/// Names what was being done when an I/O error came.
pub trait Doing<T> {
    /// Adds `what` to the error.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, InitError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, InitError> {
        self.map_err(|source| InitError::Io { what: what(), source })
    }
}

impl<T> Doing<T> for nix::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, InitError> {
        self.map_err(|errno| InitError::Io { what: what(), source: errno.into() })
    }
}

/// Entry of the role: standard input is the channel to the keeper, standard output the pipe that
/// starts the processes. Returns an exit code.
pub fn main() -> u8 {
    signals::block_all();
    signals::default_all();
    let Some(proof) = SingleThreaded::check() else {
        return 70;
    };
    // A file capability makes this process undumpable, and then its children cannot be traced (P-22).
    let _ = prctl::set_dumpable(true);
    let control = io::stdin().as_fd().try_clone_to_owned();
    let Ok(control) = control else {
        return 70;
    };
    match serve(proof, control.as_fd()) {
        Ok(code) => code,
        Err(error) => {
            report(control.as_fd(), &error);
            1
        }
    }
}

/// Tells the keeper what failed. One of many may be last to be read, so the first cause is not hidden:
/// "elsewhere" says nothing.
pub fn report(control: BorrowedFd<'_>, error: &InitError) {
    if matches!(error, InitError::Elsewhere) {
        return;
    }
    let mut packet = vec![tag::ERROR];
    packet.extend_from_slice(error.to_string().as_bytes());
    packet.truncate(PACKET_MAX);
    // The keeper may be gone, and then there is nobody to tell.
    let _ = fdpass::send(control, &packet, &[]);
}

fn serve(proof: SingleThreaded, control: BorrowedFd<'_>) -> Result<u8, InitError> {
    let request = read_request(control)?;
    namespaces(&request)?;
    if request.tier.isolates() {
        // As a sibling, pid 1 is the keeper's own child, and this process is not needed any more.
        match clone3::fork_as(proof, None, Parent::CallersParent).doing(|| "fork pid 1".into())? {
            Forked::Parent(_) => return Ok(0),
            Forked::Child => {}
        }
    } else {
        prctl::set_child_subreaper(true).doing(|| "become subreaper".into())?;
    }
    let code = match reign(proof, control, &request) {
        Ok(code) => code,
        Err(error) => {
            report(control, &error);
            1
        }
    };
    clone3::exit_now(i32::from(code))
}

fn read_request(control: BorrowedFd<'_>) -> Result<InitRequest, InitError> {
    let mut buffer = [0; 16];
    let packet = channel::receive(control, &mut buffer).doing(|| "receive the request".into())?;
    let Some(memfd) = packet.fds.into_iter().next().filter(|_| buffer[0] == tag::REQUEST) else {
        return Err(InitError::Request("no request came".into()));
    };
    fdtable::seek(memfd.as_raw_fd(), 0).doing(|| "rewind the request".into())?;
    let bytes = fdtable::read_to_end(memfd.as_raw_fd()).doing(|| "read the request".into())?;
    if bytes.len() > REQUEST_MAX {
        return Err(InitError::Request(format!("{} bytes are too many", bytes.len())));
    }
    rmp_serde::from_slice(&bytes).map_err(|e| InitError::Request(e.to_string()))
}

fn namespaces(request: &InitRequest) -> Result<(), InitError> {
    if !request.tier.isolates() {
        return Ok(());
    }
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let user = request.tier == Tier::User;
    let here = namespace::host_names().doing(|| "read the host's name".into())?;
    let other = request.uts.as_ref().filter(|uts| (&uts.node, &uts.domain) != (&here.0, &here.1));
    namespace::enter_new(namespace::Wanted {
        user,
        pid: true,
        mount: true,
        time: true,
        uts: other.is_some(),
    })
    .doing(|| format!("make the namespaces ({})", request.tier.name()))?;
    if user {
        namespace::map_ids(request.inside.0, uid, request.inside.1, gid).doing(|| "map the user".into())?;
    }
    if let Some(uts) = other {
        namespace::set_host_names(&uts.node, &uts.domain).doing(|| "name the host as it was".into())?;
    }
    if request.clocks_ns != (0, 0) {
        // Offsets count from the initial namespace, and this process may already have some.
        let (monotonic, boottime) = namespace::clocks();
        let now = namespace::time_offsets().doing(|| "read the clock offsets".into())?;
        namespace::set_time_offsets(
            now.0 + request.clocks_ns.0 - monotonic,
            now.1 + request.clocks_ns.1 - boottime,
        )
        .doing(|| "set the clock offsets".into())?;
    }
    Ok(())
}

/// Life of pid 1 (or of the subreaper, without namespaces).
fn reign(proof: SingleThreaded, control: BorrowedFd<'_>, request: &InitRequest) -> Result<u8, InitError> {
    let _ = prctl::set_dumpable(true);
    nix::unistd::setsid().doing(|| "setsid".into())?;
    raise_descriptor_limit(request)?;
    let control =
        fdtable::move_up(dup(control)?, request.end_fd() + 8).doing(|| "move the channel".into())?;
    let go = fdtable::move_up(dup(io::stdout().as_fd())?, request.end_fd() + 8)
        .doing(|| "move the starting pipe".into())?;
    fdtable::close_range(0, request.base as u32 - 1).doing(|| "close what was inherited".into())?;
    // SAFETY is not at stake: the number is this process's own from here to its end.
    let channel = borrow(control)?;
    // The caller's channel is closed by now: what fails from here on is told on this one.
    Ok(build(proof, [control, go], channel.as_fd(), request).unwrap_or_else(|error| {
        report(channel.as_fd(), &error);
        1
    }))
}

/// Mounts, terminals, files, processes; then the wait for the tree's end.
fn build(
    proof: SingleThreaded,
    [control, go]: [RawFd; 2],
    channel: BorrowedFd<'_>,
    request: &InitRequest,
) -> Result<u8, InitError> {
    fdpass::send(channel, &[tag::HELLO], &[]).doing(|| "greet the keeper".into())?;
    if request.tier.isolates() {
        mounts(request)?;
    }
    if request.probe {
        fdpass::send(channel, &[tag::HELLO], &[]).doing(|| "report".into())?;
        return Ok(0);
    }
    let terminals = terminals(request)?;
    let master = &terminals[&request.tree.tty.index];
    fdpass::send(channel, &[tag::MASTER], &[master.as_fd()]).doing(|| "send the pty".into())?;
    let opened = open::all(request, terminals)?;
    let plan = Plan::of(&request.tree)?;
    let counters = SharedCounters::new().doing(|| "map the counters".into())?;
    let skeleton = Skeleton { request, plan: &plan, opened: &opened, counters, control, go, proof };
    let root = skeleton::bear(&skeleton)?;
    // All is inherited by now; what pid 1 keeps would keep pipes and the pty open.
    fdtable::close_range(request.base as u32, request.end_fd() as u32 - 1)
        .doing(|| "close the files".into())?;
    fdtable::close(go);
    reap(channel, root, request.tier)
}

fn dup(fd: BorrowedFd<'_>) -> Result<RawFd, InitError> {
    fd.try_clone_to_owned().map(IntoRawFd::into_raw_fd).doing(|| "duplicate a descriptor".into())
}

/// An owner for a number this process holds to its end.
fn borrow(fd: RawFd) -> Result<OwnedFd, InitError> {
    crate::sys::tty::duplicate(fd).doing(|| "duplicate the channel".into())
}

/// Makes room for all the tree's files at once.
fn raise_descriptor_limit(request: &InitRequest) -> Result<(), InitError> {
    let (soft, hard) = fdtable::limit(libc::RLIMIT_NOFILE).doing(|| "read the descriptor limit".into())?;
    let wanted = request.end_fd() as u64 + 64;
    if hard < wanted {
        return Err(InitError::Request(format!(
            "the tree needs {wanted} descriptors while it is built and the hard limit here is {hard}"
        )));
    }
    if soft < wanted {
        fdtable::set_limit(libc::RLIMIT_NOFILE, hard.min(1 << 20), hard)
            .doing(|| "raise the descriptor limit".into())?;
    }
    Ok(())
}

fn mounts(request: &InitRequest) -> Result<(), InitError> {
    namespace::keep_mounts_private().doing(|| "make the mounts private".into())?;
    // Where parts of the outer proc are hidden (containers) the kernel forbids a new one; the old one
    // still resolves /proc/self (P-31).
    let _ = namespace::mount_proc();
    // gid 5 is the tty group wherever there is one; in a user namespace it is not mapped (P-29).
    let group = (request.tier == Tier::Root).then_some(5);
    namespace::mount_devpts(group).doing(|| "mount devpts".into())?;
    let ptmx = Path::new("/dev/ptmx");
    if !std::fs::symlink_metadata(ptmx).is_ok_and(|m| m.file_type().is_symlink()) {
        namespace::bind(Path::new("/dev/pts/ptmx"), ptmx).doing(|| "bind /dev/ptmx".into())?;
    }
    Ok(())
}

/// The pane's pty master and those inside the tree, by their number at the source, with modes and
/// size as they were.
fn terminals(request: &InitRequest) -> Result<BTreeMap<u32, OwnedFd>, InitError> {
    use crate::checkpoint::model::FileKind;
    let tree = &request.tree;
    let mut wanted: BTreeMap<u32, (Termios2, [u16; 4])> =
        BTreeMap::from([(tree.tty.index, (kernel_modes(&tree.tty.termios), tree.tty.winsize))]);
    for file in &tree.files {
        if let FileKind::PtyMaster { index, termios, winsize, .. } = &file.kind {
            wanted.insert(*index, (kernel_modes(termios), *winsize));
        }
    }
    let mut masters = if request.tier.isolates() {
        numbered_masters(&wanted.keys().copied().collect())?
    } else {
        wanted.keys().map(|index| Ok((*index, new_master("/dev/ptmx")?))).collect::<Result<_, InitError>>()?
    };
    for (index, (modes, size)) in wanted {
        let master = masters.get_mut(&index).ok_or_else(|| InitError::Request("no such pty".into()))?;
        ptmx::unlock(master.as_fd()).doing(|| "unlock the pty".into())?;
        if !(request.leave_termios && index == tree.tty.index) {
            ptmx::set_modes(master.as_fd(), &modes).doing(|| "set the terminal's modes".into())?;
        }
        ptmx::set_size(master.as_fd(), size).doing(|| "set the terminal's size".into())?;
    }
    if request.tier == Tier::Root && request.inside.0 != 0 {
        for index in masters.keys() {
            let _ = std::os::unix::fs::chown(format!("/dev/pts/{index}"), Some(request.inside.0), None);
        }
    }
    Ok(masters)
}

fn new_master(path: &str) -> Result<OwnedFd, InitError> {
    let flags = libc::O_RDWR | libc::O_NOCTTY;
    let fd = fdtable::open(Path::new(path), flags, 0).doing(|| format!("open {path}"))?;
    owned(fd)
}

/// Takes a number made just now into ownership.
fn owned(fd: RawFd) -> Result<OwnedFd, InitError> {
    let owner = crate::sys::tty::duplicate(fd).doing(|| "duplicate a descriptor".into());
    fdtable::close(fd);
    owner
}

/// Opens masters until every wanted number has come: devpts gives the lowest that is free.
fn numbered_masters(wanted: &BTreeSet<u32>) -> Result<BTreeMap<u32, OwnedFd>, InitError> {
    let mut found = BTreeMap::new();
    let mut spare = Vec::new();
    let last = wanted.last().copied().unwrap_or(0);
    while found.len() < wanted.len() {
        let master = new_master("/dev/pts/ptmx")?;
        let index = ptmx::index(master.as_fd()).doing(|| "ask for the pty's number".into())?;
        if wanted.contains(&index) {
            found.insert(index, master);
        } else if index > last {
            return Err(InitError::Request(format!("pty number {last} cannot be had")));
        } else {
            spare.push(master);
        }
    }
    Ok(found)
}

fn kernel_modes(modes: &crate::checkpoint::model::KernelTermios) -> Termios2 {
    Termios2 {
        iflag: modes.iflag,
        oflag: modes.oflag,
        cflag: modes.cflag,
        lflag: modes.lflag,
        line: modes.line,
        cc: modes.cc,
        ispeed: modes.ispeed,
        ospeed: modes.ospeed,
    }
}

/// Reaps until no child is left and says how the root ended. Before the keeper has said that the tree
/// runs, its going away means that nobody wants the tree: then this ends, and a pid namespace with it.
fn reap(control: BorrowedFd<'_>, root: Pid, tier: Tier) -> Result<u8, InitError> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    let children = signals::descriptor_for(libc::SIGCHLD).doing(|| "watch children".into())?;
    let mut running = false;
    loop {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => break,
                Ok(status) => {
                    let (pid, raw) = match status {
                        WaitStatus::Exited(pid, code) => (pid.as_raw(), code << 8),
                        WaitStatus::Signaled(pid, signal, core) => {
                            (pid.as_raw(), signal as i32 | if core { 0x80 } else { 0 })
                        }
                        _ => continue,
                    };
                    if pid == root {
                        let _ = fdpass::send(control, &raw.to_le_bytes(), &[]);
                    }
                }
                Err(nix::errno::Errno::ECHILD) => return Ok(0),
                Err(nix::errno::Errno::EINTR) => {}
                Err(e) => return Err(e).doing(|| "wait".into()),
            }
        }
        let mut fds =
            [PollFd::new(children.as_fd(), PollFlags::POLLIN), PollFd::new(control, PollFlags::POLLIN)];
        let watched = if running { &mut fds[..1] } else { &mut fds[..] };
        match poll(watched, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(e) => return Err(e).doing(|| "poll".into()),
        }
        let mut scratch = [0; 128 * 8];
        let _ = nix::unistd::read(&children, &mut scratch);
        if !running && fds[1].revents().is_some_and(|r| !r.is_empty()) {
            let mut byte = [0; 16];
            match channel::receive(control, &mut byte) {
                Ok(packet) if packet.len > 0 && byte[0] == tag::RUN => running = true,
                _ => {
                    abandon(tier);
                    return Ok(1);
                }
            }
        }
    }
}

/// Without a pid namespace nobody else ends the half-built tree.
fn abandon(tier: Tier) {
    if tier.isolates() {
        return;
    }
    let own = std::process::id();
    let Ok(children) = std::fs::read_to_string(format!("/proc/self/task/{own}/children")) else {
        return;
    };
    for child in children.split_ascii_whitespace().filter_map(|word| word.parse().ok()) {
        let _ = signals::send(child, libc::SIGKILL);
    }
}

/// A path from the bytes of an image.
pub fn path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}
