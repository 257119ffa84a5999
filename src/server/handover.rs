//! `restart-server`: this process goes on as another program file and keeps what cannot be opened again.
//!
//! exec(2) in place: same process number, same listening socket, lock, clients' connections and terminals. What they
//! are is written to a memfd without changing anything here, so an exec that fails costs nothing; before it, the new
//! program reads the same bytes in a process of its own and says whether it can use them. Keepers find a broken link
//! and are found again, as after a crash.

use super::wire::{Outbox, Sink, drain};
use super::{Doors, Server, ServerArgs, clients, panes, persist};
use crate::ids::{ClientId, LifeId, PaneId};
use crate::mux::{Config, Event, Failure, Mux};
use crate::protocol;
use crate::protocol::client::{ClientHello, ToClient};
use crate::sys::{fdtable, inherited};
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::task::spawn_local;

/// Newest form of [`Handover`] written and read.
const FORM: u32 = 1;
/// What the rehearsal prints when the new program can take over.
const READY: &str = "qmux can take over";
/// Longest that the rehearsal may take.
const REHEARSAL: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
pub(super) struct Handover {
    form: u32,
    listener: RawFd,
    lock: RawFd,
    asker: Option<ClientId>,
    next_client: u32,
    #[serde(with = "serde_bytes")]
    structure: Vec<u8>,
    #[serde(with = "serde_bytes")]
    more: Vec<u8>,
    screens: Vec<(PaneId, serde_bytes::ByteBuf)>,
    wires: Vec<(LifeId, panes::HandedWire)>,
    clients: Vec<HandedClient>,
    /// Terminals that could not be taken over.
    #[serde(skip)]
    gone: Vec<ClientId>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HandedClient {
    pub(super) id: ClientId,
    pub(super) hello: ClientHello,
    pub(super) socket: RawFd,
    /// On its way to the client.
    #[serde(with = "serde_bytes")]
    pub(super) unsent: Vec<u8>,
    /// The beginning of a message of which the rest has not come.
    #[serde(with = "serde_bytes")]
    pub(super) unread: Vec<u8>,
    /// `None`: it is no terminal.
    pub(super) screen: Option<HandedScreen>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HandedScreen {
    pub(super) seq: u64,
    pub(super) outstanding: Option<u64>,
    pub(super) way: HandedWay,
}

#[derive(Serialize, Deserialize)]
pub(super) enum HandedWay {
    Relay,
    Held(Vec<u8>),
    Direct { fd: RawFd, unsent: Vec<u8>, awaited: bool },
}

fn refused(text: String) -> Failure {
    Failure::new(1, "restart", text)
}

/// `Job::Restart`. Comes back only with why not.
pub(super) async fn restart(
    server: &Rc<Server>,
    binary: Option<String>,
    asker: Option<ClientId>,
) -> Result<String, Failure> {
    let not = |why: String, cure: &str| {
        refused(format!("restart-server: the server goes on as it was: {why}. Nothing was changed. {cure}"))
    };
    let binary = binary.map_or_else(|| server.exe.clone(), PathBuf::from);
    panes::settle(server).await;
    if let Some(pane) = panes::on_its_way(&server.core.borrow()) {
        return Err(not(format!("pane {pane} is being moved or started"), "Try again when that is done."));
    }
    let state = capture(server, asker).map_err(|e| not(format!("its state cannot be written: {e}"), ""))?;
    rehearse(&binary, &state).await.map_err(|why| {
        not(
            format!("{} cannot take over: {why}", binary.display()),
            "Give a qmux of this version or newer with -b.",
        )
    })?;
    if let Some(pane) = panes::on_its_way(&server.core.borrow()) {
        return Err(not(format!("pane {pane} is being moved or started"), "Try again when that is done."));
    }
    // From here to exec(2) nothing else runs: what is written is what is.
    let why = become_other(server, &binary, asker);
    Err(not(format!("{} cannot be run: {why}", binary.display()), ""))
}

/// All that the next program needs, in a file of no name.
fn capture(server: &Server, asker: Option<ClientId>) -> io::Result<File> {
    let (handover, _) = describe(server, asker)?;
    write(&handover)
}

fn write(handover: &Handover) -> io::Result<File> {
    let bytes = rmp_serde::to_vec_named(handover).map_err(io::Error::other)?;
    let mut file = File::from(memfd_create(c"qmux-handover", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(&bytes)?;
    file.rewind()?;
    Ok(file)
}

/// The state, and the descriptors it names.
fn describe(server: &Server, asker: Option<ClientId>) -> io::Result<(Handover, Vec<RawFd>)> {
    let core = server.core.borrow();
    let doors = server.doors.get().ok_or(io::ErrorKind::NotConnected)?;
    let handover = Handover {
        form: FORM,
        listener: doors.listener.as_raw_fd(),
        lock: doors.lock.as_raw_fd(),
        asker,
        next_client: core.next_client,
        structure: persist::structure(&core),
        more: core.mux.hand_over(),
        screens: core.mux.panes().map(|p| (p.id, p.screen.snapshot().into())).collect(),
        wires: core.panes.values().map(|w| (w.life, w.hand_over())).collect(),
        clients: core.clients.iter().map(|(id, c)| c.hand_over(*id)).collect(),
        gone: Vec::new(),
    };
    let mut fds = vec![handover.listener, handover.lock];
    for client in &handover.clients {
        fds.push(client.socket);
        if let Some(HandedScreen { way: HandedWay::Direct { fd, .. }, .. }) = &client.screen {
            fds.push(*fd);
        }
    }
    Ok((handover, fds))
}

/// Has `binary` read the state in a process of its own, which has none of the descriptors.
async fn rehearse(binary: &Path, state: &File) -> Result<(), String> {
    let state = state.try_clone().map_err(|e| e.to_string())?;
    let mut command = tokio::process::Command::new(binary);
    command.arg("--role-server-rehearsal").stdin(state).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.kill_on_drop(true).spawn().map_err(|e| e.to_string())?;
    let ended = tokio::time::timeout(REHEARSAL, child.wait_with_output()).await;
    let output = ended.map_err(|_| "it does not answer".to_string())?.map_err(|e| e.to_string())?;
    if output.status.success() && output.stdout.trim_ascii() == READY.as_bytes() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or_default();
    Err(if said.is_empty() {
        format!("it is no qmux that knows this verb ({})", output.status)
    } else {
        said.into()
    })
}

/// The other side of [`rehearse`].
pub fn rehearsal() -> ExitCode {
    let tried = read(io::stdin().lock()).and_then(|h| {
        let mut mux = Mux::new(Config::default());
        persist::rehearse(&h.structure, &mut mux)?;
        mux.take_over(&h.more).map_err(|e| e.to_string())?;
        for (_, screen) in &h.screens {
            crate::vt::Screen::from_snapshot(screen).map_err(|e| e.to_string())?;
        }
        Ok(())
    });
    match tried {
        Ok(()) => {
            println!("{READY}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut from: impl Read) -> Result<Handover, String> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let handover: Handover = rmp_serde::from_slice(&bytes).map_err(|e| format!("the server's state: {e}"))?;
    match handover.form {
        FORM => Ok(handover),
        other => Err(format!("the server's state has form {other}, this qmux reads {FORM}")),
    }
}

/// Runs `binary` in this process. Comes back only with an error; nothing has changed then.
fn become_other(server: &Server, binary: &Path, asker: Option<ClientId>) -> String {
    let attempt = || -> io::Result<std::convert::Infallible> {
        let (handover, mut fds) = describe(server, asker)?;
        let state = write(&handover)?;
        let number = state.as_raw_fd();
        fds.push(number);
        let text = |s: &OsStr| CString::new(s.as_bytes()).map_err(io::Error::other);
        let mut argv = vec![text(OsStr::new("qmux"))?, text(OsStr::new("--role-server"))?];
        argv.push(text(server.socket.as_os_str())?);
        for word in &server.again {
            argv.push(text(word)?);
        }
        argv.push(text(OsStr::new("--takes-over"))?);
        argv.push(text(OsStr::new(&number.to_string()))?);
        // Should the next program be killed before it has read it all, the one after it finds the files.
        persist::last_words(server);
        let done = fds.iter().try_for_each(|fd| fdtable::set_cloexec(*fd, false));
        let failed = match done {
            Ok(()) => nix::unistd::execv(&text(binary.as_os_str())?, &argv).map_err(io::Error::from),
            Err(e) => Err(e),
        };
        for fd in &fds {
            fdtable::set_cloexec(*fd, true)?;
        }
        failed
    };
    match attempt() {
        Ok(never) => match never {},
        Err(e) => e.to_string(),
    }
}

/// What the program before this one left, from the descriptor named on the command line.
pub(super) fn receive(number: RawFd) -> Result<(Handover, Doors), String> {
    let state = inherited::take(number).map_err(|e| format!("descriptor {number}: {e}"))?;
    let handover = read(File::from(state))?;
    let take = |fd: RawFd| inherited::take(fd).map_err(|e| format!("descriptor {fd}: {e}"));
    let listener = std::os::unix::net::UnixListener::from(take(handover.listener)?);
    let listener = tokio::net::UnixListener::from_std(listener).map_err(|e| e.to_string())?;
    let doors = Doors { listener, lock: Box::new(Box::new(File::from(take(handover.lock)?))) };
    Ok((handover, doors))
}

impl Handover {
    /// The structure, as it is also in the file.
    pub(super) fn structure(&self) -> &[u8] {
        &self.structure
    }

    /// Makes the panes, and the clients that are terminals, what they were; right after the structure was loaded.
    /// What they type is read once the panes are back: [`Handover::finish`].
    pub(super) fn begin(&mut self, core: &mut super::Core) {
        // The rehearsal has read the same bytes.
        let _ = core.mux.take_over(&self.more);
        for (pane, screen) in self.screens.drain(..) {
            if let Ok(screen) = crate::vt::Screen::from_snapshot(&screen) {
                core.mux.set_screen(pane, screen);
            }
        }
        for (life, handed) in self.wires.drain(..) {
            if let Some(wire) = core.panes.values_mut().find(|w| w.life == life) {
                wire.take_over(handed);
            }
        }
        core.next_client = self.next_client;
        let (terminals, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.clients).into_iter().partition(|c| c.screen.is_some());
        self.clients = others;
        for client in terminals {
            let id = client.id;
            if !clients::take_over(core, client) {
                self.gone.push(id);
            }
        }
    }

    /// The panes are back: answers those who wait for an answer.
    pub(super) fn finish(self, server: &Rc<Server>) {
        let asker = self.asker;
        for client in self.clients {
            let Ok(socket) = inherited::take(client.socket) else { continue };
            let Ok(stream) = UnixStream::from_std(socket.into()) else { continue };
            let out = Outbox::new(Sink::Socket(Rc::new(stream)));
            out.push(&client.unsent);
            let words = "the server was restarted";
            let messages = match (asker == Some(client.id), client.hello.control) {
                (true, 0) => vec![ToClient::Exit { code: 0 }],
                (_, 1..) => vec![ToClient::Detach { message: words.into() }],
                (false, 0) => {
                    let line = format!("qmux: {words} before this command was done\n");
                    vec![ToClient::Stderr(line.into_bytes()), ToClient::Exit { code: 1 }]
                }
            };
            for message in &messages {
                out.push(&protocol::frame(message));
            }
            spawn_local(drain(out.clone()));
            out.close();
        }
        for client in self.gone {
            server.event(Event::ClientGone { client });
        }
        clients::serve_taken_over(server);
        reap();
    }
}

/// Children of the program that ran here before (jobs, ssh) end as ours, and nobody else waits for them.
fn reap() {
    let mut list = String::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        list.push_str(&std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
    }
    let pids: Vec<i32> = list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    if !pids.is_empty() {
        std::thread::spawn(move || {
            for pid in pids {
                let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None);
            }
        });
    }
}

/// The words of the command line, without socket and configuration, for the next program.
pub(super) fn words_again(args: &ServerArgs) -> Vec<std::ffi::OsString> {
    let mut words = Vec::new();
    if args.as_tmux {
        words.push("--as-tmux".into());
    }
    if let Some(link) = &args.tmux_link {
        words.extend(["--tmux-link".into(), link.clone().into_os_string()]);
    }
    words
}
