import { describe, expect, it } from 'vitest';
import { claimsOf } from './claims.js';

const jwtOf = (claims: object) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
const base = 'https://plan.example/interop/external/fhir';

describe('the claims of a token in words', () => {
  it('tell a representative from the patient', () => {
    const [parent] = claimsOf(jwtOf({ fhirUser: `${base}/RelatedPerson/ida-s-mother` }));
    expect(parent).toMatchObject({ path: 'RelatedPerson/ida-s-mother' });
    expect(parent?.meaning).toContain('acts for the patient');
    const [member] = claimsOf(jwtOf({ fhirUser: `${base}/Patient/p1` }));
    expect(member).toMatchObject({ path: 'Patient/p1' });
    expect(member?.meaning).toContain('own records');
  });

  it('lead to no other address', () => {
    for (const fhirUser of ['https://other.example', `${base}/Patient/p1?x`, `${base}/Group/g`, 'x'])
      expect(claimsOf(jwtOf({ fhirUser }))).toEqual([{ claim: 'fhirUser', value: fhirUser }]);
  });

  it('show seconds as times', () => {
    const text = '1700000000 (2023-11-14T22:13:20.000Z)';
    for (const claim of ['exp', 'grant_created_at', 'grant_expires_at'])
      expect(claimsOf(jwtOf({ [claim]: 1_700_000_000 }))).toEqual([{ claim, value: text }]);
  });

  it('say of another text that it is no token', () => {
    expect(claimsOf('opaque')).toEqual([{ claim: 'token', value: 'is no JWT' }]);
  });
});
