//! display-popup

use super::super::Mux;
use super::super::event::HostChoice;
use super::super::model::Overlay;
use super::super::overlay::{Closes, Popup, inside};
use super::super::queue::{Call, Flow, Outcome, Trouble};
use super::super::structure::Start;
use super::{DONE, Verb, cells, display_menu, env_flags, expand, verb};
use crate::ids::{Size, WindowId};

pub(crate) const VERB: Verb = verb(
    ("display-popup", "popup"),
    "Bb:Cc:d:e:Eh:kNs:S:t:T:w:x:y:",
    (0, None),
    "[-BCEkN] [-b border-lines] [-c target-client] [-d start-directory] [-e environment] [-h height] [-s style] [-S border-style] [-t target-pane] [-T title] [-w width] [-x position] [-y position] [shell-command [argument ...]]",
    "Run a command in a box over the panes",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('c').as_deref())?;
    if args.has('C') {
        mux.close_overlay(client);
        return DONE;
    }
    // One is enough: as tmux, a second one is not opened.
    if mux.clients.get(&client).is_none_or(|c| c.overlay.is_some() || c.prompt.is_some()) {
        return DONE;
    }
    let found = display_menu::place(mux, call)?;
    let mut looks = display_menu::looks(mux, call, "popup", found)?;
    if args.has('B') {
        looks.lines = "none".into();
    }
    let terminal = mux.clients.get(&client).map_or(Size::new(80, 24), |c| c.size);
    let side = |flag: char, whole: u16, what: &str| -> Result<u16, Trouble> {
        let least = if looks.lines == "none" { 1 } else { 3 };
        match args.get(flag) {
            None => Ok((whole / 2).max(least)),
            Some(text) => {
                let n =
                    cells(&text, whole).ok_or_else(|| Trouble::new(1, format!("{what} invalid: {text}")))?;
                if n < 1 {
                    return Err(format!("{what} too small").into());
                }
                Ok(n.clamp(least, whole.max(least)))
            }
        }
    };
    let (w, h) = (side('w', terminal.cols, "width")?, side('h', terminal.rows, "height")?);
    let rect = mux.box_place((client, &call.origin), (args.get('x'), args.get('y')), (w, h), found);
    let session = found.map(|f| f.session);
    let cwd = match args.get('d') {
        Some(d) => expand(mux, call, &d, found),
        None => super::start_dir(mux, call, found),
    };
    let start =
        Start { argv: args.texts_from(0), cwd, env: env_flags(args), host: HostChoice::Here, empty: false };
    // It is in no window: what lists panes does not see it.
    let nowhere = WindowId(u32::MAX);
    let pane = mux.make_pane(nowhere, session, inside(rect, &looks).size(), start);
    let closes = match args.count('E') {
        0 if args.has('k') => Closes::AtAnyKey,
        0 => Closes::ByKey,
        1 => Closes::AtExit,
        _ => Closes::AtSuccess,
    };
    let waits = call.queue.filter(|c| mux.clients.get(c).is_some_and(|c| !c.attached)).map(Some);
    let popup = Popup { rect, looks, pane, closes, ended: false, no_keys: args.has('N'), waits, held: None };
    mux.open_overlay(client, Overlay::Popup(Box::new(popup)));
    Ok(if waits.is_some() { Flow::Wait } else { Flow::Done })
}
