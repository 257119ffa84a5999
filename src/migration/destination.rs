//! The side a pane comes to. See the module above for the contract with its driver.

use super::journal::{Record, Root};
use super::report::{Report, Whereabouts, trouble};
use super::{Fate, REPEAT_MS, Resolution, UNDECIDED_AFTER_MS};
use crate::ids::{Epoch, HostName, LifeId, MoveId};
use crate::protocol::Bytes;
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::{Accept, Knowledge, Message, Offer, Part};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum DestinationInput {
    /// The other keeper says something.
    Peer(Message),
    /// The link to it is cut; nothing that was under way arrives any more.
    LinkDown,
    /// The link is back.
    LinkUp,
    /// The offer can be taken.
    Considered(Accept),
    /// Restored: a new pty with size and modes, the tree, stopped, under exit-kill.
    Restored(Root),
    /// The copy runs.
    Resumed,
    /// The command begun last failed (an offer that cannot be taken is such a failure). Nothing of it
    /// runs; [`DestinationCommand::Discard`] removes the rest.
    EngineFailed(Trouble),
    /// Bytes could not be kept (disk full).
    StoreFailed(Trouble),
    /// A record could not be written; what was to follow it was not done.
    JournalFailed(Record, Trouble),
    /// The restored, stopped copy died.
    CopyDied,
    /// The user, or the server, does not want it any more; only heard before Ready.
    Cancel(Trouble),
    /// `qmux move --resolve`.
    Resolve(Resolution),
    /// Time has passed.
    Tick,
}

/// What the engine is to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DestinationCommand {
    /// Begin: can this host take it? Which mapped files does it lack?
    Consider(Box<Offer>),
    /// Keep these bytes, which follow those kept before.
    Store {
        /// Of which part.
        part: Part,
        /// The bytes.
        bytes: Bytes,
    },
    /// That part is complete; with the image it is on disk now, if images are kept there at all.
    StoreEnd(Part),
    /// Begin: restore the image, stopped.
    Restore,
    /// Begin: let it run.
    Resume {
        /// Its epoch here.
        epoch: Epoch,
    },
    /// Kill what there is of a copy; the image stays.
    KillCopy,
    /// Whatever was begun: end it, kill the copy, remove the image (`keep_image`: leave it, it may be the
    /// last there is).
    Discard {
        /// Leave the image.
        keep_image: bool,
    },
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DestinationOutput {
    /// Say to the other keeper.
    Send(Message),
    /// Append to the journal, on disk before the next output.
    Journal(Record),
    /// To the engine.
    Engine(DestinationCommand),
    /// To the server, and so to the user.
    Report(Report),
}

/// What is on record about a copy that is being restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum OnRecord {
    Nothing,
    Ready,
    Committed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    Waiting,
    Considering,
    Receiving,
    Restoring(OnRecord),
    Ready,
    Resuming,
    /// It runs here, or ran and ended here.
    Running,
    /// No copy is here, nor ever will be of this move.
    Discarded(Trouble),
}

/// The destination of one move.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    move_id: MoveId,
    life: LifeId,
    /// The epoch the pane has here once it has arrived.
    epoch: Epoch,
    from: HostName,
    here: HostName,
    state: State,
    link: bool,
    /// Images survive this keeper: a copy that is lost can be restored again.
    image_on_disk: bool,
    /// READY was on record before the copy that is here was built: the source may have committed.
    ready_before: bool,
    /// Length so far of each part.
    precopy_bytes: u64,
    image_bytes: u64,
    expected_bytes: u64,
    dry_run: bool,
    started_ms: u64,
    /// When the present state began, or last asked.
    since_ms: u64,
    ready_ms: u64,
    undecided_reported: bool,
    warnings: Vec<String>,
}

type Outputs = Vec<DestinationOutput>;

