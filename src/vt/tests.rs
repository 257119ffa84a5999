//! Tests of the screen by what it shows and answers.

use super::*;
use crate::ids::Size;

fn screen(cols: u16, rows: u16, input: &str) -> Screen {
    let mut s = Screen::new(Size { cols, rows }, 100);
    s.advance(input.as_bytes());
    s
}

/// The shown rows, blanks at their ends left out.
fn rows(s: &Screen) -> Vec<String> {
    (0..usize::from(s.size().rows)).map(|y| s.line_text(s.history_len() + y)).collect()
}

fn history(s: &Screen) -> Vec<String> {
    (0..s.history_len()).map(|i| s.line_text(i)).collect()
}

fn at(s: &Screen) -> (u16, u16) {
    (s.cursor().x, s.cursor().y)
}

#[test]
fn text_wraps_and_scrolls_into_the_history() {
    let s = screen(5, 2, "abcdefg\r\nx\r\ny");
    assert_eq!(rows(&s), ["x", "y"]);
    assert_eq!(history(&s), ["abcde", "fg"]);
    assert!(s.wrapped(0) && !s.wrapped(1));
    assert_eq!(at(&s), (1, 1));
}
