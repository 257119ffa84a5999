//! The keeper's side of the init role: starts it, hears from it, seizes the skeleton's processes and
//! brings each to the first instruction of its program.

use super::init::{InitRequest, PACKET_MAX, tag};
use crate::checkpoint::CheckpointError;
use crate::checkpoint::model::Pid;
use crate::sys::ptrace::{Resume, Running, Stop, Stopped, Waited, event, options};
use crate::sys::{channel, fdpass, fdtable, signals};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A tree being born. Dropped: pid 1 is killed, and with it its namespace.
#[derive(Debug)]
pub struct Nursery {
    /// Channel to pid 1.
    control: Option<OwnedFd>,
    /// pid 1, as numbered here.
    init: i32,
    isolates: bool,
    go: Option<std::io::PipeWriter>,
    deadline: Instant,
    /// Threads traced so far, as numbered here.
    traced: Vec<i32>,
}

/// What pid 1 or the skeleton said.
enum Word {
    Hello(i32),
    Master(OwnedFd),
    Ready { outer: i32, inner: Pid },
}

impl Nursery {
    /// Starts the helper and waits until its pid 1 says hello.
    pub fn start(
        helper: &Path,
        request: &InitRequest,
        deadline: Instant,
    ) -> Result<Nursery, CheckpointError> {
        let system = CheckpointError::system;
        let (control, theirs) = channel::pair().map_err(system("make a channel"))?;
        let (go_reader, go) = std::io::pipe().map_err(system("make a pipe"))?;
        let mut child = Command::new(helper)
            .arg("--role-init")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(OwnedFd::from(go_reader)))
            .stderr(Stdio::null())
            .current_dir("/")
            .spawn()
            .map_err(CheckpointError::system(format!("start {}", helper.display())))?;
        let mut nursery = Nursery {
            control: Some(control),
            init: 0,
            isolates: request.tier.isolates(),
            go: Some(go),
            deadline,
            traced: Vec::new(),
        };
        let started = nursery.send_request(request).and_then(|()| nursery.hello());
        if request.tier.isolates() {
            // It has forked pid 1 as our own child and is done, or has failed and is done.
            let _ = child.wait();
        } else {
            nursery.init = child.id() as i32;
        }
        started.map(|()| nursery)
    }

    fn send_request(&self, request: &InitRequest) -> Result<(), CheckpointError> {
        let system = CheckpointError::system;
        let bytes = rmp_serde::to_vec_named(request).map_err(|e| CheckpointError::Strange(e.to_string()))?;
        let memfd = fdtable::memfd(c"qmux-request").map_err(system("memfd"))?;
        let owner = crate::sys::tty::duplicate(memfd).map_err(system("memfd"));
        fdtable::close(memfd);
        let owner = owner?;
        fdtable::write_all(owner.as_raw_fd(), &bytes).map_err(system("write the request"))?;
        fdpass::send(self.control()?, &[tag::REQUEST], &[owner.as_fd()])
            .map_err(system("send the request"))?;
        Ok(())
    }

    fn hello(&mut self) -> Result<(), CheckpointError> {
        match self.hear()? {
            Word::Hello(pid) => {
                self.init = pid;
                Ok(())
            }
            _ => Err(CheckpointError::Strange("the init role spoke out of turn".into())),
        }
    }

    /// For a request that only probes: whether pid 1 could do all it tried.
    pub fn probed(&self) -> Result<(), CheckpointError> {
        self.hear().map(drop)
    }

    fn control(&self) -> Result<std::os::fd::BorrowedFd<'_>, CheckpointError> {
        self.control
            .as_ref()
            .map(AsFd::as_fd)
            .ok_or_else(|| CheckpointError::Strange("the channel is given away already".into()))
    }

    /// The next word; what failed over there becomes the error here.
    fn hear(&self) -> Result<Word, CheckpointError> {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        let control = self.control()?;
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(control, PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut fds, timeout) {
                Ok(0) => {
                    return Err(CheckpointError::Strange("the tree was not built in time".into()));
                }
                Ok(_) => break,
                Err(nix::errno::Errno::EINTR) => {}
                Err(e) => return Err(CheckpointError::system("wait for the init role")(e.into())),
            }
        }
        let mut buffer = [0; PACKET_MAX];
        let packet =
            channel::receive(control, &mut buffer).map_err(CheckpointError::system("hear the init role"))?;
        let body = &buffer[..packet.len];
        let sender = packet.pid.unwrap_or(0);
        match (body.first().copied(), body.get(1..)) {
            (Some(tag::HELLO), _) => Ok(Word::Hello(sender)),
            (Some(tag::MASTER), _) => match packet.fds.into_iter().next() {
                Some(master) => Ok(Word::Master(master)),
                None => Err(CheckpointError::Strange("no pty came along".into())),
            },
            (Some(tag::READY), Some(&[a, b, c, d])) => {
                Ok(Word::Ready { outer: sender, inner: Pid::from_le_bytes([a, b, c, d]) })
            }
            (Some(tag::ERROR), Some(text)) => {
                Err(CheckpointError::Strange(format!("rebuild the tree: {}", String::from_utf8_lossy(text))))
            }
            (None, _) => Err(CheckpointError::Strange("the init role ended".into())),
            (Some(other), _) => Err(CheckpointError::Strange(format!("the init role said {other:#x}"))),
        }
    }

    /// Takes the pty master and the processes: all `living` of them, each stopped before the first
    /// instruction of its program, by their own number.
    pub fn deliver(&mut self, living: usize) -> Result<(OwnedFd, BTreeMap<Pid, Stopped>), CheckpointError> {
        let mut master = None;
        let mut outer = BTreeMap::new();
        while master.is_none() || outer.len() < living {
            match self.hear()? {
                Word::Master(fd) => master = Some(fd),
                Word::Ready { outer: pid, inner } => {
                    outer.insert(inner, pid);
                }
                Word::Hello(_) => return Err(CheckpointError::Strange("a second pid 1".into())),
            }
        }
        let Some(master) = master else {
            return Err(CheckpointError::Strange("no pty came".into()));
        };
        let wanted = options::EXEC | options::CLONE | options::EXIT_KILL;
        let mut seized = BTreeMap::new();
        for (&inner, &pid) in &outer {
            let running = Running::seize(pid, wanted)
                .map_err(CheckpointError::trace(format!("trace the new process {inner}")))?;
            self.traced.push(pid);
            seized.insert(inner, running);
        }
        if let Some(mut go) = self.go.take() {
            // One byte each, all within a pipe's atomic size or not: every reader takes one.
            go.write_all(&vec![b'g'; living]).map_err(CheckpointError::system("start the processes"))?;
        }
        let mut stopped = BTreeMap::new();
        for (inner, running) in seized {
            stopped.insert(inner, self.at_first_instruction(inner, running)?);
        }
        Ok((master, stopped))
    }

    fn at_first_instruction(&self, inner: Pid, mut running: Running) -> Result<Stopped, CheckpointError> {
        let traced = |e| CheckpointError::trace(format!("start process {inner}"))(e);
        loop {
            match running.wait(Some(self.deadline)).map_err(traced)? {
                Waited::Ended(_) => {
                    // It has said why before it ended.
                    return Err(match self.hear() {
                        Err(said) => said,
                        Ok(_) => CheckpointError::Strange(format!("process {inner} ended at once")),
                    });
                }
                Waited::Stopped(mut stopped) => {
                    if stopped.stop() == Stop::Event(event::EXEC) {
                        stopped.to_signal_stop().map_err(traced)?;
                        return Ok(stopped);
                    }
                    running = stopped.resume(Resume::Run, 0).map_err(traced)?;
                }
            }
        }
    }

    /// Threads born since are traced too.
    pub fn add_traced(&mut self, tids: &[i32]) {
        self.traced.extend_from_slice(tids);
    }

    /// Tells pid 1 that the tree runs and hands over the channel, which from now on carries only the
    /// root's exit status. From here nothing dies with this value.
    pub fn release(mut self) -> Result<OwnedFd, CheckpointError> {
        fdpass::send(self.control()?, &[tag::RUN], &[]).map_err(CheckpointError::system("start the tree"))?;
        let control = self.control.take().ok_or_else(|| CheckpointError::Strange("no channel".into()))?;
        let init = std::mem::take(&mut self.init);
        // Reaped whenever it ends: it is this process's child, and the caller knows only its exit channel.
        let _ = std::thread::Builder::new().name("reap-init".into()).stack_size(64 << 10).spawn(move || {
            let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(init), None);
        });
        Ok(control)
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        if self.init == 0 {
            return;
        }
        if self.isolates {
            let _ = signals::send(self.init, libc::SIGKILL);
        }
        for &tid in &self.traced {
            let _ = signals::send(tid, libc::SIGKILL);
        }
        // The tracer is told first; until it has taken note pid 1 cannot end.
        let _ = crate::sys::ptrace::reap(&self.traced, Instant::now() + Duration::from_secs(5));
        // Without a namespace pid 1's stand-in sees the end of the channel and kills its children.
        self.control = None;
        self.go = None;
        let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(self.init), None);
    }
}
