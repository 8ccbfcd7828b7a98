import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Passkeys as second factors of members. A row of `second_factor` means that the sign-in asks for a second
 * factor, and has the recovery codes. A member with passkeys alone has no secret for time-based codes.
 */
export class CreateMemberPasskey1764910850000 implements MigrationInterface {
  name = 'CreateMemberPasskey1764910850000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE second_factor ALTER COLUMN sealed_secret DROP NOT NULL');
    await runner.query(`
      CREATE TABLE member_passkey (
        credential_id text PRIMARY KEY,
        environment text NOT NULL,
        sub text NOT NULL,
        name text NOT NULL,
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        transports text[] NOT NULL,
        added_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        FOREIGN KEY (environment, sub) REFERENCES second_factor (environment, sub) ON DELETE CASCADE
      )`);
    await runner.query('CREATE INDEX member_passkey_member ON member_passkey (environment, sub, added_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member_passkey');
    await runner.query('DELETE FROM second_factor WHERE sealed_secret IS NULL');
    await runner.query('ALTER TABLE second_factor ALTER COLUMN sealed_secret SET NOT NULL');
  }
}
