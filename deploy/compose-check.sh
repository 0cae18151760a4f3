#!/usr/bin/env bash
# Does docker-compose.yaml fit together? Builds the proxy's image, starts it with the development provider in Logto's place, and signs in.
#   deploy/compose-check.sh            both steps
#   deploy/compose-check.sh build      the images only (needs a network; DOCKER_BUILD_ARGS="--network host" where there is no bridge)
#   deploy/compose-check.sh run        start, sign in with curl, stop (needs no network but the engine's own)
# Needs docker with `docker compose` or docker-compose, curl, and tests/node_modules (npm --prefix tests ci).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
export POSTGRES_PASSWORD=unused LOGTO_APP_ID=demo LOGTO_APP_SECRET=demo-secret COMPOSE_PROJECT_NAME=logto-proxy-check
SESSION_SECRET=$(head -c 32 /dev/urandom | base64)
export SESSION_SECRET

if docker compose version >/dev/null 2>&1; then COMPOSE=(docker compose); else COMPOSE=(docker-compose); fi
compose() { "${COMPOSE[@]}" -f docker-compose.yaml -f compose/development-provider.yaml "$@"; }

build() {
  [ -x ../tests/node_modules/.bin/node ] || { echo "error: run npm --prefix tests ci first" >&2; exit 1; }
  # shellcheck disable=SC2086
  docker build ${DOCKER_BUILD_ARGS:-} -t logto-proxy:local ..
  # The engine's older builder reads only one .dockerignore, so the folder is sent as a stream of just these files.
  # shellcheck disable=SC2086
  tar -C .. -c tests/node_modules tests/op deploy/demo-app deploy/compose/stand-ins.Dockerfile |
    docker build ${DOCKER_BUILD_ARGS:-} -t logto-proxy-stand-ins:local -f deploy/compose/stand-ins.Dockerfile -
}

healthy() { # SERVICE
  local id
  id=$(compose ps -q "$1")
  [ "$(docker inspect -f '{{.State.Health.Status}}' "$id")" = healthy ]
}

run() {
  trap 'compose logs --tail 30 >&2 || :; compose down -v' EXIT
  compose up -d --no-build --no-deps logto app proxy
  local service tries
  for service in logto proxy; do
    for tries in $(seq 60); do healthy "$service" && break; sleep 1; done
    healthy "$service" || { echo "error: $service is not healthy after $tries s" >&2; exit 1; }
  done
  check http://localhost:8080
  echo "The app again, in a new container:"
  compose up -d --no-build --no-deps --force-recreate app
  sleep 3
  check http://localhost:8080
  trap - EXIT
  compose down -v
}

check() { # sign in as alice and look for her name in what the app got
  local jar page
  jar=$(mktemp)
  page=$(curl -sS --max-time 15 -L -b "$jar" -c "$jar" -H 'Accept: text/html' -o /dev/null -w '%{url_effective}' "$1/hello")
  case $page in http://localhost:3001/sign-in*) ;; *) echo "FAILED: no sign-in page, but $page" >&2; exit 1 ;; esac
  curl -sS --max-time 15 -L -b "$jar" -c "$jar" -H 'Accept: text/html' --data 'username=alice&password=alice-password' "$page" | grep -q 'Alice Liddell' ||
    { echo "FAILED: alice's name did not reach the app" >&2; exit 1; }
  rm -f "$jar"
  echo "ok: alice signed in and the app got her name"
}

case ${1:-all} in
  build) build ;;
  run) run ;;
  all) build; run ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
