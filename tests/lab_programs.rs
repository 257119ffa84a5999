//! More programs that move between hosts and go on, as an ordinary user, over a real sshd: those that draw by
//! themselves, run in many processes or threads, or pass bytes on. Needs root (for the test hosts).

mod support;

use support::lab::Lab;
use support::stage::Stage;
use support::{rounds, wait_until};

const TWO: [&str; 2] = ["hostA", "hostB"];

/// Runs `body` with ana at a shell on hostA.
fn with_ana(body: impl FnOnce(&Stage<'_>)) {
    let Some(lab) = Lab::up_or_skip(&TWO) else { return };
    body(&Stage::set(&lab, "ana"));
}

/// There and back again, `rounds` times; `at` is asked after every move.
fn travel(stage: &Stage<'_>, rounds: u32, mut at: impl FnMut(&str)) {
    for _ in 0..rounds {
        for (to, place) in [("hostB", "hostB"), (".", "hostA")] {
            stage.move_to(to);
            at(place);
        }
    }
}

/// What the program draws by itself goes on: the pane gets bytes nobody asked for.
#[track_caller]
fn draws_on(stage: &Stage<'_>) {
    let drawn = stage.term.bytes_read();
    wait_until("the program to draw again", || (stage.term.bytes_read() > drawn).then_some(()));
}

/// `$?` of the program, which the line above would lose to `clear`.
#[track_caller]
fn run_and_tell(stage: &Stage<'_>, line: &str) {
    stage.run(&format!("{line}; echo en''ded $?"));
}

#[test]
fn top_refreshes_and_quits() {
    with_ana(|stage| {
        run_and_tell(stage, "top -d 0.3");
        stage.wait("load average");
        let modes = stage.stty("hostA", "top");
        travel(stage, rounds(10), |place| {
            assert_eq!(stage.stty(place, "top"), modes);
            draws_on(stage);
        });
        stage.move_to("hostB");
        stage.term.type_keys("h");
        stage.wait("commands shown with");
        stage.term.type_keys("\x1b");
        stage.term.wait_no_text("commands shown with");
        stage.term.type_keys("q");
        stage.wait("ended 0");
    });
}

#[test]
fn watch_runs_its_command_again_and_again() {
    with_ana(|stage| {
        run_and_tell(
            stage,
            "watch -n 0.2 'echo x >> /shared/ana/ticks; echo ticked $(wc -l < /shared/ana/ticks) times'",
        );
        stage.wait("ticked ");
        let ticks = || stage.home().sh("root", "wc -l < /shared/ana/ticks").parse::<u64>().unwrap_or(0);
        travel(stage, rounds(10), |_| {
            let before = ticks();
            wait_until("two more ticks", || (ticks() >= before + 2).then_some(()));
            draws_on(stage);
        });
        stage.move_to("hostB");
        stage.term.type_keys("\x03");
        stage.wait_prompt();
    });
}

#[test]
fn tail_follows_its_file() {
    with_ana(|stage| {
        let log = stage.path("log");
        stage.home().write("ana", &log, "first line\n");
        stage.run("tail -f log");
        stage.wait("first line");
        let mut n = 0;
        travel(stage, rounds(10), |_| {
            n += 1;
            stage.home().sh("ana", &format!("echo line {n} of many >> {log}"));
            stage.wait(&format!("line {n} of many"));
        });
        stage.move_to("hostB");
        stage.term.type_keys("\x03");
        stage.wait_prompt();
        stage.run("echo en''ded $?");
        stage.wait("ended 130");
    });
}

#[test]
fn a_manual_page_is_read_on() {
    with_ana(|stage| {
        let page = (1..=120).fold(".TH PAGE 1\n.SH NAME\npage\n".to_string(), |page, n| {
            page + &format!("line {n} of the page\n.br\n")
        });
        stage.home().write("ana", &stage.path("page.1"), &page);
        run_and_tell(stage, "man -P less ./page.1");
        stage.wait("line 10 of the page");
        stage.round_trips(rounds(10), "less");
        stage.move_to("hostB");
        stage.term.type_keys("G");
        stage.wait("line 120 of the page");
        stage.term.type_keys("q");
        stage.wait("ended 0");
    });
}

#[test]
fn git_log_is_read_on_in_its_pager() {
    with_ana(|stage| {
        stage.home().sh(
            "ana",
            "git init -q /shared/ana/repo && cd /shared/ana/repo && for n in $(seq 40); do \
             git -c user.name=ana -c user.email=ana@hostA commit -q --allow-empty -m \"change $n\"; done",
        );
        run_and_tell(stage, "GIT_PAGER=less git -C repo log");
        stage.wait("change 40");
        stage.round_trips(rounds(10), "less");
        stage.move_to("hostB");
        stage.term.type_keys("G");
        stage.wait("change 1\n");
        stage.term.type_keys("q");
        stage.wait("ended 0");
    });
}

#[test]
fn vim_tiny_saves_what_was_typed() {
    with_ana(|stage| {
        stage.run("vim.tiny letter");
        stage.wait("\"letter\" [New]");
        stage.term.type_keys("ibegun here");
        stage.wait("begun here");
        stage.round_trips(rounds(10), "vim.tiny");
        stage.move_to("hostB");
        stage.term.type_keys(", done there\x1b:wq\r");
        stage.wait_prompt();
        assert_eq!(stage.home().sh("ana", "cat /shared/ana/letter"), "begun here, done there");
    });
}

#[test]
fn a_parallel_make_makes_everything() {
    with_ana(|stage| {
        let makefile = "O=$(patsubst %,f%.o,$(shell seq 60))\nall: $(O)\n\t@cat $(O) > whole; echo li''nked $(words $(O))\n\
                        %.o: %.c\n\t@sleep 0.5; cc -pipe -O1 -c $< -o $@\n";
        stage.home().sh(
            "ana",
            "mkdir /shared/ana/src && cd /shared/ana/src && for n in $(seq 60); do \
             echo \"int f$n(int x) { return x + $n; }\" > f$n.c; done",
        );
        stage.home().write("ana", &stage.path("src/Makefile"), makefile);
        run_and_tell(stage, "make -C src -j4");
        wait_until("the first to be made", || {
            (stage.home().exec("ana", &["test", "-e", "/shared/ana/src/f1.o"]).code == 0).then_some(())
        });
        let mut moved = 0;
        for _ in 0..rounds(10) {
            for to in ["hostB", "."] {
                if !stage.runs_on("hostA", "make") && !stage.runs_on("hostB", "make") {
                    break;
                }
                stage.move_to(to);
                moved += 1;
            }
        }
        assert!(moved >= 2, "it was made before it could move");
        stage.wait("linked 60");
        stage.wait("ended 0");
        assert_eq!(
            stage.home().sh(
                "ana",
                "cd /shared/ana/src; ls f*.o | wc -l; [ $(cat f*.o | wc -c) = $(wc -c < whole) ] && echo same"
            ),
            "60\nsame"
        );
    });
}

#[test]
fn a_pipe_loses_and_doubles_no_byte() {
    with_ana(|stage| {
        // Slow enough to be under way during all moves: head waits for the reader.
        let reader = "import sys,time\nn=0\nwhile True:\n b=sys.stdin.buffer.read(65536)\n if not b: break\n \
                      assert set(b) <= set(b\"y\\n\"); n+=len(b); time.sleep(0.01)\nprint(\"cou\"+\"nted\", n)\n";
        stage.home().write("ana", &stage.path("reader.py"), reader);
        let bytes = 65536 * 100 * rounds(10) + 7;
        run_and_tell(stage, &format!("yes | head -c {bytes} | python3 reader.py"));
        wait_until("the pipe to flow", || stage.runs_on("hostA", "yes").then_some(()));
        for to in (0..rounds(10)).flat_map(|_| ["hostB", "."]) {
            stage.move_to(to);
            if !stage.runs_on("hostA", "yes") && !stage.runs_on("hostB", "yes") {
                break;
            }
        }
        stage.wait(&format!("counted {bytes}"));
        stage.wait("ended 0");
    });
}

#[test]
fn python_threads_finish_their_queue() {
    with_ana(|stage| {
        let program = "import queue, threading, time\ntodo, done = queue.Queue(), []\n\
             def work():\n while (n := todo.get()) is not None:\n  time.sleep(0.01)\n  done.append(n * n)\n\
             workers = [threading.Thread(target=work) for _ in range(5)]\n\
             for w in workers: w.start()\nn = 0\nprint('wor' + 'king')\n\
             import sys, select\nwhile not select.select([sys.stdin], [], [], 0.005)[0]:\n n += 1; todo.put(n)\n\
             for w in workers: todo.put(None)\nfor w in workers: w.join()\n\
             print('su' + 'm', sum(done) == sum(i * i for i in range(n + 1)), len(done) == n)\n";
        stage.home().write("ana", &stage.path("threads.py"), program);
        run_and_tell(stage, "python3 threads.py");
        stage.wait("working");
        travel(stage, rounds(10), |_| {});
        stage.move_to("hostB");
        stage.term.type_keys("\r");
        stage.wait("sum True True");
        stage.wait("ended 0");
    });
}

#[test]
fn a_full_screen_curses_clock_ticks_and_takes_keys() {
    with_ana(|stage| {
        let program = "import curses, time\n\
             def clock(screen):\n screen.timeout(100); keys = ticks = 0\n while True:\n  ticks += 1\n  screen.erase(); screen.box()\n  \
             screen.addstr(2, 4, f'ticks {ticks}'); screen.addstr(3, 4, f'keys {keys} end', curses.A_REVERSE)\n  \
             screen.addstr(5, 4, '{} x {} size'.format(*screen.getmaxyx())); screen.refresh()\n  key = screen.getch()\n  \
             if key == ord('q'): return\n  if key not in (-1, curses.KEY_RESIZE): keys += 1\n\
             curses.wrapper(clock)\n";
        stage.home().write("ana", &stage.path("clock.py"), program);
        run_and_tell(stage, "python3 clock.py");
        stage.wait("keys 0 end");
        let mut keys = 0;
        travel(stage, rounds(10), |_| {
            draws_on(stage);
            keys += 1;
            stage.term.type_keys("\x1bOA");
            stage.wait(&format!("keys {keys} end"));
        });
        stage.move_to("hostB");
        stage.term.resize(qmux::ids::Size { cols: 100, rows: 30 });
        stage.wait("29 x 100 size");
        stage.term.type_keys("q");
        stage.wait("ended 0");
    });
}

#[test]
fn pipelines_of_the_shell_in_front_and_behind() {
    with_ana(|stage| {
        stage.run("set -o pipefail; (while [ ! -e go ]; do sleep 0.1; done; echo gone) | tr a-z A-Z > heard & echo st''arted");
        stage.wait("started");
        run_and_tell(
            stage,
            "(while [ ! -e on ]; do sleep 0.1; done; seq 1000; exit 3) | tail -n 1 | sed 's/^/last /'",
        );
        wait_until("the pipeline to stand", || stage.runs_on("hostA", "sed").then_some(()));
        travel(stage, rounds(10), |_| {});
        stage.move_to("hostB");
        stage.home().sh("ana", "touch /shared/ana/on");
        stage.wait("last 1000");
        stage.wait("ended 3");
        stage.run("clear; jobs");
        stage.wait("[1]+  Running");
        stage.home().sh("ana", "touch /shared/ana/go");
        stage.run("wait %1; echo wai''ted $? $(cat heard)");
        stage.wait("waited 0 GONE");
    });
}

/// Keys for a multiplexer inside of the pane: the prefix once for the outer and once for the inner one.
fn inner_prefix(stage: &Stage<'_>, keys: &str) {
    stage.term.type_keys(format!("\x02\x02{keys}"));
}

/// A multiplexer inside of the pane, `client` typed with words behind: its server is a daemon, which comes along.
fn a_multiplexer_inside(server: &str, client: &str, folder: &str) {
    with_ana(|stage| {
        stage.run("unset TMUX QMUX");
        run_and_tell(stage, &format!("{client} new-session -s inner"));
        stage.wait("inner");
        stage.run("n=0; clear; echo coun''ted $n");
        stage.wait("counted 0");
        let mut n = 0;
        travel(stage, rounds(10), |place| {
            n += 1;
            stage.run("let n++; clear; echo coun''ted $n on $(cat /etc/hostname)");
            stage.wait(&format!("counted {n} on {place}"));
            let other = if place == "hostA" { "hostB" } else { "hostA" };
            assert!(
                !stage.lab.host(other).sh("root", "pgrep -af . || true").contains(server),
                "{server} is on {other}"
            );
        });
        stage.move_to("hostB");
        // New programs of its, a client that goes, and one that comes, by the socket there.
        inner_prefix(stage, "c");
        stage.run("clear; echo an''other; echo");
        stage.wait("another\n");
        stage.run(&format!(
            "clear; {client} list-windows -F 'wi''ndow #{{window_index}} of #{{session_name}}'"
        ));
        stage.wait("window 1 of inner");
        inner_prefix(stage, "d");
        stage.wait("ended 0");
        let there = stage
            .lab
            .host("hostB")
            .sh("ana", &format!("{client} list-sessions -F '#{{session_name}} is there'"));
        assert_eq!(there, "inner is there");
        stage.run("clear");
        run_and_tell(stage, &format!("{client} attach -t inner:0"));
        stage.wait(&format!("counted {n} on"));
        run_and_tell(stage, &format!("{client} kill-server"));
        stage.wait("ended");
        stage.wait_prompt();
        assert_eq!(stage.home().sh("ana", &format!("find {folder} -type d -perm /077")), "");
    });
}

#[test]
fn a_second_qmux_inside_goes_along_with_its_server() {
    a_multiplexer_inside("inner.sock", "qmux -L inner", "/tmp/qmux-4242");
}

#[test]
fn a_tmux_inside_goes_along_with_its_server() {
    a_multiplexer_inside("tmux", "tmux", "/tmp/tmux-4242");
}

/// Counts in a file that it has mapped and not open, as /tmp/hsperfdata_USER is; that of Java's is one.
#[test]
fn java_goes_on_with_its_counters() {
    with_ana(|stage| {
        let program = "public class Ticks { public static void main(String[] words) throws Exception {\n\
                       for (int n = 0; ; n++) { System.out.println(\"ti\" + \"ck \" + n); byte[] some = new byte[1 << 20]; \
                       Thread.sleep(100); if (System.in.available() > 0) break; }\n\
                       System.out.println(\"en\" + \"ough\"); } }\n";
        stage.home().write("ana", &stage.path("Ticks.java"), program);
        run_and_tell(stage, "javac Ticks.java && java -Xmx64m -cp . Ticks");
        stage.wait("tick 3");
        // A moving heap of that size takes its time: ten rounds were made by hand.
        travel(stage, rounds(10).min(4), |place| {
            draws_on(stage);
            let counters = "grep -c '^[^ ]* rw-s .* /tmp/hsperfdata_ana/[0-9]*$' /proc/$(pgrep -x java)/maps";
            assert_eq!(stage.lab.host(place).sh("root", counters), "1");
        });
        stage.move_to("hostB");
        stage.term.type_keys("\r");
        stage.wait("enough");
        stage.wait("ended 0");
        assert_eq!(stage.lab.host("hostB").sh("ana", "ls /tmp/hsperfdata_ana"), "", "it takes its file away");
    });
}
