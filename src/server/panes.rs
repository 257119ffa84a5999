//! Panes as the server holds them: the link to the keeper, the pty master, what the keeper says.

use super::clients::TYPING;
use super::links::{self, FromLink, KeeperAddress, LinkId};
use super::stream::Stream;
use super::wire::{Outbox, Sink, drain, emptied};
use super::{Core, Server, hosts, screens};
use crate::ids::{Epoch, ExitStatus, HostName, LifeId, MoveId, PaneId, Size};
use crate::keeper;
use crate::mux::{Event, HostChoice, Place, SpawnSpec};
use crate::protocol::keeper::{FromKeeper, KeeperState, PaneSpec, Seen, ToKeeper, Welcome};
use std::cell::Cell;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local};

/// Most bytes read from a pane before others get their turn.
pub(super) const READ_MAX: usize = 64 << 10;
/// How often the foreground program of a pane that has been busy is looked at.
const INFO_INTERVAL: Duration = Duration::from_millis(500);
/// Most input kept for a pane whose keeper is out of reach, in bytes; what is typed beyond it is lost.
const INPUT_BACK_MAX: usize = 1 << 20;
/// Waits between attempts to reach a keeper whose link broke.
const RETRY_MS: [u64; 6] = [200, 500, 1000, 2000, 5000, 10_000];

/// A pane's wires.
pub(super) struct PaneWire {
    pub(super) life: LifeId,
    pub(super) epoch: Epoch,
    /// `None` is this host.
    pub(super) host: Option<HostName>,
    pub(super) link: Option<LinkId>,
    local: Option<Rc<Local>>,
    /// Size wanted last; told to a keeper that was out of reach.
    size: Option<Size>,
    /// First process and terminal, as the keeper said.
    pid: i32,
    tty: String,
    /// Something happened since the foreground program was looked at.
    stale: bool,
    /// Its screen on disk.
    pub(super) record: screens::Record,
    /// Counts of what passes between here and a keeper elsewhere.
    stream: Stream,
    /// Input the keeper was given and could not hand on before a freeze: goes first when the pane is back.
    input_back: Vec<u8>,
    /// A task is at work that moves it or brings it here: only that task ends the pane.
    pub(super) busy: bool,
    /// The move under way, for the next server: where to.
    pub(super) moving: Option<(MoveId, Option<HostName>)>,
}

/// A pane's wire for the next program in this process.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct HandedWire {
    stream: Stream,
    #[serde(with = "serde_bytes")]
    input_back: Vec<u8>,
    size: Option<Size>,
}

/// The pty master of a pane on this host.
struct Local {
    master: Rc<AsyncFd<OwnedFd>>,
    out: Rc<Outbox>,
    state: Cell<Reading>,
    wake: Notify,
}

/// What the task that reads a master does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    /// The keeper has the terminal to itself.
    Held,
    /// The pane is elsewhere or dead: the descriptor is to be closed.
    Over,
}

impl PaneWire {
    fn new(life: LifeId, epoch: Epoch, host: Option<HostName>) -> PaneWire {
        PaneWire {
            life,
            epoch,
            host,
            link: None,
            local: None,
            size: None,
            pid: 0,
            tty: String::new(),
            stale: true,
            record: screens::Record::default(),
            stream: Stream::default(),
            input_back: Vec::new(),
            busy: false,
            moving: None,
        }
    }

    /// What the next program in this process needs of it.
    pub(super) fn hand_over(&self) -> HandedWire {
        let mut input_back = self.input_back.clone();
        input_back.extend(self.local.iter().flat_map(|local| local.out.unsent()));
        HandedWire { stream: self.stream.clone(), input_back, size: self.size }
    }

    /// The other side of [`PaneWire::hand_over`].
    pub(super) fn take_over(&mut self, handed: HandedWire) {
        let HandedWire { stream, input_back, size } = handed;
        (self.stream, self.input_back, self.size) = (stream, input_back, size.or(self.size));
    }

