//! Random and mutated input for the terminal core and the key decoder: no panic, no hang, no memory without
//! bound, whatever comes.
//!
//! `QMUX_FUZZ_INPUTS` says how many inputs (default 100 000), `QMUX_FUZZ_SEED` where to begin. What fails is
//! told with its seed; the same seed makes the same inputs. Ten million, optimised, in some minutes:
//! `QMUX_FUZZ_INPUTS=10000000 cargo test --release --test fuzz_terminal -- --nocapture`

use qmux::ids::Size;
use qmux::vt::keys::Decoder;
use qmux::vt::{CaptureOptions, Screen};
use std::time::{Duration, Instant};

/// Inputs one screen gets before a new one is made.
const INPUTS_PER_SCREEN: u64 = 500;
/// Longest one input may take: thousands of times what any does, so that a loaded machine passes.
const INPUT_LIMIT: Duration = Duration::from_secs(10);
/// Most bytes a snapshot of a screen of this size with this much scrollback has: text, styles, links and a
/// string on its way.
const SNAPSHOT_MAX: usize = 16 << 20;
/// How much the whole process may grow while the inputs run, in KiB.
const GROWTH_MAX_KIB: u64 = 400 << 10;

/// A generator of numbers that is the same everywhere (xorshift64*, Vigna 2016).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
    /// From 0 to below `n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n.max(1)
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// What programs send, to be sent as it is, cut, joined and mutated.
const SEEDS: &[&[u8]] = &[
    b"\x1b[?1049h\x1b[22;0;0t\x1b[>4;2m\x1b[?1h\x1b=\x1b[?2004h\x1b[1;50r\x1b[?12h\x1b[H\x1b[2J\x1b[38;2;1;2;3mvim\x1b[K\x1b[?25h",
    b"\x1bP+q436f\x1b\\\x1b[>c\x1b[6n\x1b]10;?\x07\x1b]11;?\x07\x1b[?996n\x1b[?2026$p\x1b[c",
    b"\x1bPtmux;\x1b\x1b]52;c;aGVsbG8=\x07\x1b\\\x1b]8;id=1;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    b"\x1bPq\"1;1;8;6#0;2;100;0;0#0!8~-!8~\x1b\\\x1b_Ga=T,f=24,s=1,v=1;AAAA\x1b\\after",
    "漢字かな交じり文 👨\u{200d}👩\u{200d}👧 🇩🇪🇫🇷 e\u{301}\u{302} ❤\u{fe0f} \x1b[?2027hका नि".as_bytes(),
    b"\x1b[?69h\x1b[5;20s\x1b[3;9r\x1b[?6h\x1b[2;2Hboxed\x1b[3'}\x1b[2'~\x1b6\x1b9\x1b[2 @\x1b[2 A\x1b[4h\x1b[65535b",
    b"\x1b[1;1;5;9;1;3;3;1$v\x1b[42;2;2;4;8$x\x1b[1;1;9;9$z\x1b[1;1;9;9${\x1b[1;1;9;9;1;4$r\x1b[2*x\x1b[1;1;9;9;7$t\x1b[7;1;1;1;9;9*y",
    b"\x1b(0lqqk\x1b(B\x1b)0\x0eqqq\x0f\x1bN\x1bO\x1bn\x1bo\x1b#8\x1b7\x1b8\x1bD\x1bE\x1bM\x1bH\x1b[3g\t\t",
    b"\x1b]0;title\x07\x1b]4;1;#123456;2;?\x07\x1b]104\x07\x1b]7;file://h/p\x07\x1b]133;A\x07\x1b]9;4;1;50\x07\x1b]777;notify;a;b\x07",
    b"\x1b[#{\x1b[#}\x1b[#P\x1b[#Q\x1b[#R\x1b[1;1;2;2#|\x1b[?1004s\x1b[?1004r\x1b[62;1\"p\x1b[65;2\"p\x1b G\x9b5n\x9d2;t\x9c\x1b F",
    b"\x1b[200~paste\x1b[201~\x1b[<0;10;10M\x1b[M !!\x1b[97;5:3u\x1b[?62;4c\x1b[1;5A\x1bOP\x1b[24~\x1b[I",
    b"line one\r\nline two\r\n\x1b[31mred\x1b[0m\r\n\x1b[38:2::1:2:3;48:5:9;4:3;58:5:1;53mall\x1b[m\r\n",
];

