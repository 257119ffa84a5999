//! Questions on a client's message line: editing, history, single keys, confirmation.
//!
//! Owns the text being typed; what an answer does is its caller's business.

mod edit;

use super::queue::QueueId;
use crate::command::Word;
use crate::vt::keys::{Key, KeyCode, Mods};
use edit::{Edit, Motion};
use std::collections::VecDeque;
use std::sync::Arc;

/// Longest answer, in characters.
pub const MAX_INPUT: usize = 4096;

/// Which history an answer goes to, and what is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum PromptKind {
    /// A command.
    Command,
    /// A search text.
    Search,
    /// A target.
    Target,
    /// A window of this session.
    WindowTarget,
}

/// How keys are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PromptFlags {
    /// One key press is the answer (`-1`).
    pub single: bool,
    /// Only digits; the first other key ends it and is used as a key (`-N`).
    pub numeric: bool,
    /// The next key's name is the answer (`-k`).
    pub key: bool,
    /// The command runs at every change (`-i`).
    pub incremental: bool,
    /// y or n.
    pub confirm: bool,
}

/// What to do with the answers.
#[derive(Debug, Clone)]
pub(crate) enum PromptAction {
    /// Put them into the template and run it.
    Template { template: Option<Word>, expand: bool },
    /// Run the command when confirmed.
    Confirm { command: Word, yes: char, default_yes: bool },
}

/// A question being answered.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The question, expanded; may hold `#[style]`.
    pub text: String,
    /// Which kind of answer.
    pub kind: PromptKind,
    /// How keys are taken.
    pub flags: PromptFlags,
    /// vi keys: in command mode (drawn with message-command-style).
    pub vi_command: bool,
    pub(crate) vi: bool,
    pub(crate) input: Vec<char>,
    pub(crate) cursor: usize,
    pub(crate) action: PromptAction,
    /// Questions still to ask: text and preset answer.
    pub(crate) more: VecDeque<(String, String)>,
    pub(crate) answers: Vec<String>,
    pub(crate) history_at: usize,
    /// What C-w took out, for C-y.
    pub(crate) kill: Vec<char>,
    /// The text an incremental prompt begins with when it is repeated before anything is typed (`-I`).
    pub(crate) last: String,
    pub(crate) quote_next: bool,
    /// The queue that waits for the answer.
    pub(crate) waits: Option<QueueId>,
    pub(crate) origin: Arc<super::queue::Origin>,
}

/// What a key did to a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing that shows.
    Nothing,
    /// Something that shows, but not the text.
    Redraw,
    /// The text changed.
    Changed,
    /// An incremental prompt asks for the same again, forwards or backwards.
    Again { forward: bool },
    /// The word at the cursor is to be completed.
    Complete,
    /// The top paste buffer is to be put in.
    Buffer,
    /// The answer.
    Done(String),
    /// The answer; the key itself is to be handled as if there were no prompt.
    DoneAndKey(String),
    /// Given up.
    Cancelled,
}

impl Prompt {
    /// What has been typed.
    pub fn input(&self) -> String {
        self.input.iter().collect()
    }

