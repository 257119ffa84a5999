//! The mouse: what it is over, clicks and drags, and what they do.

use super::input::Handled;
use super::keytable::{MouseAction, MouseArea, Trigger};
use super::layout::{Axis, dragged};
use super::model::BorderStatus;
use super::settings::Scope;
use super::target::Found;
use super::{Mode, Mux};
use crate::format::style::{self, Piece, Range, StyleItem};
use crate::ids::{ClientId, PaneId, Size, WindowId};
use crate::vt::keys::{Mods, Mouse, MouseKind};
use std::time::{Duration, Instant};

/// Two clicks closer than this are one double click.
const CLICK_TIME: Duration = Duration::from_millis(300);

/// Columns of border left free at each side of the text of `pane-border-status`.
pub const BORDER_TEXT_INDENT: u16 = 2;

/// What a mouse event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MouseTarget {
    pub event: Mouse,
    pub session: Option<crate::ids::SessionId>,
    pub index: Option<u32>,
    pub pane: Option<PaneId>,
    /// Cell in the window (not the client) that it is about: where a drag began.
    pub at: (u16, u16),
    /// Cell in the window where the pointer is.
    pub now: (u16, u16),
    pub area: MouseArea,
}

impl MouseTarget {
    /// The place `=` names.
    pub fn found(&self, mux: &Mux) -> Option<Found> {
        if let Some(index) = self.index {
            return mux.found_index(self.session?, index);
        }
        match self.pane {
            Some(p) => mux.found_pane(p, self.session),
            None => mux.found_session(self.session?),
        }
    }
}

/// What a held button drags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drag {
    /// The border after this pane.
    Border { window: WindowId, pane: PaneId, axis: Axis, last: (u16, u16) },
    /// A floating pane by its border.
    Float { window: WindowId, pane: PaneId, last: (u16, u16) },
    /// A selection in copy mode.
    Select { pane: PaneId },
    /// Something the pane's program or a binding handles.
    Other { area: MouseArea },
}

/// The latest click, to know a double one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Click {
    pub button: u8,
    pub at: (u16, u16),
    pub when: Instant,
    pub count: u8,
}

impl Mux {
    /// Columns of the status line and what a click on each is: from the same formats that draw it. Gives, for
    /// one line of the bar, the clickable ranges with their first and last column.
    pub fn status_ranges(&self, client: ClientId, line: u16) -> Vec<(u16, u16, Range)> {
        let Some(session) = self.clients.get(&client).and_then(|c| c.session) else { return Vec::new() };
        let width = self.clients.get(&client).map_or(0, |c| c.size.cols);
        let Some(format) = self.option_element(Scope::Session(session), "status-format", u32::from(line))
        else {
            return Vec::new();
        };
        lay_out(&self.expand_for_client(&format, client), width)
    }

    fn mouse_target(&self, client: ClientId, event: Mouse) -> Option<MouseTarget> {
        let c = self.clients.get(&client)?;
        let session = c.session?;
        let lines = self.status_lines(session).min(c.size.rows);
        let top = self.status_at_top(session);
        let first = if top { 0 } else { c.size.rows - lines };
        let base = MouseTarget {
            event,
            session: Some(session),
            index: None,
            pane: None,
            at: (event.x, event.y),
            now: (event.x, event.y),
            area: MouseArea::StatusDefault,
        };
        if lines > 0 && event.y >= first && event.y < first + lines {
            let ranges = self.status_ranges(client, event.y - first);
            let hit = ranges.into_iter().find(|(a, b, _)| event.x >= *a && event.x <= *b);
            return Some(match hit.map(|(_, _, r)| r) {
                Some(Range::Window(i)) => MouseTarget { index: Some(i), area: MouseArea::Status, ..base },
                Some(Range::Left) => MouseTarget { area: MouseArea::StatusLeft, ..base },
                Some(Range::Right) => MouseTarget { area: MouseArea::StatusRight, ..base },
                Some(Range::Pane(p)) => {
                    MouseTarget { pane: Some(PaneId(p)), area: MouseArea::Status, ..base }
                }
                Some(Range::Session(s)) => {
                    MouseTarget { session: Some(crate::ids::SessionId(s)), area: MouseArea::Status, ..base }
                }
                Some(Range::Control(n)) => MouseTarget { area: MouseArea::Control(n), ..base },
                Some(Range::User(_)) | None => base,
            });
        }
        let y = if top { event.y - lines.min(event.y) } else { event.y };
        let shown = self.view_offset(client, Size::new(c.size.cols, c.size.rows - lines));
        let at = (event.x.saturating_add(shown.0), y.saturating_add(shown.1));
        let w = self.client_window(client)?;
        for (pane, rect) in w.floating().iter().rev() {
            if rect.outside().contains(at.0, at.1) {
                let area = if rect.contains(at.0, at.1) { MouseArea::Pane } else { MouseArea::Border };
                return Some(MouseTarget { pane: Some(*pane), at, now: at, area, ..base });
            }
        }
        for (pane, rect) in w.rects() {
            if rect.contains(at.0, at.1) {
                return Some(MouseTarget { pane: Some(pane), at, now: at, area: MouseArea::Pane, ..base });
            }
        }
        if let Some((pane, n)) = self.border_control(client, w, at) {
            return Some(MouseTarget { pane: Some(pane), at, now: at, area: MouseArea::Control(n), ..base });
        }
        let pane = if w.zoomed { None } else { w.layout.border_at(at.0, at.1).map(|(p, _)| p) };
        Some(MouseTarget { pane, at, now: at, area: MouseArea::Border, ..base })
    }

