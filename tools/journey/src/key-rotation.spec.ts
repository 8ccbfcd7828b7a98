import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { Client } from 'pg';
import { repositoryRoot } from '@payer/local';
import { eventually } from '@payer/testing';
import { localMembers, platformTeam } from './addresses.js';
import { App, type TokenAnswer } from './app.js';
import { PortalSession } from './portal.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const [member] = localMembers.sandbox;
const limit = { timeout: 40_000 };
/**
 * Each attempt is a whole authorization or the effect of a rotation. More frequent attempts would only slow
 * the services.
 */
const patiently = { ...limit, pause: 250 };

/** `.ci/steps/52-operations` runs these tests. */
const operations = process.env.OPERATIONS_TESTS ? describe : describe.skip;
operations('signing keys are rotated while the services run', () => {
  let system: TestSystem;
  let app: App;

  beforeAll(async () => {
    // Services refresh keys within a second, which keeps the test short.
    system = await startTestSystem({ SIGNING_KEYS_MAX_AGE_MS: '1000' });
    const developer = await PortalSession.newDeveloper(system.addresses.portal);
    app = new App(
      system.addresses,
      'sandbox',
      await developer.createApp('patient-access', {
        client_name: 'Rotated',
        redirect_uris: ['https://client-app.com/redirect'],
      }),
    );
  }, 180_000);
  afterAll(async () => {
    await system?.stop();
  });

  const databases = { 'auth-server': 'auth_server', consent: 'consent' };

  function rotate(service: keyof typeof databases, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(repositoryRoot, 'apps', service, 'dist/keys/rotate.js'), ...args],
      {
        env: {
          ...process.env,
          ...system.running.variables,
          DATABASE_URL: system.running.databaseUrl(databases[service]),
        },
        encoding: 'utf8',
      },
    );
    return { status, output: stdout + stderr };
  }

  /** Simulates elapsed time by making the keys older by some minutes. */
  async function pass(service: keyof typeof databases, minutes: number): Promise<void> {
    const client = new Client({ connectionString: system.running.databaseUrl(databases[service]) });
    await client.connect();
    await client.query(
      `UPDATE signing_key SET published_at = published_at - $1 * interval '1 minute',
         created_at = CASE WHEN created_at = 'epoch' THEN created_at ELSE created_at - $1 * interval '1 minute' END`,
      [minutes],
    );
    await client.end();
  }

  const kidOf = ({ access_token }: TokenAnswer) => decodeProtectedHeader(access_token).kid;
  const read = async ({ access_token }: TokenAnswer) =>
    (await app.fhir(access_token, `/Patient/${member.patient}`)).status;

  it('auth-server: no request fails between the steps, and no step is taken too early', async () => {
    const before = await app.connect(member);
    expect(await read(before)).toBe(200);
    expect(rotate('auth-server', 'add').status).toBe(0);
    const early = rotate('auth-server', 'use');
    expect([early.status, early.output]).toEqual([
      1,
      expect.stringMatching(/too early.*Nothing was changed/s),
    ]);
    await pass('auth-server', 12);
    expect(rotate('auth-server', 'use').status).toBe(0);
    const after = await eventually(async () => {
      const refreshed = (await app.refresh((await app.connect(member)).refresh_token ?? '')).body;
      return kidOf(refreshed) !== kidOf(before) && refreshed;
    }, patiently);
    expect([await read(after), await read(before)]).toEqual([200, 200]);
    expect(rotate('auth-server', 'drop')).toMatchObject({
      status: 1,
      output: expect.stringMatching(/too early/),
    });
    await pass('auth-server', 62);
    expect(rotate('auth-server', 'drop').status).toBe(0);
    await eventually(async () => (await read(before)) === 401, patiently);
    expect(await read(after)).toBe(200);
  }, 120_000);

  it('auth-server: a leaked key is replaced with --now; its tokens are refused, and apps refresh', async () => {
    const leaked = await app.connect(member);
    expect(await read(leaked)).toBe(200);
    expect(rotate('auth-server', 'replace').status).toBe(1);
    expect(await read(leaked)).toBe(200);
    const replaced = rotate('auth-server', 'replace', '--now');
    expect([replaced.status, replaced.output]).toEqual([
      0,
      expect.stringMatching(/sandbox: .*All access tokens and id tokens that they signed are refused/s),
    ]);
    await eventually(async () => (await read(leaked)) === 401, patiently);
    const refreshed = (await app.refresh(leaked.refresh_token ?? '')).body;
    expect(kidOf(refreshed)).not.toBe(kidOf(leaked));
    await eventually(async () => (await read(refreshed)) === 200, limit);
    expect(await app.introspect(leaked.access_token)).toMatchObject({ body: { active: false } });
  }, 120_000);

  it("consent: members go on to sign in and to allow, and their connected apps' sign-in works", async () => {
    const kids = async () => {
      const { keys } = (await (await fetch(`${system.addresses.consent}/jwks`)).json()) as {
        keys: { kid: string; use: string }[];
      };
      return keys.filter(({ use }) => use === 'sig').map(({ kid }) => kid);
    };
    const before = await kids();
    expect(rotate('consent', 'replace', '--now').status).toBe(0);
    const after = await eventually(async () => {
      const now = await kids();
      return !now.includes(before[0]!) && now;
    }, limit);
    expect(after).toHaveLength(1);
    expect(await read(await app.connect(member))).toBe(200);
    const browser = app.browser();
    await app.connect(member, { browser });
    const grants = await browser.request(`${system.addresses.consent}/sandbox/api/grants`);
    expect(grants.status).toBe(200);
  }, 120_000);

  it('each step is in the audit trail', async () => {
    const platform = await PortalSession.signIn(
      system.addresses.portal,
      platformTeam.email,
      platformTeam.password,
    );
    const steps = await eventually(async () => {
      const { entries } = (await platform.call('GET', '/api/audit?type=signing-keys-rotated')) as {
        entries: { service: string; detail: { step: string; now: boolean } }[];
      };
      return entries.length === 5 && entries;
    }, limit);
    expect(steps.map(({ service, detail }) => [service, detail.step, detail.now]).reverse()).toEqual([
      ['auth-server', 'add', false],
      ['auth-server', 'use', false],
      ['auth-server', 'drop', false],
      ['auth-server', 'replace', true],
      ['consent', 'replace', true],
    ]);
  });
});
