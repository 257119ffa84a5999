//! Descriptor tables of a tree: every open file description once, what it is, and who shares it.
//!
//! Works on a running tree (to find what cannot move) and on a frozen one (to dump): only the frozen one's pipes,
//! sockets and deleted files are read.

use super::epoll;
use super::inodes::{Inodes, watches};
use super::proc::{self, FdInfo, Map};
use super::sockets;
use super::view::View;
use crate::checkpoint::CheckpointError;
use crate::checkpoint::model::{Fd, FileId, FileKind, FileLock, KernelTermios, LockKind, OpenFile};
use crate::sys::descriptors;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};

/// Most bytes of deleted files and memfds that travel in one image.
const CONTENT_MAX: u64 = 256 << 20;
/// Most descriptors of one tree.
const DESCRIPTORS_MAX: usize = 200_000;
const O_CLOEXEC: u32 = libc::O_CLOEXEC as u32;
const O_ACCMODE: u32 = libc::O_ACCMODE as u32;
const PTY_SLAVES: std::ops::Range<u32> = 136..144;

/// What to look at and how.
pub struct Scope<'a> {
    /// Names and numbers.
    pub view: &'a View,
    /// N of the pane's `/dev/pts/N`.
    pub pane: Option<u32>,
    /// Outside connections may be cut.
    pub cut: bool,
    /// The tree is frozen: read contents, and take everything that vanishes for an error.
    pub frozen: bool,
}

/// All descriptors of a tree.
#[derive(Debug, Default)]
pub struct Files {
    /// Open file descriptions.
    pub files: Vec<OpenFile>,
    /// Descriptor table of each process, by its pid on this host.
    pub tables: HashMap<i32, Vec<Fd>>,
    /// Which file is the memfd, or the file mapped for sharing, with this device and inode.
    pub memfds: HashMap<(u64, u64), FileId>,
    /// What will be lost.
    pub warnings: Vec<String>,
    /// Bytes of contents taken.
    content: u64,
}

impl Files {
    /// Learns files that a process writes to through its memory: they are the tree's as if they were open, and
    /// usually they are not, any more.
    pub fn add_mapped(&mut self, maps: &[Map]) {
        for map in maps.iter().filter(|map| map.is_written_file()) {
            let device = nix::sys::stat::makedev(u64::from(map.device.0), u64::from(map.device.1));
            let Ok(meta) = std::fs::metadata(super::init::path(&map.path)) else { continue };
            if !meta.is_file() || meta.ino() != map.inode || self.memfds.contains_key(&(device, map.inode)) {
                continue;
            }
            let kind = FileKind::Path {
                path: map.path.clone(),
                pos: 0,
                size: meta.len(),
                directory: false,
                hash: None,
                carried: None,
            };
            self.memfds.insert((device, map.inode), self.files.len() as FileId);
            self.files.push(OpenFile {
                flags: libc::O_RDWR as u32,
                owner: None,
                signal: 0,
                locks: Vec::new(),
                kind,
            });
        }
    }
}

/// Where a description was met first.
struct Source {
    pid: i32,
    fd: i32,
    taken: OwnedFd,
    inode: u64,
    dev: u64,
    flags: u32,
    pos: u64,
}

/// True for an error that a running process causes by closing a descriptor or ending. One that is ending has no
/// memory any more and the kernel then denies access; that we have it otherwise was checked before.
fn vanished(error: &io::Error) -> bool {
    let gone = [libc::ENOENT, libc::EBADF, libc::ESRCH, libc::EACCES, libc::EPERM];
    error.raw_os_error().is_some_and(|errno| gone.contains(&errno))
}

