import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSchema } from '../migrations/index.js';
import { bundle, deletion, lines, patient } from '../testing/small-resources.js';
import { baseUrl, member, TestStore } from '../testing/store.js';
import type { LabelRule } from './label-rules.js';
import { reindex } from './reindex.js';
import { removePatient } from './remove-patient.js';
import { dropWaiting } from './waiting.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

const rxnorm = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const labelRules: LabelRule[] = [{ system: rxnorm, codes: ['6813'], label: 'SUD' }];

let files = 0;
const loadAll = (...resources: object[]) =>
  store.loadWith(
    { structure: 'count', labelRules },
    store.file(`follow-${files++}.ndjson`, lines(...resources)),
  );
const remove = (...names: string[]) =>
  store.load(store.file(`follow-${files++}.json`, bundle('batch', ...names.map(deletion))));

const limited = (owner: string) => ({ ...member(owner), withheld: [`${actCode}|SUD`] });
const at = (reference: string) => ({ reference });
const medication = (id: string, code: string) => ({
  resourceType: 'Medication',
  id,
  code: { coding: [{ system: rxnorm, code }] },
});
const request = (id: string, owner: string, drug: string) => ({
  resourceType: 'MedicationRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: at(`Patient/${owner}`),
  medicationReference: at(drug),
});
const dispense = (id: string, owner: string, prescription: string) => ({
  resourceType: 'MedicationDispense',
  id,
  status: 'completed',
  subject: at(`Patient/${owner}`),
  medicationCodeableConcept: { text: 'tablets' },
  authorizingPrescription: [at(prescription)],
});
const provenance = (id: string, target: string) => ({
  resourceType: 'Provenance',
  id,
  target: [at(target)],
  recorded: '2026-01-01T00:00:00Z',
  agent: [{ who: { display: 'x' } }],
});

/** The resources of the types that a reader sees, `Type/id` each. */
async function seen(owner: string, ...types: string[]): Promise<string[]> {
  const found = await Promise.all(
    types.map(async (type) => (await store.ids(type, limited(owner))).map((id) => `${type}/${id}`)),
  );
  return found.flat().sort();
}

