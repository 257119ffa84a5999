//! Pickers: a box over one client's panes with a search line, the entries that fit what is typed, and for some a
//! picture of what the chosen one is. The command palette, the session picker and the choice of a theme are three of
//! them.
//!
//! Owns the search, the choice, and what keys and mouse do to them; what there is to choose from is made by the
//! verbs, and what it looks like is the view's business.

pub mod fuzzy;

use super::input::Handled;
use super::layout::Rect;
use super::model::Overlay;
use super::options::Value;
use super::queue::Origin;
use super::{Mux, commands};
use crate::command::quote;
use crate::ids::{ClientId, SessionId, Size, WindowId};
use crate::vt::keys::{Key, KeyCode, Mods, Mouse, MouseKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest search text, in characters.
const MAX_QUERY: usize = 200;

/// What a picker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Verbs, keys and places to go to.
    Commands,
    /// Sessions, and what can become one.
    Sessions,
    /// Themes.
    Themes,
}

/// What is shown of the chosen entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preview {
    /// Nothing.
    Nothing,
    /// A window, as it is now.
    Window(SessionId, WindowId),
    /// Some lines.
    Text(Vec<String>),
}

/// What taking an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Commands, as text.
    Run(String),
    /// A command that wants more words: the command prompt with this typed.
    Ask(String),
    /// The theme of this place in the list.
    Theme(usize),
    /// It cannot be taken; this says why.
    Say(String),
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, which is searched first.
    pub name: String,
    /// What it is, in some words.
    pub about: String,
    /// At the right end: a key, or what kind of thing it is.
    pub right: String,
    /// Colours to be shown.
    pub swatch: Vec<String>,
    /// What is shown when it is chosen.
    pub preview: Preview,
    /// It stands below all others, however well it fits.
    pub(crate) last: bool,
    pub(crate) others: Vec<&'static str>,
    /// A session that can be renamed and killed.
    pub(crate) session: Option<SessionId>,
    pub(crate) act: Act,
}

impl Entry {
    pub(crate) fn new(name: String, about: String, right: String, act: Act) -> Entry {
        let (swatch, others, session) = (Vec::new(), Vec::new(), None);
        Entry { name, about, right, swatch, preview: Preview::Nothing, last: false, others, session, act }
    }
}

/// An entry that fits what is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    entry: usize,
    hits: Vec<usize>,
}

/// A picker.
#[derive(Debug, Clone)]
pub struct Picker {
    /// What it is for.
    pub kind: Kind,
    /// What is typed.
    pub query: String,
    entries: Vec<Entry>,
    shown: Vec<Shown>,
    chosen: usize,
    top: usize,
    /// The row a mouse button went down on.
    pressed: Option<usize>,
    /// The session picker's hosts and images, as far as they have answered.
    pub(crate) known: commands::session_picker::Known,
    /// Every theme's option values.
    pub(crate) themes: Vec<Vec<(String, String)>>,
    /// The theme to put back.
    before: Option<BTreeMap<String, Value>>,
}

/// Where the parts of a picker are on the client's terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Places {
    /// All of it.
    pub outer: Rect,
    /// Whether there is room for a border.
    pub border: bool,
    /// The search line.
    pub query: Rect,
    /// The row of the rule below it.
    pub rule: Option<u16>,
    /// The entries.
    pub list: Rect,
    /// The picture of the chosen one.
    pub preview: Option<Rect>,
}

/// What a key or the mouse asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Leave,
    Take,
    Edit,
    Rename,
    Kill,
    Make,
}

impl Picker {
    pub(crate) fn new(kind: Kind, entries: Vec<Entry>) -> Picker {
        let mut picker = Picker {
            kind,
            query: String::new(),
            entries: Vec::new(),
            shown: Vec::new(),
            chosen: 0,
            top: 0,
            pressed: None,
            known: commands::session_picker::Known::default(),
            themes: Vec::new(),
            before: None,
        };
        picker.fill(entries);
        picker
    }

