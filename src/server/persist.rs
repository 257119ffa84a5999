//! What a server leaves for the next one: the structure, the screens, and finding the keepers again.
//!
//! Kill -9 loses no shell: the keepers live on, the structure is written within [`STRUCTURE_DELAY`] of
//! a change; the screens are kept by `screens`.

use super::handover::Handover;
use super::screens::{self, read_bounded, write_whole};
use super::{Core, Server, panes};
use crate::ids::{Epoch, HostName, LifeId, MoveId, PaneId};
use crate::mux::{Event, Mux, Place};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

const STRUCTURE_DELAY: Duration = Duration::from_millis(30);
/// How long the first client waits for the keepers of this host to answer a new server.
const ADOPTION_PATIENCE: Duration = Duration::from_secs(2);

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

/// Writes the structure; without a pane there is nothing to come back to, and the file goes: a client that finds it
/// starts a server.
pub(super) fn save_structure(server: &Server, core: &mut Core) {
    core.persist.structure = false;
    if core.panes.is_empty() {
        let _ = std::fs::remove_file(state_file(server));
        return;
    }
    // A full disk costs the names and layouts after a crash, never a shell.
    let _ = write_whole(&state_file(server), &structure(core));
}

/// The structure as bytes.
pub(super) fn structure(core: &Core) -> Vec<u8> {
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
    rmp_serde::to_vec_named(&saved).expect("plain data in memory can always be written")
}

/// Loads a structure into `mux` as if the keepers of all its panes answered.
pub(super) fn rehearse(structure: &[u8], mux: &mut Mux) -> Result<(), String> {
    let saved: Saved = rmp_serde::from_slice(structure).map_err(|e| format!("the saved panes: {e}"))?;
    let alive: Vec<_> = saved.panes.iter().map(|p| (p.life, Place::Here)).collect();
    mux.load(&saved.mux, &alive).map(drop).map_err(|e| e.to_string())
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

/// The server ends: what of its panes goes on is found by the next one.
pub(super) fn last_words(server: &Server) {
    save_structure(server, &mut server.core.borrow_mut());
    screens::save_all(server);
}

/// Finds the panes of an earlier server: structure from its file, life from the keepers themselves.
/// One that ran in this process before has `handed` over more than that.
pub(super) async fn adopt(server: &Rc<Server>, handed: Option<&mut Handover>) {
    let bytes = match &handed {
        Some(handed) => Some(handed.structure().to_vec()),
        None => read_bounded(&state_file(server)),
    };
    let saved: Option<Saved> = bytes.and_then(|bytes| rmp_serde::from_slice(&bytes).ok());
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
        if seen.contains(life) || foreign.contains(life) || !answers(path) || of_another(server, path) {
            continue;
        }
        seen.insert(*life);
        alive.push((*life, Place::Here));
        wires.push(SavedPane { pane: PaneId(0), life: *life, epoch: *epoch, host: None, moving: None });
    }
    if alive.is_empty() && handed.is_none() {
        return;
    }
    {
        let mut core = server.core.borrow_mut();
        let structure = saved.as_ref().map_or(&[][..], |s| &s.mux);
        // A structure that cannot be read costs names and layouts: the panes come back in a session of their own.
        let given =
            core.mux.load(structure, &alive).or_else(|_| core.mux.load(&[], &alive)).unwrap_or_default();
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
            let Some(blank) = core.mux.pane(*pane).map(|p| p.screen.clone()) else { continue };
            let (screen, record) = screens::load(server, *life, blank);
            if let Some(wire) = core.panes.get_mut(pane) {
                wire.record = record;
            }
            core.mux.set_screen(*pane, screen);
        }
        if let Some(handed) = handed {
            handed.begin(&mut core);
        }
        server.settle(&mut core);
    }
    let mut here = Vec::new();
    for saved in wires {
        let task = panes::reconnect(server, saved.pane);
        here.extend(task.filter(|_| saved.host.is_none()));
    }
    server.event(Event::Tick);
    server.screens_wanted.notify_one();
    // The first client is to see the panes of this host as they are.
    let all = async {
        for task in here {
            let _ = task.await;
        }
    };
    let _ = tokio::time::timeout(ADOPTION_PATIENCE, all).await;
}

fn answers(socket: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

/// Whether a keeper says that it was started for another server, which may have no record of it yet. One that
/// says nothing has only just begun: it runs nothing so far, and whoever started it waits for it.
fn of_another(server: &Server, keeper_socket: &Path) -> bool {
    let record = crate::keeper::KeeperRecord::read(keeper_socket);
    record.is_none_or(|r| !r.server.is_empty() && Path::new(&r.server) != server.socket)
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
