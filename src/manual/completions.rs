//! Completion of a command line: three short scripts that ask the program, and its answer.
//!
//! The scripts hold nothing but the way a shell is told. Must not know how sessions are kept.

use super::{GLOBAL, faces};
use crate::command::Spec;
use crate::mux::commands;
use crate::mux::options::{Kind, OPTIONS};
use std::process::{Command, Stdio};

/// What the scripts call: `qmux completions --for WORD… WORD-TO-COMPLETE` prints a line `word TAB help` for
/// each candidate; none when names of files are wanted.
pub(super) const FLAG: &str = "--for";

/// A candidate and what is said of it, which may be empty.
pub(super) type Candidate = (String, String);

const BASH: &str = r#"# qmux completions bash: put it into ~/.local/share/bash-completion/completions/qmux
_qmux() {
    local line=${COMP_LINE:0:COMP_POINT} word help kept=
    local -a words
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=('')
    # Readline has cut the last word at colons and equals signs and takes only what comes after them.
    word=${words[-1]}
    [[ $word != *[:=]* ]] || kept=${word%"${word##*[:=]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r word help; do
        COMPREPLY+=("$(printf %q "${word#"$kept"}")")
    done < <(command qmux completions --for "${words[@]:1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _qmux qmux
"#;

const ZSH: &str = r#"#compdef qmux
# qmux completions zsh: put it as _qmux into a folder of $fpath, or source it after compinit
_qmux() {
    local -a found
    local word help
    while IFS=$'\t' read -r word help; do
        found+=("${word//:/\\:}${help:+:$help}")
    done < <(command qmux completions --for "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    if (( $#found )); then _describe -t words qmux found; else _files; fi
}
if [[ ${funcstack[1]} == _qmux ]]; then _qmux "$@"; else compdef _qmux qmux; fi
"#;

const FISH: &str = r#"# qmux completions fish: put it into ~/.config/fish/completions/qmux.fish
function __qmux_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found (command qmux completions --for $before[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c qmux -f -a '(__qmux_complete)'
"#;

/// The script for a shell, by its name.
pub(super) fn script(shell: &str) -> Option<&'static str> {
    match shell {
        "bash" => Some(BASH),
        "zsh" => Some(ZSH),
        "fish" => Some(FISH),
        _ => None,
    }
}

/// Runs `qmux WORDS…` and returns the lines it prints: none when there is no server.
pub(super) fn ask_server(words: &[&str]) -> Vec<String> {
    let Ok(own) = std::env::current_exe() else { return Vec::new() };
    let output = Command::new(own).args(words).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// What the last of `line` can be completed to; `ask` runs a command of ours and returns its lines.
pub(super) fn candidates(line: &[String], ask: &mut dyn FnMut(&[&str]) -> Vec<String>) -> Vec<Candidate> {
    let Some((current, before)) = line.split_last() else { return Vec::new() };
    let commands = after_global_flags(before);
    let Some(start) = commands else { return Vec::new() };
    let (global, words) = before.split_at(start);
    // Of a sequence of commands the last one is completed.
    let ends = |word: &String| word.ends_with(';');
    let words = &words[words.iter().rposition(ends).map_or(0, |at| at + 1)..];
    let mut all = match words.split_first() {
        None if current.starts_with('-') && start == before.len() => global_flags(),
        None => verbs(),
        Some((verb, rest)) => {
            let mut ask = |asked: &[&str]| {
                let global = global.iter().map(String::as_str).filter(|word| *word != "--");
                ask(&global.chain(asked.iter().copied()).collect::<Vec<_>>())
            };
            of_verb(verb, rest, current, &mut ask)
        }
    };
    all.retain(|(word, _)| word.starts_with(current.as_str()));
    all
}

/// Index of the first word after the global flags; none when the word to complete is the value of one.
fn after_global_flags(words: &[String]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return Some(at + 1);
        }
        let Some(letters) = word.strip_prefix('-').filter(|l| !l.is_empty()) else { break };
        let takes = |c: &char| GLOBAL.iter().any(|(letter, value, _)| letter == c && !value.is_empty());
        let value_follows = letters.chars().position(|c| takes(&c)) == Some(letters.chars().count() - 1);
        at += if value_follows { 2 } else { 1 };
    }
    (at <= words.len()).then_some(at)
}

fn global_flags() -> Vec<Candidate> {
    GLOBAL.iter().map(|(letter, _, help)| (format!("-{letter}"), (*help).to_owned())).collect()
}

fn verbs() -> Vec<Candidate> {
    faces().iter().map(|face| (face.name.to_owned(), face.help.to_owned())).collect()
}

fn of_verb(
    verb: &str,
    before: &[String],
    current: &str,
    ask: &mut dyn FnMut(&[&str]) -> Vec<String>,
) -> Vec<Candidate> {
    let Ok(found) = commands::find(verb) else {
        let own = super::OWN.iter().find(|face| face.name == verb);
        let words = own.map(|face| positional(face.usage)).unwrap_or_default();
        let (hosts, plain): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| *word == "host");
        let mut all = literal(plain.into_iter());
        all.extend(hosts.into_iter().flat_map(|word| named(word, ask)));
        return all;
    };
    let spec = &found.spec;
    if let Some(name) = before.last().and_then(|word| value_wanted(spec, word)) {
        return named(name, ask);
    }
    if current.starts_with('-') {
        return flags(spec);
    }
    let own = spec.interleave;
    let words = positional(spec.usage);
    let mut all = Vec::new();
    for word in words {
        let more = named(word, ask);
        if more.is_empty() && own && ["pane", "window", "session"].contains(&word) {
            all.push((word.to_owned(), String::new()));
        }
        all.extend(more);
    }
    all
}

fn literal<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Candidate> {
    words.map(|word| (word.to_owned(), String::new())).collect()
}

/// The name, as the usage line has it, of the value that a flag at the end of `word` waits for.
fn value_wanted<'a>(spec: &'a Spec, word: &str) -> Option<&'a str> {
    if spec.long.iter().any(|flag| flag.strip_suffix('=') == Some(word)) {
        return Some(value_name(spec.usage, word));
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let takes = |c: char| spec.flags.find(c).is_some_and(|at| spec.flags[at + 1..].starts_with(':'));
    let (at, letter) = letters.char_indices().find(|(_, c)| takes(*c))?;
    (at + letter.len_utf8() == letters.len()).then(|| value_name(spec.usage, &format!("-{letter}")))
}

/// What the usage line calls the value of `flag`; empty when it does not show the flag.
fn value_name<'a>(usage: &'a str, flag: &str) -> &'a str {
    let mut words = usage.split_whitespace();
    while let Some(word) = words.next() {
        if word.trim_start_matches('[') == flag {
            return words.next().unwrap_or("").trim_end_matches(']');
        }
    }
    ""
}

/// Names of the words that are not flags nor their values, alternatives taken apart.
fn positional(usage: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut words = usage.split_whitespace();
    while let Some(word) = words.next() {
        if word.starts_with("[-") {
            // Up to the end of the brackets.
            if !word.ends_with(']') {
                words.by_ref().find(|word| word.ends_with(']'));
            }
        } else if word.starts_with('-') {
            words.next();
        } else {
            found.extend(word.trim_matches(['[', ']']).split('|').filter(|w| !w.is_empty() && *w != "..."));
        }
    }
    found
}

fn flags(spec: &Spec) -> Vec<Candidate> {
    let letters = spec.flags.chars().filter(|c| *c != ':').map(|c| format!("-{c}"));
    let long = spec.long.iter().map(|flag| flag.trim_end_matches('=').to_owned());
    letters
        .chain(long)
        .map(|flag| {
            let value = value_wanted(spec, &flag).unwrap_or_default().to_owned();
            (flag, value)
        })
        .collect()
}

/// What can stand for a word of the usage line.
fn named(name: &str, ask: &mut dyn FnMut(&[&str]) -> Vec<String>) -> Vec<Candidate> {
    let options = |hooks: bool| {
        let kept = OPTIONS.iter().filter(move |def| (def.kind == Kind::Hook) == hooks);
        kept.map(|def| (def.name.to_owned(), String::new())).collect()
    };
    let mut list = |verb: &[&str], format: &str| -> Vec<Candidate> {
        let lines = ask(&[verb, &["-F", format]].concat());
        let pairs = lines.iter().map(|line| line.split_once('\t').unwrap_or((line, "")));
        pairs.map(|(word, help)| (word.to_owned(), help.to_owned())).collect()
    };
    let part = name.rsplit('-').next().unwrap_or(name);
    let target = name.starts_with("target-") || name.starts_with("src-") || name.starts_with("dst-");
    match part {
        "session" if target => list(&["list-sessions"], "#{session_name}\t#{session_windows} windows"),
        "window" if target => {
            list(&["list-windows", "-a"], "#{session_name}:#{window_index}\t#{window_name}")
        }
        "pane" if target => list(
            &["list-panes", "-a"],
            "#{session_name}:#{window_index}.#{pane_index}\t#{pane_current_command}",
        ),
        "client" if target => list(&["list-clients"], "#{client_name}\t#{client_session}"),
        _ => match name {
            "buffer-name" => list(&["list-buffers"], "#{buffer_name}\t#{buffer_sample}"),
            "host" => {
                let lines = ask(&["hosts"]);
                lines
                    .iter()
                    .filter_map(|l| Some((l.split_whitespace().next()?.to_owned(), String::new())))
                    .collect()
            }
            "key-table" => literal(["root", "prefix", "copy-mode", "copy-mode-vi"].into_iter()),
            "layout-name" => literal(
                [
                    "even-horizontal",
                    "even-vertical",
                    "main-horizontal",
                    "main-horizontal-mirrored",
                    "main-vertical",
                    "main-vertical-mirrored",
                    "tiled",
                ]
                .into_iter(),
            ),
            "option" => options(false),
            "hook" => options(true),
            "command" => verbs(),
            "event" => ask(&["events", "--list"])
                .iter()
                .filter_map(|line| line.split_once('\t'))
                .map(|(word, help)| (word.to_owned(), help.to_owned()))
                .collect(),
            several if several.contains('|') => literal(several.split('|')),
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The candidates for the last word of `line` (a space at the end begins a new one), and what was asked.
    fn complete(line: &str) -> (Vec<String>, Vec<String>) {
        let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut asked = Vec::new();
        let mut ask = |words: &[&str]| {
            asked.push(words.join(" "));
            vec!["work\t2 windows".to_owned(), "world\t1 windows".to_owned(), "play".to_owned()]
        };
        let found = candidates(&line, &mut ask);
        (found.into_iter().map(|(word, _)| word).collect(), asked)
    }

    #[test]
    fn verbs_flags_and_their_values_are_completed() {
        assert_eq!(complete("att").0, ["attach-session"]);
        assert_eq!(complete("doc").0, ["doctor"]);
        let flags = complete("attach -").0;
        assert!(flags.contains(&"-t".into()) && flags.contains(&"-d".into()), "{flags:?}");
        assert!(complete("move --").0.contains(&"--dry-run".into()));
        let (found, asked) = complete("attach -dt wor");
        assert_eq!(found, ["work", "world"]);
        assert_eq!(asked, ["list-sessions -F #{session_name}\t#{session_windows} windows"]);
        assert_eq!(
            complete("set-option -g status-le").0,
            ["status-left", "status-left-length", "status-left-style"]
        );
        assert_eq!(complete("set-hook -g session-cl").0, ["session-closed"]);
        assert_eq!(complete("completions z").0, ["zsh"]);
        assert_eq!(complete("doctor wo"), (vec!["work".into(), "world".into()], vec!["hosts".into()]));
        assert_eq!(
            complete("events wo"),
            (vec!["work".into(), "world".into()], vec!["events --list".into()])
        );
        assert_eq!(complete("wait --event wo").0, ["work", "world"]);
        assert_eq!(complete("move pane --engine na").0, ["native"]);
        assert_eq!(complete("move wi").0, ["window"]);
        assert_eq!(complete("select-layout ti").0, ["tiled"]);
    }

    #[test]
    fn global_flags_come_first_and_go_with_the_question() {
        assert_eq!(complete("-S /tmp/x -u kill-serv").0, ["kill-server"]);
        let (found, asked) = complete("-Lname attach -t pl");
        assert_eq!(found, ["play"]);
        assert!(asked[0].starts_with("-Lname list-sessions "), "{asked:?}");
        assert!(complete("-").0.contains(&"-V".into()));
        assert!(complete("-f conf").0.is_empty(), "the name of a file");
    }

    #[test]
    fn the_last_of_several_commands_is_completed() {
        assert_eq!(complete("new-session -d ; att").0, ["attach-session"]);
        assert_eq!(complete("new-session -d; kill-serv").0, ["kill-server"]);
    }

    #[test]
    fn what_is_not_known_has_no_candidates() {
        assert!(complete("nonsense x").0.is_empty());
        assert!(complete("source-file ~/.tm").0.is_empty(), "files are the shell's");
        assert!(candidates(&[], &mut |_| panic!("nothing to ask")).is_empty());
    }

    /// A flag whose value has a name that means something here is shown in the usage line under that letter.
    #[test]
    fn every_target_flag_is_understood() {
        for verb in commands::TABLE.iter().filter(|v| v.spec.flags.contains("t:")) {
            let name = value_wanted(&verb.spec, "-t").expect("it takes a value");
            assert!(name.starts_with("target-") || name.starts_with("dst-"), "{}: {name:?}", verb.spec.name);
        }
    }
}
