//! The source's side: from `MoveOut` to the end of this keeper, or to the pane running on.

use super::journal::JournalFile;
use super::worker::{Command, Event, PIECES_AHEAD, Target, Worker};
use super::{Kind, WINDOW, Work, engine_name, fate_of, root_of, trouble};
use crate::checkpoint::model::{FileLock, LockKind};
use crate::checkpoint::{Ahead, Assessment, Capabilities, DumpOptions, Identity, Place, Ship};
use crate::ids::{HostName, MoveId};
use crate::keeper::daemon::Keeper;
use crate::migration::{
    Order, Record, Report, Source, SourceCommand, SourceInput, SourceOutput, Whereabouts,
};
use crate::protocol::Bytes;
use crate::protocol::keeper::{FromKeeper, MoveOptions, MoveOutcome, MoveReport, Trouble, Verdict};
use crate::protocol::migration::{Message, Offer, OfferedFile, OfferedLock, OfferedPlace};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// Bytes waiting for the server above which no more of the image is queued.
const LINK_FULL: usize = 1 << 20;
/// Memory above which it is compressed on its way, in bytes: below, the time is not worth it.
const COMPRESS_FROM: u64 = 32 << 20;

/// A pane on its way out.
pub(super) struct Leaving {
    pub to: HostName,
    pub options: MoveOptions,
    pub assessment: Assessment,
    /// Absent until the tree has been looked at.
    pub machine: Option<Source>,
    pub journal: JournalFile,
    pub over: bool,
    /// Paths of files that are to come along.
    carry: Vec<Vec<u8>>,
    data: Option<Receiver<Bytes>>,
    /// All of it is in `data`.
    data_ended: bool,
    window: u64,
    /// The other side takes memory ahead.
    memory_ahead: bool,
    /// What is made is for the time before the freeze.
    ahead: bool,
}

impl Leaving {
    fn new(to: HostName, options: MoveOptions, journal: JournalFile) -> Leaving {
        Leaving {
            to,
            options,
            assessment: Assessment::default(),
            machine: None,
            journal,
            over: false,
            carry: Vec::new(),
            data: None,
            data_ended: false,
            window: WINDOW,
            memory_ahead: false,
            ahead: false,
        }
    }
}

impl Keeper {
    /// The tree an engine is to look at, if there is one and nothing else is going on.
    fn target(&self) -> Result<Target, Trouble> {
        if self.work.is_some() {
            return Err(trouble(5, "busy", "The pane is being moved or saved already"));
        }
        let Some(pane) = self.pane.as_ref().filter(|_| self.exited.is_none()) else {
            return Err(trouble(1, "no-pane", "Nothing runs in this pane"));
        };
        let master = pane.pty.duplicate().map_err(|e| trouble(1, "terminal", e.to_string()))?;
        Ok(Target { root: pane.pid, master })
    }

    pub(super) fn ask_verdict(&mut self, options: MoveOptions) {
        let started = self
            .target()
            .and_then(|t| Ok((t, Worker::start(self.engines, engine_name(&options), self.faults.clone())?)));
        match started {
            Ok((target, worker)) => {
                worker.begin(Command::Assess { target, cut: options.cut });
                let id = MoveId::from_random(super::random());
                self.work = Some(Work::new(id, Some(worker), Kind::Ask));
            }
            Err(why) => self.send(&FromKeeper::Verdict(refused_verdict(why))),
        }
    }

    pub(super) fn on_ask_event(&mut self, work: &mut Work, event: Event) {
        let verdict = match event {
            Event::Assessed(found) => self.verdict(&found.0, Vec::new(), Vec::new()),
            Event::Failed(why) => refused_verdict(why),
            _ => return,
        };
        self.send(&FromKeeper::Verdict(verdict));
        work.worker = None;
    }

    fn verdict(&self, found: &Assessment, more: Vec<String>, refusals: Vec<Trouble>) -> Verdict {
        let (pid, program) = found.processes.first().cloned().unwrap_or_default();
        Verdict {
            program,
            pid,
            processes: found.processes.len() as u32,
            bytes: found.memory_bytes,
            // What was measured for an editor, and 100 MB/s for the rest.
            pause_ms: 60 + found.memory_bytes / 100_000,
            warnings: found.warnings.iter().cloned().chain(more).collect(),
            refusals,
        }
    }

