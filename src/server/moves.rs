//! Moves and checkpoints as the server sees them: it opens the way to the other keeper, relays between
//! the two, moves the pane's wires when it has arrived, and tells the user what the keepers report.
//!
//! It decides nothing: which side runs the pane is between the two keepers (`migration`). All it has to
//! do when a link breaks is to bring it back and say so to both.

use super::links::{self, FromLink, KeeperAddress, LinkId};
use super::{Server, dry_run, hosts, leftovers, panes};
use crate::ids::{Epoch, HostName, LifeId, MoveId, PaneId, RequestId};
use crate::migration::report::{self, Names};
use crate::mux::{Event, Failure, Place};
use crate::protocol::keeper::{
    FromKeeper, KeeperState, MoveOptions, MoveOutcome, MoveReport, ToKeeper, Welcome,
};
use crate::vt::Screen;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::spawn_local;
use tokio::time::Instant;

/// How long a broken link of a move is tried again before the user gets his prompt back.
const PATIENCE: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(500);
/// How long the source's last word is waited for once the pane runs at the destination.
const LAST_WORD: Duration = Duration::from_secs(10);
/// Between attempts when nobody waits for the answer any more.
const RETRY_ALONE: Duration = Duration::from_secs(3);
/// How long the report of a keeper that had to be started anew is waited for.
const NEW_KEEPERS_WORD: Duration = Duration::from_secs(3);

/// `move pane|window HOST`.
pub(super) struct Order {
    pub(super) panes: Vec<PaneId>,
    pub(super) host: HostName,
    pub(super) options: MoveOptions,
    pub(super) json: bool,
}

/// One side of a move under way.
struct Side {
    address: KeeperAddress,
    link: Option<LinkId>,
    from: UnboundedReceiver<FromLink>,
}

/// A move under way.
struct Drive {
    pane: PaneId,
    move_id: MoveId,
    label: String,
    source: Side,
    destination: Side,
    /// The pane's wires lead to the destination.
    arrived: bool,
    /// The source's report, when it came before the destination's word.
    report: Option<MoveReport>,
    request: Option<RequestId>,
    /// The source's keeper died and the one started in its place has no pane: until when its report is
    /// waited for.
    keeper_lost: Option<Instant>,
    /// Which side is mended next when both are broken.
    destination_next: bool,
    /// A link (or the server before) broke on the way: the destination may not have heard the end.
    broke: bool,
}

/// Moves the panes one after the other; what cannot go is told, the others go.
pub(super) async fn run(server: &Rc<Server>, request: RequestId, order: Order) -> Result<String, Failure> {
    let to = hosts::resolve(server, &order.host).map_err(|f| if order.json { f.into_json() } else { f })?;
    let options = &order.options;
    let mut said = Vec::new();
    let mut failed: Option<Failure> = None;
    for pane in order.panes {
        let result = if options.dry_run {
            dry_run::run(server, pane, to.clone(), options, order.json).await
        } else {
            move_one(server, request, pane, to.clone(), options, order.json).await
        };
        match result {
            Ok(text) => said.push(text),
            Err(f) => {
                let f = if order.json { f.into_json() } else { f };
                said.push(f.text.clone());
                failed = failed.or(Some(f));
            }
        }
    }
    let text = said.join("\n");
    match failed {
        None => Ok(format!("{text}\n")),
        Some(f) => Err(Failure { text, ..f }),
    }
}

fn no_pane(pane: PaneId) -> Failure {
    Failure::new(2, "no-pane", format!("No pane {pane}. Nothing was moved."))
}

/// `thesis:0.1`.
fn label_of(core: &super::Core, pane: PaneId) -> String {
    core.mux.expand_for_pane("#{session_name}:#{window_index}.#{pane_index}", pane)
}

/// Name of a host as people say it; `None` is this one.
pub(super) fn name_of(server: &Server, host: &Option<HostName>) -> HostName {
    host.clone().unwrap_or_else(|| server.runtime.host())
}

/// The answer to a move, or the question of one, to where the pane is.
pub(super) fn already_there(label: &str, there: &HostName, json: bool) -> String {
    let text = format!("{label} is already on {there}.");
    if json { Failure::new(0, "already-there", text).into_json().text } else { text }
}

