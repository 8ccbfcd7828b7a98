import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The client authentication of an app: its method, and its public keys by value or by address. */
export class AddClientAuthentication1764800100000 implements MigrationInterface {
  name = 'AddClientAuthentication1764800100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE app
        ADD COLUMN token_endpoint_auth_method text NOT NULL DEFAULT 'client_secret_basic',
        ADD COLUMN jwks jsonb,
        ADD COLUMN jwks_uri text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE app DROP COLUMN token_endpoint_auth_method, DROP COLUMN jwks, DROP COLUMN jwks_uri',
    );
  }
}
