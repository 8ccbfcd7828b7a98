import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { localSigner, PostgresEventLog } from '@payer/events';
import { cloudEvent, type GrantState } from '@payer/smart';
import { eventually } from '@payer/testing';
import { Webhook } from 'standardwebhooks';
import { DataSource } from 'typeorm';
import { approvedApp, signInTeam } from '../production-requests/testing/complete-request.js';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import { Receiver, type Received } from './testing/receiver.js';

interface Verified {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

/** Verifies a message with the published library. */
const verify = (message: Received, secret: string) =>
  new Webhook(secret).verify(message.body, message.headers as Record<string, string>) as Verified;

const secretOn = (page: string) => page.match(/whsec_[\w+/=]+/)?.[0] ?? '';

describe('the webhooks of an app', () => {
  let portal: TestPortal;
  let source: DataSource;
  let receiver: Receiver;
  let developer: Visitor;
  let id: string;

  beforeAll(async () => {
    portal = await startPortal();
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });
  beforeEach(async () => {
    receiver = await Receiver.start();
    developer = await newDeveloper(portal.service.url);
    id = await newApp(developer);
  });
  afterEach(() => receiver.stop());

  const tab = () => `/apps/${id}/webhooks`;
  /** Adds the receiver on the page. @returns its secret */
  async function addEndpoint(fields: Record<string, string> = {}): Promise<string> {
    const answer = await developer.post(tab(), { url: receiver.url, types: 'app.suspended', ...fields });
    expect(answer.status).toBe(303);
    return secretOn((await developer.get(tab())).text);
  }
  const endpointId = async () => (await developer.get(tab())).text.match(/webhooks\/([\w-]{36})\/test/)?.[1];
  const due = () => source.query('UPDATE webhook_delivery SET next_attempt_at = now() WHERE attempts > 0');
  /** Waits until the tab shows a text. */
  const pageShows = (text: string) =>
    eventually(async () => textOf(await developer.get(tab())).includes(text));
  const team = async () => signInTeam(new Visitor(portal.service.url));

  it('sends a test that the published library verifies', async () => {
    const secret = await addEndpoint();
    const sent = await developer.post(`${tab()}/${await endpointId()}/test`);
    expect(sent.status).toBe(303);
    const message = verify(await receiver.messageOf('webhook.test'), secret);
    expect(message.data).toEqual({ client_id: id });
    expect(() => verify(receiver.received[0] as Received, 'whsec_c29tZXRoaW5nIGVsc2U=')).toThrow();
    await pageShows('delivered A test');
  });

  it('reports a suspension and a reinstatement', async () => {
    const secret = await addEndpoint();
    const added = await developer.post(tab(), { url: receiver.url, types: 'app.reinstated' });
    expect(added.status).toBe(303);
    const reviewer = await team();
    await reviewer.post(`/platform/apps/${id}/suspend`, { reason: 'Leaked a key' });
    const message = verify(await receiver.messageOf('app.suspended'), secret);
    expect(message.data).toEqual({ client_id: id, reason: 'Leaked a key' });
    await reviewer.post(`/platform/apps/${id}/reinstate`, {});
    await receiver.messageOf('app.reinstated');
    expect(receiver.received).toHaveLength(2);
  });

  it('reports a decision of the platform team', async () => {
    const reviewer = await team();
    const approved = await approvedApp(portal.service.url, reviewer);
    ({ developer, id } = approved);
    await addEndpoint({ types: 'production.decided' });
    const name = { client_name: 'Another name', redirect_uris: 'https://client-app.example/redirect' };
    expect((await developer.post(`/apps/${id}/settings`, name)).status).toBe(303);
    const change = (await reviewer.get('/')).text.match(/\/platform\/changes\/([\w-]{36})/)?.[1];
    const decided = await reviewer.post(`/platform/changes/${change}`, { decision: 'approve' });
    expect(decided.status).toBe(303);
    const { body } = await receiver.messageOf('production.decided');
    expect(JSON.parse(body)).toMatchObject({ data: { subject: 'app-change', decision: 'approved' } });
  });

  it('reports the end of a grant once, without a word about the member', async () => {
    await addEndpoint({ types: 'grant.ended' });
    const grant: GrantState = {
      ...{ grant_id: randomUUID(), version: 2, environment: 'sandbox', sub: 'sub-secret' },
      ...{ patient: 'patient-secret', client_id: id, scope: 'patient/*.rs', status: 'revoked' },
      created_at: new Date(Date.now() - 5000).toISOString(),
      expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      revoked_at: new Date().toISOString(),
      revoked_reason: 'member',
    };
    const old = { ...grant, grant_id: randomUUID(), revoked_at: '2026-01-01T00:00:00.000Z' };
    const last = { ...grant, grant_id: randomUUID() };
    const log = new PostgresEventLog(portal.config.EVENTS_DATABASE_URL);
    for (const state of [grant, grant, old, last])
      await log.append([
        localSigner(cloudEvent('grant-revoked', state, { id: randomUUID(), time: new Date() })),
      ]);
    const of = (grantId: string) => (body: Record<string, unknown>) =>
      (body.data as { grant_id?: string }).grant_id === grantId;
    await receiver.messageWhere(of(last.grant_id));
    await log.close();
    const message = await receiver.messageWhere(of(grant.grant_id));
    expect(JSON.parse(message.body)).toMatchObject({ type: 'grant.ended', data: { reason: 'member' } });
    expect(message.body).not.toContain('secret');
    expect(receiver.received).toHaveLength(2);
  });

  it('of a receiver that never answers wait for each other, and delay nobody else', async () => {
    const silent = await Receiver.start();
    silent.isSilent = true;
    // Five apps of one developer, with ten messages each.
    const slow = await newDeveloper(portal.service.url);
    for (let n = 0; n < 5; n += 1) {
      const app = await newApp(slow);
      await slow.post(`/apps/${app}/webhooks`, { url: silent.url, types: 'app.suspended' });
      await source.query(
        `INSERT INTO webhook_delivery (endpoint_id, message_id, type, payload)
         SELECT id, 'slow-' || n, 'webhook.test', '{}' FROM webhook_endpoint, generate_series(1, 10) n
         WHERE client_id = $1`,
        [app],
      );
    }
    await eventually(() => silent.received.length >= 6);
    await addEndpoint();
    for (let n = 1; n <= 5; n += 1) {
      await developer.post(`${tab()}/${await endpointId()}/test`);
      await eventually(() => receiver.received.length === n);
    }
    // No attempt at the silent receiver has ended meanwhile, and each app holds its places only.
    const [{ ended }] = await source.query(
      "SELECT count(last_attempt_at)::integer AS ended FROM webhook_delivery WHERE message_id LIKE 'slow-%'",
    );
    expect(ended).toBe(0);
    expect(silent.received).toHaveLength(6);
    const [{ most }] = await source.query(
      `SELECT max(started)::integer AS most FROM (SELECT sum(attempts) AS started FROM webhook_delivery
       WHERE message_id LIKE 'slow-%' GROUP BY endpoint_id) AS of_endpoint`,
    );
    expect(most).toBe(2);
    await silent.stop();
  });

  it('a place that becomes free is filled at once', async () => {
    await addEndpoint();
    await source.query(
      `INSERT INTO webhook_delivery (endpoint_id, message_id, type, payload)
       SELECT id, 'many-' || n, 'webhook.test', '{}' FROM webhook_endpoint, generate_series(1, 100) n
       WHERE client_id = $1`,
      [id],
    );
    await eventually(async () => {
      const [{ left }] = await source.query(
        "SELECT count(*)::integer AS left FROM webhook_delivery WHERE message_id LIKE 'many-%' AND delivered_at IS NULL",
      );
      return left === 0;
    });
    // The job alone, which comes once a second, would fill two places a second.
    const [{ most }] = await source.query(
      `SELECT max(sent)::integer AS most FROM (SELECT count(*) AS sent FROM webhook_delivery
       WHERE message_id LIKE 'many-%' GROUP BY date_trunc('second', delivered_at)) AS of_second`,
    );
    expect(most).toBeGreaterThan(6);
  });

  it('tests and repetitions of one app are limited', async () => {
    await addEndpoint();
    const path = `${tab()}/${await endpointId()}/test`;
    let answer = await developer.post(path);
    for (let n = 1; n < 20; n += 1) answer = await developer.post(path);
    expect(answer.status).toBe(303);
    answer = await developer.post(path);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const [{ message }] = await source.query(
      `SELECT delivery.id AS message FROM webhook_delivery AS delivery
       JOIN webhook_endpoint AS endpoint ON endpoint.id = endpoint_id WHERE client_id = $1 LIMIT 1`,
      [id],
    );
    expect((await developer.post(`${tab()}/messages/${message}/send-again`)).status).toBe(429);
    // Others cannot use up the limit of the app, and have their own.
    const other = await newApp(developer);
    await developer.post(`/apps/${other}/webhooks`, { url: receiver.url, types: 'app.suspended' });
    const page = (await developer.get(`/apps/${other}/webhooks`)).text;
    const endpoint = /webhooks\/([\w-]{36})\/test/.exec(page)?.[1];
    expect((await developer.post(`/apps/${other}/webhooks/${endpoint}/test`)).status).toBe(303);
  });

  it('announces the end of a replaced secret once', async () => {
    await addEndpoint({ types: 'secret.ending' });
    await developer.post(`/apps/${id}/credentials/replace`, { grace_seconds: '3600' });
    const { body } = await receiver.messageOf('secret.ending');
    const { data } = JSON.parse(body) as Verified;
    expect(Date.parse(String(data.expires_at))).toBeGreaterThan(Date.now());
    const [notices] = await source.query(
      'SELECT count(*)::integer AS count FROM app_secret WHERE client_id = $1 AND ending_notice_at IS NOT NULL',
      [id],
    );
    expect(notices.count).toBe(1);
    expect(receiver.received).toHaveLength(1);
  });

  it('tries a failed message again with the same id, shows the reason, and sends it again on request', async () => {
    await addEndpoint();
    receiver.status = 500;
    await developer.post(`${tab()}/${await endpointId()}/test`);
    await pageShows('The receiver answered 500.');
    receiver.status = 200;
    await due();
    await pageShows('delivered A test');
    const again = (await developer.get(tab())).text.match(/messages\/(\d+)\/send-again/)?.[1];
    expect((await developer.post(`${tab()}/messages/${again}/send-again`)).status).toBe(303);
    await eventually(() => receiver.received.length >= 3);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('gives up after the last attempt', async () => {
    await addEndpoint();
    receiver.status = 404;
    await developer.post(`${tab()}/${await endpointId()}/test`);
    await eventually(() => receiver.received.length >= 1);
    await pageShows('1 attempt');
    await source.query(
      'UPDATE webhook_delivery SET attempts = 7, next_attempt_at = now() WHERE attempts = 1',
    );
    await pageShows('failed A test');
  });

  it('follows no redirect', async () => {
    await addEndpoint();
    receiver.status = 302;
    receiver.location = `http://127.0.0.1:${receiver.port}/elsewhere`;
    await developer.post(`${tab()}/${await endpointId()}/test`);
    await pageShows('The receiver answered 302.');
    expect(receiver.received.map(({ path }) => path)).toEqual(['/webhooks']);
  });

  it('counts an answer that changes the protocol as a failure, so that its place becomes free', async () => {
    await addEndpoint();
    receiver.status = 101;
    await developer.post(`${tab()}/${await endpointId()}/test`);
    await pageShows('The connection failed: the answer was 101');
  });

  it('checks the address when it sends, not only when it is saved', async () => {
    await addEndpoint();
    await source.query("UPDATE webhook_endpoint SET url = 'https://10.0.0.7/' WHERE client_id = $1", [id]);
    await developer.post(`${tab()}/${await endpointId()}/test`);
    await pageShows('The URL must not lead to an inner address.');
  });

  it('signs with the old and the new secret after a replacement', async () => {
    const old = await addEndpoint();
    await developer.post(`${tab()}/${await endpointId()}/secret`);
    const next = secretOn((await developer.get(tab())).text);
    expect(next).not.toBe(old);
    await developer.post(`${tab()}/${await endpointId()}/test`);
    const message = await receiver.messageOf('webhook.test');
    expect(verify(message, old)).toEqual(verify(message, next));
  });

  it('refuses an inner address and a form without an event, and shows what was typed', async () => {
    const answer = await developer.post(tab(), { url: 'https://169.254.169.254/latest/meta-data' });
    expect(answer.status).toBe(400);
    expect(textOf(answer)).toContain('choose at least one event');
    const inner = await developer.post(tab(), { url: 'https://169.254.169.254/', types: 'grant.ended' });
    expect(textOf(inner)).toContain('URL must not lead to an inner address');
    expect(inner.text).toContain('value="https://169.254.169.254/"');
  });

  it('belongs to the developer of the app', async () => {
    await addEndpoint();
    const endpoint = await endpointId();
    const stranger = await newDeveloper(portal.service.url);
    for (const path of [`/${endpoint}/test`, `/${endpoint}/remove`, `/${endpoint}/secret`, ''])
      expect((await stranger.post(`${tab()}${path}`, { url: receiver.url })).status).toBe(404);
    const reviewer = await team();
    const page = await reviewer.get(tab());
    expect(page.text).toContain(receiver.url);
    expect(page.text).not.toContain('whsec_');
    const other = await newApp(developer);
    expect((await developer.post(`/apps/${other}/webhooks/${endpoint}/remove`)).status).toBe(400);
    expect(await endpointId()).toBe(endpoint);
  });

  it('is served by the JSON API, too', async () => {
    const email = `api-${randomUUID()}@client-app.example`;
    const password = 'a-long-password';
    const person = { name: 'Ada', organization: 'Apps Inc', email, password };
    await developer.json('POST', '/api/developers', person);
    const { token } = (await developer.json('POST', '/api/sessions', { email, password })).json;
    const call = (method: string, path: string, body?: unknown) =>
      developer.json(method, `/api/apps${path}`, body, token);
    const app = (await call('POST', '', { client_name: 'By API' })).json.client_id as string;
    const added = await call('POST', `/${app}/webhooks`, { url: receiver.url });
    expect(added.status).toBe(201);
    expect(added.json.types).toContain('grant.ended');
    expect((await call('POST', `/${app}/webhooks/${added.json.id}/test`)).status).toBe(202);
    verify(await receiver.messageOf('webhook.test'), added.json.secret);
    const listed = await call('GET', `/${app}/webhooks`);
    expect(listed.text).not.toContain('whsec_');
    const [message] = (await call('GET', `/${app}/webhooks/messages`)).json;
    expect((await call('POST', `/${app}/webhooks/messages/${message.id}/send-again`)).status).toBe(202);
    expect((await call('POST', `/${app}/webhooks/messages/1x/send-again`)).status).toBe(404);
    for (let more = 1; more < 5; more += 1) await call('POST', `/${app}/webhooks`, { url: receiver.url });
    expect((await call('POST', `/${app}/webhooks`, { url: receiver.url })).json.code).toBe(
      'too_many_webhooks',
    );
    expect((await call('DELETE', `/${app}/webhooks/${added.json.id}`)).status).toBe(204);
    expect((await call('DELETE', `/${app}/webhooks/${added.json.id}`)).json.code).toBe('webhook_not_found');
  });
});
