//! The whole screen as one value: MessagePack with field names, rows packed like scrollback.

use super::cell::Tables;
use super::damage::Damage;
use super::event::MAX_EVENTS;
use super::history::History;
use super::pack;
use super::row::Row;
use super::screen::{Screen, blank_rows};
use super::state::{State, default_tabs};
use crate::ids::Size;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeStruct};
use serde_bytes::ByteBuf;
use std::collections::VecDeque;

/// Version of the form. A reader knows its own and older ones; fields it does not know it skips.
const VERSION: u32 = 1;

/// Why a snapshot could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is no snapshot, or it is damaged.
    #[error("the saved screen cannot be read: {0}")]
    Damaged(#[from] rmp_serde::decode::Error),
}

fn packed(rows: &VecDeque<Row>, tables: &Tables) -> Vec<ByteBuf> {
    rows.iter()
        .map(|row| {
            let mut line = Vec::new();
            pack::pack(row, tables, &mut line);
            ByteBuf::from(line)
        })
        .collect()
}

impl Serialize for Screen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Screen", 5)?;
        out.serialize_field("version", &VERSION)?;
        out.serialize_field("state", &self.st)?;
        out.serialize_field("shown", &packed(&self.rows, &self.tables))?;
        out.serialize_field("hidden", &packed(&self.hidden, &self.tables))?;
        out.serialize_field("history", &self.history)?;
        out.end()
    }
}

/// What `Serialize` writes.
#[derive(Deserialize)]
struct Saved {
    version: u32,
    state: State,
    shown: Vec<ByteBuf>,
    hidden: Vec<ByteBuf>,
    history: History,
}

impl<'de> Deserialize<'de> for Screen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Screen, D::Error> {
        let saved = Saved::deserialize(deserializer)?;
        if saved.version > VERSION {
            return Err(de::Error::custom(format_args!(
                "version {} of the form, but this qmux knows {VERSION}",
                saved.version
            )));
        }
        if !saved.history.is_sound() {
            return Err(de::Error::custom("the scrollback's parts do not fit each other"));
        }
        let mut tables = Tables::default();
        let st = sound(saved.state);
        let rows = unpacked(&saved.shown, &st, &mut tables);
        let hidden = if saved.hidden.is_empty() && !st.modes.alternate {
            VecDeque::new()
        } else {
            unpacked(&saved.hidden, &st, &mut tables)
        };
        let mut screen = Screen {
            st,
            rows,
            hidden,
            history: saved.history,
            tables,
            pen_extra: 0,
            damage: Damage::everything(),
            reply_bel: false,
        };
        screen.refresh_pen();
        Ok(screen)
    }
}

fn unpacked(lines: &[ByteBuf], st: &State, tables: &mut Tables) -> VecDeque<Row> {
    let mut rows = blank_rows(st.rows);
    for (row, line) in rows.iter_mut().zip(lines) {
        *row = pack::unpack(line, tables);
        row.fit(st.cols);
    }
    rows
}

/// Puts into range what the rest of the code relies on.
fn sound(mut st: State) -> State {
    let clamp = |n: usize| n.clamp(1, usize::from(Size::MAX));
    (st.cols, st.rows) = (clamp(st.cols), clamp(st.rows));
    let (right, bottom) = (st.cols - 1, st.rows - 1);
    (st.x, st.y) = (st.x.min(right), st.y.min(bottom));
    if st.top >= st.bottom || st.bottom > bottom {
        (st.top, st.bottom) = (0, bottom);
    }
    if st.left >= st.right || st.right > right {
        (st.left, st.right) = (0, right);
    }
    if st.tabs.len() != st.cols {
        st.tabs = default_tabs(st.cols);
    }
    for saved in &mut st.saved {
        (saved.x, saved.y) = (saved.x.min(right), saved.y.min(bottom));
        saved.charsets.gl &= 3;
        saved.charsets.single = saved.charsets.single.map(|n| n & 3);
    }
    st.charsets.gl &= 3;
    st.charsets.single = st.charsets.single.map(|n| n & 3);
    st.color_depth = st.color_depth.min(st.color_stack.len());
    st.events.truncate(MAX_EVENTS);
    st
}

impl Screen {
    /// The complete state, the parser's unfinished sequence and unread answers included.
    pub fn snapshot(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).expect("a screen is made of numbers, strings and lists")
    }

    /// The screen that `snapshot` described, entirely damaged.
    ///
    /// # Errors
    /// The bytes are no snapshot, or of a newer form.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Screen, SnapshotError> {
        Ok(rmp_serde::from_slice(bytes)?)
    }
}
