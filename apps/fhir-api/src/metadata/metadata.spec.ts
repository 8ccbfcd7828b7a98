import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environments, resourceTypes, resourceTypesOfPlan, indexedTypes, searchedTypes } from '@payer/smart';
import { parameterDefinition, typeDefinition } from '@payer/fhir-store/definitions';
import type { Json } from '../gateway/testing/http.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';

const isSearched = (type: string) => (searchedTypes as readonly string[]).includes(type);
const isIndexed = (type: string) => (indexedTypes as readonly string[]).includes(type);
const system = new FhirApiSystem();
beforeAll(() => system.start());
afterAll(() => system.stop());

describe.each(environments)('the public documents of %s', (environment) => {
  const get = async (path: string) => {
    const answer = await system.request(path, { environment });
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toMatch(/public/);
    return answer.json;
  };

  it('names the same addresses in the CapabilityStatement and in the SMART configuration', async () => {
    const statement = await get('/metadata');
    const smart = await get('/.well-known/smart-configuration');
    const { security } = statement.rest[0];
    const uris = Object.fromEntries(
      security.extension[0].extension.map((entry: Json) => [entry.url, entry.valueUri]),
    );
    expect(uris).toEqual({
      authorize: smart.authorization_endpoint,
      token: smart.token_endpoint,
      register: smart.registration_endpoint,
      manage: smart.management_endpoint,
      introspect: smart.introspection_endpoint,
      revoke: smart.revocation_endpoint,
    });
    expect(smart.issuer).toBe(`${system.issuer.url}/${environment}`);
    expect(security.service[0].coding[0].code).toBe('SMART-on-FHIR');
    expect(security.cors).toBe(true);
    expect(statement.implementation.url).toBe(bases[environment]);
  });

  it('gives the SMART configuration as JSON whatever is accepted', async () => {
    for (const accept of ['text/html', 'application/fhir+xml', 'application/json;q=0'])
      for (const query of ['', '?_format=xml']) {
        const answer = await system.request(`/.well-known/smart-configuration${query}`, {
          environment,
          headers: { accept },
        });
        expect([accept, answer.status, answer.headers['content-type']]).toEqual([
          accept,
          200,
          'application/json; charset=utf-8',
        ]);
      }
  });

  it('gives the Bundle of brands that the SMART configuration names, to any web page, and with an ETag', async () => {
    const smart = await get('/.well-known/smart-configuration');
    const url = smart.user_access_brand_bundle as string;
    expect(url).toBe(`${bases[environment]}/.well-known/user-access-brands.json`);
    const bundle = await get(url.slice(bases[environment].length));
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
    const [{ resource: brand }, { resource: endpoint }] = bundle.entry;
    const { system: namespace, value } = smart.user_access_brand_identifier;
    expect(
      brand.identifier.filter((one: Json) => one.system === namespace && one.value === value),
    ).toHaveLength(1);
    expect(endpoint.address).toBe(bases[environment]);
    for (const path of [
      url.slice(bases[environment].length),
      '/metadata',
      '/.well-known/smart-configuration',
    ]) {
      const { headers } = await system.request(path, { environment });
      expect(headers).toMatchObject({
        etag: expect.stringMatching(/^W\//),
        'access-control-allow-origin': '*',
      });
      const again = await system.request(path, { environment, headers: { 'if-none-match': headers.etag! } });
      expect([path, again.status, again.body.length, again.headers.etag]).toEqual([
        path,
        304,
        0,
        headers.etag,
      ]);
    }
  });

  it('claims no include that could never include anything: both ends are read by one token', async () => {
    const { resource } = (await get('/metadata')).rest[0];
    const claims = (of: Json) =>
      [...(of.searchInclude ?? []), ...(of.searchRevInclude ?? [])].filter((claim) => claim !== '*');
    const together = (types: string[]) =>
      Object.values(resourceTypesOfPlan).some((served) => types.every((type) => served.has(type)));
    const empty = resource.flatMap((of: Json) =>
      claims(of)
        .filter((claim: string) => {
          const [source = '', code = ''] = claim.split(':');
          const targets = source === of.type ? parameterDefinition(source, code)?.targets : [of.type];
          return code !== '*' && !targets?.some((target) => together([source, target]));
        })
        .map((claim: string) => `${of.type} ${claim}`),
    );
    expect(empty).toEqual([]);
  });

  it('claims read and search of every resource type, with parameters that have definitions, and nothing that writes', async () => {
    const statement = await get('/metadata');
    expect(statement).toMatchObject({
      resourceType: 'CapabilityStatement',
      fhirVersion: '4.0.1',
      kind: 'instance',
    });
    for (const mode of ['full', 'normative', 'terminology'])
      expect(await get(`/metadata?mode=${mode}`)).toEqual(statement);
    const { resource } = statement.rest[0];
    expect(resource.map((entry: Json) => entry.type).sort()).toEqual([...resourceTypes].sort());
    const listed = (type: string) => resource.find((entry: Json) => entry.type === type).searchInclude;
    expect(listed('CareTeam')).toContain('CareTeam:participant:Practitioner');
    expect(listed('ExplanationOfBenefit')).toContain('ExplanationOfBenefit:*');
    const operations = resource.flatMap((entry: Json) => entry.operation ?? []);
    expect(operations).toEqual([
      {
        name: 'everything',
        definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
        documentation: expect.any(String),
      },
      {
        name: 'docref',
        definition: 'http://hl7.org/fhir/us/core/OperationDefinition/docref',
        documentation: expect.any(String),
      },
    ]);
    for (const entry of resource.filter(({ type }: Json) => isIndexed(type))) {
      const { type, searchInclude, searchRevInclude } = entry;
      const { includes, revincludes } = typeDefinition(type);
      expect(searchInclude).toEqual(expect.arrayContaining(['*', ...includes]));
      expect(searchRevInclude).toEqual(expect.arrayContaining(['*', ...revincludes]));
      expect(new Set(searchInclude).size).toBe(searchInclude.length);
      expect(entry.interaction.map((interaction: Json) => interaction.code)).toEqual([
        'read',
        'vread',
        'search-type',
      ]);
      // values.spec.ts covers references to other servers and references by identifier.
      expect(entry.referencePolicy).toEqual(['literal', 'logical']);
      expect(entry.searchParam.length).toBeGreaterThan(0);
      for (const parameter of entry.searchParam)
        expect(parameter).toEqual({
          name: expect.any(String),
          type: expect.any(String),
          definition: expect.stringMatching(/^http/),
          ...(parameter.documentation ? { documentation: expect.any(String) } : {}),
        });
    }
  });
});

it('every answer demands TLS from browsers, as the other services do (RFC 6797)', async () => {
  const answers = [
    await system.request('/metadata'),
    await system.request('/Patient/one'),
    await system.request('/nothing-here'),
    await system.request('/metadata', { method: 'OPTIONS' }),
    await system.request('/%zz'),
    await system.request('/Patient/one', { token: await system.issuer.patientToken('one') }),
  ];
  for (const { headers } of answers)
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
});

it('names the API of every type: its tokens read the type, and tokens of the other API get 403', async () => {
  const tokens = {
    'Patient Access API': await system.issuer.patientToken('one'),
    'Provider Directory API': await system.issuer.directoryToken(),
  };
  for (const { type, documentation } of (await system.request('/metadata')).json.rest[0].resource)
    for (const [api, token] of Object.entries(tokens)) {
      const { status } = await system.request(`/${type}?_count=0`, { token });
      const served = isSearched(type) ? 200 : 404;
      expect([type, api, status]).toEqual([type, api, documentation.includes(api) ? served : 403]);
    }
});

it('claims of the parameters that R4 has for every search those that are taken, and no other', async () => {
  const { rest } = (await system.request('/metadata')).json;
  const patients = rest[0].resource.find((entry: Json) => entry.type === 'Patient');
  const claimed = [...rest[0].searchParam, ...patients.searchParam].map(({ name }: Json) => name);
  const token = await system.issuer.patientToken('one');
  for (const asked of [
    ...['_id=x', '_lastUpdated=2026', '_tag=x', '_profile=x', '_security=x', '_source=x'],
    ...['_text=x', '_content=x', '_list=x', '_filter=x', '_query=x', '_type=Patient'],
    ...['_has:Observation:patient:status=final', '_include=Patient:link', '_revinclude=Observation:patient'],
    ...['_sort=birthdate', '_count=1', '_total=none', '_summary=true', '_elements=name'],
    ...['_contained=true', '_containedType=container'],
  ]) {
    const { status } = await system.request(`/Patient?${asked}`, {
      token,
      headers: { prefer: 'handling=strict' },
    });
    expect([asked, status]).toEqual([asked, claimed.includes(asked.split(/[:=]/)[0]) ? 200 : 400]);
  }
});

it('health reports whether events and databases are available', async () => {
  const answer = await fetch(`${system.service.url}/health/ready`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ status: 'ok', info: { events: { status: 'up' } } });
});
