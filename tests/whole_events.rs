//! `qmux events` and `qmux wait` as a script uses them: the real program, its output, its exit status.

mod support;

use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use support::session::{PROMPT, Qmux};
use support::{PATIENCE, qmux as program, wait_until};

/// A program that is started as from a script and goes on.
fn start(qmux: &Qmux, argv: &[&str]) -> Child {
    let mut command = Command::new(argv[0]);
    command.args(&argv[1..]).envs(qmux.env()).current_dir(qmux.home());
    for name in ["TMUX", "TMUX_PANE", "QMUX", "QMUX_PANE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn own() -> String {
    program().to_str().expect("a path of text").to_owned()
}

/// Lines as they come.
fn lines(child: &mut Child) -> Receiver<String> {
    let (to, from) = channel();
    let out = child.stdout.take().expect("piped");
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
    from
}

/// Lines come from the server on only when the client listens there; a rename that is told proves it.
fn listening(qmux: &Qmux, from: &Receiver<String>) {
    let mut n = 0;
    wait_until("the first event", || {
        n += 1;
        qmux.ok(&["rename-window", "-t", "work:0", &format!("probe{n}")]);
        from.recv_timeout(std::time::Duration::from_millis(50)).ok()
    });
    // Each renaming is told, before anything later.
    qmux.ok(&["rename-window", "-t", "work:0", "last"]);
    while !from.recv_timeout(PATIENCE).expect("an event").contains("last") {}
}

fn work(qmux: &Qmux) {
    qmux.ok(&["new-session", "-d", "-s", "work", "-x", "80", "-y", "24"]);
    qmux.wait_pane("work", PROMPT);
}

#[test]
fn a_script_reads_what_happens() {
    let qmux = Qmux::new();
    work(&qmux);
    let mut child =
        start(&qmux, &[&own(), "events", "--json", "window-renamed", "pane-exited", "server-exit"]);
    let from = lines(&mut child);
    listening(&qmux, &from);
    qmux.ok(&["split-window", "-t", "work", "exit 5"]);
    let event: Value = serde_json::from_str(&from.recv_timeout(PATIENCE).expect("an event")).expect("JSON");
    assert_eq!((&event["event"], &event["pane_dead_status"]), (&"pane-exited".into(), &5.into()));
    assert_eq!((&event["pane_id"], &event["session_name"]), (&"%1".into(), &"work".into()));
    qmux.ok(&["kill-server"]);
    let event: Value = serde_json::from_str(&from.recv_timeout(PATIENCE).expect("an event")).expect("JSON");
    assert_eq!(event["event"], "server-exit");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// `| head -1` ends it at once, without another event.
#[test]
fn a_reader_that_goes_ends_the_stream() {
    let qmux = Qmux::new();
    work(&qmux);
    let mut child = start(&qmux, &[&own(), "events", "window-renamed"]);
    let from = lines(&mut child);
    listening(&qmux, &from);
    drop(from);
    // The thread that reads ends with the next line it cannot pass on.
    qmux.ok(&["rename-window", "-t", "work:0", "one more"]);
    wait_until("the client to end", || child.try_wait().expect("wait"));
}

/// A reader that stands still: the server goes on, keeps little, and says what it left out.
#[test]
fn a_reader_that_stands_still_costs_nothing() {
    let qmux = Qmux::new();
    work(&qmux);
    let mut child = start(&qmux, &[&own(), "events", "--json", "pane-title-changed"]);
    let mut reader = BufReader::with_capacity(1, child.stdout.take().expect("piped"));
    // Titles until the first has come, then many that nobody reads.
    let script = "until [ -e go ]; do printf '\\033]2;wait\\007'; sleep 0.05; done; \
                  n=0; while [ $n -lt 20000 ]; do n=$((n+1)); printf '\\033]2;title %d\\007' $n; done; echo flo''od over; cat";
    qmux.ok(&["respawn-pane", "-k", "-t", "work", script]);
    let mut first = String::new();
    reader.read_line(&mut first).expect("a line");
    assert!(first.contains("pane-title-changed"), "{first}");
    std::fs::write(qmux.home().join("go"), "").expect("a file");
    qmux.wait_pane("work", "flood over");
    assert_eq!(qmux.ask("work", "#{pane_title}"), "title 20000", "nobody waited for the reader");
    let mut dropped = None;
    let mut titles = 0;
    while dropped.is_none() {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).expect("a line") > 0, "the stream ended after {titles}");
        let event: Value = serde_json::from_str(&line).expect(&line);
        titles += u64::from(event["pane_title"].as_str().is_some_and(|t| t.starts_with("title")));
        dropped = event["dropped"].as_u64();
    }
    // Of titles that come in one read the pane tells 512: the sum is not all that were set.
    let dropped = dropped.unwrap_or(0);
    assert!(dropped > 1000 && titles + dropped <= 20000, "{titles} {dropped}");
    child.kill().expect("kill");
    child.wait().expect("it ends");
}

#[test]
fn a_script_waits() {
    let qmux = Qmux::new();
    work(&qmux);
    let script = |line: &str| {
        let line = line.replace("qmux", &own());
        let out = start(&qmux, &["sh", "-c", &line]).wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let said = script(
        "qmux send-keys -t work 'sleep 0.3; echo al''l do''ne' Enter && \
         qmux wait -t work --text '^all done$' --timeout 60",
    );
    assert_eq!(said, (Some(0), "text: all done\n".into(), String::new()));
    let said = script("qmux wait -t work --text never-there --timeout 0.2");
    assert_eq!(said, (Some(124), String::new(), "wait: the time is over and it has not happened\n".into()));
    let said = script(
        "id=$(qmux split-window -dP -F '#{pane_id}' 'read x; exit 9'); (sleep 0.2; qmux send-keys -t $id Enter) & \
         qmux wait -t $id --exit; echo status $?",
    );
    assert_eq!(said, (Some(0), "exit: 9\nstatus 9\n".into(), String::new()));
    let said = script("qmux wait -t work --silence 0.3 --timeout 60");
    assert_eq!(said, (Some(0), "silence\n".into(), String::new()));
    let said = script(
        "(sleep 0.3; qmux new-session -d -s other) & qmux wait --event session-created --json --timeout 60",
    );
    assert_eq!(said.0, Some(0), "{said:?}");
    let value: Value = serde_json::from_str(&said.1).expect("JSON");
    assert_eq!(value["event"]["session_name"], "other");
    let said = script(
        "id=$(qmux split-window -dP -F '#{pane_id}'); (sleep 0.2; qmux kill-pane -t $id) & \
         qmux wait -t $id --text never-there",
    );
    assert_eq!((said.0, said.2.contains("is gone")), (Some(1), true), "{said:?}");
    // tmux's own.
    let said = script("(sleep 0.2; qmux wait -S ch) & qmux wait-for ch; echo woken");
    assert_eq!(said, (Some(0), "woken\n".into(), String::new()));
}
