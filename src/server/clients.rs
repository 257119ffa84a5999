//! Clients of this server: their sockets, their frames.
//!
//! A client has at most one frame under way: the next is made when the terminal has taken it and the frame
//! interval is over, from what is true then. A slow client skips states and collects no backlog. The terminal is
//! passed to us where that is possible; elsewhere the client carries keys and frames, and says `Drawn`.

use super::handover::{HandedClient, HandedScreen, HandedWay};
use super::tty::{self, Tty};
use super::wire::{Outbox, ReadBuffer, Sink, drain, emptied};
use super::{Core, Server};
use crate::ids::{ClientId, Size};
use crate::mux::Event;
use crate::protocol::client::{ClientHello, ToClient, ToServer};
use crate::protocol::{self, FrameReader, Received};
use crate::sys::{fdpass, inherited};
use crate::transport::runtime;
use crate::view::{Caps, ClientView};
use std::cell::RefCell;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::task::spawn_local;

/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(8);
/// The same after a frame of more than [`LARGE`] bytes.
const FRAME_LARGE: Duration = Duration::from_millis(16);
/// The same while somebody types: a slow terminal (500 KB/s) is busy with such a frame for 8 ms, and an echo waits.
const FRAME_BESIDE: Duration = Duration::from_millis(33);
const LARGE: usize = 2048;
/// Least time between two drawings of the active pane alone for a client that has typed within [`TYPING`]: its echo
/// does not wait until what the other panes print may be drawn.
const FRAME_TYPING: Duration = Duration::from_millis(1);
pub(super) const TYPING: Duration = Duration::from_millis(150);
/// How long a program may hold its drawing.
const HOLD_MAX: Duration = Duration::from_millis(500);
/// How long a client that is being sent away may take to read what is left for it.
const FAREWELL: Duration = Duration::from_secs(2);

/// Most out of band bytes kept for a terminal that is on its way to us; more are dropped.
const HELD_MAX: usize = 1 << 20;

/// A connected client.
pub(super) struct Client {
    stream: Rc<UnixStream>,
    out: Rc<Outbox>,
    hello: ClientHello,
    screen: Option<Attached>,
    /// What came from it and is not yet a whole message is in here.
    frames: Rc<RefCell<FrameReader>>,
}

impl Client {
    /// What the next program in this process needs of it.
    pub(super) fn hand_over(&self, id: ClientId) -> HandedClient {
        let screen = self.screen.as_ref().map(|s| HandedScreen {
            seq: s.seq,
            outstanding: s.outstanding,
            way: match &s.way {
                Way::Relay => HandedWay::Relay,
                Way::Held(bytes) => HandedWay::Held(bytes.clone()),
                Way::Direct(tty) => {
                    let (fd, unsent, awaited) = tty.hand_over();
                    HandedWay::Direct { fd, unsent, awaited }
                }
            },
        });
        HandedClient {
            id,
            hello: self.hello.clone(),
            socket: self.stream.as_raw_fd(),
            unsent: self.out.unsent(),
            unread: self.frames.borrow().rest().to_vec(),
            screen,
        }
    }
}

