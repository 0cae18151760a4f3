#!/usr/bin/env bash
# Real apps behind the proxy, each with the configuration that its page in docs/apps shows.
#   tests/apps/run.sh           installs what it needs (Debian packages; PyPI and npm into build/apps), runs all
#   tests/apps/run.sh NAME...   tests/apps/NAME.test.mjs only
# The binary: LOGTO_PROXY_BIN, else build/release/logto-proxy, which is built where it is not there. It is no part of
# tests/run.sh: apps change without us, and a network is needed the first time.
# shellcheck disable=SC2034
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
LOGS=build/test-logs APPS=build/apps STEPS=4
# shellcheck source=deploy/lib.sh
. deploy/lib.sh

case ${1:-} in -h | --help) sed -n '2,/^# tests/s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
mkdir -p "$LOGS" "$APPS"

same_as_before() { # FILE: whether what it lists is installed
  cmp -s "$1" "$APPS/.$(basename "$1").installed"
}
installed() { cp "$1" "$APPS/.$(basename "$1").installed"; }

step_begin "Installing Debian packages"
need_packages "${RUN_PACKAGES[@]}" python3-venv chromium radicale dokuwiki php-cli php-xml fossil fcgiwrap nginx-light rclone
need_npm
step_done

step_begin "Installing npm packages of the tests and of apps"
need_node_modules
if ! same_as_before tests/apps/package.json; then
  cp tests/apps/package.json "$APPS/package.json"
  run_logged "$LOGS/apps-npm.log" npm --prefix "$APPS" install --no-audit --no-fund
  installed tests/apps/package.json
fi
step_done

step_begin "Installing apps of PyPI"
if ! same_as_before tests/apps/requirements.txt; then
  run_logged "$LOGS/apps-venv.log" python3 -m venv "$APPS/venv"
  run_logged "$LOGS/apps-pip.log" "$APPS/venv/bin/pip" install --quiet -r tests/apps/requirements.txt
  installed tests/apps/requirements.txt
fi
step_done

step_begin "Building logto-proxy"
need_program
step_done

files=(tests/apps/*.test.mjs)
[ $# -eq 0 ] || files=("${@/%/.test.mjs}") files=("${files[@]/#/tests/apps/}")
exec "$NODE" --test --test-concurrency="${E2E_JOBS:-2}" --test-timeout=300000 "${files[@]}"
