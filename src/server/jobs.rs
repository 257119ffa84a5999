//! Work for `Mux` that needs files, processes or other hosts.

use super::{Core, Server, handover, hosts, moves};
use crate::ids::{PaneId, RequestId};
use crate::mux::{Event, Failure, Job};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::spawn_local;

/// Most output of a shell job that is kept, in bytes.
const SHELL_OUTPUT_MAX: u64 = 4 << 20;
/// Largest file read for `source-file` and `load-buffer`, in bytes.
const FILE_MAX: u64 = 64 << 20;

/// Most files that a pattern of `source-file` stands for.
const FILES_MAX: usize = 1000;

/// What goes to a running `Pipe`; dropped, its standard input ends.
pub(super) type Feed = UnboundedSender<Vec<u8>>;

/// `Effect::Job`.
pub(super) fn start(server: &Rc<Server>, core: &mut Core, request: RequestId, job: Job) {
    if let Job::Stop { request } = job {
        core.shells.remove(&request);
        return;
    }
    if let Job::Pipe { command, shell, cwd, env, output_to } = job {
        let (sender, receiver) = unbounded_channel();
        core.shells.insert(request, sender);
        let child = shell_command(&shell, &command, &cwd, &env).spawn();
        let server = server.clone();
        spawn_local(async move {
            if let Ok(child) = child {
                pipe(&server, child, receiver, output_to).await;
            }
            server.core.borrow_mut().shells.remove(&request);
        });
        return;
    }
    let server = server.clone();
    spawn_local(async move {
        let result = run(&server, request, job).await;
        server.event(Event::Done { request, result });
    });
}

/// `Effect::JobInput`.
pub(super) fn feed(core: &mut Core, request: RequestId, bytes: &[u8]) {
    if let Some(to) = core.shells.get(&request) {
        let _ = to.send(bytes.to_vec());
    }
}

async fn run(server: &Rc<Server>, request: RequestId, job: Job) -> Result<String, Failure> {
    match job {
        Job::Move { panes, host, options, json, wait: _, names: _ } => {
            moves::run(server, request, moves::Order { panes, host, options, json }).await
        }
        Job::Checkpoint { pane, file, keep_running, screen, json } => {
            let done = moves::checkpoint(server, pane, file, keep_running, screen, json).await;
            done.map_err(|f| if json { f.into_json() } else { f })
        }
        Job::Restore { file, pane, clone, json } => {
            let done = moves::restore(server, pane, file, clone, json).await;
            done.map_err(|f| if json { f.into_json() } else { f })
        }
        Job::Restart { binary, client } => handover::restart(server, binary, client).await,
        Job::Hosts { json } => hosts::table(server, json).await,
        Job::Chosen { pane } => hosts::chosen(server, pane).await,
        Job::HostNames => Ok(hosts::names(server).join("\n")),
        Job::Connect { host, client: _ } => Err(Failure::new(
            4,
            "terminal",
            format!("ssh needs a terminal to ask on: type `qmux connect {host}` in a shell."),
        )),
        Job::Resolve { pane, json } => moves::resolve(server, pane, json),
        Job::Shell { command, shell, cwd, env, stdin } => {
            shell_job(&shell, &command, &cwd, &env, stdin).await
        }
        Job::ReadFile { path } => match files_of(&path) {
            Some(files) => read_files(&path, &files),
            None => read_file(&path),
        },
        Job::WriteFile { path, bytes, append } => write_file(&path, &bytes, append),
        Job::Themes => Ok(super::config::themes(server)),
        Job::Images { dirs } => {
            let found = tokio::task::spawn_blocking(move || crate::keeper::images_in(&dirs)).await;
            let row = |(path, bytes): (String, u64)| serde_json::json!({ "path": path, "bytes": bytes });
            let rows: Vec<serde_json::Value> = found.unwrap_or_default().into_iter().map(row).collect();
            Ok(serde_json::json!({ "images": rows }).to_string())
        }
        Job::WriteLayout { path, bytes, replace } => write_layout(&path, &bytes, replace),
        Job::CheckTheme { name } => super::config::check_theme(&name),
        Job::CheckShell { path } => super::config::check_shell(&path),
        Job::Pipe { .. } | Job::Stop { .. } => Ok(String::new()),
    }
}

fn shell_command(shell: &str, command: &str, cwd: &str, env: &[(String, String)]) -> Command {
    let shell = if shell.is_empty() { "/bin/sh" } else { shell };
    let mut child = Command::new(shell);
    child.arg("-c").arg(command).env_clear().envs(env.iter().map(|(k, v)| (k, v)));
    if std::path::Path::new(cwd).is_dir() {
        child.current_dir(cwd);
    }
    child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    child
}

