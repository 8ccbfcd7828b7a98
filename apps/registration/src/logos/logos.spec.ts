import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { request } from 'node:http';
import { ServiceIdentity } from '@payer/service';
import { internalLogoPath, uploadedLogoAt, uploadedLogoPath } from '@payer/smart';
import {
  newApp,
  newDeveloper,
  portalOrigin,
  startPortal,
  textOf,
  Visitor,
  type TestPortal,
} from '../testing/portal.js';
import { drawingTime, renderLogo } from './render-logo.js';
import { statedSize } from './picture-size.js';
import { pngOf, smallJpeg, svgOf } from './testing/pictures.js';

const digest = 'a'.repeat(64);

/** The status for a form that states its length and sends nothing of it yet. */
function statusOfDeclared(url: string, length: number): Promise<number | undefined> {
  const headers = { 'content-type': 'multipart/form-data; boundary=x', 'content-length': length };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.flushHeaders();
  });
}

describe('addresses of uploaded logos', () => {
  it('are read back, at the portal only', () => {
    const uploaded = `https://portal.example${uploadedLogoPath('app1', digest)}`;
    expect(uploadedLogoAt(uploaded, 'https://portal.example')).toEqual({ client_id: 'app1', digest });
    for (const foreign of [
      `https://attacker.example${uploadedLogoPath('app1', digest)}`,
      `https://portal.example.attacker.example${uploadedLogoPath('app1', digest)}`,
      `https://portal.example/logos/../internal/facts/${digest}.png`,
      `https://portal.example/logos/app1/${digest}.svg`,
      `https://portal.example/logos/app1/${digest}.png?x`,
    ])
      expect(uploadedLogoAt(foreign, 'https://portal.example')).toBeUndefined();
  });
});

describe('an uploaded file', () => {
  it.each([
    ['PNG', pngOf(40, 20)],
    ['JPEG', smallJpeg],
    ['SVG', svgOf('<g><circle cx="5" cy="5" r="4"/></g>')],
  ])('that is a %s becomes a square PNG', async (_kind, file) => {
    const png = await renderLogo('dev', file);
    expect(statedSize(png, 'png')).toEqual({ width: 256, height: 256 });
    // Drawn again, the same picture has the same bytes and thus the same address.
    expect(await renderLogo('dev', file)).toEqual(png);
  });

  it('keeps nothing but its picture', async () => {
    const hidden = '<script>alert(1)</script>';
    const png = await renderLogo('dev', Buffer.concat([pngOf(8, 8, hidden), Buffer.from(hidden)]));
    expect(png.toString('latin1')).not.toContain('alert');
    const drawn = await renderLogo('dev', svgOf('', `onload="alert(1)"`));
    expect(drawn.subarray(1, 4).toString()).toBe('PNG');
  });

  it.each([
    ['a page', Buffer.from('<html><svg></svg></html>'), /PNG, JPEG or SVG/],
    ['nothing', Buffer.alloc(0), /PNG, JPEG or SVG/],
    ['a GIF', Buffer.from('GIF89a'), /PNG, JPEG or SVG/],
    ['a PNG in name only', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /broken header/],
    ['a PNG that ends early', pngOf(64, 64).subarray(0, 60), /cannot be read/],
    ['a JPEG that ends early', smallJpeg.subarray(0, 30), /broken header|cannot be read/],
    ['a PNG that unfolds to gigabytes', pngOf(20_000, 1), /at most 2048/],
    ['a file that is too large', Buffer.concat([pngOf(8, 8), Buffer.alloc(200_000)]), /at most 200000 bytes/],
    ['an SVG with a script', svgOf('<script>alert(1)</script>'), /<script>/],
    ['an SVG with a page in it', svgOf('<foreignObject><a/></foreignObject>'), /<foreignObject>/],
    ['an SVG that loads a picture', svgOf('<image href="https://tracker.example/x.png"/>'), /<image>/],
    ['an SVG that repeats itself', svgOf('<use xlink:href="#a"/>'), /<use>/],
    ['an SVG with a prefixed element', svgOf('<svg:script/>'), /<svg:script>/],
    [
      'an SVG with an entity',
      Buffer.from('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg/>'),
      /PNG, JPEG|document type/,
    ],
    ['an SVG with a late entity', svgOf('<!ENTITY a "b">'), /document type/],
    ['an SVG of thousands of elements', svgOf('<g/>'.repeat(2001)), /at most 2000 elements/],
    ['an SVG with clip paths, which may clip each other', svgOf('<clipPath id="a"/>'), /clipPath/],
    ['an SVG that is broken', svgOf('<g>'), /cannot be read/],
    [
      'an SVG without a picture',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /cannot be read/,
    ],
  ])('that is %s is refused with its fault', async (_kind, file, fault) => {
    await expect(renderLogo('dev', file)).rejects.toMatchObject({
      detail: expect.stringMatching(fault),
      errors: [{ field: 'logo' }],
    });
  });

  it('that is endless work is refused after the time of a drawing', async () => {
    const endless = svgOf('<path d="M0 0H200000" stroke="red" stroke-dasharray="0.5"/>'.repeat(600));
    await expect(renderLogo('dev', endless, 500)).rejects.toMatchObject({
      detail: expect.stringMatching(/takes too long/),
      errors: [{ field: 'logo' }],
    });
    expect(drawingTime).toBe(5000);
    // The drawing that was given up keeps nobody waiting.
    expect(statedSize(await renderLogo('dev', pngOf(8, 8)), 'png')).toEqual({ width: 256, height: 256 });
  });
});

