//! Completion at a prompt: names of commands, options and layouts, and targets.
//!
//! Owns what a word can become; what is typed belongs to the prompt.

use super::Mux;
use super::commands::display_menu;
use super::layout::{Preset, Rect};
use super::model::Overlay;
use super::options::{OPTIONS, Value};
use super::overlay::{Looks, Menu, MenuItem};
use super::prompt::{Prompt, PromptKind};
use super::settings::Scope;
use crate::command::Word;
use crate::ids::{ClientId, SessionId};
use crate::vt::keys::{Key, KeyCode};

/// Most lines of a menu of completions: the last ones are shown, as tmux does.
const MAX_LINES: usize = 10;

/// What a word can become.
enum Found {
    /// This.
    One(String),
    /// One of these: as the menu says it, and what goes into the prompt.
    Several(Vec<(String, String)>),
}

impl Mux {
    /// Tab at a prompt.
    pub(crate) fn complete_prompt(&mut self, id: ClientId) {
        let Some(client) = self.clients.get(&id) else { return };
        let (Some(prompt), Some(session)) = (&client.prompt, client.session) else { return };
        let (first, last) = prompt.word();
        let word: String = prompt.input.get(first..last).unwrap_or_default().iter().collect();
        let found = self.completions(session, prompt, &word, first == 0);
        match found {
            None => {}
            Some(Found::One(text)) => self.put_completion(id, &text),
            Some(Found::Several(list)) => self.completion_menu(id, &word, first, list),
        }
    }

    fn completions(&self, session: SessionId, prompt: &Prompt, word: &str, at_start: bool) -> Option<Found> {
        if prompt.kind == PromptKind::WindowTarget {
            return self.windows_for(session, word, "", true);
        }
        let flag = if word.starts_with("-t") || word.starts_with("-s") { &word[..2] } else { "" };
        if prompt.kind != PromptKind::Target && flag.is_empty() {
            return if word.is_empty() { None } else { self.names_for(word, at_start) };
        }
        let target = if prompt.kind == PromptKind::Target { word } else { &word[2..] };
        let flag = if prompt.kind == PromptKind::Target { "" } else { flag };
        let Some((name, window)) = target.split_once(':') else {
            return self.sessions_for(target, flag);
        };
        let session = match name {
            "" => session,
            _ => {
                let named = |s: &&super::Session| s.name == name || s.id.to_string() == name;
                self.sessions.values().find(named)?.id
            }
        };
        self.windows_for(session, window, flag, false)
    }

    /// Commands and, behind the first word, options and layouts that begin with a word.
    fn names_for(&self, word: &str, at_start: bool) -> Option<Found> {
        let mut names: Vec<String> = super::commands::names().map(str::to_owned).collect();
        if let Some(Value::Array(aliases)) = self.option(Scope::Server, "command-alias") {
            names.extend(aliases.values().filter_map(|a| Some(a.split_once('=')?.0.to_owned())));
        }
        if !at_start {
            names.extend(OPTIONS.iter().map(|o| o.name.to_owned()));
            names.extend(Preset::ALL.iter().map(|p| p.name().to_owned()));
        }
        names.retain(|n| n.starts_with(word));
        names.sort();
        names.dedup();
        match names.as_slice() {
            [] => None,
            [one] => Some(Found::One(format!("{one} "))),
            _ => Some(several(word, names.into_iter().map(|n| (n.clone(), n)).collect())),
        }
    }

    fn sessions_for(&self, word: &str, flag: &str) -> Option<Found> {
        let by_id = word.starts_with('$');
        let mut names: Vec<(String, String)> = self
            .sessions
            .values()
            .map(|s| if by_id { s.id.to_string() } else { s.name.clone() })
            .filter(|n| n.starts_with(word))
            .map(|n| (format!("{n}:"), format!("{flag}{n}:")))
            .collect();
        names.sort();
        match names.as_slice() {
            [] => None,
            [(_, one)] => Some(Found::One(one.clone())),
            _ => Some(several(&format!("{flag}{word}"), names)),
        }
    }

