//! Server–keeper messages.
//!
//! One connection: the server sends [`ToKeeper`], the keeper [`FromKeeper`]. A keeper serves one
//! attached server; a newer attach replaces an older one. A keeper starts empty and is filled by
//! exactly one of `Spawn`, `MoveIn` and `Restore`; it ends when its pane has ended and the server has
//! said `ExitSeen`, when the pane has moved away, or when it loses its server while still empty.

use super::Bytes;
use crate::ids::{Epoch, ExitStatus, HostName, ImageId, LifeId, MoveId, Size};
use crate::messages;
use serde::{Deserialize, Serialize};

/// What to run in a new pane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaneSpec {
    /// Program and arguments; empty for the user's login shell.
    pub argv: Vec<String>,
    /// Working directory; one that does not exist becomes the home directory, as tmux does.
    pub cwd: String,
    /// Environment to set (`None` removes a name) on top of the keeper's, or alone if `clear_env`.
    pub env: Vec<(String, Option<String>)>,
    /// Start from an empty environment instead of the keeper's own.
    #[serde(default)]
    pub clear_env: bool,
    /// Window size of the new terminal.
    pub size: Size,
}

/// Terminal modes, as the `termios` crate reads them (`tcgetattr`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SavedTermios {
    /// Input modes.
    pub iflag: u32,
    /// Output modes.
    pub oflag: u32,
    /// Control modes.
    pub cflag: u32,
    /// Local modes.
    pub lflag: u32,
    /// Control characters.
    pub cc: [u8; 32],
    /// Input speed, as the termios code for it.
    pub ispeed: u32,
    /// Output speed, as the termios code for it.
    pub ospeed: u32,
}

/// What a pane is doing, for formats and the status line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PaneInfo {
    /// Name of the foreground program (`pane_current_command`).
    pub command: String,
    /// Its working directory (`pane_current_path`).
    pub path: String,
    /// Pid of the pane's first process, on its host.
    pub pid: i32,
    /// Its terminal as the pane's programs name it, e.g. `/dev/pts/4`.
    pub tty: String,
}

/// Where the keeper of a [`FromKeeper::Welcome`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperState {
    /// Nothing has been started in it yet.
    Empty,
    /// The pane's process lives here.
    Running,
    /// It is stopped for a move or a checkpoint.
    Held(MoveId),
    /// A move into this keeper is under way: the pane is not alive here yet.
    Arriving(MoveId),
    /// The move's outcome is known to neither side (`qmux move --resolve`).
    Undecided(MoveId),
    /// The pane's process has ended.
    Exited(ExitStatus),
    /// The pane has moved away.
    Gone,
}

/// Why something was not done; nothing was changed unless `text` says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trouble {
    /// Exit class of moving.md section 5 (2 usage, 3 cannot, 4 unreachable, 5 conflict, 6 image, 7 undecided).
    pub class: u8,
    /// Stable word for scripts, e.g. `tcp-connection`.
    pub code: String,
    /// Why, with process and object.
    pub cause: String,
    /// What to do about it.
    #[serde(default)]
    pub cure: String,
}

/// How a move is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MoveOptions {
    /// `auto` or the name of an engine (`native`).
    pub engine: String,
    /// Let connections to the outside drop (`--cut`).
    #[serde(default)]
    pub cut: bool,
    /// Copy files that are missing at the destination (`--with-files`).
    #[serde(default)]
    pub with_files: bool,
    /// Only ask both sides: the source answers with `Verdict`, nothing is touched.
    #[serde(default)]
    pub dry_run: bool,
}

/// Answer to a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The foreground program, for people.
    pub program: String,
    /// Its pid.
    pub pid: i32,
    /// Processes in the tree.
    pub processes: u32,
    /// Bytes of memory that would be sent, estimated.
    pub bytes: u64,
    /// Estimated pause, ms.
    pub pause_ms: u64,
    /// What would be lost or changed, one line each.
    pub warnings: Vec<String>,
    /// Why it cannot be moved; empty if it can.
    pub refusals: Vec<Trouble>,
}

/// How a move ended, said once by the source and once by the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveOutcome {
    /// The pane runs at the destination, in this epoch.
    Moved(Epoch),
    /// Refused before anything was touched: the pane runs at the source.
    Refused(Trouble),
    /// Given up on the way: the pane runs on at the source.
    Aborted(Trouble),
    /// Not known where it runs; it is started nowhere until that is known.
    Undecided(Trouble),
}

