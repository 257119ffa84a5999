//! A link to a keeper or server on this host.

use super::runtime::{RuntimeError, check_peer, socket_path};
use super::{End, Link, TransportError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokio::net::{UnixListener, UnixStream};

/// Connects to a socket and checks that the user at its other end is us (or root).
pub async fn connect_stream(path: &Path) -> Result<UnixStream, TransportError> {
    let stream = UnixStream::connect(path)
        .await
        .map_err(|source| TransportError::Connect { path: path.to_path_buf(), source })?;
    check_peer(&stream)?;
    Ok(stream)
}

/// The same as a [`Link`].
pub async fn connect(path: &Path) -> Result<Link, TransportError> {
    Ok(link(connect_stream(path).await?))
}

/// A connected stream as a [`Link`]. Passing descriptors needs the stream itself.
pub fn link(stream: UnixStream) -> Link {
    let (reader, writer) = stream.into_split();
    Link { reader: Box::new(reader), writer: Box::new(writer), end: End { host: None, child: None } }
}

/// Binds a socket, 0600, in a directory that must be ours alone. A socket file nobody listens at is
/// replaced; one that is listened at is `AddrInUse`.
pub fn bind(path: &Path) -> Result<UnixListener, TransportError> {
    let path = socket_path(path.to_path_buf())?;
    if std::os::unix::net::UnixStream::connect(&path).is_err() {
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(RuntimeError::Io { path, source }.into()),
        }
    }
    let failed = |source| TransportError::Connect { path: path.clone(), source };
    let listener = UnixListener::bind(&path).map_err(failed)?;
    // Between bind and here the 0700 directory alone keeps others out.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_socket_is_private_stale_ones_are_replaced_live_ones_are_not() {
        let base = std::env::temp_dir().join(format!("qmux-unix-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&base);
        super::super::runtime::private_dir(&base).unwrap();
        let path = base.join("a.sock");
        assert!(matches!(connect(&path).await, Err(TransportError::Connect { .. })));
        drop(bind(&path).unwrap());
        let listener = bind(&path).expect("nobody listens: the file is stale");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let error = bind(&path).expect_err("somebody listens");
        assert!(
            matches!(error, TransportError::Connect { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
        );
        let mut here = connect(&path).await.unwrap();
        // The failed bind knocked once, too.
        let (first, _) = listener.accept().await.unwrap();
        drop(first);
        let (there, _) = listener.accept().await.unwrap();
        let mut there = link(there);
        here.writer.write_all(b"x").await.unwrap();
        assert_eq!(there.reader.read_u8().await.unwrap(), b'x');
        std::fs::remove_dir_all(&base).unwrap();
    }
}
