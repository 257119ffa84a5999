//! `events` and `wait`: what programs are told, and that one which does not read costs little.

use super::*;
use crate::ids::{ExitStatus, HostName, MoveId};
use serde_json::Value;

impl World {
    /// What a client that listens has been given so far; it has written all of it.
    fn heard(&mut self, id: ClientId) -> Vec<String> {
        let mut text = String::new();
        while let Some(at) =
            self.effects.iter().position(|e| matches!(e, Effect::Control { client, .. } if *client == id))
        {
            let Effect::Control { seq, bytes, .. } = self.effects.remove(at) else { continue };
            text.push_str(&String::from_utf8_lossy(&bytes));
            self.event(Event::ControlWritten { client: id, seq });
        }
        text.lines().map(str::to_owned).collect()
    }

    fn heard_json(&mut self, id: ClientId) -> Vec<Value> {
        self.heard(id).iter().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    fn exits(&mut self, pane: u32, status: ExitStatus) {
        self.event(Event::PaneExited { pane: PaneId(pane), status });
    }

    fn place(&mut self, pane: u32, place: Place) {
        self.event(Event::PanePlace { pane: PaneId(pane), place });
    }
}

fn names(all: &[Value]) -> Vec<&str> {
    all.iter().map(|v| v["event"].as_str().expect("a name")).collect()
}

fn host(name: &str) -> HostName {
    HostName(name.into())
}

#[test]
fn a_line_for_each_event_with_its_fields() {
    let mut w = World::with_session();
    w.event(Event::Wall { unix_ms: 1_700_000_000_000, utc_offset_s: 0 });
    let json = w.start("events --json");
    let plain = w.start("events");
    assert_eq!(w.said(json).code, None, "it stays");
    w.ok("new-window -d -n ed");
    w.ok("split-window -d -t work:0");
    w.exits(2, ExitStatus::Code(3));
    let all = w.heard_json(json);
    assert_eq!(
        names(&all),
        ["window-linked", "window-layout-changed", "pane-exited", "pane-closed", "window-layout-changed"]
    );
    let fields: Vec<&str> = super::super::listen::FIELDS.iter().map(|(name, _)| *name).collect();
    for event in &all {
        let object = event.as_object().expect("an object");
        assert_eq!(object.len(), fields.len());
        assert!(fields.iter().all(|f| object.contains_key(*f)), "{event}");
        assert_eq!(event["session_name"], "work");
        assert_eq!(event["time_ms"], 1_700_000_000_000u64);
    }
    assert_eq!((&all[0]["window_id"], &all[0]["window_name"]), (&"@1".into(), &"ed".into()));
    assert_eq!(all[0]["pane_id"], Value::Null, "it is about a window");
    let exited = &all[2];
    assert_eq!((&exited["pane_id"], &exited["pane_dead_status"]), (&"%2".into(), &3.into()));
    assert_eq!((&exited["pane_dead_signal"], &exited["pane_host"]), (&Value::Null, &"hostA".into()));
    let lines = w.heard(plain);
    assert_eq!(lines[0], "22:13:20.000 window-linked work:1 (ed)");
    assert_eq!(lines[2], "22:13:20.000 pane-exited %2 work:0.1 status 3");
}

#[test]
fn names_patterns_and_targets_choose() {
    let mut w = World::with_session();
    w.ok("new-session -d -s other -x 80 -y 24");
    let renames = w.start("events window-renamed session-*");
    let pane = w.start("events --json -t %0");
    let other = w.start("events --json -t other");
    w.ok("rename-window -t work:0 a");
    w.ok("rename-session -t other else");
    w.ok("new-window -d -t work");
    w.output(0, "\x1b]2;title\x07");
    assert_eq!(
        w.heard(renames).iter().map(|l| l[13..].to_owned()).collect::<Vec<_>>(),
        ["window-renamed work:0 (a)", "session-renamed else"]
    );
    let told = w.heard_json(pane);
    assert_eq!(names(&told), ["pane-title-changed"]);
    assert_eq!(told[0]["pane_title"], "title");
    assert_eq!(names(&w.heard_json(other)), ["session-renamed"]);
    // What is listened to is gone: so is the stream.
    w.ok("kill-pane -t %0");
    assert_eq!(names(&w.heard_json(pane)), ["pane-closed"]);
    assert_eq!(w.said(pane).code, Some(0));
    w.ok("kill-session -t else");
    let told = w.heard_json(other);
    assert_eq!(names(&told), ["pane-closed", "window-unlinked", "session-closed"]);
    assert_eq!(told[2]["session_name"], "else");
    assert_eq!(w.said(other).code, Some(0));
    let said = w.run("events pane-exploded");
    assert_eq!(said.code, Some(2));
    assert!(said.err.starts_with("No event is called pane-exploded. Nothing is listened to."), "{said:?}");
    assert!(w.ok("events --list").contains("pane-moved\ta pane runs on another host now"));
}

#[test]
fn moves_and_lost_hosts_are_told() {
    let mut w = World::with_session();
    w.ok("split-window");
    let id = w.start("events --json pane-mov* host-* pane-started pane-undecided");
    let leaving = |to: Option<&str>| Place::Leaving(MoveId(1, 2), to.map(host));
    for pane in [0, 1] {
        w.place(pane, Place::Here);
    }
    assert_eq!(names(&w.heard_json(id)), ["pane-started", "pane-started"]);
    w.place(0, leaving(Some("hostB")));
    w.place(0, Place::There(host("hostB")));
    let told = w.heard_json(id);
    assert_eq!(names(&told), ["pane-moving", "pane-moved"]);
    for event in told {
        assert_eq!((&event["from_host"], &event["pane_host"]), (&"hostA".into(), &"hostB".into()));
    }
    w.place(0, leaving(Some("hostC")));
    w.place(0, Place::There(host("hostB")));
    assert_eq!(names(&w.heard_json(id)), ["pane-moving", "pane-move-failed"]);
    // Held for a file.
    w.place(1, leaving(None));
    w.place(1, Place::Here);
    assert!(w.heard(id).is_empty());
    w.place(1, leaving(Some("hostB")));
    w.place(1, Place::Undecided(host("hostB")));
    w.place(1, Place::There(host("hostB")));
    assert_eq!(names(&w.heard_json(id)), ["pane-moving", "pane-undecided", "pane-moved"]);
    // Two panes there: the host is lost and reached once.
    for place in [Place::Reconnecting(host("hostB")), Place::There(host("hostB"))] {
        w.place(0, place.clone());
        w.place(1, place);
    }
    let told = w.heard_json(id);
    assert_eq!(names(&told), ["host-lost", "host-reached"]);
    assert_eq!(told[0]["host"], "hostB");
}

#[test]
fn clients_that_come_and_go_are_told() {
    let mut w = World::with_session();
    let id = w.start("events --json client-attached client-detached");
    let one = w.attach("attach -t work", Size::new(80, 24));
    w.ok("detach-client -s work");
    let two = w.attach("attach -t work", Size::new(80, 24));
    w.event(Event::ClientGone { client: one });
    w.event(Event::ClientGone { client: two });
    let told = w.heard_json(id);
    assert_eq!(names(&told), ["client-attached", "client-detached", "client-attached", "client-detached"]);
    assert_eq!(
        (&told[3]["client_name"], &told[3]["session_name"]),
        (&told[2]["client_name"], &"work".into())
    );
}

#[test]
fn who_does_not_read_loses_events_and_is_told_how_many() {
    let mut w = World::with_session();
    let id = w.start("events --json pane-title-changed");
    let title = "x".repeat(200);
    for n in 0..5000 {
        w.output(0, &format!("\x1b]2;{n}{title}\x07"));
    }
    let given: usize = w
        .effects
        .iter()
        .map(|e| match e {
            Effect::Control { client, bytes, .. } if *client == id => bytes.len(),
            _ => 0,
        })
        .sum();
    assert!(given <= (64 << 10) + 2000, "{given}");
    let told = w.heard_json(id);
    let last = told.last().expect("some");
    assert_eq!(last["event"], "events-dropped");
    let dropped = last["dropped"].as_u64().expect("a number");
    assert!(dropped > 1000, "{dropped}");
    assert_eq!(told.len() as u64 - 1 + dropped, 5000);
    w.output(0, "\x1b]2;again\x07");
    assert_eq!(w.heard_json(id)[0]["pane_title"], "again");
}

#[test]
fn a_listener_neither_keeps_the_server_nor_is_forgotten_by_it() {
    let mut w = World::with_session();
    let id = w.start("events --json");
    let waits = w.start("wait --event client-attached");
    w.exits(0, ExitStatus::Code(0));
    assert_eq!(names(&w.heard_json(id)).last(), Some(&"server-exit"));
    assert_eq!(w.said(id).code, Some(0));
    assert_eq!((w.said(waits).code, w.said(waits).err.as_str()), (Some(1), "wait: the server ends\n"));
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Shutdown)));
}

