//! Image container and engines: freeze, dump and restore process trees. Knows no panes, hosts or transports.
//!
//! Everything here blocks, and ptrace belongs to one OS thread: a guard ([`Frozen`], [`Sealed`],
//! [`Restored`]) is made, used and dropped on one thread, which is why none of them is `Send`.
//!
//! While a guard lives nobody else in this process may call waitpid(2) or waitid(2) on the tree or on -1: the
//! kernel reports ptrace stops to any of them and a stolen report is a hang here. Wait for a pidfd instead.

use std::collections::HashSet;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

pub mod copies;
pub mod image;
pub mod model;
pub mod native;
pub mod store;

pub use copies::PageCopies;
pub use image::{ImageError, ImageReader, ImageWriter};
use model::{Cpu, MappedFile};

/// BLAKE3 of a file's content.
pub type ContentHash = [u8; 32];

/// Something that cannot move, found before anything was touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{program} (pid {pid}): {cause}. {cure}")]
pub struct Refusal {
    /// Stable word for scripts: `traced`, `undumpable`, `other-user`, `seccomp`, `io-uring`, `device`, `tcp`, …
    pub code: String,
    /// The process, as the host numbers it.
    pub pid: i32,
    /// Its name.
    pub program: String,
    /// The thing that cannot move: `/dev/nvidia0`, `tcp 10.0.0.1:5432`; empty when it is the process itself.
    pub object: String,
    /// Why.
    pub cause: String,
    /// What the user can do.
    pub cure: String,
}

/// Why a checkpoint or restore did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Something in the tree cannot be carried.
    #[error("{0}")]
    Refused(#[from] Box<Refusal>),
    /// The tree did not hold still, or ended.
    #[error("{what}: {source}")]
    Trace {
        /// What was being done.
        what: String,
        /// The tracing layer's answer.
        source: crate::sys::ptrace::TraceError,
    },
    /// The kernel refused something.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: String,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// The image could not be written or read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The root process is not there any more.
    #[error("process {pid} has ended")]
    Gone {
        /// Its pid on this host.
        pid: i32,
        /// Raw wait status, when it was reaped here and nobody else can get it any more.
        status: Option<i32>,
    },
    /// The image asks for something this host does not have.
    #[error("this host cannot run the image: {0}")]
    Unfit(String),
    /// Something the kernel said could not be understood.
    #[error("{0}")]
    Strange(String),
}

impl CheckpointError {
    /// For `map_err`: a kernel refusal while doing `what`.
    pub fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| CheckpointError::System { what, source }
    }

    /// For `map_err`: a tracing failure while doing `what`.
    pub fn trace(what: impl Into<String>) -> impl FnOnce(crate::sys::ptrace::TraceError) -> Self {
        let what = what.into();
        move |source| CheckpointError::Trace { what, source }
    }
}

impl From<Refusal> for CheckpointError {
    fn from(refusal: Refusal) -> Self {
        CheckpointError::Refused(Box::new(refusal))
    }
}

/// Whether something can be done here.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Ability {
    /// It can.
    #[default]
    Yes,
    /// It cannot, for this reason.
    No(String),
}

/// With what rights a tree is brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Tier {
    /// Root: pid, mount, time and (where the host has another name) UTS namespaces.
    Root,
    /// An ordinary user: the same inside a user namespace; setuid programs do not work in it.
    User,
    /// CAP_CHECKPOINT_RESTORE on the qmux file: no namespace; pids must be free, clocks jump and the
    /// host's name is the new one's.
    FileCapability,
}

impl Tier {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Root => "root",
            Tier::User => "user namespace",
            Tier::FileCapability => "file capability",
        }
    }

    /// Its name in messages between hosts.
    pub fn word(self) -> &'static str {
        match self {
            Tier::Root => "root",
            Tier::User => "user",
            Tier::FileCapability => "cap",
        }
    }

    /// The tree gets namespaces of its own.
    pub fn isolates(self) -> bool {
        self != Tier::FileCapability
    }
}

/// What an engine can do on this host, with reasons for what it cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Capabilities {
    /// Machine, e.g. `x86_64`.
    pub arch: String,
    /// Kernel release.
    pub kernel: String,
    /// CPU features processes started here may rely on.
    pub cpu: Option<Cpu>,
    /// Can freeze and dump.
    pub dump: Ability,
    /// Can restore with the old pids.
    pub restore: Ability,
    /// With which rights it restores; none where it cannot.
    pub tier: Option<Tier>,
    /// Optional kernel abilities found: `pagemap-scan`, `time-namespace`, `user-namespace`, …
    pub features: Vec<String>,
}

/// Where the pane's terminal is.
#[derive(Debug, Clone, Copy, Default)]
pub struct TtyHint<'a> {
    /// The pty master. Without it typed-ahead input stays where it is and is not carried.
    pub master: Option<BorrowedFd<'a>>,
}

