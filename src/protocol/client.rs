//! What a client and the server say to each other, over the server's unix socket.
//!
//! One enum each way. A message is a frame (see the parent module): its number names the variant,
//! its body is a map with field names, so a side skips fields it does not know. Numbers are never
//! reused. Knows no sockets.

use super::{FrameError, Message, decode_value as parse, encode_value as put};
use crate::ids::Size;
use serde::{Deserialize, Serialize};

/// What this build speaks; the server compares it with its own to name a mismatch to the user.
pub const CLIENT_PROTOCOL: u32 = 1;

/// Most bytes of terminal input or standard input put into one message.
pub const MAX_INPUT: usize = 64 * 1024;

/// Most words in one command line taken from a client.
pub const MAX_ARGV: usize = 16 * 1024;

/// Most environment variables taken from a client.
pub const MAX_ENV: usize = 16 * 1024;

/// Who a client is and what it was asked to do: the first message on every connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientHello {
    /// [`CLIENT_PROTOCOL`] of the client's build.
    pub protocol: u32,
    /// Version of the client's build, `0.1.0`.
    pub version: String,
    /// The command and its arguments, after the global flags; empty means the default command.
    pub argv: Vec<String>,
    /// Working directory of the client.
    pub cwd: String,
    /// Its environment; variables that are not UTF-8 are left out.
    pub env: Vec<(String, String)>,
    /// `$TERM`, empty when unset.
    pub term: String,
    /// What terminfo says of it: names of capabilities, `colors=N` with its number. `None` when there is no
    /// entry, or no terminal.
    pub terminfo: Option<Vec<String>>,
    /// Path of the terminal on standard input, when that is one.
    pub tty: Option<String>,
    /// Size of that terminal.
    pub size: Option<Size>,
    /// Size of one cell in pixels (width, height), when the terminal tells.
    pub cell_pixels: Option<(u16, u16)>,
    /// Process id of the client.
    pub pid: i32,
    /// User id of the client; the server puts in what the kernel says of the socket's peer.
    pub uid: u32,
    /// Called by the name `tmux`: `-V`, `$TMUX` and the configuration files are tmux's.
    pub as_tmux: bool,
    /// Terminal features the user named or the environment shows: `256`, `RGB`, … (tmux's words).
    pub features: Vec<String>,
    /// The locale, or `-u`, says that the terminal takes UTF-8.
    pub utf8: bool,
    /// `-C` given this many times (control mode).
    pub control: u8,
    /// This client started the server (its command is the server's first).
    pub started_server: bool,
    /// It answers [`ToClient::GiveTty`].
    pub passes_tty: bool,
    /// It writes [`ToClient::Draw`] to standard output while it is a command's, and says when it has.
    pub streams: bool,
}

/// From a client to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToServer {
    /// First on the connection.
    Hello(Box<ClientHello>),
    /// Bytes read from the attached terminal.
    Input(Vec<u8>),
    /// Bytes of standard input after [`ToClient::WantStdin`]; `None` is its end.
    Stdin(Option<Vec<u8>>),
    /// The terminal has this size now; pixels of one cell when known.
    Resize {
        /// Size in cells.
        size: Size,
        /// Width and height of a cell in pixels.
        cell_pixels: Option<(u16, u16)>,
    },
    /// The frame of this number has been written to the terminal: the next may come.
    Drawn {
        /// Number given in [`ToClient::Draw`].
        seq: u64,
    },
    /// The client was told to end (a signal, its terminal gone) and is leaving.
    Leaving,
    /// What was on the terminal is lost (the client was stopped and goes on): draw everything.
    Redraw,
    /// The answer to [`ToClient::GiveTty`]. With the terminal's descriptor riding on it: from here the server
    /// reads and writes the terminal. Without one: the client goes on carrying keys and frames.
    Tty,
    /// The client wants its terminal back: [`ToClient::TtyBack`] says when it is.
    TakeBack,
}

