import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The new name, in the history of an organization. */
export class AddOrganizationNames1764900600000 implements MigrationInterface {
  name = 'AddOrganizationNames1764900600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organization_act ADD COLUMN new_name text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organization_act DROP COLUMN new_name');
  }
}
