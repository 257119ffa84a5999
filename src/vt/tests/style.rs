use super::*;

fn pen(sgr: &str) -> Style {
    screen(5, 1, &format!("\x1b[{sgr}mx")).cell(0, 0).style
}

#[test]
fn attributes_set_and_reset() {
    for (on, off, attr) in [
        ("1", "22", Attrs::BOLD),
        ("2", "22", Attrs::DIM),
        ("3", "23", Attrs::ITALIC),
        ("4", "24", Attrs::UNDERLINE),
        ("4:0;4:2", "24", Attrs::DOUBLE_UNDERLINE),
        ("21", "24", Attrs::DOUBLE_UNDERLINE),
        ("4:3", "4:0", Attrs::CURLY_UNDERLINE),
        ("4:4", "24", Attrs::DOTTED_UNDERLINE),
        ("4:5", "24", Attrs::DASHED_UNDERLINE),
        ("5", "25", Attrs::BLINK),
        ("7", "27", Attrs::REVERSE),
        ("8", "28", Attrs::HIDDEN),
        ("9", "29", Attrs::STRIKE),
        ("53", "55", Attrs::OVERLINE),
    ] {
        assert_eq!(pen(on).attrs, attr, "SGR {on}");
        assert_eq!(pen(&format!("{on};{off}")).attrs, Attrs::empty(), "SGR {on};{off}");
        assert_eq!(pen(&format!("{on};0")), Style::default(), "SGR {on};0");
    }
}

#[test]
fn colours_in_every_form() {
    assert_eq!(pen("31").fg, Color::Indexed(1));
    assert_eq!(pen("97").fg, Color::Indexed(15));
    assert_eq!(pen("104").bg, Color::Indexed(12));
    assert_eq!(pen("38;5;200").fg, Color::Indexed(200));
    assert_eq!(pen("38:5:200").fg, Color::Indexed(200));
    assert_eq!(pen("48;2;1;2;3").bg, Color::Rgb(1, 2, 3));
    assert_eq!(pen("48:2:1:2:3").bg, Color::Rgb(1, 2, 3));
    assert_eq!(pen("48:2::1:2:3").bg, Color::Rgb(1, 2, 3));
    assert_eq!(pen("58:2::9:8:7;4:3").underline, Color::Rgb(9, 8, 7));
    assert_eq!(pen("58;5;4;59").underline, Color::Default);
    assert_eq!(pen("38;5;1;39"), Style::default());
    // What follows a colour is still read.
    let style = pen("38;2;1;2;3;1;48;5;7");
    assert_eq!((style.attrs, style.bg), (Attrs::BOLD, Color::Indexed(7)));
    // Nonsense changes nothing.
    assert_eq!(pen("38;2;300;2;3"), Style::default());
    assert_eq!(pen("38"), Style::default());
}

#[test]
fn links_attach_to_cells() {
    let s = screen(9, 1, "a\x1b]8;id=1;http://x;y\x1b\\bc\x1b]8;;\x07d");
    assert_eq!(s.cell(0, 0).link, None);
    assert_eq!(s.cell(2, 0).link, Some("http://x;y"));
    assert_eq!(s.cell(3, 0).link, None);
}

#[test]
fn styles_survive_the_scrollback() {
    let text = "\x1b[1;31;48;5;250ma\x1b[0m b\x1b[38;2;1;2;3;4:3;58;5;9mc\x1b]8;;u\x07d世e\u{301}";
    let mut s = screen(20, 2, text);
    let before = s.line(0);
    s.advance(b"\x1b]8;;\x07\x1b[0m\r\n\r\n");
    assert_eq!(s.history_len(), 1);
    assert_eq!(s.line(0), before);
    assert_eq!(before.cells[0].style.bg, Color::Indexed(250));
    assert_eq!(before.cells[4].link.as_deref(), Some("u"));
    assert_eq!(s.line_text(0), "a bcd世e\u{301}");
}