describe('labels go along references that stand for a code', () => {
  const all = ['MedicationRequest', 'MedicationDispense', 'Provenance'];
  const chainOf = (owner: string) => [
    patient(owner),
    request(`r-${owner}`, owner, `Medication/m-${owner}`),
    request(`plain-${owner}`, owner, `Medication/p-${owner}`),
    dispense(`d-${owner}`, owner, `MedicationRequest/r-${owner}`),
    provenance(`of-${owner}`, `MedicationDispense/d-${owner}`),
  ];
  const drugsOf = (owner: string) => [medication(`m-${owner}`, '6813'), medication(`p-${owner}`, '860975')];

  it.each([
    ['when the Medication came before', 'before', (a: object[], b: object[]) => [b, a]],
    ['when the Medication comes in a later load', 'after', (a: object[], b: object[]) => [a, b]],
    ['in one load', 'once', (a: object[], b: object[]) => [[...a, ...b]]],
    [
      'in the reverse order, one by one',
      'single',
      (a: object[], b: object[]) => [...b, ...a].reverse().map((one) => [one]),
    ],
  ])('%s', async (_, owner, loadsOf) => {
    for (const part of loadsOf(chainOf(owner), drugsOf(owner)))
      expect(await loadAll(...part)).toMatchObject({ rejected: 0 });
    expect(await seen(owner, ...all)).toEqual([`MedicationRequest/plain-${owner}`]);
    expect(await store.ids('MedicationRequest', member(owner))).toHaveLength(2);
    const id = `r-${owner}`;
    expect(
      await store.engine.read({ type: 'MedicationRequest', id, access: limited(owner) }),
    ).toBeUndefined();
    expect(await store.ids('Medication', limited(owner))).toEqual([`p-${owner}`]);
  });

  it('and away again, when the Medication is another one, or the request references another one', async () => {
    await loadAll(...chainOf('away'), ...drugsOf('away'));
    expect(await seen('away', ...all)).toHaveLength(1);
    await loadAll(medication('m-away', '860975'));
    expect(await seen('away', ...all)).toHaveLength(4);
    await loadAll(medication('m-away', '6813'));
    expect(await seen('away', ...all)).toHaveLength(1);
    await loadAll(request('r-away', 'away', 'Medication/p-away'));
    expect(await seen('away', ...all)).toHaveLength(4);
    await loadAll(request('r-away', 'away', `${baseUrl}/Medication/m-away/_history/1`));
    expect(await seen('away', ...all)).toHaveLength(1);
  });

  it('and stay when the labelled resource is deleted, until it comes without the label', async () => {
    await loadAll(...chainOf('kept'), ...drugsOf('kept'));
    await remove('Medication/m-kept');
    expect(await seen('kept', ...all)).toEqual(['MedicationRequest/plain-kept']);
    await loadAll(dispense('late-kept', 'kept', 'MedicationRequest/r-kept'));
    await remove('MedicationRequest/r-kept');
    expect(await seen('kept', ...all)).toEqual(['MedicationRequest/plain-kept']);
    await loadAll(medication('m-kept', '860975'), request('r-kept', 'kept', 'Medication/m-kept'));
    expect(await seen('kept', ...all)).toHaveLength(5);
  });

  it('from a resource that waits for its patient, also when it is deleted', async () => {
    const report = {
      resourceType: 'DiagnosticReport',
      id: 'of-waiting',
      status: 'final',
      subject: at('Patient/waits'),
      code: { text: 'x' },
      result: [at('Observation/waiting')],
    };
    const waiting = {
      resourceType: 'Observation',
      id: 'waiting',
      status: 'final',
      code: { coding: [{ system: rxnorm, code: '6813' }] },
      focus: [at('Condition/unknown')],
    };
    await loadAll(patient('waits'), report, waiting);
    const { rows } = await store.pool.query("SELECT id FROM waiting_resource WHERE type = 'Observation'");
    expect(rows).toEqual([{ id: 'waiting' }]);
    expect(await seen('waits', 'DiagnosticReport')).toEqual([]);
    await remove('Observation/waiting');
    expect(await seen('waits', 'DiagnosticReport')).toEqual([]);
    expect(await store.ids('DiagnosticReport', member('waits'))).toEqual(['of-waiting']);
  });

  it('over a resource that waited for its patient, after it is deleted or dropped', async () => {
    const waiting = (id: string) => ({
      ...request(id, 'over', 'Medication/over'),
      subject: undefined,
      reasonReference: [at('Condition/unknown')],
    });
    const ids = ['over-deleted', 'over-dropped'];
    const dispenses = ids.map((id) => dispense(id, 'over', `MedicationRequest/${id}`));
    expect(
      await loadAll(patient('over'), medication('over', '6813'), ...ids.map(waiting), ...dispenses),
    ).toMatchObject({ waiting: 2 });
    expect(await seen('over', 'MedicationDispense')).toEqual([]);
    await remove('MedicationRequest/over-deleted');
    expect(await dropWaiting(store.pool, ['MedicationRequest/over-dropped'])).toBe(1);
    expect(await seen('over', 'MedicationDispense')).toEqual([]);
    await reindex({ pool: store.pool, baseUrl, onRefused: () => undefined });
    expect(await seen('over', 'MedicationDispense')).toEqual([]);
    await loadAll(...ids.map((id) => request(id, 'over', 'Medication/other')));
    expect(await seen('over', 'MedicationDispense')).toHaveLength(2);
  });

  it('and stay when the labelled resource was of a removed member, until it comes without the label', async () => {
    const result = (code: string) => ({
      resourceType: 'Observation',
      id: 'of-removed',
      status: 'final',
      subject: at('Patient/removed'),
      code: { coding: [{ system: rxnorm, code }] },
    });
    const condition = {
      resourceType: 'Condition',
      id: 'of-removed',
      subject: at('Patient/relative'),
      evidence: [{ detail: [at('Observation/of-removed')] }],
    };
    await loadAll(patient('removed'), patient('relative'), result('6813'), condition);
    await removePatient(store.pool, 'removed');
    expect(await seen('relative', 'Condition')).toEqual([]);
    await reindex({ pool: store.pool, baseUrl, onRefused: () => undefined });
    expect(await seen('relative', 'Condition')).toEqual([]);
    await loadAll(patient('removed'), result('1'));
    expect(await seen('relative', 'Condition')).toEqual(['Condition/of-removed']);
  });

  it('to a resource that waited for its patient', async () => {
    const waiting = {
      ...request('waited', 'later', 'Medication/later'),
      subject: undefined,
      reasonReference: [at('Condition/later')],
    };
    expect(await loadAll(patient('later'), medication('later', '6813'), waiting)).toMatchObject({
      waiting: 1,
    });
    await loadAll({ resourceType: 'Condition', id: 'later', subject: at('Patient/later') });
    expect(await store.ids('MedicationRequest', member('later'))).toEqual(['waited']);
    expect(await seen('later', 'MedicationRequest')).toEqual([]);
  });

  it('over the ingredient of a Medication, and from a contained prescription', async () => {
    const mixture = (id: string, ingredient: string) => ({
      ...medication(id, '1'),
      ingredient: [{ itemReference: at(ingredient) }],
    });
    const claim = {
      resourceType: 'ExplanationOfBenefit',
      id: 'contains',
      status: 'active',
      patient: at('Patient/mix'),
      contained: [{ ...request('c', 'mix', 'Medication/mixed'), id: 'c' }],
      prescription: at('#c'),
    };
    await loadAll(patient('mix'), request('of-mixed', 'mix', 'Medication/mixed'), claim);
    await loadAll(mixture('mixed', 'Medication/substance'));
    expect(await seen('mix', 'MedicationRequest', 'ExplanationOfBenefit')).toHaveLength(2);
    await loadAll(medication('substance', '6813'));
    expect(await seen('mix', 'MedicationRequest', 'ExplanationOfBenefit', 'Medication')).toEqual([]);
  });

  it('round a circle', async () => {
    const part = (id: string, next: string, code?: string) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      subject: at('Patient/circle'),
      code: { coding: [{ system: rxnorm, code: code ?? '1' }] },
      hasMember: [at(`Observation/${next}`)],
    });
    await loadAll(patient('circle'), part('c1', 'c2'), part('c2', 'c3'), part('c3', 'c1'));
    expect(await seen('circle', 'Observation')).toHaveLength(3);
    await loadAll(part('c2', 'c3', '6813'));
    expect(await seen('circle', 'Observation')).toEqual([]);
  });
});

