import { setTimeout as pause } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { App, type Browser } from '@payer/journey';
import { member, query, redirect_uris, type BenchSystem } from './environment.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { SmallClient } from './small-client.js';

const atOnce = 20;
/** Milliseconds between an answer and the app's next request. */
const pollPause = 2;

interface Grant {
  id: string;
  token: string;
  browser: Browser;
}

/** Times in milliseconds since the epoch; NaN when unknown. */
interface Revocation {
  grant: Grant;
  clicked: number;
  answered: number;
  refused: number;
}

export type ClickToRefusal = Record<(typeof hops)[number]['name'], Quantiles>;

const hops = [
  { name: 'click to first refusal', of: (r: Revocation) => r.refused - r.clicked },
  { name: 'click to answer of consent', of: (r: Revocation) => r.answered - r.clicked },
  { name: 'click to commit at consent', of: (r: Revocation, at: Instants) => at.committed - r.clicked },
  { name: 'commit to log', of: (_: Revocation, at: Instants) => at.logged - at.committed },
  { name: 'log to first refusal', of: (r: Revocation, at: Instants) => r.refused - at.logged },
] as const;

interface Instants {
  committed: number;
  logged: number;
}

/** Makes grants of one app, each with its token and the browser of its member. */
export async function makeGrants(bench: BenchSystem, count: number): Promise<{ app: App; grants: Grant[] }> {
  const credentials = await bench.developer.createApp('patient-access', {
    client_name: 'Bench',
    redirect_uris,
  });
  const app = new App(bench.addresses, 'sandbox', credentials);
  const grants: Grant[] = [];
  let started = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const browser = app.browser();
      while (started++ < count) {
        const { access_token: token } = await app.connect(member, { browser });
        const { grant_id: id } = decodeJwt(token) as { grant_id: string };
        grants.push({ id, token, browser });
      }
    }),
  );
  return { app, grants };
}

/**
 * Time from the HTTP request to consent to the first 401 of the FHIR API. {@link atOnce} members click at
 * once; the app of each keeps one request running, with {@link pollPause} between requests.
 * @param rest milliseconds between a refusal and the same member's next click; 0 measures a machine at its
 *   limit
 */
export async function clickToRefusal(
  bench: BenchSystem,
  app: App,
  grants: readonly Grant[],
  rest: number,
): Promise<ClickToRefusal> {
  const queue = [...grants];
  const revocations: Revocation[] = [];
  const now = () => performance.timeOrigin + performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async (_, i) => {
      await pause((i * rest) / atOnce);
      const [poller, clicker] = [new SmallClient(), new SmallClient()];
      for (let grant = queue.pop(); grant; grant = queue.pop()) {
        const url = `${bench.addresses.consent}/sandbox/api/grants/${grant.id}`;
        const cookie = await grant.browser.jar.getCookieString(url);
        const authorization = `Bearer ${grant.token}`;
        const read = () =>
          poller.status(`${app.fhirBase}/Patient/${member.patient}`, 'GET', { authorization });
        const served = await read();
        if (served !== 200) throw new Error(`a live grant got ${served}`);
        const clicked = now();
        const click = clicker
          .status(url, 'DELETE', { cookie })
          .then((status) => ({ status, answered: now() }));
        let status = 200;
        while ((status = await read()) === 200) await pause(pollPause);
        const refused = now();
        if (status !== 401) throw new Error(`an ended grant got ${status}`);
        const answer = await click;
        if (answer.status !== 204) throw new Error(`consent answered the click with ${answer.status}`);
        revocations.push({ grant, clicked, refused, answered: answer.answered });
        if (rest > 0) await pause(rest);
      }
      poller.close();
      clicker.close();
    }),
  );
  const at = await instants(bench);
  return Object.fromEntries(
    hops.map(({ name, of }) => [
      name,
      quantiles(revocations.map((r) => of(r, at.get(r.grant.id) ?? { committed: NaN, logged: NaN }))),
    ]),
  ) as ClickToRefusal;
}

/**
 * For each grant, the time at which its revocation was committed, and the time at which the PostgreSQL log
 * had it (NaN with another transport).
 */
async function instants(bench: BenchSystem): Promise<Map<string, Instants>> {
  const read = (database: string, sql: string) =>
    query<{ id: string; at: number }>(bench.system.databaseUrl(database), sql);
  const committed = await read(
    'consent',
    `SELECT grant_id AS id, 1000 * extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at
     FROM app_grant WHERE status = 'revoked'`,
  );
  const logged = await read(
    'events',
    `SELECT key AS id, 1000 * extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at
     FROM event_log WHERE topic = 'grant-revoked'`,
  ).catch(() => []);
  const loggedAt = new Map(logged.map(({ id, at }) => [id, at]));
  return new Map(committed.map(({ id, at }) => [id, { committed: at, logged: loggedAt.get(id) ?? NaN }]));
}
