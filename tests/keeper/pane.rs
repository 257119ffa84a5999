//! One pane, kept: spawn, input, output, ring, exit, kill, adoption.

use crate::harness::*;

use qmux::ids::{ExitStatus, Size};
use qmux::protocol::keeper::{FromKeeper, KeeperState, Seen, ToKeeper};
use std::os::unix::net::UnixStream;

const QMUX: &str = env!("CARGO_BIN_EXE_qmux");

#[test]
fn a_program_is_started_typed_to_and_its_exit_status_told() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    assert_eq!(server.attach(false).state, KeeperState::Empty);
    let welcome = server.spawn(&["sh", "-c", "stty -echo; echo ready; read x; echo got $x; exit 5"]);
    assert_eq!((welcome.state, welcome.size), (KeeperState::Running, Size::new(80, 24)));
    assert!(welcome.pid > 0 && welcome.tty.starts_with("/dev/pts/") && welcome.termios.is_some());
    server.expect("ready");
    server.type_in("word\r");
    server.expect("got word");
    assert_eq!(server.exited(), ExitStatus::Code(5));
    server.say(&ToKeeper::ExitSeen);
    server.wait_closed();
    until("socket and record are gone", || {
        world.keeper_pids().is_empty() && !world.socket(life(1), 0).exists()
    });
}

#[test]
fn a_second_server_finds_the_pane_with_all_it_missed() {
    let world = World::new(QMUX);
    let mut first = world.start(life(1), 0);
    first.attach(false);
    let pid = first.spawn(&["sh", "-c", "echo one; read x; echo two; read x; echo three; read x"]).pid;
    first.expect("one");
    first.type_in("\r");
    first.expect("two");
    drop(first);
    // Nobody is attached now; typing goes through another connection later, output is drained meanwhile.
    let mut second = world.connect(life(1), 0);
    let welcome = second.attach(false);
    assert_eq!((welcome.pid, welcome.state), (pid, KeeperState::Running));
    second.type_in("\r");
    second.expect("three");
}

#[test]
fn output_without_a_server_is_kept_up_to_the_ring_and_the_rest_counted() {
    let world = World::new(QMUX);
    let mut first = world.start(life(1), 0);
    first.attach(false);
    let marker = world.xdg.join("done");
    let script = format!("read x; seq 1 100000; echo end; : > {}; read x", marker.display());
    first.spawn(&["sh", "-c", &script]);
    first.say(&ToKeeper::Input(qmux::protocol::Bytes::from(&b"\r"[..])));
    drop(first);
    until("the program is not blocked by nobody reading", || marker.exists());
    let mut second = world.connect(life(1), 0);
    let welcome = second.attach(false);
    // 588895 bytes of seq with a carriage return per line, echo of the typed line, "end".
    let whole: String = (1..=100000).map(|n| format!("{n}\r\n")).collect::<String>() + "end\r\n";
    let mut ring = String::from_utf8(welcome.ring.to_vec()).unwrap();
    // The first server may have been told a part before it went, the last bytes may still be on their way.
    while !ring.ends_with("end\r\n") {
        second.pump(50);
        ring.push_str(&String::from_utf8(std::mem::take(&mut second.output)).unwrap());
    }
    assert!(ring.len() <= (256 << 10) + 100, "{}", ring.len());
    assert!(whole.ends_with(&ring) && welcome.lost > 200_000, "{} lost", welcome.lost);
}

#[test]
fn a_local_server_gets_the_master_and_the_keeper_leaves_it_alone() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(true);
    let welcome = server.spawn(&["sh", "-c", "stty -echo; echo ready; read x; echo got $x; read x"]);
    assert_eq!(welcome.state, KeeperState::Running);
    let master = server.fds.remove(0);
    let mut seen = String::new();
    let mut read = |wanted: &str| {
        until(wanted, || {
            let mut buf = [0; 4096];
            if let Ok(n) = nix::unistd::read(&master, &mut buf) {
                seen.push_str(&String::from_utf8_lossy(&buf[..n]));
            }
            seen.contains(wanted)
        })
    };
    read("ready");
    nix::unistd::write(&master, b"abc\r").unwrap();
    read("got abc");
    server.pump(50);
    assert!(server.output.is_empty(), "the keeper read the master too");
    drop(server);
    // The server is gone and took its copy along: the keeper reads again.
    nix::unistd::write(&master, b"x\r").unwrap();
    let mut second = world.connect(life(1), 0);
    let state = second.attach(false).state;
    if state == KeeperState::Running {
        second.exited();
    }
}

