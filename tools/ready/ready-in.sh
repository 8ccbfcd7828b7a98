#!/usr/bin/env bash
# Measures how long a newcomer waits: clones this repository, installs it, starts it twice, and prints a
# table. A report, not a test: it fails when something does not work, never because a machine is slow.
#
#   tools/ready/ready-in.sh [--empty-cache] [--tests]
#
#   --empty-cache  npm downloads everything, as on a new machine
#   --tests        runs `npm test` in the clone, too (minutes)
#
# Measures the last commit. The system listens on free ports, so that another one may run beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."
with_tests= cache=
for argument in "$@"; do
  case $argument in
    --empty-cache) cache=empty ;;
    --tests) with_tests=yes ;;
    *) sed -n '2,10s/^# \?//p' "$0" >&2; exit 2 ;;
  esac
done
repository=$PWD
work=$(mktemp -d)
chmod 755 "$work"
system=
clean_up() {
  if [ -n "$system" ]; then stop; fi
  rm -rf "$work"
}
trap clean_up EXIT
if [ -n "$cache" ]; then export npm_config_cache=$work/npm-cache; fi
# The installed packages of a checkout around this one must not be found.
unset NODE_PATH NODE_COMPILE_CACHE

milliseconds() { date +%s%3N; }
seconds() { awk -v ms="$1" 'BEGIN { printf "%.1f s", ms / 1000 }'; }
load() { cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo '?'; }
rows=()
row() { rows+=("$(printf '%-34s %10s   %s' "$1" "$2" "${3:-}")"); }

# Five free ports in a row.
free_ports() {
  node -e '
    const { createServer } = require("node:net");
    const isFree = (port) => new Promise((resolve) => {
      const server = createServer().on("error", () => resolve(false)).listen(port, () => server.close(() => resolve(true)));
    });
    (async () => {
      for (let from = 20000 + (process.pid % 2400) * 5; ; from += 5) {
        const free = await Promise.all([0, 1, 2, 3, 4].map((i) => isFree(from + i)));
        if (free.every(Boolean)) return console.log(from);
      }
    })();'
}

# Starts the system and waits until it says it is ready, however long that takes. Sets `took` to milliseconds.
start() {
  local from
  from=$(milliseconds)
  npm start >"$work/start.log" 2>&1 &
  system=$!
  until grep -q '^Ready in' "$work/start.log"; do
    kill -0 "$system" 2>/dev/null || { cat "$work/start.log"; exit 1; }
    sleep 0.05
  done
  took=$(($(milliseconds) - from))
}
# npm ends before the program that it runs; the program says when it has stopped.
stop() {
  kill -TERM "$system" 2>/dev/null || true
  for _ in $(seq 300); do
    if grep -q '^Stopped\|did not start' "$work/start.log"; then break; fi
    sleep 0.1
  done
  wait "$system" || true
  system=
}

machine_before="$(nproc) processors, load $(load), Node $(node --version), npm $(npm --version)"
git clone --quiet --no-hardlinks "$repository" "$work/clone"
cd "$work/clone"
export LOCAL_PORTS_FROM
LOCAL_PORTS_FROM=$(free_ports)

from=$(milliseconds)
npm ci >"$work/ci.log" 2>&1 || { cat "$work/ci.log"; exit 1; }
install=$(($(milliseconds) - from))
row 'npm ci' "$(seconds $install)" "$(grep -o 'added [0-9]* packages' "$work/ci.log")"
if grep -q EBADENGINE "$work/ci.log"; then
  echo 'npm ci warns about the version of Node.js:'; grep -A3 EBADENGINE "$work/ci.log"; exit 1
fi
start
cold=$took
stop
row 'npm start, the first time' "$(seconds $cold)"
row 'npm ci and npm start together' "$(seconds $((install + cold)))" 'reach: 75 s'
start
row 'npm start, again' "$(seconds "$took")" 'reach: 6 s'
stop
row 'node_modules' "$(du -sm node_modules | cut -f 1) MB" 'reach: 450 MB'
if [ -n "$with_tests" ]; then
  from=$(milliseconds)
  npm test >"$work/test.log" 2>&1 || { tail -100 "$work/test.log"; exit 1; }
  tests=$(($(milliseconds) - from))
  row 'npm test' "$(seconds $tests)"
  row 'npm ci and npm test together' "$(seconds $((install + tests)))" 'reach: 240 s'
fi
printf 'Ready in: %s; load after %s; npm cache %s\n\n' "$machine_before" "$(load)" "${cache:-as it is}"
printf '  %s\n' "${rows[@]}"