    /// Other entries; the choice stays where it was, by name.
    pub(crate) fn fill(&mut self, entries: Vec<Entry>) {
        let chosen = self.chosen_entry().map(|e| (e.name.clone(), e.right.clone()));
        self.entries = entries;
        self.filter();
        if let Some((name, right)) = chosen {
            let same = |s: &Shown| self.entries[s.entry].name == name && self.entries[s.entry].right == right;
            self.chosen = self.shown.iter().position(same).unwrap_or(0);
        }
    }

    /// Chooses the first entry that is asked for, if it is shown.
    pub(crate) fn choose(&mut self, wanted: impl Fn(&Entry) -> bool) {
        if let Some(at) = self.shown.iter().position(|s| wanted(&self.entries[s.entry])) {
            self.chosen = at;
        }
    }

    fn filter(&mut self) {
        let mut fits: Vec<(i32, Shown)> = Vec::new();
        for (entry, e) in self.entries.iter().enumerate() {
            if let Some(fit) = fuzzy::fit(&self.query, &e.name, &e.others, &e.about) {
                fits.push((fit.score, Shown { entry, hits: fit.hits }));
            }
        }
        // As they were made when nothing is typed.
        if !self.query.trim().is_empty() {
            fits.sort_by_key(|(score, s)| (self.entries[s.entry].last, std::cmp::Reverse(*score)));
        }
        self.shown = fits.into_iter().map(|(_, shown)| shown).collect();
        (self.chosen, self.top, self.pressed) = (0, 0, None);
    }

    /// The chosen entry.
    pub fn chosen_entry(&self) -> Option<&Entry> {
        self.shown.get(self.chosen).map(|s| &self.entries[s.entry])
    }

    /// How many entries fit, and how many there are.
    pub fn count(&self) -> (usize, usize) {
        (self.shown.len(), self.entries.len())
    }

    /// The first entry shown in so many rows: one from which the chosen one is seen.
    pub fn top(&self, rows: u16) -> usize {
        let rows = usize::from(rows.max(1));
        self.top.min(self.chosen).max((self.chosen + 1).saturating_sub(rows))
    }

    /// The entries shown in so many rows: each with the letters that were hit, and whether it is the chosen one.
    pub fn rows(&self, rows: u16) -> impl Iterator<Item = (&Entry, &[usize], bool)> {
        let all = self.shown.iter().enumerate().skip(self.top(rows)).take(usize::from(rows));
        all.map(|(at, s)| (&self.entries[s.entry], s.hits.as_slice(), at == self.chosen))
    }

    /// Where it is on a terminal of this size.
    pub fn places(&self, size: Size) -> Places {
        let part = |all: u16, percent: u32| (u32::from(all) * percent / 100) as u16;
        let (w, h) = match self.kind {
            Kind::Commands => (part(size.cols, 80).min(96), part(size.rows, 70)),
            Kind::Sessions => (part(size.cols, 90), part(size.rows, 80)),
            Kind::Themes => (46, part(size.rows, 70)),
        };
        // A small terminal has no room to show what is behind it.
        let w = if size.cols < 60 { size.cols } else { w };
        let h = if size.rows < 16 { size.rows } else { h };
        let x = match self.kind {
            // Beside what shows the theme, not over it.
            Kind::Themes => (size.cols - w).saturating_sub(2),
            Kind::Commands | Kind::Sessions => (size.cols - w) / 2,
        };
        let outer = Rect { x, y: (size.rows - h) / 2, w, h };
        let border = w >= 8 && h >= 5;
        let inner = if border { outer.inside() } else { outer };
        let query = Rect { h: inner.h.min(1), ..inner };
        let ruled = inner.h >= 4;
        let above = if ruled { 2 } else { 1 };
        let mut list = Rect { y: inner.y + above.min(inner.h), h: inner.h.saturating_sub(above), ..inner };
        let mut preview = None;
        if self.kind == Kind::Sessions && list.w >= 64 {
            let left = list.w * 2 / 5;
            preview = Some(Rect { x: list.x + left + 1, w: list.w - left - 1, ..list });
            list.w = left;
        } else if self.kind == Kind::Sessions && list.h >= 14 {
            let upper = list.h / 2;
            preview = Some(Rect { y: list.y + upper + 1, h: list.h - upper - 1, ..list });
            list.h = upper;
        }
        Places { outer, border, query, rule: ruled.then_some(inner.y + 1), list, preview }
    }

    fn step(&mut self, by: i64, around: bool) {
        let n = self.shown.len() as i64;
        let to = self.chosen as i64 + by;
        self.chosen = if around && n > 0 { to.rem_euclid(n) } else { to.clamp(0, (n - 1).max(0)) } as usize;
    }

    fn follow(&mut self, rows: u16) {
        self.top = self.top(rows);
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        let room = MAX_QUERY.saturating_sub(self.query.chars().count());
        self.query.extend(text.chars().filter(|c| !c.is_control()).take(room));
        self.filter();
    }

    fn key(&mut self, key: Key, rows: u16) -> Asked {
        let ctrl = key.mods.contains(Mods::CTRL);
        let sessions = self.kind == Kind::Sessions;
        match (key.code, ctrl) {
            (KeyCode::Enter, _) => return Asked::Take,
            (KeyCode::Escape, _) | (KeyCode::Char('c' | 'g' | '['), true) => return Asked::Leave,
            (KeyCode::Tab, false) if self.kind == Kind::Commands => return Asked::Edit,
            (KeyCode::Char('r'), true) if sessions => return Asked::Rename,
            (KeyCode::Char('x'), true) if sessions => return Asked::Kill,
            (KeyCode::Char('o'), true) if sessions => return Asked::Make,
            (KeyCode::Up | KeyCode::BackTab, _) | (KeyCode::Char('p' | 'k'), true) => self.step(-1, true),
            (KeyCode::Down | KeyCode::Tab, _) | (KeyCode::Char('n' | 'j'), true) => self.step(1, true),
            (KeyCode::PageUp, _) => self.step(-i64::from(rows.max(1)), false),
            (KeyCode::PageDown, _) => self.step(i64::from(rows.max(1)), false),
            (KeyCode::Home, _) => self.step(i64::MIN / 2, false),
            (KeyCode::End, _) => self.step(i64::MAX / 2, false),
            (KeyCode::Backspace, false) | (KeyCode::Char('h'), true) => {
                self.query.pop();
                self.filter();
            }
            (KeyCode::Char('u'), true) => {
                self.query.clear();
                self.filter();
            }
            (KeyCode::Char('w'), true) => {
                let kept = self.query.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.query.truncate(kept);
                self.filter();
            }
            (KeyCode::Char(c), false) if !key.mods.contains(Mods::ALT) => self.type_text(&c.to_string()),
            _ => {}
        }
        self.follow(rows);
        Asked::Nothing
    }

    fn mouse(&mut self, event: Mouse, size: Size) -> Asked {
        let places = self.places(size);
        let rows = places.list.h;
        let over = places.list.contains(event.x, event.y).then(|| {
            let at = self.top(rows) + usize::from(event.y - places.list.y);
            (at < self.shown.len()).then_some(at)
        });
        let over = over.flatten();
        match event.kind {
            MouseKind::Wheel => self.step(if event.button == 64 { -1 } else { 1 }, false),
            MouseKind::Down if !places.outer.contains(event.x, event.y) => return Asked::Leave,
            MouseKind::Down | MouseKind::Drag => {
                self.pressed = over;
                self.chosen = over.unwrap_or(self.chosen);
            }
            MouseKind::Up => {
                let pressed = self.pressed.take();
                if pressed.is_some() && pressed == over {
                    return Asked::Take;
                }
            }
            MouseKind::Move => {}
        }
        self.follow(rows);
        Asked::Nothing
    }
}

