//! Options: typed values in sets that inherit from one another.
//!
//! Owns parsing, printing and inheritance; knows nothing of what an option does.

mod table;

pub use table::{Kind, Level, OPTIONS, OptionDef, RENAMED};

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// Most elements kept in one array option.
pub const MAX_ARRAY: usize = 4096;

/// Longest value accepted, in bytes.
pub const MAX_VALUE: usize = 256 * 1024;

/// Why an option could not be set; the words are tmux's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// No such name.
    #[error("invalid option: {0}")]
    Invalid(String),
    /// A name not in the table, in a configuration file, with a suggestion.
    #[error("unknown option \"{0}\"{1}")]
    Unknown(String, String),
    /// The beginning of several names.
    #[error("ambiguous option: {0}")]
    Ambiguous(String),
    /// The value is not of the option's kind.
    #[error("{0}")]
    Bad(String),
    /// `set -o` on an option that is set.
    #[error("already set: {0}")]
    AlreadySet(String),
    /// An index on something that is no array.
    #[error("not an array: {0}")]
    NotArray(String),
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, style, colour, key or choice, as typed.
    Text(String),
    /// A number.
    Number(i64),
    /// on or off.
    Flag(bool),
    /// Elements by index.
    Array(BTreeMap<u32, String>),
}

impl Value {
    /// As text without quotes; array elements are joined by spaces.
    pub fn to_text(&self) -> String {
        match self {
            Value::Text(t) => t.clone(),
            Value::Number(n) => n.to_string(),
            Value::Flag(b) => (if *b { "on" } else { "off" }).to_owned(),
            Value::Array(items) => items.values().cloned().collect::<Vec<_>>().join(" "),
        }
    }

    /// Whether a condition takes it as true.
    pub fn is_on(&self) -> bool {
        match self {
            Value::Flag(b) => *b,
            Value::Number(n) => *n != 0,
            Value::Text(t) => !t.is_empty() && t != "off" && t != "0",
            Value::Array(items) => !items.is_empty(),
        }
    }
}

/// One set: the server's, the global ones, or that of one session, window or pane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<String, Value>,
}

/// A name with the index of `name[3]`.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// The definition; `None` for user options.
    pub def: Option<&'static OptionDef>,
    /// Full name.
    pub name: String,
    /// Index given in brackets.
    pub index: Option<u32>,
    /// What the user typed.
    pub typed: &'a str,
}

/// FNV-1a (RFC draft eastlake-fnv): for the few hundred names of the table, which nobody chooses to collide.
struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> NameHasher {
        NameHasher(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type ByName = HashMap<&'static str, (&'static OptionDef, Value), BuildHasherDefault<NameHasher>>;

/// The definition and the default of an exact name. Quick: asked for many times with every event.
pub fn known(name: &str) -> Option<&'static (&'static OptionDef, Value)> {
    static BY_NAME: LazyLock<ByName> = LazyLock::new(|| {
        let names = OPTIONS.iter().map(|def| (def.name, def));
        let new: HashMap<&str, &OptionDef> = names.clone().collect();
        let old = RENAMED.iter().filter_map(|(old, name)| Some((*old, *new.get(name)?)));
        names.chain(old).map(|(name, def)| (name, (def, default_value(def)))).collect()
    });
    BY_NAME.get(name)
}

/// The definition of an exact name.
pub fn definition(name: &str) -> Option<&'static OptionDef> {
    known(name).map(|(def, _)| *def)
}

