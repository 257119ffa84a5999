//! The command palette, the session picker, the choice of a theme.

use super::*;
use crate::mux::picker::{Picker, Preview};

fn picker(w: &World, client: ClientId) -> &Picker {
    w.mux.picker(client).expect("a picker is open")
}

fn chosen(w: &World, client: ClientId) -> String {
    picker(w, client).chosen_entry().map(|e| e.name.clone()).unwrap_or_default()
}

fn shown(w: &World, client: ClientId) -> Vec<String> {
    picker(w, client).rows(200).map(|(e, ..)| e.name.clone()).collect()
}

fn attached() -> (World, ClientId) {
    let mut w = World::with_session();
    let c = w.attach("attach", Size::new(100, 30));
    (w, c)
}

fn answer(w: &mut World, wanted: impl Fn(&Job) -> bool, result: Result<String, Failure>) {
    let at = w.jobs.iter().position(|(_, job)| wanted(job)).expect("the job was asked for");
    let (request, _) = w.jobs.remove(at);
    w.event(Event::Done { request, result });
}

#[test]
fn the_palette_finds_a_verb_and_runs_it() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02P");
    let all = shown(&w, c).len();
    assert!(commands::TABLE.iter().all(|v| shown(&w, c).iter().any(|n| n == v.spec.name)), "every verb");
    w.type_in(c, b"new-win");
    assert!(shown(&w, c).len() < all);
    assert_eq!(chosen(&w, c), "new-window");
    assert_eq!(picker(&w, c).chosen_entry().unwrap().right, "C-b c");
    w.type_in(c, b"\r");
    assert!(w.mux.picker(c).is_none());
    assert_eq!(w.ok("list-windows").lines().count(), 2);
    // By its alias, and by what it says of itself.
    w.type_in(c, b"\x02Psplitw");
    assert_eq!(chosen(&w, c), "split-window");
    w.type_in(c, b"\x15paste buffers");
    assert!(shown(&w, c).contains(&"list-buffers".to_owned()), "{:?}", shown(&w, c));
    // A key bound elsewhere is shown where it is.
    w.type_in(c, b"\x03");
    w.ok("bind-key F12 swap-pane");
    w.type_in(c, b"\x02Pswap-pane");
    assert_eq!(picker(&w, c).chosen_entry().unwrap().right, "C-b F12");
    w.type_in(c, b"\x15zzzz");
    assert_eq!(shown(&w, c), [""; 0]);
    w.type_in(c, b"\r");
    assert!(w.mux.picker(c).is_some(), "nothing to take");
    w.type_in(c, b"\x1b");
    w.after(600);
    assert!(w.mux.picker(c).is_none());
    assert_eq!(w.take_written(0), "", "no key went to a program");
}

#[test]
fn what_needs_words_is_asked_for_and_what_ends_something_asks_first() {
    let (mut w, c) = attached();
    let prompt = |w: &World| w.mux.client(c).and_then(|c| c.prompt.as_ref()).map(|p| p.input());
    w.type_in(c, b"\x02Prename-window\r");
    assert_eq!(prompt(&w).as_deref(), Some("rename-window "));
    w.type_in(c, b"notes\r");
    assert_eq!(w.show("#{window_name}"), "notes");
    // Tab: more words for any verb.
    w.type_in(c, b"\x02Psplit-window\t");
    assert_eq!(prompt(&w).as_deref(), Some("split-window "));
    w.type_in(c, b"-h\r");
    assert_eq!(w.show("#{window_panes}"), "2");
    w.type_in(c, b"\x02Pkill-window\r");
    assert_eq!(prompt(&w).as_deref(), Some(""), "a question");
    w.type_in(c, b"n");
    assert_eq!(w.ok("list-windows").lines().count(), 1);
}

#[test]
fn the_palette_goes_to_windows_and_panes() {
    let (mut w, c) = attached();
    w.ok("new-session -d -s other -n logs");
    w.ok("split-window -t other");
    w.type_in(c, b"\x02Pgo other logs\r");
    assert_eq!(w.ok("list-clients -F '#{client_session}'"), "other");
    w.type_in(c, b"\x02Pgo to work\r");
    assert_eq!(w.ok("list-clients -F '#{client_session}'"), "work");
}

#[test]
fn the_mouse_chooses_and_leaves() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02Pbuffer");
    let places = picker(&w, c).places(Size::new(100, 30));
    let names = shown(&w, c);
    let at = |row: u16, end: char| format!("\x1b[<0;{};{}{end}", places.list.x + 3, places.list.y + row + 1);
    w.type_in(c, b"\x1b[<65;40;15M");
    assert_eq!(chosen(&w, c), names[1], "the wheel");
    w.type_in(c, at(3, 'M').as_bytes());
    assert_eq!(chosen(&w, c), names[3]);
    // Let go elsewhere: nothing was taken.
    w.type_in(c, at(2, 'm').as_bytes());
    assert!(w.mux.picker(c).is_some());
    let row = names.iter().position(|n| n == "choose-buffer").unwrap() as u16;
    w.ok("set-buffer x");
    w.type_in(c, (at(row, 'M') + &at(row, 'm')).as_bytes());
    assert!(w.mux.picker(c).is_none());
    assert_eq!(w.show("#{pane_mode}"), "tree-mode");
    w.type_in(c, b"q\x02P\x1b[<0;1;1M");
    assert!(w.mux.picker(c).is_none(), "beside it");
}

