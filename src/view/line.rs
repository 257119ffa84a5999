//! One line of text with `#[…]` styles laid out in a width: alignment, the window list, its markers,
//! ranges for the mouse. What tmux calls drawing a format.

use super::cells::{Cell, Glyph, Tables, clusters};
use super::style;
use crate::format::style::{Align, List, Piece, Range as RangeKind, StyleItem, pieces};
use crate::vt::{Color, Style};

/// A stretch of a line the mouse can point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// First column.
    pub start: u16,
    /// First column after it.
    pub end: u16,
    /// What it is.
    pub kind: RangeKind,
}

/// A stretch of cells, and the ranges in it.
#[derive(Debug, Default, Clone)]
struct Part {
    cells: Vec<Cell>,
    ranges: Vec<Range>,
}

/// Which part text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Left,
    Centre,
    Right,
    AbsoluteCentre,
    List,
    LeftMarker,
    RightMarker,
    After,
}

const PLACES: usize = 8;

/// The line taken apart.
#[derive(Debug, Default)]
struct Parts {
    parts: [Part; PLACES],
    list_align: Align,
    /// Columns of the list that are to stay visible.
    focus: Option<(usize, usize)>,
    fill: Option<Color>,
}

/// Lays `text` out in `width` columns. Columns nothing is drawn in have the base style.
pub fn layout(text: &str, width: u16, base: Style, tables: &mut Tables) -> (Vec<Cell>, Vec<Range>) {
    let parts = take_apart(text, base, tables);
    let blank = match parts.fill {
        Some(bg) => Cell::new(Glyph::SPACE, Style { bg, ..base }),
        None => Cell::new(Glyph::SPACE, base),
    };
    let mut line = Line { cells: vec![blank; usize::from(width)], ranges: Vec::new() };
    place(&parts, &mut line);
    (line.cells, line.ranges)
}

/// The styles of `text` taken for looks only, in one row without alignment.
pub fn plain(text: &str, base: Style, tables: &mut Tables) -> Vec<Cell> {
    let parts = take_apart(text, base, tables);
    parts.parts.into_iter().flat_map(|part| part.cells).collect()
}

/// The reader of a line.
struct Reader<'a> {
    tables: &'a mut Tables,
    parts: Parts,
    base: Style,
    pushed: Vec<Style>,
    style: Style,
    align: Align,
    list: Option<List>,
    had_list: bool,
    range: Option<(Place, u16, RangeKind)>,
}

fn take_apart(text: &str, base: Style, tables: &mut Tables) -> Parts {
    let mut reader = Reader {
        tables,
        parts: Parts::default(),
        base,
        pushed: Vec::new(),
        style: base,
        align: Align::Left,
        list: None,
        had_list: false,
        range: None,
    };
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => reader.text(&text),
            Piece::Style(items) => items.into_iter().for_each(|item| reader.item(item)),
        }
    }
    reader.end_range();
    reader.parts
}

impl Reader<'_> {
    fn place(&self) -> Place {
        match self.list {
            Some(List::On | List::Focus) => Place::List,
            Some(List::LeftMarker) => Place::LeftMarker,
            Some(List::RightMarker) => Place::RightMarker,
            None if self.had_list && self.align == self.parts.list_align => Place::After,
            None => match self.align {
                Align::Left => Place::Left,
                Align::Centre => Place::Centre,
                Align::Right => Place::Right,
                Align::AbsoluteCentre => Place::AbsoluteCentre,
            },
        }
    }

    fn column(&self, place: Place) -> u16 {
        u16::try_from(self.parts.parts[place as usize].cells.len()).unwrap_or(u16::MAX)
    }

    fn text(&mut self, text: &str) {
        let place = self.place();
        for (cluster, columns) in clusters(text) {
            if columns == 0 {
                continue;
            }
            let mut cell = Cell::new(self.tables.glyph(cluster), self.style);
            cell.width = u8::try_from(columns).unwrap_or(1);
            let part = &mut self.parts.parts[place as usize];
            part.cells.push(cell);
            if columns == 2 {
                part.cells.push(cell.right_half());
            }
        }
    }

    fn item(&mut self, item: StyleItem) {
        match item {
            StyleItem::Align(align) => {
                self.end_range();
                self.align = align;
            }
            StyleItem::List(mark) => self.list(mark),
            StyleItem::Range(kind) => {
                self.end_range();
                let place = self.place();
                self.range = kind.map(|kind| (place, self.column(place), kind));
            }
            StyleItem::Fill(fill) => self.parts.fill = Some(style::colour(fill, self.base.bg)),
            StyleItem::PushDefault => {
                self.pushed.push(self.base);
                self.base = self.style;
            }
            StyleItem::PopDefault => self.base = self.pushed.pop().unwrap_or(self.base),
            looks => style::apply(&mut self.style, self.base, &looks),
        }
    }

    fn list(&mut self, mark: Option<List>) {
        self.end_range();
        let at = self.parts.parts[Place::List as usize].cells.len();
        match mark {
            Some(List::Focus) if self.parts.focus.is_none() => self.parts.focus = Some((at, usize::MAX)),
            _ => {
                if let Some((_, end)) = self.parts.focus.as_mut().filter(|(_, end)| *end == usize::MAX) {
                    *end = at;
                }
            }
        }
        if mark.is_some() && !self.had_list {
            self.had_list = true;
            self.parts.list_align = self.align;
        }
        self.list = mark;
    }

    fn end_range(&mut self) {
        if let Some((place, start, kind)) = self.range.take() {
            let end = self.column(place);
            if end > start {
                self.parts.parts[place as usize].ranges.push(Range { start, end, kind });
            }
        }
    }
}

