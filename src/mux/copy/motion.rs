//! Moving the copy cursor.

use super::{CopyMode, Jump, Point};

/// Most lines looked at for one motion.
const MAX_LOOK: usize = 100_000;

/// What a character is for word motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Separator,
    Word,
}

impl CopyMode {
    /// The characters of a line with their columns, trailing blanks left out.
    fn chars(&self, line: usize) -> Vec<(u16, char)> {
        let mut out: Vec<(u16, char)> = Vec::new();
        for (x, cell) in self.screen.line(line).cells.iter().enumerate() {
            if cell.width > 0
                && let Some(c) = cell.text.chars().next()
            {
                out.push((x.min(usize::from(u16::MAX)) as u16, c));
            }
        }
        while out.last().is_some_and(|(_, c)| *c == ' ') {
            out.pop();
        }
        out
    }

    /// Columns used on a line.
    pub(super) fn length(&self, line: usize) -> u16 {
        let cells = self.screen.line(line).cells;
        let used = cells.iter().rposition(|c| c.width > 0 && c.text != " " && !c.text.is_empty());
        used.map_or(0, |i| (i + usize::from(cells[i].width.max(1))).min(usize::from(u16::MAX)) as u16)
    }

    /// Furthest column for the cursor on a line.
    fn last_x(&self, line: usize) -> u16 {
        let length = self.length(line);
        let limit = if self.vi { length.saturating_sub(1) } else { length };
        // With emacs keys the cursor can be behind the last character of a full line.
        limit.min(self.screen.size().cols)
    }

    fn class(&self, c: char, by_space: bool) -> Class {
        if c.is_whitespace() {
            Class::Blank
        } else if !by_space && self.separators.contains(c) {
            Class::Separator
        } else {
            Class::Word
        }
    }

    fn set(&mut self, p: Point) {
        let lines = self.lines();
        self.cursor.line = p.line.min(lines.saturating_sub(1));
        self.cursor.x = p.x.min(self.screen.size().cols);
        self.follow();
    }

    /// As `set`, for far places: what comes into sight does so with a quarter of the rows around it, as in tmux.
    pub(crate) fn go_far(&mut self, p: Point) {
        let rows = usize::from(self.screen.size().rows);
        let (top, history) = (self.top_line(), self.screen.history_len());
        if p.line < top || p.line >= top + rows {
            let gap = rows / 4;
            let new_top = match p.line {
                line if line < rows => 0,
                line if line + gap > history + rows => history,
                line => line + gap - rows,
            };
            self.scroll = history - new_top.min(history);
        }
        self.set(p);
    }

    /// To a mark: in the history it comes to the top, else everything is scrolled down.
    pub(crate) fn jump_to_place(&mut self, p: Point) {
        let history = self.screen.history_len();
        self.scroll = history.saturating_sub(p.line);
        self.set(p);
    }

    /// The cursor to a cell of what is shown.
    pub(crate) fn cursor_to(&mut self, x: u16, y: u16) {
        let line = self.top_line() + usize::from(y);
        self.set(Point { line, x });
        self.extend_selection();
    }

    /// With vi keys the cursor stands on the last character of a line, not behind it, also where a selection ends
    /// behind it.
    pub(crate) fn stay_on_line(&mut self) {
        if self.vi && !self.rectangle && self.selection.is_some() {
            self.cursor.x = self.cursor.x.min(self.length(self.cursor.line).saturating_sub(1));
        }
    }

    pub(crate) fn left(&mut self) {
        let p = self.cursor;
        if p.x > 0 {
            let mut x = p.x - 1;
            // The right half of a wide character is no place for the cursor.
            let cells = self.screen.line(p.line).cells;
            while x > 0 && cells.get(usize::from(x)).is_some_and(|c| c.width == 0) {
                x -= 1;
            }
            self.set(Point { x, ..p });
        } else if p.line > 0 {
            let line = p.line - 1;
            self.set(Point { line, x: self.last_x(line) });
        }
    }

