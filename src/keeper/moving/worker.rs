//! The thread an engine works on: ptrace belongs to one thread, and everything an engine does blocks.
//!
//! Commands go in, events come out; the keeper's poll loop is woken through a pipe. The guards of the
//! engine never leave this thread: when it ends, by whatever way, they do what is safe.

use super::consider::{self, Here};
use super::files;
use super::precopy::{self, Offered};
use super::{Engines, refusal, trouble};
use crate::checkpoint::native::restore::nudge;
use crate::checkpoint::store::FileStore;
use crate::checkpoint::{
    Ahead, AssessOptions, Assessment, Capabilities, CheckpointError, Checkpointer, DumpOptions,
    FreezeOptions, Frozen, ImageError, ImageReader, ImageWriter, PageCopies, RestoreOptions, Restored,
    RestoredRoot, Sealed, Stats, TtyHint,
};
use crate::ids::{ExitStatus, ImageId};
use crate::keeper::daemon::exit_status;
use crate::keeper::faults::Faults;
use crate::protocol::Bytes;
use crate::protocol::keeper::Trouble;
use crate::protocol::migration::{Accept, Offer};
use crate::sys::child;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes put into one chunk of an image.
pub const PIECE: usize = 256 << 10;
/// Chunks made ahead of the link.
pub const PIECES_AHEAD: usize = 4;
/// Longest wait for a command that must be finished before the move goes on.
const SYNC_PATIENCE: Duration = Duration::from_secs(60);
/// Longest restore.
const RESTORE_PATIENCE: Duration = Duration::from_secs(120);

/// The tree a source's engine works on.
pub struct Target {
    /// Its first process.
    pub root: i32,
    /// Its terminal.
    pub master: OwnedFd,
}

/// What the thread is to do.
pub enum Command {
    /// Look at the tree, touching nothing.
    Assess { target: Target, cut: bool },
    /// Send ahead.
    Precopy { ahead: Ahead, out: SyncSender<Bytes> },
    /// Stop the tree.
    Freeze { cut: bool },
    /// Make the image and send it.
    Dump { options: DumpOptions, out: SyncSender<Bytes> },
    /// Write the image beside `path`.
    DumpToFile { options: DumpOptions, path: PathBuf },
    /// Make the file written last durable and give it its name: needs no frozen tree.
    KeepFile,
    /// Put the frozen tree under exit-kill.
    Seal,
    /// Back to frozen. Answered by `Done`.
    Unseal,
    /// Let the tree run. Answered by `Done`.
    Thaw,
    /// End the sealed tree. Answered by `Done`.
    Release,
    /// Judge an offer.
    Consider { offer: Box<Offer>, here: Box<Here> },
    /// Take files in.
    Receive { input: Receiver<Bytes>, offered: Offered, cache: PathBuf },
    /// Build the tree, stopped.
    Restore { input: Receiver<Bytes>, cache: PathBuf },
    /// The same out of a file, and another with what came ahead of it.
    RestoreFile { path: PathBuf, ahead: Option<PathBuf>, cache: PathBuf, clone: bool },
    /// Let the copy run; `redraw`: nobody has its screen, so it is made to draw anew.
    Resume { redraw: bool },
    /// Kill the copy. Answered by `Done`.
    Discard,
}

/// What the thread says.
pub enum Event {
    /// Answer to `Assess`.
    Assessed(Box<(Assessment, Capabilities)>),
    /// All bytes of `Precopy` or `Dump` are in the channel.
    DataEnd,
    /// Answer to `Freeze`.
    Frozen,
    /// Answer to `DumpToFile`: nothing more is wanted of the tree, and the file has no name yet.
    Written,
    /// Answer to `KeepFile`.
    Saved { image: ImageId, bytes: u64 },
    /// Answer to `Seal`.
    Sealed,
    /// Answer to `Consider`.
    Considered(Accept),
    /// All files of `Receive` are kept.
    Received,
    /// This many bytes of image or files have been taken in.
    Consumed(u64),
    /// Answer to `Restore` and `RestoreFile`.
    Restored { pid: i32, master: OwnedFd, screen: Vec<u8>, image: Option<(ImageId, String)> },
    /// Answer to `Resume`.
    Resumed(RestoredRoot),
    /// The tree ended by itself, and the engine was told how.
    Ended(ExitStatus),
    /// The command begun last failed.
    Failed(Trouble),
    /// A command that is waited for is done.
    Done,
    /// A chunk is in the data channel.
    Data,
}