describe('drawings', () => {
  const endless = svgOf('<path d="M0 0H200000" stroke="red" stroke-dasharray="0.5"/>'.repeat(600));
  const tooMany = { code: 'too_many_requests', verdict: { headers: { 'retry-after': '5' } } };

  it('are one at a time for each owner, and others wait for one of them only', async () => {
    const first = renderLogo('slow', endless, 500);
    const refused = await Promise.all(
      [1, 2, 3].map(() => renderLogo('slow', pngOf(8, 8)).catch((error: unknown) => error)),
    );
    expect(refused).toMatchObject([tooMany, tooMany, tooMany]);
    const other = renderLogo('other', pngOf(8, 8));
    await expect(first).rejects.toThrow(/takes too long/);
    expect(statedSize(await other, 'png')).toEqual({ width: 256, height: 256 });
    expect(statedSize(await renderLogo('slow', pngOf(8, 8)), 'png')).toEqual({ width: 256, height: 256 });
  });

  it('are refused when a minute of them waits', async () => {
    const waiting = Array.from({ length: 12 }, (_, n) => renderLogo(`owner-${n}`, pngOf(8, 8)));
    await expect(renderLogo('late', pngOf(8, 8))).rejects.toMatchObject(tooMany);
    await Promise.all(waiting);
    await expect(renderLogo('late', pngOf(8, 8))).resolves.toBeInstanceOf(Buffer);
  });
});

