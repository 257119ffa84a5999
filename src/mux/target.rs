//! What a target names: sessions, windows, panes and clients, by tmux's rules.

use super::layout::Rect;
use super::queue::Origin;
use super::{Mux, Session, Window};
use crate::command::target::{TargetKind, TargetParts, offset, split};
use crate::format::glob;
use crate::ids::{ClientId, PaneId, SessionId, WindowId};

/// A place: a session, one of its windows, one of its panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The session.
    pub session: SessionId,
    /// The window's index in it.
    pub index: u32,
    /// The window.
    pub window: WindowId,
    /// The pane.
    pub pane: PaneId,
}

impl Mux {
    /// A session's current place.
    pub(crate) fn found_session(&self, session: SessionId) -> Option<Found> {
        let s = self.sessions.get(&session)?;
        self.found_index(session, s.current)
    }

    pub(crate) fn found_index(&self, session: SessionId, index: u32) -> Option<Found> {
        let window = self.sessions.get(&session)?.links.get(&index)?.window;
        let pane = self.windows.get(&window)?.active;
        Some(Found { session, index, window, pane })
    }

    /// A pane in the session that holds its window (the most recently used, preferring `near`).
    pub(crate) fn found_pane(&self, pane: PaneId, near: Option<SessionId>) -> Option<Found> {
        let window = self.panes.get(&pane)?.window;
        let found = self.found_window(window, near)?;
        Some(Found { pane, ..found })
    }

    pub(crate) fn found_window(&self, window: WindowId, near: Option<SessionId>) -> Option<Found> {
        let holds = |s: &&Session| s.links.values().any(|l| l.window == window);
        let session = near
            .and_then(|s| self.sessions.get(&s))
            .filter(holds)
            .or_else(|| self.sessions.values().filter(holds).max_by_key(|s| s.activity_order))?;
        self.found_index(session.id, session.index_of(window)?)
    }

    /// The session used most recently.
    pub(crate) fn best_session(&self, prefer_unattached: bool) -> Option<SessionId> {
        let attached = |s: &Session| self.clients.values().any(|c| c.attached && c.session == Some(s.id));
        self.sessions
            .values()
            .max_by_key(|s| (prefer_unattached && !attached(s), s.activity_order))
            .map(|s| s.id)
    }

    /// What a command is about when it does not say: the mouse's or key's pane, the pane the client runs in, the
    /// client's session, or the most recently used session.
    pub(crate) fn current(&self, origin: &Origin) -> Option<Found> {
        if let Some(f) = origin.current
            && self.sessions.get(&f.session).is_some_and(|s| s.links.contains_key(&f.index))
            && self.panes.contains_key(&f.pane)
        {
            return Some(f);
        }
        if let Some(client) = origin.client.and_then(|c| self.clients.get(&c)) {
            if let Some(found) = client.session.and_then(|s| self.found_session(s)) {
                return Some(found);
            }
            if let Some(found) = self.pane_around(client) {
                return Some(found);
            }
        }
        self.found_session(self.best_session(false)?)
    }

    /// The pane a command client runs inside of, by its terminal or `$TMUX_PANE`.
    pub(crate) fn pane_around(&self, client: &super::Client) -> Option<Found> {
        let env = |name: &str| client.hello.env.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
        let by_tty = client
            .hello
            .tty
            .as_ref()
            .and_then(|tty| self.panes.values().find(|p| p.info.tty == *tty && p.host().is_none()));
        let pane = match by_tty {
            Some(p) => p.id,
            None => {
                // Another server's pane numbers mean nothing here.
                let ours = env("TMUX").is_none_or(|t| t.split(',').next() == Some(&self.config.socket_path));
                let id = env("TMUX_PANE").filter(|_| ours)?.strip_prefix('%')?.parse().ok()?;
                PaneId(id)
            }
        };
        let near = env("TMUX").and_then(|t| t.rsplit(',').next()?.parse().ok()).map(SessionId);
        self.found_pane(pane, near)
    }