/// A client that is a terminal, from the program that ran in this process before. It is not yet read from.
/// `false`: it cannot be had any more.
pub(super) fn take_over(core: &mut Core, handed: HandedClient) -> bool {
    let id = handed.id;
    let stream = inherited::take(handed.socket).and_then(|socket| UnixStream::from_std(socket.into()));
    let (Ok(stream), Some(screen)) = (stream, handed.screen) else { return false };
    let stream = Rc::new(stream);
    let out = Outbox::new(Sink::Socket(stream.clone()));
    out.push(&handed.unsent);
    spawn_local(drain(out.clone()));
    let mut outstanding = screen.outstanding;
    let way = match screen.way {
        HandedWay::Relay => Way::Relay,
        HandedWay::Held(bytes) => Way::Held(bytes),
        HandedWay::Direct { fd, unsent, awaited } => {
            // What is unsent goes first, and then the whole picture.
            outstanding = outstanding.filter(|_| !unsent.is_empty());
            let tty = inherited::take(fd).and_then(|fd| Tty::new(fd, stream.clone()));
            // A terminal that is gone: the client has it open too, and says so.
            let Ok(tty) = tty else { return false };
            tty.go_on(&unsent, awaited);
            Way::Direct(tty)
        }
    };
    let size = core.mux.client(id).map(|c| c.size).unwrap_or(Size::new(80, 24));
    let mut attached = Attached::new(ClientView::new(size, Caps::from_hello(&handed.hello)), way);
    (attached.seq, attached.outstanding) = (screen.seq, outstanding);
    let mut frames = FrameReader::new();
    frames.feed(&handed.unread);
    let frames = Rc::new(RefCell::new(frames));
    core.clients.insert(id, Client { stream, out, hello: handed.hello, screen: Some(attached), frames });
    core.dirty.push(id);
    true
}

/// Begins to read from the clients that were taken over.
pub(super) fn serve_taken_over(server: &Rc<Server>) {
    let core = server.core.borrow();
    for (id, client) in &core.clients {
        spawn_local(listen_to(server.clone(), client.stream.clone(), client.frames.clone(), Some(*id)));
        if let Some(Attached { way: Way::Direct(tty), .. }) = &client.screen {
            spawn_local(tty::serve(server.clone(), *id, tty.clone()));
        }
    }
}

/// What a client that is a terminal needs.
struct Attached {
    view: ClientView,
    way: Way,
    /// Number of the frame the client has not yet confirmed.
    outstanding: Option<u64>,
    seq: u64,
    /// When the next frame may be made.
    next_frame: Option<Instant>,
    /// When the active pane may be drawn alone.
    next_echo: Option<Instant>,
    last_input: Option<Instant>,
    /// When a task will draw, the soonest.
    scheduled: Option<Instant>,
    dirty: bool,
    /// A task will end a program's hold on its drawing.
    holding: bool,
}

impl Attached {
    fn new(view: ClientView, way: Way) -> Attached {
        Attached {
            view,
            way,
            outstanding: None,
            seq: 0,
            next_frame: None,
            next_echo: None,
            last_input: None,
            scheduled: None,
            dirty: true,
            holding: false,
        }
    }
}

/// How a client's terminal is reached.
enum Way {
    /// The client carries keys and frames.
    Relay,
    /// The terminal is in the client's hands and will come to us: out of band bytes wait, frames are not made.
    Held(Vec<u8>),
    /// The terminal is in our hands.
    Direct(Rc<Tty>),
}

/// Serves one connection until it ends.
pub(super) async fn serve(server: Rc<Server>, stream: UnixStream) {
    if runtime::check_peer(&stream).is_err() {
        return;
    }
    listen_to(server, Rc::new(stream), Rc::default(), None).await;
}

/// Takes what a client says until it ends; `id` is that of one that has said its hello.
async fn listen_to(
    server: Rc<Server>,
    stream: Rc<UnixStream>,
    frames: Rc<RefCell<FrameReader>>,
    mut id: Option<ClientId>,
) {
    let uid = stream.peer_cred().map(|c| c.uid()).unwrap_or(u32::MAX);
    let mut buffer = ReadBuffer::new();
    let (mut arrived, mut tty) = (Vec::new(), None);
    loop {
        let received = || fdpass::receive(stream.as_fd(), buffer.space(), &mut arrived);
        let read = match stream.async_io(Interest::READABLE, received).await {
            Ok(n) if n > 0 => n,
            _ => break,
        };
        // A descriptor comes with the first bytes of its message.
        tty = arrived.drain(..).next_back().or(tty);
        buffer.feed(&mut frames.borrow_mut(), read);
        loop {
            let next = frames.borrow_mut().next_message::<ToServer>();
            let message = match next {
                Ok(Some(Received::Known(message))) => message,
                Ok(Some(Received::Unknown(_))) => continue,
                Ok(None) => break,
                Err(_) => return gone(&server, id),
            };
            match (id, message) {
                (None, ToServer::Hello(mut hello)) => {
                    hello.uid = uid;
                    id = Some(welcome(&server, &stream, &frames, *hello));
                }
                // Nothing counts before the hello, and there is only one.
                (None, _) | (Some(_), ToServer::Hello(_)) => return gone(&server, id),
                (Some(_), ToServer::Leaving) => return gone(&server, id),
                (Some(id), ToServer::Tty) => take_tty(&server, id, tty.take()),
                (Some(id), message) => take(&server, id, message),
            }
        }
        tokio::task::yield_now().await;
    }
    gone(&server, id);
}

