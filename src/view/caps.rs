//! What the client's terminal can do.
//!
//! Decided from what the client said in its Hello: `$TERM`, a few variables that terminals set about
//! themselves, and the features the user named. A wrong guess must be harmless: sequences that a
//! terminal of the xterm family ignores when unknown are on for the whole family.

use crate::protocol::client::ClientHello;

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
