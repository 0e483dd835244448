# bash completion for reprise. The program itself says what could come next, so for one of your own that is linked with
# reprise-main this does it:  complete -F _reprise hello
_reprise() {
  local word words=() line program=${COMP_WORDS[0]/#\~\//$HOME/} current
  COMPREPLY=()

  # bash splits at = and :, the program does not: put together what stands together.
  local i joined=
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $joined && ${#words[@]} -gt 0 ]]; then
      words[${#words[@]} - 1]+=$word
    elif [[ $word == [=:]* && ${#words[@]} -gt 0 ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    [[ $word == *[=:] ]] && joined=1 || joined=
  done
  current=${words[${#words[@]} - 1]-}

  # What bash replaces is the part behind the last = or :.
  local before=${current%"${current##*[=:]}"}
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    if [[ $line == :files ]]; then
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${current#"$before"}")
      compopt -o filenames 2>/dev/null
      continue
    fi
    COMPREPLY+=("${line#"$before"}")
  done < <("$program" __complete "${words[@]}" 2>/dev/null)

  # After name= the value follows at once.
  if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
  return 0
}
complete -F _reprise reprise
