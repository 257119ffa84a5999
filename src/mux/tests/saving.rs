//! The structure survives a restart of the server.

use super::*;
use crate::ids::HostName;

fn reloaded(saved: &[u8], alive: &[(LifeId, Place)]) -> (World, Vec<(LifeId, PaneId)>) {
    let mut w = World::new();
    let lives = w.mux.load(saved, alive).unwrap();
    w.drain();
    (w, lives)
}

fn life(n: u64) -> LifeId {
    LifeId(7, n)
}

#[test]
fn sessions_windows_layouts_and_options_come_back() {
    let mut w = World::with_session();
    w.ok("split-window -h");
    w.ok("split-window -v");
    w.ok("new-window -n two");
    w.ok("select-window -t 0");
    w.ok("set -g @x y");
    w.ok("set status off");
    w.ok("select-pane -t 1");
    let view = "#{session_name} #{window_index} #{window_layout} #{pane_id} #{@x} #{status}";
    let before = w.show(view);
    let saved = w.mux.save();
    let alive: Vec<_> = (0..4).map(|n| (life(n), Place::Here)).collect();
    let (mut again, lives) = reloaded(&saved, &alive);
    assert_eq!(again.show(view), before);
    assert_eq!(lives.len(), 4);
    assert!(again.spawned.is_empty(), "nothing is started a second time");
    assert_eq!(again.ok("list-windows -F '#I:#W'"), "0:bash\n1:two");
    assert_eq!(again.ok("new-window -P -F '#D @#{window_id}'"), "%4 @@2", "numbers go on");
    again.ok("send-keys -t %0 hi");
    assert_eq!(again.take_written(0), "hi");
}

#[test]
fn hooks_of_every_scope_run_in_the_next_server_too() {
    let mut w = World::with_session();
    w.ok("set-hook -g after-rename-window 'set -g @global yes'");
    w.ok("set-hook window-renamed 'set -g @window yes'");
    let saved = w.mux.save();
    let (mut again, _) = reloaded(&saved, &[(life(0), Place::Here)]);
    again.ok("rename-window -t work other");
    assert_eq!(again.show("#{@global} #{@window}"), "yes yes");
}

#[test]
fn dead_panes_close_and_unknown_lives_are_recovered() {
    let mut w = World::with_session();
    w.ok("split-window -h");
    w.ok("new-session -d -s gone");
    let saved = w.mux.save();
    let alive = [(life(1), Place::There(HostName("hostB".into()))), (life(50), Place::Here)];
    let (mut again, lives) = reloaded(&saved, &alive);
    assert_eq!(again.ok("ls -F #S"), "recovered\nwork");
    assert_eq!(again.ok("list-panes -t work -F '#D #{pane_width} #{pane_host}'"), "%1 80 hostB");
    let recovered = lives.iter().find(|(l, _)| *l == life(50)).map(|(_, p)| *p).unwrap();
    assert_eq!(again.ok("list-panes -t recovered -F '#D'"), recovered.to_string());
    let (empty, lives) = reloaded(&saved, &[]);
    assert!(lives.is_empty());
    assert_eq!(empty.mux.sessions().count(), 0);
}

#[test]
fn damaged_records_lose_no_shell() {
    let w = World::with_session();
    let saved = w.mux.save();
    for cut in [1, saved.len() / 2, saved.len() - 1] {
        let mut fresh = World::new();
        assert!(fresh.mux.load(&saved[..cut], &[(life(0), Place::Here)]).is_err());
        // The caller goes on without a record: every life is recovered.
        let lives = fresh.mux.load(&[], &[(life(0), Place::Here)]).unwrap();
        assert_eq!(lives.len(), 1);
        assert_eq!(fresh.ok("ls -F #S"), "recovered");
    }
}

#[test]
fn changes_ask_to_be_saved() {
    let mut w = World::with_session();
    w.effects.clear();
    w.ok("new-window");
    assert!(w.effects.iter().any(|e| matches!(e, Effect::Persist)));
}
