//! In which order, and from whom, the processes of a tree must be born so that each gets its pid,
//! parent, session, process group and controlling terminal. Pure: numbers in, numbers out.
//!
//! What forces the shape: a session can only be entered by being forked inside it, and a
//! controlling terminal is inherited at fork; so a session leader first becomes one, takes its
//! terminal, and only then forks. A leader that is dead by now is stood in for by a holder that
//! leaves again when all are placed.

use crate::checkpoint::model::{Pid, ProcState, Process, TreeImage};
use std::collections::{BTreeMap, BTreeSet};

/// What a node of the plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Index into [`TreeImage::processes`].
    Process(usize),
    /// Stands in for a dead session or group leader, and leaves when all are placed.
    Holder,
    /// Forks its children and ends at once, so that they become orphans.
    Courier,
}

/// One process to be made.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its pid.
    pub number: Pid,
    /// What it is.
    pub role: Role,
    /// It starts this session.
    pub leads_session: bool,
    /// Group to be in; its own number to found it.
    pub group: Pid,
    /// Children forked before it starts its session.
    pub early: Vec<usize>,
    /// Children forked after.
    pub late: Vec<usize>,
    /// Terminal it takes as session leader.
    pub takes_tty: Option<u32>,
    /// Its session has a controlling terminal and it has none.
    pub gives_up_tty: bool,
    /// Foreground group it sets on its terminal.
    pub foreground: Option<Pid>,
}

/// The whole order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// Those that pid 1 forks, in this order.
    pub roots: Vec<usize>,
}

/// A tree that cannot be put together again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Its session is neither its parent's nor reachable otherwise.
    #[error("process {pid} is in session {sid}, which its parent {ppid} cannot have given it")]
    Session {
        /// The process.
        pid: Pid,
        /// Its session.
        sid: Pid,
        /// Its parent.
        ppid: Pid,
    },
    /// No number is left for a helper.
    #[error("no free process number is left")]
    Numbers,
    /// Two processes with one number, a parent that does not exist, or a loop.
    #[error("process {0} is listed twice, or its parent is not listed before it")]
    Order(Pid),
}

/// Highest number given to a helper: below the smallest pid_max in use (32768).
const HELPER_MAX: Pid = 32_000;

impl Plan {
    /// Works the order out.
    pub fn of(tree: &TreeImage) -> Result<Plan, PlanError> {
        let foreground = terminals(tree);
        let mut builder = Builder {
            plan: Plan::default(),
            taken: used_numbers(&tree.processes),
            node_of: BTreeMap::new(),
            next_helper: HELPER_MAX,
        };
        builder.processes(&tree.processes, &foreground)?;
        builder.session_holders(&tree.processes);
        builder.births(&tree.processes)?;
        builder.group_holders(&tree.processes)?;
        Ok(builder.plan)
    }

    /// Nodes that stay until all are placed: everything but couriers.
    pub fn lasting(&self) -> u32 {
        self.nodes.iter().filter(|n| n.role != Role::Courier).count() as u32
    }
}

/// Every number that is a pid, tid, group or session of the tree.
fn used_numbers(processes: &[Process]) -> BTreeSet<Pid> {
    processes
        .iter()
        .flat_map(|p| [p.pid, p.pgid, p.sid].into_iter().chain(p.threads.iter().map(|t| t.tid)))
        .collect()
}

/// Terminal number → foreground group, of the pane and of terminals inside the tree.
fn terminals(tree: &TreeImage) -> BTreeMap<u32, Option<Pid>> {
    use crate::checkpoint::model::FileKind;
    let mut map = BTreeMap::from([(tree.tty.index, tree.tty.foreground)]);
    for file in &tree.files {
        if let FileKind::PtyMaster { index, foreground, .. } = &file.kind {
            map.insert(*index, *foreground);
        }
    }
    map
}

struct Builder {
    plan: Plan,
    taken: BTreeSet<Pid>,
    node_of: BTreeMap<Pid, usize>,
    next_helper: Pid,
}

impl Builder {
    fn push(&mut self, number: Pid, role: Role) -> usize {
        self.plan.nodes.push(Node {
            number,
            role,
            leads_session: false,
            group: number,
            early: Vec::new(),
            late: Vec::new(),
            takes_tty: None,
            gives_up_tty: false,
            foreground: None,
        });
        self.plan.nodes.len() - 1
    }

    fn helper_number(&mut self) -> Result<Pid, PlanError> {
        while self.next_helper > 1 {
            let number = self.next_helper;
            self.next_helper -= 1;
            if self.taken.insert(number) {
                return Ok(number);
            }
        }
        Err(PlanError::Numbers)
    }

