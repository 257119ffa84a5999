//! A server's side of a keeper connection, and a runtime directory of its own for every test.
#![allow(dead_code, reason = "two test programs share this")]

use qmux::ids::{Epoch, ExitStatus, LifeId, Size};
use qmux::protocol::keeper::{FromKeeper, PaneSpec, Seen, ToKeeper, Welcome};
use qmux::protocol::{FrameReader, Received, frame};
use qmux::sys::fdpass;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(15);

/// A runtime directory (`XDG_RUNTIME_DIR`), removed with its keepers when dropped.
pub struct World {
    pub xdg: PathBuf,
    /// The program that has the keeper role.
    exe: PathBuf,
    /// Run keepers as this user.
    user: Option<String>,
}

impl World {
    pub fn new(exe: impl Into<PathBuf>) -> World {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let xdg = PathBuf::from(format!("/tmp/qk-{}-{n}", std::process::id()));
        std::fs::create_dir(&xdg).unwrap();
        World { xdg, exe: exe.into(), user: None }
    }

    /// The same for keepers of an ordinary user.
    pub fn of_user(exe: impl Into<PathBuf>, user: &str) -> World {
        let mut world = World::new(exe);
        let owned = Command::new("chown").arg(user).arg(&world.xdg).status().unwrap();
        assert!(owned.success());
        world.user = Some(user.into());
        world
    }

    pub fn keepers(&self) -> PathBuf {
        self.xdg.join("qmux/keepers")
    }

    pub fn socket(&self, life: LifeId, epoch: u64) -> PathBuf {
        self.keepers().join(format!("{life}.{epoch}.sock"))
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = match &self.user {
            None => Command::new(&self.exe),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--init-groups"]).arg(&self.exe);
                command
            }
        };
        command.env("HOME", &self.xdg).env_remove("XDG_CACHE_HOME").env_remove("XDG_STATE_HOME");
        command.arg("keeper").args(args).env("XDG_RUNTIME_DIR", &self.xdg).env_remove("QMUX_LOCAL");
        command
    }

    pub fn start(&self, life: LifeId, epoch: u64) -> Server {
        self.start_with(life, epoch, &[])
    }

    pub fn start_with(&self, life: LifeId, epoch: u64, env: &[(&str, &str)]) -> Server {
        // A keeper that is being killed may answer once more: then the next try starts another.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let args = ["--daemon", "--life", &life.to_string(), "--epoch", &epoch.to_string()];
            let out = self.command(&args).envs(env.iter().copied()).output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            if let Ok(socket) = UnixStream::connect(self.socket(life, epoch)) {
                return Server::over_socket(socket);
            }
            assert!(Instant::now() < deadline, "no keeper stays");
        }
    }

    pub fn connect(&self, life: LifeId, epoch: u64) -> Server {
        Server::over_socket(UnixStream::connect(self.socket(life, epoch)).unwrap())
    }

    /// Pids of this world's keepers, by their records.
    pub fn keeper_pids(&self) -> Vec<i32> {
        let Ok(entries) = std::fs::read_dir(self.keepers()) else { return Vec::new() };
        entries
            .flatten()
            .filter(|e| e.path().extension().is_some_and(|x| x == "json"))
            .filter_map(|e| {
                let record: serde_json::Value =
                    serde_json::from_slice(&std::fs::read(e.path()).ok()?).ok()?;
                record["keeper_pid"].as_i64().map(|p| p as i32)
            })
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for pid in self.keeper_pids() {
            // Whatever a pane has started dies with it: nothing of a test is left behind.
            for child in qmux::keeper::info::descendants(pid) {
                let _ = Command::new("kill").args(["-9", &child.to_string()]).stderr(Stdio::null()).status();
            }
            kill_with_standby(pid);
        }
        let _ = std::fs::remove_dir_all(&self.xdg);
    }
}

/// Kills a keeper and, before it can take its place, the standby.
pub fn kill_with_standby(keeper: i32) {
    for pid in [standby_of(keeper), Some(keeper)].into_iter().flatten() {
        kill(pid);
    }
}

/// As sudden as the out-of-memory killer.
pub fn kill(pid: i32) {
    // Gone already is as good.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
}

/// The process that would take a keeper's place.
pub fn standby_of(keeper: i32) -> Option<i32> {
    let status = std::fs::read_to_string(format!("/proc/{keeper}/status")).ok()?;
    let parent = status.lines().find_map(|l| l.strip_prefix("PPid:"))?.trim().parse().ok()?;
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    (name.trim_end() == "qmux-standby").then_some(parent)
}

pub fn life(n: u64) -> LifeId {
    LifeId(0xfeed, n)
}

pub fn spec(argv: &[&str]) -> PaneSpec {
    PaneSpec {
        argv: argv.iter().map(|s| s.to_string()).collect(),
        cwd: "/".into(),
        env: vec![("TERM".into(), Some("xterm".into())), ("PS1".into(), Some("$ ".into()))],
        clear_env: false,
        size: Size::new(80, 24),
    }
}

/// What a server would be: says things, and collects what the keeper says.
pub struct Server {
    from_keeper: OwnedFd,
    to_keeper: OwnedFd,
    /// The splice in between, if there is one.
    pub splice: Option<Child>,
    reader: FrameReader,
    pub fds: Vec<OwnedFd>,
    pub output: Vec<u8>,
    pub heard: Vec<FromKeeper>,
    pub closed: bool,
}

impl Server {
    pub fn over_socket(socket: UnixStream) -> Server {
        let to = socket.try_clone().unwrap();
        Server::new(socket.into(), to.into(), None)
    }

    pub fn over_stdio(mut command: Command) -> Server {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Server::new(from.into(), to.into(), Some(child))
    }

