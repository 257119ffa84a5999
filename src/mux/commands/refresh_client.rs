//! refresh-client

use super::super::Mux;
use super::super::queue::{Call, Outcome};
use super::{DONE, Verb, verb};
use crate::ids::Size;

pub(crate) const VERB: Verb = verb(
    ("refresh-client", "refresh"),
    "A:B:cC:Df:F:l:LRSt:U",
    (0, Some(1)),
    "[-cDlLRSU] [-A pane:state] [-B name:what:format] [-C XxY] [-f flags] [-t target-client] [adjustment]",
    "Draw a client anew",
    run,
);

fn run(mux: &mut Mux, call: &Call) -> Outcome {
    let args = &call.args;
    let client = mux.find_client(&call.origin, args.get('t').as_deref())?;
    if let Some(size) = args.get('C') {
        let parts = size.split_once(['x', ',']);
        let sides = parts.and_then(|(w, h)| Some((w.parse::<u16>().ok()?, h.parse::<u16>().ok()?)));
        let (w, h) = sides.ok_or("bad size argument")?;
        if let Some(c) = mux.clients.get_mut(&client) {
            c.size = Size::new(w, h);
        }
        mux.sizes_dirty = true;
    }
    for v in mux.shell_values.borrow_mut().values_mut() {
        v.wanted = true;
    }
    mux.redraw.insert(client);
    DONE
}
