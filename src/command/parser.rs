//! Tokens to commands: lines, groups, blocks, `%if`, assignments.

use super::lexer::{Lexer, Token};
use super::{Command, MAX_NESTING, MAX_SOURCE, Word};

/// What the reader asks of its surroundings.
pub trait Host {
    /// A variable of the environment commands are read in.
    fn env(&self, name: &str) -> Option<String>;
    /// The home directory of a user, of this one for an empty name.
    fn home(&self, user: &str) -> Option<String>;
    /// Whether the condition of an `%if` holds.
    fn condition(&self, format: &str) -> bool;
    /// `NAME=value` as a statement; hidden ones are not given to programs.
    fn assign(&mut self, name: &str, value: &str, hidden: bool);
}

/// Text that is no command list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// What is wrong, in tmux's words.
    pub text: String,
}

/// Reads commands. Nothing of a text with an error in it is used, but assignments before the error are made.
pub fn parse(text: &str, host: &mut dyn Host) -> Result<Vec<Command>, ParseError> {
    if text.len() > MAX_SOURCE {
        return Err(ParseError { line: 1, text: "too much text".into() });
    }
    let mut reader = Reader { lexer: Lexer::new(text), host, group: 0, ifs: Vec::new() };
    let commands = reader.list(0)?;
    if !reader.ifs.is_empty() {
        return Err(reader.lexer.error("syntax error".into()));
    }
    Ok(commands)
}

/// Splits an argument list at words that are or end in `;` (not `\;`).
pub fn parse_argv(argv: &[String]) -> Vec<Command> {
    let mut out: Vec<Command> = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut flush = |words: &mut Vec<Word>| {
        if !words.is_empty() {
            out.push(Command { words: std::mem::take(words), line: 0, group: 0 });
        }
    };
    for arg in argv {
        if arg == ";" {
            flush(&mut words);
        } else if let Some(before) = arg.strip_suffix("\\;") {
            words.push(Word::Text(format!("{before};")));
        } else if let Some(before) = arg.strip_suffix(';') {
            words.push(Word::Text(before.to_owned()));
            flush(&mut words);
        } else {
            words.push(Word::Text(arg.clone()));
        }
    }
    flush(&mut words);
    out
}

/// One `%if` that is open: whether its commands count, whether some branch did, and the same of its surroundings.
struct If {
    on: bool,
    taken: bool,
    outer: bool,
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    host: &'a mut dyn Host,
    group: u32,
    ifs: Vec<If>,
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let mut chars = name.chars();
    let first = chars.next()?;
    let good =
        (first.is_ascii_alphabetic() || first == '_') && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    good.then_some((name, value))
}

impl Reader<'_> {
    fn on(&self) -> bool {
        self.ifs.last().is_none_or(|i| i.on)
    }

    fn token(&mut self) -> Result<Token, ParseError> {
        self.lexer.token(self.host)
    }

    fn syntax<T>(&self) -> Result<T, ParseError> {
        Err(self.lexer.error("syntax error".into()))
    }

    /// Commands up to the end of the text, or up to `}` inside a block.
    fn list(&mut self, depth: usize) -> Result<Vec<Command>, ParseError> {
        if depth > MAX_NESTING {
            return Err(self.lexer.error("too many nested blocks".into()));
        }
        let ifs_here = self.ifs.len();
        let mut out = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut line = self.lexer.line;
        self.group += 1;
        let mut group = self.group;
        // Since the last `%if`, `%elif` or `%else` nothing was seen, not even the end of an empty line.
        let mut bare_branch = false;
        // `NAME=value` stands where a command could.
        let mut assigned = false;
        loop {
            let before = self.lexer.line;
            let token = self.token()?;
            match token {
                Token::Word { text, bare } => {
                    // An open condition may end on the line of its last command.
                    let ends = bare && matches!(text.as_str(), "%elif" | "%else" | "%endif");
                    if ends && self.ifs.len() > ifs_here {
                        if bare_branch && words.is_empty() {
                            return self.syntax();
                        }
                        self.finish(&mut words, line, group, &mut out);
                    }
                    if words.is_empty() {
                        line = before.max(1);
                        if bare && text.starts_with('%') && self.directive(&text)? {
                            if matches!(text.as_str(), "%if" | "%elif" | "%else") {
                                bare_branch = true;
                                // The line's end belongs to the condition.
                                if self.lexer.at_line_end() {
                                    self.token()?;
                                }
                            }
                            continue;
                        }
                        bare_branch = false;
                        if let Some((name, value)) = assignment(&text) {
                            if self.on() {
                                self.host.assign(name, value, false);
                            }
                            assigned = true;
                            continue;
                        }
                        line = self.lexer.line;
                    }
                    words.push(Word::Text(text));
                }
                Token::Open => {
                    if words.is_empty() {
                        return self.syntax();
                    }
                    let block = self.list(depth + 1)?;
                    words.push(Word::Block(block.into()));
                }
                Token::Semicolon => {
                    // Behind a command there may be more of them; a line does not begin with one.
                    let begun = assigned || out.last().is_some_and(|c: &Command| c.group == group);
                    if words.is_empty() && !begun {
                        return self.syntax();
                    }
                    self.finish(&mut words, line, group, &mut out);
                }
                Token::Newline => {
                    (bare_branch, assigned) = (false, false);
                    self.finish(&mut words, line, group, &mut out);
                    self.group += 1;
                    group = self.group;
                }
                Token::Close | Token::End => {
                    if (token == Token::Close) != (depth > 0) || self.ifs.len() != ifs_here {
                        return self.syntax();
                    }
                    self.finish(&mut words, line, group, &mut out);
                    return Ok(out);
                }
            }
        }
    }

    fn finish(&mut self, words: &mut Vec<Word>, line: u32, group: u32, out: &mut Vec<Command>) {
        if !words.is_empty() {
            let words = std::mem::take(words);
            if self.on() {
                out.push(Command { words, line, group });
            }
        }
    }

    /// `%if` and its like. False: an ordinary word.
    fn directive(&mut self, word: &str) -> Result<bool, ParseError> {
        match word {
            "%if" | "%elif" => {
                self.lexer.in_condition = true;
                let token = self.token();
                self.lexer.in_condition = false;
                let Token::Word { text, .. } = token? else { return self.syntax() };
                if word == "%if" {
                    if self.ifs.len() >= MAX_NESTING {
                        return Err(self.lexer.error("too many nested conditions".into()));
                    }
                    let outer = self.on();
                    let on = outer && self.host.condition(&text);
                    self.ifs.push(If { on, taken: on, outer });
                } else {
                    let host = &*self.host;
                    let Some(top) = self.ifs.last_mut() else {
                        return Err(self.lexer.error("syntax error".into()));
                    };
                    top.on = top.outer && !top.taken && host.condition(&text);
                    top.taken |= top.on;
                }
            }
            "%else" => match self.ifs.last_mut() {
                Some(top) => {
                    top.on = top.outer && !top.taken;
                    top.taken = true;
                }
                None => return self.syntax(),
            },
            "%endif" => {
                if self.ifs.pop().is_none() {
                    return self.syntax();
                }
            }
            "%hidden" => {
                let Token::Word { text, .. } = self.token()? else { return self.syntax() };
                match assignment(&text) {
                    Some((name, value)) if self.on() => self.host.assign(name, value, true),
                    Some(_) => {}
                    None => return self.syntax(),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
