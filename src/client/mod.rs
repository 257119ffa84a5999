//! The client role: a command handed to the server, or the user's terminal attached to a session.
//!
//! Blocking and single-threaded: one `poll(2)` over the server's socket, the terminal and signals.
//! Knows no sessions and no screens; it puts bytes where they belong and the terminal back whatever
//! happens.

mod args;
mod control;
mod hosts;
mod link;
mod start;
pub mod terminal;
pub mod terminfo;

use crate::protocol::client::{CLIENT_PROTOCOL, ClientHello};
use args::Args;
use std::ffi::OsString;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::process::ExitCode;

/// How often a server is looked for that went without a word: one that was just ending has done nothing.
const TRIES: usize = 3;

/// Writes to standard output; false, and the reason on standard error, when that failed. A reader that has left
/// has read enough.
pub fn print(text: &str) -> bool {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("qmux: cannot write: {e}");
            false
        }
        _ => true,
    }
}

/// Whether the global flag of this letter takes a value; `None` when there is no such flag.
pub fn takes_value(letter: char) -> Option<bool> {
    match args::parse(&[format!("-{letter}")]) {
        Ok(_) => Some(false),
        Err(args::ArgsError::WantsValue(_)) => Some(true),
        Err(args::ArgsError::Unknown(_)) => None,
    }
}

/// Runs the client with the whole of argv; the exit code is the command's, or tmux's for its failures.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut words = argv.into_iter().map(|word| word.to_string_lossy().into_owned());
    let name = words.next().unwrap_or_default();
    let as_tmux = name.rsplit('/').next() == Some("tmux");
    let words: Vec<String> = words.collect();
    let args = match args::parse(&words) {
        Ok(args) => args,
        Err(error) => return fail(&format!("qmux: {error}")),
    };
    match attempt(args, as_tmux) {
        Ok(code) => code,
        Err(message) => fail(&message),
    }
}

fn attempt(args: Args, as_tmux: bool) -> Result<ExitCode, String> {
    if args.version {
        let text = if as_tmux {
            format!("tmux {}\n", crate::protocol::TMUX_VERSION)
        } else {
            format!("qmux {}\n", env!("CARGO_PKG_VERSION"))
        };
        // A closed standard output is no reason to fail a version.
        let _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(ExitCode::SUCCESS);
    }
    refuse_unsupported(&args)?;
    if let Some(command) = &args.shell_command {
        return Err(exec_shell(command));
    }
    if let Some(code) = hosts::run(&args.command) {
        return Ok(code);
    }
    let path = start::socket_path(&args, as_tmux).map_err(|e| e.to_string())?;
    // A server that was killed has left its panes: whatever is asked of it, the next one finds them again.
    let may_start = args::starts_server(&args.command) || path.with_extension("state").exists();
    for _ in 0..TRIES {
        let (stream, started) =
            start::connect(&path, &args, may_start, as_tmux).map_err(|e| e.to_string())?;
        let hello = hello(&args, as_tmux, started);
        if let Some(code) = link::Link::new(stream, hello.control)?.run(hello)? {
            return Ok(code);
        }
    }
    Err("lost server".into())
}

fn refuse_unsupported(args: &Args) -> Result<(), String> {
    if args.foreground {
        return Err("qmux: a server in the foreground (-D) is not supported by this version; nothing was \
                    done. The server is started on demand"
            .into());
    }
    Ok(())
}

/// `-c`: becomes the user's shell with this command; comes back only with a reason why not.
fn exec_shell(command: &str) -> String {
    use std::os::unix::process::CommandExt as _;
    let shell = std::env::var_os("SHELL").filter(|s| !s.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    let error = std::process::Command::new(&shell).arg("-c").arg(command).exec();
    format!("qmux: cannot run {}: {error}", shell.to_string_lossy())
}

fn hello(args: &Args, as_tmux: bool, started_server: bool) -> ClientHello {
    let stdin = std::io::stdin();
    let tty = nix::unistd::ttyname(stdin.as_fd()).ok().map(|path| path.to_string_lossy().into_owned());
    let size = tty.is_some().then(terminal::Terminal::size).flatten();
    let term = std::env::var("TERM").unwrap_or_default();
    ClientHello {
        protocol: CLIENT_PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        argv: args.command.clone(),
        cwd: working_directory(),
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        terminfo: tty.is_some().then(|| terminfo::capabilities(&term)).flatten(),
        term,
        tty,
        size: size.map(|(size, _)| size),
        cell_pixels: size.and_then(|(_, pixels)| pixels),
        pid: i32::try_from(std::process::id()).unwrap_or(0),
        uid: nix::unistd::getuid().as_raw(),
        as_tmux,
        features: args.features.clone(),
        utf8: args.utf8 || inside_multiplexer() || locale_is_utf8(),
        control: args.control,
        started_server,
        passes_tty: true,
        streams: true,
    }
}

/// `$PWD` when it is where we are (it keeps the symbolic links the user came by), else the kernel's word.
fn working_directory() -> String {
    let real = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let same = |path: &std::path::Path| {
        path.is_absolute() && std::fs::canonicalize(path).ok() == std::fs::canonicalize(&real).ok()
    };
    let path =
        std::env::var_os("PWD").map(std::path::PathBuf::from).filter(|path| same(path)).unwrap_or(real);
    path.to_string_lossy().into_owned()
}

/// In a pane of tmux or qmux: their terminals take UTF-8, whatever the locale says.
fn inside_multiplexer() -> bool {
    std::env::var_os("TMUX").is_some_and(|value| !value.is_empty())
}

/// POSIX: the first of these that is set and not empty decides.
pub fn locale_is_utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|value| {
            let value = value.to_ascii_uppercase();
            value.contains("UTF-8") || value.contains("UTF8")
        })
}

fn fail(message: &str) -> ExitCode {
    // eprintln panics on a closed standard error.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::FAILURE
}
