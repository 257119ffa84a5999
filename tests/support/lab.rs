//! Test hosts with a real sshd each (`tests/lab/lab` does the namespace work; root is needed).

use super::term::Term;
use super::{qmux, quote};
use qmux::ids::Size;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The size tests use unless they say otherwise.
pub const SIZE: Size = Size { cols: 80, rows: 24 };

static RUNS: AtomicU32 = AtomicU32::new(0);

/// Hosts that are up. They end with this value, and with this process however it ends.
pub struct Lab {
    run: String,
    supervisor: Child,
}

/// One of them.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    lab: &'a Lab,
    name: &'a str,
}

/// How a command on a host ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Lab {
    /// Hosts with these names, or `None` where there can be none (an ordinary user, a container), said loudly.
    pub fn up_or_skip(hosts: &[&str]) -> Option<Lab> {
        let able = Command::new(script()).arg("able").output().expect("tests/lab/lab runs");
        if able.status.success() {
            return Some(Lab::up(hosts));
        }
        let test = std::thread::current().name().unwrap_or("test").to_string();
        eprintln!("\nSKIPPED {test}: {}\n", String::from_utf8_lossy(&able.stderr).trim());
        None
    }

    /// Starts hosts with these names, each with the qmux under test in /usr/local/bin.
    pub fn up(hosts: &[&str]) -> Lab {
        let run = format!("t{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let mut supervisor = Command::new(script())
            .args(["serve", "-r", &run, "-q"])
            .arg(qmux())
            .args(hosts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tests/lab/lab starts");
        let mut line = String::new();
        let out = supervisor.stdout.take().expect("stdout is piped");
        BufReader::new(out).read_line(&mut line).expect("the lab speaks");
        assert!(line.starts_with("ready"), "the lab did not come up: {line:?}");
        Lab { run, supervisor }
    }

    /// The host of that name.
    pub fn host<'a>(&'a self, name: &'a str) -> Host<'a> {
        Host { lab: self, name }
    }

    /// Pulls (`false`) or plugs (`true`) a host's network cable.
    pub fn link(&self, host: &str, up: bool) {
        let state = if up { "up" } else { "down" };
        let status = self.command("link").args([host, state]).status().expect("tests/lab/lab runs");
        assert!(status.success(), "link {host} {state}");
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(script());
        command.args([verb, "-r", &self.run]);
        command
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

impl Host<'_> {
    /// Runs `argv` there as `user`, entered from outside (no login, no terminal).
    pub fn exec(&self, user: &str, argv: &[&str]) -> Ended {
        let output = self
            .lab
            .command("exec")
            .args(["-u", user, self.name, "--"])
            .args(argv)
            .stdin(Stdio::null())
            .output()
            .expect("tests/lab/lab runs");
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs a line of shell there; its output. Panics when it fails.
    #[track_caller]
    pub fn sh(&self, user: &str, line: &str) -> String {
        let ended = self.exec(user, &["bash", "-c", line]);
        assert!(ended.code == 0, "{line}: {ended:?}");
        ended.out.trim_end().to_string()
    }

    /// Writes a file there.
    pub fn write(&self, user: &str, path: &str, text: &str) {
        self.sh(user, &format!("printf %s {} > {}", quote(text), quote(path)));
    }

    /// A person logging in over ssh and running `argv` (nothing: the login shell).
    pub fn pty(&self, user: &str, argv: &[&str]) -> Term {
        self.pty_sized(user, SIZE, argv)
    }

    /// The same on a terminal of another size.
    pub fn pty_sized(&self, user: &str, size: Size, argv: &[&str]) -> Term {
        let line = argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        let script = script();
        let mut words = vec![script.to_str().expect("a path of text"), "ssh", "-r", &self.lab.run];
        words.extend(["-u", user, "-t", self.name]);
        if !line.is_empty() {
            words.push(&line);
        }
        Term::spawn(size, &words, &[], Path::new("/"))
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab")
}
