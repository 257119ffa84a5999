//! new-window

use super::super::alerts::Alert;
use super::super::names::given_name;
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::super::structure::Start;
use super::super::{HostChoice, Mux};
use super::{DONE, Verb, expand, host_choice, start_dir, start_env, told_of_choice, verb};

const USAGE: &str = "[-abdkPS] [-c start-directory] [-e environment] [-F format] [-n window-name] [-t target-window] [--on host] [shell-command [argument ...]]";

pub(crate) const VERB: Verb =
    verb(("new-window", "neww"), "abc:de:F:kn:PSt:", (0, None), USAGE, "Create a window", run)
        .long(&["--on="]);

const FORMAT: &str = "#{session_name}:#{window_index}.#{pane_index}";

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let (session, mut index) = mux.find_index(&call.origin, args.get('t').as_deref())?;
    let here = mux.found_session(session);
    let name = match args.get('n') {
        Some(n) => Some(given_name("window", &expand(mux, call, &n, here))?),
        None => None,
    };
    if let (true, Some(name), None) = (args.has('S'), &name, index)
        && let Some(found) = mux.find_window_in(session, name, true)
    {
        if !args.has('d') {
            mux.select_index(session, found.index);
        }
        return DONE;
    }
    let host = host_choice(mux, args)?;
    let auto = host == HostChoice::Auto;
    if args.has('a') || args.has('b') {
        let at = index.or(here.map(|f| f.index)).unwrap_or(0);
        let at = if args.has('b') { at } else { at.saturating_add(1) };
        mux.shuffle_up(session, at);
        index = Some(at);
    }
    let cwd = start_dir(mux, call, here);
    let start = Start { argv: args.texts_from(0), cwd, env: start_env(mux, call), host, empty: false };
    let taken = index.and_then(|i| mux.found_index(session, i));
    if taken.is_some() && !args.has('k') {
        let i = index.unwrap_or(0);
        return Err(format!("create window failed: index {i} in use").into());
    }
    let base = mux.option_number(Scope::Session(session), "base-index").max(0) as u32;
    let index = index.unwrap_or_else(|| mux.free_index(session, base));
    let size = mux.new_window_size(session);
    let window = mux.make_window(Some(session), name, size, start);
    if let Some(old) = taken {
        // The new one takes the place first, so that the session is never without a window.
        let parked = mux.free_index(session, index);
        mux.link(session, parked, window);
        mux.kill_window(old.window);
        if let Some(s) = mux.sessions.get_mut(&session)
            && let Some(link) = s.links.remove(&parked)
        {
            s.links.insert(index, link);
            if s.current == parked {
                s.current = index;
            }
        }
    } else {
        mux.link(session, index, window);
    }
    if !args.has('d') {
        mux.select_index(session, index);
    }
    mux.note_activity(window, Alert::Activity);
    if args.has('P') {
        let format = args.get('F').unwrap_or_else(|| FORMAT.into());
        let text = expand(mux, call, &format, mux.found_index(session, index));
        mux.print(&call.origin, &text);
    }
    match mux.window(window).map(|w| w.active) {
        Some(pane) => told_of_choice(mux, call, auto, pane),
        None => DONE,
    }
}
