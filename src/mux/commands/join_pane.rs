//! join-pane, move-pane

use super::super::Mux;
use super::super::layout::SplitHow;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, split_window, swap, target, verb};
use crate::command::target::TargetKind;
use crate::ids::PaneId;

const USAGE: &str = "[-bdfhv] [-l size] [-s src-pane] [-t dst-pane]";

pub(crate) const JOIN: Verb = verb(
    ("join-pane", "joinp"),
    "bdfhl:p:s:t:v",
    (0, Some(0)),
    USAGE,
    "Split a pane and move another one into the new part",
    run,
);
pub(crate) const MOVE: Verb = verb(
    ("move-pane", "movep"),
    "bdfhl:p:s:t:v",
    (0, Some(0)),
    USAGE,
    "Split a pane and move another one into the new part",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let dst = target(mux, call, 't', TargetKind::Pane)?;
    let src = swap::source(mux, call, TargetKind::Pane)?;
    if src.pane == dst.pane {
        return Err("source and target panes must be different".into());
    }
    let how = split_window::how(mux, &call.args, dst)?;
    mux.unzoom(dst.window);
    mux.unzoom(src.window);
    // Room is made before anything is taken away: without space nothing changes.
    let probe = PaneId(u32::MAX);
    let fits = mux.windows.get(&dst.window).is_some_and(|w| w.layout.clone().split(dst.pane, probe, how));
    if !fits {
        return Err("create pane failed: pane too small".into());
    }
    let alone = mux.windows.get(&src.window).is_some_and(|w| w.panes.len() == 1);
    if alone {
        let holders: Vec<_> =
            mux.sessions.values().filter_map(|s| s.index_of(src.window).map(|i| (s.id, i))).collect();
        mux.windows.remove(&src.window);
        if let Some(p) = mux.panes.get_mut(&src.pane) {
            p.window = dst.window;
        }
        holders.into_iter().for_each(|(s, i)| mux.unlink(s, i));
    } else {
        mux.detach_pane(src.pane);
    }
    let Some(w) = mux.windows.get_mut(&dst.window) else { return DONE };
    if !w.layout.split(dst.pane, probe, how) {
        return Err("create pane failed: pane too small".into());
    }
    // In the window's list it stands behind the other also with `-b`, as in 3.7.
    let listed = SplitHow { before: false, full: false, ..how };
    mux.adopt(dst.window, dst.pane, probe, src.pane, listed);
    if !call.args.has('d') {
        mux.select_index(dst.session, dst.index);
        mux.select_pane(src.pane);
    }
    DONE
}