#[test]
fn a_server_started_as_tmux_has_none_of_the_keys() {
    let mut w = World::new();
    w.mux = Mux::new(Config { as_tmux: true, ..Config::default() });
    w.ok("new-session -d -s work");
    assert_eq!(w.fails("list-keys -T prefix P"), "unknown key: P");
    assert!(World::with_session().ok("list-keys -T prefix P").ends_with("command-palette"));
}

#[test]
fn the_session_picker_switches_renames_kills_and_makes() {
    let (mut w, c) = attached();
    w.ok("new-session -d -s '#odd, name'");
    w.ok("new-session -d -s beta");
    w.type_in(c, b"\x02S");
    assert_eq!(chosen(&w, c), "work", "the one that is shown");
    w.type_in(c, b"beta");
    assert_eq!(shown(&w, c), ["beta"]);
    w.type_in(c, b"\r");
    assert_eq!(w.ok("list-clients -F '#{client_session}'"), "beta");
    w.type_in(c, b"\x02Sodd");
    let odd = chosen(&w, c);
    w.type_in(c, b"\x12\x15renamed $x; y\r");
    w.type_in(c, b"\x15renamed");
    assert_eq!(chosen(&w, c), "renamed $x; y", "from {odd}");
    w.type_in(c, b"\x18n");
    assert_eq!(w.ok("list-sessions -F '#S'").lines().count(), 3);
    w.type_in(c, b"\x18y");
    assert_eq!(w.ok("list-sessions -F '#S'"), "beta\nwork");
    assert!(w.mux.picker(c).is_some(), "it stays, and knows");
    assert_eq!(shown(&w, c), ["renamed"], "only a new one of this name is left");
    w.type_in(c, b"\r");
    assert_eq!(w.ok("list-clients -F '#{client_session}'"), "renamed");
    w.type_in(c, b"\x02Sin-one-read\r");
    assert_eq!(w.ok("list-clients -F '#{client_session}'"), "in-one-read");
    w.type_in(c, b"\x02S\x0f");
    w.type_in(c, b"asked\r");
    assert_eq!(w.ok("list-clients -F '#{client_session}'"), "asked");
}

#[test]
fn a_picture_that_changes_is_drawn_again() {
    let (mut w, c) = attached();
    w.ok("new-session -d -s beta");
    w.type_in(c, b"\x02Sbeta");
    let window = w.mux.session_by_name("beta").and_then(|s| w.mux.session(s)?.current_window()).unwrap();
    let preview = picker(&w, c).chosen_entry().map(|e| e.preview.clone());
    assert!(matches!(preview, Some(Preview::Window(_, w)) if w == window));
    w.effects.clear();
    w.output(1, "news");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Redraw { client } if *client == c)));
    w.type_in(c, b"\x03");
    w.effects.clear();
    w.output(1, "more");
    assert!(!w.effects.iter().any(|e| matches!(e, Effect::Redraw { client } if *client == c)));
}

#[test]
fn hosts_and_images_come_when_they_answer() {
    let (mut w, c) = attached();
    w.type_in(c, b"\x02S");
    assert_eq!(shown(&w, c), ["work", "…"]);
    let hosts = r#"[{"host":"hostA","state":"up","sample":{"panes":1}},
        {"host":"hostB","state":"up","sample":{"panes":3,"load1":0.2,"cores":8,"memory_available":1073741824}},
        {"host":"hostC","state":"unreachable","why":"no answer for 3 s","sample":null}]"#;
    answer(&mut w, |j| matches!(j, Job::Hosts { .. }), Ok(hosts.into()));
    assert_eq!(shown(&w, c), ["work", "hostB", "hostC"]);
    let images = r#"{"images":[{"path":"/home/me/thesis it's.qmux","bytes":2097152}]}"#;
    answer(&mut w, |j| matches!(j, Job::Images { .. }), Ok(images.into()));
    assert_eq!(shown(&w, c), ["work", "thesis it's.qmux", "hostB", "hostC"]);
    w.type_in(c, b"hostC\r");
    let message = w.mux.client(c).and_then(|c| c.message.as_ref()).map(|m| m.text.clone());
    assert_eq!(message.as_deref(), Some("hostC: no answer for 3 s. Nothing was opened."));
    w.type_in(c, b"\x15hostB\r");
    assert_eq!(w.spawned.last().unwrap().1.host, HostChoice::Host(crate::ids::HostName("hostB".into())));
    w.jobs.clear();
    w.type_in(c, b"\x02S");
    answer(&mut w, |j| matches!(j, Job::Images { .. }), Ok(images.into()));
    w.type_in(c, b"thesis\r");
    let restored = w
        .jobs
        .iter()
        .any(|(_, j)| matches!(j, Job::Restore { file, .. } if file == "/home/me/thesis it's.qmux"));
    assert!(restored, "{:?}", w.jobs);
    answer(&mut w, |j| matches!(j, Job::Restore { .. }), Ok(String::new()));
    // An answer after it was closed, and one that is a failure.
    w.jobs.clear();
    w.type_in(c, b"\x02S\x03");
    answer(&mut w, |j| matches!(j, Job::Images { .. }), Ok(images.into()));
    w.type_in(c, b"\x02S");
    w.jobs.remove(0);
    answer(
        &mut w,
        |j| matches!(j, Job::Hosts { .. }),
        Err(Failure::new(2, "hosts-file", "line 3 is wrong".into())),
    );
    assert!(picker(&w, c).rows(20).any(|(e, ..)| e.about == "line 3 is wrong"));
}

