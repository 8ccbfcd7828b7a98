import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lines, patient, weight } from '../testing/small-resources.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';
import { shareCodeTables } from './code-tables.js';
import type { LabelRule } from './label-rules.js';
import type { LoadOptions } from './load.js';
import { reindex } from './reindex.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

type Json = Record<string, unknown>;

const icd = 'http://hl7.org/fhir/sid/icd-10-cm';
const ndc = 'http://hl7.org/fhir/sid/ndc';
const npi = 'http://hl7.org/fhir/sid/us-npi';
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

let files = 0;
const loadText = (text: string, options: Partial<LoadOptions> = {}) =>
  store.loadWith({ structure: 'count', ...options }, store.file(`enrich-${files++}.ndjson`, text));
const loadAll = (options: Partial<LoadOptions>, ...resources: object[]) =>
  loadText(lines(...resources), options);

async function stored(type: string, id: string, owner: string): Promise<{ text: string; json: Json }> {
  const found = await store.engine.read({ type, id, access: owner === '' ? directory : member(owner) });
  const text = String(found?.json);
  return { text, json: JSON.parse(text) as Json };
}

const condition = (id: string, owner: string, ...codes: object[]) => ({
  resourceType: 'Condition',
  id,
  code: { coding: codes },
  subject: { reference: `Patient/${owner}` },
});

describe('codes become labels of sensitivity', () => {
  const labelRules: LabelRule[] = [
    { system: icd, codes: ['F10*', 'B20'], label: 'SUD' },
    { system: icd, codes: ['B20'], label: 'HIV' },
  ];
  const labelsOf = (json: Json) =>
    (json.meta as { security?: { code: string }[] }).security?.map(({ code }) => code);

  it('by prefix and by whole code, wherever the code stands, and finds by _security', async () => {
    const eob = {
      ...claim('labelled-claim', 'l', { display: 'x' }),
      diagnosis: [{ sequence: 1, diagnosisCodeableConcept: { coding: [{ system: icd, code: 'F10.20' }] } }],
    };
    const report = await loadAll(
      { labelRules },
      patient('l'),
      condition('l1', 'l', { system: icd, code: 'F10.20' }),
      condition('l2', 'l', { system: icd, code: 'B20' }),
      condition('l3', 'l', { system: icd, code: 'B20.1' }, { system: 'other', code: 'B20' }),
      eob,
    );
    expect(report).toMatchObject({ created: 5, labelled: 3 });
    expect(labelsOf((await stored('Condition', 'l1', 'l')).json)).toEqual(['SUD']);
    expect(labelsOf((await stored('Condition', 'l2', 'l')).json)).toEqual(['HIV', 'SUD']);
    expect(labelsOf((await stored('Condition', 'l3', 'l')).json)).toBeUndefined();
    const withheld = { ...member('l'), withheld: [`${actCode}|SUD`] };
    expect(await store.ids('Condition', withheld)).toEqual(['l3']);
    expect(await store.ids('ExplanationOfBenefit', withheld)).toEqual([]);
    expect(await store.ids(`Condition?_security=${actCode}|HIV`, member('l'))).toEqual(['l2']);
  });

  it.each([
    ['', ['SUD']],
    ['"meta":{},', ['SUD']],
    ['"meta" : { "tag" : [ { "code" : "t" } ] } ,', ['SUD']],
    ['"meta":{"security":[]},', ['SUD']],
    ['"meta":{"security":[{"system":"x","code":"R"}],"source":"s"},', ['R', 'SUD']],
    [`"meta":{"security":[{"system":"${actCode}","code":"SUD"}]},`, ['SUD']],
  ])('beside a meta like %s', async (meta, expected) => {
    const id = `meta-${files}`;
    const coding = `{ "system" : "${icd}" , "code":"F10.1" }`;
    const text = `{"resourceType":"Condition",${meta}"id":"${id}", "code":{"coding":[${coding}]},"subject":{"reference":"Patient/l"}}`;
    expect(await loadText(text, { labelRules })).toMatchObject({ created: 1, reasons: [] });
    expect(labelsOf((await stored('Condition', id, 'l')).json)).toEqual(expected);
    expect(await loadText(text, { labelRules })).toMatchObject({ unchanged: 1 });
  });

  it('of drugs in each form of their NDC', async () => {
    const rules = [
      { system: ndc, codes: ['61958-2501*'], label: 'HIV' },
      { system: ndc, codes: ['0093-1113-01'], label: 'MH' },
    ];
    const drugs = [
      '61958250101',
      '61958-2501-01',
      '61958-2501-1',
      '00093111301',
      '0093-1113-01',
      '61958250201',
    ];
    const medications = drugs.map((code, n) => ({
      resourceType: 'Medication',
      id: `ndc-${n}`,
      code: { coding: [{ system: ndc, code }] },
    }));
    expect(await loadAll({ labelRules: rules }, ...medications)).toMatchObject({ created: 6, labelled: 5 });
  });

  it('of a Medication, to which requests refer', async () => {
    const drug = { resourceType: 'Medication', id: 'ml', code: { coding: [{ system: icd, code: 'B20' }] } };
    expect(await loadAll({ labelRules }, drug)).toMatchObject({ created: 1, labelled: 1 });
  });

  it('never of other shared resources, and a resource whose meta is no object is refused as before', async () => {
    const medication = {
      resourceType: 'Practitioner',
      id: 'pl',
      qualification: [{ code: { coding: [{ system: icd, code: 'B20' }] } }],
    };
    expect(await loadAll({ labelRules }, medication)).toMatchObject({ created: 1, labelled: 0 });
    const broken = { ...condition('broken', 'l', { system: icd, code: 'B20' }), meta: [] };
    expect((await loadAll({ labelRules }, broken)).reasons).toEqual([
      expect.stringMatching(/meta is not an object/),
    ]);
  });
});

