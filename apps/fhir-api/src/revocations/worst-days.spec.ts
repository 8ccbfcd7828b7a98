import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '@payer/testing';
import { Pool } from 'pg';
import { appState, revokedGrant, revokedToken, publish } from '../gateway/testing/events.js';
import { loadMembers } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';

/** Seconds. */
const bound = 1;

/**
 * The bound on revocation does not depend on the event log: none of these tests publishes a revocation in it.
 */
describe('on the worst days', () => {
  const system = new FhirApiSystem();
  const { owners, issuer } = system;
  let grants = 0;

  beforeAll(async () => {
    await system.start({ REVOCATION_MAX_STALENESS: String(bound), GRANT_STATUS_CACHE_SECONDS: '1' });
    await loadMembers(system.config);
  });
  beforeEach(async () => {
    owners.away.clear();
    await eventually(async () => (await read(await patientToken())) === 200);
  });
  afterAll(() => system.stop());

  const patientToken = (grantId = `grant-${(grants += 1)}`, claims: Record<string, unknown> = {}) =>
    issuer.patientToken('one', { claims: { grant_id: grantId, ...claims } });
  const ask = (token: string, path = '/Patient/one') => system.request(path, { token });
  const read = async (token: string, path?: string) => (await ask(token, path)).status;
  const refused = (token: string, path?: string) =>
    eventually(async () => (await read(token, path)) === 401, { timeout: bound * 1000 + 1000 });

  it('every kind of end is refused within the bound without the log', async () => {
    const [ended, revoked, suspended] = [
      await patientToken('ended'),
      await patientToken('g', { jti: 'gone' }),
      'brake',
    ];
    owners.commitApp(appState(suspended, { plan: 'provider-directory' }));
    owners.commitApp(appState('removed'));
    const directory = await issuer.directoryToken({ claims: { client_id: suspended } });
    const removed = await patientToken('other', { client_id: 'removed' });
    const oneDirectoryToken = await issuer.directoryToken({ claims: { jti: 'gone too' } });
    const tokens: [string, string?][] = [
      [ended],
      [revoked],
      [directory, '/InsurancePlan'],
      [removed],
      [oneDirectoryToken, '/InsurancePlan'],
    ];
    for (const token of tokens) await eventually(async () => (await read(...token)) === 200);
    owners.commitGrant(revokedGrant('ended', 'one'));
    owners.commitRevocation(revokedToken('gone'));
    owners.commitRevocation(revokedToken('gone too'));
    const now = new Date().toISOString();
    owners.commitApp(
      appState(suspended, { version: 2, status: 'suspended', environments: [], tokens_valid_from: now }),
    );
    owners.commitApp(
      appState('removed', { version: 2, status: 'deleted', environments: [], tokens_valid_from: now }),
    );
    for (const token of tokens) await refused(...token);
    expect(await read(await patientToken())).toBe(200);
  });

  it.each([
    ['consent', true, false],
    ['auth-server', true, true],
    ['registration', true, true],
  ] as const)('what %s does not confirm is not served', async (owner, stopsPatients, stopsDirectory) => {
    const [patient, directory] = [await patientToken(), await issuer.directoryToken()];
    owners.away.add(owner);
    const statuses = async () => [await read(patient), await read(directory, '/InsurancePlan')];
    expect(await statuses()).toEqual([200, 200]);
    const expected = [stopsPatients ? 503 : 200, stopsDirectory ? 503 : 200];
    await eventually(async () => String(await statuses()) === String(expected));
    const answer = await ask(patient);
    expect(answer.headers['retry-after']).toBe('5');
    expect(answer.json).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'transient', details: { text: expect.stringContaining('serves no data') } }],
    });
    owners.away.clear();
    await eventually(async () => String(await statuses()) === '200,200');
  });

  it('forged heartbeats keep nothing fresh', async () => {
    const token = await patientToken();
    owners.away.add('consent');
    const at = new Date().toISOString();
    await eventually(async () => {
      await publish(system.publisher, 'heartbeat', { id: 'consent', version: Date.now(), at });
      return (await read(token)) === 503;
    });
  });

  it('what was admitted before the end is not sent after it: a search that waits for a lock', async () => {
    const token = await patientToken('waits');
    const pool = new Pool({ connectionString: system.config.SANDBOX_DATABASE_URL, max: 1 });
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition",
      );
      await client.query('BEGIN');
      await client.query(
        `LOCK TABLE ${rows.map(({ name }) => `"${name}"`).join(', ')} IN ACCESS EXCLUSIVE MODE`,
      );
      const searches = ['/Coverage?status=active', '/Patient/one', '/Patient?_id=one'].map((path) =>
        ask(token, path),
      );
      await eventually(async () => {
        const waiting = await sessionsThatWait(system.config.EVENTS_DATABASE_URL);
        return waiting >= 2;
      });
      owners.commitGrant(revokedGrant('waits', 'one'));
      await refusedByCache(token);
      await client.query('ROLLBACK');
      for (const answer of await Promise.all(searches)) {
        expect(answer.status).toBe(401);
        expect(answer.body).not.toContain('"resourceType":"Patient"');
      }
    } finally {
      client.release();
      await pool.end();
    }
  });

  /** Refused before any table is read. */
  const refusedByCache = (token: string) =>
    eventually(async () => (await read(token, '/InsurancePlan')) === 401);

  it('a replica that starts is not ready, and serves nothing, before every owner has answered', async () => {
    owners.commitRevocation(revokedToken('before the start'));
    const token = await patientToken('any', { jti: 'before the start' });
    owners.away.add('auth-server');
    await system.restart();
    const ready = () => fetch(`${system.service.url}/health/ready`);
    expect((await ready()).status).toBe(503);
    expect(JSON.stringify(await (await ready()).json())).toContain('auth-server');
    expect(await read(token)).toBe(503);
    expect(await read(await patientToken())).toBe(503);
    owners.away.clear();
    await eventually(async () => (await ready()).ok);
    expect(await read(token)).toBe(401);
    expect(await read(await patientToken())).toBe(200);
  });

  it('another database of an owner is read from its beginning, and apps that it lacks are refused', async () => {
    owners.commitApp(appState('after the backup'));
    const token = await patientToken('x', { client_id: 'after the backup' });
    await eventually(async () => (await read(token)) === 200);
    const all = [
      appState('patientapp', { version: 9, environments: ['sandbox', 'production'] }),
      appState('directoryapp', { version: 9, plan: 'provider-directory' }),
    ];
    owners.replaceDatabase('registration', all);
    await refused(token);
    expect(await read(await patientToken())).toBe(200);
  });

  it('after a restore of consent each grant is confirmed, and one that it does not know is refused', async () => {
    const [known, unknown] = [await patientToken('known'), await patientToken('unknown')];
    owners.unknownGrants.add('unknown');
    owners.replaceDatabase('consent', []);
    await refused(unknown);
    expect(await read(known)).toBe(200);
    expect(owners.asked).toContain('/consent/sandbox/internal/grants/known');
    // A replica that starts later gets the revocation from consent.
    owners.restoredSecondsAgo = 60;
    await system.restart();
    expect(await read(unknown)).toBe(401);
    owners.restoredSecondsAgo = 48 * 3600;
    await system.restart();
    expect(await read(unknown)).toBe(200);
    owners.restoredSecondsAgo = null;
  });

  it('a fact that cannot be read is not passed over: what depends on its owner is refused', async () => {
    const token = await patientToken();
    owners.commitGrant({ ...revokedGrant('x', 'one'), environment: 'nowhere' as never });
    await eventually(async () => (await read(token)) === 503);
    owners.replaceDatabase('consent', []);
    await eventually(async () => (await read(token)) === 200);
  });

  it('every token issued before an instant is refused when the environment says so', async () => {
    const [old, young] = [
      await issuer.patientToken('one', { issuedAgo: 60, claims: { grant_id: 'old' } }),
      await patientToken('young'),
    ];
    expect(await read(old)).toBe(200);
    owners.commitRevocation({
      ...revokedToken('sandbox'),
      jti: null,
      issued_before: new Date(Date.now() - 30_000).toISOString(),
    });
    await refused(old);
    expect(await read(young)).toBe(200);
  });
});

/** Sessions that wait for a lock. */
async function sessionsThatWait(databaseUrl: string): Promise<number> {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  try {
    const { rows } = await pool.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
    );
    return rows[0]!.n;
  } finally {
    await pool.end();
  }
}
