//! A keeper at work on a move or a checkpoint: the machines of `migration` and the engine's thread, driven
//! by the keeper's poll loop.
//!
//! Owns the order of things around the machines: Hold and Held before a freeze, the terminal read dry after
//! it, credit for what is on its way, records on disk before what follows from them. Must not know the
//! rules of the handover; those are the machines'.

mod arrive;
mod consider;
mod files;
mod journal;
mod kept;
mod leave;
mod places;
mod precopy;
mod save;
mod worker;

use super::daemon::Keeper;
use super::faults::Faults;
use super::info::{self, Stat};
use super::pane::start_time;
use crate::checkpoint::{Checkpointer, Refusal};
use crate::ids::MoveId;
use crate::migration::{Destination, DestinationInput, Fate, Resolution, Root, Source, SourceInput};
use crate::protocol::Bytes;
use crate::protocol::keeper::{
    FromKeeper, KeeperState, MoveOptions, MoveOutcome, MoveReport, ToKeeper, Trouble,
};
use crate::protocol::migration::{self as wire, Message};
use arrive::Arriving;
use leave::Leaving;
use save::{Loading, Saving};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};
use worker::{Event, Worker};

/// Gives the engine of a name, on the thread that is to use it.
pub type Engines = fn(&str) -> Option<Box<dyn Checkpointer>>;

/// Image bytes on their way that have not been taken in at the destination.
pub(super) const WINDOW: u64 = 4 << 20;
/// Longest wait for the server's `Held`.
pub(super) const HELD_PATIENCE: Duration = Duration::from_secs(5);
/// Ended moves that are still answered for.
const PAST_MAX: usize = 16;
/// Time between two words on progress.
const PROGRESS: Duration = Duration::from_millis(100);

/// A trouble in one line; see `migration::report::trouble`.
pub(super) fn trouble(class: u8, code: &str, cause: impl Into<String>) -> Trouble {
    crate::migration::report::trouble(class, code, cause, "")
}

pub(super) fn refusal(why: &Refusal) -> Trouble {
    let object = if why.object.is_empty() { String::new() } else { format!(" ({})", why.object) };
    Trouble {
        class: 3,
        code: why.code.clone(),
        cause: format!("{} (pid {}): {}{object}", why.program, why.pid, why.cause),
        cure: why.cure.clone(),
    }
}

/// What the keeper is at.
pub(super) struct Work {
    pub(super) move_id: MoveId,
    /// Absent after a restart: what an earlier keeper's engine held has been let go by the kernel.
    worker: Option<Worker>,
    /// The engine holds the tree: nobody else may wait for its processes.
    pub(super) guarded: bool,
    /// `Hold` has been said; until when `Held` is waited for.
    held_by: Option<Instant>,
    started: Instant,
    frozen: Option<Instant>,
    frozen_us: u64,
    /// Bytes of image until the link is cut by a fault.
    cut_after: Option<u64>,
    progress_at: Instant,
    kind: Kind,
}

enum Kind {
    Ask,
    Leave(Box<Leaving>),
    Arrive(Box<Arriving>),
    Save(Saving),
    Load(Loading),
}

/// A move that is over and may still be asked about.
pub(super) enum Past {
    Left(Source),
    Arrived(Destination),
}

impl Past {
    fn move_id(&self) -> MoveId {
        match self {
            Past::Left(machine) => machine.move_id(),
            Past::Arrived(machine) => machine.move_id(),
        }
    }
}

impl Work {
    fn new(move_id: MoveId, worker: Option<Worker>, kind: Kind) -> Work {
        let now = Instant::now();
        Work {
            move_id,
            worker,
            guarded: false,
            held_by: None,
            started: now,
            frozen: None,
            frozen_us: 0,
            cut_after: None,
            progress_at: now,
            kind,
        }
    }