it.each([
  [
    'CarePlan',
    { status: 'active', intent: 'plan', addresses: [at('Condition/t')] },
    { activity: [{ outcomeReference: [at('Observation/t')] }] },
    { activity: [{ reference: at('MedicationRequest/t') }] },
    { activity: [{ detail: { status: 'scheduled', reasonReference: [at('Condition/t')] } }] },
    { activity: [{ detail: { status: 'scheduled', productReference: at('Medication/t') } }] },
  ],
  ['CareTeam', { reasonReference: [at('Condition/t')] }],
  ['Condition', { evidence: [{ detail: [at('Observation/t')] }] }],
  ['DiagnosticReport', { status: 'final', code: { text: 'x' }, result: [at('Observation/t')] }],
  [
    'DocumentReference',
    { context: { encounter: [at('Encounter/t')] } },
    { context: { related: [at('Procedure/t')] } },
  ],
  [
    'Encounter',
    { status: 'finished', class: { code: 'AMB' }, reasonReference: [at('Condition/t')] },
    { diagnosis: [{ condition: at('Condition/t') }] },
  ],
  [
    'ExplanationOfBenefit',
    { diagnosis: [{ sequence: 1, diagnosisReference: at('Condition/t') }] },
    { procedure: [{ sequence: 1, procedureReference: at('Procedure/t') }] },
    { prescription: at('MedicationRequest/t') },
    { supportingInfo: [{ sequence: 1, valueReference: at('Observation/t') }] },
  ],
  ['Goal', { addresses: [at('Condition/t')] }, { outcomeReference: [at('Observation/t')] }],
  ['Immunization', { reasonReference: [at('Condition/t')] }],
  ['MedicationDispense', { medicationReference: at('Medication/t') }],
  ['MedicationRequest', { reasonReference: [at('Condition/t')] }],
  ['Observation', { hasMember: [at('Observation/t')] }, { derivedFrom: [at('QuestionnaireResponse/t')] }],
  [
    'Procedure',
    { reasonReference: [at('Condition/t')] },
    { complicationDetail: [at('Condition/t')] },
    { usedReference: [at('Medication/t')] },
  ],
  ['ServiceRequest', { reasonReference: [at('Condition/t')] }],
] as [string, ...object[]][])('%s is as sensitive as its targets', async (resourceType, ...variants) => {
  const owner = `of-${resourceType}`;
  const subject = resourceType === 'ExplanationOfBenefit' ? 'patient' : 'subject';
  const own = resourceType === 'Immunization' ? 'patient' : subject;
  const named = JSON.stringify(variants).replaceAll('/t"', `/${owner}"`);
  const resources = (JSON.parse(named) as object[]).map((variant, i) => ({
    resourceType,
    id: `${owner}-${i}`,
    [own]: at(`Patient/${owner}`),
    ...variant,
  }));
  const targets = [...new Set(named.match(/[A-Z][A-Za-z]+\/of-\w+/g))].map((target) => {
    const [type] = target.split('/');
    const person = type === 'Medication' ? {} : { subject: at(`Patient/${owner}`) };
    return {
      resourceType: type,
      id: owner,
      meta: { security: [{ system: actCode, code: 'SUD' }] },
      ...person,
    };
  });
  await loadAll(patient(owner), ...resources);
  expect(await seen(owner, resourceType)).toHaveLength(variants.length);
  await loadAll(...targets);
  expect(await seen(owner, resourceType)).toEqual([]);
});

