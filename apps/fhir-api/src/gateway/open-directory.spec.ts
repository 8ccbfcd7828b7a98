import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from 'pg';
import { generate } from '@payer/synthetic';
import { patientCompartmentTypes, resourceTypes, resourceTypesOfPlan, searchedTypes } from '@payer/smart';
import { definitions, isCompartmentType, typeDefinition } from '@payer/fhir-store/definitions';
import { eventually } from '@payer/testing';
import { appState } from './testing/events.js';
import { type HttpAnswer, type Json } from './testing/http.js';
import { loadResources } from './testing/members.js';
import { FhirApiSystem } from './testing/system.js';

const system = new FhirApiSystem();
const directory = resourceTypesOfPlan['provider-directory'];
/** An id of each stored type. */
const ids = new Map<string, string>();
/** Ids of the members' resources: no answer without a token may hold one. */
const memberIds: string[] = [];

let addresses = 0;
/** Each call comes from another address, so that no limit is reached. */
const newAddress = () => `10.1.${Math.floor((addresses += 1) / 250)}.${addresses % 250}`;

const ask = (
  path: string,
  {
    from = newAddress(),
    headers,
    ...options
  }: Parameters<FhirApiSystem['request']>[1] & { from?: string } = {},
): Promise<HttpAnswer> =>
  system.request(path, { ...options, headers: { 'x-forwarded-for': from, ...headers } });
const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '' };

beforeAll(async () => {
  await system.start({
    SANDBOX_OPEN_DIRECTORY: 'on',
    OPEN_DIRECTORY_LIMIT_PER_ADDRESS: '20/3600',
    TRUSTED_PROXIES: '127.0.0.1,::1',
    ACCESS_RECORD_FLUSH_MS: '20',
  });
  const resources = [...generate({ environment: 'sandbox', members: 1 })];
  await loadResources(system.config, resources);
  for (const { resourceType, id } of resources) {
    ids.set(resourceType, id!);
    if (!directory.has(resourceType) && resourceType !== 'Medication') memberIds.push(id!);
  }
  system.owners.commitApp(appState('suspendedapp', { plan: 'provider-directory', status: 'suspended' }));
  await system.restart();
}, 120_000);
afterAll(() => system.stop());

/** Every way to ask for a type, as method, path and body. */
function waysTo(type: string): [path: string, options?: typeof form][] {
  const id = ids.get(type) ?? 'none';
  const patient = ids.get('Patient')!;
  return [
    [`/${type}`],
    [`/${type}?_count=1000&_total=accurate`],
    [`/${type}?_summary=count`],
    [`/${type}?_id=${id}`],
    [`/${type}?_include=*&_include:iterate=*`],
    [`/${type}?_count=5&_revinclude=*`],
    [`/${type}?_count=5&_revinclude:iterate=*`],
    [`/${type}/${id}`],
    [`/${type}/${id}/_history/1`],
    [`/${type}/_search`, form],
    [`/${type}/_search?_id=${id}`, { ...form, body: '_revinclude=*&_count=5' }],
    [`/Patient/${patient}/${type}`],
    [`/Patient/${patient}/${type}/_search`, form],
    [`/${type}/${id}/$everything`],
    [`/${type}/$everything`],
    [`/${type}/$docref?patient=${patient}`],
    [
      `/${type}/$docref`,
      {
        ...form,
        headers: { 'content-type': 'application/fhir+json' },
        body: '{"resourceType":"Parameters"}',
      },
    ],
  ];
}

const typesIn = ({ json }: HttpAnswer): string[] =>
  json.resourceType === 'Bundle'
    ? (json.entry ?? []).map((entry: Json) => entry.resource.resourceType)
    : [json.resourceType];

