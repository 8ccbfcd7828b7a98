import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { localSigner } from '@payer/events';
import { cloudEvent, type AccessTotals } from '@payer/smart';
import { startConsentUnderTest, type Browser } from '../testing/consent-under-test.js';

describe('the access history', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  const read = (type: string, resources: number) => ({ type, requests: 1, resources });
  async function publish(grantId: string, day: string, version: number, reads: AccessTotals['reads']) {
    const id = `sandbox:app:${grantId}:${day}`;
    const data = {
      ...{ id, version, environment: 'sandbox' as const, client_id: 'app', grant_id: grantId, day },
      ...{ requests: version, errors: 0, last_at: `${day}T12:00:00.000Z`, reads },
    };
    const event = cloudEvent('access-recorded', data, { id: randomUUID(), time: new Date() });
    await test.log.append([localSigner(event)]);
    await test.caughtUp();
  }
  const download = async (go: Browser) => JSON.parse((await go('/sandbox/history.json')).text).days;

  it('shows each day of each app by kind of data, the newest day first', async () => {
    const { go, grantId } = await test.allow({ sub: 'reader', client_id: 'reader' });
    const second = await test.allow({ sub: 'reader', client_id: 'reader' }, go);
    expect((await go('/sandbox/history')).text).toContain('No app has read your records');
    await publish(grantId, '2026-11-20', 1, [read('Condition', 2)]);
    // The newer total replaces the older one, and a late older one changes nothing.
    await publish(grantId, '2026-11-20', 3, [read('Condition', 4), read('Observation', 10)]);
    await publish(grantId, '2026-11-20', 2, [read('Condition', 3)]);
    // Specimens and observations are one kind. The second grant of the app adds to its day.
    await publish(second.grantId, '2026-11-20', 1, [read('Specimen', 1)]);
    await publish(grantId, '2026-11-21', 1, []);
    expect(await download(go)).toEqual([
      { day: '2026-11-21', client_id: 'reader', client_name: 'Health <App>', requests: 1, read: [] },
      {
        ...{ day: '2026-11-20', client_id: 'reader', client_name: 'Health <App>', requests: 4 },
        read: [
          { kind: 'conditions', records: 4 },
          { kind: 'tests', records: 11 },
        ],
      },
    ]);
    const { text } = await go('/sandbox/history');
    const words = text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(words).toMatch(
      /November 21, 2026 .*got no records.*November 20, 2026 .*Health conditions: 4 records/,
    );
    expect(words).toContain('Test results and measures: 11 records');
    expect((await go('/sandbox/')).text).toContain('href="/sandbox/history"');
  });

  it('says how often an app asked on days of the previous version, which did not count kinds', async () => {
    const { go, grantId } = await test.allow({ sub: 'earlier', client_id: 'earlier' });
    await publish(grantId, '2026-11-19', 5, undefined);
    expect(await download(go)).toMatchObject([{ requests: 5, read: null }]);
    expect((await go('/sandbox/history')).text).toContain('It asked 5 times.');
  });

  it('belongs to its member, and needs a session', async () => {
    const { grantId } = await test.allow({ sub: 'own-history', client_id: 'own-history' });
    await publish(grantId, '2026-11-20', 1, [read('Condition', 2)]);
    const { go: other } = await test.allow({ sub: 'other-history', client_id: 'own-history' });
    expect(await download(other)).toEqual([]);
    for (const path of ['/sandbox/history', '/sandbox/history.json']) {
      expect((await test.browser()(path)).status).toBe(303);
      expect((await other(path)).headers.get('cache-control')).toBe('no-store');
      // A session of the sandbox opens nothing in production.
      expect((await other(path.replace('sandbox', 'production'))).status).toBe(303);
    }
  });
});
