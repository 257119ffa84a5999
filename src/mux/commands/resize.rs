//! resize-pane, resize-window

use super::super::Mux;
use super::super::layout::Axis;
use super::super::queue::{Call, Outcome, Trouble};
use super::{DONE, Verb, cells, expand, target, verb};
use crate::command::Args;
use crate::command::target::TargetKind;
use crate::ids::Size;

pub(crate) const PANE: Verb = verb(
    ("resize-pane", "resizep"),
    "DLMRTt:Ux:y:Z",
    (0, Some(1)),
    "[-DLMRTUZ] [-x width] [-y height] [-t target-pane] [adjustment]",
    "Change a pane's size, or zoom it",
    pane,
);
pub(crate) const WINDOW: Verb = verb(
    ("resize-window", "resizew"),
    "aADLRt:Ux:y:",
    (0, Some(1)),
    "[-aADLRU] [-x width] [-y height] [-t target-window] [adjustment]",
    "Change a window's size",
    window,
);

fn adjustment(args: &Args) -> Result<i32, Trouble> {
    match args.word(0) {
        None => Ok(1),
        Some(t) => match t.parse::<i64>() {
            Ok(n) if n < 1 => Err("adjustment too small".into()),
            Ok(n) if n > i64::from(i32::MAX) => Err("adjustment too large".into()),
            Ok(n) => Ok(n as i32),
            Err(_) => Err("adjustment invalid".into()),
        },
    }
}

fn pane(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if args.has('M') {
        let (Some(client), Some(mouse)) = (call.client(), call.origin.mouse) else { return DONE };
        mux.start_border_drag(client, &mouse);
        return DONE;
    }
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if args.has('T') {
        return DONE;
    }
    if args.has('Z') {
        if !mux.unzoom(found.window) {
            mux.zoom(found.pane);
        }
        return DONE;
    }
    let by = adjustment(args)?;
    mux.unzoom(found.window);
    let whole = mux.windows.get(&found.window).map(|w| w.layout.root.rect).unwrap_or_default();
    for (flag, axis, whole, what) in
        [('x', Axis::LeftRight, whole.w, "width"), ('y', Axis::TopBottom, whole.h, "height")]
    {
        let Some(text) = args.get(flag) else { continue };
        let text = expand(mux, call, &text, Some(found));
        let size = cells(&text, whole).ok_or_else(|| format!("{what} invalid"))?;
        if let Some(w) = mux.windows.get_mut(&found.window) {
            w.layout.resize_pane_to(found.pane, axis, size);
        }
    }
    let moves = [
        ('L', Axis::LeftRight, -by),
        ('R', Axis::LeftRight, by),
        ('U', Axis::TopBottom, -by),
        ('D', Axis::TopBottom, by),
    ];
    if let Some((_, axis, change)) = moves.into_iter().find(|(f, ..)| args.has(*f))
        && let Some(w) = mux.windows.get_mut(&found.window)
    {
        w.layout.resize_pane(found.pane, axis, change, true);
    }
    mux.apply_layout(found.window);
    DONE
}

fn window(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Window)?;
    let by = adjustment(args)?;
    let now = mux.windows.get(&found.window).map_or(Size::new(80, 24), |w| w.size);
    let (mut cols, mut rows) = (i64::from(now.cols), i64::from(now.rows));
    for (flag, side, what) in [('x', &mut cols, "width"), ('y', &mut rows, "height")] {
        if let Some(text) = args.get(flag) {
            *side = text.parse::<i64>().ok().filter(|n| *n >= 1).ok_or_else(|| format!("{what} invalid"))?;
        }
    }
    let by = i64::from(by);
    if args.has('L') {
        cols -= by;
    } else if args.has('R') {
        cols += by;
    } else if args.has('U') {
        rows -= by;
    } else if args.has('D') {
        rows += by;
    }
    if args.has('A') || args.has('a') {
        let areas: Vec<Size> = mux
            .clients
            .values()
            .filter(|c| {
                c.attached
                    && c.session
                        .and_then(|s| mux.sessions.get(&s))
                        .is_some_and(|s| s.index_of(found.window).is_some())
            })
            .filter_map(|c| mux.client_area(c))
            .collect();
        let pick = |f: fn(u16, u16) -> u16| {
            areas.iter().copied().reduce(|a, b| Size::new(f(a.cols, b.cols), f(a.rows, b.rows)))
        };
        let fit = if args.has('A') { pick(u16::max) } else { pick(u16::min) };
        let fit = fit.unwrap_or_else(|| mux.default_size(found.session));
        (cols, rows) = (i64::from(fit.cols), i64::from(fit.rows));
    }
    let clamp = |n: i64| n.clamp(1, i64::from(Size::MAX)) as u16;
    let size = Size::new(clamp(cols), clamp(rows));
    if let Some(w) = mux.windows.get_mut(&found.window) {
        w.manual_size = Some(size);
        w.options.put("window-size", super::Value::Text("manual".into()));
    }
    mux.sizes_dirty = true;
    DONE
}