pub(super) fn busy(label: &str) -> Failure {
    Failure::new(5, "busy", format!("{label} is already on its way. Nothing was changed."))
}

/// A pane that is not on its way.
pub(super) struct Free {
    pub(super) link: Option<LinkId>,
    /// Where it runs; `None` is this host.
    pub(super) host: Option<HostName>,
    pub(super) life: LifeId,
    pub(super) epoch: Epoch,
    pub(super) label: String,
}

pub(super) fn free_pane(server: &Server, pane: PaneId) -> Result<Free, Failure> {
    let core = server.core.borrow();
    let wire = core.panes.get(&pane).ok_or_else(|| no_pane(pane))?;
    let label = label_of(&core, pane);
    match wire.busy {
        true => Err(busy(&label)),
        false => {
            Ok(Free { link: wire.link, host: wire.host.clone(), life: wire.life, epoch: wire.epoch, label })
        }
    }
}

async fn move_one(
    server: &Rc<Server>,
    request: RequestId,
    pane: PaneId,
    to: Option<HostName>,
    options: &MoveOptions,
    json: bool,
) -> Result<String, Failure> {
    let Free { link, host: from, life, epoch, label } = free_pane(server, pane)?;
    let there = name_of(server, &to);
    if from == to {
        return Ok(already_there(&label, &there, json));
    }
    let here = name_of(server, &from);
    let Some(link) = link else {
        let text = format!("{here}, where {label} runs, cannot be reached just now. Nothing was moved.");
        return Err(Failure::new(4, "unreachable", text));
    };
    let address = |host, epoch, new| KeeperAddress { host, life, epoch, new };
    let destination_address = address(to.clone(), epoch.next(), true);
    let (far, far_from, welcome, _) =
        links::open(server, &destination_address).await.map_err(|f| match f.class {
            2 => Failure { text: format!("{} Nothing was moved.", f.text), ..f },
            _ if from.is_none() => Failure { text: format!("{} {pane} still runs here.", f.text), ..f },
            _ => Failure { text: format!("{} {label} still runs on {here}.", f.text), ..f },
        })?;
    let move_id = MoveId::from_random(hosts::random());
    let near_from = {
        let mut core = server.core.borrow_mut();
        let Some(wire) = core.panes.get_mut(&pane).filter(|_| welcome.state == KeeperState::Empty) else {
            core.links.close(far);
            return Err(no_pane(pane));
        };
        wire.busy = true;
        wire.moving = Some((move_id, to.clone()));
        core.persist.structure_changed();
        pair(&mut core.links, link, far);
        let near_from = core.links.listen(link);
        core.links.say(far, &ToKeeper::MoveIn { move_id, from: here.clone() });
        let order = ToKeeper::MoveOut { move_id, to: there.clone(), options: options.clone() };
        core.links.say(link, &order);
        near_from
    };
    server.persist_wanted.notify_one();
    let drive = Drive {
        pane,
        move_id,
        label,
        source: Side { address: address(from, epoch, false), link: Some(link), from: near_from },
        destination: Side { address: address(to, epoch.next(), false), link: Some(far), from: far_from },
        arrived: false,
        report: None,
        request: Some(request),
        keeper_lost: None,
        destination_next: true,
        broke: false,
    };
    let label = drive.label.clone();
    let (_, result) = drive.until_the_end(server).await;
    let report = result?;
    let names = Names { pane: &label, from: &here.0, to: &there.0 };
    let text = if json { report::to_json(&report, names).to_string() } else { report::text(&report, names) };
    match report.outcome.trouble() {
        None => Ok(text),
        Some(why) => Err(Failure { class: report::exit_code(&report), text, ..Failure::of(why, "") }),
    }
}

/// From now on the two links' keepers speak to each other.
pub(super) fn pair(links: &mut links::Links, a: LinkId, b: LinkId) {
    for (one, other) in [(a, b), (b, a)] {
        if let Some(link) = links.get(one) {
            link.peer = Some(other);
        }
    }
}

/// What wakes a drive.
enum Woken {
    Source(Option<FromLink>),
    Destination(Option<FromLink>),
    Timer,
}

