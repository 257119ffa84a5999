use super::*;
use crate::view::caps::{Colours, Pictures};
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

/// What a client's terminal is sent of a pane with a picture, drawn by a terminal of ours.
#[test]
fn pictures_go_out_once_and_again_when_they_are_others() {
    let size = Size { cols: 30, rows: 8 };
    let rects = layout(size, 0);
    let mut screens = vec![Screen::new(rects[0].size(), 100)];
    let chrome = chrome(size, &rects, "bar");
    let caps = Caps { pictures: Pictures::Placeholders, ..full_caps() };
    let mut view = ClientView::new(size, caps);
    let mut outer = Screen::new(size, 0);
    let mut draw = |screens: &[Screen]| {
        let mut out = Vec::new();
        view.draw(&scene(size, &rects, screens, &chrome), &mut out);
        outer.advance(&out);
        (String::from_utf8_lossy(&out).into_owned(), outer.clone())
    };
    screens[0].advance(b"text \x1b_Ga=T,f=24,s=16,v=32,i=9;AAAA\x1b\\");
    let own = screens[0].pictures()[0].outer;
    let (sent, outer) = draw(&screens);
    assert_eq!(sent.matches("a=t,").count(), 1, "{sent:?}");
    let there = &outer.pictures()[0];
    assert_eq!((there.outer, there.cells, &*there.data), (own, (2, 2), &b"AAAA"[..]));
    for (x, y) in [(5, 0), (6, 0), (5, 1), (6, 1)] {
        assert_eq!(outer.cell(x, y), screens[0].cell(x, y), "{x} {y}");
    }
    screens[0].advance(b"\x1b[5;1Hmore");
    assert!(!draw(&screens).0.contains("\x1b_G"), "it has it");
    screens[0].advance(b"\x1b_Ga=T,f=24,s=16,v=32,i=9;BBBB\x1b\\");
    let (sent, outer) = draw(&screens);
    assert!(sent.contains(&format!("a=d,d=I,q=2,i={own}\x1b")), "{sent:?}");
    assert_eq!(outer.pictures().iter().map(|p| &*p.data).collect::<Vec<_>>(), [b"BBBB"]);
}

/// Many large pictures: frames stay below what a message may have, and in the end all are there.
#[test]
fn large_pictures_go_out_in_several_frames() {
    let size = Size { cols: 30, rows: 8 };
    let rects = layout(size, 0);
    let mut screens = vec![Screen::new(rects[0].size(), 100)];
    let chrome = chrome(size, &rects, "bar");
    let data = "A".repeat(1_300_000);
    for n in 1..=3 {
        let command = format!("a=T,f=24,s=8,v=16,i={n},q=2;{data}");
        screens[0].advance(format!("\x1b_G{command}\x1b\\").as_bytes());
    }
    assert_eq!(screens[0].pictures().len(), 3);
    let mut view = ClientView::new(size, Caps { pictures: Pictures::Placeholders, ..full_caps() });
    let mut outer = Screen::new(size, 0);
    let mut frames = 0;
    loop {
        let mut out = Vec::new();
        view.draw(&scene(size, &rects, &screens, &chrome), &mut out);
        assert!(out.len() < 4 << 20, "{}", out.len());
        outer.advance(&out);
        frames += 1;
        if !view.unfinished() {
            break;
        }
        assert!(view.differs(&scene(size, &rects, &screens, &chrome)));
    }
    assert!((2..4).contains(&frames), "{frames}");
    assert_eq!(outer.pictures().len(), 3);
}

#[test]
fn without_pictures_their_places_are_shaded() {
    let size = Size { cols: 30, rows: 8 };
    let rects = layout(size, 0);
    let mut screens = vec![Screen::new(rects[0].size(), 100)];
    let chrome = chrome(size, &rects, "bar");
    screens[0].advance(b"text \x1b_Ga=T,f=24,s=16,v=32,i=9;AAAA\x1b\\");
    for (pictures, shown) in [(Pictures::No, "text ░░"), (Pictures::Unknown, "text \u{10eeee}\u{305}")] {
        let mut view = ClientView::new(size, Caps { pictures, ..full_caps() });
        let mut out = Vec::new();
        view.draw(&scene(size, &rects, &screens, &chrome), &mut out);
        let mut outer = Screen::new(size, 0);
        outer.advance(&out);
        assert!(outer.line_text(0).starts_with(shown), "{:?}", outer.line_text(0));
        assert!(!String::from_utf8_lossy(&out).contains("\x1b_G"));
    }
}

