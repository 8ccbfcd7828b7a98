import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppState } from '@payer/smart';
import { PortalApi } from '../testing/portal-api.js';

const system = new PortalApi();
const { api, latest, newApp, published } = system;

beforeAll(() => system.start());
afterAll(() => system.stop());

describe('plans and production', () => {
  it('an app has exactly one plan, which opens the sandbox', async () => {
    const { client_id: id } = await newApp();
    const subscribe = (plan: string) =>
      api(system.developer, 'PUT', `/api/apps/${id}/subscription`, { plan });
    expect((await subscribe('everything')).json.errors[0]).toMatchObject({
      field: 'plan',
      message: expect.stringContaining('patient-access, provider-directory'),
    });
    expect(await subscribe('patient-access')).toMatchObject({
      status: 200,
      json: { plan: 'patient-access', environments: ['sandbox'] },
    });
    expect((await subscribe('patient-access')).status).toBe(200);
    expect(await subscribe('provider-directory')).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('another app') },
    });
    expect(await latest(id!)).toMatchObject({ plan: 'patient-access', environments: ['sandbox'] });
    const bare = await newApp({ redirect_uris: [] });
    expect(
      await api(system.developer, 'PUT', `/api/apps/${bare.client_id}/subscription`, {
        plan: 'patient-access',
      }),
    ).toMatchObject({ status: 409, json: { detail: expect.stringContaining('redirect URI') } });
  });

  it('production is asked for once, decided once, closed by suspension and opened again by reinstatement', async () => {
    const { client_id: id } = await newApp();
    const ask = () =>
      api(system.developer, 'POST', `/api/apps/${id}/production-request`, { use_case: 'to help' });
    expect(await ask()).toMatchObject({ status: 409, json: { detail: expect.stringContaining('plan') } });
    await api(system.developer, 'PUT', `/api/apps/${id}/subscription`, { plan: 'provider-directory' });
    const first = await ask();
    expect(first).toMatchObject({ status: 201, json: { id: expect.any(String), status: 'pending' } });
    expect((await ask()).status).toBe(409);
    const queue = await api(system.platform, 'GET', '/api/production-requests?status=pending');
    expect(queue.json).toContainEqual(
      expect.objectContaining({ id: first.json.id, client_id: id, use_case: 'to help' }),
    );

    const decide = (request: string, verb: string, body: unknown) =>
      api(system.platform, 'POST', `/api/production-requests/${request}/${verb}`, body);
    expect((await decide(first.json.id, 'reject', {})).json.errors[0].field).toBe('note');
    expect((await decide(first.json.id, 'reject', { note: 'Tell us more.' })).json.status).toBe('rejected');
    expect((await api(system.developer, 'GET', `/api/apps/${id}`)).json.production_request).toMatchObject({
      status: 'rejected',
      note: 'Tell us more.',
    });
    const second = await ask();
    const both = await Promise.all([
      decide(second.json.id, 'approve', { note: 'fine' }),
      decide(second.json.id, 'approve', { note: 'fine' }),
    ]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 409]);
    expect((await published(id!)).at(-1)).toMatchObject({
      type: 'app-approved',
      data: { environments: ['sandbox', 'production'] },
    });
    expect((await ask()).status).toBe(409);

    const govern = (verb: string, body: unknown) =>
      api(system.platform, 'POST', `/api/apps/${id}/${verb}`, body);
    expect((await govern('suspend', {})).json.errors[0].field).toBe('reason');
    expect((await govern('reinstate', {})).status).toBe(409);
    expect((await govern('suspend', { reason: 'Too many complaints.' })).json).toMatchObject({
      status: 'suspended',
      environments: [],
      suspension: { reason: 'Too many complaints.' },
    });
    expect((await published(id!)).at(-1)).toMatchObject({
      type: 'app-suspended',
      data: { status: 'suspended', environments: [], tokens_valid_from: expect.any(String) },
    });
    expect((await govern('suspend', { reason: 'again' })).status).toBe(409);
    expect((await govern('reinstate', {})).json.environments).toEqual(['sandbox', 'production']);
  });

  it('reinstatement refuses what was issued during the suspension, by whatever clock; a brief one keeps its instant', async () => {
    const { client_id: id } = await newApp();
    const govern = (verb: string) =>
      api(system.platform, 'POST', `/api/apps/${id}/${verb}`, { reason: 'a test' });
    const validFrom = async () => {
      const { data } = (await published(id!)).at(-1)!;
      return Date.parse((data as AppState).tokens_valid_from!);
    };
    await govern('suspend');
    const suspended = await validFrom();
    await govern('reinstate');
    expect(await validFrom()).toBe(suspended);
    await govern('suspend');
    await system.source.query(
      "UPDATE app SET tokens_valid_from = now() - interval '1 day' WHERE client_id = $1",
      [id],
    );
    await govern('reinstate');
    const age = Date.now() - (await validFrom());
    expect(age).toBeGreaterThanOrEqual(60_000);
    expect(age).toBeLessThan(120_000);
  });
});
