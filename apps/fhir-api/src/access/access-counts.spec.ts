import { describe, expect, it } from '@jest/globals';
import { AccessCounts, type Accessor } from './access-counts.js';

const midnight = Date.parse('2026-11-24T00:00:00.000Z');
const accessor = (clientId: string, grantId?: string): Accessor => ({
  environment: 'sandbox',
  claims: { client_id: clientId, grant_id: grantId },
  accessKey: `${clientId}:${grantId ?? '-'}`,
});

describe('counting requests', () => {
  it('sums them per app, grant and day, and starts again after they were taken', () => {
    const counts = new AccessCounts();
    counts.count(accessor('app1', 'grant-1'), false, midnight - 2);
    counts.count(accessor('app1', 'grant-1'), true, midnight - 1);
    counts.count(accessor('app1', 'grant-1'), false, midnight);
    counts.count(accessor('app2'), false, midnight);
    expect(counts.take()).toEqual([
      expect.objectContaining({ grantId: 'grant-1', day: '2026-11-23', requests: 2, errors: 1 }),
      expect.objectContaining({ grantId: 'grant-1', day: '2026-11-24', requests: 1, errors: 0 }),
      expect.objectContaining({ clientId: 'app2', grantId: null, requests: 1, lastAt: midnight }),
    ]);
    expect(counts.take()).toEqual([]);
  });

  it('keeps what could not be written', () => {
    const counts = new AccessCounts();
    counts.count(accessor('app1'), false, midnight);
    const taken = counts.take();
    counts.putBack(taken);
    expect(counts.take()).toEqual(taken);
  });
});
