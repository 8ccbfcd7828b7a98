import { describe, expect, it } from 'vitest';
import { servedGuides, type ServedGuide } from '@payer/smart';
import { openRepository, parseSearch } from '@payer/fhir-store';
import { definitions, readPackage } from '@payer/fhir-store/definitions';
import { batchAnswer, type EntryServer } from '../rest/batch.js';
import { FhirServer } from '../rest/fhir-server.js';
import { capabilityStatement } from './capability-statement.js';
import { noHeaders, versionHeaders } from './guide-versions.js';
import { readTogether } from './read-together.js';

interface Extension {
  url: string;
  valueCode?: string;
}

interface Statement {
  resourceType: string;
  url: string;
  id: string;
  rest: {
    resource: {
      type: string;
      extension?: Extension[];
      interaction: { code: string; extension?: Extension[] }[];
      supportedProfile?: string[];
      searchParam?: { name: string; type: string }[];
      searchInclude?: string[];
      searchRevInclude?: string[];
    }[];
  }[];
}

interface SearchParameter {
  base: string[];
  code: string;
  type: string;
  modifier?: string[];
  comparator?: string[];
  chain?: string[];
}

const engine = openRepository({
  pool: undefined as never,
  environment: 'sandbox',
  baseUrl: 'https://fhir.example',
  cursorKey: 'k',
  readTogether,
});
const ours = new Map(engine.capabilities().map((resource) => [resource.type as string, resource] as const));

/** Errors of the guides: R4 defines `_id` as a token. */
const misstated = new Set(['Coverage?_id (string)']);

const archiveOf = ({ file }: ServedGuide) => new URL(`../../../../data/igs/${file}.tgz`, import.meta.url);

describe.each(servedGuides)('the CapabilityStatement of $title', (guide) => {
  const { serves: id, profiles } = guide;
  const isServed = (profile: string) =>
    profiles === 'all' || profiles.some((name) => profile.split('|')[0]?.endsWith(`/${name}`));

  it('asks nothing, of the types served here, that is not claimed', async () => {
    const archive = archiveOf(guide);
    const statement = (await readPackage(archive)).find(
      (resource) => resource.resourceType === 'CapabilityStatement' && resource.id === id,
    ) as unknown as Statement;
    const missing: string[] = [];
    for (const wanted of statement.rest[0]!.resource) {
      const served = ours.get(wanted.type);
      if (!served) continue;
      const names = new Map(served.searchParam.map(({ name, type }) => [name, type]));
      for (const { name, type } of wanted.searchParam ?? [])
        if (names.get(name) !== type && !misstated.has(`${wanted.type}?${name} (${type})`))
          missing.push(`${wanted.type}?${name} (${type})`);
      const includes = new Set(served.searchInclude);
      for (const include of wanted.searchInclude ?? []) {
        // The formulary's statement leaves the type out.
        const [type, code] = include.includes(':') ? include.split(':') : [wanted.type, include];
        if (!includes.has(`${type}:${code}`) && code !== '*') missing.push(`_include=${include}`);
      }
      for (const include of wanted.searchRevInclude ?? []) {
        const [type = '', code] = include.split(':');
        if (definitions.types[type] && !served.searchRevInclude.includes(`${type}:${code}`))
          missing.push(`${wanted.type}: _revinclude=${include}`);
      }
      for (const profile of wanted.supportedProfile?.filter(isServed) ?? [])
        if (!served.profiles.includes(profile.includes('|') ? profile : `${profile}|${guide.version}`))
          missing.push(`profile ${profile}`);
    }
    expect(missing).toEqual([]);
  });

  it('comes with SearchParameters whose modifiers and comparators are all taken, and whose lists of values are', async () => {
    const archive = archiveOf(guide);
    const refused: string[] = [];
    for (const resource of await readPackage(archive)) {
      if (resource.resourceType !== 'SearchParameter') continue;
      const { base, code, type, modifier, comparator, chain } = resource as unknown as SearchParameter;
      const values: Record<string, string> = { date: '2026-01-01', quantity: '5' };
      const value = values[type] ?? 'a|b|c';
      for (const owner of base.filter((name) => ours.has(name))) {
        const asks: [string, string][] = [
          ...(modifier ?? []).map((name): [string, string] => [`${code}:${name}`, value]),
          ...(comparator ?? []).map((name): [string, string] => [code, `${name}${value}`]),
          ...(chain ?? []).map((name): [string, string] => [`${code}.${name}`, 'x']),
          [code, `${value},${value}`],
        ];
        for (const ask of asks)
          try {
            parseSearch(owner, [ask, ask], 'strict');
          } catch (error) {
            refused.push(`${owner}?${ask.join('=')}: ${(error as Error).message}`);
          }
      }
    }
    expect(refused).toEqual([]);
  });
});

