//! Every verb, targets, errors in tmux's words, geometry as tmux's.

use super::known_layouts::KNOWN;
use super::*;
use crate::mux::commands::TABLE;
use crate::mux::layout::{Layout, Preset};

#[test]
fn layouts_come_out_as_tmux_has_them() {
    for (script, layout, active) in KNOWN {
        let mut w = World::with_session();
        for line in *script {
            w.ok(line);
        }
        assert_eq!(w.show("#{window_layout}"), *layout, "{script:?}");
        assert_eq!(w.show("#{pane_index}"), *active, "{script:?}");
        for pane in w.mux.panes() {
            assert_eq!(pane.screen.size(), pane.size, "{script:?}");
        }
    }
}

#[test]
fn layout_strings_read_back_as_written() {
    for (_, text, _) in KNOWN {
        let panes: Vec<PaneId> = (0..text.matches('x').count() as u32).map(PaneId).collect();
        let count = (1..=panes.len())
            .find_map(|n| Layout::from_text(text, &panes[..n]).ok())
            .map(|l| l.panes().len());
        assert!(count.is_some(), "{text}");
        let n = panes.len() - text.matches(['{', '[']).count();
        let layout = Layout::from_text(text, &panes[..n]).unwrap_or_else(|e| panic!("{text}: {e}"));
        let sizes = |t: &str| t[5..].split([',', '{', '}', '[', ']']).filter(|p| p.contains('x')).count();
        assert_eq!(sizes(&layout.to_text()), sizes(text));
    }
    for junk in ["", "x", "0000,80x24,0,0,0", "bb62,1x", "ffff,{", "zzzz,80x24,0,0", &"[".repeat(5000)] {
        assert!(Layout::from_text(junk, &[PaneId(0)]).is_err(), "{junk}");
    }
}

#[test]
fn no_layout_breaks_at_any_size() {
    for n in 1..20u32 {
        let panes: Vec<PaneId> = (0..n).map(PaneId).collect();
        for preset in Preset::ALL {
            for (c, r) in [(1, 1), (2, 3), (80, 24), (10_000, 10_000), (7, 200)] {
                let main = crate::mux::layout::MainSize { main: 24, other: 0 };
                let mut l = preset.arrange(&panes, Size::new(c, r), main).expect("panes are not empty");
                l.resize(Size::new(r, c));
                l.resize(Size::new(c, r));
                assert_eq!(l.panes().len(), n as usize);
                for (_, rect) in l.rects() {
                    assert!(rect.w >= 1 && rect.h >= 1, "{preset:?} {n} {c}x{r}");
                }
                let text = l.to_text();
                assert_eq!(Layout::from_text(&text, &l.panes()).map(|l| l.to_text()), Ok(text));
            }
        }
    }
}

#[test]
fn errors_have_the_words_scripts_match_on() {
    let mut w = World::with_session();
    w.ok("new-window -d -n ed");
    w.ok("new-session -d -s web -x 80 -y 24");
    for (line, said) in [
        ("foo", "unknown command: foo"),
        ("new-session -s work -d", "duplicate session: work"),
        ("has-session -t nope", "can't find session: nope"),
        ("select-window -t 9", "can't find window: 9"),
        ("select-window -t nope:", "can't find session: nope"),
        ("kill-pane -t %99", "can't find pane: %99"),
        ("rename-window", "command rename-window: too few arguments (need at least 1)"),
        ("new-window -q", "command new-window: unknown flag -q"),
        ("select-pane -t .7", "can't find pane: 7"),
        ("set -g nope x", "invalid option: nope"),
        ("set -g status maybe", "unknown value: maybe"),
        ("set -g display-time abc", "value is invalid: abc"),
        ("set -g display-time -1", "value is too small: -1"),
        ("show -g nope", "invalid option: nope"),
        ("setw -g mode-keys foo", "unknown value: foo"),
        ("set -g sta x", "ambiguous option: sta"),
        ("send-keys -X cancel", "not in a mode"),
        ("paste-buffer -b nope", "no buffer nope"),
        ("delete-buffer -b nope", "unknown buffer: nope"),
        ("show-buffer", "no buffers"),
        ("unbind -T nope x", "table nope doesn't exist"),
        ("bind nokeyname x", "unknown key: nokeyname"),
        ("bind x foo", "unknown command: foo"),
        ("list-keys -T nope", "table nope doesn't exist"),
        ("switch-client -t web", "no current client"),
        ("detach-client", "no current client"),
        ("swap-window -t 7", "can't find window: 7"),
        ("move-window -t 0", "same index: 0"),
        ("new-window -t 0", "create window failed: index 0 in use"),
        ("respawn-pane", "respawn pane failed: pane web:0.0 still active"),
        ("last-pane", "no last pane"),
        ("last-window", "no last window"),
        ("wait-for -U x", "channel x not locked"),
        ("list-windows -t nope", "can't find session: nope"),
        ("confirm-before x", "no current client"),
        ("command-prompt", "no current client"),
        ("kill-session -t =wor", "can't find session: wor"),
        ("attach -t work", "open terminal failed: not a terminal"),
        ("capture-pane -p -a", "no alternate screen"),
        ("show-environment NOPE", "unknown variable: NOPE"),
        ("setenv A=b c", "variable name contains ="),
        ("if-shell", "command if-shell: too few arguments (need at least 2)"),
        ("select-layout nope", "invalid layout: nope"),
    ] {
        assert_eq!(w.fails(line), said, "{line}");
    }
    assert!(w.fails("s").starts_with("ambiguous command: s, could be: "));
}

