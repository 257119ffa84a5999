//! What each event does.

use super::alerts::Alert;
use super::event::{Effect, Event, Failure, Job, Place};
use super::model::{Client, MAX_TYPED_AHEAD, Message, Overlay};
use super::queue::{Origin, Pending, Trouble};
use super::settings::Scope;
use super::{MAX_SHELL_VALUES, Mux, commands};
use crate::command;
use crate::ids::{ClientId, PaneId, RequestId, Size};
use crate::vt::{Prompt as Mark, ScreenEvent};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most messages kept for `show-messages`, whatever the option says.
const MAX_MESSAGES: usize = 10_000;

/// How often a `#(command)` is run again at most.
const SHELL_EVERY: Duration = Duration::from_secs(1);

/// How long the greeting stays; a key takes it away.
const GREETING: Duration = Duration::from_secs(8);

/// Reading time per character of a message that is longer than a few words.
const PER_CHARACTER: Duration = Duration::from_millis(50);
/// Messages up to this many characters stay for `display-time`.
const SHORT_MESSAGE: usize = 30;

impl Mux {
    pub(crate) fn event(&mut self, event: Event<'_>) {
        match event {
            Event::ClientConnected { client, hello } => self.client_connected(client, hello),
            Event::ClientInput { client, bytes } => self.client_input(client, bytes),
            Event::ClientStdin { client, bytes } => match self.clients.get(&client) {
                Some(c) if c.control.is_some() => self.control_input(client, bytes),
                _ => commands::load_buffer::stdin(self, client, bytes),
            },
            Event::ControlWritten { client, seq } => self.control_written(client, seq),
            Event::ClientResized { client, size } => self.client_resized(client, size),
            Event::ClientCell { client, pixels } => self.client_cell(client, pixels),
            Event::ClientGoesOn { client } => self.goes_on(client),
            Event::ClientGone { client } => self.client_gone(client),
            Event::PaneOutput { pane, bytes } => self.pane_output(pane, bytes),
            Event::PaneStarted { pane, pid, tty, life } => {
                self.starting.remove(&pane);
                let Some(p) = self.panes.get_mut(&pane) else {
                    // It was killed before it had begun.
                    self.effects.push_back(Effect::Kill { pane });
                    return;
                };
                p.life = Some(life);
                p.info.pid = pid;
                p.info.tty = tty;
                p.dead = None;
                if p.place == Place::Starting {
                    p.place = Place::Here;
                    p.ran_on = None;
                }
                self.persist = true;
                self.flush_typed(pane);
                self.redraw_pane(pane);
            }
            Event::PaneInfo { pane, info } => {
                if let Some(p) = self.panes.get_mut(&pane)
                    && p.info != info
                {
                    p.info = info;
                    let window = p.window;
                    self.auto_rename(window);
                    self.redraw_window(window);
                }
            }
            Event::PanePlace { pane, place } => self.pane_place(pane, place),
            Event::PaneExited { pane, status } => self.pane_exited(pane, status),
            Event::SpawnFailed { pane, error } => self.spawn_failed(pane, &error),
            Event::Done { request, result } => self.done(request, result),
            Event::Progress { request, line } => self.progress(request, &line),
            Event::Notice { pane, text, error } => self.notice(pane, &text, error),
            Event::Wall { unix_ms, utc_offset_s } => {
                self.wall_base = (self.now, unix_ms);
                self.utc_offset_s = utc_offset_s;
            }
            Event::Tick => {}
        }
        // Any event may find a deadline passed.
        self.tick();
    }

    // ---- clients ----

