//! Panes that live on another host: further hops, broken links, lost servers, panes started there.
//! Needs root (for the test hosts).

mod support;

use qmux::ids::Size;
use std::time::Instant;
use support::lab::Lab;
use support::stage::Stage;
use support::term::text_of;
use support::{PATIENCE, wait_until};

const THREE: [&str; 3] = ["hostA", "hostB", "hostC"];

#[test]
fn pane_hops_on_to_a_third_host_and_home() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.run("kept=$$; vim trip");
    stage.wait("\"trip\" [New]");
    stage.term.type_keys("ia");
    let mut before_host = "hostA";
    for host in ["hostB", "hostC", "hostA", "hostC", "hostB", "hostA"] {
        let before = stage.picture_at_rest();
        stage.move_to(if host == "hostA" { "." } else { host });
        stage.wait_picture(&before);
        stage.pid_on(host, "vim");
        assert!(!stage.runs_on(before_host, "vim"), "{before_host} to {host}");
        if host != "hostA" {
            stage.wait_status(host);
        }
        stage.term.type_keys("b");
        stage.term.wait_for("the letter typed", Instant::now() + PATIENCE, |s| {
            s.cursor().x == 2 + before.cursor.map_or(0, |c| c.0) - 1
        });
        before_host = host;
    }
    stage.term.type_keys("\x1b:wq\r");
    stage.wait_prompt();
    stage.run("clear; cat trip; [ $kept = $$ ] && echo same shell");
    stage.wait("abbbbbb\nsame shell");
}

#[test]
fn remote_pane_behaves_as_before() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let mut stage = Stage::set(&lab, "ana");
    stage.move_to("hostB");
    stage.run("clear; cat /etc/hostname; echo marked");
    stage.wait("hostB\nmarked");
    assert!(stage.ok(&["capture-pane", "-p", "-t", "work"]).contains("hostB\nmarked"));
    stage.term.resize(Size { cols: 90, rows: 20 });
    stage.run("clear; stty size");
    stage.wait("19 90");
    stage.ok(&["send-keys", "-t", "work", "echo $((6*7)) from outside", "Enter"]);
    stage.wait("42 from outside");
    stage.run("seq 1 20000; echo fl''ood over");
    stage.wait("flood over");
    stage.run("exit 5");
    assert_eq!(stage.term.wait_exit(), 0);
    for host in ["hostA", "hostB"] {
        wait_until("no process of ana", || {
            (lab.host(host).exec("root", &["pgrep", "-u", "ana", "bash"]).code != 0).then_some(())
        });
    }
}

#[test]
fn pulled_cable_shows_reconnecting_and_heals() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.move_to("hostB");
    stage.run("clear; i=0; while sleep 0.2; do echo tick $((i++)); done");
    stage.wait("tick 2");
    lab.link("hostB", false);
    // Silence is noticed by keepalives, some seconds apart.
    let deadline = Instant::now() + 3 * PATIENCE;
    stage.term.wait_for("reconnecting on the screen", deadline, |s| text_of(s).contains("reconnecting"));
    let pid = stage.pid_on("hostB", "sleep");
    wait_until("the program to go on over there", || {
        (stage.pid_on("hostB", "sleep") > pid + 5).then_some(())
    });
    lab.link("hostB", true);
    stage.term.wait_no_text("reconnecting");
    stage.term.type_keys("\x03");
    stage.wait_prompt();
    stage.run("clear; echo healed on $(cat /etc/hostname)");
    stage.wait("healed on hostB");
    stage.move_to(".");
    stage.run("clear; cat /etc/hostname");
    stage.wait("hostA");
}

#[test]
fn killed_ssh_is_opened_again_and_loses_nothing() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.move_to("hostB");
    stage.run("clear; cat > typed");
    stage.pid_on("hostB", "cat");
    let mut expected = String::new();
    for n in 0..5 {
        let line = format!("line {n} before and after\r");
        let (first, second) = line.split_at(10);
        stage.term.type_keys(first);
        stage.home().exec("root", &["pkill", "-KILL", "-x", "ssh"]);
        stage.term.type_keys(second);
        expected += &line.replace('\r', "\n");
        let saved = stage.path("typed");
        wait_until("the line to arrive", || {
            (lab.host("hostB").sh("root", &format!("cat {saved}; echo x")) == format!("{expected}x"))
                .then_some(())
        });
    }
}

