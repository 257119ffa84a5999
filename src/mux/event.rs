//! What goes into `Mux` and what comes out of it.
//!
//! Owns the vocabulary between the pure core and the server around it; knows no file descriptor, no
//! clock and no transport. The server turns the world into events and effects into the world.

use crate::ids::{ClientId, ExitStatus, HostName, LifeId, MoveId, PaneId, RequestId, Size};
use crate::protocol::keeper::{MoveOptions, Trouble};
use serde::{Deserialize, Serialize};

pub use crate::protocol::client::ClientHello;

/// Where a pane's processes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Place {
    /// Asked for, not yet running: no keeper has answered.
    #[default]
    Starting,
    /// On this host.
    Here,
    /// On another host, reached.
    There(HostName),
    /// A move to this host is under way; it still runs, or is stopped, where it was. Without a host it is held to
    /// be written to a file, and goes nowhere.
    Leaving(MoveId, Option<HostName>),
    /// On another host whose link is broken; the server is trying again.
    Reconnecting(HostName),
    /// Stopped here; the other host may have it. Only `move --resolve` ends this.
    Undecided(HostName),
    /// Its processes have ended.
    Gone(ExitStatus),
}

impl Place {
    /// The other host this place names, if any.
    pub fn host(&self) -> Option<&HostName> {
        match self {
            Place::There(h) | Place::Reconnecting(h) => Some(h),
            Place::Starting | Place::Here | Place::Gone(_) => None,
            Place::Leaving(_, h) => h.as_ref(),
            Place::Undecided(h) => Some(h),
        }
    }

    /// Whether typed input can be written to the pane now.
    pub fn takes_input(&self) -> bool {
        matches!(self, Place::Here | Place::There(_))
    }
}

/// What the keeper sees of the foreground of its pane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaneInfo {
    /// Name of the foreground process group's leader, as tmux's `pane_current_command`.
    pub command: String,
    /// Its working directory.
    pub path: String,
    /// Process id of the pane's first process, in the numbers of its host.
    pub pid: i32,
    /// Name of the pane's terminal on its host.
    pub tty: String,
}

/// How a request that the world worked on ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Exit code for the command's client (moving.md section 5).
    pub class: u8,
    /// Short stable name of the trouble.
    pub code: String,
    /// What to tell the user, cause and cure in it; may have several lines. JSON if JSON was asked for.
    pub text: String,
    /// Why, for programs.
    pub cause: String,
    /// What to do about it, for programs; empty when there is nothing.
    pub cure: String,
}

impl Failure {
    /// One that has no cure of its own.
    pub fn new(class: u8, code: &str, text: String) -> Failure {
        Failure { class, code: code.into(), cause: text.clone(), text, cure: String::new() }
    }

    /// A trouble, and `state`: what has become of the pane, or that nothing was changed.
    pub fn of(trouble: &Trouble, state: &str) -> Failure {
        let Trouble { class, code, cause, cure } = trouble;
        let mut text = cause.clone();
        for part in [state, cure].into_iter().filter(|part| !part.is_empty()) {
            text.push_str(if text.ends_with(['.', '!', '?']) { " " } else { ". " });
            text.push_str(part);
        }
        if !text.ends_with(['.', '!', '?']) {
            text.push('.');
        }
        Failure { class: *class, code: code.clone(), text, cause: cause.clone(), cure: cure.clone() }
    }

    /// The same with JSON for text; one that is JSON already stays.
    pub fn into_json(self) -> Failure {
        if self.text.starts_with('{') {
            return self;
        }
        let Failure { class: _, code, text, cause, cure } = &self;
        let value = serde_json::json!({ "code": code, "cause": cause, "cure": cure, "text": text });
        Failure { text: value.to_string(), ..self }
    }
}