const THEMES: &str = r##"[
    {"name":"midnight","light":false,"current":true,"swatch":["#000000"],"options":[["status-style","bg=blue"]]},
    {"name":"paper","light":true,"current":false,"swatch":[],"options":[["status-style","bg=white"]]}]"##;

#[test]
fn a_theme_is_seen_while_it_is_chosen() {
    let (mut w, c) = attached();
    let bar = |w: &World| w.mux.option_text(Scope::GlobalSession, "status-style");
    w.mux.set_theme(&[("status-style".into(), "bg=blue".into())]);
    w.type_in(c, b"\x02T");
    answer(&mut w, |j| matches!(j, Job::Themes), Ok(THEMES.into()));
    assert_eq!((chosen(&w, c).as_str(), bar(&w).as_str()), ("midnight", "bg=blue"));
    w.type_in(c, b"\x1b[B");
    assert_eq!((chosen(&w, c).as_str(), bar(&w).as_str()), ("paper", "bg=white"));
    w.type_in(c, b"\x03");
    assert_eq!(bar(&w), "bg=blue", "put back");
    // So it is when its client goes, and to one that came meanwhile.
    w.type_in(c, b"\x02T");
    answer(&mut w, |j| matches!(j, Job::Themes), Ok(THEMES.into()));
    w.type_in(c, b"\x1b[B");
    w.mux.set_theme(&[("status-style".into(), "bg=green".into())]);
    assert_eq!(bar(&w), "bg=white");
    w.event(Event::ClientGone { client: c });
    assert_eq!(bar(&w), "bg=green");
    let c = w.attach("attach", Size::new(100, 30));
    w.type_in(c, b"\x02T");
    answer(&mut w, |j| matches!(j, Job::Themes), Ok(THEMES.into()));
    w.type_in(c, b"paper\r");
    assert_eq!(bar(&w), "bg=white", "it stays");
    answer(&mut w, |j| matches!(j, Job::CheckTheme { name } if name == "paper"), Ok(String::new()));
    assert_eq!(w.ok("show-options -gv theme"), "paper");
}

#[test]
fn the_theme_follows_the_terminal_of_the_client_that_was_active_last() {
    let (mut w, a) = attached();
    let set = |w: &mut World, option: &str, theme: &str| {
        w.start(&format!("set-option -g {option} {theme}"));
        answer(w, |j| matches!(j, Job::CheckTheme { .. }), Ok(String::new()));
    };
    set(&mut w, "theme", "ember");
    set(&mut w, "theme-light", "paper");
    assert_eq!(w.mux.wanted_theme(), "ember", "nothing is known of the terminal");
    w.mux.take_theme_changed();
    w.type_in(a, b"\x1b]11;rgb:ffff/ffff/f0f0\x1b\\");
    assert!(w.mux.take_theme_changed());
    assert_eq!(w.mux.wanted_theme(), "paper");
    w.type_in(a, b"\x1b]11;rgb:1010/1010/1818\x1b\\");
    assert_eq!(w.mux.wanted_theme(), "ember", "theme-dark is not set");
    set(&mut w, "theme-dark", "forest");
    assert_eq!(w.mux.wanted_theme(), "forest");
    // Another client, which says only that its scheme is light.
    let b = w.attach("attach", Size::new(100, 30));
    w.type_in(b, b"\x1b[?997;2nx");
    assert_eq!(w.mux.wanted_theme(), "paper");
    w.mux.take_theme_changed();
    w.type_in(a, b"x");
    assert!(w.mux.take_theme_changed());
    assert_eq!(w.mux.wanted_theme(), "forest");
}

#[test]
fn a_picker_that_cannot_have_the_keyboard_is_not_opened() {
    let (mut w, c) = attached();
    w.ok("refresh-client -f read-only");
    w.ok("command-palette");
    assert!(w.mux.picker(c).is_none());
    w.event(Event::ClientGone { client: c });
    assert_eq!(w.fails("command-palette"), "no current client");
}
