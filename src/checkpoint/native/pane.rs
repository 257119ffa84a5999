//! The pane's terminal: which one it is, its modes, and the typed-ahead input that must be neither lost nor
//! doubled.

use super::fds::kernel_termios;
use super::proc;
use super::view::View;
use crate::checkpoint::model::{KernelTermios, Tty};
use crate::checkpoint::{CheckpointError, TtyHint};
use crate::sys::descriptors::{self, Termios2};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

const ICANON: u32 = libc::ICANON;
const VEOF: usize = libc::VEOF;
/// Longest wait for the kernel to move input through a pty.
const FLUSH: Duration = Duration::from_millis(500);
/// Most typed-ahead bytes carried; the line discipline holds 4 KiB, its input buffers 64 KiB.
const INPUT_MAX: usize = 1 << 20;

/// The pane's terminal as seen by the dumper.
#[derive(Debug, Default)]
pub struct Pane {
    /// N of `/dev/pts/N`; `None` for a tree without a terminal.
    pub index: Option<u32>,
    /// The master, if the caller has it.
    master: Option<OwnedFd>,
    /// The slave: a description of our own when there is a master, else one of the tree's.
    slave: Option<OwnedFd>,
}

impl Pane {
    /// From the master in the hint, or else the terminal that is among the root's descriptors.
    pub fn find(root: i32, hint: TtyHint<'_>) -> Result<Pane, CheckpointError> {
        if let Some(master) = hint.master {
            let failed = |what| CheckpointError::system(format!("{what} the pane's terminal"));
            return Ok(Pane {
                index: Some(descriptors::pty_index(master).map_err(failed("asking for"))?),
                slave: Some(descriptors::open_slave(master).map_err(failed("opening"))?),
                master: Some(master.try_clone_to_owned().map_err(failed("keeping"))?),
            });
        }
        let Some((major, minor)) = proc::Stat::read(&format!("/proc/{root}")).ok().and_then(|s| s.terminal())
        else {
            return Ok(Pane::default());
        };
        Ok(Pane {
            index: (136..144).contains(&major).then(|| (major - 136) * 256 + minor),
            master: None,
            slave: own_terminal(root, (major, minor)),
        })
    }

    /// Modes, size, and who is in front; without the typed-ahead input.
    pub fn describe(&self, root: i32, view: &View) -> Result<Tty, CheckpointError> {
        let stat = proc::Stat::read(&format!("/proc/{root}")).ok();
        let on_terminal = stat.filter(|s| s.terminal().is_some());
        let failed = || CheckpointError::system("reading the pane's terminal");
        let (termios, winsize) = match &self.slave {
            Some(slave) => (
                descriptors::termios(slave.as_fd()).map_err(failed())?,
                descriptors::winsize(slave.as_fd()).map_err(failed())?,
            ),
            None => (Termios2::default(), [0; 4]),
        };
        Ok(Tty {
            index: self.index.unwrap_or(0),
            termios: kernel_termios(termios),
            winsize,
            foreground: on_terminal.as_ref().and_then(|s| s.foreground()).and_then(|g| view.inner(g)),
            session: on_terminal.as_ref().and_then(|s| view.inner(s.session())),
            pending_input: Vec::new(),
        })
    }

    /// Takes everything typed ahead out of the terminal; nothing when the master is not known, since it could not
    /// be put back then.
    pub fn drain(&self) -> Result<Vec<u8>, CheckpointError> {
        let (Some(_), Some(slave)) = (&self.master, &self.slave) else { return Ok(Vec::new()) };
        let failed = || CheckpointError::system("taking the typed-ahead input");
        let modes = descriptors::termios(slave.as_fd()).map_err(failed())?;
        // What was typed a moment ago must go through the terminal in the modes it was typed for. poll(2) moves it
        // through before it says that there is nothing; behind older input it need not, so a moment is given.
        if descriptors::poll_now(slave.as_fd(), libc::POLLIN).map_err(failed())? & libc::POLLIN != 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Without ICANON whatever was typed can be read, whole line or not.
        descriptors::set_termios(slave.as_fd(), raw(modes)).map_err(failed())?;
        let result = read_all(slave);
        descriptors::set_termios(slave.as_fd(), modes).map_err(failed())?;
        result.map_err(failed())
    }

