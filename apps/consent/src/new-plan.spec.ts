import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPlans } from '@payer/testing/table-rows';
import { dataKinds } from '@payer/smart';
import { languages, languageTags } from '@payer/ui';
import { startConsentUnderTest } from './testing/consent-under-test.js';

/*
 * A new plan is a row of the table. The pages and the receipt must name the data of its row, and nothing
 * else.
 */

const plan = 'claims-summary';
const scope = newPlans[plan].scopes.join(' ');
const kinds = ['identity', 'coverage', 'claims', 'priorAuthorizations', 'careTeam'] as const;
const otherKinds = dataKinds.filter((kind) => !(kinds as readonly string[]).includes(kind));

describe('a new plan for members', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  const summaries = (text: string) => [...text.matchAll(/<summary>([^<]*)/g)].map(([, name]) => name);

  it.each(languageTags)('has a consent page in %s with the kinds of data of its row', async (language) => {
    const go = test.browser();
    const { location } = await go(
      `/sandbox/consent?request=${await test.ask(go, { plan, scope, language })}`,
    );
    const names = summaries((await go(location)).text);
    for (const kind of kinds) expect(names).toContain(languages[language][`kind.${kind}`]);
    for (const kind of otherKinds) expect(names).not.toContain(languages[language][`kind.${kind}`]);
  });

  it('makes grants with its scopes, whose card and receipt name the same kinds', async () => {
    const { go, grantId, payload } = await test.allow({
      plan,
      scope,
      sub: 'new-plan',
      client_id: 'new-plan',
    });
    expect(payload.scope).toBe(scope);
    const names = summaries((await go('/sandbox/')).text);
    for (const kind of kinds) expect(names).toContain(languages.en[`kind.${kind}`]);
    for (const kind of otherKinds) expect(names).not.toContain(languages.en[`kind.${kind}`]);
    const { receipt } = JSON.parse((await go(`/sandbox/receipts/${grantId}`)).text);
    const listed = receipt.pii_processing[0].pii_information as { resource_types: string[] }[];
    // Two kinds of data share a type.
    expect([...new Set(listed.flatMap((each) => each.resource_types))].sort()).toEqual(
      [...newPlans[plan].reads.compartment, ...newPlans[plan].reads.referenced].sort(),
    );
  });
});
