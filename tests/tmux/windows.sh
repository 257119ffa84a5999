. "$L/lib.sh"
f='#{window_index}:#{window_name}:#{window_active}:#{window_flags}:#{window_panes}'
t new-session -d -s w -n zero -x 80 -y 24 cat
say new t new-window -t w -n one cat
say new-d t new-window -d -t w -n two cat
say new-P t new-window -d -P -t w -n three cat
say new-idx t new-window -d -t w:7 -n seven cat
say new-taken t new-window -d -t w:7 -n again cat
say new-k t new-window -d -k -t w:7 -n again cat
say new-a t new-window -a -d -t w:0 -n after cat
say new-b t new-window -b -d -t w:0 -n before cat
say new-S t new-window -S -n before
say list t list-windows -t w -F "$f"
say sel t select-window -t w:2
say sel-name t select-window -t again
say sel-none t select-window -t w:99
say last t last-window
say cur t display -p '#W'
say next t next-window
say cur2 t display -p '#W'
say prev t previous-window
say cur3 t display -p '#W'
say sel-n t select-window -n
say sel-p t select-window -p
say sel-l t select-window -l
say cur4 t display -p '#W'
say sel-T t select-window -T -t :
say cur5 t display -p '#W'
say next-a t next-window -a
say ren t rename-window -t w:0 'new name'
say ren-esc t rename-window -t w:1 'a\b'
say list2 t list-windows -t w -F "$f"
say move t move-window -s w:7 -t w:20
say move-taken t move-window -s w:20 -t w:0
say move-k t move-window -k -s w:20 -t w:0
say move-r t move-window -r -t w
say list3 t list-windows -t w -F "$f"
say swap t swap-window -s w:0 -t w:1
say swap-d t swap-window -d -s w:0 -t w:2
say list4 t list-windows -t w -F "$f"
t new-session -d -s x -n other cat
say link t link-window -s w:1 -t x:5
say link-taken t link-window -s w:1 -t x:0
say link-again t link-window -d -s w:1 -t x:9
say linked t list-windows -t x -F "$f #{window_linked} #{window_linked_sessions}"
say unlink t unlink-window -t x:5
say unlink9 t unlink-window -t x:9
say unlink-only t unlink-window -t x:0
say list-x t list-windows -t x -F "$f"
say list-a t list-windows -a -F '#S:#I'
say find t list-windows -a -f '#{==:#{window_name},other}' -F '#S:#W'
say resize t resize-window -t w:0 -x 100 -y 40
say size t display -p -t w:0 '#{window_width}x#{window_height}'
say resize-U t resize-window -t w:0 -U 5
say resize-A t resize-window -t w:0 -A
say size2 t display -p -t w:0 '#{window_width}x#{window_height}'
say resize-bad t resize-window -t w:0 -x no
say rot-none t rotate-window -t w:0
say kill t kill-window -t w:1
say kill-a t kill-window -a -t w:0
say list5 t list-windows -t w -F '#I'
say kill-none t kill-window -t w:44
say respawn t respawn-window -t w:0
say respawn-k t respawn-window -k -t w:0 cat
t kill-server
