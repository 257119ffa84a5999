//! Themes: looks by name, as defaults for tmux's options.
//!
//! A theme is a palette and options whose values name its colours with `$`. What it yields is option
//! values: they stand below everything the user sets and above tmux's own defaults, so that every tmux
//! style option keeps its meaning. Themes are files of the user or built in (`themes/*.toml`).

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The theme when none is named.
pub const DEFAULT: &str = "midnight";

/// The theme that changes nothing: tmux's own defaults; in force when the server was started as `tmux`.
pub const TMUX: &str = "tmux";

/// Longest theme file read, in bytes.
pub const FILE_MAX: u64 = 256 * 1024;

/// Longest name of a theme, in bytes.
pub const NAME_MAX: usize = 64;

const COMMON: &str = include_str!("../../themes/common.toml");

/// The built-in themes.
const BUILT_IN: &[(&str, &str)] = &[
    ("contrast", include_str!("../../themes/contrast.toml")),
    ("coral", include_str!("../../themes/coral.toml")),
    ("dawn", include_str!("../../themes/dawn.toml")),
    ("ember", include_str!("../../themes/ember.toml")),
    ("forest", include_str!("../../themes/forest.toml")),
    ("glacier", include_str!("../../themes/glacier.toml")),
    ("glade", include_str!("../../themes/glade.toml")),
    ("graphite", include_str!("../../themes/graphite.toml")),
    ("linen", include_str!("../../themes/linen.toml")),
    ("midnight", include_str!("../../themes/midnight.toml")),
    ("paper", include_str!("../../themes/paper.toml")),
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("violet", include_str!("../../themes/violet.toml")),
];

/// The colours of a palette that tell a theme from others at a glance.
const SWATCH: [&str; 6] = ["bar", "raised", "accent", "host", "warning", "error"];

/// Options a theme may set besides those ending in `-style`, `-colour` or `-format`: only looks, so that a
/// theme somebody else wrote cannot bring a command.
const LOOKS: &[&str] = &[
    "status-left",
    "status-right",
    "status-left-length",
    "status-right-length",
    "status-justify",
    "status-position",
    "window-status-separator",
    "pane-border-lines",
    "pane-border-indicators",
    "pane-border-status",
    "popup-border-lines",
    "menu-border-lines",
];

/// Why there is no such theme.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Neither a file nor built in.
    #[error("no theme {name:?}; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file cannot be read.
    #[error("theme {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// The file is larger than [`FILE_MAX`].
    #[error("theme {0} is larger than {FILE_MAX} bytes")]
    TooLarge(PathBuf),
    /// Not TOML, or not a theme.
    #[error("theme {name}: {source}")]
    Parse {
        /// The theme.
        name: String,
        /// What and where.
        source: Box<toml::de::Error>,
    },
    /// An option's value names a colour that the palette has not.
    #[error("theme {name}: option {option} names the colour ${colour}, which [palette] has not")]
    NoColour {
        /// The theme.
        name: String,
        /// The option.
        option: String,
        /// The colour.
        colour: String,
    },
    /// A palette entry that is no colour.
    #[error("theme {name}: {key} = {value:?} is no colour")]
    BadColour {
        /// The theme.
        name: String,
        /// The palette's key.
        key: String,
        /// Its value.
        value: String,
    },
    /// An option that is not about looks.
    #[error("theme {name}: option {option} is not one a theme may set")]
    NotLooks {
        /// The theme.
        name: String,
        /// The option.
        option: String,
    },
}

/// A theme ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    name: String,
    light: bool,
    swatch: Vec<String>,
    options: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    light: bool,
    #[serde(default)]
    palette: BTreeMap<String, String>,
    #[serde(default)]
    options: BTreeMap<String, String>,
}

impl Theme {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Made for light terminals.
    pub fn light(&self) -> bool {
        self.light
    }

    /// A few of its colours, to tell it by.
    pub fn swatch(&self) -> &[String] {
        &self.swatch
    }

    /// Names and values of the options it sets.
    pub fn options(&self) -> &[(String, String)] {
        &self.options
    }

