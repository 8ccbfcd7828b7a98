import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '@payer/smart';
import { languages } from '@payer/ui';
import { decodeJwt } from 'jose';
import { AuthServerUnderTest } from './testing/auth-server-under-test.js';
import { appOf } from './testing/apps.js';

/* A new environment is a row of the table. It has an issuer with its own keys, and its own members. */

const preview = 'preview' as Environment;

describe('a new environment', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start());
  afterAll(() => system.stop());

  const get = async (path: string) => (await fetch(`${system.service.url}${path}`)).json();

  it('has an issuer with its own keys', async () => {
    const configuration = await get('/preview/.well-known/openid-configuration');
    expect(configuration).toMatchObject({ issuer: `${system.config.AUTH_SERVER_URL}/preview` });
    expect(await get('/.well-known/oauth-authorization-server/preview')).toEqual(configuration);
    const kids = async (name: string) =>
      ((await get(`/${name}/jwks`)) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    expect((await kids('preview')).length).toBeGreaterThan(0);
    expect(await kids('sandbox')).not.toEqual(expect.arrayContaining(await kids('preview')));
  });

  it('gives tokens for its own base to an app that may use it, and says how another app may', async () => {
    const parameters = { grant_type: 'client_credentials', scope: 'system/*.rs' };
    const allowed = await system.register(appOf('provider-directory', { environments: [preview] }));
    const { body } = await system.token(allowed, parameters, 'preview');
    expect(decodeJwt(body.access_token ?? '').aud).toBe(
      'http://localhost:4003/preview/interop/external/fhir',
    );
    const other = await system.register(appOf('provider-directory'));
    const refused = await system.token(other, parameters, 'preview');
    expect(refused.body.error).toBe('unauthorized_client');
    expect(refused.body.error_description).toContain('not approved for preview; request preview access');
  });

  it('has a sign-in page and a page for errors', async () => {
    const app = await system.register(appOf('patient-access', { environments: [preview] }));
    const go = system.browser();
    const scope = 'openid fhirUser launch/patient patient/*.rs';
    const { location } = await go(system.authorizePath(app, { scope }, 'preview'));
    expect(location).toMatch(/^\/preview\/interaction\//);
    expect((await go(location)).text).toContain('Health App');
    expect((await go('/preview/interaction/none')).text).toContain('<html');
  });

  it('has pages that say that their data is made up, because its row says so', async () => {
    const go = system.browser();
    const words = [
      `class="badge warn">${languages.en['shell.sandbox']}<`,
      languages.en['shell.footer.sandbox'],
    ];
    for (const [environment, isMadeUp] of [
      ['preview', true],
      ['sandbox', true],
      ['production', false],
    ] as const) {
      const { text } = await go(`/${environment}/interaction/none`);
      for (const word of words) expect([environment, text.includes(word)]).toEqual([environment, isMadeUp]);
    }
  });
});
