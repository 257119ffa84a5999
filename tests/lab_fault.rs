//! Moves that go wrong: after each the pane answers a keystroke at exactly one side, and the message
//! says which. Needs root (for the test hosts).

mod support;

use std::time::Duration;
use support::lab::{Ended, Lab};
use support::stage::Stage;
use support::wait_until;

const TWO: [&str; 2] = ["hostA", "hostB"];

/// A program that answers each line once, with a counter only the living copy can have. It says when it
/// listens: what is typed while readline still has the terminal raw never becomes a line.
const ANSWERER: &str =
    "n=0; echo listening; while read -r word; do n=$((n+1)); echo \"answer $word $n\"; done\n";

struct Fixture<'a> {
    stage: Stage<'a>,
    asked: u32,
}

impl<'a> Fixture<'a> {
    fn set(lab: &'a Lab) -> Fixture<'a> {
        Fixture::set_with(lab, "")
    }

    fn set_with(lab: &'a Lab, env: &str) -> Fixture<'a> {
        let stage = Stage::set_with(lab, "ana", env);
        stage.home().write("ana", "/shared/ana/answerer", ANSWERER);
        // A program the other host has not, and never had: its file travels before the freeze.
        stage.home().sh("ana", "cp /bin/bash ~/shell && date +%s%N >> ~/shell");
        // Some memory, so that a move takes long enough to be hit.
        stage.run("exec -a answerer ~/shell -c 'big=$(head -c 8000000 /dev/zero | tr \"\\0\" x); . /shared/ana/answerer'");
        stage.wait("listening");
        let mut fixture = Fixture { stage, asked: 0 };
        fixture.answers_once();
        fixture
    }

    /// Hosts where the program is.
    fn places(&self) -> Vec<&'static str> {
        let has =
            |host: &&&str| self.stage.lab.host(host).exec("root", &["pgrep", "-f", "^answerer"]).code == 0;
        TWO.iter().filter(has).copied().collect()
    }

    /// The pane answers, and answers once; returns where it runs.
    #[track_caller]
    fn answers_once(&mut self) -> &'static str {
        self.asked += 1;
        let word = format!("q{}q", self.asked);
        self.stage.run(&word);
        let expected = format!("answer {word} {}", self.asked);
        self.stage.wait(&expected);
        let place = wait_until("one copy", || match self.places()[..] {
            [place] => Some(place),
            _ => None,
        });
        let text = self.stage.term.screen_text();
        assert_eq!(text.matches(&format!("answer {word}")).count(), 1, "{text}");
        place
    }

    /// Starts a move, breaks something after `delay`, waits for the command to end.
    fn move_and(&self, host: &str, delay: Duration, break_it: impl FnOnce()) -> Ended {
        let (home, user) = (self.stage.home(), self.stage.user);
        std::thread::scope(|scope| {
            let moving = scope.spawn(move || home.exec(user, &["qmux", "move", "pane", host, "-t", "work"]));
            // When the fault falls is what is varied here.
            std::thread::sleep(delay);
            break_it();
            moving.join().expect("the move's thread")
        })
    }

    /// What was said agrees with where the pane is.
    #[track_caller]
    fn told_the_truth(&self, said: &Ended, was: &str, is: &str, wanted: &str) {
        let text = format!("{}{}", said.out, said.err);
        match said.code {
            0 => assert_eq!(is, wanted, "{said:?}"),
            // Refused by a step that failed: nothing has happened.
            3 => assert_eq!(is, was, "{said:?}"),
            // Not known when it was said, and said so.
            7 => assert!(text.contains("--resolve"), "{said:?}"),
            4 => {
                assert_eq!(is, was, "{said:?}");
                assert!(
                    text.contains(&format!("continues on {was}"))
                        || text.contains(&format!("still runs on {was}"))
                        || (was == "hostA" && text.contains("still runs here")),
                    "{said:?}"
                );
            }
            _ => panic!("{said:?}"),
        }
    }
}

/// Delays that fall into all phases of a move of some tens of milliseconds.
const DELAYS_MS: [u64; 9] = [0, 20, 40, 60, 80, 110, 150, 200, 300];

