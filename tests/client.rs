//! The client on a real pty, against a server that this test plays: whatever happens, the user's terminal
//! is put back.
// A test says what it expects by failing on the spot.
#![allow(clippy::unwrap_used)]

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::termios::{LocalFlags, SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use qmux::ids::Size;
use qmux::protocol::client::{ClientHello, ToClient, ToServer};
use qmux::protocol::{FrameReader, Received, frame};
use qmux::sys::fdpass;
use qmux::vt::{MouseMode, Screen};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for anything; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Polls until `done` gives something.
fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A directory with a socket that a client finds its server at.
struct Place {
    dir: PathBuf,
    listener: UnixListener,
}

impl Place {
    fn new(name: &str) -> Place {
        let dir = std::env::temp_dir().join(format!("qmux-client-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let listener = UnixListener::bind(dir.join("s")).unwrap();
        Place { dir, listener }
    }

    fn socket(&self) -> String {
        self.dir.join("s").to_str().unwrap().to_owned()
    }

    fn accept(&self) -> Server {
        self.listener.set_nonblocking(true).unwrap();
        let stream = until("the client to connect", || self.listener.accept().ok()).0;
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Server { stream, reader: FrameReader::new(), fds: Vec::new() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// The server's side of one connection.
struct Server {
    stream: UnixStream,
    reader: FrameReader,
    /// Descriptors that have come.
    fds: Vec<OwnedFd>,
}

impl Server {
    fn send(&mut self, message: &ToClient) {
        self.stream.write_all(&frame(message)).unwrap();
    }

    fn receive(&mut self) -> ToServer {
        loop {
            if let Some(message) = self.reader.next_message::<ToServer>().unwrap() {
                match message {
                    Received::Known(message) => return message,
                    Received::Unknown(number) => panic!("unknown message {number}"),
                }
            }
            let mut buffer = [0; 4096];
            let n = fdpass::receive(self.stream.as_fd(), &mut buffer, &mut self.fds).unwrap();
            assert!(n > 0, "the client closed the connection");
            self.reader.feed(&buffer[..n]);
        }
    }

    fn wait_for(&mut self, what: &str, wanted: impl Fn(&ToServer) -> bool) -> ToServer {
        for _ in 0..100 {
            let message = self.receive();
            if wanted(&message) {
                return message;
            }
        }
        panic!("{what} did not come")
    }

    fn hello(&mut self) -> ClientHello {
        match self.receive() {
            ToServer::Hello(hello) => *hello,
            other => panic!("{other:?} before Hello"),
        }
    }
}

/// A client on a pty.
struct OnPty {
    master: Box<dyn MasterPty + Send>,
    tty: OwnedFd,
    before: Termios,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Vec<u8>>>,
    _slave: Box<dyn portable_pty::SlavePty + Send>,
}

impl OnPty {
    fn spawn(program: &str, args: &[&str], env: &[(&str, &str)]) -> OnPty {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("QMUX");
        command.env_remove("TMUX");
        command.cwd(std::env::current_dir().unwrap());
        for (name, value) in env {
            command.env(name, value);
        }
        let tty = qmux::sys::tty::duplicate(pair.master.as_raw_fd().unwrap()).unwrap();
        let before = tcgetattr(&tty).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let sink = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        // The slave stays open, so that the terminal outlives the client.
        OnPty { master: pair.master, tty, before, child, seen, _slave: pair.slave }
    }

    fn client(place: &Place, args: &[&str]) -> OnPty {
        let socket = place.socket();
        let args: Vec<&str> = ["-S", &socket].into_iter().chain(args.iter().copied()).collect();
        OnPty::spawn(env!("CARGO_BIN_EXE_qmux"), &args, &[])
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap())
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.tty).unwrap().local_flags.contains(LocalFlags::ICANON)
    }

    fn screen(&self) -> Screen {
        let mut screen = Screen::new(Size::new(80, 24), 100);
        screen.advance(&self.seen.lock().unwrap());
        screen
    }

    fn text(&self) -> String {
        let screen = self.screen();
        (0..screen.history_len() + 24).map(|line| screen.line_text(line) + "\n").collect()
    }

    fn type_in(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = nix::unistd::write(&self.tty, rest).unwrap();
            rest = &rest[n..];
        }
    }

    /// Waits for the end; the exit code.
    fn ended(&mut self) -> u32 {
        until("the client to end", || self.child.try_wait().unwrap()).exit_code()
    }

    /// The terminal is as it was: modes of the line discipline, screen, reports.
    fn assert_put_back(&self, words: &str) {
        until(&format!("{words:?} on the screen"), || self.text().contains(words).then_some(()));
        // What is written at once is read a moment later.
        until("the alternate screen to be left", || (!self.screen().modes().alternate).then_some(()));
        let after = tcgetattr(&self.tty).unwrap();
        assert_eq!(after, self.before, "termios");
        let screen = self.screen();
        let modes = screen.modes();
        assert_eq!(modes.mouse, MouseMode::Off);
        assert!(!modes.bracketed_paste && !modes.focus_events && !modes.synchronized);
        assert!(!modes.app_cursor && !modes.app_keypad && !modes.origin && !modes.insert && modes.wrap);
        assert_eq!((modes.kitty_flags, modes.modify_other_keys), (0, 0));
        assert!(screen.cursor().visible);
        assert_eq!(screen.scroll_region(), (0, 23));
    }
}

impl Drop for OnPty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything a frame can leave behind in a terminal.
const MODES: &[u8] =
    b"\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[=1;1u\x1b[>4;2m\x1b[?25l\x1b[5 q\x1b[3;9r\
\x1b[1;31m\x1b[?1h\x1b=\x1b[?6h\x1b[4h\x1b[?7l\x1b]8;;http://x/\x1b\\\x1b[?2026hA frame";

fn attached(name: &str) -> (Place, OnPty, Server) {
    let place = Place::new(name);
    let client = OnPty::client(&place, &["attach"]);
    let mut server = place.accept();
    let hello = server.hello();
    assert_eq!(hello.argv, ["attach"]);
    server.send(&ToClient::Attach);
    until("raw mode", || client.is_raw().then_some(()));
    server.send(&ToClient::Draw { seq: 1, bytes: MODES.to_vec() });
    server.wait_for("Drawn", |m| *m == ToServer::Drawn { seq: 1 });
    until("the frame", || client.text().contains("A frame").then_some(()));
    assert!(client.screen().modes().alternate);
    (place, client, server)
}

#[test]
fn a_client_says_who_it_is() {
    let place = Place::new("hello");
    let client = OnPty::client(&place, &["-2", "new-session", "-s", "x"]);
    let hello = place.accept().hello();
    assert_eq!(hello.argv, ["new-session", "-s", "x"]);
    assert_eq!(hello.size, Some(Size::new(80, 24)));
    assert_eq!(hello.term, "xterm-256color");
    assert!(hello.tty.is_some_and(|tty| tty.starts_with("/dev/pts/")));
    assert!(hello.utf8);
    assert_eq!(hello.features, ["256"]);
    let terminfo = hello.terminfo.expect("xterm-256color is in every terminfo");
    assert!(["bce", "colors=256"].iter().all(|name| terminfo.iter().any(|n| n == name)), "{terminfo:?}");
    assert_eq!(hello.pid, client.pid().as_raw());
    assert_eq!(hello.cwd, std::env::current_dir().unwrap().to_str().unwrap());
    assert!(hello.env.iter().any(|(name, _)| name == "PATH"));
}

#[test]
fn keys_and_sizes_go_in_and_detaching_puts_the_terminal_back() {
    let (_place, mut client, mut server) = attached("detach");
    client.type_in(b"x\x03\x1a\x1b[A");
    let mut typed = Vec::new();
    while typed.len() < 6 {
        if let ToServer::Input(bytes) = server.receive() {
            typed.extend(bytes);
        }
    }
    assert_eq!(typed, b"x\x03\x1a\x1b[A");
    client.master.resize(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 }).unwrap();
    let size = Size::new(100, 30);
    server.wait_for("the new size", |m| matches!(m, ToServer::Resize { size: s, .. } if *s == size));
    client.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    server.send(&ToClient::Detach { message: "detached (from session x)".into() });
    assert_eq!(client.ended(), 0);
    client.assert_put_back("[detached (from session x)]");
}

#[test]
fn answers_on_their_way_are_not_left_to_the_shell() {
    let (_place, mut client, mut server) = attached("answers");
    server.send(&ToClient::Terminal(b"a question\x1b[c".to_vec()));
    until("the question", || client.text().contains("a question").then_some(()));
    // The answers come when the client has already been told to leave.
    kill(client.pid(), Signal::SIGSTOP).unwrap();
    server.send(&ToClient::Detach { message: "detached (from session x)".into() });
    client.type_in(b"\x1bP>|slow 1\x1b\\\x1b[?62;22c");
    kill(client.pid(), Signal::SIGCONT).unwrap();
    assert_eq!(client.ended(), 0);
    client.assert_put_back("[detached (from session x)]");
    let path = client.master.tty_name().expect("a name");
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    let slave = nix::fcntl::open(&path, flags, Mode::empty()).unwrap();
    let mut raw = tcgetattr(&slave).unwrap();
    cfmakeraw(&mut raw);
    tcsetattr(&slave, SetArg::TCSANOW, &raw).unwrap();
    assert_eq!(nix::unistd::read(&slave, &mut [0; 64]), Err(nix::Error::EAGAIN), "something is left to read");
}

#[test]
fn a_server_that_is_gone_leaves_the_terminal_as_it_was() {
    let (_place, mut client, server) = attached("lost");
    drop(server);
    assert_eq!(client.ended(), 1);
    client.assert_put_back("[lost server]");
}

/// It is looked for again, and each try of `-CC` begins by changing the terminal's modes.
#[test]
fn servers_that_go_without_a_word_leave_a_control_clients_terminal_as_it_was() {
    let place = Place::new("wordless");
    let mut client = OnPty::client(&place, &["-CC", "attach"]);
    for _ in 0..3 {
        drop(place.accept());
    }
    assert_eq!(client.ended(), 1);
    client.assert_put_back("lost server");
}

#[test]
fn a_frame_cut_in_the_middle_swallows_nothing_of_the_way_back() {
    let (_place, mut client, mut server) = attached("cut");
    server.send(&ToClient::Draw { seq: 2, bytes: b"\x1b]0;half a title".to_vec() });
    server.wait_for("Drawn", |m| *m == ToServer::Drawn { seq: 2 });
    drop(server);
    assert_eq!(client.ended(), 1);
    client.assert_put_back("[lost server]");
}

#[test]
fn a_server_that_talks_nonsense_ends_the_client_cleanly() {
    let (_place, mut client, mut server) = attached("nonsense");
    server.stream.write_all(&[0xff; 64]).unwrap();
    assert_eq!(client.ended(), 1);
    client.assert_put_back("the server's words are not understood");
}

#[test]
fn signals_that_end_it_put_the_terminal_back_first() {
    for (signal, words) in [
        (Signal::SIGTERM, "[terminated]"),
        (Signal::SIGINT, "[terminated]"),
        (Signal::SIGQUIT, "[terminated]"),
        (Signal::SIGHUP, "[lost tty]"),
    ] {
        let (_place, mut client, mut server) = attached(signal.as_str());
        kill(client.pid(), signal).unwrap();
        server.wait_for("Leaving", |m| *m == ToServer::Leaving);
        assert_eq!(client.ended(), 1, "{signal}");
        client.assert_put_back(words);
    }
}

/// Attached, and the terminal is in the server's hands.
fn handed_over(name: &str) -> (Place, OnPty, Server, OwnedFd) {
    let (place, client, mut server) = attached(name);
    server.send(&ToClient::GiveTty);
    server.wait_for("the terminal", |m| *m == ToServer::Tty);
    let tty = server.fds.pop().expect("a descriptor came along");
    (place, client, server, tty)
}

fn blocks(fd: impl AsFd) -> bool {
    let flags = nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_GETFL).unwrap();
    !OFlag::from_bits_truncate(flags).contains(OFlag::O_NONBLOCK)
}

#[test]
fn the_terminal_is_passed_and_put_back_only_when_it_has_come_back() {
    let (_place, mut client, mut server, tty) = handed_over("passed");
    assert!(!blocks(&tty), "the server never waits for a terminal");
    assert!(blocks(client.slave_file()), "what else is open there is not changed");
    client.type_in(b"key");
    let mut read = [0; 16];
    let n = until("the key", || nix::unistd::read(&tty, &mut read).ok());
    assert_eq!(&read[..n], b"key");
    kill(client.pid(), Signal::SIGTERM).unwrap();
    let next = server.receive();
    assert_eq!(next, ToServer::TakeBack, "and the key was not read there");
    assert!(client.is_raw(), "it waits for our word");
    nix::unistd::write(&tty, b"\x1b[2;2Hthe last frame").unwrap();
    drop(tty);
    server.send(&ToClient::TtyBack { awaited: false });
    server.wait_for("Leaving", |m| *m == ToServer::Leaving);
    assert_eq!(client.ended(), 1);
    client.assert_put_back("[terminated]");
}

#[test]
fn answers_to_the_servers_questions_are_not_left_to_the_shell() {
    let (_place, mut client, mut server, tty) = handed_over("awaited");
    client.type_in(b"\x1bP>|slow 1\x1b\\\x1b[?62;22c");
    server.send(&ToClient::TtyBack { awaited: true });
    server.send(&ToClient::Detach { message: "detached (from session x)".into() });
    assert_eq!(client.ended(), 0);
    client.assert_put_back("[detached (from session x)]");
    let mut raw = tcgetattr(&tty).unwrap();
    cfmakeraw(&mut raw);
    tcsetattr(&tty, SetArg::TCSANOW, &raw).unwrap();
    assert_eq!(nix::unistd::read(&tty, &mut [0; 64]), Err(nix::Error::EAGAIN), "something is left to read");
}

#[test]
fn a_server_that_does_not_answer_or_is_gone_leaves_the_terminal_as_it_was() {
    let (_place, mut client, _server, _tty) = handed_over("stuck");
    kill(client.pid(), Signal::SIGTERM).unwrap();
    assert_eq!(client.ended(), 1);
    client.assert_put_back("[terminated]");
    let (_place, mut client, server, _tty) = handed_over("gone");
    drop(server);
    assert_eq!(client.ended(), 1);
    client.assert_put_back("[lost server]");
}

#[test]
fn a_server_that_cannot_take_the_terminal_is_served() {
    let (_place, client, mut server, tty) = handed_over("refused");
    drop(tty);
    server.send(&ToClient::TtyBack { awaited: false });
    server.send(&ToClient::Draw { seq: 2, bytes: b"\x1b[2;2Hcarried".to_vec() });
    server.wait_for("Drawn", |m| *m == ToServer::Drawn { seq: 2 });
    client.type_in(b"k");
    server.wait_for("the key", |m| *m == ToServer::Input(b"k".to_vec()));
    until("the frame", || client.text().contains("carried").then_some(()));
}

#[test]
fn a_stop_takes_the_terminal_back_and_going_on_offers_it_again() {
    let (_place, mut client, mut server, tty) = handed_over("stop-passed");
    kill(client.pid(), Signal::SIGTSTP).unwrap();
    server.wait_for("TakeBack", |m| *m == ToServer::TakeBack);
    assert!(client.is_raw() && state(client.pid()) != 'T');
    drop(tty);
    server.send(&ToClient::TtyBack { awaited: false });
    until("the client to stop", || (state(client.pid()) == 'T').then_some(()));
    client.assert_put_back("");
    kill(client.pid(), Signal::SIGCONT).unwrap();
    server.wait_for("Redraw", |m| *m == ToServer::Redraw);
    server.send(&ToClient::GiveTty);
    server.wait_for("the terminal", |m| *m == ToServer::Tty);
    assert_eq!(server.fds.len(), 1);
    assert!(client.is_raw());
    // Stopped so that it cannot see it coming: it has the terminal back before it touches it.
    kill(client.pid(), Signal::SIGSTOP).unwrap();
    until("the client to stop", || (state(client.pid()) == 'T').then_some(()));
    kill(client.pid(), Signal::SIGCONT).unwrap();
    server.wait_for("TakeBack", |m| *m == ToServer::TakeBack);
    server.send(&ToClient::TtyBack { awaited: false });
    server.wait_for("Redraw", |m| *m == ToServer::Redraw);
    server.send(&ToClient::Detach { message: "exited".into() });
    assert_eq!(client.ended(), 0);
    client.assert_put_back("[exited]");
}

fn state(pid: Pid) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('?')
}

