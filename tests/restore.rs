//! Round trips of real programs through the native engine: frozen, dumped, killed, restored, used.

#[path = "restore/tree.rs"]
mod tree;

use qmux::checkpoint::Sabotage;
use tree::{Scratch, Tree, also_as_user};

#[track_caller]
fn assert_ended_well(tree: &mut Tree) {
    assert_eq!(tree.wait_exit(), 0, "exit status; the screen:\n{}", tree.text());
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

#[test]
fn cat_as_root() {
    cat();
}

#[test]
fn cat_as_user() {
    if also_as_user("cat_as_user") {
        cat();
    }
}
