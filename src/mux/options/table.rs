//! Every option: its scope, kind and default. Names and defaults are tmux's; the last block is qmux's own.

/// Which sets an option lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `set -s`.
    Server,
    /// `set -g` and per session.
    Session,
    /// `setw -g` and per window.
    Window,
    /// Per window and also per pane (`set -p`).
    Pane,
}

/// What values an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A number between two ends.
    Number(i64, i64),
    /// on or off.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A key or None.
    Key,
    /// A colour.
    Colour,
    /// A style, `fg=red,bold`.
    Style,
    /// A list of texts with indices.
    Array,
    /// A list of command lists with indices, run when something happens.
    Hook,
}

/// One option.
#[derive(Debug)]
pub struct OptionDef {
    /// Its name.
    pub name: &'static str,
    /// Where it lives.
    pub level: Level,
    /// What it takes.
    pub kind: Kind,
    /// Default in the form a user would type; arrays have one line per element.
    pub default: &'static str,
}

const fn o(level: Level, name: &'static str, kind: Kind, default: &'static str) -> OptionDef {
    OptionDef { name, level, kind, default }
}

/// A hook: nothing hangs on it at first.
const fn h(level: Level, name: &'static str) -> OptionDef {
    o(level, name, Kind::Hook, "")
}

use Kind::{Array, Choice, Colour, Flag, Key, Number, Style, Text};
use Level::{Pane, Server, Session, Window};

const MAX: i64 = i32::MAX as i64;
const OTHER: Kind = Choice(&["none", "any", "current", "other"]);
const VISUAL: Kind = Choice(&["off", "on", "both"]);
const KEYS: Kind = Choice(&["emacs", "vi"]);
const LINES: Kind = Choice(&["single", "double", "heavy", "simple", "rounded", "padded", "none"]);
const CURSOR: Kind =
    Choice(&["default", "blinking-block", "block", "blinking-underline", "underline", "blinking-bar", "bar"]);

/// `status-format`: the line made of status-left, the windows and status-right; that of the panes; that of the sessions.
const STATUS_FORMAT: &str = concat!(
    "#[align=left range=left #{E:status-left-style}]#[push-default]#{T;=/#{status-left-length}:status-left}#[pop-default]#[norange default]#[list=on align=#{status-justify}]#[list=left-marker]<#[list=right-marker]>#[list=on]#{W:#[range=window|#{window_index} #{E:window-status-style}#{?#{&&:#{window_last_flag},#{!=:#{E:window-status-last-style},default}}, #{E:window-status-last-style},}#{?#{&&:#{window_bell_flag},#{!=:#{E:window-status-bell-style},default}}, #{E:window-status-bell-style},#{?#{&&:#{||:#{window_activity_flag},#{window_silence_flag}},#{!=:#{E:window-status-activity-style},default}}, #{E:window-status-activity-style},}}]#[push-default]#{T:window-status-format}#[pop-default]#[norange default]#{?loop_last_flag,,#{E:window-status-separator}},#[range=window|#{window_index} list=focus #{?#{!=:#{E:window-status-current-style},default},#{E:window-status-current-style},#{E:window-status-style}}#{?#{&&:#{window_last_flag},#{!=:#{E:window-status-last-style},default}}, #{E:window-status-last-style},}#{?#{&&:#{window_bell_flag},#{!=:#{E:window-status-bell-style},default}}, #{E:window-status-bell-style},#{?#{&&:#{||:#{window_activity_flag},#{window_silence_flag}},#{!=:#{E:window-status-activity-style},default}}, #{E:window-status-activity-style},}}]#[push-default]#{T:window-status-current-format}#[pop-default]#[norange list=on default]#{?loop_last_flag,,#{E:window-status-separator}}}#[nolist align=right range=right #{E:status-right-style}]#[push-default]#{T;=/#{status-right-length}:status-right}#[pop-default]#[norange default]",
    "\n",
    "#[align=left]#{R: ,#{n:#{session_name}}}P: #[norange default]#[list=on align=#{status-justify}]#[list=left-marker]<#[list=right-marker]>#[list=on]#{P:#[range=pane|#{pane_id} #{E:pane-status-style}]#[push-default]#{T:window-pane-status-format}#[pop-default]#[norange list=on default]  ,#[range=pane|#{pane_id} list=focus #{?#{!=:#{E:pane-status-current-style},default},#{E:pane-status-current-style},#{E:pane-status-style}}]#[push-default]#{T:window-pane-current-status-format}#[pop-default]#[norange list=on default] }",
    "\n",
    "#[align=left]#{R: ,#{n:#{session_name}}}S: #[norange default]#[list=on align=#{status-justify}]#[list=left-marker]<#[list=right-marker]>#[list=on]#{S:#[range=session|#{session_id} #{E:session-status-style}]#[push-default]#S#{session_alert}#[pop-default]#[norange list=on default]  ,#[range=session|#{session_id} list=focus #{?#{!=:#{E:session-status-current-style},default},#{E:session-status-current-style},#{E:session-status-style}}]#[push-default]#S*#{session_alert}#[pop-default]#[norange list=on default] }",
);