impl Destination {
    /// An empty keeper that is told a pane will come, over a link that is up. `here` is this host's name;
    /// `image_on_disk` says whether images are kept where a crash of this keeper leaves them.
    pub fn new(
        now_ms: u64,
        move_id: MoveId,
        life: LifeId,
        here: HostName,
        image_on_disk: bool,
    ) -> Destination {
        Destination {
            move_id,
            life,
            epoch: Epoch::default(),
            from: HostName(String::new()),
            here,
            state: State::Waiting,
            link: true,
            image_on_disk,
            ready_before: false,
            precopy_bytes: 0,
            image_bytes: 0,
            expected_bytes: 0,
            dry_run: false,
            started_ms: now_ms,
            since_ms: now_ms,
            ready_ms: now_ms,
            undecided_reported: false,
            warnings: Vec::new(),
        }
    }

    /// After a crash. `copy` is the fate of the tree last on record as ready, `image` whether its whole
    /// image is on disk. `None` when the journal knows of no arrival. The link is down until
    /// [`DestinationInput::LinkUp`].
    pub fn restart(
        now_ms: u64,
        move_id: MoveId,
        records: &[Record],
        copy: Fate,
        image: bool,
    ) -> Option<(Destination, Outputs)> {
        let (mut receive, mut ready, mut committed, mut running, mut discarded) =
            (None, false, None, false, None);
        for record in records {
            match record {
                Record::Receive { life, epoch, from, to } => {
                    receive = Some((*life, *epoch, from.clone(), to.clone()));
                }
                Record::Ready { .. } => ready = true,
                Record::Committed { epoch } => committed = Some(*epoch),
                Record::Running => running = true,
                Record::Discarded { why } => discarded = Some(why.clone()),
                // The keeper went on to be the source of the next move.
                Record::Begin { .. }
                | Record::Commit { .. }
                | Record::TakingBack { .. }
                | Record::Done
                | Record::Aborted { .. } => {}
            }
        }
        let (life, epoch, from, here) = receive?;
        let mut destination = Destination::new(now_ms, move_id, life, here, image);
        destination.epoch = epoch;
        destination.from = from;
        destination.link = false;
        let mut out = Vec::new();
        let restarted = || trouble(4, "keeper-restarted", "qmux was restarted there during the move.", "");
        if running {
            destination.state = State::Running;
        } else if let Some(why) = discarded {
            destination.state = State::Discarded(trouble(4, "discarded", why, ""));
        } else if committed.is_some() && copy == Fate::Alive {
            // Exit-kill ends a copy that was not resumed: one that lives was.
            out.push(DestinationOutput::Journal(Record::Running));
            destination.runs(now_ms, &mut out);
        } else if ready && image {
            if copy != Fate::Dead {
                out.push(DestinationOutput::Engine(DestinationCommand::KillCopy));
            }
            out.push(DestinationOutput::Engine(DestinationCommand::Restore));
            destination.state = State::Restoring(match committed {
                Some(_) => OnRecord::Committed,
                None => OnRecord::Ready,
            });
        } else {
            destination.discard(restarted(), &mut out);
        }
        Some((destination, out))
    }

    /// What a host answers that has nothing on record about a move and no keeper of it.
    pub fn stranger(message: &Message) -> Option<Message> {
        match message {
            Message::Commit { .. } | Message::ChunkEnd { .. } => {
                Some(Message::Gone(trouble(4, "no-copy", "Nothing of this move is there.", "")))
            }
            Message::Offer(_)
            | Message::Accept(_)
            | Message::Refuse(_)
            | Message::Chunk { .. }
            | Message::Ready
            | Message::RestoreFailed(_)
            | Message::Ack
            | Message::Gone(_)
            | Message::Abort(_)
            | Message::Query
            | Message::State(_)
            | Message::Credit { .. } => None,
        }
    }

    /// The image cannot be kept after all (a full disk): as if images never were. Only before Ready.
    pub fn image_is_not_kept(&mut self) {
        self.image_on_disk = false;
    }

    /// The move this is about; frames of another move are not for it.
    pub fn move_id(&self) -> MoveId {
        self.move_id
    }

