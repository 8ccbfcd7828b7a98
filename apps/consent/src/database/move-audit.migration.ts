import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Copies the entries of the first audit table into the trail. The old table stays, because the previous
 * version may still write to it. A later migration drops it.
 */
export class MoveAudit1764000200001 implements MigrationInterface {
  name = 'MoveAudit1764000200001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO audit_entry (id, at, service, action, actor_role, actor, environment, client_id, grant_id, sub, detail)
      SELECT gen_random_uuid(), at, 'consent', replace(action, 'consent-denied', 'grant-denied'), 'unknown', NULL,
             environment, client_id, grant_id, sub, jsonb_build_object('detail', detail)
      FROM audit`);
  }

  async down(): Promise<void> {}
}
