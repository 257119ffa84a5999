//! set-hook, show-hooks; running what hangs on a hook

use super::super::Mux;
use super::super::queue::{Call, Origin, Outcome, QueueId, Trouble};
use super::super::target::Found;
use super::{DONE, TABLE, Verb, expand, target, verb};
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
    verb(("show-hooks", ""), "gpt:w", (0, Some(1)), "[-gpw] [-t target-pane] [hook]", "List hooks", show);

/// Hooks that are not `after-VERB`.
const EVENTS: &[&str] = &[
    "alert-activity",
    "alert-bell",
    "alert-silence",
    "client-active",
    "client-attached",
    "client-detached",
    "client-focus-in",
    "client-focus-out",
    "client-resized",
    "client-session-changed",
    "command-error",
    "pane-died",
    "pane-exited",
    "pane-focus-in",
    "pane-focus-out",
    "pane-mode-changed",
    "pane-set-clipboard",
    "pane-title-changed",
    "session-closed",
    "session-created",
    "session-renamed",
    "session-window-changed",
    "window-layout-changed",
    "window-linked",
    "window-pane-changed",
    "window-renamed",
    "window-resized",
    "window-unlinked",
];

/// Most commands on one hook.
const MAX_COMMANDS: usize = 1000;

fn known(name: &str) -> bool {
    let after = |name: &str| TABLE.iter().any(|v| v.spec.name == name);
    EVENTS.contains(&name) || name.strip_prefix("after-").is_some_and(after)
}

/// Name and, when one element is meant, its index.
fn named(typed: &str) -> Result<(String, Option<u32>), Trouble> {
    let invalid = || Trouble::new(1, format!("invalid option: {typed}"));
    let (name, index) = match typed.strip_suffix(']').and_then(|t| t.split_once('[')) {
        Some((name, index)) => (name, Some(index.parse().map_err(|_| invalid())?)),
        None => (typed, None),
    };
    if known(name) { Ok((name.to_owned(), index)) } else { Err(invalid()) }
}

fn set(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let typed = expand(mux, call, &args.word(0).unwrap_or_default(), None);
    let (name, index) = named(&typed)?;
    if args.has('R') {
        let found = target(mux, call, 't', TargetKind::Pane).ok();
        mux.run_hook(&name, call.queue, call.client(), found);
        return DONE;
    }
    // Hooks of windows and panes are kept with those of all sessions.
    let session = if args.has('g') || args.has('w') || args.has('p') {
        None
    } else {
        Some(target(mux, call, 't', TargetKind::Pane)?.session)
    };
    let key = (session, name);
    let Some(command) = args.word(1).filter(|_| !args.has('u')) else {
        match (index, mux.hooks.get_mut(&key)) {
            (Some(i), Some(list)) => drop(list.remove(&i)),
            _ => drop(mux.hooks.remove(&key)),
        }
        return DONE;
    };
    mux.parse_commands(&command, None).map_err(|e| e.text)?;
    let list = mux.hooks.entry(key).or_default();
    let at = match index {
        Some(i) => i,
        None if args.has('a') => list.keys().next_back().map_or(0, |i| i.saturating_add(1)),
        None => {
            list.clear();
            0
        }
    };
    if list.len() < MAX_COMMANDS {
        list.insert(at, command);
    }
    DONE
}

fn show(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let session = if args.has('g') { None } else { Some(target(mux, call, 't', TargetKind::Pane)?.session) };
    let only = args.word(0).map(|typed| named(&typed)).transpose()?;
    let mut out = String::new();
    for ((_, name), list) in mux.hooks.iter().filter(|((s, _), _)| *s == session) {
        for (i, command) in list {
            if only.as_ref().is_none_or(|(n, at)| n == name && at.is_none_or(|at| at == *i)) {
                out.push_str(&format!("{name}[{i}] {command}\n"));
            }
        }
    }
    mux.print(&call.origin, &out);
    DONE
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
        if self.hooks.is_empty() {
            return;
        }
        let own = found.and_then(|f| self.hooks.get(&(Some(f.session), name.to_owned())));
        let Some(list) = own.or_else(|| self.hooks.get(&(None, name.to_owned()))) else { return };
        let list: Vec<String> = list.values().cloned().collect();
        let origin = Arc::new(Origin { client, current: found, of_hook: true, ..Origin::default() });
        for text in list.iter().rev() {
            match self.parse_commands(text, None) {
                Ok(commands) => self.enqueue_front(queue, &commands, &origin),
                Err(e) => self.tell_trouble(&origin, 0, &Trouble::new(1, e.text)),
            }
        }
    }

    /// Something happened outside of any queue.
    pub(crate) fn happened(
        &mut self,
        name: &str,
        client: Option<crate::ids::ClientId>,
        found: Option<Found>,
    ) {
        self.run_hook(name, client.filter(|c| self.clients.contains_key(c)), client, found);
    }
}
