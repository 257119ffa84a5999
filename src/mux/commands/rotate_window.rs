//! rotate-window

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;
use std::collections::BTreeMap;

pub(crate) const VERB: Verb = verb(
    ("rotate-window", "rotatew"),
    "Dt:UZ",
    (0, Some(0)),
    "[-DUZ] [-t target-window]",
    "Move the panes around their places",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Window)?;
    let zoomed = mux.unzoom(found.window);
    let Some(w) = mux.windows.get_mut(&found.window) else { return DONE };
    let before = w.panes.clone();
    let mut after = before.clone();
    if call.args.has('D') {
        after.rotate_right(1);
    } else {
        after.rotate_left(1);
    }
    // The pane at each place of the list is another now; so it is in the layout.
    let moved: BTreeMap<_, _> = before.iter().copied().zip(after.iter().copied()).collect();
    w.layout.map_panes(|p| moved.get(&p).copied().unwrap_or(p));
    w.floats.iter_mut().for_each(|(p, _)| *p = moved.get(p).copied().unwrap_or(*p));
    let at = before.iter().position(|p| *p == w.active).unwrap_or(0);
    w.panes = after.clone();
    mux.apply_layout(found.window);
    mux.select_pane(after[at]);
    if zoomed && call.args.has('Z') {
        mux.zoom(after[at]);
    }
    DONE
}
