//! The image container: sections of known kind, length and checksum over any byte stream.
//!
//! Stream: magic, then sections `{kind u32, version u16, flags u16, length u64}` (little-endian), body, and 16 bytes
//! of BLAKE3 over the previous checksum, the header and the body. The chain makes a section that was altered,
//! left out, repeated or moved show at the place where it is. Order: Manifest, Tree, FileContent…, Pages… and
//! Precopied…, Screen, End. A stream sent ahead of an image has files and pages only. A reader skips unknown sections unless they are flagged required.

use super::ContentHash;
use super::model::{Manifest, Pid, TreeImage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// First bytes of every image; the last digit changes only when the section header does.
pub const MAGIC: [u8; 8] = *b"qmuximg1";
const HEADER: usize = 16;
const CHECKSUM: usize = 16;

/// Longest body accepted, bytes, by kind.
mod limit {
    /// Manifest: names and CPU flags.
    pub const MANIFEST: u64 = 1 << 20;
    /// Tree: includes contents of pipes, deleted files and memfds.
    pub const TREE: u64 = 512 << 20;
    /// One piece of a file or of memory with its head.
    pub const CHUNK: u64 = (1 << 20) + (1 << 18);
    /// Picture of a screen with its scrollback.
    pub const SCREEN: u64 = 256 << 20;
    /// Totals.
    pub const END: u64 = 1 << 16;
    /// A section of an unknown kind that may be skipped.
    pub const UNKNOWN: u64 = 1 << 30;
}

/// Most bytes of memory or file content in one section.
pub const CHUNK_MAX: usize = 1 << 20;
/// Most stretches of memory in one section.
pub const RUNS_MAX: usize = 4096;

/// The reader must know this section or refuse the image.
const REQUIRED: u16 = 1;
/// The payload is lz4-compressed (block format, length in the head).
const LZ4: u16 = 2;

/// Kinds of sections. Numbers are never used again for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Kind {
    Manifest = 1,
    Tree = 2,
    FileContent = 3,
    Pages = 4,
    Screen = 5,
    End = 6,
    Precopied = 7,
}

impl Kind {
    const ALL: [Kind; 7] = [
        Kind::Manifest,
        Kind::Tree,
        Kind::FileContent,
        Kind::Pages,
        Kind::Screen,
        Kind::End,
        Kind::Precopied,
    ];

    fn from_number(number: u32) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Manifest => "manifest",
            Kind::Tree => "tree",
            Kind::FileContent => "file content",
            Kind::Pages => "pages",
            Kind::Screen => "screen",
            Kind::End => "end",
            Kind::Precopied => "precopied",
        }
    }

    /// Version written, and newest read.
    fn version(self) -> u16 {
        1
    }

    fn limit(self) -> u64 {
        match self {
            Kind::Manifest => limit::MANIFEST,
            Kind::Tree => limit::TREE,
            Kind::FileContent | Kind::Pages | Kind::Precopied => limit::CHUNK,
            Kind::Screen => limit::SCREEN,
            Kind::End => limit::END,
        }
    }
}

/// Why an image could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The stream failed.
    #[error("the image's stream failed: {0}")]
    Io(#[from] io::Error),
    /// It does not begin as an image does.
    #[error("this is not a qmux image")]
    NotAnImage,
    /// It stops before its end.
    #[error("the image is truncated")]
    Truncated,
    /// A checksum is wrong, or sections are missing or out of order.
    #[error("the image was altered or damaged (section {section})")]
    Altered {
        /// Name or number of the section.
        section: String,
    },
    /// Needs a newer qmux.
    #[error("the image needs section {section} version {version}, which this qmux does not know")]
    TooNew {
        /// Name or number of the section.
        section: String,
        /// Version asked for.
        version: u16,
    },
    /// A length beyond what is accepted.
    #[error("section {section} of the image is too large ({bytes} bytes)")]
    TooLarge {
        /// Name or number of the section.
        section: String,
        /// Its length.
        bytes: u64,
    },
    /// A body that does not decode.
    #[error("section {section} of the image cannot be understood: {why}")]
    Malformed {
        /// Name of the section.
        section: &'static str,
        /// What the decoder said.
        why: String,
    },
}

