import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { strict as assert } from 'node:assert';
import { decodeJwt } from 'jose';
import { Client } from 'pg';
import { databases, services, type ServiceName } from '@payer/local';
import { eventually } from '@payer/testing';
import { localMembers } from './addresses.js';
import { App, type JsonAnswer, type TokenAnswer } from './app.js';
import { expectLeft, expectPage, type Browser, type Page } from './browser.js';
import { Load } from './load.js';
import { PortalSession } from './portal.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const [member1, member2, member3] = localMembers.sandbox;
const redirect_uris = ['https://client-app.com/redirect'];
const replicas = 2;
const allow = /^\s*(allow|share|yes|agree|connect)/i;

/**
 * Two replicas of every service and a minute of load: too much for every `npm test`. CI sets ROLLING_TESTS=1.
 */
(process.env.ROLLING_TESTS === '1' ? describe : describe.skip)('rolling deploys', () => {
  let system: TestSystem;
  let developer: PortalSession;
  let app: App;
  let directory: App;

  beforeAll(async () => {
    system = await startTestSystem({ SHUTDOWN_DRAIN_MS: '1500' }, replicas);
    developer = await PortalSession.newDeveloper(system.addresses.portal);
    const create = async (plan: 'patient-access' | 'provider-directory') =>
      new App(
        system.addresses,
        'sandbox',
        await developer.createApp(plan, { client_name: 'Rolling', redirect_uris }),
      );
    [app, directory] = [await create('patient-access'), await create('provider-directory')];
  }, 300_000);

  afterAll(async () => {
    await system?.stop();
  });

  it('replacing each replica of each service under load fails no request, and nothing that was begun before is lost', async () => {
    const load = new Load();
    await startLoad(load);
    try {
      for (const { name } of services) {
        for (let replica = 0; replica < replicas; replica++) {
          const begun = await beginAuthorizations();
          await replace(name, replica);
          await finishAuthorizations(begun);
        }
      }
    } finally {
      await load.stop();
    }
    expect(load.failures).toEqual([]);
    for (const [what, times] of load.done) expect([what, times > 5]).toEqual([what, true]);
  }, 600_000);

  it('a version that is older than its database goes on serving: columns added under load disturb nobody', async () => {
    const load = new Load();
    await startLoad(load);
    try {
      // With Kafka, the database of the event log is empty.
      const used = databases.filter((name) => name !== 'events' || process.env.EVENT_TRANSPORT !== 'kafka');
      for (const name of used) await addColumns(system.running.databaseUrl(name));
      await finishAuthorizations(await beginAuthorizations());
      // Statements that the services prepared before the change must not fail after it.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    } finally {
      await load.stop();
    }
    expect(load.failures).toEqual([]);
  }, 300_000);

  /**
   * Replaces a replica as an orchestrator does: the old process may finish its requests, then the new process
   * must become ready.
   */
  async function replace(name: ServiceName, replica: number): Promise<void> {
    const { running } = system;
    expect([name, replica, await running.end(name, replica)]).toEqual([name, replica, 0]);
    running.start(name, replica);
    await running.ready(name, 120_000, replica);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }

  /** Requests of all kinds. Their pauses leave time of the processors to the starts of the services. */
  async function startLoad(load: Load): Promise<void> {
    const health = `/Patient/${member1.patient}`;
    const old = await app.connect(member1);
    const finder = expectStatus(200, await directory.clientCredentials()).access_token;

    load.repeat('FHIR read', 20, async () => {
      expectEqual(expectStatus(200, await app.fhir(old.access_token, health)).id, member1.patient);
    });
    load.repeat('FHIR search', 120, async () => {
      const found = await app.fhir(old.access_token, '/ExplanationOfBenefit?_count=5');
      assert.ok(Number(expectStatus(200, found).total) > 0);
      expectStatus(200, await directory.fhir(finder, '/Practitioner?_count=5'));
      const posted = await app.fhir(old.access_token, '/Observation/_search', {
        method: 'POST',
        body: '_count=3',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expectStatus(200, posted);
      const foreign = await app.fhir(old.access_token, `/Patient/${member2.patient}`);
      expectStatus(404, foreign);
    });
    load.repeat('client credentials', 100, async () => {
      const { access_token } = expectStatus(200, await directory.clientCredentials());
      expectStatus(200, await directory.fhir(access_token, '/Location?_count=1'));
    });
    let refreshToken = (await app.connect(member1)).refresh_token ?? '';
    load.repeat('refresh of one grant, over and over', 100, async () => {
      const tokens = expectStatus(200, await app.refresh(refreshToken));
      refreshToken = tokens.refresh_token ?? '';
      expectStatus(200, await app.fhir(tokens.access_token, health));
    });
    load.repeat('introspection', 120, async () => {
      expectEqual(expectStatus(200, await app.introspect(old.access_token)).active, true);
    });
    for (const [i, member] of [member1, member2].entries())
      load.repeat(`whole authorization ${i + 1}`, 350, async () => {
        const { patient, access_token } = await app.connect(member, { pkce: i === 0 });
        expectEqual(patient, member.patient);
        expectStatus(200, await app.fhir(access_token, `/Patient/${member.patient}`));
      });
    const known = app.browser();
    await app.connect(member3, { browser: known });
    load.repeat('authorization of a member who is signed in', 350, async () => {
      expectEqual((await app.connect(member3, { browser: known })).patient, member3.patient);
    });
    const consent = system.addresses.consent;
    load.repeat('connected apps', 250, async () => {
      const page = await known.page(`${consent}/sandbox/`);
      expectEqual(page.status, 200);
      assert.match(page.$('main').text(), /Rolling/);
    });
    load.repeat('a grant given and ended', 400, async () => {
      const browser = app.browser();
      const tokens = await app.connect(member2, { browser });
      const { grant_id: id } = decodeJwt(tokens.access_token) as { grant_id: string };
      const ended = await browser.request(`${consent}/sandbox/api/grants/${id}`, { method: 'DELETE' });
      expectEqual(ended.status, 204);
      await eventually(async () => (await app.fhir(tokens.access_token, '/Coverage')).status === 401);
      expectStatus(400, await app.refresh(tokens.refresh_token ?? ''));
    });
    load.repeat('portal API', 200, async () => {
      const listed = await developer.call('GET', '/api/apps');
      assert.ok(JSON.stringify(listed).includes(app.credentials.client_id));
      await developer.call('PATCH', `/api/apps/${app.credentials.client_id}`, { client_name: 'Rolling' });
    });
    load.repeat('a new app', 300, async () => {
      const born = new App(
        system.addresses,
        'sandbox',
        await developer.createApp('provider-directory', { client_name: 'New', redirect_uris }),
      );
      const token = await eventually(async () => {
        const answer = await born.clientCredentials();
        return answer.status === 200 && answer.body.access_token;
      });
      await eventually(async () => (await born.fhir(token, '/Location?_count=1')).status === 200);
    });
    load.repeat('public documents', 250, async () => {
      expectStatus(200, await app.fhir(undefined, '/metadata'));
      expectStatus(200, await app.fhir(undefined, '/.well-known/smart-configuration'));
      for (const path of ['/.well-known/openid-configuration', '/jwks'])
        expectEqual((await fetch(`${app.issuer}${path}`)).status, 200);
    });
  }

  interface Begun {
    atSignIn: { browser: Browser; page: Page };
    atConsent: { browser: Browser; page: Page };
    code: string;
  }

  /**
   * Three members at different steps: at the sign-in page, at the consent page, and back in the app with a
   * code.
   */
  async function beginAuthorizations(): Promise<Begun> {
    const open = async () => {
      const browser = app.browser();
      return {
        browser,
        page: await browser.page(app.authorizationUrl({ parameters: { prompt: 'consent' } })),
      };
    };
    const [atSignIn, asked] = [await open(), await open()];
    const { username, password } = member2;
    const page = expectPage(await asked.browser.submit(asked.page, { username, password }));
    const code = (await app.authorize(member3)).searchParams.get('code') ?? '';
    return { atSignIn, atConsent: { ...asked, page }, code };
  }

  async function finishAuthorizations({ atSignIn, atConsent, code }: Begun): Promise<void> {
    expect(await app.exchange(code)).toMatchObject({ status: 200, body: { patient: member3.patient } });
    const { username, password } = member1;
    const question = expectPage(await atSignIn.browser.submit(atSignIn.page, { username, password }));
    for (const [browser, page, member] of [
      [atSignIn.browser, question, member1],
      [atConsent.browser, atConsent.page, member2],
    ] as const) {
      const back = expectLeft(await browser.submit(page, {}, allow));
      const answer: JsonAnswer<TokenAnswer> = await app.exchange(back.searchParams.get('code') ?? '');
      expect(answer).toMatchObject({ status: 200, body: { patient: member.patient } });
    }
  }
});

/**
 * A change that the next version's migration may make while this version serves: one more column in every
 * table.
 */
async function addColumns(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
         AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = format('%I.%I', schemaname, tablename)::regclass)`,
    );
    assert.ok(rows.length > 0);
    // A migration that waits behind a query must not make all other queries wait.
    await client.query("SET lock_timeout = '200ms'");
    for (const { name } of rows)
      await eventually(async () => {
        await client.query(
          `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS of_the_next_version text DEFAULT 'x'`,
        );
        return true;
      });
  } finally {
    await client.end();
  }
}

function expectStatus<Body>(status: number, answer: JsonAnswer<Body>): Body {
  if (answer.status !== status) throw new Error(`status ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

function expectEqual(actual: unknown, expected: unknown): void {
  assert.deepEqual(actual, expected);
}
