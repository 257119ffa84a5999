//! Keys of attached clients: prompts, overlays, key tables, and at last the pane.

use super::keytable::Trigger;
use super::list::ListKind;
use super::model::Overlay;
use super::mouse::MouseTarget;
use super::options::Value;
use super::prompt::{Answer, Prompt, PromptAction, PromptFlags, PromptKind};
use super::queue::{Origin, QueueId};
use super::settings::Scope;
use super::{Mode, Mux, Place};
use crate::command::{Command, Word};
use crate::ids::{ClientId, PaneId};
use crate::vt::keys::{self, Input, Key, KeyCode, KeyEvent, Mods};
use std::sync::Arc;

/// Most bytes of one paste taken at once.
const MAX_PASTE: usize = 16 * 1024 * 1024;

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It went to a pane's program, and nothing else happened.
    On,
    /// Something else, perhaps besides.
    Not,
}

/// Whether something was done with an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handled {
    Yes,
    No,
}

impl Mux {
    pub(crate) fn client_input(&mut self, id: ClientId, bytes: &[u8]) {
        let Some(c) = self.clients.get_mut(&id).filter(|c| c.is_terminal()) else { return };
        let mut inputs = Vec::new();
        c.decoder.feed(bytes, &mut inputs);
        let pending = c.decoder.pending();
        let wait = self.option_ms(Scope::Server, "escape-time");
        let deadline = pending.then(|| self.now + wait);
        if let Some(c) = self.clients.get_mut(&id) {
            c.escape_deadline = deadline;
        }
        self.client_inputs(id, inputs);
    }

    pub(crate) fn client_inputs(&mut self, id: ClientId, inputs: Vec<Input>) {
        let (now, order) = (self.wall_ms(), self.next_order());
        let Some(c) = self.clients.get_mut(&id) else { return };
        let typed = inputs.iter().any(|i| !matches!(i, Input::Reply(_)));
        if typed {
            c.activity = now;
            let newest = c.activity_order + 1 == order;
            c.activity_order = order;
            if let Some(s) = c.session.and_then(|s| self.sessions.get_mut(&s)) {
                s.activity = now;
                s.activity_order = order;
            }
            // With several clients the one that types decides the size.
            if !newest {
                let found = self.clients.get(&id).and_then(|c| c.session).and_then(|s| self.found_session(s));
                self.happened("client-active", Some(id), found);
                self.sizes_dirty = true;
                self.theme_changed = true;
                self.chrome += 1;
            }
        }
        for input in inputs {
            // What goes to a program as it is changes nothing that formats show: its echo must not wait for
            // a new status line.
            let key = matches!(input, Input::Key(_) | Input::Repeat(_) | Input::Release(_));
            if !key && !matches!(input, Input::Raw(_) | Input::Reply(_)) {
                self.chrome += 1;
            }
            match input {
                // A modifier alone is no key of ours: it must not end the prefix, say.
                Input::Key(key) if key.is_modifier() => self.program_key(id, key, KeyEvent::Press),
                Input::Key(key) => self.counted_key(id, key, KeyEvent::Press),
                Input::Repeat(key) if key.is_modifier() => self.program_key(id, key, KeyEvent::Repeat),
                Input::Repeat(key) => self.counted_key(id, key, KeyEvent::Repeat),
                Input::Release(key) => self.program_key(id, key, KeyEvent::Release),
                Input::Mouse(mouse) => {
                    let menu = |c: &super::Client| matches!(c.overlay, Some(Overlay::Menu(_)));
                    if self.clients.get(&id).is_some_and(|c| c.prompt.is_none() || menu(c))
                        && self.box_mouse(id, mouse) == Handled::No
                    {
                        self.mouse_input(id, mouse);
                    }
                }
                Input::Paste(bytes) => self.paste(id, &bytes),
                Input::Focus(on) => self.focus(id, on),
                Input::Reply(reply) => self.terminal_answered(id, &reply),
                Input::Raw(bytes) => {
                    if let Some(pane) = self.pane_of(id).filter(|p| self.takes_keys(id, *p)) {
                        self.write_pane(pane, &bytes);
                    }
                }
            }
            // A key may have run commands that take the client away.
            self.run_queues();
            if self.clients.get(&id).is_none_or(|c| c.leaving) {
                return;
            }
        }
    }

