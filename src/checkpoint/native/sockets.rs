//! Sockets of the tree: which are pairs within it, which lead outside, what waits in them.

use super::view::View;
use crate::checkpoint::model::{FileKind, Listening};
use crate::checkpoint::{CheckpointError, Identity};
use crate::sys::descriptors::{self, SocketKind};
use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;

/// Most bytes waiting in one socket that are carried.
const QUEUE_MAX: usize = 16 << 20;
const TCP_CLOSE: u8 = 7;

/// One socket as found in a process.
pub struct Found<'a> {
    /// Process on this host, for messages.
    pub pid: i32,
    /// A duplicate of its descriptor.
    pub fd: BorrowedFd<'a>,
    /// Its inode.
    pub inode: u64,
}

/// What to make of a socket. `inside` are the inodes of all sockets of the tree; `frozen` says that its queue
/// is to be read.
pub fn describe(
    found: &Found<'_>,
    inside: &HashSet<u64>,
    view: &View,
    cut: bool,
    frozen: bool,
    warnings: &mut Vec<String>,
) -> Result<FileKind, CheckpointError> {
    let kind = descriptors::socket_kind(found.fd)
        .map_err(CheckpointError::system(format!("reading a socket of {}", found.pid)))?;
    match kind.family {
        libc::AF_UNIX => unix(found, kind, inside, view, frozen, warnings),
        libc::AF_INET | libc::AF_INET6 => internet(found, kind, view, cut, warnings),
        libc::AF_NETLINK => {
            warnings
                .push(format!("{} loses what its netlink socket had subscribed to", view.name(found.pid)));
            Ok(lost(kind, "netlink", false))
        }
        other => Err(view
            .refusal(
                "socket",
                found.pid,
                &format!("socket of family {other}"),
                "it has a socket of a kind that cannot be moved",
                "End it first",
            )
            .into()),
    }
}

fn unix(
    found: &Found<'_>,
    kind: SocketKind,
    inside: &HashSet<u64>,
    view: &View,
    frozen: bool,
    warnings: &mut Vec<String>,
) -> Result<FileKind, CheckpointError> {
    let name = view.name(found.pid);
    if kind.listening {
        let listening = listening(found.fd);
        let at = String::from_utf8_lossy(&listening.name).replace('\0', "@");
        warnings.push(format!("{name} listens on {at} there too, if nothing is in the way; whoever was just connecting must try again"));
        let what = "unix socket that was listening".to_string();
        let (family, kind) = (kind.family, kind.kind);
        return Ok(FileKind::Disconnected { family, kind, what, reset: false, listening: Some(listening) });
    }
    // Not found: the kernel has no unix_diag, or the socket is of another network namespace.
    let known = descriptors::unix_socket(found.inode).ok();
    let diag = known.unwrap_or_default();
    let peer_inside = diag.peer != 0 && inside.contains(&diag.peer);
    let connected = diag.peer != 0 || descriptors::peer_address(found.fd).is_some();
    // Its peer is gone (the JVM keeps one such socket), which it is again, with what is still to be read.
    let left_alone = known.is_some() && connected && diag.peer == 0 && !diag.pending;
    if !peer_inside && !left_alone && (connected || diag.named) {
        warnings.push(format!("{name} loses its connection to another program over a unix socket"));
        return Ok(lost(kind, "unix socket to another program", true));
    }
    let queue = if frozen {
        descriptors::socket_queue(found.fd, kind.kind, QUEUE_MAX)
            .map_err(CheckpointError::system(format!("looking into a socket of {name}")))?
    } else {
        descriptors::SocketQueue::default()
    };
    if queue.descriptors {
        let cause = "descriptors are on their way through one of its sockets";
        return Err(view
            .refusal("descriptors-in-flight", found.pid, "unix socket", cause, "Try again")
            .into());
    }
    Ok(FileKind::SocketPair {
        inode: found.inode,
        peer: if peer_inside { diag.peer } else { 0 },
        kind: kind.kind,
        queue: queue.messages.into_iter().map(serde_bytes::ByteBuf::from).collect(),
        shutdown: diag.shutdown,
    })
}

/// Where this socket listens.
fn listening(fd: BorrowedFd<'_>) -> Listening {
    let raw = descriptors::own_address(fd).unwrap_or_default();
    let name = match raw.get(2..) {
        Some(name) if name.first() != Some(&0) => name.split(|&b| b == 0).next().unwrap_or(name),
        Some(name) => name,
        None => &[],
    };
    let file = std::fs::symlink_metadata(super::init::path(name)).ok();
    let (mode, file) = file.map_or((0, (0, 0)), |meta| {
        let Identity { inode, made_ns } = Identity::of(&meta);
        (meta.mode() & 0o777, (inode, made_ns))
    });
    let own = name.first() == Some(&b'/') && super::own::is(super::init::path(name));
    Listening { name: name.to_vec(), mode, file, own }
}

const CUT: &str = "End it first; `qmux move --cut` lets it drop";

