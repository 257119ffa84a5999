//! Links to keepers: one ordered byte stream each, whatever carries it.
//!
//! A link is a unix socket on this host or the stdio of an ssh that splices to one elsewhere. What a
//! keeper says is given to whoever listens on the link (a task that moves, spawns, checkpoints) or else
//! to the pane the link belongs to. Messages of a move go to the link's peer unread.

use super::panes;
use super::wire::{Outbox, ReadBuffer, Sink, drain, drain_to};
use super::{Server, connect_own, hosts};
use crate::ids::{Epoch, HostName, LifeId, PaneId};
use crate::keeper;
use crate::mux::Failure;
use crate::protocol::keeper::{FromKeeper, KeeperState, ToKeeper, Welcome};
use crate::protocol::{self, FrameReader, Received};
use crate::sys::fdpass;
use crate::transport::{self, End, TransportError};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Interest};
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;

/// Names a link of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LinkId(u64);

/// What comes over a link.
pub(super) enum FromLink {
    /// A message, with the descriptor that came along.
    Said(Box<FromKeeper>, Option<OwnedFd>),
    /// The stream has ended; what the carrier (ssh) said about it.
    Cut(Option<TransportError>),
}

/// One link.
pub(super) struct Link {
    pub(super) out: Rc<Outbox>,
    /// The keeper is on this host and shares its pty master.
    pub(super) shares_master: bool,
    /// Whose keeper's messages these are, once a pane lives in it.
    pub(super) pane: Option<PaneId>,
    /// The other keeper of a move.
    pub(super) peer: Option<LinkId>,
    listener: Option<UnboundedSender<FromLink>>,
    /// What came for the pane before it was known that a pane lives in it.
    early: Vec<FromKeeper>,
}

/// All links.
#[derive(Default)]
pub(super) struct Links {
    all: HashMap<LinkId, Link>,
    last: u64,
}

impl Links {
    pub(super) fn get(&mut self, id: LinkId) -> Option<&mut Link> {
        self.all.get_mut(&id)
    }

    /// The link is this pane's from now on; what came for it before.
    pub(super) fn give(&mut self, id: LinkId, pane: PaneId) -> Vec<FromKeeper> {
        let Some(link) = self.all.get_mut(&id) else { return Vec::new() };
        link.pane = Some(pane);
        std::mem::take(&mut link.early)
    }

    /// Says something to a keeper; nothing happens if the link has gone.
    pub(super) fn say(&self, id: LinkId, message: &ToKeeper) {
        if let Some(link) = self.all.get(&id) {
            link.out.push(&protocol::frame(message));
        }
    }

    /// What is on its way to keepers.
    pub(super) fn outboxes(&self) -> Vec<Rc<Outbox>> {
        self.all.values().map(|link| link.out.clone()).collect()
    }

    /// Forgets the link and closes its stream.
    pub(super) fn close(&mut self, id: LinkId) {
        if let Some(link) = self.all.remove(&id) {
            link.out.close();
        }
    }

    /// From now on everything the keeper says comes here, except what is the pane's in any case.
    pub(super) fn listen(&mut self, id: LinkId) -> UnboundedReceiver<FromLink> {
        let (sender, receiver) = unbounded_channel();
        match self.all.get_mut(&id) {
            Some(link) => link.listener = Some(sender),
            // A link that has gone in between has been cut.
            None => drop(sender.send(FromLink::Cut(None))),
        }
        receiver
    }

    /// Whoever listens now, to be put back by [`Links::listen_again`].
    pub(super) fn listener(&mut self, id: LinkId) -> Option<UnboundedSender<FromLink>> {
        self.all.get_mut(&id).and_then(|link| link.listener.clone())
    }

    pub(super) fn listen_again(&mut self, id: LinkId, listener: Option<UnboundedSender<FromLink>>) {
        if let Some(link) = self.all.get_mut(&id) {
            link.listener = listener;
        }
    }

    pub(super) fn unlisten(&mut self, id: LinkId) {
        if let Some(link) = self.all.get_mut(&id) {
            link.listener = None;
        }
    }
}

/// Which keeper a link is to lead to.
pub(super) struct KeeperAddress {
    /// `None` is this host.
    pub(super) host: Option<HostName>,
    pub(super) life: LifeId,
    pub(super) epoch: Epoch,
    /// Start it first.
    pub(super) new: bool,
}

