//! Questions on a client's message line: editing, history, single keys, confirmation.
//!
//! Owns the text being typed; what an answer does is its caller's business.

use super::queue::QueueId;
use crate::command::Word;
use crate::vt::keys::{Key, KeyCode, Mods};
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
    pub(crate) typed: Vec<char>,
    pub(crate) kill: Vec<char>,
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

    fn word_start(&self, separators: &str) -> usize {
        let sep = |c: &char| c.is_whitespace() || separators.contains(*c);
        let mut i = self.cursor;
        while i > 0 && sep(&self.input[i - 1]) {
            i -= 1;
        }
        while i > 0 && !sep(&self.input[i - 1]) {
            i -= 1;
        }
        i
    }

    fn word_end(&self, separators: &str) -> usize {
        let sep = |c: &char| c.is_whitespace() || separators.contains(*c);
        let mut i = self.cursor;
        while i < self.input.len() && sep(&self.input[i]) {
            i += 1;
        }
        while i < self.input.len() && !sep(&self.input[i]) {
            i += 1;
        }
        i
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
            return match key.code {
                KeyCode::Char(c) => self.insert(c),
                _ => Answer::Nothing,
            };
        }
        if self.vi && self.vi_command {
            return self.vi_key(key, history, separators);
        }
        let ctrl = key.mods.contains(Mods::CTRL);
        let alt = key.mods.contains(Mods::ALT);
        match (key.code, ctrl, alt) {
            (KeyCode::Enter, _, _) | (KeyCode::Char('m' | 'j'), true, false) => Answer::Done(self.input()),
            (KeyCode::Escape, _, _) | (KeyCode::Char('['), true, _) => {
                if self.vi {
                    self.vi_command = true;
                    self.cursor = self.cursor.saturating_sub(1);
                    return Answer::Redraw;
                }
                Answer::Cancelled
            }
            (KeyCode::Char('c' | 'g'), true, false) => Answer::Cancelled,
            (KeyCode::Left, false, _) | (KeyCode::Char('b'), true, false) => {
                self.go(self.cursor.saturating_sub(1))
            }
            (KeyCode::Right, false, _) | (KeyCode::Char('f'), true, false) => self.go(self.cursor + 1),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => self.go(0),
            (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => self.go(usize::MAX),
            (KeyCode::Left, true, _) | (KeyCode::Char('b'), false, true) => {
                self.go(self.word_start(separators))
            }
            (KeyCode::Right, true, _) | (KeyCode::Char('f'), false, true) => {
                self.go(self.word_end(separators))
            }
            (KeyCode::Backspace, _, false) | (KeyCode::Char('h'), true, false) => {
                if self.cursor == 0 {
                    return Answer::Nothing;
                }
                self.cursor -= 1;
                self.input.remove(self.cursor);
                Answer::Changed
            }
            (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, false) => {
                if self.cursor >= self.input.len() {
                    return Answer::Nothing;
                }
                self.input.remove(self.cursor);
                Answer::Changed
            }
            (KeyCode::Char('u'), true, false) => {
                self.kill = std::mem::take(&mut self.input);
                self.cursor = 0;
                Answer::Changed
            }
            (KeyCode::Char('k'), true, false) => {
                self.kill = self.input.split_off(self.cursor);
                Answer::Changed
            }
            (KeyCode::Char('w'), true, false) | (KeyCode::Backspace, _, true) => {
                let from = self.word_start(separators);
                self.kill = self.input.drain(from..self.cursor).collect();
                self.cursor = from;
                Answer::Changed
            }
            (KeyCode::Char('d'), false, true) => {
                let to = self.word_end(separators);
                self.kill = self.input.drain(self.cursor..to).collect();
                Answer::Changed
            }
            (KeyCode::Char('y'), true, false) => {
                let kill = self.kill.clone();
                kill.into_iter().for_each(|c| {
                    self.insert(c);
                });
                Answer::Changed
            }
            (KeyCode::Char('t'), true, false) => {
                let at = if self.cursor < self.input.len() { self.cursor + 1 } else { self.cursor };
                if at < 2 {
                    return Answer::Nothing;
                }
                self.input.swap(at - 2, at - 1);
                self.cursor = at;
                Answer::Changed
            }
            (KeyCode::Char('v'), true, false) => {
                self.quote_next = true;
                Answer::Nothing
            }
            (KeyCode::Up, false, false) | (KeyCode::Char('p'), true, false) => self.older(history),
            (KeyCode::Down, false, false) | (KeyCode::Char('n'), true, false) => self.newer(history),
            (KeyCode::Char(c), false, false) if !c.is_control() => self.insert(c),
            (KeyCode::Kp(c), false, false) if !c.is_control() => self.insert(c),
            _ => Answer::Nothing,
        }
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
        if self.history_at == 0 {
            self.typed = self.input.clone();
        }
        self.history_at += 1;
        let text = history[history.len() - self.history_at].chars().collect();
        self.replace(text)
    }

    fn newer(&mut self, history: &[String]) -> Answer {
        match self.history_at {
            0 => Answer::Nothing,
            1 => {
                self.history_at = 0;
                let typed = std::mem::take(&mut self.typed);
                self.replace(typed)
            }
            n => {
                self.history_at = n - 1;
                let text = history[history.len() - self.history_at].chars().collect();
                self.replace(text)
            }
        }
    }

    fn vi_key(&mut self, key: Key, history: &[String], separators: &str) -> Answer {
        let last = self.input.len().saturating_sub(1);
        let insert = |p: &mut Prompt, at: usize| {
            p.vi_command = false;
            p.cursor = at.min(p.input.len());
            Answer::Redraw
        };
        match key.code {
            KeyCode::Enter => Answer::Done(self.input()),
            KeyCode::Escape | KeyCode::Char('q') => Answer::Cancelled,
            KeyCode::Char('c') if key.mods.contains(Mods::CTRL) => Answer::Cancelled,
            KeyCode::Char('i') => insert(self, self.cursor),
            KeyCode::Char('a') => insert(self, self.cursor + 1),
            KeyCode::Char('I') => insert(self, 0),
            KeyCode::Char('A') => insert(self, usize::MAX),
            KeyCode::Char('h') | KeyCode::Left | KeyCode::Backspace => self.go(self.cursor.saturating_sub(1)),
            KeyCode::Char('l') | KeyCode::Right => self.go((self.cursor + 1).min(last)),
            KeyCode::Char('0' | '^') | KeyCode::Home => self.go(0),
            KeyCode::Char('$') | KeyCode::End => self.go(last),
            KeyCode::Char('b' | 'B') => self.go(self.word_start(separators)),
            KeyCode::Char('w' | 'W' | 'e' | 'E') => self.go(self.word_end(separators).min(last)),
            KeyCode::Char('k') | KeyCode::Up => self.older(history),
            KeyCode::Char('j') | KeyCode::Down => self.newer(history),
            KeyCode::Char('x') | KeyCode::Delete if !self.input.is_empty() => {
                self.input.remove(self.cursor.min(last));
                self.cursor = self.cursor.min(self.input.len().saturating_sub(1));
                Answer::Changed
            }
            KeyCode::Char('d') => self.replace(Vec::new()),
            KeyCode::Char('D') => {
                self.kill = self.input.split_off(self.cursor);
                Answer::Changed
            }
            KeyCode::Char('C') => {
                self.kill = self.input.split_off(self.cursor);
                self.vi_command = false;
                Answer::Changed
            }
            KeyCode::Char('p') => {
                let kill = self.kill.clone();
                kill.into_iter().for_each(|c| {
                    self.insert(c);
                });
                Answer::Changed
            }
            _ => Answer::Nothing,
        }
    }
}
