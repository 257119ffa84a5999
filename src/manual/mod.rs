//! What qmux says of itself without a server: shell completions and the man page, both made from the tables
//! of verbs and options, so that they are never of another version than the binary.
//!
//! Knows no sessions: what runs is asked with `qmux list-…` by whoever completes.

mod completions;
mod man;

use crate::mux::commands::TABLE;
use std::process::ExitCode;

/// A verb as the user meets it.
#[derive(Debug, Clone, Copy)]
struct Face {
    name: &'static str,
    alias: &'static str,
    usage: &'static str,
    help: &'static str,
}

/// Verbs that the program does itself, without a server.
const OWN: [Face; 3] = [
    Face {
        name: "completions",
        alias: "",
        usage: "bash|zsh|fish",
        help: "Print what makes a shell complete qmux's words",
    },
    Face {
        name: "doctor",
        alias: "",
        usage: "[--json] [host]",
        help: "Say what is missing here, or on another host, and what that costs",
    },
    Face { name: "man", alias: "", usage: "", help: "Print the man page" },
];

/// tmux's global flags and ours: letter, name of the value (empty: none), what it does.
const GLOBAL: [(char, &str, &str); 14] = [
    ('2', "", "The terminal has 256 colours."),
    ('C', "", "Control mode; given twice, the terminal does not echo."),
    ('c', "shell-command", "Run this with the shell instead of a command."),
    ('D', "", "Run the server in the foreground (not supported)."),
    ('f', "file", "Read this configuration instead of the usual files."),
    ('L', "socket-name", "Use the server of this name."),
    ('l', "", "Accepted and ignored."),
    ('N', "", "Do not start a server."),
    ('S', "socket-path", "Use the server behind this socket."),
    ('T', "features", "What the terminal can do, as in the option terminal-features."),
    ('u', "", "The terminal takes UTF-8 whatever the locale says."),
    ('V', "", "Print the version."),
    ('v', "", "Accepted and ignored."),
    ('q', "", "Accepted and ignored."),
];

/// All verbs by name.
fn faces() -> Vec<Face> {
    let tabled = TABLE.iter().map(|v| Face {
        name: v.spec.name,
        alias: v.spec.alias,
        usage: v.spec.usage,
        help: v.spec.help,
    });
    let mut all: Vec<Face> = tabled.chain(OWN).collect();
    all.sort_by_key(|face| face.name);
    all
}

/// `qmux completions …`; `words` are those after the verb.
pub fn completions(words: &[String]) -> ExitCode {
    match words {
        [shell] => match completions::script(shell) {
            Some(script) => print(script),
            None => {
                refuse(&format!("no completions for the shell \"{shell}\": bash, zsh and fish have them"))
            }
        },
        [flag, line @ ..] if flag == completions::FLAG => {
            let found = completions::candidates(line, &mut completions::ask_server);
            print(&found.iter().map(|(word, help)| format!("{word}\t{help}\n")).collect::<String>())
        }
        _ => refuse("usage: completions bash|zsh|fish"),
    }
}

/// `qmux man`; `words` are those after the verb.
pub fn man(words: &[String]) -> ExitCode {
    if words.is_empty() { print(&man::page()) } else { refuse("usage: man") }
}

fn print(text: &str) -> ExitCode {
    if crate::client::print(text) { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_global_flags_are_those_of_the_usage_line() {
        let told: BTreeSet<char> = GLOBAL.iter().map(|(letter, ..)| *letter).collect();
        for (letter, value, _) in GLOBAL {
            let taken = crate::client::takes_value(letter);
            assert_eq!(taken, Some(!value.is_empty()), "-{letter}");
        }
        for letter in ('!'..='~').filter(|c| *c != '-' && !told.contains(c)) {
            assert_eq!(crate::client::takes_value(letter), None, "-{letter} is not told");
        }
    }

    #[test]
    fn no_verb_of_the_server_is_hidden_by_one_of_the_program() {
        for own in OWN {
            assert!(
                !TABLE.iter().any(|v| v.spec.name == own.name || v.spec.alias == own.name),
                "{}",
                own.name
            );
        }
    }
}
