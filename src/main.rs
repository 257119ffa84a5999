//! Picks a role from argv and sets the exit code; everything else is in the library.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let role = args.get(1).and_then(|word| word.to_str());
    let words = || args.iter().skip(2).map(|w| w.to_string_lossy().into_owned()).collect::<Vec<String>>();
    match role {
        Some("keeper") => qmux::keeper::run(&words()),
        Some("--role-server") => qmux::server::main(args.into_iter().skip(2).collect()),
        Some("--role-server-rehearsal") => qmux::server::rehearsal(),
        Some("--role-init") => ExitCode::from(qmux::checkpoint::native::init::main()),
        Some("completions") => qmux::manual::completions(&words()),
        Some("doctor") => qmux::doctor::run(&words()),
        Some("man") => qmux::manual::man(&words()),
        _ => qmux::client::run(args),
    }
}
