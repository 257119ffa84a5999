//! The detached keeper: one poll loop around one pane and at most one server.

use super::attach::WAITING_MAX;
use super::faults::Faults;
use super::link::{HIGH_WATER, Link};
use super::meta::{self, KeeperRecord};
use super::moving::{Engines, Past, Work};
use super::pane::{INPUT_MAX, Pane, Root, start_time};
use super::ring::{Ring, UNSEEN_MAX};
use super::standby::Wire;
use super::{KeeperError, info, io_error};
use crate::ids::{Epoch, ExitStatus, LifeId, MoveId, Size};
use crate::protocol::keeper::{FromKeeper, MoveReport, PaneInfo, PaneSpec, ToKeeper};
use crate::protocol::{Bytes, MAX_CHUNK};
use crate::sys::child::{self, Ended};
use crate::transport::runtime::Runtime;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// An empty keeper nobody comes to ends after this.
const EMPTY_LIFE: Duration = Duration::from_secs(60);
/// The status of an ended pane is kept this long for a server that never comes.
const EXITED_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Delay between something happening in a pane and looking what it runs now (only without `want_master`).
const INFO_DELAY: Duration = Duration::from_millis(250);
/// Time a keeper whose pane has left waits for a server to tell it to.
const TELL_PATIENCE: Duration = Duration::from_secs(10);
/// Reads made of an ended pane before its end is told; the kernel holds less than this.
pub(super) const LAST_READS: usize = 64;
/// Bytes of input taken in between two words on it.
const TAKEN_STEP: u64 = 4096;
/// Window size told before there is a terminal.
pub(super) const NO_SIZE: Size = Size { cols: 80, rows: 24 };

/// Where a keeper sits: what it is called and where it is reached.
pub(super) struct Seat {
    pub(super) runtime: Runtime,
    pub(super) life: LifeId,
    pub(super) epoch: Epoch,
    /// Path of the listening socket.
    pub(super) socket: PathBuf,
    pub(super) listener: UnixListener,
}

/// A keeper, empty or with its pane.
pub(super) struct Keeper {
    pub(super) runtime: Runtime,
    pub(super) life: LifeId,
    pub(super) epoch: Epoch,
    socket: PathBuf,
    pub(super) listener: UnixListener,
    signals: SignalFd,
    pub(super) waiting: Vec<Link>,
    pub(super) link: Option<Link>,
    pub(super) pane: Option<Pane>,
    /// To the process that takes our place.
    pub(super) standby: Wire,
    pub(super) ring: Ring,
    /// Number of this process among those that keep the pane: its counts are its own.
    pub(super) number: u64,
    /// Bytes of input taken in, and of those the server has been told of.
    pub(super) input_taken: u64,
    input_told: u64,
    pub(super) exited: Option<ExitStatus>,
    record: KeeperRecord,
    pub(super) info: Option<PaneInfo>,
    pub(super) info_due: Option<Instant>,
    /// Since when nobody has needed this keeper: no pane, or an ended one.
    pub(super) idle_since: Option<Instant>,
    ending: bool,
    /// The server wants to hear no exit status (it has killed the pane, and may be gone itself).
    dismissed: bool,
    /// The pane has left this keeper, which stays until a server has been told or this moment.
    pub(super) leaving_by: Option<Instant>,
    /// How the last move ended, told again to a server that attaches: the link may have broken over it.
    pub(super) last_report: Option<MoveReport>,
    /// The server has gone since the machines were last told.
    pub(super) link_lost: bool,
    pub(super) engines: Engines,
    pub(super) faults: Faults,
    /// Start of this keeper's clock.
    pub(super) clock: Instant,
    pub(super) work: Option<Work>,
    pub(super) past: Vec<Past>,
    /// The server has let go of the terminal for this move.
    pub(super) held: Option<MoveId>,
    /// A tree that an earlier keeper of this life and epoch wrote down.
    pub(super) left_root: Option<i32>,
    pub(super) buffer: Vec<u8>,
}

/// Which descriptor of a poll said something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Signals,
    Listener,
    Waiting(usize),
    Link,
    Master,
    ExitChannel,
    Worker,
}

