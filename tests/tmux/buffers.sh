. "$L/lib.sh"
t new-session -d -s b -x 40 -y 5 cat
say none t show-buffer
say set t set-buffer 'one two'
say show t show-buffer
say set-b t set-buffer -b named text
say set-a t set-buffer -a -b named more
say show-b t show-buffer -b named
say show-none t show-buffer -b nosuch
say list t list-buffers
say list-F t list-buffers -F '#{buffer_name} #{buffer_size} #{buffer_sample}'
say rename t set-buffer -b named -n renamed
say list2 t list-buffers -F '#{buffer_name}'
say empty t set-buffer
say save t save-buffer -b renamed "$D/out"
say saved cat "$D/out"
say save-a t save-buffer -a -b renamed "$D/out"
say saved2 cat "$D/out"
say save-dash t save-buffer -b renamed -
printf 'from a file\n' > "$D/in"
say load t load-buffer -b file "$D/in"
say load-show t show-buffer -b file
printf piped | t load-buffer -b pipe -
say load-dash t show-buffer -b pipe
say load-none t load-buffer "$D/nosuch"
say del t delete-buffer -b renamed
say del-none t delete-buffer -b renamed
say paste t paste-buffer -b pipe
say paste-none t paste-buffer -b nosuch
say paste-d t paste-buffer -d -b pipe -s ,
for _ in $(seq 100); do t capture-pane -p | grep -q pipedpiped && break; sleep 0.02; done
say screen t capture-pane -p
say capture t capture-pane -b cap
say capture-show t show-buffer -b cap
say list3 t list-buffers -F '#{buffer_name} #{buffer_size}'
say tabs t set-buffer -b tab "a	b\\c"
say tabs-list t list-buffers -f '#{==:#{buffer_name},tab}' -F '#{buffer_sample}'
t set -g buffer-limit 2
for i in 1 2 3 4; do t set-buffer $i; done
say limit t list-buffers -f '#{m:buffer*,#{buffer_name}}' -F '#{buffer_sample}'
t kill-server
