#!/usr/bin/env bash
# The part of the official entrypoint that docker-compose.yml uses: a first start makes the cluster with
# POSTGRES_PASSWORD and runs /docker-entrypoint-initdb.d/*.sh and *.sql against a server that only the socket
# reaches.
set -euo pipefail
if [ "$1" != postgres ]; then exec "$@"; fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  : "${POSTGRES_PASSWORD:?must be set at the first start}"
  mkdir -p "$PGDATA"
  initdb --pgdata "$PGDATA" --username postgres --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") \
    --encoding UTF8 --locale C --auth-host scram-sha-256 --auth-local trust >/dev/null
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl --pgdata "$PGDATA" --wait --log "$PGDATA/first-start.log" \
    --options "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql" start >/dev/null
  export PGHOST=/var/run/postgresql POSTGRES_USER=postgres POSTGRES_DB=postgres
  for script in /docker-entrypoint-initdb.d/*; do
    case "$script" in
      *.sh) bash "$script" ;;
      *.sql) psql --username postgres --no-psqlrc --set ON_ERROR_STOP=1 --file "$script" ;;
    esac
  done
  pg_ctl --pgdata "$PGDATA" --wait --mode fast stop >/dev/null
  unset PGHOST
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
