//! set-hook, show-hooks; running what hangs on a hook. Hooks are options whose elements are commands.

use super::super::queue::{Call, Origin, Outcome, QueueId, Trouble};
use super::super::settings::Scope;
use super::super::target::Found;
use super::super::{Mux, options};
use super::{DONE, Verb, as_json, expand, set_option, show_options, target, verb};
use crate::command::target::TargetKind;
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
    mux.run_hook(&named.name, call.queue, call.client(), found);
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
        let origin = Arc::new(Origin { client, current: found, of_hook: true, ..Origin::default() });
        for text in list.iter().rev() {
            match self.parse_commands(text, None) {
                Ok(commands) => self.enqueue_front(queue, &commands, &origin),
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
        self.run_hook(name, client.filter(|c| self.clients.contains_key(c)), client, found);
    }
}
