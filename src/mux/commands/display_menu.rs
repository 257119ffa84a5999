//! display-menu

use super::super::Mux;
use super::super::context::About;
use super::super::layout::Rect;
use super::super::model::Overlay;
use super::super::overlay::{Looks, Menu, MenuItem};
use super::super::queue::{Call, Flow, Outcome, Trouble};
use super::super::settings::Scope;
use super::super::target::Found;
use super::{DONE, Verb, target, verb};
use crate::command::Word;
use crate::command::target::TargetKind;
use crate::ids::{ClientId, Size};
use crate::vt::keys;

pub(crate) const VERB: Verb = verb(
    ("display-menu", "menu"),
    "b:c:C:H:OMs:S:t:T:x:y:",
    (1, None),
    "[-MO] [-b border-lines] [-c target-client] [-C starting-choice] [-H selected-style] [-s style] [-S border-style] [-t target-pane] [-T title] [-x position] [-y position] name [key] [command] ...",
    "Show a menu",
    run,
);

/// Most lines of a menu.
const MAX_ITEMS: usize = 500;

/// How a box looks: from flags, else from the window's options of this kind.
pub(super) fn looks(mux: &Mux, call: &Call, kind: &str, found: Option<Found>) -> Result<Looks, Trouble> {
    let scope = found.map_or(Scope::GlobalWindow, |f| Scope::Window(f.window));
    let option = |name: &str| mux.option_text(scope, &format!("{kind}-{name}"));
    let flag = |flag: char, name: &str| call.args.get(flag).unwrap_or_else(|| option(name));
    let lines = flag('b', "border-lines");
    let known = ["single", "double", "heavy", "simple", "rounded", "padded", "none"];
    let lines = known
        .iter()
        .find(|k| **k == lines)
        .or_else(|| known.iter().find(|k| !lines.is_empty() && k.starts_with(lines.as_str())))
        .ok_or_else(|| format!("unknown value: {lines}"))?;
    let title = call.args.get('T').map(|t| super::expand(mux, call, &t, found)).unwrap_or_default();
    Ok(Looks {
        style: flag('s', "style"),
        border_style: flag('S', "border-style"),
        lines: (*lines).to_owned(),
        title,
    })
}

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('c').as_deref())?;
    let found = place(mux, call)?;
    if mux.clients.get(&client).is_none_or(|c| c.prompt.is_some()) {
        return DONE;
    }
    let items = items(mux, call, client, found)?;
    if items.is_empty() {
        return DONE;
    }
    let looks = looks(mux, call, "menu", found)?;
    let scope = found.map_or(Scope::GlobalWindow, |f| Scope::Window(f.window));
    let selected_style = args.get('H').unwrap_or_else(|| mux.option_text(scope, "menu-selected-style"));
    let widest = items.iter().map(width).max().unwrap_or(0).max(columns(&looks.title));
    let size = mux.clients.get(&client).map_or(Size::new(80, 24), |c| c.size);
    let border = if looks.lines == "none" { 0 } else { 2 };
    let (w, h) = (widest + 2 + border, items.len() + border);
    if w > usize::from(size.cols) || h > usize::from(size.rows) {
        // As tmux: a menu that does not fit is not shown.
        return DONE;
    }
    let (w, h) = (w as u16, h as u16);
    let rect: Rect = mux.box_place((client, &call.origin), (args.get('x'), args.get('y')), (w, h), found);
    let choosable = |i: &usize| items.get(*i).is_some_and(|i| i.name.is_some() && !i.disabled);
    let chosen = match args.get('C').as_deref() {
        Some("-") => None,
        Some(n) => n.parse::<usize>().ok().filter(choosable),
        None if call.origin.mouse.is_some() => None,
        None => (0..items.len()).find(choosable),
    };
    let waits = call.queue.filter(|c| mux.clients.get(c).is_some_and(|c| !c.attached)).map(Some);
    let origin = std::sync::Arc::new(super::super::queue::Origin {
        client: Some(client),
        current: found.or(call.origin.current),
        ..(*call.origin).clone()
    });
    let stays = args.has('O') || call.origin.mouse.is_none();
    let menu = Menu { rect, looks, selected_style, items, chosen, stays, completes: false, waits, origin };
    mux.open_overlay(client, Overlay::Menu(Box::new(menu)));
    Ok(if waits.is_some() { Flow::Wait } else { Flow::Done })
}

/// The pane a menu or popup is about.
pub(super) fn place(mux: &Mux, call: &Call) -> Result<Option<Found>, Trouble> {
    Ok(match call.args.get('t') {
        Some(_) => Some(target(mux, call, 't', TargetKind::Pane)?),
        None => mux.current(&call.origin),
    })
}

fn columns(text: &str) -> usize {
    use unicode_width::UnicodeWidthStr as _;
    crate::format::style::plain(text).width()
}

/// Columns of a line: its name, and its key in parentheses.
pub(crate) fn width(item: &MenuItem) -> usize {
    let key = item.key.map_or(0, |k| keys::name(k).chars().count() + 3);
    item.name.as_deref().map_or(0, columns) + key
}

fn items(mux: &Mux, call: &Call, client: ClientId, found: Option<Found>) -> Result<Vec<MenuItem>, Trouble> {
    let about = About { client: Some(client), found, ..About::default() };
    let mut out: Vec<MenuItem> = Vec::new();
    let mut words = call.args.words.iter();
    while let Some(name) = words.next() {
        let name = name.to_text();
        if name.is_empty() {
            // Nothing is parted from nothing.
            if out.last().is_some_and(|i| i.name.is_some()) {
                out.push(MenuItem { name: None, key: None, disabled: true, command: None });
            }
            continue;
        }
        let (Some(key), Some(command)) = (words.next(), words.next()) else {
            return Err("not enough arguments".into());
        };
        let shown = mux.expand(&name, about.clone());
        // What expands to nothing is not in the menu.
        if shown.is_empty() {
            continue;
        }
        let (disabled, shown) = match shown.strip_prefix('-') {
            Some(rest) => (true, rest.to_owned()),
            None => (false, shown),
        };
        let command = match command {
            Word::Text(t) => Word::Text(mux.expand(t, about.clone())),
            Word::Block(_) => command.clone(),
        };
        let key = key.to_text();
        let key = if key.is_empty() { None } else { keys::parse_name(&key) };
        if out.len() < MAX_ITEMS {
            out.push(MenuItem { name: Some(shown), key, disabled, command: Some(command) });
        }
    }
    if out.last().is_some_and(|i| i.name.is_none()) {
        out.pop();
    }
    Ok(out)
}
