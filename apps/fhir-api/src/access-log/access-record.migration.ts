import { refuseChangesFunction } from '@payer/service';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One row for each access to data. Rows are added and never changed. A partition holds a month. The service
 * adds a partition before its month, and drops it when its retention is over.
 */
export class CreateAccessRecord1764000100002 implements MigrationInterface {
  name = 'CreateAccessRecord1764000100002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SEQUENCE access_record_id CACHE 1000');
    await runner.query(`
      CREATE TABLE access_record (
        id bigint NOT NULL DEFAULT nextval('access_record_id'),
        at timestamptz NOT NULL,
        client_id text NOT NULL,
        grant_id text,
        sub text,
        interaction text NOT NULL,
        resource_type text NOT NULL,
        status smallint NOT NULL,
        request_id text NOT NULL
      ) PARTITION BY RANGE (at)`);
    await runner.query('CREATE INDEX access_record_client ON access_record (client_id, at DESC)');
    await runner.query(
      'CREATE INDEX access_record_grant ON access_record (grant_id, at DESC) WHERE grant_id IS NOT NULL',
    );
    await runner.query(refuseChangesFunction);
    await runner.query(`
      CREATE TRIGGER access_record_append_only BEFORE UPDATE OR DELETE ON access_record
      FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE access_record');
    await runner.query('DROP SEQUENCE access_record_id');
    await runner.query('DROP FUNCTION refuse_audit_change');
  }
}