#[test]
fn names_and_beginnings_find_verbs() {
    for v in TABLE {
        let found = crate::mux::commands::find(v.spec.name).map(|f| f.spec.name);
        assert_eq!(found, Ok(v.spec.name));
        if !v.spec.alias.is_empty() {
            assert_eq!(crate::mux::commands::find(v.spec.alias).map(|f| f.spec.name), Ok(v.spec.name));
        }
        assert!(!v.spec.help.is_empty());
    }
    let name = |n: &str| crate::mux::commands::find(n).map(|v| v.spec.name);
    assert_eq!(name("split-w"), Ok("split-window"));
    assert_eq!(name("conf"), Ok("confirm-before"));
    assert_eq!(name("con"), Ok("confirm-before"), "tmux's beginnings win over qmux's own verbs");
    assert!(crate::mux::commands::starts_server(&["set".into(), "x".into(), ";".into(), "new".into()]));
    assert!(!crate::mux::commands::starts_server(&["ls".into()]));
}

#[test]
fn targets_name_what_they_name_in_tmux() {
    let mut w = World::with_session();
    w.ok("rename-window first");
    w.ok("new-window -n editor");
    w.ok("new-window -n edna");
    w.ok("split-window");
    w.ok("new-session -d -s web -x 80 -y 24");
    let at = |w: &mut World, t: &str| {
        w.ok(&format!("display-message -p -t {t} '#{{session_name}}:#{{window_index}}.#{{pane_index}}'"))
    };
    for (target, place) in [
        ("work", "work:2.1"),
        ("wo", "work:2.1"),
        ("=work:", "work:2.1"),
        ("w*k", "work:2.1"),
        ("$0", "work:2.1"),
        ("work:0", "work:0.0"),
        ("work:first", "work:0.0"),
        ("work:edi", "work:1.0"),
        ("work:ed*or", "work:1.0"),
        ("work:^", "work:0.0"),
        ("work:$", "work:2.1"),
        ("work:!", "work:1.0"),
        ("work:-", "work:1.0"),
        ("work:+", "work:0.0"),
        ("work:{last}", "work:1.0"),
        ("work:2.0", "work:2.0"),
        ("work:.0", "work:2.0"),
        ("work:.{top}", "work:2.0"),
        ("work:.+", "work:2.0"),
        ("%0", "work:0.0"),
        ("@1", "work:1.0"),
        ("@1.0", "work:1.0"),
        (".0", "web:0.0"),
        (":0", "web:0.0"),
    ] {
        assert_eq!(at(&mut w, target), place, "{target}");
    }
    assert_eq!(w.fails("list-panes -t work:ed"), "can't find window: ed");
}

