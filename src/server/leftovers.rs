//! A copy that waits, stopped, at a destination that was cut off before it could hear that the move had been
//! given up. It never decides alone; so its keeper is looked for until it has asked the source.

use super::links::{self, FromLink, KeeperAddress, LinkId};
use super::moves::pair;
use super::{Server, panes};
use crate::ids::{MoveId, PaneId};
use crate::protocol::keeper::{FromKeeper, KeeperState, ToKeeper};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::spawn_local;

/// Waits between attempts, s; the last one again and again.
const RETRY_S: [u64; 6] = [0, 1, 2, 5, 15, 60];
/// How long the two keepers are left together.
const TALK: Duration = Duration::from_secs(10);

/// Brings the two keepers of an ended move together until the destination has heard how it ended.
pub(super) fn tell(server: &Rc<Server>, pane: PaneId, move_id: MoveId, destination: KeeperAddress) {
    let server = server.clone();
    // No keeper there is as good as one that knows.
    let destination = KeeperAddress { new: false, ..destination };
    spawn_local(async move {
        let mut waits = RETRY_S.iter().copied();
        let mut wait_s = 0;
        loop {
            wait_s = waits.next().unwrap_or(wait_s);
            tokio::time::sleep(Duration::from_secs(wait_s)).await;
            match links::open(&server, &destination).await {
                Err(failure) if failure.code == "no-keeper" => return,
                Err(_) => {}
                Ok((link, from, welcome, _)) => {
                    let knows = match welcome.state {
                        KeeperState::Arriving(id) | KeeperState::Undecided(id) if id == move_id => {
                            talk(&server, pane, move_id, link, from).await
                        }
                        KeeperState::Arriving(_)
                        | KeeperState::Undecided(_)
                        | KeeperState::Empty
                        | KeeperState::Running
                        | KeeperState::Held(_)
                        | KeeperState::Exited(_)
                        | KeeperState::Gone => true,
                    };
                    server.core.borrow_mut().links.close(link);
                    if knows {
                        return;
                    }
                }
            }
        }
    });
}

/// Lets the two speak; whether the destination has said that it knows.
async fn talk(
    server: &Rc<Server>,
    pane: PaneId,
    move_id: MoveId,
    far: LinkId,
    mut from: UnboundedReceiver<FromLink>,
) -> bool {
    {
        let mut core = server.core.borrow_mut();
        let Some(near) = core.panes.get(&pane).and_then(panes::PaneWire::idle_link) else { return false };
        pair(&mut core.links, near, far);
        for link in [near, far] {
            core.links.say(link, &ToKeeper::MovePeer { move_id, connected: true });
        }
    }
    let heard = async {
        loop {
            match from.recv().await {
                Some(FromLink::Said(message, _)) => match *message {
                    FromKeeper::Report(report) if report.move_id == move_id => return true,
                    _ => {}
                },
                Some(FromLink::Cut(_)) | None => return false,
            }
        }
    };
    tokio::time::timeout(TALK, heard).await.unwrap_or(false)
}
