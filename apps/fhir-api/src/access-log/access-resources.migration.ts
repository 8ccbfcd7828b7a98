import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many resources an access gave out: who has read much is seen without counting requests. */
export class AddAccessResources1764000100003 implements MigrationInterface {
  name = 'AddAccessResources1764000100003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE access_record ADD COLUMN resources integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE access_record DROP COLUMN resources');
  }
}
