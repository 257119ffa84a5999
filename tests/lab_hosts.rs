//! The test hosts themselves: what the tests of moving rely on. Needs root.

mod support;

use support::lab::{Ended, Lab};

#[test]
fn ordinary_user_reaches_every_host_by_name() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB", "hostC"]) else { return };
    for from in ["hostA", "hostB", "hostC"] {
        for to in ["hostA", "hostB", "hostC"] {
            for user in ["ana", "root"] {
                let said = lab.host(from).sh(user, &format!("ssh -o BatchMode=yes {to} 'hostname; id -un'"));
                assert_eq!(said, format!("{to}\n{user}"));
            }
        }
    }
}

#[test]
fn hosts_are_apart() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB"]) else { return };
    let (a, b) = (lab.host("hostA"), lab.host("hostB"));
    for dir in ["/home/ana", "/tmp", "/run/lock", "/etc"] {
        a.sh("root", &format!("echo mine > {dir}/only-on-a"));
        assert_ne!(b.exec("root", &["test", "-e", &format!("{dir}/only-on-a")]).code, 0, "{dir}");
    }
    assert!(!std::path::Path::new("/etc/only-on-a").exists(), "the real machine is not touched");
    a.sh("ana", "echo ours > /shared/ana/everywhere");
    assert_eq!(b.sh("ana", "cat /shared/ana/everywhere"), "ours");
    // Process numbers of another host mean nothing here.
    assert!(!b.sh("root", "ps ax").contains("hostA"));
    assert_ne!(a.sh("root", "readlink /proc/self/ns/pid"), b.sh("root", "readlink /proc/self/ns/pid"));
}

#[test]
fn ordinary_user_can_make_the_namespaces_of_a_restore() {
    let Some(lab) = Lab::up_or_skip(&["hostA"]) else { return };
    let line = "unshare -Urpmf --mount-proc sh -c \
        'mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && ls /dev/pts/ptmx && echo $$'";
    assert_eq!(lab.host("hostA").sh("ana", line), "/dev/pts/ptmx\n1");
}

#[test]
fn unreachable_hosts_fail_as_in_life() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB"]) else { return };
    let ssh =
        |host| lab.host("hostA").exec("ana", &["ssh", "-oBatchMode=yes", "-oConnectTimeout=2", host, "true"]);
    assert!(ssh("hsotB").err.contains("Could not resolve"));
    assert_eq!(ssh("hostB").code, 0);
    lab.link("hostB", false);
    assert_eq!(ssh("hostB").code, 255);
    lab.link("hostB", true);
    assert_eq!(ssh("hostB").code, 0);
    lab.host("hostA").sh("ana", "ssh-keygen -q -R hostB; ssh-keygen -q -R 10.77.0.12");
    assert!(ssh("hostB").err.contains("Host key verification failed"));
}

#[test]
fn a_person_at_a_terminal() {
    let Some(lab) = Lab::up_or_skip(&["hostA"]) else { return };
    let host = lab.host("hostA");
    host.write("ana", "/home/ana/text", "first line\n");
    let mut term = host.pty("ana", &[]);
    term.wait_text("ana@hostA:~$");
    term.type_keys("stty size; tty\r");
    term.wait_text("24 80");
    term.wait_text("/dev/pts/0");
    term.type_keys("emacs -nw -Q text\r");
    term.wait_text("first line");
    term.type_keys("new ");
    term.wait_text("new first line");
    term.resize(qmux::ids::Size { cols: 100, rows: 30 });
    term.wait_for(
        "the mode line moves to the new bottom",
        std::time::Instant::now() + support::PATIENCE,
        |s| s.line_text(s.history_len() + 28).contains("-UU-"),
    );
    term.type_keys("\x18\x13");
    term.wait_text("Wrote /home/ana/text");
    term.type_keys("\x18\x03");
    term.wait_cursor_line("the prompt", |line| line.ends_with("$"));
    assert_eq!(host.sh("ana", "cat text"), "new first line");
    term.type_keys("exit 7\r");
    assert_eq!(term.wait_exit(), 7);
}

