//! list-sessions, list-windows, list-panes, list-clients, list-commands, clear-history

use super::super::context::About;
use super::super::queue::{Call, Outcome, Trouble};
use super::super::target::Found;
use super::super::{Client, Mux};
use super::{DONE, TABLE, Verb, as_json, passes, target, verb};
use crate::command::Args;
use crate::command::target::TargetKind;
use crate::ids::{PaneId, SessionId};

pub(crate) const SESSIONS: Verb = verb(
    ("list-sessions", "ls"),
    "F:f:O:r",
    (0, Some(0)),
    "[-r] [-F format] [-f filter] [-O order]",
    "List the sessions",
    sessions,
)
.long(as_json::FLAG);
pub(crate) const WINDOWS: Verb = verb(
    ("list-windows", "lsw"),
    "aF:f:O:rt:",
    (0, Some(0)),
    "[-ar] [-F format] [-f filter] [-O order] [-t target-session]",
    "List the windows",
    windows,
)
.long(as_json::FLAG);
pub(crate) const PANES: Verb = verb(
    ("list-panes", "lsp"),
    "aF:f:O:rst:",
    (0, Some(0)),
    "[-asr] [-F format] [-f filter] [-O order] [-t target-window]",
    "List the panes",
    panes,
)
.long(as_json::FLAG);
pub(crate) const CLIENTS: Verb = verb(
    ("list-clients", "lsc"),
    "F:f:O:rt:",
    (0, Some(0)),
    "[-F format] [-f filter] [-O order] [-t target-session]",
    "List the attached clients",
    clients,
)
.long(as_json::FLAG);
pub(crate) const COMMANDS: Verb = verb(
    ("list-commands", "lscm"),
    "F:",
    (0, Some(1)),
    "[-F format] [command]",
    "List the commands",
    commands,
)
.long(as_json::FLAG);
pub(crate) const CLEAR_HISTORY: Verb = verb(
    ("clear-history", "clearhist"),
    "Ht:",
    (0, Some(0)),
    "[-H] [-t target-pane]",
    "Forget a pane's scrollback",
    clear_history,
);

const SESSION_LINE: &str = "#{session_name}: #{session_windows} windows (created #{t:session_created})#{?session_grouped, (group ,}#{session_group}#{?session_grouped,),}#{?session_attached, (attached),}";
const WINDOW_LINE: &str = "#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) [#{window_width}x#{window_height}] [layout #{window_layout}] #{window_id}#{?window_active, (active),}";
const WINDOW_LINE_ALL: &str = "#{session_name}:#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) [#{window_width}x#{window_height}] ";
const PANE_LINE: &str = "#{pane_index}: [#{pane_width}x#{pane_height}] [history #{history_size}/#{history_limit}, #{history_bytes} bytes] #{pane_id}#{?pane_active, (active),}#{?pane_dead, (dead),}#{?pane_remote, (#{pane_host}),}";
const CLIENT_LINE: &str = "#{client_name}: #{session_name} [#{client_width}x#{client_height} #{client_termname}] #{?client_flags,(,}#{client_flags}#{?client_flags,),}";

