#compdef reprise
# zsh completion for reprise. The program itself says what could come next, so for one of your own that is linked with
# reprise-main this does it:  compdef _reprise hello
_reprise() {
  local line candidate
  local -a found open
  local -i files=0
  local program=${(Q)words[1]}
  for line in "${(@f)$("${program/#\~\//$HOME/}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    if [[ $line == :files ]]; then
      files=1
      continue
    fi
    candidate=${line%%$'\t'*}
    candidate=${candidate//:/\\:}
    [[ $line == *$'\t'* ]] && candidate+=":${line#*$'\t'}"
    if [[ ${line%%$'\t'*} == *= ]]; then open+=("$candidate"); else found+=("$candidate"); fi
  done
  local -i code=1
  (( $#found )) && _describe -V 'reprise' found && code=0
  (( $#open )) && _describe -V 'parameter' open -S '' && code=0
  if (( files )); then
    compset -P '--*='
    _files && code=0
  fi
  return code
}
# Autoloaded, the file is the function; sourced, it only defines it.
if [[ $funcstack[1] == _reprise ]]; then
  _reprise "$@"
else
  compdef _reprise reprise
fi
