//! Alerts: what windows draw attention with, the marks of it on their places in sessions, and who is told.

use super::Mux;
use super::event::Effect;
use super::model::Pane;
use super::settings::Scope;
use crate::ids::{ClientId, SessionId, WindowId};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What a window draws attention with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alert {
    Bell,
    Activity,
    Silence,
}

impl Mux {
    pub(crate) fn note_activity(&mut self, window: WindowId, alert: Alert) {
        let option = match alert {
            Alert::Bell => "monitor-bell",
            Alert::Activity => "monitor-activity",
            Alert::Silence => "monitor-silence",
        };
        if !self.option_on(Scope::Window(window), option) {
            return;
        }
        let watched: BTreeSet<_> =
            self.clients.values().filter(|c| c.attached).filter_map(|c| c.session).collect();
        let mut ring: Vec<(SessionId, u32, bool)> = Vec::new();
        for s in self.sessions.values_mut() {
            let current = s.current;
            let seen = watched.contains(&s.id);
            for (i, link) in s.links.iter_mut().filter(|(_, l)| l.window == window) {
                let is_current = *i == current;
                let mark = match alert {
                    Alert::Bell => &mut link.bell,
                    Alert::Activity => &mut link.activity,
                    Alert::Silence => &mut link.silence,
                };
                let new = !*mark;
                // Nobody sees the current window of a session without clients.
                *mark |= !is_current || !seen;
                if alert == Alert::Bell || new {
                    ring.push((s.id, *i, is_current));
                }
            }
        }
        let hook = match alert {
            Alert::Bell => "alert-bell",
            Alert::Activity => "alert-activity",
            Alert::Silence => "alert-silence",
        };
        for (session, index, is_current) in ring {
            if self.alert_clients(session, index, is_current, alert) {
                let found = self.found_index(session, index);
                self.happened(hook, None, found);
            }
        }
    }

    /// Tells the clients of a session. False: its options want to hear nothing of it.
    fn alert_clients(&mut self, session: SessionId, index: u32, is_current: bool, alert: Alert) -> bool {
        let (action, visual, word) = match alert {
            Alert::Bell => ("bell-action", "visual-bell", "Bell"),
            Alert::Activity => ("activity-action", "visual-activity", "Activity"),
            Alert::Silence => ("silence-action", "visual-silence", "Silence"),
        };
        let wanted = match self.option_text(Scope::Session(session), action).as_str() {
            "any" => true,
            "current" => is_current,
            "other" => !is_current,
            _ => false,
        };
        self.redraw_session(session);
        if !wanted {
            return false;
        }
        let visual = self.option_text(Scope::Session(session), visual);
        let clients: Vec<ClientId> = self
            .clients
            .values()
            .filter(|c| c.attached && c.session == Some(session))
            .map(|c| c.id)
            .collect();
        for client in clients {
            if visual != "on" && self.clients.get(&client).is_some_and(|c| c.control.is_none()) {
                self.effects.push_back(Effect::Terminal { client, bytes: b"\x07".to_vec() });
            }
            if visual != "off" {
                let text = if is_current {
                    format!("{word} in current window")
                } else {
                    format!("{word} in window {index}")
                };
                self.show_message(client, text, None, false);
            }
        }
        true
    }

    /// When a pane's silence becomes an alert.
    pub(crate) fn silence_deadline(&self, pane: &Pane) -> Option<Instant> {
        let seconds = self.option_number(Scope::Window(pane.window), "monitor-silence");
        (seconds > 0).then(|| pane.silent_since.map(|at| at + Duration::from_secs(seconds as u64)))?
    }

    /// Whether any window may have an alert for silence: asked for every event, so that the panes need not be.
    pub(crate) fn watches_silence(&self) -> bool {
        let set = |options: &super::options::Options| options.get("monitor-silence").is_some();
        set(&self.window_options) || self.windows.values().any(|w| set(&w.options))
    }
}