    /// Its link, when nothing else is going on over it.
    pub(super) fn idle_link(&self) -> Option<LinkId> {
        self.link.filter(|_| !self.busy)
    }

    /// Where it is when its keeper is reached.
    pub(super) fn place(&self) -> Place {
        match &self.host {
            None => Place::Here,
            Some(host) => Place::There(host.clone()),
        }
    }
}

/// What is known here of the streams of the keeper at this address.
pub(super) fn seen(core: &Core, address: &KeeperAddress) -> Seen {
    let wire = core.panes.values().find(|w| w.life == address.life && w.epoch == address.epoch);
    wire.map(|w| w.stream.seen()).unwrap_or_default()
}

/// A pane of an earlier server, not yet reached.
pub(super) fn known(core: &mut Core, pane: PaneId, life: LifeId, epoch: Epoch, host: Option<HostName>) {
    core.panes.insert(pane, PaneWire::new(life, epoch, host));
}

/// Longest that a server which ends waits for its keepers to have heard everything.
const SETTLE: Duration = Duration::from_secs(5);

/// Waits until every keeper that was being started has begun, or has been told that nobody wants it any more, and
/// until all has been said to those that run: one that is left behind would keep a shell nobody knows of.
pub(super) async fn settle(server: &Rc<Server>) {
    let begun = async {
        while server.starting.get() > 0 {
            server.started.notified().await;
        }
        let outs = server.core.borrow().links.outboxes();
        emptied(&outs).await;
    };
    let _ = tokio::time::timeout(SETTLE, begun).await;
}

/// A pane that a task is at work on.
pub(super) fn on_its_way(core: &Core) -> Option<PaneId> {
    let on_its_way = |w: &PaneWire| w.busy || w.moving.is_some() || (w.link.is_none() && w.host.is_none());
    core.panes.iter().find(|(_, w)| on_its_way(w)).map(|(id, _)| *id)
}

/// `Effect::Spawn`.
pub(super) fn spawn(server: &Rc<Server>, pane: PaneId, spec: SpawnSpec) {
    let server = server.clone();
    let life = LifeId::from_random(hosts::random());
    server.starting.set(server.starting.get() + 1);
    spawn_local(async move {
        let outcome = try_spawn(&server, pane, life, spec).await;
        server.starting.set(server.starting.get() - 1);
        server.started.notify_one();
        // A pane that was started once more meanwhile has nothing to do with this life.
        let again = server.core.borrow().panes.get(&pane).is_some_and(|wire| wire.life != life);
        if let Err(error) = outcome
            && !again
        {
            server.core.borrow_mut().panes.remove(&pane);
            server.event(Event::SpawnFailed { pane, error });
        }
    });
}

