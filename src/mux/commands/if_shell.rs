//! if-shell

use super::super::Mux;
use super::super::queue::{Call, Flow, Origin, Outcome, Pending};
use super::{DONE, Verb, expand, verb};
use crate::command::target::TargetKind;
use std::sync::Arc;

pub(crate) const VERB: Verb = verb(
    ("if-shell", "if"),
    "bFt:",
    (2, Some(3)),
    "[-bF] [-t target-pane] shell-command command [command]",
    "Run a command when a shell command or format says so",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let t = args.get('t');
    // A target that is not there is no reason not to ask: only formats need it.
    let found = mux.find(&call.origin, t.as_deref(), TargetKind::Pane).ok();
    let condition = args.word(0).unwrap_or_default();
    let condition = expand(mux, call, &condition, found);
    let origin = match (t, found) {
        (Some(_), Some(f)) => Arc::new(Origin { current: Some(f), ..(*call.origin).clone() }),
        _ => call.origin.clone(),
    };
    if args.has('F') {
        let word = if crate::format::is_true(&condition) { args.words.get(1) } else { args.words.get(2) };
        if let Some(word) = word {
            mux.run_word(call.queue, word, &origin);
        }
        return DONE;
    }
    let cwd = super::start_dir(mux, call, found);
    let job = mux.shell_job(&condition, found.map(|f| f.session), cwd, Vec::new());
    let pending = Pending::If { then: args.words[1].clone(), otherwise: args.words.get(2).cloned() };
    let waits = (!args.has('b')).then_some(call.queue);
    mux.ask(job, pending, &origin, waits);
    Ok(if args.has('b') { Flow::Done } else { Flow::Wait })
}
