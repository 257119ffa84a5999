//! What is played.

use crate::harness::*;
use crate::relay::*;
use qmux::ids::Epoch;
use qmux::protocol::keeper::{FromKeeper, KeeperState, MoveOptions, MoveOutcome, ToKeeper};
use std::time::{Duration, Instant};

type Scene = (String, Box<dyn Fn() + Send + Sync>);

pub fn all() -> Vec<Scene> {
    let mut all: Vec<Scene> = Vec::new();
    let mut add = |name: &str, scene: fn()| all.push((name.to_string(), Box::new(scene)));
    add("a_local_pane_moves_and_answers_there_alone", || moves(true, 1 << 20));
    add("a_remote_pane_moves_and_answers_there_alone", || moves(false, 1 << 20));
    add("a_large_image_is_streamed_and_never_kept", large_image);
    add("a_refused_tree_is_not_touched_and_the_reason_told", refused);
    add("a_dry_run_touches_nothing_and_says_what_would_be", dry_run);
    add("output_and_input_of_the_moment_of_the_freeze_are_not_lost", nothing_lost);
    add("a_server_that_does_not_let_go_ends_the_move", no_held);
    add("a_pane_that_ends_during_the_offer_ends_the_move", ends_meanwhile);
    add("the_user_gives_a_move_up", cancelled);
    add("a_second_try_after_a_failed_one_succeeds", second_try);
    add("a_checkpoint_goes_on_or_ends_and_starts_again_once", checkpoint);
    for (name, source, destination, where_it_runs) in FAULTS {
        let (source, destination, where_it_runs) = (*source, *destination, *where_it_runs);
        for local in [true, false] {
            let name = format!("fault_{name}_{}", if local { "local" } else { "remote" });
            all.push((name, Box::new(move || fault(local, [source, destination], where_it_runs))));
        }
    }
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    Source,
    Destination,
}

/// Name, fault of the source, fault of the destination, where the pane must answer afterwards.
const FAULTS: &[(&str, &str, &str, Runs)] = &[
    ("source_assess_fails", "source.assess:fail", "", Runs::Source),
    ("source_assess_cut", "source.assess:cut", "", Runs::Source),
    ("source_killed_assessing", "source.assess:kill", "", Runs::Source),
    ("source_killed_dumping", "source.dump:kill", "", Runs::Source),
    ("source_killed_before_the_seal", "source.seal:kill", "", Runs::Source),
    ("source_killed_sealed", "source.commit:kill", "", Runs::Destination),
    ("destination_killed_storing", "", "destination.store:kill", Runs::Source),
    ("destination_store_full", "", "destination.store:full", Runs::Source),
    ("destination_store_cut_after_300k", "", "destination.store:cut=300000", Runs::Source),
    ("destination_killed_running", "", "destination.running:kill", Runs::Destination),
    ("source_freeze_fails", "source.freeze:fail", "", Runs::Source),
    ("source_freeze_cut", "source.freeze:cut", "", Runs::Source),
    ("source_killed_freezing", "source.freeze:kill", "", Runs::Source),
    ("source_dump_fails", "source.dump:fail", "", Runs::Source),
    ("source_dump_full", "source.dump:full", "", Runs::Source),
    ("source_dump_cut_at_once", "source.dump:cut", "", Runs::Source),
    ("source_dump_cut_after_300k", "source.dump:cut=300000", "", Runs::Source),
    ("source_seal_fails", "source.seal:fail", "", Runs::Source),
    ("source_seal_cut", "source.seal:cut", "", Runs::Source),
    ("source_commit_journal_full", "source.commit:full", "", Runs::Source),
    ("source_commit_cut", "source.commit:cut", "", Runs::Destination),
    ("source_committed_cut", "source.committed:cut", "", Runs::Destination),
    ("source_killed_committed", "source.committed:kill", "", Runs::Destination),
    ("source_release_cut", "source.release:cut", "", Runs::Destination),
    ("source_killed_releasing", "source.release:kill", "", Runs::Destination),
    ("destination_refuses", "", "destination.consider:fail", Runs::Source),
    ("destination_consider_cut", "", "destination.consider:cut", Runs::Source),
    ("destination_killed_considering", "", "destination.consider:kill", Runs::Source),
    ("destination_restore_fails", "", "destination.restore:fail", Runs::Source),
    ("destination_restore_full", "", "destination.restore:full", Runs::Source),
    ("destination_restore_cut_after_300k", "", "destination.restore:cut=300000", Runs::Source),
    ("destination_killed_restoring", "", "destination.restore:kill", Runs::Source),
    ("destination_ready_journal_full", "", "destination.ready:full", Runs::Source),
    ("destination_ready_cut", "", "destination.ready:cut", Runs::Source),
    ("destination_killed_ready", "", "destination.ready:kill", Runs::Source),
    ("destination_committed_journal_full", "", "destination.committed:full", Runs::Source),
    ("destination_committed_cut", "", "destination.committed:cut", Runs::Destination),
    ("destination_killed_committed", "", "destination.committed:kill", Runs::Destination),
    ("destination_resume_fails", "", "destination.resume:fail", Runs::Source),
    ("destination_resume_cut", "", "destination.resume:cut", Runs::Destination),
    ("destination_killed_resuming", "", "destination.resume:kill", Runs::Destination),
    ("both_killed_committed", "source.committed:kill", "destination.committed:kill", Runs::Destination),
    ("both_killed_resuming", "source.committed:kill", "destination.resume:kill", Runs::Destination),
    (
        "source_killed_sealed_destination_committed",
        "source.commit:kill",
        "destination.committed:kill",
        Runs::Destination,
    ),
    ("destination_running_cut", "", "destination.running:cut", Runs::Destination),
];

