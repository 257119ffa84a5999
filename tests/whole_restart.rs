//! `restart-server`: the server becomes another process image under its clients and panes, and nobody notices.

mod support;

use support::session::{PROMPT, Qmux};
use support::wait_until;

/// What the server's process runs since when: it changes with exec(2), the process number does not.
fn image(pid: i32) -> String {
    std::fs::read_link(format!("/proc/{pid}/exe")).expect("it runs").to_string_lossy().into_owned()
}

/// Whether the server's command line says that it has taken over.
fn taken_over(pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).expect("it runs");
    line.windows(12).any(|w| w == b"--takes-over")
}

/// Two clients, four panes, a program that prints and a user who types all the time: nothing is lost or doubled.
#[test]
fn nobody_notices_a_restart() {
    let qmux = Qmux::new();
    let typed = qmux.home().join("typed");
    let typist = qmux.attached();
    qmux.ok(&["set", "-g", "history-limit", "100000"]);
    qmux.ok(&["new-session", "-d", "-s", "other", "-x", "80", "-y", "24"]);
    let watcher = qmux.term(&["attach", "-t", "other"]);
    watcher.wait_text(PROMPT);
    // The flood, and two panes beside it; all new ones, for the limit.
    qmux.ok(&[
        "split-window",
        "-t",
        "other",
        "n=0; while [ ! -e stop ]; do n=$((n+1)); echo line $n; done; echo last $n; cat",
    ]);
    qmux.ok(&["split-window", "-h", "-t", "other"]);
    typist.type_keys(format!("cat > {}\r", typed.display()));
    wait_until("cat to run", || typed.exists().then_some(()));
    let (panes, layout) = ("#{pane_id} #{pane_pid} #{pane_width}x#{pane_height}", "#{window_layout}");
    let listed = wait_until("all panes to run", || {
        let listed = qmux.ok(&["list-panes", "-a", "-F", panes]);
        (!listed.contains(" 0 ")).then_some(listed)
    });
    assert_eq!(listed.lines().count(), 4);
    let windows = qmux.ok(&["list-windows", "-a", "-F", layout]);
    let clients = qmux.ok(&["list-clients", "-F", "#{client_tty} #{client_session} #{client_pid}"]);
    let pid = qmux.server_pid();

    let mut sent = String::new();
    let mut number = 0;
    let mut types = |count: usize| {
        for _ in 0..count {
            number += 1;
            let line = format!("typed {number}\r");
            typist.type_keys(&line);
            sent.push_str(&line.replace('\r', "\n"));
        }
    };
    for _ in 0..5 {
        types(20);
        let restarting = std::thread::scope(|scope| {
            let restart = scope.spawn(|| qmux.run(&["restart-server"]));
            while !restart.is_finished() {
                types(1);
            }
            restart.join().expect("no panic")
        });
        assert_eq!(restarting.code, 0, "{}", restarting.err);
        types(20);
    }
    assert_eq!(qmux.server_pid(), pid);
    assert!(taken_over(pid));
    typist.type_keys("\x04");
    typist.wait_text(PROMPT);
    wait_until("all lines to arrive", || {
        (std::fs::read_to_string(&typed).unwrap_or_default().len() >= sent.len()).then_some(())
    });
    assert_eq!(std::fs::read_to_string(&typed).expect("it is there"), sent);

    assert_eq!(qmux.ok(&["list-panes", "-a", "-F", panes]), listed);
    assert_eq!(qmux.ok(&["list-windows", "-a", "-F", layout]), windows);
    assert_eq!(qmux.ok(&["list-clients", "-F", "#{client_tty} #{client_session} #{client_pid}"]), clients);
    std::fs::write(qmux.home().join("stop"), "").expect("written");
    qmux.wait_pane("other:0.1", "last ");
    let flood = qmux.ok(&["capture-pane", "-p", "-S", "-", "-t", "other:0.1"]);
    let mut next: Option<u64> = None;
    for line in flood.lines().filter_map(|l| l.strip_prefix("line ")) {
        let n: u64 = line.trim().parse().expect("a number");
        assert!(next.is_none_or(|next| next == n), "after {next:?} comes {n}");
        next = Some(n + 1);
    }
    assert!(next.is_some_and(|n| n > 1000), "{next:?}");
    watcher.type_keys("echo still $((40+2))\r");
    watcher.wait_text("still 42");
}