    /// Looks a target up. `None` as target is the current place.
    pub(crate) fn find(
        &self,
        origin: &Origin,
        target: Option<&str>,
        kind: TargetKind,
    ) -> Result<Found, String> {
        let parts = split(target.unwrap_or(""), kind);
        let nothing = || match kind {
            TargetKind::Session | TargetKind::Window | TargetKind::Pane => "no current target".to_owned(),
        };
        if parts.mouse {
            return origin.mouse.and_then(|m| m.found(self)).ok_or_else(|| "no mouse target".to_owned());
        }
        if parts.marked {
            return self
                .marked
                .and_then(|p| self.found_pane(p, None))
                .ok_or_else(|| "no marked target".to_owned());
        }
        if parts.session.is_none() && parts.window.is_none() && parts.pane.is_none() {
            return self
                .current(origin)
                .ok_or_else(|| if self.sessions.is_empty() { "no sessions".to_owned() } else { nothing() });
        }
        self.find_parts(origin, &parts)
    }

    fn find_parts(&self, origin: &Origin, parts: &TargetParts) -> Result<Found, String> {
        let current = self.current(origin);
        let need = || current.ok_or_else(|| "no current target".to_owned());
        let base = match &parts.session {
            Some(name) => {
                let id = self
                    .find_session(name, parts.exact_session)
                    .ok_or_else(|| format!("can't find session: {name}"))?;
                Some(self.found_session(id).ok_or("session has no window")?)
            }
            None => None,
        };
        let place = match &parts.window {
            None => base,
            Some(name) => {
                let lost = || format!("can't find window: {name}");
                let found = match base {
                    Some(b) => self.find_window_in(b.session, name, parts.exact_window),
                    None if name.starts_with('@') => self.window_by_id(name, current.map(|c| c.session)),
                    None => {
                        let here =
                            current.and_then(|c| self.find_window_in(c.session, name, parts.exact_window));
                        here.or_else(|| {
                            (parts.window_only && !parts.exact_window)
                                .then(|| self.find_session(name, false))
                                .flatten()
                                .and_then(|s| self.found_session(s))
                        })
                    }
                };
                Some(found.ok_or_else(lost)?)
            }
        };
        let Some(name) = &parts.pane else {
            return match place {
                Some(p) => Ok(p),
                None => need(),
            };
        };
        let lost = || format!("can't find pane: {name}");
        if let Some(p) = place {
            let pane = self.find_pane_in(p, name, origin).ok_or_else(lost)?;
            return Ok(Found { pane, ..p });
        }
        if let Some(number) = name.strip_prefix('%') {
            let id = number.parse().map(PaneId).map_err(|_| lost())?;
            return self.found_pane(id, current.map(|c| c.session)).ok_or_else(lost);
        }
        if let Some(c) = current
            && let Some(pane) = self.find_pane_in(c, name, origin)
        {
            return Ok(Found { pane, ..c });
        }
        if parts.pane_only {
            // Alone it may also be a window, and then a session.
            let window = current.and_then(|c| self.find_window_in(c.session, name, false));
            let session = || self.find_session(name, false).and_then(|s| self.found_session(s));
            return window.or_else(session).ok_or_else(lost);
        }
        Err(lost())
    }

    /// A session by number, name, client, beginning of a name or pattern. Two that fit are none.
    pub(crate) fn find_session(&self, name: &str, exact: bool) -> Option<SessionId> {
        if let Some(id) = name.strip_prefix('$').and_then(|n| n.parse().ok()).map(SessionId)
            && self.sessions.contains_key(&id)
        {
            return Some(id);
        }
        if let Some(id) = self.session_by_name(name) {
            return Some(id);
        }
        if let Some(client) = self.clients.values().find(|c| c.attached && c.name == name) {
            return client.session;
        }
        if exact {
            return None;
        }
        let only = |fits: &dyn Fn(&Session) -> bool| {
            let mut all = self.sessions.values().filter(|s| fits(s));
            match (all.next(), all.next()) {
                (Some(s), None) => Some(Ok(s.id)),
                (None, _) => None,
                (Some(_), Some(_)) => Some(Err(())),
            }
        };
        match only(&|s| s.name.starts_with(name)) {
            Some(found) => found.ok(),
            None => only(&|s| glob::matches(name, &s.name)).and_then(Result::ok),
        }
    }

    fn window_by_id(&self, name: &str, near: Option<SessionId>) -> Option<Found> {
        let id = name.strip_prefix('@')?.parse().ok().map(WindowId)?;
        self.found_window(id, near)
    }

