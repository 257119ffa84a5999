//! Opens every open file description of a tree once, at its high number, before any process of the
//! tree exists; forking then shares them as they were shared.

use super::init::{Doing, InitError, InitRequest, path};
use super::listen;
use crate::checkpoint::Tier;
use crate::checkpoint::model::{FileId, FileKind, OpenFile};
use crate::sys::{fdtable, ptmx, signals};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

/// Flags open(2) acts on once and that must not act again.
const ONCE: i32 = libc::O_CREAT | libc::O_EXCL | libc::O_TRUNC;
/// Most bytes a pipe may bring along.
const PIPE_MAX: usize = 64 << 20;

/// What [`all`] opened.
#[derive(Debug, Default)]
pub struct Opened {
    /// Slave of each terminal, by its number at the source.
    pub slaves: BTreeMap<u32, RawFd>,
    /// Number of each terminal on this host, by its number at the source.
    pub numbers: BTreeMap<u32, u32>,
}

struct Opener<'a> {
    request: &'a InitRequest,
    masters: BTreeMap<u32, OwnedFd>,
    opened: Opened,
    /// Pipe ends by inode: reading, writing.
    pipes: BTreeMap<u64, (RawFd, RawFd)>,
    /// Socket ends by inode.
    sockets: BTreeMap<u64, RawFd>,
    /// Where to send what a socket, by its inode, is to find.
    senders: BTreeMap<u64, RawFd>,
    /// Pipes in place of FIFOs without a name, by inode.
    nameless: BTreeMap<u64, (RawFd, RawFd)>,
    /// Ends that only hold something until everything is open.
    temporary: Vec<RawFd>,
}

/// Opens everything of `request` at its number. `masters` are the terminals' masters by their number at
/// the source; those of the tree become its files, the pane's is dropped (the keeper has it).
pub fn all(request: &InitRequest, masters: BTreeMap<u32, OwnedFd>) -> Result<Opened, InitError> {
    let mut opener = Opener {
        request,
        masters,
        opened: Opened::default(),
        pipes: BTreeMap::new(),
        sockets: BTreeMap::new(),
        senders: BTreeMap::new(),
        nameless: BTreeMap::new(),
        temporary: Vec::new(),
    };
    opener.slaves()?;
    let mut used = BTreeSet::new();
    for process in &request.tree.processes {
        used.extend(process.fds.iter().map(|fd| fd.file));
    }
    used.extend(request.tree.shm_file.iter().copied().flatten());
    opener.pipes_and_sockets(&used)?;
    for &id in &used {
        let file = request
            .tree
            .files
            .get(id as usize)
            .ok_or_else(|| InitError::Request(format!("open file {id} is not in the image")))?;
        opener.file(id, file)?;
    }
    opener.mapped()?;
    opener.segments()?;
    for fd in opener.temporary.drain(..) {
        fdtable::close(fd);
    }
    for (_, slave) in opener.opened.slaves.iter_mut() {
        *slave = fdtable::move_up(*slave, request.end_fd()).doing(|| "move a terminal".into())?;
    }
    Ok(opener.opened)
}

