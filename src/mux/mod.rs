//! Sessions, windows, layouts, panes, clients, options, key tables: everything qmux knows, in one value.
//!
//! Events go in, effects come out. No file descriptor, no clock, no thread, no `async`.

mod alerts;
pub mod commands;
mod complete;
mod context;
mod control;
pub mod copy;
mod defaults;
pub mod event;
mod events;
mod groups;
mod handover;
mod hints;
mod input;
pub mod keytable;
pub mod layout;
mod layout_file;
pub mod list;
mod listen;
mod model;
pub mod mouse;
mod names;
pub mod options;
pub mod overlay;
pub mod picker;
pub mod prompt;
mod queue;
mod save;
mod settings;
mod sizes;
mod structure;
pub mod target;
mod terminal;
mod waits;
pub(crate) mod words;

pub use event::{ClientHello, Effect, Event, Failure, HostChoice, Job, PaneInfo, Place, SpawnSpec};
pub use model::{BorderStatus, Client, Link, Message, Mode, Overlay, Pane, Session, WallMs, Window};
pub use mouse::BORDER_TEXT_INDENT;
pub use save::LoadError;
pub use settings::Scope;
pub use terminal::Answers;

use crate::ids::{ClientId, PaneId, RequestId, SessionId, WindowId};
use crate::vt::Screen;
use options::Options;
use queue::{Later, Queue, QueueId, Request};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Instant;

/// What `Mux` has to be told about the world it lives in.
#[derive(Debug, Clone)]
pub struct Config {
    /// Path of the server's socket, for `$TMUX` and `#{socket_path}`.
    pub socket_path: String,
    /// The server's process id.
    pub pid: i32,
    /// This host's name.
    pub host: String,
    /// The user.
    pub user: String,
    /// The user's number.
    pub uid: u32,
    /// The user's home directory.
    pub home: String,
    /// Where the server was started; the configuration runs there.
    pub start_dir: String,
    /// Home directories of other users, for `~name`.
    pub homes: BTreeMap<String, String>,
    /// The user's shell.
    pub shell: String,
    /// The configuration files read at the start, for `#{config_files}`.
    pub config_files: Vec<String>,
    /// What `#{version}` says.
    pub version: String,
    /// The server's environment: the global one.
    pub env: Vec<(String, String)>,
    /// Wall time at the start, in milliseconds since 1970, and the zone's offset.
    pub unix_ms: i64,
    /// Zone, in seconds east.
    pub utc_offset_s: i32,
    /// `TERM_PROGRAM` of panes: `tmux` when called by that name, for programs that look.
    pub term_program: String,
    /// Started as `tmux`: what tmux has not stays out of sight until it is asked for.
    pub as_tmux: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            config_files: Vec::new(),
            socket_path: String::new(),
            pid: 0,
            host: "localhost".into(),
            user: String::new(),
            uid: 0,
            start_dir: String::new(),
            home: "/".into(),
            homes: BTreeMap::new(),
            shell: "/bin/sh".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            env: Vec::new(),
            unix_ms: 0,
            utc_offset_s: 0,
            term_program: "tmux".into(),
            as_tmux: false,
        }
    }
}

/// A paste buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub data: Vec<u8>,
    /// When it was made.
    pub created: WallMs,
    /// Named by qmux and dropped when there are too many.
    pub automatic: bool,
    pub(crate) order: u64,
}

/// A `#(command)` and what it said last.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShellValue {
    pub line: String,
    pub asked: Option<Instant>,
    pub running: bool,
    /// Somebody read it and it is to be run again.
    pub wanted: bool,
}

/// Most `#(command)`s remembered.
const MAX_SHELL_VALUES: usize = 256;

