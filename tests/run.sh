#!/usr/bin/env bash
# Every test of logto-proxy, on a bare Debian 12 too: installs what is missing, builds, runs, sums up.
#   tests/run.sh                all of it
#   tests/run.sh --only NAME    one part; may be given several times:
#                                 checks     rules of this repository, and the configurations that the documents show
#                                 unit       unit tests and the seeds of all fuzz targets, under ASan and UBSan
#                                 e2e        the release binary from outside: what can differ there, as the first lines of the
#                                            files in tests/e2e say ("Release too: ..."); and its instructions per request
#                                 sanitized  all of tests/e2e against the binary built with ASan and UBSan: raw sockets, a
#                                            development OpenID provider, a browser
#   tests/run.sh --only threads unit tests, seeds and all of tests/e2e under ThreadSanitizer; not part of the whole
#   tests/run.sh --only quick   after a small change: checks, unit tests and seeds without sanitizers, and the files of tests/e2e
#                               that say "Quick.", with the objects of the release build
# As root or with sudo; where everything is installed, neither these nor a network is needed. Logs: build/test-logs/.
# The last line is "N passed, N failed"; the exit status is 0 only if nothing failed.
# shellcheck disable=SC2034
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
LOGS=build/test-logs
# shellcheck source=deploy/lib.sh
. deploy/lib.sh

PARTS=(checks unit e2e sanitized quick threads)
CHOSEN=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '2,/^# The last/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --only)
      [[ " ${PARTS[*]} " == *" ${2:-} "* ]] || die "--only takes one of: ${PARTS[*]}"
      CHOSEN+=("$2")
      shift 2
      ;;
    *) die "unknown argument $1 (try --help)" ;;
  esac
