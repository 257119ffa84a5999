//! Making and unmaking sessions, windows and panes; who is current.

use super::alerts::Alert;
use super::event::{Effect, HostChoice, Place, SpawnSpec};
use super::layout::{Layout, Rect, SplitHow};
use super::listen::News;
use super::model::{BorderStatus, Link, Mode, Pane, Session, Window};
use super::names::clean_name;
use super::options::Options;
use super::settings::Scope;
use super::{Mux, PaneInfo};
use crate::ids::{ClientId, ExitStatus, PaneId, SessionId, Size, WindowId};
use crate::vt::Screen;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Most sessions, windows and panes; more come from a runaway script.
pub const MAX_THINGS: usize = 10_000;

/// How long the commands of a command client wait for a pane that one of them started. Scripts ask for its
/// process and its terminal at once.
const STARTING: Duration = Duration::from_secs(3);

/// What to start in a pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// Program and arguments; empty is the default command.
    pub argv: Vec<String>,
    /// Directory, empty for the session's.
    pub cwd: String,
    /// Additions to the environment.
    pub env: Vec<(String, String)>,
    /// Where.
    pub host: HostChoice,
    /// Start nothing: the pane shows what it is given (`split-window ''`, `restore`).
    pub empty: bool,
}

impl Mux {
    pub(crate) fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    /// Makes a pane in a window (which need not exist yet) and asks for its program.
    pub(crate) fn make_pane(
        &mut self,
        window: WindowId,
        session: Option<SessionId>,
        size: Size,
        start: Start,
    ) -> PaneId {
        let id = PaneId(self.next_pane);
        self.next_pane += 1;
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        let limit = self.option_number(scope, "history-limit").clamp(0, 100_000_000) as usize;
        let mut screen = Screen::new(size, limit);
        screen.set_title(&self.config.host);
        // Nobody has changed it: a program's first output is not to be told as a new title.
        screen.take_events();
        let cwd = if start.cwd.is_empty() {
            session.and_then(|s| self.sessions.get(&s)).map_or(self.config.home.clone(), |s| s.path.clone())
        } else {
            start.cwd.clone()
        };
        let pane = Pane {
            id,
            window,
            life: None,
            place: Place::Starting,
            screen,
            mode: None,
            searched: None,
            size,
            info: PaneInfo { path: cwd.clone(), ..PaneInfo::default() },
            start_argv: start.argv.clone(),
            start_path: cwd,
            dead: None,
            dead_since: 0,
            options: Options::default(),
            input_off: false,
            progress: None,
            typed_ahead: VecDeque::new(),
            pipe: None,
            marks: VecDeque::new(),
            bar: (0, 0),
            title_set: false,
            silent_since: Some(self.now),
            ran_on: None,
            overflow_rung: false,
        };
        self.panes.insert(id, pane);
        self.screen_rules(id);
        if !start.empty {
            self.spawn(id, session, start);
        }
        self.persist = true;
        id
    }

    /// Asks for a pane's program; used again by `respawn-pane`.
    pub(crate) fn spawn(&mut self, id: PaneId, session: Option<SessionId>, start: Start) {
        let scope = session.map_or(Scope::GlobalSession, Scope::Session);
        let shell = self.option_text(scope, "default-shell");
        let mut argv = start.argv;
        if argv.is_empty() {
            let command = self.option_text(scope, "default-command");
            if !command.is_empty() {
                argv = vec![command];
            }
        }
        let Some(pane) = self.panes.get(&id) else { return };
        let (size, cwd) = (pane.size, pane.start_path.clone());
        let mut env = self.pane_environment(session, &start.env);
        env.insert("TMUX_PANE".into(), id.to_string());
        if start.host == HostChoice::Here {
            self.starting.insert(id, self.now + STARTING);
            env.insert("PWD".into(), cwd.clone());
        }
        env.insert("SHELL".into(), shell.clone());
        let spec = SpawnSpec { argv, shell, cwd, env: env.into_iter().collect(), size, host: start.host };
        self.effects.push_back(Effect::Spawn { pane: id, spec });
    }

