use super::*;
use std::collections::HashMap;

/// Three windows, the middle one current.
struct World {
    values: HashMap<&'static str, String>,
}

struct WindowNamed<'a>(&'a World, usize);

impl World {
    fn new() -> World {
        let pairs = [
            ("session_name", "work"),
            ("pane_current_path", "/usr/share/doc"),
            ("window_name", "vim"),
            ("one", "1"),
            ("zero", "0"),
            ("empty", ""),
            ("stamp", "1700000000"),
            ("nested", "#{session_name}-%H"),
            ("wide", "日本語"),
        ];
        World { values: pairs.into_iter().map(|(k, v)| (k, v.to_owned())).collect() }
    }
}

impl Context for World {
    fn lookup(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }
    fn each(&self, over: Loop, order: Order) -> Vec<(bool, Box<dyn Context + '_>)> {
        match over {
            Loop::Windows => {
                let mut all: Vec<_> = (0..3)
                    .map(|i| (i == 1, Box::new(WindowNamed(self, i)) as Box<dyn Context + '_>))
                    .collect();
                if order.reversed {
                    all.reverse();
                }
                all
            }
            _ => Vec::new(),
        }
    }
    fn now(&self) -> (i64, i32) {
        (1_700_000_000, 0)
    }
    fn shell(&self, command: &str) -> String {
        format!("<{command}>")
    }
}

impl Context for WindowNamed<'_> {
    fn lookup(&self, name: &str) -> Option<String> {
        match name {
            "window_index" => Some(self.1.to_string()),
            other => self.0.lookup(other),
        }
    }
    fn each(&self, over: Loop, order: Order) -> Vec<(bool, Box<dyn Context + '_>)> {
        self.0.each(over, order)
    }
    fn now(&self) -> (i64, i32) {
        self.0.now()
    }
}

#[track_caller]
fn check(format: &str, want: &str) {
    assert_eq!(expand(format, &World::new()), want, "{format}");
}

#[test]
fn variables_and_escapes() {
    check("#S:#{window_name}", "work:vim");
    check("#{nothing}|#{empty}|", "||");
    check("## #, #} #x #", "# , } #x #");
    check("##[fg=red]", "##[fg=red]");
    check("#[fg=#{?one,red,blue}]", "#[fg=red]");
    check("a#(echo (#S))b", "a<echo (work)>b");
    check("#{unclosed", "");
}

#[test]
fn conditions() {
    check("#{?one,yes,no}", "yes");
    check("#{?zero,yes,no}", "no");
    check("#{?unknown_name,yes,no}", "no");
    check("#{?zero,a,one,b,c}", "b");
    check("#{?zero,a,zero,b,c}", "c");
    check("#{?zero,a}", "");
    check("#{?one,a#,b,c}", "a,b");
    check("#{?#{==:#{session_name},work},in,out}", "in");
    check("#{?one,#{?zero,x,#{window_name}},n}", "vim");
}

#[test]
fn comparisons_and_logic() {
    check("#{==:a,a}#{==:a,b}#{!=:a,b}#{<:a,b}#{>:a,b}#{<=:a,a}#{>=:a,b}", "1011010");
    check("#{&&:#{one},#{zero}}#{||:#{one},#{zero}}#{&&:1,1,1}#{||:0,0,1}", "0111");
    check("#{!:#{one}}#{!!:#{one}}#{!:0}", "011");
    check("#{m:*or*,work}#{m/r:^w.*k$,work}#{m/i:WO*,work}#{m/ri:^WORK$,work}#{m:x,work}", "11110");
}

#[test]
fn cutting_and_padding() {
    check("#{=3:pane_current_path}", "/us");
    check("#{=-3:pane_current_path}", "doc");
    check("#{=/3/...:pane_current_path}", "/us...");
    check("#{=/-3/...:pane_current_path}", "...doc");
    check("#{=/30/...:window_name}", "vim");
    check("[#{p6:window_name}][#{p-6:window_name}]", "[vim   ][   vim]");
    check("#{=3:wide}|#{=4:wide}|#{w:wide}|#{n:window_name}", "日|日本|6|3");
    check("#{=|5|…:pane_current_path}", "/usr/…");
}

#[test]
fn paths_quotes_and_substitution() {
    check("#{b:pane_current_path} #{d:pane_current_path}", "doc /usr/share");
    check("#{b:#{pane_current_path}}", "doc");
    check("#{l:#{session_name}}", "#{session_name}");
    check("#{s/usr/USR/:pane_current_path}", "/USR/share/doc");
    check("#{s|/|.|:pane_current_path}", ".usr.share.doc");
    check("#{s/(s)(h)/\\2\\1/:pane_current_path}", "/usr/hsare/doc");
    check("#{=5;s/usr/x/:pane_current_path}", "/x/sh");
    check("#{q:#{l:a b$}}", "a\\ b\\$");
    check("#{q/e:#{l:a##b}}", "a##b");
}

#[test]
fn times() {
    check("#{t:stamp}", "Tue Nov 14 22:13:20 2023");
    check("#{t/f/%Y:stamp}", "2023");
    check("#{t/p:stamp}", "22:13");
    check("#{E:nested}", "work-%H");
    check("#{T:nested}", "work-22");
    assert_eq!(expand_time("%H:%M #S", &World::new()), "22:13 work");
}

#[test]
fn loops_and_arithmetic() {
    check("#{W:#{window_index} ,[#{window_index}] }", "0 [1] 2 ");
    check("#{W:#{window_index}}", "012");
    check("#{e|+:3,4} #{e|/|f|2:1,3} #{e|/:1,0} #{e|m:7,4} #{e|<:1,2}", "7 0.33  3 1");
    check("#{R:ab,3}#{a:65}#{c:red}", "abababA800000");
}

#[test]
fn hostile_formats_end() {
    let world = World::new();
    let deep = "#{E:".repeat(500) + "nested" + &"}".repeat(500);
    expand(&deep, &world);
    let wide = "#{W:".repeat(30) + "x" + &"}".repeat(30);
    expand(&wide, &world);
    for junk in [
        "#{",
        "#{:",
        "#{=",
        "#{=:}",
        "#{s///:}",
        "#{p99999999999:x}",
        "#{R:x,99999999}",
        "#{m/r:(((:x}",
        "#(",
        "#{?}",
        "#{;;:}",
        "#{=/:x}",
    ] {
        expand(junk, &world);
    }
}

#[test]
fn arguments_are_quoted_so_that_they_read_back() {
    assert_eq!(quote_argument(""), "''");
    assert_eq!(quote_argument("abc-d"), "abc-d");
    assert_eq!(quote_argument("a b"), "\"a b\"");
    assert_eq!(quote_argument("#"), "\\#");
    assert_eq!(quote_argument("say \"$x\""), "\"say \\\"\\$x\\\"\"");
}

#[test]
fn arguments_that_ask_for_nothing_leave_the_value() {
    check("#{=:one}|#{=/x:one}|#{p:one}|#{p/x:one}|#{s/x:one}", "1|1|1|1|1");
    check("#{==:a}|#{<:a}|", "||");
    check("#{e|+|f|x:1,2}|#{e|+|f|2|more:1,2}|#{e|+|f|1:1,2}", "||3.0");
    check("#{n:#{R:x,10000}}|#{R:x,10001}|", "10000||");
    check("#{t/f/%H#:%M#,:stamp}", "22:13,");
    check("#{?abc}|#{?#{window_name}}|#{?one,yes}|#{?zero,yes}|", "abc|vim|yes||");
    check("#{s/x*/-/:window_name}|#{s/^/-/:window_name}|#{s/$/-/:window_name}", "v-i-m-|-vim|vim-");
}

#[test]
fn loops_are_sorted_by_what_stands_behind_the_slash() {
    check(
        "#{W:#{window_index}}|#{W/n:#{window_index}}|#{W/r:#{window_index}}|#{W/nr:#{window_index}}",
        "012|012|210|210",
    );
}
