//! `move --dry-run`: both keepers are asked what a move would do, and neither is touched.
//!
//! Owns the question and the words of the answer. Must not know how a verdict is come to: the source looks
//! at its tree, and the destination judges the same offer that a move would begin with.

use super::links::{self, FromLink, KeeperAddress, LinkId};
use super::{Server, moves, panes};
use crate::ids::{HostName, MoveId, PaneId};
use crate::mux::Failure;
use crate::protocol::keeper::{FromKeeper, KeeperState, MoveOptions, ToKeeper, Verdict};
use std::rc::Rc;
use tokio::sync::mpsc::UnboundedReceiver;

/// Asks both sides; what is said of the pane, or why it cannot go.
pub(super) async fn run(
    server: &Rc<Server>,
    pane: PaneId,
    to: Option<HostName>,
    options: &MoveOptions,
    json: bool,
) -> Result<String, Failure> {
    let moves::Free { link, host: from, life, epoch, label } = moves::free_pane(server, pane)?;
    let there = moves::name_of(server, &to);
    if from == to {
        return Ok(moves::already_there(&label, &there, json));
    }
    let Some(link) = link else {
        return Err(Failure::new(4, "unreachable", format!("{label} cannot be reached just now.")));
    };
    // An empty keeper that loses its server ends: nothing stays behind at the other host.
    let address = KeeperAddress { host: to, life, epoch: epoch.next(), new: true };
    let (far, far_from, welcome, _) = links::open(server, &address).await?;
    let free = moves::free_pane(server, pane).is_ok_and(|now| now.link == Some(link));
    if welcome.state != KeeperState::Empty || !free {
        server.core.borrow_mut().links.close(far);
        return Err(moves::busy(&label));
    }
    let move_id = MoveId::from_random(super::hosts::random());
    let near_from = {
        let mut core = server.core.borrow_mut();
        if let Some(wire) = core.panes.get_mut(&pane) {
            wire.busy = true;
        }
        moves::pair(&mut core.links, link, far);
        let near_from = core.links.listen(link);
        let here = moves::name_of(server, &from);
        core.links.say(far, &ToKeeper::MoveIn { move_id, from: here });
        let options = MoveOptions { dry_run: true, ..options.clone() };
        core.links.say(link, &ToKeeper::MoveOut { move_id, to: there.clone(), options });
        near_from
    };
    let verdict = answer(server, (link, near_from), far_from, move_id).await;
    {
        let mut core = server.core.borrow_mut();
        if let Some(wire) = core.panes.get_mut(&pane) {
            wire.busy = false;
        }
        if let Some(near) = core.links.get(link) {
            near.peer = None;
        }
        core.links.unlisten(link);
        core.links.close(far);
    }
    if verdict.is_none() {
        panes::link_lost(server, pane, link);
    }
    let gone = || Failure::new(4, "unreachable", format!("The link to the keeper of {label} broke."));
    told(&verdict.ok_or_else(gone)??, (pane, &label), &there, json)
}

/// The source's verdict; `None` when the link to it broke.
async fn answer(
    server: &Rc<Server>,
    (link, mut near): (LinkId, UnboundedReceiver<FromLink>),
    mut far: UnboundedReceiver<FromLink>,
    move_id: MoveId,
) -> Option<Result<Verdict, Failure>> {
    let mut far_is_there = true;
    loop {
        tokio::select! {
            said = near.recv() => match said {
                Some(FromLink::Said(message, _)) => match *message {
                    FromKeeper::Verdict(verdict) => return Some(Ok(verdict)),
                    FromKeeper::Failed(why) => return Some(Err(Failure::of(&why, "Nothing was changed."))),
                    _ => {}
                },
                Some(FromLink::Cut(_)) | None => return None,
            },
            said = far.recv(), if far_is_there => if !matches!(said, Some(FromLink::Said(..))) {
                // The source ends the question, and says why.
                far_is_there = false;
                let order = ToKeeper::MovePeer { move_id, connected: false };
                server.core.borrow_mut().links.say(link, &order);
            },
        }
    }
}

/// The answer, for people or (`json`) for programs.
fn told(v: &Verdict, (pane, label): (PaneId, &str), there: &HostName, json: bool) -> Result<String, Failure> {
    let first = v.refusals.first();
    let text = if json {
        serde_json::json!({
            "pane": pane.to_string(), "host": there.0, "program": v.program, "pid": v.pid,
            "processes": v.processes, "bytes": v.bytes, "pause_ms": v.pause_ms,
            "warnings": v.warnings, "refusals": v.refusals, "can_move": first.is_none(),
            "code": first.map(|t| &t.code), "cause": first.map(|t| &t.cause),
            "cure": first.map(|t| &t.cure),
        })
        .to_string()
    } else {
        words(label, there, v)
    };
    match first {
        None => Ok(text),
        Some(why) => Err(Failure { text, ..Failure::of(why, "") }),
    }
}

fn words(label: &str, there: &HostName, v: &Verdict) -> String {
    let processes = if v.processes == 1 { "1 process".into() } else { format!("{} processes", v.processes) };
    let mb = (v.bytes + 500_000) / 1_000_000;
    // Of a tree that could not be looked at nothing is known.
    let what = match v.program.as_str() {
        "" => label.to_string(),
        program => format!("{label} {program} (pid {}, {processes}, {mb} MB)", v.pid),
    };
    if v.refusals.is_empty() {
        let lost =
            if v.warnings.is_empty() { "Nothing will be lost.".into() } else { v.warnings.join("\n  ") };
        let pause_s = v.pause_ms as f64 / 1000.0;
        return format!("{what}: can move to {there}, pause about {pause_s:.1} s. {lost}");
    }
    let why: Vec<String> = v.refusals.iter().map(|t| Failure::of(t, "").text).collect();
    format!("{what}: cannot move to {there}. {} Nothing was changed.", why.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::keeper::Trouble;

    #[test]
    fn a_verdict_is_told_in_words_and_as_json_with_the_class_of_its_refusal() {
        let why = Trouble { class: 3, code: "gpu".into(), cause: "It draws".into(), cure: "End it.".into() };
        let good = Verdict {
            program: "vi".into(),
            pid: 4121,
            processes: 1,
            bytes: 18_000_000,
            pause_ms: 100,
            warnings: vec![],
            refusals: vec![],
        };
        let bad = Verdict { refusals: vec![why], ..good.clone() };
        let (pane, there) = ((PaneId(0), "thesis:0.0"), HostName("hostB".into()));
        let what = "thesis:0.0 vi (pid 4121, 1 process, 18 MB): ";
        let said = told(&good, pane, &there, false).unwrap();
        assert_eq!(said, format!("{what}can move to hostB, pause about 0.1 s. Nothing will be lost."));
        let failure = told(&bad, pane, &there, false).unwrap_err();
        let words = format!("{what}cannot move to hostB. It draws. End it. Nothing was changed.");
        assert_eq!((failure.class, failure.text), (3, words));
        let failure = told(&bad, pane, &there, true).unwrap_err();
        let said: serde_json::Value = serde_json::from_str(&failure.text).unwrap();
        assert_eq!((failure.class, &said["can_move"]), (3, &false.into()));
        for (field, value) in [("code", "gpu"), ("cause", "It draws"), ("cure", "End it.")] {
            assert_eq!(said[field], value);
        }
    }
}
