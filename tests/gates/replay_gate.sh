#!/usr/bin/env bash
# The replay gate: a failure that one build finds is repeated from its token alone, in another process, by every build.
#
#   tests/gates/replay_gate.sh [TIMES [DIR]]      each token 100 times; the builds are kept in DIR, else temporary
#
# Builds tests/gates/replays with g++ -O3, g++ with ASan and UBSan, and clang++-16 -O2 where it is installed. The first finds a failing
# run of each planted bug and of each scenario of the gallery that can fail, and shrinks it; all of them repeat both. Exit code 3 when
# a run comes out otherwise. JOBS=1 for a machine that others use too.
set -euo pipefail

readonly times=${1:-100}
[[ $times =~ ^[1-9][0-9]*$ ]] || { echo "replay_gate: '$times' is no number of times. 1 or more." >&2; exit 2; }
readonly target=tests/gates/replays
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
readonly builds=${2:-$work}
mkdir -p "$builds"
. "$(dirname "${BASH_SOURCE[0]}")/builds.sh"

# gate NAME COMPILER OPTIONS…
gate() {
  local name=$1 start=$SECONDS built result
  build "$@"
  built=$SECONDS
  if [[ ! -e $work/failures ]]; then
    "$builds/$name/tests/gates/replays" find >"$work/failures"
    echo "$name found $(wc -l <"$work/failures") failing runs, shrunk ones too"
  fi
  result=0
  "$builds/$name/tests/gates/replays" repeat "$times" <"$work/failures" >"$work/output" || result=$?
  printf '%-16s built in %s s, ran in %s s: %s\n' "$name" "$((built - start))" "$((SECONDS - built))" "$(tail -n 1 "$work/output")"
  if ((result != 0)); then
    cat "$work/output"
    exit "$result"
  fi
}

gate gcc-O3 g++ --buildtype=plain -Doptimization=3
if command -v clang++-16 >/dev/null; then gate clang-O2 clang++-16 --buildtype=plain -Doptimization=2; fi
gate gcc-sanitized g++ --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
