//! A qmux of its own for one test: own home, own runtime directory, own server.

use super::lab::SIZE;
use super::term::Term;
use super::{qmux, wait_until};
use qmux::ids::Size;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

static MADE: AtomicU32 = AtomicU32::new(0);

/// Prompt of the shells in the panes.
pub const PROMPT: &str = "ready>";

/// One server's world. Everything started in it ends with it.
pub struct Qmux {
    dir: PathBuf,
}

/// What a command said.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Qmux {
    /// A fresh one; nothing is started yet.
    pub fn new() -> Qmux {
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let dir = PathBuf::from(format!("/tmp/qmux-test-{}-{n}", std::process::id()));
        for part in ["run", "home"] {
            std::fs::create_dir_all(dir.join(part)).expect("a directory for the test");
        }
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(dir.join("run"), private).expect("permissions");
        let shell = format!("PS1='{PROMPT} '\nPROMPT_COMMAND=\nHISTFILE=\nunset MAIL MAILCHECK\n");
        for file in [".bashrc", ".bash_profile"] {
            std::fs::write(dir.join("home").join(file), &shell).expect("a shell file");
        }
        Qmux { dir }
    }

    /// Its home directory, where its panes start.
    pub fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// The mark all its processes carry in their environment.
    fn mark(&self) -> String {
        self.dir.join("run").display().to_string()
    }

    /// A shell on a terminal of the usual size, outside of any session.
    pub fn shell(&self) -> Term {
        let env = self.env();
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Term::spawn(SIZE, &["/bin/bash"], &env, &self.home())
    }

    /// The environment everything in it runs in.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let home = self.home().display().to_string();
        vec![
            ("XDG_RUNTIME_DIR", self.mark()),
            ("XDG_CONFIG_HOME", format!("{home}/.config")),
            ("XDG_STATE_HOME", format!("{home}/.state")),
            ("HOME", home),
            ("SHELL", "/bin/bash".into()),
            ("LANG", "C.UTF-8".into()),
            ("LC_ALL", "C.UTF-8".into()),
        ]
    }

    /// Runs `qmux ARGS` as from a script: no terminal.
    pub fn run(&self, args: &[&str]) -> Said {
        let mut command = Command::new(qmux());
        command.args(args).envs(self.env()).current_dir(self.home()).stdin(Stdio::null());
        for name in ["TMUX", "TMUX_PANE", "QMUX", "QMUX_PANE"] {
            command.env_remove(name);
        }
        // Its own group: a signal to the test does not look like one to it.
        let Output { status, stdout, stderr } = command.process_group(0).output().expect("qmux starts");
        Said {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Runs `qmux ARGS`, which must succeed; its output, trailing newline trimmed.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(said.code == 0, "qmux {args:?}: {said:?}");
        said.out.trim_end_matches('\n').to_string()
    }

    /// Runs `qmux ARGS` on a terminal of the usual size.
    pub fn term(&self, args: &[&str]) -> Term {
        self.term_sized(SIZE, args)
    }

    /// Runs `qmux ARGS` on a terminal.
    pub fn term_sized(&self, size: Size, args: &[&str]) -> Term {
        let program = qmux();
        let mut argv = vec![program.to_str().expect("a path of text")];
        argv.extend(args);
        self.spawn(size, &argv, &[])
    }

    /// Runs any program on a terminal, with `more` in its environment.
    pub fn spawn(&self, size: Size, argv: &[&str], more: &[(&str, &str)]) -> Term {
        let env = self.env();
        let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        env.extend(more);
        Term::spawn(size, argv, &env, &self.home())
    }

    /// A session named `work` with a shell at its prompt, and a terminal attached to it.
    pub fn attached(&self) -> Term {
        let term = self.term(&["new-session", "-s", "work"]);
        term.wait_text(PROMPT);
        term
    }

    /// The text of a pane.
    #[track_caller]
    pub fn capture(&self, target: &str) -> String {
        self.ok(&["capture-pane", "-p", "-t", target])
    }

    /// Waits until a pane shows `text`.
    #[track_caller]
    pub fn wait_pane(&self, target: &str, text: &str) {
        wait_until(&format!("{text:?} in {target}"), || self.capture(target).contains(text).then_some(()));
    }

    /// A format's value.
    #[track_caller]
    pub fn ask(&self, target: &str, format: &str) -> String {
        self.ok(&["display-message", "-p", "-t", target, format])
    }

    /// Process id of the server.
    #[track_caller]
    pub fn server_pid(&self) -> i32 {
        self.ok(&["display-message", "-p", "#{pid}"]).parse().expect("a process id")
    }

    /// Processes of this world that live now (server, keepers, what runs in panes).
    pub fn processes(&self) -> Vec<i32> {
        let mark = format!("XDG_RUNTIME_DIR={}", self.mark());
        let entries = std::fs::read_dir("/proc").expect("/proc");
        let pid_of = |name: &str| name.parse::<i32>().ok();
        entries
            .filter_map(|entry| pid_of(entry.ok()?.file_name().to_str()?))
            .filter(|pid| {
                let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environ.split(|b| *b == 0).any(|word| word == mark.as_bytes())
            })
            .collect()
    }
}

impl Drop for Qmux {
    fn drop(&mut self) {
        // Children are born while we look: until a look finds none.
        for _ in 0..100 {
            let alive = self.processes();
            if alive.is_empty() {
                break;
            }
            for pid in alive {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = std::fs::remove_dir_all(Path::new(&self.dir));
    }
}
