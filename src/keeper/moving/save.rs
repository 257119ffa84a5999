//! A pane into an image file, and out of one.

use super::arrive::cache_dir;
use super::consider::note_of_tier;
use super::files;
use super::worker::{Command, Event, Target, Worker};
use super::{Kind, Work, trouble};
use crate::checkpoint::DumpOptions;
use crate::ids::{ImageId, MoveId};
use crate::keeper::daemon::Keeper;
use crate::protocol::Bytes;
use crate::protocol::keeper::{FromKeeper, Trouble};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A pane on its way into a file.
pub(super) struct Saving {
    path: PathBuf,
    screen: Vec<u8>,
    keep_running: bool,
    saved: Option<(ImageId, u64)>,
    /// The program has been let go, and its image is not on disk yet.
    pub writing: bool,
    pub over: bool,
}

/// A pane on its way out of a file.
pub(super) struct Loading {
    clone: bool,
    image: Option<ImageId>,
    marked: bool,
    screen: Vec<u8>,
    title: String,
    master: Option<OwnedFd>,
    pub over: bool,
}

impl Keeper {
    pub(super) fn save(&mut self, path: PathBuf, screen: Vec<u8>, keep_running: bool) {
        let target: Result<Target, Trouble> = self.save_target();
        let started =
            target.and_then(|t| Ok((t, Worker::start(self.engines, "native", self.faults.clone())?)));
        match started {
            Ok((target, worker)) => {
                worker.begin(Command::Assess { target, cut: false });
                let saving = Saving { path, screen, keep_running, saved: None, writing: false, over: false };
                let id = MoveId::from_random(super::random());
                self.work = Some(Work::new(id, Some(worker), Kind::Save(saving)));
            }
            Err(why) => self.send(&FromKeeper::Failed(why)),
        }
    }

    fn save_target(&self) -> Result<Target, Trouble> {
        if self.work.is_some() {
            return Err(trouble(5, "busy", "The pane is being moved or saved already"));
        }
        let Some(pane) = self.pane.as_ref().filter(|_| self.exited.is_none()) else {
            return Err(trouble(1, "no-pane", "Nothing runs in this pane"));
        };
        let master = pane.pty.duplicate().map_err(|e| trouble(1, "terminal", e.to_string()))?;
        Ok(Target { root: pane.pid, master })
    }

    pub(super) fn on_save_event(&mut self, work: &mut Work, event: Event) {
        let Kind::Save(saving) = &mut work.kind else { return };
        match event {
            Event::Assessed(_) => self.hold(work),
            Event::Frozen => {
                let options = DumpOptions {
                    screen: std::mem::take(&mut saving.screen),
                    title: self.pane.as_ref().map(|p| p.title.clone()).unwrap_or_default(),
                    compress: true,
                    ..DumpOptions::default()
                };
                let path = saving.path.clone();
                self.read_dry();
                work.begin(Command::DumpToFile { options, path });
            }
            Event::Written => {
                // The disk is slow; a program that runs on need not wait for it, one that ends must.
                if saving.keep_running {
                    saving.writing = true;
                    self.thaw_saved(work);
                }
                work.begin(Command::KeepFile);
            }
            Event::Saved { image, bytes } => {
                saving.saved = Some((image, bytes));
                if saving.keep_running {
                    self.tell_saved(work);
                } else {
                    work.begin(Command::Seal);
                }
            }
            Event::Sealed => {
                let done = work.finish(Command::Release);
                if let Err(why) = done {
                    eprintln!("qmux keeper {}: {}", self.life, why.cause);
                }
                work.thawed();
                self.leave_nothing();
                self.tell_saved(work);
                self.end("the pane is in an image file");
            }
            Event::Failed(why) => {
                self.thaw_saved(work);
                if let Kind::Save(saving) = &mut work.kind {
                    saving.over = true;
                }
                self.send(&FromKeeper::Failed(why));
            }
            Event::DataEnd
            | Event::Data
            | Event::Considered(_)
            | Event::Received
            | Event::Consumed(_)
            | Event::Restored { .. }
            | Event::Resumed(_)
            | Event::Ended(_)
            | Event::Done => {}
        }
    }

