//! The things a user sees: clients, sessions, windows, panes.
//!
//! Owns their data and the readers that drawing and the server need; the rules that change them are in the
//! sibling modules.

use super::copy::CopyMode;
use super::event::{ClientHello, PaneInfo, Place};
use super::layout::{Layout, Rect};
use super::list::ListMode;
use super::options::Options;
use super::prompt::Prompt;
use crate::ids::{ClientId, ExitStatus, HostName, LifeId, PaneId, RequestId, SessionId, Size, WindowId};
use crate::vt::Screen;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// Most typed bytes kept for a pane that cannot take them now; beyond it the bell rings and they are lost.
pub const MAX_TYPED_AHEAD: usize = 64 * 1024;

/// Milliseconds since 1970, in the wall time the server told.
pub type WallMs = i64;

/// One connected client program.
#[derive(Debug)]
pub struct Client {
    /// Its number.
    pub id: ClientId,
    /// What it said when it came.
    pub hello: ClientHello,
    /// Name in `list-clients` and `-t`: its terminal, or `client-PID`.
    pub name: String,
    /// Whether it is a terminal now (attached), not a command client.
    pub attached: bool,
    /// Size of its terminal.
    pub size: Size,
    /// The session it shows.
    pub session: Option<SessionId>,
    /// The session it showed before.
    pub last_session: Option<SessionId>,
    /// `attach -r`.
    pub read_only: bool,
    /// `-f ignore-size`: windows do not follow its size.
    pub ignore_size: bool,
    /// `-f active-pane`, told in `client_flags`.
    pub own_active_pane: bool,
    /// `-f no-detach-on-destroy`: it goes to another session when its own ends.
    pub stays: bool,
    /// Its terminal has the focus, as far as it tells.
    pub focused: bool,
    /// It was stopped (`suspend-client`) or locked and has not gone on.
    pub suspended: bool,
    /// The key table the next key is looked up in, when not the session's own; `prefix` after the prefix key.
    pub key_table: Option<String>,
    /// The part of a larger window that was chosen to be seen; it holds for that window.
    pub(crate) panned: Option<(WindowId, (u16, u16))>,
    /// Until when a key is waited for after the prefix (`prefix-timeout`).
    pub prefix_until: Option<Instant>,
    /// Until when a repeatable key needs no prefix.
    pub repeat_until: Option<Instant>,
    /// Where its keyboard is when not with a program, and since when: for the hint line.
    pub(crate) keyboard: Option<super::hints::Since>,
    /// Text on the message line.
    pub message: Option<Message>,
    /// A question on the message line.
    pub prompt: Option<Prompt>,
    /// Something drawn over the panes.
    pub overlay: Option<Overlay>,
    /// When it connected and was last active, in wall time.
    pub created: WallMs,
    /// Last input.
    pub activity: WallMs,
    /// Grows with every activity: orders clients of equal wall time.
    pub activity_order: u64,
    /// What its terminal told of itself.
    pub answers: super::terminal::Answers,
    /// Bytes of its input that are not yet a whole key.
    pub(crate) decoder: crate::vt::keys::Decoder,
    /// When the unfinished key is taken as it is (`escape-time`).
    pub(crate) escape_deadline: Option<Instant>,
    /// The border, pane or status a mouse button went down on.
    pub(crate) drag: Option<super::mouse::Drag>,
    pub(crate) last_click: Option<super::mouse::Click>,
    /// Exit code of its command queue so far.
    pub(crate) exit_code: u8,
    /// Whether Exit or Detach was sent.
    pub(crate) leaving: bool,
    /// What a control client (`-C`) has still to be sent; `None` for others.
    pub(crate) control: Option<Box<super::control::Control>>,
    /// What a client of `events` has still to be sent.
    pub(crate) listener: Option<Box<super::listen::Listener>>,
}

