//! The default key tables, in the same language as a user's file.

use super::Mux;
use super::keytable::{Binding, KeyTables, Trigger};
use crate::command::{Word, parse};

/// What is put in front of a note: `bind -N note`.
const BINDINGS: &str = include_str!("defaults.conf");

/// Reads the table above. A line of it that could not be read would be a bug, and a test finds it.
pub(crate) fn key_tables(mux: &mut Mux) -> KeyTables {
    let mut tables = KeyTables::default();
    let commands = {
        let mut reader = super::commands::source_file::Reader { mux };
        parse(BINDINGS, &mut reader).unwrap_or_default()
    };
    for command in commands {
        if let Some((table, trigger, binding)) = read(&command.words) {
            tables.bind(&table, trigger, binding);
        }
    }
    tables
}

fn read(words: &[Word]) -> Option<(String, Trigger, Binding)> {
    let args = super::commands::bind_key::BIND.spec.read(words.get(1..)?).ok()?;
    let default = if args.has('n') { "root" } else { "prefix" };
    let table = args.get('T').unwrap_or_else(|| default.into());
    let trigger = Trigger::parse(&args.word(0)?)?;
    let commands = super::commands::bind_key::commands_of(&args.words[1..])?;
    Some((table, trigger, Binding { commands, repeat: args.has('r'), note: args.get('N') }))
}
