//! What the clients' terminals say of themselves, and what panes are told of the terminal they are shown on.
//!
//! Owns the questions asked when a client attaches and what is kept of the answers. Knows no capabilities:
//! the drawing makes them of this, of `$TERM` and of the options.

use super::{Effect, Mux};
use crate::ids::{ClientId, PaneId};
use crate::vt::keys::Reply;
use crate::vt::{Draws, Screen};

/// Asked of every terminal that may understand it, in this order: XTVERSION, DA2, the kitty keyboard flags,
/// synchronised output, the default colours, to be told of another colour scheme, and DA1, which every terminal
/// answers. No DCS: terminals that do not know it print it.
const QUESTIONS: &[u8] = b"\x1b[>q\x1b[>c\x1b[?u\x1b[?2026$p\x1b]10;?\x1b\\\x1b]11;?\x1b\\\x1b[?2031h\x1b[c";
const DA1: &[u8] = b"\x1b[c";
/// Asked again when the colour scheme has changed.
const COLOUR_QUESTIONS: &[u8] = b"\x1b]10;?\x1b\\\x1b]11;?\x1b\\";

/// Asked before DA1 of terminals that do not take it for a title, as tmux does: whether it draws pictures by kitty's
/// protocol. A single pixel, which is not kept.
const GRAPHICS_QUESTION: &[u8] = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\";

/// Terminals that fill U+10EEEE with pictures. Others that know the protocol (WezTerm, Konsole) do not, and cannot be
/// asked: `terminal-features` with `pictures` is for those that will.
const FILLS_PLACEHOLDERS: [&str; 3] = ["kitty", "ghostty", "qmux"];

/// Longest name of a terminal kept, in bytes.
const MAX_VERSION: usize = 256;

/// A colour as red, green, blue.
type Rgb = (u8, u8, u8);

/// What a client's terminal answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Answers {
    /// XTVERSION: name and version in the terminal's words, `foot(1.16.2)`.
    pub version: Option<String>,
    /// DA1: the class and the extensions (4 sixel, 22 colour, 52 clipboard).
    pub primary: Vec<u16>,
    /// DA2: type, version, and a zero.
    pub secondary: Vec<u16>,
    /// It told its kitty keyboard flags, so it knows the protocol.
    pub kitty_keys: bool,
    /// Whether it knows synchronised output (mode 2026), when it told.
    pub sync: Option<bool>,
    /// Its default foreground.
    pub foreground: Option<Rgb>,
    /// Its default background.
    pub background: Option<Rgb>,
    /// Whether it draws pictures by kitty's protocol, when it was asked and has answered what was asked later.
    pub graphics: Option<bool>,
    /// Whether it said that its colour scheme is a light one (mode 2031).
    pub light_scheme: Option<bool>,
}

impl Answers {
    /// Whether dark text is read on it: by its background, else by what it says of its colour scheme.
    pub(crate) fn is_light(&self) -> Option<bool> {
        // The weights of ITU-R BT.601, in thousandths.
        let brightness =
            |(r, g, b): Rgb| 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) > 127_500;
        self.background.map(brightness).or(self.light_scheme)
    }

    /// Takes one answer; says whether it told anything new.
    fn take(&mut self, reply: &Reply) -> bool {
        let before = self.clone();
        match reply {
            Reply::Version(name) => {
                self.version = Some(name.chars().take(MAX_VERSION).filter(|c| !c.is_control()).collect());
            }
            Reply::Primary(numbers) => self.primary.clone_from(numbers),
            Reply::Secondary(numbers) => self.secondary.clone_from(numbers),
            Reply::KittyFlags(_) => self.kitty_keys = true,
            // 0 is unknown; 4 is known and never on.
            Reply::Mode(2026, state) => self.sync = Some(matches!(state, 1..=3)),
            Reply::Color(10, color) => self.foreground = Some(*color),
            Reply::Color(11, color) => self.background = Some(*color),
            Reply::ColorScheme { dark } => self.light_scheme = Some(!dark),
            Reply::Graphics(_, well) => self.graphics = Some(*well),
            Reply::Color(..)
            | Reply::Mode(..)
            | Reply::Palette(..)
            | Reply::Cursor(..)
            | Reply::Clipboard(..)
            | Reply::Window(_)
            | Reply::Dcs(_) => {}
        }
        *self != before
    }
}

/// The terminal as panes are told of it: that of the client which told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Foreground and background.
    colors: Option<(Rgb, Rgb)>,
    /// Width and height of a cell in pixels.
    cell: Option<(u16, u16)>,
    /// What it draws.
    pictures: Draws,
}

impl Shown {
    /// Tells a screen, so that it answers for the terminal it is shown on.
    pub(crate) fn tell(self, screen: &mut Screen, pane: PaneId) {
        screen.set_pictures(self.pictures, pane.0);
        if let Some((foreground, background)) = self.colors {
            screen.set_colors(foreground, background);
        }
        if let Some((width, height)) = self.cell {
            screen.set_cell_pixels(width, height);
        }
    }
}

