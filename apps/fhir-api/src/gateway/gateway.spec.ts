import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantEnds } from '@payer/smart';
import { eventually } from '@payer/testing';
import { appState, revokedGrant, revokedToken, publish } from './testing/events.js';
import type { Json } from './testing/http.js';
import { loadMembers } from './testing/members.js';
import { expectRefusal } from './testing/refusal.js';
import { bases, FhirApiSystem } from './testing/system.js';

const system = new FhirApiSystem();
const { issuer } = system;

beforeAll(async () => {
  await system.start();
  await loadMembers(system.config);
});
afterAll(() => system.stop());

describe('a request without a good token', () => {
  it('that has no token gets a challenge without an error code', async () => {
    const answer = await system.request('/Patient/one');
    expectRefusal(answer, 401, undefined, /smart-configuration/);
    expect(answer.headers['www-authenticate']).toBe(`Bearer realm="${bases.sandbox}"`);
  });

  it('that has its token in the address is refused', async () => {
    const token = await issuer.patientToken('one');
    for (const path of ['/Patient/one', '/Patient'])
      expectRefusal(
        await system.request(`${path}?access_token=${token}`),
        401,
        undefined,
        /smart-configuration/,
      );
  });

  it('with client credentials in its place gets a text that names the access token', async () => {
    expectRefusal(
      await system.request('/Patient/one', { headers: { authorization: 'Basic YTpi' } }),
      401,
      undefined,
      /Bearer/,
    );
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['is not a JWT', async () => 'opaque', /not a JWT/],
    ['has expired', () => issuer.patientToken('one', { expiresIn: -1 }), /expired/],
    [
      'was altered',
      async () => {
        const [head, , signature] = (await issuer.patientToken('one')).split('.');
        const [, claims] = (await issuer.patientToken('two')).split('.');
        return [head, claims, signature].join('.');
      },
      /altered/,
    ],
    ['is an id_token', () => issuer.patientToken('one', { header: { typ: 'JWT' } }), /id_token/],
    [
      'is meant for another server',
      () => issuer.patientToken('one', { claims: { aud: 'https://elsewhere.example' } }),
      /aud must be/,
    ],
    [
      'is of a foreign issuer',
      () => issuer.patientToken('one', { claims: { iss: 'https://elsewhere.example' } }),
      /foreign issuer/,
    ],
    [
      'names a key that is not published',
      () => issuer.patientToken('one', { header: { kid: 'unknown' } }),
      /does not publish/,
    ],
    ['lacks its jti', () => issuer.patientToken('one', { claims: { jti: undefined } }), /RFC 9068/],
  ])('that %s is refused', async (_case, token, text) => {
    expectRefusal(await system.request('/Patient/one', { token: await token() }), 401, 'invalid_token', text);
  });

  it('that was signed with no algorithm or with a secret is refused', async () => {
    const [, claims] = (await issuer.patientToken('one')).split('.');
    const head = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: 'sandbox-1' })).toString(
      'base64url',
    );
    expectRefusal(
      await system.request('/Patient/one', { token: `${head}.${claims}.` }),
      401,
      'invalid_token',
      /altered/,
    );
  });

  it('of one environment is refused at the base of the other', async () => {
    const sandbox = await issuer.patientToken('one');
    const production = await issuer.patientToken('one', { environment: 'production' });
    expectRefusal(
      await system.request('/Patient/one', { token: sandbox, environment: 'production' }),
      401,
      'invalid_token',
      /issued for the sandbox/,
    );
    expectRefusal(
      await system.request('/Patient/one', { token: production }),
      401,
      'invalid_token',
      /issued for the production/,
    );
    expect((await system.request('/Patient/one', { token: sandbox })).status).toBe(200);
  });
});