/// Finds an option by its name, an unambiguous beginning of it, or `@name`; with an optional index.
pub fn find(typed: &str) -> Result<Named<'_>, OptionError> {
    let (name, index) = match typed.strip_suffix(']').and_then(|t| t.split_once('[')) {
        Some((name, index)) => {
            let n = index.parse().map_err(|_| OptionError::Invalid(typed.to_owned()))?;
            (name, Some(n))
        }
        None => (typed, None),
    };
    if name.is_empty() || typed.len() > 1024 {
        return Err(OptionError::Invalid(typed.to_owned()));
    }
    if name.starts_with('@') {
        return Ok(Named { def: None, name: name.to_owned(), index, typed });
    }
    let def = match definition(name) {
        Some(d) => d,
        None => {
            let mut starting = OPTIONS.iter().filter(|d| d.name.starts_with(name));
            match (starting.next(), starting.next()) {
                (Some(d), None) => d,
                (Some(_), Some(_)) => return Err(OptionError::Ambiguous(name.to_owned())),
                _ => return Err(OptionError::Invalid(typed.to_owned())),
            }
        }
    };
    if index.is_some() && !def.is_array() {
        return Err(OptionError::NotArray(typed.to_owned()));
    }
    Ok(Named { def: Some(def), name: def.name.to_owned(), index, typed })
}

impl OptionDef {
    /// Whether its values have indices.
    pub fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array | Kind::Hook)
    }
}

/// The name most like a mistyped one, when one is near enough to suggest.
pub fn suggest(typed: &str) -> Option<&'static str> {
    let near = OPTIONS.iter().map(|d| (super::words::distance(typed, d.name), d.name)).min()?;
    (near.0 <= 2 && near.0 * 3 < typed.len().max(3)).then_some(near.1)
}

/// The default of an option.
pub fn default_value(def: &OptionDef) -> Value {
    match def.kind {
        Kind::Array | Kind::Hook => Value::Array(
            def.default
                .lines()
                .filter(|l| !l.is_empty())
                .enumerate()
                .map(|(i, l)| (i as u32, l.to_owned()))
                .collect(),
        ),
        Kind::Number(..) => Value::Number(def.default.parse().unwrap_or(0)),
        Kind::Flag => Value::Flag(def.default == "on"),
        Kind::Text | Kind::Choice(_) | Kind::Key | Kind::Colour | Kind::Style => {
            Value::Text(def.default.to_owned())
        }
    }
}

/// Reads a typed value of an option that is no array.
pub fn parse_value(def: &OptionDef, text: &str, old: Option<&Value>) -> Result<Value, OptionError> {
    let bad = |why: &str| Err(OptionError::Bad(format!("{why}: {text}")));
    if text.len() > MAX_VALUE {
        return Err(OptionError::Bad(format!("value is too long: {}", def.name)));
    }
    match def.kind {
        Kind::Text | Kind::Array | Kind::Hook => Ok(Value::Text(text.to_owned())),
        Kind::Number(least, most) => match text.parse::<i64>() {
            Ok(n) if n < least => bad("value is too small"),
            Ok(n) if n > most => bad("value is too large"),
            Ok(n) => Ok(Value::Number(n)),
            Err(_) => bad("value is invalid"),
        },
        Kind::Flag => match text {
            "" => Ok(Value::Flag(!matches!(old, Some(Value::Flag(true))))),
            "1" => Ok(Value::Flag(true)),
            "0" => Ok(Value::Flag(false)),
            t if t.eq_ignore_ascii_case("on") || t.eq_ignore_ascii_case("yes") => Ok(Value::Flag(true)),
            t if t.eq_ignore_ascii_case("off") || t.eq_ignore_ascii_case("no") => Ok(Value::Flag(false)),
            _ => bad("bad value"),
        },
        Kind::Choice(words) => {
            if text.is_empty()
                && let [first, second, ..] = words
            {
                // Without a value a choice that begins with off and on is a switch.
                let on = matches!(old, Some(Value::Text(t)) if t != first);
                return Ok(Value::Text((if on { first } else { second }).to_string()));
            }
            if words.contains(&text) {
                return Ok(Value::Text(text.to_owned()));
            }
            let mut starting = words.iter().filter(|w| w.starts_with(text));
            match (starting.next(), starting.next()) {
                (Some(w), None) => Ok(Value::Text((*w).to_owned())),
                (Some(_), Some(_)) => bad("ambiguous value"),
                _ => bad("unknown value"),
            }
        }
        Kind::Key => match text {
            t if t.eq_ignore_ascii_case("none") => Ok(Value::Text("None".into())),
            t => match crate::vt::keys::parse_name(t) {
                Some(key) => Ok(Value::Text(crate::vt::keys::name(key))),
                None => bad("bad key"),
            },
        },
        Kind::Colour => match crate::format::style::parse_colour(text) {
            Some(_) => Ok(Value::Text(text.to_owned())),
            None if text.contains("#{") => Ok(Value::Text(text.to_owned())),
            None => bad("bad colour"),
        },
        Kind::Style => {
            if text.contains("#{") || crate::format::style::parse(text).is_some() {
                Ok(Value::Text(text.to_owned()))
            } else {
                bad("invalid style")
            }
        }
    }
}

