//! bind-key, unbind-key, list-keys

use super::super::Mux;
use super::super::keytable::{Binding, Trigger};
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, verb};
use crate::command::{Command, Word, parse_argv, quote};
use std::sync::Arc;

pub(crate) const BIND: Verb = verb(
    ("bind-key", "bind"),
    "nrN:T:",
    (1, None),
    "[-nr] [-T key-table] [-N note] key [command [argument ...]]",
    "Bind a key to a command",
    bind,
);
pub(crate) const UNBIND: Verb = verb(
    ("unbind-key", "unbind"),
    "anqT:",
    (0, Some(1)),
    "[-anq] [-T key-table] key",
    "Unbind a key",
    unbind,
);
pub(crate) const LIST: Verb = verb(
    ("list-keys", "lsk"),
    "1aF:NO:P:rT:",
    (0, Some(1)),
    "[-1aNr] [-F format] [-O order] [-P prefix-string] [-T key-table] [key]",
    "List the key bindings",
    list,
)
.long(super::as_json::FLAG);

/// Commands as they are listed: full names, flags in order.
pub(crate) fn print(commands: &[Command], between: &str) -> String {
    let block = |inner: &[Command]| print(inner, " ; ");
    let one = |c: &Command| {
        let verb = super::find(c.name()).ok();
        let args =
            verb.and_then(|v| v.spec.read(c.words.get(1..)?).ok().map(|a| a.print(v.spec.name, &block)));
        args.unwrap_or_else(|| crate::command::print_commands(std::slice::from_ref(c)))
    };
    commands.iter().map(one).collect::<Vec<_>>().join(between)
}

/// The commands that the words after a key are: a block, or words split at `;`.
pub(crate) fn commands_of(words: &[Word]) -> Option<Arc<[Command]>> {
    if let [Word::Block(commands)] = words {
        return Some(commands.clone());
    }
    let mut out: Vec<Command> = Vec::new();
    let mut current: Vec<Word> = Vec::new();
    for word in words {
        match word {
            Word::Text(t) => {
                for c in parse_argv(std::slice::from_ref(t)) {
                    current.extend(c.words);
                }
                // A bare or trailing `;` ends the command.
                let ends = t == ";" || (t.ends_with(';') && !t.ends_with("\\;"));
                if ends && !current.is_empty() {
                    out.push(Command { words: std::mem::take(&mut current), line: 0, group: 0 });
                }
            }
            Word::Block(_) => current.push(word.clone()),
        }
    }
    if !current.is_empty() {
        out.push(Command { words: current, line: 0, group: 0 });
    }
    Some(out.into())
}

fn table_of(call: &Call) -> String {
    match (call.args.has('n'), call.args.get('T')) {
        (true, _) => "root".into(),
        (false, Some(t)) => t,
        (false, None) => "prefix".into(),
    }
}

fn bind(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let name = args.word(0).unwrap_or_default();
    let trigger = Trigger::parse(&name).ok_or_else(|| format!("unknown key: {name}"))?;
    let table = table_of(call);
    let words = &args.words[1..];
    let commands = match words {
        // One word is text to be read, as when it was quoted.
        [Word::Text(t)] => mux.parse_commands(t, None).map_err(|e| e.text)?.into(),
        _ => commands_of(words).unwrap_or_default(),
    };
    for c in commands.iter() {
        super::prepare(mux, c)?;
    }
    let note = args.get('N');
    if commands.is_empty() {
        // Without a command only the note (or repeat) of what is bound changes.
        if let Some(old) = mux.keys.get(&table, trigger).cloned() {
            let binding =
                Binding { note: note.or(old.note.clone()), repeat: args.has('r') || old.repeat, ..old };
            mux.keys.bind(&table, trigger, binding);
        }
        return DONE;
    }
    if !mux.keys.bind(&table, trigger, Binding { commands, repeat: args.has('r'), note }) {
        return Err("too many key tables".into());
    }
    DONE
}

fn unbind(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let quiet = args.has('q');
    let table = table_of(call);
    if args.has('a') {
        if args.word(0).is_some() {
            return if quiet { DONE } else { Err("key given with -a".into()) };
        }
        if !mux.keys.clear(&table) && !quiet {
            return Err(format!("table {table} doesn't exist").into());
        }
        return DONE;
    }
    let Some(name) = args.word(0) else {
        return if quiet { DONE } else { Err("missing key".into()) };
    };
    let Some(trigger) = Trigger::parse(&name) else {
        return if quiet { DONE } else { Err(format!("unknown key: {name}").into()) };
    };
    if args.has('T') && !mux.keys.has(&table) {
        return if quiet { DONE } else { Err(format!("table {table} doesn't exist").into()) };
    }
    mux.keys.unbind(&table, trigger);
    DONE
}

