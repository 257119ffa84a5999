. "$L/lib.sh"
f='#{pane_index} #{pane_id} #{pane_active} #{pane_width}x#{pane_height} #{pane_left},#{pane_top}'
t new-session -d -s p -x 80 -y 24 cat
say split t split-window -t p cat
say split-h t split-window -h -t p cat
say split-P t split-window -d -P -l 5 -t p:0.0 cat
say split-pc t split-window -d -l 25% -h -t p:0.0 cat
say split-b t split-window -b -d -t p:0.0 cat
say split-f t split-window -f -h -d -l 10 -t p:0.0 cat
say list t list-panes -t p -F "$f"
say layout t display -p '#{window_layout}'
for l in even-horizontal even-vertical main-horizontal main-vertical tiled; do
    say "$l" t select-layout -t p $l
    say "$l-list" t list-panes -t p -F "$f"
done
say next t next-layout -t p
say next-list t display -p '#{window_layout}'
say prev t previous-layout -t p
say prev-list t display -p '#{window_layout}'
say E t select-layout -E
say E-list t display -p '#{window_layout}'
old=$(t display -p '#{window_layout}')
t select-layout tiled
say text t select-layout "$old"
say text-list t display -p '#{window_layout}'
say text-bad t select-layout 0000,80x24
say undo t select-layout -o
say undo-list t display -p '#{window_layout}'
for d in L R U D; do
    say "sel$d" t select-pane -$d -t p:0.2
    say "sel$d-now" t display -p '#{pane_index}'
    t select-pane -t p:0.2
done
say last t last-pane
say last-now t display -p '#{pane_index}'
say sel-l t select-pane -l
say title t select-pane -t p:0.1 -T 'my title'
say title-is t display -p -t p:0.1 '#{pane_title}'
say mark t select-pane -m -t p:0.1
say marked t list-panes -F '#{pane_index} #{pane_marked}'
say tilde t display -p -t '~' '#{pane_index}'
say unmark t select-pane -M
say off t select-pane -d -t p:0.1
say off-is t display -p -t p:0.1 '#{pane_input_off}'
say on t select-pane -e -t p:0.1
say zoom t resize-pane -Z -t p:0.1
say zoomed t display -p '#{window_zoomed_flag} #{pane_index} #{pane_width}x#{pane_height} #{window_flags}'
say unzoom t resize-pane -Z
for r in "-L 3" "-R 2" "-U 1" "-D 2" "-x 20" "-y 6" "-x 30%" "-x no" "-L 0"; do
    say "r$r" t resize-pane -t p:0.1 $r
    say "r$r-list" t display -p '#{window_layout}'
done
say swap t swap-pane -s p:0.0 -t p:0.3
say swapU t swap-pane -U -t p:0.3
say swapD t swap-pane -d -D -t p:0.0
say swap-list t list-panes -F "$f"
say rot t rotate-window
say rot-list t list-panes -F "$f"
say rotD t rotate-window -D
say rotD-list t list-panes -F "$f"
say break t break-pane -d -P -s p:0.1 -n broken
say break-list t list-windows -F '#I #W #{window_panes}'
say join t join-pane -h -s p:1 -t p:0.0
say join-list t list-panes -F "$f"
say join-self t join-pane -s p:0.0 -t p:0.0
say move t move-pane -d -s p:0.0 -t p:0.2
say move-list t list-panes -F "$f"
say kill t kill-pane -t p:0.0
say kill-a t kill-pane -a -t p:0.1
say kill-list t list-panes -F "$f"
say kill-none t kill-pane -t p:0.9
say respawn t respawn-pane -t p
say respawn-k t respawn-pane -k -t p cat
say remain t set -p remain-on-exit on
say dead t respawn-pane -k -t p 'exit 3'
until_is "#{pane_dead} #{pane_dead_status}" "1 3"
say dead-is t display -p '#{pane_dead} #{pane_dead_status}'
say respawn-dead t respawn-pane -t p cat
t kill-server
