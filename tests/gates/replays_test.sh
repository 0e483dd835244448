#!/usr/bin/env bash
# replays_test.sh REPLAYS: the replay gate, in short: one build, two processes, each token three times.
set -euo pipefail
failures=$("$1" find)
env PADDING="$(printf '%20000s' '')" "$1" repeat 3 <<<"$failures"
