import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventually } from '@payer/testing';
import { Pool } from 'pg';
import { IssuerKeys } from './issuer-keys.js';
import { loadMembers } from './testing/members.js';
import { expectRefusal } from './testing/refusal.js';
import { FhirApiSystem } from './testing/system.js';

const system = new FhirApiSystem();
const { issuer } = system;

beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
});
afterAll(() => system.stop());

describe("the issuer's keys", () => {
  it('are fetched again when a token names a new key, and tokens of a withdrawn key are then refused', async () => {
    const old = await issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token: old })).status).toBe(200);
    await issuer.rotateKey('sandbox');
    issuer.withdrawOldKeys('sandbox');
    const token = await issuer.patientToken('one');
    // The first request waits for the pause after the last fetch, and is not refused.
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    const answer = await system.request('/Patient/one', { token: old });
    expectRefusal(answer, 401, 'invalid_token', /does not publish/);
  });

  it('are looked at again after a wait: a request that began before its key was withdrawn gets no data', async () => {
    const old = await issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token: old })).status).toBe(200);
    const pool = new Pool({ connectionString: system.config.SANDBOX_DATABASE_URL, max: 1 });
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('LOCK TABLE member_resource IN ACCESS EXCLUSIVE MODE');
      const waiting = system.request('/Patient/one', { token: old });
      await eventually(async () => {
        const { rowCount } = await client.query(
          "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'",
        );
        return (rowCount ?? 0) > 0;
      });
      await issuer.rotateKey('sandbox');
      issuer.withdrawOldKeys('sandbox');
      const next = await issuer.directoryToken();
      await eventually(async () => (await system.request('/InsurancePlan', { token: next })).status === 200);
      await client.query('ROLLBACK');
      const answer = await waiting;
      expectRefusal(answer, 401, 'invalid_token', /does not publish/);
      expect(answer.body).not.toContain('"resourceType":"Patient"');
    } finally {
      client.release();
      await pool.end();
    }
  });

  it('may be of RSA and of P-256, side by side: tokens of both are served', async () => {
    const rsa = await issuer.patientToken('one');
    await issuer.rotateKey('sandbox', 'ES256');
    const token = await issuer.patientToken('one');
    for (const signed of [token, rsa])
      expect((await system.request('/Patient/one', { token: signed })).status).toBe(200);
    const [head = '', claims = '', signature = ''] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
    const other = Buffer.from(JSON.stringify({ ...header, alg: 'RS256' })).toString('base64url');
    const disguised = `${other}.${claims}.${signature}`;
    expectRefusal(await system.request('/Patient/one', { token: disguised }), 401, 'invalid_token', /./);
    const cut = `${head}.${claims}.${signature.slice(0, -4)}AAAA`;
    expectRefusal(await system.request('/Patient/one', { token: cut }), 401, 'invalid_token', /./);
    await issuer.rotateKey('sandbox');
  });

  it('cost one fetch for a flood of unknown key ids, and a token of a new key is still served soon', async () => {
    const flood = await Promise.all(
      Array.from({ length: 300 }, (_, n) => issuer.patientToken('one', { header: { kid: `unknown-${n}` } })),
    );
    const startedAt = Date.now();
    const before = issuer.fetches;
    const flooding = Promise.all(flood.map((token) => system.request('/Patient/one', { token })));
    await eventually(() => issuer.fetches > before);
    await issuer.rotateKey('sandbox');
    const token = await issuer.patientToken('one');
    await eventually(async () => (await system.request('/Patient/one', { token })).status === 200);
    for (const answer of await flooding) expectRefusal(answer, 401, 'invalid_token', /does not publish/);
    const pauses = Math.ceil((Date.now() - startedAt) / 2000);
    expect(issuer.fetches - before).toBeLessThanOrEqual(pauses + 2);
  });

  it('are fetched for a new key at once, also after the clock of the machine was set back', async () => {
    let fetches = 0;
    const keys = new IssuerKeys({
      issuer: 'any',
      jwksUrl: 'any',
      fetch: () => Promise.resolve(Response.json({ keys: [], fetches: ++fetches })),
      pool: { query: () => Promise.resolve({ rows: [] }) } as never,
      maxAge: 3600_000,
      logger: { warn() {} } as never,
    });
    await keys.start();
    await eventually(() => fetches === 1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3600_000 });
    onTestFinished(() => void vi.useRealTimers());
    await expect(keys.find('new')).rejects.toMatchObject({ status: 401 });
    expect(fetches).toBe(2);
    await keys.stop();
  });

  it('are signed by auth-server: forged keys make no token valid', async () => {
    issuer.signer = 'consent';
    try {
      await issuer.rotateKey('sandbox');
      const forged = await issuer.patientToken('one');
      const statuses = new Set<number>();
      // An earlier fetch may still be under way. The next fetch gets the forged keys.
      await eventually(async () => {
        const answer = await system.request('/Patient/one', { token: forged });
        statuses.add(answer.status);
        return answer.status === 503 && answer.body.includes('cannot be fetched');
      });
      expect(statuses).not.toContain(200);
      issuer.signer = 'auth-server';
      await eventually(async () => (await system.request('/Patient/one', { token: forged })).status === 200);
    } finally {
      issuer.signer = 'auth-server';
    }
  });

  it('outlive a restart while the issuer is away', async () => {
    await issuer.stop();
    await system.restart();
    const token = await issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    const unknown = await issuer.patientToken('one', { header: { kid: 'unknown' } });
    const answer = await system.request('/Patient/one', { token: unknown });
    expectRefusal(answer, 503, undefined, /cannot be fetched/);
    expect(answer.headers['retry-after']).toBe('5');
    await issuer.start();
  });
});
