//! The tree that divides a window among its panes.
//!
//! Owns sizes and positions: splitting, closing, resizing, and tmux's rules for who gives space to whom.
//! Knows panes only by number. Named layouts are in `preset`, layout strings in `text`.

mod preset;
mod text;

pub use preset::{MainSize, Preset};
pub use text::LayoutTextError;

use crate::ids::{PaneId, Size};

/// Smallest width or height of a pane, in cells (as tmux).
pub const PANE_MIN: u16 = 1;

/// Deepest nesting accepted in a layout string; deeper ones come from no user.
pub const MAX_DEPTH: usize = 64;

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left column, from 0.
    pub x: u16,
    /// Top row, from 0.
    pub y: u16,
    /// Width in columns.
    pub w: u16,
    /// Height in rows.
    pub h: u16,
}

impl Rect {
    /// Whether a cell lies inside.
    pub fn contains(&self, x: u16, y: u16) -> bool {
        x >= self.x && y >= self.y && x - self.x < self.w && y - self.y < self.h
    }

    /// Its size.
    pub fn size(&self) -> Size {
        Size::new(self.w, self.h)
    }

    /// First column to the right of it.
    pub fn right(&self) -> u16 {
        self.x.saturating_add(self.w)
    }

    /// First row below it.
    pub fn bottom(&self) -> u16 {
        self.y.saturating_add(self.h)
    }

    /// With a border of one cell around it, as far as there is room for one.
    pub fn outside(&self) -> Rect {
        Rect { x: self.x.saturating_sub(1), y: self.y.saturating_sub(1), w: self.w + 2, h: self.h + 2 }
    }

    /// Without its border of one cell.
    pub fn inside(&self) -> Rect {
        Rect { x: self.x + 1, y: self.y + 1, w: self.w.saturating_sub(2), h: self.h.saturating_sub(2) }
    }
}

/// A side or a place that follows the mouse from one cell to another.
pub(super) fn dragged(n: u16, from: u16, to: u16) -> u16 {
    (i32::from(n) + i32::from(to) - i32::from(from)).max(0) as u16
}

/// The direction in which a split's parts follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Left to right: widths differ, heights are the parent's (`split-window -h`).
    LeftRight,
    /// Top to bottom: heights differ (`split-window -v`).
    TopBottom,
}

impl Axis {
    fn of(self, rect: &Rect) -> u16 {
        match self {
            Axis::LeftRight => rect.w,
            Axis::TopBottom => rect.h,
        }
    }

    fn set(self, rect: &mut Rect, value: u16) {
        match self {
            Axis::LeftRight => rect.w = value,
            Axis::TopBottom => rect.h = value,
        }
    }

    fn across(self) -> Axis {
        match self {
            Axis::LeftRight => Axis::TopBottom,
            Axis::TopBottom => Axis::LeftRight,
        }
    }
}

/// What a cell of the tree holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// One pane.
    Pane(PaneId),
    /// Two or more parts with one line of border between neighbours.
    Split(Axis, Vec<Cell>),
}

/// A cell of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its place in the window.
    pub rect: Rect,
    /// What is in it.
    pub node: Node,
}

/// Where a new pane goes in a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitHow {
    /// The direction.
    pub axis: Axis,
    /// Cells for the new pane; half when `None`.
    pub size: Option<u16>,
    /// The new pane is left of or above the old one.
    pub before: bool,
    /// Split the whole window, not the pane.
    pub full: bool,
}

/// The tree of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The whole window.
    pub root: Cell,
}

impl Cell {
    fn pane(pane: PaneId, rect: Rect) -> Cell {
        Cell { rect, node: Node::Pane(pane) }
    }

    /// How much this cell can give away along `axis`.
    fn spare(&self, axis: Axis) -> u16 {
        match &self.node {
            Node::Pane(_) => axis.of(&self.rect).saturating_sub(PANE_MIN),
            Node::Split(own, parts) if *own == axis => {
                parts.iter().fold(0u16, |sum, c| sum.saturating_add(c.spare(axis)))
            }
            Node::Split(_, parts) => parts.iter().map(|c| c.spare(axis)).min().unwrap_or(0),
        }
    }