    /// The part of a pane's `pane-border-format` marked by `range=control|N` at a place of the window.
    fn border_control(&self, client: ClientId, w: &super::Window, at: (u16, u16)) -> Option<(PaneId, u8)> {
        let line = |rect: &super::layout::Rect| match w.border_status() {
            BorderStatus::Off => None,
            BorderStatus::Top => rect.y.checked_sub(1),
            BorderStatus::Bottom => Some(rect.bottom()),
        };
        let (pane, rect) = w
            .rects()
            .into_iter()
            .find(|(_, rect)| line(rect) == Some(at.1) && (rect.x..rect.right()).contains(&at.0))?;
        let column = at.0.checked_sub(rect.x + BORDER_TEXT_INDENT)?;
        let format = self.option_text(Scope::Pane(pane), "pane-border-format");
        let text = self.expand_for_pane_on(&format, pane, client);
        let ranges = lay_out(&text, rect.w.saturating_sub(2 * BORDER_TEXT_INDENT));
        ranges.into_iter().find_map(|(a, b, range)| match range {
            Range::Control(n) if (a..=b).contains(&column) => Some((pane, n)),
            _ => None,
        })
    }

    /// One mouse event of an attached client.
    pub(crate) fn mouse_input(&mut self, client: ClientId, event: Mouse) {
        let Some(session) = self.clients.get(&client).and_then(|c| c.session) else { return };
        let Some(target) = self.mouse_target(client, event) else { return };
        if !self.option_on(Scope::Session(session), "mouse") {
            // Not ours: the active pane's program switched the terminal's mouse on, if anybody did.
            if let Some(pane) = target.pane
                && self.client_window(client).is_some_and(|w| w.active == pane)
                && self.clients.get(&client).is_some_and(|c| !c.read_only)
            {
                self.mouse_to_pane(pane, target);
            }
            return;
        }
        let button = match event.button {
            0..=2 => event.button + 1,
            b @ 128.. => b - 128 + 8,
            _ => 1,
        };
        if event.kind == MouseKind::Down
            && event.y == self.message_row(client, session)
            && let Some(key) = self.hint_under(client, event.x)
        {
            self.key(client, key, crate::vt::keys::KeyEvent::Press);
            return;
        }
        // A border or a selection under the button keeps getting its events, wherever the pointer is.
        if let Some(drag) = self.clients.get(&client).and_then(|c| c.drag)
            && self.drag_on(client, drag, &target)
        {
            return;
        }
        if event.kind == MouseKind::Move
            && target.area == MouseArea::Pane
            && self.option_on(Scope::Session(session), "focus-follows-mouse")
            && let Some(pane) = target.pane
            && self.client_window(client).is_some_and(|w| w.active != pane)
        {
            self.select_pane(pane);
        }
        let action = match event.kind {
            MouseKind::Wheel if event.button == 64 => MouseAction::WheelUp,
            MouseKind::Wheel if event.button == 65 => MouseAction::WheelDown,
            MouseKind::Wheel => return,
            MouseKind::Move => MouseAction::Move,
            MouseKind::Up => MouseAction::Up(button),
            MouseKind::Drag => {
                if self.clients.get(&client).is_some_and(|c| c.drag.is_none()) {
                    return self.first_drag(client, button, target);
                }
                MouseAction::Drag(button)
            }
            MouseKind::Down => self.click(client, button, (event.x, event.y)),
        };
        self.mouse_action(client, action, target);
    }

    /// The button is down and the pointer has moved: what begins, begins where the button went down, and then
    /// follows to where the pointer is.
    fn first_drag(&mut self, client: ClientId, button: u8, now: MouseTarget) {
        let Some(c) = self.clients.get(&client) else { return };
        let from = c.last_click.map_or((now.event.x, now.event.y), |l| l.at);
        let start = Mouse { x: from.0, y: from.1, ..now.event };
        let Some(start) = self.mouse_target(client, start) else { return };
        if let Some(c) = self.clients.get_mut(&client) {
            c.drag = Some(Drag::Other { area: start.area });
        }
        let start = MouseTarget { event: now.event, now: now.now, ..start };
        self.mouse_action(client, MouseAction::Drag(button), start);
        // What the drag does is known when the binding has run.
        self.run_queues();
        let begun = self.clients.get(&client).and_then(|c| c.drag);
        if let Some(drag @ (Drag::Border { .. } | Drag::Float { .. } | Drag::Select { .. })) = begun {
            self.drag_on(client, drag, &now);
        }
    }