    pub(super) fn move_out(&mut self, move_id: MoveId, to: HostName, options: MoveOptions) {
        let started = self
            .target()
            .and_then(|t| Ok((t, Worker::start(self.engines, engine_name(&options), self.faults.clone())?)));
        match started {
            Ok((target, worker)) => {
                self.last_report = None;
                worker.begin(Command::Assess { target, cut: options.cut });
                let journal = JournalFile::new(self.runtime.journal(self.life, self.epoch));
                let leaving = Box::new(Leaving::new(to, options, journal));
                let mut work = Work::new(move_id, Some(worker), Kind::Leave(leaving));
                self.pass_cut(&mut work, "source.assess");
                self.work = Some(work);
            }
            Err(why) => self.report_refused(move_id, &options, why),
        }
    }

    /// Said without the machine: nothing was asked of the other side yet.
    fn report_refused(&mut self, move_id: MoveId, options: &MoveOptions, why: Trouble) {
        if options.dry_run {
            return self.send(&FromKeeper::Verdict(refused_verdict(why)));
        }
        self.tell_report(MoveReport {
            move_id,
            outcome: MoveOutcome::Refused(why),
            frozen_us: 0,
            total_us: 0,
            bytes: 0,
            phase: "assessing".into(),
            notes: Vec::new(),
        });
    }

    pub(super) fn on_leave_event(&mut self, work: &mut Work, event: Event) {
        let Kind::Leave(leaving) = &mut work.kind else { return };
        match event {
            Event::Assessed(found) => {
                let (assessment, able) = *found;
                self.offer(work, assessment, &able);
            }
            Event::Failed(why) if leaving.machine.is_none() => {
                leaving.over = true;
                let options = leaving.options.clone();
                // The other side has been told nothing: it waits for an offer and is told there is none.
                self.say_to_peer(work.move_id, &Message::Abort(why.clone()));
                self.report_refused(work.move_id, &options, why);
            }
            Event::Data => self.send_data(work),
            Event::DataEnd => {
                leaving.data_ended = true;
                self.send_data(work);
            }
            Event::Frozen => {
                self.read_dry();
                self.drive_leave(work, SourceInput::Frozen);
            }
            Event::Sealed => self.drive_leave(work, SourceInput::Sealed),
            Event::Failed(why) => self.drive_leave(work, SourceInput::EngineFailed(why)),
            // Answers to commands that are waited for, or of the other side's.
            Event::Written
            | Event::Saved { .. }
            | Event::Considered(_)
            | Event::Received
            | Event::Consumed(_)
            | Event::Restored { .. }
            | Event::Resumed(_)
            | Event::Ended(_)
            | Event::Done => {}
        }
    }

    fn offer(&mut self, work: &mut Work, assessment: Assessment, able: &Capabilities) {
        let Kind::Leave(leaving) = &mut work.kind else { return };
        let Some(pane) = &self.pane else { return };
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
        let offer = Offer {
            qmux: env!("CARGO_PKG_VERSION").into(),
            life: self.life,
            epoch: self.epoch,
            from: self.runtime.host(),
            user: user.map(|u| u.name).unwrap_or_default(),
            engine: engine_name(&leaving.options).into(),
            features: able.features.clone(),
            arch: able.arch.clone(),
            kernel: able.kernel.clone(),
            cpu_flags: able.cpu.as_ref().map(|c| c.flags.clone()).unwrap_or_default(),
            xfeatures: able.cpu.as_ref().map_or(0, |c| c.xfeatures),
            xsave_size: able.cpu.as_ref().map_or(0, |c| c.xsave_size),
            title: pane.title.clone(),
            processes: assessment.processes.len() as u32,
            memory_bytes: assessment.memory_bytes,
            mapped: assessment
                .mapped
                .iter()
                .map(|f| OfferedFile { path: f.path.clone(), hash: f.hash, size: f.size })
                .collect(),
            places: assessment.places.iter().map(offered).collect(),
            with_files: leaving.options.with_files,
            dry_run: leaving.options.dry_run,
        };
        let order = Order { move_id: work.move_id, to: leaving.to.clone(), root: root_of(pane.pid), offer };
        leaving.assessment = assessment;
        let (machine, outputs) = Source::new(self.now_ms(), order);
        leaving.machine = Some(machine);
        self.do_leave(work, outputs);
    }

