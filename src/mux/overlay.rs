//! Menus and popups: what lies over one client's panes and takes its keys and mouse until it is gone.
//!
//! Owns their state and what keys do to them. A popup's program runs in a pane that is in no window.

use super::event::Effect;
use super::input::Handled;
use super::layout::{Rect, dragged};
use super::model::Overlay;
use super::queue::{Origin, QueueId};
use super::{Mux, target::Found};
use crate::command::Word;
use crate::ids::{ClientId, ExitStatus, PaneId, Size};
use crate::vt::keys::{Key, KeyCode, Mods, Mouse, MouseKind};
use std::sync::Arc;

/// How a box over the panes looks: texts of styles, and the name of its lines.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// Inside.
    pub style: String,
    /// Its border.
    pub border_style: String,
    /// Which characters the border is made of; `none` for no border.
    pub lines: String,
    /// On the upper border; may hold `#[style]`.
    pub title: String,
}

/// One line of a menu.
#[derive(Debug, Clone)]
pub struct MenuItem {
    /// What it says, expanded; `None` is a line between groups.
    pub name: Option<String>,
    /// The key that chooses it.
    pub key: Option<Key>,
    /// Cannot be chosen.
    pub disabled: bool,
    pub(crate) command: Option<Word>,
}

impl MenuItem {
    fn choosable(&self) -> bool {
        self.name.is_some() && !self.disabled
    }
}

/// A menu.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Where, border included, on the client's terminal.
    pub rect: Rect,
    /// How it looks.
    pub looks: Looks,
    /// The style of the chosen line.
    pub selected_style: String,
    /// Its lines.
    pub items: Vec<MenuItem>,
    /// The chosen one.
    pub chosen: Option<usize>,
    /// `-O`: a release of the mouse button outside does not close it.
    pub(crate) stays: bool,
    /// Of completions: what is chosen goes into the client's prompt.
    pub(crate) completes: bool,
    pub(crate) waits: Option<QueueId>,
    pub(crate) origin: Arc<Origin>,
}

/// When a popup goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closes {
    /// Escape or ^C close it at any time.
    ByKey,
    /// `-E`: when its program ends.
    AtExit,
    /// `-EE`: when its program ends well.
    AtSuccess,
    /// `-k`: at any key once its program has ended.
    AtAnyKey,
}

/// A popup.
#[derive(Debug, Clone)]
pub struct Popup {
    /// Where, border included, on the client's terminal.
    pub rect: Rect,
    /// How it looks.
    pub looks: Looks,
    /// The pane its program runs in.
    pub pane: PaneId,
    pub(crate) closes: Closes,
    pub(crate) ended: bool,
    /// `-N`: it takes no keys.
    pub(crate) no_keys: bool,
    pub(crate) waits: Option<QueueId>,
    /// Where the mouse took hold of the border.
    pub(crate) held: Option<(u16, u16)>,
}

/// The part of a box inside its border.
pub fn inside(rect: Rect, looks: &Looks) -> Rect {
    if looks.lines == "none" { rect } else { rect.inside() }
}

impl Menu {
    /// Moves the choice to the next line that can be chosen, around the end.
    fn step(&mut self, by: i64) {
        let n = self.items.len() as i64;
        let from = self.chosen.map_or(if by > 0 { -1 } else { n }, |c| c as i64);
        let next = (1..=n)
            .map(|k| (from + by * k).rem_euclid(n.max(1)) as usize)
            .find(|i| self.items.get(*i).is_some_and(MenuItem::choosable));
        self.chosen = next.or(self.chosen);
    }

    /// The first or last line that can be chosen.
    fn end(&mut self, last: bool) {
        let fits = |i: &usize| self.items[*i].choosable();
        let all = 0..self.items.len();
        self.chosen = if last { all.rev().find(fits) } else { { all }.find(fits) };
    }

    /// The item under a cell of the terminal.
    fn at(&self, x: u16, y: u16) -> Option<usize> {
        let area = inside(self.rect, &self.looks);
        if !area.contains(x, y) {
            return None;
        }
        let item = usize::from(y - area.y);
        (item < self.items.len()).then_some(item)
    }
}

/// What became of an overlay after a key or a move of the mouse.
enum After {
    Stays,
    Closed,
    Chosen(usize),
}

impl Mux {
    /// Puts a box over a client's panes; what was there goes.
    pub(crate) fn open_overlay(&mut self, client: ClientId, overlay: Overlay) {
        self.close_overlay(client);
        if let Some(c) = self.clients.get_mut(&client) {
            c.overlay = Some(overlay);
        }
        self.chrome += 1;
        self.redraw.insert(client);
    }