fn welcome(
    server: &Rc<Server>,
    stream: &Rc<UnixStream>,
    frames: &Rc<RefCell<FrameReader>>,
    hello: ClientHello,
) -> ClientId {
    let out = Outbox::new(Sink::Socket(stream.clone()));
    spawn_local(drain(out.clone()));
    let client = {
        let mut core = server.core.borrow_mut();
        core.next_client += 1;
        let client = ClientId(core.next_client);
        let (stream, frames) = (stream.clone(), frames.clone());
        core.clients.insert(client, Client { stream, out, hello: hello.clone(), screen: None, frames });
        client
    };
    super::panes::refresh_info(server, super::panes::Which::All);
    server.tell_time();
    server.event(Event::ClientConnected { client, hello });
    client
}

fn take(server: &Rc<Server>, client: ClientId, message: ToServer) {
    match message {
        ToServer::Hello(_) | ToServer::Leaving | ToServer::Tty => {}
        ToServer::Input(bytes) => input(server, client, &bytes),
        ToServer::TakeBack => let_go(&mut server.core.borrow_mut(), client, true),
        ToServer::Stdin(bytes) => {
            server.event(Event::ClientStdin { client, bytes: bytes.as_deref() });
        }
        ToServer::Resize { size, cell_pixels } => {
            if let Some(pixels) = cell_pixels {
                server.event(Event::ClientCell { client, pixels });
            }
            if let Some(screen) = attached(&mut server.core.borrow_mut(), client) {
                screen.view.resize(size);
            }
            server.event(Event::ClientResized { client, size });
        }
        ToServer::Redraw => {
            server.event(Event::ClientGoesOn { client });
            let mut core = server.core.borrow_mut();
            let Some(screen) = attached(&mut core, client) else { return };
            screen.view.invalidate();
            screen.outstanding = None;
            want_tty(&mut core, client);
            draw(server, &mut core, client);
        }
        ToServer::Drawn { seq } => {
            let mut core = server.core.borrow_mut();
            let Some(screen) = attached(&mut core, client) else {
                // A control client has no screen: it has written lines.
                drop(core);
                return server.event(Event::ControlWritten { client, seq });
            };
            if screen.outstanding == Some(seq) {
                through(server, &mut core, client);
            }
        }
    }
}

/// Keys from the client's terminal.
pub(super) fn input(server: &Rc<Server>, client: ClientId, bytes: &[u8]) {
    let now = Some(Instant::now());
    server.typed.set(now);
    if let Some(screen) = attached(&mut server.core.borrow_mut(), client) {
        screen.last_input = now;
    }
    server.event(Event::ClientInput { client, bytes });
}

/// The terminal in our hands has taken all that was written.
pub(super) fn drained(server: &Rc<Server>, client: ClientId) {
    through(server, &mut server.core.borrow_mut(), client);
}

/// The frame under way has arrived: the next may be made.
fn through(server: &Rc<Server>, core: &mut Core, client: ClientId) {
    let Some(screen) = attached(core, client) else { return };
    screen.outstanding = None;
    if screen.dirty {
        draw(server, core, client);
    }
}

/// Asks the client for its terminal, if it is one that passes it.
fn want_tty(core: &mut Core, client: ClientId) {
    let Some(to) = core.clients.get_mut(&client) else { return };
    if to.hello.passes_tty
        && let Some(screen) = &mut to.screen
    {
        screen.way = Way::Held(Vec::new());
        send(core, client, &ToClient::GiveTty);
    }
}

