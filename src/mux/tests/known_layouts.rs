//! Layouts and the active pane's index after these commands, as tmux 3.7c has them (80x24, one pane to begin with).

pub(super) const KNOWN: &[(&[&str], &str, &str)] = &[
    (
        &["split-window -h", "split-window -v", "split-window -h"],
        "1558,80x24,0,0{40x24,0,0,0,39x24,41,0[39x12,41,0,1,39x11,41,13{19x11,41,13,2,19x11,61,13,3}]}",
        "3",
    ),
    (
        &["split-window -v", "split-window -v", "select-layout even-vertical"],
        "0377,80x24,0,0[80x8,0,0,0,80x7,0,9,1,80x7,0,17,2]",
        "2",
    ),
    (
        &["split-window -h", "split-window -h", "split-window -h", "select-layout even-horizontal"],
        "7f5a,80x24,0,0{20x24,0,0,0,19x24,21,0,1,19x24,41,0,2,19x24,61,0,3}",
        "3",
    ),
    (
        &["split-window", "split-window", "split-window", "select-layout tiled"],
        "30d6,80x24,0,0[80x11,0,0{39x11,0,0,0,40x11,40,0,1},80x12,0,12{39x12,0,12,2,40x12,40,12,3}]",
        "3",
    ),
    (
        &["split-window", "split-window", "select-layout tiled", "split-window", "select-layout tiled"],
        "30d6,80x24,0,0[80x11,0,0{39x11,0,0,0,40x11,40,0,1},80x12,0,12{39x12,0,12,2,40x12,40,12,3}]",
        "3",
    ),
    (
        &["split-window", "split-window", "split-window", "select-layout main-horizontal"],
        "4317,80x24,0,0[80x22,0,0,0,80x1,0,23{26x1,0,23,1,26x1,27,23,2,26x1,54,23,3}]",
        "3",
    ),
    (
        &["split-window", "split-window", "select-layout main-vertical"],
        "c464,80x24,0,0{78x24,0,0,0,1x24,79,0[1x12,79,0,1,1x11,79,13,2]}",
        "2",
    ),
    (
        &["set -g main-pane-height 60%", "split-window", "split-window", "select-layout main-horizontal"],
        "be2b,80x24,0,0[80x13,0,0,0,80x10,0,14{40x10,0,14,1,39x10,41,14,2}]",
        "2",
    ),
    (
        &["set -g main-pane-width 20", "split-window -h", "split-window -h", "select-layout main-vertical"],
        "4cc4,80x24,0,0{20x24,0,0,0,59x24,21,0[59x12,21,0,1,59x11,21,13,2]}",
        "2",
    ),
    (
        &[
            "split-window -h -l 20",
            "split-window -b -l 5",
            "split-window -fh -l 10",
            "split-window -fbv -l 3",
        ],
        "243e,80x24,0,0[80x3,0,0,4,80x20,0,4{50x20,0,4,0,18x20,51,4[18x4,51,4,2,18x15,51,9,1],10x20,70,4,3}]",
        "0",
    ),
    (
        &["split-window -h -l 30%", "split-window -f", "split-window -fb"],
        "d456,80x24,0,0[80x12,0,0,3,80x5,0,13{55x5,0,13,0,24x5,56,13,1},80x5,0,19,2]",
        "0",
    ),
    (
        &[
            "split-window -h",
            "split-window -h",
            "resize-pane -L 10",
            "resize-pane -t 0 -R 7",
            "resize-pane -t 1 -x 5",
        ],
        "71fc,80x24,0,0{47x24,0,0,0,5x24,48,0,1,26x24,54,0,2}",
        "2",
    ),
    (
        &[
            "split-window",
            "split-window",
            "resize-pane -U 3",
            "resize-pane -t 0 -D 30",
            "resize-pane -t 1 -y 4",
        ],
        "2f7d,80x24,0,0[80x17,0,0,0,80x4,0,18,1,80x1,0,23,2]",
        "2",
    ),
    (
        &["split-window -h", "split-window -v", "split-window -h", "kill-pane -t 1"],
        "0f7c,80x24,0,0{40x24,0,0,0,39x24,41,0{19x24,41,0,2,19x24,61,0,3}}",
        "2",
    ),
    (
        &["split-window -h", "split-window -v", "split-window -h", "kill-pane -t 0"],
        "f160,80x24,0,0[80x12,0,0,1,80x11,0,13{40x11,0,13,2,39x11,41,13,3}]",
        "2",
    ),
    (
        &["split-window -h", "split-window -v", "split-window -h", "kill-pane -t 3", "kill-pane -t 2"],
        "8205,80x24,0,0{40x24,0,0,0,39x24,41,0,1}",
        "1",
    ),
    (
        &["split-window -h", "split-window -v", "swap-pane -s 0 -t 2", "rotate-window", "rotate-window -D"],
        "587e,80x24,0,0{40x24,0,0,2,39x24,41,0[39x12,41,0,1,39x11,41,13,0]}",
        "0",
    ),
    (
        &["split-window -h", "split-window -v", "resize-window -x 40 -y 10", "resize-window -x 120 -y 50"],
        "0f47,120x50,0,0{60x50,0,0,0,59x50,61,0[59x25,61,0,1,59x24,61,26,2]}",
        "2",
    ),
    (
        &[
            "split-window -h",
            "split-window -v",
            "split-window -h",
            "resize-window -x 10 -y 5",
            "resize-window -x 100 -y 30",
        ],
        "6f7e,100x30,0,0{50x30,0,0,0,49x30,51,0[49x15,51,0,1,49x14,51,16{46x14,51,16,2,2x14,98,16,3}]}",
        "3",
    ),
    (
        &[
            "split-window -h",
            "split-window -v",
            "select-layout -E",
            "select-layout even-horizontal",
            "select-layout -o",
        ],
        "d67e,80x24,0,0{40x24,0,0,0,39x24,41,0[39x12,41,0,1,39x11,41,13,2]}",
        "2",
    ),
    (
        &["split-window -h", "split-window -v", "next-layout", "next-layout", "previous-layout"],
        "9bb2,80x24,0,0{26x24,0,0,0,26x24,27,0,1,26x24,54,0,2}",
        "2",
    ),
    (
        &["split-window -h", "split-window -v", "break-pane -d -t 5", "join-pane -h -s :5.0 -t :0.0"],
        "22a4,80x24,0,0{20x24,0,0,0,19x24,21,0,2,39x24,41,0,1}",
        "1",
    ),
    (
        &["split-window -h", "split-window -v", "join-pane -b -l 4 -s 2 -t 0"],
        "e2f4,80x24,0,0{40x24,0,0[40x4,0,0,2,40x19,0,5,0],39x24,41,0,1}",
        "1",
    ),
];
