//! select-layout, next-layout, previous-layout

use super::super::Mux;
use super::super::layout::{Layout, MainSize, Preset};
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, cells, target, verb};
use crate::command::target::TargetKind;
use crate::ids::WindowId;

pub(crate) const SELECT: Verb = verb(
    ("select-layout", "selectl"),
    "Enopt:",
    (0, Some(1)),
    "[-Enop] [-t target-pane] [layout-name]",
    "Arrange the panes",
    run,
);
pub(crate) const NEXT: Verb = verb(
    ("next-layout", "nextl"),
    "t:",
    (0, Some(0)),
    "[-t target-window]",
    "Arrange the panes another way",
    run,
);
pub(crate) const PREVIOUS: Verb = verb(
    ("previous-layout", "prevl"),
    "t:",
    (0, Some(0)),
    "[-t target-window]",
    "Arrange the panes as one layout before",
    run,
);

fn main_size(mux: &Mux, window: WindowId, preset: Preset) -> MainSize {
    let size = mux.windows.get(&window).map(|w| w.size);
    let (main, other, whole) = match preset {
        Preset::MainHorizontal | Preset::MainHorizontalMirrored => {
            ("main-pane-height", "other-pane-height", size.map_or(0, |s| s.rows.saturating_sub(1)))
        }
        _ => ("main-pane-width", "other-pane-width", size.map_or(0, |s| s.cols.saturating_sub(1))),
    };
    let read = |name| cells(&mux.option_text(Scope::Window(window), name), whole).unwrap_or(0);
    let columns = mux.option_number(Scope::Window(window), "tiled-layout-max-columns").max(0) as usize;
    MainSize { main: read(main), other: read(other), columns }
}

fn arrange(mux: &mut Mux, window: WindowId, preset: Preset) {
    let main = main_size(mux, window, preset);
    let Some(w) = mux.windows.get_mut(&window) else { return };
    w.preset = Preset::ALL.iter().position(|p| *p == preset);
    let old = w.layout.to_text();
    if let Some(layout) = preset.arrange(&w.tiled(), w.size, main) {
        w.layout = layout;
        w.old_layout = Some(old);
    }
    mux.apply_layout(window);
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let name = call.verb.spec.name;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let window = found.window;
    mux.unzoom(window);
    let at = mux.windows.get(&window).and_then(|w| w.preset);
    let all = Preset::ALL;
    if name == "next-layout" || args.has('n') {
        let next = at.map_or(0, |i| (i + 1) % all.len());
        arrange(mux, window, all[next]);
        return DONE;
    }
    if name == "previous-layout" || args.has('p') {
        let next = at.map_or(all.len() - 1, |i| (i + all.len() - 1) % all.len());
        arrange(mux, window, all[next]);
        return DONE;
    }
    if args.has('E') {
        if let Some(w) = mux.windows.get_mut(&window) {
            w.old_layout = Some(w.layout.to_text());
            w.layout.spread(found.pane);
        }
        mux.apply_layout(window);
        return DONE;
    }
    let text = if args.has('o') {
        match mux.windows.get(&window).and_then(|w| w.old_layout.clone()) {
            Some(t) => t,
            None => return DONE,
        }
    } else {
        match args.word(0) {
            Some(t) => t,
            None => match at {
                Some(i) => all[i].name().to_owned(),
                None => return DONE,
            },
        }
    };
    if let Some(preset) = Preset::find(&text) {
        arrange(mux, window, preset);
        return DONE;
    }
    let Some(w) = mux.windows.get_mut(&window) else { return DONE };
    let order = w.tiled();
    let layout = Layout::from_text(&text, &order).map_err(|e| format!("{e}: {text}"))?;
    w.old_layout = Some(w.layout.to_text());
    w.layout = layout;
    let size = w.size;
    w.layout.resize(size);
    mux.apply_layout(window);
    DONE
}
