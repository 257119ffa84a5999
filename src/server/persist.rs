//! What a server leaves for the next one: the structure, the screens, and finding the keepers again.
//!
//! Kill -9 loses no shell: the keepers live on, the structure is written within [`STRUCTURE_DELAY`] of
//! a change, and each screen when its pane has been quiet for [`SCREEN_QUIET`]. A pane that is never quiet
//! is written every [`SCREEN_BUSY`]; in any case writing takes a bounded share of the time.

use super::{Core, Server, panes};
use crate::ids::{Epoch, HostName, LifeId, MoveId, PaneId};
use crate::mux::{Event, Place};
use crate::vt::Screen;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

const STRUCTURE_DELAY: Duration = Duration::from_millis(30);
const SCREEN_QUIET: Duration = Duration::from_millis(150);
const SCREEN_BUSY: Duration = Duration::from_secs(5);
/// After writing a screen for some time, so many times that long nothing of it is written, when it is quiet...
const SHARE_QUIET: u32 = 30;
/// ...and when it is not: output goes before.
const SHARE_BUSY: u32 = 300;
/// Largest file of ours that is read back, in bytes.
const FILE_MAX: u64 = 256 << 20;

/// What waits to be written.
#[derive(Default)]
pub(super) struct Persist {
    structure: bool,
}

impl Persist {
    pub(super) fn structure_changed(&mut self) {
        self.structure = true;
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    #[serde(with = "serde_bytes")]
    mux: Vec<u8>,
    panes: Vec<SavedPane>,
}

#[derive(Serialize, Deserialize)]
struct SavedPane {
    pane: PaneId,
    life: LifeId,
    epoch: Epoch,
    host: Option<HostName>,
    /// A move under way: its name and where to.
    #[serde(default)]
    moving: Option<(MoveId, Option<HostName>)>,
}

fn state_file(server: &Server) -> PathBuf {
    server.socket.with_extension("state")
}

fn screen_file(server: &Server, life: LifeId) -> PathBuf {
    server.runtime.dir().join("screens").join(life.to_string())
}

/// Writes a file of ours so that it is whole or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file =
        std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    std::fs::rename(&temporary, path)
}

fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    let length = std::fs::metadata(path).ok()?.len();
    if length > FILE_MAX {
        return None;
    }
    std::fs::read(path).ok()
}

fn save_structure(server: &Server, core: &mut Core) {
    core.persist.structure = false;
    let panes = core
        .panes
        .iter()
        .map(|(pane, w)| SavedPane {
            pane: *pane,
            life: w.life,
            epoch: w.epoch,
            host: w.host.clone(),
            moving: w.moving.clone(),
        })
        .collect();
    let saved = Saved { mux: core.mux.save(), panes };
    if let Ok(bytes) = rmp_serde::to_vec_named(&saved) {
        // A full disk costs the names and layouts after a crash, never a shell.
        let _ = write_whole(&state_file(server), &bytes);
    }
}

/// When a pane's screen changed and was saved.
#[derive(Default)]
pub(super) struct Saving {
    /// The latest change, if it is not in the file.
    changed: Option<Instant>,
    /// The end of the latest save, and how long it took.
    saved: Option<(Instant, Duration)>,
}

impl Saving {
    pub(super) fn changed(&mut self) {
        self.changed = Some(Instant::now());
    }

    fn due(&self, now: Instant) -> bool {
        let Some(changed) = self.changed else { return false };
        let Some((at, took)) = self.saved else { return true };
        let since = now - at;
        let quiet = now.saturating_duration_since(changed) >= SCREEN_QUIET;
        (quiet && since >= took * SHARE_QUIET) || since >= SCREEN_BUSY.max(took * SHARE_BUSY)
    }
}

/// Saves the screens that changed: those that are due, or `all`. Whether there are others.
fn save_screens(server: &Server, core: &mut Core, all: bool) -> bool {
    let dir = server.runtime.dir().join("screens");
    if crate::transport::runtime::private_dir(&dir).is_err() {
        return false;
    }
    let mut others = false;
    let Core { panes, mux, .. } = core;
    for (pane, wire) in panes.iter_mut() {
        let Some(pane) = mux.pane(*pane) else { continue };
        let start = Instant::now();
        if wire.saving.due(start) || (all && wire.saving.changed.is_some()) {
            let _ = write_whole(&screen_file(server, wire.life), &pane.screen.snapshot());
            let end = Instant::now();
            wire.saving = Saving { changed: None, saved: Some((end, end - start)) };
        }
        others |= wire.saving.changed.is_some();
    }
    others
}

