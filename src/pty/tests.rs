use super::*;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::time::{Duration, Instant};

fn launch(argv: &[&str]) -> Launch {
    Launch {
        argv: argv.iter().map(|s| s.to_string()).collect(),
        cwd: "/".into(),
        env: vec![("QMUX_TEST".into(), Some("seen".into()))],
        clear_env: false,
    }
}

/// Reads until `wanted` has been seen or every slave is closed.
fn read_until(pty: &Pty, wanted: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut got = String::new();
    let mut buf = [0; 4096];
    while !got.contains(wanted) {
        assert!(Instant::now() < deadline, "waited for {wanted:?}, got {got:?}");
        match pty.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => got.push_str(&String::from_utf8_lossy(&buf[..n])),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                let mut fds = [nix::poll::PollFd::new(pty.master(), nix::poll::PollFlags::POLLIN)];
                nix::poll::poll(&mut fds, 100u16).unwrap();
            }
            Err(e) => panic!("{e}"),
        }
    }
    got
}

#[test]
fn a_program_runs_in_a_session_of_its_own_with_our_size_and_environment() {
    let (pty, pid) = Pty::spawn(
        &launch(&["sh", "-c", "stty size; tty; echo $QMUX_TEST; pwd; read x; exit 3"]),
        Size::new(97, 31),
    )
    .unwrap();
    let got = read_until(&pty, "/\r\n");
    let wanted = format!("31 97\r\n{}\r\nseen\r\n/\r\n", pty.tty());
    assert!(got.contains(&wanted), "{got:?} should have {wanted:?}");
    assert_eq!(pty.foreground(), Some(pid));
    assert_eq!(pty.size().unwrap(), Size::new(97, 31));
    pty.write(b"\n").unwrap();
    assert_eq!(waitpid(Pid::from_raw(pid), None).unwrap(), WaitStatus::Exited(Pid::from_raw(pid), 3));
    read_until(&pty, "never");
}

#[test]
fn modes_are_read_and_set_through_the_master_and_seen_by_the_program() {
    let (pty, pid) =
        Pty::spawn(&launch(&["sh", "-c", "read x; stty -a; exit 0"]), Size::new(80, 24)).unwrap();
    let before = pty.modes().unwrap();
    assert_ne!(before.lflag & nix::libc::ECHO, 0);
    let mut raw = before;
    raw.lflag &= !(nix::libc::ECHO | nix::libc::IEXTEN);
    raw.cc[nix::libc::VINTR] = 7;
    pty.set_modes(&raw).unwrap();
    assert_eq!(pty.modes().unwrap(), raw);
    pty.write(b"\n").unwrap();
    let got = read_until(&pty, "-iexten");
    assert!(got.contains("-echo ") && got.contains("intr = ^G"), "{got}");
    waitpid(Pid::from_raw(pid), None).unwrap();
}

#[test]
fn dropping_it_sends_the_program_nothing_but_a_hangup() {
    let (pty, pid) = Pty::spawn(&launch(&["cat"]), Size::new(80, 24)).unwrap();
    drop(pty);
    let ended = waitpid(Pid::from_raw(pid), None).unwrap();
    assert!(matches!(ended, WaitStatus::Signaled(_, nix::sys::signal::Signal::SIGHUP, _)), "{ended:?}");
}

#[test]
fn a_program_that_does_not_exist_is_an_error_with_its_name() {
    let error = Pty::spawn(&launch(&["/no/such/program"]), Size::new(80, 24)).unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}
