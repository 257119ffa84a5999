//! The engine behind the traits of `checkpoint`: what is kept between its steps, and the guards.

use super::dump::{Dumper, Prepared};
use super::freeze::FrozenTree;
use super::mapped::HashCache;
use super::pane::Pane;
use super::{assess, dump, precopy, view};
use crate::checkpoint::store::FileStore;
use crate::checkpoint::{
    Ability, Ahead, AssessOptions, Assessment, Capabilities, CheckpointError, Checkpointer, DumpOptions,
    FreezeOptions, Frozen, ImageReader, ImageWriter, PageCopies, Refusal, RestoreOptions, Restored, Sealed,
    Stats, Tier, TtyHint,
};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The engine. It remembers what [`Checkpointer::assess`] found out until the freeze of the same tree.
#[derive(Debug, Default)]
pub struct NativeEngine {
    hashes: Arc<HashCache>,
    prepared: Mutex<HashMap<i32, Prepared>>,
}

impl NativeEngine {
    /// A new engine.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i32, Prepared>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpointer for NativeEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn probe(&self) -> Capabilities {
        let host = dump::empty_manifest();
        let mut features = Vec::new();
        if crate::sys::memory::has_pagemap_scan() {
            features.push("pagemap-scan".to_string());
        }
        for (name, path) in [("time-namespace", "time"), ("user-namespace", "user"), ("pid-namespace", "pid")]
        {
            if std::path::Path::new("/proc/self/ns").join(path).exists() {
                features.push(name.to_string());
            }
        }
        let timers = std::path::Path::new("/proc/self/timers").exists();
        let dump = match (host.arch.as_str(), timers) {
            ("x86_64", true) => Ability::Yes,
            ("x86_64", false) => {
                Ability::No("this kernel was built without CONFIG_CHECKPOINT_RESTORE".into())
            }
            (arch, _) => Ability::No(format!("the native engine does not know {arch}")),
        };
        let restore = restorable();
        Capabilities {
            arch: host.arch,
            kernel: host.kernel,
            cpu: Some(host.cpu),
            dump,
            tier: restore.as_ref().ok().copied(),
            restore: match restore {
                Ok(_) => Ability::Yes,
                Err(why) => Ability::No(why.clone()),
            },
            features,
        }
    }

    fn assess(
        &self,
        root: i32,
        tty: TtyHint<'_>,
        options: &AssessOptions,
    ) -> Result<Assessment, CheckpointError> {
        let pane = Pane::find(root, tty)?;
        let look = assess::look(root, &pane, options.cut, &self.hashes)?;
        self.lock().insert(root, look.prepared);
        Ok(look.assessment)
    }

    fn send_ahead(
        &self,
        root: i32,
        out: &mut ImageWriter<'_>,
        ahead: &Ahead,
    ) -> Result<u64, CheckpointError> {
        let mut prepared = self.lock().remove(&root).unwrap_or_default();
        let mut sent = prepared.table.ship(out, &ahead.ship)?;
        let mut copies = PageCopies::default();
        if ahead.memory {
            sent += precopy::send(out, &prepared.private, &mut copies, ahead.compress)?;
        }
        out.end()?;
        copies.complete(out.sum());
        prepared.copies = ahead.memory.then_some(copies);
        self.lock().insert(root, prepared);
        Ok(sent)
    }

    fn freeze(
        &self,
        root: i32,
        tty: TtyHint<'_>,
        options: &FreezeOptions,
    ) -> Result<Box<dyn Frozen>, CheckpointError> {
        let pane = Pane::find(root, tty)?;
        let prepared = self.lock().remove(&root);
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => assess::look(root, &pane, options.cut, &self.hashes)?.prepared,
        };
        let started = Instant::now();
        let tree = FrozenTree::freeze(root, options.timeout).map_err(explain)?;
        let freeze_us = started.elapsed().as_micros() as u64;
        let hashes = Arc::clone(&self.hashes);
        let held = Held {
            pane,
            tree,
            prepared,
            hashes,
            cut: options.cut,
            drained: Vec::new(),
            freeze_us,
            leaves: None,
        };
        Ok(Box::new(NativeFrozen { held: Some(held) }))
    }

    fn restore(
        &self,
        image: &mut ImageReader<'_>,
        options: &RestoreOptions,
    ) -> Result<Box<dyn Restored>, CheckpointError> {
        super::restore::restore(image, options)
    }
}

