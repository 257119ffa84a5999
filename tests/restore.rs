//! Round trips of real programs through the native engine: frozen, dumped, killed, restored, used.
#![allow(clippy::unwrap_used)] // A failed step is a failed test.

#[path = "restore/tree.rs"]
mod tree;
#[path = "fixtures/user.rs"]
mod user;

use qmux::checkpoint::image::Section;
use qmux::checkpoint::model::{Manifest, TreeImage, Uts};
use qmux::checkpoint::{ImageReader, ImageWriter, Sabotage};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use tree::{Scratch, Tree, also_as_user};

/// Each body becomes two tests: as root, and as an ordinary user.
macro_rules! both {
    ($($body:ident: $root:ident, $user:ident;)*) => {$(
        #[test]
        fn $root() {
            $body();
        }

        #[test]
        fn $user() {
            if also_as_user(stringify!($user)) {
                $body();
            }
        }
    )*};
}

both! {
    cat: cat_as_root, cat_as_user;
    vim: vim_as_root, vim_as_user;
    emacs: emacs_as_root, emacs_as_user;
    bash: bash_as_root, bash_as_user;
    python: python_as_root, python_as_user;
    less: less_as_root, less_as_user;
    htop: htop_as_root, htop_as_user;
    nano: nano_as_root, nano_as_user;
    nested: script_as_root, script_as_user;
    typed_ahead: typed_ahead_as_root, typed_ahead_as_user;
    shipped: shipped_as_root, shipped_as_user;
    no_loader: no_loader_as_root, no_loader_as_user;
    foreign_vdso: foreign_vdso_as_root, foreign_vdso_as_user;
    host_name: host_name_as_root, host_name_as_user;
    many_times: many_times_as_root, many_times_as_user;
}

#[track_caller]
fn assert_ended_well(tree: &mut Tree) {
    assert_eq!(tree.wait_exit(), 0, "exit status; the screen:\n{}", tree.text());
}

/// Round trip of a full-screen program: modes and screen are the same, also when it has drawn anew.
/// `messages` rows at the bottom may change: programs clear a message when the size changes.
#[track_caller]
fn full_screen_trip(tree: &mut Tree, messages: usize) {
    tree.settle();
    let picture = |tree: &Tree| {
        let text = tree.text();
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        lines[..lines.len() - messages].to_vec()
    };
    let (modes, text, cursor) = (tree.modes(), picture(tree), tree.screen.cursor());
    tree.round_trip();
    assert_eq!(tree.modes(), modes);
    tree.settle();
    tree.nudge();
    tree.settle();
    assert_eq!(picture(tree), text);
    if messages == 0 {
        assert_eq!((tree.screen.cursor().x, tree.screen.cursor().y), (cursor.x, cursor.y));
    }
    println!("{} dumped in {:?}, restored in {:?}", tree.pid, tree.dump_time, tree.restore_time);
}

/// Starts a job in the foreground of bash and stops it, once the program runs: bash's child ignores ^Z
/// until it executes it.
#[track_caller]
fn stopped_job(tree: &mut Tree, program: &str, line: &str) {
    tree.keys(&format!("{line}\n"));
    tree.wait_foreground(program);
    tree.keys("\x1a");
    tree.wait_foreground("bash");
    tree.wait_text("Stopped");
}

#[track_caller]
fn interrupted_job(tree: &mut Tree) {
    tree.keys("cat\n");
    tree.wait_foreground("cat");
    tree.keys("\x03");
    tree.wait_foreground("bash");
}

fn cat() {
    let scratch = Scratch::new("cat");
    let mut tree = Tree::spawn(&scratch, &["cat"]);
    tree.keys("one\n");
    tree.wait("the echo", |s| s.matches("one").count() == 2);
    let before = tree.modes();
    tree.round_trip();
    assert_eq!(tree.modes(), before);
    tree.keys("two\n");
    tree.wait("the echo", |s| s.matches("two").count() == 2);
    tree.keys("\x04");
    assert_ended_well(&mut tree);
}