    pub(crate) fn find_window_in(&self, session: SessionId, name: &str, exact: bool) -> Option<Found> {
        let s = self.sessions.get(&session)?;
        let at = |index: u32| self.found_index(session, index);
        if let Some(id) = name.strip_prefix('@') {
            let id = WindowId(id.parse().ok()?);
            return at(s.index_of(id)?);
        }
        if !exact {
            if let Some(n) = offset(name) {
                let indices: Vec<u32> = s.links.keys().copied().collect();
                let here = indices.iter().position(|i| *i == s.current)? as i64;
                let there = (here + n).rem_euclid(indices.len() as i64);
                return at(indices[there as usize]);
            }
            match name {
                "!" => return at(s.last_index()?),
                "^" => return at(*s.links.keys().next()?),
                "$" => return at(*s.links.keys().next_back()?),
                _ => {}
            }
        }
        if let Ok(index) = name.parse::<u32>()
            && s.links.contains_key(&index)
        {
            return at(index);
        }
        let named = |fits: &dyn Fn(&Window) -> bool| {
            let mut all = s
                .links
                .iter()
                .filter(|(_, l)| self.windows.get(&l.window).is_some_and(fits))
                .map(|(i, _)| *i);
            match (all.next(), all.next()) {
                (Some(i), None) => Some(Ok(i)),
                (None, _) => None,
                (Some(_), Some(_)) => Some(Err(())),
            }
        };
        if let Some(found) = named(&|w| w.name == name) {
            return at(found.ok()?);
        }
        if exact {
            return None;
        }
        if let Some(found) = named(&|w| w.name.starts_with(name)) {
            return at(found.ok()?);
        }
        at(named(&|w| glob::matches(name, &w.name))?.ok()?)
    }

    fn find_pane_in(&self, place: Found, name: &str, _origin: &Origin) -> Option<PaneId> {
        let w = self.windows.get(&place.window)?;
        if let Some(id) = name.strip_prefix('%') {
            let id = PaneId(id.parse().ok()?);
            return w.position(id).map(|_| id);
        }
        match name {
            "!" => return w.last_pane(),
            "{active}" | "@" => return Some(w.active),
            "{up-of}" => return self.pane_beside(w, w.active, Side::Up),
            "{down-of}" => return self.pane_beside(w, w.active, Side::Down),
            "{left-of}" => return self.pane_beside(w, w.active, Side::Left),
            "{right-of}" => return self.pane_beside(w, w.active, Side::Right),
            _ => {}
        }
        if let Some(n) = offset(name) {
            let here = w.position(w.active)? as i64;
            let there = (here + n).rem_euclid(w.panes.len() as i64);
            return w.panes.get(there as usize).copied();
        }
        if let Ok(n) = name.parse::<u32>() {
            let base = self.option_number(super::Scope::Window(w.id), "pane-base-index").max(0) as u32;
            return w.panes.get(n.checked_sub(base)? as usize).copied();
        }
        pane_at_edge(w, name.strip_prefix('{').and_then(|n| n.strip_suffix('}')).unwrap_or(name))
    }

    /// The pane next to a pane, wrapping around the window; of several the one active most recently.
    pub(crate) fn pane_beside(&self, w: &Window, pane: PaneId, side: Side) -> Option<PaneId> {
        let rects = w.layout.rects();
        let full = w.layout.root.rect;
        let me = w.layout.rect(pane)?;
        let overlaps = |a: u16, a_end: u16, b: u16, b_end: u16| a < b_end && b < a_end;
        let fits = |r: &Rect| match side {
            Side::Up | Side::Down => {
                let edge = if side == Side::Up {
                    let want = if me.y == 0 { full.bottom() } else { me.y - 1 };
                    r.bottom() == want
                } else {
                    let want = if me.bottom() >= full.bottom() { 0 } else { me.bottom() + 1 };
                    r.y == want
                };
                edge && overlaps(r.x, r.right() + 1, me.x, me.right() + 1)
            }
            Side::Left | Side::Right => {
                let edge = if side == Side::Left {
                    let want = if me.x == 0 { full.right() } else { me.x - 1 };
                    r.right() == want
                } else {
                    let want = if me.right() >= full.right() { 0 } else { me.right() + 1 };
                    r.x == want
                };
                edge && overlaps(r.y, r.bottom() + 1, me.y, me.bottom() + 1)
            }
        };
        let used = |p: PaneId| {
            if p == w.active {
                usize::MAX
            } else {
                w.last_panes.iter().rposition(|q| *q == p).map_or(0, |i| i + 1)
            }
        };
        rects
            .iter()
            .filter(|(p, r)| *p != pane && fits(r))
            // Of equals the first one in the tree, as tmux.
            .rev()
            .max_by_key(|(p, _)| used(*p))
            .map(|(p, _)| *p)
    }