describe('the references of labels', () => {
  const content = async () => {
    const { rows } = await store.pool.query<{ row: string }>(
      `SELECT 'reference ' || r::text AS row FROM label_reference r
       UNION ALL SELECT concat_ws(' ', type, id, followed_labels) FROM member_resource WHERE followed_labels IS NOT NULL
       UNION ALL SELECT concat_ws(' ', type, id, followed_labels) FROM shared_resource WHERE followed_labels IS NOT NULL`,
    );
    return rows.map(({ row }) => row).sort();
  };
  const forget = () =>
    store.pool.query(`
      UPDATE member_resource SET followed_labels = NULL;
      UPDATE shared_resource SET followed_labels = NULL`);

  it('are found by the migration in what is stored', async () => {
    const before = await content();
    expect(before.length).toBeGreaterThan(60);
    await forget();
    await store.pool.query(`
      DROP TABLE label_reference;
      DROP INDEX deleted_resource_labelled;
      DELETE FROM migrations WHERE name LIKE 'FollowLabels%'`);
    expect(await createSchema(store.url)).toEqual(['FollowLabels1764000000720']);
    expect(await content()).toEqual(before);
  });

  it('are made again when resources are indexed again', async () => {
    const before = await content();
    await forget();
    const again = () => reindex({ pool: store.pool, baseUrl, onRefused: () => undefined });
    const { byType } = await again();
    expect(await content()).toEqual(before);
    expect(byType).toMatchObject({ Medication: 1, MedicationDispense: expect.any(Number) as number });
    expect((await again()).byType).toEqual({});
    await forget();
    await store.pool.query('DELETE FROM label_reference');
    await again();
    expect(await content()).toEqual(before);
  });

  it('go with their resource', async () => {
    await loadAll(patient('gone'), request('gone', 'gone', 'Medication/gone'));
    await remove('MedicationRequest/gone');
    const { rows } = await store.pool.query("SELECT FROM label_reference WHERE id = 'gone'");
    expect(rows).toEqual([]);
  });
});