impl Client {
    /// One that has just connected.
    pub(crate) fn new(id: ClientId, hello: ClientHello, now: WallMs, order: u64) -> Client {
        let name = hello.tty.clone().unwrap_or_else(|| format!("client-{}", hello.pid));
        let size = hello.size.unwrap_or(Size::new(80, 24));
        Client {
            id,
            name,
            attached: false,
            size,
            session: None,
            last_session: None,
            read_only: false,
            ignore_size: false,
            own_active_pane: false,
            stays: false,
            focused: hello.tty.is_some() && hello.control == 0,
            suspended: false,
            key_table: None,
            panned: None,
            prefix_until: None,
            repeat_until: None,
            keyboard: None,
            message: None,
            prompt: None,
            overlay: None,
            created: now,
            activity: now,
            activity_order: order,
            answers: super::terminal::Answers::default(),
            decoder: crate::vt::keys::Decoder::new(),
            escape_deadline: None,
            drag: None,
            last_click: None,
            exit_code: 0,
            leaving: false,
            control: (hello.control > 0).then(Default::default),
            listener: None,
            hello,
        }
    }

    /// Whether it is attached with a terminal that is drawn on: control clients are not.
    pub fn is_terminal(&self) -> bool {
        self.attached && self.control.is_none()
    }

    /// Whether the next key is looked up in the prefix table.
    pub fn prefix_pressed(&self) -> bool {
        self.key_table.as_deref() == Some("prefix")
    }
}

/// Text on a client's message line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says; may hold `#[style]`.
    pub text: String,
    /// When it goes by itself; `None`: at the next key.
    pub until: Option<Instant>,
    /// An error: drawn with more weight where the theme has it.
    pub error: bool,
}

/// Something drawn over the panes of one client.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// A menu.
    Menu(Box<super::overlay::Menu>),
    /// A program in a box.
    Popup(Box<super::overlay::Popup>),
    /// A search through things to choose from.
    Picker(Box<super::picker::Picker>),
    /// The numbers of the panes, until then; a number selects its pane.
    PaneNumbers {
        /// When they go; `None` is at a key.
        until: Option<Instant>,
        /// Command template to run with the pane chosen.
        template: String,
    },
}

/// Most prompts remembered for a pane.
const MAX_MARKS: usize = 10_000;

/// One session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Its name.
    pub name: String,
    /// Windows by index.
    pub links: BTreeMap<u32, Link>,
    /// Index of the current window.
    pub current: u32,
    /// Indices of windows that were current, the latest last.
    pub last: Vec<u32>,
    /// Options set on this session.
    pub options: Options,
    /// Environment set on this session; `None` is "removed".
    pub environment: BTreeMap<String, Option<String>>,
    /// Directory new windows start in.
    pub path: String,
    /// When it was made.
    pub created: WallMs,
    /// Last input by a client, or when made.
    pub activity: WallMs,
    /// Grows with every activity.
    pub activity_order: u64,
    /// When a client last attached.
    pub last_attached: WallMs,
    /// The session group it is in.
    pub group: Option<String>,
}

/// A window in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Which window.
    pub window: WindowId,
    /// A bell rang in it while it was not current.
    pub bell: bool,
    /// There was output in it while it was not current.
    pub activity: bool,
    /// It has been silent.
    pub silence: bool,
}

impl Session {
    /// The current window.
    pub fn current_window(&self) -> Option<WindowId> {
        self.links.get(&self.current).map(|l| l.window)
    }

    /// The index a window has here (the current one first, then the lowest).
    pub fn index_of(&self, window: WindowId) -> Option<u32> {
        if self.current_window() == Some(window) {
            return Some(self.current);
        }
        self.links.iter().find(|(_, l)| l.window == window).map(|(i, _)| *i)
    }

    /// The index that was current before.
    pub fn last_index(&self) -> Option<u32> {
        self.last.iter().rev().copied().find(|i| *i != self.current && self.links.contains_key(i))
    }
}

