import { Client } from 'pg';
import { databaseStatements } from '@payer/service/roles';
import { eventsDatabase } from '@payer/smart';

const interval = 2000;

export interface EventLogKeeperOptions {
  /** URL of the `events` database. */
  superuserUrl: string;
  /** The same database with the role of its owner. */
  ownerUrl: string;
  say(line: string): void;
}

/**
 * Creates the tables of the event log again when the `events` database was dropped and created again, because
 * the services' serving roles cannot create tables. In a cluster, the platform team runs the migrations
 * instead (docs/operations.md).
 */
export class EventLogKeeper {
  private readonly timer: NodeJS.Timeout;
  private isBusy = false;

  constructor(private readonly options: EventLogKeeperOptions) {
    this.timer = setInterval(() => void this.look(), interval);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    // An unavailable server or database is checked again later.
    await this.keep().catch(() => undefined);
    this.isBusy = false;
  }

  private async keep(): Promise<void> {
    const { superuserUrl, ownerUrl, say } = this.options;
    const client = new Client({ connectionString: superuserUrl, connectionTimeoutMillis: interval });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ is: boolean }>(
        "SELECT to_regclass('public.event_log') IS NULL AS is",
      );
      if (!rows[0]?.is) return;
      say('the database "events" is empty: making its tables again');
      for (const statement of databaseStatements(eventsDatabase.name)) await client.query(statement);
    } finally {
      await client.end().catch(() => undefined);
    }
    const { migrateEventLog } = await import('@payer/events');
    await migrateEventLog(ownerUrl);
  }
}
