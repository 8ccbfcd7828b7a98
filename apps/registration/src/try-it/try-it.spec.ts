import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { appInEnvironment, appState, type AppState } from '@payer/smart';
import { newApp, newDeveloper, textOf, Visitor } from '../testing/portal.js';
import { fhirBase as base, jwtOf, TrialPlatform } from './testing/trial-platform.js';

describe('try it', () => {
  const platform = new TrialPlatform();
  let developer: Visitor;
  beforeAll(async () => {
    await platform.start();
    developer = await newDeveloper(platform.portal.service.url);
  });
  afterAll(() => platform.stop());
  beforeEach(() => platform.reset());

  const stateOf = async (id: string): Promise<AppState | undefined> => {
    const visitor = await platform.source.query('SELECT * FROM app WHERE client_id = $1', [id]);
    const [app] = visitor as { portal_redirect_uri: string; portal_secret_sha256: string }[];
    return (
      app &&
      appState.parse({
        client_id: id,
        version: 1,
        client_name: 'x',
        organization: 'x',
        redirect_uris: ['https://client-app.example/redirect'],
        plan: 'patient-access',
        status: 'active',
        environments: ['sandbox', 'production'],
        require_pkce: false,
        secrets: [],
        tokens_valid_from: null,
        portal_access: { redirect_uri: app.portal_redirect_uri, secret_sha256: app.portal_secret_sha256 },
      })
    );
  };

  it('runs the flow of a patient-access app with the portal’s own redirect URI, and shows each step', async () => {
    const id = await newApp(developer);
    const request = await platform.begin(developer, id);
    expect(request.href).toMatch(/^http:\/\/auth\.example\/sandbox\/authorize\?/);
    const sent = Object.fromEntries(request.searchParams);
    expect(sent).toMatchObject({
      client_id: id,
      redirect_uri: 'http://portal.example/try-it/callback',
      scope: 'openid fhirUser launch/patient patient/*.rs',
      aud: base,
      prompt: 'consent',
      code_challenge_method: 'S256',
    });
    const query = new URLSearchParams({
      code: 'c1',
      state: sent.state ?? '',
      iss: 'http://auth.example/sandbox',
    });
    const back = await developer.get(`/try-it/callback?${query}`);
    const [exchange] = platform.received;
    expect(exchange).toMatchObject({ method: 'POST', host: 'auth.example', path: '/sandbox/token' });
    const form = new URLSearchParams(exchange?.body);
    expect(form.get('redirect_uri')).toBe(sent.redirect_uri);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    expect(challenge).toBe(sent.code_challenge);
    const page = await developer.get(back.headers.get('location') ?? '');
    expect(platform.received.at(-1)).toMatchObject({
      host: 'fhir.example',
      path: '/sandbox/interop/external/fhir/Patient/p1',
    });
    const text = textOf(page);
    expect(text).toContain('It works: your first FHIR answer');
    expect(text).toContain('"gender": "female"');
    expect(text).toContain('The member said yes');
    const [, secret = ''] = Buffer.from(exchange?.authorization.slice(6) ?? '', 'base64')
      .toString()
      .split(':');
    expect(secret.length).toBeGreaterThan(40);
    for (const encoded of [secret, exchange?.authorization ?? '-']) expect(page.text).not.toContain(encoded);
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' http://auth.example");
  });

  it('publishes an access that holds in the sandbox and never in production', async () => {
    const id = await newApp(developer);
    await platform.begin(developer, id);
    const state = (await stateOf(id)) as AppState;
    const uri = 'http://portal.example/try-it/callback';
    expect(appInEnvironment(state, 'sandbox').redirect_uris).toContain(uri);
    expect(appInEnvironment(state, 'sandbox').secrets).toHaveLength(1);
    expect(appInEnvironment(state, 'production')).toEqual(state);
    expect(state.redirect_uris).not.toContain(uri);
  });

  it('the portal’s callback cannot be registered by an app, by page, API or program', async () => {
    const id = await newApp(developer);
    for (const uri of [
      'http://portal.example/try-it/callback',
      'http://portal.example/try-it/callback?x=1',
    ]) {
      const refused = await developer.post(`/apps/${id}/redirect-uris`, { redirect_uris: uri });
      expect(refused.status).toBe(400);
      const created = await developer.post('/apps', {
        client_name: 'x',
        plan: 'patient-access',
        redirect_uris: uri,
      });
      expect(created.status).toBe(400);
    }
  });

  it('a run belongs to the browser that began it, and to its state', async () => {
    const id = await newApp(developer);
    const request = await platform.begin(developer, id);
    const state = request.searchParams.get('state') ?? '';
    const other = new Visitor(platform.portal.service.url);
    const stolen = await other.get(`/try-it/callback?${new URLSearchParams({ code: 'c1', state })}`);
    expect(stolen.status).toBe(404);
    const wrong = await developer.get(
      `/try-it/callback?${new URLSearchParams({ code: 'c1', state: `${state.split('.')[0]}.wrong` })}`,
    );
    expect(wrong.status).toBe(400);
    expect(platform.received).toEqual([]);
    const where = await platform.connect(developer, id);
    expect((await other.get(where)).status).toBe(404);
    expect((await other.post(`${where}/act`, { act: 'revoke' })).status).toBe(404);
    expect((await developer.get(where)).status).toBe(200);
  });

  it('a callback that is loaded again exchanges nothing again', async () => {
    const id = await newApp(developer);
    const request = await platform.begin(developer, id);
    const path = `/try-it/callback?${new URLSearchParams({ code: 'c1', state: request.searchParams.get('state') ?? '' })}`;
    await developer.get(path);
    await developer.get(path);
    expect(platform.received.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1);
  });

  it('a refusal is shown with its cause and its page', async () => {
    const id = await newApp(developer);
    const request = await platform.begin(developer, id);
    const query = new URLSearchParams({
      error: 'access_denied',
      error_description: 'the member decided not to share <b>',
      state: request.searchParams.get('state') ?? '',
    });
    const back = await developer.get(`/try-it/callback?${query}`);
    const page = await developer.get(back.headers.get('location') ?? '');
    expect(textOf(page)).toContain('The app is not connected');
    expect(page.text).toContain('href="/docs/errors/access_denied"');
    expect(page.text).not.toContain('share <b>');
  });

  it('the tokens are kept sealed, and a run is gone after an hour', async () => {
    const id = await newApp(developer);
    const where = await platform.connect(developer, id);
    const rows = (await platform.source.query('SELECT * FROM try_it_run WHERE client_id = $1', [
      id,
    ])) as object[];
    expect(JSON.stringify(rows)).not.toMatch(/access_token|refresh_token|gender/);
    await platform.source.query(
      "UPDATE try_it_run SET created_at = now() - interval '61 minutes' WHERE client_id = $1",
      [id],
    );
    expect((await developer.get(where)).status).toBe(404);
    const other = await newApp(developer);
    await platform.begin(developer, other);
    expect(await platform.source.query('SELECT 1 FROM try_it_run WHERE client_id = $1', [id])).toEqual([]);
  });

  it('the explorer reads below the FHIR base only, and follows next', async () => {
    const id = await newApp(developer);
    const where = await platform.connect(developer, id);
    const page = await developer.get(`${where}?${new URLSearchParams({ path: 'Practitioner?_count=1' })}`);
    expect(textOf(page)).toContain('Eva Lind');
    expect(page.text).toContain(`${where}?path=Practitioner%3Fpage%3D2`);
    await developer.get(`${where}?${new URLSearchParams({ type: 'Coverage', query: '_count=2' })}`);
    expect(platform.received.at(-1)?.path).toBe('/sandbox/interop/external/fhir/Coverage?_count=2');
    const before = platform.received.length;
    for (const path of [
      '../../../production',
      '//evil.example/x',
      'https://evil.example/',
      'Patient/../../x',
      'a b',
      '',
    ])
      expect({
        path,
        status: (await developer.get(`${where}?${new URLSearchParams({ path })}`)).status,
      }).toEqual({
        path,
        status: 400,
      });
    expect(platform.received).toHaveLength(before);
    platform.answer = () => ({
      body: { resourceType: 'Bundle', link: [{ relation: 'next', url: 'http://evil.example/x' }] },
    });
    expect((await developer.get(`${where}?path=Coverage`)).text).not.toContain('Next page');
  });

  it('acts send their request and add its answer', async () => {
    const id = await newApp(developer);
    const where = await platform.connect(developer, id);
    for (const [act, sent] of [
      ['refresh', /grant_type=refresh_token&refresh_token=r1/],
      ['wrong-redirect-uri', /^$/],
      ['end-token', /^token=e30/],
      ['replay-code', /grant_type=authorization_code&code=c1/],
      ['wrong-secret', /grant_type=client_credentials/],
      ['revoke', /^token=/],
    ] as const) {
      const done = await developer.post(`${where}/act`, { act });
      expect({ act, status: done.status }).toEqual({ act, status: 303 });
      expect(platform.received.at(-1)?.body).toMatch(sent);
    }
    platform.answer = () => ({ status: 401, body: { error: 'invalid_client' } });
    await developer.post(`${where}/act`, { act: 'wrong-secret' });
    expect((await developer.get(where)).text).toContain('href="/docs/errors/invalid_client"');
    expect((await developer.post(`${where}/act`, { act: 'invented' })).status).toBe(400);
  });

  it('a button that is pressed twice sends no token twice', async () => {
    const id = await newApp(developer);
    const where = await platform.connect(developer, id);
    let n = 1;
    platform.answer = () => ({ body: { access_token: jwtOf({ n }), refresh_token: `r${(n += 1)}` } });
    await Promise.all([1, 2, 3].map(() => developer.post(`${where}/act`, { act: 'refresh' })));
    const sent = platform.received.flatMap(
      ({ body }) => new URLSearchParams(body).get('refresh_token') ?? [],
    );
    expect(sent).toEqual(['r1', 'r2', 'r3']);
  });

  it('a directory app gets its token at once', async () => {
    const id = await newApp(developer, { plan: 'provider-directory', redirect_uris: '' });
    const where = await platform.begin(developer, id);
    expect(new URLSearchParams(platform.received[0]?.body).get('scope')).toBe('system/*.rs');
    expect(textOf(await developer.get(where.pathname))).toContain('Eva Lind');
  });

  it('the demonstration needs no account, and its app is nobody’s', async () => {
    const visitor = new Visitor(platform.portal.service.url);
    const first = await visitor.post('/demo', { plan: 'patient-access' });
    expect(first.headers.get('location')).toMatch(/^http:\/\/auth\.example\/sandbox\/authorize/);
    const again = await new Visitor(platform.portal.service.url).post('/demo', { plan: 'patient-access' });
    const clientOf = (answer: typeof first) =>
      new URL(answer.headers.get('location') ?? '').searchParams.get('client_id');
    expect(clientOf(again)).toBe(clientOf(first));
    const directory = await visitor.post('/demo', { plan: 'provider-directory' });
    const page = await visitor.get(directory.headers.get('location') ?? '');
    expect(page.status).toBe(200);
    expect(page.text).toContain('href="/sign-up"');
    expect((await developer.get(`/apps/${clientOf(first)}`)).status).toBe(404);
    expect((await visitor.post('/demo', { plan: 'none' })).status).toBe(400);
  });

  it('strangers, suspended apps, too many trials and too many acts are refused', async () => {
    const id = await newApp(developer);
    const other = await newDeveloper(platform.portal.service.url);
    expect((await other.post(`/apps/${id}/try-it`)).status).toBe(404);
    expect(
      (await new Visitor(platform.portal.service.url).post(`/apps/${id}/try-it`)).headers.get('location'),
    ).toBe('/sign-in');
    await platform.source.query("UPDATE app SET status = 'suspended' WHERE client_id = $1", [id]);
    expect((await developer.post(`/apps/${id}/try-it`)).status).toBe(409);
    const mine = await newApp(developer);
    const where = await platform.connect(developer, mine);
    const acts = Array.from({ length: 41 }, () => developer.post(`${where}/act`, { act: 'wrong-secret' }));
    expect((await Promise.all(acts)).map(({ status }) => status)).toContain(429);
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++) statuses.push((await developer.post(`/apps/${mine}/try-it`)).status);
    expect(statuses.at(-1)).toBe(429);
    const rows = (await platform.source.query(
      'SELECT count(*)::integer AS n FROM try_it_run WHERE client_id = $1',
      [mine],
    )) as [{ n: number }];
    expect(rows[0].n).toBeLessThanOrEqual(50);
  });
});
