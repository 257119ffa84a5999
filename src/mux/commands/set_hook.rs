//! set-hook, show-hooks; running what hangs on a hook. Hooks are options whose elements are commands.

use super::super::queue::{Call, Origin, Outcome, QueueId, Trouble};
use super::super::settings::Scope;
use super::super::target::Found;
use super::super::{Mux, options};
use super::{DONE, Verb, as_json, expand, set_option, show_options, target, verb};
use crate::command::target::TargetKind;
use crate::command::{Args, print_commands};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const SET: Verb = verb(
    ("set-hook", ""),
    "agpRt:uw",
    (1, Some(2)),
    "[-agpRuw] [-t target-pane] hook [command]",
    "Run commands when something happens",
    set,
);
pub(crate) const SHOW: Verb =
    verb(("show-hooks", ""), "gpt:w", (0, Some(1)), "[-gpw] [-t target-pane] [hook]", "List hooks", show)
        .long(as_json::FLAG);

fn set(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if !args.has('R') {
        return set_option::run(mux, call);
    }
    let found = target(mux, call, 't', TargetKind::Pane).ok();
    let name = expand(mux, call, &args.word(0).unwrap_or_default(), found);
    let named = options::find(&name)?;
    mux.run_hook(&named.name, call.queue, call.client(), found, BTreeMap::new());
    DONE
}

fn show(mux: &mut Mux, call: &Call) -> Outcome {
    show_options::run(mux, call)
}

impl Mux {
    /// Puts what hangs on a hook into a queue, to run before what waits there. Commands of hooks set off none.
    pub(crate) fn run_hook(
        &mut self,
        name: &str,
        queue: QueueId,
        client: Option<crate::ids::ClientId>,
        found: Option<Found>,
        mut words: BTreeMap<String, String>,
    ) {
        if !self.hooked.contains(name) {
            return;
        }
        let scope = found.map_or(Scope::GlobalSession, |f| Scope::Pane(f.pane));
        // A window in several sessions: the hook's session counts, not any of them.
        let value = match found {
            Some(f) if name.starts_with('@') => {
                self.option(scope, name).or_else(|| self.option(Scope::Session(f.session), name))
            }
            Some(f) if matches!(self.scope_for(scope, name), Scope::Session(_)) => {
                self.option(Scope::Session(f.session), name)
            }
            _ => self.option(scope, name),
        };
        let list: Vec<String> = match value {
            Some(options::Value::Array(items)) => items.into_values().collect(),
            Some(options::Value::Text(one)) => vec![one],
            _ => return,
        };
        words.insert("hook".into(), name.to_owned());
        let hook = Arc::new(words);
        let origin = Arc::new(Origin { client, current: found, of_hook: true, hook, ..Origin::default() });
        // Hooks after commands run at once, what merely happened waits its turn.
        let after = name.starts_with("after-") || name == "command-error" || name.starts_with('@');
        let mut list: Vec<&String> = list.iter().collect();
        if after {
            list.reverse();
        }
        for text in list {
            match self.parse_commands(text, None) {
                Ok(commands) if after => self.enqueue_front(queue, &commands, &origin),
                Ok(commands) => self.enqueue(queue, &commands, &origin),
                Err(e) => self.tell_trouble(&origin, 0, &Trouble::new(1, e.text)),
            }
        }
    }

    /// Something happened outside of any queue: hooks run, control clients are told.
    pub(crate) fn happened(
        &mut self,
        name: &str,
        client: Option<crate::ids::ClientId>,
        found: Option<Found>,
    ) {
        self.spread(name, client, found);
        self.note(name, client, found);
        // What a hook's commands do sets off none.
        if !self.hooked.contains(name) || self.in_hook {
            return;
        }
        let words = self.what_happened(name, client, found);
        self.run_hook(name, client.filter(|c| self.clients.contains_key(c)), client, found, words);
    }

    /// What a hook's formats see of the place something happened in: as much of it as the hook is about.
    pub(crate) fn what_happened(
        &self,
        name: &str,
        client: Option<crate::ids::ClientId>,
        found: Option<Found>,
    ) -> BTreeMap<String, String> {
        let mut words = BTreeMap::new();
        let mut say = |name: &str, value: String| words.insert(name.to_owned(), value);
        if let Some(c) = client.and_then(|c| self.clients.get(&c)) {
            say("hook_client", c.name.clone());
        }
        let Some(found) = found else { return words };
        let of = |names: &[&str]| names.iter().any(|n| name.starts_with(n));
        let pane = of(&["pane-"]);
        let both = of(&["alert-", "window-linked", "window-unlinked"]);
        if (both || of(&["session-", "client-"]))
            && let Some(s) = self.sessions.get(&found.session)
        {
            say("hook_session", s.id.to_string());
            say("hook_session_name", s.name.clone());
        }
        if (both || pane || of(&["window-"]))
            && let Some(w) = self.windows.get(&found.window)
        {
            say("hook_window", w.id.to_string());
            say("hook_window_name", w.name.clone());
        }
        if pane {
            say("hook_pane", found.pane.to_string());
        }
        words
    }
}

/// What the hook after a command sees of its flags and words.
pub(crate) fn hook_words(args: &Args) -> BTreeMap<String, String> {
    let mut words = BTreeMap::new();
    let text = args.print("", &print_commands);
    words.insert("hook_arguments".to_owned(), text.trim_start().to_owned());
    for (i, word) in args.texts_from(0).into_iter().enumerate() {
        words.insert(format!("hook_argument_{i}"), word);
    }
    for flag in args.letters() {
        let values: Vec<String> = args.all(flag).collect();
        words.insert(format!("hook_flag_{flag}"), values.first().cloned().unwrap_or_else(|| "1".into()));
        for (i, value) in values.into_iter().enumerate() {
            words.insert(format!("hook_flag_{flag}_{i}"), value);
        }
    }
    words
}
