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

  it('with prompt=none is never made: the answer says whether the member has to sign in first', async () => {
    const state = await system.register(appOf('patient-access'));
    const go = system.browser();
    const errorOf = async (more: Record<string, string> = {}) => {
      const { location } = await go(system.authorizePath(state, { scope, prompt: 'none', ...more }));
      return new URL(location).searchParams.get('error');
    };
    expect(await errorOf()).toBe('login_required');
    const signIn = (await go(system.authorizePath(state, { scope }))).location;
    const body = new URLSearchParams({ username: 'member', password: 'password' });
    await go((await go(signIn, { method: 'POST', body })).location);
    expect(await errorOf()).toBe('consent_required');
  });
});
