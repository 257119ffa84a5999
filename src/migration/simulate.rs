//! Both machines in virtual time, with latency, many chunks, deadlines, encoded messages, journals as
//! text with torn lines, and faults drawn from a seed. The exploration is exhaustive and has no time;
//! this has time and is not exhaustive.

use super::explore::{accept, offer};
use super::*;
use crate::ids::{HostName, LifeId, MoveId};
use crate::protocol::Bytes;
use crate::protocol::keeper::MoveOutcome;
use crate::protocol::migration::{Message, Part, decode, encode};
use std::collections::BTreeMap;

const MOVE: MoveId = MoveId(1, 1);
const LIFE: LifeId = LifeId(2, 2);
/// Virtual time after which no faults happen any more, ms.
const FAULTS_UNTIL_MS: u64 = 2_000;
/// Virtual time by which every move must have ended, ms.
const ENDED_BY_MS: u64 = 600_000;

/// splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Tree {
    Running,
    Frozen,
    Sealed,
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Copy {
    None,
    Stopped,
    Running,
}

#[derive(Debug)]
enum Event {
    /// Bytes of generation `link` arrive.
    ToSource(u64, Vec<u8>),
    ToDestination(u64, Vec<u8>),
    /// An engine of this life of a keeper, at this command, has done it.
    SourceEngine(u64, SourceCommand),
    DestinationEngine(u64, DestinationCommand),
    SourceData(u64, u64),
    Cut,
    Heal,
    CrashSource,
    CrashDestination,
    RestartSource,
    RestartDestination,
    /// A deadline may have come.
    Tick,
}

struct Sim {
    random: Random,
    now: u64,
    events: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    source: Option<Source>,
    destination: Option<Destination>,
    /// Restarted with nothing on record.
    source_stranger: bool,
    destination_stranger: bool,
    source_journal: Vec<u8>,
    destination_journal: Vec<u8>,
    tree: Tree,
    copy: Copy,
    image: Vec<u8>,
    image_whole: bool,
    /// Counts commands: a late answer to an earlier one does not count.
    source_command: u64,
    destination_command: u64,
    link: Option<u64>,
    links: u64,
    last_arrival: u64,
    crashes_left: u32,
    reports: Vec<(u64, Report)>,
}

/// A journal that cannot be written, see the contract in the module above.
fn full() -> crate::protocol::keeper::Trouble {
    report::trouble(3, "journal", "The disk is full.", "")
}

const CHUNKS: u64 = 5;

impl Sim {
    fn new(seed: u64) -> Sim {
        let mut sim = Sim {
            random: Random(seed),
            now: 0,
            events: BTreeMap::new(),
            sequence: 0,
            source: None,
            destination: Some(Destination::new(0, MOVE, LIFE, HostName("b".into()), true)),
            source_stranger: false,
            destination_stranger: false,
            source_journal: vec![],
            destination_journal: vec![],
            tree: Tree::Running,
            copy: Copy::None,
            image: vec![],
            image_whole: false,
            source_command: 0,
            destination_command: 0,
            link: Some(0),
            links: 0,
            last_arrival: 0,
            crashes_left: 3,
            reports: vec![],
        };
        for _ in 0..sim.random.below(4) {
            let event = match sim.random.below(4) {
                0 | 1 => Event::Cut,
                2 => Event::CrashSource,
                _ => Event::CrashDestination,
            };
            let at = sim.random.below(400);
            sim.at(at, event);
        }
        let order = Order {
            move_id: MOVE,
            to: HostName("b".into()),
            root: Root { pid: 7, started: 7 },
            offer: offer(),
        };
        let (source, outputs) = Source::new(0, order);
        sim.source = Some(source);
        sim.source_outputs(outputs);
        sim
    }

