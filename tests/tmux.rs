//! tmux habits: the scripts of `tests/tmux/` run against the machine's tmux and against qmux called `tmux`; what
//! they print must be the same, but for what `docs/tmux-differences.md` lists with its reason.
// A test says what it expects by failing on the spot.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest run of one script, in seconds.
const LIMIT_S: &str = "200";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A directory of its own for one run, with a `tmux` to be put on PATH; what runs from it ends with it.
struct Place {
    dir: PathBuf,
    socket: String,
}

impl Place {
    fn new(name: &str, tmux: &Path) -> Place {
        let dir = std::env::temp_dir().join(format!("qmux-tmux-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        for sub in ["bin", "run", "home", "files"] {
            std::fs::create_dir_all(dir.join(sub)).unwrap();
        }
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(dir.join("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink(tmux, dir.join("bin/tmux")).unwrap();
        Place { dir, socket: format!("habits-{name}") }
    }

    fn command(&self, program: &str) -> Command {
        let path = format!("{}:/usr/bin:/bin", self.dir.join("bin").display());
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([
                ("PATH", path.as_str()),
                ("LANG", "C.UTF-8"),
                ("SHELL", "/bin/sh"),
                ("TERM", "xterm-256color"),
            ])
            .envs([("S", self.socket.as_str())])
            .env("HOME", self.dir.join("home"))
            .env("XDG_RUNTIME_DIR", self.dir.join("run"))
            .env("TMUX_TMPDIR", self.dir.join("run"))
            .env("D", self.dir.join("files"))
            .env("L", root().join("tests/tmux"))
            .current_dir(self.dir.join("home"));
        command
    }

    /// What a script prints, by label.
    fn run(&self, script: &Path) -> BTreeMap<String, String> {
        let output = self.command("timeout").args(["-k", "5", LIMIT_S, "sh"]).arg(script).output().unwrap();
        let dir = self.dir.join("files").display().to_string();
        let text = String::from_utf8_lossy(&output.stdout).replace(&dir, "D");
        let mut said: BTreeMap<String, String> = BTreeMap::new();
        for line in text.lines() {
            let (label, words) = label_of(line);
            let all = said.entry(label.to_owned()).or_default();
            all.push_str(words);
            all.push('\n');
        }
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}: {} after {said:?}",
            script.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }
}

/// `label: words`; labels may hold colons, so the scripts' own separator is a tab.
fn label_of(line: &str) -> (&str, &str) {
    line.split_once('\t').unwrap_or(("(no label)", line))
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.command("tmux").args(["-L", &self.socket, "kill-server"]).output();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// What is compared with: the machine's tmux (Debian 12: 3.3a), and a 3.7 that `tests/tmux/newer` fetched.
#[derive(Clone, Copy, PartialEq)]
enum Reference {
    Machine,
    Newer,
}

impl Reference {
    fn path(self) -> Option<PathBuf> {
        let path = match self {
            Reference::Machine => PathBuf::from("/usr/bin/tmux"),
            Reference::Newer => root().join("target/tmux-3.7/tmux"),
        };
        path.exists().then_some(path)
    }

    /// Whether rows under a heading of the documentation are about it.
    fn is_meant(self, heading: &str) -> bool {
        match heading.strip_prefix("Only against ") {
            Some(version) => version.starts_with("3.3") == (self == Reference::Machine),
            None => true,
        }
    }
}

/// `script`, `label` of each difference that is documented: rows of the tables, `| script | label | … |`.
fn documented(reference: Reference) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(root().join("docs/tmux-differences.md")).unwrap();
    let mut meant = true;
    let mut rows = BTreeSet::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            meant = reference.is_meant(heading);
        }
        let row = line.strip_prefix("| `").and_then(|rest| {
            let mut cells = rest.split("` | `");
            Some((cells.next()?.to_owned(), cells.next()?.split("` |").next()?.replace("\\|", "|")))
        });
        rows.extend(row.filter(|_| meant));
    }
    rows
}

fn qmux() -> PathBuf {
    std::env::var_os("QMUX_TEST_BIN").map_or_else(|| env!("CARGO_BIN_EXE_qmux").into(), PathBuf::from)
}

/// Scripts that later versions changed in so many places that only those can be compared with.
const NEWER_ONLY: [&str; 2] = ["copy", "prompt"];

type Said = BTreeMap<String, String>;

/// Each label must be as with the reference, or listed; a difference from the machine's tmux is none where qmux is as
/// the newer one.
fn differences(name: &str, reference: Reference, theirs: &Said, ours: &Said, newer: Option<&Said>) -> String {
    let listed = documented(reference);
    let mut wrong = String::new();
    let labels: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    assert!(labels.len() > 20, "{name}: {ours:?}");
    for label in labels {
        let (t, q) = (theirs.get(label), ours.get(label));
        let told = listed.contains(&(name.to_owned(), label.clone()));
        let as_newer = newer.is_some_and(|newer| newer.get(label) == q);
        match (t != q, told) {
            (true, false) if !as_newer => {
                let show = |said: Option<&String>| said.map_or("(nothing)\n", |s| s).to_owned();
                wrong.push_str(&format!("{label}\n  tmux: {}  qmux: {}", show(t), show(q)));
            }
            (false, true) => wrong.push_str(&format!("{label}\n  is listed as a difference and is none\n")),
            _ => {}
        }
    }
    for (script, label) in &listed {
        if script == name && !theirs.contains_key(label) && !ours.contains_key(label) {
            wrong.push_str(&format!("{label}\n  is listed and nothing is called so\n"));
        }
    }
    wrong
}

fn compare(name: &str) {
    let script = root().join(format!("tests/tmux/{name}.sh"));
    let run = |tag: &str, tmux: &Path| Place::new(&format!("{name}-{tag}"), tmux).run(&script);
    let newer = Reference::Newer.path().map(|tmux| run("n", &tmux));
    let machine = Reference::Machine.path().filter(|_| newer.is_some() || !NEWER_ONLY.contains(&name));
    let machine = machine.map(|tmux| run("m", &tmux));
    if newer.is_none() {
        skip(&format!("tmux::{name} against 3.7: it could not be fetched (tests/tmux/newer)"));
    }
    if newer.is_none() && machine.is_none() {
        return;
    }
    let ours = run("q", &qmux());
    let mut wrong = String::new();
    if let Some(theirs) = &newer {
        wrong.push_str(&differences(name, Reference::Newer, theirs, &ours, None));
    }
    if let Some(theirs) = &machine {
        let text = differences(name, Reference::Machine, theirs, &ours, newer.as_ref());
        if !text.is_empty() {
            wrong.push_str(&format!("-- against the machine's:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{name}: not as tmux, and not in docs/tmux-differences.md:\n{wrong}");
}

macro_rules! scripts {
    ($($name:ident),* $(,)?) => { $(#[test] fn $name() { compare(stringify!($name)); })* };
}

scripts!(
    buffers,
    copy,
    environment,
    formats,
    hooks,
    keys,
    language,
    options,
    panes,
    prompt,
    sessions,
    targets,
    windows,
);

#[test]
fn every_script_is_run() {
    let text = std::fs::read_to_string(root().join("tests/tmux.rs")).unwrap();
    for entry in std::fs::read_dir(root().join("tests/tmux")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "sh") && name != "lib" {
            assert!(text.contains(&format!("{name},")) || text.contains(&format!("{name})")), "{name}.sh");
        }
    }
}

/// Said past the test harness, which keeps the output of a test that passes to itself; `tests/run` counts it.
fn skip(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {what}");
}
