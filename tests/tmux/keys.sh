. "$L/lib.sh"
t new-session -d -s k -n w -x 80 -y 24 cat
r() { say "$*" t "$@"; }
r bind-key -T mine a new-window
r bind-key -T mine -r C-Up resize-pane -U 5
r bind-key -T mine -N 'a note' M-x display-message 'hi there' \; display-message "it's"
r bind-key -T mine F1 'select-pane -L ; select-pane -R'
r list-keys -T mine
r list-keys -T mine a
r list-keys -T mine -N
r list-keys -T mine -aN
r bind-key -T mine nokey new-window
r bind-key -T mine b nosuch
r bind-key -T mine b new-window -Q
r unbind-key -T mine a
r unbind-key -T mine a
r unbind-key -T mine nokey
r unbind-key -T nosuch a
r unbind-key -qT nosuch a
r list-keys -T nosuch
r list-keys -T mine
r unbind-key -a -T mine
r list-keys -T mine
r bind-key x
r bind -n C-Space copy-mode
r list-keys -T root C-Space
for k in a A 1 Space Tab Enter Escape BSpace Up F12 PPage NPage Home End IC DC BTab C-a C-Space M-a M-C-a S-Up C-Left M-Up C-M-S-Left '\;' '"' "'" '#' '{' '}' '~' '$' '%' C-? C-_ 'C-\' 'C-]' KP0 KPEnter MouseDown1Pane WheelUpStatus DoubleClick1Pane MouseDragEnd1Pane MouseDown3StatusLeft Any é; do
    t bind-key -T names "$k" new-window
done
r list-keys -T names
# Whole tables are listed: 3.7c finds nothing by a key's name.
for k in Space '<' '>' C C-z DC S-Up S-Right M-Up '\"' '\#' "\\'" '\%' : '\;' '\{' '\~' PPage C-b C-o; do t list-keys -T prefix | sed 's/  */ /g' | grep -F -- " prefix $k " > "$D/key"; say "prefix $k" cat "$D/key"; done
for k in MouseDown1Pane MouseDown2Pane MouseDown3Pane M-MouseDown3Pane MouseDown3Status MouseDown3StatusLeft MouseDrag1Pane DoubleClick1Pane TripleClick1Pane WheelDownStatus; do t list-keys -T root | sed 's/  */ /g' | grep -F -- " root $k " > "$D/key"; say "root $k" cat "$D/key"; done
r bind-key -T m i display ''
r bind-key -T m j display 'a b;' display c
r bind-key -T m k if-shell -F 1 { display-message -d10 x ; run -d0.3 }
r list-keys -T m
t send-keys 'typed' Space 'text' Enter
for _ in $(seq 100); do t capture-pane -p | sed -n 2p | grep -q typed && break; sleep 0.02; done
r capture-pane -p -E 1
r send-keys -l 'a;b'
r send-keys -H 41 0x42
r send-keys -N 3 c
r send-keys -H zz
r send-keys -N 0 c
r send-keys -X nosuch
r send-keys -t nosuch x
r send-prefix
r copy-mode
r send-keys -X nosuch
r send-keys -X cancel
t kill-server