describe('names beside codes', () => {
  const codeTables = shareCodeTables(
    new Map([
      [
        ndc,
        new Map([
          ['0093-1113-01', 'lisinopril 10 MG'],
          ['12345678901', 'an "unusual" name, é'],
        ]),
      ],
      [icd, new Map([['I10', 'High blood pressure']])],
      [npi, new Map([['1234567893', 'Dr. Ann Example']])],
    ]),
  );

  it('come from the tables of the plan, and leave every other character as it is', async () => {
    const text =
      '{"resourceType":"MedicationDispense","id":"n1","status":"completed",' +
      `"medicationCodeableConcept":{"coding":[{"system":"${ndc}","code":"00093111301"},{"code":"12345678901","system":"${ndc}"},` +
      `{"system":"${ndc}","code":"99999999999"},{"system":"${ndc}","code":"00093111301","display":"as given"}]},` +
      '"subject":{"reference":"Patient/l"},"quantity":{"value":1.50,"system":"http://unitsofmeasure.org","code":"mg"}}';
    const report = await loadText(text, { codeTables });
    expect(report.bareCodes).toEqual([{ system: ndc, code: '99999999999', count: 1 }]);
    const { text: body, json } = await stored('MedicationDispense', 'n1', 'l');
    const { coding } = json.medicationCodeableConcept as { coding: { display?: string }[] };
    expect(coding.map(({ display }) => display)).toEqual([
      'lisinopril 10 MG',
      'an "unusual" name, é',
      undefined,
      'as given',
    ]);
    expect(body).toContain('"quantity":{"value":1.50,"system":"http://unitsofmeasure.org","code":"mg"}');
    expect(await loadText(text, { codeTables })).toMatchObject({ unchanged: 1 });
    // Another table, another name.
    expect(await loadText(text)).toMatchObject({ updated: 1 });
  });

  it('are found by searches, and are in contained resources of types that are not loaded', async () => {
    const contained = { resourceType: 'Basic', id: 'b', code: { coding: [{ system: icd, code: 'I10' }] } };
    const resource = { ...condition('n2', 'l', { system: icd, code: 'I10' }), contained: [contained] };
    expect(await loadAll({ codeTables }, resource)).toMatchObject({ created: 1, reasons: [] });
    expect((await stored('Condition', 'n2', 'l')).text.match(/High blood pressure/g)).toHaveLength(2);
    expect(await store.ids('Condition?code:text=High+blood', member('l'))).toEqual(['n2']);
  });

  it('a provider of a claim gets its name from the table of NPIs', async () => {
    const provider = { identifier: { system: npi, value: '1234567893' } };
    await loadAll({ codeTables }, claim('n3', 'l', provider));
    expect((await stored('ExplanationOfBenefit', 'n3', 'l')).json.provider).toEqual({
      ...provider,
      display: 'Dr. Ann Example',
    });
  });
});