#[test]
fn sessions_windows_and_panes_live_and_end() {
    let mut w = World::with_session();
    assert_eq!(w.ok("new-window -P -n two"), "work:1.0");
    assert_eq!(w.ok("split-window -h -P -F #{pane_id}"), "%2");
    assert_eq!(w.ok("list-windows -F '#I:#W:#F:#{window_panes}'"), "0:bash:-:1\n1:two:*:2");
    assert_eq!(w.ok("list-panes -s -F '#D'"), "%0\n%1\n%2");
    w.ok("kill-pane -t %2");
    assert_eq!(w.killed, [PaneId(2)]);
    w.event(Event::PaneExited { pane: PaneId(1), status: crate::ids::ExitStatus::Code(0) });
    assert_eq!(w.ok("list-windows -F #I"), "0");
    assert_eq!(w.ok("new-session -d -P"), "1:");
    assert_eq!(w.ok("ls -F #S"), "1\nwork");
    w.ok("rename-session -t 1 x:y");
    assert_eq!(w.ok("ls -F #S"), "work\nx:y");
    w.ok("kill-session -t $1");
    w.ok("setenv -g A b");
    assert_eq!(w.ok("showenv -g A"), "A=b");
    w.ok("kill-server");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Shutdown)));
}

#[test]
fn the_server_ends_with_its_last_pane() {
    let mut w = World::with_session();
    w.event(Event::PaneExited { pane: PaneId(0), status: crate::ids::ExitStatus::Code(0) });
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Shutdown)));
    let mut w = World::with_session();
    w.ok("set -g exit-empty off");
    w.event(Event::PaneExited { pane: PaneId(0), status: crate::ids::ExitStatus::Code(0) });
    assert!(!w.effects.iter().any(|e| matches!(e, Effect::Shutdown)));
}

#[test]
fn a_dead_pane_may_remain_and_be_started_again() {
    let mut w = World::with_session();
    w.ok("setw -g remain-on-exit on");
    w.event(Event::PaneExited { pane: PaneId(0), status: crate::ids::ExitStatus::Code(3) });
    assert_eq!(w.show("#{pane_dead} #{pane_dead_status}"), "1 3");
    assert!(w.ok("capture-pane -p").contains("Pane is dead (status 3, "));
    w.ok("respawn-pane");
    assert_eq!(w.show("#{pane_dead}"), "0");
    assert_eq!(w.spawned.len(), 2);
}

#[test]
fn the_new_process_gets_its_environment_and_command() {
    let mut w = World::new();
    w.ok("new-session -d -s s -e X=1 -c /srv -- vi a b");
    let (_, spec) = w.spawned.remove(0);
    assert_eq!(spec.argv, ["vi", "a", "b"]);
    assert_eq!(spec.cwd, "/srv");
    let env: BTreeMap<_, _> = spec.env.into_iter().collect();
    assert_eq!(env.get("TMUX").map(String::as_str), Some("/tmp/q/default,0,0"));
    assert_eq!(env.get("TMUX_PANE").map(String::as_str), Some("%0"));
    assert_eq!(env.get("X").map(String::as_str), Some("1"));
    assert_eq!(env.get("TERM").map(String::as_str), Some("tmux-256color"));
    w.ok("new-window --on hostB");
    assert_eq!(w.spawned.remove(0).1.host, HostChoice::Host(crate::ids::HostName("hostB".into())));
    // The asker of `auto` is told what was chosen, once it is known.
    let asker = w.start("split-window --on auto");
    let (pane, spec) = w.spawned.remove(0);
    assert_eq!(spec.host, HostChoice::Auto);
    assert_eq!(w.said(asker).code, None);
    let (request, job) = w.jobs.pop().unwrap();
    assert_eq!(job, Job::Chosen { pane });
    w.event(Event::Done { request, result: Ok("hostC (load 0.2)\n".into()) });
    assert_eq!((w.said(asker).out.as_str(), w.said(asker).code), ("hostC (load 0.2)\n", Some(0)));
    assert!(w.fails("new-window --on=-oProxyCommand").contains("cannot be a host"));
}

