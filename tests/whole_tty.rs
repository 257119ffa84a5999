//! The user's terminal in the server's hands: it has it while a client is attached, and writes nothing to it after
//! the client has put it back, whatever happens meanwhile.

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use qmux::ids::Size;
use qmux::protocol::client::{ClientHello, ToClient, ToServer};
use qmux::protocol::{FrameReader, Received, frame};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use support::session::{PROMPT, Qmux};
use support::term::{Term, text_of};
use support::{PATIENCE, qmux as program, wait_until};

/// A loop that prints for ever, and a word that is in what it prints and not in the loop.
const FLOOD: &str = "while :; do echo flo''od $((n++)); done\r";

fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).expect("kill");
}

/// Descriptors of a process that are open on the terminal `tty`.
fn opened(pid: i32, tty: &str) -> usize {
    let Ok(fds) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return 0 };
    let is_tty = |path: std::path::PathBuf| std::fs::read_link(path).is_ok_and(|to| to.as_os_str() == tty);
    fds.filter(|entry| entry.as_ref().is_ok_and(|e| is_tty(e.path()))).count()
}

/// The terminal a process has as its standard input.
fn tty_of(pid: i32) -> String {
    std::fs::read_link(format!("/proc/{pid}/fd/0")).expect("it runs").to_str().expect("text").to_string()
}

/// A client whose pane floods; its terminal's name and the server.
fn flooded(qmux: &Qmux) -> (Term, String, i32) {
    let term = qmux.attached();
    let tty = tty_of(term.pid() as i32);
    let server = qmux.server_pid();
    wait_until("the server to have the terminal", || (opened(server, &tty) == 1).then_some(()));
    term.type_keys(FLOOD);
    term.wait_text("flood");
    (term, tty, server)
}

/// The terminal is the user's again, and the last thing on it is what the client said.
fn assert_put_back(term: &Term, words: &str) {
    wait_until("nobody to have the terminal open", || term.closed().then_some(()));
    assert!(term.cooked(), "{words}: cooked");
    term.with_screen(|screen| {
        let modes = screen.modes();
        assert!(!modes.alternate && !modes.bracketed_paste && !modes.focus_events, "{words}");
        assert!(screen.cursor().visible, "{words}: cursor");
        let text = text_of(screen);
        assert_eq!(text.trim_end().lines().last(), Some(words), "{text}");
    });
}

#[test]
fn no_frame_of_a_flood_follows_the_end() {
    type End = fn(&Term, i32);
    let ends: [(&str, End); 4] = [
        ("[detached (from session work)]", |term, _| term.prefix("d")),
        ("[terminated]", |term, _| send(term.pid() as i32, Signal::SIGTERM)),
        ("[lost server]", |_, server| send(server, Signal::SIGKILL)),
        ("[server exited]", |_, server| send(server, Signal::SIGTERM)),
    ];
    for (words, end) in ends {
        let qmux = Qmux::new();
        let (mut term, _, server) = flooded(&qmux);
        end(&term, server);
        term.wait_exit();
        assert_put_back(&term, words);
    }
}

#[test]
fn a_server_that_was_stopped_meanwhile_writes_nothing_when_it_goes_on() {
    let qmux = Qmux::new();
    let (mut term, tty, server) = flooded(&qmux);
    send(server, Signal::SIGSTOP);
    send(term.pid() as i32, Signal::SIGTERM);
    term.wait_exit();
    assert_eq!(opened(server, &tty), 1, "it could not let it go");
    send(server, Signal::SIGCONT);
    assert_put_back(&term, "[terminated]");
}

#[test]
fn a_killed_client_takes_the_terminal_with_it() {
    let qmux = Qmux::new();
    let (mut term, tty, server) = flooded(&qmux);
    term.kill();
    term.wait_exit();
    wait_until("the server to let the terminal go", || (opened(server, &tty) == 0).then_some(()));
    let written = term.bytes_read();
    let again = qmux.term(&["attach", "-t", "work"]);
    again.wait_text("flood");
    wait_until("one client", || (qmux.ok(&["list-clients"]).lines().count() == 1).then_some(()));
    wait_until("the end of the first one's terminal", || term.closed().then_some(()));
    assert!(term.bytes_read() - written < 1 << 16, "no more than was in the terminal");
}

#[test]
fn suspended_and_brought_back_under_a_shell() {
    let qmux = Qmux::new();
    let shell = qmux.shell();
    shell.wait_text(PROMPT);
    let flags = |pid: u32| {
        let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/0")).expect("the shell runs");
        let line = info.lines().find_map(|l| l.strip_prefix("flags:")).expect("flags").trim().to_string();
        u32::from_str_radix(&line, 8).expect("octal")
    };
    assert_eq!(flags(shell.pid()) & 0o4000, 0);
    shell.type_keys(format!("{} new-session -s work\r", program().display()));
    wait_until("a session", || (qmux.run(&["has-session", "-t", "work"]).code == 0).then_some(()));
    let (tty, server) = (tty_of(shell.pid() as i32), qmux.server_pid());
    for _ in 0..3 {
        wait_until("the server to have the terminal", || (opened(server, &tty) == 1).then_some(()));
        assert_eq!(flags(shell.pid()) & 0o4000, 0, "the shell's description still blocks");
        shell.type_keys(FLOOD);
        shell.wait_text("flood");
        let client = qmux.ask("work", "#{client_pid}").parse().expect("a process id");
        send(client, Signal::SIGTSTP);
        shell.wait_text("Stopped");
        wait_until("the server to close it", || (opened(server, &tty) == 0).then_some(()));
        shell.type_keys("clear; echo al''ive\r");
        shell.wait_text("alive");
        shell.wait_no_text("flood");
        shell.type_keys("fg\r");
        shell.wait_text("flood");
        // The keys go to the pane again.
        shell.type_keys("\x03clear\r");
        shell.wait_no_text("flood");
    }
    shell.prefix("d");
    shell.wait_text("[detached (from session work)]");
    shell.type_keys("echo still $((6*7))\r");
    shell.wait_text("still 42");
}

