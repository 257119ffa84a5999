//! Names of sessions and windows: what is kept of one that is given, and names after what runs.

use super::Mux;
use super::model::Window;
use super::queue::Trouble;
use super::settings::Scope;
use crate::ids::{SessionId, WindowId};
use std::time::Duration;

/// Longest name of a session or window, in characters.
pub const MAX_NAME: usize = 1024;

/// An automatic name changes at most this often, as in tmux: short programs do not make the status line flicker.
const RENAME_PAUSE: Duration = Duration::from_millis(500);

/// A name without controls, of a bearable length.
pub(crate) fn safe_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// A name that somebody gave, as kept: backslashes are doubled, as tmux does.
pub(crate) fn clean_name(name: &str) -> String {
    safe_name(name).replace('\\', "\\\\")
}

/// A name given to a command, as kept: any text without control characters that is UTF-8 throughout. `what` it names
/// is for the error. Bytes that are none came as U+FFFD.
pub(crate) fn given_name(what: &str, name: &str) -> Result<String, Trouble> {
    if name.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
        return Err(format!("invalid {what} name: {name}").into());
    }
    Ok(clean_name(name))
}

impl Mux {
    /// A window's first name: that of its program.
    pub(crate) fn name_from_command(&self, session: Option<SessionId>, argv: &[String]) -> String {
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        let command = match argv.first() {
            Some(first) => first.clone(),
            None => {
                let default = self.option_text(scope, "default-command");
                if default.is_empty() { self.option_text(scope, "default-shell") } else { default }
            }
        };
        let mut words = command.split_whitespace().peekable();
        while words.peek().is_some_and(|w| *w == "exec" || (w.contains('=') && !w.starts_with('='))) {
            words.next();
        }
        let word = words.next().unwrap_or("");
        let word = word.trim_matches(['"', '\'']).trim_start_matches('-');
        word.rsplit('/').next().unwrap_or(word).to_owned()
    }

    /// Names a window after what runs in it, when `automatic-rename` is on.
    pub(crate) fn auto_rename(&mut self, window: WindowId) {
        if !self.option_on(Scope::Window(window), "automatic-rename") {
            return;
        }
        let now = self.now;
        let Some(w) = self.windows.get_mut(&window) else { return };
        let active = w.active;
        // Nothing is known of a pane before its first facts; its name stays that of its command.
        if self.panes.get(&active).is_none_or(|p| p.info.command.is_empty() && p.dead.is_none()) {
            return;
        }
        if let Some(free) = w.named_at.map(|at| at + RENAME_PAUSE).filter(|free| now < *free) {
            w.rename_due = Some(free);
            return;
        }
        (w.named_at, w.rename_due) = (Some(now), None);
        let format = self.option_text(Scope::Window(window), "automatic-rename-format");
        let name = clean_name(&self.expand_for_pane(&format, active));
        self.name_window(window, name);
    }

    /// Looks at the automatic names again that had to wait.
    pub(crate) fn rename_due(&mut self) {
        let now = self.now;
        let due = |w: &&Window| w.rename_due.is_some_and(|at| at <= now);
        let ids: Vec<WindowId> = self.windows.values().filter(due).map(|w| w.id).collect();
        for id in ids {
            if let Some(w) = self.windows.get_mut(&id) {
                w.rename_due = None;
            }
            self.auto_rename(id);
        }
    }

    /// Gives a window a name.
    pub(crate) fn name_window(&mut self, window: WindowId, name: String) {
        if let Some(w) = self.windows.get_mut(&window)
            && w.name != name
        {
            w.name = name;
            self.persist = true;
            self.redraw_window(window);
            let found = self.found_window(window, None);
            self.happened("window-renamed", None, found);
        }
    }
}