impl Opener<'_> {
    /// A slave of each terminal, kept until the tree holds its own.
    fn slaves(&mut self) -> Result<(), InitError> {
        for (&index, master) in &self.masters {
            use std::os::fd::AsFd;
            let slave = ptmx::open_peer(master.as_fd()).doing(|| format!("open /dev/pts/{index}"))?;
            let number = ptmx::index(master.as_fd()).doing(|| "ask for the pty's number".into())?;
            self.opened.slaves.insert(index, slave.into_raw_fd());
            self.opened.numbers.insert(index, number);
        }
        Ok(())
    }

    /// Makes the pipes and socket pairs, so that both ends can be handed out.
    fn pipes_and_sockets(&mut self, used: &BTreeSet<FileId>) -> Result<(), InitError> {
        for &id in used {
            let Some(file) = self.request.tree.files.get(id as usize) else { continue };
            match &file.kind {
                FileKind::Pipe { inode, capacity, content } => {
                    let ends = match self.pipes.get(inode) {
                        Some(ends) => *ends,
                        None => {
                            let ends = fdtable::pipe().doing(|| "make a pipe".into())?;
                            self.temporary.extend([ends.0, ends.1]);
                            self.pipes.insert(*inode, ends);
                            ends
                        }
                    };
                    fill_pipe(ends.1, *capacity, content)?;
                }
                FileKind::SocketPair { inode, peer, kind, .. } if !self.sockets.contains_key(inode) => {
                    let ends = fdtable::socket_pair(*kind).doing(|| "make a socket pair".into())?;
                    self.temporary.extend([ends.0, ends.1]);
                    self.sockets.insert(*inode, ends.0);
                    self.senders.insert(*inode, ends.1);
                    // 0: it has none, any more.
                    if *peer != 0 {
                        self.sockets.insert(*peer, ends.1);
                        self.senders.insert(*peer, ends.0);
                    }
                }
                _ => {}
            }
        }
        for &id in used {
            let Some(file) = self.request.tree.files.get(id as usize) else { continue };
            if let FileKind::SocketPair { inode, queue, .. } = &file.kind {
                let from = self.senders[inode];
                for message in queue {
                    // Only the first attempt may fail for room; the system's limit decides then.
                    let _ = fdtable::set_send_buffer(from, message.len() * 2 + 65536);
                    fdtable::send_message(from, message).doing(|| "refill a socket".into())?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, id: FileId, file: &OpenFile) -> Result<(), InitError> {
        let Some(fd) = self.open(file)? else {
            return Ok(());
        };
        let to = self.request.file_fd(id);
        fdtable::put_at(fd, to, true).doing(|| format!("put a file at {to}"))?;
        if fd != to && !self.temporary.contains(&fd) {
            fdtable::close(fd);
        }
        Ok(())
    }

    /// A descriptor for `file` at any number; None where only the process itself can open it.
    fn open(&mut self, file: &OpenFile) -> Result<Option<RawFd>, InitError> {
        // O_TMPFILE (ed, tmpfile(3)) contains O_DIRECTORY, and the file is none.
        let unnamed = match &file.kind {
            FileKind::Path { directory: true, .. } => libc::O_TMPFILE & !libc::O_DIRECTORY,
            _ => libc::O_TMPFILE,
        };
        let flags = file.flags as i32 & !ONCE & !unnamed & !libc::O_ASYNC | libc::O_NOCTTY;
        let fd = match &file.kind {
            FileKind::Path { path: name, pos, directory, .. } => {
                let fd = open_path(path(name), flags)?;
                if !directory && flags & libc::O_PATH == 0 && *pos != 0 {
                    fdtable::seek(fd, *pos).doing(|| format!("seek in {}", path(name).display()))?;
                }
                fd
            }
            FileKind::Deleted { path: name, pos, mode, content } => {
                deleted(path(name), flags, *mode, *pos, content)?
            }
            FileKind::Memfd { name, pos, seals, content } => memfd(name, flags, *pos, *seals, content)?,
            FileKind::Device { path: name } => open_path(path(name), flags)?,
            FileKind::Tty { via_dev_tty } => {
                self.terminal(self.request.tree.tty.index, *via_dev_tty, flags)?
            }
            FileKind::PtySlave { index, via_dev_tty } => self.terminal(*index, *via_dev_tty, flags)?,
            FileKind::PtyMaster { index, .. } => {
                let master = self.masters.get(index).ok_or_else(|| missing("pty master"))?;
                let fd =
                    fdtable::move_up(dup(master.as_raw_fd())?, 3).doing(|| "take a pty master".into())?;
                status(fd, flags)?;
                fd
            }
            FileKind::Pipe { inode, .. } => {
                let ends = self.pipes.get(inode).copied().ok_or_else(|| missing("pipe"))?;
                // Opened anew rather than taken: two descriptions of one end must stay two.
                let end = if flags & libc::O_ACCMODE == libc::O_WRONLY { ends.1 } else { ends.0 };
                reopen(end, flags)?
            }
            FileKind::Fifo { path: name, inode, deleted, content } => {
                let name = (!*deleted && is_fifo(path(name))).then_some(path(name));
                self.fifo(name, *inode, flags, content)?
            }
            FileKind::EventFd { count, semaphore } => {
                let fd = fdtable::event_fd(*semaphore).doing(|| "eventfd".into())?;
                if *count > 0 {
                    fdtable::write_all(fd, &count.to_ne_bytes()).doing(|| "set an eventfd".into())?;
                }
                status(fd, flags)?;
                fd
            }
            FileKind::SignalFd { mask } => {
                let fd = fdtable::signal_fd(*mask).doing(|| "signalfd".into())?;
                status(fd, flags)?;
                fd
            }
            FileKind::TimerFd { clock, ticks, value_ns, interval_ns, .. } => {
                let fd = fdtable::timer_fd(*clock).doing(|| "timerfd".into())?;
                timer(fd, *value_ns, *interval_ns, *ticks)?;
                status(fd, flags)?;
                fd
            }
            FileKind::Epoll { .. } => fdtable::epoll().doing(|| "epoll".into())?,
            FileKind::Inotify { watches } => inotify(watches, flags)?,
            FileKind::SocketPair { inode, shutdown, .. } => {
                let fd = self.sockets.get(inode).copied().ok_or_else(|| missing("socket"))?;
                match shutdown & 3 {
                    0 => {}
                    how => fdtable::shutdown(fd, i32::from(how) - 1).doing(|| "shut a socket down".into())?,
                }
                status(fd, flags)?;
                fd
            }
            FileKind::Disconnected { kind, listening: Some(listening), .. } => {
                let fd = listen::again(*kind, listening, self.owner())?;
                status(fd, flags)?;
                fd
            }
            FileKind::Disconnected { family, kind, reset, listening: None, .. } => {
                disconnected(*family, *kind, *reset, flags)?
            }
            FileKind::PidFd { .. } => return Ok(None),
        };
        Ok(Some(fd))
    }

    /// The slave of a terminal, opened by its name or as /dev/tty.
    ///
    /// /dev/tty means the opener's controlling terminal. This process is a session leader without one,
    /// so it takes the terminal, opens, and gives it up again; the signals that come of it are blocked.
    fn terminal(&self, index: u32, via_dev_tty: bool, flags: i32) -> Result<RawFd, InitError> {
        let number = self.opened.numbers.get(&index).ok_or_else(|| missing("terminal"))?;
        if !via_dev_tty {
            return open_path(&PathBuf::from(format!("/dev/pts/{number}")), flags);
        }
        let slave = self.opened.slaves[&index];
        ptmx::take_controlling(slave).doing(|| "take the terminal for a moment".into())?;
        let fd = open_path(Path::new("/dev/tty"), flags);
        ptmx::drop_controlling(slave).doing(|| "give the terminal up again".into())?;
        signals::drain();
        fd
    }

    /// Who is to own files made for the tree, where this process is somebody else.
    fn owner(&self) -> Option<(u32, u32)> {
        (self.request.tier == Tier::Root && self.request.inside.0 != 0).then_some(self.request.inside)
    }

    /// A FIFO by its name. Without one it is a pipe that all descriptions of it share: nobody outside of the tree
    /// could have been at its other end here.
    fn fifo(
        &mut self,
        name: Option<&Path>,
        inode: u64,
        flags: i32,
        content: &[u8],
    ) -> Result<RawFd, InitError> {
        let Some(name) = name else {
            let ends = match self.nameless.get(&inode) {
                Some(&ends) => ends,
                None => {
                    let (read, write) = fdtable::pipe().doing(|| "make a pipe".into())?;
                    self.temporary.extend([read, write]);
                    self.nameless.insert(inode, (read, write));
                    (read, write)
                }
            };
            if !content.is_empty() {
                fill_pipe(ends.1, content.len() as u32, content)?;
            }
            return reopen(ends.0, flags);
        };
        // Held for both ways meanwhile: an open for one way would wait for the other side.
        let both = open_path(name, libc::O_RDWR | libc::O_NONBLOCK)?;
        self.temporary.push(both);
        let fd = open_path(name, flags)?;
        if !content.is_empty() {
            fdtable::write_all(both, content).doing(|| format!("refill {}", name.display()))?;
        }
        Ok(fd)
    }

    /// Files to be mapped, kept open through exec until the keeper has mapped them.
    fn mapped(&mut self) -> Result<(), InitError> {
        for &(index, writable) in &self.request.open_mapped {
            let name = self
                .request
                .mapped
                .get(index as usize)
                .and_then(Option::as_ref)
                .ok_or_else(|| missing("mapped file"))?;
            let fd = open_path(name, if writable { libc::O_RDWR } else { libc::O_RDONLY })?;
            let to = self.request.mapped_fd(index);
            fdtable::put_at(fd, to, false).doing(|| format!("put a file at {to}"))?;
            fdtable::close(fd);
        }
        Ok(())
    }

    /// Shared segments that more than one mapping shows, as files without a name.
    fn segments(&mut self) -> Result<(), InitError> {
        for &segment in &self.request.open_shm {
            let to = self.request.shm_fd(segment);
            let fd = match self.request.tree.shm_file.get(segment as usize).copied().flatten() {
                Some(file) => reopen(self.request.file_fd(file), libc::O_RDWR)?,
                None => {
                    let size = self.request.tree.shm.get(segment as usize).copied().unwrap_or(0);
                    let fd = fdtable::memfd(c"qmux-shared").doing(|| "memfd".into())?;
                    fdtable::set_len(fd, size).doing(|| "size a shared segment".into())?;
                    fd
                }
            };
            fdtable::put_at(fd, to, false).doing(|| format!("put a segment at {to}"))?;
            fdtable::close(fd);
        }
        Ok(())
    }
}

fn missing(what: &str) -> InitError {
    InitError::Request(format!("the image names a {what} that it does not hold"))
}

fn dup(fd: RawFd) -> Result<RawFd, InitError> {
    crate::sys::tty::duplicate(fd).map(IntoRawFd::into_raw_fd).doing(|| "duplicate a descriptor".into())
}

fn open_path(name: &Path, flags: i32) -> Result<RawFd, InitError> {
    fdtable::open(name, flags & !ONCE | libc::O_NOCTTY, 0).doing(|| format!("open {}", name.display()))
}

/// Another description of what `fd` refers to.
fn reopen(fd: RawFd, flags: i32) -> Result<RawFd, InitError> {
    open_path(&PathBuf::from(format!("/proc/self/fd/{fd}")), flags)
}

fn status(fd: RawFd, flags: i32) -> Result<(), InitError> {
    fdtable::set_status_flags(fd, flags).doing(|| "set file flags".into())
}

/// Fills a pipe as it was. Written non-blocking: a full pipe must be an error and not a hang.
fn fill_pipe(end: RawFd, capacity: u32, content: &[u8]) -> Result<(), InitError> {
    if content.len() > PIPE_MAX {
        return Err(InitError::Request(format!("{} bytes in a pipe are too many", content.len())));
    }
    // EPERM above the user's pipe budget: a smaller pipe that holds the contents does as well.
    let resized = fdtable::set_pipe_capacity(end, capacity.max(content.len() as u32));
    if content.is_empty() {
        return Ok(());
    }
    resized.doing(|| "size a pipe".into())?;
    status(end, libc::O_NONBLOCK)?;
    fdtable::write_all(end, content).doing(|| "refill a pipe".into())?;
    status(end, 0)
}

/// Arms a timerfd. One with ticks nobody has read stands still till they are read: no time is left, but
/// it is not disarmed. It is brought into that state by letting it expire.
fn timer(fd: RawFd, value_ns: u64, interval_ns: u64, ticks: u64) -> Result<(), InitError> {
    let expired = value_ns == 0 && ticks > 0;
    let first_ns = if expired { 1 } else { value_ns };
    if first_ns > 0 || interval_ns > 0 {
        fdtable::arm_timer_fd(fd, first_ns, interval_ns).doing(|| "arm a timerfd".into())?;
    }
    if expired {
        fdtable::wait_readable(fd, 1000).doing(|| "let a timerfd expire".into())?;
    }
    if ticks > 0 {
        // Kernels without CONFIG_CHECKPOINT_RESTORE lose count of ticks not yet read, never the timer.
        let _ = fdtable::set_timer_fd_ticks(fd, ticks);
    }
    Ok(())
}

/// A file without a name at the place it had, or in /tmp where that cannot be written.
fn deleted(name: &Path, flags: i32, mode: u32, pos: u64, content: &[u8]) -> Result<RawFd, InitError> {
    let create = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    let mut candidates = vec![name.to_path_buf()];
    if let (Some(folder), Some(file)) = (name.parent(), name.file_name()) {
        let hidden = format!(".{}.{}", file.to_string_lossy(), std::process::id());
        candidates.extend([folder.join(&hidden), Path::new("/tmp").join(hidden)]);
    }
    let mut last = io::Error::from_raw_os_error(libc::ENOENT);
    for candidate in candidates {
        match fdtable::open(&candidate, create, 0o600) {
            Ok(fd) => {
                let made = refill_deleted(fd, &candidate, flags, mode, pos, content);
                fdtable::close(fd);
                let _ = std::fs::remove_file(&candidate);
                return made;
            }
            Err(error) => last = error,
        }
    }
    Err(last).doing(|| format!("make the deleted file {} again", name.display()))
}

fn refill_deleted(
    fd: RawFd,
    name: &Path,
    flags: i32,
    mode: u32,
    pos: u64,
    content: &[u8],
) -> Result<RawFd, InitError> {
    use std::os::unix::fs::PermissionsExt;
    fdtable::write_all(fd, content).doing(|| format!("refill {}", name.display()))?;
    // Opened while the owner may: the permissions it had may forbid what is open already.
    let opened = open_path(name, flags)?;
    let _ = std::fs::set_permissions(name, std::fs::Permissions::from_mode(mode & 0o7777));
    fdtable::seek(opened, pos).doing(|| format!("seek in {}", name.display()))?;
    Ok(opened)
}

fn memfd(name: &str, flags: i32, pos: u64, seals: u32, content: &[u8]) -> Result<RawFd, InitError> {
    let name = CString::new(name).map_err(|_| missing("memfd with a proper name"))?;
    let fd = fdtable::memfd(&name).doing(|| "memfd".into())?;
    fdtable::write_all(fd, content).doing(|| "refill a memfd".into())?;
    if seals != 0 {
        fdtable::add_seals(fd, seals).doing(|| "seal a memfd".into())?;
    }
    let fd = if flags & libc::O_ACCMODE == libc::O_RDWR {
        status(fd, flags)?;
        fd
    } else {
        let other = reopen(fd, flags)?;
        fdtable::close(fd);
        other
    };
    fdtable::seek(fd, pos).doing(|| "seek in a memfd".into())?;
    Ok(fd)
}

/// Watches by path with the descriptors they had. A watched path that is gone is left out: the program
/// would have been told so by an event it may have had already.
fn inotify(watches: &[(i32, u32, serde_bytes::ByteBuf)], flags: i32) -> Result<RawFd, InitError> {
    let fd = fdtable::inotify().doing(|| "inotify".into())?;
    let mut watches: Vec<_> = watches.iter().collect();
    watches.sort_by_key(|watch| watch.0);
    for (number, mask, name) in watches {
        // Without the ioctl numbers come in order, which is right unless some were removed.
        let _ = fdtable::inotify_set_next(fd, *number);
        match fdtable::inotify_add(fd, path(name), *mask) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).doing(|| format!("watch {}", path(name).display())),
        }
    }
    status(fd, flags)?;
    Ok(fd)
}

