//! Searching in copy mode.

use super::{CopyMode, Point, Search};
use regex_lite::{Regex, RegexBuilder, escape};
use unicode_width::UnicodeWidthChar;

/// Most matches remembered.
const MAX_MATCHES: usize = 50_000;

/// Longest wrapped line searched as one, in bytes.
const MAX_LINE: usize = 1024 * 1024;

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
        self.remembered = Some((text.to_owned(), plain));
        self.search = Some(Search { text: text.to_owned(), forward, matches });
        self.go_to_match(forward)
    }

    fn all_matches(&self, regex: &Regex) -> Vec<(Point, u16)> {
        let mut out = Vec::new();
        let mut line = 0;
        while line < self.lines() && out.len() < MAX_MATCHES {
            // Rows that the terminal wrapped are searched as the line they are.
            let mut text = String::new();
            let mut places: Vec<(usize, Point)> = Vec::new();
            loop {
                for (x, cell) in self.screen.line(line).cells.iter().enumerate() {
                    if cell.width > 0 {
                        let x = x.min(usize::from(u16::MAX)) as u16;
                        places.push((text.len(), Point { line, x }));
                        text.push_str(&cell.text);
                    }
                }
                line += 1;
                if line >= self.lines() || !self.screen.wrapped(line - 1) || text.len() > MAX_LINE {
                    break;
                }
            }
            let text = text.trim_end();
            for found in regex.find_iter(text).filter(|f| f.start() != f.end()) {
                let at = places.partition_point(|(b, _)| *b <= found.start()).saturating_sub(1);
                let Some((_, p)) = places.get(at) else { continue };
                let width: usize = found.as_str().chars().map(|c| c.width().unwrap_or(0)).sum();
                out.push((*p, width.min(usize::from(u16::MAX)) as u16));
            }
        }
        out.truncate(MAX_MATCHES);
        out
    }

    /// Goes to the next match in a direction, around the ends when `wrap-search` is on. With emacs keys the cursor
    /// comes behind a match found forwards, so that the next one may begin at the cursor.
    pub(crate) fn go_to_match(&mut self, forward: bool) -> bool {
        let Some(search) = &self.search else { return false };
        let here = self.cursor;
        let all = &search.matches;
        let next = if forward {
            let i = all.partition_point(|(p, _)| if self.vi { *p <= here } else { *p < here });
            all.get(i).or(if self.wrap_search { all.first() } else { None })
        } else {
            let i = all.partition_point(|(p, _)| *p < here);
            i.checked_sub(1).and_then(|i| all.get(i)).or(if self.wrap_search { all.last() } else { None })
        };
        let Some((p, width)) = next.copied() else { return false };
        self.go_far(p);
        if forward && !self.vi {
            self.go_far(self.cells_behind(p, width));
        }
        true
    }

    /// The place a number of cells behind another, on the rows of its wrapped line.
    fn cells_behind(&self, p: Point, width: u16) -> Point {
        let cols = self.screen.size().cols;
        let mut at = Point { x: p.x.saturating_add(width), ..p };
        while at.x > cols || (at.x == cols && self.screen.wrapped(at.line)) {
            at = Point { line: at.line + 1, x: at.x - cols };
        }
        at
    }

    /// `n` and `N`.
    pub(crate) fn search_again(&mut self, reverse: bool) -> bool {
        match self.search.as_ref().map(|s| s.forward) {
            Some(forward) => self.go_to_match(forward != reverse),
            None => {
                let Some((text, plain)) = self.remembered.clone() else { return false };
                let found = self.search_for(&text, reverse, plain);
                if let Some(search) = &mut self.search {
                    search.forward = false;
                }
                found
            }
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
