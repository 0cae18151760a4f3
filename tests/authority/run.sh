#!/usr/bin/env bash
# Certificates from a real authority: Pebble, which Let's Encrypt tests clients with, Debian's uacme, and an empty folder.
#   tests/authority/run.sh      installs what it needs (Debian packages, npm, Pebble by Go into build/authority), runs it: two minutes
# The binary: LOGTO_PROXY_BIN, else build/release/logto-proxy, which is built where it is not there. It is no part of
# tests/run.sh: a network is needed the first time, and Go 1.24 or newer (Debian 12 has an older one).
# Debian's uacme cannot be told whom to trust: the run has a /etc/ssl/certs of its own, in a mount namespace, with the
# authority of Pebble's TLS in it.
# shellcheck disable=SC2034
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
LOGS=build/test-logs PLACE=$PWD/build/authority STEPS=4
PEBBLE=github.com/letsencrypt/pebble/v2 PEBBLE_VERSION=v2.10.3
# shellcheck source=deploy/lib.sh
. deploy/lib.sh

case ${1:-} in -h | --help) sed -n '2,/^# shellcheck/s/^# \{0,1\}//p' "$0" | sed '/^shellcheck/d'; exit 0 ;; esac
mkdir -p "$LOGS" "$PLACE"

step_begin "Installing Debian packages"
need_packages "${RUN_PACKAGES[@]}" uacme openssl util-linux
need_npm
step_done

step_begin "Installing npm packages of the tests"
need_node_modules
step_done

step_begin "Installing Pebble"
if [ ! -x "$PLACE/pebble-challtestsrv" ]; then
  command -v go >/dev/null || die "go is missing (1.24 or newer): https://go.dev/dl/"
  run_logged "$LOGS/pebble.log" env GOBIN="$PLACE" go install "$PEBBLE/cmd/pebble@$PEBBLE_VERSION" "$PEBBLE/cmd/pebble-challtestsrv@$PEBBLE_VERSION"
fi
step_done

step_begin "Building logto-proxy"
need_program
step_done

# Of Pebble's own TLS, for 127.0.0.1 alone.
make_authority() {
  local ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  cd "$PLACE"
  openssl req -x509 "${ec[@]}" -keyout ca.key -out ca.pem -days 30 -subj '/CN=authority of the test' 2>/dev/null
  openssl req -new "${ec[@]}" -keyout pebble.key -out pebble.csr -subj '/CN=pebble' 2>/dev/null
  openssl x509 -req -in pebble.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile <(echo 'subjectAltName=IP:127.0.0.1') \
    -out pebble.pem 2>/dev/null
  mkdir -p certs
  cat /etc/ssl/certs/ca-certificates.crt ca.pem >certs/ca-certificates.crt
  cp ca.pem certs/
  openssl rehash certs 2>/dev/null
  cd - >/dev/null
}
make_authority

apart=(unshare --mount)
[ "$(id -u)" = 0 ] || apart=(unshare --mount --map-root-user)
export PEBBLE_FOLDER=$PLACE
# shellcheck disable=SC2016
exec "${apart[@]}" bash -c 'mount --bind "$PEBBLE_FOLDER/certs" /etc/ssl/certs && exec "$NODE" --test --test-timeout=600000 tests/authority/*.test.mjs'
