import { randomUUID } from 'node:crypto';
import { consentDecisionType, type AppState, type CloudEvent } from '@payer/smart';
import { expect } from 'vitest';
import { redirectUri } from './apps.js';
import type { AuthServerUnderTest, OAuthAnswer } from './auth-server-under-test.js';
import type { Browser } from './browser.js';

export const pageScope = 'openid fhirUser launch/patient patient/*.rs';
export const fhirBase = 'http://localhost:4003/sandbox/interop/external/fhir';
export const browserHash = 'b'.repeat(43);

/** The Authorization header of an app. */
export const basic = ({ client_id }: AppState, secret = 'secret') =>
  `Basic ${Buffer.from(`${client_id}:${secret}`).toString('base64')}`;

/** @returns the path of an authorization request. A parameter that is undefined is left out. */
export function authorizePath(state: AppState, more: Record<string, string | undefined> = {}): string {
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: state.client_id,
    redirect_uri: redirectUri,
    scope: pageScope,
    ...more,
  };
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return `/sandbox/authorize?${new URLSearchParams(given)}`;
}

/** The steps of a member and of an app, one function each, so that a test can stop between two steps. */
export function memberFlows(system: AuthServerUnderTest) {
  const published = async (type: string) =>
    (await system.log.read(system.log.pool, 0n, [type], 1000)).rows.map(
      (row) => (row.event as CloudEvent).data,
    );

  async function post(
    path: string,
    authorization: string | undefined,
    parameters: Record<string, string>,
  ): Promise<OAuthAnswer> {
    const response = await fetch(`${system.service.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization ? { authorization } : {}),
      },
      body: new URLSearchParams(parameters),
    });
    const text = await response.text();
    const body = JSON.parse(text || '{}') as OAuthAnswer['body'];
    return { status: response.status, headers: response.headers, body };
  }

  const token = (state: AppState, parameters: Record<string, string>, secret?: string) =>
    post('/sandbox/token', basic(state, secret), parameters);

  /**
   * Sends the browser from `consent/begin` back with its hash, as consent does.
   * @returns the URL at consent
   */
  async function consentAddress(go: Browser, begin: string): Promise<string> {
    const url = new URL(begin);
    expect(url.origin + url.pathname).toBe('http://localhost:4002/sandbox/consent/begin');
    const interaction = url.searchParams.get('interaction');
    return (await go(`/sandbox/interaction/${interaction}/consent?browser=${browserHash}`)).location;
  }

  /** Signs in and decides. @returns the redirect to the app, the consent request, and the decision's URL */
  async function authorize(
    state: AppState,
    more: Record<string, string | undefined> = {},
    decision: Record<string, unknown> = {},
    go = system.browser(),
  ) {
    let step = await go(authorizePath(state, more));
    expect(step.status).toBe(303);
    const signIn = step.location;
    expect((await go(signIn)).text).toContain('Health App');
    step = await go(signIn, {
      method: 'POST',
      body: new URLSearchParams({ username: 'member', password: 'password' }),
    });
    step = await go(step.location);
    step = await go(step.location);
    const request = await system.consent.requestOf(await consentAddress(go, step.location));
    const grant_id = randomUUID();
    const claims = {
      interaction: request.interaction,
      sub: request.sub,
      client_id: request.client_id,
      decision: 'allow',
      grant_id,
      scope: pageScope,
      grant_expires_at: Math.floor(Date.now() / 1000) + 3600,
      ...decision,
    };
    const answer = await system.consent.sign(claims, consentDecisionType);
    const back = `${request.return_to}?decision=${answer}`;
    step = await go(back);
    if (step.status !== 303) return { go, back, request, grant_id, refused: step, redirect: undefined };
    step = await go(step.location);
    return { go, back, request, grant_id, refused: undefined, redirect: new URL(step.location) };
  }

  /** The steps to a decision. Each answer of the engine is lost once, as when a member clicks twice. */
  async function authorizeByDoubleClicks(state: AppState, decision: 'allow' | 'deny') {
    const go = system.browser();
    const signIn = (await go(authorizePath(state))).location;
    const press = (isLost: boolean) =>
      go(signIn, {
        method: 'POST',
        body: new URLSearchParams({ username: 'member', password: 'password' }),
        isLost,
      });
    await go((await press(true)).location, { isLost: true });
    const begin = (await go((await go((await press(false)).location)).location)).location;
    const request = await system.consent.requestOf(await consentAddress(go, begin));
    const { interaction, sub, client_id } = request;
    const grant_id = randomUUID();
    const grant_expires_at = Math.floor(Date.now() / 1000) + 3600;
    const answer = await system.consent.sign(
      { interaction, sub, client_id, decision, grant_id, scope: pageScope, grant_expires_at },
      consentDecisionType,
    );
    const back = `${request.return_to}?decision=${answer}`;
    const follow = async (isLost: boolean) =>
      new URL((await go((await go(back, { isLost })).location, { isLost })).location, system.service.url);
    return { go, signIn, back, follow, grant_id };
  }

  /** Connects the member with an app. @returns the token response and the grant_id */
  async function connect(state: AppState) {
    const { redirect, grant_id } = await authorize(state);
    const code = redirect?.searchParams.get('code') ?? '';
    const answer = await token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    expect(answer.status).toBe(200);
    return { ...answer.body, grant_id } as unknown as Record<string, string>;
  }

  return { authorize, authorizeByDoubleClicks, connect, consentAddress, post, published, token };
}
