import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Signing keys, private parts sealed with the key-encryption key. */
export class CreateSigningKeys1764000000001 implements MigrationInterface {
  name = 'CreateSigningKeys1764000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE signing_key (
        kid text PRIMARY KEY,
        purpose text NOT NULL,
        public_jwk jsonb NOT NULL,
        sealed_private_jwk text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX signing_key_purpose ON signing_key (purpose, created_at DESC)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE signing_key');
  }
}

/** `jti` of signed messages that have been used. */
export class CreateUsedMessages1764000000002 implements MigrationInterface {
  name = 'CreateUsedMessages1764000000002';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE used_message (jti text PRIMARY KEY, expires_at timestamptz NOT NULL)');
    await runner.query('CREATE INDEX used_message_expiry ON used_message (expires_at)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE used_message');
  }
}

/** Browser and API sessions; only a hash of the token is kept. */
export class CreateSessions1764000000003 implements MigrationInterface {
  name = 'CreateSessions1764000000003';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE session (
        token_sha256 text PRIMARY KEY,
        subject text NOT NULL,
        data jsonb NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX session_subject ON session (subject)');
    await runner.query('CREATE INDEX session_expiry ON session (expires_at)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE session');
  }
}

/** The service's copy of the apps, made from the app events. */
export class CreateAppModel1764000000004 implements MigrationInterface {
  name = 'CreateAppModel1764000000004';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE app_model (
        client_id text PRIMARY KEY,
        version integer NOT NULL,
        state jsonb NOT NULL
      )`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE app_model');
  }
}

/** Failed attempts, for throttling sign-in. */
export class CreateAttempts1764000000005 implements MigrationInterface {
  name = 'CreateAttempts1764000000005';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE attempt (
        key text PRIMARY KEY,
        failures integer NOT NULL,
        window_ends_at timestamptz NOT NULL
      )`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE attempt');
  }
}
