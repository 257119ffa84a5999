//! Options as they are in force, and environments: which set wins.

use super::options::{self, Kind, Level, Options, Value};
use super::{Config, Mux};
use crate::ids::{ClientId, PaneId, SessionId, WindowId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Where an option is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The server.
    Server,
    /// What sessions start from.
    GlobalSession,
    /// A session.
    Session(SessionId),
    /// What windows start from.
    GlobalWindow,
    /// A window.
    Window(WindowId),
    /// A pane.
    Pane(PaneId),
}

impl Mux {
    /// The set itself.
    pub(crate) fn options_at(&self, scope: Scope) -> Option<&Options> {
        match scope {
            Scope::Server => Some(&self.server_options),
            Scope::GlobalSession => Some(&self.session_options),
            Scope::GlobalWindow => Some(&self.window_options),
            Scope::Session(s) => self.sessions.get(&s).map(|s| &s.options),
            Scope::Window(w) => self.windows.get(&w).map(|w| &w.options),
            Scope::Pane(p) => self.panes.get(&p).map(|p| &p.options),
        }
    }

    pub(crate) fn options_at_mut(&mut self, scope: Scope) -> Option<&mut Options> {
        match scope {
            Scope::Server => Some(&mut self.server_options),
            Scope::GlobalSession => Some(&mut self.session_options),
            Scope::GlobalWindow => Some(&mut self.window_options),
            Scope::Session(s) => self.sessions.get_mut(&s).map(|s| &mut s.options),
            Scope::Window(w) => self.windows.get_mut(&w).map(|w| &mut w.options),
            Scope::Pane(p) => self.panes.get_mut(&p).map(|p| &mut p.options),
        }
    }

    /// The set that a set inherits from.
    pub(crate) fn parent(&self, scope: Scope) -> Option<Scope> {
        match scope {
            Scope::Server | Scope::GlobalSession | Scope::GlobalWindow => None,
            Scope::Session(_) => Some(Scope::GlobalSession),
            Scope::Window(_) => Some(Scope::GlobalWindow),
            Scope::Pane(p) => {
                Some(self.panes.get(&p).map_or(Scope::GlobalWindow, |p| Scope::Window(p.window)))
            }
        }
    }

    /// The value of an option where it is in force: set here, in a set above, or its default. A scope of
    /// another kind is led to the right one (a pane's session option is the session's). User options too.
    pub fn option(&self, scope: Scope, name: &str) -> Option<Value> {
        self.option_value(scope, name).cloned()
    }

    /// As [`option`](Self::option), lent.
    pub fn option_value(&self, scope: Scope, name: &str) -> Option<&Value> {
        let known = options::known(name);
        let mut at = known.map_or(scope, |(def, _)| self.scope_of_level(scope, def.level));
        loop {
            if let Some(v) = self.options_at(at).and_then(|o| o.get(name)) {
                return Some(v);
            }
            match self.parent(at) {
                Some(up) => at = up,
                None => break,
            }
        }
        self.theme.get(name).or_else(|| known.map(|(_, default)| default))
    }

    /// Whether the server was started as `tmux`.
    pub fn as_tmux(&self) -> bool {
        self.config.as_tmux
    }

    /// Puts a theme's option values in place of the defaults; what users set stands above them. Values
    /// that the option does not take are left out.
    pub fn set_theme(&mut self, values: &[(String, String)]) {
        let theme = theme_values(values);
        if !self.theme_under_choice(&theme) {
            self.theme = theme;
            self.theme_shown();
        }
    }

    /// What another theme changes at once.
    pub(crate) fn theme_shown(&mut self) {
        self.sizes_dirty = true;
        self.copy_mode_settings();
        self.redraw_all();
    }

    /// The scope of the kind an option lives in, reached from another.
    pub(crate) fn scope_for(&self, scope: Scope, name: &str) -> Scope {
        options::definition(name).map_or(scope, |def| self.scope_of_level(scope, def.level))
    }

