//! The words before the command: tmux's global flags, and which commands start a server.
//!
//! Knows no sockets. The command itself is the server's to parse; here only as much of it is looked
//! at as decides whether a server may be started for it.

use std::path::PathBuf;

/// tmux's usage line, with our name.
pub const USAGE: &str = "usage: qmux [-2CDlNuVv] [-c shell-command] [-f file] [-L socket-name]
            [-S socket-path] [-T features] [command [flags]]";

/// What the global flags said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Args {
    /// `-L`: name of the socket in the runtime directory.
    pub socket_name: Option<String>,
    /// `-S`: path of the socket.
    pub socket_path: Option<PathBuf>,
    /// `-f`, which may come several times: configuration files instead of the usual ones.
    pub config_files: Vec<String>,
    /// `-c`: run this with the shell instead of a command.
    pub shell_command: Option<String>,
    /// `-2` and `-T`: terminal features.
    pub features: Vec<String>,
    /// `-u`: the terminal takes UTF-8 whatever the locale says.
    pub utf8: bool,
    /// `-C`, counted.
    pub control: u8,
    /// `-N`: never start a server.
    pub no_start: bool,
    /// `-D`: run the server in the foreground.
    pub foreground: bool,
    /// `-V`.
    pub version: bool,
    /// The command and its arguments.
    pub command: Vec<String>,
}

/// A command line that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgsError {
    /// No flag of that letter.
    #[error("unknown option -- {0}\n{USAGE}")]
    Unknown(char),
    /// The flag wants a value and the line ended.
    #[error("option requires an argument -- {0}\n{USAGE}")]
    WantsValue(char),
}

/// Reads the words after the program's name. Flags may be joined (`-2u`), values too (`-Lname`);
/// the first word that is not a flag starts the command.
pub fn parse(words: &[String]) -> Result<Args, ArgsError> {
    let mut args = Args::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            args.command.push(word.clone());
            break;
        };
        for (at, letter) in letters.char_indices() {
            if flag(&mut args, letter) {
                continue;
            }
            if !"cfLST".contains(letter) {
                return Err(ArgsError::Unknown(letter));
            }
            let joined = &letters[at + letter.len_utf8()..];
            let value = if joined.is_empty() {
                words.next().ok_or(ArgsError::WantsValue(letter))?.clone()
            } else {
                joined.to_owned()
            };
            flag_with_value(&mut args, letter, value);
            break;
        }
    }
    args.command.extend(words.cloned());
    Ok(args)
}

/// Sets a flag that has no value; false when the letter is not one of those.
fn flag(args: &mut Args, letter: char) -> bool {
    match letter {
        '2' => args.features.push("256".into()),
        'C' => args.control = args.control.saturating_add(1),
        'D' => args.foreground = true,
        'N' => args.no_start = true,
        'u' => args.utf8 = true,
        'V' => args.version = true,
        // A login shell, quiet and verbose: accepted as tmux accepts them, of no meaning here.
        'l' | 'q' | 'v' => {}
        _ => return false,
    }
    true
}

fn flag_with_value(args: &mut Args, letter: char, value: String) {
    match letter {
        'c' => args.shell_command = Some(value),
        'f' => args.config_files.push(value),
        'L' => args.socket_name = Some(value),
        'S' => args.socket_path = Some(value.into()),
        _ => args.features.extend(value.split([',', ':']).filter(|f| !f.is_empty()).map(str::to_owned)),
    }
}

/// Commands for which a server is started when none runs: the full name, the shortest prefix that is
/// unambiguous among tmux's commands, and the alias.
const STARTS_SERVER: &[(&str, &str, &str)] = &[
    ("attach-session", "a", "attach"),
    ("new-session", "new-s", "new"),
    ("start-server", "sta", "start"),
    ("restore", "restore", "restore"),
];

/// Whether one of the commands in this line starts a server. Commands are separated by a word `;`, or by
/// a `;` at the end of a word. No words mean the default command, which starts one.
pub fn starts_server(command: &[String]) -> bool {
    let mut first = true;
    command.is_empty()
        || command.iter().any(|word| {
            let ends = word.ends_with(';') && !word.ends_with("\\;");
            let name = word.strip_suffix(';').unwrap_or(word);
            let is_name = std::mem::replace(&mut first, ends);
            is_name
                && STARTS_SERVER.iter().any(|(full, shortest, alias)| {
                    name == *alias || (name.starts_with(shortest) && full.starts_with(name))
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_stand_alone_joined_and_with_values() {
        let args = parse(&words("-2uL name -f one -f two -S/tmp/x new -d -s -x")).unwrap();
        assert_eq!(args.socket_name.as_deref(), Some("name"));
        assert_eq!(args.socket_path, Some("/tmp/x".into()));
        assert_eq!(args.config_files, ["one", "two"]);
        assert_eq!(args.features, ["256"]);
        assert!(args.utf8);
        assert_eq!(args.command, words("new -d -s -x"));
    }

    #[test]
    fn a_double_dash_ends_the_flags() {
        assert_eq!(parse(&words("-u -- ls -l")).unwrap().command, words("ls -l"));
        assert_eq!(parse(&words("-CC")).unwrap().control, 2);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(parse(&words("-x")), Err(ArgsError::Unknown('x')));
        assert_eq!(parse(&words("-uL")), Err(ArgsError::WantsValue('L')));
    }

    #[test]
    fn only_some_commands_start_a_server() {
        for line in ["", "new", "new-session -d", "new-s", "a", "attach -t x", "attach-s", "start"] {
            assert!(starts_server(&words(line)), "{line}");
        }
        for line in ["ls", "new-window", "new-", "kill-server", "has-session -t new", "send new"] {
            assert!(!starts_server(&words(line)), "{line}");
        }
        assert!(starts_server(&words("set -g a b ; new -d")));
        assert!(starts_server(&words("set -g a b; new -d")));
        assert!(!starts_server(&words("set -g a b\\; new -d")));
    }
}
