//! Commands that wait for something to happen (`qmux wait --text …`).
//!
//! Owns who waits for what, and how a wait ends; which flags say so is the verb's affair.

use super::Mux;
use super::listen::{Part, Told};
use super::queue::{Origin, QueueId, Trouble};
use crate::format::glob;
use crate::ids::{ClientId, ExitStatus, PaneId};
use regex_lite::Regex;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most waits at once.
pub(crate) const MAX_WAITS: usize = 1000;

/// Longest line, of wrapped ones the whole, that is looked at for `--text`, in bytes; the rest of it is not.
const LINE_MAX: usize = 64 << 10;

/// Exit code when the time is over, as timeout(1) has it.
const TIMEOUT: u8 = 124;

/// What is waited for; the first that happens ends the wait.
#[derive(Debug)]
pub(crate) struct Wait {
    pub queue: QueueId,
    pub origin: Arc<Origin>,
    pub json: bool,
    pub part: Option<Part>,
    /// A line of the pane.
    pub text: Option<Regex>,
    /// The number of the first line not yet looked at for good.
    pub seen: u64,
    /// The pane's process ends.
    pub exit: bool,
    /// The pane is silent this long.
    pub silence: Option<Duration>,
    pub silent_since: Instant,
    /// Names of events.
    pub events: Vec<String>,
    pub until: Option<Instant>,
}

impl Wait {
    fn pane(&self) -> Option<PaneId> {
        match self.part {
            Some(Part::Pane(pane)) => Some(pane),
            Some(Part::Session(_) | Part::Window(_)) | None => None,
        }
    }

    fn silent_at(&self) -> Option<Instant> {
        self.silence.map(|d| self.silent_since + d)
    }

    /// When something is due without anything happening.
    pub fn deadline(&self) -> Option<Instant> {
        self.until.into_iter().chain(self.silent_at()).min()
    }
}

/// How a wait ended.
#[derive(Debug)]
enum End {
    Text(String),
    Exit(ExitStatus),
    Silence,
    Event(Told),
    Timeout,
    Gone,
}

fn part_words(part: Part) -> String {
    match part {
        Part::Session(id) => format!("session {id}"),
        Part::Window(id) => format!("window {id}"),
        Part::Pane(id) => format!("pane {id}"),
    }
}

impl Mux {
    /// Begins a wait; what is already so ends it at once, and `false` is the answer.
    pub(crate) fn begin_wait(&mut self, mut wait: Wait) -> bool {
        let pane = wait.pane();
        let dead = pane.and_then(|p| self.panes.get(&p)).and_then(|p| p.dead);
        let end = match pane.and_then(|pane| self.look_for_text(pane, &mut wait)) {
            Some(line) => Some(End::Text(line)),
            None => dead.filter(|_| wait.exit).map(End::Exit),
        };
        match end {
            Some(end) => {
                self.end_wait(wait, end);
                false
            }
            None => {
                self.waits.push(wait);
                true
            }
        }
    }

    /// The first line of a pane that fits, of those not yet looked at: those on the screen, and what has left it since.
    fn look_for_text(&self, pane: PaneId, wait: &mut Wait) -> Option<String> {
        let regex = wait.text.as_ref()?;
        let screen = &self.panes.get(&pane)?.screen;
        let (base, top) = (screen.history_base(), screen.history_len());
        let lines = top + usize::from(screen.size().rows);
        let from = usize::try_from(wait.seen.saturating_sub(base)).unwrap_or(usize::MAX).min(top);
        wait.seen = base + top as u64;
        // A line that is wrapped is one line, also where its beginning has left the screen.
        let mut at = from;
        while at > 0 && from - at < 1000 && screen.wrapped(at - 1) {
            at -= 1;
        }
        while at < lines {
            let mut line = screen.line_text(at);
            while screen.wrapped(at) && at + 1 < lines {
                at += 1;
                if line.len() < LINE_MAX {
                    line.push_str(&screen.line_text(at));
                }
            }
            if regex.is_match(&line) {
                return Some(line);
            }
            at += 1;
        }
        None
    }

    /// A pane has printed something.
    pub(crate) fn output_for_waits(&mut self, pane: PaneId) {
        let now = self.now;
        let mut waits = std::mem::take(&mut self.waits);
        let mut ended = Vec::new();
        let mut at = 0;
        while let Some(wait) = waits.get_mut(at) {
            let mine = wait.pane() == Some(pane);
            if mine {
                wait.silent_since = now;
            }
            let line = if mine { self.look_for_text(pane, wait) } else { None };
            match line {
                Some(line) => ended.push((waits.remove(at), End::Text(line))),
                None => at += 1,
            }
        }
        self.waits = waits;
        ended.into_iter().for_each(|(wait, end)| self.end_wait(wait, end));
    }

