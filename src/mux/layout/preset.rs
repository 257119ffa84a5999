//! The named layouts: even, main and tiled.

use super::{Axis, Cell, Layout, Node, PANE_MIN, Rect};
use crate::ids::{PaneId, Size};

/// A layout known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// `even-horizontal`: side by side.
    EvenHorizontal,
    /// `even-vertical`: one above the other.
    EvenVertical,
    /// `main-horizontal`: one large on top, the others side by side below.
    MainHorizontal,
    /// `main-horizontal-mirrored`: the large one at the bottom.
    MainHorizontalMirrored,
    /// `main-vertical`: one large on the left.
    MainVertical,
    /// `main-vertical-mirrored`: the large one on the right.
    MainVerticalMirrored,
    /// `tiled`: as square as possible.
    Tiled,
}

/// Sizes of the main layouts in cells: of the main pane, and of the others (0: what is left).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MainSize {
    /// Of the main pane.
    pub main: u16,
    /// Of the others.
    pub other: u16,
    /// Most columns of the tiled layout (`tiled-layout-max-columns`); 0 is as many as there are rows.
    pub columns: usize,
}

impl Preset {
    /// In the order in which `next-layout` goes through them.
    pub const ALL: [Preset; 7] = [
        Preset::EvenHorizontal,
        Preset::EvenVertical,
        Preset::MainHorizontal,
        Preset::MainHorizontalMirrored,
        Preset::MainVertical,
        Preset::MainVerticalMirrored,
        Preset::Tiled,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Preset::EvenHorizontal => "even-horizontal",
            Preset::EvenVertical => "even-vertical",
            Preset::MainHorizontal => "main-horizontal",
            Preset::MainHorizontalMirrored => "main-horizontal-mirrored",
            Preset::MainVertical => "main-vertical",
            Preset::MainVerticalMirrored => "main-vertical-mirrored",
            Preset::Tiled => "tiled",
        }
    }

    /// By name, by an unambiguous beginning of it, or exactly where a name begins another.
    pub fn find(name: &str) -> Option<Preset> {
        if let Some(p) = Preset::ALL.into_iter().find(|p| p.name() == name) {
            return Some(p);
        }
        let mut with = Preset::ALL.into_iter().filter(|p| !name.is_empty() && p.name().starts_with(name));
        let first = with.next()?;
        with.next().is_none().then_some(first)
    }

    /// Arranges the panes anew. The tree may come out larger than the window when they do not fit.
    pub fn arrange(self, panes: &[PaneId], size: Size, main: MainSize) -> Option<Layout> {
        let root = match (self, panes) {
            (_, []) => return None,
            (_, [one]) => return Some(Layout::single(*one, size)),
            (Preset::EvenHorizontal, _) => even(panes, Axis::LeftRight, size),
            (Preset::EvenVertical, _) => even(panes, Axis::TopBottom, size),
            (Preset::MainHorizontal, _) => main_layout(panes, Axis::TopBottom, size, main, false),
            (Preset::MainHorizontalMirrored, _) => main_layout(panes, Axis::TopBottom, size, main, true),
            (Preset::MainVertical, _) => main_layout(panes, Axis::LeftRight, size, main, false),
            (Preset::MainVerticalMirrored, _) => main_layout(panes, Axis::LeftRight, size, main, true),
            (Preset::Tiled, _) => tiled(panes, size, main.columns),
        };
        let mut layout = Layout { root };
        layout.root.place_parts();
        Some(layout)
    }
}

fn rect(w: u16, h: u16) -> Rect {
    Rect { x: 0, y: 0, w, h }
}

/// The size that `n` panes side by side need at least.
fn needed(n: usize) -> u16 {
    u16::try_from(n * (usize::from(PANE_MIN) + 1) - 1).unwrap_or(u16::MAX)
}

