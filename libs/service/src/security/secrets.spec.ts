import { beforeAll, describe, expect, it } from 'vitest';
import { hashAsInProduction } from '@payer/testing';
import { decoyHash, hashPassword, passwordMatches } from './passwords.js';
import { Sealer } from './sealed.js';

describe('secrets', () => {
  beforeAll(hashAsInProduction);

  it('a sealed text opens only under its own key and context, and unaltered', () => {
    const sealer = new Sealer('the key of this test');
    const sealed = sealer.seal('private', 'key-1');
    expect(sealed).not.toContain('private');
    expect(sealer.seal('private', 'key-1')).not.toBe(sealed);
    expect(sealer.open(sealed, 'key-1')).toBe('private');
    const altered = (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1);
    for (const open of [
      () => sealer.open(sealed, 'key-2'),
      () => sealer.open(altered, 'key-1'),
      () => new Sealer('another key').open(sealed, 'key-1'),
    ])
      expect(open).toThrow(/KEY_ENCRYPTION_KEY/);
  });

  it('a password matches its hash only; an unknown name costs a verification too', async () => {
    const hash = await hashPassword('correct horse');
    for (const one of [hash, decoyHash]) expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await passwordMatches(hash, 'correct horse')).toBe(true);
    expect(await passwordMatches(hash, 'correct horse ')).toBe(false);
    expect(await passwordMatches(undefined, 'nobody has this password')).toBe(false);
  });
});