/// Everything.
#[derive(Debug)]
pub struct Mux {
    pub(crate) theme_changed: bool,
    /// The verb that ran last, for `#{command}`.
    pub(crate) running: &'static str,
    /// The terminal as panes are told of it.
    pub(crate) shown: terminal::Shown,
    /// The first client to attach has no configuration of its own: it is told the keys that lead to all others.
    pub(crate) greet: bool,
    /// Hooks that were set somewhere: the others need not be looked up when something happens.
    pub(crate) hooked: BTreeSet<String>,
    /// Whether `lock-after-time` is set anywhere.
    pub(crate) locks: bool,
    /// Session groups as they were last made alike.
    pub(crate) grouped: BTreeMap<String, Vec<(u32, WindowId)>>,
    /// What control clients have still to be told of, and the numbers of their guards.
    pub(crate) control: control::Notes,
    pub(crate) config: Config,
    pub(crate) now: Instant,
    pub(crate) wall_base: (Instant, i64),
    pub(crate) utc_offset_s: i32,
    pub(crate) started: WallMs,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) windows: BTreeMap<WindowId, Window>,
    pub(crate) panes: BTreeMap<PaneId, Pane>,
    pub(crate) clients: BTreeMap<ClientId, Client>,
    pub(crate) next_session: u32,
    pub(crate) next_window: u32,
    pub(crate) next_pane: u32,
    pub(crate) next_request: u32,
    pub(crate) groups: u64,
    pub(crate) order: u64,
    pub(crate) server_options: Options,
    pub(crate) session_options: Options,
    pub(crate) window_options: Options,
    pub(crate) environment: BTreeMap<String, Option<String>>,
    pub(crate) hidden_environment: BTreeSet<String>,
    pub(crate) keys: keytable::KeyTables,
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) marked: Option<PaneId>,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) redraw: BTreeSet<ClientId>,
    /// Grows with everything that status lines and borders may show.
    pub(crate) chrome: u64,
    /// The theme's values: below what is set, above the defaults.
    pub(crate) theme: BTreeMap<String, options::Value>,
    pub(crate) persist: bool,
    pub(crate) queues: BTreeMap<QueueId, Queue>,
    pub(crate) requests: BTreeMap<RequestId, Request>,
    pub(crate) later: Vec<(Instant, Later)>,
    pub(crate) status_due: Option<Instant>,
    /// The command of a hook runs.
    pub(crate) in_hook: bool,
    pub(crate) channels: BTreeMap<String, commands::wait_for::Channel>,
    /// Commands that wait for something to happen.
    pub(crate) waits: Vec<waits::Wait>,
    pub(crate) history: BTreeMap<prompt::PromptKind, Vec<String>>,
    pub(crate) messages: VecDeque<(WallMs, String)>,
    pub(crate) config_errors: Vec<String>,
    /// How many of them somebody has been shown.
    pub(crate) config_errors_shown: usize,
    pub(crate) loading_config: bool,
    /// Panes of this host whose program was asked for, until it runs; and when that is waited for no longer.
    pub(crate) starting: BTreeMap<PaneId, Instant>,
    /// The client that started the server: only its commands wait for the configuration.
    pub(crate) first_client: Option<ClientId>,
    pub(crate) sizes_dirty: bool,
    pub(crate) had_session: bool,
    pub(crate) shut: bool,
    pub(crate) shell_values: RefCell<HashMap<String, ShellValue>>,
    pub(crate) stdin_wanted: BTreeMap<ClientId, commands::load_buffer::Stdin>,
}

impl Mux {
    /// An empty one, with default options and keys.
    pub fn new(config: Config) -> Mux {
        // Any instant will do until the first event brings the true one.
        let now = Instant::now();
        let mut mux = Mux {
            running: "",
            theme_changed: true,
            greet: false,
            shown: terminal::Shown::default(),
            hooked: BTreeSet::new(),
            locks: false,
            grouped: BTreeMap::new(),
            control: control::Notes::default(),
            now,
            wall_base: (now, config.unix_ms),
            utc_offset_s: config.utc_offset_s,
            started: config.unix_ms,
            sessions: BTreeMap::new(),
            windows: BTreeMap::new(),
            panes: BTreeMap::new(),
            clients: BTreeMap::new(),
            next_session: 0,
            next_window: 0,
            next_pane: 0,
            next_request: 0,
            groups: 0,
            order: 0,
            server_options: Options::default(),
            session_options: Options::default(),
            window_options: Options::default(),
            environment: config.env.iter().map(|(k, v)| (k.clone(), Some(v.clone()))).collect(),
            hidden_environment: BTreeSet::new(),
            keys: keytable::KeyTables::default(),
            buffers: Vec::new(),
            marked: None,
            effects: VecDeque::new(),
            redraw: BTreeSet::new(),
            chrome: 0,
            theme: BTreeMap::new(),
            persist: false,
            queues: BTreeMap::new(),
            requests: BTreeMap::new(),
            later: Vec::new(),
            status_due: None,
            in_hook: false,
            channels: BTreeMap::new(),
            waits: Vec::new(),
            history: BTreeMap::new(),
            messages: VecDeque::new(),
            config_errors: Vec::new(),
            config_errors_shown: 0,
            loading_config: false,
            starting: BTreeMap::new(),
            first_client: None,
            sizes_dirty: false,
            had_session: false,
            shut: false,
            shell_values: RefCell::new(HashMap::new()),
            stdin_wanted: BTreeMap::new(),
            config,
        };
        mux.set_defaults();
        mux
    }

    /// Takes one event.
    pub fn handle(&mut self, now: Instant, event: Event<'_>) {
        self.now = now;
        // What output changes besides the pane's own screen (title, bell, activity) asks for a redraw itself;
        // so do facts about a pane that are news, and keys that are not just handed on.
        let quiet =
            matches!(event, Event::PaneOutput { .. } | Event::PaneInfo { .. } | Event::ClientInput { .. });
        if !quiet {
            self.chrome += 1;
        }
        self.event(event);
        self.settle();
    }

    /// The next thing to do, in order.
    pub fn next_effect(&mut self) -> Option<Effect> {
        if let Some(effect) = self.effects.pop_front() {
            return Some(effect);
        }
        while let Some(client) = self.redraw.pop_first() {
            if self.clients.get(&client).is_some_and(|c| c.is_terminal() && !c.leaving) {
                return Some(Effect::Redraw { client });
            }
        }
        if std::mem::take(&mut self.persist) {
            return Some(Effect::Persist);
        }
        None
    }

