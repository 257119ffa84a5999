//! Whether panes are told that pictures are drawn follows from what the client's terminal answers.

use super::*;
use crate::vt::Draws;

const QUERY: &str = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\";

fn asked(w: &World, client: ClientId) -> bool {
    w.effects.iter().any(|e| match e {
        Effect::Terminal { client: to, bytes } if *to == client => {
            String::from_utf8_lossy(bytes).contains("a=q")
        }
        _ => false,
    })
}

#[test]
fn panes_are_told_of_pictures_when_the_terminal_has_them() {
    let kitty = "\x1bP>|kitty(0.40.0)\x1b\\";
    let da1 = "\x1b[?62;52;c";
    let well = "\x1b_Gi=31;OK\x1b\\";
    const BOTH: Draws = Draws { kitty: true, sixel: true };
    const NONE: Draws = Draws { kitty: false, sixel: false };
    const SIXEL: Draws = Draws { kitty: false, sixel: true };
    for (answers, told, drawn) in [
        ("\x1bP>|foot(1.16.2)\x1b\\\x1b[?62;4;22c".to_owned(), false, Some(SIXEL)),
        (format!("{kitty}{well}{da1}"), true, Some(BOTH)),
        (format!("{kitty}{da1}"), false, Some(NONE)),
        (format!("\x1bP>|WezTerm 2024\x1b\\{well}{da1}"), false, Some(NONE)),
        (format!("{kitty}\x1b_Gi=31;ENOTSUP\x1b\\{da1}"), false, Some(NONE)),
        (kitty.to_owned(), false, None),
    ] {
        let mut w = World::new();
        let c = w.attach("new-session -s work", Size::new(80, 25));
        assert!(asked(&w, c));
        w.type_in(c, answers.as_bytes());
        assert_eq!(w.mux.client(c).and_then(|c| w.mux.draws_pictures(c)), drawn, "{answers:?}");
        assert_eq!(w.take_written(0), "", "answers are not typed");
        w.output(0, QUERY);
        assert_eq!(w.take_written(0), if told { well } else { "" }, "{answers:?}");
        w.output(0, "\x1b[c");
        assert_eq!(w.take_written(0).contains(";4;"), drawn.is_some_and(|d| d.sixel), "{answers:?}");
    }
}

#[test]
fn the_user_may_know_better() {
    let mut w = World::new();
    w.ok("start-server");
    w.ok("set -ga terminal-features xterm*:pictures");
    let c = w.attach("new-session -s work", Size::new(80, 25));
    w.type_in(c, b"\x1b[?62c");
    assert_eq!(
        w.mux.client(c).and_then(|c| w.mux.draws_pictures(c)),
        Some(Draws { kitty: true, sixel: true })
    );
    w.output(0, QUERY);
    assert_eq!(w.take_written(0), "\x1b_Gi=31;OK\x1b\\");
}