#[test]
fn a_stop_gives_the_terminal_back_and_going_on_takes_it_again() {
    let (_place, mut client, mut server) = attached("stop");
    kill(client.pid(), Signal::SIGTSTP).unwrap();
    until("the client to stop", || (state(client.pid()) == 'T').then_some(()));
    client.assert_put_back("");
    kill(client.pid(), Signal::SIGCONT).unwrap();
    server.wait_for("Redraw", |m| *m == ToServer::Redraw);
    assert!(client.is_raw());
    until("the alternate screen", || client.screen().modes().alternate.then_some(()));
    server.send(&ToClient::Suspend);
    until("the client to stop", || (state(client.pid()) == 'T').then_some(()));
    assert!(!client.is_raw());
    kill(client.pid(), Signal::SIGCONT).unwrap();
    server.wait_for("Redraw", |m| *m == ToServer::Redraw);
    server.send(&ToClient::Detach { message: "exited".into() });
    assert_eq!(client.ended(), 0);
    client.assert_put_back("[exited]");
}

/// Not a test of its own: what `a_panic_puts_the_terminal_back` runs on a pty.
#[test]
fn a_child_that_panics() {
    if std::env::var_os("QMUX_TEST_PANIC").is_none() {
        return;
    }
    let terminal = qmux::client::terminal::Terminal::open().unwrap();
    terminal.enter().unwrap();
    nix::unistd::write(&terminal, MODES).unwrap();
    let (ours, mut servers) = UnixStream::pair().unwrap();
    terminal.is_in_hands_of(Some(&ours)).unwrap();
    let tty = terminal.as_fd().try_clone_to_owned().unwrap();
    std::thread::spawn(move || {
        let mut heard = Vec::new();
        servers.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, frame(&ToServer::TakeBack));
        nix::unistd::write(&tty, b"the server's last frame").unwrap();
    });
    panic!("the client has a bug");
}