    fn thaw_saved(&mut self, work: &mut Work) {
        if let Err(why) = work.finish(Command::Thaw) {
            eprintln!("qmux keeper {}: {}", self.life, why.cause);
        }
        self.let_go(work);
    }

    fn tell_saved(&mut self, work: &mut Work) {
        let frozen_us = work.frozen_us;
        let Kind::Save(saving) = &mut work.kind else { return };
        saving.over = true;
        if let Some((image, bytes)) = saving.saved {
            self.send(&FromKeeper::Checkpointed { image, bytes, frozen_us });
        }
    }

    pub(super) fn load(&mut self, path: PathBuf, clone: bool) {
        let busy = self.pane.is_some() || self.work.is_some();
        let started = match busy {
            true => Err(trouble(5, "not-empty", "This keeper has a pane already")),
            false => Worker::start(self.engines, "native", self.faults.clone())
                .map(|worker| (cache_dir(&self.runtime.dir()), worker)),
        };
        match started {
            Ok((cache, worker)) => {
                worker.begin(Command::RestoreFile { path, ahead: None, cache, clone });
                let loading = Loading {
                    clone,
                    image: None,
                    marked: false,
                    screen: Vec::new(),
                    title: String::new(),
                    master: None,
                    over: false,
                };
                self.idle_since = None;
                let id = MoveId::from_random(super::random());
                let mut work = Work::new(id, Some(worker), Kind::Load(loading));
                work.guarded = true;
                self.work = Some(work);
            }
            Err(why) => self.send(&FromKeeper::Failed(why)),
        }
    }

    pub(super) fn on_load_event(&mut self, work: &mut Work, event: Event) {
        let host = self.runtime.host();
        let Kind::Load(loading) = &mut work.kind else { return };
        match event {
            Event::Restored { master, screen, image, .. } => {
                let redraw = screen.is_empty();
                (loading.master, loading.screen) = (Some(master), screen);
                let image = image.map(|(id, title)| {
                    loading.title = title;
                    id
                });
                loading.image = image;
                // The note is made when nothing but the resume is left, and before it: of two keepers one wins.
                let marked = match image {
                    Some(id) => files::mark_started(id, &host.0, loading.clone),
                    None => Ok(()),
                };
                match marked {
                    Ok(()) => {
                        loading.marked = true;
                        work.begin(Command::Resume { redraw });
                    }
                    Err(why) => self.load_failed(work, why),
                }
            }
            Event::Resumed(root) => {
                loading.over = true;
                work.guarded = false;
                let screen = Bytes::from(std::mem::take(&mut loading.screen));
                let (master, image) = (loading.master.take(), loading.image);
                let title = std::mem::take(&mut loading.title);
                if let Some(image) = image {
                    let notes = note_of_tier(root.tier, &host).into_iter().collect();
                    self.send(&FromKeeper::Restored { image, screen, notes });
                }
                if let Some(master) = master
                    && let Err(why) = self.fill_restored(master, root, title)
                {
                    self.send(&FromKeeper::Failed(why));
                }
            }
            Event::Failed(why) => self.load_failed(work, why),
            Event::Assessed(_)
            | Event::DataEnd
            | Event::Data
            | Event::Frozen
            | Event::Written
            | Event::Saved { .. }
            | Event::Sealed
            | Event::Considered(_)
            | Event::Received
            | Event::Consumed(_)
            | Event::Ended(_)
            | Event::Done => {}
        }
    }

    fn load_failed(&mut self, work: &mut Work, why: Trouble) {
        if let Err(why) = work.finish(Command::Discard) {
            eprintln!("qmux keeper {}: {}", self.life, why.cause);
        }
        work.guarded = false;
        let Kind::Load(loading) = &mut work.kind else { return };
        loading.over = true;
        if loading.marked
            && !loading.clone
            && let Some(image) = loading.image
        {
            files::unmark_started(image);
        }
        self.send(&FromKeeper::Failed(why));
    }
}
