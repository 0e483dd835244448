#!/usr/bin/env bash
# Does a clone build and test on a Debian 12 that has nothing? Makes one with debootstrap, copies HEAD in, and runs
# `./bootstrap run` and `./bootstrap test` there, then once more as a user who may install nothing.
#
#   sudo tests/chroot/bare_debian.sh [--keep] [DIR]     DIR: a new folder for the system (a temporary one; 1.5 GB)
#   SUITE=trixie, MIRROR=uri                            another release, another source than this machine's own
#
# By hand, not in CI: it downloads some 200 MB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=tests/chroot/chroot.sh
. tests/chroot/chroot.sh

as_nobody() { inside su nobody -s /bin/bash -c "cd /opt/reprise && $1"; }

step 'as a user who may install nothing: one clear line, exit code 4'
code=0
as_nobody './bootstrap run' || code=$?
((code == 4)) || { echo "$me: exit code $code, not 4" >&2; exit 1; }

step './bootstrap run'
inside /opt/reprise/bootstrap run
step './bootstrap run, again: nothing to install, nothing to build'
inside /opt/reprise/bootstrap run | sed -n 1,2p
step './bootstrap test'
inside /opt/reprise/bootstrap test
step 'done'