/// One window.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its number.
    pub id: WindowId,
    /// Its name.
    pub name: String,
    /// How it is divided.
    pub layout: Layout,
    /// Its panes in the order of their indices.
    pub panes: Vec<PaneId>,
    /// Those of them that float over the others, with their places inside their borders; the last is on top.
    pub floats: Vec<(PaneId, Rect)>,
    /// The pane that has the keyboard.
    pub active: PaneId,
    /// Panes that were active, the latest last.
    pub last_panes: Vec<PaneId>,
    /// The active pane fills the window.
    pub zoomed: bool,
    /// Its size.
    pub size: Size,
    /// A size set by hand (`resize-window`).
    pub manual_size: Option<Size>,
    /// Options set on this window.
    pub options: Options,
    /// Last output or input.
    pub activity: WallMs,
    /// When it was made.
    pub created: WallMs,
    /// Which named layout was chosen last, by its place in `Preset::ALL`.
    pub(crate) preset: Option<usize>,
    /// The layout before the last `select-layout`.
    pub(crate) old_layout: Option<String>,
    /// When its automatic name was last looked at, and when it is to be again: see `Mux::auto_rename`.
    pub(crate) named_at: Option<Instant>,
    pub(crate) rename_due: Option<Instant>,
    /// Where borders carry text (`pane-border-status`); kept here so that rectangles need no options.
    pub(crate) border_status: BorderStatus,
}

/// Where the line of `pane-border-status` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BorderStatus {
    /// No text on borders.
    #[default]
    Off,
    /// Above each pane.
    Top,
    /// Below each pane.
    Bottom,
}

impl Window {
    /// The panes to draw and where: all, or the active one alone when zoomed.
    pub fn rects(&self) -> Vec<(PaneId, Rect)> {
        if self.zoomed {
            let full = Rect { x: 0, y: 0, w: self.size.cols, h: self.size.rows };
            return vec![(self.active, self.trim(full))];
        }
        self.layout.rects().into_iter().map(|(p, r)| (p, self.trim(r))).collect()
    }

    /// The place of one pane, hidden by zoom or not.
    pub fn rect(&self, pane: PaneId) -> Option<Rect> {
        if self.zoomed && pane == self.active {
            return self.rects().first().map(|(_, r)| *r);
        }
        self.float(pane).or_else(|| self.layout.rect(pane).map(|r| self.trim(r)))
    }

    /// The place of a pane that floats.
    pub fn float(&self, pane: PaneId) -> Option<Rect> {
        self.floats.iter().find(|(p, _)| *p == pane).map(|(_, r)| *r)
    }

    /// The panes that float and are to be drawn, the topmost last.
    pub fn floating(&self) -> &[(PaneId, Rect)] {
        if self.zoomed { &[] } else { &self.floats }
    }

    /// The panes that do not float, in the order of their indices.
    pub fn tiled(&self) -> Vec<PaneId> {
        self.panes.iter().copied().filter(|p| self.float(*p).is_none()).collect()
    }

    /// Keeps floating panes and their borders inside of the window.
    pub(crate) fn keep_floats_inside(&mut self) {
        for (_, r) in &mut self.floats {
            r.w = r.w.clamp(1, self.size.cols.saturating_sub(2).max(1));
            r.h = r.h.clamp(1, self.size.rows.saturating_sub(2).max(1));
            r.x = r.x.min(self.size.cols.saturating_sub(r.w));
            r.y = r.y.min(self.size.rows.saturating_sub(r.h));
        }
    }

    /// Takes the line for `pane-border-status` from panes at the window's edge; others use the border they have.
    fn trim(&self, mut r: Rect) -> Rect {
        match self.border_status {
            BorderStatus::Top if r.y == 0 && r.h > 1 => {
                r.y += 1;
                r.h -= 1;
            }
            BorderStatus::Bottom if r.bottom() >= self.layout.root.rect.h && r.h > 1 => r.h -= 1,
            BorderStatus::Off | BorderStatus::Top | BorderStatus::Bottom => {}
        }
        r
    }

    /// Where borders carry text.
    pub fn border_status(&self) -> BorderStatus {
        self.border_status
    }

    /// A pane's index (without `pane-base-index`).
    pub fn position(&self, pane: PaneId) -> Option<usize> {
        self.panes.iter().position(|p| *p == pane)
    }

    /// The pane that was active before.
    pub fn last_pane(&self) -> Option<PaneId> {
        self.last_panes.iter().rev().copied().find(|p| *p != self.active && self.panes.contains(p))
    }
}

