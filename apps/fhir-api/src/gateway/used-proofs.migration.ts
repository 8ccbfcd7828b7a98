import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The DPoP proofs that were used, until they are refused by their age (RFC 9449 §11.1). Unlogged: a crash of
 * the database forgets the proofs of the last minutes, and spares a write to the log per request.
 */
export class CreateUsedProof1764800300000 implements MigrationInterface {
  name = 'CreateUsedProof1764800300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE UNLOGGED TABLE used_proof (id bytea PRIMARY KEY, expires_at timestamptz NOT NULL)',
    );
    await runner.query('CREATE INDEX used_proof_expiry ON used_proof (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE used_proof');
  }
}
