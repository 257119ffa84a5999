//! What the client's terminal can do.
//!
//! Decided from what the client said in its Hello: `$TERM` and its terminfo entry, a few variables that terminals
//! set about themselves, and the features the user named; then from what the terminal answers, and the options
//! `terminal-features` and `terminal-overrides`, which have the last word. A wrong guess must be harmless:
//! sequences that a terminal of the xterm family ignores when unknown are on for the whole family.

use crate::mux::{Answers, Client, Mux};
use crate::protocol::client::ClientHello;
use crate::vt::Draws;

/// How many colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colours {
    /// None.
    Mono,
    /// The eight and their bright twins.
    Sixteen,
    /// The 256-colour palette.
    Indexed,
    /// 24 bits.
    True,
}

/// What becomes of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pictures {
    /// It has not said: their cells are written as they are.
    Unknown,
    /// It has none: their cells are shaded.
    No,
    /// It draws sixel pictures; its cells have this width and height in pixels, zero when that is not known.
    Sixel(u16, u16),
    /// It fills placeholders with pictures sent by kitty's protocol.
    Placeholders,
}

/// What a terminal can do. The names in brackets are tmux's `terminal-features`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Number of colours (`256`, `RGB`).
    pub colours: Colours,
    /// Takes UTF-8.
    pub utf8: bool,
    /// Erasing paints the current background.
    pub bce: bool,
    /// REP repeats the last character.
    pub rep: bool,
    /// Synchronised output, mode 2026 (`sync`).
    pub sync: bool,
    /// Styled and coloured underlines (`usstyle`).
    pub underlines: bool,
    /// Overline (`overline`).
    pub overline: bool,
    /// Crossed out (`strikethrough`).
    pub strike: bool,
    /// OSC 8 (`hyperlinks`).
    pub hyperlinks: bool,
    /// DECSCUSR (`cstyle`).
    pub cursor_shape: bool,
    /// OSC 0 sets the title (`title`).
    pub title: bool,
    /// Mouse reports in SGR form (`mouse`).
    pub mouse: bool,
    /// Focus reports (`focus`).
    pub focus: bool,
    /// Bracketed paste (`bpaste`).
    pub paste: bool,
    /// The kitty keyboard protocol.
    pub kitty_keys: bool,
    /// xterm's modifyOtherKeys (`extkeys`).
    pub modify_other_keys: bool,
    /// Pictures (`pictures`, which tmux has not).
    pub pictures: Pictures,
}

impl Default for Caps {
    /// A terminal of the xterm family with 256 colours: what an unknown one most likely is.
    fn default() -> Self {
        Caps {
            colours: Colours::Indexed,
            utf8: true,
            bce: true,
            rep: false,
            sync: true,
            underlines: false,
            overline: false,
            strike: true,
            hyperlinks: true,
            cursor_shape: true,
            title: true,
            mouse: true,
            focus: true,
            paste: true,
            kitty_keys: false,
            modify_other_keys: true,
            pictures: Pictures::Unknown,
        }
    }
}

/// Names, anywhere in `$TERM` or `$TERM_PROGRAM` in lower case, of terminals known to have everything.
const MODERN: &[&str] = &["kitty", "foot", "ghostty", "wezterm", "alacritty", "contour", "rio"];

impl Caps {
    /// From what the client said.
    pub fn from_hello(hello: &ClientHello) -> Caps {
        let var =
            |name: &str| hello.env.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
        let term = hello.term.to_ascii_lowercase();
        let mut caps = Caps { utf8: hello.utf8, ..Caps::default() };
        caps.by_term(&term);
        if let Some(names) = &hello.terminfo {
            caps.by_terminfo(names);
        }
        // A multiplexer around us leaves the variables of its own terminal in place: they say nothing here.
        let nested = term.starts_with("screen") || term.starts_with("tmux");
        if !nested {
            caps.by_program(&var("TERM_PROGRAM").to_ascii_lowercase(), var("VTE_VERSION"));
        }
        if ["truecolor", "24bit"].contains(&var("COLORTERM")) {
            caps.colours = Colours::True;
            caps.underlines = true;
        }
        for feature in &hello.features {
            caps.feature(feature);
        }
        caps
    }