#[test]
fn a_newer_server_takes_the_place_of_an_older_one() {
    let world = World::new(QMUX);
    let mut first = world.start(life(1), 0);
    first.attach(false);
    first.spawn(&["cat"]);
    let mut second = world.connect(life(1), 0);
    second.attach(false);
    first.hear("Bye", |m| matches!(m, FromKeeper::Bye { .. }).then_some(()));
    first.wait_closed();
    second.type_in("still here\r");
    second.expect("still here\r\nstill here");
}

#[test]
fn an_exit_nobody_saw_is_told_to_the_next_server_and_only_then_forgotten() {
    let world = World::new(QMUX);
    let mut first = world.start(life(1), 0);
    first.attach(false);
    let pid = first.spawn(&["sh", "-c", "read x; echo last words; exit 9"]).pid;
    first.type_in("\r");
    drop(first);
    until("the program ends", || !alive(pid));
    for _ in 0..2 {
        let mut next = world.connect(life(1), 0);
        let mut exited = next.attach(false).exited;
        if exited.is_none() {
            exited = Some(next.exited());
        }
        assert_eq!(exited, Some(ExitStatus::Code(9)));
    }
    let mut last = world.connect(life(1), 0);
    last.attach(false);
    last.say(&ToKeeper::ExitSeen);
    last.wait_closed();
}

#[test]
fn resize_and_signals_reach_the_foreground() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&[
        "sh",
        "-c",
        "trap 'stty size' WINCH; trap 'echo int' INT; echo go; while :; do read x; done",
    ]);
    server.expect("go");
    server.say(&ToKeeper::Resize(Size::new(100, 33)));
    server.expect("33 100");
    server.say(&ToKeeper::Signal { signal: nix::libc::SIGINT });
    server.expect("int");
}

#[test]
fn kill_hangs_up_the_whole_tree_and_kills_what_does_not_listen() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    let script = "trap '' HUP; sh -c 'trap \"\" HUP; echo $$; while :; do sleep 100; done' & echo up; wait";
    let pid = server.spawn(&["sh", "-c", script]).pid;
    let seen = server.expect("up")
        + &{
            until("the child's pid", || {
                server.pump(20);
                String::from_utf8_lossy(&server.output)
                    .trim()
                    .lines()
                    .last()
                    .is_some_and(|l| l.trim().parse::<i32>().is_ok())
            });
            String::from_utf8_lossy(&server.output).into_owned()
        };
    let child: i32 = seen.lines().filter_map(|l| l.trim().parse().ok()).next_back().unwrap();
    server.say(&ToKeeper::Kill { grace_ms: 100 });
    assert_eq!(server.exited(), ExitStatus::Signal(9));
    until("all of it is dead", || !alive(pid) && !alive(child));
}

#[test]
fn what_ignores_a_hangup_loses_its_terminal_when_it_is_not_to_be_killed() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    let pid = server.spawn(&["sh", "-c", "trap '' HUP; echo up; read x; sleep 0.1; exit 0"]).pid;
    server.expect("up");
    server.say(&ToKeeper::Kill { grace_ms: 0 });
    server.exited();
    until("read ends with the terminal", || !alive(pid));
}

#[test]
fn info_tells_program_and_directory_when_they_change() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&["sh", "-i"]);
    server
        .hear("sh", |m| matches!(m, FromKeeper::Info(i) if i.command == "sh" && i.path == "/").then_some(()));
    server.type_in("cd /usr\rsleep 100\r");
    server.hear("sleep in /usr", |m| match m {
        FromKeeper::Info(i) => (i.command == "sleep" && i.path == "/usr").then_some(()),
        _ => None,
    });
}

