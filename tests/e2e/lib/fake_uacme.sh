#!/bin/sh
# What uacme does with its hook and its files, without an authority: who starts it (tests/e2e/acme.test.mjs) tells it by files
# beside it what is to happen, for its environment is empty. It can be told whom to trust by UACME_CAINFO.
here=$(dirname "$0")
{ echo "$*"; env | sort; ls -l /proc/self/fd | sed -n 's/.* \([0-9]*\) -> .*/fd \1/p'; } >>"$here/calls"
while getopts 'a:c:t:h:fosy' option; do
  case $option in c) folder=$OPTARG ;; h) hook=$OPTARG ;; *) ;; esac
done
shift $((OPTIND - 1))
if [ -f "$here/fail" ]; then cat "$here/fail" >&2; exit 2; fi
case $1 in
  new)
    mkdir -p "$folder/private"
    [ ! -f "$folder/private/key.pem" ] || { echo "uacme: Account already exists at https://ca.test/1" >&2; exit 2; }
    echo key >"$folder/private/key.pem"
    ;;
  update) ;;
  issue)
    host=$2
    token=$(tr -dc 'A-Za-z0-9_-' </dev/urandom | head -c 43)
    answer=$token.$(tr -dc 'A-Za-z0-9_-' </dev/urandom | head -c 43)
    [ -x "$hook" ] || { echo "uacme: $hook: no such hook" >&2; exit 2; }
    if [ -s "$here/bad_luck" ]; then
      sed -i 1d "$here/bad_luck"
      echo "uacme: failed to parse challenge" >&2
      exit 2
    fi
    if "$hook" begin dns-01 "$host" "$token" "$answer"; then echo "a hook for dns-01?" >&2; exit 2; fi
    if "$hook" begin http-01 another.test "$token" "$answer"; then echo "a hook for another host?" >&2; exit 2; fi
    "$hook" begin http-01 "$host" "$token" "$answer" || { echo "uacme: no challenge completed" >&2; exit 2; }
    echo "$token" >"$here/token"
    while [ -f "$here/wait" ]; do sleep 0.05; done
    for port in $(cat "$here/ports"); do
      got=$(curl -s -H "Host: $host" "http://127.0.0.1:$port/.well-known/acme-challenge/$token")
      [ "$got" = "$answer" ] || { echo '"type": "urn:ietf:params:acme:error:unauthorized"' "$port: $got" >&2; "$hook" failed http-01 "$host" "$token" "$answer"; exit 2; }
    done
    "$hook" 'done' http-01 "$host" "$token" "$answer"
    mkdir -p "$folder/private/$host" "$folder/$host"
    cp "$here/$host.key" "$folder/private/$host/key.pem"
    cp "$here/$host.pem" "$folder/$host/cert.pem.tmp" && mv "$folder/$host/cert.pem.tmp" "$folder/$host/cert.pem"
    ;;
  *) exit 2 ;;
esac