    /// Takes away what lies over a client's panes. A popup's program is hung up.
    pub(crate) fn close_overlay(&mut self, client: ClientId) {
        let Some(overlay) = self.clients.get_mut(&client).and_then(|c| c.overlay.take()) else { return };
        self.end_overlay(overlay);
        self.chrome += 1;
        self.redraw.insert(client);
    }

    /// What ends with an overlay that was taken from its client.
    pub(crate) fn end_overlay(&mut self, overlay: Overlay) {
        let waits = match overlay {
            Overlay::PaneNumbers { .. } => None,
            Overlay::Menu(menu) => menu.waits,
            Overlay::Picker(picker) => {
                self.end_picker(*picker);
                None
            }
            Overlay::Popup(popup) => {
                if self.panes.get(&popup.pane).is_some_and(|p| p.dead.is_none()) {
                    self.effects.push_back(Effect::Kill { pane: popup.pane });
                }
                self.panes.remove(&popup.pane);
                popup.waits
            }
        };
        if let Some(queue) = waits {
            self.release(queue);
        }
    }

    /// The client whose popup a pane is in.
    pub(crate) fn popup_of(&self, pane: PaneId) -> Option<ClientId> {
        let shows = |c: &&super::Client| matches!(&c.overlay, Some(Overlay::Popup(p)) if p.pane == pane);
        self.clients.values().find(shows).map(|c| c.id)
    }

    /// A popup's program ended.
    pub(crate) fn popup_exited(&mut self, client: ClientId, status: ExitStatus) {
        let Some(Overlay::Popup(popup)) = self.clients.get_mut(&client).and_then(|c| c.overlay.as_mut())
        else {
            return;
        };
        popup.ended = true;
        let code = match status {
            ExitStatus::Code(code) => u8::try_from(code).unwrap_or(1),
            _ => 1,
        };
        let goes = match popup.closes {
            Closes::AtExit => true,
            Closes::AtSuccess => code == 0,
            Closes::ByKey | Closes::AtAnyKey => false,
        };
        let pane = popup.pane;
        // The asker's exit code is the program's.
        if let Some(Some(asker)) = popup.waits
            && let Some(c) = self.clients.get_mut(&asker).filter(|c| !c.attached)
        {
            c.exit_code = code;
        }
        if let Some(p) = self.panes.get_mut(&pane) {
            p.dead = Some(status);
            p.place = super::Place::Gone(status);
        }
        if goes {
            self.close_overlay(client);
        }
        self.redraw.insert(client);
    }

    /// A key for a menu or popup.
    pub(crate) fn box_key(&mut self, client: ClientId, key: Key) -> Handled {
        let Some(overlay) = self.clients.get_mut(&client).and_then(|c| c.overlay.as_mut()) else {
            return Handled::No;
        };
        let after = match overlay {
            Overlay::PaneNumbers { .. } => return Handled::No,
            Overlay::Picker(_) => return self.picker_key(client, key),
            Overlay::Menu(menu) => menu_key(menu, key),
            Overlay::Popup(popup) => {
                let escape = key.code == KeyCode::Escape
                    || (key.code == KeyCode::Char('c') && key.mods == Mods::CTRL)
                    || (key.code == KeyCode::Char('[') && key.mods == Mods::CTRL);
                let by_escape = popup.ended || popup.closes == Closes::ByKey;
                let pane = popup.pane;
                if (popup.ended && popup.closes == Closes::AtAnyKey) || (by_escape && escape) {
                    After::Closed
                } else if popup.no_keys {
                    return Handled::No;
                } else {
                    self.send_key(pane, key);
                    After::Stays
                }
            }
        };
        self.box_after(client, after);
        Handled::Yes
    }

    fn box_after(&mut self, client: ClientId, after: After) {
        match after {
            After::Stays => {
                self.chrome += 1;
                self.redraw.insert(client);
            }
            After::Closed => self.close_overlay(client),
            After::Chosen(at) => {
                let chosen = match self.clients.get(&client).and_then(|c| c.overlay.as_ref()) {
                    Some(Overlay::Menu(m)) => {
                        let waits = m.waits.unwrap_or(Some(client));
                        m.items.get(at).map(|i| (i.command.clone(), m.origin.clone(), waits, m.completes))
                    }
                    _ => None,
                };
                match chosen {
                    Some((Some(word), _, _, true)) => self.completion_chosen(client, &word.to_text()),
                    Some((Some(command), origin, waits, false)) => {
                        self.run_word(waits, &command, &origin);
                    }
                    _ => {}
                }
                self.close_overlay(client);
            }
        }
    }