/// A mode that covers a pane's screen.
#[derive(Debug)]
pub enum Mode {
    /// Copy mode, and view mode for the output of commands.
    Copy(Box<CopyMode>),
    /// A list to choose from.
    List(Box<ListMode>),
    /// `clock-mode`.
    Clock,
}

impl Mode {
    /// tmux's `pane_mode`.
    pub fn name(&self) -> &'static str {
        match self {
            Mode::Copy(c) if c.view => "view-mode",
            Mode::Copy(_) => "copy-mode",
            Mode::List(_) => "tree-mode",
            Mode::Clock => "clock-mode",
        }
    }
}

/// One pane.
#[derive(Debug)]
pub struct Pane {
    /// Its number, kept on every host.
    pub id: PaneId,
    /// The window it is in.
    pub window: WindowId,
    /// The life its keepers are found by; `None` until started.
    pub life: Option<LifeId>,
    /// Where its processes are.
    pub place: Place,
    /// What it shows.
    pub screen: Screen,
    /// What covers it.
    pub mode: Option<Mode>,
    /// What was last looked for in it, and whether as plain text.
    pub(crate) searched: Option<(String, bool)>,
    /// Size of its terminal.
    pub size: Size,
    /// Latest facts about its foreground.
    pub info: PaneInfo,
    /// What it was started with; empty is the shell.
    pub start_argv: Vec<String>,
    /// Directory it was started in.
    pub start_path: String,
    /// How its first process ended, when it remains (`remain-on-exit`).
    pub dead: Option<ExitStatus>,
    /// When it ended.
    pub dead_since: WallMs,
    /// Options set on this pane.
    pub options: Options,
    /// `select-pane -d`: input is switched off.
    pub input_off: bool,
    /// A line about a move under way, for the border and the status line.
    pub progress: Option<String>,
    /// Typed while the pane cannot take input; written in order when it lives again.
    pub(crate) typed_ahead: VecDeque<u8>,
    /// The job that gets its output (`pipe-pane`).
    pub(crate) pipe: Option<RequestId>,
    /// Stable numbers of the lines where its shell said that a prompt (false) or a command's output (true) begins.
    pub(crate) marks: VecDeque<(u64, bool)>,
    /// The progress its program tells (OSC 9;4): state and percent.
    pub(crate) bar: (u8, u8),
    /// A title set by `select-pane -T` or the program.
    pub(crate) title_set: bool,
    /// When silence is noticed (`monitor-silence`).
    pub(crate) silent_since: Option<Instant>,
    /// The host its process was last known to run on, this one without a name; `None` until it has started.
    pub(crate) ran_on: Option<Option<HostName>>,
    /// Input had to be dropped and the bell rang for it; once per wait.
    pub(crate) overflow_rung: bool,
}

impl Pane {
    /// The other host it runs on (or may run on), if not this one.
    pub fn host(&self) -> Option<&HostName> {
        self.place.host()
    }

    /// Its title.
    pub fn title(&self) -> &str {
        self.screen.title()
    }

    /// Remembers where a prompt or a command's output begins.
    pub(crate) fn mark_line(&mut self, line: u64, output: bool) {
        if self.marks.len() >= MAX_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back((line, output));
    }

    /// Those lines as they are counted now, those gone from the scrollback left out.
    pub(crate) fn prompt_lines(&self) -> Vec<(usize, bool)> {
        let base = self.screen.history_base();
        let line = |(line, output): &(u64, bool)| Some((line.checked_sub(base)? as usize, *output));
        self.marks.iter().filter_map(line).collect()
    }

    /// Copy mode (or view mode), when it is in it.
    pub fn copy(&self) -> Option<&CopyMode> {
        match &self.mode {
            Some(Mode::Copy(c)) => Some(c),
            _ => None,
        }
    }

    pub(crate) fn copy_mut(&mut self) -> Option<&mut CopyMode> {
        match &mut self.mode {
            Some(Mode::Copy(c)) => Some(c),
            _ => None,
        }
    }
}