const ALIASES: &str = "split-pane=split-window\nsplitp=split-window\nserver-info=show-messages -JT\ninfo=show-messages -JT\nchoose-window=choose-tree -w\nchoose-session=choose-tree -s";

const REMAIN: &str = "Pane is dead (#{?#{!=:#{pane_dead_status},},status #{pane_dead_status},}#{?#{!=:#{pane_dead_signal},},signal #{pane_dead_signal},}, #{t:pane_dead_time})";

const WINDOW_STATUS: &str = "#I:#W#{?window_flags,#{window_flags}, }";

/// All options, in the order tmux 3.7 lists them.
pub static OPTIONS: &[OptionDef] = &[
    o(Server, "backspace", Key, "C-?"),
    o(Server, "buffer-limit", Number(1, MAX), "50"),
    o(Server, "command-alias", Array, ALIASES),
    o(Server, "codepoint-widths", Array, ""),
    o(Server, "copy-command", Text, ""),
    o(Server, "default-client-command", Text, "new-session"),
    o(Server, "default-terminal", Text, "tmux-256color"),
    o(Server, "editor", Text, "/usr/bin/vi"),
    o(Server, "escape-time", Number(0, MAX), "10"),
    o(Server, "exit-empty", Flag, "on"),
    o(Server, "exit-unattached", Flag, "off"),
    o(Server, "extended-keys", Choice(&["off", "on", "always"]), "off"),
    o(Server, "extended-keys-format", Choice(&["csi-u", "xterm"]), "xterm"),
    o(Server, "focus-events", Flag, "off"),
    o(Server, "get-clipboard", Choice(&["off", "buffer", "request", "both"]), "buffer"),
    o(Server, "history-file", Text, ""),
    o(Server, "input-buffer-size", Number(32, MAX), "1048576"),
    o(Server, "message-limit", Number(0, MAX), "1000"),
    o(Server, "prefix-timeout", Number(0, MAX), "0"),
    o(Server, "prompt-history-limit", Number(0, MAX), "100"),
    o(Server, "set-clipboard", Choice(&["off", "external", "on"]), "external"),
    o(Server, "terminal-overrides", Array, "linux*:AX@"),
    o(
        Server,
        "terminal-features",
        Array,
        "xterm*:clipboard:ccolour:cstyle:focus:title\nscreen*:title\nrxvt*:ignorefkeys",
    ),
    o(Server, "user-keys", Array, ""),
    o(Server, "variation-selector-always-wide", Flag, "on"),
    o(Session, "activity-action", OTHER, "other"),
    o(Session, "assume-paste-time", Number(0, MAX), "1"),
    o(Session, "base-index", Number(0, MAX), "0"),
    o(Session, "bell-action", OTHER, "any"),
    o(Session, "default-command", Text, ""),
    o(Session, "default-shell", Text, "/bin/sh"),
    o(Session, "default-size", Text, "80x24"),
    o(Session, "destroy-unattached", Choice(&["off", "on", "keep-last", "keep-group"]), "off"),
    o(Session, "detach-on-destroy", Choice(&["off", "on", "no-detached", "previous", "next"]), "on"),
    o(Session, "display-panes-active-colour", Colour, "red"),
    o(Session, "display-panes-colour", Colour, "blue"),
    o(Session, "display-panes-time", Number(1, MAX), "1000"),
    o(Session, "display-time", Number(0, MAX), "750"),
    o(Session, "focus-follows-mouse", Flag, "off"),
    o(Session, "history-limit", Number(0, MAX), "2000"),
    o(Session, "initial-repeat-time", Number(0, 2_000_000), "0"),
    o(Session, "key-table", Text, "root"),
    o(Session, "lock-after-time", Number(0, MAX), "0"),
    o(Session, "lock-command", Text, "lock -np"),
    o(Session, "message-command-style", Style, "bg=black,fg=yellow,fill=black"),
    o(
        Session,
        "message-format",
        Text,
        "#[#{?#{command_prompt},#{E:message-command-style},#{E:message-style}}]#{message}",
    ),
    o(Session, "message-line", Choice(&["0", "1", "2", "3", "4"]), "0"),
    o(Session, "message-style", Style, "bg=yellow,fg=black,fill=yellow"),
    o(Session, "mouse", Flag, "off"),
    o(Session, "prefix", Key, "C-b"),
    o(Session, "prefix2", Key, "None"),
    o(Session, "renumber-windows", Flag, "off"),
    o(Session, "repeat-time", Number(0, 2_000_000), "500"),
    o(Session, "set-titles", Flag, "off"),
    o(Session, "set-titles-string", Text, "#S:#I:#W - \"#T\" #{session_alerts}"),
    o(Session, "silence-action", OTHER, "other"),
    o(Session, "status", Choice(&["off", "on", "2", "3", "4", "5"]), "on"),
    o(Session, "status-bg", Colour, "default"),
    o(Session, "status-fg", Colour, "default"),
    o(Session, "status-format", Array, STATUS_FORMAT),
    o(Session, "status-interval", Number(0, MAX), "15"),
    o(Session, "status-justify", Choice(&["left", "centre", "right", "absolute-centre"]), "left"),
    o(Session, "status-keys", KEYS, "emacs"),
    o(Session, "status-left", Text, "[#{session_name}] "),
    o(Session, "status-left-length", Number(0, 32767), "10"),
    o(Session, "status-left-style", Style, "default"),
    o(Session, "status-position", Choice(&["top", "bottom"]), "bottom"),
    o(
        Session,
        "status-right",
        Text,
        "#{?window_bigger,[#{window_offset_x}#,#{window_offset_y}] ,}\"#{=21:pane_title}\" %H:%M %d-%b-%y",
    ),
    o(Session, "status-right-length", Number(0, 32767), "40"),
    o(Session, "status-right-style", Style, "default"),
    o(Session, "status-style", Style, "bg=green,fg=black"),
    o(Session, "prompt-cursor-colour", Colour, "none"),
    o(Session, "prompt-cursor-style", CURSOR, "default"),
    o(Session, "prompt-command-cursor-style", CURSOR, "default"),
    o(
        Session,
        "update-environment",
        Array,
        "DISPLAY\nKRB5CCNAME\nMSYSTEM\nSSH_ASKPASS\nSSH_AUTH_SOCK\nSSH_AGENT_PID\nSSH_CONNECTION\nWAYLAND_DISPLAY\nWINDOWID\nXAUTHORITY\nXDG_CURRENT_DESKTOP\nXDG_SESSION_DESKTOP\nXDG_SESSION_TYPE",
    ),
    o(Session, "visual-activity", VISUAL, "off"),
    o(Session, "visual-bell", VISUAL, "off"),
    o(Session, "visual-silence", VISUAL, "off"),
    o(Session, "word-separators", Text, "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~"),
    o(Pane, "cursor-colour", Colour, "none"),
    o(Pane, "cursor-style", CURSOR, "default"),
    o(Window, "menu-style", Style, "default"),
    o(Window, "menu-selected-style", Style, "bg=yellow,fg=black"),
    o(Window, "menu-border-style", Style, "default"),
    o(Window, "menu-border-lines", LINES, "single"),
    o(Window, "pane-status-current-style", Style, "default"),
    o(Window, "pane-status-style", Style, "default"),
    o(Window, "session-status-current-style", Style, "default"),
    o(Window, "session-status-style", Style, "default"),
    o(Window, "aggressive-resize", Flag, "off"),
    o(Pane, "allow-passthrough", Choice(&["off", "on", "all"]), "off"),
    o(Pane, "allow-rename", Flag, "off"),
    o(Pane, "allow-set-title", Flag, "on"),
    o(Pane, "alternate-screen", Flag, "on"),
    o(Window, "automatic-rename", Flag, "on"),
    o(
        Window,
        "automatic-rename-format",
        Text,
        "#{?pane_in_mode,[tmux],#{pane_current_command}}#{?pane_dead,[dead],}",
    ),
    o(Window, "clock-mode-colour", Colour, "blue"),
    o(Window, "clock-mode-style", Choice(&["12", "24", "12-with-seconds", "24-with-seconds"]), "24"),
    o(Window, "copy-mode-match-style", Style, "bg=cyan,fg=black"),
    o(Window, "copy-mode-current-match-style", Style, "bg=magenta,fg=black"),
    o(Window, "copy-mode-mark-style", Style, "bg=red,fg=black"),
    o(
        Window,
        "copy-mode-position-format",
        Text,
        "#[align=right]#{t/p:top_line_time}#{?#{e|>:#{top_line_time},0}, ,}[#{copy_position}/#{copy_position_limit}]#{?search_timed_out, (timed out),#{?search_count, (#{search_count}#{?search_count_partial,+,} results),}}",
    ),
    o(Window, "copy-mode-position-style", Style, "#{E:mode-style}"),
    o(Window, "copy-mode-selection-style", Style, "#{E:mode-style}"),
    o(Window, "copy-mode-current-line-number-style", Style, "fg=yellow"),
    o(Window, "copy-mode-line-number-style", Style, "fg=white,dim"),
    o(Window, "copy-mode-line-numbers", Choice(&["off", "default", "absolute", "relative", "hybrid"]), "off"),
    o(Window, "fill-character", Text, ""),
    o(Window, "main-pane-height", Text, "24"),
    o(Window, "main-pane-width", Text, "80"),
    o(Window, "mode-keys", KEYS, "emacs"),
    o(Window, "mode-style", Style, "noattr,bg=yellow,fg=black"),
    o(Window, "monitor-activity", Flag, "off"),
    o(Window, "monitor-bell", Flag, "on"),
    o(Window, "monitor-silence", Number(0, MAX), "0"),
    o(Window, "other-pane-height", Text, "0"),
    o(Window, "other-pane-width", Text, "0"),
    o(
        Pane,
        "pane-active-border-style",
        Style,
        "#{?pane_in_mode,fg=yellow,#{?synchronize-panes,fg=red,fg=green}}",
    ),
    o(Window, "pane-base-index", Number(0, 65535), "0"),
    o(
        Pane,
        "pane-border-format",
        Text,
        "#{?pane_active,#[reverse],}#{pane_index}#[default] \"#{pane_title}\"#{?#{mouse},#[align=right]#[range=control|8][#{?#{window_zoomed_flag},u,z}]#[norange]#[range=control|9][x]#[norange],}",
    ),
    o(Window, "pane-border-indicators", Choice(&["off", "colour", "arrows", "both"]), "colour"),
    o(
        Window,
        "pane-border-lines",
        Choice(&["single", "double", "heavy", "simple", "number", "spaces"]),
        "single",
    ),
    o(Window, "pane-border-status", Choice(&["off", "top", "bottom"]), "off"),
    o(Pane, "pane-border-style", Style, "default"),
    o(Pane, "pane-colours", Array, ""),
    o(Window, "pane-scrollbars", Choice(&["off", "modal", "on"]), "off"),
    o(Pane, "pane-scrollbars-style", Style, "bg=black,fg=white,width=1,pad=0"),
    o(Window, "pane-scrollbars-position", Choice(&["right", "left"]), "right"),
    o(Window, "popup-style", Style, "default"),
    o(Window, "popup-border-style", Style, "default"),
    o(Window, "popup-border-lines", LINES, "single"),
    o(Pane, "remain-on-exit", Choice(&["off", "on", "failed", "key"]), "off"),
    o(Pane, "remain-on-exit-format", Text, REMAIN),
    o(Pane, "scroll-on-clear", Flag, "on"),
    o(Pane, "synchronize-panes", Flag, "off"),
    o(Window, "tiled-layout-max-columns", Number(0, MAX), "0"),
    o(
        Pane,
        "tree-mode-preview-format",
        Text,
        "#{?pane_format,#{pane_index}:#{pane_title},#{window_index}:#{window_name}}",
    ),
    o(
        Pane,
        "tree-mode-preview-style",
        Style,
        "fg=#{?#{||:#{&&:#{pane_format},#{pane_active}},#{&&:#{!:#{pane_format}},#{window_active}}},red,blue}",
    ),
    o(Pane, "window-active-style", Style, "default"),
    o(Window, "window-pane-current-status-format", Text, "#P:[#T]#{?pane_flags,#{pane_flags}, }"),
    o(Window, "window-pane-status-format", Text, "#P:[#T]#{?pane_flags,#{pane_flags}, }"),
    o(Window, "window-size", Choice(&["largest", "smallest", "manual", "latest"]), "latest"),
    o(Pane, "window-style", Style, "default"),
    o(Window, "window-status-activity-style", Style, "reverse"),
    o(Window, "window-status-bell-style", Style, "reverse"),
    o(Window, "window-status-current-format", Text, WINDOW_STATUS),
    o(Window, "window-status-current-style", Style, "default"),
    o(Window, "window-status-format", Text, WINDOW_STATUS),
    o(Window, "window-status-last-style", Style, "default"),
    o(Window, "window-status-separator", Text, " "),
    o(Window, "window-status-style", Style, "default"),
    o(Window, "wrap-search", Flag, "on"),
    o(Window, "xterm-keys", Flag, "on"),
    // Hooks: what tmux keeps as options too.
    h(Session, "after-bind-key"),
    h(Session, "after-capture-pane"),
    h(Session, "after-copy-mode"),
    h(Session, "after-display-message"),
    h(Session, "after-display-panes"),
    h(Session, "after-kill-pane"),
    h(Session, "after-list-buffers"),
    h(Session, "after-list-clients"),
    h(Session, "after-list-keys"),
    h(Session, "after-list-panes"),
    h(Session, "after-list-sessions"),
    h(Session, "after-list-windows"),
    h(Session, "after-load-buffer"),
    h(Session, "after-lock-server"),
    h(Session, "after-new-session"),
    h(Session, "after-new-window"),
    h(Session, "after-paste-buffer"),
    h(Session, "after-pipe-pane"),
    h(Session, "after-queue"),
    h(Session, "after-refresh-client"),
    h(Session, "after-rename-session"),
    h(Session, "after-rename-window"),
    h(Session, "after-resize-pane"),
    h(Session, "after-resize-window"),
    h(Session, "after-save-buffer"),
    h(Session, "after-select-layout"),
    h(Session, "after-select-pane"),
    h(Session, "after-select-window"),
    h(Session, "after-send-keys"),
    h(Session, "after-set-buffer"),
    h(Session, "after-set-environment"),
    h(Session, "after-set-hook"),
    h(Session, "after-set-option"),
    h(Session, "after-show-environment"),
    h(Session, "after-show-messages"),
    h(Session, "after-show-options"),
    h(Session, "after-split-window"),
    h(Session, "after-unbind-key"),
    h(Session, "alert-activity"),
    h(Session, "alert-bell"),
    h(Session, "alert-silence"),
    h(Session, "client-active"),
    h(Session, "client-attached"),
    h(Session, "client-dark-theme"),
    h(Session, "client-detached"),
    h(Session, "client-focus-in"),
    h(Session, "client-focus-out"),
    h(Session, "client-light-theme"),
    h(Session, "client-resized"),
    h(Session, "client-session-changed"),
    h(Session, "command-error"),
    h(Pane, "pane-died"),
    h(Pane, "pane-exited"),
    h(Pane, "pane-focus-in"),
    h(Pane, "pane-focus-out"),
    h(Pane, "pane-mode-changed"),
    h(Pane, "pane-set-clipboard"),
    h(Pane, "pane-title-changed"),
    h(Session, "session-closed"),
    h(Session, "session-created"),
    h(Session, "session-renamed"),
    h(Session, "session-window-changed"),
    h(Window, "window-layout-changed"),
    h(Session, "window-linked"),
    h(Window, "window-pane-changed"),
    h(Window, "window-renamed"),
    h(Window, "window-resized"),
    h(Session, "window-unlinked"),
    // qmux's own.
    o(Session, "hint-line", Flag, "on"),
    o(Session, "theme", Text, ""),
    o(Session, "theme-dark", Text, ""),
    o(Session, "theme-light", Text, ""),
];

/// Names of the past that still work, and what they are now.
pub static RENAMED: &[(&str, &str)] = &[
    ("display-panes-color", "display-panes-colour"),
    ("display-panes-active-color", "display-panes-active-colour"),
    ("clock-mode-color", "clock-mode-colour"),
    ("cursor-color", "cursor-colour"),
    ("pane-colors", "pane-colours"),
];
