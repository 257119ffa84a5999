//! Moves: what is typed and answered (moving.md section 5), and input while a pane is on its way.

use super::*;
use crate::ids::{HostName, MoveId};
use crate::protocol::keeper::{MoveOptions, Trouble};

fn host(name: &str) -> HostName {
    HostName(name.into())
}

#[test]
fn mistyped_moves_are_answered_as_specified() {
    let mut w = World::with_session();
    w.ok("split-window");
    let said = w.run("move 3 hostB");
    assert_eq!((said.err.as_str(), said.code), ("Move what? pane, window or session.\n", Some(2)));
    let id = w.start("move pane");
    let (request, job) = w.jobs.pop().unwrap();
    assert_eq!(job, Job::HostNames);
    w.event(Event::Done { request, result: Ok("hostB\nhostC\n".into()) });
    let said = w.said(id);
    assert_eq!(said.err, "Move where? Give a host: `qmux move pane HOST`. Known: hostB, hostC.\n");
    assert_eq!(said.code, Some(2));
    let said = w.run("move pane hostB -t %99");
    assert_eq!((said.err.as_str(), said.code), ("No pane %99. Panes: %0 %1.\n", Some(2)));
    let said = w.run("move pane . -t %1");
    assert_eq!((said.out.as_str(), said.code), ("%1 is already on hostA.\n", Some(0)));
    let said = w.run("move pane hostA -t %1");
    assert_eq!((said.out.as_str(), said.code), ("%1 is already on hostA.\n", Some(0)));
    assert_eq!(w.run("move session work hostB").code, Some(2));
    assert_eq!(w.run("move pane -- -oProxyCommand=x").code, Some(2));
    assert_eq!(w.run("move pane hostB --engine magic").code, Some(2));
    let said = w.run("move 3 hostB --json");
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(value["code"], "move-what");
    assert_eq!(value["cause"], "Move what? pane, window or session.");
    assert!(value["cure"].is_string());
    assert_eq!((said.err.as_str(), said.code), ("", Some(2)));
    assert!(w.jobs.is_empty());
    for typed in ["3 hostB", "pane hostB -t %99", "pane hostB --engine magic", "pane a b", "pane -- -x"] {
        let said = w.run(&format!("move --json {typed}"));
        let value: serde_json::Value = serde_json::from_str(&said.out).expect(typed);
        assert_eq!((said.err.as_str(), said.code), ("", Some(2)), "{typed}");
        for field in ["code", "cause", "cure"] {
            assert!(value[field].is_string(), "{field} of {typed}: {value}");
        }
    }
    assert!(w.jobs.is_empty());
}

#[test]
fn what_the_user_allows_goes_with_the_move() {
    let mut w = World::with_session();
    w.start("move pane hostB --cut --with-files");
    let (_, job) = w.jobs.pop().unwrap();
    let Job::Move { options, .. } = job else { panic!("{job:?}") };
    let engine = "auto".to_string();
    assert_eq!(options, MoveOptions { engine, cut: true, with_files: true, dry_run: false });
}

/// From a trouble the world reports: words for people, and for programs code, cause and cure apart.
#[test]
fn a_failure_is_said_in_words_or_as_json_and_keeps_its_class() {
    let trouble = Trouble {
        class: 3,
        code: "memory".into(),
        cause: "hostB has 300 MB free, this needs 2.1 GB".into(),
        cure: "Take another host".into(),
    };
    let failure = Failure::of(&trouble, "%0 still runs here.");
    let words = "hostB has 300 MB free, this needs 2.1 GB. %0 still runs here. Take another host.";
    assert_eq!(failure.text, words);
    let json = failure.clone().into_json();
    assert_eq!(json.clone().into_json(), json, "JSON stays as it is");
    let mut w = World::with_session();
    for (failure, out, err) in [
        (failure, String::new(), format!("{words}\n")),
        (json.clone(), format!("{}\n", json.text), String::new()),
    ] {
        let id = w.start("move pane hostB");
        let (request, _) = w.jobs.pop().unwrap();
        w.event(Event::Done { request, result: Err(failure) });
        assert_eq!(w.said(id), Said { out, err, code: Some(3) });
    }
    let said: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    for (field, value) in
        [("code", "memory"), ("cause", trouble.cause.as_str()), ("cure", "Take another host")]
    {
        assert_eq!(said[field], value);
    }
}