fn vim() {
    let scratch = Scratch::new("vim");
    let file = scratch.file("text", "first line\n");
    let mut tree = Tree::spawn(&scratch, &["vim", "-u", "NONE", "-N", &file]);
    tree.wait_text("first line");
    tree.keys("onot saved\x1b");
    tree.wait_text("not saved");
    full_screen_trip(&mut tree, 0);
    tree.keys("A, and more\x1b");
    tree.wait_text("not saved, and more");
    tree.keys("uu");
    tree.wait("undo", |s| !s.contains("not saved"));
    tree.keys("\x12\x12:wq\r");
    assert_ended_well(&mut tree);
    assert_eq!(scratch.read("text"), "first line\nnot saved, and more\n");
    assert!(!scratch.0.join(".text.swp").exists(), "vim removes its swap file");
}

fn emacs() {
    let scratch = Scratch::new("emacs");
    let file = scratch.file("text", "first line\n");
    let mut tree = Tree::spawn(&scratch, &["emacs", "-nw", "-Q", &file]);
    tree.wait_text("first line");
    tree.keys("typed ");
    tree.wait_text("typed first line");
    full_screen_trip(&mut tree, 0);
    // The first keystroke was what killed it in 1999.
    tree.keys("X");
    tree.wait_text("typed Xfirst line");
    tree.keys("\x18\x13");
    tree.wait_text("Wrote");
    tree.keys("\x18\x03");
    assert_ended_well(&mut tree);
    assert_eq!(scratch.read("text"), "typed Xfirst line\n");
}

fn bash() {
    let scratch = Scratch::new("bash");
    let file = scratch.file("text", "in vim\n");
    let mut tree = Tree::spawn(&scratch, &["bash", "--norc", "--noprofile", "-i"]);
    tree.wait_text("ready>");
    tree.keys("sleep 1000 & echo background $!\n");
    tree.wait("the background job", |s| s.lines().any(|l| l.starts_with("background ")));
    stopped_job(
        &mut tree,
        "python3",
        "/usr/bin/python3 -c 'import sys; sys.stdin.readline(); print(\"read\" + \" it\")'",
    );
    tree.keys("x=kept; echo pid $$ last $!\n");
    tree.wait("the numbers", |s| s.lines().any(|l| l.starts_with("pid ")));
    let numbers = tree.text().lines().rfind(|l| l.starts_with("pid ")).unwrap().to_owned();
    tree.keys(&format!("vim -u NONE -N {file}\n"));
    tree.wait_text("in vim");
    full_screen_trip(&mut tree, 1);
    tree.keys("A changed\x1b:wq\r");
    tree.wait("the prompt", |s| s.trim_end().ends_with("ready>"));
    assert_eq!(scratch.read("text"), "in vim changed\n");
    assert!(!tree.written.windows(7).any(|w| w == b"Stopped"), "the stop is not reported twice");
    tree.keys("clear; jobs; echo pid $$ last $! $x\n");
    tree.wait_text(&format!("{numbers} kept"));
    let text = tree.text();
    assert!(text.contains("Running") && text.contains("sleep 1000"), "{text}");
    assert!(text.contains("Stopped") && text.contains("python3"), "{text}");
    tree.keys("clear; fg %2\n");
    tree.wait_text("python3 -c");
    tree.keys("line\n");
    tree.wait_text("read it");
    interrupted_job(&mut tree);
    tree.keys("clear\n");
    stopped_job(&mut tree, "cat", "cat");
    tree.keys("kill %%; kill %1; wait; clear; jobs; echo none\n");
    tree.wait("an end of all jobs", |s| s.lines().any(|l| l == "none"));
    tree.keys("exit 0\n");
    assert_ended_well(&mut tree);
}

fn python() {
    let scratch = Scratch::new("python");
    let mut tree = Tree::spawn(&scratch, &["/usr/bin/python3", "-q"]);
    tree.wait_text(">>>");
    tree.keys("import time; x = 6 * 7; t = time.monotonic()\n");
    tree.keys("def f(): return x + 1\n\n");
    tree.wait("two prompts", |s| s.matches(">>>").count() >= 3);
    tree.settle();
    tree.round_trip();
    tree.keys("print('x', x, f(), 0 <= time.monotonic() - t < 60)\n");
    tree.wait_text("x 42 43 True");
    tree.keys("import os, threading; print('ran', os.popen('echo out').read().strip())\n");
    tree.wait_text("ran out");
    tree.keys("exit()\n");
    assert_ended_well(&mut tree);
}