/// Whose memory a page section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Space {
    /// The private memory of this process (the tree's own pid); addresses are its own.
    Process(Pid),
    /// A shared anonymous segment, index into `TreeImage::shm`; addresses are offsets in bytes.
    Shared(u32),
}

/// A piece of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Whose.
    pub space: Space,
    /// Address and length in bytes of each stretch.
    pub runs: Vec<(u64, u64)>,
    /// Contents of all stretches, one after the other.
    pub bytes: Vec<u8>,
}

/// Memory that is as it came before, in the stream with this last checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precopied {
    /// Checksum of the stream's last section.
    pub stream: [u8; CHECKSUM],
    /// Whose.
    pub space: Space,
    /// Address and length in bytes of each stretch.
    pub runs: Vec<(u64, u64)>,
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChunk {
    /// BLAKE3 of the whole file: which one it is. To be checked when the file is complete.
    pub hash: ContentHash,
    /// Offset of this piece, bytes.
    pub offset: u64,
    /// Size of the whole file, bytes.
    pub size: u64,
    /// Contents.
    pub bytes: Vec<u8>,
}

/// What the writer counted; the reader compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Sections before this one.
    pub sections: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of files.
    pub file_bytes: u64,
}

/// One section as read.
#[derive(Debug)]
pub enum Section {
    /// What the image is; always the first.
    Manifest(Box<Manifest>),
    /// The tree.
    Tree(Box<TreeImage>),
    /// A piece of a shipped file.
    FileContent(FileChunk),
    /// A piece of memory.
    Pages(Pages),
    /// Memory sent ahead that has not changed.
    Precopied(Precopied),
    /// The screen, opaque here.
    Screen(Vec<u8>),
    /// The image is complete and whole.
    End(Totals),
}

#[derive(Serialize, Deserialize)]
struct PagesHead {
    space: Space,
    runs: Vec<(u64, u64)>,
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct FileHead {
    hash: ContentHash,
    offset: u64,
    size: u64,
    bytes: u64,
}

fn checksum(previous: &[u8; CHECKSUM], parts: &[&[u8]]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous);
    for part in parts {
        hasher.update(part);
    }
    let mut out = [0; CHECKSUM];
    out.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    out
}

/// Writes an image section by section.
pub struct ImageWriter<'a> {
    out: Box<dyn Write + 'a>,
    chain: [u8; CHECKSUM],
    totals: Totals,
    started: bool,
    bytes: u64,
}

