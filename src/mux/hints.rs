//! The hint line: which keys lead on from where a client is, for somebody who does not know them yet.
//!
//! Shown over the status line, and only when the user hesitates: some time after the prefix, and for a while
//! in the modes that take the keyboard away. So it takes no line of the window, flashes at nobody who knows
//! the keys, and follows what is bound: a key that was bound elsewhere is shown where it is now.

use super::keytable::Trigger;
use super::settings::Scope;
use super::{Client, Mode, Mux};
use crate::format::style::Range;
use crate::ids::ClientId;
use crate::vt::keys::{self, Key};
use std::time::{Duration, Instant};

/// How long a user hesitates before the line comes.
const DELAY: Duration = Duration::from_millis(600);

/// How long it stays in a mode; after the prefix it stays until the next key.
const STAYS: Duration = Duration::from_secs(10);

/// Short words and the command they stand for as `list-keys` prints it (with `*` in front: some part of it), the
/// most useful ones first: a narrow terminal shows no more than fit.
type Hints = &'static [(&'static str, &'static str)];

const PREFIX: Hints = &[
    ("all keys", "list-keys -N"),
    ("new window", "new-window"),
    ("split right", "split-window -h"),
    ("split below", "split-window"),
    ("next pane", "select-pane -t :.+"),
    ("zoom", "resize-pane -Z"),
    ("scroll", "copy-mode"),
    ("sessions", "choose-tree -Zs"),
    ("detach", "detach-client"),
    ("all commands", "command-palette"),
    ("windows", "choose-tree -Zw"),
    ("rename", "*rename-window"),
    ("close pane", "*kill-pane"),
    ("command", "command-prompt"),
];

const COPY: Hints = &[
    ("leave", "send-keys -X cancel"),
    ("page up", "send-keys -X page-up"),
    ("page down", "send-keys -X page-down"),
    ("search up", "*search-backward"),
    ("select", "send-keys -X begin-selection"),
    ("copy", "send-keys -X copy-pipe-and-cancel"),
    ("copy", "send-keys -X copy-selection-and-cancel"),
    ("rectangle", "send-keys -X rectangle-toggle"),
    ("top", "send-keys -X history-top"),
    ("bottom", "send-keys -X history-bottom"),
];

const LIST: &[(&str, &str)] = &[("Up Down", "move"), ("Enter", "take"), ("0-9", "take"), ("q", "leave")];

const CLOCK: &[(&str, &str)] = &[("any key", "leave")];

/// What takes a client's keys, when it is not the program in the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A key table of this name.
    Table(String),
    /// Copy mode; its table depends on an option.
    Copy,
    /// A list to choose from.
    List,
    /// The clock.
    Clock,
}

/// Where a client's keyboard is, and since when.
#[derive(Debug, Clone)]
pub(crate) struct Since {
    place: Place,
    at: Instant,
}

impl Since {
    fn shown_from(&self) -> Instant {
        self.at + DELAY
    }

    /// When the line goes by itself.
    fn until(&self) -> Option<Instant> {
        (!matches!(self.place, Place::Table(_))).then(|| self.shown_from() + STAYS)
    }

    /// The next moment at which the line comes or goes.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        [Some(self.shown_from()), self.until()].into_iter().flatten().find(|at| *at > now)
    }

    fn shown(&self, now: Instant) -> bool {
        now >= self.shown_from() && self.until().is_none_or(|until| now < until)
    }
}

impl Mux {
    /// Looks where each client's keyboard is; the moment it got there is when the user began to hesitate.
    pub(crate) fn follow_hints(&mut self) {
        let ids: Vec<ClientId> = self.clients.values().filter(|c| c.is_terminal()).map(|c| c.id).collect();
        for id in ids {
            let Some(c) = self.clients.get(&id) else { continue };
            let mode = self.pane_of(id).and_then(|p| self.panes.get(&p)).and_then(|p| p.mode.as_ref());
            if same(c, mode) {
                continue;
            }
            let place = match (&c.key_table, mode) {
                (Some(table), _) => Some(Place::Table(table.clone())),
                (None, Some(Mode::Copy(_))) => Some(Place::Copy),
                (None, Some(Mode::List(_))) => Some(Place::List),
                (None, Some(Mode::Clock)) => Some(Place::Clock),
                (None, None) => None,
            };
            let at = self.now;
            if let Some(c) = self.clients.get_mut(&id) {
                c.keyboard = place.map(|place| Since { place, at });
                self.redraw.insert(id);
            }
        }
    }

    /// A deadline may have passed: lines that come or go are drawn.
    pub(crate) fn tick_hints(&mut self) {
        let now = self.now;
        for c in self.clients.values().filter(|c| c.is_terminal()) {
            if c.keyboard.as_ref().is_some_and(|k| k.shown(now) || k.until().is_some_and(|u| now >= u)) {
                self.redraw.insert(c.id);
            }
        }
    }