/// From the server to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToClient {
    /// Bytes for standard output.
    Stdout(Vec<u8>),
    /// Bytes for standard error.
    Stderr(Vec<u8>),
    /// The command is done: leave with this exit code.
    Exit {
        /// Exit code.
        code: u8,
    },
    /// Become a terminal: raw mode, alternate screen; then frames come.
    Attach,
    /// A frame. The client answers [`ToServer::Drawn`] when `write(2)` has taken all of it.
    Draw {
        /// Number of the frame.
        seq: u64,
        /// Bytes for the terminal.
        bytes: Vec<u8>,
    },
    /// Out of band bytes for the terminal (bell, clipboard); not acknowledged.
    Terminal(Vec<u8>),
    /// Cease to be a terminal; `message` is shown in brackets on the user's own screen:
    /// `detached (from session 0)`, `exited`, `server exited`.
    Detach {
        /// The words between the brackets.
        message: String,
    },
    /// The command reads standard input: send it.
    WantStdin,
    /// Give the terminal to this shell command until it ends, then be as after a stop: [`ToServer::Redraw`].
    Lock {
        /// For `/bin/sh -c`.
        command: String,
    },
    /// Stop (`suspend-client`): give the terminal back, stop the process, attach again on SIGCONT.
    Suspend,
    /// Pass the terminal's descriptor: [`ToServer::Tty`] is waited for before anything is drawn. Only to a client
    /// that says [`ClientHello::passes_tty`].
    GiveTty,
    /// The terminal is the client's: the server has let it go, what was not written yet is dropped.
    TtyBack {
        /// Answers of the terminal are on their way to questions the server has asked.
        awaited: bool,
    },
}

/// Message numbers. Never reused, in either direction.
mod number {
    pub const HELLO: u16 = 0x0101;
    pub const INPUT: u16 = 0x0102;
    pub const STDIN: u16 = 0x0103;
    pub const RESIZE: u16 = 0x0104;
    pub const DRAWN: u16 = 0x0105;
    pub const LEAVING: u16 = 0x0106;
    pub const REDRAW: u16 = 0x0107;
    pub const TTY: u16 = 0x0108;
    pub const TAKE_BACK: u16 = 0x0109;

    pub const STDOUT: u16 = 0x0181;
    pub const STDERR: u16 = 0x0182;
    pub const EXIT: u16 = 0x0183;
    pub const ATTACH: u16 = 0x0184;
    pub const DRAW: u16 = 0x0185;
    pub const TERMINAL: u16 = 0x0186;
    pub const DETACH: u16 = 0x0187;
    pub const WANT_STDIN: u16 = 0x0188;
    pub const SUSPEND: u16 = 0x0189;
    pub const LOCK: u16 = 0x018a;
    pub const GIVE_TTY: u16 = 0x018b;
    pub const TTY_BACK: u16 = 0x018c;
}

#[derive(Serialize, Deserialize)]
struct Empty {}

#[derive(Serialize)]
struct BytesOut<'a> {
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
}

#[derive(Deserialize)]
struct BytesIn {
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

#[derive(Serialize)]
struct StdinOut<'a> {
    #[serde(with = "serde_bytes")]
    bytes: Option<&'a [u8]>,
}

#[derive(Deserialize)]
struct StdinIn {
    #[serde(default, with = "serde_bytes")]
    bytes: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct ResizeBody {
    size: Size,
    #[serde(default)]
    cell_pixels: Option<(u16, u16)>,
}

#[derive(Serialize, Deserialize)]
struct SeqBody {
    seq: u64,
}

#[derive(Serialize)]
struct DrawOut<'a> {
    seq: u64,
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
}