#[test]
fn a_panic_puts_the_terminal_back() {
    let exe = std::env::current_exe().unwrap();
    let args = ["--exact", "a_child_that_panics", "--nocapture", "--test-threads=1"];
    let mut child = OnPty::spawn(exe.to_str().unwrap(), &args, &[("QMUX_TEST_PANIC", "1")]);
    assert_ne!(child.ended(), 0);
    let seen = String::from_utf8_lossy(&child.seen.lock().unwrap()).into_owned();
    assert!(seen.contains("\x1b[?1049h"), "it was attached");
    let left = seen.find("\x1b[?1049l").unwrap();
    let last = seen.find("the server's last frame").expect("the server was told, and waited for");
    assert!(last < left, "no frame follows");
    assert!(seen[left..].contains("the client has a bug"), "the message is on the user's own screen");
    child.assert_put_back("the client has a bug");
}

#[test]
fn a_slow_terminal_holds_up_neither_keys_nor_the_end() {
    let (_place, client, mut server) = attached("slow");
    // Output stopped as ^S stops it: the terminal takes nothing until it goes on.
    nix::sys::termios::tcflow(client.slave_file(), nix::sys::termios::FlowArg::TCOOFF).unwrap();
    server.send(&ToClient::Draw { seq: 2, bytes: vec![b'x'; 300_000] });
    client.type_in(b"k");
    server.wait_for("the key", |m| matches!(m, ToServer::Input(bytes) if bytes == b"k"));
    nix::sys::termios::tcflow(client.slave_file(), nix::sys::termios::FlowArg::TCOON).unwrap();
    server.wait_for("Drawn", |m| *m == ToServer::Drawn { seq: 2 });
}