    fn processes(
        &mut self,
        processes: &[Process],
        foreground: &BTreeMap<u32, Option<Pid>>,
    ) -> Result<(), PlanError> {
        let tty_of_session: BTreeMap<Pid, u32> =
            processes.iter().filter_map(|p| p.ctty.map(|tty| (p.sid, tty))).collect();
        for (index, process) in processes.iter().enumerate() {
            if process.state == ProcState::Placeholder {
                // The plan finds out for itself which numbers need a holder.
                continue;
            }
            let node = self.push(process.pid, Role::Process(index));
            if self.node_of.insert(process.pid, node).is_some() {
                return Err(PlanError::Order(process.pid));
            }
            let tty = tty_of_session.get(&process.sid).copied();
            let n = &mut self.plan.nodes[node];
            n.group = process.pgid;
            n.leads_session = process.sid == process.pid;
            if n.leads_session {
                n.takes_tty = tty;
                n.foreground = tty.and_then(|tty| foreground.get(&tty).copied().flatten());
            }
            // A zombie has let its terminal go already.
            let dead = matches!(process.state, ProcState::Zombie(_));
            n.gives_up_tty = tty.is_some() && process.ctty.is_none() && !n.leads_session && !dead;
        }
        Ok(())
    }

    /// A node for every session whose leader is no longer there, forked by pid 1.
    fn session_holders(&mut self, processes: &[Process]) {
        for process in processes {
            if process.state != ProcState::Placeholder && !self.node_of.contains_key(&process.sid) {
                let node = self.push(process.sid, Role::Holder);
                self.plan.nodes[node].leads_session = true;
                self.node_of.insert(process.sid, node);
                self.plan.roots.push(node);
            }
        }
    }

    fn births(&mut self, processes: &[Process]) -> Result<(), PlanError> {
        let by_pid: BTreeMap<Pid, &Process> = processes.iter().map(|p| (p.pid, p)).collect();
        let mut seen = BTreeSet::new();
        for process in processes.iter().filter(|p| p.state != ProcState::Placeholder) {
            let node = self.node_of[&process.pid];
            let parent = by_pid.get(&process.ppid).filter(|_| process.ppid != 0);
            if process.ppid != 0 && (parent.is_none() || !seen.contains(&process.ppid)) {
                return Err(PlanError::Order(process.pid));
            }
            seen.insert(process.pid);
            let Some(parent) = parent else {
                self.birth_of_orphan(process, node)?;
                continue;
            };
            let parent_node = self.node_of[&parent.pid];
            if process.sid == process.pid || process.sid == parent.sid {
                self.plan.nodes[parent_node].late.push(node);
            } else if parent.sid == parent.pid && self.session_at_birth(parent, &by_pid) == Some(process.sid)
            {
                // The parent called setsid after it had forked this one.
                self.plan.nodes[parent_node].early.push(node);
            } else {
                return Err(PlanError::Session { pid: process.pid, sid: process.sid, ppid: process.ppid });
            }
        }
        Ok(())
    }

    /// The session `process` was forked in, if it then left it by setsid.
    fn session_at_birth(&self, process: &Process, by_pid: &BTreeMap<Pid, &Process>) -> Option<Pid> {
        by_pid.get(&process.ppid).map(|parent| parent.sid)
    }

    fn birth_of_orphan(&mut self, process: &Process, node: usize) -> Result<(), PlanError> {
        if process.sid == process.pid {
            self.plan.roots.push(node);
            return Ok(());
        }
        let leader = self.node_of[&process.sid];
        if self.plan.nodes[leader].role == Role::Holder {
            // The holder leaves in the end, and pid 1 inherits the child.
            self.plan.nodes[leader].late.push(node);
            return Ok(());
        }
        let number = self.helper_number()?;
        let courier = self.push(number, Role::Courier);
        self.plan.nodes[courier].late.push(node);
        self.plan.nodes[leader].late.push(courier);
        Ok(())
    }

    /// A node for every group whose leader is gone, forked by the leader of its session.
    fn group_holders(&mut self, processes: &[Process]) -> Result<(), PlanError> {
        for process in processes.iter().filter(|p| p.state != ProcState::Placeholder) {
            if self.node_of.contains_key(&process.pgid) {
                continue;
            }
            let Some(&leader) = self.node_of.get(&process.sid) else {
                return Err(PlanError::Session { pid: process.pid, sid: process.sid, ppid: process.ppid });
            };
            let holder = self.push(process.pgid, Role::Holder);
            self.node_of.insert(process.pgid, holder);
            self.plan.nodes[leader].late.push(holder);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
