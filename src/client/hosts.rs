//! `qmux connect HOST` and `qmux setup HOST`: done by the client itself, since ssh may have to ask the
//! user at his terminal.

use crate::ids::HostName;
use crate::transport::{Options, runtime, ssh};
use std::fs::File;
use std::process::{Command, ExitCode, Stdio};

/// What `qmux setup` runs there: the new binary takes the old one's place whole or not at all.
const INSTALL: &str = "umask 077 && mkdir -p \"$HOME/.local/bin\" && cd \"$HOME/.local/bin\" && \
                       cat > .qmux.new && chmod 755 .qmux.new && mv -f .qmux.new qmux && ./qmux keeper --hello";

/// Runs `connect HOST` or `setup HOST`; `None` if `words` is neither.
pub fn run(words: &[String]) -> Option<ExitCode> {
    let (verb, rest) = words.split_first()?;
    let job: fn(&HostName, &Options) -> Result<ExitCode, String> = match verb.as_str() {
        "connect" => connect,
        "setup" => setup,
        _ => return None,
    };
    let [host] = rest else {
        eprintln!("usage: {verb} HOST");
        return Some(ExitCode::from(2));
    };
    let done = runtime::runtime_dir()
        .map_err(|e| e.to_string())
        .and_then(|runtime| Options::from_env(&runtime).map_err(|e| e.to_string()))
        .and_then(|options| job(&HostName(host.clone()), &options));
    Some(done.unwrap_or_else(|why| {
        eprintln!("{why}");
        ExitCode::from(4)
    }))
}

fn connect(host: &HostName, options: &Options) -> Result<ExitCode, String> {
    let argv = ssh::connect_argv(host, options).map_err(|e| e.trouble(&[]).cause)?;
    let ended = command(&argv).status().map_err(|e| format!("cannot start {}: {e}", argv[0]))?;
    if !ended.success() {
        return Err(format!("No way to {host} was opened: ssh said why above. Nothing was changed."));
    }
    println!(
        "The way to {host} is open; it stays open for {} minutes without use.",
        ssh::CONTROL_PERSIST_S / 60
    );
    Ok(ExitCode::SUCCESS)
}

fn setup(host: &HostName, options: &Options) -> Result<ExitCode, String> {
    let shell = Options { remote_program: "sh".into(), ..options.clone() };
    let argv = ssh::argv(host, &["-c".to_string(), INSTALL.to_string()], &shell)
        .map_err(|e| e.trouble(&[]).cause)?;
    let own = File::open("/proc/self/exe").map_err(|e| format!("cannot read own binary: {e}"))?;
    let output = command(&argv)
        .stdin(Stdio::from(own))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot start {}: {e}", argv[0]))?;
    let hello: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
    match hello.filter(|_| output.status.success()) {
        Some(hello) => {
            let version = hello["qmux"].as_str().unwrap_or("?");
            println!("{host} has qmux {version} in ~/.local/bin now.");
            Ok(ExitCode::SUCCESS)
        }
        None => Err(format!("qmux was not installed on {host}, or does not run there.")),
    }
}

fn command(argv: &[String]) -> Command {
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]);
    command
}
