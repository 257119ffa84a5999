//! show-options, show-window-options

use super::super::Mux;
use super::super::options::{self, Kind, Level, OPTIONS, Value};
use super::super::queue::{Call, Outcome};
use super::super::settings::Scope;
use super::{DONE, Verb, as_json, set_option, verb};
use crate::command::quote;
use std::collections::BTreeMap;

pub(crate) const SHOW: Verb = verb(
    ("show-options", "show"),
    "AgHpqst:vw",
    (0, Some(1)),
    "[-AgHpqsvw] [-t target-pane] [option]",
    "Show options",
    run,
)
.long(as_json::FLAG);
pub(crate) const SHOW_WINDOW: Verb = verb(
    ("show-window-options", "showw"),
    "gqt:v",
    (0, Some(1)),
    "[-gv] [-t target-window] [option]",
    "Show window options",
    run,
)
.long(as_json::FLAG);

/// What is shown: lines, or with `--json` objects.
struct Shown {
    out: String,
    objects: Option<Vec<serde_json::Value>>,
    only_value: bool,
}

impl Shown {
    fn add(&mut self, name: &str, value: &Value, index: Option<u32>, inherited: bool) {
        match &mut self.objects {
            Some(objects) => objects.push(as_json::option(name, value, index, inherited)),
            None if inherited => lines(&format!("{name}*"), value, index, self.only_value, &mut self.out),
            None => lines(name, value, index, self.only_value, &mut self.out),
        }
    }
}

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

/// `show-options` and `show-hooks`.
pub(super) fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let hooks = call.verb.spec.name == "show-hooks";
    let quiet = args.has('q');
    let objects = as_json::wanted(call)?.then(Vec::new);
    let mut shown = Shown { out: String::new(), objects, only_value: args.has('v') };
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
                Some((v, inherited)) => shown.add(&named.name, &v, named.index, inherited),
                None if named.def.is_none() && !quiet => {
                    return Err(format!("invalid option: {typed}").into());
                }
                None => {}
            }
        }
        None => {
            let scope = set_option::scope(mux, call, None)?;
            let shows = |kind: Kind| (kind == Kind::Hook) == hooks || args.has('H');
            let mut all: BTreeMap<String, (Value, bool)> = BTreeMap::new();
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
                        all.insert(def.name.to_owned(), (v, mux.parent(scope).is_some()));
                    }
                }
            }
            if let Some(o) = mux.options_at(scope) {
                let set = o.iter().filter(|(k, _)| options::definition(k).map_or(!hooks, |d| shows(d.kind)));
                all.extend(set.map(|(k, v)| (k.to_owned(), (v.clone(), false))));
            }
            for (name, (value, above)) in all {
                shown.add(&name, &value, None, above);
            }
        }
    }
    match shown.objects {
        Some(objects) => as_json::print(mux, &call.origin, objects),
        None => mux.print(&call.origin, &shown.out),
    }
    DONE
}
