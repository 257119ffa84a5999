. "$L/lib.sh"
unset FOO
t new-session -d -s env -x 80 -y 24 cat
say set t set-environment FOO bar
say show t show-environment FOO
say show-g t show-environment -g FOO
say set-g t set-environment -g FOO glob
say show-g2 t show-environment -g FOO
say show-s t show-environment -s FOO
say set-q t set-environment Q 'a "b" $c'
say show-sq t show-environment -s Q
say unset t set-environment -u FOO
say show2 t show-environment FOO
say remove t set-environment -r FOO
say show3 t show-environment FOO
say show-s3 t show-environment -s FOO
say hidden t set-environment -h HID secret
say hid t show-environment HID
say hid-h t show-environment -h HID
say F t set-environment -F FMT '#{session_name}'
say F-is t show-environment FMT
say eq t set-environment A=B c
say empty t set-environment '' c
say noval t set-environment FOO
say u-val t set-environment -u FOO x
say none t show-environment NOSUCH
say fmt t display -p '#{FMT} #{Q}'
t set -g update-environment 'UPD'
UPD=yes t new-session -d -s upd cat
say upd t show-environment -t upd
t kill-server
