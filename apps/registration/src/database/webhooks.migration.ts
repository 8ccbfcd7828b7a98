import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhook endpoints of apps, the messages for them, and the notice that a replaced secret ends soon. */
export class CreateWebhooks1764700100000 implements MigrationInterface {
  name = 'CreateWebhooks1764700100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_endpoint (
        id uuid PRIMARY KEY,
        client_id text NOT NULL REFERENCES app,
        url text NOT NULL,
        types text[] NOT NULL,
        sealed_secret text NOT NULL,
        previous_sealed_secret text,
        previous_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX webhook_endpoint_app ON webhook_endpoint (client_id, created_at)');
    await runner.query(`
      CREATE TABLE webhook_delivery (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        endpoint_id uuid NOT NULL REFERENCES webhook_endpoint ON DELETE CASCADE,
        message_id text NOT NULL,
        type text NOT NULL,
        payload text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz DEFAULT now(),
        delivered_at timestamptz,
        last_attempt_at timestamptz,
        last_status integer,
        last_error text,
        UNIQUE (endpoint_id, message_id)
      )`);
    await runner.query(
      'CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at) WHERE next_attempt_at IS NOT NULL',
    );
    await runner.query('ALTER TABLE app_secret ADD COLUMN ending_notice_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE app_secret DROP COLUMN ending_notice_at');
    await runner.query('DROP TABLE webhook_delivery, webhook_endpoint');
  }
}
