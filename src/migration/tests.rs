//! What exploration and simulation do not ask: humans, deadlines, words, and a peer that breaks the rules.

use super::explore::{accept, offer};
use super::*;
use crate::ids::{Epoch, HostName, LifeId, MoveId};
use crate::protocol::Bytes;
use crate::protocol::keeper::MoveOutcome;
use crate::protocol::migration::{Knowledge, Message, Part};

const MOVE: MoveId = MoveId(1, 1);
const LIFE: LifeId = LifeId(2, 2);
const ROOT: Root = Root { pid: 7, started: 7 };

fn source() -> Source {
    Source::new(0, Order { move_id: MOVE, to: HostName("hostB".into()), root: ROOT, offer: offer() }).0
}

/// A source that has got as far as `phase` without trouble.
fn source_at(phase: &str) -> Source {
    let mut source = source();
    let way = [
        SourceInput::Peer(Message::Accept(accept(vec![]))),
        SourceInput::Frozen,
        SourceInput::Data(Bytes::from(vec![0; 6])),
        SourceInput::DataEnd,
        SourceInput::Peer(Message::Ready),
        SourceInput::Sealed,
        SourceInput::Peer(Message::Ack),
    ];
    for input in way {
        if source.phase() == phase && input != SourceInput::DataEnd {
            return source;
        }
        source.handle(10, input);
    }
    assert_eq!(source.phase(), phase);
    source
}

fn destination_at(phase: &str) -> Destination {
    let mut destination = Destination::new(0, MOVE, LIFE, HostName("b".into()), true);
    let way = [
        DestinationInput::Peer(Message::Offer(Box::new(offer()))),
        DestinationInput::Considered(accept(vec![])),
        DestinationInput::Peer(Message::ChunkEnd { part: Part::Image, total: 0 }),
        DestinationInput::Restored(ROOT),
        DestinationInput::Peer(Message::Commit { epoch: Epoch(1) }),
        DestinationInput::Resumed,
    ];
    for input in way {
        if destination.phase() == phase {
            return destination;
        }
        destination.handle(10, input);
    }
    assert_eq!(destination.phase(), phase);
    destination
}

fn engine(outputs: &[SourceOutput]) -> Vec<&SourceCommand> {
    let command = |o: &SourceOutput| matches!(o, SourceOutput::Engine(_));
    outputs
        .iter()
        .filter(|o| command(o))
        .map(|o| match o {
            SourceOutput::Engine(c) => c,
            _ => unreachable!(),
        })
        .collect()
}

fn said(outputs: &[SourceOutput]) -> String {
    let report = outputs.iter().find_map(|o| match o {
        SourceOutput::Report(report) => Some(report.to_wire()),
        _ => None,
    });
    let names = report::Names { pane: "%3", from: "hostA", to: "hostB" };
    report.map_or(String::new(), |r| report::text(&r, names))
}

#[test]
fn an_undisturbed_move_does_these_things_in_this_order() {
    let mut source = source();
    let mut done = vec![];
    for input in [
        SourceInput::Peer(Message::Accept(accept(vec![[9; 32]]))),
        SourceInput::Data(Bytes::from(vec![1, 2])),
        SourceInput::DataEnd,
        SourceInput::Frozen,
        SourceInput::Data(Bytes::from(vec![3])),
        SourceInput::DataEnd,
        SourceInput::Peer(Message::Ready),
        SourceInput::Sealed,
        SourceInput::Peer(Message::Ack),
    ] {
        done.extend(source.handle(100, input));
    }
    let short: Vec<String> = done
        .iter()
        .map(|o| match o {
            SourceOutput::Send(Message::Chunk { part, offset, bytes }) => {
                format!("{part:?} {offset}+{}", bytes.len())
            }
            SourceOutput::Send(Message::ChunkEnd { part, total }) => format!("{part:?} ={total}"),
            SourceOutput::Send(message) => format!("{message:?}"),
            SourceOutput::Journal(record) => {
                format!("{record:?}").split([' ', '{']).next().unwrap_or("").to_uppercase()
            }
            SourceOutput::Engine(SourceCommand::Precopy { .. }) => "precopy".into(),
            SourceOutput::Engine(command) => format!("{command:?}").to_lowercase(),
            SourceOutput::Report(report) => format!("{:?}", report.place),
        })
        .collect();
    assert_eq!(
        short,
        [
            "precopy",
            "Precopy 0+2",
            "Precopy =2",
            "BEGIN",
            "freeze",
            "dump",
            "Image 0+1",
            "Image =1",
            "seal",
            "COMMIT",
            "Commit { epoch: Epoch(1) }",
            "release",
            "DONE",
            "AtDestination"
        ]
    );
}

#[test]
fn a_cut_link_says_how_far_it_was_and_where_the_pane_is() {
    let mut source = source_at("sending");
    source.handle(10, SourceInput::Data(Bytes::from(vec![0; 6])));
    let outputs = source.handle(20, SourceInput::LinkDown);
    assert_eq!(engine(&outputs), [&SourceCommand::Thaw]);
    assert_eq!(said(&outputs), "Link to hostB broke at 60 %. %3 continues on hostA.");
}