/// The keeper's end of the thread.
pub struct Worker {
    commands: Option<Sender<Command>>,
    events: Receiver<Event>,
    wake: OwnedFd,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread with the engine of this name.
    pub fn start(engines: Engines, engine: &str, faults: Faults) -> Result<Worker, Trouble> {
        let name = engine.to_string();
        if engines(&name).is_none() {
            return Err(trouble(3, "no-engine", format!("This qmux has no engine called {engine:?}")));
        }
        let (commands, orders) = channel();
        let (said, events) = channel();
        let flags = nix::fcntl::OFlag::O_CLOEXEC | nix::fcntl::OFlag::O_NONBLOCK;
        let (wake, waker) = nix::unistd::pipe2(flags).map_err(|e| trouble(1, "pipe", e.to_string()))?;
        let say = Say { said, waker: std::sync::Arc::new(waker) };
        let thread = std::thread::Builder::new()
            .name("engine".into())
            .spawn(move || {
                // Made here: an engine need not be Send.
                if let Some(engine) = engines(&name) {
                    let (guard, target, file, precopied) = (Guard::None, None, None, None);
                    Work { engine, guard, target, file, precopied, say, faults, cut: false }.run(&orders);
                }
            })
            .map_err(|e| trouble(1, "thread", e.to_string()))?;
        Ok(Worker { commands: Some(commands), events, wake, thread: Some(thread) })
    }

    /// For poll: readable when an event is there.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Begins a command.
    pub fn begin(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // The thread is gone only if it panicked: then `next` says so.
            let _ = commands.send(command);
        }
    }

    /// Does a command and waits until it is done; whatever was said before is dropped with what was begun.
    pub fn finish(&self, command: Command) -> Result<(), Trouble> {
        self.begin(command);
        let deadline = Instant::now() + SYNC_PATIENCE;
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Event::Done) => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(trouble(1, "engine-stuck", "The engine does not answer"));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(panicked()),
            }
        }
    }

    /// The next event, if there is one.
    pub fn next(&self) -> Option<Event> {
        use std::sync::mpsc::TryRecvError;
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Empty) => None,
            // Once is enough to end the move; the poll loop then drops the worker.
            Err(TryRecvError::Disconnected) => Some(Event::Failed(panicked())),
        }
    }

    /// Empties the pipe; before the events are taken, so that none is slept over.
    pub fn drain(&self) {
        let mut buf = [0; 64];
        while matches!(nix::unistd::read(&self.wake, &mut buf), Ok(n) if n > 0) {}
    }
}

fn panicked() -> Trouble {
    trouble(1, "engine-died", "The engine has failed and let go")
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // What it holds is let go (or killed) when it ends: that is waited for.
            let _ = thread.join();
        }
    }
}

/// Says events and wakes the poll loop.
#[derive(Clone)]
pub(super) struct Say {
    said: Sender<Event>,
    waker: std::sync::Arc<OwnedFd>,
}

impl Say {
    pub(super) fn say(&self, event: Event) {
        // Nobody listens any more: the thread ends soon, by its commands.
        let _ = self.said.send(event);
        // A full pipe wakes as well as one more byte would.
        let _ = nix::unistd::write(&*self.waker, &[0]);
    }
}

enum Guard {
    None,
    Frozen(Box<dyn Frozen>),
    Sealed(Box<dyn Sealed>),
    Restored(Box<dyn Restored>),
}