/// A keeper that the kernel kills for want of memory, say: the pane goes on, and may be moved as before.
#[test]
fn killed_keepers_lose_no_pane() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let mut stage = Stage::set(&lab, "ana");
    let kill_keeper = |host: &str| {
        assert_eq!(lab.host(host).exec("root", &["pkill", "-KILL", "-x", "qmux-keeper"]).code, 0, "{host}");
    };
    stage.run("kept=remembered");
    kill_keeper("hostA");
    stage.run("clear; echo $kept 1$((1))");
    stage.wait("remembered 11");
    // Its standby has become the keeper of the tree, and hands it over like any other.
    stage.move_to("hostB");
    stage.run("clear; echo $kept 2$((2))");
    stage.wait("remembered 22");
    let splice = || lab.host("hostB").exec("root", &["pgrep", "-f", "keeper --stdio"]).out;
    let before = splice();
    kill_keeper("hostB");
    // What is typed before the server has noticed goes to the dead one.
    wait_until("the server to reach another", || {
        let now = splice();
        (!now.is_empty() && now != before).then_some(())
    });
    stage.run("clear; echo $kept 3$((3)); sleep 1000 &");
    stage.wait("remembered 33");
    stage.move_to(".");
    stage.run("clear; jobs; echo $kept 4$((4)); kill %1; exit");
    stage.term.wait_exit();
}

/// Kills every ssh of hostA five times while `busy` is at work.
fn killing_ssh(stage: &Stage<'_>, busy: impl FnOnce()) {
    let home = stage.home();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..5 {
                // When the link breaks is what is varied here.
                std::thread::sleep(std::time::Duration::from_millis(170));
                home.exec("root", &["pkill", "-KILL", "-x", "ssh"]);
            }
        });
        busy();
    });
}

#[test]
fn keys_on_their_way_over_a_link_that_breaks_arrive_once() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.move_to("hostB");
    stage.run("clear; stty -echo; echo read''ing; cat > typed");
    stage.wait("reading");
    let mut expected = String::new();
    for n in 0..5 {
        for (place, signal) in [("before", "STOP"), ("in ssh", "KILL"), ("without", "CONT")] {
            // Said when the server has them; a stopped ssh takes them no further, and they go with it.
            stage.ok(&["send-keys", "-t", "work", "-l", &format!("{n} {place}\r")]);
            expected += &format!("{n} {place}\n");
            stage.home().exec("root", &["pkill", &format!("-{signal}"), "-x", "ssh"]);
        }
    }
    stage.run("the last");
    expected += "the last";
    let mut typed = String::new();
    wait_until("the last key", || {
        typed = lab.host("hostB").sh("root", &format!("cat {}", stage.path("typed")));
        typed.contains("the last").then_some(())
    });
    assert!(typed == expected, "keys were lost or came twice:\n{typed}");
}

#[test]
fn output_on_its_way_over_a_link_that_breaks_is_shown_once() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.move_to("hostB");
    let lines = "$|=1; for (1..1500) { print \"line $_.\\n\"; select(undef, undef, undef, 0.0007) }";
    stage.home().write("ana", &stage.path("lines.pl"), lines);
    stage.run("clear; perl lines.pl; echo all sa''id");
    stage.wait("line 1.");
    killing_ssh(&stage, || {});
    stage.wait("all said");
    let shown = stage.ok(&["capture-pane", "-p", "-S", "-", "-t", "work"]);
    let shown: Vec<&str> = shown.lines().filter(|l| l.starts_with("line ")).collect();
    let expected: Vec<String> = (1..=1500).map(|n| format!("line {n}.")).collect();
    let first_wrong = shown.iter().zip(&expected).position(|(a, b)| a != b);
    assert!(shown == expected, "{} lines; wrong from {first_wrong:?}", shown.len());
}

#[test]
fn pane_there_survives_the_server_here() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let mut stage = Stage::set(&lab, "ana");
    stage.run("kept=remembered; vim draft");
    stage.wait("\"draft\" [New]");
    stage.term.type_keys("iunsaved text");
    stage.wait("unsaved text");
    let before = stage.picture_at_rest();
    stage.move_to("hostB");
    let server = stage.ok(&["display-message", "-p", "#{pid}"]);
    stage.home().sh("ana", &format!("kill -9 {server}"));
    stage.term.wait_exit();
    assert!(stage.runs_on("hostB", "vim"), "the keeper on hostB keeps it");
    stage.term = lab.host("hostA").pty("ana", &["qmux", "attach", "-t", "work"]);
    stage.wait_picture(&before);
    stage.term.type_keys(" goes on\x1b:wq\r");
    stage.wait_prompt();
    stage.run("clear; cat draft; echo $kept on $(cat /etc/hostname)");
    stage.wait("unsaved text goes on\nremembered on hostB");
    stage.move_to(".");
    stage.run("clear; echo $kept on $(cat /etc/hostname)");
    stage.wait("remembered on hostA");
}