    /// For poll.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.worker.as_ref().map(Worker::fd)
    }

    /// When the next thing is due, by the keeper's clock that started at `clock`.
    pub(super) fn deadline(&self, clock: Instant) -> Option<Instant> {
        let machine = match &self.kind {
            Kind::Leave(leaving) => leaving.machine.as_ref().and_then(Source::next_deadline_ms),
            Kind::Arrive(arriving) => arriving.machine.next_deadline_ms(),
            Kind::Ask | Kind::Save(_) | Kind::Load(_) => None,
        };
        machine.map(|ms| clock + Duration::from_millis(ms)).into_iter().chain(self.held_by).min()
    }

    /// What to tell a server that attaches.
    pub(super) fn state(&self) -> Option<KeeperState> {
        match &self.kind {
            Kind::Leave(leaving) => match &leaving.machine {
                Some(machine) if machine.phase() == "undecided" => Some(KeeperState::Undecided(self.move_id)),
                Some(machine) if !machine.pane_runs_here() => Some(KeeperState::Held(self.move_id)),
                _ => None,
            },
            Kind::Arrive(arriving) if arriving.machine.phase() == "undecided" => {
                Some(KeeperState::Undecided(self.move_id))
            }
            Kind::Arrive(_) | Kind::Load(_) => Some(KeeperState::Arriving(self.move_id)),
            Kind::Save(_) if self.frozen.is_some() => Some(KeeperState::Held(self.move_id)),
            Kind::Ask | Kind::Save(_) => None,
        }
    }

    fn begin(&self, command: worker::Command) {
        if let Some(worker) = &self.worker {
            worker.begin(command);
        }
    }

    fn finish(&self, command: worker::Command) -> Result<(), Trouble> {
        self.worker.as_ref().map_or(Ok(()), |worker| worker.finish(command))
    }

    /// An image is being written of a program that may end meanwhile; somebody waits for it.
    pub fn is_writing(&self) -> bool {
        matches!(&self.kind, Kind::Save(saving) if saving.writing && !saving.over)
    }

    fn thawed(&mut self) {
        self.guarded = false;
        if let Some(since) = self.frozen.take() {
            self.frozen_us = since.elapsed().as_micros() as u64;
        }
    }
}

/// The tree's root for a journal: pid and start time.
fn root_of(pid: i32) -> Root {
    Root { pid, started: start_time(pid).unwrap_or(0) }
}

/// What has become of a tree an earlier keeper wrote down.
///
/// A sealed tree is sent SIGKILL by the kernel when its keeper dies (exit_ptrace), before anybody can have
/// waited for that keeper, and is seen in /proc for a moment more. It will never run again, so it must not be
/// taken for alive: the signal pending or PF_EXITING tell. Between the two a dying process shows neither, and
/// is running then; so one that is found running is looked at again.
fn fate_of(root: &Root) -> Fate {
    /// include/linux/sched.h
    const PF_EXITING: u64 = 4;
    const LOOKS: u32 = 40;
    for _ in 0..LOOKS {
        // First: were it asked second, a signal could have been taken in between.
        let killed = info::is_being_killed(root.pid);
        match info::stat(root.pid) {
            Some(stat) if stat.started != root.started => return Fate::Dead,
            None | Some(Stat { state: 'Z' | 'X' | 'x', .. }) => return Fate::Dead,
            Some(stat) if killed || stat.flags & PF_EXITING != 0 => return Fate::Partly,
            Some(Stat { state: 'R', .. }) => std::thread::sleep(Duration::from_millis(5)),
            Some(_) => return Fate::Alive,
        }
    }
    Fate::Alive
}

/// 16 random bytes of the kernel's.
fn random() -> [u8; 16] {
    use std::io::Read;
    let mut bytes = [0; 16];
    // Without /dev/urandom the clock has to do: the number only has to differ from this keeper's others.
    let read = std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes));
    if read.is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_nanos().to_le_bytes();
    }
    bytes
}