/// The client's answer: its terminal, or `None` when it cannot be passed.
fn take_tty(server: &Rc<Server>, client: ClientId, fd: Option<OwnedFd>) {
    let mut core = server.core.borrow_mut();
    let Some(to) = core.clients.get_mut(&client) else { return };
    let Some(screen) = &mut to.screen else { return };
    let Way::Held(held) = &mut screen.way else { return };
    let held = std::mem::take(held);
    match fd.and_then(|fd| Tty::new(fd, to.stream.clone()).ok()) {
        Some(tty) => {
            screen.way = Way::Direct(tty.clone());
            spawn_local(tty::serve(server.clone(), client, tty));
        }
        None => {
            screen.way = Way::Relay;
            send(&mut core, client, &ToClient::TtyBack { awaited: false });
        }
    }
    if !held.is_empty() {
        terminal(&mut core, client, held);
    }
    draw(server, &mut core, client);
}

/// Gives the client its terminal back if we have it, and says so; if not, only when `asked` to.
fn let_go(core: &mut Core, client: ClientId, asked: bool) {
    let Some(to) = core.clients.get_mut(&client) else { return };
    let mut awaited = None;
    if let Some(screen) = &mut to.screen
        && let Way::Direct(tty) = &screen.way
    {
        awaited = Some(tty.let_go());
        screen.way = Way::Held(Vec::new());
    }
    if asked || awaited.is_some() {
        send(core, client, &ToClient::TtyBack { awaited: awaited.unwrap_or(false) });
    }
}

/// Out of band bytes for the client's terminal.
pub(super) fn terminal(core: &mut Core, client: ClientId, bytes: Vec<u8>) {
    match attached(core, client).map(|screen| &mut screen.way) {
        Some(Way::Direct(tty)) => {
            tty.write(&bytes);
        }
        Some(Way::Held(held)) if held.len() + bytes.len() <= HELD_MAX => held.extend(bytes),
        Some(Way::Held(_)) => {}
        Some(Way::Relay) | None => send(core, client, &ToClient::Terminal(bytes)),
    }
}

fn attached(core: &mut Core, client: ClientId) -> Option<&mut Attached> {
    core.clients.get_mut(&client)?.screen.as_mut()
}

fn gone(server: &Rc<Server>, id: Option<ClientId>) {
    let Some(client) = id else { return };
    let known = server.core.borrow_mut().clients.remove(&client);
    if let Some(known) = known {
        if let Some(Attached { way: Way::Direct(tty), .. }) = &known.screen {
            tty.let_go();
        }
        known.out.close();
        server.event(Event::ClientGone { client });
    }
}

/// Sends `message` to a client, if it is there.
pub(super) fn send(core: &mut Core, client: ClientId, message: &ToClient) {
    if let Some(to) = core.clients.get(&client)
        && !to.out.push(&protocol::frame(message))
    {
        // It has stopped reading and its queue is full: it is dead to us; its socket's reader ends it.
        to.out.close();
    }
}

/// The client becomes a terminal (again).
pub(super) fn attach(core: &mut Core, client: ClientId) {
    let_go(core, client, false);
    send(core, client, &ToClient::Attach);
    let Some(to) = core.clients.get_mut(&client) else { return };
    let Some(size) = to.hello.size else { return };
    let view = ClientView::new(size, Caps::from_hello(&to.hello));
    to.screen = Some(Attached::new(view, Way::Relay));
    core.dirty.push(client);
    want_tty(core, client);
}

/// The client ceases to be a terminal.
pub(super) fn detach(core: &mut Core, client: ClientId, message: String) {
    let_go(core, client, false);
    if let Some(to) = core.clients.get_mut(&client) {
        to.screen = None;
    }
    send(core, client, &ToClient::Detach { message });
}

