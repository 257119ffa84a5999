//! What tmux 3.7 has and 3.3 has not: what hooks see, alerts nobody saw, names, lists with tags, read-only clients.

use super::*;

/// A user option of all.
fn log(w: &mut World) -> String {
    w.ok("show -gqv @log")
}

#[test]
fn hooks_see_what_happened_and_where() {
    let mut w = World::with_session();
    for hook in
        ["window-renamed", "session-created", "session-closed", "window-linked", "after-rename-window"]
    {
        let words = "#{hook}|#{hook_session_name}|#{hook_window_name}|#{hook_argument_0}#{hook_flag_t}";
        w.ok(&format!("set-hook -g {hook} 'set -gF @log \"{words}\"'"));
    }
    w.ok("set-hook -gu after-rename-window");
    w.ok("rename-window -t :0 first");
    assert_eq!(log(&mut w), "window-renamed||first|");
    w.ok("new-session -d -s other");
    assert_eq!(log(&mut w), "session-created|other||");
    w.ok("new-window -d -t work: -n more");
    assert_eq!(log(&mut w), "window-linked|work|more|");
    w.ok("kill-session -t other");
    assert_eq!(log(&mut w), "session-closed|other||");
    w.ok("set-hook -gu window-renamed");
    w.ok("set-hook -g after-rename-window 'set -gF @log \"#{hook_arguments} #{hook_argument_0} #{hook_flag_t}\"'");
    w.ok("rename-window -t work:0 last");
    assert_eq!(log(&mut w), "-t work:0 last last work:0");
}

#[test]
fn what_a_hook_does_sets_off_none_and_hooks_come_in_their_order() {
    let mut w = World::with_session();
    w.ok("set-hook -g window-renamed 'set -gaF @log x ; rename-window inner'");
    w.ok("rename-window outer");
    assert_eq!(log(&mut w), "x");
    assert_eq!(w.show("#W"), "inner");
    w.ok("set -g @log ''");
    w.ok("set-hook -g alert-bell 'set -gaF @log \"#{hook_session_name} \"'");
    w.ok("new-session -d -s second");
    w.ok("link-window -d -s work:0 -t second:7");
    w.output(0, "\x07");
    assert_eq!(log(&mut w), "work second ");
}

#[test]
fn an_alert_in_a_session_without_clients_is_marked_in_its_current_window_too() {
    let mut w = World::with_session();
    w.output(0, "\x07");
    assert_eq!(w.show("#{window_bell_flag}#{session_bell_flag}#{window_activity_flag}"), "110");
    w.ok("set -g @log ''");
    w.ok("set-hook -g alert-activity 'set -gaF @log a'");
    w.ok("set -wg monitor-activity on");
    w.output(0, "x");
    assert_eq!(w.show("#{window_activity_flag}"), "1");
    assert_eq!(log(&mut w), "", "activity-action other: the current window is none");
    w.ok("new-window -d -n busy");
    assert_eq!(log(&mut w), "a");
    let client = w.attach("attach -t work", Size::new(80, 24));
    assert_eq!(w.show("#{window_activity_flag}"), "0");
    w.output(0, "x");
    assert_eq!(w.show("#{window_activity_flag}"), "0", "it is seen");
    w.type_in(client, b"\x02n");
    assert_eq!(w.ok("display -pt work:busy '#{window_activity_flag}'"), "0");
}

#[test]
fn names_may_hold_everything_but_controls_and_bytes_that_are_no_text() {
    let mut w = World::with_session();
    w.ok("rename-session a:b.c");
    assert_eq!(w.show("#S"), "a:b.c");
    w.ok("rename-session ''");
    assert_eq!(w.show("#S"), "");
    for (verb, what) in
        [("rename-session", "session"), ("rename-window", "window"), ("new-window -n", "window")]
    {
        assert_eq!(w.fails(&format!("{verb} x\u{fffd}y")), format!("invalid {what} name: x\u{fffd}y"));
    }
    assert_eq!(w.fails("set-buffer -b a\u{1}b data"), "invalid buffer name: a\u{1}b");
    w.output(0, "\x1b]2;good#[x]\x07");
    assert_eq!(w.show("#{pane_title}"), "good#[x]");
    w.output(0, "\x1b]2;cut#(date)\x07");
    assert_eq!(w.show("#{pane_title}"), "cut_(date)");
}

#[test]
fn keys_sent_to_a_pane_reach_the_list_over_it() {
    let mut w = World::with_session();
    w.attach("attach -t work", Size::new(80, 24));
    for (name, text) in [("one", "1"), ("two", "2"), ("three", "3")] {
        w.ok(&format!("set-buffer -b {name} {text}"));
    }
    let labels = |w: &World| -> Vec<String> {
        match &w.mux.pane(PaneId(0)).unwrap().mode {
            Some(Mode::List(list)) => list.items.iter().map(|i| i.label.clone()).collect(),
            _ => Vec::new(),
        }
    };
    w.ok("choose-buffer -O name");
    assert_eq!(labels(&w), ["one", "three", "two"]);
    w.ok("send-keys d");
    assert_eq!(labels(&w), ["three", "two"]);
    w.ok("send-keys q");
    assert_eq!(w.show("#{pane_in_mode}"), "0");
    w.ok("choose-buffer -r -O name -f '#{==:#{buffer_name},none}'");
    assert_eq!(labels(&w), ["two", "three"], "a filter that fits nothing shows all");
    w.ok("send-keys C-t D");
    assert_eq!(w.ok("list-buffers -F x"), "");
    assert_eq!(w.show("#{pane_in_mode}"), "0", "an empty list is left");
    w.ok("clock-mode");
    w.ok("send-keys x");
    assert_eq!(w.show("#{pane_in_mode}"), "0");
}

#[test]
fn a_read_only_client_is_told_what_it_may_not() {
    let mut w = World::with_session();
    let client = w.attach("attach -r -t work", Size::new(80, 24));
    w.ok("bind -n F5 new-window -dn no");
    let said = |w: &World| w.mux.client(client).unwrap().message.as_ref().map(|m| m.text.clone());
    for keys in [&b"\x1b[15~"[..], b"\x02c"] {
        w.type_in(client, keys);
        assert_eq!(said(&w).as_deref(), Some("client is read-only"), "{keys:?}");
        w.after(10_000);
        assert_eq!(said(&w), None);
    }
    assert_eq!(w.ok("list-windows -F #I"), "0");
    w.type_in(client, b"\x02d");
    assert_eq!(w.ok("list-clients"), "");
}

#[test]
fn a_client_detached_from_a_list_is_told_as_by_the_verb() {
    let mut w = World::with_session();
    for _ in 0..2 {
        w.attach("attach -t work", Size::new(80, 24));
    }
    w.ok("choose-client -t work");
    w.ok("send-keys -t work d");
    let told: Vec<&String> = w
        .effects
        .iter()
        .filter_map(|e| if let Effect::Detach { message, .. } = e { Some(message) } else { None })
        .collect();
    assert_eq!(told, ["detached (from session work)"]);
}
