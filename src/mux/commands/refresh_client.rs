//! refresh-client

use super::super::Mux;
use super::super::queue::{Call, Outcome, Trouble};
use super::{DONE, Verb, verb};
use crate::command::target::TargetKind;
use crate::ids::{ClientId, Size, WindowId};
use std::time::Duration;

pub(crate) const VERB: Verb = verb(
    ("refresh-client", "refresh"),
    "A:B:cC:Df:r:F:lLRSt:U",
    (0, Some(1)),
    "[-cDlLRSU] [-A pane:state] [-B name:what:format] [-C XxY] [-f flags] [-r pane:report] [-t target-client] [adjustment]",
    "Draw a client anew",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('t').as_deref())?;
    let is_control = mux.clients.get(&client).is_some_and(|c| c.control.is_some());
    if (args.has('A') || args.has('B') || args.has('C')) && !is_control {
        return Err("not a control client".into());
    }
    for state in args.all('A') {
        let (pane, state) = state.split_once(':').ok_or("bad pane argument")?;
        let found = mux.find(&call.origin, Some(pane), TargetKind::Pane)?;
        mux.control_pane(client, found.pane, state);
    }
    for text in args.all('B') {
        mux.subscribe(client, &text)?;
    }
    if let Some(flags) = args.get('f').or_else(|| args.get('F')) {
        set_flags(mux, client, &flags);
    }
    if let Some(size) = args.get('C') {
        set_size(mux, client, &size)?;
    }
    if is_control {
        return DONE;
    }
    if args.has('l') {
        mux.effects.push_back(super::super::Effect::Terminal { client, bytes: b"\x1b]52;;?\x07".to_vec() });
    }
    pan(mux, call, client)?;
    for v in mux.shell_values.borrow_mut().values_mut() {
        v.wanted = true;
    }
    mux.redraw.insert(client);
    DONE
}

/// `-L -R -U -D`: another part of a window that is larger than the client; `-c`: the one the cursor is in.
fn pan(mux: &mut Mux, call: &Call, client: ClientId) -> Outcome {
    let args = &call.args;
    if args.has('c')
        && let Some(c) = mux.clients.get_mut(&client)
    {
        c.panned = None;
    }
    if !['L', 'R', 'U', 'D'].iter().any(|flag| args.has(*flag)) {
        return DONE;
    }
    let by = match args.word(0) {
        None => 1,
        Some(text) => match text.parse::<u16>() {
            Ok(n @ 1..) => n,
            Ok(_) => return Err("adjustment too small".into()),
            Err(_) => return Err("adjustment invalid".into()),
        },
    };
    let room = mux.clients.get(&client).and_then(|c| mux.client_area(c));
    let (Some(room), Some(window)) = (room, mux.client_window(client)) else { return DONE };
    let (id, size) = (window.id, window.size);
    let (mut x, mut y) = mux.view_offset(client, room);
    if args.has('L') {
        x = x.saturating_sub(by);
    } else if args.has('R') {
        x = x.saturating_add(by).min(size.cols.saturating_sub(room.cols));
    } else if args.has('U') {
        y = y.saturating_sub(by);
    } else {
        y = y.saturating_add(by).min(size.rows.saturating_sub(room.rows));
    }
    if let Some(c) = mux.clients.get_mut(&client) {
        c.panned = Some((id, (x, y)));
    }
    DONE
}

fn set_size(mux: &mut Mux, client: ClientId, text: &str) -> Outcome {
    let bad = || Trouble::new(1, "bad size argument");
    let (window, size) = match text.strip_prefix('@') {
        Some(rest) => {
            let (id, size) = rest.split_once(':').ok_or_else(bad)?;
            (Some(WindowId(id.parse().map_err(|_| bad())?)), size)
        }
        None => (None, text),
    };
    let read = |size: &str| -> Result<Size, Trouble> {
        let (w, h) = size.split_once(['x', ',']).ok_or_else(bad)?;
        let side = |t: &str| t.parse::<u32>().map_err(|_| bad());
        let (w, h) = (side(w)?, side(h)?);
        if w < 1 || h < 1 || w > u32::from(Size::MAX) || h > u32::from(Size::MAX) {
            return Err(Trouble::new(1, "size too small or too big"));
        }
        Ok(Size::new(w as u16, h as u16))
    };
    let new = if window.is_some() && size.is_empty() { None } else { Some(read(size)?) };
    let Some(c) = mux.clients.get_mut(&client) else { return DONE };
    let Some(control) = &mut c.control else { return DONE };
    match (window, new) {
        (Some(id), Some(size)) => drop(control.window_sizes.insert(id, size)),
        (Some(id), None) => drop(control.window_sizes.remove(&id)),
        (None, Some(size)) => {
            control.sized = true;
            c.size = size;
        }
        (None, None) => {}
    }
    mux.sizes_dirty = true;
    DONE
}

/// Client flags, separated by commas; `!` before one takes it away.
pub(super) fn set_flags(mux: &mut Mux, client: ClientId, flags: &str) {
    for word in flags.split(',') {
        let (on, word) = match word.strip_prefix('!') {
            Some(rest) => (false, rest),
            None => (true, word),
        };
        let Some(c) = mux.clients.get_mut(&client) else { return };
        match word {
            "read-only" => c.read_only = on,
            "ignore-size" => c.ignore_size = on,
            "active-pane" => c.own_active_pane = on,
            "no-detach-on-destroy" => c.stays = on,
            _ => {}
        }
        let Some(control) = &mut c.control else { continue };
        match word.split_once('=').unwrap_or((word, "")) {
            ("pause-after", seconds) => {
                let seconds = seconds.parse().unwrap_or(0);
                control.pause_after = on.then_some(Duration::from_secs(seconds));
            }
            ("no-output", _) => control.no_output = on,
            ("wait-exit", _) => control.wait_exit = on,
            _ => {}
        }
    }
    mux.sizes_dirty = true;
}