#[test]
fn a_move_is_asked_for_and_waited_for() {
    let mut w = World::with_session();
    w.ok("split-window");
    let id = w.start("move pane hostB -t %0 --dry-run");
    let (request, job) = w.jobs.pop().unwrap();
    let Job::Move { panes, host: to, options, json, wait, .. } = job else { panic!("{job:?}") };
    assert_eq!((panes, to, json, wait), (vec![PaneId(0)], host("hostB"), false, true));
    let asked = MoveOptions { engine: "auto".into(), dry_run: true, ..MoveOptions::default() };
    assert_eq!(options, asked);
    assert_eq!(w.said(id).code, None, "the client waits");
    assert_eq!(w.ok("display -p still"), "still", "others do not");
    w.event(Event::Progress { request, line: "61 %".into() });
    let failure = Failure::new(4, "link", "Link to hostB broke at 61 %. %0 continues on hostA.".into());
    w.event(Event::Done { request, result: Err(failure) });
    let said = w.said(id);
    assert_eq!(said.err, "61 %\nLink to hostB broke at 61 %. %0 continues on hostA.\n");
    assert_eq!(said.code, Some(4));
    let id = w.start("move window hostB");
    let (request, job) = w.jobs.pop().unwrap();
    assert!(matches!(job, Job::Move { panes, .. } if panes == [PaneId(0), PaneId(1)]));
    w.event(Event::Done { request, result: Ok("work:0 is now on hostB".into()) });
    assert_eq!(
        w.said(id),
        Said { out: "work:0 is now on hostB\n".into(), err: String::new(), code: Some(0) }
    );
}

#[test]
fn what_is_typed_while_a_pane_moves_arrives_in_order() {
    let mut w = World::new();
    let c = w.attach("new-session -s work", Size::new(80, 25));
    w.type_in(c, b"a");
    let leaving = Place::Leaving(MoveId(1, 2), Some(host("hostB")));
    w.event(Event::PanePlace { pane: PaneId(0), place: leaving });
    assert_eq!(w.take_written(0), "a");
    w.type_in(c, b"bc");
    w.ok("send-keys d Enter");
    w.output(0, "\x1b[6n");
    assert_eq!(w.take_written(0), "");
    assert_eq!(w.show("#{pane_host} #{pane_place}"), "hostB moving");
    w.event(Event::PanePlace { pane: PaneId(0), place: Place::There(host("hostB")) });
    assert_eq!(w.take_written(0), "bcd\r\x1b[1;1R");
    w.type_in(c, b"e");
    assert_eq!(w.take_written(0), "e");
    assert_eq!(w.show("#{pane_host} #{pane_remote} #{host}"), "hostB 1 hostA");
    let said = w.run("move pane hostB");
    assert_eq!(said.out, "%0 is already on hostB.\n");
    w.event(Event::PanePlace { pane: PaneId(0), place: Place::Undecided(host("hostB")) });
    let said = w.run("move pane .");
    assert_eq!(said.code, Some(7));
    assert!(said.err.starts_with("hostB may have %0. It stays stopped here and is not started twice."));
}

#[test]
fn the_queue_of_typed_input_is_bounded_and_rings() {
    let mut w = World::new();
    let c = w.attach("new-session -s work", Size::new(80, 25));
    w.event(Event::PanePlace { pane: PaneId(0), place: Place::Reconnecting(host("hostB")) });
    let block = [b'x'; 8192];
    for _ in 0..20 {
        w.type_in(c, &block);
    }
    let bells = w.effects.iter().filter(|e| matches!(e, Effect::Terminal { bytes, .. } if bytes == b"\x07"));
    assert_eq!(bells.count(), 1);
    w.event(Event::PanePlace { pane: PaneId(0), place: Place::There(host("hostB")) });
    let written = w.take_written(0).len();
    assert!(written <= super::super::model::MAX_TYPED_AHEAD && written > 50_000, "{written}");
}

#[test]
fn files_and_hosts() {
    let mut w = World::with_session();
    w.output(0, "text");
    let id = w.start("checkpoint pane -o img --keep-running");
    let (request, job) = w.jobs.pop().unwrap();
    let Job::Checkpoint { pane, file, keep_running, screen, .. } = job else { panic!("{job:?}") };
    assert_eq!((pane, file.as_str(), keep_running), (PaneId(0), "/work/img", true));
    assert_eq!(Screen::from_snapshot(&screen).unwrap().line_text(0), "text");
    w.event(Event::Done { request, result: Ok("written".into()) });
    assert_eq!(w.said(id).code, Some(0));
    assert_eq!(w.run("checkpoint pane").code, Some(2));

    let id = w.start("restore img --clone");
    let (request, job) = w.jobs.pop().unwrap();
    assert_eq!(job, Job::Restore { file: "/work/img".into(), pane: PaneId(1), clone: true, json: false });
    assert_eq!(w.show("#{session_windows}"), "2");
    let failure = Failure::new(6, "twice", "already started on hostB at 14:02.".into());
    w.event(Event::Done { request, result: Err(failure) });
    assert_eq!(w.said(id).code, Some(6));
    assert_eq!(w.show("#{session_windows}"), "1", "a failed restore leaves nothing behind");

    w.start("hosts --json");
    assert_eq!(w.jobs.pop().unwrap().1, Job::Hosts { json: true });
    assert_eq!(w.run("setup hostB").code, Some(4));
    assert_eq!(w.run("connect").code, Some(2));
}