fn less() {
    let scratch = Scratch::new("less");
    let text: String = (1..=500).map(|n| format!("line {n}\n")).collect();
    let file = scratch.file("text", &text);
    let mut tree = Tree::spawn(&scratch, &["less", &file]);
    tree.wait_text("line 23");
    tree.keys("100g");
    tree.wait("line 100 at the top", |s| s.starts_with("line 100\n"));
    full_screen_trip(&mut tree, 1);
    tree.keys("/line 300\r");
    tree.wait_text("line 300");
    tree.keys("q");
    assert_ended_well(&mut tree);
}

fn htop() {
    let scratch = Scratch::new("htop");
    let mut tree = Tree::spawn(&scratch, &["htop"]);
    tree.wait_text("F10");
    tree.round_trip();
    tree.screen.advance(b"\x1b[2J");
    // A loaded machine can make a program see both changes of a nudge as none: then once more.
    for _ in 0..5 {
        if !tree.text().contains("F10") {
            tree.nudge();
            tree.settle();
        }
    }
    tree.wait_text("F10");
    tree.keys("q");
    assert_ended_well(&mut tree);
}

fn nano() {
    let scratch = Scratch::new("nano");
    let file = scratch.file("text", "first line\n");
    let mut tree = Tree::spawn(&scratch, &["nano", "-I", &file]);
    tree.wait_text("first line");
    tree.keys("typed ");
    tree.wait_text("typed first line");
    full_screen_trip(&mut tree, 3);
    tree.keys("more ");
    tree.wait_text("typed more first line");
    tree.keys("\x13\x18");
    assert_ended_well(&mut tree);
    assert_eq!(scratch.read("text"), "typed more first line\n");
}

/// A terminal inside the terminal.
fn nested() {
    let scratch = Scratch::new("script");
    let file = scratch.file("text", "in vim\n");
    let rc = scratch.file("rc", "PS1='ready> '\n");
    let line = format!("bash --noprofile --rcfile {rc} -i");
    // script runs $SHELL, or without one the shell of the account: for nobody that is nologin.
    let mut tree =
        Tree::spawn(&scratch, &["env", "SHELL=/bin/bash", "script", "-q", "-c", &line, "typescript"]);
    tree.wait_text("ready>");
    tree.keys("tty; echo here\n");
    tree.wait("the tty", |s| s.lines().any(|l| l == "here"));
    let tty = tree.text().lines().find(|l| l.starts_with("/dev/pts/")).unwrap().to_owned();
    tree.keys(&format!("vim -u NONE -N {file}\n"));
    tree.wait_text("in vim");
    tree.settle();
    tree.round_trip();
    tree.keys("A changed\x1b:wq\r");
    tree.wait("the prompt", |s| s.trim_end().ends_with("ready>"));
    assert_eq!(scratch.read("text"), "in vim changed\n");
    tree.keys("clear; tty; echo again\n");
    tree.wait("the tty", |s| s.lines().any(|l| l == "again"));
    assert!(tree.text().lines().any(|l| l == tty), "{} in {}", tty, tree.text());
    tree.keys("echo run''ning; cat\n");
    tree.wait_text("running");
    tree.keys("hello\n");
    tree.wait("the echo", |s| s.matches("hello").count() >= 2);
    tree.keys("\x03");
    // Not the echo of ^C: until it dies, cat would read what is typed.
    tree.wait("the prompt", |s| s.trim_end().ends_with("ready>"));
    tree.keys("exit 0\n");
    assert_ended_well(&mut tree);
}

/// Keys typed while nobody reads are there afterwards, once, and a half-typed line stays one.
fn typed_ahead() {
    let scratch = Scratch::new("typed");
    let fifo = scratch.0.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let program = "echo waiting; read x < fifo; read a; read b; echo \"[$a][$b]\"";
    let mut tree = Tree::spawn(&scratch, &["sh", "-c", program]);
    tree.wait_text("waiting");
    tree.keys("whole line\npart");
    tree.wait_text("part");
    tree.round_trip();
    tree.settle();
    assert_eq!(tree.text().matches("part").count(), 1, "nothing is echoed again: {}", tree.text());
    std::fs::write(&fifo, "go\n").unwrap();
    tree.keys("ial\x7f\x7f\x7fed\n");
    tree.wait_text("[whole line][parted]");
    assert_ended_well(&mut tree);
}