    pub(crate) fn right(&mut self) {
        let p = self.cursor;
        let limit = if self.rectangle { self.screen.size().cols - 1 } else { self.last_x(p.line) };
        if p.x < limit {
            let cells = self.screen.line(p.line).cells;
            let mut x = p.x + 1;
            while x < limit && cells.get(usize::from(x)).is_some_and(|c| c.width == 0) {
                x += 1;
            }
            self.set(Point { x, ..p });
        } else if p.line + 1 < self.lines() {
            self.set(Point { line: p.line + 1, x: 0 });
        }
    }

    /// A rectangle goes straight up and down.
    fn straight(&self) -> bool {
        self.rectangle && self.selection.is_some()
    }

    /// Before the cursor leaves its line up or down: the column it is to have there.
    fn leave_line(&mut self) -> u16 {
        if self.straight() {
            return self.cursor.x;
        }
        let end = self.last_x(self.cursor.line);
        if self.cursor.x != end {
            self.left_at = (self.cursor.x, end);
        }
        self.left_at.0
    }

    /// On another line: from behind an end to this end, and never behind it.
    fn enter_line(&mut self, x: u16) {
        self.cursor.x = x;
        let end = self.last_x(self.cursor.line);
        if !self.straight() && (x >= self.left_at.1 || x > end) {
            self.cursor.x = end;
        }
    }

    pub(crate) fn up(&mut self, n: usize) {
        for _ in 0..n.min(MAX_LOOK) {
            self.cross_selection(true);
            if self.cursor.line == 0 {
                break;
            }
            let x = self.leave_line();
            self.cursor.line -= 1;
            self.enter_line(x);
            self.line_end_of_selection();
        }
        self.follow();
    }

    pub(crate) fn down(&mut self, n: usize) {
        for _ in 0..n.min(MAX_LOOK) {
            self.cross_selection(false);
            if self.cursor.line + 1 >= self.lines() {
                break;
            }
            let x = self.leave_line();
            self.cursor.line += 1;
            self.enter_line(x);
            self.line_end_of_selection();
        }
        self.follow();
    }

    /// Scrolls towards older lines; the cursor stays on its row, or in sight.
    pub(crate) fn scroll_up(&mut self, n: usize, keep_row: bool) {
        let before = self.scroll;
        self.scroll = (self.scroll + n).min(self.screen.history_len());
        let moved = self.scroll - before;
        self.after_scroll(-(moved as i64), keep_row);
    }

    /// Scrolls towards newer lines. True: it is at the bottom.
    pub(crate) fn scroll_down(&mut self, n: usize, keep_row: bool) -> bool {
        let before = self.scroll;
        self.scroll = self.scroll.saturating_sub(n);
        let moved = before - self.scroll;
        self.after_scroll(moved as i64, keep_row);
        self.scroll == 0
    }

    fn after_scroll(&mut self, moved: i64, keep_row: bool) {
        let rows = usize::from(self.screen.size().rows);
        let top = self.top_line();
        let line =
            if keep_row { (self.cursor.line as i64 + moved).max(0) as usize } else { self.cursor.line };
        let line = line.clamp(top, top + rows - 1);
        if line != self.cursor.line {
            let x = self.leave_line();
            self.cursor.line = line;
            self.enter_line(x);
        }
    }

    /// At the top the rest of the page is gone up by the cursor; a page cut short moves it a whole page.
    pub(crate) fn page_up(&mut self, half: bool, n: usize) {
        let step = self.page(half);
        for _ in 0..n.min(MAX_LOOK) {
            let x = self.leave_line();
            let room = self.screen.history_len() - self.scroll;
            let row = self.cursor.line - self.top_line().min(self.cursor.line);
            let row = if step > room { row.saturating_sub(step) } else { row };
            self.scroll += step.min(room);
            self.cursor.line = self.top_line() + row;
            self.enter_line(x);
        }
    }

