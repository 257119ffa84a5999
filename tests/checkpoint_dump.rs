//! The dump half of the native engine against real programs: frozen, dumped and let go, they must not notice.

#[path = "fixtures/mod.rs"]
mod fixtures;

use fixtures::Program;
use fixtures::user::{Ground, rounds};
use qmux::checkpoint::image::{ImageReader, ImageWriter, Section};
use qmux::checkpoint::model::{ProcState, TreeImage};
use qmux::checkpoint::native::NativeEngine;
use qmux::checkpoint::{
    AssessOptions, CheckpointError, Checkpointer, DumpOptions, FreezeOptions, Refusal, Ship, Stats, TtyHint,
};
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
    for _ in 0..rounds(3) {
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
    fixtures::fixture("refused");
    let ground = Ground::new(Some(fixtures::build_all(FIXTURES)));
    let output = ground
        .tests(&["let_go::", "programs::", "refusals::", "--test-threads=2"])
        .output()
        .expect("setpriv(1)");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
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
        let mut frozen_us = Vec::new();
        for round in 0..letters {
            let letter = char::from(b'a' + (round % 26) as u8);
            let from = program.output.len();
            let (stats, _) = dump_and_go_on(engine, program);
            let parts = (stats.freeze_us, stats.metadata_us, stats.memory_us);
            frozen_us.push((parts.0 + parts.1 + parts.2, parts));
            program.send(&letter.to_string());
            program.wait_for_after(&letter.to_string(), from);
            typed.push(letter);
        }
        frozen_us.sort_unstable();
        // Shown with --nocapture; a bound here would fail on a busy machine.
        let (best, median) = (frozen_us[0], frozen_us[frozen_us.len() / 2]);
        eprintln!("frozen, µs (freeze, metadata, memory): best {best:?}, median {median:?}");
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
        let typed = keep_typing(&mut vim, &NativeEngine::new(), rounds(5));
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
        let typed = keep_typing(&mut emacs, &NativeEngine::new(), rounds(5));
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
        for _ in 0..rounds(5) {
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
            def run(f):\n    start = time.monotonic(); f(); took = time.monotonic() - start\n    assert 3.99 <= took < 6.9, took\n\
            ts = [threading.Thread(target=run, args=(f,)) for f in (lambda: time.sleep(4), \
            lambda: select.select([r], [], [], 4), lambda: threading.Event().wait(4))]\n\
            print('READY', flush=True)\n\
            [t.start() for t in ts]\n\
            start = time.monotonic()\n\
            time.sleep(4)\n\
            took = time.monotonic() - start\n\
            [t.join() for t in ts]\n\
            print('took', took, flush=True)\n\
            assert 4 <= took < 6.9, took\n\
            input(); print('end')\n";
        std::fs::write(dir.join("script.py"), script).expect("a script");
        let mut python = prepared(&["python3", "script.py"], &dir);
        python.wait_for("READY");
        let begun = Instant::now();
        for _ in 0..rounds(5) {
            dump_and_go_on(&engine, &python);
        }
        // Once more near the end: one that began anew would end a whole sleep after this.
        wait(|| begun.elapsed() > Duration::from_secs(3));
        dump_and_go_on(&engine, &python);
        python.send("\r");
        let status = python.end();
        let text = String::from_utf8_lossy(&python.output);
        assert!(status.success() && text.contains("end") && !text.contains("Error"), "{status}: {text}");
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

/// What cannot move is found while it still runs, by its code, and goes on running.
mod refusals {
    use super::*;

    fn refused(program: &Program, options: AssessOptions) -> Option<Refusal> {
        let engine = NativeEngine::new();
        match engine.assess(program.pid(), hint(program), &options) {
            Err(CheckpointError::Refused(refusal)) => Some(*refusal),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    }

    fn kind(kind: &str) {
        let path = fixtures::fixture("refused");
        let mut program = Program::start(&[path.to_str().expect("a plain path"), kind]);
        program.read_until(fixtures::PATIENCE, |output| {
            output.windows(5).any(|w| w == b"READY" || w == b"SKIP ")
        });
        if String::from_utf8_lossy(&program.output).contains("SKIP") {
            eprintln!("skipped: {}", String::from_utf8_lossy(&program.output));
            return;
        }
        let refusal = refused(&program, AssessOptions::default()).expect("a refusal");
        assert_eq!(Some(refusal.code.as_str()), kind.split('.').next());
        assert_eq!((refusal.pid, refusal.program.as_str()), (program.pid(), "refused"));
        assert!(!refusal.cause.is_empty() && !refusal.cure.is_empty());
        program.finish();
    }

    macro_rules! kinds {
        ($($name:ident $code:literal)*) => { $(#[test] fn $name() { kind($code); })* };
    }
    kinds! {
        seccomp "seccomp" system_v_shared_memory "system-v-ipc" semaphores "system-v-ipc.sem"
        waiting_for_a_semaphore "system-v-ipc.wait" message_queue "system-v-ipc.msg" posix_message_queue "message-queue"
        undumpable "undumpable" io_uring "io-uring"
        userfaultfd "userfaultfd" listening_socket "listening-socket" tcp "tcp" namespace "namespace"
        chroot "chroot" device "device"
    }

    #[test]
    fn a_traced_program() {
        let mut program = Program::start(&["strace", "-o", "/dev/null", "sh", "-c", "echo READY; read x"]);
        program.wait_for("READY");
        let refusal = refused(&program, AssessOptions::default()).expect("a refusal");
        assert_eq!((refusal.code.as_str(), refusal.object.as_str()), ("traced", "strace"));
        program.finish();
    }

    #[test]
    fn a_connection_may_be_cut_when_the_user_says_so() {
        let path = fixtures::fixture("refused");
        let mut program = Program::start(&[path.to_str().expect("a plain path"), "tcp"]);
        program.wait_for("READY");
        assert_eq!(refused(&program, AssessOptions { cut: true }), None);
        program.finish();
    }

    /// Only a frozen tree can be asked this, so the dump refuses, and the tree goes on.
    #[test]
    fn processes_that_share_descriptors() {
        let path = fixtures::fixture("refused");
        let mut program = Program::start(&[path.to_str().expect("a plain path"), "shared-process"]);
        program.wait_for("READY");
        let engine = NativeEngine::new();
        let mut frozen = engine
            .freeze(program.pid(), hint(&program), &FreezeOptions::default())
            .expect("it can be frozen");
        let result = frozen.dump(&mut ImageWriter::new(std::io::sink()), &DumpOptions::default());
        assert!(
            matches!(&result, Err(CheckpointError::Refused(r)) if r.code == "shared-process"),
            "{result:?}"
        );
        drop(frozen);
        program.finish();
    }

    #[test]
    fn another_users_program_when_not_root() {
        if nix::unistd::geteuid().is_root() {
            return; // Tried by an_ordinary_user_can_do_all_of_it.
        }
        let error = NativeEngine::new().assess(1, TtyHint::default(), &AssessOptions::default());
        assert!(matches!(&error, Err(CheckpointError::Refused(r)) if r.code == "other-user"), "{error:?}");
    }

    #[test]
    fn a_program_that_is_gone() {
        let mut program = Program::start(&["true"]);
        let pid = program.pid();
        program.end();
        let error = NativeEngine::new().assess(pid, TtyHint::default(), &AssessOptions::default());
        assert!(matches!(error, Err(CheckpointError::Gone { .. })));
    }
}

/// The guards do the safe thing whatever ends them.
mod guards {
    use super::*;
    use qmux::checkpoint::Frozen;

    fn alive(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
    }

    /// A shell with a child and a stopped one, frozen.
    fn tree() -> (Program, i32) {
        let mut program =
            Program::start(&["sh", "-c", "trap '' HUP; sleep 1000 & echo child-$!-; read x; exit 0"]);
        program.wait_for("-\r\n");
        let text = String::from_utf8_lossy(&program.output).into_owned();
        let child = text.split('-').nth(1).and_then(|n| n.parse().ok()).expect("a pid");
        (program, child)
    }

    fn freeze(program: &Program) -> Box<dyn Frozen> {
        let engine = NativeEngine::new();
        engine.freeze(program.pid(), hint(program), &FreezeOptions::default()).expect("it can be frozen")
    }

    /// The shell must not see the line before it is let go.
    fn stands_still(program: &mut Program) {
        program.send("\n");
        assert!(!program.read_until(Duration::from_millis(50), |_| false));
        assert!(alive(program.pid()));
    }

    fn kill(pid: i32) {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }

    #[test]
    fn a_dropped_frozen_tree_runs_on() {
        let (mut program, child) = tree();
        let frozen = freeze(&program);
        assert_eq!(frozen.pids(), [program.pid(), child]);
        stands_still(&mut program);
        drop(frozen);
        assert!(program.end().success());
        assert!(alive(child));
        kill(child);
    }

    #[test]
    fn a_frozen_tree_runs_on_when_its_tracer_vanishes() {
        let (mut program, child) = tree();
        std::thread::scope(|scope| {
            // Forgotten, not dropped: only the kernel can let the tree go.
            scope.spawn(|| std::mem::forget(freeze(&program)));
        });
        program.send("\n");
        assert!(program.end().success());
        kill(child);
    }

    #[test]
    fn a_dropped_sealed_tree_is_dead() {
        let (program, child) = tree();
        drop(freeze(&program).seal().expect("it can be sealed"));
        assert!(!alive(program.pid()) && !alive(child));
    }

    #[test]
    fn a_released_tree_is_dead_and_reaped_threads_and_all() {
        let program = Program::fixture("threads");
        freeze(&program).seal().expect("it can be sealed").release();
        assert!(!std::path::Path::new(&format!("/proc/{}", program.pid())).exists());
    }

    #[test]
    fn a_sealed_tree_dies_when_its_tracer_vanishes() {
        let (program, child) = tree();
        std::thread::scope(|scope| {
            scope.spawn(|| std::mem::forget(freeze(&program).seal().expect("it can be sealed")));
        });
        wait(|| !alive(program.pid()) && !alive(child));
    }

    #[test]
    fn an_unsealed_tree_runs_on() {
        let (mut program, child) = tree();
        let mut frozen = freeze(&program);
        frozen.dump(&mut ImageWriter::new(std::io::sink()), &DumpOptions::default()).expect("a dump");
        program.send("\n");
        let frozen = frozen.seal().expect("it can be sealed").unseal();
        frozen.thaw();
        assert!(program.end().success());
        kill(child);
    }

    #[test]
    fn a_dump_that_cannot_be_written_leaves_the_tree_running() {
        struct Full;
        impl std::io::Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let program = Program::fixture("sigactions");
        let mut frozen = freeze(&program);
        let result = frozen.dump(&mut ImageWriter::new(Full), &DumpOptions::default());
        assert!(matches!(result, Err(CheckpointError::Image(_))));
        drop(frozen);
        program.finish();
    }

    /// SIGSTOP cannot be blocked: one that comes during the dump must not be lost.
    #[test]
    fn a_stop_that_comes_during_the_freeze_is_kept() {
        let mut program = Program::fixture("sigactions");
        let frozen = freeze(&program);
        let pid = nix::unistd::Pid::from_raw(program.pid());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).expect("kill");
        let mut frozen = frozen;
        frozen.dump(&mut ImageWriter::new(std::io::sink()), &DumpOptions::default()).expect("a dump");
        drop(frozen);
        let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
        wait(|| state().contains(") T "));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).expect("kill");
        program.send("\n");
        assert!(program.end().success());
    }
}