struct Work {
    engine: Box<dyn Checkpointer>,
    guard: Guard,
    target: Option<Target>,
    /// Written, and not kept yet.
    file: Option<files::NewImage>,
    /// Memory that came ahead of the image.
    precopied: Option<Arc<PageCopies>>,
    say: Say,
    faults: Faults,
    cut: bool,
}

impl Work {
    fn run(mut self, orders: &Receiver<Command>) {
        while let Ok(command) = orders.recv() {
            let answer = self.obey(command).unwrap_or_else(Event::Failed);
            self.say.say(answer);
        }
    }

    fn obey(&mut self, command: Command) -> Result<Event, Trouble> {
        match command {
            Command::Assess { target, cut } => {
                self.cut = cut;
                self.target = Some(target);
                self.assess()
            }
            Command::Precopy { ahead, out } => {
                self.may("source.precopy")?;
                let mut out = self.pieces(out);
                let sent =
                    self.engine.send_ahead(self.target()?.root, &mut ImageWriter::new(&mut out), &ahead);
                sent.map_err(|e| self.failed("precopy", &e))?;
                out.flush().map_err(|e| trouble(4, "precopy", e.to_string()))?;
                Ok(Event::DataEnd)
            }
            Command::Freeze { cut } => {
                self.cut = cut;
                self.freeze()
            }
            Command::Dump { options, out } => {
                self.may("source.dump")?;
                let mut out = self.pieces(out);
                self.dump(&mut out, &options)?;
                out.flush().map_err(|e| trouble(4, "dump", e.to_string()))?;
                Ok(Event::DataEnd)
            }
            Command::DumpToFile { options, path } => self.dump_to_file(&options, &path),
            Command::KeepFile => {
                let file = self.file.take().ok_or_else(|| trouble(1, "no-image", "No image was written"))?;
                let (image, bytes) = file.finish()?;
                Ok(Event::Saved { image, bytes })
            }
            Command::Seal => self.seal(),
            Command::Unseal => {
                if let Guard::Sealed(sealed) = std::mem::replace(&mut self.guard, Guard::None) {
                    self.guard = Guard::Frozen(sealed.unseal());
                }
                Ok(Event::Done)
            }
            Command::Thaw => {
                match std::mem::replace(&mut self.guard, Guard::None) {
                    Guard::Frozen(frozen) => frozen.thaw(),
                    // Thaw after a seal that was not taken off first would kill: it is taken off.
                    Guard::Sealed(sealed) => sealed.unseal().thaw(),
                    Guard::Restored(_) | Guard::None => {}
                }
                Ok(Event::Done)
            }
            Command::Release => {
                if let Guard::Sealed(sealed) = std::mem::replace(&mut self.guard, Guard::None) {
                    sealed.release();
                }
                Ok(Event::Done)
            }
            Command::Consider { offer, here } => {
                self.may("destination.consider")?;
                consider::consider(&offer, &here, &self.engine.probe()).map(Event::Considered)
            }
            Command::Receive { input, offered, cache } => {
                self.may("destination.store")?;
                let store = FileStore::open(&cache).map_err(|e| trouble(3, "cache", e.to_string()))?;
                self.precopied = Some(Arc::new(precopy::receive(self.incoming(input), &offered, &store)?));
                Ok(Event::Received)
            }
            Command::Restore { input, cache } => {
                self.may("destination.restore")?;
                let incoming = self.incoming(input);
                let mut image = ImageReader::new(incoming);
                let precopied = self.precopied.take();
                self.restore(&mut image, cache, precopied, None)
            }
            Command::RestoreFile { path, ahead, cache, clone } => {
                let precopied = ahead.map(|ahead| files::read_ahead(&ahead)).transpose()?.map(Arc::new);
                let (id, title, file) = files::open_image(&path, clone)?;
                let mut image = ImageReader::new(file);
                self.restore(&mut image, cache, precopied, Some((id, title)))
            }
            Command::Resume { redraw } => {
                self.may("destination.resume")?;
                match std::mem::replace(&mut self.guard, Guard::None) {
                    Guard::Restored(copy) => {
                        let master = redraw.then(|| copy.master().try_clone_to_owned());
                        let root = copy.resume().map_err(|e| self.failed("resume", &e))?;
                        if let Some(Ok(master)) = master {
                            // It runs by now; that it shows nothing yet must not make anybody believe it does not.
                            let _ = nudge(master.as_fd());
                        }
                        Ok(Event::Resumed(root))
                    }
                    _ => Err(trouble(1, "no-copy", "There is no copy to resume")),
                }
            }
            Command::Discard => {
                if let Guard::Restored(copy) = std::mem::replace(&mut self.guard, Guard::None) {
                    copy.discard();
                }
                Ok(Event::Done)
            }
        }
    }