    /// When `Tick` is wanted at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        let clients = self.clients.values().flat_map(|c| {
            let overlay = match &c.overlay {
                Some(Overlay::PaneNumbers { until, .. }) => *until,
                Some(Overlay::Menu(_) | Overlay::Popup(_) | Overlay::Picker(_)) | None => None,
            };
            let message = c.message.as_ref().and_then(|m| m.until);
            let hint = c.keyboard.as_ref().and_then(|k| k.deadline(self.now));
            [c.repeat_until, c.prefix_until, c.escape_deadline, overlay, message, hint, c.control_deadline()]
        });
        let watched = self.watches_silence();
        let silence = self.panes.values().filter(|_| watched).filter_map(|p| self.silence_deadline(p));
        clients
            .flatten()
            .chain(self.later.iter().map(|(at, _)| *at))
            .chain(self.waits.iter().filter_map(waits::Wait::deadline))
            .chain(self.status_due)
            .chain(self.starting.values().copied())
            .chain(self.windows.values().filter_map(|w| w.rename_due))
            .chain(self.sessions.keys().filter_map(|s| self.lock_deadline(*s)))
            .chain(silence)
            .min()
    }

    /// Reads configuration files, before the first client. Errors are shown to the first client that attaches
    /// and returned; a file with a line that cannot be read is refused as a whole.
    pub fn load_config(&mut self, now: Instant, files: &[(String, String)]) -> Vec<String> {
        self.now = now;
        self.loading_config = true;
        self.greet = files.is_empty();
        for (path, text) in files {
            commands::source_file::read(self, path, text, None, false);
        }
        self.settle();
        self.load_prompt_history();
        self.settle();
        self.config_errors.clone()
    }

    /// Does what follows from an event: queues, sizes, jobs of formats.
    fn settle(&mut self) {
        loop {
            self.run_queues();
            self.follow_groups();
            if self.sizes_dirty {
                self.sizes_dirty = false;
                self.fit_windows();
            } else if !self.feed_controls() {
                break;
            }
        }
        self.follow_hints();
        self.refresh_pickers();
        self.start_format_jobs();
        self.plan_status();
        self.check_exit();
        self.settle_controls();
        self.settle_listeners();
    }

    // ---- readers ----

    /// A number that stays while only the contents of panes' screens, their cursors and modes change: what
    /// formats and options made of this `Mux` before is still right.
    pub fn chrome_version(&self) -> u64 {
        self.chrome
    }

    /// The moment of the latest event.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Wall time now, in milliseconds since 1970.
    pub fn wall_ms(&self) -> WallMs {
        let (at, ms) = self.wall_base;
        ms.saturating_add(self.now.saturating_duration_since(at).as_millis().min(i64::MAX as u128) as i64)
    }

    /// What it was told about the world.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A client.
    pub fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(&id)
    }

    /// All clients.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }

    /// A session.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// All sessions, by number.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// A window.
    pub fn window(&self, id: WindowId) -> Option<&Window> {
        self.windows.get(&id)
    }

    /// All windows.
    pub fn windows(&self) -> impl Iterator<Item = &Window> {
        self.windows.values()
    }

    /// A pane.
    pub fn pane(&self, id: PaneId) -> Option<&Pane> {
        self.panes.get(&id)
    }

    /// A pane, to take damage from its screen.
    pub fn pane_mut(&mut self, id: PaneId) -> Option<&mut Pane> {
        self.panes.get_mut(&id)
    }

    /// All panes.
    pub fn panes(&self) -> impl Iterator<Item = &Pane> {
        self.panes.values()
    }

    /// The marked pane.
    pub fn marked_pane(&self) -> Option<PaneId> {
        self.marked
    }

    /// Paste buffers, the latest first.
    pub fn buffers(&self) -> impl Iterator<Item = &Buffer> {
        self.buffers.iter()
    }

    /// The window a client shows.
    pub fn client_window(&self, id: ClientId) -> Option<&Window> {
        let session = self.sessions.get(&self.clients.get(&id)?.session?)?;
        self.windows.get(&session.current_window()?)
    }

    /// The screen of a pane replaced: after a restart of the server, or a move that carried it.
    pub fn set_screen(&mut self, id: PaneId, screen: Screen) {
        if let Some(pane) = self.panes.get_mut(&id) {
            let size = pane.size;
            pane.screen = screen;
            if pane.screen.size() != size {
                pane.screen.resize(size);
            }
            self.screen_rules(id);
            self.redraw_pane(id);
        }
    }

    /// Whether facts about a pane's foreground (its command and directory) would be seen by anybody now:
    /// the server need not look for others.
    pub fn wants_info(&self, id: PaneId) -> bool {
        let Some(pane) = self.panes.get(&id) else { return false };
        matches!(pane.place, Place::Here | Place::There(_))
            && self.windows.get(&pane.window).is_some_and(|w| w.active == id)
            && self.clients.values().any(|c| {
                c.attached
                    && c.session
                        .and_then(|s| self.sessions.get(&s))
                        .is_some_and(|s| s.links.values().any(|l| l.window == pane.window))
            })
    }
}

#[cfg(test)]
mod tests;