describe('the claims about guides', () => {
  const address = 'https://fhir.example';
  const claimed = capabilityStatement(
    {
      environment: 'sandbox',
      fhirBaseUrl: address,
      issuer: address,
      managementUrl: address,
      registrationUrl: address,
    },
    engine.capabilities(),
    {
      software: { name: 'x', version: '1' },
      publisher: 'Plan',
      date: new Date(),
      offered: { everything: true },
    },
  );
  const isDemanded = ({ extension }: { extension?: Extension[] }) =>
    extension?.some(
      ({ url, valueCode }) => url.endsWith('/capabilitystatement-expectation') && valueCode === 'SHALL',
    );

  it.each(servedGuides)(
    '$title is instantiated, in both forms, if all it demands is offered',
    async (guide) => {
      const statement = (await readPackage(archiveOf(guide))).find(
        (resource) => resource.resourceType === 'CapabilityStatement' && resource.id === guide.serves,
      ) as unknown as Statement;
      const lacking = statement.rest[0]!.resource.filter(isDemanded).flatMap(
        ({ type, interaction, supportedProfile = [] }) => {
          const offered = claimed.rest![0]!.resource!.find((resource) => resource.type === type);
          if (!offered) return [type];
          const profiles = new Set(offered.supportedProfile);
          const versioned = (profile: string) =>
            profile.includes('|') ? profile : `${profile}|${guide.version}`;
          return [
            ...interaction
              .filter((one) => isDemanded(one) && !offered.interaction!.some(({ code }) => code === one.code))
              .map(({ code }) => `${code} of ${type}`),
            ...supportedProfile.filter((profile) => !profiles.has(versioned(profile))),
          ];
        },
      );
      const forms = [statement.url, `${statement.url}|${guide.version}`];
      expect(claimed.instantiates!.filter((one) => forms.includes(one))).toEqual(
        lacking.length === 0 ? forms : [],
      );
    },
  );

  it('name each version of a guide, and each profile once in each version that defines it', async () => {
    const profiles = claimed.rest![0]!.resource!.flatMap(({ supportedProfile = [] }) => supportedProfile);
    const versions = new Set(servedGuides.map(({ version }) => version));
    for (const { resource } of claimed.rest!)
      for (const { supportedProfile = [] } of resource!)
        expect(new Set(supportedProfile).size).toBe(supportedProfile.length);
    expect(profiles.filter((profile) => !versions.has(profile.split('|')[1] ?? ''))).toEqual([]);
    for (const guide of servedGuides) {
      expect(claimed.implementationGuide).toContainEqual(
        `${guide.canonical}/ImplementationGuide/${guide.packageId}|${guide.version}`,
      );
      expect(claimed.rest![0]!.documentation).toContain(`* ${guide.title}: `);
      const defined = new Set((await readPackage(archiveOf(guide))).map(({ url }) => url));
      const own = profiles.filter(
        (profile) => profile.startsWith(`${guide.canonical}/`) && profile.endsWith(`|${guide.version}`),
      );
      expect(own.length).toBeGreaterThan(0);
      expect(own.filter((profile) => !defined.has(profile.split('|')[0]))).toEqual([]);
    }
  });
});