    /// Name of the state, for progress and logs.
    pub fn phase(&self) -> &'static str {
        match &self.state {
            State::Waiting => "waiting",
            State::Considering => "considering",
            State::Receiving => "receiving",
            State::Restoring(_) => "restoring",
            State::Ready if self.undecided_reported => "undecided",
            State::Ready => "ready",
            State::Resuming => "resuming",
            State::Running => "running",
            State::Discarded(_) => "discarded",
        }
    }

    /// Bytes received, and bytes expected (an estimate; 0 when unknown).
    pub fn progress(&self) -> (u64, u64) {
        (self.precopy_bytes + self.image_bytes, self.expected_bytes)
    }

    /// Whether the pane has arrived (it runs, or ran, here).
    pub fn has_arrived(&self) -> bool {
        self.state == State::Running
    }

    /// Whether the move is over and this side has nothing more to do but answer questions.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Running | State::Discarded(_) => true,
            State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(_)
            | State::Ready
            | State::Resuming => false,
        }
    }

    /// When a [`DestinationInput::Tick`] is due next, if ever.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Ready => {
                let ask = self.link.then_some(self.since_ms + REPEAT_MS);
                let report = (!self.undecided_reported).then_some(self.ready_ms + UNDECIDED_AFTER_MS);
                ask.into_iter().chain(report).min()
            }
            State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(_)
            | State::Resuming
            | State::Running
            | State::Discarded(_) => None,
        }
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now_ms: u64, input: DestinationInput) -> Outputs {
        let mut out = Vec::new();
        match input {
            DestinationInput::Peer(message) => self.peer(now_ms, message, &mut out),
            DestinationInput::LinkDown => {
                self.link = false;
                let why = trouble(4, "link", format!("Link to {} broke.", self.from), "");
                self.fail_before_ready(why, &mut out);
            }
            DestinationInput::LinkUp => {
                self.link = true;
                self.say_what_is(now_ms, &mut out);
            }
            DestinationInput::Considered(accept) => self.considered(accept, &mut out),
            DestinationInput::Restored(root) => self.restored(now_ms, root, &mut out),
            DestinationInput::Resumed => {
                if self.state == State::Resuming {
                    out.push(DestinationOutput::Journal(Record::Running));
                    self.runs(now_ms, &mut out);
                }
            }
            DestinationInput::EngineFailed(why) => self.engine_failed(why, &mut out),
            DestinationInput::StoreFailed(why) | DestinationInput::Cancel(why) => {
                self.fail_before_ready(why, &mut out);
            }
            DestinationInput::JournalFailed(record, why) => self.journal_failed(&record, why, &mut out),
            DestinationInput::CopyDied => self.copy_died(&mut out),
            DestinationInput::Resolve(resolution) => self.resolve(now_ms, resolution, &mut out),
            DestinationInput::Tick => self.tick(now_ms, &mut out),
        }
        out
    }

    fn peer(&mut self, now_ms: u64, message: Message, out: &mut Outputs) {
        match message {
            Message::Offer(offer) => self.offered(*offer, out),
            Message::Chunk { part, offset, bytes } => self.chunk(part, offset, bytes, out),
            Message::ChunkEnd { part, total } => self.chunk_end(part, total, out),
            Message::Commit { epoch } => self.commit(now_ms, epoch, out),
            Message::Abort(why) => self.abort(now_ms, why, out),
            Message::State(knowledge) => self.told(now_ms, knowledge, out),
            // Said by destinations only, or to drivers.
            Message::Accept(_)
            | Message::Refuse(_)
            | Message::Ready
            | Message::RestoreFailed(_)
            | Message::Ack
            | Message::Gone(_)
            | Message::Query
            | Message::Credit { .. } => {}
        }
    }

    fn offered(&mut self, offer: Offer, out: &mut Outputs) {
        if self.state != State::Waiting {
            return;
        }
        if offer.life != self.life {
            let why = trouble(6, "other-pane", "The offer is of another pane than the move.", "");
            self.state = State::Discarded(why.clone());
            self.send(Message::Refuse(why), out);
            return;
        }
        self.epoch = offer.epoch.next();
        self.from = offer.from.clone();
        self.expected_bytes = offer.memory_bytes;
        self.dry_run = offer.dry_run;
        self.state = State::Considering;
        out.push(DestinationOutput::Engine(DestinationCommand::Consider(Box::new(offer))));
    }

    fn considered(&mut self, accept: Accept, out: &mut Outputs) {
        if self.state != State::Considering {
            return;
        }
        self.warnings = accept.warnings.clone();
        if self.dry_run {
            self.state = State::Discarded(trouble(1, "dry-run", "Only asked.", ""));
            self.send(Message::Accept(accept), out);
            return;
        }
        out.push(DestinationOutput::Journal(Record::Receive {
            life: self.life,
            epoch: self.epoch,
            from: self.from.clone(),
            to: self.here.clone(),
        }));
        self.state = State::Receiving;
        self.send(Message::Accept(accept), out);
    }

    fn chunk(&mut self, part: Part, offset: u64, bytes: Bytes, out: &mut Outputs) {
        if self.state != State::Receiving {
            return;
        }
        let length = self.length_of(part);
        if *length != offset {
            let why = trouble(6, "gap", "Bytes of the image are missing.", "");
            self.fail_before_ready(why, out);
            return;
        }
        *length += bytes.len() as u64;
        out.push(DestinationOutput::Engine(DestinationCommand::Store { part, bytes }));
    }

    fn chunk_end(&mut self, part: Part, total: u64, out: &mut Outputs) {
        if self.state != State::Receiving {
            return;
        }
        if *self.length_of(part) != total {
            let why = trouble(6, "truncated", "The image is not complete.", "");
            self.fail_before_ready(why, out);
            return;
        }
        out.push(DestinationOutput::Engine(DestinationCommand::StoreEnd(part)));
        match part {
            Part::Precopy => {}
            Part::Image => {
                out.push(DestinationOutput::Engine(DestinationCommand::Restore));
                self.state = State::Restoring(OnRecord::Nothing);
            }
        }
    }

    fn length_of(&mut self, part: Part) -> &mut u64 {
        match part {
            Part::Precopy => &mut self.precopy_bytes,
            Part::Image => &mut self.image_bytes,
        }
    }

    fn restored(&mut self, now_ms: u64, root: Root, out: &mut Outputs) {
        let State::Restoring(on_record) = self.state else { return };
        self.ready_before = on_record != OnRecord::Nothing;
        // Also the second time: the record names the tree, and this is another one.
        out.push(DestinationOutput::Journal(Record::Ready { root }));
        self.since_ms = now_ms;
        match on_record {
            OnRecord::Nothing => {
                self.ready_ms = now_ms;
                self.state = State::Ready;
                self.send(Message::Ready, out);
            }
            OnRecord::Ready => {
                self.ready_ms = now_ms;
                self.state = State::Ready;
                self.send(Message::Query, out);
            }
            OnRecord::Committed => self.resume(out),
        }
    }

    fn commit(&mut self, now_ms: u64, epoch: Epoch, out: &mut Outputs) {
        match &self.state {
            State::Ready => {
                if epoch == self.epoch {
                    out.push(DestinationOutput::Journal(Record::Committed { epoch }));
                    self.resume(out);
                }
            }
            State::Running | State::Discarded(_) => self.say_what_is(now_ms, out),
            // Said again by the source until it is answered.
            State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(_)
            | State::Resuming => {}
        }
    }

    fn resume(&mut self, out: &mut Outputs) {
        out.push(DestinationOutput::Engine(DestinationCommand::Resume { epoch: self.epoch }));
        self.state = State::Resuming;
    }

    /// `Running` is on record.
    fn runs(&mut self, now_ms: u64, out: &mut Outputs) {
        self.state = State::Running;
        self.send(Message::Ack, out);
        let report = self.report(now_ms, Whereabouts::AtDestination, None);
        out.push(DestinationOutput::Report(report));
    }

    /// The source says it runs there.
    fn abort(&mut self, now_ms: u64, why: Trouble, out: &mut Outputs) {
        match &self.state {
            State::Waiting | State::Considering | State::Receiving | State::Restoring(_) | State::Ready => {
                let report = self.report(now_ms, Whereabouts::AtSource, Some(why.clone()));
                self.discard(why, out);
                out.push(DestinationOutput::Report(report));
            }
            // Committed on record: the source cannot have said this by the rules, so a human chose there.
            State::Resuming => {}
            State::Running => self.say_what_is(now_ms, out),
            State::Discarded(_) => {}
        }
    }

    /// The source's answer to Query when it is neither Commit nor Abort.
    fn told(&mut self, now_ms: u64, knowledge: Knowledge, out: &mut Outputs) {
        match (&self.state, knowledge) {
            (State::Ready, Knowledge::Released | Knowledge::Unknown) => {
                if !self.undecided_reported {
                    self.undecided(now_ms, format!("{} has no record that tells.", self.from), out);
                }
            }
            (State::Ready, Knowledge::NotDecided) => {}
            (
                State::Waiting
                | State::Considering
                | State::Receiving
                | State::Restoring(_)
                | State::Resuming
                | State::Running
                | State::Discarded(_),
                _,
            ) => {}
        }
    }

    fn undecided(&mut self, now_ms: u64, cause: String, out: &mut Outputs) {
        self.undecided_reported = true;
        let why = trouble(7, "undecided", cause, "`qmux move --resolve`.");
        let report = self.report(now_ms, Whereabouts::Unclear, Some(why));
        out.push(DestinationOutput::Report(report));
    }

    fn engine_failed(&mut self, why: Trouble, out: &mut Outputs) {
        match &self.state {
            State::Considering => {
                self.state = State::Discarded(why.clone());
                self.send(Message::Refuse(why), out);
            }
            State::Waiting | State::Receiving | State::Restoring(OnRecord::Nothing) => {
                self.fail_before_ready(why, out);
            }
            // The source may have let its copy go: the image stays for a human.
            State::Restoring(OnRecord::Ready | OnRecord::Committed) | State::Resuming => {
                self.discard(why, out)
            }
            State::Ready | State::Running | State::Discarded(_) => {}
        }
    }

    fn copy_died(&mut self, out: &mut Outputs) {
        match &self.state {
            State::Ready if self.image_on_disk => {
                out.push(DestinationOutput::Engine(DestinationCommand::KillCopy));
                out.push(DestinationOutput::Engine(DestinationCommand::Restore));
                self.state = State::Restoring(OnRecord::Ready);
            }
            State::Ready => {
                let why = trouble(4, "copy-died", "The restored copy was killed there.", "");
                self.discard(why, out);
            }
            // The engine answers what it was asked; a running pane's end is the keeper's own business.
            State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(_)
            | State::Resuming
            | State::Running
            | State::Discarded(_) => {}
        }
    }

    fn journal_failed(&mut self, record: &Record, why: Trouble, out: &mut Outputs) {
        match (record, &self.state) {
            (Record::Receive { .. }, _) => self.fail_before_ready(why, out),
            // Restored again after Committed, and the record does not name this copy: a restart would take
            // it for dead and start another.
            (Record::Ready { .. }, State::Resuming) if self.image_on_disk => {
                out.push(DestinationOutput::Engine(DestinationCommand::KillCopy));
                out.push(DestinationOutput::Engine(DestinationCommand::Restore));
                self.state = State::Restoring(OnRecord::Committed);
            }
            (Record::Ready { .. }, State::Resuming) => self.discard(why, out),
            // Ready has not been said: the copy is given up, and the source hears why.
            (Record::Ready { .. }, State::Ready) if !self.image_on_disk || !self.ready_before => {
                self.discard(why, out);
            }
            (Record::Ready { .. }, _) => self.copy_died(out),
            // Not resumed: still ready, and the source says Commit again.
            (Record::Committed { .. }, State::Resuming) => self.state = State::Ready,
            // These only save a question after a restart.
            (
                Record::Committed { .. }
                | Record::Running
                | Record::Discarded { .. }
                | Record::Begin { .. }
                | Record::Commit { .. }
                | Record::TakingBack { .. }
                | Record::Done
                | Record::Aborted { .. },
                _,
            ) => {}
        }
    }

    /// Before Ready every failure ends the move: the source cannot have sealed.
    fn fail_before_ready(&mut self, why: Trouble, out: &mut Outputs) {
        match &self.state {
            State::Waiting | State::Considering => {
                self.state = State::Discarded(why.clone());
                self.send(Message::Refuse(why), out);
            }
            State::Receiving | State::Restoring(OnRecord::Nothing) => {
                out.push(DestinationOutput::Engine(DestinationCommand::Discard { keep_image: false }));
                out.push(DestinationOutput::Journal(Record::Discarded { why: why.cause.clone() }));
                self.state = State::Discarded(why.clone());
                self.send(Message::RestoreFailed(why), out);
            }
            // In Ready it never decides alone.
            State::Restoring(OnRecord::Ready | OnRecord::Committed)
            | State::Ready
            | State::Resuming
            | State::Running
            | State::Discarded(_) => {}
        }
    }

    /// No copy from here on: gone first, then on record, then said.
    fn discard(&mut self, why: Trouble, out: &mut Outputs) {
        let ready_once = match &self.state {
            State::Restoring(OnRecord::Ready | OnRecord::Committed) | State::Resuming => true,
            State::Ready
            | State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(OnRecord::Nothing)
            | State::Running
            | State::Discarded(_) => false,
        };
        out.push(DestinationOutput::Engine(DestinationCommand::Discard { keep_image: ready_once }));
        out.push(DestinationOutput::Journal(Record::Discarded { why: why.cause.clone() }));
        self.state = State::Discarded(why.clone());
        self.send(Message::Gone(why), out);
    }

    fn resolve(&mut self, now_ms: u64, resolution: Resolution, out: &mut Outputs) {
        match (&self.state, resolution) {
            (State::Ready, Resolution::Here) => {
                out.push(DestinationOutput::Journal(Record::Committed { epoch: self.epoch }));
                self.resume(out);
            }
            (State::Ready, Resolution::There) => {
                let why = trouble(7, "resolved", "You chose the other side.", "");
                self.discard(why, out);
            }
            (State::Running, _) => {
                let report = self.report(now_ms, Whereabouts::AtDestination, None);
                out.push(DestinationOutput::Report(report));
            }
            // Nothing to resolve: under way, or over.
            (
                State::Waiting
                | State::Considering
                | State::Receiving
                | State::Restoring(_)
                | State::Resuming
                | State::Discarded(_),
                _,
            ) => {}
        }
    }

    fn tick(&mut self, now_ms: u64, out: &mut Outputs) {
        match &self.state {
            State::Ready => {
                if now_ms >= self.since_ms + REPEAT_MS {
                    self.say_what_is(now_ms, out);
                }
                if !self.undecided_reported && now_ms >= self.ready_ms + UNDECIDED_AFTER_MS {
                    self.undecided(now_ms, format!("{} does not answer.", self.from), out);
                }
            }
            State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(_)
            | State::Resuming
            | State::Running
            | State::Discarded(_) => {}
        }
    }

    /// The link is (back) there, or the source asks.
    fn say_what_is(&mut self, now_ms: u64, out: &mut Outputs) {
        let message = match &self.state {
            State::Ready => {
                self.since_ms = now_ms;
                Message::Query
            }
            State::Running => Message::Ack,
            State::Discarded(why) => Message::Gone(why.clone()),
            State::Waiting
            | State::Considering
            | State::Receiving
            | State::Restoring(_)
            | State::Resuming => return,
        };
        self.send(message, out);
    }

    fn send(&self, message: Message, out: &mut Outputs) {
        if self.link {
            out.push(DestinationOutput::Send(message));
        }
    }

    fn report(&self, now_ms: u64, place: Whereabouts, failure: Option<Trouble>) -> Report {
        Report {
            move_id: self.move_id,
            place,
            epoch: self.epoch,
            touched: self.image_bytes > 0,
            failure,
            pause_ms: 0,
            total_ms: now_ms.saturating_sub(self.started_ms),
            bytes: self.precopy_bytes + self.image_bytes,
            phase: self.phase(),
            warnings: self.warnings.clone(),
        }
    }
}

#[cfg(test)]
impl Destination {
    /// For exploration: two machines that differ in times and words only are the same.
    pub(super) fn forget_time(&mut self) {
        (self.started_ms, self.since_ms, self.ready_ms) = (0, 0, 0);
        self.undecided_reported = false;
        if let State::Discarded(why) = &mut self.state {
            *why = trouble(4, "x", "", "");
        }
    }

    /// For negative controls: discards on silence, as a careless program would.
    pub(super) fn force_discard(&mut self) -> Outputs {
        let mut out = Vec::new();
        self.discard(trouble(4, "forced", "", ""), &mut out);
        if let Some(DestinationOutput::Engine(DestinationCommand::Discard { keep_image })) = out.first_mut() {
            *keep_image = false;
        }
        out
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == State::Ready
    }
}
