#!/usr/bin/env bash
# tests/install/run.sh in a Debian that has nothing but what the docs name: built and installed from HEAD with the packages
# for that, then used with a user's alone.
#
#   sudo tests/install/run.sh --chroot [--keep] [DIR]     DIR: a new folder for the system (a temporary one; 1.5 GB)
#   SUITE=trixie, MIRROR=uri                              another release, another source than this machine's own
#
# By hand, not in CI: it downloads some 200 MB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=tests/chroot/chroot.sh
. tests/chroot/chroot.sh

apt_get() { inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }

user=(g++ pkg-config libboost-context-dev libfmt-dev libpugixml-dev)           # docs/install.md: to use it
builder=(meson ninja-build libcli11-dev nlohmann-json3-dev)     # and to build it
tools=(cmake man-db zsh fish)

step "packages to build and install: ${user[*]} ${builder[*]}"
apt_get update
apt_get install -y --no-install-recommends "${user[@]}" "${builder[@]}"
step 'build and install to /usr/local, on the system packages alone'
inside sh -c 'cd /opt/reprise && meson setup --wrap-mode=nodownload --buildtype=release --prefix=/usr/local --libdir=lib -Dtests=disabled /tmp/build &&
  meson install -C /tmp/build' >"$root/tmp/install.log" 2>&1 || { tail -n 30 "$root/tmp/install.log" >&2; exit 1; }
step 'as a subproject'
inside /opt/reprise/tests/install/run.sh --prefix /usr/local --require meson
step "as a user, without ${builder[0]} ${builder[*]:2}, and with ${tools[*]}"
apt_get remove -y "${builder[0]}" "${builder[@]:2}"
apt_get install -y --no-install-recommends "${tools[@]}"
inside /opt/reprise/tests/install/run.sh --prefix /usr/local --require pkgconfig cmake moved manual bash zsh fish
step 'done'
