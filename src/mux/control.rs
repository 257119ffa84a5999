//! Control mode (`-C`): what a control client reads, in its order: guards around its commands' output,
//! notifications, the output of panes, subscriptions.
//!
//! Owns the flow to each such client. How far a client has written is told by events; a client that stops
//! reading holds up nobody: its output is dropped and the pane paused, or the client is sent away.

use super::context::About;
use super::event::Effect;
use super::model::Client;
use super::queue::Origin;
use super::target::Found;
use super::{Mux, commands};
use crate::ids::{ClientId, PaneId, SessionId, Size, WindowId};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most bytes handed to the server and not yet written by the client.
const IN_FLIGHT_MAX: usize = 64 << 10;

/// Most bytes that wait for a client without `pause-after`; then it is sent away.
const QUEUED_MAX: usize = 16 << 20;

/// Oldest output that waits for a client without `pause-after` (tmux's limit).
const TOO_OLD: Duration = Duration::from_secs(300);

/// Longest line taken from a control client.
const LINE_MAX: usize = 4 << 20;

/// How often subscriptions are looked at (tmux's interval).
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// Most subscriptions of one client.
const SUBSCRIPTIONS_MAX: usize = 1000;

/// What waits for a control client: a finished line, or output of a pane.
#[derive(Debug)]
struct Item {
    pane: Option<PaneId>,
    at: Instant,
    bytes: Vec<u8>,
}

/// Whether a pane's output is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// `refresh-client -A %0:off`.
    Off,
    /// Too far behind, or asked for; until `continue`.
    Paused,
}

/// `refresh-client -B name:what:format`.
#[derive(Debug)]
struct Subscription {
    what: What,
    format: String,
    /// The last value told, by the line's middle part.
    told: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Session,
    Pane(PaneId),
    AllPanes,
    Window(WindowId),
    AllWindows,
}

/// The flow to one control client.
#[derive(Debug, Default)]
pub(crate) struct Control {
    queue: VecDeque<Item>,
    queued: usize,
    in_flight: VecDeque<(u64, usize)>,
    next_seq: u64,
    panes: BTreeMap<PaneId, Sending>,
    subscriptions: BTreeMap<String, Subscription>,
    next_check: Option<Instant>,
    input: Vec<u8>,
    /// Lines that wait for the commands of the line before.
    lines: VecDeque<String>,
    ending: Option<&'static str>,
    /// `pause-after`: how far a pane may be behind before it is paused; zero when only the form is wanted.
    pub pause_after: Option<Duration>,
    /// `no-output`.
    pub no_output: bool,
    /// `wait-exit`.
    pub wait_exit: bool,
    /// It has told its size: its windows follow it.
    pub sized: bool,
    /// Sizes of single windows (`-C @1:80x24`).
    pub window_sizes: BTreeMap<WindowId, Size>,
}

/// Something control clients are told when the command under way is over.
#[derive(Debug, PartialEq, Eq)]
enum Note {
    Hook { name: String, client: Option<ClientId>, client_name: String, found: Option<Found> },
    Line { client: ClientId, line: String },
}

/// What is to be told, and the number of the last guard.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    waiting: VecDeque<Note>,
    guards: u64,
    open: usize,
}

/// A guard that was begun: whose, and its `%begin` line's words.
pub(crate) struct Guard {
    client: ClientId,
    words: String,
}

impl Control {
    /// The client is to go when it has been given what waits.
    pub(crate) fn end(&mut self) {
        self.ending.get_or_insert("");
    }

    /// Bytes that wait for the client.
    #[cfg(test)]
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    fn push(&mut self, item: Item) {
        self.queued += item.bytes.len();
        self.queue.push_back(item);
    }

    fn drop_pane(&mut self, pane: PaneId) {
        self.queue.retain(|i| i.pane != Some(pane));
        self.queued = self.queue.iter().map(|i| i.bytes.len()).sum();
    }