    /// What an engine's error is to the user. How the tree ended, if it did, is said first.
    fn failed(&self, step: &str, error: &CheckpointError) -> Trouble {
        if let CheckpointError::Gone { status: Some(status), .. } = error
            && let Some(ended) = child::ended(*status)
        {
            self.say.say(Event::Ended(exit_status(ended)));
        }
        to_trouble(step, error)
    }

    fn may(&self, point: &str) -> Result<(), Trouble> {
        self.faults.fails(point).map_or(Ok(()), Err)
    }

    fn target(&self) -> Result<&Target, Trouble> {
        self.target.as_ref().ok_or_else(|| trouble(1, "no-tree", "There is no tree to work on"))
    }

    fn assess(&mut self) -> Result<Event, Trouble> {
        self.may("source.assess")?;
        let target = self.target()?;
        let hint = TtyHint { master: Some(target.master.as_fd()) };
        let assessed = self
            .engine
            .assess(target.root, hint, &AssessOptions { cut: self.cut })
            .map_err(|e| self.failed("assess", &e))?;
        Ok(Event::Assessed(Box::new((assessed, self.engine.probe()))))
    }

    fn freeze(&mut self) -> Result<Event, Trouble> {
        self.may("source.freeze")?;
        let target = self.target()?;
        let hint = TtyHint { master: Some(target.master.as_fd()) };
        let options = FreezeOptions { cut: self.cut, ..FreezeOptions::default() };
        let frozen =
            self.engine.freeze(target.root, hint, &options).map_err(|e| self.failed("freeze", &e))?;
        self.guard = Guard::Frozen(frozen);
        Ok(Event::Frozen)
    }

    fn dump(&mut self, out: impl Write, options: &DumpOptions) -> Result<Stats, Trouble> {
        let Guard::Frozen(frozen) = &mut self.guard else {
            return Err(trouble(1, "not-frozen", "The tree is not frozen"));
        };
        let mut image = ImageWriter::new(out);
        frozen.dump(&mut image, options).map_err(|e| self.failed("dump", &e))
    }

    fn dump_to_file(&mut self, options: &DumpOptions, path: &std::path::Path) -> Result<Event, Trouble> {
        self.may("source.dump")?;
        let mut file = files::NewImage::create(path)?;
        self.dump(file.writer(), options)?;
        self.file = Some(file);
        Ok(Event::Written)
    }

    fn seal(&mut self) -> Result<Event, Trouble> {
        self.may("source.seal")?;
        match std::mem::replace(&mut self.guard, Guard::None) {
            Guard::Frozen(frozen) => {
                self.guard = Guard::Sealed(frozen.seal().map_err(|e| self.failed("seal", &e))?);
                Ok(Event::Sealed)
            }
            other => {
                self.guard = other;
                Err(trouble(1, "not-frozen", "The tree is not frozen"))
            }
        }
    }

