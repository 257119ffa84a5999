//! Puts typed-ahead input back into a terminal whose programs stand still: the same bytes, the same
//! lines, no echo, no signals.
//!
//! Bytes written to a master pass through the line discipline, later and in a kernel thread. So its
//! modes are set for the time of the refill such that it changes nothing, but keeps the one mode that
//! decides how bytes are stored (ICANON: a switch of it would turn a half-typed line into a finished
//! one). Echo is on meanwhile and everything else off: every byte taken in comes back at the master,
//! which is the proof that it is stored before the true modes are set again.

use crate::checkpoint::CheckpointError;
use crate::sys::ptmx::{self, Termios2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// The line discipline's buffer: more than this it never held.
const INPUT_MAX: usize = 4096;
/// How long stored bytes may take to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Refills the terminal behind `master`; its modes afterwards are those before.
pub fn refill(master: BorrowedFd<'_>, pending: &[u8]) -> Result<(), CheckpointError> {
    if pending.is_empty() {
        return Ok(());
    }
    let system = CheckpointError::system;
    let pending = &pending[..pending.len().min(INPUT_MAX)];
    let modes = ptmx::modes(master).map_err(system("read the terminal's modes"))?;
    ptmx::set_modes(master, &plain(modes)).map_err(system("set the terminal's modes"))?;
    let filled = fill(master, pending);
    ptmx::set_modes(master, &modes).map_err(system("set the terminal's modes"))?;
    filled
}

/// Modes under which input is stored as it is, in lines if it was, and echoed as it is.
fn plain(modes: Termios2) -> Termios2 {
    let canonical = modes.lflag & libc::ICANON;
    let mut plain = modes;
    plain.iflag &= libc::IUTF8;
    plain.oflag = 0;
    plain.lflag = canonical | libc::ECHO;
    let (eol, eol2) = (modes.cc[libc::VEOL], modes.cc[libc::VEOL2]);
    // 0 disables a control character; those that end a line stay, for they are in the input as such.
    plain.cc = [0; 19];
    plain.cc[libc::VMIN] = 1;
    if canonical != 0 {
        plain.cc[libc::VMIN] = 0;
        plain.cc[libc::VEOL] = eol;
        plain.cc[libc::VEOL2] = eol2;
    }
    plain
}

fn fill(master: BorrowedFd<'_>, pending: &[u8]) -> Result<(), CheckpointError> {
    let system = CheckpointError::system;
    let mut file = std::fs::File::from(master.try_clone_to_owned().map_err(system("refill the terminal"))?);
    let deadline = Instant::now() + PATIENCE;
    let mut rest = pending;
    let mut back = 0;
    let mut buffer = [0; INPUT_MAX];
    while back < pending.len() {
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, !rest.is_empty());
        let mut fds = [PollFd::new(master.as_fd(), events)];
        let left = deadline.saturating_duration_since(Instant::now());
        let ready = poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))
            .map_err(|e| system("refill the terminal")(e.into()))?;
        if ready == 0 {
            let why = format!("the terminal took {back} of {} bytes typed ahead", pending.len());
            return Err(CheckpointError::Strange(why));
        }
        let events = fds[0].revents().unwrap_or(PollFlags::empty());
        if events.contains(PollFlags::POLLIN) {
            back += file.read(&mut buffer).map_err(system("refill the terminal"))?;
        } else if events.contains(PollFlags::POLLOUT) {
            let n = nix::unistd::write(master, rest).map_err(|e| system("refill the terminal")(e.into()))?;
            rest = &rest[n..];
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd, OwnedFd};

    fn pair() -> (OwnedFd, OwnedFd) {
        let master = std::fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").unwrap();
        ptmx::unlock(master.as_fd()).unwrap();
        let slave = ptmx::open_peer(master.as_fd()).unwrap();
        (master.into(), slave)
    }

    fn read_now(fd: &OwnedFd) -> Option<Vec<u8>> {
        let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::ZERO).unwrap() == 0 {
            return None;
        }
        let mut buffer = [0; 8192];
        let n = nix::unistd::read(fd, &mut buffer).unwrap();
        Some(buffer[..n].to_vec())
    }

    #[test]
    fn test_raw_input_comes_back_as_it_was_control_characters_included() {
        let (master, slave) = pair();
        let mut modes = ptmx::modes(slave.as_fd()).unwrap();
        modes.lflag &= !(libc::ICANON | libc::ECHO);
        ptmx::set_modes(slave.as_fd(), &modes).unwrap();
        let typed = b"abc\x03\x04\x1a\r\n\x13\x11\xff\0x".repeat(100);
        refill(master.as_fd(), &typed).unwrap();
        assert_eq!(read_now(&slave).unwrap(), typed);
        assert_eq!(read_now(&master), None, "nothing may be echoed to the user");
        assert_eq!(ptmx::modes(slave.as_fd()).unwrap(), modes);
    }

    #[test]
    fn test_a_half_typed_line_stays_half_typed_and_can_be_erased() {
        let (master, slave) = pair();
        let modes = ptmx::modes(slave.as_fd()).unwrap();
        assert_ne!(modes.lflag & libc::ICANON, 0);
        refill(master.as_fd(), b"first\nhalx").unwrap();
        assert_eq!(read_now(&slave).unwrap(), b"first\n");
        assert_eq!(read_now(&slave), None, "the second line is not finished");
        // DEL erases the x, and Return finishes the line.
        nix::unistd::write(&master, b"\x7ff\r").unwrap();
        let mut fds = [PollFd::new(slave.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, PollTimeout::from(2000u16)).unwrap(), 1);
        assert_eq!(read_now(&slave).unwrap(), b"half\n");
        assert!(slave.as_raw_fd() > 0);
    }
}