/// The client stays, the pane stays there, and what is typed meanwhile arrives once.
#[test]
fn pane_there_stays_when_the_server_here_is_restarted() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.run("kept=remembered; cat > draft");
    stage.move_to("hostB");
    let mut sent = String::new();
    for round in 0..3 {
        stage.term.type_keys(format!("before {round}\r"));
        stage.ok(&["restart-server"]);
        stage.term.type_keys(format!("after {round}\r"));
        sent.push_str(&format!("before {round}\nafter {round}\n"));
    }
    stage.wait("after 2");
    stage.term.type_keys("\x04");
    stage.wait_prompt();
    stage.run("clear; cat draft; echo $kept on $(cat /etc/hostname)");
    stage.wait(&format!("{sent}remembered on hostB"));
}

#[test]
fn several_panes_share_one_connection() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    for pane in ["work:0.1", "work:0.2"] {
        stage.ok(&["split-window", "-t", "work"]);
        wait_until("the new pane", || {
            (stage.qmux(&["display-message", "-p", "-t", pane, "x"]).code == 0).then_some(())
        });
    }
    for pane in ["work:0.0", "work:0.1", "work:0.2"] {
        stage.ok(&["move", "pane", "hostB", "-t", pane]);
        stage.ok(&["send-keys", "-t", pane, "clear; echo now on $(cat /etc/hostname)", "Enter"]);
        wait_until("the pane's answer", || {
            stage.ok(&["capture-pane", "-p", "-t", pane]).contains("now on hostB").then_some(())
        });
    }
    let connections = lab.host("hostB").sh("root", "ss -Htn state established '( sport = :22 )' | wc -l");
    assert_eq!(connections.trim(), "1");
}

#[test]
fn pane_started_on_another_host() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    stage.ok(&["new-window", "-t", "work", "--on", "hostC"]);
    stage.run("clear; cat /etc/hostname; tty; echo $TERM");
    stage.wait("hostC\n/dev/pts/");
    stage.wait("tmux-256color");
    stage.wait_status("hostC");
    stage.move_to("hostB");
    stage.run("clear; cat /etc/hostname");
    stage.wait("hostB");
}

/// What `qmux events` says of real moves: between hosts, one that fails, and a link that breaks.
#[test]
fn a_script_hears_of_moves_and_lost_hosts() {
    let Some(lab) = Lab::up_or_skip(&THREE) else { return };
    let stage = Stage::set(&lab, "ana");
    let names = "'pane-mov*' 'host-*' pane-started pane-exited client-detached";
    stage.home().sh("ana", &format!("qmux events {names} >> ~/events 2>&1 &"));
    let heard = |what: &str| {
        wait_until(what, || {
            let text = stage.home().sh("ana", "cut -c14- ~/events");
            text.lines().any(|line| line == what).then_some(text)
        })
    };
    // A pane that starts says that somebody listens.
    wait_until("the first event", || {
        stage.ok(&["new-window", "-d", "-t", "work", "true"]);
        stage.home().sh("ana", "cat ~/events").contains("pane-started").then_some(())
    });
    stage.home().sh("ana", ": > ~/events");
    stage.move_to("hostB");
    heard("pane-moved %0 work:0.0 hostA to hostB");
    stage.move_to("hostC");
    let text = heard("pane-moved %0 work:0.0 hostB to hostC");
    let moves: Vec<&str> = text.lines().filter(|line| line.starts_with("pane-mov")).collect();
    assert_eq!(
        moves,
        [
            "pane-moving %0 work:0.0 hostA to hostB",
            "pane-moved %0 work:0.0 hostA to hostB",
            "pane-moving %0 work:0.0 hostB to hostC",
            "pane-moved %0 work:0.0 hostB to hostC",
        ]
    );
    lab.link("hostC", false);
    let deadline = Instant::now() + 3 * PATIENCE;
    stage.term.wait_for("reconnecting on the screen", deadline, |s| text_of(s).contains("reconnecting"));
    heard("host-lost hostC");
    lab.link("hostC", true);
    stage.term.wait_no_text("reconnecting");
    heard("host-reached hostC");
    let waited = stage.home().exec(
        "ana",
        &[
            "sh",
            "-c",
            "qmux send-keys -t work 'sleep 1; exit 7' Enter; qmux wait -t %0 --exit --timeout 60; echo $?",
        ],
    );
    assert_eq!(waited.out.lines().last(), Some("7"), "{waited:?}");
}
