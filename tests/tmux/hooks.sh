. "$L/lib.sh"
t new-session -d -s h -n w -x 80 -y 24 cat
say set t set-hook -g after-new-window 'display-message   "hi  there" ; set -g @a 1'
say show t show-hooks -g after-new-window
say idx t set-hook -g 'after-new-window[3]' 'set -g @b 2'
say show2 t show-hooks -g after-new-window
say show-idx t show-hooks -g 'after-new-window[3]'
say append t set-hook -ga after-new-window 'set -g @c 3'
say show3 t show-hooks -g after-new-window
say run t new-window -d cat
say ran t display -p '#{@a}#{@b}#{@c}'
say unset-idx t set-hook -gu 'after-new-window[0]'
say show4 t show-hooks -g after-new-window
say unset t set-hook -gu after-new-window
say show5 t show-hooks -g after-new-window
say session t set-hook session-renamed 'set -g @r "#{hook}"'
say session-show t show-hooks
say rename t rename-session hh
say renamed t display -p '#{@r}'
say window t set-hook -w window-renamed 'set -g @w yes'
say window-show t show-hooks -w
say rename-w t rename-window ww
say renamed-w t display -p '#{@w}'
say pane t set-hook -p pane-mode-changed 'set -g @m yes'
say pane-show t show-hooks -p
say mode t copy-mode
say mode-is t display -p '#{@m}'
say R t set-hook -R session-renamed
say bad t set-hook -g nosuch 'display'
say bad-cmd t set-hook -g after-new-window 'nosuchcommand'
say user t set-hook -g @mine 'set -g @u 5'
say user-R t set-hook -R @mine
say user-is t display -p '#{@u}'
say opt t set -g after-kill-pane 'set -g @k 1'
say opt-show t show -g after-kill-pane
say opt-v t show -gv after-kill-pane
say not-listed sh -c "tmux -L $S show -g | grep -c after-"
t kill-server
