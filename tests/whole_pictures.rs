//! Pictures through the whole program: from a program in a pane to the terminal the client is on, which here is a
//! screen of qmux's own that says that it draws them.

mod support;

use qmux::ids::Size;
use qmux::vt::{Draws, PLACEHOLDER};
use std::time::Instant;
use support::PATIENCE;
use support::session::{PROMPT, Qmux};
use support::term::{Term, text_of};

/// `qmux ARGS` on a terminal that draws such pictures. It says so before it is asked: the shell waits for a file.
fn term_with(qmux: &Qmux, draws: Draws, args: &str) -> Term {
    let size = Size { cols: 80, rows: 24 };
    let line = format!("until [ -e go ]; do sleep 0.05; done; exec {} {args}", support::qmux().display());
    let _ = std::fs::remove_file(qmux.home().join("go"));
    let term = qmux.spawn(size, &["sh", "-c", &line], &[("TERM", "xterm-256color")]);
    term.with_screen_mut(|s| s.set_pictures(draws, 0));
    std::fs::write(qmux.home().join("go"), "").expect("a file");
    term
}

const BOTH: Draws = Draws { kitty: true, sixel: true };

#[test]
fn a_picture_reaches_the_terminal_and_the_next_one_too() {
    let qmux = Qmux::new();
    let term = term_with(&qmux, BOTH, "new-session -s work");
    term.wait_text(PROMPT);
    // As programs do: ask, wait for the answer, then send.
    let script = "stty raw -echo; printf '\\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\\033\\\\\\033[c'; \
                  answer=$(dd bs=1 count=10 2>/dev/null | od -An -c | tr -d ' \\n'); stty sane; \
                  echo \"an\"\"swer $answer\"; \
                  printf '\\033_Ga=T,i=7,q=2,f=24,s=16,v=32,m=1;////\\033\\\\\\033_Gm=0;AAAA\\033\\\\'; echo; echo d''one";
    std::fs::write(qmux.home().join("show"), script).expect("a script");
    term.type_keys("clear; . ./show\r");
    term.wait_text("done");
    term.wait_text("answer 033_Gi=31;");
    let pictured = |screen: &qmux::vt::Screen| {
        text_of(screen).contains(PLACEHOLDER)
            && screen.pictures().iter().any(|p| &*p.data == b"////AAAA" && p.cells == (2, 2))
    };
    term.wait_for("the picture", Instant::now() + PATIENCE, pictured);
    // Another terminal gets it when it comes; one without pictures sees their place.
    let later = term_with(&qmux, BOTH, "attach -t work");
    later.wait_for("the picture", Instant::now() + PATIENCE, pictured);
    let plain = qmux.term(&["attach", "-t", "work"]);
    plain.wait_text("░░");
}

#[test]
fn a_sixel_picture_reaches_a_terminal_that_has_sixel() {
    let qmux = Qmux::new();
    let sixel = Draws { kitty: false, sixel: true };
    let term = term_with(&qmux, sixel, "new-session -s work");
    term.wait_text(PROMPT);
    let script = "clear; echo; printf '\\033Pq#1;2;100;0;0!16~-!16~\\033\\\\'; echo; echo d''one";
    std::fs::write(qmux.home().join("show"), script).expect("a script");
    term.type_keys(". ./show\r");
    term.wait_text("done");
    // 16x12 pixels are two cells of 8x16; what is drawn is as large as they are.
    let drawn = |screen: &qmux::vt::Screen| screen.pictures().iter().any(|p| p.sixel && p.cells == (2, 1));
    term.wait_for("the picture", Instant::now() + PATIENCE, drawn);
    let kitty = term_with(&qmux, BOTH, "attach -t work");
    let sent = |screen: &qmux::vt::Screen| screen.pictures().iter().any(|p| p.keys == "f=32,s=16,v=16");
    kitty.wait_for("the picture by kitty's protocol", Instant::now() + PATIENCE, sent);
}