impl Keeper {
    /// A keeper on a listening socket, empty, or with the pane that a dead one left.
    pub(super) fn new(
        seat: Seat,
        engines: Engines,
        standby: Wire,
        left: Option<Pane>,
    ) -> Result<Keeper, KeeperError> {
        let Seat { runtime, life, epoch, socket, listener } = seat;
        let errno = |what: &'static str| move |e: nix::errno::Errno| io_error(what)(e.into());
        let mut set = SigSet::empty();
        for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
            set.add(signal);
        }
        // Blocked here, open again in what we start: portable-pty and std reset the mask.
        set.thread_block().map_err(errno("sigprocmask"))?;
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .map_err(errno("signalfd"))?;
        let record = KeeperRecord::new(&runtime, life, epoch);
        record.write(&socket)?;
        // They strike once in the life of a keeper, and whoever takes its place goes on in it.
        let faults = if standby.is_there() { Faults::from_env() } else { Faults::default() };
        let mut keeper = Keeper {
            runtime,
            life,
            epoch,
            socket,
            listener,
            signals,
            waiting: Vec::new(),
            link: None,
            pane: left,
            standby,
            ring: Ring::default(),
            number: super::moving::random_number(),
            input_taken: 0,
            input_told: 0,
            exited: None,
            record,
            info: None,
            info_due: None,
            idle_since: Some(Instant::now()),
            ending: false,
            dismissed: false,
            leaving_by: None,
            last_report: None,
            link_lost: false,
            engines,
            faults,
            clock: Instant::now(),
            work: None,
            past: Vec::new(),
            held: None,
            left_root: None,
            buffer: vec![0; MAX_CHUNK],
        };
        keeper.take_up_journal();
        keeper.settle_in();
        Ok(keeper)
    }

    /// The pane of a dead keeper is ours now, unless the journal has taken it away.
    fn settle_in(&mut self) {
        let Some(pane) = &self.pane else { return };
        let (pid, is_child) = (pane.pid, matches!(pane.root, Root::Child));
        self.idle_since = None;
        self.note_pane();
        // It may have ended before our signals were watched, and been reaped by the dead one.
        self.reap();
        if is_child && self.exited.is_none() && start_time(pid).is_none() {
            self.on_exit(ExitStatus::Signal(Signal::SIGKILL as i32));
        }
    }

    /// Serves until the pane has ended and that has been taken in, or nobody wants the keeper.
    pub(super) fn run(mut self) -> Result<(), KeeperError> {
        let done = loop {
            if let Err(error) = self.turn() {
                break Err(error);
            }
            let writing = self.work.as_ref().is_some_and(Work::is_writing);
            if self.ending && !writing && self.link.as_ref().is_none_or(|l| l.queued() == 0) {
                break Ok(());
            }
        };
        if done.is_ok() {
            meta::remove(&self.socket);
        }
        done
    }

    fn turn(&mut self) -> Result<(), KeeperError> {
        for source in self.wait()? {
            match source {
                Source::Signals => self.on_signals(),
                Source::Listener => self.accept(),
                Source::Waiting(i) => self.on_waiting(i),
                Source::Link => self.on_link(),
                Source::Master => self.on_master(),
                Source::ExitChannel => self.on_exit_channel(),
                Source::Worker => self.on_worker(),
            }
        }
        let now = Instant::now();
        self.on_time(now);
        self.on_move_time(now);
        self.flush();
        self.on_room();
        if std::mem::take(&mut self.link_lost) {
            self.on_link_lost();
            if self.pane.is_none() && self.work.is_none() && self.past.is_empty() {
                self.ending = true;
            }
        }
        Ok(())
    }

    /// Waits until something is to be done.
    fn wait(&self) -> Result<Vec<Source>, KeeperError> {
        let mut sources = vec![Source::Signals, Source::Listener];
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(
                self.listener.as_fd(),
                if self.waiting.len() < WAITING_MAX { PollFlags::POLLIN } else { PollFlags::empty() },
            ),
        ];
        for (i, waiting) in self.waiting.iter().enumerate() {
            sources.push(Source::Waiting(i));
            fds.push(PollFd::new(waiting.fd(), PollFlags::POLLIN));
        }
        if let Some(link) = &self.link {
            let mut flags = PollFlags::empty();
            if self.pane.as_ref().is_none_or(|p| p.input.len() < INPUT_MAX) {
                flags |= PollFlags::POLLIN;
            }
            if link.queued() > 0 {
                flags |= PollFlags::POLLOUT;
            }
            sources.push(Source::Link);
            fds.push(PollFd::new(link.fd(), flags));
        }
        if let Some(pane) = &self.pane {
            let mut flags = PollFlags::empty();
            if !pane.eof && self.reads_master() {
                flags |= PollFlags::POLLIN;
            }
            if !pane.eof && !pane.input.is_empty() && self.held.is_none() {
                flags |= PollFlags::POLLOUT;
            }
            // Without a flag poll would still report the hang-up of a dead terminal, again and again.
            if !flags.is_empty() {
                sources.push(Source::Master);
                fds.push(PollFd::new(pane.pty.master(), flags));
            }
            if let (Root::Restored(channel) | Root::Watched(channel), None) = (&pane.root, self.exited) {
                sources.push(Source::ExitChannel);
                fds.push(PollFd::new(channel.as_fd(), PollFlags::POLLIN));
            }
        }
        if let Some(fd) = self.work.as_ref().and_then(Work::fd) {
            sources.push(Source::Worker);
            fds.push(PollFd::new(fd, PollFlags::POLLIN));
        }
        match poll(&mut fds, self.timeout()) {
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => return Ok(Vec::new()),
            Err(e) => return Err(io_error("poll")(e.into())),
        }
        let said = fds.iter().map(|fd| fd.revents().is_some_and(|r| !r.is_empty()));
        // Backwards, so that dropping waiting connection 2 does not make 1 another one.
        Ok(sources.into_iter().zip(said).filter(|(_, said)| *said).map(|(source, _)| source).rev().collect())
    }

    fn timeout(&self) -> PollTimeout {
        let next = [
            self.info_due,
            self.pane.as_ref().and_then(|p| p.ending.map(|(at, _)| at)),
            self.idle_since.filter(|_| self.link.is_none()).map(|since| since + self.patience()),
            self.work.as_ref().and_then(|w| w.deadline(self.clock)),
            self.leaving_by,
        ];
        match next.into_iter().flatten().min() {
            None => PollTimeout::NONE,
            Some(at) => {
                // Rounded up: a timeout of 0 before the time would spin.
                let left = at.saturating_duration_since(Instant::now()).as_millis() + 1;
                PollTimeout::try_from(left.min(3_600_000) as i32).unwrap_or(PollTimeout::MAX)
            }
        }
    }

    fn patience(&self) -> Duration {
        if self.exited.is_some() { EXITED_LIFE } else { EMPTY_LIFE }
    }

    /// Whether output is ours to read: nobody has the master, and whoever gets it keeps up.
    fn reads_master(&self) -> bool {
        match &self.link {
            _ if self.held.is_some() => false,
            None => true,
            Some(link) => !link.has_master && link.queued() < HIGH_WATER && self.ring.len() < UNSEEN_MAX,
        }
    }

    fn on_signals(&mut self) {
        while let Ok(Some(info)) = self.signals.read_signal() {
            if info.ssi_signo == Signal::SIGTERM as u32
                && let Some(pane) = &mut self.pane
            {
                // The machine goes down, or an administrator means it: the pane is told as a terminal would.
                pane.hang_up(0, Instant::now());
            }
        }
        self.reap();
    }

    pub(super) fn reap(&mut self) {
        // A stop of a traced process would be swallowed here, and the engine wait for it for ever.
        if self.work.as_ref().is_some_and(|w| w.guarded) {
            return;
        }
        while let Ok(Some((pid, ended))) = child::reap(-1) {
            let ours = self.pane.as_ref().is_some_and(|p| p.pid == pid && matches!(p.root, Root::Child));
            if ours {
                self.on_exit(exit_status(ended));
            }
        }
    }

    fn on_exit_channel(&mut self) {
        let ended = match self.pane.as_ref().map(|p| &p.root) {
            Some(Root::Restored(channel)) => read_exit(channel),
            // Nobody is left who knows how it ended.
            Some(Root::Watched(_)) => Ok(Some(ExitStatus::Signal(Signal::SIGKILL as i32))),
            Some(Root::Child) | None => return,
        };
        match ended {
            Ok(None) => {}
            Ok(Some(status)) => self.on_exit(status),
            Err(error) => {
                eprintln!("qmux keeper {}: exit channel: {error}", self.life);
                self.on_exit(ExitStatus::Signal(Signal::SIGKILL as i32));
            }
        }
    }

    pub(super) fn on_exit(&mut self, status: ExitStatus) {
        // What it last said comes before the word that it has ended.
        // A job it left behind may go on writing for ever: that is not waited for.
        for _ in 0..LAST_READS {
            if self.pane.as_ref().is_none_or(|p| p.eof) || !self.reads_output_once() {
                break;
            }
        }
        self.exited = Some(status);
        self.idle_since = Some(Instant::now());
        self.send(&FromKeeper::Exited(status));
        self.ending |= self.dismissed;
        self.on_tree_ended();
    }

    pub(super) fn on_message(&mut self, message: ToKeeper) {
        match message {
            ToKeeper::Attach { want_master, seen, .. } => {
                if let Some(link) = &mut self.link {
                    (link.has_master, link.counts) = (want_master, seen.is_some());
                }
                self.welcome_who_has(seen);
            }
            ToKeeper::Input(bytes) => self.on_input(&bytes),
            ToKeeper::InputAt { at, bytes } => {
                // What came over an earlier link is not typed twice.
                let known = self.input_taken.saturating_sub(at).min(bytes.len() as u64);
                self.on_input(&bytes[known as usize..]);
                self.tell_taken();
            }
            ToKeeper::OutputSeen { upto } => self.ring.forget(upto),
            ToKeeper::Resize(size) => {
                if let Some(pane) = &self.pane
                    && let Err(error) = pane.pty.resize(Size::new(size.cols, size.rows))
                {
                    self.fail(1, "resize", error.to_string());
                }
            }
            ToKeeper::Signal { signal } => {
                if let Some(pane) = &self.pane
                    && let Err(error) = pane.signal(signal)
                {
                    self.fail(1, "signal", error.to_string());
                }
            }
            ToKeeper::Kill { grace_ms } => match &mut self.pane {
                Some(pane) => pane.hang_up(grace_ms, Instant::now()),
                None => self.ending = true,
            },
            ToKeeper::AskInfo => {
                self.info = None;
                self.look();
            }
            ToKeeper::Spawn(spec) => self.spawn(&spec),
            ToKeeper::ExitSeen => {
                self.dismissed = true;
                self.ending |= self.exited.is_some();
            }
            ToKeeper::Held
            | ToKeeper::AskVerdict { .. }
            | ToKeeper::MoveOut { .. }
            | ToKeeper::MoveIn { .. }
            | ToKeeper::Migration { .. }
            | ToKeeper::MovePeer { .. }
            | ToKeeper::Checkpoint { .. }
            | ToKeeper::Restore { .. }
            | ToKeeper::Resolve { .. }
            | ToKeeper::AbortMove { .. } => self.on_move_message(message),
        }
    }

    /// The server need not keep this for a time after a broken link; said rarely, for it only saves memory.
    fn tell_taken(&mut self) {
        if self.input_taken - self.input_told >= TAKEN_STEP {
            self.input_told = self.input_taken;
            self.send(&FromKeeper::InputTaken { upto: self.input_taken });
        }
    }

    fn on_input(&mut self, bytes: &[u8]) {
        self.input_taken += bytes.len() as u64;
        let Some(pane) = &mut self.pane else { return };
        pane.input.extend(bytes);
        self.write_input();
    }

    fn write_input(&mut self) {
        if self.held.is_some() {
            return;
        }
        let Some(pane) = &mut self.pane else { return };
        if let Err(error) = pane.write_input() {
            eprintln!("qmux keeper {}: pty master: {error}", self.life);
            pane.input.clear();
        }
        self.expect_change();
    }

    fn spawn(&mut self, spec: &PaneSpec) {
        if self.pane.is_some() {
            return self.fail(5, "not-empty", "this keeper has a pane already");
        }
        match Pane::spawn(spec) {
            Ok(pane) => self.fill(pane),
            Err(error) => {
                self.send(&FromKeeper::SpawnFailed { error: error.to_string() });
                self.ending = true;
            }
        }
    }

    /// The pane has come to life here.
    pub(super) fn fill(&mut self, pane: Pane) {
        self.standby.has(&pane);
        self.pane = Some(pane);
        self.idle_since = None;
        self.note_pane();
        self.welcome();
    }

    fn note_pane(&mut self) {
        let Some(pane) = &self.pane else { return };
        self.record.pid = pane.pid;
        self.record.command = pane.title.clone();
        if let Err(error) = self.record.write(&self.socket) {
            // A note for people and for the next server; the pane matters more.
            eprintln!("qmux keeper {}: {error}", self.life);
        }
    }

    fn on_master(&mut self) {
        self.write_input();
        if self.reads_master() {
            self.reads_output_once();
        }
    }

    /// Reads output once; whether there may be more. Reads nothing if the server has the master.
    fn reads_output_once(&mut self) -> bool {
        if self.pane.is_none() || self.link.as_ref().is_some_and(|l| l.has_master) {
            return false;
        }
        self.read_output()
    }

    /// Reads output once, though the server may have the master: it has let go of it.
    pub(super) fn read_output_held(&mut self) -> bool {
        self.pane.as_ref().is_some_and(|p| !p.eof) && self.read_output()
    }

    fn read_output(&mut self) -> bool {
        let Some(pane) = &mut self.pane else { return false };
        match pane.pty.read(&mut self.buffer) {
            Ok(0) => {
                pane.eof = true;
                false
            }
            Ok(n) => {
                match &mut self.link {
                    Some(link) => {
                        link.send(&FromKeeper::Output(Bytes::from(&self.buffer[..n])));
                        match link.counts && !link.has_master {
                            true => self.ring.push_sent(&self.buffer[..n]),
                            false => self.ring.pass(n),
                        }
                    }
                    None => self.ring.push(&self.buffer[..n]),
                }
                self.expect_change();
                true
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => true,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                eprintln!("qmux keeper {}: pty master: {error}", self.life);
                pane.eof = true;
                false
            }
        }
    }

    /// The pane is not here any longer.
    pub(super) fn leave_nothing(&mut self) {
        self.standby.has_none();
        self.pane = None;
        self.held = None;
        self.record.pid = 0;
    }

    /// This keeper is of no further use; it ends when the server has been told.
    pub(super) fn end(&mut self, why: &str) {
        self.send(&FromKeeper::Bye { why: why.into() });
        match self.link {
            Some(_) => self.ending = true,
            None => self.leaving_by = Some(Instant::now() + TELL_PATIENCE),
        }
    }

    /// Something happened in the pane: another program may be in front soon.
    fn expect_change(&mut self) {
        if self.link.is_some() && self.info_due.is_none() {
            self.info_due = Some(Instant::now() + INFO_DELAY);
        }
    }

    /// Looks what the pane runs and tells if that has changed.
    fn look(&mut self) {
        self.info_due = None;
        let Some(pane) = &self.pane else { return };
        if self.exited.is_some() {
            return;
        }
        let now = info::of(pane.pty.master(), pane.pid, pane.pty.tty());
        if self.info.as_ref() != Some(&now) {
            self.send(&FromKeeper::Info(now.clone()));
            self.info = Some(now);
        }
    }

    fn on_time(&mut self, now: Instant) {
        if self.info_due.is_some_and(|at| at <= now) {
            match &self.link {
                // With the master in hand the server looks by itself.
                Some(link) if !link.has_master => self.look(),
                _ => self.info_due = None,
            }
        }
        if let Some(pane) = &mut self.pane
            && let Some((_, kill)) = pane.ending.take_if(|(at, _)| *at <= now)
            && self.exited.is_none()
        {
            if kill {
                pane.signal_all(&[Signal::SIGKILL]);
            } else {
                // It would not hear the hang-up: it loses its terminal, and this keeper with it, as it
                // would with any other terminal program.
                self.on_exit(ExitStatus::Signal(Signal::SIGHUP as i32));
                self.leave_nothing();
            }
        }
        if self.leaving_by.is_some_and(|by| by <= now) {
            self.ending = true;
        }
        if self.link.is_none() && self.idle_since.is_some_and(|since| since + self.patience() <= now) {
            self.ending = true;
        }
    }

    fn flush(&mut self) {
        if let Some(link) = &mut self.link
            && let Err(error) = link.flush()
        {
            self.lose_link(&error);
        }
    }
}

/// Reads how a restored tree's first process ended off its channel, a raw wait status: `None` if it is not
/// there yet.
fn read_exit(channel: &std::os::fd::OwnedFd) -> io::Result<Option<ExitStatus>> {
    let mut word = [0; 4];
    match nix::unistd::read(channel, &mut word) {
        Ok(4) => {
            let status = i32::from_le_bytes(word);
            let ended = child::ended(status);
            ended.map(exit_status).map(Some).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("wait status {status:#x} is no end"))
            })
        }
        Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the init of the restored tree is gone")),
        Ok(n) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{n} bytes instead of 4"))),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

pub(super) fn exit_status(ended: Ended) -> ExitStatus {
    match ended {
        Ended::Code(code) => ExitStatus::Code(code),
        Ended::Signal(signal) => ExitStatus::Signal(signal),
    }
}