    /// The hint line of a client, when it is to be seen now: a text with `#[style]`, each hint a range
    /// `user|N` for the mouse.
    pub fn hint_line(&self, id: ClientId) -> Option<String> {
        let columns = usize::from(self.clients.get(&id)?.size.cols);
        self.hints(id).map(|(title, hints)| line(&title, &hints, columns))
    }

    /// The key of the hint that a client's mouse is over, when the line is shown.
    pub(crate) fn hint_under(&self, id: ClientId, x: u16) -> Option<Key> {
        let (_, hints) = self.hints(id)?;
        let columns = self.clients.get(&id)?.size.cols;
        let text = self.hint_line(id)?;
        let range = super::mouse::lay_out(&text, columns).into_iter().find(|(a, b, _)| x >= *a && x <= *b)?.2;
        let Range::User(number) = range else { return None };
        keys::parse_name(&hints.get(number.parse::<usize>().ok()?)?.0)
    }

    /// What the line is about, and its hints: keys and words.
    fn hints(&self, id: ClientId) -> Option<(String, Vec<(String, String)>)> {
        let c = self.clients.get(&id)?;
        let since = c.keyboard.as_ref().filter(|k| k.shown(self.now))?;
        let scope = c.session.map_or(Scope::GlobalSession, Scope::Session);
        if !self.option_on(scope, "hint-line") {
            return None;
        }
        let (title, items) = match &since.place {
            Place::Table(table) if table == "prefix" => ("prefix", self.bound_hints(table, PREFIX)),
            Place::Table(table) => (table.as_str(), self.table_hints(table)),
            Place::Copy => ("copy mode", self.bound_hints(&self.mode_table(self.pane_of(id)?), COPY)),
            Place::List => ("list", fixed(LIST)),
            Place::Clock => ("clock", fixed(CLOCK)),
        };
        Some((title.to_owned(), items))
    }

    /// The keys that are bound to the wanted commands in a table.
    fn bound_hints(&self, table: &str, wanted: Hints) -> Vec<(String, String)> {
        let Some((_, bound)) = self.keys.iter().find(|(name, _)| *name == table) else { return Vec::new() };
        let printed: Vec<(String, String)> = bound
            .iter()
            .filter(|(trigger, _)| matches!(trigger, Trigger::Key(_)))
            .map(|(trigger, binding)| (trigger.to_string(), binding.print()))
            .collect();
        let mut hints: Vec<(String, String)> = Vec::new();
        for (words, command) in wanted {
            let fits = |text: &str| match command.strip_prefix('*') {
                Some(part) => text.contains(part),
                None => text == *command,
            };
            // Of several keys the one that is told in the fewest words: `q` before `Escape`.
            let found = printed.iter().filter(|(_, text)| fits(text)).min_by_key(|(key, _)| key.len());
            if let Some((key, _)) = found
                && !hints.iter().any(|(k, w)| k == key || w == words)
            {
                hints.push((key.clone(), (*words).to_owned()));
            }
        }
        hints
    }

    /// A table of the user's: its keys with their notes, else with their commands.
    fn table_hints(&self, table: &str) -> Vec<(String, String)> {
        let Some((_, bound)) = self.keys.iter().find(|(name, _)| *name == table) else { return Vec::new() };
        let keys = bound.iter().filter(|(trigger, _)| matches!(trigger, Trigger::Key(_)));
        keys.map(|(key, binding)| {
            (key.to_string(), binding.note.clone().unwrap_or_else(|| binding.print()).to_lowercase())
        })
        .collect()
    }
}

/// Whether a client's keyboard is still where it was, found out without an allocation: asked after every event.
fn same(c: &Client, mode: Option<&Mode>) -> bool {
    match (c.keyboard.as_ref().map(|k| &k.place), &c.key_table, mode) {
        (Some(Place::Table(was)), Some(is), _) => was == is,
        (Some(Place::Copy), None, Some(Mode::Copy(_)))
        | (Some(Place::List), None, Some(Mode::List(_)))
        | (Some(Place::Clock), None, Some(Mode::Clock))
        | (None, None, None) => true,
        (None | Some(_), _, _) => false,
    }
}

fn fixed(hints: &[(&str, &str)]) -> Vec<(String, String)> {
    hints.iter().map(|(key, words)| ((*key).to_owned(), (*words).to_owned())).collect()
}

/// As many hints as fit, each with the key first.
fn line(title: &str, hints: &[(String, String)], columns: usize) -> String {
    let plain = |text: &str| text.replace('#', "##");
    let mut out = format!("#[reverse,bold] {} #[default]", plain(title));
    let mut used = title.chars().count() + 2;
    for (number, (key, words)) in hints.iter().enumerate() {
        let width = key.chars().count() + words.chars().count() + 3;
        if used + width > columns {
            break;
        }
        used += width;
        out.push_str(&format!(
            "#[range=user|{number}] #[bold]{}#[default] {} #[norange]",
            plain(key),
            plain(words)
        ));
    }
    out
}