/// What the user allows to be lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AssessOptions {
    /// Open TCP connections and listening sockets may be cut.
    pub cut: bool,
}

/// What a tree needs and weighs, found without touching it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Assessment {
    /// The processes: pid on this host, and name. The root first.
    pub processes: Vec<(i32, String)>,
    /// Memory that will be carried, bytes (an estimate: the tree goes on running).
    pub memory_bytes: u64,
    /// Files behind mappings and executables, hashed; the destination says which it lacks.
    pub mapped: Vec<MappedFile>,
    /// What must be found again by its path.
    pub places: Vec<Place>,
    /// What will be lost or changed, in words for the user.
    pub warnings: Vec<String>,
}

/// A regular file or directory that the tree holds open or works in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Absolute path.
    pub path: Vec<u8>,
    /// Is a directory.
    pub directory: bool,
    /// Is open for writing.
    pub writing: bool,
    /// Whoever writes to it only appends and cannot read it.
    pub appends: bool,
    /// Is in a folder that the user has on each host apart, and comes along unasked.
    pub own: bool,
    /// Locks held on it.
    pub locks: Vec<model::FileLock>,
    /// Size in bytes; 0 for a directory.
    pub size: u64,
    /// What one file on a shared file system is known by.
    pub identity: Identity,
    /// BLAKE3 of the content, for a file open for writing of at most [`CARRY_MAX`] bytes.
    pub hash: Option<ContentHash>,
}

/// What is the same of one file on every host that shares its file system, whoever writes to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// Number of its inode; 0 is nothing's.
    pub inode: u64,
    /// When it was made, ns since 1970; 0 where the file system does not say.
    pub made_ns: u64,
}

impl Identity {
    /// Of the file that this was read of.
    pub fn of(meta: &std::fs::Metadata) -> Identity {
        let made = meta.created().ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
        let made_ns = made.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0);
        Identity { inode: std::os::unix::fs::MetadataExt::ino(meta), made_ns }
    }

    /// Nothing speaks against these being one file. Two hosts number their inodes alike where they were set up
    /// alike, so the number alone says little; but a server of NFS may know when a file was made, and its
    /// clients not.
    pub fn may_be(&self, other: &Identity) -> bool {
        let known = self.made_ns != 0 && other.made_ns != 0;
        self.inode != 0 && self.inode == other.inode && (!known || self.made_ns == other.made_ns)
    }
}

/// Most bytes of open files that may come along with one tree: they are read while it stands still.
pub const CARRY_MAX: u64 = 64_000_000;

/// Which mapped files are put into an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ship {
    /// Every one: the image restores anywhere.
    All,
    /// Those with these hashes.
    Only(HashSet<ContentHash>),
}

impl Ship {
    /// None: the destination has them all.
    pub fn nothing() -> Self {
        Ship::Only(HashSet::new())
    }

    /// True when the file with this content travels.
    pub fn wants(&self, hash: &ContentHash) -> bool {
        match self {
            Ship::All => true,
            Ship::Only(hashes) => hashes.contains(hash),
        }
    }
}

/// What is sent ahead of the image, while the tree runs.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Contents of mapped files.
    pub ship: Ship,
    /// Memory too.
    pub memory: bool,
    /// Compress memory with lz4.
    pub compress: bool,
}

/// How to freeze.
#[derive(Debug, Clone, Copy)]
pub struct FreezeOptions {
    /// Longest time until every thread stands still; then the tree is let go.
    pub timeout: Duration,
    /// Open TCP connections and listening sockets may be cut.
    pub cut: bool,
}

impl Default for FreezeOptions {
    fn default() -> Self {
        FreezeOptions { timeout: Duration::from_secs(2), cut: false }
    }
}

/// How to dump.
#[derive(Debug, Clone)]
pub struct DumpOptions {
    /// Mapped files to put in.
    pub ship: Ship,
    /// Opaque picture of the pane's screen to put in; empty for none.
    pub screen: Vec<u8>,
    /// A line for people: `vi chapter3.tex`.
    pub title: String,
    /// Compress memory with lz4.
    pub compress: bool,
    /// Paths of open files whose contents are to come along.
    pub carry: Vec<Vec<u8>>,
    /// The store of files, where is noted which files the tree leaves behind when it is gone.
    pub cache: Option<std::path::PathBuf>,
    /// The reader has what was sent ahead: memory that is still the same is not sent again. Without it the image
    /// is complete in itself.
    pub precopied: bool,
}

impl Default for DumpOptions {
    fn default() -> Self {
        DumpOptions {
            ship: Ship::All,
            screen: Vec::new(),
            title: String::new(),
            compress: false,
            carry: Vec::new(),
            cache: None,
            precopied: false,
        }
    }
}

/// Figures of one dump.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stats {
    /// Processes dumped, zombies included.
    pub processes: u32,
    /// Threads dumped.
    pub threads: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of shipped files.
    pub file_bytes: u64,
    /// Time to make the whole tree stand still, µs.
    pub freeze_us: u64,
    /// Time for everything but memory, µs.
    pub metadata_us: u64,
    /// Time for memory, µs.
    pub memory_us: u64,
}