fn is_fifo(name: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(name).is_ok_and(|meta| meta.file_type().is_fifo())
}

/// A socket whose peer has gone (`reset`), or one that is not connected; never one that hangs.
fn disconnected(family: i32, kind: i32, reset: bool, flags: i32) -> Result<RawFd, InitError> {
    // Where there is no loopback device ENOTCONN has to tell the program.
    let connection = if reset && family != libc::AF_UNIX { reset_connection(family).ok() } else { None };
    let fd = match connection {
        Some(connection) => connection.into_raw_fd(),
        None if family == libc::AF_UNIX => {
            let (fd, peer) = fdtable::socket_pair(kind).doing(|| "make a socket".into())?;
            fdtable::close(peer);
            fd
        }
        None => fdtable::socket(family, kind).doing(|| "make a socket".into())?,
    };
    status(fd, flags)?;
    Ok(fd)
}

/// A TCP connection that its peer has just reset: the next read or write gives ECONNRESET, those after it the
/// end and EPIPE, and poll says so at once, as when the network has told of it.
fn reset_connection(family: i32) -> io::Result<OwnedFd> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let here = match family {
        libc::AF_INET6 => IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped()),
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let connection = TcpStream::connect((here, port))?;
    let ours = connection.local_addr()?.port();
    loop {
        let (peer, from) = listener.accept()?;
        // Whoever else found the port in this moment is no matter of ours.
        if from.port() != ours {
            continue;
        }
        // Closing with nothing to linger for sends a reset.
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        nix::sys::socket::setsockopt(&peer, nix::sys::socket::sockopt::Linger, &at_once)?;
        drop(peer);
        fdtable::wait_readable(connection.as_raw_fd(), 1000)?;
        return Ok(connection.into());
    }
}
