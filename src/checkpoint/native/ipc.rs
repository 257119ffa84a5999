//! System V semaphores and message queues that a tree uses. A process has no handle on them, only their numbers: what
//! can be known is who used each last. (Shared memory is a mapping, and found as one.)

use super::proc;
use super::view::View;
use crate::checkpoint::CheckpointError;
use crate::sys::ipc::semaphore_pid;

/// Most semaphores of one set that are asked for.
const SEMAPHORES_MAX: i32 = 1000;
const CURE: &str = "End it first";

/// Refuses a tree one of whose processes was the last to use such an object.
pub fn check(pids: &[i32], view: &View) -> Result<(), CheckpointError> {
    let refuse = |pid: i32, what: &str, cause: &str| {
        let cause = format!("it uses System V {cause}, which stay with this host");
        Err(view.refusal("system-v-ipc", pid, what, &cause, CURE).into())
    };
    let used_by = |users: &[i32]| users.iter().copied().find(|user| pids.contains(user));
    // key msqid perms cbytes qnum lspid lrpid …
    for queue in table("msg") {
        if let [_, id, _, _, _, sent, received, ..] = queue[..]
            && let Some(pid) = used_by(&[sent, received].map(|pid| pid as i32))
        {
            return refuse(pid, &format!("message queue {id}"), "message queues");
        }
    }
    let sets = table("sem");
    if let Some(pid) = pids.iter().copied().find(|&pid| !sets.is_empty() && waits(pid)) {
        return refuse(pid, "semaphore set", "semaphores");
    }
    // key semid perms nsems …
    for set in sets {
        let [_, id, _, semaphores, ..] = set[..] else { continue };
        let last = |number| semaphore_pid(id as i32, number).ok();
        let users: Vec<i32> = (0..(semaphores as i32).min(SEMAPHORES_MAX)).map_while(last).collect();
        if let Some(pid) = used_by(&users) {
            return refuse(pid, &format!("semaphore set {id}"), "semaphores");
        }
    }
    Ok(())
}

/// Whether one of its threads waits for a semaphore, which leaves no other trace.
fn waits(pid: i32) -> bool {
    let waiting = [libc::SYS_semop, libc::SYS_semtimedop];
    proc::threads(pid).unwrap_or_default().iter().any(|tid| {
        let now = proc::read(&format!("/proc/{pid}/task/{tid}/syscall")).unwrap_or_default();
        let text = String::from_utf8_lossy(&now);
        let number = text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
        number.is_some_and(|number: i64| waiting.contains(&number))
    })
}

/// Rows of a table of /proc/sysvipc; none where the kernel has no such objects.
fn table(kind: &str) -> Vec<Vec<i64>> {
    let text = proc::read(&format!("/proc/sysvipc/{kind}")).unwrap_or_default();
    rows(&String::from_utf8_lossy(&text))
}

fn rows(text: &str) -> Vec<Vec<i64>> {
    let row = |line: &str| line.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
    text.lines().skip(1).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let text = "       key      msqid perms cbytes qnum lspid lrpid\n         0          3   600      4    1    77     0\n";
        assert_eq!(rows(text), [[0, 3, 600, 4, 1, 77, 0]]);
    }
}
