//! What an image says: one process tree as plain serde values.
//!
//! Pids in here are the ones the processes themselves see (the innermost pid namespace), never the
//! numbers of the host that made the dump. Byte strings that are paths stay bytes (`OsString` is
//! not portable between hosts); numbers that are kernel bit sets keep the kernel's own layout.

use serde::{Deserialize, Serialize};

/// A pid as the tree itself sees it.
pub type Pid = i32;
/// Index into [`TreeImage::files`].
pub type FileId = u32;
/// Index into [`TreeImage::mapped`].
pub type MappedId = u32;

/// First section of an image: what it is and what a host must have to restore it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// 32 hexadecimal digits; single use is enforced by this name.
    pub image_id: String,
    /// Version of the qmux that made it.
    pub qmux: String,
    /// `uname -n`, `-r`, `-m` of the source.
    pub host: String,
    /// Kernel release of the source.
    pub kernel: String,
    /// Machine of the source, e.g. `x86_64`.
    pub arch: String,
    /// What of the CPU the processes may rely on.
    pub cpu: Cpu,
    /// Owner on the source.
    pub uid: u32,
    /// Group of the owner.
    pub gid: u32,
    /// User name of the owner, compared before numbers are.
    pub user: String,
    /// Wall clock at the freeze, ms since the epoch.
    pub created_ms: u64,
    /// CLOCK_MONOTONIC as the tree saw it at the freeze, ns.
    pub monotonic_ns: i128,
    /// CLOCK_BOOTTIME as the tree saw it at the freeze, ns.
    pub boottime_ns: i128,
    /// Names of the host as the tree saw them; images made before 25 Nov 2026 have none.
    #[serde(default)]
    pub uts: Option<Uts>,
    /// The tree's root process.
    pub root: Pid,
    /// A line for people: `vi chapter3.tex`.
    pub title: String,
}

/// What uname(2) calls the host. Programs keep what they once read (emacs writes it into its lock files), so it
/// is kept for them as their pids are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uts {
    /// `nodename`, at most 64 bytes.
    #[serde(with = "serde_bytes")]
    pub node: Vec<u8>,
    /// `domainname`, at most 64 bytes.
    #[serde(with = "serde_bytes")]
    pub domain: Vec<u8>,
}

/// CPU features that matter to a process already running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    /// XCR0 / `xfeatures` in use.
    pub xfeatures: u64,
    /// Bytes of an NT_X86_XSTATE register set.
    pub xsave_size: u32,
    /// `flags` of /proc/cpuinfo, sorted.
    pub flags: Vec<String>,
}

/// A process tree without its memory.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TreeImage {
    /// Parents before children; the root first.
    pub processes: Vec<Process>,
    /// Open file descriptions; several fds, in several processes, may share one.
    pub files: Vec<OpenFile>,
    /// Files that back mappings and executables, by content.
    pub mapped: Vec<MappedFile>,
    /// The pane's terminal.
    pub tty: Tty,
    /// Shared anonymous memory segments, by id: size in bytes. Contents come as pages of `shm`.
    pub shm: Vec<u64>,
    /// For each segment of `shm`: the open memfd (index into `files`) whose memory it is, so that the mapping and
    /// the descriptor stay one object; its contents are then in that file and no pages are sent.
    #[serde(default)]
    pub shm_file: Vec<Option<FileId>>,
    /// Old vdso contents (for another kernel's host), page-aligned length.
    #[serde(with = "serde_bytes")]
    pub vdso: Vec<u8>,
}

/// The pane's terminal as the tree saw it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tty {
    /// N of `/dev/pts/N`.
    pub index: u32,
    /// Its modes.
    pub termios: KernelTermios,
    /// rows, cols, xpixel, ypixel.
    pub winsize: [u16; 4],
    /// Foreground process group.
    pub foreground: Option<Pid>,
    /// Session whose controlling terminal it is.
    pub session: Option<Pid>,
    /// Typed-ahead input that was in the line discipline.
    #[serde(with = "serde_bytes")]
    pub pending_input: Vec<u8>,
}

/// `struct termios2` of asm-generic/termbits.h.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelTermios {
    /// Input modes.
    pub iflag: u32,
    /// Output modes.
    pub oflag: u32,
    /// Control modes.
    pub cflag: u32,
    /// Local modes.
    pub lflag: u32,
    /// Line discipline.
    pub line: u8,
    /// Control characters.
    pub cc: [u8; 19],
    /// Input speed.
    pub ispeed: u32,
    /// Output speed.
    pub ospeed: u32,
}

