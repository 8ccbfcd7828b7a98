import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from 'pg';
import type { AccessTotals, CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();
let events: Pool;
beforeAll(async () => {
  await system.start();
  events = new Pool({ connectionString: system.config.EVENTS_DATABASE_URL, max: 1 });
});
afterAll(async () => {
  await events.end();
  await system.stop();
});

/** The newest published totals of a grant. */
async function totalsOf(grantId: string): Promise<AccessTotals | undefined> {
  const { rows } = await events.query<{ event: CloudEvent<'access-recorded'> }>(
    `SELECT event FROM event_log WHERE topic = 'access-recorded' AND event->'data'->>'grant_id' = $1
     ORDER BY (event->'data'->>'version')::int DESC LIMIT 1`,
    [grantId],
  );
  return rows[0]?.event.data;
}

describe('who read how much', () => {
  it('is published as running totals per grant and day, refused requests among them, across a restart', async () => {
    const token = await system.issuer.patientToken('one', { claims: { grant_id: 'counted' } });
    const ask = (path: string) => system.request(path, { token });
    await ask('/Patient');
    await ask('/Patient');
    await ask('/InsurancePlan');
    const first = await eventually(async () => {
      const totals = await totalsOf('counted');
      return totals?.requests === 3 && totals;
    });
    expect(first).toMatchObject({ environment: 'sandbox', client_id: 'patientapp', requests: 3, errors: 1 });
    expect(first.reads).toEqual([{ type: 'Patient', requests: 2, resources: expect.any(Number) }]);
    await ask('/Patient');
    await ask('/Condition');
    await system.restart();
    const second = await eventually(async () => {
      const totals = await totalsOf('counted');
      return totals?.requests === 5 && totals;
    });
    expect(second.reads?.map(({ type, requests }) => [type, requests]).sort()).toEqual([
      ['Condition', 1],
      ['Patient', 3],
    ]);
    expect(second.version).toBeGreaterThan(first.version);
    expect(Date.parse(second.last_at)).toBeGreaterThan(Date.parse(first.last_at));
  });
});
