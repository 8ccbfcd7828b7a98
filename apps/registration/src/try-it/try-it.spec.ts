import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { appInEnvironment, appState, type AppState } from '@payer/smart';
import { DataSource } from 'typeorm';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';

interface Received {
  method: string;
  host: string;
  path: string;
  authorization: string;
  body: string;
}

const base = 'http://fhir.example/sandbox/interop/external/fhir';
const jwtOf = (claims: object) =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

describe('try it', () => {
  let platform: Server;
  let received: Received[] = [];
  let answer: (request: Received) => { status?: number; body: unknown };
  let portal: TestPortal;
  let source: DataSource;
  let developer: Visitor;

  beforeAll(async () => {
    platform = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const one = {
          method: request.method ?? '',
          host: request.headers.host ?? '',
          path: request.url ?? '',
          authorization: request.headers.authorization ?? '',
          body,
        };
        received.push(one);
        const { status = 200, body: text } = answer(one);
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(typeof text === 'string' ? text : JSON.stringify(text));
      });
    });
    await new Promise<void>((resolve) => platform.listen(0, resolve));
    const origin = `http://localhost:${(platform.address() as AddressInfo).port}`;
    portal = await startPortal({
      AUTH_SERVER_URL: 'http://auth.example',
      AUTH_SERVER_ORIGIN: origin,
      SANDBOX_FHIR_BASE_URL: base,
      FHIR_API_ORIGIN: origin,
      TRY_IT_LIMIT_PER_ADDRESS: '40/60',
    });
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    developer = await newDeveloper(portal.service.url);
  }, 60_000);
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
    platform?.close();
  });
  beforeEach(() => {
    received = [];
    answer = ({ path, body }) => {
      if (path.endsWith('/token') && body.includes('grant_type=authorization_code'))
        return {
          body: {
            access_token: jwtOf({ patient: 'p1' }),
            refresh_token: 'r1',
            patient: 'p1',
            expires_in: 3599,
          },
        };
      if (path.endsWith('/token')) return { body: { access_token: jwtOf({ sub: 'app' }), expires_in: 3599 } };
      if (path.includes('/Patient/'))
        return { body: { resourceType: 'Patient', id: 'p1', gender: 'female' } };
      return {
        body: {
          resourceType: 'Bundle',
          entry: [
            {
              resource: {
                resourceType: 'Practitioner',
                id: 'd1',
                name: [{ family: 'Lind', given: ['Eva'] }],
              },
            },
          ],
          link: [{ relation: 'next', url: `${base}/Practitioner?page=2` }],
        },
      };
    };
  });

  const begin = async (visitor: Visitor, id: string) => {
    const begun = await visitor.post(`/apps/${id}/try-it`);
    expect(begun.status).toBe(303);
    return new URL(begun.headers.get('location') ?? '', 'http://portal.example');
  };
  const connect = async (visitor: Visitor, id: string) => {
    const request = await begin(visitor, id);
    const query = new URLSearchParams({ code: 'c1', state: request.searchParams.get('state') ?? '' });
    const back = await visitor.get(`/try-it/callback?${query}`);
    expect(back.status).toBe(303);
    return back.headers.get('location') ?? '';
  };
  const stateOf = async (id: string): Promise<AppState | undefined> => {
    const visitor = await source.query('SELECT * FROM app WHERE client_id = $1', [id]);
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
    const request = await begin(developer, id);
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
    const [exchange] = received;
    expect(exchange).toMatchObject({ method: 'POST', host: 'auth.example', path: '/sandbox/token' });
    const form = new URLSearchParams(exchange?.body);
    expect(form.get('redirect_uri')).toBe(sent.redirect_uri);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    expect(challenge).toBe(sent.code_challenge);
    const page = await developer.get(back.headers.get('location') ?? '');
    expect(received.at(-1)).toMatchObject({
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
    await begin(developer, id);
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
    const request = await begin(developer, id);
    const state = request.searchParams.get('state') ?? '';
    const other = new Visitor(portal.service.url);
    const stolen = await other.get(`/try-it/callback?${new URLSearchParams({ code: 'c1', state })}`);
    expect(stolen.status).toBe(404);
    const wrong = await developer.get(
      `/try-it/callback?${new URLSearchParams({ code: 'c1', state: `${state.split('.')[0]}.wrong` })}`,
    );
    expect(wrong.status).toBe(400);
    expect(received).toEqual([]);
    const where = await connect(developer, id);
    expect((await other.get(where)).status).toBe(404);
    expect((await other.post(`${where}/act`, { act: 'revoke' })).status).toBe(404);
    expect((await developer.get(where)).status).toBe(200);
  });

  it('a callback that is loaded again exchanges nothing again', async () => {
    const id = await newApp(developer);
    const request = await begin(developer, id);
    const path = `/try-it/callback?${new URLSearchParams({ code: 'c1', state: request.searchParams.get('state') ?? '' })}`;
    await developer.get(path);
    await developer.get(path);
    expect(received.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1);
  });

  it('a refusal is shown with its cause and its page', async () => {
    const id = await newApp(developer);
    const request = await begin(developer, id);
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
    const where = await connect(developer, id);
    const rows = (await source.query('SELECT * FROM try_it_run WHERE client_id = $1', [id])) as object[];
    expect(JSON.stringify(rows)).not.toMatch(/access_token|refresh_token|gender/);
    await source.query(
      "UPDATE try_it_run SET created_at = now() - interval '61 minutes' WHERE client_id = $1",
      [id],
    );
    expect((await developer.get(where)).status).toBe(404);
    const other = await newApp(developer);
    await begin(developer, other);
    expect(await source.query('SELECT 1 FROM try_it_run WHERE client_id = $1', [id])).toEqual([]);
  });

  it('the explorer reads below the FHIR base only, and follows next', async () => {
    const id = await newApp(developer);
    const where = await connect(developer, id);
    const page = await developer.get(`${where}?${new URLSearchParams({ path: 'Practitioner?_count=1' })}`);
    expect(textOf(page)).toContain('Eva Lind');
    expect(page.text).toContain(`${where}?path=Practitioner%3Fpage%3D2`);
    await developer.get(`${where}?${new URLSearchParams({ type: 'Coverage', query: '_count=2' })}`);
    expect(received.at(-1)?.path).toBe('/sandbox/interop/external/fhir/Coverage?_count=2');
    const before = received.length;
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
    expect(received).toHaveLength(before);
    answer = () => ({
      body: { resourceType: 'Bundle', link: [{ relation: 'next', url: 'http://evil.example/x' }] },
    });
    expect((await developer.get(`${where}?path=Coverage`)).text).not.toContain('Next page');
  });

  it('acts send their request and add its answer', async () => {
    const id = await newApp(developer);
    const where = await connect(developer, id);
    for (const [act, sent] of [
      ['refresh', /grant_type=refresh_token&refresh_token=r1/],
      ['replay-code', /grant_type=authorization_code&code=c1/],
      ['wrong-secret', /grant_type=client_credentials/],
      ['revoke', /^token=/],
    ] as const) {
      const done = await developer.post(`${where}/act`, { act });
      expect({ act, status: done.status }).toEqual({ act, status: 303 });
      expect(received.at(-1)?.body).toMatch(sent);
    }
    answer = () => ({ status: 401, body: { error: 'invalid_client' } });
    await developer.post(`${where}/act`, { act: 'wrong-secret' });
    expect((await developer.get(where)).text).toContain('href="/docs/errors/invalid_client"');
    expect((await developer.post(`${where}/act`, { act: 'invented' })).status).toBe(400);
  });

  it('a button that is pressed twice sends no token twice', async () => {
    const id = await newApp(developer);
    const where = await connect(developer, id);
    let n = 1;
    answer = () => ({ body: { access_token: jwtOf({ n }), refresh_token: `r${(n += 1)}` } });
    await Promise.all([1, 2, 3].map(() => developer.post(`${where}/act`, { act: 'refresh' })));
    const sent = received.flatMap(({ body }) => new URLSearchParams(body).get('refresh_token') ?? []);
    expect(sent).toEqual(['r1', 'r2', 'r3']);
  });

  it('a directory app gets its token at once', async () => {
    const id = await newApp(developer, { plan: 'provider-directory', redirect_uris: '' });
    const where = await begin(developer, id);
    expect(new URLSearchParams(received[0]?.body).get('scope')).toBe('system/*.rs');
    expect(textOf(await developer.get(where.pathname))).toContain('Eva Lind');
  });

  it('the demonstration needs no account, and its app is nobody’s', async () => {
    const visitor = new Visitor(portal.service.url);
    const first = await visitor.post('/demo', { plan: 'patient-access' });
    expect(first.headers.get('location')).toMatch(/^http:\/\/auth\.example\/sandbox\/authorize/);
    const again = await new Visitor(portal.service.url).post('/demo', { plan: 'patient-access' });
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

  it.each([
    ['require_pushed_authorization_requests', 'Require pushed authorization requests'],
    ['dpop_bound_access_tokens', 'Bind tokens to a key (DPoP)'],
  ])('the page says why the portal cannot try an app with %s', async (column, name) => {
    const id = await newApp(developer);
    await source.query(`UPDATE app SET ${column} = true WHERE client_id = $1`, [id]);
    const answer = await developer.post(`/apps/${id}/try-it`);
    expect(answer.status).toBe(409);
    expect(answer.text).toContain(name);
    expect(received).toEqual([]);
  });

  it('strangers, suspended apps and too many trials are refused', async () => {
    const id = await newApp(developer);
    const other = await newDeveloper(portal.service.url);
    expect((await other.post(`/apps/${id}/try-it`)).status).toBe(404);
    expect((await new Visitor(portal.service.url).post(`/apps/${id}/try-it`)).headers.get('location')).toBe(
      '/sign-in',
    );
    await source.query("UPDATE app SET status = 'suspended' WHERE client_id = $1", [id]);
    expect((await developer.post(`/apps/${id}/try-it`)).status).toBe(409);
    const mine = await newApp(developer);
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++) statuses.push((await developer.post(`/apps/${mine}/try-it`)).status);
    expect(statuses.at(-1)).toBe(429);
    const rows = (await source.query('SELECT count(*)::integer AS n FROM try_it_run WHERE client_id = $1', [
      mine,
    ])) as [{ n: number }];
    expect(rows[0].n).toBeLessThanOrEqual(50);
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
