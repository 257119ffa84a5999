//! swap-pane, swap-window

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::super::target::Found;
use super::{DONE, Verb, target, verb};
use crate::command::target::TargetKind;

pub(crate) const PANE: Verb = verb(
    ("swap-pane", "swapp"),
    "dDs:t:UZ",
    (0, Some(0)),
    "[-dDUZ] [-s src-pane] [-t dst-pane]",
    "Exchange two panes",
    pane,
);
pub(crate) const WINDOW: Verb = verb(
    ("swap-window", "swapw"),
    "ds:t:",
    (0, Some(0)),
    "[-d] [-s src-window] [-t dst-window]",
    "Exchange two windows",
    window,
);

/// `-s`, else the marked pane, else the current one.
pub(super) fn source(mux: &Mux, call: &Call, kind: TargetKind) -> Result<Found, super::Trouble> {
    if !call.args.has('s')
        && let Some(found) = mux.marked.and_then(|p| mux.found_pane(p, None))
    {
        return Ok(found);
    }
    target(mux, call, 's', kind)
}

fn pane(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let dst = target(mux, call, 't', TargetKind::Pane)?;
    let src = if args.has('U') || args.has('D') {
        let w = mux.windows.get(&dst.window).ok_or("no window")?;
        let here = w.position(dst.pane).unwrap_or(0) as i64;
        let by = if args.has('D') { 1 } else { -1 };
        let n = w.panes.len() as i64;
        Found { pane: w.panes[(here + by).rem_euclid(n) as usize], ..dst }
    } else {
        source(mux, call, TargetKind::Pane)?
    };
    if src.pane == dst.pane {
        return DONE;
    }
    mux.unzoom(src.window);
    mux.unzoom(dst.window);
    let exchange = |p| {
        if p == src.pane {
            dst.pane
        } else if p == dst.pane {
            src.pane
        } else {
            p
        }
    };
    let windows = if src.window == dst.window { vec![src.window] } else { vec![src.window, dst.window] };
    let one_window = windows.len() == 1;
    for id in &windows {
        let Some(w) = mux.windows.get_mut(id) else { continue };
        w.layout.map_panes(exchange);
        w.panes.iter_mut().for_each(|p| *p = exchange(*p));
        w.floats.iter_mut().for_each(|(p, _)| *p = exchange(*p));
        if !one_window {
            w.active = exchange(w.active);
            w.last_panes.iter_mut().for_each(|p| *p = exchange(*p));
        }
    }
    if !one_window {
        if let Some(p) = mux.panes.get_mut(&src.pane) {
            p.window = dst.window;
        }
        if let Some(p) = mux.panes.get_mut(&dst.pane) {
            p.window = src.window;
        }
    }
    if args.has('d') {
        // In one window the source is active if either was, as tmux has it.
        let active = mux.windows.get(&dst.window).map(|w| w.active);
        if one_window && active == Some(dst.pane) {
            mux.select_pane(src.pane);
        }
    } else {
        // The pane that -t named is active where it is now; in two windows each gets the other's.
        mux.select_pane(dst.pane);
        if !one_window {
            mux.select_pane(src.pane);
        }
    }
    windows.into_iter().for_each(|w| mux.apply_layout(w));
    DONE
}

fn window(mux: &mut Mux, call: &Call) -> Outcome {
    let src = source(mux, call, TargetKind::Window)?;
    let dst = target(mux, call, 't', TargetKind::Window)?;
    if (src.session, src.index) == (dst.session, dst.index) {
        return DONE;
    }
    let group = |s| mux.sessions.get(&s).and_then(|s| s.group.as_ref());
    if src.session != dst.session && group(src.session).is_some() && group(src.session) == group(dst.session)
    {
        return Err("can't move window, sessions are grouped".into());
    }
    let links =
        |mux: &Mux, f: Found| mux.sessions.get(&f.session).and_then(|s| s.links.get(&f.index)).copied();
    let (Some(a), Some(b)) = (links(mux, src), links(mux, dst)) else { return Err("no window".into()) };
    for (f, link) in [(src, b), (dst, a)] {
        if let Some(s) = mux.sessions.get_mut(&f.session) {
            s.links.insert(f.index, link);
        }
    }
    // Without -d the current indices stay; with it the places that were exchanged become current, as tmux does.
    if call.args.has('d') {
        mux.select_index(dst.session, dst.index);
        if src.session != dst.session {
            mux.select_index(src.session, src.index);
        }
    }
    mux.sizes_dirty = true;
    mux.persist = true;
    mux.redraw_all();
    DONE
}