impl OnPty {
    fn slave_file(&self) -> std::fs::File {
        let path = self.master.tty_name().unwrap();
        std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap()
    }
}

fn command(place: &Place, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qmux"));
    command.arg("-S").arg(place.socket()).args(args).env_remove("QMUX").env_remove("TMUX");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_commands_output_and_exit_code_come_through() {
    let place = Place::new("command");
    let child = command(&place, &["ls", "-F", "#S"]).spawn().unwrap();
    let mut server = place.accept();
    let hello = server.hello();
    assert_eq!((hello.argv.len(), hello.tty), (3, None));
    server.send(&ToClient::Stdout(b"one\n".to_vec()));
    server.send(&ToClient::Stderr(b"two\n".to_vec()));
    server.send(&ToClient::Exit { code: 7 });
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.stdout, output.stderr), (b"one\n".to_vec(), b"two\n".to_vec()));
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn standard_input_is_read_when_it_is_wanted() {
    let place = Place::new("stdin");
    let mut child = command(&place, &["load-buffer", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut server = place.accept();
    server.hello();
    server.send(&ToClient::WantStdin);
    child.stdin.take().unwrap().write_all(b"text").unwrap();
    assert_eq!(server.receive(), ToServer::Stdin(Some(b"text".to_vec())));
    assert_eq!(server.receive(), ToServer::Stdin(None));
    server.send(&ToClient::Exit { code: 0 });
    assert!(child.wait().unwrap().success());
}

#[test]
fn without_a_terminal_there_is_no_attaching() {
    let place = Place::new("notty");
    let child = command(&place, &["attach"]).spawn().unwrap();
    let mut server = place.accept();
    server.hello();
    server.send(&ToClient::Attach);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "open terminal failed: not a terminal\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn without_a_server_a_command_says_so_in_tmuxs_words() {
    let place = Place::new("noserver");
    let nobody = place.dir.join("nobody");
    for args in [&["ls"][..], &["has-session", "-t", "x"], &["-N", "new-session"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_qmux")).arg("-S").arg(&nobody).args(args).output().unwrap();
        let words = format!("no server running on {}\n", nobody.display());
        assert_eq!(String::from_utf8_lossy(&output.stderr), words);
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn flags_that_are_wrong_or_not_there_yet_are_refused_in_words() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_qmux")).args(args).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), output.stdout)
    };
    let (code, words, _) = run(&["-x"]);
    assert!(code == Some(1) && words.contains("unknown option -- x\nusage: qmux"), "{words}");
    let (code, _, version) = run(&["-V"]);
    assert_eq!((code, version), (Some(0), b"qmux 0.1.0\n".to_vec()));
}
