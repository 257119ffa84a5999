//! The destination's side: from `MoveIn` to a living pane, or to an empty keeper again.

use super::consider::Here;
use super::journal::JournalFile;
use super::kept::KeptImage;
use super::precopy::Offered;
use super::worker::{Command, Event, Worker};
use super::{Kind, WINDOW, Work, fate_of, root_of, trouble};
use crate::checkpoint::RestoredRoot;
use crate::checkpoint::store::FileStore;
use crate::ids::{HostName, MoveId};
use crate::keeper::daemon::Keeper;
use crate::keeper::pane::{Pane, Root as PaneRoot, kill_tree, tty_name, wait_dead};
use crate::migration::{
    Destination, DestinationCommand, DestinationInput, DestinationOutput, Fate, Record, Root,
};
use crate::protocol::Bytes;
use crate::protocol::keeper::{FromKeeper, MoveOutcome, MoveReport, Trouble};
use crate::protocol::migration::{Message, Part};
use crate::pty::Pty;
use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

/// Bytes a source may have on their way beyond what it was given credit for; more is no qmux.
const PATIENCE_BYTES: u64 = 4 * WINDOW;

/// A pane on its way in.
pub(super) struct Arriving {
    pub machine: Destination,
    pub journal: JournalFile,
    title: String,
    offered: Offered,
    /// Where the bytes of the present part go.
    input: Option<Sender<Bytes>>,
    on_their_way: u64,
    /// The machine has asked for the copy.
    wanted: bool,
    copy: Option<Copy>,
    /// The image in a file, while it may be needed again.
    kept: Option<KeptImage>,
    /// The copy built from what came over the link is lost: the next is built from the file.
    again: bool,
}

struct Copy {
    pid: i32,
    master: OwnedFd,
}

impl Keeper {
    pub(super) fn move_in(&mut self, move_id: MoveId, from: &HostName) {
        let busy = self.pane.is_some() || self.work.is_some();
        let started = match busy {
            true => Err(trouble(5, "not-empty", "The keeper there is not empty")),
            false => Worker::start(self.engines, "native", self.faults.clone()),
        };
        match started {
            Ok(worker) => {
                let kept = KeptImage::new(self.life, self.epoch, move_id);
                let here = self.runtime.host();
                let machine = Destination::new(self.now_ms(), move_id, self.life, here, kept.is_some());
                self.idle_since = None;
                self.last_report = None;
                self.work = Some(Work::new(move_id, Some(worker), self.arriving(machine, kept)));
            }
            Err(why) => {
                self.say_to_peer(move_id, &Message::Refuse(why.clone()));
                self.send(&FromKeeper::Report(MoveReport {
                    move_id,
                    outcome: MoveOutcome::Refused(why),
                    frozen_us: 0,
                    total_us: 0,
                    bytes: 0,
                    phase: format!("arriving from {from}"),
                    notes: Vec::new(),
                }));
            }
        }
    }

    fn arriving(&self, machine: Destination, kept: Option<KeptImage>) -> Kind {
        Kind::Arrive(Box::new(Arriving {
            machine,
            journal: JournalFile::new(self.runtime.journal(self.life, self.epoch)),
            title: String::new(),
            offered: Offered::new(),
            input: None,
            on_their_way: 0,
            wanted: false,
            copy: None,
            kept,
            again: false,
        }))
    }

