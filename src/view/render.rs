//! Drawing for a client of `Mux`: the scene it is to see, and whether there is anything new in it.

use super::build::{self, Chrome};
use super::caps::Caps;
use super::client_view::ClientView;
use crate::ids::{ClientId, Size};
use crate::mux::Mux;

/// The chrome drawn last, and the version of `Mux` it was made from.
#[derive(Debug)]
pub(super) struct Kept {
    version: u64,
    size: Size,
    chrome: Chrome,
}

impl ClientView {
    /// Appends the bytes that make the client's terminal show what `Mux` holds now; none when it does, or
    /// when the client shows no session.
    pub fn render(&mut self, mux: &Mux, client: ClientId, out: &mut Vec<u8>) {
        self.only = None;
        self.render_some(mux, client, out);
    }

    /// As [`render`](Self::render), but what has changed in other panes than the active one is left for the next
    /// frame.
    pub fn render_active(&mut self, mux: &Mux, client: ClientId, out: &mut Vec<u8>) {
        self.only = mux.client_window(client).map(|window| window.active);
        self.render_some(mux, client, out);
    }

    fn render_some(&mut self, mux: &Mux, client: ClientId, out: &mut Vec<u8>) {
        let Some(size) = mux.client(client).map(|client| client.size) else { return };
        let Some(kept) = self.chrome_for(mux, client, size) else { return };
        if let Some(scene) = kept.chrome.scene(mux, client, size) {
            self.draw(&scene, out);
        }
        self.kept = Some(kept);
    }

    /// The chrome kept from the last frame if it still holds, else a new one.
    fn chrome_for(&mut self, mux: &Mux, client: ClientId, size: Size) -> Option<Kept> {
        let version = mux.chrome_version();
        let kept = self
            .kept
            .take()
            .filter(|kept| kept.version == version && kept.size == size && kept.chrome.fits(mux, client));
        match kept {
            Some(kept) => Some(kept),
            None => {
                // What is known of the terminal counts as chrome: it changes as rarely.
                self.set_caps(Caps::of(mux, mux.client(client)?));
                Some(Kept { version, size, chrome: build::chrome(mux, client, size)? })
            }
        }
    }