#[test]
fn options_inherit_append_and_print() {
    let mut w = World::with_session();
    assert_eq!(w.ok("show -gv status"), "on");
    w.ok("set -g status-left abc");
    w.ok("set -ag status-left d");
    assert_eq!(w.ok("show -g status-left"), "status-left abcd");
    w.ok("set status-left mine");
    assert_eq!(w.ok("show -v status-left"), "mine");
    w.ok("set -u status-left");
    assert_eq!(w.ok("show -v status-left"), "");
    assert_eq!(w.show("#{status-left}"), "abcd");
    w.ok("set -g @colour 'light blue'");
    assert_eq!(w.ok("show -g @colour"), "@colour \"light blue\"");
    assert_eq!(w.show("#{@colour}"), "light blue");
    assert!(w.ok("show -g").contains("word-separators \"!\\\"#$%&'()*+,-./:;<=>?@[\\\\]^`{|}~\""));
    w.ok("set -s command-alias[9] zz=list-sessions");
    assert_eq!(w.ok("zz -F #S"), "work");
    w.ok("set -g mouse");
    assert_eq!(w.ok("show -gv mouse"), "on");
    w.ok("set -goq mouse off");
    assert_eq!(w.ok("show -gv mouse"), "on");
    assert_eq!(w.ok("show -gv update-environment[0]"), "DISPLAY");
}

#[test]
fn bindings_are_listed_as_tmux_lists_them() {
    let mut w = World::with_session();
    let keys = w.ok("list-keys -T prefix");
    assert!(keys.contains("bind-key    -T prefix c"), "{keys}");
    assert!(keys.contains("bind-key -r -T prefix M-Up"), "{keys}");
    assert!(keys.contains("confirm-before -p \"kill-pane #P? (y/n)\" kill-pane"));
    assert!(keys.lines().count() >= 75, "{}", keys.lines().count());
    assert!(w.ok("list-keys -T copy-mode-vi").lines().count() >= 85);
    assert!(w.ok("list-keys -T copy-mode").lines().count() >= 70);
    w.ok("bind -n F5 new-window \\; rename-window x");
    assert!(w.ok("list-keys -T root F5").ends_with("F5 new-window \\; rename-window x"));
    w.ok("unbind -n F5");
    assert!(w.ok("list-keys -N").contains("C-b c"));
}

#[test]
fn shell_conditions_wait_for_the_world() {
    let mut w = World::with_session();
    let id = w.start("if-shell true 'display-message -p yes' 'display-message -p no'");
    assert_eq!(w.said(id).code, None);
    let (request, job) = w.jobs.pop().unwrap();
    assert!(matches!(job, Job::Shell { command, .. } if command == "true"));
    w.event(Event::Done { request, result: Ok(String::new()) });
    assert_eq!(w.said(id), Said { out: "yes\n".into(), err: String::new(), code: Some(0) });
    assert_eq!(w.ok("if-shell -F #{==:a,b} 'display -p 1' 'display -p 2'"), "2");
    let id = w.start("run-shell x");
    let (request, _) = w.jobs.pop().unwrap();
    let failure = Failure::new(3, "exit", "out\n".into());
    w.event(Event::Done { request, result: Err(failure) });
    assert_eq!(w.said(id), Said { out: "out\n".into(), err: String::new(), code: Some(3) });
    let waiting = w.start("wait-for ch");
    assert_eq!(w.said(waiting).code, None);
    w.ok("wait-for -S ch");
    assert_eq!(w.said(waiting).code, Some(0));
}

#[test]
fn a_configuration_is_read_and_its_errors_are_named() {
    let mut w = World::new();
    let file =
        "set -g base-index 1\nset -g stauts-left x\nbind x display hi\n%if #{==:1,1}\nset -g @a b\n%endif\n";
    let errors = w.mux.load_config(w.now, &[("qmux.conf".into(), file.into())]);
    assert_eq!(errors, ["qmux.conf:2: unknown option \"stauts-left\" (did you mean status-left?)"]);
    w.drain();
    w.ok("new-session -d -s s");
    assert_eq!(w.show("#{window_index} #{@a}"), "1 b");
    let refused = w.mux.load_config(w.now, &[("two.conf".into(), "set -g @a c\nset -g 'x\n".into())]);
    assert_eq!(refused.last().map(String::as_str), Some("two.conf:3: syntax error"));
    assert_eq!(w.show("#{@a}"), "b", "a file that does not parse is refused as a whole");
    let id = w.start("source-file more.conf");
    let (request, job) = w.jobs.pop().unwrap();
    assert_eq!(job, Job::ReadFile { path: "/work/more.conf".into() });
    w.event(Event::Done { request, result: Ok("set -g @a d\nfoo\n".into()) });
    assert_eq!(w.said(id).err, "/work/more.conf:2: unknown command: foo\n");
    assert_eq!(w.said(id).code, Some(1));
}