/// Connects to a keeper and attaches; returns its first `Welcome`.
pub(super) async fn open(
    server: &Rc<Server>,
    address: &KeeperAddress,
) -> Result<(LinkId, UnboundedReceiver<FromLink>, Welcome, Option<OwnedFd>), Failure> {
    let (id, mut receiver) = match &address.host {
        None => {
            let stream = connect_here(server, address).await.map_err(|e| here_failure(&e))?;
            insert_unix(server, stream)
        }
        Some(host) => {
            let mut args =
                vec!["keeper".to_string(), "--stdio".into(), address.life.to_string(), "--epoch".into()];
            args.push(address.epoch.0.to_string());
            if address.new {
                args.push("--new".into());
            }
            let link =
                transport::open(host, &args, &server.transport).map_err(|e| hosts::failure(server, &e))?;
            insert_stream(server, link)
        }
    };
    let want_master = server.core.borrow_mut().links.get(id).is_some_and(|l| l.shares_master);
    let seen = (!want_master).then(|| panes::seen(&server.core.borrow(), address));
    let attach = ToKeeper::Attach { qmux: env!("CARGO_PKG_VERSION").into(), want_master, seen };
    server.core.borrow_mut().links.say(id, &attach);
    let greeting = tokio::time::timeout(Duration::from_secs(10), receiver.recv()).await;
    let failure = match greeting {
        Ok(Some(FromLink::Said(message, fd))) => match *message {
            FromKeeper::Welcome(welcome) => return Ok((id, receiver, welcome, fd)),
            other => trouble_of(&other),
        },
        Ok(Some(FromLink::Cut(Some(why)))) => hosts::failure(server, &why),
        Ok(Some(FromLink::Cut(None)) | None) => silent(server, address, "ended without a word"),
        Err(_) => silent(server, address, "did not answer in 10 s"),
    };
    server.core.borrow_mut().links.close(id);
    Err(failure)
}

fn trouble_of(message: &FromKeeper) -> Failure {
    let text = match message {
        FromKeeper::Failed(trouble) => return Failure::of(trouble, ""),
        FromKeeper::Bye { why } => why.clone(),
        other => format!("the keeper answered out of turn ({})", protocol::Message::number(other)),
    };
    Failure::new(4, "keeper", text)
}

fn here_failure(error: &io::Error) -> Failure {
    Failure::new(4, "keeper", format!("No keeper could be started here: {error}."))
}

fn silent(server: &Server, address: &KeeperAddress, what: &str) -> Failure {
    let host = address.host.clone().unwrap_or_else(|| server.runtime.host());
    Failure::new(4, "keeper", format!("The keeper on {host} {what}."))
}

/// Connects to a keeper of this host, starting it if it is to be new.
async fn connect_here(server: &Rc<Server>, address: &KeeperAddress) -> io::Result<UnixStream> {
    let path = server.runtime.keeper_socket(address.life, address.epoch).map_err(io::Error::other)?;
    // Also a keeper that is to be new may be there: only its link had broken.
    match connect_own(&path).await {
        Err(_) if address.new => {
            start_here(server, address).await?;
            connect_own(&path).await
        }
        other => other,
    }
}

/// Starts the keeper as its own first stage would: one program started for a new pane, not two.
async fn start_here(server: &Rc<Server>, address: &KeeperAddress) -> io::Result<()> {
    use std::process::Stdio;
    let mut child = tokio::process::Command::new(&server.exe)
        .args(keeper::detached_args(address.life, address.epoch))
        .env(keeper::SERVER_VARIABLE, &server.socket)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()?;
    let mut said = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out.take(keeper::READY_LINE_MAX)).read_line(&mut said).await?;
    }
    if said.trim_end() == keeper::READY {
        // Not waited for: it lives as long as its pane, and is reaped by the runtime when it ends first.
        return Ok(());
    }
    child.wait().await?;
    let said = if said.is_empty() { "it ended without a word" } else { said.trim_end() };
    Err(io::Error::other(said.to_string()))
}

fn insert(
    server: &Rc<Server>,
    out: Rc<Outbox>,
    shares_master: bool,
) -> (LinkId, UnboundedReceiver<FromLink>) {
    let links = &mut server.core.borrow_mut().links;
    links.last += 1;
    let id = LinkId(links.last);
    links
        .all
        .insert(id, Link { out, shares_master, pane: None, peer: None, listener: None, early: Vec::new() });
    (id, links.listen(id))
}

fn insert_unix(server: &Rc<Server>, stream: UnixStream) -> (LinkId, UnboundedReceiver<FromLink>) {
    let stream = Rc::new(stream);
    let out = Outbox::new(Sink::Socket(stream.clone()));
    spawn_local(drain(out.clone()));
    let (id, receiver) = insert(server, out, true);
    spawn_local(read_socket(server.clone(), id, stream));
    (id, receiver)
}

