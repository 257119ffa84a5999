//! show-options, show-window-options

use super::super::Mux;
use super::super::options::{self, Kind, Level, OPTIONS, Value};
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, json, set_option, verb};
use crate::command::quote;
use std::collections::BTreeMap;

pub(crate) const SHOW: Verb = verb(
    ("show-options", "show"),
    "AgHpqst:vw",
    (0, Some(1)),
    "[-AgHpqsvw] [--json] [-t target-pane] [option]",
    "Show options",
    run,
)
.long(&["--json"]);
pub(crate) const SHOW_WINDOW: Verb = verb(
    ("show-window-options", "showw"),
    "gqt:v",
    (0, Some(1)),
    "[-gv] [--json] [-t target-window] [option]",
    "Show window options",
    run,
)
.long(&["--json"]);

/// Lines for one option.
fn lines(name: &str, value: &Value, index: Option<u32>, only_value: bool, out: &mut String) {
    let hook = options::definition(name.trim_end_matches('*')).is_some_and(|d| d.kind == Kind::Hook);
    let mut line = |name: &str, value: &str, text: bool| {
        if only_value {
            out.push_str(value);
        } else {
            let shown = if text { quote(value) } else { value.to_owned() };
            out.push_str(&format!("{name} {shown}"));
        }
        out.push('\n');
    };
    match value {
        Value::Array(items) => match index {
            Some(i) => match items.get(&i) {
                Some(v) => line(&format!("{name}[{i}]"), v, !hook),
                None if only_value => {}
                None => line(&format!("{name}[{i}]"), "", false),
            },
            None if items.is_empty() => {
                if !only_value {
                    out.push_str(name);
                    out.push('\n');
                }
            }
            None => items.iter().for_each(|(i, v)| line(&format!("{name}[{i}]"), v, !hook)),
        },
        Value::Text(t) => line(name, t, true),
        v @ (Value::Number(_) | Value::Flag(_)) => line(name, &v.to_text(), false),
    }
}

/// Of an array, when one element was asked for, only that.
fn element(value: &Value, index: Option<u32>) -> Value {
    match (value, index) {
        (Value::Array(items), Some(i)) => {
            Value::Array(items.iter().filter(|(at, _)| **at == i).map(|(at, v)| (*at, v.clone())).collect())
        }
        _ => value.clone(),
    }
}

/// `show-options` and `show-hooks`.
pub(super) fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let hooks = call.verb.spec.name == "show-hooks";
    let quiet = args.has('q');
    let as_json = json::wanted(call)?;
    let mut list = Vec::new();
    let mut note = |name: &str, value: &Value, inherited: bool| {
        list.push(serde_json::json!({ "name": name, "value": json::option(value), "inherited": inherited }));
    };
    let mut out = String::new();
    match args.word(0) {
        Some(typed) => {
            let typed = super::expand(mux, call, &typed, None);
            let named = match options::find(&typed) {
                Ok(n) => n,
                Err(_) if quiet => return DONE,
                Err(e) => return Err(e.into()),
            };
            let scope = match set_option::scope(mux, call, named.def.map(|d| d.level)) {
                Ok(s) => s,
                Err(_) if quiet => return DONE,
                Err(e) => return Err(e),
            };
            let global = mux.parent(scope).is_none();
            let value = match mux.options_at(scope).and_then(|o| o.get(&named.name)) {
                Some(v) => Some((v.clone(), false)),
                None if global || args.has('A') => mux.option(scope, &named.name).map(|v| (v, !global)),
                None => None,
            };
            match value {
                Some((v, inherited)) => {
                    note(&named.name, &element(&v, named.index), inherited);
                    let name = if inherited { format!("{}*", named.name) } else { named.name.clone() };
                    lines(&name, &v, named.index, args.has('v'), &mut out);
                }
                None if named.def.is_none() && !quiet => {
                    return Err(format!("invalid option: {typed}").into());
                }
                None => {}
            }
        }
        None => {
            let scope = set_option::scope(mux, call, None)?;
            let shows = |kind: Kind| (kind == Kind::Hook) == hooks || args.has('H');
            let mut shown: BTreeMap<String, (Value, bool)> = BTreeMap::new();
            let inherited = mux.parent(scope).is_none() || args.has('A');
            if inherited {
                let level = |l: Level| match scope {
                    Scope::Server => l == Level::Server,
                    Scope::GlobalSession | Scope::Session(_) => l == Level::Session,
                    Scope::GlobalWindow | Scope::Window(_) => matches!(l, Level::Window | Level::Pane),
                    Scope::Pane(_) => l == Level::Pane,
                };
                for def in OPTIONS.iter().filter(|d| level(d.level) && shows(d.kind)) {
                    if let Some(v) = mux.option(scope, def.name) {
                        shown.insert(def.name.to_owned(), (v, mux.parent(scope).is_some()));
                    }
                }
            }
            if let Some(o) = mux.options_at(scope) {
                let set = o.iter().filter(|(k, _)| options::definition(k).map_or(!hooks, |d| shows(d.kind)));
                shown.extend(set.map(|(k, v)| (k.to_owned(), (v.clone(), false))));
            }
            for (name, (value, above)) in shown {
                note(&name, &value, above);
                let name = if above { format!("{name}*") } else { name };
                lines(&name, &value, None, args.has('v'), &mut out);
            }
        }
    }
    if as_json {
        json::print(mux, call, &list);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}