/// Sizes the parts of a split evenly; the first ones take the rest, a cell each (as tmux 3.7). Gives whether one changed.
pub(super) fn spread(cell: &mut Cell) -> bool {
    let rect = cell.rect;
    let Node::Split(axis, parts) = &mut cell.node else { return false };
    let axis = *axis;
    let (n, size) = (parts.len() as u32, u32::from(axis.of(&rect)));
    if n == 0 || size < n - 1 {
        return false;
    }
    let each = (size - (n - 1)) / n;
    if each == 0 {
        return false;
    }
    let mut changed = false;
    for (i, part) in parts.iter_mut().enumerate() {
        let want = each + u32::from((i as u32) < (size - (n - 1)) % n);
        let by = want as i32 - i32::from(axis.of(&part.rect));
        part.adjust(axis, by);
        changed |= by != 0;
    }
    changed
}

/// A split of equal parts that fill `area`.
fn row(panes: &[PaneId], axis: Axis, area: Rect) -> Cell {
    if let [one] = panes {
        return Cell::pane(*one, area);
    }
    let mut part = area;
    axis.set(&mut part, PANE_MIN);
    let parts = panes.iter().map(|p| Cell::pane(*p, part)).collect();
    let mut cell = Cell { rect: area, node: Node::Split(axis, parts) };
    spread(&mut cell);
    cell
}

fn even(panes: &[PaneId], axis: Axis, size: Size) -> Cell {
    let mut area = rect(size.cols, size.rows);
    let full = axis.of(&area).max(needed(panes.len()));
    axis.set(&mut area, full);
    row(panes, axis, area)
}

fn main_layout(panes: &[PaneId], axis: Axis, size: Size, want: MainSize, mirrored: bool) -> Cell {
    let window = rect(size.cols, size.rows);
    let room = axis.of(&window).saturating_sub(1);
    let (main, other) = if want.main.saturating_add(PANE_MIN) >= room {
        (if room <= PANE_MIN * 2 { PANE_MIN } else { room - PANE_MIN }, PANE_MIN)
    } else if want.other == 0 || want.other > room || room - want.other < want.main {
        (want.main, room - want.main)
    } else {
        (room - want.other, want.other)
    };
    let across = axis.across();
    let breadth = across.of(&window).max(needed(panes.len() - 1));
    let area = |along: u16| {
        let mut r = rect(0, 0);
        axis.set(&mut r, along);
        across.set(&mut r, breadth);
        r
    };
    let mut parts = vec![Cell::pane(panes[0], area(main)), row(&panes[1..], across, area(other))];
    if mirrored {
        parts.reverse();
    }
    Cell { rect: area(main + other + 1), node: Node::Split(axis, parts) }
}

fn tiled(panes: &[PaneId], size: Size, most: usize) -> Cell {
    let (mut rows, mut columns) = (1usize, 1usize);
    while rows * columns < panes.len() {
        rows += 1;
        if rows * columns < panes.len() && (most == 0 || columns < most) {
            columns += 1;
        }
    }
    let side = |whole: u16, n: usize| {
        let borders = u16::try_from(n - 1).unwrap_or(u16::MAX);
        (whole.saturating_sub(borders) / u16::try_from(n).unwrap_or(u16::MAX)).max(PANE_MIN)
    };
    let (width, height) = (side(size.cols, columns), side(size.rows, rows));
    let total = |each: u16, n: usize| (u32::from(each) + 1) * n as u32 - 1;
    let fit = |each, n, whole: u16| total(each, n).max(u32::from(whole)).min(u32::from(u16::MAX)) as u16;
    let full = rect(fit(width, columns, size.cols), fit(height, rows, size.rows));

    let mut lines: Vec<Cell> = panes
        .chunks(columns)
        .map(|line| {
            let area = rect(full.w, height);
            if let [one] = line {
                return Cell::pane(*one, area);
            }
            let mut parts: Vec<Cell> = line.iter().map(|p| Cell::pane(*p, rect(width, height))).collect();
            let used = total(width, line.len());
            if let Some(last) = parts.last_mut()
                && u32::from(full.w) > used
            {
                last.adjust(Axis::LeftRight, i32::from(full.w) - used as i32);
            }
            Cell { rect: area, node: Node::Split(Axis::LeftRight, parts) }
        })
        .collect();
    let used = total(height, lines.len());
    if let Some(last) = lines.last_mut()
        && u32::from(full.h) > used
    {
        last.adjust(Axis::TopBottom, i32::from(full.h) - used as i32);
    }
    Cell { rect: full, node: Node::Split(Axis::TopBottom, lines) }
}
