import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { eventually } from '@payer/testing';
import { localMembers, platformTeam } from './addresses.js';
import { App, patientAccessScope } from './app.js';
import { expectPage } from './browser.js';
import { EveryStepAtOnce } from './crash.js';
import { journey } from './journey.js';
import { PortalSession, type Credentials } from './portal.js';
import { learnedFacts, repeatOldEvents } from './repeated-events.js';
import { startTestSystem, type TestSystem } from './test-system.js';
import { applyRecordedEvents } from './recorded-events.js';
import { connectWithOpenidClient } from './openid-client.js';

const [member1, member2] = localMembers.sandbox;
const redirect_uris = ['https://client-app.com/redirect'];

describe('the whole system', () => {
  let system: TestSystem;
  let developer: PortalSession;
  let platform: PortalSession;
  let health: Credentials;
  let finder: Credentials;
  let app: App;
  let directory: App;

  beforeAll(async () => {
    system = await startTestSystem();
    developer = await PortalSession.newDeveloper(system.addresses.portal);
    platform = await PortalSession.signIn(system.addresses.portal, platformTeam.email, platformTeam.password);
    health = await developer.createApp('patient-access', { client_name: 'Health', redirect_uris });
    finder = await developer.createApp('provider-directory', { client_name: 'Finder', redirect_uris });
    app = new App(system.addresses, 'sandbox', health);
    directory = new App(system.addresses, 'sandbox', finder);
  }, 180_000);

  afterAll(async () => {
    await system?.stop();
  }, 60_000);

  const newApp = async (plan: 'patient-access' | 'provider-directory' | undefined) =>
    new App(
      system.addresses,
      'sandbox',
      await developer.createApp(plan, { client_name: 'Another', redirect_uris }),
    );

  it('the journey of developer, app, member and platform team comes out as the page says', async () => {
    const steps: string[] = [];
    await journey(system.addresses, (who, did) => steps.push(`${who} ${did}`));
    expect(steps.length).toBeGreaterThan(15);
  });

  describe('patient access', () => {
    it("the page's request works with and without aud, state and PKCE", async () => {
      for (const options of [
        {},
        { state: 'x y&z' },
        { aud: app.fhirBase },
        { aud: `${app.fhirBase}/` },
        { pkce: true },
        { aud: app.fhirBase, state: 's', pkce: true },
      ]) {
        const tokens = await app.connect(member1, options);
        expect(tokens).toMatchObject({
          token_type: expect.stringMatching(/^bearer$/i),
          expires_in: 3599,
          patient: member1.patient,
          id_token: expect.any(String),
          refresh_token: expect.any(String),
        });
        expect(tokens.scope.split(' ').sort()).toEqual(patientAccessScope.split(' ').sort());
      }
    });

    it('the access token says what RFC 9068 and SMART want, the id_token names a readable fhirUser', async () => {
      const tokens = await app.connect(member1);
      expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
      const claims = decodeJwt(tokens.access_token);
      expect(claims).toMatchObject({
        iss: app.issuer,
        aud: app.fhirBase,
        client_id: health.client_id,
        patient: member1.patient,
        grant_id: expect.any(String),
        fhirUser: `${app.fhirBase}/Patient/${member1.patient}`,
      });
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3599);
      const identity = decodeJwt(tokens.id_token ?? '');
      expect(identity).toMatchObject({ iss: app.issuer, aud: health.client_id });
      expect((await app.fhir(tokens.access_token, String(identity.fhirUser))).body).toMatchObject({
        resourceType: 'Patient',
        id: member1.patient,
      });
    });

    it('a member sees their own records and nothing of another: not by read, search, include or reference', async () => {
      const tokens = await app.connect(member1);
      const get = (path: string) => app.fhir(tokens.access_token, path);
      expect((await get(`/Patient/${member1.patient}`)).status).toBe(200);
      expect((await get(`/Patient/${member2.patient}`)).status).toBe(404);
      const theirs = await app.connect(member2);
      const claims = await app.fhir(theirs.access_token, '/ExplanationOfBenefit?_count=1');
      const [entry] = claims.body.entry as { resource: { id: string } }[];
      expect((await get(`/ExplanationOfBenefit/${entry?.resource.id}`)).status).toBe(404);
      for (const path of [
        `/ExplanationOfBenefit?patient=${member2.patient}`,
        `/ExplanationOfBenefit?patient=Patient/${member2.patient}`,
        `/ExplanationOfBenefit?patient=${app.fhirBase}/Patient/${member2.patient}`,
        `/ExplanationOfBenefit?_id=${entry?.resource.id}`,
        `/Patient?_id=${member2.patient}`,
        `/Patient?_id=${member1.patient}&_revinclude=*`,
        `/ExplanationOfBenefit?_include=*&_count=100`,
        `/Encounter?_include=Encounter:patient&_revinclude=Observation:encounter&_count=100`,
      ]) {
        const { status, body } = await get(path);
        if (status === 200) expect(JSON.stringify(body.entry ?? [])).not.toContain(member2.patient);
        else expect(status).toBeGreaterThanOrEqual(400);
      }
    });
  });

  it('openid-client connects by discovery, code, PKCE and nonce, and refreshes', async () => {
    const { tokens, refreshed, claims } = await connectWithOpenidClient(app, member1, patientAccessScope);
    expect(tokens).toMatchObject({ expires_in: 3599, patient: member1.patient });
    expect(claims).toMatchObject({
      iss: app.issuer,
      aud: health.client_id,
      fhirUser: `${app.fhirBase}/Patient/${member1.patient}`,
    });
    expect((await app.fhir(refreshed.access_token, `/Patient/${member1.patient}`)).status).toBe(200);
  });

  describe('provider directory', () => {
    it("the page's request gives exactly system/*.rs, no patient, and reads the directory only", async () => {
      const { status, body, headers } = await directory.clientCredentials();
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toContain('no-store');
      expect(body).toMatchObject({ scope: 'system/*.rs', expires_in: 3599 });
      expect(body).not.toHaveProperty('patient');
      expect(decodeJwt(body.access_token)).not.toHaveProperty('patient');
      for (const type of [
        'Practitioner',
        'PractitionerRole',
        'Organization',
        'OrganizationAffiliation',
        'Location',
        'HealthcareService',
        'InsurancePlan',
        'Endpoint',
      ]) {
        const found = await directory.fhir(body.access_token, `/${type}?_count=1`);
        expect([type, found.status]).toEqual([type, 200]);
        expect([type, Number(found.body.total)]).not.toEqual([type, 0]);
      }
      for (const path of [
        `/Patient/${member1.patient}`,
        '/ExplanationOfBenefit',
        '/Coverage',
        '/Observation',
      ])
        expect((await directory.fhir(body.access_token, path)).status).toBe(403);
    });

    it("each plan's token is refused where only the other's may go", async () => {
      const tokens = await app.connect(member1);
      expect((await app.fhir(tokens.access_token, '/InsurancePlan')).status).toBe(403);
      expect((await app.fhir(tokens.access_token, '/HealthcareService')).status).toBe(403);
      const cross = await app.clientCredentials();
      expect(cross).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
      expect(JSON.stringify(cross.body)).toContain('Provider Directory');
    });
  });

  describe('wrong turns', () => {
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

    it('an unknown client and a wrong secret are told apart from each other and from the rest', async () => {
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

    it('of three uses of one refresh token at once exactly one wins, and reuse ends the whole grant', async () => {
      const tokens = await app.connect(member1);
      const answers = await Promise.all([1, 2, 3].map(() => app.refresh(tokens.refresh_token ?? '')));
      expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400, 400]);
      const won = answers.find((answer) => answer.status === 200)?.body;
      await eventually(async () => (await app.refresh(won?.refresh_token ?? '')).status === 400);
      await eventually(async () => (await app.fhir(tokens.access_token, '/Coverage')).status === 401);
      await eventually(async () => (await app.fhir(won?.access_token, '/Coverage')).status === 401);
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

    it('a sandbox token is worth nothing in production; an unapproved or unsubscribed app is told what to do', async () => {
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

  describe('cutting off', () => {
    it('the API of connected apps lists and ends a grant; the next call is refused within a second', async () => {
      const browser = app.browser();
      const tokens = await app.connect(member1, { browser });
      const { grant_id } = decodeJwt(tokens.access_token) as { grant_id: string };
      const api = `${system.addresses.consent}/sandbox/api/grants`;
      const listed = (await (await browser.request(api)).json()) as { grants?: { grant_id: string }[] };
      expect((listed.grants ?? []).map((grant) => grant.grant_id)).toContain(grant_id);
      const ended = await browser.request(`${api}/${grant_id}`, { method: 'DELETE' });
      expect(ended.status).toBeLessThan(300);
      await eventually(async () => (await app.fhir(tokens.access_token, '/Coverage')).status === 401, {
        timeout: 1000,
      });
      expect((await app.refresh(tokens.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' });
      expect((await app.introspect(tokens.access_token)).body).toEqual({ active: false });
    });

    it('a member who comes straight to the connected apps signs in there and ends a grant on the page', async () => {
      const tokens = await app.connect(member1);
      const browser = app.browser();
      const signIn = await browser.page(`${system.addresses.consent}/sandbox/`);
      const { username, password } = member1;
      const apps = expectPage(await browser.submit(signIn, { username, password }));
      expect(apps.url).toBe(`${system.addresses.consent}/sandbox/`);
      expect(apps.$('main').text()).toContain('Health');
      const after = expectPage(await browser.submit(apps, {}, /Disconnect\s+Health/));
      expect(after.$('main').text()).toContain('Health is disconnected');
      await eventually(async () => (await app.fhir(tokens.access_token, '/Coverage')).status === 401, {
        timeout: 1000,
      });
      expect((await app.refresh(tokens.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' });
    });

    it('approval opens production within two seconds, suspension closes both environments', async () => {
      const sandbox = await newApp('provider-directory');
      const id = sandbox.credentials.client_id;
      const production = new App(system.addresses, 'production', sandbox.credentials);
      expect((await production.clientCredentials()).status).toBeGreaterThanOrEqual(400);
      const request = await developer.call('POST', `/api/apps/${id}/production-request`, {});
      await platform.call('POST', `/api/production-requests/${String(request.id)}/approve`, { note: 'fine' });
      const token = await eventually(
        async () => {
          const answer = await production.clientCredentials();
          return answer.status === 200 && answer.body.access_token;
        },
        { timeout: 2000 },
      );
      await eventually(async () => (await production.fhir(token, '/Location?_count=1')).status === 200, {
        timeout: 2000,
      });
      const sandboxToken = (await sandbox.clientCredentials()).body.access_token;
      await platform.call('POST', `/api/apps/${id}/suspend`, { reason: 'test' });
      for (const [where, held] of [
        [sandbox, sandboxToken],
        [production, token],
      ] as const) {
        await eventually(async () => (await where.fhir(held, '/Location?_count=1')).status >= 401, {
          timeout: 2000,
        });
        await eventually(async () => (await where.clientCredentials()).status >= 400, { timeout: 2000 });
      }
    });
  });

  it('events as earlier versions wrote them are applied by every service', async () => {
    expect(await applyRecordedEvents(system.running)).toEqual([]);
  }, 60_000);

  (process.env.EVENT_TRANSPORT === 'kafka' ? it.skip : it)(
    'genuine events that somebody without a key repeats at the end of the log, oldest last, change nothing',
    async () => {
      const open = await newApp('provider-directory');
      const closed = await newApp('provider-directory');
      const [opened, held] = [await open.clientCredentials(), await closed.clientCredentials()];
      await platform.call('POST', `/api/apps/${closed.credentials.client_id}/suspend`, { reason: 'test' });
      const status = async (of: App, token: string) => (await of.fhir(token, '/Location?_count=1')).status;
      const access = async () => [
        await status(open, opened.body.access_token),
        await status(closed, held.body.access_token),
      ];
      await eventually(async () => (await access())[1] === 401);
      // Earlier requests are still being counted.
      let before = await learnedFacts(system.running);
      let unchanged = 0;
      await eventually(
        async () => {
          const earlier = before;
          before = await learnedFacts(system.running);
          unchanged = earlier.join() === before.join() ? unchanged + 1 : 0;
          return unchanged === 3;
        },
        { pause: 2000, timeout: 40_000 },
      );
      expect(await repeatOldEvents(system.running)).toBeGreaterThan(20);
      expect(await learnedFacts(system.running)).toEqual(before);
      expect(await access()).toEqual([200, 401]);
      expect((await closed.clientCredentials()).status).toBeGreaterThanOrEqual(400);
    },
    120_000,
  );

  it.each(['registration', 'auth-server', 'consent', 'fhir-api'] as const)(
    'killing %s while somebody is at every step, and starting it again, loses no grant, no event and no revocation',
    async (victim) => {
      const { running } = system;
      const restart = async () => {
        running.kill(victim, 'SIGKILL');
        await eventually(() => running.pid(victim) === undefined);
        running.start(victim);
        await running.ready(victim);
      };
      const steps = await EveryStepAtOnce.prepare(system, developer, platform, app, member2);
      const expectAllHolds = steps.act();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      await restart();
      await expectAllHolds();
    },
    60_000,
  );
});
