use super::*;
use crate::view::caps::Colours;
use crate::vt::Color;
use proptest::prelude::*;

/// Everything a terminal may have.
fn full_caps() -> Caps {
    Caps {
        colours: Colours::True,
        rep: true,
        underlines: true,
        overline: true,
        kitty_keys: true,
        ..Caps::default()
    }
}

/// Panes beside and below each other, as a window has them.
fn layout(size: Size, kind: u8) -> Vec<Rect> {
    let (w, h) = (size.cols, size.rows - 1);
    let rect = |x, y, w, h| Rect { x, y, w, h };
    let (half_w, half_h) = (w / 2, h / 2);
    match kind {
        0 => vec![rect(0, 0, w, h)],
        1 => vec![rect(0, 0, half_w, h), rect(half_w + 1, 0, w - half_w - 1, h)],
        2 => vec![rect(0, 0, w, half_h), rect(0, half_h + 1, w, h - half_h - 1)],
        _ => vec![
            rect(0, 0, half_w, h),
            rect(half_w + 1, 0, w - half_w - 1, half_h),
            rect(half_w + 1, half_h + 1, w - half_w - 1, h - half_h - 1),
        ],
    }
}

/// What a scene borrows.
struct Chrome {
    borders: Borders,
    bars: Vec<Bar>,
    numbers: Vec<crate::view::scene::Number>,
}

fn chrome(size: Size, rects: &[Rect], bar: &str) -> Chrome {
    Chrome {
        borders: Borders {
            area: Rect { x: 0, y: 0, w: size.cols, h: size.rows - 1 },
            active: Some(rects[0]),
            active_style: Style { fg: Color::Rgb(130, 170, 255), ..Style::default() },
            ..Borders::default()
        },
        bars: vec![Bar {
            y: size.rows - 1,
            text: bar.to_owned(),
            style: Style { bg: Color::Rgb(31, 35, 53), ..Style::default() },
            status: true,
        }],
        numbers: Vec::new(),
    }
}

fn scene<'a>(size: Size, rects: &[Rect], screens: &'a [Screen], chrome: &'a Chrome) -> Scene<'a> {
    let panes: Vec<PaneView<'a>> = rects
        .iter()
        .zip(screens)
        .zip(1..)
        .map(|((rect, screen), id)| PaneView {
            id: PaneId(id),
            rect: *rect,
            from: (0, 0),
            content: Content::Screen(screen),
            style: Style::default(),
            banner: None,
        })
        .collect();
    let cursor = screens[0].cursor();
    Scene {
        size,
        panes,
        borders: &chrome.borders,
        bars: &chrome.bars,
        numbers: &chrome.numbers,
        boxes: Vec::new(),
        cursor: cursor.visible.then(|| Cursor {
            x: rects[0].x + cursor.x,
            y: rects[0].y + cursor.y,
            shape: cursor.shape,
            blinking: cursor.blinking,
        }),
        outer: Outer::default(),
        title: None,
    }
}

/// All that can be seen of a screen; what cannot be seen on a blank is left out.
fn picture(screen: &Screen) -> Vec<String> {
    let size = screen.size();
    let mut rows = Vec::new();
    for y in 0..size.rows {
        let mut row = String::new();
        for x in 0..size.cols {
            let cell = screen.cell(x, y);
            let mut tables = Tables::default();
            let blank = cell.text == " " || cell.text.is_empty() && cell.width != 0;
            let mut seen =
                super::super::cells::Cell::new(tables.glyph(if blank { " " } else { "x" }), cell.style);
            if blank && cell.link.is_none() {
                seen.canonical();
            }
            let text = if blank { " " } else { cell.text };
            row += &format!("{text:?}{}{:?}{:?};", cell.width, seen.style(), cell.link);
        }
        rows.push(row);
    }
    let cursor = screen.cursor();
    rows.push(format!("{:?}", (cursor.visible, cursor.visible.then_some((cursor.x, cursor.y)))));
    rows
}

fn differing(a: &[String], b: &[String]) -> Option<(usize, String, String)> {
    a.iter().zip(b).enumerate().find(|(_, (a, b))| a != b).map(|(y, (a, b))| {
        let cells = a.split(';').zip(b.split(';')).enumerate().find(|(_, (a, b))| a != b);
        let (x, (a, b)) = cells.unwrap_or((0, (a, b)));
        (y, format!("x={x} {a}"), b.to_owned())
    })
}