#[test]
fn events_are_for_programs() {
    let mut w = World::new();
    let c = w.attach("new-session -s work", Size::new(80, 24));
    w.type_in(c, b"\x02:events\r");
    let message = w.mux.client(c).and_then(|c| c.message.clone()).expect("a message");
    assert!(message.text.contains("standard output"), "{}", message.text);
}

#[test]
fn text_is_waited_for() {
    let mut w = World::with_session();
    w.output(0, "ready 1\r\n");
    assert_eq!(w.ok("wait --text ^ready"), "text: ready 1");
    let id = w.start("wait --text 'done [0-9]+$' --json");
    w.output(0, "don");
    w.output(0, "e x\r\n");
    assert_eq!(w.said(id).code, None);
    // It has left the screen by the time anybody looks, and is wrapped.
    let flood: String = (0..500).map(|n| format!("line {n}\r\n")).collect();
    w.output(0, &format!("{}done 7\r\n{flood}", "-".repeat(100)));
    let said = w.said(id);
    let value: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &value["happened"]), (Some(0), &"text".into()));
    assert_eq!(value["text"], format!("{}done 7", "-".repeat(100)));
    // What was in the scrollback before does not count.
    let id = w.start("wait --text ^ready");
    assert_eq!(w.said(id).code, None);
    w.output(0, "other text\r\n");
    assert_eq!(w.said(id).code, None);
    w.ok("kill-session -t work");
    assert_eq!((w.said(id).code, w.said(id).err.as_str()), (Some(1), "wait: pane %0 is gone\n"));
}

