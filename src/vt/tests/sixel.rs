//! Sixel pictures: pixels of bytes and bytes of pixels, their cells, and what is claimed.

use super::*;
use crate::vt::{Draws, PLACEHOLDER, Sixel, is_sixel_part, part_of};
use proptest::prelude::*;

/// Sixel data without DCS and ST.
fn data(encoded: &[u8]) -> &[u8] {
    encoded.strip_prefix(b"\x1bP").and_then(|rest| rest.strip_suffix(b"\x1b\\")).expect("a DCS")
}

const SAME: [(usize, usize); 2] = [(1, 1), (1, 1)];

fn pixel(s: &Sixel, x: usize, y: usize) -> [u8; 4] {
    let rgba = s.rgba(s.width, s.height);
    let at = (y * s.width + x) * 4;
    [rgba[at], rgba[at + 1], rgba[at + 2], rgba[at + 3]]
}

#[test]
fn bytes_become_pixels() {
    // Red, green over it in the second row, blue (hue 0) in the second band, a gap.
    let s = Sixel::decode(b"0;1;0q\"1;1;4;8#1;2;100;0;0#2;2;0;100;0#3;1;0;50;100#1!3@$#2!2A-#3?~")
        .expect("pixels");
    assert_eq!((s.width, s.height), (4, 12));
    assert_eq!(pixel(&s, 0, 0), [255, 0, 0, 255]);
    assert_eq!(pixel(&s, 2, 0), [255, 0, 0, 255]);
    assert_eq!(pixel(&s, 3, 0), [0; 4], "transparent");
    assert_eq!(pixel(&s, 1, 1), [0, 255, 0, 255]);
    assert_eq!(pixel(&s, 1, 6), [0, 0, 255, 255]);
    assert_eq!(pixel(&s, 0, 6), [0; 4]);
    for none in [&b""[..], b"q", b"q\"1;1", b"$q~", b"+q544e", b"q!", b"q#1;2;1;1;1"] {
        assert_eq!(Sixel::decode(none), None, "{none:?}");
    }
    // Sizes that nobody has memory for.
    let wide = Sixel::decode(b"q\"1;1;9999999;2!99999999~").expect("pixels");
    assert_eq!((wide.width, wide.height), (8192, 6));
    assert!(Sixel::decode(format!("q{}~", "-".repeat(100_000)).as_bytes()).is_none_or(|s| s.height <= 8192));
}

#[test]
fn a_part_and_another_scale_are_drawn_of_it() {
    let s = Sixel::decode(b"q#1;2;100;0;0#2;2;0;0;100#1!4~#2!4~").expect("pixels");
    let part = Sixel::decode(data(&s.encode((3, 1), (2, 3), SAME))).expect("pixels");
    assert_eq!((part.width, part.height), (2, 3));
    assert_eq!((pixel(&part, 0, 0), pixel(&part, 1, 2)), ([255, 0, 0, 255], [0, 0, 255, 255]));
    let twice = Sixel::decode(data(&s.encode((0, 0), (16, 12), [(1, 2), (1, 2)]))).expect("pixels");
    assert_eq!((pixel(&twice, 7, 11), pixel(&twice, 8, 0)), ([255, 0, 0, 255], [0, 0, 255, 255]));
    let beyond = Sixel::decode(data(&s.encode((6, 4), (4, 4), SAME))).expect("pixels");
    assert_eq!((pixel(&beyond, 1, 1), pixel(&beyond, 2, 0)), ([0, 0, 255, 255], [0; 4]));
}

#[test]
fn its_cells_are_text() {
    let mut s = Screen::new(Size { cols: 20, rows: 6 }, 100);
    s.advance(b"ab\x1bPq!17~-!17~-!17~\x1b\\");
    // 17x18 pixels are 3x2 cells; the cursor is in its column, where the last band (of 12 to 17) begins.
    assert_eq!(at(&s), (2, 0));
    s.advance(b"\n");
    let part = |x, y| {
        let cell = s.cell(x, y);
        assert!(is_sixel_part(cell.text), "{x} {y}");
        part_of(cell.text, cell.style.fg).map(|p| (p.picture, p.column, p.row))
    };
    let id = s.pictures()[0].outer;
    assert_eq!(id >> 24, 0x52);
    assert_eq!((part(2, 0), part(4, 1)), (Some((id, 0, 0)), Some((id, 2, 1))));
    assert!(!s.cell(5, 0).text.starts_with(PLACEHOLDER));
    assert!(s.pictures()[0].sixel);
    s.advance(b"\n\rnext\x1b[1;1Hover!");
    assert_eq!(s.line_text(2), "next");
    assert!(s.line_text(0).starts_with("over!") && !s.line_text(0).contains(PLACEHOLDER));
    let again = Screen::from_snapshot(&s.snapshot()).expect("a snapshot");
    assert_eq!(again.pictures(), s.pictures());
}

#[test]
fn the_cursor_goes_to_the_row_of_the_last_band() {
    // Rows of 16 pixels, bands of 6.
    for (bands, row) in [("~", 0), ("~-~-~", 0), ("~-~-~-~", 1), ("~-~-~-", 1), ("~----------", 3)] {
        let mut s = screen(20, 6, &format!("ab\x1bPq{bands}\x1b\\"));
        assert_eq!(at(&s), (2, row), "{bands}");
        s.advance(b"\x1b[6;1H\x1bPq~----------\x1b\\");
        assert_eq!(at(&s), (0, 5), "it scrolls");
        assert_eq!(s.history_len(), 3);
    }
}

#[test]
fn sixel_is_claimed_where_it_is_seen() {
    let mut s = screen(80, 24, "");
    let mut ask = |draws: Draws, question: &str| {
        s.set_pictures(draws, 0);
        s.advance(question.as_bytes());
        replies(&mut s)
    };
    let sixel = Draws { sixel: true, ..Draws::default() };
    assert_eq!(ask(sixel, "\x1b[c"), "\x1b[?65;4;6;18;21;22;28;52c");
    assert_eq!(ask(Draws::default(), "\x1b[c"), "\x1b[?65;6;18;21;22;28;52c");
    assert_eq!(ask(sixel, "\x1b[?1;1;0S"), "\x1b[?1;0;256S");
    assert_eq!(ask(sixel, "\x1b[?2;1;0S"), "\x1b[?2;0;640;384S");
    assert_eq!(ask(sixel, "\x1b[?2;3;1;1S"), "\x1b[?2;2;0S");
    assert_eq!(ask(Draws::default(), "\x1b[?2;1;0S"), "\x1b[?2;1;0S");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bytes in "q(#[0-9]{1,3}(;2;[0-9]{1,2};[0-9]{1,2};[0-9]{1,2})?|![0-9]{1,2}[?-~]|[?-~]|\\$|-){0,40}") {
        if let Some(s) = Sixel::decode(bytes.as_bytes()) {
            let again = Sixel::decode(data(&s.encode((0, 0), (s.width, s.height), SAME))).expect("pixels");
            prop_assert_eq!((again.width, again.height.div_ceil(6)), (s.width, s.height.div_ceil(6)));
            prop_assert_eq!(again.rgba(s.width, s.height), s.rgba(s.width, s.height));
        }
    }

    #[test]
    fn nothing_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Sixel::decode(&[&b"q"[..], &bytes].concat());
    }
}