    fn client_connected(&mut self, id: ClientId, hello: super::ClientHello) {
        let now = self.wall_ms();
        let order = self.next_order();
        let argv = hello.argv.clone();
        let client = Client::new(id, hello, now, order);
        self.clients.insert(id, client);
        self.first_client.get_or_insert(id);
        let origin = Arc::new(Origin { client: Some(id), ..Origin::default() });
        let commands = if argv.is_empty() {
            let default = self.option_text(Scope::Server, "default-client-command");
            match self.parse_commands(&default, None) {
                Ok(commands) => commands,
                Err(e) => {
                    self.tell_trouble(&origin, 0, &Trouble::new(1, e.text));
                    Vec::new()
                }
            }
        } else {
            command::parse_argv(&argv)
        };
        // A list with a verb that does not exist or is given wrongly runs nothing, as in tmux.
        for c in &commands {
            if let Err(trouble) = commands::prepare(self, c) {
                self.tell_trouble(&origin, 0, &trouble);
                self.queues.entry(Some(id)).or_default();
                return;
            }
        }
        self.queues.entry(Some(id)).or_default();
        self.enqueue(Some(id), &commands, &origin);
    }

    fn client_resized(&mut self, id: ClientId, size: Size) {
        let size = Size::new(size.cols, size.rows);
        let order = self.next_order();
        if let Some(c) = self.clients.get_mut(&id)
            && c.size != size
        {
            c.size = size;
            c.activity_order = order;
            self.sizes_dirty = true;
            // A menu stands where it was asked for; a popup stays on the terminal.
            if matches!(c.overlay, Some(Overlay::Menu(_))) {
                self.close_overlay(id);
            }
            self.fit_popup(id);
            self.redraw.insert(id);
            let found = self.clients.get(&id).and_then(|c| c.session).and_then(|s| self.found_session(s));
            self.happened("client-resized", Some(id), found);
        }
    }

    fn client_gone(&mut self, id: ClientId) {
        if let Some(c) = self.clients.get(&id).filter(|c| c.attached) {
            let session = c.session;
            self.client_is_detached(id, session);
        }
        let Some(c) = self.clients.remove(&id) else { return };
        self.forget_waits(id);
        self.stdin_wanted.remove(&id);
        self.redraw.remove(&id);
        for channel in self.channels.values_mut() {
            channel.forget(id);
        }
        if let Some(overlay) = c.overlay {
            self.end_overlay(overlay);
        }
        if let Some(queue) = c.prompt.and_then(|p| p.waits) {
            self.release(queue);
        }
        if c.attached {
            self.client_left(id, c.session);
        }
        self.queues.remove(&Some(id));
        for r in self.requests.values_mut() {
            if r.waits == Some(Some(id)) {
                r.waits = None;
            }
        }
    }

    // ---- panes ----

    fn pane_output(&mut self, id: PaneId, bytes: &[u8]) {
        let now = self.now;
        let (wall, shown) = (self.wall_ms(), self.shown);
        let Some(p) = self.panes.get_mut(&id) else { return };
        // Here, because screens come from many places, and questions only from what a program writes.
        shown.tell(&mut p.screen, id);
        p.screen.advance(bytes);
        let replies = p.screen.take_replies();
        let events = p.screen.take_events();
        p.silent_since = Some(now);
        let window = p.window;
        if let Some(client) = self.popup_of(id) {
            self.redraw.insert(client);
        }
        let Some(p) = self.panes.get(&id) else { return };
        if let Some(request) = p.pipe {
            self.effects.push_back(Effect::JobInput { request, bytes: bytes.to_vec() });
        }
        if !replies.is_empty() {
            // A terminal's answer is not typed input: it goes even when input is off.
            self.put_input(id, &replies);
        }
        if let Some(w) = self.windows.get_mut(&window) {
            w.activity = wall;
        }
        for event in events {
            self.screen_event(id, event);
        }
        self.note_activity(window, Alert::Activity);
        self.redraw_pane(id);
        self.control_output(id, bytes);
        if !self.waits.is_empty() {
            self.output_for_waits(id);
        }
    }

