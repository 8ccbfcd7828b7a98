#!/usr/bin/env bash
# Runs once, when docker-compose.yml's PostgreSQL starts with an empty volume: a role for each service, which owns its databases and
# can connect to no other.
set -euo pipefail

create() {
  local role=$1 password=$2
  shift 2
  psql --username "$POSTGRES_USER" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set role="$role" --set password="$password" \
    <<<"CREATE ROLE :\"role\" LOGIN PASSWORD :'password';"
  for database in "$@"; do
    psql --username "$POSTGRES_USER" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set role="$role" --set database="$database" <<'SQL'
CREATE DATABASE :"database" OWNER :"role";
REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC;
SQL
  done
}

create auth_server "$AUTH_SERVER_DATABASE_PASSWORD" auth_server
create registration "$REGISTRATION_DATABASE_PASSWORD" registration
create consent "$CONSENT_DATABASE_PASSWORD" consent
create fhir_api "$FHIR_API_DATABASE_PASSWORD" fhir_sandbox fhir_production