    /// Makes a window with one pane; it is in no session yet.
    pub(crate) fn make_window(
        &mut self,
        session: Option<SessionId>,
        name: Option<String>,
        size: Size,
        start: Start,
    ) -> WindowId {
        let id = WindowId(self.next_window);
        self.next_window += 1;
        let argv = start.argv.clone();
        let pane = self.make_pane(id, session, size, start);
        let mut options = Options::default();
        let name = match name {
            Some(name) => {
                options.put("automatic-rename", super::options::Value::Flag(false));
                name
            }
            None => clean_name(&self.name_from_command(session, &argv)),
        };
        let now = self.wall_ms();
        let window = Window {
            id,
            name,
            layout: Layout::single(pane, size),
            panes: vec![pane],
            floats: Vec::new(),
            active: pane,
            last_panes: Vec::new(),
            zoomed: false,
            size,
            manual_size: None,
            options,
            activity: now,
            created: now,
            preset: None,
            old_layout: None,
            named_at: None,
            rename_due: None,
            border_status: BorderStatus::Off,
        };
        self.windows.insert(id, window);
        self.sizes_dirty = true;
        id
    }

    /// Puts a window into a session. False: the index is taken.
    pub(crate) fn link(&mut self, session: SessionId, index: u32, window: WindowId) -> bool {
        let Some(s) = self.sessions.get_mut(&session) else { return false };
        if s.links.contains_key(&index) {
            return false;
        }
        s.links.insert(index, Link { window, bell: false, activity: false, silence: false });
        let found = self.found_index(session, index);
        self.happened("window-linked", None, found);
        self.persist = true;
        self.sizes_dirty = true;
        self.redraw_session(session);
        true
    }

    /// The first free index from `from` on.
    pub(crate) fn free_index(&self, session: SessionId, from: u32) -> u32 {
        let Some(s) = self.sessions.get(&session) else { return from };
        (from..=u32::MAX).find(|i| !s.links.contains_key(i)).unwrap_or(from)
    }

    /// Makes place at an index: windows there and behind move up by one, as far as they touch.
    pub(crate) fn shuffle_up(&mut self, session: SessionId, from: u32) {
        let gap = self.free_index(session, from);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        for i in (from..gap).rev() {
            if let Some(link) = s.links.remove(&i) {
                s.links.insert(i + 1, link);
            }
        }
        let moved = |i: u32| if i >= from && i < gap { i + 1 } else { i };
        s.current = moved(s.current);
        s.last.iter_mut().for_each(|i| *i = moved(*i));
    }

    pub(crate) fn make_session(&mut self, name: String, path: String) -> SessionId {
        let id = SessionId(self.next_session);
        self.next_session += 1;
        let now = self.wall_ms();
        let order = self.next_order();
        let session = Session {
            id,
            name,
            links: BTreeMap::new(),
            current: 0,
            last: Vec::new(),
            options: Options::default(),
            environment: BTreeMap::new(),
            path,
            created: now,
            activity: now,
            activity_order: order,
            last_attached: 0,
            group: None,
        };
        self.sessions.insert(id, session);
        self.had_session = true;
        self.persist = true;
        id
    }

    pub(crate) fn session_by_name(&self, name: &str) -> Option<SessionId> {
        self.sessions.values().find(|s| s.name == name).map(|s| s.id)
    }

    /// Makes a window current in a session.
    pub(crate) fn select_index(&mut self, session: SessionId, index: u32) -> bool {
        let Some(window) = self.sessions.get(&session).and_then(|s| s.links.get(&index)).map(|l| l.window)
        else {
            return false;
        };
        // It is seen now, whichever session it was noticed in.
        let links = self.sessions.values_mut().flat_map(|s| s.links.values_mut());
        for link in links.filter(|l| l.window == window) {
            (link.bell, link.activity, link.silence) = (false, false, false);
        }
        let Some(s) = self.sessions.get_mut(&session) else { return false };
        if s.current != index {
            let old = s.current;
            s.last.retain(|i| *i != old && *i != index);
            s.last.push(old);
            s.current = index;
            self.sizes_dirty = true;
            self.persist = true;
            if let Some(w) = self.sessions.get(&session).and_then(|s| s.current_window()) {
                self.auto_rename(w);
            }
            let found = self.found_session(session);
            self.happened("session-window-changed", None, found);
            // To be chosen is activity too; a client of the session sees it at once.
            self.note_activity(window, Alert::Activity);
        }
        self.redraw_session(session);
        true
    }

