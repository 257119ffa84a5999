//! pipe-pane

use super::super::Mux;
use super::super::event::Job;
use super::super::queue::{Call, Outcome, Pending};
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;

pub(crate) const VERB: Verb = verb(
    ("pipe-pane", "pipep"),
    "IOot:",
    (0, Some(1)),
    "[-IOo] [-t target-pane] [shell-command]",
    "Send a pane's output to a shell command",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if !mux.pane_alive(found.pane) {
        return Err("target pane has exited".into());
    }
    let old = mux.panes.get_mut(&found.pane).and_then(|p| p.pipe.take());
    if let Some(request) = old {
        mux.stop_pipe(request);
    }
    let command = args.word(0).filter(|c| !c.is_empty());
    // With -o a pipe that was open is only closed: the same key opens and closes it.
    let (Some(command), false) = (command, args.has('o') && old.is_some()) else { return DONE };
    let about = super::About { client: call.client(), found: Some(found), ..super::About::default() };
    let command = mux.expand_time(&command, about);
    let env = mux.pane_environment(Some(found.session), &[]).into_iter().collect();
    let cwd = mux.sessions.get(&found.session).map(|s| s.path.clone()).unwrap_or_default();
    let output_to = args.has('I').then_some(found.pane);
    let job = Job::Pipe { command, shell: "/bin/sh".into(), cwd, env, output_to };
    let request = mux.ask(job, Pending::Pipe { pane: found.pane }, &call.origin, None);
    let takes_output = !args.has('I') || args.has('O');
    if takes_output && let Some(p) = mux.panes.get_mut(&found.pane) {
        p.pipe = Some(request);
    }
    DONE
}
