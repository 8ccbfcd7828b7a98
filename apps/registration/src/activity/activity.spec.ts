import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { createPublisher, localSigner } from '@payer/events';
import { cloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { DataSource } from 'typeorm';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import { AppRequests } from './app-requests.js';
import { explain } from './explain.js';
import { requestFilter } from './request-filter.js';
import { batchOf, record } from './testing/request-record.js';
import { differenceOf, nearestUri } from './uri-difference.js';

describe('the activity of an app', () => {
  let portal: TestPortal;
  let source: DataSource;
  let requests: AppRequests;
  let developer: Visitor;
  beforeAll(async () => {
    portal = await startPortal();
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    requests = new AppRequests(source);
    developer = await newDeveloper(portal.service.url);
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });
  const all = (id: string, filter: object = {}) => requests.of(id, requestFilter.parse(filter));

  it('arrives by event, and is shown with cause and fix, to the second', async () => {
    const id = await newApp(developer);
    const publisher = await createPublisher(portal.config, localSigner);
    const failed = record({ status: 400, error: 'invalid_grant', detail: 'the code has been used before' });
    await publisher.publishEvents([
      cloudEvent('requests-recorded', batchOf(id, [failed, record()]), {
        id: randomUUID(),
        time: new Date(),
      }),
    ]);
    await publisher.close();
    await eventually(async () => (await all(id)).requests.length === 2);
    await source.query(
      "UPDATE app_request SET at = '2026-11-28T10:11:12Z' WHERE error IS NULL AND client_id = $1",
      [id],
    );
    const page = await developer.get(`/apps/${id}/activity`);
    const text = textOf(page);
    expect(text).toContain('the code has been used before');
    expect(text).toContain('A code works once');
    expect(text).toContain('2026-11-28 10:11:12 UTC');
    expect(text).toContain('12 ms');
    expect(page.text).toContain('href="/docs/errors/invalid_grant"');
  });

  it('a batch counts once, also when it comes twice, and only for an app that there is', async () => {
    const id = await newApp(developer);
    const batch = batchOf(id, [record(), record()]);
    await requests.applyBatch(batch);
    await requests.applyBatch(batch);
    expect((await all(id)).requests).toHaveLength(2);
    await requests.applyBatch(batchOf('nobody', [record()]));
    expect((await all('nobody')).requests).toEqual([]);
  });

  it('is kept for 7 days of the sandbox and 30 of production, and never more than 5,000 of each', async () => {
    const id = await newApp(developer);
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    for (const environment of ['sandbox', 'production'] as const)
      for (const days of [31, 29, 8, 6])
        await requests.applyBatch(batchOf(id, [record({ at: daysAgo(days) })], { environment }));
    expect((await all(id, { environment: 'sandbox' })).requests).toHaveLength(1);
    expect((await all(id, { environment: 'production' })).requests).toHaveLength(3);
    await source.query(
      `INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status)
       SELECT 'many' || n, $1, 'sandbox', now(), 'fhir', 'GET', '/Patient', 200 FROM generate_series(1, 6000) n`,
      [id],
    );
    await requests.applyBatch(batchOf(id, [record({ at: new Date(Date.now() + 1000).toISOString() })]));
    const [{ n }] = (await source.query(
      "SELECT count(*)::integer AS n FROM app_request WHERE client_id = $1 AND environment = 'sandbox'",
      [id],
    )) as [{ n: number }];
    expect(n).toBe(5000);
  });

  it('is filtered and paged by page and API alike, and exported', async () => {
    const id = await newApp(developer);
    const wrong = { kind: 'fhir' as const, status: 403, error: 'forbidden', path: '/=HYPERLINK(1)' };
    await requests.applyBatch(
      batchOf(id, [record(), record(wrong), record({ kind: 'authorization', status: 303 })]),
    );
    for (const [filter, count] of [
      [{}, 3],
      [{ outcome: 'failed' }, 1],
      [{ outcome: 'served' }, 2],
      [{ kind: 'fhir' }, 1],
      [{ environment: 'production' }, 0],
      [{ environment: '', kind: '', outcome: '' }, 3],
    ] as const)
      expect({ filter, count: (await all(id, filter)).requests.length }).toEqual({ filter, count });
    const seen: string[] = [];
    for (let before: string | undefined; seen.length < 3;) {
      const page = await all(id, { limit: 1, before });
      seen.push(...page.requests.map((one) => one.id));
      before = page.next ?? undefined;
      if (!before) break;
    }
    expect(new Set(seen).size).toBe(3);
    expect((await developer.get(`/apps/${id}/activity?kind=invented`)).status).toBe(400);
    for (const wrong of [
      'before=x',
      'before=abc%20x',
      'before=2026-99-99T00:00:00Z%20x',
      'since=0000-01-01',
      'since=0000-01-01T00:00:00Z',
    ])
      expect([wrong, (await developer.get(`/apps/${id}/activity?${wrong}`)).status]).toEqual([wrong, 400]);
    for (const extreme of ['until=9999-12', 'since=2026-01-01T00:00:00%2B23:59'])
      expect((await developer.get(`/apps/${id}/activity?${extreme}`)).text).toContain('forbidden');
    const csv = await developer.get(`/apps/${id}/activity/export?outcome=failed`);
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.text.trim().split('\n')).toHaveLength(2);
    expect(csv.text).toContain('forbidden');
    const stranger = await newDeveloper(portal.service.url);
    for (const path of ['activity', 'activity/export'])
      expect((await stranger.get(`/apps/${id}/${path}`)).status).toBe(404);
  });

  it('shows what was sent beside what is registered, and registers it by a button', async () => {
    const id = await newApp(developer);
    await requests.applyFailedAuthorization({
      id: randomUUID(),
      version: 1,
      environment: 'sandbox',
      client_id: id,
      at: new Date().toISOString(),
      error: 'invalid_redirect_uri',
      detail: 'redirect_uri is not one of those registered for this app',
      redirect_uri: 'https://client-app.example/redirect/',
    });
    const page = await developer.get(`/apps/${id}/activity`);
    expect(page.text).toContain('https://client-app.example/redirect<mark>/</mark>');
    const added = await developer.post(`/apps/${id}/redirect-uris`, {
      redirect_uris: 'https://client-app.example/redirect/',
    });
    expect(added.status).toBe(303);
    expect(textOf(await developer.get(`/apps/${id}/activity`))).toContain('This URI is registered now');
  });

  it('no text of a request becomes markup', async () => {
    const id = await newApp(developer);
    const hostile = '"><script>alert(1)</script>';
    await requests.applyBatch(
      batchOf(id, [
        record({ path: hostile, status: 400, error: hostile, detail: hostile, request_id: hostile }),
      ]),
    );
    await requests.applyFailedAuthorization({
      id: randomUUID(),
      version: 1,
      environment: 'sandbox',
      client_id: id,
      at: new Date().toISOString(),
      error: 'invalid_redirect_uri',
      detail: hostile,
      redirect_uri: `javascript:${hostile}`,
    });
    const page = await developer.get(`/apps/${id}/activity`);
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).not.toContain('Register <bdi>javascript:');
  });
});