    /// Gives a pane the keyboard of its window.
    pub(crate) fn select_pane(&mut self, pane: PaneId) {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        let Some(w) = self.windows.get_mut(&window) else { return };
        if w.active != pane {
            let old = w.active;
            w.last_panes.retain(|p| *p != old && *p != pane);
            w.last_panes.push(old);
            w.active = pane;
            if let Some(at) = w.floats.iter().position(|(p, _)| *p == pane) {
                let top = w.floats.remove(at);
                w.floats.push(top);
            }
            self.focus_report(old, false);
            self.focus_report(pane, true);
            self.auto_rename(window);
            self.persist = true;
            let found = self.found_pane(pane, None);
            self.happened("window-pane-changed", None, found);
        }
        self.redraw_window(window);
    }

    /// Tells programs that asked for it about the focus, when `focus-events` is on.
    pub(crate) fn focus_report(&mut self, pane: PaneId, focus: bool) {
        if !self.option_on(Scope::Server, "focus-events") {
            return;
        }
        let found = self.found_pane(pane, None);
        self.happened(if focus { "pane-focus-in" } else { "pane-focus-out" }, None, found);
        if let Some(p) = self.panes.get(&pane)
            && p.screen.modes().focus_events
        {
            let bytes = crate::vt::keys::encode_focus(focus, p.screen.modes());
            self.write_pane(pane, &bytes);
        }
    }

    /// Divides a pane's window. The new pane is not made active.
    pub(crate) fn split(
        &mut self,
        session: Option<SessionId>,
        at: PaneId,
        how: SplitHow,
        start: Start,
    ) -> Result<PaneId, String> {
        let window = self.panes.get(&at).map(|p| p.window).ok_or("no pane")?;
        self.unzoom(window);
        if self.panes.len() >= MAX_THINGS {
            return Err("too many panes".into());
        }
        let probe = PaneId(u32::MAX);
        let w = self.windows.get_mut(&window).ok_or("no window")?;
        if !w.layout.split(at, probe, how) {
            return Err("no space for new pane".into());
        }
        let size = w.rect(probe).map_or(Size::new(1, 1), |r| r.size());
        let pane = self.make_pane(window, session, size, start);
        self.adopt(window, at, probe, pane, how);
        Ok(pane)
    }

    /// A new pane that floats over a window's others. It is not made active.
    pub(crate) fn float(
        &mut self,
        session: Option<SessionId>,
        window: WindowId,
        rect: Rect,
        start: Start,
    ) -> Result<PaneId, String> {
        self.unzoom(window);
        if self.panes.len() >= MAX_THINGS {
            return Err("too many panes".into());
        }
        let pane = self.make_pane(window, session, rect.size(), start);
        let w = self.windows.get_mut(&window).ok_or("no window")?;
        w.panes.push(pane);
        w.floats.push((pane, rect));
        w.keep_floats_inside();
        self.apply_layout(window);
        Ok(pane)
    }

    /// Puts a pane that `split` made room for (as `probe`) into its window's list.
    pub(crate) fn adopt(&mut self, window: WindowId, at: PaneId, probe: PaneId, pane: PaneId, how: SplitHow) {
        let Some(w) = self.windows.get_mut(&window) else { return };
        w.layout.map_panes(|p| if p == probe { pane } else { p });
        let at = match (how.full, how.before) {
            (true, true) => 0,
            (true, false) => w.panes.len(),
            (false, true) => w.position(at).unwrap_or(0),
            (false, false) => w.position(at).map_or(w.panes.len(), |i| i + 1),
        };
        w.panes.insert(at, pane);
        if let Some(p) = self.panes.get_mut(&pane) {
            p.window = window;
        }
        self.apply_layout(window);
    }

    /// Sets the sizes of a window's panes from its layout.
    pub(crate) fn apply_layout(&mut self, window: WindowId) {
        let Some(w) = self.windows.get_mut(&window) else { return };
        w.keep_floats_inside();
        let mut sizes: Vec<(PaneId, Size)> =
            w.panes.iter().filter_map(|p| w.rect(*p).map(|r| (*p, r.size()))).collect();
        if w.zoomed
            && let Some((p, r)) = w.rects().first()
        {
            sizes.retain(|(q, _)| q != p);
            sizes.push((*p, r.size()));
        }
        for (id, size) in sizes {
            let Some(pane) = self.panes.get_mut(&id) else { continue };
            if pane.size == size {
                continue;
            }
            pane.size = size;
            pane.screen.resize(size);
            match &mut pane.mode {
                Some(Mode::Copy(c)) => c.resize(size),
                Some(Mode::List(l)) => {
                    l.rows = usize::from(size.rows);
                    l.follow();
                }
                Some(Mode::Clock) | None => {}
            }
            if pane.dead.is_none() && !matches!(pane.place, Place::Gone(_)) {
                self.effects.push_back(Effect::Resize { pane: id, size });
            }
        }
        self.persist = true;
        self.redraw_window(window);
        let found = self.found_window(window, None);
        self.happened("window-layout-changed", None, found);
    }

