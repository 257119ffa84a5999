//! Grapheme clusters: code points that belong into the cell before the cursor.

use super::cell::{Cell, MAX_CLUSTER};
use super::print::char_width;
use super::screen::Screen;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const ZWJ: char = '\u{200d}';
/// Asks for the emoji form of the character before.
const VS16: char = '\u{fe0f}';

fn is_regional_indicator(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// Skin tones.
fn is_modifier(c: char) -> bool {
    ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

/// Roughly Extended_Pictographic: what may follow a ZWJ in an emoji sequence. Regional indicators
/// and skin tones are in it too.
#[inline]
pub(super) fn is_pictographic(c: char) -> bool {
    // Nearly all text lies outside at one look.
    (('\u{a9}'..'\u{32a0}').contains(&c) || c >= '\u{1f000}')
        && matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2194}'..='\u{21aa}' | '\u{2300}'..='\u{23ff}' | '\u{25aa}'..='\u{27bf}'
        | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}'
        | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

impl Screen {
    /// Whether a character with a width of its own may yet belong to the one before: a quick test
    /// that keeps ordinary text away from `attach`.
    #[inline]
    pub(super) fn may_join(&self, c: char) -> bool {
        (c > '\u{a8}' && is_pictographic(c)) || self.st.modes.grapheme_clusters && !c.is_ascii()
    }

    /// Adds `c` to the cell before the cursor if it belongs there; says whether it did.
    pub(super) fn attach(&mut self, c: char, width: usize) -> bool {
        self.sweep_tables();
        let Some(x) = self.previous_column() else { return false };
        let y = self.st.y;
        let cell = self.rows[y].get(x);
        if cell.is_empty() || cell.is_right_half() {
            return false;
        }
        if width > 0 && !self.may_continue(cell, c) {
            return false;
        }
        let before = self.tables.text(cell);
        if !self.joins(before, c, width) {
            return false;
        }
        if before.len() + c.len_utf8() > MAX_CLUSTER {
            return true;
        }
        let mut text = std::mem::take(&mut self.st.last_printed);
        text.clear();
        text.push_str(self.tables.text(cell));
        text.push(c);
        let number = self.tables.cluster(&text);
        let wide = cell.is_wide() || self.becomes_wide(&text, c, width);
        self.replace(x, cell.cluster(number), wide);
        self.damage.mark(y as u16);
        self.st.last_printed = text;
        true
    }

    /// Whether a pictograph may continue this cell at all; most stand alone, and looking at their
    /// neighbour's text would cost more than printing them.
    fn may_continue(&self, cell: Cell, c: char) -> bool {
        cell.is_cluster() || self.st.modes.grapheme_clusters || is_modifier(c) || is_regional_indicator(c)
    }

    /// Whether `c` goes on the cluster `text`.
    fn joins(&self, text: &str, c: char, width: usize) -> bool {
        if width == 0 {
            return true;
        }
        if is_regional_indicator(c) {
            let mut before = text.chars();
            return before.next().is_some_and(is_regional_indicator) && before.next().is_none();
        }
        if is_modifier(c) {
            return text.chars().next_back().is_some_and(|b| is_pictographic(b) || b == VS16);
        }
        if text.ends_with(ZWJ) && is_pictographic(c) {
            return text.chars().next().is_some_and(is_pictographic);
        }
        if self.st.modes.grapheme_clusters {
            let mut both = String::with_capacity(text.len() + 4);
            both.push_str(text);
            both.push(c);
            return both.graphemes(true).nth(1).is_none();
        }
        false
    }

    /// Whether a cluster in one column needs two now.
    fn becomes_wide(&self, text: &str, c: char, width: usize) -> bool {
        match c {
            VS16 => text.width() == 2,
            _ => width > 0 && (is_regional_indicator(c) || char_width(c) == 2),
        }
    }

    /// Puts the grown cluster back, taking a second column if it needs one and there is one.
    fn replace(&mut self, x: usize, cell: Cell, wide: bool) {
        let end = if x <= self.st.right { self.st.right + 1 } else { self.st.cols };
        let row = &mut self.rows[self.st.y];
        row.simple = false;
        if !wide || cell.is_wide() || x + 2 > end {
            row.cells[x] = cell;
            return;
        }
        row.split_wide(x + 1, x + 2);
        row.reach(x + 2);
        row.cells[x] = cell.wide();
        row.cells[x + 1] = cell.right_half();
        self.advance_cursor(x + 2, end);
    }
}
