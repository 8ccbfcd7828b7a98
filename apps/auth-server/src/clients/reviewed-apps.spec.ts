import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appOf, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

describe('an approved app that its developer has changed', () => {
  const test = new AuthServerUnderTest();
  const unreviewed = 'https://other.example/redirect';
  const app = appOf('patient-access', {
    client_name: 'Your Bank',
    environments: ['sandbox', 'production'],
    redirect_uris: [redirectUri, unreviewed],
    reviewed: {
      client_name: 'Health App',
      organization: 'Apps Inc',
      redirect_hosts: ['client-app.com'],
      policy_uri: null,
      tos_uri: null,
    },
  });
  beforeAll(async () => {
    await test.start();
    await test.register(app);
  });
  afterAll(() => test.stop());

  const ask = async (environment: string, redirect_uri: string) => {
    const scope = 'openid fhirUser launch/patient patient/*.rs';
    const go = test.browser();
    const answer = await go(test.authorizePath(app, { scope, redirect_uri }, environment));
    return { status: answer.status, page: answer.status === 303 ? (await go(answer.location)).text : '' };
  };

  it.each([
    ['sandbox', redirectUri, 303],
    ['sandbox', unreviewed, 303],
    ['production', redirectUri, 303],
    ['production', unreviewed, 400],
  ])('in %s, a request with %s is answered with %i', async (environment, uri, status) => {
    expect((await ask(environment, uri)).status).toBe(status);
  });

  it('has its new name in the sandbox and the reviewed name in production', async () => {
    expect((await ask('sandbox', redirectUri)).page).toContain('Your Bank');
    const { page } = await ask('production', redirectUri);
    expect(page).toContain('Health App');
    expect(page).not.toContain('Your Bank');
  });
});
