//! The same streams through alacritty_terminal: text, colours and cursor must be equal.

use super::*;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line as Row};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::{Color as Theirs, NamedColor, Processor};
use proptest::prelude::*;

const COLS: u16 = 20;
const ROWS: u16 = 6;

struct Dim;
impl Dimensions for Dim {
    fn total_lines(&self) -> usize {
        usize::from(ROWS)
    }
    fn screen_lines(&self) -> usize {
        usize::from(ROWS)
    }
    fn columns(&self) -> usize {
        usize::from(COLS)
    }
}

fn color(c: Theirs) -> Color {
    match c {
        Theirs::Named(NamedColor::Foreground | NamedColor::Background) => Color::Default,
        Theirs::Named(n) => Color::Indexed(n as usize as u8),
        Theirs::Indexed(n) => Color::Indexed(n),
        Theirs::Spec(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
    }
}

fn compare(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut ours = Screen::new(Size { cols: COLS, rows: ROWS }, 100);
    ours.set_scroll_on_clear(false);
    ours.advance(bytes);
    let config = Config { scrolling_history: 100, ..Config::default() };
    let mut theirs = Term::new(config, &Dim, VoidListener);
    Processor::<alacritty_terminal::vte::ansi::StdSyncHandler>::new().advance(&mut theirs, bytes);
    let grid = theirs.grid();
    prop_assert_eq!(ours.history_len(), grid.history_size());
    for y in -(ours.history_len() as i32)..i32::from(ROWS) {
        let line = ours.line((y + ours.history_len() as i32) as usize);
        for x in 0..usize::from(COLS) {
            let cell = &grid[Row(y)][Column(x)];
            let (text, style) = line.cells.get(x).map_or((" ", Style::default()), |c| (&c.text, c.style));
            if cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                prop_assert_eq!(text, "", "row {} column {}", y, x);
                continue;
            }
            prop_assert_eq!(text, cell.c.to_string(), "row {} column {}", y, x);
            prop_assert_eq!(style.fg, color(cell.fg), "row {} column {}", y, x);
            prop_assert_eq!(style.bg, color(cell.bg), "row {} column {}", y, x);
            for (attr, flag) in [
                (Attrs::BOLD, Flags::BOLD),
                (Attrs::REVERSE, Flags::INVERSE),
                (Attrs::ITALIC, Flags::ITALIC),
                (Attrs::UNDERLINE, Flags::UNDERLINE),
            ] {
                prop_assert_eq!(style.attrs.contains(attr), cell.flags.contains(flag));
            }
        }
    }
    let point = grid.cursor.point;
    prop_assert_eq!(at(&ours), (point.column.0 as u16, point.line.0 as u16));
    prop_assert_eq!(ours.pending_wrap(), grid.cursor.input_needs_wrap);
    Ok(())
}

/// What both understand in the same way.
fn piece() -> impl Strategy<Value = String> {
    let n = 1u16..25;
    // Erasing and line feeds end a pending wrap in xterm and here, not in alacritty: a move goes first.
    let edit = (
        n.clone(),
        n.clone(),
        prop::sample::select(vec!["K", "1K", "2K", "J", "P", "nX", "n@", "1C\n", "1C\x1bM", "1C\x1bD"]),
    )
        .prop_map(|(x, n, op)| format!("\x1b[{x}G\x1b[{}", op.replace('n', &n.to_string())));
    prop_oneof![
        6 => "[ -~]{1,30}",
        1 => "[a-zéß→]{1,12}",
        4 => Just("\r\n".to_owned()),
        1 => prop::sample::select(vec!["\r", "\x08", "\x1b7", "\x1b8"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["0", "1", "3", "4", "7", "22", "27", "31", "44", "97", "38;5;123", "48;2;1;2;3", "39", "49"])
            .prop_map(|s| format!("\x1b[{s}m")),
        4 => (n.clone(), prop::sample::select(vec!['A', 'B', 'C', 'D', 'G', 'd', 'E', 'F']))
            .prop_map(|(n, c)| format!("\x1b[{n}{c}")),
        3 => (n.clone(), n).prop_map(|(y, x)| format!("\x1b[{y};{x}H")),
        // At the first row its DL fills the scrollback; tmux's and ours do not.
        1 => (2u16..6, 1u16..4).prop_map(|(y, n)| format!("\x1b[{y};1H\x1b[{n}M")),
        // Alacritty 0.26 erases too much when asked to delete more than is left: one at a time.
        // (And its ED 1 spares the first row when the cursor is in the second.)
        3 => edit,
        // It leaves the column alone in IL, where xterm and the VT420 go to the margin.
        1 => (1u16..25).prop_map(|n| format!("\r\x1b[{n}L")),
        // Its CUU, CUD, CNL and CPL pass the margins, so the region ends where it began.
        1 => (1u16..4, 4u16..7, "[a-z]{1,25}")
            .prop_map(|(t, b, x)| format!("\x1b[{t};{b}r\x1b[{b};1H{x}\r\n{x}\n\x1b[{t};1H\x1bM{x}\x1b[r")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn alacritty_sees_the_same(pieces in prop::collection::vec(piece(), 0..40)) {
        compare(pieces.concat().as_bytes())?;
    }

    /// Wide characters apart: alacritty leaves halves of them behind when cells are shifted.
    #[test]
    fn alacritty_sees_the_same_wide_text(lines in prop::collection::vec("[a-c 世界人é]{0,45}", 0..12)) {
        compare(lines.join("\r\n").as_bytes())?;
    }
}
