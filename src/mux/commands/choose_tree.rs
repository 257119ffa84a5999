//! choose-tree, choose-buffer, choose-client: a list to choose from, over the pane

use super::super::context::About;
use super::super::list::{ListItem, ListKind, ListMode, MAX_ITEMS};
use super::super::options::{Kind, Level, OPTIONS};
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::super::target::Found;
use super::super::{Mode, Mux};
use super::{DONE, Verb, lists, passes, target, verb};
use crate::command::target::TargetKind;
use std::collections::BTreeSet;

const USAGE: &str =
    "[-GNrswZ] [-F format] [-f filter] [-K key-format] [-O sort-order] [-t target-pane] [template]";

pub(crate) const TREE: Verb = verb(
    ("choose-tree", ""),
    "F:f:GhK:NO:rst:wyZ",
    (0, Some(1)),
    USAGE,
    "Choose a session, window or pane",
    run,
);
pub(crate) const BUFFER: Verb =
    verb(("choose-buffer", ""), "F:f:K:NO:rt:yZ", (0, Some(1)), USAGE, "Choose a paste buffer", run);
pub(crate) const CLIENT: Verb =
    verb(("choose-client", ""), "F:f:K:NO:rt:yZ", (0, Some(1)), USAGE, "Choose a client", run);

pub(crate) const CUSTOMIZE: Verb = verb(
    ("customize-mode", ""),
    "F:f:Nt:yZ",
    (0, Some(0)),
    "[-NZ] [-F format] [-f filter] [-t target-pane]",
    "Change options in a list",
    run,
);

pub(crate) const FIND: Verb = verb(
    ("find-window", "findw"),
    "CiNrTt:Z",
    (1, Some(1)),
    "[-CiNrTZ] [-t target-pane] match-string",
    "Choose among the windows that show a text or are named by it",
    run,
);

/// What `find-window` keeps in the list: content, name and title, or those of the flags.
fn found_by(call: &Call) -> Option<String> {
    if call.verb.spec.name != "find-window" {
        return None;
    }
    let args = &call.args;
    let text = args.word(0)?;
    // The text stands inside a format.
    let text: String = text
        .chars()
        .flat_map(|c| matches!(c, '#' | ',' | '}').then_some('#').into_iter().chain([c]))
        .collect();
    let flags = format!("{}{}", if args.has('r') { "r" } else { "" }, if args.has('i') { "i" } else { "" });
    let slash = if flags.is_empty() { String::new() } else { format!("/{flags}") };
    let pattern = if args.has('r') { text.clone() } else { format!("*{text}*") };
    let all = !(args.has('C') || args.has('N') || args.has('T'));
    let mut parts = Vec::new();
    if all || args.has('C') {
        parts.push(format!("#{{C{slash}:{text}}}"));
    }
    if all || args.has('N') {
        parts.push(format!("#{{m{slash}:{pattern},#{{window_name}}}}"));
    }
    if all || args.has('T') {
        parts.push(format!("#{{m{slash}:{pattern},#{{pane_title}}}}"));
    }
    let rest = parts.pop()?;
    Some(parts.into_iter().rev().fold(rest, |rest, part| format!("#{{||:{part},{rest}}}")))
}

const SESSION: &str = "#{session_windows} windows#{?session_attached, (attached),}";
const WINDOW: &str = "#{window_name}#{window_flags}#{?#{==:#{window_panes},1}, (#{pane_title}),}";
const PANE: &str = "#{pane_current_command}#{?pane_remote, on #{pane_host},}: \"#{pane_title}\"";

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = target(mux, call, 't', TargetKind::Pane)?;
    let filter = found_by(call).or_else(|| args.get('f'));
    let (kind, template) = match call.verb.spec.name {
        "choose-buffer" => (ListKind::Buffers, "paste-buffer -p -b '%%'"),
        "customize-mode" => (ListKind::Options, "%%"),
        "choose-client" => (ListKind::Clients, "detach-client -t '%%'"),
        _ => (ListKind::Tree, "switch-client -Zt '%%'"),
    };
    let fill = |filter: Option<String>| {
        let format = args.get('F');
        match kind {
            ListKind::Buffers => buffers(mux, call, format, filter),
            ListKind::Options => options(mux, format, filter),
            ListKind::Clients => clients(mux, call, format, filter),
            ListKind::Tree => tree(mux, call, format, filter),
        }
    };
    let finding = call.verb.spec.name == "find-window";
    let mut items = fill(filter.clone());
    // A filter that lets nothing through is shown as such, with all there is.
    let no_matches = items.is_empty() && filter.is_some() && !finding;
    if no_matches {
        items = fill(None);
    }
    if items.is_empty() {
        return if finding { Err("no windows matching".into()) } else { DONE };
    }
    let template = args.word(0).filter(|_| !finding).unwrap_or_else(|| template.into());
    let here = expand_target(mux, found, args.has('s'));
    let current = items.iter().position(|i| i.target == here).unwrap_or(0);
    let zoom =
        args.has('Z') && mux.windows.get(&found.window).is_some_and(|w| !w.zoomed && w.panes.len() > 1);
    if zoom {
        mux.zoom(found.pane);
    }
    let Some(p) = mux.panes.get(&found.pane) else { return DONE };
    let rows = usize::from(p.size.rows);
    let tagged = BTreeSet::new();
    let mut list =
        ListMode { kind, items, current, top: 0, rows, template, unzoom: zoom, tagged, no_matches };
    list.follow();
    mux.enter_mode(found.pane, Mode::List(Box::new(list)));
    DONE
}