describe("a member's token", () => {
  it('reads the member and nothing of another, by read or by search', async () => {
    const token = await issuer.patientToken('one');
    const own = await system.request('/Patient/one', { token });
    expect(own.json).toMatchObject({ resourceType: 'Patient', id: 'one' });
    expectRefusal(await system.request('/Patient/two', { token }), 404, undefined, /may read/);
    expectRefusal(await system.request('/Observation/two-weight', { token }), 404, undefined, /may read/);
    const found = await system.request('/Observation', { token });
    expect(found.json.entry.map((entry: Json) => entry.resource.id)).toEqual(['one-weight']);
    const foreign = await system.request('/Observation?patient=two', { token });
    expect(foreign.json.entry ?? []).toEqual([]);
  });

  it('is accepted with a trailing slash in its audience', async () => {
    const token = await issuer.patientToken('one', { claims: { aud: [`${bases.sandbox}/`] } });
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
  });

  it('is refused for a type of the other plan, which is named', async () => {
    const token = await issuer.patientToken('one');
    expectRefusal(
      await system.request('/InsurancePlan', { token }),
      403,
      'insufficient_scope',
      /Provider Directory API/,
    );
  });

  it('is refused when its scopes, or a missing patient, do not fit the plan of the app', async () => {
    const less = await issuer.patientToken('one', { claims: { scope: 'openid patient/*.rs' } });
    expectRefusal(
      await system.request('/Patient/one', { token: less }),
      403,
      'insufficient_scope',
      /launch\/patient/,
    );
    const system_ = await issuer.directoryToken({ claims: { client_id: 'patientapp' } });
    expectRefusal(
      await system.request('/Practitioner', { token: system_ }),
      403,
      'insufficient_scope',
      /Patient Access API/,
    );
    const nobody = await issuer.patientToken('one', { claims: { patient: undefined } });
    expectRefusal(
      await system.request('/Patient/one', { token: nobody }),
      403,
      'insufficient_scope',
      /patient/,
    );
  });
});

describe("a directory app's token", () => {
  it('reads the directory and no member', async () => {
    const token = await issuer.directoryToken();
    expect((await system.request('/Practitioner/doctor', { token })).status).toBe(200);
    expectRefusal(
      await system.request('/Patient/one', { token }),
      403,
      'insufficient_scope',
      /Patient Access API/,
    );
    expectRefusal(
      await system.request('/Coverage?patient=one', { token }),
      403,
      'insufficient_scope',
      /Patient Access API/,
    );
  });

  it('is refused when it carries a patient', async () => {
    const token = await issuer.directoryToken({ claims: { patient: 'one', grant_id: 'g' } });
    expectRefusal(
      await system.request('/Practitioner/doctor', { token }),
      403,
      'insufficient_scope',
      /must not carry a patient/,
    );
  });
});

