//! What size windows have: their clients', or that of an option.

use super::Mux;
use super::model::BorderStatus;
use super::settings::Scope;
use crate::ids::{SessionId, Size, WindowId};

impl Mux {
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
