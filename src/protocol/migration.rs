//! What two keepers say to each other while a pane moves.
//!
//! Owns the messages and their encoding inside the opaque `Migration(bytes)` frame that the server
//! relays. Must not know the rules of the move (`migration`), sockets or ssh.
//!
//! A message is `u16` LE number and a MessagePack body with field names; which move it belongs to is said
//! by the frame around it. Numbers are never reused; a field that a reader does not know is skipped; one it
//! misses takes its default.

use super::keeper::Trouble;
use super::{Bytes, FrameError, Message as _};
use crate::ids::{Epoch, HostName, LifeId};
use crate::messages;
use serde::{Deserialize, Serialize};

/// Largest chunk of image bytes in one message, in bytes.
pub const CHUNK_MAX: usize = 1 << 20;
/// Most mapped files an offer may list.
pub const MAPPED_FILES_MAX: usize = 65_536;
/// Most features (engine or CPU) an offer may list.
pub const FEATURES_MAX: usize = 4096;
/// Longest path or free text in a message, in bytes.
pub const TEXT_MAX: usize = 4096;
/// Most warnings in one message.
pub const WARNINGS_MAX: usize = 32;
/// Largest encoded message, in bytes (below the frame limit of 16 MiB).
pub const MESSAGE_MAX: usize = 15 << 20;

/// Text from another host with its control characters removed (a terminal would obey them) and cut to
/// [`TEXT_MAX`] bytes at a character boundary.
pub fn clean_text(text: &str) -> String {
    clean_to(text, TEXT_MAX)
}

fn clean_to(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        let c = if c == '\n' || c == '\t' { ' ' } else { c };
        if c.is_control() {
            continue;
        }
        if out.len() + c.len_utf8() > limit {
            break;
        }
        out.push(c);
    }
    out
}

/// A file that is mapped or executed by the tree, by content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfferedFile {
    /// Absolute path at the source.
    #[serde(with = "serde_bytes")]
    pub path: Vec<u8>,
    /// BLAKE3 of its content.
    pub hash: [u8; 32],
    /// Size, bytes.
    pub size: u64,
}

/// A file or directory that is found again by its path at the destination.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfferedPlace {
    /// Absolute path.
    #[serde(with = "serde_bytes")]
    pub path: Vec<u8>,
    /// Is a directory.
    #[serde(default)]
    pub directory: bool,
    /// Is open for writing: what is there must be the same.
    #[serde(default)]
    pub writing: bool,
    /// Whoever writes to it only appends and cannot read it.
    #[serde(default)]
    pub appends: bool,
    /// Is in a folder that the user has on each host apart, and may come along unasked.
    #[serde(default)]
    pub own: bool,
    /// Locks held on it.
    #[serde(default)]
    pub locks: Vec<OfferedLock>,
    /// Size, bytes.
    #[serde(default)]
    pub size: u64,
    /// Number of its inode: by it a file on a shared file system is known while it changes.
    #[serde(default)]
    pub inode: u64,
    /// When it was made, ns since 1970; 0 where the file system does not say.
    #[serde(default)]
    pub made_ns: u64,
    /// BLAKE3 of its content, where that was read.
    #[serde(default)]
    pub hash: Option<[u8; 32]>,
}

/// A lock held on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OfferedLock {
    /// flock(2), of the whole file; otherwise of a range.
    pub whole: bool,
    /// Nobody else may have one.
    pub exclusive: bool,
    /// Where the range begins.
    #[serde(default)]
    pub start: u64,
    /// Its length, 0 to the end.
    #[serde(default)]
    pub len: u64,
}

