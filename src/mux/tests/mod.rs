//! Scripts against `Mux`, with no pty and no sleep: a fake world answers what it is asked.

mod boxes;
mod control;
mod hints;
mod keys;
mod known_layouts;
mod layouts;
mod listening;
mod moving;
mod pickers;
mod pictures;
mod saving;
mod seen;
mod surface;
mod verbs;

use super::*;
use crate::ids::{LifeId, Size};
use crate::protocol::client::ClientHello;
use std::time::Duration;

/// A world in which every pane starts at once and nothing else happens by itself.
pub(super) struct World {
    pub mux: Mux,
    pub now: Instant,
    pub effects: Vec<Effect>,
    /// Bytes written to each pane.
    pub written: BTreeMap<PaneId, Vec<u8>>,
    pub spawned: Vec<(PaneId, SpawnSpec)>,
    pub killed: Vec<PaneId>,
    pub jobs: Vec<(RequestId, Job)>,
    next_client: u32,
}

/// A client of 80x25 with the session `work`.
fn attached() -> (World, ClientId) {
    let mut w = World::new();
    let c = w.attach("new-session -s work", Size::new(80, 25));
    (w, c)
}

/// What a command client got.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub out: String,
    pub err: String,
    /// `None` while it still waits.
    pub code: Option<u8>,
}

impl World {
    pub fn new() -> World {
        let config = Config {
            socket_path: "/tmp/q/default".into(),
            host: "hostA".into(),
            home: "/home/me".into(),
            shell: "/bin/bash".into(),
            env: vec![("PATH".into(), "/bin".into()), ("HOME".into(), "/home/me".into())],
            unix_ms: 1_700_000_000_000,
            ..Config::default()
        };
        World {
            mux: Mux::new(config),
            now: Instant::now(),
            effects: Vec::new(),
            written: BTreeMap::new(),
            spawned: Vec::new(),
            killed: Vec::new(),
            jobs: Vec::new(),
            next_client: 0,
        }
    }

    /// One session `work` of 80x24 with one pane.
    pub fn with_session() -> World {
        let mut w = World::new();
        assert_eq!(w.ok("new-session -d -s work -x 80 -y 24"), "");
        w
    }

    pub fn event(&mut self, event: Event<'_>) {
        self.mux.handle(self.now, event);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.mux.next_effect() {
            match &effect {
                Effect::Spawn { pane, spec } => {
                    self.spawned.push((*pane, spec.clone()));
                    let life = LifeId(7, u64::from(pane.0));
                    let tty = format!("/dev/pts/{}", pane.0);
                    let (pane, pid) = (*pane, 1000 + pane.0 as i32);
                    self.mux.handle(self.now, Event::PaneStarted { pane, pid, tty, life });
                }
                Effect::Write { pane, bytes } => {
                    self.written.entry(*pane).or_default().extend_from_slice(bytes);
                }
                Effect::Kill { pane } => self.killed.push(*pane),
                Effect::Job { request, job } => self.jobs.push((*request, job.clone())),
                _ => {}
            }
            self.effects.push(effect);
        }
    }

    pub fn after(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.event(Event::Tick);
    }

    fn hello(argv: Vec<String>) -> ClientHello {
        ClientHello { argv, cwd: "/work".into(), pid: 42, streams: true, ..ClientHello::default() }
    }

    /// Starts a command client; a line is split as a shell would.
    pub fn start(&mut self, line: &str) -> ClientId {
        self.start_argv(&words(line))
    }

    pub fn start_argv(&mut self, argv: &[String]) -> ClientId {
        let id = ClientId(self.next_client);
        self.next_client += 1;
        self.event(Event::ClientConnected { client: id, hello: World::hello(argv.to_vec()) });
        id
    }

    /// What a client got so far.
    pub fn said(&self, id: ClientId) -> Said {
        let mut said = Said { out: String::new(), err: String::new(), code: None };
        for e in &self.effects {
            match e {
                Effect::Stdout { client, bytes } if *client == id => {
                    said.out.push_str(&String::from_utf8_lossy(bytes));
                }
                Effect::Stderr { client, bytes } if *client == id => {
                    said.err.push_str(&String::from_utf8_lossy(bytes));
                }
                Effect::Exit { client, code } if *client == id => said.code = Some(*code),
                _ => {}
            }
        }
        said
    }

    pub fn run(&mut self, line: &str) -> Said {
        let id = self.start(line);
        let said = self.said(id);
        if said.code.is_some() {
            self.event(Event::ClientGone { client: id });
        }
        said
    }

    /// Runs a line that must succeed; gives what it printed, without the last newline.
    #[track_caller]
    pub fn ok(&mut self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{line}");
        said.out.trim_end_matches('\n').to_owned()
    }

    /// Runs a line that must fail; gives what it said.
    #[track_caller]
    pub fn fails(&mut self, line: &str) -> String {
        let said = self.run(line);
        assert!(said.code.is_some_and(|c| c > 0), "{line}: {said:?}");
        said.err.trim_end().to_owned()
    }

    /// Attaches a terminal.
    pub fn attach(&mut self, line: &str, size: Size) -> ClientId {
        let id = ClientId(self.next_client);
        self.next_client += 1;
        let hello = ClientHello {
            tty: Some(format!("/dev/pts/{}", 90 + id.0)),
            size: Some(size),
            term: "xterm-256color".into(),
            ..World::hello(words(line))
        };
        self.event(Event::ClientConnected { client: id, hello });
        assert!(self.mux.client(id).is_some_and(|c| c.attached), "{line}: {:?}", self.said(id));
        id
    }

    pub fn type_in(&mut self, client: ClientId, bytes: &[u8]) {
        self.event(Event::ClientInput { client, bytes });
    }

    /// Takes what was written to a pane.
    pub fn take_written(&mut self, pane: u32) -> String {
        String::from_utf8_lossy(&self.written.remove(&PaneId(pane)).unwrap_or_default()).into_owned()
    }

    pub fn show(&mut self, format: &str) -> String {
        let id = self.start_argv(&["display-message".into(), "-p".into(), format.into()]);
        let said = self.said(id);
        self.event(Event::ClientGone { client: id });
        said.out.trim_end_matches('\n').to_owned()
    }

    pub fn output(&mut self, pane: u32, text: &str) {
        self.event(Event::PaneOutput { pane: PaneId(pane), bytes: text.as_bytes() });
    }
}

/// Splits at blanks; single quotes keep a word together.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, tail) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        out.push(word.to_owned());
        rest = tail.trim_start();
    }
    out
}
