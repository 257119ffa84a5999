//! show-prompt-history, clear-prompt-history

use super::super::Mux;
use super::super::prompt::PromptKind;
use super::super::queue::{Call, Outcome, Trouble};
use super::{DONE, Verb, verb};

pub(crate) const SHOW: Verb = verb(
    ("show-prompt-history", "showphist"),
    "T:",
    (0, Some(0)),
    "[-T prompt-type]",
    "Show what was answered at prompts",
    show,
);
pub(crate) const CLEAR: Verb = verb(
    ("clear-prompt-history", "clearphist"),
    "T:",
    (0, Some(0)),
    "[-T prompt-type]",
    "Forget what was answered at prompts",
    clear,
);

const KINDS: [(&str, PromptKind); 4] = [
    ("command", PromptKind::Command),
    ("search", PromptKind::Search),
    ("target", PromptKind::Target),
    ("window-target", PromptKind::WindowTarget),
];

/// A kind of prompt by its name.
pub(super) fn kind(name: &str) -> Option<PromptKind> {
    KINDS.iter().find(|(n, _)| *n == name).map(|(_, k)| *k)
}

fn wanted(call: &Call) -> Result<Vec<(&'static str, PromptKind)>, Trouble> {
    match call.args.get('T') {
        None => Ok(KINDS.to_vec()),
        Some(name) => match KINDS.iter().find(|(n, _)| *n == name) {
            Some(one) => Ok(vec![*one]),
            None => Err(format!("invalid type: {name}").into()),
        },
    }
}

fn show(mux: &mut Mux, call: &Call) -> Outcome {
    let mut out = String::new();
    for (name, kind) in wanted(call)? {
        out.push_str(&format!("History for {name}:\n\n"));
        for (n, line) in mux.history.get(&kind).into_iter().flatten().enumerate() {
            out.push_str(&format!("{}: {line}\n", n + 1));
        }
        out.push('\n');
    }
    mux.print(&call.origin, &out);
    DONE
}

fn clear(mux: &mut Mux, call: &Call) -> Outcome {
    for (_, kind) in wanted(call)? {
        mux.history.remove(&kind);
    }
    DONE
}
