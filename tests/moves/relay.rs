//! The server's part of a move: hands messages over, lets go of the terminal, reconnects.
#![allow(dead_code, reason = "two test programs share this")]

use crate::harness::*;
use qmux::ids::{HostName, MoveId};
use qmux::protocol::keeper::{FromKeeper, KeeperState, MoveOptions, MoveReport, ToKeeper};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

pub const MOVE: MoveId = MoveId(77, 1);
/// The pane's program: answers every line, and says who it is.
pub const PROGRAM: &str = "stty -echo; echo up; while read x; do echo \"[$x]\"; done";

pub struct Side {
    pub epoch: u64,
    pub server: Server,
    pub master: Option<OwnedFd>,
    pub reports: Vec<MoveReport>,
    /// The keeper has ended, or was killed.
    pub gone: bool,
    env: Vec<(&'static str, String)>,
}

pub struct Stage {
    pub world: World,
    pub source: Side,
    pub destination: Side,
    pub relayed: u64,
    pub resumed: bool,
    pub hold_seen: bool,
    pub bytes_back: Vec<u8>,
    /// Reconnect links that break.
    pub heal: bool,
}

impl Stage {
    /// A pane that runs under a keeper, and an empty keeper for it to go to. `faults` are for source and
    /// destination; `local`: the server has the source's master.
    pub fn new(local: bool, faults: [&str; 2], bytes: u64) -> Stage {
        Stage::with_program(local, faults, bytes, PROGRAM)
    }

    pub fn with_program(local: bool, faults: [&str; 2], bytes: u64, program: &str) -> Stage {
        let world = World::new(std::env::current_exe().unwrap());
        let mut stage = Stage::in_world(world, local, faults, bytes, &["sh", "-c", program]);
        stage.source.expect("up");
        stage
    }

    pub fn in_world(world: World, local: bool, faults: [&str; 2], bytes: u64, argv: &[&str]) -> Stage {
        let side = |epoch: u64, fault: &str| {
            let env = vec![("QMUX_FAULT", fault.to_string()), ("FAKE_BYTES", bytes.to_string())];
            let borrowed: Vec<(&str, &str)> = env.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let server = world.start_with(life(1), epoch, &borrowed);
            Side { epoch, server, master: None, reports: Vec::new(), gone: false, env }
        };
        let (mut source, mut destination) = (side(0, faults[0]), side(1, faults[1]));
        source.server.attach(local);
        source.server.spawn(argv);
        if local {
            source.master = Some(source.server.fds.remove(0));
        }
        destination.server.attach(false);
        Stage {
            world,
            source,
            destination,
            relayed: 0,
            resumed: false,
            hold_seen: false,
            bytes_back: Vec::new(),
            heal: true,
        }
    }

    pub fn begin(&mut self) {
        self.begin_with(MoveOptions::default());
    }

    pub fn begin_with(&mut self, options: MoveOptions) {
        self.destination.server.say(&ToKeeper::MoveIn { move_id: MOVE, from: HostName("here".into()) });
        self.source.server.say(&ToKeeper::MoveOut { move_id: MOVE, to: HostName("there".into()), options });
    }