    pub(super) fn on_arrive_event(&mut self, work: &mut Work, event: Event) {
        let Kind::Arrive(arriving) = &mut work.kind else { return };
        match event {
            Event::Considered(accept) => self.drive_arrive(work, DestinationInput::Considered(accept)),
            Event::Consumed(bytes) => {
                arriving.on_their_way = arriving.on_their_way.saturating_sub(bytes);
                self.say_to_peer(work.move_id, &Message::Credit { bytes });
            }
            Event::Restored { pid, master, image, .. } => {
                if let Some((_, title)) = image {
                    arriving.title = title;
                }
                // Before it runs: a keeper killed just after must not take the only terminal with it.
                self.standby.will_have(pid, &arriving.title, master.as_fd());
                arriving.copy = Some(Copy { pid, master });
                if arriving.wanted {
                    self.drive_arrive(work, DestinationInput::Restored(root_of(pid)));
                }
            }
            Event::Resumed(root) => self.arrived(work, root),
            Event::Failed(why) => self.drive_arrive(work, DestinationInput::EngineFailed(why)),
            Event::Received
            | Event::Assessed(_)
            | Event::DataEnd
            | Event::Data
            | Event::Frozen
            | Event::Written
            | Event::Saved { .. }
            | Event::Sealed
            | Event::Ended(_)
            | Event::Done => {}
        }
    }

    /// The copy runs: it is this keeper's pane from now on.
    fn arrived(&mut self, work: &mut Work, root: RestoredRoot) {
        let Kind::Arrive(arriving) = &mut work.kind else { return };
        let title = std::mem::take(&mut arriving.title);
        let Some(copy) = arriving.copy.take() else { return };
        work.guarded = false;
        if let Err(why) = self.fill_restored(copy.master, root, title) {
            // It runs and cannot be reached: nobody must believe it is gone.
            eprintln!("qmux keeper {}: {}", self.life, why.cause);
        }
        self.faults.dies("destination.running");
        self.pass_cut(work, "destination.running");
        self.drive_arrive(work, DestinationInput::Resumed);
    }

    /// A restored tree has come to life in this keeper.
    pub(super) fn fill_restored(
        &mut self,
        master: OwnedFd,
        root: RestoredRoot,
        title: String,
    ) -> Result<(), Trouble> {
        let tty = tty_name(master.as_fd());
        let pty = Pty::adopt(master, tty).map_err(|e| trouble(1, "terminal", e.to_string()))?;
        let pane = Pane::new(pty, root.pid, PaneRoot::Restored(root.exit), title);
        self.fill(pane);
        Ok(())
    }

    /// Tells the machine and does what it says.
    pub(super) fn drive_arrive(&mut self, work: &mut Work, input: DestinationInput) {
        let now = self.now_ms();
        let Kind::Arrive(arriving) = &mut work.kind else { return };
        if let DestinationInput::Peer(Message::Offer(offer)) = &input {
            arriving.title = offer.title.clone();
            arriving.offered = offer.mapped.iter().map(|f| (f.hash, f.clone())).collect();
        }
        let outputs = arriving.machine.handle(now, input);
        self.do_arrive(work, outputs);
    }

    fn do_arrive(&mut self, work: &mut Work, outputs: Vec<DestinationOutput>) {
        let mut outputs = VecDeque::from(outputs);
        while let Some(output) = outputs.pop_front() {
            let more = match output {
                DestinationOutput::Send(message) => {
                    self.say_to_peer(work.move_id, &message);
                    None
                }
                DestinationOutput::Journal(record) => self.write_destination(work, &record),
                DestinationOutput::Engine(command) => self.command_destination(work, command),
                DestinationOutput::Report(report) => {
                    let mut said = report.to_wire();
                    said.total_us = work.started.elapsed().as_micros() as u64;
                    self.tell_report(said);
                    None
                }
            };
            if let Some(input) = more {
                // What was to follow must not follow; the machine says what follows instead.
                outputs.clear();
                let now = self.now_ms();
                if let Kind::Arrive(arriving) = &mut work.kind {
                    outputs.extend(arriving.machine.handle(now, input));
                }
            }
        }
        if let Kind::Arrive(arriving) = &mut work.kind
            && arriving.machine.has_arrived()
        {
            arriving.forget_image();
        }
    }

