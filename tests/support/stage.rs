//! A pane in a lab, its user at a terminal, and moves of it.

use super::lab::{Ended, Host, Lab, SIZE};
use super::term::{Picture, Term, text_of};
use super::{PATIENCE, wait_until};
use std::time::{Duration, Instant};

/// Rows of the pane: the last row of the terminal is the status line.
pub const PANE_ROWS: usize = SIZE.rows as usize - 1;

/// Somebody's prompt in the lab.
fn prompt(user: &str) -> String {
    format!("{user}@")
}

/// One user, logged in on hostA, attached to a session `work` with one pane.
pub struct Stage<'a> {
    pub lab: &'a Lab,
    pub user: &'static str,
    pub term: Term,
}

impl<'a> Stage<'a> {
    /// Logs in on hostA and starts qmux there, in the directory all hosts share.
    pub fn set(lab: &'a Lab, user: &'static str) -> Stage<'a> {
        Stage::set_with(lab, user, "")
    }

    /// The same with `NAME=VALUE ` in the environment of qmux, its keepers, and (for QMUX_FAULT, which ssh
    /// passes on in the lab) the keepers on other hosts.
    pub fn set_with(lab: &'a Lab, user: &'static str, env: &str) -> Stage<'a> {
        let term = lab.host("hostA").pty(user, &[]);
        term.wait_text(&prompt(user));
        term.type_keys(format!("cd /shared/{user} && {env} exec qmux new-session -s work\r"));
        // The welcome stands in the status line for some seconds, which no test need wait for.
        term.wait_for("the session's first prompt", Instant::now() + PATIENCE, |screen| {
            screen.modes().alternate && text_of(screen).contains(&prompt(user))
        });
        Stage { lab, user, term }
    }

    /// The host the user is logged in on.
    pub fn home(&self) -> Host<'a> {
        self.lab.host("hostA")
    }

    /// A path in the shared directory.
    pub fn path(&self, name: &str) -> String {
        format!("/shared/{}/{name}", self.user)
    }

    /// Runs a line in the pane's shell.
    pub fn run(&self, line: &str) {
        self.term.type_keys(format!("{line}\r"));
    }

    /// Runs `qmux ARGS` on hostA, from outside of the session.
    pub fn qmux(&self, args: &[&str]) -> Ended {
        let argv: Vec<&str> = ["qmux"].into_iter().chain(args.iter().copied()).collect();
        self.home().exec(self.user, &argv)
    }

    /// Runs `qmux ARGS`, which must succeed; its output.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        let ended = self.qmux(args);
        assert!(ended.code == 0, "qmux {args:?}: {ended:?}\nscreen:\n{}", self.term.screen_text());
        ended.out.trim_end().to_string()
    }

    /// Moves the pane, which must succeed, and checks what the user is told.
    #[track_caller]
    pub fn move_to(&self, host: &str) {
        let said = self.ok(&["move", "pane", host, "-t", "work"]);
        let place = if host == "." { "hostA" } else { host };
        assert!(said.contains(&format!("is now on {place}")), "{said}");
    }

    /// Moves the pane and meanwhile types `next()` again and again, from before the start to after the
    /// end. Returns all that was typed.
    #[track_caller]
    pub fn move_while_typing(&self, host: &str, mut next: impl FnMut() -> String) -> String {
        let mut typed = String::new();
        let mut type_one = || {
            let keys = next();
            self.term.type_keys(&keys);
            typed += &keys;
            // The pace of a fast typist's hands, not a wait for anything.
            std::thread::sleep(Duration::from_millis(7));
        };
        let (home, user) = (self.home(), self.user);
        std::thread::scope(|scope| {
            type_one();
            let moving = scope.spawn(move || home.exec(user, &["qmux", "move", "pane", host, "-t", "work"]));
            while !moving.is_finished() {
                type_one();
            }
            type_one();
            let ended = moving.join().expect("the move's thread");
            assert!(ended.code == 0, "move to {host}: {ended:?}");
        });
        typed
    }

    /// What the pane shows.
    pub fn picture(&self) -> Picture {
        self.term.cells().rows(0, PANE_ROWS)
    }

    /// What the pane shows when the program has nothing more to draw. Rest is an absence, so this is the
    /// one fact that takes time to see: no byte for a fifth of a second.
    #[track_caller]
    pub fn picture_at_rest(&self) -> Picture {
        let quiet = Duration::from_millis(200);
        let mut last = (self.term.bytes_read(), Instant::now());
        wait_until("the program to be at rest", || {
            let now = self.term.bytes_read();
            if now != last.0 {
                last = (now, Instant::now());
            }
            (last.1.elapsed() >= quiet).then(|| self.picture())
        })
    }

    /// Waits until the pane shows exactly `before`.
    #[track_caller]
    pub fn wait_picture(&self, before: &Picture) {
        let deadline = Instant::now() + PATIENCE;
        while self.picture() != *before {
            assert!(Instant::now() < deadline, "the screen differs:\n{}", before.difference(&self.picture()));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for `what` on the screen.
    #[track_caller]
    pub fn wait(&self, what: &str) {
        self.term.wait_text(what);
    }

    /// Waits until the cursor's line is a shell prompt and nothing else.
    #[track_caller]
    pub fn wait_prompt(&self) {
        let start = prompt(self.user);
        let end = if self.user == "root" { "# " } else { "$ " };
        self.term.wait_cursor_line("a prompt", |line| {
            line.starts_with(&start) && format!("{} ", line.trim_end()).ends_with(end)
        });
    }

    /// Pid, as `host` numbers it, of the newest process there with this name.
    #[track_caller]
    pub fn pid_on(&self, host: &str, program: &str) -> i32 {
        wait_until(&format!("{program} on {host}"), || {
            self.lab.host(host).exec("root", &["pgrep", "-nx", program]).out.trim().parse().ok()
        })
    }

    /// Waits until only one process of this name is left on hostA: emacs starts with compiling in emacs
    /// children, whose temporary files another host does not have.
    #[track_caller]
    pub fn wait_alone(&self, program: &str) {
        let deadline = Instant::now() + 4 * PATIENCE;
        while self.home().exec("root", &["pgrep", "-cx", program]).out.trim() != "1" {
            assert!(Instant::now() < deadline, "{program} is not alone");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether a process with this name is on `host`.
    pub fn runs_on(&self, host: &str, program: &str) -> bool {
        self.lab.host(host).exec("root", &["pgrep", "-x", program]).code == 0
    }

    /// `stty -a` of the terminal this program writes to on `host`.
    #[track_caller]
    pub fn stty(&self, host: &str, program: &str) -> String {
        // The oldest: emacs compiles in short-lived emacs children.
        self.lab.host(host).sh("root", &format!("stty -a -F /proc/$(pgrep -ox {program})/fd/1"))
    }

    /// Waits until the status line names `host`.
    #[track_caller]
    pub fn wait_status(&self, host: &str) {
        self.term.wait_for(&format!("{host} in the status line"), Instant::now() + PATIENCE, |screen| {
            text_of(screen).lines().last().is_some_and(|line| line.contains(host))
        });
    }

    /// There and back `rounds` times with the program at rest: same screen, same terminal modes, the
    /// program is at one place only.
    #[track_caller]
    pub fn round_trips(&self, rounds: u32, program: &str) {
        let before = self.picture_at_rest();
        let modes = self.stty("hostA", program);
        for round in 0..rounds {
            self.move_to("hostB");
            self.wait_picture(&before);
            assert_eq!(self.stty("hostB", program), modes, "round {round} there");
            assert!(!self.runs_on("hostA", program), "round {round}: {program} is still on hostA");
            self.move_to(".");
            self.wait_picture(&before);
            assert_eq!(self.stty("hostA", program), modes, "round {round} back");
            assert!(!self.runs_on("hostB", program), "round {round}: {program} is still on hostB");
        }
    }
}
