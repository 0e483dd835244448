#!/usr/bin/env bash
# Are the scheduler's tests sharp? Plants one fault after another in a copy of the sources, and demands that a test fails.
#
#   tests/mutants/run.sh [--jobs N] [--keep] [FAULT …]     FAULT: the name of a patch beside this script
#
# Prints a table: fault, the suite and the first test that caught it. Ends with 0 when all were caught, 1 when one was not, 2 when a patch no longer
# applies or something does not build: then mend the patch. Takes some minutes, so it is no part of CI: run it when the scheduler or its tests change.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
suites="core semantics properties"    # in this order, until one fails
limit=120                             # seconds for a suite: a wrong scheduler may hang
jobs=$(nproc)
keep=false
faults=()
while [ $# -gt 0 ]; do
  case $1 in
    --jobs) jobs=$2; shift ;;
    --keep) keep=true ;;
    -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) faults+=("${1%.patch}") ;;
  esac
  shift
done
if [ ${#faults[@]} -eq 0 ]; then
  for patch in "$here"/*.patch; do
    faults+=("$(basename "$patch" .patch)")
  done
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")
$keep || trap 'rm -rf "$work"' EXIT
echo "working in $work" >&2
mkdir "$work/source"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 tar cf - --ignore-failed-read 2>/dev/null) | tar xf - -C "$work/source"

targets=()
for suite in $suites; do
  [ -n "$(find "$root/tests/$suite" -name '*_test.cpp' -print -quit 2>/dev/null)" ] && targets+=("tests/${suite}_test")
done
compiler=${CXX:-g++}
command -v ccache >/dev/null && compiler="ccache $compiler"
build() {
  ninja -C "$work/build" -j "$jobs" "${targets[@]}" tests/planted_memory >"$work/build.log" 2>&1 ||
    { tail -40 "$work/build.log" >&2; echo "$1 does not build" >&2; exit 2; }
}
# The name of the first test of a suite that fails; nothing when all pass.
failing() {
  local log=$work/$1.log
  local code=0 name
  timeout "$limit" "$work/build/tests/${1}_test" --abort >"$log" 2>&1 || code=$?
  if [ "$code" -eq 124 ]; then
    echo "(hangs)"
  elif [ "$code" -ne 0 ]; then
    # Catch2 frames the name of the test between the first two lines of dashes. No interval in the pattern: mawk has none.
    name=$(awk '/^----------/ { n++; next } n == 1 { print } n > 1 { exit }' "$log" | tr '\n' ' ' | sed 's/ *$//')
    echo "${name:-(exit code $code)}"
  fi
}

(cd "$work/source" && CXX=$compiler meson setup "$work/build" -Dbuildtype=debug >"$work/setup.log" 2>&1) ||
  { tail -20 "$work/setup.log" >&2; exit 2; }
build "the source without a fault"
for target in "${targets[@]}"; do
  suite=$(basename "$target" _test)
  name=$(failing "$suite")
  if [ -n "$name" ]; then
    echo "without any fault, $suite fails: $name" >&2
    exit 2
  fi
done

missed=0
printf '%-34s %-11s %s\n' fault 'caught by' test
for fault in "${faults[@]}"; do
  patch=$here/$fault.patch
  [ -f "$patch" ] || { echo "there is no fault '$fault'" >&2; exit 2; }
  if ! patch -d "$work/source" -p1 --fuzz=0 --forward --batch <"$patch" >"$work/patch.log" 2>&1; then
    cat "$work/patch.log" >&2
    echo "$fault.patch no longer applies: make it anew" >&2
    exit 2
  fi
  build "$fault"
  caught=""
  for target in "${targets[@]}"; do
    suite=$(basename "$target" _test)
    name=$(failing "$suite")
    if [ -n "$name" ]; then
      caught=$suite
      break
    fi
  done
  if [ -n "$caught" ]; then
    printf '%-34s %-11s %s\n' "$fault" "$caught" "$name"
  else
    printf '%-34s %-11s %s\n' "$fault" 'NOBODY' ''
    missed=$((missed + 1))
  fi
  patch -d "$work/source" -p1 --reverse --batch <"$patch" >"$work/patch.log" 2>&1
done
if [ "$missed" -gt 0 ]; then
  echo "$missed of ${#faults[@]} faults went unnoticed" >&2
  exit 1
fi
echo "all ${#faults[@]} faults were caught"