    fn restore(
        &mut self,
        image: &mut ImageReader<'_>,
        cache: PathBuf,
        precopied: Option<Arc<PageCopies>>,
        id: Option<(ImageId, String)>,
    ) -> Result<Event, Trouble> {
        let options = RestoreOptions { timeout: RESTORE_PATIENCE, precopied, ..RestoreOptions::new(cache) };
        let copy = self.engine.restore(image, &options).map_err(|e| self.failed("restore", &e))?;
        let master = copy.master().try_clone_to_owned().map_err(|e| trouble(1, "restore", e.to_string()))?;
        let (pid, screen) = (copy.root(), copy.screen().to_vec());
        self.guard = Guard::Restored(copy);
        Ok(Event::Restored { pid, master, screen, image: id })
    }

    fn pieces(&self, out: SyncSender<Bytes>) -> Pieces {
        Pieces { buffer: Vec::with_capacity(PIECE), out, say: self.say.clone() }
    }

    fn incoming(&self, input: Receiver<Bytes>) -> Incoming {
        Incoming { input, piece: Bytes::new(), read: 0, say: self.say.clone() }
    }
}

/// What an engine's error is to the user.
fn to_trouble(step: &str, error: &CheckpointError) -> Trouble {
    match error {
        CheckpointError::Refused(why) => refusal(why),
        CheckpointError::Unfit(why) => trouble(3, "unfit", why.clone()),
        CheckpointError::Gone { .. } => trouble(1, "ended", error.to_string()),
        CheckpointError::Image(why) => image_trouble(why),
        CheckpointError::Trace { .. } | CheckpointError::System { .. } | CheckpointError::Strange(_) => {
            trouble(3, step, error.to_string())
        }
    }
}

/// What is wrong with an image. One that is newer is a good one, for another qmux.
pub(super) fn image_trouble(why: &ImageError) -> Trouble {
    match why {
        ImageError::TooNew { .. } => Trouble {
            cure: "Bring the qmux of this host up to date".into(),
            ..trouble(3, "image-newer", why.to_string())
        },
        _ => trouble(6, "image", why.to_string()),
    }
}

/// Cuts a stream into chunks for the link; waits when too many are made ahead.
struct Pieces {
    buffer: Vec<u8>,
    out: SyncSender<Bytes>,
    say: Say,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        // The keeper takes its end away to stop us.
        self.out.send(Bytes::from(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.say.say(Event::Data);
        Ok(())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..n]);
        if self.buffer.len() == PIECE {
            self.send()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Chunks off the link as a stream; says what has been taken in.
struct Incoming {
    input: Receiver<Bytes>,
    piece: Bytes,
    read: usize,
    say: Say,
}

impl Read for Incoming {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() {
            // The sender is gone: the end, or the move was given up; a checksum tells which.
            let Ok(piece) = self.input.recv() else { return Ok(0) };
            self.say.say(Event::Consumed(piece.len() as u64));
            self.piece = piece;
            self.read = 0;
        }
        let n = out.len().min(self.piece.len() - self.read);
        out[..n].copy_from_slice(&self.piece[self.read..self.read + n]);
        self.read += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_refusal_names_process_object_and_cure() {
        let why = crate::checkpoint::Refusal {
            code: "device".into(),
            pid: 90,
            program: "ffmpeg".into(),
            object: "/dev/video0".into(),
            cause: "it has a device of this machine open".into(),
            cure: "Close it first".into(),
        };
        let said = to_trouble("assess", &why.into());
        let cause = "ffmpeg (pid 90): it has a device of this machine open (/dev/video0)";
        assert_eq!((said.class, said.code.as_str(), said.cause.as_str()), (3, "device", cause));
        assert_eq!(said.cure, "Close it first");
    }

    #[test]
    fn a_newer_image_is_refused_as_such_and_an_altered_one_as_that() {
        let newer = ImageError::TooNew { section: "pages".into(), version: 2 };
        let said = to_trouble("restore", &newer.into());
        assert_eq!((said.class, said.code.as_str()), (3, "image-newer"));
        assert!(said.cause.contains("needs section pages version 2") && !said.cure.is_empty(), "{said:?}");
        let altered = ImageError::Altered { section: "tree".into() };
        let said = to_trouble("restore", &altered.into());
        assert_eq!((said.class, said.code.as_str()), (6, "image"));
    }
}