    /// Of a client's terminal, by all that is known now.
    pub fn of(mux: &Mux, client: &Client) -> Caps {
        let mut caps = Caps::from_hello(&client.hello);
        caps.by_answers(&client.answers);
        let term = &client.hello.term;
        for feature in mux.terminal_words("terminal-features", term).iter().chain(&client.hello.features) {
            caps.feature(feature);
        }
        for word in mux.terminal_words("terminal-overrides", term) {
            caps.override_with(&word);
        }
        match mux.draws_pictures(client) {
            None => {}
            // A placeholder names its picture by its colour.
            Some(Draws { kitty: true, .. }) => {
                (caps.pictures, caps.colours) = (Pictures::Placeholders, Colours::True);
            }
            Some(Draws { sixel: true, .. }) => {
                let (w, h) = client.hello.cell_pixels.unwrap_or_default();
                caps.pictures = Pictures::Sixel(w, h);
            }
            Some(_) => caps.pictures = Pictures::No,
        }
        caps
    }

    /// What the terminal itself said.
    fn by_answers(&mut self, answers: &Answers) {
        if let Some(version) = &answers.version {
            let name = version.to_ascii_lowercase();
            let modern = MODERN.iter().any(|known| name.contains(known)) || name.starts_with("iterm2");
            if modern {
                let kitty_keys = self.kitty_keys;
                self.modern();
                // Of the keys it tells itself.
                self.kitty_keys = kitty_keys;
            } else if name.starts_with("tmux") || name.starts_with("qmux") {
                *self = Caps { underlines: true, overline: true, ..*self };
            } else if let Some(version) = name.strip_prefix("vte(") {
                self.by_program("", version.trim_end_matches(')'));
            }
        }
        self.kitty_keys |= answers.kitty_keys;
        if let Some(sync) = answers.sync {
            self.sync = sync;
        }
    }

    /// A word of `terminal-overrides`: a capability of terminfo set (`Tc`, `Smulx=…`) or taken away (`Tc@`).
    fn override_with(&mut self, word: &str) {
        let (name, on) = match word.strip_suffix('@') {
            Some(name) => (name, false),
            None => (word.split('=').next().unwrap_or(word), true),
        };
        let colours = |now: Colours, floor| if on { now.max(floor) } else { now.min(Colours::Indexed) };
        match name {
            "Tc" | "RGB" | "setrgbf" => self.colours = colours(self.colours, Colours::True),
            "Smulx" | "Setulc" | "Setulc1" => self.underlines = on,
            "Smol" => self.overline = on,
            "smxx" => self.strike = on,
            "Hls" => self.hyperlinks = on,
            "Sync" => self.sync = on,
            "Ss" | "Se" => self.cursor_shape = on,
            "TS" | "tsl" | "XT" => self.title = on,
            "bce" => self.bce = on,
            "rep" => self.rep = on,
            "kmous" => self.mouse = on,
            "Enfcs" => self.focus = on,
            "Enbp" => self.paste = on,
            "Eneks" => self.modify_other_keys = on,
            // Nothing that the drawing uses.
            _ => {}
        }
    }

    fn by_term(&mut self, term: &str) {
        if MODERN.iter().any(|name| term.contains(name)) {
            self.modern();
        } else if term.starts_with("screen") {
            // GNU screen: no background erase, knows none of the newer sequences.
            let colours = if term.contains("256") { Colours::Indexed } else { Colours::Sixteen };
            *self = Caps { colours, bce: false, hyperlinks: false, sync: false, ..*self };
        } else if term.starts_with("tmux") {
            *self = Caps { underlines: true, overline: true, ..*self };
        } else if term.starts_with("linux") {
            *self = Caps { colours: Colours::Sixteen, focus: false, ..self.plain() };
        } else if term.starts_with("vt") || term.is_empty() || term == "dumb" {
            *self = Caps { colours: Colours::Mono, mouse: false, ..self.plain() };
        } else if term.contains("direct") {
            self.colours = Colours::True;
        } else if !term.contains("256") && (term == "xterm" || term.ends_with("-16color") || term == "ansi") {
            self.colours = Colours::Sixteen;
        }
    }

    /// What the terminfo entry has. Of the newer capabilities only presence says something: entries are
    /// often older than the terminal.
    fn by_terminfo(&mut self, names: &[String]) {
        self.bce = names.iter().any(|name| name == "bce");
        let colours = names.iter().find_map(|name| name.strip_prefix("colors=")?.parse::<u32>().ok());
        self.colours = match colours.unwrap_or(0) {
            0..8 => Colours::Mono,
            8..256 => Colours::Sixteen,
            256..0x0100_0000 => Colours::Indexed,
            _ => Colours::True,
        }
        .max(if self.colours == Colours::True { Colours::True } else { Colours::Mono });
        for name in names.iter().filter(|name| *name != "bce") {
            self.override_with(name);
        }
    }

