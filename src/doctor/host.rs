//! `qmux doctor HOST`: what of another host is missing for panes to go there and come back.
//!
//! The same program says there what it finds (`doctor --facts`, one line of JSON); judged is it here, beside the same
//! facts of this host. ssh is asked to ask nobody: it accepts no key and no password.

use super::{Finding, Kernel, Level, kernel};
use crate::checkpoint::native::fitness;
use crate::ids::HostName;
use crate::transport::{Options, runtime, ssh};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Most files that are compared.
const FILES_MAX: usize = 64;
/// Largest of them, bytes.
const FILE_MAX: u64 = 64 << 20;
/// Most bytes of another host's answer that are read.
const ANSWER_MAX: usize = 1 << 20;

/// What a host says of itself. Fields an older qmux does not know are empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    qmux: String,
    user: String,
    home: String,
    /// Device-independent marks of the home directory: the same directory on two hosts has the same.
    home_mark: (u64, i64, i64),
    kernel: Kernel,
    /// Hash of each file asked for; none where there is no such file.
    files: BTreeMap<String, Option<String>>,
}

impl Facts {
    /// This host's, with the hashes of `paths`.
    pub(super) fn here(paths: &[String]) -> Facts {
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
        let home = std::env::var("HOME").unwrap_or_default();
        let mark = std::fs::metadata(&home).map(|m| (m.ino(), m.ctime(), m.ctime_nsec()));
        Facts {
            qmux: env!("CARGO_PKG_VERSION").into(),
            user: user.map(|u| u.name).unwrap_or_default(),
            home,
            home_mark: mark.unwrap_or_default(),
            kernel: Kernel::here(),
            files: paths.iter().take(FILES_MAX).map(|p| (p.clone(), hash(Path::new(p)))).collect(),
        }
    }
}

fn hash(path: &Path) -> Option<String> {
    let regular = std::fs::metadata(path).ok().filter(|m| m.is_file() && m.len() <= FILE_MAX)?;
    let bytes = std::fs::read(path).ok()?;
    (bytes.len() as u64 == regular.len()).then(|| blake3::hash(&bytes).to_hex().to_string())
}

