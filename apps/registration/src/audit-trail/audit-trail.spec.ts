import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localSigner } from '@payer/events';
import { ServiceIdentity } from '@payer/service';
import { cloudEvent, type AuditEntry } from '@payer/smart';
import { eventually } from '@payer/testing';
import { PortalApi, hash } from '../testing/portal-api.js';
import { sendSigned } from '../testing/signed-answer.js';

const system = new PortalApi();
const { api, newApp, send, signIn } = system;
const fhirApi = createServer();

beforeAll(async () => {
  await new Promise<void>((resolve) => fhirApi.listen(0, resolve));
  const { port } = fhirApi.address() as AddressInfo;
  await system.start({ FHIR_API_INTERNAL_URL: `http://localhost:${port}` });
});
afterAll(async () => {
  await system.stop();
  fhirApi.closeAllConnections();
  fhirApi.close();
});

describe('the audit trail', () => {
  const audit = async (query: Record<string, string>, token = system.platform) =>
    api(token, 'GET', `/api/audit?${new URLSearchParams(query)}`);
  const entriesOf = async (query: Record<string, string>) =>
    ((await audit(query)).json as { entries: AuditEntry[] }).entries;

  it('shows only the platform team who did what to an app, in which request', async () => {
    const { client_id, client_secret } = await newApp();
    await api(system.developer, 'PUT', `/api/apps/${client_id}/subscription`, { plan: 'patient-access' });
    const rotated = await api(system.developer, 'POST', `/api/apps/${client_id}/secret`, {});
    const suspended = await api(system.platform, 'POST', `/api/apps/${client_id}/suspend`, {
      reason: 'a test',
    });
    await api(system.platform, 'POST', `/api/apps/${client_id}/reinstate`, {});
    const entries = await entriesOf({ client_id: client_id! });
    expect(entries.map(({ action, actor_role, actor }) => [action, actor_role, actor])).toEqual([
      ['app-reinstated', 'platform', 'platform@example.org'],
      ['app-suspended', 'platform', 'platform@example.org'],
      ['secret-replaced', 'developer', 'dev@client-app.example'],
      ['plan-subscribed', 'developer', 'dev@client-app.example'],
      ['app-registered', 'developer', 'dev@client-app.example'],
    ]);
    expect(entries[1]).toMatchObject({
      detail: { reason: 'a test' },
      request_id: suspended.headers.get('x-request-id'),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    for (const secret of [client_secret!, rotated.json.client_secret as string, hash(client_secret!)])
      expect(JSON.stringify(entries)).not.toContain(secret);
    expect((await audit({ client_id: client_id! }, system.developer)).status).toBe(403);
  });

  it('is searched by what, who and when, and read a page at a time', async () => {
    const since = new Date().toISOString();
    await api(undefined, 'POST', '/api/sessions', { email: 'dev@client-app.example', password: 'hunter2' });
    await api(undefined, 'POST', '/api/sessions', { email: 'hunter2@typed.example', password: 'x' });
    await signIn('dev@client-app.example', 'a-long-password');
    const mine = await entriesOf({ since });
    expect(mine.map(({ action, actor }) => [action, actor])).toEqual([
      ['signed-in', 'dev@client-app.example'],
      ['sign-in-refused', null],
      ['sign-in-refused', 'dev@client-app.example'],
    ]);
    expect(JSON.stringify(mine)).not.toContain('hunter2');
    expect(await entriesOf({ since, actor: 'dev@client-app.example' })).toEqual([mine[0], mine[2]]);
    expect(await entriesOf({ since, type: 'signed-in' })).toEqual([mine[0]]);
    expect(await entriesOf({ until: mine.at(-1)!.at, since })).toEqual([]);
    const read: AuditEntry[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await audit({ since, limit: '1', ...(cursor ? { cursor } : {}) });
      read.push(...(page.json.entries as AuditEntry[]));
      cursor = page.json.next as string | null;
    }
    expect(read).toEqual(mine);
    const cursor = (text: string) => ({ cursor: Buffer.from(text).toString('base64url') });
    for (const wrong of [
      { since: 'yesterday' },
      { since: '0000-01' },
      { type: 'nothing' },
      { cursor: 'forged' },
      cursor('2026-01-01T00:00:00Z -'),
      // A place among the data accesses, which have numbers.
      cursor('2026-01-01T00:00:00Z 41'),
      cursor(`0000-01-01T00:00:00Z ${randomUUID()}`),
      { limit: '0' },
    ])
      expect((await audit(wrong as unknown as Record<string, string>)).status).toBe(400);
  });

  it('refuses a period that ends before it begins, and a page of no size that there is', async () => {
    const queries: [string, Record<string, string>, string][] = [
      ['', { since: '2026-03', until: '2026-02' }, 'until: must be later than since'],
      ['/readers', { since: '2026-03-02', until: '2026-03-01T00:00:00Z' }, 'until: must be later than since'],
      ['/reads', { app: 'x', since: '2026-03-02', until: '2026-03-01' }, 'until: must not be before since'],
      ...['0', '-1', '1001', '1.5', 'x'].map((limit): [string, Record<string, string>, string] => [
        '',
        { limit },
        'limit: must be a whole number from 1 to 1000',
      ]),
    ];
    for (const [path, query, detail] of queries) {
      const environment: Record<string, string> = path === '' ? {} : { environment: 'sandbox' };
      const asked = new URLSearchParams({ ...environment, ...query });
      expect(await api(system.platform, 'GET', `/api/audit${path}?${asked}`)).toMatchObject({
        status: 400,
        json: { detail },
      });
    }
  });

  it('holds the entries of the other services, each once however often it arrives, and refuses every change', async () => {
    const entry: AuditEntry = {
      id: randomUUID(),
      version: 1,
      at: new Date().toISOString(),
      service: 'consent',
      action: 'grant-revoked',
      actor_role: 'member',
      actor: 'sub-7',
      environment: 'sandbox',
      client_id: 'app7',
      grant_id: 'grant-7',
      sub: 'sub-7',
      request_id: 'request-0007',
      trace_id: 'c'.repeat(32),
      detail: { reason: 'member' },
    };
    for (const id of [randomUUID(), randomUUID()])
      await system.log.append([localSigner(cloudEvent('audit-recorded', entry, { id, time: new Date() }))]);
    await eventually(async () => (await entriesOf({ grant_id: 'grant-7' })).length > 0);
    expect(await entriesOf({ actor: 'sub-7', environment: 'sandbox' })).toEqual([entry]);
    await expect(system.source.query("DELETE FROM audit_entry WHERE grant_id = 'grant-7'")).rejects.toThrow(
      /append-only/,
    );
  });

  it('asks fhir-api about data access, with a token for fhir-api only, and says so when it is away', async () => {
    const asked: [string | undefined, string | undefined][] = [];
    const entry = { ...(await entriesOf({ grant_id: 'grant-7' }))[0]!, id: '41', action: 'data-access' };
    fhirApi.on('request', (request, response) => {
      asked.push([request.headers.authorization, request.url]);
      void sendSigned('fhir-api', request, response, { entries: [entry] });
    });
    const query = { type: 'data-access', environment: 'sandbox', grant_id: 'grant-7', limit: '1' };
    const first = await audit(query);
    expect(first.json.entries).toEqual([entry]);
    await audit({ ...query, cursor: first.json.next as string });
    expect(asked[0]).toEqual([
      expect.stringMatching(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/),
      '/internal/sandbox/access?grant_id=grant-7&limit=1',
    ]);
    const fhirApiIdentity = ServiceIdentity.of('fhir-api', system.config);
    expect(await fhirApiIdentity.refuseStrangers(asked[0]![0], ['registration'])).toBe('registration');
    expect(new URLSearchParams(asked[1]![1]!.split('?')[1]).get('after_id')).toBe('41');
    const page = await send('GET', `/platform/audit?${new URLSearchParams({ ...query, actor: '' })}`, {
      headers: { cookie: await pageCookie() },
    });
    expect(page.status).toBe(200);
    expect(page.text).toContain('&quot;data-access&quot;');
    expect(page.text).toContain('Older entries');
    fhirApi.closeAllConnections();
    await new Promise((resolve) => fhirApi.close(resolve));
    expect(await audit(query)).toMatchObject({ status: 503, json: { code: 'data_access_unavailable' } });
    expect((await audit({ type: 'data-access' })).status).toBe(400);
  });

  async function pageCookie(): Promise<string> {
    const signedIn = await send('POST', '/sign-in', {
      body: new URLSearchParams({ email: 'platform@example.org', password: 'platform-password' }),
    });
    return signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  }
});