/// Tries the ways to restore, the best first, till one works. Tried once in the life of a process: it starts
/// the helper, and the answer does not change.
fn restorable() -> &'static Result<Tier, String> {
    static TRIED: std::sync::OnceLock<Result<Tier, String>> = std::sync::OnceLock::new();
    TRIED.get_or_init(|| {
        let mut reasons = Vec::new();
        for tier in super::restore::candidates() {
            match super::restore::attempt(std::path::Path::new("/proc/self/exe"), tier) {
                Ok(()) => return Ok(tier),
                Err(why) => reasons.push(format!("{}: {why}", tier.name())),
            }
        }
        Err(reasons.join("; "))
    })
}

/// A freeze that the kernel forbids is a refusal with a name and a cure.
fn explain(error: CheckpointError) -> CheckpointError {
    let CheckpointError::Trace { source, .. } = &error else { return error };
    let (tid, code, cause) = match source {
        crate::sys::ptrace::TraceError::Request { tid, .. } if source.errno() == Some(libc::EPERM) => {
            (*tid, "untraceable", "the kernel does not let it be stopped".to_string())
        }
        crate::sys::ptrace::TraceError::Deadline { tid, waited_ms } => {
            (*tid, "busy", format!("it did not stand still within {waited_ms} ms"))
        }
        _ => return error,
    };
    Refusal {
        code: code.into(),
        pid: tid,
        program: view::program(tid),
        object: String::new(),
        cause,
        cure: "Try again, or end it first".into(),
    }
    .into()
}

/// What a guard holds.
struct Held {
    pane: Pane,
    tree: FrozenTree,
    prepared: Prepared,
    hashes: Arc<HashCache>,
    cut: bool,
    /// Typed-ahead input taken out of the terminal.
    drained: Vec<u8>,
    freeze_us: u64,
    /// Files that the tree could write to, and the store where that is noted once it is gone.
    leaves: Option<(Vec<PathBuf>, PathBuf)>,
}

impl Held {
    fn put_input_back(&mut self) {
        let drained = std::mem::take(&mut self.drained);
        if !drained.is_empty() {
            self.pane.put_back(&drained);
        }
    }
}

/// Fields are `None` only between two guards.
struct NativeFrozen {
    held: Option<Held>,
}

impl Frozen for NativeFrozen {
    fn dump(&mut self, out: &mut ImageWriter<'_>, options: &DumpOptions) -> Result<Stats, CheckpointError> {
        let held = self.held.as_mut().expect("a guard holds its tree until it is consumed");
        // A second dump finds an empty terminal: what the first took is still in `drained`.
        held.drained.extend(held.pane.drain()?);
        let mut dumper = Dumper {
            tree: &mut held.tree,
            pane: &held.pane,
            prepared: &mut held.prepared,
            hashes: &held.hashes,
            cut: held.cut,
        };
        let (stats, written) = dumper.dump(out, options, &held.drained)?;
        held.leaves = options.cache.clone().map(|cache| (written, cache));
        Ok(Stats { freeze_us: held.freeze_us, ..stats })
    }

    fn pids(&self) -> Vec<i32> {
        self.held.iter().flat_map(|held| held.tree.processes.iter().map(|p| p.pid)).collect()
    }

    fn thaw(self: Box<Self>) {}

    fn seal(mut self: Box<Self>) -> Result<Box<dyn Sealed>, CheckpointError> {
        let mut held = self.held.take().expect("a guard holds its tree until it is consumed");
        if let Err(e) = held.tree.set_exit_kill(true) {
            held.put_input_back();
            return Err(e);
        }
        Ok(Box::new(NativeSealed { held: Some(held) }))
    }
}

impl Drop for NativeFrozen {
    fn drop(&mut self) {
        if let Some(mut held) = self.held.take() {
            // Before the tree runs: afterwards somebody would read while the terminal has other modes.
            held.put_input_back();
        }
    }
}

struct NativeSealed {
    held: Option<Held>,
}

impl Sealed for NativeSealed {
    fn release(mut self: Box<Self>) {
        let Some(held) = self.held.take() else { return };
        held.tree.kill();
        let Some((written, cache)) = held.leaves else { return };
        // Without a note the files are not overwritten when the tree comes back, which it is then told.
        let Ok(store) = FileStore::open(cache) else { return };
        for path in written {
            let _ = store.note_left(&path);
        }
    }

    fn unseal(mut self: Box<Self>) -> Box<dyn Frozen> {
        let mut held = self.held.take().expect("a guard holds its tree until it is consumed");
        // Fails for a thread only if it was killed meanwhile; the others are let go all the same.
        let _ = held.tree.set_exit_kill(false);
        held.tree.unseal();
        Box::new(NativeFrozen { held: Some(held) })
    }
}

impl Drop for NativeSealed {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            held.tree.kill();
        }
    }
}