async fn try_spawn(server: &Rc<Server>, pane: PaneId, life: LifeId, spec: SpawnSpec) -> Result<(), String> {
    let mut chosen = None;
    let host = match spec.host {
        HostChoice::Here => None,
        HostChoice::Host(host) if host.0 == "." || host == server.runtime.host() => None,
        HostChoice::Host(host) => Some(host),
        HostChoice::Auto => {
            let choice = hosts::choose(server).await;
            let said = choice.as_ref().map(|(_, why)| format!("{why}\n")).map_err(Clone::clone);
            server.core.borrow_mut().chosen.insert(pane, said);
            server.choice_made.notify_waiters();
            let (host, why) = choice.map_err(|f| f.text)?;
            chosen = Some(why);
            host
        }
    };
    let epoch = Epoch::default();
    let mut wire = PaneWire::new(life, epoch, host.clone());
    wire.record = screens::begin(server, life);
    server.core.borrow_mut().panes.insert(pane, wire);
    let remote = host.is_some();
    let address = KeeperAddress { host, life, epoch, new: true };
    let (link, mut from, _, _) = links::open(server, &address).await.map_err(|f| f.text)?;
    let argv = shell_words(spec.argv, &spec.shell);
    let order = PaneSpec {
        argv,
        cwd: spec.cwd,
        env: spec.env.into_iter().map(|(k, v)| (k, Some(v))).collect(),
        // Elsewhere the program gets that host's environment with the pane's own variables on top.
        clear_env: !remote,
        size: spec.size,
    };
    server.core.borrow_mut().links.say(link, &ToKeeper::Spawn(order));
    while let Some(said) = from.recv().await {
        match said {
            FromLink::Said(message, fd) => match *message {
                FromKeeper::Welcome(welcome) => {
                    let mut core = server.core.borrow_mut();
                    if core.panes.get(&pane).is_none_or(|wire| wire.life != life) {
                        // Killed while it was being started; a respawned pane has another life by now.
                        send_away(&mut core.links, link);
                        return Ok(());
                    }
                    drop(core);
                    take_over(server, pane, link, welcome, fd);
                    // What came right behind the welcome (a program that ended at once) was still for us.
                    while let Ok(FromLink::Said(message, fd)) = from.try_recv() {
                        self::said(server, pane, link, *message, fd);
                    }
                    if let Some(text) = chosen {
                        server.event(Event::Notice { pane: Some(pane), text, error: false });
                    }
                    return Ok(());
                }
                FromKeeper::SpawnFailed { error } => {
                    server.core.borrow_mut().links.close(link);
                    return Err(error);
                }
                _ => {}
            },
            FromLink::Cut(why) => {
                let died = || "the pane's keeper died".to_string();
                return Err(why.map_or_else(died, |w| hosts::failure(server, &w).text));
            }
        }
    }
    Err("the pane's keeper died".into())
}

/// A keeper whose pane nobody wants any more ends with it.
fn send_away(links: &mut links::Links, link: LinkId) {
    links.say(link, &ToKeeper::Kill { grace_ms: 1000 });
    links.say(link, &ToKeeper::ExitSeen);
    links.unlisten(link);
}

/// tmux's rule: one word is for the shell, more are a program and its arguments, none is a login shell.
fn shell_words(argv: Vec<String>, shell: &str) -> Vec<String> {
    match <[String; 1]>::try_from(argv) {
        Ok([word]) => vec![shell.to_string(), "-c".into(), word],
        Err(argv) => argv,
    }
}

/// The pane lives behind this link now: sets its wires, and tells `Mux`.
pub(super) fn take_over(
    server: &Rc<Server>,
    pane: PaneId,
    link: LinkId,
    welcome: Welcome,
    master: Option<OwnedFd>,
) {
    let (started, place, size, early) = {
        let mut core = server.core.borrow_mut();
        let Core { panes, links, .. } = &mut *core;
        let Some(wire) = panes.get_mut(&pane) else {
            // Killed while its keeper was being reached.
            return send_away(links, link);
        };
        if let Some(local) = wire.local.take() {
            retire(&local);
        }
        if let Some(old) = wire.link.replace(link)
            && old != link
        {
            links.close(old);
        }
        let early = links.give(link, pane);
        links.unlisten(link);
        for message in wire.stream.begin(welcome.mark, welcome.ring.len()) {
            links.say(link, &message);
        }
        wire.pid = welcome.pid;
        wire.tty = welcome.tty.clone();
        wire.stale = true;
        wire.local = master.and_then(|fd| Local::start(server, pane, fd));
        let started =
            Event::PaneStarted { pane, pid: welcome.pid, tty: welcome.tty.clone(), life: wire.life };
        (started, wire.place(), wire.size, early)
    };
    // The ring is older than anything the master gives us.
    if !welcome.ring.is_empty() {
        got_output(server, pane, &welcome.ring);
    }
    server.event(started);
    return_input(&mut server.core.borrow_mut(), pane);
    server.event(Event::PanePlace { pane, place });
    if let Some(size) = size
        && size != welcome.size
    {
        resize(&mut server.core.borrow_mut(), pane, size);
    }
    if let Some(status) = welcome.exited {
        exited(server, pane, link, status);
    }
    for message in early {
        said(server, pane, link, message, None);
    }
    server.info_wanted.notify_one();
}

