# shellcheck shell=bash disable=SC2015,SC2034,SC2119,SC2120
# Shared by deploy/demo.sh and tests/run.sh: source it after `cd` to the repository's root.
#
#   step_begin "Building"; ...; step_done     one line of progress: "[2/6] Building ... done (34 s)"; set STEPS=6 first
#   run_logged LOGFILE COMMAND...             output into LOGFILE; on failure its last lines, and the end
#   need_packages PKG...                      installs what is missing, as root or by sudo; nothing to do = no network needed
#   need_node_modules                         tests/node_modules as the lock file says; sets NODE to Node 22
#   build_preset release                      cmake --preset X && cmake --build --preset X
#   need_free_port PORT WHAT VARIABLE         ends with a sentence that names the port
#   wait_for PID SECONDS WHAT COMMAND...      polls COMMAND until it succeeds while PID lives
#   start NAME COMMAND...                     a child whose output goes to $LOGS/NAME.log; sets STARTED to its pid
#   stop_all                                  ends every child of start, newest first, by pid

BUILD_PACKAGES=(g++ cmake ninja-build pkg-config libevent-dev libcurl4-openssl-dev libssl-dev libyaml-cpp-dev
  nlohmann-json3-dev doctest-dev libre2-dev libcli11-dev libhiredis-dev libtomlplusplus-dev zlib1g-dev libbrotli-dev
  libnghttp2-dev)
RUN_PACKAGES=(ca-certificates curl python3 tzdata)
DEMO_PACKAGES=(fossil)

STEP=0 STEPS=${STEPS:-0} STEP_OPEN='' STEP_SINCE=0 CHILD_PIDS=() CHILD_NAMES=() STARTED=''

die() {
  [ -z "$STEP_OPEN" ] || echo failed
  STEP_OPEN=''
  echo "error: $*" >&2
  exit 1
}

step_begin() {
  STEP=$((STEP + 1)) STEP_OPEN=yes STEP_SINCE=$SECONDS
  printf '[%d/%d] %s ... ' "$STEP" "$STEPS" "$1"
}

step_done() {
  local took=$((SECONDS - STEP_SINCE))
  STEP_OPEN=''
  if [ -n "${1:-}" ]; then echo "$1"; elif [ "$took" -gt 1 ]; then echo "done ($took s)"; else echo 'done'; fi
}

run_logged() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] && return
  [ -z "$STEP_OPEN" ] || echo failed
  STEP_OPEN=''
  tail -n 25 "$log" >&2
  die "'$*' ended with status $status; all of its output is in $log"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

need_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this script installs Debian packages and finds no apt-get here. On another system, install the counterparts of: $*"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    die "these packages are missing and neither root nor sudo is at hand. As root: apt-get install ${missing[*]}"
  run_logged "$LOGS/apt-update.log" as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
  run_logged "$LOGS/apt-install.log" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" = 0 ] || die "apt-get did not install: ${missing[*]} (see $LOGS/apt-install.log; is there a network?)"
}

# Debian's npm fetches a newer Node (an ordinary package in tests/package.json): Debian's own is too old for oidc-provider 9.
need_npm() {
  command -v npm >/dev/null || need_packages nodejs npm
}

need_node_modules() {
  local lock stamp=tests/node_modules/.installed-from
  NODE=$PWD/tests/node_modules/.bin/node
  lock=$(sha256sum <tests/package-lock.json)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ] || ! "$NODE" --version >/dev/null 2>&1; then
    run_logged "$LOGS/npm.log" npm --prefix tests ci --no-audit --no-fund
    "$NODE" --version >/dev/null 2>&1 || die "npm brought no Node for this machine ($(uname -m)); see $LOGS/npm.log"
    echo "$lock" >"$stamp"
  fi
  export NODE
}

build_preset() {
  run_logged "$LOGS/cmake-$1.log" cmake --preset "$1"
  run_logged "$LOGS/build-$1.log" cmake --build --preset "$1"
}

# The program that LOGTO_PROXY_BIN names, else a release, which is built where it is not there.
need_program() {
  export LOGTO_PROXY_BIN=${LOGTO_PROXY_BIN:-build/release/logto-proxy}
  [ -x "$LOGTO_PROXY_BIN" ] && return
  need_packages "${BUILD_PACKAGES[@]}"
  build_preset release
}

port_in_use() {
  local address
  for address in 127.0.0.1 ::1; do
    (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null && return 0
  done
  return 1
}

need_free_port() {
  ! port_in_use "$1" || die "port $1 is in use, and the $2 needs it. Stop what listens there, or choose another port: $3=$(($1 + 100)) $0"
}

start() {
  local name=$1
  shift
  "$@" >"$LOGS/$name.log" 2>&1 </dev/null &
  STARTED=$!
  CHILD_PIDS+=("$STARTED") CHILD_NAMES+=("$name")
}

wait_for() {
  local pid=$1 seconds=$2 what=$3 deadline=$((SECONDS + $2))
  shift 3
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || child_failed "$pid" "$what ended instead of starting"
    [ "$SECONDS" -lt "$deadline" ] || child_failed "$pid" "$what was not ready within $seconds s"
    sleep 0.2
  done
}

child_failed() {
  local i
  [ -z "$STEP_OPEN" ] || echo failed
  STEP_OPEN=''
  for i in "${!CHILD_PIDS[@]}"; do
    [ "${CHILD_PIDS[$i]}" != "$1" ] || { tail -n 15 "$LOGS/${CHILD_NAMES[$i]}.log" >&2; die "$2; its output is in $LOGS/${CHILD_NAMES[$i]}.log"; }
  done
  die "$2"
}

stop_all() {
  local i pid deadline=$((SECONDS + 10))
  for ((i = ${#CHILD_PIDS[@]} - 1; i >= 0; i--)); do kill "${CHILD_PIDS[$i]}" 2>/dev/null || :; done
  for pid in "${CHILD_PIDS[@]}"; do
    while kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  CHILD_PIDS=() CHILD_NAMES=()
}