/// Sixel pictures are drawn over their cells: once, again where something has changed, in parts where something
/// stands in front of them, and never on the last row.
#[test]
fn sixel_pictures_are_drawn_over_their_cells() {
    let size = Size { cols: 30, rows: 8 };
    let rects = layout(size, 0);
    let mut screens = vec![Screen::new(rects[0].size(), 100)];
    let mut chrome = chrome(size, &rects, "bar");
    let caps = Caps { pictures: Pictures::Sixel(8, 16), ..full_caps() };
    let mut view = ClientView::new(size, caps);
    let mut outer = Screen::new(size, 0);
    // What is drawn: place, size in cells.
    let mut draw = |screens: &[Screen], chrome: &Chrome| {
        let mut out = Vec::new();
        view.draw(&scene(size, &rects, screens, chrome), &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        let mut drawn = Vec::new();
        let mut fed = 0;
        for (at, _) in text.match_indices("\x1bP0;1q\"1;1;") {
            outer.advance(&out[fed..at]);
            fed = at;
            let mut numbers =
                text[at + 11..].split([';', '#', '$', '-']).map(|n| n.parse::<u16>().unwrap_or(0));
            let (w, h) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            drawn.push((outer.cursor().x, outer.cursor().y, w / 8, h / 16));
        }
        outer.advance(&out[fed..]);
        assert!(!text.contains('\u{10eeee}'), "{text:?}");
        drawn
    };
    // 3x2 cells.
    screens[0].advance(b"ab\x1bPq#1;2;100;0;0!24~-!24~-!24~-!24~-!24~\x1b\\");
    assert_eq!(draw(&screens, &chrome), [(2, 0, 3, 2)]);
    screens[0].advance(b"\x1b[5;1Hmore");
    assert_eq!(draw(&screens, &chrome), [], "it is there");
    screens[0].advance(b"\x1b[1;4Hx");
    assert_eq!(draw(&screens, &chrome), [(2, 0, 1, 1), (4, 0, 1, 1), (2, 1, 3, 1)]);
    screens[0].advance(b"\x1b[7;1H\n");
    assert_eq!(draw(&screens, &chrome), [(2, 0, 3, 1)], "it has scrolled");
    screens[0].advance(b"\x1b[2J");
    assert_eq!(draw(&screens, &chrome), []);
    // A terminal without a status line: the picture's last row would be the terminal's.
    chrome.bars.clear();
    let tall = [Rect { x: 0, y: 0, w: size.cols, h: size.rows }];
    let mut screens = vec![Screen::new(tall[0].size(), 100)];
    screens[0].advance(b"\x1b[7;1H\x1bPq#1!8~-!8~-!8~-!8~-!8~\x1b\\");
    let mut out = Vec::new();
    ClientView::new(size, caps).draw(&scene(size, &tall, &screens, &chrome), &mut out);
    let text = String::from_utf8_lossy(&out);
    assert_eq!(text.matches("\x1bP0;1q\"1;1;8;16").count(), 1, "{text:?}");
    assert_eq!(text.matches("\x1bP").count(), 1);
}

#[test]
fn sixel_pictures_go_to_a_terminal_with_placeholders_too() {
    let size = Size { cols: 30, rows: 8 };
    let rects = layout(size, 0);
    let mut screens = vec![Screen::new(rects[0].size(), 100)];
    let chrome = chrome(size, &rects, "bar");
    screens[0].advance(b"\x1bPq#1;2;100;0;0!9~\x1b\\");
    let caps = Caps { pictures: Pictures::Placeholders, ..full_caps() };
    let mut out = Vec::new();
    ClientView::new(size, caps).draw(&scene(size, &rects, &screens, &chrome), &mut out);
    let text = String::from_utf8_lossy(&out);
    let id = screens[0].pictures()[0].outer;
    // Nine pixels are two cells: what is beyond is transparent.
    assert!(text.contains(&format!("a=t,q=2,i={id},f=32,s=16,v=16,m=0;/wAA//8AAP//AAD/")), "{text:?}");
    assert!(text.contains(&format!("a=p,U=1,q=2,i={id},c=2,r=1")), "{text:?}");
    assert!(text.contains("\u{10eeee}\u{305}\u{305}"));
}
