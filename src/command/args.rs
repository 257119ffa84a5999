//! What a verb takes (in getopt's form) and what it was given.

use super::Word;

/// A verb's face: its names, what it takes and what its help says.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Full name.
    pub name: &'static str,
    /// Short name; empty when there is none.
    pub alias: &'static str,
    /// Flags: a letter, with `:` when it takes a value.
    pub flags: &'static str,
    /// Least number of words after the flags.
    pub least: usize,
    /// Most of them; `None` for any number.
    pub most: Option<usize>,
    /// Flags and words for the usage line, as tmux prints them.
    pub usage: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// A client that finds no server starts one for this verb.
    pub starts_server: bool,
    /// Flags may stand behind words: `move pane hostB --dry-run`. Only qmux's own verbs have this, since
    /// what follows the words of tmux's verbs is a program's.
    pub interleave: bool,
    /// Long flags, which only qmux's own features have: `--dry-run`; with `=` at the end when they take a value.
    pub long: &'static [&'static str],
}

/// Most words of one command.
pub const MAX_WORDS: usize = 16 * 1024;

/// Flags and words that do not fit the verb; the words are tmux's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// `-?`, or nothing better to say than the usage line.
    #[error("usage: {0} {1}")]
    Usage(&'static str, &'static str),
    /// A flag the verb does not have.
    #[error("command {0}: unknown flag -{1}")]
    UnknownFlag(&'static str, char),
    /// A long flag the verb does not have.
    #[error("command {0}: unknown flag {1}")]
    UnknownLong(&'static str, String),
    /// A character that cannot be a flag.
    #[error("command {0}: invalid flag -{1}")]
    InvalidFlag(&'static str, char),
    /// A flag's value is missing.
    #[error("command {0}: -{1} expects an argument")]
    NoValue(&'static str, char),
    /// A long flag's value is missing.
    #[error("command {0}: {1} expects an argument")]
    NoLongValue(&'static str, String),
    /// Fewer words than needed.
    #[error("command {0}: too few arguments (need at least {1})")]
    TooFew(&'static str, usize),
    /// More words than taken.
    #[error("command {0}: too many arguments (need at most {1})")]
    TooMany(&'static str, usize),
}

/// Flags and words as given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Args {
    flags: Vec<(char, Option<Word>)>,
    long: Vec<(&'static str, Option<String>)>,
    /// The words after the flags.
    pub words: Vec<Word>,
}

impl Spec {
    /// `name [flags] words`, for `list-commands` and the usage error.
    pub fn usage_line(&self) -> String {
        let alias = if self.alias.is_empty() { String::new() } else { format!(" ({})", self.alias) };
        format!("{}{alias} {}", self.name, self.usage)
    }

    fn takes(&self, flag: char) -> Option<bool> {
        if !flag.is_ascii_alphanumeric() {
            return None;
        }
        let at = self.flags.find(flag)?;
        Some(self.flags[at + 1..].starts_with(':'))
    }

    /// Sorts the words of a command (without its name) into flags and the rest.
    pub fn read(&self, words: &[Word]) -> Result<Args, UsageError> {
        let mut args = Args::default();
        let mut rest = words.iter().take(MAX_WORDS);
        while let Some(word) = rest.next() {
            let Word::Text(text) = word else {
                args.words.push(word.clone());
                break;
            };
            if text == "--" {
                break;
            }
            if !self.long.is_empty() && text.starts_with("--") {
                self.read_long(text, &mut rest, &mut args)?;
                continue;
            }
            if !text.starts_with('-') || text == "-" {
                args.words.push(word.clone());
                if !self.interleave {
                    break;
                }
                continue;
            }
            for (i, c) in text[1..].char_indices() {
                if c == '?' {
                    return Err(UsageError::Usage(self.name, self.usage));
                }
                match self.takes(c) {
                    None if !c.is_ascii_alphanumeric() => {
                        return Err(UsageError::InvalidFlag(self.name, c));
                    }
                    None => return Err(UsageError::UnknownFlag(self.name, c)),
                    Some(false) => args.flags.push((c, None)),
                    Some(true) => {
                        let attached = &text[1 + i + c.len_utf8()..];
                        let value = if attached.is_empty() {
                            rest.next().cloned().ok_or(UsageError::NoValue(self.name, c))?
                        } else {
                            Word::Text(attached.to_owned())
                        };
                        args.flags.push((c, Some(value)));
                        break;
                    }
                }
            }
        }
        args.words.extend(rest.cloned());
        if args.words.len() < self.least {
            return Err(UsageError::TooFew(self.name, self.least));
        }
        match self.most {
            Some(most) if args.words.len() > most => Err(UsageError::TooMany(self.name, most)),
            _ => Ok(args),
        }
    }

    fn read_long<'a>(
        &self,
        text: &str,
        rest: &mut impl Iterator<Item = &'a Word>,
        args: &mut Args,
    ) -> Result<(), UsageError> {
        let (name, attached) = match text.split_once('=') {
            Some((n, v)) => (n, Some(v.to_owned())),
            None => (text, None),
        };
        let known = self.long.iter().find(|l| l.trim_end_matches('=') == name);
        let Some(known) = known else {
            return Err(UsageError::UnknownLong(self.name, name.to_owned()));
        };
        let value = match (known.ends_with('='), attached) {
            (false, _) => None,
            (true, Some(v)) => Some(v),
            (true, None) => match rest.next() {
                Some(w) => Some(w.to_text()),
                None => return Err(UsageError::NoLongValue(self.name, name.to_owned())),
            },
        };
        args.long.push((known.trim_end_matches('='), value));
        Ok(())
    }
}

impl Args {
    /// Whether a flag was given.
    pub fn has(&self, flag: char) -> bool {
        self.flags.iter().any(|(f, _)| *f == flag)
    }

    /// The flags given.
    pub fn letters(&self) -> impl Iterator<Item = char> + '_ {
        self.flags.iter().map(|(f, _)| *f)
    }

    /// How many times.
    pub fn count(&self, flag: char) -> usize {
        self.flags.iter().filter(|(f, _)| *f == flag).count()
    }

    /// A flag's value, the last one given.
    pub fn get(&self, flag: char) -> Option<String> {
        self.value(flag).map(Word::to_text)
    }

    /// A flag's value as a word.
    pub fn value(&self, flag: char) -> Option<&Word> {
        self.flags.iter().rev().find(|(f, _)| *f == flag).and_then(|(_, w)| w.as_ref())
    }

    /// All values of a flag, in order.
    pub fn all(&self, flag: char) -> impl Iterator<Item = String> + '_ {
        self.flags.iter().filter(move |(f, _)| *f == flag).filter_map(|(_, w)| w.as_ref().map(Word::to_text))
    }

    /// Whether a long flag was given.
    pub fn has_long(&self, name: &str) -> bool {
        self.long.iter().any(|(n, _)| *n == name)
    }

    /// A long flag's value.
    pub fn get_long(&self, name: &str) -> Option<&str> {
        self.long.iter().rev().find(|(n, _)| *n == name).and_then(|(_, v)| v.as_deref())
    }

    /// All values of a long flag, in order.
    pub fn all_long<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.long.iter().filter(move |(n, _)| *n == name).filter_map(|(_, v)| v.as_deref())
    }

    /// The `i`th word after the flags, as text.
    pub fn word(&self, i: usize) -> Option<String> {
        self.words.get(i).map(Word::to_text)
    }

    /// The words from the `i`th on, as texts.
    pub fn texts_from(&self, i: usize) -> Vec<String> {
        self.words.iter().skip(i).map(Word::to_text).collect()
    }

    /// The command as it could be typed again, flags in alphabetical order as tmux prints them;
    /// `block` prints the commands in braces.
    pub fn print(&self, name: &str, block: &dyn Fn(&[super::Command]) -> String) -> String {
        let mut out = name.to_owned();
        let mut bare: Vec<char> = self.flags.iter().filter(|(_, v)| v.is_none()).map(|(f, _)| *f).collect();
        bare.sort_unstable();
        if !bare.is_empty() {
            out.push_str(" -");
            out.extend(bare);
        }
        let mut valued: Vec<_> = self.flags.iter().filter(|(_, v)| v.is_some()).collect();
        valued.sort_by_key(|(f, _)| *f);
        for (flag, value) in valued {
            out.push_str(&format!(" -{flag} "));
            super::print_words(value.as_slice(), block, &mut out);
        }
        for (name, value) in &self.long {
            out.push_str(&format!(" {name}"));
            if let Some(v) = value {
                out.push_str(&format!(" {}", super::quote(v)));
            }
        }
        if !self.words.is_empty() {
            out.push(' ');
            super::print_words(&self.words, block, &mut out);
        }
        out
    }
}
