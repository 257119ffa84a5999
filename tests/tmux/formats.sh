. "$L/lib.sh"
t new-session -d -s fmt -n win -x 80 -y 24 cat
t set -g @u 'user value'; t set -g @e ''; t set -g @f '#{session_name}'
t split-window -d cat
e() { t display-message -p "$1"; }
for x in '#S' '#W' '#I' '#P' '#F' '##' '#{session_name}' '#{nosuch}' '#{@u}' '#{@nosuch}' '#{E:@f}' '#{@f}' '#{l:#{x}}' \
    '#{?1,yes,no}' '#{?0,yes,no}' '#{?,yes,no}' '#{?session_name,yes,no}' '#{?@e,yes,no}' '#{?#{==:a,a},eq,ne}' \
    '#{==:a,b}' '#{!=:a,b}' '#{<:a,b}' '#{>:a,b}' '#{<=:a,a}' '#{>=:a,b}' '#{&&:1,0}' '#{||:1,0}' '#{&&:1,1}' '#{||:0,0}' \
    '#{m:f*,#{session_name}}' '#{m:x*,#{session_name}}' '#{m/r:^f.t$,fmt}' '#{m/ri:^F,fmt}' '#{m/i:F*,fmt}' \
    '#{=3:session_name}' '#{=2:session_name}' '#{=-2:session_name}' '#{=/2/...:session_name}' '#{p8:session_name}|' '#{p-8:session_name}|' \
    '#{b:@p}' '#{d:@p}' '#{s/a/b/:@s}' '#{s/A/b/i:@s}' '#{s/(.)a/\1x/:@s}' '#{q:@q}' '#{q/e:@f}' '#{q/h:@f}' '#{n:session_name}' '#{w:session_name}' \
    '#{e|+:3,4}' '#{e|-:3,4}' '#{e|*:3,4}' '#{e|/:9,2}' '#{e|m:9,4}' '#{e|%%:9,4}' '#{e|/|f:9,2}' '#{e|/|f|4:9,2}' '#{e|==:1,1}' '#{e|<:1,2}' '#{e|>=:1,2}' \
    '#{T:@f}' '#{W:#I#W,[#I#W]}' '#{P:#P,<#P>}' '#{S:#S}' '#{a:98}' '#{c:red}' '#{c:colour123}' '#{t/f/%Y:@t}' '#{t/f/%H%%:@t}' \
    '#{?#{m:a*,abc},#{?1,in,x},out}' '#{?1,a#,b,c}' '#{?1,a#}b,c}' '#{=5;p8:@u}|' '#{E;=4:@f}' '#{l:a,b}' '#,' '#}' 'a#{b' '#{' '#[fg=red]x' \
    '#{pane_width}x#{pane_height}' '#{window_panes}' '#{pane_index}' '#{pane_active}' '#{pane_at_top}#{pane_at_bottom}#{pane_at_left}#{pane_at_right}' \
    '#{window_active}#{window_last_flag}#{window_zoomed_flag}#{window_start_flag}#{window_end_flag}' '#{session_windows}' '#{window_layout}' \
    '#{pane_left},#{pane_top},#{pane_right},#{pane_bottom}' '#{cursor_x},#{cursor_y}' '#{alternate_on}#{insert_flag}#{origin_flag}#{wrap_flag}#{keypad_flag}' \
    '#{mouse_any_flag}#{mouse_button_flag}#{mouse_standard_flag}#{mouse_all_flag}' '#{scroll_region_upper}-#{scroll_region_lower}' '#{pane_tabs}' \
    '#{history_size}/#{history_limit}' '#{pane_in_mode}#{pane_dead}#{pane_pipe}#{pane_synchronized}#{pane_marked}#{pane_input_off}' \
    '#{session_attached}#{session_many_attached}#{session_grouped}' '#{session_stack}' '#{session_alerts}' '#{window_flags}' '#{window_raw_flags}' \
    '#{status-left}' '#{base-index}' '#{mouse}' '#{history-limit}' '#{LANG}' '#{window_bigger}' '#{pane_start_command}' \
    '#{session_format}#{window_format}#{pane_format}' '#{active_window_index}#{last_window_index}' '#{window_stack_index}' '#{pane_mode}' '#{selection_present}' \
    '#{window_visible_layout}' '#{pane_dead_status}' '#{buffer_name}' '#{client_name}' '#{line}' '#{next_session_id}' '#{alternate_saved_x}' '#{window_offset_x}' '#{window_cell_width}'; do
    say "$x" e "$x"
done
t set -g @p /a/b/c.txt; t set -g @s banana; t set -g @q 'a b$c"d'"'"; t set -g @t 86400
for x in '#{b:@p}' '#{d:@p}' '#{b:#{d:@p}}' '#{s/a/o/:@s}' '#{s/A/o/i:@s}' '#{s/(.)a/\1x/:@s}' '#{q:@q}' '#{=3:@s}' '#{=/3/~:@s}' '#{=/-3/~:@s}' '#{p10:@s}|' '#{s/a/o/;=4:@s}' '#{n:@s}' '#{m:*nan*,#{@s}}' '#{t/f/%j:@t}'; do
    say "2 $x" e "$x"
done
t kill-server
