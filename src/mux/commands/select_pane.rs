//! select-pane, last-pane

use super::super::Mux;
use super::super::names::given_name;
use super::super::queue::{Call, Outcome};
use super::super::target::Side;
use super::{DONE, Verb, expand, target, verb};
use crate::command::target::TargetKind;

pub(crate) const SELECT: Verb = verb(
    ("select-pane", "selectp"),
    "DdegLlMmP:RT:t:UZ",
    (0, Some(0)),
    "[-DdeLlMmRUZ] [-T title] [-t target-pane]",
    "Make a pane the active one",
    run,
);
pub(crate) const LAST: Verb = verb(
    ("last-pane", "lastp"),
    "det:Z",
    (0, Some(0)),
    "[-deZ] [-t target-window]",
    "Go to the pane before",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if call.verb.spec.name == "last-pane" || args.has('l') {
        return last(mux, call);
    }
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if args.has('M') || args.has('m') {
        let mark = args.has('m') && mux.marked != Some(found.pane);
        mux.marked = mark.then_some(found.pane);
        if mark && mux.windows.get(&found.window).is_some_and(|w| w.float(found.pane).is_some()) {
            // One that floats comes to the front, as in tmux.
            mux.select_pane(found.pane);
        }
        mux.redraw_all();
        return DONE;
    }
    if let Some(title) = args.get('T') {
        let title = expand(mux, call, &title, Some(found));
        if given_name("title", &title).is_err() {
            // As tmux: it stays as it was.
            return DONE;
        }
        let title: String = title.chars().take(1024).collect();
        if let Some(p) = mux.panes.get_mut(&found.pane) {
            p.screen.set_title(&title);
            p.title_set = true;
            for event in p.screen.take_events() {
                mux.screen_event(found.pane, event);
            }
        }
        mux.redraw_window(found.window);
        return DONE;
    }
    if args.has('d') || args.has('e') {
        if let Some(p) = mux.panes.get_mut(&found.pane) {
            p.input_off = args.has('d');
        }
        return DONE;
    }
    let side = [('L', Side::Left), ('R', Side::Right), ('U', Side::Up), ('D', Side::Down)]
        .into_iter()
        .find(|(f, _)| args.has(*f))
        .map(|(_, s)| s);
    let pane = match side {
        Some(side) => {
            let w = mux.windows.get(&found.window).ok_or("no window")?;
            match mux.pane_beside(w, found.pane, side) {
                Some(p) => p,
                None => return DONE,
            }
        }
        None => found.pane,
    };
    let changes = mux.windows.get(&found.window).is_some_and(|w| w.active != pane);
    let zoomed = changes && mux.unzoom(found.window);
    mux.select_pane(pane);
    if zoomed && args.has('Z') {
        mux.zoom(pane);
    }
    DONE
}

fn last(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Window)?;
    let args = &call.args;
    let pane = mux.windows.get(&found.window).and_then(|w| w.last_pane()).ok_or("no last pane")?;
    if args.has('d') || args.has('e') {
        if let Some(p) = mux.panes.get_mut(&pane) {
            p.input_off = args.has('d');
        }
        return DONE;
    }
    let zoomed = mux.unzoom(found.window);
    mux.select_pane(pane);
    if zoomed && args.has('Z') {
        mux.zoom(pane);
    }
    DONE
}