    /// Bytes for the screen of a pane that has no program.
    pub(crate) fn show_in_empty(&mut self, id: PaneId, bytes: &[u8]) {
        if let Some(p) = self.panes.get_mut(&id) {
            // As a terminal does for a program: a line's end is also a return.
            let mut text = Vec::with_capacity(bytes.len());
            for b in bytes {
                if *b == b'\n' {
                    text.push(b'\r');
                }
                text.push(*b);
            }
            p.screen.advance(&text);
            self.redraw_pane(id);
        }
    }

    pub(crate) fn screen_event(&mut self, id: PaneId, event: ScreenEvent) {
        let Some(window) = self.panes.get(&id).map(|p| p.window) else { return };
        match event {
            ScreenEvent::Bell => self.note_activity(window, Alert::Bell),
            ScreenEvent::Title(_) | ScreenEvent::IconName(_) => {
                if let Some(p) = self.panes.get_mut(&id) {
                    p.title_set = true;
                }
                self.redraw_window(window);
                let found = self.found_pane(id, None);
                self.happened("pane-title-changed", None, found);
            }
            ScreenEvent::WindowName(name) => {
                if self.option_on(Scope::Pane(id), "allow-rename")
                    && let Some(w) = self.windows.get_mut(&window)
                {
                    w.options.put("automatic-rename", super::options::Value::Flag(false));
                    self.name_window(window, super::names::clean_name(&name));
                }
            }
            ScreenEvent::Progress { state, percent } => {
                if let Some(p) = self.panes.get_mut(&id) {
                    p.bar = (state, percent);
                }
                self.redraw_window(window);
            }
            ScreenEvent::Prompt { mark: mark @ (Mark::Start | Mark::Output), line } => {
                if let Some(p) = self.panes.get_mut(&id) {
                    p.mark_line(line, mark == Mark::Output);
                }
            }
            ScreenEvent::Path(_) | ScreenEvent::Prompt { .. } => {}
            ScreenEvent::Colors => self.redraw_pane(id),
            ScreenEvent::Clipboard { selection, data } => self.clipboard_from_pane(id, &selection, data),
            ScreenEvent::ClipboardQuery { selection } => self.clipboard_query(id, &selection),
            ScreenEvent::Notify(text) => {
                let bytes = format!("\x1b]9;{}\x07", text.replace(|c: char| c.is_control(), " "));
                self.send_to_terminals_of(window, bytes.as_bytes());
            }
            ScreenEvent::Passthrough(bytes) => {
                if self.option_text(Scope::Pane(id), "allow-passthrough") != "off" {
                    self.send_to_terminals_of(window, &bytes);
                }
            }
        }
    }

    /// Bytes for the terminals that show a window now.
    fn send_to_terminals_of(&mut self, window: crate::ids::WindowId, bytes: &[u8]) {
        let shows: Vec<ClientId> = self
            .clients
            .values()
            .filter(|c| {
                let s = c.session.and_then(|s| self.sessions.get(&s));
                c.is_terminal() && s.and_then(|s| s.current_window()) == Some(window)
            })
            .map(|c| c.id)
            .collect();
        for client in shows {
            self.effects.push_back(Effect::Terminal { client, bytes: bytes.to_vec() });
        }
    }

    fn pane_place(&mut self, id: PaneId, place: Place) {
        let Some(p) = self.panes.get_mut(&id) else { return };
        if matches!(place, Place::Here | Place::There(_)) {
            p.progress = None;
            p.overflow_rung = false;
        }
        let was = std::mem::replace(&mut p.place, place);
        let window = p.window;
        self.flush_typed(id);
        self.persist = true;
        self.redraw_window(window);
        self.tell_place(id, &was);
    }

    /// Writes what was typed while the pane could not take it, in order.
    fn flush_typed(&mut self, id: PaneId) {
        let Some(p) = self.panes.get_mut(&id) else { return };
        if p.place.takes_input() && !p.typed_ahead.is_empty() {
            let bytes: Vec<u8> = std::mem::take(&mut p.typed_ahead).into();
            self.effects.push_back(Effect::Write { pane: id, bytes });
        }
    }

