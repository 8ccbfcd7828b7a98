import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planRules } from '@payer/smart';
import { languages } from '@payer/ui';
import { readConfig } from '../config.js';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

const url = 'https://plan.example/new-password';

describe('the link to a new password', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start({ FORGOT_PASSWORD_URL: url }), 60_000);
  afterAll(() => system.stop());

  it.each([
    ['production', true],
    ['sandbox', false],
  ] as const)('is on the sign-in page of %s: %s', async (environment, isShown) => {
    const state = await system.register(appOf('patient-access', { environments: ['sandbox', 'production'] }));
    const scope = planRules['patient-access'].scopes.join(' ');
    const go = system.browser();
    const { location } = await go(system.authorizePath(state, { scope }, environment));
    const { text } = await go(location);
    expect(text).toContain(languages.en['signIn.password']);
    expect(text.includes(`href="${url}"`)).toBe(isShown);
    expect(text.includes(languages.en['signIn.forgot'])).toBe(isShown);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'plan.example', '/new-password'])(
    'cannot be %j',
    (value) => {
      expect(() => readConfig({ NODE_ENV: 'test', FORGOT_PASSWORD_URL: value })).toThrow(
        /FORGOT_PASSWORD_URL/,
      );
    },
  );
});
