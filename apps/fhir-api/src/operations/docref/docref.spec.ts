import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../gateway/testing/http.js';
import { loadMembers, loadResources } from '../../gateway/testing/members.js';
import { FhirApiSystem } from '../../gateway/testing/system.js';

const system = new FhirApiSystem();
let token: string;

beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
  token = await system.issuer.patientToken('one');
});
afterAll(() => system.stop());

describe('$docref', () => {
  const path = '/DocumentReference/$docref';
  const loinc = 'http://loinc.org';
  const documentOf = (patient: string, id: string, type: string, day: string, status = 'current') => ({
    resourceType: 'DocumentReference',
    id,
    status,
    type: { coding: [{ system: loinc, code: type }] },
    subject: { reference: `Patient/${patient}` },
    content: [{ attachment: { contentType: 'text/plain', data: 'aGk=' } }],
    context: { period: { start: `${day}T10:00:00Z`, end: `${day}T11:00:00Z` } },
  });
  const post = (body: unknown, contentType = 'application/fhir+json') =>
    system.request(path, {
      token,
      method: 'POST',
      headers: { 'content-type': contentType },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const parametersOf = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });
  const idsIn = ({ json }: { json: Json }) => (json.entry ?? []).map((entry: Json) => entry.resource.id);

  beforeAll(() =>
    loadResources(system.config, [
      documentOf('one', 'd1', '11506-3', '2024-05-10'),
      documentOf('one', 'd2', '34133-9', '2025-06-10'),
      documentOf('one', 'd3', '34133-9', '2025-01-10', 'superseded'),
      documentOf('two', 'd4', '34133-9', '2025-06-10'),
    ]),
  );

  it.each([
    ['', ['d1', 'd2']],
    ['?patient=one', ['d1', 'd2']],
    ['?patient=two', []],
    ['?patient=one&start=2025-01-01', ['d2', 'd3']],
    ['?patient=one&end=2025-05', ['d1', 'd3']],
    ['?patient=one&start=2025-01-10T10:30:00Z&end=2025-02-01T00:00:00Z', ['d3']],
    [`?patient=one&type=${loinc}|34133-9`, ['d2']],
    ['?patient=one&type=34133-9&type=11506-3&_count=10', ['d1', 'd2']],
    ['?patient=one&on-demand=false', ['d1', 'd2']],
    ['?patient=one&on-demand=true', []],
  ])('GET %s', async (query, expected) => {
    const answer = await system.request(path + query, { token });
    expect([answer.status, answer.json.type, answer.json.total]).toEqual([200, 'searchset', expected.length]);
    expect(idsIn(answer)).toEqual(expected);
    expect(answer.json.link[0]).toMatchObject({
      relation: 'self',
      url: expect.stringContaining('/DocumentReference'),
    });
  });

  it('takes a Parameters resource', async () => {
    const asked = parametersOf(
      { name: 'patient', valueId: 'one' },
      { name: 'start', valueDateTime: '2025-01-01' },
      { name: 'type', valueCoding: { system: loinc, code: '34133-9' } },
      { name: 'on-demand', valueBoolean: false },
    );
    expect(idsIn(await post(asked))).toEqual(['d2', 'd3']);
    expect(idsIn(await post(''))).toEqual(['d1', 'd2']);
  });

  it('says what is wrong', async () => {
    for (const [query, text] of [
      ['start=soon', 'start: "soon" is not a dateTime'],
      ['start=2024&start=2025', 'start: may be given once'],
      ['on-demand=perhaps', 'on-demand: must be true or false'],
      ['profile=http://x', 'ask by type'],
      ['status=current', 'status: is not a parameter of $docref; allowed are patient, start'],
    ]) {
      const { status, json } = await system.request(`${path}?${query}`, { token });
      expect([status, json.issue[0].diagnostics]).toEqual([400, expect.stringContaining(text as string)]);
    }
    for (const body of [
      '{',
      '[]',
      'null',
      { resourceType: 'Patient' },
      parametersOf({ name: 'patient' }),
      parametersOf({ valueId: 'one' }),
    ])
      expect([body, (await post(body)).status]).toEqual([body, 400]);
    for (const value of [
      { valueCodeableConcept: { coding: [{ system: loinc, code: '34133-9' }] } },
      { valueCoding: {} },
      { valueCoding: { display: 'Summary' } },
      { valueCoding: { system: 1, code: '34133-9' } },
      { valueCoding: [{ system: loinc, code: '34133-9' }] },
      { valueString: '' },
      { valueString: null },
    ]) {
      const { status, json } = await post(parametersOf({ name: 'type', ...value }));
      const [name] = Object.keys(value);
      expect([status, json.issue[0].diagnostics]).toEqual([
        400,
        expect.stringContaining(`type: ${name} cannot be read`),
      ]);
    }
    const both = { name: 'type', valueCode: '34133-9', valueString: '11506-3' };
    expect((await post(parametersOf(both))).status).toBe(400);
    expect((await post('patient=one', 'application/x-www-form-urlencoded')).status).toBe(415);
    const directory = await system.issuer.directoryToken();
    expect((await system.request(path, { token: directory })).status).toBe(403);
    expect((await system.request(path)).status).toBe(401);
  });
});
