//! Links the program at fixed addresses.
//!
//! A program that may be loaded anywhere has 150 KB of pointers corrected at every start, in pages that each of the
//! two small processes of a pane then has for itself (`docs/performance.md`). Its libraries, heap and stacks stay
//! where the kernel puts them.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