/// What the source offers to move, said while the pane still runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Offer {
    /// Version of qmux that sends.
    pub qmux: String,
    /// The pane.
    pub life: LifeId,
    /// Its epoch now; at the destination it gets the next one.
    pub epoch: Epoch,
    /// Host it comes from, as that host names itself.
    pub from: HostName,
    /// User name there.
    pub user: String,
    /// Engine that made (will make) the image: `native`.
    pub engine: String,
    /// Image sections and abilities the destination must know.
    #[serde(default)]
    pub features: Vec<String>,
    /// `x86_64`.
    pub arch: String,
    /// Kernel release of the source, for the log.
    #[serde(default)]
    pub kernel: String,
    /// CPU flags the processes may rely on.
    #[serde(default)]
    pub cpu_flags: Vec<String>,
    /// XSTATE feature bits in use.
    #[serde(default)]
    pub xfeatures: u64,
    /// Bytes of the register area of the source's CPU, 0 when not known: a kernel takes only its own size.
    #[serde(default)]
    pub xsave_size: u32,
    /// Line for people: `vi chapter3.tex`.
    pub title: String,
    /// Processes in the tree.
    pub processes: u32,
    /// Memory to be carried, bytes (estimate).
    pub memory_bytes: u64,
    /// Mapped files, by content.
    #[serde(default)]
    pub mapped: Vec<OfferedFile>,
    /// What is open or worked in (not mapped), and must be there.
    #[serde(default)]
    pub places: Vec<OfferedPlace>,
    /// Whether the user allowed files to be copied along (`--with-files`).
    #[serde(default)]
    pub with_files: bool,
    /// Only asking (`--dry-run`): the answer is all that is wanted.
    #[serde(default)]
    pub dry_run: bool,
}

/// The destination can take it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Accept {
    /// Version of qmux that answers.
    pub qmux: String,
    /// Host, as it names itself.
    pub host: HostName,
    /// Mapped files it has not got (by BLAKE3), which must come with the image.
    #[serde(default)]
    pub lacking: Vec<[u8; 32]>,
    /// Paths of open files that are not there and may come along: only with [`Offer::with_files`], but for those
    /// offered as the user's own of each host.
    #[serde(default)]
    pub carry: Vec<Bytes>,
    /// It takes memory ahead of the image.
    #[serde(default)]
    pub memory_ahead: bool,
    /// Tier it will restore with: `root`, `user`, `cap`.
    #[serde(default)]
    pub tier: String,
    /// Warnings for the user, one sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Which of a move's byte streams a chunk belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    /// Sent while the pane still runs: lacking files, first copy of memory.
    Precopy,
    /// Sent while it is frozen: the image.
    Image,
}

/// What one side knows, said when the other asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Knowledge {
    /// The source has not decided yet; ask again.
    NotDecided,
    /// The source has the destination's Ack on record and has let its copy go.
    Released,
    /// Nothing is on record about this move.
    Unknown,
}