    /// Writes a record; what the machine is to hear if that fails.
    fn write_destination(&mut self, work: &mut Work, record: &Record) -> Option<DestinationInput> {
        let point = match record {
            Record::Ready { .. } => "destination.ready",
            Record::Committed { .. } => "destination.committed",
            _ => "",
        };
        self.pass_cut(work, point);
        let Kind::Arrive(arriving) = &mut work.kind else { return None };
        let mut failed = self.faults.fails(point);
        if failed.is_none()
            && let Err(error) = arriving.journal.append(work.move_id, record)
        {
            failed = Some(trouble(3, "journal", format!("The journal there cannot be written: {error}")));
        }
        let why = failed?;
        match record {
            Record::Ready { .. } => Some(DestinationInput::JournalFailed(record.clone(), why)),
            Record::Receive { .. } => Some(DestinationInput::StoreFailed(why)),
            Record::Committed { .. } => Some(DestinationInput::EngineFailed(why)),
            _ => {
                eprintln!("qmux keeper {}: {}", self.life, why.cause);
                None
            }
        }
    }

    fn command_destination(
        &mut self,
        work: &mut Work,
        command: DestinationCommand,
    ) -> Option<DestinationInput> {
        match command {
            DestinationCommand::Consider(offer) => {
                let cache = cache_dir(&self.runtime.dir());
                let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
                let here = Here {
                    life: self.life,
                    epoch: self.epoch,
                    host: self.runtime.host(),
                    user: user.map(|u| u.name).unwrap_or_default(),
                    cache,
                };
                self.pass_cut(work, "destination.consider");
                work.begin(Command::Consider { offer, here: Box::new(here) });
            }
            DestinationCommand::Store { part, bytes } => return self.store(work, part, bytes),
            DestinationCommand::StoreEnd(part) => {
                if let Err(why) = self.open_input(work, part) {
                    return Some(DestinationInput::StoreFailed(why));
                }
                if let Kind::Arrive(arriving) = &mut work.kind {
                    arriving.input = None;
                    if part == Part::Image {
                        arriving.keep(KeptImage::finish);
                    }
                }
            }
            DestinationCommand::Restore => {
                let Kind::Arrive(arriving) = &mut work.kind else { return None };
                arriving.wanted = true;
                if std::mem::take(&mut arriving.again) {
                    let files = arriving.kept.as_ref().and_then(KeptImage::whole);
                    let Some((path, ahead)) = files else {
                        let why = trouble(4, "no-image", "The image that was kept there is gone");
                        return Some(DestinationInput::EngineFailed(why));
                    };
                    let cache = cache_dir(&self.runtime.dir());
                    work.guarded = true;
                    work.begin(Command::RestoreFile { path, ahead, cache, clone: true });
                    return None;
                }
                // It was begun with the first byte of the image.
                if let Some(copy) = &arriving.copy {
                    return Some(DestinationInput::Restored(root_of(copy.pid)));
                }
            }
            DestinationCommand::Resume { .. } => {
                self.faults.dies("destination.resume");
                self.pass_cut(work, "destination.resume");
                // The screen is the server's, which has it all the time.
                work.begin(Command::Resume { redraw: false });
            }
            DestinationCommand::KillCopy | DestinationCommand::Discard { .. } => {
                let Kind::Arrive(arriving) = &mut work.kind else { return None };
                arriving.again = true;
                if matches!(command, DestinationCommand::Discard { keep_image: false }) {
                    arriving.forget_image();
                }
                (arriving.input, arriving.copy, arriving.wanted) = (None, None, false);
                self.standby.has_none();
                if let Err(why) = work.finish(Command::Discard) {
                    eprintln!("qmux keeper {}: {}", self.life, why.cause);
                }
                work.guarded = false;
                if let Some(root) = self.left_root.take() {
                    kill_tree(root);
                    wait_dead(root);
                }
            }
        }
        None
    }

