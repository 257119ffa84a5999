. "$L/lib.sh"
# The client under test runs in a pane of another tmux, the machine's: there its keys are typed and its screen is read.
outer() { /usr/bin/tmux -L "$S-outer" -f /dev/null "$@"; }
# A key too many does not end it.
quiet='trap "" INT; stty -echo; exec cat >/dev/null'
outer new-session -d -x 80 -y 24 "tmux -L $S -f /dev/null new-session -s main -n first '$quiet'"
outer set -g remain-on-exit on
trap 'outer kill-server' EXIT
for _ in $(seq 300); do [ -n "$(t list-clients 2>/dev/null)" ] && break; sleep 0.02; done
t set -s escape-time 0 \; set -g message-style bg=yellow,fg=black,fill=yellow \; set -g message-command-style bg=red,fill=red
t set -g status-right '' \; set -g status-left '[#S] ' \; set -g automatic-rename off \; set -g status-keys emacs
# Unknown to a prompt, so it is done only when there is none.
t bind -n F12 set -g @closed yes
client=$(t list-clients -F '#{client_name}')
row() { outer capture-pane -p | sed -n '24p' | sed 's/ *$//'; }
# Waits until the last row is so.
row_is() { for _ in $(seq 200); do [ "$(row)" = "$1" ] && return; sleep 0.02; done; echo "not '$1' but '$(row)'"; }
# Types keys; an Escape alone has to be read before the next key is typed.
keys() {
    for one in "$@"; do
        outer send-keys "$one"
        [ "$one" = Escape ] && sleep 0.03
    done
}
# F12 came through, or the keys left the prompt (or a menu before it) open.
closed() {
    for _ in $(seq 3); do
        for _ in $(seq 50); do
            [ "$(t show -gqv @closed)" = yes ] && break 2
            sleep 0.01
        done
        echo "$label: left open"
        keys C-c F12
    done
    t set -g @closed no
}
# ask LABEL KEYS...: a prompt answered with keys and Enter, and what came of it.
ask() {
    label=$1; shift
    t set -g @a '(none)'
    t command-prompt -b $flags -t "$client" "${template-set -g @a \"%%%\"}"
    keys "$@" F12
    closed
    say "$label" t show -gv @a
}
flags=
ask plain abc Enter
ask quotes 'it"s #S $HOME' Enter
ask cancel abc C-c
ask escape abc Escape
ask empty Enter
ask C-g abc C-g
ask C-a abc C-a x Enter
ask Home abc Home x Enter
ask C-e abc C-a C-e x Enter
ask End abc Home End x Enter
ask C-b abc C-b C-b x Enter
ask Left abc Left x Enter
ask C-f abc C-a C-f x Enter
ask Right abc Home Right Right Right Right x Enter
ask C-h abc C-h Enter
ask BSpace abc Left BSpace Enter
ask BSpace-0 abc Home BSpace Enter
ask C-d abc Home C-d Enter
ask C-d-end abc C-d Enter
ask DC abc Home DC DC Enter
ask C-k 'one two' Left Left C-k x Enter
ask C-k-y 'one two' Left Left C-k Home C-y Enter
ask C-u 'one two' C-u x Enter
ask C-u-mid 'one two' Left Left C-u x Enter
ask C-w 'one two' C-w Enter
ask C-w-y 'one two' C-w Home C-y Enter
ask C-w-mid 'one two three' C-b C-b C-b C-w Enter
ask C-w-sep 'one-two_three' C-w x Enter
ask C-w-blanks 'one two   ' C-w x Enter
ask C-w-seps 'one --- ' C-w x Enter
ask M-b 'one two-three' M-b x Enter
ask M-b-twice 'one two-three' M-b M-b x Enter
ask M-f 'one two-three' Home M-f x M-f y M-f z Enter
ask C-Left 'one two' C-Left x Enter
ask C-Right 'one two' Home C-Right x Enter
ask M-d 'one two' Home M-d Enter
ask M-BSpace 'one two' M-BSpace x Enter
ask C-BSpace 'one two' C-BSpace x Enter
ask C-t 'abcd' C-t Enter
ask C-t-mid 'abcd' Left Left C-t x Enter
ask C-t-start 'abcd' Home C-t x Enter
ask C-j abc C-j
ask C-m abc C-m
ask wide 'häß漢字' Left x Enter
ask Up Up Enter
ask Up-Up Up Up Enter
ask Up-Down Up Up Down Enter
ask C-p-edit C-p x Enter
ask Up-typed abc Up Down Enter
ask C-n abc C-n Enter
ask F1 a F1 b Enter
ask unknown-meta a M-z b Enter
t set-buffer 'from buffer'
ask C-y-buffer C-y Enter
t set-buffer 'two
lines'
ask C-y-lines a C-y Enter
t set-buffer "$(printf 'x\ty')"
ask C-y-tab a C-y Enter
t set -g word-separators 'o'
ask separators 'foobar' C-w Enter
t set -gu word-separators
# Several questions, and what replaces what.
flags='-p one,two,three'
template='set -g @a "%1-%2-%3-%%-%5"'
ask three a Enter b Enter c Enter
ask three-cancel a Enter b C-c
template='set -g @a "%1-%2-%%"'
flags='-p one,two -I x,y'
ask inputs Enter 1 Enter
flags='-p one,two -I x'
ask inputs-short Enter 1 Enter
template='set -g @a "%1-%%"'
flags='-I #S -p #W'
ask formats Enter
unset template
flags=-1
ask one-key a
ask one-key-Space Space
ask one-key-Enter Enter
ask one-key-C-a C-a
ask one-key-Escape Escape
flags='-1 -p a,b'
template='set -g @a "%1,%2"'
ask one-key-two x y
unset template
flags=-k
ask key-a a
ask key-C-a C-a
ask key-M-x M-x
ask key-Enter Enter
ask key-Escape Escape
ask key-Up Up
ask key-Space Space
ask key-F5 F5
flags=-N
ask numeric 1 2 3 Enter
ask numeric-x 1 2 x
ask numeric-none x
ask numeric-BSpace 1 2 BSpace
flags=-F
t set -g @f '#{session_name}'
template='set -g @a "#{session_name} %%"'
ask expand x Enter
ask expand-typed '#{window_name}' Enter
flags=
ask expand-not x Enter
unset template
flags=-i
template='set -ga @a "%%%"'
ask incremental a b BSpace Enter
ask incremental-move a b Home Enter
ask incremental-C-r a C-r C-s Enter
ask incremental-cancel a C-c
flags='-i -I old'
ask incremental-input a Enter
flags='-i -I old'
ask incremental-C-r-input C-r Enter
unset template
# What it looks like.
show() {
    label=$1; shift
    t command-prompt -b -t "$client" "$@"
    keys abc
    for _ in $(seq 200); do case $(row) in *abc) break ;; esac; sleep 0.02; done
    say "$label" row
    keys C-c F12
    closed
}
show shown-template 'rename-window "%%"'
show shown-none
show shown-p -p hello 'rename-window "%%"'
show shown-p-only -p hello
show shown-p-style -p '#[bg=red]hi#[default]' x
show shown-p-format -p '#{session_name}' x
show shown-I -I in 'rename-window "%%"'
show shown-two -p one,two x
show shown-block 'display x; display y'
t confirm-before -b -t "$client" 'kill-window -t nosuch'; row_is "Confirm 'kill-window'? (y/n)"; say confirm row; keys n
t confirm-before -b -p 'sure?' -t "$client" 'kill-window -t nosuch'; row_is 'sure?'; say confirm-p row; keys n
for key in y n Enter; do
    t set -g @a "(none)"
    t confirm-before -b -t "$client" 'set -g @a did'
    keys $key F12
    closed
    say "confirm $key" t show -gv @a
