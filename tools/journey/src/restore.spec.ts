import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@payer/local';
import { copyCluster, freePort, makeStandby, startPostgres } from '@payer/postgres';
import { eventually } from '@payer/testing';
import { Client } from 'pg';
import { localMembers, platformTeam } from './addresses.js';
import { App, type TokenAnswer } from './app.js';
import { expectPage, type Browser } from './browser.js';
import { PortalSession, type Credentials } from './portal.js';
import { startTestSystem, type TestSystem } from './test-system.js';

const owners = ['auth-server', 'registration', 'consent'] as const;
const redirect_uris = ['https://client-app.com/redirect'];
const [anna, ben, carl] = localMembers.sandbox;

/** The grants and apps that are revoked between the backup and its restore. */
interface Story {
  health: App;
  /** The member disconnects the app of this grant. */
  disconnected: TokenAnswer;
  /** The app revokes this refresh token (RFC 7009). */
  returned: TokenAnswer;
  /** This refresh token is used and replaced. */
  rotated: TokenAnswer;
  replacement: TokenAnswer;
  suspended: App;
  suspendedToken: string;
  /** The app with its replaced secret. */
  oldSecret: App;
  newSecret: App;
  browser: Browser;
}

/** Takes some minutes of real processes: `.ci/steps/55-restore`. */
const drill = process.env.RESTORE_TESTS ? describe : describe.skip;

