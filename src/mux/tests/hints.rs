//! The hint line.

use super::*;

fn shown(w: &World, client: ClientId) -> String {
    w.mux.hint_line(client).map(|l| crate::format::style::plain(&l)).unwrap_or_default()
}

#[test]
fn who_hesitates_after_the_prefix_is_shown_the_keys_as_they_are_bound() {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(120, 24));
    assert_eq!(shown(&w, c), "");
    w.type_in(c, b"\x02");
    assert_eq!(shown(&w, c), "");
    assert!(w.mux.next_deadline().is_some_and(|at| at <= w.now + Duration::from_millis(600)));
    w.after(600);
    let text = shown(&w, c);
    assert!(text.starts_with(" prefix  ? all keys "), "{text}");
    for part in [" % split right ", " \" split below ", " z zoom ", " [ scroll ", " d detach "] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // No wider than the terminal.
    assert!(text.chars().count() <= 120);
    // The next key takes it away; one that is bound elsewhere is shown where it is.
    w.type_in(c, b"o");
    assert_eq!(shown(&w, c), "");
    w.ok("unbind-key %");
    w.ok("bind-key | split-window -h");
    w.type_in(c, b"\x02");
    w.after(600);
    assert!(shown(&w, c).contains(" | split right "), "{}", shown(&w, c));
    w.ok("set-option -g hint-line off");
    assert_eq!(shown(&w, c), "");
}

#[test]
fn in_a_mode_it_follows_the_table_and_goes_after_a_while() {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(100, 24));
    w.ok("copy-mode");
    w.after(700);
    assert!(shown(&w, c).starts_with(" copy mode  q leave "), "{}", shown(&w, c));
    assert!(shown(&w, c).contains("C-Space select"), "{}", shown(&w, c));
    w.ok("set-option -g mode-keys vi");
    assert!(shown(&w, c).contains(" Space select"), "{}", shown(&w, c));
    w.after(10_000);
    assert_eq!(shown(&w, c), "");
    w.type_in(c, b"q");
    w.ok("choose-tree");
    w.after(700);
    assert!(shown(&w, c).contains("Enter take"), "{}", shown(&w, c));
    // A table of the user's own shows its notes.
    w.type_in(c, b"q");
    w.ok("bind-key -T mine -N 'Left a bit' h 'resize-pane -L 5'");
    w.ok("bind-key -n F5 'switch-client -T mine'");
    w.type_in(c, b"\x1b[15~");
    w.after(700);
    assert!(shown(&w, c).contains(" h left a bit "), "{}", shown(&w, c));
}

#[test]
fn a_click_on_a_hint_is_its_key() {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(120, 24));
    w.ok("set-option -g mouse on");
    w.type_in(c, b"\x02");
    w.after(600);
    let column = shown(&w, c).find("split right").expect("the hint") + 1;
    w.type_in(c, format!("\x1b[<0;{column};24M\x1b[<0;{column};24m").as_bytes());
    assert_eq!(w.show("#{window_panes}"), "2");
    // The window is as large as ever: the line takes nothing from it.
    assert_eq!(w.show("#{window_width}x#{window_height}"), "120x23");
}

#[test]
fn a_server_started_as_tmux_has_no_hint_line() {
    let (mut plain, mut named) = (World::new(), World::new());
    named.mux = Mux::new(Config { as_tmux: true, ..Config::default() });
    for (w, hints) in [(&mut plain, "on"), (&mut named, "off")] {
        w.ok("new-session -d");
        assert_eq!(w.ok("show -gv hint-line"), hints);
        assert_eq!(w.mux.as_tmux(), hints == "off");
    }
}