fn list(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let only_key = match args.word(0) {
        Some(name) => Some(Trigger::parse(&name).ok_or_else(|| format!("invalid key: {name}"))?),
        None => None,
    };
    let only_table = args.get('T');
    if let Some(t) = &only_table
        && !mux.keys.has(t)
    {
        return Err(format!("table {t} doesn't exist").into());
    }
    let wanted = |table: &str| match &only_table {
        Some(t) => t == table,
        None if args.has('N') => matches!(table, "prefix" | "root"),
        None => true,
    };
    let mut all: Vec<(&str, &Trigger, &Binding)> = mux
        .keys
        .iter()
        .filter(|(t, _)| wanted(t))
        .flat_map(|(t, keys)| keys.iter().map(move |(k, b)| (t, k, b)))
        .filter(|(_, k, _)| only_key.is_none_or(|only| only == **k))
        .collect();
    all.sort_by_key(|(t, k, _)| (*t, k.rank()));
    if super::as_json::wanted(call)? {
        let objects = all.iter().map(|(table, key, binding)| {
            let extra = [
                ("key_string", key.to_string()),
                ("key_table", (*table).to_owned()),
                ("key_command", binding.print()),
                ("key_note", binding.note.clone().unwrap_or_default()),
                ("key_repeat", if binding.repeat { "1" } else { "0" }.to_owned()),
            ];
            let extra = extra.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let about = super::About { extra, ..Default::default() };
            super::as_json::object(mux, &about, super::as_json::KEY)
        });
        let objects = objects.collect();
        super::as_json::print(mux, &call.origin, objects);
        return DONE;
    }
    let mut out = String::new();
    if let Some(format) = args.get('F') {
        let widest =
            |of: &dyn Fn(&(&str, &Trigger, &Binding)) -> usize| all.iter().map(of).max().unwrap_or(0);
        let key_width = widest(&|(_, k, _)| k.to_string().chars().count());
        let table_width = widest(&|(t, ..)| t.len());
        for (t, k, b) in &all {
            let flag = |on: bool| (if on { "1" } else { "0" }).to_owned();
            let extra = [
                ("key_string", k.to_string()),
                ("key_table", (*t).to_owned()),
                ("key_command", b.print()),
                ("key_note", b.note.clone().unwrap_or_default()),
                ("key_repeat", flag(b.repeat)),
                ("key_has_repeat", flag(all.iter().any(|(.., b)| b.repeat))),
                ("key_prefix", mux.option_text(super::Scope::GlobalSession, "prefix")),
                ("key_string_width", key_width.to_string()),
                ("key_table_width", table_width.to_string()),
                ("notes_only", flag(args.has('N'))),
            ];
            let extra = extra.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let found = mux.current(&call.origin);
            let about = super::About { client: call.client(), found, extra, ..Default::default() };
            out.push_str(&mux.expand(&format, about));
            out.push('\n');
            if args.has('1') {
                break;
            }
        }
    } else if args.has('N') {
        let noted: Vec<_> = all
            .iter()
            .filter(|(_, _, b)| b.note.is_some() || args.has('a'))
            .map(|(t, k, b)| {
                let prefix = match (*t, args.get('P')) {
                    (_, Some(p)) => p,
                    // Every table but root is reached by the prefix, as far as tmux knows.
                    (table, None) if table != "root" => {
                        format!("{} ", mux.option_text(super::Scope::GlobalSession, "prefix"))
                    }
                    _ => String::new(),
                };
                (prefix + &k.to_string(), b.note.clone().unwrap_or_else(|| b.print()))
            })
            .collect();
        let width = noted.iter().map(|(k, _)| k.chars().count()).max().unwrap_or(0);
        for (key, note) in noted {
            out.push_str(&format!("{key:width$} {note}\n"));
            if args.has('1') {
                break;
            }
        }
    } else {
        let repeat = all.iter().any(|(_, _, b)| b.repeat);
        let table_width = all.iter().map(|(t, ..)| t.len()).max().unwrap_or(0);
        let key_width = all.iter().map(|(_, k, _)| quote(&k.to_string()).chars().count()).max().unwrap_or(0);
        for (t, k, b) in &all {
            let flag = match (repeat, b.repeat) {
                (true, true) => "-r",
                (true, false) => "  ",
                (false, _) => "",
            };
            let key = quote(&k.to_string());
            out.push_str(&format!("bind-key {flag} -T {t:table_width$} {key:key_width$} {}\n", b.print()));
            if args.has('1') {
                break;
            }
        }
    }
    if out.is_empty() && only_key.is_some() {
        return Err(format!("unknown key: {}", args.word(0).unwrap_or_default()).into());
    }
    mux.print(&call.origin, &out);
    DONE
}
