//! What formats see: the variables of clients, sessions, windows and panes.

use super::copy::SelectBy;
use super::settings::Scope;
use super::target::Found;
use super::{Buffer, Client, Mode, Mux, Pane, Session, Window};
use crate::format::{self, Context, Loop, Order};
use crate::ids::{ClientId, ExitStatus, PaneId};
use crate::vt::{CursorShape, MouseEncoding, MouseMode};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What a line of choose-tree shows, as tmux 3.7 has it.
const TREE_MODE_FORMAT: &str = "#{?pane_format,#{?pane_marked,#[reverse],}#{?pane_floating_flag,#[italics],}#{pane_current_command}#{pane_flags}#{?#{&&:#{pane_title},#{!=:#{pane_title},#{host_short}}},: \"#{pane_title}\",},window_format,#{?window_marked_flag,#[reverse],}#{window_name}#{window_flags}#{?#{&&:#{==:#{window_panes},1},#{&&:#{pane_title},#{!=:#{pane_title},#{host_short}}}},: \"#{pane_title}\",},#{session_windows} windows#{?session_grouped, (group #{session_group}: #{session_group_list}),}#{?session_attached, (attached),}}";

/// What a format is about.
#[derive(Clone, Default)]
pub struct About<'a> {
    /// The client that sees it.
    pub client: Option<ClientId>,
    /// The place.
    pub found: Option<Found>,
    /// A paste buffer.
    pub buffer: Option<&'a Buffer>,
    /// Further variables, which win.
    pub extra: BTreeMap<String, String>,
}

/// The names of all variables, for `display-message -a`.
pub(crate) fn variables() -> impl Iterator<Item = &'static str> {
    include_str!("variables.txt").lines()
}

/// A format's context.
pub(crate) struct Cx<'a> {
    mux: &'a Mux,
    about: About<'a>,
    /// In a `W:` loop: first and last of the windows.
    ends: (bool, bool),
}

impl Mux {
    /// Expands a format about something.
    pub fn expand(&self, text: &str, about: About<'_>) -> String {
        format::expand(text, &Cx { mux: self, about, ends: (false, false) })
    }

    /// One variable's value; `None` where it means nothing.
    pub(crate) fn variable(&self, name: &str, about: About<'_>) -> Option<String> {
        Cx { mux: self, about, ends: (false, false) }.lookup(name)
    }

    /// Expands with `%H:%M` and the like taken from the wall time.
    pub fn expand_time(&self, text: &str, about: About<'_>) -> String {
        format::expand_time(text, &Cx { mux: self, about, ends: (false, false) })
    }

    /// Expands for what a client shows: status lines, titles.
    pub fn expand_for_client(&self, text: &str, client: ClientId) -> String {
        let found = self.clients.get(&client).and_then(|c| c.session).and_then(|s| self.found_session(s));
        self.expand_time(text, About { client: Some(client), found, ..About::default() })
    }

    /// Expands for a pane: borders, names.
    pub fn expand_for_pane(&self, text: &str, pane: PaneId) -> String {
        self.expand(text, About { found: self.found_pane(pane, None), ..About::default() })
    }

    /// As `expand_for_pane`, seen by a client.
    pub fn expand_for_pane_on(&self, text: &str, pane: PaneId, client: ClientId) -> String {
        let near = self.clients.get(&client).and_then(|c| c.session);
        let found = self.found_pane(pane, near);
        self.expand_time(text, About { client: Some(client), found, ..About::default() })
    }

    /// `window_flags`: `*` current, `-` last, `#` activity, `!` bell, `~` silence, `M` marked, `Z` zoomed.
    pub fn window_flags(&self, session: &Session, index: u32) -> String {
        let Some(link) = session.links.get(&index) else { return String::new() };
        let Some(w) = self.windows.get(&link.window) else { return String::new() };
        let mut out = String::new();
        let marked = self.marked.is_some_and(|p| w.panes.contains(&p));
        for (on, sign) in [
            (link.activity, '#'),
            (link.bell, '!'),
            (link.silence, '~'),
            (session.current == index, '*'),
            (session.last_index() == Some(index), '-'),
            (marked, 'M'),
            (w.zoomed, 'Z'),
        ] {
            if on {
                out.push(sign);
            }
        }
        out
    }
}

fn flag(on: bool) -> Option<String> {
    Some((if on { "1" } else { "0" }).to_owned())
}

fn seconds(ms: i64) -> Option<String> {
    Some((ms.div_euclid(1000)).to_string())
}

