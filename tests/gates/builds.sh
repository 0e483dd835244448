# Sourced by the gates: the builds that they compare. Expects $work, $builds and $target, the program to build. LAUNCHER=ccache
# for who runs them often.
# shellcheck shell=bash
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# build NAME COMPILER OPTIONS…
build() {
  local dir=$builds/$1 compiler=$2
  shift 2
  [[ -e $dir/build.ninja ]] ||
    CXX="${LAUNCHER:+$LAUNCHER }$compiler" meson setup "$dir" "$source" --wrap-mode=nodownload -Dtests=enabled -Dexamples=enabled "$@" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; return 4; }
  ninja -C "$dir" ${JOBS:+-j"$JOBS"} "$target" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; return 4; }
}
