#!/usr/bin/env bash
# npm ci in this folder, when its lock file is newer than what is installed. Two steps of CI need it, perhaps at the same time.
set -euo pipefail
cd "$(dirname "$0")"
exec 9>"${TMPDIR:-/tmp}/payer-third-party.lock"
flock 9
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci
