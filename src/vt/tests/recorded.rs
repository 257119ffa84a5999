//! What real programs wrote to a terminal of 80x24 (TERM tmux-256color, keys typed meanwhile), and
//! what tmux 3.3a showed of it with `capture-pane -e -p`: text, colours, attributes and the cursor.

use super::*;

const ALL: CaptureOptions =
    CaptureOptions { escapes: true, join: false, keep_trailing: false, flags: false, alternate: false };

/// A line without the blanks at its end, coloured or not: which of them tmux writes depends on how the line came to be.
fn seen(line: &str) -> &str {
    let mut line = line.trim_end();
    while let Some(at) = line.rfind("\x1b[").filter(|at| line[*at..].find('m') == Some(line.len() - at - 1)) {
        line = line[..at].trim_end();
    }
    line
}

fn check(name: &str, recorded: &[u8], tmux: &str, cursor: (u16, u16)) {
    let mut s = Screen::new(Size { cols: 80, rows: 24 }, 100);
    s.advance(recorded);
    // The two write styles differently, so both are read into a screen.
    let read = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        screen(80, 24, &lines.join("\r\n"))
    };
    let (ours, theirs) = (read(&s.capture(0, 23, ALL)), read(tmux));
    for y in 0..24 {
        assert_eq!(seen(&ours.capture(y, y, ALL)), seen(&theirs.capture(y, y, ALL)), "{name}, row {y}");
    }
    assert_eq!(at(&s), cursor, "{name}");
}

#[test]
fn programs_look_as_in_tmux() {
    let data = [
        ("vim", &include_bytes!("data/vim.bin")[..], include_str!("data/vim.txt"), VIM),
        ("emacs", include_bytes!("data/emacs.bin"), include_str!("data/emacs.txt"), EMACS),
        ("less", include_bytes!("data/less.bin"), include_str!("data/less.txt"), LESS),
        ("nano", include_bytes!("data/nano.bin"), include_str!("data/nano.txt"), NANO),
    ];
    for (name, recorded, tmux, cursor) in data {
        check(name, recorded, tmux, cursor);
    }
}
const VIM: (u16, u16) = (4, 10);
const EMACS: (u16, u16) = (0, 1);
const LESS: (u16, u16) = (33, 23);
const NANO: (u16, u16) = (0, 1);
