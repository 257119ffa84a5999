use super::target::{TargetKind, split};
use super::*;
use std::collections::HashMap;

#[derive(Default)]
struct Around {
    env: HashMap<String, String>,
    hidden: Vec<String>,
}

impl Host for Around {
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }
    fn home(&self, user: &str) -> Option<String> {
        match user {
            "" => Some("/home/me".into()),
            "ann" => Some("/home/ann".into()),
            _ => None,
        }
    }
    fn condition(&self, format: &str) -> bool {
        !matches!(format, "" | "0" | "#{off}")
    }
    fn assign(&mut self, name: &str, value: &str, hidden: bool) {
        self.env.insert(name.into(), value.into());
        if hidden {
            self.hidden.push(name.into());
        }
    }
}

fn read(text: &str) -> Result<Vec<Command>, ParseError> {
    parse(text, &mut Around::default())
}

/// Words of each command, blocks as `{…}`.
fn words(text: &str) -> Vec<Vec<String>> {
    read(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .iter()
        .map(|c| {
            c.words
                .iter()
                .map(|w| match w {
                    Word::Text(t) => t.clone(),
                    Word::Block(b) => format!("{{{}}}", print_commands(b)),
                })
                .collect()
        })
        .collect()
}

#[test]
fn words_quotes_and_escapes() {
    assert_eq!(words("a 'b c' \"d e\"f\n"), [["a", "b c", "d ef"]]);
    assert_eq!(words(r#"a "x\"y\$z\n" '\n$HOME~'"#), [["a", "x\"y$z\n", "\\n$HOME~"]]);
    assert_eq!(words(r"a \; \061 \u00e9 \e"), [["a", ";", "1", "é", "\u{1b}"]]);
    assert_eq!(words("a \\\n b"), [["a", "b"]]);
    assert_eq!(words("a # comment\nb#c"), [vec!["a"], vec!["b#c"]]);
    assert_eq!(
        words("a ~ ~/x ~ann/y x~ '~' \"~\""),
        [["a", "/home/me", "/home/me/x", "/home/ann/y", "x~", "~", "/home/me"]]
    );
    assert_eq!(words("A=1 B=2\nb $A ${B}c $5 $"), [["b", "1", "2c", "$5", "$"]]);
    assert_eq!(words("a \"x\n   y\n# gone\nz\""), [["a", "x\ny\n\nz"]]);
    assert_eq!(words("bind x y\r\nz\r\n"), [vec!["bind", "x", "y"], vec!["z"]]);
}

#[test]
fn groups_lines_and_blocks() {
    let got = read("a ; b\nc\n\n  d {\n e ; f\n g }").unwrap();
    let lines: Vec<_> = got.iter().map(|c| (c.name().to_owned(), c.line)).collect();
    assert_eq!(lines, [("a".into(), 1), ("b".into(), 1), ("c".into(), 2), ("d".into(), 4)]);
    assert_eq!(got[0].group, got[1].group);
    assert_ne!(got[1].group, got[2].group);
    assert_eq!(words("d { e ; f\n g }"), [["d", "{e ; f ; g}"]]);
    assert_eq!(words("if a { b { c } } { d }"), [["if", "a", "{b { c }}", "{d}"]]);
}

#[test]
fn conditions_choose_lines() {
    let text = "%if #{on}\na\n%if 0\nb\n%else\nc\n%endif\n%elif 1\nd\n%else\ne\n%endif\nf\n";
    assert_eq!(words(text), [["a"], ["c"], ["f"]]);
    assert_eq!(words("%if 0\na\n%elif #{on}\nb\n%else\nc\n%endif"), [["b"]]);
    assert_eq!(words("%if #{==:#{x},a b} a %endif\nb"), [["a"], ["b"]]);
    let mut around = Around::default();
    parse("%if 0\nX=1\n%endif\n%hidden Y=2\nZ=3", &mut around).unwrap();
    assert_eq!(around.env.get("X"), None);
    assert_eq!(around.hidden, ["Y"]);
    assert_eq!(around.env.get("Z").map(String::as_str), Some("3"));
}

#[test]
fn errors_name_their_line() {
    for (text, line) in [
        ("a\nb 'x", 2),
        ("a\n; b", 2),
        ("a {\nb", 2),
        ("a }", 1),
        ("%endif", 1),
        ("%if 1\na", 2),
        ("{ a }", 1),
        ("a ~nobody", 1),
        ("a\n\nb \"\\09\"", 3),
    ] {
        let e = read(text).expect_err(text);
        assert_eq!(e.line, line, "{text}: {}", e.text);
    }
}

#[test]
fn hostile_text_ends() {
    let _ = read(&"a {".repeat(100_000));
    let _ = read(&"%if 1\n".repeat(10_000));
    for junk in [
        "\\",
        "$",
        "${",
        "${x",
        "a\\",
        "'",
        "\"",
        "~",
        "\u{0}",
        "\\u12",
        "\\U0011ffff",
        "%if",
        "%hidden",
        "a;;b",
        ";",
    ] {
        let _ = read(junk);
    }
}

#[test]
fn argument_lists() {
    let argv = |words: &[&str]| {
        let owned: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        parse_argv(&owned).iter().map(|c| print_commands(std::slice::from_ref(c))).collect::<Vec<_>>()
    };
    assert_eq!(argv(&["new", "-d", ";", "ls"]), ["new -d", "ls"]);
    assert_eq!(argv(&["new;", "ls", "a b"]), ["new", "ls \"a b\""]);
    assert_eq!(argv(&["bind", "x", "ls\\;"]), ["bind x \"ls;\""]);
    assert!(argv(&[";", ";"]).is_empty());
}

const SPEC: Spec = Spec {
    name: "new-thing",
    alias: "new",
    flags: "adt:e:",
    least: 0,
    most: Some(2),
    usage: "[-ad] [-e x] [-t target] [a [b]]",
    help: "",
    starts_server: false,
    interleave: false,
    long: &[],
};

fn text_words(text: &str) -> Vec<Word> {
    text.split_whitespace().map(|t| Word::Text(t.to_owned())).collect()
}

#[test]
fn flags_are_sorted_from_words() {
    let args = SPEC.read(&text_words("-da -tx -e 1 -e 2 word -a")).unwrap();
    assert!(args.has('d') && args.has('a') && !args.has('x'));
    assert_eq!(args.get('t').as_deref(), Some("x"));
    assert_eq!(args.all('e').collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(args.texts_from(0), ["word", "-a"]);
    assert_eq!(args.print("new-thing", &print_commands), "new-thing -ad -e 1 -e 2 -t x word -a");
    assert_eq!(SPEC.read(&text_words("-- -d")).unwrap().texts_from(0), ["-d"]);
    let said = |t: &str| SPEC.read(&text_words(t)).unwrap_err().to_string();
    assert_eq!(said("-x"), "command new-thing: unknown flag -x");
    assert_eq!(said("-t"), "command new-thing: -t expects an argument");
    assert_eq!(said("a b c"), "command new-thing: too many arguments (need at most 2)");
    assert_eq!(said("-?"), "usage: new-thing [-ad] [-e x] [-t target] [a [b]]");
}

#[test]
fn long_flags_may_stand_anywhere() {
    let spec = Spec { interleave: true, long: &["--dry-run", "--engine="], flags: "t:", most: None, ..SPEC };
    let args = spec.read(&text_words("pane hostB --dry-run -t %3 --engine native --engine=criu")).unwrap();
    assert!(args.has_long("--dry-run"));
    assert_eq!(args.get_long("--engine"), Some("criu"));
    assert_eq!(args.get('t').as_deref(), Some("%3"));
    assert_eq!(args.texts_from(0), ["pane", "hostB"]);
    assert!(spec.read(&text_words("--nope")).is_err());
    assert!(spec.read(&text_words("--engine")).is_err());
}

#[test]
fn targets_are_taken_apart() {
    let parts = |t: &str, k| {
        let p = split(t, k);
        (p.session.unwrap_or_default(), p.window.unwrap_or_default(), p.pane.unwrap_or_default())
    };
    let s = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(parts("a:b.c", TargetKind::Pane), s("a", "b", "c"));
    assert_eq!(parts("a:b", TargetKind::Pane), s("a", "b", ""));
    assert_eq!(parts("a:", TargetKind::Window), s("a", "", ""));
    assert_eq!(parts(":3", TargetKind::Window), s("", "3", ""));
    assert_eq!(parts(".1", TargetKind::Pane), s("", "", "1"));
    assert_eq!(parts("w.1", TargetKind::Pane), s("", "w", "1"));
    assert_eq!(parts("x", TargetKind::Session), s("x", "", ""));
    assert_eq!(parts("x", TargetKind::Pane), s("", "", "x"));
    assert_eq!(parts("%3", TargetKind::Session), s("", "", "%3"));
    assert_eq!(parts("@2", TargetKind::Pane), s("", "@2", ""));
    assert_eq!(parts(":{last}", TargetKind::Window), s("", "!", ""));
    assert_eq!(parts("=a:=b", TargetKind::Window), s("a", "b", ""));
    assert!(split("=a:b", TargetKind::Window).exact_session);
    assert!(split("=", TargetKind::Pane).mouse);
    assert!(split("~", TargetKind::Pane).marked);
    assert_eq!(super::target::offset("+"), Some(1));
    assert_eq!(super::target::offset("-12"), Some(-12));
    assert_eq!(super::target::offset("+x"), None);
}

#[test]
fn a_branch_has_at_least_an_empty_line_and_an_assignment_may_begin_a_line() {
    for text in ["%if 1\n%endif", "%if 1 %endif", "%if 1\na\n%else\n%endif", "%if 0\n%elif 1\na\n%endif"] {
        assert_eq!(read(text).unwrap_err().text, "syntax error", "{text}");
    }
    assert_eq!(words("%if 1\n\n%endif\na"), [["a"]]);
    assert_eq!(words("%if 1\n# nothing\n%endif\na"), [["a"]]);
    assert_eq!(words("%if 1 # why\nb\n%endif\na"), [["b"], ["a"]]);
    assert_eq!(words("X=1; a; b"), [["a"], ["b"]]);
    assert_eq!(words("X=1;"), Vec::<Vec<String>>::new());
    assert!(read("; a").is_err());
}
