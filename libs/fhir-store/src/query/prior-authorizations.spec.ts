import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '@payer/synthetic';
import type { ExplanationOfBenefit } from 'fhir/r4.js';
import { entries, member, TestStore } from '../testing/store.js';

const resources = [...generate({ environment: 'sandbox', members: 2 })];
const benefits = resources.filter(
  (resource): resource is ExplanationOfBenefit => resource.resourceType === 'ExplanationOfBenefit',
);
const [patient, other] = resources.flatMap(({ resourceType, id }) =>
  resourceType === 'Patient' ? (id ?? '') : [],
);
const ofPatient = benefits.filter((one) => one.patient.reference === `Patient/${patient}`);
const idsOf = (use: ExplanationOfBenefit['use']) =>
  ofPatient
    .filter((one) => one.use === use)
    .map(({ id }) => id ?? '')
    .sort();
const authorizations = idsOf('preauthorization');

const store = new TestStore();
beforeAll(async () => {
  await store.start();
  await store.put(resources);
});
afterAll(() => store.stop());

const reader = member(patient ?? '');
const found = async (query: string) =>
  (await store.ids(`ExplanationOfBenefit?_count=200&${query}`, reader)).sort();

describe('prior authorizations', () => {
  it('are found apart from claims by use, and each search has all of its kind', async () => {
    expect(authorizations.length).toBeGreaterThan(5);
    expect(await found('use=preauthorization')).toEqual(authorizations);
    expect(await found('use=http://hl7.org/fhir/claim-use|preauthorization')).toEqual(authorizations);
    expect(await found('use=claim')).toEqual(idsOf('claim'));
    expect(await found('use:not=claim')).toEqual(authorizations);
    expect(await found('use=claim,preauthorization')).toEqual(ofPatient.map(({ id }) => id ?? '').sort());
    expect(await found('use=predetermination')).toEqual([]);
  });

  it('change no total of claims, and are found by their own profile', async () => {
    const { total } = await store.search('ExplanationOfBenefit?use=claim&_summary=count', reader);
    expect(total).toBe(idsOf('claim').length);
    const profile = ofPatient.find(({ use }) => use === 'preauthorization')?.meta?.profile?.[0];
    expect(await found(`_profile=${profile}`)).toEqual(authorizations);
  });

  it.each([
    ['_id', (one: ExplanationOfBenefit) => one.id],
    ['patient', () => patient],
    ['_lastUpdated', (one: ExplanationOfBenefit) => one.meta?.lastUpdated],
    ['type', (one: ExplanationOfBenefit) => one.type.coding?.[0]?.code],
    [
      'identifier',
      (one: ExplanationOfBenefit) => `${one.identifier?.[0]?.system}|${one.identifier?.[0]?.value}`,
    ],
    ['service-date', (one: ExplanationOfBenefit) => `ge${one.billablePeriod?.start}`],
    ['use', (one: ExplanationOfBenefit) => one.use],
  ])('are each found by %s of PDex’s statement', async (code, valueOf) => {
    for (const one of ofPatient.filter(({ use }) => use === 'preauthorization'))
      expect([one.id, await found(`${code}=${encodeURIComponent(valueOf(one) ?? '')}`)]).toEqual([
        one.id,
        expect.arrayContaining([one.id]),
      ]);
  });

  it('bring what PDex’s statement includes', async () => {
    const includes = ['patient', 'provider', 'care-team', 'coverage', 'insurer'];
    const query = includes.map((code) => `&_include=ExplanationOfBenefit:${code}`).join('');
    const bundle = await store.search(`ExplanationOfBenefit?use=preauthorization${query}`, reader);
    const types = new Set(entries(bundle, 'include').map(({ resource }) => resource.resourceType as string));
    expect([...types].sort()).toEqual(['Coverage', 'Organization', 'Patient', 'Practitioner']);
  });

  it('show a change by _lastUpdated, and are of nobody else', async () => {
    const [one] = ofPatient.filter(({ use }) => use === 'preauthorization');
    const changed = {
      ...one,
      meta: { ...one?.meta, lastUpdated: '2026-11-01T08:00:00Z' },
      status: 'cancelled',
    };
    await store.put([changed]);
    expect(await found('use=preauthorization&_lastUpdated=ge2026-11-01')).toEqual([one?.id]);
    await expect(store.ids(`ExplanationOfBenefit?_id=${one?.id}`, member(other ?? ''))).resolves.toEqual([]);
  });
});
