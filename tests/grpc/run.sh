#!/usr/bin/env bash
# gRPC's own interoperability tests through the proxy. Needs Go, which fetches gRPC once; by hand, not in tests/run.sh.
#   LOGTO_PROXY_BIN=build/release/logto-proxy tests/grpc/run.sh
set -euo pipefail
cd "$(dirname "$0")"
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
go build -o "$programs/interop" .
INTEROP="$programs/interop" node --test interop.test.mjs
