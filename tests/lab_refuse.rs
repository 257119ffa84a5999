//! What qmux says when a pane cannot move: class, words, and that the pane goes on where it was.
//! Needs root (for the test hosts).

mod support;

use support::lab::{Ended, Lab};
use support::stage::Stage;

const THREE: [&str; 3] = ["hostA", "hostB", "hostC"];

fn stage(lab: &Lab) -> Stage<'_> {
    Stage::set(lab, "ana")
}

/// The pane answers a keystroke on hostA.
#[track_caller]
fn answers_at_home(stage: &Stage<'_>) {
    stage.run("clear; echo alive on $HOSTNAME; uname -n");
    stage.wait("alive on hostA\nhostA");
}

/// `qmux ARGS` is refused with this class and all these words; the pane is untouched.
#[track_caller]
fn refused(stage: &Stage<'_>, args: &[&str], class: i32, words: &[&str]) -> Ended {
    let ended = stage.qmux(args);
    assert_eq!(ended.code, class, "{args:?}: {ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "{args:?}: no {word:?} in {ended:?}");
    }
    ended
}

#[test]
fn names_that_are_no_hosts() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    refused(&stage, &["move", "pane"], 2, &["Move where?", "qmux move pane HOST", "hostB", "hostC"]);
    let words = ["No host \"hsotB\"", "Did you mean hostB?", "Nothing was moved"];
    refused(&stage, &["move", "pane", "hsotB", "-t", "work"], 2, &words);
    refused(&stage, &["move", "pane", "hostB", "-t", "%99"], 2, &["No pane %99", "Panes: %0"]);
    // A host's name is an argument to ssh: it must never be taken for an option.
    let ended = stage.qmux(&["move", "pane", "-t", "work", "--", "-oProxyCommand=touch /tmp/owned"]);
    assert_ne!(ended.code, 0, "{ended:?}");
    assert_ne!(lab.host("hostA").exec("ana", &["test", "-e", "/tmp/owned"]).code, 0);
    answers_at_home(&stage);
}

#[test]
fn already_there_is_no_error() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    let said = stage.ok(&["move", "pane", ".", "-t", "work"]);
    assert!(said.contains("is already on hostA"), "{said}");
    stage.move_to("hostB");
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work"]);
    assert!(said.contains("is already on hostB"), "{said}");
}

#[test]
fn host_that_does_not_answer() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    lab.link("hostB", false);
    let started = std::time::Instant::now();
    refused(
        &stage,
        &["move", "pane", "hostB", "-t", "work"],
        4,
        &["hostB did not answer", "%0 still runs here"],
    );
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    answers_at_home(&stage);
    lab.link("hostB", true);
    stage.move_to("hostB");
}

#[test]
fn host_whose_key_is_unknown() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    stage.home().sh("ana", "ssh-keygen -q -R hostB; ssh-keygen -q -R 10.77.0.12");
    let words = ["ssh refuses hostB's key", "never accepts keys for you", "ssh hostB"];
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 4, &words);
    assert_ne!(stage.home().exec("ana", &["ssh-keygen", "-F", "hostB"]).code, 0, "no key was accepted");
    answers_at_home(&stage);
}

#[test]
fn host_that_wants_a_password() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    lab.host("hostB").sh("ana", "rm ~/.ssh/authorized_keys");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 4, &["qmux connect hostB"]);
    answers_at_home(&stage);
}

#[test]
fn host_without_qmux() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    lab.host("hostB").sh("root", "rm /usr/local/bin/qmux");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 4, &["hostB has no qmux", "qmux setup hostB"]);
    answers_at_home(&stage);
}

#[test]
fn file_missing_there() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    // Open for writing, and only on this host.
    stage.run("exec 9>>~/journal; echo begun >&9; clear; echo opened");
    stage.wait("opened");
    let words = ["hostB has no /home/ana/journal (6 bytes)", "`--with-files` copies it"];
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &words);
    refused(&stage, &["move", "pane", "hostB", "-t", "work", "--dry-run"], 3, &words);
    answers_at_home(&stage);
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work", "--with-files", "--dry-run"]);
    assert!(said.contains("/home/ana/journal (6 bytes) is copied to hostB"), "{said}");
    let journal = ["test", "-e", "/home/ana/journal"];
    assert_ne!(lab.host("hostB").exec("ana", &journal).code, 0, "a dry run copies nothing");
    stage.ok(&["move", "pane", "hostB", "-t", "work", "--with-files"]);
    stage.run("echo there >&9; clear; cat ~/journal");
    stage.wait("begun\nthere");
    assert_eq!(lab.host("hostB").sh("ana", "cat ~/journal"), "begun\nthere");
    assert_eq!(stage.home().sh("ana", "cat ~/journal"), "begun", "what is at home is left alone");
    // And back: what it left at home is older, and replaced when that is allowed and nobody has touched it.
    let words =
        ["hostA has /home/ana/journal (12 bytes) as it was before it was changed on hostB", "`--with-files`"];
    refused(&stage, &["move", "pane", ".", "-t", "work"], 3, &words);
    stage.ok(&["move", "pane", ".", "-t", "work", "--with-files"]);
    stage.run("echo home >&9; clear; cat ~/journal");
    stage.wait("begun\nthere\nhome");
    lab.host("hostB").sh("ana", "echo touched >> ~/journal");
    let words = ["hostB has /home/ana/journal (17 bytes), and not the same", "It is not overwritten"];
    refused(&stage, &["move", "pane", "hostB", "-t", "work", "--with-files"], 3, &words);
    answers_at_home(&stage);
}

