import { randomUUID } from 'node:crypto';
import { addAllToOutbox, wakeRelays, type TransactionClient } from '@payer/events';
import type { Environment, RequestBatch, RequestRecord } from '@payer/smart';

/**
 * Maximum requests of one app, and maximum apps, between two batches. Further requests of an app are only
 * counted, and further apps are ignored.
 */
const maxRequests = 100;
const maxApps = 2000;

export interface RequestLogOptions {
  service: 'auth-server' | 'fhir-api';
  /** The database with the outbox for the batches. */
  database(environment: Environment): TransactionClient;
  /** Milliseconds between two batches. */
  interval: number;
  /** Called when a batch could not be written and is lost. */
  onError(error: Error): void;
}

/**
 * Collects the requests of apps for their developers, and publishes one batch per app every few seconds. Its
 * memory is bounded: an app with endless requests costs as much as one with a hundred.
 */
export class RequestLog {
  private batches = new Map<string, RequestBatch>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly options: RequestLogOptions) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), this.options.interval);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** @param record called only when there is room for the record */
  add(environment: Environment, clientId: string, record: () => RequestRecord): void {
    const key = `${environment}:${clientId}`;
    let batch = this.batches.get(key);
    if (!batch) {
      if (this.batches.size >= maxApps) return;
      batch = {
        id: randomUUID(),
        version: 1,
        service: this.options.service,
        environment,
        client_id: clientId,
        requests: [],
        skipped: 0,
      };
      this.batches.set(key, batch);
    }
    if (batch.requests.length < maxRequests) batch.requests.push(record());
    else batch.skipped += 1;
  }

  /** Runs one write at a time; never rejects. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const taken = [...this.batches.values()];
    this.batches = new Map();
    for (const environment of new Set(taken.map((batch) => batch.environment)))
      try {
        await addAllToOutbox(
          this.options.database(environment),
          'requests-recorded',
          taken.filter((batch) => batch.environment === environment),
        );
        wakeRelays();
      } catch (error) {
        this.options.onError(error as Error);
      }
  }
}
