//! Events as programs read them (`qmux events`), and what each says.
//!
//! Owns the table of events with their fields, and the flow to each client that listens. A reader that stops
//! reading holds up nobody and costs a bounded amount of memory: what does not fit is counted, and the count told.

use super::Mux;
use super::context::About;
use super::event::{Effect, Place};
use super::target::Found;
use crate::format::glob;
use crate::format::time::Civil;
use crate::ids::{ClientId, HostName, PaneId, SessionId, WindowId};
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Most bytes handed to the server and not yet written by the client.
const IN_FLIGHT_MAX: usize = 64 << 10;

/// Most bytes that wait for a client beyond that; later events are dropped and counted.
const QUEUED_MAX: usize = 1 << 20;

/// What an event is about: the fields of the subject and of what holds it are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Stream,
    Host,
    Session,
    Client,
    Window,
    Pane,
}

use Subject::{Client, Host, Pane, Session, Stream, Window};

/// The events: name, subject, what has happened. The names of tmux are those of its hooks.
pub(crate) const EVENTS: &[(&str, Subject, &str)] = &[
    ("alert-activity", Window, "there was output in a window (monitor-activity)"),
    ("alert-bell", Window, "a bell rang in a window (monitor-bell)"),
    ("alert-silence", Window, "a window was silent (monitor-silence)"),
    ("client-active", Client, "a client became the last used one of its session"),
    ("client-attached", Client, "a client was attached"),
    ("client-detached", Client, "a client was detached or its terminal is gone"),
    ("client-focus-in", Client, "a client's terminal got the focus"),
    ("client-focus-out", Client, "a client's terminal lost the focus"),
    ("client-resized", Client, "a client's terminal has another size"),
    ("client-session-changed", Client, "a client shows another session"),
    ("events-dropped", Stream, "the reader was too slow: this many events were left out here"),
    ("host-lost", Host, "the link to a host broke; qmux tries again"),
    ("host-reached", Host, "every pane on a host that was lost is reached again"),
    ("pane-closed", Pane, "a pane is taken away, its process ended or not"),
    ("pane-died", Pane, "a pane's process ended and the pane remains (remain-on-exit)"),
    ("pane-exited", Pane, "a pane's process ended and the pane goes"),
    ("pane-focus-in", Pane, "a pane got the focus (focus-events)"),
    ("pane-focus-out", Pane, "a pane lost the focus (focus-events)"),
    ("pane-mode-changed", Pane, "a pane entered or left a mode"),
    ("pane-move-failed", Pane, "a move ended and the pane is where it was"),
    ("pane-moved", Pane, "a pane runs on another host now"),
    ("pane-moving", Pane, "a pane is stopped to be moved; pane_host is where to"),
    ("pane-set-clipboard", Pane, "a program in a pane set the clipboard"),
    ("pane-started", Pane, "a pane's process runs"),
    ("pane-title-changed", Pane, "a pane has another title"),
    ("pane-undecided", Pane, "a move broke where only its hosts know how it ended"),
    ("server-exit", Stream, "the server ends, and the stream with it"),
    ("session-closed", Session, "a session is gone"),
    ("session-created", Session, "a session was made"),
    ("session-renamed", Session, "a session has another name"),
    ("session-window-changed", Window, "another window is the current one of a session"),
    ("window-layout-changed", Window, "a window's panes have other places or sizes"),
    ("window-linked", Window, "a window was put into a session"),
    ("window-pane-changed", Pane, "another pane has the keyboard of its window"),
    ("window-renamed", Window, "a window has another name"),
    ("window-resized", Window, "a window has another size"),
    ("window-unlinked", Window, "a window was taken out of a session"),
];

/// The fields of every event, and their types; those that are not of the subject are `null`.
pub(crate) const FIELDS: &[(&str, &str)] = &[
    ("event", "text"),
    ("time_ms", "number"),
    ("session_id", "text"),
    ("session_name", "text"),
    ("client_name", "text"),
    ("window_id", "text"),
    ("window_index", "number"),
    ("window_name", "text"),
    ("pane_id", "text"),
    ("pane_index", "number"),
    ("pane_title", "text"),
    ("pane_mode", "text"),
    ("pane_current_command", "text"),
    ("pane_host", "text"),
    ("pane_dead_status", "number"),
    ("pane_dead_signal", "number"),
    ("from_host", "text"),
    ("host", "text"),
    ("dropped", "number"),
];

/// Events that are told where they happen, with what is known only there, and not by `Mux::happened`.
const TOLD_APART: [&str; 4] = ["client-detached", "pane-exited", "session-closed", "window-unlinked"];

/// What happened to whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct News<'a> {
    pub name: &'a str,
    pub client: Option<ClientId>,
    pub found: Option<Found>,
    /// When there is no place any more.
    pub session: Option<SessionId>,
    pub host: Option<HostName>,
    pub from_host: Option<String>,
    pub dropped: Option<u64>,
}