impl Drive {
    /// Relays and waits until the keepers have said how it ended.
    async fn until_the_end(mut self, server: &Rc<Server>) -> (Drive, Result<MoveReport, Failure>) {
        let mut give_up: Option<Instant> = None;
        let mut retry = Instant::now();
        loop {
            // Once it has arrived, the destination's link is the pane's and no longer ours to mend.
            let broken = self.source.link.is_none() || (self.destination.link.is_none() && !self.arrived);
            if self.arrived && self.source.link.is_none() {
                // The source has nothing left to say that would change anything.
                let report = self.bare_report(server);
                return self.ended(server, Ok(report));
            }
            if self.keeper_lost.is_some_and(|by| Instant::now() > by) {
                let failure = self.keeper_died(server);
                return self.ended(server, Err(failure));
            }
            if broken {
                let until = *give_up.get_or_insert(Instant::now() + PATIENCE);
                if Instant::now() > until {
                    let text = self.undecided(server);
                    return self.hand_over(server, Err(Failure::new(7, "undecided", text)));
                }
                if Instant::now() >= retry {
                    self.mend(server).await;
                    retry = Instant::now() + if self.request.is_some() { RETRY } else { RETRY_ALONE };
                    continue;
                }
            } else if !self.arrived {
                give_up = None;
            } else if give_up.is_some_and(|at| Instant::now() > at) {
                let report = self.bare_report(server);
                return self.ended(server, Ok(report));
            }
            let timer = match (broken, give_up) {
                (true, _) => retry,
                (false, Some(at)) => at,
                (false, None) => Instant::now() + Duration::from_secs(3600),
            };
            let timer = self.keeper_lost.map_or(timer, |by| by.min(timer));
            let woken = tokio::select! {
                said = self.source.from.recv(), if self.source.link.is_some() => Woken::Source(said),
                said = self.destination.from.recv(), if self.destination.link.is_some() && !self.arrived => {
                    Woken::Destination(said)
                }
                () = tokio::time::sleep_until(timer) => Woken::Timer,
            };
            match woken {
                Woken::Timer => {}
                Woken::Source(Some(FromLink::Said(message, fd))) => {
                    match self.source_said(server, *message, fd) {
                        // Somebody has to go on bringing the two together.
                        Some(Ok(report)) if matches!(report.outcome, MoveOutcome::Undecided(_)) => {
                            if self.request.is_some() {
                                return self.hand_over(server, Ok(report));
                            }
                        }
                        Some(result) => return self.ended(server, result),
                        None => continue,
                    }
                }
                Woken::Destination(Some(FromLink::Said(message, fd))) => {
                    self.destination_said(server, *message, fd);
                    if self.arrived
                        && let Some(report) = self.report.take()
                    {
                        return self.ended(server, Ok(report));
                    }
                    if self.arrived && give_up.is_none() {
                        give_up = Some(Instant::now() + LAST_WORD);
                    }
                }
                Woken::Source(Some(FromLink::Cut(_)) | None) => {
                    (self.source.link, self.broke) = (None, true);
                    self.tell_of_peer(server, false);
                }
                Woken::Destination(Some(FromLink::Cut(_)) | None) => {
                    (self.destination.link, self.broke) = (None, true);
                    self.tell_of_peer(server, false);
                }
            }
        }
    }

    fn source_said(
        &mut self,
        server: &Rc<Server>,
        message: FromKeeper,
        _fd: Option<OwnedFd>,
    ) -> Option<Result<MoveReport, Failure>> {
        match message {
            FromKeeper::Report(report) if report.move_id == self.move_id => {
                match &report.outcome {
                    // The destination's Welcome is on its way through the other link.
                    MoveOutcome::Moved(_) if !self.arrived => {
                        self.report = Some(report);
                        None
                    }
                    // Not the end: it is settled when the two reach each other, and until then links are mended.
                    MoveOutcome::Undecided(why) if why.code != report::LOST => None,
                    MoveOutcome::Moved(_)
                    | MoveOutcome::Refused(_)
                    | MoveOutcome::Aborted(_)
                    | MoveOutcome::Undecided(_) => Some(Ok(report)),
                }
            }
            FromKeeper::Failed(trouble) => {
                let here = name_of(server, &self.source.address.host);
                Some(Err(Failure::of(&trouble, &format!("{} still runs on {here}.", self.label))))
            }
            FromKeeper::Progress { phase, done, total } => {
                if let Some(request) = self.request {
                    let line = progress_line(&phase, done, total);
                    server.event(Event::Progress { request, line });
                }
                None
            }
            _ => None,
        }
    }

