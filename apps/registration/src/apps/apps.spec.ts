import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '@payer/testing';
import { PortalApi, hash, redirect_uris } from '../testing/portal-api.js';

const system = new PortalApi();
const { api, latest, newApp, published } = system;

beforeAll(() => system.start());
afterAll(() => system.stop());

describe('apps', () => {
  it('the secret is in the answer of the creation only, and leaves the service as a hash', async () => {
    const app = await newApp();
    expect(app.client_id).toMatch(/^[A-Za-z0-9]+$/);
    expect(app.client_secret).toMatch(/^[A-Za-z0-9]{43,}$/);
    const secret = app.client_secret!;
    const shown = await api(system.developer, 'GET', `/api/apps/${app.client_id}`);
    expect(shown).toMatchObject({
      status: 200,
      json: { client_name: 'Health', redirect_uris, plan: null },
    });
    expect(shown.text).not.toContain(secret);
    expect(shown.text).not.toContain(hash(secret));
    expect((await api(system.developer, 'GET', '/api/apps')).text).not.toContain(secret);
    const state = await latest(app.client_id!);
    expect(state).toMatchObject({ version: 1, secrets: [{ sha256: hash(secret), expires_at: null }] });
    const [stored] = (await system.source.query('SELECT * FROM app_secret WHERE client_id = $1', [
      app.client_id,
    ])) as object[];
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  it('redirect URIs are kept character for character; bad ones are refused with the reason', async () => {
    const kept = [
      'https://client-app.com/Redirect/?a=%7E&b',
      'https://client-app.com:443/redirect',
      'http://127.0.0.1:8080/cb',
      'http://localhost/cb',
    ];
    const app = await newApp({ redirect_uris: kept });
    expect((await latest(app.client_id!))?.redirect_uris).toEqual(kept);
    for (const [uri, reason] of [
      ['/redirect', /absolute/],
      ['https://client-app.com/#x', /fragment/],
      ['https://*.client-app.com/', /wildcard/],
      ['http://client-app.com/redirect', /https/],
      ['javascript:alert(1)', /https/],
    ] as const) {
      const answer = await api(system.developer, 'POST', '/api/apps', {
        client_name: 'Bad',
        redirect_uris: [redirect_uris[0], uri],
      });
      expect(answer.status).toBe(400);
      const [problem] = answer.json.errors as { field: string; message: string }[];
      expect(problem?.field).toBe('redirect_uris.1');
      expect(problem?.message).toMatch(reason);
    }
    const twice = await api(system.developer, 'POST', '/api/apps', {
      client_name: 'Bad',
      redirect_uris: [redirect_uris[0], redirect_uris[0]],
    });
    expect(twice.json.errors[0].field).toBe('redirect_uris.1');
  });

  it('what members will be shown is https and has nothing invisible in it', async () => {
    const refusedFor = async (metadata: Record<string, unknown>) =>
      (await api(system.developer, 'POST', '/api/apps', { client_name: 'Bad', ...metadata })).json.errors;
    for (const member of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'])
      for (const uri of ['http://client-app.com/', 'javascript:alert(1)', 'data:text/html,x'])
        expect(await refusedFor({ [member]: uri })).toEqual([
          { field: member, message: expect.stringContaining('https') },
        ]);
    // 2,000 characters may be far more bytes as they are sent.
    const long = `https://client-app.com/${'ä'.repeat(400)}`;
    expect(await refusedFor({ logo_uri: long })).toEqual([
      { field: 'logo_uri', message: expect.stringMatching(/2000 bytes as an ASCII URL/) },
    ]);
    for (const client_name of ['Health\u200bApp', 'Health\u202eApp', 'Health\0App'])
      expect(await refusedFor({ client_name })).toMatchObject([{ field: 'client_name' }]);
    expect((await api(system.developer, 'GET', '/api/apps/a%00b')).status).toBe(400);
  });

  it('belong to their developer: for others they are not there, and only the platform team governs', async () => {
    const { client_id: id } = await newApp();
    for (const [method, path, body] of [
      ['GET', `/api/apps/${id}`],
      ['PATCH', `/api/apps/${id}`, { client_name: 'Mine' }],
      ['DELETE', `/api/apps/${id}`],
      ['POST', `/api/apps/${id}/secret`, {}],
      ['PUT', `/api/apps/${id}/subscription`, { plan: 'patient-access' }],
      ['POST', `/api/apps/${id}/production-request`, {}],
    ] as const)
      expect((await api(system.stranger, method, path, body)).status).toBe(404);
    expect((await api(system.stranger, 'GET', '/api/apps')).json).toEqual([]);
    for (const [method, path, body] of [
      ['POST', `/api/apps/${id}/suspend`, { reason: 'no' }],
      ['POST', `/api/apps/${id}/reinstate`, {}],
      ['GET', '/api/production-requests'],
      ['POST', '/api/production-requests/00000000-0000-4000-8000-000000000000/approve', {}],
    ] as const)
      expect((await api(system.developer, method, path, body)).status).toBe(403);
    expect((await api(system.platform, 'GET', `/api/apps/${id}`)).status).toBe(200);
    expect(
      (await api(system.platform, 'POST', '/api/apps', { client_name: 'X', redirect_uris })).status,
    ).toBe(403);
  });

  it('change what is sent and keep the rest; ten changes at once leave in order, each with its own version', async () => {
    const { client_id: id } = await newApp({ tos_uri: 'https://client-app.com/terms' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        api(system.developer, 'PATCH', `/api/apps/${id}`, { client_name: `Health ${i}` }),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    const events = await eventually(async () => {
      const all = await published(id!);
      return all.length === 11 && all;
    });
    expect(events.map((event) => event.data.version)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    expect(events.at(-1)?.data).toMatchObject({ redirect_uris, tos_uri: 'https://client-app.com/terms' });
    const same = await api(system.developer, 'PATCH', `/api/apps/${id}`, { redirect_uris });
    expect(same.json.version).toBe(11);
  });

  it('a replaced secret works on for the grace period, also for none, and never three at once', async () => {
    const app = await newApp();
    const replace = (body: unknown) =>
      api(system.developer, 'POST', `/api/apps/${app.client_id}/secret`, body);
    const second = await replace({});
    expect(second).toMatchObject({ status: 200, json: { client_id: app.client_id } });
    const state = await latest(app.client_id!);
    expect(state?.secrets).toEqual([
      { sha256: hash(second.json.client_secret), expires_at: null },
      { sha256: hash(app.client_secret!), expires_at: second.json.old_secret_expires_at },
    ]);
    const grace = Date.parse(second.json.old_secret_expires_at) - Date.now();
    expect(Math.abs(grace - system.config.SECRET_GRACE_SECONDS * 1000)).toBeLessThan(60_000);
    const third = await replace({ grace_seconds: 60 });
    expect((await latest(app.client_id!))?.secrets.map(({ sha256 }) => sha256)).toEqual([
      hash(third.json.client_secret),
      hash(second.json.client_secret),
    ]);
    const fourth = await replace({ grace_seconds: 0 });
    expect((await latest(app.client_id!))?.secrets).toEqual([
      { sha256: hash(fourth.json.client_secret), expires_at: null },
    ]);
    expect((await replace({ grace_seconds: 1e9 })).json.errors[0].field).toBe('grace_seconds');
  });

  it('a deleted app has no credentials and no environment, and is gone for its developer', async () => {
    const { client_id: id } = await newApp();
    await api(system.developer, 'PUT', `/api/apps/${id}/subscription`, { plan: 'patient-access' });
    expect((await api(system.developer, 'DELETE', `/api/apps/${id}`)).status).toBe(204);
    expect(await latest(id!)).toMatchObject({
      status: 'deleted',
      environments: [],
      secrets: [],
      tokens_valid_from: expect.any(String),
    });
    expect((await api(system.developer, 'GET', `/api/apps/${id}`)).status).toBe(404);
    expect((await api(system.developer, 'PUT', `/api/apps/${id}/subscription`, {})).status).toBeGreaterThan(
      399,
    );
  });
});
