//! rename-session, rename-window

use super::super::Mux;
use super::super::names::given_name;
use super::super::options::Value;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, expand, target, verb};
use crate::command::target::TargetKind;

pub(crate) const SESSION: Verb = verb(
    ("rename-session", "rename"),
    "t:",
    (1, Some(1)),
    "[-t target-session] new-name",
    "Rename a session",
    session,
);
pub(crate) const WINDOW: Verb = verb(
    ("rename-window", "renamew"),
    "t:",
    (1, Some(1)),
    "[-t target-window] new-name",
    "Rename a window",
    window,
);

fn session(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Session)?;
    let typed = call.args.word(0).unwrap_or_default();
    let name = given_name("session", &expand(mux, call, &typed, Some(found)))?;
    match mux.session_by_name(&name) {
        Some(s) if s == found.session => return DONE,
        Some(_) => return Err(format!("duplicate session: {name}").into()),
        None => {}
    }
    if let Some(s) = mux.sessions.get_mut(&found.session) {
        s.name = name;
    }
    mux.persist = true;
    mux.redraw_all();
    let found = mux.found_session(found.session);
    mux.happened("session-renamed", None, found);
    DONE
}

fn window(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Window)?;
    let typed = call.args.word(0).unwrap_or_default();
    let name = given_name("window", &expand(mux, call, &typed, Some(found)))?;
    if let Some(w) = mux.windows.get_mut(&found.window) {
        w.options.put("automatic-rename", Value::Flag(false));
    }
    mux.name_window(found.window, name);
    DONE
}