/// Lines for places, those a filter lets through.
fn print_places(mux: &mut Mux, call: &Call, places: &[Found], format: &str) -> Outcome {
    // What the list is of, for formats that serve several.
    let (kind, fields) = match call.verb.spec.name {
        "list-sessions" => ("session_format", as_json::SESSION),
        "list-windows" => ("window_format", as_json::WINDOW),
        _ => ("pane_format", as_json::PANE),
    };
    let kinds = ["session_format", "window_format", "pane_format"]
        .map(|k| (k.to_owned(), if k == kind { "1" } else { "0" }.to_owned()));
    let json = as_json::wanted(call)?;
    let mut objects = Vec::new();
    let format = call.args.get('F').unwrap_or_else(|| format.to_owned());
    let filter = call.args.get('f');
    let mut out = String::new();
    for (n, found) in places.iter().enumerate() {
        let about = About {
            client: call.client(),
            found: Some(*found),
            extra: kinds.iter().cloned().chain([("line".to_owned(), n.to_string())]).collect(),
            ..About::default()
        };
        if !passes(mux, filter.as_deref(), about.clone()) {
            continue;
        }
        if json {
            objects.push(as_json::object(mux, &about, fields));
        } else {
            out.push_str(&mux.expand(&format, about));
            out.push('\n');
        }
    }
    if json {
        as_json::print(mux, &call.origin, objects);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}

/// Sessions by name, as tmux lists them.
pub(super) fn by_name(mux: &Mux) -> Vec<SessionId> {
    let mut all: Vec<(&str, SessionId)> = mux.sessions.values().map(|s| (s.name.as_str(), s.id)).collect();
    all.sort();
    all.into_iter().map(|(_, id)| id).collect()
}

pub(super) fn places_of(mux: &Mux, session: SessionId) -> Vec<Found> {
    let Some(s) = mux.sessions.get(&session) else { return Vec::new() };
    s.links.keys().filter_map(|i| mux.found_index(session, *i)).collect()
}

/// `-O`: one of these words, if any.
pub(super) fn order<'w>(args: &Args, words: &[&'w str]) -> Result<Option<&'w str>, Trouble> {
    let Some(typed) = args.get('O') else { return Ok(None) };
    // tmux reads any of its words everywhere; one that means nothing for a list leaves it as it is.
    const ALL: [&str; 9] = ["activity", "creation", "index", "key", "modifier", "name", "order", "size", "z"];
    if !ALL.contains(&typed.as_str()) {
        return Err("invalid sort order".into());
    }
    Ok(words.iter().copied().find(|w| *w == typed).or(Some("")))
}

/// `-r`, which turns only what `-O` sorted.
pub(super) fn turn<T>(args: &Args, all: &mut [T]) {
    if args.has('r') && args.has('O') {
        all.reverse();
    }
}

/// Sessions in the order of `-O`; by name without.
pub(super) fn ordered(mux: &Mux, args: &Args) -> Result<Vec<SessionId>, Trouble> {
    let mut all = by_name(mux);
    let of = |id: &SessionId| mux.sessions.get(id);
    match order(args, &["index", "creation", "activity"])? {
        Some("index") => all.sort(),
        Some("creation") => all.sort_by_key(|s| of(s).map(|s| (s.created, s.id))),
        Some("activity") => all.sort_by_key(|s| std::cmp::Reverse(of(s).map(|s| s.activity))),
        _ => {}
    }
    turn(args, &mut all);
    Ok(all)
}

fn order_windows(mux: &Mux, args: &Args, places: &mut [Found]) -> Result<(), Trouble> {
    let of = |f: &Found| mux.windows.get(&f.window);
    let name = |f: &Found| of(f).map(|w| w.name.clone());
    match order(args, &["index", "name", "size", "creation", "activity"])? {
        Some("index") => places.sort_by_key(|f| f.index),
        Some("creation") => places.sort_by_key(|f| f.window),
        Some("activity") => places.sort_by_key(|f| (std::cmp::Reverse(of(f).map(|w| w.activity)), name(f))),
        Some("size") => {
            let area = |f: &Found| of(f).map(|w| u32::from(w.size.cols) * u32::from(w.size.rows));
            places.sort_by_key(|f| (area(f), name(f)));
        }
        Some(_) => places.sort_by_key(name),
        None => {}
    }
    turn(args, places);
    Ok(())
}

/// The panes of one window; several windows stay in their order, as in tmux.
fn order_panes(mux: &Mux, args: &Args, panes: &mut [PaneId]) -> Result<(), Trouble> {
    let of = |p: &PaneId| mux.panes.get(p);
    let title = |p: &PaneId| of(p).map(|p| p.title().to_owned());
    match order(args, &["index", "name", "size", "creation", "activity"])? {
        Some("creation") => panes.sort(),
        Some("name") => panes.sort_by_key(title),
        Some("size") => {
            let area = |p: &PaneId| of(p).map(|p| u32::from(p.size.cols) * u32::from(p.size.rows));
            panes.sort_by_key(|p| (area(p), title(p)));
        }
        _ => {}
    }
    turn(args, panes);
    Ok(())
}

fn sessions(mux: &mut Mux, call: &Call) -> Outcome {
    let all = ordered(mux, &call.args)?;
    let places: Vec<Found> = all.into_iter().filter_map(|s| mux.found_session(s)).collect();
    print_places(mux, call, &places, SESSION_LINE)
}

