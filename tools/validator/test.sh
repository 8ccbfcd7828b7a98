#!/usr/bin/env bash
# Proves the validator both ways: Plan-Net's own examples pass, and each line of fixtures/broken.ndjson is
# refused for the reason on the same line of fixtures/broken.expected.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
passed=0 failed=0

check() {
  if [ "$1" = yes ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$2"
  fi
}

valid=$(bash "$here/validate.sh" "$here/../../data/igs/plan-net-1.1.0.tgz")
status=$?
[ "$status" -eq 0 ] && answer=yes || answer=no
check "$answer" "Plan-Net's examples should have no error, exit code 0, not $status: $(tail -1 <<<"$valid")"

broken=$(bash "$here/validate.sh" "$here/fixtures/broken.ndjson")
status=$?
[ "$status" -eq 1 ] && answer=yes || answer=no
check "$answer" "broken resources should give exit code 1, not $status"

line=0
while IFS= read -r expected; do
  line=$((line + 1))
  grep -F "broken.ndjson:$line " <<<"$broken" | grep '^ERROR' | grep -qF -- "$expected" && answer=yes || answer=no
  check "$answer" "line $line of broken.ndjson should be refused with: $expected"
done <"$here/fixtures/broken.expected"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