/// Something that happened in the world.
#[derive(Debug)]
pub enum Event<'a> {
    /// A client program connected and said who it is and what it wants.
    ClientConnected { client: ClientId, hello: ClientHello },
    /// Bytes from an attached client's terminal.
    ClientInput { client: ClientId, bytes: &'a [u8] },
    /// Standard input of a command client, after [`Effect::WantStdin`]; `None` is its end.
    ClientStdin { client: ClientId, bytes: Option<&'a [u8]> },
    /// A control client has written what [`Effect::Control`] gave it under this number.
    ControlWritten { client: ClientId, seq: u64 },
    /// The client's terminal changed its size.
    ClientResized { client: ClientId, size: Size },
    /// A cell of an attached client's terminal has this width and height in pixels.
    ClientCell { client: ClientId, pixels: (u16, u16) },
    /// The client's terminal is its own again: after a stop, or the end of [`Effect::Lock`]'s command.
    ClientGoesOn { client: ClientId },
    /// The client's connection is gone.
    ClientGone { client: ClientId },
    /// Output of a pane.
    PaneOutput { pane: PaneId, bytes: &'a [u8] },
    /// The answer to [`Effect::Spawn`].
    PaneStarted { pane: PaneId, pid: i32, tty: String, life: LifeId },
    /// Fresh facts about a pane's foreground.
    PaneInfo { pane: PaneId, info: PaneInfo },
    /// The pane is now somewhere else, or in another state of moving.
    PanePlace { pane: PaneId, place: Place },
    /// The pane's first process ended.
    PaneExited { pane: PaneId, status: ExitStatus },
    /// [`Effect::Spawn`] failed; `error` is for the user.
    SpawnFailed { pane: PaneId, error: String },
    /// A request is done: text for the asker's standard output, or why not.
    Done { request: RequestId, result: Result<String, Failure> },
    /// A line about a request under way.
    Progress { request: RequestId, line: String },
    /// Something the users who can see this pane should know (all users without one); a line.
    Notice { pane: Option<PaneId>, text: String, error: bool },
    /// Wall time, which `Mux` cannot know: milliseconds since 1970 and the zone's offset in seconds.
    /// Wanted once before the first client and then at least every minute.
    Wall { unix_ms: i64, utc_offset_s: i32 },
    /// A deadline may have passed.
    Tick,
}

/// Where a new pane is to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HostChoice {
    /// This host.
    #[default]
    Here,
    /// A host by name.
    Host(HostName),
    /// The best host by the placement formula.
    Auto,
}

/// A pane to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnSpec {
    /// Program and arguments; empty is the user's login shell (`shell`).
    pub argv: Vec<String>,
    /// The shell: run as login shell when `argv` is empty, and with `-c` when argv has one word.
    pub shell: String,
    /// Working directory.
    pub cwd: String,
    /// The whole environment of the new process.
    pub env: Vec<(String, String)>,
    /// Size of its terminal.
    pub size: Size,
    /// Where.
    pub host: HostChoice,
}

/// Something the world has to do. Effects are in order.
#[derive(Debug)]
pub enum Effect {
    /// Start a pane; answered by `PaneStarted` or `SpawnFailed`.
    Spawn { pane: PaneId, spec: SpawnSpec },
    /// Write to the pane's terminal.
    Write { pane: PaneId, bytes: Vec<u8> },
    /// Set the size of the pane's terminal.
    Resize { pane: PaneId, size: Size },
    /// Hang up the pane's tree; its keeper ends. No event answers.
    Kill { pane: PaneId },
    /// For a command client's standard output.
    Stdout { client: ClientId, bytes: Vec<u8> },
    /// For a command client's standard error.
    Stderr { client: ClientId, bytes: Vec<u8> },
    /// For a control client's standard output; answered by [`Event::ControlWritten`].
    Control { client: ClientId, seq: u64, bytes: Vec<u8> },
    /// The command client is done.
    Exit { client: ClientId, code: u8 },
    /// The client becomes a terminal.
    Attach { client: ClientId },
    /// The client ceases to be a terminal, prints `message` and exits 0. `exec` replaces it by a shell
    /// command (`detach-client -E`).
    Detach { client: ClientId, message: String },
    /// Stop the client (`suspend-client`); it is drawn again when it goes on.
    Suspend { client: ClientId },
    /// Give the client's terminal to a shell command until it ends (`lock-client`).
    Lock { client: ClientId, command: String },
    /// Ask the command client for its standard input.
    WantStdin { client: ClientId },
    /// Something this client sees changed. Many of these may be answered by one drawing.
    Redraw { client: ClientId },
    /// Bytes past the drawing for the outer terminal: bell, OSC 52.
    Terminal { client: ClientId, bytes: Vec<u8> },
    /// Work that needs the world; answered by `Done` unless the job says otherwise.
    Job { request: RequestId, job: Job },
    /// Bytes for the running shell job's standard input (`pipe-pane`).
    JobInput { request: RequestId, bytes: Vec<u8> },
    /// The structure changed: `Mux::save` it soon.
    Persist,
    /// The server ends.
    Shutdown,
}

