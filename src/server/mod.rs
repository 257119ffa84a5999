//! The loop around `Mux`: links to clients, keepers and hosts; the runtime directory.
//!
//! One thread. Everything that happens becomes an [`Event`], is given to `Mux`, and the effects that
//! come out are done at once or handed to a task. Tasks hold the [`Server`] by `Rc` and borrow its core
//! for one event at a time, never across an await.

mod clients;
mod config;
mod dry_run;
mod effects;
mod handover;
mod hosts;
mod jobs;
mod leftovers;
mod links;
mod moves;
mod panes;
mod persist;
mod screens;
mod stream;
mod tty;
mod wire;

use crate::ids::{ClientId, PaneId, RequestId};
use crate::mux::{Config, Event, Mux};
use crate::transport::{
    self,
    runtime::{self, Runtime, TmuxLink},
};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::spawn_local;

/// What the role is started with: `qmux --role-server SOCKET [--as-tmux] [--tmux-link PATH] [-f FILE]…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerArgs {
    /// Socket to listen on.
    pub socket: PathBuf,
    /// Configuration files named by `-f`; empty for the usual ones.
    pub config_files: Vec<String>,
    /// Where the client was that started the server; the configuration runs there.
    pub start_dir: String,
    /// Where tools of tmux look for this socket; see [`TmuxLink`].
    pub tmux_link: Option<PathBuf>,
    /// Started by somebody who called `tmux`: it looks as tmux does until a theme is chosen.
    pub as_tmux: bool,
    /// The program that ran in this process before left its state at this descriptor (`--takes-over`).
    pub takes_over: Option<i32>,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Words after `--role-server` that are not of the form above.
    #[error("usage: qmux --role-server SOCKET [--as-tmux] [--tmux-link PATH] [-f FILE]...")]
    Usage,
    /// The runtime directory.
    #[error(transparent)]
    Runtime(#[from] runtime::RuntimeError),
    /// The way to other hosts.
    #[error(transparent)]
    Transport(#[from] transport::TransportError),
    /// What another program left for this one.
    #[error("cannot take over: {0}")]
    TakeOver(String),
    /// The socket, or the loop itself.
    #[error("cannot listen on {path}: {source}")]
    Listen {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

/// Longest wait for a server that is ending: more than it takes at most (`panes::SETTLE`), less than the client waits.
const PREDECESSOR_PATIENCE: Duration = Duration::from_secs(8);

/// State of the server that effects and tasks share.
pub(crate) struct Core {
    mux: Mux,
    clients: HashMap<ClientId, clients::Client>,
    panes: HashMap<PaneId, panes::PaneWire>,
    links: links::Links,
    shells: HashMap<RequestId, jobs::Feed>,
    next_client: u32,
    /// Clients whose picture is out of date.
    dirty: Vec<ClientId>,
    persist: persist::Persist,
    known: hosts::Known,
    /// What `--on auto` took, until the asker has been told.
    chosen: HashMap<PaneId, Result<String, crate::mux::Failure>>,
    /// Name of the theme that is in force.
    theme: Option<String>,
}

/// What makes this process the server of its name: held as long as it lives, and by the program that takes over.
pub(crate) struct Doors {
    listener: UnixListener,
    lock: Box<dyn Deref<Target = File>>,
}

/// The server: its core and what tasks wait on.
pub(crate) struct Server {
    core: RefCell<Core>,
    runtime: Runtime,
    transport: transport::Options,
    socket: PathBuf,
    /// Own binary, for keepers; opened before anybody can replace the file.
    exe: PathBuf,
    /// The words of the command line that the next program in this process is given again.
    again: Vec<OsString>,
    /// Set before anything else is done.
    doors: OnceCell<Doors>,
    deadline: Cell<Option<Instant>>,
    deadline_changed: Notify,
    info_wanted: Notify,
    persist_wanted: Notify,
    screens_wanted: Notify,
    choice_made: Notify,
    stop: Notify,
    /// Keepers that are being started, and when one more has been: a server that ends waits for them.
    starting: Cell<usize>,
    started: Notify,
    /// When somebody typed last.
    typed: Cell<Option<Instant>>,
    /// What is read from a pty master, until it has been given to `Mux`: one for all panes.
    buffer: RefCell<Vec<u8>>,
}

pub use handover::rehearsal;

/// Runs the server until its last session ends. The exit code is for whoever started it.
pub fn main(words: Vec<OsString>) -> ExitCode {
    // Not the starting client's session: its ^C and its hang-up are not for us. Fails only for a group
    // leader, which has its own already.
    let _ = nix::unistd::setsid();
    let args = match parse(words) {
        Ok(args) => args,
        Err(error) => return complain(&error),
    };
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

fn complain(error: &ServerError) -> ExitCode {
    eprintln!("qmux server: {error}");
    ExitCode::FAILURE
}

fn parse(words: Vec<OsString>) -> Result<ServerArgs, ServerError> {
    let mut words = words.into_iter();
    let socket = words.next().map(PathBuf::from).ok_or(ServerError::Usage)?;
    let mut config_files = Vec::new();
    let (mut tmux_link, mut as_tmux, mut takes_over) = (None, false, None);
    let mut start_dir = String::new();
    while let Some(word) = words.next() {
        if word == "--as-tmux" {
            as_tmux = true;
            continue;
        }
        let value = words.next().ok_or(ServerError::Usage)?;
        match word.to_str() {
            Some("-f") => config_files.push(value.to_string_lossy().into_owned()),
            Some("--takes-over") => {
                let number = value.to_str().and_then(|n| n.parse().ok());
                takes_over = Some(number.ok_or(ServerError::Usage)?);
            }
            Some("--start-dir") => start_dir = value.to_string_lossy().into_owned(),
            Some("--tmux-link") => tmux_link = Some(value.into()),
            _ => return Err(ServerError::Usage),
        }
    }
    Ok(ServerArgs { socket, config_files, start_dir, tmux_link, as_tmux, takes_over })
}

fn run(args: ServerArgs) -> Result<(), ServerError> {
    let runtime = runtime::runtime_dir()?;
    let listen_error = |source| ServerError::Listen { path: args.socket.clone(), source };
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(listen_error)?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&tokio, async {
        let (handed, doors) = match args.takes_over {
            Some(number) => {
                let (handed, doors) = handover::receive(number).map_err(ServerError::TakeOver)?;
                (Some(handed), doors)
            }
            None => {
                let Some(lock) = be_alone(&args.socket).map_err(listen_error)? else { return Ok(()) };
                let Some(listener) = listen(&args.socket).map_err(listen_error)? else { return Ok(()) };
                (None, Doors { listener, lock: Box::new(lock) })
            }
        };
        // A convenience: where it cannot be, nobody finds the server there.
        let _link = args.tmux_link.as_deref().and_then(|link| TmuxLink::make(link, &args.socket));
        let server = Server::new(runtime, &args)?;
        let doors = server.doors.get_or_init(|| doors);
        server.clone().start(&args.config_files, handed).await;
        tokio::select! {
            biased;
            () = server.stop.notified() => {}
            () = accept(server.clone(), &doors.listener) => {}
            () = terminated() => {}
        }
        server.shutdown(&args.socket).await;
        Ok(())
    })
}

/// The lock a server holds as long as it lives; `None` if one answers at `path`. One that is ending answers no more
/// and is waited for: it may still be telling its keepers to go, and they are not for us to adopt.
fn be_alone(path: &Path) -> io::Result<Option<Flock<File>>> {
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.with_extension("server"))?;
    let until = Instant::now() + PREDECESSOR_PATIENCE;
    loop {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Ok(None);
        }
        file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(Some(lock)),
            Err((file, Errno::EWOULDBLOCK)) if Instant::now() < until => file,
            Err((_, errno)) => return Err(errno.into()),
        };
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The listening socket, 0600; `None` if another server answers there already.
fn listen(path: &Path) -> io::Result<Option<UnixListener>> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Ok(None);
    }
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let old = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o177));
    let listener = UnixListener::bind(path);
    nix::sys::stat::umask(old);
    listener.map(Some)
}

