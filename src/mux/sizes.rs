//! What size windows have: their clients', or that of an option.

use super::Mux;
use super::model::BorderStatus;
use super::settings::Scope;
use crate::ids::{ClientId, SessionId, Size, WindowId};

impl Mux {
    /// The window's cell at the top left of `room` columns and rows of a client: where the window is larger, the
    /// place chosen with `refresh-client -L` and its like, else so much that the active pane's cursor is seen.
    pub fn view_offset(&self, client: ClientId, room: Size) -> (u16, u16) {
        let Some(window) = self.client_window(client) else { return (0, 0) };
        if window.size.cols <= room.cols && window.size.rows <= room.rows {
            return (0, 0);
        }
        let most = (window.size.cols.saturating_sub(room.cols), window.size.rows.saturating_sub(room.rows));
        let chosen = self.clients.get(&client).and_then(|c| c.panned).filter(|(id, _)| *id == window.id);
        if let Some((_, at)) = chosen {
            return (at.0.min(most.0), at.1.min(most.1));
        }
        let rect = window.rect(window.active).unwrap_or_default();
        let cursor = self.pane(window.active).map_or((0, 0), |pane| {
            let cursor = pane.screen.cursor();
            (rect.x.saturating_add(cursor.x), rect.y.saturating_add(cursor.y))
        });
        // In the middle, so that it does not jump with every character.
        let along = |cursor: u16, room: u16, most: u16| cursor.saturating_sub(room / 2).min(most);
        (along(cursor.0, room.cols, most.0), along(cursor.1, room.rows, most.1))
    }

    /// The size a session's windows have on a client: its terminal without the status lines.
    pub(crate) fn client_area(&self, client: &super::Client) -> Option<Size> {
        let session = client.session?;
        if let Some(control) = &client.control {
            return control.sized.then_some(client.size);
        }
        let rows = client.size.rows.saturating_sub(self.status_lines(session));
        Some(Size::new(client.size.cols, rows))
    }

    /// Gives every window the size of its clients.
    pub(crate) fn fit_windows(&mut self) {
        let ids: Vec<WindowId> = self.windows.keys().copied().collect();
        for id in ids {
            let border = match self.option_text(Scope::Window(id), "pane-border-status").as_str() {
                "top" => BorderStatus::Top,
                "bottom" => BorderStatus::Bottom,
                _ => BorderStatus::Off,
            };
            let size = self.wanted_size(id);
            let Some(w) = self.windows.get_mut(&id) else { continue };
            let border_changed = std::mem::replace(&mut w.border_status, border) != border;
            if let Some(size) = size
                && (size != w.size || w.layout.size() != size)
            {
                w.size = size;
                w.layout.resize(size);
                self.apply_layout(id);
                let found = self.found_window(id, None);
                self.happened("window-resized", None, found);
            } else if border_changed {
                self.apply_layout(id);
            }
        }
    }

    fn wanted_size(&self, id: WindowId) -> Option<Size> {
        let w = self.windows.get(&id)?;
        let mode = self.option_text(Scope::Window(id), "window-size");
        if mode == "manual" || w.manual_size.is_some() {
            return w.manual_size;
        }
        let aggressive = self.option_on(Scope::Window(id), "aggressive-resize");
        let sees = |c: &&super::Client| {
            c.attached
                && !c.leaving
                && (!c.ignore_size || self.clients.values().all(|c| c.ignore_size || !c.attached))
                && c.session.and_then(|s| self.sessions.get(&s)).is_some_and(|s| {
                    if aggressive || mode == "latest" {
                        s.current_window() == Some(id)
                    } else {
                        s.links.values().any(|l| l.window == id)
                    }
                })
        };
        let areas = || self.clients.values().filter(sees).filter_map(|c| self.client_area(c));
        match mode.as_str() {
            "largest" => areas().reduce(|a, b| Size::new(a.cols.max(b.cols), a.rows.max(b.rows))),
            "smallest" => areas().reduce(|a, b| Size::new(a.cols.min(b.cols), a.rows.min(b.rows))),
            _ => self
                .clients
                .values()
                .filter(sees)
                .max_by_key(|c| c.activity_order)
                .and_then(|c| self.client_area(c)),
        }
    }

    /// `default-size`.
    pub(crate) fn size_of_option(&self, scope: Scope) -> Size {
        let text = self.option_text(scope, "default-size");
        let size = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        size.map_or(Size::new(80, 24), |(w, h)| Size::new(w, h))
    }

    /// The size of a session's windows when no client tells another.
    pub(crate) fn default_size(&self, session: SessionId) -> Size {
        self.size_of_option(Scope::Session(session))
    }

    /// The size for a new window of a session: its clients', else `default-size`.
    pub(crate) fn new_window_size(&self, session: SessionId) -> Size {
        let of_client = self
            .clients
            .values()
            .filter(|c| c.attached && c.session == Some(session))
            .max_by_key(|c| c.activity_order)
            .and_then(|c| self.client_area(c));
        of_client.unwrap_or_else(|| self.default_size(session))
    }
}