messages! {
    /// One message between the two keepers of a move.
    #[derive(Eq, Hash)]
    pub enum Message {
        /// source → destination: what would come.
        1 => Offer(Box<Offer>),
        /// destination → source: it may come.
        2 => Accept(Accept),
        /// destination → source: it may not; nothing was touched.
        3 => Refuse(Trouble),
        /// source → destination: bytes of the image, in order.
        4 => Chunk {
            /// Which stream.
            part: Part,
            /// Offset of the first byte in that stream, bytes.
            offset: u64,
            /// The bytes, at most [`CHUNK_MAX`].
            bytes: Bytes,
        },
        /// source → destination: that stream is complete.
        5 => ChunkEnd {
            /// Which stream.
            part: Part,
            /// Its length, bytes.
            total: u64,
        },
        /// destination → source: restored, stopped, on record.
        6 => Ready,
        /// destination → source: could not be taken or restored; nothing of it is left.
        7 => RestoreFailed(Trouble),
        /// source → destination: it is yours, in this epoch.
        8 => Commit {
            /// The pane's epoch from now on.
            epoch: Epoch,
        },
        /// destination → source: it runs (or ran) here.
        9 => Ack,
        /// destination → source: no copy is here and none runs here, nor ever will of this move.
        10 => Gone(Trouble),
        /// source → destination: it runs on at the source; discard. Said only when that is so.
        11 => Abort(Trouble),
        /// destination → source: I am ready; what has become of it?
        12 => Query,
        /// source → destination: answer to [`Message::Query`] when neither Commit nor Abort is true.
        13 => State(Knowledge),
        /// receiver of chunks → sender: this many more bytes may be sent. For the drivers only; the
        /// state machines never see it.
        14 => Credit {
            /// Bytes.
            bytes: u64,
        },
    }
}

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Larger than [`MESSAGE_MAX`], or shorter than a number.
    #[error("a message of {0} bytes between keepers")]
    Length(usize),
    /// A newer qmux sent it. Not an error of the move: ignore it, the sender knows what we speak.
    #[error("message number {0} between keepers is unknown here")]
    Unknown(u16),
    /// Not what its number says.
    #[error(transparent)]
    Body(#[from] FrameError),
    /// One of its lists is longer than its limit.
    #[error("message between keepers: {0} beyond the limit")]
    Limit(&'static str),
}

/// The bytes of a message, for `ToKeeper::Migration` and `FromKeeper::Migration`.
pub fn encode(message: &Message) -> Vec<u8> {
    let mut out = match message {
        Message::Chunk { bytes, .. } => Vec::with_capacity(bytes.len() + 64),
        _ => Vec::with_capacity(128),
    };
    out.extend_from_slice(&message.number().to_le_bytes());
    message.encode_body(&mut out);
    out
}

/// The message in `bytes`. Texts in it are cleaned, lists within their limits.
pub fn decode(bytes: &[u8]) -> Result<Message, MessageError> {
    if bytes.len() < 2 || bytes.len() > MESSAGE_MAX {
        return Err(MessageError::Length(bytes.len()));
    }
    let number = u16::from_le_bytes([bytes[0], bytes[1]]);
    let mut message = Message::decode_body(number, &bytes[2..])?.ok_or(MessageError::Unknown(number))?;
    match &mut message {
        Message::Offer(offer) => check_offer(offer)?,
        Message::Accept(accept) => check_accept(accept)?,
        Message::Refuse(trouble)
        | Message::RestoreFailed(trouble)
        | Message::Gone(trouble)
        | Message::Abort(trouble) => clean_trouble(trouble),
        Message::Chunk { bytes, .. } => {
            if bytes.len() > CHUNK_MAX {
                return Err(MessageError::Limit("chunk"));
            }
        }
        Message::ChunkEnd { .. }
        | Message::Ready
        | Message::Commit { .. }
        | Message::Ack
        | Message::Query
        | Message::State(_)
        | Message::Credit { .. } => {}
    }
    Ok(message)
}

/// Takes control characters out of a trouble's words and cuts them to [`TEXT_MAX`]; every reader of one
/// from another host does this.
pub fn clean_trouble(trouble: &mut Trouble) {
    for text in [&mut trouble.code, &mut trouble.cause, &mut trouble.cure] {
        *text = clean_text(text);
    }
    trouble.class = trouble.class.clamp(1, 7);
}

fn check_accept(accept: &mut Accept) -> Result<(), MessageError> {
    if accept.lacking.len() > MAPPED_FILES_MAX {
        return Err(MessageError::Limit("lacking files"));
    }
    if accept.carry.len() > MAPPED_FILES_MAX || accept.carry.iter().any(|p| p.len() > TEXT_MAX) {
        return Err(MessageError::Limit("files to come along"));
    }
    accept.host.0 = clean_name(&accept.host.0);
    accept.warnings.truncate(WARNINGS_MAX);
    for text in accept.warnings.iter_mut().chain([&mut accept.qmux, &mut accept.tier]) {
        *text = clean_text(text);
    }
    Ok(())
}

fn clean_name(name: &str) -> String {
    clean_to(name, HostName::MAX)
}

fn check_offer(offer: &mut Offer) -> Result<(), MessageError> {
    let limit = MessageError::Limit;
    if offer.mapped.len() > MAPPED_FILES_MAX {
        return Err(limit("mapped files"));
    }
    if offer.places.len() > MAPPED_FILES_MAX {
        return Err(limit("open files"));
    }
    if offer.features.len() > FEATURES_MAX || offer.cpu_flags.len() > FEATURES_MAX {
        return Err(limit("features"));
    }
    let too_long = |path: &[u8]| path.len() > TEXT_MAX;
    if offer.mapped.iter().any(|f| too_long(&f.path)) || offer.places.iter().any(|p| too_long(&p.path)) {
        return Err(limit("path"));
    }
    offer.from.0 = clean_name(&offer.from.0);
    for text in [
        &mut offer.qmux,
        &mut offer.user,
        &mut offer.engine,
        &mut offer.arch,
        &mut offer.kernel,
        &mut offer.title,
    ]
    .into_iter()
    .chain(offer.features.iter_mut())
    .chain(offer.cpu_flags.iter_mut())
    {
        *text = clean_text(text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(cause: &str) -> Trouble {
        Trouble { class: 4, code: "x".into(), cause: cause.into(), cure: String::new() }
    }

    fn offer() -> Offer {
        Offer {
            qmux: "0.1".into(),
            life: LifeId(1, 2),
            epoch: Epoch(3),
            from: HostName("hostA".into()),
            user: "ana".into(),
            engine: "native".into(),
            features: vec![],
            arch: "x86_64".into(),
            kernel: "6".into(),
            cpu_flags: vec!["avx".into()],
            xfeatures: 7,
            xsave_size: 832,
            title: "vi".into(),
            processes: 1,
            memory_bytes: 18,
            mapped: vec![OfferedFile { path: b"/bin/vi".to_vec(), hash: [7; 32], size: 9 }],
            places: vec![],
            with_files: false,
            dry_run: false,
        }
    }

    #[test]
    fn every_message_comes_back_as_it_was() {
        let accept = Accept {
            qmux: "0.1".into(),
            host: HostName("b".into()),
            lacking: vec![[1; 32]],
            carry: vec![b"/x".to_vec().into()],
            memory_ahead: true,
            tier: "root".into(),
            warnings: vec!["w".into()],
        };
        let all = [
            Message::Offer(Box::new(offer())),
            Message::Accept(accept),
            Message::Refuse(trouble("a")),
            Message::Chunk { part: Part::Image, offset: 5, bytes: Bytes::from(vec![0, 255]) },
            Message::ChunkEnd { part: Part::Precopy, total: 7 },
            Message::Ready,
            Message::RestoreFailed(trouble("b")),
            Message::Commit { epoch: Epoch(4) },
            Message::Ack,
            Message::Gone(trouble("c")),
            Message::Abort(trouble("d")),
            Message::Query,
            Message::State(Knowledge::Released),
            Message::Credit { bytes: 9 },
        ];
        for (i, message) in all.iter().enumerate() {
            assert_eq!(message.number() as usize, i + 1, "numbers are never reused");
            assert_eq!(&decode(&encode(message)).unwrap(), message);
        }
    }

    #[test]
    fn text_from_another_host_cannot_talk_to_the_terminal() {
        let bytes = encode(&Message::Refuse(trouble("a\x1b]0;x\x07b\u{9b}2Jc\nd")));
        let Message::Refuse(got) = decode(&bytes).unwrap() else { panic!() };
        assert_eq!(got.cause, "a]0;xb2Jc d");
        let Message::Refuse(got) = decode(&encode(&Message::Refuse(trouble(&"é".repeat(5000))))).unwrap()
        else {
            panic!()
        };
        assert_eq!(got.cause.len(), TEXT_MAX);
    }

    #[test]
    fn what_is_not_a_message_is_an_error_and_never_a_panic() {
        assert!(matches!(decode(&[]), Err(MessageError::Length(0))));
        assert!(matches!(decode(&[99, 0, 0xc0]), Err(MessageError::Unknown(99))));
        let whole = encode(&Message::Offer(Box::new(offer())));
        for cut in 2..whole.len() {
            assert!(decode(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let big = Message::Chunk { part: Part::Image, offset: 0, bytes: Bytes::from(vec![0; CHUNK_MAX + 1]) };
        assert!(matches!(decode(&encode(&big)), Err(MessageError::Limit("chunk"))));
    }

    #[test]
    fn unknown_fields_are_skipped_and_missing_ones_take_their_default() {
        #[derive(Serialize)]
        struct Newer {
            qmux: &'static str,
            host: &'static str,
            colour: &'static str,
        }
        let mut bytes = vec![2, 0];
        super::super::encode_value(&Newer { qmux: "9", host: "b", colour: "red" }, &mut bytes);
        let Message::Accept(accept) = decode(&bytes).unwrap() else { panic!() };
        assert_eq!((accept.qmux.as_str(), accept.lacking.len()), ("9", 0));
    }
}