/// Writes the structure soon after it changed.
pub(super) async fn save_structure_in_time(server: Rc<Server>) {
    loop {
        server.persist_wanted.notified().await;
        tokio::time::sleep(STRUCTURE_DELAY).await;
        let mut core = server.core.borrow_mut();
        if core.persist.structure {
            save_structure(&server, &mut core);
        }
    }
}

/// Writes the screens that changed, not too often.
pub(super) async fn save_screens_in_time(server: Rc<Server>) {
    loop {
        server.screens_wanted.notified().await;
        loop {
            tokio::time::sleep(SCREEN_QUIET).await;
            if !save_screens(&server, &mut server.core.borrow_mut(), false) {
                break;
            }
        }
    }
}

/// The server ends: files of a server with no pane left go, else the next one finds everything.
pub(super) fn last_words(server: &Server) {
    let mut core = server.core.borrow_mut();
    if core.panes.is_empty() {
        let _ = std::fs::remove_file(state_file(server));
    } else {
        save_structure(server, &mut core);
        save_screens(server, &mut core, true);
    }
}

/// Finds the panes of an earlier server: structure from its file, life from the keepers themselves.
pub(super) fn adopt(server: &Rc<Server>) {
    let saved: Option<Saved> =
        read_bounded(&state_file(server)).and_then(|bytes| rmp_serde::from_slice(&bytes).ok());
    let here = server.runtime.keeper_sockets().unwrap_or_default();
    let foreign = lives_of_others(server);
    let mut alive = Vec::new();
    let mut wires: Vec<SavedPane> = Vec::new();
    let mut seen: HashSet<LifeId> = HashSet::new();
    for pane in saved.iter().flat_map(|s| &s.panes) {
        let epoch = match &pane.host {
            Some(_) => Some(pane.epoch),
            // A move may have been won or lost while no server was there: the newest keeper that
            // answers is the pane. One that left for another host has no keeper here any more.
            None => here
                .iter()
                .find(|(l, _, path)| *l == pane.life && answers(path))
                .map(|(_, e, _)| *e)
                .or(pane.moving.is_some().then_some(pane.epoch)),
        };
        let Some(epoch) = epoch else { continue };
        seen.insert(pane.life);
        let place = match &pane.host {
            Some(host) => Place::Reconnecting(host.clone()),
            None => Place::Here,
        };
        alive.push((pane.life, place));
        wires.push(SavedPane { epoch, host: pane.host.clone(), moving: pane.moving.clone(), ..*pane });
    }
    // Keepers nobody has a record of: started just before a crash.
    for (life, epoch, path) in &here {
        if seen.contains(life) || foreign.contains(life) || !answers(path) {
            continue;
        }
        seen.insert(*life);
        alive.push((*life, Place::Here));
        wires.push(SavedPane { pane: PaneId(0), life: *life, epoch: *epoch, host: None, moving: None });
    }
    if alive.is_empty() {
        return;
    }
    let mut core = server.core.borrow_mut();
    let structure = saved.as_ref().map_or(&[][..], |s| &s.mux);
    // A structure that cannot be read costs names and layouts: the panes come back in a session of their own.
    let given = core.mux.load(structure, &alive).or_else(|_| core.mux.load(&[], &alive)).unwrap_or_default();
    for wire in &mut wires {
        if let Some((_, pane)) = given.iter().find(|(life, _)| *life == wire.life) {
            wire.pane = *pane;
        }
    }
    for saved in &wires {
        let SavedPane { pane, life, epoch, host, moving } = saved;
        panes::known(&mut core, *pane, *life, *epoch, host.clone());
        if let Some(wire) = core.panes.get_mut(pane) {
            wire.moving = moving.clone();
        }
        let snapshot = read_bounded(&screen_file(server, *life));
        if let Some(screen) = snapshot.and_then(|bytes| Screen::from_snapshot(&bytes).ok()) {
            core.mux.set_screen(*pane, screen);
        }
    }
    server.settle(&mut core);
    drop(core);
    for saved in wires {
        panes::reconnect(server, saved.pane);
    }
    server.event(Event::Tick);
}

fn answers(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

/// Lives that belong to servers of other names on this host.
fn lives_of_others(server: &Server) -> HashSet<LifeId> {
    let mine = state_file(server);
    let mut found = HashSet::new();
    for entry in std::fs::read_dir(server.runtime.dir()).into_iter().flatten().flatten() {
        let path = entry.path();
        if path == mine || path.extension().is_none_or(|e| e != "state") {
            continue;
        }
        let saved: Option<Saved> = read_bounded(&path).and_then(|bytes| rmp_serde::from_slice(&bytes).ok());
        found.extend(saved.into_iter().flat_map(|s| s.panes).map(|p| p.life));
    }
    found
}