    /// Tells the machine and does what it says.
    pub(super) fn drive_leave(&mut self, work: &mut Work, input: SourceInput) {
        let now = self.now_ms();
        let Kind::Leave(leaving) = &mut work.kind else { return };
        if let SourceInput::Peer(Message::Accept(accept)) = &input {
            leaving.memory_ahead = accept.memory_ahead;
            // Nothing that was not offered.
            let all = leaving.options.with_files;
            let places = leaving.assessment.places.iter();
            let offered = |path: &Vec<u8>| places.clone().any(|p| p.path == *path && (all || p.own));
            leaving.carry = accept.carry.iter().map(|p| p.to_vec()).filter(offered).collect();
        }
        let Some(machine) = &mut leaving.machine else {
            if matches!(input, SourceInput::LinkDown | SourceInput::Cancel(_) | SourceInput::TreeEnded) {
                // Nothing has been said or done yet.
                leaving.over = true;
                let why = match input {
                    SourceInput::Cancel(why) => why,
                    SourceInput::LinkDown => trouble(4, "link", "The link broke before anything was done"),
                    _ => trouble(1, "ended", "It ended before anything was done"),
                };
                let options = leaving.options.clone();
                self.report_refused(work.move_id, &options, why);
            }
            return;
        };
        let outputs = machine.handle(now, input);
        self.do_leave(work, outputs);
    }

    fn do_leave(&mut self, work: &mut Work, outputs: Vec<SourceOutput>) {
        let mut outputs = VecDeque::from(outputs);
        while let Some(output) = outputs.pop_front() {
            let more = match output {
                SourceOutput::Send(message) => {
                    if matches!(message, Message::Commit { .. }) {
                        self.pass_cut(work, "source.committed");
                    }
                    self.say_to_peer(work.move_id, &message);
                    None
                }
                SourceOutput::Journal(record) => self.write_source(work, &record),
                SourceOutput::Engine(command) => self.command_source(work, command),
                SourceOutput::Report(report) => {
                    self.report_source(work, &report);
                    None
                }
            };
            if let Some(input) = more {
                // What was to follow must not follow; the machine says what follows instead.
                outputs.clear();
                let now = self.now_ms();
                if let Kind::Leave(leaving) = &mut work.kind
                    && let Some(machine) = &mut leaving.machine
                {
                    outputs.extend(machine.handle(now, input));
                }
            }
        }
        let Kind::Leave(leaving) = &mut work.kind else { return };
        leaving.over = leaving.machine.as_ref().is_some_and(Source::is_over);
    }

    /// Writes a record; what the machine is to hear if that fails.
    fn write_source(&mut self, work: &mut Work, record: &Record) -> Option<SourceInput> {
        let mut failed = None;
        if matches!(record, Record::Commit { .. }) {
            self.pass_cut(work, "source.commit");
            failed = self.faults.fails("source.commit");
        }
        let Kind::Leave(leaving) = &mut work.kind else { return None };
        if failed.is_none()
            && let Err(error) = leaving.journal.append(work.move_id, record)
        {
            failed = Some(trouble(3, "journal", format!("The journal cannot be written: {error}")));
        }
        let Some(why) = failed else {
            if matches!(record, Record::Commit { .. }) {
                // Dies here, or not at all.
                self.faults.dies("source.committed");
            }
            return None;
        };
        match record {
            Record::Begin { .. } => Some(SourceInput::EngineFailed(why)),
            // Commit has not been said, so nobody can act on it: as if the other side had nothing.
            Record::Commit { .. } => Some(SourceInput::Peer(Message::Gone(why))),
            _ => {
                eprintln!("qmux keeper {}: {}", self.life, why.cause);
                None
            }
        }
    }