    /// True: it is at the bottom.
    pub(crate) fn page_down(&mut self, half: bool, n: usize) -> bool {
        let step = self.page(half);
        let rows = usize::from(self.screen.size().rows);
        for _ in 0..n.min(MAX_LOOK) {
            let x = self.leave_line();
            let row = self.cursor.line - self.top_line().min(self.cursor.line);
            let rest = step.saturating_sub(self.scroll);
            self.scroll -= step.min(self.scroll);
            self.cursor.line = self.top_line() + (row + rest).min(rows - 1);
            self.enter_line(x);
            if self.scroll == 0 {
                return true;
            }
        }
        self.scroll == 0
    }

    fn page(&self, half: bool) -> usize {
        let rows = usize::from(self.screen.size().rows);
        if half { (rows / 2).max(1) } else { rows.saturating_sub(2).max(1) }
    }

    pub(crate) fn start_of_line(&mut self) {
        let mut line = self.cursor.line;
        // A line the terminal wrapped begins where its first part does.
        while line > 0 && self.screen.wrapped(line - 1) {
            line -= 1;
        }
        self.set(Point { line, x: 0 });
    }

    pub(crate) fn end_of_line(&mut self) {
        self.whole_end_of_line();
        self.set(Point { x: self.last_x(self.cursor.line), ..self.cursor });
    }

    /// Behind the last character, with vi keys too.
    pub(super) fn whole_end_of_line(&mut self) {
        let mut line = self.cursor.line;
        let last = self.lines().saturating_sub(1);
        while line < last && self.screen.wrapped(line) {
            line += 1;
        }
        self.set(Point { line, x: self.length(line) });
    }

    pub(crate) fn back_to_indentation(&mut self) {
        self.start_of_line();
        let line = self.cursor.line;
        let x = self.chars(line).iter().find(|(_, c)| !c.is_whitespace()).map_or(0, |(x, _)| *x);
        self.set(Point { line, x });
    }

    pub(crate) fn go_to_row(&mut self, row: usize) {
        let line = self.top_line() + row;
        let x = 0;
        self.set(Point { line, x });
    }

    pub(crate) fn history_top(&mut self) {
        self.set(Point { line: 0, x: 0 });
    }

    pub(crate) fn history_bottom(&mut self) {
        let line = self.lines().saturating_sub(1);
        self.scroll = 0;
        self.set(Point { line, x: self.last_x(line) });
    }

    /// `goto-line`: lines from the bottom, as `scroll_position` counts.
    pub(crate) fn goto_line(&mut self, n: usize) {
        let row = self.cursor.line.saturating_sub(self.top_line());
        self.scroll = n.min(self.screen.history_len());
        self.cursor.line = (self.top_line() + row).min(self.lines().saturating_sub(1));
    }

    /// Puts the cursor's line in the middle of what is shown.
    pub(crate) fn scroll_middle(&mut self) {
        self.scroll_to_row(usize::from(self.screen.size().rows / 2));
    }

    /// Shows the cursor's line on this row, as far as there is something to scroll.
    pub(crate) fn scroll_to_row(&mut self, row: usize) {
        let top = self.cursor.line.saturating_sub(row);
        self.scroll = self.screen.history_len().saturating_sub(top);
    }

    /// `recentre-top-bottom`: the cursor's line in the middle, then at the top, then at the bottom.
    pub(crate) fn recentre(&mut self) {
        let step = match self.recentred {
            Some((line, step)) if line == self.cursor.line => (step + 1) % 3,
            _ => 0,
        };
        match step {
            0 => self.scroll_middle(),
            1 => self.scroll_to_row(0),
            _ => self.scroll_to_row(usize::from(self.screen.size().rows).saturating_sub(1)),
        }
        self.recentred = Some((self.cursor.line, step));
    }

    /// `cursor-centre-horizontal`.
    pub(crate) fn centre(&mut self) {
        self.cursor.x = self.screen.size().cols / 2;
    }

