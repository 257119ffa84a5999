//! select-window, next-window, previous-window, last-window

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;
use crate::ids::SessionId;

pub(crate) const SELECT: Verb = verb(
    ("select-window", "selectw"),
    "lnpTt:",
    (0, Some(0)),
    "[-lnpT] [-t target-window]",
    "Make a window the current one",
    run,
);
pub(crate) const NEXT: Verb = verb(
    ("next-window", "next"),
    "at:",
    (0, Some(0)),
    "[-a] [-t target-session]",
    "Go to the next window",
    run,
);
pub(crate) const PREVIOUS: Verb = verb(
    ("previous-window", "prev"),
    "at:",
    (0, Some(0)),
    "[-a] [-t target-session]",
    "Go to the previous window",
    run,
);
pub(crate) const LAST: Verb =
    verb(("last-window", "last"), "t:", (0, Some(0)), "[-t target-session]", "Go to the window before", run);

fn step(mux: &mut Mux, session: SessionId, by: i64, alerts: bool) -> Outcome {
    let word = if by > 0 { "no next window" } else { "no previous window" };
    let s = mux.sessions.get(&session).ok_or(word)?;
    let indices: Vec<u32> = s.links.keys().copied().collect();
    let here = indices.iter().position(|i| *i == s.current).unwrap_or(0) as i64;
    let n = indices.len() as i64;
    let next = (1..=n)
        .map(|k| indices[(here + by * k).rem_euclid(n) as usize])
        .find(|i| !alerts || s.links.get(i).is_some_and(|l| l.bell || l.activity || l.silence));
    match next {
        Some(i) if i != s.current || alerts => {
            mux.select_index(session, i);
            DONE
        }
        _ => Err(word.into()),
    }
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let name = call.verb.spec.name;
    let alerts = args.has('a');
    let session = |mux: &Mux| target(mux, call, 't', TargetKind::Session).map(|f| f.session);
    match name {
        "next-window" => return step(mux, session(mux)?, 1, alerts),
        "previous-window" => return step(mux, session(mux)?, -1, alerts),
        _ => {}
    }
    let last = name == "last-window" || args.has('l');
    let found = if name == "last-window" {
        target(mux, call, 't', TargetKind::Session)?
    } else {
        target(mux, call, 't', TargetKind::Window)?
    };
    if args.has('n') {
        return step(mux, found.session, 1, alerts);
    }
    if args.has('p') {
        return step(mux, found.session, -1, alerts);
    }
    let s = mux.sessions.get(&found.session).ok_or("no session")?;
    let toggle = args.has('T') && s.current == found.index;
    let index = if last || toggle { s.last_index().ok_or("no last window")? } else { found.index };
    mux.select_index(found.session, index);
    DONE
}