/// Draws for `client` if it may have a frame now; else remembers that it wants one.
pub(super) fn draw(server: &Rc<Server>, core: &mut Core, client: ClientId) {
    let Core { clients, mux, .. } = core;
    let Some(to) = clients.get_mut(&client) else { return };
    let Some(screen) = to.screen.as_mut() else { return };
    screen.dirty = true;
    if screen.outstanding.is_some() || matches!(screen.way, Way::Held(_)) {
        return;
    }
    let now = Instant::now();
    let due = |at: Option<Instant>| at.is_none_or(|at| at <= now);
    let typing = screen.last_input.is_some_and(|at| now - at < TYPING);
    let whole = due(screen.next_frame);
    let mut bytes = Vec::new();
    if whole {
        screen.dirty = false;
        screen.view.render(mux, client, &mut bytes);
        screen.dirty = screen.view.unfinished();
        if screen.view.held() && !screen.holding {
            screen.holding = true;
            spawn_local(release(server.clone(), client));
        }
    } else if typing && due(screen.next_echo) {
        screen.view.render_active(mux, client, &mut bytes);
    }
    if !bytes.is_empty() {
        let large = bytes.len() > LARGE;
        // Alone and large: it is the active pane that floods.
        screen.next_echo = Some(now + if large && !whole { FRAME_LARGE } else { FRAME_TYPING });
        if whole {
            let interval = match (large, typing) {
                (false, _) => FRAME,
                (true, false) => FRAME_LARGE,
                (true, true) => FRAME_BESIDE,
            };
            screen.next_frame = Some(now + interval);
        }
    }
    if screen.dirty {
        let next = if typing { screen.next_echo.filter(|at| *at > now) } else { None }.or(screen.next_frame);
        draw_later(server, client, screen, next.unwrap_or(now));
    }
    if bytes.is_empty() {
        return;
    }
    screen.seq += 1;
    let seq = screen.seq;
    match &screen.way {
        Way::Direct(tty) => screen.outstanding = (!tty.write(&bytes)).then_some(seq),
        Way::Relay | Way::Held(_) => {
            screen.outstanding = Some(seq);
            send(core, client, &ToClient::Draw { seq, bytes });
        }
    }
}

/// Draws at `at`, unless that happens sooner anyway.
fn draw_later(server: &Rc<Server>, client: ClientId, screen: &mut Attached, at: Instant) {
    if screen.scheduled.is_some_and(|scheduled| scheduled <= at) {
        return;
    }
    screen.scheduled = Some(at);
    let server = server.clone();
    spawn_local(async move {
        tokio::time::sleep_until(at.into()).await;
        let mut core = server.core.borrow_mut();
        if let Some(screen) = attached(&mut core, client).filter(|screen| screen.scheduled == Some(at)) {
            screen.scheduled = None;
            if screen.dirty {
                draw(&server, &mut core, client);
            }
        }
    });
}

/// Ends a program's hold on its drawing (mode 2026) that has lasted too long.
async fn release(server: Rc<Server>, client: ClientId) {
    tokio::time::sleep(HOLD_MAX).await;
    let mut core = server.core.borrow_mut();
    let Some(screen) = attached(&mut core, client) else { return };
    screen.holding = false;
    if screen.view.held() {
        screen.view.release_hold();
        draw(&server, &mut core, client);
    }
}

/// Ends every connection; what has been said to the clients still reaches them.
pub(super) async fn dismiss_all(server: &Rc<Server>) {
    let outs: Vec<Rc<Outbox>> = {
        let mut core = server.core.borrow_mut();
        let ids: Vec<ClientId> = core.clients.keys().copied().collect();
        for id in ids {
            if attached(&mut core, id).is_some() {
                detach(&mut core, id, "server exited".into());
            }
        }
        core.clients.drain().map(|(_, c)| c.out).collect()
    };
    let flushed = async {
        emptied(&outs).await;
        outs.iter().for_each(|out| out.close());
    };
    let _ = tokio::time::timeout(FAREWELL, flushed).await;
}