    /// To the next or previous line where a prompt, or a command's output, begins. Stays where there is none.
    pub(crate) fn go_to_prompt(&mut self, forward: bool, output: bool) {
        let here = self.cursor.line;
        let mut lines = self.prompts.iter().filter(|(_, o)| *o == output).map(|(line, _)| *line);
        let line = if forward { lines.find(|l| *l > here) } else { lines.take_while(|l| *l < here).last() };
        if let Some(line) = line.filter(|l| *l < self.lines()) {
            self.cursor = Point { line, x: 0 };
            self.follow();
        }
    }

    /// The character at a point; `None` behind the end of a line.
    fn char_at(&self, p: Point) -> Option<char> {
        let cells = self.screen.line(p.line).cells;
        let cell = cells.get(usize::from(p.x)).filter(|_| p.x < self.length(p.line))?;
        // The right half of a wide character is that character.
        let left = usize::from(p.x).checked_sub(1).filter(|_| cell.width == 0).and_then(|x| cells.get(x));
        left.unwrap_or(cell).text.chars().next()
    }

    fn class_at(&self, p: Point, by_space: bool) -> Class {
        self.char_at(p).map_or(Class::Blank, |c| self.class(c, by_space))
    }

    /// The place behind a point, and whether a line ends between them; a line that the terminal wrapped goes on
    /// in the next row.
    fn behind(&self, p: Point) -> Option<(Point, bool)> {
        let cells = self.screen.line(p.line).cells;
        let end = self.length(p.line);
        let mut x = p.x.saturating_add(1);
        while x < end && cells.get(usize::from(x)).is_some_and(|c| c.width == 0) {
            x += 1;
        }
        if x < end {
            return Some((Point { x, ..p }, false));
        }
        let wrapped = self.screen.wrapped(p.line);
        (p.line + 1 < self.lines()).then_some((Point { line: p.line + 1, x: 0 }, !wrapped))
    }

    /// The place before a point, and whether a line ends between them.
    fn before(&self, p: Point) -> Option<(Point, bool)> {
        let (line, end, hard) = match p.x.min(self.length(p.line)) {
            0 => {
                let line = p.line.checked_sub(1)?;
                (line, self.length(line), !self.screen.wrapped(line))
            }
            x => (p.line, x, false),
        };
        let cells = self.screen.line(line).cells;
        let mut x = end.saturating_sub(1);
        while x > 0 && cells.get(usize::from(x)).is_some_and(|c| c.width == 0) {
            x -= 1;
        }
        Some((Point { line, x }, hard))
    }

    /// Goes on while places are of a class: the first that is not, or the first of the next line when `in_line`.
    /// `None` at the end of everything.
    fn skip(&self, mut p: Point, class: Class, by_space: bool, in_line: bool) -> Option<Point> {
        for _ in 0..MAX_LOOK {
            if self.class_at(p, by_space) != class {
                break;
            }
            let (next, hard) = self.behind(p)?;
            p = next;
            if hard && in_line {
                break;
            }
        }
        Some(p)
    }

    pub(crate) fn next_word(&mut self, by_space: bool) {
        let mut at = Some(self.cursor);
        let class = self.class_at(self.cursor, by_space);
        if class != Class::Blank {
            at = at.and_then(|p| self.skip(p, class, by_space, true));
        }
        at = at.and_then(|p| self.skip(p, Class::Blank, by_space, false));
        let line = self.lines().saturating_sub(1);
        self.set(at.unwrap_or(Point { line, x: self.last_x(line) }));
    }

    pub(crate) fn next_word_end(&mut self, by_space: bool) {
        self.set(self.word_end_from(self.cursor, by_space));
    }

