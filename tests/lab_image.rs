//! A pane as a file: checkpoint, the end of everything, restore. Needs root (for the test hosts).

mod support;

use support::lab::Lab;
use support::stage::Stage;
use support::wait_until;

const IMAGE: &str = "/home/ana/images/pane.qmux";

fn vim_with_unsaved_text(lab: &Lab) -> Stage<'_> {
    let stage = Stage::set(lab, "ana");
    stage.home().sh("ana", "mkdir -m 700 ~/images");
    stage.run("vim essay");
    stage.wait("\"essay\" [New]");
    stage.term.type_keys("ifirst\x1bosecond\x1bothird\x1b");
    stage.wait("first\nsecond\nthird");
    stage
}

/// Ends every process of ana on hostA, as a reboot would.
fn end_everything(stage: &mut Stage<'_>) {
    stage.home().exec("root", &["pkill", "-KILL", "-u", "ana"]);
    stage.term.wait_exit();
    wait_until("nothing of ana to run", || {
        (stage.home().exec("root", &["pgrep", "-u", "ana"]).code != 0).then_some(())
    });
    stage.home().exec("root", &["sh", "-c", "rm -rf /tmp/qmux-4242"]);
}

#[test]
fn vim_comes_back_from_disk_with_buffer_and_undo() {
    let Some(lab) = Lab::up_or_skip(&["hostA"]) else { return };
    let mut stage = vim_with_unsaved_text(&lab);
    let before = stage.picture_at_rest();
    stage.ok(&["checkpoint", "pane", "-t", "work", "-o", IMAGE]);
    assert_eq!(stage.home().sh("ana", &format!("stat -c %a {IMAGE}")), "600");
    end_everything(&mut stage);

    stage.term = lab.host("hostA").pty("ana", &["qmux", "new-session", "-s", "work"]);
    stage.wait_prompt();
    stage.ok(&["restore", IMAGE]);
    stage.wait_picture(&before);
    stage.term.type_keys("u");
    stage.term.wait_no_text("third");
    stage.term.type_keys("\x12");
    stage.wait("third");
    stage.term.type_keys(":wq\r");
    stage.wait_prompt();
    assert_eq!(stage.home().sh("ana", "cat /shared/ana/essay"), "first\nsecond\nthird");
}

#[test]
fn same_image_starts_only_once() {
    let Some(lab) = Lab::up_or_skip(&["hostA", "hostB"]) else { return };
    let stage = vim_with_unsaved_text(&lab);
    stage.ok(&["checkpoint", "pane", "-t", "work", "-o", IMAGE]);
    stage.ok(&["new-session", "-d", "-s", "later"]);
    stage.ok(&["restore", IMAGE]);
    stage.pid_on("hostA", "vim");
    let ended = stage.qmux(&["restore", IMAGE]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.err.contains("already started") && ended.err.contains("--clone"), "{ended:?}");
    stage.ok(&["restore", IMAGE, "--clone"]);
    wait_until("two of them", || (stage.home().sh("root", "pgrep -cx vim") == "2").then_some(()));
}

#[test]
fn checkpoint_that_keeps_running_is_invisible() {
    let Some(lab) = Lab::up_or_skip(&["hostA"]) else { return };
    let stage = vim_with_unsaved_text(&lab);
    let before = stage.picture_at_rest();
    stage.ok(&["checkpoint", "pane", "-t", "work", "-o", IMAGE, "--keep-running"]);
    assert!(stage.picture() == before, "{}", before.difference(&stage.picture()));
    stage.term.type_keys("ofourth");
    stage.wait("third\nfourth");
}

#[test]
fn altered_or_truncated_image_is_refused() {
    let Some(lab) = Lab::up_or_skip(&["hostA"]) else { return };
    let stage = vim_with_unsaved_text(&lab);
    stage.ok(&["checkpoint", "pane", "-t", "work", "-o", IMAGE, "--keep-running"]);
    for (name, change) in [
        ("flipped", "printf X | dd of=/home/ana/images/flipped bs=1 seek=$((size / 2)) conv=notrunc"),
        ("short", "truncate -s $((size - 100)) /home/ana/images/short"),
        ("empty", ": > /home/ana/images/empty"),
        ("noise", "head -c $size /dev/urandom > /home/ana/images/noise"),
    ] {
        let path = format!("/home/ana/images/{name}");
        stage
            .home()
            .sh("ana", &format!("cp -p {IMAGE} {path}; size=$(stat -c %s {IMAGE}); {change} 2>/dev/null"));
        let ended = stage.qmux(&["restore", &path]);
        assert_eq!(ended.code, 6, "{name}: {ended:?}");
        assert!(!ended.err.contains("panicked"), "{name}: {ended:?}");
    }
    assert_eq!(stage.home().sh("root", "pgrep -cx vim"), "1");
    stage.term.type_keys("ostill here");
    stage.wait("still here");
}
