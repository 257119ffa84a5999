. "$L/lib.sh"
t new-session -d -s l -n w -x 80 -y 24 cat
src() { printf '%s\n' "$1" > "$D/f.conf"; t source-file "$D/f.conf"; }
v() { t show -gv "$1"; }
c() { say "$1" src "$2"; [ -z "$3" ] || say "$1 $3" v "$3"; }
c plain 'set -g @a 1' @a
c quotes "set -g @a 'a  b'" @a
c dquotes 'set -g @a "a \"q\" b"' @a
c comment 'set -g @a x # no' @a
c hash 'set -g @a "x # yes"' @a
c semicolon 'set -g @a 1 ; set -g @b 2' @b
c escaped 'set -g @a a\ b\;c' @a
c esc 'set -g @a "\u00e9\101\x"' @a
c tab 'set -g @a "a\tb"' @a
c continue 'set -g @a one\
two' @a
c env 'FOO=bar
set -g @a "$FOO ${FOO}x $NOSUCH"' @a
c env-single "set -g @a '\$FOO'" @a
c hidden '%hidden HID=h
set -g @a "$HID"' @a
say hidden-env t show-environment -g HID
c tilde 'set -g @a ~/x' ''
c block 'if-shell -F 1 { set -g @a blocked }' @a
c block-lines 'if-shell -F 1 {
  set -g @a one
  set -g @b "two"
}' @b
c if '%if 1
set -g @a yes
%else
set -g @a no
%endif' @a
c elif '%if 0
set -g @a one
%elif #{==:#{session_name},l}
set -g @a two
%else
set -g @a three
%endif' @a
c nested '%if 1
%if 0
set -g @a x
%else
set -g @a inner
%endif
%endif' @a
c if-inline 'set -g @a %if 1 in %endif' ''
c bad-line 'set -g @a before
nosuch command
set -g @a after' @a
c bad-flag 'set -g @a before2
new-window -Q
set -g @a after2' @a
c fails 'set -g @a 1
select-window -t :99
set -g @a later' @a
c group 'select-window -t :99 ; set -g @a skipped
set -g @b next' @a
c unclosed "set -g @a 'x" ''
c unclosed-block 'if-shell -F 1 { set -g @a y' ''
c no-endif '%if 1
set -g @a z' ''
c endif '%endif' ''
c two-semi 'set -g @a 1 ;; set -g @b 2' ''
c percent 'set -g @a %x' @a
c brace-word 'set -g @a a{b}c' @a
c empty '' ''
c prefix 'set-o -g @a pre' @a
c ambiguous 'se -g @a pre' ''
c alias 'splitp -d cat' ''
c colour 'set -g @a #ff0000' ''
say n sh -c "printf 'set -g @n 1\n' > $D/n.conf; tmux -L $S source-file -n $D/n.conf"
say n-is v @n
say q t source-file -q "$D/nosuch.conf"
say none t source-file "$D/nosuch.conf"
printf 'set -g @g1 1\n' > "$D/g1.conf"; printf 'set -g @g2 1\n' > "$D/g2.conf"
say glob t source-file "$D/g*.conf"
say glob-is t display -p '#{@g1}#{@g2}'
say glob-none t source-file "$D/zz*.conf"
say F t source-file -F "$D/#{l:g1}.conf"
say two t source-file "$D/g1.conf" "$D/g2.conf"
say seq t set -g @s 1 \; set -g @s 2
say seq-is v @s
say seq-fail t select-window -t :99 \; set -g @s 3
say seq-fail-is v @s
say if t if-shell true 'set -g @i yes' 'set -g @i no'
say if-is v @i
say if2 t if-shell false 'set -g @i yes' 'set -g @i no'
say if2-is v @i
say ifF t if-shell -F '#{==:1,2}' 'set -g @i yes' 'set -g @i no'
say ifF-is v @i
say run t run-shell 'echo out'
say run-fail t run-shell 'echo bad; exit 3'
say run-C t run-shell -C 'set -g @r ran'
say run-C-is v @r
say run-fmt t run-shell 'echo #{session_name}'
say run-d t run-shell -d 0.1 'echo late'
say run-badd t run-shell -d x 'echo late'
say wait sh -c "(sleep 0.2; tmux -L $S wait-for -S ch) & tmux -L $S wait-for ch; echo woken"
say lock t wait-for -L lk
say unlock t wait-for -U lk
say unlock2 t wait-for -U lk
say unknown t nosuch
say usage t new-window -Q
say usage2 t kill-session extra
say usage3 t rename-window
say usage4 t bind-key
say novalue t new-window -t
say ambiguous t list
say lscm t list-commands kill-server
say lscm-F t list-commands -F '#{command_list_name} #{command_list_alias}' new-window
say msg t display-message -p 'x'
say msg-lit t display-message -pl '#S'
say pipe t pipe-pane -o "cat > $D/pipe"
say pipe-is t display -p '#{pane_pipe}'
say pipe-off t pipe-pane
say pipe-is2 t display -p '#{pane_pipe}'
t kill-server
