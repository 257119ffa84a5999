//! Every fixture through the whole engine: frozen, dumped, killed, restored; then it checks itself.

#[path = "fixtures/mod.rs"]
mod fixtures;
#[path = "restore/tree.rs"]
mod tree;

use fixtures::user;
use tree::{Scratch, Tree};

fn restored(name: &str) {
    let program = fixtures::fixture(name);
    let scratch = Scratch::new(name);
    let mut tree = Tree::spawn(&scratch, &[program.to_str().expect("a plain path")]);
    tree.wait_text("READY");
    tree.round_trip();
    tree.keys("\n");
    let status = tree.wait_exit();
    tree.settle();
    assert_eq!(status, 0, "{name}:\n{}", tree.text());
}

macro_rules! each {
    ($($name:ident)*) => {
        const FIXTURES: &[&str] = &[$(stringify!($name),)* "connection"];

        mod is_restored {
            $(#[test]
            fn $name() {
                super::restored(stringify!($name));
            })*
        }
    };
}

for_each_fixture!(each);

mod is_cut {
    use super::*;

    /// The program on the other side of the connection is none of the tree's.
    #[test]
    fn connection() {
        let program = fixtures::fixture("connection");
        let scratch = Scratch::new("connection");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port().to_string();
        let mut tree = Tree::spawn(&scratch, &[program.to_str().expect("a plain path"), &port]);
        tree.cut = true;
        tree.wait_text("READY");
        tree.round_trip();
        tree.keys("\n");
        let status = tree.wait_exit();
        tree.settle();
        assert_eq!(status, 0, "{}", tree.text());
    }
}

/// The whole list again as an ordinary user.
#[test]
fn all_as_an_ordinary_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let ground = user::Ground::new(Some(fixtures::build_all(FIXTURES)));
    let output =
        ground.tests(&["is_restored::", "is_cut::", "--test-threads=2"]).output().expect("setpriv(1)");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("is_restored::nanosleep ... ok"), "{text}");
    assert!(text.contains("is_cut::connection ... ok"), "{text}");
}