#[test]
fn a_program_that_cannot_start_is_told_and_the_keeper_ends() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.say(&ToKeeper::Spawn(spec(&["/no/such/thing"])));
    let error = server.hear("SpawnFailed", |m| match m {
        FromKeeper::SpawnFailed { error } => Some(error.clone()),
        _ => None,
    });
    assert!(error.contains("/no/such/thing"), "{error}");
    server.wait_closed();
}

#[test]
fn an_empty_keeper_ends_with_its_server() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    let pid = world.keeper_pids()[0];
    drop(server);
    until("the keeper ends", || !alive(pid));
}

#[test]
fn stdio_splices_to_a_new_keeper_which_survives_the_link() {
    let world = World::new(QMUX);
    let id = life(1).to_string();
    let mut far = world.stdio(&["--stdio", &id, "--epoch", "4", "--new"]);
    assert_eq!(far.attach(false).epoch, epoch(4));
    let pid = far.spawn(&["cat"]).pid;
    far.type_in("hello\r");
    far.expect("hello\r\nhello");
    // The link breaks hard.
    let mut splice = far.splice.take().unwrap();
    splice.kill().unwrap();
    splice.wait().unwrap();
    drop(far);
    let mut again = world.stdio(&["--stdio", &id]);
    let welcome = again.attach(false);
    assert_eq!((welcome.pid, welcome.epoch), (pid, epoch(4)));
    again.type_in("back\r");
    again.expect("back\r\nback");
    let mut splice = again.splice.take().unwrap();
    drop(again);
    assert!(splice.wait().unwrap().success(), "the end of stdin is an orderly end");
    assert!(alive(pid));
}

#[test]
fn a_keeper_that_is_not_there_is_said_so() {
    let world = World::new(QMUX);
    let out = world.command(&["--stdio", &life(7).to_string()]).output().unwrap();
    assert_eq!(out.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&out.stderr).contains("no keeper of"), "{out:?}");
}

#[test]
fn one_life_and_epoch_has_one_keeper_and_a_dead_ones_socket_is_no_hindrance() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&["cat"]);
    let before = world.keeper_pids();
    let out = world.command(&["--daemon", "--life", &life(1).to_string()]).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    assert_eq!(world.keeper_pids(), before, "the one that is there is the one");
    // The socket of a keeper that was killed.
    let pid = world.keeper_pids()[0];
    kill_with_standby(pid);
    server.wait_closed();
    assert!(world.socket(life(1), 0).exists());
    let runtime = qmux::transport::runtime::Runtime::at(&world.xdg.join("qmux"), None).unwrap();
    until("nobody answers", || qmux::keeper::find(&runtime).unwrap().is_empty());
    assert!(!world.socket(life(1), 0).exists(), "stale sockets are taken away");
    world.start(life(1), 0).attach(false);
}

#[test]
fn a_server_that_counts_gets_each_byte_once_over_links_that_break() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    let start = server.attach_seen(Seen::default()).mark.expect("a mark for who counts");
    server.spawn(&ANSWERER);
    server.expect("up\r\n");
    let at =
        |at: u64, text: &str| ToKeeper::InputAt { at, bytes: qmux::protocol::Bytes::from(text.as_bytes()) };
    server.say(&at(start.input, "one\rtw"));
    server.expect("[one]\r\n");
    let before = start.output + "up\r\n".len() as u64;
    // The link breaks with a line half way: the server says again all that it does not know to have arrived.
    drop(server);
    let mut server = world.connect(life(1), 0);
    let welcome = server.attach_seen(Seen { keeper: start.keeper, output: before });
    let mark = welcome.mark.unwrap();
    assert_eq!((mark.keeper, mark.input - start.input, mark.output), (start.keeper, 6, before));
    assert_eq!(welcome.ring.to_vec(), b"[one]\r\n", "what this server has not seen is told again");
    server.say(&at(start.input + 4, "two\r"));
    server.expect("[two]");
    // One that does not say what it has seen is given what none was given.
    drop(server);
    let mut server = world.connect(life(1), 0);
    assert_eq!(server.attach_seen(Seen::default()).ring.to_vec(), b"");
    server.say(&at(start.input + 8, "three\r"));
    server.expect("[three]");
}