/** A claim with a provider and a care team of one. */
function claim(id: string, owner: string, provider: object, careTeam: object = provider) {
  return {
    resourceType: 'ExplanationOfBenefit',
    id,
    use: 'claim',
    patient: { reference: `Patient/${owner}` },
    provider,
    careTeam: [{ sequence: 1, provider: careTeam }],
  };
}

describe('the provider and the care team of a claim', () => {
  const doctor = {
    resourceType: 'Practitioner',
    id: 'late-doctor',
    identifier: [{ system: npi, value: '1999999984' }],
    name: [{ family: 'Late', given: ['Ada'], prefix: ['Dr.'] }],
  };
  const clinic = { resourceType: 'Organization', id: 'late-clinic', name: 'Late "Clinic"' };
  const displays = async (id: string) => {
    const { json } = await stored('ExplanationOfBenefit', id, 'p');
    const { provider, careTeam } = json as { provider: Json; careTeam: { provider: Json }[] };
    return [provider.display, careTeam[0]!.provider.display];
  };

  it('always have a display, and get their names when the directory comes, before or later', async () => {
    const byReference = claim(
      'c1',
      'p',
      { reference: 'Organization/late-clinic' },
      { reference: 'Practitioner/late-doctor' },
    );
    const byNpi = claim(
      'c2',
      'p',
      { identifier: { system: npi, value: '1999999984' } },
      { reference: 'https://elsewhere.example/Practitioner/9' },
    );
    const given = claim('c3', 'p', { reference: 'Organization/late-clinic', display: 'As given' });
    const first = await loadAll({}, patient('p'), byReference, byNpi, given);
    expect(first).toMatchObject({ created: 4, named: 0, unnamed: 2 });
    expect(await displays('c1')).toEqual(['Organization late-clinic', 'Practitioner late-doctor']);
    expect(await displays('c2')).toEqual(['NPI 1999999984', 'Practitioner 9']);
    const before = await stored('ExplanationOfBenefit', 'c1', 'p');
    expect(await loadAll({}, doctor)).toMatchObject({ created: 1, named: 2, unnamed: 1 });
    expect(await loadAll({}, clinic)).toMatchObject({ created: 1, named: 1, unnamed: 0 });
    expect(await displays('c1')).toEqual(['Late "Clinic"', 'Dr. Ada Late']);
    expect(await displays('c2')).toEqual(['Dr. Ada Late', 'Practitioner 9']);
    expect(await displays('c3')).toEqual(['As given', 'As given']);
    const after = await stored('ExplanationOfBenefit', 'c1', 'p');
    const meta = (json: Json) => json.meta as { versionId: string; lastUpdated: string };
    expect(meta(before.json).versionId).toBe('1');
    expect(meta(after.json).versionId).toBe('3');
    expect(meta(after.json).lastUpdated >= meta(before.json).lastUpdated).toBe(true);
    // The same file changes nothing, and the names stay.
    expect(await loadAll({}, byReference, byNpi, given)).toMatchObject({ unchanged: 3, named: 0 });
    expect(await displays('c1')).toEqual(['Late "Clinic"', 'Dr. Ada Late']);
    // A changed claim comes without names again.
    expect(await loadAll({}, { ...byReference, status: 'active' })).toMatchObject({ updated: 1, named: 1 });
    expect(await displays('c1')).toEqual(['Late "Clinic"', 'Dr. Ada Late']);
  });

  it('have the names of contained resources', async () => {
    const contained = [{ resourceType: 'Organization', id: 'o', name: 'Inside' }];
    await loadAll({}, { ...claim('c4', 'p', { reference: '#o' }), contained });
    expect(await displays('c4')).toEqual(['Inside', 'Inside']);
  });

  it('wait for their names also through another indexing', async () => {
    await loadAll({}, claim('c5', 'p', { reference: 'Organization/later' }));
    await store.pool.query(`UPDATE member_resource SET tokens = '{}' WHERE id = 'c5'`);
    await reindex({ pool: store.pool, baseUrl, onRefused: () => undefined });
    await loadAll({}, { ...clinic, id: 'later', name: 'Later' });
    expect(await displays('c5')).toEqual(['Later', 'Later']);
  });

  it('are forgotten with the claim', async () => {
    await loadAll({}, claim('c6', 'p', { reference: 'Organization/never' }));
    const request = { method: 'DELETE', url: 'ExplanationOfBenefit/c6' };
    const report = await loadAll({}, { resourceType: 'Bundle', type: 'transaction', entry: [{ request }] });
    expect(report).toMatchObject({ deleted: 1, unnamed: 0 });
  });
});