describe('the open directory, without a token', () => {
  it.each(resourceTypes)('gives no member data on any way to %s', async (type) => {
    const isOpen = directory.has(type);
    for (const [path, options] of waysTo(type)) {
      const answer = await ask(path, options);
      const below = path.slice(1).split(/[/?]/)[0]!;
      const place = `${options?.method ?? 'GET'} ${path}: ${answer.status}`;
      // A path that does not exist is 404 for everybody.
      if (![200, 404].includes(answer.status)) expect(place).toMatch(/: 401$/);
      if (answer.status === 200) {
        expect([place, isOpen && below === type]).toEqual([place, true]);
        expect(
          typesIn(answer).filter((found) => !directory.has(found) && found !== 'OperationOutcome'),
        ).toEqual([]);
      }
      if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/);
      const text = answer.body.toString();
      expect([place, memberIds.filter((id) => text.includes(`"${id}"`) || text.includes(`/${id}"`))]).toEqual(
        [place, []],
      );
    }
    const [read, search] = [await ask(`/${type}/${ids.get(type)}`), await ask(`/${type}`)];
    const isSearched = (searchedTypes as readonly string[]).includes(type);
    if (ids.has(type)) expect([type, read.status]).toEqual([type, isOpen ? 200 : 401]);
    if (isSearched) expect([type, search.status]).toEqual([type, isOpen ? 200 : 401]);
  });

  it('finds nothing by what members refer to, and nothing beyond a reference to a member', async () => {
    const ways: string[] = [];
    for (const type of directory) {
      for (const [other, { parameters }] of Object.entries(definitions.types))
        for (const { code, targets } of Object.values(parameters))
          if (isCompartmentType(other) && targets?.includes(type))
            ways.push(
              `/${type}?_has:${other}:${code}:_id=${ids.get(other)}`,
              `/${type}?_has:${other}:${code}:_lastUpdated=gt1900`,
            );
      for (const { code, targets } of Object.values(typeDefinition(type).parameters))
        for (const target of targets ?? [])
          if (isCompartmentType(target)) ways.push(`/${type}?${code}:${target}._id=${ids.get(target)}`);
    }
    expect(ways.length).toBeGreaterThan(50);
    for (const way of ways) {
      const { status, json } = await ask(way);
      expect([way, status, (json.entry ?? []).length]).toEqual([way, 200, 0]);
    }
  });

  it('gives the same as with a token of the directory plan, page by page', async () => {
    const token = await system.issuer.directoryToken();
    for (const type of directory) {
      const path = `/${type}?_count=7&_sort=_id&_total=accurate`;
      const [open, tokened] = [await ask(path), await ask(path, { token })];
      expect([type, open.json]).toEqual([type, tokened.json]);
      const next = open.json.link.find(({ relation }: Json) => relation === 'next')?.url as
        string | undefined;
      if (!next) continue;
      const below = next.slice(next.indexOf(`/${type}`));
      expect((await ask(below)).json).toEqual((await ask(below, { token })).json);
    }
  });

  it('stays closed in an environment where it is not switched on', async () => {
    for (const type of resourceTypes)
      expect([type, (await ask(`/${type}`, { environment: 'production' })).status]).toEqual([type, 401]);
  });

  it('is stated in metadata and the SMART configuration, only where it is open', async () => {
    const texts = async (environment: 'sandbox' | 'production') => {
      const { json } = await ask('/metadata', { environment });
      const smart = (await ask('/.well-known/smart-configuration', { environment })).json;
      const practitioner = json.rest[0].resource.find(({ type }: Json) => type === 'Practitioner');
      return [
        json.rest[0].documentation,
        json.rest[0].security.description,
        practitioner.documentation,
        JSON.stringify(smart),
      ];
    };
    for (const text of await texts('sandbox'))
      expect(text).toMatch(/without a token|"public_resource_types":\["Practitioner"/);
    for (const text of await texts('production'))
      expect(text).not.toMatch(/without a token|public_resource_types/);
    const patient = (await ask('/metadata')).json.rest[0].resource.find(
      ({ type }: Json) => type === 'Patient',
    );
    expect(patient.documentation).not.toContain('without a token');
  });
});

describe('a token at the open directory', () => {
  it('is checked where one is sent, of whatever scheme: a wrong one is refused', async () => {
    const wrong: Record<string, string> = {
      'no scheme': 'abc',
      empty: '',
      'no token': 'Bearer ',
      Basic: `Basic ${Buffer.from('a:b').toString('base64')}`,
      Digest: 'Digest username="a"',
      'no JWT': 'Bearer abc',
      expired: `Bearer ${await system.issuer.directoryToken({ expiresIn: -10 })}`,
      'of production': `Bearer ${await system.issuer.directoryToken({ environment: 'production' })}`,
      altered: `Bearer ${(await system.issuer.directoryToken()).slice(0, -6)}AAAAAA`,
      'of a suspended app': `Bearer ${await system.issuer.directoryToken({ claims: { client_id: 'suspendedapp' } })}`,
      'of an unknown app': `Bearer ${await system.issuer.directoryToken({ claims: { client_id: 'nobody' } })}`,
    };
    for (const [name, authorization] of Object.entries(wrong))
      for (const [path, options] of [
        ['/Practitioner'],
        [`/Location/${ids.get('Location')}`],
        ['/Organization/_search', form],
      ] as [string, typeof form?][]) {
        const { status, headers } = await ask(path, {
          ...options,
          headers: { ...options?.headers, authorization },
        });
        expect([name, path, status]).toEqual([name, path, 401]);
        expect(headers['www-authenticate']).toMatch(/^Bearer /);
      }
  });

  it("of a member reaches what the member's records reference, and no more than without the switch", async () => {
    const token = await system.issuer.patientToken('none');
    expect((await ask('/Practitioner', { token })).json.entry ?? []).toEqual([]);
    expect((await ask(`/Organization/${ids.get('Organization')}`, { token })).status).toBe(404);
    expect((await ask('/InsurancePlan', { token })).status).toBe(403);
  });
});