    /// Typed input for a pane, when input is not switched off.
    pub(crate) fn write_pane(&mut self, id: PaneId, bytes: &[u8]) {
        if self.panes.get(&id).is_some_and(|p| !p.input_off) {
            self.put_input(id, bytes);
        }
    }

    /// Input in the order it came: to the pane, or to its queue while it moves.
    pub(crate) fn put_input(&mut self, id: PaneId, bytes: &[u8]) {
        let Some(p) = self.panes.get_mut(&id) else { return };
        if bytes.is_empty() || p.dead.is_some() {
            return;
        }
        if p.place.takes_input() && p.typed_ahead.is_empty() {
            self.effects.push_back(Effect::Write { pane: id, bytes: bytes.to_vec() });
            return;
        }
        if p.typed_ahead.len() + bytes.len() > MAX_TYPED_AHEAD {
            if !std::mem::replace(&mut p.overflow_rung, true) {
                let window = p.window;
                self.send_to_terminals_of(window, b"\x07");
            }
            return;
        }
        p.typed_ahead.extend(bytes);
    }

    fn spawn_failed(&mut self, id: PaneId, error: &str) {
        self.starting.remove(&id);
        let Some(p) = self.panes.get(&id) else { return };
        let window = p.window;
        let session = self.found_pane(id, None).map(|f| f.session);
        let text = format!("create pane failed: {error}");
        if let Some(client) = self.popup_of(id) {
            self.close_overlay(client);
            self.show_message(client, text, None, true);
            return;
        }
        self.remove_pane(id);
        let watching: Vec<ClientId> = self
            .clients
            .values()
            .filter(|c| c.attached && c.session == session && session.is_some())
            .map(|c| c.id)
            .collect();
        if watching.is_empty() {
            // The client that made it hears of it; its command was done all the same, as in tmux.
            let makers: Vec<ClientId> =
                self.clients.values().filter(|c| !c.leaving && !c.attached).map(|c| c.id).collect();
            for client in makers {
                self.effects.push_back(Effect::Stderr { client, bytes: format!("{text}\n").into_bytes() });
            }
        }
        for client in watching {
            self.show_message(client, text.clone(), None, true);
        }
        self.redraw_window(window);
        self.log_message(text);
    }

    // ---- time ----