    /// A key, after which formats may show something new unless it went to a program as it was.
    fn counted_key(&mut self, id: ClientId, key: Key, event: KeyEvent) {
        if self.key(id, key, event) != Passed::On {
            self.chrome += 1;
        }
    }

    /// A key that is bound to nothing and that only a program can have asked for.
    fn program_key(&mut self, id: ClientId, key: Key, event: KeyEvent) {
        if let Some(pane) = self.pane_of(id).filter(|p| self.takes_keys(id, *p)) {
            for pane in self.typing_targets(pane) {
                self.send_key_event(pane, key, event);
            }
        }
    }

    /// The pane that has a client's keyboard.
    pub(crate) fn pane_of(&self, id: ClientId) -> Option<PaneId> {
        self.client_window(id).map(|w| w.active)
    }

    fn takes_keys(&self, id: ClientId, pane: PaneId) -> bool {
        self.clients.get(&id).is_some_and(|c| !c.read_only && c.prompt.is_none())
            && self.panes.get(&pane).is_some_and(|p| p.mode.is_none())
    }

    fn focus(&mut self, id: ClientId, on: bool) {
        let trigger = if on { Trigger::FocusIn } else { Trigger::FocusOut };
        if let Some(c) = self.clients.get_mut(&id) {
            c.focused = on;
        }
        let found = self.clients.get(&id).and_then(|c| c.session).and_then(|s| self.found_session(s));
        self.happened(if on { "client-focus-in" } else { "client-focus-out" }, Some(id), found);
        if let Some(pane) = self.pane_of(id) {
            let wants =
                self.panes.get(&pane).is_some_and(|p| p.screen.modes().focus_events && p.mode.is_none());
            if wants && self.option_on(Scope::Server, "focus-events") {
                let modes = self.panes.get(&pane).map(|p| keys::encode_focus(on, p.screen.modes()));
                self.write_pane(pane, &modes.unwrap_or_default());
            }
        }
        self.run_table_binding(id, "root", trigger, None);
    }