done
# History.
say history t show-prompt-history -T command
for kind in command search target window-target; do t clear-prompt-history -T $kind; done
say history-clear t show-prompt-history
flags=
ask h1 one Enter
ask h2 two Enter
ask h2again two Enter
ask h3 '  ' Enter
flags='-T search'
ask search Up Enter
ask search-x x Enter
flags='-T target'
ask target tt Enter
flags='-T window-target'
ask window-target 'wt' Enter
flags=
say history-kinds t show-prompt-history
say history-search t show-prompt-history -T search
say history-bad t show-prompt-history -T nosuch
say clear-bad t clear-prompt-history -T nosuch
say prompt-bad t command-prompt -T nosuch
t clear-prompt-history -T search
say history-one-cleared t show-prompt-history
t set -s prompt-history-limit 2
ask limit1 l1 Enter
ask limit2 l2 Enter
ask limit3 l3 Enter
say limit t show-prompt-history -T command
ask C-v a C-v b Enter
ask C-v-C-a a C-v C-a b Enter
ask C-v-Enter a C-v Enter b Enter
# vi keys.
t clear-prompt-history -T command
t set -g status-keys vi
t set -s prompt-history-limit 100
ask vi-plain abc Enter
ask vi-i 'one two' Escape i x Enter
ask vi-a 'one two' Escape a x Enter
ask vi-A 'one two' Escape 0 A x Enter
ask vi-I 'one two' Escape I x Enter
ask vi-h 'one two' Escape h i x Enter
ask vi-l 'one two' Escape 0 l i x Enter
ask vi-0 'one two' Escape 0 i x Enter
ask vi-^ '  one two' Escape ^ i x Enter
ask vi-dollar 'one two' Escape 0 '$' i x Enter
ask vi-b 'one two-x' Escape b b i x Enter
ask vi-B 'one two-x' Escape B i x Enter
ask vi-w 'one two-x yy' Escape 0 w i 1 Escape w i 2 Escape w i 3 Enter
ask vi-W 'one two-x yy' Escape 0 W i 1 Escape W i 2 Enter
ask vi-e 'one two-x yy' Escape 0 e i 1 Escape e i 2 Escape e i 3 Enter
ask vi-E 'one two-x yy' Escape 0 E i 1 Escape E i 2 Enter
ask vi-x 'abc' Escape x Enter
ask vi-x-0 'abc' Escape 0 x x Enter
ask vi-X 'abc' Escape X Enter
ask vi-s 'abc' Escape 0 s x Enter
ask vi-S 'abc' Escape S x Enter
ask vi-C 'abc def' Escape b C x Enter
ask vi-D 'abc def' Escape b D Enter
ask vi-D-p 'abc def' Escape b D 0 p Enter
ask vi-d 'abc def' Escape d i x Enter
ask vi-dd 'abc def' Escape d d i x Enter
ask vi-cc 'abc def' Escape c c x Enter
ask vi-q 'abc def' Escape q
ask vi-Escape-twice 'abc def' Escape Escape x Enter
ask vi-k Escape k Enter
ask vi-kk Escape k k j Enter
ask vi-BSpace 'abc' Escape BSpace i x Enter
ask vi-C-a 'abc' C-a x Enter
ask vi-C-w 'abc def' C-w x Enter
ask vi-C-u 'abc def' C-u x Enter
ask vi-C-c 'abc def' Escape C-c
ask vi-Enter 'abc def' Escape 0 C-j
ask vi-M-b 'abc def' M-b x Enter
ask vi-Left 'abc' Escape Left Left i x Enter
ask vi-unknown 'abc' Escape z v i x Enter
ask vi-w-end 'abc def' Escape 0 w w w i x Enter
# Completion.
t set -g status-keys emacs
t new-session -d -s other -n omega cat
t new-window -d -t main -n second cat
t new-window -d -t main -n third cat
t set -s command-alias[9] 'zoomy=resize-pane -Z'
complete() {
    label=$1; shift
    t command-prompt -b $ctype -p '>' -t "$client" 'set -g @a "%%%"'
    # What shows where the cursor is, or that a menu takes the keys.
    keys "$@" '|'
    sleep 0.05
    outer capture-pane -p | sed 's/ *$//' | grep -v '^$' | grep -v '^\[' > "$D/seen"
    say "$label" cat "$D/seen"
    keys C-c F12
    closed
}
ctype=
complete c-unique brea Tab
complete c-common swap Tab
complete c-common-2 swap-p Tab
complete c-menu swap- Tab
complete c-alias lsw Tab
complete c-alias-2 showp Tab
complete c-user-alias zoo Tab
complete c-none qqq Tab
complete c-option 'set -g base-i' Tab
complete c-option-common 'set -g status-le' Tab
complete c-option-menu 'set -g status-' Tab
complete c-layout 'select-layout even-h' Tab
complete c-layout-main 'select-layout even-' Tab
complete c-empty Tab
complete c-second 'new-window ; brea' Tab
complete c-command-as-word 'list-keys brea' Tab
complete c-session 'switch-client -t main-pane-' Tab
complete c-session-2 'switch-client -toth' Tab
complete c-session-s 'switch-client -soth' Tab
complete c-session-all 'switch-client -t' Tab
complete c-window 'select-window -tmain:' Tab
complete c-window-name 'select-window -tmain:sec' Tab
complete c-window-index 'select-window -tmain:1' Tab
complete c-window-here 'select-window -t:' Tab
complete c-mid 'brea x' Left Left Tab
complete c-menu-choose swap- Tab Down Enter
ctype='-T target'
complete t-session oth Tab
complete t-all Tab
complete t-window main: Tab
complete t-window-2 main:2 Tab
ctype='-T window-target'
complete w-all Tab
complete w-index 1 Tab
complete w-name sec Tab
ctype='-T search'
complete s-none brea Tab
# Kept for the next server.
t kill-server
printf 'command:old one\nsearch:old search\nplain old\nnosuch:odd\ntarget:\n' > "$D/history"
echo "set -s history-file $D/history" > "$D/conf"
t kill-server 2>/dev/null
outer new-window "tmux -L $S -f $D/conf new-session -s main '$quiet'"
for _ in $(seq 300); do [ -n "$(t list-clients 2>/dev/null)" ] && break; sleep 0.02; done
client=$(t list-clients -F '#{client_name}')
t bind -n F12 set -g @closed yes
until_history() { for _ in $(seq 200); do t show-prompt-history -T command | grep -q old && return; sleep 0.02; done; }
until_history
say history-loaded t show-prompt-history
flags=
ctype=
ask history-new fresh Enter
flags='-T search'
ask history-new-search found Enter
t kill-server
for _ in $(seq 200); do grep -q found "$D/history" && break; sleep 0.02; done
say history-saved cat "$D/history"