#[test]
fn buffers_and_capture() {
    let mut w = World::with_session();
    w.output(0, "hello\r\nworld");
    assert_eq!(w.ok("capture-pane -p -E 1"), "hello\nworld");
    w.ok("capture-pane -E 0");
    assert_eq!(w.ok("show-buffer"), "hello");
    w.ok("set-buffer -b x one");
    w.ok("set-buffer -ab x two");
    assert_eq!(
        w.ok("list-buffers -F '#{buffer_name} #{buffer_size} #{buffer_sample}'"),
        "x 6 onetwo\nbuffer0 6 hello\\n"
    );
    w.ok("paste-buffer -b x");
    assert_eq!(w.take_written(0), "onetwo");
    w.ok("delete-buffer -b x");
    w.ok("send-keys 'ab c' Enter C-c -l");
    assert_eq!(w.take_written(0), "ab c\r\u{3}-l");
    w.ok("send-keys -l Enter");
    w.ok("send-keys -H 1b 41");
    assert_eq!(w.take_written(0), "Enter\u{1b}A");
}

#[test]
fn hostile_commands_do_no_harm() {
    let mut w = World::with_session();
    let long = "x".repeat(100_000);
    for line in [
        "new-session -d -x 999999999 -y 99999999",
        "new-session -d -x 0",
        "new-session -d -s '\u{7}\u{1b}[2J'",
        "resize-window -x 10000 -y 10000",
        "resize-window -x 1 -y 1",
        "split-window -l 99999999999",
        "split-window -l 101%",
        "resize-pane -x 4294967295",
        "resize-pane -L 2147483647",
        "resize-pane -U 99999999999999",
        "send-keys -N 99999999 a",
        "select-layout ffff,80x24,0,0{",
        "display-message -p '#{p99999999:x}#{=-9999999999999:x}'",
        "run-shell -d 1e300 x",
        "run-shell -d NaN x",
        "capture-pane -p -S -99999999999999999999 -E 99999999",
        "set -g history-limit 999999999999",
        "set -g status-interval 2147483647",
        "bind C-M-S-x-y foo",
        "select-window -t :+99999999999",
        "select-pane -t :.-99999999",
        "new-window -t 4294967295",
        "new-window -a -t 99999999",
        "swap-pane -t %4294967295",
        "move-window -t :99999999999",
        "display -p '#{W:#{W:#{W:#{P:#{S:x}}}}}'",
    ] {
        w.run(line);
    }
    w.run(&format!("rename-session {long}"));
    w.run(&format!("{long} {long}"));
    w.event(Event::PaneOutput { pane: PaneId(0), bytes: &[0xff, 0xfe, 0x1b, b'[', 0x80, 0xc3] });
    w.event(Event::PaneOutput { pane: PaneId(77), bytes: b"x" });
    w.event(Event::ClientInput { client: ClientId(999), bytes: &[0xff; 100] });
    w.event(Event::Done { request: RequestId(12345), result: Ok("x".into()) });
    for (c, r) in [(1, 1), (10_000, 1), (1, 10_000), (80, 24)] {
        w.ok(&format!("resize-window -x {c} -y {r}"));
        assert!(w.mux.panes().all(|p| p.size.cols >= 1));
    }
}

#[test]
fn a_window_is_in_two_sessions_until_it_is_unlinked() {
    let mut w = World::with_session();
    w.ok("new-session -d -s two");
    w.ok("link-window -d -s work:0 -t two:5");
    assert_eq!(w.ok("list-windows -t two -F '#I #{window_linked} #{window_id}'"), "0 0 @1\n5 1 @0");
    assert_eq!(w.fails("link-window -s work:0 -t two:0"), "index in use: 0");
    w.ok("unlink-window -t two:5");
    assert_eq!(w.fails("unlink-window -t work:0"), "window only linked to one session");
    w.ok("link-window -k -s work:0 -t two:0");
    assert_eq!(w.ok("list-windows -a -F '#S #I #{window_id}'"), "two 0 @0\nwork 0 @0");
    assert_eq!(w.killed, [PaneId(1)]);
    w.ok("kill-session -t work");
    assert_eq!(w.killed, [PaneId(1)], "a window that is elsewhere too lives on");
    w.ok("unlink-window -k -t two:0");
    assert_eq!(w.mux.sessions().count(), 0);
}

