import { afterAll, beforeAll, describe, it } from 'vitest';
import { addToOutbox } from '@payer/events';
import { type CloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { consent } from './service.js';
import { startConsentUnderTest } from './testing/consent-under-test.js';

describe('a start of consent', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('events left in the outbox by a crash are sent at the next start, and heartbeats travel', async () => {
    await test.running.close();
    const left = await addToOutbox(test.source, 'heartbeat', {
      id: 'left',
      version: 1,
      at: new Date().toISOString(),
    });
    test.running = await consent.start(test.config);
    await eventually(async () =>
      (await test.log.read(test.log.pool, 0n, ['heartbeat'], 1000)).rows.some(
        (row) => (row.event as CloudEvent).id === left.id,
      ),
    );
    const beats = (await test.published('heartbeat')).length;
    await eventually(async () => (await test.published('heartbeat')).length > beats + 1);
  });
});