#[test]
fn scrollback_is_small() {
    let mut s = Screen::new(Size { cols: 200, rows: 2 }, 10_000);
    for i in 0..10_000 {
        s.advance(format!("{:0200}\r\n", i).as_bytes());
    }
    let plain = s.history_bytes() / s.history_len();
    assert!(plain <= 250, "{plain} bytes per plain line");
    let mut s = Screen::new(Size { cols: 200, rows: 2 }, 10_000);
    for i in 0..10_000 {
        for word in 0..20 {
            s.advance(format!("\x1b[{};{}m{i:09} ", word & 1, 31 + word % 6).as_bytes());
        }
        s.advance(b"\r\n");
    }
    let coloured = s.history_bytes() / s.history_len();
    assert!(coloured <= 400, "{coloured} bytes per coloured line");
}

#[test]
fn capture_as_text_and_with_escapes() {
    let s = screen(6, 3, "one\r\n\x1b[1;31mtwo\x1b[0m x\r\nabcdefg  ");
    let plain = CaptureOptions::default();
    assert_eq!(s.capture(0, 2, plain), "two x\nabcdef\ng\n");
    assert_eq!(s.capture(-99, 0, plain), "one\ntwo x\n");
    let escapes = CaptureOptions { escapes: true, ..plain };
    assert_eq!(s.capture(0, 0, escapes), "\x1b[1m\x1b[31mtwo\x1b[0m x\n");
    let join = CaptureOptions { join: true, ..plain };
    assert_eq!(s.capture(1, 2, join), "abcdefg  \n");
    let keep = CaptureOptions { keep_trailing: true, ..plain };
    assert_eq!(s.capture(2, 2, keep), "g     \n");
    // What escapes write, a screen reads back.
    let again = screen(6, 1, s.capture(0, 0, escapes).trim_end());
    assert_eq!(again.line(0), s.line(1));
}

#[test]
fn escapes_are_captured_as_tmux_writes_them() {
    let escapes = CaptureOptions { escapes: true, ..CaptureOptions::default() };
    // What follows a coloured text says where it ends; a full line leaves that to the next one.
    let s = screen(8, 3, "\x1b[43mabc\x1b[0m\r\n\x1b[43mabcdefgh\x1b[0m\r\nx");
    assert_eq!(s.capture(0, 2, escapes), "\x1b[43mabc\x1b[49m\n\x1b[43mabcdefgh\n\x1b[49mx\n");
    // Every colour is a sequence of its own, in the older form; an attribute less means to begin anew.
    let s = screen(8, 1, "\x1b[1;38;5;200;48;2;1;2;3ma\x1b[22;3mb\x1b[0mc");
    let text = "\x1b[1m\x1b[38;5;200m\x1b[48;2;1;2;3ma\x1b[0;3m\x1b[38;5;200m\x1b[48;2;1;2;3mb\x1b[0mc\n";
    assert_eq!(s.capture(0, 0, escapes), text);
    // Blanks that are seen stay.
    let s = screen(8, 1, "\x1b[44m  \x1b[0m");
    assert_eq!(s.capture(0, 0, escapes), "\x1b[44m  \x1b[49m\n");
}

#[test]
fn lines_are_captured_with_what_is_special_about_them() {
    let flags = CaptureOptions { flags: true, ..CaptureOptions::default() };
    let text = "12345678\r\n\x1b]8;;http://a.b\x1b\\L\x1b]8;;\x1b\\\r\n\u{e9}\r\n\x1b[38;2;1;2;3mR\x1b[m\r\n\x1b[31mr";
    let s = screen(5, 6, text);
    assert_eq!(s.capture(0, 5, flags), "W 12345\n- 678\nHX L\nX \u{e9}\nX R\n- r\n");
}

#[test]
fn cmy_and_plain_numbers_are_colours() {
    let bg = |spec: &str| screen(5, 1, &format!("\x1b]11;{spec}\x07")).default_bg();
    assert_eq!(bg("cmy:0.9373/0.6941/0.4549"), Some((0x0f, 0x4e, 0x8b)));
    assert_eq!(bg("cmyk:0.88/0.44/0.00/0.45"), Some((0x10, 0x4e, 0x8c)));
    assert_eq!(bg("16,78,139"), Some((16, 78, 139)));
    assert_eq!(bg("rgb:1000/4E00/8B00"), Some((0x10, 0x4e, 0x8b)));
    assert_eq!(bg("cmy:2/0/0"), None);
}