    pub(crate) fn unzoom(&mut self, window: WindowId) -> bool {
        let Some(w) = self.windows.get_mut(&window).filter(|w| w.zoomed) else { return false };
        w.zoomed = false;
        self.apply_layout(window);
        true
    }

    pub(crate) fn zoom(&mut self, pane: PaneId) {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        if self.windows.get(&window).is_none_or(|w| w.panes.len() < 2 || w.zoomed) {
            return;
        }
        self.select_pane(pane);
        if let Some(w) = self.windows.get_mut(&window) {
            w.zoomed = true;
        }
        self.apply_layout(window);
    }

    /// Ends a pane's processes and takes it away.
    pub(crate) fn kill_pane(&mut self, pane: PaneId) {
        let alive = self.panes.get(&pane).is_some_and(|p| p.dead.is_none());
        if alive {
            self.effects.push_back(Effect::Kill { pane });
        }
        self.remove_pane(pane);
    }

    /// Takes a pane out of its window; an empty window goes with it. The pane itself is forgotten.
    pub(crate) fn remove_pane(&mut self, pane: PaneId) {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        self.pane_closes(pane);
        let last = self.windows.get(&window).is_some_and(|w| w.panes.len() == 1 && w.panes[0] == pane);
        if last {
            self.remove_window(window);
        } else {
            self.detach_pane(pane);
        }
        if let Some(p) = self.panes.remove(&pane)
            && let Some(request) = p.pipe
        {
            self.stop_pipe(request);
        }
        if self.marked == Some(pane) {
            self.marked = None;
        }
        self.persist = true;
    }

    /// Tells of a pane that is about to be taken away.
    fn pane_closes(&mut self, pane: PaneId) {
        let found = self.found_pane(pane, None);
        self.tell(News { name: "pane-closed", found, ..News::default() });
    }

    pub(crate) fn stop_pipe(&mut self, request: crate::ids::RequestId) {
        let origin = std::sync::Arc::default();
        self.ask(super::Job::Stop { request }, super::queue::Pending::Nothing, &origin, None);
    }

    /// Takes a pane out of a window with others: layout, activity, order.
    pub(crate) fn detach_pane(&mut self, pane: PaneId) {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        self.unzoom(window);
        let Some(w) = self.windows.get_mut(&window) else { return };
        let Some(at) = w.position(pane) else { return };
        if w.float(pane).is_some() {
            w.floats.retain(|(p, _)| *p != pane);
        } else if w.tiled().len() == 1 && !w.floats.is_empty() {
            // The last one that did not float: the lowest of the others takes its place.
            let (heir, _) = w.floats.remove(0);
            w.layout = Layout::single(heir, w.size);
        } else {
            w.layout.close(pane);
        }
        w.panes.remove(at);
        w.last_panes.retain(|p| *p != pane);
        if w.active == pane {
            let heir = w.last_pane().or_else(|| w.panes.get(at.saturating_sub(1)).copied());
            if let Some(heir) = heir.or_else(|| w.panes.first().copied()) {
                w.active = heir;
                w.last_panes.retain(|p| *p != heir);
                self.focus_report(heir, true);
            }
            self.auto_rename(window);
        }
        self.apply_layout(window);
    }

    /// Kills all panes of a window and takes it out of every session.
    pub(crate) fn kill_window(&mut self, window: WindowId) {
        let panes = self.windows.get(&window).map(|w| w.panes.clone()).unwrap_or_default();
        for pane in &panes {
            if self.panes.get(pane).is_some_and(|p| p.dead.is_none()) {
                self.effects.push_back(Effect::Kill { pane: *pane });
            }
        }
        panes.iter().for_each(|pane| self.pane_closes(*pane));
        self.remove_window(window);
        for pane in panes {
            if self.marked == Some(pane) {
                self.marked = None;
            }
            if let Some(p) = self.panes.remove(&pane)
                && let Some(request) = p.pipe
            {
                self.stop_pipe(request);
            }
        }
    }

