//! The dump half of the native engine against real programs: frozen, dumped and let go, they must not notice.

#[path = "fixtures/mod.rs"]
mod fixtures;

use fixtures::Program;
use qmux::checkpoint::image::{ImageReader, ImageWriter, Section};
use qmux::checkpoint::model::{FileKind, ProcState, TreeImage};
use qmux::checkpoint::native::NativeEngine;
use qmux::checkpoint::{
    AssessOptions, CheckpointError, Checkpointer, DumpOptions, FreezeOptions, Refusal, Ship, Stats, TtyHint,
};
use std::process::Command;
use std::time::{Duration, Instant};

fn hint(program: &Program) -> TtyHint<'_> {
    TtyHint { master: Some(program.master()) }
}

/// Freezes, dumps to memory, lets go.
fn dump_and_go_on(engine: &NativeEngine, program: &Program) -> (Stats, Vec<u8>) {
    engine.assess(program.pid(), hint(program), &AssessOptions::default()).expect("it can move");
    let mut frozen =
        engine.freeze(program.pid(), hint(program), &FreezeOptions::default()).expect("it can be frozen");
    let mut image = Vec::new();
    let options = DumpOptions { ship: Ship::nothing(), ..DumpOptions::default() };
    let stats = frozen.dump(&mut ImageWriter::new(&mut image), &options).expect("it can be dumped");
    frozen.thaw();
    (stats, image)
}

/// Reads an image to its end and returns its tree.
fn tree_of(image: &[u8]) -> TreeImage {
    let mut reader = ImageReader::new(image);
    let mut tree = None;
    while let Some(section) = reader.next_section().expect("a whole image") {
        if let Section::Tree(found) = section {
            tree = Some(*found);
        }
    }
    tree.expect("a tree in the image")
}

