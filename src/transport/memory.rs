//! A link inside one process, for tests and for two halves of one program.

use super::{End, Link};

/// Two ends of one link that holds at most `capacity` bytes each way. Dropping one end ends the other's
/// reader.
pub fn pair(capacity: usize) -> (Link, Link) {
    let (a, b) = tokio::io::duplex(capacity);
    let link = |stream| {
        let (reader, writer) = tokio::io::split(stream);
        Link { reader: Box::new(reader), writer: Box::new(writer), end: End { host: None, child: None } }
    };
    (link(a), link(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn bytes_pass_and_the_end_is_seen() {
        let (mut a, mut b) = pair(4);
        let sender = tokio::spawn(async move {
            a.writer.write_all(b"hello, more than four").await.unwrap();
            drop(a);
        });
        let mut got = String::new();
        b.reader.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "hello, more than four");
        sender.await.unwrap();
        assert!(matches!(b.end.why().await, super::super::TransportError::Closed));
    }
}
