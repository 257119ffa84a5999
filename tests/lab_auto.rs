//! Which host is chosen, and what `qmux hosts` shows. Needs root (for the test hosts).

mod support;

use std::time::{Duration, Instant};
use support::lab::Lab;
use support::stage::Stage;

/// Makes a host say that it is busy. All test hosts share one kernel, so its files are replaced.
fn load(lab: &Lab, host: &str, load_average: &str, some_pressure: &str) {
    let line = format!(
        "printf '{load_average} {load_average} {load_average} 9/99 999\\n' > /run/loadavg
         printf 'some avg10={some_pressure} avg60={some_pressure} avg300=0.00 total=1\\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\\n' > /run/pressure
         mount --bind /run/loadavg /proc/loadavg
         [ ! -e /proc/pressure/cpu ] || mount --bind /run/pressure /proc/pressure/cpu"
    );
    lab.host(host).sh("root", &line);
}

fn lab_with_loads(lab: &Lab) {
    load(lab, "hostA", "1.90", "20.00");
    load(lab, "hostB", "7.50", "90.00");
    load(lab, "hostC", "0.05", "0.00");
    let host = lab.host("hostA");
    host.sh("ana", "mkdir -p ~/.config/qmux");
    host.write("ana", "/home/ana/.config/qmux/hosts.toml", "hosts = [\"hostB\", \"hostC\", \"ghost\"]\n");
}

/// The table of hosts once both living ones have answered.
fn answered(stage: &Stage<'_>) -> String {
    support::wait_until("hostB and hostC to answer", || {
        let table = stage.ok(&["hosts"]);
        let up = |host: &str| table.lines().any(|line| line.starts_with(host) && line.contains(" up "));
        (up("hostB") && up("hostC")).then_some(table)
    })
}

#[test]
fn auto_takes_the_idle_host_and_says_why_at_once() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB", "hostC"]) else { return };
    lab_with_loads(&lab);
    let stage = Stage::set(&lab, "ana");
    // The first question opens the connections; the promise is for open ones.
    answered(&stage);
    let started = Instant::now();
    let ended = stage.qmux(&["new-window", "-t", "work", "--on", "auto"]);
    let took = started.elapsed();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(took < Duration::from_millis(600), "{took:?}");
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains("hostC") && said.contains("load"), "{said}");
    stage.run("clear; uname -n");
    stage.wait("hostC");
}

#[test]
fn hosts_are_listed_with_their_load() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB", "hostC"]) else { return };
    lab_with_loads(&lab);
    let stage = Stage::set(&lab, "ana");
    let table = answered(&stage);
    let row = |host: &str| {
        table.lines().find(|line| line.contains(host)).unwrap_or_else(|| panic!("{host}: {table}"))
    };
    assert!(row("hostB").contains("7.5"), "{table}");
    assert!(row("hostC").contains("0.05"), "{table}");
    let ghost = row("ghost");
    assert!(
        ghost.contains("unreachable") || ghost.contains("no answer") || ghost.contains("down"),
        "{table}"
    );
}
