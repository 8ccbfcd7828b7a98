import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointPaths } from '@payer/smart';
import { eventually } from '@payer/testing';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { authorizePath, basic } from '../testing/member-flows.js';
import { discoveryPaths } from './allowed-methods.js';

const system = new AuthServerUnderTest();
let base: string;

beforeAll(async () => {
  await system.start();
  base = system.service.url;
});
afterAll(() => system.stop());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${base}${path}`, { redirect: 'manual', ...init });

/** Spellings of a path that a lenient router takes for the path itself. */
const spellings = (path: string): string[] =>
  [
    `${path}/`,
    `${path}//`,
    path.toUpperCase(),
    `/${path[1]!.toUpperCase()}${path.slice(2)}`,
    `/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
    `/${path}`,
  ].filter((spelling) => spelling !== path);

describe('another spelling of an endpoint', () => {
  const endpoints = [...new Set([...Object.values(endpointPaths), ...discoveryPaths])].filter(
    (path) => path.startsWith('/') && !path.includes('register'),
  );

  it.each(endpoints)('%s leads nowhere, so no check and no limit is passed by', async (path) => {
    for (const spelling of spellings(path))
      for (const method of ['GET', 'POST'] as const) {
        const { status, headers } = await ask(`/sandbox${spelling}`, { method });
        expect([method, spelling, status, headers.has('location')]).toEqual([method, spelling, 404, false]);
      }
    for (const method of ['GET', 'POST'] as const)
      expect((await ask(`/%73andbox${path}`, { method })).status).toBe(404);
  });

  it('gives no token and no code', async () => {
    const app = await system.register(appOf('provider-directory'));
    const request = {
      method: 'POST',
      headers: { authorization: basic(app), 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials&scope=system%2F*.rs',
    };
    await eventually(async () => (await ask('/sandbox/token', request)).status === 200);
    expect((await ask('/sandbox/token', request)).headers.has('ratelimit')).toBe(true);
    for (const path of spellings('/token')) expect((await ask(`/sandbox${path}`, request)).status).toBe(404);
    const patientApp = await system.register(appOf('patient-access'));
    const [, query] = authorizePath(patientApp).split('?');
    expect((await ask(`/sandbox/authorize?${query}`)).status).toBe(303);
    for (const path of spellings('/authorize'))
      expect((await ask(`/sandbox${path}?${query}`)).status).toBe(404);
  });
});

it('an endpoint that is public names its methods, in OPTIONS and in a 405', async () => {
  for (const [path, allow] of [
    [endpointPaths.token, 'POST, OPTIONS'],
    [endpointPaths.jwks, 'GET, HEAD, OPTIONS'],
    ...discoveryPaths.map((name) => [name, 'GET, HEAD, OPTIONS'] as const),
  ] as const) {
    const options = await ask(`/sandbox${path}`, { method: 'OPTIONS' });
    const wrong = await ask(`/sandbox${path}`, { method: 'PUT' });
    expect([path, options.status, options.headers.get('allow')]).toEqual([path, 204, allow]);
    expect([path, wrong.status, wrong.headers.get('allow')]).toEqual([path, 405, allow]);
  }
});