    /// The end of the word at or behind a point: on its last character with vi keys, behind it with emacs keys.
    pub(super) fn word_end_from(&self, from: Point, by_space: bool) -> Point {
        let mut p = from;
        let last = self.lines().saturating_sub(1);
        let end = Point { line: last, x: self.last_x(last) };
        // With vi keys the cursor stands on a character, so the search begins behind it.
        if self.vi && self.class_at(p, by_space) != Class::Blank {
            p = self.behind(p).map_or(end, |(p, _)| p);
        }
        let Some(start) = self.skip(p, Class::Blank, by_space, false) else { return end };
        let class = self.class_at(start, by_space);
        let mut p = start;
        for _ in 0..MAX_LOOK {
            match self.behind(p) {
                Some((next, false)) if self.class_at(next, by_space) == class => p = next,
                _ => break,
            }
        }
        if self.vi {
            return p;
        }
        // Behind the word: at the end of a wrapped row that is in the next one.
        let width = self.screen.line(p.line).cells.get(usize::from(p.x)).map_or(1, |c| c.width.max(1));
        let x = p.x.saturating_add(u16::from(width));
        let wraps = x >= self.screen.size().cols && self.screen.wrapped(p.line);
        if wraps { Point { line: p.line + 1, x: 0 } } else { Point { x, ..p } }
    }

    pub(crate) fn previous_word(&mut self, by_space: bool) {
        match self.before(self.cursor) {
            Some((p, _)) => self.set(self.begin_of_word(p, by_space)),
            None => self.set(Point { x: 0, ..self.cursor }),
        }
    }

    /// The beginning of the word at a point, or of the one before it when there is none.
    pub(super) fn word_begin(&self, p: Point) -> Point {
        self.begin_of_word(p, false)
    }

    fn begin_of_word(&self, mut p: Point, by_space: bool) -> Point {
        for _ in 0..MAX_LOOK {
            if self.class_at(p, by_space) != Class::Blank {
                break;
            }
            match self.before(p) {
                Some((next, _)) => p = next,
                None => break,
            }
        }
        let class = self.class_at(p, by_space);
        for _ in 0..MAX_LOOK {
            match self.before(p) {
                Some((next, false)) if self.class_at(next, by_space) == class => p = next,
                _ => break,
            }
        }
        p
    }

    /// The cell behind a point, in the next row when this one is wrapped.
    pub(super) fn next_cell(&self, p: Point) -> Point {
        let x = p.x.saturating_add(1);
        let wraps = x >= self.length(p.line) && self.screen.wrapped(p.line);
        if wraps { Point { line: p.line + 1, x: 0 } } else { Point { x, ..p } }
    }

    pub(super) fn blank_at(&self, p: Point) -> bool {
        self.class_at(p, false) == Class::Blank
    }

    /// The word under the cursor; from a blank or a separator, the word behind it.
    pub fn word_at_cursor(&self) -> String {
        let mut p = self.cursor;
        if self.class_at(p, false) == Class::Word {
            for _ in 0..MAX_LOOK {
                match self.before(p) {
                    Some((next, false)) if self.class_at(next, false) == Class::Word => p = next,
                    _ => break,
                }
            }
        } else {
            match self.behind(p) {
                Some((next, false)) => p = next,
                _ => return String::new(),
            }
        }
        let mut word = String::new();
        for _ in 0..MAX_LOOK {
            if self.class_at(p, false) != Class::Word {
                break;
            }
            word.extend(self.char_at(p));
            match self.behind(p) {
                Some((next, false)) => p = next,
                _ => break,
            }
        }
        word
    }

    fn blank_line(&self, line: usize) -> bool {
        self.length(line) == 0
    }

    pub(crate) fn next_paragraph(&mut self) {
        let last = self.lines().saturating_sub(1);
        let mut line = self.cursor.line;
        while line < last && self.blank_line(line) {
            line += 1;
        }
        while line < last && !self.blank_line(line) {
            line += 1;
        }
        self.go_far(Point { line, x: self.last_x(line) });
    }

    pub(crate) fn previous_paragraph(&mut self) {
        let mut line = self.cursor.line;
        while line > 0 && self.blank_line(line) {
            line -= 1;
        }
        while line > 0 && !self.blank_line(line) {
            line -= 1;
        }
        self.go_far(Point { line, x: 0 });
    }

    /// `f`, `F`, `t`, `T`.
    pub(crate) fn jump_to(&mut self, target: char, forward: bool, before: bool) {
        self.jump = Some(Jump { target, forward, before });
        self.do_jump(forward);
    }