    fn command_source(&mut self, work: &mut Work, command: SourceCommand) -> Option<SourceInput> {
        let move_id = work.move_id;
        let Kind::Leave(leaving) = &mut work.kind else { return None };
        match command {
            SourceCommand::Precopy { lacking } => {
                let (out, data) = sync_channel(PIECES_AHEAD);
                (leaving.data, leaving.data_ended, leaving.ahead) = (Some(data), false, true);
                let ahead = Ahead {
                    ship: Ship::Only(lacking.into_iter().collect()),
                    memory: leaving.memory_ahead,
                    compress: leaving.assessment.memory_bytes > COMPRESS_FROM,
                };
                self.pass_cut(work, "source.precopy");
                work.begin(Command::Precopy { ahead, out });
            }
            SourceCommand::Freeze => self.hold(work),
            SourceCommand::Dump => {
                let (out, data) = sync_channel(PIECES_AHEAD);
                (leaving.data, leaving.data_ended, leaving.ahead) = (Some(data), false, false);
                let options = DumpOptions {
                    ship: Ship::nothing(),
                    screen: Vec::new(),
                    title: self.pane.as_ref().map(|p| p.title.clone()).unwrap_or_default(),
                    compress: leaving.assessment.memory_bytes > COMPRESS_FROM,
                    carry: leaving.carry.clone(),
                    cache: Some(super::arrive::cache_dir(&self.runtime.dir())),
                    precopied: leaving.memory_ahead,
                };
                self.pass_cut(work, "source.dump");
                work.begin(Command::Dump { options, out });
            }
            SourceCommand::Seal => {
                self.pass_cut(work, "source.seal");
                work.begin(Command::Seal);
            }
            SourceCommand::Unseal => self.must(move_id, work.finish(Command::Unseal)),
            SourceCommand::Thaw => {
                // Takes the engine's way out away, so that it stops.
                leaving.data = None;
                let done = work.finish(Command::Thaw);
                self.must(move_id, done);
                self.let_go(work);
            }
            SourceCommand::Release => {
                self.pass_cut(work, "source.release");
                let done = work.finish(Command::Release);
                self.must(move_id, done);
                work.thawed();
                self.leave_nothing();
            }
            SourceCommand::KillRest => {
                if let Some(pane) = &self.pane {
                    pane.signal_all(&[nix::sys::signal::Signal::SIGKILL]);
                } else if let Some(root) = self.left_root {
                    super::super::pane::kill_tree(root);
                }
                work.thawed();
                self.leave_nothing();
            }
        }
        None
    }

    fn must(&self, move_id: MoveId, done: Result<(), Trouble>) {
        if let Err(why) = done {
            eprintln!("qmux keeper {}, move {move_id}: {}", self.life, why.cause);
        }
    }

    fn report_source(&mut self, work: &mut Work, report: &Report) {
        let Kind::Leave(leaving) = &work.kind else { return };
        if leaving.options.dry_run {
            let refusals = report.failure.iter().cloned().collect();
            let verdict = self.verdict(&leaving.assessment, report.warnings.clone(), refusals);
            return self.send(&FromKeeper::Verdict(verdict));
        }
        let mut said = report.to_wire();
        said.total_us = work.started.elapsed().as_micros() as u64;
        said.frozen_us = match work.frozen {
            Some(since) => since.elapsed().as_micros() as u64,
            None => work.frozen_us,
        };
        said.notes.extend(leaving.assessment.warnings.iter().cloned());
        self.tell_report(said);
        match report.place {
            Whereabouts::AtDestination => {
                // Done is on record and the other side has said Ack: nobody will ever ask.
                if let Kind::Leave(leaving) = &mut work.kind {
                    leaving.journal.remove();
                }
                self.end("the pane has moved");
            }
            Whereabouts::Lost => self.end("the pane is lost"),
            Whereabouts::AtSource | Whereabouts::Both | Whereabouts::Ended | Whereabouts::Unclear => {}
        }
    }