fn number(rng: &mut Rng) -> String {
    match rng.below(8) {
        0 => String::new(),
        1 => "0".to_owned(),
        2 => rng.below(70_000).to_string(),
        3 => "4294967296999".to_owned(),
        _ => rng.below(90).to_string(),
    }
}

/// One sequence of any kind.
fn sequence(rng: &mut Rng, out: &mut Vec<u8>) {
    match rng.below(10) {
        0..=4 => {
            out.extend_from_slice(b"\x1b[");
            if rng.one_in(3) {
                out.push(b"<=>?"[rng.below(4)]);
            }
            let most = if rng.one_in(20) { 60 } else { 7 };
            for i in 0..rng.below(most) {
                if i > 0 {
                    out.push(if rng.one_in(5) { b':' } else { b';' });
                }
                out.extend_from_slice(number(rng).as_bytes());
            }
            if rng.one_in(4) {
                out.push(0x20 + rng.below(16) as u8);
            }
            out.push(0x40 + rng.below(63) as u8);
        }
        5 => {
            out.push(0x1b);
            if rng.one_in(3) {
                out.push(0x20 + rng.below(16) as u8);
            }
            out.push(0x30 + rng.below(79) as u8);
        }
        6 | 7 => {
            let modes =
                [3u16, 6, 7, 25, 40, 41, 45, 47, 69, 1000, 1006, 1045, 1047, 1048, 1049, 2026, 2027, 2048];
            let mode = modes[rng.below(modes.len())];
            out.extend_from_slice(
                format!("\x1b[?{mode}{}", if rng.one_in(2) { 'h' } else { 'l' }).as_bytes(),
            );
        }
        _ => {
            let intro: &[u8] = rng.pick(&[
                &b"\x1b]"[..],
                b"\x1bP",
                b"\x1b_",
                b"\x1b^",
                b"\x1bX",
                b"\x1bk",
                b"\xc2\x9d",
                b"\xc2\x90",
            ]);
            out.extend_from_slice(intro);
            out.extend_from_slice(number(rng).as_bytes());
            for _ in 0..rng.below(4) {
                out.push(b';');
                let part: &[u8] = rng.pick(&[
                    &b"?"[..],
                    b"#123",
                    b"rgb:1/2/3",
                    b"c",
                    b"aGk=",
                    b"A",
                    b"$qm",
                    b"+q436f",
                    b"tmux;\x1b\x1b[m",
                ]);
                out.extend_from_slice(part);
            }
            let end: &[u8] =
                rng.pick(&[&b"\x07"[..], b"\x1b\\", b"\x1b\\", b"\x18", b"", b"\xc2\x9c", b"\x9c"]);
            out.extend_from_slice(end);
        }
    }
}

fn text(rng: &mut Rng, out: &mut Vec<u8>) {
    for _ in 0..rng.below(60) {
        match rng.below(12) {
            0..=6 => out.push(0x20 + rng.below(95) as u8),
            7 => out.push(rng.below(0x20) as u8),
            8 => out.push(rng.next() as u8),
            9 => {
                let c: &str = rng.pick(&[
                    "漢",
                    "é",
                    "\u{301}",
                    "\u{200d}",
                    "\u{fe0f}",
                    "👍",
                    "\u{1f3fd}",
                    "🇩",
                    "ᄀ",
                    "ᅡ",
                    "\u{ad}",
                ]);
                out.extend_from_slice(c.as_bytes());
            }
            10 => out.extend_from_slice(b"\r\n"),
            _ => {
                let c = char::from_u32(rng.next() as u32 % 0x11_0000).unwrap_or('\u{fffd}');
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..1 + rng.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.below(bytes.len());
        match rng.below(6) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = rng.next() as u8,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, rng.next() as u8),
            4 => {
                let end = at + rng.below(bytes.len() - at);
                bytes.drain(at..end);
            }
            _ => {
                let end = at + rng.below((bytes.len() - at).min(40));
                let again = bytes[at..end].to_vec();
                for _ in 0..rng.below(4) {
                    bytes.splice(at..at, again.iter().copied());
                }
            }
        }
    }
}

