#!/bin/sh
# tests/checks/run.sh [CHECK...]: rules of this repository that a small script can check, a line each.
# Without names: all that need no build. Ends with "checks: N passed, N failed"; non-zero if one failed.
cd "$(dirname "$0")" || exit 1
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
[ $# -gt 0 ] || set -- include_arrows policy_purity file_sizes no_private_words no_todo format docs_true maps_true formats_true cited_reasons scripts_parse
passed=0
failed=0
for name in "$@"; do
  if [ -f "$name.py" ]; then
    output=$(python3 "$name.py" 2>&1)
  elif [ -f "$name.sh" ] && [ "$name" != run ]; then
    output=$(sh "$name.sh" 2>&1)
  else
    output="there is no such check"
    false
  fi && status=0 || status=1
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    printf '%s\n' "$output" | sed 's/^/      /'
  fi
done
echo "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
