//! Moves that go wrong: after each the pane answers a keystroke at exactly one side, and the message
//! says which. Needs root (for the test hosts).

mod support;

use std::time::Duration;
use support::lab::{Ended, Lab};
use support::stage::Stage;
use support::wait_until;

const TWO: [&str; 2] = ["hostA", "hostB"];

/// A program that answers each line once, with a counter only the living copy can have.
const ANSWERER: &str = "n=0; while read -r word; do n=$((n+1)); echo \"answer $word $n\"; done\n";

struct Fixture<'a> {
    stage: Stage<'a>,
    asked: u32,
}

impl<'a> Fixture<'a> {
    fn set(lab: &'a Lab) -> Fixture<'a> {
        let stage = Stage::set(lab, "ana");
        stage.home().write("ana", "/shared/ana/answerer", ANSWERER);
        // Some memory, so that a move takes long enough to be hit.
        stage.run("exec -a answerer bash -c 'big=$(head -c 30000000 /dev/zero | tr \"\\0\" x); . /shared/ana/answerer'");
        let mut fixture = Fixture { stage, asked: 0 };
        fixture.answers_once();
        fixture
    }

    /// Hosts where the program is.
    fn places(&self) -> Vec<&'static str> {
        let has = |host: &&&str| self.stage.lab.host(host).exec("root", &["pgrep", "-f", "^answerer"]).code == 0;
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
            // Not known when it was said, and said so.
            7 => assert!(text.contains("--resolve"), "{said:?}"),
            4 => {
                assert_eq!(is, was, "{said:?}");
                assert!(text.contains(&format!("continues on {was}")) || text.contains("still runs here"), "{said:?}");
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
        let said = fixture.move_and(to, Duration::from_millis(delay), || break_and_mend(&lab, &fixture.stage));
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
    lab.host("hostB").sh("root", "mount -t tmpfs -o size=64k,mode=1777 tmp /tmp; head -c 1M /dev/zero > /tmp/full || true");
    let said = fixture.stage.qmux(&["move", "pane", "hostB", "-t", "work"]);
    assert!([3, 4].contains(&said.code), "{said:?}");
    assert!(said.err.contains("No space left") || said.err.contains("full"), "{said:?}");
    assert_eq!(fixture.answers_once(), "hostA");
    lab.host("hostB").sh("root", "umount /tmp");
    fixture.stage.move_to("hostB");
    assert_eq!(fixture.answers_once(), "hostB");
}
