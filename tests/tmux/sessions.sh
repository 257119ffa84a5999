. "$L/lib.sh"
t new-session -d -s one -n first -x 80 -y 24 cat
say has t has-session -t one
say has-prefix t has-session -t on
say has-exact t has-session -t =on
say has-none t has-session -t nosuch
say new-P t new-session -d -P -s two cat
say new-PF t new-session -d -P -F '#{session_name} #{session_windows}' -s three -n win cat
say new-dup t new-session -d -s two
say new-size t new-session -d -s big -x 120 -y 50 -P -F '#{window_width}x#{window_height}' cat
say new-badsize t new-session -d -s bad -x 0
say new-badsize2 t new-session -d -s bad -x no
say new-env t new-session -d -s env -e A=b cat
say show-env t show-environment -t env A
say ls t list-sessions -F '#{session_name} #{session_windows} #{session_attached} #{session_grouped}'
say ls-filter t list-sessions -f '#{m:t*,#{session_name}}' -F '#S'
say rename t rename-session -t one uno
say rename-dup t rename-session -t uno two
say ls2 t ls -F '#S'
t new-session -d -s other cat
say rename-empty t rename-session -t other ''
say group t new-session -d -t uno -s shared
say group-ls t list-sessions -f '#{session_grouped}' -F '#{session_name} #{session_group_size} #{session_group_list}'
say group-win t new-window -d -t shared: -n added cat
say group-same t list-windows -t uno -F '#{window_index} #{window_name}'
say group-kill t kill-session -t shared
say kill-a t kill-session -a -t uno
say ls3 t ls -F '#S'
say kill t kill-session -t uno
until t ls 2>&1 | grep -q 'no server'; do sleep 0.02; done
say none t ls | sed 's| on /.*| on PATH|; s|error connecting to /.*|no server running on PATH|'