    fn new(from_keeper: OwnedFd, to_keeper: OwnedFd, splice: Option<Child>) -> Server {
        Server {
            from_keeper,
            to_keeper,
            splice,
            reader: FrameReader::new(),
            fds: Vec::new(),
            output: Vec::new(),
            heard: Vec::new(),
            closed: false,
        }
    }

    pub fn say(&mut self, message: &ToKeeper) {
        let mut rest = &frame(message)[..];
        while !rest.is_empty() {
            match nix::unistd::write(&self.to_keeper, rest) {
                Ok(n) => rest = &rest[n..],
                Err(e) => panic!("{e}"),
            }
        }
    }

    /// The same to a keeper that may have gone.
    pub fn try_say(&mut self, message: &ToKeeper) {
        let mut rest = &frame(message)[..];
        while !rest.is_empty() {
            match nix::unistd::write(&self.to_keeper, rest) {
                Ok(n) => rest = &rest[n..],
                Err(_) => return,
            }
        }
    }

    /// Takes in what comes within `wait_ms`, at most one read of it.
    pub fn pump(&mut self, wait_ms: u16) {
        use nix::poll::{PollFd, PollFlags, poll};
        let mut fds = [PollFd::new(self.from_keeper.as_fd(), PollFlags::POLLIN)];
        if self.closed || poll(&mut fds, wait_ms).unwrap() == 0 {
            return;
        }
        let mut buf = vec![0; 64 << 10];
        let n = if self.splice.is_some() {
            nix::unistd::read(&self.from_keeper, &mut buf).unwrap_or(0)
        } else {
            fdpass::receive(self.from_keeper.as_fd(), &mut buf, &mut self.fds).unwrap_or(0)
        };
        self.closed = n == 0;
        self.reader.feed(&buf[..n]);
        while let Some(message) = self.reader.next_message::<FromKeeper>().unwrap() {
            match message {
                Received::Known(FromKeeper::Output(bytes)) => self.output.extend_from_slice(&bytes),
                Received::Known(m) => self.heard.push(m),
                Received::Unknown(n) => panic!("message {n}"),
            }
        }
    }

    /// Waits until `found` finds something in what was heard, takes it out and returns it.
    pub fn hear<T>(&mut self, what: &str, mut found: impl FnMut(&FromKeeper) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(i) = self.heard.iter().position(|m| found(m).is_some()) {
                let message = self.heard.remove(i);
                return found(&message).unwrap();
            }
            assert!(!self.closed, "the keeper has gone; waited for {what}; heard {:?}", self.heard);
            assert!(Instant::now() < deadline, "waited for {what}; heard {:?}", self.heard);
            self.pump(50);
        }
    }

    /// The same to a keeper that may be about to end.
    pub fn try_attach(&mut self, want_master: bool) -> Option<Welcome> {
        self.try_say(&ToKeeper::Attach { qmux: "test".into(), want_master, seen: None });
        let deadline = Instant::now() + PATIENCE;
        while !self.closed && Instant::now() < deadline {
            if self.heard.iter().any(|m| matches!(m, FromKeeper::Welcome(_))) {
                return Some(self.welcome());
            }
            self.pump(20);
        }
        None
    }

    pub fn attach(&mut self, want_master: bool) -> Welcome {
        self.say(&ToKeeper::Attach { qmux: "test".into(), want_master, seen: None });
        self.welcome()
    }

    /// As a server that counts what passes.
    pub fn attach_seen(&mut self, seen: Seen) -> Welcome {
        self.say(&ToKeeper::Attach { qmux: "test".into(), want_master: false, seen: Some(seen) });
        self.welcome()
    }

    pub fn welcome(&mut self) -> Welcome {
        self.hear("Welcome", |m| match m {
            FromKeeper::Welcome(w) => Some(w.clone()),
            _ => None,
        })
    }

    pub fn spawn(&mut self, argv: &[&str]) -> Welcome {
        self.say(&ToKeeper::Spawn(spec(argv)));
        self.welcome()
    }

    pub fn type_in(&mut self, keys: &str) {
        self.say(&ToKeeper::Input(qmux::protocol::Bytes::from(keys.as_bytes())));
    }

    /// Waits until the output so far contains `wanted`, and forgets it up to there.
    pub fn expect(&mut self, wanted: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let at = self.output.windows(wanted.len()).position(|w| w == wanted.as_bytes());
            if let Some(at) = at {
                let seen: Vec<u8> = self.output.drain(..at + wanted.len()).collect();
                return String::from_utf8_lossy(&seen).into_owned();
            }
            let so_far =
                String::from_utf8_lossy(&self.output[self.output.len().saturating_sub(2000)..]).into_owned();
            assert!(Instant::now() < deadline && !self.closed, "waited for {wanted:?}, got {so_far:?}");
            self.pump(50);
        }
    }

    pub fn exited(&mut self) -> ExitStatus {
        self.hear("Exited", |m| match m {
            FromKeeper::Exited(status) => Some(*status),
            _ => None,
        })
    }

    /// Waits until the keeper has closed the connection.
    pub fn wait_closed(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.closed {
            assert!(Instant::now() < deadline, "the keeper stays; heard {:?}", self.heard);
            self.pump(50);
        }
    }
}

/// Waits until `done`.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process lives (a zombie does not).
pub fn alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .and_then(|s| s.trim_start().chars().next())
        .is_some_and(|state| state != 'Z' && state != 'X')
}

impl World {
    pub fn stdio(&self, args: &[&str]) -> Server {
        Server::over_stdio(self.command(args))
    }
}

/// Epoch of a number, for brevity.
pub fn epoch(n: u64) -> Epoch {
    Epoch(n)
}