    /// Puts back what [`Pane::drain`] took.
    pub fn put_back(&self, bytes: &[u8]) {
        if let (Some(master), Some(slave)) = (&self.master, &self.slave)
            && let Ok(modes) = descriptors::termios(slave.as_fd())
        {
            // Fails only when the terminal is gone, and its input with it.
            let _ = refill(master.as_fd(), slave.as_fd(), bytes, kernel_termios(modes));
        }
    }
}

/// A descriptor of the process that is its controlling terminal.
fn own_terminal(pid: i32, terminal: (u32, u32)) -> Option<OwnedFd> {
    let pidfd = descriptors::pidfd_open(pid).ok()?;
    proc::descriptors(pid).ok()?.into_iter().find_map(|fd| {
        let meta = std::fs::metadata(format!("/proc/{pid}/fd/{fd}")).ok()?;
        let device = nix::sys::stat::makedev(u64::from(terminal.0), u64::from(terminal.1));
        (meta.rdev() == device).then(|| descriptors::pidfd_getfd(pidfd.as_fd(), fd).ok())?
    })
}

fn raw(mut modes: Termios2) -> Termios2 {
    modes.iflag = 0;
    modes.lflag = 0;
    modes.cc[libc::VMIN] = 0;
    modes.cc[libc::VTIME] = 0;
    modes
}

fn read_all(slave: &OwnedFd) -> io::Result<Vec<u8>> {
    let mut file = File::from(slave.try_clone()?);
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(all),
            Ok(n) => all.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(all),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        if all.len() > INPUT_MAX {
            return Ok(all);
        }
    }
}

/// Puts typed-ahead bytes into the line discipline behind `master` as they lay in another one, and leaves the
/// terminal with the modes `modes`. Nobody may be reading the slave meanwhile.
///
/// Nothing is echoed, mapped or taken for a signal a second time: the bytes have been through all that once. In
/// canonical mode a NUL stands for an end of file that was typed (n_tty keeps it so); it is typed again.
pub fn refill(
    master: BorrowedFd<'_>,
    slave: BorrowedFd<'_>,
    bytes: &[u8],
    modes: KernelTermios,
) -> io::Result<()> {
    let modes = Termios2 {
        iflag: modes.iflag,
        oflag: modes.oflag,
        cflag: modes.cflag,
        lflag: modes.lflag,
        line: modes.line,
        cc: modes.cc,
        ispeed: modes.ispeed,
        ospeed: modes.ospeed,
    };
    if bytes.is_empty() {
        return descriptors::set_termios(slave, modes);
    }
    let result = if modes.lflag & ICANON != 0 {
        refill_lines(master, slave, bytes, &modes)
    } else {
        descriptors::set_termios(slave, raw(modes))
            .and_then(|()| write_all(master, bytes))
            .and_then(|()| wait_readable(slave, bytes.len()))
    };
    descriptors::set_termios(slave, modes)?;
    result
}

