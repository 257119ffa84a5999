//! Tests of the screen by what it shows and answers.

use super::*;
use crate::ids::Size;

mod edit;
mod keys;
mod modes;
mod pictures;
mod properties;
mod recorded;
mod reference;
mod reports;
mod resize;
mod sixel;
mod snapshot;
mod style;
mod unicode;

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

fn replies(s: &mut Screen) -> String {
    String::from_utf8(s.take_replies()).expect("an ASCII reply")
}

/// What a fresh 80x24 screen answers to `input`.
fn answer(input: &str) -> String {
    replies(&mut screen(80, 24, input))
}
