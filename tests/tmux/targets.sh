. "$L/lib.sh"
t new-session -d -s alps -n first cat
t new-session -d -s beta -n only cat
t new-session -d -s alpha -n first -x 80 -y 24 cat
t new-window -d -t alpha -n second cat
t new-window -d -t alpha -n secret cat
t split-window -d -t alpha:0 cat
t split-window -d -h -t alpha:0.0 cat
# Says where a pane is that exists, and what is wrong with one that does not.
q() { t respawn-pane -t "$1"; }
for x in alpha alp al be beta: '=beta' '=be' 'a*s' 'alpha:' 'alpha:0' 'alpha:1' 'alpha:first' 'alpha:sec' 'alpha:seco' \
    'alpha:=sec' 'alpha:s*t' 'alpha:^' 'alpha:$' 'alpha:{start}' 'alpha:{end}' 'alpha:!' 'alpha:+' 'alpha:-' 'alpha:+2' \
    'alpha:{next}' 'alpha:{previous}' 'alpha:9' 'alpha:0.1' 'alpha:0.2' 'alpha:0.9' 'alpha:0.{top}' 'alpha:0.{bottom}' \
    'alpha:0.{left}' 'alpha:0.{right}' 'alpha:0.{top-left}' 'alpha:0.{top-right}' 'alpha:0.{bottom-left}' \
    'alpha:0.{bottom-right}' 'alpha:0.{last}' 'alpha:0.{next}' 'alpha:0.{previous}' 'alpha:0.+' 'alpha:0.-' \
    'alpha:0.{up-of}' 'alpha:0.{down-of}' 'alpha:0.{left-of}' 'alpha:0.{right-of}' '$0' '$1:' '$9' '@0' '@1' '@99' '%0' '%1' \
    '%99' '$0:@1' '$0:1.%3' ':0' ':.0' '.0' 'only' 'nosuch:' 'nosuch:0' '{marked}' '~' '{mouse}' '='; do
    say "$x" q "$x"
done
say win-only t list-panes -t second -F '#W'
say sess-win t list-windows -t alpha:1 -F '#I'
say kill-w t kill-window -t 'nosuch:1'
say sel-p t select-pane -t alpha:0.7
say mark t select-pane -m -t alpha:0.1
say marked q '{marked}'
say swap-marked t swap-pane -t alpha:0.0
say no-such-client t detach-client -t nosuch
say no-client t detach-client
say switch t switch-client -t beta
t kill-server
