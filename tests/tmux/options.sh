. "$L/lib.sh"
t new-session -d -s o -n w -x 80 -y 24 cat
SERVER='backspace buffer-limit command-alias copy-command editor escape-time exit-empty exit-unattached extended-keys focus-events message-limit set-clipboard terminal-overrides user-keys history-file prompt-history-limit'
SESSION='activity-action assume-paste-time base-index bell-action default-command default-size destroy-unattached detach-on-destroy display-panes-active-colour display-panes-colour display-panes-time display-time history-limit key-table message-command-style message-style mouse prefix prefix2 renumber-windows repeat-time set-titles set-titles-string status status-bg status-fg status-format status-interval status-justify status-keys status-left status-left-length status-left-style status-position status-right status-right-length status-right-style status-style update-environment visual-activity visual-bell word-separators lock-after-time lock-command silence-action visual-silence'
WINDOW='aggressive-resize allow-passthrough allow-rename alternate-screen automatic-rename automatic-rename-format clock-mode-colour clock-mode-style cursor-style main-pane-height main-pane-width mode-keys mode-style monitor-activity monitor-bell pane-active-border-style pane-base-index pane-border-format pane-border-lines pane-border-status pane-border-style remain-on-exit synchronize-panes window-active-style window-size window-status-activity-style window-status-bell-style window-status-current-format window-status-current-style window-status-format window-status-last-style window-status-separator window-status-style window-style wrap-search copy-mode-current-match-style copy-mode-mark-style copy-mode-match-style cursor-colour fill-character monitor-silence other-pane-height other-pane-width pane-border-indicators pane-colours popup-border-lines popup-border-style popup-style remain-on-exit-format scroll-on-clear'
for o in $SERVER; do say "$o" t show -s $o; done
for o in $SESSION; do say "$o" t show -g $o; done
for o in $WINDOW; do say "$o" t show -gw $o; done
r() { say "$*" t "$@"; }
r set -g status off; r show -g status; r show -gv status; r show status; r set status 2; r show status; r show -A status; r show -g status
r set -u status; r show status; r set -gu status; r show -gv status
r set -g nosuch 1; r set -gq nosuch 1; r show -g nosuch; r show -gq nosuch; r set -g status; r show -gv status; r set -g status
r set -g status maybe; r set -g base-index x; r set -g base-index -1; r set -g base-index 99999999999; r set -g history-limit 500; r show -gv history-limit
r set -g status-style 'fg=nocolour'; r set -g status-style 'fg=red,bold'; r set -ga status-style 'bg=blue'; r show -gv status-style; r set -g display-panes-colour nocolour
r set -g @user 'a b'; r show -g @user; r show -gv @user; r set -ga @user c; r show -gv @user; r set -gu @user; r show -g @user; r show -gq @user; r set @sess x; r show @sess; r show -v @sess
r set -w @win y; r show -w @win; r set -p @pane z; r show -p @pane; r show -pv @pane; r set -s @srv s; r show -sv @srv
r set -go @once 1; r set -go @once 2; r set -goq @once 2; r show -gv @once; r set -gF @fmt '#{session_name}'; r show -gv @fmt
r set -g update-environment 'A B'; r show -g update-environment; r set -ga update-environment C; r show -g update-environment; r set -g 'update-environment[5]' F; r show -g update-environment
r show -gv 'update-environment[5]'; r set -gu 'update-environment[0]'; r show -g update-environment; r set -gu update-environment; r show -gv 'update-environment[0]'
r set -s command-alias 'zz=list-sessions'; r set -s 'command-alias[9]' 'lw=list-windows -F #W'; r lw; r set -s terminal-overrides 'a,b'; r show -s terminal-overrides
r setw -g mode-keys vi; r showw -g mode-keys; r showw -gv mode-keys; r setw mode-keys emacs; r showw mode-keys; r setw -t o:0 monitor-activity on; r show -w monitor-activity
r set -p remain-on-exit failed; r show -p remain-on-exit; r show -pv remain-on-exit; r set -pu remain-on-exit; r show -p remain-on-exit; r set -U remain-on-exit
r set -g stat on; r set -g status-le x; r set -g mode-k vi; r show -g mous; r set -g prefix C-a; r show -g prefix; r set -g prefix nokey; r set -g prefix2 M-x; r show -gv prefix2
r set -g mouse on; r show -gv mouse; r set -g mouse; r show -gv mouse; r set -g mouse yes; r show -gv mouse; r set -g mouse 0; r show -gv mouse; r set -g mouse maybe
r set -t nosuch status on; r show -t nosuch status; r set -w -t o:9 mode-keys vi; r set -g 'status[1]' x; r set -g 'status-format[1]' 'x y'; r show -g 'status-format[1]'
r set -g word-separators ' -_@'; r show -g word-separators; r show -gv word-separators; r set -g status-left "it's \"x\" #S \$HOME"; r show -g status-left; r show -gv status-left
r set -g default-terminal screen-256color; r show -g default-terminal; r show -s default-terminal; r set -s escape-time 0; r show -sv escape-time
t kill-server
