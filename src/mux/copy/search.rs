//! Searching in copy mode.

use super::{CopyMode, Point, Search};
use regex_lite::{Regex, RegexBuilder, escape};
use unicode_width::UnicodeWidthChar;

/// Most matches remembered.
const MAX_MATCHES: usize = 50_000;

/// Longest search text, in bytes.
const MAX_TEXT: usize = 4096;

impl CopyMode {
    /// Finds all places of a text and goes to the next one. `plain` texts are no regular expressions. Without
    /// capital letters in the text, capitals do not matter (as tmux). False: it is nowhere.
    pub(crate) fn search_for(&mut self, text: &str, forward: bool, plain: bool) -> bool {
        if text.is_empty() || text.len() > MAX_TEXT {
            return false;
        }
        let pattern = if plain { escape(text) } else { text.to_owned() };
        let smart = !text.chars().any(char::is_uppercase);
        let build = |p: &str| RegexBuilder::new(p).case_insensitive(smart).build();
        // What is no regular expression is looked for as it is.
        let Ok(regex) = build(&pattern).or_else(|_| build(&escape(text))) else { return false };
        let matches = self.all_matches(&regex);
        self.search = Some(Search { text: text.to_owned(), forward, matches });
        self.go_to_match(forward)
    }

    fn all_matches(&self, regex: &Regex) -> Vec<(Point, u16)> {
        let mut out = Vec::new();
        for line in 0..self.lines() {
            let cells = self.screen.line(line).cells;
            let mut text = String::new();
            let mut columns: Vec<(usize, u16)> = Vec::new();
            for (x, cell) in cells.iter().enumerate() {
                if cell.width > 0 {
                    columns.push((text.len(), x.min(usize::from(u16::MAX)) as u16));
                    text.push_str(&cell.text);
                }
            }
            let text = text.trim_end();
            for found in regex.find_iter(text) {
                if found.start() == found.end() {
                    continue;
                }
                let at = columns.partition_point(|(b, _)| *b <= found.start()).saturating_sub(1);
                let Some((_, x)) = columns.get(at) else { continue };
                let width: usize = found.as_str().chars().map(|c| c.width().unwrap_or(0)).sum();
                out.push((Point { line, x: *x }, width.min(usize::from(u16::MAX)) as u16));
                if out.len() >= MAX_MATCHES {
                    return out;
                }
            }
        }
        out
    }

    /// Goes to the next match in a direction, around the ends when `wrap-search` is on.
    pub(crate) fn go_to_match(&mut self, forward: bool) -> bool {
        let Some(search) = &self.search else { return false };
        let here = self.cursor;
        let all = &search.matches;
        let next = if forward {
            let i = all.partition_point(|(p, _)| *p <= here);
            all.get(i).or(if self.wrap_search { all.first() } else { None })
        } else {
            let i = all.partition_point(|(p, _)| *p < here);
            i.checked_sub(1).and_then(|i| all.get(i)).or(if self.wrap_search { all.last() } else { None })
        };
        let Some((p, _)) = next.copied() else { return false };
        self.go_far(p);
        true
    }

    /// `n` and `N`.
    pub(crate) fn search_again(&mut self, reverse: bool) -> bool {
        match self.search.as_ref().map(|s| s.forward) {
            Some(forward) => self.go_to_match(forward != reverse),
            None => false,
        }
    }

    /// Search while typing: from where it began. The text's first character tells the direction as tmux gives
    /// it: `=` the text changed, `+` and `-` again forwards and backwards.
    pub(crate) fn search_incremental(&mut self, argument: &str, forward: bool) {
        let mut chars = argument.chars();
        let sign = chars.next();
        let text = chars.as_str();
        let origin = *self.search_origin.get_or_insert(self.cursor);
        match sign {
            Some('+') => {
                self.search_again(!self.search.as_ref().is_some_and(|s| s.forward));
            }
            Some('-') => {
                self.search_again(self.search.as_ref().is_some_and(|s| s.forward));
            }
            _ => {
                self.cursor = origin;
                if text.is_empty() {
                    self.search = None;
                    self.follow();
                } else {
                    self.search_for(text, forward, true);
                }
            }
        }
    }
}