fn moved(stage: &Stage) -> bool {
    let says = |side: &Side| side.reports.iter().any(|r| matches!(r.outcome, MoveOutcome::Moved(_)));
    says(&stage.source) && says(&stage.destination)
}

fn moves(local: bool, bytes: u64) {
    let mut stage = Stage::new(local, ["", ""], bytes);
    assert_eq!(stage.who_answers(), (true, false));
    stage.begin();
    stage.play("both say it has moved", moved);
    assert!(stage.relayed >= bytes, "the image went through the server");
    let report = &stage.source.reports[0];
    assert_eq!(report.outcome, MoveOutcome::Moved(Epoch(1)));
    assert!(
        report.frozen_us > 0 && report.frozen_us <= report.total_us && report.bytes >= bytes,
        "{report:?}"
    );
    stage.source.server.wait_closed();
    stage.source.master = None;
    assert_eq!(stage.who_answers(), (false, true));
    assert!(!stage.world.socket(life(1), 0).exists(), "the source keeper has ended");
    assert_eq!(stage.destination.state(), KeeperState::Running);
}

fn large_image() {
    let bytes = 200 << 20;
    let mut stage = Stage::new(false, ["", ""], bytes);
    let pids = stage.world.keeper_pids();
    let peak = |pids: &[i32]| -> u64 {
        let line = |pid: &i32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let hwm =
                status.lines().find_map(|l| l.strip_prefix("VmHWM:").map(str::to_string)).unwrap_or_default();
            hwm.split_ascii_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
        };
        pids.iter().map(line).max().unwrap_or(0)
    };
    stage.begin();
    let mut most = 0;
    stage.play("it has moved", |stage| {
        most = most.max(peak(&pids));
        moved(stage)
    });
    assert!(most < 60 << 10, "a keeper took {most} KiB for an image of 200 MiB");
}

fn refused() {
    let mut stage = Stage::with_program(
        true,
        ["", ""],
        1000,
        "stty -echo; echo up; while read x; do echo \"[$x]\"; done # immovable",
    );
    stage.begin();
    stage.play("it is refused", |s| !s.source.reports.is_empty());
    let MoveOutcome::Refused(why) = &stage.source.reports[0].outcome else {
        panic!("{:?}", stage.source.reports)
    };
    assert_eq!((why.class, why.code.as_str()), (3, "device"));
    assert!(
        why.cause.contains("sh (pid") && why.cause.contains("/dev/kfd") && why.cure == "close it",
        "{why:?}"
    );
    assert!(!stage.hold_seen, "the terminal was not asked for");
    assert_eq!(stage.who_answers(), (true, false));
}

fn dry_run() {
    let mut stage = Stage::new(true, ["", ""], 5000);
    stage.begin_with(MoveOptions { dry_run: true, ..MoveOptions::default() });
    let found = |s: &Stage| s.source.server.heard.iter().any(|m| matches!(m, FromKeeper::Verdict(_)));
    stage.play("the verdict", found);
    let verdict = stage.source.server.hear("Verdict", |m| match m {
        FromKeeper::Verdict(v) => Some(v.clone()),
        _ => None,
    });
    assert_eq!((verdict.program.as_str(), verdict.processes, verdict.bytes), ("sh", 1, 5000));
    assert!(verdict.refusals.is_empty() && !stage.hold_seen, "{verdict:?}");
    // The same without asking the other side.
    stage.source.server.say(&ToKeeper::AskVerdict { options: MoveOptions::default() });
    stage.source.server.hear("Verdict", |m| matches!(m, FromKeeper::Verdict(_)).then_some(()));
    // A destination that says no.
    let mut stage = Stage::new(true, ["", "destination.consider:fail"], 5000);
    stage.begin_with(MoveOptions { dry_run: true, ..MoveOptions::default() });
    stage.play("the verdict", found);
    let refusals = stage.source.server.hear("Verdict", |m| match m {
        FromKeeper::Verdict(v) => Some(v.refusals.clone()),
        _ => None,
    });
    assert_eq!(refusals[0].code, "fault");
    assert_eq!(stage.who_answers(), (true, false));
}

