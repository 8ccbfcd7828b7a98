import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Numbers the requests of apps in the order of their arrival, for programs and pages that follow them.
 * Requests from before have no number: nobody follows them any more. So the table is not rewritten.
 */
export class NumberAppRequests1764900700000 implements MigrationInterface {
  name = 'NumberAppRequests1764900700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_request ADD COLUMN number bigint');
    await runner.query('CREATE SEQUENCE app_request_number OWNED BY app_request.number');
    await runner.query(
      "ALTER TABLE app_request ALTER COLUMN number SET DEFAULT nextval('app_request_number')",
    );
    await runner.query('CREATE INDEX app_request_arrival ON app_request (client_id, number)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX app_request_arrival');
    await runner.query('ALTER TABLE app_request DROP COLUMN number');
  }
}