describe('the newest data of a kind', () => {
  const freshness = [
    {
      kind: 'claims',
      types: ['ExplanationOfBenefit'],
      where: { element: 'use', value: 'claim' },
      dates: ['created'],
    },
    { kind: 'visits', types: ['Encounter'], dates: ['period'] },
    { kind: 'weights', types: ['Observation'], dates: ['issued'] },
  ];
  const known = async () =>
    Object.fromEntries(
      (
        await store.pool.query<{ kind: string; newest: Date | null; complete_to: Date | null }>(
          'SELECT kind, newest, complete_to FROM data_freshness',
        )
      ).rows.map((row) => [
        row.kind,
        [row.newest?.toISOString() ?? null, row.complete_to?.toISOString() ?? null],
      ]),
    );
  const visit = (id: string, period: object) => ({
    resourceType: 'Encounter',
    id,
    subject: { reference: 'Patient/p' },
    period,
  });

  it('is the latest of the dates of its resources and of meta.lastUpdated, never in the future', async () => {
    await loadAll(
      { freshness },
      { ...claim('f1', 'p', { display: 'x' }), created: '2026-01-02T03:04:05-05:00' },
      { ...claim('f2', 'p', { display: 'x' }), created: '2026-01-01' },
      { ...claim('f3', 'p', { display: 'x' }), created: '2999-01-01' },
      { ...claim('f4', 'p', { display: 'x' }), use: 'preauthorization', created: '2026-05-01' },
      visit('f5', { start: '2026-02-01T10:00:00Z', end: '2999-01-01' }),
      { ...visit('f6', { end: '2026-02-03T00:00:00Z' }), meta: { lastUpdated: '2026-02-04T00:00:00Z' } },
      weight('f7', 'p'),
    );
    expect(await known()).toEqual({
      claims: ['2026-01-02T08:04:05.000Z', null],
      visits: ['2026-02-04T00:00:00.000Z', null],
      weights: [null, null],
    });
  });

  it('stays when older data comes, and follows the declaration of the source', async () => {
    const old = { ...claim('f8', 'p', { display: 'x' }), created: '2020-01-01' };
    const at = (time: string) => Date.parse(time);
    await loadAll(
      {
        freshness,
        completeTo: {
          byKind: { visits: at('2026-03-01T00:00:00Z') },
          undeclared: at('2026-03-02T00:00:00Z'),
        },
      },
      old,
    );
    const declared = {
      claims: ['2026-01-02T08:04:05.000Z', '2026-03-02T00:00:00.000Z'],
      visits: ['2026-02-04T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
      weights: [null, null],
    };
    expect(await known()).toEqual(declared);
    // With a refusal the data is not complete.
    const refused = await loadText(`${lines(old)}\n{`, {
      freshness,
      completeTo: { byKind: {}, undeclared: at('2026-04-01T00:00:00Z') },
    });
    expect(refused.rejected).toBe(1);
    expect(await known()).toEqual(declared);
    // An empty file declares, too.
    await loadText('', { freshness, completeTo: { byKind: { weights: at('2026-04-01T00:00:00Z') } } });
    expect(await known()).toEqual({ ...declared, weights: [null, '2026-04-01T00:00:00.000Z'] });
  });
});
