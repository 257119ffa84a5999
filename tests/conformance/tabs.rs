//! Tab stops: HT CHT CBT HTS TBC DECST8C DECTABSR, and mode 41.

use super::host::Host;

#[test]
fn stops_are_every_eight_columns() {
    Host::new().send("\t").is_at(9, 1).send("\t").is_at(17, 1);
    Host::new().csi("I").is_at(9, 1).csi("2I").is_at(25, 1).csi("99I").is_at(80, 1);
    Host::new().go(20, 1).csi("Z").is_at(17, 1).csi("2Z").is_at(1, 1).csi("99Z").is_at(1, 1);
    Host::new().go(80, 1).send("\t").is_at(80, 1);
}

#[test]
fn stops_are_set_and_cleared() {
    Host::new().go(5, 1).send("\x1bH").go(1, 1).send("\t").is_at(5, 1).send("\t").is_at(9, 1);
    for clear in ["g", "0g"] {
        Host::new().go(9, 1).csi(clear).go(1, 1).send("\t").is_at(17, 1);
    }
    Host::new().csi("3g").send("\t").is_at(80, 1);
    // Other parameters clear nothing.
    Host::new().go(9, 1).csis(&["1g", "2g"]).go(1, 1).send("\t").is_at(9, 1);
    Host::new().csis(&["3g", "?5W"]).send("\t").is_at(9, 1);
}

#[test]
fn stops_are_reported_and_restored() {
    let mut h = Host::with("\x1b[3g\x1b[5G\x1bH\x1b[30G\x1bH");
    assert_eq!(h.dcs("\x1b[2$w"), "2$u5/30");
    h.send("\x1bP2$t7/11\x1b\\");
    assert_eq!(h.dcs("\x1b[2$w"), "2$u7/11");
}

#[test]
fn tabs_end_at_the_margin() {
    let mut h = Host::new();
    h.columns(5, 20).go(7, 1).send("\t").is_at(9, 1).send("\t").is_at(17, 1).send("\t\t").is_at(20, 1);
    h.go(1, 1).csi("9I").is_at(20, 1).go(30, 1).csi("99I").is_at(80, 1);
    // Back they go past it, but for origin mode.
    h.go(7, 1).csi("9Z").is_at(1, 1);
    h.csi("?6h").go(3, 1).csi("9Z").is_at(1, 1).send("X").csi("?6l").shows(5, 1, &["X"]);
}

#[test]
fn with_mode_41_a_tab_wraps() {
    let mut h = Host::new();
    h.csi("?41h").go(80, 1).send("x\t").is_at(9, 2);
    Host::new().csis(&["?41h", "?7l"]).go(80, 1).send("x\t").is_at(80, 1);
    Host::new().go(80, 1).send("x\t").is_at(80, 1);
}