    /// The value of one of its options.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The folder of the user's own themes: `$XDG_CONFIG_HOME/qmux/themes`, else `~/.config/qmux/themes`.
pub fn user_dir(env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let base = env("XDG_CONFIG_HOME").filter(|dir| dir.starts_with('/')).map(PathBuf::from);
    let base = base.or_else(|| Some(Path::new(&env("HOME")?).join(".config")))?;
    Some(base.join("qmux/themes"))
}

/// The names of all themes: built in, and in the user's folder.
pub fn names(user_dir: Option<&Path>) -> Vec<String> {
    let built_in = BUILT_IN.iter().map(|(name, _)| *name).chain([TMUX]);
    let mut names: Vec<String> = built_in.map(str::to_owned).collect();
    for entry in user_dir.and_then(|dir| std::fs::read_dir(dir).ok()).into_iter().flatten().flatten() {
        let file = entry.file_name();
        if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".toml")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    names.dedup();
    names
}

/// The theme of this name (empty: [`DEFAULT`]): the user's file before the built-in one.
pub fn load(name: &str, user_dir: Option<&Path>) -> Result<Theme, ThemeError> {
    let name = if name.is_empty() { DEFAULT } else { name };
    let plain = name.len() <= NAME_MAX
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let own = match user_dir.filter(|_| plain) {
        Some(dir) => read(&dir.join(format!("{name}.toml")))?,
        None => None,
    };
    match own.or(built_in) {
        Some(text) => parse(name, &text),
        None if name == TMUX => {
            Ok(Theme { name: name.into(), light: false, swatch: Vec::new(), options: Vec::new() })
        }
        None => Err(ThemeError::Unknown { name: name.into(), known: names(user_dir).join(", ") }),
    }
}

/// A theme file; `None` when there is none.
fn read(path: &Path) -> Result<Option<String>, ThemeError> {
    let error = |source: std::io::Error| ThemeError::Read { path: path.into(), source };
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > FILE_MAX => Err(ThemeError::TooLarge(path.into())),
        Ok(_) => std::fs::read_to_string(path).map(Some).map_err(error),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(error(e)),
    }
}

/// Reads a theme's text: its palette into the common options and its own.
pub fn parse(name: &str, text: &str) -> Result<Theme, ThemeError> {
    let toml = |text: &str| {
        toml::from_str::<File>(text)
            .map_err(|source| ThemeError::Parse { name: name.into(), source: Box::new(source) })
    };
    let file = toml(text)?;
    for (key, value) in &file.palette {
        if crate::format::style::parse_colour(value).is_none() {
            return Err(ThemeError::BadColour { name: name.into(), key: key.clone(), value: value.clone() });
        }
    }
    for option in file.options.keys() {
        if !is_looks(option) {
            return Err(ThemeError::NotLooks { name: name.into(), option: option.clone() });
        }
    }
    let mut options = toml(COMMON)?.options;
    options.extend(file.options);
    let options = options
        .into_iter()
        .map(|(option, value)| match fill(&value, &file.palette) {
            Ok(value) => Ok((option, value)),
            Err(colour) => Err(ThemeError::NoColour { name: name.into(), option, colour }),
        })
        .collect::<Result<_, _>>()?;
    let swatch = SWATCH.iter().filter_map(|key| file.palette.get(*key).cloned()).collect();
    Ok(Theme { name: name.into(), light: file.light, swatch, options })
}

fn is_looks(option: &str) -> bool {
    ["-style", "-colour", "-format"].iter().any(|end| option.ends_with(end)) || LOOKS.contains(&option)
}

