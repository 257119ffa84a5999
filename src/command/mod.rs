//! The language: words, quotes, blocks, flags, targets, and how errors in it are told.
//!
//! The same reader serves a shell's argument list, key bindings, the command prompt and configuration files.
//! It knows no session and no socket; what a verb does is its handler's business.

pub mod args;
pub mod lexer;
pub mod parser;
pub mod target;

pub use args::{Args, Spec, UsageError};
pub use parser::{Host, ParseError, parse, parse_argv};

use std::fmt::Write;
use std::sync::Arc;

/// Longest text read as commands at once, in bytes (a configuration file).
pub const MAX_SOURCE: usize = 4 * 1024 * 1024;

/// Deepest nesting of `{ }` and `%if`.
pub const MAX_NESTING: usize = 64;

/// One word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Text, quotes and escapes already taken away.
    Text(String),
    /// Commands in braces.
    Block(Arc<[Command]>),
}

impl Word {
    /// The word as text; a block is printed as it could be typed (without its braces).
    pub fn to_text(&self) -> String {
        match self {
            Word::Text(t) => t.clone(),
            Word::Block(commands) => print_commands(commands),
        }
    }
}

/// One command as read: a verb's name and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The verb and its arguments; never empty.
    pub words: Vec<Word>,
    /// Line it began on, from 1.
    pub line: u32,
    /// Commands of one line share a group: when one fails, the rest of its group is not run.
    pub group: u32,
}

impl Command {
    /// The verb as typed.
    pub fn name(&self) -> &str {
        match self.words.first() {
            Some(Word::Text(t)) => t,
            _ => "",
        }
    }
}

/// Commands as they could be typed again.
pub fn print_commands(commands: &[Command]) -> String {
    let mut out = String::new();
    for (i, command) in commands.iter().enumerate() {
        if i > 0 {
            out.push_str(" ; ");
        }
        print_words(&command.words, &print_commands, &mut out);
    }
    out
}

/// Words as they could be typed again; `block` prints the commands in braces.
pub fn print_words(words: &[Word], block: &dyn Fn(&[Command]) -> String, out: &mut String) {
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        match word {
            Word::Text(t) => out.push_str(&quote(t)),
            Word::Block(b) => {
                // Writing into a String cannot fail.
                let _ = write!(out, "{{ {} }}", block(b));
            }
        }
    }
}

/// A word in the quotes it needs to be read back as it is, in tmux's way of printing them.
pub fn quote(text: &str) -> String {
    let mut chars = text.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else { return "''".to_owned() };
    let double = text.contains([' ', '#', '\'', ';', '$', '{', '}', '%', '\n', '\t', '\r']);
    let single = !double && text.contains('"');
    if second.is_none() && !first.is_whitespace() && (double || single || first == '~') {
        return format!("\\{first}");
    }
    let mut out = String::with_capacity(text.len() + 2);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let name_follows = rest.peek().is_some_and(|n| n.is_ascii_alphabetic() || matches!(n, '_' | '{'));
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\\' => out.push_str("\\\\"),
            '"' if double => out.push_str("\\\""),
            '$' if name_follows => out.push_str("\\$"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\{:03o}", c as u32);
            }
            _ => out.push(c),
        }
    }
    match (double, single) {
        (true, _) => format!("\"{out}\""),
        // Between single quotes a backslash is one; what needs escapes was put into double ones above.
        (_, true) if !text.contains('\\') => format!("'{out}'"),
        (_, true) => format!("\"{}\"", out.replace('"', "\\\"")),
        _ if first == '~' => format!("\\{out}"),
        _ => out,
    }
}

#[cfg(test)]
mod tests;