fn many_times() {
    let scratch = Scratch::new("many");
    let file = scratch.file("text", "start\n");
    let mut tree = Tree::spawn(&scratch, &["bash", "--norc", "--noprofile", "-i"]);
    tree.wait_text("ready>");
    tree.keys("sleep 1000 & (sleep 2000 &); echo beg''un\n");
    tree.wait_text("begun");
    tree.settle();
    stopped_job(&mut tree, "cat", "cat");
    tree.keys(&format!("vim -u NONE -N {file}\n"));
    tree.wait_text("start");
    let rounds = user::rounds(3);
    for n in 0..rounds {
        full_screen_trip(&mut tree, 1);
        tree.keys(&format!("o{n} times\x1b"));
        tree.wait_text(&format!("{n} times"));
    }
    tree.keys(":wq\r");
    tree.wait("the prompt", |s| s.trim_end().ends_with("ready>"));
    assert_eq!(scratch.read("text").lines().count(), rounds + 1);
    tree.keys("clear; jobs\n");
    tree.wait("the jobs", |s| s.contains("Running") && s.contains("Stopped"));
    tree.keys("clear; kill %1 %2; exit\n");
    tree.wait("the end", |s| s.contains("exit"));
    tree.keys("exit\n");
    tree.wait_exit();
}

// What each mechanism is for: without it the program breaks in the way known from before.

#[test]
fn without_the_action_of_sigio_emacs_dies_of_the_first_key() {
    let scratch = Scratch::new("no-sigio");
    let file = scratch.file("text", "first line\n");
    let mut tree = Tree::spawn(&scratch, &["emacs", "-nw", "-Q", &file]);
    tree.wait_text("first line");
    tree.settle();
    tree.round_trip_with(Sabotage { no_sigio_action: true, ..Sabotage::default() }, b"");
    tree.keys("X");
    assert_eq!(tree.wait_exit() & 0x7f, libc::SIGIO);
}

#[test]
fn without_termios_vim_comes_up_cooked() {
    let scratch = Scratch::new("no-termios");
    let file = scratch.file("text", "first line\n");
    let mut tree = Tree::spawn(&scratch, &["vim", "-u", "NONE", "-N", &file]);
    tree.wait_text("first line");
    tree.settle();
    assert_eq!(tree.modes().lflag & libc::ICANON, 0);
    tree.round_trip_with(Sabotage { no_termios: true, ..Sabotage::default() }, b"");
    assert_ne!(tree.modes().lflag & libc::ICANON, 0);
}

#[test]
fn with_a_stale_rseq_the_process_dies() {
    let scratch = Scratch::new("rseq");
    let mut tree = Tree::spawn(&scratch, &["cat"]);
    tree.keys("one\n");
    tree.wait("the echo", |s| s.matches("one").count() == 2);
    tree.round_trip_with(Sabotage { stale_rseq: true, ..Sabotage::default() }, b"");
    assert_eq!(tree.wait_exit() & 0x7f, libc::SIGSEGV);
}

#[test]
fn without_taking_the_stop_bash_reports_it_again() {
    let scratch = Scratch::new("stop");
    let mut tree = Tree::spawn(&scratch, &["bash", "--norc", "--noprofile", "-i"]);
    tree.wait_text("ready>");
    stopped_job(&mut tree, "cat", "cat");
    tree.settle();
    tree.round_trip_with(Sabotage { keep_stop_reports: true, ..Sabotage::default() }, b"");
    tree.keys("\n\n");
    let deadline = std::time::Instant::now() + Duration::from_secs(40);
    while !tree.written.windows(7).any(|w| w == b"Stopped") {
        assert!(std::time::Instant::now() < deadline, "{}", tree.text());
        tree.pump(Duration::from_millis(20));
    }
}