/// `qmux doctor ARGS` as ana on hostA.
fn doctor(lab: &Lab, args: &[&str]) -> Ended {
    let argv: Vec<&str> = ["qmux", "doctor"].into_iter().chain(args.iter().copied()).collect();
    lab.host("hostA").exec("ana", &argv)
}

/// The findings about hostB, by subject: level, what was found, the cure.
fn findings(lab: &Lab) -> std::collections::BTreeMap<String, (String, String, String)> {
    let said = doctor(lab, &["--json", "hostB"]);
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    let all = all.as_array().expect("a list");
    let text = |f: &serde_json::Value, field: &str| f[field].as_str().expect(field).to_owned();
    let missing = all.iter().any(|f| f["level"] == "missing");
    assert_eq!(said.code, i32::from(missing), "{said:?}");
    for f in all.iter().filter(|f| f["level"] != "good") {
        assert!(!text(f, "cost").is_empty() && !text(f, "mend").is_empty(), "{f}");
    }
    all.iter().map(|f| (text(f, "subject"), (text(f, "level"), text(f, "found"), text(f, "mend")))).collect()
}

#[test]
fn the_doctor_visits_another_host() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB"]) else { return };
    let (a, b) = (lab.host("hostA"), lab.host("hostB"));

    // ssh would have to ask: nobody is asked, nothing is accepted. First, while no connection is kept open.
    b.sh("ana", "mv ~/.ssh/authorized_keys ~/.ssh/kept");
    let all = findings(&lab);
    assert_eq!(all["ssh"].0, "missing");
    assert!(all["ssh"].2.contains("qmux connect hostB"), "{all:?}");
    b.sh("ana", "mv ~/.ssh/kept ~/.ssh/authorized_keys");
    a.sh("ana", "cp ~/.ssh/known_hosts kept; ssh-keygen -q -R hostB; ssh-keygen -q -R 10.77.0.12");
    let all = findings(&lab);
    assert!(all["ssh"].1.contains("ssh refuses hostB's key"), "{all:?}");
    assert_ne!(a.exec("ana", &["ssh-keygen", "-F", "hostB"]).code, 0, "no key was accepted");
    a.sh("ana", "mv kept ~/.ssh/known_hosts");

    let all = findings(&lab);
    for subject in ["ssh", "qmux", "user", "kernel", "panes leave", "panes arrive", "machine", "files"] {
        assert_eq!(all[subject].0, "good", "{subject}: {all:?}");
    }
    assert!(all["panes arrive"].1.contains("user namespace"), "{all:?}");
    assert_eq!(all["home"].0, "less", "hosts have homes of their own: {all:?}");

    // Another library: told by name.
    b.sh("root", "cp -L /bin/bash /bin/bash.new && printf x >> /bin/bash.new && mv /bin/bash.new $(readlink -f /bin/bash)");
    let all = findings(&lab);
    assert_eq!(all["files"].0, "less");
    assert!(all["files"].1.contains("bash"), "{all:?}");

    // A qmux that does not know the question, and none at all.
    let old =
        "case \"$*\" in 'keeper --hello') echo '{\"qmux\":\"0.0.1\"}';; *) echo usage >&2; exit 2;; esac";
    b.sh("root", "mv /usr/local/bin/qmux /root/qmux");
    b.write("root", "/usr/local/bin/qmux", &format!("#!/bin/sh\n{old}\n"));
    b.sh("root", "chmod 755 /usr/local/bin/qmux");
    let all = findings(&lab);
    assert_eq!(all["qmux"].0, "less");
    assert!(all["qmux"].1.contains("0.0.1") && all["qmux"].2.contains("qmux setup hostB"), "{all:?}");
    b.sh("root", "rm /usr/local/bin/qmux");
    let all = findings(&lab);
    assert_eq!(all["qmux"].0, "missing");
    assert!(all["qmux"].2.contains("qmux setup hostB"), "{all:?}");
    b.sh("root", "mv /root/qmux /usr/local/bin/qmux");

    let said = doctor(&lab, &["hsotB"]);
    assert_eq!(said.code, 1);
    assert!(said.out.starts_with("MISSING ssh: No host \"hsotB\""), "{said:?}");
    assert_eq!(doctor(&lab, &["--", "-oProxyCommand=touch /tmp/owned"]).code, 2);
}