/// Work that needs files, processes or other hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Move these panes. Text of the outcome comes in `Done`. `.` is this host.
    Move {
        panes: Vec<PaneId>,
        host: HostName,
        /// What the user allows, and by what engine.
        options: MoveOptions,
        json: bool,
        wait: bool,
        /// New pane names or session name of `--as`, in order.
        names: Vec<String>,
    },
    /// Write a pane to a file. `screen` is its snapshot.
    Checkpoint { pane: PaneId, file: String, keep_running: bool, screen: Vec<u8>, json: bool },
    /// Bring an image back as this pane, which exists and shows nothing yet. `PaneStarted` comes before `Done`.
    Restore { file: String, pane: PaneId, clone: bool, json: bool },
    /// Which host `--on auto` has taken for this pane, and why: one line.
    Chosen { pane: PaneId },
    /// The table of hosts.
    Hosts { json: bool },
    /// Open the shared connection to a host (asks for a password on the client's terminal).
    Connect { host: HostName, client: ClientId },
    /// Show or decide an `Undecided` pane.
    Resolve { pane: Option<PaneId>, json: bool },
    /// Run a shell command. `Done` holds its output; a non-zero exit is a `Failure` whose class is the exit code
    /// and whose text is the output. With `detached` nobody waits and nothing answers.
    Shell { command: String, shell: String, cwd: String, env: Vec<(String, String)>, stdin: Vec<u8> },
    /// A shell command that is fed by [`Effect::JobInput`] until [`Job::Stop`]; `output_to` is the pane that gets
    /// what it prints.
    Pipe {
        command: String,
        shell: String,
        cwd: String,
        env: Vec<(String, String)>,
        output_to: Option<PaneId>,
    },
    /// End a `Pipe`.
    Stop { request: RequestId },
    /// Read files (a path may be a glob; `-` is not allowed). `Done` holds the bytes as text.
    ReadFile { path: String },
    /// Write a file of the asker.
    WriteFile { path: String, bytes: Vec<u8>, append: bool },
    /// Write a layout file, its folder too; one that is there is kept unless it is to be replaced.
    WriteLayout { path: String, bytes: Vec<u8>, replace: bool },
    /// Find and read a theme; a `Failure` says why there is none of this name.
    CheckTheme { name: String },
    /// Whether this can be `default-shell`.
    CheckShell { path: String },
    /// All themes: a JSON array of objects with `name`, `light`, `current`, `swatch` and `options`.
    Themes,
    /// Files in these directories that a pane was written to: `{"images": [{"path", "bytes"}]}`.
    Images { dirs: Vec<String> },
    /// Let a new process of `binary` (this program's own file when there is none) take the server over. `Done` comes
    /// only when it did not: else the new one answers `client`.
    Restart { binary: Option<String>, client: Option<ClientId> },
    /// The known names of hosts, one per line (for messages that suggest one).
    HostNames,
}