impl Local {
    fn start(server: &Rc<Server>, pane: PaneId, fd: OwnedFd) -> Option<Rc<Local>> {
        use nix::fcntl::{FcntlArg, OFlag, fcntl};
        // The keeper's descriptor shares these flags; it is written for a non-blocking master.
        let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL).ok()?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).ok()?;
        let master = Rc::new(crate::sys::pollable::readable(fd).ok()?);
        let out = Outbox::new(Sink::Master(master.clone()));
        spawn_local(drain(out.clone()));
        let local = Rc::new(Local { master, out, state: Cell::new(Reading::On), wake: Notify::new() });
        spawn_local(read_master(server.clone(), pane, local.clone()));
        Some(local)
    }
}

/// No more reading or writing: the pane is elsewhere or dead.
fn retire(local: &Local) {
    local.state.set(Reading::Over);
    local.wake.notify_one();
    local.out.close();
}

async fn read_master(server: Rc<Server>, pane: PaneId, local: Rc<Local>) {
    loop {
        match local.state.get() {
            Reading::On => {}
            Reading::Held => {
                local.wake.notified().await;
                continue;
            }
            Reading::Over => return,
        }
        let mut ready = tokio::select! {
            biased;
            () = local.wake.notified() => continue,
            ready = local.master.readable() => match ready {
                Ok(ready) => ready,
                Err(_) => return,
            },
        };
        let end = {
            let mut buffer = server.buffer.borrow_mut();
            let (n, end) = read_all(local.master.get_ref(), &mut buffer);
            if matches!(end, ReadEnd::Empty | ReadEnd::Little) {
                ready.clear_ready();
            }
            if n > 0 {
                got_output(&server, pane, &buffer[..n]);
            }
            end
        };
        match end {
            ReadEnd::Empty | ReadEnd::Little => {}
            ReadEnd::Full => make_way(&server).await,
            ReadEnd::Closed => return,
            // EIO: nobody has the terminal open just now. The keeper says when the pane has ended.
            ReadEnd::Broken => {
                drop(ready);
                let _ = tokio::time::timeout(Duration::from_millis(20), local.wake.notified()).await;
            }
        }
    }
}

/// Between two full buffers of a flood: lets the others have their turn, and while somebody types the processors,
/// too. The driver of the terminal, the shell and whoever draws have to run for an echo, and would wait behind the
/// flood; it goes on at some 50 MB/s.
async fn make_way(server: &Server) {
    match server.typed.get() {
        Some(at) if at.elapsed() < TYPING => tokio::time::sleep(Duration::from_millis(1)).await,
        _ => tokio::task::yield_now().await,
    }
}

/// Why [`read_all`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadEnd {
    /// There is nothing more now.
    Empty,
    /// It was little, and all there was: what comes later makes the terminal readable anew, as for keys
    /// (`tty::read_keys`).
    Little,
    /// The buffer is full.
    Full,
    Closed,
    Broken,
}

/// Less than this at once is an echo or a prompt and not part of a flood, in bytes.
const LITTLE: usize = 1024;

/// Fills `buffer` as far as there is output: the kernel gives at most 4 KiB of a terminal at a time, and
/// what is done once for each event is worth more than that. Little is given at once, without the
/// read that finds nothing more: somebody who types waits for it.
fn read_all(master: &OwnedFd, buffer: &mut [u8]) -> (usize, ReadEnd) {
    let mut n = 0;
    while n < buffer.len() {
        match nix::unistd::read(master, &mut buffer[n..]) {
            Ok(0) => return (n, ReadEnd::Closed),
            Ok(more) if n == 0 && more < LITTLE => return (more, ReadEnd::Little),
            Ok(more) => n += more,
            Err(nix::Error::EAGAIN) => return (n, ReadEnd::Empty),
            Err(nix::Error::EINTR) => {}
            Err(_) => return (n, ReadEnd::Broken),
        }
    }
    (n, ReadEnd::Full)
}