    /// The next bytes for the client, when it may have some.
    fn next(&mut self, now: Instant, all: bool) -> Option<(u64, Vec<u8>)> {
        let busy: usize = self.in_flight.iter().map(|(_, n)| n).sum();
        if self.queue.is_empty() || (busy >= IN_FLIGHT_MAX && !all) {
            return None;
        }
        let mut bytes = Vec::new();
        while bytes.len() + busy < IN_FLIGHT_MAX || all {
            let Some(item) = self.queue.pop_front() else { break };
            self.queued -= item.bytes.len();
            match item.pane {
                None => bytes.extend_from_slice(&item.bytes),
                Some(pane) => {
                    if self.pause_after.is_some() {
                        let age = now.saturating_duration_since(item.at).as_millis();
                        bytes.extend_from_slice(format!("%extended-output {pane} {age} : ").as_bytes());
                    } else {
                        bytes.extend_from_slice(format!("%output {pane} ").as_bytes());
                    }
                    escape(&item.bytes, &mut bytes);
                }
            }
            bytes.push(b'\n');
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        self.in_flight.push_back((seq, bytes.len()));
        Some((seq, bytes))
    }
}

/// Controls and backslashes as three octal digits.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for b in bytes {
        if *b < 32 || *b == b'\\' {
            out.extend_from_slice(format!("\\{b:03o}").as_bytes());
        } else {
            out.push(*b);
        }
    }
}

impl Client {
    /// When its subscriptions are looked at next.
    pub(crate) fn control_deadline(&self) -> Option<Instant> {
        self.control.as_ref().and_then(|c| c.next_check)
    }
}

impl Mux {
    // ---- input ----