describe('the explanation of a failure', () => {
  it('chooses the cause whose words are those of the answer', () => {
    const fixOf = (detail: string) => explain('token', 'invalid_grant', 400, detail).fix;
    expect(fixOf('redirect_uri must be the one of the authorization request')).toContain('same redirect_uri');
    expect(fixOf('the refresh token has been used before')).toContain('latest answer');
    expect(fixOf('code_verifier does not match the code_challenge')).toContain('verifier');
  });

  it('says something for every failure, and nothing for what was served', () => {
    expect(explain('fhir', null, 200, null)).toEqual({ cause: null, fix: null });
    expect(explain('fhir', 'not-a-code', 500, null).cause).toContain('500');
    expect(explain('authorization', 'access_denied', 303, null).cause).toContain('said no');
  });
});

describe('the difference of two URIs', () => {
  it('is the part between what they share', () => {
    expect(differenceOf('https://x/cb/', 'https://x/cb')).toMatchObject({
      sent: { before: 'https://x/cb', differs: '/', after: '' },
      registered: { differs: '' },
    });
    expect(differenceOf('http://x/cb', 'https://x/cb').registered).toMatchObject({ differs: 's' });
    expect(differenceOf('aaa', 'aa').sent).toEqual({ before: 'aa', differs: 'a', after: '' });
  });

  it('is taken to the URI that is most like the sent one', () => {
    expect(nearestUri('https://x/cb/', ['https://other.example/', 'https://x/cb'])).toBe('https://x/cb');
    expect(nearestUri('https://x/cb/', [])).toBeUndefined();
  });
});
