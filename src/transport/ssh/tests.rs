use super::*;
use crate::transport::open;
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn options() -> Options {
    Options {
        ssh: vec!["ssh".into()],
        remote_program: "qmux".into(),
        own_program: "/proc/self/exe".into(),
        ssh_dir: Some("/run/user/7/qmux/ssh".into()),
        connect_timeout_s: 5,
    }
}

fn host(name: &str) -> HostName {
    HostName(name.into())
}

#[test]
fn names_that_ssh_would_take_for_something_else_are_refused() {
    for bad in ["", "-oProxyCommand=x", "a b", "a\nb", "a\u{1b}[m", "$(x)", "a'b", &"x".repeat(321)] {
        assert!(matches!(argv(&host(bad), &[], &options()), Err(TransportError::BadHost(_))), "{bad:?}");
    }
    for good in ["hostB", "ana@host-b.example", "::1", "10.0.0.1", "ssh://ana@host:2222"] {
        assert!(argv(&host(good), &[], &options()).is_ok(), "{good}");
    }
}

#[test]
fn the_command_line_asks_nothing_and_shares_one_connection() {
    let argv = argv(&host("hostB"), &["keeper".into(), "it's".into()], &options()).unwrap();
    let line = argv.join(" ");
    for option in ["BatchMode=yes", "ConnectTimeout=5", "ControlMaster=auto", "ServerAliveInterval=5"] {
        assert!(line.contains(&format!("-o {option}")), "{option} in {line}");
    }
    let end = argv.iter().position(|a| a == "--").unwrap();
    assert_eq!(argv[end + 1], "hostB");
    assert_eq!(argv.len(), end + 3);
    assert!(argv[end + 2].ends_with(r"qmux keeper 'it'\''s'"), "{}", argv[end + 2]);
    let other = super::argv(&host("hostC"), &[], &options()).unwrap();
    let path = |argv: &[String]| argv.iter().find(|a| a.starts_with("ControlPath=")).unwrap().clone();
    assert_ne!(path(&argv), path(&other));
}

#[test]
fn a_directory_too_deep_for_sockets_means_no_sharing() {
    let mut options = options();
    options.ssh_dir = Some(format!("/{}", "d".repeat(80)).into());
    let line = argv(&host("b"), &[], &options).unwrap().join(" ");
    assert!(line.contains("ControlPath=none") && !line.contains("ControlMaster=auto"), "{line}");
}

/// Every complaint as OpenSSH 9.2 words it, and the answer of moving.md section 5.
#[test]
fn complaints_of_ssh_become_answers() {
    let known = vec!["hostA".to_string(), "hostB".into(), "desk".into()];
    let cases: &[(&str, i32, u8, &str, &str)] = &[
        (
            "ssh: Could not resolve hostname hsotb: Name or service not known\r\n",
            255,
            2,
            "No host \"hsotB\" (ssh cannot resolve it).",
            "Did you mean hostB?",
        ),
        (
            "ssh: connect to host 10.0.0.9 port 22: Connection timed out\r\n",
            255,
            4,
            "hsotB did not answer in 5 s (ssh: timeout).",
            "",
        ),
        ("Connection timed out during banner exchange\n", 255, 4, "did not answer in 5 s", ""),
        ("ssh: connect to host h port 22: Connection refused\r\n", 255, 4, "connection refused", ""),
        ("ssh: connect to host h port 22: No route to host\r\n", 255, 4, "no route to host", ""),
        (
            "No ED25519 host key is known for h and you have requested strict checking.\r\nHost key verification failed.\r\n",
            255,
            4,
            "ssh refuses hsotB's key (it is not known yet). qmux never accepts keys for you.",
            "Check it, then `ssh hsotB` once.",
        ),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\r\n",
            255,
            4,
            "(it is not the one known)",
            "Check it",
        ),
        (
            "ana@h: Permission denied (publickey,password).\r\n",
            255,
            4,
            "without asking you",
            "`qmux connect hsotB`",
        ),
        ("sh: 1: exec: qmux: not found\n", 127, 4, "hsotB has no qmux", "`qmux setup hsotB`"),
        ("client_loop: send disconnect: Broken pipe\r\n", 255, 4, "The connection to hsotB broke.", ""),
        ("error: something \x1b[31mnew\n", 3, 4, "something [31mnew (exit status 3)", ""),
    ];
    for (stderr, exit, class, cause, cure) in cases {
        let trouble = classify(stderr, Some(*exit)).trouble(&host("hsotB"), &known);
        assert_eq!(trouble.class, *class, "{stderr}");
        assert!(trouble.cause.contains(cause), "{stderr}: {}", trouble.cause);
        assert!(trouble.cure.contains(cure), "{stderr}: {}", trouble.cure);
    }
}