    fn destination_said(&mut self, server: &Rc<Server>, message: FromKeeper, fd: Option<OwnedFd>) {
        if let FromKeeper::Welcome(welcome) = message
            && matches!(welcome.state, KeeperState::Running | KeeperState::Exited(_))
            && let Some(link) = self.destination.link
        {
            self.switch(server, link, welcome, fd);
        }
    }

    /// The pane runs at the destination: its wires go there.
    fn switch(&mut self, server: &Rc<Server>, link: LinkId, welcome: Welcome, fd: Option<OwnedFd>) {
        self.arrived = true;
        {
            let mut core = server.core.borrow_mut();
            if let Some(wire) = core.panes.get_mut(&self.pane) {
                wire.host = self.destination.address.host.clone();
                wire.epoch = self.destination.address.epoch;
                // The source's link stays open until it has said its last word.
                wire.link = None;
            }
            if let Some(old) = self.source.link.and_then(|l| core.links.get(l)) {
                old.pane = None;
            }
            core.persist.structure_changed();
        }
        server.persist_wanted.notify_one();
        panes::take_over(server, self.pane, link, welcome, fd);
    }

    /// Brings a broken link back, and tells both keepers. A keeper that died is started anew: its journal
    /// says what is to be done.
    async fn mend(&mut self, server: &Rc<Server>) {
        let both = self.source.link.is_none() && self.destination.link.is_none();
        let is_destination = if both { self.destination_next } else { self.destination.link.is_none() };
        self.destination_next = !is_destination;
        let side = if is_destination { &mut self.destination } else { &mut self.source };
        side.address.new = true;
        let Ok((link, from, welcome, fd)) = links::open(server, &side.address).await else { return };
        if is_destination {
            (self.destination.link, self.destination.from) = (Some(link), from);
            if matches!(welcome.state, KeeperState::Running | KeeperState::Exited(_)) {
                self.switch(server, link, welcome, fd);
            }
        } else if !self.source_is_back(server, link, from, welcome, fd) {
            return;
        }
        if let (Some(a), Some(b)) = (self.source.link, self.destination.link) {
            pair(&mut server.core.borrow_mut().links, a, b);
            self.tell_of_peer(server, true);
        }
    }

    /// The source answers again; `false` if it has nothing to say any more.
    fn source_is_back(
        &mut self,
        server: &Rc<Server>,
        link: LinkId,
        from: UnboundedReceiver<FromLink>,
        welcome: Welcome,
        fd: Option<OwnedFd>,
    ) -> bool {
        if welcome.state == KeeperState::Gone {
            // It has let the pane go: the destination has it, and is asked next.
            server.core.borrow_mut().links.close(link);
            return false;
        }
        (self.source.link, self.source.from) = (Some(link), from);
        match welcome.state {
            KeeperState::Running | KeeperState::Exited(_) if !self.arrived => {
                let listener = server.core.borrow_mut().links.listener(link);
                panes::take_over(server, self.pane, link, welcome, fd);
                // What the keeper says of the move is still ours to hear.
                server.core.borrow_mut().links.listen_again(link, listener);
            }
            KeeperState::Empty if !self.arrived => {
                self.keeper_lost = Some(Instant::now() + NEW_KEEPERS_WORD);
            }
            _ => {}
        }
        true
    }

    fn keeper_died(&self, server: &Server) -> Failure {
        let here = name_of(server, &self.source.address.host);
        let text =
            format!("The keeper of {} on {here} was killed, and the pane has ended with it.", self.label);
        Failure::new(1, "keeper-died", text)
    }

    fn tell_of_peer(&self, server: &Rc<Server>, connected: bool) {
        let core = server.core.borrow();
        for link in [self.source.link, self.destination.link].into_iter().flatten() {
            core.links.say(link, &ToKeeper::MovePeer { move_id: self.move_id, connected });
        }
    }

    /// The source's report, or what can be said without it.
    fn bare_report(&mut self, server: &Server) -> MoveReport {
        let here = name_of(server, &self.source.address.host);
        self.report.take().unwrap_or_else(|| MoveReport {
            move_id: self.move_id,
            outcome: MoveOutcome::Moved(self.destination.address.epoch),
            frozen_us: 0,
            total_us: 0,
            bytes: 0,
            phase: String::new(),
            notes: vec![format!("{here} has not confirmed it yet.")],
        })
    }

