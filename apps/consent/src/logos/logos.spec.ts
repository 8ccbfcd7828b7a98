import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TargetRules } from '@payer/service';
import { eventually } from '@payer/testing';
import { uploadedLogoPath } from '@payer/smart';
import { startConsentUnderTest } from '../testing/consent-under-test.js';
import { contentTypeOf, fetchLogo } from './fetch-logo.js';
import { logoLoader } from './load-logo.js';
import { Logos } from './logos.js';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the logo of an app is loaded by us', () => {
  let server: Server;
  let url: string;
  let ca: string;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logo-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
      ...['-subj', '/CN=logo.example', '-addext', 'subjectAltName=DNS:logo.example'],
      ...['-keyout', key, '-out', certificate],
    ]);
    ca = readFileSync(certificate, 'utf8');
    server = createServer({ key: readFileSync(key), cert: ca }, (request, response) => {
      if (request.url === '/logo.png') response.end(png);
      else if (request.url === '/large.png') response.end(Buffer.concat([png, Buffer.alloc(300_000)]));
      else if (request.url === '/page') response.end('<svg xmlns="http://www.w3.org/2000/svg"/>');
      else if (request.url === '/moved') response.writeHead(302, { location: '/logo.png' }).end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://logo.example:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  /** Resolves the one test name to the test server, whose address is not public. */
  const target: TargetRules = {
    refusalOf: () => undefined,
    lookup: (_name, options, done) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  };

  it('when it is a picture at an https address', async () => {
    expect(await fetchLogo(`${url}/logo.png`, { ca, target })).toEqual({
      contentType: 'image/png',
      bytes: png,
    });
  });

  it.each([
    ['/moved', /was 302/],
    ['/missing', /was 404/],
    ['/large.png', /more than/],
    ['/page', /no PNG/],
  ])('and not from %s', async (path, problem) => {
    await expect(fetchLogo(`${url}${path}`, { ca, target })).rejects.toThrow(problem);
  });

  it.each([
    'http://logo.example/logo.png',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://localhost/x',
    'https://169.254.169.254/x',
  ])('and never from %s', async (address) => {
    await expect(fetchLogo(address)).rejects.toThrow(/https:|inner address/);
  });

  it('knows pictures by their first bytes, and SVG is none', () => {
    expect(contentTypeOf(png)).toBe('image/png');
    expect(contentTypeOf(Buffer.from('RIFF\x00\x00\x00\x00WEBPVP8 ', 'latin1'))).toBe('image/webp');
    for (const text of ['<svg/>', '<html>', '', 'PNG'])
      expect(contentTypeOf(Buffer.from(text))).toBeUndefined();
  });
});

describe('the copy of a logo', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('is shown from our origin; an app without one is shown by its initial', async () => {
    const uri = 'https://logo.invalid/logo.png';
    const { go } = await test.allow({ client_id: 'drawn', client_name: 'Drawn', logo_uri: uri });
    await test.allow({ client_id: 'broken', client_name: 'Broken', logo_uri: uri }, go);
    await test.knowApp('drawn', { client_name: 'Drawn', logo_uri: uri });
    await test.knowApp('broken', { client_name: 'Broken', logo_uri: 'https://broken.invalid/logo.png' });
    const logos = new Logos(test.source, (address) =>
      address === uri
        ? Promise.resolve({ contentType: 'image/png', bytes: png })
        : Promise.reject(new Error('gone')),
    );
    await test.source.query('DELETE FROM app_logo');
    await logos.refresh();
    const page = (await go('/sandbox/')).text;
    expect(page).toContain('src="/sandbox/logos/drawn"');
    expect(page).not.toMatch(/\.invalid|src="[^"]*broken/);
    expect(page).toMatch(/class="app-logo" aria-hidden="true">B</);
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, { client_id: 'drawn' })}`);
    expect((await go(location)).text).toContain('src="/sandbox/logos/drawn"');
    const picture = await fetch(`${test.running.url}/sandbox/logos/drawn`);
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
    expect((await fetch(`${test.running.url}/sandbox/logos/broken`)).status).toBe(404);
  });

  it('stays when the logo cannot be loaded again', async () => {
    await test.source.query("UPDATE app_logo SET next_fetch = now() - interval '1 s'");
    await new Logos(test.source, () => Promise.reject(new Error('gone'))).refresh();
    expect((await fetch(`${test.running.url}/sandbox/logos/drawn`)).status).toBe(200);
    const due = await test.source.query('SELECT 1 FROM app_logo WHERE next_fetch < now()');
    expect(due).toEqual([]);
  });

  it('that was uploaded comes from registration, and is the one that its address names', async () => {
    const digest = createHash('sha256').update(png).digest('hex');
    const asked: string[] = [];
    const identity = (body: string, status = 200) => ({
      call: (service: string, url: string) => {
        asked.push(`${service} ${url}`);
        return Promise.resolve(new Response(body, { status }));
      },
    });
    const config = {
      REGISTRATION_URL: 'http://localhost:4001',
      REGISTRATION_INTERNAL_URL: 'http://inner:8081',
    };
    const uri = config.REGISTRATION_URL + uploadedLogoPath('uploaded', digest);
    const body = JSON.stringify({ png: png.toString('base64') });
    const load = logoLoader(config, identity(body));
    await test.knowApp('uploaded', { client_name: 'Uploaded', logo_uri: uri });
    const logos = new Logos(test.source, load, `${config.REGISTRATION_URL}/logos/`);
    // The job of the running service may note a failure first, because its registration is away.
    await eventually(async () => {
      await test.source.query('DELETE FROM app_logo WHERE logo_uri = $1', [uri]);
      await logos.refresh();
      return asked.length > 0;
    });
    expect(asked[0]).toBe(`registration http://inner:8081/internal/logos/uploaded/${digest}`);
    const picture = await fetch(`${test.running.url}/sandbox/logos/uploaded`);
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(png);
    for (const answer of [
      identity(JSON.stringify({ png: Buffer.from('other').toString('base64') })),
      identity('{}', 404),
    ])
      await expect(logoLoader(config, answer)(uri)).rejects.toThrow(/registration/);
  });
});
