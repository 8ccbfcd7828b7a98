import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadMembers } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';
import { interactionOf } from './interaction.js';

const system = new FhirApiSystem();
beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
});
afterAll(() => system.stop());

const own = () => system.issuer.patientToken('one');
const ids = (bundle: { entry?: { resource: { id: string } }[] }) =>
  (bundle.entry ?? []).map(({ resource }) => resource.id);

describe('a path into a compartment', () => {
  it('searches the own records, by query and by form, and its links keep the path', async () => {
    const byQuery = await system.request('/Patient/one/Observation?status=final', { token: await own() });
    expect([byQuery.status, ids(byQuery.json)]).toEqual([200, ['one-weight']]);
    expect(byQuery.json.link[0].url).toMatch(/\/Patient\/one\/Observation\?status=final$/);
    const byForm = await system.request('/Patient/one/Observation/_search', {
      token: await own(),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'status=final',
    });
    expect([byForm.status, ids(byForm.json)]).toEqual([200, ['one-weight']]);
  });

  it('of another member is answered as that of nobody', async () => {
    for (const rest of ['Observation', 'Observation?_summary=count', '$everything', '$everything?_count=1']) {
      const [other, nobody] = await Promise.all(
        ['two', 'xyz'].map(async (id) => {
          const answer = await system.request(`/Patient/${id}/${rest}`, { token: await own() });
          return [answer.status, answer.body.toString().replaceAll(id, 'ID')];
        }),
      );
      expect(other).toEqual(nobody);
      expect(other![0]).toBe(404);
    }
  });

  it('is closed to a directory token, and to a request without a token', async () => {
    const token = await system.issuer.directoryToken();
    for (const rest of ['Observation', '$everything']) {
      expect((await system.request(`/Patient/one/${rest}`, { token })).status).toBe(403);
      expect((await system.request(`/Patient/one/${rest}`)).status).toBe(401);
    }
  });
});

describe('$everything', () => {
  it('gives the own records by GET and by POST', async () => {
    const byGet = await system.request('/Patient/one/$everything', { token: await own() });
    expect([byGet.status, ids(byGet.json)]).toEqual([200, ['one', 'one-weight']]);
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        { name: '_type', valueCode: 'Observation' },
        { name: '_count', valueInteger: 5 },
      ],
    };
    const byPost = await system.request('/Patient/one/$everything', {
      token: await own(),
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(parameters),
    });
    expect([byPost.status, ids(byPost.json)]).toEqual([200, ['one-weight']]);
  });

  it('goes on by its next link, with the same token only', async () => {
    const { json } = await system.request('/Patient/one/$everything?_count=1', { token: await own() });
    expect(ids(json)).toEqual(['one']);
    const next = new URL(json.link.find(({ relation }: { relation: string }) => relation === 'next').url);
    const path = `/Patient/one/$everything${next.search}`;
    expect(next.pathname.endsWith('/Patient/one/$everything')).toBe(true);
    expect(ids((await system.request(path, { token: await own() })).json)).toEqual(['one-weight']);
    const foreign = await system.request(path, { token: await system.issuer.patientToken('two') });
    expect(foreign.status).toBe(404);
  });

  it('is not there where it is switched off', () => {
    const off = { everything: false };
    expect(() => interactionOf('GET', '/Patient/one/$everything', off)).toThrow(/not supported/);
    expect(interactionOf('OPTIONS', '/Patient/one/$everything', off)).toMatchObject({
      allow: 'GET, HEAD, OPTIONS',
    });
  });
});
