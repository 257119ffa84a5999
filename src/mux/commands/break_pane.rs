//! break-pane

use super::super::Mux;
use super::super::layout::Layout;
use super::super::names::{clean_name, given_name};
use super::super::options::Value;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::super::structure::Start;
use super::{DONE, Verb, expand, target, verb};
use crate::command::target::TargetKind;

pub(crate) const VERB: Verb = verb(
    ("break-pane", "breakp"),
    "abdF:n:Ps:t:",
    (0, Some(0)),
    "[-abdP] [-F format] [-n window-name] [-s src-pane] [-t dst-window]",
    "Move a pane to a window of its own",
    run,
);

const FORMAT: &str = "#{session_name}:#{window_index}.#{pane_index}";

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let src = target(mux, call, 's', TargetKind::Pane)?;
    let (session, mut index) = match args.get('t') {
        Some(t) => mux.find_index(&call.origin, Some(&t))?,
        None => (src.session, None),
    };
    if args.has('a') || args.has('b') {
        let here = index.or_else(|| mux.sessions.get(&session).map(|s| s.current)).unwrap_or(0);
        let at = if args.has('b') { here } else { here.saturating_add(1) };
        mux.shuffle_up(session, at);
        index = Some(at);
    }
    if let Some(i) = index
        && mux.found_index(session, i).is_some()
    {
        return Err(format!("index in use: {i}").into());
    }
    let name = match args.get('n') {
        Some(n) => Some(given_name("window", &expand(mux, call, &n, Some(src)))?),
        None => None,
    };
    let alone = mux.windows.get(&src.window).is_some_and(|w| w.panes.len() == 1);
    let base = mux.option_number(Scope::Session(session), "base-index").max(0) as u32;
    let index = index.unwrap_or_else(|| mux.free_index(session, base));
    let window = if alone {
        // A pane that has its window for itself moves with it.
        if let Some(s) = mux.sessions.get_mut(&session) {
            s.links.insert(
                index,
                super::super::Link { window: src.window, bell: false, activity: false, silence: false },
            );
        }
        mux.unlink(src.session, src.index);
        src.window
    } else {
        mux.detach_pane(src.pane);
        let size = mux.windows.get(&src.window).map(|w| w.size).ok_or("no window")?;
        let new = mux.make_window(Some(session), None, size, Start { empty: true, ..Start::default() });
        // The window is made with a pane of its own, which gives way.
        if let Some(w) = mux.windows.get_mut(&new) {
            let placeholder = w.active;
            w.layout = Layout::single(src.pane, size);
            w.panes = vec![src.pane];
            w.floats.clear();
            w.active = src.pane;
            mux.panes.remove(&placeholder);
        }
        if let Some(p) = mux.panes.get_mut(&src.pane) {
            p.window = new;
        }
        mux.link(session, index, new);
        mux.apply_layout(new);
        new
    };
    match name {
        Some(name) => {
            if let Some(w) = mux.windows.get_mut(&window) {
                w.name = name;
                w.options.put("automatic-rename", Value::Flag(false));
            }
        }
        None if !alone => {
            let command = expand(mux, call, "#{pane_current_command}", mux.found_pane(src.pane, None));
            if let Some(w) = mux.windows.get_mut(&window) {
                w.name = clean_name(&command);
            }
        }
        None => {}
    }
    if !args.has('d') {
        mux.select_index(session, index);
    }
    if args.has('P') {
        let format = args.get('F').unwrap_or_else(|| FORMAT.into());
        let text = expand(mux, call, &format, mux.found_index(session, index));
        mux.print(&call.origin, &text);
    }
    DONE
}