#[test]
fn find_window_lists_what_matches() {
    let mut w = World::with_session();
    let client = w.attach("attach -t work", Size::new(80, 24));
    w.ok("new-window -d -n special");
    w.output(0, "some needle here");
    for (text, window) in [("needle", 0), ("spec", 1)] {
        w.type_in(client, format!("\x02f{text}\r").as_bytes());
        let Some(Mode::List(list)) = &w.mux.pane(PaneId(0)).unwrap().mode else { panic!("no list: {text}") };
        let windows: Vec<&str> =
            list.items.iter().filter(|i| i.depth == 1).map(|i| i.target.as_str()).collect();
        assert_eq!(windows, [format!("=work:{window}.")], "{text}");
        w.type_in(client, b"q");
    }
    w.type_in(client, b"\x02fnothing of the kind\r");
    assert!(w.mux.client(client).unwrap().message.as_ref().is_some_and(|m| m.error));
}

#[test]
fn a_theme_is_set_when_it_exists() {
    let mut w = World::with_session();
    for (found, code) in [(true, 0), (false, 1)] {
        let client = w.start("set -g theme some");
        let (request, job) = w.jobs.pop().unwrap();
        assert_eq!(job, Job::CheckTheme { name: "some".into() });
        let failure = Failure::new(1, "theme", "no such theme".into());
        w.event(Event::Done { request, result: if found { Ok(String::new()) } else { Err(failure) } });
        assert_eq!(w.said(client).code, Some(code));
        assert_eq!(w.ok("show -gv theme"), if found { "some" } else { "" });
        w.ok("set -gu theme");
    }
}

#[test]
fn a_first_start_without_a_configuration_names_the_way_to_the_keys() {
    let mut w = World::new();
    w.mux.load_config(w.now, &[]);
    let size = Size::new(80, 24);
    let client = w.attach("new-session", size);
    let text = w.mux.client(client).unwrap().message.as_ref().map(|m| m.text.clone()).unwrap();
    assert!(text.contains("C-b then ?"), "{text}");
    w.type_in(client, b"l");
    assert_eq!(w.take_written(0), "l", "the key that takes it away is not lost");
    assert!(w.mux.client(client).unwrap().message.is_none());
    let other = w.attach("new-session", size);
    assert!(w.mux.client(other).unwrap().message.is_none(), "once");
}

#[test]
fn long_messages_stay_long_enough_to_be_read() {
    let mut w = World::with_session();
    let client = w.attach("attach -t work", Size::new(80, 24));
    let text = "x".repeat(100);
    w.ok(&format!("display-message -c /dev/pts/{} {text}", 90 + client.0));
    w.after(4900);
    assert!(w.mux.client(client).unwrap().message.is_some());
    w.after(200);
    assert!(w.mux.client(client).unwrap().message.is_none());
}

