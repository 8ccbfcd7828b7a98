import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests of apps, as auth-server and fhir-api publish them, for their developers. */
export class CreateAppRequests1764500100000 implements MigrationInterface {
  name = 'CreateAppRequests1764500100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE app_request (
        id text PRIMARY KEY,
        client_id text NOT NULL,
        environment text NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        status integer NOT NULL,
        duration_ms integer,
        request_id text,
        error text,
        detail text,
        redirect_uri text
      )`);
    await runner.query(
      'CREATE INDEX app_request_app ON app_request (client_id, environment, at DESC, id DESC)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE app_request');
  }
}