async fn accept(server: Rc<Server>, listener: &UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                spawn_local(clients::serve(server.clone(), stream));
            }
            // Out of descriptors: the clients there are go on, new ones wait.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}

impl Server {
    fn new(runtime: Runtime, args: &ServerArgs) -> Result<Rc<Server>, ServerError> {
        let transport = transport::Options::from_env(&runtime)?;
        let exe = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("qmux"));
        let (unix_ms, utc_offset_s) = time_of_day();
        let config = Config {
            socket_path: args.socket.to_string_lossy().into_owned(),
            pid: std::process::id() as i32,
            host: runtime.host().0,
            user: config::user_name(),
            uid: nix::unistd::geteuid().as_raw(),
            home: config::home(),
            homes: config::homes(),
            start_dir: args.start_dir.clone(),
            shell: config::login_shell(),
            env: std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
            unix_ms,
            utc_offset_s,
            as_tmux: args.as_tmux,
            version: if args.as_tmux { crate::protocol::TMUX_VERSION } else { env!("CARGO_PKG_VERSION") }
                .into(),
            config_files: args.config_files.clone(),
            ..Config::default()
        };
        Ok(Rc::new(Server {
            core: RefCell::new(Core {
                mux: Mux::new(config),
                clients: HashMap::new(),
                panes: HashMap::new(),
                links: links::Links::default(),
                shells: HashMap::new(),
                next_client: 0,
                dirty: Vec::new(),
                persist: persist::Persist::default(),
                known: hosts::Known::default(),
                chosen: HashMap::new(),
                theme: None,
            }),
            runtime,
            transport,
            socket: args.socket.clone(),
            exe,
            again: handover::words_again(args),
            doors: OnceCell::new(),
            deadline: Cell::new(None),
            deadline_changed: Notify::new(),
            info_wanted: Notify::new(),
            persist_wanted: Notify::new(),
            screens_wanted: Notify::new(),
            choice_made: Notify::new(),
            stop: Notify::new(),
            starting: Cell::new(0),
            started: Notify::new(),
            typed: Cell::new(None),
            buffer: RefCell::new(vec![0; panes::READ_MAX]),
        }))
    }

    async fn start(self: Rc<Self>, files: &[String], mut handed: Option<handover::Handover>) {
        self.tell_time();
        if handed.is_none() {
            config::load(&self, files);
        }
        persist::adopt(&self, handed.as_mut()).await;
        if let Some(handed) = handed {
            handed.finish(&self);
        }
        spawn_local(tick(self.clone()));
        spawn_local(panes::watch_info(self.clone()));
        spawn_local(persist::save_structure_in_time(self.clone()));
        spawn_local(screens::save_in_time(self.clone()));
    }

    /// Gives one event to `Mux` and does what comes of it.
    fn event(self: &Rc<Self>, event: Event<'_>) {
        let mut core = self.core.borrow_mut();
        core.mux.handle(Instant::now(), event);
        self.settle(&mut core);
    }

    /// Does the effects that wait, draws who may be drawn, and sets the clock for the next deadline.
    fn settle(self: &Rc<Self>, core: &mut Core) {
        while let Some(effect) = core.mux.next_effect() {
            effects::perform(self, core, effect);
        }
        let dirty = std::mem::take(&mut core.dirty);
        for client in dirty {
            clients::draw(self, core, client);
        }
        // Drawing may have asked for a `#(command)` that has to be run (again).
        if core.mux.wants_tick() {
            core.mux.handle(Instant::now(), Event::Tick);
            while let Some(effect) = core.mux.next_effect() {
                effects::perform(self, core, effect);
            }
        }
        if core.mux.take_theme_changed() {
            config::follow_theme(self, core);
        }
        let deadline = core.mux.next_deadline();
        if deadline != self.deadline.replace(deadline) {
            self.deadline_changed.notify_one();
        }
    }

    /// `Mux` has no clock: it is told the time of day.
    fn tell_time(self: &Rc<Self>) {
        let (unix_ms, utc_offset_s) = time_of_day();
        self.event(Event::Wall { unix_ms, utc_offset_s });
    }

    async fn shutdown(self: &Rc<Self>, socket: &Path) {
        // First the name goes, so that the next client starts a new server instead of talking to us.
        let _ = std::fs::remove_file(socket);
        clients::dismiss_all(self).await;
        panes::settle(self).await;
        persist::last_words(self);
    }
}

/// Milliseconds since 1970, and the zone's offset in seconds.
fn time_of_day() -> (i64, i32) {
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64);
    (unix_ms, crate::sys::clock::utc_offset_s(unix_ms / 1000))
}

/// Tells `Mux` when its deadlines pass.
async fn tick(server: Rc<Server>) {
    loop {
        let wait = async {
            match server.deadline.get() {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {
                server.tell_time();
                server.event(Event::Tick);
            }
            () = server.deadline_changed.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(60)) => server.tell_time(),
        }
    }
}

/// Connects to a unix socket and checks that we are at both ends.
async fn connect_own(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path).await?;
    runtime::check_peer(&stream).map_err(|e| io::Error::new(io::ErrorKind::PermissionDenied, e))?;
    Ok(stream)
}