    fn paste(&mut self, id: ClientId, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(MAX_PASTE)];
        if self.clients.get(&id).is_some_and(|c| c.prompt.is_some()) {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let answer = match self.clients.get_mut(&id).and_then(|c| c.prompt.as_mut()) {
                Some(p) => p.paste(&text),
                None => return,
            };
            self.prompt_answer(id, answer, None);
            return;
        }
        if self.picker(id).is_some() {
            return self.picker_paste(id, &String::from_utf8_lossy(bytes));
        }
        if let Some(Overlay::Popup(popup)) = self.clients.get(&id).and_then(|c| c.overlay.as_ref()) {
            let pane = popup.pane;
            return self.paste_into(pane, bytes);
        }
        let Some(pane) = self.pane_of(id) else { return };
        if self.takes_keys(id, pane) {
            for pane in self.typing_targets(pane) {
                self.paste_into(pane, bytes);
            }
        }
    }

    /// Bytes as a paste, in brackets when the program asked for them.
    pub(crate) fn paste_into(&mut self, pane: PaneId, bytes: &[u8]) {
        if let Some(p) = self.panes.get(&pane) {
            let coded = keys::encode_paste(bytes, p.screen.modes());
            self.write_pane(pane, &coded);
        }
    }

    /// The pane, or all of its window's when they are synchronised.
    pub(crate) fn typing_targets(&self, pane: PaneId) -> Vec<PaneId> {
        if !self.option_on(Scope::Pane(pane), "synchronize-panes") {
            return vec![pane];
        }
        let w = self.panes.get(&pane).and_then(|p| self.windows.get(&p.window));
        let all = w.map(|w| w.panes.clone()).unwrap_or_default();
        all.into_iter()
            .filter(|p| *p == pane || self.option_on(Scope::Pane(*p), "synchronize-panes"))
            .collect()
    }

    /// The key table of the mode a pane is in.
    pub(crate) fn mode_table(&self, pane: PaneId) -> String {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return "copy-mode".into() };
        match self.option_text(Scope::Window(window), "mode-keys").as_str() {
            "vi" => "copy-mode-vi".into(),
            _ => "copy-mode".into(),
        }
    }

    /// The table a client's next key is looked up in first.
    fn first_table(&self, id: ClientId) -> String {
        let Some(c) = self.clients.get(&id) else { return "root".into() };
        if let Some(t) = &c.key_table {
            return t.clone();
        }
        let pane = self.pane_of(id).and_then(|p| self.panes.get(&p));
        match pane {
            Some(p) if matches!(p.mode, Some(Mode::Copy(_))) => self.mode_table(p.id),
            _ => {
                let scope = c.session.map_or(Scope::GlobalSession, Scope::Session);
                self.option_text(scope, "key-table")
            }
        }
    }

    fn is_prefix(&self, id: ClientId, key: Key) -> bool {
        let scope =
            self.clients.get(&id).and_then(|c| c.session).map_or(Scope::GlobalSession, Scope::Session);
        ["prefix", "prefix2"].iter().any(|name| {
            let Some(Value::Text(text)) = self.option_value(scope, name) else { return false };
            text != "None" && keys::parse_name(text) == Some(key)
        })
    }

    /// One key of an attached client.
    pub(crate) fn key(&mut self, id: ClientId, key: Key, event: KeyEvent) -> Passed {
        let Some(c) = self.clients.get_mut(&id) else { return Passed::Not };
        let mut passed = Passed::On;
        if c.message.take().is_some() {
            passed = Passed::Not;
            self.redraw.insert(id);
        }
        let Some(c) = self.clients.get_mut(&id) else { return Passed::Not };
        if c.prompt.is_some() {
            // A menu over a prompt is one of completions.
            if matches!(c.overlay, Some(Overlay::Menu(_))) && self.box_key(id, key) == Handled::Yes {
                return Passed::Not;
            }
            self.prompt_key(id, key);
            return Passed::Not;
        }
        if matches!(c.overlay, Some(Overlay::Menu(_) | Overlay::Popup(_) | Overlay::Picker(_))) {
            if self.box_key(id, key) == Handled::Yes {
                return Passed::Not;
            }
        } else if let Some(overlay) = c.overlay.take() {
            passed = Passed::Not;
            self.redraw.insert(id);
            if self.overlay_key(id, overlay, key) == Handled::Yes {
                return Passed::Not;
            }
        }
        let Some(c) = self.clients.get(&id) else { return Passed::Not };
        let pane = self.pane_of(id);
        if let Some(pane) = pane
            && c.key_table.is_none()
            && !c.read_only
            && self.mode_key(id, pane, key) == Handled::Yes
        {
            return Passed::Not;
        }
        let table = self.first_table(id);
        let in_own_table = self.clients.get(&id).is_some_and(|c| c.key_table.is_some());
        let repeating = self.clients.get(&id).is_some_and(|c| c.repeat_until.is_some());
        if !in_own_table && self.is_prefix(id, key) {
            let session = self.clients.get(&id).and_then(|c| c.session);
            let scope = session.map_or(Scope::GlobalSession, Scope::Session);
            let patience = self.option_ms(scope, "prefix-timeout");
            if let Some(c) = self.clients.get_mut(&id) {
                c.key_table = Some("prefix".into());
                c.prefix_until = (!patience.is_zero()).then(|| self.now + patience);
            }
            self.redraw.insert(id);
            return Passed::Not;
        }
        let trigger = Trigger::Key(key);
        let bound = self.lookup(&table, trigger, repeating);
        if bound && self.run_table_binding(id, &table, trigger, None) == Handled::Yes {
            return Passed::Not;
        }
        if in_own_table {
            if let Some(c) = self.clients.get_mut(&id) {
                c.key_table = None;
                c.repeat_until = None;
            }
            self.redraw.insert(id);
            // After a repeatable key any other is an ordinary key; after the prefix it is lost.
            if repeating {
                self.key(id, key, event);
            }
            return Passed::Not;
        }
        if let Some(pane) = pane.filter(|p| self.takes_keys(id, *p))
            && self.type_key(pane, key, event) == Passed::Not
        {
            passed = Passed::Not;
        }
        passed
    }

    /// Whether a key is bound; while repeating only repeatable ones count.
    fn lookup(&self, table: &str, trigger: Trigger, repeating: bool) -> bool {
        match self.keys.get(table, trigger).or_else(|| self.keys.get(table, Trigger::Any)) {
            Some(b) => !repeating || b.repeat,
            None => false,
        }
    }

    /// A key for a pane's program.
    fn type_key(&mut self, pane: PaneId, key: Key, event: KeyEvent) -> Passed {
        let dead = self.panes.get(&pane).is_some_and(|p| p.dead.is_some());
        if dead && self.option_text(Scope::Pane(pane), "remain-on-exit") == "key" {
            self.remove_pane(pane);
            return Passed::Not;
        }
        for pane in self.typing_targets(pane) {
            self.send_key_event(pane, key, event);
        }
        Passed::On
    }

    /// Sends a key to a pane as its modes want it.
    pub(crate) fn send_key(&mut self, pane: PaneId, key: Key) {
        self.send_key_event(pane, key, KeyEvent::Press);
    }

    fn send_key_event(&mut self, pane: PaneId, key: Key, event: KeyEvent) {
        if let Some(p) = self.panes.get(&pane) {
            let bytes = keys::encode_event(key, event, p.screen.modes());
            self.write_pane(pane, &bytes);
        }
    }

    /// Runs what a trigger is bound to in a table.
    pub(crate) fn run_table_binding(
        &mut self,
        id: ClientId,
        table: &str,
        trigger: Trigger,
        mouse: Option<MouseTarget>,
    ) -> Handled {
        let binding = self.keys.get(table, trigger).or_else(|| match trigger {
            Trigger::Key(_) => self.keys.get(table, Trigger::Any),
            _ => None,
        });
        let Some(binding) = binding else { return Handled::No };
        let (commands, repeat) = (binding.commands.clone(), binding.repeat);
        if self.clients.get(&id).is_some_and(|c| c.read_only)
            && !commands.iter().all(super::commands::only_looks)
        {
            if let Some(c) = self.clients.get_mut(&id) {
                (c.key_table, c.repeat_until) = (None, None);
            }
            self.show_message(id, "client is read-only".into(), None, true);
            self.redraw.insert(id);
            return Handled::Yes;
        }
        let session = self.clients.get(&id).and_then(|c| c.session);
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        let mut time = self.option_ms(scope, "repeat-time");
        let first = self.clients.get(&id).is_some_and(|c| c.repeat_until.is_none());
        let initial = self.option_ms(scope, "initial-repeat-time");
        if first && !initial.is_zero() {
            time = initial;
        }
        let until = (repeat && !time.is_zero()).then(|| self.now + time);
        if let Some(c) = self.clients.get_mut(&id) {
            c.repeat_until = until;
            if until.is_some() {
                c.key_table = Some(table.to_owned());
            } else if c.key_table.take().is_some() {
                self.redraw.insert(id);
            }
        }
        let mode_pane = self.pane_of(id);
        let current = match mouse {
            // A command bound to the mouse is about what the mouse is over.
            Some(m) => m.found(self).or_else(|| session.and_then(|s| self.found_session(s))),
            None => None,
        };
        let origin = Arc::new(Origin { client: Some(id), current, mouse, ..Origin::default() });
        let _ = mode_pane;
        self.enqueue(Some(id), &commands, &origin);
        Handled::Yes
    }

    /// A mouse trigger: in the pane's mode table first, then in the client's.
    pub(crate) fn run_mouse_binding(
        &mut self,
        id: ClientId,
        trigger: Trigger,
        target: MouseTarget,
    ) -> Handled {
        let in_copy = target
            .pane
            .and_then(|p| self.panes.get(&p))
            .is_some_and(|p| matches!(p.mode, Some(Mode::Copy(_))));
        if in_copy && let Some(pane) = target.pane {
            if matches!(trigger, Trigger::Mouse(_, super::keytable::MouseArea::Pane, _)) {
                self.copy_cursor_to(pane, &target);
            }
            let table = self.mode_table(pane);
            if self.run_table_binding(id, &table, trigger, Some(target)) == Handled::Yes {
                return Handled::Yes;
            }
        }
        let scope = target.session.map_or(Scope::GlobalSession, Scope::Session);
        let table = self.option_text(scope, "key-table");
        self.run_table_binding(id, &table, trigger, Some(target))
    }

    /// Keys of modes without key tables: lists and the clock.
    fn mode_key(&mut self, id: ClientId, pane: PaneId, key: Key) -> Handled {
        let Some(p) = self.panes.get_mut(&pane) else { return Handled::No };
        match &mut p.mode {
            Some(Mode::Clock) => {
                if self.is_prefix(id, key) {
                    return Handled::No;
                }
                self.leave_mode(pane);
                Handled::Yes
            }
            Some(Mode::List(_)) => {
                if self.is_prefix(id, key) {
                    return Handled::No;
                }
                self.list_key(Some(id), pane, key);
                Handled::Yes
            }
            Some(Mode::Copy(_)) | None => Handled::No,
        }
    }

    /// A key that a command sends to a pane with a list or the clock over it.
    pub(crate) fn key_for_mode(&mut self, client: Option<ClientId>, pane: PaneId, key: Key) {
        match self.panes.get(&pane).and_then(|p| p.mode.as_ref()) {
            Some(Mode::List(_)) => self.list_key(client, pane, key),
            Some(Mode::Clock) => self.leave_mode(pane),
            Some(Mode::Copy(_)) | None => {}
        }
    }

    fn list_key(&mut self, id: Option<ClientId>, pane: PaneId, key: Key) {
        let Some(Mode::List(list)) = self.panes.get_mut(&pane).and_then(|p| p.mode.as_mut()) else { return };
        let page = list.rows.max(1) as i64;
        let ctrl = key.mods.contains(Mods::CTRL);
        match (key.code, ctrl) {
            (KeyCode::Up, false) | (KeyCode::Char('k'), false) | (KeyCode::Char('p'), true) => list.step(-1),
            (KeyCode::Down, false) | (KeyCode::Char('j'), false) | (KeyCode::Char('n'), true) => list.step(1),
            (KeyCode::PageUp, _) | (KeyCode::Char('b'), true) => list.step(-page),
            (KeyCode::PageDown, _) | (KeyCode::Char('f'), true) => list.step(page),
            (KeyCode::Home, _) | (KeyCode::Char('g'), false) => list.step(i64::MIN / 2),
            (KeyCode::End, _) | (KeyCode::Char('G'), false) => list.step(i64::MAX / 2),
            (KeyCode::Char(c @ '0'..='9'), false) => {
                let row = c as usize - '0' as usize;
                if row < list.items.len() {
                    list.current = row;
                    self.list_choose(id, pane);
                    return;
                }
            }
            (KeyCode::Enter, _) => {
                self.list_choose(id, pane);
                return;
            }
            (KeyCode::Char('t'), false) => list.tag(),
            (KeyCode::Char('t'), true) => list.tagged = list.items.iter().map(|i| i.target.clone()).collect(),
            (KeyCode::Char('T'), false) => list.tagged.clear(),
            (KeyCode::Char(c @ ('d' | 'D')), false) => {
                let chosen = list.items.get(list.current).map(|i| i.target.clone());
                let those = if c == 'd' { chosen.into_iter().collect() } else { list.tagged.clone() };
                self.list_delete(pane, those.into_iter().collect());
                return;
            }
            (KeyCode::Char('q'), false) | (KeyCode::Escape, _) | (KeyCode::Char('c' | 'g'), true) => {
                self.leave_mode(pane);
                return;
            }
            _ => {}
        }
        self.redraw_pane(pane);
    }

    /// `d` and `D`: buffers are forgotten, clients detached; sessions and their like are not.
    fn list_delete(&mut self, pane: PaneId, targets: Vec<String>) {
        let Some(Mode::List(list)) = self.panes.get_mut(&pane).and_then(|p| p.mode.as_mut()) else { return };
        let kind = list.kind;
        if !matches!(kind, ListKind::Buffers | ListKind::Clients) {
            return;
        }
        list.remove(&targets);
        let empty = list.items.is_empty();
        for target in targets {
            if kind == ListKind::Buffers {
                self.forget_buffer(&target);
            } else if let Ok(client) = self.find_client(&Origin::default(), Some(&target)) {
                self.send_away(client, "detached");
            }
        }
        if empty {
            self.leave_mode(pane);
        }
        self.redraw_pane(pane);
    }

    fn list_choose(&mut self, id: Option<ClientId>, pane: PaneId) {
        let chosen = match self.panes.get(&pane).and_then(|p| p.mode.as_ref()) {
            Some(Mode::List(l)) => l.items.get(l.current).map(|i| (i.target.clone(), l.template.clone())),
            _ => None,
        };
        self.leave_mode(pane);
        if let Some((target, template)) = chosen {
            let text = fill_template(&template, &[target]);
            let origin = Arc::new(Origin { client: id, ..Origin::default() });
            self.run_text(id, &text, &origin);
        }
    }

    /// Ends whatever covers a pane.
    pub(crate) fn leave_mode(&mut self, pane: PaneId) {
        let Some(p) = self.panes.get_mut(&pane) else { return };
        let Some(mode) = p.mode.take() else { return };
        let window = p.window;
        if let Mode::List(l) = mode
            && l.unzoom
        {
            self.unzoom(window);
        }
        self.auto_rename(window);
        self.redraw_window(window);
        let found = self.found_pane(pane, None);
        self.happened("pane-mode-changed", None, found);
    }

    /// Covers a pane with a mode.
    pub(crate) fn enter_mode(&mut self, pane: PaneId, mode: Mode) {
        let Some(p) = self.panes.get_mut(&pane) else { return };
        p.mode = Some(mode);
        let window = p.window;
        self.auto_rename(window);
        self.redraw_window(window);
        let found = self.found_pane(pane, None);
        self.happened("pane-mode-changed", None, found);
    }

    fn overlay_key(&mut self, id: ClientId, overlay: Overlay, key: Key) -> Handled {
        let Overlay::PaneNumbers { template, .. } = overlay else { return Handled::No };
        let index = match key.code {
            KeyCode::Char(c @ '0'..='9') if key.mods.is_empty() => c as usize - '0' as usize,
            KeyCode::Char(c @ 'a'..='z') if key.mods.is_empty() => c as usize - 'a' as usize + 10,
            _ => return Handled::No,
        };
        let Some(w) = self.client_window(id) else { return Handled::No };
        let base = self.option_number(Scope::Window(w.id), "pane-base-index").max(0) as usize;
        let pane = index.checked_sub(base).and_then(|i| w.panes.get(i)).copied();
        if let Some(pane) = pane {
            let text = fill_template(&template, &[pane.to_string()]);
            let origin = Arc::new(Origin { client: Some(id), ..Origin::default() });
            self.run_text(Some(id), &text, &origin);
        }
        // Any digit closes the numbers and is used up, as the user meant a pane.
        Handled::Yes
    }

    // ---- prompts ----

    pub(crate) fn open_prompt(&mut self, id: ClientId, mut prompt: Prompt) {
        let session = self.clients.get(&id).and_then(|c| c.session);
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        prompt.vi = self.option_text(scope, "status-keys") == "vi";
        if let Some(c) = self.clients.get_mut(&id) {
            c.prompt = Some(prompt);
            c.message = None;
        }
        // A picker asks questions of its own and goes on after the answer.
        if self.picker(id).is_none() {
            self.close_overlay(id);
        }
        self.redraw.insert(id);
    }

    fn prompt_key(&mut self, id: ClientId, key: Key) {
        let session = self.clients.get(&id).and_then(|c| c.session);
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        let separators = self.option_text(scope, "word-separators");
        let Some(prompt) = self.clients.get_mut(&id).and_then(|c| c.prompt.as_mut()) else { return };
        let empty = Vec::new();
        let history = self.history.get(&prompt.kind).unwrap_or(&empty);
        let answer = prompt.key(key, history, &separators);
        self.prompt_answer(id, answer, Some(key));
    }

    fn prompt_answer(&mut self, id: ClientId, answer: Answer, key: Option<Key>) {
        self.redraw.insert(id);
        match answer {
            Answer::Nothing | Answer::Redraw => {}
            Answer::Changed => self.prompt_step(id, '='),
            Answer::Again { forward } => self.prompt_step(id, if forward { '+' } else { '-' }),
            Answer::Complete => self.complete_prompt(id),
            Answer::Buffer => {
                let text: String = match self.buffer(None) {
                    Ok(b) => {
                        String::from_utf8_lossy(&b.data).chars().take_while(|c| !c.is_control()).collect()
                    }
                    Err(_) => return,
                };
                let prompt = self.clients.get_mut(&id).and_then(|c| c.prompt.as_mut());
                if let Some(answer) = prompt.map(|p| p.paste(&text)) {
                    self.prompt_answer(id, answer, None);
                }
            }
            Answer::Cancelled => {
                let Some(prompt) = self.clients.get_mut(&id).and_then(|c| c.prompt.take()) else { return };
                if let Some(queue) = prompt.waits {
                    self.release(queue);
                }
            }
            Answer::Done(text) => self.prompt_done(id, text),
            Answer::DoneAndKey(text) => {
                self.prompt_done(id, text);
                self.run_queues();
                if let Some(key) = key {
                    self.key(id, key, KeyEvent::Press);
                }
            }
        }
    }

    /// An incremental prompt runs its template at every change; the sign says what the change was.
    pub(crate) fn prompt_step(&mut self, id: ClientId, sign: char) {
        let prompt = self.clients.get(&id).and_then(|c| c.prompt.as_ref());
        if let Some(p) = prompt.filter(|p| p.flags.incremental) {
            let (text, p) = (p.input(), p.clone());
            self.run_template(id, &p, &[format!("{sign}{text}")]);
        }
    }

    fn prompt_done(&mut self, id: ClientId, text: String) {
        let Some(mut prompt) = self.clients.get_mut(&id).and_then(|c| c.prompt.take()) else { return };
        if let PromptAction::Confirm { command, .. } = &prompt.action {
            let command = command.clone();
            let origin = prompt.origin.clone();
            self.run_word(prompt.waits.unwrap_or(Some(id)), &command, &origin);
            if let Some(queue) = prompt.waits {
                self.release(queue);
            }
            return;
        }
        let f = prompt.flags;
        if !f.single && !f.key && !f.numeric && !text.is_empty() {
            self.remember(prompt.kind, text.clone());
        }
        prompt.answers.push(text);
        if let Some((question, preset)) = prompt.more.pop_front() {
            prompt.text = question;
            prompt.input = preset.chars().collect();
            prompt.cursor = prompt.input.len();
            prompt.history_at = 0;
            self.open_prompt(id, prompt);
            return;
        }
        // An incremental one has run its template for this text already.
        if !f.incremental {
            self.run_template(id, &prompt, &prompt.answers);
        }
        if let Some(queue) = prompt.waits {
            self.release(queue);
        }
    }

    /// Runs a prompt's template with the answers put in.
    fn run_template(&mut self, id: ClientId, prompt: &Prompt, answers: &[String]) {
        let PromptAction::Template { template, expand } = &prompt.action else { return };
        let queue = prompt.waits.unwrap_or(Some(id));
        let origin = prompt.origin.clone();
        match template {
            None => {
                let text = answers.first().cloned().unwrap_or_default();
                self.run_text(queue, &text, &origin);
            }
            Some(Word::Text(t)) => {
                // What was typed is no format: the template is expanded before the answers are put in.
                let about = || super::context::About {
                    client: Some(id),
                    found: self.current(&origin),
                    ..Default::default()
                };
                let template = if *expand { self.expand(t, about()) } else { t.clone() };
                let text = fill_template(&template, answers);
                self.run_text(queue, &text, &origin);
            }
            Some(Word::Block(commands)) => {
                let filled: Vec<Command> = commands.iter().map(|c| fill_command(c, answers)).collect();
                self.enqueue_front(queue, &filled, &origin);
            }
        }
    }

    /// Reads text as commands and runs them before what the queue still holds.
    pub(crate) fn run_text(&mut self, queue: QueueId, text: &str, origin: &Arc<Origin>) {
        match self.parse_commands(text, None) {
            Ok(commands) => self.enqueue_front(queue, &commands, origin),
            Err(e) => self.tell_trouble(origin, 0, &super::queue::Trouble::new(1, e.text)),
        }
    }

    /// Runs a word that stands for commands: a block, or text to be read.
    pub(crate) fn run_word(&mut self, queue: QueueId, word: &Word, origin: &Arc<Origin>) {
        match word {
            Word::Text(t) => self.run_text(queue, t, origin),
            Word::Block(commands) => self.enqueue_front(queue, commands, origin),
        }
    }

    /// Whether a pane is somewhere from where it answers.
    pub(crate) fn pane_alive(&self, pane: PaneId) -> bool {
        self.panes.get(&pane).is_some_and(|p| p.dead.is_none() && !matches!(p.place, Place::Gone(_)))
    }
}

