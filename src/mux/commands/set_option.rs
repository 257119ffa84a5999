//! set-option, set-window-option

use super::super::Mux;
use super::super::event::{Failure, Job};
use super::super::options::{self, Level, OptionError, Value};
use super::super::queue::{Call, Flow, Origin, Outcome, Pending, Trouble};
use super::super::settings::Scope;
use super::{DONE, Verb, expand, verb};
use crate::command::target::TargetKind;

pub(crate) const SET: Verb = verb(
    ("set-option", "set"),
    "aFgopqst:uUw",
    (1, Some(2)),
    "[-aFgopqsuUw] [-t target-pane] option [value]",
    "Set or unset an option",
    run,
);
pub(crate) const SET_WINDOW: Verb = verb(
    ("set-window-option", "setw"),
    "aFgoqt:u",
    (1, Some(2)),
    "[-aFgoqu] [-t target-window] option [value]",
    "Set or unset a window option",
    run,
);

/// The set that the flags and the option's kind name.
pub(super) fn scope(mux: &Mux, call: &Call, level: Option<Level>) -> Result<Scope, Trouble> {
    let args = &call.args;
    let of_windows = call.verb.spec.name.contains("window-option");
    let level = match level {
        Some(Level::Server) => Level::Server,
        Some(Level::Session) => Level::Session,
        Some(Level::Pane) if args.has('p') => Level::Pane,
        Some(Level::Window | Level::Pane) => Level::Window,
        None if args.has('s') => Level::Server,
        None if args.has('p') => Level::Pane,
        None if args.has('w') || of_windows => Level::Window,
        None => Level::Session,
    };
    let found = || -> Result<_, Trouble> {
        let t = args.get('t');
        match mux.find(&call.origin, t.as_deref(), TargetKind::Pane) {
            Ok(f) => Ok(f),
            Err(_) if t.is_none() => Err(match level {
                Level::Session => "no current session",
                Level::Window => "no current window",
                _ => "no current pane",
            }
            .into()),
            Err(e) => Err(match (&t, level) {
                (Some(t), Level::Session) => format!("no such session: {t}"),
                (Some(t), Level::Window) => format!("no such window: {t}"),
                (Some(t), _) => format!("no such pane: {t}"),
                (None, _) => e,
            }
            .into()),
        }
    };
    Ok(match (level, args.has('g')) {
        (Level::Server, _) => Scope::Server,
        (Level::Session, true) => Scope::GlobalSession,
        (Level::Window | Level::Pane, true) => Scope::GlobalWindow,
        (Level::Session, false) => Scope::Session(found()?.session),
        (Level::Window, false) => Scope::Window(found()?.window),
        (Level::Pane, false) => Scope::Pane(found()?.pane),
    })
}

pub(super) fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let found = mux.find(&call.origin, args.get('t').as_deref(), TargetKind::Pane).ok();
    let typed = args.word(0).unwrap_or_default();
    let typed = expand(mux, call, &typed, found);
    let quiet = args.has('q');
    let named = match options::find(&typed) {
        Ok(n) => n,
        Err(_) if quiet => return DONE,
        // In a file a typo is told with the name that was meant; scripts match on tmux's own words.
        Err(OptionError::Invalid(name)) if call.origin.file.is_some() => {
            let hint = options::suggest(&name).map(|s| format!(" (did you mean {s}?)")).unwrap_or_default();
            return Err(OptionError::Unknown(name, hint).into());
        }
        Err(e) => return Err(e.into()),
    };
    let scope = match scope(mux, call, named.def.map(|d| d.level)) {
        Ok(s) => s,
        Err(_) if quiet => return DONE,
        Err(e) => return Err(e),
    };
    let inherited = mux
        .parent(scope)
        .and_then(|up| mux.option(up, &named.name))
        .or_else(|| named.def.map(options::default_value));
    if args.has('u') || args.has('U') {
        if args.has('U')
            && let Scope::Window(w) = scope
        {
            let panes = mux.windows.get(&w).map(|w| w.panes.clone()).unwrap_or_default();
            for p in panes {
                if let Some(o) = mux.options_at_mut(Scope::Pane(p)) {
                    o.unset(&named, inherited.as_ref());
                }
            }
        }
        if let Some(o) = mux.options_at_mut(scope) {
            o.unset(&named, inherited.as_ref());
        }
        mux.option_changed(&named.name);
        return DONE;
    }
    let already = mux.options_at(scope).and_then(|o| o.get(&named.name));
    if args.has('o') {
        let set = match (already, named.index) {
            (Some(Value::Array(items)), Some(i)) => items.contains_key(&i),
            (v, None) => v.is_some(),
            (Some(_), Some(_)) | (None, Some(_)) => false,
        };
        if set {
            return if quiet { DONE } else { Err(OptionError::AlreadySet(typed).into()) };
        }
    }
    let value = match args.word(1) {
        Some(v) if args.has('F') => expand(mux, call, &v, found),
        Some(v) => v,
        None => {
            let needs = named.def.is_none_or(|d| {
                !matches!(d.kind, options::Kind::Flag | options::Kind::Choice(_)) && !d.is_array()
            });
            if needs {
                return if quiet { DONE } else { Err("empty value".into()) };
            }
            String::new()
        }
    };
    let value = match named.def {
        Some(d) if d.kind == options::Kind::Hook && !value.is_empty() => {
            let commands = mux.parse_commands(&value, None).map_err(|e| e.text)?;
            for c in &commands {
                super::prepare(mux, c)?;
            }
            super::bind_key::print(&commands, " ; ")
        }
        Some(d) if d.name == "default-client-command" && !value.is_empty() => {
            super::bind_key::print(&mux.parse_commands(&value, None).map_err(|e| e.text)?, " ; ")
        }
        _ => value,
    };
    if matches!(named.name.as_str(), "theme" | "theme-dark" | "theme-light")
        && !value.is_empty()
        && !args.has('a')
    {
        let option = named.name.clone();
        let pending = Pending::Theme { scope, option, name: value.clone(), quiet };
        mux.ask(Job::CheckTheme { name: value }, pending, &call.origin, Some(call.queue));
        return Ok(Flow::Wait);
    }
    if named.name == "default-shell" && !args.has('a') {
        let pending = Pending::Theme { scope, option: named.name.clone(), name: value.clone(), quiet };
        mux.ask(Job::CheckShell { path: value }, pending, &call.origin, Some(call.queue));
        return Ok(Flow::Wait);
    }
    let result = match mux.options_at_mut(scope) {
        Some(o) => o.set(&named, &value, args.has('a'), inherited.as_ref()),
        None => Ok(()),
    };
    match result {
        Ok(()) => {}
        Err(_) if quiet => return DONE,
        Err(e) => return Err(e.into()),
    }
    let name = named.name.clone();
    mux.option_changed(&name);
    mux.persist = true;
    DONE
}

/// `set-option theme NAME` (or `theme-light`, `theme-dark`, `default-shell`), now that it is known whether there
/// is one.
pub(super) fn theme_checked(
    mux: &mut Mux,
    origin: &Origin,
    (scope, option): (Scope, &str),
    name: &str,
    quiet: bool,
    result: Result<String, Failure>,
) {
    match result {
        Ok(_) => {
            if let Some(o) = mux.options_at_mut(scope) {
                o.put(option, Value::Text(name.to_owned()));
            }
            mux.option_changed(option);
            mux.persist = true;
        }
        Err(_) if quiet => {}
        Err(f) => mux.tell_trouble(origin, 0, &Trouble::new(f.class, f.text)),
    }
}
