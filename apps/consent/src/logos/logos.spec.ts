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

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

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
    await test.source.query('DELETE FROM logo_copy');
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
    await test.source.query("UPDATE logo_copy SET next_fetch = now() - interval '1 s'");
    await new Logos(test.source, () => Promise.reject(new Error('gone'))).refresh();
    expect((await fetch(`${test.running.url}/sandbox/logos/drawn`)).status).toBe(200);
    const due = await test.source.query('SELECT 1 FROM logo_copy WHERE next_fetch < now()');
    expect(due).toEqual([]);
  });

  it('is made for each address, however long, and a copy that cannot be stored stops no other', async () => {
    const long = `https://long.invalid/${'ä'.repeat(2850)}`;
    const bad = 'https://bad.invalid/logo.png';
    const good = 'https://good.invalid/logo.png';
    for (const [id, logo_uri] of Object.entries({ long, bad, good }))
      await test.knowApp(id, { client_name: id, logo_uri });
    // The column takes no text with a NUL, so this copy cannot be stored.
    const contentType = (uri: string) => (uri === bad ? 'image/\0' : 'image/png');
    const logos = new Logos(test.source, (uri) =>
      Promise.resolve({ contentType: contentType(uri), bytes: png }),
    );
    // The job of the running service may note a failure first.
    await eventually(async () => {
      await test.source.query('DELETE FROM logo_copy WHERE uri_sha256 = ANY($1)', [
        [long, bad, good].map(sha256),
      ]);
      const failure = await logos.refresh().catch((error: Error) => error.message);
      return /0x00/.test(failure ?? '') && (await logos.find('good')) && (await logos.find('long'));
    });
    expect(await logos.find('bad')).toBeUndefined();
  });

  it('goes when no app names its address any more', async () => {
    const [old, kept] = ['https://old.invalid/logo.png', 'https://kept.invalid/logo.png'];
    await test.knowApp('changing', { client_name: 'Changing', logo_uri: old });
    await test.knowApp('staying', { client_name: 'Staying', logo_uri: kept });
    const logos = new Logos(test.source, () => Promise.resolve({ contentType: 'image/png', bytes: png }));
    const copies = async () =>
      (
        await test.source.query('SELECT uri_sha256 FROM logo_copy WHERE uri_sha256 = ANY($1)', [
          [old, kept].map(sha256),
        ])
      ).map((row: { uri_sha256: string }) => row.uri_sha256);
    await eventually(async () => {
      await logos.refresh();
      return (await copies()).length === 2;
    });
    await test.source.query(
      `UPDATE app_model SET state = jsonb_set(state, '{logo_uri}', '"https://new.invalid/"') WHERE client_id = 'changing'`,
    );
    await logos.forgetUnnamed();
    expect(await copies()).toEqual([sha256(kept)]);
  });

  it('that was uploaded comes from registration, and is the one that its address names', async () => {
    const digest = sha256(png);
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
      await test.source.query('DELETE FROM logo_copy WHERE uri_sha256 = $1', [sha256(uri)]);
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