fn sweep(break_and_mend: impl Fn(&Lab, &Stage<'_>)) {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    let mut fixture = Fixture::set(&lab);
    let mut was = "hostA";
    for delay in DELAYS_MS {
        let (to, wanted) = if was == "hostA" { ("hostB", "hostB") } else { (".", "hostA") };
        let said =
            fixture.move_and(to, Duration::from_millis(delay), || break_and_mend(&lab, &fixture.stage));
        let is = fixture.answers_once();
        fixture.told_the_truth(&said, was, is, wanted);
        was = is;
    }
}

#[test]
fn ssh_killed_at_any_time() {
    sweep(|_, stage| {
        stage.home().exec("root", &["pkill", "-KILL", "-x", "ssh"]);
    });
}

#[test]
fn cable_pulled_for_a_while_at_any_time() {
    sweep(|lab, _| {
        lab.link("hostB", false);
        // Long enough to be noticed by whoever waits, short enough for TCP to mend it too.
        std::thread::sleep(Duration::from_millis(1500));
        lab.link("hostB", true);
    });
}

#[test]
fn server_killed_at_any_time() {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    let mut fixture = Fixture::set(&lab);
    let mut was = "hostA";
    for delay in DELAYS_MS {
        let to = if was == "hostA" { "hostB" } else { "." };
        let server = fixture.stage.ok(&["display-message", "-p", "#{pid}"]);
        fixture.move_and(to, Duration::from_millis(delay), || {
            fixture.stage.home().exec("ana", &["kill", "-9", &server]);
        });
        fixture.stage.term.wait_exit();
        fixture.stage.term = fixture.stage.home().pty("ana", &["qmux", "attach", "-t", "work"]);
        was = fixture.answers_once();
    }
}

#[test]
fn disk_full_there() {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    let mut fixture = Fixture::set(&lab);
    lab.host("hostB").sh(
        "root",
        "mount -t tmpfs -o size=64k,mode=1777 tmp /tmp; head -c 1M /dev/zero > /tmp/full || true",
    );
    let said = fixture.stage.qmux(&["move", "pane", "hostB", "-t", "work"]);
    assert!([3, 4].contains(&said.code), "{said:?}");
    assert!(said.err.contains("No space left") || said.err.contains("full"), "{said:?}");
    assert_eq!(fixture.answers_once(), "hostA");
    lab.host("hostB").sh("root", "umount /tmp");
    fixture.stage.move_to("hostB");
    assert_eq!(fixture.answers_once(), "hostB");
}

/// The fault points of `src/keeper/faults.rs`, in the order of a move. After `destination.committed` the
/// pane is the destination's.
const POINTS: [&str; 15] = [
    "source.assess",
    "source.precopy",
    "destination.consider",
    "source.freeze",
    "source.dump",
    "destination.store",
    "destination.restore",
    "destination.ready",
    "source.seal",
    "source.commit",
    "source.committed",
    "destination.committed",
    "destination.resume",
    "destination.running",
    "source.release",
];

/// One move with a fault at each of these points, each from a fresh start. What failed is collected, so that
/// one run shows all.
fn at_points(points: &[&str], action: &str) {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    let mut wrong = Vec::new();
    for point in points {
        let fault = format!("QMUX_FAULT={point}:{action}");
        let outcome = std::panic::catch_unwind(|| {
            let mut fixture = Fixture::set_with(&lab, &fault);
            let said = fixture.stage.qmux(&["move", "pane", "hostB", "-t", "work"]);
            let is = fixture.answers_once();
            fixture.told_the_truth(&said, "hostA", is, "hostB");
            // `a:kill,b` with `kill` are two faults in one move.
            for one in fault_points(point) {
                assert!(happened(&lab, one), "nothing was made to fail at {one}: {said:?}");
            }
        });
        if let Err(panic) = outcome {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "?".into());
            wrong.push(format!("{fault}: {why}"));
        }
        for host in TWO {
            lab.host(host).exec("root", &["pkill", "-KILL", "-u", "ana"]);
            let gone = || (lab.host(host).exec("root", &["pgrep", "-u", "ana"]).code != 0).then_some(());
            wait_until("a clean host", gone);
            lab.host(host).exec("root", &["rm", "-rf", "/tmp/qmux-4242"]);
        }
    }
    assert!(wrong.is_empty(), "{} of {} went wrong:\n{}", wrong.len(), points.len(), wrong.join("\n\n"));
}

fn fault_points(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|part| part.split(':').next().unwrap_or(part))
}

/// Whether a keeper has passed this fault point and failed there.
fn happened(lab: &Lab, point: &str) -> bool {
    let word = format!("fault point {point}$");
    TWO.iter().any(|h| {
        lab.host(h).exec("root", &["grep", "-q", &word, "/tmp/qmux-4242/keepers/keeper.log"]).code == 0
    })
}

#[test]
fn step_fails_at_every_point() {
    at_points(&POINTS[..10], "fail");
}

#[test]
fn link_breaks_at_every_point() {
    at_points(&POINTS, "cut");
}

#[test]
fn link_breaks_within_the_image() {
    for bytes in ["1", "70000", "3000000", "20000000"] {
        at_points(&["destination.store"], &format!("cut={bytes}"));
    }
}

#[test]
fn disk_is_full_at_the_points_that_write() {
    at_points(&["source.dump", "destination.store", "destination.ready"], "full");
}

#[test]
fn source_keeper_dies_at_every_point() {
    let points: Vec<&str> = POINTS.into_iter().filter(|p| p.starts_with("source")).collect();
    at_points(&points, "kill");
}

#[test]
fn destination_keeper_dies_before_the_commit() {
    at_points(
        &["destination.consider", "destination.store", "destination.restore", "destination.ready"],
        "kill",
    );
}

/// With the image in a file a copy is built anew, though the source's may be gone by then.
#[test]
fn destination_keeper_dies_after_the_commit() {
    let two = ["source.commit", "source.committed"].map(|source| format!("{source}:kill,destination.resume"));
    let mut points = vec!["destination.committed", "destination.resume", "destination.running"];
    points.extend(two.iter().map(String::as_str));
    at_points(&points, "kill");
}