    /// Grows or shrinks by `change`, spreading it one cell at a time over the parts.
    fn adjust(&mut self, axis: Axis, change: i32) {
        let size = i32::from(axis.of(&self.rect)) + change;
        axis.set(&mut self.rect, size.clamp(0, i32::from(u16::MAX)) as u16);
        let Node::Split(own, parts) = &mut self.node else { return };
        if *own != axis {
            parts.iter_mut().for_each(|c| c.adjust(axis, change));
            return;
        }
        if parts.is_empty() {
            return;
        }
        // First how much each part gets, then one call per part: the result is the same as giving single cells
        // in turn, without the cost.
        let mut gets = vec![0i32; parts.len()];
        let mut left = change;
        if left > 0 {
            let n = parts.len() as i32;
            for (i, g) in gets.iter_mut().enumerate() {
                *g = left / n + i32::from((i as i32) < left % n);
            }
        } else {
            let spare: Vec<i32> = parts.iter().map(|c| i32::from(c.spare(axis))).collect();
            while left < 0 {
                let before = left;
                for (g, s) in gets.iter_mut().zip(&spare) {
                    if left < 0 && -*g < *s {
                        *g -= 1;
                        left += 1;
                    }
                }
                if before == left {
                    break;
                }
            }
        }
        for (part, g) in parts.iter_mut().zip(gets) {
            if g != 0 {
                part.adjust_by_ones(axis, g);
            }
        }
    }

    /// As tmux's single steps from a split of the same direction above: here each step goes to the first part
    /// that can take it, so growth is the first part's alone.
    fn adjust_by_ones(&mut self, axis: Axis, change: i32) {
        let size = i32::from(axis.of(&self.rect)) + change;
        axis.set(&mut self.rect, size.clamp(0, i32::from(u16::MAX)) as u16);
        let Node::Split(own, parts) = &mut self.node else { return };
        if *own != axis {
            parts.iter_mut().for_each(|c| c.adjust_by_ones(axis, change));
            return;
        }
        let mut left = change;
        for part in parts {
            let step = if left > 0 { left } else { left.max(-i32::from(part.spare(axis))) };
            if step != 0 {
                part.adjust_by_ones(axis, step);
                left -= step;
            }
        }
    }

    /// Gives every cell below its place from its size.
    fn place_parts(&mut self) {
        let Rect { mut x, mut y, .. } = self.rect;
        let Node::Split(axis, parts) = &mut self.node else { return };
        for part in parts {
            (part.rect.x, part.rect.y) = (x, y);
            match axis {
                Axis::LeftRight => x = x.saturating_add(part.rect.w).saturating_add(1),
                Axis::TopBottom => y = y.saturating_add(part.rect.h).saturating_add(1),
            }
            part.place_parts();
        }
    }

    /// Sizes the parts in proportion to what they had, to fill this cell's own size.
    fn fill_parts(&mut self) {
        let rect = self.rect;
        let Node::Split(axis, parts) = &mut self.node else { return };
        let axis = *axis;
        let before: u32 = parts.iter().map(|c| u32::from(axis.of(&c.rect))).sum::<u32>()
            + parts.len().saturating_sub(1) as u32;
        let size = u32::from(axis.of(&rect));
        let mut available = size;
        let mut left = parts.len() as u32;
        for part in parts {
            let new = if left <= 1 {
                available
            } else {
                let most = available.saturating_sub((u32::from(PANE_MIN) + 1) * (left - 1));
                (u32::from(axis.of(&part.rect)) * size / before.max(1)).min(most).max(u32::from(PANE_MIN))
            };
            axis.set(&mut part.rect, new.min(u32::from(u16::MAX)) as u16);
            let across = axis.across();
            across.set(&mut part.rect, across.of(&rect));
            available = available.saturating_sub(new + 1);
            left -= 1;
            part.fill_parts();
        }
    }

    fn for_each(&self, f: &mut impl FnMut(PaneId, Rect)) {
        match &self.node {
            Node::Pane(p) => f(*p, self.rect),
            Node::Split(_, parts) => parts.iter().for_each(|c| c.for_each(f)),
        }
    }

    fn for_each_mut(&mut self, f: &mut impl FnMut(&mut PaneId)) {
        match &mut self.node {
            Node::Pane(p) => f(p),
            Node::Split(_, parts) => parts.iter_mut().for_each(|c| c.for_each_mut(f)),
        }
    }

    fn path(&self, pane: PaneId, out: &mut Vec<usize>) -> bool {
        match &self.node {
            Node::Pane(p) => *p == pane,
            Node::Split(_, parts) => parts.iter().enumerate().any(|(i, c)| {
                out.push(i);
                c.path(pane, out) || {
                    out.pop();
                    false
                }
            }),
        }
    }
}

impl Layout {
    /// One pane that fills the window.
    pub fn single(pane: PaneId, size: Size) -> Layout {
        Layout { root: Cell::pane(pane, Rect { x: 0, y: 0, w: size.cols, h: size.rows }) }
    }

    /// The tree's own size; larger than the window when panes at their smallest do not fit.
    pub fn size(&self) -> Size {
        self.root.rect.size()
    }

    /// Panes and their places, in the tree's order (left to right, top to bottom).
    pub fn rects(&self) -> Vec<(PaneId, Rect)> {
        let mut out = Vec::new();
        self.root.for_each(&mut |p, r| out.push((p, r)));
        out
    }