#[derive(Deserialize)]
struct DrawIn {
    seq: u64,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct ExitBody {
    code: u8,
}

#[derive(Serialize, Deserialize)]
struct LockBody {
    command: String,
}

#[derive(Serialize, Deserialize)]
struct TtyBackBody {
    #[serde(default)]
    awaited: bool,
}

#[derive(Serialize, Deserialize)]
struct DetachBody {
    message: String,
}

impl Message for ToServer {
    fn number(&self) -> u16 {
        match self {
            ToServer::Hello(_) => number::HELLO,
            ToServer::Input(_) => number::INPUT,
            ToServer::Stdin(_) => number::STDIN,
            ToServer::Resize { .. } => number::RESIZE,
            ToServer::Drawn { .. } => number::DRAWN,
            ToServer::Leaving => number::LEAVING,
            ToServer::Redraw => number::REDRAW,
            ToServer::Tty => number::TTY,
            ToServer::TakeBack => number::TAKE_BACK,
        }
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            ToServer::Hello(hello) => put(hello, out),
            ToServer::Input(bytes) => put(&BytesOut { bytes }, out),
            ToServer::Stdin(bytes) => put(&StdinOut { bytes: bytes.as_deref() }, out),
            ToServer::Resize { size, cell_pixels } => {
                put(&ResizeBody { size: *size, cell_pixels: *cell_pixels }, out);
            }
            ToServer::Drawn { seq } => put(&SeqBody { seq: *seq }, out),
            ToServer::Leaving | ToServer::Redraw | ToServer::Tty | ToServer::TakeBack => put(&Empty {}, out),
        }
    }

    /// Sizes come back within their limits.
    fn decode_body(number: u16, body: &[u8]) -> Result<Option<Self>, FrameError> {
        Ok(Some(match number {
            number::HELLO => {
                let mut hello: ClientHello = parse(number, body)?;
                let limits = [("argv", hello.argv.len(), MAX_ARGV), ("env", hello.env.len(), MAX_ENV)];
                if let Some((what, len, limit)) = limits.into_iter().find(|(_, len, limit)| len > limit) {
                    return Err(FrameError::Body {
                        number,
                        why: format!("{what}: {len} entries, at most {limit}"),
                    });
                }
                hello.size = hello.size.map(|s| Size::new(s.cols, s.rows));
                ToServer::Hello(Box::new(hello))
            }
            number::INPUT => ToServer::Input(parse::<BytesIn>(number, body)?.bytes),
            number::STDIN => ToServer::Stdin(parse::<StdinIn>(number, body)?.bytes),
            number::RESIZE => {
                let ResizeBody { size, cell_pixels } = parse(number, body)?;
                ToServer::Resize { size: Size::new(size.cols, size.rows), cell_pixels }
            }
            number::DRAWN => ToServer::Drawn { seq: parse::<SeqBody>(number, body)?.seq },
            number::LEAVING => ToServer::Leaving,
            number::REDRAW => ToServer::Redraw,
            number::TTY => ToServer::Tty,
            number::TAKE_BACK => ToServer::TakeBack,
            _ => return Ok(None),
        }))
    }
}

impl Message for ToClient {
    fn number(&self) -> u16 {
        match self {
            ToClient::Stdout(_) => number::STDOUT,
            ToClient::Stderr(_) => number::STDERR,
            ToClient::Exit { .. } => number::EXIT,
            ToClient::Attach => number::ATTACH,
            ToClient::Draw { .. } => number::DRAW,
            ToClient::Terminal(_) => number::TERMINAL,
            ToClient::Detach { .. } => number::DETACH,
            ToClient::WantStdin => number::WANT_STDIN,
            ToClient::Suspend => number::SUSPEND,
            ToClient::Lock { .. } => number::LOCK,
            ToClient::GiveTty => number::GIVE_TTY,
            ToClient::TtyBack { .. } => number::TTY_BACK,
        }
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        match self {
            ToClient::Stdout(bytes) | ToClient::Stderr(bytes) | ToClient::Terminal(bytes) => {
                put(&BytesOut { bytes }, out);
            }
            ToClient::Exit { code } => put(&ExitBody { code: *code }, out),
            ToClient::Draw { seq, bytes } => put(&DrawOut { seq: *seq, bytes }, out),
            ToClient::Detach { message } => put(&DetachBody { message: message.clone() }, out),
            ToClient::Lock { command } => put(&LockBody { command: command.clone() }, out),
            ToClient::TtyBack { awaited } => put(&TtyBackBody { awaited: *awaited }, out),
            ToClient::Attach | ToClient::WantStdin | ToClient::Suspend | ToClient::GiveTty => {
                put(&Empty {}, out);
            }
        }
    }