/// The finished line.
struct Line {
    cells: Vec<Cell>,
    ranges: Vec<Range>,
}

impl Line {
    /// Draws columns `from..from + width` of a part at column `at`.
    fn draw(&mut self, part: &Part, at: usize, from: usize, width: usize) {
        let Some(source) = part.cells.get(from..(from + width).min(part.cells.len())) else { return };
        for (offset, cell) in source.iter().enumerate() {
            // A wide character that the cut goes through becomes a blank.
            let cut = (offset == 0 && cell.width == 0) || (offset + 1 == source.len() && cell.width == 2);
            if let Some(target) = self.cells.get_mut(at + offset) {
                *target = if cut { Cell::new(Glyph::SPACE, cell.style()) } else { *cell };
            }
        }
        let end = from + source.len();
        for range in &part.ranges {
            let (start, stop) = (usize::from(range.start).max(from), usize::from(range.end).min(end));
            if start < stop {
                self.ranges.push(Range {
                    start: column(at + start - from),
                    end: column(at + stop - from),
                    kind: range.kind.clone(),
                });
            }
        }
    }
}

fn column(x: usize) -> u16 {
    u16::try_from(x).unwrap_or(u16::MAX)
}

/// Widths given to the parts, and where they go.
fn place(parts: &Parts, line: &mut Line) {
    let part = |place: Place| &parts.parts[place as usize];
    let total = line.cells.len();
    let natural = |place: Place| part(place).cells.len();
    let mut left = natural(Place::Left);
    let mut centre = natural(Place::Centre);
    let mut right = natural(Place::Right);
    let mut list = natural(Place::List);
    let mut after = natural(Place::After);
    // What gives way first when the line is too short; ends of the line last.
    let excess = (left + centre + right + list + after).saturating_sub(total);
    let shorten = |width: &mut usize, excess: usize| {
        let cut = excess.min(*width);
        *width -= cut;
        excess - cut
    };
    let excess = match parts.list_align {
        Align::Left | Align::Right | Align::AbsoluteCentre => {
            let excess = shorten(&mut centre, excess);
            shorten(&mut list, excess)
        }
        Align::Centre => {
            let excess = shorten(&mut list, excess);
            shorten(&mut centre, excess)
        }
    };
    let excess = shorten(&mut right, excess);
    let excess = shorten(&mut after, excess);
    shorten(&mut left, excess);

    let middle = |used_left: usize, used_right: usize, width: usize| {
        used_left + (total.saturating_sub(used_left + used_right + width)) / 2
    };
    let right_at = total - right;
    line.draw(part(Place::Left), 0, 0, left);
    // The right part keeps its end: what is cut is its beginning.
    line.draw(part(Place::Right), right_at, natural(Place::Right) - right, right);
    let group = list + after;
    let list_at = match parts.list_align {
        Align::Left => left,
        Align::Centre => middle(left, right, group + centre),
        Align::Right => right_at - group,
        Align::AbsoluteCentre => (total.saturating_sub(group)) / 2,
    };
    let centre_at = match parts.list_align {
        Align::Left => middle(left + group, right, centre),
        Align::Centre => list_at + group,
        Align::Right => middle(left, right + group, centre),
        Align::AbsoluteCentre => middle(left, right, centre),
    };
    line.draw(part(Place::Centre), centre_at, 0, centre);
    draw_list(parts, line, list_at, list);
    line.draw(part(Place::After), list_at + list, 0, after);
    let absolute = natural(Place::AbsoluteCentre).min(total);
    line.draw(part(Place::AbsoluteCentre), (total - absolute) / 2, 0, absolute);
}

