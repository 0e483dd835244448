#!/usr/bin/env bash
# Do the tools follow every switch? Runs `annotated` (beside this script) and some of the gallery under each of them.
#
#   tests/annotations/run.sh [--require] [tsan|asan|valgrind|gdb …]      all four when none is named
#
# A line a check; ends with 0 when all hold. A tool that is not here is skipped with a line, and is a failure with --require. What it builds: core and
# `annotated` in build-tsan and build-sanitized, the program and `annotated` in build (or in PLAIN_BUILD); a build directory that is there is
# used as it is configured. docs/sanitizers.md is about the tools.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 4
exec </dev/null

readonly plain=${PLAIN_BUILD:-build} threaded=build-tsan sanitized=build-sanitized
# Fibers, jobs, and the same as coroutines: alone, and on borrowed stacks.
readonly scenarios=(fetch_pages_gather executor_background_threads fetch_pages_gather_async executor_background_threads_async)
jobs=$(nproc)
require=false tools=()
for argument in "$@"; do
  case $argument in
    --require) require=true ;;
    tsan|asan|valgrind|gdb) tools+=("$argument") ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
((${#tools[@]})) || tools=(tsan asan valgrind gdb)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ -z ${CXX:-} ]] && command -v ccache >/dev/null; then export CXX='ccache g++'; fi

passed=0 failed=0
# holds STATUS TITLE: a check's line, and what was said where it failed.
holds() {
  if (($1 == 0)); then
    echo "$tool: $2: ok"
    passed=$((passed + 1))
  else
    echo "$tool: $2: FAILED"
    tail -n 40 "$work/out"
    failed=$((failed + 1))
  fi
}
missing() {
  if $require; then
    echo "$tool: $1 is not here: FAILED"
    failed=$((failed + 1))
  else
    echo "$tool: $1 is not here: skipped"
  fi
}

# build DIR TARGET… -- OPTION…: configures a directory that is not there yet, and builds the targets.
build() {
  local dir=$1 targets=()
  shift
  while [[ $1 != -- ]]; do targets+=("$1"); shift; done
  shift
  if { [[ -e $dir/build.ninja ]] || meson setup --wrap-mode=nodownload -Dtests=enabled -Dexamples=enabled "$@" "$dir"; } >"$work/out" 2>&1 &&
    ninja -C "$dir" -j "$jobs" "${targets[@]}" >"$work/out" 2>&1; then return 0; fi
  holds 1 "the build in $dir"
  return 1
}
build_plain() { build "$plain" tests/annotations/annotated "$@" -- --buildtype=release; }

# run COMMAND…: its output is in $work/out, its exit code in $code.
run() {
  code=0
  timeout 300 "$@" >"$work/out" 2>&1 || code=$?
}
says() { grep -qF -- "$1" "$work/out"; }

# overflow COMMAND…: the verdicts of a stack overflow in each place are those of an ordinary build.
overflow() {
  local places
  build_plain || return
  "$plain/tests/annotations/annotated" overflow >"$work/expected"
  places=$(grep -c ': crashed stack overflow in' "$work/expected")
  run "$@" overflow
  cp "$work/out" "$work/verdicts"
  diff "$work/expected" "$work/verdicts" >"$work/out" && ((code == 0 && places == 6))
  holds $? 'a stack overflow is a verdict in six places, worded as in an ordinary build, and the process goes on'
}

check_tsan() {
  echo 'int main() {}' >"$work/empty.cpp"
  # shellcheck disable=SC2086  # CXX may be two words
  ${CXX:-g++} -fsanitize=thread "$work/empty.cpp" -o "$work/empty" 2>/dev/null || { missing 'libtsan'; return; }
  # g++ 12's runtime gives up at once where the kernel puts mappings too far apart (vm.mmap_rnd_bits above 28).
  local near=()
  run "$work/empty"
  if says 'unexpected memory mapping'; then
    near=(setarch "$(uname -m)" -R)
    run "${near[@]}" "$work/empty"
  fi
  ((code == 0)) || { holds 1 'an empty program'; return; }
  build "$threaded" tests/annotations/annotated -- --buildtype=debug -Doptimization=1 -Db_sanitize=thread -Db_lundef=false || return
  local annotated=("${near[@]}" "$threaded/tests/annotations/annotated")
  export TSAN_OPTIONS='exitcode=66'
  run "${annotated[@]}" threads 50
  ((code == 0)) && ! says 'WARNING'
  holds $? 'two runs in two OS threads at once are clean'
  run "${annotated[@]}" race
  # The call stack of a task ends where its stack does: TSan has followed the switch.
  ((code == 66)) && says 'data race' && awk '/ of size 4 at .* by thread/ { on = 1; next } on && /^$/ { exit } on { last = $0; all = all $0 }
    END { exit !(all ~ / write_shared / && last ~ / reprise_fiber_entry /) }' "$work/out"
  holds $? 'a planted race between two OS threads is reported, with the tasks that did it'
  overflow "${annotated[@]}"
}

check_asan() {
  build "$sanitized" tests/annotations/annotated -- --buildtype=debug -Db_sanitize=address,undefined -Db_lundef=false || return
  export ASAN_OPTIONS='detect_stack_use_after_return=1:detect_leaks=1' UBSAN_OPTIONS='halt_on_error=1'
  run "$sanitized/tests/annotations/annotated" threads 20
  ((code == 0)) && ! says 'ERROR'
  holds $? 'two runs in two OS threads at once are clean'
  overflow "$sanitized/tests/annotations/annotated"
}

clean() { ((code == 0)) && says 'ERROR SUMMARY: 0 errors' && ! says 'switching stacks' && ! says 'Warning:'; }

check_valgrind() {
  command -v valgrind >/dev/null || { missing valgrind; return; }
  build_plain reprise || return
  local name memcheck=(valgrind --error-exitcode=9 --num-callers=30)
  for name in "${scenarios[@]}"; do
    run "${memcheck[@]}" "$plain/reprise" run "$name" --seed 1
    clean
    holds $? "$name is clean"
  done
  run "${memcheck[@]}" "$plain/tests/annotations/annotated" threads 1
  clean
  holds $? 'two runs in two OS threads are clean'
  run "${memcheck[@]}" "$plain/tests/annotations/annotated" uninitialised
  ((code == 9)) && says 'depends on uninitialised value' && says 'reprise_fiber_entry'
  holds $? 'a planted use of uninitialised memory in a task is found'
  overflow "${memcheck[@]}" -q "$plain/tests/annotations/annotated"
}

# backtrace TITLE FUNCTION LAST ARGUMENT…: stopped in FUNCTION, gdb's backtrace is whole and ends in LAST.
backtrace() {
  local title=$1 function=$2 last=$3
  shift 3
  run gdb -batch -nx -ex 'set debuginfod enabled off' -ex 'handle SIGSEGV nostop noprint pass' \
    -ex "break $function" -ex run -ex bt --args "$plain/tests/annotations/annotated" "$@"
  says "$function" && [[ $(grep -E '^#' "$work/out" | tail -n 1) == *" $last "* ]] && ! says 'Backtrace stopped' && ! says '?? ()'
  holds $? "a backtrace in $title ends in $last"
}

check_gdb() {
  command -v gdb >/dev/null || { missing gdb; return; }
  build_plain || return
  local place
  for place in task coroutine borrowed generator job callback; do
    backtrace "$place" stop_here reprise_fiber_entry stop "$place"
  done
  backtrace 'a stack overflow' reprise_land_overflow reprise_overflow_entry overflow task
}

for tool in "${tools[@]}"; do "check_$tool"; done
echo "$passed passed, $failed failed"
((failed == 0))