fn insert_stream(server: &Rc<Server>, link: transport::Link) -> (LinkId, UnboundedReceiver<FromLink>) {
    let out = Outbox::new(Sink::Task);
    let transport::Link { reader, writer, end } = link;
    spawn_local(drain_to(out.clone(), writer));
    let (id, receiver) = insert(server, out, false);
    spawn_local(read_and_judge(server.clone(), id, reader, end));
    (id, receiver)
}

async fn read_and_judge(server: Rc<Server>, id: LinkId, reader: transport::Reader, end: End) {
    read_stream(&server, id, reader).await;
    let why = end.why().await;
    cut(&server, id, Some(why));
}

async fn read_socket(server: Rc<Server>, id: LinkId, stream: Rc<UnixStream>) {
    let mut frames = FrameReader::new();
    let mut buffer = ReadBuffer::new();
    let mut fds = Vec::new();
    let mut waiting: VecDeque<OwnedFd> = VecDeque::new();
    loop {
        let read = stream
            .async_io(Interest::READABLE, || fdpass::receive(stream.as_fd(), buffer.space(), &mut fds))
            .await;
        waiting.extend(fds.drain(..));
        match read {
            Ok(n) if n > 0 => buffer.feed(&mut frames, n),
            _ => break,
        }
        if !deliver_all(&server, id, &mut frames, &mut waiting) {
            break;
        }
        tokio::task::yield_now().await;
    }
    cut(&server, id, None);
}

async fn read_stream(server: &Rc<Server>, id: LinkId, mut reader: impl AsyncRead + Unpin) {
    let mut frames = FrameReader::new();
    let mut buffer = ReadBuffer::new();
    let mut none = VecDeque::new();
    loop {
        match reader.read(buffer.space()).await {
            Ok(n) if n > 0 => buffer.feed(&mut frames, n),
            _ => return,
        }
        if !deliver_all(server, id, &mut frames, &mut none) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Gives out the whole frames that have come; `false` if the stream cannot go on.
fn deliver_all(
    server: &Rc<Server>,
    id: LinkId,
    frames: &mut FrameReader,
    fds: &mut VecDeque<OwnedFd>,
) -> bool {
    loop {
        match frames.next_message::<FromKeeper>() {
            Ok(Some(Received::Known(message))) => {
                let rides = matches!(&message, FromKeeper::Welcome(w) if w.state == KeeperState::Running);
                let fd = if rides { fds.pop_front() } else { None };
                deliver(server, id, message, fd);
            }
            Ok(Some(Received::Unknown(_))) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn deliver(server: &Rc<Server>, id: LinkId, message: FromKeeper, fd: Option<OwnedFd>) {
    let (pane, listener) = {
        let mut core = server.core.borrow_mut();
        let Some(link) = core.links.all.get_mut(&id) else { return };
        if let FromKeeper::Migration { move_id, bytes } = message {
            if let Some(peer) = link.peer {
                core.links.say(peer, &ToKeeper::Migration { move_id, bytes });
            }
            return;
        }
        (link.pane, link.listener.clone())
    };
    let is_the_panes = matches!(
        message,
        FromKeeper::Output(_)
            | FromKeeper::Exited(_)
            | FromKeeper::Info(_)
            | FromKeeper::InputBack(_)
            | FromKeeper::InputTaken { .. }
            | FromKeeper::Hold { .. }
            | FromKeeper::Resumed { .. }
    );
    match (pane, listener) {
        (Some(pane), _) if is_the_panes => panes::said(server, pane, id, message, fd),
        // It follows a Welcome that somebody is still busy with.
        (None, Some(_)) if is_the_panes => {
            if let Some(link) = server.core.borrow_mut().links.all.get_mut(&id) {
                link.early.push(message);
            }
        }
        (_, Some(listener)) => drop(listener.send(FromLink::Said(Box::new(message), fd))),
        (Some(pane), None) => panes::said(server, pane, id, message, fd),
        (None, None) => {}
    }
}

/// The stream of a link has ended.
fn cut(server: &Rc<Server>, id: LinkId, why: Option<TransportError>) {
    let Some(link) = server.core.borrow_mut().links.all.remove(&id) else { return };
    link.out.close();
    match (link.listener, link.pane) {
        (Some(listener), _) => drop(listener.send(FromLink::Cut(why))),
        (None, Some(pane)) => panes::link_lost(server, pane, id),
        (None, None) => {}
    }
}