/// Files that nearly every pane has mapped: the shell, and the libraries of this program itself.
fn usual_files() -> Vec<String> {
    let mut all = Vec::new();
    let shell = std::env::var("SHELL").ok().filter(|s| !s.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    all.extend(std::fs::canonicalize(shell).ok());
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let libraries = maps.lines().filter_map(|line| line.find('/').map(|at| line[at..].into()));
    all.extend(libraries.filter(|path: &std::path::PathBuf| path.to_string_lossy().contains(".so")));
    all.sort();
    all.dedup();
    all.iter().map(|p| p.to_string_lossy().into_owned()).take(FILES_MAX).collect()
}

/// All findings about `host`.
pub(super) fn examine(host: &str) -> Result<Vec<Finding>, String> {
    let options = runtime::runtime_dir()
        .map_err(|e| e.to_string())
        .and_then(|runtime| Options::from_env(&runtime).map_err(|e| e.to_string()))?;
    let host = HostName(host.to_owned());
    let here = Facts::here(&usual_files());
    let asked = ["doctor", "--facts"].map(str::to_owned).into_iter().chain(here.files.keys().cloned());
    let begun = Instant::now();
    match ask(&host, &asked.collect::<Vec<_>>(), &options) {
        Ok(text) => match serde_json::from_str::<Facts>(&text) {
            Ok(there) => {
                let mut all = vec![reached(begun.elapsed())];
                all.extend(judge(&host.0, &here, &there));
                Ok(all)
            }
            Err(_) => Ok(vec![reached(begun.elapsed()), strange(&host.0, "it does not say what it finds")]),
        },
        Err(Failed::Ssh(problem)) => Ok(vec![not_reached(&host, &problem)]),
        // It runs there and does not know the question: its version is all that can be had.
        Err(Failed::There) => {
            let hello = ask(&host, &["keeper".to_owned(), "--hello".to_owned()], &options).ok();
            let hello = hello.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
            let version = hello.and_then(|v| Some(v.get("qmux")?.as_str()?.to_owned()));
            let words = match version {
                Some(version) => format!("{}, which cannot examine its host", plain(&version)),
                None => "it is another program, or broken".to_owned(),
            };
            Ok(vec![reached(begun.elapsed()), strange(&host.0, &words)])
        }
        Err(Failed::Here(why)) => Err(why),
    }
}

/// Text of another host for a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[derive(Debug)]
enum Failed {
    /// Nothing was asked of anybody.
    Here(String),
    Ssh(ssh::Problem),
    /// The program there ended with a code of its own.
    There,
}

/// Runs `qmux WORDS` there.
fn ask(host: &HostName, words: &[String], options: &Options) -> Result<String, Failed> {
    let argv = ssh::argv(host, words, options).map_err(|e| Failed::Here(e.trouble(&[]).cause))?;
    let output = Command::new(&argv[0]).args(&argv[1..]).stdin(Stdio::null()).output();
    let output = output.map_err(|e| Failed::Here(format!("cannot start {}: {e}", argv[0])))?;
    match output.status.code() {
        Some(0) if output.stdout.len() <= ANSWER_MAX => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        // 255 is ssh's own, 126 and 127 are of the shell that looks for qmux.
        Some(1..=125 | 128..=254) => Err(Failed::There),
        code => Err(Failed::Ssh(ssh::classify(&String::from_utf8_lossy(&output.stderr), code))),
    }
}

fn reached(time: Duration) -> Finding {
    Finding::good("ssh", format!("logs in without asking; asked and answered in {} ms", time.as_millis()))
}

fn not_reached(host: &HostName, problem: &ssh::Problem) -> Finding {
    let config = std::env::var("HOME").map(|home| format!("{home}/.ssh/config")).unwrap_or_default();
    let known = ssh::config_hosts(&std::fs::read_to_string(config).unwrap_or_default());
    let trouble = problem.trouble(host, &known);
    let no_qmux = *problem == ssh::Problem::QmuxMissing;
    let cure = match trouble.cure.is_empty() {
        true => format!("`ssh {host}` by hand says more."),
        false => trouble.cure,
    };
    let subject = if no_qmux { "qmux" } else { "ssh" };
    Finding::lacks(Level::Missing, subject, trouble.cause, "No pane can be moved or started there.", &cure)
}

fn strange(host: &str, found: &str) -> Finding {
    Finding::lacks(
        Level::Less,
        "qmux",
        found,
        "What is missing there is not known before a move is refused.",
        &format!("`qmux setup {host}` copies this version to your home there."),
    )
}

/// What differs, and what that costs.
fn judge(host: &str, here: &Facts, there: &Facts) -> Vec<Finding> {
    let mut all = vec![version(host, here, there), user(host, here, there)];
    all.extend(kernel(&there.kernel).into_iter().map(|mut f| {
        // The words are those of a host that looks at itself.
        f.mend = f.mend.replace("As root: ", &format!("As root on {host}: "));
        f.found = plain(&f.found);
        f
    }));
    all.push(machine(host, here, there));
    all.push(home(here, there));
    all.push(files(here, there));
    all
}

fn version(host: &str, here: &Facts, there: &Facts) -> Finding {
    if here.qmux == there.qmux {
        return Finding::good("qmux", there.qmux.clone());
    }
    Finding::lacks(
        Level::Less,
        "qmux",
        format!("{} there, {} here", plain(&there.qmux), here.qmux),
        "What only one of them knows is refused by the other, by name.",
        &format!("`qmux setup {host}` copies this version to your home there."),
    )
}

fn user(host: &str, here: &Facts, there: &Facts) -> Finding {
    if here.user == there.user {
        return Finding::good("user", here.user.clone());
    }
    Finding::lacks(
        if there.user == "root" { Level::Less } else { Level::Missing },
        "user",
        format!("{} there, {} here", plain(&there.user), here.user),
        "Panes do not arrive there: only a user of the same name may bring them back.",
        &format!("In ~/.ssh/config: Host {host}, User {}; an account of that name there.", here.user),
    )
}

fn machine(host: &str, here: &Facts, there: &Facts) -> Finding {
    let (own, other) = (&here.kernel.can, &there.kernel.can);
    if own.arch != other.arch {
        return Finding::lacks(
            Level::Missing,
            "machine",
            format!("{} there, {} here", plain(&other.arch), own.arch),
            "No running program can go from one to the other.",
            "Start panes there instead: `qmux new-window --on HOST`.",
        );
    }
    let (Some(own), Some(other)) = (&own.cpu, &other.cpu) else {
        return Finding::good("machine", format!("{}; its CPU is not known", plain(&other.arch)));
    };
    let away = fitness::cpu(own, other).err().map(|why| format!("panes from here do not go there: {why}"));
    let back =
        fitness::cpu(other, own).err().map(|why| format!("panes started there do not come here: {why}"));
    let both: Vec<String> = [away, back].into_iter().flatten().map(|text| plain(&text)).collect();
    match both.is_empty() {
        true => Finding::good("machine", format!("{}, CPU features alike", here.kernel.can.arch)),
        false => Finding::lacks(
            Level::Missing,
            "machine",
            both.join("; "),
            "A move in that direction is refused.",
            &format!(
                "Start panes on the weaker CPU; those go both ways. For a virtual {host}: the same CPU model."
            ),
        ),
    }
}

fn home(here: &Facts, there: &Facts) -> Finding {
    let (cost, mend) = (
        "A file that a program has open for writing must be there under the same name, or the move is refused.",
        "`qmux move … --with-files` takes such files along; a shared home directory needs none of it.",
    );
    if here.home != there.home {
        let found = format!("{} there, {} here", plain(&there.home), here.home);
        return Finding::lacks(Level::Less, "home", found, cost, mend);
    }
    match here.home_mark == there.home_mark && here.home_mark != <(u64, i64, i64)>::default() {
        true => Finding::good("home", format!("{}, shared", here.home)),
        false => {
            let found = format!("{} is another directory there", here.home);
            Finding::lacks(Level::Less, "home", found, cost, mend)
        }
    }
}

fn files(here: &Facts, there: &Facts) -> Finding {
    let differ: Vec<&str> = here
        .files
        .iter()
        .filter(|(path, own)| there.files.get(*path) != Some(own))
        .map(|(path, _)| path.as_str())
        .collect();
    match differ.is_empty() {
        true => Finding::good(
            "files",
            format!("the shell and {} libraries are alike", here.files.len().saturating_sub(1)),
        ),
        false => Finding::lacks(
            Level::Less,
            "files",
            format!("not the same there: {}", differ.join(", ")),
            "The first move of a program brings its own copies along, which takes longer.",
            "The same release of the system on both hosts.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::model::Cpu;
    use crate::checkpoint::{Ability, Capabilities, Tier};

    fn facts() -> Facts {
        let cpu = Cpu { xfeatures: 7, xsave_size: 832, flags: vec!["avx".into(), "sse2".into()] };
        let features = ["time-namespace", "pagemap-scan"].map(str::to_owned).into();
        let can = Capabilities {
            arch: "x86_64".into(),
            kernel: "6.12".into(),
            cpu: Some(cpu),
            dump: Ability::Yes,
            restore: Ability::Yes,
            tier: Some(Tier::User),
            features,
        };
        Facts {
            qmux: "1.0".into(),
            user: "ana".into(),
            home: "/home/ana".into(),
            home_mark: (1, 2, 3),
            kernel: Kernel { can, ..Kernel::default() },
            files: [("/lib/libc.so.6".to_owned(), Some("h".to_owned()))].into(),
        }
    }

    fn found<'a>(all: &'a [Finding], subject: &str) -> &'a Finding {
        all.iter().find(|f| f.subject == subject).expect(subject)
    }

    #[test]
    fn a_host_like_this_one_lacks_nothing() {
        let all = judge("hostB", &facts(), &facts());
        assert!(all.iter().all(|f| f.level == Level::Good), "{all:?}");
        assert!(found(&all, "panes arrive").found.contains("user namespace"), "the tier is told");
    }

    #[test]
    fn each_difference_is_told_with_its_cost_and_cure() {
        type Change = fn(&mut Facts);
        let cases: [(&str, Level, &str, Change); 8] = [
            ("qmux", Level::Less, "2.0 there, 1.0 here", |f| f.qmux = "2.0".into()),
            ("user", Level::Missing, "bob there, ana here", |f| f.user = "bob".into()),
            ("machine", Level::Missing, "aarch64 there", |f| f.kernel.can.arch = "aarch64".into()),
            ("machine", Level::Missing, "panes from here do not go there: this CPU lacks avx", |f| {
                f.kernel.can.cpu.as_mut().expect("a CPU").flags = vec!["sse2".into()];
            }),
            ("machine", Level::Missing, "panes started there do not come here: this CPU lacks avx2", |f| {
                f.kernel.can.cpu.as_mut().expect("a CPU").flags.push("avx2".into());
            }),
            ("home", Level::Less, "another directory", |f| f.home_mark = (9, 9, 9)),
            ("files", Level::Less, "/lib/libc.so.6", |f| {
                f.files.insert("/lib/libc.so.6".into(), None);
            }),
            ("panes arrive", Level::Missing, "clone: EPERM", |f| {
                f.kernel.can.restore = Ability::No("clone: EPERM".into());
                f.kernel.apparmor = Some(1);
            }),
        ];
        for (subject, level, words, change) in cases {
            let mut there = facts();
            change(&mut there);
            let all = judge("hostB", &facts(), &there);
            let f = found(&all, subject);
            assert_eq!(f.level, level, "{f:?}");
            assert!(f.found.contains(words), "{f:?}");
            assert!(!f.cost.is_empty() && !f.mend.is_empty(), "{f:?}");
            let others = all.iter().filter(|f| f.subject != subject);
            assert!(others.clone().all(|f| f.level == Level::Good), "{subject}: {all:?}");
        }
    }

    #[test]
    fn facts_come_back_as_they_went_and_old_ones_are_read() {
        let text = serde_json::to_string(&facts()).expect("JSON");
        assert_eq!(serde_json::from_str::<Facts>(&text).expect("facts"), facts());
        let old: Facts = serde_json::from_str(r#"{"qmux":"0.9","shoe_size":44}"#).expect("facts");
        assert_eq!(old.qmux, "0.9");
    }

    #[test]
    fn this_host_knows_itself() {
        let here = Facts::here(&usual_files());
        assert!(here.files.len() > 1 && here.files.values().all(Option::is_some), "{here:?}");
        let all = judge("here", &here, &here);
        for subject in ["qmux", "user", "machine", "home", "files"] {
            assert_eq!(found(&all, subject).level, Level::Good, "{all:?}");
        }
    }
}
