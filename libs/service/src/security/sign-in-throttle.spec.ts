import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import {
  CreateAttempts1764000000005,
  CreateKnownAddresses1764300000001,
  isWorthAnEntry,
  migrate,
  networkOf,
  SignInThrottle,
  type SignInAttempt,
} from '../index.js';

describe('the throttle of sign-in', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let replicas: SignInThrottle[];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const url = await postgres.database('attempts');
    await migrate({ url, migrations: [CreateAttempts1764000000005, CreateKnownAddresses1764300000001] });
    source = await new DataSource({ type: 'postgres', url, poolSize: 20 }).initialize();
  });
  beforeEach(async () => {
    await source.query('TRUNCATE attempt, known_address');
    replicas = [new SignInThrottle(source), new SignInThrottle(source)];
  });
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });

  const from = (address: string, more: Partial<SignInAttempt> = {}): SignInAttempt => ({
    realm: 'portal',
    name: 'ada@apps.example',
    address,
    ...more,
  });
  const right = () => Promise.resolve('ada');
  const wrong = () => Promise.resolve(undefined);
  /** @returns whether the password was judged */
  const attempt = async (of: SignInAttempt, verify: () => Promise<string | undefined>, replica = 0) =>
    !(await replicas[replica]!.judge(of, verify)).isThrottled;

  it('of 120 guesses at once at two replicas exactly 8 are judged, and the last one, right, is not', async () => {
    let judged = 0;
    const guesses = Array.from({ length: 120 }, (_, n) =>
      attempt(
        from('10.0.0.1'),
        async () => {
          judged += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
          return n === 119 ? 'ada' : undefined;
        },
        n % 2,
      ),
    );
    const outcomes = await Promise.all(guesses);
    expect(judged).toBe(8);
    expect(outcomes.filter(Boolean)).toHaveLength(8);
    expect(outcomes[119]).toBe(false);
  });

  it('guesses of many names from one address, and of one name from many addresses, are bounded as well', async () => {
    const names = await Promise.all(
      Array.from({ length: 150 }, (_, n) => attempt(from('10.0.0.1', { name: `name-${n}` }), wrong, n % 2)),
    );
    expect(names.filter(Boolean)).toHaveLength(100);
    const addresses = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        Promise.all([1, 2, 3, 4].map(() => attempt(from(`10.1.0.${n}`), wrong, n % 2))),
      ),
    );
    // When the name's bucket is full, each further address has one attempt.
    const judged = addresses.flat().filter(Boolean).length;
    expect(judged).toBeGreaterThanOrEqual(100);
    expect(judged).toBeLessThanOrEqual(125);
    expect(await attempt(from('10.2.0.1'), wrong)).toBe(true);
    expect(await attempt(from('10.2.0.1'), right)).toBe(false);
  });

  it('of a short secret 20 guesses of one name are judged, from however many addresses', async () => {
    expect(await attempt(from('10.9.9.9', { isShort: true }), right)).toBe(true);
    const guesses = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        attempt(from(`2001:db8:0:${n.toString(16)}::1`, { isShort: true }), wrong, n % 2),
      ),
    );
    expect(guesses.filter(Boolean)).toHaveLength(20);
    expect(await attempt(from('10.2.0.1', { isShort: true }), right)).toBe(false);
    expect(await attempt(from('10.9.9.9', { isShort: true }), right)).toBe(true);
  });

  it('right passwords, however many at once, use nothing up; failures before them stay counted', async () => {
    const many = await Promise.all(Array.from({ length: 30 }, () => attempt(from('10.0.0.1'), right)));
    expect(many).not.toContain(false);
    for (let n = 0; n < 7; n++) expect(await attempt(from('10.0.0.1'), wrong)).toBe(true);
    for (let n = 0; n < 5; n++) expect(await attempt(from('10.0.0.1'), right)).toBe(true);
    expect(await attempt(from('10.0.0.1'), wrong)).toBe(true);
    expect(await attempt(from('10.0.0.1'), right)).toBe(false);
  });

  it('strangers lock the owner out neither at a known device, nor at a known address, nor at a new one', async () => {
    expect(await attempt(from('10.9.9.9'), right)).toBe(true);
    for (let n = 0; n < 40; n++) for (let k = 0; k < 8; k++) await attempt(from(`10.3.0.${n}`), wrong, k % 2);
    // Failures for other names fill the bucket of this address, from which the owner has signed in.
    for (let n = 0; n < 120; n++) await attempt(from('10.9.9.9', { name: `other-${n}` }), wrong);
    expect(await attempt(from('10.9.9.9'), right)).toBe(true);
    expect(await attempt(from('10.3.0.1', { device: 'device-1' }), right)).toBe(true);
    expect(await attempt(from('10.8.8.8'), right)).toBe(true);
    expect(await attempt(from('10.3.0.1'), right)).toBe(false);
  });

  it('failures at one entrance of a directory do not close the other', async () => {
    for (let n = 0; n < 9; n++) await attempt(from('10.0.0.1', { entrance: 'page' }), wrong);
    expect(await attempt(from('10.0.0.1', { entrance: 'page' }), right)).toBe(false);
    expect(await attempt(from('10.0.0.1', { entrance: 'api' }), right)).toBe(true);
  });

  it('refused attempts add no rows, and no name is stored in clear', async () => {
    for (let n = 0; n < 130; n++) await attempt(from('10.0.0.1', { name: `hunter2-${n}` }), wrong);
    const rows = (await source.query('SELECT key FROM attempt')) as { key: string }[];
    expect(rows.length).toBeLessThanOrEqual(202);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  });

  it('says how long to wait, and opens again after the window', async () => {
    for (let n = 0; n < 8; n++) await attempt(from('10.0.0.1'), wrong);
    const refused = await replicas[0]!.judge(from('10.0.0.1'), right);
    expect(refused).toMatchObject({ isThrottled: true, count: 1 });
    if (refused.isThrottled) expect(refused.retryAfter).toBeGreaterThan(890);
    await source.query("UPDATE attempt SET window_ends_at = now() - interval '1 second'");
    expect(await attempt(from('10.0.0.1'), right)).toBe(true);
  });

  it('an IPv6 machine is one address, whichever of its addresses it uses', () => {
    expect(networkOf('2001:db8:1:2:aaaa::1')).toBe(networkOf('2001:db8:1:2::ffff'));
    expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'));
    expect(networkOf('::1')).toBe('0:0:0:0::/64');
    expect(networkOf('::ffff:10.0.0.1')).toBe('10.0.0.1');
  });

  it('a long attack fills the trail more and more slowly', () => {
    const entries = Array.from({ length: 100_000 }, (_, n) => n + 1).filter(isWorthAnEntry);
    expect(entries.slice(0, 200)).toHaveLength(200);
    expect(entries.length).toBeLessThan(210);
  });
});
