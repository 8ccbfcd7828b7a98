import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { localMembers, platformTeam, type SystemAddresses } from './addresses.js';
import { App, type JsonAnswer, patientAccessScope } from './app.js';
import { expectPage } from './browser.js';
import { PortalSession } from './portal.js';

/** Called after each step. */
export type Report = (who: string, did: string, cameBack: string) => void;

const within = async (what: string, milliseconds: number, check: () => Promise<boolean>): Promise<number> => {
  const start = Date.now();
  while (!(await check())) {
    assert.ok(Date.now() - start < milliseconds, `${what}: not within ${milliseconds} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return Date.now() - start;
};

const outcome = ({ status, body }: JsonAnswer) =>
  `${status} ${JSON.stringify(body.error ?? (body as { issue?: { diagnostics?: string }[] }).issue?.[0]?.diagnostics ?? '')}`;

/**
 * Walks through a running system, as a developer, an app, a member and the platform team.
 * @throws AssertionError at the first step that differs from the developer page
 */
export async function journey(system: SystemAddresses, report: Report): Promise<void> {
  // 1. The developer page, "Getting access".
  const developer = await PortalSession.newDeveloper(system.portal);
  report('developer', 'signs up and signs in', 'a session');
  const redirect_uris = ['https://client-app.com/redirect'];
  const credentials = await developer.createApp('patient-access', {
    client_name: 'Journey Health',
    redirect_uris,
  });
  report('developer', 'creates a Patient Access app', `client_id ${credentials.client_id}`);
  const sandbox = new App(system, 'sandbox', credentials);

  // 2. Authorization code flow.
  const configuration = await sandbox.fhir(undefined, '/.well-known/smart-configuration');
  assert.equal(configuration.status, 200);
  assert.equal(configuration.body.authorization_endpoint, `${sandbox.issuer}/authorize`);
  report('app', 'reads the SMART configuration', `issuer ${String(configuration.body.issuer)}`);
  const [member] = localMembers.sandbox;
  const browser = sandbox.browser();
  const tokens = await sandbox.connect(member, { browser, state: 'abc', pkce: true, aud: sandbox.fhirBase });
  assert.equal(tokens.expires_in, 3599);
  assert.equal(tokens.patient, member.patient);
  assert.deepEqual(tokens.scope.split(' ').sort(), patientAccessScope.split(' ').sort());
  assert.ok(tokens.id_token && tokens.refresh_token);
  report(
    'member',
    'signs in, reads what the app wants and allows it',
    `tokens for patient ${tokens.patient}`,
  );

  // 3. FHIR.
  const patient = await sandbox.fhir(tokens.access_token, `/Patient/${member.patient}`);
  assert.equal(patient.status, 200);
  assert.equal(patient.body.id, member.patient);
  report('app', `GET /Patient/${member.patient}`, `${patient.status} ${String(patient.body.resourceType)}`);
  const claims = await sandbox.fhir(tokens.access_token, `/ExplanationOfBenefit?patient=${member.patient}`);
  assert.equal(claims.status, 200);
  assert.ok(Number(claims.body.total) > 0, 'the member has claims');
  report('app', 'searches the claims', `${claims.status}, ${String(claims.body.total)} claims`);
  const other = await sandbox.fhir(tokens.access_token, `/Patient/${localMembers.sandbox[1].patient}`);
  assert.equal(other.status, 404);
  report('app', 'tries another member', outcome(other));

  // 4. Refresh, introspection.
  const refreshed = await sandbox.refresh(tokens.refresh_token);
  assert.equal(refreshed.status, 200);
  report('app', 'refreshes', `a new access token for ${refreshed.body.expires_in} s`);
  const introspected = await sandbox.introspect(refreshed.body.access_token);
  assert.equal(introspected.body.active, true);
  assert.equal(introspected.body.patient, member.patient);
  report('app', 'introspects its token', `active, scope ${String(introspected.body.scope)}`);

  // 5. Production.
  const production = new App(system, 'production', credentials);
  const stranger = await production.fhir(refreshed.body.access_token, `/Patient/${member.patient}`);
  assert.equal(stranger.status, 401);
  report('app', 'takes the sandbox token to production', outcome(stranger));
  const request = await developer.call('POST', `/api/apps/${credentials.client_id}/production-request`, {});
  const platform = await PortalSession.signIn(system.portal, platformTeam.email, platformTeam.password);
  await platform.call('POST', `/api/production-requests/${String(request.id)}/approve`, { note: 'reviewed' });
  report('platform team', 'approves the production request', 'approved');
  const [productionMember] = localMembers.production;
  const live = await production.connect(productionMember);
  const self = await production.fhir(live.access_token, `/Patient/${live.patient}`);
  assert.equal(self.status, 200);
  report('app', 'uses the same credentials in production', `${self.status} Patient/${live.patient}`);

  // 6. Provider directory.
  const directoryApp = await developer.createApp('provider-directory', {
    client_name: 'Journey Finder',
    redirect_uris,
  });
  const directory = new App(system, 'sandbox', directoryApp);
  const system_ = await directory.clientCredentials();
  assert.equal(system_.status, 200);
  assert.equal(system_.body.scope, 'system/*.rs');
  assert.equal('patient' in decodeJwt(system_.body.access_token), false);
  const roles = await directory.fhir(system_.body.access_token, '/PractitionerRole?_count=5');
  assert.equal(roles.status, 200);
  const page = roles.body.entry as unknown[];
  assert.ok(page.length > 0, 'the directory has roles');
  report('directory app', 'reads the provider directory', `${roles.status}, a page of ${page.length} roles`);
  const refused = await directory.fhir(system_.body.access_token, `/Patient/${member.patient}`);
  assert.equal(refused.status, 403);
  report('directory app', 'tries member data', outcome(refused));

  // 7. Disconnect.
  const connected = expectPage(await browser.open(`${system.consent}/sandbox/`));
  assert.match(connected.html, /Journey Health/);
  await browser.submit(connected, {}, /disconnect/i);
  const delay = await within('the disconnected app is refused', 1000, async () => {
    const answer = await sandbox.fhir(refreshed.body.access_token, `/Patient/${member.patient}`);
    return answer.status === 401;
  });
  report('member', 'disconnects the app', `the next FHIR call is refused (after ${delay} ms)`);
  const dead = await sandbox.refresh(refreshed.body.refresh_token ?? '');
  assert.equal(dead.status, 400);
  assert.equal((dead.body as unknown as Record<string, unknown>).error, 'invalid_grant');
  report('app', 'tries its refresh token', '400 invalid_grant');

  // 8. Suspension.
  await platform.call('POST', `/api/apps/${credentials.client_id}/suspend`, { reason: 'end of the journey' });
  const closing = await within('the suspended app is refused', 2000, async () => {
    const answer = await production.fhir(live.access_token, `/Patient/${live.patient}`);
    return answer.status === 401 || answer.status === 403;
  });
  report('platform team', 'suspends the app', `production is closed, too (after ${closing} ms)`);
}