    pub(crate) fn jump_again(&mut self, reverse: bool) {
        if let Some(j) = self.jump {
            self.do_jump(j.forward != reverse);
        }
    }

    /// The next place of a character in a direction; a wrapped line is one line.
    fn do_jump(&mut self, forward: bool) {
        let Some(j) = self.jump else { return };
        let mut at = self.cursor;
        // Next to one already, a jump up to it goes to the one behind.
        let steps = if j.before { 2 } else { 1 };
        for _ in 0..steps {
            let next = if forward {
                Some((Point { x: at.x.saturating_add(1), ..at }, false))
            } else {
                self.before(at)
            };
            match next {
                Some((p, false)) => at = p,
                _ if forward => return,
                // At the very beginning the search is from there.
                _ if j.before && at.x == 0 => break,
                _ => return,
            }
        }
        for _ in 0..MAX_LOOK {
            if self.char_at(at) == Some(j.target) {
                let beside = match (j.before, forward) {
                    (true, true) => self.before(at).map(|(p, _)| p),
                    (true, false) => Some(self.next_cell(at)),
                    (false, _) => None,
                };
                return self.set(beside.unwrap_or(at));
            }
            match if forward { self.behind(at) } else { self.before(at) } {
                Some((p, false)) => at = p,
                _ => return,
            }
        }
    }

    /// Away from a bracket emacs keys go by words, which brackets of one kind end.
    fn beside_brackets(&mut self, backward: bool) {
        let ends = if backward { "}])" } else { "{[(" };
        let separators = std::mem::replace(&mut self.separators, ends.to_owned());
        if backward {
            self.previous_word(false)
        } else {
            self.next_word_end(false)
        }
        self.separators = separators;
    }

    /// `%`: the bracket that belongs to the one under (with vi keys also after) the cursor.
    pub(crate) fn matching_bracket(&mut self, backward: bool) {
        const PAIRS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];
        let p = self.cursor;
        let here = self.chars(p.line);
        let bracket = |c: char, closing: bool| PAIRS.iter().any(|(o, e)| c == if closing { *e } else { *o });
        let under = here.iter().find(|(x, _)| *x == p.x).copied();
        // With emacs keys the one beside the cursor will do.
        let beside = if backward { p.x.checked_sub(1) } else { p.x.checked_add(1) };
        let beside = here.iter().find(|(x, _)| Some(*x) == beside && !self.vi).copied();
        let found = match (backward, self.vi) {
            (true, _) => [under, beside].into_iter().flatten().find(|(_, c)| bracket(*c, true)),
            (false, false) => [under, beside].into_iter().flatten().find(|(_, c)| bracket(*c, false)),
            (false, true) => {
                here.iter().find(|(x, c)| *x >= p.x && (bracket(*c, true) || bracket(*c, false))).copied()
            }
        };
        let Some((x, bracket)) = found else {
            if !self.vi {
                self.beside_brackets(backward);
            }
            return;
        };
        let Some(&(open, close)) = PAIRS.iter().find(|(o, e)| *o == bracket || *e == bracket) else { return };
        let forward = bracket == open;
        let mut depth = 0i64;
        let mut line = p.line;
        for _ in 0..MAX_LOOK {
            let mut chars = self.chars(line);
            if line == p.line {
                chars.retain(|(cx, _)| if forward { *cx >= x } else { *cx <= x });
            }
            if !forward {
                chars.reverse();
            }
            for (cx, c) in chars {
                if c == open {
                    depth += if forward { 1 } else { -1 };
                } else if c == close {
                    depth += if forward { -1 } else { 1 };
                } else {
                    continue;
                }
                if depth == 0 {
                    self.go_far(Point { line, x: cx });
                    return;
                }
            }
            if forward && line + 1 < self.lines() {
                line += 1;
            } else if !forward && line > 0 {
                line -= 1;
            } else {
                return;
            }
        }
    }
}