#[test]
fn lock_that_both_hosts_see() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    stage.run("exec 9>>/shared/ana/lock; flock 9; clear; echo loc''ked");
    stage.wait("locked");
    let words =
        ["A lock on /shared/ana/lock is held, which hostB sees as well as hostA", "Let go of it first"];
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &words);
    refused(&stage, &["move", "pane", "hostB", "-t", "work", "--dry-run"], 3, &words);
    assert_ne!(stage.home().exec("ana", &["flock", "-n", "/shared/ana/lock", "true"]).code, 0, "it is held");
    answers_at_home(&stage);
    stage.run("flock -u 9; clear; echo fr''ee");
    stage.wait("free");
    stage.ok(&["move", "pane", "hostB", "-t", "work"]);
}

#[test]
fn file_that_differs_there_is_never_overwritten() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    lab.host("hostB").sh("ana", "echo other > ~/journal");
    stage.run("exec 9>>~/journal; echo begun >&9; clear; echo opened");
    stage.wait("opened");
    let words = ["hostB has /home/ana/journal (6 bytes), and not the same", "It is not overwritten"];
    for more in [&[][..], &["--dry-run"], &["--with-files"]] {
        let args = [&["move", "pane", "hostB", "-t", "work"], more].concat();
        refused(&stage, &args, 3, &words);
    }
    assert_eq!(lab.host("hostB").sh("ana", "cat ~/journal"), "other");
    answers_at_home(&stage);
}

#[test]
fn directory_missing_there() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    stage.run("mkdir ~/only-here; cd ~/only-here; clear; pwd");
    stage.wait("/home/ana/only-here");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &["/home/ana/only-here"]);
    answers_at_home(&stage);
}

#[test]
fn debugger_has_a_grip() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    stage.run("strace -f -o /dev/null sleep 1000");
    stage.pid_on("hostA", "sleep");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &["sleep", "strace"]);
    stage.term.type_keys("\x03");
    answers_at_home(&stage);
}

#[test]
fn process_of_another_user() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    // What sudo is: a program that ana starts and that runs as root.
    stage.home().sh("root", "cp /bin/sleep /usr/local/bin/as-root; chmod 4755 /usr/local/bin/as-root");
    stage.run("as-root 1000");
    stage.pid_on("hostA", "as-root");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &["as-root (pid", "root", "Finish it"]);
    stage.term.type_keys("\x03");
    answers_at_home(&stage);
}

#[test]
fn connection_to_the_outside() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    stage.run("exec 8<>/dev/tcp/hostC/22; read -u 8 banner; clear; echo got ${banner:0:3}");
    stage.wait("got SSH");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &["10.77.0.13:22", "--cut"]);
    answers_at_home(&stage);
}

#[test]
fn connection_to_the_outside_is_cut_when_the_user_says_so() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    let script = "import socket,sys\n\
                  s = socket.create_connection(('hostC', 22)); s.recv(4)\n\
                  print('connec'+'ted', flush=True)\n\
                  while True:\n\
                  \x20   try:\n\
                  \x20       if not s.recv(100): break\n\
                  \x20   except ConnectionResetError as e: print('it was', 'reset', flush=True); break\n\
                  print('still here', input(), flush=True)\n";
    stage.home().sh("ana", &format!("cat > ~/client.py <<'END'\n{script}END"));
    lab.host("hostB").sh("ana", "touch ~/client.py");
    stage.run("clear; python3 ~/client.py");
    stage.wait("connected");
    refused(&stage, &["move", "pane", "hostB", "-t", "work"], 3, &["10.77.0.13:22", "--cut"]);
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work", "--cut", "--dry-run"]);
    assert!(said.contains("can move to hostB") && said.contains("loses its connection"), "{said}");
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work", "--cut"]);
    assert!(said.contains("is now on hostB") && said.contains("10.77.0.13:22"), "{said}");
    stage.wait("it was reset");
    assert!(stage.runs_on("hostB", "python3") && !stage.runs_on("hostA", "python3"));
    stage.run("and it goes on");
    stage.wait("still here and it goes on");
}

#[test]
fn dry_run_and_json_touch_nothing() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = stage(&lab);
    stage.run("vim -n quiet");
    stage.wait("\"quiet\" [New]");
    // The window has taken the program's name: nothing is left to be drawn.
    stage.wait("0 vim");
    let drawn = stage.term.bytes_read();
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work", "--dry-run"]);
    assert!(said.contains("can move to hostB") && said.contains("2 processes"), "{said}");
    assert_eq!(stage.term.bytes_read(), drawn, "a dry run is invisible");
    assert!(stage.runs_on("hostA", "vim") && !stage.runs_on("hostB", "vim"));

    let ended = stage.qmux(&["move", "pane", "hsotB", "-t", "work", "--json"]);
    assert_eq!(ended.code, 2);
    let text = if ended.out.trim().is_empty() { &ended.err } else { &ended.out };
    let report: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    for field in ["code", "cause", "cure"] {
        assert!(report[field].is_string(), "{field} in {report}");
    }
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
    assert!(report["pause_ms"].is_number(), "{report}");
    assert!(stage.runs_on("hostB", "vim"));
}
