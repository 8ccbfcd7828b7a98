import { describe, expect, it } from 'vitest';
import { AddressLimit } from './address-limit.js';

describe('the limit of an address', () => {
  const quotas = [{ requests: 2, window: 60 }];

  it('allows its quota in each window', () => {
    let now = 0;
    const limit = new AddressLimit(quotas, () => now);
    const take = () => limit.take('192.0.2.1').isAllowed;
    expect([take(), take(), take()]).toEqual([true, true, false]);
    expect(limit.take('192.0.2.2').isAllowed).toBe(true);
    now += 60_000;
    expect(take()).toBe(true);
  });

  it('keeps a bounded number of names, and no address in any of them', () => {
    const [limit, other] = [new AddressLimit(quotas), new AddressLimit(quotas)];
    const names = new Set<string>();
    for (let n = 0; n < 30_000; n++)
      names.add(limit.take(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`).caller);
    expect(names.size).toBe(30_000);
    expect(limit.size).toBeLessThanOrEqual(20_000);
    expect(limit.take('192.0.2.1').caller).not.toContain('192');
    // Another process names the same address otherwise.
    expect(limit.take('192.0.2.1').caller).not.toBe(other.take('192.0.2.1').caller);
  });
});
