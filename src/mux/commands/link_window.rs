//! link-window, unlink-window: one window in several places

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;

pub(crate) const LINK: Verb = verb(
    ("link-window", "linkw"),
    "abdks:t:",
    (0, Some(0)),
    "[-abdk] [-s src-window] [-t dst-window]",
    "Show a window in another place too",
    link,
);
pub(crate) const UNLINK: Verb = verb(
    ("unlink-window", "unlinkw"),
    "kt:",
    (0, Some(0)),
    "[-k] [-t target-window]",
    "Take a window out of a session",
    unlink,
);

fn link(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let src = target(mux, call, 's', TargetKind::Window)?;
    let (session, mut index) = mux.find_index(&call.origin, args.get('t').as_deref())?;
    if args.has('a') || args.has('b') {
        let here = index.or_else(|| mux.sessions.get(&session).map(|s| s.current)).unwrap_or(0);
        let at = if args.has('b') { here } else { here.saturating_add(1) };
        mux.shuffle_up(session, at);
        index = Some(at);
    }
    let base = mux.option_number(Scope::Session(session), "base-index").max(0) as u32;
    let index = index.unwrap_or_else(|| mux.free_index(session, base));
    if let Some(taken) = mux.found_index(session, index) {
        if taken.window == src.window {
            return Err(format!("same index: {index}").into());
        }
        if !args.has('k') {
            return Err(format!("index in use: {index}").into());
        }
        // The new one first: a session without windows would end.
        let spare = mux.free_index(session, index);
        mux.link(session, spare, src.window);
        mux.unlink(session, index);
        if !mux.sessions.values().any(|s| s.index_of(taken.window).is_some()) {
            mux.kill_window(taken.window);
        }
        mux.link(session, index, src.window);
        mux.unlink(session, spare);
    } else {
        mux.link(session, index, src.window);
    }
    if !args.has('d') {
        mux.select_index(session, index);
    }
    DONE
}

fn unlink(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Window)?;
    let places: usize =
        mux.sessions.values().map(|s| s.links.values().filter(|l| l.window == found.window).count()).sum();
    if places > 1 {
        mux.unlink(found.session, found.index);
    } else if call.args.has('k') {
        mux.kill_window(found.window);
    } else {
        return Err("window only linked to one session".into());
    }
    DONE
}