    fn undecided(&self, server: &Server) -> String {
        let there = name_of(server, &self.destination.address.host);
        format!(
            "{there} may have {}. It stays stopped here and is not started twice. `qmux move --resolve`.",
            self.label
        )
    }

    /// Patience is over: the user is told, and a task goes on trying.
    fn hand_over(
        mut self,
        server: &Rc<Server>,
        result: Result<MoveReport, Failure>,
    ) -> (Drive, Result<MoveReport, Failure>) {
        let there = name_of(server, &self.destination.address.host);
        server.event(Event::PanePlace { pane: self.pane, place: Place::Undecided(there) });
        let ghost = self.ghost();
        let going_on = std::mem::replace(&mut self, ghost);
        let server = server.clone();
        spawn_local(async move {
            let mut drive = going_on;
            drive.request = None;
            // Boxed: the future contains itself.
            let _ = Box::pin(drive.until_the_end(&server)).await;
        });
        (self, result)
    }

    /// A drive with no links, to be dropped.
    fn ghost(&self) -> Drive {
        let side = |s: &Side| Side {
            address: KeeperAddress { host: s.address.host.clone(), new: false, ..s.address },
            link: None,
            from: tokio::sync::mpsc::unbounded_channel().1,
        };
        Drive {
            pane: self.pane,
            move_id: self.move_id,
            label: self.label.clone(),
            source: side(&self.source),
            destination: side(&self.destination),
            arrived: self.arrived,
            report: None,
            request: None,
            keeper_lost: None,
            destination_next: true,
            broke: false,
        }
    }

    /// The move is over: links that lead nowhere any more are closed.
    fn ended(
        self,
        server: &Rc<Server>,
        result: Result<MoveReport, Failure>,
    ) -> (Drive, Result<MoveReport, Failure>) {
        let undecided = result.as_ref().is_ok_and(|r| matches!(r.outcome, MoveOutcome::Undecided(_)));
        let dead = self.keeper_lost.is_some() && !self.arrived;
        let result = if dead { Err(self.keeper_died(server)) } else { result };
        let mut core = server.core.borrow_mut();
        let mut unattached = false;
        let super::Core { panes, links, .. } = &mut *core;
        if let Some(wire) = panes.get_mut(&self.pane) {
            wire.busy = undecided;
            if !undecided {
                wire.moving = None;
            }
            // Its link may have broken, and been replaced while the pane was held: by one that is not its own yet.
            wire.link = wire.link.filter(|l| links.get(*l).is_some_and(|l| l.pane.is_some()));
            unattached = !undecided && !dead && wire.link.is_none();
        }
        if unattached && let Some(link) = self.source.link.and_then(|l| core.links.get(l)) {
            // It was joined in the middle of its move: attached to anew, it gives what a pane needs.
            link.pane = None;
        }
        core.persist.structure_changed();
        for link in [self.source.link, self.destination.link].into_iter().flatten() {
            let keeps = core.links.get(link).is_some_and(|l| l.pane.is_some());
            if keeps {
                if let Some(l) = core.links.get(link) {
                    l.peer = None;
                }
                core.links.unlisten(link);
            } else if !undecided {
                core.links.close(link);
            }
        }
        drop(core);
        if !undecided && !dead && !self.arrived && self.broke {
            let address =
                KeeperAddress { host: self.destination.address.host.clone(), ..self.destination.address };
            leftovers::tell(server, self.pane, self.move_id, address);
        }
        if undecided {
            let there = name_of(server, &self.destination.address.host);
            server.event(Event::PanePlace { pane: self.pane, place: Place::Undecided(there) });
        } else if dead {
            panes::lost(server, self.pane);
        } else if unattached {
            panes::reconnect(server, self.pane);
        }
        server.persist_wanted.notify_one();
        (self, result)
    }
}

fn progress_line(phase: &str, done: u64, total: u64) -> String {
    let mib = |n: u64| n as f64 / f64::from(1 << 20);
    if let Some(percent) = (done.min(total) * 100).checked_div(total) {
        format!("{phase} {percent} % ({:.1} of {:.1} MiB)", mib(done), mib(total))
    } else {
        format!("{phase} {:.1} MiB", mib(done))
    }
}