impl MoveOutcome {
    /// Why it did not go as asked; `None` when it did.
    pub fn trouble(&self) -> Option<&Trouble> {
        match self {
            MoveOutcome::Moved(_) => None,
            MoveOutcome::Refused(why) | MoveOutcome::Aborted(why) | MoveOutcome::Undecided(why) => Some(why),
        }
    }
}

/// What a finished (or undecided) move was like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveReport {
    /// The move.
    pub move_id: MoveId,
    /// How it ended.
    pub outcome: MoveOutcome,
    /// Time the pane stood still as this side saw it, µs; 0 if it never did.
    #[serde(default)]
    pub frozen_us: u64,
    /// Time from the order to the end, µs.
    #[serde(default)]
    pub total_us: u64,
    /// Image bytes sent or received.
    #[serde(default)]
    pub bytes: u64,
    /// Last phase reached, in the words of `migration`.
    #[serde(default)]
    pub phase: String,
    /// Which tier restored it (`root`, `userns`, `file-capability`) and what the user should know.
    #[serde(default)]
    pub notes: Vec<String>,
}

messages! {
    /// What a server says to a keeper.
    pub enum ToKeeper {
        /// First message: this connection is the server's. Answered by `Welcome`.
        1 => Attach {
            /// Version of the server.
            qmux: String,
            /// The server is on this host and wants the pty master by `SCM_RIGHTS` with `Welcome`;
            /// from then on the server reads and writes it, not the keeper.
            want_master: bool,
            /// The server counts what passes: a link that breaks and heals neither loses nor repeats a byte.
            #[serde(default)]
            seen: Option<Seen>,
        },
        /// Bytes for the program (only without `want_master`); [`ToKeeper::InputAt`] where it is understood.
        2 => Input(Bytes),
        /// New window size; the kernel sends SIGWINCH if it differs.
        3 => Resize(Size),
        /// Sends a signal to the foreground process group.
        4 => Signal { signal: i32 },
        /// Ends the pane: SIGHUP and SIGCONT to its session; SIGKILL to what is left after `grace_ms` (0: never).
        5 => Kill { grace_ms: u32 },
        /// Asks for `Info`.
        6 => AskInfo,
        /// Starts a program in an empty keeper. Answered by `Welcome` or `SpawnFailed`.
        7 => Spawn(PaneSpec),
        /// The exit status has been taken in; the keeper may end.
        8 => ExitSeen,
        /// The server neither reads nor writes the master any longer: answer to `Hold`.
        9 => Held,
        /// Dry run of a move as far as this side alone can tell: answered by `Verdict`.
        10 => AskVerdict { options: MoveOptions },
        /// This keeper is the source of a move. The pane ends here if it succeeds.
        11 => MoveOut {
            /// The move.
            move_id: MoveId,
            /// Where to, for messages.
            to: HostName,
            /// How.
            options: MoveOptions,
        },
        /// This (empty) keeper is the destination of a move.
        12 => MoveIn {
            /// The move.
            move_id: MoveId,
            /// Where from, for messages.
            from: HostName,
        },
        /// Opaque bytes from the other keeper of the move, in order, as its `FromKeeper::Migration` gave them.
        13 => Migration {
            /// The move.
            move_id: MoveId,
            /// What to hand over.
            bytes: Bytes,
        },
        /// The server's link to the other keeper of the move broke (`false`) or is there (again, `true`).
        14 => MovePeer {
            /// The move.
            move_id: MoveId,
            /// Whether `Migration` reaches the other keeper now.
            connected: bool,
        },
        /// Writes an image to a file on the keeper's host. Answered by `Checkpointed` or `Failed`.
        15 => Checkpoint {
            /// Absolute path, made 0600, replaced atomically.
            path: String,
            /// The server's snapshot of the screen, put into the image.
            screen: Bytes,
            /// The pane goes on afterwards instead of ending.
            keep_running: bool,
        },
        /// Fills an empty keeper from an image file. Answered by `Restored` and `Welcome`, or `Failed`.
        16 => Restore {
            /// Absolute path on the keeper's host.
            path: String,
            /// Allow a second start of the same image.
            clone: bool,
        },
        /// A human's decision on an undecided move: `true` the pane is here, `false` it is not.
        17 => Resolve {
            /// The move.
            move_id: MoveId,
            /// Run it here.
            here: bool,
        },
        /// Give a move up, if it has not yet been committed.
        18 => AbortMove {
            /// The move.
            move_id: MoveId,
        },
        /// As `Input`, to a keeper whose `Welcome` has a mark.
        19 => InputAt {
            /// Bytes of input before these, by the keeper's count. What the keeper has already it skips.
            at: u64,
            /// The bytes.
            bytes: Bytes,
        },
        /// The server has taken in so much of the output, by the keeper's count.
        20 => OutputSeen { upto: u64 },
    }
}

