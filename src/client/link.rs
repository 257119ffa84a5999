//! One connection to the server, from Hello to the exit code.
//!
//! Before `Attach` it is a command's: output to standard output and error, standard input on request.
//! After it, the terminal is passed to the server, which reads keys and writes frames itself; here signals are
//! turned into messages, and the terminal is taken back before its modes are. A terminal that cannot be passed is
//! served from here: frames out, keys in.

use super::control::Control;
use super::terminal::{self, Terminal, TerminalError};
use crate::protocol::client::{ClientHello, MAX_INPUT, ToClient, ToServer};
use crate::protocol::{FrameError, FrameReader, Received, encode};
use crate::sys::fdpass;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Bytes waiting for the server over which no more are read from the terminal or standard input.
const TO_SERVER_MAX: usize = 256 * 1024;

/// Bytes waiting for the terminal over which no more are read from the server.
const TO_TTY_MAX: usize = 4 * 1024 * 1024;

/// Longest wait for a server that is to let the terminal go. One that is stuck writes nothing later either: it
/// finds our word first.
const BACK_PATIENCE: Duration = Duration::from_secs(1);

/// Signals an attached client turns into something else than death.
const SIGNALS: [Signal; 7] = [
    Signal::SIGWINCH,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// How the client ends.
enum End {
    /// With the code of its command, without a word.
    Exit(u8),
    /// Detached: the words between brackets, code 0.
    Detached(String),
    /// For a reason of its own: the words, code 1.
    Broken(String),
}

/// What is on its way to the terminal: bytes, and after the last byte of a frame its number.
#[derive(Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<(Vec<u8>, Option<u64>)>,
    written: usize,
    bytes: usize,
}

/// Who reads and writes the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hands {
    Ours,
    /// The server wants it: ours until all that was given to us is written.
    Wanted,
    Servers,
}

/// The attached terminal.
struct Attached {
    terminal: Terminal,
    signals: SignalFd,
    out: Outgoing,
    hands: Hands,
}

/// The connection.
pub struct Link {
    stream: UnixStream,
    reader: FrameReader,
    to_server: Vec<u8>,
    sent: usize,
    /// Where in `to_server` the message begins that the terminal's descriptor rides on.
    riding: Option<usize>,
    /// What the server said while something else was waited for.
    later: VecDeque<ToClient>,
    attached: Option<Attached>,
    control: Option<Control>,
    /// The server has said something.
    heard: bool,
    wants_stdin: bool,
    /// Reading and writing go through this many bytes at a time.
    buffer: Vec<u8>,
}

impl Link {
    /// Over a connected socket; `control` is how often `-C` was given.
    pub fn new(stream: UnixStream, control: u8) -> Result<Link, String> {
        let control = (control > 0).then(|| Control::begin(control)).transpose()?;
        Ok(Link {
            stream,
            reader: FrameReader::new(),
            to_server: Vec::new(),
            sent: 0,
            riding: None,
            later: VecDeque::new(),
            attached: None,
            wants_stdin: false,
            heard: false,
            control,
            buffer: vec![0; MAX_INPUT],
        })
    }

    /// Says Hello and does what the server says until it is over; `None` when it went without a word: it was
    /// ending, and has done nothing. An error is a message for the user.
    pub fn run(mut self, hello: ClientHello) -> Result<Option<ExitCode>, String> {
        self.stream.set_nonblocking(true).map_err(|e| format!("qmux: the server's socket: {e}"))?;
        self.send(&ToServer::Hello(Box::new(hello)));
        let end = self.pump();
        if !self.heard && matches!(end, End::Broken(_)) {
            return Ok(None);
        }
        self.take_back();
        let was_attached = self.attached.is_some();
        if let Some(attached) = self.attached.take() {
            attached.terminal.leave();
        }
        if let Some(stream) = self.control.take_if(|c| c.plain) {
            stream.end("");
        }
        if let Some(control) = self.control.take() {
            let (words, code) = match &end {
                End::Exit(code) => ("", ExitCode::from(*code)),
                End::Detached(words) => (words.as_str(), ExitCode::SUCCESS),
                End::Broken(words) => (words.as_str(), ExitCode::FAILURE),
            };
            control.end(words);
            return Ok(Some(code));
        }
        Ok(Some(match end {
            End::Exit(code) => ExitCode::from(code),
            End::Detached(words) => {
                say(was_attached, &words);
                ExitCode::SUCCESS
            }
            End::Broken(words) => {
                say(was_attached, &words);
                ExitCode::FAILURE
            }
        }))
    }

