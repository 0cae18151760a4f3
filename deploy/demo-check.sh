#!/usr/bin/env bash
# Signs in with curl through a running demo and looks at what comes back: deploy/demo-check.sh [http://localhost:8080]
set -euo pipefail
SITE=${1:-http://localhost:8080}
JARS=$(mktemp -d)
trap 'rm -rf "$JARS"' EXIT
FAILED=0

browse() { # JAR CURL-ARGUMENTS...
  local jar=$1
  shift
  curl -sS --max-time 15 -L --max-redirs 20 -b "$JARS/$jar" -c "$JARS/$jar" -H 'Accept: text/html' "$@"
}

check() { # SENTENCE PATTERN TEXT
  if grep -q -e "$2" <<<"$3"; then echo "ok: $1"; else echo "FAILED: $1 (no '$2' in the answer below)" >&2; head -c 1500 <<<"$3" >&2; FAILED=1; fi
}

sign_in() { # USER PATH: answers the page that comes after the sign-in
  local page
  page=$(browse "$1" -o /dev/null -w '%{url_effective}' "$SITE$2")
  browse "$1" --data-urlencode "username=$1" --data-urlencode "password=$1-password" "$page"
}

status() { browse "$1" -o /dev/null -w '%{http_code}' "$SITE$2"; }

check "the start page is public" "Sign in" "$(browse nobody "$SITE/")"
check "a protected page leads to the sign-in page" "Continue with LinkedIn" "$(browse nobody "$SITE/wiki/home")"
check "a script gets 401 with the sign-in address" '"sign_in_url"' "$(curl -sS --max-time 15 "$SITE/headers/")"
check "alice comes back to the headers with her name" "Alice Liddell" "$(sign_in alice '/headers/?from=check')"
check "the wiki knows her" "/login'>alice<" "$(browse alice "$SITE/wiki/home")"
check "the admin page is closed to her" 403 "$(status alice /admin/)"
check "admin may open it" "Ada Admin" "$(sign_in admin /admin/)"
check "hanako's name arrives whole" "山田 花子" "$(sign_in hanako /headers/)"
check "a forged header does not reach the app" absent "$(browse alice -H 'X-Forwarded-User: mallory' -H 'X_Forwarded_User: mallory' "$SITE/headers/" | grep mallory || echo absent)"
exit "$FAILED"