describe('a version of a guide that ends', () => {
  const [guide] = servedGuides as [ServedGuide];
  const profile = `${guide.canonical}/StructureDefinition/p|${guide.version}`;
  const types = [
    { type: 'Patient', profiles: [profile] },
    { type: 'Goal', profiles: [profile.replace(guide.version, '99.0.0')] },
  ];
  const ending = (...sunsets: (string | undefined)[]) =>
    versionHeaders(
      sunsets.map((sunset) => ({ ...guide, sunset })),
      types,
      'https://portal.example/docs/guides',
    );
  const at = (day: string) => Date.parse(`${day}T12:00:00Z`);

  it('is announced on answers of its types and on the CapabilityStatement, from the notice on', () => {
    const headers = ending('2027-07-01');
    expect(headers('Patient', at('2027-01-01'))).toBe(noHeaders);
    const announced = headers('Patient', at('2027-01-03'));
    expect(announced).toEqual({
      // RFC 9745: 2027-01-02, a structured date; RFC 8594: an HTTP date.
      deprecation: `@${Date.parse('2027-01-02T00:00:00Z') / 1000}`,
      sunset: 'Thu, 01 Jul 2027 00:00:00 GMT',
      link: '<https://portal.example/docs/guides>; rel="deprecation"; type="text/html", <https://portal.example/docs/guides>; rel="sunset"; type="text/html"',
    });
    expect(headers(undefined, at('2027-01-03'))).toEqual(announced);
    expect(headers('Goal', at('2027-01-03'))).toBe(noHeaders);
    expect(headers('Patient', at('2028-01-01'))).toEqual(announced);
  });

  it('that ends first counts, and one without an end is never announced', () => {
    expect(ending('2027-12-01', '2027-07-01')('Patient', at('2027-12-15')).sunset).toMatch(/Jul 2027/);
    expect(ending(undefined)('Patient', at('2099-01-01'))).toBe(noHeaders);
  });

  it('is announced on no refusal, and on no answer of another type or document', async () => {
    const versionHeadersOf = (type: string | undefined) => (type === 'Goal' ? noHeaders : { sunset: 'soon' });
    const server = new FhirServer({
      engines: { sandbox: {} },
      documents: { sandbox: { versionHeaders: versionHeadersOf } },
    } as never);
    const sunsetOf = async (status: number, interaction: object) => {
      const understood = { environment: 'sandbox', interaction, path: '', startedAt: 0 };
      const answer = { status, headers: { etag: 'W/"1"' }, body: '{}' };
      const released = await server.release(
        { id: 'r', method: 'GET' } as never,
        { answer, understood } as never,
      );
      expect(released.headers.etag).toBe('W/"1"');
      return released.headers.sunset;
    };
    const read = { kind: 'read', type: 'Patient', id: 'one' };
    expect(await sunsetOf(200, read)).toBe('soon');
    expect(await sunsetOf(304, read)).toBe('soon');
    expect(await sunsetOf(200, { kind: 'search', type: 'Patient', parametersIn: 'query' })).toBe('soon');
    expect(await sunsetOf(200, { kind: 'capabilities' })).toBe('soon');
    const file = { kind: 'published', name: 'Practitioner-0.ndjson', content: 'Practitioner' };
    expect(await sunsetOf(200, file)).toBe('soon');
    expect(await sunsetOf(200, { ...file, name: 'manifest.json', content: undefined })).toBeUndefined();
    expect(await sunsetOf(404, read)).toBeUndefined();
    expect(await sunsetOf(200, { ...read, type: 'Goal' })).toBeUndefined();
    expect(await sunsetOf(200, { kind: 'smart-configuration' })).toBeUndefined();
    expect(await sunsetOf(204, { kind: 'options', allow: 'GET' })).toBeUndefined();
  });

  it('is announced on the answer of a batch, whichever entry is of its types', async () => {
    const headersOfUrl: Record<string, Record<string, string>> = {
      Goal: {},
      Patient: { sunset: 'Wed, 01 Dec 2027 00:00:00 GMT', deprecation: '@1', link: '<a>; rel="sunset"' },
      Claim: { sunset: 'Thu, 01 Jul 2027 00:00:00 GMT', deprecation: '@2', link: '<b>; rel="sunset"' },
    };
    const server: EntryServer = {
      answer: ({ url }) =>
        Promise.resolve({
          answer: { status: 200, headers: headersOfUrl[url.slice(1)]!, body: '{}' },
        }),
      release: (_request, { answer }) => Promise.resolve(answer),
    };
    const announced = async (...urls: string[]) => {
      const { answer } = await batchAnswer(server, {
        request: { headers: {}, raw: { socket: {} } } as never,
        entries: urls.map((url) => ({ url: `/${url}`, headers: {} })),
        client: {},
        fhirBaseUrl: 'https://fhir.example',
      });
      const { deprecation, sunset, link } = answer.headers;
      return sunset === undefined ? undefined : { deprecation, sunset, link };
    };
    expect(await announced('Goal')).toBeUndefined();
    for (const urls of [['Patient'], ['Patient', 'Goal'], ['Goal', 'Patient', 'Goal']])
      expect(await announced(...urls)).toEqual(headersOfUrl.Patient);
    // The version that ends first counts.
    for (const urls of [
      ['Patient', 'Claim'],
      ['Claim', 'Patient', 'Goal'],
    ])
      expect(await announced(...urls)).toEqual(headersOfUrl.Claim);
  });
});