/// Eight of them as a number that is not 0.
pub(super) fn random_number() -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = random();
    u64::from_le_bytes([a, b, c, d, e, f, g, h]).max(1)
}

fn engine_name(options: &MoveOptions) -> &str {
    match options.engine.as_str() {
        "" | "auto" => "native",
        other => other,
    }
}

impl Keeper {
    pub(super) fn now_ms(&self) -> u64 {
        self.clock.elapsed().as_millis() as u64
    }

    /// A message of the server's that is about a move or a checkpoint.
    pub(super) fn on_move_message(&mut self, message: ToKeeper) {
        match message {
            ToKeeper::AskVerdict { options } => self.ask_verdict(options),
            ToKeeper::MoveOut { move_id, to, options } => self.move_out(move_id, to, options),
            ToKeeper::MoveIn { move_id, from } => self.move_in(move_id, &from),
            ToKeeper::Migration { move_id, bytes } => self.on_migration(move_id, &bytes),
            ToKeeper::MovePeer { move_id, connected } => self.on_peer_link(move_id, connected),
            ToKeeper::Held => self.on_held(),
            ToKeeper::Checkpoint { path, screen, keep_running } => {
                self.save(path.into(), screen.into_vec(), keep_running);
            }
            ToKeeper::Restore { path, clone } => self.load(path.into(), clone),
            ToKeeper::Resolve { move_id, here } => {
                let resolution = if here { Resolution::Here } else { Resolution::There };
                self.tell_machine(
                    move_id,
                    SourceInput::Resolve(resolution),
                    DestinationInput::Resolve(resolution),
                );
            }
            ToKeeper::AbortMove { move_id } => {
                let why = trouble(1, "cancelled", "The move was given up");
                self.tell_machine(move_id, SourceInput::Cancel(why.clone()), DestinationInput::Cancel(why));
            }
            ToKeeper::Attach { .. }
            | ToKeeper::Input(_)
            | ToKeeper::InputAt { .. }
            | ToKeeper::OutputSeen { .. }
            | ToKeeper::Resize(_)
            | ToKeeper::Signal { .. }
            | ToKeeper::Kill { .. }
            | ToKeeper::AskInfo
            | ToKeeper::Spawn(_)
            | ToKeeper::ExitSeen => {}
        }
    }

    /// Tells whichever machine this keeper runs, if it is of that move.
    fn tell_machine(&mut self, move_id: MoveId, source: SourceInput, destination: DestinationInput) {
        let Some(mut work) = self.work.take_if(|w| w.move_id == move_id) else { return };
        match work.kind {
            Kind::Leave(_) => self.drive_leave(&mut work, source),
            Kind::Arrive(_) => self.drive_arrive(&mut work, destination),
            Kind::Ask | Kind::Save(_) | Kind::Load(_) => {}
        }
        self.put_back(work);
    }

    fn on_migration(&mut self, move_id: MoveId, bytes: &[u8]) {
        let message = match wire::decode(bytes) {
            Ok(message) => message,
            Err(wire::MessageError::Unknown(_)) => return,
            Err(error) => {
                let why = trouble(6, "protocol", error.to_string());
                return self.tell_machine(
                    move_id,
                    SourceInput::Cancel(why.clone()),
                    DestinationInput::Cancel(why),
                );
            }
        };
        if self.work.as_ref().is_some_and(|w| w.move_id == move_id) {
            if let Message::Credit { bytes } = message {
                return self.on_credit(bytes);
            }
            return self.tell_machine(
                move_id,
                SourceInput::Peer(message.clone()),
                DestinationInput::Peer(message),
            );
        }
        self.answer_for_past(move_id, &message);
    }

