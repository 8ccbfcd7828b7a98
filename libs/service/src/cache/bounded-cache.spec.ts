import { describe, expect, it } from 'vitest';
import { BoundedCache } from './bounded-cache.js';

describe('a bounded cache', () => {
  it('keeps what is used, and forgets the rest', () => {
    const cache = new BoundedCache<string, number>(3);
    cache.set('used', 0);
    for (let n = 1; n <= 100; n++) {
      cache.set(`once-${n}`, n);
      expect(cache.get('used')).toBe(0);
    }
    const kept = Array.from({ length: 100 }, (_, n) => cache.get(`once-${n + 1}`)).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(6);
    expect(cache.get('once-1')).toBeUndefined();
  });

  it('replaces the value of a key without dropping others', () => {
    const cache = new BoundedCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 1);
    for (let n = 0; n < 10; n++) cache.set('a', n);
    expect([cache.get('a'), cache.get('b')]).toEqual([9, 1]);
  });

  it('forgets a deleted key in both generations', () => {
    const cache = new BoundedCache<string, number>(1);
    cache.set('old', 1);
    cache.set('young', 2);
    for (const key of ['old', 'young']) cache.delete(key);
    expect([cache.get('old'), cache.get('young')]).toEqual([undefined, undefined]);
  });

  it('forgets everything when it is cleared', () => {
    const cache = new BoundedCache<string, number>(1);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.clear();
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined]);
  });
});
