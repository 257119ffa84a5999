//! The man page in man(7)'s language.

use super::{GLOBAL, faces};
use crate::mux::options::{Kind, Level, OPTIONS};
use std::fmt::Write as _;

/// Text as roff takes it literally: dashes that can be copied, no control line, no escape.
fn plain(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    match escaped.starts_with(['.', '\'']) {
        true => format!("\\&{escaped}"),
        false => escaped,
    }
}

const FILES: [(&str, &str); 5] = [
    ("~/.qmux.conf, ~/.config/qmux/qmux.conf", "The configuration; the first that exists is read."),
    ("/etc/tmux.conf, ~/.tmux.conf, ~/.config/tmux/tmux.conf", "Read when there is none of the above."),
    ("~/.config/qmux/themes/NAME.toml", "Themes of your own."),
    ("$XDG_RUNTIME_DIR/qmux", "Sockets of the server and of the keepers of panes."),
    ("~/.ssh/config", "Where hosts get their names; qmux knows hosts by no other way."),
];

const VARIABLES: [(&str, &str); 4] = [
    ("TMUX, TMUX_PANE", "Set in panes, in tmux's form: the server and pane that a command is about."),
    ("TERM, COLORTERM, TERMINFO", "What the terminal can do, until it answers for itself."),
    ("SHELL", "What runs in a new pane, unless the option default\\-shell says otherwise."),
    ("XDG_RUNTIME_DIR, XDG_CONFIG_HOME, XDG_STATE_HOME", "Where the files above are."),
];

/// The whole page.
pub(super) fn page() -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = write_page(&mut out);
    out
}

fn write_page(out: &mut String) -> std::fmt::Result {
    writeln!(out, ".TH QMUX 1 \"\" \"qmux {}\" \"User Commands\"", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, ".SH NAME\nqmux \\- terminal multiplexer whose panes move alive to other hosts")?;
    writeln!(out, ".SH SYNOPSIS\n.B qmux")?;
    for (letter, value, _) in GLOBAL {
        let value = if value.is_empty() { String::new() } else { format!(" \\fI{}\\fR", plain(value)) };
        writeln!(out, "[\\fB\\-{letter}\\fR{value}]")?;
    }
    writeln!(out, "[\\fIcommand\\fR [\\fIflags\\fR]]")?;
    writeln!(
        out,
        ".SH DESCRIPTION\nqmux shows several programs in one terminal and keeps them when the terminal goes away. \
         Its keys, commands, formats and options are those of tmux(1), and are explained there; a pane can \
         besides be moved to another host while it runs. Without a command, qmux makes a session.\n.PP\n\
         A command line may hold several commands, separated by \\(oq\\e;\\(cq. Names may be shortened as far \
         as they stay unambiguous."
    )?;
    section(out, "OPTIONS")?;
    for (letter, value, help) in GLOBAL {
        let value = if value.is_empty() { String::new() } else { format!(" \\fI{}\\fR", plain(value)) };
        writeln!(out, ".TP\n\\fB\\-{letter}\\fR{value}\n{}", plain(help))?;
    }
    section(out, "COMMANDS")?;
    for face in faces() {
        let alias = if face.alias.is_empty() { String::new() } else { format!(" ({})", plain(face.alias)) };
        let usage = plain(face.usage);
        writeln!(out, ".TP\n\\fB{}\\fR{alias} {usage}\n{}.", plain(face.name), plain(face.help))?;
    }
    options(out)?;
    for (title, rows) in [("FILES", FILES.as_slice()), ("ENVIRONMENT", VARIABLES.as_slice())] {
        section(out, title)?;
        for (name, text) in rows {
            writeln!(out, ".TP\n\\fB{}\\fR\n{text}", plain(name))?;
        }
    }
    writeln!(
        out,
        ".SH EXIT STATUS\n0 when all commands did what they were asked; 1 when one failed; a refused move, and \
         what else only qmux has, say more: 2 for words that make no sense, 3 for what cannot be done, 4 for a \
         host that cannot be reached."
    )?;
    writeln!(out, ".SH SEE ALSO\n.BR tmux (1),\n.BR ssh (1),\n.BR ssh_config (5)")
}

fn section(out: &mut String, title: &str) -> std::fmt::Result {
    writeln!(out, ".SH {title}")
}

/// Every option with what it takes and its default, by the set it lives in.
fn options(out: &mut String) -> std::fmt::Result {
    section(out, "SET\\-OPTION'S OPTIONS")?;
    let levels = [
        ("Server (set \\-s)", Level::Server),
        ("Session (set \\-g)", Level::Session),
        ("Window (setw \\-g)", Level::Window),
        ("Pane and window (set \\-p)", Level::Pane),
    ];
    for (title, level) in levels {
        writeln!(out, ".SS {title}")?;
        for def in OPTIONS.iter().filter(|def| def.level == level) {
            let (takes, default) = match def.kind {
                Kind::Hook => continue,
                Kind::Choice(words) => (words.join("|"), true),
                Kind::Flag => ("on|off".into(), true),
                Kind::Number(..) => ("number".into(), true),
                Kind::Key => ("key".into(), true),
                Kind::Colour => ("colour".into(), true),
                Kind::Style => ("style".into(), true),
                // The longest of these defaults fill a screen each: show-options prints them.
                Kind::Text => ("text".into(), def.default.len() <= 60),
                Kind::Array => ("list".into(), false),
            };
            writeln!(out, ".TP\n\\fB{}\\fR {}", plain(def.name), plain(&takes))?;
            match default {
                _ if def.default.is_empty() => writeln!(out, "Empty by default.")?,
                true => writeln!(out, "Default: {}", plain(def.default))?,
                false => writeln!(out, "Its default is printed by \\fBshow\\-options \\-g\\fR.")?,
            }
        }
        let hooks = OPTIONS.iter().filter(|def| def.level == level && def.kind == Kind::Hook);
        let hooks: Vec<String> = hooks.map(|def| plain(def.name)).collect();
        if !hooks.is_empty() {
            writeln!(out, ".TP\nHooks (set\\-hook)\n{}", hooks.join("\n.br\n"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As man(1) shows it, without warnings.
    #[test]
    fn groff_takes_the_page_and_shows_every_verb_and_option() {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let mut groff = Command::new("groff")
            .args(["-man", "-Tascii", "-ww", "-rLL=500n", "-P-c"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("groff");
        let mut stdin = groff.stdin.take().expect("a pipe");
        let page = page();
        let writer = std::thread::spawn(move || stdin.write_all(page.as_bytes()));
        let output = groff.wait_with_output().expect("groff ends");
        writer.join().expect("no panic").expect("all is written");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let text = String::from_utf8_lossy(&output.stdout);
        // Bold in ascii is struck twice.
        let mut shown = String::new();
        for c in text.chars() {
            match c {
                '\u{8}' => drop(shown.pop()),
                c => shown.push(c),
            }
        }
        for face in faces() {
            let alias = if face.alias.is_empty() { String::new() } else { format!(" ({})", face.alias) };
            let line = format!("{}{alias} {}", face.name, face.usage);
            assert!(shown.contains(line.trim_end()), "{line}\n{shown}");
        }
        for def in OPTIONS {
            assert!(shown.contains(def.name), "{}", def.name);
        }
    }
}
