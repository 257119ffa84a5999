//! What keys do to the text of a prompt: the key bindings of `status-keys`, and motion by words.

use crate::vt::keys::{Key, KeyCode, Mods};

/// One step of editing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Nothing,
    Insert(char),
    Done,
    Cancel,
    Complete,
    /// vi: on to command mode.
    CommandMode,
    /// The next key is taken as it is.
    Quote,
    Go(Motion),
    /// Takes out what lies between the cursor and where the motion ends.
    Remove(Motion),
    Clear,
    Yank,
    Transpose,
    Older,
    Newer,
    Again {
        forward: bool,
    },
}

/// Where the cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motion {
    Left,
    Right,
    Home,
    End,
    WordBack,
    SpaceBack,
    /// Behind the end of a word.
    WordForward,
    NextWord,
    NextSpace,
    /// On the last character of a word.
    WordEnd,
    SpaceEnd,
}

#[derive(PartialEq, Eq)]
enum Class {
    Blank,
    Separator,
    Word,
}

impl Motion {
    /// Where it ends in a text.
    pub(super) fn from(self, text: &[char], at: usize, separators: &str) -> usize {
        let by_space = matches!(self, Motion::SpaceBack | Motion::NextSpace | Motion::SpaceEnd);
        let class = |i: usize| match text.get(i) {
            Some(' ') => Class::Blank,
            Some(c) if !by_space && separators.contains(*c) => Class::Separator,
            _ => Class::Word,
        };
        let end = text.len();
        // The end of a run of one class; blanks before it are skipped first.
        let behind_run = |mut i: usize| {
            while i < end && class(i) == Class::Blank {
                i += 1;
            }
            let run = class(i);
            while i < end && class(i) == run {
                i += 1;
            }
            i
        };
        match self {
            Motion::Left => at.saturating_sub(1),
            Motion::Right => (at + 1).min(end),
            Motion::Home => 0,
            Motion::End => end,
            Motion::WordBack | Motion::SpaceBack => {
                let mut i = at;
                while i > 0 && class(i - 1) == Class::Blank {
                    i -= 1;
                }
                let run = class(i.saturating_sub(1));
                while i > 0 && class(i - 1) == run {
                    i -= 1;
                }
                i
            }
            Motion::WordForward => behind_run(at),
            Motion::WordEnd | Motion::SpaceEnd => {
                let behind = behind_run((at + 1).min(end));
                if at + 1 < end { behind.saturating_sub(1).max(at) } else { end }
            }
            Motion::NextWord | Motion::NextSpace => {
                let run = class(at);
                let mut i = at;
                while i < end && class(i) == run && run != Class::Blank {
                    i += 1;
                }
                while i < end && class(i) == Class::Blank {
                    i += 1;
                }
                i
            }
        }
    }
}

/// emacs keys, and those of vi's insert mode.
pub(super) fn emacs(key: Key) -> Edit {
    use Motion as M;
    let (ctrl, alt) = (key.mods.contains(Mods::CTRL), key.mods.contains(Mods::ALT));
    match (key.code, ctrl, alt) {
        (KeyCode::Enter, ..) | (KeyCode::Char('m'), true, false) => Edit::Done,
        (KeyCode::Escape, ..) | (KeyCode::Char('[' | 'c' | 'g'), true, false) => Edit::Cancel,
        (KeyCode::Tab, false, false) | (KeyCode::Char('i'), true, false) => Edit::Complete,
        (KeyCode::Left, false, false) | (KeyCode::Char('b'), true, false) => Edit::Go(M::Left),
        (KeyCode::Right, false, false) | (KeyCode::Char('f'), true, false) => Edit::Go(M::Right),
        (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => Edit::Go(M::Home),
        (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => Edit::Go(M::End),
        (KeyCode::Left, true, false) | (KeyCode::Char('b'), false, true) => Edit::Go(M::WordBack),
        (KeyCode::Right, true, false) | (KeyCode::Char('f'), false, true) => Edit::Go(M::WordForward),
        (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, false) => Edit::Remove(M::Left),
        (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, false) => Edit::Remove(M::Right),
        (KeyCode::Char('u'), true, false) => Edit::Clear,
        (KeyCode::Char('k'), true, false) => Edit::Remove(M::End),
        (KeyCode::Char('w'), true, false) => Edit::Remove(M::WordBack),
        (KeyCode::Char('y'), true, false) => Edit::Yank,
        (KeyCode::Char('t'), true, false) => Edit::Transpose,
        (KeyCode::Char('v'), true, false) => Edit::Quote,
        (KeyCode::Char('r'), true, false) => Edit::Again { forward: false },
        (KeyCode::Char('s'), true, false) => Edit::Again { forward: true },
        (KeyCode::Up, false, false) | (KeyCode::Char('p'), true, false) => Edit::Older,
        (KeyCode::Down, false, false) | (KeyCode::Char('n'), true, false) => Edit::Newer,
        (KeyCode::Char(c) | KeyCode::Kp(c), false, false) if !c.is_control() => Edit::Insert(c),
        _ => Edit::Nothing,
    }
}

/// vi's command mode; true: it goes on in insert mode.
pub(super) fn vi(key: Key) -> (Edit, bool) {
    use Motion as M;
    if key.mods.contains(Mods::CTRL) {
        return match key.code {
            KeyCode::Char('h') => (Edit::Remove(M::Left), false),
            KeyCode::Char('c') => (Edit::Cancel, false),
            KeyCode::Char('m') => (Edit::Done, false),
            _ => (Edit::Nothing, false),
        };
    }
    match key.code {
        KeyCode::Enter => (Edit::Done, false),
        KeyCode::Char('i') => (Edit::Nothing, true),
        KeyCode::Char('q') => (Edit::Cancel, false),
        KeyCode::Char('a') => (Edit::Go(M::Right), true),
        KeyCode::Char('A') => (Edit::Go(M::End), true),
        KeyCode::Char('I') => (Edit::Go(M::Home), true),
        KeyCode::Char('C') => (Edit::Remove(M::End), true),
        KeyCode::Char('s') => (Edit::Remove(M::Right), true),
        KeyCode::Char('S') => (Edit::Clear, true),
        KeyCode::Char('h') | KeyCode::Left | KeyCode::Backspace => (Edit::Go(M::Left), false),
        KeyCode::Char('l') | KeyCode::Right => (Edit::Go(M::Right), false),
        KeyCode::Char('0' | '^') | KeyCode::Home => (Edit::Go(M::Home), false),
        KeyCode::Char('$') | KeyCode::End => (Edit::Go(M::End), false),
        KeyCode::Char('b') => (Edit::Go(M::WordBack), false),
        KeyCode::Char('B') => (Edit::Go(M::SpaceBack), false),
        KeyCode::Char('w') => (Edit::Go(M::NextWord), false),
        KeyCode::Char('W') => (Edit::Go(M::NextSpace), false),
        KeyCode::Char('e') => (Edit::Go(M::WordEnd), false),
        KeyCode::Char('E') => (Edit::Go(M::SpaceEnd), false),
        KeyCode::Char('k') | KeyCode::Up => (Edit::Older, false),
        KeyCode::Char('j') | KeyCode::Down => (Edit::Newer, false),
        KeyCode::Char('x') | KeyCode::Delete => (Edit::Remove(M::Right), false),
        KeyCode::Char('X') => (Edit::Remove(M::Left), false),
        KeyCode::Char('d') => (Edit::Clear, false),
        KeyCode::Char('D') => (Edit::Remove(M::End), false),
        KeyCode::Char('p') => (Edit::Yank, false),
        _ => (Edit::Nothing, false),
    }
}
