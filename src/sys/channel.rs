//! Packets with open files and the sender's pid over a unix socket pair that keeps boundaries.

use nix::cmsg_space;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, RecvMsg, SockFlag, SockType, UnixCredentials, recvmsg,
    setsockopt, socketpair, sockopt::PassCred,
};
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Most descriptors taken with one packet.
pub const MAX_FDS: usize = 8;

/// A packet as it came.
#[derive(Debug)]
pub struct Packet {
    /// Bytes of it; 0 is end of file, empty packets are not sent.
    pub len: usize,
    /// Files that came along, close-on-exec.
    pub fds: Vec<OwnedFd>,
    /// The sender's pid in the receiver's pid namespace, where credentials are asked for.
    pub pid: Option<i32>,
}

/// Both ends, close-on-exec; the first says with each packet who sent it.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    setsockopt(&a, PassCred, &true)?;
    Ok((a, b))
}

/// Waits for one packet.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Packet> {
    let mut space = cmsg_space!([RawFd; MAX_FDS], UnixCredentials);
    let mut slices = [IoSliceMut::new(buffer)];
    let message: RecvMsg<'_, '_, ()> = loop {
        match recvmsg(socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Err(nix::errno::Errno::EINTR) => {}
            other => break other?,
        }
    };
    let mut packet = Packet { len: message.bytes, fds: Vec::new(), pid: None };
    for control in message.cmsgs()? {
        match control {
            ControlMessageOwned::ScmRights(raw) => {
                for fd in raw {
                    // SAFETY: the kernel has just installed this descriptor for us and nobody else
                    // knows its number; from here the OwnedFd is its only owner.
                    packet.fds.push(unsafe { OwnedFd::from_raw_fd(fd) });
                }
            }
            ControlMessageOwned::ScmCredentials(sender) => packet.pid = Some(sender.pid()),
            _ => {}
        }
    }
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fdpass;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    #[test]
    fn test_a_file_and_the_senders_pid_arrive() {
        let (a, b) = pair().expect("pair");
        let (mut reader, writer) = std::io::pipe().expect("pipe");
        fdpass::send(b.as_fd(), b"hello", &[writer.as_fd()]).expect("send");
        drop(writer);
        let mut buffer = [0; 64];
        let got = receive(a.as_fd(), &mut buffer).expect("receive");
        assert_eq!(&buffer[..got.len], b"hello");
        assert_eq!(got.pid, Some(std::process::id() as i32));
        let mut file = std::fs::File::from(got.fds.into_iter().next().expect("one fd"));
        file.write_all(b"x").expect("write");
        drop(file);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("read");
        assert_eq!(text, "x");
        drop(b);
        assert_eq!(receive(a.as_fd(), &mut buffer).expect("eof").len, 0);
    }
}
