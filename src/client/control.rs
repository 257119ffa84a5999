//! A control client (`-C`, `-CC`): lines of commands in, lines of the server out, an `%exit` at the end. And the plain
//! stream of a command that goes on (`events`): lines out, nothing else.
//!
//! Owns standard output and, with `-CC`, the modes of the terminal there. Knows nothing of what the lines say.

use super::link::Outgoing;
use nix::errno::Errno;
use nix::sys::termios::{
    ControlFlags, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr,
    tcsetattr,
};
use std::io::{self, BufRead as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};

/// Most bytes given to one `write(2)`: what a pipe that polls as writable takes without blocking (PIPE_BUF).
const WRITE_MAX: usize = 4096;

/// With `-CC` everything stands in one device control string, so that a terminal knows what it is.
const FRAME_BEGIN: &[u8] = b"\x1bP1000p";
const FRAME_END: &[u8] = b"\x1b\\";

/// The output of a control client.
pub(super) struct Control {
    pub(super) out: Outgoing,
    framed: Option<Termios>,
    /// A command's stream: no words of ours in it.
    pub(super) plain: bool,
}

impl Control {
    /// Begins; `count` is how often `-C` was given.
    pub(super) fn begin(count: u8) -> Result<Control, String> {
        let mut control = Control { out: Outgoing::default(), framed: None, plain: false };
        if count > 1 {
            let stdin = io::stdin();
            let saved = tcgetattr(stdin.as_fd()).map_err(|e| format!("tcgetattr failed: {}", e.desc()))?;
            let mut raw = saved.clone();
            raw.input_flags = InputFlags::ICRNL | InputFlags::IXANY;
            raw.output_flags = OutputFlags::OPOST | OutputFlags::ONLCR;
            raw.local_flags = LocalFlags::empty();
            raw.control_flags = ControlFlags::CREAD | ControlFlags::CS8 | ControlFlags::HUPCL;
            raw.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
            raw.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
            tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &raw)
                .map_err(|e| format!("tcsetattr failed: {}", e.desc()))?;
            control.framed = Some(saved);
            control.out.push(FRAME_BEGIN.to_vec(), None);
        }
        Ok(control)
    }

    /// The stream of a command.
    pub(super) fn stream() -> Control {
        Control { out: Outgoing::default(), framed: None, plain: true }
    }

    /// Writes what standard output takes now; the numbers of what is through.
    pub(super) fn write(&mut self) -> Result<Vec<u64>, Errno> {
        let stdout = io::stdout();
        let fd: BorrowedFd<'_> = stdout.as_fd();
        let ready = {
            let mut fds = [nix::poll::PollFd::new(fd, nix::poll::PollFlags::POLLOUT)];
            nix::poll::poll(&mut fds, nix::poll::PollTimeout::ZERO).unwrap_or(0) > 0
        };
        if ready { self.out.write_to(fd, WRITE_MAX) } else { Ok(Vec::new()) }
    }

    /// Ends: what is left, `%exit` with the reason, the terminal as it was. With `wait` in front of the reason
    /// the client stays until its input has an empty line or ends (`wait-exit`).
    pub(super) fn end(mut self, words: &str) {
        while self.out.waiting() > 0 {
            // It may block: there is nothing else left to do.
            if self.out.write_to(io::stdout().as_fd(), WRITE_MAX).is_err() {
                break;
            }
        }
        if self.plain {
            return;
        }
        let (wait, reason) = match words.strip_prefix("wait ") {
            Some(rest) => (true, rest),
            None => (false, words),
        };
        let mut stdout = io::stdout();
        let line = if reason.is_empty() { "%exit\n".to_owned() } else { format!("%exit {reason}\n") };
        // Who has closed our output does not want to know.
        let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
        if wait {
            let _ = io::stdin().lock().lines().map_while(Result::ok).take_while(|l| !l.is_empty()).count();
        }
    }
}

impl Drop for Control {
    /// The frame ends and the modes are back, also when the server went without a word and is looked for again.
    fn drop(&mut self) {
        if let Some(saved) = self.framed.take() {
            let mut stdout = io::stdout();
            let _ = stdout.write_all(FRAME_END).and_then(|()| stdout.flush());
            let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, &saved);
        }
    }
}