impl Cx<'_> {
    fn client(&self) -> Option<&Client> {
        self.mux.clients.get(&self.about.client?)
    }

    fn session(&self) -> Option<&Session> {
        self.mux.sessions.get(&self.about.found?.session)
    }

    fn window(&self) -> Option<&Window> {
        self.mux.windows.get(&self.about.found?.window)
    }

    fn pane(&self) -> Option<&Pane> {
        self.mux.panes.get(&self.about.found?.pane)
    }

    fn of_server(&self, name: &str) -> Option<String> {
        let mux = self.mux;
        let config = &mux.config;
        Some(match name {
            "host" | "hostname" => config.host.clone(),
            "host_short" => config.host.split('.').next().unwrap_or("").to_owned(),
            "pid" => config.pid.to_string(),
            "socket_path" => config.socket_path.clone(),
            "start_time" => return seconds(mux.started),
            "sixel_support" => "1".to_owned(),
            "uid" => config.uid.to_string(),
            "user" => config.user.clone(),
            "version" => config.version.clone(),
            "config_files" => config.config_files.join(","),
            "command" => mux.running.to_owned(),
            "tree_mode_format" => TREE_MODE_FORMAT.into(),
            "buffer_mode_format" => "#{t/p:buffer_created}: #{buffer_sample}".into(),
            "server_sessions" => mux.sessions.len().to_string(),
            "next_session_id" => format!("${}", mux.next_session),
            _ => return None,
        })
    }

    fn of_client(&self, name: &str) -> Option<String> {
        let constant = "#{t/p:client_activity}: session #{session_name}";
        if name == "client_mode_format" {
            return Some(constant.into());
        }
        // A client that only runs a command is none, as in tmux.
        let c = self.client().filter(|c| c.attached)?;
        let hello = &c.hello;
        Some(match name {
            "client_name" => c.name.clone(),
            "client_tty" => hello.tty.clone().unwrap_or_default(),
            "client_pid" => hello.pid.to_string(),
            "client_uid" => hello.uid.to_string(),
            "client_user" if hello.uid == self.mux.config.uid => self.mux.config.user.clone(),
            "client_width" => c.size.cols.to_string(),
            "client_height" => c.size.rows.to_string(),
            "client_cell_width" => hello.cell_pixels.map_or(0, |p| p.0).to_string(),
            "client_cell_height" => hello.cell_pixels.map_or(0, |p| p.1).to_string(),
            "client_termname" | "client_termtype" => hello.term.clone(),
            "client_termfeatures" => hello.features.join(","),
            "client_session" => c.session.and_then(|s| self.mux.sessions.get(&s))?.name.clone(),
            "client_last_session" => c.last_session.and_then(|s| self.mux.sessions.get(&s))?.name.clone(),
            "client_prefix" => return flag(c.prefix_pressed()),
            "client_key_table" => match (&c.key_table, c.session) {
                (Some(t), _) => t.clone(),
                (None, Some(s)) => self.mux.option_text(Scope::Session(s), "key-table"),
                (None, None) => "root".into(),
            },
            "client_readonly" => return flag(c.read_only),
            "client_utf8" => return flag(hello.utf8),
            "client_control_mode" => return flag(c.control.is_some()),
            "client_created" => return seconds(c.created),
            "client_activity" => return seconds(c.activity),
            "client_written" | "client_discarded" => "0".into(),
            "client_flags" => {
                let mut flags: Vec<String> = Vec::new();
                let control = c.control.as_deref();
                for (on, word) in [
                    (c.attached, "attached"),
                    (c.focused, "focused"),
                    (c.control.is_some(), "control-mode"),
                    (c.ignore_size, "ignore-size"),
                    (c.stays, "no-detach-on-destroy"),
                    (control.is_some_and(|c| c.no_output), "no-output"),
                    (control.is_some_and(|c| c.wait_exit), "wait-exit"),
                ] {
                    if on {
                        flags.push(word.to_owned());
                    }
                }
                if let Some(after) = control.and_then(|c| c.pause_after) {
                    flags.push(format!("pause-after={}", after.as_secs()));
                }
                for (on, word) in [
                    (c.read_only, "read-only"),
                    (c.own_active_pane, "active-pane"),
                    (c.suspended, "suspended"),
                    (hello.utf8, "UTF-8"),
                ] {
                    if on {
                        flags.push(word.to_owned());
                    }
                }
                flags.join(",")
            }
            _ => return None,
        })
    }

    fn of_session(&self, name: &str) -> Option<String> {
        let s = self.session()?;
        let attached = || self.mux.clients.values().filter(|c| c.attached && c.session == Some(s.id));
        Some(match name {
            "session_id" => s.id.to_string(),
            "session_name" => s.name.clone(),
            "session_windows" => s.links.len().to_string(),
            "session_attached" => attached().count().to_string(),
            "session_many_attached" => return flag(attached().count() > 1),
            "session_attached_list" => attached().map(|c| c.name.clone()).collect::<Vec<_>>().join(","),
            "session_created" => return seconds(s.created),
            "session_activity" => return seconds(s.activity),
            "session_last_attached" if s.last_attached == 0 => String::new(),
            "session_last_attached" => return seconds(s.last_attached),
            "session_path" => s.path.clone(),
            "session_grouped" => return flag(s.group.is_some()),
            _ if name.starts_with("session_group") => return self.of_group(name, s),
            "session_marked" => {
                let marked = self.mux.marked.and_then(|p| self.mux.found_pane(p, Some(s.id)));
                return flag(marked.is_some_and(|f| f.session == s.id));
            }
            "session_activity_flag" => return flag(s.links.values().any(|l| l.activity)),
            "session_bell_flag" => return flag(s.links.values().any(|l| l.bell)),
            "session_silence_flag" => return flag(s.links.values().any(|l| l.silence)),
            "session_active" => {
                return self.client().filter(|c| c.attached).and_then(|c| flag(c.session == Some(s.id)));
            }
            "session_stack" => {
                let mut all = vec![s.current.to_string()];
                all.extend(s.last.iter().rev().filter(|i| s.links.contains_key(i)).map(u32::to_string));
                all.join(",")
            }
            "session_alerts" => {
                let mut parts = Vec::new();
                for (i, l) in &s.links {
                    let signs: String = [(l.activity, '#'), (l.bell, '!'), (l.silence, '~')]
                        .into_iter()
                        .filter_map(|(on, sign)| on.then_some(sign))
                        .collect();
                    if !signs.is_empty() {
                        parts.push(format!("{i}{signs}"));
                    }
                }
                parts.join(",")
            }
            // Only a list of sessions is about them; see `lists`.
            "session_format" => "0".into(),
            "active_window_index" => s.current.to_string(),
            "last_window_index" => s.links.keys().next_back().map(u32::to_string).unwrap_or_default(),
            _ => return None,
        })
    }

    fn of_group(&self, name: &str, s: &Session) -> Option<String> {
        let group = s.group.as_ref()?;
        let members = self.mux.group_of(s.id);
        let in_group = |c: &&Client| c.attached && members.iter().any(|m| Some(m.id) == c.session);
        let attached = || self.mux.clients.values().filter(in_group);
        Some(match name {
            "session_group" => group.clone(),
            "session_group_size" => members.len().to_string(),
            "session_group_list" => members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(","),
            "session_group_attached" => attached().count().to_string(),
            "session_group_many_attached" => return flag(attached().count() > 1),
            "session_group_attached_list" => {
                attached().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")
            }
            _ => return None,
        })
    }

    /// The sessions that hold a window, each as often as it does.
    fn links_of<'b>(&'b self, w: &'b Window) -> impl Iterator<Item = &'b Session> {
        let holds = |s: &'b Session| s.links.values().filter(|l| l.window == w.id).map(move |_| s);
        self.mux.sessions.values().flat_map(holds)
    }

    fn shown_in<'b>(&'b self, w: &'b Window) -> impl Iterator<Item = &'b Session> {
        self.mux.sessions.values().filter(|s| s.current_window() == Some(w.id))
    }

    /// The clients that show a window now.
    fn showing<'b>(&'b self, w: &'b Window) -> impl Iterator<Item = &'b Client> {
        self.mux.clients.values().filter(|c| {
            let s = c.session.and_then(|s| self.mux.sessions.get(&s));
            c.attached && s.and_then(|s| s.current_window()) == Some(w.id)
        })
    }

    /// Where in its window a client looks, and whether the window is larger than it.
    fn view(&self) -> Option<((u16, u16), bool)> {
        let c = self.client().filter(|c| c.attached)?;
        let (room, size) = (self.mux.client_area(c)?, self.mux.client_window(c.id)?.size);
        Some((self.mux.view_offset(c.id, room), size.cols > room.cols || size.rows > room.rows))
    }

    fn of_window(&self, name: &str) -> Option<String> {
        let (s, w, found) = (self.session()?, self.window()?, self.about.found?);
        let link = s.links.get(&found.index)?;
        Some(match name {
            "window_id" => w.id.to_string(),
            "window_name" => w.name.clone(),
            "window_index" => found.index.to_string(),
            "window_active" => return flag(s.current == found.index),
            "window_panes" => w.panes.len().to_string(),
            "window_width" => w.size.cols.to_string(),
            "window_height" => w.size.rows.to_string(),
            "window_flags" => self.mux.window_flags(s, found.index).replace('#', "##"),
            "window_raw_flags" => self.mux.window_flags(s, found.index),
            "window_last_flag" => return flag(s.last_index() == Some(found.index)),
            "window_zoomed_flag" => return flag(w.zoomed),
            "window_activity_flag" => return flag(link.activity),
            "window_bell_flag" => return flag(link.bell),
            "window_silence_flag" => return flag(link.silence),
            "window_marked_flag" => {
                return flag(self.mux.marked.is_some_and(|p| w.panes.contains(&p)));
            }
            "window_start_flag" => return flag(s.links.keys().next() == Some(&found.index)),
            "window_end_flag" => return flag(s.links.keys().next_back() == Some(&found.index)),
            "window_layout" => w.layout.to_text(),
            "window_visible_layout" if w.zoomed => super::layout::Layout::single(w.active, w.size).to_text(),
            "window_visible_layout" => w.layout.to_text(),
            "window_activity" => return seconds(w.activity),
            "window_bigger" => return self.view().and_then(|(_, bigger)| flag(bigger)),
            "window_offset_x" => return self.view().filter(|v| v.1).map(|(at, _)| at.0.to_string()),
            "window_offset_y" => return self.view().filter(|v| v.1).map(|(at, _)| at.1.to_string()),
            "window_linked" => return flag(self.links_of(w).count() > 1),
            // A group of sessions counts once, as in tmux.
            "window_linked_sessions" => {
                let apart = |s: &Session| s.group.clone().ok_or(s.id);
                self.links_of(w).map(apart).collect::<BTreeSet<_>>().len().to_string()
            }
            "window_linked_sessions_list" => {
                self.links_of(w).map(|s| s.name.as_str()).collect::<Vec<_>>().join(",")
            }
            "window_active_sessions" => self.shown_in(w).count().to_string(),
            "window_active_sessions_list" => {
                self.shown_in(w).map(|s| s.name.as_str()).collect::<Vec<_>>().join(",")
            }
            "window_active_clients" => self.showing(w).count().to_string(),
            "window_active_clients_list" => {
                self.showing(w).map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")
            }
            // What a cell measures when no terminal says it.
            "window_cell_width" => "16".into(),
            "window_cell_height" => "32".into(),
            "window_stack_index" => {
                let at = s.last.iter().rev().position(|i| *i == found.index).map_or(0, |i| i + 1);
                (if s.current == found.index { 0 } else { at }).to_string()
            }
            "window_format" => "0".into(),
            _ => return None,
        })
    }

    fn of_pane(&self, name: &str) -> Option<String> {
        let (w, p) = (self.window()?, self.pane()?);
        let rect = || w.rect(p.id).unwrap_or_default();
        let whole = w.layout.root.rect;
        let base = || self.mux.option_number(Scope::Window(w.id), "pane-base-index").max(0) as usize;
        Some(match name {
            "pane_id" => p.id.to_string(),
            "pane_index" => (w.position(p.id)? + base()).to_string(),
            "pane_active" => return flag(w.active == p.id),
            "pane_last" => return flag(w.last_pane() == Some(p.id)),
            "pane_width" => p.size.cols.to_string(),
            "pane_height" => p.size.rows.to_string(),
            "pane_left" => rect().x.to_string(),
            "pane_top" => rect().y.to_string(),
            "pane_right" => rect().right().saturating_sub(1).to_string(),
            "pane_bottom" => rect().bottom().saturating_sub(1).to_string(),
            "pane_at_left" => return flag(rect().x == 0),
            "pane_at_top" => return flag(w.layout.rect(p.id).unwrap_or_else(rect).y == 0),
            "pane_at_right" => return flag(rect().right() >= whole.w),
            "pane_at_bottom" => return flag(w.layout.rect(p.id).unwrap_or_else(rect).bottom() >= whole.h),
            "pane_floating_flag" => return flag(w.float(p.id).is_some()),
            "pane_x" => rect().x.to_string(),
            "pane_y" => rect().y.to_string(),
            // From the topmost; those that do not float lie below all that do.
            "pane_z" => {
                let above = w.floats.iter().rev().position(|(f, _)| *f == p.id);
                above.unwrap_or(w.floats.len() + 1).to_string()
            }
            "pane_zoomed_flag" => return flag(w.zoomed && w.active == p.id),
            "pane_flags" => {
                let marked = self.mux.marked == Some(p.id);
                let signs = [
                    (w.active == p.id, '*'),
                    (w.last_pane() == Some(p.id), '-'),
                    (marked, 'M'),
                    (w.zoomed && w.active == p.id, 'Z'),
                    (w.float(p.id).is_some(), 'F'),
                ];
                signs.into_iter().filter_map(|(on, sign)| on.then_some(sign)).collect()
            }
            "pane_title" => p.title().to_owned(),
            "pane_path" => p.screen.path().to_owned(),
            // An empty pane has no process.
            "pane_pid" if p.info.pid == 0 => String::new(),
            "pane_pid" => p.info.pid.to_string(),
            "pane_tty" => p.info.tty.clone(),
            "pane_current_command" if p.dead.is_some() => String::new(),
            "pane_current_command" => match (&p.info.command, p.start_argv.first()) {
                (c, _) if !c.is_empty() => c.clone(),
                (_, Some(first)) => {
                    let word = first.split_whitespace().next().unwrap_or("");
                    word.rsplit('/').next().unwrap_or(word).to_owned()
                }
                (_, None) => {
                    let shell = &self.mux.config.shell;
                    shell.rsplit('/').next().unwrap_or(shell).to_owned()
                }
            },
            "pane_current_path" => p.info.path.clone(),
            "pane_start_command" => start_command(&p.start_argv),
            "pane_start_path" => p.start_path.clone(),
            "pane_dead" => return flag(p.dead.is_some()),
            "pane_dead_status" => match p.dead {
                Some(ExitStatus::Code(n)) => n.to_string(),
                _ => String::new(),
            },
            "pane_dead_signal" => match p.dead {
                Some(ExitStatus::Signal(n)) => n.to_string(),
                _ => String::new(),
            },
            "pane_dead_time" if p.dead.is_none() => String::new(),
            "pane_dead_time" => return seconds(p.dead_since),
            "pane_in_mode" => return flag(p.mode.is_some()),
            "pane_mode" => p.mode.as_ref().map(|m| m.name().to_owned()).unwrap_or_default(),
            "pane_input_off" => return flag(p.input_off),
            "pane_marked" => return flag(self.mux.marked == Some(p.id)),
            "pane_marked_set" => return flag(self.mux.marked.is_some()),
            "pane_pipe" => return flag(p.pipe.is_some()),
            "pane_synchronized" => {
                return flag(self.mux.option_on(Scope::Pane(p.id), "synchronize-panes"));
            }
            "pane_tabs" => {
                (0..p.size.cols).step_by(8).skip(1).map(|c| c.to_string()).collect::<Vec<_>>().join(",")
            }
            "pane_fg" => self.pane_colour(p, p.screen.default_fg(), "fg="),
            "pane_bg" => self.pane_colour(p, p.screen.default_bg(), "bg="),
            "pane_format" => "1".into(),
            "pane_unseen_changes" => return flag(false),
            "pane_key_mode" => (if p.screen.modes().kitty_flags != 0 { "Ext 2" } else { "VT10x" }).to_owned(),
            "pane_pb_state" => {
                ["hidden", "normal", "error", "indeterminate", "paused"][usize::from(p.bar.0.min(4))].into()
            }
            "pane_pb_progress" => p.bar.1.to_string(),
            // qmux's own.
            "pane_host" => p.host().map_or_else(|| self.mux.config.host.clone(), |h| h.0.clone()),
            "pane_remote" => return flag(p.host().is_some()),
            "pane_place" => place_word(&p.place).to_owned(),
            "pane_progress" => p.progress.clone().unwrap_or_default(),
            "pane_life" => p.life.map(|l| l.to_string()).unwrap_or_default(),
            _ => return self.of_screen(name, p).or_else(|| self.of_copy(name, p)),
        })
    }

    /// The colour a pane's cells have by default: the program's own (OSC 10, 11), else that of the window's style.
    fn pane_colour(&self, p: &Pane, own: Option<(u8, u8, u8)>, key: &str) -> String {
        if let Some((r, g, b)) = own {
            return format!("#{r:02x}{g:02x}{b:02x}");
        }
        let active = self.mux.windows.get(&p.window).is_some_and(|w| w.active == p.id);
        let styles = ["window-active-style", "window-style"];
        let named = styles.iter().skip(usize::from(!active)).find_map(|option| {
            let style = self.mux.option_text(Scope::Pane(p.id), option);
            let colour =
                style.split([' ', ',']).rev().find_map(|word| word.strip_prefix(key)?.to_owned().into());
            colour.filter(|c| c != "default")
        });
        named.unwrap_or_else(|| "default".into())
    }

    fn of_screen(&self, name: &str, p: &Pane) -> Option<String> {
        let modes = p.screen.modes();
        let cursor = p.screen.cursor();
        Some(match name {
            // After the last column it stands behind it until the line wraps, as tmux counts.
            "cursor_x" => (cursor.x + u16::from(p.screen.pending_wrap())).to_string(),
            "cursor_y" => cursor.y.to_string(),
            "cursor_flag" => return flag(cursor.visible),
            "cursor_character" => p.screen.cell(cursor.x, cursor.y).text.to_owned(),
            "cursor_blinking" => return flag(cursor.blinking),
            "cursor_very_visible" => return flag(false),
            "cursor_shape" => match cursor.shape {
                CursorShape::Default => "default",
                CursorShape::Block => "block",
                CursorShape::Underline => "underline",
                CursorShape::Bar => "bar",
            }
            .into(),
            "cursor_colour" => match p.screen.cursor_color() {
                Some((r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
                None => "none".into(),
            },
            "alternate_on" => return flag(modes.alternate),
            "alternate_saved_x" | "alternate_saved_y" => "4294967295".into(),
            "history_size" => p.screen.history_len().to_string(),
            "history_limit" => p.screen.history_limit().to_string(),
            "history_bytes" => p.screen.history_bytes().to_string(),
            // Lines and bytes; tmux counts two more kinds of cells that are not apart here.
            "history_all_bytes" => {
                format!("{},{},0,0,0,0", p.screen.history_len(), p.screen.history_bytes())
            }
            "insert_flag" => return flag(modes.insert),
            "origin_flag" => return flag(modes.origin),
            "wrap_flag" => return flag(modes.wrap),
            "keypad_flag" => return flag(modes.app_keypad),
            "keypad_cursor_flag" => return flag(modes.app_cursor),
            "bracket_paste_flag" => return flag(modes.bracketed_paste),
            "synchronized_output_flag" => return flag(modes.synchronized),
            "mouse_any_flag" => return flag(modes.mouse != MouseMode::Off),
            "mouse_standard_flag" => return flag(modes.mouse == MouseMode::Normal),
            "mouse_button_flag" => return flag(modes.mouse == MouseMode::Button),
            "mouse_all_flag" => return flag(modes.mouse == MouseMode::Any),
            "mouse_sgr_flag" => return flag(modes.mouse_encoding == MouseEncoding::Sgr),
            "mouse_utf8_flag" => return flag(modes.mouse_encoding == MouseEncoding::Utf8),
            "scroll_region_upper" => p.screen.scroll_region().0.to_string(),
            "scroll_region_lower" => p.screen.scroll_region().1.to_string(),
            _ => return None,
        })
    }

    fn of_copy(&self, name: &str, p: &Pane) -> Option<String> {
        let c = match &p.mode {
            Some(Mode::Copy(c)) => c,
            _ => return None,
        };
        let (_, y) = c.cursor_on_screen();
        Some(match name {
            "scroll_position" | "copy_position" => c.scroll.to_string(),
            "copy_position_limit" => c.screen.history_len().to_string(),
            "search_timed_out" => return flag(false),
            "copy_cursor_x" => c.cursor.x.to_string(),
            "copy_cursor_y" => y.to_string(),
            "copy_cursor_line" => c.screen.line_text(c.cursor.line),
            "copy_cursor_word" => c.word_at_cursor(),
            // One that has only begun is none, as in 3.7.
            "selection_present" => return flag(c.selection.is_some_and(|s| s.start != s.end)),
            "selection_active" => {
                return flag(c.selection.is_some_and(|s| s.follows != super::copy::Follows::Nothing));
            }
            "selection_start_x" => c.selection?.start.x.to_string(),
            "selection_start_y" => c.selection?.start.line.to_string(),
            "selection_end_x" => c.selection?.end.x.to_string(),
            "selection_end_y" => c.selection?.end.line.to_string(),
            "selection_mode" => match c.selection.map(|s| s.by) {
                Some(SelectBy::Word) => "word",
                Some(SelectBy::Line) => "line",
                Some(SelectBy::Char) | None => "char",
            }
            .into(),
            "rectangle_toggle" => return flag(c.rectangle),
            "search_present" => return flag(c.search.is_some()),
            "search_count" => c.search.as_ref()?.matches.len().to_string(),
            "search_count_partial" => return flag(false),
            "search_match" | "pane_search_string" => {
                c.search.as_ref().map(|s| s.text.clone()).unwrap_or_default()
            }
            _ => return None,
        })
    }

    fn of_buffer(&self, name: &str) -> Option<String> {
        let b = self.about.buffer?;
        Some(match name {
            "buffer_name" => b.name.clone(),
            "buffer_size" => b.data.len().to_string(),
            "buffer_created" => return seconds(b.created),
            "buffer_sample" => sample(&b.data),
            "buffer_full" => String::from_utf8_lossy(&b.data).into_owned(),
            _ => return None,
        })
    }

    fn of_options(&self, name: &str) -> Option<String> {
        let scope = match self.about.found {
            Some(f) => Scope::Pane(f.pane),
            None => Scope::GlobalSession,
        };
        let (base, index) = match name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            Some((base, index)) => (base, index.parse::<u32>().ok()),
            None => (name, None),
        };
        if let Some(i) = index {
            return self.mux.option_element(scope, base, i);
        }
        if base.starts_with('@') {
            // A user option may be set at any level.
            let mut scopes = vec![scope];
            if let Some(f) = self.about.found {
                scopes.extend([Scope::Session(f.session), Scope::GlobalSession]);
            } else {
                scopes.push(Scope::GlobalWindow);
            }
            scopes.push(Scope::Server);
            return scopes.into_iter().find_map(|s| self.mux.option(s, base)).map(|v| v.to_text());
        }
        super::options::definition(base)?;
        // The session of the place wins over the one a window is guessed to be in.
        if let Some(f) = self.about.found
            && let Scope::Session(_) = self.mux.scope_for(scope, base)
        {
            return self.mux.option(Scope::Session(f.session), base).map(|v| as_variable(&v));
        }
        self.mux.option(scope, base).map(|v| as_variable(&v))
    }

    fn of_environment(&self, name: &str) -> Option<String> {
        let of_session = self.session().and_then(|s| s.environment.get(name).cloned());
        match of_session {
            Some(value) => value,
            None => self.mux.env_global(name),
        }
    }
}