    /// A question about a move that is over, or that this keeper has never heard of.
    fn answer_for_past(&mut self, move_id: MoveId, message: &Message) {
        let now = self.now_ms();
        let Some(i) = self.past.iter().position(|p| p.move_id() == move_id) else {
            let answer = Source::stranger(message).or_else(|| Destination::stranger(message));
            if let Some(answer) = answer {
                self.say_to_peer(move_id, &answer);
            }
            return;
        };
        let mut past = self.past.remove(i);
        match &mut past {
            Past::Left(machine) => {
                let outputs = machine.handle(now, SourceInput::Peer(message.clone()));
                self.say_past_source(move_id, outputs);
            }
            Past::Arrived(machine) => {
                let outputs = machine.handle(now, DestinationInput::Peer(message.clone()));
                // The source runs it: an image that was left for want of anything else is not needed.
                if matches!(message, Message::Abort(_))
                    && !machine.has_arrived()
                    && let Some(mut kept) = kept::KeptImage::new(self.life, self.epoch, move_id)
                {
                    kept.remove();
                }
                self.say_past_destination(move_id, outputs);
            }
        }
        self.past.insert(i, past);
    }

    fn say_past_source(&mut self, move_id: MoveId, outputs: Vec<crate::migration::SourceOutput>) {
        use crate::migration::SourceOutput;
        for output in outputs {
            match output {
                SourceOutput::Send(message) => self.say_to_peer(move_id, &message),
                SourceOutput::Report(report) => self.tell_report(report.to_wire()),
                // The tree is out of the engine's hands, and the journal is closed.
                SourceOutput::Journal(_) | SourceOutput::Engine(_) => {}
            }
        }
    }

    fn say_past_destination(&mut self, move_id: MoveId, outputs: Vec<crate::migration::DestinationOutput>) {
        use crate::migration::DestinationOutput;
        for output in outputs {
            match output {
                DestinationOutput::Send(message) => self.say_to_peer(move_id, &message),
                DestinationOutput::Report(report) => self.tell_report(report.to_wire()),
                DestinationOutput::Journal(_) | DestinationOutput::Engine(_) => {}
            }
        }
    }

    fn on_peer_link(&mut self, move_id: MoveId, connected: bool) {
        let now = self.now_ms();
        let (source, destination) = match connected {
            true => (SourceInput::LinkUp, DestinationInput::LinkUp),
            false => (SourceInput::LinkDown, DestinationInput::LinkDown),
        };
        if self.work.as_ref().is_some_and(|w| w.move_id == move_id) {
            return self.tell_machine(move_id, source, destination);
        }
        let Some(i) = self.past.iter().position(|p| p.move_id() == move_id) else {
            return self.disown(move_id);
        };
        let mut past = self.past.remove(i);
        match &mut past {
            Past::Left(machine) => {
                let outputs = machine.handle(now, source);
                self.say_past_source(move_id, outputs);
            }
            Past::Arrived(machine) => {
                let outputs = machine.handle(now, destination);
                self.say_past_destination(move_id, outputs);
            }
        }
        self.past.insert(i, past);
    }

    /// A move nothing is known of, and the pane is here: an earlier keeper died before it had touched it.
    fn disown(&mut self, move_id: MoveId) {
        if self.pane.is_none() || self.exited.is_some() || self.work.is_some() {
            return;
        }
        let cause = "The pane's keeper was killed before anything was done";
        self.send(&FromKeeper::Report(MoveReport {
            move_id,
            outcome: MoveOutcome::Refused(trouble(4, "keeper-killed", cause)),
            frozen_us: 0,
            total_us: 0,
            bytes: 0,
            phase: String::new(),
            notes: Vec::new(),
        }));
    }

    /// The pane's first process has ended.
    pub(super) fn on_tree_ended(&mut self) {
        let Some(mut work) = self.work.take() else { return };
        match work.kind {
            Kind::Leave(_) => self.drive_leave(&mut work, SourceInput::TreeEnded),
            Kind::Ask | Kind::Arrive(_) | Kind::Save(_) | Kind::Load(_) => {}
        }
        self.put_back(work);
    }