#[test]
fn a_copy_that_is_not_resumed_dies_and_leaves_nothing() {
    use qmux::checkpoint::native::NativeEngine;
    use qmux::checkpoint::{Checkpointer, ImageReader};
    let scratch = Scratch::new("dropped");
    let mut tree = Tree::spawn(&scratch, &["bash", "--norc", "--noprofile", "-i"]);
    tree.wait_text("ready>");
    tree.keys("sleep 1000 &\n");
    stopped_job(&mut tree, "cat", "cat");
    let image = tree.dump();
    let restored = NativeEngine::new()
        .restore(&mut ImageReader::new(&image[..]), &tree.options(Sabotage::default()))
        .unwrap();
    let init = tree::parent(restored.root()).unwrap();
    let copy = tree::descendants(init);
    assert!(copy.len() >= 4, "pid 1, bash and two jobs: {copy:?}");
    drop(restored);
    let left: Vec<_> = copy.iter().filter(|&&pid| tree::parent(pid).is_some()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    // The image is not spent by that.
    tree.restore(&image, Sabotage::default()).unwrap();
    tree.keys("clear; jobs\n");
    tree.wait("the jobs", |s| s.contains("Running") && s.contains("Stopped"));
}

/// A program that is not on the destination travels with the image and is executed from the store.
fn shipped() {
    let scratch = Scratch::new("shipped");
    let program = scratch.0.join("my-cat");
    std::fs::copy("/bin/cat", &program).unwrap();
    let mut tree = Tree::spawn(&scratch, &[program.to_str().unwrap()]);
    tree.keys("one\n");
    tree.wait("the echo", |s| s.matches("one").count() == 2);
    tree.ship_all = true;
    let image = tree.dump();
    std::fs::remove_file(&program).unwrap();
    tree.restore(&image, Sabotage::default()).unwrap();
    let exe = std::fs::read_link(format!("/proc/{}/exe", tree.pid)).unwrap();
    assert!(exe.starts_with(scratch.0.join("cache")), "{}", exe.display());
    tree.keys("two\n");
    tree.wait("the echo", |s| s.matches("two").count() == 2);
    // And on again from there, with nothing shipped: the store has it.
    tree.ship_all = false;
    tree.round_trip();
    tree.keys("three\n");
    tree.wait("the echo", |s| s.matches("three").count() == 2);
    tree.keys("\x04");
    assert_ended_well(&mut tree);
}

/// The destination has neither the program nor the loader it names.
fn no_loader() {
    let scratch = Scratch::new("loader");
    let loader = scratch.0.join("ld.so");
    let program = scratch.0.join("my-cat");
    // The real loader under a name of the same length as the one written in the program.
    let mut bytes = std::fs::read("/bin/cat").unwrap();
    let name = b"/lib64/ld-linux-x86-64.so.2\0";
    let at = memchr::memmem::find(&bytes, name).unwrap();
    let real = std::fs::canonicalize("/lib64/ld-linux-x86-64.so.2").unwrap();
    std::fs::copy(real, &loader).unwrap();
    let short = format!("/tmp/qmux-ld-{:08}.so", std::process::id());
    assert!(short.len() < name.len());
    let _ = std::fs::remove_file(&short);
    std::os::unix::fs::symlink(&loader, &short).unwrap();
    bytes[at..at + name.len()].fill(0);
    bytes[at..at + short.len()].copy_from_slice(short.as_bytes());
    std::fs::write(&program, bytes).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut tree = Tree::spawn(&scratch, &[program.to_str().unwrap()]);
    tree.keys("one\n");
    tree.wait("the echo", |s| s.matches("one").count() == 2);
    tree.ship_all = true;
    let image = tree.dump();
    for file in [&program, &loader, std::path::Path::new(&short)] {
        std::fs::remove_file(file).unwrap();
    }
    tree.restore(&image, Sabotage::default()).unwrap();
    tree.keys("two\n");
    tree.wait("the echo", |s| s.matches("two").count() == 2);
    // And on from there, where the program is only a copy without a name.
    tree.round_trip();
    tree.keys("three\n");
    tree.wait("the echo", |s| s.matches("three").count() == 2);
    tree.keys("\x04");
    assert_ended_well(&mut tree);
}

/// The image with another description of its tree.
fn altered(image: &[u8], alter: impl Fn(&mut Manifest, &mut TreeImage)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = ImageWriter::new(&mut out);
    let mut reader = ImageReader::new(image);
    let mut described = None;
    while let Some(section) = reader.next_section().unwrap() {
        match section {
            Section::Manifest(manifest) => described = Some(manifest),
            Section::Tree(mut tree) => {
                let mut manifest = described.take().expect("the manifest comes first");
                alter(&mut manifest, &mut tree);
                writer.manifest(&manifest).unwrap();
                writer.tree(&tree).unwrap();
            }
            Section::FileContent(chunk) => {
                writer.file_chunk(chunk.hash, chunk.offset, chunk.size, &chunk.bytes).unwrap();
            }
            Section::Pages(pages) => writer.pages(pages.space, &pages.runs, &pages.bytes, false).unwrap(),
            Section::Precopied(_) => panic!("nothing was sent ahead of this image"),
            Section::Screen(screen) => writer.screen(&screen).unwrap(),
            Section::End(_) => drop(writer.end().unwrap()),
        }
    }
    drop(writer);
    out
}

/// An image of another host: its programs go on seeing that host's name, also after the next move and in what
/// they start; the host itself keeps its own.
fn host_name() {
    let scratch = Scratch::new("name");
    let mut tree = Tree::spawn(&scratch, &["sh"]);
    tree.wait_text("ready>");
    let own = nix::unistd::gethostname().unwrap();
    let image = altered(&tree.dump(), |manifest, _| {
        assert_eq!(manifest.uts.as_ref().unwrap().node, own.as_bytes());
        manifest.uts = Some(Uts { node: b"farhost".to_vec(), domain: b"fardomain".to_vec() });
    });
    tree.restore(&image, Sabotage::default()).unwrap();
    for round in 0..2 {
        tree.keys("echo $(uname -n) $(cat /proc/sys/kernel/domainname) here\n");
        tree.wait("the name", |s| s.matches("farhost fardomain here").count() > round);
        assert_eq!(nix::unistd::gethostname().unwrap(), own);
        tree.round_trip();
    }
    // An image that says nothing of names, and one with more than the kernel takes.
    let long = altered(&tree.dump(), |manifest, _| manifest.uts.as_mut().unwrap().node = vec![b'x'; 65]);
    let error = tree.restore(&long, Sabotage::default()).unwrap_err().to_string();
    assert!(error.contains("name the host"), "{error}");
    let old = altered(&long, |manifest, _| manifest.uts = None);
    tree.restore(&old, Sabotage::default()).unwrap();
    tree.keys("clear; echo $(uname -n) again\n");
    tree.wait_text(&format!("{} again", own.to_str().unwrap()));
    tree.keys("exit\n");
    assert_ended_well(&mut tree);
}

/// An image from a kernel with another vdso: clocks go on working through the redirected old one.
fn foreign_vdso() {
    let scratch = Scratch::new("vdso");
    let mut tree = Tree::spawn(&scratch, &["/usr/bin/python3", "-q"]);
    tree.wait_text(">>>");
    tree.keys("import time; t = time.time()\n");
    tree.wait("two prompts", |s| s.matches(">>>").count() >= 2);
    tree.settle();
    let altered = altered(&tree.dump(), |_, tree| *tree.vdso.last_mut().expect("a vdso in the image") ^= 1);
    tree.restore(&altered, Sabotage::default()).unwrap();
    tree.keys("print('clock', 0 <= time.time() - t < 60, time.monotonic() > 0)\n");
    tree.wait_text("clock True True");
    tree.round_trip();
    tree.keys("print('again', 0 <= time.time() - t < 60)\n");
    tree.wait_text("again True");
    tree.keys("exit()\n");
    assert_ended_well(&mut tree);
}

#[test]
fn this_host_says_which_tiers_it_can_do_and_why_not() {
    use qmux::checkpoint::{Tier, native::restore::tiers};
    for (tier, ability) in tiers(&user::helper()) {
        let root = nix::unistd::geteuid().is_root();
        match tier {
            Tier::Root => assert_eq!(ability.is_ok(), root, "{ability:?}"),
            Tier::User => assert_eq!(ability, Ok(())),
            Tier::FileCapability => {
                assert!(ability.is_ok() || ability.unwrap_err().contains("CAP_CHECKPOINT_RESTORE"))
            }
        }
    }
}
