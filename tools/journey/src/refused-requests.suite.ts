import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '@payer/testing';
import { localMembers } from './addresses.js';
import { App, patientAccessScope } from './app.js';
import { expectPage } from './browser.js';
import type { Credentials } from './portal.js';
import type { TestSystem } from './test-system.js';

const [member1] = localMembers.sandbox;

interface SystemUnderTest {
  system: TestSystem;
  health: Credentials;
  /** A patient-access app with the credentials `health`. */
  app: App;
  /** A provider-directory app. */
  directory: App;
  newApp(plan: 'patient-access' | 'provider-directory' | undefined): Promise<App>;
}

/**
 * Requests that the platform must refuse, each with its own error.
 * @param prepared called once, after the system has started
 */
export function refusedRequestsSuite(prepared: () => SystemUnderTest): void {
  describe('refused requests', () => {
    let { system, health, app, directory, newApp } = {} as SystemUnderTest;
    beforeAll(() => {
      ({ system, health, app, directory, newApp } = prepared());
    });
    const errorOf = (redirect: URL) => redirect.searchParams.get('error');

    it('an unregistered redirect URI, also one slash off, never redirects and the page helps', async () => {
      for (const redirectUri of [
        'https://client-app.com/redirect/',
        'https://client-app.com/Redirect',
        'https://client-app.com/redirect?x=1',
        'https://evil.example/redirect',
      ]) {
        const page = expectPage(await app.browser().open(app.authorizationUrl({ redirectUri })));
        expect(page.status).toBe(400);
        expect(page.$('main').text()).toContain(redirectUri);
        expect(page.$('main').text()).toMatch(/nothing (was|has been) shared/i);
      }
    });

    it('an unknown client and a wrong secret each get their own error', async () => {
      const ghost = new App(system.addresses, 'sandbox', { client_id: 'nobody', client_secret: 'x' });
      expect(expectPage(await ghost.browser().open(ghost.authorizationUrl())).status).toBe(400);
      const wrong = new App(system.addresses, 'sandbox', { ...health, client_secret: 'wrong' });
      for (const caller of [ghost, wrong]) {
        const answer = await caller.exchange('whatever');
        expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic/);
      }
    });

    it('too few, too many, unknown or foreign scopes are invalid_scope and named', async () => {
      for (const [scope, named] of [
        ['openid fhirUser launch/patient', 'patient/*.rs'],
        ['openid', 'launch/patient'],
        [`${patientAccessScope} patient/Observation.rs`, 'patient/Observation.rs'],
        [`${patientAccessScope} profile`, 'profile'],
        [`${patientAccessScope} user/*.rs`, 'user/*.rs'],
      ] as const) {
        const redirect = await app.authorize(member1, { scope, state: 'kept' });
        expect([scope, errorOf(redirect)]).toEqual([scope, 'invalid_scope']);
        expect(redirect.searchParams.get('error_description')).toContain(named);
        expect(redirect.searchParams.get('state')).toBe('kept');
      }
      const directoryScopes = await directory.clientCredentials('patient/*.rs');
      expect(directoryScopes).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    });

    it('a wrong aud never leads to a code', async () => {
      for (const aud of ['https://evil.example/fhir', system.addresses.fhir.production]) {
        const redirect = await app.authorize(member1, { aud });
        expect(redirect.searchParams.get('code')).toBeNull();
        expect(errorOf(redirect)).toBeTruthy();
        expect(redirect.searchParams.get('error_description')).toContain(app.fhirBase);
      }
    });

    it('PKCE plain, also by omission, is refused; a wrong verifier does not get tokens', async () => {
      for (const parameters of [
        { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' },
        { code_challenge: 'a'.repeat(43) },
      ])
        expect(errorOf(await app.authorize(member1, { parameters }))).toBe('invalid_request');
      const redirect = await app.authorize(member1, { verifier: 'v'.repeat(43) });
      const code = redirect.searchParams.get('code') ?? '';
      expect(await app.exchange(code, { code_verifier: 'w'.repeat(43) })).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
    });

    it('of three exchanges of one code at once exactly one wins, and reuse ends what it gave', async () => {
      const code = (await app.authorize(member1)).searchParams.get('code') ?? '';
      const answers = await Promise.all([1, 2, 3].map(() => app.exchange(code)));
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400, 400]);
      const won = answers.find((answer) => answer.status === 200)?.body;
      await eventually(async () => {
        const { status } = await app.fhir(won?.access_token, `/Patient/${member1.patient}`);
        return status === 401;
      });
      expect((await app.refresh(won?.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' });
    });

    it('three uses of one refresh token at once get one successor, and later reuse ends the whole grant', async () => {
      const tokens = await app.connect(member1);
      const answers = await Promise.all([1, 2, 3].map(() => app.refresh(tokens.refresh_token ?? '')));
      expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
      expect(new Set(answers.map((answer) => answer.body.refresh_token)).size).toBe(1);
      // After the use of its successor, the first refresh token is reused.
      const { body: next } = await app.refresh(answers[0]?.body.refresh_token ?? '');
      expect((await app.refresh(tokens.refresh_token ?? '')).status).toBe(400);
      expect((await app.refresh(next.refresh_token ?? '')).status).toBe(400);
      for (const { access_token } of [tokens, next, ...answers.map(({ body }) => body)])
        await eventually(async () => (await app.fhir(access_token, '/Coverage')).status === 401);
    });

    it('unknown grant types and codes, altered tokens and no token get their own errors', async () => {
      expect(await app.token({ grant_type: 'password' })).toMatchObject({
        status: 400,
        body: { error: 'unsupported_grant_type' },
      });
      expect(await app.exchange('not-a-code')).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
      const { access_token } = await app.connect(member1);
      const [head, body, signature = ''] = access_token.split('.');
      const altered = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      for (const token of [altered, 'rubbish', undefined]) {
        const answer = await app.fhir(token, `/Patient/${member1.patient}`);
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(answer.body.resourceType).toBe('OperationOutcome');
      }
      expect((await app.introspect(altered)).body).toEqual({ active: false });
    });

    it('a sandbox token is worth nothing in production; the error of an unapproved or unsubscribed app says what to do', async () => {
      const { access_token } = await app.connect(member1);
      const production = new App(system.addresses, 'production', health);
      expect((await production.fhir(access_token, `/Patient/${member1.patient}`)).status).toBe(401);
      const visit = await production.browser().open(production.authorizationUrl());
      const text = visit.left ? visit.left.search : expectPage(visit).$('main').text();
      expect(decodeURIComponent(text.replaceAll('+', ' '))).toMatch(/production/i);
      const unsubscribed = await newApp(undefined);
      const answer = await unsubscribed.clientCredentials();
      expect(answer).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
      expect(JSON.stringify(answer.body)).toMatch(/subscri/i);
    });
  });
}
