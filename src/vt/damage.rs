//! What changed on the screen: since it was last asked, and as a version of each row that any number of
//! readers can compare with what they saw.

use std::sync::atomic::{AtomicU64, Ordering};

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
    versions: Versions,
}

/// A number for every row. It changes with the row's contents, goes with the row when it scrolls, and is
/// given once: equal numbers are equal contents, also of two screens in this process.
#[derive(Debug, Clone)]
struct Versions {
    /// Of each row; 0 or missing is `base` plus the row's number.
    rows: Vec<u64>,
    base: u64,
    /// The last number given.
    last: u64,
}

/// Numbers one screen may give before it reaches those of the next: 2^40 row changes.
const VERSIONS_PER_SCREEN: u64 = 1 << 40;

/// Rows a screen has at most, and so numbers that a new `base` takes.
const ROWS_MAX: u64 = 1 << 16;

impl Default for Versions {
    fn default() -> Self {
        static SCREENS: AtomicU64 = AtomicU64::new(1);
        let base = SCREENS.fetch_add(1, Ordering::Relaxed) * VERSIONS_PER_SCREEN;
        Versions { rows: Vec::new(), base, last: base + ROWS_MAX }
    }
}

/// How a reader sees the rows is no part of what changed.
impl PartialEq for Versions {
    fn eq(&self, _: &Versions) -> bool {
        true
    }
}

impl Eq for Versions {}

impl Versions {
    fn of(&self, y: u16) -> u64 {
        let own = self.rows.get(usize::from(y)).copied().unwrap_or(0);
        if own == 0 { self.base + u64::from(y) } else { own }
    }

    #[inline]
    fn mark(&mut self, y: u16) {
        let y = usize::from(y);
        if self.rows.len() <= y {
            self.rows.resize(y + 1, 0);
        }
        self.last += 1;
        self.rows[y] = self.last;
    }

    fn mark_all(&mut self) {
        self.rows.clear();
        self.base = self.last + 1;
        self.last = self.base + ROWS_MAX;
    }

    fn scroll(&mut self, top: u16, bottom: u16, lines: i32) {
        let (from, to) = (usize::from(top), usize::from(bottom) + 1);
        let height = to - from;
        let by = (lines.unsigned_abs() as usize).min(height);
        if self.rows.len() < to {
            self.rows.resize(to, 0);
        }
        for y in top..=bottom {
            self.rows[usize::from(y)] = self.of(y);
        }
        let fresh = if lines > 0 {
            self.rows[from..to].rotate_left(by);
            to - by..to
        } else {
            self.rows[from..to].rotate_right(by);
            from..from + by
        };
        for row in &mut self.rows[fresh] {
            self.last += 1;
            *row = self.last;
        }
    }
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

    /// The version of row `y`.
    pub(super) fn version(&self, y: u16) -> u64 {
        self.versions.of(y)
    }

    /// What changed so far; the versions stay.
    pub(super) fn take(&mut self) -> Damage {
        let fresh = Damage {
            all: false,
            words: Vec::new(),
            scrolls: Vec::new(),
            cursor: false,
            versions: self.versions.clone(),
        };
        std::mem::replace(self, fresh)
    }

    /// Marks row `y`.
    #[inline]
    pub(super) fn mark(&mut self, y: u16) {
        self.versions.mark(y);
        self.note(y);
    }

    #[inline]
    fn note(&mut self, y: u16) {
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
            self.mark(y);
        }
    }

    /// Marks everything.
    pub(super) fn mark_all(&mut self) {
        self.versions.mark_all();
        self.unordered();
    }

    /// The changes can no longer be told one by one; the versions can.
    fn unordered(&mut self) {
        self.all = true;
        self.words.clear();
        self.scrolls.clear();
    }

    /// Notes that the rows `top..=bottom` moved by `lines`; the rows uncovered become dirty.
    pub(super) fn scroll(&mut self, top: u16, bottom: u16, lines: i32) {
        if lines == 0 {
            return;
        }
        self.versions.scroll(top, bottom, lines);
        if self.all {
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
            _ => return self.unordered(),
        }
        // Each row takes the mark of the row whose contents it has now; in the order of the move,
        // so that marks are read before they are overwritten.
        let n = u16::try_from(lines.unsigned_abs()).unwrap_or(u16::MAX);
        for i in 0..=bottom - top {
            let (y, from) = if lines > 0 {
                (top + i, Some(top + i + n).filter(|from| *from <= bottom))
            } else {
                (bottom - i, (bottom - i).checked_sub(n).filter(|from| *from >= top))
            };
            if from.is_none_or(|from| self.row(from)) {
                self.mark(y);
            } else if let Some(word) = self.words.get_mut(usize::from(y) / 64) {
                *word &= !(1 << (y % 64));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(damage: &Damage) -> Vec<u64> {
        (0..5).map(|y| damage.version(y)).collect()
    }

    #[test]
    fn a_version_goes_with_its_row_and_is_given_once() {
        let mut damage = Damage::default();
        let first = versions(&damage);
        damage.scroll(1, 3, 1);
        let second = versions(&damage);
        assert_eq!((second[0], second[1], second[2], second[4]), (first[0], first[2], first[3], first[4]));
        assert!(!first.contains(&second[3]));
        damage.scroll(0, 4, -2);
        let third = versions(&damage);
        assert_eq!(third[2..], second[..3]);
        assert!(!second.contains(&third[0]) && !second.contains(&third[1]) && third[0] != third[1]);
        damage.mark(2);
        assert!(!third.contains(&damage.version(2)));
        let before = versions(&damage);
        damage.mark_all();
        assert!(versions(&damage).iter().all(|v| !before.contains(v)));
        assert_ne!(Damage::default().version(0), Damage::default().version(0), "of two screens");
    }

    #[test]
    fn taking_the_damage_leaves_the_versions() {
        let mut damage = Damage::everything();
        damage.mark(3);
        let before = versions(&damage);
        assert!(damage.take().all);
        assert!(damage.is_empty());
        assert_eq!(versions(&damage), before);
    }
}
