#!/usr/bin/env bash
# Does an install serve its users? Installs to a temporary prefix and builds small projects against it as users would, a
# folder here each; asks the shells to complete; reads the manual page. A line each; exit code 1 when one fails.
#
#   tests/install/run.sh [--prefix DIR] [--require] [WHAT…]     WHAT: pkgconfig cmake moved meson sample manual bash zsh fish (all)
#   sudo tests/install/run.sh --chroot                          everything, in a bare Debian, by in_chroot.sh
#
#   --prefix DIR    an install that is there, instead of a new one
#   --require       what can't be tried for want of a tool is a failure; else it is skipped
#
# It installs no packages. CXX chooses the compiler.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 4
here=$PWD source=$(cd ../.. && pwd)
readonly here source all=(pkgconfig cmake moved meson sample manual bash zsh fish)

die() {
  printf 'tests/install/run.sh: %s\n' "$1" >&2
  exit "${2:-4}"
}

prefix='' require='' what=()
while (($#)); do
  case $1 in
    --prefix)
      (($# > 1)) || die '--prefix wants a folder.' 2
      prefix=$(cd "$2" 2>/dev/null && pwd) || die "there is no folder '$2'." 2
      shift
      ;;
    --require) require=1 ;;
    --chroot) exec "$here/in_chroot.sh" "${@:2}" ;;
    -*) die "there is no option '$1'. The first lines of this file say what there is." 2 ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || die "there is no check '$1'. The checks: ${all[*]}." 2
      what+=("$1")
      ;;
  esac
  shift
