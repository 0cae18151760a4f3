#!/usr/bin/env bash
# Plays tests/e2e/lifecycle.test.mjs with new choices again and again: tests/soak/lifecycle.sh [GAMES]
# LOGTO_PROXY_BIN names the program; one with sanitizers has a movable clock and plays more in less time.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
bin=${LOGTO_PROXY_BIN:-build/debug/logto-proxy}
for ((game = 1; game <= ${1:-50}; ++game)); do
  log=build/test-logs/lifecycle-$game.log
  mkdir -p "${log%/*}"
  if LIFECYCLE_SEED=random LOGTO_PROXY_BIN=$bin tests/node_modules/.bin/node --test tests/e2e/lifecycle.test.mjs >"$log" 2>&1; then
    echo "game $game: $(sed -n 's/^# seed/seed/p' "$log" | head -n 1)"
    rm "$log"
  else
    echo "game $game failed: $log"
    exit 1
  fi
done