    fn remove_window(&mut self, window: WindowId) {
        let holders: Vec<(SessionId, u32)> = self
            .sessions
            .values()
            .flat_map(|s| s.links.iter().filter(|(_, l)| l.window == window).map(|(i, _)| (s.id, *i)))
            .collect();
        for (session, index) in holders {
            self.unlink(session, index);
        }
        self.windows.remove(&window);
        self.persist = true;
    }

    /// Takes a window out of a session; an empty session goes.
    pub(crate) fn unlink(&mut self, session: SessionId, index: u32) {
        let found = self.found_index(session, index);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if s.links.remove(&index).is_none() {
            return;
        }
        self.tell(News { name: "window-unlinked", found, ..News::default() });
        self.happened("window-unlinked", None, found);
        let Some(s) = self.sessions.get_mut(&session) else { return };
        if s.links.is_empty() {
            self.end_session(session);
            return;
        }
        if s.current == index {
            // The one used before, else the next lower, else the lowest.
            let next = s.last_index().or_else(|| s.links.range(..index).next_back().map(|(i, _)| *i));
            let next = next.or_else(|| s.links.keys().next().copied()).unwrap_or(0);
            s.last.retain(|i| *i != index);
            s.current = next;
            s.last.retain(|i| *i != next);
            if let Some(l) = s.links.get_mut(&next) {
                (l.bell, l.activity, l.silence) = (false, false, false);
            }
            let found = self.found_session(session);
            self.happened("session-window-changed", None, found);
        } else {
            s.last.retain(|i| *i != index);
        }
        self.sizes_dirty = true;
        self.persist = true;
        if self.option_on(Scope::Session(session), "renumber-windows") {
            self.renumber(session);
        }
        self.redraw_session(session);
    }

    /// Closes the gaps between window indices.
    pub(crate) fn renumber(&mut self, session: SessionId) {
        let base = self.option_number(Scope::Session(session), "base-index").max(0) as u32;
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let old: Vec<(u32, Link)> = std::mem::take(&mut s.links).into_iter().collect();
        let new_of: BTreeMap<u32, u32> = old.iter().zip(base..).map(|((i, _), n)| (*i, n)).collect();
        s.links = old.into_iter().zip(base..).map(|((_, l), n)| (n, l)).collect();
        s.current = new_of.get(&s.current).copied().unwrap_or(base);
        s.last = s.last.iter().filter_map(|i| new_of.get(i).copied()).collect();
        self.persist = true;
        self.redraw_session(session);
    }

    /// Ends a session: windows that are nowhere else die with it, its clients go elsewhere or detach.
    pub(crate) fn kill_session(&mut self, session: SessionId) {
        let windows: Vec<WindowId> = self
            .sessions
            .get(&session)
            .map(|s| s.links.values().map(|l| l.window).collect())
            .unwrap_or_default();
        for window in windows {
            let elsewhere = self
                .sessions
                .values()
                .any(|s| s.id != session && s.links.values().any(|l| l.window == window));
            if !elsewhere {
                self.kill_window(window);
            }
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.links.clear();
            self.end_session(session);
        }
    }

    /// An empty session goes: its clients show another (`detach-on-destroy`) or leave.
    fn end_session(&mut self, session: SessionId) {
        let mode = self.option_text(Scope::Session(session), "detach-on-destroy");
        let name = self.sessions.get(&session).map(|s| s.name.clone()).unwrap_or_default();
        let mut others: Vec<&Session> = self.sessions.values().filter(|s| s.id != session).collect();
        others.sort_by(|a, b| a.name.cmp(&b.name));
        let next = match mode.as_str() {
            "off" => others.iter().max_by_key(|s| s.activity_order).map(|s| s.id),
            "no-detached" => others
                .iter()
                .filter(|s| self.clients.values().any(|c| c.attached && c.session == Some(s.id)))
                .max_by_key(|s| s.activity_order)
                .map(|s| s.id),
            "next" => others.iter().find(|s| s.name > name).or(others.first()).map(|s| s.id),
            "previous" => others.iter().rev().find(|s| s.name < name).or(others.last()).map(|s| s.id),
            _ => None,
        };
        let gone = [("hook_session", session.to_string()), ("hook_session_name", name)];
        self.tell(News { name: "session-closed", session: Some(session), ..News::default() });
        self.sessions.remove(&session);
        self.note("session-closed", None, None);
        let words = gone.map(|(word, value)| (word.to_owned(), value)).into();
        self.run_hook("session-closed", None, None, None, words);
        self.persist = true;
        self.sizes_dirty = true;
        let here: Vec<ClientId> = self
            .clients
            .values()
            .filter(|c| c.attached && c.session == Some(session))
            .map(|c| c.id)
            .collect();
        for client in here {
            let stays = self.clients.get(&client).is_some_and(|c| c.stays);
            match next.or_else(|| self.best_session(false).filter(|_| stays)) {
                Some(next) => self.show_session(client, next),
                None => self.detach(client, "exited".into()),
            }
        }
        for c in self.clients.values_mut() {
            if c.last_session == Some(session) {
                c.last_session = None;
            }
        }
    }

