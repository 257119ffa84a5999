//! Menus, popups and floating panes; session groups; locking.

use super::*;
use crate::ids::ExitStatus;

fn overlay(w: &World, client: ClientId) -> &'static str {
    match w.mux.client(client).and_then(|c| c.overlay.as_ref()) {
        None => "none",
        Some(Overlay::PaneNumbers { .. }) => "numbers",
        Some(Overlay::Menu(_)) => "menu",
        Some(Overlay::Popup(_)) => "popup",
        Some(Overlay::Picker(_)) => "picker",
    }
}

const MENU: &str = "display-menu -T Title -x 0 -y 9 One 1 'set -g @m one' '' -No n 'set -g @m no' Two t 'set -g @m #{session_name}'";

#[test]
fn a_menu_is_chosen_from_by_key_arrows_and_mouse() {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(80, 24));
    let asker = w.start(MENU);
    assert_eq!((overlay(&w, c), w.said(asker).code), ("menu", None));
    // The row asked for is the one below the menu.
    let rect = match w.mux.client(c).and_then(|c| c.overlay.as_ref()) {
        Some(Overlay::Menu(m)) => m.rect,
        _ => panic!("no menu"),
    };
    assert_eq!((rect.x, rect.y, rect.h), (0, 3, 6));
    w.type_in(c, b"t");
    assert_eq!((overlay(&w, c), w.said(asker).code), ("none", Some(0)));
    assert_eq!(w.show("#{@m}"), "work");
    // Down from the first goes over the rule and the line that cannot be chosen.
    w.start(MENU);
    w.type_in(c, b"\x1b[B\r");
    assert_eq!(w.show("#{@m}"), "work");
    w.start(MENU);
    w.type_in(c, b"n\x1b[A\x1b[A\r");
    assert_eq!(w.show("#{@m}"), "one");
    let asker = w.start(MENU);
    w.type_in(c, b"q");
    assert_eq!((overlay(&w, c), w.said(asker).code), ("none", Some(0)));
    // The last line, with the mouse: column 3, row 8 of the terminal counted from 1.
    w.start(MENU);
    w.type_in(c, b"\x1b[<0;3;8M\x1b[<0;3;8m");
    assert_eq!((overlay(&w, c), w.show("#{@m}").as_str()), ("none", "work"));
    w.start(MENU);
    w.type_in(c, b"\x1b[<0;70;20M");
    assert_eq!(overlay(&w, c), "none");
    assert_eq!(w.fails("display-menu One"), "not enough arguments");
}

#[test]
fn a_popup_runs_a_program_takes_the_keys_and_gives_its_exit_code() {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(80, 24));
    let asker = w.start("display-popup -E -w 40 -h 10 -d /tmp top");
    assert_eq!((overlay(&w, c), w.said(asker).code), ("popup", None));
    let (pane, spec) = w.spawned.last().unwrap();
    assert_eq!(
        (spec.size, spec.cwd.as_str(), spec.argv.as_slice()),
        (Size::new(38, 8), "/tmp", &["top".to_owned()][..])
    );
    let pane = pane.0;
    // It is in no window.
    assert_eq!(w.ok("list-panes -a -F '#D'"), "%0");
    w.type_in(c, b"x");
    assert_eq!((w.take_written(pane).as_str(), w.take_written(0).as_str()), ("x", ""));
    w.event(Event::PaneExited { pane: PaneId(pane), status: ExitStatus::Code(3) });
    assert_eq!((overlay(&w, c), w.said(asker).code), ("none", Some(3)));
    // Without -E it stays for Escape; a second one is not opened over it.
    w.start("display-popup -B -w 50% -h 50% cat");
    let pane = w.spawned.last().unwrap().0.0;
    assert_eq!(w.spawned.last().unwrap().1.size, Size::new(40, 12));
    w.ok("display-popup cat");
    assert_eq!(w.spawned.last().unwrap().0.0, pane);
    w.event(Event::PaneExited { pane: PaneId(pane), status: ExitStatus::Code(0) });
    assert_eq!(overlay(&w, c), "popup");
    w.type_in(c, b"\x1b");
    w.after(600);
    assert_eq!(overlay(&w, c), "none");
    w.start("display-popup cat");
    let pane = w.spawned.last().unwrap().0;
    w.ok("display-popup -C");
    assert_eq!((overlay(&w, c), w.killed.last()), ("none", Some(&pane)));
    // Its client goes: so does the program.
    w.start("display-popup cat");
    let pane = w.spawned.last().unwrap().0;
    w.event(Event::ClientGone { client: c });
    assert_eq!(w.killed.last(), Some(&pane));
    assert_eq!(w.fails("display-popup cat"), "no current client");
}

