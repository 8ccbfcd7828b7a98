import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMembers, loadResources } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();
let token: string;

const weight = (text: string) => ({
  resourceType: 'Observation',
  id: 'one-weight',
  status: 'final',
  code: { text },
  subject: { reference: 'Patient/one' },
});

beforeAll(async () => {
  await system.start({ RESOURCE_HISTORY: 'on' });
  await loadMembers(system.config);
  await loadResources(system.config, [weight('second')], true);
  await loadResources(system.config, [weight('third')], true);
  token = await system.issuer.patientToken('one');
});
afterAll(() => system.stop());

const get = (path: string, as = token) => system.request(path, { token: as });

describe('earlier versions, where they are kept', () => {
  it('are listed by _history, and read one by one', async () => {
    const { status, json, headers } = await get('/Observation/one-weight/_history');
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(json).toMatchObject({ type: 'history', total: 3 });
    for (const { resource, response } of json.entry) {
      const { versionId } = resource.meta;
      const read = await get(`/Observation/one-weight/_history/${versionId}`);
      expect([read.json, read.headers.etag]).toEqual([resource, response.etag]);
    }
    const next = await get('/Observation/one-weight/_history?_count=1');
    const link = next.json.link.find(({ relation }: { relation: string }) => relation === 'next').url;
    expect((await get(link.slice(link.indexOf('/Observation')))).json.entry).toHaveLength(1);
  });

  it('are read by nobody else, and a version that is not there is a 404 with the way to the list', async () => {
    const other = await system.issuer.patientToken('two');
    for (const path of ['/Observation/one-weight/_history', '/Observation/one-weight/_history/1'])
      expect([path, (await get(path, other)).status]).toEqual([path, 404]);
    for (const version of ['4', '0', '01', 'x', '99999999999']) {
      const { status, json } = await get(`/Observation/one-weight/_history/${version}`);
      expect([version, status]).toEqual([version, 404]);
      expect(json.issue[0].details.text).toContain('Observation/one-weight/_history lists the versions');
    }
    expect((await get('/Observation/absent/_history')).status).toBe(404);
  });

  it('are of one resource: of a type, of the system, of a Binary and of a Consent there are none', async () => {
    for (const path of ['/Observation/_history', '/_history', '/Binary/x/_history', '/Consent/x/_history'])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    const { status, headers } = await system.request('/Observation/one-weight/_history', {
      token,
      method: 'POST',
    });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('are refused with a bad parameter by its name', async () => {
    const { status, json } = await get('/Observation/one-weight/_history?_sort=date');
    expect([status, json.issue[0].details.text]).toEqual([400, expect.stringContaining('_sort')]);
  });

  it('are an entry of a batch', async () => {
    const entry = [{ request: { method: 'GET', url: 'Observation/one-weight/_history' } }];
    const { json } = await system.request('/', {
      token,
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
    });
    expect(json.entry[0].resource.type).toBe('history');
    expect(json.entry[0].fullUrl).toBeUndefined();
  });

  it('are claimed for the types that have them', async () => {
    const { json } = await system.request('/metadata');
    const claimed = (type: string) => {
      const found = json.rest[0].resource.find((one: { type: string }) => one.type === type);
      const codes: string[] = found.interaction.map(({ code }: { code: string }) => code);
      return [found.readHistory, codes.includes('history-instance')];
    };
    expect(['Observation', 'Practitioner', 'Binary', 'Consent'].map(claimed)).toEqual([
      [true, true],
      [true, true],
      [false, false],
      [false, false],
    ]);
  });
});
