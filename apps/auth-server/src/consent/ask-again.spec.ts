import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planRules } from '@payer/smart';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

describe('the consent request of an app', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start());
  afterAll(() => system.stop());

  const scope = planRules['patient-access'].scopes.join(' ');

  it.each([
    [undefined, undefined],
    ['login', undefined],
    ['consent', true],
    ['login consent', true],
  ])('with prompt=%s insists on a question: %s', async (prompt, expected) => {
    const state = await system.register(appOf('patient-access'));
    const { request, redirect } = await system.authorize(state, { scope, ...(prompt ? { prompt } : {}) });
    expect(request.ask_again).toBe(expected);
    expect(redirect.searchParams.get('code')).toBeTruthy();
  });
});
