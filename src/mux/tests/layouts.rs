//! Layout files: opened, saved, listed.

use super::*;

fn read(w: &mut World, text: &str) {
    let at =
        w.jobs.iter().position(|(_, j)| matches!(j, Job::ReadFile { .. })).expect("the file is asked for");
    let (request, _) = w.jobs.remove(at);
    w.event(Event::Done { request, result: Ok(text.to_owned()) });
}

const DEV: &str = "[[window]]\nname = \"edit\"\nfocus = true\nsplit = \"h\"\npanes = [\n { command = \"vim\", size = \"50%\" },\n { split = \"v\", panes = [{ cwd = \"sub\" }, { size = 5, command = \"top\", focus = true }] },\n]\n[[window]]\nname = \"log\"\ncwd = \"~/log\"\n";

#[test]
fn a_layout_becomes_a_session_or_windows_of_one_and_is_written_down_again() {
    let mut w = World::new();
    let asker = w.start("new-session -d -s dev -x 81 -y 24 --layout dev");
    assert!(
        matches!(&w.jobs[0].1, Job::ReadFile { path } if path == "/home/me/.config/qmux/layouts/dev.toml")
    );
    assert_eq!(w.said(asker).code, None);
    read(&mut w, DEV);
    assert_eq!((w.said(asker).code, w.said(asker).err.as_str()), (Some(0), ""));
    let panes = "list-panes -s -t dev -F '#I:#W.#P #{pane_width}x#{pane_height} #{pane_start_command} #{pane_active}'";
    let shown = w.ok(panes);
    assert_eq!(
        shown, "0:edit.0 40x24 vim 0\n0:edit.1 40x18  0\n0:edit.2 40x5 top 1\n1:log.0 81x24  1",
        "{shown}"
    );
    let dirs: Vec<&str> = w.spawned.iter().map(|(_, s)| s.cwd.as_str()).collect();
    assert_eq!(dirs, ["/work", "/work/sub", "/work", "/home/me/log"]);
    assert_eq!(w.show("#{window_index}"), "0", "the focused window");
    // Saved, and opened again in the same session: the same panes.
    w.start("save-layout -t dev again");
    let (request, job) = w.jobs.remove(0);
    let Job::WriteLayout { path, bytes, replace: false } = job else { panic!("{job:?}") };
    assert_eq!(path, "/home/me/.config/qmux/layouts/again.toml");
    w.event(Event::Done { request, result: Ok(String::new()) });
    let saved = String::from_utf8(bytes).unwrap();
    w.start("new-session -d -s copy -x 81 -y 24 --layout ./again.toml");
    assert!(matches!(&w.jobs[0].1, Job::ReadFile { path } if path == "/work/./again.toml"));
    read(&mut w, &saved);
    assert_eq!(w.ok(&panes.replace("-t dev", "-t copy")), shown, "{saved}");
    w.start("load-layout -t dev again");
    read(&mut w, &saved);
    assert_eq!(
        w.ok("list-windows -t dev -F '#I #W #{window_panes}'"),
        "0 edit 3\n1 log 1\n2 edit 3\n3 log 1"
    );
}

#[test]
fn what_does_not_fit_or_is_wrong_opens_nothing() {
    let mut w = World::with_session();
    let asker = w.start("new-session -d -s small -x 6 -y 2 --layout dev");
    read(&mut w, DEV);
    let said = w.said(asker);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.err.trim_end(), "window edit of the layout does not fit into 6x2. Nothing was opened.");
    assert_eq!(w.ok("list-sessions -F '#S'"), "work");
    assert_eq!(w.ok("list-panes -a -F '#D'").lines().count(), 1);
    let asker = w.start("load-layout dev");
    read(&mut w, "[[window]]\nnmae = \"x\"\n");
    let err = w.said(asker).err;
    assert!(
        err.contains("dev.toml: line 2: unknown field `nmae`") && err.contains("Nothing was opened."),
        "{err}"
    );
    assert!(w.fails("load-layout .hidden").contains("is no name of a layout"));
    assert!(w.fails("new-session -d --layout dev -n x").contains("Nothing was opened"));
    let asker = w.start("list-layouts");
    read(&mut w, &format!("/l/dev.toml\0{DEV}\0/l/bad.toml\0x = 1"));
    let out = w.said(asker).out;
    assert!(out.starts_with("dev: 2 windows, 4 panes\nbad: /l/bad.toml: line 1: unknown field `x`"), "{out}");
}
