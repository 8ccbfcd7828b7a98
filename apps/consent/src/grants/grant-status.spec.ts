import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { localSigner } from '@payer/events';
import { ServiceIdentity } from '@payer/service';
import { cloudEvent, factsAnswer, grantState, type ServiceName } from '@payer/smart';
import { startConsentUnderTest } from '../testing/consent-under-test.js';

describe('the status of a grant', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('shows fhir-api whether a grant is alive, and nobody else', async () => {
    const { go, grantId } = await test.allow({ client_id: 'status' });
    const path = `/sandbox/internal/grants/${grantId}`;
    const as = (caller: ServiceName, callee: ServiceName = 'consent') =>
      ServiceIdentity.of(caller, test.config).authorizationFor(callee);
    const authorization = await as('fhir-api');
    const status = async (path: string, caller: string | undefined, init: object = {}) =>
      (await go(path, { ...init, headers: caller ? { authorization: caller } : {} })).status;
    expect(await status(path, undefined)).toBe(401);
    expect(await status(path, await as('fhir-api', 'registration'))).toBe(401);
    expect(await status(path, await as('auth-server'))).toBe(403);
    const live = '/sandbox/internal/grants/live';
    expect(await status(live, authorization, { method: 'POST' })).toBe(403);
    expect(await status('/internal/facts', undefined)).toBe(401);
    expect(await status('/internal/facts', await as('registration'))).toBe(403);
    expect(await status('/internal/facts', await as('auth-server'))).toBe(200);
    const shown = await go(path, { headers: { authorization } });
    expect(JSON.parse(shown.text)).toMatchObject({ status: 'active', client_id: 'status' });
    expect(shown.text).not.toContain('sub-1');
    expect((await go(`/production/internal/grants/${grantId}`, { headers: { authorization } })).status).toBe(
      404,
    );
  });

  it('its feed shows ended grants to services of the platform, and live ones to nobody', async () => {
    const [live, ended] = [await test.allow(), await test.allow()];
    await test.source.query(
      "UPDATE app_grant SET status = 'revoked', revoked_at = now(), version = 2 WHERE grant_id = $1",
      [ended.grantId],
    );
    const facts = (authorization?: string) =>
      fetch(`${test.running.url}/internal/facts`, { headers: authorization ? { authorization } : {} });
    expect((await facts()).status).toBe(401);
    expect((await facts('Bearer something-else-entirely')).status).toBe(401);
    const answer = await facts(await ServiceIdentity.of('fhir-api', test.config).authorizationFor('consent'));
    const { facts: shown } = factsAnswer.parse(await answer.json());
    const ids = shown.map((fact) => grantState.parse(fact).grant_id);
    expect(ids).toContain(ended.grantId);
    expect(ids).not.toContain(live.grantId);
  });

  it('the last use of an app is the newest of its totals, in whatever order they come', async () => {
    const { grantId } = await test.allow({ client_id: 'looked' });
    const minute = (number: number) => new Date(Date.UTC(2026, 10, 25, 12, number)).toISOString();
    const total = (version: number) =>
      cloudEvent(
        'access-recorded',
        {
          id: `sandbox:looked:${grantId}:2026-11-25`,
          version,
          environment: 'sandbox',
          client_id: 'looked',
          grant_id: grantId,
          day: '2026-11-25',
          requests: version,
          errors: 0,
          last_at: minute(version),
        },
        { id: randomUUID(), time: new Date() },
      );
    await test.log.append([1, 3, 2, 3].map(total).map(localSigner));
    await test.caughtUp();
    const kept = await test.source.query('SELECT requests, last_at FROM grant_use WHERE grant_id = $1', [
      grantId,
    ]);
    expect(kept).toEqual([{ requests: '3', last_at: new Date(minute(3)) }]);
  });
});