/// A new prompt with nothing typed.
pub(crate) fn new_prompt(
    text: String,
    kind: PromptKind,
    flags: PromptFlags,
    action: PromptAction,
    origin: Arc<Origin>,
) -> Prompt {
    Prompt {
        text,
        kind,
        flags,
        vi_command: false,
        vi: false,
        input: Vec::new(),
        cursor: 0,
        action,
        more: Default::default(),
        answers: Vec::new(),
        history_at: 0,
        kill: Vec::new(),
        last: String::new(),
        quote_next: false,
        waits: None,
        origin,
    }
}

/// Puts answers for `%1` to `%9` and the first also for `%%`; `%%%` and `%1%` escape quotes in the answer.
pub(crate) fn fill_template(template: &str, answers: &[String]) -> String {
    let mut out = String::with_capacity(template.len());
    let chars: Vec<char> = template.chars().collect();
    let mut i = 0;
    let mut used_percent = false;
    while i < chars.len() {
        let next = chars.get(i + 1).copied();
        let answer = match (chars[i], next) {
            ('%', Some('%')) if !used_percent => {
                used_percent = true;
                answers.first()
            }
            ('%', Some(d @ '1'..='9')) => answers.get(d as usize - '1' as usize),
            _ => None,
        };
        match answer {
            Some(a) => {
                i += 2;
                if chars.get(i) == Some(&'%') {
                    i += 1;
                    for c in a.chars() {
                        if matches!(c, '"' | '\\' | '$' | ';' | '~') {
                            out.push('\\');
                        }
                        out.push(c);
                    }
                } else {
                    out.push_str(a);
                }
            }
            None => {
                out.push(chars[i]);
                i += 1;
            }
        }
    }
    out
}

/// The same in a block, word by word: an answer can never become more than one word there.
pub(crate) fn fill_command(command: &Command, answers: &[String]) -> Command {
    let words = command
        .words
        .iter()
        .map(|w| match w {
            Word::Text(t) if t.contains('%') => Word::Text(fill_words(t, answers)),
            Word::Text(t) => Word::Text(t.clone()),
            Word::Block(b) => Word::Block(b.iter().map(|c| fill_command(c, answers)).collect()),
        })
        .collect();
    Command { words, ..command.clone() }
}

fn fill_words(text: &str, answers: &[String]) -> String {
    let mut out = text.to_owned();
    for (i, a) in answers.iter().enumerate().take(9) {
        out = out.replace(&format!("%{}", i + 1), a);
    }
    match answers.first() {
        Some(first) => out.replace("%%%", first).replace("%%", first),
        None => out,
    }
}