/// Puts the palette's colours in for `$name`; `$$` is a dollar. The error is the name that is missing.
fn fill(value: &str, palette: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let colour = palette.get(&rest[..end]).ok_or_else(|| rest[..end].to_owned())?;
        out.push_str(colour);
        rest = &rest[end..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::style::{StyleItem, parse_colour};
    use crate::vt::Color;

    #[test]
    fn every_built_in_theme_is_complete() {
        let mut light = 0;
        for (name, _) in BUILT_IN {
            let theme = load(name, None).unwrap();
            light += usize::from(theme.light());
            for (option, value) in theme.options() {
                assert!(!value.contains('$'), "{name}: {option} = {value}");
                if option.ends_with("-style") && !value.contains("#{") {
                    assert!(crate::format::style::parse(value).is_some(), "{name}: {option} = {value}");
                }
                if option.ends_with("-colour") {
                    assert!(parse_colour(value).is_some(), "{name}: {option} = {value}");
                }
            }
        }
        assert!(BUILT_IN.len() >= 12 && light >= 4);
        assert_eq!(load("", None).unwrap().name(), DEFAULT);
        assert!(load(TMUX, None).unwrap().options().is_empty());
    }

    /// Relative luminance and contrast as WCAG 2 defines them.
    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let luminance = |(r, g, b): (u8, u8, u8)| {
            let part = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.03928 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_its_background() {
        for (name, _) in BUILT_IN {
            let theme = load(name, None).unwrap();
            for (option, value) in theme.options() {
                let items = crate::format::style::parse(value).unwrap_or_default();
                let find = |background: bool| {
                    items.iter().find_map(|item| {
                        let colour = match item {
                            StyleItem::Fg(c) if !background => *c,
                            StyleItem::Bg(c) if background => *c,
                            _ => return None,
                        };
                        match crate::view::style::colour(colour, Color::Default) {
                            Color::Rgb(r, g, b) => Some((r, g, b)),
                            Color::Indexed(n) => Some(crate::vt::palette_color(n)),
                            Color::Default => None,
                        }
                    })
                };
                if let (Some(fg), Some(bg)) = (find(false), find(true)) {
                    let ratio = contrast(fg, bg);
                    // A terminal's sixteen are its own; only real colours can be judged strictly.
                    let least = if *name == "terminal" || option.contains("border") { 1.5 } else { 4.5 };
                    assert!(ratio >= least, "{name}: {option} = {value}: {ratio:.1}");
                }
            }
        }
    }

    #[test]
    fn the_bars_quiet_text_can_be_read_too() {
        for (name, text) in BUILT_IN.iter().filter(|(name, _)| *name != "terminal") {
            let palette = toml::from_str::<File>(text).unwrap().palette;
            let rgb = |key: &str| match parse_colour(&palette[key]) {
                Some(crate::format::style::Colour::Rgb(r, g, b)) => (r, g, b),
                other => panic!("{name}: {key}: {other:?}"),
            };
            for key in ["text", "muted", "warning", "error"] {
                let ratio = contrast(rgb(key), rgb("bar"));
                assert!(ratio >= 4.0, "{name}: {key} on the bar: {ratio:.1}");
            }
        }
    }

    #[test]
    fn a_users_file_goes_before_the_built_in_one() {
        let dir = std::env::temp_dir().join(format!("qmux-themes-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let own =
            std::fs::read_to_string("themes/paper.toml").unwrap() + "\n[options]\nstatus-left = \"$$ #S\"\n";
        std::fs::write(dir.join("midnight.toml"), own).unwrap();
        let theme = load("midnight", Some(&dir)).unwrap();
        assert!(theme.light());
        assert_eq!(theme.option("status-left"), Some("$ #S"));
        assert!(names(Some(&dir)).contains(&"ember".to_owned()));
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn what_is_wrong_with_a_theme_is_named() {
        let error = |text: &str| parse("x", text).unwrap_err().to_string();
        assert!(load("nosuch", None).unwrap_err().to_string().contains("there are: contrast, coral, dawn"));
        assert!(load("../../etc/passwd", Some(Path::new("/tmp"))).is_err());
        assert!(error("[palette]\nbar = \"reddish\"").contains("bar = \"reddish\" is no colour"));
        assert!(error("[palette]\nbar = \"red\"").contains("which [palette] has not"));
        let command = error("[options]\ndefault-command = \"rm\"");
        assert!(command.contains("default-command is not one a theme may set"), "{command}");
        assert!(error("light = 3").contains("line 1"));
    }
}
