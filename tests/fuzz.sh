#!/usr/bin/env bash
# Long fuzzing with clang and libFuzzer. The seeds of every target also run in tests/run.sh; this finds new ones.
#   tests/fuzz.sh [SECONDS PER TARGET, default 300] [TARGET...]     e.g. tests/fuzz.sh 60 fuzz_http1_request
# What is found lies in build/fuzz-corpus/TARGET/; a crash in build/fuzz-corpus/TARGET.crash-*: add it to
# tests/corpora/fuzz/ as a seed together with the fix.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
LOGS=build/test-logs
# shellcheck source=deploy/lib.sh
. deploy/lib.sh
case ${1:-} in -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
SECONDS_EACH=${1:-300}
[[ $SECONDS_EACH =~ ^[0-9]+$ ]] || die "the first argument is a number of seconds (try --help)"
[ $# -eq 0 ] || shift
mkdir -p "$LOGS"

STEPS=2
step_begin "Installing Debian packages"
need_packages "${BUILD_PACKAGES[@]}" clang-14 libclang-rt-14-dev
step_done
step_begin "Building the fuzz targets"
build_preset fuzz
step_done

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.cc; do targets+=("$(basename "$source" .cc)"); done
fi
failed=0
for target in "${targets[@]}"; do
  [ -x "build/fuzz/$target" ] || die "there is no target $target in tests/fuzz/"
  found=build/fuzz-corpus/$target seeds=tests/corpora/fuzz/${target#fuzz_}
  mkdir -p "$found"
  folders=("$found")
  [ ! -d "$seeds" ] || folders+=("$seeds")
  printf '%-32s ' "$target"
  if "build/fuzz/$target" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$found." "${folders[@]}" >"$LOGS/$target.log" 2>&1; then
    echo "ok, $(sed -n 's/^stat::number_of_executed_units: *//p' "$LOGS/$target.log") runs"
  else
    failed=$((failed + 1))
    echo "FAILED, see $LOGS/$target.log"
    grep -aE 'ERROR:|SUMMARY:|runtime error|Test unit written' "$LOGS/$target.log" | head -n 10
  fi
done
[ "$failed" -eq 0 ]
