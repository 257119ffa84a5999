//! The structure as bytes, for the next server: names, windows, layouts, options, which life is in which pane.
//!
//! Screens are saved apart. Versioned and self-describing: fields a reader does not know are skipped.

use super::layout::{Layout, Rect};
use super::model::{BorderStatus, Link, Window};
use super::names::safe_name;
use super::options::{Options, Value};
use super::structure::Start;
use super::{Mux, Place};
use crate::ids::{LifeId, PaneId, SessionId, Size, WindowId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Newest form written.
const VERSION: u32 = 1;

/// Longest saved structure read, in bytes.
pub const MAX_SAVED: usize = 64 * 1024 * 1024;

/// Saved bytes that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not of the form.
    #[error("the saved sessions cannot be read: {0}")]
    Form(#[from] rmp_serde::decode::Error),
    /// Made by a newer qmux in a form this one does not know.
    #[error("the saved sessions are of version {0}, this qmux reads up to {VERSION}")]
    Version(u32),
    /// Too long.
    #[error("the saved sessions are longer than {MAX_SAVED} bytes")]
    TooLong,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Saved {
    version: u32,
    next_session: u32,
    next_window: u32,
    next_pane: u32,
    sessions: Vec<SavedSession>,
    windows: Vec<SavedWindow>,
    panes: Vec<SavedPane>,
    server_options: SavedOptions,
    session_options: SavedOptions,
    window_options: SavedOptions,
    environment: BTreeMap<String, Option<String>>,
    marked: Option<PaneId>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct SavedSession {
    id: u32,
    name: String,
    links: Vec<(u32, u32)>,
    current: u32,
    last: Vec<u32>,
    options: SavedOptions,
    environment: BTreeMap<String, Option<String>>,
    path: String,
    created: i64,
    activity: i64,
    group: Option<String>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct SavedWindow {
    id: u32,
    name: String,
    layout: String,
    panes: Vec<u32>,
    /// The panes in the order of the layout's places.
    places: Vec<u32>,
    /// Floating panes: number and place (x, y, width, height), the topmost last.
    floats: Vec<(u32, (u16, u16, u16, u16))>,
    active: u32,
    last_panes: Vec<u32>,
    zoomed: bool,
    cols: u16,
    rows: u16,
    manual: Option<(u16, u16)>,
    options: SavedOptions,
    created: i64,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct SavedPane {
    id: u32,
    life: Option<LifeId>,
    place: Place,
    argv: Vec<String>,
    path: String,
    options: SavedOptions,
    title: String,
    /// A remaining dead pane: shown again as such.
    dead: Option<crate::ids::ExitStatus>,
    dead_since: i64,
}

#[derive(Clone, Serialize, Deserialize)]
enum SavedValue {
    Text(String),
    Number(i64),
    Flag(bool),
    Array(BTreeMap<u32, String>),
}

type SavedOptions = BTreeMap<String, SavedValue>;

fn save_options(o: &Options) -> SavedOptions {
    let value = |v: &Value| match v {
        Value::Text(t) => SavedValue::Text(t.clone()),
        Value::Number(n) => SavedValue::Number(*n),
        Value::Flag(b) => SavedValue::Flag(*b),
        Value::Array(a) => SavedValue::Array(a.clone()),
    };
    o.iter().map(|(k, v)| (k.to_owned(), value(v))).collect()
}

fn load_options(saved: SavedOptions) -> Options {
    let mut out = Options::default();
    for (name, value) in saved {
        let value = match value {
            SavedValue::Text(t) => Value::Text(t),
            SavedValue::Number(n) => Value::Number(n),
            SavedValue::Flag(b) => Value::Flag(b),
            SavedValue::Array(a) => Value::Array(a),
        };
        out.put(&name, value);
    }
    out
}

impl Mux {
    /// The structure as bytes.
    pub fn save(&self) -> Vec<u8> {
        let sessions = self.sessions.values().map(|s| SavedSession {
            id: s.id.0,
            name: s.name.clone(),
            links: s.links.iter().map(|(i, l)| (*i, l.window.0)).collect(),
            current: s.current,
            last: s.last.clone(),
            options: save_options(&s.options),
            environment: s.environment.clone(),
            path: s.path.clone(),
            created: s.created,
            activity: s.activity,
            group: s.group.clone(),
        });
        let windows = self.windows.values().map(|w| SavedWindow {
            id: w.id.0,
            name: w.name.clone(),
            layout: w.layout.to_text(),
            panes: w.panes.iter().map(|p| p.0).collect(),
            places: w.layout.panes().iter().map(|p| p.0).collect(),
            floats: w.floats.iter().map(|(p, r)| (p.0, (r.x, r.y, r.w, r.h))).collect(),
            active: w.active.0,
            last_panes: w.last_panes.iter().map(|p| p.0).collect(),
            zoomed: w.zoomed,
            cols: w.size.cols,
            rows: w.size.rows,
            manual: w.manual_size.map(|s| (s.cols, s.rows)),
            options: save_options(&w.options),
            created: w.created,
        });
        let panes = self.panes.values().map(|p| SavedPane {
            id: p.id.0,
            life: p.life,
            place: p.place.clone(),
            argv: p.start_argv.clone(),
            path: p.start_path.clone(),
            options: save_options(&p.options),
            title: p.title().to_owned(),
            dead: p.dead,
            dead_since: p.dead_since,
        });
        let saved = Saved {
            version: VERSION,
            next_session: self.next_session,
            next_window: self.next_window,
            next_pane: self.next_pane,
            sessions: sessions.collect(),
            windows: windows.collect(),
            panes: panes.collect(),
            server_options: save_options(&self.server_options),
            session_options: save_options(&self.session_options),
            window_options: save_options(&self.window_options),
            environment: self.environment.clone(),
            marked: self.marked,
        };
        rmp_serde::to_vec_named(&saved).expect("plain data in memory can always be written")
    }

    /// Takes a saved structure over, before any client. `alive` are the lives whose keepers answer, with the place
    /// each is at; panes of other lives are gone, and windows and sessions without panes with them. Lives nothing
    /// is known of go to a session `recovered`. Gives the pane of every life.
    pub fn load(
        &mut self,
        saved: &[u8],
        alive: &[(LifeId, Place)],
    ) -> Result<Vec<(LifeId, PaneId)>, LoadError> {
        let saved = if saved.is_empty() {
            Saved { version: VERSION, ..Saved::default() }
        } else {
            if saved.len() > MAX_SAVED {
                return Err(LoadError::TooLong);
            }
            rmp_serde::from_slice::<Saved>(saved)?
        };
        if saved.version > VERSION {
            return Err(LoadError::Version(saved.version));
        }
        let places: BTreeMap<LifeId, Place> = alive.iter().cloned().collect();
        // Nothing of it lives (it was ended, or the host was): a fresh start, with fresh numbers and the
        // options of the configuration.
        let any = saved.panes.iter().any(|p| p.life.is_some_and(|l| places.contains_key(&l)));
        let saved = if any { saved } else { Saved { version: VERSION, ..Saved::default() } };
        self.next_session = self.next_session.max(saved.next_session);
        self.next_window = self.next_window.max(saved.next_window);
        self.next_pane = self.next_pane.max(saved.next_pane);
        if any {
            self.server_options = load_options(saved.server_options);
            self.session_options = load_options(saved.session_options);
            self.window_options = load_options(saved.window_options);
        }
        self.greet = false;
        for (name, value) in saved.environment {
            self.environment.entry(name).or_insert(value);
        }
        let kept: BTreeMap<u32, SavedPane> = saved
            .panes
            .into_iter()
            .filter(|p| p.dead.is_some() || p.life.is_some_and(|l| places.contains_key(&l)))
            .map(|p| (p.id, p))
            .collect();
        let mut lives = Vec::new();
        let mut used: BTreeSet<u32> = BTreeSet::new();
        for w in saved.windows {
            self.load_window(w, &kept, &places, &mut used, &mut lives);
        }
        for s in saved.sessions {
            self.load_session(s);
        }
        let orphans: Vec<WindowId> = self
            .windows
            .keys()
            .copied()
            .filter(|w| !self.sessions.values().any(|s| s.links.values().any(|l| l.window == *w)))
            .collect();
        let known: BTreeSet<LifeId> = lives.iter().map(|(l, _)| *l).collect();
        self.recover(&orphans, alive.iter().filter(|(l, _)| !known.contains(l)), &mut lives);
        self.marked = saved.marked.filter(|p| self.panes.contains_key(p));
        self.had_session = !self.sessions.is_empty();
        self.sizes_dirty = true;
        self.persist = true;
        self.derive_from_options();
        self.fit_windows();
        Ok(lives)
    }

    fn load_window(
        &mut self,
        saved: SavedWindow,
        kept: &BTreeMap<u32, SavedPane>,
        places: &BTreeMap<LifeId, Place>,
        used: &mut BTreeSet<u32>,
        lives: &mut Vec<(LifeId, PaneId)>,
    ) {
        let id = WindowId(saved.id);
        let size = Size::new(saved.cols, saved.rows);
        let panes: Vec<PaneId> = saved
            .panes
            .iter()
            .filter(|p| kept.contains_key(p) && used.insert(**p))
            .map(|p| PaneId(*p))
            .collect();
        let Some(first) = panes.first().copied() else { return };
        let old: Vec<PaneId> = saved.places.iter().map(|p| PaneId(*p)).collect();
        let layout = Layout::from_text(&saved.layout, &old).ok();
        let mut floats: Vec<(PaneId, Rect)> = saved
            .floats
            .iter()
            .map(|(p, (x, y, w, h))| (PaneId(*p), Rect { x: *x, y: *y, w: *w, h: *h }))
            .filter(|(p, _)| panes.contains(p))
            .collect();
        if floats.len() == panes.len() {
            floats.clear();
        }
        let tiled: Vec<PaneId> =
            panes.iter().copied().filter(|p| floats.iter().all(|(f, _)| f != p)).collect();
        let layout = layout.filter(|l| tiled.iter().all(|p| l.rect(*p).is_some()));
        let layout = match layout {
            Some(mut l) => {
                for gone in old.iter().filter(|p| !tiled.contains(p)) {
                    l.close(*gone);
                }
                l
            }
            None => super::layout::Preset::Tiled
                .arrange(&tiled, size, super::layout::MainSize::default())
                .unwrap_or_else(|| Layout::single(first, size)),
        };
        for pane in &panes {
            let Some(p) = kept.get(&pane.0) else { continue };
            let start = Start { argv: p.argv.clone(), cwd: p.path.clone(), empty: true, ..Start::default() };
            let next = std::mem::replace(&mut self.next_pane, pane.0);
            let made = self.make_pane(id, None, layout.rect(*pane).map_or(size, |r| r.size()), start);
            self.next_pane = next.max(pane.0.saturating_add(1));
            if let Some(new) = self.panes.get_mut(&made) {
                new.life = p.life;
                new.options = load_options(p.options.clone());
                new.dead = p.dead;
                new.dead_since = p.dead_since;
                new.screen.set_title(&p.title);
                new.screen.take_events();
                new.place = match (p.dead, p.life.and_then(|l| places.get(&l))) {
                    (Some(status), _) => Place::Gone(status),
                    (None, Some(place)) => place.clone(),
                    (None, None) => p.place.clone(),
                };
                new.ran_on = Some(new.place.host().cloned());
            }
            if let (Some(life), None) = (p.life, p.dead) {
                lives.push((life, made));
            }
        }
        let active = PaneId(saved.active);
        let window = Window {
            id,
            name: safe_name(&saved.name),
            layout,
            floats,
            active: if panes.contains(&active) { active } else { first },
            last_panes: saved.last_panes.into_iter().map(PaneId).filter(|p| panes.contains(p)).collect(),
            zoomed: saved.zoomed && panes.len() > 1,
            panes,
            size,
            manual_size: saved.manual.map(|(c, r)| Size::new(c, r)),
            options: load_options(saved.options),
            activity: self.wall_ms(),
            created: saved.created,
            preset: None,
            old_layout: None,
            named_at: None,
            rename_due: None,
            border_status: BorderStatus::Off,
        };
        self.next_window = self.next_window.max(saved.id.saturating_add(1));
        self.windows.insert(id, window);
        if let Some(w) = self.windows.get_mut(&id) {
            w.layout.resize(size);
        }
        self.apply_layout(id);
    }

    fn load_session(&mut self, saved: SavedSession) {
        let links: BTreeMap<u32, Link> = saved
            .links
            .iter()
            .filter(|(_, w)| self.windows.contains_key(&WindowId(*w)))
            .map(|(i, w)| (*i, Link { window: WindowId(*w), bell: false, activity: false, silence: false }))
            .collect();
        let Some(first) = links.keys().next().copied() else { return };
        let name = safe_name(&saved.name);
        if self.session_by_name(&name).is_some() {
            return;
        }
        let next = std::mem::replace(&mut self.next_session, saved.id);
        let id = self.make_session(name, saved.path);
        self.next_session = next.max(saved.id.saturating_add(1));
        if let Some(s) = self.sessions.get_mut(&id) {
            s.current = if links.contains_key(&saved.current) { saved.current } else { first };
            s.last = saved.last.into_iter().filter(|i| links.contains_key(i)).collect();
            s.links = links;
            s.group = saved.group;
            s.options = load_options(saved.options);
            s.environment = saved.environment;
            s.created = saved.created;
            s.activity = saved.activity;
        }
    }

    /// Panes and windows nothing is recorded of get a session of their own, so that no shell is lost.
    fn recover<'a>(
        &mut self,
        windows: &[WindowId],
        lives: impl Iterator<Item = &'a (LifeId, Place)>,
        out: &mut Vec<(LifeId, PaneId)>,
    ) {
        let lives: Vec<&(LifeId, Place)> = lives.collect();
        if windows.is_empty() && lives.is_empty() {
            return;
        }
        let size = Size::new(80, 24);
        let session: SessionId = match self.session_by_name("recovered") {
            Some(s) => s,
            None => self.make_session("recovered".into(), self.config.home.clone()),
        };
        let add = |mux: &mut Mux, window: WindowId| {
            let index = mux.free_index(session, 0);
            mux.link(session, index, window);
        };
        for w in windows {
            add(self, *w);
        }
        for (life, place) in lives {
            let start = Start { empty: true, ..Start::default() };
            let window = self.make_window(Some(session), None, size, start);
            if let Some(pane) = self.windows.get(&window).map(|w| w.active) {
                if let Some(p) = self.panes.get_mut(&pane) {
                    p.life = Some(*life);
                    p.place = place.clone();
                    p.ran_on = Some(place.host().cloned());
                }
                out.push((*life, pane));
            }
            add(self, window);
        }
        let first = self.sessions.get(&session).and_then(|s| s.links.keys().next().copied());
        if let (Some(first), Some(s)) = (first, self.sessions.get_mut(&session))
            && !s.links.contains_key(&s.current)
        {
            s.current = first;
        }
    }
}
