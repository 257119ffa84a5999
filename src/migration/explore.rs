//! Every state two machines, a link that breaks and two keepers that crash can get into.
//!
//! The real [`Source`] and [`Destination`] are driven; the world around them (trees, copies, images,
//! journals, queues) is a small model with the kernel's rules: when a tracer dies a frozen tree runs on, a
//! sealed tree and a stopped copy are killed. A crash may fall between any two outputs, and between an
//! engine's deed and its report. Checked in every state: not two running, not none left; in every report:
//! the pane is where it says; from every state: the move can end.

use super::*;
use crate::ids::{Epoch, HostName, LifeId, MoveId};
use crate::protocol::Bytes;
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::{Accept, Message, Offer};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The rules of the handover that lie outside the machines, or that a control takes away.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// Sealed trees and stopped copies die with their tracer.
    exit_kill: bool,
    /// WRONG: the source thaws when the link breaks after the commit record.
    thaw_on_error_after_commit: bool,
    /// WRONG: a source that restarts always gives the move up.
    abort_at_every_restart: bool,
    /// WRONG: a destination in Ready discards when the link breaks.
    discard_on_silence: bool,
    /// WRONG: a tree that is being killed, and is still to be seen, is taken for a living one.
    dying_is_alive: bool,
}

const RULES: Rules = Rules {
    exit_kill: true,
    thaw_on_error_after_commit: false,
    abort_at_every_restart: false,
    discard_on_silence: false,
    dying_is_alive: false,
};