drill('a restore from a backup', () => {
  let system: TestSystem;
  let platform: PortalSession;
  let developer: PortalSession;
  let count = 0;

  beforeAll(async () => {
    system = await startTestSystem({ FACTS_INTERVAL_MS: '500', REVOCATION_MAX_STALENESS: '5' });
    const { portal } = system.addresses;
    platform = await PortalSession.signIn(portal, platformTeam.email, platformTeam.password);
    developer = await PortalSession.newDeveloper(portal);
  }, 180_000);
  afterAll(() => system?.stop());

  afterEach(() => {
    // The logs explain a failed drill.
    if (process.env.SHOW_LOGS) writeFileSync(process.env.SHOW_LOGS, system.logs());
  });

  const newApp = async (plan: 'patient-access' | 'provider-directory') => {
    count += 1;
    return developer.createApp(plan, { client_name: `Drill ${count}`, redirect_uris });
  };
  const appWith = (credentials: Credentials) => new App(system.addresses, 'sandbox', credentials);

  /** A restore may end sessions, so each drill signs in again. */
  async function signIn(): Promise<void> {
    const { portal } = system.addresses;
    platform = await PortalSession.signIn(portal, platformTeam.email, platformTeam.password);
    developer = await PortalSession.newDeveloper(portal);
  }

  /** Makes all apps and grants, still active. */
  async function begin(): Promise<Story> {
    await signIn();
    const health = appWith(await newApp('patient-access'));
    const suspended = appWith(await newApp('provider-directory'));
    const oldSecret = appWith(await newApp('provider-directory'));
    const browser = health.browser();
    const disconnected = await health.connect(anna, { browser });
    const returned = await health.connect(ben);
    const rotated = await health.connect(carl);
    const { status, body } = await suspended.clientCredentials();
    expect(status).toBe(200);
    const { access_token: suspendedToken } = body;
    return {
      ...{ health, disconnected, returned, rotated, suspended, suspendedToken, oldSecret, browser },
      replacement: rotated,
      newSecret: oldSecret,
    };
  }

  /**
   * Refreshes. A service that has been stopped just now, or is slow, may answer 503 first, which costs
   * nothing.
   */
  async function refresh(app: App, token: string) {
    const answer = await eventually(async () => {
      const tried = await app.refresh(token);
      return tried.status !== 503 && tried;
    });
    expect(answer.status).toBe(200);
    return answer;
  }

  /** Revokes everything, and waits until all services know. */
  async function end(story: Story): Promise<void> {
    const { health, browser, oldSecret, suspended } = story;
    const connected = expectPage(await browser.open(`${system.addresses.consent}/sandbox/`));
    await browser.submit(connected, {}, /disconnect/i);
    expect((await health.revoke(story.returned.refresh_token!)).status).toBe(200);
    const refreshed = await refresh(health, story.rotated.refresh_token!);
    // The use of the successor shows that the answer arrived: from then on the first token may not be
    // repeated.
    const again = await refresh(health, refreshed.body.refresh_token!);
    story.replacement = again.body;
    const { client_id } = suspended.credentials;
    await platform.call('POST', `/api/apps/${client_id}/suspend`, { reason: 'drill' });
    const path = `/api/apps/${oldSecret.credentials.client_id}/secret`;
    const { client_secret } = await developer.call('POST', path, { grace_seconds: 0 });
    story.newSecret = appWith({ ...oldSecret.credentials, client_secret: String(client_secret) });
    await eventually(async () => (await story.newSecret.clientCredentials()).status === 200);
    await eventually(async () => (await reads(story)).length === 0);
    await eventually(journaled);
  }

  /** Whether the journals hold all facts of the owners. */
  async function journaled(): Promise<boolean> {
    for (const name of ['auth_server', 'registration', 'consent'])
      for (const table of ['outbox', 'outbox_journal'])
        if ((await query(name, `SELECT 1 FROM ${table} LIMIT 1`)).length > 0) return false;
    return true;
  }

  async function query(database: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: system.running.databaseUrl(database) });
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  /** Revoked tokens and credentials that still give access; empty if all is well. */
  async function reads(story: Story): Promise<string[]> {
    const { health, disconnected, returned, rotated, suspended, oldSecret } = story;
    const tries: [string, () => Promise<{ status: number }>][] = [
      [
        'the disconnected access token',
        () => health.fhir(disconnected.access_token, `/Patient/${anna.patient}`),
      ],
      ['the disconnected refresh token', () => health.refresh(disconnected.refresh_token!)],
      ['the returned access token', () => health.fhir(returned.access_token, `/Patient/${ben.patient}`)],
      ['the returned refresh token', () => health.refresh(returned.refresh_token!)],
      ['the suspended app', () => suspended.clientCredentials()],
      [
        'the token of the suspended app',
        () => suspended.fhir(story.suspendedToken, '/Organization?_count=1'),
      ],
      ['the replaced secret', () => oldSecret.clientCredentials()],
    ];
    const open: string[] = [];
    for (const [what, attempt] of tries) {
      const answer = await attempt().catch(() => undefined);
      if (answer?.status === 200) open.push(what);
    }
    void rotated;
    return open;
  }

  /**
   * Tries all revoked credentials continuously while work is done.
   * @returns the credentials that ever gave access
   */
  async function watching(story: Story, work: () => Promise<void>): Promise<string[]> {
    const opened = new Set<string>();
    let isOver = false;
    const watch = (async () => {
      while (!isOver) for (const what of await reads(story)) opened.add(what);
    })();
    await work().finally(() => (isOver = true));
    await watch;
    return [...opened];
  }

  async function allReady(): Promise<void> {
    for (const name of [...owners, 'fhir-api'] as const) await system.running.ready(name, 60_000);
  }

  /** A replica that starts after the restore knows only the facts in the owners' feeds. */
  async function replaceGateway(): Promise<void> {
    await system.running.end('fhir-api');
    system.running.start('fhir-api');
    await system.running.ready('fhir-api');
  }

  async function expectEnded(story: Story): Promise<void> {
    expect(await reads(story)).toEqual([]);
    await replaceGateway();
    expect(await reads(story)).toEqual([]);
    // Must come last, because reuse of a refresh token revokes its grant.
    const { health, rotated } = story;
    expect((await health.refresh(rotated.refresh_token!)).status).toBe(400);
    expect(await query('events', 'SELECT topic, error FROM dead_letter WHERE replayed_at IS NULL')).toEqual(
      [],
    );
  }

  /** New apps and grants work, and so do earlier ones that were not revoked. */
  async function expectAlive(story: Story): Promise<void> {
    await eventually(async () => (await story.newSecret.clientCredentials()).status === 200, {
      timeout: 20_000,
    });
    await signIn();
    const app = appWith(await newApp('patient-access'));
    const token = await eventually(() => app.connect(anna), { timeout: 20_000 });
    const answer = await eventually(
      async () => {
        const read = await app.fhir(token.access_token, `/Patient/${anna.patient}`);
        return read.status === 200 && read;
      },
      { timeout: 20_000 },
    );
    expect(answer.body.id).toBe(anna.patient);
  }

  const restoreCommand = (args: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const entry = (name: string) => join(repositoryRoot, 'apps', name, 'dist', 'restore.js');
      const [service = '', ...rest] = args;
      const database = { 'auth-server': 'auth_server', registration: 'registration', consent: 'consent' }[
        service
      ]!;
      const env = {
        ...process.env,
        ...system.running.variables,
        DATABASE_URL: system.running.databaseUrl(database),
      };
      execFile(process.execPath, [entry(service), ...rest], { env }, (error, output, errors) =>
        resolve({ code: Number(error?.code ?? 0), output: `${output}${errors}` }),
      );
    });

  it('of the whole cluster, by a copied data directory, revives nothing, at no moment', async () => {
    const story = await begin();
    let backup = '';
    await system.running.whilePostgresStopped((directory) => {
      backup = `${directory}.backup`;
      copyCluster(directory, backup);
    });
    await allReady();
    await end(story);
    const opened = await watching(story, async () => {
      await system.running.whilePostgresStopped((directory) => copyCluster(backup, directory));
      await allReady();
      await eventually(async () => (await story.newSecret.clientCredentials()).status === 200, {
        timeout: 30_000,
      });
    });
    expect(opened).toEqual([]);
    await expectEnded(story);
    await expectAlive(story);
    for (const name of owners) {
      const { code, output } = await restoreCommand([name, 'check']);
      expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('0 facts') });
    }
  }, 120_000);

  for (const database of ['auth_server', 'registration', 'consent'])
    it(`of ${database} alone revives nothing, at no moment`, async () => {
      const story = await begin();
      const service = database.replace('_', '-') as (typeof owners)[number];
      await system.running.end(service);
      await query('postgres', `CREATE DATABASE ${database}_backup TEMPLATE ${database}`);
      system.running.start(service);
      await allReady();
      await end(story);
      const opened = await watching(story, async () => {
        await query('postgres', `DROP DATABASE ${database} WITH (FORCE)`);
        await query('postgres', `CREATE DATABASE ${database} TEMPLATE ${database}_backup`);
        await allReady();
        await eventually(async () => (await story.newSecret.clientCredentials()).status === 200, {
          timeout: 30_000,
        });
      });
      await query('postgres', `DROP DATABASE ${database}_backup`);
      expect(opened).toEqual([]);
      await expectEnded(story);
      await expectAlive(story);
    }, 120_000);

  it('of the event log alone, which begins empty, changes nothing, and the log fills again', async () => {
    const story = await begin();
    await end(story);
    const opened = await watching(story, async () => {
      // The same state as after a drop and the migrations. Only the migrations may create the log's tables.
      await eventually(() =>
        query(
          'events',
          `TRUNCATE event_log, consumer_group; UPDATE event_head SET position = 0;
           UPDATE event_log_identity SET id = gen_random_uuid() RETURNING id`,
        ).then(() => true),
      );
      await eventually(
        async () =>
          (await query('events', "SELECT 1 FROM event_log WHERE topic = 'app-updated'").catch(() => []))
            .length > 0,
        { timeout: 30_000 },
      );
    });
    expect(opened).toEqual([]);
    await expectEnded(story);
    await expectAlive(story);
  }, 120_000);

  it('an asynchronous standby that takes over without the last changes revives nothing, at no moment', async () => {
    let standby = '';
    const port = await freePort();
    const primaryPort = Number(new URL(system.running.databaseUrl('postgres')).port);
    await system.running.whilePostgresStopped((directory) => {
      standby = `${directory}.standby`;
      copyCluster(directory, standby);
      makeStandby(standby, primaryPort);
    });
    const follower = await startPostgres({ dataDirectory: standby, port });
    await allReady();
    const story = await begin();
    const position = String((await query('postgres', 'SELECT pg_current_wal_lsn() AS at'))[0]!.at);
    const client = new Client({ connectionString: follower.url('postgres') });
    await client.connect();
    await eventually(
      async () =>
        (await client.query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS has', [position])).rows[0]
          .has === true,
    );
    await client.end();
    await follower.stop();
    await end(story);
    const opened = await watching(story, async () => {
      await system.running.whilePostgresStopped((directory) => {
        rmSync(directory, { recursive: true });
        renameSync(standby, directory);
      });
      await query('postgres', 'SELECT pg_promote()');
      await allReady();
      await eventually(async () => (await story.newSecret.clientCredentials()).status === 200, {
        timeout: 30_000,
      });
    });
    expect(opened).toEqual([]);
    await expectEnded(story);
    await expectAlive(story);
  }, 120_000);

  it('without a journal, serves nothing until somebody decides; then nothing older than the restore counts', async () => {
    const story = await begin();
    const alive = await story.health.connect(anna);
    let backup = '';
    await system.running.whilePostgresStopped((directory) => {
      backup = `${directory}.backup`;
      copyCluster(directory, backup);
    });
    await allReady();
    await end(story);
    const journal = system.running.variables.REVOCATION_JOURNAL!;
    for (const name of owners) await system.running.end(name);
    const opened = await watching(story, async () => {
      renameSync(journal, `${journal}.lost`);
      await system.running.whilePostgresStopped((directory) => copyCluster(backup, directory));
      for (const name of owners) {
        // PostgreSQL cannot distinguish the copied cluster from the original; the missing journal reveals the
        // restore.
        expect(await restoreCommand([name, 'check'])).toMatchObject({ code: 3 });
        const { code, output } = await restoreCommand([name, 'apply', '--without-journal']);
        expect({ code, output }).toMatchObject({ code: 0 });
      }
      for (const name of owners) system.running.start(name);
      await allReady();
    });
    expect(opened).toEqual([]);
    expect(await reads(story)).toEqual([]);
    await replaceGateway();
    expect(await reads(story)).toEqual([]);
    expect((await story.health.fhir(alive.access_token, `/Patient/${anna.patient}`)).status).toBe(401);
    expect((await story.health.refresh(alive.refresh_token!)).status).not.toBe(200);
    await signIn();
    const { client_id } = story.health.credentials;
    await platform.call('POST', `/api/apps/${client_id}/reinstate`, { reason: 'confirmed' });
    const app = appWith(await newApp('patient-access'));
    const token = await app.connect(ben);
    await eventually(
      async () => (await app.fhir(token.access_token, `/Patient/${ben.patient}`)).status === 200,
    );
    expect(existsSync(journal)).toBe(true);
  }, 120_000);
});