describe('an event takes effect at once', () => {
  it('a fresh registration works with the first request', async () => {
    const token = await issuer.patientToken('one', { claims: { client_id: 'fresh' } });
    await publish(system.publisher, 'app-registered', appState('fresh'));
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
  });

  it('an unknown app is refused', async () => {
    const token = await issuer.patientToken('one', { claims: { client_id: 'nobody' } });
    expectRefusal(await system.request('/Patient/one', { token }), 401, 'invalid_token', /not known/);
  });

  it('an approval opens production without a restart, for a token that was refused before', async () => {
    await publish(system.publisher, 'app-registered', appState('growing'));
    const token = await issuer.patientToken('one', {
      environment: 'production',
      claims: { client_id: 'growing' },
    });
    const ask = () => system.request('/Patient/one', { token, environment: 'production' });
    expectRefusal(await ask(), 403, 'insufficient_scope', /Request production access/);
    await publish(
      system.publisher,
      'app-approved',
      appState('growing', { version: 2, environments: ['sandbox', 'production'] }),
    );
    expect((await ask()).status).not.toBe(403);
  });

  it('a suspension refuses, an older event does not undo it, and after reinstatement old tokens stay refused', async () => {
    await publish(system.publisher, 'app-registered', appState('bad'));
    const token = await issuer.patientToken('one', { issuedAgo: 60, claims: { client_id: 'bad' } });
    const ask = (with_ = token) => system.request('/Patient/one', { token: with_ });
    expect((await ask()).status).toBe(200);
    const suspended = {
      version: 3,
      environments: [],
      tokens_valid_from: new Date(Date.now() - 5000).toISOString(),
    };
    await publish(system.publisher, 'app-suspended', appState('bad', { ...suspended, status: 'suspended' }));
    const refused = await eventually(async () => {
      const answer = await ask();
      return answer.status === 401 && answer;
    });
    expectRefusal(refused, 401, 'invalid_token', /suspended/);
    await publish(system.publisher, 'app-updated', appState('bad', { version: 2 }));
    await publish(
      system.publisher,
      'app-updated',
      appState('bad', { ...suspended, version: 4, environments: ['sandbox'] }),
    );
    const fresh = await issuer.patientToken('one', { claims: { client_id: 'bad' } });
    expect((await ask(fresh)).status).toBe(200);
    expectRefusal(await ask(), 401, 'invalid_token', /before the app was suspended/);
  });

  it('an unsubscribed app is sent to the portal', async () => {
    await publish(system.publisher, 'app-registered', appState('planless', { plan: null, environments: [] }));
    const token = await issuer.patientToken('one', { claims: { client_id: 'planless' } });
    expectRefusal(await system.request('/Patient/one', { token }), 403, 'insufficient_scope', /Subscribe/);
  });

  it('a revoked grant is refused, other grants are not, and a restart forgets nothing', async () => {
    const token = await issuer.patientToken('one', { claims: { grant_id: 'ended' } });
    const other = await issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    await publish(system.publisher, 'grant-revoked', revokedGrant('ended', 'one'));
    const refused = await eventually(async () => {
      const answer = await system.request('/Patient/one', { token });
      return answer.status === 401 && answer;
    });
    expectRefusal(refused, 401, 'invalid_token', /revoked/);
    expect((await system.request('/Patient/one', { token: other })).status).toBe(200);
    await system.restart();
    expectRefusal(await system.request('/Patient/one', { token }), 401, 'invalid_token', /revoked/);
    expect((await system.request('/Patient/one', { token: other })).status).toBe(200);
  });

  it('the delay of a revocation, and the requests and answers of apps, are measured', async () => {
    const token = await issuer.patientToken('one', { claims: { grant_id: 'measured' } });
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    await publish(system.publisher, 'grant-revoked', revokedGrant('measured', 'one'));
    await eventually(async () => (await system.request('/Patient/one', { token })).status === 401);
    const metrics = await (await fetch(`${system.service.url}/metrics`)).text();
    for (const line of [
      /^revocation_delay_seconds_count\{environment="sandbox"\} [1-9]/m,
      /^revocations_known [1-9]/m,
      /^fhir_interactions_total\{environment="sandbox",interaction="read",resource_type="Patient",status_class="2xx"\} [1-9]/m,
      /^fhir_interactions_total\{environment="sandbox",interaction="read",resource_type="Patient",status_class="4xx"\} [1-9]/m,
      /^http_request_duration_seconds_count\{service="fhir-api",method="GET",route="\{base\}\/\{type\}\/\{id\}",status_class="2xx"\} [1-9]/m,
      /^database_pool_connections\{pool="sandbox database"\} \d/m,
      /^facts_age_seconds{owner="consent"} \d/m,
    ])
      expect(metrics).toMatch(line);
  });

  it('a refusal names the page of the state of the grant or of its app', async () => {
    const refusedAs = async (claims: Record<string, string>, code: string) => {
      const token = await issuer.patientToken('one', { claims });
      const answer = await eventually(async () => {
        const got = await system.request('/Patient/one', { token });
        return got.status === 401 && got;
      });
      const page = `${system.config.REGISTRATION_URL}/docs/errors/${code}`;
      expect(answer.headers['www-authenticate']).toContain(`, error_uri="${page}"`);
      expect(answer.json.issue[0].diagnostics).toContain(page);
    };
    for (const [reason, { code }] of Object.entries(grantEnds)) {
      const grant_id = `ended-by-${reason}`;
      const own = { ...revokedToken(grant_id), jti: null, grant_id, reason: 'code-reuse' as const };
      const ended = { ...revokedGrant(grant_id, 'one'), revoked_reason: reason as 'member' };
      // Only auth-server knows the reuse of a code.
      if (reason === 'code-reuse') await publish(system.publisher, 'token-revoked', own);
      else await publish(system.publisher, 'grant-revoked', ended);
      await refusedAs({ grant_id }, code);
    }
    const suspended = appState('suspendable', { status: 'suspended', environments: [] });
    await publish(system.publisher, 'app-suspended', suspended);
    await refusedAs({ client_id: 'suspendable' }, 'app_suspended');
  });

  it('a revoked token is refused, and its grant stays active', async () => {
    const token = await issuer.patientToken('one', { claims: { jti: 'published' } });
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    await publish(system.publisher, 'token-revoked', revokedToken('published'));
    await eventually(async () => (await system.request('/Patient/one', { token })).status === 401);
    const next = await issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token: next })).status).toBe(200);
  });
});