fn windows(mux: &mut Mux, call: &Call) -> Outcome {
    if call.args.has('a') {
        let mut places: Vec<Found> = by_name(mux).into_iter().flat_map(|s| places_of(mux, s)).collect();
        order_windows(mux, &call.args, &mut places)?;
        print_places(mux, call, &places, WINDOW_LINE_ALL)
    } else {
        let session = target(mux, call, 't', TargetKind::Session)?.session;
        let mut places = places_of(mux, session);
        order_windows(mux, &call.args, &mut places)?;
        print_places(mux, call, &places, WINDOW_LINE)
    }
}

fn panes(mux: &mut Mux, call: &Call) -> Outcome {
    let (windows, format): (Vec<Found>, String) = if call.args.has('a') {
        let all = by_name(mux).into_iter().flat_map(|s| places_of(mux, s)).collect();
        (all, format!("#{{session_name}}:#{{window_index}}.{PANE_LINE}"))
    } else if call.args.has('s') {
        let session = target(mux, call, 't', TargetKind::Session)?.session;
        (places_of(mux, session), format!("#{{window_index}}.{PANE_LINE}"))
    } else {
        (vec![target(mux, call, 't', TargetKind::Window)?], PANE_LINE.to_owned())
    };
    let mut places = Vec::new();
    for f in windows {
        let mut panes = mux.windows.get(&f.window).map(|w| w.panes.clone()).unwrap_or_default();
        order_panes(mux, &call.args, &mut panes)?;
        places.extend(panes.into_iter().map(|pane| Found { pane, ..f }));
    }
    print_places(mux, call, &places, &format)
}

fn clients(mux: &mut Mux, call: &Call) -> Outcome {
    let only = match call.args.get('t') {
        Some(_) => Some(target(mux, call, 't', TargetKind::Session)?.session),
        None => None,
    };
    let format = call.args.get('F').unwrap_or_else(|| CLIENT_LINE.to_owned());
    let filter = call.args.get('f');
    let json = as_json::wanted(call)?;
    let mut objects = Vec::new();
    let mut out = String::new();
    let mut all: Vec<&Client> =
        mux.clients.values().filter(|c| c.attached && (only.is_none() || c.session == only)).collect();
    match order(&call.args, &["name", "size", "creation", "activity"])? {
        Some("name") => all.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("size") => all.sort_by_key(|c| u32::from(c.size.cols) * u32::from(c.size.rows)),
        Some("creation") => all.sort_by_key(|c| c.created),
        Some("activity") => all.sort_by_key(|c| std::cmp::Reverse(c.activity)),
        _ => {}
    }
    turn(&call.args, &mut all);
    for c in all {
        let found = c.session.and_then(|s| mux.found_session(s));
        let about = About { client: Some(c.id), found, ..About::default() };
        if !passes(mux, filter.as_deref(), about.clone()) {
            continue;
        }
        if json {
            objects.push(as_json::object(mux, &about, as_json::CLIENT));
        } else {
            out.push_str(&mux.expand(&format, about));
            out.push('\n');
        }
    }
    if json {
        as_json::print(mux, &call.origin, objects);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}

fn commands(mux: &mut Mux, call: &Call) -> Outcome {
    let only = match call.args.word(0) {
        Some(name) => Some(super::find(&name)?.spec.name),
        None => None,
    };
    let format = call.args.get('F');
    let json = as_json::wanted(call)?;
    let mut objects = Vec::new();
    let mut out = String::new();
    for v in TABLE.iter().filter(|v| only.is_none_or(|n| n == v.spec.name)) {
        let extra = [
            ("command_list_name".to_owned(), v.spec.name.to_owned()),
            ("command_list_alias".to_owned(), v.spec.alias.to_owned()),
            ("command_list_usage".to_owned(), v.spec.usage.to_owned()),
            ("command_list_help".to_owned(), v.spec.help.to_owned()),
        ];
        let about = About { extra: extra.into(), ..About::default() };
        match &format {
            _ if json => objects.push(as_json::object(mux, &about, as_json::COMMAND)),
            Some(f) => out.push_str(&mux.expand(f, about)),
            None => out.push_str(&v.spec.usage_line()),
        }
        out.push('\n');
    }
    if json {
        as_json::print(mux, &call.origin, objects);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}

fn clear_history(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if let Some(p) = mux.panes.get_mut(&found.pane) {
        p.screen.clear_history();
        if call.args.has('H') {
            p.screen.forget_hyperlinks();
        }
    }
    mux.redraw_pane(found.pane);
    DONE
}
