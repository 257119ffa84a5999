//! set-environment, show-environment

use super::super::Mux;
use super::super::queue::{Call, Outcome, Trouble};
use super::{DONE, Verb, as_json, expand, target, verb};
use crate::command::target::TargetKind;
use crate::ids::SessionId;
use std::collections::BTreeMap;

pub(crate) const SET: Verb = verb(
    ("set-environment", "setenv"),
    "Fhgrt:u",
    (1, Some(2)),
    "[-Fhgru] [-t target-session] variable [value]",
    "Set or unset an environment variable",
    set,
);
pub(crate) const SHOW: Verb = verb(
    ("show-environment", "showenv"),
    "hgst:",
    (0, Some(1)),
    "[-hgs] [-t target-session] [variable]",
    "Show the environment",
    show,
)
.long(as_json::FLAG);

type Environment = BTreeMap<String, Option<String>>;

fn session(mux: &Mux, call: &Call) -> Result<Option<SessionId>, Trouble> {
    if call.args.has('g') {
        return Ok(None);
    }
    match target(mux, call, 't', TargetKind::Session) {
        Ok(f) => Ok(Some(f.session)),
        Err(_) if !call.args.has('t') => Err("no current session".into()),
        Err(_) => Err(format!("no such session: {}", call.args.get('t').unwrap_or_default()).into()),
    }
}

fn set(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let name = args.word(0).unwrap_or_default();
    if name.is_empty() {
        return Err("empty variable name".into());
    }
    if name.contains('=') {
        return Err("variable name contains =".into());
    }
    let session = session(mux, call)?;
    let found = session.and_then(|s| mux.found_session(s));
    let value = args.word(1).map(|v| if args.has('F') { expand(mux, call, &v, found) } else { v });
    let hidden = args.has('h');
    let environment: &mut Environment = match session {
        Some(s) => &mut mux.sessions.get_mut(&s).ok_or("no current session")?.environment,
        None => &mut mux.environment,
    };
    if args.has('u') || args.has('r') {
        if value.is_some() {
            let flag = if args.has('u') { "-u" } else { "-r" };
            return Err(format!("can't specify a value with {flag}").into());
        }
        if args.has('u') {
            environment.remove(&name);
        } else {
            environment.insert(name, None);
        }
        return DONE;
    }
    environment.insert(name.clone(), Some(value.ok_or("no value specified")?));
    if hidden {
        mux.hidden_environment.insert(name);
    } else {
        mux.hidden_environment.remove(&name);
    }
    DONE
}

fn show(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let environment: &Environment = match session(mux, call)? {
        Some(s) => &mux.sessions.get(&s).ok_or("no current session")?.environment,
        None => &mux.environment,
    };
    let only = args.word(0);
    if let Some(name) = &only
        && !environment.contains_key(name)
    {
        return Err(format!("unknown variable: {name}").into());
    }
    let json = as_json::wanted(call)?;
    let mut objects = Vec::new();
    let mut out = String::new();
    for (name, value) in environment.iter().filter(|(n, _)| only.as_ref().is_none_or(|o| o == *n)) {
        if mux.hidden_environment.contains(name) != args.has('h') {
            continue;
        }
        if json {
            objects.push(serde_json::json!({ "name": name, "value": value }));
            continue;
        }
        match (value, args.has('s')) {
            (Some(v), false) => out.push_str(&format!("{name}={v}\n")),
            (None, false) => out.push_str(&format!("-{name}\n")),
            (None, true) => out.push_str(&format!("unset {name};\n")),
            (Some(v), true) => {
                let mut escaped = String::new();
                for c in v.chars() {
                    if matches!(c, '$' | '`' | '"' | '\\') {
                        escaped.push('\\');
                    }
                    escaped.push(c);
                }
                out.push_str(&format!("{name}=\"{escaped}\"; export {name};\n"));
            }
        }
    }
    if json {
        as_json::print(mux, &call.origin, objects);
    } else {
        mux.print(&call.origin, &out);
    }
    DONE
}
