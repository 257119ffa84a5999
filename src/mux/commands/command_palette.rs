//! command-palette: everything that can be done, found by a few letters

use super::super::context::About;
use super::super::keytable::Trigger;
use super::super::model::Overlay;
use super::super::picker::{Act, Entry, Kind, Picker};
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::super::{Client, Mux};
use super::{DONE, TABLE, Verb, lists, verb};
use crate::command::quote;
use crate::ids::{ClientId, SessionId};

pub(crate) const VERB: Verb = verb(
    ("command-palette", ""),
    "c:",
    (0, Some(0)),
    "[-c target-client]",
    "Search all commands, keys, windows and panes by a few letters",
    run,
);

/// What ends something runs only after a question, as the keys for it ask one.
const ASKED: [&str; 4] = ["kill-pane", "kill-server", "kill-session", "kill-window"];

/// Longest command of a key that is shown as an entry of its own: a menu is not.
const MAX_BOUND: usize = 60;

/// Longest command of a key that is taken to be about the verb in it.
const MAX_AROUND: usize = 100;

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let client = mux.find_client(&call.origin, call.args.get('c').as_deref())?;
    if !may_open(mux, client) {
        return DONE;
    }
    let picker = Picker::new(Kind::Commands, entries(mux, client));
    mux.open_overlay(client, Overlay::Picker(Box::new(picker)));
    DONE
}

/// Whether a picker can come over a client's panes: it needs the keyboard.
pub(super) fn may_open(mux: &Mux, client: ClientId) -> bool {
    let may = |c: &Client| c.is_terminal() && c.prompt.is_none() && !c.read_only;
    mux.clients.get(&client).is_some_and(may)
}

/// A key with what it does: as typed, as printed, its note.
struct Bound {
    key: String,
    command: String,
    note: Option<String>,
}

fn bound(mux: &Mux, session: Option<SessionId>) -> Vec<Bound> {
    let scope = session.map_or(Scope::GlobalSession, Scope::Session);
    let prefix = mux.option_text(scope, "prefix");
    let mut all = Vec::new();
    for (table, keys) in mux.keys.iter().filter(|(table, _)| matches!(*table, "prefix" | "root")) {
        for (trigger, binding) in keys {
            if !matches!(trigger, Trigger::Key(_)) {
                continue;
            }
            let key = if table == "prefix" { format!("{prefix} {trigger}") } else { trigger.to_string() };
            all.push(Bound { key, command: binding.print(), note: binding.note.clone() });
        }
    }
    all
}

/// The key to show beside a verb: one that runs it as it stands, else one that runs it with something.
fn key_of(name: &str, bound: &[Bound]) -> String {
    let has = |b: &&Bound| b.command.split([' ', ';', '{', '}']).any(|word| word == name);
    let rank = |b: &&Bound| match b.command.strip_prefix(name) {
        Some("") => 0,
        Some(rest) if rest.starts_with(' ') => 1,
        _ => 2,
    };
    // A menu that has it among others is not its key.
    let meant = |b: &&Bound| rank(b) < 2 || b.command.len() <= MAX_AROUND;
    let best = bound.iter().filter(has).filter(meant).min_by_key(|b| (rank(b), b.command.len(), b.key.len()));
    best.map(|b| b.key.clone()).unwrap_or_default()
}

fn verb_entry(verb: &Verb, bound: &[Bound]) -> Entry {
    let spec = &verb.spec;
    let act = if spec.least > 0 {
        Act::Ask(format!("{} ", spec.name))
    } else if ASKED.contains(&spec.name) {
        Act::Run(format!("confirm-before {}", spec.name))
    } else {
        Act::Run(spec.name.to_owned())
    };
    let mut entry = Entry::new(spec.name.into(), spec.help.into(), key_of(spec.name, bound), act);
    entry.others = [spec.alias].into_iter().filter(|a| !a.is_empty()).collect();
    entry
}

/// The verbs; what keys do that is more than a verb's name; sessions, windows and panes to go to.
fn entries(mux: &Mux, client: ClientId) -> Vec<Entry> {
    let bound = bound(mux, mux.clients.get(&client).and_then(|c| c.session));
    let mut entries: Vec<Entry> = TABLE.iter().map(|v| verb_entry(v, &bound)).collect();
    for b in &bound {
        let Some(note) = &b.note else { continue };
        let is_verb = entries.iter().any(|e| e.name == b.command);
        // Ten keys for ten windows tell nobody anything.
        let digit = b.key.ends_with(|c: char| c.is_ascii_digit());
        if !is_verb && !digit && b.command.len() <= MAX_BOUND {
            let act = Act::Run(b.command.clone());
            entries.push(Entry::new(b.command.clone(), note.clone(), b.key.clone(), act));
        }
    }
    entries.extend(places(mux, client));
    entries
}

fn places(mux: &Mux, client: ClientId) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |name: &str, about: &str, kind: &str, target: &str, found| {
        let about_it = About { client: Some(client), found: Some(found), ..About::default() };
        let text = |format: &str| mux.expand(format, about_it.clone());
        let act = Act::Run(format!("switch-client -t {}", quote(&text(target))));
        entries.push(Entry::new(text(name), text(about), kind.into(), act));
    };
    for session in lists::by_name(mux) {
        let Some(found) = mux.found_session(session) else { continue };
        add(
            "go to #{session_name}",
            "#{session_windows} window#{?#{==:#{session_windows},1},,s}",
            "session",
            "#{session_id}:",
            found,
        );
        for found in lists::places_of(mux, session) {
            let name = "go to #{session_name}:#{window_index} #{window_name}";
            let target = "#{session_id}:#{window_index}";
            add(name, "#{pane_title}", "window", target, found);
            let panes = mux.windows.get(&found.window).map(|w| w.panes.clone()).unwrap_or_default();
            for pane in panes.iter().filter(|_| panes.len() > 1) {
                add(
                    "go to #{session_name}:#{window_index}.#{pane_index} #{pane_current_command}",
                    "#{pane_title}#{?pane_remote, on #{pane_host},}",
                    "pane",
                    "#{session_id}:#{window_index}.#{pane_id}",
                    super::Found { pane: *pane, ..found },
                );
            }
        }
    }
    entries
}