/// One process.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Process {
    /// Its pid; also the tid of its leader thread.
    pub pid: Pid,
    /// Its parent inside the tree; 0 for the root and for orphans taken by the reaper.
    pub ppid: Pid,
    /// Process group.
    pub pgid: Pid,
    /// Session.
    pub sid: Pid,
    /// Controlling terminal: index into [`TreeImage::files`]-independent pts number, if any.
    pub ctty: Option<u32>,
    /// What it was doing.
    pub state: ProcState,
    /// `exe` link.
    pub exe: MappedId,
    /// Working directory.
    #[serde(with = "serde_bytes")]
    pub cwd: Vec<u8>,
    /// Permission bits taken from new files.
    pub umask: u32,
    /// Identity.
    pub creds: Creds,
    /// Soft and hard limit, in the order of RLIMIT_* numbers; u64::MAX is infinity.
    pub rlimits: Vec<(u64, u64)>,
    /// Nice value.
    pub nice: i32,
    /// `oom_score_adj`.
    pub oom_score_adj: i32,
    /// PR_GET_DUMPABLE.
    pub dumpable: i32,
    /// PR_GET_NO_NEW_PRIVS.
    pub no_new_privs: bool,
    /// PR_GET_PDEATHSIG.
    pub pdeathsig: i32,
    /// PR_GET_CHILD_SUBREAPER.
    pub subreaper: bool,
    /// Address-space markers.
    pub mm: Mm,
    /// Mappings in ascending order.
    pub vmas: Vec<Vma>,
    /// Actions of signals 1..=64 (index 0 is signal 1), `struct kernel_sigaction`.
    pub sigactions: Vec<SigAction>,
    /// Signals pending for the whole process: raw 128-byte siginfo each.
    pub pending: Vec<serde_bytes::ByteBuf>,
    /// ITIMER_REAL, _VIRTUAL, _PROF: interval µs, value µs.
    pub itimers: [(u64, u64); 3],
    /// POSIX timers.
    pub timers: Vec<PosixTimer>,
    /// Open descriptors in ascending order.
    pub fds: Vec<Fd>,
    /// Guard areas of MADV_GUARD_INSTALL (102): address, length in bytes.
    #[serde(default)]
    pub guards: Vec<(u64, u64)>,
    /// Threads; the leader first.
    pub threads: Vec<Thread>,
}

/// What a process was doing when it was frozen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcState {
    /// Running or sleeping.
    #[default]
    Running,
    /// Stopped by job control with this signal.
    Stopped(i32),
    /// Dead and not yet waited for: raw wait status.
    Zombie(i32),
    /// Not a process of the tree: a number that must exist so that a group or session can.
    Placeholder,
}

/// Identity of a process, with its capability sets.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Creds {
    /// Real, effective, saved, filesystem uid.
    pub uid: [u32; 4],
    /// Real, effective, saved, filesystem gid.
    pub gid: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// CapInh, CapPrm, CapEff, CapBnd, CapAmb.
    pub caps: [u64; 5],
    /// PR_GET_SECUREBITS.
    pub securebits: u32,
}

/// `struct prctl_mm_map` without the fd, see prctl(2) PR_SET_MM_MAP.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Mm {
    pub start_code: u64,
    pub end_code: u64,
    pub start_data: u64,
    pub end_data: u64,
    pub start_brk: u64,
    pub brk: u64,
    pub start_stack: u64,
    pub arg_start: u64,
    pub arg_end: u64,
    pub env_start: u64,
    pub env_end: u64,
    #[serde(with = "serde_bytes")]
    pub auxv: Vec<u8>,
}

/// One mapping.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
    /// PROT_* bits.
    pub prot: u32,
    /// What is behind it.
    pub kind: VmaKind,
    /// Grows down (`gd`).
    pub growsdown: bool,
    /// madvise flags as VmFlags name them: `dc` 1, `nr` 2, `dd` 4, `wf` 8, `hg` 16, `nh` 32, `mg` 64, `lo` 128.
    pub advice: u32,
}

/// What is behind a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VmaKind {
    /// Private anonymous memory, heap and stack included.
    Anonymous,
    /// A private mapping of a file from this offset (bytes).
    Private(MappedId, u64),
    /// A shared mapping of a file from this offset (bytes); index into files opened by path.
    Shared(MappedId, u64),
    /// Shared anonymous memory: index into [`TreeImage::shm`], offset in bytes.
    SharedAnonymous(u32, u64),
    /// `[vdso]`.
    Vdso,
    /// `[vvar]`.
    Vvar,
    /// `[vvar_vclock]`.
    VvarVclock,
    /// `[vsyscall]`: the kernel's own, never restored.
    Vsyscall,
}

/// `struct kernel_sigaction` of x86_64.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SigAction {
    pub handler: u64,
    pub flags: u64,
    pub restorer: u64,
    pub mask: u64,
}