#[test]
fn a_refusal_touches_nothing() {
    let mut source = source();
    let why = report::trouble(3, "no-memory", "hostB has 300 MB free, this needs 2.1 GB.", "");
    let outputs = source.handle(5, SourceInput::Peer(Message::Refuse(why)));
    assert_eq!(engine(&outputs), [] as [&SourceCommand; 0]);
    assert!(!outputs.iter().any(|o| matches!(o, SourceOutput::Journal(_))));
    assert_eq!(said(&outputs), "hostB has 300 MB free, this needs 2.1 GB. %3 still runs on hostA.");
}

#[test]
fn a_dry_run_ends_with_the_answer() {
    let dry = crate::protocol::migration::Offer { dry_run: true, ..offer() };
    let order = Order { move_id: MOVE, to: HostName("hostB".into()), root: ROOT, offer: dry };
    let (mut source, _) = Source::new(0, order);
    let outputs = source.handle(5, SourceInput::Peer(Message::Accept(accept(vec![[1; 32]]))));
    assert!(source.is_over() && engine(&outputs).is_empty() && source.pane_runs_here());
}

#[test]
fn waiting_has_an_end_before_the_commit_and_none_after_it() {
    let mut source = source();
    assert_eq!(source.next_deadline_ms(), Some(OFFER_TIMEOUT_MS));
    assert_eq!(source.handle(OFFER_TIMEOUT_MS - 1, SourceInput::Tick), []);
    assert!(said(&source.handle(OFFER_TIMEOUT_MS, SourceInput::Tick)).contains("did not answer"));

    let mut source = source_at("awaiting-ready");
    let outputs = source.handle(10 + READY_TIMEOUT_MS, SourceInput::Tick);
    assert_eq!(engine(&outputs), [&SourceCommand::Thaw]);

    let mut source = source_at("committing");
    source.handle(20, SourceInput::LinkDown);
    let outputs = source.handle(1_000_000, SourceInput::Tick);
    assert_eq!(engine(&outputs), [] as [&SourceCommand; 0]);
    assert!(said(&outputs).starts_with("hostB may have %3. It stays stopped here"), "{}", said(&outputs));
    assert_eq!(source.phase(), "undecided");
    assert_eq!(said(&source.handle(2_000_000, SourceInput::Tick)), "", "said once");
    let outputs = source.handle(3_000_000, SourceInput::LinkUp);
    assert_eq!(
        outputs,
        [SourceOutput::Send(Message::Commit { epoch: Epoch(1) })],
        "and it goes on committing"
    );
}

#[test]
fn a_human_may_choose_at_the_source() {
    let mut source = source_at("committing");
    source.handle(20, SourceInput::LinkDown);
    let outputs = source.handle(30, SourceInput::Resolve(Resolution::Here));
    assert!(matches!(outputs[0], SourceOutput::Journal(Record::TakingBack { .. })), "on record first");
    assert_eq!(engine(&outputs), [&SourceCommand::Unseal, &SourceCommand::Thaw]);
    assert!(said(&outputs).contains("%3 continues on hostA"), "{}", said(&outputs));
    source.handle(40, SourceInput::LinkUp);
    let outputs = source.handle(50, SourceInput::Peer(Message::Ack));
    let told = said(&outputs);
    assert!(told.starts_with("%3 runs on hostA and on hostB."), "the human was wrong, and is told: {told}");

    let mut source = source_at("committing");
    let outputs = source.handle(30, SourceInput::Resolve(Resolution::There));
    assert_eq!(engine(&outputs), [&SourceCommand::Release]);
    assert_eq!(source.phase(), "released");
}

#[test]
fn a_human_cannot_choose_what_is_not_there() {
    let mut source = source_at("committing");
    source.handle(20, SourceInput::TreeEnded);
    let outputs = source.handle(30, SourceInput::Resolve(Resolution::Here));
    assert_eq!(engine(&outputs), [] as [&SourceCommand; 0]);
    assert!(said(&outputs).contains("Nothing of it is left on a"), "{}", said(&outputs));
    let outputs =
        source.handle(40, SourceInput::Peer(Message::Gone(report::trouble(4, "x", "No copy.", ""))));
    assert!(said(&outputs).starts_with("%3 is lost"), "{}", said(&outputs));
}

#[test]
fn a_human_may_choose_at_the_destination() {
    let mut destination = destination_at("ready");
    destination.handle(20, DestinationInput::LinkDown);
    let outputs = destination.handle(30, DestinationInput::Resolve(Resolution::Here));
    let resume = DestinationCommand::Resume { epoch: Epoch(1) };
    assert_eq!(
        outputs,
        [
            DestinationOutput::Journal(Record::Committed { epoch: Epoch(1) }),
            DestinationOutput::Engine(resume)
        ]
    );
    let mut destination = destination_at("ready");
    destination.handle(20, DestinationInput::LinkDown);
    let outputs = destination.handle(30, DestinationInput::Resolve(Resolution::There));
    assert_eq!(outputs[0], DestinationOutput::Engine(DestinationCommand::Discard { keep_image: false }));
    let outputs = destination.handle(40, DestinationInput::LinkUp);
    assert!(matches!(outputs[..], [DestinationOutput::Send(Message::Gone(_))]));
}

