import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@payer/testing';
import { fhirErrors, oauthErrors, planRules, plans, portalErrors, scopes } from '@payer/smart';
import { newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import { quotasInWords } from './documentation.js';
import { errorCodes } from './documents/errors.js';
import { documents } from './documents/index.js';
import { refusedScopes } from './documents/scopes.js';

const capabilities = {
  resourceType: 'CapabilityStatement',
  fhirVersion: '4.0.1',
  implementationGuide: ['http://hl7.org/fhir/us/core/ImplementationGuide/hl7.fhir.us.core|6.1.0'],
  rest: [
    {
      searchParam: [{ name: '_count', type: 'number', documentation: 'Matches of a page: 20' }],
      resource: [
        {
          type: 'Patient',
          supportedProfile: ['http://example.org/StructureDefinition/a-profile|1'],
          searchParam: [
            { name: 'birthdate', type: 'date' },
            { name: 'name', type: 'string', documentation: 'Any part of a name' },
          ],
          searchInclude: ['Patient:general-practitioner'],
          searchRevInclude: ['Observation:subject'],
          operation: [],
        },
        { type: 'InsurancePlan', searchParam: [{ name: 'owned-by', type: 'reference' }] },
      ],
    },
  ],
};

/** The sandbox opens its directory and publishes it as files, and production does not. */
const smartConfigurationAt = (url: string) =>
  url.startsWith('/sandbox/')
    ? {
        public_resource_types: ['Practitioner', 'Location'],
        bulk_publish_endpoint: 'http://fhir.example/sandbox/$bulk-publish',
      }
    : {};

/** The sources of a part of the repository as one text, without tests. */
function sourcesOf(...folders: string[]): string {
  const root = join(import.meta.dirname, '../../../..');
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file) && !/\.spec\.|(^|\/)testing\/|error-codes\//.test(file))
        .map((file) => readFileSync(join(root, folder, file), 'utf8')),
    )
    .join('\n');
}

const codesIn = (sources: string, pattern: RegExp) =>
  [...new Set([...sources.matchAll(pattern)].map((match) => match.slice(1).find(Boolean) ?? ''))].sort();