    /// The server has gone, and with it the way to the other keeper.
    pub(super) fn on_link_lost(&mut self) {
        let Some(move_id) = self.work.as_ref().map(|w| w.move_id) else { return };
        self.tell_machine(move_id, SourceInput::LinkDown, DestinationInput::LinkDown);
    }

    pub(super) fn say_to_peer(&mut self, move_id: MoveId, message: &Message) {
        let bytes = Bytes::from(wire::encode(message));
        self.send(&FromKeeper::Migration { move_id, bytes });
    }

    /// The engine's thread has said something.
    pub(super) fn on_worker(&mut self) {
        let Some(mut work) = self.work.take() else { return };
        if let Some(worker) = &work.worker {
            worker.drain();
        }
        while let Some(event) = work.worker.as_ref().and_then(Worker::next) {
            if let Event::Ended(status) = event {
                self.on_exit(status);
                continue;
            }
            let gone = matches!(&event, Event::Failed(why) if why.code == "engine-died");
            match work.kind {
                Kind::Ask => self.on_ask_event(&mut work, event),
                Kind::Leave(_) => self.on_leave_event(&mut work, event),
                Kind::Arrive(_) => self.on_arrive_event(&mut work, event),
                Kind::Save(_) => self.on_save_event(&mut work, event),
                Kind::Load(_) => self.on_load_event(&mut work, event),
            }
            if gone {
                work.worker = None;
            }
        }
        self.put_back(work);
    }

    /// Time has passed.
    pub(super) fn on_move_time(&mut self, now: Instant) {
        let Some(mut work) = self.work.take_if(|w| w.deadline(self.clock).is_some_and(|at| at <= now)) else {
            return;
        };
        if work.held_by.is_some_and(|by| by <= now) {
            work.held_by = None;
            let why = trouble(4, "server-silent", "The server did not let go of the terminal");
            self.on_engine_failed(&mut work, why);
        }
        match work.kind {
            Kind::Leave(_) => self.drive_leave(&mut work, SourceInput::Tick),
            Kind::Arrive(_) => self.drive_arrive(&mut work, DestinationInput::Tick),
            Kind::Ask | Kind::Save(_) | Kind::Load(_) => {}
        }
        self.put_back(work);
    }

    fn on_engine_failed(&mut self, work: &mut Work, why: Trouble) {
        match work.kind {
            Kind::Ask => self.on_ask_event(work, Event::Failed(why)),
            Kind::Leave(_) => self.on_leave_event(work, Event::Failed(why)),
            Kind::Arrive(_) => self.on_arrive_event(work, Event::Failed(why)),
            Kind::Save(_) => self.on_save_event(work, Event::Failed(why)),
            Kind::Load(_) => self.on_load_event(work, Event::Failed(why)),
        }
    }

    /// Keeps the work if it is not over, and looks after what waited for its end.
    fn put_back(&mut self, work: Work) {
        let over = match &work.kind {
            Kind::Ask => work.worker.is_none(),
            Kind::Leave(leaving) => leaving.over,
            Kind::Arrive(arriving) => arriving.machine.is_over(),
            Kind::Save(saving) => saving.over,
            Kind::Load(loading) => loading.over,
        };
        if !over {
            self.work = Some(work);
            return;
        }
        match work.kind {
            Kind::Leave(leaving) => {
                if let Some(machine) = leaving.machine {
                    self.remember(Past::Left(machine));
                }
            }
            Kind::Arrive(arriving) => self.remember(Past::Arrived(arriving.machine)),
            Kind::Ask | Kind::Save(_) | Kind::Load(_) => {}
        }
        drop(work.worker);
        if self.pane.is_none() && self.idle_since.is_none() {
            self.idle_since = Some(Instant::now());
        }
        // Children that ended while the engine alone was allowed to look.
        self.reap();
    }