/// Looks at every descriptor of the processes `pids`.
pub fn collect(pids: &[i32], scope: &Scope<'_>, inodes: &mut Inodes) -> Result<Files, CheckpointError> {
    let mut files = Files::default();
    let mut sources: Vec<Source> = Vec::new();
    let mut by_link: HashMap<Vec<u8>, Vec<FileId>> = HashMap::new();
    let mut count = 0;
    for &pid in pids {
        let failed = |what: &str| format!("{what} of {} (pid {pid})", scope.view.name(pid));
        let numbers = match proc::descriptors(pid) {
            Err(e) if !scope.frozen && vanished(&e) => continue,
            other => other.map_err(CheckpointError::system(failed("reading the descriptors")))?,
        };
        let pidfd = match descriptors::pidfd_open(pid) {
            Err(e) if !scope.frozen && vanished(&e) => continue,
            other => other.map_err(CheckpointError::system(failed("opening a handle")))?,
        };
        count += numbers.len();
        if count > DESCRIPTORS_MAX {
            return Err(CheckpointError::Strange(format!("more than {DESCRIPTORS_MAX} descriptors")));
        }
        let mut table = Vec::with_capacity(numbers.len());
        for fd in numbers {
            match one(pid, fd, &pidfd, scope, &mut files, &mut sources, &mut by_link, inodes) {
                Ok(entry) => table.push(entry),
                Err(CheckpointError::System { source, .. }) if !scope.frozen && vanished(&source) => {}
                Err(e) => return Err(e),
            }
        }
        files.tables.insert(pid, table);
    }
    finish_sockets(&mut files, &sources, scope)?;
    finish_pipes(&mut files, &sources, scope)?;
    check_ptys(&files, &sources, scope)?;
    if scope.frozen {
        finish_epolls(&mut files, &sources);
    }
    Ok(files)
}