    fn decode_body(number: u16, body: &[u8]) -> Result<Option<Self>, FrameError> {
        Ok(Some(match number {
            number::STDOUT => ToClient::Stdout(parse::<BytesIn>(number, body)?.bytes),
            number::STDERR => ToClient::Stderr(parse::<BytesIn>(number, body)?.bytes),
            number::EXIT => ToClient::Exit { code: parse::<ExitBody>(number, body)?.code },
            number::ATTACH => ToClient::Attach,
            number::DRAW => {
                let DrawIn { seq, bytes } = parse(number, body)?;
                ToClient::Draw { seq, bytes }
            }
            number::TERMINAL => ToClient::Terminal(parse::<BytesIn>(number, body)?.bytes),
            number::DETACH => ToClient::Detach { message: parse::<DetachBody>(number, body)?.message },
            number::WANT_STDIN => ToClient::WantStdin,
            number::SUSPEND => ToClient::Suspend,
            number::LOCK => ToClient::Lock { command: parse::<LockBody>(number, body)?.command },
            number::GIVE_TTY => ToClient::GiveTty,
            number::TTY_BACK => ToClient::TtyBack { awaited: parse::<TtyBackBody>(number, body)?.awaited },
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{FrameReader, Received, frame};

    fn there_and_back<M: Message + Clone + PartialEq + std::fmt::Debug>(messages: &[M]) {
        let mut reader = FrameReader::new();
        for message in messages {
            reader.feed(&frame(message));
        }
        for message in messages {
            let got = reader.next_message::<M>().unwrap();
            assert_eq!(got, Some(Received::Known(message.clone())));
        }
    }

    #[test]
    fn every_message_comes_back_as_it_went() {
        let hello = ClientHello {
            argv: vec!["new-session".into(), "-d".into()],
            env: vec![("A".into(), "b".into())],
            size: Some(Size::new(80, 24)),
            pid: 7,
            ..ClientHello::default()
        };
        there_and_back(&[
            ToServer::Hello(Box::new(hello)),
            ToServer::Input(vec![0, 255, 27]),
            ToServer::Stdin(Some(vec![1, 2])),
            ToServer::Stdin(None),
            ToServer::Resize { size: Size::new(3, 4), cell_pixels: Some((8, 16)) },
            ToServer::Drawn { seq: u64::MAX },
            ToServer::Leaving,
            ToServer::Redraw,
            ToServer::Tty,
            ToServer::TakeBack,
        ]);
        there_and_back(&[
            ToClient::Stdout(b"x".to_vec()),
            ToClient::Stderr(vec![]),
            ToClient::Exit { code: 3 },
            ToClient::Attach,
            ToClient::Draw { seq: 9, bytes: vec![27; 300] },
            ToClient::Terminal(vec![7]),
            ToClient::Detach { message: "exited".into() },
            ToClient::WantStdin,
            ToClient::Suspend,
            ToClient::Lock { command: "lock -np".into() },
            ToClient::GiveTty,
            ToClient::TtyBack { awaited: true },
        ]);
    }

    #[test]
    fn a_newer_peer_may_add_fields_and_a_wild_size_is_clamped() {
        #[derive(Serialize)]
        struct Newer {
            size: Size,
            colour_of_the_sky: &'static str,
        }
        let body = rmp_serde::to_vec_named(&Newer {
            size: Size { cols: 0, rows: u16::MAX },
            colour_of_the_sky: "blue",
        })
        .unwrap();
        let got = ToServer::decode_body(0x0104, &body).unwrap().unwrap();
        assert_eq!(got, ToServer::Resize { size: Size { cols: 1, rows: Size::MAX }, cell_pixels: None });
    }

    #[test]
    fn nonsense_is_an_error_and_not_a_panic() {
        assert!(matches!(ToServer::decode_body(0x0101, &[0xc1]), Err(FrameError::Body { .. })));
        assert_eq!(ToClient::decode_body(0x7fff, &[]), Ok(None));
    }
}