    /// The first, second or third click.
    fn click(&mut self, client: ClientId, button: u8, at: (u16, u16)) -> MouseAction {
        let now = self.now;
        let Some(c) = self.clients.get_mut(&client) else { return MouseAction::Down(button) };
        let count = match c.last_click {
            Some(l)
                if l.button == button && l.at == at && now.saturating_duration_since(l.when) < CLICK_TIME =>
            {
                l.count % 3 + 1
            }
            _ => 1,
        };
        c.last_click = Some(Click { button, at, when: now, count });
        match count {
            2 => MouseAction::Double(button),
            3 => MouseAction::Triple(button),
            _ => MouseAction::Down(button),
        }
    }

    fn mouse_action(&mut self, client: ClientId, action: MouseAction, target: MouseTarget) {
        let mods = target.event.mods;
        let mut trigger = Trigger::Mouse(action, target.area, mods);
        if self.run_mouse_binding(client, trigger, target) == Handled::Yes {
            return;
        }
        // A double click nothing is bound to is a click.
        if let MouseAction::Double(b) | MouseAction::Triple(b) = action {
            trigger = Trigger::Mouse(MouseAction::Down(b), target.area, mods);
            if self.run_mouse_binding(client, trigger, target) == Handled::Yes {
                return;
            }
        }
        if target.area == MouseArea::Pane
            && let Some(pane) = target.pane
        {
            self.mouse_to_pane(pane, target);
        }
    }

    /// A mouse event for the program in a pane, if it asked for such.
    pub(crate) fn mouse_to_pane(&mut self, pane: PaneId, target: MouseTarget) {
        let Some(p) = self.panes.get(&pane) else { return };
        if p.mode.is_some() {
            return;
        }
        let Some(rect) = self.windows.get(&p.window).and_then(|w| w.rect(pane)) else { return };
        let (x, y) = target.now;
        if !rect.contains(x, y) {
            return;
        }
        let event = Mouse { x: x - rect.x, y: y - rect.y, ..target.event };
        let bytes = crate::vt::keys::encode_mouse(event, p.screen.modes());
        self.write_pane(pane, &bytes);
    }

    /// `resize-pane -M`: the border under the pointer follows the button.
    pub(crate) fn start_border_drag(&mut self, client: ClientId, target: &MouseTarget) {
        let Some(w) = self.client_window(client) else { return };
        if let Some(pane) = target.pane.filter(|p| w.float(*p).is_some()) {
            let drag = Drag::Float { window: w.id, pane, last: target.at };
            if let Some(c) = self.clients.get_mut(&client) {
                c.drag = Some(drag);
            }
            return;
        }
        let Some((pane, axis)) = w.layout.border_at(target.at.0, target.at.1) else { return };
        let drag = Drag::Border { window: w.id, pane, axis, last: target.at };
        if let Some(c) = self.clients.get_mut(&client) {
            c.drag = Some(drag);
        }
    }

    /// A floating pane follows the mouse: its lower right corner changes the size, the rest moves it.
    fn drag_float(
        &mut self,
        client: ClientId,
        (window, pane): (WindowId, PaneId),
        last: (u16, u16),
        now: (u16, u16),
    ) {
        let Some(w) = self.windows.get_mut(&window) else { return };
        let Some((_, r)) = w.floats.iter_mut().find(|(p, _)| *p == pane) else { return };
        if last.0 >= r.right() && last.1 >= r.bottom() {
            (r.w, r.h) = (dragged(r.w, last.0, now.0).max(1), dragged(r.h, last.1, now.1).max(1));
        } else {
            (r.x, r.y) = (dragged(r.x, last.0, now.0), dragged(r.y, last.1, now.1));
        }
        if let Some(c) = self.clients.get_mut(&client) {
            c.drag = Some(Drag::Float { window, pane, last: now });
        }
        self.apply_layout(window);
    }

    /// `copy-mode -M` and `begin-selection` under the mouse: the selection follows the button.
    pub(crate) fn start_select_drag(&mut self, client: ClientId, pane: PaneId) {
        if let Some(c) = self.clients.get_mut(&client) {
            c.drag = Some(Drag::Select { pane });
        }
    }

