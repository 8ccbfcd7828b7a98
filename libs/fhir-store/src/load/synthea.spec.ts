import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, deletion, lines } from '../testing/small-resources.js';
import {
  byIdentifier,
  syntheaInformation,
  syntheaPatient,
  syntheaShared,
} from '../testing/synthea-bundles.js';
import { baseUrl, directory, member, TestStore } from '../testing/store.js';
import { load } from './load.js';

const store = new TestStore();
beforeAll(() => store.start());
afterAll(() => store.stop());

const information = (hospital: number) =>
  store.file(`information-${hospital}.json`, syntheaInformation(syntheaShared(hospital)));
const patientFile = (n: number, hospital: number) =>
  store.file(`patient-${n}.json`, syntheaPatient(n, hospital).text);
const nameless = { reasons: [expect.stringMatching(/Claim is not a resource type of this server/)] };

describe('Bundles as Synthea writes them', () => {
  it('load whole: references by identifier lead to the resources that have it', async () => {
    const { id } = syntheaPatient(1, 1);
    const report = await store.load(information(1), patientFile(1, 1));
    expect(report).toMatchObject({
      read: 8,
      created: 7,
      rejected: 1,
      unresolved: 0,
      waiting: 0,
      ...nameless,
    });
    const [organization, location, practitioner] = syntheaShared(1);
    expect(
      await store.included(
        'Encounter?_include=Encounter:participant&_include=Encounter:location',
        member(id),
      ),
    ).toEqual([`Location/${location.uuid}`, `Practitioner/${practitioner.uuid}`]);
    expect(await store.ids(`Encounter?service-provider=${organization.uuid}`, member(id))).toHaveLength(1);
    expect(await store.ids(`Provenance?agent=${practitioner.uuid}`, member(id))).toHaveLength(1);
    expect(await store.ids('Patient?_revinclude=Provenance:target', member(id))).toEqual([id]);
    // A reference of a contained resource is resolved, too.
    const [claim] = (await store.search('ExplanationOfBenefit', member(id))).entry;
    expect(claim.resource.contained[0].requester.reference).toBe(`Practitioner/${practitioner.uuid}`);
  });

  it('change nothing the second time', async () => {
    const again = await store.load(information(1), patientFile(1, 1));
    expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 7, rejected: 1 });
  });

  it('wait for shared resources that come later, and are served as soon as these are there', async () => {
    const { id } = syntheaPatient(2, 2);
    const first = await store.load(patientFile(2, 2));
    expect(first).toMatchObject({ created: 1, unresolved: 3, rejected: 1, ...nameless });
    expect(await store.ids('Encounter', member(id))).toEqual([]);
    expect(await store.load(patientFile(2, 2))).toMatchObject({ created: 0, unchanged: 1, unresolved: 3 });
    expect(await store.load(information(2))).toMatchObject({ read: 3, created: 6, unresolved: 0 });
    expect(await store.ids('Encounter', member(id))).toHaveLength(1);
    expect(await store.ids('Provenance', member(id))).toHaveLength(1);
  });

  it('use the stored resource when another one has the identifier already', async () => {
    const [, , practitioner] = syntheaShared(3);
    const known = {
      resourceType: 'Practitioner',
      id: 'known-before',
      identifier: [{ system: practitioner.system, value: practitioner.value }],
    };
    await store.put([known]);
    const { id } = syntheaPatient(3, 3);
    expect(await store.load(information(3), patientFile(3, 3))).toMatchObject({ created: 6, unchanged: 1 });
    expect(await store.ids('Provenance?agent=Practitioner/known-before', member(id))).toHaveLength(1);
    expect(await store.ids(`Practitioner?_id=${practitioner.uuid}`, directory)).toEqual([]);
  });
});

