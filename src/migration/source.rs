//! The side a pane leaves. See the module above for the contract with its driver.

use super::journal::{Record, Root};
use super::report::{Report, Whereabouts, trouble};
use super::{Fate, OFFER_TIMEOUT_MS, READY_TIMEOUT_MS, REPEAT_MS, Resolution, UNDECIDED_AFTER_MS};
use crate::ids::{Epoch, HostName, LifeId, MoveId};
use crate::protocol::Bytes;
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::{Knowledge, Message, Offer, Part};

/// What is to be moved where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// The move.
    pub move_id: MoveId,
    /// Where to, as the user named it.
    pub to: HostName,
    /// The tree.
    pub root: Root,
    /// What is said to the other side first; pane, epoch and this host are in it.
    pub offer: Offer,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceInput {
    /// The other keeper says something.
    Peer(Message),
    /// The link to it is cut; nothing that was under way arrives any more.
    LinkDown,
    /// The link is back (possibly to a keeper that has restarted meanwhile).
    LinkUp,
    /// Bytes of the part that is being made ([`SourceCommand::Precopy`], [`SourceCommand::Dump`]).
    Data(Bytes),
    /// That part is complete.
    DataEnd,
    /// The tree is frozen.
    Frozen,
    /// The tree is sealed: it dies with this keeper and cannot run before it is unsealed.
    Sealed,
    /// The command begun last failed. Whatever it had done to the tree, [`SourceCommand::Thaw`] mends.
    EngineFailed(Trouble),
    /// The pane's root process ended by itself, or was killed.
    TreeEnded,
    /// The user, or the server, does not want the move any more.
    Cancel(Trouble),
    /// `qmux move --resolve`.
    Resolve(Resolution),
    /// Time has passed.
    Tick,
}

/// What the engine is to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceCommand {
    /// Begin: make the precopy part (files the other side lacks, and memory if it takes that), while the tree runs.
    Precopy {
        /// BLAKE3 of each file.
        lacking: Vec<[u8; 32]>,
    },
    /// Begin: stop the tree.
    Freeze,
    /// Begin: make the image part of the frozen tree.
    Dump,
    /// Begin: put the frozen tree under exit-kill.
    Seal,
    /// Take the sealed tree out of exit-kill; it stays frozen.
    Unseal,
    /// Whatever was begun: end it and let the tree run.
    Thaw,
    /// Kill the sealed tree: it lives elsewhere.
    Release,
    /// Kill what is left of a tree of an earlier keeper.
    KillRest,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceOutput {
    /// Say to the other keeper.
    Send(Message),
    /// Append to the journal, on disk before the next output.
    Journal(Record),
    /// To the engine.
    Engine(SourceCommand),
    /// To the server, and so to the user.
    Report(Report),
}

/// Whether a committed tree is still here to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Tree {
    Sealed,
    Dead,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    /// The pane runs; the other side considers.
    Offering,
    /// The pane runs; files and a first copy of its memory are sent.
    Precopying,
    Freezing,
    Sending,
    AwaitingReady,
    /// With the reason not to commit, once there is one: the tree is being sealed and comes back first.
    Sealing(Option<Trouble>),
    /// The commit record is written.
    Committing(Tree),
    /// Ends: the destination has it,
    Released,
    /// it runs on here,
    Aborted(Trouble),
    /// neither has it.
    Lost(Trouble),
}

/// The source of one move.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    move_id: MoveId,
    life: LifeId,
    epoch: Epoch,
    from: HostName,
    to: HostName,
    root: Root,
    expected_bytes: u64,
    dry_run: bool,
    state: State,
    /// BEGIN is in the journal.
    begun: bool,
    link: bool,
    /// Length so far of the part that is being sent.
    offset: u64,
    sent_bytes: u64,
    lacking: Vec<[u8; 32]>,
    warnings: Vec<String>,
    started_ms: u64,
    /// When the present state began, or last said something.
    since_ms: u64,
    frozen_ms: Option<u64>,
    committed_ms: u64,
    undecided_reported: bool,
}