impl<'a> ImageWriter<'a> {
    /// A writer to this stream. Give a buffered one, or one whose writes are cheap: heads are small.
    pub fn new(out: impl Write + 'a) -> Self {
        ImageWriter {
            out: Box::new(out),
            chain: [0; CHECKSUM],
            totals: Totals::default(),
            started: false,
            bytes: 0,
        }
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn section(&mut self, kind: Kind, flags: u16, parts: &[&[u8]]) -> Result<(), ImageError> {
        if !self.started {
            self.put(&MAGIC)?;
            self.started = true;
        }
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if length > kind.limit() {
            return Err(ImageError::TooLarge { section: kind.name().into(), bytes: length });
        }
        let mut header = [0; HEADER];
        header[0..4].copy_from_slice(&(kind as u32).to_le_bytes());
        header[4..6].copy_from_slice(&kind.version().to_le_bytes());
        header[6..8].copy_from_slice(&flags.to_le_bytes());
        header[8..16].copy_from_slice(&length.to_le_bytes());
        let mut all = vec![&header[..]];
        all.extend_from_slice(parts);
        self.chain = checksum(&self.chain, &all);
        for part in all {
            self.put(part)?;
        }
        let chain = self.chain;
        self.put(&chain)?;
        self.totals.sections += 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        self.out.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn named<T: Serialize>(&mut self, kind: Kind, value: &T) -> Result<(), ImageError> {
        let body = encode(kind, value)?;
        self.section(kind, REQUIRED, &[&body])
    }

    /// What the image is; the first call.
    pub fn manifest(&mut self, manifest: &Manifest) -> Result<(), ImageError> {
        self.named(Kind::Manifest, manifest)
    }

    /// The tree without its memory.
    pub fn tree(&mut self, tree: &TreeImage) -> Result<(), ImageError> {
        self.named(Kind::Tree, tree)
    }

    /// A piece of a shipped file, at most [`CHUNK_MAX`] bytes.
    pub fn file_chunk(
        &mut self,
        hash: ContentHash,
        offset: u64,
        size: u64,
        bytes: &[u8],
    ) -> Result<(), ImageError> {
        let head = FileHead { hash, offset, size, bytes: bytes.len() as u64 };
        self.totals.file_bytes += bytes.len() as u64;
        self.headed(Kind::FileContent, &head, bytes, false)
    }

    /// A piece of memory, at most [`CHUNK_MAX`] bytes in at most [`RUNS_MAX`] stretches; `runs` are address and
    /// length, `bytes` their contents one after the other.
    pub fn pages(
        &mut self,
        space: Space,
        runs: &[(u64, u64)],
        bytes: &[u8],
        compress: bool,
    ) -> Result<(), ImageError> {
        let head = PagesHead { space, runs: runs.to_vec(), bytes: bytes.len() as u64 };
        self.totals.memory_bytes += bytes.len() as u64;
        self.headed(Kind::Pages, &head, bytes, compress)
    }

    /// Memory that is as it was sent ahead, in at most [`RUNS_MAX`] stretches.
    pub fn precopied(&mut self, precopied: &Precopied) -> Result<(), ImageError> {
        self.named(Kind::Precopied, precopied)
    }

    /// Checksum of the section written last, and so of all before it.
    pub fn sum(&self) -> [u8; CHECKSUM] {
        self.chain
    }

    /// What was written goes out now: the reader can begin.
    pub fn flush(&mut self) -> Result<(), ImageError> {
        Ok(self.out.flush()?)
    }

    /// The pane's screen, opaque here.
    pub fn screen(&mut self, screen: &[u8]) -> Result<(), ImageError> {
        self.section(Kind::Screen, 0, &[screen])
    }

    /// Ends the image and flushes it.
    pub fn end(&mut self) -> Result<Totals, ImageError> {
        let totals = self.totals;
        self.named(Kind::End, &totals)?;
        self.out.flush()?;
        Ok(totals)
    }

    /// Body: length of the head u32, head, payload (raw or lz4).
    fn headed<T: Serialize>(
        &mut self,
        kind: Kind,
        head: &T,
        payload: &[u8],
        compress: bool,
    ) -> Result<(), ImageError> {
        if payload.len() > CHUNK_MAX {
            return Err(ImageError::TooLarge { section: kind.name().into(), bytes: payload.len() as u64 });
        }
        let head = encode(kind, head)?;
        let length = (head.len() as u32).to_le_bytes();
        if compress {
            let packed = lz4_flex::block::compress(payload);
            if packed.len() < payload.len() {
                return self.section(kind, REQUIRED | LZ4, &[&length, &head, &packed]);
            }
        }
        self.section(kind, REQUIRED, &[&length, &head, payload])
    }
}

fn encode<T: Serialize>(kind: Kind, value: &T) -> Result<Vec<u8>, ImageError> {
    rmp_serde::to_vec_named(value)
        .map_err(|e| ImageError::Malformed { section: kind.name(), why: e.to_string() })
}

fn decode<T: DeserializeOwned>(kind: Kind, body: &[u8]) -> Result<T, ImageError> {
    rmp_serde::from_slice(body)
        .map_err(|e| ImageError::Malformed { section: kind.name(), why: e.to_string() })
}

/// Reads an image section by section; refuses anything that is not exactly what was written.
pub struct ImageReader<'a> {
    input: Box<dyn Read + 'a>,
    chain: [u8; CHECKSUM],
    seen: Totals,
    started: bool,
    ended: bool,
}

impl<'a> ImageReader<'a> {
    /// A reader of this stream. Give a buffered one: headers are small.
    pub fn new(input: impl Read + 'a) -> Self {
        ImageReader {
            input: Box::new(input),
            chain: [0; CHECKSUM],
            seen: Totals::default(),
            started: false,
            ended: false,
        }
    }

