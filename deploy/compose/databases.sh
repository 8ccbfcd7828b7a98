#!/usr/bin/env bash
# Made from the table in libs/smart/src/databases.ts by `npm run database-script`. A test compares the two.
# PostgreSQL of docker-compose.yml runs it when it starts with an empty volume. Each service gets a role that
# serves and a role that owns and migrates. It may run again at any time, also on databases of a version that
# had one role for both:
#   docker compose exec postgres bash /docker-entrypoint-initdb.d/databases.sh
set -euo pipefail

run() { psql --username "${POSTGRES_USER:-postgres}" --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

run --set password="$AUTH_SERVER_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('auth_server') IS NULL THEN CREATE ROLE auth_server; END IF; END $$;
ALTER ROLE auth_server LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$AUTH_SERVER_OWNER_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('auth_server_owner') IS NULL THEN CREATE ROLE auth_server_owner; END IF; END $$;
ALTER ROLE auth_server_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$CONSENT_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('consent') IS NULL THEN CREATE ROLE consent; END IF; END $$;
ALTER ROLE consent LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$CONSENT_OWNER_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('consent_owner') IS NULL THEN CREATE ROLE consent_owner; END IF; END $$;
ALTER ROLE consent_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$FHIR_API_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('fhir_api') IS NULL THEN CREATE ROLE fhir_api; END IF; END $$;
ALTER ROLE fhir_api LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$FHIR_API_OWNER_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('fhir_api_owner') IS NULL THEN CREATE ROLE fhir_api_owner; END IF; END $$;
ALTER ROLE fhir_api_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$REGISTRATION_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('registration') IS NULL THEN CREATE ROLE registration; END IF; END $$;
ALTER ROLE registration LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run --set password="$REGISTRATION_OWNER_DATABASE_PASSWORD" <<'SQL'
DO $$ BEGIN IF to_regrole('registration_owner') IS NULL THEN CREATE ROLE registration_owner; END IF; END $$;
ALTER ROLE registration_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SQL

run <<'SQL'
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
SQL

run <<'SQL'
SELECT 'CREATE DATABASE auth_server' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'auth_server') \gexec
SQL

run --dbname auth_server <<'SQL'
ALTER DATABASE auth_server OWNER TO auth_server_owner;
REVOKE ALL ON DATABASE auth_server FROM PUBLIC;
GRANT CONNECT ON DATABASE auth_server TO auth_server;
ALTER SCHEMA public OWNER TO auth_server_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO auth_server;
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'auth_server_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO auth_server_owner', one.name); END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proowner <> 'auth_server_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO auth_server_owner', one.name); END LOOP;
END $$;
SQL

run <<'SQL'
SELECT 'CREATE DATABASE consent' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'consent') \gexec
SQL

run --dbname consent <<'SQL'
ALTER DATABASE consent OWNER TO consent_owner;
REVOKE ALL ON DATABASE consent FROM PUBLIC;
GRANT CONNECT ON DATABASE consent TO consent;
ALTER SCHEMA public OWNER TO consent_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO consent;
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'consent_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO consent_owner', one.name); END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proowner <> 'consent_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO consent_owner', one.name); END LOOP;
END $$;
SQL

run <<'SQL'
SELECT 'CREATE DATABASE fhir_sandbox' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'fhir_sandbox') \gexec
SQL

run --dbname fhir_sandbox <<'SQL'
ALTER DATABASE fhir_sandbox OWNER TO fhir_api_owner;
REVOKE ALL ON DATABASE fhir_sandbox FROM PUBLIC;
GRANT CONNECT ON DATABASE fhir_sandbox TO fhir_api;
ALTER SCHEMA public OWNER TO fhir_api_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fhir_api;
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'fhir_api_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO fhir_api_owner', one.name); END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proowner <> 'fhir_api_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO fhir_api_owner', one.name); END LOOP;
END $$;
SQL

run <<'SQL'
SELECT 'CREATE DATABASE fhir_production' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'fhir_production') \gexec
SQL

run --dbname fhir_production <<'SQL'
ALTER DATABASE fhir_production OWNER TO fhir_api_owner;
REVOKE ALL ON DATABASE fhir_production FROM PUBLIC;
GRANT CONNECT ON DATABASE fhir_production TO fhir_api;
ALTER SCHEMA public OWNER TO fhir_api_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fhir_api;
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'fhir_api_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO fhir_api_owner', one.name); END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proowner <> 'fhir_api_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO fhir_api_owner', one.name); END LOOP;
END $$;
SQL

run <<'SQL'
SELECT 'CREATE DATABASE registration' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'registration') \gexec
SQL

run --dbname registration <<'SQL'
ALTER DATABASE registration OWNER TO registration_owner;
REVOKE ALL ON DATABASE registration FROM PUBLIC;
GRANT CONNECT ON DATABASE registration TO registration;
ALTER SCHEMA public OWNER TO registration_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO registration;
DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'registration_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO registration_owner', one.name); END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proowner <> 'registration_owner'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO registration_owner', one.name); END LOOP;
END $$;
SQL