    /// The place of one pane.
    pub fn rect(&self, pane: PaneId) -> Option<Rect> {
        let mut found = None;
        self.root.for_each(&mut |p, r| {
            if p == pane {
                found = Some(r);
            }
        });
        found
    }

    /// The panes, in the tree's order.
    pub fn panes(&self) -> Vec<PaneId> {
        self.rects().into_iter().map(|(p, _)| p).collect()
    }

    /// Renames panes: every pane for which `f` gives another.
    pub fn map_panes(&mut self, mut f: impl FnMut(PaneId) -> PaneId) {
        self.root.for_each_mut(&mut |p| *p = f(*p));
    }

    /// Exchanges two panes in the tree.
    pub fn swap(&mut self, a: PaneId, b: PaneId) {
        self.map_panes(|p| {
            if p == a {
                b
            } else if p == b {
                a
            } else {
                p
            }
        });
    }

    fn path(&self, pane: PaneId) -> Option<Vec<usize>> {
        let mut path = Vec::new();
        self.root.path(pane, &mut path).then_some(path)
    }

    fn at(&mut self, path: &[usize]) -> &mut Cell {
        let mut cell = &mut self.root;
        for &i in path {
            cell = match &mut cell.node {
                Node::Split(_, parts) => &mut parts[i],
                Node::Pane(_) => unreachable!("paths are made from the same tree"),
            };
        }
        cell
    }

    /// Divides `pane` (or the whole window) and puts `new` in the new part. False: no space.
    pub fn split(&mut self, pane: PaneId, new: PaneId, how: SplitHow) -> bool {
        let Some(path) = (if how.full { Some(Vec::new()) } else { self.path(pane) }) else { return false };
        let axis = how.axis;
        let old = self.at(&path).rect;
        let saved = axis.of(&old);
        if saved < PANE_MIN * 2 + 1 {
            return false;
        }
        let second = match how.size {
            None => saved.div_ceil(2) - 1,
            Some(n) if how.before => saved.saturating_sub(n).saturating_sub(1),
            Some(n) => n,
        }
        .clamp(PANE_MIN, saved - 2);
        let first = saved - 1 - second;
        let (kept, given) = if how.before { (second, first) } else { (first, second) };
        let mut new_rect = old;
        axis.set(&mut new_rect, given);
        let new_cell = Cell::pane(new, new_rect);

        if how.full {
            if usize::from(kept) < self.least(axis) {
                return false;
            }
            let root = &mut self.root;
            axis.set(&mut root.rect, kept);
            root.fill_parts();
            if let Node::Split(own, parts) = &mut root.node
                && *own == axis
            {
                parts.insert(if how.before { 0 } else { parts.len() }, new_cell);
                root.rect = old;
            } else {
                wrap(root, old, axis, new_cell, how.before);
            }
        } else {
            let cell = self.at(&path);
            axis.set(&mut cell.rect, kept);
            let beside = match path.split_last() {
                Some((&i, up)) => match &mut self.at(up).node {
                    Node::Split(own, parts) if *own == axis => Some((i, parts)),
                    _ => None,
                },
                None => None,
            };
            match beside {
                Some((i, parts)) => parts.insert(if how.before { i } else { i + 1 }, new_cell),
                None => wrap(self.at(&path), old, axis, new_cell, how.before),
            }
        }
        self.root.place_parts();
        true
    }

    /// The least size along `axis` that the tree can have.
    fn least(&self, axis: Axis) -> usize {
        fn least(cell: &Cell, axis: Axis) -> usize {
            match &cell.node {
                Node::Pane(_) => usize::from(PANE_MIN),
                Node::Split(own, parts) if *own == axis => {
                    parts.iter().map(|c| least(c, axis) + 1).sum::<usize>().saturating_sub(1)
                }
                Node::Split(_, parts) => parts.iter().map(|c| least(c, axis)).max().unwrap_or(0),
            }
        }
        least(&self.root, axis)
    }

    /// Takes a pane out; its neighbour gets the space. False: it is the only one (nothing is changed).
    pub fn close(&mut self, pane: PaneId) -> bool {
        let Some(path) = self.path(pane) else { return true };
        let Some((&i, up)) = path.split_last() else { return false };
        let parent = self.at(up);
        let parent_rect = parent.rect;
        let Node::Split(axis, parts) = &mut parent.node else { return false };
        let axis = *axis;
        let gone = parts.remove(i);
        let heir = if i == 0 { 0 } else { i - 1 };
        parts[heir].adjust(axis, i32::from(axis.of(&gone.rect)) + 1);
        if parts.len() == 1 {
            let mut only = parts.remove(0);
            (only.rect.x, only.rect.y) = (parent_rect.x, parent_rect.y);
            *parent = only;
        }
        self.root.place_parts();
        true
    }

