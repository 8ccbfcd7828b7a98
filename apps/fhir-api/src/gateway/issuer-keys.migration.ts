import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The issuer's public keys as last fetched, so that a replica can start while the issuer is away. */
export class CreateIssuerKeys1764000100000 implements MigrationInterface {
  name = 'CreateIssuerKeys1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE issuer_jwks (
        issuer text PRIMARY KEY,
        jwks jsonb NOT NULL,
        fetched_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE issuer_jwks');
  }
}