/// A program that numbers its lines as fast as it can, moved: the numbers up to the freeze have all arrived.
fn nothing_lost() {
    let program = "stty -echo; echo up; i=0; while :; do i=$((i+1)); echo \"n$i.\"; done";
    for local in [true, false] {
        let mut stage = Stage::with_program(local, ["", ""], 1000, program);
        stage.source.expect("n100.");
        stage.begin();
        stage.play("it has moved", moved);
        let text = String::from_utf8_lossy(&stage.source.server.output).into_owned();
        let numbers: Vec<u64> = text
            .split('n')
            .skip(1)
            .filter_map(|part| part.split_once('.').and_then(|(n, _)| n.parse().ok()))
            .collect();
        let first = numbers[0];
        let wanted: Vec<u64> = (first..first + numbers.len() as u64).collect();
        assert!(numbers == wanted, "a hole or a repeat in the output (local: {local})");
    }
}

fn no_held() {
    let mut stage = Stage::new(false, ["", ""], 1000);
    stage.begin();
    // Plays all but Held.
    let deadline = Instant::now() + PATIENCE;
    let mut report = None;
    while report.is_none() {
        assert!(Instant::now() < deadline);
        for from_source in [true, false] {
            let (from, to) = match from_source {
                true => (&mut stage.source, &mut stage.destination),
                false => (&mut stage.destination, &mut stage.source),
            };
            from.server.pump(5);
            for message in std::mem::take(&mut from.server.heard) {
                match message {
                    FromKeeper::Migration { move_id, bytes } => {
                        to.server.say(&ToKeeper::Migration { move_id, bytes });
                    }
                    FromKeeper::Report(r) if from_source => report = Some(r),
                    _ => {}
                }
            }
        }
    }
    let MoveOutcome::Aborted(why) = report.unwrap().outcome else { panic!() };
    assert_eq!(why.code, "server-silent");
    assert_eq!(stage.who_answers(), (true, false));
}

fn ends_meanwhile() {
    let mut stage =
        Stage::with_program(false, ["", "destination.consider:cut"], 1000, "echo up; read x; exit 4");
    stage.heal = false;
    stage.source.type_in("\r");
    stage.begin();
    stage.play("the move ends", |s| !s.source.reports.is_empty());
    let outcome = stage.source.reports[0].outcome.clone();
    assert!(matches!(outcome, MoveOutcome::Refused(_) | MoveOutcome::Aborted(_)), "{outcome:?}");
    stage.source.server.hear("Exited", |m| matches!(m, FromKeeper::Exited(_)).then_some(()));
}

fn cancelled() {
    let mut stage = Stage::new(false, ["", ""], 64 << 20);
    stage.begin();
    stage.play("it is on its way", |s| s.relayed > 1 << 20);
    stage.source.server.say(&ToKeeper::AbortMove { move_id: MOVE });
    stage.play("it ends", |s| !s.source.reports.is_empty());
    let MoveOutcome::Aborted(why) = &stage.source.reports[0].outcome else {
        panic!("{:?}", stage.source.reports)
    };
    assert_eq!(why.code, "cancelled");
    stage.settle(Duration::from_millis(200));
    assert!(stage.resumed);
    assert_eq!(stage.who_answers(), (true, false));
}

fn second_try() {
    let mut stage = Stage::new(true, ["", "destination.ready:fail"], 1000);
    stage.begin();
    stage.play("the first try fails", |s| !s.source.reports.is_empty());
    assert!(matches!(stage.source.reports[0].outcome, MoveOutcome::Aborted(_)), "{:?}", stage.source.reports);
    assert_eq!(stage.who_answers(), (true, false));
    let old = stage.world.keeper_pids();
    // Another keeper for the second try: the first one's fault is in its environment.
    drop(std::mem::replace(
        &mut stage.destination.server,
        Server::over_socket(std::os::unix::net::UnixStream::pair().unwrap().0),
    ));
    for pid in old {
        let word = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if String::from_utf8_lossy(&word).contains("destination.ready") {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
                .unwrap();
            until("the old one is gone", || !alive(pid));
        }
    }
    stage.destination.server = stage.world.start(life(1), 1);
    stage.destination.server.attach(false);
    stage.source.reports.clear();
    stage.destination.reports.clear();
    // The journal of the first try is there; the second is another move.
    let second = qmux::ids::MoveId(77, 2);
    let (here, there) = (qmux::ids::HostName("here".into()), qmux::ids::HostName("there".into()));
    stage.destination.server.say(&ToKeeper::MoveIn { move_id: second, from: here });
    let options = MoveOptions::default();
    stage.source.server.say(&ToKeeper::MoveOut { move_id: second, to: there, options });
    stage.play("the second try succeeds", moved);
    stage.source.master = None;
    assert_eq!(stage.who_answers(), (false, true));
}

