//! Picks a role from argv and sets the exit code; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--role-init") => ExitCode::from(qmux::checkpoint::native::init::main()),
        Some("keeper") => qmux::keeper::run(&args[1..]),
        _ => qmux::client::run(std::env::args_os()),
    }
}