    fn at(&mut self, in_ms: u64, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now + in_ms, self.sequence), event);
    }

    fn send(&mut self, message: &Message, to_source: bool) {
        let Some(link) = self.link else { return };
        let bytes = encode(message);
        // In order: never before what was sent earlier.
        let arrival = (self.now + 1 + self.random.below(20)).max(self.last_arrival);
        self.last_arrival = arrival;
        let event = if to_source { Event::ToSource(link, bytes) } else { Event::ToDestination(link, bytes) };
        self.at(arrival - self.now, event);
    }

    fn check(&self) {
        assert!(!(self.tree == Tree::Running && self.copy == Copy::Running), "two running copies");
        let kept = self.image_whole;
        assert!(self.tree != Tree::Dead || self.copy != Copy::None || kept, "the shell is lost");
    }

    fn journal(&mut self, source: bool, record: &Record) -> bool {
        let line = record.to_line(MOVE);
        let torn = self.crashes_left > 0 && self.now < FAULTS_UNTIL_MS && self.random.chance(2);
        let length = if torn { self.random.below(line.len() as u64) as usize } else { line.len() };
        let journal = if source { &mut self.source_journal } else { &mut self.destination_journal };
        journal.extend_from_slice(&line.as_bytes()[..length]);
        torn
    }

    fn source_outputs(&mut self, outputs: Vec<SourceOutput>) {
        for output in outputs {
            match output {
                SourceOutput::Send(message) => self.send(&message, false),
                SourceOutput::Journal(record) => {
                    let disk_full = self.now < FAULTS_UNTIL_MS && self.random.chance(2);
                    let instead = match record {
                        Record::Begin { .. } if disk_full => SourceInput::EngineFailed(full()),
                        Record::Commit { .. } if disk_full && self.tree == Tree::Sealed => {
                            SourceInput::Peer(Message::Gone(full()))
                        }
                        _ => SourceInput::Tick,
                    };
                    if instead != SourceInput::Tick {
                        return self.tell_source(instead);
                    }
                    if self.journal(true, &record) {
                        return self.crash_source();
                    }
                }
                SourceOutput::Report(report) => self.reports.push((self.now, report)),
                SourceOutput::Engine(command) => self.source_engine(command),
            }
            self.check();
        }
        if let Some(due) = self.source.as_ref().and_then(Source::next_deadline_ms) {
            self.at(due.saturating_sub(self.now), Event::Tick);
        }
    }

    fn source_engine(&mut self, command: SourceCommand) {
        match command {
            SourceCommand::Precopy { .. }
            | SourceCommand::Freeze
            | SourceCommand::Dump
            | SourceCommand::Seal => {
                self.source_command += 1;
                let takes = 1 + self.random.below(60);
                if matches!(command, SourceCommand::Dump) {
                    for i in 0..CHUNKS {
                        self.at(takes * i / CHUNKS, Event::SourceData(self.source_command, i));
                    }
                }
                self.at(takes, Event::SourceEngine(self.source_command, command));
            }
            SourceCommand::Unseal => {
                assert_eq!(self.tree, Tree::Sealed);
                self.tree = Tree::Frozen;
            }
            SourceCommand::Thaw => {
                self.source_command += 1;
                if self.tree == Tree::Frozen {
                    self.tree = Tree::Running;
                }
            }
            SourceCommand::Release | SourceCommand::KillRest => self.tree = Tree::Dead,
        }
    }

    fn destination_outputs(&mut self, outputs: Vec<DestinationOutput>) {
        for output in outputs {
            match output {
                DestinationOutput::Send(message) => self.send(&message, true),
                DestinationOutput::Journal(record) => {
                    let disk_full = self.now < FAULTS_UNTIL_MS && self.random.chance(2);
                    if disk_full {
                        return self.tell_destination(DestinationInput::JournalFailed(record, full()));
                    }
                    if self.journal(false, &record) {
                        return self.crash_destination();
                    }
                }
                DestinationOutput::Report(report) => self.reports.push((self.now, report)),
                DestinationOutput::Engine(command) => self.destination_engine(command),
            }
            self.check();
        }
        if let Some(due) = self.destination.as_ref().and_then(Destination::next_deadline_ms) {
            self.at(due.saturating_sub(self.now), Event::Tick);
        }
    }

    fn destination_engine(&mut self, command: DestinationCommand) {
        match command {
            DestinationCommand::Consider(_)
            | DestinationCommand::Restore
            | DestinationCommand::Resume { .. } => {
                self.destination_command += 1;
                let takes = 1 + self.random.below(80);
                self.at(takes, Event::DestinationEngine(self.destination_command, command));
            }
            DestinationCommand::Store { bytes, .. } => self.image.extend_from_slice(&bytes),
            DestinationCommand::StoreEnd(Part::Image) => {
                assert_eq!(self.image, (0..CHUNKS as u8).collect::<Vec<u8>>(), "the image is what was sent");
                self.image_whole = true;
            }
            DestinationCommand::StoreEnd(Part::Precopy) => {}
            DestinationCommand::KillCopy => self.copy = Copy::None,
            DestinationCommand::Discard { keep_image } => {
                self.destination_command += 1;
                self.copy = Copy::None;
                self.image_whole &= keep_image;
            }
        }
    }

    fn tell_source(&mut self, input: SourceInput) {
        let now = self.now;
        let Some(source) = &mut self.source else { return };
        let outputs = source.handle(now, input);
        self.source_outputs(outputs);
    }

    fn tell_destination(&mut self, input: DestinationInput) {
        let now = self.now;
        let Some(destination) = &mut self.destination else { return };
        let outputs = destination.handle(now, input);
        self.destination_outputs(outputs);
    }

    fn cut(&mut self) {
        if self.link.take().is_none() {
            return;
        }
        let outage = 1 + self.random.below(400);
        self.at(outage, Event::Heal);
        self.tell_source(SourceInput::LinkDown);
        self.tell_destination(DestinationInput::LinkDown);
    }

    fn crash_source(&mut self) {
        if self.crashes_left == 0 || self.source.is_none() {
            return;
        }
        self.crashes_left -= 1;
        self.source = None;
        self.source_command += 1;
        self.tree = match self.tree {
            Tree::Frozen => Tree::Running,
            Tree::Sealed => Tree::Dead,
            other => other,
        };
        self.cut();
        let after = 1 + self.random.below(300);
        self.at(after, Event::RestartSource);
        self.check();
    }

    fn crash_destination(&mut self) {
        if self.crashes_left == 0 || self.destination.is_none() {
            return;
        }
        self.crashes_left -= 1;
        self.destination = None;
        self.destination_command += 1;
        if self.copy == Copy::Stopped {
            self.copy = Copy::None;
        }
        self.cut();
        let after = 1 + self.random.below(300);
        self.at(after, Event::RestartDestination);
        self.check();
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::ToSource(link, bytes) => {
                if self.link == Some(link) {
                    let message = decode(&bytes).expect("what was encoded decodes");
                    if self.source_stranger
                        && let Some(answer) = Source::stranger(&message)
                    {
                        self.send(&answer, false);
                    }
                    self.tell_source(SourceInput::Peer(message));
                }
            }
            Event::ToDestination(link, bytes) => {
                if self.link == Some(link) {
                    let message = decode(&bytes).expect("what was encoded decodes");
                    if self.destination_stranger
                        && let Some(answer) = Destination::stranger(&message)
                    {
                        self.send(&answer, true);
                    }
                    self.tell_destination(DestinationInput::Peer(message));
                }
            }
            Event::SourceData(command, i) => {
                if command == self.source_command {
                    self.tell_source(SourceInput::Data(Bytes::from(vec![i as u8])));
                }
            }
            Event::SourceEngine(number, command) => {
                if number == self.source_command {
                    self.source_engine_done(&command);
                }
            }
            Event::DestinationEngine(number, command) => {
                if number == self.destination_command {
                    self.destination_engine_done(&command);
                }
            }
            Event::Cut => self.cut(),
            Event::Heal => {
                if self.source.is_none() && !self.source_stranger
                    || self.destination.is_none() && !self.destination_stranger
                {
                    self.at(50, Event::Heal);
                } else if self.link.is_none() {
                    self.links += 1;
                    self.link = Some(self.links);
                    self.tell_source(SourceInput::LinkUp);
                    self.tell_destination(DestinationInput::LinkUp);
                }
            }
            Event::CrashSource => self.crash_source(),
            Event::CrashDestination => self.crash_destination(),
            Event::RestartSource => self.restart_source(),
            Event::RestartDestination => self.restart_destination(),
            Event::Tick => {
                self.tell_source(SourceInput::Tick);
                self.tell_destination(DestinationInput::Tick);
            }
        }
        self.check();
    }

    fn source_engine_done(&mut self, command: &SourceCommand) {
        if self.random.chance(2) && self.now < FAULTS_UNTIL_MS {
            let why = report::trouble(3, "engine", "The engine failed.", "");
            return self.tell_source(SourceInput::EngineFailed(why));
        }
        match command {
            SourceCommand::Freeze => {
                self.tree = Tree::Frozen;
                self.tell_source(SourceInput::Frozen);
            }
            SourceCommand::Seal => {
                self.tree = Tree::Sealed;
                self.tell_source(SourceInput::Sealed);
            }
            _ => self.tell_source(SourceInput::DataEnd),
        }
    }

    fn destination_engine_done(&mut self, command: &DestinationCommand) {
        match command {
            DestinationCommand::Consider(_) if self.random.chance(5) => {
                let why = report::trouble(3, "no-memory", "No memory.", "");
                self.tell_destination(DestinationInput::EngineFailed(why));
            }
            DestinationCommand::Consider(_) => {
                self.tell_destination(DestinationInput::Considered(accept(vec![])));
            }
            DestinationCommand::Resume { .. } => {
                self.copy = Copy::Running;
                self.check();
                self.tell_destination(DestinationInput::Resumed);
            }
            _ => {
                self.copy = Copy::Stopped;
                self.tell_destination(DestinationInput::Restored(Root { pid: 8, started: 8 }));
            }
        }
    }

    fn restart_source(&mut self) {
        let journal = Journal::parse(&self.source_journal).expect("a torn line is no damage");
        // The driver cuts a torn line off before it appends.
        let whole = Journal::whole(&self.source_journal);
        self.source_journal.truncate(whole);
        let fate = if self.tree == Tree::Dead { Fate::Dead } else { Fate::Alive };
        match Source::restart(self.now, MOVE, &journal.of(MOVE), fate) {
            Some((source, outputs)) => {
                self.source = Some(source);
                self.source_outputs(outputs);
            }
            None => self.source_stranger = true,
        }
    }

    fn restart_destination(&mut self) {
        let journal = Journal::parse(&self.destination_journal).expect("a torn line is no damage");
        let whole = Journal::whole(&self.destination_journal);
        self.destination_journal.truncate(whole);
        let fate = if self.copy == Copy::None { Fate::Dead } else { Fate::Alive };
        match Destination::restart(self.now, MOVE, &journal.of(MOVE), fate, self.image_whole) {
            Some((destination, outputs)) => {
                self.destination = Some(destination);
                self.destination_outputs(outputs);
            }
            None => self.destination_stranger = true,
        }
    }

    fn over(&self) -> bool {
        let source = self.source_stranger || self.source.as_ref().is_some_and(Source::is_over);
        let destination =
            self.destination_stranger || self.destination.as_ref().is_some_and(Destination::is_over);
        source && destination
    }

    /// Runs to its end and says whether the pane has moved.
    fn run(mut self) -> bool {
        while let Some(((at, _), event)) = self.events.pop_first() {
            self.now = at;
            assert!(at < ENDED_BY_MS, "not ended: {} {:?}", self.phases(), self.reports);
            self.step(event);
        }
        assert!(self.over(), "nothing more happens, and it is not over: {}", self.phases());
        let moved = match (self.tree, self.copy) {
            (Tree::Running, Copy::None) => false,
            (Tree::Dead, Copy::Running) => true,
            other => panic!("ended with {other:?}"),
        };
        if let Some((_, last)) = self.reports.last() {
            let said = matches!(last.to_wire().outcome, MoveOutcome::Moved(_));
            assert_eq!(said, moved, "the last report is true: {last:?}");
        }
        moved
    }

    fn phases(&self) -> String {
        format!(
            "{:?} {:?} {:?} {:?}",
            self.source.as_ref().map(Source::phase),
            self.destination.as_ref().map(Destination::phase),
            self.tree,
            self.copy
        )
    }
}

#[test]
fn four_thousand_moves_with_faults() {
    let moved = (0..4000).filter(|&seed| Sim::new(seed).run()).count();
    println!("{moved} of 4000 moved");
    // Both ends happen, and most moves that nothing befalls succeed.
    assert!((1000..4000).contains(&moved), "{moved}");
}

#[test]
fn a_move_nobody_disturbs_moves() {
    let quiet = (0..200).filter(|&seed| {
        let mut sim = Sim::new(seed);
        sim.events.retain(|_, e| !matches!(e, Event::Cut | Event::CrashSource | Event::CrashDestination));
        sim.crashes_left = 0;
        sim.run()
    });
    // The engine still fails now and then, and the host refuses now and then.
    assert!(quiet.count() > 150);
}