#[test]
fn the_nearest_known_name_is_meant_or_none() {
    let known: Vec<String> = ["hostB", "hostC", "desk"].map(String::from).into();
    assert_eq!(closest("hsotB", &known), Some("hostB"));
    assert_eq!(closest("dsek", &known), Some("desk"));
    assert_eq!(closest("DESKK", &known), Some("desk"));
    assert_eq!(closest("mainframe", &known), None);
    assert_eq!(closest("x", &known), None);
}

#[test]
fn hosts_of_an_ssh_config_are_known_and_patterns_are_not() {
    let text = "# c\nHost hostA hostB *.example !x\n  HostName 10.0.0.1\nhost=desk\nMatch all\n";
    assert_eq!(config_hosts(text), ["hostA", "hostB", "desk"]);
}

struct Script {
    dir: PathBuf,
}

impl Script {
    /// A stand-in for ssh: a shell script that gets ssh's arguments.
    fn new(name: &str, body: &str) -> Script {
        let dir = std::env::temp_dir().join(format!("qmux-ssh-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("home/.local/bin")).unwrap();
        let file = dir.join("ssh");
        std::fs::write(&file, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        Script { dir }
    }

    fn options(&self) -> Options {
        Options { ssh: vec![self.dir.join("ssh").to_string_lossy().into_owned()], ..options() }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
async fn the_remote_line_runs_a_program_outside_the_path_with_its_arguments_whole() {
    // Does with the last argument what sshd does: gives it to a login shell.
    let script = Script::new("run", r#"for last; do :; done; HOME=$(dirname "$0")/home exec sh -c "$last""#);
    let program = script.dir.join("home/.local/bin/qmux-elsewhere");
    std::fs::write(&program, "#!/bin/sh\necho \"$#:$1:$2\"; exec cat\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = script.options();
    options.remote_program = "qmux-elsewhere".into();
    let args = ["keeper".to_string(), "a 'b' $c".into()];
    let mut link = open(&host("h"), &args, &options).unwrap();
    link.writer.write_all(b"echoed").await.unwrap();
    drop(link.writer);
    let mut got = String::new();
    link.reader.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "2:keeper:a 'b' $c\nechoed");
    assert!(matches!(link.end.why().await, TransportError::Ssh { problem: Problem::Closed, .. }));
}

#[tokio::test]
async fn a_host_without_qmux_and_an_unreachable_one_say_so() {
    let missing = Script::new("missing", r#"for last; do :; done; HOME=/nonexistent exec sh -c "$last""#);
    let mut options = missing.options();
    options.remote_program = "qmux-that-is-nowhere".into();
    let mut link = open(&host("h"), &[], &options).unwrap();
    assert_eq!(link.reader.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    assert_eq!(link.end.why().await.trouble(&[]).code, "no-qmux");

    let dead = Script::new("dead", "echo 'ssh: connect to host h port 22: No route to host' >&2; exit 255");
    let mut link = open(&host("h"), &[], &dead.options()).unwrap();
    assert_eq!(link.reader.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    assert_eq!(link.end.why().await.trouble(&[]).code, "no-route");
}

#[tokio::test]
async fn last_words_are_heard_though_a_background_program_holds_stderr() {
    let script =
        Script::new("held", "echo 'Host key verification failed.' >&2; sleep 20 >/dev/null & exit 255");
    let began = std::time::Instant::now();
    let mut link = open(&host("h"), &[], &script.options()).unwrap();
    assert_eq!(link.reader.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    let pid = link.end.pid();
    assert_eq!(link.end.why().await.trouble(&[]).code, "key-unknown");
    assert!(began.elapsed().as_secs() < 10);
    // The sleeper is in the script's own process group.
    if let Some(pid) = pid {
        let group = nix::unistd::Pid::from_raw(pid as i32);
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    }
}
