//! The connection to the server: who is attached, what it is told first, what comes and goes over it.

use super::daemon::{Keeper, LAST_READS, NO_SIZE};
use super::link::{Link, LinkError};
use super::moving::Work;
use crate::protocol::Bytes;
use crate::protocol::keeper::{FromKeeper, KeeperState, Mark, Seen, ToKeeper, Trouble, Welcome};
use crate::transport::runtime::check_peer;
use std::time::Instant;

/// Connections that have not said `Attach` yet; more wait in the kernel's backlog.
pub(super) const WAITING_MAX: usize = 8;

impl Keeper {
    pub(super) fn accept(&mut self) {
        while self.waiting.len() < WAITING_MAX {
            let Ok((socket, _)) = self.listener.accept() else { return };
            if let Err(error) = check_peer(&socket) {
                eprintln!("qmux keeper {}: {error}", self.life);
                continue;
            }
            if let Ok(link) = Link::new(socket) {
                self.waiting.push(link);
            }
        }
    }

    pub(super) fn on_waiting(&mut self, i: usize) {
        let mut buf = [0; 4096];
        let link = &mut self.waiting[i];
        match link.fill(&mut buf).and_then(|_| link.next()) {
            Ok(None) => {}
            Ok(Some(ToKeeper::Attach { want_master, seen, .. })) => {
                let mut link = self.waiting.remove(i);
                (link.has_master, link.counts) = (want_master, seen.is_some());
                self.attach(link, seen);
            }
            // Not a server, or one that forgot its manners.
            Ok(Some(_)) | Err(_) => drop(self.waiting.remove(i)),
        }
    }

    fn attach(&mut self, link: Link, seen: Option<Seen>) {
        // What the old link has brought and was not read yet is this pane's input, too.
        self.on_old_link();
        if let Some(mut old) = self.link.take() {
            old.send(&FromKeeper::Bye { why: "another server has attached".into() });
            let _ = old.flush();
        }
        self.link = Some(link);
        self.welcome_who_has(seen);
        if let Some(report) = self.last_report.clone() {
            self.send(&FromKeeper::Report(report));
        }
        if self.leaving_by.is_some() {
            self.end("the pane is not here any longer");
        }
        // What came in the same read as Attach.
        self.drain_link();
    }

    /// Tells the server where the pane stands, with all output it has missed and, if it wants it, the master.
    pub(super) fn welcome(&mut self) {
        self.welcome_who_has(None);
    }

    pub(super) fn welcome_who_has(&mut self, seen: Option<Seen>) {
        let seen = seen.filter(|s| s.keeper == self.number).map(|s| s.output);
        let (ring, at, lost) = self.ring.since(seen);
        let counts = self.link.as_ref().is_some_and(|l| l.counts);
        if !counts {
            self.ring.forget_all();
        }
        let mark = Mark { keeper: self.number, input: self.input_taken, output: at };
        let pane = self.pane.as_ref();
        let welcome = FromKeeper::Welcome(Welcome {
            qmux: env!("CARGO_PKG_VERSION").into(),
            life: self.life,
            epoch: self.epoch,
            state: self.state(),
            pid: pane.map_or(0, |p| p.pid),
            tty: pane.map(|p| p.pty.tty().to_string()).unwrap_or_default(),
            title: pane.map(|p| p.title.clone()).unwrap_or_default(),
            size: pane.and_then(|p| p.pty.size().ok()).unwrap_or(NO_SIZE),
            termios: pane.and_then(|p| p.termios()),
            ring: Bytes::from(ring),
            lost,
            exited: self.exited,
            mark: counts.then_some(mark),
        });
        let master = pane.filter(|_| self.exited.is_none()).and_then(|p| p.pty.duplicate().ok());
        let Some(link) = &mut self.link else { return };
        match master {
            Some(master) if link.has_master => link.send_with(&welcome, master),
            _ => link.send(&welcome),
        }
        self.info = None;
        self.info_due = Some(Instant::now());
    }

    fn state(&self) -> KeeperState {
        if let Some(state) = self.work.as_ref().and_then(Work::state) {
            return state;
        }
        match (self.exited, &self.pane) {
            (Some(status), _) => KeeperState::Exited(status),
            (None, Some(_)) => KeeperState::Running,
            (None, None) if self.leaving_by.is_some() => KeeperState::Gone,
            (None, None) => KeeperState::Empty,
        }
    }

    pub(super) fn on_link(&mut self) {
        let Some(link) = &mut self.link else { return };
        if let Err(error) = link.fill(&mut self.buffer) {
            self.lose_link(&error);
            return;
        }
        self.drain_link();
    }

    fn drain_link(&mut self) {
        while let Some(link) = &mut self.link {
            match link.next() {
                Ok(None) => return,
                Ok(Some(message)) => self.on_message(message),
                Err(error) => return self.lose_link(&error),
            }
        }
    }

    /// A link that is about to be replaced: a server that lost it may have said more over it than was read.
    fn on_old_link(&mut self) {
        for _ in 0..LAST_READS {
            let Some(link) = &mut self.link else { return };
            match link.fill(&mut self.buffer) {
                Ok(true) => self.drain_link(),
                Ok(false) => return,
                // Another takes its place at once: nobody need be told.
                Err(_) => return self.link = None,
            }
        }
    }

    pub(super) fn lose_link(&mut self, error: &LinkError) {
        if !matches!(error, LinkError::Closed) {
            eprintln!("qmux keeper {}: {error}", self.life);
        }
        self.cut_link();
    }

    /// The link is over, by whichever side.
    pub(super) fn cut_link(&mut self) {
        self.link = None;
        self.link_lost = true;
    }

    pub(super) fn send(&mut self, message: &FromKeeper) {
        if let Some(link) = &mut self.link {
            link.send(message);
        }
    }

    pub(super) fn fail(&mut self, class: u8, code: &str, cause: impl Into<String>) {
        let trouble = Trouble { class, code: code.into(), cause: cause.into(), cure: String::new() };
        self.send(&FromKeeper::Failed(trouble));
    }
}