/// Part of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Session(SessionId),
    Window(WindowId),
    Pane(PaneId),
}

/// An event with its fields.
#[derive(Debug, Clone)]
pub(crate) struct Told(Map<String, Value>);

impl Told {
    pub fn json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    fn text(&self, field: &str) -> String {
        match self.0.get(field) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(n)) => n.to_string(),
            _ => String::new(),
        }
    }

    pub fn name(&self) -> String {
        self.text("event")
    }

    /// Whether it is about `part` or something in it.
    pub fn is_of(&self, part: Part) -> bool {
        match part {
            Part::Session(id) => self.text("session_id") == id.to_string(),
            Part::Window(id) => self.text("window_id") == id.to_string(),
            Part::Pane(id) => self.text("pane_id") == id.to_string(),
        }
    }

    /// For people: the name and what matters of the fields.
    pub fn words(&self) -> String {
        let mut out = self.name();
        let subject = subject(&out).unwrap_or(Stream);
        let mut add = |text: String| {
            let shown: String = text.chars().filter(|c| !c.is_control()).collect();
            if !shown.is_empty() {
                out.push(' ');
                out.push_str(&shown);
            }
        };
        match subject {
            Client => add(self.text("client_name")),
            Host => add(self.text("host")),
            Stream => add(self.text("dropped")),
            Session | Window | Pane => {}
        }
        match subject {
            Session | Client => add(self.text("session_name")),
            Window => add(format!(
                "{}:{} ({})",
                self.text("session_name"),
                self.text("window_index"),
                self.text("window_name")
            )),
            Pane => {
                let place = ["session_name", "window_index", "pane_index"].map(|f| self.text(f));
                add(format!("{} {}:{}.{}", self.text("pane_id"), place[0], place[1], place[2]));
            }
            Host | Stream => {}
        }
        match self.name().as_str() {
            "pane-exited" | "pane-died" => {
                let signal = self.text("pane_dead_signal");
                add(if signal.is_empty() {
                    format!("status {}", self.text("pane_dead_status"))
                } else {
                    format!("signal {signal}")
                });
            }
            "pane-moving" | "pane-moved" => {
                add(format!("{} to {}", self.text("from_host"), self.text("pane_host")));
            }
            "pane-title-changed" => add(self.text("pane_title")),
            "pane-mode-changed" => add(self.text("pane_mode")),
            _ => {}
        }
        out
    }
}

fn subject(name: &str) -> Option<Subject> {
    EVENTS.iter().find(|(n, ..)| *n == name).map(|(_, subject, _)| *subject)
}

/// Whether a name or pattern fits any event at all.
pub(crate) fn is_known(pattern: &str) -> bool {
    EVENTS.iter().any(|(name, ..)| glob::matches(pattern, name))
}

/// A client that listens.
#[derive(Debug)]
pub(crate) struct Listener {
    json: bool,
    /// Names and patterns; none are all.
    names: Vec<String>,
    part: Option<Part>,
    queue: VecDeque<Vec<u8>>,
    queued: usize,
    in_flight: VecDeque<(u64, usize)>,
    next_seq: u64,
    dropped: u64,
    over: bool,
}

impl Listener {
    pub fn new(json: bool, names: Vec<String>, part: Option<Part>) -> Listener {
        Listener {
            json,
            names,
            part,
            queue: VecDeque::new(),
            queued: 0,
            in_flight: VecDeque::new(),
            next_seq: 0,
            dropped: 0,
            over: false,
        }
    }

    fn wants(&self, told: &Told) -> bool {
        let name = told.name();
        (self.names.is_empty() || self.names.iter().any(|p| glob::matches(p, &name)))
            && self.part.is_none_or(|part| told.is_of(part))
    }

    fn line(&self, told: &Told, time: &str) -> Vec<u8> {
        let text = match self.json {
            true => told.json().to_string(),
            false => format!("{time} {}", told.words()),
        };
        (text + "\n").into_bytes()
    }

    fn push(&mut self, line: Vec<u8>) {
        self.queued += line.len();
        self.queue.push_back(line);
    }

    /// The next bytes for the client, when it may have some.
    fn next(&mut self) -> Option<(u64, Vec<u8>)> {
        let busy: usize = self.in_flight.iter().map(|(_, n)| n).sum();
        let mut bytes = Vec::new();
        while bytes.len() + busy < IN_FLIGHT_MAX || self.over {
            let Some(line) = self.queue.pop_front() else { break };
            self.queued -= line.len();
            bytes.extend(line);
        }
        if bytes.is_empty() {
            return None;
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        self.in_flight.push_back((seq, bytes.len()));
        Some((seq, bytes))
    }

    /// The client has written what it was given under this number.
    pub fn written(&mut self, seq: u64) {
        self.in_flight.retain(|(n, _)| *n > seq);
    }
}

impl Mux {
    /// Something happened that `happened` tells of: programs that listen or wait hear of it.
    pub(crate) fn spread(&mut self, name: &str, client: Option<ClientId>, found: Option<Found>) {
        if !TOLD_APART.contains(&name) {
            self.tell(News { name, client, found, ..News::default() });
        }
    }