    /// Checksum of the section read last, and so of all before it.
    pub fn sum(&self) -> [u8; CHECKSUM] {
        self.chain
    }

    /// The next section; `None` after [`Section::End`]. A stream that stops before is [`ImageError::Truncated`].
    pub fn next_section(&mut self) -> Result<Option<Section>, ImageError> {
        if self.ended {
            return Ok(None);
        }
        if !self.started {
            let mut magic = [0; MAGIC.len()];
            self.input.read_exact(&mut magic).map_err(truncated)?;
            if magic != MAGIC {
                return Err(ImageError::NotAnImage);
            }
        }
        loop {
            let (header, body) = self.raw()?;
            let first = !self.started;
            self.started = true;
            let Some(kind) = header.known()? else {
                self.seen.sections += 1;
                continue;
            };
            // An image of a tree begins with its manifest; what is sent ahead of one has none.
            let in_order = match kind {
                Kind::Manifest => first,
                Kind::FileContent | Kind::Pages | Kind::End => true,
                Kind::Tree | Kind::Precopied | Kind::Screen => !first,
            };
            if !in_order {
                return Err(ImageError::Altered { section: kind.name().into() });
            }
            let section = self.parse(kind, header.flags, body)?;
            self.seen.sections += 1;
            return Ok(Some(section));
        }
    }

    fn raw(&mut self) -> Result<(Header, Vec<u8>), ImageError> {
        let mut bytes = [0; HEADER];
        self.input.read_exact(&mut bytes).map_err(truncated)?;
        let header = Header::parse(&bytes);
        if header.length > header.limit() {
            return Err(ImageError::TooLarge { section: header.name(), bytes: header.length });
        }
        // Grows with what really arrives: a length alone must not take memory.
        let mut body = Vec::with_capacity(header.length.min(CHUNK_MAX as u64 * 2) as usize);
        (&mut self.input).take(header.length).read_to_end(&mut body)?;
        if body.len() as u64 != header.length {
            return Err(ImageError::Truncated);
        }
        let mut sum = [0; CHECKSUM];
        self.input.read_exact(&mut sum).map_err(truncated)?;
        let expected = checksum(&self.chain, &[&bytes, &body]);
        if sum != expected {
            return Err(ImageError::Altered { section: header.name() });
        }
        self.chain = expected;
        Ok((header, body))
    }

