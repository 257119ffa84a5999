//! What a theme looks like: `themes NAME [remote] > bytes`, the frame of a sample session for an outer
//! terminal of 100x28. `screenshot 100x28 < bytes > picture.svg` makes a picture of it.

use qmux::format::{Context, Loop, Order, expand_time, style};
use qmux::ids::{PaneId, Size};
use qmux::mux::layout::Rect;
use qmux::view::caps::{Caps, Colours};
use qmux::view::scene::{Bar, Borders, Content, Label, Outer, PaneView, Scene};
use qmux::view::{ClientView, theme};
use qmux::vt::{Attrs, Color, Screen, Style};
use std::io::Write as _;

/// tmux's `status-format[0]`, without bells.
const STATUS: &str = "#[align=left range=left #{E:status-left-style}]#[push-default]#{T;=/#{status-left-length}:status-left}#[pop-default]#[norange default]#[list=on align=left]#[list=left-marker]<#[list=right-marker]>#[list=on]#{W:#[range=window|#{window_index} #{E:window-status-style}]#[push-default]#{T:window-status-format}#[pop-default]#[norange default],#[range=window|#{window_index} list=focus #{E:window-status-current-style}]#[push-default]#{T:window-status-current-format}#[pop-default]#[norange list=on default]}#[nolist align=right range=right #{E:status-right-style}]#[push-default]#{T;=/#{status-right-length}:status-right}#[pop-default]#[norange default]";

struct Sample<'a> {
    theme: &'a theme::Theme,
    window: Option<(u32, &'static str)>,
    remote: bool,
}

impl Context for Sample<'_> {
    fn lookup(&self, name: &str) -> Option<String> {
        let (index, window) = self.window.unwrap_or((1, "vim"));
        Some(match name {
            "session_name" => "work".into(),
            "window_index" => index.to_string(),
            "window_name" => window.into(),
            "window_activity_flag" => u8::from(index == 2).to_string(),
            "window_bell_flag" | "window_zoomed_flag" | "client_prefix" | "pane_in_mode" => "0".into(),
            "synchronize-panes" => "0".into(),
            "host_short" => "atlas".into(),
            "pane_title" => "notes.md - VIM".into(),
            "pane_remote" => u8::from(self.remote).to_string(),
            "pane_host" => "hostB".into(),
            name => return self.theme.option(name).map(str::to_owned),
        })
    }

    fn each(&self, over: Loop, _order: Order) -> Vec<(bool, Box<dyn Context + '_>)> {
        let windows = [(0, "bash"), (1, "vim"), (2, "make"), (3, "htop")];
        if over != Loop::Windows {
            return Vec::new();
        }
        let one = |window: (u32, &'static str)| -> (bool, Box<dyn Context + '_>) {
            (window.0 == 1, Box::new(Sample { window: Some(window), ..*self }))
        };
        windows.into_iter().map(one).collect()
    }

    fn now(&self) -> (i64, i32) {
        (1_764_000_000, 3600)
    }
}

/// The looks of a style as text.
fn looks(text: &str) -> Style {
    let mut looks = Style::default();
    let colour = |c: style::Colour| match c {
        style::Colour::Indexed(n) => Color::Indexed(n),
        style::Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
        style::Colour::Default | style::Colour::Terminal | style::Colour::None => Color::Default,
    };
    for item in style::parse(text).unwrap_or_default() {
        match item {
            style::StyleItem::Fg(c) => looks.fg = colour(c),
            style::StyleItem::Bg(c) => looks.bg = colour(c),
            style::StyleItem::Attr(style::Attr::Bold, true) => looks.attrs.insert(Attrs::BOLD),
            _ => {}
        }
    }
    looks
}

fn screen(size: Size, bytes: &str) -> Screen {
    let mut screen = Screen::new(size, 0);
    screen.advance(bytes.replace('\n', "\r\n").as_bytes());
    screen
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let theme = theme::load(words.first().map_or("", |w| w), None)?;
    let remote = words.iter().any(|w| w == "remote");
    let sample = Sample { theme: &theme, window: None, remote };
    let option = |name: &str| expand_time(theme.option(name).unwrap_or(""), &sample);
    let size = Size::new(100, 28);
    let rects = [
        Rect { x: 0, y: 0, w: 55, h: 27 },
        Rect { x: 56, y: 0, w: 44, h: 13 },
        Rect { x: 56, y: 14, w: 44, h: 13 },
    ];
    let texts = [
        "# Notes\n\nA pane that \x1b[1mmoves\x1b[0m: \x1b[3mbash, vim, emacs\x1b[0m and all.\n\n\x1b[33m- \x1b[0mone\n\x1b[33m- \x1b[0mtwo\n",
        "\x1b[1;32mana@atlas\x1b[0m:\x1b[1;34m~/src\x1b[0m$ ls\n\x1b[1;34mdocs\x1b[0m  \x1b[1;34msrc\x1b[0m  Cargo.toml  README.md\n\x1b[1;32mana@atlas\x1b[0m:\x1b[1;34m~/src\x1b[0m$ ",
        "   \x1b[1;32mCompiling\x1b[0m qmux v0.1.0\n\x1b[1;33mwarning\x1b[0m: unused variable: `x`\n  \x1b[1;34m-->\x1b[0m src/lib.rs:3:9\n",
    ];
    let screens: Vec<Screen> =
        rects.iter().zip(texts).map(|(rect, text)| screen(rect.size(), text)).collect();
    let panes = rects.iter().zip(&screens).zip(0..).map(|((rect, screen), id)| PaneView {
        id: PaneId(id),
        rect: *rect,
        from: (0, 0),
        content: Content::Screen(screen),
        style: Style::default(),
        banner: None,
    });
    let label = Label {
        x: 92,
        y: 13,
        room: 7,
        vertical: false,
        text: " hostB ".into(),
        style: looks(&option("@host-style")),
    };
    let borders = Borders {
        area: Rect { x: 0, y: 0, w: 100, h: 27 },
        style: looks(&option("pane-border-style")),
        active_style: looks(&option("pane-active-border-style")),
        active: Some(rects[1]),
        labels: if remote { vec![label] } else { Vec::new() },
        ..Borders::default()
    };
    let mut bars = vec![Bar {
        y: 27,
        text: expand_time(STATUS, &sample),
        style: looks(&option("status-style")),
        status: true,
    }];
    if words.iter().any(|w| w == "message") {
        let words = option("message-style");
        let text = format!("#[{words}]moved %3 to hostB in 412 ms (18 MB)");
        bars = vec![Bar { y: 27, text, style: looks(&words), status: false }];
    }
    let cursor = screens[1].cursor();
    let scene = Scene {
        size,
        panes: panes.collect(),
        borders: &borders,
        bars: &bars,
        numbers: &[],
        boxes: Vec::new(),
        cursor: Some(qmux::view::scene::Cursor {
            x: 56 + cursor.x,
            y: cursor.y,
            shape: cursor.shape,
            blinking: cursor.blinking,
        }),
        outer: Outer::default(),
        title: None,
    };
    let mut bytes = Vec::new();
    let caps = Caps { colours: Colours::True, ..Caps::default() };
    ClientView::new(size, caps).draw(&scene, &mut bytes);
    std::io::stdout().write_all(&bytes)?;
    Ok(())
}