    fn by_program(&mut self, program: &str, vte_version: &str) {
        if MODERN.iter().any(|name| program.contains(name)) || program == "iterm.app" {
            self.modern();
        }
        // VTE has styled underlines since 0.52 and true colour since 0.36.
        if vte_version.parse::<u32>().is_ok_and(|version| version >= 5200) {
            self.colours = Colours::True;
            self.underlines = true;
            self.overline = true;
        }
    }

    fn modern(&mut self) {
        *self = Caps {
            colours: Colours::True,
            rep: true,
            underlines: true,
            overline: true,
            kitty_keys: true,
            ..*self
        };
    }

    /// A terminal that knows what a VT220 knows.
    fn plain(&self) -> Caps {
        Caps {
            sync: false,
            strike: false,
            hyperlinks: false,
            cursor_shape: false,
            title: false,
            modify_other_keys: false,
            ..*self
        }
    }

    fn feature(&mut self, name: &str) {
        match name.to_ascii_lowercase().as_str() {
            "256" => self.colours = self.colours.max(Colours::Indexed),
            "rgb" | "tc" => self.colours = Colours::True,
            "usstyle" => self.underlines = true,
            "overline" => self.overline = true,
            "strikethrough" => self.strike = true,
            "hyperlinks" => self.hyperlinks = true,
            "sync" => self.sync = true,
            "cstyle" => self.cursor_shape = true,
            "title" => self.title = true,
            "mouse" => self.mouse = true,
            "focus" => self.focus = true,
            "bpaste" => self.paste = true,
            "extkeys" => self.modify_other_keys = true,
            // A feature of a newer tmux, or one that needs nothing from the drawing.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(term: &str, env: &[(&str, &str)], features: &[&str]) -> Caps {
        Caps::from_hello(&ClientHello {
            term: term.into(),
            utf8: true,
            env: env.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            features: features.iter().map(|f| (*f).into()).collect(),
            ..ClientHello::default()
        })
    }

    #[test]
    fn terminfo_knows_more_than_names() {
        let with = |term: &str, names: &[&str]| {
            let names = names.iter().map(|n| (*n).to_owned()).collect();
            let hello = ClientHello { term: term.into(), terminfo: Some(names), ..ClientHello::default() };
            Caps::from_hello(&hello)
        };
        let st = with("st-256color", &["bce", "colors=256", "Tc", "Smulx", "tsl"]);
        assert!(st.colours == Colours::True && st.underlines && st.bce && st.title);
        let eight = with("eterm", &["colors=8"]);
        assert!(eight.colours == Colours::Sixteen && !eight.bce);
        assert_eq!(with("strange", &[]).colours, Colours::Mono);
        assert_eq!(with("strange-direct", &["colors=16777216"]).colours, Colours::True);
        // What is known of the terminal itself stays.
        assert_eq!(with("xterm-kitty", &["colors=256"]).colours, Colours::True);
    }

    #[test]
    fn terminals_tell_their_names() {
        let named = |version: &str| {
            let mut caps = Caps::default();
            caps.by_answers(&Answers { version: Some(version.into()), ..Answers::default() });
            (caps.colours == Colours::True, caps.underlines, caps.kitty_keys)
        };
        for modern in ["kitty(0.32.2)", "foot(1.16.2)", "WezTerm 20240203", "ghostty 1.1.0", "iTerm2 3.5.0"] {
            assert_eq!(named(modern), (true, true, false), "{modern}");
        }
        assert_eq!(named("VTE(7200)"), (true, true, false));
        assert_eq!(named("VTE(5000)"), (false, false, false));
        assert_eq!(named("tmux 3.4"), (false, true, false));
        assert_eq!(named("XTerm(379)"), (false, false, false));
    }

    #[test]
    fn terminals_are_known_by_name_and_by_what_they_say() {
        assert_eq!(caps("xterm-256color", &[], &[]).colours, Colours::Indexed);
        assert_eq!(caps("xterm-256color", &[("COLORTERM", "truecolor")], &[]).colours, Colours::True);
        assert_eq!(caps("xterm", &[], &[]).colours, Colours::Sixteen);
        assert_eq!(caps("xterm", &[], &["256"]).colours, Colours::Indexed);
        assert_eq!(caps("linux", &[], &[]).colours, Colours::Sixteen);
        assert!(caps("xterm-kitty", &[], &[]).kitty_keys);
        assert!(caps("xterm-256color", &[("VTE_VERSION", "7200")], &[]).underlines);
        assert!(!caps("screen-256color", &[("VTE_VERSION", "7200")], &[]).underlines, "not its own");
        assert!(!caps("screen-256color", &[], &[]).bce);
    }
}