    /// A window's index in a session for `-t` of commands that make or move windows: it need not exist.
    pub(crate) fn find_index(
        &self,
        origin: &Origin,
        target: Option<&str>,
    ) -> Result<(SessionId, Option<u32>), String> {
        let text = target.unwrap_or("");
        if text.is_empty() {
            return self.current(origin).map(|f| (f.session, None)).ok_or_else(|| "no current target".into());
        }
        let (session, window) = match text.rsplit_once(':') {
            Some((s, w)) => (s, w),
            None if text.starts_with('$') => (text, ""),
            None => ("", text),
        };
        let strip =
            |t: &str| t.strip_prefix('=').map(|r| (r.to_owned(), true)).unwrap_or((t.to_owned(), false));
        let (name, exact) = strip(session);
        let (wname, _) = strip(window);
        let id = if name.is_empty() {
            None
        } else {
            Some(self.find_session(&name, exact).ok_or_else(|| format!("can't find session: {name}"))?)
        };
        let need = || match id {
            Some(id) => Ok(id),
            None => self.current(origin).map(|f| f.session).ok_or_else(|| "no current target".to_owned()),
        };
        if wname.is_empty() {
            return Ok((need()?, None));
        }
        if let Ok(n) = wname.parse::<u32>() {
            return Ok((need()?, Some(n.min(i32::MAX as u32))));
        }
        if let Some(n) = offset(&wname).filter(|_| wname.len() > 1) {
            let session = need()?;
            let current = self.sessions.get(&session).map_or(0, |s| i64::from(s.current));
            return Ok((session, Some((current + n).clamp(0, i64::from(i32::MAX)) as u32)));
        }
        let f = self.find(origin, target, TargetKind::Window)?;
        let alone = id.is_none() && self.find_window_in(f.session, &wname, false).is_none();
        Ok((f.session, (!alone).then_some(f.index)))
    }

    /// A client by `-t`/`-c`: its name, its terminal; without one, the asking client or the most recent that
    /// shows the current session.
    pub(crate) fn find_client(&self, origin: &Origin, name: Option<&str>) -> Result<ClientId, String> {
        if let Some(name) = name {
            let name = name.strip_suffix(':').unwrap_or(name);
            if matches!(name, "=" | "{mouse}")
                && let Some(c) = origin.client
            {
                return Ok(c);
            }
            return self
                .clients
                .values()
                .filter(|c| c.attached)
                .find(|c| c.name == name || c.name.strip_prefix("/dev/") == Some(name))
                .map(|c| c.id)
                .ok_or_else(|| format!("can't find client: {name}"));
        }
        let asker = origin.client.and_then(|c| self.clients.get(&c));
        if let Some(c) = asker.filter(|c| c.attached) {
            return Ok(c.id);
        }
        let session = asker.and_then(|c| self.pane_around(c)).map(|f| f.session);
        let best = |session: Option<SessionId>| {
            self.clients
                .values()
                .filter(|c| c.attached && (session.is_none() || c.session == session))
                .max_by_key(|c| c.activity_order)
                .map(|c| c.id)
        };
        session
            .and_then(|s| best(Some(s)))
            .or_else(|| best(None))
            .ok_or_else(|| "no current client".to_owned())
    }
}

/// A side of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Above.
    Up,
    /// Below.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
}

/// `{top-left}` and the like: the pane at that point of the window.
fn pane_at_edge(w: &Window, name: &str) -> Option<PaneId> {
    let full = w.layout.root.rect;
    let (right, bottom) = (full.w.saturating_sub(1), full.h.saturating_sub(1));
    let (x, y) = match name {
        "top" => (full.w / 2, 0),
        "bottom" => (full.w / 2, bottom),
        "left" => (0, full.h / 2),
        "right" => (right, full.h / 2),
        "top-left" => (0, 0),
        "top-right" => (right, 0),
        "bottom-left" => (0, bottom),
        "bottom-right" => (right, bottom),
        _ => return None,
    };
    // A point on a border belongs to the pane before it.
    w.layout
        .rects()
        .into_iter()
        .find(|(_, r)| x >= r.x && x <= r.right() && y >= r.y && y <= r.bottom())
        .map(|(p, _)| p)
}