#[test]
fn hooks_run_after_their_command_and_when_things_happen() {
    let mut w = World::with_session();
    w.ok(r##"set-hook -g after-new-window 'set -gF @made "#{window_name}"'"##);
    w.ok("set-hook -ga after-new-window 'rename-window again'");
    w.ok("set-hook -g window-linked 'set -ga @linked x'");
    assert_eq!(
        w.ok("show-hooks -g after-new-window"),
        "after-new-window[0] set-option -Fg @made \"#{window_name}\"\nafter-new-window[1] rename-window again"
    );
    w.ok("new-window -n first");
    assert_eq!(w.show("#{window_name} #{@made} #{@linked}"), "again first x");
    w.ok("set-hook -gu after-new-window[1]");
    w.ok("new-window -n second");
    assert_eq!(w.show("#{window_name} #{@linked}"), "second xx");
    // A hook's command sets off no hooks: this one would never end.
    w.ok("set-hook -g after-new-window new-window");
    w.ok("new-window");
    assert_eq!(w.mux.windows().count(), 5);
    w.ok("set-hook -g pane-exited 'set -g @gone yes'");
    w.event(Event::PaneExited { pane: PaneId(0), status: crate::ids::ExitStatus::Code(0) });
    assert_eq!(w.show("#{@gone}"), "yes");
    assert_eq!(w.fails("set-hook -g after-nothing x"), "invalid option: after-nothing");
    w.ok("set-hook -g client-attached 'set -g @at yes'");
    w.ok("set-hook -R client-attached");
    assert_eq!(w.show("#{@at}"), "yes");
}

#[test]
fn several_files_are_read_and_one_with_a_line_that_is_no_command_is_refused_as_a_whole() {
    let mut w = World::with_session();
    let client = w.start("source-file *.conf");
    let (request, _) = w.jobs.pop().unwrap();
    let text = "/work/a\0set -g @a 1\nnonsense\nset -g @b 2\0/work/b\0set -g @a 3";
    w.event(Event::Done { request, result: Ok(text.into()) });
    assert_eq!(w.show("#{@a} #{@b}"), "3 ");
    assert!(w.said(client).err.contains("/work/a:2: unknown command: nonsense"), "{:?}", w.said(client));
}

#[test]
fn a_new_window_without_a_client_has_the_default_size() {
    let mut w = World::new();
    w.ok("new-session -d -s one -x 100 -y 40");
    assert_eq!(w.ok("show-options -t one default-size"), "default-size 100x40");
    w.ok("resize-window -t one -x 30 -y 10");
    w.ok("new-window -t one");
    assert_eq!(w.ok("display-message -pt one #{window_width}x#{window_height}"), "100x40");
    w.ok("set-option -t one default-size 50x20");
    w.ok("new-window -t one");
    assert_eq!(w.ok("display-message -pt one #{window_width}x#{window_height}"), "50x20");
}

#[test]
fn every_list_is_also_json() {
    use serde_json::{Value, json};
    let mut w = World::new();
    w.ok("new-session -d -s 3 -n one");
    w.ok("split-window -h -t 3");
    w.ok("select-pane -m -t 3:0.1");
    w.ok("set-buffer -b 7 'two words'");
    let c = w.attach("attach-session -t 3", Size::new(80, 24));
    let mut list = |line: &str| -> Vec<Value> {
        let out = w.ok(line);
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{line}: {e}: {out}"))
    };
    let sessions = list("list-sessions --json");
    assert_eq!(sessions.len(), 1);
    assert_eq!((&sessions[0]["session_name"], &sessions[0]["session_windows"]), (&json!("3"), &json!(1)));
    assert_eq!(list("list-windows -a --json")[0]["window_name"], json!("one"));
    let panes = list("list-panes -s -t 3 --json");
    assert_eq!(panes.len(), 2);
    assert_eq!((&panes[0]["pane_marked"], &panes[1]["pane_marked"]), (&json!(false), &json!(true)));
    assert_eq!((&panes[1]["pane_index"], &panes[1]["pane_dead_status"]), (&json!(1), &Value::Null));
    assert_eq!(list("list-panes -t 3 --json -f '#{pane_marked}'").len(), 1);
    assert_eq!(list("list-clients --json")[0]["client_width"], json!(80));
    assert_eq!(list("list-buffers --json")[0], {
        let created = list("list-buffers --json")[0]["buffer_created"].clone();
        json!({ "buffer_name": "7", "buffer_size": 9, "buffer_sample": "two words", "buffer_created": created })
    });
    let keys = list("list-keys --json -T prefix");
    assert!(keys.iter().any(|k| k["key_string"] == "c" && k["key_command"] == "new-window"), "{keys:?}");
    assert_eq!(list("list-commands --json move")[0]["command_list_name"], json!("move"));
    let option =
        |value: Value| json!({ "name": "history-limit", "index": null, "value": value, "inherited": false });
    assert_eq!(list("show-options -g --json history-limit"), [option(json!(2000))]);
    let all = list("show-options -g --json");
    assert!(all.len() > 40 && all.iter().any(|o| o["name"] == "mouse" && o["value"].is_boolean()), "{all:?}");
    list("show-hooks -g --json");
    list("show-environment -g --json");
    assert!(w.fails("list-panes --json -F x").contains("leave -F out"));
    let _ = c;
}