    fn parse(&mut self, kind: Kind, flags: u16, body: Vec<u8>) -> Result<Section, ImageError> {
        let malformed = |why: &str| ImageError::Malformed { section: kind.name(), why: why.into() };
        match kind {
            Kind::Manifest => Ok(Section::Manifest(decode(kind, &body)?)),
            Kind::Tree => Ok(Section::Tree(decode(kind, &body)?)),
            Kind::Screen => Ok(Section::Screen(body)),
            Kind::FileContent => {
                let (head, rest) = split_head::<FileHead>(kind, &body)?;
                let bytes = payload(kind, flags, rest, head.bytes)?;
                if head.offset.checked_add(bytes.len() as u64).is_none_or(|end| end > head.size) {
                    return Err(malformed("a piece lies outside its file"));
                }
                self.seen.file_bytes += bytes.len() as u64;
                Ok(Section::FileContent(FileChunk {
                    hash: head.hash,
                    offset: head.offset,
                    size: head.size,
                    bytes,
                }))
            }
            Kind::Pages => {
                let (head, rest) = split_head::<PagesHead>(kind, &body)?;
                let bytes = payload(kind, flags, rest, head.bytes)?;
                let sum = head.runs.iter().try_fold(0u64, |sum, run| sum.checked_add(run.1));
                if head.runs.len() > RUNS_MAX || sum != Some(bytes.len() as u64) {
                    return Err(malformed("stretches and contents differ in length"));
                }
                self.seen.memory_bytes += bytes.len() as u64;
                Ok(Section::Pages(Pages { space: head.space, runs: head.runs, bytes }))
            }
            Kind::Precopied => {
                let precopied: Precopied = decode(kind, &body)?;
                if precopied.runs.len() > RUNS_MAX {
                    return Err(malformed("too many stretches"));
                }
                Ok(Section::Precopied(precopied))
            }
            Kind::End => {
                let totals: Totals = decode(kind, &body)?;
                if totals != self.seen {
                    return Err(ImageError::Altered { section: kind.name().into() });
                }
                self.ended = true;
                Ok(Section::End(totals))
            }
        }
    }
}

struct Header {
    kind: u32,
    version: u16,
    flags: u16,
    length: u64,
}

impl Header {
    fn parse(bytes: &[u8; HEADER]) -> Header {
        let number = u64::from_le_bytes([
            bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
        ]);
        let length = u64::from_le_bytes([
            bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15],
        ]);
        Header { kind: number as u32, version: (number >> 32) as u16, flags: (number >> 48) as u16, length }
    }

    fn name(&self) -> String {
        Kind::from_number(self.kind).map_or_else(|| self.kind.to_string(), |kind| kind.name().into())
    }

    fn limit(&self) -> u64 {
        Kind::from_number(self.kind).map_or(limit::UNKNOWN, Kind::limit)
    }

    /// The kind, or `None` for one that may be skipped.
    fn known(&self) -> Result<Option<Kind>, ImageError> {
        let kind = Kind::from_number(self.kind);
        match kind {
            Some(kind) if self.version <= kind.version() => Ok(Some(kind)),
            _ if self.flags & REQUIRED != 0 => {
                Err(ImageError::TooNew { section: self.name(), version: self.version })
            }
            _ => Ok(None),
        }
    }
}

fn split_head<T: DeserializeOwned>(kind: Kind, body: &[u8]) -> Result<(T, &[u8]), ImageError> {
    let malformed = || ImageError::Malformed { section: kind.name(), why: "its head is cut off".into() };
    let (length, rest) = body.split_first_chunk::<4>().ok_or_else(malformed)?;
    let (head, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(malformed)?;
    Ok((decode(kind, head)?, rest))
}

fn payload(kind: Kind, flags: u16, bytes: &[u8], expected: u64) -> Result<Vec<u8>, ImageError> {
    let malformed = |why: String| ImageError::Malformed { section: kind.name(), why };
    if expected > CHUNK_MAX as u64 {
        return Err(ImageError::TooLarge { section: kind.name().into(), bytes: expected });
    }
    let out = if flags & LZ4 != 0 {
        lz4_flex::block::decompress(bytes, expected as usize).map_err(|e| malformed(e.to_string()))?
    } else {
        bytes.to_vec()
    };
    if out.len() as u64 != expected {
        return Err(malformed("its contents have another length than said".into()));
    }
    Ok(out)
}

fn truncated(error: io::Error) -> ImageError {
    if error.kind() == io::ErrorKind::UnexpectedEof { ImageError::Truncated } else { ImageError::Io(error) }
}

#[cfg(test)]
mod tests;