fn checkpoint() {
    let mut stage = Stage::new(true, ["", ""], 1 << 20);
    let path = stage.world.xdg.join("image");
    let said = |m: &FromKeeper| match m {
        FromKeeper::Checkpointed { bytes, .. } => Some(Ok(*bytes)),
        FromKeeper::Failed(why) => Some(Err(why.code.clone())),
        _ => None,
    };
    let screen = qmux::protocol::Bytes::from(&b"screen"[..]);
    for keep_running in [true, false] {
        let path = path.to_string_lossy().into_owned();
        stage.source.server.say(&ToKeeper::Checkpoint { path, screen: screen.clone(), keep_running });
        stage.play("it is saved", |s| s.source.server.heard.iter().any(|m| said(m).is_some()));
        let bytes = stage.source.server.hear("Checkpointed", said).unwrap();
        let meta = std::fs::metadata(stage.world.xdg.join("image")).unwrap();
        use std::os::unix::fs::MetadataExt;
        assert_eq!((meta.mode() & 0o777, meta.len()), (0o600, bytes));
        if keep_running {
            assert!(stage.resumed);
            assert_eq!(stage.who_answers(), (true, false));
        }
    }
    stage.source.server.wait_closed();
    stage.source.master = None;
    // Started once, refused the second time, and with --clone not refused.
    let state = stage.world.xdg.join("state");
    let load = |epoch: u64, clone: bool| {
        let mut server =
            stage.world.start_with(life(2), epoch, &[("XDG_STATE_HOME", state.to_str().unwrap())]);
        server.attach(false);
        server.say(&ToKeeper::Restore { path: path.to_string_lossy().into_owned(), clone });
        let result = server.hear("Restored", |m| match m {
            FromKeeper::Restored { screen, .. } => Some(Ok(screen.to_vec())),
            FromKeeper::Failed(why) => Some(Err((why.class, why.code.clone()))),
            _ => None,
        });
        (server, result)
    };
    let (mut first, result) = load(1, false);
    assert_eq!(result, Ok(b"screen".to_vec()));
    assert_eq!(first.welcome().state, KeeperState::Running);
    first.expect("up");
    first.type_in("again\r");
    first.expect("[again]");
    assert_eq!(load(2, false).1, Err((6, "already-started".into())));
    assert!(load(3, true).1.is_ok());
    // Somebody could have put anything into it.
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(load(4, true).1, Err((6, "writable-by-others".into())));
    std::fs::write(&path, b"qmuximg1 and then nonsense").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(load(5, true).1.unwrap_err().0, 6);
}

/// One fault: the move ends somehow, and the pane answers at exactly one side, the expected one.
fn fault(local: bool, faults: [&str; 2], runs: Runs) {
    let mut stage = Stage::new(local, faults, 1 << 20);
    stage.begin();
    let settled = |stage: &Stage| match runs {
        Runs::Source => {
            let failed = |r: &qmux::protocol::keeper::MoveReport| {
                matches!(r.outcome, MoveOutcome::Refused(_) | MoveOutcome::Aborted(_))
            };
            stage.source.reports.iter().any(failed) || stage.source.gone
        }
        Runs::Destination => {
            stage.destination.reports.iter().any(|r| matches!(r.outcome, MoveOutcome::Moved(_)))
        }
    };
    stage.play("the move ends", settled);
    // A source whose keeper was killed is only known by its terminal; give the other side time to go wrong.
    stage.settle(Duration::from_millis(400));
    if runs == Runs::Destination {
        // The terminal of the source is dead, though the server still has the master in its hand.
        let answers = stage.source.answers();
        assert!(!answers, "the source answers too");
        stage.source.master = None;
    }
    let wanted = (runs == Runs::Source, runs == Runs::Destination);
    let kept = stage.world.xdg.join(".local/state/qmux/arriving");
    let left = |dir: &std::path::Path| std::fs::read_dir(dir).map_or(0, |d| d.flatten().count());
    until("no image is left", || left(&kept) == 0);
    assert_eq!(
        stage.who_answers(),
        wanted,
        "source {:?}, destination {:?}",
        stage.source.reports,
        stage.destination.reports
    );
}