impl Mux {
    fn picker_mut(&mut self, client: ClientId) -> Option<(&mut Picker, Size)> {
        let c = self.clients.get_mut(&client)?;
        let size = c.size;
        match &mut c.overlay {
            Some(Overlay::Picker(picker)) => Some((picker, size)),
            _ => None,
        }
    }

    pub(crate) fn picker(&self, client: ClientId) -> Option<&Picker> {
        match &self.clients.get(&client)?.overlay {
            Some(Overlay::Picker(picker)) => Some(picker),
            _ => None,
        }
    }

    /// A key for a picker.
    pub(crate) fn picker_key(&mut self, client: ClientId, key: Key) -> Handled {
        let Some((picker, size)) = self.picker_mut(client) else { return Handled::No };
        let rows = picker.places(size).list.h;
        let asked = picker.key(key, rows);
        self.picker_asked(client, asked);
        Handled::Yes
    }

    /// The mouse, while a picker is open.
    pub(crate) fn picker_mouse(&mut self, client: ClientId, event: Mouse) -> Handled {
        let Some((picker, size)) = self.picker_mut(client) else { return Handled::No };
        let asked = picker.mouse(event, size);
        self.picker_asked(client, asked);
        Handled::Yes
    }

    /// Pasted text is searched for.
    pub(crate) fn picker_paste(&mut self, client: ClientId, text: &str) {
        if let Some((picker, _)) = self.picker_mut(client) {
            picker.type_text(text);
        }
        self.picker_asked(client, Asked::Nothing);
    }

    fn picker_asked(&mut self, client: ClientId, asked: Asked) {
        let Some((picker, _)) = self.picker_mut(client) else { return };
        let chosen = picker.chosen_entry().cloned();
        let query = picker.query.trim().to_owned();
        match asked {
            Asked::Nothing => {}
            Asked::Leave => return self.close_overlay(client),
            Asked::Take => return self.picker_take(client, chosen),
            Asked::Edit => {
                let Some(text) = chosen.and_then(|e| match e.act {
                    Act::Ask(text) => Some(text),
                    Act::Run(text) => Some(format!("{text} ")),
                    Act::Theme(_) | Act::Say(_) => None,
                }) else {
                    return;
                };
                self.close_overlay(client);
                self.picker_prompt(client, &text);
                return;
            }
            Asked::Rename | Asked::Kill => {
                let Some((id, name)) = chosen.and_then(|e| Some((e.session?, e.name))) else { return };
                let target = quote(&format!("{id}:"));
                let plain = quote(&name.replace('#', "##"));
                let text = if asked == Asked::Rename {
                    format!(
                        "command-prompt -l -p '(rename-session)' -I {plain} {{ rename-session -t {target} -- \"%%\" }}"
                    )
                } else {
                    let question = quote(&format!("kill-session {}? (y/n)", name.replace('#', "##")));
                    format!("confirm-before -p {question} {{ kill-session -t {target} }}")
                };
                self.picker_run(client, &text);
            }
            Asked::Make => {
                self.close_overlay(client);
                let text = if query.is_empty() {
                    "command-prompt -p '(new-session)' { new-session -s \"%%\" }".to_owned()
                } else {
                    format!("new-session -s {}", quote(&query.replace('#', "##")))
                };
                self.picker_run(client, &text);
                return;
            }
        }
        // What is typed may become an entry, and the next key of the same read may take it.
        self.refresh_pickers();
        self.preview_theme(client);
        self.chrome += 1;
        self.redraw.insert(client);
    }