    /// The mouse over a menu or popup.
    pub(crate) fn box_mouse(&mut self, client: ClientId, event: Mouse) -> Handled {
        let Some(c) = self.clients.get_mut(&client) else { return Handled::No };
        let terminal = c.size;
        let after = match &mut c.overlay {
            None | Some(Overlay::PaneNumbers { .. }) => return Handled::No,
            Some(Overlay::Picker(_)) => return self.picker_mouse(client, event),
            Some(Overlay::Menu(menu)) => menu_mouse(menu, event),
            Some(Overlay::Popup(popup)) => {
                let area = inside(popup.rect, &popup.looks);
                let pane = popup.pane;
                if let Some(from) = popup.held {
                    if event.kind == MouseKind::Up {
                        popup.held = None;
                    } else {
                        popup.held = Some((event.x, event.y));
                        drag(popup, from, event, terminal);
                    }
                    self.fit_popup(client);
                } else if area.contains(event.x, event.y) {
                    let inner = Mouse { x: event.x - area.x, y: event.y - area.y, ..event };
                    if let Some(p) = self.panes.get(&pane) {
                        let bytes = crate::vt::keys::encode_mouse(inner, p.screen.modes());
                        self.write_pane(pane, &bytes);
                    }
                } else if popup.rect.contains(event.x, event.y) && event.kind == MouseKind::Down {
                    popup.held = Some((event.x, event.y));
                }
                After::Stays
            }
        };
        self.box_after(client, after);
        Handled::Yes
    }

    /// The popup's pane has the size of its box; both stay on the terminal.
    pub(crate) fn fit_popup(&mut self, client: ClientId) {
        let Some(c) = self.clients.get_mut(&client) else { return };
        let terminal = c.size;
        let Some(Overlay::Popup(popup)) = &mut c.overlay else { return };
        popup.rect = onto(popup.rect, terminal);
        let size = inside(popup.rect, &popup.looks).size();
        let pane = popup.pane;
        if let Some(p) = self.panes.get_mut(&pane).filter(|p| p.size != size) {
            p.size = size;
            p.screen.resize(size);
            if p.dead.is_none() {
                self.effects.push_back(Effect::Resize { pane, size });
            }
        }
    }

    /// Where `-x` and `-y` put a box of this size on a client: numbers, letters or formats.
    pub(crate) fn box_place(
        &self,
        (client, origin): (ClientId, &Origin),
        (x, y): (Option<String>, Option<String>),
        (w, h): (u16, u16),
        found: Option<Found>,
    ) -> Rect {
        let size = self.clients.get(&client).map_or(Size::new(80, 24), |c| c.size);
        let numbers = self.box_numbers(client, origin, (w, h), found);
        let look = |text: Option<String>, letters: &[(&str, &str)]| -> i64 {
            let text = text.unwrap_or_else(|| "C".into());
            let name = letters.iter().find(|(l, _)| *l == text).map(|(_, name)| format!("#{{{name}}}"));
            let extra = numbers.iter().map(|(n, v)| ((*n).to_owned(), v.to_string())).collect();
            let about = super::context::About { client: Some(client), found, extra, ..Default::default() };
            self.expand(&name.unwrap_or(text), about).trim().parse().unwrap_or(0)
        };
        let x = look(
            x,
            &[
                ("C", "popup_centre_x"),
                ("R", "popup_pane_right"),
                ("P", "popup_pane_left"),
                ("M", "popup_mouse_centre_x"),
                ("W", "popup_window_status_line_x"),
            ],
        );
        // The row that is asked for is the one below the box.
        let y = look(
            y,
            &[
                ("C", "popup_centre_y"),
                ("P", "popup_pane_bottom"),
                ("M", "popup_mouse_top"),
                ("S", "popup_status_line_y"),
                ("W", "popup_window_status_line_y"),
            ],
        );
        let clamp = |n: i64, len: u16, all: u16| n.clamp(0, i64::from(all.saturating_sub(len))) as u16;
        Rect { x: clamp(x, w, size.cols), y: clamp(y - i64::from(h), h, size.rows), w, h }
    }

