import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import smart from 'fhirclient';
import * as openid from 'openid-client';
import type { App } from './app.js';
import { expectLeft, expectPage, type Browser } from './browser.js';

interface Member {
  username: string;
  password: string;
}

/** Lets a member sign in and agree, starting at an authorization URL. @returns where the app's redirect URI was called */
async function agree(browser: Browser, url: string, member: Member): Promise<URL> {
  const signIn = expectPage(await browser.open(url));
  const consent = expectPage(
    await browser.submit(signIn, { username: member.username, password: member.password }),
  );
  return expectLeft(await browser.submit(consent, {}, /^\s*yes/i));
}

/** Connects with `openid-client`, as its documentation shows it: discovery, code with PKCE, state and nonce, refresh. */
export async function connectWithOpenidClient(
  app: App,
  member: Member,
  scope: string,
): Promise<{
  tokens: openid.TokenEndpointResponse;
  refreshed: openid.TokenEndpointResponse;
  claims: openid.IDToken | undefined;
}> {
  const { client_id, client_secret } = app.credentials;
  const configuration = await openid.discovery(
    new URL(app.issuer),
    client_id,
    undefined,
    openid.ClientSecretBasic(client_secret),
    { execute: [openid.allowInsecureRequests] },
  );
  const [verifier, state, nonce] = [
    openid.randomPKCECodeVerifier(),
    openid.randomState(),
    openid.randomNonce(),
  ];
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: app.redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const redirect = await agree(app.browser(), url.href, member);
  const tokens = await openid.authorizationCodeGrant(configuration, redirect, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  const refreshed = await openid.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
  return { tokens, refreshed, claims: tokens.claims() };
}

/** Connects with `fhirclient`, the SMART project's own library, from a small web application of its own, and reads the patient. */
export async function connectWithFhirclient(
  app: App,
  member: Member,
  scope: string,
  port: number,
): Promise<{ patient: Record<string, unknown>; patientId: string | null }> {
  const kept = new Map<string, unknown>();
  const storage = {
    get: (key: string) => Promise.resolve(kept.get(key)),
    set: (key: string, value: unknown) => Promise.resolve(kept.set(key, value)).then(() => value),
    unset: (key: string) => Promise.resolve(kept.delete(key)),
  };
  const api = (request: IncomingMessage, response: ServerResponse) =>
    smart(request as never, response as never, storage as never);
  const { client_id: clientId, client_secret: clientSecret } = app.credentials;
  const server = createServer((request, response) => {
    const fail = (error: Error) => response.writeHead(500).end(error.message);
    if (request.url?.startsWith('/launch'))
      api(request, response)
        .authorize({
          iss: app.fhirBase,
          clientId,
          clientSecret,
          scope,
          redirectUri: `http://127.0.0.1:${port}/callback`,
        })
        .catch(fail);
    else
      api(request, response)
        .ready()
        .then(async (client) => {
          const patient: unknown = await client.patient.read();
          response.end(JSON.stringify({ patient, patientId: client.patient.id }));
        })
        .catch(fail);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  try {
    const callback = `http://127.0.0.1:${port}/callback`;
    const browser = app.browser([callback]);
    const redirect = await agree(browser, `http://127.0.0.1:${port}/launch`, member);
    const answer = await fetch(redirect);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`fhirclient: ${text}`);
    return JSON.parse(text) as { patient: Record<string, unknown>; patientId: string | null };
  } finally {
    server.close();
  }
}