fn finish_epolls(files: &mut Files, sources: &[Source]) {
    let open: Vec<(i32, i32)> = sources.iter().map(|source| (source.pid, source.fd)).collect();
    for (file, &epoll) in files.files.iter_mut().zip(&open) {
        if let FileKind::Epoll { targets, files } = &mut file.kind {
            *files = Some(epoll::files(epoll, targets, &open));
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn one(
    pid: i32,
    fd: i32,
    pidfd: &OwnedFd,
    scope: &Scope<'_>,
    files: &mut Files,
    sources: &mut Vec<Source>,
    by_link: &mut HashMap<Vec<u8>, Vec<FileId>>,
    inodes: &mut Inodes,
) -> Result<Fd, CheckpointError> {
    let what = || format!("reading descriptor {fd} of {} (pid {pid})", scope.view.name(pid));
    let link = proc::link(&format!("/proc/{pid}/fd/{fd}")).map_err(CheckpointError::system(what()))?;
    let info = FdInfo::read(pid, fd).map_err(CheckpointError::system(what()))?;
    let cloexec = info.flags & O_CLOEXEC != 0;
    let flags = info.flags & !O_CLOEXEC;
    for &file in by_link.get(&link).into_iter().flatten() {
        let known = &sources[file as usize];
        // The kernel is asked only where everything visible agrees. An offset can differ on a running tree.
        let alike = known.flags == flags && (known.pos == info.pos || !scope.frozen);
        if alike && descriptors::same_file(known.pid, known.fd, pid, fd).unwrap_or(false) {
            return Ok(Fd { fd, file, cloexec });
        }
    }
    let taken = descriptors::pidfd_getfd(pidfd.as_fd(), fd).map_err(CheckpointError::system(what()))?;
    let handle = File::from(taken);
    let meta = handle.metadata().map_err(CheckpointError::system(what()))?;
    let owner = descriptors::owner(handle.as_fd()).unwrap_or(None);
    let owner = match owner.map(|(kind, number)| (kind, scope.view.inner(number))) {
        Some((kind, Some(number))) => Some((kind, number)),
        Some((_, None)) if flags & libc::O_ASYNC as u32 != 0 => {
            let name = scope.view.name(pid);
            files.warnings.push(format!("{name} asked for SIGIO to be sent to a process outside the pane"));
            None
        }
        _ => None,
    };
    let kind = describe(
        &Open { pid, link: &link, info: &info, handle: &handle, meta: &meta },
        scope,
        files,
        inodes,
    )?;
    let id = files.files.len() as FileId;
    if let FileKind::Memfd { .. } = kind {
        files.memfds.insert((meta.dev(), meta.ino()), id);
    }
    files.files.push(OpenFile {
        flags,
        owner,
        signal: descriptors::io_signal(handle.as_fd()).unwrap_or(0),
        locks: locks(&info, scope.view),
        kind,
    });
    sources.push(Source {
        pid,
        fd,
        taken: handle.into(),
        inode: meta.ino(),
        dev: meta.dev(),
        flags,
        pos: info.pos,
    });
    by_link.entry(link).or_default().push(id);
    Ok(Fd { fd, file: id, cloexec })
}

/// One description while it is looked at.
struct Open<'a> {
    pid: i32,
    link: &'a [u8],
    info: &'a FdInfo,
    handle: &'a File,
    meta: &'a std::fs::Metadata,
}

fn describe(
    open: &Open<'_>,
    scope: &Scope<'_>,
    files: &mut Files,
    inodes: &mut Inodes,
) -> Result<FileKind, CheckpointError> {
    let kind = open.meta.file_type();
    if kind.is_file() || kind.is_dir() {
        // memfds and anonymous inodes have file types of their own only on some kernels: the name decides.
        if open.link.starts_with(b"anon_inode:") || open.link.starts_with(b"pidfd:") {
            return anonymous(open, scope, files, inodes);
        }
        return regular(open, scope, files);
    }
    if kind.is_char_device() {
        return character(open, scope);
    }
    if kind.is_fifo() {
        return fifo(open);
    }
    if kind.is_socket() {
        // Replaced when all sockets of the tree are known.
        return Ok(FileKind::Disconnected {
            family: 0,
            kind: 0,
            what: String::new(),
            reset: false,
            listening: None,
        });
    }
    if kind.is_symlink() {
        return regular(open, scope, files);
    }
    if kind.is_block_device() {
        return Err(device(open, scope));
    }
    anonymous(open, scope, files, inodes)
}

fn device(open: &Open<'_>, scope: &Scope<'_>) -> CheckpointError {
    let path = String::from_utf8_lossy(open.link).into_owned();
    let gpu = ["/dev/nvidia", "/dev/dri/", "/dev/kfd"].iter().any(|prefix| path.starts_with(prefix));
    let (code, cause) = if gpu {
        ("gpu", "it uses a graphics processor, whose state stays in this machine")
    } else {
        ("device", "it has a device of this machine open")
    };
    scope.view.refusal(code, open.pid, &path, cause, "Close it first").into()
}

fn regular(open: &Open<'_>, scope: &Scope<'_>, files: &mut Files) -> Result<FileKind, CheckpointError> {
    let directory = open.meta.is_dir();
    let named = |path: &[u8]| FileKind::Path {
        path: path.to_vec(),
        pos: open.info.pos,
        size: open.meta.len(),
        directory,
        hash: None,
        carried: None,
    };
    if is_message_queue(open) {
        let text = String::from_utf8_lossy(open.link);
        let cause = "it has a POSIX message queue open, which stays with this host";
        return Err(scope.view.refusal("message-queue", open.pid, &text, cause, "End it first").into());
    }
    let Some(stem) = open.link.strip_suffix(b" (deleted)") else { return Ok(named(open.link)) };
    let text = String::from_utf8_lossy(open.link);
    let still_there = std::fs::metadata(&*text)
        .is_ok_and(|meta| (meta.dev(), meta.ino()) == (open.meta.dev(), open.meta.ino()));
    if still_there {
        // A file whose name really ends so.
        return Ok(named(open.link));
    }
    if directory {
        let cause = "it has a deleted directory open";
        return Err(scope.view.refusal("deleted-directory", open.pid, &text, cause, "Close it first").into());
    }
    let size = open.meta.len();
    files.content += size;
    if files.content > CONTENT_MAX {
        let cause = format!("it keeps deleted files of more than {} MiB open", CONTENT_MAX >> 20);
        return Err(scope
            .view
            .refusal("deleted-file-size", open.pid, &text, &cause, "Close them first")
            .into());
    }
    let content = if scope.frozen { content(open.handle, size)? } else { Vec::new() };
    let pos = open.info.pos;
    if let Some(name) = stem.strip_prefix(b"/memfd:") {
        let seals = descriptors::seals(open.handle.as_fd()).unwrap_or(0);
        return Ok(FileKind::Memfd { name: String::from_utf8_lossy(name).into_owned(), pos, seals, content });
    }
    Ok(FileKind::Deleted { path: stem.to_vec(), pos, mode: open.meta.mode() & 0o7777, content })
}

/// A file of the mqueue file system, whose root is the top of all names.
fn is_message_queue(open: &Open<'_>) -> bool {
    const MQUEUE_MAGIC: i64 = 0x1980_0202;
    let at_top = open.link.iter().filter(|&&byte| byte == b'/').count() == 1;
    at_top && nix::sys::statfs::fstatfs(open.handle).is_ok_and(|fs| fs.filesystem_type().0 == MQUEUE_MAGIC)
}

/// Contents of a file that has no name any more, through its descriptor or, where that is write-only, through a
/// new one. Never moves the offset, which the program shares.
fn content(handle: &File, size: u64) -> Result<Vec<u8>, CheckpointError> {
    let mut content = vec![0; size as usize];
    let result = handle.read_exact_at(&mut content, 0).or_else(|_| {
        File::open(format!("/proc/self/fd/{}", handle.as_raw_fd()))?.read_exact_at(&mut content, 0)
    });
    result.map_err(CheckpointError::system("reading a deleted file"))?;
    Ok(content)
}

fn character(open: &Open<'_>, scope: &Scope<'_>) -> Result<FileKind, CheckpointError> {
    let device_number = open.meta.rdev();
    let (major, minor) =
        (nix::sys::stat::major(device_number) as u32, nix::sys::stat::minor(device_number) as u32);
    match (major, minor) {
        (1, 3 | 5 | 7 | 8 | 9) => Ok(FileKind::Device { path: open.link.to_vec() }),
        // /dev/tty: whichever terminal it was when opened.
        (5, 0) => match descriptors::terminal_device(open.handle.as_fd()) {
            Ok((major, minor)) if PTY_SLAVES.contains(&major) => {
                Ok(slave((major - 136) * 256 + minor, true, scope))
            }
            _ => Err(device(open, scope)),
        },
        (5, 2) => {
            let index = open.info.value("tty-index").and_then(|text| text.parse().ok());
            let index = index.ok_or_else(|| device(open, scope))?;
            let fd = open.handle.as_fd();
            let failed = || CheckpointError::system(format!("asking the terminal of pty {index}"));
            let foreground = descriptors::foreground_group(fd).ok().and_then(|group| scope.view.inner(group));
            Ok(FileKind::PtyMaster {
                index,
                termios: kernel_termios(descriptors::termios(fd).map_err(failed())?),
                winsize: descriptors::winsize(fd).map_err(failed())?,
                foreground,
            })
        }
        (major, minor) if PTY_SLAVES.contains(&major) => Ok(slave((major - 136) * 256 + minor, false, scope)),
        _ => Err(device(open, scope)),
    }
}

fn slave(index: u32, via_dev_tty: bool, scope: &Scope<'_>) -> FileKind {
    if scope.pane == Some(index) {
        FileKind::Tty { via_dev_tty }
    } else {
        FileKind::PtySlave { index, via_dev_tty }
    }
}

/// The model's form of terminal modes.
pub fn kernel_termios(t: descriptors::Termios2) -> KernelTermios {
    KernelTermios {
        iflag: t.iflag,
        oflag: t.oflag,
        cflag: t.cflag,
        lflag: t.lflag,
        line: t.line,
        cc: t.cc,
        ispeed: t.ispeed,
        ospeed: t.ospeed,
    }
}

fn fifo(open: &Open<'_>) -> Result<FileKind, CheckpointError> {
    if open.link.starts_with(b"pipe:[") {
        let capacity = descriptors::pipe_capacity(open.handle.as_fd())
            .map_err(CheckpointError::system(format!("asking a pipe of {}", open.pid)))?;
        return Ok(FileKind::Pipe { inode: open.meta.ino(), capacity, content: Vec::new() });
    }
    let deleted = open.meta.nlink() == 0;
    Ok(FileKind::Fifo { path: open.link.to_vec(), inode: open.meta.ino(), deleted, content: Vec::new() })
}

fn anonymous(
    open: &Open<'_>,
    scope: &Scope<'_>,
    files: &mut Files,
    inodes: &mut Inodes,
) -> Result<FileKind, CheckpointError> {
    let info = open.info;
    let text = String::from_utf8_lossy(open.link).into_owned();
    let name = text.strip_prefix("anon_inode:").unwrap_or(&text).trim_matches(['[', ']']);
    let strange =
        || CheckpointError::Strange(format!("cannot understand {text} of {}", scope.view.name(open.pid)));
    let refuse = |code: &str, cause: &str| {
        CheckpointError::from(scope.view.refusal(code, open.pid, &text, cause, "End it first"))
    };
    match name {
        "eventfd" => Ok(FileKind::EventFd {
            count: info
                .value("eventfd-count")
                .and_then(|v| u64::from_str_radix(v, 16).ok())
                .ok_or_else(strange)?,
            semaphore: info.value("eventfd-semaphore").is_some_and(|v| v == "1"),
        }),
        "signalfd" => Ok(FileKind::SignalFd {
            mask: info.value("sigmask").and_then(|v| u64::from_str_radix(v, 16).ok()).ok_or_else(strange)?,
        }),
        "timerfd" => timerfd(info).ok_or_else(strange),
        // Which files they are is asked when all files of the tree are known.
        "eventpoll" => Ok(FileKind::Epoll { targets: epoll::targets(info), files: None }),
        "inotify" => {
            let mut found = Vec::new();
            for watch in watches(info) {
                match inodes.path(&watch) {
                    Some(path) => found.push((watch.wd, watch.mask, serde_bytes::ByteBuf::from(path))),
                    None => files.warnings.push(format!(
                        "{} stops watching a file whose name cannot be found",
                        scope.view.name(open.pid)
                    )),
                }
            }
            Ok(FileKind::Inotify { watches: found })
        }
        "pidfd" => {
            let pid = info.value("Pid").and_then(|v| v.parse::<i32>().ok()).ok_or_else(strange)?;
            let inner = scope.view.inner(pid);
            inner
                .map(|pid| FileKind::PidFd { pid })
                .ok_or_else(|| refuse("pidfd", "it holds a handle on a process outside the pane"))
        }
        "io_uring" => Err(refuse("io-uring", "it uses io_uring, which the kernel does not let out")),
        "perf_event" => Err(refuse("perf", "it measures with performance counters")),
        "userfaultfd" => Err(refuse("userfaultfd", "it handles page faults of its own")),
        other if other.starts_with("bpf") => Err(refuse("bpf", "it holds BPF objects of this kernel")),
        other if other.starts_with("kvm") => Err(refuse("kvm", "it runs a virtual machine")),
        _ => Err(refuse("descriptor", "it holds a kernel object that cannot be moved")),
    }
}

fn timerfd(info: &FdInfo) -> Option<FileKind> {
    let pair = |key: &str| {
        let (seconds, nanos) = info.value(key)?.trim_matches(['(', ')']).split_once(',')?;
        let seconds: u64 = seconds.trim().parse().ok()?;
        Some(seconds * 1_000_000_000 + nanos.trim().parse::<u64>().ok()?)
    };
    Some(FileKind::TimerFd {
        clock: info.value("clockid")?.parse().ok()?,
        ticks: info.value("ticks")?.parse().ok()?,
        settime_flags: i32::from_str_radix(info.value("settime flags")?, 8).ok()?,
        value_ns: pair("it_value")?,
        interval_ns: pair("it_interval")?,
    })
}

/// `lock: 1: POSIX  ADVISORY  WRITE 1234 fd:00:99 0 EOF`
fn locks(info: &FdInfo, view: &View) -> Vec<FileLock> {
    info.lines.iter().filter_map(|line| lock(line, view)).collect()
}

fn lock(line: &str, view: &View) -> Option<FileLock> {
    let mut words = line.strip_prefix("lock:")?.split_ascii_whitespace().skip(1);
    let kind = match words.next()? {
        "FLOCK" => LockKind::Flock,
        "POSIX" => LockKind::Posix,
        "OFDLCK" => LockKind::OpenFile,
        _ => return None,
    };
    let exclusive = words.nth(1)? == "WRITE";
    let pid = words.next()?.parse().ok().and_then(|pid| view.inner(pid)).unwrap_or(0);
    let start = words.nth(1)?.parse().ok()?;
    let len = match words.next()? {
        "EOF" => 0,
        end => end.parse::<u64>().ok()?.checked_sub(start)? + 1,
    };
    Some(FileLock { kind, exclusive, pid, start, len })
}

fn finish_sockets(files: &mut Files, sources: &[Source], scope: &Scope<'_>) -> Result<(), CheckpointError> {
    let is_socket = |file: &OpenFile| matches!(&file.kind, FileKind::Disconnected { family: 0, what, .. } if what.is_empty());
    let inside: HashSet<u64> = files
        .files
        .iter()
        .zip(sources)
        .filter(|(file, _)| is_socket(file))
        .map(|(_, source)| source.inode)
        .collect();
    for (file, source) in files.files.iter_mut().zip(sources) {
        if is_socket(file) {
            let found = sockets::Found { pid: source.pid, fd: source.taken.as_fd(), inode: source.inode };
            file.kind =
                sockets::describe(&found, &inside, scope.view, scope.cut, scope.frozen, &mut files.warnings)?;
        }
    }
    Ok(())
}

/// Contents of each pipe, once; and a refusal for one whose other end is outside.
fn finish_pipes(files: &mut Files, sources: &[Source], scope: &Scope<'_>) -> Result<(), CheckpointError> {
    let mut pipes: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
    for (at, (file, source)) in files.files.iter().zip(sources).enumerate() {
        if let FileKind::Fifo { path, deleted: false, .. } = &file.kind {
            let (who, path) = (scope.view.name(source.pid), String::from_utf8_lossy(path));
            files
                .warnings
                .push(format!("{who} finds no program outside of the pane at its FIFO {path} there"));
        }
        if matches!(file.kind, FileKind::Pipe { .. } | FileKind::Fifo { .. }) {
            pipes.entry((source.dev, source.inode)).or_default().push(at);
        }
    }
    for ends in pipes.into_values() {
        let mode = |at: &&usize| sources[**at].flags & O_ACCMODE;
        let reader = ends.iter().find(|at| mode(at) != libc::O_WRONLY as u32);
        let writer = ends.iter().find(|at| mode(at) != libc::O_RDONLY as u32);
        let outside = |at: usize, closed: i16, which: &str| {
            let revents = descriptors::poll_now(sources[at].taken.as_fd(), libc::POLLIN).unwrap_or(closed);
            if revents & closed != 0 {
                return Ok(());
            }
            let cause = format!("{which} end of one of its pipes is held by a process outside the pane");
            let pid = sources[at].pid;
            Err(scope.view.refusal("outside-pipe", pid, "pipe", &cause, "End one of the two first"))
        };
        match (reader, writer) {
            (Some(&at), None) => outside(at, libc::POLLHUP, "the writing")?,
            (None, Some(&at)) => outside(at, libc::POLLERR, "the reading")?,
            _ => {}
        }
        let Some(&at) = reader else { continue };
        if !scope.frozen {
            continue;
        }
        let bytes = descriptors::pipe_content(sources[at].taken.as_fd())
            .map_err(CheckpointError::system(format!("reading a pipe of {}", sources[at].pid)))?;
        if let FileKind::Pipe { content, .. } | FileKind::Fifo { content, .. } = &mut files.files[at].kind {
            *content = bytes;
        }
    }
    Ok(())
}

/// A terminal that is neither the pane's nor one made inside the tree cannot come along.
fn check_ptys(files: &Files, sources: &[Source], scope: &Scope<'_>) -> Result<(), CheckpointError> {
    let masters: HashSet<u32> = files
        .files
        .iter()
        .filter_map(|file| match file.kind {
            FileKind::PtyMaster { index, .. } => Some(index),
            _ => None,
        })
        .collect();
    for (file, source) in files.files.iter().zip(sources) {
        if let FileKind::PtySlave { index, .. } = file.kind
            && !masters.contains(&index)
        {
            let object = format!("/dev/pts/{index}");
            let cause = "it has a terminal open that is not this pane's";
            return Err(scope
                .view
                .refusal("other-terminal", source.pid, &object, cause, "Close it first")
                .into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_read() {
        let view = View::default();
        let got = lock("lock:\t1: POSIX  ADVISORY  WRITE 77 fd:00:99 10 19", &view).unwrap();
        assert_eq!((got.kind, got.exclusive, got.start, got.len), (LockKind::Posix, true, 10, 10));
        let got = lock("lock:\t2: FLOCK  ADVISORY  READ 77 fd:00:99 0 EOF", &view).unwrap();
        assert_eq!((got.kind, got.exclusive, got.start, got.len), (LockKind::Flock, false, 0, 0));
    }

    #[test]
    fn a_timerfd_is_read() {
        let mut info = FdInfo::default();
        for line in ["clockid: 1", "ticks: 2", "settime flags: 01", "it_value: (3, 5)", "it_interval: (1, 0)"]
        {
            info.lines.push(line.into());
        }
        assert!(matches!(
            timerfd(&info),
            Some(FileKind::TimerFd {
                clock: 1,
                ticks: 2,
                settime_flags: 1,
                value_ns: 3_000_000_005,
                interval_ns: 1_000_000_000
            })
        ));
    }
}
