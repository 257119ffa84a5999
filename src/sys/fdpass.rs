//! Descriptors over unix sockets (`SCM_RIGHTS`, unix(7)).

use nix::cmsg_space;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, RecvMsg, recvmsg, sendmsg};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Most descriptors taken with one message; the kernel itself allows 253 (`SCM_MAX_FD`).
pub const MAX_FDS: usize = 16;

/// Sends `bytes` with `fds` riding on the first of them. Returns how many bytes went, as `write(2)`
/// would; the descriptors went with the first one.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let raw: Vec<RawFd> = fds.iter().map(|fd| fd.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    let flags = MsgFlags::MSG_NOSIGNAL;
    Ok(sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], control, flags, None)?)
}

/// Reads like `read(2)` and appends the descriptors that came along, close-on-exec.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], fds: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = cmsg_space!([RawFd; MAX_FDS]);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message: RecvMsg<'_, '_, ()> = recvmsg(socket.as_raw_fd(), &mut slices, Some(&mut space), flags)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            for fd in raw {
                // SAFETY: the kernel has just installed this descriptor for us and nobody else knows
                // its number; from here the OwnedFd is its only owner.
                fds.push(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
    Ok(message.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_descriptor_arrives_with_its_bytes_and_works() {
        let (a, b) = UnixStream::pair().unwrap();
        let (mut far, mut near) = UnixStream::pair().unwrap();
        assert_eq!(send(a.as_fd(), b"hello", &[far.as_fd()]).unwrap(), 5);
        far.flush().unwrap();
        let mut buffer = [0; 16];
        let mut fds = Vec::new();
        assert_eq!(receive(b.as_fd(), &mut buffer, &mut fds).unwrap(), 5);
        assert_eq!(&buffer[..5], b"hello");
        assert_eq!(fds.len(), 1);
        drop(far);
        let mut copy = UnixStream::from(fds.remove(0));
        copy.write_all(b"x").unwrap();
        near.read_exact(&mut buffer[..1]).unwrap();
        assert_eq!(buffer[0], b'x');
        assert_eq!(send(a.as_fd(), b"plain", &[]).unwrap(), 5);
        assert_eq!(receive(b.as_fd(), &mut buffer, &mut fds).unwrap(), 5);
        assert!(fds.is_empty());
    }
}
