import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Cases that a synthetic member's data exercises, for the member picker of the sandbox. */
export class AddMemberExercises1764800100000 implements MigrationInterface {
  name = 'AddMemberExercises1764800100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE member ADD COLUMN exercises text[] NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE member DROP COLUMN exercises');
  }
}
