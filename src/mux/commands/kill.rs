//! kill-pane, kill-window, kill-session, kill-server

use super::super::Mux;
use super::super::event::Effect;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;
use crate::ids::{PaneId, SessionId, WindowId};

pub(crate) const PANE: Verb =
    verb(("kill-pane", "killp"), "at:", (0, Some(0)), "[-a] [-t target-pane]", "Kill a pane", pane);
pub(crate) const WINDOW: Verb =
    verb(("kill-window", "killw"), "at:", (0, Some(0)), "[-a] [-t target-window]", "Kill a window", window);
pub(crate) const SESSION: Verb = verb(
    ("kill-session", ""),
    "aCgt:",
    (0, Some(0)),
    "[-aCg] [-t target-session]",
    "Kill a session",
    session,
);
pub(crate) const SERVER: Verb =
    verb(("kill-server", ""), "", (0, Some(0)), "", "Kill the server and everything in it", server);

fn pane(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if call.args.has('a') {
        let others: Vec<PaneId> = mux
            .windows
            .get(&found.window)
            .map(|w| w.panes.iter().copied().filter(|p| *p != found.pane).collect())
            .unwrap_or_default();
        others.into_iter().for_each(|p| mux.kill_pane(p));
    } else {
        mux.kill_pane(found.pane);
    }
    DONE
}

fn window(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Window)?;
    if call.args.has('a') {
        let others: Vec<WindowId> = mux
            .sessions
            .get(&found.session)
            .map(|s| s.links.values().map(|l| l.window).filter(|w| *w != found.window).collect())
            .unwrap_or_default();
        others.into_iter().for_each(|w| mux.kill_window(w));
        // One that is in the session twice is one of the others, too.
        let links = mux.sessions.get(&found.session).map(|s| &s.links);
        if links.is_some_and(|l| l.values().filter(|l| l.window == found.window).count() > 1) {
            mux.kill_window(found.window);
        }
    } else {
        mux.kill_window(found.window);
    }
    DONE
}

fn session(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Session)?;
    if call.args.has('C') {
        if let Some(s) = mux.sessions.get_mut(&found.session) {
            s.links.values_mut().for_each(|l| (l.bell, l.activity, l.silence) = (false, false, false));
        }
        mux.redraw_session(found.session);
    } else if call.args.has('a') {
        let others: Vec<SessionId> = mux.sessions.keys().copied().filter(|s| *s != found.session).collect();
        others.into_iter().for_each(|s| mux.kill_session(s));
    } else if call.args.has('g') {
        let all: Vec<SessionId> = mux.group_of(found.session).iter().map(|s| s.id).collect();
        all.into_iter().chain([found.session]).for_each(|s| mux.kill_session(s));
    } else {
        mux.kill_session(found.session);
    }
    DONE
}

fn server(mux: &mut Mux, _call: &Call) -> Outcome {
    let panes: Vec<PaneId> = mux.panes.values().filter(|p| p.dead.is_none()).map(|p| p.id).collect();
    for pane in panes {
        mux.effects.push_back(Effect::Kill { pane });
    }
    mux.shut_down();
    mux.panes.clear();
    mux.windows.clear();
    mux.sessions.clear();
    mux.persist = true;
    DONE
}