it('a prescription of a transaction is as sensitive as the Medication that it references by urn:uuid', async () => {
  const [, , practitioner] = syntheaShared(1);
  const { id: patientId, text } = syntheaPatient(4, 1);
  const rxnorm = 'http://www.nlm.nih.gov/research/umls/rxnorm';
  const drugs = ['1010604', '314076'].flatMap((code, n) => {
    const [drug, request] = ['a', 'b'].map((kind) => `5cbc121b-cd71-4428-b8b7-00000000d${n}0${kind}`);
    const resources = [
      {
        resourceType: 'Medication',
        id: drug,
        status: 'active',
        code: { coding: [{ system: rxnorm, code }] },
      },
      {
        resourceType: 'MedicationRequest',
        id: request,
        status: 'stopped',
        intent: 'order',
        medicationReference: { reference: `urn:uuid:${drug}` },
        subject: { reference: `urn:uuid:${patientId}` },
        requester: byIdentifier(practitioner),
      },
    ];
    return resources.map((resource) => ({
      fullUrl: `urn:uuid:${resource.id}`,
      resource,
      request: { method: 'POST', url: resource.resourceType },
    }));
  });
  const whole = JSON.parse(text) as { entry: object[] };
  // Synthea writes the prescription before its Medication, and the other way round.
  whole.entry.push(drugs[1]!, drugs[0]!, ...drugs.slice(2));
  const labelRules = [{ system: rxnorm, codes: ['1010604'], label: 'SUD' }];
  const file = store.file('patient-4.json', JSON.stringify(whole));
  expect(await store.loadWith({ labelRules }, information(1), file)).toMatchObject({
    rejected: 1,
    unresolved: 0,
    labelled: 1,
  });
  const withheld = ['http://terminology.hl7.org/CodeSystem/v3-ActCode|SUD'];
  const seen = (access: object) => store.ids('MedicationRequest', { ...member(patientId), ...access });
  expect(await seen({})).toHaveLength(2);
  expect(await seen({ withheld })).toEqual(['5cbc121b-cd71-4428-b8b7-00000000d10b']);
});

