#!/usr/bin/env bash
# The digest gate: every gallery scenario under every seed has one digest, whatever compiler, optimisation level or sanitizer built it,
# and wherever the kernel put it.
#
#   tests/gates/digest_gate.sh [SEEDS [DIR]]      200 seeds; the builds are kept in DIR, else temporary
#
# Builds tests/gates/digests with g++ -O0, g++ -O3, g++ with ASan and UBSan, and clang++-16 -O2 where it is installed; runs each in two
# processes, with ASLR and environments of different sizes; demands the same output of all. Exit code 3 when they differ.
# JOBS=1 for a machine that others use too.
set -euo pipefail

readonly seeds=${1:-200}
[[ $seeds =~ ^[1-9][0-9]*$ ]] || { echo "digest_gate: '$seeds' is no number of seeds. 1 or more." >&2; exit 2; }
readonly last=$((seeds - 1)) target=tests/gates/digests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
readonly builds=${2:-$work}
mkdir -p "$builds"
. "$(dirname "${BASH_SOURCE[0]}")/builds.sh"
padding=$(printf '%50000s' '')

# environment N COMMAND…: in an environment of nothing, or of 50,000 bytes more.
environment() {
  local which=$1
  shift
  case $which in
    small) env -i PATH="$PATH" "$@" ;;
    large) env PADDING="${padding// /x}" "$@" ;;
  esac
}

# compare NAME: the runs of a build, against the first of all.
compare() {
  local name=$1 which output
  for which in small large; do
    output=$work/$name.$which
    environment "$which" "$builds/$name/tests/gates/digests" 0 "$last" >"$output" ||
      { echo "digest_gate: $name ended with exit code $?" >&2; exit 4; }
    [[ -e $work/expected ]] || { cp "$output" "$work/expected" && first="$name, $which environment"; }
    if ! diff "$work/expected" "$output" >"$work/diff"; then
      echo "DIFFER: $first (<) and $name, $which environment (>), in $(grep -c '^>' "$work/diff") runs:"
      head -n 20 "$work/diff"
      exit 3
    fi
  done
}

# gate NAME COMPILER OPTIONS…
gate() {
  local name=$1 start=$SECONDS built
  build "$@"
  built=$SECONDS
  compare "$name"
  printf '%-16s built in %s s, two processes ran in %s s\n' "$name" "$((built - start))" "$((SECONDS - built))"
  gates+=("$name")
}

gates=()
[[ $(cat /proc/sys/kernel/randomize_va_space 2>/dev/null) != 0 ]] || echo 'digest_gate: ASLR is off here, so addresses hardly vary.' >&2
gate gcc-O0 g++ --buildtype=plain -Doptimization=0
gate gcc-O3 g++ --buildtype=plain -Doptimization=3
gate gcc-sanitized g++ --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
if command -v clang++-16 >/dev/null; then gate clang-O2 clang++-16 --buildtype=plain -Doptimization=2; fi

runs=$(wc -l <"$work/expected")
echo "one digest each: $(cut -f 1 "$work/expected" | sort -u | wc -l) scenarios, $seeds seeds, 2 strategies: $runs runs equal in" \
  "$((2 * ${#gates[@]})) processes (${gates[*]}), $SECONDS s"