/// What programs write: text of all widths, colours, motion, erasing, scrolling, margins.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[ -~]{1,30}".prop_map(String::into_bytes),
        1 => Just("日本語 wide 한국".as_bytes().to_vec()),
        1 => Just("e\u{301}👨‍👩‍👧 ☺\u{fe0f} 🇩🇪".as_bytes().to_vec()),
        4 => (1..9u8).prop_map(|n| "\r\n".repeat(n.into()).into_bytes()),
        2 => (1..30u8, 1..60u8).prop_map(|(y, x)| format!("\x1b[{y};{x}H").into_bytes()),
        2 => prop::sample::select(vec![
            "\x1b[31m", "\x1b[1;4m", "\x1b[0m", "\x1b[7m", "\x1b[27m", "\x1b[48;5;22m", "\x1b[38;2;1;2;3m",
            "\x1b[4:3;58:5:9m", "\x1b[24;59m", "\x1b[22;49m", "\x1b[9;53m", "\x1b[2;3m", "\x1b[100m",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        2 => prop::sample::select(vec![
            "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[2J", "\x1b[5X", "\x1b[3P", "\x1b[4@", "\x1b[2L",
            "\x1b[3M", "\x1b[2S", "\x1b[2T", "\x1bM", "\x1bD", "\x1b[2;6r", "\x1b[r", "\x1b[?1049h",
            "\x1b[?1049l", "\x1b[?25l", "\x1b[?25h", "\x1b[?5h", "\x1b[?5l", "\x1b#8", "\x1b[4 q",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        1 => Just(b"\x1b]8;;http://example.org/\x1b\\link\x1b]8;;\x1b\\".to_vec()),
        1 => (b'a'..=b'z', 5..70usize).prop_map(|(c, n)| vec![c; n]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[derive(Debug, Clone)]
enum Step {
    /// What a pane prints; whether the first pane is drawn alone before all of them.
    Output(u8, Vec<u8>, bool),
    Layout(u8),
    Size(u16, u16),
    Bar(String),
    Caps,
    Numbers,
}

enum Kind {
    Output,
    Other,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..3u8, output(), any::<bool>()).prop_map(|(pane, bytes, echo)| Step::Output(pane, bytes, echo)),
        1 => (0..4u8).prop_map(Step::Layout),
        1 => (8..70u16, 4..24u16).prop_map(|(cols, rows)| Step::Size(cols, rows)),
        1 => "[a-z ]{0,40}".prop_map(Step::Bar),
        1 => Just(Step::Caps),
        1 => Just(Step::Numbers),
    ];
    prop::collection::vec(step, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// After any sequence of frames the terminal shows what drawing everything anew would show.
    #[test]
    fn frames_add_up_to_a_full_drawing(steps in steps(), modern in any::<bool>()) {
        let mut size = Size::new(60, 20);
        let mut rects = layout(size, 0);
        let mut screens = vec![Screen::new(size, 10); 3];
        for (screen, rect) in screens.iter_mut().zip(&rects) {
            screen.resize(rect.size());
        }
        let caps = if modern { full_caps() } else { Caps { sync: false, bce: true, ..full_caps() } };
        let mut view = ClientView::new(size, caps);
        let mut outer = Screen::new(size, 0);
        let mut bar = String::new();
        for step in steps {
            let mut numbers = false;
            let echo = matches!(step, Step::Output(_, _, true));
            let step_kind = if matches!(step, Step::Output(..)) { Kind::Output } else { Kind::Other };
            match step {
                Step::Output(pane, bytes, _) => {
                    let count = rects.len();
                    screens[usize::from(pane) % count].advance(&bytes);
                }
                Step::Layout(kind) => rects = layout(size, kind),
                Step::Size(cols, rows) => {
                    size = Size::new(cols, rows);
                    rects = layout(size, 1);
                    outer.resize(size);
                }
                Step::Bar(text) => bar = text,
                Step::Caps => view.invalidate(),
                Step::Numbers => numbers = true,
            }
            for (screen, rect) in screens.iter_mut().zip(&rects) {
                if screen.size() != rect.size() {
                    screen.resize(rect.size());
                }
            }
            let mut chrome = chrome(size, &rects, &bar);
            if numbers {
                chrome.numbers = rects.iter().map(|rect| crate::view::scene::Number {
                    rect: *rect, text: "12".into(), corner: "80x24".into(), style: chrome.borders.active_style, marked: false,
                }).collect();
            }
            let scene = scene(size, &rects, &screens, &chrome);
            let differs = view.differs(&scene);
            let mut bytes = Vec::new();
            if echo {
                view.only = Some(PaneId(1));
                view.draw(&scene, &mut bytes);
                view.only = None;
            }
            view.draw(&scene, &mut bytes);
            outer.advance(&bytes);
            let pane_bytes = matches!(step_kind, Kind::Output) && !bytes.is_empty();
            prop_assert!(differs || !pane_bytes, "new bytes of a pane are announced");

            let mut fresh = Vec::new();
            ClientView::new(size, caps).draw(&scene, &mut fresh);
            let mut full = Screen::new(size, 0);
            full.advance(&fresh);
            let (got, wanted) = (picture(&outer), picture(&full));
            prop_assert_eq!(differing(&got, &wanted), None, "after {}", String::from_utf8_lossy(&bytes).escape_debug());

            // And what is drawn is what the panes hold.
            if !numbers {
                let first = &rects[0];
                for y in 0..first.h {
                    for x in 0..first.w {
                        let (a, b) = (screens[0].cell(x, y), outer.cell(first.x + x, first.y + y));
                        if usize::from(a.width) < unicode_width::UnicodeWidthStr::width(a.text) {
                            // A wide cluster in the last column, which no terminal can show.
                            continue;
                        }
                        prop_assert_eq!(a.text.trim(), b.text.trim(), "pane cell {},{}", x, y);
                    }
                }
            }
            let mut nothing = Vec::new();
            let still = view.differs(&scene);
            view.draw(&scene, &mut nothing);
            if !numbers {
                prop_assert!(!still, "nothing is new after a frame");
                prop_assert_eq!(String::from_utf8_lossy(&nothing), "", "a second drawing has nothing to do");
            }
        }
    }
}

struct Stage {
    size: Size,
    rects: Vec<Rect>,
    screens: Vec<Screen>,
    view: ClientView,
    outer: Screen,
}

impl Stage {
    fn new(kind: u8, caps: Caps) -> Stage {
        let size = Size::new(80, 24);
        let rects = layout(size, kind);
        let screens = rects.iter().map(|rect| Screen::new(rect.size(), 100)).collect();
        let mut stage =
            Stage { size, rects, screens, view: ClientView::new(size, caps), outer: Screen::new(size, 0) };
        stage.draw();
        stage
    }

    fn draw(&mut self) -> Vec<u8> {
        let chrome = chrome(self.size, &self.rects, "[0] 0:bash*");
        let scene = scene(self.size, &self.rects, &self.screens, &chrome);
        let mut bytes = Vec::new();
        self.view.draw(&scene, &mut bytes);
        self.outer.advance(&bytes);
        bytes
    }

    fn text(&self, y: u16) -> String {
        (0..self.size.cols)
            .map(|x| self.outer.cell(x, y).text.to_owned())
            .collect::<String>()
            .trim_end()
            .into()
    }
}

#[test]
fn the_echo_of_a_key_is_a_few_bytes() {
    let mut stage = Stage::new(3, Caps::default());
    stage.screens[0].advance(b"user@host:~$ ");
    stage.draw();
    stage.screens[0].advance(b"l");
    assert_eq!(stage.draw(), b"l");
    stage.screens[0].advance(b"\x08 \x08");
    let back = stage.draw();
    assert!(back.len() <= 30, "{}", String::from_utf8_lossy(&back).escape_debug());
    stage.screens[0].advance(b"\x1b[7ms\x1b[0m");
    let styled = stage.draw();
    assert!(styled.len() <= 30, "{}", String::from_utf8_lossy(&styled).escape_debug());
}

#[test]
fn an_echo_is_drawn_without_what_another_pane_prints_and_that_is_not_lost() {
    let mut stage = Stage::new(3, Caps::default());
    stage.screens[0].advance(b"$ ");
    stage.draw();
    stage.screens[0].advance(b"x");
    stage.screens[1].advance(b"\r\nmuch of it".repeat(30).as_slice());
    stage.view.only = Some(PaneId(1));
    assert_eq!(stage.draw(), b"x");
    stage.view.only = None;
    let rest = stage.draw();
    assert!(rest.len() > 100, "{}", String::from_utf8_lossy(&rest).escape_debug());
    let below = &stage.rects[1];
    assert!(
        stage.text(below.y + below.h - 1).contains("much of it"),
        "{}",
        stage.text(below.y + below.h - 1)
    );
}

#[test]
fn a_full_width_pane_is_scrolled_by_the_terminal() {
    for kind in [0, 2] {
        let mut stage = Stage::new(kind, Caps::default());
        let rows = stage.rects[0].h;
        for n in 0..rows {
            let text = format!("line {n} with some words in it, to make drawing it again cost something");
            stage.screens[0].advance(text.as_bytes());
            if n + 1 < rows {
                stage.screens[0].advance(b"\r\n");
            }
        }
        stage.draw();
        stage.screens[0].advance(b"\r\nthe next one");
        let bytes = stage.draw();
        assert!(bytes.len() <= 60, "layout {kind}: {}", String::from_utf8_lossy(&bytes).escape_debug());
        assert_eq!(stage.text(0), "line 1 with some words in it, to make drawing it again cost something");
        assert_eq!(stage.text(rows - 1), "the next one");
        // And back down, as an editor does.
        stage.screens[0].advance(b"\x1b[H\x1bMfirst");
        let bytes = stage.draw();
        assert!(bytes.len() <= 70, "layout {kind}: {}", String::from_utf8_lossy(&bytes).escape_debug());
        assert_eq!(stage.text(0), "first");
        assert_eq!(stage.text(23), "[0] 0:bash*");
    }
}

#[test]
fn a_long_frame_is_in_brackets_and_hides_no_cursor() {
    let mut stage = Stage::new(0, Caps::default());
    stage.screens[0].advance("many words ".repeat(40).as_bytes());
    let bytes = stage.draw();
    assert!(bytes.starts_with(b"\x1b[?2026h") && bytes.ends_with(b"\x1b[?2026l"));
    let mut stage = Stage::new(0, Caps { sync: false, ..Caps::default() });
    stage.screens[0].advance("many words ".repeat(40).as_bytes());
    let bytes = stage.draw();
    assert!(bytes.starts_with(b"\x1b[?25l") && bytes.ends_with(b"\x1b[?25h"));
}

#[test]
fn a_program_that_holds_its_drawing_is_not_seen_half_done() {
    let mut stage = Stage::new(0, Caps::default());
    stage.screens[0].advance(b"before");
    stage.draw();
    stage.screens[0].advance(b"\x1b[?2026h\r\x1b[Khalf");
    stage.draw();
    assert_eq!(stage.text(0), "before");
    assert!(stage.view.held());
    stage.screens[0].advance(b" whole\x1b[?2026l");
    stage.draw();
    assert_eq!(stage.text(0), "half whole");
    assert!(!stage.view.held());
    stage.screens[0].advance(b"\x1b[?2026h\r\x1b[Kforgotten");
    stage.draw();
    stage.view.release_hold();
    stage.draw();
    assert_eq!(stage.text(0), "forgotten", "the server may end a hold that lasts too long");
}

#[test]
fn modes_of_the_outer_terminal_follow_and_go() {
    let stage = Stage::new(0, full_caps());
    let mut view = stage.view;
    let mut outer = stage.outer;
    let mut draw = |mode: Outer| {
        let chrome = chrome(stage.size, &stage.rects, "");
        let mut scene = scene(stage.size, &stage.rects, &stage.screens, &chrome);
        scene.outer = mode;
        let mut bytes = Vec::new();
        view.draw(&scene, &mut bytes);
        outer.advance(&bytes);
        (
            outer.modes().mouse,
            outer.modes().bracketed_paste,
            outer.modes().focus_events,
            outer.modes().kitty_flags,
        )
    };
    use crate::vt::MouseMode;
    let on = Outer { mouse: Mouse::Any, paste: true, focus: true, key_flags: 11 };
    assert_eq!(draw(on), (MouseMode::Any, true, true, 11));
    assert_eq!(draw(Outer { mouse: Mouse::Button, ..on }), (MouseMode::Button, true, true, 11));
    assert_eq!(draw(Outer::default()), (MouseMode::Off, false, false, 0));
}

#[test]
fn fewer_colours_are_used_on_a_terminal_with_fewer() {
    let mut stage = Stage::new(0, Caps { colours: Colours::Sixteen, ..Caps::default() });
    stage.screens[0].advance(b"\x1b[38;2;250;5;5mred");
    stage.draw();
    assert_eq!(stage.outer.cell(0, 0).style.fg, Color::Indexed(9));
    assert_eq!(stage.outer.cell(0, 23).style.bg, Color::Indexed(0), "the bar's blue-black is black");
}

#[test]
fn a_hidden_cursor_and_its_shape_come_through() {
    let mut stage = Stage::new(0, Caps::default());
    stage.screens[0].advance(b"\x1b[6 q\x1b[?25l");
    stage.draw();
    assert!(!stage.outer.cursor().visible);
    stage.screens[0].advance(b"\x1b[?25h");
    stage.draw();
    let cursor = stage.outer.cursor();
    assert_eq!((cursor.visible, cursor.shape, cursor.blinking), (true, CursorShape::Bar, false));
}

#[test]
fn rows_that_moved_are_found() {
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[2, 3, 4, 5, 6]), Some((0, 4, 1)));
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[9, 1, 2, 3, 4]), Some((0, 4, -1)));
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[1, 3, 4, 7, 5]), Some((1, 3, 1)), "a region inside");
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 6]), None);
    assert_eq!(moved(&[1, 2, 3, 4, 5], &[6, 7, 8, 9, 5]), None);
}