/// One input.
fn input(rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    match rng.below(4) {
        0 => {
            for _ in 0..1 + rng.below(3) {
                out.extend_from_slice(SEEDS[rng.below(SEEDS.len())]);
            }
            mutate(rng, &mut out);
        }
        1 => out.extend((0..rng.below(80)).map(|_| rng.next() as u8)),
        _ => {
            for _ in 0..1 + rng.below(8) {
                if rng.one_in(2) { sequence(rng, &mut out) } else { text(rng, &mut out) }
            }
            if rng.one_in(4) {
                mutate(rng, &mut out);
            }
        }
    }
    out
}

/// Everything users of a screen do with it, now and then.
fn use_screen(rng: &mut Rng, screen: &mut Screen) {
    match rng.below(40) {
        0 => screen.resize(Size { cols: 1 + rng.below(120) as u16, rows: 1 + rng.below(50) as u16 }),
        1 => {
            let bytes = screen.snapshot();
            assert!(bytes.len() < SNAPSHOT_MAX, "a snapshot of {} bytes", bytes.len());
            let again = Screen::from_snapshot(&bytes).expect("a snapshot just taken");
            assert!(again.snapshot() == bytes, "a restored screen is another");
            *screen = again;
        }
        2 => {
            let all = CaptureOptions { escapes: true, join: rng.one_in(2), ..CaptureOptions::default() };
            std::hint::black_box(screen.capture(-20, 99, all));
        }
        3 => {
            for y in 0..screen.size().rows {
                screen.for_each_cell(y, |x, cell| assert!(x < 120 && cell.width <= 2));
            }
        }
        4 => screen.set_history_limit(rng.below(300)),
        _ => {
            std::hint::black_box((screen.take_events(), screen.take_replies(), screen.take_damage()));
        }
    }
    let (size, cursor) = (screen.size(), screen.cursor());
    assert!(cursor.x < size.cols && cursor.y < size.rows, "the cursor has left the screen");
    assert!(screen.history_len() <= screen.history_limit());
}

fn inputs() -> u64 {
    setting("QMUX_FUZZ_INPUTS").unwrap_or(100_000)
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Resident memory of this process, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[test]
fn nothing_breaks_the_terminal_or_the_key_decoder() {
    let first = setting("QMUX_FUZZ_SEED").unwrap_or(1);
    let (count, before, start) = (inputs(), resident_kib(), Instant::now());
    let mut done = 0;
    let mut bytes = 0u64;
    let mut slowest = (Duration::ZERO, Vec::new());
    for seed in first.. {
        if done >= count {
            break;
        }
        // A failure tells which screen; its inputs can be made again from the seed.
        let told = Told(seed);
        let mut rng = Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut screen = Screen::new(Size { cols: 80, rows: 24 }, 200);
        let mut keys = Decoder::new();
        for _ in 0..INPUTS_PER_SCREEN {
            let input = input(&mut rng);
            let began = Instant::now();
            screen.advance(&input);
            use_screen(&mut rng, &mut screen);
            let mut typed = Vec::new();
            keys.feed(&input, &mut typed);
            if rng.one_in(3) {
                keys.flush(&mut typed);
                assert!(!keys.pending(), "the decoder keeps something back");
            }
            let took = began.elapsed();
            assert!(took < INPUT_LIMIT, "{took:?} for {:?}", String::from_utf8_lossy(&input));
            bytes += input.len() as u64;
            if took > slowest.0 {
                slowest = (took, input);
            }
        }
        done += INPUTS_PER_SCREEN;
        std::mem::forget(told);
    }
    let grown = resident_kib().saturating_sub(before);
    println!("{done} inputs, {bytes} bytes in {:?}; {grown} KiB more resident", start.elapsed());
    println!("the slowest took {:?}: {:?}", slowest.0, String::from_utf8_lossy(&slowest.1));
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB more resident than at the start");
}

/// Dropped by a panic: says how to make it again.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("again with QMUX_FUZZ_SEED={} QMUX_FUZZ_INPUTS={INPUTS_PER_SCREEN}", self.0);
    }
}
