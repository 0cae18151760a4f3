#!/usr/bin/env bash
# The whole thing on one machine: a development OpenID provider in Logto's place, two apps that know nothing of OIDC, and logto-proxy in front.
#   deploy/demo.sh           then open http://localhost:8080; Ctrl-C stops all of it
#   deploy/demo.sh --check   start, sign in with curl, stop; exit status 0 if all went well
# Needs Debian 12 (or a relative), as root or with sudo. A second run installs nothing and works offline.
# Ports: DEMO_PORT=8080 (proxy) OP_PORT=3001 (provider) WIKI_PORT=8081 HEADERS_PORT=8082 ADMIN_PORT=9180
# shellcheck disable=SC2119
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
STEPS=6
LOGS=build/demo
# shellcheck source=deploy/lib.sh
. deploy/lib.sh

case ${1:-} in
  '' | --check) MODE=${1:-} ;;
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) die "unknown argument $1 (try --help)" ;;
esac

export DEMO_PORT=${DEMO_PORT:-8080} OP_PORT=${OP_PORT:-3001} WIKI_PORT=${WIKI_PORT:-8081} HEADERS_PORT=${HEADERS_PORT:-8082} ADMIN_PORT=${ADMIN_PORT:-9180}
PROXY=build/release/logto-proxy
SITE=http://localhost:$DEMO_PORT
PROVIDER=http://localhost:$OP_PORT
mkdir -p "$LOGS" || die "cannot write to $PWD/$LOGS (was an earlier run made as another user?)"
[ -w "$LOGS" ] || die "cannot write to $PWD/$LOGS (an earlier run as root? remove the folder build/ and try again)"

session_secret() { # made once, so that sign-ins survive a restart of the demo
  [ -s "$LOGS/session-secret" ] || (umask 077; head -c 32 /dev/urandom | base64 >"$LOGS/session-secret")
  cat "$LOGS/session-secret"
}

provider_settings() {
  printf '{"port":%s,"endpoint":"%s","client_id":"demo","client_secret":"demo-secret","redirect_uris":["%s/_auth/callback"],"post_logout_redirect_uris":["%s/_auth/signed-out"]}' \
    "$OP_PORT" "$PROVIDER" "$SITE" "$SITE"
}

reachable() { curl -fsS --max-time 2 -o /dev/null "$1"; }

step_begin "Installing Debian packages"
need_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}" "${DEMO_PACKAGES[@]}"
need_npm
step_done

step_begin "Installing the development provider's npm packages"
need_node_modules
step_done

step_begin "Building logto-proxy (some minutes the first time)"
build_preset release
[ -x "$PROXY" ] || die "the build left no $PROXY"
step_done

need_free_port "$DEMO_PORT" proxy DEMO_PORT
need_free_port "$OP_PORT" "development provider" OP_PORT
need_free_port "$WIKI_PORT" wiki WIKI_PORT
need_free_port "$HEADERS_PORT" "header page" HEADERS_PORT
need_free_port "$ADMIN_PORT" "proxy's admin listener" ADMIN_PORT
trap stop_all EXIT
trap 'echo; echo "Stopping."; exit 0' INT TERM HUP

step_begin "Starting the development provider in Logto's place"
OP_CONFIG=$(provider_settings) start provider "$NODE" tests/op/main.mjs
wait_for "$STARTED" 20 "the development provider" reachable "$PROVIDER/oidc/.well-known/openid-configuration"
step_done

step_begin "Starting the apps behind the proxy"
start wiki python3 deploy/demo-app/wiki.py --port "$WIKI_PORT" --folder "$LOGS/wiki" --mount /wiki
wait_for "$STARTED" 20 "the wiki" reachable "http://127.0.0.1:$WIKI_PORT/wiki/home"
start headers python3 deploy/demo-app/headers.py --port "$HEADERS_PORT"
wait_for "$STARTED" 20 "the header page" reachable "http://127.0.0.1:$HEADERS_PORT/"
step_done

step_begin "Starting logto-proxy"
SESSION_SECRET=$(session_secret) LOGTO_APP_ID=demo LOGTO_APP_SECRET=demo-secret start proxy "$PROXY" serve --config deploy/demo.yaml
wait_for "$STARTED" 20 "logto-proxy" reachable "http://127.0.0.1:$ADMIN_PORT/readyz"
step_done

if [ "$MODE" = --check ]; then
  deploy/demo-check.sh "$SITE"
  exit
fi

cat <<END

Open  $SITE/          start page (public)
      $SITE/wiki/     a real legacy app: Fossil's wiki and tickets
      $SITE/headers/  what an app behind the proxy gets to see
      $SITE/admin/    only for the role admin
      $SITE/members/  only for people who come through Patreon (a local stand-in)

People: alice / alice-password    role editor
        bob / bob-password        no name, no e-mail, no role
        admin / admin-password    roles admin and editor
        hanako / hanako-password  山田 花子, role "営業, 東京"

Logs: $PWD/$LOGS/*.log          Ctrl-C stops all of it.
END

wait -n "${CHILD_PIDS[@]}" || :
for i in "${!CHILD_PIDS[@]}"; do
  kill -0 "${CHILD_PIDS[$i]}" 2>/dev/null || die "${CHILD_NAMES[$i]} ended by itself; its output is in $PWD/$LOGS/${CHILD_NAMES[$i]}.log"
done
