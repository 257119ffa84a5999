//! new-pane: a pane that floats over the others

use super::super::layout::Rect;
use super::super::options::Value;
use super::super::queue::{Call, Outcome, Trouble};
use super::super::structure::Start;
use super::super::target::Found;
use super::super::{HostChoice, Mux};
use super::{
    Verb, cells, expand, host_choice, split_window, start_dir, start_env, target, told_of_choice, verb,
};
use crate::command::Args;
use crate::command::target::TargetKind;
use crate::ids::{PaneId, Size};

const USAGE: &str = "[-bdefhIklPvZ] [-c start-directory] [-e environment] [-F format] [-l size] [-m message] [-p percentage] [-s style] [-S active-border-style] [-R inactive-border-style] [-x width] [-y height] [-X x-position] [-Y y-position] [-t target-pane] [--on host] [shell-command [argument ...]]";

pub(crate) const VERB: Verb = verb(
    ("new-pane", "newp"),
    "bc:de:EfF:hIkl:m:p:PR:s:S:t:vx:X:y:Y:Z",
    (0, None),
    USAGE,
    "Open a pane that floats over the others",
    run,
)
.long(&["--on="]);

/// `-k -m -s -S -R`: what stays when the program ends, and how the pane looks.
pub(super) fn dress(mux: &mut Mux, call: &Call, pane: PaneId) {
    let args = &call.args;
    let found = mux.found_pane(pane, None);
    let message = args.get('m').map(|m| expand(mux, call, &m, found));
    let Some(p) = mux.panes.get_mut(&pane) else { return };
    if args.has('k') || message.is_some() {
        p.options.put("remain-on-exit", Value::Text("key".into()));
    }
    if let Some(message) = message {
        p.options.put("remain-on-exit-format", Value::Text(message));
    }
    for (flag, names) in [
        ('s', &["window-style", "window-active-style"][..]),
        ('S', &["pane-active-border-style"]),
        ('R', &["pane-border-style"]),
    ] {
        if let Some(style) = args.get(flag) {
            names.iter().for_each(|name| p.options.put(name, Value::Text(style.clone())));
        }
    }
}

/// Place and size in the window: half of it in the middle when nothing is said.
fn rect(args: &Args, window: Size) -> Result<Rect, Trouble> {
    let number = |flag: char, whole: u16, what: &str| -> Result<Option<u16>, Trouble> {
        args.get(flag)
            .map(|t| cells(&t, whole).ok_or_else(|| Trouble::new(1, format!("{what} invalid: {t}"))))
            .transpose()
    };
    // A border on each side belongs to it.
    let most = |whole: u16| whole.saturating_sub(2).max(1);
    let w = number('x', window.cols, "width")?.unwrap_or(window.cols / 2).clamp(1, most(window.cols));
    let h = number('y', window.rows, "height")?.unwrap_or(window.rows / 2).clamp(1, most(window.rows));
    let x = number('X', window.cols, "x position")?.unwrap_or((window.cols.saturating_sub(w)) / 2);
    let y = number('Y', window.rows, "y position")?.unwrap_or((window.rows.saturating_sub(h)) / 2);
    Ok(Rect { x, y, w, h })
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    if args.has('h') || args.has('v') {
        return split_window::run(mux, call);
    }
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let host = host_choice(mux, args)?;
    let auto = host == HostChoice::Auto;
    let size = mux.windows.get(&found.window).map(|w| w.size).ok_or("no window")?;
    let rect = rect(args, size)?;
    let empty = split_window::is_empty(args);
    let cwd = start_dir(mux, call, Some(found));
    let start = Start { argv: args.texts_from(0), cwd, env: start_env(mux, call), host, empty };
    let pane = mux.float(Some(found.session), found.window, rect, start)?;
    dress(mux, call, pane);
    if !args.has('d') {
        mux.select_pane(pane);
    }
    if args.has('Z') {
        mux.zoom(pane);
    }
    split_window::printed(mux, call, Found { pane, ..found });
    if args.has('I') {
        return super::load_buffer::pane_stdin(mux, call, Some(pane));
    }
    told_of_choice(mux, call, auto, pane)
}
