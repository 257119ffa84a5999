//! The default key tables, in the same language as a user's file.

use super::Mux;
use super::keytable::{Binding, KeyTables, Trigger};
use crate::command::{Word, parse};

/// What is put in front of a note: `bind -N note`.
const BINDINGS: &str = include_str!("defaults.conf");

/// qmux's own keys besides.
const OWN: &str = include_str!("own.conf");

/// What stands in it for `@NAME@`: a menu that several keys open.
const MENUS: &str = include_str!("menus.conf");

/// The table with the menus in their places.
fn bindings() -> String {
    let mut text = BINDINGS.to_owned();
    for menu in MENUS.split("\n\n").skip(1) {
        if let Some((name, items)) = menu.split_once('\n') {
            text = text.replace(name, &items.trim_end().replace('\n', " "));
        }
    }
    text
}

/// Reads the table above. A line of it that could not be read would be a bug, and a test finds it.
pub(crate) fn key_tables(mux: &mut Mux) -> KeyTables {
    let mut tables = KeyTables::default();
    let as_tmux = mux.as_tmux();
    let commands = {
        let mut reader = super::commands::source_file::Reader { mux };
        let own = if as_tmux { "" } else { OWN };
        parse(&(bindings() + own), &mut reader).unwrap_or_default()
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
