import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { localSigner } from '@payer/events';
import { cloudEvent, countedTypeOfKind, type RecordCounts } from '@payer/smart';
import { languages, type TextKey } from '@payer/ui';
import { startConsentUnderTest } from '../testing/consent-under-test.js';

describe('the number of a member’s records', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  async function publish(version: number, patient: string, counts: RecordCounts['members'][0]['counts']) {
    const batch = {
      id: randomUUID(),
      version,
      environment: 'sandbox' as const,
      members: [{ patient, counts }],
    };
    const event = cloudEvent('records-counted', batch, { id: randomUUID(), time: new Date() });
    await test.log.append([localSigner(event)]);
    await test.caughtUp();
  }
  async function page(patient: string, more: Record<string, unknown> = {}): Promise<string> {
    const go = test.browser();
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, { patient, ...more })}`);
    const [, main = ''] = (await go(location)).text.split('<main');
    return main.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  }

  it('is on the consent page and on the card of the app, in both languages', async () => {
    await publish(1, 'counted', [
      { type: 'ExplanationOfBenefit', count: 15, since: '2024-03-01' },
      { type: 'MedicationRequest', count: 3, since: null },
      { type: 'Immunization', count: 1, since: '2025-01-01' },
      { type: 'Specimen', count: 99, since: null },
    ]);
    const text = await page('counted');
    expect(text).toContain('Claims and costs 15 claims since 2024');
    expect(text).toContain('Medicines 3 medicine orders');
    expect(text).toContain('Vaccines 1 vaccine since 2025');
    expect(text).not.toContain('99');
    expect(await page('counted', { language: 'es' })).toContain('15 reclamos desde 2024');
    const { go } = await test.allow({ patient: 'counted', sub: 'counted', client_id: 'counted' });
    expect((await go('/sandbox/')).text).toContain('15 claims since 2024');
  });

  it('has words for each counted kind in each language', () => {
    for (const kind of Object.keys(countedTypeOfKind))
      for (const form of ['one', 'other'])
        for (const texts of Object.values(languages))
          expect(texts[`count.${kind}.${form}` as TextKey]).toContain('{count}');
  });

  it('is absent for a member without counts, and of another environment', async () => {
    const text = await page('uncounted');
    expect(text).toContain('Claims and costs');
    expect(text).not.toMatch(/\d+ claims?\b/);
    await test.source.query(
      `INSERT INTO record_count VALUES ('production', 'uncounted', 1, '[{"type":"ExplanationOfBenefit","count":7,"since":null}]')`,
    );
    expect(await page('uncounted')).not.toMatch(/\d+ claims?\b/);
  });

  it('is the newest one that was published, in whatever order the events come', async () => {
    const claims = (count: number) => [{ type: 'ExplanationOfBenefit', count, since: null }];
    await publish(20, 'changing', claims(20));
    await publish(10, 'changing', claims(10));
    expect(await page('changing')).toContain('20 claims');
    await publish(30, 'changing', []);
    expect(await page('changing')).not.toMatch(/\d+ claims/);
  });
});
