import { afterAll, beforeAll, expect, it } from 'vitest';
import { currentRequestId } from '@payer/service';
import { countTransactions } from '@payer/testing';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import { startConsentUnderTest } from '../testing/consent-under-test.js';

let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
beforeAll(async () => {
  test = await startConsentUnderTest();
});
afterAll(() => test.stop());

it('a consent request, its page and its decision take five transactions', async () => {
  const { master } = test.running.app.get(DataSource).driver as unknown as { master: Pool };
  const transactions = countTransactions(master, () => currentRequestId() !== undefined);
  const go = test.browser();
  const request = await test.ask(go, { client_id: 'counted' });
  transactions.take();
  const { location } = await go(`/sandbox/consent?request=${request}`);
  expect(transactions.take()).toBe(1);
  expect((await go(location)).status).toBe(200);
  expect(transactions.take()).toBe(2);
  expect((await test.answer(go, location, 'allow')).location).toContain('decision=');
  expect(transactions.take()).toBe(2);
});
