//! list-sessions, list-windows, list-panes, list-clients, list-commands, clear-history

use super::super::Mux;
use super::super::context::About;
use super::super::queue::{Call, Outcome};
use super::super::target::Found;
use super::{DONE, TABLE, Verb, json, passes, target, verb};
use crate::command::target::TargetKind;
use crate::ids::SessionId;

pub(crate) const SESSIONS: Verb = verb(
    ("list-sessions", "ls"),
    "F:f:O:r",
    (0, Some(0)),
    "[-F format | --json] [-f filter]",
    "List the sessions",
    sessions,
)
.long(&["--json"]);
pub(crate) const WINDOWS: Verb = verb(
    ("list-windows", "lsw"),
    "aF:f:O:rt:",
    (0, Some(0)),
    "[-a] [-F format | --json] [-f filter] [-t target-session]",
    "List the windows",
    windows,
)
.long(&["--json"]);
pub(crate) const PANES: Verb = verb(
    ("list-panes", "lsp"),
    "aF:f:O:rst:",
    (0, Some(0)),
    "[-as] [-F format | --json] [-f filter] [-t target-window]",
    "List the panes",
    panes,
)
.long(&["--json"]);
pub(crate) const CLIENTS: Verb = verb(
    ("list-clients", "lsc"),
    "F:f:O:rt:",
    (0, Some(0)),
    "[-F format | --json] [-t target-session]",
    "List the attached clients",
    clients,
)
.long(&["--json"]);
pub(crate) const COMMANDS: Verb = verb(
    ("list-commands", "lscm"),
    "F:",
    (0, Some(1)),
    "[-F format | --json] [command]",
    "List the commands",
    commands,
)
.long(&["--json"]);
pub(crate) const CLEAR_HISTORY: Verb = verb(
    ("clear-history", "clearhist"),
    "Ht:",
    (0, Some(0)),
    "[-t target-pane]",
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
    let as_json = json::wanted(call)?;
    // What the list is of, for formats that serve several.
    let (kind, fields) = match call.verb.spec.name {
        "list-sessions" => ("session_format", json::SESSION),
        "list-windows" => ("window_format", json::WINDOW),
        _ => ("pane_format", json::PANE),
    };
    let mut list = Vec::new();
    let format = call.args.get('F').unwrap_or_else(|| format.to_owned());
    let filter = call.args.get('f');
    let mut out = String::new();
    for (n, found) in places.iter().enumerate() {
        let about = About {
            client: call.client(),
            found: Some(*found),
            extra: [("line".to_owned(), n.to_string()), (kind.to_owned(), "1".to_owned())].into(),
            ..About::default()
        };
        if !passes(mux, filter.as_deref(), about.clone()) {
            continue;
        }
        if as_json {
            list.push(json::object(mux, fields, &about));
        } else {
            out.push_str(&mux.expand(&format, about));
            out.push('\n');
        }
    }
    if as_json {
        json::print(mux, call, &list);
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

fn sessions(mux: &mut Mux, call: &Call) -> Outcome {
    let places: Vec<Found> = by_name(mux).into_iter().filter_map(|s| mux.found_session(s)).collect();
    print_places(mux, call, &places, SESSION_LINE)
}

fn windows(mux: &mut Mux, call: &Call) -> Outcome {
    if call.args.has('a') {
        let places: Vec<Found> = by_name(mux).into_iter().flat_map(|s| places_of(mux, s)).collect();
        print_places(mux, call, &places, WINDOW_LINE_ALL)
    } else {
        let session = target(mux, call, 't', TargetKind::Session)?.session;
        let places = places_of(mux, session);
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
    let places: Vec<Found> = windows
        .into_iter()
        .flat_map(|f| {
            let panes = mux.windows.get(&f.window).map(|w| w.panes.clone()).unwrap_or_default();
            panes.into_iter().map(move |pane| Found { pane, ..f })
        })
        .collect();
    print_places(mux, call, &places, &format)
}

fn clients(mux: &mut Mux, call: &Call) -> Outcome {
    let (as_json, mut list) = (json::wanted(call)?, Vec::new());
    let only = match call.args.get('t') {
        Some(_) => Some(target(mux, call, 't', TargetKind::Session)?.session),
        None => None,
    };
    let format = call.args.get('F').unwrap_or_else(|| CLIENT_LINE.to_owned());
    let filter = call.args.get('f');
    let mut out = String::new();
    for c in mux.clients.values().filter(|c| c.attached && (only.is_none() || c.session == only)) {
        let found = c.session.and_then(|s| mux.found_session(s));
        let about = About { client: Some(c.id), found, ..About::default() };
        if !passes(mux, filter.as_deref(), about.clone()) {
            continue;
        }
        if as_json {
            list.push(json::object(mux, json::CLIENT, &about));
        } else {
            out.push_str(&mux.expand(&format, about));
            out.push('\n');
        }
    }
    if as_json {
        json::print(mux, call, &list);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}

fn commands(mux: &mut Mux, call: &Call) -> Outcome {
    let (as_json, mut list) = (json::wanted(call)?, Vec::new());
    let only = match call.args.word(0) {
        Some(name) => Some(super::find(&name)?.spec.name),
        None => None,
    };
    let format = call.args.get('F');
    let mut out = String::new();
    for v in TABLE.iter().filter(|v| only.is_none_or(|n| n == v.spec.name)) {
        let about = || {
            let extra = [
                ("command_list_name".to_owned(), v.spec.name.to_owned()),
                ("command_list_alias".to_owned(), v.spec.alias.to_owned()),
                ("command_list_usage".to_owned(), v.spec.usage.to_owned()),
                ("command_list_help".to_owned(), v.spec.help.to_owned()),
            ];
            About { extra: extra.into(), ..About::default() }
        };
        match &format {
            _ if as_json => {
                list.push(json::object(mux, json::COMMAND, &about()));
                continue;
            }
            Some(f) => out.push_str(&mux.expand(f, about())),
            None => out.push_str(&v.spec.usage_line()),
        }
        out.push('\n');
    }
    if as_json {
        json::print(mux, call, &list);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}

fn clear_history(mux: &mut Mux, call: &Call) -> Outcome {
    let found = target(mux, call, 't', TargetKind::Pane)?;
    if let Some(p) = mux.panes.get_mut(&found.pane) {
        p.screen.clear_history();
    }
    mux.redraw_pane(found.pane);
    DONE
}