fn rounds(default: usize) -> usize {
    std::env::var("QMUX_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

macro_rules! fixture_tests {
    ($($name:ident)*) => {
        const FIXTURES: &[&str] = &[$(stringify!($name)),*];
        mod let_go {
            $(
                #[test]
                fn $name() {
                    super::is_let_go_unnoticed(stringify!($name));
                }
            )*
        }
    };
}
for_each_fixture!(fixture_tests);

fn is_let_go_unnoticed(name: &str) {
    let engine = NativeEngine::new();
    let program = Program::fixture(name);
    for _ in 0..3 {
        let (stats, image) = dump_and_go_on(&engine, &program);
        assert!(stats.memory_bytes > 0 && stats.processes > 0);
        assert_eq!(tree_of(&image).processes[0].pid, program.pid());
    }
    program.finish();
}

/// The whole list once more with nothing but a user's rights.
#[test]
fn an_ordinary_user_can_do_all_of_it() {
    if !nix::unistd::geteuid().is_root() {
        return; // The other tests of this run are it.
    }
    let dir = std::env::temp_dir().join(format!("qmux-as-user-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let binary = dir.join("tests");
    std::fs::copy(std::env::current_exe().expect("a program"), &binary).expect("a copy");
    let output = Command::new("setpriv")
        .args(["--reuid=tester", "--regid=tester", "--init-groups", "--no-new-privs"])
        .arg(&binary)
        .args(["let_go::", "programs::", "--test-threads=2"])
        .env("QMUX_FIXTURES", fixtures::build_all(FIXTURES))
        .env("HOME", "/tmp")
        .current_dir("/tmp")
        .output()
        .expect("setpriv(1)");
    std::fs::remove_dir_all(&dir).expect("a directory removed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("let_go::nanosleep ... ok"), "{text}");
}

mod programs {
    use super::*;

    /// A file of its own in a directory of its own.
    fn scratch(name: &str) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("qmux-dump-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        dir
    }

    fn prepared(argv: &[&str], dir: &std::path::Path) -> Program {
        Program::start_with(argv, |command| {
            command.current_dir(dir).env("HOME", dir).env("PS1", "$ ").env("LC_ALL", "C");
        })
    }

    /// Dumps and lets go a number of times, typing one letter between; each must appear.
    fn keep_typing(program: &mut Program, engine: &NativeEngine, letters: usize) -> String {
        let mut typed = String::new();
        for round in 0..letters {
            let letter = char::from(b'a' + (round % 26) as u8);
            let from = program.output.len();
            dump_and_go_on(engine, program);
            program.send(&letter.to_string());
            program.wait_for_after(&letter.to_string(), from);
            typed.push(letter);
        }
        typed
    }

    #[test]
    fn vim_goes_on_editing() {
        let dir = scratch("vim");
        let file = dir.join("text");
        let mut vim = prepared(&["vim", "-u", "NONE", "-N", "text"], &dir);
        vim.wait_for("text");
        vim.send("i");
        vim.wait_for("INSERT");
        let typed = keep_typing(&mut vim, &NativeEngine::new(), rounds(20));
        vim.send("\x1b:wq\r");
        assert!(vim.end().success());
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), format!("{typed}\n"));
        std::fs::remove_dir_all(dir).expect("a directory removed");
    }

    #[test]
    fn emacs_goes_on_editing() {
        let dir = scratch("emacs");
        let file = dir.join("text");
        let mut emacs = prepared(&["emacs", "-nw", "-Q", "text"], &dir);
        emacs.wait_for("text");
        emacs.wait_for("(Fundamental)");
        let typed = keep_typing(&mut emacs, &NativeEngine::new(), rounds(20));
        emacs.send("\x18\x13");
        emacs.wait_for("Wrote");
        emacs.send("\x18\x03");
        assert!(emacs.end().success());
        assert_eq!(std::fs::read_to_string(&file).expect("the file").trim_end(), typed);
        std::fs::remove_dir_all(dir).expect("a directory removed");
    }

    #[test]
    fn bash_keeps_its_jobs() {
        let dir = scratch("bash");
        let engine = NativeEngine::new();
        let mut bash = prepared(&["bash", "--norc", "--noprofile", "-i"], &dir);
        bash.wait_for("$ ");
        bash.send("sleep 1000 & sleep 2000\r");
        bash.wait_for("[1]");
        wait_for_processes(&engine, &bash, 3);
        dump_and_go_on(&engine, &bash);
        bash.send("\x1a");
        bash.wait_for("Stopped");
        let quiet = bash.output.len();
        for _ in 0..rounds(20) {
            let (_, image) = dump_and_go_on(&engine, &bash);
            let states: Vec<_> = tree_of(&image).processes.iter().map(|p| p.state).collect();
            assert_eq!(
                states,
                [ProcState::Running, ProcState::Running, ProcState::Stopped(nix::libc::SIGTSTP)]
            );
        }
        bash.send("jobs; echo done-$((6*7))\r");
        bash.wait_for_after("done-42", quiet);
        let text = String::from_utf8_lossy(&bash.output[quiet..]).into_owned();
        assert_eq!(text.matches("Stopped").count(), 1, "{text}");
        assert_eq!(text.matches("Running").count(), 1, "{text}");
        // The foreground group is still right: ^C reaches the job and the shell has the terminal back.
        bash.send("fg\r");
        wait_for_state(&engine, &bash, ProcState::Running);
        dump_and_go_on(&engine, &bash);
        bash.send("\x03");
        let from = bash.output.len();
        bash.send("echo $?-$((5*5))\r");
        bash.wait_for_after("130-25", from);
        bash.send("kill %1; exit 7\r");
        assert_eq!(bash.end().code(), Some(7));
        std::fs::remove_dir_all(dir).expect("a directory removed");
    }

    fn wait_for_processes(engine: &NativeEngine, program: &Program, count: usize) {
        wait(|| {
            let seen = engine.assess(program.pid(), hint(program), &AssessOptions::default());
            seen.expect("it can move").processes.iter().filter(|p| p.1 == "sleep").count() == count - 1
        });
    }

    fn wait_for_state(engine: &NativeEngine, program: &Program, state: ProcState) {
        wait(|| tree_of(&dump_and_go_on(engine, program).1).processes.iter().all(|p| p.state == state));
    }

    #[test]
    fn python_sleeps_to_the_end_and_sees_no_eintr() {
        let dir = scratch("python");
        let engine = NativeEngine::new();
        let script = "import select, threading, time, os\n\
            r, w = os.pipe()\n\
            def run(f):\n    start = time.monotonic(); f(); took = time.monotonic() - start\n    assert 1.99 <= took < 20, took\n\
            ts = [threading.Thread(target=run, args=(f,)) for f in (lambda: time.sleep(2), \
            lambda: select.select([r], [], [], 2), lambda: threading.Event().wait(2))]\n\
            print('READY', flush=True)\n\
            [t.start() for t in ts]\n\
            start = time.monotonic()\n\
            time.sleep(2)\n\
            took = time.monotonic() - start\n\
            [t.join() for t in ts]\n\
            print('took', took, flush=True)\n\
            assert 2 <= took < 2.5, took\n\
            input(); print('end')\n";
        std::fs::write(dir.join("script.py"), script).expect("a script");
        let mut python = prepared(&["python3", "script.py"], &dir);
        python.wait_for("READY");
        for _ in 0..rounds(20) {
            dump_and_go_on(&engine, &python);
        }
        python.send("\r");
        let status = python.end();
        let text = String::from_utf8_lossy(&python.output);
        assert!(status.success() && text.contains("end") && !text.contains("Error"), "{text}");
        std::fs::remove_dir_all(dir).expect("a directory removed");
    }

    #[test]
    fn typing_during_the_freeze_is_neither_lost_nor_doubled() {
        let dir = scratch("typing");
        let engine = NativeEngine::new();
        let mut vim = prepared(&["vim", "-u", "NONE", "-N", "text"], &dir);
        vim.wait_for("text");
        vim.send("i");
        vim.wait_for("INSERT");
        let mut expected = String::new();
        for round in 0..5 {
            engine.assess(vim.pid(), hint(&vim), &AssessOptions::default()).expect("it can move");
            let master = vim.master().try_clone_to_owned().expect("dup");
            let hint = TtyHint { master: Some(std::os::fd::AsFd::as_fd(&master)) };
            let mut frozen =
                engine.freeze(vim.pid(), hint, &FreezeOptions::default()).expect("it can be frozen");
            let text = format!("typed while frozen {round};");
            vim.send(&text);
            let mut image = Vec::new();
            let options = DumpOptions { ship: Ship::nothing(), ..DumpOptions::default() };
            frozen.dump(&mut ImageWriter::new(&mut image), &options).expect("it can be dumped");
            frozen.thaw();
            assert_eq!(tree_of(&image).tty.pending_input, text.as_bytes());
            expected.push_str(&text);
        }
        vim.wait_for("frozen 4;");
        vim.send("\x1b:wq\r");
        assert!(vim.end().success());
        assert_eq!(std::fs::read_to_string(dir.join("text")).expect("the file"), format!("{expected}\n"));
        std::fs::remove_dir_all(dir).expect("a directory removed");
    }
}

/// Waits for a fact.
fn wait(mut fact: impl FnMut() -> bool) {
    let deadline = Instant::now() + fixtures::PATIENCE;
    while !fact() {
        assert!(Instant::now() < deadline, "it never came true");
        std::thread::sleep(Duration::from_millis(5));
    }
}
