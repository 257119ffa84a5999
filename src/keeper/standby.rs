//! The process above a keeper, which takes the keeper's place when it dies.
//!
//! A keeper is the parent of its pane's tree and holds the terminal's master: killed alone (by the kernel for
//! want of memory, by a bug of ours) it would take the shell with it. The standby is the keeper's parent, a
//! subreaper itself, and has its own descriptor of the master and of the listening socket. So when the keeper
//! dies no terminal hangs up, the kernel makes the tree the standby's children, whoever connects waits in the
//! socket's backlog, and the standby goes on as the keeper: it may trace, reap and move the tree as the first
//! one could. It does nothing before that. A keeper whose standby died goes on without one.
//!
//! Must not know moves: what a journal says of a tree is the keeper's to judge.

use super::daemon::{Keeper, Seat};
use super::moving::Engines;
use super::pane::{Pane, Root};
use super::start::READY;
use super::{KeeperError, io_error};
use crate::pty::Pty;
use crate::sys::{channel, fdpass};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Longest packet between the two, in bytes.
const PACKET_MAX: usize = 16 << 10;
/// Longest title told, in characters: it is for people.
const TITLE_MAX: usize = 1000;

/// What a keeper tells its standby.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    /// It listens.
    Ready,
    /// It cannot be: why.
    Failed(String),
    /// The pane lives there. The master rides on this, and after it the exit channel of a restored tree
    /// once there is one.
    Has { pid: i32, started: u64, restored: bool, title: String, tty: String },
    /// No pane is there any more.
    HasNone,
}

/// A keeper's end of the wire to its standby; silent for one that has none.
#[derive(Debug, Default)]
pub(super) struct Wire(Option<OwnedFd>);

impl Wire {
    /// Over the descriptor the standby gave.
    pub(super) fn new(socket: OwnedFd) -> Wire {
        Wire(Some(socket))
    }

    /// Whether there is a standby.
    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// The keeper listens, or cannot.
    pub(super) fn ready(&mut self, outcome: &Result<(), String>) {
        match outcome {
            Ok(()) => self.say(&Word::Ready, &[]),
            Err(why) => self.say(&Word::Failed(why.clone()), &[]),
        }
    }

    /// The pane lives here.
    pub(super) fn has(&mut self, pane: &Pane) {
        let exit = match &pane.root {
            Root::Restored(channel) => Some(channel.as_fd()),
            Root::Child | Root::Watched(_) => None,
        };
        let restored = !matches!(pane.root, Root::Child);
        self.tell(pane.pid, restored, &pane.title, pane.pty.tty(), pane.pty.master(), exit);
    }

    /// A restored tree is about to live here: from its first moment its terminal has two holders.
    pub(super) fn will_have(&mut self, pid: i32, title: &str, master: BorrowedFd<'_>) {
        self.tell(pid, true, title, &super::pane::tty_name(master), master, None);
    }

    fn tell(
        &mut self,
        pid: i32,
        restored: bool,
        title: &str,
        tty: &str,
        master: BorrowedFd<'_>,
        exit: Option<BorrowedFd<'_>>,
    ) {
        let word = Word::Has {
            pid,
            started: super::pane::start_time(pid).unwrap_or(0),
            restored,
            title: title.chars().take(TITLE_MAX).collect(),
            tty: tty.into(),
        };
        let fds: Vec<BorrowedFd<'_>> = [Some(master), exit].into_iter().flatten().collect();
        self.say(&word, &fds);
    }

    /// No pane is here any more.
    pub(super) fn has_none(&mut self) {
        self.say(&Word::HasNone, &[]);
    }