    /// Sets the size of the whole window; panes give or take, never below the smallest.
    pub fn resize(&mut self, size: Size) {
        for (axis, want) in [(Axis::LeftRight, size.cols), (Axis::TopBottom, size.rows)] {
            let now = i32::from(axis.of(&self.root.rect));
            let spare = i32::from(self.root.spare(axis));
            let change = (i32::from(want) - now).max(-spare);
            if change != 0 {
                self.root.adjust(axis, change);
            }
        }
        self.root.place_parts();
    }

    /// Moves the border after the pane (before it, for the last one) by `change`; `opposite` lets a growing
    /// pane take from the other side when its neighbours there have nothing left.
    pub fn resize_pane(&mut self, pane: PaneId, axis: Axis, change: i32, opposite: bool) -> bool {
        let Some((up, i)) = self.along(pane, axis) else { return false };
        let Node::Split(_, parts) = &mut self.at(&up).node else { return false };
        let i = if i + 1 == parts.len() { i.saturating_sub(1) } else { i };
        let done = move_border(parts, i, axis, change, opposite);
        self.root.place_parts();
        done
    }

    /// Gives the pane this size along `axis`, if it shares that direction with another.
    pub fn resize_pane_to(&mut self, pane: PaneId, axis: Axis, size: u16) -> bool {
        let Some((up, i)) = self.along(pane, axis) else { return false };
        let Node::Split(_, parts) = &mut self.at(&up).node else { return false };
        let now = i32::from(axis.of(&parts[i].rect));
        let change = i32::from(size) - now;
        let change = if i + 1 == parts.len() { -change } else { change };
        self.resize_pane(pane, axis, change, true)
    }

    /// The nearest split along `axis` around the pane, and which of its parts holds the pane.
    fn along(&mut self, pane: PaneId, axis: Axis) -> Option<(Vec<usize>, usize)> {
        let mut path = self.path(pane)?;
        while let Some(i) = path.pop() {
            if matches!(&self.at(&path).node, Node::Split(own, _) if *own == axis) {
                return Some((path, i));
            }
        }
        None
    }

    /// Spreads the pane and its siblings evenly (`select-layout -E`); if they are, what they are part of.
    pub fn spread(&mut self, pane: PaneId) {
        let Some(mut path) = self.path(pane) else { return };
        while path.pop().is_some() {
            if preset::spread(self.at(&path)) {
                self.root.place_parts();
                return;
            }
        }
    }

    /// The border under a cell of the window: the pane whose right (`LeftRight`) or lower (`TopBottom`)
    /// border it is.
    pub fn border_at(&self, x: u16, y: u16) -> Option<(PaneId, Axis)> {
        self.rects().into_iter().find_map(|(pane, r)| {
            if x == r.right() && y >= r.y && y < r.bottom() {
                Some((pane, Axis::LeftRight))
            } else if y == r.bottom() && x >= r.x && x <= r.right() {
                Some((pane, Axis::TopBottom))
            } else {
                None
            }
        })
    }
}

/// Puts a cell and a new one into a fresh split that takes the cell's old place.
fn wrap(cell: &mut Cell, old: Rect, axis: Axis, new_cell: Cell, before: bool) {
    let inner = std::mem::replace(cell, Cell { rect: old, node: Node::Split(axis, Vec::new()) });
    if let Node::Split(_, parts) = &mut cell.node {
        parts.push(inner);
        parts.insert(usize::from(!before), new_cell);
    }
}

/// Moves the border after part `i`: forwards for a positive change.
fn move_border(parts: &mut [Cell], i: usize, axis: Axis, change: i32, opposite: bool) -> bool {
    let mut left = change.unsigned_abs().min(u32::from(u16::MAX)) as u16;
    let mut moved = false;
    while left > 0 {
        let has = |c: &Cell| c.spare(axis) > 0;
        let (giver, taker) = if change > 0 {
            let after = (i + 1..parts.len()).find(|&j| has(&parts[j]));
            let before = || (0..i).rev().find(|&j| has(&parts[j]));
            match after.or_else(|| if opposite { before() } else { None }) {
                Some(giver) => (giver, i),
                None => break,
            }
        } else {
            match (0..=i).rev().find(|&j| has(&parts[j])) {
                Some(giver) if i + 1 < parts.len() => (giver, i + 1),
                _ => break,
            }
        };
        let n = parts[giver].spare(axis).min(left);
        parts[taker].adjust(axis, i32::from(n));
        parts[giver].adjust(axis, -i32::from(n));
        left -= n;
        moved = true;
    }
    moved
}