done
[ ${#CHOSEN[@]} -gt 0 ] || CHOSEN=(checks unit e2e sanitized)
chosen() { # true if one of the given parts was asked for
  local part
  for part in "$@"; do [[ " ${CHOSEN[*]} " != *" $part "* ]] || return 0; done
  return 1
}

PASSED=0 FAILED=0 SKIPPED=0 COMPLETE='' SUMMARY=()
finish() {
  local status=$?
  [ -z "$STEP_OPEN" ] || echo
  # A step that could not be carried out at all (no package, no build) is one failure more.
  [ -n "$COMPLETE" ] || FAILED=$((FAILED + 1))
  echo
  [ ${#SUMMARY[@]} -eq 0 ] || printf '%s\n' "${SUMMARY[@]}"
  [ "$SKIPPED" -eq 0 ] || echo "$SKIPPED skipped (each says why above)"
  echo "$PASSED passed, $FAILED failed"
  [ "$status" -ne 0 ] || [ "$FAILED" -eq 0 ] || status=1
  exit "$status"
}
trap finish EXIT

count() { # NAME PASSED FAILED: adds a part to the sum and ends its line of progress
  PASSED=$((PASSED + $2)) FAILED=$((FAILED + $3))
  SUMMARY+=("$(printf '%-34s %5d passed %5d failed %6d s' "$1" "$2" "$3" $((SECONDS - STEP_SINCE)))")
  step_done "$2 passed, $3 failed ($((SECONDS - STEP_SINCE)) s)"
}

run_checks() { # NAME [CHECK...]
  local name=$1 log="$LOGS/$1.log"
  shift
  step_begin "Checking: $name"
  tests/checks/run.sh "$@" >"$log" 2>&1 || :
  read -r passed failed < <(sed -n 's/^checks: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log") || { passed=0 failed=1; }
  count "checks: $name" "$passed" "$failed"
  [ "$failed" -eq 0 ] || sed -n '/^FAIL/,/^ok/{/^ok/!p}' "$log"
}

# A doctest program counts by its cases, a fuzz target (all its seeds) as one. A program that dies is a failure too.
sum_of_ctest() {
  awk '
    /: \[doctest\] test cases:/ { split($0, part, ":"); id = part[1] + 0; gsub(/[|]/, " "); for (i = 1; i < NF; ++i) {
        if ($(i + 1) == "passed") good[id] = $i; if ($(i + 1) == "failed") bad[id] = $i } }
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ { match($0, /#[0-9]+:/); id = substr($0, RSTART + 1, RLENGTH - 2) + 0
      ok = $0 ~ / Passed +[0-9.]+ sec/
      if (id in good) { passed += good[id]; failed += bad[id]; if (!ok && bad[id] == 0) ++failed }
      else if (ok) ++passed
      else ++failed }
    END { print passed + 0, failed + 0 }' "$1"
}

run_unit_tests() { # PRESET
  local log="$LOGS/unit-$1.log" status=0
  step_begin "Unit tests and fuzz seeds, $1"
  # Most of the time they wait: for a timer, for the other end of a connection.
  ctest --preset "$1" --parallel $((2 * $(nproc))) --timeout 300 --no-tests=error -V >"$log" 2>&1 || status=$?
  read -r passed failed < <(sum_of_ctest "$log")
  [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  [ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || failed=1
  count "unit tests and fuzz seeds, $1" "$passed" "$failed"
  show_skips "$log"
  sed -n 's/^[0-9]*: \([0-9.]* s: .*\)/      \1/p' "$log" | show_slowest
  [ "$failed" -eq 0 ] || { grep -aE '(ERROR:|FATAL|SUMMARY:|runtime error|\*\*\*)' "$log" | head -n 60 || :; echo "all of it: $log"; }
}

# Ten lines, the longest time first.
show_slowest() {
  echo '      slowest:'
  sort -rn | head -n 10 || :
}

show_skips() {
  local lines
  lines=$(grep -aE '(^|[^[:alnum:]])SKIP(PED)?[: ]' "$1" | sed 's/^[0-9]*: //' | sort -u | head -n 20) || return 0
  [ -z "$lines" ] || printf '      %s\n' "$lines" | sed 's/^ *\([^ ]\)/      \1/'
}

# The files of tests/e2e with a line like this among their first ones; the largest first, so that none is left to the end.
e2e_files() { # PATTERN
  local file
  for file in tests/e2e/*.test.mjs; do
    ! sed '/^import/q' "$file" | grep -q "$1" || stat -c '%s %n' "$file"
  done | sort -rn | cut -d ' ' -f 2
}

run_e2e() { # NAME BINARY PATTERN
  local name=$1 log="$LOGS/$1.log" tap="$LOGS/$1.tap" slowest="$LOGS/$1.slowest" status=0 key value files
  local passed=0 failed=0 cancelled=0 skipped=0
  step_begin "End-to-end tests, $name"
  rm -f "$tap" "$slowest"
  mapfile -t files < <(e2e_files "$3")
  LOGTO_PROXY_BIN=$2 ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=1} \
    UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1} timeout --kill-after=30 "${E2E_SECONDS:-1800}" \
    "$NODE" --test "--test-concurrency=${E2E_JOBS:-2}" --test-timeout=300000 \
    --test-reporter=spec --test-reporter-destination=stdout --test-reporter=tap --test-reporter-destination="$tap" \
    --test-reporter=./tests/e2e/lib/slowest.mjs --test-reporter-destination="$slowest" \
    "${files[@]}" >"$log" 2>&1 </dev/null || status=$?
  while read -r _ key value; do
    case $key in pass) passed=$value ;; fail) failed=$value ;; cancelled) cancelled=$value ;; skipped) skipped=$value ;; esac
  done < <(grep -E '^# (pass|fail|cancelled|skipped) [0-9]+$' "$tap" 2>/dev/null)
  failed=$((failed + cancelled)) SKIPPED=$((SKIPPED + skipped))
  [ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  [ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || failed=1
  count "end to end, $name" "$passed" "$failed"
  show_skips "$log"
  [ ! -s "$slowest" ] || sed 's/^ */      /' "$slowest" | show_slowest
  if [ "$failed" -gt 0 ]; then
    [ "$status" -ne 124 ] || echo "ended after ${E2E_SECONDS:-1800} s: something hangs"
    sed -n '/failing tests:/,$p' "$log" | head -n 120
    echo "all of it: $log"
  fi
}

# What the check allows is in the script. A case that gave no figure has failed too.
run_instructions() {
  local log="$LOGS/instructions.log" cases=(usual log old_cookie users connections) passed
  step_begin "Instructions per warm request, release"
  "$NODE" tests/bench/instructions.mjs --check build/release/logto-proxy "${cases[@]}" >"$log" 2>&1 || :
  passed=$(grep -c '^ok ' "$log" || :)
  count "instructions per warm request" "$passed" $((${#cases[@]} - passed))
  [ "$passed" -eq ${#cases[@]} ] || cat "$log"
}

STEPS=1 # packages
! chosen checks quick || STEPS=$((STEPS + 2))
! chosen unit || STEPS=$((STEPS + 1))
! chosen e2e || STEPS=$((STEPS + 2))
! chosen sanitized || STEPS=$((STEPS + 1))
! chosen quick || STEPS=$((STEPS + 3))               # its build, its unit tests, its end-to-end tests
! chosen threads || STEPS=$((STEPS + 3))             # its build, its unit tests, its end-to-end tests
! chosen e2e sanitized quick threads || STEPS=$((STEPS + 1)) # npm
! chosen checks e2e || STEPS=$((STEPS + 1))          # release build
! chosen unit sanitized || STEPS=$((STEPS + 1))      # debug build
mkdir -p "$LOGS" || die "cannot write to $PWD/$LOGS (was an earlier run made as another user?)"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER:-ccache} CCACHE_SLOPPINESS=pch_defines,time_macros
fi

# Peers that the tests start themselves, on ports of their own: Debian's services for them must not start here.
need_peers() {
  local policy=/usr/sbin/policy-rc.d status=0
  [ -n "$(missing_packages "$@")" ] || return 0
  if [ -e "$policy" ]; then need_packages "$@"; return; fi
  as_root sh -c "printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod 755 $policy"
  (need_packages "$@") || status=$?
  as_root rm -f "$policy"
  return "$status"
}

step_begin "Installing Debian packages"
need_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}"
! chosen checks quick || need_packages clang-format-14 git
! chosen unit e2e sanitized quick threads || need_peers redis-server
if chosen e2e sanitized threads; then
  need_packages chromium fonts-vlgothic git uacme
  ! chosen e2e || need_packages valgrind sslscan
  need_peers nginx-light haproxy caddy apache2-bin
fi
! chosen e2e sanitized quick threads || need_npm
step_done

! chosen checks quick || run_checks repository

if chosen e2e sanitized quick threads; then
  step_begin "Installing npm packages of the development provider and the tests"
  need_node_modules
  step_done
fi
if chosen checks e2e; then
  step_begin "Building, release"
  build_preset release
  step_done
fi
if chosen quick; then
  step_begin "Building, release with the unit tests"
  build_preset quick
  step_done
fi
! chosen checks quick || run_checks configurations documented_configs
! chosen quick || run_unit_tests quick
! chosen quick || run_e2e quick build/release/logto-proxy '^// Quick\.'
! chosen e2e || run_e2e release build/release/logto-proxy '^// Release too: '
! chosen e2e || run_instructions
if chosen unit sanitized; then
  step_begin "Building with ASan and UBSan, and the unit tests"
  build_preset debug
  step_done
fi
! chosen unit || run_unit_tests debug
! chosen sanitized || run_e2e sanitized build/debug/logto-proxy ''
if chosen threads; then
  export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
  step_begin "Building with ThreadSanitizer, and the unit tests"
  build_preset threads
  step_done
  run_unit_tests threads
  run_e2e threads build/threads/logto-proxy ''
fi
COMPLETE=yes
