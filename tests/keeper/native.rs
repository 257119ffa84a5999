//! Real programs moved by the native engine between two real keepers, as root and as an ordinary user.

use crate::harness::*;
use crate::relay::*;
use qmux::ids::{ExitStatus, Size};
use qmux::protocol::Bytes;
use qmux::protocol::keeper::{FromKeeper, MoveOutcome, ToKeeper};
use qmux::vt::Screen;
use std::time::Instant;

const QMUX: &str = env!("CARGO_BIN_EXE_qmux");

/// A screen fed by one side after the other, as the server's is.
struct Watch {
    screen: Screen,
}

impl Watch {
    fn new() -> Watch {
        Watch { screen: Screen::new(Size::new(80, 24), 1000) }
    }

    fn text(&self) -> String {
        let base = self.screen.history_len();
        (base..base + 24).map(|i| self.screen.line_text(i) + "\n").collect()
    }

    fn feed(&mut self, side: &mut Side) {
        side.server.pump(5);
        side.drain_master();
        self.screen.advance(&std::mem::take(&mut side.server.output));
        let replies = self.screen.take_replies();
        if !replies.is_empty() {
            side.type_in(&String::from_utf8_lossy(&replies));
        }
    }

    fn wait(&mut self, side: &mut Side, what: &str, done: impl Fn(&Screen, &str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if done(&self.screen, &text) {
                return;
            }
            assert!(Instant::now() < deadline, "waited for {what}; the screen:\n{text}");
            self.feed(side);
        }
    }

    fn see(&mut self, side: &mut Side, wanted: &str) {
        self.wait(side, wanted, |_, text| text.contains(wanted));
    }
}

/// Waits until `program` has the pane's terminal.
fn in_front(side: &mut Side, program: &str) {
    until(&format!("{program} is in front"), || {
        side.server.say(&ToKeeper::AskInfo);
        let info = |m: &FromKeeper| match m {
            FromKeeper::Info(info) => Some(info.command.clone()),
            _ => None,
        };
        side.server.hear("Info", info) == program
    });
}

fn worlds() -> Vec<World> {
    let mut worlds = vec![World::new(QMUX)];
    if nix::unistd::geteuid().is_root() {
        let known = nix::unistd::User::from_name("tester").unwrap().is_some();
        if !known {
            assert!(std::process::Command::new("useradd").args(["-m", "tester"]).status().unwrap().success());
        }
        worlds.push(World::of_user(QMUX, "tester"));
    }
    worlds
}

fn moved(stage: &Stage) -> bool {
    let says = |side: &Side| side.reports.iter().any(|r| matches!(r.outcome, MoveOutcome::Moved(_)));
    says(&stage.source) && says(&stage.destination)
}

fn play_move(stage: &mut Stage) {
    stage.begin();
    stage.play("the move ends", |s| {
        moved(s) || s.source.reports.iter().any(|r| !matches!(r.outcome, MoveOutcome::Moved(_)))
    });
    assert!(moved(stage), "{:?} {:?}", stage.source.reports, stage.destination.reports);
    let report = &stage.source.reports[0];
    println!("frozen {} us, total {} us, {} bytes", report.frozen_us, report.total_us, report.bytes);
    stage.source.master = None;
}

#[test]
fn vim_moves_with_unsaved_text_and_goes_on() {
    for world in worlds() {
        let file = world.xdg.join("text");
        let path = file.to_string_lossy().into_owned();
        let mut stage =
            Stage::in_world(world, true, ["", ""], 0, &["vim", "-u", "NONE", "-i", "NONE", &path]);
        let mut watch = Watch::new();
        watch.see(&mut stage.source, "~");
        stage.source.type_in("ihello\x1b");
        watch.see(&mut stage.source, "hello");
        let modes = stage.source.server.attach(true).termios;
        stage.source.master = Some(stage.source.server.fds.remove(0));
        let before = watch.text();
        play_move(&mut stage);
        let text = std::mem::take(&mut stage.source.server.output);
        watch.screen.advance(&text);
        assert_eq!(stage.destination.server.attach(false).termios, modes, "terminal modes");
        stage.destination.type_in("A there\x1b");
        watch.see(&mut stage.destination, "hello there");
        assert!(before.contains("hello"));
        stage.destination.type_in("u");
        watch.wait(&mut stage.destination, "undo", |_, t| t.contains("hello") && !t.contains("hello there"));
        stage.destination.type_in(":wq\r");
        assert_eq!(stage.destination.server.exited(), ExitStatus::Code(0));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello\n");
        stage.destination.server.say(&ToKeeper::ExitSeen);
        stage.destination.server.wait_closed();
    }
}

