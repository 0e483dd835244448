#!/usr/bin/env bash
# Does a clone build and test on a Debian 12 that has nothing? Makes one with debootstrap, copies HEAD in, and runs
# `./bootstrap run` and `./bootstrap test` there, then once more as a user who may install nothing.
#
#   sudo tests/chroot/bare_debian.sh [--keep] [DIR]     DIR: a new folder for the system (a temporary one; 1.5 GB)
#   SUITE=trixie, MIRROR=uri                            another release, another source than this machine's own
#
# By hand, not in CI: it downloads some 200 MB. Whatever this machine's apt needs to reach its mirror (a proxy, no check of
# dates) is read from its configuration and goes into the chroot, not into this file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

keep=
if [[ ${1:-} == --keep ]]; then keep=1; shift; fi
suite=${SUITE:-bookworm}

((EUID == 0)) || { echo "bare_debian: debootstrap and chroot need root. Run it with sudo." >&2; exit 4; }
command -v debootstrap >/dev/null || { echo "bare_debian: debootstrap is not here. apt-get install debootstrap" >&2; exit 4; }

# The place that serves this suite's packages to this machine, else the first place of all.
# shellcheck disable=SC2016  # apt-get expands these
mirror=${MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Identifier: Packages' |
  awk -v suite="$suite" '$1 == suite {print $2; found = 1; exit} NR == 1 {first = $2} END {if (!found) print first}')}

root=${1:-$(mktemp -d)}
mkdir -p "$root"
chmod 755 "$root"    # mktemp makes it for root alone
[[ -z $(ls -A "$root") ]] || { echo "bare_debian: '$root' is not empty." >&2; exit 4; }
mounted=()
clean_up() {
  for place in "${mounted[@]}"; do umount "$place" || true; done
  if [[ -n $keep ]]; then
    echo "kept: $root"
  elif ! grep -q " $root/" /proc/mounts; then
    rm -rf --one-file-system "$root"
  fi
}
trap clean_up EXIT

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step "debootstrap $suite, minbase"
debootstrap_log=$(mktemp)
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$debootstrap_log" 2>&1 || { tail -n 5 "$debootstrap_log" >&2; exit 4; }
rm -f "$debootstrap_log"

apt-config dump | grep -E '^Acquire::(https?|ftp|Retries|Check|Max-)' >"$root/etc/apt/apt.conf.d/99host" || true
for folder in proc dev; do
  mount --bind "/$folder" "$root/$folder" && mounted=("$root/$folder" "${mounted[@]}")
done
mkdir "$root/opt/reprise"
git archive HEAD | tar -x -C "$root/opt/reprise"

# A clean environment, but for what the network needs.
inside() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}
as_nobody() { inside su nobody -s /bin/bash -c "cd /opt/reprise && $1"; }

step 'as a user who may install nothing: one clear line, exit code 4'
code=0
as_nobody './bootstrap run' || code=$?
((code == 4)) || { echo "bare_debian: exit code $code, not 4" >&2; exit 1; }

step './bootstrap run'
inside /opt/reprise/bootstrap run
step './bootstrap run, again: nothing to install, nothing to build'
inside /opt/reprise/bootstrap run | sed -n 1,2p
step './bootstrap test'
inside /opt/reprise/bootstrap test
step 'done'
