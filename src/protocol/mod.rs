//! Messages and framing: client–server, server–keeper, keeper–keeper.
//!
//! A frame is `u32` LE length of what follows, `u16` LE message number, body. The body is MessagePack
//! with field names, so a reader skips fields it does not know; a number is never given to a second
//! meaning, so a reader skips messages it does not know. Owns how things are said, and knows nothing
//! of sockets, ssh or who is at the other end.

pub mod client;
pub mod keeper;
pub mod migration;
pub mod questions;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The tmux whose surface is here: what `tmux -V` and `#{version}` answer when called by that name.
pub const TMUX_VERSION: &str = "3.7";

/// Longest frame accepted or made, in bytes, without the four of the length itself.
pub const MAX_FRAME: usize = 16 << 20;

/// Bytes of a frame before its body: length and number.
pub const HEADER: usize = 6;

/// Largest piece of a byte stream (output, input, image) put into one message, in bytes. Small
/// enough that a keystroke never waits long behind one.
pub const MAX_CHUNK: usize = 64 << 10;

/// Bytes in a message, carried as one MessagePack `bin` and not as a list of numbers.
pub type Bytes = serde_bytes::ByteBuf;

/// The stream does not carry frames of ours, or not any longer. The connection is to be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length field is over the limit: another protocol, or a hostile peer.
    #[error("a frame of {length} bytes announced, at most {limit} are accepted")]
    TooLong {
        /// What the length field says.
        length: usize,
        /// The reader's limit.
        limit: usize,
    },
    /// The length field leaves no room for the message number.
    #[error("a frame of {length} bytes is shorter than its message number")]
    TooShort {
        /// What the length field says.
        length: usize,
    },
    /// A known message whose body does not read as that message.
    #[error("message {number} is damaged: {why}")]
    Body {
        /// The message number.
        number: u16,
        /// What the codec says.
        why: String,
    },
}

/// A set of messages one side may send. Implemented by [`messages!`].
pub trait Message: Sized {
    /// The number of this message, never reused.
    fn number(&self) -> u16;
    /// Appends the body.
    fn encode_body(&self, out: &mut Vec<u8>);
    /// Reads the body of message `number`; `Ok(None)` if this set has no such number.
    fn decode_body(number: u16, body: &[u8]) -> Result<Option<Self>, FrameError>;
}

/// What a frame turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received<M> {
    /// A message of the set.
    Known(M),
    /// A number this version does not know: to be skipped.
    Unknown(u16),
}

/// Appends `m` as one frame.
///
/// A body over [`MAX_FRAME`] is a programming error of the sender (streams are cut into
/// [`MAX_CHUNK`]); such a frame would be refused by the reader.
pub fn encode<M: Message>(m: &M, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&m.number().to_le_bytes());
    m.encode_body(out);
    let length = (out.len() - start - 4) as u32;
    debug_assert!(length as usize <= MAX_FRAME);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// `m` as one frame.
pub fn frame<M: Message>(m: &M) -> Vec<u8> {
    let mut out = Vec::new();
    encode(m, &mut out);
    out
}

/// Reads the body of a frame as a message of `M`.
pub fn decode<M: Message>(number: u16, body: &[u8]) -> Result<Received<M>, FrameError> {
    Ok(match M::decode_body(number, body)? {
        Some(m) => Received::Known(m),
        None => Received::Unknown(number),
    })
}

/// Cuts a byte stream into frames, however it arrives.
#[derive(Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` already given out.
    taken: usize,
    limit: usize,
}

impl Default for FrameReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameReader {
    /// A reader accepting frames up to [`MAX_FRAME`].
    pub fn new() -> Self {
        Self::with_limit(MAX_FRAME)
    }

    /// A reader accepting frames up to `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        FrameReader { buffer: Vec::new(), taken: 0, limit: limit.min(MAX_FRAME) }
    }

    /// Takes in bytes of the stream. Memory is bounded by the limit plus what is fed before the
    /// frames are taken out: feed in reads of a bounded size and drain between them.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.taken == self.buffer.len() {
            self.buffer.clear();
            self.taken = 0;
        } else if self.taken > self.buffer.len() / 2 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// What was fed and not given out: the beginning of a frame.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    /// The next whole frame's number and body, if it has arrived.
    pub fn next_borrowed(&mut self) -> Result<Option<(u16, &[u8])>, FrameError> {
        let rest = &self.buffer[self.taken..];
        let Some(head) = rest.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*head) as usize;
        // The length is judged before its bytes have come: nothing is reserved on a stranger's word.
        if length > self.limit {
            return Err(FrameError::TooLong { length, limit: self.limit });
        }
        if length < 2 {
            return Err(FrameError::TooShort { length });
        }
        if rest.len() < 4 + length {
            return Ok(None);
        }
        let from = self.taken + 4;
        self.taken = from + length;
        let number = u16::from_le_bytes([self.buffer[from], self.buffer[from + 1]]);
        Ok(Some((number, &self.buffer[from + 2..self.taken])))
    }

    /// As [`Self::next_borrowed`], with a body of one's own.
    pub fn next_frame(&mut self) -> Result<Option<(u16, Vec<u8>)>, FrameError> {
        Ok(self.next_borrowed()?.map(|(number, body)| (number, body.to_vec())))
    }

    /// The next whole frame as a message of `M`.
    pub fn next_message<M: Message>(&mut self) -> Result<Option<Received<M>>, FrameError> {
        match self.next_borrowed()? {
            Some((number, body)) => decode(number, body).map(Some),
            None => Ok(None),
        }
    }

    /// Bytes held that no frame has been made of yet.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.taken
    }
}

