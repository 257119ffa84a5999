//! events: what happens, a line each, until interrupted.

use super::super::Mux;
use super::super::listen::{EVENTS, Listener, Part, is_known};
use super::super::queue::{Call, Flow, Outcome, Trouble};
use super::{DONE, Verb, verb};
use crate::command::target::TargetKind;

pub(crate) const VERB: Verb = verb(
    ("events", ""),
    "t:",
    (0, None),
    "[--json] [--list] [-t target-pane] [event ...]",
    "Print what happens, a line for each event, until interrupted",
    run,
)
.long(&["--json", "--list"])
.interleaved();

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if args.has_long("--list") {
        let lines: String = EVENTS.iter().map(|(name, _, help)| format!("{name}\t{help}\n")).collect();
        mux.print(&call.origin, &lines);
        return DONE;
    }
    let names = args.texts_from(0);
    check_names(&names, "Nothing is listened to.")?;
    let part = part(mux, call)?;
    let client = call.client().and_then(|c| mux.clients.get_mut(&c));
    let Some(client) = client.filter(|c| !c.attached && c.control.is_none()) else {
        return Err(
            "events are for a program's standard output: run `qmux events` in a shell, or use a hook \
                    (set-hook). Nothing is listened to."
                .into(),
        );
    };
    if !client.hello.streams {
        return Err(
            "this qmux is older than its server and cannot read a stream of events: run the server's \
                    own version. Nothing is listened to."
                .into(),
        );
    }
    client.listener = Some(Box::new(Listener::new(args.has_long("--json"), names, part)));
    Ok(Flow::Wait)
}

/// Names that no event has are mistyped, and would be waited for in vain.
pub(super) fn check_names(names: &[String], unchanged: &str) -> Result<(), Trouble> {
    match names.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            let text =
                format!("No event is called {name}. {unchanged} `qmux events --list` shows the names.");
            Err(Trouble::new(2, text))
        }
    }
}

/// What `-t` names: a pane (`%3`, `work:1.0`), a window (`@1`, `work:1`) or a session (`$0`, `work`).
pub(super) fn part(mux: &Mux, call: &Call) -> Result<Option<Part>, Trouble> {
    let Some(text) = call.args.get('t') else { return Ok(None) };
    let kinds = [TargetKind::Session, TargetKind::Window, TargetKind::Pane];
    let kinds = match text.split_once(':') {
        _ if text.starts_with('%') => &kinds[2..],
        _ if text.starts_with('@') => &kinds[1..2],
        Some((_, "")) => &kinds[..1],
        Some((_, rest)) if rest.contains('.') => &kinds[2..],
        Some(_) => &kinds[1..2],
        None => &kinds[..],
    };
    let mut trouble = String::new();
    for kind in kinds {
        match mux.find(&call.origin, Some(&text), *kind) {
            Ok(found) => {
                return Ok(Some(match kind {
                    TargetKind::Session => Part::Session(found.session),
                    TargetKind::Window => Part::Window(found.window),
                    TargetKind::Pane => Part::Pane(found.pane),
                }));
            }
            Err(why) => trouble = why,
        }
    }
    Err(trouble.into())
}