describe('a conditional reference', () => {
  const encounter = (id: string, reference: string) => ({
    resourceType: 'Encounter',
    id,
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: 'Patient/conditional' },
    serviceProvider: { reference },
  });
  const organization = (id: string, value: string, system = 'urn:s') => ({
    resourceType: 'Organization',
    id,
    name: id,
    identifier: [{ system, value }],
  });

  it('is refused when several resources match, and when it is no identifier of a shared type', async () => {
    await store.put([organization('twin-1', 'twin'), organization('twin-2', 'twin')]);
    const { reasons, created } = await store.load(
      store.file(
        'refused.ndjson',
        lines(
          encounter('r1', 'Organization?identifier=urn:s|twin'),
          encounter('r2', 'Organization?name=x'),
          encounter('r3', 'Organization?identifier=urn:s|a&name=x'),
          encounter('r4', 'Patient?identifier=urn:s|a'),
          encounter('r5', 'Organization?identifier=a|b|c'),
          encounter('r6', 'Claim?identifier=urn:s|a'),
        ),
      ),
    );
    expect(created).toBe(0);
    expect(reasons.map((reason) => reason.replace(/^.*?refused\.ndjson:/, ''))).toEqual([
      expect.stringMatching(/^1: Encounter\/r1: .* matches more than one Organization; give the id/),
      expect.stringMatching(/^2: Encounter\/r2: .* only identifier=system\|value is supported/),
      expect.stringMatching(/^3: Encounter\/r3: .* only identifier=system\|value is supported/),
      expect.stringMatching(/^4: Encounter\/r4: .* only shared resources are found by identifier/),
      expect.stringMatching(/^5: Encounter\/r5: .* must be written/),
      expect.stringMatching(/^6: Encounter\/r6: .* only shared resources are found by identifier/),
    ]);
  });

  it('is found however it is written: with escaped slashes, percent-encoded, without a system', async () => {
    await store.put([organization('written', 'w/1', 'http://s.example/x')]);
    const forms = [
      'Organization?identifier=http://s.example/x|w/1',
      'Organization?identifier=http%3A%2F%2Fs.example%2Fx%7Cw%2F1',
      'Organization?identifier=w/1',
    ];
    const text = lines(...forms.map((form, i) => encounter(`written-${i}`, form)));
    for (const [i, content] of [text, text.replaceAll('/', '\\/')].entries())
      expect(await store.load(store.file(`written-${i}.ndjson`, content))).toMatchObject({
        rejected: 0,
        unresolved: 0,
      });
    expect(await store.ids('Encounter?service-provider=written', member('conditional'))).toHaveLength(3);
  });

  it('waits again after its target is deleted, and a resource that is loaded again no longer waits', async () => {
    const file = store.file('later.ndjson', lines(encounter('later', 'Organization?identifier=urn:s|later')));
    expect(await store.load(file)).toMatchObject({ unresolved: 1 });
    expect(
      await store.load(store.file('given.ndjson', lines(encounter('later', 'Organization/elsewhere')))),
    ).toMatchObject({ created: 1, unresolved: 0 });
    await store.put([organization('later', 'later')]);
    expect(await store.load(file)).toMatchObject({ updated: 1, unresolved: 0 });
    const gone = store.file('gone.json', bundle('batch', deletion('Organization/later')));
    await store.load(gone);
    expect(await store.load(file)).toMatchObject({ unchanged: 0, unresolved: 1 });
    const deleted = store.file('dropped.json', bundle('batch', deletion('Encounter/later')));
    expect(await store.load(deleted)).toMatchObject({ deleted: 1, unresolved: 0 });
  });

  it('is resolved by threads, too, and with the resources of the same file', async () => {
    const organizations = Array.from({ length: 50 }, (_, i) => organization(`many-${i}`, `many-${i}`));
    const encounters = Array.from({ length: 3000 }, (_, i) => ({
      ...encounter(`many-${i}`, `Organization?identifier=urn:s|many-${i % 50}`),
      text: {
        status: 'generated',
        div: `<div xmlns="http://www.w3.org/1999/xhtml">${'x'.repeat(1500)}</div>`,
      },
    }));
    const report = await load({
      pool: store.pool,
      baseUrl,
      files: [
        store.file(
          'many.ndjson',
          lines(...encounters.slice(0, 1500), ...organizations, ...encounters.slice(1500)),
        ),
      ],
      onRejected: (place, reason) => expect(`${place} ${reason}`).toBe(''),
    });
    expect(report).toMatchObject({ created: 3050, unresolved: 0, rejected: 0 });
    expect(
      await store.ids('Encounter?service-provider=many-7&_count=1000', member('conditional')),
    ).toHaveLength(60);
  });
});

it("absolute references of the payer's own server become local, references of others stay", async () => {
  const own = 'https://own.example:8443/fhir/r4';
  const [organization] = syntheaShared(4);
  await store.load(information(4));
  const at = (reference: string) => ({ reference });
  const encounter = {
    resourceType: 'Encounter',
    id: 'based',
    status: 'finished',
    class: { code: 'AMB' },
    subject: at(`${own}/Patient/based`),
    participant: [
      { individual: at(`${own}x/Practitioner/1`) },
      { individual: at('https://other.example/Practitioner/1') },
    ],
    serviceProvider: at(`${own}/${byIdentifier(organization).reference}`),
    extension: [{ url: `${own}/StructureDefinition/x`, valueString: own }],
  };
  const text = lines(encounter);
  for (const content of [text, text.replaceAll('/', '\\/')]) {
    const report = await load({
      pool: store.pool,
      baseUrl,
      ownBases: [own],
      files: [store.file('based.ndjson', content)],
      onRejected: (place, reason) => expect(`${place} ${reason}`).toBe(''),
    });
    expect(report).toMatchObject({ rejected: 0, unresolved: 0 });
    const found = await store.engine.read({ type: 'Encounter', id: 'based', access: member('based') });
    expect(JSON.parse(String(found?.json))).toMatchObject({
      ...encounter,
      subject: at('Patient/based'),
      serviceProvider: at(`Organization/${organization.uuid}`),
    });
  }
});