async fn shell_job(
    shell: &str,
    command: &str,
    cwd: &str,
    env: &[(String, String)],
    stdin: Vec<u8>,
) -> Result<String, Failure> {
    let failure = |class: u8, text: String| Failure::new(class, "shell", text);
    let mut child =
        shell_command(shell, command, cwd, env).spawn().map_err(|e| failure(127, e.to_string()))?;
    if let Some(mut to) = child.stdin.take() {
        spawn_local(async move {
            // A command that does not read its input has closed it: nothing is lost.
            let _ = to.write_all(&stdin).await;
        });
    }
    let mut output = Vec::new();
    let mut errors = Vec::new();
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(failure(127, "no pipe to the command".into()));
    };
    let mut stdout = stdout.take(SHELL_OUTPUT_MAX);
    let mut stderr = stderr.take(SHELL_OUTPUT_MAX);
    let _ = tokio::join!(stdout.read_to_end(&mut output), stderr.read_to_end(&mut errors));
    let status = child.wait().await.map_err(|e| failure(127, e.to_string()))?;
    output.extend_from_slice(&errors);
    let text = String::from_utf8_lossy(&output).into_owned();
    if status.success() {
        return Ok(text);
    }
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or(status.signal().map(|s| 128 + s)).unwrap_or(1);
    Err(failure(u8::try_from(code).unwrap_or(1), text))
}

/// Runs `pipe-pane`: its input comes from the pane, its output goes to the pane if it is to.
async fn pipe(
    server: &Rc<Server>,
    mut child: Child,
    mut input: tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>,
    output_to: Option<PaneId>,
) {
    let stdin = child.stdin.take();
    let feeding = async {
        let Some(mut stdin) = stdin else { return };
        while let Some(bytes) = input.recv().await {
            if stdin.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let stdout = child.stdout.take();
    let reading = async {
        let Some(mut stdout) = stdout else { return };
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n) = stdout.read(&mut buffer).await {
            if n == 0 {
                return;
            }
            if let Some(pane) = output_to {
                super::panes::write(&mut server.core.borrow_mut(), pane, buffer[..n].to_vec());
            }
        }
    };
    drop(child.stderr.take());
    tokio::join!(feeding, reading);
    let _ = child.wait().await;
}

fn file_failure(path: &str, error: &std::io::Error) -> Failure {
    // tmux's words, which scripts look for.
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => "No such file or directory".to_string(),
        std::io::ErrorKind::PermissionDenied => "Permission denied".to_string(),
        std::io::ErrorKind::IsADirectory => "Is a directory".to_string(),
        _ => error.to_string(),
    };
    Failure::new(1, "file", format!("{what}: {path}"))
}

/// The files a pattern stands for, in order; `None` when the path is none or stands for itself.
fn files_of(path: &str) -> Option<Vec<String>> {
    if !path.contains(['*', '?', '[']) || std::path::Path::new(path).exists() {
        return None;
    }
    let mut found = vec![String::from("/")];
    for part in path.split('/').filter(|p| !p.is_empty()) {
        let mut next = Vec::new();
        for dir in &found {
            let base = dir.trim_end_matches('/');
            if !part.contains(['*', '?', '[']) {
                next.push(format!("{base}/{part}"));
                continue;
            }
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let hidden = name.starts_with('.') && !part.starts_with('.');
                if !hidden && crate::format::glob::matches(part, &name) {
                    next.push(format!("{base}/{name}"));
                }
            }
        }
        next.truncate(FILES_MAX);
        found = next;
    }
    found.retain(|f| std::path::Path::new(f).is_file());
    found.sort();
    Some(found)
}

/// Several files as one answer: path, NUL, text, NUL and so on.
fn read_files(pattern: &str, files: &[String]) -> Result<String, Failure> {
    if files.is_empty() {
        return Err(file_failure(pattern, &std::io::ErrorKind::NotFound.into()));
    }
    let texts = files.iter().map(|f| Ok(format!("{f}\0{}", read_file(f)?.replace('\0', ""))));
    let texts: Result<Vec<String>, Failure> = texts.collect();
    Ok(texts?.join("\0"))
}

fn read_file(path: &str) -> Result<String, Failure> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(FILE_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(e) => Err(file_failure(path, &e)),
    }
}

fn write_layout(path: &str, bytes: &[u8], replace: bool) -> Result<String, Failure> {
    let dir = std::path::Path::new(path).parent().map_or(Ok(()), std::fs::create_dir_all);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(replace).truncate(replace).create_new(!replace);
    match dir.and_then(|()| options.open(path)).and_then(|mut f| f.write_all(bytes)) {
        Ok(()) => Ok(format!("Written: {path}\n")),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let text =
                format!("{path} is there already and was left as it is. `save-layout -f` replaces it.");
            Err(Failure::new(1, "exists", text))
        }
        Err(e) => Err(file_failure(path, &e)),
    }
}

fn write_file(path: &str, bytes: &[u8], append: bool) -> Result<String, Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).append(append).truncate(!append).mode(0o644);
    match options.open(path).and_then(|mut f| f.write_all(bytes)) {
        Ok(()) => Ok(String::new()),
        Err(e) => Err(file_failure(path, &e)),
    }
}