    /// Makes a client a terminal that shows this session, or shows it another one.
    pub(crate) fn show_session(&mut self, client: ClientId, session: SessionId) {
        let (now, order) = (self.wall_ms(), self.next_order());
        let Some(c) = self.clients.get_mut(&client) else { return };
        let changes = c.session != Some(session);
        if changes {
            if c.session.is_some() {
                c.last_session = c.session;
            }
            c.session = Some(session);
        }
        c.key_table = None;
        c.repeat_until = None;
        c.activity = now;
        c.activity_order = order;
        if !c.attached {
            c.attached = true;
            let control = c.control.is_some();
            if !control {
                self.effects.push_back(Effect::Attach { client });
                self.ask_terminal(client);
            }
            self.show_config_errors(client);
            if !control {
                self.greet(client, session);
            }
            let found = self.found_session(session);
            self.happened("client-attached", Some(client), found);
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.activity = now;
            s.activity_order = order;
            s.last_attached = now;
            let current = s.current;
            if let Some(l) = s.links.get_mut(&current) {
                (l.bell, l.activity, l.silence) = (false, false, false);
            }
        }
        self.sizes_dirty = true;
        self.redraw.insert(client);
        if let Some(w) = self.sessions.get(&session).and_then(|s| s.current_window()) {
            self.auto_rename(w);
        }
        if changes {
            let found = self.found_session(session);
            self.happened("client-session-changed", Some(client), found);
        }
    }

    /// Ends a client's attachment, saying how and from which session.
    pub(crate) fn send_away(&mut self, client: ClientId, how: &str) {
        let session = self.clients.get(&client).and_then(|c| c.session).and_then(|s| self.sessions.get(&s));
        let name = session.map_or("", |s| s.name.as_str());
        self.detach(client, format!("{how} (from session {name})"));
    }

    /// A client ceases to be a terminal.
    pub(crate) fn detach(&mut self, client: ClientId, message: String) {
        let Some(c) = self.clients.get_mut(&client).filter(|c| c.attached && !c.leaving) else { return };
        c.leaving = true;
        c.attached = false;
        let session = c.session.take();
        let overlay = c.overlay.take();
        match &mut c.control {
            // It goes when what it has been told is on its way.
            Some(control) => control.end(),
            None => self.effects.push_back(Effect::Detach { client, message }),
        }
        if let Some(overlay) = overlay {
            self.end_overlay(overlay);
        }
        self.client_left(client, session);
        self.client_is_detached(client, session);
    }

    /// Tells of a client that was attached; its name is still known.
    pub(crate) fn client_is_detached(&mut self, client: ClientId, session: Option<SessionId>) {
        let found = session.and_then(|s| self.found_session(s));
        let name = "client-detached";
        self.tell(News { name, client: Some(client), found, session, ..News::default() });
        self.note(name, Some(client), found);
        let words = self.what_happened(name, Some(client), found);
        self.run_hook(name, None, None, found, words);
    }

    /// What ends with a client that was attached.
    pub(crate) fn client_left(&mut self, client: ClientId, session: Option<SessionId>) {
        self.queues.remove(&Some(client));
        self.sizes_dirty = true;
        let Some(session) = session else { return };
        let mode = self.option_text(Scope::Session(session), "destroy-unattached");
        let alone = !self.clients.values().any(|c| c.attached && c.session == Some(session));
        let members = self.group_of(session).len();
        let goes = match mode.as_str() {
            "on" => true,
            "keep-last" => members > 1,
            "keep-group" => members != 1,
            _ => false,
        };
        if alone && goes {
            self.kill_session(session);
        }
    }

    // ---- drawing ----

