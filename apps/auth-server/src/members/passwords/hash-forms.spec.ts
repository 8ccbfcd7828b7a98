import { describe, expect, it } from 'vitest';
import { pbkdf2Sync } from 'node:crypto';
import { hashSync } from 'bcryptjs';
import { importedHashMatches, isKnownInFull } from './check-password.js';
import { EvenTime } from './even-time.js';
import { readPasswordHash, RefusedHash } from './hash-forms.js';

const password = 'contraseña 1';
const bare = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
/** Of {@link password}, by @node-rs/argon2. */
const argonOfLibrary =
  '$argon2id$v=19$m=65536,t=3,p=4$zSGL7zrEB+HWBPHuFHDyOQ$cCJ27BCnHGeHbO/rUWPuf/jwkcUIYUI6yToKkKkDO6E';
const salt = Buffer.from('0123456789abcdef');
const derived = (digest: string, iterations: number, length: number) =>
  bare(pbkdf2Sync(password, salt, iterations, length, digest));
const b64 = (length: number) => bare(Buffer.alloc(length, 7));
const argon = (parameters: string, saltBytes = 16, hashBytes = 32) =>
  `$argon2id$v=19$${parameters}$${b64(saltBytes)}$${b64(hashBytes)}`;

describe('an imported password hash', () => {
  const passlib = (text: string) => text.replaceAll('+', '.');
  it.each([
    ['argon2id', () => argonOfLibrary],
    ['bcrypt $2b$', () => hashSync(password, 10)],
    ['bcrypt $2a$', () => hashSync(password, 10).replace('$2b$', '$2a$')],
    ['bcrypt $2y$', () => hashSync(password, 10).replace('$2b$', '$2y$')],
    ['PBKDF2 PHC', () => `$pbkdf2-sha256$i=100000,l=32$${bare(salt)}$${derived('sha256', 100_000, 32)}`],
    ['PBKDF2 PHC without l', () => `$pbkdf2-sha512$i=100000$${bare(salt)}$${derived('sha512', 100_000, 64)}`],
    [
      'PBKDF2 passlib',
      () => passlib(`$pbkdf2-sha512$100000$${bare(salt)}$${derived('sha512', 100_000, 64)}`),
    ],
  ])('matches its password only: %s', async (_name, make) => {
    const encoded = make();
    expect(await importedHashMatches(encoded, password)).toBe(true);
    for (const wrong of [`${password} `, '', password.normalize('NFD')])
      expect([wrong, await importedHashMatches(encoded, wrong)]).toEqual([wrong, false]);
  });

  it.each([
    ['plain text', 'secret', /scheme/],
    ['an empty text', '', /scheme/],
    ['MD5 crypt', '$1$salt$qJH7.N4xYta3aEG/dfqo/0', /scheme/],
    ['argon2i', `$argon2i$v=19$m=65536,t=3,p=1$${b64(16)}$${b64(32)}`, /scheme/],
    ['PBKDF2 with SHA-1', `$pbkdf2$131000$${b64(16)}$${b64(20)}`, /scheme/],
    ['argon2id of 4 GiB', argon('m=4194304,t=1,p=1'), /m \(KiB\) is 4194304, .* too much: at most 65536/],
    ['argon2id with many passes', argon('m=7168,t=4294967295,p=1'), /t is .* too much/],
    ['argon2id with too much work', argon('m=65536,t=10,p=1'), /m × t is .* too much/],
    ['argon2id with many lanes', argon('m=65536,t=1,p=255'), /p is .* too much/],
    ['argon2id without lanes', argon('m=65536,t=1,p=0'), /p is .* too weak/],
    ['weak argon2id', argon('m=8192,t=1,p=1'), /too weak/],
    ['argon2id with a short salt', argon('m=65536,t=3,p=1', 4), /salt has 4 bytes/],
    ['argon2id with a short hash', argon('m=65536,t=3,p=1', 16, 8), /hash has 8 bytes/],
    ['argon2id of version 16', argon('m=65536,t=3,p=1').replace('v=19', 'v=16'), /version/],
    ['argon2id with a key id', argon('m=65536,t=3,p=1,keyid=x'), /form/],
    ['argon2id with a line break', `${argon('m=65536,t=3,p=1')}\n`, /form/],
    [
      'bcrypt of cost 31',
      `$2b$31$${'a'.repeat(21)}u${'a'.repeat(30)}a`,
      /cost is 31, .* too much: at most 13/,
    ],
    ['weak bcrypt', `$2b$04$${'a'.repeat(21)}u${'a'.repeat(30)}a`, /cost is 4, .* too weak: at least 10/],
    ['bcrypt $2x$', `$2x$10$${'a'.repeat(21)}u${'a'.repeat(30)}a`, /\$2x\$/],
    ['bcrypt with stray bits', `$2b$10$${'a'.repeat(22)}${'a'.repeat(30)}a`, /form/],
    ['short bcrypt', `$2b$10$${'a'.repeat(21)}u${'a'.repeat(29)}`, /form/],
    ['weak PBKDF2', `$pbkdf2-sha256$i=29000$${b64(16)}$${b64(32)}`, /iterations is 29000, .* too weak/],
    ['endless PBKDF2', `$pbkdf2-sha512$i=4000000000$${b64(16)}$${b64(64)}`, /too much/],
    ['PBKDF2 with a long key', `$pbkdf2-sha256$i=600000$${b64(16)}$${b64(64)}`, /hash has 64 bytes/],
    ['PBKDF2 with a wrong length', `$pbkdf2-sha256$i=600000,l=20$${b64(16)}$${b64(32)}`, /l is 20/],
    ['PBKDF2 with stray bits', `$pbkdf2-sha256$i=600000$${b64(16)}B$${b64(32)}`, /base64/],
  ])('is refused without its text: %s', (_name, encoded, problem) => {
    const read = () => readPasswordHash(encoded);
    expect(read).toThrow(RefusedHash);
    expect(read).toThrow(problem);
    if (encoded.length > 20) expect(read).not.toThrow(encoded.slice(-20));
  });

  it('of bcrypt regards 72 bytes, and a longer password does not replace it', async () => {
    const encoded = hashSync('é'.repeat(36), 10);
    expect(await importedHashMatches(encoded, `${'é'.repeat(36)} and more`)).toBe(true);
    expect(isKnownInFull(encoded, 'é'.repeat(36))).toBe(true);
    expect(isKnownInFull(encoded, `${'é'.repeat(36)} `)).toBe(false);
    expect(isKnownInFull(argon('m=65536,t=3,p=1'), 'x'.repeat(80))).toBe(true);
  });
});

describe('checks of passwords', () => {
  it('run two at a time, also after a check has thrown', async () => {
    const even = new EvenTime(1);
    let running = 0;
    let most = 0;
    const check = async (fails: boolean) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      if (fails) throw new Error('unreadable');
      return true;
    };
    const all = Array.from({ length: 20 }, (_, index) => even.run(() => check(index % 3 === 0)));
    await Promise.allSettled(all);
    expect([most, running]).toEqual([2, 0]);
    expect(await even.run(() => check(false))).toBe(true);
  });
});
