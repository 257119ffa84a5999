//! Programs that move between hosts and go on, as an ordinary user and as root, over a real sshd.
//! Needs root (for the test hosts).

mod support;

use qmux::ids::Size;
use std::time::Instant;
use support::lab::Lab;
use support::stage::Stage;
use support::{PATIENCE, rounds};

const TWO: [&str; 2] = ["hostA", "hostB"];

/// One test per program and user.
macro_rules! for_each_user {
    ($($program:ident),* $(,)?) => {
        mod ana { $( #[test] fn $program() { super::with_stage("ana", super::$program) } )* }
        mod root { $( #[test] fn $program() { super::with_stage("root", super::$program) } )* }
    };
}

fn with_stage(user: &'static str, body: fn(&Stage<'_>)) {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    body(&Stage::set(&lab, user));
}

for_each_user!(
    vim_keeps_unsaved_changes_undo_and_visual_mode,
    vim_loses_no_key_typed_during_moves,
    emacs_lives_on_from_the_first_key,
    emacs_loses_no_key_typed_during_moves,
    bash_keeps_its_jobs,
    python_keeps_its_variables,
    less_pages_on,
    htop_goes_on_and_quits,
    nano_saves_and_quits,
);

/// Numbered words: a lost, doubled or swapped byte shows.
fn numbered() -> impl FnMut() -> String {
    let mut n = 0;
    move || {
        n += 1;
        format!("{n:04} ")
    }
}

fn vim_keeps_unsaved_changes_undo_and_visual_mode(stage: &Stage<'_>) {
    let lines: String = (1..=60).map(|n| format!("line {n} of the chapter\n")).collect();
    stage.home().write(stage.user, &stage.path("chapter"), &lines);
    stage.run("vim chapter");
    stage.wait("line 20 of the chapter");
    stage.term.type_keys("ione \x1bitwo \x1bithree \x1b");
    stage.wait("onetwothree   line 1");
    stage.term.type_keys("jv2jl");
    stage.wait("-- VISUAL --");
    stage
        .term
        .wait_for("the cursor at the end of the selection", Instant::now() + PATIENCE, |s| s.cursor().y == 3);
    stage.round_trips(rounds(10), "vim");

    // Away from home: the first key counts, so do undo, resize and save.
    stage.move_to("hostB");
    stage.term.type_keys("d");
    stage.term.wait_no_text("-- VISUAL --");
    stage.term.wait_no_text("line 3 of");
    stage.term.resize(Size { cols: 100, rows: 30 });
    stage.wait("line 27 of the chapter");
    stage.term.type_keys("uuu");
    stage.wait("line 3 of the chapter");
    stage.wait("one line 1 of");
    stage.term.type_keys("\x12");
    stage.wait("onetwo  line 1 of");
    stage.term.type_keys(":wq\r");
    stage.wait_prompt();
    let saved = stage.home().sh(stage.user, "cat chapter 2>/dev/null || cat /shared/$USER/chapter");
    assert!(saved.starts_with("onetwo  line 1 of the chapter\nline 2 of"), "{saved}");
    assert_eq!(stage.home().sh(stage.user, "ls -A /shared/$USER"), "chapter", "vim took its swap file away");
}

fn vim_loses_no_key_typed_during_moves(stage: &Stage<'_>) {
    stage.run("vim log");
    stage.wait("\"log\" [New]");
    stage.term.type_keys("i");
    stage.wait("-- INSERT --");
    let mut next = numbered();
    let mut expected = String::new();
    for _ in 0..rounds(10) {
        for host in ["hostB", "."] {
            expected += &stage.move_while_typing(host, &mut next);
            stage.term.type_keys("\r");
            expected += "\n";
        }
    }
    stage.term.type_keys("\x1b:wq\r");
    stage.wait_prompt();
    assert_eq!(stage.home().sh(stage.user, "cat /shared/$USER/log"), expected.trim_end());
}

fn emacs_lives_on_from_the_first_key(stage: &Stage<'_>) {
    stage.home().write(stage.user, &stage.path("letter"), "Dear reader,\n");
    stage.run("emacs -nw -Q letter");
    stage.wait("Dear reader,");
    stage.wait_alone("emacs");
    stage.term.type_keys("My ");
    stage.wait("My Dear reader,");
    stage.round_trips(rounds(10), "emacs");
    stage.move_to("hostB");
    // The keystroke that killed it in 1999 (SIGIO with no handler).
    stage.term.type_keys("x");
    stage.wait("My xDear reader,");
    stage.term.resize(Size { cols: 100, rows: 30 });
    stage.term.wait_for("the mode line at the new bottom", Instant::now() + PATIENCE, |s| {
        s.line_text(s.history_len() + 27).contains("letter")
    });
    stage.term.type_keys("\x18\x13");
    stage.wait("Wrote /shared/");
    assert_eq!(stage.home().sh(stage.user, "cat /shared/$USER/letter"), "My xDear reader,");
    stage.move_to(".");
    stage.term.type_keys("y");
    stage.wait("My xyDear reader,");
    stage.term.type_keys("\x18\x13\x18\x03");
    stage.wait_prompt();
    assert_eq!(stage.home().sh(stage.user, "cat /shared/$USER/letter"), "My xyDear reader,");
}

fn emacs_loses_no_key_typed_during_moves(stage: &Stage<'_>) {
    stage.run("emacs -nw -Q log");
    stage.wait("(New file)");
    stage.wait_alone("emacs");
    let mut next = numbered();
    let mut expected = String::new();
    for _ in 0..rounds(10) {
        for host in ["hostB", "."] {
            expected += &stage.move_while_typing(host, &mut next);
            stage.term.type_keys("\r");
            expected += "\n";
        }
    }
    stage.term.type_keys("\x18\x13");
    stage.wait("Wrote /shared/");
    stage.term.type_keys("\x18\x03");
    stage.wait_prompt();
    // electric-indent-mode takes the blank before a line's end.
    let expected: String = expected.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(stage.home().sh(stage.user, "cat /shared/$USER/log"), expected.trim_end());
}

fn bash_keeps_its_jobs(stage: &Stage<'_>) {
    stage.run("sleep 1000 & kept=$!; me=$$; word=remembered");
    stage.wait("[1] ");
    stage.run("python3 -c 'import time; print(\"loop\" + \"ing\")\nwhile True: time.sleep(0.1)'");
    stage.wait("looping");
    stage.term.type_keys("\x1a");
    stage.wait("[2]+  Stopped");
    stage.run("vim draft");
    stage.wait("\"draft\" [New]");
    stage.term.type_keys("iunsaved");
    stage.wait("unsaved");
    stage.round_trips(rounds(10), "vim");
    stage.move_to("hostB");
    stage.term.type_keys(" words\x1b\x1a");
    stage.wait("[3]+  Stopped");
    stage.run("clear; jobs; [ $me = $$ ] && [ $kept = $! ] && echo $word all well");
    stage.wait("[1]   Running                 sleep 1000 &");
    stage.wait("[2]-  Stopped                 python3");
    stage.wait("[3]+  Stopped                 vim draft");
    stage.wait("remembered all well");
    stage.run("clear; fg 2");
    stage.term.wait_no_text("remembered");
    stage.wait("python3 -c");
    stage.term.type_keys("\x03");
    stage.wait("KeyboardInterrupt");
    stage.wait_prompt();
    stage.run("clear; kill %1; wait %1; echo ended $?");
    stage.wait("ended 143");
    stage.move_to(".");
    stage.run("fg");
    stage.wait("unsaved words");
    stage.term.type_keys(":wq\r");
    stage.wait_prompt();
    stage.run("clear; jobs; cat draft; echo $((6*7)) done");
    stage.wait("unsaved words\n");
    stage.wait("42 done");
    let text = stage.term.screen_text();
    assert!(!text.contains("Stopped") && !text.contains("signal"), "{text}");
}

fn python_keeps_its_variables(stage: &Stage<'_>) {
    stage.run("python3 -q");
    stage.wait(">>>");
    stage.run("import threading, time; x = list(range(1000)); started = time.monotonic()");
    stage.run("gone = threading.Event(); threading.Thread(target=gone.wait).start(); print('set', 'up')");
    stage.wait("set up");
    stage.term.wait_cursor_line("the prompt", |line| line.trim_end() == ">>>");
    stage.round_trips(rounds(10), "python3");
    stage.move_to("hostB");
    stage.run("sum(x), threading.active_count(), 0 < time.monotonic() - started < 600");
    stage.wait("(499500, 2, True)");
    // The name it has always seen, on the host whose files it now sees.
    stage.run("time.sleep(0.2); import os; os.uname().nodename, open('/etc/hostname').read()");
    stage.wait("('hostA', 'hostB\\n')");
    stage.run("gone.set(); exit(4)");
    stage.wait_prompt();
    stage.run("echo status $?");
    stage.wait("status 4");
}

fn less_pages_on(stage: &Stage<'_>) {
    stage.run("seq -f 'number %g' 1 5000 | less");
    stage.wait("number 22");
    stage.term.type_keys(" ");
    stage.wait("number 44");
    stage.round_trips(rounds(10), "less");
    stage.move_to("hostB");
    stage.term.type_keys("G");
    stage.wait("number 5000");
    stage.term.type_keys("/77\r1G");
    stage.wait("number 22");
    stage.term.type_keys("q");
    stage.wait_prompt();
    stage.move_to(".");
    stage.run("echo $((6*7))");
    stage.wait("42");
}

fn htop_goes_on_and_quits(stage: &Stage<'_>) {
    stage.run("htop -d 2");
    stage.wait("Load average");
    let modes = stage.stty("hostA", "htop");
    for _ in 0..rounds(10) {
        for (to, place) in [("hostB", "hostB"), (".", "hostA")] {
            stage.move_to(to);
            assert_eq!(stage.stty(place, "htop"), modes);
            let drawn = stage.term.bytes_read();
            support::wait_until("htop to draw again", || (stage.term.bytes_read() > drawn).then_some(()));
            stage.term.type_keys("\x1bOP");
            stage.wait("Released under the GNU");
            stage.term.type_keys(" ");
            stage.wait("Load average");
        }
    }
    stage.move_to("hostB");
    stage.term.type_keys("q");
    stage.wait_prompt();
}

fn nano_saves_and_quits(stage: &Stage<'_>) {
    stage.run("nano -U note");
    stage.wait("GNU nano");
    stage.term.type_keys("begun here");
    stage.wait("begun here");
    stage.round_trips(rounds(10), "nano");
    stage.move_to("hostB");
    stage.term.type_keys(", done there\x0f\r");
    stage.wait("Wrote 1 line");
    stage.term.type_keys("\x18");
    stage.wait_prompt();
    assert_eq!(stage.home().sh(stage.user, "cat /shared/$USER/note"), "begun here, done there");
}

/// Takes user namespaces from those who log in on a host as ana, the way the kernel takes them from everybody
/// in a changed root directory (user_namespaces(7)): the sysctl for it would be the whole machine's.
fn forbid_user_namespaces(lab: &Lab, name: &str) {
    let host = lab.host(name);
    host.sh("root", "mkdir -m 755 /jail && mount --rbind / /jail");
    host.sh("root", "printf 'Match User ana\\n ChrootDirectory /jail\\n' >> /etc/ssh/sshd_config");
    host.sh("root", "kill -HUP $(cat /run/sshd.pid)");
    // Asked by way of the sshd as it is from now on, which takes a moment.
    let ask = ["ssh", name, "unshare -U true || echo forbidden"];
    support::wait_until("logins without user namespaces", || {
        host.exec("ana", &ask).out.contains("forbidden").then_some(())
    });
}

#[test]
fn vim_moves_by_file_capability_where_user_namespaces_are_forbidden() {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    let there = lab.host("hostB");
    for host in TWO {
        forbid_user_namespaces(&lab, host);
    }
    // Its process numbers are to be free on hostB, whose own are all small.
    lab.host("hostA").sh("root", "echo 20000 > /proc/sys/kernel/ns_last_pid");
    let stage = Stage::set(&lab, "ana");
    stage.run("vim essay");
    stage.wait("\"essay\" [New]");
    stage.term.type_keys("ibegun here");
    stage.wait("begun here");

    // Another pane: the keeper that said no stays for a while, with the rights it was started with.
    stage.ok(&["new-session", "-d", "-s", "early"]);
    let refused = stage.qmux(&["move", "pane", "hostB", "-t", "early"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("setcap cap_checkpoint_restore+ep"), "{refused:?}");

    for host in TWO {
        lab.host(host).sh("root", "setcap cap_checkpoint_restore+ep /usr/local/bin/qmux");
    }
    let said = stage.ok(&["move", "pane", "hostB", "-t", "work", "--dry-run"]);
    assert!(said.contains("it takes qmux's file capability") && !said.contains("sudo"), "{said}");
    stage.move_to("hostB");
    let pid = stage.pid_on("hostB", "vim");
    there.sh("root", &format!("[ $(readlink /proc/{pid}/ns/user) = $(readlink /proc/1/ns/user) ]"));
    // What helped to build it is not left in it, and nothing keeps it from gaining rights as any program may.
    there.sh("root", &format!("grep -qx 'CapPrm:\t0*' /proc/{pid}/status"));
    there.sh("root", &format!("grep -qx 'NoNewPrivs:\t0' /proc/{pid}/status"));
    stage.term.type_keys(", done there");
    stage.wait("begun here, done there");
    stage.move_to(".");

    // A number that somebody else has by now: nothing moves, and it is said why.
    there.sh("root", &format!("echo {} > /proc/sys/kernel/ns_last_pid; sleep 1000 >&- 2>&- &", pid - 1));
    let taken = stage.qmux(&["move", "pane", "hostB", "-t", "work"]);
    assert_ne!(taken.code, 0, "{taken:?}");
    assert!(taken.err.contains(&format!("process number {pid} is in use")), "{taken:?}");
    stage.term.type_keys(", saved at home\x1b:wq\r");
    stage.wait_prompt();
    let saved = stage.home().sh("ana", "cat /shared/ana/essay");
    assert_eq!(saved, "begun here, done there, saved at home");
}
