import { describe, expect, it, vi } from 'vitest';
import { FhirError } from '../fhir-error.js';
import { string } from '../parameters/string.js';
import { token } from '../parameters/token.js';
import { uri } from '../parameters/uri.js';
import { capabilitiesFor } from '../capabilities.js';
import { costOf, countValues, defaultMaxCost, refuseTooCostly, refuseTooManyValues } from './cost.js';
import { parseSearch } from './parse-search.js';

const parse = (query: string) => {
  const [type = '', parameters = ''] = query.split(/\?(.*)/s);
  return parseSearch(type, [...new URLSearchParams(parameters)], 'strict');
};
const list = (n: number, value: (n: number) => string) =>
  Array.from({ length: n }, (_, i) => value(i)).join();
const word = (n: number) => `v${n}`;

function refusal(query: string): FhirError {
  try {
    refuseTooCostly(parse(query));
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error(`${query.slice(0, 80)} is not refused`);
}

describe('what a search may cost', () => {
  it.each([
    `Practitioner?family:contains=${list(9000, word)}`,
    `Practitioner?family:contains=${list(550, word)}`,
    `Practitioner?name=${list(1300, word)}`,
    `Observation?code:text=${list(550, word)}`,
    `Observation?code:not=${list(550, word)}`,
    `Observation?date=${list(1300, (n) => String(1000 + n))}`,
    `Observation?value-quantity=${list(1300, String)}`,
    `Observation?code-value-quantity=${list(1300, (n) => `c$${n}`)}`,
    `Observation?_lastUpdated=${list(130, (n) => String(1000 + n))}`,
    `Location?near=${list(251, (n) => `1|${n % 90}`)}`,
    `Observation?subject:Patient.name:contains=${list(300, word)}`,
    `Patient?_has:Observation:patient:code:text=${list(550, word)}`,
    `Patient?_profile=${list(550, word)}`,
    `Practitioner?_sort=${list(51, () => 'name')}`,
    `Patient?_count=1000&${'_revinclude=Observation:patient&'.repeat(90)}`,
    `Patient?${list(30, () => '').replaceAll(',', `family:contains=${list(20, word)}&`)}`,
    `Patient?_id=${list(5100, String)}`,
  ])('refuses %.60s before any statement is written', (query) => {
    const { status, issueCode, diagnostics } = refusal(query);
    expect([status, issueCode]).toEqual([400, 'too-costly']);
    expect(diagnostics).toMatch(/at most \d+ (at once|is allowed)/);
  });

  it('says what to reduce, and by how much: that much less is taken', () => {
    const { diagnostics, parameter } = refusal(
      `Practitioner?active=true&family:contains=${list(9000, word)}&_sort=name`,
    );
    expect(parameter).toBe('family:contains');
    const [, most = ''] = /has 9000 values; ask for at most (\d+) at once/.exec(diagnostics) ?? [];
    expect(Number(most)).toBeGreaterThan(450);
    const less = `Practitioner?active=true&family:contains=${list(Number(most) - 1, word)}&_sort=name`;
    expect(() => refuseTooCostly(parse(less))).not.toThrow();
  });

  it('leaves lists of some hundred ids and codes far below', () => {
    for (const query of [
      `Observation?_id=${list(800, word)}`,
      `Observation?patient=1&code=${list(800, (n) => `http://loinc.org|${n}`)}`,
      `ExplanationOfBenefit?patient=${list(300, word)}&_include=*`,
      `PractitionerRole?practitioner=${list(500, word)}&_include=PractitionerRole:practitioner`,
    ])
      expect(costOf(parse(query))).toBeLessThan(defaultMaxCost / 5);
  });

  it('takes everything that the CapabilityStatement offers, alone and together', () => {
    for (const { type, searchParam, searchInclude, searchRevInclude } of capabilitiesFor()) {
      const includes = searchInclude.map((value): [string, string] => ['_include', value]);
      const revincludes = searchRevInclude.map((value): [string, string] => ['_revinclude', value]);
      for (const params of [
        ...searchParam.map(({ name }): [string, string][] => [[name, 'ge2020']]),
        ...includes.map((one) => [one]),
        ...revincludes.map((one) => [one]),
        includes.slice(0, 20),
        revincludes.slice(0, 20),
      ])
        expect(() =>
          refuseTooCostly(parseSearch(type, [...params, ['_count', '1000']], 'lenient')),
        ).not.toThrow();
    }
  });

  it('what is too much whatever it is, is not even taken apart', () => {
    const split = vi.spyOn(String.prototype, 'split');
    const listsSplit = () => split.mock.calls.filter(([separator]) => (separator as unknown) === ',').length;
    const chain = 'Provenance?target.subject.subject.subject.name';
    for (const query of [
      `Patient?_id=${'a,'.repeat(500_000)}`,
      `Patient?${'_id=a&'.repeat(5000)}`,
      `${chain}=${'a,'.repeat(500_000)}`,
    ])
      expect(refusal(query).issueCode).toBe('too-costly');
    expect(listsSplit()).toBe(0);
    refusal(`Practitioner?family:contains=${list(9000, word)}`);
    expect(listsSplit()).toBe(1);
    split.mockRestore();
  });

  it('a chain that leads everywhere is refused while it is read, and its values are taken apart once', () => {
    const everywhere = `Provenance?target.subject.subject.name=${list(5000, word)}`;
    const { issueCode, diagnostics } = refusal(everywhere);
    expect([issueCode, diagnostics]).toEqual(['too-costly', expect.any(String)]);
  });

  it('counts values as they are split: an escaped comma is part of one', () => {
    for (const [text, count] of [
      ['a', 1],
      ['a,b', 2],
      ['a\\,b', 1],
      ['a\\\\,b', 2],
      ['', 1],
    ] as const)
      expect([text, countValues(text, 10)]).toEqual([text, count]);
    expect(countValues('a,'.repeat(100), 10)).toBe(11);
  });
});

describe('what is refused before it is decoded', () => {
  const form = (name: string, value: string) =>
    new URLSearchParams([
      ['status', 'a'],
      [name, value],
    ]).toString();
  const refused = (encoded: string): string | undefined => {
    try {
      refuseTooManyValues(encoded);
    } catch (error) {
      if (error instanceof FhirError && error.issueCode === 'too-costly') return error.diagnostics;
      throw error;
    }
    return undefined;
  };

  it.each([
    ['name:contains', list(501, word)],
    ['organization.name:contains', list(9000, word)],
    ['code', list(5001, (n) => n.toString(36))],
  ])('is a list of %s with more values than any search may have, encoded or not', (name, value) => {
    const count = value.split(',').length;
    for (const encoded of [form(name, value), `status=a&${name}=${value}`])
      expect(refused(encoded)).toContain(`${name} has ${count} values; ask for at most`);
  });

  it.each([
    ['name:contains', list(500, word)],
    ['name:contains', list(5000, () => 'a\\,')],
    ['name:contains', `a${','.repeat(20_000)}b`],
    ['name', list(1200, word)],
    ['code', list(5000, (n) => n.toString(36))],
    ['note', 'contains=,'.repeat(450)],
  ])('is nothing that the estimate would admit: %s', (name, value) => {
    for (const encoded of [form(name, value), `${name}=${encodeURIComponent(value)}`])
      expect(refused(encoded)).toBeUndefined();
  });

  it.each([
    ['name:contains', string.modifiers.contains],
    ['name:exact', string.modifiers.exact],
    ['code:text', token.modifiers.text],
    ['url:below', uri.modifiers.below],
    ['url:above', uri.modifiers.above],
  ])('is a list of %s beyond the cost that the row of its modifier states', (name, modifier) => {
    const most = Math.floor(defaultMaxCost / modifier!.fixedCost);
    for (const encoded of [form(name, list(most, word)), `${name}=${list(most, word)}`])
      expect(refused(encoded)).toBeUndefined();
    for (const encoded of [form(name, list(most + 1, word)), `${name}=${list(most + 1, word)}`])
      expect(refused(encoded)).toContain(`${name} has ${most + 1} values; ask for at most ${most} at once`);
  });

  it('has a name that may be malformed', () => {
    expect(refused(`%zz:contains=${list(501, word)}`)).toContain('%zz:contains has 501 values');
  });
});
