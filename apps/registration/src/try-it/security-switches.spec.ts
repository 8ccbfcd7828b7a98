import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyDpopProof } from '@payer/service';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { newApp, newDeveloper, textOf, type Visitor } from '../testing/portal.js';
import { jwtOf, TrialPlatform, type Received } from './testing/trial-platform.js';

describe('try it, with an app that demands more', () => {
  const platform = new TrialPlatform();
  let developer: Visitor;
  beforeAll(async () => {
    await platform.start();
    developer = await newDeveloper(platform.portal.service.url);
  });
  afterAll(() => platform.stop());
  beforeEach(() => platform.reset());

  const proofs = () => platform.received.map(({ dpop }) => dpop).filter((proof) => proof !== '');
  const proven = ({ dpop, method, host, path }: Received, accessToken?: string) =>
    verifyDpopProof(dpop, { method, url: `http://${host}${path}`, accessToken });
  const appWith = async (switches: string, more: Record<string, string> = {}) => {
    const id = await newApp(developer, more);
    await platform.source.query(`UPDATE app SET ${switches} WHERE client_id = $1`, [id]);
    return id;
  };

  it('pushes its authorization request, and the browser carries the request_uri alone', async () => {
    const id = await appWith('require_pushed_authorization_requests = true');
    const request = await platform.begin(developer, id);
    const sent = { client_id: id, request_uri: 'urn:pushed:1' };
    expect(Object.fromEntries(request.searchParams)).toEqual(sent);
    const [push] = platform.received;
    expect(push).toMatchObject({ method: 'POST', host: 'auth.example', path: '/sandbox/par', dpop: '' });
    expect(push?.authorization).toMatch(/^Basic /);
    const pushed = new URLSearchParams(push?.body);
    expect(pushed.get('client_id')).toBe(id);
    expect(pushed.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    const query = new URLSearchParams({ code: 'c1', state: pushed.get('state') ?? '' });
    for (let n = 0; n < 2; n += 1) await developer.get(`/try-it/callback?${query}`);
    expect(platform.received.filter(({ path }) => path.endsWith('/token'))).toHaveLength(1);
    const page = await developer.get(`/try-it/${pushed.get('state')?.split('.')[0]}`);
    const text = textOf(page);
    expect(text).toContain('1. The app pushed its authorization request');
    expect(text).toContain('3. The member said yes');
    expect(text).toContain('It works: your first FHIR answer');
    expect(page.text).not.toContain(push?.authorization.slice(6));
  });

  it('shows why the pushed request was refused, and sends no browser away', async () => {
    const id = await appWith('require_pushed_authorization_requests = true');
    platform.answer = () => ({ status: 400, body: { error: 'invalid_scope' } });
    const where = await platform.begin(developer, id);
    expect(where.pathname).toMatch(/^\/try-it\//);
    const page = await developer.get(where.pathname);
    expect(textOf(page)).toContain('The app is not connected');
    expect(page.text).toContain('href="/docs/errors/invalid_scope"');
  });

  it('proves with each request that it holds the key of its tokens', async () => {
    const id = await appWith('dpop_bound_access_tokens = true');
    const request = await platform.begin(developer, id);
    const query = { code: 'c1', state: request.searchParams.get('state') ?? '' };
    const back = await developer.get(`/try-it/callback?${new URLSearchParams(query)}`);
    const where = back.headers.get('location') ?? '';
    const page = await developer.get(where);
    const [exchange, read] = platform.received;
    const { thumbprint } = await proven(exchange!);
    expect(request.searchParams.get('dpop_jkt')).toBe(thumbprint);
    const accessToken = jwtOf({ patient: 'p1' });
    expect(read?.authorization).toBe(`DPoP ${accessToken}`);
    expect((await proven(read!, accessToken)).thumbprint).toBe(thumbprint);
    await developer.post(`${where}/act`, { act: 'refresh' });
    expect((await proven(platform.received.at(-1)!)).thumbprint).toBe(thumbprint);
    await developer.get(`${where}?path=Coverage%3F_count%3D1`);
    const refreshed = jwtOf({ sub: 'app' });
    expect((await proven(platform.received.at(-1)!, refreshed)).thumbprint).toBe(thumbprint);
    const ids = proofs().map((proof) => decodeJwt(proof).jti);
    expect(new Set(ids).size).toBe(ids.length);
    for (const proof of proofs()) expect(decodeProtectedHeader(proof).jwk).not.toHaveProperty('d');
    expect(textOf(page)).toContain('a JWT with the public key that names this method and URL');
    const rows = (await platform.source.query('SELECT * FROM try_it_run WHERE client_id = $1', [
      id,
    ])) as object[];
    expect(JSON.stringify(rows)).not.toContain('proof_key');
    const other = await platform.begin(developer, id);
    expect(other.searchParams.get('dpop_jkt')).not.toBe(thumbprint);
  });

  it('pushes with a proof when both are on, and a directory app proves its requests too', async () => {
    const id = await appWith('require_pushed_authorization_requests = true, dpop_bound_access_tokens = true');
    await platform.begin(developer, id);
    const pushed = new URLSearchParams(platform.received[0]?.body);
    expect((await proven(platform.received[0]!)).thumbprint).toBe(pushed.get('dpop_jkt'));
    platform.reset();
    const directory = await appWith('dpop_bound_access_tokens = true', {
      plan: 'provider-directory',
      redirect_uris: '',
    });
    const where = await platform.begin(developer, directory);
    await proven(platform.received[0]!);
    await developer.get(where.pathname);
    expect(platform.received.at(-1)?.authorization).toMatch(/^DPoP /);
  });
});
