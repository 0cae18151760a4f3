#!/usr/bin/env bash
# Do the files of deploy/compose fit together? Builds the images, starts all of it with the development provider in Logto's place, and
# signs in: what `docker compose up` must do with nothing set by hand.
#   deploy/compose-check.sh            all steps
#   deploy/compose-check.sh build      the images only (needs a network; DOCKER_BUILD_ARGS="--network host" where there is no bridge)
#   deploy/compose-check.sh run        self-hosted: start, sign in with curl, start again, move the app, stop (needs no network but the
#                                      engine's own)
#   deploy/compose-check.sh cloud      the same files for a tenant elsewhere: start, sign in
#   deploy/compose-check.sh public     those for a public name (https, caddy, traefik): read by compose; to start they would need the name
# Needs docker with `docker compose` or docker-compose, curl, and tests/node_modules (npm --prefix tests ci).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
export COMPOSE_PROJECT_NAME=logto-proxy-check
FILES=(-f compose/docker-compose.yaml -f compose/development-provider.yaml)

if docker compose version >/dev/null 2>&1; then COMPOSE=(docker compose); else COMPOSE=(docker-compose); fi
compose() { "${COMPOSE[@]}" "${FILES[@]}" "$@"; }
inspect() { docker inspect -f "$2" "$(compose ps -q "$1")"; }
address() { inspect "$1" '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}'; }
die() { echo "FAILED: $*" >&2; exit 1; }

build() {
  [ -x ../tests/node_modules/.bin/node ] || die "run npm --prefix tests ci first"
  # shellcheck disable=SC2086
  docker build ${DOCKER_BUILD_ARGS:-} -t logto-proxy:local ..
  # shellcheck disable=SC2086
  docker build ${DOCKER_BUILD_ARGS:-} --target setup -t logto-proxy-setup:local ..
  # The engine's older builder reads only one .dockerignore, so the folder is sent as a stream of just these files.
  # shellcheck disable=SC2086
  tar -C .. -c tests/node_modules tests/op deploy/demo-app deploy/compose |
    docker build ${DOCKER_BUILD_ARGS:-} -t logto-proxy-stand-ins:local -f deploy/compose/stand-ins.Dockerfile -
}

begin() {
  JAR=$(mktemp)
  HOLDER=''
  trap 'compose logs --tail 30 >&2 || :; tidy' EXIT
  compose up -d --no-build
  wait_healthy logto
  wait_healthy proxy
}

run() {
  begin
  sign_in http://localhost:8080
  start_again
  move_app
  greeted http://localhost:8080/moved || die "the app was not found again at its new address"
  echo "ok: the app was found again at its new address, $(address app)"
  stop_while_busy
  trap - EXIT
  tidy
}

cloud() {
  export LOGTO_ENDPOINT=http://localhost:3001 MANAGEMENT_APP_ID=management MANAGEMENT_APP_SECRET=management-secret
  CHECK_CONFIG=$(mktemp)
  export CHECK_CONFIG
  chmod 644 "$CHECK_CONFIG"
  sed 's|^  endpoint: .*|&\n  connect_to: http://logto:3001|' compose/cloud/config.yaml >"$CHECK_CONFIG"
  FILES=(-f compose/cloud/docker-compose.yaml -f compose/cloud/development-provider.yaml)
  begin
  sign_in http://localhost:8080
  trap - EXIT
  tidy
  rm -f "$CHECK_CONFIG"
}

# What they do once they have a certificate is tests/e2e/compose_files.test.mjs.
public() {
  local name
  export SITE_HOST=app.example.com ACME_EMAIL=me@example.com LOGTO_ENDPOINT=https://tenant.logto.app MANAGEMENT_APP_ID=a MANAGEMENT_APP_SECRET=b
  for name in https caddy traefik; do
    "${COMPOSE[@]}" -f "compose/$name/docker-compose.yaml" config -q || die "compose does not take compose/$name/docker-compose.yaml"
    echo "ok: compose/$name"
  done
}

# `up` once more changes nothing, and who is signed in stays so.
start_again() {
  local said
  compose up -d --no-build
  [ "$(docker wait "$(compose ps -a -q setup)")" = 0 ] || die "a second run of setup failed"
  wait_healthy proxy
  said=$(compose logs --no-color --tail 30 setup)
  grep -Eq '[|] +[0-9]+ unchanged$' <<<"$said" || die "a second run of setup did something"
  greeted http://localhost:8080/hello || die "a second start ended alice's session"
  echo "ok: a second start changed nothing"
}

tidy() {
  [ -z "$HOLDER" ] || docker rm -f "$HOLDER" >/dev/null
  compose down -v
  rm -f "$JAR" "$JAR.status"
}

wait_healthy() { # SERVICE
  local deadline=$((SECONDS + 60))
  until [ "$(inspect "$1" '{{.State.Health.Status}}')" = healthy ]; do
    [ "$SECONDS" -lt "$deadline" ] || die "$1 is not healthy after 60 s"
    sleep 1
  done
  echo "ok: $1 is healthy"
}

browse() { curl -sS --max-time 15 -L -b "$JAR" -c "$JAR" -H 'Accept: text/html' "$@"; }

greeted() { # URL: does the app know alice's name?
  browse "$1" | grep -q 'Hello, Alice Liddell'
}

sign_in() { # ORIGIN
  local page
  page=$(browse -o /dev/null -w '%{url_effective}' "$1/hello")
  case $page in http://localhost:3001/sign-in*) ;; *) die "no sign-in page, but $page" ;; esac
  browse -o /dev/null --data 'username=alice&password=alice-password' "$page"
  greeted "$1/hello" || die "alice's name did not reach the app"
  echo "ok: alice signed in and the app got her name"
}

# A new container for the app. Another one takes the old address first, so that the app gets a new one.
move_app() {
  local before
  before=$(address app)
  compose rm -s -f app
  HOLDER=$(docker run -d --network "${COMPOSE_PROJECT_NAME}_web" --entrypoint sleep logto-proxy-stand-ins:local infinity)
  compose up -d --no-build --no-deps app
  [ "$(address app)" != "$before" ] || die "the app's new container has its old address $before; nothing was tried"
  wait_listening
}

wait_listening() { # the app has no HEALTHCHECK
  local deadline=$((SECONDS + 20))
  until compose exec -T app python3 -c "import socket; socket.create_connection(('127.0.0.1', 8080))" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || die "the app does not listen"
    sleep 0.5
  done
}

# An upload of about 10 s is under way when the whole stack is told to stop.
stop_while_busy() {
  local upload proxy status=0
  proxy=$(compose ps -q proxy)      # named while it runs: not every compose lists stopped ones
  head -c 250000 /dev/zero | browse --limit-rate 25k --data-binary @- -H 'Origin: http://localhost:8080' -o /dev/null -w '%{http_code}' \
    http://localhost:8080/upload >"$JAR.status" &
  upload=$!
  sleep 1
  compose stop
  wait "$upload" || status=$?
  [ "$status $(cat "$JAR.status")" = '0 200' ] || die "an upload was cut by the stop: curl $status, HTTP $(cat "$JAR.status")"
  [ "$(docker inspect -f '{{.State.ExitCode}}' "$proxy")" = 0 ] || die "the proxy ended with an error"
  echo "ok: the upload under way was completed before the proxy stopped"
}

case ${1:-all} in
  build) build ;;
  run) run ;;
  cloud) cloud ;;
  public) public ;;
  all) build; run; cloud; public ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
