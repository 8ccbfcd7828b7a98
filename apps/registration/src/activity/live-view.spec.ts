import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import { AppRequests } from './app-requests.js';
import { joinRepeated } from './repeated-requests.js';
import { requestFilter } from './request-filter.js';
import { batchOf, record } from './testing/request-record.js';

interface Live {
  entries: { id: string; html: string }[];
  latest: string;
  is_full: boolean;
}

describe('the Activity page', () => {
  let portal: TestPortal;
  let source: DataSource;
  let requests: AppRequests;
  let developer: Visitor;
  beforeAll(async () => {
    portal = await startPortal({ LIVE_VIEW_LIMIT_PER_DEVELOPER: '12/60' });
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    requests = new AppRequests(source);
    developer = await newDeveloper(portal.service.url);
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });
  const api = (id: string, query = '') =>
    developer.json('GET', `/api/apps/${id}/activity${query}`, undefined, developer.token);
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

  it('follows the requests in the order of their arrival, each once, also those that are late', async () => {
    const id = await newApp(developer);
    await requests.applyBatch(batchOf(id, [record({ request_id: 'first' })]));
    const page = await developer.get(`/apps/${id}/activity?outcome=served`);
    const [, address = ''] = /data-live-view="([^"]+)"/.exec(page.text) ?? [];
    const [, after = ''] = /data-after="(\d+)"/.exec(page.text) ?? [];
    const ask = async (from: string) =>
      (await developer.get(`${address.replaceAll('&amp;', '&')}&after=${from}`)).json as Live;
    expect(await ask(after)).toEqual({ entries: [], latest: after, is_full: false });
    await requests.applyBatch(batchOf(id, [record({ at: hoursAgo(2), request_id: 'late' })]));
    const hostile = '<script>alert(1)</script>';
    await requests.applyBatch(batchOf(id, [record({ path: hostile }), record({ status: 400, error: 'x' })]));
    const { entries, latest } = await ask(after);
    expect(entries.map(({ html }) => html.includes('late'))).toEqual([true, false]);
    expect(entries[1]?.html).toContain('&lt;script');
    expect(entries[1]?.html).not.toContain('<script');
    expect(entries[0]?.html).toContain(`id="${entries[0]?.id}"`);
    expect((await ask(latest)).entries).toEqual([]);
    const news = (await api(id, `?after=${after}`)).json as {
      requests: { status: number }[];
      latest: string;
    };
    expect(news.requests.map(({ status }) => status)).toEqual([200, 200, 400]);
    expect(BigInt(news.latest)).toBeGreaterThanOrEqual(BigInt(latest));
  });

  it('loses no request when many batches arrive at once', async () => {
    const id = await newApp(developer);
    const filter = (after: string) => requestFilter.parse({ after, limit: 3 });
    const seen: string[] = [];
    let isOver = false;
    const arrival = Promise.all(
      Array.from({ length: 30 }, () => requests.applyBatch(batchOf(id, [record(), record()]))),
    ).then(() => (isOver = true));
    for (let after = '0', isLast = false; !isLast;) {
      isLast = isOver;
      const page = await requests.of(id, filter(after));
      seen.push(...page.requests.map((one) => one.id));
      isLast &&= page.requests.length === 0;
      after = page.latest;
    }
    await arrival;
    expect({ all: seen.length, different: new Set(seen).size }).toEqual({ all: 60, different: 60 });
  });

  it('bounds the questions of one developer, and answers no stranger', async () => {
    const other = await newDeveloper(portal.service.url);
    const id = await newApp(other);
    const live = `/apps/${id}/activity/live?after=0`;
    expect((await developer.get(live)).status).toBe(404);
    expect((await new Visitor(portal.service.url).get(live)).headers.get('location')).toBe('/sign-in');
    const statuses = new Set<number>();
    for (let n = 0; n < 13; n += 1) statuses.add((await other.get(live)).status);
    expect([...statuses]).toEqual([200, 429]);
    const answer = await other.json('GET', `/api/apps/${id}/activity?after=0`, undefined, other.token);
    expect(answer.status).toBe(429);
    expect((await other.get(`/apps/${id}/activity`)).status).toBe(200);
  });

  it('is filtered by time, and names the field and the right form of a wrong value', async () => {
    const id = await newApp(developer);
    const old = record({ at: hoursAgo(48), request_id: 'old' });
    await requests.applyBatch(batchOf(id, [old, record({ request_id: 'new' })]));
    const day = hoursAgo(24).slice(0, 10);
    const since = await developer.get(`/apps/${id}/activity?since=${day}`);
    expect(textOf(since)).toContain('Request id new');
    expect(textOf(since)).not.toContain('Request id old');
    expect(since.text).toContain(`value="${day}"`);
    expect(since.text).toContain(`/activity/export?since=${day}`);
    const until = await developer.get(`/apps/${id}/activity?until=${old.at.slice(0, 10)}&since=`);
    expect(textOf(until)).toContain('Request id old');
    expect(textOf(until)).not.toContain('Request id new');
    expect(until.text).not.toContain('data-live-view=');
    for (const [query, message] of [
      ['since=yesterday', 'Since must be an instant like 2026-11-25T08:00:00Z, a day'],
      ['until=2026-13-01', 'Until must be an instant'],
      ['since=2026-11-25&until=2026-11-24', 'Until must be later than since'],
      ['outcome=maybe', 'Outcome must be failed or served'],
      ['before=x', 'must be the next of the page before'],
    ] as const) {
      const page = await developer.get(`/apps/${id}/activity?${query}`);
      expect({ query, status: page.status }).toEqual({ query, status: 400 });
      expect(textOf(page)).toContain(message);
      expect((await api(id, `?${query}`)).json).toMatchObject({ status: 400, code: 'invalid_request' });
    }
    expect((await developer.get(`/apps/${id}/activity?since=yesterday`)).text).toContain('value="yesterday"');
    expect((await api(id, '?after=-1')).status).toBe(400);
    expect((await api(id, `?after=1&before=${encodeURIComponent(`${old.at} x`)}`)).status).toBe(400);
  });

  it('shows traffic and latency per day as pictures with a name, a summary and a table', async () => {
    const id = await newApp(developer);
    const fhir = (duration_ms: number, hours: number) =>
      record({ kind: 'fhir', method: 'GET', path: '/Patient', duration_ms, at: hoursAgo(hours) });
    const durations = Array.from({ length: 100 }, (_, n) => fhir(n + 1, 0));
    await requests.applyBatch(batchOf(id, [...durations, fhir(7, 24), record({ duration_ms: 33 })]));
    await source.query(
      `INSERT INTO access_total (id, version, client_id, environment, grant_id, day, requests, errors, last_at)
       VALUES ('t-${id}', 1, $1, 'sandbox', 'g', current_date, 90, 4, now())`,
      [id],
    );
    const { latency } = (await api(id)).json as {
      latency: { kind: string; p50_ms: number; p95_ms: number }[];
    };
    expect(latency[0]).toMatchObject({ kind: 'fhir', requests: 100, p50_ms: 50, p95_ms: 95 });
    expect(latency).toHaveLength(3);
    const page = await developer.get(`/apps/${id}/activity`);
    expect(page.text).toContain(
      '<title id="latency-sandbox-title">Latency of FHIR requests per day, sandbox',
    );
    expect(page.text).toMatch(/<svg[^>]+role="img" aria-labelledby="latency-sandbox-title"/);
    expect(page.text).toContain('The slowest day had a p95 of 95 ms');
    expect(textOf(page)).toContain('90 requests on 1 day, 4 of them refused or failed');
    expect(page.text).toContain('>95 ms</td>');
  });
});

describe('failures that repeat', () => {
  const view = (minute: number, more: object = {}) => ({
    ...record({ at: `2026-11-29T06:${minute}:00.000Z`, status: 401, error: 'invalid_client' }),
    id: String(minute),
    environment: 'sandbox' as const,
    cause: 'wrong secret',
    fix: 'send the right one',
    redirect_uri: null,
    lever: null,
    ...more,
  });

  it('are one entry with their number and the time of the first', () => {
    const served = { status: 200, error: null, cause: null };
    const listed = joinRepeated([
      view(40),
      view(39),
      view(38, { path: '/other' }),
      view(37, served),
      view(36, served),
      view(35),
    ]);
    expect(listed.map(({ request, times, since }) => [request.id, times, since.slice(14, 16)])).toEqual([
      ['40', 2, '39'],
      ['38', 1, '38'],
      ['37', 1, '37'],
      ['36', 1, '36'],
      ['35', 1, '35'],
    ]);
  });
});