messages! {
    /// What a keeper says to its server.
    pub enum FromKeeper {
        /// Answer to `Attach`, and again when an empty keeper's pane has come to life. With
        /// `want_master` and state `Running` the pty master rides on the first byte of this frame.
        1 => Welcome(Welcome),
        /// Output of the pane (only without `want_master`, except for what is read between freeze and dump).
        2 => Output(Bytes),
        /// The pane's process has ended; repeated in `Welcome` until `ExitSeen`.
        3 => Exited(ExitStatus),
        /// Answer to `AskInfo`, and on change without `want_master`.
        4 => Info(PaneInfo),
        /// `Spawn` did not start anything; the keeper ends.
        5 => SpawnFailed { error: String },
        /// The pane is about to be frozen: stop reading and writing the master, keep keys in the
        /// server's own queue, say `Held`.
        6 => Hold {
            /// The move, or a number of the keeper's own for a checkpoint.
            move_id: MoveId,
        },
        /// The pane runs on here: read and write the master again.
        7 => Resumed {
            /// As in `Hold`.
            move_id: MoveId,
        },
        /// Opaque bytes for the other keeper of the move.
        8 => Migration {
            /// The move.
            move_id: MoveId,
            /// What to hand over.
            bytes: Bytes,
        },
        /// The end of a move as this side knows it.
        9 => Report(MoveReport),
        /// Answer to `AskVerdict`.
        10 => Verdict(Verdict),
        /// Progress of a long move or checkpoint.
        11 => Progress {
            /// Phase in the words of `migration`.
            phase: String,
            /// Bytes so far.
            done: u64,
            /// Bytes expected; 0 if not known.
            total: u64,
        },
        /// The image is on disk.
        12 => Checkpointed {
            /// Its name.
            image: ImageId,
            /// Its size.
            bytes: u64,
            /// Time the pane stood still, µs.
            frozen_us: u64,
        },
        /// An image has been brought to life; `Welcome` follows.
        13 => Restored {
            /// Its name.
            image: ImageId,
            /// The screen that was put into it.
            screen: Bytes,
            /// What the user should know (tier, losses).
            notes: Vec<String>,
        },
        /// Something asked for was not done.
        14 => Failed(Trouble),
        /// The keeper ends; the reason for people.
        15 => Bye { why: String },
        /// Input this keeper was given and could not hand to the program before it was frozen: it
        /// belongs at the front of the server's queue.
        16 => InputBack(Bytes),
        /// So much input has been taken in, by the keeper's count: it is not asked for again. Said now and then.
        17 => InputTaken { upto: u64 },
    }
}

/// What a server has of a pane's output, in an `Attach`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Whose count ([`Mark::keeper`]); 0: it has nothing yet.
    pub keeper: u64,
    /// Bytes taken in.
    pub output: u64,
}

/// Where the streams of a keeper stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Number of this keeper process: another one counts anew.
    pub keeper: u64,
    /// Bytes of input taken in.
    pub input: u64,
    /// Bytes of output before `Welcome::ring`.
    pub output: u64,
}

/// See [`FromKeeper::Welcome`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Version of the keeper.
    pub qmux: String,
    /// Whose keeper.
    pub life: LifeId,
    /// Number of the pane's move this keeper is the result of.
    pub epoch: Epoch,
    /// Where it stands.
    pub state: KeeperState,
    /// The pane's first process, on this host; 0 if there is none.
    pub pid: i32,
    /// Terminal as the pane's programs name it; empty if there is none.
    pub tty: String,
    /// Program the pane was started with, for people.
    #[serde(default)]
    pub title: String,
    /// Window size.
    pub size: Size,
    /// Modes now.
    pub termios: Option<SavedTermios>,
    /// Output nobody has read since the last server went, oldest first.
    pub ring: Bytes,
    /// Bytes of output that were dropped before `ring` because it was full.
    pub lost: u64,
    /// The exit status if state is `Exited`.
    #[serde(default)]
    pub exited: Option<ExitStatus>,
    /// Where its streams stand, when `Attach` asked for it.
    #[serde(default)]
    pub mark: Option<Mark>,
}