/// The list in `width` columns: all of it, or a part around the focus with markers where it is cut.
fn draw_list(parts: &Parts, line: &mut Line, at: usize, width: usize) {
    let list = &parts.parts[Place::List as usize];
    let whole = list.cells.len();
    if whole <= width {
        line.draw(list, at, 0, whole);
        return;
    }
    let (focus_from, focus_to) = parts.focus.unwrap_or((0, 0));
    let focus_middle = focus_from + (focus_to.min(whole).saturating_sub(focus_from)) / 2;
    let mut from = focus_middle.saturating_sub(width / 2).min(whole - width);
    let mut room = width;
    let mut at = at;
    let left_marker = &parts.parts[Place::LeftMarker as usize];
    let right_marker = &parts.parts[Place::RightMarker as usize];
    if from > 0 && room > left_marker.cells.len() {
        let marker = left_marker.cells.len();
        line.draw(left_marker, at, 0, marker);
        at += marker;
        from += marker;
        room -= marker;
    }
    if from + room < whole && room > right_marker.cells.len() {
        let marker = right_marker.cells.len();
        room -= marker;
        line.draw(right_marker, at + room, 0, marker);
    }
    line.draw(list, at, from, room);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, width: u16) -> String {
        let mut tables = Tables::default();
        let (cells, _) = layout(text, width, Style::default(), &mut tables);
        assert_eq!(cells.len(), usize::from(width));
        cells.iter().filter_map(|cell| cell.glyph.as_char()).collect()
    }

    const WINDOWS: &str = "#[align=left]L#[list=on]#[list=left-marker]<#[list=right-marker]>#[list=on]\
                           #[range=window|0]0:sh#[norange] #[list=focus]#[range=window|1]1:vi#[norange]#[list=on] \
                           #[range=window|2]2:top#[norange]#[nolist]#[align=right]R";

    #[test]
    fn parts_stand_left_right_and_in_the_middle() {
        assert_eq!(show("a#[align=centre]b#[align=right]c", 9), "a   b   c");
        assert_eq!(show("a#[align=absolute-centre]b#[align=right]ccc", 9), "a   b ccc");
        assert_eq!(show("plain", 9), "plain    ");
    }

    #[test]
    fn the_list_is_cut_around_its_focus_with_markers() {
        assert_eq!(show(WINDOWS, 20), "L0:sh 1:vi 2:top   R");
        assert_eq!(show(WINDOWS, 11), "L< 1:vi 2>R");
    }

    #[test]
    fn a_line_too_short_keeps_its_ends_longest() {
        assert_eq!(show(WINDOWS, 2), "LR");
        assert_eq!(show("abcdef#[align=right]xyz", 4), "abcd");
        assert_eq!(show("abc#[align=right]xyz", 4), "abcz");
    }

    #[test]
    fn hashes_are_escaped_by_doubling() {
        assert_eq!(show("##[a]#", 6), "#[a]# ");
        assert_eq!(show("a##b###[bold]c", 6), "a#b#c ");
    }

    #[test]
    fn ranges_follow_what_is_drawn() {
        let mut tables = Tables::default();
        let (_, ranges) = layout(WINDOWS, 20, Style::default(), &mut tables);
        let got: Vec<(u16, u16)> = ranges.iter().map(|r| (r.start, r.end)).collect();
        assert_eq!(got, [(1, 5), (6, 10), (11, 16)]);
        let (_, ranges) = layout(WINDOWS, 11, Style::default(), &mut tables);
        let got: Vec<(u16, u16, RangeKind)> = ranges.into_iter().map(|r| (r.start, r.end, r.kind)).collect();
        assert_eq!(got, [(3, 7, RangeKind::Window(1)), (8, 9, RangeKind::Window(2))]);
    }

    #[test]
    fn styles_and_defaults_nest() {
        let mut tables = Tables::default();
        let text = "#[fg=red]#[push-default]a#[fg=blue]b#[default]c#[pop-default]#[default]d";
        let (cells, _) = layout(text, 4, Style::default(), &mut tables);
        let fg: Vec<Color> = cells.iter().map(|c| c.style().fg).collect();
        assert_eq!(fg, [Color::Indexed(1), Color::Indexed(4), Color::Indexed(1), Color::Default]);
    }

    #[test]
    fn a_wide_character_on_the_cut_becomes_a_blank() {
        assert_eq!(show("日本", 3), "日 ");
    }
}