    fn scope_of_level(&self, scope: Scope, level: Level) -> Scope {
        let session_of_window = |w: WindowId| {
            self.sessions.values().find(|s| s.links.values().any(|l| l.window == w)).map(|s| s.id)
        };
        match (level, scope) {
            (Level::Server, _) => Scope::Server,
            (Level::Session, Scope::Session(_) | Scope::GlobalSession) => scope,
            (Level::Session, Scope::Window(w)) => {
                session_of_window(w).map_or(Scope::GlobalSession, Scope::Session)
            }
            (Level::Session, Scope::Pane(p)) => self
                .panes
                .get(&p)
                .and_then(|p| session_of_window(p.window))
                .map_or(Scope::GlobalSession, Scope::Session),
            (Level::Session, Scope::Server | Scope::GlobalWindow) => Scope::GlobalSession,
            (Level::Window | Level::Pane, Scope::Window(_) | Scope::GlobalWindow) => scope,
            (Level::Pane, Scope::Pane(_)) => scope,
            (Level::Window, Scope::Pane(p)) => {
                self.panes.get(&p).map_or(Scope::GlobalWindow, |p| Scope::Window(p.window))
            }
            (Level::Window | Level::Pane, Scope::Session(s)) => self
                .sessions
                .get(&s)
                .and_then(|s| s.current_window())
                .map_or(Scope::GlobalWindow, Scope::Window),
            (Level::Window | Level::Pane, Scope::Server | Scope::GlobalSession) => Scope::GlobalWindow,
        }
    }

    /// An option as text; empty when there is none of this name.
    pub fn option_text(&self, scope: Scope, name: &str) -> String {
        self.option_value(scope, name).map(Value::to_text).unwrap_or_default()
    }

    /// An option as a number; 0 when it is none.
    pub fn option_number(&self, scope: Scope, name: &str) -> i64 {
        match self.option_value(scope, name) {
            Some(Value::Number(n)) => *n,
            Some(v) => v.to_text().parse().unwrap_or(0),
            None => 0,
        }
    }

    /// Whether an option is on.
    pub fn option_on(&self, scope: Scope, name: &str) -> bool {
        self.option_value(scope, name).is_some_and(Value::is_on)
    }

    /// One element of an array option.
    pub fn option_element(&self, scope: Scope, name: &str, index: u32) -> Option<String> {
        match self.option_value(scope, name)? {
            Value::Array(items) => items.get(&index).cloned(),
            Value::Text(_) | Value::Number(_) | Value::Flag(_) => None,
        }
    }

    /// Whether nobody has set this option where it is in force: themes may then decide.
    pub fn option_is_default(&self, scope: Scope, name: &str) -> bool {
        let mut at = self.scope_for(scope, name);
        loop {
            if self.options_at(at).is_some_and(|o| o.get(name).is_some()) {
                return false;
            }
            match self.parent(at) {
                Some(up) => at = up,
                None => return true,
            }
        }
    }

    /// A number of milliseconds.
    pub(crate) fn option_ms(&self, scope: Scope, name: &str) -> Duration {
        Duration::from_millis(self.option_number(scope, name).max(0) as u64)
    }

    /// Defaults that depend on the user.
    pub(crate) fn set_defaults(&mut self) {
        self.session_options.put("default-shell", Value::Text(self.config.shell.clone()));
        if self.config.as_tmux {
            self.session_options.put("hint-line", Value::Flag(false));
        }
        let editor = self.env_global("VISUAL").or_else(|| self.env_global("EDITOR"));
        if let Some(editor) = editor.filter(|e| !e.is_empty()) {
            if editor.contains("vi") {
                self.session_options.put("status-keys", Value::Text("vi".into()));
                self.window_options.put("mode-keys", Value::Text("vi".into()));
            }
            self.server_options.put("editor", Value::Text(editor));
        }
        self.keys = super::defaults::key_tables(self);
    }