/// An option in a format: what is on or off is 1 or 0.
fn as_variable(value: &super::options::Value) -> String {
    match value {
        super::options::Value::Flag(on) => (if *on { "1" } else { "0" }).to_owned(),
        other => other.to_text(),
    }
}

/// A pane's place in one word.
fn place_word(place: &super::Place) -> &'static str {
    use super::Place;
    match place {
        Place::Starting => "starting",
        Place::Here => "here",
        Place::There(_) => "there",
        Place::Leaving(..) => "moving",
        Place::Reconnecting(_) => "reconnecting",
        Place::Undecided(_) => "undecided",
        Place::Gone(_) => "gone",
    }
}

/// What a pane was started with, as tmux prints it: one word as it is, several quoted.
fn start_command(argv: &[String]) -> String {
    match argv {
        [] => String::new(),
        [one] => crate::command::quote(one),
        many => many.iter().map(|a| crate::command::quote(a)).collect::<Vec<_>>().join(" "),
    }
}

/// The beginning of a buffer, made printable.
pub(crate) fn sample(data: &[u8]) -> String {
    const WIDTH: usize = 200;
    let text = String::from_utf8_lossy(&data[..data.len().min(WIDTH * 4)]);
    let mut out = String::new();
    for c in text.chars().take(WIDTH) {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\{:03o}", c as u32)),
            c => out.push(c),
        }
    }
    if text.chars().count() > WIDTH {
        out.push_str("...");
    }
    out
}

