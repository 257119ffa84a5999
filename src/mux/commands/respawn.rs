//! respawn-pane, respawn-window

use super::super::Mux;
use super::super::event::{Effect, Place};
use super::super::layout::Layout;
use super::super::queue::{Call, Outcome};
use super::super::structure::Start;
use super::super::target::Found;
use super::{DONE, Verb, expand, start_env, target, verb};
use crate::command::target::TargetKind;
use crate::ids::PaneId;
use crate::vt::Screen;

pub(crate) const PANE: Verb = verb(
    ("respawn-pane", "respawnp"),
    "c:e:kt:",
    (0, None),
    "[-k] [-c start-directory] [-e environment] [-t target-pane] [shell-command [argument ...]]",
    "Start a pane's program again",
    run,
);
pub(crate) const WINDOW: Verb = verb(
    ("respawn-window", "respawnw"),
    "c:e:kt:",
    (0, None),
    "[-k] [-c start-directory] [-e environment] [-t target-window] [shell-command [argument ...]]",
    "Start a window's program again",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let of_window = call.verb.spec.name == "respawn-window";
    let kind = if of_window { TargetKind::Window } else { TargetKind::Pane };
    let found = target(mux, call, 't', kind)?;
    let panes: Vec<PaneId> = if of_window {
        mux.windows.get(&found.window).map(|w| w.panes.clone()).unwrap_or_default()
    } else {
        vec![found.pane]
    };
    let alive = panes.iter().any(|p| mux.panes.get(p).is_some_and(|p| p.dead.is_none()));
    if alive && !args.has('k') {
        let place = expand(mux, call, "#{session_name}:#{window_index}", Some(found));
        return Err(if of_window {
            format!("respawn window failed: window {place} still active")
        } else {
            let index = expand(mux, call, "#{pane_index}", Some(found));
            format!("respawn pane failed: pane {place}.{index} still active")
        }
        .into());
    }
    let pane = match of_window.then(|| panes.first().copied()).flatten() {
        Some(first) => {
            mux.unzoom(found.window);
            for other in panes.into_iter().filter(|p| *p != first) {
                mux.kill_pane(other);
            }
            if let Some(w) = mux.windows.get_mut(&found.window) {
                w.layout = Layout::single(first, w.size);
                w.floats.clear();
                w.active = first;
            }
            mux.apply_layout(found.window);
            first
        }
        None => found.pane,
    };
    restart(mux, call, Found { pane, ..found });
    DONE
}

/// The same pane with a new program: a new life, an empty screen, the scrollback kept.
fn restart(mux: &mut Mux, call: &Call, found: Found) {
    let args = &call.args;
    let pane = found.pane;
    if mux.panes.get(&pane).is_some_and(|p| p.dead.is_none()) {
        mux.effects.push_back(Effect::Kill { pane });
    }
    let cwd = args.get('c').map(|c| expand(mux, call, &c, Some(found)));
    let Some(p) = mux.panes.get_mut(&pane) else { return };
    if let Some(cwd) = cwd {
        p.start_path = cwd;
    }
    let argv = args.texts_from(0);
    if !argv.is_empty() {
        p.start_argv = argv;
    }
    let limit = p.screen.history_limit();
    p.screen = Screen::new(p.size, limit);
    p.mode = None;
    p.dead = None;
    p.life = None;
    p.place = Place::Starting;
    p.typed_ahead.clear();
    let start = Start { argv: p.start_argv.clone(), env: start_env(mux, call), ..Start::default() };
    mux.screen_rules(pane);
    mux.spawn(pane, Some(found.session), start);
    mux.redraw_window(found.window);
}