    fn picker_take(&mut self, client: ClientId, chosen: Option<Entry>) {
        match chosen.map(|e| (e.act, e.name)) {
            None => {}
            Some((Act::Run(text), _)) => {
                self.close_overlay(client);
                self.picker_run(client, &text);
            }
            Some((Act::Ask(text), _)) => {
                self.close_overlay(client);
                self.picker_prompt(client, &text);
            }
            Some((Act::Theme(_), name)) => {
                self.preview_theme(client);
                if let Some((picker, _)) = self.picker_mut(client) {
                    // It stays as it is seen now.
                    picker.before = None;
                }
                self.close_overlay(client);
                self.picker_run(client, &format!("set-option -g {} {}", self.theme_option(), quote(&name)));
            }
            Some((Act::Say(text), _)) => self.show_message(client, text, None, true),
        }
    }

    fn picker_run(&mut self, client: ClientId, text: &str) {
        let origin = Arc::new(Origin { client: Some(client), ..Origin::default() });
        self.run_text(Some(client), text, &origin);
    }

    fn picker_prompt(&mut self, client: ClientId, text: &str) {
        let text = text.replace('#', "##");
        self.picker_run(client, &format!("command-prompt -l -I {}", quote(&text)));
    }

    // ---- themes ----

    /// The whole screen takes the chosen theme.
    fn preview_theme(&mut self, client: ClientId) {
        let Some(picker) = self.picker(client) else { return };
        let Some(Act::Theme(at)) = picker.chosen_entry().map(|e| e.act.clone()) else { return };
        let Some(values) = picker.themes.get(at).cloned() else { return };
        let theme = super::settings::theme_values(&values);
        if self.theme != theme {
            let before = std::mem::replace(&mut self.theme, theme);
            if let Some((picker, _)) = self.picker_mut(client) {
                picker.before.get_or_insert(before);
            }
            self.theme_shown();
        }
    }

    /// A theme came into force while one is being chosen: it is the one to go back to. False: none is being chosen.
    pub(crate) fn theme_under_choice(&mut self, theme: &BTreeMap<String, Value>) -> bool {
        let mut any = false;
        for c in self.clients.values_mut() {
            if let Some(Overlay::Picker(picker)) = &mut c.overlay
                && let Some(before) = &mut picker.before
            {
                before.clone_from(theme);
                any = true;
            }
        }
        any
    }

    /// What ends with a picker: a theme that was only looked at.
    pub(crate) fn end_picker(&mut self, picker: Picker) {
        if let Some(before) = picker.before {
            self.theme = before;
            self.theme_shown();
        }
    }

    // ---- what is live ----

    /// Sessions come and go while a picker shows them.
    pub(crate) fn refresh_pickers(&mut self) {
        let of_sessions =
            |c: &super::Client| matches!(&c.overlay, Some(Overlay::Picker(p)) if p.kind == Kind::Sessions);
        let clients: Vec<ClientId> = self.clients.values().filter(|c| of_sessions(c)).map(|c| c.id).collect();
        for client in clients {
            let Some(picker) = self.picker(client) else { continue };
            let entries = commands::session_picker::entries(self, client, picker);
            if picker.entries != entries {
                if let Some((picker, _)) = self.picker_mut(client) {
                    picker.fill(entries);
                }
                self.chrome += 1;
                self.redraw.insert(client);
            }
        }
    }

    /// Clients whose picker shows a window: it is drawn again when that changes.
    pub(crate) fn redraw_previews(&mut self, window: WindowId) {
        for c in self.clients.values() {
            if let Some(Overlay::Picker(picker)) = &c.overlay
                && matches!(picker.chosen_entry().map(|e| &e.preview), Some(Preview::Window(_, w)) if *w == window)
            {
                self.redraw.insert(c.id);
            }
        }
    }

    /// Asks for work whose answer a picker shows.
    pub(crate) fn ask_for_picker(&mut self, job: super::Job, client: ClientId) {
        let origin = Arc::new(Origin { client: Some(client), ..Origin::default() });
        let pending = super::queue::Pending::Picker { client };
        self.ask(job, pending, &origin, None);
    }
}