#[test]
fn bash_keeps_its_jobs_and_its_exit_status() {
    for world in worlds() {
        let argv = ["bash", "--norc", "--noprofile", "-i"];
        let mut stage = Stage::in_world(world, false, ["", ""], 0, &argv);
        let mut watch = Watch::new();
        watch.see(&mut stage.source, "$");
        stage.source.type_in("x=kept; sleep 1000 & cat\r");
        // Only when cat has the terminal does ^Z mean it.
        in_front(&mut stage.source, "cat");
        stage.source.type_in("\x1a");
        watch.see(&mut stage.source, "Stopped");
        play_move(&mut stage);
        let text = std::mem::take(&mut stage.source.server.output);
        watch.screen.advance(&text);
        stage.destination.type_in("clear; jobs; echo $x\r");
        watch.wait(&mut stage.destination, "both jobs", |_, t| {
            t.contains("Running") && t.contains("sleep 1000") && t.contains("Stopped") && t.contains("kept")
        });
        stage.destination.type_in("fg %2\r");
        // Typed before, ^D would be a letter of bash's line editor and not the end of cat's input.
        in_front(&mut stage.destination, "cat");
        stage.destination.type_in("echoed\n\x04");
        watch.see(&mut stage.destination, "echoed");
        stage.destination.type_in("kill %1; exit 7\r");
        assert_eq!(stage.destination.server.exited(), ExitStatus::Code(7));
    }
}

/// The source's pane goes into a file with this screen and comes out at the destination; the screen told there.
fn through_a_file(stage: &mut Stage, image: &str, screen: Bytes) -> Vec<u8> {
    stage.source.server.say(&ToKeeper::Checkpoint { path: image.into(), screen, keep_running: false });
    let over = |m: &FromKeeper| matches!(m, FromKeeper::Checkpointed { .. } | FromKeeper::Failed(_));
    stage.play("it is saved", |s| s.source.server.heard.iter().any(over));
    stage.source.server.hear("Checkpointed", |m| match m {
        FromKeeper::Failed(why) => panic!("{why:?}"),
        FromKeeper::Checkpointed { .. } => Some(()),
        _ => None,
    });
    stage.source.server.wait_closed();
    stage.source.master = None;
    let server = &mut stage.destination.server;
    server.say(&ToKeeper::Restore { path: image.into(), clone: false });
    server.hear("Restored", |m| match m {
        FromKeeper::Failed(why) => panic!("{why:?}"),
        FromKeeper::Restored { screen, .. } => Some(screen.to_vec()),
        _ => None,
    })
}

/// An image that no server gave its screen to: the program draws it anew, once it runs.
#[test]
fn an_image_without_a_screen_is_drawn_by_its_program() {
    for world in worlds() {
        let image = world.xdg.join("image").to_string_lossy().into_owned();
        let argv = ["vim", "-u", "NONE", "-i", "NONE", "-n"];
        let mut stage = Stage::in_world(world, true, ["", ""], 0, &argv);
        let mut watch = Watch::new();
        watch.see(&mut stage.source, "~");
        stage.source.type_in("ihello\x1b");
        watch.see(&mut stage.source, "hello");
        assert!(through_a_file(&mut stage, &image, Bytes::default()).is_empty());
        stage.destination.server.welcome();
        let mut watch = Watch::new();
        watch.see(&mut stage.destination, "hello");
        stage.destination.type_in(":q!\r");
        assert_eq!(stage.destination.server.exited(), ExitStatus::Code(0));
    }
}

#[test]
fn vim_goes_into_a_file_and_comes_out_of_it_once() {
    for world in worlds() {
        let file = world.xdg.join("text");
        let image = world.xdg.join("image").to_string_lossy().into_owned();
        let path = file.to_string_lossy().into_owned();
        let mut stage =
            Stage::in_world(world, true, ["", ""], 0, &["vim", "-u", "NONE", "-i", "NONE", &path]);
        let mut watch = Watch::new();
        watch.see(&mut stage.source, "~");
        stage.source.type_in("ihello\x1b");
        watch.see(&mut stage.source, "hello");
        let screen = Bytes::from(watch.screen.snapshot());
        let screen = through_a_file(&mut stage, &image, screen);
        stage.destination.server.welcome();
        watch.screen = Screen::from_snapshot(&screen).unwrap();
        assert!(watch.text().contains("hello"));
        stage.destination.type_in("A again\x1b:wq\r");
        assert_eq!(stage.destination.server.exited(), ExitStatus::Code(0));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello again\n");
    }
}

#[test]
fn a_failed_restore_leaves_vim_as_it_was() {
    for world in worlds() {
        let faults = ["", "destination.ready:fail"];
        let path = world.xdg.join("text").to_string_lossy().into_owned();
        let mut stage = Stage::in_world(world, true, faults, 0, &["vim", "-u", "NONE", "-i", "NONE", &path]);
        let mut watch = Watch::new();
        watch.see(&mut stage.source, "~");
        stage.source.type_in("ihello\x1b");
        watch.see(&mut stage.source, "hello");
        stage.begin();
        stage.play("the move ends", |s| !s.source.reports.is_empty());
        assert!(
            matches!(stage.source.reports[0].outcome, MoveOutcome::Aborted(_)),
            "{:?}",
            stage.source.reports
        );
        stage.source.type_in("A still here\x1b");
        watch.see(&mut stage.source, "hello still here");
    }
}