fn got_output(server: &Rc<Server>, pane: PaneId, bytes: &[u8]) {
    if let Some(wire) = server.core.borrow_mut().panes.get_mut(&pane) {
        wire.stale = true;
    }
    server.info_wanted.notify_one();
    server.event(Event::PaneOutput { pane, bytes });
    // After it is drawn: a file takes longer than an echo should.
    screens::output(server, pane, bytes);
}

/// `Effect::Write`.
pub(super) fn write(core: &mut Core, pane: PaneId, bytes: Vec<u8>) {
    let Some(wire) = core.panes.get_mut(&pane) else { return };
    wire.stale = true;
    match (&wire.local, wire.link) {
        (Some(local), _) => drop(local.out.push(&bytes)),
        (None, Some(link)) => {
            for message in wire.stream.send(&bytes).unwrap_or_default() {
                core.links.say(link, &message);
            }
        }
        // Out of reach just now: it goes first when the pane is back.
        (None, None) => {
            if wire.input_back.len() + bytes.len() <= INPUT_BACK_MAX {
                wire.input_back.extend_from_slice(&bytes);
            }
        }
    }
}

/// `Effect::Resize`.
pub(super) fn resize(core: &mut Core, pane: PaneId, size: Size) {
    let Some(wire) = core.panes.get_mut(&pane) else { return };
    wire.size = Some(size);
    if let Some(link) = wire.link {
        core.links.say(link, &ToKeeper::Resize(size));
    }
}

/// `Effect::Kill`.
pub(super) fn kill(server: &Server, core: &mut Core, pane: PaneId) {
    let Some(wire) = core.panes.remove(&pane) else { return };
    screens::forget(server, wire.life, &wire.record);
    if let Some(local) = &wire.local {
        retire(local);
    }
    if let Some(link) = wire.link {
        core.links.say(link, &ToKeeper::Kill { grace_ms: 3000 });
        core.links.say(link, &ToKeeper::ExitSeen);
        if let Some(l) = core.links.get(link) {
            // The stream stays open until the keeper has read this and ends.
            l.pane = None;
        }
    }
}

/// A keeper says something that is its pane's.
pub(super) fn said(
    server: &Rc<Server>,
    pane: PaneId,
    link: LinkId,
    message: FromKeeper,
    master: Option<OwnedFd>,
) {
    match message {
        FromKeeper::Output(bytes) => {
            {
                let mut core = server.core.borrow_mut();
                let word = core.panes.get_mut(&pane).and_then(|w| w.stream.got(bytes.len()));
                if let Some(word) = word {
                    core.links.say(link, &word);
                }
            }
            got_output(server, pane, &bytes);
        }
        FromKeeper::InputTaken { upto } => {
            if let Some(wire) = server.core.borrow_mut().panes.get_mut(&pane) {
                wire.stream.taken(upto);
            }
        }
        FromKeeper::Exited(status) => exited(server, pane, link, status),
        FromKeeper::Info(info) => server.event(Event::PaneInfo { pane, info: info_for_mux(info) }),
        FromKeeper::Hold { move_id } => hold(server, pane, link, move_id),
        FromKeeper::Resumed { .. } => resumed(server, pane),
        FromKeeper::Welcome(welcome) => take_over(server, pane, link, welcome, master),
        FromKeeper::InputBack(bytes) => {
            if let Some(wire) = server.core.borrow_mut().panes.get_mut(&pane) {
                wire.input_back.extend_from_slice(&bytes);
            }
        }
        FromKeeper::Report(report) => super::moves::late_report(server, pane, link, &report),
        FromKeeper::SpawnFailed { .. }
        | FromKeeper::Migration { .. }
        | FromKeeper::Verdict(_)
        | FromKeeper::Progress { .. }
        | FromKeeper::Checkpointed { .. }
        | FromKeeper::Restored { .. }
        | FromKeeper::Failed(_)
        | FromKeeper::Bye { .. } => {}
    }
}