    /// Tells programs that listen or wait.
    pub(crate) fn tell(&mut self, news: News<'_>) {
        if self.waits.is_empty() && !self.clients.values().any(|c| c.listener.is_some()) {
            return;
        }
        // A pane in a popup is in no window.
        if subject(news.name) == Some(Pane) && news.found.is_none() {
            return;
        }
        let told = self.told(&news);
        let time = self.time_of_day();
        for c in self.clients.values_mut() {
            let Some(listener) = c.listener.as_mut().filter(|l| !l.over && l.wants(&told)) else { continue };
            let line = listener.line(&told, &time);
            if listener.dropped > 0 || listener.queued + line.len() > QUEUED_MAX {
                listener.dropped += 1;
            } else {
                listener.push(line);
            }
        }
        self.event_for_waits(&told);
        let gone = match (news.name, news.found) {
            ("pane-closed", Some(f)) => Some(Part::Pane(f.pane)),
            ("session-closed", _) => news.session.map(Part::Session),
            ("window-unlinked", Some(f)) if self.found_window(f.window, None).is_none() => {
                Some(Part::Window(f.window))
            }
            _ => None,
        };
        if let Some(gone) = gone {
            // There will be no more of what they listen to.
            let all = self.clients.values_mut().filter_map(|c| c.listener.as_mut());
            all.filter(|l| l.part == Some(gone)).for_each(|l| l.over = true);
            self.gone_for_waits(gone);
        }
    }

    /// Tells what another place of a pane means.
    pub(crate) fn tell_place(&mut self, id: PaneId, was: &Place) {
        let Some(p) = self.panes.get_mut(&id) else { return };
        let (place, before) = (p.place.clone(), p.ran_on.clone());
        if matches!(place, Place::Here | Place::There(_)) {
            p.ran_on = Some(place.host().cloned());
        }
        let found = self.found_pane(id, None);
        let from = before.as_ref().map(|h| h.as_ref().map_or(self.config.host.clone(), |h| h.0.clone()));
        let lost = |host: &HostName| {
            self.panes.values().any(|p| p.id != id && p.place == Place::Reconnecting(host.clone()))
        };
        let pane = |name| Some(News { name, found, ..News::default() });
        let news = match (&place, was) {
            // Held for a file: it goes nowhere.
            (Place::Leaving(_, None), _) => None,
            (Place::Leaving(..), _) => {
                Some(News { name: "pane-moving", found, from_host: from, ..News::default() })
            }
            (Place::Undecided(_), _) => pane("pane-undecided"),
            (Place::Reconnecting(host), was) if *was != place && !lost(host) => {
                Some(News { name: "host-lost", host: Some(host.clone()), ..News::default() })
            }
            (Place::Here | Place::There(_), was) => match (before, was) {
                (None, _) => pane("pane-started"),
                (Some(before), Place::Leaving(..) | Place::Undecided(_) | Place::Reconnecting(_))
                    if before.as_ref() != place.host() =>
                {
                    Some(News { name: "pane-moved", found, from_host: from, ..News::default() })
                }
                (_, Place::Leaving(_, None)) => None,
                (_, Place::Leaving(..) | Place::Undecided(_)) => pane("pane-move-failed"),
                (_, Place::Reconnecting(host)) if !lost(host) => {
                    Some(News { name: "host-reached", host: Some(host.clone()), ..News::default() })
                }
                _ => None,
            },
            (Place::Starting | Place::Reconnecting(_) | Place::Gone(_), _) => None,
        };
        if let Some(news) = news {
            self.tell(news);
        }
    }

    fn time_of_day(&self) -> String {
        let at = self.wall_ms();
        let time = Civil::new(at.div_euclid(1000), self.utc_offset_s).strftime("%H:%M:%S");
        format!("{time}.{:03}", at.rem_euclid(1000))
    }

