//! split-window

use super::super::layout::{Axis, SplitHow};
use super::super::queue::{Call, Outcome, Trouble};
use super::super::structure::Start;
use super::super::target::Found;
use super::super::{HostChoice, Mux};
use super::{Verb, cells, expand, host_choice, new_pane, start_dir, start_env, target, told_of_choice, verb};
use crate::command::Args;
use crate::command::target::TargetKind;

const USAGE: &str = "[-bdefhIklPvZ] [-c start-directory] [-e environment] [-F format] [-l size] [-m message] [-p percentage] [-s style] [-S active-border-style] [-R inactive-border-style] [-t target-pane] [--on host] [shell-command [argument ...]]";

pub(crate) const VERB: Verb = verb(
    ("split-window", "splitw"),
    "bc:de:EfF:hIkl:m:p:PR:s:S:t:vZ",
    (0, None),
    USAGE,
    "Split a pane in two",
    run,
)
.long(&["--on="]);

const FORMAT: &str = "#{session_name}:#{window_index}.#{pane_index}";

/// The split that `-h -v -b -f -l -p` ask for.
pub(super) fn how(mux: &Mux, args: &Args, at: Found) -> Result<SplitHow, Trouble> {
    let axis = if args.has('h') { Axis::LeftRight } else { Axis::TopBottom };
    let full = args.has('f');
    let whole = mux
        .windows
        .get(&at.window)
        .and_then(|w| if full { Some(w.layout.root.rect) } else { w.layout.rect(at.pane) });
    let whole = whole.map_or(0, |r| if axis == Axis::LeftRight { r.w } else { r.h });
    let size = match (args.get('l'), args.get('p')) {
        (Some(l), _) => Some(cells(&l, whole).ok_or_else(|| "size invalid".to_owned())?),
        (None, Some(p)) => {
            let percent = p.trim_end_matches('%');
            Some(cells(&format!("{percent}%"), whole).ok_or_else(|| "size invalid".to_owned())?)
        }
        (None, None) => None,
    };
    Ok(SplitHow { axis, size, before: args.has('b'), full })
}

/// `-E`, `-I` or one empty word: a pane that only shows what it is sent.
pub(super) fn is_empty(args: &Args) -> bool {
    args.has('E') || args.has('I') || args.texts_from(0) == [String::new()]
}

/// `-P`: where the new pane is.
pub(super) fn printed(mux: &mut Mux, call: &Call, made: Found) {
    if call.args.has('P') {
        let format = call.args.get('F').unwrap_or_else(|| FORMAT.into());
        let text = expand(mux, call, &format, Some(made));
        mux.print(&call.origin, &text);
    }
}

pub(super) fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let how = how(mux, args, found)?;
    let host = host_choice(mux, args)?;
    let auto = host == HostChoice::Auto;
    let cwd = start_dir(mux, call, Some(found));
    let argv = args.texts_from(0);
    let empty = is_empty(args);
    let start = Start { argv, cwd, env: start_env(mux, call), host, empty };
    let pane = mux.split(Some(found.session), found.pane, how, start)?;
    new_pane::dress(mux, call, pane);
    if !args.has('d') {
        mux.select_pane(pane);
    }
    if args.has('Z') {
        mux.zoom(pane);
    }
    printed(mux, call, Found { pane, ..found });
    if args.has('I') {
        return super::load_buffer::pane_stdin(mux, call, Some(pane));
    }
    told_of_choice(mux, call, auto, pane)
}