    /// Standard input of a control client: lines of commands; an empty line or the end is its leave.
    pub(crate) fn control_input(&mut self, id: ClientId, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.control_leaves(id) };
        let Some(control) = self.clients.get_mut(&id).and_then(|c| c.control.as_mut()) else { return };
        if control.input.len() + bytes.len() > LINE_MAX {
            return self.control_leaves(id);
        }
        control.input.extend_from_slice(bytes);
        while let Some(end) = control.input.iter().position(|b| *b == b'\n') {
            let mut line: Vec<u8> = control.input.drain(..=end).collect();
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            control.lines.push_back(String::from_utf8_lossy(&line).into_owned());
        }
    }

    /// Reads the next line of each control client whose last one is done; says whether there was one.
    pub(crate) fn feed_controls(&mut self) -> bool {
        let next: Vec<(ClientId, String)> = self
            .clients
            .values_mut()
            .filter(|c| self.queues.get(&Some(c.id)).is_none_or(|q| q.steps.is_empty() && !q.waiting))
            .filter_map(|c| Some((c.id, c.control.as_mut()?.lines.pop_front()?)))
            .collect();
        for (id, line) in &next {
            if line.is_empty() {
                self.control_leaves(*id);
            } else {
                self.control_command(*id, line);
            }
        }
        !next.is_empty()
    }

    fn control_command(&mut self, id: ClientId, line: &str) {
        let (wall, order) = (self.wall_ms(), self.next_order());
        if let Some(c) = self.clients.get_mut(&id).filter(|c| !c.leaving) {
            c.activity = wall;
            c.activity_order = order;
        }
        let origin = Arc::new(Origin { client: Some(id), typed: true, ..Origin::default() });
        let read = self.parse_commands(line, None).map_err(|e| e.text);
        let checked = read.and_then(|all| match all.iter().find_map(|c| commands::prepare(self, c).err()) {
            Some(trouble) => Err(trouble.text),
            None => Ok(all),
        });
        match checked {
            Ok(all) => self.enqueue(Some(id), &all, &origin),
            Err(text) => {
                let guard = self.begin_guard(&origin);
                self.control_line(id, &format!("parse error: {text}"));
                self.end_guard(guard, true);
            }
        }
    }

    fn control_leaves(&mut self, id: ClientId) {
        let Some(c) = self.clients.get_mut(&id) else { return };
        if c.attached {
            self.detach(id, String::new());
        } else if let Some(control) = &mut c.control {
            control.end();
        }
    }

    // ---- guards ----

    /// A command of a control client begins: what it prints stands between two lines.
    pub(crate) fn begin_guard(&mut self, origin: &Origin) -> Option<Guard> {
        let client = origin.client?;
        self.clients.get(&client)?.control.as_ref()?;
        self.control.guards += 1;
        self.control.open += 1;
        let seconds = self.wall_ms().div_euclid(1000);
        let words = format!("{seconds} {} {}", self.control.guards, u8::from(origin.typed));
        self.control_line(client, &format!("%begin {words}"));
        Some(Guard { client, words })
    }

    /// It has ended; now the notifications it caused may be told.
    pub(crate) fn end_guard(&mut self, guard: Option<Guard>, failed: bool) {
        if let Some(Guard { client, words }) = guard {
            self.control.open = self.control.open.saturating_sub(1);
            let word = if failed { "%error" } else { "%end" };
            self.control_line(client, &format!("{word} {words}"));
        }
        self.tell_notes();
    }

    /// A line for a control client, behind what already waits.
    pub(crate) fn control_line(&mut self, client: ClientId, line: &str) {
        let now = self.now;
        if let Some(control) = self.clients.get_mut(&client).and_then(|c| c.control.as_mut()) {
            control.push(Item { pane: None, at: now, bytes: line.as_bytes().to_vec() });
        }
    }

    /// A notification for one client, told after the command under way.
    pub(crate) fn note_line(&mut self, client: ClientId, line: String) {
        self.control.waiting.push_back(Note::Line { client, line });
    }

    /// Something happened that control clients may be told of; the names are those of hooks.
    pub(crate) fn note(&mut self, name: &str, client: Option<ClientId>, found: Option<Found>) {
        if !self.clients.values().any(|c| c.control.is_some()) {
            return;
        }
        let client_name =
            client.and_then(|c| self.clients.get(&c)).map(|c| c.name.clone()).unwrap_or_default();
        if name == "session-closed" {
            // Now: who showed it is not attached any more when the command is over.
            let all: Vec<ClientId> =
                self.clients.values().filter(|c| c.control.is_some() && c.attached).map(|c| c.id).collect();
            all.into_iter().for_each(|c| self.note_line(c, "%sessions-changed".into()));
            return;
        }
        let note = Note::Hook { name: name.to_owned(), client, client_name, found };
        if self.control.waiting.back() != Some(&note) {
            self.control.waiting.push_back(note);
        }
    }

    fn tell_notes(&mut self) {
        if self.control.open > 0 {
            return;
        }
        while let Some(note) = self.control.waiting.pop_front() {
            match note {
                Note::Line { client, line } => self.control_line(client, &line),
                Note::Hook { name, client, client_name, found } => {
                    let lines: Vec<(ClientId, String)> = self
                        .clients
                        .values()
                        .filter(|c| c.control.is_some() && c.attached)
                        .filter_map(|c| {
                            let session = c.session?;
                            let line = self.notification(&name, (c.id, session), client, &client_name, found);
                            Some((c.id, line?))
                        })
                        .collect();
                    for (client, line) in lines {
                        self.control_line(client, &line);
                    }
                }
            }
        }
    }

    /// The line that tells a client of something, if it is told of it.
    fn notification(
        &self,
        name: &str,
        (to, session): (ClientId, SessionId),
        about: Option<ClientId>,
        about_name: &str,
        found: Option<Found>,
    ) -> Option<String> {
        let session_words = |id: SessionId| self.sessions.get(&id).map(|s| format!("{id} {}", s.name));
        match name {
            "session-created" => return Some("%sessions-changed".into()),
            "client-detached" => return Some(format!("%client-detached {about_name}")),
            _ => {}
        }
        let f = found?;
        let mine = self.sessions.get(&session).is_some_and(|s| s.index_of(f.window).is_some());
        let window_name = || self.windows.get(&f.window).map(|w| w.name.clone());
        Some(match name {
            "window-linked" if mine => format!("%window-add {}", f.window),
            "window-linked" => format!("%unlinked-window-add {}", f.window),
            "window-unlinked" if mine => format!("%window-close {}", f.window),
            "window-unlinked" => format!("%unlinked-window-close {}", f.window),
            "window-renamed" if mine => format!("%window-renamed {} {}", f.window, window_name()?),
            "window-renamed" => format!("%unlinked-window-renamed {} {}", f.window, window_name()?),
            "window-pane-changed" => format!("%window-pane-changed {} {}", f.window, f.pane),
            "pane-mode-changed" => format!("%pane-mode-changed {}", f.pane),
            "session-renamed" => format!("%session-renamed {}", session_words(f.session)?),
            "session-window-changed" => format!("%session-window-changed {} {}", f.session, f.window),
            "client-session-changed" if about == Some(to) => {
                format!("%session-changed {}", session_words(f.session)?)
            }
            "client-session-changed" => {
                format!("%client-session-changed {about_name} {}", session_words(f.session)?)
            }
            "window-layout-changed" if mine => {
                let format = "%layout-change #{window_id} #{window_layout} #{window_visible_layout} \
                              #{window_raw_flags}";
                let index = self.sessions.get(&session)?.index_of(f.window)?;
                self.expand(format, About { found: self.found_index(session, index), ..About::default() })
            }
            _ => return None,
        })
    }

    // ---- output ----

    /// Output of a pane for the control clients whose session holds it.
    pub(crate) fn control_output(&mut self, pane: PaneId, bytes: &[u8]) {
        let now = self.now;
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        let mut late: Vec<ClientId> = Vec::new();
        for c in self.clients.values_mut().filter(|c| c.attached) {
            let Some(control) = &mut c.control else { continue };
            let holds =
                c.session.and_then(|s| self.sessions.get(&s)).is_some_and(|s| s.index_of(window).is_some());
            if !holds || control.no_output || control.panes.contains_key(&pane) {
                continue;
            }
            control.push(Item { pane: Some(pane), at: now, bytes: bytes.to_vec() });
            let oldest = control.queue.iter().find(|i| i.pane == Some(pane)).map_or(now, |i| i.at);
            let age = now.saturating_duration_since(oldest);
            match control.pause_after {
                Some(limit) if (!limit.is_zero() && age >= limit) || control.queued > QUEUED_MAX => {
                    control.drop_pane(pane);
                    control.panes.insert(pane, Sending::Paused);
                    let bytes = format!("%pause {pane}").into_bytes();
                    control.push(Item { pane: None, at: now, bytes });
                }
                None if age >= TOO_OLD || control.queued > QUEUED_MAX => late.push(c.id),
                _ => {}
            }
        }
        for client in late {
            if let Some(control) = self.clients.get_mut(&client).and_then(|c| c.control.as_mut()) {
                control.queue.clear();
                control.queued = 0;
                control.ending = Some("too far behind");
            }
            self.detach(client, String::new());
        }
    }

    /// `refresh-client -A %pane:state`.
    pub(crate) fn control_pane(&mut self, client: ClientId, pane: PaneId, state: &str) {
        let now = self.now;
        let Some(control) = self.clients.get_mut(&client).and_then(|c| c.control.as_mut()) else { return };
        let was = control.panes.get(&pane).copied();
        let line = match state {
            "on" if was == Some(Sending::Off) => {
                control.panes.remove(&pane);
                return;
            }
            "off" => {
                control.drop_pane(pane);
                control.panes.insert(pane, Sending::Off);
                return;
            }
            "continue" if was == Some(Sending::Paused) => {
                control.panes.remove(&pane);
                format!("%continue {pane}")
            }
            "pause" if was != Some(Sending::Paused) => {
                control.drop_pane(pane);
                control.panes.insert(pane, Sending::Paused);
                format!("%pause {pane}")
            }
            _ => return,
        };
        control.push(Item { pane: None, at: now, bytes: line.into_bytes() });
    }

    /// The client has written what it was given under this number.
    pub(crate) fn control_written(&mut self, client: ClientId, seq: u64) {
        let Some(c) = self.clients.get_mut(&client) else { return };
        if let Some(control) = &mut c.control {
            control.in_flight.retain(|(n, _)| *n > seq);
        }
        if let Some(listener) = &mut c.listener {
            listener.written(seq);
        }
    }

    /// Hands out what control clients may have now; those that are over leave.
    pub(crate) fn settle_controls(&mut self) {
        self.tell_notes();
        let now = self.now;
        for c in self.clients.values_mut() {
            let Some(control) = &mut c.control else { continue };
            // One that leaves gets all: nothing more will come, and what there is has a limit.
            let all = control.ending.is_some();
            while let Some((seq, bytes)) = control.next(now, all) {
                self.effects.push_back(Effect::Control { client: c.id, seq, bytes });
            }
            if let Some(reason) = control.ending.take() {
                let message = reason.to_owned();
                let wait = if control.wait_exit { "wait " } else { "" };
                c.leaving = true;
                self.effects.push_back(Effect::Detach { client: c.id, message: format!("{wait}{message}") });
            }
        }
    }

    // ---- subscriptions ----

    /// `refresh-client -B name:what:format`; without a format the subscription ends.
    pub(crate) fn subscribe(&mut self, client: ClientId, text: &str) -> Result<(), String> {
        let now = self.now;
        let Some(control) = self.clients.get_mut(&client).and_then(|c| c.control.as_mut()) else {
            return Err("not a control client".into());
        };
        let Some((name, rest)) = text.split_once(':') else {
            control.subscriptions.remove(text);
            return Ok(());
        };
        let Some((what, format)) = rest.split_once(':') else {
            control.subscriptions.remove(name);
            return Ok(());
        };
        let number = |prefix: char| what.strip_prefix(prefix).and_then(|n| n.parse::<u32>().ok());
        let what = match (what, number('%'), number('@')) {
            ("%*", ..) => What::AllPanes,
            ("@*", ..) => What::AllWindows,
            (_, Some(n), _) => What::Pane(PaneId(n)),
            (_, _, Some(n)) => What::Window(WindowId(n)),
            _ => What::Session,
        };
        if control.subscriptions.len() >= SUBSCRIPTIONS_MAX && !control.subscriptions.contains_key(name) {
            return Err("too many subscriptions".into());
        }
        let subscription = Subscription { what, format: format.to_owned(), told: BTreeMap::new() };
        control.subscriptions.insert(name.to_owned(), subscription);
        control.next_check = Some(now + CHECK_EVERY);
        Ok(())
    }

    /// Tells what has changed of what clients have subscribed to, when it is time to look.
    pub(crate) fn check_subscriptions(&mut self) {
        let now = self.now;
        let due: Vec<ClientId> = self
            .clients
            .values()
            .filter(|c| c.control_deadline().is_some_and(|at| at <= now))
            .map(|c| c.id)
            .collect();
        for client in due {
            let lines = self.subscription_lines(client);
            let Some(control) = self.clients.get_mut(&client).and_then(|c| c.control.as_mut()) else {
                continue;
            };
            control.next_check = (!control.subscriptions.is_empty()).then(|| now + CHECK_EVERY);
            let mut changed = Vec::new();
            for (name, place, value) in lines {
                let Some(s) = control.subscriptions.get_mut(&name) else { continue };
                if s.told.get(&place) != Some(&value) {
                    changed.push(format!("%subscription-changed {name} {place} : {value}"));
                    s.told.insert(place, value);
                }
            }
            for line in changed {
                self.control_line(client, &line);
            }
        }
    }

    /// Name, place and value of each thing a client has subscribed to.
    fn subscription_lines(&self, client: ClientId) -> Vec<(String, String, String)> {
        let mut out = Vec::new();
        let Some(c) = self.clients.get(&client) else { return out };
        let (Some(control), Some(session)) = (&c.control, c.session) else { return out };
        let Some(s) = self.sessions.get(&session) else { return out };
        let value = |format: &str, found: Found| {
            self.expand(format, About { client: Some(client), found: Some(found), ..About::default() })
        };
        let windows = || s.links.keys().filter_map(|i| self.found_index(session, *i));
        for (name, sub) in &control.subscriptions {
            let mut tell = |found: Found, pane: bool, window: bool| {
                let mut place = format!("{session}");
                match (window, pane) {
                    (true, true) => {
                        let _ = write!(place, " {} {} {}", found.window, found.index, found.pane);
                    }
                    (true, false) => {
                        let _ = write!(place, " {} {} -", found.window, found.index);
                    }
                    (false, _) => place.push_str(" - - -"),
                }
                out.push((name.clone(), place, value(&sub.format, found)));
            };
            match sub.what {
                What::Session => {
                    if let Some(f) = self.found_session(session) {
                        tell(f, false, false);
                    }
                }
                What::Window(id) => windows().filter(|f| f.window == id).for_each(|f| tell(f, false, true)),
                What::AllWindows => windows().for_each(|f| tell(f, false, true)),
                What::Pane(_) | What::AllPanes => {
                    for f in windows() {
                        let panes = self.windows.get(&f.window).map(|w| w.panes.clone()).unwrap_or_default();
                        for pane in panes {
                            if sub.what == What::AllPanes || sub.what == What::Pane(pane) {
                                tell(Found { pane, ..f }, true, true);
                            }
                        }
                    }
                }
            }
        }
        out
    }
}
