import { describe, expect, it } from 'vitest';
import { loadConfig, quotasVariable, RateLimiter, takeAll } from '../index.js';

describe('rate limits', () => {
  let now = 0;
  const limiter = (name: string, quotas = [{ requests: 2, window: 60 }]) =>
    new RateLimiter(name, quotas, () => now);

  it('allow so many requests of a key in each window, and say when the next is allowed', () => {
    const addresses = limiter('per-address', [
      { requests: 2, window: 60 },
      { requests: 3, window: 3600 },
    ]);
    const take = () => takeAll([[addresses, 'a']]);
    expect(take()).toEqual({
      isAllowed: true,
      retryAfter: 0,
      headers: {
        'ratelimit-policy': '"per-address-60";q=2;w=60, "per-address-3600";q=3;w=3600',
        ratelimit: '"per-address-60";r=1;t=60, "per-address-3600";r=2;t=3600',
      },
    });
    expect(take().isAllowed).toBe(true);
    now += 20_000;
    expect(take()).toMatchObject({ isAllowed: false, retryAfter: 40, headers: { 'retry-after': '40' } });
    expect(takeAll([[addresses, 'b']]).isAllowed).toBe(true);
    now += 40_000;
    expect(take().isAllowed).toBe(true);
    expect(take()).toMatchObject({ isAllowed: false, retryAfter: 3540 });
    now += 3_540_000;
    expect(take().isAllowed).toBe(true);
  });

  it('a request that one limit refuses uses up no other', () => {
    const apps = limiter('per-app');
    const addresses = limiter('per-address', [{ requests: 9, window: 60 }]);
    const take = (app: string) =>
      takeAll([
        [apps, app],
        [addresses, 'a'],
      ]);
    for (let n = 0; n < 20; n++) take('greedy');
    expect(take('modest')).toMatchObject({ isAllowed: true });
    expect(take('modest').headers.ratelimit).toContain('"per-address-60";r=5;');
  });

  it('remember a bounded number of keys', () => {
    const addresses = limiter('per-address');
    for (let n = 0; n < 50_000; n++) takeAll([[addresses, `address-${n}`]]);
    expect(addresses.size).toBe(20_000);
  });

  it('are configured as requests/seconds, and nothing else', () => {
    const variables = { LIMIT: quotasVariable('30/60, 300/3600') };
    expect(loadConfig(variables, {}).LIMIT).toEqual([
      { requests: 30, window: 60 },
      { requests: 300, window: 3600 },
    ]);
    for (const LIMIT of ['30', '0/60', '30/0', 'many/60', '30/60,', '-1/60', '1e9/1'])
      expect(() => loadConfig(variables, { LIMIT })).toThrow(/LIMIT is .*must be requests\/seconds/);
  });
});