    /// The cursor, in characters from the beginning of the input.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    fn replace(&mut self, text: Vec<char>) -> Answer {
        self.input = text;
        self.input.truncate(MAX_INPUT);
        self.cursor = self.input.len();
        Answer::Changed
    }

    fn insert(&mut self, c: char) -> Answer {
        if self.input.len() >= MAX_INPUT {
            return Answer::Nothing;
        }
        self.input.insert(self.cursor, c);
        self.cursor += 1;
        if self.flags.single { Answer::Done(self.input()) } else { Answer::Changed }
    }

    /// Puts pasted text in, control characters left out.
    pub(crate) fn paste(&mut self, text: &str) -> Answer {
        for c in text.chars().filter(|c| !c.is_control()) {
            if let done @ Answer::Done(_) = self.insert(c) {
                return done;
            }
        }
        Answer::Changed
    }

    /// One key. `history` is oldest first.
    pub(crate) fn key(&mut self, key: Key, history: &[String], separators: &str) -> Answer {
        if self.flags.confirm {
            return self.confirm(key);
        }
        if self.flags.key {
            return Answer::Done(crate::vt::keys::name(key));
        }
        if self.flags.numeric {
            return match key {
                Key { code: KeyCode::Char(c @ '0'..='9'), mods } if mods.is_empty() => self.insert(c),
                _ => Answer::DoneAndKey(self.input()),
            };
        }
        if std::mem::take(&mut self.quote_next) {
            return quoted(key).map_or(Answer::Nothing, |c| self.insert(c));
        }
        let edit = match (self.vi, self.vi_command) {
            (true, true) => self.vi_edit(key),
            (true, false) if key.code == KeyCode::Escape || key == ctrl('[') => Edit::CommandMode,
            // Keys that only emacs knows are nothing in vi's insert mode.
            (true, false) if key.mods.contains(Mods::ALT) || EMACS_ONLY.iter().any(|c| key == ctrl(*c)) => {
                Edit::Nothing
            }
            _ => edit::emacs(key),
        };
        self.edit(edit, history, separators)
    }

    fn edit(&mut self, edit: Edit, history: &[String], separators: &str) -> Answer {
        match edit {
            Edit::Nothing => Answer::Nothing,
            Edit::Insert(c) => self.insert(c),
            Edit::Done => Answer::Done(self.input()),
            Edit::Cancel => Answer::Cancelled,
            Edit::Complete => Answer::Complete,
            Edit::CommandMode => {
                self.vi_command = true;
                // As vi, and tmux since 3.7: the cursor goes onto the last character typed.
                self.cursor = self.cursor.saturating_sub(1);
                Answer::Redraw
            }
            Edit::Quote => {
                self.quote_next = true;
                Answer::Nothing
            }
            Edit::Go(motion) => self.go(motion.from(&self.input, self.cursor, separators)),
            Edit::Remove(motion) => {
                let other = motion.from(&self.input, self.cursor, separators);
                let (from, to) = (other.min(self.cursor), other.max(self.cursor).min(self.input.len()));
                if from == to {
                    return Answer::Nothing;
                }
                let gone: Vec<char> = self.input.drain(from..to).collect();
                if motion == Motion::WordBack {
                    self.kill = gone;
                }
                self.cursor = from;
                Answer::Changed
            }
            Edit::Clear => self.replace(Vec::new()),
            Edit::Yank if self.kill.is_empty() => Answer::Buffer,
            Edit::Yank => {
                let kill: String = self.kill.iter().collect();
                self.paste(&kill)
            }
            Edit::Transpose => self.transpose(),
            Edit::Older => self.older(history),
            Edit::Newer => self.newer(history),
            Edit::Again { forward } => self.again(forward),
        }
    }

    fn transpose(&mut self) -> Answer {
        let at = if self.cursor < self.input.len() { self.cursor + 1 } else { self.cursor };
        if at < 2 {
            return Answer::Nothing;
        }
        self.input.swap(at - 2, at - 1);
        self.cursor = at;
        Answer::Changed
    }

    fn again(&mut self, forward: bool) -> Answer {
        if !self.flags.incremental {
            return Answer::Nothing;
        }
        if self.input.is_empty() {
            let last = self.last.chars().collect();
            return self.replace(last);
        }
        Answer::Again { forward }
    }

    fn confirm(&self, key: Key) -> Answer {
        let PromptAction::Confirm { yes, default_yes, .. } = &self.action else { return Answer::Cancelled };
        let agreed = match key.code {
            KeyCode::Char(c) => c == *yes && !key.mods.contains(Mods::CTRL),
            KeyCode::Enter => *default_yes,
            _ => false,
        };
        if agreed { Answer::Done("y".into()) } else { Answer::Cancelled }
    }

    fn go(&mut self, to: usize) -> Answer {
        self.cursor = to.min(self.input.len());
        Answer::Redraw
    }

    fn older(&mut self, history: &[String]) -> Answer {
        if self.history_at >= history.len() {
            return Answer::Nothing;
        }
        self.history_at += 1;
        let text = history[history.len() - self.history_at].chars().collect();
        self.replace(text)
    }

    /// Before the newest is the empty line, as in tmux: what was typed is not kept.
    fn newer(&mut self, history: &[String]) -> Answer {
        self.history_at = self.history_at.saturating_sub(1);
        let text = match self.history_at {
            0 => Vec::new(),
            n => history[history.len() - n].chars().collect(),
        };
        self.replace(text)
    }

    /// The word at the cursor: where it begins and ends. Blanks before the cursor belong to no word.
    pub(crate) fn word(&self) -> (usize, usize) {
        let blank = |i: usize| self.input.get(i) == Some(&' ');
        let mut first = self.cursor.saturating_sub(1);
        while first > 0 && !blank(first) {
            first -= 1;
        }
        while blank(first) {
            first += 1;
        }
        let mut last = self.cursor;
        while last < self.input.len() && !blank(last) {
            last += 1;
        }
        (first.min(last), last)
    }

    /// Puts a text in the place of the word at the cursor.
    pub(crate) fn put_word(&mut self, text: &str) {
        let (first, last) = self.word();
        self.input.splice(first..last, text.chars());
        self.input.truncate(MAX_INPUT);
        self.cursor = (first + text.chars().count()).min(self.input.len());
    }

    /// A key in vi's command mode; some go on to insert.
    fn vi_edit(&mut self, key: Key) -> Edit {
        let (edit, inserts) = edit::vi(key);
        if inserts {
            self.vi_command = false;
        }
        edit
    }
}

fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), mods: Mods::CTRL }
}

/// Control keys that vi's insert mode does not have.
const EMACS_ONLY: [char; 3] = ['b', 'd', 'f'];

/// The character a key stands for when it is to be taken as it is.
fn quoted(key: Key) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if key.mods.contains(Mods::CTRL) => {
            char::from_u32(u32::from(c.to_ascii_uppercase()) & 0x1f).filter(|_| c.is_ascii())
        }
        KeyCode::Char(c) => Some(c),
        KeyCode::Enter => Some('\r'),
        KeyCode::Tab => Some('\t'),
        KeyCode::Escape => Some('\x1b'),
        KeyCode::Backspace => Some('\x7f'),
        _ => None,
    }
}
