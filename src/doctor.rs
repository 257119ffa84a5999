//! `qmux doctor`: what of the terminal, the kernel and ssh is missing here, what that costs, how to mend it.
//!
//! Owns the judgement only: the engine says what it can do, the client what the terminal answers. Changes nothing.

mod host;

use crate::checkpoint::native::NativeEngine;
use crate::checkpoint::{Ability, Capabilities, Checkpointer as _, Tier};
use crate::{client, transport};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// All there.
    Good,
    /// It works with less.
    Less,
    /// Something that qmux is for does not work.
    Missing,
}

/// What `doctor HOST` asks the qmux there.
const FACTS: &str = "--facts";

/// One finding. `cost` and `mend` are empty when all is well.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
struct Finding {
    subject: &'static str,
    level: Level,
    found: String,
    cost: &'static str,
    mend: String,
}

impl Finding {
    fn good(subject: &'static str, found: impl Into<String>) -> Finding {
        Finding { subject, level: Level::Good, found: found.into(), cost: "", mend: String::new() }
    }

    fn lacks(
        level: Level,
        subject: &'static str,
        found: impl Into<String>,
        cost: &'static str,
        mend: &str,
    ) -> Finding {
        Finding { subject, level, found: found.into(), cost, mend: mend.into() }
    }
}

/// `qmux doctor [--json] [HOST]`; `words` are those after the verb. Exit status 1 when something needed is missing.
pub fn run(words: &[String]) -> ExitCode {
    if let [flag, paths @ ..] = words
        && flag == FACTS
    {
        // For the same program on another host.
        let facts = serde_json::json!(host::Facts::here(paths)).to_string() + "\n";
        return if client::print(&facts) { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let (flags, hosts): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.starts_with('-'));
    if flags.iter().any(|flag| *flag != "--json") || flags.len() > 1 || hosts.len() > 1 {
        eprintln!("usage: doctor [--json] [HOST]");
        return ExitCode::from(2);
    }
    let json = !flags.is_empty();
    let all = match hosts.first() {
        None => here(),
        Some(name) => match host::examine(name) {
            Ok(all) => all,
            Err(why) => {
                eprintln!("{why} Nothing was examined.");
                return ExitCode::from(2);
            }
        },
    };
    let text = if json { serde_json::json!(all).to_string() + "\n" } else { told(&all) };
    if !client::print(&text) {
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(all.iter().any(|f| f.level == Level::Missing)))
}

fn here() -> Vec<Finding> {
    let mut all = terminal(&Terminal::here());
    all.extend(kernel(&Kernel::here()));
    all.push(ssh());
    all
}

/// The findings for people.
fn told(all: &[Finding]) -> String {
    let mut out = String::new();
    for f in all {
        let mark = match f.level {
            Level::Good => "ok     ",
            Level::Less => "less   ",
            Level::Missing => "MISSING",
        };
        out.push_str(&format!("{mark} {}: {}\n", f.subject, f.found));
        if f.level != Level::Good {
            out.push_str(&format!("          costs: {}\n          mend:  {}\n", f.cost, f.mend));
        }
    }
    out
}

// ---- the terminal ----

/// What is known of the terminal.
#[derive(Debug, Default)]
struct Terminal {
    term: String,
    /// Of its terminfo entry; none without an entry.
    terminfo: Option<Vec<String>>,
    /// `$COLORTERM` promises 24 bits.
    true_colour: bool,
    utf8: bool,
    /// What it answered; none when there is no terminal or it is silent.
    answers: Option<Vec<u8>>,
}

impl Terminal {
    fn here() -> Terminal {
        let var = |name| std::env::var(name).unwrap_or_default();
        let term = var("TERM");
        Terminal {
            terminfo: client::terminfo::capabilities(&term),
            true_colour: ["truecolor", "24bit"].contains(&var("COLORTERM").as_str()),
            utf8: client::locale_is_utf8(),
            answers: client::terminal::ask(b"\x1b[?u\x1b[?2026$p"),
            term,
        }
    }
}

fn terminal(t: &Terminal) -> Vec<Finding> {
    let mut all = Vec::new();
    let names = t.terminfo.as_deref().unwrap_or_default();
    all.push(match &t.terminfo {
        Some(_) => Finding::good("TERM", t.term.clone()),
        None => Finding::lacks(
            Level::Less,
            "TERM",
            format!("no terminfo entry for \"{}\"", t.term),
            "Capabilities are guessed from the name and from what the terminal answers.",
            "Install the terminal's terminfo (ncurses-term), or set TERM=xterm-256color.",
        ),
    });
    let colours = names.iter().find_map(|n| n.strip_prefix("colors=")?.parse::<u32>().ok()).unwrap_or(0);
    let direct = t.true_colour || colours >= 1 << 24 || names.iter().any(|n| n == "Tc" || n == "RGB");
    all.push(match direct {
        true => Finding::good("colours", "24 bits"),
        false => Finding::lacks(
            Level::Less,
            "colours",
            format!("{colours}, 24 bits are not promised"),
            "Themes and programs get the nearest colour there is.",
            "If the terminal has them: COLORTERM=truecolor, or terminal-features with RGB.",
        ),
    });
    all.push(match t.utf8 {
        true => Finding::good("locale", "UTF-8"),
        false => Finding::lacks(
            Level::Less,
            "locale",
            "not UTF-8",
            "Borders are drawn with + and -, other letters as _.",
            "Set LANG=C.UTF-8 or your language's, or start qmux -u.",
        ),
    });
    let Some(answers) = &t.answers else {
        all.push(Finding::lacks(
            Level::Less,
            "terminal",
            "it answered no question",
            "Keyboard protocol and synchronised output are not used.",
            "Ask in a terminal, not through a pipe.",
        ));
        return all;
    };
    let text = String::from_utf8_lossy(answers);
    // CSI ? flags u; CSI ? 2026 ; state $ y, where 0 is unknown and 4 is never on.
    let kitty = text.split("\x1b[?").any(|part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < part.len() && rest.starts_with('u')
    });
    let sync = ["1", "2", "3"].iter().any(|state| text.contains(&format!("\x1b[?2026;{state}$y")));
    all.push(match kitty {
        true => Finding::good("kitty keyboard", "the terminal has it"),
        false => Finding::lacks(
            Level::Less,
            "kitty keyboard",
            "the terminal does not have it",
            "C-i and Tab, C-S-a and C-a, M-[ and others cannot be told apart.",
            "kitty, foot, ghostty, WezTerm and newer terminals have it.",
        ),
    });
    all.push(match sync {
        true => Finding::good("synchronised output", "the terminal has it"),
        false => Finding::lacks(
            Level::Less,
            "synchronised output",
            "the terminal does not have it",
            "A large change of the screen may be seen half drawn.",
            "A newer terminal.",
        ),
    });
    all
}

