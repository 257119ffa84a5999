//! Real clients of tmux: libtmux's and tmuxp's own test suites, from PyPI, run with qmux as `tmux`.
//!
//! They run in a virtual environment under `target/`, made when it is not there. Without python or the network
//! the tests say SKIPPED. What may fail is in `tests/tmux/SUITE.failures`, a test's name and the reason on a line.
// A test says what it expects by failing on the spot.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Versions the lists of failures were made with.
const SUITES: [(&str, &str); 2] = [("libtmux", "0.62.0"), ("tmuxp", "1.76.0")];

/// What the suites need besides themselves.
const NEEDS: [&str; 8] = [
    "pytest==9.2.0",
    "pytest-mock==3.17.0",
    "pytest-rerunfailures==16.7",
    "pytest-timeout==2.4.0",
    "pytest-xdist==3.8.0",
    "pytest-watcher==0.6.3",
    "gp-libs==0.0.19",
    "PyYAML",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(program: &Path, args: &[&str], dir: &Path) -> std::io::Result<Output> {
    Command::new(program).args(args).current_dir(dir).output()
}

fn said(output: &Output) -> String {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// The environment with both suites unpacked beside it, made once; or why there is none.
fn environment() -> Result<PathBuf, String> {
    let home = root().join("target/tmux-clients");
    // Both tests begin at once, and one must not make anew what the other is making.
    static MAKING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let python = home.join("venv/bin/python");
    // Where it was made: an environment is of no use elsewhere.
    let (ready, here) = (home.join("ready"), home.display().to_string());
    if std::fs::read_to_string(&ready).is_ok_and(|made| made == here) {
        return Ok(home);
    }
    // Half of one is none.
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).map_err(|e| e.to_string())?;
    let step = |program: &Path, args: &[&str]| -> Result<(), String> {
        let output = run(program, args, &home).map_err(|e| format!("{}: {e}", program.display()))?;
        if output.status.success() { Ok(()) } else { Err(format!("{args:?}: {}", said(&output))) }
    };
    step(Path::new("python3"), &["-m", "venv", "venv"])?;
    let pip = ["-m", "pip", "-q", "--disable-pip-version-check"];
    step(&python, &[&pip[..], &["install"], &NEEDS[..]].concat())?;
    for (name, version) in SUITES {
        let exact = format!("{name}=={version}");
        step(&python, &[&pip[..], &["download", "--no-deps", "--no-binary", ":all:", &exact]].concat())?;
        step(Path::new("tar"), &["xf", &format!("{name}-{version}.tar.gz")])?;
    }
    for (name, version) in SUITES {
        step(&python, &[&pip[..], &["install", "-e", &format!("./{name}-{version}")]].concat())?;
    }
    std::fs::write(&ready, here).map_err(|e| e.to_string())?;
    Ok(home)
}

/// Names that may fail, with the reason.
fn known(suite: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join(format!("tests/tmux/{suite}.failures"))).unwrap();
    text.lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| {
            let (name, why) = l.split_once("  ").expect("a test's name, two blanks, the reason");
            (name.to_owned(), why.trim().to_owned())
        })
        .collect()
}

fn suite(name: &str) {
    let home = match environment() {
        Ok(home) => home,
        Err(why) => {
            skip(&format!("tmux_clients::{name}: its suite cannot be had from PyPI here: {why}"));
            return;
        }
    };
    let version = SUITES.iter().find(|(n, _)| *n == name).unwrap().1;
    let source = home.join(format!("{name}-{version}"));
    let dir = std::env::temp_dir().join(format!("qmux-clients-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    for sub in ["bin", "run", "home"] {
        std::fs::create_dir_all(dir.join(sub)).unwrap();
    }
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(dir.join("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let qmux =
        std::env::var_os("QMUX_TEST_BIN").map_or_else(|| env!("CARGO_BIN_EXE_qmux").into(), PathBuf::from);
    std::os::unix::fs::symlink(qmux, dir.join("bin/tmux")).unwrap();
    // Some tests wait for the prompt `$`, which root has not, and the suite empties the environment.
    let shell = dir.join("bin/sh");
    std::fs::write(&shell, "#!/bin/sh\nPS1='$ ' exec /bin/sh \"$@\"\n").unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", dir.join("bin").display(), home.join("venv/bin").display());
    let output = Command::new(home.join("venv/bin/python"))
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--timeout=120",
            "--no-showlocals",
            "--tb=line",
        ])
        .args(["--reruns=2", "-n", "2", "--ignore=docs/conf.py", "-rfE", "--color=no"])
        .current_dir(&source)
        .env_clear()
        .envs([("PATH", path.as_str()), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color")])
        .env("SHELL", &shell)
        .env("HOME", dir.join("home"))
        .env("XDG_RUNTIME_DIR", dir.join("run"))
        .env("TMUX_TMPDIR", dir.join("run"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let summary =
        text.lines().rfind(|l| l.contains(" passed")).unwrap_or_else(|| panic!("{}", said(&output)));
    println!("{name} {version}: {summary}");
    let failed: BTreeSet<String> = text
        .lines()
        .filter_map(|l| l.strip_prefix("FAILED ").or_else(|| l.strip_prefix("ERROR ")))
        .map(|l| l.split(" - ").next().unwrap_or(l).trim().to_owned())
        .collect();
    let known = known(name);
    let new: Vec<&String> = failed.iter().filter(|f| !known.contains_key(*f)).collect();
    for (name, why) in known.iter().filter(|(n, _)| failed.contains(*n)) {
        println!("known: {name}: {why}");
    }
    let _ = std::fs::remove_dir_all(&dir);
    assert!(new.is_empty(), "{name}: fail now and are not in tests/tmux/{name}.failures: {new:#?}");
    // A suite that could not be collected would fail nothing.
    let passed: usize =
        summary.split(" passed").next().and_then(|s| s.rsplit(' ').next()?.parse().ok()).unwrap_or(0);
    assert!(passed > 500, "{summary}");
}

#[test]
fn libtmux() {
    suite("libtmux");
}

#[test]
fn tmuxp() {
    suite("tmuxp");
}

/// Said past the test harness, which keeps the output of a test that passes to itself; `tests/run` counts it.
fn skip(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {what}");
}