/// Answers lines, and ends with a number of its own.
const ANSWERER: [&str; 3] = ["sh", "-c", "stty -echo; echo up; while read x; do echo \"[$x]\"; done; exit 7"];

#[test]
fn a_killed_keepers_standby_keeps_the_pane_and_hears_how_it_ends() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    let pid = server.spawn(&ANSWERER).pid;
    server.expect("up");
    let keeper = world.keeper_pids()[0];
    let standby = standby_of(keeper).expect("a keeper has a standby");
    kill(keeper);
    server.wait_closed();
    // At no time nobody listens: this may come before the standby has noticed.
    let mut server = world.connect(life(1), 0);
    let welcome = server.attach(false);
    assert_eq!((welcome.pid, welcome.state), (pid, KeeperState::Running));
    server.type_in("still here\r");
    server.expect("[still here]");
    assert_eq!(world.keeper_pids(), [standby]);
    server.type_in("\x04");
    assert_eq!(server.exited(), ExitStatus::Code(7));
    server.say(&ToKeeper::ExitSeen);
    server.wait_closed();
    until("nothing is left", || !alive(standby) && !world.socket(life(1), 0).exists());
}

#[test]
fn a_keeper_whose_standby_is_killed_goes_on() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&ANSWERER);
    server.expect("up");
    let keeper = world.keeper_pids()[0];
    kill(standby_of(keeper).expect("a keeper has a standby"));
    until("it has no standby", || standby_of(keeper).is_none());
    server.type_in("fine\r");
    server.expect("[fine]");
    server.type_in("\x04");
    assert_eq!(server.exited(), ExitStatus::Code(7));
    server.say(&ToKeeper::ExitSeen);
    until("the keeper ends", || !alive(keeper));
}

#[test]
fn an_orderly_end_of_a_keeper_ends_its_standby() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&ANSWERER);
    let standby = standby_of(world.keeper_pids()[0]).expect("a keeper has a standby");
    server.say(&ToKeeper::Kill { grace_ms: 2000 });
    server.exited();
    server.say(&ToKeeper::ExitSeen);
    until("the standby ends", || !alive(standby));
}

#[test]
fn a_flood_stops_in_the_kernel_when_the_server_does_not_read() {
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&["sh", "-c", "yes 0123456789abcdef | head -c 20000000; echo; echo flood over; read x"]);
    let keeper = world.keeper_pids()[0];
    // It has read what its queue and the sockets hold, and then nothing for a while.
    let (mut read, mut still) = (0, 0);
    until("the keeper stops reading", || {
        let now = bytes_read(keeper);
        still = if now == read && now > 100_000 { still + 1 } else { 0 };
        read = now;
        still > 20
    });
    assert!(read < 3_000_000, "{read} bytes of the flood were taken in");
    // And none of it is lost.
    let mut total = 0;
    let deadline = std::time::Instant::now() + PATIENCE;
    while !server.output.ends_with(b"flood over\r\n") {
        assert!(std::time::Instant::now() < deadline, "{total} bytes");
        total += server.output.len();
        server.output.clear();
        server.pump(50);
    }
    total += server.output.len();
    assert_eq!(total, 20_000_000 + 20_000_000 / 17 + "\r\nflood over\r\n".len());
}

/// Bytes a process has read from anything (`rchar` of /proc/PID/io).
fn bytes_read(pid: i32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    io.lines().find_map(|l| l.strip_prefix("rchar: ")?.parse().ok()).unwrap_or(0)
}

#[test]
fn a_stranger_that_talks_nonsense_is_dropped_and_the_pane_lives() {
    use std::io::{Read, Write};
    let world = World::new(QMUX);
    let mut server = world.start(life(1), 0);
    server.attach(false);
    server.spawn(&["cat"]);
    let mut stranger = UnixStream::connect(world.socket(life(1), 0)).unwrap();
    stranger.write_all(&[0xff; 64]).unwrap();
    let mut end = Vec::new();
    let _ = stranger.read_to_end(&mut end);
    assert!(end.is_empty());
    server.type_in("fine\r");
    server.expect("fine\r\nfine");
}
