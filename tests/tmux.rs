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

fn compare(name: &str, reference: Reference) {
    let Some(tmux) = reference.path() else {
        skip(&match reference {
            Reference::Machine => format!("tmux::{name}: no tmux on this machine to compare with"),
            Reference::Newer => format!("tmux::newer::{name}: no tmux 3.7 in target/ (tests/tmux/newer)"),
        });
        return;
    };
    let tag = if reference == Reference::Machine { "m" } else { "n" };
    let script = root().join(format!("tests/tmux/{name}.sh"));
    let theirs = Place::new(&format!("{name}-{tag}t"), &tmux).run(&script);
    let ours = Place::new(&format!("{name}-{tag}q"), &qmux()).run(&script);
    let listed = documented(reference);
    let mut wrong = String::new();
    let labels: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    assert!(labels.len() > 20, "{name}: {ours:?}");
    for label in labels {
        let (t, q) = (theirs.get(label), ours.get(label));
        let differs = t != q;
        let told = listed.contains(&(name.to_owned(), label.clone()));
        match (differs, told) {
            (true, false) => {
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
    assert!(wrong.is_empty(), "{name}: not as tmux, and not in docs/tmux-differences.md:\n{wrong}");
}

macro_rules! scripts {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { compare(stringify!($name), Reference::Machine); })*
        mod newer {
            $(#[test] fn $name() { super::compare(stringify!($name), super::Reference::Newer); })*
        }
    };
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
