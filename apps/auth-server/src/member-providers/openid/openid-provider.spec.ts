import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Leavings } from '../protocol/leaving.js';
import type { OpenIdProviderRule } from '../../member-provider-rules/provider-rules.js';
import { OpenIdProvider } from './openid-provider.js';

const rule: OpenIdProviderRule = {
  ...{ protocol: 'openid', id: 'plan', environment: 'production', name: 'Plan', issuer: '' },
  ...{ client_id: 'payer', client_secret: 'secret', scope: 'openid', subject_claim: 'sub' },
};
let server: Server;
let path = '/first';
let isAway = false;

beforeAll(async () => {
  server = createServer((_request, response) => {
    if (isAway) return void response.writeHead(503).end();
    const { issuer } = rule;
    const metadata = {
      ...{ issuer, authorization_endpoint: `${issuer}${path}`, token_endpoint: `${issuer}/token` },
      jwks_uri: `${issuer}/jwks`,
    };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata));
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  rule.issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
afterEach(() => vi.restoreAllMocks());

it("a provider's endpoints may move, and its last known ones serve while it is away", async () => {
  const provider = new OpenIdProvider(() => 'http://localhost/callback');
  const leaving = new Leavings('key').begin(rule, 'u'.repeat(21));
  const endpoint = async () =>
    new URL(await provider.leave(rule, leaving, { uiLocales: 'en', isAgain: false })).pathname;
  const later = (minutes: number) => {
    const at = Date.now() + minutes * 60_000;
    vi.spyOn(Date, 'now').mockReturnValue(at);
  };
  expect(await endpoint()).toBe('/first');
  path = '/second';
  expect(await endpoint()).toBe('/first');
  isAway = true;
  later(61);
  expect(await endpoint()).toBe('/first');
  isAway = false;
  later(1);
  await vi.waitUntil(async () => (await endpoint()) === '/second', { timeout: 10_000 });
});
