//! What a program's output asks of the world outside its screen.

use serde::{Deserialize, Serialize};

/// Most events kept until they are taken; later ones are dropped (a program that floods them says
/// nothing new).
pub(super) const MAX_EVENTS: usize = 512;

/// Marks of a shell's prompt (OSC 133).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prompt {
    /// `A`: a prompt begins.
    Start,
    /// `B`: the command line begins.
    Input,
    /// `C`: the command's output begins.
    Output,
    /// `D`: the command ended, with its exit status if told.
    End(Option<i32>),
}

/// Something a program asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScreenEvent {
    /// BEL.
    Bell,
    /// The title changed (OSC 0, 2, title stack).
    Title(String),
    /// The icon name changed (OSC 0, 1).
    IconName(String),
    /// The program names its window (`ESC k`, screen's).
    WindowName(String),
    /// The current directory was told (OSC 7), as the program wrote it.
    Path(String),
    /// OSC 52: set a clipboard. `data` is decoded.
    Clipboard {
        /// The selection letters, `c` when none were given.
        selection: String,
        /// The bytes; empty clears.
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
    },
    /// OSC 52 with `?`: the program wants the contents of the named selection.
    ClipboardQuery {
        /// The selection letters.
        selection: String,
    },
    /// A desktop notification (OSC 9, OSC 777).
    Notify(String),
    /// Progress (OSC 9;4): state 0 to 4 and percent.
    Progress {
        /// 0 none, 1 normal, 2 error, 3 unknown length, 4 paused.
        state: u8,
        /// 0 to 100.
        percent: u8,
    },
    /// `DCS tmux;`: bytes for the outer terminal as they are.
    Passthrough(#[serde(with = "serde_bytes")] Vec<u8>),
    /// A prompt mark, and the stable number of the line it is on.
    Prompt {
        /// Which mark.
        mark: Prompt,
        /// Stable line number.
        line: u64,
    },
    /// The palette or the default colours changed: everything may look different.
    Colors,
}
