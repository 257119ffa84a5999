//! run-shell

use super::super::Mux;
use super::super::context::About;
use super::super::event::Failure;
use super::super::queue::{Call, Flow, Later, LaterShell, Origin, Outcome, Pending, Trouble};
use super::{DONE, Verb, expand, verb};
use crate::command::target::TargetKind;
use crate::ids::PaneId;
use std::time::Duration;

pub(crate) const VERB: Verb = verb(
    ("run-shell", "run"),
    "bd:CEt:c:",
    (0, None),
    "[-bCE] [-c start-directory] [-d delay] [-t target-pane] [shell-command [argument ...]]",
    "Run a shell command",
    run,
)
.starting();

/// Longest delay of `-d`.
const MAX_DELAY_S: f64 = 1e9;

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = mux.find(&call.origin, args.get('t').as_deref(), TargetKind::Pane).ok();
    let background = args.has('b');
    let waits = (!background).then_some(call.queue);
    if args.has('C') && !args.has('d') {
        if let Some(word) = args.words.first() {
            mux.run_word(call.queue, word, &call.origin);
        }
        return DONE;
    }
    // Further words are the command's, put in where it says #{1}, #{2} and so on.
    let given = args.texts_from(1).into_iter().enumerate().map(|(n, word)| ((n + 1).to_string(), word));
    let about = About {
        client: call.client(),
        found: found.or_else(|| mux.current(&call.origin)),
        extra: call.hook_words().into_iter().chain(given).collect(),
        ..About::default()
    };
    let command = args.word(0).map(|c| if args.has('C') { c } else { mux.expand(&c, about) });
    let cwd = args.get('c').map(|c| expand(mux, call, &c, found));
    let shown_in = args.has('t').then_some(found).flatten().map(|f| f.pane);
    let shell = LaterShell {
        command,
        cwd,
        as_commands: args.has('C'),
        origin: call.origin.clone(),
        waits,
        found,
        shown_in,
    };
    match args.get('d') {
        Some(d) => {
            let seconds: f64 = d.parse().map_err(|_| format!("invalid delay time: {d}"))?;
            if !(0.0..MAX_DELAY_S).contains(&seconds) {
                return Err(format!("invalid delay time: {d}").into());
            }
            let at = mux.now + Duration::from_secs_f64(seconds);
            mux.later.push((at, Later::Shell { call: Box::new(shell) }));
        }
        None if shell.command.is_none() => return DONE,
        None => go_on(mux, shell),
    }
    Ok(if background { Flow::Done } else { Flow::Wait })
}

/// Runs what was delayed, or at once.
pub(crate) fn go_on(mux: &mut Mux, shell: LaterShell) {
    match shell.command {
        None => {
            if let Some(queue) = shell.waits {
                mux.release(queue);
            }
        }
        Some(text) if shell.as_commands => {
            let queue = shell.waits.unwrap_or(shell.origin.client);
            mux.run_text(queue, &text, &shell.origin);
            mux.release(queue);
        }
        Some(command) => {
            let client = shell.origin.client.and_then(|c| mux.clients.get(&c)).filter(|c| !c.attached);
            let cwd = shell.cwd.or(client.map(|c| c.hello.cwd.clone())).unwrap_or_else(|| {
                shell
                    .found
                    .and_then(|f| mux.sessions.get(&f.session))
                    .map(|s| s.path.clone())
                    .unwrap_or_default()
            });
            let job = mux.shell_job(&command, shell.found.map(|f| f.session), cwd, Vec::new());
            mux.ask(job, Pending::RunShell { shown_in: shell.shown_in }, &shell.origin, shell.waits);
        }
    }
}

/// Its output is shown; an exit code that is not 0 is handed on and told, as tmux does.
pub(super) fn finished(
    mux: &mut Mux,
    origin: &Origin,
    result: Result<String, Failure>,
    shown_in: Option<PaneId>,
) {
    let show = |mux: &mut Mux, text: &str| match shown_in.filter(|p| mux.panes.contains_key(p)) {
        Some(pane) if !text.is_empty() => mux.view_text(pane, text),
        Some(_) => {}
        None => mux.print(origin, text),
    };
    match result {
        Ok(text) => show(mux, &text),
        Err(f) => {
            show(mux, &f.text);
            mux.tell_trouble(origin, 0, &Trouble::new(f.class, ""));
        }
    }
}