#[test]
fn a_source_that_knows_nothing_leaves_the_destination_undecided() {
    for knowledge in [Knowledge::Unknown, Knowledge::Released] {
        let mut destination = destination_at("ready");
        let outputs = destination.handle(20, DestinationInput::Peer(Message::State(knowledge)));
        let [DestinationOutput::Report(report)] = &outputs[..] else { panic!("{outputs:?}") };
        assert!(matches!(report.to_wire().outcome, MoveOutcome::Undecided(_)));
        assert_eq!(destination.phase(), "undecided");
        let outputs = destination.handle(30, DestinationInput::Peer(Message::Commit { epoch: Epoch(1) }));
        assert!(!outputs.is_empty(), "a word of the source still counts");
    }
}

#[test]
fn a_copy_that_dies_in_ready_is_restored_from_disk_or_given_up() {
    let mut destination = destination_at("ready");
    let outputs = destination.handle(20, DestinationInput::CopyDied);
    assert_eq!(outputs.last(), Some(&DestinationOutput::Engine(DestinationCommand::Restore)));
    let outputs = destination.handle(30, DestinationInput::Restored(ROOT));
    assert_eq!(outputs.last(), Some(&DestinationOutput::Send(Message::Query)));
}

#[test]
fn a_peer_that_breaks_the_rules_gets_nothing_by_it() {
    // Commit of another epoch, or before Ready.
    let mut destination = destination_at("ready");
    let commit = |n| DestinationInput::Peer(Message::Commit { epoch: Epoch(n) });
    assert_eq!(destination.handle(20, commit(7)), []);
    let mut early = destination_at("receiving");
    assert_eq!(early.handle(20, commit(1)), []);
    // A gap, or an end that is not the end.
    let chunk = Message::Chunk { part: Part::Image, offset: 5, bytes: Bytes::from(vec![1]) };
    let mut destination = destination_at("receiving");
    let outputs = destination.handle(20, DestinationInput::Peer(chunk));
    assert!(matches!(outputs.last(), Some(DestinationOutput::Send(Message::RestoreFailed(_)))));
    let mut destination = destination_at("receiving");
    let end = Message::ChunkEnd { part: Part::Image, total: 1 };
    let outputs = destination.handle(20, DestinationInput::Peer(end));
    assert!(matches!(outputs.last(), Some(DestinationOutput::Send(Message::RestoreFailed(_)))));
    // Another pane than announced.
    let mut destination = Destination::new(0, MOVE, LifeId(9, 9), HostName("b".into()), true);
    let outputs = destination.handle(1, DestinationInput::Peer(Message::Offer(Box::new(offer()))));
    assert!(matches!(outputs[..], [DestinationOutput::Send(Message::Refuse(_))]));
    // Ack before the commit does not release anything.
    let mut source = source_at("sealing");
    assert_eq!(source.handle(20, SourceInput::Peer(Message::Ack)), []);
}

#[test]
fn at_restart_the_tree_is_believed_and_then_the_journal() {
    let begin = Record::Begin {
        life: LIFE,
        epoch: Epoch(0),
        from: HostName("a".into()),
        to: HostName("b".into()),
        root: ROOT,
    };
    let commit = Record::Commit { epoch: Epoch(1) };
    let back = Record::TakingBack { why: String::new() };
    let restart = |records: &[Record], fate| {
        let (source, outputs) = Source::restart(0, MOVE, records, fate).expect("there was a move");
        (source.phase(), engine(&outputs).into_iter().cloned().collect::<Vec<_>>(), outputs.len())
    };
    let kill = vec![SourceCommand::KillRest];
    assert_eq!(restart(std::slice::from_ref(&begin), Fate::Alive), ("aborted", vec![], 2));
    assert_eq!(restart(std::slice::from_ref(&begin), Fate::Partly), ("committing", kill.clone(), 2));
    assert_eq!(restart(std::slice::from_ref(&begin), Fate::Dead), ("committing", vec![], 1));
    assert_eq!(restart(&[begin.clone(), commit.clone()], Fate::Dead), ("committing", vec![], 0));
    assert_eq!(restart(&[begin.clone(), commit.clone()], Fate::Alive), ("committing", kill, 1));
    assert_eq!(restart(&[begin.clone(), commit.clone(), back.clone()], Fate::Alive).0, "aborted");
    assert_eq!(restart(&[begin.clone(), commit.clone(), back], Fate::Dead).0, "lost");
    assert_eq!(restart(&[begin, commit, Record::Done], Fate::Dead).0, "released");
    assert!(Source::restart(0, MOVE, &[], Fate::Alive).is_none());
    assert!(Source::restart(0, MOVE, &[Record::Running], Fate::Alive).is_none());
}