#[test]
fn a_terminal_nobody_reads_holds_up_nobody() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    let pair = native_pty_system()
        .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
        .expect("a pty");
    let mut command = CommandBuilder::new(program());
    command.args(["attach", "-t", "work"]);
    for (name, value) in qmux.env() {
        command.env(name, value);
    }
    command.env("TERM", "xterm-256color");
    let mut stuck = pair.slave.spawn_command(command).expect("it starts");
    drop(pair.slave);
    let (tty, server) =
        (pair.master.tty_name().expect("a name").to_str().expect("text").to_string(), qmux.server_pid());
    wait_until("the server to have both", || (opened(server, &tty) == 1).then_some(()));
    term.type_keys("clear; seq 1 300000; echo al''l through\r");
    term.wait_text("all through");
    // Now it is read: the states in between are skipped, the last one comes.
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut screen = qmux::vt::Screen::new(Size::new(80, 24), 0);
    let mut buffer = [0; 4096];
    let mut read = 0;
    while !text_of(&screen).contains("all through") {
        let n = reader.read(&mut buffer).expect("the client is there");
        assert!(n > 0, "it ended");
        screen.advance(&buffer[..n]);
        read += n;
    }
    assert!(read < 1_000_000, "{read} bytes: it has a backlog");
    // And stuck again, in a frame, it can be sent away.
    term.type_keys(FLOOD);
    term.wait_text("flood");
    qmux.ok(&["detach-client", "-t", &tty]);
    wait_until("the client to end", || stuck.try_wait().expect("wait"));
    wait_until("the server to close it", || (opened(server, &tty) == 0).then_some(()));
}

/// A client that is played by the test.
struct Played {
    stream: UnixStream,
    reader: FrameReader,
}

impl Played {
    fn attach(qmux: &Qmux, passes_tty: bool) -> Played {
        let stream = UnixStream::connect(qmux.ask("work", "#{socket_path}")).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut played = Played { stream, reader: FrameReader::new() };
        let argv = ["attach", "-t", "work"].map(String::from).to_vec();
        played.say(&ToServer::Hello(Box::new(ClientHello {
            protocol: qmux::protocol::client::CLIENT_PROTOCOL,
            argv,
            term: "xterm-256color".into(),
            tty: Some("/dev/pts/played".into()),
            size: Some(Size::new(80, 24)),
            utf8: true,
            passes_tty,
            ..ClientHello::default()
        })));
        played.wait("Attach", |m| matches!(m, ToClient::Attach));
        played
    }

    fn say(&mut self, message: &ToServer) {
        self.stream.write_all(&frame(message)).expect("the server reads");
    }

    fn hear(&mut self) -> ToClient {
        loop {
            if let Some(Received::Known(message)) = self.reader.next_message().expect("sense") {
                return message;
            }
            let mut buffer = [0; 4096];
            let n = self.stream.read(&mut buffer).expect("the server speaks");
            assert!(n > 0, "the server has ended it");
            self.reader.feed(&buffer[..n]);
        }
    }

    fn wait(&mut self, what: &str, wanted: impl Fn(&ToClient) -> bool) -> ToClient {
        for _ in 0..100 {
            let message = self.hear();
            if wanted(&message) {
                return message;
            }
        }
        panic!("{what} did not come")
    }

    /// Confirms frames until their bytes hold `text`.
    fn drawn(&mut self, text: &str) {
        let mut screen = qmux::vt::Screen::new(Size::new(80, 24), 0);
        while !text_of(&screen).contains(text) {
            if let ToClient::Draw { seq, bytes } =
                self.wait("a frame", |m| matches!(m, ToClient::Draw { .. }))
            {
                screen.advance(&bytes);
                self.say(&ToServer::Drawn { seq });
            }
        }
    }
}

#[test]
fn clients_that_cannot_pass_their_terminal_carry_keys_and_frames() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    // One that does not know of it, and one that says so.
    for (n, passes_tty) in [false, true].into_iter().enumerate() {
        let mut played = Played::attach(&qmux, passes_tty);
        if passes_tty {
            assert_eq!(played.hear(), ToClient::GiveTty);
            played.say(&ToServer::Tty);
            assert_eq!(played.hear(), ToClient::TtyBack { awaited: false });
        }
        played.drawn(PROMPT);
        played.say(&ToServer::Input(format!("echo carried-$(({n}+7))\r").into_bytes()));
        term.wait_text(&format!("carried-{}", n + 7));
        played.say(&ToServer::Redraw);
        if passes_tty {
            played.wait("the question again", |m| *m == ToClient::GiveTty);
            played.say(&ToServer::Tty);
        }
        played.drawn(&format!("carried-{}", n + 7));
    }
}