    fn remember(&mut self, past: Past) {
        if self.past.len() == PAST_MAX {
            self.past.remove(0);
        }
        self.past.push(past);
    }

    /// Asks the server to let go of the terminal; the freeze follows its `Held`.
    fn hold(&mut self, work: &mut Work) {
        work.held_by = Some(Instant::now() + HELD_PATIENCE);
        self.send(&FromKeeper::Hold { move_id: work.move_id });
    }

    fn on_held(&mut self) {
        let Some(mut work) = self.work.take_if(|w| w.held_by.is_some()) else { return };
        work.held_by = None;
        // What was typed before Held goes to the program if its terminal takes it; the engine carries it.
        if let Some(pane) = &mut self.pane {
            let _ = pane.write_input();
        }
        self.held = Some(work.move_id);
        work.guarded = true;
        work.frozen = Some(Instant::now());
        let cut = match &work.kind {
            Kind::Leave(leaving) => leaving.options.cut,
            Kind::Ask | Kind::Arrive(_) | Kind::Save(_) | Kind::Load(_) => false,
        };
        self.pass_cut(&mut work, "source.freeze");
        work.begin(worker::Command::Freeze { cut });
        self.put_back(work);
    }

    /// The tree stands still: what it has written is read, what it has not been given goes back.
    fn read_dry(&mut self) {
        for _ in 0..super::daemon::LAST_READS {
            if !self.read_output_held() {
                break;
            }
        }
        if let Some(pane) = &mut self.pane
            && !pane.input.is_empty()
            // Without a server it stays: a move that has lost its link is given up.
            && self.link.is_some()
        {
            let back: Vec<u8> = std::mem::take(&mut pane.input).into();
            self.send(&FromKeeper::InputBack(Bytes::from(back)));
        }
    }

    /// The tree runs on here: the server may use the terminal again.
    fn let_go(&mut self, work: &mut Work) {
        work.thawed();
        let asked = work.held_by.take().is_some() || self.held.is_some();
        self.held = None;
        if asked {
            self.send(&FromKeeper::Resumed { move_id: work.move_id });
        }
    }

    /// Passes a fault point where the link may be cut.
    fn pass_cut(&mut self, work: &mut Work, point: &str) {
        if let Some(after) = self.faults.cuts(point) {
            if after == 0 {
                self.cut_link();
            } else {
                work.cut_after = Some(after);
            }
        }
    }

    /// Counts bytes of the image towards a cut.
    fn count_cut(&mut self, work: &mut Work, bytes: u64) {
        if let Some(left) = &mut work.cut_after {
            *left = left.saturating_sub(bytes);
            if *left == 0 {
                work.cut_after = None;
                self.cut_link();
            }
        }
    }

    /// Tells the server how a move stands or ended, now and when it comes back.
    fn tell_report(&mut self, report: MoveReport) {
        self.send(&FromKeeper::Report(report.clone()));
        self.last_report = Some(report);
    }

    /// Tells how far it is, now and then.
    fn progress(&mut self, work: &mut Work, phase: &str, done: u64, total: u64) {
        let now = Instant::now();
        if now < work.progress_at {
            return;
        }
        work.progress_at = now + PROGRESS;
        self.send(&FromKeeper::Progress { phase: phase.into(), done, total });
    }

    /// What an earlier keeper of this life and epoch left behind is taken up.
    pub(super) fn take_up_journal(&mut self) {
        let path = self.runtime.journal(self.life, self.epoch);
        let (move_id, records) = match journal::read(&path) {
            Ok(found) => match found.as_ref().and_then(|j| j.last()) {
                Some(last) => last,
                None => return,
            },
            Err(error) => {
                eprintln!("qmux keeper {}: {error}; the move it tells of is undecided", self.life);
                return;
            }
        };
        self.faults = Faults::default();
        if !self.take_up_leave(move_id, &records) {
            self.take_up_arrive(move_id, &records);
        }
    }
}