describe('the documentation', () => {
  let fhirApi: Server;
  let isFhirUp = true;
  let portal: TestPortal;
  let visitor: Visitor;
  beforeAll(async () => {
    fhirApi = createServer(({ url = '' }, response) => {
      response.writeHead(isFhirUp ? 200 : 503, { 'content-type': 'application/fhir+json' });
      const up = url.endsWith('/smart-configuration') ? smartConfigurationAt(url) : capabilities;
      response.end(JSON.stringify(isFhirUp ? up : {}));
    });
    await new Promise<void>((resolve) => fhirApi.listen(0, resolve));
    portal = await startPortal({
      FHIR_API_ORIGIN: `http://localhost:${(fhirApi.address() as AddressInfo).port}`,
    });
    visitor = new Visitor(portal.service.url);
  });
  afterAll(async () => {
    await portal?.stop();
    fhirApi?.close();
  });

  it('says that the FHIR API does not answer, and shows the reference as soon as it does', async () => {
    isFhirUp = false;
    expect(textOf(await visitor.get('/docs/fhir'))).toContain('does not answer right now');
    expect((await visitor.get('/docs/fhir/Patient')).status).toBe(503);
    isFhirUp = true;
    expect(textOf(await visitor.get('/docs/fhir'))).toContain('read-only FHIR 4.0.1');
    isFhirUp = false;
    expect((await visitor.get('/docs/fhir/Patient')).status).toBe(200);
    isFhirUp = true;
  });

  it('is open to everyone, and every link within it leads to a page', async () => {
    const queue = ['/docs/'];
    const seen = new Set(queue);
    for (const path of queue) {
      const page = await visitor.get(path);
      expect({ path, status: page.status }).toEqual({ path, status: 200 });
      for (const [, href = ''] of page.text.matchAll(/ href="(\/[^"#]*)/g))
        if (!seen.has(href)) {
          seen.add(href);
          queue.push(href);
        }
    }
    for (const { slug } of documents) expect(seen).toContain(`/docs/${slug}`);
    for (const code of errorCodes) expect(seen).toContain(`/docs/errors/${code}`);
    expect(seen).toContain('/docs/conformance/us-core');
    expect(seen).toContain('/docs/fhir/InsurancePlan');
  });

  it('says of each environment if its directory needs a token and where its files are', async () => {
    const text = textOf(await visitor.get('/docs/directory'));
    expect(text).toMatch(/Sandbox\s+not needed\s+\$bulk-publish/);
    expect(text).toMatch(/Production\s+needed\s+no/);
    expect(text).toContain('these types: Practitioner, Location.');
    expect(text).toContain(
      "curl 'http://localhost:4003/sandbox/interop/external/fhir/Practitioner?_count=5'",
    );
    expect(text).toContain("curl --compressed 'http://fhir.example/sandbox/$bulk-publish'");
  });

  it('is written with the addresses of this deployment', async () => {
    const text = textOf(await visitor.get('/docs/flows'));
    expect(text).toContain('http://localhost:4000/sandbox/token');
    expect(text).toContain('http://localhost:4003/sandbox/interop/external/fhir');
  });

  it('names every error of the sources, and none that there is not', () => {
    const services = sourcesOf('apps', 'libs');
    const engine = readFileSync(
      join(import.meta.dirname, '../../../../node_modules/oidc-provider/lib/helpers/errors.js'),
      'utf8',
    );
    const portalCodes = codesIn(
      sourcesOf('apps/registration/src', 'libs/service/src'),
      /(?:new Problem|super)\(\s*\d{3},\s*'([a-z_]+)'|\bcode: '([a-z_]+)',/g,
    );
    const fhirCodes = codesIn(
      sourcesOf('apps/fhir-api/src', 'libs/fhir-store/src'),
      /issueCode: '([a-z-]+)'|FhirError\(\s*\d+,\s*'([a-z-]+)'|Answer\(\s*\d+,\s*'([a-z-]+)'/g,
    );
    // 'custom' is a code of zod.
    portalCodes.splice(portalCodes.indexOf('custom'), 1);
    const registrationCodes = codesIn(
      sourcesOf('apps/registration/src/dynamic-registration'),
      /\berror: '([a-z_]+)'|RegistrationError\(\s*'([a-z_]+)'/g,
    );
    const of = (rows: readonly { code: string }[]) => rows.map(({ code }) => code);
    expect(portalCodes.length).toBeGreaterThan(20);
    expect(fhirCodes.length).toBeGreaterThan(6);
    expect(portalCodes.filter((code) => !of(portalErrors).includes(code))).toEqual([]);
    expect(fhirCodes.filter((code) => !of(fhirErrors).includes(code))).toEqual([]);
    expect(registrationCodes.filter((code) => !of(oauthErrors).includes(code))).toEqual([]);
    const isThere = (code: string) => services.includes(`'${code}'`) || engine.includes(`'${code}'`);
    expect(errorCodes.filter((code) => !isThere(code))).toEqual([]);
  });

  it('has a cause and a fix for each error, and says 404 for another code', async () => {
    for (const code of errorCodes) {
      const page = textOf(await visitor.get(`/docs/errors/${code}`));
      expect({ code, ok: /Cause .+ Fix .+/.test(page) }).toEqual({ code, ok: true });
    }
    const invented = await visitor.get(`/docs/errors/${encodeURIComponent('<script>alert(1)</script>')}`);
    expect(invented.status).toBe(404);
    expect(invented.text).not.toContain('<script>alert');
  });

  it('names every scope, and none that there is not', async () => {
    const known: string[] = [
      ...scopes,
      ...plans.flatMap((plan) => planRules[plan].toleratedScopes),
      ...refusedScopes.map(({ scope }) => scope),
    ];
    const text = textOf(await visitor.get('/docs/scopes'));
    for (const scope of known) expect(text).toContain(scope);
    const isScope =
      /(?<![\w/])(?:(?:patient|user|system)\/[\w*]+\.[a-z]+|launch\/\w+|(?:online|offline)_access)/g;
    for (const { slug } of documents) {
      const found = [...textOf(await visitor.get(`/docs/${slug}`)).matchAll(isScope)].map(([scope]) => scope);
      expect({ slug, unknown: found.filter((scope) => !known.includes(scope)) }).toEqual({
        slug,
        unknown: [],
      });
    }
  });

  it('names exactly the search parameters, includes and profiles of the CapabilityStatement', async () => {
    for (const resource of capabilities.rest[0]!.resource) {
      const page = await visitor.get(`/docs/fhir/${resource.type}`);
      const [, section = ''] = /Search parameters<\/h2>([\s\S]*?)<h2>/.exec(page.text) ?? [];
      const named = [...section.matchAll(/<code>([^<]+)<\/code>/g)].map(([, name]) => name);
      expect(named).toEqual(resource.searchParam.map(({ name }) => name));
      for (const item of [...(resource.searchInclude ?? []), ...(resource.supportedProfile ?? [])])
        expect(page.text).toContain(`<code>${item}</code>`);
    }
    expect((await visitor.get('/docs/fhir/Account')).status).toBe(404);
  });

  it('names only calls of the JSON API that exist', async () => {
    const { paths } = (await visitor.get('/api/openapi.json')).json as { paths: Record<string, object> };
    const calls = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const named = new Set<string>();
    for (const { slug } of documents) {
      const page = textOf(await visitor.get(`/docs/${slug}`));
      for (const [call] of page.matchAll(/\b(?:GET|POST|PUT|PATCH|DELETE) \/(?:api|register)[\w/:{}-]*/g))
        named.add(call.replace(/:(\w+)/g, '{$1}'));
    }
    expect(named).toContain('POST /api/conformance/runs');
    expect([...named].filter((call) => !calls.includes(call))).toEqual([]);
  });

  it('has a page for each subject of the JSON API, with every call and its members', async () => {
    const { paths } = (await visitor.get('/api/openapi.json')).json as {
      paths: Record<string, Record<string, { summary?: string; tags?: string[] }>>;
    };
    const contents = textOf(await visitor.get('/docs/api'));
    const pages = new Map<string, string>();
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { summary, tags }] of Object.entries(methods)) {
        if (!summary) continue;
        const address = `/docs/api/${tags?.[0]?.replace(/\W+/g, '-')}`;
        if (!pages.has(address)) pages.set(address, textOf(await visitor.get(address)));
        const call = `${method.toUpperCase()} ${path}`;
        expect({ call, listed: contents.includes(call) }).toEqual({ call, listed: true });
        expect({ call, shown: pages.get(address)?.includes(call) }).toEqual({ call, shown: true });
      }
    expect(pages.get('/docs/api/apps')).toMatch(/client_name required text at most 100 characters/);
    for (const [address, text] of pages) {
      // Markdown is not read, and each status has a meaning.
      expect({ address, marks: text.match(/`[^`]*`/g) }).toEqual({ address, marks: null });
      expect({ address, bare: text.match(/\b4\d\d (?=4\d\d\b)/g) }).toEqual({ address, bare: null });
    }
    expect((await visitor.get('/docs/api/nothing')).status).toBe(404);
    const old = await visitor.get('/api/docs');
    expect(old.headers.get('location')).toBe('/docs/api');
  });

  it('lists a type under the plans that read it', async () => {
    const page = textOf(await visitor.get('/docs/fhir'));
    const [patientAccess = '', directory = ''] = page.split('Provider Directory API').slice(-2);
    expect(patientAccess).toContain('Patient');
    expect(patientAccess).not.toContain('InsurancePlan');
    expect(directory).toContain('InsurancePlan');
  });

  it('is searched by words: codes, parameters, types', async () => {
    const find = async (q: string) => visitor.get(`/docs/search?${new URLSearchParams({ q })}`);
    expect((await find('invalid_grant')).text).toContain('href="/docs/errors/invalid_grant"');
    expect((await find('owned-by')).text).toContain('href="/docs/fhir/InsurancePlan"');
    expect((await find('trailing slash')).text).toContain('href="/docs/redirect-uris"');
    expect(textOf(await find('xyzzy'))).toContain('0 pages');
    const hostile = await find('"><script>alert(1)</script>');
    expect(hostile.status).toBe(200);
    expect(hostile.text).not.toContain('<script>alert');
    expect((await find('x'.repeat(201))).status).toBe(400);
    expect((await visitor.get('/docs/search?q=%00')).status).toBe(400);
  });

  it('runs the live checks for a signed-in account once a minute, and shows what failed', async () => {
    const page = '/docs/conformance';
    expect(textOf(await visitor.get(page))).toContain('No run has been made');
    const run = `${page}/runs`;
    expect((await visitor.post(run)).headers.get('location')).toContain('/sign-in');
    const developer = await newDeveloper(portal.service.url);
    const runs = await Promise.all([developer.post(run), developer.post(run)]);
    expect(runs.map(({ status }) => status).sort()).toEqual([303, 429]);
    expect(runs.find(({ status }) => status === 429)?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await developer.get(run)).headers.get('location')).toBe(page);
    await eventually(
      async () => (await visitor.json('GET', '/api/conformance')).json.running_since === null,
      {
        timeout: 50_000,
      },
    );
    const shown = textOf(await visitor.get(page));
    expect(shown).toMatch(/\d+ of \d+ checks failed/);
    // The stand-in answers every address with its CapabilityStatement.
    expect(shown).toContain('The status is 200. It must be 401.');
    expect(textOf(await visitor.get(`${page}/rfc-9700`))).toMatch(/MUST Compare redirect URIs .* failed/);
    expect((await visitor.get(`${page}/no-such-standard`)).status).toBe(404);
    const { latest_run, standards } = (await visitor.json('GET', '/api/conformance')).json;
    expect(latest_run.results.length).toBeGreaterThan(80);
    expect(standards).toHaveLength(5);
    expect((await visitor.json('POST', '/api/conformance/runs')).status).toBe(401);
  });

  it('says limits in words', () => {
    expect(
      quotasInWords([
        { requests: 30, window: 60 },
        { requests: 1000, window: 3600 },
      ]),
    ).toBe('30 a minute, 1,000 an hour');
    expect(quotasInWords([{ requests: 5, window: 7 }])).toBe('5 in 7 seconds');
  });
});