type Outputs = Vec<SourceOutput>;

impl Source {
    /// Begins a move over a link that is up.
    pub fn new(now_ms: u64, order: Order) -> (Source, Outputs) {
        let Order { move_id, to, root, offer } = order;
        let source = Source {
            move_id,
            life: offer.life,
            epoch: offer.epoch,
            from: offer.from.clone(),
            to,
            root,
            expected_bytes: offer.memory_bytes,
            dry_run: offer.dry_run,
            state: State::Offering,
            begun: false,
            link: true,
            offset: 0,
            sent_bytes: 0,
            lacking: Vec::new(),
            warnings: Vec::new(),
            started_ms: now_ms,
            since_ms: now_ms,
            frozen_ms: None,
            committed_ms: now_ms,
            undecided_reported: false,
        };
        (source, vec![SourceOutput::Send(Message::Offer(Box::new(offer)))])
    }

    /// After a crash: believes the tree, then the journal. `None` when the journal has no move that
    /// touched the tree. The link is down until [`SourceInput::LinkUp`].
    pub fn restart(
        now_ms: u64,
        move_id: MoveId,
        records: &[Record],
        tree: Fate,
    ) -> Option<(Source, Outputs)> {
        let (mut begin, mut commit, mut taking_back, mut done, mut aborted) = (None, None, None, false, None);
        for record in records {
            match record {
                Record::Begin { life, epoch, from, to, root } => {
                    begin = Some((*life, *epoch, from.clone(), to.clone(), *root));
                }
                Record::Commit { epoch } => commit = Some(*epoch),
                Record::TakingBack { why } => taking_back = Some(why.clone()),
                Record::Done => done = true,
                Record::Aborted { why } => aborted = Some(why.clone()),
                // The keeper was the destination of the move that brought the pane here.
                Record::Receive { .. }
                | Record::Ready { .. }
                | Record::Committed { .. }
                | Record::Running
                | Record::Discarded { .. } => {}
            }
        }
        let (life, epoch, from, to, root) = begin?;
        let mut source = Source {
            move_id,
            life,
            epoch,
            from,
            to,
            root,
            expected_bytes: 0,
            dry_run: false,
            state: State::Committing(Tree::Dead),
            begun: true,
            link: false,
            offset: 0,
            sent_bytes: 0,
            lacking: Vec::new(),
            warnings: Vec::new(),
            started_ms: now_ms,
            since_ms: now_ms,
            frozen_ms: None,
            committed_ms: now_ms,
            undecided_reported: false,
        };
        let mut out = Vec::new();
        if done {
            source.state = State::Released;
        } else if let Some(why) = aborted {
            source.state = State::Aborted(trouble(4, "restarted", why, ""));
        } else if let Some(why) = taking_back {
            // The destination has none: what is here is all there is.
            if tree == Fate::Partly {
                out.push(SourceOutput::Engine(SourceCommand::KillRest));
            }
            source.taken_back(now_ms, trouble(4, "restarted", why, ""), tree == Fate::Alive, &mut out);
        } else if commit.is_none() && tree == Fate::Alive {
            let why = trouble(4, "keeper-restarted", "qmux was restarted during the move.", "");
            source.aborted(now_ms, why, Whereabouts::AtSource, &mut out);
        } else {
            if tree != Fate::Dead {
                out.push(SourceOutput::Engine(SourceCommand::KillRest));
            }
            if commit.is_none() {
                out.push(SourceOutput::Journal(Record::Commit { epoch: epoch.next() }));
            }
        }
        Some((source, out))
    }

    /// What a host answers that has nothing on record about a move and no keeper of it: the destination
    /// is then undecided, for this is no proof that the pane runs anywhere.
    pub fn stranger(message: &Message) -> Option<Message> {
        (*message == Message::Query).then_some(Message::State(Knowledge::Unknown))
    }

    /// The move this is about; frames of another move are not for it.
    pub fn move_id(&self) -> MoveId {
        self.move_id
    }