fn hold(server: &Rc<Server>, pane: PaneId, link: LinkId, move_id: MoveId) {
    let to = {
        let mut core = server.core.borrow_mut();
        let Some(wire) = core.panes.get_mut(&pane) else { return };
        if let Some(local) = &wire.local {
            local.state.set(Reading::Held);
            local.wake.notify_one();
            // What the kernel has taken the keeper drains; what it has not taken yet waits for the pane's
            // return, before anything typed from now on.
            let untaken = local.out.take_waiting();
            wire.input_back.extend(untaken);
        }
        wire.moving.as_ref().map(|(_, to)| to.clone().unwrap_or_else(|| server.runtime.host()))
    };
    // Keys wait in Mux from here.
    server.event(Event::PanePlace { pane, place: Place::Leaving(move_id, to) });
    server.core.borrow().links.say(link, &ToKeeper::Held);
}

fn resumed(server: &Rc<Server>, pane: PaneId) {
    let place = {
        let core = server.core.borrow();
        let Some(wire) = core.panes.get(&pane) else { return };
        if let Some(local) = &wire.local {
            local.state.set(Reading::On);
            local.wake.notify_one();
        }
        wire.place()
    };
    return_input(&mut server.core.borrow_mut(), pane);
    server.event(Event::PanePlace { pane, place });
}

/// Writes what a keeper gave back, before anything that was typed later.
fn return_input(core: &mut Core, pane: PaneId) {
    let back = core.panes.get_mut(&pane).map(|w| std::mem::take(&mut w.input_back)).unwrap_or_default();
    if !back.is_empty() {
        write(core, pane, back);
    }
}

/// The pane's first process has ended: what it still wrote comes first.
fn exited(server: &Rc<Server>, pane: PaneId, link: LinkId, status: ExitStatus) {
    let local = server.core.borrow().panes.get(&pane).and_then(|w| w.local.clone());
    if let Some(local) = local {
        let mut buffer = vec![0; READ_MAX];
        // Bounded: a child left behind may go on writing.
        for _ in 0..64 {
            match nix::unistd::read(local.master.get_ref(), &mut buffer) {
                Ok(n) if n > 0 => got_output(server, pane, &buffer[..n]),
                _ => break,
            }
        }
        retire(&local);
    }
    {
        let mut core = server.core.borrow_mut();
        core.links.say(link, &ToKeeper::ExitSeen);
        if let Some(l) = core.links.get(link) {
            l.pane = None;
        }
        if let Some(wire) = core.panes.remove(&pane) {
            screens::forget(server, wire.life, &wire.record);
        }
    }
    server.event(Event::PaneExited { pane, status });
}

/// The link of a pane has gone without a word: its keeper may live.
pub(super) fn link_lost(server: &Rc<Server>, pane: PaneId, link: LinkId) {
    {
        let mut core = server.core.borrow_mut();
        let Some(wire) = core.panes.get_mut(&pane) else { return };
        if wire.link != Some(link) {
            return;
        }
        wire.link = None;
    }
    reconnect(server, pane);
}

