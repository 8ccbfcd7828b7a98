import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which member a subject of a sign-in provider is; the roster of the plan says so. */
export class CreateMemberIdentity1764340100000 implements MigrationInterface {
  name = 'CreateMemberIdentity1764340100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE member_identity (
        environment text NOT NULL,
        provider text NOT NULL,
        subject text NOT NULL,
        sub text NOT NULL,
        imported_by text NOT NULL,
        PRIMARY KEY (environment, provider, subject),
        FOREIGN KEY (environment, sub) REFERENCES member (environment, sub) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX member_identity_member ON member_identity (environment, sub)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member_identity');
  }
}