/// How to restore.
#[derive(Debug, Clone)]
pub struct RestoreOptions {
    /// Program to re-execute as the namespace's pid 1; normally `/proc/self/exe`.
    pub helper: std::path::PathBuf,
    /// Directory for files that travelled, 0700.
    pub cache: std::path::PathBuf,
    /// Longest time for the whole restore.
    pub timeout: Duration,
    /// Memory that came ahead of the image.
    pub precopied: Option<Arc<PageCopies>>,
    /// What to do wrong; for the control tests that prove each mechanism.
    pub sabotage: Sabotage,
}

impl RestoreOptions {
    /// The running program as helper, and this cache directory.
    pub fn new(cache: impl Into<std::path::PathBuf>) -> Self {
        RestoreOptions {
            helper: "/proc/self/exe".into(),
            cache: cache.into(),
            timeout: Duration::from_secs(60),
            precopied: None,
            sabotage: Sabotage::default(),
        }
    }
}

/// Mechanisms left out on purpose, so that tests can show what they are for. All off by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sabotage {
    /// The action of SIGIO stays the default one: emacs dies of its first keystroke.
    pub no_sigio_action: bool,
    /// The terminal comes up cooked.
    pub no_termios: bool,
    /// rseq stays registered in memory that then goes away: the kernel kills the process.
    pub stale_rseq: bool,
    /// The stop of a stopped job is not taken out of its parent: bash reports it again.
    pub keep_stop_reports: bool,
}

/// A root process brought back to life and running.
#[derive(Debug)]
pub struct RestoredRoot {
    /// Its pid on this host.
    pub pid: i32,
    /// The number it has for itself.
    pub inner_pid: i32,
    /// With which rights it was brought back.
    pub tier: Tier,
    /// Becomes readable with the raw wait status (4 bytes, little-endian) when it ends.
    pub exit: OwnedFd,
}

/// One way to carry a process tree.
pub trait Checkpointer {
    /// `native`.
    fn name(&self) -> &'static str;
    /// What it can do here.
    fn probe(&self) -> Capabilities;
    /// Finds everything that cannot move, and hashes files. Touches nothing; takes its time.
    fn assess(
        &self,
        root: i32,
        tty: TtyHint<'_>,
        options: &AssessOptions,
    ) -> Result<Assessment, CheckpointError>;
    /// Writes the contents of the wanted files of an assessed tree and, if wanted, its memory as it is now, before
    /// the freeze, as an image of nothing else; the bytes written.
    fn send_ahead(&self, root: i32, out: &mut ImageWriter<'_>, ahead: &Ahead)
    -> Result<u64, CheckpointError>;
    /// Stops the whole tree.
    fn freeze(
        &self,
        root: i32,
        tty: TtyHint<'_>,
        options: &FreezeOptions,
    ) -> Result<Box<dyn Frozen>, CheckpointError>;
    /// Builds the tree of an image, stopped. Reads the image to its end.
    fn restore(
        &self,
        image: &mut ImageReader<'_>,
        options: &RestoreOptions,
    ) -> Result<Box<dyn Restored>, CheckpointError>;
}

/// A tree that stands still. Dropped: it runs on, as if nothing had happened.
pub trait Frozen {
    /// Writes the whole image. The server must have stopped writing to the pty master before: typed-ahead input
    /// is taken out of the terminal here (it is in the image) and put back by a thaw.
    fn dump(&mut self, out: &mut ImageWriter<'_>, options: &DumpOptions) -> Result<Stats, CheckpointError>;
    /// Pids on this host, the root first.
    fn pids(&self) -> Vec<i32>;
    /// Lets the tree run on.
    fn thaw(self: Box<Self>);
    /// Ties the tree's life to this guard: from now on it dies when the guard is dropped or this thread ends.
    fn seal(self: Box<Self>) -> Result<Box<dyn Sealed>, CheckpointError>;
}

/// A frozen tree that can only come back to life by [`Sealed::unseal`]. Dropped: it dies.
pub trait Sealed {
    /// Kills and reaps it.
    fn release(self: Box<Self>);
    /// The destination has no copy: back to a frozen tree that may run on.
    fn unseal(self: Box<Self>) -> Box<dyn Frozen>;
}

/// A rebuilt tree that has not run yet. Dropped: it dies.
pub trait Restored {
    /// Pid of its root process on this host: what a journal names the copy by.
    fn root(&self) -> i32;
    /// The master of its new pty.
    fn master(&self) -> BorrowedFd<'_>;
    /// Screen blob of the image; empty when there was none.
    fn screen(&self) -> &[u8];
    /// Lets it run.
    fn resume(self: Box<Self>) -> Result<RestoredRoot, CheckpointError>;
    /// Kills it.
    fn discard(self: Box<Self>);
}