/// A POSIX timer as /proc/PID/timers and timer_gettime(2) describe it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PosixTimer {
    /// Kernel timer id.
    pub id: i32,
    /// Clock id.
    pub clock: i32,
    /// SIGEV_* with SIGEV_THREAD_ID.
    pub notify: i32,
    /// Signal number.
    pub signal: i32,
    /// sigev_value.
    pub value: u64,
    /// Thread for SIGEV_THREAD_ID.
    pub tid: Pid,
    /// Interval, ns.
    pub interval_ns: u64,
    /// Time to the next expiry, ns; 0 is disarmed.
    pub value_ns: u64,
    /// Overruns not yet reported.
    pub overrun: i32,
}

/// One entry of a descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fd {
    /// Its number.
    pub fd: i32,
    /// The open file description behind it.
    pub file: FileId,
    /// FD_CLOEXEC.
    pub cloexec: bool,
}

/// An open file description.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenFile {
    /// O_* flags as fdinfo shows them (O_CLOEXEC removed).
    pub flags: u32,
    /// F_GETOWN_EX: type (F_OWNER_TID 0, PID 1, PGRP 2) and the tree's own number; None is unset.
    pub owner: Option<(i32, Pid)>,
    /// F_GETSIG.
    pub signal: i32,
    /// Locks held through it.
    #[serde(default)]
    pub locks: Vec<FileLock>,
    /// What it is.
    pub kind: FileKind,
}

/// A lock on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLock {
    /// How it was taken.
    pub kind: LockKind,
    /// A write (exclusive) lock.
    pub exclusive: bool,
    /// Its holder, for POSIX locks.
    pub pid: Pid,
    /// First byte.
    pub start: u64,
    /// Length in bytes; 0 is to the end of the file and beyond.
    pub len: u64,
}

/// The three kinds of advisory locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LockKind {
    /// flock(2).
    Flock,
    /// F_SETLK: belongs to the process.
    Posix,
    /// F_OFD_SETLK: belongs to the open file description.
    OpenFile,
}

/// Where a unix socket listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// Path, or a zero byte and an abstract name; empty for none.
    #[serde(with = "serde_bytes")]
    pub name: Vec<u8>,
    /// Permissions of the file.
    pub mode: u32,
    /// Inode of the file, and when it was made: one on a shared file system is the same there.
    pub file: (u64, u64),
    /// It is in a folder that the user has on each host apart, which is made if it is missing.
    #[serde(default)]
    pub own: bool,
}