fn refill_lines(
    master: BorrowedFd<'_>,
    slave: BorrowedFd<'_>,
    bytes: &[u8],
    modes: &Termios2,
) -> io::Result<()> {
    let mut quiet = raw(*modes);
    quiet.lflag = ICANON;
    let kept = [VEOF, libc::VEOL, libc::VEOL2];
    quiet.cc = std::array::from_fn(|at| if kept.contains(&at) { modes.cc[at] } else { 0 });
    descriptors::set_termios(slave, quiet)?;
    let eof = modes.cc[VEOF];
    let ends_line = |&b: &u8| b == b'\n' || b == 0 || b == modes.cc[libc::VEOL];
    let whole = bytes.iter().rposition(ends_line).map_or(0, |at| at + 1);
    let (lines, rest) = bytes.split_at(whole);
    let typed = |part: &[u8]| part.iter().map(|&b| if b == 0 { eof } else { b }).collect::<Vec<u8>>();
    write_all(master, &typed(lines))?;
    // FIONREAD counts whole lines here, without the ends of file.
    wait_readable(slave, lines.iter().filter(|&&b| b != 0).count())?;
    write_all(master, rest)?;
    if !rest.is_empty() {
        // poll(2) moves input through the pty before it says that there is none; behind whole lines it need not,
        // so a moment is given to the kernel's worker then.
        descriptors::poll_now(slave, libc::POLLIN)?;
        if !lines.is_empty() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(())
}

fn wait_readable(slave: BorrowedFd<'_>, bytes: usize) -> io::Result<()> {
    let deadline = Instant::now() + FLUSH;
    // The line discipline holds 4095 bytes; what is beyond waits in front of it and needs no waiting for.
    while descriptors::readable_bytes(slave)? < bytes.min(4095) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(())
}

fn write_all(master: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::from(master.try_clone_to_owned()?);
    let deadline = Instant::now() + FLUSH;
    let mut rest = bytes;
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(n) => rest = &rest[n..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_micros(50));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::pty::openpty;

    fn pane(lflag: u32) -> (OwnedFd, OwnedFd, Pane) {
        let pty = openpty(None, None).unwrap();
        let mut modes = descriptors::termios(pty.slave.as_fd()).unwrap();
        modes.lflag = lflag;
        descriptors::set_termios(pty.slave.as_fd(), modes).unwrap();
        let pane = Pane::find(0, TtyHint { master: Some(pty.master.as_fd()) }).unwrap();
        (pty.master, pty.slave, pane)
    }

    #[test]
    fn raw_input_is_taken_and_put_back() {
        let (master, slave, pane) = pane(0);
        write_all(master.as_fd(), b"abc\x03\x1b[A").unwrap();
        let before = descriptors::termios(slave.as_fd()).unwrap();
        let taken = pane.drain().unwrap();
        assert_eq!(taken, b"abc\x03\x1b[A");
        assert_eq!(descriptors::readable_bytes(slave.as_fd()).unwrap(), 0);
        pane.put_back(&taken);
        assert_eq!(descriptors::readable_bytes(slave.as_fd()).unwrap(), taken.len());
        assert_eq!(descriptors::termios(slave.as_fd()).unwrap(), before);
        let mut got = [0; 64];
        let n = File::from(slave).read(&mut got).unwrap();
        assert_eq!(&got[..n], taken);
    }

    #[test]
    fn lines_come_back_as_lines_and_an_unfinished_one_unfinished_and_nothing_is_echoed() {
        let (master, slave, pane) = pane(libc::ICANON | libc::ISIG | libc::IEXTEN);
        write_all(master.as_fd(), b"one\ntwo\npart").unwrap();
        wait_readable(slave.as_fd(), 8).unwrap();
        let taken = pane.drain().unwrap();
        assert_eq!(taken, b"one\ntwo\npart");
        pane.put_back(&taken);
        let mut file = File::from(slave.try_clone().unwrap());
        let mut got = [0; 64];
        for line in ["one\n", "two\n"] {
            let n = file.read(&mut got).unwrap();
            assert_eq!(&got[..n], line.as_bytes());
        }
        assert_eq!(descriptors::readable_bytes(slave.as_fd()).unwrap(), 0);
        write_all(master.as_fd(), b"ial\n").unwrap();
        let n = file.read(&mut got).unwrap();
        assert_eq!(&got[..n], b"partial\n");
        assert_eq!(descriptors::poll_now(master.as_fd(), libc::POLLIN).unwrap() & libc::POLLIN, 0);
    }

    #[test]
    fn a_typed_end_of_file_stays_one() {
        let (master, slave, pane) = pane(libc::ICANON);
        write_all(master.as_fd(), b"x\n\x04").unwrap();
        wait_readable(slave.as_fd(), 2).unwrap();
        let taken = pane.drain().unwrap();
        assert_eq!(taken, b"x\n\0");
        pane.put_back(&taken);
        let mut file = File::from(slave);
        let mut got = [0; 64];
        assert_eq!(file.read(&mut got).unwrap(), 2);
        assert_eq!(file.read(&mut got).unwrap(), 0);
    }
}
