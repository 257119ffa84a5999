//! move-window

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;

pub(crate) const VERB: Verb = verb(
    ("move-window", "movew"),
    "abdkrs:t:",
    (0, Some(0)),
    "[-abdkr] [-s src-window] [-t dst-window]",
    "Move a window to another place in a session",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if args.has('r') {
        let session = target(mux, call, 't', TargetKind::Session)?.session;
        mux.renumber(session);
        return DONE;
    }
    let src = target(mux, call, 's', TargetKind::Window)?;
    let (session, mut index) = mux.find_index(&call.origin, args.get('t').as_deref())?;
    if args.has('a') || args.has('b') {
        let here = index.or_else(|| mux.sessions.get(&session).map(|s| s.current)).unwrap_or(0);
        let at = if args.has('b') { here } else { here.saturating_add(1) };
        mux.shuffle_up(session, at);
        index = Some(at);
    }
    // The source may have moved up with the others.
    let from = mux.sessions.get(&src.session).and_then(|s| {
        if s.links.get(&src.index).is_some_and(|l| l.window == src.window) {
            Some(src.index)
        } else {
            s.index_of(src.window)
        }
    });
    let Some(from) = from else { return DONE };
    let base = mux.option_number(Scope::Session(session), "base-index").max(0) as u32;
    let index = index.unwrap_or_else(|| mux.free_index(session, base));
    if (session, index) == (src.session, from) {
        return Err(format!("same index: {index}").into());
    }
    if let Some(taken) = mux.found_index(session, index) {
        if !args.has('k') {
            return Err(format!("index in use: {index}").into());
        }
        mux.unlink(session, index);
        if !mux.sessions.values().any(|s| s.index_of(taken.window).is_some()) {
            mux.kill_window(taken.window);
        }
    }
    let was_current = mux.sessions.get(&src.session).is_some_and(|s| s.current == from);
    mux.link(session, index, src.window);
    if was_current && session == src.session {
        mux.select_index(session, index);
    }
    mux.unlink(src.session, from);
    if !args.has('d') && mux.sessions.contains_key(&session) {
        let index = mux.sessions.get(&session).and_then(|s| s.index_of(src.window)).unwrap_or(index);
        mux.select_index(session, index);
    }
    DONE
}
