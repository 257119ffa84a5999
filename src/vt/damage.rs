//! What changed on the screen since it was last asked.

/// A scroll of whole rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scroll {
    /// First row of the region.
    pub top: u16,
    /// Last row of the region, inclusive.
    pub bottom: u16,
    /// Rows the contents moved: positive up, negative down.
    pub lines: i32,
}

/// What changed. The scrolls are applied first, in order, to the old picture; the dirty rows are
/// then redrawn, numbered as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// Everything: rows and scrolls say nothing.
    pub all: bool,
    /// One bit per row.
    words: Vec<u64>,
    /// Scrolls of whole rows.
    pub scrolls: Vec<Scroll>,
    /// The cursor moved or looks different.
    pub cursor: bool,
}

/// Scrolls kept before everything counts as changed.
const MAX_SCROLLS: usize = 16;

impl Damage {
    /// Everything, the cursor too.
    pub fn everything() -> Damage {
        Damage { all: true, cursor: true, ..Damage::default() }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        !self.all && !self.cursor && self.scrolls.is_empty() && self.words.iter().all(|w| *w == 0)
    }

    /// Whether row `y` must be redrawn.
    pub fn row(&self, y: u16) -> bool {
        let y = usize::from(y);
        self.all || self.words.get(y / 64).is_some_and(|w| w >> (y % 64) & 1 != 0)
    }

    /// The dirty rows, ascending (none are listed when `all` is set).
    pub fn rows(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.iter().enumerate().flat_map(|(i, word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| (i * 64 + bit) as u16)
        })
    }

    /// Marks row `y`.
    #[inline]
    pub(super) fn mark(&mut self, y: u16) {
        if self.all {
            return;
        }
        let y = usize::from(y);
        if self.words.len() <= y / 64 {
            self.words.resize(y / 64 + 1, 0);
        }
        self.words[y / 64] |= 1 << (y % 64);
    }

    /// Marks rows `top..=bottom`.
    pub(super) fn mark_rows(&mut self, top: u16, bottom: u16) {
        for y in top..=bottom {
            if self.all {
                return;
            }
            self.mark(y);
        }
    }

    /// Marks everything.
    pub(super) fn mark_all(&mut self) {
        self.all = true;
        self.words.clear();
        self.scrolls.clear();
    }

    /// Notes that the rows `top..=bottom` moved by `lines`; the rows uncovered become dirty.
    pub(super) fn scroll(&mut self, top: u16, bottom: u16, lines: i32) {
        if self.all || lines == 0 {
            return;
        }
        let height = i32::from(bottom - top) + 1;
        let room = self.scrolls.len() < MAX_SCROLLS;
        let same = self
            .scrolls
            .last_mut()
            .filter(|s| s.top == top && s.bottom == bottom && (s.lines > 0) == (lines > 0));
        match same {
            Some(last) if (last.lines + lines).abs() < height => last.lines += lines,
            None if lines.abs() < height && room => {
                self.scrolls.push(Scroll { top, bottom, lines });
            }
            // Nothing of the region's old contents is left to move. A region smaller than the
            // screen could stay precise, but such floods redraw nearly everything anyway.
            _ => return self.mark_all(),
        }
        let old: Vec<bool> = (top..=bottom).map(|y| self.row(y)).collect();
        for y in top..=bottom {
            let from = i32::from(y - top) + lines;
            let dirty = usize::try_from(from).ok().and_then(|i| old.get(i)).copied();
            if dirty.unwrap_or(true) {
                self.mark(y);
            } else if let Some(word) = self.words.get_mut(usize::from(y) / 64) {
                *word &= !(1 << (y % 64));
            }
        }
    }
}