/// What is not in the saved structure comes along too.
#[test]
fn keys_buffers_and_settings_come_along() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    for line in [
        "bind-key -r -N 'a note' -T mine F5 { display-message \"one ; two\" ; if -F 1 { set -g @x y } }",
        "unbind-key -T prefix %",
        "set-buffer -b kept 'some text'",
        "set-option -g @user value",
        "set-option -p @pane mine",
        "set-hook -g after-new-window 'set -g @hooked yes'",
        "set-environment -g KEPT here",
        "set-environment -gh HIDDEN there",
        "set-environment -gr EDITOR",
        "select-pane -m",
        "select-pane -T titled",
        "wait-for -S woken",
    ] {
        let file = qmux.home().join("line.conf");
        std::fs::write(&file, line).expect("written");
        qmux.ok(&["source-file", file.to_str().expect("text")]);
    }
    let all = |qmux: &Qmux| {
        [
            &["list-keys"][..],
            &["list-buffers"],
            &["show-options", "-g"],
            &["show-options", "-p", "-t", "%0"],
            &["show-hooks", "-g"],
            &["show-environment", "-g"],
            &["show-environment", "-gh"],
            &[
                "display-message",
                "-p",
                "-t",
                "%0",
                "#{pane_marked} #{pane_title} #{session_created} #{start_time} #{pid}",
            ],
        ]
        .map(|words| qmux.ok(words))
    };
    let before = all(&qmux);
    qmux.ok(&["restart-server"]);
    assert!(taken_over(qmux.server_pid()));
    assert_eq!(all(&qmux), before);
    qmux.ok(&["wait-for", "woken"]);
    // A prefix pressed before counts after.
    term.prefix("");
    wait_until("the prefix to be seen", || {
        (qmux.ok(&["list-clients", "-F", "#{client_prefix}"]) == "1").then_some(())
    });
    qmux.ok(&["restart-server"]);
    term.type_keys("c");
    wait_until("a second window", || (qmux.ok(&["list-windows"]).lines().count() == 2).then_some(()));
    assert_eq!(qmux.ok(&["show-options", "-gv", "@hooked"]), "yes");
}

/// A program that cannot take over is found out before the server lets anything go.
#[test]
fn a_bad_binary_changes_nothing() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    let pid = qmux.server_pid();
    let text = qmux.home().join("text");
    std::fs::write(&text, "no program").expect("written");
    for binary in ["/bin/true", "/bin/cat", "/nowhere/qmux", text.to_str().expect("text")] {
        let said = qmux.run(&["restart-server", "-b", binary]);
        assert_eq!(said.code, 1, "{binary}");
        assert!(said.err.contains("goes on as it was") && said.err.contains(binary), "{}", said.err);
        assert!(said.err.contains("Nothing was changed"), "{}", said.err);
    }
    assert_eq!(qmux.server_pid(), pid);
    assert!(!taken_over(pid));
    term.type_keys("echo alive $((40+2))\r");
    term.wait_text("alive 42");
}

/// A copy of the program under another name takes over, and a client that waits for something is told.
#[test]
fn another_file_takes_over() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    let pid = qmux.server_pid();
    let copy = qmux.home().join("newer");
    std::fs::copy(support::qmux(), &copy).expect("copied");
    let began = qmux.home().join("began");
    let job = format!("touch {}; sleep 5", began.display());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| qmux.run(&["run-shell", &job]));
        wait_until("a job to run", || began.exists().then_some(()));
        // A relative name is the asker's.
        qmux.ok(&["restart-server", "-b", "newer"]);
        let said = waiting.join().expect("no panic");
        assert_eq!(said.code, 1);
        assert!(said.err.contains("the server was restarted before this command was done"), "{}", said.err);
    });
    assert_eq!(image(pid), copy.to_string_lossy());
    term.type_keys("echo there $((40+2))\r");
    term.wait_text("there 42");
}
