//! Freezing a program and letting it go on is invisible to it: no key lost, no screen changed, no call
//! interrupted, no timer late. Through the whole program: `qmux checkpoint pane --keep-running`, many times.

mod support;

use std::time::{Duration, Instant};
use support::session::{PROMPT, Qmux};
use support::term::{Picture, Term};
use support::wait_until;

/// How often each program is dumped: `QMUX_TEST_DUMPS`, or 200.
fn dumps() -> u32 {
    std::env::var("QMUX_TEST_DUMPS").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

fn dump(qmux: &Qmux) {
    let image = qmux.home().join("image");
    let image = image.to_str().expect("a path of text");
    let _ = std::fs::remove_file(image);
    qmux.ok(&["checkpoint", "pane", "-t", "work", "-o", image, "--keep-running"]);
}

/// What the pane shows when nothing has been drawn for a while.
fn at_rest(term: &Term) -> Picture {
    let mut last = (term.bytes_read(), Instant::now());
    wait_until("the program to be at rest", || {
        let now = term.bytes_read();
        if now != last.0 {
            last = (now, Instant::now());
        }
        (last.1.elapsed() > Duration::from_millis(200)).then(|| term.cells().rows(0, 23))
    })
}

/// A program in a pane: how it is started, what shows that it is there, keys whose effect is known.
struct Case {
    line: &'static str,
    ready: &'static str,
    before: &'static str,
    shown: &'static str,
    quit: &'static str,
}

/// At rest the screen stays the same to the last attribute; then keys typed while it is dumped all arrive.
fn stays_itself(case: &Case) {
    let qmux = Qmux::new();
    std::fs::write(qmux.home().join("text"), "some words\n".repeat(100)).expect("a file");
    let term = qmux.attached();
    term.type_keys(format!("clear; {}\r", case.line));
    term.wait_text(case.ready);
    term.type_keys(case.before);
    term.wait_text(case.shown);
    let picture = at_rest(&term);
    for n in 0..dumps() {
        dump(&qmux);
        let now = term.cells().rows(0, 23);
        assert!(now == picture, "after dump {n}:\n{}", picture.difference(&now));
    }
    assert!(at_rest(&term) == picture, "{}", picture.difference(&term.cells().rows(0, 23)));
    term.type_keys(case.quit);
    term.wait_cursor_line("the prompt", |line| line.trim_end().ends_with(PROMPT));
}

/// Numbered words typed while the program is dumped again and again; `file` then holds them all.
fn gets_every_key(start: &str, ready: &str, insert: &str, save_and_quit: &str) {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.type_keys(format!("clear; {start}\r"));
    term.wait_text(ready);
    term.type_keys(insert);
    let mut expected = String::new();
    for n in 0..dumps() / 2 {
        std::thread::scope(|scope| {
            scope.spawn(|| dump(&qmux));
            for half in 0..2 {
                let word =
                    format!("{:05}{}", 2 * n + half, if (2 * n + half) % 10 == 9 { "\r" } else { " " });
                term.type_keys(&word);
                expected += &word.replace('\r', "\n");
            }
        });
    }
    term.type_keys(save_and_quit);
    term.wait_cursor_line("the prompt", |line| line.trim_end().ends_with(PROMPT));
    let saved = std::fs::read_to_string(qmux.home().join("typed")).expect("the file was saved");
    assert_eq!(saved.split_whitespace().collect::<Vec<_>>(), expected.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn vim() {
    stays_itself(&Case {
        line: "vim -n text",
        ready: "some words",
        before: "inew \x1bjv2j",
        shown: "-- VISUAL --",
        quit: "\x1b:q!\r",
    });
    gets_every_key("vim -n typed", "[New]", "i", "\x1b:wq\r");
}

#[test]
fn emacs() {
    stays_itself(&Case {
        line: "emacs -nw -Q text",
        ready: "some words",
        before: "new ",
        shown: "new some words",
        quit: "\x18\x13\x18\x03",
    });
}

// By itself: an image of emacs is 126 MB, and 300 of them take minutes.
#[test]
fn emacs_gets_its_keys() {
    gets_every_key("emacs -nw -Q typed", "(New file)", "", "\x18\x13\x18\x03");
}

#[test]
fn nano() {
    stays_itself(&Case {
        line: "nano text",
        ready: "some words",
        before: "new ",
        shown: "new some words",
        quit: "\x13\x18",
    });
    gets_every_key("nano typed", "GNU nano", "", "\x13\x18");
}

#[test]
fn less() {
    stays_itself(&Case { line: "seq 1 5000 | less", ready: "22", before: " ", shown: "44", quit: "q" });
}

#[test]
fn python() {
    stays_itself(&Case {
        line: "python3 -q",
        ready: ">>>",
        before: "x = 6 * 7; print('x is', x)\r",
        shown: "x is 42",
        quit: "\x04",
    });
}

#[test]
fn bash_with_jobs() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.type_keys("clear; sleep 1000 &\r");
    term.wait_text("[1] ");
    term.type_keys("vim -n draft\r");
    term.wait_text("[New]");
    term.type_keys("\x1a");
    term.wait_text("Stopped");
    let picture = at_rest(&term);
    for n in 0..dumps() {
        dump(&qmux);
        let now = term.cells().rows(0, 23);
        assert!(now == picture, "after dump {n}:\n{}", picture.difference(&now));
    }
    // A job control message nobody caused would come with the next prompt.
    term.type_keys("clear; jobs\r");
    term.wait_text("Running");
    let text = term.screen_text();
    assert_eq!(text.matches("Stopped").count(), 1, "{text}");
    term.type_keys("fg 2\r");
    term.wait_text("0,0-1");
    term.type_keys(":q\r");
    term.wait_text("vim -n draft");
    term.type_keys("kill %1; wait; clear; echo en''ded\r");
    term.wait_text("ended");
}

#[test]
fn htop_draws_on() {
    let qmux = Qmux::new();
    let term = qmux.attached();
    term.type_keys("htop -d 1\r");
    term.wait_text("Load average");
    for _ in 0..dumps() {
        dump(&qmux);
        let drawn = term.bytes_read();
        wait_until("htop to draw again", || (term.bytes_read() > drawn).then_some(()));
    }
    term.type_keys("q");
    term.wait_cursor_line("the prompt", |line| line.trim_end().ends_with(PROMPT));
}

/// Calls that a careless freeze would interrupt or stretch; each says what went wrong with it.
const SLEEPER: &str = r#"
import ctypes, os, select, signal, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
wrong = []
def timed(name, seconds, call, late=0.4):
    started = time.monotonic()
    try:
        result = call()
    except OSError as e:
        wrong.append(f"{name}: {e}")
        return
    took = time.monotonic() - started
    if not seconds - 0.005 <= took <= seconds + late:
        wrong.append(f"{name}: {took:.3f} s instead of {seconds}")
    if result:
        wrong.append(f"{name}: {result}")
class Timespec(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]
class PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]
r, w = os.pipe()
epoll = libc.epoll_create1(0)
def raw(name, *args):
    def call():
        ctypes.set_errno(0)
        n = getattr(libc, name)(*args)
        return n and f"{n} errno {ctypes.get_errno()}"
    return call
events = ctypes.create_string_buffer(64)
ticks = []
signal.signal(signal.SIGALRM, lambda *_: ticks.append(time.monotonic()))
def sleeps():
    while not done.is_set():
        timed("nanosleep", 0.3, raw("nanosleep", ctypes.byref(Timespec(0, 300_000_000)), None))
        timed("poll", 0.3, raw("poll", ctypes.byref(PollFd(r, 1, 0)), 1, 300))
        # These two the kernel cannot go on with; they are made again from the start, with their whole time.
        timed("epoll_wait", 0.3, raw("epoll_wait", epoll, events, 1, 300), late=60)
        timed("select", 0.3, lambda: any(select.select([r], [], [], 0.3)))
        timed("lock", 0.3, lambda: lock.acquire(timeout=0.3))
        signal_set = {signal.SIGUSR2}
        timed("sigtimedwait", 0.3, lambda: signal.sigtimedwait(signal_set, 0.3), late=60)
done, lock = threading.Event(), threading.Lock()
lock.acquire()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
threads = [threading.Thread(target=sleeps) for _ in range(3)]
# The ticks are the main thread's alone.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
for thread in threads: thread.start()
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
print("be" + "gun", flush=True)
sys.stdin.readline()
signal.setitimer(signal.ITIMER_REAL, 0)
done.set()
for thread in threads: thread.join()
gaps = [b - a for a, b in zip(ticks, ticks[1:])]
if max(gaps) > 0.6: wrong.append(f"a tick came {max(gaps):.3f} s after the one before")
print("\n".join(sorted(wrong)[:10]) or f"all {'well'}", flush=True)
"#;

#[test]
fn sleeps_polls_and_timers_end_on_time() {
    let qmux = Qmux::new();
    std::fs::write(qmux.home().join("sleeper.py"), SLEEPER).expect("a file");
    let term = qmux.attached();
    term.type_keys("clear; python3 sleeper.py; echo status $?\r");
    term.wait_text("begun");
    for _ in 0..dumps() {
        dump(&qmux);
    }
    term.type_keys("\r");
    term.wait_text("status 0");
    let text = term.screen_text();
    assert!(text.contains("all well"), "{text}");
}
