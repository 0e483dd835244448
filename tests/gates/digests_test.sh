#!/usr/bin/env bash
# digests_test.sh DIGESTS GOLDEN: what the gallery comes to is what it came to when GOLDEN was pinned, in two processes whose
# environments differ in size (and, with ASLR, their addresses).
#
# A difference from GOLDEN means that old seeds now run otherwise, and old tokens no longer repeat what they found. When that is
# meant: `build/tests/gates/digests 0 4 >tests/golden/digests.tsv`, and the commit says why.
set -euo pipefail
digests=$1 golden=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

padding=$(printf '%20000s' '')
"$digests" 0 4 >"$work/plain"
env PADDING="${padding// /x}" "$digests" 0 4 >"$work/padded"

if ! diff "$work/plain" "$work/padded" >"$work/diff"; then
  echo 'two processes of one program differ (< small environment, > large environment):'
  head -n 20 "$work/diff"
  exit 3
fi
if ! diff "$golden" "$work/plain" >"$work/diff"; then
  echo "other digests than $golden has (< pinned, > now):"
  head -n 20 "$work/diff"
  exit 1
fi