impl Context for Cx<'_> {
    fn lookup(&self, name: &str) -> Option<String> {
        match name {
            "loop_first_flag" => return flag(self.ends.0),
            "loop_last_flag" => return flag(self.ends.1),
            _ => {}
        }
        if let Some(v) = self.about.extra.get(name) {
            return Some(v.clone());
        }
        let by_prefix = match name.split('_').next() {
            Some("client") => self.of_client(name),
            Some("session" | "active") => self.of_session(name),
            Some("window") => self.of_window(name),
            Some("buffer") => self.of_buffer(name),
            _ => None,
        };
        by_prefix
            .or_else(|| self.of_pane(name))
            .or_else(|| self.of_server(name))
            .or_else(|| if name == "last_window_index" { self.of_session(name) } else { None })
            .or_else(|| self.of_options(name))
            .or_else(|| self.of_environment(name))
    }

    fn each(&self, over: Loop, order: Order) -> Vec<(bool, Box<dyn Context + '_>)> {
        let mux = self.mux;
        let make = |client: Option<ClientId>, found: Option<Found>, ends| -> Box<dyn Context + '_> {
            let about = About { client, found, ..self.about.clone() };
            Box::new(Cx { mux, about, ends })
        };
        let client = self.about.client;
        let mut all: Vec<(bool, Option<ClientId>, Found)> = match over {
            Loop::Sessions => {
                let mut all: Vec<&Session> = mux.sessions.values().collect();
                match order.by {
                    Some('n') => all.sort_by(|a, b| a.name.cmp(&b.name)),
                    Some('t') => all.sort_by_key(|s| Reverse(s.activity_order)),
                    _ => {}
                }
                let mine = self.client().and_then(|c| c.session);
                let found = |s: &Session| Some((Some(s.id) == mine, client, mux.found_session(s.id)?));
                all.into_iter().filter_map(found).collect()
            }
            Loop::Windows => {
                let Some(s) = self.session() else { return Vec::new() };
                let window = |i: &u32| s.links.get(i).and_then(|l| mux.windows.get(&l.window));
                let mut all: Vec<u32> = s.links.keys().copied().collect();
                match order.by {
                    Some('n') => all.sort_by_key(|i| window(i).map(|w| w.name.clone())),
                    Some('t') => all.sort_by_key(|i| Reverse(window(i).map(|w| w.activity))),
                    _ => {}
                }
                let found = |i: u32| Some((s.current == i, client, mux.found_index(s.id, i)?));
                all.into_iter().filter_map(found).collect()
            }
            Loop::Panes => {
                let (Some(w), Some(f)) = (self.window(), self.about.found) else { return Vec::new() };
                w.panes.iter().map(|p| (*p == w.active, client, Found { pane: *p, ..f })).collect()
            }
            Loop::Clients => {
                let mut all: Vec<&Client> = mux.clients.values().filter(|c| c.attached).collect();
                match order.by {
                    Some('n') => all.sort_by(|a, b| a.name.cmp(&b.name)),
                    Some('t') => all.sort_by_key(|c| Reverse(c.activity_order)),
                    _ => {}
                }
                if order.reversed {
                    all.reverse();
                }
                let element = |c: &Client| {
                    let found = c.session.and_then(|s| mux.found_session(s));
                    (Some(c.id) == client, make(Some(c.id), found, (false, false)))
                };
                return all.into_iter().map(element).collect();
            }
        };
        if order.reversed {
            all.reverse();
        }
        let last = all.len().saturating_sub(1);
        let told = matches!(over, Loop::Windows | Loop::Sessions);
        let ends = |n: usize| if told { (n == 0, n == last) } else { (false, false) };
        let element = |(n, (current, client, found))| (current, make(client, Some(found), ends(n)));
        all.into_iter().enumerate().map(element).collect()
    }

    fn shell(&self, command: &str) -> String {
        self.mux.shell_value(command)
    }

    fn now(&self) -> (i64, i32) {
        (self.mux.wall_ms().div_euclid(1000), self.mux.utc_offset_s)
    }

    fn search(&self, pattern: &str, regex: bool, ignore_case: bool) -> usize {
        let Some(p) = self.pane() else { return 0 };
        let first = p.screen.history_len();
        let rows = usize::from(p.size.rows);
        let fits = |text: &str| {
            if regex {
                regex_lite::RegexBuilder::new(pattern)
                    .case_insensitive(ignore_case)
                    .build()
                    .is_ok_and(|r| r.is_match(text))
            } else if ignore_case {
                format::glob::matches(&format!("*{}*", pattern.to_lowercase()), &text.to_lowercase())
            } else {
                format::glob::matches(&format!("*{pattern}*"), text)
            }
        };
        (0..rows).find(|y| fits(&p.screen.line_text(first + y))).map_or(0, |y| y + 1)
    }

    fn name_exists(&self, name: &str, session: bool) -> bool {
        if session {
            return self.mux.session_by_name(name).is_some();
        }
        let Some(s) = self.session() else { return false };
        s.links.values().any(|l| self.mux.windows.get(&l.window).is_some_and(|w| w.name == name))
    }
}