    pub(crate) fn redraw_all(&mut self) {
        self.chrome += 1;
        self.redraw.extend(self.clients.values().filter(|c| c.attached).map(|c| c.id));
    }

    pub(crate) fn redraw_session(&mut self, session: SessionId) {
        self.chrome += 1;
        let of = self.clients.values().filter(|c| c.attached && c.session == Some(session)).map(|c| c.id);
        self.redraw.extend(of);
    }

    /// Clients whose session holds the window: its name is in their status line even when it is not current.
    pub(crate) fn redraw_window(&mut self, window: WindowId) {
        self.chrome += 1;
        for c in self.clients.values().filter(|c| c.attached) {
            let holds = c
                .session
                .and_then(|s| self.sessions.get(&s))
                .is_some_and(|s| s.links.values().any(|l| l.window == window));
            if holds {
                self.redraw.insert(c.id);
            }
        }
    }

    /// Clients that show the pane now.
    pub(crate) fn redraw_pane(&mut self, pane: PaneId) {
        let Some(window) = self.panes.get(&pane).map(|p| p.window) else { return };
        self.redraw_previews(window);
        let Some(w) = self.windows.get(&window) else { return };
        if w.zoomed && w.active != pane {
            return;
        }
        for c in self.clients.values().filter(|c| c.attached) {
            let shows = c.session.and_then(|s| self.sessions.get(&s)).and_then(|s| s.current_window());
            if shows == Some(window) {
                self.redraw.insert(c.id);
            }
        }
    }

    /// The exit of a pane's first process.
    pub(crate) fn pane_exited(&mut self, pane: PaneId, status: ExitStatus) {
        let now = self.wall_ms();
        let remain = self.option_text(Scope::Pane(pane), "remain-on-exit");
        if let Some(client) = self.popup_of(pane) {
            return self.popup_exited(client, status);
        }
        let Some(p) = self.panes.get_mut(&pane) else { return };
        p.place = Place::Gone(status);
        p.dead = Some(status);
        p.dead_since = now;
        p.typed_ahead.clear();
        let window = p.window;
        self.exit_for_waits(pane, status);
        let stays = match remain.as_str() {
            "on" | "key" => true,
            "failed" => status != ExitStatus::Code(0),
            _ => false,
        };
        if stays {
            let format = self.option_text(Scope::Pane(pane), "remain-on-exit-format");
            let text = crate::format::style::plain(&self.expand_for_pane(&format, pane));
            if let Some(p) = self.panes.get_mut(&pane) {
                let rows = p.size.rows;
                // Below everything, as tmux: on the last row, after the cursor's own content scrolled up.
                p.screen.advance(format!("\x1b[?1049l\x1b[r\x1b[{rows};1H\n\x1b[0m{text}").as_bytes());
            }
            self.auto_rename(window);
            self.redraw_window(window);
            self.persist = true;
            let found = self.found_pane(pane, None);
            self.happened("pane-died", None, found);
        } else {
            let found = self.found_pane(pane, None);
            let session = found.map(|f| f.session);
            self.tell(News { name: "pane-exited", found, ..News::default() });
            self.remove_pane(pane);
            let found = session.and_then(|s| self.found_session(s));
            self.happened("pane-exited", None, found);
        }
    }

    /// Ends the server when nothing is left and `exit-empty` says so.
    pub(crate) fn check_exit(&mut self) {
        let empty =
            self.sessions.is_empty() && self.had_session && self.option_on(Scope::Server, "exit-empty");
        let idle = self.option_on(Scope::Server, "exit-unattached")
            && self.had_session
            && !self.clients.values().any(|c| c.attached);
        // Who only listens or waits is no reason to stay.
        let idles =
            |c: &super::Client| c.listener.is_some() || self.waits.iter().any(|w| w.queue == Some(c.id));
        let busy = self.clients.values().any(|c| !c.leaving && !c.attached && !idles(c));
        if !self.shut && (empty || idle) && !busy {
            self.shut_down();
        }
    }

    pub(crate) fn shut_down(&mut self) {
        if std::mem::replace(&mut self.shut, true) {
            return;
        }
        let attached: Vec<ClientId> = self.clients.values().filter(|c| c.attached).map(|c| c.id).collect();
        for client in attached {
            self.detach(client, "server exited".into());
        }
        self.dismiss_waits();
        self.end_listeners();
        self.settle_listeners();
        self.run_queues();
        self.effects.push_back(Effect::Shutdown);
    }
}