fn internet(
    found: &Found<'_>,
    kind: SocketKind,
    view: &View,
    cut: bool,
    warnings: &mut Vec<String>,
) -> Result<FileKind, CheckpointError> {
    let protocol = if kind.kind == libc::SOCK_STREAM { "tcp" } else { "udp" };
    let peer = descriptors::peer_address(found.fd).and_then(|raw| address(&raw));
    let what = format!("{protocol} {}", peer.as_deref().unwrap_or("(not connected)"));
    let name = view.name(found.pid);
    if kind.kind != libc::SOCK_STREAM {
        warnings.push(format!("{name} gets a new socket in place of {what}"));
        return Ok(lost(kind, &what, false));
    }
    let unused = !kind.listening && descriptors::tcp_state(found.fd).is_ok_and(|state| state == TCP_CLOSE);
    if unused {
        return Ok(lost(kind, &what, false));
    }
    if cut {
        let does = if kind.listening { "stops listening" } else { "loses its connection" };
        warnings.push(format!("{name} {does} ({what})"));
        return Ok(lost(kind, &what, !kind.listening));
    }
    if kind.listening {
        let cause = "it listens on a network port, which cannot be moved";
        return Err(view.refusal("listening-socket", found.pid, "tcp", cause, CUT).into());
    }
    let cause = format!("it has a connection to {}", peer.as_deref().unwrap_or("another host"));
    Err(view.refusal("tcp", found.pid, &what, &cause, CUT).into())
}

fn lost(kind: SocketKind, what: &str, reset: bool) -> FileKind {
    let (family, kind, what) = (kind.family, kind.kind, what.to_string());
    FileKind::Disconnected { family, kind, what, reset, listening: None }
}

/// `host:port` of a raw sockaddr_in or sockaddr_in6.
fn address(raw: &[u8]) -> Option<String> {
    let family = u16::from_ne_bytes(*raw.first_chunk::<2>()?);
    let port = u16::from_be_bytes(*raw.get(2..4)?.first_chunk::<2>()?);
    match i32::from(family) {
        libc::AF_INET => {
            let ip = Ipv4Addr::from(*raw.get(4..8)?.first_chunk::<4>()?);
            Some(format!("{ip}:{port}"))
        }
        libc::AF_INET6 => {
            let ip = Ipv6Addr::from(*raw.get(8..24)?.first_chunk::<16>()?);
            Some(format!("[{ip}]:{port}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    fn found(fd: BorrowedFd<'_>) -> Found<'_> {
        use std::os::fd::AsRawFd;
        let inode = std::fs::metadata(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap().ino();
        Found { pid: std::process::id() as i32, fd, inode }
    }

    #[test]
    fn an_open_connection_is_refused_unless_it_may_be_cut() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (view, inside) = (View::default(), HashSet::new());
        let look = |fd, cut| describe(&found(fd), &inside, &view, cut, true, &mut Vec::new());
        let Err(CheckpointError::Refused(refusal)) = look(client.as_fd(), false) else { panic!() };
        assert_eq!(refusal.code, "tcp");
        assert_eq!(refusal.object, format!("tcp {}", listener.local_addr().unwrap()));
        let Err(CheckpointError::Refused(refusal)) = look(listener.as_fd(), false) else { panic!() };
        assert_eq!(refusal.code, "listening-socket");
        let reset = |fd| match look(fd, true) {
            Ok(FileKind::Disconnected { reset, .. }) => reset,
            other => panic!("{other:?}"),
        };
        assert!(reset(client.as_fd()) && !reset(listener.as_fd()));
    }

    #[test]
    fn nothing_is_lost_with_a_peer_that_was_gone_before() {
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        std::io::Write::write_all(&mut &b, b"last words").unwrap();
        drop(b);
        let one = found(a.as_fd());
        let mut warnings = Vec::new();
        let inside = HashSet::from([one.inode]);
        let kind = describe(&one, &inside, &View::default(), false, true, &mut warnings).unwrap();
        let FileKind::SocketPair { peer: 0, queue, shutdown: 3, .. } = kind else { panic!("{kind:?}") };
        assert_eq!(queue.iter().map(|message| message.as_slice()).collect::<Vec<_>>(), [b"last words"]);
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_unix_socket_is_a_pair_only_with_its_peer_in_the_tree() {
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        let (one, two) = (found(a.as_fd()), found(b.as_fd()));
        let view = View::default();
        let both = HashSet::from([one.inode, two.inode]);
        let mut warnings = Vec::new();
        let kind = describe(&one, &both, &view, false, true, &mut warnings).unwrap();
        assert!(matches!(kind, FileKind::SocketPair { peer, .. } if peer == two.inode));
        assert!(warnings.is_empty());
        let alone = HashSet::from([one.inode]);
        let kind = describe(&one, &alone, &view, false, true, &mut warnings).unwrap();
        assert!(matches!(kind, FileKind::Disconnected { .. }));
        assert_eq!(warnings.len(), 1);
    }
}