#[test]
fn a_floating_pane_lies_over_the_others_and_is_a_pane_like_them() {
    let mut w = World::with_session();
    let text = "new-pane -d -k -s bg=red -x 20 -y 5 -X 2 -Y 1 -P -F '#D #{pane_floating_flag} #{pane_width}x#{pane_height} #{pane_x},#{pane_y}'";
    assert_eq!(w.ok(text), "%1 1 20x5 2,1");
    assert_eq!(w.show("#D #{window_panes} #{pane_width}x#{pane_height}"), "%0 2 80x24");
    assert_eq!(w.ok("show -pv -t %1 remain-on-exit"), "key");
    assert_eq!(w.ok("show -pv -t %1 window-style"), "bg=red");
    w.ok("select-pane -t %1");
    assert_eq!(w.show("#D"), "%1");
    // Layouts leave it alone; the tiled ones are arranged.
    w.ok("split-window -d -t %0");
    w.ok("select-layout even-horizontal");
    assert_eq!(w.ok("list-panes -F '#D #{pane_width}'"), "%0 40\n%2 39\n%1 20");
    assert_eq!(w.fails("split-window -t %1"), "no space for new pane");
    // The window shrinks: it stays inside.
    w.ok("resize-window -x 15 -y 10");
    assert_eq!(w.ok("list-panes -f '#{pane_floating_flag}' -F '#{pane_width}x#{pane_height}'"), "13x5");
    // The last tiled pane goes: the floating one fills the window.
    w.ok("kill-pane -t %0");
    w.ok("kill-pane -t %2");
    assert_eq!(w.ok("list-panes -F '#D #{pane_floating_flag} #{pane_width}x#{pane_height}'"), "%1 0 15x10");
}

#[test]
fn sessions_of_a_group_show_the_same_windows() {
    let mut w = World::with_session();
    w.ok("new-session -d -t work -s second");
    assert_eq!(
        w.ok("ls -F '#S #{session_group} #{session_group_size} #{session_windows}'"),
        "second work 2 1\nwork work 2 1"
    );
    w.ok("new-window -t second -n made");
    assert_eq!(w.ok("list-windows -t work -F '#I #W #{window_active}'"), "0 bash 1\n1 made 0");
    assert_eq!(w.ok("display-message -p -t second: '#W'"), "made");
    w.ok("move-window -s work:0 -t work:5");
    assert_eq!(w.ok("list-windows -t second -F '#I #W'"), "1 made\n5 bash");
    assert_eq!(w.ok("display-message -p -t second: '#W'"), "made");
    w.ok("kill-session -t second");
    assert_eq!(w.ok("list-windows -t work -F '#I #W'"), "1 made\n5 bash");
    assert_eq!(w.ok("new-session -d -t work -P"), "work-2:");
    assert_eq!(w.fails("new-session -d -t work sh"), "command or window name given with target");
    w.ok("new-session -d -s other");
    w.ok("kill-session -g -t work");
    assert_eq!(w.ok("ls -F '#S'"), "other");
    w.ok("kill-window -t other");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Shutdown)));
}

#[test]
fn a_locked_terminal_is_given_to_the_command_and_comes_back() {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(80, 24));
    w.ok("set -g lock-after-time 60");
    w.event(Event::Wall { unix_ms: 1_700_000_000_000, utc_offset_s: 0 });
    w.type_in(c, b"x");
    w.after(59_000);
    let locks = |w: &World| w.effects.iter().filter(|e| matches!(e, Effect::Lock { .. })).count();
    assert_eq!(locks(&w), 0);
    assert!(w.mux.next_deadline().is_some_and(|at| at <= w.now + Duration::from_secs(1)));
    w.after(1_000);
    assert_eq!(locks(&w), 1);
    w.ok("lock-server");
    assert_eq!(locks(&w), 1, "it is locked");
    w.event(Event::ClientGoesOn { client: c });
    w.ok("set -g lock-command ''");
    w.ok("lock-client");
    assert_eq!(locks(&w), 1);
    w.ok("suspend-client");
    assert!(w.ok("list-clients -F '#{client_flags}'").contains("suspended"));
    w.event(Event::ClientGoesOn { client: c });
    assert!(!w.ok("list-clients -F '#{client_flags}'").contains("suspended"));
}