    /// Name of the state, for progress and logs.
    pub fn phase(&self) -> &'static str {
        match &self.state {
            State::Offering => "offering",
            State::Precopying => "precopying",
            State::Freezing => "freezing",
            State::Sending => "sending",
            State::AwaitingReady => "awaiting-ready",
            State::Sealing(_) => "sealing",
            State::Committing(_) if self.undecided_reported => "undecided",
            State::Committing(_) => "committing",
            State::Released => "released",
            State::Aborted(_) => "aborted",
            State::Lost(_) => "lost",
        }
    }

    /// Bytes sent, and bytes expected (an estimate; 0 when unknown).
    pub fn progress(&self) -> (u64, u64) {
        (self.sent_bytes, self.expected_bytes)
    }

    /// Whether the move is over and this side has nothing more to do but answer questions.
    pub fn is_over(&self) -> bool {
        match self.state {
            State::Released | State::Aborted(_) | State::Lost(_) => true,
            State::Offering
            | State::Precopying
            | State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Sealing(_)
            | State::Committing(_) => false,
        }
    }

    /// Whether the pane runs (or may run) here and is not, or no longer, touched.
    pub fn pane_runs_here(&self) -> bool {
        match self.state {
            State::Offering | State::Precopying | State::Aborted(_) => true,
            State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Sealing(_)
            | State::Committing(_)
            | State::Released
            | State::Lost(_) => false,
        }
    }

    /// When a [`SourceInput::Tick`] is due next, if ever.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Offering => Some(self.since_ms + OFFER_TIMEOUT_MS),
            State::AwaitingReady => Some(self.since_ms + READY_TIMEOUT_MS),
            State::Committing(_) => {
                let repeat = self.link.then_some(self.since_ms + REPEAT_MS);
                let report = (!self.undecided_reported).then_some(self.committed_ms + UNDECIDED_AFTER_MS);
                repeat.into_iter().chain(report).min()
            }
            State::Precopying
            | State::Freezing
            | State::Sending
            | State::Sealing(_)
            | State::Released
            | State::Aborted(_)
            | State::Lost(_) => None,
        }
    }

    /// Takes in what happened and says what is to be done.
    pub fn handle(&mut self, now_ms: u64, input: SourceInput) -> Outputs {
        let mut out = Vec::new();
        match input {
            SourceInput::Peer(message) => self.peer(now_ms, message, &mut out),
            SourceInput::LinkDown => {
                self.link = false;
                let why = self.link_broke();
                self.fail(now_ms, why, &mut out);
            }
            SourceInput::LinkUp => {
                self.link = true;
                self.say_what_is_decided(now_ms, &mut out);
            }
            SourceInput::Data(bytes) => self.data(bytes, &mut out),
            SourceInput::DataEnd => self.data_end(now_ms, &mut out),
            SourceInput::Frozen => {
                if self.state == State::Freezing {
                    self.state = State::Sending;
                    self.offset = 0;
                    out.push(SourceOutput::Engine(SourceCommand::Dump));
                }
            }
            SourceInput::Sealed => self.sealed(now_ms, &mut out),
            SourceInput::EngineFailed(why) => self.engine_failed(now_ms, why, &mut out),
            SourceInput::TreeEnded => self.tree_ended(now_ms, &mut out),
            SourceInput::Cancel(why) => self.fail(now_ms, why, &mut out),
            SourceInput::Resolve(resolution) => self.resolve(now_ms, resolution, &mut out),
            SourceInput::Tick => self.tick(now_ms, &mut out),
        }
        out
    }

    fn peer(&mut self, now_ms: u64, message: Message, out: &mut Outputs) {
        match message {
            Message::Accept(accept) => {
                if self.state == State::Offering {
                    self.warnings = accept.warnings;
                    self.lacking = accept.lacking;
                    self.accepted(now_ms, accept.memory_ahead, out);
                }
            }
            Message::Refuse(why) => self.fail(now_ms, why, out),
            Message::Ready => self.ready(out),
            Message::RestoreFailed(why) | Message::Gone(why) => self.gone(now_ms, why, out),
            Message::Ack => self.acknowledged(now_ms, out),
            Message::Query => match self.state {
                // Only a destination in Ready asks: its word for it may have been lost with the link.
                State::AwaitingReady => self.ready(out),
                State::Offering
                | State::Precopying
                | State::Freezing
                | State::Sending
                | State::Sealing(_)
                | State::Committing(_)
                | State::Released
                | State::Aborted(_)
                | State::Lost(_) => self.say_what_is_decided(now_ms, out),
            },
            // Said by sources only, or to drivers.
            Message::Offer(_)
            | Message::Chunk { .. }
            | Message::ChunkEnd { .. }
            | Message::Commit { .. }
            | Message::Abort(_)
            | Message::State(_)
            | Message::Credit { .. } => {}
        }
    }

    fn accepted(&mut self, now_ms: u64, memory_ahead: bool, out: &mut Outputs) {
        if self.dry_run {
            let why = trouble(1, "dry-run", "Only asked.", "");
            self.state = State::Aborted(why.clone());
            self.send(Message::Abort(why), out);
            let report = self.report(now_ms, Whereabouts::AtSource, None);
            out.push(SourceOutput::Report(report));
        } else if self.lacking.is_empty() && !memory_ahead {
            self.freeze(now_ms, out);
        } else {
            self.state = State::Precopying;
            self.offset = 0;
            out.push(SourceOutput::Engine(SourceCommand::Precopy { lacking: self.lacking.clone() }));
        }
    }

    fn freeze(&mut self, now_ms: u64, out: &mut Outputs) {
        out.push(SourceOutput::Journal(Record::Begin {
            life: self.life,
            epoch: self.epoch,
            from: self.from.clone(),
            to: self.to.clone(),
            root: self.root,
        }));
        out.push(SourceOutput::Engine(SourceCommand::Freeze));
        self.begun = true;
        self.frozen_ms = Some(now_ms);
        self.state = State::Freezing;
    }

    fn data(&mut self, bytes: Bytes, out: &mut Outputs) {
        let Some(part) = self.part() else { return };
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        self.sent_bytes += bytes.len() as u64;
        self.send(Message::Chunk { part, offset, bytes }, out);
    }

    fn data_end(&mut self, now_ms: u64, out: &mut Outputs) {
        let Some(part) = self.part() else { return };
        self.send(Message::ChunkEnd { part, total: self.offset }, out);
        match part {
            Part::Precopy => self.freeze(now_ms, out),
            Part::Image => {
                self.state = State::AwaitingReady;
                self.since_ms = now_ms;
            }
        }
    }

    /// The part the engine is making now.
    fn part(&self) -> Option<Part> {
        match self.state {
            State::Precopying => Some(Part::Precopy),
            State::Sending => Some(Part::Image),
            State::Offering
            | State::Freezing
            | State::AwaitingReady
            | State::Sealing(_)
            | State::Committing(_)
            | State::Released
            | State::Aborted(_)
            | State::Lost(_) => None,
        }
    }

    fn ready(&mut self, out: &mut Outputs) {
        if self.state == State::AwaitingReady {
            self.state = State::Sealing(None);
            out.push(SourceOutput::Engine(SourceCommand::Seal));
        }
    }

    fn sealed(&mut self, now_ms: u64, out: &mut Outputs) {
        let State::Sealing(doomed) = &self.state else { return };
        match doomed.clone() {
            // Not on record as committed, so it may still come back. It comes back before anybody is told:
            // a crash in between leaves the destination's copy, which has not been told to go.
            Some(why) => {
                out.push(SourceOutput::Engine(SourceCommand::Unseal));
                out.push(SourceOutput::Engine(SourceCommand::Thaw));
                self.aborted(now_ms, why, Whereabouts::AtSource, out);
            }
            None => self.commit(now_ms, Tree::Sealed, out),
        }
    }

    fn commit(&mut self, now_ms: u64, tree: Tree, out: &mut Outputs) {
        let epoch = self.epoch.next();
        out.push(SourceOutput::Journal(Record::Commit { epoch }));
        self.state = State::Committing(tree);
        self.since_ms = now_ms;
        self.committed_ms = now_ms;
        self.send(Message::Commit { epoch }, out);
    }

    fn acknowledged(&mut self, now_ms: u64, out: &mut Outputs) {
        match &self.state {
            State::Committing(_) => self.released(now_ms, out),
            // It runs at both: only a human's word against the rules can have brought this about.
            State::Aborted(_) => {
                let why =
                    trouble(7, super::report::BOTH, "A human chose to run it here.", "End one of them.");
                let report = self.report(now_ms, Whereabouts::Both, Some(why));
                out.push(SourceOutput::Report(report));
            }
            // Not committed yet: the destination says it again when it hears Commit.
            State::Offering
            | State::Precopying
            | State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Sealing(_)
            | State::Released
            | State::Lost(_) => {}
        }
    }

    fn released(&mut self, now_ms: u64, out: &mut Outputs) {
        if self.state == State::Committing(Tree::Sealed) {
            out.push(SourceOutput::Engine(SourceCommand::Release));
        }
        out.push(SourceOutput::Journal(Record::Done));
        self.state = State::Released;
        let report = self.report(now_ms, Whereabouts::AtDestination, None);
        out.push(SourceOutput::Report(report));
    }

    /// The destination has no copy.
    fn gone(&mut self, now_ms: u64, why: Trouble, out: &mut Outputs) {
        match &self.state {
            State::Committing(tree) => {
                let here = *tree == Tree::Sealed;
                out.push(SourceOutput::Journal(Record::TakingBack { why: why.cause.clone() }));
                if here {
                    out.push(SourceOutput::Engine(SourceCommand::Unseal));
                    out.push(SourceOutput::Engine(SourceCommand::Thaw));
                }
                self.taken_back(now_ms, why, here, out);
            }
            State::Offering
            | State::Precopying
            | State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Sealing(_) => self.fail(now_ms, why, out),
            State::Released | State::Aborted(_) | State::Lost(_) => {}
        }
    }

    /// `TakingBack` is on record and the tree, if it is here, runs.
    fn taken_back(&mut self, now_ms: u64, why: Trouble, here: bool, out: &mut Outputs) {
        if here {
            self.aborted(now_ms, why, Whereabouts::AtSource, out);
        } else {
            self.state = State::Lost(why.clone());
            let report = self.report(now_ms, Whereabouts::Lost, Some(why));
            out.push(SourceOutput::Report(report));
        }
    }

    /// A failure of either side, the link, or the user's wish: before Seal the move ends, the pane lost a
    /// pause; while sealing, the seal comes off first; after the commit record nothing follows from it.
    fn fail(&mut self, now_ms: u64, why: Trouble, out: &mut Outputs) {
        match &mut self.state {
            State::Offering => self.aborted(now_ms, why, Whereabouts::AtSource, out),
            State::Precopying | State::Freezing | State::Sending | State::AwaitingReady => {
                out.push(SourceOutput::Engine(SourceCommand::Thaw));
                self.aborted(now_ms, why, Whereabouts::AtSource, out);
            }
            State::Sealing(doomed) => {
                doomed.get_or_insert(why);
            }
            State::Committing(_) | State::Released | State::Aborted(_) | State::Lost(_) => {}
        }
    }

    fn engine_failed(&mut self, now_ms: u64, why: Trouble, out: &mut Outputs) {
        match &self.state {
            // The seal did not take: the tree is frozen, no commit record is written.
            State::Sealing(_) => {
                out.push(SourceOutput::Engine(SourceCommand::Thaw));
                self.aborted(now_ms, why, Whereabouts::AtSource, out);
            }
            State::Offering
            | State::Precopying
            | State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Committing(_)
            | State::Released
            | State::Aborted(_)
            | State::Lost(_) => self.fail(now_ms, why, out),
        }
    }

    fn tree_ended(&mut self, now_ms: u64, out: &mut Outputs) {
        match &self.state {
            State::Offering | State::Precopying | State::Freezing | State::Sending | State::AwaitingReady => {
                if self.state != State::Offering {
                    out.push(SourceOutput::Engine(SourceCommand::Thaw));
                }
                let why = trouble(1, "ended", "It ended during the move.", "");
                self.aborted(now_ms, why, Whereabouts::Ended, out);
            }
            // Ready was heard: the destination's copy is now the last one.
            State::Sealing(_) => {
                out.push(SourceOutput::Engine(SourceCommand::KillRest));
                self.commit(now_ms, Tree::Dead, out);
            }
            State::Committing(_) => self.state = State::Committing(Tree::Dead),
            State::Released | State::Aborted(_) | State::Lost(_) => {}
        }
    }

    /// The tree runs on here (or ended by itself): on record, then told to both.
    fn aborted(&mut self, now_ms: u64, why: Trouble, place: Whereabouts, out: &mut Outputs) {
        // Without a BEGIN there is nothing that a restart could misjudge.
        if self.begun {
            out.push(SourceOutput::Journal(Record::Aborted { why: why.cause.clone() }));
        }
        let report = self.report(now_ms, place, Some(why.clone()));
        self.state = State::Aborted(why.clone());
        self.send(Message::Abort(why), out);
        out.push(SourceOutput::Report(report));
    }

    fn resolve(&mut self, now_ms: u64, resolution: Resolution, out: &mut Outputs) {
        match (&self.state, resolution) {
            (State::Committing(_), Resolution::There) => self.released(now_ms, out),
            (State::Committing(Tree::Sealed), Resolution::Here) => {
                let why = trouble(7, "resolved", "You chose to keep it here.", "");
                out.push(SourceOutput::Journal(Record::TakingBack { why: why.cause.clone() }));
                out.push(SourceOutput::Engine(SourceCommand::Unseal));
                out.push(SourceOutput::Engine(SourceCommand::Thaw));
                self.taken_back(now_ms, why, true, out);
            }
            (State::Committing(Tree::Dead), Resolution::Here) => {
                let cause = format!("Nothing of it is left on {} to run.", self.from);
                let report =
                    self.report(now_ms, Whereabouts::Unclear, Some(trouble(7, "nothing-here", cause, "")));
                out.push(SourceOutput::Report(report));
            }
            (State::Released, _) => {
                let report = self.report(now_ms, Whereabouts::AtDestination, None);
                out.push(SourceOutput::Report(report));
            }
            (State::Aborted(why), _) => {
                let report = self.report(now_ms, Whereabouts::AtSource, Some(why.clone()));
                out.push(SourceOutput::Report(report));
            }
            (State::Lost(why), _) => {
                let report = self.report(now_ms, Whereabouts::Lost, Some(why.clone()));
                out.push(SourceOutput::Report(report));
            }
            // Nothing to resolve: the move is under way and will end by itself.
            (
                State::Offering
                | State::Precopying
                | State::Freezing
                | State::Sending
                | State::AwaitingReady
                | State::Sealing(_),
                _,
            ) => {}
        }
    }

    fn tick(&mut self, now_ms: u64, out: &mut Outputs) {
        match &self.state {
            State::Offering => {
                if now_ms >= self.since_ms + OFFER_TIMEOUT_MS {
                    let cause = format!("{} did not answer in {} s.", self.to, OFFER_TIMEOUT_MS / 1000);
                    self.fail(now_ms, trouble(4, "no-answer", cause, ""), out);
                }
            }
            State::AwaitingReady => {
                if now_ms >= self.since_ms + READY_TIMEOUT_MS {
                    let cause = format!("{} was not ready in {} s.", self.to, READY_TIMEOUT_MS / 1000);
                    self.fail(now_ms, trouble(4, "not-ready", cause, ""), out);
                }
            }
            State::Committing(_) => {
                if now_ms >= self.since_ms + REPEAT_MS {
                    self.say_what_is_decided(now_ms, out);
                }
                if !self.undecided_reported && now_ms >= self.committed_ms + UNDECIDED_AFTER_MS {
                    self.undecided_reported = true;
                    let why = trouble(
                        7,
                        "undecided",
                        format!("{} does not answer.", self.to),
                        "`qmux move --resolve`.",
                    );
                    let report = self.report(now_ms, Whereabouts::Unclear, Some(why));
                    out.push(SourceOutput::Report(report));
                }
            }
            State::Precopying
            | State::Freezing
            | State::Sending
            | State::Sealing(_)
            | State::Released
            | State::Aborted(_)
            | State::Lost(_) => {}
        }
    }

    /// The link is (back) there, or the other side asks: tells it what is true here.
    fn say_what_is_decided(&mut self, now_ms: u64, out: &mut Outputs) {
        let message = match &self.state {
            State::Offering
            | State::Precopying
            | State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Sealing(_) => Message::State(Knowledge::NotDecided),
            State::Committing(_) => {
                self.since_ms = now_ms;
                Message::Commit { epoch: self.epoch.next() }
            }
            State::Released => Message::State(Knowledge::Released),
            State::Aborted(why) => Message::Abort(why.clone()),
            State::Lost(_) => Message::State(Knowledge::Unknown),
        };
        self.send(message, out);
    }

    fn send(&self, message: Message, out: &mut Outputs) {
        if self.link {
            out.push(SourceOutput::Send(message));
        }
    }

    fn percent(&self) -> Option<u8> {
        if self.expected_bytes == 0 || self.sent_bytes == 0 {
            return None;
        }
        // The expectation is an estimate: never claim that all was sent.
        Some((self.sent_bytes.saturating_mul(100) / self.expected_bytes).min(99) as u8)
    }

    fn link_broke(&self) -> Trouble {
        let cause = match self.percent() {
            Some(percent) => format!("Link to {} broke at {percent} %.", self.to),
            None => format!("Link to {} broke.", self.to),
        };
        trouble(4, "link", cause, "")
    }

    fn report(&self, now_ms: u64, place: Whereabouts, failure: Option<Trouble>) -> Report {
        Report {
            move_id: self.move_id,
            place,
            epoch: match place {
                Whereabouts::AtDestination => self.epoch.next(),
                Whereabouts::AtSource
                | Whereabouts::Unclear
                | Whereabouts::Both
                | Whereabouts::Ended
                | Whereabouts::Lost => self.epoch,
            },
            touched: self.begun,
            failure,
            pause_ms: self.frozen_ms.map_or(0, |t| now_ms.saturating_sub(t)),
            total_ms: now_ms.saturating_sub(self.started_ms),
            bytes: self.sent_bytes,
            phase: self.phase(),
            warnings: self.warnings.clone(),
        }
    }
}

