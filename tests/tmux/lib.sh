# Sourced by each script: `tmux` on PATH is the one under test, $S the socket's name, $D a directory of its own.
# `say LABEL command...` prints what the command says, and its exit code, under the label.
t() { tmux -L "$S" -f /dev/null "$@"; }
say() {
    label=$1; shift
    out=$("$@" 2>&1); code=$?
    printf '%s\n' "$out" | while IFS= read -r line; do printf '%s\t%s\n' "$label" "$line"; done
    [ $code = 0 ] || printf '%s\texit %s\n' "$label" $code
}
# Waits until a format has a value; what a program does takes its time.
until_is() {
    for _ in $(seq 200); do
        [ "$(t display-message -p ${3:+-t "$3"} "$1")" = "$2" ] && return
        sleep 0.02
    done
    echo "waited in vain for $1 = $2"
}