    /// Puts the copy cursor under the pointer.
    pub(crate) fn copy_cursor_to(&mut self, pane: PaneId, target: &MouseTarget) {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        let Some(rect) = self.windows.get(&window).and_then(|w| w.rect(pane)) else { return };
        let x = target.at.0.saturating_sub(rect.x).min(rect.w.saturating_sub(1));
        let below = target.at.1 >= rect.bottom();
        let above = target.at.1 < rect.y;
        let y = target.at.1.saturating_sub(rect.y).min(rect.h.saturating_sub(1));
        if let Some(c) = self.panes.get_mut(&pane).and_then(|p| p.copy_mut()) {
            c.cursor_to(x, y);
            if above {
                c.up(1);
            } else if below {
                c.down(1);
            }
        }
        self.redraw_pane(pane);
    }

    /// A drag under way. True: the event is used up.
    fn drag_on(&mut self, client: ClientId, drag: Drag, target: &MouseTarget) -> bool {
        let over = target.event.kind == MouseKind::Up;
        if over && let Some(c) = self.clients.get_mut(&client) {
            c.drag = None;
        }
        if target.event.kind == MouseKind::Down {
            // The release was lost.
            if let Some(c) = self.clients.get_mut(&client) {
                c.drag = None;
            }
            return false;
        }
        match drag {
            Drag::Border { window, pane, axis, last } => {
                if over {
                    return true;
                }
                let change = match axis {
                    Axis::LeftRight => i32::from(target.at.0) - i32::from(last.0),
                    Axis::TopBottom => i32::from(target.at.1) - i32::from(last.1),
                };
                if change != 0
                    && let Some(w) = self.windows.get_mut(&window)
                {
                    w.layout.resize_pane(pane, axis, change, false);
                    if let Some(c) = self.clients.get_mut(&client) {
                        c.drag = Some(Drag::Border { window, pane, axis, last: target.at });
                    }
                    self.apply_layout(window);
                }
                true
            }
            Drag::Float { window, pane, last } => {
                if !over {
                    self.drag_float(client, (window, pane), last, target.now);
                }
                true
            }
            Drag::Select { pane } => {
                let in_copy = self.panes.get(&pane).is_some_and(|p| matches!(p.mode, Some(Mode::Copy(_))));
                if !in_copy {
                    return false;
                }
                self.copy_cursor_to(pane, target);
                if over {
                    let table = self.mode_table(pane);
                    let mods = Mods::empty();
                    let trigger = Trigger::Mouse(MouseAction::DragEnd(1), MouseArea::Pane, mods);
                    let target = MouseTarget { pane: Some(pane), ..*target };
                    self.run_table_binding(client, &table, trigger, Some(target));
                }
                true
            }
            Drag::Other { area } => {
                if over {
                    let button = target.event.button.min(2) + 1;
                    let trigger = Trigger::Mouse(MouseAction::DragEnd(button), area, target.event.mods);
                    if self.run_mouse_binding(client, trigger, *target) == Handled::Yes {
                        return true;
                    }
                }
                false
            }
        }
    }
}

/// Places the parts of a status line: left, centre and right, and gives the clickable ranges by column.
pub(super) fn lay_out(text: &str, width: u16) -> Vec<(u16, u16, Range)> {
    use crate::format::style::Align;
    let mut align = Align::Left;
    let mut range: Option<Range> = None;
    // The markers stand in the text but are drawn only where the list is cut.
    let mut marker = false;
    let mut columns = [0usize; 4];
    let slot = |a: Align| match a {
        Align::Left => 0,
        Align::Centre => 1,
        Align::Right => 2,
        Align::AbsoluteCentre => 3,
    };
    let mut parts: Vec<(usize, usize, usize, Range)> = Vec::new();
    for piece in style::pieces(text) {
        match piece {
            Piece::Text(_) if marker => {}
            Piece::Text(t) => {
                let w = unicode_width::UnicodeWidthStr::width(t.as_str());
                let at = columns[slot(align)];
                if let Some(r) = &range
                    && w > 0
                {
                    parts.push((slot(align), at, at + w - 1, r.clone()));
                }
                columns[slot(align)] += w;
            }
            Piece::Style(items) => {
                for item in items {
                    match item {
                        StyleItem::Align(a) => align = a,
                        StyleItem::Range(r) => range = r,
                        StyleItem::List(l) => {
                            marker = matches!(l, Some(style::List::LeftMarker | style::List::RightMarker));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    let width = usize::from(width);
    let [left, centre, right, absolute] = columns;
    let start = [
        0,
        left + width.saturating_sub(left + right).saturating_sub(centre) / 2,
        width.saturating_sub(right),
        width.saturating_sub(absolute) / 2,
    ];
    parts
        .into_iter()
        .map(|(slot, a, b, r)| (start[slot] + a, start[slot] + b, r))
        .filter(|(a, _, _)| *a < width)
        .map(|(a, b, r)| (a as u16, b.min(width - 1) as u16, r))
        .collect()
}