/// Appends a value as MessagePack with field names. Used by [`messages!`].
pub fn encode_value<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail, and every message type serialises (no maps with odd keys, no
    // sequences of unknown length), so there is nothing to report to a caller.
    let written = rmp_serde::encode::write_named(out, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// Reads a value of message `number`. Used by [`messages!`].
pub fn decode_value<T: DeserializeOwned>(number: u16, body: &[u8]) -> Result<T, FrameError> {
    rmp_serde::from_slice(body).map_err(|e| FrameError::Body { number, why: e.to_string() })
}

/// Declares a set of messages: an enum whose variants carry their never-reused number.
///
/// ```ignore
/// messages! {
///     /// What a client says.
///     pub enum ToServer {
///         /// Keys.
///         1 => Input(Bytes),
///         2 => Resize { size: Size },
///         3 => Bye,
///     }
/// }
/// ```
/// A variant has no fields, one unnamed, or named ones; serde attributes on named fields work. A
/// number that is retired stays in the list as a comment.
#[macro_export]
macro_rules! messages {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(
                $(#[$vmeta:meta])*
                $number:literal => $variant:ident
                    $( ( $payload:ty ) )?
                    $( { $( $(#[$fmeta:meta])* $field:ident : $fty:ty ),* $(,)? } )?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $(
                $(#[$vmeta])*
                $variant
                    $( ( $payload ) )?
                    $( { $( $(#[$fmeta])* $field : $fty ),* } )?
            ),*
        }

        impl $crate::protocol::Message for $name {
            fn number(&self) -> u16 {
                match self { $( Self::$variant { .. } => $number ),* }
            }

            fn encode_body(&self, out: &mut Vec<u8>) {
                match self {
                    $(
                        $crate::messages!(@pattern $variant value $( ( $payload ) )? $( { $($field),* } )?) => {
                            $crate::messages!(@encode out value $( ( $payload ) )?
                                $( { $( $(#[$fmeta])* $field : $fty ),* } )?)
                        }
                    ),*
                }
            }

            // A number given twice would make the second arm unreachable: the compiler refuses it.
            #[deny(unreachable_patterns)]
            fn decode_body(number: u16, body: &[u8]) -> Result<Option<Self>, $crate::protocol::FrameError> {
                match number {
                    $(
                        $number => $crate::messages!(@decode number body $variant $( ( $payload ) )?
                            $( { $( $(#[$fmeta])* $field : $fty ),* } )?),
                    )*
                    _ => Ok(None),
                }
            }
        }
    };

    (@pattern $variant:ident $value:ident ( $payload:ty )) => { Self::$variant($value) };
    (@pattern $variant:ident $value:ident { $($field:ident),* }) => { Self::$variant { $($field),* } };
    (@pattern $variant:ident $value:ident) => { Self::$variant };

    (@encode $out:ident $value:ident ( $payload:ty )) => {
        $crate::protocol::encode_value($value, $out)
    };
    (@encode $out:ident $value:ident { $( $(#[$fmeta:meta])* $field:ident : $fty:ty ),* }) => {{
        #[derive(::serde::Serialize)]
        struct Body<'a> { $( $(#[$fmeta])* $field : &'a $fty ),* }
        $crate::protocol::encode_value(&Body { $($field),* }, $out)
    }};
    (@encode $out:ident $value:ident) => { $crate::protocol::encode_value(&(), $out) };

    (@decode $number:ident $body:ident $variant:ident ( $payload:ty )) => {
        $crate::protocol::decode_value::<$payload>($number, $body).map(|v| Some(Self::$variant(v)))
    };
    (@decode $number:ident $body:ident $variant:ident { $( $(#[$fmeta:meta])* $field:ident : $fty:ty ),* }) => {{
        #[derive(::serde::Deserialize)]
        struct Body { $( $(#[$fmeta])* $field : $fty ),* }
        $crate::protocol::decode_value::<Body>($number, $body)
            .map(|b| Some(Self::$variant { $( $field : b.$field ),* }))
    }};
    // The body of a message without fields is not looked at: a later version may give it some.
    (@decode $number:ident $body:ident $variant:ident) => { Ok(Some(Self::$variant)) };
}

#[cfg(test)]
mod tests;
