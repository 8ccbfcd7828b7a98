import { Client } from 'pg';
import { z } from 'zod';
import { PostgresEventLog } from './postgres/log.js';
import { reasonOf } from './reason.js';
import { transportVariables } from './transport.js';

/**
 * Run after a restore of the event log alone. Gives the log a new identity and positions above all positions
 * ever read, so that consumers start over and owners republish their facts.
 */
async function main(): Promise<void> {
  const given = Object.entries(process.env).filter(([, value]) => value !== '');
  const config = z.object(transportVariables).parse(Object.fromEntries(given));
  if (config.EVENT_TRANSPORT === 'kafka') {
    process.stdout.write(
      'Kafka needs no command: owners notice another cluster and topics that have lost events, and publish their facts again.\n',
    );
    return;
  }
  const log = new PostgresEventLog(config.EVENTS_DATABASE_URL, 1);
  await log.migrate();
  await log.close();
  const client = new Client({ connectionString: config.EVENTS_DATABASE_URL, application_name: 'restore' });
  await client.connect();
  const { rows } = await client.query<{ position: string }>(
    `WITH renewed AS (UPDATE event_log_identity SET id = gen_random_uuid())
     UPDATE event_head SET position = greatest(position, (SELECT max(position) FROM consumer_group)) + 1 RETURNING position`,
  );
  await client.end();
  process.stdout.write(
    `The event log has a new identity and goes on after position ${rows[0]?.position}. ` +
      'Owners that run publish their facts again within seconds, the others when they start.\n',
  );
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    process.stderr.write(`restore log: ${reasonOf(error)}\n`);
    process.exit(1);
  },
);
