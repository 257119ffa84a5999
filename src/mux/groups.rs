//! Session groups: sessions that show the same windows at the same indices, each with a current one of its own.
//!
//! Owns keeping them alike. A command changes one session of a group; before the next command runs the others
//! follow it.

use super::model::{Link, Session};
use super::{Mux, SessionId};
use crate::ids::WindowId;
use std::collections::{BTreeMap, BTreeSet};

/// Which window is at which index.
type Places = Vec<(u32, WindowId)>;

fn places(session: &Session) -> Places {
    session.links.iter().map(|(i, l)| (*i, l.window)).collect()
}

impl Mux {
    /// The sessions of a group, by number; empty for a session that is in none.
    pub(crate) fn group_of(&self, session: SessionId) -> Vec<&Session> {
        let Some(name) = self.sessions.get(&session).and_then(|s| s.group.as_ref()) else {
            return Vec::new();
        };
        self.sessions.values().filter(|s| s.group.as_ref() == Some(name)).collect()
    }

    /// Puts a new, empty session into the group of another, or into one that is named and does not exist yet.
    pub(crate) fn join_group(&mut self, session: SessionId, name: &str, other: Option<SessionId>) {
        let Some(from) = other.and_then(|o| self.sessions.get_mut(&o)) else {
            if let Some(s) = self.sessions.get_mut(&session) {
                s.group = Some(name.to_owned());
            }
            return;
        };
        from.group.get_or_insert_with(|| name.to_owned());
        let (group, links) = (from.group.clone(), from.links.clone());
        // As in tmux it begins at the first window, not at the one the other session shows.
        let current = links.keys().next().copied().unwrap_or(from.current);
        let here = places(from);
        if let Some(group) = &group {
            self.grouped.insert(group.clone(), here);
        }
        if let Some(s) = self.sessions.get_mut(&session) {
            s.group = group;
            s.links = links;
            s.current = current;
        }
    }

    /// Makes the sessions of each group alike again after one of them changed.
    pub(crate) fn follow_groups(&mut self) {
        let names: BTreeSet<String> = self.sessions.values().filter_map(|s| s.group.clone()).collect();
        self.grouped.retain(|name, _| names.contains(name));
        for name in names {
            let before = self.grouped.get(&name);
            let members = || self.sessions.values().filter(|s| s.group.as_ref() == Some(&name));
            let changed = members().map(places).find(|p| Some(p) != before && !p.is_empty());
            let Some(now) = changed else { continue };
            let ids: Vec<SessionId> = members().filter(|s| places(s) != now).map(|s| s.id).collect();
            for id in ids {
                self.follow(id, &now);
            }
            self.grouped.insert(name, now);
            (self.sizes_dirty, self.persist) = (true, true);
        }
    }

    fn follow(&mut self, session: SessionId, now: &Places) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let old = std::mem::take(&mut s.links);
        let shown = old.get(&s.current).map(|l| l.window);
        let flags: BTreeMap<WindowId, Link> = old.values().map(|l| (l.window, *l)).collect();
        let fresh = |window: WindowId| Link { window, bell: false, activity: false, silence: false };
        s.links = now.iter().map(|(i, w)| (*i, flags.get(w).copied().unwrap_or_else(|| fresh(*w)))).collect();
        // What was shown stays shown, wherever it is now.
        let still = shown.and_then(|w| now.iter().find(|(_, n)| *n == w)).map(|(i, _)| *i);
        let next = still.or_else(|| s.last_index()).or_else(|| s.links.keys().next().copied());
        s.current = next.unwrap_or(s.current);
        let current = s.current;
        s.last.retain(|i| *i != current && now.iter().any(|(n, _)| n == i));
        self.redraw_session(session);
    }
}
