import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPlans } from '@payer/testing/table-rows';
import type { Plan } from '@payer/smart';
import { decodeJwt } from 'jose';
import { AuthServerUnderTest } from './testing/auth-server-under-test.js';
import { appOf, redirectUri } from './testing/apps.js';

/*
 * A new plan is a row of the table. The authorization and token endpoints must issue the tokens of its row.
 */

const memberScope = newPlans['claims-summary'].scopes.join(' ');
const directoryScope = newPlans['insurance-plans'].scopes.join(' ');
const pageScope = 'openid fhirUser launch/patient patient/*.rs';
const app = (plan: string) => appOf(plan as Plan);

describe('a new plan', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start());
  afterAll(() => system.stop());

  it('for members gives tokens with the scopes of its row, at the code and at the refresh', async () => {
    const state = await system.register(app('claims-summary'));
    const { request, redirect } = await system.authorize(state, { scope: memberScope });
    expect(request.scope).toBe(memberScope);
    const code = redirect.searchParams.get('code') ?? '';
    const first = await system.token(state, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
    });
    expect(first.status).toBe(200);
    const { refresh_token = '' } = first.body;
    const second = await system.token(state, { grant_type: 'refresh_token', refresh_token });
    for (const { body } of [first, second]) {
      expect(body.scope?.split(' ').sort()).toEqual(memberScope.split(' ').sort());
      expect(decodeJwt(body.access_token ?? '')).toMatchObject({ patient: 'patient-of-sub-1' });
    }
  });

  it.each([
    ['claims-summary', pageScope, 'Claims Summary API'],
    ['patient-access', memberScope, 'Patient Access API'],
  ])('%s refuses the scopes of another plan', async (plan, scope, title) => {
    const state = await system.register(app(plan));
    const { location } = await system.browser()(system.authorizePath(state, { scope }));
    const { searchParams } = new URL(location);
    expect(searchParams.get('error')).toBe('invalid_scope');
    expect(searchParams.get('error_description')).toContain(title);
  });

  it('for the directory gives tokens with the scopes of its row and no patient', async () => {
    const state = await system.register(app('insurance-plans'));
    const ask = (scope: string) => system.token(state, { grant_type: 'client_credentials', scope });
    const { status, body } = await ask(directoryScope);
    expect(status).toBe(200);
    expect(body.scope).toBe(directoryScope);
    expect(decodeJwt(body.access_token ?? '').patient).toBeUndefined();
    expect((await ask('system/*.rs')).body).toMatchObject({ error: 'invalid_scope' });
  });

  it('has the flow of its row and no other, and the refusal names the plans that have it', async () => {
    const member = await system.register(app('claims-summary'));
    const refused = await system.token(member, { grant_type: 'client_credentials', scope: directoryScope });
    expect(refused.body.error).toBe('unauthorized_client');
    expect(refused.body.error_description).toContain('Provider Directory API or the Insurance Plans API');
    const directory = await system.register(app('insurance-plans'));
    const { location } = await system.browser()(system.authorizePath(directory, { scope: memberScope }));
    expect(new URL(location).searchParams.get('error')).toBe('unauthorized_client');
  });
});