describe('the limit of an address', () => {
  it('stops a greedy address with standard headers, and nobody else', async () => {
    const others = Array.from({ length: 9 }, newAddress);
    const greedy = newAddress();
    const of = (from: string, n: number) =>
      Array.from({ length: n }, () => ask('/Practitioner?_count=1', { from }));
    const [first, ...rest] = await Promise.all([
      Promise.all(of(greedy, 60)),
      ...others.map((from) => Promise.all(of(from, 5))),
    ]);
    expect(first!.map(({ status }) => status).sort()).toEqual([
      ...Array(20).fill(200),
      ...Array(40).fill(429),
    ]);
    expect(new Set(rest.flat().map(({ status }) => status))).toEqual(new Set([200]));
    const refused = await ask('/Location', { from: greedy });
    expect(refused.headers['ratelimit-policy']).toBe('"directory-per-address-3600";q=20;w=3600');
    expect(refused.headers.ratelimit).toMatch(/^"directory-per-address-3600";r=0;t=\d+$/);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3000);
    expect(refused.json.issue[0].code).toBe('throttled');
    // A served answer has the two headers, too, and so has an error.
    for (const path of ['/Practitioner?_count=1', '/Practitioner/none', '/Practitioner?_count=x'])
      expect((await ask(path)).headers).toMatchObject({
        'ratelimit-policy': '"directory-per-address-3600";q=20;w=3600',
        ratelimit: expect.stringMatching(/r=19;/),
      });
    const token = await system.issuer.directoryToken();
    expect((await ask('/Practitioner?_count=1', { token, from: greedy })).status).toBe(200);
  });

  it('counts by the address that the trusted proxy saw, not by one that the client names', async () => {
    const real = newAddress();
    const claimed = Array.from({ length: 25 }, (_, n) =>
      ask('/Endpoint?_count=1', { from: `203.0.113.${n}, ${real}` }),
    );
    const statuses = (await Promise.all(claimed)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    // One machine can use a whole /64 of IPv6.
    const network = Array.from({ length: 25 }, (_, n) =>
      ask('/Endpoint?_count=1', { from: `2001:db8:7:7::${n + 1}` }),
    );
    expect((await Promise.all(network)).filter(({ status }) => status === 200)).toHaveLength(20);
  });
});

describe('the record of data access', () => {
  it('has no entry of a request without a token, while one with a token is there', async () => {
    const pool = new Pool({ connectionString: system.config.SANDBOX_DATABASE_URL, max: 1 });
    try {
      await ask('/Practitioner?_count=1', { headers: { 'x-request-id': 'without-token-1' } });
      await ask('/Patient', { headers: { 'x-request-id': 'without-token-2' } });
      const token = await system.issuer.directoryToken();
      await ask('/Practitioner?_count=1', { token, headers: { 'x-request-id': 'with-token-0001' } });
      const recorded = async () => {
        const { rows } = await pool.query<{ request_id: string }>('SELECT request_id FROM access_record');
        return rows.map(({ request_id }) => request_id);
      };
      await eventually(async () => (await recorded()).includes('with-token-0001'));
      expect((await recorded()).filter((id) => id.startsWith('without-token'))).toEqual([]);
      const { rows } = await pool.query('SELECT * FROM access_record');
      expect(JSON.stringify(rows)).not.toMatch(/10\.1\.\d+\.\d+|203\.0\.113/);
    } finally {
      await pool.end();
    }
  });

  it('is about the types of the Patient compartment that the test asked for', () => {
    expect(patientCompartmentTypes.filter((type) => !ids.has(type))).toEqual([]);
  });
});