#[cfg(test)]
impl Source {
    /// For exploration: two machines that differ in times and words only are the same.
    pub(super) fn forget_time(&mut self) {
        (self.started_ms, self.since_ms, self.committed_ms) = (0, 0, 0);
        self.frozen_ms = self.frozen_ms.map(|_| 0);
        self.undecided_reported = false;
        match &mut self.state {
            State::Sealing(Some(why)) | State::Aborted(why) | State::Lost(why) => {
                *why = trouble(4, "x", "", "")
            }
            State::Offering
            | State::Precopying
            | State::Freezing
            | State::Sending
            | State::AwaitingReady
            | State::Sealing(None)
            | State::Committing(_)
            | State::Released => {}
        }
    }

    /// For negative controls: breaks the rules as a careless program would.
    pub(super) fn force_abort(&mut self) -> Outputs {
        let why = trouble(4, "forced", "", "");
        self.state = State::Aborted(why.clone());
        let mut out = vec![
            SourceOutput::Engine(SourceCommand::Unseal),
            SourceOutput::Engine(SourceCommand::Thaw),
            SourceOutput::Journal(Record::Aborted { why: String::new() }),
        ];
        self.send(Message::Abort(why), &mut out);
        out
    }

    pub(super) fn is_committing(&self) -> bool {
        matches!(self.state, State::Committing(_))
    }
}