    /// Whether a frame would change anything. Cheap: compares versions of rows, draws and formats nothing.
    pub fn wants_frame(&self, mux: &Mux, client: ClientId) -> bool {
        let Some(size) = mux.client(client).map(|client| client.size) else { return false };
        let Some(kept) = &self.kept else { return true };
        if kept.version != mux.chrome_version() || kept.size != size || !kept.chrome.fits(mux, client) {
            return true;
        }
        kept.chrome.scene(mux, client, size).is_some_and(|scene| self.differs(&scene))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{HostName, LifeId, PaneId};
    use crate::mux::{ClientHello, Config, Effect, Event, Place};
    use crate::view::Caps;
    use crate::vt::{Attrs, Color, MouseMode, Screen};
    use std::time::Instant;

    const CLIENT: ClientId = ClientId(1);

    /// A `Mux` with one attached client, and that client's terminal.
    struct Stage {
        mux: Mux,
        view: ClientView,
        outer: Screen,
        panes: Vec<PaneId>,
    }

    impl Stage {
        fn new() -> Stage {
            let size = Size::new(60, 12);
            let mut stage = Stage {
                mux: Mux::new(Config { host: "atlas".into(), shell: "/bin/sh".into(), ..Config::default() }),
                view: ClientView::new(size, Caps::default()),
                outer: Screen::new(size, 0),
                panes: Vec::new(),
            };
            stage.handle(Event::Wall { unix_ms: 1_764_000_000_000, utc_offset_s: 0 });
            stage.connect(CLIENT, &["new-session", "-s", "work"], Some(size));
            stage.draw();
            stage
        }

        fn connect(&mut self, client: ClientId, argv: &[&str], size: Option<Size>) {
            let hello = ClientHello {
                argv: argv.iter().map(|word| (*word).to_owned()).collect(),
                cwd: "/".into(),
                term: "xterm-256color".into(),
                tty: size.map(|_| "/dev/pts/9".into()),
                size,
                utf8: true,
                ..ClientHello::default()
            };
            self.handle(Event::ClientConnected { client, hello });
        }

        /// A command as another client gives it.
        fn command(&mut self, argv: &[&str]) {
            let client = ClientId(100 + u32::try_from(self.panes.len()).unwrap());
            self.connect(client, argv, None);
            self.handle(Event::ClientGone { client });
        }

        fn handle(&mut self, event: Event<'_>) {
            self.mux.handle(Instant::now(), event);
            while let Some(effect) = self.mux.next_effect() {
                match effect {
                    Effect::Spawn { pane, .. } => {
                        self.panes.push(pane);
                        let life = LifeId(1, u64::from(pane.0));
                        let tty = format!("/dev/pts/{}", 20 + pane.0);
                        self.mux.handle(Instant::now(), Event::PaneStarted { pane, pid: 100, tty, life });
                    }
                    Effect::Stderr { bytes, .. } => panic!("{}", String::from_utf8_lossy(&bytes)),
                    _ => {}
                }
            }
        }

        fn output(&mut self, at: usize, bytes: &[u8]) {
            let pane = self.panes[at];
            self.handle(Event::PaneOutput { pane, bytes });
        }

        fn draw(&mut self) -> Vec<u8> {
            let mut bytes = Vec::new();
            self.view.render(&self.mux, CLIENT, &mut bytes);
            self.outer.advance(&bytes);
            assert!(!self.view.wants_frame(&self.mux, CLIENT), "a frame leaves nothing to do");
            bytes
        }

        fn row(&self, y: u16) -> String {
            (0..self.outer.size().cols).map(|x| self.outer.cell(x, y).text.to_owned()).collect::<String>()
        }

        fn key(&mut self, bytes: &[u8]) {
            self.handle(Event::ClientInput { client: CLIENT, bytes });
        }
    }

    #[test]
    fn a_session_shows_its_pane_and_its_status() {
        let mut stage = Stage::new();
        stage.output(0, b"hello");
        assert!(stage.view.wants_frame(&stage.mux, CLIENT));
        stage.draw();
        assert!(stage.row(0).starts_with("hello "), "{}", stage.row(0));
        assert!(stage.row(11).contains("work"), "{}", stage.row(11));
        assert_eq!((stage.outer.cursor().x, stage.outer.cursor().y), (5, 0));
    }

    #[test]
    fn what_the_terminal_answers_and_the_options_say_decides_how_it_is_drawn() {
        let looks = |stage: &mut Stage| {
            stage.output(0, b"\x1b[H\x1b[38;2;1;2;3;4:3mx");
            stage.draw();
            let style = stage.outer.cell(0, 0).style;
            (style.fg, style.attrs.contains(Attrs::CURLY_UNDERLINE))
        };
        let mut stage = Stage::new();
        let (guessed, curly) = looks(&mut stage);
        assert!(matches!(guessed, Color::Indexed(_)) && !curly, "{guessed:?}");
        // Its name says more than $TERM, and the key protocol it knows it tells itself.
        stage.output(0, b"\x1b[>4;2m");
        stage.draw();
        assert_eq!(stage.outer.modes().modify_other_keys, 2);
        stage.key(b"\x1bP>|foot(1.16.2)\x1b\\\x1b[?0u\x1b[?2026;2$y\x1b[?62;4;22c");
        assert_eq!(looks(&mut stage), (Color::Rgb(1, 2, 3), true));
        let modes = stage.outer.modes();
        assert_eq!(
            (modes.modify_other_keys, modes.kitty_flags),
            (0, 1),
            "the old protocol is off, the new one on"
        );
        assert!(stage.view.caps().sync && stage.view.caps().kitty_keys);
        // Not every terminal called xterm knows synchronised output.
        stage.key(b"\x1b[?2026;0$y");
        stage.draw();
        assert!(!stage.view.caps().sync);
        // The options have the last word.
        stage.command(&["set-option", "-s", "-a", "terminal-overrides", ",xterm*:Tc@:Smulx@:Sync"]);
        let (now, curly) = looks(&mut stage);
        assert!(matches!(now, Color::Indexed(_)) && !curly && stage.view.caps().sync, "{now:?}");
        stage.command(&["set-option", "-s", "terminal-overrides", "tmux*:Tc@"]);
        assert_eq!(looks(&mut stage), (Color::Rgb(1, 2, 3), true), "a pattern for others");
        let mut stage = Stage::new();
        stage.command(&["set-option", "-s", "-a", "terminal-features", ",xterm*:RGB:usstyle"]);
        assert_eq!(looks(&mut stage), (Color::Rgb(1, 2, 3), true));
    }

    #[test]
    fn an_echo_is_few_bytes() {
        let mut stage = Stage::new();
        stage.output(0, b"$ ");
        stage.draw();
        stage.key(b"l");
        stage.output(0, b"l");
        let bytes = stage.draw();
        assert!(bytes.len() <= 30, "{}", String::from_utf8_lossy(&bytes).escape_debug());
    }

    #[test]
    fn splits_get_borders_and_a_remote_pane_its_hosts_name() {
        let mut stage = Stage::new();
        stage.command(&["split-window", "-v", "-t", "work"]);
        stage.output(1, b"below");
        stage.draw();
        let border = (0..12).find(|y| stage.row(*y).starts_with("───")).unwrap();
        assert!(stage.row(border + 1).starts_with("below"));
        let pane = stage.panes[1];
        stage.handle(Event::PanePlace { pane, place: Place::There(HostName("hostB".into())) });
        stage.draw();
        assert!(stage.row(border).contains(" hostB "), "{}", stage.row(border));
        stage.handle(Event::PanePlace { pane, place: Place::Reconnecting(HostName("hostB".into())) });
        stage.draw();
        assert!(stage.row(border).contains(" hostB: reconnecting "), "{}", stage.row(border));
        assert!(stage.row(10).contains("hostB: reconnecting"), "over the pane too: {}", stage.row(10));
        stage.handle(Event::PanePlace { pane, place: Place::Here });
        stage.draw();
        assert!(!stage.row(border).contains("hostB"));
    }

    #[test]
    fn a_question_takes_the_status_line_and_the_cursor() {
        let mut stage = Stage::new();
        stage.key(b"\x02:");
        stage.key(b"abc");
        stage.draw();
        assert!(stage.row(11).starts_with(":abc "), "{}", stage.row(11));
        assert_eq!((stage.outer.cursor().x, stage.outer.cursor().y), (4, 11));
        stage.key(b"\x03");
        stage.draw();
        assert!(stage.row(11).contains("work"), "{}", stage.row(11));
    }

    #[test]
    fn a_theme_stands_below_what_the_user_sets() {
        use crate::vt::Color;
        let mut stage = Stage::new();
        let bar = |stage: &Stage| stage.outer.cell(30, 11).style.bg;
        assert_eq!(bar(&stage), Color::Indexed(2), "tmux's green");
        let theme = crate::view::theme::load("midnight", None).unwrap();
        stage.mux.set_theme(theme.options());
        stage.draw();
        let themed = bar(&stage);
        assert_ne!(themed, Color::Indexed(2));
        assert!(stage.row(11).starts_with(" work "), "{}", stage.row(11));
        stage.command(&["set-option", "-g", "status-style", "bg=red"]);
        stage.draw();
        assert_eq!(bar(&stage), Color::Indexed(1));
        stage.command(&["set-option", "-gu", "status-style"]);
        stage.draw();
        assert_eq!(bar(&stage), themed);
    }

    #[test]
    fn a_program_may_have_the_mouse() {
        let mut stage = Stage::new();
        assert_eq!(stage.outer.modes().mouse, MouseMode::Off);
        stage.output(0, b"\x1b[?1000h\x1b[?1006h");
        stage.draw();
        assert_eq!(stage.outer.modes().mouse, MouseMode::Normal);
        stage.output(0, b"\x1b[?1000l");
        stage.draw();
        assert_eq!(stage.outer.modes().mouse, MouseMode::Off);
        stage.command(&["set-option", "-g", "mouse", "on"]);
        stage.draw();
        assert_eq!(stage.outer.modes().mouse, MouseMode::Button);
    }

    #[test]
    fn without_a_status_line_a_message_lies_over_the_last_row() {
        let mut stage = Stage::new();
        stage.command(&["set-option", "-g", "status", "off"]);
        stage.draw();
        stage.output(0, b"\x1b[12;1Hbottom");
        stage.draw();
        assert!(stage.row(11).starts_with("bottom"), "{}", stage.row(11));
        stage.command(&["display-message", "-c", "/dev/pts/9", "a message"]);
        stage.draw();
        assert!(stage.row(11).starts_with("a message"), "{}", stage.row(11));
        stage.output(0, b"\r\x1b[Kchanged");
        stage.draw();
        assert!(stage.row(11).starts_with("a message"), "it stays on top: {}", stage.row(11));
        stage.key(b"x");
        stage.draw();
        assert!(stage.row(11).starts_with("changed"), "{}", stage.row(11));
    }

    #[test]
    fn copy_mode_shows_lines_that_left_and_a_selection() {
        let mut stage = Stage::new();
        for n in 0..30 {
            stage.output(0, format!("line {n}\r\n").as_bytes());
        }
        stage.draw();
        stage.command(&["copy-mode", "-t", "work"]);
        stage.command(&["send-keys", "-t", "work", "-X", "history-top"]);
        stage.draw();
        assert!(stage.row(0).starts_with("line 0 "), "{}", stage.row(0));
        assert!(stage.row(0).contains('['), "the position: {}", stage.row(0));
        let before = stage.outer.cell(0, 0).style;
        stage.command(&["send-keys", "-t", "work", "-X", "begin-selection"]);
        stage.command(&["send-keys", "-t", "work", "-X", "cursor-down"]);
        stage.draw();
        assert_ne!(stage.outer.cell(0, 0).style, before, "selected");
        stage.command(&["send-keys", "-t", "work", "-X", "cancel"]);
        stage.draw();
        assert!(stage.row(0).starts_with("line 20 "), "{}", stage.row(0));
    }
}
