//! The note beside a keeper's socket, by which a new server learns what the keepers it finds are.

use super::{KeeperError, io_error};
use crate::ids::{Epoch, LifeId};
use crate::transport::runtime::Runtime;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Largest record read, in bytes.
const RECORD_MAX: u64 = 64 << 10;

/// What is written to `LIFE.EPOCH.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeeperRecord {
    /// The pane's life, 32 hexadecimal digits.
    pub life: String,
    /// Its epoch here.
    pub epoch: u64,
    /// Pid of the keeper.
    pub keeper_pid: i32,
    /// Pid of the pane's first process; 0 if there is none yet.
    pub pid: i32,
    /// What it runs, for people.
    pub command: String,
    /// Wall clock when the keeper started, ms since 1970.
    pub created_ms: u64,
    /// Name of the host.
    pub host: String,
    /// Version of the keeper.
    pub qmux: String,
    /// Socket of the server it was started for; empty when it was started from another host.
    #[serde(default)]
    pub server: String,
}

/// The environment variable by which a server tells the keepers it starts whose they are.
pub const SERVER_VARIABLE: &str = "QMUX_SERVER";

impl KeeperRecord {
    pub(super) fn new(runtime: &Runtime, life: LifeId, epoch: Epoch) -> KeeperRecord {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        KeeperRecord {
            life: life.to_string(),
            epoch: epoch.0,
            keeper_pid: std::process::id() as i32,
            pid: 0,
            command: String::new(),
            created_ms: now.as_millis() as u64,
            host: runtime.host().0,
            qmux: env!("CARGO_PKG_VERSION").into(),
            server: std::env::var(SERVER_VARIABLE).unwrap_or_default(),
        }
    }

    /// Writes it beside the socket, replacing an older one in one step.
    pub(super) fn write(&self, socket: &Path) -> Result<(), KeeperError> {
        let path = record_path(socket);
        let fresh = path.with_extension("json.new");
        let text = serde_json::to_vec(self).map_err(|e| io_error("the keeper's record")(e.into()))?;
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| std::fs::rename(&fresh, &path))
            .map_err(io_error(path.display().to_string()))
    }

    /// Reads the record beside a socket.
    pub fn read(socket: &Path) -> Option<KeeperRecord> {
        let path = record_path(socket);
        if std::fs::metadata(&path).ok()?.len() > RECORD_MAX {
            return None;
        }
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }
}

pub(super) fn record_path(socket: &Path) -> PathBuf {
    socket.with_extension("json")
}

/// Takes away socket and record; the journal stays, since it may have to be read again.
pub(super) fn remove(socket: &Path) {
    // Already gone is as good.
    let _ = std::fs::remove_file(socket);
    let _ = std::fs::remove_file(record_path(socket));
}

/// A keeper that answers.
#[derive(Debug, Clone)]
pub struct Found {
    /// Whose.
    pub life: LifeId,
    /// The pane's epoch there.
    pub epoch: Epoch,
    /// Where it answers.
    pub socket: PathBuf,
    /// Its note, if it can be read.
    pub record: Option<KeeperRecord>,
}

/// Every keeper of this runtime directory that answers, the highest epoch of a life first. Sockets of dead
/// keepers are taken away.
pub fn find(runtime: &Runtime) -> Result<Vec<Found>, KeeperError> {
    let mut alive = Vec::new();
    for (life, epoch, socket) in runtime.keeper_sockets()? {
        match UnixStream::connect(&socket) {
            Ok(_) => {
                let record = KeeperRecord::read(&socket);
                alive.push(Found { life, epoch, socket, record });
            }
            // Nobody listens: its keeper is dead. Any other error says nothing about that.
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => remove(&socket),
            Err(_) => {}
        }
    }
    Ok(alive)
}
