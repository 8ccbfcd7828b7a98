import { describe, expect, it } from 'vitest';
import { AccessCounts, type Accessor } from './access-counts.js';

const midnight = Date.parse('2026-11-24T00:00:00.000Z');
const accessor = (clientId: string, grantId?: string): Accessor => ({
  environment: 'sandbox',
  claims: { client_id: clientId, grant_id: grantId },
  accessKey: `${clientId}:${grantId ?? '-'}`,
});
const served = { failed: false, type: 'Condition', resources: 2 };
const refused = { failed: true, type: 'Condition', resources: 0 };

describe('counting requests', () => {
  it('sums them per app, grant and day, and starts again after they were taken', () => {
    const counts = new AccessCounts();
    counts.count(accessor('app1', 'grant-1'), served, midnight - 2);
    counts.count(accessor('app1', 'grant-1'), refused, midnight - 1);
    counts.count(accessor('app1', 'grant-1'), served, midnight);
    counts.count(accessor('app2'), served, midnight);
    expect(counts.take()).toEqual([
      expect.objectContaining({ grantId: 'grant-1', day: '2026-11-23', requests: 2, errors: 1 }),
      expect.objectContaining({ grantId: 'grant-1', day: '2026-11-24', requests: 1, errors: 0 }),
      expect.objectContaining({ clientId: 'app2', grantId: null, requests: 1, lastAt: midnight }),
    ]);
    expect(counts.take()).toEqual([]);
  });

  it('sums served requests and their resources by resource type', () => {
    const counts = new AccessCounts();
    for (const request of [served, served, refused, { ...served, type: 'Claim', resources: 0 }])
      counts.count(accessor('app1'), request, midnight);
    const [taken] = counts.take();
    expect([...(taken?.reads ?? [])]).toEqual([
      ['Condition', { requests: 2, resources: 4 }],
      ['Claim', { requests: 1, resources: 0 }],
    ]);
  });

  it('keeps what could not be written', () => {
    const counts = new AccessCounts();
    counts.count(accessor('app1'), served, midnight);
    const taken = counts.take();
    counts.putBack(taken);
    expect(counts.take()).toEqual(taken);
  });
});
