use super::*;

fn process(pid: Pid, ppid: Pid, pgid: Pid, sid: Pid) -> Process {
    Process { pid, ppid, pgid, sid, ctty: Some(7), ..Process::default() }
}

fn tree(processes: Vec<Process>) -> TreeImage {
    let mut tree = TreeImage { processes, ..TreeImage::default() };
    tree.tty.index = 7;
    tree
}

fn node(plan: &Plan, number: Pid) -> &Node {
    plan.nodes.iter().find(|n| n.number == number).unwrap()
}

fn numbers(plan: &Plan, indexes: &[usize]) -> Vec<Pid> {
    indexes.iter().map(|i| plan.nodes[*i].number).collect()
}

#[test]
fn test_a_shell_with_jobs_is_born_from_above_and_only_the_leader_takes_the_terminal() {
    let mut tree =
        tree(vec![process(100, 0, 100, 100), process(101, 100, 101, 100), process(102, 101, 101, 100)]);
    tree.tty.foreground = Some(101);
    let plan = Plan::of(&tree).unwrap();
    assert_eq!(numbers(&plan, &plan.roots), vec![100]);
    let shell = node(&plan, 100);
    assert!(shell.leads_session);
    assert_eq!((shell.takes_tty, shell.foreground), (Some(7), Some(101)));
    assert_eq!(numbers(&plan, &shell.late), vec![101]);
    assert_eq!(node(&plan, 101).takes_tty, None);
    assert_eq!(node(&plan, 102).group, 101);
    assert_eq!(plan.lasting(), 3);
}

#[test]
fn test_an_orphan_of_a_living_session_comes_by_a_courier_with_a_free_number() {
    let orphan = process(HELPER_MAX - 1, 0, 150, 100);
    let mut busy = process(HELPER_MAX, 100, 100, 100);
    busy.ctty = None;
    let plan = Plan::of(&tree(vec![process(100, 0, 100, 100), orphan, busy])).unwrap();
    let courier = plan.nodes.iter().find(|n| n.role == Role::Courier).unwrap();
    assert_eq!(courier.number, HELPER_MAX - 2);
    assert_eq!(numbers(&plan, &courier.late), vec![HELPER_MAX - 1]);
    assert!(numbers(&plan, &node(&plan, 100).late).contains(&courier.number));
    // Its group has no leader any more: the session's leader makes a holder.
    let holder = node(&plan, 150);
    assert_eq!(holder.role, Role::Holder);
    assert!(!holder.leads_session);
    assert!(node(&plan, HELPER_MAX).gives_up_tty);
}

#[test]
fn test_a_dead_session_leader_is_stood_in_for() {
    let mut daemon = process(200, 0, 199, 199);
    daemon.ctty = None;
    let plan = Plan::of(&tree(vec![process(100, 0, 100, 100), daemon])).unwrap();
    let holder = node(&plan, 199);
    assert_eq!((holder.role, holder.leads_session, holder.takes_tty), (Role::Holder, true, None));
    assert_eq!(numbers(&plan, &holder.late), vec![200]);
    let mut roots = numbers(&plan, &plan.roots);
    roots.sort_unstable();
    assert_eq!(roots, vec![100, 199]);
}

#[test]
fn test_a_child_from_before_its_parents_setsid_is_born_early() {
    let mut leader = process(110, 100, 110, 110);
    leader.ctty = None;
    let child = process(111, 110, 100, 100);
    let plan = Plan::of(&tree(vec![process(100, 0, 100, 100), leader, child])).unwrap();
    assert_eq!(numbers(&plan, &node(&plan, 110).early), vec![111]);
    assert!(node(&plan, 110).late.is_empty());
}

#[test]
fn test_what_cannot_be_is_refused_by_name() {
    let strange = process(102, 101, 102, 999);
    let error =
        Plan::of(&tree(vec![process(100, 0, 100, 100), process(101, 100, 101, 100), strange])).unwrap_err();
    assert_eq!(error, PlanError::Session { pid: 102, sid: 999, ppid: 101 });
    let error = Plan::of(&tree(vec![process(101, 100, 101, 100), process(100, 0, 100, 100)])).unwrap_err();
    assert_eq!(error, PlanError::Order(101));
    let error = Plan::of(&tree(vec![process(100, 0, 100, 100), process(100, 0, 100, 100)])).unwrap_err();
    assert_eq!(error, PlanError::Order(100));
}

#[test]
fn test_a_loop_of_parents_ends_in_an_error() {
    let error = Plan::of(&tree(vec![process(100, 101, 100, 100), process(101, 100, 101, 101)])).unwrap_err();
    assert_eq!(error, PlanError::Order(100));
}