    /// Lines of the status bar of a session: 0 to 5.
    pub fn status_lines(&self, session: SessionId) -> u16 {
        match self.option_text(Scope::Session(session), "status").as_str() {
            "off" => 0,
            "on" => 1,
            n => n.parse().unwrap_or(1),
        }
    }

    /// The row of a client's terminal that messages, prompts and hints are shown on.
    pub fn message_row(&self, client: ClientId, session: SessionId) -> u16 {
        let rows = self.client(client).map_or(24, |c| c.size.rows);
        let lines = self.status_lines(session).min(rows.saturating_sub(1));
        let line: u16 = self.option_text(Scope::Session(session), "message-line").parse().unwrap_or(0);
        match (lines, self.status_at_top(session)) {
            (0, true) => 0,
            (0, false) => rows.saturating_sub(1),
            (_, true) => line.min(lines - 1),
            (_, false) => rows - lines + line.min(lines - 1),
        }
    }

    /// Whether the status bar is above the panes.
    pub fn status_at_top(&self, session: SessionId) -> bool {
        self.option_text(Scope::Session(session), "status-position") == "top"
    }

    // ---- environments ----

    pub(crate) fn env_global(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned().flatten()
    }

    /// The environment of a new process in a session.
    pub(crate) fn pane_environment(
        &self,
        session: Option<SessionId>,
        extra: &[(String, String)],
    ) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = BTreeMap::new();
        let mut lay = |set: &BTreeMap<String, Option<String>>| {
            for (name, value) in set {
                match value {
                    Some(v) if !self.hidden_environment.contains(name) => {
                        env.insert(name.clone(), v.clone());
                    }
                    Some(_) => {}
                    None => {
                        env.remove(name);
                    }
                }
            }
        };
        lay(&self.environment);
        if let Some(s) = session.and_then(|s| self.sessions.get(&s)) {
            lay(&s.environment);
        }
        let Config { socket_path, pid, version, term_program, .. } = &self.config;
        env.insert("TERM".into(), self.option_text(Scope::Server, "default-terminal"));
        env.insert("TERM_PROGRAM".into(), term_program.clone());
        env.insert("TERM_PROGRAM_VERSION".into(), version.clone());
        env.insert("COLORTERM".into(), "truecolor".into());
        let number = session.map_or(-1, |s| i64::from(s.0));
        let server = format!("{socket_path},{pid},{number}");
        // The same under our own name: a qmux inside a real tmux must not take that one's socket for ours.
        env.insert("QMUX".into(), server.clone());
        env.insert("TMUX".into(), server);
        for gone in ["TMUX_PANE", "LINES", "COLUMNS", "TERMCAP"] {
            env.remove(gone);
        }
        env.extend(extra.iter().cloned());
        env
    }

    /// Takes the variables of `update-environment` from a client into a session.
    pub(crate) fn update_environment(&mut self, session: SessionId, env: &[(String, String)]) {
        let Some(Value::Array(patterns)) = self.option(Scope::Session(session), "update-environment") else {
            return;
        };
        let Some(s) = self.sessions.get_mut(&session) else { return };
        for pattern in patterns.values() {
            let mut found = false;
            for (name, value) in env {
                if crate::format::glob::matches(pattern, name) {
                    s.environment.insert(name.clone(), Some(value.clone()));
                    found = true;
                }
            }
            if !found {
                s.environment.insert(pattern.clone(), None);
            }
        }
    }

    /// The option that names the theme in force: `theme-light` or `theme-dark` when it is set and the terminal of
    /// the client that was active last is known to be so, else `theme`.
    pub(crate) fn theme_option(&self) -> &'static str {
        let seen = self.clients.values().filter(|c| c.is_terminal());
        let last = seen.filter(|c| c.answers.is_light().is_some()).max_by_key(|c| c.activity_order);
        let own = match last.and_then(|c| c.answers.is_light()) {
            Some(true) => "theme-light",
            Some(false) => "theme-dark",
            None => return "theme",
        };
        if self.option_text(Scope::GlobalSession, own).is_empty() { "theme" } else { own }
    }

    /// The name of the theme that is wanted now; empty is the default one.
    pub fn wanted_theme(&self) -> String {
        self.option_text(Scope::GlobalSession, self.theme_option())
    }

    /// Whether another theme may be wanted than when this was asked last (and at first).
    pub fn take_theme_changed(&mut self) -> bool {
        std::mem::take(&mut self.theme_changed)
    }

    /// Looks through the options of all scopes for what would otherwise be looked up after every event.
    pub(crate) fn derive_from_options(&mut self) {
        let all = || {
            [&self.server_options, &self.session_options, &self.window_options]
                .into_iter()
                .chain(self.sessions.values().map(|s| &s.options))
                .chain(self.windows.values().map(|w| &w.options))
                .chain(self.panes.values().map(|p| &p.options))
        };
        let hooked = all().flat_map(|o| o.iter()).map(|(name, _)| name).filter(|name| is_hook(name));
        let hooked = hooked.map(str::to_owned).collect();
        let locks = all().any(|o| matches!(o.get("lock-after-time"), Some(Value::Number(1..))));
        (self.hooked, self.locks) = (hooked, locks);
    }

    /// What a change of an option changes at once.
    pub(crate) fn screen_rules(&mut self, pane: PaneId) {
        let on = |name| self.option_on(Scope::Pane(pane), name);
        let (alternate, titles) = (on("alternate-screen"), on("allow-set-title"));
        let scroll = on("scroll-on-clear");
        if let Some(p) = self.panes.get_mut(&pane) {
            p.screen.set_allowed(alternate, titles);
            p.screen.set_scroll_on_clear(scroll);
        }
    }

    pub(crate) fn option_changed(&mut self, name: &str) {
        match name {
            "theme" | "theme-dark" | "theme-light" => self.theme_changed = true,
            "status" | "status-position" | "window-size" | "aggressive-resize" | "pane-border-status" => {
                self.sizes_dirty = true;
            }
            "history-limit" => {}
            "alternate-screen" | "allow-set-title" | "scroll-on-clear" => {
                self.panes.keys().copied().collect::<Vec<_>>().into_iter().for_each(|p| self.screen_rules(p));
            }
            "status-interval" => self.status_due = None,
            "lock-after-time" => self.derive_from_options(),
            _ if is_hook(name) => self.derive_from_options(),
            "buffer-limit" => self.trim_buffers(),
            "key-table" => {
                self.clients.values_mut().for_each(|c| c.key_table = None);
            }
            "automatic-rename" | "automatic-rename-format" => {
                let windows: Vec<WindowId> = self.windows.keys().copied().collect();
                for w in windows {
                    self.auto_rename(w);
                }
            }
            _ => {}
        }
        if name == "mode-keys" || options::definition(name).is_some_and(|d| d.kind == Kind::Style) {
            self.copy_mode_settings();
        }
        self.redraw_all();
    }
}

/// A theme's values, those left out that their option does not take.
pub(crate) fn theme_values(values: &[(String, String)]) -> BTreeMap<String, Value> {
    let read = |(name, text): &(String, String)| {
        let value = match options::definition(name) {
            Some(def) if !def.is_array() => options::parse_value(def, text, None).ok()?,
            Some(_) => return None,
            None => Value::Text(text.clone()),
        };
        Some((name.clone(), value))
    };
    values.iter().filter_map(read).collect()
}

/// Whether commands may hang on an option: `set-hook -R` runs those of a user's own, too.
fn is_hook(name: &str) -> bool {
    name.starts_with('@') || options::definition(name).is_some_and(|d| d.kind == Kind::Hook)
}
