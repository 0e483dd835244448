# completion.zsh FILE: an interactive zsh with the completion for it, typed at through a terminal of its own.
zmodload zsh/zpty || exit
code=0
file=$1

# The inner shell, set up line by line; at ^X it says what its command line holds.
zpty shell zsh -f -i
say() { zpty -w shell "$1" }
say "unset zle_bracketed_paste; PS1='' RPS1=''; stty rows 60 columns 200; TERM=dumb; fpath=(${(q)file:h} \$fpath)"
say 'autoload -Uz compinit; compinit -u -D; LISTMAX=0'
say 'shows() { local text="<$BUFFER>"; zle -I; print -r -- "$text"; BUFFER="" }; zle -N shows; bindkey "^X" shows; bindkey "^I" complete-word'
say 'print -r -- "<re""ady>"'
output=
zpty -r -m shell output '*<ready>*' || exit

# at TYPED WANTED: after a tab the command line holds this.
at() {
  local output=
  zpty -w -n shell "$1"$'\t\x18'
  zpty -r -m shell output '*<*>*'
  output=${${output##*<}%%>*}
  [[ $output == "$2" ]] && return
  print -r -- "'$1' and a tab give '$output', not '$2'"
  code=1
}

at 'reprise explo' 'reprise explore '
at 'reprise run million_sl' 'reprise run million_sleepers '
at 'reprise run say_hello --see' 'reprise run say_hello --seed'
at 'reprise run say_hello --strategy ro' 'reprise run say_hello --strategy round_robin '
at 'reprise run say_hello --strategy=ro' 'reprise run say_hello --strategy=round_robin '
at 'reprise run --seeds 40' 'reprise run --seeds 40..'
at 'reprise run million_sleepers --param ' 'reprise run million_sleepers --param n='
at 'reprise run say_hello --trace /etc/hostn' 'reprise run say_hello --trace /etc/hostname '
at 'reprise run say_hello --trace=/etc/hostn' 'reprise run say_hello --trace=/etc/hostname '
at 'reprise replay /etc/hostn' 'reprise replay /etc/hostname '
at 'reprise list /etc/hostn' 'reprise list /etc/hostn'
zpty -d shell
exit $code
