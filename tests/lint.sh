#!/usr/bin/env bash
# clang-tidy over all of our own sources, with the checks of .clang-tidy. Takes minutes; not part of tests/run.sh.
#   tests/lint.sh [FILE...]
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
LOGS=build/test-logs
# shellcheck source=deploy/lib.sh
. deploy/lib.sh
case ${1:-} in -h | --help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
mkdir -p "$LOGS"

STEPS=2
step_begin "Installing Debian packages"
need_packages "${BUILD_PACKAGES[@]}" clang-tidy-14
step_done
step_begin "Configuring (for compile_commands.json)"
run_logged "$LOGS/cmake-debug.log" cmake --preset debug
step_done

files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files "base/*.cc" "config/*.cc" "auth/*.cc" "proxy/*.cc" "cli/*.cc")
status=0
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/debug --quiet --extra-arg=-Wno-unknown-warning-option >"$LOGS/lint.log" 2>/dev/null || status=$?
grep -E '(warning|error):' "$LOGS/lint.log" | sort -u >"$LOGS/lint-findings.log" || :
cat "$LOGS/lint-findings.log"
findings=$(wc -l <"$LOGS/lint-findings.log")
echo "$findings findings (details: $LOGS/lint.log)"
[ "$findings" -eq 0 ] && [ "$status" -eq 0 ]