// ---- the kernel ----

/// What the kernel allows; settings it does not have are none.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Kernel {
    can: Capabilities,
    /// `kernel.unprivileged_userns_clone` (Debian's).
    userns_clone: Option<u64>,
    /// `user.max_user_namespaces`.
    max_userns: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns` (Ubuntu's).
    apparmor: Option<u64>,
    /// `kernel.yama.ptrace_scope`.
    ptrace_scope: Option<u64>,
}

impl Kernel {
    fn here() -> Kernel {
        let setting = |name: &str| -> Option<u64> {
            std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?.trim().parse().ok()
        };
        Kernel {
            can: NativeEngine::new().probe(),
            userns_clone: setting("kernel/unprivileged_userns_clone"),
            max_userns: setting("user/max_user_namespaces"),
            apparmor: setting("kernel/apparmor_restrict_unprivileged_userns"),
            ptrace_scope: setting("kernel/yama/ptrace_scope"),
        }
    }

    /// What stands in the way of an ordinary user's namespaces, as the command that takes it away.
    fn barrier(&self) -> &'static str {
        if self.max_userns == Some(0) {
            "As root: sysctl user.max_user_namespaces=15000."
        } else if self.userns_clone == Some(0) {
            "As root: sysctl kernel.unprivileged_userns_clone=1."
        } else if self.apparmor == Some(1) {
            "As root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with `userns,`."
        } else {
            "A kernel with user, pid and time namespaces (5.11 or later), not forbidden by a container."
        }
    }
}

fn kernel(k: &Kernel) -> Vec<Finding> {
    let mut all = vec![Finding::good("kernel", format!("{} {}", k.can.kernel, k.can.arch))];
    // Documentation/admin-guide/LSM/Yama.rst: with 1 a keeper may trace its own descendants, with 2 only
    // CAP_SYS_PTRACE may trace, with 3 nobody.
    let barred = match k.ptrace_scope {
        Some(3) => Some((
            "kernel.yama.ptrace_scope is 3: nobody may stop a program",
            "Set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and reboot: 3 holds until then.",
        )),
        Some(2) if k.can.tier != Some(Tier::Root) => Some((
            "kernel.yama.ptrace_scope is 2: only root may stop a program",
            "As root: sysctl kernel.yama.ptrace_scope=1.",
        )),
        _ => None,
    };
    all.push(match (&k.can.dump, barred) {
        (Ability::Yes, None) => Finding::good("panes leave", "yes"),
        (Ability::Yes, Some((what, mend))) => Finding::lacks(
            Level::Missing,
            "panes leave",
            what,
            "No pane can be moved away or written to a file.",
            mend,
        ),
        (Ability::No(why), _) => Finding::lacks(
            Level::Missing,
            "panes leave",
            why.clone(),
            "No pane can be moved away or written to a file.",
            "Another kernel or machine: x86-64 Linux with CONFIG_CHECKPOINT_RESTORE.",
        ),
    });
    all.push(match &k.can.restore {
        Ability::Yes => {
            let how = k.can.tier.map(|tier| format!(", as: {}", tier.name())).unwrap_or_default();
            Finding::good("panes arrive", format!("yes{how}"))
        }
        Ability::No(why) => Finding::lacks(
            Level::Missing,
            "panes arrive",
            why.clone(),
            "No pane can be moved here or brought back from a file.",
            k.barrier(),
        ),
    });
    let has = |name: &str| k.can.features.iter().any(|f| f == name);
    all.push(match has("time-namespace") {
        true => Finding::good("time namespace", "yes"),
        false => Finding::lacks(
            Level::Less,
            "time namespace",
            "this kernel has none",
            "The monotonic clock of programs that arrive jumps.",
            "Linux 5.6 or later.",
        ),
    });
    all.push(match has("pagemap-scan") {
        true => Finding::good("page tracking", "yes"),
        false => Finding::lacks(
            Level::Less,
            "page tracking",
            "this kernel has no PAGEMAP_SCAN",
            "Changed memory cannot be found quickly: the pause of a move grows with the pane's memory.",
            "Linux 6.7 or later.",
        ),
    });
    all
}

// ---- ssh ----

fn ssh() -> Finding {
    let words = transport::ssh_words();
    let name = words.join(" ");
    let output = Command::new(&words[0]).args(&words[1..]).arg("-V").stdin(Stdio::null()).output();
    match output {
        // ssh tells its version on standard error.
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("").to_owned();
            Finding::good("ssh", if text.is_empty() { name } else { text })
        }
        Ok(output) => ssh_missing(format!("{name} -V ended with {}", output.status)),
        Err(e) => ssh_missing(format!("cannot start {name}: {e}")),
    }
}

fn ssh_missing(found: String) -> Finding {
    let mend = "Install OpenSSH's client (openssh-client), or name another in QMUX_SSH.";
    Finding::lacks(Level::Missing, "ssh", found, "No other host can be reached.", mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(all: &[Finding], subject: &str) -> Level {
        all.iter().find(|f| f.subject == subject).expect(subject).level
    }

    fn able() -> Kernel {
        let features = ["time-namespace", "pagemap-scan"];
        let can = Capabilities {
            dump: Ability::Yes,
            restore: Ability::Yes,
            tier: Some(Tier::User),
            features: features.map(str::to_owned).into(),
            ..Capabilities::default()
        };
        Kernel { can, ..Kernel::default() }
    }

    #[test]
    fn a_kernel_is_judged_by_what_it_cannot_do() {
        assert!(kernel(&able()).iter().all(|f| f.level == Level::Good));
        let no = |mut k: Kernel| {
            k.can.restore = Ability::No("clone: EPERM".into());
            let all = kernel(&k);
            assert_eq!(level(&all, "panes arrive"), Level::Missing);
            all.into_iter().find(|f| f.subject == "panes arrive").expect("it is judged").mend
        };
        assert!(no(Kernel { apparmor: Some(1), ..able() }).contains("apparmor"));
        assert!(no(Kernel { userns_clone: Some(0), ..able() }).contains("unprivileged_userns_clone=1"));
        assert!(no(Kernel { max_userns: Some(0), ..able() }).contains("max_user_namespaces"));
        let scope = |n| level(&kernel(&Kernel { ptrace_scope: Some(n), ..able() }), "panes leave");
        assert_eq!((scope(1), scope(2), scope(3)), (Level::Good, Level::Missing, Level::Missing));
        let mut root = Kernel { ptrace_scope: Some(2), ..able() };
        root.can.tier = Some(Tier::Root);
        assert_eq!(level(&kernel(&root), "panes leave"), Level::Good);
        let mut old = able();
        old.can.features.clear();
        let all = kernel(&old);
        assert_eq!(level(&all, "time namespace"), Level::Less);
        assert_eq!(level(&all, "page tracking"), Level::Less);
    }

    #[test]
    fn a_terminal_is_judged_by_its_answers() {
        let answered = |answers: &[u8]| {
            let t = Terminal { answers: Some(answers.to_vec()), ..Terminal::default() };
            let all = terminal(&t);
            (level(&all, "kitty keyboard"), level(&all, "synchronised output"))
        };
        assert_eq!(answered(b"\x1b[?0u\x1b[?2026;2$y\x1b[?62;22c"), (Level::Good, Level::Good));
        assert_eq!(answered(b"\x1b[?2026;0$y\x1b[?62c"), (Level::Less, Level::Less));
        let silent = terminal(&Terminal::default());
        assert_eq!(level(&silent, "terminal"), Level::Less);
        assert_eq!(level(&silent, "colours"), Level::Less);
        let modern =
            Terminal { terminfo: Some(vec!["colors=256".into(), "Tc".into()]), ..Terminal::default() };
        assert_eq!(level(&terminal(&modern), "colours"), Level::Good);
    }

    #[test]
    fn what_is_missing_is_told_with_its_cost_and_cure() {
        let text = told(&[ssh_missing("cannot start ssh".into()), Finding::good("locale", "UTF-8")]);
        assert!(text.starts_with("MISSING ssh: cannot start ssh\n"), "{text}");
        assert!(text.contains("costs: No other host") && text.contains("mend:  Install"), "{text}");
        assert!(text.ends_with("ok      locale: UTF-8\n"), "{text}");
    }
}
