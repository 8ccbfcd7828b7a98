import { describe, expect, it } from 'vitest';
import {
  accessTokenClaims,
  isSensitiveKind,
  sensitiveCodes,
  sensitiveKinds,
  withheldLabels,
} from './index.js';

const actCode = (code: string) => `http://terminology.hl7.org/CodeSystem/v3-ActCode|${code}`;

describe('sensitive kinds of data', () => {
  it('are all withheld when the member opened none', () => {
    for (const code of ['SUD', 'ETH', '42CFRPart2', 'PSY', 'MH', 'HIV', 'SEX', 'STD', 'BH'])
      expect(withheldLabels([])).toContain(actCode(code));
  });

  it.each(sensitiveKinds)('%s withholds its own labels until it is opened', (kind) => {
    const others = sensitiveKinds.filter((other) => other !== kind);
    const onlyWithout = withheldLabels(others);
    expect(onlyWithout.length).toBeGreaterThan(0);
    for (const label of onlyWithout) expect(withheldLabels([])).toContain(label);
    expect(withheldLabels(sensitiveKinds)).toEqual([]);
  });

  it('need all kinds of a label that covers several', () => {
    expect(withheldLabels(['mentalHealth'])).toContain(actCode('BH'));
    expect(withheldLabels(['substanceUse'])).toContain(actCode('BH'));
    expect(withheldLabels(['mentalHealth', 'substanceUse'])).not.toContain(actCode('BH'));
  });

  it('are opened by no unknown key', () => {
    expect(withheldLabels(['all', '*', 'toString'])).toEqual(withheldLabels([]));
    expect(['hiv', 'toString', 'all'].map(isSensitiveKind)).toEqual([true, false, false]);
  });

  it('know the label by each name of its code system, and without one', () => {
    for (const system of ['http://hl7.org/fhir/v3/ActCode', 'urn:oid:2.16.840.1.113883.5.4', ''])
      expect(withheldLabels([])).toContain(`${system}|PSY`);
  });

  it('travel in the access token as an array of keys', () => {
    const claims = { iss: 'i', aud: 'a', sub: 's', client_id: 'c', scope: 'x', jti: 'j', iat: 1, exp: 2 };
    expect(accessTokenClaims.parse({ ...claims, sensitive: ['hiv'] }).sensitive).toEqual(['hiv']);
    expect(accessTokenClaims.parse(claims).sensitive).toBeUndefined();
    expect(accessTokenClaims.safeParse({ ...claims, sensitive: 'hiv' }).success).toBe(false);
  });
});

describe('codes that make a record sensitive', () => {
  const rxnorm = 'http://www.nlm.nih.gov/research/umls/rxnorm';
  const labelsOf = (code: string) =>
    sensitiveCodes
      .filter(({ system, codes }) => system === rxnorm && codes.includes(code))
      .map(({ label }) => label);

  it.each([
    ['buprenorphine 8 MG / naloxone 2 MG sublingual film', '1010608', ['SUD']],
    ['methadone', '6813', ['SUD']],
    ['disulfiram', '3554', ['SUD']],
    ['acamprosate', '82819', ['SUD']],
    ['lithium', '6448', ['MH']],
    ['quetiapine', '51272', ['MH']],
    ['sertraline', '36437', ['MH']],
    ['bictegravir 50 MG / emtricitabine 200 MG / tenofovir alafenamide 25 MG', '1999667', ['HIV']],
    ['efavirenz 600 MG', '349477', ['HIV']],
    ['drospirenone 3 MG / ethinyl estradiol 0.02 MG', '630734', ['SEX']],
    // Against pain, smoking and sleeplessness, too.
    ['amitriptyline', '704', []],
    ['bupropion', '42347', []],
    ['lisinopril', '29046', []],
  ])('%s (%s)', (_, code, labels) => expect(labelsOf(code)).toEqual(labels));

  it('of drugs are whole numbers, each once', () => {
    const codes = sensitiveCodes.filter(({ system }) => system === rxnorm).flatMap((row) => row.codes);
    expect(codes.length).toBeGreaterThan(650);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^[1-9]\d{1,6}$/);
  });
});
