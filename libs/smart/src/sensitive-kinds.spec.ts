import { describe, expect, it } from 'vitest';
import { accessTokenClaims, isSensitiveKind, sensitiveKinds, withheldLabels } from './index.js';

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