/// Splits what a user gives an array at once: by commas, or by spaces for command-like arrays.
fn split_array(def: &OptionDef, text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let separators: &[char] = match def.name {
        "command-alias" | "terminal-features" | "terminal-overrides" | "user-keys" => &[','],
        "status-format" => return vec![text.to_owned()],
        _ if def.kind == Kind::Hook => return vec![text.to_owned()],
        _ => &[' ', ','],
    };
    text.split(separators).filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

impl Options {
    /// The value set here, without inheritance.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Everything set here, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// Puts a value without a check.
    pub fn put(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// Removes an option, or one element of an array. `inherited` is what an array here starts from.
    pub fn unset(&mut self, named: &Named<'_>, inherited: Option<&Value>) {
        match named.index {
            None => {
                self.values.remove(&named.name);
            }
            Some(index) => {
                let start = || inherited.cloned().unwrap_or(Value::Array(BTreeMap::new()));
                if let Value::Array(items) = self.values.entry(named.name.clone()).or_insert_with(start) {
                    items.remove(&index);
                }
            }
        }
    }

    /// Sets an option from what a user typed. `inherited` is the value it has without this set.
    pub fn set(
        &mut self,
        named: &Named<'_>,
        text: &str,
        append: bool,
        inherited: Option<&Value>,
    ) -> Result<(), OptionError> {
        let old = self.values.get(&named.name).or(inherited).cloned();
        let Some(def) = named.def else {
            let text = match (&old, append) {
                (Some(old), true) => old.to_text() + text,
                _ => text.to_owned(),
            };
            if text.len() > MAX_VALUE {
                return Err(OptionError::Bad(format!("value is too long: {}", named.name)));
            }
            self.put(&named.name, Value::Text(text));
            return Ok(());
        };
        if def.is_array() {
            let colour = |c: &str| crate::format::style::parse_colour(c).is_some();
            let parts = || split_array(def, text);
            if def.name == "pane-colours"
                && let Some(bad) = parts().into_iter().find(|c| !colour(c) && !c.contains("#{"))
            {
                return Err(OptionError::Bad(format!("bad colour: {bad}")));
            }
            let mut items = match old {
                Some(Value::Array(items)) => items,
                _ => BTreeMap::new(),
            };
            match named.index {
                Some(i) => {
                    let item = items.entry(i).or_default();
                    if append {
                        item.push_str(text);
                    } else {
                        text.clone_into(item);
                    }
                }
                None => {
                    if !append {
                        items.clear();
                    }
                    let mut next = 0u32;
                    for part in parts() {
                        while items.contains_key(&next) {
                            next += 1;
                        }
                        items.insert(next, part);
                    }
                }
            }
            if items.len() > MAX_ARRAY {
                return Err(OptionError::Bad(format!("too many elements: {}", def.name)));
            }
            self.put(def.name, Value::Array(items));
            return Ok(());
        }
        let text = match (&old, append, def.kind) {
            (Some(old), true, Kind::Text) => old.to_text() + text,
            (Some(old), true, Kind::Style) => old.to_text() + "," + text,
            _ => text.to_owned(),
        };
        let value = parse_value(def, &text, old.as_ref())?;
        self.put(def.name, value);
        Ok(())
    }
}