    fn told(&self, news: &News<'_>) -> Told {
        let subject = subject(news.name).unwrap_or(Stream);
        let found = news.found;
        let session = news.session.or(found.map(|f| f.session));
        let s = session.filter(|_| subject >= Session);
        let f = found.filter(|_| subject >= Window);
        let w = f.and_then(|f| self.windows.get(&f.window));
        let variable = |name: &str| {
            let about = About { found: found.filter(|_| subject == Pane), ..About::default() };
            self.variable(name, about).filter(|_| subject == Pane && found.is_some())
        };
        let number = |name: &str| variable(name).and_then(|text| text.parse::<i64>().ok());
        let value = |field: &str| -> Value {
            match field {
                "event" => news.name.into(),
                "time_ms" => self.wall_ms().into(),
                "session_id" => s.map(|s| s.to_string()).into(),
                "session_name" => s.and_then(|s| self.sessions.get(&s)).map(|s| s.name.clone()).into(),
                "client_name" => {
                    news.client.and_then(|c| self.clients.get(&c)).map(|c| c.name.clone()).into()
                }
                "window_id" => f.map(|f| f.window.to_string()).into(),
                "window_index" => f.map(|f| f.index).into(),
                "window_name" => w.map(|w| w.name.clone()).into(),
                "from_host" => news.from_host.clone().into(),
                "host" => news.host.as_ref().map(|h| h.0.clone()).into(),
                "dropped" => news.dropped.into(),
                "pane_index" | "pane_dead_status" | "pane_dead_signal" => number(field).into(),
                _ => variable(field).into(),
            }
        };
        Told(FIELDS.iter().map(|(field, _)| ((*field).to_owned(), value(field))).collect())
    }

    /// The server ends: so does every stream.
    pub(crate) fn end_listeners(&mut self) {
        self.tell(News { name: "server-exit", ..News::default() });
        for listener in self.clients.values_mut().filter_map(|c| c.listener.as_mut()) {
            listener.over = true;
        }
    }

    /// Hands out what listeners may have now; those whose stream is over leave.
    pub(crate) fn settle_listeners(&mut self) {
        let all: Vec<ClientId> =
            self.clients.values().filter(|c| c.listener.is_some() && !c.leaving).map(|c| c.id).collect();
        for id in all {
            let missed = self.clients.get(&id).and_then(|c| c.listener.as_ref());
            let missed = missed.filter(|l| l.dropped > 0 && l.queue.is_empty()).map(|l| l.dropped);
            if let Some(n) = missed {
                let told = self.told(&News { name: "events-dropped", dropped: Some(n), ..News::default() });
                let time = self.time_of_day();
                if let Some(l) = self.clients.get_mut(&id).and_then(|c| c.listener.as_mut()) {
                    l.dropped = 0;
                    let line = l.line(&told, &time);
                    l.push(line);
                }
            }
            let Some(c) = self.clients.get_mut(&id) else { continue };
            let Some(listener) = c.listener.as_mut() else { continue };
            while let Some((seq, bytes)) = listener.next() {
                self.effects.push_back(Effect::Control { client: id, seq, bytes });
            }
            if listener.over {
                c.leaving = true;
                self.queues.remove(&Some(id));
                self.effects.push_back(Effect::Exit { client: id, code: 0 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// docs/events.md has the events and fields that there are.
    #[test]
    fn the_documented_events_and_fields_are_these() {
        let document = include_str!("../../docs/events.md");
        let told: Vec<&str> = document.lines().filter(|line| line.starts_with("| ")).collect();
        let of = |subject: &Subject| format!("{subject:?}").to_lowercase();
        let mut rows = vec!["| event | about | what has happened |".to_owned()];
        rows.extend(
            EVENTS.iter().map(|(name, subject, help)| format!("| {name} | {} | {help} |", of(subject))),
        );
        rows.push("| field | type |".to_owned());
        rows.extend(FIELDS.iter().map(|(name, of)| format!("| {name} | {of} |")));
        assert_eq!(told, rows);
    }

    /// No event is only promised, and none is told that has no place in the table.
    #[test]
    fn the_events_are_those_that_the_code_tells() {
        let mut spoken = BTreeSet::new();
        let hooks = super::super::options::OPTIONS
            .iter()
            .filter(|def| def.kind == super::super::options::Kind::Hook)
            .map(|def| def.name)
            .filter(|name| !name.starts_with("after-"));
        let names: BTreeSet<&str> = hooks.chain(EVENTS.iter().map(|(name, ..)| *name)).collect();
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mux");
        for folder in [dir.clone(), dir.join("commands")] {
            for entry in std::fs::read_dir(folder).expect("sources") {
                let path = entry.expect("an entry").path();
                let table = path.ends_with("control.rs");
                if table || path.extension().is_none_or(|e| e != "rs") {
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("text");
                let text = text.split("const EVENTS").next().unwrap_or("").to_owned()
                    + text.split("impl Mux").skip(1).collect::<String>().as_str();
                spoken.extend(names.iter().filter(|name| text.contains(&format!("\"{name}\""))).copied());
            }
        }
        // A hook that fails is the command's own word: whoever sent it reads it.
        spoken.remove("command-error");
        let told: BTreeSet<&str> = EVENTS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(spoken, told);
        assert!(EVENTS.is_sorted_by_key(|(name, ..)| *name));
    }
}
