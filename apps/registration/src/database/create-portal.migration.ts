import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Accounts, apps with their secrets, production requests, the audit trail, and the reports of other services.
 */
export class CreatePortal1764100000000 implements MigrationInterface {
  name = 'CreatePortal1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account (
        id uuid PRIMARY KEY,
        role text NOT NULL CHECK (role IN ('developer', 'platform')),
        name text NOT NULL,
        organization text NOT NULL,
        email text NOT NULL,
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX account_email ON account (lower(email));

      CREATE TABLE app (
        client_id text PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES account,
        version integer NOT NULL,
        client_name text NOT NULL,
        redirect_uris text[] NOT NULL,
        client_uri text,
        logo_uri text,
        policy_uri text,
        tos_uri text,
        contacts text[] NOT NULL,
        require_pkce boolean NOT NULL,
        plan text,
        status text NOT NULL CHECK (status IN ('active', 'suspended', 'deleted')),
        approved_at timestamptz,
        suspended_at timestamptz,
        suspended_reason text,
        tokens_valid_from timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX app_owner ON app (owner_id, created_at DESC);
      CREATE INDEX app_created ON app (created_at DESC);

      CREATE TABLE app_secret (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        client_id text NOT NULL REFERENCES app,
        sha256 text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz
      );
      CREATE INDEX app_secret_app ON app_secret (client_id);

      CREATE TABLE production_request (
        id uuid PRIMARY KEY,
        client_id text NOT NULL REFERENCES app,
        status text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'withdrawn')),
        use_case text,
        contact text,
        note text,
        decided_by text,
        created_at timestamptz NOT NULL DEFAULT now(),
        decided_at timestamptz
      );
      CREATE INDEX production_request_app ON production_request (client_id, created_at DESC);
      CREATE UNIQUE INDEX production_request_pending ON production_request (client_id) WHERE status = 'pending';

      CREATE TABLE initial_access_token (
        token_sha256 text PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES account,
        uses_left integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      );

      CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor text NOT NULL,
        action text NOT NULL,
        client_id text,
        detail jsonb NOT NULL
      );
      CREATE INDEX audit_app ON audit (client_id, id DESC);

      CREATE TABLE access_total (
        id text PRIMARY KEY,
        version integer NOT NULL,
        client_id text NOT NULL,
        environment text NOT NULL,
        grant_id text,
        day date NOT NULL,
        requests integer NOT NULL,
        errors integer NOT NULL,
        last_at timestamptz NOT NULL
      );
      CREATE INDEX access_total_app ON access_total (client_id, day);

      CREATE TABLE failed_authorization (
        id text PRIMARY KEY,
        client_id text NOT NULL,
        environment text NOT NULL,
        at timestamptz NOT NULL,
        error text NOT NULL,
        detail text NOT NULL,
        redirect_uri text
      );
      CREATE INDEX failed_authorization_app ON failed_authorization (client_id, at DESC);`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE failed_authorization, access_total, audit, initial_access_token, production_request,
        app_secret, app, account`);
  }
}
