# completion.bash FILE: sources the completion for bash and asks it as a shell would at a tab.
# shellcheck source=packaging/completion/reprise.bash
. "$1" || exit
code=0

# at WORDS… THEN wanted…: after these words (split as bash splits them; the last is the one to complete), these are offered.
at() {
  COMP_WORDS=() COMPREPLY=()
  while [[ $1 != THEN ]]; do
    COMP_WORDS+=("$1")
    shift
  done
  shift
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _reprise
  [[ "${COMPREPLY[*]}" == "$*" ]] && return
  echo "after '${COMP_WORDS[*]}' it offers '${COMPREPLY[*]}', not '$*'"
  code=1
}

at reprise exp THEN explore explain
at reprise '' THEN list run explore replay shrink explain check corpus trace
at reprise run million_sl THEN million_sleepers
at reprise run say_hello --se THEN --seed --seeds
at reprise run say_hello --strategy ro THEN round_robin
at reprise run say_hello --strategy = ro THEN round_robin
at reprise run say_hello --strategy = THEN fifo random_walk round_robin pct pos surw delay_bounded preemption_bounded starvation portfolio simplest
at reprise run --seeds 40 THEN 40..49 40..139 40..1039
at reprise run million_sleepers --param THEN --param
at reprise run million_sleepers --param '' THEN n=
at reprise run million_sleepers --param n = THEN 1000000 1000
at reprise run million_sleepers --param n = 1000 --fo THEN --format
at reprise run say_hello --trace /etc/hostn THEN /etc/hostname
at reprise run say_hello --trace = /etc/hostn THEN /etc/hostname
# A token is typed or pasted; a trace or a case file is offered.
at reprise replay /etc/hostn THEN /etc/hostname
at reprise explain /etc/hostn THEN /etc/hostname
at reprise list /etc/hostn THEN
complete -p reprise | grep -q -- '-F _reprise' || { echo 'not registered'; code=1; }
exit "$code"
