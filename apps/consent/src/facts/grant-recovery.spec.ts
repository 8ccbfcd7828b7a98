import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import type { JournaledEvent } from '@payer/events';
import { keyDropped } from '@payer/service';
import type { GrantState } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { databaseOptions } from '../database/database-options.js';
import { grantRecovery } from './grant-recovery.js';
import { migrated } from '../testing/migrated.js';

const event = (type: string, subject: string, data: unknown): JournaledEvent => ({
  id: randomUUID(),
  type,
  subject,
  time: new Date().toISOString(),
  data,
});
const grant = (grant_id: string, status: 'active' | 'revoked') => {
  const data: GrantState = {
    grant_id,
    version: status === 'active' ? 1 : 2,
    environment: 'sandbox',
    sub: 'sub-1',
    patient: 'p1',
    client_id: 'app',
    scope: 'openid',
    status,
    created_at: '2026-11-27T10:00:00.000Z',
    expires_at: '2036-11-27T10:00:00.000Z',
    revoked_at: status === 'active' ? null : '2026-11-28T10:00:00.000Z',
    revoked_reason: status === 'active' ? null : 'member',
  };
  return event(status === 'active' ? 'grant-created' : 'grant-revoked', grant_id, data);
};

describe('grants of a restored database', () => {
  let postgres: TestPostgres;
  let source: DataSource;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const options = databaseOptions(await postgres.database('consent', migrated));
    source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await source.query('TRUNCATE app_grant, signing_key');
    await grantRecovery.apply(source, [grant('known', 'active'), grant('other', 'active')]);
  });

  const statuses = async () => {
    const rows = (await source.query(
      'SELECT grant_id, status, version FROM app_grant ORDER BY grant_id',
    )) as {
      grant_id: string;
      status: string;
      version: number;
    }[];
    return rows.map(({ grant_id, status, version }) => `${grant_id} ${status} ${version}`);
  };

  it('end as the journal says, in any order and however often; those made since are there again', async () => {
    const events = [
      grant('known', 'revoked'),
      grant('known', 'active'),
      grant('new', 'active'),
      grant('past', 'revoked'),
    ];
    expect(await grantRecovery.missing(source, events)).toHaveLength(3);
    for (let time = 0; time < 2; time++) await grantRecovery.apply(source, events);
    expect(await statuses()).toEqual(['known revoked 2', 'new active 1', 'other active 1', 'past revoked 2']);
    expect(await grantRecovery.missing(source, events)).toEqual([]);
  });

  it('that had ended are never made active by an older entry', async () => {
    await grantRecovery.apply(source, [grant('known', 'revoked')]);
    await grantRecovery.apply(source, [grant('known', 'active')]);
    expect(await statuses()).toContain('known revoked 2');
  });

  it('that waited for their redemption are active when they were redeemed since', async () => {
    await source.query("UPDATE app_grant SET status = 'pending' WHERE grant_id = 'known'");
    await grantRecovery.apply(source, [grant('known', 'active')]);
    expect(await statuses()).toContain('known active 1');
  });

  it('end without a journal, but for those that are confirmed', async () => {
    const [spared] = await grantRecovery.endAll(source, new Set(['other', 'misspelled']));
    expect(spared).toBe('1 of 2 confirmed ids are active grants, which stay');
    expect(await statuses()).toEqual(['known revoked 2', 'other active 1']);
  });

  it('that their members have shortened since end at the sooner time, and never at a later one', async () => {
    const shortened = (until: string) =>
      event('audit-recorded', randomUUID(), {
        id: randomUUID(),
        version: 1,
        at: '2026-11-28T10:00:00.000Z',
        service: 'consent',
        action: 'grant-shortened',
        actor_role: 'member',
        actor: 'sub-1',
        environment: 'sandbox',
        client_id: 'app',
        grant_id: 'known',
        sub: 'sub-1',
        request_id: null,
        trace_id: null,
        detail: { until },
      });
    const events = [shortened('2035-01-01T00:00:00.000Z'), shortened('2034-01-01T00:00:00.000Z')];
    for (const each of [...events, ...events].reverse()) await grantRecovery.apply(source, [each]);
    expect(events.every((each) => grantRecovery.isNeeded(each, false))).toBe(true);
    const [row] = await source.query("SELECT * FROM app_grant WHERE grant_id = 'known'");
    expect(row.expires_at.toISOString()).toBe('2034-01-01T00:00:00.000Z');
    expect(row.granted_until.toISOString()).toBe('2036-11-27T10:00:00.000Z');
  });

  it('a signing key that was dropped since is dropped again', async () => {
    await source.query("INSERT INTO signing_key VALUES ('leaked', 'consent', '{}', '', now())");
    await grantRecovery.apply(source, [event(keyDropped, 'leaked', { kid: 'leaked' })]);
    expect(await source.query('SELECT 1 FROM signing_key')).toEqual([]);
  });
});
