import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@payer/testing';
import { FhirApiSystem } from '../gateway/testing/system.js';
import { loadMembers } from '../gateway/testing/members.js';
import { Freshness } from './freshness.js';
import { SenderClock } from './sender-clock.js';

describe('freshness', () => {
  it('counts a heartbeat only when everything told before it is applied', async () => {
    let settled: (value: boolean) => void = () => undefined;
    const events = { settle: () => new Promise<boolean>((resolve) => (settled = resolve)) };
    const now = Date.parse('2026-11-23T12:00:00.000Z');
    const freshness = new Freshness(events, 30, () => now);
    freshness.hear('2026-11-23T11:59:58.000Z');
    expect(freshness.isFresh).toBe(false);
    settled(true);
    await eventually(() => freshness.isFresh);
    expect(freshness.staleness).toBe(2);
    freshness.hear('2026-11-23T11:59:00.000Z');
    expect(freshness.staleness).toBe(2);
  });

  it('is over when the newest heartbeat is older than the bound', async () => {
    let now = Date.parse('2026-11-23T12:00:00.000Z');
    const freshness = new Freshness({ settle: async () => true }, 30, () => now);
    freshness.hear('2026-11-23T12:00:00.000Z');
    await eventually(() => freshness.isFresh);
    now += 29_000;
    expect(freshness.isFresh).toBe(true);
    now += 1001;
    expect(freshness.isFresh).toBe(false);
  });

  describe("when this machine's clock and consent's differ", () => {
    const noon = Date.parse('2026-11-23T12:00:00.000Z');
    /** `skew`: how far this machine's clock is ahead, in milliseconds. */
    function replica(skew: number) {
      let elapsed = 0;
      const wall = () => noon + elapsed + skew;
      const clock = new SenderClock(() => elapsed);
      const freshness = new Freshness({ settle: async () => true }, 30, wall, clock);
      return {
        freshness,
        pass: (seconds: number) => (elapsed += seconds * 1000),
        /** One that took `delay` seconds to arrive. */
        async hear(delay: number) {
          freshness.hear(new Date(noon + elapsed - delay * 1000).toISOString());
          await new Promise(setImmediate);
        },
      };
    }

    it('a clock that is behind makes nothing look fresher', async () => {
      const { freshness, pass, hear } = replica(-3600_000);
      await hear(0.01);
      expect(freshness.isFresh).toBe(true);
      pass(31);
      expect(freshness.isFresh).toBe(false);
      await hear(25);
      expect(freshness.staleness).toBeCloseTo(25, 1);
      pass(6);
      expect(freshness.isFresh).toBe(false);
    });

    it('a clock that is ahead makes it look older, so that consent is asked sooner', async () => {
      const { freshness, pass, hear } = replica(20_000);
      await hear(0);
      expect(freshness.staleness).toBe(20);
      pass(11);
      expect(freshness.isFresh).toBe(false);
    });

    it('a drift of the clocks is not added up', async () => {
      const { freshness, pass, hear } = replica(-100_000);
      // Each hour consent's clock loses a second against elapsed time here; this machine's wall clock agrees with it.
      for (let hour = 0; hour < 100; hour++) {
        await hear(hour);
        pass(3600);
      }
      await hear(100);
      expect(freshness.staleness).toBeLessThanOrEqual(2);
    });
  });
});

describe('a replica whose knowledge of revocations is staler than the bound', () => {
  const system = new FhirApiSystem();
  const { consent, issuer } = system;

  beforeAll(async () => {
    await system.start({ REVOCATION_MAX_STALENESS: '1', GRANT_STATUS_CACHE_SECONDS: '1' });
    await loadMembers(system.config);
  }, 60_000);
  afterAll(() => system.stop());

  const tokenOf = (grantId: string) => issuer.patientToken('one', { claims: { grant_id: grantId } });
  const ask = async (grantId: string) => system.request('/Patient/one', { token: await tokenOf(grantId) });
  const health = async () => {
    const response = await fetch(`${system.service.url}/health/ready`);
    const { details } = (await response.json()) as { details: Record<string, Record<string, unknown>> };
    return details.revocations!;
  };

  it('asks consent about each grant, refuses what nobody vouches for, and goes back to events when they flow', async () => {
    await eventually(async () => (await health()).vouchedForBy === 'events');
    expect((await ask('live')).status).toBe(200);
    expect(consent.asked).toEqual([]);

    consent.stopBeating();
    await eventually(async () => (await health()).vouchedForBy === 'consent');
    consent.revoked.add('ended');
    expect((await ask('live')).status).toBe(200);
    expect((await ask('live')).status).toBe(200);
    expect(consent.asked).toEqual(['/sandbox/internal/grants/live']);
    const refused = await ask('ended');
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('invalid_token');

    const directory = await system.request('/InsurancePlan', { token: await issuer.directoryToken() });
    expect(directory.status).toBe(200);

    consent.isReachable = false;
    const unvouched = await ask('another');
    expect(unvouched.status).toBe(503);
    expect(unvouched.headers['retry-after']).toBe('5');
    expect(unvouched.json).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'transient', details: { text: expect.stringContaining('serves no data') } }],
    });
    await eventually(async () => (await ask('live')).status === 503);

    consent.isReachable = true;
    await eventually(async () => (await ask('live')).status === 200, { timeout: 5000 });
    await consent.beat(system.publisher);
    await eventually(async () => (await health()).vouchedForBy === 'events');
    const before = consent.asked.length;
    expect((await ask('fresh')).status).toBe(200);
    expect(consent.asked).toHaveLength(before);
  }, 20_000);
});