/// Tries to reach a pane's keeper until it answers or is known to be dead.
pub(super) fn reconnect(server: &Rc<Server>, pane: PaneId) -> Option<JoinHandle<()>> {
    let host = match server.core.borrow().panes.get(&pane) {
        Some(wire) => wire.host.clone(),
        None => return None,
    };
    if let Some(host) = host {
        server.event(Event::PanePlace { pane, place: Place::Reconnecting(host) });
    }
    let server = server.clone();
    Some(spawn_local(async move {
        let mut waits = RETRY_MS.iter().copied();
        let mut wait_ms = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            wait_ms = waits.next().unwrap_or(10_000);
            let address = match server.core.borrow().panes.get(&pane) {
                Some(w) if w.link.is_none() && !w.busy => {
                    KeeperAddress { host: w.host.clone(), life: w.life, epoch: w.epoch, new: false }
                }
                _ => return,
            };
            match links::open(&server, &address).await {
                Ok((link, _, welcome, master)) => return arrived(&server, pane, link, welcome, master),
                // Here, a keeper that does not answer is dead, and its pane with it; elsewhere only the
                // other host itself can say so.
                Err(failure) if address.host.is_none() || failure.code == "no-keeper" => {
                    // It left while no server was there: the other end of its move has it.
                    if follow(&mut server.core.borrow_mut(), pane) {
                        continue;
                    }
                    return lost(&server, pane);
                }
                Err(_) => {}
            }
        }
    }))
}

fn arrived(server: &Rc<Server>, pane: PaneId, link: LinkId, welcome: Welcome, master: Option<OwnedFd>) {
    match welcome.state {
        KeeperState::Running | KeeperState::Exited(_) => take_over(server, pane, link, welcome, master),
        KeeperState::Held(id) | KeeperState::Arriving(id) | KeeperState::Undecided(id) => {
            super::moves::resume(server, pane, link, id, welcome);
        }
        KeeperState::Empty | KeeperState::Gone => {
            let left = {
                let mut core = server.core.borrow_mut();
                core.links.close(link);
                follow(&mut core, pane)
            };
            // It left while no server was there: the other end of its move has it.
            if left {
                reconnect(server, pane);
            } else {
                lost(server, pane);
            }
        }
    }
}

/// The pane is at the other end of its move now, if it was on one.
fn follow(core: &mut Core, pane: PaneId) -> bool {
    let moving = core.panes.get_mut(&pane).and_then(|w| Some((w.moving.take()?, w)));
    let Some(((_, to), wire)) = moving else { return false };
    wire.host = to;
    wire.epoch = wire.epoch.next();
    true
}

/// The pane's keeper is dead, and with it the pane.
pub(super) fn lost(server: &Rc<Server>, pane: PaneId) {
    if let Some(local) = server.core.borrow_mut().panes.remove(&pane).and_then(|w| w.local) {
        retire(&local);
    }
    server.event(Event::PaneExited { pane, status: ExitStatus::Signal(9) });
}

/// The wire's words in `Mux`'s.
fn info_for_mux(info: crate::protocol::keeper::PaneInfo) -> crate::mux::PaneInfo {
    let crate::protocol::keeper::PaneInfo { command, path, pid, tty } = info;
    crate::mux::PaneInfo { command, path, pid, tty }
}

/// Which panes [`refresh_info`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that have been busy since they were looked at.
    Busy,
    /// All: somebody asks, and a program may have started or changed its directory without a sound.
    All,
}

/// Looks at the foreground program of panes on this host.
pub(super) fn refresh_info(server: &Rc<Server>, which: Which) {
    let mut found = Vec::new();
    {
        let mut core = server.core.borrow_mut();
        for (pane, wire) in core.panes.iter_mut().filter(|(_, w)| w.stale || which == Which::All) {
            wire.stale = false;
            // Elsewhere the keeper tells of changes by itself.
            if let Some(local) = &wire.local {
                let master = local.master.get_ref().as_fd();
                found.push((*pane, keeper::info::of(master, wire.pid, &wire.tty)));
            }
        }
    }
    for (pane, info) in found {
        server.event(Event::PaneInfo { pane, info: info_for_mux(info) });
    }
}

/// Keeps names of windows and `pane_current_command` true while panes are busy; idle panes cost nothing.
pub(super) async fn watch_info(server: Rc<Server>) {
    loop {
        server.info_wanted.notified().await;
        tokio::time::sleep(INFO_INTERVAL).await;
        refresh_info(&server, Which::Busy);
    }
}
