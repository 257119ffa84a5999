//! System V semaphores, as far as /proc does not tell.

use std::io;

/// Pid, as our pid namespace numbers it, of whoever last operated on semaphore `number` of set `id`; 0 for nobody.
pub fn semaphore_pid(id: i32, number: i32) -> io::Result<i32> {
    // SAFETY: numbers only; GETPID takes no fourth argument.
    let pid = unsafe { libc::semctl(id, number, libc::GETPID) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_user_of_a_semaphore_is_known() {
        // SAFETY: numbers only.
        let id = unsafe { libc::semget(libc::IPC_PRIVATE, 2, 0o600) };
        assert!(id >= 0, "{}", io::Error::last_os_error());
        assert_eq!(semaphore_pid(id, 0).unwrap(), 0);
        let mut up = libc::sembuf { sem_num: 1, sem_op: 1, sem_flg: 0 };
        // SAFETY: one operation, which lives through the call.
        assert_eq!(unsafe { libc::semop(id, &raw mut up, 1) }, 0);
        assert_eq!(semaphore_pid(id, 1).unwrap(), std::process::id() as i32);
        // SAFETY: numbers only.
        assert_eq!(unsafe { libc::semctl(id, 0, libc::IPC_RMID) }, 0);
        assert!(semaphore_pid(id, 0).is_err());
    }
}