/// Where the pane was going, as the last server wrote it down. `None`: it did not. Then it is a checkpoint,
/// or a move the server died too soon to write down: it is not committed, and its keeper is told to end it.
fn destination_of(server: &Server, pane: PaneId, link: LinkId, move_id: MoveId) -> Option<Option<HostName>> {
    let mut core = server.core.borrow_mut();
    let moving = core.panes.get(&pane).and_then(|w| w.moving.as_ref()).filter(|(id, _)| *id == move_id);
    let to = moving.map(|(_, to)| to.clone());
    if to.is_none() {
        core.links.say(link, &ToKeeper::AbortMove { move_id });
        core.links.close(link);
    }
    to
}

/// A keeper that was in the middle of a move has been found again by a new server.
pub(super) fn resume(server: &Rc<Server>, pane: PaneId, link: LinkId, move_id: MoveId, welcome: Welcome) {
    let server = server.clone();
    spawn_local(async move {
        let Some(to) = destination_of(&server, pane, link, move_id) else {
            tokio::time::sleep(RETRY).await;
            panes::reconnect(&server, pane);
            return;
        };
        let drive = {
            let mut core = server.core.borrow_mut();
            let label = label_of(&core, pane);
            let Some(wire) = core.panes.get_mut(&pane) else { return core.links.close(link) };
            let (life, epoch, from) = (wire.life, welcome.epoch, wire.host.clone());
            wire.busy = true;
            if let Some(l) = core.links.get(link) {
                l.pane = Some(pane);
            }
            let from_source = core.links.listen(link);
            let nothing = tokio::sync::mpsc::unbounded_channel().1;
            let address = |host, epoch| KeeperAddress { host, life, epoch, new: false };
            Drive {
                pane,
                move_id,
                label,
                source: Side { address: address(from, epoch), link: Some(link), from: from_source },
                destination: Side { address: address(to, epoch.next()), link: None, from: nothing },
                arrived: false,
                report: None,
                request: None,
                keeper_lost: None,
                destination_next: true,
                broke: true,
            }
        };
        drive.tell_of_peer(&server, false);
        let _ = drive.until_the_end(&server).await;
    });
}

/// A report that nobody waited for: a restarted keeper has decided.
pub(super) fn late_report(server: &Rc<Server>, pane: PaneId, link: LinkId, report: &MoveReport) {
    match &report.outcome {
        MoveOutcome::Refused(_) | MoveOutcome::Aborted(_) => {
            let place = server.core.borrow().panes.get(&pane).map(panes::PaneWire::place);
            if let Some(place) = place {
                server.event(Event::PanePlace { pane, place });
            }
        }
        MoveOutcome::Moved(_) | MoveOutcome::Undecided(_) => {
            let mut core = server.core.borrow_mut();
            core.links.unlisten(link);
        }
    }
}

/// `move --resolve`: what is known of panes whose move is undecided.
pub(super) fn resolve(server: &Rc<Server>, pane: Option<PaneId>, json: bool) -> Result<String, Failure> {
    let core = server.core.borrow();
    let mut lines = Vec::new();
    for (id, wire) in core.panes.iter().filter(|(id, _)| pane.is_none_or(|p| p == **id)) {
        let Some((move_id, to)) = &wire.moving else { continue };
        let here = name_of(server, &wire.host);
        let there = name_of(server, to);
        let reached = if wire.link.is_some() { "reached" } else { "not reached" };
        if json {
            let value = serde_json::json!({
                "pane": id.to_string(), "move": move_id.to_string(),
                "source": here.0, "destination": there.0, "source_reached": wire.link.is_some(),
            });
            lines.push(value.to_string());
        } else {
            lines.push(format!(
                "{} ({id}): on its way from {here} ({reached}) to {there}; it ends by itself when both \
                 are reached.",
                label_of(&core, *id)
            ));
        }
    }
    if lines.is_empty() && !json {
        lines.push("No move is undecided.".into());
    }
    Ok(lines.join("\n") + "\n")
}

