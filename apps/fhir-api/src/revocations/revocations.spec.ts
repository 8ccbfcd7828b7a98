import { describe, expect, it } from 'vitest';
import type { GrantState, TokenRevocation } from '@payer/smart';
import { FingerprintTable } from './fingerprint-table.js';
import { fingerprint, revocationKey } from './fingerprint.js';
import { Revocations, type RevocableToken } from './revocations.js';

const noon = Date.parse('2026-11-23T12:00:00.000Z');
const at = (minutes: number) => new Date(noon + minutes * 60_000).toISOString();

function grant(overrides: Partial<GrantState> = {}): GrantState {
  return {
    grant_id: 'grant-1',
    version: 2,
    environment: 'sandbox',
    sub: 'member-1',
    patient: 'patient-1',
    client_id: 'app1',
    scope: 'patient/*.rs',
    status: 'revoked',
    created_at: at(-60),
    expires_at: at(10_000),
    revoked_at: at(0),
    revoked_reason: 'member',
    ...overrides,
  };
}

function tokens(overrides: Partial<TokenRevocation> = {}): TokenRevocation {
  return {
    id: 'x',
    version: 1,
    environment: 'sandbox',
    client_id: 'app1',
    jti: null,
    grant_id: null,
    issued_before: null,
    expires_at: at(60),
    reason: 'app',
    ends_grant: false,
    ...overrides,
  };
}

function token(overrides: { grant?: string; jti?: string; issuedAt?: string } = {}): RevocableToken {
  return {
    grantFingerprint: fingerprint(revocationKey.grant('sandbox', overrides.grant ?? 'grant-1')),
    tokenFingerprint: fingerprint(revocationKey.token('sandbox', overrides.jti ?? 'token-1')),
    environmentFingerprint: fingerprint(revocationKey.everyToken('sandbox')),
    issuedAt: Date.parse(overrides.issuedAt ?? at(-10)) / 1000,
  };
}

describe('revocations in memory', () => {
  it('refuse every token of a revoked grant, and no other', () => {
    const revocations = new Revocations();
    const live = token();
    expect(revocations.isRevoked(live)).toBe(false);
    revocations.revokeGrant(grant());
    expect(revocations.isRevoked(live)).toBe(true);
    expect(revocations.isRevoked(token({ issuedAt: at(5) }))).toBe(true);
    expect(revocations.isRevoked(token({ grant: 'grant-2' }))).toBe(false);
  });

  it('keep environments apart and ignore a grant that is active', () => {
    const revocations = new Revocations();
    revocations.revokeGrant(grant({ environment: 'production' }));
    revocations.revokeGrant(grant({ status: 'active', revoked_at: null }));
    expect(revocations.isRevoked(token())).toBe(false);
  });

  it("refuse a grant's tokens issued up to an instant, and not those issued later, in any order of events", () => {
    const revocations = new Revocations();
    revocations.revokeTokens(tokens({ grant_id: 'grant-1', issued_before: at(-5) }));
    revocations.revokeTokens(tokens({ grant_id: 'grant-1', issued_before: at(-30) }));
    expect(revocations.isRevoked(token({ issuedAt: at(-10) }))).toBe(true);
    expect(revocations.isRevoked(token({ issuedAt: at(-5) }))).toBe(true);
    expect(revocations.isRevoked(token({ issuedAt: at(-4) }))).toBe(false);
  });

  it('refuse every token of a grant that auth-server has ended, whatever its clock said at the issue', () => {
    const revocations = new Revocations();
    revocations.revokeTokens(tokens({ grant_id: 'grant-1', issued_before: at(5), ends_grant: true }));
    expect(revocations.isRevoked(token({ issuedAt: at(60) }))).toBe(true);
  });

  it('refuse every token of an environment that was issued up to an instant', () => {
    const revocations = new Revocations();
    revocations.revokeTokens(tokens({ id: 'sandbox', issued_before: at(-5) }));
    expect(revocations.isRevoked(token({ issuedAt: at(-10) }))).toBe(true);
    expect(revocations.isRevoked(token({ issuedAt: at(-4) }))).toBe(false);
  });

  it('refuse one token by its id and leave its grant alone', () => {
    const revocations = new Revocations();
    revocations.revokeTokens(tokens({ jti: 'token-1', grant_id: 'grant-1' }));
    expect(revocations.isRevoked(token())).toBe(true);
    expect(revocations.isRevoked(token({ jti: 'token-2' }))).toBe(false);
  });

  it('count from their arrival, because tokens were issued while they were on their way', () => {
    let now = 0;
    const revocations = new Revocations(() => now);
    const hour = 3600_000;
    const given = token({ issuedAt: at(4) });
    revocations.revokeGrant(grant({ revoked_at: at(0) }));
    now += 1 * hour;
    revocations.revokeGrant(grant({ grant_id: 'grant-2' }));
    expect(revocations.isRevoked(given)).toBe(true);
    expect(revocations.size.revocations).toBe(2);
    now += 2.5 * hour;
    revocations.revokeGrant(grant({ grant_id: 'grant-3' }));
    expect(revocations.size.revocations).toBe(2);
    expect(revocations.isRevoked(token({ grant: 'grant-2' }))).toBe(true);
  });

  it('take at most 32 bytes each when there are many, and every one is found', () => {
    const table = new FingerprintTable();
    const random = (seed: number) =>
      Uint32Array.from({ length: 4 }, (_, word) => Math.imul(seed + 1, 0x9e3779b1 + word * 0x85ebca6b) >>> 0);
    for (let seed = 0; seed < 200_000; seed++) table.put(random(seed), 1);
    expect(table.size).toBe(200_000);
    expect(table.bytes / table.size).toBeLessThan(32);
    for (let seed = 0; seed < 200_000; seed += 97) expect(table.get(random(seed))).toBe(1);
    for (let seed = 200_000; seed < 201_000; seed++) expect(table.get(random(seed))).toBe(0);
  });
});
