//! The test hosts themselves: what the tests of moving rely on. Needs root.

mod support;

use support::lab::Lab;

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
