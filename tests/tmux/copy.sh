. "$L/lib.sh"
# Each command of copy mode from several places of a text, with both sets of keys.
i=1; while [ $i -le 12 ]; do echo "line $i of the history"; i=$((i + 1)); done > "$D/text"
cat >> "$D/text" <<'END'
  indented (one [two] {three}) end
plain words, with-dashes and_underscores

    foo.bar("baz", 42);
a long line that is wrapped by the terminal because it has more columns than there are, foo and bar
wide: 漢字 and häß tail

if (a[1] == {x}) { y(z); }
(unbalanced ] bracket
second paragraph begins here
and ends with foo

last foo line   
END
printf 'the end' >> "$D/text"
t new-session -d -s c -x 40 -y 10 "cat $D/text; exec cat"
until_is '#{history_size}' 18
t set -g status off \; resize-window -x 40 -y 10
F='#{copy_cursor_x},#{copy_cursor_y} #{scroll_position} #{selection_present}#{selection_active} #{selection_start_x},#{selection_start_y}-#{selection_end_x},#{selection_end_y} #{rectangle_toggle} #{pane_in_mode}'
# at LINE COLUMN: into copy mode and to a place.
at() { t copy-mode -q \; copy-mode -H \; send-keys -X history-top \; send-keys -N "$1" -X cursor-down \; send-keys -X start-of-line \; send-keys -N "$(($2 + 1))" -X cursor-right \; send-keys -X cursor-left; }
state() { t display-message -p "$F"; }
places='1:0 12:2 12:17 13:6 13:18 14:0 15:4 15:16 16:0 16:30 17:10 18:2 19:8 20:0 21:4 21:17 22:0 23:3 25:5 26:0 27:14'
# try MODE COMMAND ARGUMENTS: from each place.
try() {
    for place in $places; do
        line=${place%:*}; column=${place#*:}
        say "$mode $* @$place" t copy-mode -q \; copy-mode -H \; send-keys -X history-top \; send-keys -N $line -X cursor-down \; send-keys -X start-of-line \; send-keys -N $((column + 1)) -X cursor-right \; send-keys -X cursor-left \; send-keys -X "$@" \; display-message -p "$F"
    done
}
# then LABEL COMMANDS: steps apart, from one place, and what is seen at each.
then_() {
    tag=$1; shift
    for step in "$@"; do
        # The words of a step are the command's.
        eval "say \"\$mode \$tag\" t send-keys $step \\; display-message -p \"\$F\""
    done
}
for mode in emacs vi; do
    t set -g mode-keys $mode
    # 3.6 and later, and qmux, keep vi's cursor on the last character of a line; 3.3a has it behind. So with vi keys
    # nothing is compared that comes to the end of a line. Nor is how vi's scrolling takes the cursor along.
    brackets='12:14 12:19 12:22 12:24 12:30 21:3 22:11'
    places="1:0 12:2 $brackets 13:6 13:18 15:4 16:0 16:30 17:10 18:2 20:1 21:4 23:3 26:5"
    for c in next-matching-bracket previous-matching-bracket; do try $c; done
    [ $mode = vi ] && places='12:2 13:6 13:18 15:4 16:5 17:10 18:2 20:1 21:4 23:3'
    [ $mode = vi ] || try end-of-line
    for c in cursor-left cursor-right cursor-up cursor-down start-of-line back-to-indentation \
        next-word next-word-end previous-word next-space next-space-end previous-space \
        next-paragraph previous-paragraph \
        select-word select-line begin-selection search-again jump-again; do
        try $c
    done
    places='1:0 13:6 16:30 18:2 23:3 26:5'
    [ $mode = vi ] && places='1:0 13:6 18:2 23:3 26:5'
    [ $mode = vi ] || for c in history-bottom scroll-up scroll-down scroll-down-and-cancel; do try $c; done
    for c in top-line middle-line bottom-line history-top page-up page-down halfpage-up halfpage-down \
        page-down-and-cancel halfpage-down-and-cancel \
        cursor-down-and-cancel other-end clear-selection rectangle-toggle jump-to-mark cancel \
        copy-line nosuch; do try $c; done
    places='12:2 16:0 16:30 18:2 22:0'
    for c in jump-forward jump-backward jump-to-forward jump-to-backward; do try $c a; try $c o; done
    for c in search-forward search-backward search-forward-text search-backward-text; do try $c foo; try $c 'a.d'; try $c nowhere; try $c 'wrapped'; done
    for c in search-forward-incremental search-backward-incremental; do try $c =foo; try $c =; done
    for n in 0 1 5 100 x -3; do try goto-line $n; done
    # Sequences.
    at 13 3; then_ jumps '-X jump-forward d' '-X jump-again' '-X jump-again' '-X jump-reverse' '-X jump-to-backward s' '-X jump-again' '-X jump-reverse' '-N 2 -X jump-forward s'
    at 16 0; then_ jumps-wrapped '-X jump-forward b' '-X jump-again' '-X jump-again' '-X jump-again' '-X jump-reverse' '-X jump-to-forward o' '-X jump-again'
    at 12 0; then_ search '-X search-forward foo' '-X search-again' '-X search-again' '-X search-again' '-X search-again' '-X search-reverse' '-X search-reverse'
    at 12 0; then_ search-back '-X search-backward foo' '-X search-again' '-X search-again' '-X search-reverse'
    at 12 0; then_ search-twice '-N 2 -X search-forward foo' '-N 2 -X search-again'
    at 12 0; then_ search-case '-X search-forward Foo' '-X search-forward FOO' '-X search-forward foo' '-X search-forward "f.o"' '-X search-forward "[0-9]+"' '-X search-forward "^and"'
    t set -g wrap-search off
    at 26 3; then_ search-no-wrap '-X search-forward foo' '-X search-again' '-X search-again' '-X search-reverse'
    at 12 3; then_ search-no-wrap-back '-X search-backward line' '-N 12 -X search-again' '-X search-again' '-X search-again'
    t set -gu wrap-search
    at 13 3; then_ selection '-X begin-selection' '-X next-word' '-X next-word-end' '-X other-end' '-X previous-word' '-X other-end' '-X cursor-down' '-X stop-selection' '-X cursor-down' '-X clear-selection'
    at 13 3; then_ rectangle '-X rectangle-on' '-X begin-selection' '-N 3 -X cursor-down' '-N 4 -X cursor-right' '-X other-end' '-X rectangle-off' '-X rectangle-toggle'
    at 13 3; then_ mark '-X set-mark' '-X history-top' '-X jump-to-mark' '-X jump-to-mark'
    at 13 8; then_ word '-X select-word' '-X cursor-right' '-X next-word' '-X previous-word' '-X previous-word' '-X previous-word' '-X other-end'
    at 13 8; then_ word-down '-X select-word' '-X cursor-down' '-X cursor-down' '-X cursor-up' '-X cursor-up' '-X cursor-up'
    at 12 0; then_ search-over-rows '-X search-forward terminal' '-X search-again' '-X search-reverse'
    at 13 8; then_ line '-X select-line' '-X cursor-down' '-X cursor-up' '-X cursor-up' '-X other-end'
    at 13 8; then_ line-3 '-N 3 -X select-line'
    at 16 5; then_ wrapped-line '-X select-line' '-X cursor-down'
    at 13 18; then_ column '-X cursor-down' '-X cursor-down' '-X cursor-up' '-X end-of-line' '-X cursor-down' '-X cursor-down' '-X cursor-down' '-X cursor-up'
    at 5 3; then_ pages '-X page-down' '-X page-down' '-X page-up' '-X halfpage-down' '-X halfpage-up' '-N 2 -X page-up' '-X page-down'
    at 5 3; then_ rows '-X top-line' '-X bottom-line' '-X middle-line' '-X history-top'
    # What is copied.
    copied() {
        tag=$1 place=$2; shift 2
        t set-buffer '(nothing)'
        at ${place%:*} ${place#*:}
        for step in "$@"; do eval "t send-keys $step"; done
        say "$mode copied $tag" sh -c 'tmux -L "$S" show-buffer; echo "|"'
        say "$mode copied $tag" state
    }
    copied word 13:8 '-X select-word' '-X copy-selection'
    copied word-2 13:8 '-X select-word' '-X next-word' '-X copy-selection'
    copied line 13:8 '-X select-line' '-X copy-selection'
    copied line-wrapped 16:8 '-X select-line' '-X copy-selection'
    copied line-2 13:8 '-X select-line' '-X cursor-down' '-X copy-selection'
    copied line-up 13:8 '-X select-line' '-X cursor-up' '-X copy-selection'
    copied chars 13:2 '-X begin-selection' '-N 6 -X cursor-right' '-X copy-selection'
    copied back 13:9 '-X begin-selection' '-N 6 -X cursor-left' '-X copy-selection'
    copied lines 13:2 '-X begin-selection' '-N 6 -X cursor-down' '-X copy-selection'
    [ $mode = vi ] || copied to-end 13:2 '-X begin-selection' '-X end-of-line' '-X copy-selection'
    copied rectangle 13:2 '-X rectangle-on' '-X begin-selection' '-N 3 -X cursor-down' '-N 6 -X cursor-right' '-X copy-selection'
    copied rectangle-back 16:9 '-X rectangle-on' '-X begin-selection' '-N 3 -X cursor-up' '-N 6 -X cursor-left' '-X copy-selection'
    copied wide 18:6 '-X begin-selection' '-X cursor-right' '-X copy-selection'
    copied none 13:2 '-X copy-selection'
    copied no-clear 13:2 '-X begin-selection' '-X next-word' '-X copy-selection-no-clear'
    copied and-cancel 13:2 '-X begin-selection' '-X next-word' '-X copy-selection-and-cancel'
    copied end-of-line 13:6 '-X copy-end-of-line'
    copied end-of-line-2 13:6 '-N 2 -X copy-end-of-line'
    copied end-of-line-wrapped 16:6 '-X copy-end-of-line'
    copied end-of-line-and-cancel 13:6 '-X copy-end-of-line-and-cancel'
    copied copy-line 13:6 '-X copy-line'
    copied copy-line-2 13:6 '-N 2 -X copy-line'
    copied copy-line-wrapped 16:6 '-X copy-line'
    copied copy-line-and-cancel 13:6 '-X copy-line-and-cancel'
    copied append 13:2 '-X begin-selection' '-X next-word' '-X copy-selection' '-X append-selection' '-X begin-selection' '-X next-word' '-X append-selection'
    copied append-and-cancel 13:2 '-X begin-selection' '-X next-word' '-X append-selection-and-cancel'
    copied prefix 13:2 '-X begin-selection' '-X next-word' '-X copy-selection pre'
    say "$mode buffers" sh -c 'tmux -L "$S" list-buffers -F "##{s/[0-9]+$/N/:buffer_name}" | sort -u'
    for c in pipe pipe-no-clear pipe-and-cancel copy-pipe copy-pipe-no-clear copy-pipe-and-cancel copy-pipe-line copy-pipe-line-and-cancel copy-pipe-end-of-line copy-pipe-end-of-line-and-cancel; do
        rm -f "$D/piped"
        copied $c 13:2 '-X begin-selection' '-X next-word' "-X $c \"cat > $D/piped.new; mv $D/piped.new $D/piped\""
        for _ in $(seq 200); do [ -e "$D/piped" ] && break; sleep 0.02; done
        say "$mode piped $c" cat "$D/piped"
    done
    t set -g word-separators 'o'
    places='13:3 15:4'
    for c in next-word next-word-end previous-word select-word; do try $c; done
    t set -gu word-separators
done
t kill-server