    /// Windows of a session whose index begins with a word.
    fn windows_for(&self, session: SessionId, word: &str, flag: &str, alone: bool) -> Option<Found> {
        let s = self.sessions.get(&session)?;
        let fits: Vec<(String, String)> = s
            .links
            .iter()
            .filter(|(index, _)| index.to_string().starts_with(word))
            .filter_map(|(index, link)| {
                let name = &self.windows.get(&link.window)?.name;
                let place = if alone { index.to_string() } else { format!("{}:{index}", s.name) };
                Some((format!("{place} ({name})"), format!("{flag}{place}")))
            })
            .collect();
        match fits.as_slice() {
            [] => None,
            [(_, one)] => Some(Found::One(one.clone())),
            _ => Some(Found::Several(fits)),
        }
    }

    fn put_completion(&mut self, id: ClientId, text: &str) {
        if let Some(prompt) = self.clients.get_mut(&id).and_then(|c| c.prompt.as_mut()) {
            prompt.put_word(text);
            self.redraw.insert(id);
        }
    }

    /// One of a menu of completions was chosen.
    pub(crate) fn completion_chosen(&mut self, id: ClientId, text: &str) {
        self.put_completion(id, text);
    }

    fn completion_menu(&mut self, id: ClientId, word: &str, first: usize, list: Vec<(String, String)>) {
        use unicode_width::UnicodeWidthStr as _;
        let Some(client) = self.clients.get(&id) else { return };
        let Some(prompt) = &client.prompt else { return };
        let size = client.size;
        let scope = client.session.map_or(Scope::GlobalSession, Scope::Session);
        let shown = list.len().min(MAX_LINES).min(usize::from(size.rows.saturating_sub(5)));
        if shown == 0 {
            return;
        }
        let hidden = list.len() - shown;
        let items: Vec<MenuItem> = list
            .into_iter()
            .skip(hidden)
            .zip('0'..='9')
            .map(|((name, text), key)| MenuItem {
                name: Some(name),
                key: Some(Key::plain(KeyCode::Char(key))),
                disabled: false,
                command: Some(Word::Text(text)),
            })
            .collect();
        let before: String = prompt.input.iter().take(first).collect();
        let flag = if word.starts_with("-t") || word.starts_with("-s") { 2 } else { 0 };
        let x = crate::format::style::plain(&prompt.text).width() + before.width() + flag;
        let width = items.iter().map(display_menu::width).max().unwrap_or(0) + 4;
        let x = x.saturating_sub(2).min(usize::from(size.cols).saturating_sub(width));
        let height = shown + 2;
        let y = if self.option_text(scope, "status-position") == "top" {
            self.status_rows(scope)
        } else {
            usize::from(size.rows).saturating_sub(height + 1)
        };
        let window = self.client_window(id).map_or(Scope::GlobalWindow, |w| Scope::Window(w.id));
        let option = |name: &str| self.option_text(window, name);
        let looks = Looks {
            style: option("menu-style"),
            border_style: option("menu-border-style"),
            lines: option("menu-border-lines"),
            title: String::new(),
        };
        let menu = Menu {
            rect: Rect {
                x: x as u16,
                y: y as u16,
                w: width.min(usize::from(size.cols)) as u16,
                h: height as u16,
            },
            looks,
            selected_style: option("menu-selected-style"),
            items,
            chosen: Some(0),
            stays: true,
            completes: true,
            waits: None,
            origin: prompt.origin.clone(),
        };
        self.open_overlay(id, Overlay::Menu(Box::new(menu)));
    }

    fn status_rows(&self, scope: Scope) -> usize {
        match self.option_text(scope, "status").as_str() {
            "off" => 0,
            n => n.parse().unwrap_or(1),
        }
    }
}

/// As far as all agree, when that is further than what is there.
fn several(word: &str, list: Vec<(String, String)>) -> Found {
    let mut common = list.first().map_or("", |(_, t)| t.as_str());
    for (_, text) in &list {
        let same = common.char_indices().zip(text.chars()).take_while(|((_, a), b)| a == b).count();
        common = common.char_indices().nth(same).map_or(common, |(at, _)| &common[..at]);
    }
    if common == word { Found::Several(list) } else { Found::One(common.to_owned()) }
}