describe('the logo of an app', () => {
  let portal: TestPortal;
  let url: string;
  let developer: Visitor;
  let app: string;
  beforeAll(async () => {
    portal = await startPortal();
    ({ url } = portal.service);
    developer = await newDeveloper(url);
    app = await newApp(developer, { logo_uri: 'https://client-app.example/logo.png' });
  });
  afterAll(() => portal?.stop());

  const uploadForm = (visitor: Visitor, file: Buffer | undefined, of = app, origin = portalOrigin) => {
    const form = new FormData();
    if (file) form.set('logo', new Blob([new Uint8Array(file)]), '../<b>evil</b>.svg');
    return visitor.send('POST', `/apps/${of}/logo`, { headers: { origin }, body: form });
  };
  const addressIn = (text: string) => /src="(\/logos\/[^"]+)"/.exec(text)?.[1];
  const tokenOf = async (email: string) => {
    const password = 'a-long-password';
    const visitor = new Visitor(url);
    await visitor.json('POST', '/api/developers', { name: 'A', organization: 'B', email, password });
    return (await visitor.json('POST', '/api/sessions', { email, password })).json.token as string;
  };

  it('is uploaded on the page and served with headers under which it can do nothing', async () => {
    const done = await uploadForm(developer, svgOf());
    expect(done.headers.get('location')).toBe(`/apps/${app}/settings?done=logo-uploaded`);
    const page = await developer.get(`/apps/${app}/settings`);
    const address = addressIn(page.text) ?? '';
    expect(page.headers.get('content-security-policy')).toContain("img-src 'self'");
    expect(page.text).toContain('value="https://client-app.example/logo.png"');
    const picture = await fetch(`${url}${address}`);
    expect(Object.fromEntries(picture.headers)).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'public, max-age=86400, immutable',
    });
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(await renderLogo('dev', svgOf()));
    expect((await fetch(`${url}${address.replace(/[0-9a-f]{64}/, digest)}`)).status).toBe(404);
    expect((await fetch(`${url}${address.replace('.png', '')}`)).status).toBe(404);
    await uploadForm(developer, pngOf(9, 9));
    expect((await fetch(`${url}${address}`)).status).toBe(404);
    const removed = await developer.post(`/apps/${app}/logo/remove`);
    expect(removed.headers.get('location')).toContain('done=logo-removed');
    expect(addressIn((await developer.get(`/apps/${app}/settings`)).text)).toBeUndefined();
  });

  it('an upload during a drawing of the same developer comes again later', async () => {
    const { id } = (await developer.json('GET', '/api/developers/me', undefined, developer.token)).json;
    const endless = svgOf('<path d="M0 0H200000" stroke="red" stroke-dasharray="0.5"/>'.repeat(600));
    const drawing = renderLogo(id, endless).catch(() => undefined);
    const page = await uploadForm(developer, pngOf(8, 8));
    const api = await developer.send('PUT', `/api/apps/${app}/logo`, {
      headers: { authorization: `Bearer ${developer.token}`, 'content-type': 'image/png' },
      body: new Uint8Array(pngOf(8, 8)),
    });
    for (const answer of [page, api])
      expect({ status: answer.status, after: answer.headers.get('retry-after') }).toEqual({
        status: 429,
        after: '5',
      });
    await drawing;
    expect((await uploadForm(developer, pngOf(8, 8))).status).toBe(303);
    await developer.post(`/apps/${app}/logo/remove`);
  });

  it('a refused file is explained on the settings page', async () => {
    for (const [file, words] of [
      [undefined, 'choose a file'],
      [Buffer.from('no picture'), 'must be a PNG, JPEG or SVG picture'],
      [svgOf('<script>alert(1)</script>'), 'must not have the element <script>'],
    ] as const) {
      const refused = await uploadForm(developer, file);
      expect(refused.status).toBe(400);
      expect(refused.text).not.toContain('<script>alert(1)');
      expect(textOf(refused).replaceAll('&lt;', '<')).toContain(words);
    }
    expect((await developer.get(`/apps/${app}/logo`)).headers.get('location')).toBe(`/apps/${app}/settings`);
    expect(await statusOfDeclared(`${url}/apps/${app}/logo`, 300_000)).toBe(413);
  });

  it('is uploaded by the API, of the own apps only; logo_uri stays as it was', async () => {
    const token = await tokenOf('logos@client-app.example');
    const api = new Visitor(url);
    const { json } = await api.json(
      'POST',
      '/api/apps',
      { client_name: 'A', logo_uri: 'https://a.example/l.png' },
      token,
    );
    const at = `/api/apps/${json.client_id}/logo`;
    const put = (file: Buffer | string, type: string, bearer = token) =>
      api.send('PUT', at, {
        headers: { authorization: `Bearer ${bearer}`, 'content-type': type },
        body: typeof file === 'string' ? file : new Uint8Array(file),
      });
    const answer = await put(pngOf(20, 20), 'image/png');
    expect(answer.json.uploaded_logo_uri).toMatch(
      new RegExp(`^${portalOrigin}/logos/${json.client_id}/[0-9a-f]{64}\\.png$`),
    );
    const view = await api.json('GET', `/api/apps/${json.client_id}`, undefined, token);
    expect(view.json).toMatchObject({ logo_uri: 'https://a.example/l.png', ...answer.json });
    // The declared type of a file is not trusted.
    expect((await put(Buffer.from('<html>'), 'image/png')).status).toBe(400);
    expect((await put('{}', 'application/json')).status).toBe(400);
    expect((await put('x', 'text/html')).status).toBe(415);
    const stranger = await tokenOf('logo-thief@client-app.example');
    expect((await put(pngOf(20, 20), 'image/png', stranger)).status).toBe(404);
    expect((await put(pngOf(20, 20), 'image/png', 'none')).status).toBe(401);
    const patched = { uploaded_logo_uri: 'https://attacker.example/x.png', client_name: 'B' };
    await api.json('PATCH', `/api/apps/${json.client_id}`, patched, token);
    expect((await api.json('GET', `/api/apps/${json.client_id}`, undefined, token)).json).toMatchObject(
      answer.json,
    );
    expect((await api.json('DELETE', at, undefined, token)).status).toBe(204);
    expect((await api.json('GET', `/api/apps/${json.client_id}`, undefined, token)).json).toMatchObject({
      uploaded_logo_uri: null,
    });
  });

  it('no other address takes pictures or files of forms', async () => {
    const picture = { headers: { 'content-type': 'image/png' }, body: new Uint8Array(pngOf(8, 8)) };
    expect((await developer.send('POST', '/api/developers', picture)).status).toBe(415);
    const form = new FormData();
    form.set('client_name', 'x');
    expect(
      (await developer.send('POST', '/apps', { headers: { origin: portalOrigin }, body: form })).status,
    ).toBe(415);
  });

  it('a page of another site, and another developer, upload nothing', async () => {
    expect((await uploadForm(developer, pngOf(8, 8), app, 'https://attacker.example')).status).toBe(403);
    const stranger = await newDeveloper(url);
    expect((await uploadForm(stranger, pngOf(8, 8))).status).toBe(404);
    expect((await stranger.post(`/apps/${app}/logo/remove`)).status).toBe(404);
  });

  it('is given to consent, and to no other service', async () => {
    await uploadForm(developer, svgOf());
    const address = addressIn((await developer.get(`/apps/${app}/settings`)).text) ?? '';
    const logo = uploadedLogoAt(`${portalOrigin}${address}`, portalOrigin)!;
    const ask = async (service: 'consent' | 'fhir-api') => {
      const identity = ServiceIdentity.of(service, { NODE_ENV: 'test' });
      const authorization = await identity.authorizationFor('registration');
      return fetch(`${url}${internalLogoPath(logo)}`, { headers: { authorization } });
    };
    const answer = await ask('consent');
    const { png } = (await answer.json()) as { png: string };
    expect(Buffer.from(png, 'base64')).toEqual(await renderLogo('dev', svgOf()));
    expect((await ask('fhir-api')).status).toBe(403);
    expect((await fetch(`${url}${internalLogoPath(logo)}`)).status).toBe(401);
  });
});