    fn say(&mut self, word: &Word, fds: &[BorrowedFd<'_>]) {
        let Some(socket) = &self.0 else { return };
        let packet = serde_json::to_vec(word).unwrap_or_default();
        // The standby reads at once and these packets are small: it fails only when there is none any more.
        if fdpass::send(socket.as_fd(), &packet, fds).is_err() {
            self.0 = None;
        }
    }
}

/// What the dead keeper had.
#[derive(Debug)]
struct Estate {
    pid: i32,
    started: u64,
    restored: bool,
    title: String,
    tty: String,
    master: OwnedFd,
    exit: Option<OwnedFd>,
}

impl Estate {
    fn pane(self) -> Option<Pane> {
        let root = match (self.restored, self.exit) {
            (false, _) => Root::Child,
            (true, Some(channel)) => Root::Restored(channel),
            // It died between letting the tree run and telling: how it ends will not be known, only that.
            (true, None) => Root::Watched(crate::sys::descriptors::pidfd_open(self.pid).ok()?),
        };
        let pty = Pty::adopt(self.master, self.tty).ok()?;
        // The number may be another process's by now.
        let same = super::pane::start_time(self.pid).is_none_or(|now| now == self.started);
        same.then(|| Pane::new(pty, self.pid, root, self.title))
    }
}

/// Starts the keeper of `seat`, says on standard output that it listens (or why not), and stands by until
/// it has ended, or as the keeper until the pane has.
pub(super) fn stand_by(
    seat: Seat,
    engines: Engines,
    silence: impl FnOnce() -> Result<(), KeeperError>,
) -> Result<(), KeeperError> {
    let errno = |what: &'static str| move |e: nix::errno::Errno| io_error(what)(e.into());
    let signals = watched_signals().map_err(errno("signalfd"))?;
    let (wire, theirs) = channel::pair().map_err(io_error("the wire to the keeper"))?;
    let child = start(&seat, theirs)?;
    let mut standby = Standby { wire: Some(wire), signals, child, ready: false, estate: None };
    // Nothing is known to live yet: until then its failure is ours.
    while !standby.ready {
        if let Some(ended) = standby.turn()? {
            let why = format!("it ended with {ended} before it listened");
            return Err(KeeperError::Start(why));
        }
    }
    writeln!(std::io::stdout(), "{READY}").map_err(io_error("the first stage"))?;
    silence()?;
    let ended = loop {
        if let Some(ended) = standby.turn()? {
            break ended;
        }
    };
    if ended.success() {
        return Ok(());
    }
    eprintln!("qmux keeper {}: the keeper ended with {ended}; its standby goes on", seat.life);
    // What it does as it is named; failing costs the name.
    let _ = nix::sys::prctl::set_name(c"qmux-keeper");
    drop(standby.signals);
    let pane = standby.estate.and_then(Estate::pane);
    Keeper::new(seat, engines, Wire::default(), pane)?.run()
}

fn watched_signals() -> nix::Result<SignalFd> {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        set.add(signal);
    }
    set.thread_block()?;
    SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}

/// The keeper gets its socket as standard input and its wire as standard output.
fn start(seat: &Seat, wire: OwnedFd) -> Result<Child, KeeperError> {
    let listener = seat.listener.try_clone().map_err(io_error("the keeper's socket"))?;
    // Not current_exe(): that path leads nowhere once the binary has been replaced by a newer one.
    Command::new("/proc/self/exe")
        .arg0("qmux")
        .args(["keeper", "--attended", "--life", &seat.life.to_string()])
        .args(["--epoch", &seat.epoch.0.to_string()])
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(Stdio::from(wire))
        .spawn()
        .map_err(io_error("starting the keeper"))
}

struct Standby {
    /// Absent when the keeper has closed it.
    wire: Option<OwnedFd>,
    signals: SignalFd,
    child: Child,
    ready: bool,
    estate: Option<Estate>,
}

impl Standby {
    /// Waits for something and takes it in; how the keeper ended, once it has.
    fn turn(&mut self) -> Result<Option<ExitStatus>, KeeperError> {
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.wire.as_ref().map(|wire| PollFd::new(wire.as_fd(), PollFlags::POLLIN)));
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(e) => return Err(io_error("poll")(e.into())),
        }
        let spoke = fds.get(1).and_then(PollFd::revents).is_some_and(|r| !r.is_empty());
        while let Ok(Some(info)) = self.signals.read_signal() {
            if info.ssi_signo != Signal::SIGCHLD as u32 {
                self.pass_on(info.ssi_signo);
            }
        }
        if spoke {
            self.listen()?;
        }
        let ended = self.child.try_wait().map_err(io_error("waiting for the keeper"))?;
        if ended.is_some() {
            // Its last words are in the socket.
            while self.wire.is_some() {
                self.listen()?;
            }
        }
        Ok(ended)
    }

    /// Who ends the machine may have told only us.
    fn pass_on(&self, signal: u32) {
        let keeper = nix::unistd::Pid::from_raw(self.child.id() as i32);
        if let Ok(signal) = Signal::try_from(signal as i32) {
            // Ended meanwhile is as good.
            let _ = nix::sys::signal::kill(keeper, signal);
        }
    }

    /// Takes one word in; blocks until there is one, or the end.
    fn listen(&mut self) -> Result<(), KeeperError> {
        let Some(wire) = &self.wire else { return Ok(()) };
        let mut buffer = vec![0; PACKET_MAX];
        let packet = match channel::receive(wire.as_fd(), &mut buffer) {
            Ok(packet) if packet.len > 0 => packet,
            // The end, or as good as one.
            Ok(_) | Err(_) => {
                self.wire = None;
                return Ok(());
            }
        };
        match serde_json::from_slice(&buffer[..packet.len]) {
            Ok(Word::Ready) => self.ready = true,
            Ok(Word::Failed(why)) => return Err(KeeperError::Start(why)),
            Ok(Word::Has { pid, started, restored, title, tty }) => {
                let mut fds = packet.fds.into_iter();
                self.estate = fds.next().map(|master| Estate {
                    pid,
                    started,
                    restored,
                    title,
                    tty,
                    master,
                    exit: fds.next(),
                });
            }
            Ok(Word::HasNone) => self.estate = None,
            // From this same binary: it cannot be. What was known stays known.
            Err(error) => eprintln!("qmux standby: {error}"),
        }
        Ok(())
    }
}
