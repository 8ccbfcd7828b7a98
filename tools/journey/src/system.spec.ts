import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { eventually } from '@payer/testing';
import { localMembers, platformTeam } from './addresses.js';
import { App, patientAccessScope } from './app.js';
import { expectPage } from './browser.js';
import { EveryStepAtOnce } from './crash.js';
import { journey } from './journey.js';
import { memberChoicesSuite } from './member-choices.suite.js';
import { PortalSession, type Credentials } from './portal.js';
import { consumedFacts, repeatOldEvents } from './repeated-events.js';
import { refusedRequestsSuite } from './refused-requests.suite.js';
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
  }, 600_000);

  afterAll(async () => {
    await system?.stop();
  });

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

  it('a deployment checks itself against the standards, and every check passes', async () => {
    const { started_at } = await developer.call('POST', '/api/conformance/runs');
    const latest = async () =>
      (await developer.call('GET', '/api/conformance')).latest_run as {
        started_at: string;
        results: { check: string; environment: string; passed: boolean; fault: string | null }[];
      } | null;
    await eventually(async () => (await latest())?.started_at === started_at, {
      timeout: 60_000,
    });
    const { results } = (await latest())!;
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(new Set(results.map(({ environment }) => environment)).size).toBe(2);
    expect(results.length).toBeGreaterThan(80);
    await expect(developer.call('POST', '/api/conformance/runs')).rejects.toMatchObject({ status: 429 });
    const page = await (await fetch(`${system.addresses.portal}/docs/conformance`)).text();
    expect(page).toContain(`All ${results.length} checks passed`);
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

  refusedRequestsSuite(() => ({ system, health, app, directory, newApp }));
  memberChoicesSuite(() => ({ system, newApp }));

  describe('cutting off', () => {
    it('the API of connected apps lists and ends a grant; the next calls are refused', async () => {
      const browser = app.browser();
      const tokens = await app.connect(member1, { browser });
      const { grant_id } = decodeJwt(tokens.access_token) as { grant_id: string };
      const api = `${system.addresses.consent}/sandbox/api/grants`;
      const listed = (await (await browser.request(api)).json()) as { grants?: { grant_id: string }[] };
      expect((listed.grants ?? []).map((grant) => grant.grant_id)).toContain(grant_id);
      const ended = await browser.request(`${api}/${grant_id}`, { method: 'DELETE' });
      expect(ended.status).toBeLessThan(300);
      await eventually(async () => (await app.fhir(tokens.access_token, '/Coverage')).status === 401);
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
      await eventually(async () => (await app.fhir(tokens.access_token, '/Coverage')).status === 401);
      expect((await app.refresh(tokens.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' });
    });

    it('approval opens production, suspension closes both environments', async () => {
      const sandbox = await newApp('provider-directory');
      const id = sandbox.credentials.client_id;
      const production = new App(system.addresses, 'production', sandbox.credentials);
      expect((await production.clientCredentials()).status).toBeGreaterThanOrEqual(400);
      const request = await developer.call('POST', `/api/apps/${id}/production-request`, {});
      await platform.call('POST', `/api/production-requests/${String(request.id)}/approve`, { note: 'fine' });
      const token = await eventually(async () => {
        const answer = await production.clientCredentials();
        return answer.status === 200 && answer.body.access_token;
      });
      await eventually(async () => (await production.fhir(token, '/Location?_count=1')).status === 200);
      const sandboxToken = (await sandbox.clientCredentials()).body.access_token;
      await platform.call('POST', `/api/apps/${id}/suspend`, { reason: 'test' });
      for (const [where, held] of [
        [sandbox, sandboxToken],
        [production, token],
      ] as const) {
        await eventually(async () => (await where.fhir(held, '/Location?_count=1')).status >= 401);
        await eventually(async () => (await where.clientCredentials()).status >= 400);
      }
    });
  });

  it('events as earlier versions wrote them are applied by every service', async () => {
    expect(await applyRecordedEvents(system.running)).toEqual([]);
  });

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
      let before = await consumedFacts(system.running);
      let unchanged = 0;
      await eventually(
        async () => {
          const earlier = before;
          before = await consumedFacts(system.running);
          unchanged = earlier.join() === before.join() ? unchanged + 1 : 0;
          return unchanged === 3;
        },
        { pause: 2000, timeout: 300_000 },
      );
      expect(await repeatOldEvents(system.running)).toBeGreaterThan(20);
      expect(await consumedFacts(system.running)).toEqual(before);
      expect(await access()).toEqual([200, 401]);
      expect((await closed.clientCredentials()).status).toBeGreaterThanOrEqual(400);
    },
    600_000,
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
    600_000,
  );
});
