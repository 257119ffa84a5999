//! The screens as files, so that kill -9 of the server loses none: a snapshot now and then, and the
//! output since, as it came.
//!
//! `screens/LIFE.N` is a snapshot, `screens/LIFE.N.log` what the pane has printed since. The next snapshot
//! has the next number, so a crash between the two files leaves a pair that belongs together.

use super::Server;
use crate::ids::{LifeId, PaneId};
use crate::transport::runtime::private_dir;
use crate::vt::Screen;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Least time between two rounds of snapshots.
const INTERVAL: Duration = Duration::from_millis(1500);
/// Between two rounds at least so many times as long as one took.
const COST_SHARE: u32 = 100;
/// Most output kept between two snapshots, in bytes. A flood scrolls its own beginning away: what is
/// beyond costs the keystroke path more than it is worth.
const LOG_MAX: usize = 64 << 10;
/// Output since the last snapshot that makes a new one worth its time, in bytes.
const LOG_SOME: usize = 16 << 10;
/// Largest file of ours that is read back, in bytes.
const FILE_MAX: u64 = 256 << 20;

/// The files of one pane.
#[derive(Default)]
pub(super) struct Record {
    number: u64,
    log: Option<File>,
    logged: usize,
    changed: bool,
}

impl Record {
    /// A new snapshot is worth its time: there is none, or much has been printed since. A user who types
    /// never waits for one.
    fn due(&self) -> bool {
        self.changed && (self.log.is_none() || self.logged > LOG_SOME)
    }

    /// Takes what the pane printed. Not flushed to the disk: a crash of the machine ends the pane too.
    pub(super) fn output(&mut self, bytes: &[u8]) {
        self.changed = true;
        self.logged += bytes.len();
        if self.logged > LOG_MAX {
            self.log = None;
        }
        if let Some(log) = &mut self.log
            && log.write_all(bytes).is_err()
        {
            self.log = None;
        }
    }
}

fn dir(server: &Server) -> PathBuf {
    server.runtime.dir().join("screens")
}

fn file(server: &Server, life: LifeId, number: u64) -> PathBuf {
    dir(server).join(format!("{life}.{number}"))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn log_of(snapshot: &Path) -> PathBuf {
    with_ending(snapshot, ".log")
}

/// An empty file only we can read.
fn private_file(path: &Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

/// Writes a file of ours so that it is whole or not there.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = with_ending(path, ".new");
    private_file(&temporary)?.write_all(bytes)?;
    std::fs::rename(&temporary, path)
}

/// Reads a file of ours; `None` if it is not there or absurdly long.
pub(super) fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    let length = std::fs::metadata(path).ok()?.len();
    if length > FILE_MAX {
        return None;
    }
    std::fs::read(path).ok()
}

/// Writes the snapshots of the panes that changed since theirs.
pub(super) fn save_all(server: &Server) {
    if private_dir(&dir(server)).is_err() {
        return;
    }
    let mut core = server.core.borrow_mut();
    let super::Core { panes, mux, .. } = &mut *core;
    for (pane, wire) in panes.iter_mut().filter(|(_, w)| w.record.due()) {
        let Some(pane) = mux.pane(*pane) else { continue };
        let old = file(server, wire.life, wire.record.number);
        wire.record = Record { number: wire.record.number + 1, ..Record::default() };
        let new = file(server, wire.life, wire.record.number);
        // A full disk costs the picture after a crash, never a pane.
        wire.record.log = private_file(&log_of(&new)).ok();
        if write_whole(&new, &pane.screen.snapshot()).is_ok() {
            remove(&old);
        }
    }
}

fn remove(snapshot: &Path) {
    let _ = std::fs::remove_file(snapshot);
    let _ = std::fs::remove_file(log_of(snapshot));
}

/// The pane has ended: its files go.
pub(super) fn forget(server: &Server, life: LifeId, record: &Record) {
    remove(&file(server, life, record.number));
}

/// Begins the record of a new pane: its output is kept from the first byte.
pub(super) fn begin(server: &Server, life: LifeId) -> Record {
    let kept = private_dir(&dir(server)).ok();
    let log = kept.and_then(|()| private_file(&log_of(&file(server, life, 0))).ok());
    Record { log, ..Record::default() }
}

/// What a pane showed when the last server went, and the record to go on with. `blank` is what it began
/// with.
pub(super) fn load(server: &Server, life: LifeId, blank: Screen) -> (Screen, Record) {
    let prefix = format!("{life}.");
    let mut numbers: Vec<u64> = vec![0];
    for entry in std::fs::read_dir(dir(server)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.strip_prefix(&prefix)?.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    let last = numbers.last().copied().unwrap_or(0);
    let record = Record { number: last, changed: true, ..Record::default() };
    for number in numbers.iter().rev() {
        let path = file(server, life, *number);
        let snapshot = read_bounded(&path).and_then(|bytes| Screen::from_snapshot(&bytes).ok());
        // Number 0 has no snapshot: it begins with the blank screen.
        let Some(mut screen) = snapshot.or_else(|| (*number == 0).then(|| blank.clone())) else { continue };
        screen.advance(&read_bounded(&log_of(&path)).unwrap_or_default());
        // The questions in it were answered, the bells rung, when it came the first time.
        drop((screen.take_replies(), screen.take_events()));
        return (screen, record);
    }
    (blank, record)
}

/// Saves the screens that changed, not too often.
pub(super) async fn save_in_time(server: Rc<Server>) {
    loop {
        server.screens_wanted.notified().await;
        let start = Instant::now();
        save_all(&server);
        // Long scrollback in a flood: writing it again and again must not slow the flood.
        tokio::time::sleep(INTERVAL.max(start.elapsed() * COST_SHARE)).await;
    }
}

/// Takes what a pane printed, for a server that comes after a crash of this one; asks for a snapshot when one is due.
pub(super) fn output(server: &Server, pane: PaneId, bytes: &[u8]) {
    if let Some(wire) = server.core.borrow_mut().panes.get_mut(&pane) {
        wire.record.output(bytes);
        if wire.record.due() {
            server.screens_wanted.notify_one();
        }
    }
}