#[derive(Debug, Clone, Copy)]
struct Bounds {
    rules: Rules,
    image_on_disk: bool,
    cuts: u8,
    crashes: u8,
    /// Failures of Resume, of the second Restore, or of writing a record that binds: counted, for the first
    /// kind ends the move anyway.
    late_failures: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Tree {
    Running,
    Frozen,
    Sealed,
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Copy {
    None,
    Stopped,
    Running,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Image {
    None,
    Partial,
    Whole,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Side<M> {
    Up(M),
    Crashed,
    /// Restarted, and nothing on record about a move.
    Stranger,
}

/// A keeper's way to the server that relays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Up,
    /// Cut, and the keeper does not know yet.
    Cut,
    /// Cut, and it knows.
    Down,
}

/// A command that was begun, and whether the engine has done it (but not yet said so).
type Begun<C> = Option<(C, bool)>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    source: Side<Source>,
    destination: Side<Destination>,
    source_journal: Vec<Record>,
    destination_journal: Vec<Record>,
    tree: Tree,
    copy: Copy,
    image: Image,
    source_begun: Begun<SourceCommand>,
    destination_begun: Begun<DestinationCommand>,
    data_sent: bool,
    to_destination: VecDeque<Message>,
    to_source: VecDeque<Message>,
    source_way: Way,
    destination_way: Way,
    cuts: u8,
    crashes: u8,
    late_failures: u8,
}

const MOVE: MoveId = MoveId(1, 1);
const LIFE: LifeId = LifeId(2, 2);
const ROOT: Root = Root { pid: 7, started: 7 };

fn blank() -> Trouble {
    report::trouble(4, "x", "", "")
}

fn blank_message(message: Message) -> Message {
    match message {
        Message::Refuse(_) => Message::Refuse(blank()),
        Message::RestoreFailed(_) => Message::RestoreFailed(blank()),
        Message::Gone(_) => Message::Gone(blank()),
        Message::Abort(_) => Message::Abort(blank()),
        other => other,
    }
}

fn blank_record(record: Record) -> Record {
    match record {
        Record::TakingBack { .. } => Record::TakingBack { why: String::new() },
        Record::Aborted { .. } => Record::Aborted { why: String::new() },
        Record::Discarded { .. } => Record::Discarded { why: String::new() },
        other => other,
    }
}

pub(super) fn offer() -> Offer {
    Offer {
        qmux: String::new(),
        life: LIFE,
        epoch: Epoch(0),
        from: HostName("a".into()),
        user: String::new(),
        engine: String::new(),
        features: vec![],
        arch: String::new(),
        kernel: String::new(),
        cpu_flags: vec![],
        xfeatures: 0,
        xsave_size: 832,
        title: String::new(),
        processes: 1,
        memory_bytes: 10,
        mapped: vec![],
        places: vec![],
        with_files: false,
        dry_run: false,
    }
}

pub(super) fn accept(lacking: Vec<[u8; 32]>) -> Accept {
    let host = HostName("b".into());
    let (qmux, tier) = (String::new(), String::new());
    Accept { qmux, host, lacking, carry: vec![], memory_ahead: false, tier, warnings: vec![] }
}

struct Explorer {
    bounds: Bounds,
    violations: Vec<String>,
}

impl World {
    fn start(bounds: Bounds) -> World {
        let order = Order { move_id: MOVE, to: HostName("b".into()), root: ROOT, offer: offer() };
        let (source, outputs) = Source::new(0, order);
        let here = HostName("b".into());
        let destination = Destination::new(0, MOVE, LIFE, here, bounds.image_on_disk);
        let mut to_destination = VecDeque::new();
        for output in outputs {
            if let SourceOutput::Send(message) = output {
                to_destination.push_back(message);
            }
        }
        World {
            source: Side::Up(source),
            destination: Side::Up(destination),
            source_journal: vec![],
            destination_journal: vec![],
            tree: Tree::Running,
            copy: Copy::None,
            image: Image::None,
            source_begun: None,
            destination_begun: None,
            data_sent: false,
            to_destination,
            to_source: VecDeque::new(),
            source_way: Way::Up,
            destination_way: Way::Up,
            cuts: bounds.cuts,
            crashes: bounds.crashes,
            late_failures: bounds.late_failures,
        }
    }

    fn both_up(&self) -> bool {
        self.source_way == Way::Up && self.destination_way == Way::Up
    }

    fn left(&self) -> Left {
        [self.cuts, self.crashes, self.late_failures]
    }

    /// Names the state, without the faults left. 128 bits of hash: of a million states two collide with
    /// a probability of 10⁻²⁷.
    fn key(&self) -> u128 {
        let mut bare = self.clone();
        (bare.cuts, bare.crashes, bare.late_failures) = (0, 0, 0);
        let half = |seed: u64| {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            bare.hash(&mut hasher);
            u128::from(hasher.finish())
        };
        half(1) << 64 | half(2)
    }

    /// Ended well: it runs at exactly one side, and both know.
    fn ended(&self) -> bool {
        let at_source = self.tree == Tree::Running
            && self.copy == Copy::None
            && match &self.source {
                Side::Up(source) => source.is_over(),
                Side::Stranger => true,
                Side::Crashed => false,
            }
            && match &self.destination {
                Side::Up(destination) => destination.is_over(),
                Side::Stranger => true,
                Side::Crashed => false,
            };
        let at_destination = self.tree == Tree::Dead
            && self.copy == Copy::Running
            && matches!(&self.source, Side::Up(source) if source.is_over())
            && matches!(&self.destination, Side::Up(destination) if destination.has_arrived());
        at_source || at_destination
    }

    fn crash_source(&mut self, rules: Rules) {
        self.crashes -= 1;
        self.source = Side::Crashed;
        self.source_begun = None;
        self.tree = match self.tree {
            Tree::Frozen => Tree::Running,
            Tree::Sealed if rules.exit_kill => Tree::Dead,
            Tree::Sealed => Tree::Running,
            Tree::Running => Tree::Running,
            Tree::Dead => Tree::Dead,
        };
        self.lose_links();
        self.source_way = Way::Down;
    }

    fn crash_destination(&mut self, bounds: Bounds) {
        self.crashes -= 1;
        self.destination = Side::Crashed;
        self.destination_begun = None;
        self.copy = match self.copy {
            Copy::Stopped if bounds.rules.exit_kill => Copy::None,
            Copy::Stopped | Copy::Running => Copy::Running,
            Copy::None => Copy::None,
        };
        if !bounds.image_on_disk || self.image == Image::Partial {
            self.image = Image::None;
        }
        self.lose_links();
        self.destination_way = Way::Down;
    }

    /// A keeper's end is seen by the server, which tells the other keeper.
    fn lose_links(&mut self) {
        self.to_source.clear();
        self.to_destination.clear();
        for (way, crashed) in [
            (&mut self.source_way, self.source == Side::Crashed),
            (&mut self.destination_way, self.destination == Side::Crashed),
        ] {
            if *way == Way::Up && !crashed {
                *way = Way::Cut;
            }
        }
    }
}

impl Explorer {
    fn check(&mut self, world: &World, after: &str) {
        let on_disk = self.bounds.image_on_disk
            && world.image == Image::Whole
            && world.destination_journal.iter().any(|r| matches!(r, Record::Ready { .. }))
            && !world.destination_journal.iter().any(|r| matches!(r, Record::Discarded { .. }));
        if world.tree == Tree::Running && world.copy == Copy::Running {
            self.violations.push(format!("two running copies after {after}: {world:?}"));
        }
        if world.tree == Tree::Dead && world.copy == Copy::None && !on_disk {
            self.violations.push(format!("the shell is lost after {after}: {world:?}"));
        }
    }

    fn check_report(&mut self, world: &World, report: &Report) {
        let true_here = match report.place {
            Whereabouts::AtSource => world.tree == Tree::Running && world.copy != Copy::Running,
            Whereabouts::AtDestination => world.copy == Copy::Running && world.tree != Tree::Running,
            Whereabouts::Unclear => true,
            Whereabouts::Both | Whereabouts::Ended | Whereabouts::Lost => false,
        };
        if !true_here {
            self.violations.push(format!("a false report {report:?}: {world:?}"));
        }
    }

    fn source_output(&mut self, world: &mut World, output: SourceOutput) {
        match output {
            SourceOutput::Send(message) => {
                if world.both_up() {
                    world.to_destination.push_back(blank_message(message));
                }
            }
            SourceOutput::Journal(record) => world.source_journal.push(blank_record(record)),
            SourceOutput::Engine(command) => match command {
                SourceCommand::Precopy { .. }
                | SourceCommand::Freeze
                | SourceCommand::Dump
                | SourceCommand::Seal => {
                    world.source_begun = Some((command, false));
                    world.data_sent = false;
                }
                SourceCommand::Unseal => {
                    if world.tree == Tree::Sealed {
                        world.tree = Tree::Frozen;
                    }
                }
                SourceCommand::Thaw => {
                    world.source_begun = None;
                    if world.tree == Tree::Frozen {
                        world.tree = Tree::Running;
                    }
                }
                SourceCommand::Release | SourceCommand::KillRest => world.tree = Tree::Dead,
            },
            SourceOutput::Report(report) => self.check_report(world, &report),
        }
        self.check(world, "an output of the source");
    }

    fn destination_output(&mut self, world: &mut World, output: DestinationOutput) {
        match output {
            DestinationOutput::Send(message) => {
                if world.both_up() {
                    world.to_source.push_back(blank_message(message));
                }
            }
            DestinationOutput::Journal(record) => world.destination_journal.push(blank_record(record)),
            DestinationOutput::Engine(command) => match command {
                DestinationCommand::Consider(_)
                | DestinationCommand::Restore
                | DestinationCommand::Resume { .. } => world.destination_begun = Some((command, false)),
                DestinationCommand::Store { .. } => world.image = Image::Partial,
                DestinationCommand::StoreEnd(part) => {
                    if part == crate::protocol::migration::Part::Image {
                        world.image = Image::Whole;
                    }
                }
                DestinationCommand::KillCopy => world.copy = Copy::None,
                DestinationCommand::Discard { keep_image } => {
                    world.destination_begun = None;
                    world.copy = Copy::None;
                    if !keep_image {
                        world.image = Image::None;
                    }
                }
            },
            DestinationOutput::Report(report) => self.check_report(world, &report),
        }
        self.check(world, "an output of the destination");
    }

    /// The outputs done in full, and as far as each prefix with a crash after it.
    fn run_source(&mut self, mut world: World, outputs: Vec<SourceOutput>, next: &mut Vec<(World, bool)>) {
        for output in outputs {
            if world.crashes > 0 {
                let mut crashed = world.clone();
                crashed.crash_source(self.bounds.rules);
                next.push((crashed, true));
            }
            if let SourceOutput::Journal(record) = &output
                && world.late_failures > 0
            {
                // As `write_source` of the keeper has it; what was to follow does not.
                let input = match record {
                    Record::Begin { .. } => Some(SourceInput::EngineFailed(blank())),
                    Record::Commit { .. } => Some(SourceInput::Peer(Message::Gone(blank()))),
                    _ => None,
                };
                let mut failed = world.clone();
                failed.late_failures -= 1;
                let mut worlds = Vec::new();
                input.into_iter().for_each(|i| self.source_input(failed.clone(), 0, i, &mut worlds));
                next.extend(worlds.into_iter().map(|(w, _)| (w, true)));
            }
            self.source_output(&mut world, output);
        }
        next.push((world, false));
    }

    fn run_destination(
        &mut self,
        mut world: World,
        outputs: Vec<DestinationOutput>,
        next: &mut Vec<(World, bool)>,
    ) {
        for output in outputs {
            if world.crashes > 0 {
                let mut crashed = world.clone();
                crashed.crash_destination(self.bounds);
                next.push((crashed, true));
            }
            if let DestinationOutput::Journal(record) = &output
                && world.late_failures > 0
            {
                // As `write_destination` of the keeper has it.
                let input = match record {
                    Record::Receive { .. } => Some(DestinationInput::StoreFailed(blank())),
                    Record::Ready { .. } => Some(DestinationInput::JournalFailed(record.clone(), blank())),
                    Record::Committed { .. } => Some(DestinationInput::EngineFailed(blank())),
                    _ => None,
                };
                let mut failed = world.clone();
                failed.late_failures -= 1;
                let mut worlds = Vec::new();
                input.into_iter().for_each(|i| self.destination_input(failed.clone(), 0, i, &mut worlds));
                next.extend(worlds.into_iter().map(|(w, _)| (w, true)));
            }
            self.destination_output(&mut world, output);
        }
        next.push((world, false));
    }

    fn source_input(
        &mut self,
        mut world: World,
        now_ms: u64,
        input: SourceInput,
        next: &mut Vec<(World, bool)>,
    ) {
        let rules = self.bounds.rules;
        let outputs = match &mut world.source {
            Side::Up(source) => {
                let wrong = rules.thaw_on_error_after_commit
                    && input == SourceInput::LinkDown
                    && source.is_committing();
                let mut outputs = source.handle(now_ms, input);
                if wrong {
                    outputs.extend(source.force_abort());
                }
                source.forget_time();
                outputs
            }
            Side::Stranger => match input {
                SourceInput::Peer(message) => {
                    Source::stranger(&message).into_iter().map(SourceOutput::Send).collect()
                }
                _ => vec![],
            },
            Side::Crashed => return,
        };
        self.run_source(world, outputs, next);
    }

    fn destination_input(
        &mut self,
        mut world: World,
        now_ms: u64,
        input: DestinationInput,
        next: &mut Vec<(World, bool)>,
    ) {
        let rules = self.bounds.rules;
        let outputs = match &mut world.destination {
            Side::Up(destination) => {
                let wrong =
                    rules.discard_on_silence && input == DestinationInput::LinkDown && destination.is_ready();
                let mut outputs = destination.handle(now_ms, input);
                if wrong {
                    outputs.extend(destination.force_discard());
                }
                destination.forget_time();
                outputs
            }
            Side::Stranger => match input {
                DestinationInput::Peer(message) => {
                    Destination::stranger(&message).into_iter().map(DestinationOutput::Send).collect()
                }
                _ => vec![],
            },
            Side::Crashed => return,
        };
        self.run_destination(world, outputs, next);
    }

    /// All that can happen next; `true` marks what is a fault, or not to be hoped for.
    fn successors(&mut self, world: &World) -> Vec<(World, bool)> {
        let mut next = Vec::new();
        self.deliveries(world, &mut next);
        self.source_engine(world, &mut next);
        self.destination_engine(world, &mut next);
        self.ways(world, &mut next);
        self.restarts(world, &mut next);
        if world.crashes > 0 {
            if matches!(world.source, Side::Up(_)) {
                let mut crashed = world.clone();
                crashed.crash_source(self.bounds.rules);
                next.push((crashed, true));
            }
            if matches!(world.destination, Side::Up(_)) {
                let mut crashed = world.clone();
                crashed.crash_destination(self.bounds);
                next.push((crashed, true));
            }
        }
        // Time passes; only when nothing is under way, or the queues would grow without end.
        if world.both_up() && world.to_source.is_empty() && world.to_destination.is_empty() {
            self.source_input(world.clone(), REPEAT_MS, SourceInput::Tick, &mut next);
            self.destination_input(world.clone(), REPEAT_MS, DestinationInput::Tick, &mut next);
        }
        // The user gives it up, or a deadline passes.
        let mut cancelled = Vec::new();
        self.source_input(world.clone(), 0, SourceInput::Cancel(blank()), &mut cancelled);
        self.destination_input(world.clone(), 0, DestinationInput::Cancel(blank()), &mut cancelled);
        next.extend(cancelled.into_iter().map(|(w, _)| (w, true)));
        next
    }

    fn deliveries(&mut self, world: &World, next: &mut Vec<(World, bool)>) {
        if world.destination_way == Way::Up && !world.to_destination.is_empty() {
            let mut after = world.clone();
            if let Some(message) = after.to_destination.pop_front() {
                self.destination_input(after, 0, DestinationInput::Peer(message), next);
            }
        }
        if world.source_way == Way::Up && !world.to_source.is_empty() {
            let mut after = world.clone();
            if let Some(message) = after.to_source.pop_front() {
                self.source_input(after, 0, SourceInput::Peer(message), next);
            }
        }
    }

    fn source_engine(&mut self, world: &World, next: &mut Vec<(World, bool)>) {
        let Some((command, done)) = world.source_begun.clone() else { return };
        let mut after = world.clone();
        if !done {
            after.source_begun = Some((command.clone(), true));
            match command {
                SourceCommand::Freeze => after.tree = Tree::Frozen,
                SourceCommand::Seal => after.tree = Tree::Sealed,
                _ => {}
            }
            self.check(&after, "a deed of the source's engine");
            next.push((after, false));
            // Every first kind of failure ends the move: free.
            let mut failed = world.clone();
            failed.source_begun = None;
            let mut worlds = Vec::new();
            self.source_input(failed, 0, SourceInput::EngineFailed(blank()), &mut worlds);
            next.extend(worlds.into_iter().map(|(w, _)| (w, true)));
            return;
        }
        let streams = matches!(command, SourceCommand::Precopy { .. } | SourceCommand::Dump);
        if streams && !after.data_sent {
            after.data_sent = true;
            self.source_input(after, 0, SourceInput::Data(Bytes::from(vec![1; 10])), next);
            return;
        }
        after.source_begun = None;
        let input = match command {
            SourceCommand::Precopy { .. } | SourceCommand::Dump => SourceInput::DataEnd,
            SourceCommand::Freeze => SourceInput::Frozen,
            SourceCommand::Seal => SourceInput::Sealed,
            SourceCommand::Unseal
            | SourceCommand::Thaw
            | SourceCommand::Release
            | SourceCommand::KillRest => unreachable!("these are not begun"),
        };
        self.source_input(after, 0, input, next);
    }

    fn destination_engine(&mut self, world: &World, next: &mut Vec<(World, bool)>) {
        let Some((command, done)) = world.destination_begun.clone() else { return };
        let mut after = world.clone();
        let consider = matches!(command, DestinationCommand::Consider(_));
        if !done && !consider {
            after.destination_begun = Some((command.clone(), true));
            after.copy = match command {
                DestinationCommand::Resume { .. } => Copy::Running,
                _ => Copy::Stopped,
            };
            self.check(&after, "a deed of the destination's engine");
            next.push((after.clone(), false));
        }
        if !done {
            let ready = world.destination_journal.iter().any(|r| matches!(r, Record::Ready { .. }));
            if !ready || world.late_failures > 0 {
                let mut failed = world.clone();
                failed.destination_begun = None;
                failed.late_failures -= u8::from(ready);
                let mut worlds = Vec::new();
                self.destination_input(failed, 0, DestinationInput::EngineFailed(blank()), &mut worlds);
                next.extend(worlds.into_iter().map(|(w, _)| (w, true)));
            }
            if !consider {
                return;
            }
        }
        after.destination_begun = None;
        if consider {
            // With and without files to be sent first.
            for lacking in [vec![], vec![[1; 32]]] {
                let input = DestinationInput::Considered(accept(lacking));
                self.destination_input(after.clone(), 0, input, next);
            }
            return;
        }
        let input = match command {
            DestinationCommand::Resume { .. } => DestinationInput::Resumed,
            _ => DestinationInput::Restored(ROOT),
        };
        self.destination_input(after, 0, input, next);
    }

    /// Ways are cut, keepers are told, ways come back.
    fn ways(&mut self, world: &World, next: &mut Vec<(World, bool)>) {
        if world.cuts > 0 && world.both_up() {
            let mut both = world.clone();
            both.cuts -= 1;
            both.lose_links();
            next.push((both, true));
            // Only one side's way: what the server had already taken may still reach the other.
            for keep in [false, true] {
                let mut one = world.clone();
                one.cuts -= 1;
                one.source_way = Way::Cut;
                one.to_source.clear();
                if !keep {
                    one.to_destination.clear();
                }
                next.push((one, true));
                let mut one = world.clone();
                one.cuts -= 1;
                one.destination_way = Way::Cut;
                one.to_destination.clear();
                if !keep {
                    one.to_source.clear();
                }
                next.push((one, true));
            }
        }
        // The server tells the other side, too, sooner or later.
        let one_down = (world.source_way == Way::Up) != (world.destination_way == Way::Up);
        if one_down {
            let mut told = world.clone();
            told.lose_links();
            next.push((told, false));
        }
        match world.source_way {
            Way::Cut => {
                let mut told = world.clone();
                told.source_way = Way::Down;
                self.source_input(told, 0, SourceInput::LinkDown, next);
            }
            Way::Down if world.source != Side::Crashed => {
                let mut back = world.clone();
                back.source_way = Way::Up;
                self.source_input(back, 0, SourceInput::LinkUp, next);
            }
            Way::Up | Way::Down => {}
        }
        match world.destination_way {
            Way::Cut => {
                let mut told = world.clone();
                told.destination_way = Way::Down;
                self.destination_input(told, 0, DestinationInput::LinkDown, next);
            }
            Way::Down if world.destination != Side::Crashed => {
                let mut back = world.clone();
                back.destination_way = Way::Up;
                self.destination_input(back, 0, DestinationInput::LinkUp, next);
            }
            Way::Up | Way::Down => {}
        }
    }

    fn restarts(&mut self, world: &World, next: &mut Vec<(World, bool)>) {
        if world.source == Side::Crashed {
            // A killed tree is to be seen for a moment more, and known for what it is.
            let fates: &[Fate] = match world.tree {
                Tree::Dead if self.bounds.rules.dying_is_alive => &[Fate::Dead, Fate::Alive],
                Tree::Dead => &[Fate::Dead, Fate::Partly],
                Tree::Running | Tree::Frozen | Tree::Sealed => &[Fate::Alive],
            };
            for fate in fates {
                let mut after = world.clone();
                let outputs = match Source::restart(0, MOVE, &world.source_journal, *fate) {
                    Some((mut source, mut outputs)) => {
                        if self.bounds.rules.abort_at_every_restart && source.is_committing() {
                            outputs = source.force_abort();
                        }
                        source.forget_time();
                        after.source = Side::Up(source);
                        outputs
                    }
                    None => {
                        after.source = Side::Stranger;
                        vec![]
                    }
                };
                self.run_source(after, outputs, next);
            }
        }
        if world.destination == Side::Crashed {
            let fate = if world.copy == Copy::None { Fate::Dead } else { Fate::Alive };
            let image = world.image == Image::Whole;
            let mut after = world.clone();
            let outputs = match Destination::restart(0, MOVE, &world.destination_journal, fate, image) {
                Some((mut destination, outputs)) => {
                    destination.forget_time();
                    after.destination = Side::Up(destination);
                    outputs
                }
                None => {
                    after.destination = Side::Stranger;
                    vec![]
                }
            };
            self.run_destination(after, outputs, next);
        }
    }
}

struct Explored {
    states: usize,
    violations: Vec<String>,
    /// States from which the move cannot end any more.
    stuck: usize,
    ends_at_source: usize,
    ends_at_destination: usize,
}

/// Faults that may still happen: cuts, crashes, late failures.
type Left = [u8; 3];

/// Visits every reachable state; stops at the first violation.
///
/// What may still go wrong is no part of a state: whoever reaches a state with more faults left sees all that
/// one with fewer would. A state is expanded again only for faults left that no earlier visit had. States
/// reached with few faults come first, so that this is rare.
fn explore(bounds: Bounds) -> Explored {
    let mut explorer = Explorer { bounds, violations: vec![] };
    let start = World::start(bounds);
    let all = usize::from(bounds.cuts) + usize::from(bounds.crashes) + usize::from(bounds.late_failures);
    let used = |left: Left| all - left.iter().map(|n| usize::from(*n)).sum::<usize>();
    let mut index: HashMap<u128, (u32, Vec<Left>)> = HashMap::from([(start.key(), (0, vec![start.left()]))]);
    let mut queues = vec![VecDeque::new(); all + 1];
    queues[0].push_back((0u32, start));
    // Edges against their direction, without faults: who can end is found backwards from the ends.
    let mut reached_from: Vec<Vec<u32>> = vec![vec![]];
    let mut ends = Vec::new();
    let (mut ends_at_source, mut ends_at_destination) = (0, 0);
    while let Some((current, world)) = queues.iter_mut().find_map(VecDeque::pop_front) {
        if world.ended() {
            ends.push(current);
            match world.tree {
                Tree::Running => ends_at_source += 1,
                _ => ends_at_destination += 1,
            }
        }
        for (next, fault) in explorer.successors(&world) {
            let (fresh, left) = (index.len() as u32, next.left());
            let (number, seen) = index.entry(next.key()).or_insert((fresh, vec![]));
            if *number == fresh {
                reached_from.push(vec![]);
            }
            if !fault {
                reached_from[*number as usize].push(current);
            }
            if !seen.iter().any(|s| s.iter().zip(&left).all(|(s, l)| s >= l)) {
                seen.push(left);
                queues[used(left)].push_back((*number, next));
            }
        }
        if !explorer.violations.is_empty() {
            break;
        }
    }
    let mut can_end = vec![false; reached_from.len()];
    let mut todo = ends;
    while let Some(state) = todo.pop() {
        if !std::mem::replace(&mut can_end[state as usize], true) {
            todo.extend(&reached_from[state as usize]);
        }
    }
    Explored {
        states: index.len(),
        violations: explorer.violations,
        stuck: can_end.iter().filter(|end| !**end).count(),
        ends_at_source,
        ends_at_destination,
    }
}

fn bounds(cuts: u8, crashes: u8, image_on_disk: bool) -> Bounds {
    Bounds { rules: RULES, image_on_disk, cuts, crashes, late_failures: 0 }
}

fn assert_sound(bounds: Bounds) {
    let explored = explore(bounds);
    println!("{bounds:?}: {} states", explored.states);
    assert_eq!(explored.violations.first(), None);
    assert_eq!(explored.stuck, 0, "from each state the move can still end");
    assert!(explored.ends_at_source > 0 && explored.ends_at_destination > 0);
}

#[test]
fn six_cuts_and_five_crashes_with_the_image_on_disk() {
    assert_sound(bounds(6, 5, true));
}

#[test]
fn any_single_crash_without_the_image_on_disk() {
    assert_sound(bounds(6, 1, false));
}

#[test]
fn an_engine_or_a_disk_that_fails_after_the_commit_and_a_link_that_breaks() {
    assert_sound(Bounds { late_failures: 2, ..bounds(6, 0, true) });
    assert_sound(Bounds { late_failures: 2, ..bounds(6, 0, false) });
}

fn assert_broken(rules: Rules, image_on_disk: bool) {
    let explored = explore(Bounds { rules, ..bounds(3, 2, image_on_disk) });
    assert!(!explored.violations.is_empty(), "{rules:?} should break something");
}

#[test]
fn each_rule_is_needed() {
    assert_sound(bounds(3, 2, true));
    assert_broken(Rules { exit_kill: false, ..RULES }, true);
    assert_broken(Rules { thaw_on_error_after_commit: true, ..RULES }, true);
    assert_broken(Rules { abort_at_every_restart: true, ..RULES }, true);
    assert_broken(Rules { discard_on_silence: true, ..RULES }, true);
    assert_broken(Rules { dying_is_alive: true, ..RULES }, true);
}

/// Without the image on disk two crashes are too many, and the exploration sees that.
#[test]
fn two_crashes_without_the_image_on_disk_can_lose_the_shell() {
    let explored = explore(bounds(1, 2, false));
    assert!(explored.violations.iter().any(|v| v.contains("lost")), "{:?}", explored.violations);
}