/// `checkpoint pane -o FILE`.
pub(super) async fn checkpoint(
    server: &Rc<Server>,
    pane: PaneId,
    file: String,
    keep_running: bool,
    screen: Vec<u8>,
    json: bool,
) -> Result<String, Failure> {
    let (link, host, label) = {
        let core = server.core.borrow();
        let wire = core.panes.get(&pane).ok_or_else(|| no_pane(pane))?;
        (wire.link, wire.host.clone(), label_of(&core, pane))
    };
    let still = format!("{label} runs on.");
    let Some(link) = link else {
        let text = format!("{label} cannot be reached just now; nothing was written.");
        return Err(Failure::new(4, "unreachable", text));
    };
    let mut from = {
        let mut core = server.core.borrow_mut();
        let from = core.links.listen(link);
        let order = ToKeeper::Checkpoint { path: file.clone(), screen: screen.into(), keep_running };
        core.links.say(link, &order);
        from
    };
    let result = loop {
        match from.recv().await {
            Some(FromLink::Said(message, _)) => match *message {
                FromKeeper::Checkpointed { image, bytes, frozen_us } => break Ok((image, bytes, frozen_us)),
                FromKeeper::Failed(trouble) => break Err(Failure::of(&trouble, &still)),
                _ => {}
            },
            Some(FromLink::Cut(_)) | None => {
                let text = format!("The keeper of {label} is gone; {file} is not complete.");
                break Err(Failure::new(4, "unreachable", text));
            }
        }
    };
    server.core.borrow_mut().links.unlisten(link);
    let (image, bytes, frozen_us) = result?;
    let place = host.map(|h| format!("{h}:")).unwrap_or_default();
    if json {
        let value = serde_json::json!({
            "pane": pane.to_string(), "image": image.to_string(), "file": file, "bytes": bytes,
            "frozen_ms": frozen_us as f64 / 1e3, "keeps_running": keep_running,
        });
        return Ok(format!("{value}\n"));
    }
    let then = if keep_running { "It runs on." } else { "It has ended here." };
    Ok(format!(
        "{label} is in {place}{file} ({:.1} MB, pause {:.2} s). {then}\n",
        bytes as f64 / 1e6,
        frozen_us as f64 / 1e6
    ))
}

/// `restore FILE`.
pub(super) async fn restore(
    server: &Rc<Server>,
    pane: PaneId,
    file: String,
    clone: bool,
    json: bool,
) -> Result<String, Failure> {
    let life = LifeId::from_random(hosts::random());
    let address = KeeperAddress { host: None, life, epoch: Default::default(), new: true };
    let (link, mut from, _, _) = links::open(server, &address).await?;
    {
        let mut core = server.core.borrow_mut();
        panes::known(&mut core, pane, life, Default::default(), None);
        core.links.say(link, &ToKeeper::Restore { path: file.clone(), clone });
    }
    let mut notes = Vec::new();
    let result = loop {
        match from.recv().await {
            Some(FromLink::Said(message, fd)) => match *message {
                FromKeeper::Restored { screen, notes: said, .. } => {
                    notes = said;
                    if let Ok(screen) = Screen::from_snapshot(&screen) {
                        server.core.borrow_mut().mux.set_screen(pane, screen);
                    }
                }
                FromKeeper::Welcome(welcome) => {
                    panes::take_over(server, pane, link, welcome, fd);
                    break Ok(());
                }
                FromKeeper::Failed(trouble) => break Err(Failure::of(&trouble, "Nothing was started.")),
                _ => {}
            },
            Some(FromLink::Cut(why)) => {
                let why = why.map_or("The keeper ended.".into(), |w| hosts::failure(server, &w).text);
                let text = why + " Nothing was started.";
                break Err(Failure::new(6, "image", text));
            }
            None => {
                let text = "The keeper ended. Nothing was started.".into();
                break Err(Failure::new(6, "image", text));
            }
        }
    };
    if let Err(failure) = result {
        let mut core = server.core.borrow_mut();
        core.links.close(link);
        core.panes.remove(&pane);
        return Err(failure);
    }
    server.persist_wanted.notify_one();
    let label = label_of(&server.core.borrow(), pane);
    if json {
        let value = serde_json::json!({ "pane": pane.to_string(), "file": file, "notes": notes });
        return Ok(format!("{value}\n"));
    }
    let mut text = format!("{label} is restored from {file}.\n");
    for note in notes {
        text.push_str(&format!("  {note}\n"));
    }
    Ok(text)
}
