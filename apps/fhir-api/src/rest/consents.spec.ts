import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resourceTypesOfPlan } from '@payer/smart';
import { eventually } from '@payer/testing';
import type { Json } from '../gateway/testing/http.js';
import { publish, revokedGrant } from '../gateway/testing/events.js';
import { loadMembers } from '../gateway/testing/members.js';
import { bases, FhirApiSystem } from '../gateway/testing/system.js';

/*
 * The grant of a token as FHIR Consent: a token reads its own grant, and learns of no other.
 */

const system = new FhirApiSystem();
const base = bases.sandbox;
const created = Date.parse('2026-03-01T10:00:00Z') / 1000;
const expires = Math.floor(Date.now() / 1000) + 30 * 86_400;
const grantTimes = { grant_created_at: created, grant_expires_at: expires };
const id = 'grant-of-one';
let token: string;

beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
  token = await system.issuer.patientToken('one', { claims: grantTimes });
});
afterAll(() => system.stop());

const get = (path: string, headers: Record<string, string> = {}) => system.request(path, { token, headers });
const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

describe('the Consent of a token', () => {
  it('says who gave which app which access to whose records, and until when', async () => {
    const { status, json, headers } = await get(`/Consent/${id}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      resourceType: 'Consent',
      id,
      meta: { lastUpdated: '2026-03-01T10:00:00.000Z' },
      status: 'active',
      scope: { coding: [{ code: 'patient-privacy' }] },
      patient: { reference: `${base}/Patient/one` },
      performer: [{ reference: `${base}/Patient/one` }],
      dateTime: iso(created),
      provision: {
        type: 'permit',
        period: { start: iso(created), end: iso(expires) },
        actor: [{ reference: { identifier: { value: 'patientapp' } } }],
      },
    });
    const types = json.provision.class.map(({ code }: Json) => code);
    const opened = [...resourceTypesOfPlan['patient-access']].filter((type) => type !== 'Consent');
    expect(types.sort()).toEqual(opened.sort());
    const denied = json.provision.provision[0].securityLabel.map(({ code }: Json) => code);
    expect(denied).toEqual(expect.arrayContaining(['HIV', 'MH', 'SUD', 'SEX']));
    expect(headers.etag).toBe(`W/"${json.meta.versionId}"`);
    expect((await get(`/Consent/${id}/_history/${json.meta.versionId}`)).json).toEqual(json);
    expect((await get(`/Consent/${id}`, { 'if-none-match': String(headers.etag) })).status).toBe(304);
    expect((await get(`/Consent/${id}/_history/1`)).status).toBe(404);
  });

  it('names the RelatedPerson who gave it, and no kind of data that the member opened as closed', async () => {
    const fhirUser = `${base}/RelatedPerson/parent`;
    const claims = { ...grantTimes, fhirUser, sensitive: ['hiv'] };
    const other = await system.issuer.patientToken('one', { claims });
    const { json } = await system.request(`/Consent/${id}`, { token: other });
    expect(json.performer).toEqual([{ reference: fhirUser }]);
    const denied = json.provision.provision[0].securityLabel.map(({ code }: Json) => code);
    expect(denied).not.toContain('HIV');
    expect(denied).toContain('MH');
  });

  it('is the only one that the token reads, on every way', async () => {
    for (const other of ['grant-of-two', 'unknown']) {
      const refused = await get(`/Consent/${other}`);
      expect(refused.status).toBe(404);
      expect(refused.json.issue[0].code).toBe('not-found');
      expect((await get(`/Consent?_id=${other}`)).json).toMatchObject({ total: 0 });
    }
    expect((await get('/Consent?patient=two')).json).toMatchObject({ total: 0 });
    expect((await get('/Patient/two/Consent')).status).toBe(404);
    const two = await system.issuer.patientToken('two', { claims: grantTimes });
    const found = await system.request('/Consent', { token: two });
    expect(found.json.entry.map(({ resource }: Json) => resource.id)).toEqual(['grant-of-two']);
  });

  it('needs the token of a member', async () => {
    expect((await system.request('/Consent')).status).toBe(401);
    const directory = await system.issuer.directoryToken();
    expect((await system.request('/Consent', { token: directory })).status).toBe(403);
  });

  it('has no period while the token is of the previous version, which names no times', async () => {
    const old = await system.issuer.patientToken('one');
    const { status, json } = await system.request(`/Consent/${id}`, { token: old });
    expect(status).toBe(200);
    expect(json).not.toHaveProperty('dateTime');
    expect(json.provision).not.toHaveProperty('period');
  });

  it('ends earlier as soon as the member has shortened the grant, and is then a new version', async () => {
    const mine = await system.issuer.patientToken('one', {
      claims: { ...grantTimes, grant_id: 'shortened' },
    });
    const read = async () => (await system.request('/Consent/shortened', { token: mine })).json;
    const before = await read();
    const shortening = {
      grant_id: 'shortened',
      environment: 'sandbox' as const,
      client_id: 'patientapp',
    };
    const [sooner, changed] = [expires - 86_400, Date.now()];
    for (const [end, version] of [
      [sooner, changed],
      [expires - 3600, changed - 1],
    ] as const)
      await publish(system.publisher, 'grant-shortened', { ...shortening, version, expires_at: iso(end) });
    await eventually(async () => (await read()).provision.period.end === iso(sooner));
    const after = await read();
    expect(after.meta.versionId).not.toBe(before.meta.versionId);
    expect(after.meta.lastUpdated).toBe(new Date(changed).toISOString());
    const { json } = await system.request(`/Consent?_lastUpdated=ge${new Date(changed).toISOString()}`, {
      token: mine,
    });
    expect(json.total).toBe(1);
  });

  it('is refused when the grant has ended', async () => {
    const ended = await system.issuer.patientToken('one', { claims: { ...grantTimes, grant_id: 'ended' } });
    expect((await system.request('/Consent/ended', { token: ended })).status).toBe(200);
    await publish(system.publisher, 'grant-revoked', revokedGrant('ended', 'one'));
    await eventually(async () => (await system.request('/Consent/ended', { token: ended })).status === 401);
  });
});

describe('a search of Consents', () => {
  it.each([
    ['', 1],
    ['_id=grant-of-one', 1],
    ['_id=other,grant-of-one', 1],
    ['_id:not=grant-of-one', 0],
    ['patient=one', 1],
    ['patient=Patient/one', 1],
    [`patient=${base}/Patient/one`, 1],
    ['patient:Patient=one', 1],
    ['patient:missing=true', 0],
    ['patient=http://other.example/Patient/one', 0],
    ['patient=ONE', 0],
    ['status=active', 1],
    ['status=inactive,active', 1],
    ['status=inactive', 0],
    ['status:not=inactive', 1],
    ['status=http://hl7.org/fhir/consent-state-codes|active', 1],
    ['status=http://hl7.org/fhir/consent-state-codes|', 1],
    ['status=http://other.example|active', 0],
    ['status=|active', 0],
    ['_lastUpdated=2026-03-01', 1],
    ['_lastUpdated=ge2026-03-01T10:00:00Z', 1],
    ['_lastUpdated=gt2026-03-01T10:00:00Z', 0],
    ['_lastUpdated=lt2026-03-01', 0],
    ['_lastUpdated=ne2026-03', 0],
    ['_lastUpdated=le2026', 1],
    ['patient=one&status=active&_sort=-_lastUpdated', 1],
    ['patient=one&status=inactive', 0],
  ])('%s finds %i', async (query, total) => {
    const { status, json } = await get(`/Consent?${query}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total });
    const modes = (json.entry ?? []).map(({ search }: Json) => search.mode);
    expect(modes).toEqual(total === 1 ? ['match'] : []);
  });

  it('has the same answer by POST, and in the compartment of the patient', async () => {
    const { json } = await get('/Consent?status=active');
    const posted = await system.request('/Consent/_search', {
      token,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'status=active',
    });
    expect(posted.json).toEqual(json);
    const inside = await get('/Patient/one/Consent?status=active');
    expect(inside.json.entry).toEqual(json.entry);
    expect(inside.json.link).toEqual([
      { relation: 'self', url: `${base}/Patient/one/Consent?status=active` },
    ]);
  });

  it('gives counts and parts as every search does', async () => {
    for (const query of ['_count=0', '_summary=count']) {
      const { json } = await get(`/Consent?${query}`);
      expect(json).toMatchObject({ total: 1 });
      expect(json).not.toHaveProperty('entry');
    }
    expect((await get('/Consent?_total=none')).json).not.toHaveProperty('total');
    const [{ resource }] = (await get('/Consent?_elements=patient')).json.entry;
    expect(Object.keys(resource).sort()).toEqual(
      ['resourceType', 'id', 'meta', 'status', 'scope', 'category', 'patient'].sort(),
    );
    expect(resource.meta.tag[0].code).toBe('SUBSETTED');
    const summary = (await get(`/Consent/${id}?_summary=true`)).json;
    expect(summary.provision).toHaveProperty('period');
    expect(summary.provision).not.toHaveProperty('actor');
  });

  it.each([
    ['actor=Device/x', 'actor: is not a search parameter of Consent'],
    ['_sort=date', '_sort: Consent cannot be sorted by "date"'],
    ['_sort=status,-actor', '_sort: Consent cannot be sorted by "-actor"'],
  ])('ignores %s aloud, and refuses it under strict handling', async (query, text) => {
    const { json } = await get(`/Consent?${query}`);
    expect(json.total).toBe(1);
    const [, outcome] = json.entry;
    expect(outcome.search.mode).toBe('outcome');
    expect(outcome.resource.issue[0].diagnostics).toContain(text);
    const strict = await get(`/Consent?${query}`, { prefer: 'handling=strict' });
    expect(strict.status).toBe(400);
    expect(strict.json.issue[0].location).toEqual([`http.${query.split('=')[0]}`]);
  });

  it.each(['status=', '_count=', '_sort=', 'actor='])(
    'ignores the empty %s under strict handling',
    async (query) => {
      const { json } = await get(`/Consent?${query}`, { prefer: 'handling=strict' });
      expect(json).toMatchObject({ total: 1, link: [{ url: `${base}/Consent` }] });
      expect(json.entry[1].resource.issue[0].diagnostics).toContain('has no value');
    },
  );

  it.each(['_lastUpdated=soon', '_lastUpdated=xx2026', '_count=x', '_total=some', '_summary=no'])(
    'refuses the wrong value %s, also beside a filter that does not fit',
    async (query) => {
      expect((await get(`/Consent?status=inactive&${query}`)).status).toBe(400);
    },
  );

  it.each(['patient:identifier=x', 'status:in=x'])('refuses %s', async (query) => {
    expect((await get(`/Consent?${query}`)).status).toBe(400);
  });
});

it('the CapabilityStatement names Consent with what it can do', async () => {
  const { json } = await system.request('/metadata');
  const consent = json.rest[0].resource.find(({ type }: Json) => type === 'Consent');
  expect(consent.searchParam.map(({ name }: Json) => name)).toEqual([
    '_id',
    '_lastUpdated',
    'patient',
    'status',
  ]);
  expect(consent.documentation).toContain('the grant that it was issued for');
});