    fn tick(&mut self) {
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|t| t <= now);
        let ids: Vec<ClientId> = self.clients.keys().copied().collect();
        for id in ids {
            let Some(c) = self.clients.get_mut(&id) else { continue };
            if due(c.escape_deadline) {
                c.escape_deadline = None;
                let mut inputs = Vec::new();
                c.decoder.flush(&mut inputs);
                self.client_inputs(id, inputs);
            }
            let Some(c) = self.clients.get_mut(&id) else { continue };
            let mut changed = false;
            if due(c.repeat_until) {
                c.repeat_until = None;
                c.key_table = None;
                changed = true;
            }
            if due(c.prefix_until) {
                c.prefix_until = None;
                if c.prefix_pressed() && c.repeat_until.is_none() {
                    c.key_table = None;
                    changed = true;
                }
            }
            if due(c.message.as_ref().and_then(|m| m.until)) {
                c.message = None;
                changed = true;
            }
            if matches!(&c.overlay, Some(Overlay::PaneNumbers { until, .. }) if due(*until)) {
                c.overlay = None;
                changed = true;
            }
            if changed {
                self.chrome += 1;
                self.redraw.insert(id);
            }
        }
        self.tick_hints();
        if due(self.status_due) {
            self.status_due = None;
            self.redraw_all();
            for v in self.shell_values.borrow_mut().values_mut() {
                v.wanted = true;
            }
        }
        let watched = self.watches_silence();
        let panes = self.panes.values().filter(|_| watched);
        let silent: Vec<(PaneId, crate::ids::WindowId)> =
            panes.filter(|p| due(self.silence_deadline(p))).map(|p| (p.id, p.window)).collect();
        for (pane, window) in silent {
            if let Some(p) = self.panes.get_mut(&pane) {
                p.silent_since = None;
            }
            self.note_activity(window, Alert::Silence);
        }
        self.rename_due();
        self.check_subscriptions();
        self.lock_idle();
        self.tick_waits();
        self.run_later(now);
    }

    /// When a session is locked for lack of input (`lock-after-time`), if clients show it unlocked.
    pub(crate) fn lock_deadline(&self, session: crate::ids::SessionId) -> Option<Instant> {
        if !self.locks {
            return None;
        }
        let seconds = self.option_number(Scope::Session(session), "lock-after-time");
        let shown =
            || self.clients.values().any(|c| c.is_terminal() && !c.suspended && c.session == Some(session));
        if seconds <= 0 || !shown() {
            return None;
        }
        let idle = self.wall_ms().saturating_sub(self.sessions.get(&session)?.activity).max(0);
        let left = seconds.saturating_mul(1000).saturating_sub(idle).max(0);
        Some(self.now + Duration::from_millis(left as u64))
    }

    fn lock_idle(&mut self) {
        let due: Vec<crate::ids::SessionId> = self
            .sessions
            .keys()
            .copied()
            .filter(|s| self.lock_deadline(*s).is_some_and(|at| at <= self.now))
            .collect();
        due.into_iter().for_each(|s| self.lock_session(s));
    }

    /// Plans the next redraw of the status lines by time.
    pub(crate) fn plan_status(&mut self) {
        // With every event: a moment that is set is looked at again when it has come.
        if self.status_due.is_some() {
            return;
        }
        let attached = self.clients.values().filter(|c| c.is_terminal()).filter_map(|c| c.session);
        let interval = attached
            .map(|s| self.option_number(Scope::Session(s), "status-interval"))
            .filter(|n| *n > 0)
            .min();
        self.status_due = interval.map(|n| self.now + Duration::from_secs(n as u64));
    }

    // ---- #(command) ----

    /// What a `#(command)` said last; asks for it to be run.
    pub(crate) fn shell_value(&self, command: &str) -> String {
        let mut values = self.shell_values.borrow_mut();
        if !values.contains_key(command) && values.len() >= MAX_SHELL_VALUES {
            return String::new();
        }
        let v = values.entry(command.to_owned()).or_default();
        let fresh = v.asked.is_some_and(|at| self.now.saturating_duration_since(at) < SHELL_EVERY);
        if v.asked.is_none() || (v.wanted && !fresh) {
            v.wanted = true;
        }
        v.line.clone()
    }

    /// Whether a `#(command)` waits to be run: after drawing, the server sends a `Tick` when this is true.
    pub fn wants_tick(&self) -> bool {
        self.shell_values.borrow().values().any(|v| v.wanted && !v.running)
    }

    pub(crate) fn start_format_jobs(&mut self) {
        let now = self.now;
        let due: Vec<String> = {
            let mut values = self.shell_values.borrow_mut();
            let mut due = Vec::new();
            for (command, v) in values.iter_mut() {
                let fresh = v.asked.is_some_and(|at| now.saturating_duration_since(at) < SHELL_EVERY);
                if v.wanted && !v.running && !fresh {
                    (v.wanted, v.running, v.asked) = (false, true, Some(now));
                    due.push(command.clone());
                }
            }
            due
        };
        let origin = Arc::new(Origin::default());
        for command in due {
            let job = self.shell_job(&command, None, String::new(), Vec::new());
            self.ask(job, Pending::FormatJob { command }, &origin, None);
        }
    }

    /// A shell command with the environment and shell of a session.
    pub(crate) fn shell_job(
        &self,
        command: &str,
        session: Option<crate::ids::SessionId>,
        cwd: String,
        stdin: Vec<u8>,
    ) -> Job {
        let mut env = self.pane_environment(session, &[]);
        let mut cwd = cwd;
        if self.loading_config {
            // The configuration may ask which terminal it is for, and is where the server was started.
            cwd.clone_from(&self.config.start_dir);
            if let Some(term) = self.env_global("TERM") {
                env.insert("TERM".into(), term);
            }
        }
        if cwd.is_empty() {
            cwd.clone_from(&self.config.home);
        }
        let env = env.into_iter().collect();
        Job::Shell { command: command.to_owned(), shell: "/bin/sh".into(), cwd, env, stdin }
    }

    // ---- answers ----

    fn progress(&mut self, id: RequestId, line: &str) {
        let Some(r) = self.requests.get(&id) else { return };
        let client = r.origin.client.and_then(|c| self.clients.get(&c));
        match client {
            Some(c) if c.attached => {
                let client = c.id;
                self.show_message(client, line.to_owned(), None, false);
            }
            Some(c) if !c.leaving => {
                let client = c.id;
                self.effects.push_back(Effect::Stderr { client, bytes: format!("{line}\n").into_bytes() });
            }
            _ => {}
        }
    }

    fn done(&mut self, id: RequestId, result: Result<String, Failure>) {
        let Some(request) = self.requests.remove(&id) else { return };
        let waits = request.waits;
        commands::answer(self, id, request, result);
        if let Some(queue) = waits {
            self.release(queue);
        }
    }

    // ---- telling ----

    /// A line for the message log.
    pub(crate) fn log_message(&mut self, text: String) {
        let limit = self.option_number(Scope::Server, "message-limit").clamp(0, MAX_MESSAGES as i64) as usize;
        let now = self.wall_ms();
        self.messages.push_back((now, text));
        while self.messages.len() > limit {
            self.messages.pop_front();
        }
    }

    /// Shows a line to everybody whose session has this pane; to all without one.
    fn notice(&mut self, pane: Option<PaneId>, text: &str, error: bool) {
        let window = pane.and_then(|p| self.panes.get(&p)).map(|p| p.window);
        let sees = |c: &super::Client| {
            let session = c.session.and_then(|s| self.sessions.get(&s));
            match (session, window) {
                (Some(s), Some(window)) => s.links.values().any(|l| l.window == window),
                (session, None) => session.is_some(),
                (None, Some(_)) => false,
            }
        };
        let clients: Vec<ClientId> =
            self.clients.values().filter(|c| c.attached && sees(c)).map(|c| c.id).collect();
        for client in clients {
            self.show_message(client, text.to_owned(), None, error);
        }
    }

    /// Puts text on a client's message line.
    pub(crate) fn show_message(
        &mut self,
        client: ClientId,
        text: String,
        delay: Option<Duration>,
        error: bool,
    ) {
        let session = self.clients.get(&client).and_then(|c| c.session);
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        let text = text.lines().next().unwrap_or("").to_owned();
        let delay = delay.unwrap_or_else(|| {
            let set = self.option_ms(scope, "display-time");
            let long = text.chars().count() > SHORT_MESSAGE && !set.is_zero();
            let reading = PER_CHARACTER * u32::try_from(text.chars().count()).unwrap_or(u32::MAX).min(1000);
            if long { set.max(reading) } else { set }
        });
        let until = (!delay.is_zero()).then(|| self.now + delay);
        self.log_message(text.clone());
        if self.clients.get(&client).is_some_and(|c| c.control.is_some()) {
            self.note_line(client, format!("%message {text}"));
            return;
        }
        if let Some(c) = self.clients.get_mut(&client) {
            c.message = Some(Message { text, until, error });
            self.redraw.insert(client);
        }
    }

    /// Text a command prints: to its client's standard output, or over the pane of an attached one.
    pub(crate) fn print(&mut self, origin: &Origin, text: &str) {
        if text.is_empty() {
            return;
        }
        let Some(c) = origin.client.and_then(|c| self.clients.get(&c)) else { return };
        let client = c.id;
        if c.control.is_some() {
            self.control_line(client, text.trim_end_matches('\n'));
        } else if c.attached {
            let pane = c.session.and_then(|s| self.found_session(s)).map(|f| f.pane);
            if let Some(pane) = pane {
                self.view_text(pane, text);
            }
        } else if !c.leaving {
            let mut bytes = text.as_bytes().to_vec();
            if !text.ends_with('\n') {
                bytes.push(b'\n');
            }
            self.effects.push_back(Effect::Stdout { client, bytes });
        }
    }

    /// Says why a command failed, to whoever asked.
    pub(crate) fn tell_trouble(&mut self, origin: &Origin, line: u32, trouble: &Trouble) {
        let class = trouble.class.max(1);
        let client = origin.client.and_then(|c| self.clients.get_mut(&c));
        let (id, attached) = match client {
            Some(c) => {
                if !c.attached {
                    c.exit_code = class;
                }
                (Some(c.id), c.attached)
            }
            None => (None, false),
        };
        if trouble.text.is_empty() || origin.quiet {
            return;
        }
        let text = match &origin.file {
            Some(file) if line > 0 => format!("{file}:{line}: {}", trouble.text),
            _ => trouble.text.clone(),
        };
        match id {
            Some(client) if self.clients.get(&client).is_some_and(|c| c.control.is_some()) => {
                self.control_line(client, text.trim_end_matches('\n'));
            }
            Some(client) if attached => {
                let mut chars = text.chars();
                let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
                let shown = if origin.file.is_some() { text.clone() } else { first + chars.as_str() };
                self.show_message(client, shown, None, true);
            }
            Some(client) => {
                let bytes = format!("{}\n", text.trim_end_matches('\n')).into_bytes();
                self.effects.push_back(Effect::Stderr { client, bytes });
            }
            None => {
                self.log_message(text.clone());
                if origin.file.is_some() {
                    self.config_errors.push(text);
                }
            }
        }
    }

    /// The way to all keys, for somebody who has never configured anything; once in a server's life.
    pub(crate) fn greet(&mut self, client: ClientId, session: crate::ids::SessionId) {
        if !std::mem::take(&mut self.greet) {
            return;
        }
        let prefix = self.option_text(Scope::Session(session), "prefix");
        let text = format!("Welcome to qmux. {prefix} then ? shows all keys, {prefix} then d detaches.");
        self.show_message(client, text, Some(GREETING), false);
    }

    /// The configuration has been read: what was wrong is shown in its first session, if it made one.
    pub(crate) fn config_read(&mut self) {
        let first = self.sessions.values().min_by(|a, b| a.name.cmp(&b.name)).map(|s| s.id);
        if let Some(session) = first {
            self.config_errors_in(session);
        }
    }

    /// What was wrong with the configuration and nobody was shown yet.
    fn config_errors_told(&mut self) -> String {
        if self.loading_config {
            return String::new();
        }
        let text = self.config_errors.get(self.config_errors_shown..).unwrap_or_default().join("\n");
        self.config_errors_shown = self.config_errors.len();
        text
    }

    /// Errors of the configuration, in the current pane of a session.
    pub(crate) fn config_errors_in(&mut self, session: crate::ids::SessionId) {
        let text = self.config_errors_told();
        if text.is_empty() {
            return;
        }
        if let Some(found) = self.found_session(session) {
            self.view_text(found.pane, &text);
        }
    }

    /// Errors of the configuration, to the first client that can show them.
    pub(crate) fn show_config_errors(&mut self, client: ClientId) {
        if self.clients.get(&client).is_some_and(|c| c.control.is_some()) {
            let text = self.config_errors_told();
            text.lines().for_each(|line| self.note_line(client, format!("%config-error {line}")));
        } else if let Some(session) = self.clients.get(&client).and_then(|c| c.session) {
            self.config_errors_in(session);
        }
    }
}