    /// A pane's first process has ended.
    pub(crate) fn exit_for_waits(&mut self, pane: PaneId, status: ExitStatus) {
        self.end_waits(|w| (w.exit && w.pane() == Some(pane)).then_some(End::Exit(status)));
    }

    pub(crate) fn event_for_waits(&mut self, told: &Told) {
        let name = told.name();
        self.end_waits(|w| {
            let fits = w.events.iter().any(|p| glob::matches(p, &name));
            (fits && w.part.is_none_or(|part| told.is_of(part))).then(|| End::Event(told.clone()))
        });
    }

    /// What is waited for cannot happen any more.
    pub(crate) fn gone_for_waits(&mut self, part: Part) {
        self.end_waits(|w| (w.part == Some(part)).then_some(End::Gone));
    }

    /// Ends what is due.
    pub(crate) fn tick_waits(&mut self) {
        let now = self.now;
        self.end_waits(|w| match (w.silent_at(), w.until) {
            (Some(at), _) if at <= now => Some(End::Silence),
            (_, Some(at)) if at <= now => Some(End::Timeout),
            _ => None,
        });
    }

    /// The server ends.
    pub(crate) fn dismiss_waits(&mut self) {
        for wait in std::mem::take(&mut self.waits) {
            self.give_up(&wait, 1, "the server ends".into());
        }
    }

    pub(crate) fn forget_waits(&mut self, client: ClientId) {
        self.waits.retain(|w| w.queue != Some(client));
    }

    fn end_waits(&mut self, end: impl Fn(&Wait) -> Option<End>) {
        let mut ended = Vec::new();
        let mut at = 0;
        while let Some(wait) = self.waits.get(at) {
            match end(wait) {
                Some(end) => ended.push((self.waits.remove(at), end)),
                None => at += 1,
            }
        }
        ended.into_iter().for_each(|(wait, end)| self.end_wait(wait, end));
    }

    fn end_wait(&mut self, wait: Wait, end: End) {
        let subject = wait.part.map(part_words).unwrap_or_default();
        let mut value = json!({
            "happened": null, "pane_id": wait.pane().map(|p| p.to_string()), "text": null,
            "pane_dead_status": null, "pane_dead_signal": null, "event": null,
        });
        let mut code = 0;
        let words = match &end {
            End::Timeout | End::Gone => {
                let (code, text) = match end {
                    End::Timeout => (TIMEOUT, "the time is over and it has not happened".to_owned()),
                    _ => (1, format!("{subject} is gone")),
                };
                if wait.json {
                    self.print(&wait.origin, &value.to_string());
                }
                return self.give_up(&wait, code, text);
            }
            End::Text(line) => {
                value["happened"] = "text".into();
                value["text"] = line.as_str().into();
                format!("text: {line}")
            }
            End::Exit(status) => {
                value["happened"] = "exit".into();
                let (field, n, as_code) = match status {
                    ExitStatus::Code(n) => ("pane_dead_status", *n, *n),
                    // As a shell tells it.
                    ExitStatus::Signal(n) => ("pane_dead_signal", *n, 128 + *n),
                };
                value[field] = n.into();
                code = u8::try_from(as_code).unwrap_or(u8::MAX);
                format!("exit: {}", if code == 0 { "0".into() } else { as_code.to_string() })
            }
            End::Silence => {
                value["happened"] = "silence".into();
                "silence".to_owned()
            }
            End::Event(told) => {
                value["happened"] = "event".into();
                value["event"] = told.json();
                format!("event: {}", told.words())
            }
        };
        let asker = wait.origin.client.and_then(|c| self.clients.get_mut(&c)).filter(|c| !c.attached);
        if let Some(c) = asker {
            c.exit_code = code;
            let text = if wait.json { value.to_string() } else { words };
            self.print(&wait.origin, &text);
        }
        self.release(wait.queue);
    }

    /// A wait that has failed: what stands behind it in a command client's line is not run.
    fn give_up(&mut self, wait: &Wait, code: u8, why: String) {
        let text = if wait.json { String::new() } else { format!("wait: {why}") };
        self.tell_trouble(&wait.origin, 0, &Trouble::new(code, text));
        let attached = wait.queue.and_then(|c| self.clients.get(&c)).is_none_or(|c| c.attached);
        if let Some(q) = self.queues.get_mut(&wait.queue).filter(|_| !attached) {
            q.steps.clear();
        }
        self.release(wait.queue);
    }
}
