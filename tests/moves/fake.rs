//! An engine that carries nothing: it stops and continues the first process, and "restores" by starting the
//! same command again, stopped. Its guards are the kernel's own (ptrace, exit-kill), so that it does what the
//! true one does when its keeper is killed. What it proves is the keepers' part of a move: never two, never none.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use qmux::checkpoint::image::Space;
use qmux::checkpoint::model::Manifest;
use qmux::checkpoint::*;
use qmux::ids::Size;
use qmux::pty::{Launch, Pty};
use qmux::sys::ptrace::{self, Running, Stopped, options};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

pub fn engines(name: &str) -> Option<Box<dyn Checkpointer>> {
    (name == "native").then(|| Box::new(Fake) as Box<dyn Checkpointer>)
}

struct Fake;

fn gone(pid: i32) -> CheckpointError {
    CheckpointError::Gone { pid, status: None }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn words_of(pid: i32) -> Vec<String> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|b| *b == 0)
        .filter(|w| !w.is_empty())
        .map(|w| String::from_utf8_lossy(w).into_owned())
        .collect()
}

fn state_of(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn wait_stopped(pid: i32) -> Result<(), CheckpointError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match state_of(pid) {
            Some('T') => return Ok(()),
            None | Some('Z') => return Err(gone(pid)),
            Some(_) if Instant::now() > deadline => {
                return Err(CheckpointError::Strange("does not stop".into()));
            }
            Some(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

impl Checkpointer for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn probe(&self) -> Capabilities {
        Capabilities { arch: "fake".into(), tier: Some(Tier::Root), ..Capabilities::default() }
    }

    fn assess(&self, root: i32, _: TtyHint<'_>, _: &AssessOptions) -> Result<Assessment, CheckpointError> {
        let words = words_of(root);
        if words.iter().any(|w| w.contains("immovable")) {
            return Err(Refusal {
                code: "device".into(),
                pid: root,
                program: "sh".into(),
                object: "/dev/kfd".into(),
                cause: "it holds a device".into(),
                cure: "close it".into(),
            }
            .into());
        }
        Ok(Assessment {
            processes: vec![(root, words.first().cloned().unwrap_or_default())],
            memory_bytes: number("FAKE_BYTES", 1 << 20),
            ..Assessment::default()
        })
    }

    fn send_ahead(&self, _: i32, out: &mut ImageWriter<'_>, _: &Ahead) -> Result<u64, CheckpointError> {
        out.end()?;
        Ok(0)
    }

    fn freeze(
        &self,
        root: i32,
        _: TtyHint<'_>,
        _: &FreezeOptions,
    ) -> Result<Box<dyn Frozen>, CheckpointError> {
        Ok(Box::new(Still { root, tracee: Some(stopped(root, 0)?) }))
    }

    fn restore(
        &self,
        image: &mut ImageReader<'_>,
        _: &RestoreOptions,
    ) -> Result<Box<dyn Restored>, CheckpointError> {
        let mut words = Vec::new();
        let mut screen = Vec::new();
        while let Some(section) = image.next_section()? {
            match section {
                image::Section::Manifest(manifest) => {
                    words = serde_json::from_str(&manifest.title)
                        .map_err(|e| CheckpointError::Strange(e.to_string()))?;
                }
                image::Section::Screen(bytes) => screen = bytes,
                _ => {}
            }
        }
        let mut argv: Vec<String> = ["sh", "-c", "kill -STOP $$; exec \"$@\"", "sh"].map(String::from).into();
        argv.extend(words);
        let launch = Launch { argv, cwd: "/".into(), env: vec![], clear_env: false };
        let (pty, pid) =
            Pty::spawn(&launch, Size::new(80, 24)).map_err(|e| CheckpointError::Strange(e.to_string()))?;
        wait_stopped(pid)?;
        let master = pty.duplicate().map_err(|e| CheckpointError::Strange(e.to_string()))?;
        Ok(Box::new(Copy { pid, master, screen, tracee: Some(stopped(pid, options::EXIT_KILL)?) }))
    }
}

/// Traced and stopped: let go by the kernel when this thread ends, and killed with `EXIT_KILL`.
fn stopped(pid: i32, options: i32) -> Result<Stopped, CheckpointError> {
    let running = Running::seize(pid, options).map_err(|_| gone(pid))?;
    running.interrupt().map_err(|_| gone(pid))?;
    running.wait_stopped(Some(Instant::now() + Duration::from_secs(10))).map_err(|_| gone(pid))
}

fn end(pid: i32) {
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    ptrace::reap(&[pid], Instant::now() + Duration::from_secs(10));
}

struct Still {
    root: i32,
    tracee: Option<Stopped>,
}

impl Frozen for Still {
    fn dump(&mut self, out: &mut ImageWriter<'_>, options: &DumpOptions) -> Result<Stats, CheckpointError> {
        let manifest = Manifest {
            image_id: format!("{:032x}", std::process::id()),
            qmux: String::new(),
            host: String::new(),
            kernel: String::new(),
            arch: "fake".into(),
            cpu: model::Cpu { xfeatures: 0, xsave_size: 0, flags: vec![] },
            uid: 0,
            gid: 0,
            user: String::new(),
            created_ms: 0,
            monotonic_ns: 0,
            uts: None,
            boottime_ns: 0,
            root: self.root,
            title: serde_json::to_string(&words_of(self.root)).unwrap(),
        };
        out.manifest(&manifest)?;
        let piece = vec![7; 64 << 10];
        let mut left = number("FAKE_BYTES", 1 << 20);
        while left > 0 {
            let n = left.min(piece.len() as u64);
            out.pages(Space::Process(1), &[(0, n)], &piece[..n as usize], false)?;
            left -= n;
        }
        if !options.screen.is_empty() {
            out.screen(&options.screen)?;
        }
        out.end()?;
        Ok(Stats::default())
    }

    fn pids(&self) -> Vec<i32> {
        vec![self.root]
    }

    fn thaw(self: Box<Self>) {}

    fn seal(mut self: Box<Self>) -> Result<Box<dyn Sealed>, CheckpointError> {
        let tracee = self.tracee.take().ok_or_else(|| gone(self.root))?;
        tracee.set_options(options::EXIT_KILL).map_err(|_| gone(self.root))?;
        Ok(Box::new(Shut { root: self.root, tracee: Some(tracee) }))
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        if let Some(tracee) = self.tracee.take() {
            let _ = tracee.detach(0);
        }
    }
}

struct Shut {
    root: i32,
    tracee: Option<Stopped>,
}

impl Sealed for Shut {
    fn release(self: Box<Self>) {}

    fn unseal(mut self: Box<Self>) -> Box<dyn Frozen> {
        let tracee = self.tracee.take();
        if let Some(tracee) = &tracee {
            let _ = tracee.set_options(0);
        }
        Box::new(Still { root: self.root, tracee })
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        if self.tracee.take().is_some() {
            end(self.root);
        }
    }
}

struct Copy {
    pid: i32,
    master: OwnedFd,
    screen: Vec<u8>,
    tracee: Option<Stopped>,
}

impl Restored for Copy {
    fn root(&self) -> i32 {
        self.pid
    }

    fn master(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }

    fn screen(&self) -> &[u8] {
        &self.screen
    }

    fn resume(mut self: Box<Self>) -> Result<RestoredRoot, CheckpointError> {
        let pid = self.pid;
        let lost = |_| gone(pid);
        let tracee = self.tracee.take().ok_or_else(|| gone(pid))?;
        tracee.detach(0).map_err(|_| gone(pid))?;
        kill(Pid::from_raw(pid), Signal::SIGCONT).map_err(lost)?;
        let (exit, kept_open) = nix::unistd::pipe().map_err(lost)?;
        // There is no init here to say how it ends: the channel stays open and silent.
        std::mem::forget(kept_open);
        Ok(RestoredRoot { pid: self.pid, inner_pid: self.pid, tier: Tier::Root, exit })
    }

    fn discard(self: Box<Self>) {}
}

impl Drop for Copy {
    fn drop(&mut self) {
        if self.tracee.take().is_some() {
            end(self.pid);
        }
    }
}