    fn store(&mut self, work: &mut Work, part: Part, bytes: Bytes) -> Option<DestinationInput> {
        let length = bytes.len() as u64;
        if let Err(why) = self.open_input(work, part) {
            return Some(DestinationInput::StoreFailed(why));
        }
        if let Some(why) = self.faults.fails("destination.store") {
            return Some(DestinationInput::StoreFailed(why));
        }
        let Kind::Arrive(arriving) = &mut work.kind else { return None };
        arriving.on_their_way += length;
        if arriving.on_their_way > PATIENCE_BYTES {
            return Some(DestinationInput::StoreFailed(trouble(
                6,
                "flood",
                "More came than there was credit for",
            )));
        }
        arriving.keep(|kept| kept.add(part, &bytes));
        if let Some(input) = &arriving.input {
            // The engine has given up: its event says why.
            let _ = input.send(bytes);
        }
        self.count_cut(work, length);
        None
    }

    /// Begins what takes the bytes of a part in, if it has not begun.
    fn open_input(&mut self, work: &mut Work, part: Part) -> Result<(), Trouble> {
        let Kind::Arrive(arriving) = &mut work.kind else { return Ok(()) };
        if arriving.input.is_some() {
            return Ok(());
        }
        let (sender, input) = channel();
        arriving.input = Some(sender);
        let cache = cache_dir(&self.runtime.dir());
        let offered = std::mem::take(&mut arriving.offered);
        self.pass_cut(work, "destination.store");
        match part {
            Part::Precopy => {
                work.begin(Command::Receive { input, offered, cache });
            }
            Part::Image => {
                self.pass_cut(work, "destination.restore");
                work.guarded = true;
                work.begin(Command::Restore { input, cache });
            }
        }
        Ok(())
    }

    /// After a crash: the destination of the journal's move, if it is one.
    pub(super) fn take_up_arrive(&mut self, move_id: MoveId, records: &[Record]) {
        let root: Option<Root> = records.iter().rev().find_map(|r| match r {
            Record::Ready { root } => Some(*root),
            _ => None,
        });
        let fate = root.as_ref().map_or(Fate::Dead, fate_of);
        let kept = KeptImage::new(self.life, self.epoch, move_id);
        let whole = kept.as_ref().is_some_and(|k| k.whole().is_some());
        let restarted = Destination::restart(self.now_ms(), move_id, records, fate, whole);
        let Some((machine, outputs)) = restarted else { return };
        self.left_root = root.filter(|_| fate != Fate::Dead).map(|r| r.pid);
        let arrived = machine.has_arrived();
        let worker = match machine.is_over() {
            true => None,
            // Its engine builds the copy anew; without one that fails, and is told.
            false => Worker::start(self.engines, "native", self.faults.clone()).ok(),
        };
        let mut work = Work::new(move_id, worker, self.arriving(machine, kept));
        if let Kind::Arrive(arriving) = &mut work.kind {
            arriving.again = true;
        }
        self.do_arrive(&mut work, outputs);
        if !arrived {
            self.leave_nothing();
        }
        self.put_back(work);
    }
}

impl Arriving {
    /// Does something to the kept image; one that cannot be kept is given up, and the move goes on.
    fn keep(&mut self, act: impl FnOnce(&mut KeptImage) -> std::io::Result<()>) {
        if let Some(kept) = &mut self.kept
            && let Err(error) = act(kept)
        {
            eprintln!("qmux keeper: the image is not kept: {error}");
            self.machine.image_is_not_kept();
            self.forget_image();
        }
    }

    fn forget_image(&mut self) {
        if let Some(mut kept) = self.kept.take() {
            kept.remove();
        }
    }
}

/// Where files that travelled are kept: the usual store, or in the runtime directory when there is no home.
pub(super) fn cache_dir(runtime: &std::path::Path) -> PathBuf {
    FileStore::default_dir()
        .filter(|dir| std::fs::create_dir_all(dir).is_ok())
        .unwrap_or_else(|| runtime.join("files"))
}