/// Whether a terminal of this name may be asked: one that prints what it does not understand is not.
fn understands_questions(term: &str) -> bool {
    !(term.is_empty() || term == "dumb" || term.starts_with("linux") || term.starts_with("vt"))
}

/// Whether a multiplexer is the terminal.
fn nested(term: &str) -> bool {
    term.starts_with("screen") || term.starts_with("tmux")
}

impl Mux {
    /// What pictures a client's terminal draws: kitty's where placeholders stand, sixel; `None`: it is not known.
    pub fn draws_pictures(&self, client: &super::Client) -> Option<Draws> {
        let term = &client.hello.term;
        let mut told = self.terminal_words("terminal-features", term);
        told.extend(client.hello.features.iter().cloned());
        let says = |feature: &str| told.iter().any(|word| word == feature);
        let name = client.answers.version.as_deref().unwrap_or("").to_ascii_lowercase();
        let fills = FILLS_PLACEHOLDERS.iter().any(|known| name.contains(known));
        let graphics = client.answers.graphics;
        let kitty = says("pictures") || (fills && graphics == Some(true));
        // DA1 begins with the class. A sixel picture can be sent as kitty's, not the other way round.
        let sixel = kitty || says("sixel") || client.answers.primary.iter().skip(1).any(|n| *n == 4);
        (kitty || sixel || graphics.is_some()).then_some(Draws { kitty, sixel })
    }

    /// A client has become a terminal: what is it?
    pub(crate) fn ask_terminal(&mut self, id: ClientId) {
        let cell = self.clients.get(&id).and_then(|c| c.hello.cell_pixels);
        if cell.is_some() {
            self.show(Shown { cell, ..self.shown });
        }
        let Some(c) = self.clients.get(&id) else { return };
        if c.control.is_none() && understands_questions(&c.hello.term) {
            let at = QUESTIONS.len() - DA1.len();
            let graphics: &[u8] = if nested(&c.hello.term) { &[] } else { GRAPHICS_QUESTION };
            let bytes = [&QUESTIONS[..at], graphics, DA1].concat();
            self.effects.push_back(Effect::Terminal { client: id, bytes });
        }
    }

    /// The font of a client's terminal changed.
    pub(crate) fn client_cell(&mut self, id: ClientId, pixels: (u16, u16)) {
        if let Some(c) = self.clients.get_mut(&id) {
            c.hello.cell_pixels = Some(pixels);
            self.show(Shown { cell: Some(pixels), ..self.shown });
        }
    }

    /// A client's terminal answered.
    pub(crate) fn terminal_answered(&mut self, id: ClientId, reply: &Reply) {
        if let Reply::ColorScheme { .. } = reply {
            self.effects.push_back(Effect::Terminal { client: id, bytes: COLOUR_QUESTIONS.to_vec() });
        }
        let Some(c) = self.clients.get_mut(&id) else { return };
        let mut news = c.answers.take(reply);
        if matches!(reply, Reply::Primary(_)) && c.answers.graphics.is_none() && !nested(&c.hello.term) {
            // What was asked before has been answered by now, or never will be.
            c.answers.graphics = Some(false);
            news = true;
        }
        if !news {
            return;
        }
        self.theme_changed = true;
        let Some(c) = self.clients.get(&id) else { return };
        let colors = c.answers.foreground.zip(c.answers.background);
        let pictures = self.draws_pictures(c).unwrap_or_default();
        self.chrome += 1;
        self.redraw.insert(id);
        if colors.is_some() {
            self.show(Shown { colors, ..self.shown });
        }
        self.show(Shown { pictures, ..self.shown });
    }

    /// Panes are shown on a terminal like this from now on. Programs that asked to be told of another colour
    /// scheme are.
    fn show(&mut self, shown: Shown) {
        if self.shown == shown {
            return;
        }
        self.shown = shown;
        let mut told = Vec::new();
        for (id, pane) in &mut self.panes {
            shown.tell(&mut pane.screen, *id);
            let replies = pane.screen.take_replies();
            if !replies.is_empty() {
                told.push((*id, replies));
            }
        }
        for (id, replies) in told {
            self.put_input(id, &replies);
        }
    }

    /// What the user says of terminals called `term`: the elements of an option (`terminal-features`,
    /// `terminal-overrides`) whose pattern fits, their parts after it.
    pub fn terminal_words(&self, option: &str, term: &str) -> Vec<String> {
        let Some(super::options::Value::Array(items)) = self.option(super::Scope::Server, option) else {
            return Vec::new();
        };
        let parts = items.values().filter_map(|item| {
            let (pattern, words) = item.split_once(':')?;
            crate::format::glob::matches(pattern, term).then_some(words)
        });
        parts.flat_map(|words| words.split(':')).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    }
}