    fn pump(&mut self) -> End {
        loop {
            if let Err(end) = self.turn() {
                return end;
            }
        }
    }

    fn send(&mut self, message: &ToServer) {
        encode(message, &mut self.to_server);
    }

    /// Waits for something to do and does it. The error is the end.
    fn turn(&mut self) -> Result<(), End> {
        self.flush_to_server()?;
        self.flush_to_tty()?;
        self.hand_over()?;
        while let Some(message) = self.later.pop_front() {
            self.take(message)?;
        }
        let ready = self.wait()?;
        if ready.signal {
            self.take_signals()?;
        }
        if ready.tty {
            self.read_tty()?;
        }
        if ready.stdin {
            self.read_stdin();
        }
        if ready.server {
            self.read_server()?;
        }
        Ok(())
    }

    fn wait(&self) -> Result<Ready, End> {
        let unsent = self.to_server.len() - self.sent;
        let room = unsent < TO_SERVER_MAX;
        let out = self.attached.as_ref().map(|a| &a.out).or(self.control.as_ref().map(|c| &c.out));
        let mut server = PollFlags::empty();
        server.set(PollFlags::POLLIN, out.is_none_or(|out| out.bytes < TO_TTY_MAX));
        server.set(PollFlags::POLLOUT, unsent > 0);
        let stdin = io::stdin();
        let mut fds = vec![PollFd::new(self.stream.as_fd(), server)];
        if let Some(attached) = &self.attached {
            let mut tty = PollFlags::empty();
            // In the server's hands only its loss concerns us, which poll(2) tells unasked.
            let ours = attached.hands != Hands::Servers;
            tty.set(PollFlags::POLLIN, ours && room);
            tty.set(PollFlags::POLLOUT, ours && attached.out.bytes > 0);
            fds.push(PollFd::new(attached.signals.as_fd(), PollFlags::POLLIN));
            fds.push(PollFd::new(attached.terminal.as_fd(), tty));
        } else if self.wants_stdin && room {
            fds.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
        }
        let stdout = io::stdout();
        let plain = self.control.as_ref().is_some_and(|c| c.plain);
        let stdout_at = fds.len();
        if self.control.is_some() && (plain || out.is_some_and(|out| out.bytes > 0)) {
            let mut events = PollFlags::empty();
            events.set(PollFlags::POLLOUT, out.is_some_and(|out| out.bytes > 0));
            fds.push(PollFd::new(stdout.as_fd(), events));
        }
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(End::Broken(format!("poll: {error}"))),
        }
        let readable = PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR;
        let is = |at: usize| fds.get(at).and_then(PollFd::revents).is_some_and(|r| r.intersects(readable));
        if plain
            && fds.get(stdout_at).and_then(PollFd::revents).is_some_and(|r| r.contains(PollFlags::POLLERR))
        {
            // Whoever read the stream has gone (`qmux events | head -1`): there may never be another event to
            // find that out by.
            return Err(End::Exit(0));
        }
        let attached = self.attached.is_some();
        Ok(Ready {
            server: is(0),
            signal: attached && is(1),
            tty: attached && is(2),
            stdin: !attached && self.wants_stdin && room && is(1),
        })
    }

    fn flush_to_server(&mut self) -> Result<(), End> {
        while self.sent < self.to_server.len() {
            let to = self.riding.filter(|at| *at > self.sent).unwrap_or(self.to_server.len());
            let rides = self.riding == Some(self.sent);
            let tty = self.attached.as_ref().filter(|_| rides).map(|a| a.terminal.as_fd());
            match fdpass::send(self.stream.as_fd(), &self.to_server[self.sent..to], tty.as_slice()) {
                Ok(n) => {
                    self.riding = self.riding.filter(|_| !rides);
                    self.sent += n;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(()),
                    io::ErrorKind::Interrupted => {}
                    // What the server still said before it closed is in the socket: the reading side
                    // finds the end.
                    _ => break,
                },
            }
        }
        self.to_server.clear();
        self.sent = 0;
        self.riding = None;
        Ok(())
    }

    fn read_server(&mut self) -> Result<(), End> {
        match (&self.stream).read(&mut self.buffer) {
            Ok(0) => return Err(End::Broken("lost server".into())),
            Ok(n) => self.reader.feed(&self.buffer[..n]),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => return Ok(()),
                _ => return Err(End::Broken("lost server".into())),
            },
        }
        loop {
            match self.reader.next_message::<ToClient>() {
                Ok(Some(Received::Known(message))) => {
                    // A control client's first command is its argv: lines come after it.
                    self.wants_stdin |= !self.heard && self.control.is_some();
                    self.heard = true;
                    self.take(message)?;
                }
                // A newer server: what we do not know we cannot need.
                Ok(Some(Received::Unknown(_))) => {}
                Ok(None) => return Ok(()),
                Err(error) => return Err(garbled(&error)),
            }
        }
    }

    fn take(&mut self, message: ToClient) -> Result<(), End> {
        match message {
            ToClient::Stdout(bytes) => put(&mut io::stdout(), &bytes),
            ToClient::Stderr(bytes) => put(&mut io::stderr(), &bytes),
            ToClient::Exit { code } => return Err(End::Exit(code)),
            ToClient::Attach => self.attach()?,
            ToClient::Draw { seq, bytes } => match &mut self.attached {
                Some(attached) => attached.out.push(bytes, Some(seq)),
                None => self.control.get_or_insert_with(Control::stream).out.push(bytes, Some(seq)),
            },
            ToClient::Terminal(bytes) => {
                if let Some(attached) = &mut self.attached {
                    terminal::asks(&bytes);
                    attached.out.push(bytes, None);
                }
            }
            ToClient::Detach { message } => return Err(End::Detached(message)),
            ToClient::WantStdin => self.wants_stdin = true,
            ToClient::Suspend => self.suspend()?,
            ToClient::Lock { command } => self.lock(&command)?,
            ToClient::GiveTty => {
                if let Some(attached) = &mut self.attached {
                    attached.hands = Hands::Wanted;
                }
            }
            ToClient::TtyBack { awaited } => self.is_back(awaited),
        }
        self.flush_to_tty()
    }

    fn attach(&mut self) -> Result<(), End> {
        if self.attached.is_some() {
            return Ok(());
        }
        let broken = |error: &dyn std::fmt::Display| End::Broken(format!("open terminal failed: {error}"));
        let terminal = Terminal::open().map_err(|e| broken(&e))?;
        // Signals are turned into messages before the terminal is changed, so that none of them can end
        // the process with the terminal raw.
        let mut set = SigSet::empty();
        SIGNALS.iter().for_each(|signal| set.add(*signal));
        set.thread_block().map_err(|e| broken(&e))?;
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map_err(|e| broken(&e))?;
        terminal.enter().map_err(|e: TerminalError| broken(&e))?;
        self.wants_stdin = false;
        self.attached = Some(Attached { terminal, signals, out: Outgoing::default(), hands: Hands::Ours });
        // The size may have changed since Hello, when SIGWINCH was not ours yet.
        self.send_size();
        Ok(())
    }

    /// Passes the terminal to the server that wants it, once everything before is written.
    fn hand_over(&mut self) -> Result<(), End> {
        let Some(attached) = &mut self.attached else { return Ok(()) };
        if attached.hands != Hands::Wanted || !attached.out.pieces.is_empty() {
            return Ok(());
        }
        // Without a copy of the connection a panic could not end it first: then it stays here.
        let passed =
            attached.terminal.can_be_passed() && attached.terminal.is_in_hands_of(Some(&self.stream)).is_ok();
        attached.hands = if passed { Hands::Servers } else { Hands::Ours };
        self.riding = passed.then_some(self.to_server.len());
        self.send(&ToServer::Tty);
        self.flush_to_server()
    }

    /// Has the server let the terminal go, if it has it. After this it writes no more to it.
    fn take_back(&mut self) {
        let passed = |link: &Link| link.attached.as_ref().is_some_and(|a| a.hands == Hands::Servers);
        if !passed(self) {
            return;
        }
        self.send(&ToServer::TakeBack);
        let deadline = Instant::now() + BACK_PATIENCE;
        while passed(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.flush_to_server().is_err() || !self.hear(left) {
                break;
            }
        }
        // A server that has gone has let it go.
        if passed(self) {
            self.is_back(false);
        }
    }

    /// Waits for the server to speak and keeps what it says for later; only the terminal's return counts at once.
    /// `false`: there is nothing more to hear.
    fn hear(&mut self, patience: Duration) -> bool {
        loop {
            match self.reader.next_message::<ToClient>() {
                Ok(Some(Received::Known(ToClient::TtyBack { awaited }))) => {
                    self.is_back(awaited);
                    return true;
                }
                Ok(Some(Received::Known(message))) => self.later.push_back(message),
                Ok(Some(Received::Unknown(_))) => {}
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, self.sent < self.to_server.len());
        let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(self.stream.as_fd(), events)], timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
        match (&self.stream).read(&mut self.buffer) {
            Ok(0) => false,
            Ok(n) => {
                self.reader.feed(&self.buffer[..n]);
                true
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// The terminal is ours; `awaited`: its answers to the server's questions are on their way.
    fn is_back(&mut self, awaited: bool) {
        if awaited {
            terminal::awaits();
        }
        if let Some(attached) = &mut self.attached {
            attached.hands = Hands::Ours;
            attached.terminal.is_in_hands_of(None).expect("nothing to copy");
        }
    }

    fn send_size(&mut self) {
        if let Some((size, cell_pixels)) = Terminal::size() {
            self.send(&ToServer::Resize { size, cell_pixels });
        }
    }

    fn take_signals(&mut self) -> Result<(), End> {
        loop {
            let Some(attached) = &self.attached else { return Ok(()) };
            let Ok(Some(info)) = attached.signals.read_signal() else { return Ok(()) };
            let number = i32::try_from(info.ssi_signo).unwrap_or(0);
            match Signal::try_from(number) {
                Ok(Signal::SIGWINCH) => self.send_size(),
                Ok(Signal::SIGTSTP) => self.suspend()?,
                Ok(Signal::SIGCONT) => self.resume()?,
                Ok(Signal::SIGHUP) => return Err(self.leaving("lost tty")),
                _ => return Err(self.leaving("terminated")),
            }
        }
    }

    /// Tells the server, as far as it listens, and ends.
    fn leaving(&mut self, words: &str) -> End {
        self.take_back();
        self.send(&ToServer::Leaving);
        let _ = self.flush_to_server();
        End::Broken(words.into())
    }

    /// Gives the terminal back and stops, as a program does on ^Z. Going on is [`resume`](Self::resume),
    /// on the SIGCONT that is pending by then.
    fn suspend(&mut self) -> Result<(), End> {
        self.take_back();
        if let Some(attached) = &self.attached {
            attached.terminal.leave();
            nix::sys::signal::raise(Signal::SIGSTOP).map_err(|e| End::Broken(format!("cannot stop: {e}")))?;
        }
        Ok(())
    }

    /// Gives the terminal to a command until it ends. What is typed there as ^C or ^Z is for the command:
    /// signals that came meanwhile are dropped (std empties the child's signal mask).
    fn lock(&mut self, command: &str) -> Result<(), End> {
        self.take_back();
        if let Some(attached) = &self.attached {
            attached.terminal.leave();
            let mut child = std::process::Command::new("/bin/sh");
            child.arg("-c").arg(command);
            // A lock that cannot be run locks nothing; the session goes on as it was.
            let _ = child.status();
            while let Ok(Some(_)) = attached.signals.read_signal() {}
        }
        self.resume()
    }

    /// After a stop: the shell has had the terminal, so modes and contents are no longer ours.
    fn resume(&mut self) -> Result<(), End> {
        // Stopped by a signal that cannot be caught, nobody has taken it back.
        self.take_back();
        if let Some(attached) = &self.attached {
            attached.terminal.leave();
            attached.terminal.enter().map_err(|e| End::Broken(format!("open terminal failed: {e}")))?;
            self.send_size();
            self.send(&ToServer::Redraw);
        }
        Ok(())
    }

    fn read_tty(&mut self) -> Result<(), End> {
        let Some(attached) = &self.attached else { return Ok(()) };
        if attached.hands == Hands::Servers {
            return Err(self.leaving("lost tty"));
        }
        match nix::unistd::read(attached.terminal.as_fd(), &mut self.buffer) {
            Ok(0) => Err(self.leaving("lost tty")),
            Ok(n) => {
                terminal::hears(&self.buffer[..n]);
                let message = ToServer::Input(self.buffer[..n].to_vec());
                self.send(&message);
                // Now, and not in the next turn: this is the keystroke path.
                self.flush_to_server()
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
            Err(_) => Err(self.leaving("lost tty")),
        }
    }

    fn read_stdin(&mut self) {
        match nix::unistd::read(io::stdin().as_fd(), &mut self.buffer) {
            Ok(0) => {
                self.wants_stdin = false;
                self.send(&ToServer::Stdin(None));
            }
            Ok(n) => {
                let message = ToServer::Stdin(Some(self.buffer[..n].to_vec()));
                self.send(&message);
            }
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(_) => {
                self.wants_stdin = false;
                self.send(&ToServer::Stdin(None));
            }
        }
    }

    /// Writes what the terminal takes, and acknowledges the frames that are through.
    fn flush_to_tty(&mut self) -> Result<(), End> {
        if let Some(control) = &mut self.control {
            // Nobody reads any more: as a broken pipe ends any filter.
            let gone = if control.plain { End::Exit(0) } else { End::Broken(String::new()) };
            let Ok(drawn) = control.write() else { return Err(gone) };
            for seq in &drawn {
                self.send(&ToServer::Drawn { seq: *seq });
            }
            return if drawn.is_empty() { Ok(()) } else { self.flush_to_server() };
        }
        let Some(attached) = self.attached.as_mut().filter(|a| a.hands != Hands::Servers) else {
            return Ok(());
        };
        let limit = attached.terminal.write_limit();
        let drawn = match attached.out.write_to(attached.terminal.as_fd(), limit) {
            Ok(drawn) => drawn,
            Err(_) => return Err(self.leaving("lost tty")),
        };
        for seq in &drawn {
            self.send(&ToServer::Drawn { seq: *seq });
        }
        if drawn.is_empty() { Ok(()) } else { self.flush_to_server() }
    }
}

/// What `poll` found.
struct Ready {
    server: bool,
    signal: bool,
    tty: bool,
    stdin: bool,
}

impl Outgoing {
    pub(super) fn waiting(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, bytes: Vec<u8>, seq: Option<u64>) {
        self.bytes += bytes.len();
        self.pieces.push_back((bytes, seq));
    }

    /// Writes until the terminal is full or nothing is left; the numbers of the frames that are through.
    pub(super) fn write_to(&mut self, tty: BorrowedFd<'_>, limit: usize) -> Result<Vec<u64>, Errno> {
        let mut drawn = Vec::new();
        while let Some((bytes, seq)) = self.pieces.front() {
            let rest = &bytes[self.written..];
            if rest.is_empty() {
                drawn.extend(seq);
                self.pieces.pop_front();
                self.written = 0;
                continue;
            }
            match nix::unistd::write(tty, &rest[..rest.len().min(limit)]) {
                Ok(n) => {
                    self.written += n;
                    self.bytes -= n;
                    // A small limit means that the next write may block: poll first.
                    if n == limit {
                        break;
                    }
                }
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(drawn)
    }
}

fn garbled(error: &FrameError) -> End {
    End::Broken(format!("the server's words are not understood ({error}); is it another version of qmux?"))
}

/// A reader that has gone (`qmux ls | head`) is no error of ours.
fn put(to: &mut dyn io::Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

/// An attached client's last words are in brackets on the user's own screen; a command's are an error.
fn say(was_attached: bool, words: &str) {
    if was_attached {
        put(&mut io::stdout(), format!("[{words}]\n").as_bytes());
    } else {
        put(&mut io::stderr(), format!("{words}\n").as_bytes());
    }
}