    /// The `popup_…` variables.
    fn box_numbers(
        &self,
        client: ClientId,
        origin: &Origin,
        (w, h): (u16, u16),
        found: Option<Found>,
    ) -> Vec<(&'static str, i64)> {
        let Some(c) = self.clients.get(&client) else { return Vec::new() };
        let (cols, rows) = (i64::from(c.size.cols), i64::from(c.size.rows));
        let (w, h) = (i64::from(w), i64::from(h));
        let lines = i64::from(c.session.map_or(0, |s| self.status_lines(s)));
        let at_top = c.session.is_some_and(|s| self.status_at_top(s));
        let top = if at_top { lines } else { 0 };
        let mut out = vec![
            ("popup_width", w),
            ("popup_height", h),
            ("popup_centre_x", ((cols - 1) / 2 - w / 2).max(0)),
            ("popup_centre_y", ((rows - 1) / 2 + h / 2 + 1).min(rows)),
            ("popup_status_line_y", if at_top { lines + h } else { rows - lines }),
        ];
        if let Some(mouse) = origin.mouse {
            let (x, y) = (i64::from(mouse.event.x), i64::from(mouse.event.y));
            out.extend([
                ("popup_mouse_x", x),
                ("popup_mouse_y", y),
                ("popup_mouse_centre_x", (x - w / 2).max(0)),
                ("popup_mouse_centre_y", (y + h / 2).min(rows)),
                ("popup_mouse_top", (y + h).min(rows)),
                ("popup_mouse_bottom", y),
            ]);
        }
        let rect = found.and_then(|f| self.windows.get(&f.window).and_then(|w| w.rect(f.pane)));
        if let Some(r) = rect {
            let (x, y) = (i64::from(r.x), i64::from(r.y) + top);
            out.extend([
                ("popup_pane_left", x),
                ("popup_pane_right", x + i64::from(r.w) - w),
                ("popup_pane_top", y + h),
                ("popup_pane_bottom", y + i64::from(r.h)),
            ]);
        }
        let index = found.map(|f| f.index);
        let range = (0..lines as u16).find_map(|line| {
            let ranges = self.status_ranges(client, line);
            let of = |r: &crate::format::style::Range| matches!(r, crate::format::style::Range::Window(i) if Some(*i) == index);
            ranges.into_iter().find(|(_, _, r)| of(r)).map(|(x, ..)| x)
        });
        out.extend([
            ("popup_window_status_line_x", range.map_or(0, i64::from)),
            ("popup_window_status_line_y", if at_top { lines + h } else { rows - lines }),
        ]);
        out
    }
}

/// A box moved and cut so that it is on the terminal.
pub(crate) fn onto(rect: Rect, terminal: Size) -> Rect {
    let (w, h) = (rect.w.clamp(3, terminal.cols.max(3)), rect.h.clamp(3, terminal.rows.max(3)));
    let x = rect.x.min(terminal.cols.saturating_sub(w));
    let y = rect.y.min(terminal.rows.saturating_sub(h));
    Rect { x, y, w, h }
}

/// The corner at the lower right changes the size, any other part of the border the place.
fn drag(popup: &mut Popup, from: (u16, u16), event: Mouse, terminal: Size) {
    let r = &mut popup.rect;
    if from.0 + 1 >= r.right() && from.1 + 1 >= r.bottom() {
        r.w = dragged(r.w, from.0, event.x).max(3);
        r.h = dragged(r.h, from.1, event.y).max(3);
    } else {
        r.x = dragged(r.x, from.0, event.x);
        r.y = dragged(r.y, from.1, event.y);
    }
    *r = onto(*r, terminal);
}

fn menu_key(menu: &mut Menu, key: Key) -> After {
    if let Some(at) = menu.items.iter().position(|i| i.choosable() && i.key == Some(key)) {
        return After::Chosen(at);
    }
    let ctrl = key.mods.contains(Mods::CTRL);
    match (key.code, ctrl) {
        (KeyCode::Enter, _) => return menu.chosen.map_or(After::Closed, After::Chosen),
        (KeyCode::Escape | KeyCode::Char('q'), false) | (KeyCode::Char('c' | 'g' | '['), true) => {
            return After::Closed;
        }
        (KeyCode::Up | KeyCode::Char('k'), false) | (KeyCode::Char('p'), true) => menu.step(-1),
        (KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab, false) | (KeyCode::Char('n'), true) => {
            menu.step(1)
        }
        (KeyCode::Home | KeyCode::Char('g') | KeyCode::PageUp, false) => menu.end(false),
        (KeyCode::End | KeyCode::Char('G') | KeyCode::PageDown, false) => menu.end(true),
        _ => {}
    }
    After::Stays
}

fn menu_mouse(menu: &mut Menu, event: Mouse) -> After {
    let over = menu.at(event.x, event.y).filter(|i| menu.items[*i].choosable());
    match event.kind {
        MouseKind::Wheel => menu.step(if event.button == 64 { -1 } else { 1 }),
        MouseKind::Up => match over {
            Some(at) => return After::Chosen(at),
            None if menu.stays || menu.rect.contains(event.x, event.y) => {}
            None => return After::Closed,
        },
        MouseKind::Down if over.is_none() && !menu.rect.contains(event.x, event.y) => return After::Closed,
        MouseKind::Down | MouseKind::Drag | MouseKind::Move => menu.chosen = over.or(menu.chosen),
    }
    After::Stays
}