    /// Sends as much of the image as the other side has room for.
    pub(super) fn send_data(&mut self, work: &mut Work) {
        loop {
            let Kind::Leave(leaving) = &mut work.kind else { return };
            let Some(data) = &leaving.data else { return };
            if leaving.window == 0 || self.link.as_ref().is_some_and(|l| l.queued() > LINK_FULL) {
                return;
            }
            match data.try_recv() {
                Ok(bytes) => {
                    let length = bytes.len() as u64;
                    leaving.window = leaving.window.saturating_sub(length);
                    self.drive_leave(work, SourceInput::Data(bytes));
                    self.count_cut(work, length);
                    self.tell_progress(work);
                }
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                    // What is still on its way would be in front of the image while the tree stands still.
                    let taken_in = !leaving.ahead || leaving.window == WINDOW;
                    if leaving.data_ended && taken_in {
                        leaving.data = None;
                        self.drive_leave(work, SourceInput::DataEnd);
                    }
                    return;
                }
            }
        }
    }

    fn tell_progress(&mut self, work: &mut Work) {
        let Kind::Leave(leaving) = &work.kind else { return };
        let Some(machine) = &leaving.machine else { return };
        let ((done, total), phase) = (machine.progress(), machine.phase());
        self.progress(work, phase, done, total);
    }

    /// The other side has taken bytes in, or the server has.
    pub(super) fn on_credit(&mut self, bytes: u64) {
        let Some(mut work) = self.work.take() else { return };
        if let Kind::Leave(leaving) = &mut work.kind {
            leaving.window = (leaving.window + bytes).min(WINDOW);
            self.send_data(&mut work);
        }
        self.put_back(work);
    }

    /// The link may take more now.
    pub(in crate::keeper) fn on_room(&mut self) {
        if matches!(&self.work, Some(Work { kind: Kind::Leave(leaving), .. }) if leaving.data.is_some()) {
            self.on_credit(0);
        }
    }

    /// After a crash: the source of the journal's move, if it is one.
    pub(super) fn take_up_leave(&mut self, move_id: MoveId, records: &[Record]) -> bool {
        let root = records.iter().find_map(|r| match r {
            Record::Begin { root, to, .. } => Some((*root, to.clone())),
            _ => None,
        });
        let Some((root, to)) = root else { return false };
        let restarted = Source::restart(self.now_ms(), move_id, records, fate_of(&root));
        let Some((machine, outputs)) = restarted else { return false };
        self.left_root = Some(root.pid);
        let journal = JournalFile::new(self.runtime.journal(self.life, self.epoch));
        let mut leaving = Leaving::new(to, MoveOptions::default(), journal);
        leaving.machine = Some(machine);
        let mut work = Work::new(move_id, None, Kind::Leave(Box::new(leaving)));
        self.do_leave(&mut work, outputs);
        let runs_here = match &work.kind {
            Kind::Leave(leaving) => leaving.machine.as_ref().is_some_and(Source::pane_runs_here),
            Kind::Ask | Kind::Arrive(_) | Kind::Save(_) | Kind::Load(_) => false,
        };
        if !runs_here {
            // What is left of its terminal must not be taken for the pane.
            self.leave_nothing();
        }
        self.put_back(work);
        true
    }
}

fn offered(place: &Place) -> OfferedPlace {
    let Place { path, directory, writing, appends, own, locks, size, identity, hash } = place.clone();
    let Identity { inode, made_ns } = identity;
    let lock = |lock: &FileLock| OfferedLock {
        whole: lock.kind == LockKind::Flock,
        exclusive: lock.exclusive,
        start: lock.start,
        len: lock.len,
    };
    let locks = locks.iter().map(lock).collect();
    OfferedPlace { path, directory, writing, appends, own, locks, size, inode, made_ns, hash }
}

fn refused_verdict(why: Trouble) -> Verdict {
    Verdict {
        program: String::new(),
        pid: 0,
        processes: 0,
        bytes: 0,
        pause_ms: 0,
        warnings: Vec::new(),
        refusals: vec![why],
    }
}
