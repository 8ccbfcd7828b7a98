import { describe, expect, it } from 'vitest';
import type { CloudEvent, RequestRecord } from '@payer/smart';
import { RequestLog } from './request-log.js';

const record = (n: number): RequestRecord => ({
  at: new Date(n).toISOString(),
  kind: 'fhir',
  method: 'GET',
  path: `/Patient/${n}`,
  status: 200,
  duration_ms: 1,
  request_id: null,
  error: null,
  detail: null,
});

function logTo(written: CloudEvent<'requests-recorded'>[], options: { fails?: boolean } = {}) {
  const errors: string[] = [];
  const log = new RequestLog({
    service: 'fhir-api',
    interval: 1000,
    onError: ({ message }) => errors.push(message),
    database: () =>
      ({
        query: async (_text: string, values: unknown[] = []) => {
          if (options.fails) throw new Error('the database is away');
          written.push(
            ...(values[1] as string[]).map((event) =>
              typeof event === 'string' ? JSON.parse(event) : event,
            ),
          );
          return { rows: [] };
        },
      }) as never,
  });
  return { log, errors };
}

describe('the log of requests', () => {
  it('publishes one batch of each app and environment, in order', async () => {
    const written: CloudEvent<'requests-recorded'>[] = [];
    const { log } = logTo(written);
    for (let n = 0; n < 3; n++) log.add('sandbox', 'app-1', () => record(n));
    log.add('production', 'app-1', () => record(9));
    log.add('sandbox', 'app-2', () => record(9));
    await log.flush();
    expect(written).toHaveLength(3);
    const mine = written.find(({ data }) => data.client_id === 'app-1' && data.environment === 'sandbox');
    expect(mine).toMatchObject({ source: '/fhir-api', data: { skipped: 0 } });
    expect(mine?.data.requests.map(({ path }) => path)).toEqual(['/Patient/0', '/Patient/1', '/Patient/2']);
    await log.flush();
    expect(written).toHaveLength(3);
  });

  it('lists a hundred requests of an app, counts the rest, and makes no record of them', async () => {
    const written: CloudEvent<'requests-recorded'>[] = [];
    const { log } = logTo(written);
    let made = 0;
    for (let n = 0; n < 5000; n++)
      log.add('sandbox', 'greedy', () => {
        made += 1;
        return record(n);
      });
    await log.flush();
    expect(written[0]?.data).toMatchObject({ skipped: 4900 });
    expect(written[0]?.data.requests).toHaveLength(100);
    expect(made).toBe(100);
  });

  it('keeps requests of so many apps, and of no more', async () => {
    const written: CloudEvent<'requests-recorded'>[] = [];
    const { log } = logTo(written);
    for (let n = 0; n < 2500; n++) log.add('sandbox', `app-${n}`, () => record(n));
    await log.flush();
    expect(written).toHaveLength(2000);
  });

  it('loses a batch that cannot be written, says so, and goes on', async () => {
    const { log, errors } = logTo([], { fails: true });
    log.add('sandbox', 'app', () => record(1));
    await log.flush();
    expect(errors).toEqual(['the database is away']);
    await log.stop();
  });
});