done
((${#what[@]})) || what=("${all[@]}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# need COMMAND PACKAGE: false, with a reason, when the command is not here.
need() {
  command -v "$1" >/dev/null && return
  missing="$1 is not here (Debian: apt-get install $2)"
  return 1
}

# One line for a check; what it printed, if it failed.
check() {
  local name=$1 start=$SECONDS
  missing=
  if "tools_$name"; then
    if ("try_$name") >"$work/$name.log" 2>&1; then
      printf '%-10s ok, %s s\n' "$name" "$((SECONDS - start))"
      passed=$((passed + 1))
    else
      printf '%-10s FAILED\n' "$name"
      tail -n 30 "$work/$name.log" | sed 's/^/  /'
      failed=$((failed + 1))
    fi
  elif [[ -n $require ]]; then
    printf '%-10s FAILED: %s\n' "$name" "$missing"
    failed=$((failed + 1))
  else
    printf '%-10s skipped: %s\n' "$name" "$missing"
    skipped=$((skipped + 1))
  fi
}

# project NAME DIR: a copy of a user's project, with its sources, to build in; goes there.
project() {
  cp -r "$here/$1" "$work/$2" && cp "$here/own_main.cpp" "$here/checks.cpp" "$hello" "$work/$2/" && cd "$work/$2" || return
}

# programs DIR: what the users built does what it should.
programs() {
  local listed
  listed=$("$1/hello" list) && grep -q '^greet ' <<<"$listed" &&
    "$1/hello" run greet --seed 7 && [[ $("$1/own_main") == ok ]] && [[ $("$1/checks") == ok ]]
}

# --- building against it --------------------------------------------------------------------------------------------

pc_path() { dirname "$(find "$prefix" -name reprise.pc | head -n 1)"; }

tools_pkgconfig() { need "${CXX:-g++}" g++ && need pkg-config pkg-config; }
try_pkgconfig() {
  project pkgconfig pkgconfig && PKG_CONFIG_PATH=$(pc_path) bash ./build.sh && programs .
}

tools_cmake() { need "${CXX:-g++}" g++ && need cmake cmake && need ninja ninja-build; }
try_cmake() {
  project cmake cmake && cmake -G Ninja -B build -DCMAKE_PREFIX_PATH="$prefix" && cmake --build build && programs build
}

# A copy of the install at another place: its CMake package finds what lies beside it, and names the old place nowhere.
tools_moved() { tools_cmake; }
try_moved() {
  local moved="$work/another place"
  cp -r "$prefix" "$moved" && project cmake moved && cmake -G Ninja -B build -DCMAKE_PREFIX_PATH="$moved" || return
  if grep -rF "$prefix/" build/build.ninja "$(find "$moved" -path '*/cmake/reprise')"; then return 1; fi
  cmake --build build --target own_main && [[ $(build/own_main) == ok ]]
}

# As a subproject: all of reprise is compiled, without optimisation, for that is not what is tried here. What lies in the
# prefix is not taken.
tools_meson() { need "${CXX:-g++}" g++ && need meson meson && need ninja ninja-build && need pkg-config pkg-config; }
try_meson() {
  project meson meson && mkdir -p subprojects && ln -s "$source" subprojects/reprise &&
    meson setup --wrap-mode=nodownload --force-fallback-for=reprise --buildtype=debug -Ddebug=false build &&
    ninja -C build hello own_main checks && programs build
}

# The sample project: its bug is found and made small, and the command that is printed repeats it.
has_cpp() { "${CXX:-g++}" -std=c++20 -x c++ -fsyntax-only - <<<"#include <$1>" 2>/dev/null; }
tools_sample() {
  need "${CXX:-g++}" g++ && need meson meson && need ninja ninja-build && need pkg-config pkg-config || return
  has_cpp rapidcheck.h || { missing='rapidcheck is not here (Debian: apt-get install librapidcheck-dev)'; return 1; }
  has_cpp catch2/catch_test_macros.hpp || has_cpp catch2/catch.hpp ||
    { missing='Catch2 is not here (Debian: apt-get install catch2)'; return 1; }
}
try_sample() {
  local command
  cp -r "$source/examples/bank_tests" "$work/sample" && cd "$work/sample" || return
  PKG_CONFIG_PATH=$(pc_path) meson setup --buildtype=debug -Ddebug=false build && ninja -C build || return
  build/bank_tests '[careful]' || return
  if build/bank_tests >found.out 2>found.err; then echo 'the bug was not found'; return 1; fi
  cat found.out found.err
  grep -q 'drew amounts' found.out && grep -q '1 preemption' found.out || return
  command=$(sed -n 's/^replay: //p' found.err)
  [[ $command == REPRISE_REPLAY=rp1_*bank_tests* ]] || return
  if bash -c "$command" >again.out 2>again.err; then echo 'the failure did not come again'; return 1; fi
  [[ $(grep 'drew amounts' again.out) == "$(grep 'drew amounts' found.out)" ]] && cmp found.err again.err
}

# --- reading and typing ---------------------------------------------------------------------------------------------

manual() { find "$prefix" -path '*/man1/reprise.1*' | head -n 1; }
tools_manual() { need man man-db; }
try_manual() {
  local page
  page=$(manual)
  [[ -n $page ]] || { echo 'none is installed'; return 1; }
  man --warnings=w -l "$page" >"$work/manual.txt" 2>"$work/manual.err" || return
  if [[ -s $work/manual.err ]]; then
    cat "$work/manual.err"
    return 1
  fi
  # To a file: grep -q would leave a pipe early, and col would end by a signal.
  col -b <"$work/manual.txt" >"$work/manual.plain"
  local word
  for word in SYNOPSIS explore --check-determinism 'EXIT STATUS' NO_COLOR; do
    grep -qF -e "$word" "$work/manual.plain" || { echo "the manual page says nothing of '$word'"; return 1; }
  done
}

# In each shell: a command, an option, a scenario, a value behind a blank and one behind =.
tools_bash() { need bash bash; }
tools_zsh() { need zsh zsh; }
tools_fish() { need fish fish; }
try_bash() { PATH=$prefix/bin:$PATH bash "$here/completion.bash" "$(find "$prefix" -path '*/completions/reprise' | head -n 1)"; }
try_zsh() { PATH=$prefix/bin:$PATH zsh -f "$here/completion.zsh" "$(find "$prefix" -path '*/site-functions/_reprise' | head -n 1)"; }
try_fish() { PATH=$prefix/bin:$PATH fish --no-config "$here/completion.fish" "$(find "$prefix" -name reprise.fish | head -n 1)"; }

# --------------------------------------------------------------------------------------------------------------------

hello=$source/../shared/contract/hello.cpp
[[ -e $hello ]] || hello=$source/tests/contract/hello.cpp

if [[ -z $prefix && ${what[*]} != meson ]]; then
  prefix=$work/prefix
  echo "installs to a temporary folder; --prefix takes an install that is there"
  { meson setup --wrap-mode=nodownload --buildtype=release --prefix="$prefix" --libdir=lib -Dtests=disabled "$work/build" "$source" &&
    meson install -C "$work/build"; } >"$work/install.log" 2>&1 || { tail -n 30 "$work/install.log"; die 'the install failed.' 1; }
fi
for name in "${what[@]}"; do check "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
