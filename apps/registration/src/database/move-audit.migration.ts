import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Copies the entries of the first audit table into the trail. The old table stays, because the previous
 * version may still write to it. A later migration drops it.
 */
export class MoveAudit1764100000001 implements MigrationInterface {
  name = 'MoveAudit1764100000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO audit_entry (id, at, service, action, actor_role, actor, client_id, detail)
      SELECT gen_random_uuid(), audit.at, 'registration', audit.action, coalesce(account.role, 'unknown'), audit.actor,
             audit.client_id, audit.detail
      FROM audit LEFT JOIN account ON account.email = audit.actor`);
  }

  async down(): Promise<void> {}
}