#[test]
fn the_exit_of_a_pane_is_waited_for_and_is_the_answer() {
    let mut w = World::with_session();
    for (status, code, out) in [
        (ExitStatus::Code(0), 0, "exit: 0\n"),
        (ExitStatus::Code(7), 7, "exit: 7\n"),
        (ExitStatus::Signal(9), 137, "exit: 137\n"),
    ] {
        let pane: u32 = w.ok("split-window -dP -F #{pane_id}")[1..].parse().expect("a number");
        let id = w.start(&format!("wait --exit -t %{pane}"));
        w.output(pane, "bye");
        assert_eq!(w.said(id).code, None);
        w.exits(pane, status);
        assert_eq!((w.said(id).code, w.said(id).out.as_str()), (Some(code), out));
    }
    w.ok("set -g remain-on-exit on");
    w.exits(0, ExitStatus::Code(2));
    let said = w.run("wait --exit --json -t work");
    let value: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &value["pane_dead_status"]), (Some(2), &2.into()));
}

#[test]
fn silence_events_and_time() {
    let mut w = World::with_session();
    let id = w.start("wait --silence 2");
    w.after(1900);
    w.output(0, "x");
    w.after(1900);
    assert_eq!(w.said(id).code, None, "it has begun anew");
    assert!(w.mux.next_deadline().is_some_and(|at| at <= w.now + Duration::from_millis(100)));
    w.after(100);
    assert_eq!((w.said(id).code, w.said(id).out.as_str()), (Some(0), "silence\n"));
    let id = w.start("wait --text never --timeout 0.5 ; display -p after");
    w.after(500);
    let said = w.said(id);
    assert_eq!((said.code, said.out.as_str()), (Some(124), ""), "what stands behind it is not run");
    assert_eq!(said.err, "wait: the time is over and it has not happened\n");
    let id = w.start("wait --event window-* -t work ; display -p after");
    w.ok("new-session -d -s other -x 80 -y 24");
    assert_eq!(w.said(id).code, None);
    w.ok("new-window -d -t work -n ed");
    assert_eq!(w.said(id).out, "event: window-linked work:1 (ed)\nafter\n");
    assert_eq!(w.said(id).code, Some(0));
    // A client that is gone waits no longer.
    let id = w.start("wait --event window-* -t work");
    w.event(Event::ClientGone { client: id });
    assert!(w.mux.waits.is_empty());
}

#[test]
fn a_wait_is_for_a_channel_or_for_a_pane() {
    let mut w = World::with_session();
    assert_eq!(w.fails("wait"), "command wait-for: too few arguments (need at least 1)");
    for (line, said) in [
        ("wait --text x channel", "A channel and what a pane does cannot be waited for together."),
        ("wait -t work", "Wait for what? --text, --exit, --silence or --event says it."),
        ("wait --text (", "\"(\" is not a regular expression:"),
        ("wait --silence soon", "--silence takes seconds, not \"soon\"."),
        ("wait --event nothing", "No event is called nothing."),
    ] {
        let got = w.run(line);
        assert_eq!(got.code, Some(2), "{line}");
        assert!(got.err.starts_with(said) && got.err.contains("Nothing was waited for."), "{line}: {got:?}");
    }
    let id = w.start("wait channel");
    assert_eq!(w.said(id).code, None);
    w.ok("wait -S channel");
    assert_eq!(w.said(id).code, Some(0));
}