fn expand_target(mux: &Mux, found: Found, sessions: bool) -> String {
    let text = if sessions { "=#{session_name}:" } else { "=#{session_name}:#{window_index}." };
    mux.expand(text, About { found: Some(found), ..About::default() })
}

fn tree(mux: &Mux, call: &Call, format: Option<String>, filter: Option<String>) -> Vec<ListItem> {
    let sessions_only = call.args.has('s');
    let windows_only = call.args.has('w');
    let mut items = Vec::new();
    let mut add = |depth: u8, target: &str, (label, text): (&str, &str), found: Found| {
        let about = About { client: call.client(), found: Some(found), ..About::default() };
        if items.len() < MAX_ITEMS && passes(mux, filter.as_deref(), about.clone()) {
            let text = mux.expand(format.as_deref().unwrap_or(text), about.clone());
            let label = mux.expand(label, about.clone());
            items.push(ListItem { depth, target: mux.expand(target, about), label, text });
        }
    };
    for session in lists::by_name(mux) {
        let Some(f) = mux.found_session(session) else { continue };
        add(0, "=#{session_name}:", ("#{session_name}", SESSION), f);
        if sessions_only {
            continue;
        }
        for w in lists::places_of(mux, session) {
            add(1, "=#{session_name}:#{window_index}.", ("#{window_index}", WINDOW), w);
            let panes = mux.windows.get(&w.window).map(|w| w.panes.clone()).unwrap_or_default();
            if windows_only || panes.len() < 2 {
                continue;
            }
            for pane in panes {
                let words = ("#{pane_index}", PANE);
                add(2, "=#{session_name}:#{window_index}.#{pane_id}", words, Found { pane, ..w });
            }
        }
    }
    items
}

/// Every option as it is in force for all; what is chosen is asked for at a prompt.
fn options(mux: &Mux, format: Option<String>, filter: Option<String>) -> Vec<ListItem> {
    let format = format.unwrap_or_else(|| "#{option_value}".into());
    let levels = [
        ("-s", Scope::Server, "server"),
        ("-g", Scope::GlobalSession, "session"),
        ("-gw", Scope::GlobalWindow, "window"),
    ];
    let mut items = Vec::new();
    for def in OPTIONS.iter().filter(|d| d.kind != Kind::Hook) {
        let (flag, scope, word) = match def.level {
            Level::Server => levels[0],
            Level::Session => levels[1],
            Level::Window | Level::Pane => levels[2],
        };
        let value = mux.option_text(scope, def.name);
        let extra = [
            ("option_name", def.name.to_owned()),
            ("option_value", value.replace('#', "##")),
            ("option_scope", word.to_owned()),
            ("option_is_global", "1".to_owned()),
            ("option_is_array", (if def.is_array() { "1" } else { "0" }).to_owned()),
        ];
        let extra = extra.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        let about = About { extra, ..About::default() };
        if passes(mux, filter.as_deref(), about.clone()) {
            let q = crate::command::quote;
            let target = format!(
                "command-prompt -p {} -I {} {{ set-option {flag} {} \"%%%\" }}",
                q(&format!("({})", def.name)),
                q(&value.replace('#', "##").replace(',', "#,")),
                def.name
            );
            items.push(ListItem {
                depth: 0,
                target,
                label: def.name.into(),
                text: mux.expand(&format, about),
            });
        }
    }
    items
}

fn buffers(mux: &Mux, call: &Call, format: Option<String>, filter: Option<String>) -> Vec<ListItem> {
    let format = format.unwrap_or_else(|| "#{t/p:buffer_created}: #{buffer_sample}".into());
    let mut all: Vec<_> = mux.buffers.iter().collect();
    match call.args.get('O').as_deref() {
        Some("name") => all.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("size") => all.sort_by_key(|b| b.data.len()),
        _ => {}
    }
    if call.args.has('r') {
        all.reverse();
    }
    all.into_iter()
        .map(|b| (b, About { buffer: Some(b), ..About::default() }))
        .filter(|(_, about)| passes(mux, filter.as_deref(), about.clone()))
        .map(|(b, about)| {
            let label = b.name.replace('#', "##");
            ListItem { depth: 0, target: b.name.clone(), label, text: mux.expand(&format, about) }
        })
        .take(MAX_ITEMS)
        .collect()
}

fn clients(mux: &Mux, call: &Call, format: Option<String>, filter: Option<String>) -> Vec<ListItem> {
    let format = format.unwrap_or_else(|| "#{t/p:client_activity}: session #{client_session}".into());
    let mut all: Vec<_> = mux.clients.values().filter(|c| c.attached).collect();
    match call.args.get('O').as_deref() {
        Some("creation") => {}
        Some("activity") => all.sort_by_key(|c| std::cmp::Reverse(c.activity_order)),
        Some("size") => all.sort_by_key(|c| (c.size.cols, c.size.rows)),
        _ => all.sort_by(|a, b| a.name.cmp(&b.name)),
    }
    if call.args.has('r') {
        all.reverse();
    }
    all.into_iter()
        .map(|c| {
            let found = c.session.and_then(|s| mux.found_session(s));
            (c, About { client: Some(c.id), found, ..About::default() })
        })
        .filter(|(_, about)| passes(mux, filter.as_deref(), about.clone()))
        .map(|(c, about)| {
            let label = c.name.replace('#', "##");
            ListItem { depth: 0, target: c.name.clone(), label, text: mux.expand(&format, about) }
        })
        .take(MAX_ITEMS)
        .collect()
}
