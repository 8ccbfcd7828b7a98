import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When a signing key was first published: a rotation waits until every cache of public keys has it. */
export class AddKeyPublishedAt1764300000000 implements MigrationInterface {
  name = 'AddKeyPublishedAt1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE signing_key ADD COLUMN published_at timestamptz NOT NULL DEFAULT clock_timestamp()',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE signing_key DROP COLUMN published_at');
  }
}