/// What an open file description refers to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FileKind {
    /// A regular file or directory, reopened by path.
    Path {
        /// Absolute path.
        #[serde(with = "serde_bytes")]
        path: Vec<u8>,
        /// Offset in bytes.
        pos: u64,
        /// Size at the dump, for files; checked where the file is open for writing.
        size: u64,
        /// Is a directory.
        directory: bool,
        /// BLAKE3 of the content at the dump; None where it was not hashed.
        hash: Option<[u8; 32]>,
        /// The content travels with the image, for a host where nothing is at this path.
        #[serde(default)]
        carried: Option<Carried>,
    },
    /// A deleted file: its contents travel.
    Deleted {
        /// The path it had, without ` (deleted)`.
        #[serde(with = "serde_bytes")]
        path: Vec<u8>,
        /// Offset in bytes.
        pos: u64,
        /// Permission bits.
        mode: u32,
        /// Contents (bounded by the dumper).
        #[serde(with = "serde_bytes")]
        content: Vec<u8>,
    },
    /// A memfd: name, seals, contents.
    Memfd {
        /// Name given to memfd_create(2).
        name: String,
        /// Offset in bytes.
        pos: u64,
        /// F_GET_SEALS.
        seals: u32,
        /// Contents.
        #[serde(with = "serde_bytes")]
        content: Vec<u8>,
    },
    /// A character device that is the same everywhere: null, zero, full, random, urandom.
    Device {
        /// Path in /dev.
        #[serde(with = "serde_bytes")]
        path: Vec<u8>,
    },
    /// The pane's pty slave; `true` if it was opened as /dev/tty.
    Tty {
        /// Opened through /dev/tty.
        via_dev_tty: bool,
    },
    /// A pty master inside the tree (script, a nested qmux).
    PtyMaster {
        /// N of the slave.
        index: u32,
        /// Packet mode and lock are not kept; modes and size are.
        termios: KernelTermios,
        /// rows, cols, xpixel, ypixel.
        winsize: [u16; 4],
        /// Foreground group of that pty.
        foreground: Option<Pid>,
    },
    /// A slave of a pty whose master is in the tree.
    PtySlave {
        /// N of `/dev/pts/N`.
        index: u32,
        /// Opened through /dev/tty.
        via_dev_tty: bool,
    },
    /// One end of an anonymous pipe; both ends name the same pipe.
    Pipe {
        /// Kernel inode number, the name both ends share.
        inode: u64,
        /// F_GETPIPE_SZ.
        capacity: u32,
        /// Contents; filled in on one of its descriptions only.
        #[serde(with = "serde_bytes")]
        content: Vec<u8>,
    },
    /// A named FIFO, with contents as for a pipe.
    Fifo {
        /// Its path.
        #[serde(with = "serde_bytes")]
        path: Vec<u8>,
        /// Which: one that is not found by its path comes back without a name.
        #[serde(default)]
        inode: u64,
        /// It has no name any more.
        #[serde(default)]
        deleted: bool,
        /// Contents.
        #[serde(with = "serde_bytes")]
        content: Vec<u8>,
    },
    /// eventfd(2).
    EventFd {
        /// Counter.
        count: u64,
        /// EFD_SEMAPHORE.
        semaphore: bool,
    },
    /// signalfd(2).
    SignalFd {
        /// Signal mask.
        mask: u64,
    },
    /// timerfd_create(2).
    TimerFd {
        /// Clock id.
        clock: i32,
        /// Expirations not yet read.
        ticks: u64,
        /// TFD_TIMER_ABSTIME and friends.
        settime_flags: i32,
        /// Time to the next expiry, ns.
        value_ns: u64,
        /// Interval, ns.
        interval_ns: u64,
    },
    /// epoll_create(2).
    Epoll {
        /// fd number, events, data of each target as registered.
        targets: Vec<(i32, u32, u64)>,
        /// The open file that each of them is a registration of, which its number may no longer say; None where
        /// it is not open in the tree. Without this list the numbers decide.
        #[serde(default)]
        files: Option<Vec<Option<FileId>>>,
    },
    /// inotify_init(2).
    Inotify {
        /// Watch descriptor, mask, path.
        watches: Vec<(i32, u32, serde_bytes::ByteBuf)>,
    },
    /// One end of a unix socket pair inside the tree.
    SocketPair {
        /// Own inode.
        inode: u64,
        /// Peer's inode.
        peer: u64,
        /// SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.
        kind: i32,
        /// Data waiting to be read at this end, message by message.
        queue: Vec<serde_bytes::ByteBuf>,
        /// Receive and send directions shut down (1 and 2).
        shutdown: u8,
    },
    /// A connection to the outside (TCP, or a unix socket to a daemon) that is not carried: it comes
    /// back as a socket whose peer has gone, so that the program sees a reset and not a hang.
    Disconnected {
        /// AF_*.
        family: i32,
        /// SOCK_*.
        kind: i32,
        /// What it was, for people: `tcp db1:5432`.
        what: String,
        /// It was connected, and what comes back is a connection that its peer has reset. Without it, a
        /// socket that was never connected.
        #[serde(default)]
        reset: bool,
        /// It is a unix socket that listens, and does so again.
        #[serde(default)]
        listening: Option<Listening>,
    },
    /// pidfd_open(2) of a process of the tree.
    PidFd {
        /// That process.
        pid: Pid,
    },
}

/// What an open file that travels is like beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Permission bits.
    pub mode: u32,
    /// Time of the last change, ns since 1970.
    pub modified_ns: i128,
}

/// A file that is mapped or executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedFile {
    /// Absolute path at the source.
    #[serde(with = "serde_bytes")]
    pub path: Vec<u8>,
    /// BLAKE3 of its content.
    pub hash: [u8; 32],
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// The path no longer led to this file.
    pub deleted: bool,
}

/// One thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thread {
    /// Its tid.
    pub tid: Pid,
    /// Its name.
    #[serde(with = "serde_bytes")]
    pub comm: Vec<u8>,
    /// `struct user_regs_struct`, 27 words, after the system-call restart fix-up of the dumper.
    pub regs: Vec<u64>,
    /// NT_X86_XSTATE.
    #[serde(with = "serde_bytes")]
    pub xstate: Vec<u8>,
    /// Blocked signals.
    pub sigmask: u64,
    /// Signals pending for this thread: raw 128-byte siginfo each.
    pub pending: Vec<serde_bytes::ByteBuf>,
    /// sigaltstack(2): address, flags, size.
    pub altstack: (u64, i32, u64),
    /// set_tid_address(2).
    pub clear_tid: u64,
    /// Robust list head and length.
    pub robust_list: (u64, u64),
    /// rseq area, size, signature, flags; zero address is unregistered.
    pub rseq: (u64, u32, u32, u32),
    /// Scheduling policy, priority, affinity is not kept.
    pub sched: (i32, i32),
}
