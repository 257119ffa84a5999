//! The module table of `docs/architecture.md` section 3 as data: who may use whom, and where `unsafe` may be.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Module, and the modules of qmux it may use besides itself.
const MAY_USE: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("command", &["ids"]),
    ("format", &["ids"]),
    ("vt", &["ids"]),
    ("protocol", &["ids", "command", "vt"]),
    ("mux", &["ids", "command", "format", "vt", "protocol"]),
    // protocol: what a client says of its terminal (`ClientHello`).
    ("view", &["ids", "vt", "mux", "format", "protocol"]),
    ("migration", &["ids", "protocol"]),
    ("placement", &["ids", "command"]),
    ("sys", &[]),
    ("pty", &["ids", "sys"]),
    ("checkpoint", &["ids", "sys"]),
    ("transport", &["ids", "protocol"]),
    // placement: a keeper takes the sample that `qmux keeper --sample` prints.
    ("keeper", &["ids", "protocol", "sys", "pty", "checkpoint", "transport", "migration", "placement"]),
    (
        "server",
        &[
            "ids",
            "command",
            "format",
            "vt",
            "protocol",
            "mux",
            "view",
            "migration",
            "placement",
            "sys",
            "pty",
            "transport",
            "keeper",
        ],
    ),
    // sys: the terminal's descriptor is passed to the server.
    ("client", &["ids", "protocol", "sys", "transport"]),
    // client: the global flags are its words.
    ("manual", &["command", "mux", "client"]),
    ("doctor", &["ids", "checkpoint", "client", "transport"]),
];

/// Names at the crate's root that are no modules: macros.
const ROOT_MACROS: &[&str] = &["messages"];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without comments, strings and the tests at its end (tests may use what they like), line
/// by line, so that places can be named.
fn code(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut kept = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let test_module = line.trim_start().starts_with("#[cfg(test)]")
            && lines[i + 1..].iter().find(|l| !l.trim_start().starts_with('#')).is_some_and(|next| {
                let next = next.trim_start().trim_start_matches("pub ");
                next.starts_with("mod ") && next.trim_end().ends_with('{')
            });
        if test_module {
            break;
        }
        kept.push(without_comments_and_strings(line));
    }
    kept
}

fn without_comments_and_strings(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_string => {
                chars.next();
            }
            '"' => in_string = !in_string,
            '\'' if !in_string && chars.peek() == Some(&'"') => {
                chars.next();
            }
            '/' if !in_string && chars.peek() == Some(&'/') => break,
            _ if in_string => {}
            _ => out.push(c),
        }
    }
    out
}

/// First names of all paths that begin at the crate's root: `crate::a::b` and `crate::{a, b::{c}}`.
fn crate_paths(code: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in code.iter().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c == '$' || c == '_' || c.is_alphanumeric()) {
                continue;
            }
            let rest = line[at + "crate::".len()..].to_string() + "\n" + &code[number + 1..].join("\n");
            for name in first_names(&rest) {
                found.push((number + 1, name));
            }
        }
    }
    found
}

fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut names, mut depth, mut item) = (vec![], 1, String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (c == ',' && depth == 1) {
            names.extend(Some(name(&item)).filter(|n| !n.is_empty()));
            item.clear();
        } else {
            item.push(c);
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Files that are compiled for tests only: `#[cfg(test)] mod NAME;` in a neighbour.
fn test_files(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (i, _) in lines.iter().enumerate().filter(|(_, l)| l.trim().starts_with("#[cfg(test)]")) {
            let declared = lines[i + 1..].iter().find(|l| !l.trim_start().starts_with('#'));
            let name = declared.and_then(|l| {
                l.trim().trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')
            });
            let Some(name) = name else { continue };
            let stem = file.file_stem().unwrap();
            let folder = match stem == "mod" || stem == "lib" {
                true => file.parent().unwrap().to_path_buf(),
                false => file.with_extension(""),
            };
            found.insert(folder.join(format!("{name}.rs")));
            found.insert(folder.join(name).join("mod.rs"));
        }
    }
    found
}

fn module_of(file: &Path, root: &Path) -> String {
    let inside = file.strip_prefix(root).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_string()
}

fn all() -> (PathBuf, Vec<PathBuf>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "the sources are there");
    (root, files)
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let (root, files) = all();
    let skipped = test_files(&files);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|f| !skipped.contains(*f)) {
        let module = module_of(file, &root);
        // The library's root lists the modules, the program picks a role.
        if module == "lib" || module == "main" {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module `{module}` is not in the table", file.display()));
            continue;
        };
        for (line, used) in crate_paths(&code(&std::fs::read_to_string(file).unwrap())) {
            let known =
                used == module || allowed.contains(&used.as_str()) || ROOT_MACROS.contains(&used.as_str());
            if !known {
                wrong.push(format!("{}:{line}: `{module}` may not use `{used}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "docs/architecture.md section 3:\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_is_in_sys_only() {
    let (root, files) = all();
    let mut wrong = Vec::new();
    for file in files.iter().filter(|f| module_of(f, &root) != "sys") {
        let text = std::fs::read_to_string(file).unwrap();
        for (i, line) in text.lines().map(without_comments_and_strings).enumerate() {
            let mut words = line.split(|c: char| c != '_' && !c.is_alphanumeric());
            if words.any(|w| w == "unsafe" || w == "unsafe_code") {
                wrong.push(format!("{}:{}", file.display(), i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "`unsafe` outside src/sys:\n{}", wrong.join("\n"));
}

#[test]
fn pure_modules_have_no_descriptors_threads_or_async() {
    let pure = ["ids", "command", "format", "vt", "protocol", "mux", "view", "migration", "placement"];
    let forbidden = [
        "tokio::",
        "std::fs",
        "std::net",
        "std::process::Command",
        "std::thread",
        "std::os::fd",
        "nix::",
        "libc::",
    ];
    // Themes are files of the user's; `view` reads them when it is told to.
    let may = [("view", "std::fs")];
    let (root, files) = all();
    let skipped = test_files(&files);
    let mut wrong = Vec::new();
    for file in files.iter().filter(|f| pure.contains(&module_of(f, &root).as_str()) && !skipped.contains(*f))
    {
        for (i, line) in code(&std::fs::read_to_string(file).unwrap()).iter().enumerate() {
            let allowed = |word: &str| may.contains(&(module_of(file, &root).as_str(), word));
            for word in forbidden.iter().filter(|w| line.contains(**w) && !allowed(w)) {
                wrong.push(format!("{}:{}: {word}", file.display(), i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "pure modules touch the world:\n{}", wrong.join("\n"));
}

/// The scanner sees what it is there for.
/// Options that no code, no key table and no theme speaks of, beside their definition, are those that
/// docs/tmux-differences.md says are only kept.
#[test]
fn options_that_nothing_follows_are_told() {
    let (root, files) = all();
    let tests = test_files(&files);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut text: String =
        files.iter().filter(|file| !tests.contains(*file)).map(|file| read(file)).collect();
    for dir in ["mux", "../themes"] {
        let paths = std::fs::read_dir(root.join(dir)).unwrap().map(|entry| entry.unwrap().path());
        let kept = paths.filter(|path| path.extension().is_some_and(|e| e == "conf" || e == "toml"));
        kept.for_each(|path| text.push_str(&read(&path)));
    }
    let spoken: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut counted: std::collections::BTreeMap<&str, usize> = Default::default();
    spoken.split(|c: char| !part(c)).for_each(|word| *counted.entry(word).or_default() += 1);
    // Boxes look up `KIND-style` and the like.
    let by_kind = |name: &str| name.starts_with("menu-") || name.starts_with("popup-");
    let idle: BTreeSet<&str> = qmux::mux::options::OPTIONS
        .iter()
        .filter(|def| def.kind != qmux::mux::options::Kind::Hook && !by_kind(def.name))
        .map(|def| def.name)
        .filter(|name| counted.get(name).copied().unwrap_or(0) < 2)
        .collect();
    let doc = read(&root.join("../docs/tmux-differences.md"));
    let (_, list) = doc.split_once("nothing follows yet").expect("the list");
    let (_, list) = list.split_once("):").expect("its beginning");
    let list = list.split("\n- ").next().expect("its end");
    let told: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(idle, told);
}

#[test]
fn the_scanner_finds_uses_and_is_not_fooled() {
    let text = r#"
use crate::mux::Mux; // crate::comment
use crate::{ids::{A, B}, view,
    server::x};
/// [`crate::doc`]
let a = "crate::string"; let q = '"'; crate::inline::f(); $crate::macro_path!();
my_crate::other();
#[cfg(test)]
mod tests {
    use crate::only_tests;
}
"#;
    let names: Vec<String> = crate_paths(&code(text)).into_iter().map(|(_, n)| n).collect();
    assert_eq!(names, ["mux", "ids", "view", "server", "inline"]);
    assert_eq!(without_comments_and_strings(r#"f("a \" unsafe", x) // unsafe"#), "f(, x) ");
}