    /// Plays server until `done`, or the time is over.
    pub fn play(&mut self, what: &str, mut done: impl FnMut(&Stage) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < deadline,
                "waited for {what}: source heard {:?} {:?}, destination heard {:?} {:?}",
                self.source.reports,
                self.source.server.heard,
                self.destination.reports,
                self.destination.server.heard
            );
            self.turn();
        }
    }

    /// Plays server for a while in which nothing is expected any more.
    pub fn settle(&mut self, how_long: Duration) {
        let end = Instant::now() + how_long;
        while Instant::now() < end {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.source.server.pump(2);
        self.destination.server.pump(2);
        for from_source in [true, false] {
            let (from, to) = match from_source {
                true => (&mut self.source, &mut self.destination),
                false => (&mut self.destination, &mut self.source),
            };
            for message in std::mem::take(&mut from.server.heard) {
                match message {
                    FromKeeper::Migration { move_id, bytes } => {
                        self.relayed += bytes.len() as u64;
                        if !to.server.closed {
                            to.server.try_say(&ToKeeper::Migration { move_id, bytes });
                        }
                    }
                    FromKeeper::Hold { .. } => {
                        self.hold_seen = true;
                        from.drain_master();
                        from.server.try_say(&ToKeeper::Held);
                    }
                    FromKeeper::Resumed { .. } => self.resumed = true,
                    FromKeeper::InputBack(bytes) => self.bytes_back.extend_from_slice(&bytes),
                    FromKeeper::Report(report) => from.reports.push(report),
                    FromKeeper::Bye { .. } => from.gone = true,
                    FromKeeper::Welcome(_) | FromKeeper::Info(_) | FromKeeper::Progress { .. } => {}
                    other => from.server.heard.push(other),
                }
            }
        }
        self.mend();
    }

    /// What a server does about a link that broke: tells the other side, and tries again.
    fn mend(&mut self) {
        for of_source in [true, false] {
            let (broken, other) = match of_source {
                true => (&mut self.source, &mut self.destination),
                false => (&mut self.destination, &mut self.source),
            };
            if !broken.server.closed || broken.gone {
                continue;
            }
            if !other.server.closed {
                other.server.try_say(&ToKeeper::MovePeer { move_id: MOVE, connected: false });
            }
            if !self.heal {
                continue;
            }
            // As `--stdio LIFE --epoch N --new`: the keeper that is there, or a new one with the old one's journal.
            let journal = self.world.keepers().join(format!("{}.{}.move", life(1), broken.epoch)).exists();
            let alive =
                std::os::unix::net::UnixStream::connect(self.world.socket(life(1), broken.epoch)).is_ok();
            if !alive && !journal {
                broken.gone = true;
                continue;
            }
            let mut env: Vec<(&str, &str)> = broken.env.iter().map(|(n, v)| (*n, v.as_str())).collect();
            env.retain(|(name, _)| *name != "QMUX_FAULT");
            broken.server = self.world.start_with(life(1), broken.epoch, &env);
            if broken.server.try_attach(broken.master.is_some()).is_none() {
                continue; // It was about to end.
            }
            broken.server.fds.clear();
            for side in [broken, other] {
                side.server.try_say(&ToKeeper::MovePeer { move_id: MOVE, connected: true });
            }
        }
    }

    /// Types a line at every side that has a pane and counts who answers.
    pub fn who_answers(&mut self) -> (bool, bool) {
        (self.source.answers(), self.destination.answers())
    }
}

impl Side {
    pub fn drain_master(&mut self) {
        let Some(master) = &self.master else { return };
        let mut buf = [0; 4096];
        while let Ok(n) = nix::unistd::read(master, &mut buf) {
            if n == 0 {
                break;
            }
            self.server.output.extend_from_slice(&buf[..n]);
        }
    }

    pub fn expect(&mut self, wanted: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !String::from_utf8_lossy(&self.server.output).contains(wanted) {
            assert!(Instant::now() < deadline, "waited for {wanted}");
            self.server.pump(5);
            self.drain_master();
        }
    }

    pub fn type_in(&mut self, keys: &str) {
        match &self.master {
            Some(master) => {
                let _ = nix::unistd::write(master, keys.as_bytes());
            }
            None => {
                self.server.try_say(&ToKeeper::Input(qmux::protocol::Bytes::from(keys.as_bytes())));
            }
        }
    }

    /// Whether a keystroke is answered here within a second (a pane that is not here never answers).
    pub fn answers(&mut self) -> bool {
        if self.master.is_none() && self.server.closed {
            return false;
        }
        self.server.output.clear();
        self.type_in("key\r");
        let deadline = Instant::now() + Duration::from_millis(700);
        while Instant::now() < deadline {
            self.server.pump(5);
            self.drain_master();
            if String::from_utf8_lossy(&self.server.output).contains("[key]") {
                return true;
            }
        }
        false
    }

    /// Asks a keeper anew where it stands.
    pub fn state(&mut self) -> KeeperState {
        self.server.attach(self.master.is_some()).state
    }
}
